"""Run the suites: DuckDB prepares a frame per edition (frames/*.sql), Great Expectations judges it (suites/*.json).

A rule has an id, words in two languages, a severity and what it is about: our reading (a critical failure blocks the
edition) or what the publisher printed (annotates, never blocks). Its outcome is pass, fail or not_judged.
"""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import duckdb
import pandas as pd

from transforms.codelists import load_codelist, qualifier_words

STAGES = ("raw", "codelists", "observations", "indicators", "comparisons")
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

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
    return context.data_sources.add_pandas(stage).add_dataframe_asset(stage).add_batch_definition_whole_dataframe("all")


def run_suite(con: duckdb.DuckDBPyConnection, stage: str, dataset: str = "", vintage: str = "") -> list[Outcome]:
    """Judge one stage of one edition (or the code lists) and return an outcome for every rule of its suite."""
    sql = files("expectations").joinpath("frames", f"{stage}.sql").read_text(encoding="utf-8")
    parameters = {"dataset": dataset, "vintage": vintage} if "$dataset" in sql.split("\n", 2)[-1] else {}
    return judge(con.execute(sql, parameters).df(), stage, dataset, vintage)


def judge(frame: pd.DataFrame, stage: str, dataset: str, vintage: str) -> list[Outcome]:
    """Judge a frame by the suite of a stage."""
    import great_expectations as gx

    suite = load_suite(stage)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        batch = _batch_definition(stage).get_batch({"dataframe": frame})
        report = batch.validate(
            gx.ExpectationSuite(name=stage, expectations=suite["expectations"]),
            expectation_parameters=_parameters(),
            result_format={
                "result_format": "COMPLETE",
                "unexpected_index_column_names": ["locator"],
                "include_unexpected_rows": False,
            },
        )
    outcomes = [_outcome(result, frame, stage, dataset, vintage) for result in report.results]
    return sorted(outcomes, key=lambda outcome: outcome.rule_id)


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
