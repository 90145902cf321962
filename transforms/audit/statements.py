"""Statements that a report author writes down: a CSV file as docs/statements.md says, in Chinese or English, or
TOML.
"""

from __future__ import annotations

import csv
import io
import re
import tomllib
from functools import cache
from importlib.resources import files
from pathlib import PurePath
from typing import Any

from transforms.codelists import load_codelist, unit_labels
from transforms.errors import InputError
from transforms.export.labels import say_unit
from transforms.grid import Book, Grid, read_grid
from transforms.layout import parse_layout
from transforms.observe import Readout, read_book_observations

# Our names of the columns -> the headings of a statement table.
COLUMNS = {
    "id": "编号", "place": "主体", "item": "指标", "flow": "流向", "measure": "度量", "period": "时期",
    "base_period": "基期", "figure": "数值", "decimals": "小数位", "unit": "单位", "qualifier": "修饰",
    "reference": "参照", "basis": "口径", "price": "价格", "method": "方法", "n": "样本量", "status": "状态",
    "section": "章节", "line": "行号", "source": "来源", "note": "注",
}  # fmt: skip
_NEEDED = ("place", "item", "flow", "measure", "period", "figure", "unit")
_LAYOUT = 'extends = "_statements"\nfiles = ["*"]\nbad_rows = "quarantine"\n'
_KEY = ("geo", "partner", "flow", "item", "activity", "mode", "period", "base_period", "measure", "basis", "price",
        "unit", "adjustment", "reference", "qualifier")  # fmt: skip
_NUMBER = re.compile(r"[^\d]*[\d,，]+(?:[.．](\d+))?\s*%?")
# Of what a table export has, the columns that make a statement of a printed cell.
_EXPORT = {
    "geo": "place", "item": "item", "flow": "flow", "measure": "measure", "period": "period", "unit": "unit",
    "base_period": "base_period", "reference": "reference", "printed": "figure", "locator": "id",
}  # fmt: skip


def read_statements(content: bytes, name: str) -> tuple[list[dict[str, Any]], list[str]]:
    """Rows with the columns of observations, and one sentence for every statement that cannot be read.

    CSV with the headings of docs/statements.md in Chinese or English, the CSV of a table of digitrade tables, or TOML
    with a list [[statement]]. Raises InputError where the file as a whole cannot be read.
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
    problems: list[str] = []
    if _is_gb(content):
        problems.append(
            load_codelist("words").label("AUDIT.READ_AS_GB", "zh" if _is_chinese(grid) else "en").format(file=name)
        )
    kept: list[tuple[str, ...]] = []
    places: list[int] = []
    for number, row in enumerate(grid.cells[1:], 2):
        cells = dict(zip(heads, row, strict=False))
        if not any(cells.values()):
            continue
        if problem := _check(cells):
            found = cells.get("id") or cells.get("figure")
            problems.append(str(InputError(problem[0], file=name, row=number, found=found, todo=problem[1])))
            continue
        kept.append(tuple(_fill(cells).get(key, "") for key in COLUMNS))
        places.append(number)
    if not kept:
        return [], problems
    readout = _read_those_that_can(kept, places, name, problems)
    if readout is None:
        return [], problems
    problems += [
        f"{name}, row {places[row['row'] - 2]}: {row['reason']}"
        if isinstance(row.get("row"), int)
        else str(row["reason"])
        for row in readout.quarantine.to_pylist()
    ]
    rows = readout.observations.to_pylist()
    for row in rows:
        row["locator"] = re.sub(r"!R(\d+)C\d+", lambda m: f"!R{places[int(m[1]) - 2]}", row["locator"])
    return rows, [*problems, *_find_repeats(rows)]


def _read_those_that_can(
    kept: list[tuple[str, ...]], places: list[int], name: str, problems: list[str]
) -> Readout | None:
    """The statements as observations. One that stops the reading is named and left out of both lists."""
    shared = {"_statements": files("transforms").joinpath("layouts", "_statements.toml").read_text(encoding="utf-8")}
    layout = parse_layout(_LAYOUT, name, shared, {})
    while kept:
        written = Grid(name, "", (tuple(COLUMNS.values()), *kept))
        try:
            return read_book_observations(Book(name, (written,), ()), layout, PurePath(name).stem, "")
        except InputError as error:
            if error.row is None or not 2 <= error.row <= len(kept) + 1:
                raise
            at = error.row - 2
            error.row = places[at]
            problems.append(str(error))
            del kept[at], places[at]
    return None


def _find_repeats(rows: list[dict[str, Any]]) -> list[str]:
    """A sentence for every statement that is made twice with two values; both are audited."""
    said: dict[tuple[Any, ...], dict[str, Any]] = {}
    problems = []
    for row in rows:
        first = said.setdefault(tuple(row[name] for name in _KEY), row)
        if (first["value"], first["unit_mult"]) != (row["value"], row["unit_mult"]):
            problems.append(str(InputError(
                f"the same statement is made twice with two values: {first['printed']} at {first['locator']} and "
                f"{row['printed']} at {row['locator']}", todo="delete the wrong one."
            )))  # fmt: skip
    return problems


def _read(content: bytes, name: str) -> Grid:
    if PurePath(name).suffix.lower() != ".toml":
        return read_grid(
            content.removeprefix(b"\xef\xbb\xbf"), name, encoding="gb18030" if _is_gb(content) else "utf-8"
        )
    try:
        said = tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"the file is not TOML: {error}", file=name, todo="mend the line named.") from None
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


def _check(cells: dict[str, str]) -> tuple[str, str] | None:
    """What is missing in a statement, and what to do; None where nothing is."""
    lacking = next((key for key in ("place", "item", "measure", "figure") if not cells.get(key, "").strip()), None)
    if lacking:
        return f"the statement has no {lacking}", "fill the cell, or delete the row."
    if not cells.get("period", "").strip():
        return (
            "the statement has no period",
            "fill the cell: which period a figure is of decides what it may contradict.",
        )
    figure = cells["figure"]
    if not cells.get("unit", "").strip() and any(char.isdigit() for char in figure) and "/" not in figure:
        return "the statement has no unit", "fill the cell as printed: 亿美元, million USD, % ..."
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
