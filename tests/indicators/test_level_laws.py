"""Laws of periods and currencies that hold whatever is printed. Many series are derived at once, one dataset each."""

from __future__ import annotations

import random
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import accumulate, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from indicator_worlds import Row
from level_worlds import Levels, assert_sound, derive, from_january, level, months, rate, year_to_date

D = Decimal
few = settings(max_examples=8)  # each of several series, derived together
MONTHS = [f"2020-{month:02d}" for month in range(1, 13)]
QUARTERS = [f"2020-Q{quarter}" for quarter in range(1, 5)]

unrounded = st.integers(0, 10**7).map(lambda units: D(units).scaleb(-4))  # 0 to 1000, four decimals
twelve = st.lists(unrounded, min_size=12, max_size=12)
many = st.lists(st.tuples(twelve, st.integers(0, 2)), min_size=6, max_size=6)


def as_printed(value: Decimal, decimals: int) -> str:
    return f"{value.quantize(D(1).scaleb(-decimals), ROUND_HALF_UP):f}"


def point(levels: Levels, dataset: str, period: str, unit: str = "CNY") -> Decimal:
    found = levels.one(period, dataset=dataset, unit=unit)["point"]
    assert isinstance(found, Decimal)
    return found


@few
@given(many)
def test_year_to_date_to_months_and_back_is_the_same(series: list[tuple[list[Decimal], int]]) -> None:
    """Whatever was rounded: the months add up to the printed figures again, in any order of the two."""
    printed = {
        f"d{n}": [as_printed(total, decimals) for total in accumulate(values)]
        for n, (values, decimals) in enumerate(series)
    }
    taken_apart = derive([row for name, texts in printed.items() for row in from_january(*texts, dataset=name)])
    assert_sound(taken_apart)
    again: list[Row] = []
    for name, texts in printed.items():
        assert list(accumulate(point(taken_apart, name, month) for month in MONTHS)) == [D(text) for text in texts]
        again += months(*(f"={point(taken_apart, name, month)}" for month in MONTHS), dataset=name)
        # the edition counts from January in another item, and so the sums are asked for
        again += from_january(*["=1"] * 11, start=2, dataset=name, item="SD")
    put_together = derive(again)
    for name, texts in printed.items():
        for month, text in enumerate(texts[1:], 2):
            row = put_together.one(year_to_date(month), dataset=name, item="EBOPS2010:SI")
            assert (row["point"], row["method"]) == (D(text), "sum_of_months")


@few
@given(many)
def test_months_quarters_and_years_add_up(series: list[tuple[list[Decimal], int]]) -> None:
    rows = [
        row
        for n, (values, decimals) in enumerate(series)
        for row in months(*(as_printed(value, decimals) for value in values), dataset=f"d{n}")
    ]
    levels = derive(rows)
    assert_sound(levels)
    quarterly = derive(
        [level(f"={point(levels, f'd{n}', q)}", q, dataset=f"d{n}") for n in range(len(series)) for q in QUARTERS]
    )
    for n in range(len(series)):
        name = f"d{n}"
        by_month = sum(point(levels, name, month) for month in MONTHS)
        by_quarter = sum(point(levels, name, quarter) for quarter in QUARTERS)
        assert by_month == by_quarter == point(levels, name, "2020") == point(quarterly, name, "2020")
        for quarter, start in zip(QUARTERS, range(0, 12, 3), strict=True):
            assert point(levels, name, quarter) == sum(point(levels, name, m) for m in MONTHS[start : start + 3])


@st.composite
def published_of(draw: st.DrawFn) -> tuple[list[Decimal], list[Row]]:
    """True amounts of twelve months, and what a publisher prints of them: any periods, rounded, some suppressed."""
    values = draw(twelve)
    totals = [D(0), *accumulate(values)]
    spans = {year_to_date(month): (0, month) for month in range(1, 13)}
    spans |= {month: (n, n + 1) for n, month in enumerate(MONTHS)}
    spans |= {quarter: (3 * n, 3 * n + 3) for n, quarter in enumerate(QUARTERS)}
    chosen = draw(st.lists(st.sampled_from(sorted(spans)), min_size=4, max_size=20, unique=True))
    decimals = draw(st.integers(0, 2))
    rows = []
    for period in chosen:
        begin, end = spans[period]
        hidden = draw(st.integers(0, 9)) == 0
        text = "" if hidden else as_printed(totals[end] - totals[begin], decimals)
        rows.append(level(text, period, obs_status="Q" if hidden else "A"))
    return values, rows


def true_amounts(values: list[Decimal]) -> dict[str, Decimal]:
    totals = [D(0), *accumulate(values)]
    return (
        dict(zip(MONTHS, values, strict=True))
        | {q: totals[3 * n + 3] - totals[3 * n] for n, q in enumerate(QUARTERS)}
        | {year_to_date(n): totals[n] for n in range(2, 13)}
    )


def assert_holds(row: Row, truth: Decimal | Fraction) -> None:
    assert row["lo"] is None or Fraction(row["lo"]) <= truth, (row, float(truth))
    assert row["hi"] is None or truth <= Fraction(row["hi"]), (row, float(truth))


