"""Bytes of a table file to grids of displayed strings. Nothing is interpreted here: '' is an empty cell."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath

from transforms.errors import InputError

# GB18030 holds all of GBK and GB2312. A byte order mark is taken off whichever way it is declared.
ENCODINGS = {
    "utf-8": "utf-8",
    "utf-8-bom": "utf-8",
    "gb18030": "gb18030",
    "gbk": "gb18030",
    "cp1252": "cp1252",
}
UNSTORED = "#FORMULA"  # a formula whose result was never stored
NEVER_STORED = "a formula whose result was never stored"
WORKBOOKS = {".xlsx", ".xlsm", ".xls", ".ods"}
_PACKED = {
    b"PK\x03\x04": "a workbook or a zip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\x1f\x8b": "a gzip file",
}


@dataclass(frozen=True, slots=True)
class Number:
    """A number stored in a workbook.

    value: its decimal digits in plain notation, to the 15 significant digits that Excel keeps (a stored
    0.30000000000000004 is 0.3). decimals: those that the number format shows, after percent and scaling; None where
    the format does not say (General, exponents) or is not understood.
    """

    value: str
    decimals: int | None


@dataclass(frozen=True)
class Grid:
    """cells[r][c] is the displayed string at row r + 1, column c + 1 of the file or sheet, without outer white space.

    A sheet ends with its last row and column that hold anything. Dates are ISO, a failed formula is its error
    (#DIV/0!), a formula without a stored result is #FORMULA.

    numbers: (row, column) of the cells that hold a number in a workbook; what they show is in cells.
    indents: leading blanks of the text (a full-width one counts two) plus three for each level of the cell's indent.
    merged: (first row, first column, last row, last column) of merged cells, within the grid.
    hidden: the workbook does not show this sheet.
    """

    file: str
    sheet: str
    cells: tuple[tuple[str, ...], ...]
    numbers: Mapping[tuple[int, int], Number] = field(default_factory=dict)
    indents: Mapping[tuple[int, int], int] = field(default_factory=dict)
    merged: tuple[tuple[int, int, int, int], ...] = ()
    hidden: bool = False

    def locator(self, row: int, column: int) -> str:
        """table_1.csv!R4C2, or book.xlsx!Sheet1!R4C2 (row and column counted from 1)."""
        sheet = f"!{self.sheet}" if self.sheet else ""
        return f"{self.file}{sheet}!R{row}C{column}"


@dataclass(frozen=True)
class Book:
    """All sheets of a file, in its order (a text file is one sheet without a name), and notices: one sentence for each
    thing that a reader of the figures should know (hidden sheets, rows, columns; macros; links; failed formulas)."""

    file: str
    sheets: tuple[Grid, ...]
    notices: tuple[str, ...] = ()


def read_book(content: bytes, name: str, *, encoding: str = "utf-8", delimiter: str = ",") -> Book:
    """Every sheet of a workbook, or the one grid of a text file. Raises InputError for what cannot be read.

    The ending of the name says what the file must be: xlsx, xlsm, xls and ods are workbooks, all others text.
    """
    if not content:
        raise InputError("the file is empty", file=name, todo="fetch it again from the publisher.")
    if PurePath(name).suffix.lower() in WORKBOOKS:
        from transforms.workbooks import read_workbook  # here, since it needs the classes above

        return read_workbook(content, name)
    return Book(name, (_read_text(content, name, encoding, delimiter),))


def read_grid(content: bytes, name: str, *, sheet: str = "", encoding: str = "utf-8", delimiter: str = ",") -> Grid:
    """The grid of one text file or one sheet of a workbook. Raises InputError for what cannot be read, for a sheet that
    is not there or empty, and for several sheets when none is named."""
    sheets = {grid.sheet: grid for grid in read_book(content, name, encoding=encoding, delimiter=delimiter).sheets}
    if PurePath(name).suffix.lower() not in WORKBOOKS:
        return sheets[""]
    wanted = sheet or (next(iter(sheets)) if len(sheets) == 1 else "")
    if wanted not in sheets:
        raise InputError(
            f"no sheet {wanted!r}" if wanted else "several sheets, and the layout names none",
            file=name,
            found=", ".join(sheets),
            todo="name one of these sheets in the layout.",
        )
    if not sheets[wanted].cells:
        raise InputError("the sheet holds no text", file=name, sheet=wanted, todo="choose the sheet with the table.")
    return sheets[wanted]


def count_blanks(text: str) -> int:
    """How far the text is pushed in by leading blanks; a full-width blank is two wide."""
    lead = text[: len(text) - len(text.lstrip())]
    return len(lead) + lead.count("\u3000")


def _read_text(content: bytes, name: str, encoding: str, delimiter: str) -> Grid:
    packed = next((what for magic, what in _PACKED.items() if content.startswith(magic)), None)
    if packed:
        raise InputError(
            f"the file is {packed} and no text table",
            file=name,
            todo="give it the ending of what it is (.xlsx, .xls, .ods), or unpack it.",
        )
    text = _decode(content, name, encoding)
    if "\x00" in text:
        raise InputError("the file holds NUL bytes and is no text table", file=name, todo="fetch it again.")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[list[str]] = []
    try:
        rows.extend(reader)
    except csv.Error as error:
        raise InputError(
            f"the CSV cannot be parsed: {error}",
            file=name,
            row=len(rows) + 1,
            todo="the quotes of a cell of this row do not pair: fetch the file again, or have it exported anew.",
        ) from None
    if not any(cell.strip() for row in rows for cell in row):
        raise InputError("the file holds no text", file=name, todo="fetch it again from the publisher.")
    indents = {
        (r, c): count_blanks(cell)
        for r, row in enumerate(rows, 1)
        for c, cell in enumerate(row, 1)
        if cell[:1].isspace() and cell.strip()
    }
    return Grid(name, "", tuple(tuple(cell.strip() for cell in row) for row in rows), indents=indents)


def _decode(content: bytes, name: str, encoding: str) -> str:
    try:
        return content.decode(ENCODINGS[encoding]).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        raise InputError(
            f"the bytes are not {encoding}",
            file=name,
            row=row,
            found=content[error.start : error.start + 8].hex(" "),
            todo=f"say the right encoding in the layout ({', '.join(ENCODINGS)}), or fetch the file again.",
        ) from None
