"""From outcomes to what is published: validation records, one a rule and edition, and findings, one a failing row.

A record has the parts of the machine-readable validation report of the ESSnet on validation (ValiDat Foundation,
generic framework): event, rule, data, value, where value is 1 (holds), 0 (does not) or NA (could not be judged). The
event is that of a run; the published tables, which hold no clock, leave its parts empty, the history has them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from decimal import Decimal
from functools import cache
from typing import Any

import pyarrow as pa

from expectations.catalogue import Rule, find_gravest, find_rules_of_expectations, load_rules
from expectations.checks import TOO_LARGE, Finding, say_told
from expectations.run import STAGES, Outcome, load_suite
from expectations.settings import FILE, Settings, Waiver
from expectations.words import say
from transforms.codelists import load_codelist
from transforms.contract import load_contract
from transforms.indicators import load_cards
from transforms.phrases import say as say_phrase
from transforms.phrases import say_kept

READING = "R00"  # that an edition can be read: its examples are whole refusals
WAIVERS_HOLD = "W01"  # judged here: every waiver holds on the day and meets something
_LARGEST, _FINEST = 1e15, Decimal("1E-10")  # sizes of findings: beyond, it is no matter how bad
_VALUES = {"pass": "1", "fail": "0", "not_judged": "NA"}


def find_rule(outcome: Outcome) -> Rule:
    """The rule of the catalogue that an outcome belongs to."""
    return load_rules()[find_rules_of_expectations().get(outcome.rule_id, outcome.rule_id)]


def settle(outcomes: Iterable[Outcome], settings: Settings) -> list[Outcome]:
    """Outcomes of expectations with the severities and waivers of the user.

    A waiver that chooses rows holds for an expectation only where every failing row is named and chosen by one.
    """
    settled = []
    for outcome in outcomes:
        if outcome.stage == "catalogue":  # its SELECT knows which rows are waived
            settled.append(outcome)
            continue
        rule = find_rule(outcome)
        severity = settings.severity_of(rule.id, outcome.dataset, rule.severity_of(outcome.rule_id))
        waivers = settings.choose_waivers(rule.id, outcome.dataset, outcome.vintage)
        named = [{"locator": example.partition(": ")[0]} for example in outcome.examples]
        used = {waiver.line for waiver in waivers if not waiver.where or any(map(waiver.meets, named))}
        whole = any(not waiver.where for waiver in waivers)
        each = len(named) == outcome.failed and all(any(w.meets(row) for w in waivers) for row in named)
        is_waived = outcome.outcome == "fail" and bool(waivers) and (whole or each)
        settled.append(
            replace(
                outcome,
                severity=severity,
                waived=outcome.failed if is_waived else 0,
                waivers=tuple(str(line) for line in sorted(used)) if is_waived else (),
            )
        )
    return settled


def judge_waivers(settings: Settings, outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Whether every waiver still holds and meets something: an outcome a dataset; none where nobody waives anything."""
    used = {line for outcome in outcomes for line in outcome.waivers}
    told: dict[str, list[str]] = defaultdict(list)
    counts: dict[str, int] = defaultdict(int)
    for waiver in (*settings.waivers, *settings.expired):
        counts[waiver.dataset] += 1
        place = f"{FILE} row {waiver.line}: {waiver.rule}, {waiver.name}"
        if waiver in settings.expired:
            told[waiver.dataset].append(f"{place}: expired on {waiver.expires}")
        elif str(waiver.line) not in used:
            told[waiver.dataset].append(f"{place}: meets nothing that fails")
    rule = load_rules()[find_rules_of_expectations()[WAIVERS_HOLD]]
    return [
        Outcome("settings", WAIVERS_HOLD, dataset, "", rule.about, rule.severity, "fail" if told[dataset] else "pass",
                count, len(told[dataset]), rule.words["en"], rule.words["zh"], tuple(told[dataset]))
        for dataset, count in sorted(counts.items())
    ]  # fmt: skip


