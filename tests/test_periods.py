"""Periods: what each code means, the period a year before, and what is no period."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.periods import find_freq, find_year_before, parse_year, split_period


@pytest.mark.parametrize(
    ("period", "freq", "before"),
    [
        ("2020", "A", "2019"),
        ("2020-Q3", "Q", "2019-Q3"),
        ("2020-07", "M", "2019-07"),
        ("2000-01", "M", "1999-01"),
        ("2021-12-31", "D", "2020-12-31"),
        ("2020-02-29", "D", "2019-02-28"),  # the end of February stays the end of February
        ("2020-01/2020-07", "M", "2019-01/2019-07"),
        ("../2021", "A", "../2020"),
        ("../2022-12-31", "D", "../2021-12-31"),
        ("2005/2019", "A", "2004/2018"),
        ("2020-Q1/2020-Q3", "Q", "2019-Q1/2019-Q3"),
        ("", "", ""),
    ],
)
def test_period(period: str, freq: str, before: str) -> None:
    assert find_freq(period) == freq
    assert find_year_before(period) == before


@pytest.mark.parametrize(
    "text",
    [
        *("20", "20200", "0018", "9999", "2020-13", "2020-00", "2020-Q5", "2020-q1", "2020Q1", "2020-7", "2021-12-32"),
        *("2021-02-30", "2021-02-29", "2020/", "/2020", "..", "../", "2020/..", "../..", "2020/2020", "2020/2019"),
        *("2005/2019-07", "2005/2010/2019", "2020年", "２０２０", "2020 ", "2020-2021", "abc", "/", "@previous"),
    ],
)
def test_no_period(text: str) -> None:
    with pytest.raises(ValueError, match="no period code"):
        find_freq(text)


def test_a_year_may_carry_the_word() -> None:
    assert parse_year("2018") == parse_year("2018年") == parse_year("2018 年") == "2018"
    for text in ("18", "2018年度", "2018-2019", "２０１８", "", "2018 2", "20182"):
        with pytest.raises(ValueError, match="no year"):
            parse_year(text)


@given(st.dates(date(1001, 1, 1), date(2999, 12, 31)), st.sampled_from(["A", "Q", "M", "D"]), st.booleans())
def test_every_period_of_the_calendar_has_its_frequency_and_a_year_before(day: date, freq: str, upto: bool) -> None:
    def write(moment: date, year: int) -> str:
        return {
            "A": f"{year:04d}",
            "Q": f"{year:04d}-Q{(moment.month + 2) // 3}",
            "M": f"{year:04d}-{moment.month:02d}",
            "D": f"{year:04d}-{moment.month:02d}-{moment.day:02d}",
        }[freq]

    if (day.month, day.day) == (2, 29):
        day = day.replace(day=28)
    prefix = "../" if upto else ""
    period = prefix + write(day, day.year)
    assert find_freq(period) == freq
    assert find_year_before(period) == prefix + write(day, day.year - 1)


@given(st.integers(1001, 2998), st.integers(1, 200))
def test_a_span_keeps_its_length(start: int, length: int) -> None:
    end = min(start + length, 2999)
    assert find_year_before(f"{start}/{end}") == f"{start - 1}/{end - 1}"


@pytest.mark.parametrize("text", ["2019M1¹", "2019年1¹月", "2019①"])
def test_a_footnote_mark_is_no_digit_of_a_period(text: str) -> None:
    with pytest.raises(ValueError, match="is no period"):
        split_period(text)
