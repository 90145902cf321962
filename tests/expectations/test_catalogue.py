"""Every rule of the catalogue bites: a case that passes it and one that fails it, and one for each reason it may give.

A new rule fails here until it has its cases (tests/expectations/cases/<rule>/, CSV that a statistician can read), or,
where expectations judge it, until each of these has a change of its own in test_expectations.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rule_worlds import CASES, judge_case, list_cases, open_world, read_case, split_finds
from test_expectations import BREAKS, EMPTY, RULES

from expectations.catalogue import ESS_SEVERITIES, find_rules_of_expectations, load_rules, parse_rule
from expectations.checks import judge_rules, record
from expectations.records import build_findings
from expectations.run import STAGES, load_suite
from transforms.codelists import load_codelist
from transforms.errors import InputError

SQL_RULES = [rule.id for rule in load_rules().values() if rule.sql]
# Judged by the stage of reading itself: an edition that cannot be read (tests/test_bad_input.py has a case a fault);
# and by the settings: waivers (test_settings.py).
ELSEWHERE = {"R00", "W01"}


def test_the_catalogue_has_every_check_but_disclosure() -> None:
    numbered = [rule_id for rule_id in load_rules() if rule_id.startswith("Q")]
    assert numbered == [f"Q{n:02}" for n in range(1, 29) if n != 25]


def test_every_expectation_belongs_to_one_rule_and_every_rule_names_expectations_there_are() -> None:
    known = {rule_id for _, rule_id in RULES} | ELSEWHERE
    named = [expectation for rule in load_rules().values() for expectation in rule.suite]
    assert len(named) == len(set(named))
    assert set(named) == known == set(find_rules_of_expectations())


def test_an_expectation_is_about_what_its_rule_is_and_as_grave() -> None:
    for stage in STAGES:
        for expectation in load_suite(stage)["expectations"]:
            rule = load_rules()[find_rules_of_expectations()[expectation["meta"]["id"]]]
            assert expectation["meta"]["about"] == rule.about, expectation["meta"]["id"]
            if rule.about == "reading":
                assert ESS_SEVERITIES[expectation["severity"]] == rule.severity_of(expectation["meta"]["id"])


def test_every_sql_file_belongs_to_a_rule_and_every_parameter_is_used() -> None:
    folder = CASES.parents[2] / "expectations" / "catalogue"
    assert {path.name for path in folder.glob("*.sql")} == {f"{rule}.sql" for rule in SQL_RULES} | {"prepare.sql"}
    for rule in load_rules().values():
        used = set(re.findall(r"\$([a-z_]+)", (folder / rule.sql).read_text(encoding="utf-8"))) if rule.sql else set()
        assert used == set(rule.values), rule.id
        for parameter in rule.parameters:
            assert parameter.en and parameter.zh and parameter.source


@pytest.mark.parametrize("rule", SQL_RULES)
def test_every_rule_has_a_case_that_passes_one_that_fails_and_one_for_each_reason(rule: str) -> None:
    cases = [name for of, name in list_cases() if of == rule]
    assert any(name.startswith("pass") for name in cases), f"{rule}: write tests/expectations/cases/{rule}/pass.csv"
    assert any(name.startswith("fail") for name in cases), f"{rule}: write tests/expectations/cases/{rule}/fail.csv"
    met = {f.split(":")[1] for name in cases for row in read_case(rule, name) for f in split_finds(row) if ":" in f}
    met -= {""}
    told = set(load_rules()[rule].reasons or {})
    if rule == "Q15":  # of an edition without an earlier one there is no cell to name: its case says so by its outcome
        met |= {"first_edition"}
    assert met == told, f"{rule}: reasons without a case: {told - met}; reasons without words: {met - told}"


@pytest.mark.parametrize("rule", [rule.id for rule in load_rules().values() if not rule.sql])
def test_every_rule_of_expectations_has_a_change_that_fails_it(rule: str) -> None:
    broken = {expectation for _, expectation in BREAKS} | set(EMPTY) | ELSEWHERE
    assert set(load_rules()[rule].suite) <= broken


@pytest.mark.parametrize(("rule", "name"), list_cases())
def test_case(rule: str, name: str) -> None:
    """Failures and explained ones are exactly those that the case marks; not judged ones are among what is found."""
    tally, found, wanted = judge_case(rule, name)
    settled = {key for key in found if not key[1].startswith("not_judged")}
    assert {key for key in wanted if not key[1].startswith("not_judged")} == settled
    assert set(wanted) <= set(found)
    (outcome,) = record([tally])
    assert outcome.outcome == {"explained": "fail" if tally.count("fail") else "pass"}.get(
        kind := name.split("_")[0] if not name.startswith("not_judged") else "not_judged", kind
    )
    assert tally.judged == outcome.checked and tally.count("fail") == outcome.failed
    assert name.startswith("explained") <= (tally.count("explained") > 0)


@pytest.mark.parametrize(("change", "named"), [
    (('level = "1"', 'level = "9"'), "level is none there is"),
    (('severity = "error"', 'severity = "fatal"'), "severity is none there is"),
    (('about = "published"', 'about = "us"'), "about is none there is"),
    (('sql = "Q10.sql"\n', ""), "nothing judges the rule"),
    (('words.zh = "', 'word.zh = "'), "unknown key"),
    (('id = "Q10"', 'id = "Q99"'), "name of its file"),
    (('id = "Q10"', "id = Q10"), "not TOML"),
    (('title.zh = "负的流量"', 'title.zh = ""'), "both languages"),
])  # fmt: skip
def test_a_faulty_entry_is_refused(change: tuple[str, str], named: str) -> None:
    text = (CASES.parents[2] / "expectations" / "catalogue" / "Q10.toml").read_text(encoding="utf-8")
    assert change[0] in text
    with pytest.raises(InputError, match=named) as caught:
        parse_rule("Q10.toml", text.replace(*change))
    assert "expectations/catalogue/Q10.toml" in str(caught.value)


# --- laws -------------------------------------------------------------------------------------------------------------


def _print(value: Decimal, decimals: int) -> str:
    return str(value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP))


@given(
    parts=st.lists(st.decimals(0, 1000, places=4), min_size=3, max_size=3), decimals=st.integers(0, 3),
)  # fmt: skip
def test_rounded_parts_of_a_rounded_total_never_fail_additivity(parts: list[Decimal], decimals: int) -> None:
    texts = {"SI": sum(parts), "SI1": parts[0], "SI2": parts[1], "SI3": parts[2]}
    rows = [{"item": item, "figure": _print(Decimal(value), decimals)} for item, value in texts.items()]
    with open_world(rows) as (con, editions):
        (tally,) = judge_rules(con, editions, only=["Q07"])
    assert tally.count("pass", "explained") == 1 and tally.count("fail") == 0
    assert {reason for (verdict, reason, _, _) in tally.counts if verdict == "explained"} <= {"unlikely"}


@given(
    ratios=st.lists(st.integers(90, 130), min_size=24, max_size=24),
    outlier=st.integers(10, 900),
    power=st.integers(0, 4),
)
def test_hidiroglou_berthelot_does_not_depend_on_the_unit(ratios: list[int], outlier: int, power: int) -> None:
    """The same amounts printed in another power of ten: the same places are told."""
    geos = sorted(row["code"] for row in load_codelist("geographies").rows if row["type"] == "country")[:25]
    told = []
    for factor in (1, 10**power):
        rows = [
            {"geo": geo, "period": period, "figure": str(amount * factor)}
            for geo, ratio in zip(geos, [*ratios, outlier], strict=True)
            for period, amount in (("2019", 10_000), ("2020", 100 * ratio))
        ]
        with open_world(rows) as (con, editions):
            (tally,) = judge_rules(con, editions, only=["Q13"])
        told.append((tally.count("pass"), {finding.geo for finding in tally.findings if finding.verdict == "fail"}))
    assert told[0] == told[1]


def test_the_page_on_quality_has_the_catalogue_as_it_is() -> None:
    page = (CASES.parents[2] / "docs" / "quality.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if re.match(r"\| [QD]\d\d \|", line)]
    assert rows == [
        f"| {rule.id} | {rule.level} | {rule.about} | {rule.severity} | {rule.title['en']} / {rule.title['zh']} | "
        + "; ".join([*([f"`{rule.sql}`"] if rule.sql else []), *([", ".join(rule.suite)] if rule.suite else [])])
        + " |"
        for rule in load_rules().values()
    ]


# --- what is said of a finding ----------------------------------------------------------------------------------------

CODES = re.compile(r"https?\S+|[A-Z0-9][A-Z0-9_]*[:/][A-Za-z0-9_:]+|\b[A-Z][A-Z0-9_]*\b|\b[azx]\b|e[+-]\d+")


@pytest.mark.parametrize(("rule", "name"), list_cases())
def test_a_finding_is_said_in_chinese_without_english_words_and_in_english_without_chinese(
    rule: str, name: str
) -> None:
    """Every finding of every case: codes stay, words are of the language, nothing is left of a template."""
    tally, _, _ = judge_case(rule, name)
    datasets = {row.get("dataset") or "mine" for row in read_case(rule, name)}
    names = re.compile(rf"\b({'|'.join(sorted(datasets))})\b|{CODES.pattern}")
    for row in build_findings(tally.findings, []).to_pylist():
        for column in ("found_zh", "expected_zh", "size_unit_zh"):
            assert not re.search(r"[A-Za-z{}]", names.sub("", row[column])), row[column]
        for column in ("found", "expected", "size_unit_en"):
            assert not re.search(r"[\u3000-\uffff{}]", row[column]), row[column]
        if row["verdict"] == "fail":
            assert row["found"] and row["found_zh"] and row["expected"] and row["expected_zh"]
            assert row["size"] == 0 or (row["size_unit_en"] and row["size_unit_zh"])


def test_every_template_is_used_and_takes_the_same_values_in_both_languages() -> None:
    folder = CASES.parents[2] / "expectations"
    shared = tomllib.loads((folder / "words.toml").read_text(encoding="utf-8"))
    used_of_all, units = set(), {"amount"}
    for rule_id in SQL_RULES:
        rule = load_rules()[rule_id]
        text = (folder / "catalogue" / rule.sql).read_text(encoding="utf-8")
        used = set(re.findall(r"says: '(\w+)'", text)) | ({"range"} if "tell_range(" in text else set())
        used |= set(re.findall(r"'(\w+)' AS says", text))
        own = set(rule.says or {})
        assert own <= used, f"{rule_id}: templates that are never used: {own - used}"
        assert used - own <= set(shared["told"]), f"{rule_id}: no words for {used - own}"
        assert not own & set(shared["told"]), f"{rule_id}: said for all rules: {own}"
        used_of_all |= used - own
        units |= {rule.size, *re.findall(r"'(\w+)' AS size_unit", text)}
        for words in (rule.says or {}).values():
            _same_places(words)
    assert used_of_all == set(shared["told"]) and units == set(shared["size"])
    for words in shared["told"].values():
        _same_places(words)


def _same_places(words: Mapping[str, str]) -> None:
    """A value that has a Chinese twin (what, what_zh) stands by the one or the other."""
    places = {lang: {n.removesuffix("_zh") for n in re.findall(r"\{(\w+)\}", text)} for lang, text in words.items()}
    assert places["en"] == places["zh"], words


def test_an_amount_below_zero_is_as_bad_as_its_amount_in_its_unit() -> None:
    with open_world(read_case("Q10", "fail")) as (con, editions):
        (tally,) = judge_rules(con, editions, only=["Q10"])
    (row,) = [row for row in build_findings(tally.findings, []).to_pylist() if row["verdict"] == "fail"]
    assert row["found"] == "-0.2"  # of 10^8 dollars
    assert (row["size"], row["size_unit_en"], row["size_unit_zh"]) == (20_000_000, "United States dollar", "美元")
