"""Statements that a report author writes down: a CSV file as docs/statements.md says, in Chinese or English, or
TOML.
"""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from transforms.audit.faults import COLUMNS, LISTS, Fault, tell_statement
from transforms.codelists import load_codelist, unit_labels
from transforms.errors import InputError
from transforms.export.labels import say_unit
from transforms.grid import Book, Grid, read_grid
from transforms.layout import parse_layout
from transforms.observe import Readout, read_book_observations

if TYPE_CHECKING:
    from transforms.audit.say import Speaker

_NEEDED = ("place", "item", "flow", "measure", "period", "figure", "unit")
_LAYOUT = 'extends = "_statements"\nfiles = ["*"]\nbad_rows = "quarantine"\n'
_KEY = ("geo", "partner", "flow", "item", "activity", "mode", "period", "base_period", "measure", "basis", "price",
        "unit", "adjustment", "reference", "qualifier")  # fmt: skip
_CELL = re.compile(r"!R(\d+)C\d+")
_NUMBER = re.compile(r"[^\d]*[\d,，]+(?:[.．](\d+))?\s*%?")
# Of what a table export has, the columns that make a statement of a printed cell.
_EXPORT = {
    "geo": "place", "item": "item", "flow": "flow", "measure": "measure", "period": "period", "unit": "unit",
    "base_period": "base_period", "reference": "reference", "printed": "figure", "locator": "id",
}  # fmt: skip


@dataclass
class Statements:
    """The rows of a file, with the columns of observations, and what is wrong with the others, by line.

    is_gb: the file is no UTF-8 and was read as GB 18030.
    """

    rows: list[dict[str, Any]]
    faults: list[Fault]
    file: str
    is_gb: bool = False

    def say_problems(self, speaker: Speaker) -> list[str]:
        """One line for what was supposed of the file, and one for each fault."""
        supposed = [speaker.word("READ_AS_GB", file=self.file)] if self.is_gb else []
        return [*supposed, *(fault.say(speaker) for fault in self.faults)]


@dataclass(frozen=True)
class _Line:
    """One statement as it stands in the file: its cells by our names, and its row there."""

    file: str
    row: int
    cells: dict[str, str]

    def fault(self, code: str, key: str = "", found: str | None = None, **values: str) -> Fault:
        is_listed = PurePath(self.file).suffix.lower() == ".toml"
        found = self.cells.get(key, "").strip() if found is None else found
        told = tell_statement(self.cells)
        return Fault(code, self.file, self.row - is_listed, key, found, told, is_listed, values)


def read_statements(content: bytes, name: str) -> Statements:
    """The statements of a CSV file with the headings of docs/statements.md in Chinese or English, of the CSV of a table
    of digitrade tables, or of TOML with a list [[statement]].

    Raises InputError where the file as a whole cannot be read.
    """
    grid = _read(content, name)
    heads = [_ours(head) for head in grid.cells[0]] if grid.cells else []
    if missing := [COLUMNS[key] if _is_chinese(grid) else key for key in _NEEDED if key not in heads]:
        raise InputError(
            f"these are no statements: there is no column {missing[0]}",
            file=name,
            row=1,
            todo="docs/audit.md lists the columns; digitrade audit --template FILE.csv writes an example.",
        )
    read = Statements([], [], name, _is_gb(content))
    kept: list[_Line] = []
    for number, row in enumerate(grid.cells[1:], 2):
        line = _Line(name, number, dict(zip(heads, row, strict=False)))
        if any(line.cells.values()):
            fault = _check(line)
            read.faults.append(fault) if fault else kept.append(line)
    readout = _read_those_that_can(kept, name, read.faults)
    if readout is not None:
        read.faults += [
            _explain(kept[row["row"] - 2], row["column"], row["reason"]) for row in readout.quarantine.to_pylist()
        ]
        read.rows = readout.observations.to_pylist()
    for made in read.rows:
        made["locator"] = _CELL.sub(lambda m: f"!R{kept[int(m[1]) - 2].row}", made["locator"])
    read.faults += _find_repeats(read.rows, {line.row: line for line in kept})
    read.faults.sort(key=lambda fault: fault.row)
    return read


