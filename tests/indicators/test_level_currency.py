"""Levels in another currency by a named rate series: cases worked out by hand."""

from __future__ import annotations

import pytest
from level_worlds import D, assert_sound, derive, from_january, level, levels_at, months, rate, text_of

TO_USD = [("a", "CNY", "USD")]
TO_CNY = [("a", "USD", "CNY")]
YEARS = [rate("6.7261", "2022", obs_status="V"), rate("7.0467", "2023", obs_status="V")]


def test_growth_in_dollars_times_growth_of_the_rate_is_growth_in_yuan() -> None:
    """3,727.1 to 3,859.1 in 10^8 dollars is 2.5069 to 2.7194 trillion yuan: 8.48 %, printed 8.5 %."""
    rows = levels_at({"2022": "3727.1", "2023": "3859.1"}, unit="USD")
    levels = derive(rows + YEARS, TO_CNY)
    first, second = (levels.one(year, unit="CNY") for year in ("2022", "2023"))
    assert (first["point"], second["point"]) == (D("25068.84731"), D("27193.91997"))
    assert (first["lo"], first["hi"]) == (D("3727.05") * D("6.72605"), D("3727.15") * D("6.72615"))
    assert (first["method"], text_of(first["statuses"]), first["mult"]) == ("converted:XR:CNY_USD.AVG", "V", 8)
    assert first["inputs"] == ["a/2024/2022 X USD=3727.1", "xr/2024/2022 N CNY_PER_USD=6.7261"]
    growth = second["point"] / first["point"] - 1
    assert round(growth * 100, 2) == D("8.48")
    in_dollars, of_rate = D("3859.1") / D("3727.1"), D("7.0467") / D("6.7261")
    assert abs(in_dollars * of_rate - 1 - growth) < D("1e-20")
    assert_sound(levels)


def test_a_year_is_the_sum_of_its_converted_months_not_the_year_by_the_rate_of_the_year() -> None:
    """100 in January at 6 and 300 in February at 8 are 3000; 400 at the average of 7 would be 2800."""
    rows = months("=100", "=300", *["=0"] * 10, unit="USD")
    rates = [rate("=6", "2020-01"), *(rate("=8", f"2020-{n:02d}") for n in range(2, 13)), rate("=7", "2020")]
    year = derive(rows + rates, TO_CNY).one("2020", unit="CNY")
    assert (year["point"], year["method"]) == (D(3000), "sum_of_months")
    assert len(year["inputs"]) == 24


def test_figures_since_january_are_taken_apart_before_they_are_converted() -> None:
    """60 and 200 since January are 60 and 140: 10 and 20 dollars at 6 and 7 yuan."""
    rows = from_january("=60", "=200")
    levels = derive([*rows, rate("=6", "2020-01"), rate("=7", "2020-02")], TO_USD)
    assert levels.points(unit="USD") == {"2020-01": D(10), "2020-02": D(20), "2020-01/2020-02": D(30)}
    assert levels.one("2020-01/2020-02", unit="USD")["method"] == "sum_of_months"
    assert_sound(levels)


def test_january_and_february_together_are_converted_by_a_rate_of_their_own() -> None:
    rows = from_january("=130", "=200", start=2)
    rates = [rate("=6.5", "2020-01/2020-02"), rate("=7", "2020-03")]
    levels = derive([*rows, *rates], TO_USD)
    assert levels.points(unit="USD") == {
        "2020-01/2020-02": D(20), "2020-03": D(10), "2020-Q1": D(30), "2020-01/2020-03": D(30)
    }  # fmt: skip


def test_without_a_rate_of_a_month_the_month_and_its_year_say_so() -> None:
    rates = [rate("=7", f"2020-{n:02d}") for n in range(1, 12)]
    levels = derive(months(*["=70"] * 12) + rates + [rate("=7", "2020")], TO_USD)
    december, quarter, year = (levels.one(p, unit="USD") for p in ("2020-12", "2020-Q4", "2020"))
    assert (december["point"], december["method"], text_of(december["statuses"])) == (None, "no_rate", "O")
    assert december["inputs"] == ["a/2024/2020-12 X CNY==70"]
    for row, least in ((quarter, 20), (year, 110)):
        assert (row["point"], text_of(row["statuses"])) == (None, "O")
        assert (row["lo"], row["hi"]) == (D(least), None)  # the eleven months that have a rate
    assert levels.one("2020-Q3", unit="USD")["point"] == D(30)
    assert_sound(levels)


