"""Workbooks (xlsx, xlsm, xls, ods) to grids of what they show. Nothing of a workbook is run, evaluated or fetched.

xlsx and ods are zip archives of XML, read here with the standard library in one pass: only so can a formula without a
stored result be told from an empty cell. xls is read by xlrd. Superscripts and subscripts are kept apart from the text
they stand at: a footnote mark set as superscript must not become a digit of the figure.
"""

from __future__ import annotations

import io
import posixpath
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby, pairwise
from operator import itemgetter
from pathlib import PurePath
from typing import IO, Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from xml.parsers import expat

from transforms.errors import InputError
from transforms.grid import UNSTORED, Book, Grid, Number, count_blanks
from transforms.number_formats import BUILT_IN, GENERAL, Shown, show_number, show_text, trim_noise, write_plain

MAX_UNPACKED = 1 << 30  # bytes of all parts of a workbook together
MAX_RATIO, RATIO_FROM = 200, 50 << 20  # a workbook larger than this when unpacked is not packed tighter than 200 : 1
MAX_CELLS = 20_000_000  # of one sheet, counted as its filled rows times its width
MAX_ROWS, MAX_COLUMNS = 1 << 20, 1 << 14  # what xlsx and ods can address
INDENT_LEVEL = 3  # blanks that one level of a cell's indent stands for

_KINDS = {".xlsx": "xlsx", ".xlsm": "xlsx", ".xls": "xls", ".ods": "ods"}
_CALLED = {
    "xlsx": "an Excel workbook (.xlsx)",
    "xls": "an old Excel workbook (.xls)",
    "ods": "an OpenDocument workbook (.ods)",
    "xlsb": "a binary Excel workbook (.xlsb)",
    "zip": "a zip archive without a workbook",
    "html": "a web page (HTML)",
    "xml": "an XML file",
    "ole": "another kind of Office file",
    "gzip": "a gzip file",
    "text": "a text table (CSV or the like)",
}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ODS = b"application/vnd.oasis.opendocument.spreadsheet"
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, EOFError, OSError, ElementTree.ParseError, expat.ExpatError, struct.error),
    *(LookupError, ValueError, NotImplementedError, RuntimeError, OverflowError),
)
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")  # how xlsx writes characters that XML cannot hold


def read_workbook(content: bytes, name: str) -> Book:
    """All sheets of a workbook. Raises InputError for what is damaged, protected, too large or of another kind than the
    ending of its name says."""
    kind = check_workbook(content, name)
    reader = {"xlsx": _read_xlsx, "xls": _read_xls, "ods": _read_ods}[kind]
    try:
        sheets, notices = reader(content, name)
    except _BROKEN as error:
        raise _broken(name, error) from None
    grids = tuple(sheet.to_grid(name) for sheet in sheets)
    return Book(name, grids, (*notices, *(said for sheet in sheets for said in sheet.describe())))


def check_workbook(content: bytes, name: str) -> str:
    """The kind of a workbook by its bytes: xlsx, xls or ods. Raises InputError for what is protected by a password, cut
    off, or of another kind than the ending of its name says."""
    expected = _KINDS[PurePath(name).suffix.lower()]
    kind = _identify(content, name)
    if kind == "protected":
        raise _protected(name)
    if kind != expected:
        raise InputError(
            f"the file is {_CALLED[kind]}, not {_CALLED[expected]} as its name says"
            if kind in _CALLED
            else "the workbook cannot be opened: it is truncated or no workbook",
            file=name,
            todo=_advise(kind),
        )
    return kind


def _advise(kind: str) -> str:
    if kind in ("xlsx", "xls", "ods"):
        return f"give the file the ending .{kind}, in the edition and in the layout."
    if kind == "text":
        return "give the file the ending .csv, in the edition and in the layout."
    if kind in _CALLED:
        return "fetch the table itself, or save it as .xlsx in a spreadsheet program."
    return "fetch it again from the publisher and compare its size with the card."


def _broken(name: str, error: Exception) -> InputError:
    return InputError(
        "the workbook cannot be opened: it is truncated or no workbook",
        file=name,
        found=" ".join(str(error).split()) or type(error).__name__,
        todo="fetch it again from the publisher and compare its size with the card.",
    )


def _protected(name: str) -> InputError:
    return InputError(
        "the workbook is protected by a password",
        file=name,
        todo="ask the publisher for an open one, or save it without the password.",
    )


def _identify(content: bytes, name: str) -> str:
    """What the bytes are, whatever the name says: xlsx, xls, ods, protected, another key of _CALLED, or unknown."""
    if content.startswith(b"PK"):
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                return _identify_archive(archive)
        except _BROKEN as error:
            raise _broken(name, error) from None
    if content.startswith(_OLE):
        streams = {text: text.encode("utf-16-le") in content for text in ("EncryptedPackage", "Workbook", "Book")}
        return "protected" if streams["EncryptedPackage"] else "xls" if any(streams.values()) else "ole"
    if content[:2] in (b"\x09\x00", b"\x09\x02", b"\x09\x04", b"\x09\x08"):
        return "xls"  # the bare stream that Excel 2 to 4 wrote
    if content.startswith(b"\x1f\x8b"):
        return "gzip"
    start = content[:4096].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html", b"<table", b"<head", b"<body", b"<meta")) or b"<html" in start:
        return "html"
    if start.startswith(b"<"):
        return "xml"
    return "text" if b"\x00" not in content and any(mark in content for mark in (b",", b"\t", b";")) else "unknown"


