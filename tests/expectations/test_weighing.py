"""The rules weigh by whole numbers of 64 bits, or by decimals, and keep the worst: the same is found either way."""

from __future__ import annotations

from datetime import date

import pytest
from rule_worlds import list_cases, open_world, read_case

from expectations import checks
from expectations.catalogue import load_rules
from expectations.checks import KEPT, Tally, judge_rules
from expectations.settings import parse_settings

WEIGHING = [(rule, name) for rule, name in list_cases() if load_rules()[rule].weighs]
COUNTRIES = ("AUT", "BEL", "CHN", "DEU", "ESP", "FRA", "GBR", "ITA", "JPN", "KOR")


def judge(rows: list[dict[str, str]], rule: str) -> tuple[Tally, str]:
    """The tally, and the type of the amounts that it was found by."""
    with open_world(rows) as (con, editions):
        (tally,) = judge_rules(con, editions, only=[rule])
        column = "SELECT data_type FROM duckdb_columns() WHERE table_name = 'figures' AND column_name = 'v'"
        ((kind,),) = con.execute(column).fetchall()
    return tally, kind


@pytest.mark.parametrize(("rule", "name"), WEIGHING)
def test_whole_numbers_and_decimals_find_the_same(rule: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = read_case(rule, name)
    narrow, kind = judge(rows, rule)
    assert kind == "BIGINT"
    write = checks._write_preparation
    monkeypatch.setattr(checks, "_write_preparation", lambda judged, *_: write(judged, 3, "wide", checks._DIGITS))
    wide, kind = judge(rows, rule)
    assert kind == "DECIMAL(38,10)"
    assert narrow.counts == wide.counts
    assert [vars(finding) | {"size": 0} for finding in narrow.findings] == [
        vars(finding) | {"size": 0} for finding in wide.findings
    ]
    assert [finding.size for finding in narrow.findings] == pytest.approx([finding.size for finding in wide.findings])


@pytest.mark.parametrize(("whole", "verdict"), [
    ("123456789012345.67", "pass"),
    ("123456789012345.68", "pass"),
    ("123456789012345.69", "explained"),  # two units off: three parts may be two units off, but rarely are
    ("123456789012345.70", "fail"),
])  # fmt: skip
def test_amounts_that_no_double_holds_are_added_up_exactly(whole: str, verdict: str) -> None:
    parts = {"SI1": "100000000000000.01", "SI2": "23456789012345.65", "SI3": "0.01"}
    rows = [{"item": item, "figure": figure} for item, figure in {"SI": whole, **parts}.items()]
    tally, kind = judge(rows, "Q07")
    assert kind == "DECIMAL(38,10)"
    assert tally.judged == tally.count(verdict) == 1


def test_figures_of_many_powers_of_ten_are_whole_numbers_of_one_unit() -> None:
    rows = [
        {"item": "SI", "figure": "3.00", "unit_mult": "9"},
        {"item": "SI1", "figure": "2000", "unit_mult": "6"},
        {"item": "SI2", "figure": "999999999", "unit_mult": "0"},
        {"item": "SI3", "figure": "0.001", "unit_mult": "3"},
    ]
    tally, kind = judge(rows, "Q07")
    assert kind == "BIGINT" and tally.counts == {("pass", "", "", ""): 1}


def negative_rows() -> list[dict[str, str]]:
    """More than are kept, all as bad: a table of places by partners by years."""
    return [
        {"geo": geo, "partner": partner, "period": period, "figure": "-1"}
        for geo in COUNTRIES for partner in COUNTRIES for period in ("2019", "2020") if geo != partner
    ]  # fmt: skip


def test_of_findings_that_are_equally_bad_the_first_are_kept_and_all_are_counted() -> None:
    tally, _ = judge(negative_rows(), "Q10")
    assert tally.counts == {("fail", "", "", ""): 180}
    assert [finding.locator for finding in tally.findings] == [f"t!R{number:03}C1" for number in range(1, KEPT + 1)]


def test_of_very_many_that_are_equally_bad_some_are_looked_for_and_all_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(checks, "TIED", 120)
    rows = negative_rows()
    rows[170]["figure"] = "-2"
    tally, _ = judge(rows, "Q10")
    assert tally.counts == {("fail", "", "", ""): 180} and len(tally.findings) == KEPT
    assert tally.findings[0].locator == "t!R171C1"


def test_the_worst_are_kept_whatever_their_number() -> None:
    rows = negative_rows()
    rows[170]["figure"] = "-2"
    tally, _ = judge(rows, "Q10")
    assert tally.counts == {("fail", "", "", ""): 180}
    assert [finding.locator for finding in tally.findings] == ["t!R171C1"] + [
        f"t!R{number:03}C1" for number in range(1, KEPT)
    ]


def test_a_waiver_is_answered_for_every_finding_not_for_the_kept_ones_alone() -> None:
    settings = parse_settings(
        '[[waivers]]\nrule = "Q10"\ndataset = "mine"\nwhere = { period = "2020" }\nname = "A"\nreason = "r"\n'
        "expires = 2027-05-31\n",
        date(2026, 11, 28),
    )
    with open_world(negative_rows()) as (con, editions):
        (tally,) = judge_rules(con, editions, only=["Q10"], settings=settings)
    assert sorted(tally.counts.values()) == [90, 90]
    assert {finding.period for finding in tally.findings if finding.waiver} == {"2020"}


def test_a_change_back_is_told_apart_from_one_before_a_gap() -> None:
    """A thousandfold jump and its return, the year after or with years unprinted between that are no change."""
    rows = [
        {"period": str(year), "figure": figure}
        for year, figure in ((2015, "1.000"), (2016, "1000.0"), (2017, "1.000"), (2018, "1.001"), (2019, "1001.0"),
                             (2021, "1.000"), (2022, "1000.0"))
    ]  # fmt: skip
    tally, _ = judge(rows, "Q17")
    assert {(finding.period, finding.verdict) for finding in tally.findings} == {
        ("2016", "fail"), ("2017", "explained"), ("2019", "fail"), ("2022", "fail"),
    }  # fmt: skip


def test_a_copied_year_stands_where_the_items_do_that_are_copied() -> None:
    """An item that is printed first of 2021 alone, above three that are what they were the year before."""
    rows = [{"item": "SE", "period": "2021", "figure": "7.5"}] + [
        {"item": item, "period": period, "figure": figure}
        for item, figure in (("SA", "1.25"), ("SB", "2.50"), ("SC", "3.75")) for period in ("2020", "2021")
    ]  # fmt: skip
    tally, _ = judge(rows, "Q12")
    (copied,) = [finding for finding in tally.findings if finding.verdict == "fail"]
    assert (copied.locator, copied.period, copied.size, copied.size_unit) == ("t!R003C1", "2021", 3, "items")


def test_a_jump_in_a_first_year_of_months_and_its_return_are_told_beside_that_on_the_year_before() -> None:
    """February a hundred times January, March back; in the second year each is set against its month of the first."""
    figures = {"2020-01": "10.00", "2020-02": "1000.0", "2020-03": "10.00", "2021-01": "10.00", "2021-02": "10.00"}
    tally, _ = judge([{"freq": "M", "period": period, "figure": figure} for period, figure in figures.items()], "Q17")
    assert {(finding.period, finding.verdict, "times_period" in finding.found) for finding in tally.findings} == {
        ("2020-02", "fail", True), ("2020-03", "explained", False), ("2021-02", "fail", False),
    }  # fmt: skip
    assert tally.judged == 4
