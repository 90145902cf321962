"""The ranges of RCA, NRCA and the location quotient, searched over all corners and edges of what is printed.

Of a place and a reference place four figures are free: a the part in the place, b the rest of the place, i the part in
the reference, e the rest of the reference. Every printed interval and every relation (the place is in the reference) is
a half-space; where they meet is a polytope. RCA and NRCA have their optimum on an edge of it, not always at a corner.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable

import numpy as np
import pytest
from indicator_worlds import Results, Row, cell, compute

Vector = np.ndarray
N_WORLDS = 60


def rca(p: Vector) -> Vector:
    a, b, i, e = p
    with np.errstate(divide="ignore", invalid="ignore"):
        return a / (a + b) * ((i + e) / i)


def nrca(p: Vector) -> Vector:
    a, b, i, e = p
    return 1e4 * (a * e - i * b) / (i + e) ** 2


def half_spaces(rows: list[Row], *, sums: bool, inside: bool = True) -> list[tuple[tuple[int, ...], float]]:
    """(n, c) with n . (a, b, i, e) <= c, from the rows of a, whole or rest, i, whole or rest."""
    sides = [((1, 0, 0, 0), rows[0]), ((0, 1, 0, 0) if sums else (1, 1, 0, 0), rows[1]),
             ((0, 0, 1, 0), rows[2]), ((0, 0, 0, 1) if sums else (0, 0, 1, 1), rows[3])]  # fmt: skip
    spaces = []
    for normal, row in sides:
        spaces += [(normal, float(row["upper"])), (tuple(-n for n in normal), -float(row["lower"]))]
    spaces += [(tuple(-int(k == n) for k in range(4)), 0.0) for n in range(4)]
    return spaces + ([((1, 0, -1, 0), 0.0), ((0, 1, 0, -1), 0.0)] if inside else [])


def find_corners(spaces: list[tuple[tuple[int, ...], float]]) -> Vector:
    normals, ends = np.array([n for n, _ in spaces], float), np.array([c for _, c in spaces])
    chosen = np.array(list(itertools.combinations(range(len(spaces)), 4)))
    systems = normals[chosen]
    solvable = np.abs(np.linalg.det(systems)) > 0.5  # whole numbers
    points = np.linalg.solve(systems[solvable], ends[chosen[solvable]][..., None])[..., 0]
    points = points[(points @ normals.T <= ends + 1e-9).all(axis=1)]
    return np.unique(np.round(points, 9), axis=0)


def search(formula: Callable[[Vector], Vector], corners: Vector) -> tuple[float, float]:
    """Least and most on all segments between corners, each of them searched ever more finely around its best point."""
    first, second = (corners[list(k)] for k in zip(*itertools.product(range(len(corners)), repeat=2), strict=True))
    ends = []
    for sign in (1, -1):
        low, high = np.zeros(len(first)), np.ones(len(first))
        for _ in range(12):
            steps = low + (high - low) * np.linspace(0, 1, 21)[:, None]
            values = sign * formula(np.moveaxis(first + (second - first) * steps[..., None], -1, 0))
            values = np.where(np.isnan(values), np.inf, values)
            best = steps[values.argmin(axis=0), np.arange(len(first))]
            width = (high - low) / 20
            low, high = np.maximum(best - width, 0), np.minimum(best + width, 1)
        ends.append(sign * values.min())
    return ends[0], ends[1]


def draw(rng: random.Random, *, high: float) -> list[str]:
    """a, a + b, i, i + e and b, e as printed: coarse, and the place a large part of the world or a small one."""
    a, b, c, d = (rng.uniform(0.3, high) for _ in range(4))
    if rng.random() < 0.5:
        c, d = c * rng.random(), d * rng.random()
    else:
        c, d = c * rng.choice((1, 5)), d * rng.choice((1, 20))
    return [f"{v:.{rng.randrange(2)}f}" for v in (a, a + b, a + c, a + b + c + d, b, b + d)]


def of_services(printed: list[str]) -> list[Row]:
    return [cell(printed[0], item="SI"), cell(printed[1], item="S"), cell(printed[2], item="SI", geo="W"),
            cell(printed[3], item="S", geo="W")]  # fmt: skip


def reaches(row: Row, ends: tuple[float, float]) -> None:
    scale = max(1.0, *map(abs, ends))
    assert float(row["lower"]) == pytest.approx(ends[0], abs=1e-7 * scale), row
    assert float(row["upper"]) == pytest.approx(ends[1], abs=1e-7 * scale), row
    assert row["lower"] <= row["value"] <= row["upper"]


def check(results: Results, name: str, rows: list[Row], reference: str, *, sums: bool) -> bool:
    corners = find_corners(half_spaces(rows, sums=sums))
    wanted = {"item": "EBOPS2010:SI", "geo": "CHN", "reference": reference}
    row = results.one(name, "rca", **wanted)
    assert row["contested"] is (len(corners) == 0)
    if len(corners) == 0 or row["value"] is None:
        return False
    reaches(row, search(rca, corners))
    world_may_be_nothing = all(row["lower"] <= 0 for row in rows[2:])
    if world_may_be_nothing:
        assert results.one(name, "nrca", **wanted)["lower"] is None
    else:
        reaches(results.one(name, "nrca", **wanted), search(nrca, corners))
    lower, upper = (float((row[end] - 1) / (row[end] + 1)) for end in ("lower", "upper"))
    reaches(results.one(name, "rsca", **wanted), (lower, upper))
    return True


@pytest.mark.parametrize("high", [1.5, 6.0])
def test_within_services(high: float) -> None:
    rng = random.Random(int(high))
    worlds = {f"w{n}": of_services(draw(rng, high=high)) for n in range(N_WORLDS)}
    results = compute(worlds)
    assert sum(check(results, name, rows, "RCA_SERVICES", sums=False) for name, rows in worlds.items()) > N_WORLDS / 2


@pytest.mark.parametrize("high", [1.5, 6.0])
def test_within_a_definition_that_is_a_sum_of_its_items(high: float) -> None:
    rng = random.Random(100 + int(high))
    worlds, boxes = {}, {}
    for n in range(N_WORLDS):
        printed = draw(rng, high=high)
        boxes[f"w{n}"] = [cell(printed[0], item="SI"), cell(printed[4], item="SJ"),
                          cell(printed[2], item="SI", geo="W"), cell(printed[5], item="SJ", geo="W")]  # fmt: skip
        nothing = [cell("=0", item=item, geo=geo) for item in ("SF", "SG", "SH", "SK") for geo in ("CHN", "W")]
        worlds[f"w{n}"] = [*boxes[f"w{n}"], *nothing]
    results = compute(worlds)
    assert sum(check(results, name, rows, "RCA_DDS6", sums=True) for name, rows in boxes.items()) > N_WORLDS / 2


def test_a_nation_of_another_edition_holds_the_place_in_no_relation() -> None:
    rng = random.Random(3)
    worlds, families, rows_of = {}, {}, {}
    for n in range(N_WORLDS):
        rows = of_services(draw(rng, high=3))
        places = [row | {"geo": geo, "period": str(1900 + n)} for row, geo in
                  zip(rows, ("CN-440100", "CN-440100", "CHN", "CHN"), strict=True)]  # fmt: skip
        worlds |= {f"place{n}": places[:2], f"nation{n}": places[2:]}
        families |= {f"place{n}": f"f{n}", f"nation{n}": f"f{n}"}
        rows_of[n] = places
    results, ranged = compute(worlds, families), 0
    for n, rows in rows_of.items():
        corners = find_corners(half_spaces(rows, sums=False, inside=False))
        row = results.one(f"place{n}", "location_quotient", reference="LQ_SERVICES", item="EBOPS2010:SI")
        if row["value"] is None or row["upper"] is None:
            continue
        reaches(row, search(rca, corners))
        ranged += 1
    assert ranged > N_WORLDS / 2


def test_inner_points_lie_inside() -> None:
    """Random figures inside the printed intervals that fulfil the relations."""
    rng = random.Random(4)
    worlds = {f"w{n}": of_services(draw(rng, high=2)) for n in range(30)}
    results, tried = compute(worlds), 0
    for name, rows in worlds.items():
        wanted = {"item": "EBOPS2010:SI", "geo": "CHN", "reference": "RCA_SERVICES"}
        found = {i: results.one(name, i, **wanted) for i in ("rca", "nrca")}
        if found["rca"]["value"] is None or found["rca"]["contested"]:
            continue
        for _ in range(300):
            a, r, i, w = (rng.uniform(max(float(row["lower"]), 0), float(row["upper"])) for row in rows)
            if a <= min(r, i) and r + i - a <= w:
                point = np.array([a, r - a, i, w - i])
                for indicator, formula in (("rca", rca), ("nrca", nrca)):
                    value = float(formula(point))
                    row = found[indicator]
                    assert float(row["lower"]) - 1e-9 <= value <= float(row["upper"]) + 1e-9
                tried += 1
    assert tried > 1000
