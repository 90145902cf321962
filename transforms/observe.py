"""Apply a layout to a file: every figure becomes an observation, or the reading stops and says why."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

from transforms.codelists import UnknownLabel, join_statuses, load_codelist, qualifier_words, status_order
from transforms.contract import load_contract
from transforms.errors import InputError, advise, join_problems
from transforms.figures import CUT, MEND_UNROUNDED, UNROUNDED, MarkedFigure, read_figure
from transforms.grid import NEVER_STORED, UNSTORED, Book, Grid
from transforms.labels import LabelReader, Said, compose_periods, read_unit
from transforms.layout import BLANK, PREVIOUS, Blank, Layout, PrintedColumn, TableLayout, make_blank
from transforms.locate import Block, BodyRow, FoundColumn, find_blocks, find_label_marks, strip_marks
from transforms.numbers import STEP, Figure, fold, qualified_interval, rounding_interval
from transforms.patterns import is_pattern, match_text
from transforms.periods import find_freq, find_period, find_year_before

_MISSING: Final = "__unset__"
# In single units of any currency or count. No economy is near it: a larger figure is two run together, or a wrong unit.
LARGEST: Final = Decimal(10) ** 21
_DTYPES: Final = {"__index": "int64", "__order": "int64", "__column": "int64", "__decimals": "int64", "__rank": "bool",
                  "__percent": "bool"}  # fmt: skip
_PERIOD_PARTS: Final = ("year", "quarter", "month", "from_month", "to_month")
_MEND_LABEL: Final = "mend the cell, or add the label to the layout's maps or to a code list (data/own/codelists)."
_FINER: Final = "look for two figures run together; or correct decimals in the layout, or leave it out."


@dataclass(frozen=True)
class Readout:
    """What one file gives: tables by their contracts, and sentences a person should read."""

    observations: pa.Table
    labels: pa.Table
    quarantine: pa.Table
    texts: pa.Table
    notices: tuple[str, ...] = ()


def read_observations(grid: Grid, layout: Layout, dataset: str, vintage: str) -> pa.Table:
    """All figures of one sheet as observations (contract: contracts/observations.toml), in printed order."""
    return read_book_observations(Book(grid.file, (grid,), ()), layout, dataset, vintage).observations


def read_book_observations(book: Book, layout: Layout, dataset: str, vintage: str) -> Readout:
    """All figures of a file as observations, in printed order, with the words around them.

    Raises InputError, naming file, sheet, row and column, for whatever the layout does not account for: a sheet, text
    beside a table, an unknown column, label, unit, qualifier or blank mark, text where a figure belongs, a row under
    the footnotes. With bad_rows = "quarantine" rows whose labels or figures cannot be read are set aside instead.
    """
    try:
        return _read_observations(book, layout, dataset, vintage)
    except InputError as error:
        raise advise(error, layout.advice) from None


def _read_observations(book: Book, layout: Layout, dataset: str, vintage: str) -> Readout:
    blocks = find_blocks(book, layout)
    several = len(book.sheets) > 1
    frames: list[pd.DataFrame] = []
    readings: list[BlockReading] = []
    words: list[tuple[str, ...]] = []
    faults: list[Fault] = []
    local: dict[tuple[str, str], tuple[str, str]] = {}
    for block in blocks:
        reading = BlockReading(block, block.table_id(several))
        frame = reading.read()
        faults += reading.faults
        local |= reading.labels.local
        words += [(reading.table_id, *word) for word in _words_of(block)]
        frames.append(frame)
        readings.append(reading)
    if faults and layout.bad_rows == "stop":
        raise join_problems([fault.problem for fault in faults])
    _refuse_one_period(blocks, frames)
    key = {"dataset": dataset, "vintage": vintage}
    tables = [_to_arrow(frame.assign(**key)) for frame in frames]
    observations = pa.concat_tables(tables)
    return Readout(
        observations,
        _table("local_codes", [key | {"list": n, "code": c, "label": said[0], "parent": said[1]}
                               for (n, c), said in sorted(local.items())]),
        _table("quarantine", [key | fault.row() for fault in faults]),
        _table("edition_texts", [key | dict(zip(("table_id", "locator", "kind", "words"), word, strict=True))
                                 for word in words]),
        (*([layout.unsettled] if layout.unsettled else ()), *book.notices, *_count_left_out(blocks),
         *([f"{book.file}: {CUT}"] if any(reading.has_cut for reading in readings) else ()),
         *_find_idle(layout, readings), *_compare_repeats(blocks, frames)),
    )  # fmt: skip


def _refuse_one_period(blocks: Sequence[Block], frames: Sequence[pd.DataFrame]) -> None:
    """Tables of one form whose titles name different periods, and whose figures are given one and the same."""
    named: dict[tuple[int, str], tuple[str, Block]] = {}
    for block, frame in zip(blocks, frames, strict=True):
        said, given = find_period(block.title), list(frame["period"].unique())
        if not said or len(given) != 1:
            continue
        other, first = named.setdefault((id(block.table), str(given[0])), (said, block))
        if other != said:
            index = next((at for _, at, _, text in block.words if text == block.title), block.start)
            raise block.page.refuse(
                f"the titles name different periods ({first.title!r} another one), and the layout gives the figures "
                f"under both the period {given[0]}", index=index, found=block.title,
                todo=f"read it from the title in {block.table.source}: (?P<year>\\d{{4}})年(?P<from_month>\\d+)-"
                "(?P<to_month>\\d+)月, or (?P<period>...) around all of it; take the constant out.",
            )  # fmt: skip


def _table(contract: str, rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=load_contract(contract).arrow_schema())


def _words_of(block: Block) -> list[tuple[str, str, str]]:
    return [(block.page.locator(index, column), kind, text) for kind, index, column, text in block.words]


@dataclass(frozen=True)
class Fault:
    """A row or cell that cannot be read, as an error and as a row of the quarantine."""

    problem: InputError
    content: str

    def row(self) -> dict[str, Any]:
        problem = self.problem
        return {
            "file": problem.file,
            "sheet": problem.sheet,
            "row": problem.row or 0,
            "column": "" if problem.column is None else str(problem.column),
            "reason": f"{problem.problem}. {problem.todo}".strip(),
            "found": problem.found or "",
            "content": self.content,
        }


class BlockReading:
    """The figures of one table. faults holds what could not be read; labels the local codes it met."""

    def __init__(self, block: Block, table_id: str) -> None:
        self.block, self.table_id = block, table_id
        self.table: TableLayout = block.table
        self.page = block.page
        self.labels = LabelReader(block.table)
        self.faults: list[Fault] = []
        self.rules_used: list[bool] = []
        self.has_cut = False  # a figure is finer than the decimals that are kept
        self._bad_rows: set[int] = set()

    def fail(self, problem: str, index: int, column: int | str | None, found: str, todo: str, *, row: bool) -> None:
        """Note a fault; row: the row's figures as a whole cannot be read, not this one alone."""
        if row:
            if index in self._bad_rows:
                return
            self._bad_rows.add(index)
        content = " | ".join(text for text in self.page.rows[index] if text)
        self.faults.append(
            Fault(self.page.refuse(problem, index=index, column=column, found=found, todo=todo), content)
        )

    def read(self) -> pd.DataFrame:
        rows = self._read_rows()
        figures = [c for c in self.block.columns if c.spec.role == "value" or c.spec.rank]
        rows = [(row, said) for row, said in rows if row.index not in self._bad_rows]
        if not rows:
            return pd.DataFrame(columns=load_contract("observations").names, dtype="object")
        parts = [self._cells_of(column, rows) for column in figures]
        names = dict.fromkeys(name for part in parts for name in part)
        nothing = [None] * len(rows)
        cells = pd.DataFrame(
            {
                name: pd.Series(
                    [cell for part in parts for cell in part.get(name, nothing)], dtype=_DTYPES.get(name, "object")
                )
                for name in names
            }
        )
        cells = cells.sort_values(["__order", "__column"], kind="stable", ignore_index=True)
        return self._finish(cells)

    def read_table(self, dataset: str, vintage: str) -> pa.Table:
        """What read() gives, by the contract of the observations."""
        return _to_arrow(self.read().assign(dataset=dataset, vintage=vintage))

    # --- what is said of rows, columns and the whole table -----------------------------------------------------------

    def _say_table(self) -> Said:
        """Constants, and what the sheet's name, the title and the words beside the table say."""
        said = self.labels.settle(self.table.constants)
        for name, text in self.block.said.items():
            try:
                said = _overlay(said, self.labels.read(name, text))
            except (ValueError, UnknownLabel) as error:
                index, place = self.block.said_at.get(name, (self.block.start, None))
                raise self.page.refuse(
                    f"the {name} that the sheet's name, the title or a text beside the table says cannot be read "
                    f"({error})",
                    index=index, column=place, found=text, todo="mend the cell, or map the text in the layout.",
                ) from None  # fmt: skip
        return said

    def _read_rows(self) -> list[tuple[BodyRow, dict[int, Said]]]:
        """Each row of figures with what is said of it, by group (0 = for every group)."""
        base = self._say_table()
        keys = [c for c in self.block.columns if c.spec.role == "key"]
        readers = {c.number: self.labels.reader_of(c.spec) for c in keys if not c.spec.pattern}
        stack: list[tuple[tuple[int, int], str]] = []
        filled: dict[int, str] = {}
        found = []
        for row in self.block.body:
            if row.starts_section:
                stack, filled = [], {}
            path = self._climb(row, keys, stack)
            if row.is_heading:
                if not row.is_declared:
                    self._check_width(row)
                continue
            said = self._say_row(row, dict(base))
            said["__marks"] = tuple(
                mark for c in keys for mark in find_label_marks(self.table, self.page.merged_text(row.index, c.number))
            )
            groups: dict[int, Said] = {0: said}
            for column in keys:
                spec = column.spec
                if spec.path:
                    continue
                text = self.page.merged_text(row.index, column.number)
                if spec.fill:
                    text = text or filled.get(column.number, "")
                    filled[column.number] = text
                target = groups.setdefault(spec.group, {})
                self._say(row, column, target, partial(self._read_key, column, text, readers), text)
            for name in dict.fromkeys(c.spec.column for c in keys if c.spec.path):
                self._say_path(row, name, path, keys, said)
            self._check_width(row)
            found.append((row, groups))
        return found

    def _check_width(self, row: BodyRow) -> None:
        """A row of a text file that ends before its header does is cut off, or has lost a separator, so that its cells
        moved: what it lacks is no empty cell."""
        count, width = self.page.count_cells(row.index), self.block.width
        if count < width:
            self.fail(
                f"the row has too few cells: {count}, and the header has {width}", row.index, None,
                " | ".join(filter(None, self.page.rows[row.index])),
                "look for a lost separator or a row cut off, and fetch the file again: an empty cell has a separator "
                "too. Words among the rows are declared under rows.", row=True,
            )  # fmt: skip

    def _climb(
        self, row: BodyRow, keys: list[FoundColumn], stack: list[tuple[tuple[int, int], str]]
    ) -> tuple[str, ...]:
        """The labels above this row and its own, by the columns they stand in and their indents."""
        for column in keys:
            if not column.spec.path:
                continue
            text, depth = self.page.path_label(row.index, column.number)
            text = strip_marks(self.table, text)
            if text:
                level = (column.number, depth)
                while stack and stack[-1][0] >= level:
                    stack.pop()
                stack.append((level, text))
        return tuple(text for _, text in stack)

    def _say_row(self, row: BodyRow, said: Said) -> Said:
        for name, text in row.said.items():
            self._say(row, None, said, partial(self.labels.read, name, text), text)
        return _overlay(said, self.labels.settle(row.given))

    def _say_path(self, row: BodyRow, name: str, path: tuple[str, ...], keys: list[FoundColumn], said: Said) -> None:
        column = next(c for c in keys if c.spec.path and c.spec.column == name)
        own = [c for c in keys if c.spec.path and self.page.merged_text(row.index, c.number)]
        if not own:
            self.fail("a row of figures without a label", row.index, column.number, "", _MEND_LABEL, row=True)
            return
        said["label"] = " > ".join(path)
        self._say(row, own[-1], said, partial(self.labels.read_path, name, path), path[-1])

    def _read_key(self, column: FoundColumn, text: str, readers: Mapping[int, Callable[[str], Said]]) -> Said:
        if not column.spec.pattern:
            label = {"label": strip_marks(self.table, text)} if column.spec.column == "item" else {}
            return readers[column.number](text) | label
        wanted = column.spec.pattern
        groups = match_text(wanted if is_pattern(wanted) else f"/{wanted}/", text)
        if groups is None:
            raise ValueError(f"the cell does not fit the pattern {wanted}")
        said: Said = {"label": strip_marks(self.table, text)} if "item" in groups else {}
        for name, part in groups.items():
            said = _overlay(said, self.labels.read(name, part))
        return said

    def _say(self, row: BodyRow, column: FoundColumn | None, said: Said, reader: Callable[[], Said], text: str) -> None:
        try:
            new = reader()
        except (ValueError, UnknownLabel) as error:
            what = (column.spec.column or f"column {column.heading!r}") if column else "text of the section or row"
            detail = str(error) if isinstance(error, UnknownLabel) else f"the {what} cannot be read ({error})"
            self.fail(detail, row.index, column.number if column else None, text, _MEND_LABEL, row=True)
            return
        merged = _overlay(said, new)
        said.clear()
        said.update(merged)

    # --- the cells of one column --------------------------------------------------------------------------------------

    def _cells_of(self, column: FoundColumn, rows: Sequence[tuple[BodyRow, dict[int, Said]]]) -> dict[str, list[Any]]:
        """The figures of one column, with everything that is said of them; the texts not yet read as figures."""
        spec, number = column.spec, column.number
        own = self.labels.settle(spec.set)
        for name, text in column.said.items():
            try:
                own = _overlay(own, self.labels.read(name, text))
            except (ValueError, UnknownLabel) as error:
                raise self.page.refuse(
                    f"what the heading says of {name} cannot be read ({error})", index=self.block.header,
                    column=number, found=text, todo="map the text in the layout, or mend the pattern.",
                ) from None  # fmt: skip
        said = [_overlay(_overlay(by[0], by.get(spec.group, {}) if spec.group else {}), own) for _, by in rows]
        decimals = self.table.decimals if spec.decimals is None else spec.decimals
        percent = self.table.percent_sign if spec.percent_sign is None else spec.percent_sign
        indexes = [row.index for row, _ in rows]
        names = dict.fromkeys(name for one in said for name in one)
        cells: dict[str, list[Any]] = {name: [one.get(name) for one in said] for name in names}
        cells |= {
            "__index": indexes,
            "__order": list(range(len(rows))),
            "sheet": [self.page.origin[index][0].sheet for index in indexes],
        }
        same = {
            "__column": number,
            "heading": column.heading,
            "__heading_marks": column.marks,
            "__rank": bool(spec.rank),
            "__percent": percent and not spec.rank,
            "__decimals": -1 if decimals is None or spec.rank else decimals,
        }
        cells |= {name: [value] * len(rows) for name, value in same.items()}
        if spec.rank:
            cells["measure"], cells["printed"] = ["rank"] * len(rows), [str(spec.rank)] * len(rows)
            cells["__number"] = [None] * len(rows)
        else:
            cells["printed"] = [self.page.text(index, number) for index in indexes]
            cells["__number"] = [self.page.number(index, number) for index in indexes]
        self._add_neighbours(cells, column, rows)
        return cells

    def _neighbours(self, column: FoundColumn) -> list[FoundColumn]:
        """The columns that speak of the figures of this one: by group, or as the nearest to the left or right."""
        values = [c.number for c in self.block.columns if c.spec.role == "value"]
        found = []
        for other in self.block.columns:
            spec = other.spec
            if spec.role in ("key", "value", "ignore"):
                continue
            if spec.of:
                side = [n for n in values if (n < other.number if spec.of == "left" else n > other.number)]
                nearest = (max(side) if spec.of == "left" else min(side)) if side else 0
                if nearest == column.number:
                    found.append(other)
            elif spec.group in (0, column.spec.group):
                found.append(other)
        return found

    def _add_neighbours(
        self, cells: dict[str, list[Any]], column: FoundColumn, rows: Sequence[tuple[BodyRow, dict[int, Said]]]
    ) -> None:
        notes: list[list[str]] = []
        for other in self._neighbours(column):
            role = other.spec.role
            texts = [self.page.merged_text(row.index, other.number) for row, _ in rows]
            if role == "note":
                notes.append([f"{other.spec.prefix}{text}" if text else "" for text in texts])
            elif column.spec.rank and role in ("decimals", "qualifier"):
                continue
            elif role == "decimals":
                cells["__declared"], cells["__declared_column"] = texts, [other.number] * len(rows)
            else:
                read, todo = _NEIGHBOURS[role]
                values = [
                    self._read_neighbour(row, other, text, read, todo)
                    for (row, _), text in zip(rows, texts, strict=True)
                ]
                if role == "unit":
                    cells["unit"] = [value[0] for value in values]
                    cells["unit_mult"] = [value[1] for value in values]
                else:
                    cells[f"__{role}"] = values
        given = cells.get("note", [""] * len(rows))
        cells["note"] = ["; ".join(filter(None, parts)) for parts in zip(given, *notes, strict=True)]

    def _read_neighbour(self, row: BodyRow, column: FoundColumn, text: str, read: _NeighbourReader, todo: str) -> Any:
        try:
            return read(self.labels, column.spec, text)
        except (ValueError, UnknownLabel) as error:
            detail = (
                str(error) if isinstance(error, UnknownLabel) else f"the {column.spec.role} cannot be read ({error})"
            )
            self.fail(detail, row.index, column.number, text, todo, row=True)
            return ("", 0) if column.spec.role == "unit" else ""

    # --- from texts to observations -----------------------------------------------------------------------------------

    def _finish(self, cells: pd.DataFrame) -> pd.DataFrame:
        """Read the texts as figures, apply the rules, fill the defaults of the contract."""
        contract = load_contract("observations")
        cells = cells[~cells["__index"].isin(self._bad_rows)].reset_index(drop=True)
        if cells.empty:
            return pd.DataFrame(columns=load_contract("observations").names, dtype="object")
        cells["table_id"] = pd.Series(self.table_id, index=cells.index, dtype="object")
        unsaid = self._fill_defaults(cells)
        self._compose_periods(cells)
        cells["freq"] = _find_freqs(cells)
        self.rules_used = _apply_rules(self.table, cells, unsaid)
        self._compose_periods(cells)
        previous = cells["base_period"] == PREVIOUS
        cells.loc[previous, "base_period"] = cells.loc[previous, "period"].map(_find_base)
        cells["freq"] = _find_freqs(cells)
        blanks = self._find_blanks(cells)
        figures = self._read_figures(cells, blanks)
        bad = figures.map(lambda figure: figure == "bad")
        cells, blanks, figures = (part[~bad].reset_index(drop=True) for part in (cells, blanks, figures))
        self.has_cut = any(figure.figure.is_cut for figure in figures if figure is not None)
        self._fill_values(cells, blanks, figures)
        _fill_status(cells, blanks, figures)
        _fill_intervals(cells, blanks, figures)
        self._fill_notes(cells, figures)
        places = zip(cells["__index"], cells["__column"], strict=True)
        cells["locator"] = pd.Series([self.page.locator(i, c) for i, c in places], index=cells.index, dtype="object")
        for name in contract.names:
            if name in ("dataset", "vintage"):
                continue
            unset = cells[name].astype("object") == _MISSING
            if unset.any() and not contract[name].nullable:
                lacking = cells.loc[unset, ["__index", "__column", "printed"]]
                raise join_problems(
                    [
                        self.page.refuse(
                            f"the layout gives no {name} for this figure", index=int(index), column=int(column),
                            found=printed, todo=f"declare it in {self.table.source}: constants, a column or a rule.",
                        )
                        for index, column, printed in lacking.itertuples(index=False)
                    ]
                )  # fmt: skip
            if unset.any():
                cells[name] = cells[name].astype("object").where(~unset, None)
        self._refuse_large(cells)
        return cells

    def _fill_defaults(self, cells: pd.DataFrame) -> dict[str, pd.Series]:
        """Every column of the contract, with its default where nothing is said; returns where that is so."""
        contract, unsaid = load_contract("observations"), {}
        everywhere = pd.Series(True, index=cells.index)
        new: dict[str, pd.Series] = {}
        wanted = {
            name: _MISSING if contract[name].default is None else contract[name].default for name in contract.names
        }
        for name in ("value", "decimals", "dataset", "vintage", "printed"):
            del wanted[name]
        for name, default in (wanted | dict.fromkeys(("label", *_PERIOD_PARTS, "sign"), "")).items():
            if name in cells:
                unsaid[name] = cells[name].isna()
                if unsaid[name].any():
                    cells[name] = cells[name].where(~unsaid[name], default)
            else:
                unsaid[name] = everywhere
                new[name] = pd.Series(np.full(len(cells), default, dtype=object), index=cells.index)
        cells[list(new)] = pd.DataFrame(new)
        return unsaid

    def _compose_periods(self, cells: pd.DataFrame) -> None:
        """The period of the parts said (year, quarter, months), where no code is said."""
        parts = pd.Series(list(zip(*(cells[name] for name in _PERIOD_PARTS), strict=True)), index=cells.index)
        composed: dict[tuple[str, ...], str] = {("",) * len(_PERIOD_PARTS): _MISSING}
        open_ = cells["period"] == _MISSING
        for key in parts[open_].unique():
            if key in composed:
                continue
            try:
                composed[key] = compose_periods(dict(zip(_PERIOD_PARTS, key, strict=True)))
            except ValueError as error:
                first = cells[open_ & (parts == key)].iloc[0]
                raise self.page.refuse(
                    f"the period cannot be put together ({error})", index=int(first["__index"]),
                    column=int(first["__column"]), found=" ".join(filter(None, key)),
                    todo=f"say the year in {self.table.source}: a constant, a text beside the table or a heading.",
                ) from None  # fmt: skip
        cells.loc[open_, "period"] = parts[open_].map(composed)

    def _find_blanks(self, cells: pd.DataFrame) -> pd.Series:
        """For every cell the Blank its mark stands for, or None. An empty cell that no mark allows is refused."""
        table = self.table
        known = {mark: make_blank(said) for mark, said in table.blanks.items()}
        found = cells["printed"].map(known.get).astype("object")
        found = found.where(found.notna(), None)
        for scoped in reversed(table.blanks_where):  # the first that fits counts
            mask = _fits(cells, scoped.when, {})
            for mark, said in scoped.blanks.items():
                here = mask & (cells["printed"] == mark)
                found[here] = pd.Series([make_blank(said)] * int(here.sum()), index=found.index[here], dtype="object")
        found[cells["__rank"]] = None
        empty = cells[(cells["printed"] == "") & found.isna()]
        for index, column in zip(empty["__index"], empty["__column"], strict=True):
            self._refuse_blank(int(index), int(column))
        return found

    def _refuse_blank(self, index: int, column: int) -> None:
        if (anchor := self.page.anchor(index, column)) and (text := self.page.merged_text(index, column)):
            self.fail(
                f"an empty cell, merged with the one in row {anchor[0]}, column {anchor[1]}", index, column, text,
                "the figure there may speak of both: part the cells and fill in what each of them holds, or say under "
                "[blanks] what an empty cell means.", row=False,
            )  # fmt: skip
            return
        self.fail(
            "a blank that the layout does not know", index, column, "",
            "say what it means under [blanks] in the layout, as an SDMX status.", row=False,
        )  # fmt: skip

    def _read_figures(self, cells: pd.DataFrame, blanks: pd.Series) -> pd.Series:
        """The figure of every cell, None for blanks, 'bad' where there is none; each different text is read once."""
        read: dict[tuple[Any, ...], MarkedFigure | str | None] = {}
        columns = ("printed", "__number", "__percent", "__decimals")
        keys = list(zip(*(cells[name] for name in columns), blanks.notna(), strict=True))
        todo = {
            "finer": _FINER,
            "unrounded": MEND_UNROUNDED,
            "unstored": "open the workbook in a spreadsheet program and save it, so that the results are stored.",
            "": "mend the cell, or declare the mark under [blanks] or [marks] in the layout.",
        }
        result: list[MarkedFigure | str | None] = []
        for place, key in enumerate(keys):
            if key not in read:
                read[key] = self._read_one(*key)
            figure = read[key]
            if isinstance(figure, str):
                index, column = int(cells["__index"].iloc[place]), int(cells["__column"].iloc[place])
                if key[0] != "":
                    kind = {UNROUNDED: "unrounded", NEVER_STORED: "unstored"}.get(figure, "")
                    kind = "finer" if "finer than" in figure else kind
                    problem = figure if kind else f"text where a figure belongs ({figure})"
                    self.fail(problem, index, column, key[0], todo[kind], row=False)
                figure = "bad"
            result.append(figure)
        return pd.Series(result, index=cells.index, dtype="object")

    def _read_one(self, text: str, number: Any, percent: bool, decimals: int, blank: bool) -> MarkedFigure | str | None:
        if blank:
            return None
        if text == "":
            return "empty"
        if text == UNSTORED:
            return NEVER_STORED
        try:
            return read_figure(text, number, self.table, percent=percent, decimals=None if decimals < 0 else decimals)
        except (ValueError, ArithmeticError) as error:
            return str(error)

    def _fill_values(self, cells: pd.DataFrame, blanks: pd.Series, figures: pd.Series) -> None:
        values: list[Decimal | None] = []
        decimals: list[int | None] = []
        for figure, blank, sign in zip(figures, blanks, cells["sign"], strict=True):
            if figure is not None:
                value, places = figure.figure.value, figure.figure.decimals
            elif blank is not None and blank.value is not None:
                value, places = Decimal(str(blank.value)), None
            else:
                value, places = None, None
            values.append(-value if value is not None and value and sign == "reversed" else value)
            decimals.append(places)
        cells["value"] = pd.Series(values, index=cells.index, dtype="object")
        cells["decimals"] = pd.Series(decimals, index=cells.index, dtype="object")
        if "__declared" in cells:
            self._compare_decimals(cells, figures)

    def _compare_decimals(self, cells: pd.DataFrame, figures: pd.Series) -> None:
        shown = figures.map(lambda f: "" if f is None or f.figure.decimals is None else str(f.figure.decimals))
        wrong = cells[cells["__declared"].notna() & (cells["__declared"] != shown) & figures.notna()]
        if len(wrong):
            first = wrong.iloc[0]
            raise self.page.refuse(
                "the declared decimals are not those of the printed figure",
                index=int(first["__index"]),
                column=int(first["__declared_column"]),
                found=f"{first['__declared']} for {first['printed']}",
                todo="correct the number of decimals.",
            )

    def _fill_notes(self, cells: pd.DataFrame, figures: pd.Series) -> None:
        """The note of every figure: its own, the footnotes its marks point to, the footnotes of the table.

        Marks stand on the figure, its label or its heading; of these only the figure's need a footnote of their own.
        """
        found: dict[str, str] = {mark: self._find_footnote(mark, declared=True) for mark in self.table.marks}
        for marks in {*cells["__marks"], *cells["__heading_marks"]}:
            for mark in marks:
                found.setdefault(mark, self._find_footnote(mark, declared=False))
        named = set(found.values())
        general = " ".join(text for text in self.block.footnotes if text not in named)
        notes = []
        columns = (cells[name] for name in ("note", "__marks", "__heading_marks", "sign"))
        for note, of_label, of_heading, sign, figure in zip(*columns, figures, strict=True):
            marks = (*(figure.marks if figure is not None else ()), *of_label, *of_heading)
            turned = "printed with the opposite sign" if sign == "reversed" else ""
            notes.append(
                "; ".join(dict.fromkeys(filter(None, [note, *(found[mark] for mark in marks), turned, general])))
            )
        cells["note"] = pd.Series(notes, index=cells.index, dtype="object")

    def _find_footnote(self, mark: str, *, declared: bool) -> str:
        """The footnote that begins with a mark, in brackets or without; a declared mark without one is named itself."""
        bare = unicodedata.normalize("NFKC", mark).strip("()[] .")
        begins = (
            re.compile(rf"[\[(]?\s*{re.escape(bare)}\s*(?:[\])]|[.:：、]|\s|(?=[^\w\s]))", re.IGNORECASE)
            if bare
            else None
        )
        for note in self.block.notes:
            if note.startswith(mark) or (begins and begins.match(unicodedata.normalize("NFKC", note))):
                return note
        return f"mark {mark}" if declared else ""

    def _refuse_large(self, cells: pd.DataFrame) -> None:
        for place, (value, power) in enumerate(zip(cells["value"], cells["unit_mult"], strict=True)):
            if isinstance(value, Decimal) and value and value.adjusted() + int(power) >= LARGEST.adjusted():
                cell = cells.iloc[place]
                raise self.page.refuse(
                    f"a figure larger than any economy has: with its unit, 10^{LARGEST.adjusted()} or more",
                    index=int(cell["__index"]),
                    column=int(cell["__column"]),
                    found=f"{cell['printed']} x 10^{cell['unit_mult']}",
                    todo="look for two figures run together, or for a wrong unit.",
                )


