"""Laws of contributions, indices and moving averages; their ranges searched by brute force."""

from __future__ import annotations

import random
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from box_search import Formula, draw, holds, interval, search
from hypothesis import given, settings
from hypothesis import strategies as st
from indicator_worlds import SIX, Row, cell, compute, levels_of, series, six

some = settings(max_examples=3)
YEARS = ("2019", "2020")
# of x0, w0, x1, w1
FORMULAS: dict[str, Formula] = {
    "growth_contribution": lambda p: 100 * (p[2] - p[0]) / p[1],
    "growth_contribution_share": lambda p: 100 * (p[2] - p[0]) / (p[3] - p[1]),
}
sixes = st.lists(st.integers(-999, 9999), min_size=6, max_size=6)


def of(rows: Sequence[Row], period: str, item: str) -> Row:
    [row] = [row for row in rows if row["period"] == period and row["item"].endswith(item)]
    return row


@some
@given(st.lists(st.tuples(sixes, sixes), min_size=10, max_size=15))
def test_contributions_add_up_to_the_growth_and_shares_of_the_change_to_100(pairs: list[tuple[Any, Any]]) -> None:
    """Also with negative parts, of a definition's items and of all items in services as printed."""
    worlds = {}
    for n, pair in enumerate(pairs):
        rows = []
        for period, units in zip(YEARS, pair, strict=True):
            texts = [f"={Decimal(u).scaleb(-2):f}" for u in units]
            rows += [
                *six(" ".join(texts), period=period),
                cell(f"={Decimal(sum(units)).scaleb(-2):f}", item="S", period=period),
            ]
        worlds[f"w{n}"] = rows
    results = compute(worlds)
    for n, (first, last) in enumerate(pairs):
        x0, x1 = sum(first), sum(last)
        for reference in ("SERVICES", "DDS6"):
            parts = [r["value"] for r in results.rows(f"w{n}", "growth_contribution", reference=reference)]
            shares = [r["value"] for r in results.rows(f"w{n}", "growth_contribution_share", reference=reference)]
            assert len(parts) == len(shares) == 6
            if x0 <= 0:
                assert parts == shares == [None] * 6
                continue
            assert float(sum(parts)) == pytest.approx(100 * (x1 / x0 - 1), rel=1e-9, abs=1e-8)
            if x1 >= 0:
                growth = results.one(f"w{n}", "growth", item="DEF:dds6" if reference == "DDS6" else "EBOPS2010:S")
                assert float(sum(parts)) == pytest.approx(float(growth["value"]), rel=1e-9, abs=1e-8)
            if abs(x1 - x0) * 200 < x0:
                assert shares == [None] * 6
            else:
                assert float(sum(shares)) == pytest.approx(100, rel=1e-8, abs=1e-7)


def test_ranges_of_contributions_to_a_printed_whole() -> None:
    rng = random.Random(11)
    worlds = {}
    for n in range(40):
        rows = [cell(draw(rng, 6, 20), item="S", period=y) for y in YEARS]
        worlds[f"w{n}"] = rows + [cell(draw(rng, -3 if n % 2 else 0, 4), item="SG", period=y) for y in YEARS]
    results = compute(worlds)
    ranged = 0
    for name, rows in worlds.items():
        boxes = [interval(of(rows, y, item)) for y in YEARS for item in ("SG", ":S")]
        for indicator, formula in FORMULAS.items():
            row = results.one(name, indicator, item="EBOPS2010:SG")
            least, most = boxes[3][0] - boxes[1][1], boxes[3][1] - boxes[1][0]
            if indicator == "growth_contribution_share" and least <= 0 <= most:
                assert row["lower"] is None and row["upper"] is None
                continue
            holds(row, search(boxes, formula, rng))
            ranged += 1
    assert ranged > 70


