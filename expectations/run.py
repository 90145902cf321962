"""Run the suites: DuckDB prepares a frame per edition (frames/*.sql), Great Expectations judges it (suites/*.json).

An expectation has an id, words in two languages, a severity and what it is about: our reading (an error blocks the
edition) or what the publisher printed (annotates, never blocks). Its outcome is pass, fail or not_judged. Every one
belongs to a rule of the catalogue. Great Expectations says critical and info for error and information.

Before a stage is judged its tables are held against their contracts (suites/contract.json): where columns or types are
not those of the contract, the other rules of the stage cannot be judged.

Great Expectations takes a third of a second for a suite, whatever the rows: a Docket gathers the frames of several
editions and has them judged together. Of an edition above LARGE rows DuckDB counts the rows that break a rule and hands
over only some of these, so that memory does not grow with the edition; the outcomes are those of the whole frame.
"""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import duckdb
import pandas as pd

from expectations.catalogue import ESS_SEVERITIES
from transforms.codelists import load_codelist, qualifier_words
from transforms.contract import load_contract
from transforms.indicators import quote, sql_type

STAGES = ("contract", "raw", "codelists", "observations", "indicators", "comparisons")
# Tables of a stage that have a contract. The contract suite is run with the stage, not as one.
TABLES = {
    "raw": ("datasets", "edition_files"),
    "observations": ("observations",),
    "indicators": ("indicators",),
    "comparisons": ("comparisons",),
}
LARGE = 100_000  # rows above which an edition is judged by what breaks a rule
MOST_EXAMPLES = 20
_TOGETHER = 400_000  # rows judged in one go
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


Edition = tuple[str, str]  # dataset, vintage


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
    waived: int = 0
    explained: int = 0
    unjudged: int = 0
    reasons: tuple[str, ...] = ()  # of what is explained or not judged: verdict:reason:rows
    waivers: tuple[str, ...] = ()  # numbers of the lines of own/rules.toml where they stand

    @property
    def blocks(self) -> bool:
        is_open = self.outcome == "fail" and self.failed > self.waived
        return is_open and self.about == "reading" and self.severity == "error"


def load_suite(stage: str) -> dict[str, Any]:
    """The suite of a stage as written in expectations/suites; of the stage catalogue, made from the catalogue."""
    if stage == "catalogue":
        from expectations.checks import build_suite

        return build_suite()
    suite: dict[str, Any] = json.loads(
        files("expectations").joinpath("suites", f"{stage}.json").read_text(encoding="utf-8")
    )
    return suite


@dataclass(frozen=True)
class Frame:
    """What a suite judges of one edition. checked and failed (rule id -> rows): where rows are not all there are."""

    rows: pd.DataFrame
    checked: Mapping[str, int] | None = None
    failed: Mapping[str, int] | None = None