def _overlay(below: Said, above: Mapping[str, Any]) -> Said:
    """What is said above counts; a code of a period takes the place of its parts, parts that of a code."""
    merged = {**below, **above}
    if "period" in above:
        for part in _PERIOD_PARTS:
            merged.pop(part, None)
    elif "year" in above:
        merged.pop("period", None)
    if "note" in above and below.get("note"):
        merged["note"] = f"{below['note']}; {above['note']}"
    return merged


def _statuses(labels: LabelReader, column: PrintedColumn, text: str) -> str:
    if column.map:
        if text not in column.map:
            raise ValueError(f"the layout maps only {', '.join(column.map)}")
        return str(column.map[text])
    if (mapped := labels.find_mapped("obs_status", text)) is not None:
        return str(mapped["obs_status"])
    codes = [code.strip() for code in text.replace(",", ";").split(";") if code.strip()]
    for code in codes:
        if code not in status_order():
            load_codelist("obs_status").resolve(code)
            raise ValueError("a label where a status code is declared")
    return join_statuses(codes) if codes else ""


def _qualifier(labels: LabelReader, column: PrintedColumn, text: str) -> str:
    word = text if text in qualifier_words() else fold(text)
    if word and word not in qualifier_words():
        raise ValueError("an unknown word")
    return word