def test_quarters_are_converted_where_there_are_no_months() -> None:
    rows = levels_at({"2020-01/2020-03": "=6", "2020-01/2020-06": "=20", "2020": "=50"})
    rates = [rate("=6", "2020-Q1"), rate("=7", "2020-Q2"), rate("=5", "2020")]
    levels = derive(rows + rates, TO_USD)
    assert levels.points(unit="USD") == {
        "2020-Q1": D(1), "2020-Q2": D(2), "2020-01/2020-03": D(1), "2020-01/2020-06": D(3), "2020": D(10)
    }  # fmt: skip  # the year has no third and fourth quarter to be made of


def test_a_figure_that_is_printed_in_both_currencies_keeps_the_printed_one() -> None:
    rows = [*levels_at({"2022": "100.0", "2023": "110.0"}, unit="USD"), level("671.0", "2022", unit="CNY")]
    levels = derive(rows + YEARS, TO_CNY)
    printed, converted = (levels.one(year, unit="CNY") for year in ("2022", "2023"))
    assert (printed["point"], printed["method"]) == (D(671), "published")
    assert (converted["point"], converted["method"]) == (D("775.137"), "converted:XR:CNY_USD.AVG")


def test_months_of_printed_dollars_and_converted_months_make_a_quarter() -> None:
    """April is printed in dollars as 13 since January less 10; May and June only in yuan."""
    printed = levels_at({"2020-01/2020-03": "=10", "2020-01/2020-04": "=13"}, unit="USD")
    rows = [*printed, *months("=14", "=21", start=5), rate("=7", "2020-05"), rate("=7", "2020-06")]
    quarter = derive(rows, TO_USD).one("2020-Q2", unit="USD")
    assert (quarter["point"], quarter["method"], len(quarter["inputs"])) == (D(8), "sum_of_months", 6)


def test_a_printed_blank_in_the_other_currency_is_not_filled() -> None:
    rows = [level("100.0", "2022", unit="USD"), level("", "2022", unit="CNY", obs_status="Q")]
    assert derive(rows + YEARS, TO_CNY).one("2022", unit="CNY")["method"] == "published"


def test_what_was_converted_is_not_converted_again() -> None:
    both = [("a", "USD", "CNY"), ("a", "CNY", "USD"), ("a", "CNY", "EUR")]
    rows = levels_at({"2022": "100.0", "2023": "110.0"}, unit="USD")
    levels = derive(
        rows + YEARS, both, steps=["steps/40_periods", "steps/42_currency", "steps/42_currency", "steps/40_periods"]
    )
    assert {(row["unit"], row["method"]) for row in levels.rows if row["dataset"] == "a"} == {
        ("USD", "published"), ("CNY", "converted:XR:CNY_USD.AVG")
    }  # fmt: skip


def test_only_the_datasets_of_the_list_are_converted() -> None:
    rows = [level("100.0", "2022", unit="USD"), level("100.0", "2022", unit="USD", dataset="b")]
    levels = derive(rows + YEARS, TO_CNY)
    assert set(levels.added()) == {"2022"} and levels.added(dataset="b") == {}
    assert derive(rows + YEARS).added() == {}


@pytest.mark.parametrize(
    "kind",
    [
        {"measure": "count", "unit": "COUNT", "price": "", "flow": "N", "item": "ENT:COUNT.T"},
        {"flow": "N", "item": "ENT:CAPITAL.REGISTERED", "unit": "USD"},  # a stock: by the rate of a day, not an average
    ],
)
def test_counts_and_stocks_are_not_converted(kind: dict[str, str]) -> None:
    assert derive([level("100", "2022", **kind), *YEARS], [("a", kind["unit"], "CNY")]).added() == {}


@pytest.mark.parametrize("period", ["2022-12-31", "../2022", "2020/2022", ""])
def test_a_period_that_has_no_average_has_no_row(period: str) -> None:
    assert derive([level("100.0", period, unit="USD"), *YEARS], TO_CNY).added() == {}


def test_a_suppressed_figure_stays_suppressed_and_its_bounds_are_converted() -> None:
    suppressed = level("", "2022", unit="USD", obs_status="Q", lo=D(1), hi=D(2))
    row = derive([suppressed, *YEARS], TO_CNY).one("2022", unit="CNY")
    assert (row["point"], text_of(row["statuses"])) == (None, "Q")
    assert (row["lo"], row["hi"]) == (D("6.72605"), D("13.4523"))


@pytest.mark.parametrize(("status", "joined"), [("A", "V"), ("E", "E;V"), ("B", "B;V"), ("P", "P;V")])
def test_the_statuses_of_amount_and_rate_are_joined(status: str, joined: str) -> None:
    row = derive([level("1.0", "2022", unit="USD", obs_status=status), *YEARS], TO_CNY).one("2022", unit="CNY")
    assert text_of(row["statuses"]) == joined


def test_a_break_stays_where_there_is_no_rate() -> None:
    row = derive([level("1.0", "2019", unit="USD", obs_status="B"), *YEARS], TO_CNY).one("2019", unit="CNY")
    assert text_of(row["statuses"]) == "B;O"


