"""Concentration and structural change over boxes of parts: nothing that the parts allow lies outside the range.

The largest concentration is searched over all corners; the smallest by a fine descent from many starts; the ranges of
structural change over corners, inner points and a linear programme.
"""

from __future__ import annotations

import itertools
import math
import random

import pytest
from scipy.optimize import linprog

from transforms.indicators import mixes
from transforms.indicators.mixes import largest_change, largest_concentration, smallest_change, smallest_concentration

Box = list[tuple[float, float]]
SEEDS = range(60)


def concentration(x: tuple[float, ...] | list[float]) -> float:
    return sum(v * v for v in x) / sum(x) ** 2


def change(x: list[float], y: list[float]) -> float:
    return sum(abs(a / sum(x) - b / sum(y)) for a, b in zip(x, y, strict=True)) / 2


def draw_box(rng: random.Random, n: int) -> Box:
    """Parts as printed: some finely, some coarsely, some only bounded by the whole, some nothing."""
    box = []
    for _ in range(n):
        middle, kind = rng.uniform(0, 8), rng.random()
        half = 0.0 if kind < 0.2 else rng.uniform(0, 0.1) if kind < 0.6 else rng.uniform(0, 4)
        box.append((0.0, 0.0) if kind > 0.95 else (max(0.0, middle - half), middle + half))
    return box if any(high > 0 for _, high in box) else [(1.0, 2.0), *box[1:]]


def ends(box: Box) -> tuple[list[float], list[float]]:
    return [low for low, _ in box], [high for _, high in box]


def inner(rng: random.Random, box: Box) -> list[float]:
    return [rng.choice([low, high, rng.uniform(low, high)]) for low, high in box]