def _identify_archive(archive: zipfile.ZipFile) -> str:
    names = {name.lower() for name in archive.namelist()}
    if any(entry.flag_bits & 1 for entry in archive.infolist()):
        return "protected"
    if "xl/workbook.bin" in names:
        return "xlsb"
    if "content.xml" in names and "mimetype" in names:
        return (
            "ods" if archive.read("mimetype").startswith(b"application/vnd.oasis.opendocument.spreadsheet") else "zip"
        )
    return "xlsx" if "[content_types].xml" in names and any(name.startswith("xl/") for name in names) else "zip"


# -- one sheet, whatever the format ------------------------------------------------------------------------------------


@dataclass
class _Sheet:
    """What is gathered of one sheet before its size is known. Rows and columns count from 1."""

    name: str
    hidden: bool = False
    rows: dict[int, dict[int, str]] = field(default_factory=dict)
    numbers: dict[tuple[int, int], Number] = field(default_factory=dict)
    indents: dict[tuple[int, int], int] = field(default_factory=dict)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    errors: list[tuple[int, int]] = field(default_factory=list)
    unstored: list[tuple[int, int]] = field(default_factory=list)
    raised: list[tuple[int, int]] = field(default_factory=list)

    def put_text(self, row: int, column: int, text: str, level: int = 0) -> None:
        shown = text.strip()
        if shown:
            self.rows.setdefault(row, {})[column] = shown
            indent = level * INDENT_LEVEL + (count_blanks(text) if text[0].isspace() else 0)
            if indent:
                self.indents[row, column] = indent

    def put_number(
        self, row: int, column: int, text: str, number: Number | None, level: int = 0, position: str = ""
    ) -> None:
        """number: None for a date, which is its text. position: super or sub where the cell is set so."""
        self.rows.setdefault(row, {})[column] = text
        if number is not None:
            self.numbers[row, column] = number
            if position:
                self.raised.append((row, column))
        if level:
            self.indents[row, column] = level * INDENT_LEVEL

    def put_error(self, row: int, column: int, text: str) -> None:
        self.rows.setdefault(row, {})[column] = text
        self.errors.append((row, column))

    def put_unstored(self, row: int, column: int) -> None:
        self.rows.setdefault(row, {})[column] = UNSTORED
        self.unstored.append((row, column))

    def to_grid(self, file: str) -> Grid:
        """The grid, cut to the last row and column that hold anything."""
        height = max(self.rows, default=0)
        width = max((max(row) for row in self.rows.values()), default=0)
        if len(self.rows) * width > MAX_CELLS:
            raise InputError(
                f"the sheet is too large: {len(self.rows)} filled rows of {width} columns",
                file=file,
                sheet=self.name,
                todo="have the table exported as CSV; if a cell far to the right holds something by mistake, clear it.",
            )
        empty = ("",) * width
        columns = range(1, width + 1)
        filled = {at: tuple([row.get(column, "") for column in columns]) for at, row in self.rows.items()}
        merged = sorted(
            (top, left, min(bottom, height), min(right, width))
            for top, left, bottom, right in self.merged
            if top <= height and left <= width
        )
        return Grid(
            file,
            self.name,
            tuple(filled.get(row, empty) for row in range(1, height + 1)),
            numbers=self.numbers,
            indents=self.indents,
            merged=tuple(block for block in merged if block[:2] != block[2:]),
            hidden=self.hidden,
        )

    def describe(self) -> Iterator[str]:
        """The notices of this sheet."""
        start = f"sheet {self.name!r}"
        if self.hidden:
            yield f"{start} is hidden in the workbook"
        for what, hidden, axis in (("row", self.hidden_rows, 0), ("column", self.hidden_columns, 1)):
            figures = [place for place in self.numbers if place[axis] in hidden]
            if figures:
                named = _write_ranges({place[axis] for place in figures})
                yield f"{start}: {len(figures)} figures stand in hidden {what}s ({named}); they are read"
        unseen = [place for place in self.numbers if not self.rows[place[0]][place[1]]]
        if unseen:
            yield f"{start}: {_count(unseen, 'number')}, hidden by the number format and read as empty"
        if self.raised:
            yield f"{start}: {_count(self.raised, 'number')}, set as superscript or subscript and read as a figure"
        under = sum(
            (row, column) != (top, left) and column in self.rows.get(row, ())
            for top, left, bottom, right in self.merged
            for row in range(top, bottom + 1)
            if row in self.rows
            for column in (range(left, right + 1) if right - left < 1000 else list(self.rows[row]))
            if left <= column <= right
        )
        if under:
            yield f"{start}: {under} filled cells lie covered under merged cells; they are read"
        if self.errors:
            row, column = self.errors[0]
            yield f"{start}: {_count(self.errors, 'formula error')}; it shows {self.rows[row][column]}"
        if self.unstored:
            yield f"{start}: {_count(self.unstored, 'formula')}, without a stored result, shown as {UNSTORED}"