def _read_those_that_can(kept: list[_Line], name: str, faults: list[Fault]) -> Readout | None:
    """The statements as observations. One that stops the reading is named and taken out of the list."""
    shared = {"_statements": files("transforms").joinpath("layouts", "_statements.toml").read_text(encoding="utf-8")}
    layout = parse_layout(_LAYOUT, name, shared, {})
    while kept:
        filled = (_fill(line.cells) for line in kept)
        written = Grid(name, "", (tuple(COLUMNS.values()), *(tuple(cells[key] for key in COLUMNS) for cells in filled)))
        try:
            return read_book_observations(Book(name, (written,), ()), layout, name, "")
        except InputError as error:
            if error.row is None or not 2 <= error.row <= len(kept) + 1:
                raise
            # several are named by one error: all are taken out at once, or many would mean to read as many times
            stopping = {other.row - 2: other for other in (error, *error.others) if other.row is not None}
            faults += [_explain(kept[at], other.column, other.problem) for at, other in stopping.items()]
            kept[:] = [line for at, line in enumerate(kept) if at not in stopping]
    return None


def _explain(line: _Line, column: int | str | None, reason: str) -> Fault:
    """What the reader of tables says of a cell, in the terms of statements."""
    number = int(str(column)) if str(column).isdigit() else 0
    key = list(COLUMNS)[number - 1] if 1 <= number <= len(COLUMNS) else ""
    if reason.startswith("a figure larger"):
        return line.fault("large", "figure")
    if key in LISTS:
        return line.fault("unknown", key)
    code = {"period": "period", "base_period": "period", "figure": "number", "decimals": "decimals", "unit": "unit",
            "qualifier": "qualifier", "n": "count"}.get(key)  # fmt: skip
    if code is None or (key == "figure" and not reason.startswith("text where")):
        return line.fault("other", said=reason)
    return line.fault(code, key, figure=line.cells["figure"].strip())


def _find_repeats(rows: list[dict[str, Any]], lines: Mapping[int, _Line]) -> list[Fault]:
    """A fault for every statement that is made twice with two values; both are audited."""
    said: dict[tuple[Any, ...], dict[str, Any]] = {}
    faults = []
    for row in rows:
        first = said.setdefault(tuple(row[name] for name in _KEY), row)
        if (first["value"], first["unit_mult"]) != (row["value"], row["unit_mult"]):
            (before, after) = (int(r["locator"].rpartition("!R")[2]) for r in (first, row))
            faults.append(lines[after].fault("twice", found=row["printed"], first=first["printed"],
                                             place=str(lines[before].fault("").row)))  # fmt: skip
    return faults


def _read(content: bytes, name: str) -> Grid:
    if PurePath(name).suffix.lower() != ".toml":
        return _read_table(content.removeprefix(b"\xef\xbb\xbf"), name)
    try:
        said = tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"the file is not TOML: {error}", file=name, todo="mend that line of it.") from None
    entries = said.get("statement")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InputError(
            "there is no list of statements", file=name, todo="write [[statement]] tables; see docs/audit.md."
        )
    unknown = sorted({key for entry in entries for key in entry if key not in COLUMNS})
    if unknown:
        raise InputError("an unknown key", file=name, found=unknown[0], todo=f"keys: {', '.join(COLUMNS)}.")
    rows = [tuple(str(entry.get(key, "")) for key in COLUMNS) for entry in entries]
    return Grid(name, "", (tuple(COLUMNS), *rows))


def _read_table(content: bytes, name: str) -> Grid:
    """A CSV file; what stops the reading is said for who wrote the file, not for who declares a layout."""
    try:
        return read_grid(content, name, encoding="gb18030" if _is_gb(content) else "utf-8")
    except InputError as error:
        if error.problem.startswith("the bytes are not"):
            error.problem, error.todo = "the bytes are neither UTF-8 nor GB 18030", "save the file as CSV in UTF-8."
        elif error.problem.startswith("the CSV"):
            error.todo = "the quotes of a cell of this row do not pair: save the file anew as CSV."
        else:
            error.todo = "save the sheet as CSV."
        raise


