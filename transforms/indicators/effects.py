"""Exact ranges of the effects of shift-share and constant market share over the boxes of the parts' intervals.

A place x beside its reference r, part by part at two dates, 0 and 1. The six effects whose parts share the sum of the
place or of the reference have no closed form for their ends, so these are searched: branch and bound, in which

- an amount in which the effect only rises (falls) over a box stands at its upper (lower) end;
- an amount in which the effect has no peak between its ends is split into its two ends, any other is halved;
- no point of a box is above what the interval arithmetic of the effect, or of its slopes from the centre, allows.

Every end is given to TOLERANCE of the width of the range, outward. Method: Moore, Kearfott and Cloud, Introduction to
Interval Analysis (2009), chapters 6 and 11. Called from steps/92_shifts.sql.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Sequence
from typing import Any, Final

import duckdb
import numpy as np
from duckdb.func import FunctionNullHandling

from transforms.indicators.paths import list_known

TOLERANCE: Final = 1e-9  # of the width of the range
MOST_NODES = 3000  # boxes looked at; beyond, the end is wider than it need be, and said to be
_OPEN: Final = 1e9  # stands for an open end of x1, in which all effects are linear, beside amounts whose largest is 1
_ENDLESS: Final = 1e5  # an effect above this, beside such amounts, is given no end
X0, X1, R0, R1 = range(4)


class Interval:
    """Arrays of intervals with the arithmetic of the effects; a plain array is an interval of one point."""

    __array_ufunc__ = None  # numpy leaves mixed operations to this class

    def __init__(self, low: Any, high: Any) -> None:
        self.low, self.high = low, high

    def __add__(self, other: Any) -> Interval:
        low, high = _ends(other)
        return Interval(self.low + low, self.high + high)

    def __sub__(self, other: Any) -> Interval:
        low, high = _ends(other)
        return Interval(self.low - high, self.high - low)

    def __rsub__(self, other: Any) -> Interval:
        return Interval(other - self.high, other - self.low)

    def __mul__(self, other: Any) -> Interval:
        low, high = _ends(other)
        return _span(self.low * low, self.low * high, self.high * low, self.high * high)

    def __truediv__(self, other: Any) -> Interval:
        """By what is above zero."""
        low, high = _ends(other)
        return _span(self.low / low, self.low / high, self.high / low, self.high / high)

    def __rtruediv__(self, other: Any) -> Interval:
        return Interval(other / self.high, other / self.low)

    def __neg__(self) -> Interval:
        return Interval(-self.high, -self.low)

    def sum(self) -> Interval:
        return Interval(self.low.sum(), self.high.sum())

    __radd__ = __add__
    __rmul__ = __mul__


def _ends(other: Any) -> tuple[Any, Any]:
    return (other.low, other.high) if isinstance(other, Interval) else (other, other)


def _span(*products: Any) -> Interval:
    return Interval(
        np.minimum(np.minimum(products[0], products[1]), np.minimum(products[2], products[3])),
        np.maximum(np.maximum(products[0], products[1]), np.maximum(products[2], products[3])),
    )


# Each effect and its slopes in x0, x1, r0 and r1, for arrays and for intervals alike. Written so that an amount stands
# in few places: an interval is wider than what it has to hold where one stands in several.
Formula = Callable[[Any, Any, Any, Any], Any]
Slopes = Callable[[Any, Any, Any, Any], tuple[Any, Any, Any, Any]]


def _others(x: Any) -> Any:
    """For each part the sum of the other parts."""
    if isinstance(x, Interval):
        return Interval(_others(x.low), _others(x.high))
    return (1 - np.eye(len(x))) @ x


def _weights(x: Any) -> Any:
    return 1 / (1 + _others(x) / x)


def _beyond(x: Any, weights: Any) -> Any:
    """By how much each part is above the weighted mean of all."""
    return x * (1 - weights) - _others(x * weights)


def _structure(x0: Any, x1: Any, r0: Any, r1: Any) -> Any:
    return (x0 / r0 * (_weights(r1) - _weights(r0))).sum()


def _structure_slopes(x0: Any, x1: Any, r0: Any, r1: Any) -> tuple[Any, Any, Any, Any]:
    share, w0, w1 = x0 / r0, _weights(r0), _weights(r1)
    gain = (w1 - w0) / r0
    return gain, 0 * x1, -(share * gain) - _beyond(share, w0) / r0.sum(), _beyond(share, w1) / r1.sum()


def _mix(x0: Any, x1: Any, r0: Any, r1: Any) -> Any:
    return r1.sum() * _structure(x0, x1, r0, r1)


def _mix_slopes(x0: Any, x1: Any, r0: Any, r1: Any) -> tuple[Any, Any, Any, Any]:
    by_x0, _, by_r0, _ = _structure_slopes(x0, x1, r0, r1)
    return r1.sum() * by_x0, 0 * x1, r1.sum() * by_r0, _beyond(x0 / r0, _weights(r0))


def _competitiveness(x0: Any, x1: Any, r0: Any, r1: Any) -> Any:
    return ((x1 / r1 - x0 / r0) * _weights(r0)).sum()


def _competitiveness_slopes(x0: Any, x1: Any, r0: Any, r1: Any) -> tuple[Any, Any, Any, Any]:
    w0, share = _weights(r0), x1 / r1
    gained = _competitiveness(x0, x1, r0, r1)
    return 0 * x0 - 1 / r0.sum(), w0 / r1, (share - gained) / r0.sum(), -(share / r1 * w0)


def _interaction(x0: Any, x1: Any, r0: Any, r1: Any) -> Any:
    return ((x1 / r1 - x0 / r0) * (_weights(r1) - _weights(r0))).sum()


def _interaction_slopes(x0: Any, x1: Any, r0: Any, r1: Any) -> tuple[Any, Any, Any, Any]:
    w0, w1 = _weights(r0), _weights(r1)
    gained, moved = x1 / r1 - x0 / r0, w1 - w0
    return (
        -(moved / r0), moved / r1,
        x0 / r0 * moved / r0 - _beyond(gained, w0) / r0.sum(), _beyond(gained, w1) / r1.sum() - x1 / r1 * moved / r1,
    )  # fmt: skip


def _homothetic(x0: Any, x1: Any, r0: Any, r1: Any) -> Any:
    return x0.sum() * ((x1 / x0 - r1 / r0) * _weights(r0)).sum()


def _homothetic_slopes(x0: Any, x1: Any, r0: Any, r1: Any) -> tuple[Any, Any, Any, Any]:
    w0, whole = _weights(r0), x0.sum() / r0.sum()
    gained = ((x1 / x0 - r1 / r0) * w0).sum()
    return gained - x0.sum() * w0 * (x1 / x0) / x0, whole * (r0 / x0), whole * (x1 / x0 - gained), 0 * r1 - whole


def _allocation(x0: Any, x1: Any, r0: Any, r1: Any) -> Any:
    return x0.sum() * ((x1 / x0 - r1 / r0) * (_weights(x0) - _weights(r0))).sum()


def _allocation_slopes(x0: Any, x1: Any, r0: Any, r1: Any) -> tuple[Any, Any, Any, Any]:
    w0, growth, of_reference = _weights(r0), x1 / x0, r1 / r0
    more = x0.sum() * (_weights(x0) - w0)
    beyond = _beyond(growth - of_reference, w0)
    return (
        beyond - growth * more / x0, more / x0,
        of_reference * more / r0 - x0.sum() / r0.sum() * beyond, -(more / r0),
    )  # fmt: skip


# effect: its formula, its slopes, what it divides by, and the amounts with no peak (the effect as such; turned around)
EFFECTS: Final[dict[str, tuple[Formula, Slopes, frozenset[int], frozenset[int], frozenset[int]]]] = {
    "shift_share_mix": (_mix, _mix_slopes, frozenset({R0}), frozenset({X0, R0, R1}), frozenset({X0, R1})),
    "shift_share_esteban_homothetic":
        (_homothetic, _homothetic_slopes, frozenset({X0}), frozenset({X0, X1, R0, R1}), frozenset({X1, R0, R1})),
    "shift_share_esteban_allocation":
        (_allocation, _allocation_slopes, frozenset({X0, R0}), frozenset({X1, R1}), frozenset({X0, X1, R0, R1})),
    "cms_competitiveness":
        (_competitiveness, _competitiveness_slopes, frozenset({R1}), frozenset({X0, X1, R0, R1}),
         frozenset({X0, X1, R0, R1})),
    "cms_structure":
        (_structure, _structure_slopes, frozenset({R0}), frozenset({X0, R0, R1}), frozenset({X0, R1})),
    "cms_interaction":
        (_interaction, _interaction_slopes, frozenset({R0, R1}), frozenset({X0, X1}), frozenset({X0, X1, R0, R1})),
}  # fmt: skip


def search_effect(
    effect: str, lows: Sequence[Sequence[float]], highs: Sequence[Sequence[float | None]]
) -> list[float | None]:
    """[lower, upper, 1 where both are exact else 0]; None: no end. lows, highs: x0, x1, r0 and r1 by part, None: open.

    Amounts are not negative. Constant market share is given as a fraction, for amounts of one power of ten.
    """
    low = np.array(lows, dtype=float)
    high = np.array([[np.inf if end is None else end for end in row] for row in highs], dtype=float)
    is_something = high.max(axis=0) > 0
    low, high = low[:, is_something], high[:, is_something]
    formula, slopes, divisors, ends_up, ends_down = EFFECTS[effect]
    if not low.size or any((high[row] == 0).any() for row in divisors):
        return [None, None, 1]
    # an item of the reference, or one that is divided by, may be next to nothing, or has no end: not searched
    if (low[sorted({R0, R1, *divisors})] <= 0).any() or not np.isfinite(high[[X0, R0, R1]]).all():
        return [None, None, 0]
    limit = _ENDLESS if np.isinf(high).any() else np.inf
    known = np.concatenate([low, np.where(np.isfinite(high), high, 0)], axis=1)
    sizes = np.repeat([max(known[X0].max(), known[X1].max()), max(known[R0].max(), known[R1].max())], 2)[:, None]
    sizes = np.where(sizes > 0, sizes, 1)
    low, high = low / sizes, np.where(np.isfinite(high), high / sizes, _OPEN)
    size = float(sizes[X0, 0] if effect.startswith("shift") else sizes[X0, 0] / sizes[R0, 0])
    with np.errstate(all="ignore"):
        most, is_found = _search(formula, slopes, ends_up, low, high, limit)
        least, is_found_too = _search(
            lambda *x: -formula(*x), lambda *x: [-s for s in slopes(*x)], ends_down, low, high, limit
        )
    ends = [end * size if abs(end) < limit else None for end in (-least, most)]
    return [*ends, float(is_found and is_found_too)]


def _search(
    formula: Any, slopes: Any, ends_only: frozenset[int], low: Any, high: Any, limit: float
) -> tuple[float, bool]:
    """The largest value over the box, and whether it was found within MOST_NODES (else what is given is above it).

    A value above the limit is as good as none: the search ends there.
    """
    best, order = -np.inf, itertools.count()
    whole = formula(*map(Interval, low, high))
    slack, passed = TOLERANCE * min(float(whole.high - whole.low), 1.0), -np.inf  # passed: bounds of boxes left behind
    heap: list[tuple[float, int, Any, Any]] = [(-float(whole.high), next(order), low, high)]
    for _ in range(MOST_NODES):
        if not heap or -heap[0][0] <= best + slack or best >= limit:
            break
        bound, _, low, high = heapq.heappop(heap)
        low, high, slope = _settle(slopes, low, high)
        middle = np.where((low > 0) & (high > 16 * low), np.sqrt(low * high), (low + high) / 2)
        # the point from which the slopes allow the least (Baumann 1988)
        centre = (slope.high * high - slope.low * low) / (slope.high - slope.low)
        centre = np.where(np.isfinite(centre), np.clip(centre, low, high), middle)
        rise = np.maximum(slope.high * (high - centre), slope.low * (low - centre))
        at_centre = float(formula(*centre))
        best = max(best, at_centre, float(formula(*np.where(np.asarray(slopes(*centre)) > 0, high, low))))
        if (low == high).all():
            continue
        above = np.nanmin([-bound, at_centre + float(rise.sum()), float(formula(*map(Interval, low, high)).high)])
        if above <= best + slack:
            passed = max(passed, float(above))
            continue
        worth = np.where(high > low, np.nan_to_num(rise, nan=_OPEN, posinf=_OPEN), -1)
        row, part = np.unravel_index(np.argmax(worth), worth.shape)
        first, second = (low.copy(), high.copy()), (low.copy(), high.copy())
        if row in ends_only:
            first[1][row, part], second[0][row, part] = low[row, part], high[row, part]
        else:
            first[1][row, part] = second[0][row, part] = middle[row, part]
        for half in (first, second):
            heapq.heappush(heap, (-float(above), next(order), *half))
    left = max(passed, -heap[0][0] if heap else -np.inf)
    return max(best, left), left <= best + slack or best >= limit


def _settle(slopes: Any, low: Any, high: Any) -> tuple[Any, Any, Interval]:
    """The box with what only rises at its upper ends and what only falls at its lower ones; the slopes over it."""
    while True:
        found = slopes(*map(Interval, low, high))
        slope = Interval(np.array([s.low for s in found]), np.array([s.high for s in found]))
        rises, falls = (slope.low >= 0) & (low < high), (slope.high <= 0) & (low < high)
        if not (rises | falls).any():
            return low, high, slope
        low, high = np.where(rises, high, low), np.where(falls & ~rises, low, high)


def register(con: duckdb.DuckDBPyConnection) -> None:
    """Give a connection search_effect(effect, lows, highs), over lists of four lists of ends."""
    if "search_effect" not in list_known(con, ["search_effect"]):
        con.create_function("search_effect", search_effect, ["VARCHAR", "DOUBLE[][]", "DOUBLE[][]"], "DOUBLE[]",
                            null_handling=FunctionNullHandling.SPECIAL)  # fmt: skip