def _count(places: list[tuple[int, int]], what: str) -> str:
    """3 numbers, the first at row 4, column 2"""
    row, column = places[0]
    return f"{len(places)} {what}{'s' if len(places) > 1 else ''}, the first at row {row}, column {column}"


def _write_ranges(numbers: set[int]) -> str:
    """3, 5-7"""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


@dataclass(frozen=True)
class _Style:
    """The number format of a cell, the level of its indent, and where its text stands: super, sub or "" (the line)."""

    code: str = GENERAL
    level: int = 0
    position: str = ""


class _Shower:
    """Stored numbers to what is shown, remembered for equal digits under an equal format."""

    def __init__(self, from_1904: bool) -> None:
        self.from_1904 = from_1904
        self.known: dict[tuple[str, str], tuple[str, Number | None]] = {}

    def show(self, digits: str, code: str) -> tuple[str, Number | None]:
        """(displayed text, the number or None for a date). Raises ValueError for what is no finite number."""
        found = self.known.get((digits, code))
        if found is None:
            value = trim_noise(digits)
            shown: Shown = show_number(value, code, from_1904=self.from_1904)
            number = None if shown.is_date else Number(write_plain(value), shown.decimals)
            found = self.known[digits, code] = (shown.text, number)
        return found


# -- superscripts and subscripts ---------------------------------------------------------------------------------------

# A part of a cell's text, and where it stands: super, sub, "" (on the line), or None (as the whole cell does).
_Run = tuple[str, str | None]

# Only small letters: half of the capitals have no form, and marks A, B, C must not come in two kinds.
_FORMS = {
    "super": str.maketrans(
        "0123456789+-\u2212\u2013=()abcdefghijklmnoprstuvwxyz",
        "\u2070\xb9\xb2\xb3\u2074\u2075\u2076\u2077\u2078\u2079\u207a\u207b\u207b\u207b\u207c\u207d\u207e"
        "ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ",
    ),
    "sub": str.maketrans(
        "0123456789+-\u2212\u2013=()aehijklmnoprstuvx",
        "\u2080\u2081\u2082\u2083\u2084\u2085\u2086\u2087\u2088\u2089\u208a\u208b\u208b\u208b\u208c\u208d\u208e"
        "ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ",
    ),
}
_SIGNS = {"super": "^", "sub": "_"}  # before a text that has no such form
_IN_FIGURES = frozenset(".,%/'\u2019\xa0 ")  # what may stand within a figure and has no form of its own


def _shift_text(text: str, position: str) -> str:
    """A superscript or subscript in Unicode's own characters (1,2 as ¹,²), so that it is told from the text before it.

    A text with a letter that has none gets a sign before it (A as ^A), and so does what is nothing but a comma or the
    like. Other marks (*, †) are no part of a figure or word and stay as they are.
    """
    body = text.strip()
    if not position or not body:
        return text
    forms = _FORMS[position]
    formless = any(ord(char) not in forms and (char.isalpha() or char.isdecimal()) for char in body)
    if formless or _IN_FIGURES.issuperset(body):
        return text.replace(body, _SIGNS[position] + body, 1)
    return text.translate(forms)


def _join_runs(runs: Iterable[_Run], position: str = "") -> str:
    """The text of a cell that itself stands at this position."""
    placed = ((text, position if own is None else own) for text, own in runs)
    return "".join(
        _shift_text("".join(text for text, _ in same), at) for at, same in groupby(placed, key=itemgetter(1))
    )


# -- zip archives of XML -----------------------------------------------------------------------------------------------


class _Archive:
    """The parts of a zipped workbook, after its size was checked from the directory of the archive."""

    def __init__(self, content: bytes, name: str) -> None:
        self.name = name
        self.zip = zipfile.ZipFile(io.BytesIO(content))
        unpacked = sum(entry.file_size for entry in self.zip.infolist())
        if unpacked > MAX_UNPACKED or (unpacked > RATIO_FROM and unpacked > MAX_RATIO * len(content)):
            raise InputError(
                f"the workbook unpacks to {unpacked >> 20} MiB from {len(content)} bytes, more than a table needs",
                file=name,
                todo="do not trust this file; fetch it again from the publisher, or have the table exported as CSV.",
            )
        self.parts = {entry.lower().lstrip("/"): entry for entry in self.zip.namelist()}

    def __contains__(self, part: str) -> bool:
        return part.lower() in self.parts

    def list_parts(self, *starts: str) -> list[str]:
        return [part for part in self.parts if part.startswith(starts) and not part.endswith("/")]

    def open(self, part: str) -> IO[bytes]:
        """The part as a stream. Raises InputError when it declares a document type: entities are never expanded."""
        with self.zip.open(self.parts[part.lower()]) as stream:
            if _declares_type(stream):
                raise InputError(
                    f"the part {part} of the workbook declares entities (DOCTYPE), which no spreadsheet program writes",
                    file=self.name,
                    todo="do not trust this file; fetch it again from the publisher.",
                )
        return self.zip.open(self.parts[part.lower()])

    def parse(self, part: str) -> Element:
        with self.open(part) as stream:
            return ElementTree.parse(stream).getroot()


