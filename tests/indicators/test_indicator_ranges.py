"""lower and upper are the exact range over the box of the inputs' intervals, on X + M = T where T is printed.

Each range is searched by brute force: nothing that the printed figures allow lies outside it, both ends are reached.
Worlds come from a seeded generator and are computed together, each as a dataset of its own.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Iterator
from functools import cache

import pytest
from indicator_worlds import SIX, Results, Row, cell, compute, flows, levels_of, six

Interval = tuple[float, float]
Point = tuple[float, float]
N_WORLDS = 60
RATIOS: dict[str, Callable[[float, float], float]] = {
    "export_orientation": lambda x, m: x / (x + m),
    "trade_competitiveness": lambda x, m: (x - m) / (x + m),
    "export_import_coverage": lambda x, m: x / m if m else math.inf,
    "trade_balance": lambda x, m: x - m,
    "total_trade": lambda x, m: x + m,
}


def interval(row: Row) -> Interval:
    return float(row["lower"]), float(row["upper"])


def at_least_zero(box: Interval) -> Interval:
    """The part of an interval that ratios are about: what is not printed as negative is held not to be."""
    return max(box[0], 0.0), box[1]


def feasible(rows: list[Row], steps: int = 60) -> list[Point]:
    """Pairs (x, m) that X, M and - where printed - T allow: a grid with all corners. Empty when they contradict."""
    boxes = {row["flow"]: interval(row) for row in rows}
    (x_lo, x_hi), (m_lo, m_hi) = boxes["X"], boxes["M"]
    t_lo, t_hi = boxes.get("T", (-math.inf, math.inf))
    xs = {x_lo + (x_hi - x_lo) * n / steps for n in range(steps + 1)} | {x_lo, x_hi}
    xs |= {t - m for t in (t_lo, t_hi) for m in (m_lo, m_hi) if x_lo <= t - m <= x_hi}
    points = []
    for x in xs:
        low, high = max(m_lo, t_lo - x), min(m_hi, t_hi - x)
        if low <= high + 1e-12:
            points += [(x, low), (x, (low + high) / 2), (x, high)]
    return points


def reaches(row: Row, values: list[float], tolerance: float = 1e-8) -> None:
    """All values lie in the row's range, and its ends are among them."""
    scale = max(1.0, abs(min(values)), abs(max(v for v in values if v < math.inf)))
    assert float(row["lower"]) == pytest.approx(min(values), abs=tolerance * scale)
    if max(values) == math.inf:
        assert row["upper"] is None
    else:
        assert float(row["upper"]) == pytest.approx(max(values), abs=tolerance * scale)
    if row["value"] is not None:
        assert row["lower"] <= row["value"] and (row["upper"] is None or row["value"] <= row["upper"])


def draw(rng: random.Random, low: float, high: float, decimals: int | None = None) -> tuple[float, str]:
    """A true figure and how it is printed."""
    true = rng.uniform(low, high)
    return true, f"{true:.{rng.randrange(3) if decimals is None else decimals}f}"


def draw_flows(rng: random.Random, low: float = 0.0, high: float = 6.0, **kwargs: object) -> list[Row]:
    """X and M and mostly T, each rounded to decimals of its own: consistent by construction, coarse on purpose."""
    (x, printed_x), (m, printed_m) = draw(rng, low, high), draw(rng, low, high)
    printed_t = f"{x + m:.{rng.randrange(3)}f}" if rng.random() < 0.75 else None
    return flows(printed_x, printed_m, printed_t, **kwargs)


@cache
def pair_worlds() -> tuple[dict[str, list[Row]], Results]:
    rng = random.Random(20240101)
    worlds = {f"w{n}": draw_flows(rng, item="GOODS:T") for n in range(N_WORLDS)}
    for name in worlds:  # so that the share of exports in their total is asked for
        worlds[name].append(cell("over 0", item="GOODS:T", measure="share", reference="GOODS_TOTAL"))
    return worlds, compute(worlds)