def _unit(labels: LabelReader, column: PrintedColumn, text: str) -> tuple[str, int]:
    return read_unit(text)


_NeighbourReader = Callable[[LabelReader, PrintedColumn, str], Any]
# How the cells of a column beside the figures are read, and what mends them.
_NEIGHBOURS: Final[dict[str, tuple[_NeighbourReader, str]]] = {
    "status": (_statuses, "use codes of the list obs_status, or map the text under [maps.obs_status]."),
    "qualifier": (_qualifier, "add the word to qualifiers.csv with its interval."),
    "unit": (_unit, "add the printed unit to unit_labels.csv."),
}


def _find_freqs(cells: pd.DataFrame) -> pd.Series:
    known = {period: "" if period == _MISSING else find_freq(period) for period in cells["period"].unique()}
    return cells["period"].map(known).astype("object")


def _find_base(period: str) -> str:
    return period if period == _MISSING else find_year_before(period)


def _fits(cells: pd.DataFrame, when: Mapping[str, Any], unsaid: Mapping[str, pd.Series]) -> pd.Series:
    """Where every condition holds: a code, a list of codes, a pattern for texts, @blank for what nothing is said of."""
    mask = pd.Series(True, index=cells.index)
    for name, wanted in when.items():
        codes = wanted if isinstance(wanted, list) else [wanted]
        patterns = [code for code in codes if isinstance(code, str) and is_pattern(code)]
        fits = cells[name].isin(codes) | (unsaid[name] if BLANK in codes and name in unsaid else False)
        if patterns:
            known = {
                text: any(match_text(wanted, str(text)) is not None for wanted in patterns)
                for text in cells[name].unique()
            }
            fits |= cells[name].map(known).astype(bool)
        mask &= fits
    return mask


