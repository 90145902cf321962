"""A table built from its specification: every cell with its printed figure, what is computed for it, and its mark."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import takewhile
from typing import Any

import duckdb

from transforms.errors import InputError
from transforms.export.labels import Labels, round_half_up
from transforms.tables import Axis, Select, TableSpec

Row = dict[str, Any]

MARKS = ("equal", "within_rounding", "contradictory", "not_computable", "not_comparable")
# which comparison of one printed cell tells most; repeats are asked only where there is no other
_TELLING = ("contradictory", "equal", "within_rounding", "not_comparable", "not_computable")
_KEYS = ("geo", "flow", "item", "period", "base_period", "reference")
_CODES = ("geo", "flow", "item", "measure", "period", "base_period", "reference")
_WHOLE_UNITS = ("RANK", "COUNT", "YEAR")
_NUMBER = re.compile(r"(\d+)")


@dataclass(frozen=True)
class Cell:
    """One cell. Values in unit (a label, with its power of ten); printed_value is empty where nothing is printed.

    is_whole: the unit knows whole numbers only (ranks, counts). inputs: the cells behind a computed value, none where
    nothing was computed. origin: printed; implied (made of printed figures, marked but not counted); computed (nothing
    is printed).
    """

    row: int
    column: int
    origin: str
    codes: dict[str, str]
    unit: str
    is_whole: bool = False
    printed: str = ""
    qualifier: str = ""
    decimals: int | None = None
    printed_value: Decimal | None = None
    printed_lower: Decimal | None = None
    printed_upper: Decimal | None = None
    printed_status: str = ""
    computed_value: Decimal | None = None
    computed_lower: Decimal | None = None
    computed_upper: Decimal | None = None
    computed_status: str = ""
    mark: str = ""
    compared_with: str = ""
    note: str = ""
    source_note: str = ""
    locator: str = ""
    inputs: tuple[str, ...] = field(default=(), repr=False)

    @property
    def shown_decimals(self) -> int:
        """Decimals at which a computed value is displayed: one more than printed; none for whole numbers."""
        if self.is_whole and _are_whole(self.printed_value, self.computed_value):
            return 0
        return 2 if self.decimals is None else self.decimals + 1

    @property
    def range_decimals(self) -> int:
        """Decimals at which the computed range is displayed: enough to tell its ends apart."""
        low, high, decimals = self.computed_lower, self.computed_upper, self.shown_decimals
        if self.is_whole and _are_whole(low, high):
            return 0
        if low is None or high is None or low == high:
            return decimals
        while decimals < 10 and round_half_up(low, decimals) == round_half_up(high, decimals):
            decimals += 1
        return decimals

    @property
    def has_range(self) -> bool:
        return self.computed_lower is not None or self.computed_upper is not None

    @property
    def is_empty(self) -> bool:
        return self.printed_value is None and not self.printed and self.computed_value is None and not self.has_range

    @property
    def statuses(self) -> list[str]:
        """The statuses of the cell other than A, printed first."""
        both = [*self.printed_status.split(";"), *self.computed_status.split(";")]
        return [s for s in dict.fromkeys(both) if s and s != "A"]


def _are_whole(*values: Decimal | None) -> bool:
    return all(value is None or value == value.to_integral_value() for value in values)


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
        counts = self.counts
        parts = [self.labels.word("TEXT.count", mark=self.marks[m], count=n) for m, n in counts.items()]
        return self.labels.word("TEXT.counts", total=sum(counts.values()), counts=self.labels.join(parts))

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


@dataclass(frozen=True)
class _Place:
    """A row or a column of the grid: its labels and what it selects."""

    labels: tuple[str, ...]
    heads: tuple[str, ...]
    select: Select


class _Data:
    """The rows of one dataset's edition that a table draws on."""

    def __init__(self, con: duckdb.DuckDBPyConnection, spec: TableSpec) -> None:
        found = con.execute(
            "SELECT max(vintage) FROM observations WHERE dataset = ? AND (vintage = ? OR ? = '')",
            [spec.dataset, spec.vintage, spec.vintage],
        ).fetchone()
        self.vintage: str = (found and found[0]) or ""
        edition = [spec.dataset, self.vintage]
        self.observations = _fetch(con, "observations WHERE dataset = ? AND vintage = ?", edition)
        self.observations.sort(key=lambda o: (o["table_id"], _natural(o["locator"])))
        self.comparisons = _fetch(con, "comparisons WHERE dataset = ? AND vintage = ?", edition)
        self.comparisons.sort(key=lambda c: (c["table_id"], _natural(c["locator"]), c["rule"], c["indicator"]))
        self.indicators = _fetch(con, "indicators WHERE dataset = ? AND vintage = ?", edition)
        self.indicators.sort(key=lambda i: (i["indicator"], i["period"], *map(str, i.values())))
        self.mixed: list[Row] = []
        if spec.mixed_sources:
            self.mixed = _fetch(
                con, "indicators_on_request WHERE asked = 'mixed_sources' AND dataset = ? AND vintage = ?", edition
            )


