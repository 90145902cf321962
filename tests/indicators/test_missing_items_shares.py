"""The ranges of shares and of their changes where items are missing, against a linear programme over all items.

What is printed, items missing or not, bounds the leaves (the items that nothing divides, none of them negative). A
share is one sum of leaves over another: its ends over all leaves that fulfil every printed bound are a programme's.
What the programme leaves to a numerator and to the rest beside it in two years is searched for the effects of a change.
"""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
from indicator_worlds import Row, cell, compute
from scipy.optimize import linprog
from test_missing_items_ranges import LEAVES, SCENARIOS, bound_leaves, leaves_of, print_place, support

N_WORLDS = 3
SHARES = ("category_share", "dds_share", "category_share_without_travel", "dds_share_without_travel")
EFFECTS = ("share_change_numerator", "share_change_denominator")
DEFINITIONS = ("", "dds6", "unctad", "ict_services")  # those that the leaves divide
MORE: dict[str, tuple[str, ...]] = {
    "travel beside items missing": ("S", "SD", "SF", "SG", "SI"),
    "travel and a part of an item": ("S", "SD", "SF", "SI", "SK1"),
    "travel bounded alone": ("S", "SD:under", "SF", "SI:over", "SK"),
}


def most_share(rows: list[Row], part: np.ndarray, whole: np.ndarray) -> float:
    """The most of part . leaves / whole . leaves, per cent: a programme of leaves divided by the whole."""
    spaces = bound_leaves(rows)
    found = linprog(
        -np.append(part, 0),
        A_ub=np.array([np.append(normal, -end) for normal, end in spaces]),
        b_ub=np.zeros(len(spaces)),
        A_eq=np.array([np.append(whole, 0)]),
        b_eq=[1],
    )
    assert found.status == 0, found.message
    return float(-100 * found.fun)


def sides_of(row: Row) -> tuple[np.ndarray, np.ndarray]:
    """Numerator and denominator of a share, in leaves."""
    part = leaves_of(row["item"].removeprefix("EBOPS2010:"))
    if row["reference"] == "SERVICES_WITHOUT_TRAVEL":
        return part, leaves_of("S") - leaves_of("SD")
    return part, leaves_of("S" if row["reference"] == "SERVICES" else f"DEF:{row['definition']}")


def draw_rows(rng: random.Random, codes: tuple[str, ...]) -> list[Row]:
    return print_place(rng, codes, np.array([rng.uniform(1, 4) for _ in LEAVES]), "CHN")


@pytest.mark.parametrize("scenario", [*SCENARIOS, *MORE])
def test_shares_with_items_missing_are_exact(scenario: str) -> None:
    rng = random.Random(len(scenario))
    worlds = {f"w{n}": draw_rows(rng, (SCENARIOS | MORE)[scenario]) for n in range(N_WORLDS)}
    results = compute(worlds, only=list(SHARES))
    ranged = 0
    for name, rows in worlds.items():
        for row in results.rows(name):
            if row["definition"] not in DEFINITIONS or (row["lower"], row["upper"]) == (None, None):
                continue
            assert not row["contested"]
            part, whole = sides_of(row)
            assert float(row["lower"]) == pytest.approx(100 - most_share(rows, whole - part, whole), abs=1e-6), row
            assert float(row["upper"]) == pytest.approx(most_share(rows, part, whole), abs=1e-6), row
            ranged += row["value"] is None
    assert ranged >= N_WORLDS


def edge_points(rows: list[Row], part: np.ndarray, whole: np.ndarray, steps: int = 60) -> np.ndarray:
    """Points (n, d) along the edges of all that n and d can be together."""
    rest = whole - part
    sides = [(np.array(normal), support(rows, normal[0] * part + normal[1] * rest))
             for normal in ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, -1))]  # fmt: skip
    sides = [(normal, end) for normal, end in sides if np.isfinite(end)]
    corners = []
    for (a, p), (b, q) in itertools.combinations(sides, 2):
        if abs(np.linalg.det([a, b])) > 1e-9:
            point = np.linalg.solve([a, b], [p, q])
            if all(normal @ point <= end + 1e-9 for normal, end in sides):
                corners.append(point)
    middle = np.mean(corners, axis=0)
    corners.sort(key=lambda point: np.arctan2(*(point - middle)))
    weights = np.linspace(0, 1, steps)[:, None]
    points = np.vstack([a + weights * (b - a) for a, b in zip(corners, corners[1:] + corners[:1], strict=True)])
    return np.column_stack([points[:, 0], points.sum(axis=1)])


