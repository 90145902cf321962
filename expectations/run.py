"""Run the suites: DuckDB prepares a frame per edition (frames/*.sql), Great Expectations judges it (suites/*.json).

A rule has an id, words in two languages, a severity and what it is about: our reading (a critical failure blocks the
edition) or what the publisher printed (annotates, never blocks). Its outcome is pass, fail or not_judged.

Before a stage is judged its tables are held against their contracts (suites/contract.json): where columns or types are
not those of the contract, the other rules of the stage cannot be judged.
"""

from __future__ import annotations

import json
import logging
import warnings
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import duckdb
import pandas as pd

from transforms.codelists import load_codelist, qualifier_words
from transforms.contract import load_contract
from transforms.indicators import sql_type

STAGES = ("contract", "raw", "codelists", "observations", "indicators", "comparisons")
# Tables of a stage that have a contract. The contract suite is run with the stage, not as one.
TABLES = {
    "raw": ("datasets", "edition_files"),
    "observations": ("observations",),
    "indicators": ("indicators",),
    "comparisons": ("comparisons",),
}
MOST_EXAMPLES = 20
_CODELISTS = (
    "geographies",
    "flows",
    "items",
    "measures",
    "units",
    "bases",
    "prices",
    "references",
    "frequencies",
    "adjustments",
    "conf_status",
)


@dataclass(frozen=True)
class Outcome:
    """One rule judged on one edition."""

    stage: str
    rule_id: str
    dataset: str
    vintage: str
    about: str
    severity: str
    outcome: str
    checked: int
    failed: int
    words_en: str
    words_zh: str
    examples: tuple[str, ...]

    @property
    def blocks(self) -> bool:
        return self.outcome == "fail" and self.about == "reading" and self.severity == "critical"


def load_suite(stage: str) -> dict[str, Any]:
    """The suite of a stage as written in expectations/suites."""
    suite: dict[str, Any] = json.loads(
        files("expectations").joinpath("suites", f"{stage}.json").read_text(encoding="utf-8")
    )
    return suite


@cache
def _parameters() -> dict[str, list[str]]:
    values = {name: sorted(load_codelist(name).codes) for name in _CODELISTS}
    values["references"].append("")
    return values | {"qualifiers": ["", *sorted({row["qualifier"] for row in qualifier_words().values()})]}


@cache
def _batch_definition(stage: str) -> Any:
    import great_expectations as gx

    logging.getLogger("great_expectations.data_context.types.base").setLevel(
        logging.WARNING
    )  # its temporary folders are no news
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
    return context.data_sources.add_pandas(stage).add_dataframe_asset(stage).add_batch_definition_whole_dataframe("all")


def run_suite(con: duckdb.DuckDBPyConnection, stage: str, dataset: str = "", vintage: str = "") -> list[Outcome]:
    """Judge one stage of one edition (or the code lists): an outcome for every rule of contract and suite."""
    found = []
    if stage in TABLES:
        found = judge(profile_tables(con, stage, dataset, vintage), "contract", dataset, vintage, of=stage)
        if any(outcome.rule_id == "K01" and outcome.outcome != "pass" for outcome in found):
            return [*found, *_leave_unjudged(stage, dataset, vintage)]
    return [*found, *judge(prepare_frame(con, stage, dataset, vintage), stage, dataset, vintage)]


def prepare_frame(con: duckdb.DuckDBPyConnection, stage: str, dataset: str = "", vintage: str = "") -> pd.DataFrame:
    """What the suite of a stage judges: frames/<stage>.sql over the tables of the connection."""
    sql = files("expectations").joinpath("frames", f"{stage}.sql").read_text(encoding="utf-8")
    parameters = {"dataset": dataset, "vintage": vintage} if "$dataset" in sql.split("\n", 2)[-1] else {}
    return con.execute(sql, parameters).df()


def profile_tables(con: duckdb.DuckDBPyConnection, stage: str, dataset: str, vintage: str) -> pd.DataFrame:
    """What the contract suite judges: the columns of the tables of a stage."""
    return pd.concat([_profile_table(con, table, dataset, vintage) for table in TABLES[stage]], ignore_index=True)


