"""Which value or cell is meant. Nothing is guessed: several that fit are listed with what tells them apart."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from transforms.errors import InputError
from transforms.export.cells import Cell
from transforms.export.table import Table
from transforms.trace.cells import CellName

Row = dict[str, Any]
# Key parts of an indicator -> the list of the view codes that their names are from; '' where there is no list.
KEYS = {
    "indicator": "indicators", "geo": "geographies", "period": "periods", "item": "items", "flow": "flows",
    "definition": "definitions", "reference": "references", "partner": "geographies", "base_period": "",
    "freq": "frequencies", "basis": "bases", "adjustment": "adjustments", "unit": "units", "currency": "units",
    "dataset": "datasets", "vintage": "vintages",
}  # fmt: skip
_TOLD = (*KEYS, "ref_dataset", "ref_vintage")
_CSV_LINE = re.compile(r"(?:.*!)?R(\d+)(?:C\d+)?")


class AmbiguousError(Exception):
    """Several things fit. matches: what tells each of them apart from the others; differ: column -> its values."""

    def __init__(self, what: str, matches: Sequence[Mapping[str, Any]]) -> None:
        self.what = what
        names = [name for name in matches[0] if len({str(row[name]) for row in matches}) > 1]
        self.differ = {name: sorted({str(row[name]) for row in matches}) for name in names}
        self.matches = [{name: row[name] for name in names} for row in matches]
        super().__init__(f"{len(matches)} {what} fit; they differ in {', '.join(names) or 'nothing'}")


def fetch(con: duckdb.DuckDBPyConnection, sql: str, given: Sequence[Any] = ()) -> list[Row]:
    rows: list[Row] = con.execute(sql, list(given)).to_arrow_table().to_pylist()
    return rows


def find_indicator(con: duckdb.DuckDBPyConnection, said: Mapping[str, str], view: str = "indicators") -> Row:
    """The one value that the key parts said (names or codes, by the words of KEYS) choose, with its whole row.

    vintage 'latest' means that of each dataset. Raises InputError for names that no list has (with the nearest) and
    where nothing fits (with the values that would), AmbiguousError where several do.
    """
    codes = _find_codes(con, said)
    conditions = {name: _condition(name, codes[name]) for name in said if said[name] != ""}
    where = " AND ".join(sql for sql, _ in conditions.values()) or "true"
    given = [value for _, values in conditions.values() for value in values]
    rows = fetch(con, f"FROM {view} WHERE {where} ORDER BY ALL LIMIT 1001", given)
    if len(rows) == 1:
        return rows[0]
    if rows:
        raise AmbiguousError("values", [{name: row[name] for name in _TOLD if name in row} for row in rows])
    raise InputError("no value fits", found=_show(said), todo=_suggest(con, view, conditions))


def _find_codes(con: duckdb.DuckDBPyConnection, said: Mapping[str, str]) -> dict[str, list[str]]:
    listed = [name for name in said if KEYS[name] and said[name] != ""]
    try:
        found = con.execute("SELECT main.find_codes(?)", [[[KEYS[name], said[name]] for name in listed]]).fetchone()
    except duckdb.InvalidInputException as error:
        raise InputError(str(error).removeprefix("Invalid Input Error: ")) from None
    codes = dict(zip(listed, found[0] if found and listed else [], strict=True))
    return codes | {name: [said[name]] for name in said if not KEYS[name]}


def _condition(name: str, codes: list[str]) -> tuple[str, list[Any]]:
    if name == "vintage" and codes == ["latest"]:
        return "(dataset, vintage) IN (SELECT (dataset, vintage) FROM datasets WHERE latest)", []
    return f'list_contains(?, "{name}")', [codes]


def _show(said: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in said.items() if value != "")


def _suggest(con: duckdb.DuckDBPyConnection, view: str, conditions: Mapping[str, tuple[str, list[Any]]]) -> str:
    """The values of one key part with which something would fit, the others as they are."""
    for name in conditions:
        others = [condition for other, condition in conditions.items() if other != name]
        where = " AND ".join(sql for sql, _ in others) or "true"
        given = [value for _, values in others for value in values]
        rows = con.execute(f'SELECT DISTINCT "{name}" FROM {view} WHERE {where} ORDER BY ALL', given).fetchall()
        if values := [str(row[0]) for row in rows]:
            shown = ", ".join(values[:12]) + (f" and {len(values) - 12} more" if len(values) > 12 else "")
            return f"with another {name} there is: {shown}."
    return "name fewer key parts; digitrade catalog indicators lists what is computed."


def find_observation(con: duckdb.DuckDBPyConnection, cell: CellName, view: str = "observations") -> list[Row]:
    """The observations read from one cell. A bare locator stands for the latest editions.

    Raises InputError where no figure was read there (with the nearest cells), AmbiguousError for several files.
    """
    latest = "(dataset, vintage) IN (SELECT (dataset, vintage) FROM datasets WHERE latest)"
    where = "dataset = ? AND vintage = ?" if cell.dataset else latest
    given = [cell.dataset, cell.vintage] if cell.dataset else []
    if cell.dataset:
        _refuse_unknown_edition(con, cell)
    rows = fetch(con, f"FROM {view} WHERE {where} AND locator = ? ORDER BY ALL", [*given, cell.locator])
    if not rows:
        raise InputError("no figure was read from this cell", found=cell.name, todo=_near_cells(con, cell, view))
    if len({(row["dataset"], row["vintage"]) for row in rows}) > 1:
        raise AmbiguousError("cells", [{name: row[name] for name in ("dataset", "vintage")} for row in rows])
    return rows


def _refuse_unknown_edition(con: duckdb.DuckDBPyConnection, cell: CellName) -> None:
    editions = [f"{row[0]}/{row[1]}" for row in con.execute("SELECT dataset, vintage FROM datasets").fetchall()]
    wanted = f"{cell.dataset}/{cell.vintage}"
    if wanted not in editions:
        near = difflib.get_close_matches(wanted, editions, n=3, cutoff=0.3) or sorted(editions)[:5]
        raise InputError("there is no such edition", found=wanted, todo=f"nearest: {', '.join(near)}.")


def _near_cells(con: duckdb.DuckDBPyConnection, cell: CellName, view: str) -> str:
    """Cells of the same file nearest by row and column, or the files there are."""
    file, _, row, column = cell.place
    edition, given = ("dataset = ? AND vintage = ?", [cell.dataset, cell.vintage]) if cell.dataset else ("true", [])
    found = con.execute(
        f"""SELECT DISTINCT locator, abs(CAST(regexp_extract(locator, 'R([0-9]+)C([0-9]+)$', 1) AS INTEGER) - ?)
                   + abs(CAST(regexp_extract(locator, 'R([0-9]+)C([0-9]+)$', 2) AS INTEGER) - ?) AS distance
            FROM {view} WHERE {edition} AND starts_with(locator, ?) ORDER BY distance, locator LIMIT 3""",
        [row, column, *given, f"{file}!"],
    ).fetchall()
    if found:
        return f"nearest cells with figures: {', '.join(place[0] for place in found)}."
    files = [
        name[0]
        for name in con.execute(
            f"SELECT DISTINCT split_part(locator, '!', 1) FROM {view} WHERE {edition} ORDER BY ALL", given
        ).fetchall()
    ]
    near = difflib.get_close_matches(file, files, n=3, cutoff=0.3) or files[:5]
    return f"files with figures: {', '.join(near)}."


def find_table_cell(table: Table, row: str, column: str, line: str = "") -> Cell:
    """The cell of a table for authors: by row and column (number from 1, or label), or by its line in the CSV.

    line: figure_1.csv!R4 or R4C15, of which the row counts (row 1 is the header). Raises InputError, AmbiguousError.
    """
    if line:
        found = _CSV_LINE.fullmatch(line)
        number = int(found[1]) - 2 if found else -1
        if not 0 <= number < len(table.cells):
            raise InputError(
                "the CSV has no such line of a cell", found=line, todo=f"use R2 to R{len(table.cells) + 1}."
            )
        return table.cells[number]
    rows = [" · ".join(filter(None, labels)) for labels in table.rows]
    chosen_rows = _pick(row, rows, "row") if row else list(range(len(rows)))
    chosen_columns = _pick(column, list(table.columns), "column") if column else list(range(len(table.columns)))
    cells = [cell for cell in table.cells if cell.row in chosen_rows and cell.column in chosen_columns]
    if len(cells) == 1:
        return cells[0]
    if not cells:
        raise InputError(
            "the cell is empty", found=f"row {row}, column {column}", file=table.spec.name, todo="choose another one."
        )
    raise AmbiguousError(
        "cells",
        [
            {"row": f"{cell.row + 1} {rows[cell.row]}", "column": f"{cell.column + 1} {table.columns[cell.column]}"}
            for cell in cells
        ],
    )


def _pick(said: str, labels: list[str], what: str) -> list[int]:
    """Places of the labels that are what was said; else the one of that number; else those that contain it."""
    wanted, folded = _fold(said), [_fold(label) for label in labels]
    if same := [n for n, label in enumerate(folded) if label == wanted]:
        return same
    if said.isdecimal() and 1 <= int(said) <= len(labels):
        return [int(said) - 1]
    if inside := [n for n, label in enumerate(folded) if wanted in label]:
        return inside
    near = difflib.get_close_matches(said, labels, n=3, cutoff=0.3) or labels[:5]
    raise InputError(f"the table has no such {what}", found=said, todo=f"nearest: {'; '.join(near)}.")


def _fold(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