def build_table(con: duckdb.DuckDBPyConnection, spec: TableSpec, lang: str) -> Table:
    """The table of a specification in zh or en.

    con holds observations, comparisons, indicators, indicators_on_request, datasets and the code lists. A cell
    that selects two printed figures is refused; a dataset that is not there gives an empty table that says so.
    """
    labels, data = Labels(con, lang), _Data(con, spec)
    rows = _expand(spec, spec.rows, data, labels)
    columns = _expand(spec, spec.columns, data, labels)
    width = max((len(r.labels) for r in rows), default=1)
    cells = []
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            cell = _make_cell(i, j, {**spec.select, **row.select, **column.select}, data, spec, labels)
            if cell is not None and not cell.is_empty:
                cells.append(cell)
    used = _used_editions(spec, data, cells)
    units = list(dict.fromkeys(cell.unit for cell in cells))
    shared = _shared_notes(cells)
    notes = [labels.word("TEXT.as_printed", text=text) for text in shared] + list(spec.notes[lang])
    if not data.vintage:
        notes.append(labels.word("TEXT.no_data", dataset=spec.dataset))
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
        for row in _fetch(con, "datasets ORDER BY dataset, vintage", [])
        if (row["dataset"], row["vintage"]) in wanted
    ]


def _fetch(con: duckdb.DuckDBPyConnection, source: str, values: list[str]) -> list[Row]:
    result = con.execute(f"SELECT * FROM {source}", values)
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _is_whole(row: Row) -> bool:
    return row["unit"] in _WHOLE_UNITS and row["unit_mult"] == 0


def _natural(locator: str) -> tuple[tuple[int, str], ...]:
    """R3C10 after R3C9."""
    return tuple((int(p), "") if p.isdigit() else (-1, p) for p in _NUMBER.split(locator))


def _matches(row: Row, select: Select) -> bool:
    return all(str(row[key]) in wanted for key, wanted in select.items() if key in row)


def _expand(spec: TableSpec, axes: tuple[Axis, ...], data: _Data, labels: Labels) -> list[_Place]:
    places = []
    for axis in axes:
        if not axis.by:
            places.append(_Place((axis.label[labels.lang],), (labels.word("COL.item_head"),), axis.select))
            continue
        select = {**spec.select, **axis.select}
        universe = data.indicators if "indicator" in select else data.observations
        heads = tuple(labels.word(f"COL.{key}") for key in axis.by)
        found = dict.fromkeys(tuple(str(o[key]) for key in axis.by) for o in universe if _matches(o, select))
        for codes in sorted(found, key=lambda c: [c[n] for n, key in enumerate(axis.by) if key == "period"]):
            chosen = {key: (code,) for key, code in zip(axis.by, codes, strict=True)}
            words = tuple(labels.of(key, code) for key, code in zip(axis.by, codes, strict=True))
            places.append(_Place(words, heads, {**axis.select, **chosen}))
    return places