def _apply_rules(table: TableLayout, cells: pd.DataFrame, unsaid: dict[str, pd.Series]) -> list[bool]:
    """Apply the rules in order; which of them fit any figure."""
    used: list[bool] = []
    for rule in table.rules:
        mask = _fits(cells, rule.when, unsaid)
        used.append(bool(mask.any()))
        for name, value in rule.then.items():
            if name == "note":
                cells.loc[mask, "note"] = cells.loc[mask, "note"].map(lambda note, new=value: _join_notes(note, new))
                continue
            if name == "period":
                cells.loc[mask, list(_PERIOD_PARTS)] = ""
            cells.loc[mask, name] = value
            if name in unsaid:
                unsaid[name] = unsaid[name] & ~mask
        if rule.reason and mask.any():
            cells.loc[mask, "note"] = cells.loc[mask, "note"].map(lambda note, why=rule.reason: _join_notes(note, why))
    return used


def _join_notes(*notes: str) -> str:
    return "; ".join(filter(None, notes))


def _fill_status(cells: pd.DataFrame, blanks: pd.Series, figures: pd.Series) -> None:
    """Status of a cell: what its blank mark says, its footnote marks, the status column, the rules; else A.

    What the layout says of all figures (estimated, provisional) is not said of a blank.
    """
    given = cells["__status"].fillna("") if "__status" in cells else pd.Series("", index=cells.index)
    ruled = cells["obs_status"].where(cells["obs_status"] != _MISSING, "")
    needs_value = {row["code"] for row in load_codelist("obs_status").rows if row["value_rule"] == "required"}
    known: dict[tuple[Any, ...], str] = {}

    def combine(blank: Blank | None, figure: MarkedFigure | None, status: str, rule: str) -> str:
        empty = blank is not None and blank.value is None
        said = [code for code in rule.split(";") if not (empty and code in needs_value)]
        parts: Iterable[str] = (blank.status if blank else "", status, *said, *(figure.statuses if figure else ()))
        codes = [code for part in parts for code in str(part).split(";") if code]
        return join_statuses(codes) if codes else "A"

    statuses = []
    for blank, figure, status, rule in zip(blanks, figures, given, ruled, strict=True):
        key = (blank, figure.statuses if figure is not None else (), status, rule)
        if key not in known:
            known[key] = combine(blank, figure, status, rule)
        statuses.append(known[key])
    cells["obs_status"] = pd.Series(statuses, index=cells.index, dtype="object")


