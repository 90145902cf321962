"""A displayed string, and the number a workbook stores behind it, to a figure with its decimals - or to a blank."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import cache

from transforms.grid import Number
from transforms.layout import MOST_DECIMALS, TableLayout
from transforms.numbers import PLACES, Figure, fold, parse_figure

_SCIENTIFIC = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?[eE][+-]?[0-9]{1,2}")  # how programs write machine values
UNROUNDED = f"an unrounded number: an exponent, or more than {MOST_DECIMALS} decimals"
MEND_UNROUNDED = (
    'is it two figures run together? Where the file holds unrounded machine numbers, say precision = "mixed" (or '
    '"stored", if all of them are).'
)
READ_AS_ZERO = f"the figure is finer than {PLACES} decimals, and would be read as zero"
CUT = "some figures are finer than ten decimals; their rounding is their interval"
_SPACES = str.maketrans(dict.fromkeys("\u00a0\u2007\u2009\u202f\u3000", " "))


@dataclass(frozen=True)
class MarkedFigure:
    """A figure with what the marks glued to it say: statuses, and the marks themselves."""

    figure: Figure
    statuses: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()


def read_figure(
    text: str, number: Number | None, table: TableLayout, *, percent: bool, decimals: int | None
) -> MarkedFigure:
    """The figure of one cell. Raises ValueError where there is none, or where digits that say something would be lost.

    number is what a workbook stores. The figure is the stored value; where the number format shows as many decimals as
    the value has, those are its decimals, where the stored value is finer it is unrounded and has none. precision =
    "shown" takes what is displayed instead; precision = "stored" says of every text too that it is an unrounded value,
    "mixed" of those with an exponent or more than nine decimals.
    """
    body, statuses, marks = strip_figure_marks(text, table)
    if number is not None:
        if words := re.search(r"[^\W\d_]+", re.sub(r"(?<=\d)E(?=[+-]?\d)", "", body)):
            raise ValueError(f"the number's format adds the words {words[0]!r}; declare them under [marks]")
        return MarkedFigure(_read_stored(body, number, table, percent, decimals), statuses, marks)
    plain = plain_number(body, table)
    if _SCIENTIFIC.fullmatch(plain):
        if table.precision not in ("stored", "mixed"):
            raise ValueError(UNROUNDED)
        return MarkedFigure(_to_places(Decimal(plain)), statuses, marks)
    try:
        figure = parse_figure(plain, percent_sign=percent)
    except ValueError as error:
        if plain == fold(body) or "is no numeral" not in str(error):
            raise
        marks_said = f"{table.decimal_mark!r} for decimals and {table.thousands_mark!r} for thousands"
        raise ValueError(f"{body!r} is no number with {marks_said}, as the layout says") from None
    shown = figure.decimals
    stored = table.precision == "stored" or (table.precision == "mixed" and (shown or 0) > MOST_DECIMALS)
    if decimals is None and stored and shown is not None:
        figure = replace(_to_places(figure.value), by_word=figure.by_word)
    return MarkedFigure(_fit_decimals(figure, decimals), statuses, marks)


def _read_stored(text: str, number: Number, table: TableLayout, percent: bool, decimals: int | None) -> Figure:
    if percent != text.endswith("%"):
        raise ValueError("a percent sign is missing" if percent else "an unexpected percent sign")
    value = Decimal(number.value) * (100 if percent else 1)
    try:
        shown: Figure | None = parse_figure(plain_number(text, table), percent_sign=percent)
    except (ValueError, ArithmeticError):
        shown = None  # a format with words in it, a zero shown as a dash
    if shown is not None and number.decimals is not None and shown.value != _round(value, number.decimals):
        value = shown.value  # the format scales (a comma at its end): what is displayed is what the unit speaks of
    if decimals is not None:
        rounded = _round(value, decimals)
        if abs(value - rounded) > abs(value) * Decimal("1e-9"):
            raise ValueError(f"the figure is finer than the decimals that the layout declares ({decimals})")
        return Figure(rounded, decimals)
    if number.decimals is None:
        if table.precision == "shown" and shown is not None:
            return shown
        return _to_places(value)
    rounded = _round(value, number.decimals)
    if number.decimals <= MOST_DECIMALS and (rounded == value or table.precision == "shown"):
        return Figure(rounded, number.decimals) if table.precision != "stored" else Figure(value, None)
    return _to_places(value)


def _round(value: Decimal, places: int) -> Decimal:
    with localcontext(prec=len(value.as_tuple().digits) + 100):
        return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def _to_places(value: Decimal) -> Figure:
    """An unrounded value at the ten decimals that the observations hold. Raises ValueError where that is zero."""
    rounded = _round(value, PLACES)
    if value and not rounded:
        raise ValueError(READ_AS_ZERO)
    return Figure(rounded, None, is_cut=abs(value - rounded) > abs(value) * Decimal("1e-9"))


def _fit_decimals(figure: Figure, declared: int | None) -> Figure:
    """The figure with the decimals that the layout declares, or with those printed."""
    if figure.decimals is None:  # a word, a fraction or an unrounded value
        return figure
    if declared is None:
        if figure.decimals > MOST_DECIMALS:
            raise ValueError(UNROUNDED)
        return figure
    rounded = _round(figure.value, declared)
    if rounded != figure.value:
        raise ValueError(f"the figure is finer than the decimals that the layout declares ({declared})")
    return Figure(rounded, declared, by_word=figure.by_word)


def plain_number(text: str, table: TableLayout) -> str:
    """A number with the marks that parse_figure knows: comma for thousands, point for decimals, minus for (1,234)."""
    body = fold(text.translate(_SPACES))
    if table.parentheses_negative and body.startswith("(") and body.endswith(")"):
        body = f"-{body[1:-1].strip()}"
    if (table.decimal_mark, table.thousands_mark) == (".", ","):
        return body
    kept = {table.decimal_mark: ".", table.thousands_mark: ","}
    return "".join(kept.get(char, "?" if char in ".," else char) for char in body)


@cache
def _by_length(marks: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(marks, key=len, reverse=True))


def strip_figure_marks(text: str, table: TableLayout) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """The text without the declared marks at its ends, the statuses they give, and the marks.

    A mark that begins or ends with a digit is none where that touches the figure: 1062) is not 106 with the mark 2).
    """
    body = text.strip()
    statuses: list[str] = []
    marks: list[str] = []
    order = _by_length(tuple(table.marks))
    while True:
        cuts = ((m, left) for m in order if m != body for left in _cut_off(body, m))
        mark, rest = next(cuts, ("", body))
        if not mark:
            return body, tuple(statuses), tuple(marks)
        body = rest.strip()
        marks.append(mark)
        if table.marks[mark]:
            statuses.append(table.marks[mark])


def _cut_off(body: str, mark: str) -> Iterator[str]:
    """What is left of the text without the mark at its end or beginning, unless digits would be parted."""
    if body.endswith(mark) and not (mark[0].isdecimal() and body[: -len(mark)][-1:].isdecimal()):
        yield body.removesuffix(mark)
    if body.startswith(mark) and not (mark[-1].isdecimal() and body[len(mark) :][:1].isdecimal()):
        yield body.removeprefix(mark)
