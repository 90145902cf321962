"""Every rule has a table that passes it and a change that makes it, and no other, fail with the failing row named.

A new rule fails here until it has a change of its own in BREAKS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from indicator_worlds import VINTAGE, cell, fill, flows, series

from expectations import run as runner
from expectations.run import (
    STAGES,
    TABLES,
    Docket,
    Outcome,
    judge,
    load_suite,
    prepare_failing,
    prepare_frame,
    profile_tables,
    run_suite,
)
from transforms.contract import load_contract
from transforms.indicators import compute_indicators, create_codelists, create_table

EDITION = ("a", VINTAGE)
RULES = [(stage, rule["meta"]["id"]) for stage in STAGES for rule in load_suite(stage)["expectations"]]
# Rows t!R1C1 to t!R9C1 of the observations that pass every rule.
ROWS = [
    *flows("3.0", "1.0", "4.0"),
    cell("", period="2018", obs_status="Q"),
    cell("20.0", measure="growth"),
    cell("25", measure="share", reference="SERVICES"),
    cell("2", measure="rank", unit="RANK", unit_mult=0, price="", flow="N"),
    cell("120", measure="count", unit="COUNT", unit_mult=0, price="", flow="N", item="ENT:COUNT.T"),
    *series({"2019": "2.5"}),
]


@dataclass(frozen=True)
class Break:
    """sql spoils the tables; named stands in the examples of the failing rule. stage: where a contract rule shows."""

    sql: str
    named: str
    stage: str = ""


def at(row: int, change: str) -> Break:
    return Break(f"UPDATE observations SET {change} WHERE locator = 't!R{row}C1'", f"t!R{row}C1")


def indicator(name: str, change: str) -> Break:
    return Break(
        f"""UPDATE indicators SET {change} WHERE indicator = '{name}' AND item = 'EBOPS2010:SI'
            AND reference IN ('', 'SERVICES') AND definition = ''""",
        name,
    )


def compared(rule: str, change: str) -> Break:
    return Break(f"UPDATE comparisons SET {change} WHERE rule = '{rule}'", "t t!R")


EMPTY = {"R01": "edition_files", "O01": "observations"}  # rules that a stage gives anything at all
SAME_KEY = "flow = 'X', period = '2020'"
BREAKS: dict[tuple[str, str], Break] = {
    ("contract", "K01"): Break("ALTER TABLE observations ADD COLUMN colour VARCHAR", "observations.colour",
                               "observations"),
    ("contract", "K02"): Break(
        "ALTER TABLE observations ALTER note DROP NOT NULL; UPDATE observations SET note = NULL",
        "observations.note: 9 empty cell(s)", "observations"),
    ("raw", "R02"): Break("UPDATE edition_files SET publisher_zh = ''", "t.csv"),
    ("raw", "R03"): Break("UPDATE edition_files SET title_zh = ''", "t.csv"),
    ("raw", "R04"): Break("UPDATE edition_files SET terms = ''", "t.csv"),
    ("raw", "R05"): Break("UPDATE edition_files SET accessed = 'yesterday'", "t.csv: yesterday"),
    ("raw", "R06"): Break("UPDATE edition_files SET sha256 = 'ABC'", "t.csv: ABC"),
    ("raw", "R07"): Break(
        "INSERT INTO edition_files SELECT * REPLACE ('u.csv' AS file, '' AS place) FROM edition_files", "u.csv"),
    ("raw", "R08"): Break("UPDATE datasets SET url = ''; UPDATE edition_files SET place = ''", "t.csv"),
    ("codelists", "C01"): Break("UPDATE items SET parent = 'X:Y' WHERE code = 'EBOPS2010:SI1'", "items EBOPS2010:SI1"),
    ("codelists", "C02"): Break("UPDATE geographies SET nation = 'XXX' WHERE code = 'CN-440100'",
                                "geographies CN-440100: XXX"),
    ("codelists", "C03"): Break("UPDATE definitions SET item = 'X:Y' WHERE definition = 'dds6' AND item LIKE '%SI'",
                                "definitions dds6 X:Y: X:Y"),
    ("codelists", "C04"): Break("UPDATE items SET label_en = '' WHERE code = 'EBOPS2010:SI'", "items EBOPS2010:SI"),
    ("codelists", "C05"): Break("UPDATE items SET label_zh = '' WHERE code = 'EBOPS2010:SI'", "items EBOPS2010:SI"),
    ("codelists", "C07"): Break("UPDATE conversions SET to_currency = 'XXX'", "conversions mofcom_services USD XXX"),
    ("codelists", "C06"): Break("INSERT INTO definitions FROM definitions WHERE item = 'EBOPS2010:SK1'",
                                "definitions unctad EBOPS2010:SK1"),
    ("observations", "O02"): at(1, "geo = 'XXX'"),
    ("observations", "O03"): at(1, "partner = 'XXX'"),
    ("observations", "O04"): at(1, "flow = 'Z'"),
    ("observations", "O05"): at(1, "item = 'EBOPS2010:ZZ'"),
    ("observations", "O06"): at(1, "measure = 'size'"),
    ("observations", "O07"): at(1, "unit = 'GOLD'"),
    ("observations", "O08"): at(1, "basis = 'rumoured'"),
    ("observations", "O09"): at(1, "price = 'low'"),
    ("observations", "O10"): at(1, "reference = 'MARS'"),
    ("observations", "O11"): at(1, "freq = 'Z'"),
    ("observations", "O12"): at(1, "adjustment = 'Z'"),
    ("observations", "O13"): at(1, "conf_status = 'Z'"),
    ("observations", "O14"): at(1, "qualifier = 'roughly'"),
    ("observations", "O15"): at(1, "obs_status = 'Z'"),
    ("observations", "O16"): at(2, SAME_KEY),
    ("observations", "O17"): at(2, f"{SAME_KEY}, value = 3, lower = 2.95, upper = 3.05"),
    ("observations", "O18"): at(1, "obs_status = 'Q'"),
    ("observations", "O19"): at(1, "lower = 3.5, upper = 4"),
    ("observations", "O20"): at(4, "upper = 4"),  # suppressed, but without the other end
    ("observations", "O21"): at(1, "printed = ''"),
    ("observations", "O22"): at(5, "base_period = ''"),
    ("observations", "O23"): at(6, "reference = ''"),
    ("observations", "O24"): at(1, "price = ''"),
    ("observations", "O25"): at(5, "unit = 'TIMES'"),
    ("observations", "O26"): at(7, "value = 1.5, lower = NULL, upper = NULL"),
    ("observations", "O27"): at(8, "value = -120, lower = NULL, upper = NULL"),
    ("observations", "O28"): at(1, "unit_mult = 16"),
    ("observations", "O29"): at(1, "decimals = 10"),
    ("observations", "O30"): Break("UPDATE observations SET locator = 't!R1C1' WHERE locator = 't!R2C1'", "t!R1C1"),
    ("observations", "O32"): at(6, "value = 101, lower = NULL, upper = NULL"),
    ("observations", "O33"): at(5, "value = -101, lower = NULL, upper = NULL"),
    ("observations", "O34"): at(5, "value = 1001, lower = NULL, upper = NULL"),
    ("observations", "O35"): at(8, "measure = 'balance'"),
    ("indicators", "I01"): Break("INSERT INTO indicators FROM indicators WHERE indicator = 'growth'", "growth"),
    ("indicators", "I02"): indicator("growth", "coverage = 'nan'"),
    ("indicators", "I03"): indicator("growth", "lower = upper + 1"),
    ("indicators", "I04"): indicator("growth", "value = NULL"),
    ("indicators", "I05"): indicator("growth", "inputs = []"),
    ("indicators", "I06"): indicator("growth", "coverage = 1.5"),
    ("indicators", "I07"): indicator("export_orientation", "value = 1.5, lower = 1.4, upper = 1.6"),
    ("indicators", "I08"): indicator("category_share", "value = 102, lower = 101, upper = 103"),
    ("indicators", "I09"): indicator("growth", "geo = 'XXX'"),
    ("comparisons", "P01"): compared("growth", "computed_lower = 90, computed_upper = 91, verdict = 'contradictory'"),
    ("comparisons", "P02"): compared("growth", "rule = 'average_growth', computed_lower = 90, computed_upper = 91, "
                                               "verdict = 'not_comparable', note = 'the document states no method'"),
    ("comparisons", "P03"): Break("INSERT INTO comparisons FROM comparisons WHERE rule = 'growth'", "t t!R5C1"),
    ("comparisons", "P04"): compared("growth", "verdict = 'fine'"),
    ("comparisons", "P05"): compared("growth", "computed_lower = 90, computed_upper = 91, verdict = 'equal'"),
}  # fmt: skip


@pytest.fixture(scope="module")
def sound() -> Iterator[duckdb.DuckDBPyConnection]:
    """All tables of all stages, of one made-up edition that breaks no rule."""
    with duckdb.connect() as con:
        create_codelists(con)
        fill(con, {EDITION[0]: [*ROWS, cell("12.0", item="S")]})
        compute_indicators(con)
        con.execute("DELETE FROM observations WHERE item = 'EBOPS2010:S'")
        for table in TABLES["raw"]:
            contract = load_contract(table)
            create_table(con, contract)
            told = {"dataset": EDITION[0], "vintage": VINTAGE, "accessed": "2024-01-31", "sha256": "0" * 64,
                    "file": "t.csv"}  # fmt: skip
            values = [told.get(c.name, "x" if c.type == "string" else 1) for c in contract.columns]
            con.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(values))})", values)
        yield con


@pytest.fixture
def con(sound: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """The same, to be spoiled: what a test changes is undone."""
    sound.execute("BEGIN")
    yield sound
    sound.execute("ROLLBACK")


def run(con: duckdb.DuckDBPyConnection, stage: str) -> list[Outcome]:
    return run_suite(con, stage, *(EDITION if stage != "codelists" else ("", "")))


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "contract"])
def test_sound_tables_pass_every_rule(con: duckdb.DuckDBPyConnection, stage: str) -> None:
    outcomes = run(con, stage)
    assert {outcome.rule_id for outcome in outcomes if outcome.outcome != "pass"} == set()
    wanted = {rule for of, rule in RULES if of == stage or (of == "contract" and stage in TABLES)}
    assert {outcome.rule_id for outcome in outcomes} == wanted
    assert all(outcome.checked > 0 and outcome.failed == 0 and outcome.stage == stage for outcome in outcomes)


@pytest.fixture(scope="module")
def tried(sound: duckdb.DuckDBPyConnection) -> dict[str, Outcome]:
    """The outcome of every rule on all changes of its stage at once, each in a copy of the tables with its own name.

    Great Expectations takes a third of a second for a suite whatever the rows: one run per stage instead of per rule.
    """
    frames: dict[str, list[pd.DataFrame]] = {}
    for (stage, rule_id), broken in BREAKS.items():
        sound.execute("BEGIN")
        sound.execute(broken.sql)
        edition = EDITION if stage != "codelists" else ("", "")
        frame = prepare_frame(sound, stage, *edition) if stage != "contract" else profile_tables(
            sound, broken.stage, *edition)  # fmt: skip
        sound.execute("ROLLBACK")
        for column in {"locator", "key"} & set(frame.columns):
            frame[column] = f"{rule_id} changed> " + frame[column]
        frames.setdefault(stage, []).append(frame)
    judged = [o for stage, of in frames.items() for o in judge(pd.concat(of, ignore_index=True), stage, *EDITION)]
    return {outcome.rule_id: outcome for outcome in judged}


@pytest.mark.parametrize(("stage", "rule_id"), [rule for rule in RULES if rule[1] not in EMPTY])
def test_rule_fails_alone_and_names_the_row(tried: dict[str, Outcome], stage: str, rule_id: str) -> None:
    assert (stage, rule_id) in BREAKS, f"rule {rule_id} of {stage} has no change in BREAKS that makes it fail"
    failed = tried[rule_id]
    assert failed.outcome == "fail" and failed.failed >= 1
    assert failed.blocks is (failed.about == "reading" and failed.severity == "error")
    others = {example.split(" changed> ")[0] for example in failed.examples} - {rule_id}
    assert not others, f"the changes meant for {others} also break {rule_id}"
    named = BREAKS[stage, rule_id].named
    assert any(named in example for example in failed.examples), failed.examples


def test_whole_files_of_a_publisher_need_no_place(con: duckdb.DuckDBPyConnection) -> None:
    """What ingest lands is no excerpt of a document: no file of the card has a place, and none is asked for."""
    con.execute("INSERT INTO edition_files SELECT * REPLACE ('u.csv' AS file) FROM edition_files")
    con.execute("UPDATE edition_files SET place = ''")
    (outcome,) = (outcome for outcome in run(con, "raw") if outcome.rule_id == "R07")
    assert (outcome.outcome, outcome.checked) == ("pass", 2)


@pytest.mark.parametrize(("stage", "rule_id"), [rule for rule in RULES if rule[1] in EMPTY])
def test_nothing_read_fails_alone_and_leaves_the_rest_unjudged(
    con: duckdb.DuckDBPyConnection, stage: str, rule_id: str
) -> None:
    con.execute(f"DELETE FROM {EMPTY[rule_id]}")
    outcomes = {outcome.rule_id: outcome for outcome in run(con, stage)}
    assert {rule for rule, outcome in outcomes.items() if outcome.outcome == "fail"} == {rule_id}
    assert outcomes[rule_id].blocks
    assert {o.outcome for rule, o in outcomes.items() if rule != rule_id and not rule.startswith("K")} == {"not_judged"}


@pytest.mark.parametrize(("stage", "rule_id"), [
    ("observations", "O02"), ("observations", "O30"), ("observations", "O28"), ("indicators", "I03"),
    ("comparisons", "P01"), ("codelists", "C03"), ("raw", "R06"),
])  # fmt: skip
def test_rule_fails_alone_in_a_whole_run(con: duckdb.DuckDBPyConnection, stage: str, rule_id: str) -> None:
    con.execute(BREAKS[stage, rule_id].sql)
    assert [outcome.rule_id for outcome in run(con, stage) if outcome.outcome == "fail"] == [rule_id]


def test_every_change_belongs_to_a_rule() -> None:
    assert set(BREAKS) <= set(RULES)


def test_rules_say_what_they_are() -> None:
    ids = [rule_id for _, rule_id in RULES]
    assert len(ids) == len(set(ids))
    for stage in STAGES:
        for rule in load_suite(stage)["expectations"]:
            assert rule["severity"] in ("critical", "warning", "info")
            assert rule["meta"]["about"] in ("reading", "published")
            assert rule["meta"]["en"] and rule["meta"]["zh"]
            # what a publisher printed is annotated, never blocked
            assert rule["meta"]["about"] == "reading" or rule["severity"] != "critical"


@pytest.mark.parametrize(("about", "severity", "outcome", "blocks"), [
    ("reading", "error", "fail", True),
    ("reading", "error", "pass", False),
    ("reading", "error", "not_judged", False),
    ("reading", "warning", "fail", False),
    ("published", "error", "fail", False),
    ("published", "warning", "fail", False),
])  # fmt: skip
def test_only_an_error_of_our_reading_blocks(about: str, severity: str, outcome: str, blocks: bool) -> None:
    made = Outcome("observations", "O99", *EDITION, about, severity, outcome, 1, 1, "", "", ())
    assert made.blocks is blocks


@pytest.mark.parametrize("stage", STAGES)
def test_a_rule_without_its_column_never_passes(stage: str) -> None:
    frame = pd.DataFrame({"locator": ["somewhere"]})
    for outcome in judge(frame, stage, *EDITION):
        [rule] = [rule for rule in load_suite(stage)["expectations"] if rule["meta"]["id"] == outcome.rule_id]
        if rule["kwargs"].get("column", "locator") != "locator":
            assert outcome.outcome in ("not_judged", "fail"), outcome.rule_id


def test_a_rule_that_raises_never_passes() -> None:
    """A column of lists has no order, no length rule and no place in a set."""
    columns = {rule["kwargs"]["column"] for rule in load_suite("indicators")["expectations"]}
    frame = pd.DataFrame({column: [[1], {"a": 1}] for column in columns | {"locator"}})
    outcomes = {outcome.rule_id: outcome.outcome for outcome in judge(frame, "indicators", *EDITION)}
    assert outcomes.pop("I01") == "pass", "the two are indeed different"
    assert outcomes["I06"] == "not_judged" and set(outcomes.values()) == {"fail", "not_judged"}


@pytest.mark.parametrize(("geos", "failed"), [
    (["XXX", "YYY"], 2), (["CHN", "XXX"], 1), (["CHN", "USA"], 0), (["CHN", None], 0), ([1, "CHN"], 1),
])  # fmt: skip
def test_codes_are_judged_by_the_list_though_only_those_that_occur_are_handed_over(
    con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch, geos: list[Any], failed: int
) -> None:
    """Where none of the list occurs every row fails; a number is no code; an empty cell is another rule's matter."""
    handed: list[dict[str, list[str]]] = []
    real = runner._keep_occurring
    monkeypatch.setattr(runner, "_keep_occurring", lambda *given: (handed.append(real(*given)), handed[-1])[1])
    frame = prepare_frame(con, "observations", *EDITION).head(2).assign(geo=pd.Series(geos, dtype=object))
    [outcome] = [o for o in judge(frame, "observations", *EDITION) if o.rule_id == "O02"]
    assert (outcome.failed, outcome.outcome) == (failed, "fail" if failed else "pass")
    listed = {str(geo) for geo in [*geos, *frame["partner"]]} & set(runner.list_codes()["geographies"])
    assert set(handed[0]["geographies"]) == listed