@pytest.mark.parametrize("indicator", RATIOS)
def test_exports_against_imports(indicator: str) -> None:
    worlds, results = pair_worlds()
    ranged = 0
    for name, rows in worlds.items():
        points = feasible([row for row in rows if row["measure"] == "value"])
        row = results.one(name, indicator, item="GOODS:T")
        assert not row["contested"]
        if indicator not in ("trade_balance", "total_trade"):
            points = [(x, m) for x, m in points if x >= 0 and m >= 0 and x + m > 0]
            if row["note"] == "exports and imports are both zero":
                continue
            if any(x < 0 or m < 0 for x, m in feasible([r for r in rows if r["measure"] == "value"])):
                continue  # cut at zero: the next test
        reaches(row, [RATIOS[indicator](x, m) for x, m in points])
        ranged += 1
    assert ranged > N_WORLDS / 2


@pytest.mark.parametrize("indicator", ["export_orientation", "trade_competitiveness", "export_import_coverage"])
def test_intervals_around_zero_are_cut_there(indicator: str) -> None:
    texts = [("0.0", "2.0", None), ("2.0", "0.0", None), ("0.0", "0.3", "0.3"), ("0", "3", "3"), ("1", "0", "1.2")]
    worlds = {f"z{n}": flows(*text) for n, text in enumerate(texts)}
    results = compute(worlds)
    for name, rows in worlds.items():
        # x >= 0 and m >= 0 belong to the box: cut it before the corners are taken
        cut = [r | {"lower": max(r["lower"], 0), "upper": r["upper"]} for r in rows]
        points = [(x, m) for x, m in feasible(cut) if x + m > 0]
        reaches(results.one(name, indicator, item="EBOPS2010:SI"), [RATIOS[indicator](x, m) for x, m in points])


def test_share_of_exports_in_their_own_total() -> None:
    worlds, results = pair_worlds()
    for name, rows in worlds.items():
        found = results.rows(name, "share_of_reference", flow="X")
        points = feasible([row for row in rows if row["measure"] == "value"])
        if any(x < 0 or m < 0 for x, m in points) or not found:
            continue
        reaches(found[0], [100 * x / (x + m) for x, m in points])


def test_growth_of_every_flow() -> None:
    rng = random.Random(20240102)
    worlds = {
        f"g{n}": draw_flows(rng, 1, 5, period="2019") + draw_flows(rng, 1, 5, period="2020") for n in range(N_WORLDS)
    }
    results = compute(worlds)
    for name, rows in worlds.items():
        earlier, later = (feasible([r for r in rows if r["period"] == period]) for period in ("2019", "2020"))
        for flow, side in (("X", lambda p: p[0]), ("M", lambda p: p[1]), ("T", sum)):
            firsts, lasts = {side(p) for p in earlier}, {side(p) for p in later}
            ends = [100 * (b / a - 1) for a in (min(firsts), max(firsts)) for b in (min(lasts), max(lasts))]
            for row in results.rows(name, "growth", flow=flow, item="EBOPS2010:SI"):
                reaches(row, ends)
            for row in results.rows(name, "multiple", flow=flow, item="EBOPS2010:SI"):
                reaches(row, [end / 100 + 1 for end in ends])


def corners(rows: list[Row]) -> Iterator[tuple[float, ...]]:
    yield from itertools.product(*(interval(row) for row in rows))


def test_share_in_a_sum_that_the_category_is_part_of() -> None:
    rng = random.Random(20240103)
    worlds = {f"s{n}": six(" ".join(draw(rng, 0.6, 4)[1] for _ in SIX)) for n in range(30)}
    results = compute(worlds)
    for name, rows in worlds.items():
        for place, item in enumerate(SIX):
            row = results.one(name, "category_share", item=f"EBOPS2010:{item}", reference="DDS6")
            reaches(row, [100 * c[place] / sum(c) for c in corners(rows)])