def _is_gb(content: bytes) -> bool:
    """Whether a file is no UTF-8 and, read as GB 18030 (as Excel in China saves CSV), has headings of statements."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        head = content.split(b"\n", 1)[0].decode("gb18030", "ignore")
        return sum(_ours(part) in COLUMNS for part in head.strip().split(",")) > 1
    return False


def _is_chinese(grid: Grid) -> bool:
    return any(head in COLUMNS.values() for head in grid.cells[0]) if grid.cells else False


def _ours(head: str) -> str:
    """Our name of a column, from a heading in Chinese or English, or of a table's export; the heading itself else."""
    names = {chinese: key for key, chinese in COLUMNS.items()} | {key: key for key in COLUMNS}
    for code, key in _EXPORT.items():
        names |= {load_codelist("words").label(f"COL.{code}", lang): key for lang in ("zh", "en")}
    text = head.strip()
    return names.get(text, names.get(text.casefold(), text))


def _check(line: _Line) -> Fault | None:
    """What is missing in a statement; None where nothing is."""
    for key in ("place", "item", "measure", "figure", "period"):
        if not line.cells.get(key, "").strip():
            return line.fault("missing_period" if key == "period" else "missing", key)
    figure = line.cells["figure"]
    if not line.cells.get("unit", "").strip() and any(char.isdigit() for char in figure) and "/" not in figure:
        return line.fault("missing_unit", "unit")
    declared, number = line.cells.get("decimals", "").strip(), _NUMBER.fullmatch(figure.strip())
    if declared and number and declared != str(len(number[1] or "")):
        return line.fault("decimals", "decimals", figure=figure.strip())
    return None


def _fill(cells: dict[str, str]) -> dict[str, str]:
    """A statement under our headings, with the decimals that its figure shows."""
    filled = {key: cells.get(key, "").strip() for key in COLUMNS}
    filled["unit"] = _english_units().get(filled["unit"].casefold(), filled["unit"])
    filled["qualifier"] = _english_qualifiers().get(filled["qualifier"].casefold(), filled["qualifier"])
    if not filled["unit"] and filled["figure"].endswith("成"):  # tenths, as sentences have them
        filled["figure"], filled["unit"] = filled["figure"].removesuffix("成"), "成"
    if not filled["decimals"] and (number := _NUMBER.fullmatch(filled["figure"])):
        filled["decimals"] = str(len(number[1] or ""))
    filled["flow"] = filled["flow"] or "N"
    return filled


@cache
def _english_units() -> dict[str, str]:
    """What our English tables and reports call a unit with its power of ten -> a label that readers know."""
    units = load_codelist("units")
    return {
        say_unit(unit, power, "en", units.label(unit, "en")).casefold(): label
        for label, (unit, power) in unit_labels().items()
    }


@cache
def _english_qualifiers() -> dict[str, str]:
    """about, over, at least ... as our English reports say them -> the Chinese word."""
    words = load_codelist("words")
    codes = [row["code"] for row in words.rows if row["code"].startswith("AUDIT.QUALIFIER.")]
    return {
        words.label(code, "en").replace("{figure}", "").strip(): words.label(code, "zh").replace("{figure}", "").strip()
        for code in codes
    }


def write_template(lang: str) -> bytes:
    """A CSV file with the headings and three statements that contradict one another, to be overwritten."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS.values() if lang == "zh" else COLUMNS)
    for row in _EXAMPLES[lang]:
        writer.writerow([row.get(key, "") for key in COLUMNS])
    return out.getvalue().encode("utf-8-sig")


_EXAMPLES = {
    "zh": [
        {"id": number, "place": "广州市", "item": "数字贸易", "flow": flow, "measure": "占比", "period": "2018",
         "figure": figure, "unit": "%", "reference": "SERVICES"}
        for number, flow, figure in (("1", "出口", "25"), ("2", "进口", "27"), ("3", "进出口", "31"))
    ],
    "en": [
        {"id": number, "place": "Guangzhou", "item": "Digitally deliverable services (six of twelve categories)",
         "flow": flow, "measure": "Share", "period": "2018", "figure": figure, "unit": "%", "reference": "SERVICES"}
        for number, flow, figure in (
            ("1", "Exports", "25"), ("2", "Imports", "27"), ("3", "Exports and imports together", "31"))
    ],
}  # fmt: skip