def _make_cell(i: int, j: int, select: Select, data: _Data, spec: TableSpec, labels: Labels) -> Cell | None:
    def only(found: list[Row], what: str) -> Row | None:
        if len(found) > 1:
            raise InputError(
                f"a cell (row {i + 1}, column {j + 1}) selects {len(found)} {what}",
                file=f"{spec.name}.toml",
                found=", ".join(str(row.get("locator") or row.get("unit")) for row in found[:5]),
                todo="add what tells them apart to its select.",
            )
        return found[0] if found else None

    if "rule" in select:
        wanted = {key: value for key, value in select.items() if key not in ("table_id", "measure")}
        implied = only([c for c in data.comparisons if _matches(c, wanted)], "comparisons")
        return _implied_cell(i, j, implied, spec, labels) if implied else None
    printed = [o for o in data.observations if _matches(o, {k: v for k, v in select.items() if k != "indicator"})]
    if "indicator" not in select or "measure" in select:
        observation = only(printed, "printed figures")
        if observation is not None:
            return _printed_cell(i, j, observation, data, spec, labels)
    if "indicator" in select:
        wanted = {key: value for key, value in select.items() if key not in ("table_id", "measure")}
        computed = only([c for c in data.indicators if _matches(c, wanted)], "computed values")
        if computed is not None:
            return _computed_cell(i, j, computed, data, labels)
    return None


def _printed_cell(i: int, j: int, o: Row, data: _Data, spec: TableSpec, labels: Labels) -> Cell:
    compared = [
        _with_mixed_sources(c, o, data)
        for c in data.comparisons
        if c["table_id"] == o["table_id"] and c["locator"] == o["locator"]
    ]
    best, others = _choose(compared)
    return Cell(
        row=i,
        column=j,
        origin="printed",
        codes={key: o[key] for key in _CODES},
        unit=labels.unit(o["unit"], o["unit_mult"]),
        is_whole=_is_whole(o),
        printed=o["printed"],
        qualifier=o["qualifier"],
        decimals=o["decimals"],
        printed_value=o["value"],
        printed_lower=o["lower"],
        printed_upper=o["upper"],
        printed_status=o["obs_status"],
        source_note=o["note"],
        locator=f"{o['dataset']}/{o['vintage']}/{o['locator']}",
        **(_compared(best, others, labels) if best else {"mark": "not_computable", "computed_status": "O"}),
    )


def _choose(compared: list[Row]) -> tuple[Row | None, list[Row]]:
    """The most telling comparison, and the others that say something else.

    One that computes nothing says nothing, unless it is another method of the same rule.
    """
    candidates = [c for c in compared if c["rule"] != "repeat"] or compared
    if not candidates:
        return None, []

    def rank(c: Row) -> tuple[int, bool]:
        return _TELLING.index(c["verdict"]), c["computed_lower"] is None and c["computed_upper"] is None

    best = min(candidates, key=rank)
    others = [c for c in compared if c is not best and (c["verdict"] != "not_computable" or c["rule"] == best["rule"])]
    return best, others if {c["verdict"] for c in others} - {best["verdict"]} else []


def _with_mixed_sources(comparison: Row, o: Row, data: _Data) -> Row:
    """A comparison that nothing was computed for, with the value that mixed sources give (status D), if they do."""
    if comparison["computed_value"] is not None or not data.mixed:
        return comparison
    found = [
        m
        for m in data.mixed
        if m["indicator"] == comparison["indicator"]
        and all(m[key] == comparison[key] for key in _KEYS)
        and (m["basis"], m["adjustment"], m["partner"]) == (o["basis"], o["adjustment"], o["partner"])
        and m["value"] is not None
        and "D" in m["obs_status"].split(";")
    ]
    if len(found) != 1:
        return comparison
    scale = Decimal(10) ** (found[0]["unit_mult"] - comparison["unit_mult"])
    values = {f"computed_{key}": _times(found[0][key], scale) for key in ("value", "lower", "upper")}
    mixed = {key: found[0][key] for key in ("obs_status", "note", "inputs")}
    return {**comparison, **values, **mixed, "verdict": "not_comparable"}