def test_share_of_exports_of_a_category_in_the_sum_of_all_totals() -> None:
    """SI exports in the total trade of the six items, of which T is printed for some."""
    rng = random.Random(20240104)
    worlds = {}
    for n in range(30):
        world = [row for item in SIX for row in draw_flows(rng, 0.6, 4, item=item)]
        worlds[f"d{n}"] = [*world, cell("over 0", measure="share", reference="DDS6_TOTAL")]
    results = compute(worlds)
    for name, rows in worlds.items():
        row = results.one(name, "share_of_reference", item="EBOPS2010:SI", flow="X")
        points = {i: feasible([r for r in rows if r["item"].endswith(i) and r["measure"] == "value"], 4) for i in SIX}
        sums = {i: [x + m for x, m in points[i]] for i in SIX if i != "SI"}
        rests = (sum(map(min, sums.values())), sum(map(max, sums.values())))
        reaches(row, [100 * x / (x + m + rest) for x, m in points["SI"] for rest in rests])


def test_orientation_of_a_sum_of_items() -> None:
    """The feasible set of the sums is the sum of the items' feasible sets: its corners are sums of corners."""
    rng = random.Random(20240105)
    worlds = {f"o{n}": [row for item in SIX for row in draw_flows(rng, 0.6, 4, item=item)] for n in range(30)}
    results = compute(worlds)
    for name, rows in worlds.items():
        points = {i: feasible([r for r in rows if r["item"].endswith(i)], 4) for i in SIX}
        extremes = []
        for direction in ((1, -1), (-1, 1), (1, 0), (0, 1), (-1, 0), (0, -1), (1, 1), (-1, -1)):
            best = [max(p, key=lambda q: q[0] * direction[0] + q[1] * direction[1]) for p in points.values()]
            extremes.append((sum(x for x, _ in best), sum(m for _, m in best)))
        for indicator, formula in RATIOS.items():
            row = results.one(name, indicator, item="DEF:dds6")
            reaches(row, [formula(x, m) for x, m in extremes])


def test_items_larger_than_all_services_contradict_and_turn_no_range_round() -> None:
    """The publisher prints 0.8 for all services and 8.0 for those outside: no upper end can be made of that."""
    rows = [cell("0.8", item="S"), *(cell("1.0", item=f"S{letter}") for letter in "BCDEFGHIJL")]
    one = compute({"w": rows}).one("w", "dds_share", definition="unctad")
    assert one["value"] is None and one["contested"] is True and one["obs_status"] == "O"
    assert one["lower"] is not None and one["upper"] is not None and one["lower"] <= one["upper"]


def test_dds_share_with_and_without_missing_items() -> None:
    """Missing items are anything from zero to what is left of all services."""
    rng = random.Random(20240106)
    worlds, missing = {}, {}
    for n in range(30):
        kept = [i for i in SIX if rng.random() < 0.8] or ["SI"]
        texts = {item: draw(rng, 0.6, 2)[1] for item in SIX}
        world = six(" ".join(texts[item] if item in kept else "-" for item in SIX))
        travel = [cell(draw(rng, 1, 2, 1)[1], item="SD")] if rng.random() < 0.5 else []
        worlds[f"m{n}"] = [*world, cell(f"{rng.uniform(25, 30):.1f}", item="S"), *travel]
        missing[f"m{n}"] = len(kept) < len(SIX)
    results = compute(worlds)
    for name, rows in worlds.items():
        low, high = map(sum, zip(*(interval(r) for r in rows if r["item"][-2:] in SIX), strict=True))
        services = interval(next(r for r in rows if r["item"] == "EBOPS2010:S"))
        outside = sum(interval(r)[0] for r in rows if r["item"].endswith("SD"))
        ends = [100 * d / s for s in services for d in (low, s - outside if missing[name] else high)]
        reaches(results.one(name, "dds_share", definition="dds6"), ends)


