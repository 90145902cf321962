"""Search of a formula over the box of the printed intervals, to hold the ranges of indicators against."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence

import pytest
from indicator_worlds import Row

Interval = tuple[float, float]
Formula = Callable[[Sequence[float]], float]


def interval(row: Row) -> Interval:
    """What a printed figure may be: what is not printed as negative is held not to be negative."""
    low, high = float(row["lower"]), float(row["upper"])
    return (low if row["value"] < 0 else max(low, 0.0)), high


def search(boxes: Sequence[Interval], formula: Formula, rng: random.Random, steps: int = 0) -> tuple[float, float]:
    """The least and the most of a formula over a box: all corners (a grid with steps) and random inner points."""
    axes = [[lo + (hi - lo) * n / (steps + 1) for n in range(steps + 1)] + [hi] for lo, hi in boxes]
    inner = ([rng.uniform(lo, hi) for lo, hi in boxes] for _ in range(200))
    found = [formula(point) for point in itertools.chain(itertools.product(*axes), inner)]
    return min(found), max(found)


def holds(row: Row, found: tuple[float, float], *, tightness: float = 1e-9) -> None:
    """Nothing found lies outside the row's range, and its ends are reached (up to tightness)."""
    scale = max(1.0, *map(abs, found))
    assert float(row["lower"]) <= found[0] + 1e-9 * scale
    assert float(row["upper"]) >= found[1] - 1e-9 * scale
    assert float(row["lower"]) == pytest.approx(found[0], abs=tightness * scale)
    assert float(row["upper"]) == pytest.approx(found[1], abs=tightness * scale)
    assert row["lower"] <= row["value"] <= row["upper"]


def draw(rng: random.Random, low: float, high: float) -> str:
    return f"{rng.uniform(low, high):.{rng.randrange(1, 3)}f}"
