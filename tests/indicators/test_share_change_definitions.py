"""Changes of shares under every definition that totals give: numerator and denominator add up, ranges are exact."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from box_search import Formula, draw, holds, interval, search
from hypothesis import given, settings
from hypothesis import strategies as st
from indicator_worlds import Row, cell, compute

from transforms.definitions import load_definitions

COUNTED = {name: found.items for name, found in load_definitions().items() if found.is_computable}
LISTED = sorted({item.removeprefix("EBOPS2010:") for items in COUNTED.values() for item in items})
YEARS = ("2019", "2020")
# of n0, d0, n1, d1
EFFECTS: dict[str, Formula] = {
    "share_change": lambda p: 100 * (p[2] / p[3] - p[0] / p[1]),
    "share_change_numerator": lambda p: 50 * (p[2] - p[0]) * (1 / p[1] + 1 / p[3]),
    "share_change_denominator": lambda p: 50 * (p[0] + p[2]) * (1 / p[3] - 1 / p[1]),
}
two_years = st.lists(st.integers(1, 9999), min_size=2 * len(LISTED), max_size=2 * len(LISTED))


def list_items(texts: list[str], period: str) -> list[Row]:
    """Each item by itself: that SJ is not the sum of what it is made of says nothing of a definition's items."""
    return [cell(text, item=item, period=period) for item, text in zip(LISTED, texts, strict=True)]


@settings(max_examples=3)
@given(st.lists(two_years, min_size=3, max_size=5))
def test_numerator_and_denominator_add_up_under_every_definition(sets: list[list[int]]) -> None:
    worlds = {}
    for n, units in enumerate(sets):
        texts = [f"={Decimal(unit).scaleb(-2):f}" for unit in units]
        worlds[f"w{n}"] = [
            *list_items(texts[: len(LISTED)], "2019"),
            *list_items(texts[len(LISTED) :], "2020"),
        ]
    results = compute(worlds, only=list(EFFECTS))
    for name, cells in worlds.items():
        figures = {(row["item"], row["period"]): row["value"] for row in cells}
        for definition, items in COUNTED.items():
            first, last = (sum(figures[item, year] for item in items) for year in YEARS)
            for item in items:
                change, numerator, denominator = (
                    results.one(name, indicator, definition=definition, item=item)["value"] for indicator in EFFECTS
                )
                expected = 100 * (figures[item, "2020"] / last - figures[item, "2019"] / first)
                assert float(change) == pytest.approx(float(expected), abs=1e-8)
                assert float(numerator + denominator) == pytest.approx(float(change), abs=1e-8)


@pytest.mark.parametrize("definition", [name for name in COUNTED if name != "dds6"])
def test_ranges_move_with_the_numerator_under_every_definition(definition: str) -> None:
    """The denominator is the numerator and the rest: the same search as for the six categories."""
    items = COUNTED[definition]
    rng, inside = random.Random(len(items)), 0
    worlds = {
        f"w{n}": [cell(draw(rng, 0.2, 1 + 3 * rng.random()), item=item, period=y) for y in YEARS for item in items]
        for n in range(15)
    }
    results = compute(worlds, only=list(EFFECTS))
    for name, cells in worlds.items():
        boxes = []
        for year in YEARS:
            part, *others = [interval(row) for row in cells if row["period"] == year]
            boxes += [part, (sum(low for low, _ in others), sum(high for _, high in others))]
        for indicator, formula in EFFECTS.items():

            def of_parts(p: list[float], formula: Formula = formula) -> float:
                return formula((p[0], p[0] + p[1], p[2], p[2] + p[3]))

            row = results.one(name, indicator, definition=definition, item=items[0])
            holds(row, search(boxes, of_parts, rng, steps=7), tightness=5e-3)
            inside += row["lower"] < row["value"] < row["upper"]
    assert inside == 45
