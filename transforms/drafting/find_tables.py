"""Where tables stand on a sheet that nobody has described: header rows, columns, body, words above and below."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from transforms.drafting.headings import name_heading
from transforms.drafting.meanings import NumberStyle, find_unit, guess_style, is_known, sort_cell, split_mark
from transforms.grid import Grid
from transforms.locate import Page

MOST_HEADER_ROWS = 4
_LOOK_AHEAD = 40  # rows of figures that say which columns hold figures
_NUMERIC = ("figure", "marked")
_LONG = 60  # a longer text is a title or a note, not a heading


@dataclass(frozen=True)
class SeenColumn:
    """A printed column: its number, its texts down the header, and its cells in the rows of figures."""

    number: int
    texts: tuple[str, ...]
    cells: tuple[str, ...]
    indents: tuple[int, ...] = ()

    @property
    def heading(self) -> str:
        kept = [text for place, text in enumerate(self.texts) if text and (place == 0 or text != self.texts[place - 1])]
        return " | ".join(kept)

    @cached_property
    def kinds(self) -> Counter[str]:
        return Counter(sort_cell(cell) for cell in self.cells)

    @cached_property
    def distinct(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(cell for cell in self.cells if cell))

    @property
    def blanks(self) -> Counter[str]:
        """Whatever stands in the place of a figure, with its count; the empty cell is ''."""
        return Counter(cell for cell in self.cells if sort_cell(cell) not in (*_NUMERIC, "period"))

    @property
    def marks(self) -> Counter[str]:
        return Counter(mark for cell in self.cells if (mark := split_mark(cell)[1]))


@dataclass(frozen=True)
class SeenTable:
    """One table: rows of the grid count from 0; header is the last header row, data the rows of figures, labels_only
    the rows between them that hold a label and nothing else, above and below the words around it (row, column, text).
    """

    page: Page
    top: int
    header: int
    fill: bool
    data: tuple[int, ...]
    labels_only: tuple[int, ...]
    above: tuple[tuple[int, int, str], ...]
    below: tuple[tuple[int, int, str], ...]
    columns: tuple[SeenColumn, ...]
    values: frozenset[int]

    @property
    def rows(self) -> int:
        return self.header - self.top + 1

    @property
    def place(self) -> str:
        sheet = f"{self.page.grid.sheet}!" if self.page.grid.sheet else ""
        return f"{sheet}rows {self.top + 1} to {self.data[-1] + 1}"

    def first_text(self, index: int) -> str:
        return next((text for text in self.page.rows[index] if text), "")


@dataclass(frozen=True)
class SeenSheet:
    grid: Grid
    tables: tuple[SeenTable, ...] = ()
    words: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class _Body:
    """The rows from the first row of figures on, and the columns that hold figures in them."""

    first: int
    columns: tuple[int, ...]


def guess_number_style(grids: tuple[Grid, ...]) -> NumberStyle:
    """How the figures of a file are written. A program shows stored numbers with a point: only texts count."""
    return guess_style(
        cell
        for grid in grids
        for r, row in enumerate(grid.cells, 1)
        for c, cell in enumerate(row, 1)
        if cell[:1] and (r, c) not in grid.numbers and any(map(str.isdigit, cell))
    )


def see_sheet(grid: Grid) -> SeenSheet:
    """Every table of a sheet, from top to bottom; a sheet without one has its words."""
    page = Page([grid])
    finder = _Finder(page)
    tables = tuple(table for table in finder.find() if not _is_numbered_list(table))
    words = () if tables else tuple(cell for row in grid.cells for cell in row if cell)
    return SeenSheet(grid, tables, words)


class _Finder:
    def __init__(self, page: Page) -> None:
        self.page = page
        self.kinds = [[sort_cell(cell) for cell in row] for row in page.rows]
        self.filled = [[c for c, kind in enumerate(row, 1) if kind != "empty"] for row in self.kinds]

    def find(self) -> list[SeenTable]:
        starts: list[tuple[int, int, _Body]] = []  # top, header, body
        index, floor = 0, 0
        while index < len(self.kinds):
            if not self._is_figures(index):
                index += 1
                continue
            body = _Body(index, self._figure_columns(index))
            header = self._find_header(body, floor)
            if header is None:
                index += 1
                continue
            headed = tuple(c for c in body.columns if self.page.merged_text(header, c))
            body = _Body(body.first, headed or body.columns)
            starts.append((self._find_top(header, body, floor), header, body))
            index = self._find_end(header, body)
            floor = index
        if not starts:
            return []
        tables = []
        ends = [self._start_of_words(top, previous) for (top, _, _), (_, previous, _) in
                zip(starts[1:], starts, strict=False)] + [len(self.kinds)]  # fmt: skip
        begin = 0
        for (top, header, body), end in zip(starts, ends, strict=True):
            tables.append(self._describe(top, header, body, begin, end))
            begin = end
        return tables

    def _count(self, index: int, *kinds: str) -> int:
        return sum(kind in kinds for kind in self.kinds[index])

    def _is_figures(self, index: int) -> bool:
        return self._count(index, *_NUMERIC) > 0

    def _figure_columns(self, first: int) -> tuple[int, ...]:
        """The columns that hold figures in the rows from `first` on, until rows of figures end for long."""
        found: Counter[int] = Counter()
        rows = [i for i in range(first, len(self.kinds)) if self._is_figures(i)][:_LOOK_AHEAD]
        for index in rows:
            found.update(c for c, kind in enumerate(self.kinds[index], 1) if kind in _NUMERIC)
        return tuple(sorted(c for c, times in found.items() if times * 20 >= len(rows)))

    def _covers(self, index: int, columns: tuple[int, ...]) -> bool:
        """A header's last row: texts or periods over most of the columns of figures, and no figure."""
        if not self.filled[index] or self._is_figures(index):
            return False
        over = sum(
            bool(self.page.merged_text(index, c)) and self._kind(index, c) in ("text", "period") for c in columns
        )
        if over * 10 < len(columns) * 6:
            return False
        texts = {self.page.merged_text(index, c) for c in columns}
        return len(texts) > 1 or len(columns) == 1 or len(self.filled[index]) > 1

    def _kind(self, index: int, column: int) -> str:
        return sort_cell(self.page.merged_text(index, column))

    def _find_header(self, body: _Body, floor: int) -> int | None:
        if not body.columns:
            return None
        for index in range(body.first - 1, floor - 1, -1):
            if self._covers(index, body.columns) and not self._is_row_of_years(index, body, floor):
                return index
        return None

    def _is_row_of_years(self, index: int, body: _Body, floor: int) -> bool:
        """A row of figures that look like years ("China | 2005"), under a header of its own."""
        own = [self.page.text(index, c) for c in body.columns]
        if not all(sort_cell(text) in ("period", "empty") for text in own) or not any(own):
            return False
        beside = [c for c in self.filled[index] if c < body.columns[0]]
        label = [c for c in beside if self._kind(index, c) != "period"]
        above = next((i for i in range(index - 1, floor - 1, -1) if self.filled[i]), None)
        if above is None or not self._covers(above, body.columns):
            return False
        named = any(self.page.merged_text(above, c) for c in label)
        named |= any(name_heading(self.page.merged_text(above, c)) == "period" for c in beside)
        as_text = any(self._kind(above, c) == "text" for c in body.columns)
        return named and as_text and not _steps([text for text in own if text])

    def _find_top(self, header: int, body: _Body, floor: int) -> int:
        top = header
        while top > floor and header - top + 1 < MOST_HEADER_ROWS and self._is_upper_header(top - 1, body):
            top -= 1
        return top

    def _is_upper_header(self, index: int, body: _Body) -> bool:
        """A row of the header above its last: headings over the figures, neither a title nor a unit."""
        if not self.filled[index] or self._is_figures(index):
            return False
        over = [c for c in self.filled[index] if c >= body.columns[0] - 1]
        beside = [c for c in self.filled[index] if c < body.columns[0] - 1]
        texts = [self.page.text(index, c) for c in over]
        if not [c for c in over if c >= body.columns[0]] and not self._reaches(index, body):
            return False
        if any(len(text) > 2 * _LONG for text in texts):
            return False
        if len(over) == 1:
            text = texts[0]
            named = any(is_known(name, text) for name in ("flow", "period", "geo", "item", "measure"))
            merged = sum(self.page.merged_text(index, c) == text for c in body.columns) > 1
            return (named or merged) and not find_unit(text) and len(text) <= _LONG and not beside
        return len({*texts}) > 1 or any(is_known("flow", text) for text in texts)

    def _reaches(self, index: int, body: _Body) -> bool:
        return any(self.page.merged_text(index, c) for c in body.columns)

    def _find_end(self, header: int, body: _Body) -> int:
        """The row under the body: where the next header begins to stand, or the end of the sheet."""
        own = {self.page.merged_text(header, c) for c in body.columns}
        for index in range(body.first + 1, len(self.kinds)):
            if not self._covers(index, body.columns):
                continue
            texts = {self.page.merged_text(index, c) for c in body.columns}
            same = len(texts & own) * 2 >= len(own)
            gap = not self.filled[index - 1] or self._count(index - 1, "text") == len(self.filled[index - 1])
            below = any(self._is_figures(i) for i in range(index + 1, min(len(self.kinds), index + 30)))
            if below and (same or (gap and not self._is_row_of_years(index, body, header))):
                return index
        return len(self.kinds)

    def _start_of_words(self, top: int, previous: int) -> int:
        """Where the words above a later header begin: the rows of words right above it."""
        start = top
        gap = 0
        for index in range(top - 1, previous, -1):
            if not self.filled[index]:
                gap += 1
                if gap > 1 or start < top:
                    break
                continue
            if self._count(index, "text") < len(self.filled[index]) or len(self.filled[index]) > 3:
                break
            start = index
            if top - start > 4:
                break
        return start

    def _describe(self, top: int, header: int, body: _Body, begin: int, end: int) -> SeenTable:
        page = self.page
        lines = [i for i in range(header + 1, end) if self.filled[i]]
        in_figures = set(body.columns)
        data = [i for i in lines if self._is_data(i, in_figures)]
        data = sorted({*data, *self._blank_rows(lines, data, in_figures)})
        last = data[-1]
        kept = set(data)
        labels_only = tuple(i for i in lines if i < last and i not in kept)
        below = tuple((i, c, page.text(i, c)) for i in lines if i > last for c in self.filled[i])
        above = tuple((i, c, page.text(i, c)) for i in range(begin, top) for c in self.filled[i])
        heads = self._headings(top, header)
        fill = header > top and self._needs_fill(top, header, body)
        if fill:
            heads = _fill_to_the_right(heads, header - top)
        columns = tuple(
            SeenColumn(c, tuple(heads[c]), tuple(page.text(i, c) for i in data), tuple(page.indent(i, c) for i in data))
            for c in range(1, page.width + 1)
            if any(page.text(i, c) for i in range(top, header + 1))
            or any(page.text(i, c) for i in (*data, *labels_only))
        )
        return SeenTable(
            page, top, header, fill, tuple(data), labels_only, above, below, columns, frozenset(in_figures)
        )

    def _blank_rows(self, lines: list[int], data: list[int], columns: set[int]) -> list[int]:
        """Rows whose figures are all empty: with as many labels as the rows of figures have, where those have several;
        or with a place for a label, as they have, and nothing deeper below."""
        labels = {i: [c for c in self.filled[i] if c < min(columns)] for i in lines}
        most = sorted(len(labels[i]) for i in data)[len(data) // 2]
        places = [i for i in data if labels[i] and is_known("geo", self.page.text(i, labels[i][0]))]
        found = []
        known = set(data)
        for place, index in enumerate(lines):
            if index in known or not labels[index] or index > data[-1] + 1:
                continue
            own = labels[index]
            if len(own) == len(self.filled[index]) and most > 1 and len(own) >= most:
                found.append(index)
            elif most == 1 and len(places) * 10 > 6 * len(data) and len(self.filled[index]) == 1:
                after = lines[place + 1] if place + 1 < len(lines) else None
                level = (own[0], self.page.indent(index, own[0]))
                below = labels[after][:1] if after is not None else []
                deeper = bool(below) and after is not None and (below[0], self.page.indent(after, below[0])) > level
                if is_known("geo", self.page.text(index, own[0])) and not deeper:
                    found.append(index)
        return found

    def _is_data(self, index: int, columns: set[int]) -> bool:
        """A row with a figure, a year or a blank mark where figures stand."""
        kinds = self.kinds[index]
        return any(kinds[c - 1] in (*_NUMERIC, "period", "blank") for c in columns)

    def _headings(self, top: int, header: int) -> dict[int, list[str]]:
        return {c: [self.page.merged_text(i, c) for i in range(top, header + 1)] for c in range(1, self.page.width + 1)}

    def _needs_fill(self, top: int, header: int, body: _Body) -> bool:
        """Whether an upper heading stands over its first column only, where cells are not merged."""
        for index in range(top, header):
            bare = [c for c in body.columns if not self.page.merged_text(index, c) and self.page.text(header, c)]
            for column in bare:
                if any(self.page.merged_text(index, c) for c in range(body.columns[0] - 1 or 1, column)):
                    return True
        return False


def _is_numbered_list(table: SeenTable) -> bool:
    """A list whose only figures are the numbers before its entries: contents, notes."""
    figures = [c for c in table.columns if c.number in table.values]
    words = [c for c in table.columns if c.number not in table.values and c.kinds["text"]]
    numbered = len(figures) == 1 and all(re.fullmatch(r"\d{1,3}(\.\d{1,2})*\.?", cell) for cell in figures[0].distinct)
    return bool(table.page.grid.sheet and numbered and words and figures[0].number < words[0].number)


def _fill_to_the_right(heads: dict[int, list[str]], upper: int) -> dict[int, list[str]]:
    for row in range(upper):
        before = ""
        for texts in heads.values():
            texts[row] = texts[row] or before
            before = texts[row]
    return heads


def _steps(texts: list[str]) -> bool:
    """Years that go up or down evenly: a row of headings."""
    numbers = [int(text[:4]) for text in texts if text[:4].isdigit()]
    steps = {b - a for a, b in pairwise(numbers)}
    return len(numbers) > 1 and len(steps) == 1 and steps != {0}