def list_codes(con: duckdb.DuckDBPyConnection | None = None) -> dict[str, list[str]]:
    """The codes that the rules of a suite know: those of the lists in the connection, local codes among them."""
    found: dict[str, set[str]] = {name: set(load_codelist(name).codes) for name in _CODELISTS}
    if con is not None:
        tables = {row[0] for row in con.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
        for name in _CODELISTS:
            table = "refs" if name == "references" else name
            if table in tables:
                found[name] = {row[0] for row in con.execute(f"SELECT code FROM {table}").fetchall()}
        if "local_codes" in tables:
            for name, code in con.execute("SELECT list, code FROM local_codes").fetchall():
                found.get(name, set()).add(code)
    found["references"].add("")
    found["qualifiers"] = {"", *(row["qualifier"] for row in qualifier_words().values())}
    return {name: sorted(codes) for name, codes in found.items()}


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
    docket = Docket()
    docket.add(con, stage, dataset, vintage)
    return docket.judge()


@dataclass
class Docket:
    """Frames of several editions and stages, to be judged together."""

    _profiles: dict[tuple[str, Edition], Frame] = field(default_factory=dict)
    _frames: dict[str, dict[Edition, Frame]] = field(default_factory=dict)
    _unjudged: list[tuple[str, Edition]] = field(default_factory=list)
    _codes: dict[str, set[str]] = field(default_factory=dict)

    def add(self, con: duckdb.DuckDBPyConnection, stage: str, dataset: str = "", vintage: str = "") -> None:
        """Take up one stage of one edition, from the tables of the connection as they are now."""
        edition = (dataset, vintage)
        if stage in TABLES:
            profile = profile_tables(con, stage, dataset, vintage)
            self._profiles[stage, edition] = Frame(profile)
            if profile["misfit"].notna().any():
                self._unjudged.append((stage, edition))
                return
        codes = list_codes(con)
        if stage == "observations" and count_rows(con, dataset, vintage) > LARGE:
            frame = prepare_failing(con, stage, dataset, vintage, codes)
        else:
            frame = Frame(prepare_frame(con, stage, dataset, vintage))
        self._frames.setdefault(stage, {})[edition] = frame
        for name, known in codes.items():
            self._codes.setdefault(name, set()).update(known)

    def judge(self) -> list[Outcome]:
        """Every outcome, in the order in which the editions and stages were taken up."""
        codes = {name: sorted(known) for name, known in self._codes.items()}
        found: dict[tuple[str, Edition], list[Outcome]] = {}
        for (stage, edition), outcomes in _judge_together(self._profiles, "contract", codes).items():
            found[stage, edition] = outcomes
        for stage, edition in self._unjudged:
            found[stage, edition] += _leave_unjudged(stage, *edition)
        for stage, frames in self._frames.items():
            cases = {(stage, edition): frame for edition, frame in frames.items()}
            for case, outcomes in _judge_together(cases, stage, codes).items():
                found[case] = found.get(case, []) + outcomes
        return [outcome for outcomes in found.values() for outcome in outcomes]


def count_rows(con: duckdb.DuckDBPyConnection, dataset: str, vintage: str) -> int:
    """The observations of one edition in the connection."""
    row = con.execute("SELECT count(*) FROM observations WHERE dataset = ? AND vintage = ?", [dataset, vintage])
    return int((row.fetchone() or (0,))[0])


def prepare_frame(con: duckdb.DuckDBPyConnection, stage: str, dataset: str = "", vintage: str = "") -> pd.DataFrame:
    """What the suite of a stage judges: frames/<stage>.sql over the tables of the connection."""
    select, order = _select_frame(stage, dataset, vintage)
    return con.execute(f"{select} ORDER BY {order}").df()


@cache
def _read_frame(stage: str) -> tuple[str, str]:
    """The SELECT of a frame, and the columns that it is ordered by."""
    sql = files("expectations").joinpath("frames", f"{stage}.sql").read_text(encoding="utf-8")
    select, _, order = sql.rpartition("\nORDER BY ")
    return select, order


def _select_frame(stage: str, dataset: str, vintage: str) -> tuple[str, str]:
    select, order = _read_frame(stage)
    return select.replace("$dataset", quote(dataset)).replace("$vintage", quote(vintage)), order


def prepare_failing(
    con: duckdb.DuckDBPyConnection, stage: str, dataset: str, vintage: str, codes: Mapping[str, Sequence[str]]
) -> Frame:
    """The frame of a large edition: how many rows every rule checks and finds failing, and the first of these rows.

    One pass over the edition counts; only where a rule fails a second one fetches rows to be named.
    """
    select, order = _select_frame(stage, dataset, vintage)
    rules = {rule["meta"]["id"]: rule for rule in load_suite(stage)["expectations"]}
    _list_known(con, codes)
    flags = {rule_id: _broken_where(con, rule, stage, dataset, vintage) for rule_id, rule in rules.items()}
    flagged = f"SELECT *, {', '.join(f'{broken} AS {rule_id}' for rule_id, broken in flags.items())} FROM ({select})"
    counted = ", ".join(f"{_checked_of(rule)}, count(*) FILTER ({rule_id})" for rule_id, rule in rules.items())
    counts = con.execute(f"SELECT {counted} FROM ({flagged})").fetchone() or ()
    checked, failed = dict(zip(rules, counts[::2], strict=True)), dict(zip(rules, counts[1::2], strict=True))
    failing = [rule_id for rule_id in rules if failed[rule_id]]
    if not failing:  # a row that breaks nothing, so that there is something to judge
        return Frame(con.execute(f"SELECT * FROM ({select}) LIMIT 1").df(), checked, failed)
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE failing_rows AS
            SELECT *, row_number() OVER (ORDER BY {order}) AS place FROM ({flagged}) WHERE {" OR ".join(failing)}"""
    )
    # twice as many as are shown: rows that stand twice are known as such only beside one another
    firsts = " UNION ".join(
        f"SELECT unnest(min(place, {2 * MOST_EXAMPLES}) FILTER ({rule_id})) AS place FROM failing_rows"
        for rule_id in failing
    )
    rows = con.execute(
        f"""SELECT * EXCLUDE (place, {", ".join(rules)}) FROM failing_rows SEMI JOIN ({firsts}) USING (place)
            ORDER BY place"""
    ).df()
    con.execute("DROP TABLE failing_rows")
    return Frame(rows, checked, failed)


def _list_known(con: duckdb.DuckDBPyConnection, codes: Mapping[str, Sequence[str]]) -> None:
    known = [(name, code) for name, listed in codes.items() for code in listed]
    con.register("listed", pd.DataFrame(known, columns=["list", "code"]).astype(str))
    con.execute("CREATE OR REPLACE TEMP TABLE known_codes AS FROM listed")
    con.unregister("listed")


def _checked_of(rule: dict[str, Any]) -> str:
    """How many rows a rule judges, as Great Expectations counts them: empty cells are only judged for being empty."""
    column = rule["kwargs"].get("column")
    everything = column is None or rule["type"] == "expect_column_values_to_be_null"
    return "count(*)" if everything else f'count("{column}")'


def _broken_where(con: duckdb.DuckDBPyConnection, rule: dict[str, Any], stage: str, dataset: str, vintage: str) -> str:
    """The condition under which a row breaks a rule. Raises ValueError for a kind of rule that SQL cannot say here."""
    kind, told = rule["type"], rule["kwargs"]
    column = f'"{told.get("column")}"'
    match kind:
        case "expect_table_row_count_to_be_between" if told == {"min_value": 1}:
            return "false"
        case "expect_column_values_to_be_null":
            return f"({column} IS NOT NULL)"
        case "expect_column_values_to_be_in_set":
            name = told["value_set"]["$PARAMETER"]
            return f"({column} NOT IN (SELECT code FROM known_codes WHERE list = {quote(name)}))"
        case "expect_column_values_to_be_between":
            return f"({column} < {told['min_value']} OR {column} > {told['max_value']})"
        case "expect_column_values_to_be_unique":
            rows = f"FROM {TABLES[stage][0]} WHERE dataset = {quote(dataset)} AND vintage = {quote(vintage)}"
            con.execute(
                f"""CREATE OR REPLACE TEMP TABLE suspects AS
                    SELECT hash({column}) AS h {rows} GROUP BY h HAVING count(*) > 1;
                    CREATE OR REPLACE TEMP TABLE repeated AS
                    SELECT {column} AS found {rows} AND hash({column}) IN (SELECT h FROM suspects)
                    GROUP BY found HAVING count(*) > 1"""
            )
            return f"({column} IN (SELECT found FROM repeated))"
    raise ValueError(f"rule {rule['meta']['id']}: {kind} with {told} cannot be judged by its failing rows")


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
            stage, rule["meta"]["id"], dataset, vintage, rule["meta"]["about"], ESS_SEVERITIES[rule["severity"]],
            "not_judged", 0, 0,
            rule["meta"]["en"], rule["meta"]["zh"], (),
        )
        for rule in load_suite(stage)["expectations"]
    ]  # fmt: skip


def judge(frame: pd.DataFrame, stage: str, dataset: str, vintage: str, *, of: str = "") -> list[Outcome]:
    """Judge a frame by the suite of a stage; of: the stage under which the outcomes are listed, if another."""
    case = (of or stage, (dataset, vintage))
    return _judge_together({case: Frame(frame)}, stage, list_codes())[case]


def judge_frames(frames: Mapping[Edition, Frame], stage: str) -> list[Outcome]:
    """Judge frames of several editions together by the suite of a stage."""
    cases = {(stage, edition): frame for edition, frame in frames.items()}
    return [outcome for found in _judge_together(cases, stage, {}).values() for outcome in found]


Case = tuple[str, Edition]  # the stage under which outcomes are listed, and the edition


def _judge_together(
    cases: Mapping[Case, Frame], suite: str, codes: Mapping[str, Sequence[str]]
) -> dict[Case, list[Outcome]]:
    found: dict[Case, list[Outcome]] = {}
    for batch in _batch(cases, suite):
        found |= _judge_batch(batch, suite, codes)
    return {case: found[case] for case in cases}


def _batch(cases: Mapping[Case, Frame], suite: str) -> Iterator[dict[Case, Frame]]:
    """Which frames are judged in one go. An empty one is judged alone: what is said of a table is said of each."""
    batch: dict[Case, Frame] = {}
    for case, frame in cases.items():
        if frame.rows.empty or not _may_be_joined(suite):
            yield {case: frame}
            continue
        if batch and sum(len(other.rows) for other in batch.values()) + len(frame.rows) > _TOGETHER:
            yield batch
            batch = {}
        batch[case] = frame
    if batch:
        yield batch


@cache
def _may_be_joined(suite: str) -> bool:
    """Whether what the suite says of a table holds of several tables together if it holds of each."""
    rules = [rule for rule in load_suite(suite)["expectations"] if rule["type"].startswith("expect_table")]
    return all(rule["kwargs"] == {"min_value": 1} for rule in rules)


def _judge_batch(
    batch: Mapping[Case, Frame], suite: str, codes: Mapping[str, Sequence[str]]
) -> dict[Case, list[Outcome]]:
    rules = load_suite(suite)["expectations"]
    rows = _stack([frame.rows for frame in batch.values()], rules)
    reports = _validate(rows, suite, rules, {"result_format": "BASIC"}, codes)
    if len(batch) > 1 and any(_has_raised(report) for report in reports.values()):
        return _judge_alone(batch, suite, codes)
    # The rows that fail are looked up for the rules that failed only: naming them takes as long as finding them.
    failed = [rule for rule in rules if not reports[rule["meta"]["id"]].success]
    if failed:
        named = {"unexpected_index_column_names": ["locator"], "include_unexpected_rows": False}
        reports |= _validate(rows, suite, failed, {"result_format": "COMPLETE"} | named, codes)
    by_place = {rule_id: _split(report) for rule_id, report in reports.items()}
    if len(batch) > 1 and any(not by_place[rule["meta"]["id"]] for rule in failed):  # whose failure it is, is not said
        return _judge_alone(batch, suite, codes)
    return {
        case: sorted(
            (
                _outcome(
                    report,
                    frame,
                    by_place[rule_id].get(place if len(batch) > 1 else None, []),
                    case,
                    is_alone=len(batch) == 1,
                )
                for rule_id, report in reports.items()
            ),
            key=lambda outcome: outcome.rule_id,
        )
        for place, (case, frame) in enumerate(batch.items())
    }


def _judge_alone(
    batch: Mapping[Case, Frame], suite: str, codes: Mapping[str, Sequence[str]]
) -> dict[Case, list[Outcome]]:
    return {case: _judge_batch({case: frame}, suite, codes)[case] for case, frame in batch.items()}


_MARK = "\x1f"  # between the place of an edition in a batch and a text of it


def _stack(frames: Sequence[pd.DataFrame], rules: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Several frames as one. What must be unique within an edition, and the locators, carry the place of the frame."""
    if len(frames) == 1:
        return frames[0]
    unique = {rule["kwargs"]["column"] for rule in rules if rule["type"] == "expect_column_values_to_be_unique"}
    marked = []
    for place, frame in enumerate(frames):
        columns = [name for name in unique | {"locator"} if name in frame]
        texts = {name: frame[name].map(lambda text, at=place: f"{at}{_MARK}{text}", "ignore") for name in columns}
        marked.append(frame.assign(**texts).astype(object))
    return pd.concat(marked, ignore_index=True)


def _split(report: Any) -> dict[int | None, list[dict[str, Any]]]:
    """Place in the batch (None where there is only one) -> the failing rows: locator and what stands there."""
    found: dict[int | None, list[dict[str, Any]]] = {}
    for row in (report.result or {}).get("unexpected_index_list") or []:
        place, mark, _ = str(row.get("locator")).partition(_MARK)
        told = {k: v.partition(_MARK)[2] if isinstance(v, str) and _MARK in v else v for k, v in row.items()}
        found.setdefault(int(place) if mark else None, []).append(told)
    return found


def _validate(
    frame: pd.DataFrame,
    stage: str,
    rules: list[dict[str, Any]],
    result_format: dict[str, Any],
    codes: Mapping[str, Sequence[str]],
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
                expectation_parameters=_keep_occurring(frame, rules, codes),
                result_format=result_format,
            )
        )
    return {result.expectation_config.meta["id"]: result for result in report.results}