class _Stop(Exception):
    pass


def _declares_type(stream: IO[bytes]) -> bool:
    """Whether a DOCTYPE stands before the root element, the only place where XML allows one."""
    found = [False]

    def stop(*_: object) -> None:
        raise _Stop

    def note(*_: object) -> None:
        found[0] = True
        raise _Stop

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler, parser.StartElementHandler = note, stop
    try:
        while block := stream.read(1 << 16):
            parser.Parse(block)
    except _Stop:
        pass
    return found[0]


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _get(element: Element, name: str) -> str:
    """The attribute of this local name, whatever its namespace."""
    return next((value for key, value in element.attrib.items() if _local(key) == name), "")


# -- xlsx --------------------------------------------------------------------------------------------------------------


@dataclass
class _Excel:
    """What the sheets of an xlsx share."""

    strings: list[str | list[_Run]]
    styles: list[_Style]
    shower: _Shower
    formulas: int = 0


def _read_xlsx(content: bytes, name: str) -> tuple[list[_Sheet], list[str]]:
    archive = _Archive(content, name)
    main = next((path for kind, path in _read_relations(archive, "").values() if kind == "officeDocument"), "")
    main = main or "xl/workbook.xml"
    book = archive.parse(main)
    relations = _read_relations(archive, main)
    parts = dict(relations.values())
    excel = _Excel(
        _read_strings(archive, parts.get("sharedStrings", "")),
        _read_styles(archive, parts.get("styles", "")),
        _Shower(any(_get(e, "date1904") in ("1", "true") for e in book.iterfind("{*}workbookPr"))),
    )
    sheets, notices = [], list(_describe_archive(archive))
    for entry in book.iterfind("{*}sheets/{*}sheet"):
        kind, path = relations[_get(entry, "id")]
        title = entry.get("name", "")
        if kind != "worksheet":
            what = {"chartsheet": "a chart", "dialogsheet": "a dialog"}.get(kind, "a sheet of macros")
            notices.append(f"sheet {title!r} is {what} and not read")
            continue
        sheet = _Sheet(title, hidden=entry.get("state", "visible") != "visible")
        with archive.open(path) as stream:
            _fill_from_xlsx(sheet, stream, excel)
        sheets.append(sheet)
    fresh = any(entry.get("fullCalcOnLoad") in ("1", "true") for entry in book.iterfind("{*}calcPr"))
    if fresh and excel.formulas:
        notices.append(
            f"{excel.formulas} formulas are to be calculated anew when the workbook is opened;"
            " their stored results are read and may be out of date"
        )
    return sheets, notices


def _read_relations(archive: _Archive, part: str) -> dict[str, tuple[str, str]]:
    """Relation id -> (last word of its type, path of the part it names), for the parts inside the archive."""
    folder, file = posixpath.split(part)
    path = posixpath.join(folder, "_rels", f"{file}.rels")
    if path not in archive:
        return {}
    return {
        entry.get("Id", ""): (
            entry.get("Type", "").rpartition("/")[2],
            posixpath.normpath(posixpath.join("/", folder, entry.get("Target", ""))).lstrip("/"),
        )
        for entry in archive.parse(path)
        if entry.get("TargetMode") != "External"
    }


def _describe_archive(archive: _Archive) -> Iterator[str]:
    if any(part.endswith("vbaproject.bin") for part in archive.parts) or archive.list_parts("xl/macrosheets/"):
        yield "the workbook holds macros; they are not run"
    links = [part for part in archive.list_parts("xl/externallinks/") if "_rels/" not in part]
    if links:
        yield f"the workbook has links to {len(links)} other files; they are not followed, the stored values are read"
    if "xl/connections.xml" in archive:
        yield "the workbook has connections to outside data; they are not opened, the stored values are read"


def _read_strings(archive: _Archive, part: str) -> list[str | list[_Run]]:
    if part not in archive:
        return []
    strings = []
    with archive.open(part) as stream:
        for _, element in ElementTree.iterparse(stream):
            if element.tag.endswith("}si"):
                strings.append(_read_rich_text(element))
                element.clear()
    return strings


def _read_rich_text(element: Element) -> str | list[_Run]:
    """The text without the phonetic guide (rPh); its runs where some of it may stand elsewhere than the cell."""
    runs: list[_Run] = []
    for child in element:
        if child.tag.endswith("}t"):
            runs.append((_unescape(child.text or ""), None))
        elif child.tag.endswith("}r"):
            text = "".join(part.text or "" for part in child if part.tag.endswith("}t"))
            runs.append((_unescape(text), _read_run_position(child)))
    return "".join(text for text, _ in runs) if all(own is None for _, own in runs) else runs


def _read_run_position(run: Element) -> str | None:
    """None for a run without properties of its own, which is set like the cell."""
    for properties in run:
        if properties.tag.endswith("}rPr"):
            return _read_position(properties)
    return None


def _read_position(font: Element) -> str:
    for entry in font:
        if entry.tag.endswith("}vertAlign"):
            return {"superscript": "super", "subscript": "sub"}.get(entry.get("val", ""), "")
    return ""