@pytest.mark.parametrize("seed", SEEDS)
def test_largest_concentration_is_the_best_corner(seed: int) -> None:
    rng = random.Random(seed)
    box = draw_box(rng, rng.randrange(1, 11))
    corners = [c for c in itertools.product(*box) if sum(c) > 0]
    found = largest_concentration(*ends(box))
    assert found == pytest.approx(max(map(concentration, corners)), rel=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_smallest_concentration_is_not_passed_and_is_reached(seed: int) -> None:
    rng = random.Random(seed)
    box = draw_box(rng, rng.randrange(1, 11))
    found = smallest_concentration(*ends(box))
    assert found is not None
    for _ in range(300):
        x = inner(rng, box)
        assert sum(x) == 0 or concentration(x) >= found * (1 - 1e-12)
    # the level c at which every part stays as near to it as it may, found by halving
    low, high = 0.0, max(high for _, high in box)
    for _ in range(200):
        level = (low + high) / 2
        x = [min(max(level, a), b) for a, b in box]
        low, high = (level, high) if sum(v * (v - level) for v in x) >= 0 and level > 0 else (low, level)
    assert concentration([min(max(low, a), b) for a, b in box]) == pytest.approx(found, rel=1e-9)


def test_when_the_search_is_cut_short_the_range_is_wider_and_never_narrower(monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in SEEDS:
        rng = random.Random(seed)
        box = draw_box(rng, 9)
        exact = largest_concentration(*ends(box))
        monkeypatch.setattr(mixes, "MOST_NODES", 1)
        cut = largest_concentration(*ends(box))
        monkeypatch.undo()
        assert exact is not None and cut is not None and exact <= cut * (1 + 1e-12) <= 1 + 1e-9


def test_open_ends_and_nothing() -> None:
    assert largest_concentration([1.0, 0.0], [1.0, math.inf]) == 1
    assert smallest_concentration([1.0, 0.0], [1.0, math.inf]) == 0.5
    assert smallest_concentration([4.0, 0.0], [math.inf, 1.0]) == pytest.approx(17 / 25)
    assert smallest_concentration([0.0, 0.0], [0.0, 5.0]) == largest_concentration([0.0, 0.0], [0.0, 5.0]) == 1
    assert smallest_concentration([0.0], [0.0]) is None and largest_concentration([0.0], [0.0]) is None
    assert smallest_change([0.0], [0.0], [1.0], [1.0]) is None and largest_change([0.0], [0.0], [1.0], [1.0]) is None


def least_change(box: Box, base: Box) -> float:
    """The exact smallest change: shares s with t low <= s <= t high, r likewise, as a linear programme."""
    n = len(box)
    cost = [0.0] * (2 * n + 2) + [0.5] * n
    rows, limits = [], []

    def put(**at: float) -> list[float]:
        row = [0.0] * (3 * n + 2)
        for name, value in at.items():
            kind, _, place = name.partition("_")
            row[{"s": 0, "r": n, "t": 2 * n, "u": 2 * n + 1, "d": 2 * n + 2}[kind] + int(place or 0)] = value
        return row

    for k in range(n):
        for part, mult, (low, high) in (("s", "t", box[k]), ("r", "u", base[k])):
            rows += [put(**{f"{part}_{k}": 1, mult: -high}), put(**{f"{part}_{k}": -1, mult: low})]
        for sign in (1, -1):
            rows.append(put(**{f"s_{k}": sign, f"r_{k}": -sign, f"d_{k}": -1}))
    limits = [0.0] * len(rows)
    sums = [put(**{f"{part}_{k}": 1 for k in range(n)}) for part in ("s", "r")]
    solved = linprog(cost, A_ub=rows, b_ub=limits, A_eq=sums, b_eq=[1, 1], bounds=(0, None))
    assert solved.status == 0
    return float(solved.fun)


@pytest.mark.parametrize("seed", SEEDS)
def test_largest_change_is_the_best_pair_of_corners(seed: int) -> None:
    rng = random.Random(seed)
    n = rng.randrange(2, 6)
    box, base = draw_box(rng, n), draw_box(rng, n)
    pairs = itertools.product(*(list(itertools.product(*b)) for b in (box, base)))
    best = max(change(list(x), list(y)) for x, y in pairs if sum(x) > 0 and sum(y) > 0)
    assert largest_change(*ends(box), *ends(base)) == pytest.approx(best, abs=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_smallest_change_is_the_least_that_is_left(seed: int) -> None:
    rng = random.Random(seed)
    n = rng.randrange(2, 9)
    box, base = draw_box(rng, n), draw_box(rng, n)
    found = smallest_change(*ends(box), *ends(base))
    assert found == pytest.approx(least_change(box, base), abs=1e-9)
    for _ in range(200):
        x, y = inner(rng, box), inner(rng, base)
        assert sum(x) == 0 or sum(y) == 0 or change(x, y) >= found - 1e-9


def test_smallest_change_where_it_is_clear_what_gains() -> None:
    """Parts printed finely, moved by more than their rounding: without a linear programme."""
    rng = random.Random(1)
    clear = 0
    for _ in range(80):
        n = rng.randrange(2, 9)
        base = [(v, v * 1.001) for v in (rng.uniform(1, 8) for _ in range(n))]
        box = [(low * f, high * f) for (low, high), f in zip(base, (rng.choice([0.5, 2]) for _ in base), strict=True)]
        clear += not mixes._find_gains(box, base)[1]
        assert smallest_change(*ends(box), *ends(base)) == pytest.approx(least_change(box, base), abs=1e-9)
    assert clear > 40


def test_change_with_open_ends() -> None:
    """Nothing is known of the second part later: all of it may have gone there, or it may be what keeps the mix."""
    assert smallest_change([1.0, 0.0], [1.0, math.inf], [1.0, 3.0], [1.0, 3.0]) == pytest.approx(0, abs=1e-9)
    assert largest_change([1.0, 0.0], [1.0, math.inf], [1.0, 3.0], [1.0, 3.0]) == pytest.approx(0.75)
    assert smallest_change([1.0, 9.0], [1.0, math.inf], [1.0, 3.0], [1.0, 3.0]) == pytest.approx(0.15)
    assert largest_change([1.0, 9.0], [1.0, math.inf], [1.0, 3.0], [1.0, 3.0]) == pytest.approx(0.25)


@pytest.mark.parametrize("n", [12, 14])
def test_largest_change_of_many_unclear_parts(n: int) -> None:
    """All sets of the parts that may gain, one by one."""
    rng = random.Random(n)
    box, base = ([(v - 0.5, v + 0.5) for v in (rng.uniform(1, 3) for _ in range(n))] for _ in range(2))
    best = 0.0
    for gaining in itertools.product((0, 1), repeat=n):
        x = [interval[gain] for interval, gain in zip(box, gaining, strict=True)]
        y = [interval[1 - gain] for interval, gain in zip(base, gaining, strict=True)]
        best = max(best, sum(a for a, gain in zip(x, gaining, strict=True) if gain) / sum(x)
                   - sum(b for b, gain in zip(y, gaining, strict=True) if gain) / sum(y))  # fmt: skip
    assert largest_change(*ends(box), *ends(base)) == pytest.approx(best, abs=1e-12)


def test_more_unclear_parts_than_are_tried_widen_the_range_and_never_narrow_it(monkeypatch: pytest.MonkeyPatch) -> None:
    wider = 0
    for seed in SEEDS:
        rng = random.Random(seed)
        box, base = draw_box(rng, 6), draw_box(rng, 6)
        exact = largest_change(*ends(box), *ends(base))
        monkeypatch.setattr(mixes, "MOST_OPEN", 2)
        cut = largest_change(*ends(box), *ends(base))
        monkeypatch.undo()
        assert exact is not None and cut is not None and exact <= cut + 1e-12 <= 1 + 1e-9
        wider += cut > exact + 1e-9
    assert wider
