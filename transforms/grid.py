"""Bytes of a table file to a grid of displayed strings. Nothing is interpreted here: '' is an empty cell."""

from __future__ import annotations

import csv
import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import PurePath
from xml.etree import ElementTree

from transforms.errors import InputError

ENCODINGS = {"utf-8": "utf-8", "utf-8-bom": "utf-8-sig", "gb18030": "gb18030", "cp1252": "cp1252"}
WORKBOOKS = {".xlsx", ".xls", ".ods"}
_FORMAT_NOISE = re.compile(r'"[^"]*"|\\.|\[[^]]*\]')  # the parts of a number format that are literal text or colours
_REFERENCE = re.compile(r"([A-Z]+)([0-9]+)")


@dataclass(frozen=True)
class Grid:
    """cells[r][c] is the displayed string at row r + 1, column c + 1 of the file or sheet.

    machine: the (row, column) of cells that hold a number in a workbook. How many decimals such a cell shows is not in
    its value, so these have no printed decimals unless the layout declares them.
    """

    file: str
    sheet: str
    cells: tuple[tuple[str, ...], ...]
    machine: frozenset[tuple[int, int]] = frozenset()

    def locator(self, row: int, column: int) -> str:
        """table_1.csv!R4C2, or book.xlsx!Sheet1!R4C2 (row and column counted from 1)."""
        sheet = f"!{self.sheet}" if self.sheet else ""
        return f"{self.file}{sheet}!R{row}C{column}"


def read_grid(content: bytes, name: str, *, sheet: str = "", encoding: str = "utf-8", delimiter: str = ",") -> Grid:
    """The grid of one CSV file or one sheet of a workbook. Raises InputError for what cannot be read."""
    if not content:
        raise InputError("the file is empty", file=name, todo="fetch it again from the publisher.")
    if PurePath(name).suffix.lower() in WORKBOOKS:
        return _read_workbook(content, name, sheet)
    return _read_text(content, name, encoding, delimiter)


def _read_text(content: bytes, name: str, encoding: str, delimiter: str) -> Grid:
    if encoding == "utf-8" and content.startswith(b"\xef\xbb\xbf"):
        raise InputError(
            "the file starts with a byte order mark, which the layout does not declare",
            file=name,
            todo='say encoding = "utf-8-bom" in the layout.',
        )
    try:
        text = content.decode(ENCODINGS[encoding])
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        raise InputError(
            f"the bytes are not {encoding}",
            file=name,
            row=row,
            found=content[error.start : error.start + 8].hex(" "),
            todo=f"say the right encoding in the layout ({', '.join(ENCODINGS)}), or fetch the file again.",
        ) from None
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
    return Grid(name, "", tuple(tuple(cell.strip() for cell in row) for row in rows))


def _read_workbook(content: bytes, name: str, sheet: str) -> Grid:
    import python_calamine

    broken = InputError(
        "the workbook cannot be opened: it is truncated or no workbook",
        file=name,
        todo="fetch it again from the publisher and compare its size with the card.",
    )
    unreadable = (python_calamine.CalamineError, zipfile.BadZipFile, OSError, ValueError, KeyError)
    try:
        book = python_calamine.load_workbook(io.BytesIO(content))
    except unreadable:
        raise broken from None
    names = book.sheet_names
    wanted = sheet or (names[0] if len(names) == 1 else "")
    if wanted not in names:
        raise InputError(
            f"no sheet {wanted!r}" if wanted else "several sheets, and the layout names none",
            file=name,
            found=", ".join(names),
            todo="name one of these sheets in the layout.",
        )
    try:
        rows = book.get_sheet_by_name(wanted).to_python(skip_empty_area=False)
        hidden = dict(_find_hidden(content, wanted)) if zipfile.is_zipfile(io.BytesIO(content)) else {}
    except (*unreadable, ElementTree.ParseError):
        raise broken from None
    cells = [[_display(cell) for cell in row] for row in rows]
    for (row, column), text in hidden.items():
        cells.extend([] for _ in range(row - len(cells)))
        cells[row - 1].extend([""] * (column - len(cells[row - 1])))
        shown = cells[row - 1][column - 1]
        cells[row - 1][column - 1] = f"{_plain(Decimal(shown).scaleb(2))}%" if text == "%" else text
    machine = frozenset(
        (r, c)
        for r, row in enumerate(rows, 1)
        for c, cell in enumerate(row, 1)
        if isinstance(cell, (int, float)) and not isinstance(cell, bool)
    )
    if not any(map(any, cells)):
        raise InputError("the sheet holds no text", file=name, sheet=wanted, todo="choose the sheet with the table.")
    return Grid(name, wanted, tuple(map(tuple, cells)), machine)


def _display(cell: object) -> str:
    """A workbook cell as text: numbers in plain digits, whole ones without the .0 that the file format adds."""
    if isinstance(cell, bool) or not isinstance(cell, (int, float)):
        return str(cell).strip()
    return _plain(Decimal(repr(cell)))


def _plain(number: Decimal) -> str:
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _find_hidden(content: bytes, sheet: str) -> Iterator[tuple[tuple[int, int], str]]:
    """What the values of an .xlsx do not say: (row, column) with '%' where a number is shown as a percentage, and with
    the error (#DIV/0!) where a formula failed. Nothing for other kinds of workbooks."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        if "xl/workbook.xml" not in book.namelist():
            return
        ids = {
            entry.get("name"): next(value for key, value in entry.attrib.items() if key.endswith("}id"))
            for entry in ElementTree.fromstring(book.read("xl/workbook.xml")).iterfind("{*}sheets/{*}sheet")
        }
        relations = ElementTree.fromstring(book.read("xl/_rels/workbook.xml.rels"))
        targets = {entry.get("Id"): entry.get("Target", "") for entry in relations}
        percents = _find_percent_styles(book)
        path = posixpath.normpath(posixpath.join("/xl", targets[ids[sheet]])).lstrip("/")
        row = column = 0
        with book.open(path) as stream:
            for event, element in ElementTree.iterparse(stream, events=("start", "end")):
                tag = element.tag.rsplit("}", 1)[-1]
                if event == "start" and tag == "row":
                    row, column = int(element.get("r", row + 1)), 0
                elif event == "end" and tag == "c":
                    place = _REFERENCE.fullmatch(element.get("r", ""))
                    column = _number_column(place[1]) if place else column + 1
                    value = element.findtext("{*}v") or ""
                    if element.get("t") == "e":
                        yield (row, column), value or "#ERROR"
                    elif element.get("t", "n") == "n" and value and element.get("s") in percents:
                        yield (row, column), "%"
                elif event == "end" and tag == "row":
                    element.clear()


def _find_percent_styles(book: zipfile.ZipFile) -> set[str]:
    if "xl/styles.xml" not in book.namelist():
        return set()
    styles = ElementTree.fromstring(book.read("xl/styles.xml"))
    codes = {entry.get("numFmtId"): entry.get("formatCode", "") for entry in styles.iterfind("{*}numFmts/{*}numFmt")}
    codes |= {"9": "0%", "10": "0.00%"}  # built in
    return {
        str(index)
        for index, style in enumerate(styles.iterfind("{*}cellXfs/{*}xf"))
        if "%" in _FORMAT_NOISE.sub("", codes.get(style.get("numFmtId"), ""))
    }


def _number_column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number
