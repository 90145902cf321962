"""Ranges of concentration, structural change, shift-share and constant market share, through the SQL, by brute force.

No point of the box lies outside, and the ends are reached. Boxes come from printed figures of a seeded generator.
"""

from __future__ import annotations

import itertools
import random
from functools import cache

import numpy as np
import pytest
from indicator_worlds import SIX, Results, Row, cell, compute, connection

Box = list[tuple[float, float]]
Amounts = tuple[list[float], list[float], list[float], list[float]]  # place and reference, earlier and later
WHOLE = {"item": "DEF:dds6"}
DATES = (("CHN", "2020"), ("CHN", "2021"), ("W", "2020"), ("W", "2021"))


def box_of(rows: list[Row]) -> Box:
    return [(max(0.0, float(row["lower"])), float(row["upper"])) for row in rows]


def inner(rng: random.Random, box: Box) -> list[float]:
    return [rng.choice([low, high, rng.uniform(low, high)]) for low, high in box]


def print_items(rng: random.Random, low: float, high: float, **kwargs: object) -> list[Row]:
    return [cell(f"{rng.uniform(low, high):.{rng.randrange(3)}f}", item=item, **kwargs) for item in SIX]


def test_concentration_of_printed_items() -> None:
    rng = random.Random(1)
    worlds = {f"w{n}": print_items(rng, 0.2, 6) for n in range(40)}
    results = compute(worlds)
    for name, rows in worlds.items():
        row = results.one(name, "hhi", **WHOLE)
        box = box_of(rows)
        corners = [c for c in itertools.product(*box) if sum(c) > 0]
        assert float(row["upper"]) == pytest.approx(max(sum(x * x for x in c) / sum(c) ** 2 for c in corners), abs=1e-9)
        points = [inner(rng, box) for _ in range(200)]
        assert all(sum(x * x for x in p) / sum(p) ** 2 >= float(row["lower"]) - 1e-12 for p in points)
        # the least is where every part is as near as may be to c = sum x^2 / sum x: a fixed point
        point = [sum(end) / 2 for end in box]
        for _ in range(200):
            level = sum(x * x for x in point) / sum(point)
            point = [min(max(level, low), high) for low, high in box]
        assert float(row["lower"]) == pytest.approx(sum(x * x for x in point) / sum(point) ** 2, abs=1e-9)
        effective = results.one(name, "effective_number", **WHOLE)
        assert float(effective["lower"]) == pytest.approx(1 / float(row["upper"]), rel=1e-8)


def test_concentration_with_a_missing_item_holds_whatever_it_is() -> None:
    """The item lies between zero and what all services leave beside the others."""
    rng = random.Random(2)
    worlds = {}
    for n in range(30):
        rows = print_items(rng, 0.2, 6)
        rows[n % 6] |= {"value": None, "lower": None, "upper": None, "obs_status": "Q", "printed": ""}
        known = box_of([r for r in rows if r["value"] is not None])
        services = sum(upper for _, upper in known) + rng.uniform(0, 5)
        worlds[f"w{n}"] = [*rows, cell(f"{services:.1f}", item="S")]
    results = compute(worlds)
    for name, rows in worlds.items():
        row = results.one(name, "hhi", **WHOLE)
        assert row["value"] is None and row["obs_status"] == "Q"
        known = box_of([r for r in rows[:-1] if r["value"] is not None])
        most = float(rows[-1]["upper"])
        for _ in range(300):
            point = inner(rng, known)
            if sum(point) > most:
                continue
            point.append(rng.choice([0, most - sum(point), rng.uniform(0, most - sum(point))]))
            assert float(row["lower"]) - 1e-12 <= sum(x * x for x in point) / sum(point) ** 2 <= float(row["upper"])


def test_structural_change_holds_and_its_upper_end_is_reached() -> None:
    rng = random.Random(3)
    worlds = {
        f"w{n}": [row for period in ("2020", "2021") for row in print_items(rng, 0.2, 6, period=period)]
        for n in range(40)
    }
    results = compute(worlds)
    for name, rows in worlds.items():
        row = results.one(name, "structural_change", **WHOLE)
        earlier, later = box_of(rows[:6]), box_of(rows[6:])
        best = 0.0
        for gaining in itertools.product([0, 1], repeat=6):
            x = [box[1 if gain else 0] for box, gain in zip(later, gaining, strict=True)]
            y = [box[0 if gain else 1] for box, gain in zip(earlier, gaining, strict=True)]
            best = max(best, change(x, y))
        assert float(row["upper"]) == pytest.approx(best, abs=1e-9)
        for _ in range(300):
            assert float(row["lower"]) - 1e-9 <= change(inner(rng, later), inner(rng, earlier))