def build_records(outcomes: Iterable[Outcome], waivers: Sequence[Waiver] = ()) -> pa.Table:
    """One record a rule of the catalogue and edition: the outcomes of its expectations and of its SELECT together."""
    groups: dict[tuple[str, str, str], list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        groups[find_rule(outcome).id, outcome.dataset, outcome.vintage].append(outcome)
    rows = [
        _build_record(load_rules()[key[0]], key[1], key[2], group, waivers) for key, group in sorted(groups.items())
    ]
    return pa.Table.from_pylist(rows, schema=load_contract("validation_records").arrow_schema())


def _build_record(
    rule: Rule, dataset: str, vintage: str, outcomes: Sequence[Outcome], waivers: Sequence[Waiver]
) -> dict[str, Any]:
    failing = [outcome for outcome in outcomes if outcome.outcome == "fail"]
    result = "fail" if failing else "pass" if any(o.outcome == "pass" for o in outcomes) else "not_judged"
    lines = {line for outcome in outcomes for line in outcome.waivers}
    answered = [waiver for waiver in waivers if str(waiver.line) in lines]
    return {
        "rule_id": rule.id,
        "dataset": dataset,
        "vintage": vintage,
        "value": _VALUES[result],
        "outcome": result,
        "judged": sum(outcome.checked for outcome in outcomes),
        "failed": sum(outcome.failed for outcome in outcomes),
        "waived": sum(outcome.waived for outcome in outcomes),
        "explained": sum(outcome.explained for outcome in outcomes),
        "not_judged": sum(outcome.unjudged for outcome in outcomes),
        "severity": find_gravest([outcome.severity for outcome in failing or outcomes]),
        "level": rule.level,
        "about": rule.about,
        "rule_status": "waived" if failing and all(o.waived == o.failed for o in failing) else "active",
        "rule_language": "SQL" if rule.sql else "Great Expectations",
        "rule_expression": "; ".join([*([f"expectations/catalogue/{rule.sql}"] if rule.sql else []), *rule.suite]),
        "rule_description_en": rule.words["en"],
        "rule_description_zh": rule.words["zh"],
        "explanation_en": _explain(rule, outcomes, answered, "en"),
        "explanation_zh": _explain(rule, outcomes, answered, "zh"),
        "data_source": "/".join(part for part in (dataset, vintage) if part),
        "data_target": ";".join(sorted({outcome.stage for outcome in outcomes})),
        "event_time": "",
        "event_actor": "",
        "event_agent": "",
        "event_trigger": "",
    }


def _explain(rule: Rule, outcomes: Sequence[Outcome], answered: Sequence[Waiver], lang: str) -> str:
    """What is explained, not judged or waived, and why, in words; that nothing is there, where nothing is."""
    said = [*_say_reasons(rule, _sum_reasons(outcomes), lang), *(waiver.say(lang) for waiver in answered)]
    is_empty = not any(outcome.checked or outcome.unjudged for outcome in outcomes)
    return say("join", lang).join(said) or (say("nothing", lang) if is_empty else "")


def _sum_reasons(outcomes: Iterable[Outcome]) -> dict[tuple[str, str], int]:
    counted: dict[tuple[str, str], int] = defaultdict(int)
    for outcome in outcomes:
        for told in outcome.reasons:
            verdict, reason, rows = told.split(":")
            counted[verdict, reason] += int(rows)
    return dict(sorted(counted.items()))


def _say_reasons(rule: Rule, reasons: Mapping[tuple[str, str], int], lang: str) -> list[str]:
    """What was explained or not judged, and why, in words: '12 not judged: too few changes to judge by'."""
    return [
        say(
            verdict,
            lang,
            rows=rows,
            reason=say(reason, lang) if reason == TOO_LARGE else (rule.reasons or {})[reason][lang],
        )
        for (verdict, reason), rows in reasons.items()
        if reason
    ]


def say_example(rule_id: str, example: str, lang: str) -> str:
    """A row that an expectation names, in one language; comparisons and indicators by their names."""
    if rule_id == READING:
        return say_problem(example, lang)
    names = {} if lang == "en" else _name_comparisons()  # in English the code, as it is queried
    return say_phrase(
        "EXAMPLE", example, lang, lambda name, value: names.get(value, value) if name == "rule" else value
    )


@cache
def _name_comparisons() -> dict[str, str]:
    """Rule of a comparison -> its name in Chinese: that of the indicator, or one of its own."""
    words = load_codelist("words")
    own = {code.removeprefix("RULE."): words.label(code, "zh") for code in words.codes if code.startswith("RULE.")}
    return {card.indicator: card.title_zh for card in load_cards()} | own


def say_problem(problem: str, lang: str) -> str:
    """Why an edition is blocked, in one language; the words of a rule that blocks it are its own."""

    def say_place(name: str, value: str) -> str:
        code = value.partition(" ")[0]
        return f"{code} {_words_of_expectations(lang).get(code, value)}" if name == "rule" else value

    return say_kept(problem, lang, say_place)


@cache
def _words_of_expectations(lang: str) -> dict[str, str]:
    """Id of an expectation -> what it asks for."""
    suites = (load_suite(stage)["expectations"] for stage in STAGES)
    return {told["meta"]["id"]: told["meta"][lang] for suite in suites for told in suite}


def build_findings(found: Sequence[Finding], outcomes: Iterable[Outcome], waivers: Sequence[Waiver] = ()) -> pa.Table:
    """What is no pass, the worst first: rows that a SELECT found, and those that expectations name.

    Of one kind at most the number that is kept (docs/quality.md); the records have the true counts.
    """
    by_line = {str(waiver.line): waiver for waiver in waivers}
    rows = [_say_both(finding) for finding in found]
    for outcome in outcomes:
        if outcome.stage == "catalogue":
            continue
        rule = find_rule(outcome)
        line = outcome.waivers[0] if outcome.waivers else ""
        for example in outcome.examples:
            locator, _, said = example.partition(": ")
            finding = Finding(
                rule.id, outcome.dataset, outcome.vintage, "fail", outcome.severity, "", line,
                locator=locator, found=said, expected=outcome.words_en,
            )  # fmt: skip
            shown = say_example(outcome.rule_id, said if outcome.rule_id == READING else example, "zh")
            found_zh = shown.removeprefix(f"{locator}：").removeprefix(f"{locator}: ")
            rows.append(_say_both(finding) | {"found_zh": found_zh, "expected_zh": outcome.words_zh})
    order = {"fail": 0, "not_judged": 1, "explained": 2}
    rows.sort(key=lambda row: (row["rule_id"], row["dataset"], row["vintage"], order[row["verdict"]], -row["size"],
                               row["locator"], row["found"]))  # fmt: skip
    numbers: dict[tuple[str, str, str], int] = defaultdict(int)
    for row in rows:
        key = row["rule_id"], row["dataset"], row["vintage"]
        numbers[key] += 1
        waiver = by_line.get(row.pop("waiver"))
        rule = load_rules()[row["rule_id"]]
        words = (rule.reasons or {}).get(row["reason"], {})
        row |= {
            "number": numbers[key],
            "size": Decimal(f"{min(row['size'], _LARGEST):.6g}").quantize(_FINEST),
            "severity": (row["severity"] or rule.severity) if row["verdict"] == "fail" else "",
            "reason_en": words.get("en", ""),
            "reason_zh": words.get("zh", ""),
            "waived_by": waiver.name if waiver else "",
            "waived_until": str(waiver.expires) if waiver else "",
            "waived_because": waiver.reason if waiver else "",
        }
    return pa.Table.from_pylist(rows, schema=load_contract("findings").arrow_schema())


def _say_both(finding: Finding) -> dict[str, Any]:
    """A finding as plain values, with what it says in both languages."""
    row = asdict(finding)
    unit = row.pop("size_unit") or load_rules()[finding.rule_id].size
    for lang, end in (("en", ""), ("zh", "_zh")):
        row[f"found{end}"] = say_told(finding.rule_id, finding.found, lang)
        row[f"expected{end}"] = say_told(finding.rule_id, finding.expected, lang)
        row[f"size_unit_{lang}"] = _say_unit(unit, lang) if finding.size else ""
    return row


def _say_unit(unit: str, lang: str) -> str:
    """What a size is counted in: a name of words.toml, or the unit of an amount by its code."""
    units = load_codelist("units")
    return units.label(unit, lang) if unit in units.codes else say(unit, lang, "size") if unit else ""
