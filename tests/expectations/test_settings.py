"""What a user settles about the rules: severities, parameters, and waivers that are never silent."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from rule_worlds import open_world, read_case

from expectations import checks
from expectations.checks import Finding, judge_rules, record
from expectations.records import build_findings, build_records, judge_waivers, settle
from expectations.run import Outcome
from expectations.settings import Settings, parse_settings
from transforms.errors import InputError

TODAY = date(2027, 5, 1)
WAIVER = """
[[waivers]]
rule = "Q07"
dataset = "mine"
where = { item = "EBOPS2010:S*" }
name = "A. Statistician"
reason = "The publisher has been asked."
expires = 2027-05-01
"""
BLOCKING = Outcome("observations", "O02", "mine", "2024", "reading", "error", "fail", 9, 2, "w", "字",
                   ("t!R1C1: XXX", "t!R2C1: YYY"))  # fmt: skip


def judge(rule: str, name: str, text: str, today: date = TODAY) -> tuple[Outcome, Settings, list[Any]]:
    settings = parse_settings(text, today)
    with open_world(read_case(rule, name)) as (con, editions):
        tallies = judge_rules(con, editions, settings=settings, only=[rule])
    (outcome,) = record(tallies, settings)
    return outcome, settings, [finding for tally in tallies for finding in tally.findings]


def test_a_waived_failure_stays_visible_with_name_day_and_reason() -> None:
    outcome, settings, found = judge("Q07", "fail", WAIVER)
    assert (outcome.outcome, outcome.failed, outcome.waived, outcome.waivers) == ("fail", 1, 1, ("2",))
    (row,) = build_records([outcome], settings.waivers).to_pylist()
    assert (row["value"], row["rule_status"]) == ("0", "waived")
    assert row["explanation_en"] == "waived by A. Statistician until 2027-05-01: The publisher has been asked."
    (finding,) = build_findings(found, [outcome], settings.waivers).to_pylist()
    assert (finding["verdict"], finding["waived_by"], finding["waived_until"], finding["waived_because"]) == (
        "fail", "A. Statistician", "2027-05-01", "The publisher has been asked.",
    )  # fmt: skip
    assert [o.outcome for o in judge_waivers(settings, [outcome])] == ["pass"]


def test_a_waiver_meets_only_what_it_names() -> None:
    other = WAIVER.replace("EBOPS2010:S*", "EBOPS2010:SC")
    outcome, settings, _ = judge("Q07", "fail", other)
    assert (outcome.failed, outcome.waived, outcome.waivers) == (1, 0, ())
    (told,) = judge_waivers(settings, [outcome])
    assert (told.outcome, told.severity) == ("fail", "warning") and not told.blocks
    assert told.examples == ("own/rules.toml row 2: Q07, A. Statistician: meets nothing that fails",)


@pytest.mark.parametrize(("pattern", "waived"), [("*", 1), ("CHN", 0)])
def test_a_waiver_may_choose_by_what_a_rule_says_nothing_of(pattern: str, waived: int) -> None:
    """A row that was set aside has no place: any place, even none, is what the star stands for."""
    text = WAIVER.replace('"Q07"', '"Q28"').replace('item = "EBOPS2010:S*"', f'geo = "{pattern}"')
    outcome, _, _ = judge("Q28", "fail_set_aside", text)
    assert (outcome.failed, outcome.waived) == (1, waived)


def test_an_expired_waiver_waives_nothing_and_is_said() -> None:
    outcome, settings, _ = judge("Q07", "fail", WAIVER, date(2027, 5, 2))
    assert outcome.waived == 0
    (told,) = judge_waivers(settings, [outcome])
    assert told.examples == ("own/rules.toml row 2: Q07, A. Statistician: expired on 2027-05-01",)


def test_without_waivers_nothing_is_said_of_them() -> None:
    assert judge_waivers(Settings(), [BLOCKING]) == []


@pytest.mark.parametrize(("where", "blocks"), [
    ("", False),
    ('where = { locator = "t!R*C1" }', False),
    ('where = { locator = "t!R1C1" }', True),  # the other row is nobody's
    ('vintage = "2023"', True),
])  # fmt: skip
def test_a_waived_error_of_our_reading_no_longer_blocks(where: str, blocks: bool) -> None:
    text = WAIVER.replace("Q07", "Q02").replace('where = { item = "EBOPS2010:S*" }', where)
    assert BLOCKING.blocks
    (settled,) = settle([BLOCKING], parse_settings(text, TODAY))
    assert settled.blocks is blocks and settled.outcome == "fail"


def test_of_more_failing_rows_than_are_named_a_waiver_by_row_waives_none() -> None:
    text = WAIVER.replace("Q07", "Q02").replace('item = "EBOPS2010:S*"', 'locator = "t!R*"')
    many = Outcome(**(vars(BLOCKING) | {"failed": 3}))
    (settled,) = settle([many], parse_settings(text, TODAY))
    assert settled.blocks and settled.waived == 0


@pytest.mark.parametrize(("dataset", "severity"), [('dataset = "mine"', "information"), ("", "information"),
                                                   ('dataset = "other"', "error")])  # fmt: skip
def test_severity_is_the_users_to_set(dataset: str, severity: str) -> None:
    text = f'[[severities]]\nrule = "Q02"\n{dataset}\nseverity = "information"\nreason = "r"\n'
    settings = parse_settings(text, TODAY)
    (settled,) = settle([BLOCKING], settings)
    assert settled.severity == severity and settled.blocks is (severity == "error")
    outcome, _, _ = judge("Q07", "fail", text.replace("Q02", "Q07"))
    assert outcome.severity == severity


@pytest.mark.parametrize(("dataset", "result"), [("mine", "pass"), ("other_one", "fail")])
def test_a_parameter_is_the_users_to_set(dataset: str, result: str) -> None:
    text = f'[[parameters]]\nrule = "Q19"\ndataset = "{dataset}"\nname = "asymmetry"\nvalue = 1\nreason = "r"\n'
    assert judge("Q19", "fail", text)[0].outcome == result


def test_a_ratio_of_ones_own_may_be_so_much_for_each_of_a_number() -> None:
    """Exports of computer services for each enterprise, as any item beside any other: 3,000 x 10^8 dollars of 50."""
    text = (
        '[[parameters]]\nrule = "Q22"\nname = "others"\nreason = "r"\nvalue = [{ item = "EBOPS2010:SI", '
        'against = "ENT:COUNT.DSE", unit = "COUNT", most = 1e9 }]\n'
    )
    rows = [{"item": "SI", "figure": "3000"},
            {"item": "ENT:COUNT.DSE", "flow": "N", "figure": "50", "unit": "COUNT", "unit_mult": "0"}]  # fmt: skip
    with open_world(rows) as (con, editions):
        (tally,) = judge_rules(con, editions, settings=parse_settings(text, TODAY), only=["Q22"])
    (row,) = build_findings(tally.findings, []).to_pylist()
    assert (row["verdict"], row["found"], row["expected"]) == (
        "fail",
        "6e+09 USD for each of ENT:COUNT.DSE",
        "<= 1e+09",
    )


@pytest.mark.parametrize(("change", "message"), [
    (('name = "A. Statistician"\n', ""), "row 2: an entry of [[waivers]] lacks name"),
    (('reason = "The publisher has been asked."\n', ""), "row 2: an entry of [[waivers]] lacks reason"),
    (("expires = 2027-05-01\n", ""), "row 2: an entry of [[waivers]] lacks expires"),
    (('name = "A. Statistician"', 'name = " "'), "lacks name"),
    (("2027-05-01", '"soon"'), "expires is no date"),
    (("2027-05-01", "2027-05-01T00:00:00"), "expires is no date"),
    (('"Q07"', '"Q99"'), "there is no such rule"),
    (('"mine"', '"nobody"'), "there is no such dataset"),
    (("item =", "colour ="), "a waiver cannot choose by this"),
    (("expires", "until"), "unknown key"),
    (("[[waivers]]", "[[wavers]]"), "there is no such table"),
    (('"Q07"', "Q07"), "not TOML"),
])  # fmt: skip
def test_a_faulty_entry_is_refused_with_file_line_and_what_to_do(change: tuple[str, str], message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_settings(WAIVER.replace(*change), TODAY, ["mine"])
    assert message in str(caught.value)
    assert caught.value.file == "own/rules.toml" and caught.value.todo


@pytest.mark.parametrize(("entry", "message"), [
    ('rule = "Q19"\nname = "size"\nvalue = 1\nreason = "r"', "Q19 has no parameter size"),
    ('rule = "Q19"\nname = "asymmetry"\nvalue = "much"\nreason = "r"', "is of another kind"),
    ('rule = "Q06"\nname = "cannot_exist"\nvalue = "M"\nreason = "r"', "is of another kind"),
])  # fmt: skip
def test_a_parameter_that_the_rule_has_not_is_refused(entry: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_settings(f"[[parameters]]\n{entry}\n", TODAY)


def test_a_rule_that_does_not_fit_into_memory_is_not_judged_and_the_others_are(monkeypatch: pytest.MonkeyPatch) -> None:
    real = checks.judge_prepared

    def judge_prepared(con: Any, rule: Any, *rest: Any) -> Any:
        if rule.id == "Q07":
            raise duckdb.OutOfMemoryException("no more")
        return real(con, rule, *rest)

    monkeypatch.setattr(checks, "judge_prepared", judge_prepared)
    with open_world(read_case("Q07", "fail")) as (con, editions):
        outcomes = {outcome.rule_id: outcome for outcome in record(judge_rules(con, editions, only=["Q07", "Q10"]))}
    assert (outcomes["Q07"].outcome, outcomes["Q10"].outcome) == ("not_judged", "pass")
    (row,) = build_records([outcomes["Q07"]]).to_pylist()
    assert (row["value"], row["not_judged"]) == ("NA", 1) and "too large" in row["explanation_en"]


@pytest.mark.parametrize(
    ("size", "kept"), [(1.23456789e-12, "0"), (0.123456789, "0.123457"), (3.0, "3"), (1e30, "1e15")]
)
def test_a_size_is_kept_to_six_digits_and_ten_decimals(size: float, kept: str) -> None:
    finding = Finding("Q07", "mine", "2024", "fail", "", "", size=size)
    (row,) = build_findings([finding], []).to_pylist()
    assert row["size"] == Decimal(kept)