def _fill_intervals(cells: pd.DataFrame, blanks: pd.Series, figures: pd.Series) -> None:
    words = cells["__qualifier"].fillna("") if "__qualifier" in cells else pd.Series("", index=cells.index)
    table = qualifier_words()
    ends: list[tuple[Decimal | None, Decimal | None]] = []
    codes: list[str] = []
    known: dict[tuple[Figure, str], tuple[tuple[Decimal | None, Decimal | None], str]] = {}
    for word, marked, blank, sign in zip(words, figures, blanks, cells["sign"], strict=True):
        if marked is None:
            said = (blank.lower, blank.upper) if blank is not None else (None, None)
            low, high = (None if end is None else Decimal(str(end)) for end in said)
            found: tuple[tuple[Decimal | None, Decimal | None], str] = ((low, high), "")
        else:
            figure = marked.figure
            if (figure, word) not in known:
                known[figure, word] = _find_interval(figure, table.get(word) if word else None)
            found = known[figure, word]
        low, high = found[0]
        if sign == "reversed":
            low, high = (None if high is None else high.copy_negate(), None if low is None else low.copy_negate())
        ends.append((low, high))
        codes.append(found[1])
    cells["lower"] = pd.Series([low for low, _ in ends], index=cells.index, dtype="object")
    cells["upper"] = pd.Series([high for _, high in ends], index=cells.index, dtype="object")
    cells["qualifier"] = pd.Series(codes, index=cells.index, dtype="object")