def test_negative_amounts_have_their_ends_at_the_other_rates() -> None:
    rows = [level("-10.0", "2022", unit="USD", item="SF"), *YEARS]
    there = derive(rows, TO_CNY).one("2022", unit="CNY")
    assert (there["lo"], there["hi"]) == (D("-10.05") * D("6.72615"), D("-9.95") * D("6.72605"))
    back = derive([level("-10.0", "2022", item="SF"), rate("=2", "2022")], TO_USD).one("2022", unit="USD")
    assert (back["lo"], back["point"], back["hi"]) == (D("-5.025"), D(-5), D("-4.975"))


def test_a_quotient_is_rounded_half_up_and_its_ends_outward() -> None:
    row = derive([level("=2", "2022"), rate("=3", "2022")], TO_USD).one("2022", unit="USD")
    assert (row["lo"], row["point"], row["hi"]) == (D("0.6666666666"), D("0.6666666667"), D("0.6666666667"))
    row = derive([level("=-2", "2022", item="SF"), rate("=3", "2022")], TO_USD).one("2022", unit="USD")
    assert (row["lo"], row["point"], row["hi"]) == (D("-0.6666666667"), D("-0.6666666667"), D("-0.6666666666"))


def test_powers_of_ten_of_amounts_rates_and_printed_figures_are_minded() -> None:
    """672.61 yuan for 100 dollars; 10^6 dollars; and yuan of another item printed in 10^4."""
    quoted = rate("672.61", "2022", unit_mult=-2)
    amount = level("100", "2022", unit="USD", unit_mult=6)
    row = derive([amount, quoted], TO_CNY).one("2022", unit="CNY")
    assert (row["point"], row["mult"]) == (D("672.61"), 6)
    printed = level("1", "2022", unit="CNY", unit_mult=4, item="SJ")
    row = derive([amount, quoted, printed], TO_CNY).one("2022", unit="CNY", item="EBOPS2010:SI")
    assert (row["point"], row["mult"]) == (D("67261"), 4)
    back = derive([level("672.61", "2022", unit_mult=8), quoted], TO_USD).one("2022", unit="USD")
    assert (back["point"], back["mult"]) == (D(100), 8)


def test_the_newest_edition_of_the_rates_counts_period_by_period() -> None:
    """2023 stands in the edition 2023 and, revised, in 2024.2; 2022 in the older one alone. .10 is after .2."""
    rates = [rate("=6", "2022", vintage="2023"), rate("=7", "2023", vintage="2023"),
             rate("=9", "2023", vintage="2024.2"), rate("=8", "2023", vintage="2024.10")]  # fmt: skip
    levels = derive(levels_at({"2022": "=1", "2023": "=1"}, unit="USD") + rates, TO_CNY)
    assert {y: r["point"] for y, r in levels.added(unit="CNY").items()} == {"2022": D(6), "2023": D(8)}
    assert not any(row["contested"] for row in levels.rows)


def test_two_datasets_that_print_one_series_differently_contest_it() -> None:
    rates = [rate("7.00", "2022"), rate("7.10", "2022", dataset="other")]
    row = derive([level("=1", "2022", unit="USD"), *rates], TO_CNY).one("2022", unit="CNY")
    assert row["contested"] is True
    rates = [rate("7.00", "2022"), rate("7.0", "2022", dataset="other")]
    row = derive([level("=1", "2022", unit="USD"), *rates], TO_CNY).one("2022", unit="CNY")
    assert (row["contested"], row["hi"]) == (False, D("7.005"))


@pytest.mark.parametrize(
    "useless",
    [
        rate("", "2022", obs_status="O"),  # missing
        rate("0.00", "2022"),  # may be zero
        rate("over 6", "2022"),  # only a bound
        rate("7.0", "2022", unit="EUR"),  # the unit does not say what for what
        rate("7.0", "2022", item="XR:CNY_EUR.AVG"),  # another series
        rate("7.0", "2022", measure="index"),
    ],
)
def test_what_is_no_rate_gives_no_value(useless: dict[str, object]) -> None:
    row = derive([level("1.0", "2022", unit="USD"), useless], TO_CNY).one("2022", unit="CNY")
    assert (row["point"], row["method"], text_of(row["statuses"])) == (None, "no_rate", "O")


def test_two_currencies_that_become_one_give_one_level() -> None:
    """The list may name two currencies of one dataset; only one of them has a rate here."""
    conversions = [("a", "USD", "CNY"), ("a", "EUR", "CNY")]
    rows = [level("=1", "2022", unit="USD"), level("=1", "2022", unit="EUR"), rate("=7", "2022")]
    levels = derive(rows, conversions)
    assert levels.one("2022", unit="CNY")["point"] == D(7)