def _unescape(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def _read_styles(archive: _Archive, part: str) -> list[_Style]:
    if part not in archive:
        return []
    root = archive.parse(part)
    codes = {entry.get("numFmtId"): entry.get("formatCode", "") for entry in root.iterfind("{*}numFmts/{*}numFmt")}
    fonts = [_read_position(font) for font in root.iterfind("{*}fonts/{*}font")]
    styles = []
    for style in root.iterfind("{*}cellXfs/{*}xf"):
        number = style.get("numFmtId", "0")
        code = codes.get(number) or BUILT_IN.get(int(number), GENERAL)
        align = next(style.iterfind("{*}alignment"), None)
        pushed = align is not None and align.get("horizontal", "general") not in ("right", "center")
        level = int(align.get("indent", 0)) if pushed and align is not None else 0
        styles.append(_Style(code, level, fonts[int(style.get("fontId", 0))] if fonts else ""))
    return styles


def _fill_from_xlsx(sheet: _Sheet, stream: IO[bytes], excel: _Excel) -> None:
    number = 0
    columns: dict[str, int] = {}  # letters -> column
    for _, element in ElementTree.iterparse(stream):
        tag = element.tag
        if tag.endswith("}row"):
            number = int(element.get("r", number + 1))
            _check_place(number, 1)
            if element.get("hidden") in ("1", "true") or element.get("ht") == "0":
                sheet.hidden_rows.add(number)
            _fill_row(sheet, element, number, excel, columns)
            element.clear()
        elif tag.endswith("}col") and (element.get("hidden") in ("1", "true") or element.get("width") == "0"):
            last = min(int(element.get("max", 0)), MAX_COLUMNS)
            sheet.hidden_columns.update(range(int(element.get("min", 1)), last + 1))
        elif tag.endswith("}mergeCell"):
            first, _, last_cell = element.get("ref", "").partition(":")
            sheet.merged.append((*_read_reference(first), *_read_reference(last_cell or first)))


def _fill_row(sheet: _Sheet, element: Element, row: int, excel: _Excel, columns: dict[str, int]) -> None:
    column = 0
    for cell in element:
        reference = cell.get("r")
        if reference:
            letters = reference.rstrip("0123456789")
            column = columns.get(letters) or columns.setdefault(letters, _number_column(letters))
        else:
            column += 1
        if len(cell):
            _fill_cell(sheet, cell, row, column, excel)


def _fill_cell(sheet: _Sheet, cell: Element, row: int, column: int, excel: _Excel) -> None:
    value: str | None = None
    inline: str | list[_Run] = ""
    formula = False
    for child in cell:
        tag = child.tag
        if tag.endswith("}v"):
            value = child.text
        elif tag.endswith("}f"):
            formula = True
        elif tag.endswith("}is"):
            inline = _read_rich_text(child)
    kind = cell.get("t", "n")
    excel.formulas += formula
    style = excel.styles[int(cell.get("s", 0))] if excel.styles else _Style()
    if inline:
        _put_text(sheet, row, column, inline, style)
    elif not value:
        if formula and kind != "str":
            sheet.put_unstored(row, column)
    elif kind == "n":
        sheet.put_number(row, column, *excel.shower.show(value, style.code), style.level, style.position)
    elif kind == "s":
        _put_text(sheet, row, column, excel.strings[int(value)], style)
    elif kind == "e":
        sheet.put_error(row, column, value)
    elif kind == "b":
        sheet.put_text(row, column, "TRUE" if value in ("1", "true") else "FALSE", style.level)
    elif kind == "d":  # an ISO date
        sheet.put_text(row, column, show_text(value, style.code), style.level)
    else:
        _put_text(sheet, row, column, _unescape(value), style)


def _put_text(sheet: _Sheet, row: int, column: int, text: str | list[_Run], style: _Style) -> None:
    if isinstance(text, list):
        text = _join_runs(text, style.position)
    elif style.position:
        text = _shift_text(text, style.position)
    sheet.put_text(row, column, show_text(text, style.code), style.level)


def _read_reference(reference: str) -> tuple[int, int]:
    """(row, column) of B7 or $B$7. Raises ValueError."""
    found = re.fullmatch(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})", reference)
    if not found:
        raise ValueError(f"no cell reference: {reference!r}")
    row, column = int(found[2]), _number_column(found[1])
    _check_place(row, column)
    return row, column


def _number_column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    _check_place(1, number)
    return number


def _check_place(row: int, column: int) -> None:
    if not (1 <= row <= MAX_ROWS and 1 <= column <= MAX_COLUMNS):
        raise ValueError(f"no sheet has row {row}, column {column}")


# -- ods ---------------------------------------------------------------------------------------------------------------


