"""Printed figures in SQL. What SQL does not read exactly as the cell reader does is left to the cell reader's parser.

A figure in canonical form (-1234.50: no marks, no leading zeros) is read by SQL; its text is not kept, because value
and decimals give it back. An unrounded machine number (more than nine decimals, or an exponent) is kept to ten
decimals, without printed decimals. All else (1,234; 12%; 下降5; blanks with spaces) is read in Python, each text once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import duckdb
import pyarrow as pa

from transforms.bulk.source import Source
from transforms.bulk.sql import list_texts, quote_text
from transforms.bulk.words import Digit
from transforms.figures import MEND_UNROUNDED, READ_AS_ZERO, UNROUNDED, read_figure
from transforms.layout import MOST_DECIMALS, Layout, TableLayout
from transforms.locate import FoundColumn
from transforms.numbers import STEP, qualified_interval

WIDE: Final = "DECIMAL(38,10)"
_PLAIN_NUMBER: Final = r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]{1,3})?"
_BATCH: Final = 100_000
_FINER: Final = "look for two figures run together; or correct decimals in the layout, or leave it out."
_MEND: Final = "mend the cell, or declare the mark under [blanks] in the layout."
MEND_BLANK: Final = "say what it means under [blanks] in the layout, as an SDMX status."
_READ: Final = pa.schema(
    [
        ("text", pa.string()), ("printed", pa.string()), ("value", pa.decimal128(38, 10)), ("decimals", pa.int8()),
        ("lower", pa.decimal128(38, 10)), ("upper", pa.decimal128(38, 10)), ("qualifier", pa.string()),
        ("mark", pa.string()), ("problem", pa.string()), ("todo", pa.string()),
    ]
)  # fmt: skip


@dataclass(frozen=True)
class NumberForm:
    """How the figures of a file are staged: as DECIMAL(18, scale), or wide, as DECIMAL(38, 10).

    has_texts: texts that value and decimals do not give back are staged too.
    """

    scale: int
    is_wide: bool
    has_texts: bool

    @property
    def type(self) -> str:
        return WIDE if self.is_wide else f"DECIMAL(18,{self.scale})"


def choose_form(source: Source, table: TableLayout) -> NumberForm:
    """By the first rows: as many decimals as they show; wide where they hold unrounded numbers or a type of Parquet.

    A figure that does not fit is not lost: it is read apart.
    """
    values = [column.number for column in source.columns if column.spec.role == "value"]
    if any(source.types[number - 1] for number in values):
        return NumberForm(10, True, True)
    texts = [row[n - 1].replace(table.decimal_mark, ".") for row in source.sample for n in values if len(row) >= n]
    numbers = [text for text in texts if re.fullmatch(_PLAIN_NUMBER, text)]
    decimals = [len(text.partition(".")[2]) for text in numbers if "e" not in text.lower()]
    most = max(decimals, default=2)
    digits = max((len(text.lstrip("-").partition(".")[0]) for text in numbers), default=1)
    is_wide = most > MOST_DECIMALS or len(decimals) < len(numbers) or digits + most > 17
    others = set(texts) - set(numbers) - set(marks_of(table))
    return NumberForm(10 if is_wide else most, is_wide, is_wide or bool(others))


def stage_figure(source: Source, table: TableLayout, column: FoundColumn, form: NumberForm) -> str:
    """SQL of the columns of a value column: v (value), d (decimals of the text), b (blank mark), p (the text, unless v
    and d give it back). v is NULL where SQL does not read the text."""
    n = column.number
    typed = source.types[n - 1]
    text = f"coalesce(CAST(c{n} AS VARCHAR), '')" if typed else f"c{n}"
    # a TRY_CAST that fails is slow, and most cells are no marks
    mark = f"CASE WHEN {text} IN ({list_texts(marks_of(table))}) THEN CAST({text} AS marks) END"
    if typed:
        plain = f"CASE WHEN ends_with({text}, '.0') THEN left({text}, -2) ELSE {text} END"
        return (
            f"{_machine_value(text, 'true')} AS v{n}, CAST(NULL AS TINYINT) AS d{n}, {mark} AS b{n}, "
            f"CASE WHEN b{n} IS NULL THEN {plain} END AS p{n}"
        )
    number = _with_point(text, table)
    read = f"TRY_CAST({number} AS {form.type})"
    dot = f"strpos({number}, '.')"
    fits = f"starts_with(CAST({read} AS VARCHAR), {number}) AND NOT ends_with({number}, '.')"
    if form.is_wide:
        fits += f" AND ({dot} = 0 OR strlen({number}) - {dot} <= {MOST_DECIMALS})"
    value = f"CASE WHEN {fits} THEN {read}"
    if form.is_wide and _takes_machine_numbers(table, column):
        value += f" WHEN {is_machine_number(number)} THEN {_machine_value(number)}"
    return (
        f"{value} END AS v{n}, CAST(CASE WHEN {fits} THEN CASE WHEN {dot} = 0 THEN 0 ELSE strlen({number}) - {dot} END "
        f"END AS TINYINT) AS d{n}, {mark} AS b{n}, CASE WHEN d{n} IS NULL AND b{n} IS NULL THEN {text} END AS p{n}"
    )


def figure_digits(table: TableLayout, column: FoundColumn) -> list[Digit]:
    """The decimals and the blank mark of a value column as small numbers; 0 is none."""
    n, marks = column.number, marks_of(table)
    listed = ", ".join(["NULL", *map(quote_text, marks)])
    return [
        Digit(len(marks) + 1, f"coalesce(enum_code(b{n}) + 1, 0)",
              {f"b{n}": f"list_extract(CAST([{listed}] AS marks[]), {{place}} + 1)"}),
        Digit(MOST_DECIMALS + 2, f"coalesce(d{n} + 1, 0)", {f"d{n}": "CAST(nullif({place}, 0) - 1 AS TINYINT)"}),
    ]  # fmt: skip


def _with_point(text: str, table: TableLayout) -> str:
    """The text with a point for the decimal mark; a text with a point that is no decimal mark is not read by SQL."""
    if table.decimal_mark == ".":
        return text
    return f"CASE WHEN contains({text}, '.') THEN '' ELSE replace({text}, {quote_text(table.decimal_mark)}, '.') END"


def declared_decimals(table: TableLayout, column: FoundColumn) -> int | None:
    return table.decimals if column.spec.decimals is None else column.spec.decimals


def _takes_machine_numbers(table: TableLayout, column: FoundColumn) -> bool:
    """Whether unrounded numbers are read; elsewhere they are refused, as by the cell reader."""
    unrounded = table.precision in ("stored", "mixed")
    return unrounded and declared_decimals(table, column) is None and not is_percent(table, column)


def is_percent(table: TableLayout, column: FoundColumn) -> bool:
    return table.percent_sign if column.spec.percent_sign is None else column.spec.percent_sign


def is_machine_number(number: str) -> str:
    """SQL: an unrounded number, with more than nine decimals or with an exponent."""
    return (
        f"(regexp_full_match({number}, '{_PLAIN_NUMBER}') AND "
        f"(regexp_matches({number}, '[eE]') OR strlen({number}) - strpos({number}, '.') > {MOST_DECIMALS}))"
    )


def _machine_value(number: str, condition: str = "true") -> str:
    """The number at ten decimals; NULL where it would be read as zero and is none."""
    return (
        f"CASE WHEN {condition} THEN CASE WHEN abs(TRY_CAST({number} AS DOUBLE)) < 5e-11 THEN "
        f"CASE WHEN NOT regexp_matches({number}, '^-?[0.]*[1-9]') THEN CAST(0 AS {WIDE}) END "
        f"ELSE nullif(TRY_CAST({number} AS {WIDE}), 0) END END"
    )


def is_cut(value: str, text: str, table: TableLayout, kind: str) -> str:
    """SQL: ten decimals say less than the unrounded number did, by more than a billionth of it. kind: '' = text, or its
    type of Parquet."""
    number = f"TRY_CAST({text if kind else _with_point(text, table)} AS DOUBLE)"
    return f"abs(CAST({value} AS DOUBLE) - {number}) > abs({number}) * 1e-9"


def end_of_cut(value: str, sign: str) -> str:
    """SQL: an end of the interval of a number that is cut: one unit of the last decimal from it."""
    return f"CAST({value} AS {WIDE}) {sign} CAST('{STEP:f}' AS {WIDE})"


# --- what SQL has left -----------------------------------------------------------------------------------------------


def read_rest(
    connection: duckdb.DuckDBPyConnection, source: Source, layout: Layout, column: FoundColumn, form: NumberForm
) -> bool:
    """Reads the texts that SQL left into the table figures_<n> (columns: _READ). Returns whether there are any."""
    n, table = column.number, layout.table
    connection.execute(
        f"CREATE TABLE rest_{n} AS SELECT DISTINCT p{n} AS text FROM staged WHERE v{n} IS NULL AND p{n} IS NOT NULL"
    )
    batch = pa.Table.from_pylist([], schema=_READ)
    connection.register("batch", batch)
    connection.execute(f"CREATE TABLE figures_{n} AS FROM batch")
    connection.unregister("batch")
    number, cut = _with_point("text", table), is_cut("v", "text", table, source.types[n - 1])
    if _takes_machine_numbers(table, column):
        connection.execute(
            f"INSERT INTO figures_{n} (text, printed, value, lower, upper) SELECT text, text, v, "
            f"CASE WHEN {cut} THEN {end_of_cut('v', '-')} END, CASE WHEN {cut} THEN {end_of_cut('v', '+')} END "
            f"FROM (SELECT text, {_machine_value(number)} AS v FROM rest_{n} WHERE {is_machine_number(number)}) "
            "WHERE v IS NOT NULL"
        )
    elif declared_decimals(table, column) is None and not source.types[n - 1]:  # there may be millions of them
        connection.execute(
            f"INSERT INTO figures_{n} (text, printed, problem, todo) SELECT text, text, {quote_text(UNROUNDED)}, "
            f"{quote_text(MEND_UNROUNDED)} FROM rest_{n} WHERE {is_machine_number(number)}"
        )
    left = connection.execute(f"SELECT text FROM rest_{n} ANTI JOIN figures_{n} USING (text) ORDER BY text")
    for texts in _fetch(left):
        batch = pa.Table.from_pylist([_read_text(text, table, column, source) for text in texts], schema=_READ)
        cursor = connection.cursor()
        cursor.register("batch", batch)
        cursor.execute(f"INSERT INTO figures_{n} FROM batch")
        cursor.close()
    connection.execute(f"DROP TABLE rest_{n}")
    (count,) = connection.execute(f"SELECT count(*) FROM figures_{n}").fetchone() or (0,)
    return bool(count)


def _fetch(result: duckdb.DuckDBPyConnection) -> Iterator[list[str]]:
    texts = [row[0] for row in result.fetchall()]
    for start in range(0, len(texts), _BATCH):
        yield texts[start : start + _BATCH]


def _read_text(text: str, table: TableLayout, column: FoundColumn, source: Source) -> dict[str, Any]:
    """One text as a row of figures_<n>: a figure, a blank mark with white space around it, or a problem."""
    printed = text.strip()
    row: dict[str, Any] = {"text": text, "printed": printed, "qualifier": ""}
    if printed in table.blanks or any(printed in scoped.blanks for scoped in table.blanks_where):
        return row | {"mark": printed}
    if printed == "":
        return row | {"problem": "a blank that the layout does not know", "todo": MEND_BLANK}
    if source.types[column.number - 1]:
        number = Decimal(printed)
        if number.is_finite() and abs(number) < 1:
            return row | {"problem": READ_AS_ZERO, "todo": _FINER}
        return row | {"problem": "a number that is no figure", "todo": _MEND}
    decimals = declared_decimals(table, column)
    try:
        figure = read_figure(printed, None, table, percent=is_percent(table, column), decimals=decimals).figure
    except (ValueError, ArithmeticError) as error:
        todo = MEND_UNROUNDED if str(error) == UNROUNDED else _FINER if "finer than" in str(error) else _MEND
        problem = f"text where a figure belongs ({error})" if todo == _MEND else str(error)
        return row | {"problem": problem, "todo": todo}
    if figure.is_fraction:
        lower, upper = qualified_interval(figure, None, "minus_5_percent", "plus_5_percent")
        row |= {"lower": lower, "upper": upper, "qualifier": "about"}
    if figure.is_cut:
        row |= {"lower": figure.value - STEP, "upper": figure.value + STEP}
    if abs(figure.value) >= Decimal(10) ** 28:
        return row | {"problem": "a figure of more than 28 digits before the point", "todo": _FINER}
    return row | {"value": figure.value, "decimals": figure.decimals}


def marks_of(table: TableLayout) -> Sequence[str]:
    """All blank marks of the layout, sorted; at least one, because an enumeration of none is no type."""
    marks = dict.fromkeys([*table.blanks, *(mark for scoped in table.blanks_where for mark in scoped.blanks)])
    return sorted(marks) or ["\x02"]