@pytest.mark.parametrize("indicator", ["world_share", "city_share"])
def test_share_of_another_place(indicator: str) -> None:
    rng = random.Random(20240107)
    place, whole = ("CHN", "W") if indicator == "world_share" else ("CN-440100", "CHN")
    worlds = {
        f"p{n}": [cell(draw(rng, 0, 3)[1], geo=place), cell(draw(rng, 5, 9)[1], geo=whole)] for n in range(N_WORLDS)
    }
    results = compute(worlds)
    for name, rows in worlds.items():
        part, total = at_least_zero(interval(rows[0])), interval(rows[1])
        row = results.one(name, indicator, item="EBOPS2010:SI", geo=place)
        reaches(row, [100 * p / t for p in part for t in total])


def average_worlds(seed: int, years: int, count: int) -> tuple[dict[str, list[Row]], Results]:
    rng = random.Random(seed)
    worlds = {}
    for n in range(count):
        decimals = rng.randrange(2)
        texts = [f"{rng.uniform(1, 6):.{decimals}f}" for _ in range(years)]
        worlds[f"a{n}"] = levels_of(*texts, start=2000)
    return worlds, compute(worlds)


@pytest.mark.parametrize(("years", "steps"), [(3, 400), (4, 40)])
def test_mean_of_annual_rates(years: int, steps: int) -> None:
    """The lower end lies at inner points (a taut string), so the grid comes near it from above only."""
    worlds, results = average_worlds(20240108, years, 25)
    for name, rows in worlds.items():
        boxes = [interval(row) for row in rows]
        grids = [[lo + (hi - lo) * n / steps for n in range(steps + 1)] for lo, hi in boxes[1:-1]]
        means = [
            100 * (sum(b / a for a, b in itertools.pairwise(path)) / (years - 1) - 1)
            for inner in itertools.product(*grids)
            for path in ((boxes[0][0], *inner, boxes[-1][1]), (boxes[0][1], *inner, boxes[-1][0]))
        ]
        row = results.one(name, "average_growth_mean", base_period="2000", item="EBOPS2010:SI")
        width = max(means) - min(means)
        assert float(row["upper"]) == pytest.approx(max(means), rel=1e-9)
        assert float(row["lower"]) <= min(means) + 1e-9
        assert float(row["lower"]) == pytest.approx(min(means), abs=2e-3 * width)


@pytest.mark.parametrize("years", [3, 4, 6])
def test_log_linear_and_compound_rate(years: int) -> None:
    """Monotone in every level: the ends lie at corners of the box."""
    worlds, results = average_worlds(20240109 + years, years, 20)
    middle = (years - 1) / 2
    weights = [(n - middle) / sum((k - middle) ** 2 for k in range(years)) for n in range(years)]
    for name, rows in worlds.items():
        slopes = [sum(w * math.log(y) for w, y in zip(weights, c, strict=True)) for c in corners(rows)]
        row = results.one(name, "average_growth_log_linear", base_period="2000", item="EBOPS2010:SI")
        reaches(row, [100 * (math.exp(slope) - 1) for slope in slopes])
        row = results.one(name, "average_growth_compound", base_period="2000", item="EBOPS2010:SI")
        reaches(row, [100 * ((c[-1] / c[0]) ** (1 / (years - 1)) - 1) for c in corners(rows)])


def test_chained_published_rates() -> None:
    rng = random.Random(20240110)
    worlds = {}
    for n in range(30):
        rates = levels_of(*(draw(rng, -100, 60, 1)[1] for _ in range(3)), start=2001, measure="growth")
        worlds[f"c{n}"] = [*rates, cell("1", period="2000"), cell("1", period="2003")]
    results = compute(worlds)
    for name, rows in worlds.items():
        row = results.one(name, "chained_multiple")
        rates = [r for r in rows if r["measure"] == "growth"]
        reaches(row, [math.prod(max(1 + rate / 100, 0) for rate in c) for c in corners(rates)])
