"""Number formats to displayed text, as a spreadsheet shows it. Expected texts are by hand, most of them checked against
what a spreadsheet program prints."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.number_formats import BUILT_IN, Shown, show_number, show_text, trim_noise, write_plain

ACCOUNTING = '_-* #,##0_-;\\-* #,##0_-;_-* "-"??_-;_-@_-'


def show(value: str, code: str) -> tuple[str, int | None]:
    shown = show_number(Decimal(value), code)
    return shown.text, shown.decimals


@pytest.mark.parametrize(
    ("value", "code", "text", "decimals"),
    [
        ("1234.5", "General", "1234.5", None),
        ("1234.5", "", "1234.5", None),
        ("0.0000001", "GENERAL", "0.0000001", None),
        ("2018", 'General"年"', "2018年", None),
        ("1234.5", "0", "1235", 0),
        ("-1234.5", "0", "-1235", 0),  # halves go away from zero
        ("3.1", "0.00", "3.10", 2),
        ("1234567.891", "#,##0", "1,234,568", 0),
        ("999.96", "#,##0.0", "1,000.0", 1),
        ("12", "#,##0.0", "12.0", 1),
        ("1234567890", "#,##0", "1,234,567,890", 0),
        ("5", "000", "005", 0),
        ("1234", "0,000,000", "0,001,234", 0),
        ("0", "#,###", "", None),
        ("0.5", "#.0", ".5", 1),
        ("5.1", "0.00##", "5.10", 4),
        ("5", "0.##", "5", 2),  # the program shows "5."
        ("5.1", "0.0?", "5.1", 2),
        ("123456789", "000-00-0000", "123-45-6789", 0),
        ("1234567", "# ##0", "1234 567", 0),  # not a separator but a literal blank, once
        ("5", "_-0.0_-", "5.0", 1),
        ("5", "* 0", "5", 0),
    ],
)
def test_digits(value: str, code: str, text: str, decimals: int | None) -> None:
    assert show(value, code) == (text, decimals)


@pytest.mark.parametrize(
    ("value", "code", "text", "decimals"),
    [
        ("-5", "0.0;(0.0)", "(5.0)", 1),
        ("-5", "#,##0;#,##0", "5", 0),  # the second section writes the sign itself, or not at all
        ("0", '0.0;-0.0;"-"', "-", None),
        ("0.04", '0.0;-0.0;"-"', "0.0", 1),  # the section is chosen by the stored value
        ("0", ACCOUNTING, "-", None),
        ("-1234", ACCOUNTING, "-1,234", 0),
        ("-1234.5", BUILT_IN[43], "(1,234.50)", 2),
        ("-7", BUILT_IN[38], "(7)", 0),
        ("5", ";;;", "", None),
        ("-5", "0;;", "", None),
        ("5", '"n.a."', "n.a.", None),
        ("150.4", "[>=100]0;0.0", "150", 0),
        ("99.94", "[>=100]0;0.0", "99.9", 1),
        ("-3", "[>=100]0;0.0", "-3.0", 1),
        ("-3", "[>=0]0.0;0.0", "3.0", 1),
        ("0", '[=0]"-";#,##0', "-", None),
        ("-1234", '[=0]"-";#,##0', "-1,234", 0),
        ("-4", '[<0]"minus "0;0', "minus 4", 0),
        ("0.2", '[<0.5]"[low]";0.0', "[low]", None),
        ("1", "[<0]0;[>5]0.0", "1", None),  # no section is for it
    ],
)
def test_sections(value: str, code: str, text: str, decimals: int | None) -> None:
    assert show(value, code) == (text, decimals)


@pytest.mark.parametrize(
    ("value", "code", "text", "decimals"),
    [
        ("0.695", "0.0%", "69.5%", 1),
        ("0.695", "0%", "70%", 0),
        ("0.07", "0%;[Red]-0%", "7%", 0),
        ("0.5", '0.0 "%"', "0.5 %", 1),  # a literal sign scales nothing
        ("0.5", "0\\%", "1%", 0),
        ("1234567", "#,##0,", "1,235", 0),
        ("1234567", '0.0,," m"', "1.2 m", 1),
        ("1234", "[$£-809]#,##0.00", "£1,234.00", 2),
        ("-5", '"£"0', "-£5", 0),
        ("5", "[$-409]0.0", "5.0", 1),
        ("5", "[Red]0", "5", 0),
        ("5", "[Color 12]0", "5", 0),
        ("2.5", '0.0" (p)"', "2.5 (p)", 1),
        ("5", "0\xa0€", "5\xa0€", 0),
        ("12345", "0.00E+00", "1.23E+04", None),
        ("0.00012", "0.0E-0", "1.2E-4", None),
        ("9.999", "0.0E+0", "1.0E+1", None),
        ("12345", "##0.0E+0", "12.3E+3", None),
        ("0", "0.0E+0", "0.0E+0", None),
    ],
)
def test_scale_currency_and_exponents(value: str, code: str, text: str, decimals: int | None) -> None:
    assert show(value, code) == (text, decimals)


@pytest.mark.parametrize(
    "code",
    [
        "# ?/?",
        "# ??/16",
        "[DBNum1]0",
        "[NatNum4]0",
        "0x",
        "0.0.0",
        "0E",
        "q",
        "0.0;x",
        "yyyy General",
        "0E+0E+0",
        '"0',
        "\\",
    ],
)
def test_what_is_not_understood_is_general(code: str) -> None:
    assert show("-1.25", code) == ("-1.25", None)


@pytest.mark.parametrize(
    ("serial", "code", "text"),
    [
        ("44561", "dd/mm/yyyy", "2021-12-31"),
        ("44561", BUILT_IN[14], "2021-12-31"),
        ("44561", 'yyyy"年"m"月"d"日"', "2021-12-31"),
        ("44561.75", "d mmm yy", "2021-12-31"),
        ("44561", "mmm-yy", "2021-12"),
        ("44561", "mmmm\\ yyyy", "2021-12"),
        ("44561", "yyyy", "2021"),
        ("44561", "[$-809]dd mmmm yyyy;@", "2021-12-31"),
        ("44561.75", "d/m/yy h:mm", "2021-12-31T18:00:00"),
        ("44561.999999", "yyyy-mm-dd hh:mm:ss", "2022-01-01T00:00:00"),
        ("0.5", "h:mm AM/PM", "12:00:00"),
        ("0.0105", "mm:ss", "00:15:07"),
        ("1.5", "[h]:mm:ss", "36:00:00"),
        ("59", "yyyy-mm-dd", "1900-02-28"),
        ("60", "yyyy-mm-dd", "1900-02-29"),
        ("61", "yyyy-mm-dd", "1900-03-01"),
        ("2958465", "yyyy-mm-dd", "9999-12-31"),
    ],
)
def test_dates_are_iso_with_the_parts_that_are_shown(serial: str, code: str, text: str) -> None:
    assert show_number(Decimal(serial), code) == Shown(text, None, True)


def test_dates_counted_from_1904() -> None:
    assert show_number(Decimal(43099), "yyyy-mm-dd", from_1904=True).text == "2021-12-31"
    assert show_number(Decimal(0), "yyyy-mm-dd", from_1904=True).text == "1904-01-01"


@pytest.mark.parametrize("serial", ["-1", "2958466", "0"])
def test_a_number_that_is_no_date_stays_a_number(serial: str) -> None:
    assert show_number(Decimal(serial), "yyyy-mm-dd") == Shown(serial, None, False)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("General", "ab"),
        ("@", "ab"),
        ("0.0", "ab"),
        ('@" (p)"', "ab (p)"),
        ('0;-0;0;"to "@', "to ab"),
        (ACCOUNTING, " ab "),
        (";;;", "ab"),  # the program hides it; a label must not vanish
        ('0;0;0;"x"', "ab"),
    ],
)
def test_text_sections(code: str, text: str) -> None:
    assert show_text("ab", code) == text


def test_a_text_format_leaves_a_number_as_it_is() -> None:
    assert show("3.1", "@") == ("3.1", None)


@pytest.mark.parametrize(
    ("stored", "digits"),
    [
        ("0.30000000000000004", "0.3"),
        ("6.1000000000000005", "6.1"),
        ("12345.669999999998", "12345.67"),
        ("1E-07", "0.0000001"),
        ("1.0E15", "1000000000000000"),
        ("-0.0", "0"),
        ("100", "100"),
        ("5.0", "5"),
    ],
)
def test_noise_of_the_binary_form_is_not_part_of_a_number(stored: str, digits: str) -> None:
    assert write_plain(trim_noise(stored)) == digits


@pytest.mark.parametrize("stored", ["", "abc", "nan", "inf", "1e999", "1,5"])
def test_no_number(stored: str) -> None:
    with pytest.raises(ValueError):
        trim_noise(stored)


@given(st.decimals(-(10**9), 10**9, places=6), st.integers(0, 6), st.booleans())
def test_shown_text_parses_back_to_the_rounded_value(value: Decimal, decimals: int, grouped: bool) -> None:
    code = ("#,##0" if grouped else "0") + ("." + "0" * decimals if decimals else "")
    shown = show_number(value, code)
    rounded = value.quantize(Decimal(1).scaleb(-decimals), context=Context(prec=60, rounding=ROUND_HALF_UP))
    assert Decimal(shown.text.replace(",", "")) == rounded
    assert shown.decimals == decimals and len(shown.text.partition(".")[2]) == decimals


@given(st.decimals(-(10**6), 10**6, places=4), st.integers(0, 3))
def test_percent_is_a_hundredfold(value: Decimal, decimals: int) -> None:
    plain = "0" + ("." + "0" * decimals if decimals else "")
    assert show_number(value, plain + "%").text == show_number(value * 100, plain).text + "%"


@given(
    st.text(alphabet='0#?.,%;E+-@"\\_*[]<>=ymdhs/$ GeneralRd年', max_size=20), st.decimals(-(10**12), 10**12, places=3)
)
def test_no_format_stops_the_reading(code: str, value: Decimal) -> None:
    shown = show_number(value, code)
    assert shown.text == shown.text.strip() and (shown.decimals is None or 0 <= shown.decimals <= 20)
    assert "a" in show_text("a", code)
