"""The figures of a draft beside the database: do they agree, and where not, with what else do they."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

from transforms.prose.figures import MONEY, Amount
from transforms.prose.published import Candidate, Key, Values, make_key, to_family
from transforms.prose.resolve import Found, Statement

STATUSES: Final = ("contradicts", "another", "agrees", "within_rounding", "possible", "not_in_database", "unresolved")
_POWERS: Final = (-8, -4, -3, -2, -1, 1, 2, 3, 4, 8)
_SAID: Final = 2  # digits that a figure must show before what else has them means anything

Range = tuple[Fraction | None, Fraction | None]


@dataclass(frozen=True)
class Hypothesis:
    """What a figure agrees with when one thing is changed.

    kind: definition, flow, period, unit, sign, currency, or measure (an increase for a multiple and the reverse).
    meant: what it would be: a code, a period, a power of ten.
    """

    kind: str
    meant: str
    candidate: Candidate


@dataclass(frozen=True)
class Verdict:
    """status: one of STATUSES. agreeing, differing: values of the database that it does and does not agree with."""

    found: Found
    status: str
    agreeing: tuple[Candidate, ...] = ()
    differing: tuple[Candidate, ...] = ()
    hypotheses: tuple[Hypothesis, ...] = ()

    @property
    def is_contradiction(self) -> bool:
        """Whether the text says what the database denies: not where all that differs is the definition that the
        text leaves open.
        """
        if self.status == "contradicts":
            return True
        is_open = self.found.statement is not None and not self.found.statement.named
        return self.status == "another" and not (is_open and any(h.kind == "definition" for h in self.hypotheses))


def compare_figure(found: Found, values: Values) -> Verdict:
    """One figure against all values that fit what it states."""
    statement = found.statement
    if statement is None:
        return Verdict(found, "unresolved")
    printed = read_range(found.amount, statement)
    fitting = list(_fit(values.find(make_key(statement)), found.amount))
    marks = [(_judge(printed, candidate), candidate) for candidate in fitting]
    others = tuple(_find_hypotheses(found.amount, statement, printed, values))
    defined = () if statement.named else tuple(h for h in others if h.kind == "definition")
    agreeing = {mark: tuple(c for m, c in marks if m == mark) for mark, _ in marks}
    against = agreeing.get("contradicts", ())
    for status in ("agrees", "within_rounding", "possible"):
        if status in agreeing and not (status == "possible" and defined):
            return Verdict(found, status, agreeing[status], against)
    if defined or not fitting:
        return Verdict(found, "another" if defined else "not_in_database", (), against, defined)
    return Verdict(found, "another" if others else "contradicts", (), against, others)


def read_range(amount: Amount, statement: Statement) -> Range:
    """The interval of a figure in units of one; of a change over a base, of the ratio to it."""
    low, high = amount.interval()
    scale = Fraction(10) ** (amount.unit_mult - (2 if amount.unit in ("PERCENT", "PP") else 0))
    ends = [None if end is None else Fraction(end) * scale for end in (low, high)]
    return to_family(statement.measure, ends[0]), to_family(statement.measure, ends[1])


def _fit(candidates: list[Candidate], amount: Amount) -> Iterator[Candidate]:
    """Those in the currency of the figure."""
    return (c for c in candidates if amount.kind != MONEY or c.unit == amount.unit)


def _judge(printed: Range, candidate: Candidate) -> str:
    low, high = printed
    value = candidate.value
    if value is not None and (low is None or low <= value) and (high is None or value <= high):
        return "agrees"
    apart = (candidate.upper is not None and low is not None and candidate.upper < low) or (
        candidate.lower is not None and high is not None and candidate.lower > high
    )
    if apart:
        return "contradicts"
    if value is not None and (candidate.lower is None or candidate.upper is None):
        return "contradicts"  # a value whose range nobody stated is compared as it stands
    return "possible" if value is None else "within_rounding"


def _find_hypotheses(amount: Amount, s: Statement, printed: Range, values: Values) -> Iterator[Hypothesis]:
    """Each single change with which the figure agrees; none for a figure that fits almost anything."""
    if len(str(abs(amount.value)).replace(".", "").strip("0")) < _SAID or None in printed:
        return
    key = make_key(s)
    for kind, meant, other in _vary(key, s, values):
        for candidate in _fit(values.find(other), amount):
            if _judge(printed, candidate) == "agrees":
                yield Hypothesis(kind, meant, candidate)
                break
    candidates = values.find(key)
    for candidate in candidates:
        if amount.kind == MONEY and candidate.unit != amount.unit and _judge(printed, candidate) == "agrees":
            yield Hypothesis("currency", candidate.unit, candidate)
    if s.measure in ("value", "balance"):
        for power in _POWERS:
            scaled = (printed[0] * Fraction(10) ** power, printed[1] * Fraction(10) ** power)  # type: ignore[operator]
            for candidate in _fit(candidates, amount):
                if _judge(scaled, candidate) == "agrees":
                    yield Hypothesis("unit", str(power), candidate)
                    break
    if s.measure in ("increase", "multiple"):
        step = Fraction(-1) if s.measure == "increase" else Fraction(1)
        moved = (printed[0] + step, printed[1] + step)  # type: ignore[operator]
        for candidate in candidates:
            if _judge(moved, candidate) == "agrees":
                yield Hypothesis("measure", "multiple" if step < 0 else "increase", candidate)
                break
    if s.measure in ("growth", "balance"):
        turned = read_range(_turn(amount), s)
        for candidate in _fit(candidates, amount):
            if _judge(turned, candidate) == "agrees":
                yield Hypothesis("sign", "", candidate)
                break


def _turn(amount: Amount) -> Amount:
    return replace(amount, value=amount.value.copy_negate())


def _vary(key: Key, s: Statement, values: Values) -> Iterator[tuple[str, str, Key]]:
    if s.item.startswith("DEF:"):
        others = sorted({k.item for k in values.by_key if k.item.startswith("DEF:") and k.geo == s.geo} - {s.item})
        yield from (("definition", item, key._replace(item=item)) for item in others)
    if s.flow in "XMT" and s.measure != "balance":
        yield from (("flow", flow, key._replace(flow=flow)) for flow in "XMT" if flow != s.flow)
    if s.period.isdigit():
        for step in (-1, 1, -2, 2):
            period = str(int(s.period) + step)
            base = str(int(s.base_period) + step) if key.base_period else ""
            yield "period", period, key._replace(period=period, base_period=base)
