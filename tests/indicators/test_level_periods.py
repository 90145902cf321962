"""Months out of year-to-date figures, quarters and years out of months: cases worked out by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest
from level_worlds import assert_sound, bits_of, derive, from_january, level, levels_at, months, text_of

D = Decimal
TENTHS = ("10.0", "21.0", "33.0", "46.0", "60.0", "75.0", "91.0", "108.0", "126.0", "145.0", "165.0", "186.0")


def test_year_to_date_figures_give_the_months_and_quarters() -> None:
    """10, 21, 33 since January: 10 in January, 11 in February, 12 in March, 33 in the quarter."""
    levels = derive(from_january(*TENTHS))
    assert levels.points() == {
        "2020-02": D(11), "2020-03": D(12), "2020-04": D(13), "2020-05": D(14), "2020-06": D(15), "2020-07": D(16),
        "2020-08": D(17), "2020-09": D(18), "2020-10": D(19), "2020-11": D(20), "2020-12": D(21),
        "2020-Q1": D(33), "2020-Q2": D(42), "2020-Q3": D(51), "2020-Q4": D(60),
    }  # fmt: skip
    assert_sound(levels)
    march, december, first, second = (levels.one(p) for p in ("2020-03", "2020-12", "2020-Q1", "2020-Q2"))
    assert (march["method"], march["lo"], march["hi"], march["freq"]) == ("ytd_difference", D("11.9"), D("12.1"), "M")
    assert march["inputs"] == ["a/2024/2020-01/2020-02 X CNY=21.0", "a/2024/2020-01/2020-03 X CNY=33.0"]
    assert december["inputs"] == ["a/2024/2020 X CNY=186.0", "a/2024/2020-01/2020-11 X CNY=165.0"]
    # the first quarter is the figure of January to March itself; of the second, two errors are left and not six
    assert (first["method"], first["lo"], first["hi"]) == ("same_months", D("32.95"), D("33.05"))
    assert (second["method"], second["lo"], second["hi"], second["freq"]) == (
        "ytd_difference", D("41.9"), D("42.1"), "Q"
    )  # fmt: skip


def test_january_and_february_together_stay_together() -> None:
    levels = derive(from_january(*TENTHS[1:], start=2))
    assert "2020-01" not in levels.points() and "2020-02" not in levels.points()
    assert levels.points()["2020-03"] == D(12) and levels.points()["2020-Q1"] == D(33)
    together = levels.one("2020-01/2020-02")
    assert (together["method"], together["point"]) == ("published", D(21))


def test_january_and_february_together_and_ten_months_are_a_year() -> None:
    rows = [level("21.0", "2020-01/2020-02"), *months(*["10.0"] * 10, start=3)]
    levels = derive(rows)
    assert levels.points() == {
        "2020-Q1": D(31), "2020-Q2": D(30), "2020-Q3": D(30), "2020-Q4": D(30), "2020": D(121)
    }  # fmt: skip
    year = levels.one("2020")
    assert (year["method"], year["lo"], year["hi"], len(year["inputs"])) == (
        "sum_of_months", D("120.45"), D("121.55"), 11
    )  # fmt: skip


def test_months_give_quarters_and_the_year_with_all_their_errors() -> None:
    levels = derive(months(*["10.0"] * 12))
    assert levels.points() == {f"2020-Q{q}": D(30) for q in (1, 2, 3, 4)} | {"2020": D(120)}
    quarter, year = levels.one("2020-Q3"), levels.one("2020")
    assert (quarter["method"], quarter["lo"], quarter["hi"]) == ("sum_of_months", D("29.85"), D("30.15"))
    assert (year["freq"], year["lo"], year["hi"]) == ("A", D("119.4"), D("120.6"))


def test_quarters_give_the_year() -> None:
    levels = derive(levels_at({f"2020-Q{q}": f"{q}.0" for q in (1, 2, 3, 4)}))
    assert levels.points() == {"2020": D(10)}
    assert levels.one("2020")["method"] == "sum_of_quarters"


def test_half_a_year_and_two_quarters_give_the_year() -> None:
    levels = derive(levels_at({"2020-01/2020-06": "5.0", "2020-Q3": "2.0", "2020-Q4": "2.5"}))
    assert levels.points() == {"2020": D("9.5")}
    assert levels.one("2020")["method"] == "sum_of_periods"


def test_the_months_since_january_up_to_december_are_the_year() -> None:
    levels = derive([level("186.0", "2020-01/2020-12"), level("165.0", "2020-01/2020-11")])
    assert levels.points() == {"2020": D(186), "2020-12": D(21)}
    assert levels.one("2020")["method"] == "same_months"


def test_what_is_counted_from_march_to_june_gives_quarters_but_no_months() -> None:
    levels = derive(levels_at({"2020-01/2020-03": "3.0", "2020-01/2020-06": "7.0", "2020-01/2020-09": "12.0",
                               "2020": "18.0"}))  # fmt: skip
    assert levels.points() == {"2020-Q1": D(3), "2020-Q2": D(4), "2020-Q3": D(5), "2020-Q4": D(6)}


def test_a_month_that_is_not_there_leaves_its_quarter_and_year_undone() -> None:
    levels = derive(months(*["10.0"] * 4) + months(*["10.0"] * 7, start=6))
    assert levels.points() == {"2020-Q1": D(30), "2020-Q3": D(30), "2020-Q4": D(30)}


def test_a_suppressed_month_leaves_its_quarter_without_value_but_not_without_bounds() -> None:
    """10.0 and 12.0 are there: the quarter is at least 21.9, as exports of the item are not negative."""
    levels = derive([*months("10.0"), level("", "2020-02", obs_status="Q"), *months("12.0", start=3)])
    quarter = levels.one("2020-Q1")
    assert (quarter["point"], quarter["lo"], quarter["hi"]) == (None, D("21.9"), None)
    assert text_of(quarter["statuses"]) == "Q"
    assert len(quarter["inputs"]) == 3
    assert levels.one("2020-02")["method"] == "published"


def test_bounds_said_for_a_suppressed_month_are_used() -> None:
    suppressed = level("", "2020-02", obs_status="Q", lo=D(1), hi=D(2))
    quarter = derive([*months("10.0"), suppressed, *months("12.0", start=3)]).one("2020-Q1")
    assert (quarter["point"], quarter["lo"], quarter["hi"]) == (None, D("22.9"), D("24.1"))


def test_insurance_may_be_negative_so_that_a_suppressed_month_bounds_nothing() -> None:
    rows = [*months("10.0", item="SF"), level("", "2020-02", obs_status="Q", item="SF"),
            *months("12.0", start=3, item="SF")]  # fmt: skip
    assert derive(rows).one("2020-Q1")["lo"] is None


def test_a_suppressed_month_is_not_disclosed_by_the_figures_around_it() -> None:
    """February could be had from 21.0 less 10.0; it is printed as suppressed and stays so."""
    levels = derive([*from_january("10.0", "21.0", "33.0"), level("", "2020-02", obs_status="Q")])
    february = levels.one("2020-02")
    assert (february["point"], february["method"], text_of(february["statuses"])) == (None, "published", "Q")
    assert levels.one("2020-Q1")["point"] == D(33)


def test_a_suppressed_year_to_date_figure_gives_months_without_value() -> None:
    levels = derive([*from_january("10.0"), level("", "2020-01/2020-02", obs_status="Q"), level("33.0",
                     "2020-01/2020-03")])  # fmt: skip
    for month, bounds in (("2020-02", (None, None)), ("2020-03", (None, D("33.05")))):
        row = levels.one(month)
        assert (row["point"], text_of(row["statuses"])) == (None, "Q")
        assert (row["lo"], row["hi"]) == bounds
    assert levels.one("2020-Q1")["point"] == D(33)  # January to March is printed itself


@pytest.mark.parametrize(
    ("statuses", "joined"),
    [
        (("A", "A", "A"), "A"), (("A", "P", "A"), "P"), (("E", "P", "A"), "E;P"), (("B", "A", "P"), "B;P"),
    ],
)  # fmt: skip
def test_the_statuses_of_a_sum_are_those_of_its_parts(statuses: tuple[str, ...], joined: str) -> None:
    rows = [level("10.0", f"2020-{n:02d}", obs_status=code) for n, code in enumerate(statuses, 1)]
    assert text_of(derive(rows).one("2020-Q1")["statuses"]) == joined


@pytest.mark.parametrize(
    ("statuses", "joined"),
    [
        (("P", "Q", "A"), "Q"), (("A", "Q", "L"), "L"), (("A", "Q", "O"), "O"), (("B", "Q", "E"), "B;Q"),
        (("A", "J", "A"), "J"), (("A", "B", "A"), "B;O"),
    ],
)  # fmt: skip
def test_the_strongest_reason_is_why_a_sum_has_no_value(statuses: tuple[str, ...], joined: str) -> None:
    rows = [
        level("" if code in "QLOJ" or (code == "B" and "Q" not in statuses) else "10.0", f"2020-{n:02d}",
              obs_status=code)
        for n, code in enumerate(statuses, 1)
    ]  # fmt: skip
    quarter = derive(rows).one("2020-Q1")
    assert (quarter["point"], text_of(quarter["statuses"])) == (None, joined)


def test_a_month_stated_only_as_over_gives_a_lower_bound() -> None:
    quarter = derive([*months("10.0", "12.0"), level("over 5", "2020-03")]).one("2020-Q1")
    assert (quarter["point"], quarter["lo"], quarter["hi"]) == (None, D("26.9"), None)
    assert text_of(quarter["statuses"]) == "O"


def test_a_negative_difference_keeps_its_value_and_is_an_estimate() -> None:
    """A revision that took more than the month brought."""
    levels = derive(from_january("10.0", "21.0", "20.0"))
    march = levels.one("2020-03")
    assert (march["point"], march["method"], text_of(march["statuses"])) == (D(-1), "ytd_difference_negative", "E")
    assert (march["lo"], march["hi"]) == (D("-1.1"), D("-0.9"))


def test_insurance_may_be_negative() -> None:
    march = derive(from_january("10.0", "21.0", "20.0", item="SF")).one("2020-03")
    assert (march["point"], march["method"], text_of(march["statuses"])) == (D(-1), "ytd_difference", "A")


def test_months_and_year_to_date_that_agree_within_rounding() -> None:
    """10.0 + 11.0 + 12.0 = 33.0, printed 33.1: both can be true, and the printed sum is the narrower."""
    levels = derive([*months("10.0", "11.0", "12.0"), level("33.1", "2020-01/2020-03")])
    assert set(levels.points()) == {"2020-Q1"}
    quarter = levels.one("2020-Q1")
    assert (quarter["point"], quarter["lo"], quarter["hi"]) == (D("33.1"), D("33.05"), D("33.15"))
    assert (quarter["contested"], quarter["method"]) == (False, "same_months")
    assert quarter["inputs"] == ["a/2024/2020-01/2020-03 X CNY=33.1"]


def test_months_and_year_to_date_that_cannot_both_be_true() -> None:
    """10.0 + 11.0 + 12.0 lies within 32.85 and 33.15; 34.0 is another figure."""
    quarter = derive([*months("10.0", "11.0", "12.0"), level("34.0", "2020-01/2020-03")]).one("2020-Q1")
    assert (quarter["contested"], quarter["point"]) == (True, D(34))
    assert (quarter["lo"], quarter["hi"]) == (D("32.85"), D("34.05"))


def test_finer_months_beat_a_coarse_year_to_date_figure() -> None:
    quarter = derive([*months("10.00", "11.00", "12.00"), level("33", "2020-01/2020-03")]).one("2020-Q1")
    assert (quarter["method"], quarter["lo"], quarter["hi"]) == ("sum_of_months", D("32.985"), D("33.015"))


def test_what_is_printed_is_never_replaced() -> None:
    rows = [*from_january(*TENTHS), level("999.0", "2020-03"), level("", "2020-Q2", obs_status="O")]
    levels = derive(rows)
    for period, point in (("2020-03", D(999)), ("2020-Q2", None)):
        row = levels.one(period)
        assert (row["method"], row["point"]) == ("published", point)


def test_where_one_series_counts_from_january_sums_are_made_for_the_others() -> None:
    rows = [level("30.0", "2020-01/2020-02"), *months("10.0", "11.0", "12.0", item="SJ")]
    levels = derive(rows)
    assert levels.points(item="EBOPS2010:SJ") == {"2020-Q1": D(33), "2020-01/2020-02": D(21)}
    assert levels.points(item="EBOPS2010:SI") == {}


@pytest.mark.parametrize(
    "other",
    [
        {"adjustment": "S"}, {"unit": "USD"}, {"flow": "M"}, {"geo": "IND"}, {"partner": "USA"}, {"item": "SJ"},
        {"basis": "reported"}, {"dataset": "b"}, {"vintage": "2023"}, {"mode": "M1"},
    ],
)  # fmt: skip
def test_only_like_is_put_together(other: dict[str, str]) -> None:
    assert derive([*months("10.0", "11.0"), *months("12.0", start=3, **other)]).points() == {}
    assert derive([*from_january("10.0", "21.0"), level("33.0", "2020-01/2020-03", **other)]).points() == {
        "2020-02": D(11)
    } | ({"2020-Q1": D(33)})


@pytest.mark.parametrize(
    "kind",
    [
        {"measure": "count", "unit": "COUNT", "price": "", "flow": "N", "item": "ENT:COUNT.T"},  # a stock of firms
        {"flow": "N", "item": "NA:GDP"},  # no trade flow
        {"price": "", "unit": "TONNE", "item": "RAIL:CR_EXPRESS.FREIGHT"},
        {"price": "", "unit": "CNY_PER_USD", "item": "XR:CNY_USD.AVG", "flow": "N"},  # averages are not added
    ],
)
def test_counts_stocks_and_rates_are_not_added(kind: dict[str, str]) -> None:
    assert derive([*months(*["10.0"] * 12, **kind), *from_january("1.0", "2.0", year=2021, **kind)]).points() == {}


@pytest.mark.parametrize("period", ["2020-12-31", "../2020", "2018/2020", "2019-12/2020-03", ""])
def test_other_periods_are_left_alone(period: str) -> None:
    levels = derive([*from_january("10.0", "21.0"), level("33.0", period)])
    assert levels.points() == {"2020-02": D(11)}
    assert levels.one(period)["point"] == D(33)


def test_a_contested_part_makes_a_contested_whole() -> None:
    rows = months("10.0", "11.0") + months("12.0", start=3, contested=True)
    assert derive(rows).one("2020-Q1")["contested"] is True
    assert derive(months("10.0", "11.0", "12.0")).one("2020-Q1")["contested"] is False
    for n in (0, 1):
        counted = from_january("10.0", "21.0")
        counted[n]["contested"] = True
        assert derive(counted).one("2020-02")["contested"] is True


def test_running_the_step_again_adds_nothing() -> None:
    rows = [*from_january(*TENTHS), *months(*["10.0"] * 12, item="SJ"), level("", "2021-01", obs_status="Q"),
            *months("1.0", "2.0", start=2, year=2021)]  # fmt: skip
    once = derive(rows, steps=["steps/40_periods"])
    assert once.rows == derive(rows, steps=["steps/40_periods", "steps/40_periods"]).rows
    assert len(once.rows) > len(rows)


def test_unrounded_figures_give_exact_months() -> None:
    march = derive(from_january("=10.123456789", "=21.5", "=33.6234567891")).one("2020-03")
    assert march["point"] == march["lo"] == march["hi"] == D("12.1234567891")


def test_statuses_are_read_as_bits() -> None:
    assert bits_of("B") == 1 and bits_of("E;P") == (1 << 13) | (1 << 14)
    assert text_of(bits_of("P") | bits_of("E")) == "E;P"
