"""Laws of changes of shares, growth over spans, contributions, indices and averages; ranges searched by brute force."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

import pytest
from box_search import Formula, draw, holds, interval, search
from hypothesis import given, settings
from hypothesis import strategies as st
from indicator_worlds import SIX, Row, cell, compute, levels_of, six

some = settings(max_examples=3)
SHARES: dict[str, Formula] = {  # of n0, d0, n1, d1
    "share_change": lambda p: 100 * (p[2] / p[3] - p[0] / p[1]),
    "share_change_numerator": lambda p: 50 * (p[2] - p[0]) * (1 / p[1] + 1 / p[3]),
    "share_change_denominator": lambda p: 50 * (p[0] + p[2]) * (1 / p[3] - 1 / p[1]),
}


def test_ranges_of_a_share_of_a_printed_total() -> None:
    rng = random.Random(1)
    worlds = {
        f"w{n}": [
            cell(draw(rng, 1, 3) if item == "SI" else draw(rng, 4, 6), item=item, period=period)
            for period in ("2019", "2020")
            for item in ("SI", "S")
        ]
        for n in range(30)
    }
    results = compute(worlds)
    for name, rows in worlds.items():
        for indicator, formula in SHARES.items():
            row = results.one(name, indicator, item="EBOPS2010:SI", reference="SERVICES")
            holds(row, search([interval(r) for r in rows], formula, rng))


def test_ranges_of_a_share_of_a_sum_that_it_is_part_of() -> None:
    """The denominator is the item and the rest: the most of its effect may lie inside the box."""
    rng = random.Random(2)
    inside = 0
    worlds = {}
    for n in range(40):
        most = rng.choice([2, 6])
        worlds[f"w{n}"] = [
            row
            for period in ("2019", "2020")
            for row in six(" ".join(f"{rng.uniform(0.6, most):.0f}" for _ in SIX), period=period)
        ]
    results = compute(worlds)
    for name, rows in worlds.items():
        by_year = {y: {r["item"][-2:]: interval(r) for r in rows if r["period"] == y} for y in ("2019", "2020")}
        boxes = []
        for items in by_year.values():
            rest = [box for item, box in items.items() if item != "SI"]
            boxes += [items["SI"], (sum(lo for lo, _ in rest), sum(hi for _, hi in rest))]
        for indicator, formula in SHARES.items():
            row = results.one(name, indicator, item="EBOPS2010:SI", reference="DDS6")
            if row["value"] is None or row["lower"] is None or row["upper"] is None:
                continue

            def of_parts(p: Sequence[float], formula: Formula = formula) -> float:
                return formula((p[0], p[0] + p[1], p[2], p[2] + p[3]))

            corners = search(boxes, of_parts, rng)
            holds(row, search(boxes, of_parts, rng, steps=9), tightness=3e-3)
            inside += float(row["upper"]) > corners[1] + 1e-6 or float(row["lower"]) < corners[0] - 1e-6
    assert inside > 3


FILLED = ("SD", *SIX)
Key = tuple[str, str]
IDENTITY = ("indicator", "definition", "geo", "reference", "partner", "flow", "item", "period", "base_period", "basis")


def test_a_range_holds_whatever_fills_a_blank() -> None:
    """Blank a quarter or two, then print there what services leave: no figure may leave the range of the blank."""
    rng = random.Random(5)
    worlds: dict[str, list[Row]] = {}
    for n in range(6):
        keys = [(item, f"{year}-Q{q}") for item in FILLED for year in (2019, 2020) for q in (1, 2, 3, 4)]
        figures = {key: rng.randint(1, 999) for key in keys}
        blank = rng.sample(keys, 1 + n % 2)
        services = {p: sum(figures[i, p] for i in FILLED) + rng.randint(100, 2000) for _, p in keys}
        whole = [cell(f"={s}", item="S", period=p) for p, s in services.items()]

        def listed(filled: Mapping[Key, int], whole: list[Row] = whole) -> list[Row]:
            return whole + [cell(f"={v}", item=i, period=p) for (i, p), v in filled.items()]

        worlds[f"blank{n}"] = listed({k: v for k, v in figures.items() if k not in blank})
        worlds[f"blank{n}"] += [cell("", item=i, period=p) for i, p in blank]
        for m in range(3):
            filled = dict(figures)
            for item, period in blank:
                room = services[period] - sum(filled[i, period] for i in FILLED if i != item)
                filled[item, period] = (0, room, rng.randint(0, room))[m]
            worlds[f"filled{n}_{m}"] = listed(filled)
    results = compute(worlds)
    held = dict.fromkeys(SHARES, 0)
    for n, m in itertools.product(range(6), range(3)):
        figures_of = {tuple(r[k] for k in IDENTITY): r["value"] for r in results.by_dataset[f"filled{n}_{m}"]}
        for row in results.by_dataset[f"blank{n}"]:
            value = figures_of.get(tuple(row[k] for k in IDENTITY))
            if value is None:
                continue
            slack = Decimal("1e-8") * max(1, abs(value))
            assert row["lower"] is None or row["lower"] <= value + slack, row
            assert row["upper"] is None or row["upper"] >= value - slack, row
            if row["indicator"] in SHARES and row["value"] is None and row["lower"] is not None:
                held[row["indicator"]] += 1
    assert min(held.values()) > 20, held


worlds_of_levels = st.lists(st.lists(st.integers(1, 9999), min_size=12, max_size=12), min_size=6, max_size=10)


@some
@given(worlds_of_levels)
def test_numerator_and_denominator_add_up_to_the_change(sets: list[list[int]]) -> None:
    worlds = {}
    for n, units in enumerate(sets):
        texts = [f"{Decimal(u).scaleb(-2):f}" for u in units]
        services = [
            cell(f"{sum(units[h : h + 6]) // 100 + 9}", item="S", period=y) for h, y in ((0, "2019"), (6, "2020"))
        ]
        worlds[f"w{n}"] = [
            *services,
            *six(" ".join(texts[:6]), period="2019"),
            *six(" ".join(texts[6:]), period="2020"),
        ]
    results = compute(worlds)
    seen = 0
    for name in worlds:
        for whole in results.rows(name, "share_change"):
            parts = [
                results.one(name, f"share_change_{side}", **{k: whole[k] for k in ("item", "reference", "definition")})
                for side in ("numerator", "denominator")
            ]
            if whole["value"] is None:
                assert [part["value"] for part in parts] == [None, None]
                continue
            seen += 1
            assert float(parts[0]["value"] + parts[1]["value"]) == pytest.approx(float(whole["value"]), abs=1e-8)
    assert seen >= 13 * len(worlds)  # six items in services and in the six, and their aggregate in services


@some
@given(worlds_of_levels)
def test_the_years_exchanged_turn_the_sign_of_each_effect(sets: list[list[int]]) -> None:
    worlds = {}
    for n, (si, s, si2, s2, *_) in enumerate(sets):
        first, second = (f"={si}", f"={s}"), (f"={si2}", f"={s2}")
        for name, years in ((f"a{n}", (first, second)), (f"b{n}", (second, first))):
            worlds[name] = [
                cell(text, item=item, period=str(2019 + y))
                for y, pair in enumerate(years)
                for item, text in zip(("SI", "S"), pair, strict=True)
            ]
    results = compute(worlds)
    for n in range(len(sets)):
        for indicator in SHARES:
            one, other = (results.one(f"{w}{n}", indicator, item="EBOPS2010:SI", reference="SERVICES") for w in "ab")
            assert float(one["value"]) == pytest.approx(-float(other["value"]), abs=1e-9)


@some
@given(st.lists(st.lists(st.integers(1, 10**6), min_size=3, max_size=9), min_size=15, max_size=15))
def test_rates_of_a_span_stand_in_their_order(paths: list[list[int]]) -> None:
    """Logarithmic <= compound = exp(logarithmic) - 1; the coefficient is ln(1 + the log-linear rate)."""
    results = compute({f"p{n}": levels_of(*(f"={y}" for y in path), start=2000) for n, path in enumerate(paths)})
    for n, path in enumerate(paths):
        wanted = {"base_period": "2000", "period": str(1999 + len(path)), "item": "EBOPS2010:SI"}
        logarithmic, compound, slope, fitted = (
            float(results.one(f"p{n}", indicator, **wanted)["value"])
            for indicator in ("log_growth", "average_growth_compound", "ols_growth", "average_growth_log_linear")
        )
        assert logarithmic <= compound + 1e-9
        assert math.expm1(logarithmic / 100) * 100 == pytest.approx(compound, rel=1e-8, abs=1e-8)
        assert math.expm1(slope / 100) * 100 == pytest.approx(fitted, rel=1e-8, abs=1e-8)


@pytest.mark.parametrize("years", [2, 3, 5])
def test_ranges_of_logarithmic_growth_and_of_the_coefficient(years: int) -> None:
    rng = random.Random(years)
    worlds = {f"w{n}": levels_of(*(draw(rng, 1, 6) for _ in range(years)), start=2000) for n in range(20)}
    results = compute(worlds)
    middle = (years - 1) / 2
    weights = [(n - middle) / sum((k - middle) ** 2 for k in range(years)) for n in range(years)]
    formulas: dict[str, Formula] = {"log_growth": lambda p: 100 * math.log(p[-1] / p[0]) / (years - 1)}
    if years > 2:
        formulas["ols_growth"] = lambda p: 100 * sum(w * math.log(y) for w, y in zip(weights, p, strict=True))
    for name, rows in worlds.items():
        for indicator, formula in formulas.items():
            row = results.one(name, indicator, base_period="2000", item="EBOPS2010:SI")
            holds(row, search([interval(r) for r in rows], formula, rng))


def comparable(rng: random.Random, period: str) -> Row:
    return cell(f"{rng.uniform(-30, 40):.{rng.randrange(2)}f}", measure="growth", price="comparable", period=period)


def test_ranges_of_the_base_that_a_rate_implies() -> None:
    rng = random.Random(21)
    worlds = {
        f"w{n}": [
            cell(draw(rng, 1, 6), period="2019"),
            cell(draw(rng, 1, 6), period="2020"),
            comparable(rng, "2020"),
        ]
        for n in range(30)
    }
    results = compute(worlds)
    for name, rows in worlds.items():
        boxes = [(float(row["lower"]), float(row["upper"])) for row in rows]
        base = results.one(name, "implied_base", item="EBOPS2010:SI")
        holds(base, search(boxes, lambda p: p[1] / (1 + p[2] / 100), rng))
        revision = results.one(name, "implied_base_revision", item="EBOPS2010:SI")
        holds(revision, search(boxes, lambda p: 100 * (p[1] / (1 + p[2] / 100) / p[0] - 1), rng))


@some
@given(st.lists(st.tuples(st.integers(1, 9999), st.integers(1, 9999), st.integers(-99, 300)), min_size=15, max_size=25))
def test_growth_is_the_comparable_rate_and_the_revision_together(sets: list[tuple[int, int, int]]) -> None:
    """(1 + growth of the printed levels) = (1 + comparable rate) * (1 + revision)."""
    worlds = {
        f"w{n}": [
            cell(f"={x0}", period="2019"),
            cell(f"={x1}", period="2020"),
            cell(f"={g}", measure="growth", price="comparable", period="2020"),
        ]
        for n, (x0, x1, g) in enumerate(sets)
    }
    results = compute(worlds)
    for n, (_, x1, g) in enumerate(sets):
        growth, revision, base = (
            float(results.one(f"w{n}", indicator, item="EBOPS2010:SI")["value"])
            for indicator in ("growth", "implied_base_revision", "implied_base")
        )
        assert (1 + g / 100) * (1 + revision / 100) == pytest.approx(1 + growth / 100, rel=1e-7)
        assert base * (1 + g / 100) == pytest.approx(x1, rel=1e-9)


def test_a_comparable_rate_of_output_implies_no_base() -> None:
    """At comparable prices it is the change of prices that lies between, not a revision."""
    gdp = {"item": "NA:GDP", "flow": "N"}
    rows = [
        cell("100", period="2019", **gdp), cell("110", **gdp),
        cell("5.0", measure="growth", price="comparable", **gdp),
    ]  # fmt: skip
    assert compute({"a": rows}).rows("a", "implied_base") == []


@settings(max_examples=20)
@given(st.lists(st.integers(10**5, 10**13), min_size=3, max_size=3))
def test_a_mean_of_large_amounts_is_exact_to_the_last_decimal(amounts: list[int]) -> None:
    row = compute({"w": levels_of(*map(str, amounts))}, only=["moving_average"]).one(
        "w", "moving_average", period="2020"
    )
    mean, half = Fraction(sum(amounts), 3), Fraction(1, 2 * 10**10)
    assert abs(Fraction(row["value"]) - mean) <= half
    assert 0 <= mean - Fraction(1, 2) - Fraction(row["lower"]) <= 2 * half
    assert 0 <= Fraction(row["upper"]) - mean - Fraction(1, 2) <= 2 * half