def _times(value: Decimal | None, scale: Decimal) -> Decimal | None:
    return None if value is None else value * scale


def _compared(best: Row, others: list[Row], labels: Labels) -> dict[str, Any]:
    notes = [labels.note(best["note"])]
    if best["verdict"] == "not_computable" and best["computed_lower"] is not None:
        notes.append(labels.word("TEXT.inside"))
    if others:
        notes.append(labels.word("TEXT.others", list=labels.join([_other(c, labels) for c in others])))
    return {
        "computed_value": best["computed_value"],
        "computed_lower": best["computed_lower"],
        "computed_upper": best["computed_upper"],
        "computed_status": best["obs_status"],
        "mark": best["verdict"],
        "compared_with": labels.comparison(best["rule"], best["indicator"]),
        "note": labels.join(notes),
        "inputs": tuple(best["inputs"] or ()),
    }


def _other(c: Row, labels: Labels) -> str:
    rule, mark = labels.comparison(c["rule"], c["indicator"]), labels.of("mark", c["verdict"])
    if c["computed_value"] is None:
        return labels.word("TEXT.other_none", rule=rule, mark=mark)
    decimals = 0 if c["printed_value"] is None else _decimals(c["printed_value"])
    return labels.word("TEXT.other", rule=rule, mark=mark, value=round_half_up(c["computed_value"], decimals + 1))


def _decimals(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _implied_cell(i: int, j: int, c: Row, spec: TableSpec, labels: Labels) -> Cell:
    return Cell(
        row=i,
        column=j,
        origin="implied",
        codes={key: c.get(key, "") for key in _CODES},
        unit=labels.unit(c["unit"], c["unit_mult"]),
        is_whole=_is_whole(c),
        printed=c["printed"],
        printed_value=c["printed_value"],
        printed_lower=c["printed_lower"],
        printed_upper=c["printed_upper"],
        locator=f"{c['dataset']}/{c['vintage']}/{c['locator']}",
        **_compared(c, [], labels),
    )


def _computed_cell(i: int, j: int, c: Row, data: _Data, labels: Labels) -> Cell:
    mixed = [m for m in data.mixed if c["value"] is None and all(m[k] == c[k] for k in (*_KEYS, "indicator", "unit"))]
    shown = mixed[0] if len(mixed) == 1 else c
    return Cell(
        row=i,
        column=j,
        origin="computed",
        codes={key: shown.get(key, "") for key in _CODES},
        unit=labels.unit(shown["unit"], shown["unit_mult"]),
        is_whole=_is_whole(shown),
        computed_value=shown["value"],
        computed_lower=shown["lower"],
        computed_upper=shown["upper"],
        computed_status=shown["obs_status"],
        compared_with=labels.of("indicator", shown["indicator"]),
        note=labels.note(shown["note"]),
        inputs=tuple(shown["inputs"] or ()),
    )


def _shared_notes(cells: list[Cell]) -> list[str]:
    """The source's notes that all printed cells begin with: they stand once under the table."""
    printed = [cell.source_note.split("; ") for cell in cells if cell.origin == "printed"]
    together = zip(*printed, strict=False)
    return [parts[0] for parts in takewhile(lambda parts: len(set(parts)) == 1, together) if parts[0]]


def _used_editions(spec: TableSpec, data: _Data, cells: list[Cell]) -> tuple[tuple[str, str], ...]:
    """The table's own edition first, then those of the cells behind what was computed."""
    used = [(spec.dataset, data.vintage)] if data.vintage else []
    for cell in cells:
        used += [(p[0], p[1]) for p in (i.split("/", 2) for i in cell.inputs) if len(p) == 3]
    return tuple(dict.fromkeys(used))


def _source_lines(
    con: duckdb.DuckDBPyConnection, spec: TableSpec, used: tuple[tuple[str, str], ...], labels: Labels
) -> tuple[str, ...]:
    editions = {(row["dataset"], row["vintage"]): row for row in _fetch(con, "datasets", [])}
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