def _read_ods(content: bytes, name: str) -> tuple[list[_Sheet], list[str]]:
    archive = _Archive(content, name)
    if "META-INF/manifest.xml" in archive:
        manifest = archive.parse("META-INF/manifest.xml")
        if any(_local(element.tag) == "encryption-data" for element in manifest.iter()):
            raise _protected(name)
    root = archive.parse("content.xml")
    styles = _OdsStyles(root, archive.parse("styles.xml") if "styles.xml" in archive else None)
    sheets = []
    for table in root.iterfind("{*}body/{*}spreadsheet/{*}table"):
        sheet = _Sheet(_get(table, "name"), hidden=styles.is_hidden_table(_get(table, "style-name")))
        _OdsTable(sheet, styles).fill(table)
        sheets.append(sheet)
    notices = []
    if [part for part in archive.list_parts("basic/", "scripts/") if not part.endswith(("-lc.xml", "-lb.xml"))]:
        notices.append("the workbook holds macros; they are not run")
    linked = {_get(e, "href") for e in root.iter() if _local(e.tag) in ("table-source", "cell-range-source")}
    outside = any("'file:" in _get(cell, "formula") for cell in root.iter() if _local(cell.tag) == "table-cell")
    if linked or outside:
        notices.append("the workbook has links to other files; they are not followed, the stored values are read")
    return sheets, notices


class _OdsStyles:
    """What the styles of an ods say that the cells do not: decimals, date parts, indents, hidden tables."""

    def __init__(self, *roots: Element | None) -> None:
        self.named: dict[tuple[str, str], Element] = {}  # (family, name) -> style
        self.data: dict[str, Element] = {}  # name -> number-style, percentage-style, date-style ...
        for root in reversed(roots):
            for group in () if root is None else (*root.iterfind("{*}styles"), *root.iterfind("{*}automatic-styles")):
                for style in group:
                    if _local(style.tag) == "style":
                        self.named[_get(style, "family"), _get(style, "name")] = style
                    elif _local(style.tag).endswith("-style"):
                        self.data[_get(style, "name")] = style
        self.cells: dict[str, tuple[int | None, frozenset[str], int]] = {}
        self.positions: dict[tuple[str, str], str | None] = {}

    def is_hidden_table(self, name: str) -> bool:
        style = self.named.get(("table", name))
        return style is not None and any(_get(e, "display") == "false" for e in style.iterfind("{*}table-properties"))

    def describe_cell(self, name: str) -> tuple[int | None, frozenset[str], int]:
        """(decimals the number format shows, the parts a date format shows, level of the indent) of a cell style."""
        if name not in self.cells:
            lineage = list(self._list_lineage("table-cell", name))
            data = next((found for style in lineage if (found := _get(style, "data-style-name"))), "")
            margins = (_get(e, "margin-left") for style in lineage for e in style.iterfind("{*}paragraph-properties"))
            shown = [self.data[at] for at in self._list_data(data)]
            parts = frozenset(_local(part.tag) for style in shown for part in style)
            places = {_read_decimals(style) for style in shown if any(_local(e.tag) == "number" for e in style)}
            decimals = places.pop() if len(places) == 1 else None
            self.cells[name] = decimals, parts, _read_level(next((m for m in margins if m), ""))
        return self.cells[name]

    def find_position(self, family: str, name: str) -> str | None:
        """super, sub or "" (on the line) as a style says it (family: table-cell, paragraph, text); None where it does
        not."""
        if (family, name) not in self.positions:
            lineage = self._list_lineage(family, name)
            said = (_get(e, "text-position") for style in lineage for e in style.iterfind("{*}text-properties"))
            first = next((text for text in said if text), None)
            self.positions[family, name] = None if first is None else _read_text_position(first)
        return self.positions[family, name]

    def _list_lineage(self, family: str, name: str) -> Iterator[Element]:
        seen: set[str] = set()
        while name not in seen and (style := self.named.get((family, name))) is not None:
            seen.add(name)
            yield style
            name = _get(style, "parent-style-name")

    def _list_data(self, name: str) -> list[str]:
        """The data style and those it hands some values to (negative ones, zero)."""
        if name not in self.data:
            return []
        others = [_get(entry, "apply-style-name") for entry in self.data[name].iterfind("{*}map")]
        return [name, *(other for other in others if other in self.data)]


def _read_text_position(text: str) -> str:
    """super, sub or "" of super 58%, -33% 58%, 0% 100%: the first word is the height above the line."""
    height = text.split()[0]
    if height in ("super", "sub"):
        return height
    share = float(height.removesuffix("%"))
    return "super" if share > 0 else "sub" if share < 0 else ""


def _read_decimals(style: Element) -> int | None:
    number = next(e for e in style if _local(e.tag) == "number")
    places = _get(number, "decimal-places")
    return int(places) if places.isdigit() else None


def _read_level(margin: str) -> int:
    """The level of an indent given as a length; a level is 10 points."""
    found = re.fullmatch(r"([0-9.]+)(cm|mm|in|pt)", margin)
    if not found:
        return 0
    points = {"cm": 72 / 2.54, "mm": 7.2 / 2.54, "in": 72.0, "pt": 1.0}[found[2]]
    return round(float(found[1]) * points / 10)


# Attributes with which a cell without a child still says something.
_SAYING = {"value-type", "formula", "number-columns-spanned", "number-rows-spanned"}