@pytest.mark.parametrize("scenario", [name for name, codes in SCENARIOS.items() if "S" in codes or len(codes) > 5])
def test_effects_with_items_missing_are_exact(scenario: str) -> None:
    rng = random.Random(len(scenario))
    years = {year: draw_rows(rng, SCENARIOS[scenario]) for year in ("2019", "2020")}
    results = compute(
        {"w": [row | {"period": year} for year, rows in years.items() for row in rows]}, only=list(EFFECTS)
    )
    ranged = 0
    for row in results.rows("w"):
        if row["definition"] not in DEFINITIONS or None in (row["lower"], row["upper"]):
            continue
        (n0, d0), (n1, d1) = (edge_points(rows, *sides_of(row)).T for rows in years.values())
        n0, d0 = n0[:, None], d0[:, None]
        found = (
            50 * (n1 - n0) * (1 / d0 + 1 / d1)
            if row["indicator"] == "share_change_numerator"
            else 50 * (n0 + n1) * (1 / d1 - 1 / d0)
        )
        assert float(row["lower"]) == pytest.approx(found.min(), abs=5e-3), row
        assert float(row["upper"]) == pytest.approx(found.max(), abs=5e-3), row
        assert float(row["lower"]) <= found.min() + 1e-8 and float(row["upper"]) >= found.max() - 1e-8
        ranged += row["value"] is None
    assert ranged


def test_share_in_a_definition_by_hand() -> None:
    """SF 2, SI 6, and in all services 10 no more than 2 of the four other items, all unrounded.

    SF in dds6: least 2 of 10, most 2 of 8. SK1, of which only the category SK = 1 is known, leaves 8 to 9 of unctad.
    """
    rows = [cell("=2", item="SF"), cell("=6", item="SI"), cell("=10", item="S")]
    row = compute({"w": rows}, only=["category_share"]).one(
        "w", "category_share", item="EBOPS2010:SF", definition="dds6"
    )
    assert (row["value"], float(row["lower"]), float(row["upper"])) == (None, 20, 25)
    rows = [cell("=2", item="SF"), cell("=6", item="SI"), *(cell("=0", item=item) for item in ("SG", "SH", "SJ"))]
    results = compute({"w": [*rows, cell("=1", item="SK")]}, only=["category_share"])
    row = results.one("w", "category_share", item="EBOPS2010:SF", definition="unctad")
    assert (row["value"], float(row["lower"]), float(row["upper"])) == (
        None,
        pytest.approx(200 / 9),
        25,
    )


def test_location_quotient_with_items_missing_by_hand() -> None:
    """A city with SF 2 of 8 to 9 (SK1 is missing, SK is 1) in a nation with SF 10 of 40: at most 1, at least 8/9."""
    city = {"geo": "CN-440100"}
    rows = [
        *(cell(text, item=item, **city) for item, text in (("SF", "=2"), ("SI", "=6"), ("SK", "=1"))),
        *(cell("=0", item=item, **city) for item in ("SG", "SH", "SJ")),
        *(cell(text, item=item) for item, text in (("SF", "=10"), ("SI", "=29"), ("SK1", "=1"))),
        *(cell("=0", item=item) for item in ("SG", "SH", "SJ")),
    ]
    row = compute({"w": rows}, only=["location_quotient"]).one(
        "w", "location_quotient", geo="CN-440100", item="EBOPS2010:SF", reference="LQ_UNCTAD"
    )
    assert (row["value"], float(row["upper"])) == (None, pytest.approx(1))
    assert float(row["lower"]) == pytest.approx(8 / 9)
