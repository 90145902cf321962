"""The trail of one number: what it is, how it was made, the cells behind it, their files and editions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb

from transforms.export.cells import Cell
from transforms.export.labels import Labels
from transforms.export.table import Table
from transforms.indicators import load_cards
from transforms.trace.cells import CellName, parse_cell
from transforms.trace.core import find_core_inputs
from transforms.trace.select import fetch

Row = dict[str, Any]
_KEY = ("geo", "partner", "flow", "item", "activity", "mode", "period", "base_period", "freq", "measure", "basis",
        "price", "unit", "adjustment", "reference", "currency")  # fmt: skip
_USUAL = {"partner": "W", "activity": "_T", "mode": "_T", "adjustment": "N", "basis": "published"}
_CARD = ("words", "formula", "unit", "numerator", "denominator", "bounds", "refused", "source")
_EDITION = ("state", "publisher", "title", "edition", "published", "accessed", "url", "terms", "population",
            "source_family")  # fmt: skip


@dataclass(frozen=True)
class Trail:
    """What is shown of one number; every part is plain text, lists and dicts, as JSON has them.

    target: the number itself; made: how it was computed ({} for a printed figure); cells: the figures it rests on, each
    a cell with what was read there; files and editions: where they lie. Whoever can read the files adds what is found
    there now (check of a cell, of a file).
    """

    target: Row
    made: Row
    cells: list[Row]
    files: list[Row]
    editions: list[Row]

    def as_dict(self) -> Row:
        return {
            "target": self.target, "made": self.made, "cells": self.cells, "files": self.files,
            "editions": self.editions,
        }  # fmt: skip


def show_number(value: Decimal | float | None) -> str | None:
    """A number in plain notation without trailing zeros; None for none. The core set has its values as doubles."""
    if value is None:
        return None
    value = Decimal(repr(value)) if isinstance(value, float) else value
    text = format(value.normalize(), "f")
    return "0" if text == "-0" else text


def trace_indicator(con: duckdb.DuckDBPyConnection, row: Row, lang: str, view: str = "observations") -> Trail:
    """The trail of one row of indicators. con holds the views of the published database; view: the observations."""
    labels = Labels(con, lang)
    target = {"kind": "indicator", "indicator": row["indicator"], "title": labels.of("indicator", row["indicator"])}
    target |= _tell_key(row, labels) | _tell_value(row)
    target |= {"edition": f"{row['dataset']}/{row['vintage']}"} | {
        name: row[name] for name in ("coverage", "method", "contested", "asked", "note", "inputs_hash") if name in row
    }
    made = _tell_indicator(con, row["indicator"], row["definition"], lang)
    return _follow(con, target, made, row.get("inputs") or [], labels, view)


def trace_core_indicator(con: duckdb.DuckDBPyConnection, row: Row, lang: str) -> Trail:
    """The trail of one row of core_indicators: the cells that a query on the large edition finds, and the query."""
    query, inputs, count = find_core_inputs(con, row)
    trail = trace_indicator(con, row | {"inputs": inputs}, lang, "all_observations")
    trail.made.update({"query": query, "cells_in_all": count})
    return trail


def trace_cell(con: duckdb.DuckDBPyConnection, rows: Sequence[Row], lang: str, view: str = "observations") -> Trail:
    """The trail of the figures read from one cell, and what was computed from it."""
    labels, first = Labels(con, lang), rows[0]
    cell = CellName(first["dataset"], first["vintage"], first["locator"], first["printed"])
    target: Row = {"kind": "cell", "cell": cell.name, "printed": first["printed"]}
    named = f"{cell.name}={first['printed']}"
    (used,) = fetch(
        con,
        """SELECT count(*) AS rows, list_sort(list_distinct(list(indicator))) AS indicators
           FROM indicators WHERE list_contains(inputs, ?)""",
        [named],
    )
    compared = fetch(
        con,
        """SELECT rule, indicator, computed_value, computed_lower, computed_upper, verdict, note FROM comparisons
           WHERE dataset = ? AND vintage = ? AND locator = ? ORDER BY ALL""",
        [cell.dataset, cell.vintage, cell.locator],
    )
    target |= {
        "used_by": {"values": used["rows"], "indicators": used["indicators"] or []},
        "compared": [
            row | {name: show_number(row[name]) for name in ("computed_value", "computed_lower", "computed_upper")}
            | {"verdict_label": labels.of("mark", row["verdict"])}
            for row in compared
        ],
    }  # fmt: skip
    return _follow(con, target, {}, [named], labels, view)


def trace_table_cell(con: duckdb.DuckDBPyConnection, table: Table, cell: Cell) -> Trail:
    """The trail of a cell of a table for authors: the printed figure and the cells behind the computed one."""
    labels = table.labels
    target: Row = {
        "kind": "table_cell", "table": table.spec.name, "title": table.title, "row": table.row_label(cell),
        "column": table.columns[cell.column],
    }  # fmt: skip
    target |= {"key": {name: code for name, code in cell.codes.items() if code}}
    target |= {
        "origin": labels.word(f"ORIGIN.{cell.origin}"), "unit": cell.unit, "printed": cell.printed,
        **{name: show_number(getattr(cell, name)) for name in
           ("printed_value", "printed_lower", "printed_upper", "computed_value", "computed_lower", "computed_upper")},
        "printed_status": cell.printed_status, "computed_status": cell.computed_status,
        "mark": table.marks.get(cell.mark, ""), "compared_with": cell.compared_with, "note": cell.note,
    }  # fmt: skip
    named = list(cell.inputs)
    if cell.locator:
        # what several printed figures imply is no text of the cell that it is listed under
        named.insert(0, f"{cell.locator}={cell.printed}" if cell.origin == "printed" else cell.locator)
    made = _tell_indicator(con, cell.codes.get("indicator", ""), cell.codes.get("definition", ""), table.lang)
    return _follow(con, target, made, list(dict.fromkeys(named)), labels, "observations")


def _tell_key(row: Row, labels: Labels) -> Row:
    """The key parts that are not empty or as usual, with their labels."""
    names = [name for name in (*_KEY, "definition") if row.get(name) and row[name] != _USUAL.get(name)]
    return {"key": {name: row[name] for name in names}, "labels": {name: labels.of(name, row[name]) for name in names}}


def _tell_value(row: Row) -> Row:
    told: Row = {name: show_number(row[name]) for name in ("value", "lower", "upper")}
    statuses = {name: row[name] for name in ("obs_status",)}
    return told | {"unit": row["unit"], "unit_mult": row["unit_mult"]} | statuses


def _tell_indicator(con: duckdb.DuckDBPyConnection, indicator: str, definition: str, lang: str) -> Row:
    """Formula and words of the card, the SELECT that computes, the items of the definition."""
    card = next((card for card in load_cards() if card.indicator == indicator), None)
    made: Row = {}
    if card is not None:
        told = {name: getattr(card, f"{name}_{lang}", "") or getattr(card, name, "") for name in _CARD}
        chinese = {name: getattr(card, f"{name}_zh", told[name]) for name in ("formula", "unit", "source")}
        made = {"card": told | (chinese if lang == "zh" else {}), "select": f"transforms/indicators/{indicator}.sql"}
    items = fetch(
        con,
        f"""SELECT d.item, i.label_{lang} AS label, d.role, d.label_{lang} AS title, d.version, d.source
            FROM definition_items d LEFT JOIN items i ON i.code = d.item WHERE d.definition = ? ORDER BY d.item""",
        [definition],
    )
    if items:
        said = {name: items[0][name] for name in ("title", "version", "source")}
        parts = [{name: item[name] for name in ("item", "label", "role")} for item in items]
        made["definition"] = {"definition": definition} | said | {"items": parts}
    return made


def _follow(
    con: duckdb.DuckDBPyConnection, target: Row, made: Row, inputs: Sequence[str], labels: Labels, view: str
) -> Trail:
    """The cells that inputs name, with what was read from them, and their files and editions."""
    names = [parse_cell(text) for text in inputs]
    read = _find_read(con, names, view)
    cells: list[Row] = []
    for cell in names:
        file, sheet, row, column = cell.place
        place: Row = {"cell": cell.name, "dataset": cell.dataset, "vintage": cell.vintage, "locator": cell.locator}
        found = read.get((cell.dataset, cell.vintage, cell.locator), [])
        printed = cell.printed if cell.printed is not None or not found else found[0]["printed"]
        place |= {"file": file, "sheet": sheet, "row": row, "column": column, "printed": printed}
        figures = [
            _tell_key(o, labels) | _tell_value(o) | {name: o[name] for name in ("table_id", "qualifier", "note")}
            for o in found
        ]
        corrected = fetch(
            con, "FROM corrections WHERE dataset = ? AND vintage = ? AND locator = ? ORDER BY ALL",
            [cell.dataset, cell.vintage, cell.locator],
        )  # fmt: skip
        cells.append(place | {"figures": figures, "corrections": [_tell_correction(row) for row in corrected]})
    used = list(dict.fromkeys((cell["dataset"], cell["vintage"], cell["file"]) for cell in cells))
    return Trail(
        target,
        made,
        cells,
        [file for key in used for file in _tell_file(con, *key, labels.lang)],
        [told for key in dict.fromkeys((d, v) for d, v, _ in used) for told in _tell_edition(con, *key, labels.lang)],
    )


def _tell_correction(row: Row) -> Row:
    names = ("entry", "action", "uncorrected_status", "obs_status", "reason", "source", "corrected_by", "corrected_on")
    numbers = {name: show_number(row[name]) for name in ("uncorrected_value", "value")}
    return {name: row[name] for name in names} | numbers


def _find_read(
    con: duckdb.DuckDBPyConnection, cells: Sequence[CellName], view: str
) -> dict[tuple[str, str, str], list[Row]]:
    """(dataset, vintage, locator) -> the observations read there."""
    found: dict[tuple[str, str, str], list[Row]] = {}
    wanted = [{"d": cell.dataset, "v": cell.vintage, "l": cell.locator} for cell in cells]
    if not wanted:
        return found
    rows = fetch(
        con,
        f"""SELECT o.* FROM {view} o
            SEMI JOIN (SELECT unnest(?, recursive := true)) w
            ON w.d = o.dataset AND w.v = o.vintage AND w.l = o.locator ORDER BY ALL""",
        [wanted],
    )
    for row in rows:
        found.setdefault((row["dataset"], row["vintage"], row["locator"]), []).append(row)
    return found


def _tell_file(con: duckdb.DuckDBPyConnection, dataset: str, vintage: str, file: str, lang: str) -> list[Row]:
    rows = fetch(con, "FROM edition_files WHERE dataset = ? AND vintage = ? AND file = ?", [dataset, vintage, file])
    return [
        {"dataset": dataset, "vintage": vintage, "file": file, "sha256": row["sha256"], "bytes": row["bytes"],
         "place": row["place"], "publisher": row[f"publisher_{lang}"] or row["publisher_zh"],
         "title": row[f"title_{lang}"] or row["title_zh"], "publisher_note": row["publisher_note"],
         "our_note": row["our_note"]}
        for row in rows
    ]  # fmt: skip


def _tell_edition(con: duckdb.DuckDBPyConnection, dataset: str, vintage: str, lang: str) -> list[Row]:
    rows = fetch(con, "FROM datasets WHERE dataset = ? AND vintage = ?", [dataset, vintage])
    return [
        {"dataset": dataset, "vintage": vintage, "latest": row["latest"]}
        | {name: row.get(f"{name}_{lang}") or row.get(name) or "" for name in _EDITION}
        for row in rows
    ]