def change(x: list[float], y: list[float]) -> float:
    return sum(abs(a / sum(x) - b / sum(y)) for a, b in zip(x, y, strict=True)) / 2 if sum(x) and sum(y) else 0.0


def effects(amounts: Amounts, k: int) -> dict[str, float]:
    """The eight effects of part k."""
    x0, x1, r0, r1 = amounts
    g, of_part, of_all = x1[k] / x0[k], r1[k] / r0[k], sum(r1) / sum(r0)
    homothetic = sum(x0) * r0[k] / sum(r0)
    s0, s1, w0, w1 = x0[k] / r0[k], x1[k] / r1[k], r0[k] / sum(r0), r1[k] / sum(r1)
    return {
        "shift_share_national": x0[k] * (of_all - 1),
        "shift_share_mix": x0[k] * (of_part - of_all),
        "shift_share_regional": x0[k] * (g - of_part),
        "shift_share_esteban_homothetic": homothetic * (g - of_part),
        "shift_share_esteban_allocation": (x0[k] - homothetic) * (g - of_part),
        "cms_competitiveness": 100 * (s1 - s0) * w0,
        "cms_structure": 100 * s0 * (w1 - w0),
        "cms_interaction": 100 * (s1 - s0) * (w1 - w0),
    }


EXACT_PARTS = ("shift_share_national", "shift_share_mix", "shift_share_regional", "shift_share_esteban_homothetic",
               "cms_competitiveness", "cms_structure")  # fmt: skip
EFFECTS = (*EXACT_PARTS, "shift_share_esteban_allocation", "cms_interaction")


@cache
def shift_worlds() -> tuple[dict[str, list[Box]], Results, dict[tuple[str, str, str], tuple[float, float]]]:
    """Boxes of each world, the indicators, and the ranges of the parts (of the step that the indicators sum)."""
    rng = random.Random(4)
    worlds, boxes = {}, {}
    for n in range(10):
        dated = [print_items(rng, 1, 6 if geo == "CHN" else 9, geo=geo, period=period) for geo, period in DATES]
        worlds[f"w{n}"], boxes[f"w{n}"] = [row for rows in dated for row in rows], [box_of(rows) for rows in dated]
    results = compute(worlds)
    found = connection().execute(
        "SELECT dataset, effect, member, lower, upper FROM part_effects WHERE item = 'DEF:dds6'"
    ).fetchall()  # fmt: skip
    return (
        boxes,
        results,
        {(world, effect, member[-2:]): (lower, upper) for world, effect, member, lower, upper in found},
    )


def sample(rng: random.Random, boxes: list[Box]) -> Amounts:
    x0, x1, r0, r1 = (inner(rng, box) for box in boxes)
    return x0, x1, r0, r1


def test_ranges_of_effects_hold() -> None:
    """Of each part and of their sum, for points inside and on the corners of the box."""
    boxes, results, parts = shift_worlds()
    rng = random.Random(5)
    for world, box in boxes.items():
        rows = {name: results.one(world, name, period="2021", **WHOLE) for name in EFFECTS}
        for _ in range(200):
            amounts = sample(rng, box)
            by_part = [effects(amounts, k) for k in range(6)]
            for name in EFFECTS:
                for k, item in enumerate(SIX):
                    lower, upper = parts[world, name, item]
                    assert lower - 1e-9 <= by_part[k][name] <= upper + 1e-9, (world, name, item)
                total = sum(part[name] for part in by_part)
                assert float(rows[name]["lower"]) - 1e-9 <= total <= float(rows[name]["upper"]) + 1e-9, (world, name)


def together(box: Box, k: int) -> tuple[tuple[float, float], tuple[float, float]]:
    """The range of part k and that of the others' sum."""
    rest = [interval for place, interval in enumerate(box) if place != k]
    return box[k], (sum(low for low, _ in rest), sum(high for _, high in rest))


