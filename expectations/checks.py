"""Judge what rows say together: the SELECTs of the catalogue over observations in DuckDB, for Great Expectations.

The SQL of a rule ends in a SELECT that gives one row for everything that it judges: dataset, vintage, what it is
about (table_id, geo, partner, flow, item, period, measure, locator), verdict (pass, fail, explained, not_judged),
reason (of the last two), severity ('' = that of the rule), found, expected, size (how bad: the larger the worse) and
size_unit ('' = that of the rule); cases, where a row stands for several. DuckDB counts the rows in one pass and keeps
the worst of each kind.

A rule that every figure goes into weighs first, by numbers alone (table weighed); only what is kept of that is located
and told (weighing/), so that no text is made for what nobody reads.

found and expected are numbers and codes in no language, or JSON with the name of a template that they stand in, which
say_told says in English or Chinese.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

import duckdb
import pandas as pd

from expectations.catalogue import GX_SEVERITIES, Rule, find_gravest, load_rules
from expectations.run import MOST_EXAMPLES, Edition, Frame, Outcome, judge_frames
from expectations.settings import Settings
from expectations.words import say
from transforms.indicators import quote

KEPT = 100  # findings of one kind (rule, edition, verdict, reason, severity) that are kept; all are counted
TIED = 1_000_000  # of one kind that are looked for where they stand, which decides among those that are equally bad
_TOLD = '{"says":'  # how the macro tell (catalogue/prepare.sql) begins
TOO_LARGE = "too_large"  # why a rule is not judged whose work does not fit into memory and scratch space
KEY = ("table_id", "geo", "partner", "flow", "item", "period", "measure")
_TEXTS = (*KEY, "locator", "found", "expected", "size_unit", "reason", "severity", "verdict")


@dataclass(frozen=True)
class Judged:
    """An edition that is judged; previous: the vintage that it revises, '' where there is none."""

    dataset: str
    vintage: str
    previous: str = ""


Kind = tuple[str, str, str, str]  # verdict, reason, severity ('' = that of the rule), line of the waiver ('' = none)


@dataclass(frozen=True)
class Finding:
    """One thing that is no pass. size: how bad, the larger the worse; severity, size_unit: '' for that of the rule.

    waiver: the line of own/rules.toml on which somebody answers for it, '' where nobody does.
    """

    rule_id: str
    dataset: str
    vintage: str
    verdict: str
    severity: str
    reason: str
    waiver: str = ""
    table_id: str = ""
    geo: str = ""
    partner: str = ""
    flow: str = ""
    item: str = ""
    period: str = ""
    measure: str = ""
    locator: str = ""
    found: str = ""
    expected: str = ""
    size: float = 0.0
    size_unit: str = ""


@dataclass(frozen=True)
class Tally:
    """What one rule found in one edition. counts: kind -> rows; findings: the worst of each kind."""

    rule_id: str
    dataset: str
    vintage: str
    counts: Mapping[Kind, int]
    findings: tuple[Finding, ...]

    def count(self, *verdicts: str) -> int:
        return sum(rows for (verdict, _, _, _), rows in self.counts.items() if verdict in verdicts)

    @property
    def judged(self) -> int:
        return self.count("pass", "fail", "explained")


def judge_rules(
    con: duckdb.DuckDBPyConnection,
    editions: Sequence[Judged],
    *,
    settings: Settings | None = None,
    only: Iterable[str] = (),
) -> list[Tally]:
    """What every SELECT of the catalogue finds in these editions, by rule, dataset and vintage.

    con: has observations, datasets, quarantine and the code lists. settings: what the user settles. only: these rules.
    """
    settled = settings or Settings()
    rules = [rule for rule in load_rules().values() if rule.sql and (not only or rule.id in set(only))]
    tallies: list[Tally] = []
    for judged, asked in _group_by_parameters(rules, editions, settled.parameters):
        prepare(con, judged)
        weighed: dict[str, Rest] = {}
        for rule, values in asked:
            with suppress(duckdb.OutOfMemoryException):  # of one rule: the others, and the run, go on without it
                weighed[rule.id] = weigh(con, rule, values, settled)
        locate(con)
        for rule, values in asked:
            try:
                if rule.id not in weighed:
                    raise duckdb.OutOfMemoryException(rule.id)
                tallies += judge_prepared(con, rule, judged, values, settled, weighed[rule.id])
            except duckdb.OutOfMemoryException:
                kind = ("not_judged", TOO_LARGE, "", "")
                tallies += [Tally(rule.id, edition.dataset, edition.vintage, {kind: 1}, ()) for edition in judged]
    return sorted(tallies, key=lambda tally: (tally.rule_id, tally.dataset, tally.vintage))


def prepare(con: duckdb.DuckDBPyConnection, editions: Sequence[Judged]) -> None:
    """Make what the SELECTs read, of the editions to be judged (catalogue/prepare.sql)."""
    listed = pd.DataFrame(
        [(edition.dataset, edition.vintage, edition.previous) for edition in editions],
        columns=["dataset", "vintage", "previous"], dtype=str,
    )  # fmt: skip
    con.register("listed", listed)
    con.execute("CREATE OR REPLACE TEMP TABLE judged AS SELECT * FROM listed")
    con.unregister("listed")
    for number, form in enumerate(forms := [("narrow", _NO_DIGITS), ("narrow", _DIGITS), ("wide", _DIGITS)], 1):
        try:
            con.execute(_write_preparation(editions, _choose_unit(con) if form[0] == "narrow" else 3, *form))
            return
        except (duckdb.InvalidInputException, duckdb.ConversionException, duckdb.OutOfRangeException):
            if number == len(forms):  # an amount is not of this form, nor of any other
                raise


_DIGITS = "half_digit(printed)"  # the interval of a figure that has none follows from its last digit, ...
_NO_DIGITS = "error('an amount has no interval')"  # ... where there are any: to read the texts of all takes time


def _choose_unit(con: duckdb.DuckDBPyConnection) -> int:
    """The power of ten that, beside its own, makes every figure and every end of its interval a whole number."""
    (digits,) = con.execute(
        """SELECT max(CASE WHEN decimals IS NULL OR qualifier <> '' THEN 9 ELSE decimals END - unit_mult) + 1
           FROM observations SEMI JOIN judged USING (dataset, vintage)
           WHERE measure = 'value' AND flow <> 'N' AND value IS NOT NULL"""
    ).fetchone() or (None,)
    return 3 if digits is None else int(digits)


def _write_preparation(editions: Sequence[Judged], mult: int, whole: str, half: str) -> str:
    judged = "(dataset, vintage) IN (SELECT (dataset, vintage) FROM judged)"
    if len(editions) == 1:  # of one, nothing needs to be joined to each row
        judged = f"dataset = {quote(editions[0].dataset)} AND vintage = {quote(editions[0].vintage)}"
    text = _read_text("catalogue", "prepare.sql")
    for name, value in (("$judged", judged), ("$mult", str(mult)), ("$whole", whole), ("$half", half)):
        text = text.replace(name, value)
    return text


@cache
def _read_text(folder: str, name: str) -> str:
    return files("expectations").joinpath(folder, name).read_text(encoding="utf-8")


def _group_by_parameters(
    rules: Sequence[Rule], editions: Sequence[Judged], changed: Mapping[str, Mapping[str, Mapping[str, Any]]]
) -> list[tuple[list[Judged], list[tuple[Rule, dict[str, Any]]]]]:
    """Editions that are judged together, with the rules and the parameters that hold for all of them."""
    groups: dict[tuple[Judged, ...], list[tuple[Rule, dict[str, Any]]]] = {}
    for rule in rules:
        settled = changed.get(rule.id, {})
        values = [{**settled.get("", {}), **settled.get(edition.dataset, {})} for edition in editions]
        for number, own in enumerate(values):
            if own not in values[:number]:
                judged = tuple(edition for edition, other in zip(editions, values, strict=True) if other == own)
                groups.setdefault(judged, []).append((rule, own))
    return [(list(judged), asked) for judged, asked in groups.items()]


Rest = list[tuple[str, str, str, str, str, int]]  # dataset, vintage, verdict, reason, severity, rows


def weigh(con: duckdb.DuckDBPyConnection, rule: Rule, changed: Mapping[str, Any], settled: Settings) -> Rest:
    """Judge by numbers alone, where the rule does so: what is to be told is left in a table of its own (kept_<id>),
    the rest is counted by kind. Without waivers a kind is known by now, and the worst of it are all that is told."""
    statements, _ = rule.statements(changed)
    for statement in statements:
        con.execute(statement)
    if not rule.weighs:
        return []
    is_plain = not rule.exceptions and not any(waiver.rule == rule.id for waiver in settled.waivers)
    text = _read_text("weighing", "keep.sql")
    given = {"$rule": rule.id, "$worst": str(is_plain), "$least": _LEAST, "$kept": str(KEPT), "$tied": str(TIED)}
    for name, value in given.items():
        text = text.replace(name, value)
    con.execute(text)
    return con.execute("FROM rest").fetchall()


def locate(con: duckdb.DuckDBPyConnection) -> None:
    """Find where what the rules have weighed and are to tell stands: one pass over the edition for all of them."""
    con.execute(_read_text("weighing", "near.sql"))


def judge_prepared(
    con: duckdb.DuckDBPyConnection,
    rule: Rule,
    editions: Sequence[Judged],
    changed: Mapping[str, Any] | None = None,
    settled: Settings | None = None,
    weighed: Rest | None = None,
) -> list[Tally]:
    """What one rule finds in editions that are prepared, and weighed where it does so.

    changed: parameters with another value than its own. weighed: what was counted already.
    """
    settled = settled or Settings()
    _, select = rule.statements(changed)
    found: dict[Edition, tuple[Counter[Kind], list[Finding]]] = {
        (edition.dataset, edition.vintage): (Counter(), []) for edition in editions
    }
    for dataset, vintage, verdict, reason, severity, count in weighed or []:
        found[dataset, vintage][0][verdict, reason, severity, ""] += count
    if rule.weighs:
        con.execute(_read_text("weighing", "tell.sql").replace("$rule", rule.id))
    kept = ", ".join(f"{name}: coalesce({name}, '')" for name in ("locator", *KEY, "found", "expected", "size_unit"))
    # nothing is put together of what passes: its texts are not even looked at
    nothing = ", ".join(f"'' AS {name}" for name in ("dataset", "vintage", *_TEXTS))
    rows = con.execute(
        f"""WITH none AS (SELECT {nothing}, 0.0 AS size, 1 AS cases LIMIT 0), given AS (
                FROM none UNION ALL BY NAME FROM ({select})
            ), named AS (
                SELECT * REPLACE (coalesce(reason, '') AS reason, {_verdict_of(rule)} AS verdict,
                       CASE WHEN {_verdict_of(rule)} = 'fail' THEN coalesce(severity, '') ELSE '' END AS severity)
                FROM given
            ), answered AS (
                SELECT *, {_waiver_of(rule, settled)} AS waiver FROM named
            )
            SELECT dataset, vintage, verdict, reason, severity, waiver, sum(coalesce(cases, 1)),
                   min(CASE WHEN verdict <> 'pass' THEN {{least: {_LEAST}, {kept}}} END, {KEPT})
                       FILTER (verdict <> 'pass')
            FROM answered GROUP BY ALL ORDER BY dataset, vintage, verdict, reason, severity, waiver"""
    ).fetchall()
    for dataset, vintage, verdict, reason, severity, waiver, count, worst in rows:
        counts, findings = found[dataset, vintage]
        counts[verdict, reason, severity, waiver] += int(count)
        for told in worst or ():
            size = abs(told.pop("least"))
            findings.append(Finding(rule.id, dataset, vintage, verdict, severity, reason, waiver, **told, size=size))
    return [Tally(rule.id, *edition, dict(counts), tuple(findings)) for edition, (counts, findings) in found.items()]


_LEAST = "-CASE WHEN isfinite(CAST(size AS DOUBLE)) THEN CAST(size AS DOUBLE) ELSE 0 END"


def _verdict_of(rule: Rule) -> str:
    """The verdict with the known exceptions of the catalogue: what they cover is explained."""
    covered = " OR ".join(
        "(" + " AND ".join(f"{name} = {quote(value)}" for name, value in exception.where) + ")"
        for exception in rule.exceptions
    )
    return f"CASE WHEN verdict = 'fail' AND ({covered}) THEN 'explained' ELSE verdict END" if covered else "verdict"


def _waiver_of(rule: Rule, settled: Settings) -> str:
    """The line of the first waiver that a failing row is named by, '' where it is named by none."""
    own = [waiver for waiver in settled.waivers if waiver.rule == rule.id]
    cases = " ".join(f"WHEN verdict = 'fail' AND {waiver.condition()} THEN '{waiver.line}'" for waiver in own)
    return f"CASE {cases} ELSE '' END" if own else "''"


def build_suite() -> dict[str, Any]:
    """The rules with a SELECT as a suite of Great Expectations: no row of the frame of findings may be theirs."""
    return {
        "name": "catalogue",
        "expectations": [
            {
                "type": "expect_column_values_to_be_null",
                "kwargs": {"column": rule.id},
                "severity": GX_SEVERITIES[rule.severity],
                "meta": {"id": rule.id, "about": rule.about, **rule.words},
            }
            for rule in load_rules().values()
            if rule.sql
        ],
    }


def record(tallies: Sequence[Tally], settings: Settings | None = None) -> list[Outcome]:
    """The outcomes that Great Expectations gives on what was found: pass, fail or not_judged, by edition and rule."""
    settled = settings or Settings()
    ids = [rule.id for rule in load_rules().values() if rule.sql]
    frames: dict[Edition, Frame] = {}
    for edition in dict.fromkeys((tally.dataset, tally.vintage) for tally in tallies):
        own = {tally.rule_id: tally for tally in tallies if (tally.dataset, tally.vintage) == edition}
        failing = [
            {"locator": finding.locator, finding.rule_id: say_finding(finding)}
            for tally in own.values()
            for finding in [f for f in tally.findings if f.verdict == "fail"][:MOST_EXAMPLES]
        ]
        rows = pd.DataFrame(failing or [{"locator": ""}], columns=["locator", *ids]).astype(object)
        checked = {rule_id: own[rule_id].judged if rule_id in own else 0 for rule_id in ids}
        failed = {rule_id: own[rule_id].count("fail") if rule_id in own else 0 for rule_id in ids}
        frames[edition] = Frame(rows.where(rows.notna(), None), checked, failed)
    outcomes = judge_frames(frames, "catalogue")
    known = {(tally.rule_id, tally.dataset, tally.vintage): tally for tally in tallies}
    return [
        _complete(outcome, known[key], settled)
        for outcome in outcomes
        if (key := (outcome.rule_id, outcome.dataset, outcome.vintage)) in known
    ]


def _complete(outcome: Outcome, tally: Tally, settled: Settings) -> Outcome:
    """An outcome with what else the tally knows: what is explained, waived or not judged, and the severity."""
    own = load_rules()[tally.rule_id].severity
    failing = [severity or own for (verdict, _, severity, _) in tally.counts if verdict == "fail"]
    reasons = Counter[tuple[str, str]]()
    for (verdict, reason, _, _), rows in tally.counts.items():
        if verdict in ("explained", "not_judged"):
            reasons[verdict, reason] += rows
    return replace(
        outcome,
        severity=settled.severity_of(tally.rule_id, tally.dataset, find_gravest(failing or [own])),
        waived=sum(rows for (_, _, _, waiver), rows in tally.counts.items() if waiver),
        explained=tally.count("explained"),
        unjudged=tally.count("not_judged"),
        reasons=tuple(f"{verdict}:{reason}:{rows}" for (verdict, reason), rows in sorted(reasons.items())),
        waivers=tuple(sorted({waiver for (_, _, _, waiver) in tally.counts if waiver}, key=int)),
    )


def say_finding(finding: Finding) -> str:
    """A finding in short, in English: what it is about, what was found, what was expected."""
    found, expected = (say_told(finding.rule_id, text, "en") for text in (finding.found, finding.expected))
    about = " ".join(part for part in (finding.geo, finding.flow, finding.item, finding.period) if part)
    return say("finding", "en", about=about, found=found, expected=expected)


def say_told(rule_id: str, text: str, lang: str) -> str:
    """What a SELECT found or expected, in words: through the template that it names; as it is where it names none.

    Nothing is said where a value is unknown, as SQL has it.
    """
    if not text.startswith(_TOLD):
        return text
    told = json.loads(text)
    if None in told.values():
        return ""
    name = told.pop("says")
    templates = load_rules()[rule_id].says or {}
    return templates[name][lang].format(**told) if name in templates else say(name, lang, "told", **told)