class _OdsTable:
    """Walks one table: rows and columns are written once with how often they repeat."""

    def __init__(self, sheet: _Sheet, styles: _OdsStyles) -> None:
        self.sheet, self.styles = sheet, styles
        self.row = 1
        self.defaults: list[tuple[int, int, str]] = []  # (first column, last column, style of its cells)

    def fill(self, table: Element) -> None:
        column = 1
        for entry in _list_nested(table, "table-column", "table-columns"):
            last = column + _read_count(entry, "number-columns-repeated") - 1
            if _get(entry, "visibility") in ("collapse", "filter"):
                self.sheet.hidden_columns.update(range(column, min(last, MAX_COLUMNS) + 1))
            self.defaults.append((column, last, _get(entry, "default-cell-style-name")))
            column = last + 1
        for entry in _list_nested(table, "table-row", "table-rows"):
            self._fill_rows(entry)

    def _fill_rows(self, entry: Element) -> None:
        times = _read_count(entry, "number-rows-repeated")
        cells = list(self._list_cells(entry))
        if _get(entry, "visibility") in ("collapse", "filter"):
            self.sheet.hidden_rows.update(range(self.row, min(self.row + times - 1, MAX_ROWS) + 1))
        if cells:
            _check_place(self.row + times - 1, max(column for column, _ in cells))
            if times * len(cells) > MAX_CELLS:
                raise ValueError(f"{times} rows repeat {len(cells)} filled cells")
            for row in range(self.row, self.row + times):
                for column, cell in cells:
                    self._fill_cell(row, column, cell, _get(entry, "default-cell-style-name"))
        self.row += times

    def _list_cells(self, entry: Element) -> Iterator[tuple[int, Element]]:
        """(column, cell) of the cells that hold something or begin a merged block, repeated as often as it is said."""
        column = 1
        for cell in entry:
            if _local(cell.tag) not in ("table-cell", "covered-table-cell"):
                continue
            times = _read_count(cell, "number-columns-repeated")
            if len(cell) or any(_local(key) in _SAYING for key in cell.attrib):
                _check_place(1, column + times - 1)
                yield from ((at, cell) for at in range(column, column + times))
            column += times

    def _fill_cell(self, row: int, column: int, cell: Element, row_style: str) -> None:
        sheet = self.sheet
        wide, high = _read_count(cell, "number-columns-spanned"), _read_count(cell, "number-rows-spanned")
        if wide * high > 1:
            sheet.merged.append((row, column, row + high - 1, column + wide - 1))
        style = _get(cell, "style-name") or row_style
        if not style:
            style = next((name for first, last, name in self.defaults if first <= column <= last), "")
        decimals, parts, level = self.styles.describe_cell(style)
        kind = _get(cell, "value-type")
        position = self.styles.find_position("table-cell", style) or ""
        runs = [list(self._list_runs(e, None)) for e in cell if _local(e.tag) == "p"]
        text = "\n".join("".join(part for part, _ in line) for line in runs)
        failed = any(value == "error" for key, value in cell.attrib.items() if _local(key) == "value-type")
        if failed or (_get(cell, "formula") and text.startswith(("#", "Err:")) and kind in ("string", "float", "")):
            sheet.put_error(row, column, text.strip() or "#ERROR")
        elif kind in ("float", "percentage", "currency"):
            value = trim_noise(_get(cell, "value"))
            shown = text.strip() if runs else _write_value(value, kind)
            places = decimals if any(map(str.isdigit, shown)) else None  # a zero shown as "-" shows no decimals
            sheet.put_number(row, column, shown, Number(write_plain(value), places), level, position)
        elif kind == "date":
            sheet.put_text(row, column, _cut_date(_get(cell, "date-value"), parts) or text, level)
        elif kind == "time":
            sheet.put_text(row, column, _read_duration(_get(cell, "time-value")) or text, level)
        elif kind == "boolean":
            sheet.put_text(row, column, _get(cell, "boolean-value").upper(), level)
        elif kind == "string" or text:
            lines = runs if text else [[(_get(cell, "string-value"), None)]]
            sheet.put_text(row, column, "\n".join(_join_runs(line, position) for line in lines), level)
        elif _get(cell, "formula"):
            sheet.put_unstored(row, column)

    def _list_runs(self, element: Element, above: str | None) -> Iterator[_Run]:
        """The text of a paragraph; blanks beyond the first are written as elements. Notes on the cell are no part of
        it. above: where the text around the element stands."""
        family = {"span": "text", "p": "paragraph"}.get(_local(element.tag))
        own = self.styles.find_position(family, _get(element, "style-name")) if family else None
        at = above if own is None else own
        yield element.text or "", at
        for child in element:
            tag = _local(child.tag)
            if tag == "s":
                yield " " * _read_count(child, "c"), at
            elif tag in ("tab", "line-break"):
                yield "\t" if tag == "tab" else "\n", at
            elif tag not in ("note", "annotation", "ruby-text"):
                yield from self._list_runs(child, at)
            yield child.tail or "", at


def _list_nested(element: Element, name: str, group: str) -> Iterator[Element]:
    """The rows or columns of a table, also those within groups and headers, in order."""
    for child in element:
        tag = _local(child.tag)
        if tag == name:
            yield child
        elif tag in (group, f"{name}-group", f"table-header-{group.removeprefix('table-')}"):
            yield from _list_nested(child, name, group)


def _read_count(element: Element, name: str) -> int:
    count = int(_get(element, name) or 1)
    if count < 1:
        raise ValueError(f"{name} is {count}")
    return count