def _find_interval(figure: Figure, row: dict[str, str] | None) -> tuple[tuple[Decimal | None, Decimal | None], str]:
    """The interval a figure stands for, and its qualifier."""
    if row is not None:
        is_word = any(map(str.isalpha, row["word"]))
        low, high = qualified_interval(figure, figure.decimals, row["lower_rule"], row["upper_rule"], is_word=is_word)
        if figure.is_cut:
            low, high = (None if low is None else low - STEP, None if high is None else high + STEP)
        return (low, high), row["qualifier"]
    if figure.is_fraction:  # a fraction in words is an approximation, and is treated as one
        return qualified_interval(figure, None, "minus_5_percent", "plus_5_percent"), "about"
    if figure.decimals is None:
        return ((figure.value - STEP, figure.value + STEP) if figure.is_cut else (None, None)), ""
    return rounding_interval(figure.value, figure.decimals), ""


def _count_left_out(blocks: Sequence[Block]) -> list[str]:
    return [
        f"{block.page.grid.file}: {block.left_out} rows are left out as the layout says (keep)"
        for block in blocks
        if block.left_out
    ]


def _find_idle(layout: Layout, readings: Sequence[BlockReading]) -> list[str]:
    """What a layout declares of rows and figures that fits none of them: a misspelt text, or an older form.

    What several forms share is idle only where it fits nothing in any of them."""
    fits: dict[str, bool] = {}
    for table in layout.tables if not layout.extends else ():
        own = [reading for reading in readings if reading.table is table]
        for n, row in enumerate(table.rows):
            name = f"rows {row.text!r}"
            fits[name] = fits.get(name, False) or any(n in reading.block.used for reading in own)
        used = [reading.rules_used for reading in own if reading.rules_used]
        for n, rule in enumerate(table.rules if used else ()):
            name = next((known for known in fits if known.endswith(f"] when {rule.when}")), "")
            name = name or f"rules[{n + 1}] when {rule.when}"
            fits[name] = fits.get(name, False) or any(of_one[n] for of_one in used)
    listed = "; ".join(name for name, fit in fits.items() if not fit)
    return [f"{layout.source}: declared, but nothing fits: {listed}"] if listed else []


