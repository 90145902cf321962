"""What a user settles about the rules: severities, parameters, and waivers that are never silent."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from rule_worlds import open_world, read_case

from expectations import checks
from expectations.catalogue import load_rules
from expectations.checks import Finding, judge_rules, record
from expectations.domains import find_faults, fit_value
from expectations.records import build_findings, build_records, judge_waivers, settle
from expectations.run import Outcome
from expectations.settings import Settings, parse_settings
from transforms.errors import InputError
from transforms.phrases import say_error

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


def assert_chinese(error: InputError) -> None:
    """A refusal is said in Chinese whole: no word of an English sentence beside keys, codes and what was found."""
    said = re.sub(r"'[^']*'|\"[^\"]*\"|\[\[.*?\]\]|\{.*?\}", "", say_error("FAULT", error, "zh"))
    assert not re.search(r"\b(the|is|no|not|write|use|one|of|an|entry|there|has|that|cannot|row)\b", said), said


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
    (row,) = build_findings([], [told]).to_pylist()
    assert (row["found"], row["found_zh"]) == (
        "Q07, A. Statistician: expired on 2027-05-01", "Q07, A. Statistician：已于 2027-05-01 到期",
    )  # fmt: skip


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
        '[[parameters]]\nrule = "Q22"\nname = "others"\nreason = "r"\nvalue = [{ item = "EBOPS2010:SI", unit = "", '
        'against = "ENT:COUNT.DSE", against_unit = "COUNT", most = 1e9 }]\n'
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
    if "TOML" not in message:  # what the reader of TOML says is English
        assert_chinese(caught.value)


@pytest.mark.parametrize(("entry", "message"), [
    ('rule = "Q19"\nname = "size"\nvalue = 1\nreason = "r"', "Q19 has no parameter size"),
    ('rule = "Q19"\nname = "asymmetry"\nvalue = "much"\nreason = "r"', "is of another kind"),
    ('rule = "Q06"\nname = "cannot_exist"\nvalue = "M"\nreason = "r"', "is of another kind"),
])  # fmt: skip
def test_a_parameter_that_the_rule_has_not_is_refused(entry: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_settings(f"[[parameters]]\n{entry}\n", TODAY)


@pytest.mark.parametrize(("rule", "name", "value", "message"), [
    ("Q17", "near", "-5", "near is below 0. Found: '-5'. What to do: write a number from 0 to 0.5."),
    ("Q06", "panel_from", "1.5", "panel_from is above 1"),
    ("Q17", "near", "nan", "near is no finite number"),
    ("Q15", "error_from", "inf", "error_from is no finite number"),
    ("Q12", "zeros", "0", "zeros is below 2"),
    ("Q12", "zeros", "true", "zeros is of another kind"),
    ("Q06", "required_items", '["EBOPS2010:SX"]', "required_items has a code that is not in the list items"),
    ("Q22", "hubs", '["IRL", "IRE"]', "Found: 'IRE'. What to do: nearest: "),
    ("Q24", "definitions", '["dds7"]', "nearest: dds6"),
    ("Q07", "trees", '["standart"]', "trees has a value that it cannot have"),
    ("Q07", "trees", "[1]", "trees has an entry of another kind"),
    ("Q14", "breaks", "[]", "breaks is empty"),
    ("Q14", "breaks", '[{ year = 2015, scheme = "", dataset = "" }]', "breaks.what is missing"),
    ("Q14", "breaks", '[{ year = 20155, scheme = "", dataset = "", what = "w" }]', "breaks.year is above 2100"),
    ("Q14", "breaks", '[{ year = 2015, scheme = "", dataset = "", what = "w", why = "" }]', "breaks.why is unknown"),
    ("Q14", "breaks", '[{ year = 2015, scheme = "EBOPS", dataset = "", what = "w" }]', "not in the list schemes"),
    ("Q22", "others", '[{ item = "NA:GDB", unit = "", against = "NA:GDP", against_unit = "", most = 1 }]', ": NA:GDP"),
])  # fmt: skip
def test_a_value_that_can_judge_nothing_is_refused(rule: str, name: str, value: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_settings(f'[[parameters]]\nrule = "{rule}"\nname = "{name}"\nvalue = {value}\nreason = "r"\n', TODAY)
    assert message in str(caught.value) and caught.value.row == 1 and caught.value.todo
    assert_chinese(caught.value)


def test_every_parameter_of_the_catalogue_is_within_its_own_domain_and_has_one() -> None:
    without = set()
    for rule in load_rules().values():
        for parameter in rule.parameters:
            assert list(find_faults(parameter, fit_value(parameter, parameter.value))) == [], (rule.id, parameter.name)
            if parameter.least is None and not parameter.listed and not parameter.one_of:
                without.add((rule.id, parameter.name))
    assert without == {("Q28", "traps")}  # any text may stand in a row that was set aside


def test_an_empty_list_and_codes_of_a_scheme_of_ones_own_are_taken() -> None:
    text = (
        '[[parameters]]\nrule = "Q10"\nname = "may_be_negative"\nvalue = []\nreason = "r"\n'
        '[[parameters]]\nrule = "Q06"\nname = "required_items"\nvalue = ["ONS.ITIS:9"]\nreason = "r"\n'
    )
    assert parse_settings(text, TODAY).parameters["Q06"][""] == {"required_items": ["ONS.ITIS:9"]}
    assert judge("Q10", "explained", text)[0].outcome == "fail"  # nothing may be negative now


def test_a_break_of_ones_own_may_be_named_in_one_language() -> None:
    text = (
        '[[parameters]]\nrule = "Q14"\nname = "breaks"\nreason = "r"\n'
        'value = [{ what = "新口径", year = 2014, scheme = "", dataset = "mofcom_services" }]\n'
    )
    _, _, findings = judge("Q14", "fail", text)
    (row,) = build_findings(findings, []).to_pylist()
    assert "新口径" in row["found"] and "新口径" in row["found_zh"]


def test_all_faults_of_the_file_are_said_at_once_each_with_its_line() -> None:
    text = (
        WAIVER.replace("Q07", "Q99").replace("item = ", "colour = ").replace('dataset = "mine"\n', "")
        + '\n[[parameters]]\nrule = "Q17"\nname = "near"\nvalue = -5\nreason = "r"\n\n[[wavers]]\nrule = "Q07"\n'
    )
    with pytest.raises(InputError) as caught:
        parse_settings(text, TODAY, ["mine"])
    said = str(caught.value)
    for part in ("no such table", "row 2: an entry of [[waivers]] lacks dataset", "a waiver holds for one",
                 "row 2: there is no such rule. Found: 'Q99'", "row 2: a waiver cannot choose by this",
                 "row 9: near is below 0"):  # fmt: skip
        assert part in said
    assert len(caught.value.others) == 4
    assert_chinese(caught.value)
    assert "own/rules.toml 第 9 行：near 低于 0。实际为 '-5'。处理办法：写 0 至 0.5 之间的数。" in say_error(
        "FAULT", caught.value, "zh"
    )


@pytest.mark.parametrize(("where", "message"), [
    ('geo = "CNH"', "geo is not in the list geographies. Found: 'CNH'. What to do: nearest: CHN"),
    ('flow = "E"', "flow is not in the list flows"),
    ('item = "EBOPS2010:SX"', "item is not in the list items"),
])  # fmt: skip
def test_a_waiver_for_a_code_that_there_is_not_is_refused_with_the_nearest(where: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_settings(WAIVER.replace('item = "EBOPS2010:S*"', where), TODAY)
    assert message in str(caught.value)


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