def test_ranges_of_contributions_to_a_sum() -> None:
    """The whole is the part and the rest, so that both ends differ from those of a free whole."""
    rng = random.Random(12)
    worlds = {
        f"w{n}": [
            row for most in (2, 4) for row in six(
                " ".join(f"{rng.uniform(-0.9 if item == 'SG' else 0.6, most):.{rng.randrange(2)}f}" for item in SIX),
                period=YEARS[most // 4],
            )
        ]
        for n in range(40)
    }  # fmt: skip
    results = compute(worlds)
    ranged = 0
    for name, rows in worlds.items():
        boxes = []
        for y in YEARS:
            rest = [interval(of(rows, y, item)) for item in SIX if item != "SI"]
            boxes += [interval(of(rows, y, "SI")), (sum(lo for lo, _ in rest), sum(hi for _, hi in rest))]
        for indicator, formula in FORMULAS.items():
            row = results.one(name, indicator, item="EBOPS2010:SI", reference="DDS6")
            if row["lower"] is None:
                continue
            holds(row, search(boxes, lambda p, f=formula: f((p[0], p[0] + p[1], p[2], p[2] + p[3])), rng))  # type: ignore[misc]
            ranged += 1
    assert ranged > 40


@some
@given(st.lists(st.lists(st.integers(1, 9999), min_size=8, max_size=8), min_size=10, max_size=15))
def test_an_index_is_100_on_average_in_its_base_and_keeps_all_ratios(paths: list[list[int]]) -> None:
    quarters = [f"{year}-Q{q}" for year in (2015, 2016) for q in range(1, 5)]
    results = compute({
        f"p{n}": series({q: f"={y}" for q, y in zip(quarters, path, strict=True)}) for n, path in enumerate(paths)
    })  # fmt: skip
    for n, path in enumerate(paths):
        rows = {r["period"]: float(r["value"]) for r in results.rows(f"p{n}", "index", item="EBOPS2010:SI")}
        assert sum(rows[q] for q in quarters[:4]) / 4 == pytest.approx(100, rel=1e-9)
        for q, y in zip(quarters, path, strict=True):
            assert rows[q] / rows[quarters[0]] == pytest.approx(y / path[0], rel=1e-6)


def test_ranges_of_an_index_of_quarters() -> None:
    rng = random.Random(13)
    quarters = [*(f"2015-Q{q}" for q in range(1, 5)), "2016-Q1"]
    worlds = {f"w{n}": series({q: draw(rng, 0, 5) for q in quarters}) for n in range(30)}
    results = compute(worlds)
    for name, rows in worlds.items():
        boxes = [interval(row) for row in rows]
        for place, q in enumerate(quarters):
            row = results.one(name, "index", period=q, item="EBOPS2010:SI")
            holds(row, search(boxes, lambda p, i=place: 400 * p[i] / sum(p[:4]), rng))  # type: ignore[misc]


def test_ranges_of_moving_averages() -> None:
    rng = random.Random(14)
    years = {f"y{n}": levels_of(*(draw(rng, -2, 5) for _ in range(3)), start=2000) for n in range(15)}
    quarters = [f"20{15 + n // 4}-Q{n % 4 + 1}" for n in range(5)]
    quarterly = {f"q{n}": series({q: draw(rng, -2, 5) for q in quarters}) for n in range(15)}
    results = compute(years | quarterly)
    for name, rows in (years | quarterly).items():
        boxes = [(float(row["lower"]), float(row["upper"])) for row in rows]  # levels are not cut at zero
        last = results.one(name, "moving_average", period=rows[-1]["period"], item="EBOPS2010:SI")
        k = len(rows) - (name[0] == "q")
        holds(last, search(boxes, lambda p, k=k: sum(p[-k:]) / k, rng))  # type: ignore[misc]
        if name in quarterly:
            middle = results.one(name, "centred_moving_average", period=quarters[2], item="EBOPS2010:SI")
            holds(middle, search(boxes, lambda p: (sum(p) + sum(p[1:4])) / 8, rng))


@some
@given(st.lists(st.integers(-500, 500), min_size=12, max_size=12), st.integers(0, 50))
def test_a_centred_average_of_trend_and_stable_season_is_the_trend(season: list[int], slope: int) -> None:
    months = [f"{year}-{month:02d}" for year in (2019, 2020, 2021) for month in range(1, 13)]
    mean = sum(season)  # of twelve times the pattern
    levels = {m: f"={12 * (1000 + slope * n + season[n % 12]) - mean}" for n, m in enumerate(months)}
    results = compute({"a": series(levels)})
    rows = {r["period"]: r for r in results.rows("a", "centred_moving_average", item="EBOPS2010:SI")}
    for n, month in enumerate(months):
        if 6 <= n < 30:
            assert float(rows[month]["value"]) == pytest.approx(12 * (1000 + slope * n), abs=1e-6)
        else:
            assert rows[month]["value"] is None


def test_growth_of_the_year_to_date_stands_beside_that_of_months() -> None:
    """Year-to-date periods are levels like others: growth compares them with the same months of the year before."""
    rows = series({"2019-01/2019-07": "=40", "2020-01/2020-07": "=50", "2019-07": "=5", "2020-07": "=8"})
    results = compute({"a": rows})
    found = {
        (r["period"], r["base_period"]): float(r["value"]) for r in results.rows("a", "growth", item="EBOPS2010:SI")
    }
    assert found == {("2020-01/2020-07", "2019-01/2019-07"): 25, ("2020-07", "2019-07"): 60}
    # and they are no periods of a calendar
    assert {r["period"] for r in results.rows("a", "moving_average")} == {"2019-07", "2020-07"}