def _compare_repeats(blocks: Sequence[Block], frames: Sequence[pd.DataFrame]) -> list[str]:
    """Sheets that are declared to repeat others, held against them: a sentence each.

    A figure agrees where it equals an original of its key; that it contradicts another original is said beside that.
    """
    if not any(block.table.repeats for block in blocks):
        return []
    key = [name for name in load_contract("observations").key if name not in ("dataset", "vintage", "table_id")]

    def gather(wanted: bool) -> pd.DataFrame:
        chosen = [f for b, f in zip(blocks, frames, strict=True) if b.table.repeats is wanted]
        columns = [*key, "value", "obs_status", "printed", "locator", "table_id"]
        return pd.concat([f[columns] for f in chosen]) if chosen else pd.DataFrame(columns=columns)

    copies = gather(True)
    copies["__copy"] = range(len(copies))
    pairs = copies.merge(gather(False), on=key, how="left", suffixes=("", "_there"), indicator=True)
    pairs["there"] = pairs.pop("_merge") == "both"
    pairs["same"] = pairs["there"] & (
        (pairs["value"] == pairs["value_there"]) | (pairs["value"].isna() & pairs["value_there"].isna())
    )
    pairs["agrees"] = pairs.groupby("__copy")["same"].transform("any")
    sentences = []
    for table_id, part in pairs.groupby("table_id", sort=False):
        against = part[part["there"] & ~part["same"]]
        differ, partly = against[~against["agrees"]], against[against["agrees"]]
        agree, total = (rows["__copy"].nunique() for rows in (part[part["agrees"]], part))
        sentence = (
            f"{table_id} repeats other tables: {agree} of {total} figures agree, {differ['__copy'].nunique()} differ, "
            f"{int((~part['there']).sum())} stand only there{_name_first(differ)}"
        )
        if len(partly):
            sentence += f"; {partly['__copy'].nunique()} agree with one table and not with another{_name_first(partly)}"
        sentences.append(sentence)
    return sentences


def _name_first(pairs: pd.DataFrame) -> str:
    return "".join(
        f"; first {row['locator']} = {row['printed']} where {row['locator_there']} = {row['printed_there']}"
        for _, row in pairs.head(1).iterrows()
    )


def _to_arrow(cells: pd.DataFrame) -> pa.Table:
    schema = load_contract("observations").arrow_schema()
    arrays = []
    for spec in schema:
        values = cells[spec.name].to_numpy(dtype=object, na_value=None)
        if pa.types.is_integer(spec.type):
            values = np.array([None if value is None else int(value) for value in values], dtype=object)
        arrays.append(pa.array(values, type=spec.type, from_pandas=True))
    return pa.Table.from_arrays(arrays, schema=schema)