def _profile_table(con: duckdb.DuckDBPyConnection, table: str, dataset: str, vintage: str) -> pd.DataFrame:
    """One row per column of a table or its contract: locator, misfit (against the contract) and empties (cells)."""
    contract = load_contract(table)
    types = {row[0]: row[1] for row in con.execute(f"DESCRIBE {table}").fetchall()}
    rows: list[dict[str, str | None]] = [
        {"locator": f"{table}.{name}", "misfit": "not in the contract", "empties": None}
        for name in types
        if name not in contract.names
    ]
    for column in contract.columns:
        found, wanted = types.get(column.name), sql_type(column.type).replace(", ", ",")
        misfit = None if found == wanted else f"{found or 'absent'} instead of {wanted}"
        rows.append({"locator": f"{table}.{column.name}", "misfit": misfit, "empties": None})
    required = [c.name for c in contract.columns if not c.nullable and c.name in types]
    if {"dataset", "vintage"} <= types.keys():
        counts = con.execute(
            f"""SELECT {", ".join(f'count(*) - count("{name}")' for name in required)}
                FROM {table} WHERE dataset IS NOT DISTINCT FROM ? AND vintage IS NOT DISTINCT FROM ?""",
            [dataset, vintage],
        ).fetchone()
        empty = {f"{table}.{name}": count for name, count in zip(required, counts or (), strict=True) if count}
        for row in rows:
            if row["locator"] in empty:
                row["empties"] = f"{empty[row['locator']]} empty cell(s)"
    return pd.DataFrame(rows, columns=["locator", "misfit", "empties"]).astype(object)


def _leave_unjudged(stage: str, dataset: str, vintage: str) -> list[Outcome]:
    return [
        Outcome(
            stage, rule["meta"]["id"], dataset, vintage, rule["meta"]["about"], rule["severity"], "not_judged", 0, 0,
            rule["meta"]["en"], rule["meta"]["zh"], (),
        )
        for rule in load_suite(stage)["expectations"]
    ]  # fmt: skip


def judge(frame: pd.DataFrame, stage: str, dataset: str, vintage: str, *, of: str = "") -> list[Outcome]:
    """Judge a frame by the suite of a stage; of: the stage under which the outcomes are listed, if another."""
    rules = load_suite(stage)["expectations"]
    reports = _validate(frame, stage, rules, {"result_format": "BASIC"})
    # The rows that fail are looked up for the rules that failed only: naming them takes as long as finding them.
    failed = [rule for rule in rules if not reports[rule["meta"]["id"]].success]
    if failed:
        reports |= _validate(
            frame,
            stage,
            failed,
            {
                "result_format": "COMPLETE",
                "unexpected_index_column_names": ["locator"],
                "include_unexpected_rows": False,
            },
        )
    outcomes = [_outcome(report, frame, of or stage, dataset, vintage) for report in reports.values()]
    return sorted(outcomes, key=lambda outcome: outcome.rule_id)


def _validate(
    frame: pd.DataFrame, stage: str, rules: list[dict[str, Any]], result_format: dict[str, Any]
) -> dict[str, Any]:
    """Rule id -> what Great Expectations reports."""
    import great_expectations as gx

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report = (
            _batch_definition(stage)
            .get_batch({"dataframe": frame})
            .validate(
                gx.ExpectationSuite(name=stage, expectations=rules),
                expectation_parameters=_parameters(),
                result_format=result_format,
            )
        )
    return {result.expectation_config.meta["id"]: result for result in report.results}


def _outcome(result: Any, frame: pd.DataFrame, stage: str, dataset: str, vintage: str) -> Outcome:
    config = result.expectation_config
    found = result.result or {}
    raised = any(
        entry.get("raised_exception")
        for entry in (result.exception_info or {}, *(result.exception_info or {}).values())
        if isinstance(entry, dict)
    )
    is_table_rule = config.type.startswith("expect_table")
    checked = len(frame) if is_table_rule else int(found.get("element_count", 0)) - int(found.get("missing_count") or 0)
    if config.type == "expect_column_values_to_be_null":
        checked = int(found.get("element_count", 0))
    outcome = "not_judged" if raised or (checked == 0 and not is_table_rule) else "pass" if result.success else "fail"
    failed = int(found.get("unexpected_count", 0 if result.success else 1)) if outcome == "fail" else 0
    column = config.kwargs.get("column", "")
    examples = [
        f"{row.get('locator')}: {row.get(column)}" if column != "locator" else str(row.get("locator"))
        for row in found.get("unexpected_index_list") or []
    ]
    meta = config.meta
    return Outcome(
        stage,
        meta["id"],
        dataset,
        vintage,
        meta["about"],
        str(getattr(config.severity, "value", config.severity)),
        outcome,
        checked,
        failed,
        meta["en"],
        meta["zh"],
        tuple(examples[:MOST_EXAMPLES]),
    )