def _keep_occurring(
    frame: pd.DataFrame, rules: Sequence[dict[str, Any]], codes: Mapping[str, Sequence[str]]
) -> dict[str, list[str]]:
    """Of every list the codes that stand in a column judged by it: what stands nowhere decides nothing.

    Great Expectations copies a list several times for every rule: whole lists took most of the time of a small edition.
    """
    found: dict[str, set[str]] = {name: set() for name in codes}
    for rule in rules:
        column, listed = rule["kwargs"].get("column"), rule["kwargs"].get("value_set")
        if isinstance(listed, dict) and column in frame:
            found[listed["$PARAMETER"]].update(frame[column].dropna().astype(str).unique())
    return {name: [code for code in known if code in found[name]] for name, known in codes.items()}


def _has_raised(result: Any) -> bool:
    told = result.exception_info or {}
    return any(entry.get("raised_exception") for entry in (told, *told.values()) if isinstance(entry, dict))


def _outcome(result: Any, frame: Frame, failing: Sequence[dict[str, Any]], case: Case, *, is_alone: bool) -> Outcome:
    """The outcome of one rule on one edition. failing: its rows among those that the report names."""
    config, meta = result.expectation_config, result.expectation_config.meta
    rule_id, column = meta["id"], config.kwargs.get("column", "")
    is_table_rule = config.type.startswith("expect_table")
    checked = _count_checked(frame.rows, config.type, column)
    failed = 0 if result.success else len(failing) or int(is_alone)
    if frame.checked is not None and frame.failed is not None:
        checked, failed = frame.checked[rule_id], frame.failed[rule_id]
    if _has_raised(result) or (checked == 0 and not is_table_rule):
        outcome, failed = "not_judged", 0
    else:
        outcome = "fail" if failed else "pass"
    examples = [
        f"{row.get('locator')}: {row.get(column)}" if column != "locator" else str(row.get("locator"))
        for row in failing[:MOST_EXAMPLES]
    ]
    severity = ESS_SEVERITIES[str(getattr(config.severity, "value", config.severity))]
    return Outcome(
        case[0], rule_id, *case[1], meta["about"], severity, outcome, checked, failed, meta["en"], meta["zh"],
        tuple(examples) if outcome == "fail" else (),
    )  # fmt: skip


def _count_checked(rows: pd.DataFrame, kind: str, column: str) -> int:
    if kind.startswith("expect_table") or kind == "expect_column_values_to_be_null":
        return len(rows)
    return int(rows[column].notna().sum()) if column in rows else 0
