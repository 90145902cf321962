"""The audit of published figures: can they all be true, what follows from them, what was probably meant.

Figures (figures.py) say something of unknown true values (model.py); blocks of them that hang together (blocks.py) are
searched for contradictions (contradictions.py, proved by exact.py), for values that follow (bounds.py) and for
readings that would take a contradiction away (hypotheses.py). Percentages of a survey are judged by themselves
(surveys.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from transforms.audit.blocks import Block, split_blocks
from transforms.audit.bounds import Derived, derive_bounds
from transforms.audit.budget import Budget
from transforms.audit.contradictions import GRADES, SIZE, Contradiction, Search, find_contradictions
from transforms.audit.figures import Figure, read_figures
from transforms.audit.hypotheses import Hypothesis, find_hypotheses
from transforms.audit.implied import Implied
from transforms.audit.model import Geography, Model, NotJudged, Premise, Quantity, build_model
from transforms.audit.solver import Range
from transforms.audit.surveys import Survey, judge_surveys

__all__ = ["SIZE", "Audit", "Budget", "Contradiction", "Derived", "Figure", "Finding", "Hypothesis", "Outside",
           "Premise", "Quantity", "Survey", "Warning_", "audit_figures", "read_figures"]  # fmt: skip


_ENDLESS = Budget()
Source = tuple[str, str]  # dataset and edition, or a file and ''


@dataclass(frozen=True)
class Finding:
    """A contradiction with its hypotheses, the best first. left: number of a figure -> the range that the others leave
    for it, in units of one."""

    contradiction: Contradiction
    left: dict[int, Range]
    hypotheses: tuple[Hypothesis, ...]


@dataclass(frozen=True)
class Warning_:
    """A pattern that is possible and hardly true. kind: a code AUDIT.WARNING.* of words.csv."""

    kind: str
    premises: tuple[Premise, ...]


@dataclass(frozen=True)
class Outside:
    """The whole that a printed share and level imply, beside what another dataset publishes for it: as information."""

    share: Premise
    level: Premise
    lower: float
    upper: float
    dataset: str
    item: str
    flow: str
    value: Fraction

    @property
    def is_inside(self) -> bool:
        return self.lower <= float(self.value) <= self.upper


@dataclass
class Audit:
    """What was found. complete_to: all contradictions of up to so many figures are among the findings.

    not_reached: stage -> what it did not come to: sets without a proof, contradictions without what the others leave,
    figures without all hypotheses, values without bounds. sources: what was audited, with the number of figures;
    against: what shares and amounts are held against as information.
    """

    model: Model
    findings: list[Finding] = field(default_factory=list)
    derived: list[Derived] = field(default_factory=list)
    surveys: list[Survey] = field(default_factory=list)
    warnings: list[Warning_] = field(default_factory=list)
    outside: list[Outside] = field(default_factory=list)
    not_judged: list[NotJudged] = field(default_factory=list)
    complete_to: int = SIZE
    larger: int = 0
    unproved: int = 0
    not_reached: Counter[str] = field(default_factory=Counter)
    sources: Counter[Source] = field(default_factory=Counter)
    against: list[Source] = field(default_factory=list)

    @property
    def contradictions(self) -> list[Contradiction]:
        return [finding.contradiction for finding in self.findings]

    @property
    def has_contradiction(self) -> bool:
        """Whether figures contradict one another as they stand: one with a qualifier read as bare digits does not
        count.
        """
        return any(c.grade != "soft" for c in self.contradictions) or any(s.impossible for s in self.surveys)


def audit_figures(
    rows: Iterable[Mapping[str, Any]],
    others: Iterable[Mapping[str, Any]] = (),
    *,
    budget: Budget = _ENDLESS,
    with_hypotheses: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> Audit:
    """Audit figures, given as rows with the columns of observations.

    others: levels of other publications, which shares are held against as information. budget: what of the time is
    gone; how far each stage came is said by complete_to and not_reached. progress: called with blocks done and in all.
    """
    figures = read_figures(rows)
    model = build_model(figures)
    found = Audit(model, surveys=judge_surveys(figures), not_judged=model.not_judged)
    judged = {f for s in found.surveys for f in s.figures}
    found.not_judged += [NotJudged(f, "survey") for f in figures if f.basis == "survey" and f not in judged]
    found.sources = Counter((f.dataset, f.vintage) for f in figures)
    blocks = split_blocks(model)
    rates = _list_rates(others := list(others))
    found.against = sorted({(row["dataset"], row["vintage"]) for row in others})
    for done, block in enumerate(sorted(blocks, key=lambda b: len(b.premises)), 1):
        own = budget.take(0.5) if done < len(blocks) else budget  # one block does not take the time of all others
        search = find_contradictions(block, own.take(0.6))
        found.complete_to = min(found.complete_to, search.complete_to)
        found.larger += search.larger
        found.unproved += len(search.unproved)
        found.not_reached["proofs"] += search.unreached
        found.findings += _explain(block, search, rates if with_hypotheses else None, own.take(0.7), found.not_reached)
        derived, missed = derive_bounds(block, search.found, own)
        found.derived += derived
        found.not_reached["derived"] += missed
        if progress:
            progress(done, len(blocks))
    found.findings.sort(key=lambda f: _order(f.contradiction))
    found.derived.sort(key=lambda d: (d.quantity, not d.is_default, len(d.premises)))
    found.warnings = _find_warnings(model)
    found.outside = _hold_outside(model, others)
    return found


def _order(c: Contradiction) -> tuple[int, int, list[int]]:
    return GRADES.index(c.grade), len(c.premises), [p.number for p in c.premises]


def _explain(
    block: Block, search: Search, rates: dict[tuple[str, str, str], Fraction] | None, budget: Budget,
    not_reached: Counter[str],
) -> list[Finding]:  # fmt: skip
    """Contradictions with what the others leave for each figure and, of the small ones, hypotheses."""
    implied = Implied(block)
    telling = budget.take(0.5)
    findings = []
    for c in search.found:  # the smallest first
        asked = [p for p in c.premises if p.kind != "ranks"]
        left = {} if telling.is_over() else {p.number: implied.find_figure(c, p) for p in asked}
        not_reached["implied"] += len(left) < len(asked)
        findings.append(Finding(c, left, ()))
    small = [c for c in search.found if len(c.premises) <= SIZE]
    if not small or rates is None:
        return findings
    readings, missed = find_hypotheses(block, small, implied, rates, budget)
    not_reached["hypotheses"] += missed
    return [replace(f, hypotheses=tuple(readings.get(n, ()))) for n, f in enumerate(findings)]


def _list_rates(others: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str, str], Fraction]:
    """(from, to, period) -> units of to for one unit of from, of rate series among other publications."""
    rates = {}
    for row in others:
        target, _, source = str(row["unit"]).partition("_PER_")
        if source and row["value"]:
            rate = Fraction(row["value"]) * Fraction(10) ** row["unit_mult"]
            rates[(source, target, row["period"])] = rate
            rates[(target, source, row["period"])] = 1 / rate
    return rates


def _find_warnings(model: Model) -> list[Warning_]:
    """A balance that is, within rounding, the total or minus the total: one flow would be nothing, or was not known."""
    totals: dict[Quantity, Premise] = {}
    for p in model.premises:
        if p.kind == "level" and p.figure.flow == "T":
            totals[next(iter(p.over))] = p
    warnings = []
    for p in model.premises:
        if p.kind != "balance":
            continue
        exports = next(q for q, times in p.over.items() if times > 0)
        total = totals.get(exports._replace(flow="T"))
        if total is None:
            continue
        balance, whole = p.figure.interval(True), total.figure.interval(True)
        for kind, sign in (("exports_nothing", -1), ("imports_nothing", 1)):
            low, high = sorted(sign * end for end in balance if end is not None)
            if low <= (whole[1] or high) and high >= (whole[0] or low):
                warnings.append(Warning_(kind, (p, total)))
    return warnings


def _hold_outside(model: Model, others: Sequence[Mapping[str, Any]]) -> list[Outside]:
    """For every share of a nation or the world with its level: levels of that place that other publications print."""
    places = Geography()
    levels = {next(iter(p.over)): p for p in model.premises if p.kind == "level" and p.is_exact}
    known: dict[tuple[str, str, str, str], dict[str, Fraction]] = {}
    for row in others:
        if row["measure"] == "value" and row["partner"] == "W" and row["flow"] in "XM" and row["value"]:
            key = (row["dataset"], row["geo"], row["item"], row["period"])
            value = Fraction(row["value"]) * Fraction(10) ** row["unit_mult"]
            known.setdefault(key, {})[f"{row['flow']}{row['unit']}"] = value
    found = []
    for p in model.premises:
        if p.kind != "share" or p.under is None or not p.is_exact:
            continue
        (part,), (whole,) = p.over, p.under
        level = levels.get(part)
        if level is None or whole.geo == part.geo or whole.geo not in (places.nations.get(part.geo), "W"):
            continue
        (low, high), (least, most) = level.figure.interval(), p.figure.interval()
        if not (low and high and least and most):
            continue
        for (dataset, geo, item, period), flows in sorted(known.items()):
            if (geo, period) != (whole.geo, whole.period) or item.startswith("DEF:") != part.item.startswith("DEF:"):
                continue
            amounts = {flow: flows.get(f"{flow}{part.unit}") for flow in "XM"}
            if amounts["X"] and amounts["M"]:
                amounts["T"] = amounts["X"] + amounts["M"]
            found += [
                Outside(p, level, float(low / most), float(high / least), dataset, item, flow, value)
                for flow, value in amounts.items()
                if value
            ]
    return found
