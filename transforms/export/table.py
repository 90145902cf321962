"""A table built from its specification: its cells with their marks, and the words over and under them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import takewhile

import duckdb

from transforms.export.cells import Cell, Data, Place, Row, expand, fetch, make_cells
from transforms.export.definitions import compare, make_columns
from transforms.export.labels import Labels
from transforms.export.selection import find_nearest_edition, refuse_unknown
from transforms.tables import TableSpec

MARKS = ("equal", "within_rounding", "contradictory", "not_computable", "not_comparable")


@dataclass(frozen=True)
class Table:
    """A table ready to be written, in one language; cells in reading order, empty ones left out."""

    spec: TableSpec
    lang: str
    title: str
    unit_line: str
    row_heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    columns: tuple[str, ...]
    cells: tuple[Cell, ...]
    notes: tuple[str, ...]
    sources: tuple[str, ...]
    statuses: tuple[tuple[str, str], ...]
    marks: dict[str, str]
    shared_notes: tuple[str, ...]
    editions: tuple[tuple[str, str], ...]
    labels: Labels = field(repr=False, compare=False)

    @property
    def counts(self) -> dict[str, int]:
        """Mark -> number of printed cells with it; all five marks are there."""
        found = Counter(cell.mark for cell in self.cells if cell.origin == "printed")
        return {mark: found[mark] for mark in MARKS}

    @property
    def counts_line(self) -> str:
        """How many printed cells have which mark; '' for a table that shows no printed figure."""
        counts = self.counts
        if not sum(counts.values()):
            return ""
        parts = [self.labels.word("TEXT.count", mark=self.marks[m], count=n) for m, n in counts.items()]
        return self.labels.word("TEXT.counts", total=sum(counts.values()), counts=self.labels.join(parts))

    @property
    def rounding_line(self) -> str:
        return self.labels.word("TEXT.rounding" if sum(self.counts.values()) else "TEXT.rounding_computed")

    @property
    def grid(self) -> dict[tuple[int, int], Cell]:
        """(row, column) -> cell."""
        return {(cell.row, cell.column): cell for cell in self.cells}

    def row_label(self, cell: Cell) -> str:
        return " · ".join(filter(None, self.rows[cell.row]))

    def own_note(self, cell: Cell) -> str:
        """The source's note of a cell without what stands under the table."""
        return "; ".join(part for part in cell.source_note.split("; ") if part not in self.shared_notes)

    def labels_with_units(self) -> tuple[list[list[str]], list[str]]:
        """Row and column labels of the grid, with the unit where a whole column, or else a whole row, has one."""
        rows, columns = [list(row) for row in self.rows], list(self.columns)
        if len({cell.unit for cell in self.cells}) < 2:
            return rows, columns
        by_column = [{c.unit for c in self.cells if c.column == j} for j in range(len(columns))]
        if all(len(units) <= 1 for units in by_column):
            return rows, [self._with_unit(label, units) for label, units in zip(columns, by_column, strict=True)]
        for i, row in enumerate(rows):
            last = max((n for n, label in enumerate(row) if label), default=0)
            row[last] = self._with_unit(row[last], {c.unit for c in self.cells if c.row == i})
        return rows, columns

    def _with_unit(self, label: str, units: set[str]) -> str:
        missing = sorted(unit for unit in units if unit.casefold() not in label.casefold())
        return self.labels.word("TEXT.with_unit", label=label, unit=self.labels.join(missing)) if missing else label


def build_table(con: duckdb.DuckDBPyConnection, spec: TableSpec, lang: str) -> Table:
    """The table of a specification in zh or en.

    con holds observations, comparisons, indicators, indicators_on_request, datasets and the code lists. A cell
    that selects two printed figures is refused; a dataset that is not there gives an empty table that says so.
    """
    labels, data = Labels(con, lang), Data(con, spec)
    is_there = bool(data.vintage or not spec.dataset)
    if is_there:  # else it may have brought codes of its own
        refuse_unknown(con, spec)
    rows: list[Place] = []
    columns = make_columns(spec, [], labels) if spec.form == "definitions" else []
    cells: list[Cell] = []
    if spec.form == "definitions" and is_there:
        compared = compare(con, spec, labels)
        rows, columns, cells = compared.rows, compared.columns, compared.cells
    elif is_there:
        rows, columns = (expand(spec, axes, data, labels) for axes in (spec.rows, spec.columns))
        cells = make_cells(rows, columns, data, spec, labels)
    width = max((len(r.labels) for r in rows), default=1)
    used = _used_editions(spec, data, cells)
    units = list(dict.fromkeys(cell.unit for cell in cells if cell.unit))
    shared = _shared_notes(cells)
    notes = [labels.word("TEXT.as_printed", text=text) for text in shared] + list(spec.notes[lang])
    if spec.form == "definitions":
        notes.append(labels.word("TEXT.difference_range"))
    if not is_there:
        notes.append(_say_absent(con, spec, labels))
    elif all(cell.is_empty for cell in cells):
        notes.append(labels.word("TEXT.nothing"))
    else:
        notes += _say_empty(rows, columns, cells, labels) + _say_no_combination(spec, [*rows, *columns], labels)
    heads = next((r.heads for r in rows if len(r.heads) == width), (labels.word("COL.item_head"),))
    return Table(
        spec=spec,
        lang=lang,
        title=spec.title[lang],
        unit_line=labels.word("TEXT.unit", units=labels.join(units)) if units else "",
        row_heads=heads,
        rows=tuple((*r.labels, *[""] * (width - len(r.labels))) for r in rows),
        columns=tuple(" · ".join(c.labels) for c in columns),
        cells=tuple(cells),
        notes=tuple(notes),
        sources=_source_lines(con, spec, used, labels),
        statuses=_status_words(cells, labels),
        marks={mark: labels.of("mark", mark) for mark in MARKS},
        shared_notes=tuple(shared),
        editions=used,
        labels=labels,
    )