def _write_value(value: Decimal, kind: str) -> str:
    return f"{write_plain(value.scaleb(2))}%" if kind == "percentage" else write_plain(value)


def _cut_date(text: str, parts: frozenset[str]) -> str:
    """The ISO date down to what its format shows: 2019, 2019-07, 2019-07-31, 2019-07-31T12:00:00. '' for a date outside
    the years 0001 to 9999."""
    found = re.fullmatch(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:T([0-9:]{8}).*)?", text)
    if not found:
        return ""
    if parts & {"hours", "minutes", "seconds"}:
        return f"{found[1]}T{found[2] or '00:00:00'}"
    if "year" in parts and not parts & {"day", "day-of-week"}:
        return found[1][:7] if "month" in parts else found[1][:4]
    return found[1]


def _read_duration(text: str) -> str:
    """PT13H05M00S to 13:05:00; '' for another form."""
    found = re.fullmatch(r"PT([0-9]+)H([0-9]+)M([0-9]+)(?:[.,][0-9]+)?S", text)
    if not found:
        return ""
    return f"{int(found[1]):02d}:{int(found[2]):02d}:{int(found[3]):02d}"


# -- xls ---------------------------------------------------------------------------------------------------------------


def _read_xls(content: bytes, name: str) -> tuple[list[_Sheet], list[str]]:
    import xlrd  # here, since few runs need it

    log = io.StringIO()  # xlrd writes what it finds odd to the standard output otherwise
    try:
        book = xlrd.open_workbook(file_contents=content, formatting_info=True, logfile=log)
    except xlrd.XLRDError as error:
        raise _protected(name) if "encrypt" in str(error).lower() else _broken(name, error) from None
    except Exception as error:  # in a damaged file xlrd stumbles over anything: assertions, types, indexes
        raise _broken(name, error) from None
    shower = _Shower(book.datemode == 1)
    styles = [_read_xls_style(book, style) for style in book.xf_list]
    sheets = []
    for page in book.sheets():
        sheet = _Sheet(page.name, hidden=page.visibility != 0)
        sheet.hidden_rows = {row + 1 for row, info in page.rowinfo_map.items() if info.hidden}
        sheet.hidden_columns = {column + 1 for column, info in page.colinfo_map.items() if info.hidden}
        sheet.merged = [(top + 1, left + 1, bottom, right) for top, bottom, left, right in page.merged_cells]
        _fill_from_xls(sheet, page, styles, shower, [_XLS_POSITIONS.get(f.escapement, "") for f in book.font_list])
        sheets.append(sheet)
    passed = re.findall(r"Ignoring non-worksheet data named (.+) \(type 0x\w+ = (.+)\)", log.getvalue())
    notices = [f"sheet {title} is a {kind.lower()} and not read" for title, kind in passed]
    if "_VBA_PROJECT_CUR".encode("utf-16-le") in content:
        notices.append("the workbook holds macros; they are not run")
    links = list(getattr(book, "_supbook_types", ())).count(xlrd.book.SUPBOOK_EXTERNAL)
    if links:
        notices.append(
            f"the workbook has links to {links} other files; they are not followed, the stored values are read"
        )
    return sheets, notices


_XLS_POSITIONS = {1: "super", 2: "sub"}


def _read_xls_style(book: Any, style: Any) -> _Style:
    known = book.format_map.get(style.format_key)
    pushed = style.alignment.hor_align not in (2, 3)  # centred, right
    return _Style(
        known.format_str if known else GENERAL,
        style.alignment.indent_level if pushed else 0,
        _XLS_POSITIONS.get(book.font_list[style.font_index].escapement, ""),
    )


def _cut_runs(text: str, starts: list[tuple[int, int]], fonts: list[str]) -> Iterator[_Run]:
    """The runs of a text of xls: (where it starts, number of its font); what stands before them is set like the cell.
    Starts count UTF-16 units."""
    units = text.encode("utf-16-le")
    places = [(0, None), *((2 * start, fonts[font]) for start, font in starts), (len(units), None)]
    for (start, position), (end, _) in pairwise(places):
        yield units[start:end].decode("utf-16-le", "replace"), position


def _fill_from_xls(sheet: _Sheet, page: Any, styles: list[_Style], shower: _Shower, fonts: list[str]) -> None:
    """fonts: the position of every font."""
    import xlrd

    for index in range(page.nrows):
        kinds, values = page.row_types(index), page.row_values(index)
        for column, kind in enumerate(kinds):
            if kind in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK):
                continue
            style, value, place = styles[page.cell_xf_index(index, column)], values[column], (index + 1, column + 1)
            if kind in (xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE):
                sheet.put_number(*place, *shower.show(repr(value), style.code), style.level, style.position)
            elif kind == xlrd.XL_CELL_ERROR:
                sheet.put_error(*place, xlrd.error_text_from_code.get(value, "#ERROR"))
            elif kind == xlrd.XL_CELL_BOOLEAN:
                sheet.put_text(*place, "TRUE" if value else "FALSE", style.level)
            else:
                runs = page.rich_text_runlist_map.get((index, column), [])
                if runs or style.position:
                    value = _join_runs(_cut_runs(value, runs, fonts), style.position)
                sheet.put_text(*place, show_text(value, style.code), style.level)
