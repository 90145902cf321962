"""Exact ranges of concentration, and ranges of structural change, over the boxes of the parts' intervals.

Concentration H = sum x^2 / (sum x)^2. With c = sum x^2 / sum x, its derivative in x_i has the sign of x_i - c, and
along any line it falls and then rises. So it is smallest where every part is as near to c as its interval lets it, and
largest where every part is at an end of its interval.

Structural change between shares s (later) and r (earlier) is the largest s_A - r_A over the sets A of parts, A being
the parts that gain. A share of a set is largest with the set at its upper ends and the rest at their lower ones. Its
smallest value is a linear programme in shares, and in the inverse of their totals (Charnes and Cooper, 1962).

Amounts are not negative; an open end is infinity. Called from steps/90_mixes.sql and 91_structures.sql.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import duckdb
import numpy as np
from duckdb.func import FunctionNullHandling

from transforms.indicators.paths import list_known

Interval = tuple[float, float]
Sums = tuple[float, float, float, float]  # of a set of parts: low, high; of the rest: low, high
MOST_NODES = 4000  # of the search for the largest concentration; beyond, the range is wider than it need be
MOST_OPEN = 18  # parts that may gain or lose, of which all sets are tried; beyond, the range is wider than it need be


def smallest_concentration(lows: Sequence[float], highs: Sequence[float]) -> float | None:
    """min of H; None where nothing can be above zero."""
    box = [(low, high) for low, high in zip(lows, highs, strict=True) if high > 0]
    if not box:
        return None
    level = min(high for _, high in box)
    if max(low for low, _ in box) <= level:  # all parts can be equal
        return 1 / len(box)
    # the pull of the parts at their ends falls as the level c rises, and is a straight line between two ends
    turns = sorted({end for interval in box for end in interval if end < math.inf})
    below, above = next((a, b) for a, b in pairwise(turns) if _pull(box, b) <= 0)
    ends = [low for low, _ in box if low >= above] + [high for _, high in box if high <= below]
    level = math.fsum(x * x for x in ends) / math.fsum(ends)
    return _concentration([min(max(level, low), high) for low, high in box])


def _pull(box: Sequence[Interval], level: float) -> float:
    nearest = (min(max(level, low), high) for low, high in box)
    return math.fsum(x * (x - level) for x in nearest)


def _concentration(amounts: Sequence[float]) -> float:
    return math.fsum(x * x for x in amounts) / math.fsum(amounts) ** 2


def largest_concentration(lows: Sequence[float], highs: Sequence[float]) -> float | None:
    """max of H (with an open end its least upper bound, 1); None where nothing can be above zero.

    Branch and bound: parts at one of their ends, the rest bounded by letting x^2 be its chord. Should the nodes run
    out, what is returned is above the largest value, never below it.
    """
    box = [(low, high) for low, high in zip(lows, highs, strict=True) if high > 0]
    if not box:
        return None
    if any(high == math.inf for _, high in box):
        return 1.0
    best = 0.0
    fixed = [low for low, high in box if low == high]
    stack = [(fixed, sorted((i for i in box if i[0] < i[1]), key=sum, reverse=True))]
    for _ in range(MOST_NODES):
        if not stack:
            return best
        at_ends, free = stack.pop()
        reached, bound, split = _relax(at_ends, free)
        best = max(best, reached)
        if bound > best * (1 + 1e-13):
            low, high = free[split]
            rest = free[:split] + free[split + 1 :]
            stack += [([*at_ends, end], rest) for end in (low, high)]
    return min(1.0, max([best, *(_relax(at_ends, free)[1] for at_ends, free in stack)]))


def _relax(at_ends: Sequence[float], free: Sequence[Interval]) -> tuple[float, float, int]:
    """(an H that is reached, a bound of all H, the part to split) with some parts at their ends.

    With x^2 <= (low + high) x - low high, the largest sum of squares for a sum T rises by low + high as one part after
    the other goes up, those with the steepest chord first.
    """
    total = math.fsum(at_ends) + math.fsum(low for low, _ in free)
    squares = math.fsum(x * x for x in at_ends) + math.fsum(low * low for low, _ in free)
    reached = squares / total**2 if total > 0 else 0.0
    bound, split = reached, 0
    for place, (low, high) in enumerate(free):
        slope = low + high
        start = squares - slope * total  # squares = start + slope * total along this step
        if start < 0 and total < -2 * start / slope < total + high - low:
            peak = -slope * slope / (4 * start)
            if peak > bound:
                bound, split = peak, place
        total, squares = total + high - low, squares + high * high - low * low
        here = squares / total**2
        reached = max(reached, here)
        if here > bound:
            bound, split = here, place
    return reached, bound, split


def smallest_change(
    lows: Sequence[float], highs: Sequence[float], base_lows: Sequence[float], base_highs: Sequence[float]
) -> float | None:
    """min of structural change. None: no shares."""
    later, base = _pair(lows, highs), _pair(base_lows, base_highs)
    if not (_can_be_above_zero(later) and _can_be_above_zero(base)):
        return None
    gains, unclear = _find_gains(later, base)
    if unclear:
        return max(0.0, _least_distance(later, base))
    (low, _, _, rest_high), (_, base_high, base_rest_low, _) = _sums(later, gains), _sums(base, gains)
    return max(0.0, _share(low, rest_high) - _share(base_high, base_rest_low))


def _least_distance(later: Sequence[Interval], base: Sequence[Interval]) -> float:
    """Least sum of d_i >= s_i - r_i, d_i >= 0, the shares being amounts within their intervals over their total."""
    from scipy.optimize import linprog  # a fraction of a second that most runs can do without

    n = len(later)
    rows, columns = [], 3 * n + 2  # s, r, d of each part; the inverses of the two totals
    for side, box in enumerate((later, base)):
        size = max(end for interval in box for end in interval if end < math.inf) or 1.0
        for place, (low, high) in enumerate(box):
            for end, sign in ((low, -1.0), (high, 1.0)):
                if end < math.inf:
                    row = [0.0] * columns
                    row[side * n + place], row[3 * n + side] = sign, -sign * end / size
                    rows.append(row)
    for place in range(n):
        row = [0.0] * columns
        row[place], row[n + place], row[2 * n + place] = 1.0, -1.0, -1.0
        rows.append(row)
    ones = [[float(side * n <= place < (side + 1) * n) for place in range(columns)] for side in (0, 1)]
    cost = [0.0] * (2 * n) + [1.0] * n + [0.0, 0.0]
    exactly = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
    found = linprog(cost, rows, [0.0] * len(rows), ones, [1.0, 1.0], method="highs", options=exactly)
    return float(found.fun)


def largest_change(
    lows: Sequence[float], highs: Sequence[float], base_lows: Sequence[float], base_highs: Sequence[float]
) -> float | None:
    """max of structural change. None: no shares.

    Over all sets of parts that can be those that gain. With more than MOST_OPEN of them unclear, above the largest
    value, never below it: one more part adds to the change at most what it can gain by itself.
    """
    later, base = _pair(lows, highs), _pair(base_lows, base_highs)
    if not (_can_be_above_zero(later) and _can_be_above_zero(base)):
        return None
    gains, unclear = _find_gains(later, base)
    tried = [place for place, _ in unclear[:MOST_OPEN]]
    inside, outside = _sum_sets(later, gains, tried, 1, 0)
    base_inside, base_outside = _sum_sets(base, gains, tried, 0, 1)
    most = float((_shares(inside, outside) - _shares(base_inside, base_outside)).max())
    return min(1.0, max(0.0, most) + math.fsum(gain for _, gain in unclear[MOST_OPEN:]))


def _pair(lows: Sequence[float], highs: Sequence[float]) -> list[Interval]:
    return list(zip(lows, highs, strict=True))


def _can_be_above_zero(box: Sequence[Interval]) -> bool:
    return any(high > 0 for _, high in box)


def _share(part: float, rest: float) -> float:
    if part == math.inf:
        return 1.0
    return part / (part + rest) if part > 0 else 0.0


def _find_gains(later: Sequence[Interval], base: Sequence[Interval]) -> tuple[frozenset[int], list[tuple[int, float]]]:
    """The parts that gain for certain; (part, what it can gain at most) of those that may gain or lose, most first."""
    ranges = list(zip(_share_ranges(later), _share_ranges(base), strict=True))
    gains = frozenset(place for place, ((least, _), (_, most)) in enumerate(ranges) if least >= most)
    possible = [(place, most - least) for place, ((_, most), (least, _)) in enumerate(ranges) if place not in gains]
    return gains, sorted((one for one in possible if one[1] > 0), key=lambda one: -one[1])


def _share_ranges(box: Sequence[Interval]) -> list[Interval]:
    ranges = []
    for place, (low, high) in enumerate(box):
        rest = [*box[:place], *box[place + 1 :]]
        rest_low, rest_high = _sum_ends(rest)
        ranges.append((_share(low, rest_high), _share(high, rest_low)))
    return ranges


def _sums(box: Sequence[Interval], set_: frozenset[int]) -> Sums:
    """(low, high) of the set and of the rest."""
    inside = [interval for place, interval in enumerate(box) if place in set_]
    outside = [interval for place, interval in enumerate(box) if place not in set_]
    return *_sum_ends(inside), *_sum_ends(outside)


def _sum_sets(
    box: Sequence[Interval], gains: frozenset[int], tried: Sequence[int], end: int, end_of_rest: int
) -> tuple[np.ndarray, np.ndarray]:
    """For each set, gains with some of those tried: the sum of its parts at one end, of the rest at another."""
    rest = [place for place in range(len(box)) if place not in gains and place not in tried]
    inside, outside = (np.array([math.fsum(box[place][e] for place in places)])
                       for places, e in ((gains, end), (rest, end_of_rest)))  # fmt: skip
    for place in tried:
        inside, outside = (
            np.concatenate([inside, inside + box[place][end]]),
            np.concatenate([outside + box[place][end_of_rest], outside]),
        )
    return inside, outside


def _shares(part: np.ndarray, rest: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.where(part == math.inf, 1.0, np.where(part > 0, part / (part + rest), 0.0))


def _sum_ends(box: Sequence[Interval]) -> Interval:
    return math.fsum(low for low, _ in box), math.fsum(high for _, high in box)


def register(con: duckdb.DuckDBPyConnection) -> None:
    """Give a connection the four functions, over lists of the parts' lower and upper ends."""
    functions: dict[Callable[..., float | None], int] = {
        smallest_concentration: 2, largest_concentration: 2, smallest_change: 4, largest_change: 4,
    }  # fmt: skip
    known = list_known(con, [function.__name__ for function in functions])
    for function, n_lists in functions.items():
        name = function.__name__
        if name not in known:
            lists = ["DOUBLE[]"] * n_lists
            con.create_function(name, function, lists, "DOUBLE", null_handling=FunctionNullHandling.SPECIAL)  # type: ignore[arg-type]
