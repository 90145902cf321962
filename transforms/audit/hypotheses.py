"""What was probably meant: one change to one figure that would take a contradiction away, tried one by one.

Each hypothesis puts another reading in the place of a figure of the contradiction. It is kept where the others of the
contradiction can then be true; `restores` says whether it also takes away every other contradiction that the figure is
in, and `fits` whether what belongs to no contradiction can still be true with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from transforms.audit.blocks import Block
from transforms.audit.budget import Budget
from transforms.audit.contradictions import Contradiction
from transforms.audit.figures import Figure
from transforms.audit.implied import Implied
from transforms.audit.model import Premise, Quantity, Terms
from transforms.audit.solver import BlockProgram, End, Range

# In the order in which they are believed, other things being equal.
KINDS = ("multiple", "increase", "mean_of_rates", "unit", "sign", "missing_as_zero", "digit_lost", "digit_doubled",
         "digits_swapped", "currency", "periods", "swapped", "one_way", "two_way", "base")  # fmt: skip
_LOOSE = ("swapped", "one_way", "two_way", "base")  # speak of values that less is known of: easily borne out
_ENDLESS = Budget()
_POWERS = (1, -1, 2, -2, 3, -3, 4, -4)


@dataclass(frozen=True)
class Hypothesis:
    """A reading of a figure: kind, the premise, what the figure would be (printed anew, or '' where it stays)."""

    kind: str
    premise: Premise
    figures: tuple[str, ...]
    resolved: int
    contradictions: int
    fits: bool

    @property
    def restores(self) -> bool:
        """Whether every contradiction that the figure is in goes, and nothing undisputed is against it."""
        return self.fits and self.resolved == self.contradictions


def find_hypotheses(
    block: Block,
    contradictions: Sequence[Contradiction],
    implied: Implied,
    rates: dict[tuple[str, str, str], Fraction] | None = None,
    budget: Budget = _ENDLESS,
) -> tuple[dict[int, list[Hypothesis]], int]:
    """Place of a contradiction -> its hypotheses, the best first; and of how many figures not all were tried in time.

    rates: (from, to, period) -> units of to for one.
    """
    program = BlockProgram(block, as_printed=True)
    disputed = {p.number for c in contradictions for p in c.premises}
    calm = {p.number for p in block.premises if p.number not in disputed and p.is_exact}
    around: dict[int, list[int]] = {}  # number of a figure -> places of the contradictions that it is in
    for place, contradiction in enumerate(contradictions):
        for p in contradiction.premises:
            around.setdefault(p.number, []).append(place)
    tested: dict[int, list[tuple[str, str, set[int], bool]]] = {}
    missed = 0
    for premise in {p.number: p for c in contradictions for p in c.premises}.values():
        found_for = tested.setdefault(premise.number, [])
        for kind, text, other in _list_readings(premise, rates or {}):
            tried = _try(program, implied, contradictions, around[premise.number], premise, other, calm, budget)
            if tried is None:
                missed += 1
                break
            found_for.append((kind, text, *tried))
    answers: dict[int, list[Hypothesis]] = {}
    for place, contradiction in enumerate(contradictions):
        found: dict[tuple[str, int], Hypothesis] = {}
        for premise in contradiction.premises:
            all_ = len(around[premise.number])
            for kind, text, resolved, fits in tested[premise.number]:
                if place not in resolved:
                    continue
                key = (kind, premise.number)
                new = Hypothesis(kind, premise, (text,) if text else (), len(resolved), all_, fits)
                old = found.get(key)
                if old is None or (new.resolved, new.fits) > (old.resolved, old.fits):
                    found[key] = new
                elif (new.resolved, new.fits) == (old.resolved, old.fits):
                    found[key] = replace(old, figures=tuple(dict.fromkeys([*old.figures, *new.figures])))
        answers[place] = sorted(
            found.values(),
            key=lambda h: (
                not h.restores,
                not h.fits,
                h.kind in _LOOSE,
                -h.resolved,
                KINDS.index(h.kind),
                h.premise.number,
            ),
        )
    return answers, missed


def _try(
    program: BlockProgram, implied: Implied, contradictions: Sequence[Contradiction], around: Sequence[int],
    premise: Premise, other: Premise | None, calm: set[int], budget: Budget,
) -> tuple[set[int], bool] | None:  # fmt: skip
    """The contradictions that go with another reading (None: the figure is left out), and whether the calm bear it;
    None where the time is over."""

    def is_resolved(c: Contradiction) -> bool:
        if other is None:  # without one of its figures the others of a contradiction can be true
            return True
        if _is_of_the_same(premise, other):
            return _overlap(implied.find(c, premise, True), other)
        return program.is_possible({p.number for p in c.premises} - {premise.number}, other)

    resolved = set()
    for n in around:
        if budget.is_over():
            return None
        if is_resolved(contradictions[n]):
            resolved.add(n)
    return resolved, bool(resolved) and (other is None or program.is_possible(calm, other))


def _is_of_the_same(premise: Premise, other: Premise) -> bool:
    """Whether another reading speaks of the same values: then what the others leave for them decides."""
    return not premise.extra and other.over == premise.over and other.under == premise.under


def _overlap(left: Range, other: Premise) -> bool:
    low, high = (other.to_ratio(end) for end in other.figure.interval(as_printed=True))
    return _reaches(low, left[1]) and _reaches(left[0], high)


def _reaches(low: End, high: End) -> bool:
    """Whether a lower end is not above an upper one; where one is not exact, but for what a solver cannot tell."""
    if low is None or high is None:
        return True
    is_exact = isinstance(low, Fraction) and isinstance(high, Fraction)
    return low <= high if is_exact else float(low) <= float(high) + 1e-9 * max(abs(float(low)), abs(float(high)))


def _list_readings(
    p: Premise, rates: dict[tuple[str, str, str], Fraction]
) -> Iterator[tuple[str, str, Premise | None]]:
    """(kind, the figure anew, premise) of every reading that is tried; None: the figure says nothing of these
    values.
    """
    f = p.figure
    if p.kind == "ranks":
        return
    if p.kind == "increase":
        yield "multiple", "", replace(p, kind="multiple")
    if p.kind == "multiple":
        yield "increase", "", replace(p, kind="increase")
    if p.kind in ("growth", "balance", "difference"):
        yield "sign", _print(-f.value, f), _with_value(p, -f.value)
    for power in _POWERS:
        if p.kind in ("level", "balance"):
            yield "unit", f"10^{power}", _with_value(p, f.value * Fraction(10) ** power, Fraction(10) ** power)
    yield from _list_flows(p)
    for kind, make in (("digit_lost", _insert), ("digit_doubled", _drop), ("digits_swapped", _swap)):
        for value in make(f):
            yield kind, _print(value, f), _with_value(p, value)
    if p.kind == "balance":
        for q, times in p.over.items():
            yield "missing_as_zero", "", replace(p, over={q: times})
    for (source, target, period), rate in rates.items():
        if p.kind in ("level", "balance") and source != target and f.unit == target and period == f.period:
            # publishers differ in what they take for the rate of a period: within one per cent it is the same
            yield "currency", source, _with_value(p, f.value * rate, rate, abs(f.value * rate) / 100)
    if p.kind == "average_growth":
        for power in (p.power + 1, p.power - 1):
            if power > 0:
                yield "periods", str(power), replace(p, power=power)
        if p.reading:
            yield "mean_of_rates", "", None
    if p.kind in ("growth", "increase", "multiple"):
        yield "base", "", None


def _list_flows(p: Premise) -> Iterator[tuple[str, str, Premise]]:
    """Exports for imports, one way for both and the other way round; of the figure, or of what it is a share of."""
    for kind, pairs in (("swapped", (("X", "M"), ("M", "X"))), ("one_way", (("T", "X"), ("T", "M"))),
                        ("two_way", (("X", "T"), ("M", "T")))):  # fmt: skip
        for old, new in pairs:
            if p.under is None:
                if p.kind == "level" and p.figure.flow == old:
                    yield kind, new, replace(p, over=_turn(p.over, old, new))
            elif p.kind == "share":
                if any(q.flow == old for q in p.over):
                    yield kind, new, replace(p, over=_turn(p.over, old, new))
                if any(q.flow == old for q in p.under):
                    yield kind, f"/{new}", replace(p, under=_turn(p.under, old, new))
            elif p.figure.flow == old:
                yield kind, new, replace(p, over=_turn(p.over, old, new), under=_turn(p.under, old, new))


def _turn(terms: Terms, old: str, new: str) -> Terms:
    turned: dict[Quantity, Fraction] = {}
    for q, times in terms.items():
        other = q._replace(flow=new) if q.flow == old else q
        turned[other] = turned.get(other, Fraction(0)) + times
    return turned


def _with_value(p: Premise, value: Fraction, times: Fraction = Fraction(1), slack: Fraction = Fraction(0)) -> Premise:
    """The premise with another number in the place of the printed one, as exact as that (times: by how much wider, and
    slack besides)."""
    f = p.figure
    half = (f.rounded[1] - f.rounded[0]) / 2 * abs(times) + slack
    span = (value - half, value + half)
    return replace(p, figures=(replace(f, value=value, rounded=span, declared=span),))


def _digits(f: Figure) -> str:
    return "" if f.decimals is None else str(abs(int(f.value * 10**f.decimals))).zfill(f.decimals + 1)


def _change(f: Figure, change: Callable[[str], Iterator[str]]) -> list[Fraction]:
    """Values whose digits are changed, with the printed decimals and sign."""
    digits = _digits(f)
    sign = -1 if f.value < 0 else 1
    found = (Fraction(sign * int(text), 10 ** (f.decimals or 0)) for text in change(digits) if text) if digits else ()
    return [value for value in dict.fromkeys(found) if value != f.value]


def _insert(f: Figure) -> list[Fraction]:
    return _change(f, lambda d: (d[:n] + str(new) + d[n:] for n in range(len(d) + 1) for new in range(10)))


def _drop(f: Figure) -> list[Fraction]:
    """A digit that stands beside its like is taken for one too many."""
    return _change(f, lambda d: (d[:n] + d[n + 1 :] for n in range(len(d) - 1) if d[n] == d[n + 1]))


def _swap(f: Figure) -> list[Fraction]:
    return _change(f, lambda d: (d[:n] + d[n + 1] + d[n] + d[n + 2 :] for n in range(len(d) - 1) if d[n] != d[n + 1]))


def _print(value: Fraction, f: Figure) -> str:
    return f"{Decimal(value.numerator) / Decimal(value.denominator):.{f.decimals or 0}f}"