@few
@given(st.lists(published_of(), min_size=8, max_size=8))
def test_a_derived_interval_holds_the_true_amount(worlds: list[tuple[list[Decimal], list[Row]]]) -> None:
    rows = [row | {"dataset": f"d{n}"} for n, (_, world) in enumerate(worlds) for row in world]
    levels = derive(rows)
    assert_sound(levels)
    assert not any(row["contested"] for row in levels.rows)
    for n, (values, world) in enumerate(worlds):
        truth = true_amounts(values)
        derived = levels.added(dataset=f"d{n}")
        assert not derived.keys() & {row["period"] for row in world}
        for period, row in derived.items():
            assert_holds(row, truth[period])
    assert len(levels.rows) > len(rows)


rates_of_a_year = st.lists(st.integers(60_000_000, 80_000_000), min_size=12, max_size=12).map(
    lambda units: [D(unit).scaleb(-7) for unit in units]
)


@few
@given(st.lists(published_of(), min_size=6, max_size=6), rates_of_a_year, st.sampled_from(["CNY", "USD"]))
def test_a_converted_interval_holds_the_true_amount(
    worlds: list[tuple[list[Decimal], list[Row]]], rates: list[Decimal], printed_in: str
) -> None:
    """Every month has a true rate, printed to four decimals. A period is worth the sum of its months at their rates."""
    other = "USD" if printed_in == "CNY" else "CNY"
    rows = [row | {"dataset": f"d{n}", "unit": printed_in} for n, (_, world) in enumerate(worlds) for row in world]
    rows += [rate(as_printed(true, 4), month) for true, month in zip(rates, MONTHS, strict=True)]
    levels = derive(rows, [(f"d{n}", printed_in, other) for n in range(len(worlds))])
    assert_sound(levels)
    for n, (values, _) in enumerate(worlds):
        factors = [Fraction(true) if other == "CNY" else 1 / Fraction(true) for true in rates]
        by_month = [Fraction(value) * factor for value, factor in zip(values, factors, strict=True)]
        totals = [Fraction(0), *accumulate(by_month)]
        truth = dict(zip(MONTHS, by_month, strict=True))
        truth |= {q: totals[3 * i + 3] - totals[3 * i] for i, q in enumerate(QUARTERS)}
        truth |= {year_to_date(i): totals[i] for i in range(2, 13)}
        for period, row in levels.added(dataset=f"d{n}", unit=other).items():
            assert_holds(row, truth[period])


amounts = st.lists(st.integers(-(10**9), 10**9).map(lambda units: D(units).scaleb(-2)), min_size=12, max_size=12)


@few
@given(amounts, st.integers(1, 10**6).map(lambda units: D(units).scaleb(-4)), st.integers(-2, 2))
def test_there_and_back_with_an_exact_rate(values: list[Decimal], exact: Decimal, power: int) -> None:
    rates = [rate(f"={exact}", month, unit_mult=power) for month in MONTHS]
    there = derive([*months(*(f"={value}" for value in values), unit="USD"), *rates], [("a", "USD", "CNY")])
    back = derive([*months(*(f"={point(there, 'a', month)}" for month in MONTHS)), *rates], [("a", "CNY", "USD")])
    for month, value in zip(MONTHS, values, strict=True):
        row = back.one(month, unit="USD")
        assert row["point"] == row["lo"] == row["hi"] == value
        assert point(there, "a", month) == value * exact.scaleb(power)


@few
@given(st.lists(st.integers(1, 10**6), min_size=4, max_size=4), st.lists(st.integers(1, 10**6), min_size=4, max_size=4))
def test_growth_in_one_currency_is_growth_in_the_other_times_growth_of_the_rate(
    amounts: list[int], rates: list[int]
) -> None:
    """(1 + g_CNY) = (1 + g_USD) (1 + g_rate), exactly, for figures of two and rates of four decimals."""
    years = [str(2018 + n) for n in range(4)]
    rows = [level(f"={D(units).scaleb(-2)}", year, unit="USD") for year, units in zip(years, amounts, strict=True)]
    rows += [rate(f"={D(units).scaleb(-4)}", year) for year, units in zip(years, rates, strict=True)]
    levels = derive(rows, [("a", "USD", "CNY")])
    growth = {
        name: [Fraction(point(levels, dataset, year, unit)) / Fraction(point(levels, dataset, before, unit))
               for before, year in pairwise(years)]
        for name, dataset, unit in (("CNY", "a", "CNY"), ("USD", "a", "USD"), ("rate", "xr", "CNY_PER_USD"))
    }  # fmt: skip
    assert growth["CNY"] == [g * r for g, r in zip(growth["USD"], growth["rate"], strict=True)]


@few
@given(st.lists(published_of(), min_size=5, max_size=5), st.randoms(use_true_random=False))
def test_order_of_rows_and_threads_change_nothing(
    worlds: list[tuple[list[Decimal], list[Row]]], rng: random.Random
) -> None:
    rows = [row | {"dataset": f"d{n}"} for n, (_, world) in enumerate(worlds) for row in world]
    rows += [rate("6.9", month) for month in MONTHS[2:]]
    conversions = [(f"d{n}", "CNY", "USD") for n in range(len(worlds))]
    straight = derive(rows, conversions, threads=1)
    shuffled = rows[:]
    rng.shuffle(shuffled)
    assert derive(shuffled, conversions, threads=4).rows == straight.rows


def test_the_laws_see_a_wrong_interval() -> None:
    with pytest.raises(AssertionError):
        assert_holds(level("1.0", "2020") | {"lo": D(2), "hi": D(3)}, D(1))
