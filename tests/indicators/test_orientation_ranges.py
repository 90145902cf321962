"""The ranges of openness, export intensity, balance ratios, Grubel-Lloyd and shares without travel, by brute force."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable

import pytest
from indicator_worlds import SIX, Row, cell, compute
from test_indicator_ranges import N_WORLDS, Point, draw, draw_flows, feasible, interval, pair_worlds, reaches

from transforms.codelists import load_codelist

GDP: dict[str, Callable[[float, float, float], float]] = {
    "openness": lambda x, m, y: 100 * (x + m) / y,
    "openness_half": lambda x, m, y: 50 * (x + m) / y,
    "export_intensity": lambda x, m, y: 100 * x / y,
    "balance_ratio_gdp": lambda x, m, y: 100 * (x - m) / y,
}


@pytest.mark.parametrize("indicator", GDP)
def test_over_gross_product(indicator: str) -> None:
    rng = random.Random(20240201)
    worlds = {}
    for n in range(N_WORLDS):
        product = cell(draw(rng, 5, 9)[1], item="NA:GDP", flow="N")
        worlds[f"w{n}"] = [*draw_flows(rng, 0.6, 6, item="GOODS:T"), product]
    results = compute(worlds)
    for name, rows in worlds.items():
        points = [(x, m, y) for x, m in feasible(rows[:-1], 4) for y in interval(rows[-1])]
        reaches(results.one(name, indicator, item="GOODS:T"), [GDP[indicator](*p) for p in points])


@pytest.mark.parametrize("indicator", ["balance_ratio_imports", "grubel_lloyd"])
def test_exports_against_imports(indicator: str) -> None:
    worlds, results = pair_worlds()
    ranged = 0
    for name, rows in worlds.items():
        points = feasible([row for row in rows if row["measure"] == "value"], 400)
        if any(x < 0 or m <= 0 for x, m in points):
            continue
        row = results.one(name, indicator, item="GOODS:T")
        if indicator == "balance_ratio_imports":
            reaches(row, [100 * (x / m - 1) for x, m in points])
        else:  # the best point may lie between those of the grid
            values = [1 - abs(x - m) / (x + m) for x, m in points]
            sides = {x < m for x, m in points}
            reaches(row, [*values, *([1.0] if len(sides) == 2 else [])])
        ranged += 1
    assert ranged > N_WORLDS / 3


def best_ratio(polygons: list[list[Point]], sign: int) -> float:
    """Least (1) or most (-1) of sum 2 min(x, m) / sum (x + m): for a given ratio each item has a best point of its own
    (Dinkelbach), until the ratio does not change any more."""
    ratio = 0.5
    for _ in range(60):
        chosen = [min(p, key=lambda q: sign * (2 * min(q) - ratio * sum(q))) for p in polygons]
        ratio = sum(2 * min(q) for q in chosen) / sum(map(sum, chosen))
    return ratio


def with_kinks(points: list[Point], rows: list[Row]) -> list[Point]:
    """The corners of what X, M and T allow, and where the line of equal flows cuts its edges."""
    boxes = {row["flow"]: interval(row) for row in rows}
    even = [*boxes["X"], *boxes["M"], *(t / 2 for t in boxes.get("T", ()))]
    low = max(boxes["X"][0], boxes["M"][0], boxes.get("T", (0, 0))[0] / 2)
    high = min(boxes["X"][1], boxes["M"][1], boxes.get("T", (99, 99))[1] / 2)
    return points + [(v, v) for v in even if low <= v <= high]


def test_weighted_over_items() -> None:
    rng = random.Random(20240202)
    worlds = {}
    for n in range(N_WORLDS):
        worlds[f"w{n}"] = [row for item in SIX for row in draw_flows(rng, 0.6, rng.choice((1.5, 4.0)), item=item)]
    results, changed = compute(worlds), 0
    for name, rows in worlds.items():
        parts = [[row for row in rows if row["item"].endswith(item)] for item in SIX]
        polygons = [with_kinks(feasible(part, 4), part) for part in parts]
        ends = [best_ratio(polygons, 1), best_ratio(polygons, -1)]
        reaches(results.one(name, "grubel_lloyd_weighted", item="DEF:dds6"), ends)
        changed += sum(any(x > m for x, m in p) and any(x < m for x, m in p) for p in polygons)
    assert changed > N_WORLDS  # items that may lean either way


def test_weighted_over_two_items_by_trying_all_corners() -> None:
    """Without Dinkelbach: every combination of corners of every item."""
    rng = random.Random(20240203)
    nothing = [cell("=0", item=item, flow=flow) for item in ("SF", "SG", "SH", "SK") for flow in ("X", "M")]
    worlds = {
        f"w{n}": [row for item in ("SI", "SJ") for row in draw_flows(rng, 0.6, 3, item=item)] for n in range(N_WORLDS)
    }
    results = compute({name: [*rows, *nothing] for name, rows in worlds.items()})
    for name, rows in worlds.items():
        parts = [[row for row in rows if row["item"].endswith(item)] for item in ("SI", "SJ")]
        polygons = [with_kinks(feasible(part, 4), part) for part in parts]
        values = [2 * (min(p) + min(q)) / (sum(p) + sum(q)) for p, q in itertools.product(*polygons)]
        reaches(results.one(name, "grubel_lloyd_weighted", item="DEF:dds6"), values)


def share_points(part: Row, services: Row, travel: Row, steps: int = 20) -> list[float]:
    def grid(row: Row) -> list[float]:
        low, high = max(interval(row)[0], 0.0), interval(row)[1]
        return [low + (high - low) * n / steps for n in range(steps + 1)]

    return [
        100 * n / (s - t)
        for n, s, t in itertools.product(grid(part), grid(services), grid(travel))
        if n <= s - t + 1e-12 and s - t > 0
    ]


def test_shares_without_travel() -> None:
    rng = random.Random(20240204)
    worlds = {}
    for n in range(N_WORLDS):
        part, travel, rest = (rng.uniform(0.6, 4) for _ in range(3))
        rest = rest if rng.random() < 0.7 else 0.02  # hardly anything else: the part may be all that is left
        worlds[f"w{n}"] = [cell(f"{part:.1f}", item="SI"), cell(f"{part + travel + rest:.1f}", item="S"),
                           cell(f"{travel:.1f}", item="SD")]  # fmt: skip
    results, full = compute(worlds), 0
    for name, (part, services, travel) in worlds.items():
        row = results.one(name, "category_share_without_travel", item="EBOPS2010:SI")
        values = share_points(part, services, travel)
        if not values:
            assert row["contested"]
            continue
        # the grid meets n = S - T only at its points
        touches = interval(part)[1] >= interval(services)[0] - interval(travel)[1]
        reaches(row, [*values, *([100.0] if touches else [])])
        full += touches
    assert 0 < full < N_WORLDS


def test_definitions_with_items_missing_without_travel() -> None:
    """Digitally deliverable services lie between the items at hand and what neither travel nor construction is."""
    rng = random.Random(20240205)
    worlds = {}
    for n in range(30):
        texts = [draw(rng, 0.6, 2, 1)[1] for _ in range(4)]
        worlds[f"w{n}"] = [cell(texts[0], item="SI"), cell(texts[1], item="SD"), cell(texts[2], item="SE"),
                           cell(f"{rng.uniform(9, 12):.1f}", item="S")]  # fmt: skip
    results = compute(worlds)
    for name, rows in worlds.items():
        values = []
        for n, t, o, s in itertools.product(*map(interval, rows)):
            values += [100 * n / (s - t), 100 * (s - t - o) / (s - t)]
        row = results.one(name, "dds_share_without_travel", definition="dds6")
        assert row["value"] is None and row["note"].startswith("only 1 of 6 items published")
        reaches(row, values)


def test_main_items_are_those_of_the_list() -> None:
    """What grubel_lloyd_weighted asks for of all services: SA to SL, SN only where it is reported."""
    main = [
        row["code"]
        for row in load_codelist("items").rows
        if row["parent"] == "EBOPS2010:S" and row["tree"] == "standard"
    ]
    rows = [
        cell(text, item=item, flow=flow)
        for item in main
        if item != "EBOPS2010:SN"
        for flow, text in (("X", "2.0"), ("M", "1.0"))
    ]
    row = compute({"w": rows}).one("w", "grubel_lloyd_weighted", item="EBOPS2010:S")
    assert float(row["value"]) == pytest.approx(2 / 3, abs=1e-9) and row["coverage"] == 1