def test_nothing_to_judge_is_not_judged() -> None:
    columns = [rule["kwargs"]["column"] for rule in load_suite("comparisons")["expectations"]]
    frame = pd.DataFrame({column: [] for column in [*columns, "locator"]}, dtype=object)
    assert {outcome.outcome for outcome in judge(frame, "comparisons", *EDITION)} == {"not_judged"}


@pytest.mark.parametrize(
    ("table", "change"),
    [(table, "missing") for tables in TABLES.values() for table in tables]
    + [("observations", "wrong type"), ("indicators", "unknown")],
)
def test_a_table_that_is_not_its_contract_fails_and_leaves_the_rest_unjudged(
    con: duckdb.DuckDBPyConnection, table: str, change: str
) -> None:
    stage = next(stage for stage, tables in TABLES.items() if table in tables)
    column = load_contract(table).columns[-1].name
    old = {"missing": f"* EXCLUDE ({column})", "wrong type": f"* REPLACE (7.5::DOUBLE AS {column})",
           "unknown": "*, 1 AS colour"}  # fmt: skip
    con.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT {old[change]} FROM {table}")
    outcomes = run(con, stage)
    [first] = [outcome for outcome in outcomes if outcome.outcome == "fail"]
    assert first.rule_id == "K01" and first.blocks
    assert [example.split(":")[0] for example in first.examples] == [
        f"{table}.{'colour' if change == 'unknown' else column}"
    ]
    rest = {outcome.outcome for outcome in outcomes if not outcome.rule_id.startswith("K")}
    assert rest == {"not_judged"}


