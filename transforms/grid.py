"""Bytes of a table file to a grid of displayed strings. Nothing is interpreted here: '' is an empty cell."""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import dataclass
from pathlib import PurePath

from transforms.errors import InputError

ENCODINGS = {"utf-8": "utf-8", "utf-8-bom": "utf-8-sig", "gb18030": "gb18030", "cp1252": "cp1252"}
WORKBOOKS = {".xlsx", ".xls", ".ods"}


@dataclass(frozen=True)
class Grid:
    """cells[r][c] is the displayed string at row r + 1, column c + 1 of the file or sheet."""

    file: str
    sheet: str
    cells: tuple[tuple[str, ...], ...]

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
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise InputError(f"the CSV cannot be parsed: {error}", file=name, todo="mend the quoting.") from None
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
    try:
        book = python_calamine.load_workbook(io.BytesIO(content))
    except (python_calamine.CalamineError, zipfile.BadZipFile, OSError, ValueError):
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
    except (python_calamine.CalamineError, OSError, ValueError):
        raise broken from None
    return Grid(name, wanted, tuple(tuple(_display(cell) for cell in row) for row in rows))


def _display(cell: object) -> str:
    """A workbook cell as text: whole floats without the .0 that the file format adds."""
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    return str(cell).strip()