def _say_absent(con: duckdb.DuckDBPyConnection, spec: TableSpec, labels: Labels) -> str:
    """That the edition of a table is not there, with what is nearest."""
    what, near = find_nearest_edition(con, spec)
    if what == "vintage":
        return labels.word("TEXT.no_vintage", dataset=spec.dataset, vintage=spec.vintage, near=labels.join(near))
    said = labels.word("TEXT.no_data", dataset=spec.dataset)
    return labels.join([said, labels.word("TEXT.nearest", near=labels.join(near))]) if near else said


def _say_empty(rows: list[Place], columns: list[Place], cells: list[Cell], labels: Labels) -> list[str]:
    """Which rows and columns are there without a figure: in a list of cells they would be missing without a word."""
    said = []
    for word, places, filled in (
        ("TEXT.rows_empty", rows, {cell.row for cell in cells}),
        ("TEXT.columns_empty", columns, {cell.column for cell in cells}),
    ):
        empty = [" · ".join(filter(None, place.labels)) for n, place in enumerate(places) if n not in filled]
        said += [labels.word(word, list=labels.join(empty))] if empty else []
    return said


def _say_no_combination(spec: TableSpec, places: list[Place], labels: Labels) -> list[str]:
    """Which entries with by found no combination at all, so that they have no row or column."""
    return [
        labels.word("TEXT.by_empty", keys=labels.join([labels.word(f"COL.{key}") for key in axis.by]))
        for axis in (*spec.rows, *spec.columns)
        if axis.by
        and not any({*axis.by} <= p.select.keys() and axis.select.items() <= p.select.items() for p in places)
    ]


def list_editions(con: duckdb.DuckDBPyConnection, tables: Iterable[Table], lang: str) -> list[Row]:
    """The editions that tables draw on: dataset, vintage, publisher, title, edition, accessed, in the language."""
    wanted = {edition for table in tables for edition in table.editions}
    return [
        {
            "dataset": row["dataset"],
            "vintage": row["vintage"],
            "publisher": row[f"publisher_{lang}"],
            "title": row[f"title_{lang}"],
            "edition": row["edition"],
            "accessed": str(row["accessed"] or ""),
        }
        for row in fetch(con, "datasets ORDER BY dataset, vintage", [])
        if (row["dataset"], row["vintage"]) in wanted
    ]


def _shared_notes(cells: list[Cell]) -> list[str]:
    """The source's notes that all printed cells begin with: they stand once under the table."""
    printed = [cell.source_note.split("; ") for cell in cells if cell.origin == "printed"]
    together = zip(*printed, strict=False)
    return [parts[0] for parts in takewhile(lambda parts: len(set(parts)) == 1, together) if parts[0]]


def _used_editions(spec: TableSpec, data: Data, cells: list[Cell]) -> tuple[tuple[str, str], ...]:
    """The table's own edition first, then those of the cells behind what was computed."""
    used = [(spec.dataset, data.vintage)] if data.vintage else []
    for cell in cells:
        used += [(p[0], p[1]) for p in (i.split("/", 2) for i in cell.inputs) if len(p) == 3]
    return tuple(dict.fromkeys(used))


def _source_lines(
    con: duckdb.DuckDBPyConnection, spec: TableSpec, used: tuple[tuple[str, str], ...], labels: Labels
) -> tuple[str, ...]:
    editions = {(row["dataset"], row["vintage"]): row for row in fetch(con, "datasets", [])}
    lines = []
    for n, key in enumerate(used):
        if row := editions.get(key):
            words = {name: row[f"{name}_{labels.lang}"] for name in ("publisher", "title")}
            where = spec.where[labels.lang] if n == 0 else ""
            template = "TEXT.source_where" if where else "TEXT.source"
            lines.append(labels.word(template, edition=row["edition"], where=where, **words))
    return (*lines, labels.word("TEXT.computed_by"))


def _status_words(cells: list[Cell], labels: Labels) -> tuple[tuple[str, str], ...]:
    found = sorted({status for cell in cells for status in cell.statuses})
    words = []
    for status in found:
        general, meaning = labels.of("status", status), labels.word(f"STATUS.{status}")
        has_meaning = not meaning.startswith("STATUS.")
        words.append(
            (status, labels.word("TEXT.meaning", general=general, meaning=meaning) if has_meaning else general)
        )
    return tuple(words)