def test_a_missing_dataset_column_is_told_and_does_not_crash(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("CREATE OR REPLACE TABLE observations AS SELECT * EXCLUDE (dataset) FROM observations")
    outcomes = run(con, "observations")
    assert [o.examples for o in outcomes if o.outcome == "fail"] == [
        ("observations.dataset: absent instead of VARCHAR",)
    ]


def test_another_edition_is_not_judged_with_this_one(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        "INSERT INTO observations SELECT * REPLACE ('b' AS dataset, 'XXX' AS geo) FROM observations WHERE flow = 'X'"
    )
    assert {outcome.outcome for outcome in run(con, "observations")} == {"pass"}
    assert "fail" in {outcome.outcome for outcome in run_suite(con, "observations", "b", VINTAGE)}


# --- what the publisher says of a figure that it does not give --------------------------------------------------------


@pytest.mark.parametrize(("status", "lower", "upper", "outcome"), [
    ("Q", "0", "0.5", "pass"),  # (*) within half a million, suppressed
    ("L", "-0.5", "0.5", "pass"),
    ("B;Q", "0", "0.5", "pass"),
    ("Q", "0", "NULL", "fail"),  # one end is no statement of where the figure lies
    ("Q", "0.5", "0", "fail"),
    ("O", "0", "0.5", "fail"),  # nothing is known of it
    ("M", "0", "0.5", "fail"),  # there is no such figure
    ("K", "0", "0.5", "fail"),  # it stands in another category
])  # fmt: skip
def test_a_missing_value_has_an_interval_only_where_the_figure_exists(
    con: duckdb.DuckDBPyConnection, status: str, lower: str, upper: str, outcome: str
) -> None:
    con.execute(at(4, f"obs_status = '{status}', lower = {lower}, upper = {upper}").sql)
    [judged] = [o for o in judge(prepare_frame(con, "observations", *EDITION), "observations", *EDITION)
                if o.rule_id == "O20"]  # fmt: skip
    assert judged.outcome == outcome
    assert all(example.startswith("t!R4C1: ") for example in judged.examples)


def test_codes_of_an_editions_own_scheme_are_known_where_they_are_listed(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("UPDATE observations SET item = 'ONS.ITIS:Travel' WHERE locator = 't!R1C1'")
    assert [o.rule_id for o in run(con, "observations") if o.outcome == "fail"] == ["O05"]
    create_table(con, load_contract("local_codes"))
    con.execute("INSERT INTO local_codes VALUES ('a', '2024', 'items', 'ONS.ITIS:Travel', 'Travel', '')")
    assert [o.rule_id for o in run(con, "observations") if o.outcome == "fail"] == []


# --- several editions at once -----------------------------------------------------------------------------------------


def clone(con: duckdb.DuckDBPyConnection, dataset: str) -> None:
    for tables in TABLES.values():
        for table in tables:
            con.execute(
                f"INSERT INTO {table} SELECT * REPLACE ('{dataset}' AS dataset) FROM {table} WHERE dataset = 'a'"
            )


def test_editions_judged_together_fare_as_each_alone(con: duckdb.DuckDBPyConnection) -> None:
    """Four editions: sound, with two broken rules, with a key that stands twice, with nothing in it."""
    for dataset in ("b", "c"):
        clone(con, dataset)
    con.execute("UPDATE observations SET geo = 'XXX', unit_mult = 16 "
                "WHERE dataset = 'b' AND locator = 't!R1C1'")  # fmt: skip
    con.execute("UPDATE observations SET locator = 't!R1C1' WHERE dataset = 'c' AND locator = 't!R2C1'")
    con.execute("UPDATE comparisons SET verdict = 'fine' WHERE dataset = 'c' AND rule = 'growth'")
    docket, alone = Docket(), []
    for dataset in ("a", "b", "c", "d"):
        for stage in TABLES:
            docket.add(con, stage, dataset, VINTAGE)
            alone += run_suite(con, stage, dataset, VINTAGE)
    together = docket.judge()
    assert together == alone
    failed = {(o.dataset, o.rule_id): o.examples for o in together if o.outcome == "fail"}
    assert failed == {
        ("b", "O02"): ("t!R1C1: XXX",), ("b", "O28"): ("t!R1C1: 16",),
        ("c", "O30"): ("t!R1C1", "t!R1C1"), ("c", "P04"): ("t t!R5C1: verdict fine",),
        ("d", "R01"): (), ("d", "O01"): (),
    }  # fmt: skip


def test_several_editions_cost_one_validation_a_suite(
    con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    real = runner._validate
    monkeypatch.setattr(
        runner, "_validate", lambda frame, stage, *rest: (seen.append(stage), real(frame, stage, *rest))[1]
    )
    docket = Docket()
    for dataset in ("b", "c", "d"):
        clone(con, dataset)
        docket.add(con, "observations", dataset, VINTAGE)
    assert {outcome.outcome for outcome in docket.judge()} == {"pass"}
    assert seen == ["contract", "observations"]


def test_one_edition_that_cannot_be_judged_does_not_spoil_its_neighbours(con: duckdb.DuckDBPyConnection) -> None:
    docket = Docket()
    docket.add(con, "observations", *EDITION)
    con.execute("CREATE OR REPLACE TABLE observations AS SELECT * EXCLUDE (note), 'b' AS note FROM observations")
    con.execute("ALTER TABLE observations DROP note")
    con.execute("UPDATE observations SET dataset = 'b'")
    docket.add(con, "observations", "b", VINTAGE)
    outcomes = docket.judge()
    assert {o.outcome for o in outcomes if o.dataset == "a"} == {"pass"}
    assert {o.outcome for o in outcomes if o.dataset == "b" and o.rule_id[0] == "O"} == {"not_judged"}


# --- large editions ---------------------------------------------------------------------------------------------------

LARGE_BREAKS = [rule_id for stage, rule_id in BREAKS if stage == "observations"]


@pytest.fixture
def judge_large(con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[Outcome]]:
    """Judges the edition as if its few rows were too many for a frame."""

    def judge() -> list[Outcome]:
        with monkeypatch.context() as patched:
            patched.setattr(runner, "LARGE", 5)
            patched.setattr(runner, "prepare_frame", None)  # the whole frame is never made
            return run(con, "observations")

    return judge


@pytest.mark.parametrize("rule_id", LARGE_BREAKS)
def test_a_large_edition_is_counted_like_a_small_one(con: duckdb.DuckDBPyConnection, rule_id: str) -> None:
    """What DuckDB counts and the rows that it hands over are those that break the rule in the whole frame."""
    con.execute(BREAKS["observations", rule_id].sql)
    whole = prepare_frame(con, "observations", *EDITION)
    part = prepare_failing(con, "observations", *EDITION, runner.list_codes(con))
    assert part.checked is not None and part.failed is not None
    assert {rule for rule, failed in part.failed.items() if failed} == {rule_id}
    assert 0 < len(part.rows) <= part.failed[rule_id] < len(whole)
    named = BREAKS["observations", rule_id].named
    assert named in set(part.rows["locator"]) and set(part.rows.columns) == set(whole.columns)
    for rule in load_suite("observations")["expectations"]:
        column, judged = rule["kwargs"].get("column"), rule["type"] == "expect_column_values_to_be_null"
        cells = len(whole) if column is None or judged else int(whole[column].notna().sum())
        assert part.checked[rule["meta"]["id"]] == cells


def test_a_large_edition_has_the_outcomes_of_the_whole_frame(
    con: duckdb.DuckDBPyConnection, judge_large: Callable[[], list[Outcome]]
) -> None:
    assert judge_large() == run(con, "observations")
    for rule_id in ("O02", "O16", "O18", "O27", "O28", "O30", "O34"):
        con.execute(BREAKS["observations", rule_id].sql)
    outcomes = judge_large()
    assert outcomes == run(con, "observations")
    assert {"O02", "O27", "O28", "O34"} <= {o.rule_id for o in outcomes if o.outcome == "fail"}


def test_of_a_large_edition_with_many_failures_only_the_first_rows_are_fetched(
    con: duckdb.DuckDBPyConnection, judge_large: Callable[[], list[Outcome]]
) -> None:
    con.execute(
        """INSERT INTO observations
           SELECT o.* REPLACE (printf('t!R%05dC1', 100 + i) AS locator, printf('%04d', i) AS period, 16 AS unit_mult)
           FROM observations o, range(1000) r(i) WHERE locator = 't!R1C1'"""
    )
    part = prepare_failing(con, "observations", *EDITION, runner.list_codes(con))
    assert part.failed is not None and part.failed["O28"] == 1000 and len(part.rows) == 2 * runner.MOST_EXAMPLES
    [judged] = [o for o in judge_large() if o.outcome == "fail"]
    assert (judged.rule_id, judged.failed, judged.checked) == ("O28", 1000, 1009)
    assert len(judged.examples) == runner.MOST_EXAMPLES and judged.examples[0] == "t!R00100C1: 16"
    assert judge_large() == run(con, "observations")


def test_a_rule_that_sql_cannot_count_is_refused(
    con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = {"type": "expect_column_values_to_match_regex", "kwargs": {"column": "geo", "regex": "A"},
           "severity": "info", "meta": {"id": "O99", "about": "reading", "en": "e", "zh": "z"}}  # fmt: skip
    monkeypatch.setattr(runner, "load_suite", lambda stage: {"expectations": [odd]})
    with pytest.raises(ValueError, match="O99"):
        prepare_failing(con, "observations", *EDITION, runner.list_codes(con))


def test_bundled_data_break_no_rule_about_our_reading(clean_run: Path) -> None:
    with duckdb.connect(str(clean_run / "curated" / "digitrade.duckdb"), read_only=True) as con:
        failed: list[tuple[Any, ...]] = con.execute(
            "SELECT rule_id, about, outcome FROM checks WHERE about = 'reading' AND outcome = 'fail'"
        ).fetchall()
        stages = {stage for (stage,) in con.execute("SELECT DISTINCT stage FROM checks").fetchall()}
        published = con.execute("SELECT rule_id, dataset FROM checks WHERE outcome = 'fail' ORDER BY ALL").fetchall()
    assert failed == []
    assert stages == set(STAGES) - {"contract"} | {"catalogue"}
    assert published == [
        ("O32", "seed_statements"), ("O34", "guangzhou_digital_trade_report"),
        ("P01", "guangzhou_digital_trade_report"), ("P02", "guangzhou_digital_trade_report"),
        ("Q06", "guangzhou_digital_trade_report"), ("Q06", "seed_statements"),
        ("Q13", "unctad_digitally_deliverable"), ("Q24", "guangzhou_digital_trade_report"),
    ]  # fmt: skip
