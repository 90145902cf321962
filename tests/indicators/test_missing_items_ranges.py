"""The ranges of RCA and NRCA where items of the universe are missing, against a linear programme over all items.

What is printed of a place, items missing or not, bounds its leaves (the items that nothing divides, none of them
negative). Of them a programme finds what part, rest and universe can be; what these leave together is searched as
where nothing is missing.
"""

from __future__ import annotations

import random

import numpy as np
import pytest
from box_search import interval
from indicator_worlds import Row, cell, compute
from scipy.optimize import linprog
from test_specialisation_ranges import find_corners, nrca, rca, search

from transforms.definitions import load_definitions

LEAVES = ("SA", "SD", "SF", "SG", "SH", "SI1", "SI2", "SI3", "SJ", "SK1", "SK2")
REFERENCES = {"DEF:dds6": "RCA_DDS6", "DEF:unctad": "RCA_UNCTAD", "S": "RCA_SERVICES"}
FIVE = ("SF", "SG", "SH", "SI", "SJ")
# what is printed -> items and aggregates that have figures; all others have no row, or have a bound alone
SCENARIOS: dict[str, tuple[str, ...]] = {
    "an item missing below services": ("S", "SF", "SG", "SH", "SI", "SJ"),
    "what is known not to belong": ("S", "SD", "SF", "SH", "SI", "SK"),
    "an item of which only its category is printed": (*FIVE, "SK"),
    "a smaller definition printed": ("DEF:unctad", "SF", "SH", "SI", "SK"),
    "a larger definition printed": ("DEF:dds6", "SF", "SH", "SI", "SK"),
    "a smaller definition summed": (*FIVE, "SK1", "S"),
    "a smaller definition beside items": ("DEF:ict_services", "SF", "SG", "SH", "SJ", "SK1", "S"),
    "nothing of two items": ("S", "SF", "SG:none", "SH:none", "SI", "SJ"),
    "a bound alone": (*FIVE, "SK:under", "SK1:under"),
    "a least alone": ("S", *FIVE, "SK:over", "SK1:over"),
    "a suppressed item beside a part of another": ("S", "SD", "SF", "SG:hidden", "SH", "SI", "SJ", "SK", "SK1"),
    "two suppressed items": ("S", "SF:hidden", "SG", "SH:hidden", "SI", "SJ", "SK"),
    "a part of a suppressed item": ("S", *FIVE, "SK:hidden", "SK2"),
    "a part of an item that is not listed": ("S", *FIVE, "SK2"),
    "a suppressed part": ("S", *FIVE, "SK", "SK1:hidden", "SK2"),
}
N_WORLDS = 2


def leaves_of(code: str) -> np.ndarray:
    if code.startswith("DEF:"):
        return sum(leaves_of(item.removeprefix("EBOPS2010:")) for item in load_definitions()[code[4:]].items)
    return np.array([float(leaf.startswith(code)) for leaf in LEAVES])


def print_place(rng: random.Random, codes: tuple[str, ...], amounts: np.ndarray, geo: str) -> list[Row]:
    """What an edition prints of these amounts: coarse, but for all services, which hold more than is listed."""
    rows = []
    for code in codes:
        item, _, qualifier = code.partition(":") if not code.startswith("DEF") else (code, "", "")
        amount = float(leaves_of(item) @ amounts) + (len(LEAVES) if item == "S" else 0)
        if qualifier == "hidden":
            rows.append(cell("", item=item, geo=geo, obs_status="Q"))
            continue
        if qualifier == "none":
            rows.append(cell("0.0", item=item, geo=geo))
            continue
        if qualifier:
            amount = amount + 1 if qualifier == "under" else amount / 2
        text = f"{amount:.{rng.randrange(2) if item != 'S' else 1}f}"
        rows.append(cell(f"{qualifier} {text}".strip(), item=item, geo=geo))
    return rows


def bound_leaves(rows: list[Row]) -> list[tuple[np.ndarray, float]]:
    """(n, c) with n . leaves <= c; all services are all leaves, of which SA is never listed."""
    spaces = []
    for row in rows:
        code = row["item"].removeprefix("EBOPS2010:")
        if row["upper"] is not None:
            spaces.append((leaves_of(code), float(row["upper"])))
        if row["lower"] is not None:
            spaces.append((-leaves_of(code), -(interval(row)[0] if row["upper"] is not None else float(row["lower"]))))
    return spaces


def support(rows: list[Row], direction: np.ndarray) -> float:
    """The most of direction . leaves."""
    spaces = bound_leaves(rows)
    found = linprog(-direction, A_ub=np.array([n for n, _ in spaces]), b_ub=[c for _, c in spaces])
    assert found.status in (0, 3), found.message
    return -found.fun if found.status == 0 else np.inf


def half_spaces(place: list[Row], world: list[Row], item: str, universe: str) -> list[tuple[tuple[int, ...], float]]:
    """(n, c) with n . (a, b, i, e) <= c: part, rest and universe of both places, and the place in the world."""
    part, whole = leaves_of(item), leaves_of(universe)
    spaces: list[tuple[tuple[int, ...], float]] = [((1, 0, -1, 0), 0.0), ((0, 1, 0, -1), 0.0)]
    for rows, (first, second) in ((place, (0, 1)), (world, (2, 3))):
        for normal, direction in (((1, 0), part), ((0, 1), whole - part), ((1, 1), whole)):
            for sign in (1, -1):
                n = [0, 0, 0, 0]
                n[first], n[second] = sign * normal[0], sign * normal[1]
                end = support(rows, sign * direction)
                if np.isfinite(end):
                    spaces.append((tuple(n), end))
    return spaces


@pytest.mark.parametrize("scenario", [*SCENARIOS, "another in the world"])
def test_ranges_with_items_missing_are_exact(scenario: str) -> None:
    rng = random.Random(len(scenario))
    worlds = {}
    for n in range(N_WORLDS):
        amounts = np.array([rng.uniform(1, 4) for _ in LEAVES])
        more = np.array([rng.choice((0.5, 4)) * rng.random() for _ in LEAVES])
        chosen = [SCENARIOS[scenario]] * 2 if scenario in SCENARIOS else rng.choices([*SCENARIOS.values()], k=2)
        worlds[f"w{n}"] = [
            print_place(rng, codes, figures, geo)
            for codes, figures, geo in zip(chosen, (amounts, amounts + more), ("CHN", "W"), strict=True)
        ]
    formulas = {"rca": rca, "nrca": nrca, "rsca": lambda p: (rca(p) - 1) / (rca(p) + 1)}
    results = compute({name: [*place, *world] for name, (place, world) in worlds.items()}, only=list(formulas))
    ranged = 0
    for name, (place, world) in worlds.items():
        for universe, reference in REFERENCES.items():
            for row in results.rows(name, reference=reference, geo="CHN"):
                is_asked = universe != "S" or row["item"] in REFERENCES  # what lies in services is no sum of items
                if not is_asked or row["contested"] or row["lower"] is None or row["upper"] is None:
                    continue
                corners = find_corners(half_spaces(place, world, row["item"].removeprefix("EBOPS2010:"), universe))
                assert len(corners)
                least, most = search(formulas[row["indicator"]], corners)
                assert float(row["lower"]) == pytest.approx(least, abs=1e-6), row
                assert float(row["upper"]) == pytest.approx(most, abs=1e-6), row
                ranged += row["value"] is None
    assert ranged > 3 * N_WORLDS
