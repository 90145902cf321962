"""Printed figures: what a string on paper means as a value, how precise it is, and what it may stand for."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.codelists import qualifier_words
from transforms.numbers import (
    PLACES,
    Figure,
    fold,
    parse_chinese_numeral,
    parse_figure,
    qualified_interval,
    rounding_interval,
)

WIDE = str.maketrans("0123456789.,-+%/", "０１２３４５６７８９．，－＋％／")


@pytest.mark.parametrize(
    ("printed", "value", "decimals"),
    [
        ("12,027.60", "12027.60", 2),  # a printed zero is precision, not decoration
        ("15.4", "15.4", 1),
        ("20.73", "20.73", 2),
        ("-51.7", "-51.7", 1),
        ("−51.7", "-51.7", 1),  # the typographic minus
        ("–51.7", "-51.7", 1),  # an en dash before a digit, as typesetters put it
        ("+3", "3", 0),
        ("0", "0", 0),
        ("0.00", "0.00", 2),
        ("1,234,567", "1234567", 0),
        ("下降39.22", "-39.22", 2),
        ("负增长3.2", "-3.2", 1),  # "negative growth of": not a rise
        ("减少 5", "-5", 0),
        ("低于2", "-2", 0),
        ("增长5.0", "5.0", 1),
        ("高于24", "24", 0),
        ("增长-3.1", "-3.1", 1),
        ("１２，０２７．６０", "12027.60", 2),
        ("－５１．７", "-51.7", 1),
        ("\u00a015.4\u3000", "15.4", 1),
        ("第1名", "1", 0),
        ("第12位", "12", 0),
    ],
)
def test_printed_figure(printed: str, value: str, decimals: int) -> None:
    figure = parse_figure(printed)
    assert (str(figure.value), figure.decimals, figure.is_fraction) == (value, decimals, False)


@pytest.mark.parametrize(
    ("printed", "value", "is_fraction"),
    [
        ("三分之一", "0.33333333", True),
        ("四分之一", "0.25", True),
        ("2/3", "0.66666667", True),
        ("一半", "0.5", True),
        ("下降三分之一", "-0.33333333", True),
        ("两百", "200", False),
        ("千亿", "100000000000", False),
        ("万亿", "1000000000000", False),
        ("三十", "30", False),
        ("十五", "15", False),
        ("一百零五", "105", False),
        ("一亿两千万", "120000000", False),
        ("第一", "1", False),
        ("第十二", "12", False),
        ("首", "1", False),
        ("首位", "1", False),
    ],
)
def test_words_have_a_value_but_no_decimals(printed: str, value: str, is_fraction: bool) -> None:
    figure = parse_figure(printed)
    assert (figure.value, figure.decimals, figure.is_fraction) == (Decimal(value), None, is_fraction)


def test_percent_sign_stands_where_it_is_declared_and_nowhere_else() -> None:
    assert parse_figure("69.50%", percent_sign=True) == Figure(Decimal("69.50"), 2)
    assert parse_figure("６９．５０％", percent_sign=True) == Figure(Decimal("69.50"), 2)
    with pytest.raises(ValueError, match="unexpected percent sign"):
        parse_figure("69.50%")
    with pytest.raises(ValueError, match="a percent sign is missing"):
        parse_figure("69.50", percent_sign=True)
    with pytest.raises(ValueError, match="after words"):
        parse_figure("三分之一%", percent_sign=True)


@pytest.mark.parametrize(
    "text",
    [
        *("1,23.4", "12,34", "1234,567", ",123", "3..2", "3.", ".5", "1.2.3", "abc", "12%34", "", "--", "-", "+", "%"),
        *("NaN", "nan", "inf", "-Infinity", "1e5", "0x1F", "1_000", "None", "True", "007"),
        *("下降-3", "下降+3", "下降增长5", "负负3", "下降第一", "- 3", "12 027.60", "12\n027", "'12"),
        *("31²", "31①", "31*", "³1", "½"),  # footnote marks and vulgar fractions must not become digits
        *("2019/2020", "1/0", "2/3/4", "-1/2", "1_0/3", "百分之十"),
        *(
            "第0",
            "第",
            "名",
            "第1.5名",
            "亿万",
            "三万五",
            "三五百",
            "一二三",
            "二〇二一",
            "百五",
            "十百",
            "一亿万",
            "一百五",
        ),
        *("١٢", "१२", "3万", "1.2亿", "约5", "5%左右", "—", "–", "…", "持平", "1–2", "10-20", "5 (e)"),
    ],
)
def test_what_is_no_figure_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_figure(text)


def test_negative_zero_is_zero() -> None:
    figure = parse_figure("-0.0")
    assert str(figure.value) == "0.0" and figure.decimals == 1


def test_many_digits_stay_exact() -> None:
    assert str(parse_figure("12345678901234567890123456789.123456789").value) == (
        "12345678901234567890123456789.123456789"
    )
    low, high = rounding_interval(Decimal("1234567890123456789012345678.9"), 1)
    assert (str(low), str(high)) == ("1234567890123456789012345678.85", "1234567890123456789012345678.95")


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12), max_value=10**12))
@pytest.mark.parametrize("decimals", [0, 1, 2, 4])
@pytest.mark.parametrize("thousands", ["", ","])
def test_a_figure_survives_being_printed(decimals: int, thousands: str, x: Decimal) -> None:
    printed = f"{x:{thousands}.{decimals}f}"
    figure = parse_figure(printed)
    assert figure.value == Decimal(printed.replace(",", "")) and figure.decimals == decimals
    low, high = rounding_interval(figure.value, decimals)
    assert high - low == Decimal(1).scaleb(-decimals)
    assert low <= x <= high
    assert parse_figure(printed.translate(WIDE)) == figure


@given(st.text())
def test_any_text_is_read_or_refused_and_width_changes_nothing(text: str) -> None:
    def outcome(string: str) -> Figure | None:
        try:
            return parse_figure(string)
        except ValueError:
            return None

    assert outcome(text) == outcome(text.translate(WIDE)) == outcome(fold(text))


@given(st.integers(0, 10**12 - 1))
def test_chinese_numerals_survive_being_written(number: int) -> None:
    assert parse_chinese_numeral(_write_numeral(number)) == number


def _write_numeral(number: int) -> str:
    """A whole number the way it is written in full: 10500 -> 一万零五百."""
    if number < 10:
        return "零一二三四五六七八九"[number]
    for char, unit in (("亿", 10**8), ("万", 10**4), ("千", 1000), ("百", 100), ("十", 10)):
        count, rest = divmod(number, unit)
        if count:
            zero = "零" if 0 < rest < unit // 10 else ""
            return _write_numeral(count) + char + (zero + _write_numeral(rest) if rest else "")
    raise AssertionError(number)


def test_rounding_interval_has_both_ends() -> None:
    assert rounding_interval(Decimal("7.46"), 2) == (Decimal("7.455"), Decimal("7.465"))
    assert rounding_interval(Decimal("31"), 0) == (Decimal("30.5"), Decimal("31.5"))
    assert rounding_interval(Decimal("-19.89"), 2) == (Decimal("-19.895"), Decimal("-19.885"))


# One word of every kind of qualifier, with the interval that qualifiers.csv declares.
@pytest.mark.parametrize(
    ("word", "printed", "low", "high"),
    [
        ("超", "60", "60", None),
        ("突破", "2400", "2400", None),
        ("以上", "30", "30", None),
        ("不少于", "30", "30", None),
        ("≥", "95", "95", None),
        ("不足", "5", None, "5"),
        ("以下", "5", None, "5"),
        ("不超过", "50", None, "50"),
        ("以内", "50", None, "50"),
        ("近", "300", "270", "300"),
        ("接近", "5.0", "4.5", "5.0"),
        ("近", "1", "0.5", "1"),  # a tenth of 1 would be finer than its own rounding
        ("约", "6.7", "6.365", "7.035"),
        ("左右", "100", "95", "105"),
        ("约", "1", "0.5", "1.5"),
        ("余", "60", "60", "70"),
        ("余", "1300", "1300", "1400"),
        ("多", "12", "12", "13"),
        ("余", "两百", "200", "300"),
        ("余", "1.5", "1.5", "1.6"),
        ("超", "下降5", None, "-5"),  # the size of the fall is over 5
        ("近", "下降5", "-5", "-4.5"),
        ("余", "下降60", "-70", "-60"),
        ("约", "下降100", "-105", "-95"),
        ("不足", "下降5", "-5", None),
        ("≥", "-5", "-5", None),  # a written sign: the figure itself is compared
    ],
)
def test_qualifier_has_its_declared_interval(word: str, printed: str, low: str | None, high: str | None) -> None:
    row, figure = qualifier_words()[word], parse_figure(printed)
    found = qualified_interval(figure, figure.decimals, row["lower_rule"], row["upper_rule"])
    assert found == (None if low is None else Decimal(low), None if high is None else Decimal(high))


@pytest.mark.parametrize("word", sorted(qualifier_words()))
@given(x=st.decimals(allow_nan=False, allow_infinity=False, places=9, min_value=0, max_value=10**9))
def test_every_qualifier_keeps_the_figure_inside(word: str, x: Decimal) -> None:
    row, figure = qualifier_words()[word], parse_figure(f"{x:.9f}")
    low, high = qualified_interval(figure, figure.decimals, row["lower_rule"], row["upper_rule"])
    assert low is None or low <= figure.value
    assert high is None or figure.value <= high
    for end in (low, high):  # and the ends fit the ten decimals of the observations
        assert end is None or end == round(end, PLACES)


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown rule 'half'"):
        qualified_interval(Figure(Decimal(5), 0), 0, "half", "value")


@pytest.mark.parametrize(
    ("word", "low", "high"),
    [("近", "-50", "-45.0"), ("约", "-52.5", "-47.5"), ("超", None, None), ("不足", None, None)],
)
def test_a_word_beside_a_minus_sign_speaks_of_the_size_or_of_nothing(
    word: str, low: str | None, high: str | None
) -> None:
    row, figure = qualifier_words()[word], parse_figure("-50")
    found = qualified_interval(figure, figure.decimals, row["lower_rule"], row["upper_rule"], is_word=True)
    assert found == (None if low is None else Decimal(low), None if high is None else Decimal(high))