@pytest.mark.parametrize("name", EXACT_PARTS)
def test_ranges_of_effects_of_a_part_are_reached(name: str) -> None:
    """Corners of part and others, and between the corners for the reference's earlier part, where a turn may lie."""
    boxes, _, parts = shift_worlds()
    for world, box in list(boxes.items())[:10]:
        for k, item in list(enumerate(SIX))[:3]:
            (x0, x0_rest), (x1, _), (r0, r0_rest), (r1, r1_rest) = (together(b, k) for b in box)
            steps = [r0[0] + (r0[1] - r0[0]) * n / 200 for n in range(201)]
            points = [
                effects(([a, b], [c, 1.0], [d, e], [f, g]), 0)[name]
                for a, b, c, e, f, g in itertools.product(x0, x0_rest, x1, r0_rest, r1, r1_rest)
                for d in steps
            ]
            lower, upper = parts[world, name, item]
            width = max(points) - min(points)
            assert lower == pytest.approx(min(points), abs=1e-3 * width + 1e-12)
            assert upper == pytest.approx(max(points), abs=1e-9 * width + 1e-9)


@pytest.mark.parametrize("name", ["shift_share_national", "shift_share_regional"])
def test_ranges_of_exact_sums_are_reached(name: str) -> None:
    boxes, results, _ = shift_worlds()
    for world, box in boxes.items():
        row = results.one(world, name, period="2021", **WHOLE)
        ends = [([low for low, _ in side], [high for _, high in side]) for side in box]
        corners = list(itertools.product(*ends))
        totals = [sum(effects(corner, k)[name] for k in range(6)) for corner in corners]
        assert float(row["lower"]) == pytest.approx(min(totals), abs=1e-9)
        assert float(row["upper"]) == pytest.approx(max(totals), abs=1e-9)


SEARCHED = tuple(name for name in EFFECTS if name not in ("shift_share_national", "shift_share_regional"))


def add_up(name: str, x0: np.ndarray, x1: np.ndarray, r0: np.ndarray, r1: np.ndarray) -> float:
    """An effect of all parts, by the definition on its card."""
    g, of_part, of_all = x1 / x0, r1 / r0, r1.sum() / r0.sum()
    homothetic = x0.sum() * r0 / r0.sum()
    gained, moved = x1 / r1 - x0 / r0, r1 / r1.sum() - r0 / r0.sum()
    parts = {
        "shift_share_mix": lambda: x0 * (of_part - of_all),
        "shift_share_esteban_homothetic": lambda: homothetic * (g - of_part),
        "shift_share_esteban_allocation": lambda: (x0 - homothetic) * (g - of_part),
        "cms_competitiveness": lambda: 100 * gained * r0 / r0.sum(),
        "cms_structure": lambda: 100 * x0 / r0 * moved,
        "cms_interaction": lambda: 100 * gained * moved,
    }
    return float(parts[name]().sum())


@pytest.mark.parametrize("name", SEARCHED)
def test_ranges_of_searched_sums_are_reached(name: str) -> None:
    """By climbing from corner to corner, and between the ends of one amount after the other."""
    boxes, results, parts = shift_worlds()
    rng = random.Random(6)
    narrower = 0
    for world, box in list(boxes.items())[:5]:
        row = results.one(world, name, period="2021", **WHOLE)
        most, least = (sign * max(sign * climb(rng, box, name, sign) for _ in range(4)) for sign in (1, -1))
        slack = 1e-5 * (most - least)
        assert float(row["lower"]) == pytest.approx(least, abs=slack)
        assert float(row["upper"]) == pytest.approx(most, abs=slack)
        narrower += float(row["upper"]) < sum(parts[world, name, item][1] for item in SIX) - slack
    assert narrower, "the ranges of the parts, summed, are wider"


def climb(rng: random.Random, box: list[Box], name: str, sign: int) -> float:
    """The best point that changing one amount at a time comes to: to an end, or ever nearer to where it stands."""
    point = np.array([[rng.choice(ends) for ends in side] for side in box])
    best, step, better = add_up(name, *point), 0.5, True
    while better or step > 1e-4:
        step, better = step if better else step / 4, False
        for side, k in itertools.product(range(4), range(6)):
            (low, high), here = box[side][k], point[side, k]
            reach = step * (high - low)
            for value in {low, high, max(low, here - reach), min(high, here + reach)} - {here}:
                before, point[side, k] = point[side, k], value
                found = add_up(name, *point)
                if sign * (found - best) > 1e-9:
                    best, better = found, True
                else:
                    point[side, k] = before
    return best
