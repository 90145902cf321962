"""Find the parts of the tables that a layout describes: sheets, blocks, headers, columns, body, words around it.

Whatever stands in a workbook and is not accounted for is a fault; all faults of a file are listed together.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from transforms.errors import InputError, join_problems
from transforms.grid import Book, Grid, Number
from transforms.layout import Layout, PrintedColumn, PrintedRow, TableLayout, headings_of
from transforms.numbers import parse_figure
from transforms.patterns import compile_pattern, fold_heading, is_pattern, match_text, tidy

_RAISED = re.compile(r"[⁰¹²³⁴-⁹⁺⁻⁼⁽⁾ᵃ-ᵿʰ-ˣ][⁰¹²³⁴-⁹⁺⁻⁼⁽⁾ᵃ-ᵿʰ-ˣ, ]*$")
MOST_CELLS = 20_000_000  # rows x columns of a sheet: more is no printed table, and a long file is read as bulk


def _refuse_stray_cell(grid: Grid) -> None:
    """A cell far from the table would make a sheet of billions of cells."""
    width = max(map(len, grid.cells), default=0)
    if len(grid.cells) * width > MOST_CELLS:
        row = next(number for number, cells in enumerate(grid.cells, 1) if len(cells) == width)
        raise InputError(
            f"the sheet spans {len(grid.cells):,} rows and {width:,} columns",
            file=grid.file,
            sheet=grid.sheet,
            row=row,
            column=width,
            found=grid.cells[row - 1][-1],
            todo="look for a cell that stands far from the table and remove it; a long text file takes bulk = true.",
        )


_DOTS = re.compile(r"(?:[.…·]\s*)+(?=[^\W\d_])")  # before a word: .. Sea transport


class Page:
    """One sheet, or several that continue one table, as displayed strings; rows count from 0, columns from 1."""

    def __init__(self, grids: Sequence[Grid]) -> None:
        self.grids = tuple(grids)
        for grid in grids:
            _refuse_stray_cell(grid)
        self.origin = [(grid, row) for grid in grids for row in range(1, len(grid.cells) + 1)]
        self.width = max((len(row) for grid in grids for row in grid.cells), default=0)
        self.rows = [(*row, *[""] * (self.width - len(row))) for grid in grids for row in grid.cells]

    @property
    def grid(self) -> Grid:
        return self.grids[0]

    @cached_property
    def _anchors(self) -> dict[tuple[str, int, int], tuple[int, int]]:
        """(sheet, row, column) of a cell inside a merged range -> the cell that holds its text."""
        return {
            (grid.sheet, row, column): (top, left)
            for grid in self.grids
            for top, left, bottom, right in grid.merged
            for row in range(top, bottom + 1)
            for column in range(left, right + 1)
            if (row, column) != (top, left)
        }

    def text(self, index: int, column: int) -> str:
        return self.rows[index][column - 1]

    def count_cells(self, index: int) -> int:
        """How many cells a row has, as it stands in the file: in a text file a row may end early."""
        grid, row = self.origin[index]
        return len(grid.cells[row - 1])

    def anchor(self, index: int, column: int) -> tuple[int, int] | None:
        """Row and column of the cell that holds the text of a merged range; None for a cell that is in none."""
        grid, row = self.origin[index]
        return self._anchors.get((grid.sheet, row, column))

    def merged_text(self, index: int, column: int) -> str:
        """The text of a cell; inside a merged range, that of the range."""
        if text := self.text(index, column):
            return text
        grid, row = self.origin[index]
        anchor = self._anchors.get((grid.sheet, row, column))
        if anchor is None:
            return ""
        cells = grid.cells[anchor[0] - 1]
        return cells[anchor[1] - 1] if anchor[1] <= len(cells) else ""

    def number(self, index: int, column: int) -> Number | None:
        grid, row = self.origin[index]
        return grid.numbers.get((row, column))

    def indent(self, index: int, column: int) -> int:
        grid, row = self.origin[index]
        return grid.indents.get((row, column), 0)

    def path_label(self, index: int, column: int) -> tuple[str, int]:
        """The label of a cell in a hierarchy and how deep it stands: blanks, the style's indent, and leading dots."""
        text = self.merged_text(index, column)
        dots = _DOTS.match(text)
        depth = self.indent(index, column)
        return (text[dots.end() :], depth + len(dots[0])) if dots else (text, depth)

    def locator(self, index: int, column: int) -> str:
        grid, row = self.origin[index]
        return grid.locator(row, column)

    def refuse(
        self, problem: str, *, index: int | None = None, column: int | str | None = None, found: str | None = None,
        todo: str = "",
    ) -> InputError:  # fmt: skip
        grid, row = self.origin[index] if index is not None else (self.grid, None)
        return InputError(problem, file=grid.file, sheet=grid.sheet, row=row, column=column, found=found, todo=todo)


@dataclass(frozen=True)
class FoundColumn:
    """A printed column: its number, its declaration, its heading, and what its heading says."""

    number: int
    spec: PrintedColumn
    heading: str
    said: dict[str, str]
    marks: tuple[str, ...] = ()


@dataclass(frozen=True)
class BodyRow:
    """A row of figures, or a heading of the label path (is_declared: the layout says so, wherever the next row lies);
    said and given: what sections and the row's declaration say of it."""

    index: int
    said: dict[str, str]
    given: dict[str, object]
    is_heading: bool
    starts_section: bool
    is_declared: bool = False


@dataclass
class Block:
    """One printed table: where its parts are and what stands around it."""

    page: Page
    table: TableLayout
    left: int
    right: int
    start: int
    header: int
    end: int
    said: dict[str, str]
    title: str
    words: list[tuple[str, int, int, str]] = field(default_factory=list)  # kind, row, column, text
    used: set[int] = field(default_factory=set)  # places of the declared rows that some row fits
    said_at: dict[str, tuple[int, int]] = field(default_factory=dict)  # what is said -> row and column of the words
    nth: int = 1
    left_out: int = 0
    has_foot: bool = False  # footnotes or notes stand under it; known once the body is
    others: list[Block] = field(default_factory=list)  # the tables of the page, those that come next first

    @property
    def top(self) -> int:
        return self.header - self.table.header.rows + 1

    @cached_property
    def width(self) -> int:
        """The number of the last column with a heading."""
        heads = self.page.rows[self.top : self.header + 1]
        return max((n for n in range(self.left, self.right + 1) if any(row[n - 1] for row in heads)), default=0)

    @cached_property
    def columns(self) -> list[FoundColumn]:
        return match_columns(self)

    @cached_property
    def body(self) -> list[BodyRow]:
        return split_body(self)

    @property
    def footnotes(self) -> list[str]:
        return [text for kind, _, _, text in self._noted.words if kind == "footnote"]

    @property
    def notes(self) -> list[str]:
        return [text for kind, _, _, text in self._noted.words if kind in ("footnote", "note")]

    @cached_property
    def _noted(self) -> Block:
        """The table under which the notes of this one stand: where tables share a page, often once at its foot."""
        return next((block for block in (self, *self.others) if block.stands_over_notes()), self)

    def stands_over_notes(self) -> bool:
        try:
            return bool(self.body) and self.has_foot
        except InputError:  # said when that table is read
            return False

    def table_id(self, several: bool) -> str:
        """The name of the table in the key of its figures: as declared, else the sheet's or the file's."""
        grid = self.page.grid
        stem = grid.file.rsplit(".", 1)[0]
        if self.table.table_id:
            said = {"file": stem, "sheet": tidy(grid.sheet), "title": self.title, "n": str(self.nth), **self.said}
            return re.sub(r"\{(\w+)\}", lambda match: said.get(match[1], match[0]), self.table.table_id)
        name = tidy(grid.sheet) if grid.sheet and several else stem
        return f"{name}#{self.nth}" if self.nth > 1 else name


def find_blocks(book: Book, layout: Layout) -> list[Block]:
    """Every table of a file, in printed order. Raises InputError listing whatever is not accounted for."""
    blocks: list[Block] = []
    problems: list[InputError] = []
    for page, tables in _assign_sheets(book, layout):
        on_page: list[Block] = []
        if not any(map(any, page.rows)):
            todo = f"list it under ignore_sheets in {layout.source} with a reason, or ask the publisher for the table."
            problems.append(page.refuse("the sheet is empty, and the layout takes it for a table", todo=todo))
            continue
        for left, right in _cut_strips(page, any(table.strips for table in tables)):
            try:
                on_page += _find_on(page, tables, left, right)
            except InputError as problem:
                problems.append(problem)
        for block in on_page:
            below = [other for other in on_page if other.left == block.left and other.start > block.start]
            beside = [other for other in on_page if other.left != block.left and other.end >= block.end]
            block.others = below + beside
        blocks += on_page
    found = {id(block.table) for block in blocks}
    for table in layout.tables:
        if id(table) not in found and not problems and not table.optional:
            sheets = ", ".join(repr(sheet.sheet) for sheet in book.sheets)
            raise InputError(
                "a declared table is not in the workbook", file=book.file,
                found=", ".join(table.wanted_sheets) or table.title, todo=f"the sheets are {sheets}; mend the layout.",
            )  # fmt: skip
    if problems:
        raise join_problems(problems)
    if not blocks:
        raise InputError(
            "no table in the workbook", file=book.file, found=", ".join(sheet.sheet for sheet in book.sheets),
            todo=f"every sheet is ignored or empty; mend {layout.source}.",
        )  # fmt: skip
    counted: dict[tuple[str, str], int] = {}
    for block in blocks:  # the nth of its name: {n}, and what tells tables apart that the layout gives no name
        name = block.table.table_id, block.table_id(len(book.sheets) > 1)
        counted[name] = block.nth = counted.get(name, 0) + 1
    return blocks


def _assign_sheets(book: Book, layout: Layout) -> Iterator[tuple[Page, list[TableLayout]]]:
    """Each page with the tables that may stand on it. Every sheet is claimed by a table or ignored with a reason."""
    ignored = {
        grid.sheet
        for grid in book.sheets
        if any(match_text(ignore.sheet, grid.sheet) is not None for ignore in layout.ignore_sheets)
    }
    rest = [grid for grid in book.sheets if grid.sheet not in ignored]
    claims: dict[str, list[TableLayout]] = {grid.sheet: [] for grid in rest}
    for table in layout.tables:
        for grid in rest:
            if any(match_text(wanted, grid.sheet) is not None for wanted in table.wanted_sheets):
                claims[grid.sheet].append(table)
    anywhere = [table for table in layout.tables if not table.wanted_sheets]
    free = [grid for grid in rest if not claims[grid.sheet] and any(map(any, grid.cells))]
    if anywhere and len(free) > 1:
        raise InputError(
            "several sheets, and the layout names none", file=book.file,
            found=", ".join(grid.sheet for grid in book.sheets),
            todo="name one of these sheets in the layout (sheets for several), and ignore the others (ignore_sheets).",
        )  # fmt: skip
    problems = []
    for grid in free:
        if not anywhere:
            problems.append(
                InputError(
                    f"a {'hidden ' * grid.hidden}sheet that the layout does not account for",
                    file=book.file,
                    sheet=grid.sheet,
                    found=next((cell for row in grid.cells for cell in row if cell), ""),
                    todo=f"declare its table in {layout.source}, or list it under ignore_sheets with a reason.",
                )
            )
        claims[grid.sheet] = anywhere
    for table in layout.tables:
        if not table.optional and table.wanted_sheets and not any(table in claimed for claimed in claims.values()):
            absent = InputError(
                f"no sheet {table.wanted_sheets[0]!r}",
                file=book.file,
                found=", ".join(grid.sheet for grid in book.sheets),
                todo="name one of these sheets in the layout.",
            )
            problems.append(absent)
    if problems:
        raise join_problems(problems)
    continued = {
        id(table): [grid for grid in rest if table in claims[grid.sheet]] for table in layout.tables if table.continues
    }
    done: set[str] = set()
    for grid in rest:
        if grid.sheet in done or not claims[grid.sheet]:
            continue
        grids = [grid]
        for table in claims[grid.sheet]:
            grids = continued.get(id(table), grids)
        done |= {other.sheet for other in grids}
        yield Page(grids), claims[grid.sheet]


def _cut_strips(page: Page, wanted: bool) -> list[tuple[int, int]]:
    """The ranges of columns between empty columns, where tables stand side by side; else the whole width."""
    if not wanted:
        return [(1, page.width)]
    filled = [any(row[column - 1] for row in page.rows) for column in range(1, page.width + 1)]
    strips, left = [], 0
    for column, full in enumerate([*filled, False], 1):
        if full and not left:
            left = column
        elif not full and left:
            strips.append((left, column - 1))
            left = 0
    return strips


def _find_on(page: Page, tables: list[TableLayout], left: int, right: int) -> list[Block]:
    """The blocks within a range of columns of a page, from top to bottom."""
    found: list[Block] = []
    taken: dict[int, int] = {}
    floor = 0
    for index in range(len(page.rows)):
        fitting = [block for table in tables if (block := _try_header(page, table, left, right, index, floor))]
        fitting = [block for block in fitting if block.table.repeat or id(block.table) not in taken]
        if not fitting:
            continue
        if len(fitting) > 1:
            titled = [block for block in fitting if block.title] or fitting
            if len(titled) > 1:
                raise page.refuse(
                    "two tables of the layout fit this header", index=index, found=titled[0].title,
                    todo="tell them apart by their titles or sheets.",
                )  # fmt: skip
            fitting = titled
        block = fitting[0]
        taken[id(block.table)] = taken.get(id(block.table), 0) + 1
        found.append(block)
        floor = index + 1
    lacking = [table for table in tables if id(table) not in taken and not (table.optional and found)]
    if lacking and (not found or not lacking[0].strips):
        raise _explain_absence(page, lacking[0], left, right)
    for block, following in zip(found, [*found[1:], None], strict=True):
        block.end = following.start if following else len(page.rows)
    if found:
        _account_above(found[0])
    return found


def _labels_of(page: Page, left: int, right: int, first: int, last: int) -> set[str]:
    return {page.merged_text(index, column) for index in range(first, last + 1) for column in range(left, right + 1)}


def _lack(table: TableLayout, texts: set[str]) -> list[str]:
    folded = {fold_heading(strip_marks(table, text)) for text in texts}
    return [
        wanted
        for wanted in table.header.contains
        if (
            not any(match_text(wanted, strip_marks(table, text)) is not None for text in texts)
            if is_pattern(wanted)
            else fold_heading(wanted) not in folded
        )
    ]


def strip_marks(table: TableLayout, text: str) -> str:
    """A label or heading without the footnote marks glued to its end; the last digits of a number are none.

    Raised marks (¹⁾) fit the pattern as they stand, or as plain characters.
    """
    if not table.label_marks:
        return text
    pattern = compile_pattern(table.label_marks)
    raised = _RAISED.search(text)
    if raised and text[: raised.start()].strip():
        tail = raised[0].strip()
        if pattern.fullmatch(tail) or pattern.fullmatch(unicodedata.normalize("NFKC", tail)):
            return text[: raised.start()].rstrip()
    found = re.search(f"(?:{pattern.pattern})$", text)
    if not found or not text[: found.start()].strip():
        return text
    if found[0][:1].isdecimal() and text[: found.start()][-1:].isdecimal():
        return text
    return text[: found.start()].rstrip()


def find_label_marks(table: TableLayout, text: str) -> tuple[str, ...]:
    """The footnote marks glued to the end of a label or heading: Services1,2 -> 1 and 2."""
    mark = text[len(strip_marks(table, text)) :].strip()
    return tuple(part for part in re.split(r"[,，;\s]+", mark) if part)


def _try_header(page: Page, table: TableLayout, left: int, right: int, index: int, floor: int) -> Block | None:
    """A block whose header ends at this row, or None; its title must stand above where one is declared."""
    top = index - table.header.rows + 1
    if top < floor or _lack(
        table,
        set(page.rows[index][left - 1 : right]) | (_labels_of(page, left, right, top, index) if top < index else set()),
    ):
        return None  # fmt: skip
    if top < index and not _lack(table, _labels_of(page, left, right, top, index - 1)):
        return None
    said = dict(_say_sheet(page, table))
    start, title = top, ""
    words: list[tuple[str, int, int, str]] = []
    said_at: dict[str, tuple[int, int]] = {}
    for above in range(top - 1, floor - 1, -1):
        cells = [(column, page.text(above, column)) for column in range(left, right + 1) if page.text(above, column)]
        if not cells:
            continue
        read = _read_above(table, cells)
        if read is None:
            break
        for kind, column, text, groups in read:
            if kind == "title":
                title = title or text
            words.insert(0, (kind, above, column, text))
            places = dict.fromkeys(groups, (above, column))
            said_at = said_at | places if kind == "text" else places | said_at
            said = {**said, **groups} if kind == "text" else {**groups, **said}
        start = above
    if table.title and not title:
        return None
    return Block(page, table, left, right, start, index, len(page.rows), said, title, words, said_at=said_at)


def _say_sheet(page: Page, table: TableLayout) -> dict[str, str]:
    for wanted in table.wanted_sheets:
        if (said := match_text(wanted, page.grid.sheet)) is not None:
            return said
    return {}


def _read_above(table: TableLayout, cells: list[tuple[int, str]]) -> list[tuple[str, int, str, dict[str, str]]] | None:
    """The cells of a row above the header as title or declared texts (kind, column, text, what it says); else None."""
    read = []
    for column, text in cells:
        said = match_text(table.title, text) if table.title else None
        kind = "text" if said is None else "title"
        if said is None:
            said = next((s for wanted in table.texts if (s := match_text(wanted, text)) is not None), None)
        if said is None:
            break
        read.append((kind, column, text, said))
    else:
        return read
    joined = " | ".join(text for _, text in cells)
    fitting = next((s for wanted in table.texts if (s := match_text(wanted, joined)) is not None), None)
    return None if fitting is None else [("text", cells[0][0], joined, fitting)]


def _account_above(block: Block) -> None:
    """Nothing may stand above the first table of a page but what the layout declares."""
    page = block.page
    problems = [
        page.refuse(
            "text above the header that the layout does not account for",
            index=index,
            column=column,
            found=page.text(index, column),
            todo="declare it as the title or under texts, or choose the right layout.",
        )
        for index in range(block.start)
        if (cells := [(n, page.text(index, n)) for n in range(block.left, block.right + 1) if page.text(index, n)])
        and _read_above(block.table, cells) is None
        for column, _ in cells
    ]
    if problems:
        raise join_problems(problems)


def _explain_absence(page: Page, table: TableLayout, left: int, right: int) -> InputError:
    """Why a declared table was not found: the header that comes nearest, or the title that is missing above it."""
    rows = table.header.rows
    windows = [
        (len(_lack(table, _labels_of(page, left, right, max(0, index - rows + 1), index))), index)
        for index in range(len(page.rows))
    ]
    lacking, index = min(windows, default=(len(table.header.contains), 0))
    if not lacking:
        top = max(0, index - rows + 1)
        for row in range(top):
            cells = [(n, page.text(row, n)) for n in range(left, right + 1) if page.text(row, n)]
            if cells and _read_above(table, cells) is None:
                column, text = next((cell for cell in cells if _read_above(table, [cell]) is None), cells[0])
                return page.refuse(
                    "text above the header that the layout does not account for", index=row, column=column, found=text,
                    todo=f"declare it as the title (declared: {table.title!r}) or under texts, or choose the right "
                    "layout.",
                )  # fmt: skip
        return page.refuse(
            "the declared title does not stand above the header",
            index=index,
            todo=f"expected {table.title!r}; is it the right table?",
        )
    names = _lack(table, _labels_of(page, left, right, max(0, index - rows + 1), index))
    return page.refuse(
        "no header row with the declared labels; this row comes nearest and lacks " + ", ".join(map(repr, names)),
        index=index if page.rows else None,
        found=" | ".join(page.rows[index][left - 1 : right]) if page.rows else "",
        todo=f"mend the table, or the layout {table.source} if the publisher changed its form.",
    )


def _headings(block: Block) -> dict[int, list[str]]:
    """Column number -> its texts down the header, merged cells (and, where declared, cells to the left) filled in."""
    table, page = block.table, block.page
    found: dict[int, list[str]] = {column: [] for column in range(block.left, block.right + 1)}
    for index in range(block.top, block.header + 1):
        before = ""
        for column in found:
            text = strip_marks(table, page.merged_text(index, column))
            if not text and table.header.fill and index < block.header:
                text = before
            before = text or before
            found[column].append(text)
    return found


def _join(texts: list[str]) -> str:
    """The heading of a column: its different texts from top to bottom."""
    kept = [text for place, text in enumerate(texts) if text and (place == 0 or text != texts[place - 1])]
    return " | ".join(kept)


def match_columns(block: Block) -> list[FoundColumn]:
    """Every printed column with its declaration; what fits none, and what is declared but absent, is refused."""
    page, table = block.page, block.table
    lines = _find_lines(block)
    seen: dict[str, int] = {}
    used: set[int] = set()
    found: list[FoundColumn] = []
    problems: list[InputError] = []
    for number, texts in _headings(block).items():
        heading = _join(texts)
        filled = next((i for i in lines if page.text(i, number)), None)
        if filled is None and (
            not heading or not any(page.text(i, number) for i in range(block.top, block.header + 1))
        ):
            continue
        fitting = _fit(table, texts, heading, seen)
        if not fitting:
            if not any(texts) and filled is not None:
                problem = page.refuse(
                    "a cell in a column that has no heading", index=filled, column=number,
                    found=page.text(filled, number),
                    todo="look for a separator too many in the row, or declare a column with an empty header in "
                    f"{table.source}.",
                )  # fmt: skip
            else:
                problem = page.refuse(
                    "unknown column", index=block.header, column=number, found=heading,
                    todo=f"declare it in {table.source}, with role ignore and a reason if it is not wanted.",
                )  # fmt: skip
            problems.append(problem)
            continue
        place, said = fitting
        used.add(place)
        marks = [
            mark for index in range(block.top, block.header + 1)
            for mark in find_label_marks(table, page.merged_text(index, number))
        ]  # fmt: skip
        found.append(FoundColumn(number, table.columns[place], heading, said, tuple(dict.fromkeys(marks))))
    if problems:
        raise join_problems(problems)
    for place, column in enumerate(table.columns):
        if place not in used and not column.optional:
            raise page.refuse(
                "a declared column is not in the table", index=block.header, column=column.name,
                found=" | ".join(page.rows[block.header][block.left - 1 : block.right]),
                todo=f"mend the table, or the layout {table.source} if the publisher changed its form.",
            )  # fmt: skip
    return found


def _fit(table: TableLayout, texts: list[str], heading: str, seen: dict[str, int]) -> tuple[int, dict[str, str]] | None:
    """Place of the declaration that fits a heading, and what its groups say; plain texts go before patterns."""
    plain: list[tuple[int, dict[str, str]]] = []
    patterns: list[tuple[int, dict[str, str]]] = []
    counted: set[str] = set()
    for place, column in enumerate(table.columns):
        wanted = headings_of(column)
        if isinstance(column.header, str):
            matched = [match_text(column.header, heading)]
        else:
            matched = [
                match_text(w, text) if w else ({} if not text else None) for w, text in zip(wanted, texts, strict=True)
            ]
        if any(said is None for said in matched):
            continue
        said = {name: text for part in matched for name, text in (part or {}).items()}
        if any(map(is_pattern, wanted)):
            patterns.append((place, said))
            continue
        name = fold_heading(column.name)
        if name not in counted:
            counted.add(name)
            seen[name] = seen.get(name, 0) + 1
        if column.nth == seen[name]:
            plain.append((place, said))
    return next(iter(plain or patterns), None)


def _refuse_second_header(block: Block, index: int, texts: list[str]) -> InputError:
    """A header among the rows: the layout does not say that tables repeat, or what stands above it is not its title."""
    page, table = block.page, block.table
    filled = (
        " | ".join(text for text in page.rows[i][block.left - 1 : block.right] if text)
        for i in range(index - table.header.rows, block.header, -1)
    )
    above = next(filter(None, filled), "")
    if table.repeat and table.title:
        return page.refuse(
            "a table of this form begins here, but what stands above it is not the declared title", index=index,
            found=above, todo=f"mend the title (declared: {table.title!r}) or texts in {table.source}.",
        )  # fmt: skip
    return page.refuse(
        "the header stands again among the rows", index=index, found=" | ".join(texts),
        todo="one table a header: say repeat = true where tables of one form follow one another.",
    )  # fmt: skip


_WHOLE = re.compile(r"\d{1,4}")  # the number of a note, in a cell of its own
_BARE = re.compile(r"[.…·:\-–—−]+")  # what stands for a blank in most tables, declared or not


def _is_ignored(table: TableLayout, cells: list[tuple[int, str]], passed: set[int]) -> bool:
    row = _find_row(table, [strip_marks(table, text) for text in _first_texts(cells, passed)])
    return bool(row and row[0].role == "ignore")


def _refuse_figures(block: Block, index: int, cells: list[tuple[int, str]]) -> list[InputError]:
    """Notes are texts: a figure or a blank of one among them, or the header once more, is a table that nothing accounts
    for."""
    page, table = block.page, block.table
    texts = [text for _, text in cells]
    ignore = 'declare the row with role = "ignore" and a reason if it is not wanted'
    if not _lack(table, set(texts)):
        return [
            page.refuse(
                "the header stands again under the notes", index=index, found=" | ".join(texts),
                todo=f"say repeat = true where tables of one form follow one another, or declare a table; {ignore}.",
            )
        ]  # fmt: skip
    numbered = len(cells) > 1 and _WHOLE.fullmatch(texts[0]) and not _is_figure(page, index, *cells[1])
    figures = [cell for cell in cells[1 if numbered else 0 :] if _is_figure(page, index, *cell)]
    found = [("a figure", *cell) for cell in figures] + [("a blank mark", *cell) for cell in _find_marks(table, cells)]
    return [
        page.refuse(
            f"{what} under the notes", index=index, column=column, found=text,
            todo=f"declare the table that begins here ([[tables]], repeat = true), or mend a stray cell; {ignore}.",
        )
        for what, column, text in sorted(found, key=lambda one: one[1])
    ]  # fmt: skip


def _find_marks(table: TableLayout, cells: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """The cells of a row that hold a blank of a table: a mark that no words follow, as where one is explained."""
    declared = {*table.blanks, *(mark for scoped in table.blanks_where for mark in scoped.blanks)}
    is_mark = [text in declared or (place > 0 and _BARE.fullmatch(text)) for place, (_, text) in enumerate(cells)]
    return [cell for cell, mark, after in zip(cells, is_mark, [*is_mark[1:], True], strict=True) if mark and after]


def _is_figure(page: Page, index: int, column: int, text: str) -> bool:
    if page.number(index, column) is not None:
        return True
    body = re.sub(r"[\s,.']", "", text.strip("()%"))
    try:
        return any(map(str.isdecimal, body)) and parse_figure(body).decimals is not None
    except ValueError:
        return False


def _refuse_empty_section(block: Block, index: int) -> InputError:
    found = " | ".join(text for text in block.page.rows[index][block.left - 1 : block.right] if text)
    return block.page.refuse(
        "a section without rows", index=index, found=found,
        todo="is the file complete? Where the publisher prints it so, declare the row with role ignore and a reason.",
    )  # fmt: skip


def _find_lines(block: Block) -> list[int]:
    """The rows under the header that are no footnotes, notes or ignored rows."""
    found = []
    for index in range(block.header + 1, block.end):
        texts = [t for t in block.page.rows[index][block.left - 1 : block.right] if t][:2]
        text = texts[0] if texts else ""
        row = _find_row(block.table, [strip_marks(block.table, t) for t in texts])
        if row and row[0].role == "notes":
            break
        if text and not (row and row[0].role in ("ignore", "footnote")) and not _is_footnote(block.table, text):
            found.append(index)
    return found


def split_body(block: Block) -> list[BodyRow]:
    """The rows of figures of a block; sections, footnotes and notes taken out. Raises InputError."""
    page, table = block.page, block.table
    values = [c.number for c in block.columns if c.spec.role == "value" or c.spec.rank]
    passed = {c.number for c in block.columns if c.spec.role in ("ignore", "note")}
    has_path = any(c.spec.path for c in block.columns)
    header = [cell for cell in page.rows[block.header][block.left - 1 : block.right] if cell]
    rows: list[BodyRow] = []
    problems: list[InputError] = []
    said: dict[str, str] = {}
    given: dict[str, object] = {}
    section = noted = ended = False
    waiting: tuple[int, set[str]] | None = None  # a section under which no row has come yet
    for index in range(block.header + 1, block.end):
        cells = [(n, page.text(index, n)) for n in range(block.left, block.right + 1) if page.text(index, n)]
        if not cells:
            continue
        texts = [text for _, text in cells]
        if ended:
            if not _is_ignored(table, cells, passed):
                problems += _refuse_figures(block, index, cells)
            block.words += [("note", index, column, text) for column, text in cells]
            continue
        if page.origin[index][0] is not page.grid and _is_repeated_head(block, index, texts):
            continue
        if texts == header:
            raise _refuse_second_header(block, index, texts)
        row = _find_row(table, [strip_marks(table, text) for text in _first_texts(cells, passed)])
        if row:
            block.used.add(next(place for place, one in enumerate(table.rows) if one is row[0]))
        if row and row[0].role == "notes":
            ended = block.has_foot = True
            block.words += [("note", index, column, text) for column, text in cells]
            continue
        if (row and row[0].role == "footnote") or _is_footnote(table, texts[0]):
            if len(cells) > 1:
                problems.append(
                    page.refuse("a footnote row holds more than one cell", index=index, found=" | ".join(texts),
                                todo="one footnote a row.")
                )  # fmt: skip
            block.words.append(("footnote", index, cells[0][0], texts[0]))
            noted = block.has_foot = True
            continue
        if noted:
            problems.append(
                page.refuse(
                    "a row under the footnotes that the layout does not account for",
                    index=index,
                    found=" | ".join(texts),
                    todo="declare its beginning under footnotes, or a row with role notes.",
                )
            )
            continue
        own_said, own_given = dict(said), dict(given)
        has_figures = any(page.text(index, n) for n in values)
        if row and row[0].role == "ignore":
            block.words.append(("note", index, cells[0][0], " | ".join(texts)))
            continue
        if row and row[0].role == "section":
            spec, groups = row
            if waiting and waiting[1] <= {*spec.set, *groups}:
                problems.append(_refuse_empty_section(block, waiting[0]))
            waiting = (index, {*spec.set, *groups})
            for name in {*spec.set, *groups}:
                said.pop(name, None)
                given.pop(name, None)
            said |= groups
            given |= spec.set
            section = True
            if not has_figures:
                continue
            own_said, own_given = dict(said), dict(given)
        elif row:
            own_said, own_given = own_said | row[1], own_given | row[0].set
        waiting = None
        declared = bool(row and row[0].role == "heading" and not has_figures)
        rows.append(BodyRow(index, own_said, own_given, not has_figures and has_path, section, declared))
        section = False
    if waiting:
        problems.append(_refuse_empty_section(block, waiting[0]))
    if problems:
        raise join_problems(problems)
    rows = _keep_wanted(block, _settle_headings(block, rows))
    if not rows:
        raise page.refuse("no rows under the header", index=block.header, todo="is the file complete?")
    return rows


def _keep_wanted(block: Block, rows: list[BodyRow]) -> list[BodyRow]:
    """The rows that the layout wants (keep); how many others there are is remembered in block.left_out."""
    for heading, wanted in block.table.keep.items():
        named = {fold_heading(c.heading): c.number for c in block.columns}
        if fold_heading(heading) not in named:
            raise block.page.refuse(
                "a column that the layout keeps rows by is not in the table", index=block.header, column=heading,
                found=" | ".join(c.heading for c in block.columns), todo=f"mend keep in {block.table.source}.",
            )  # fmt: skip
        number = named[fold_heading(heading)]
        known: dict[str, bool] = {}
        kept = []
        for row in rows:
            text = block.page.merged_text(row.index, number)
            if text not in known:
                known[text] = any(match_text(one, text) is not None for one in wanted)
            cut_off = block.page.count_cells(row.index) < block.width  # the reading refuses it
            if known[text] or cut_off:
                kept.append(row)
        block.left_out += len(rows) - len(kept)
        rows = kept
    return rows


def _settle_headings(block: Block, rows: list[BodyRow]) -> list[BodyRow]:
    """A row with labels only is a heading of the path where a row below it lies deeper; else its cells are blanks."""
    paths = [c.number for c in block.columns if c.spec.path]
    if not paths:
        return rows
    page = block.page
    levels = [
        min(((n, page.path_label(r.index, n)[1]) for n in paths if page.text(r.index, n)), default=(0, 0)) for r in rows
    ]
    settled, problems = [], []
    for place, row in enumerate(rows):
        is_parent = place + 1 < len(rows) and levels[place + 1] > levels[place]
        if not row.is_heading or is_parent or row.is_declared:
            settled.append(row)
        elif "" in block.table.blanks:
            settled.append(BodyRow(row.index, row.said, row.given, False, row.starts_section))
        else:
            found = " | ".join(text for text in page.rows[row.index][block.left - 1 : block.right] if text)
            problems.append(
                page.refuse(
                    "a row without figures, under which no row lies deeper",
                    index=row.index,
                    found=found,
                    todo="declare it under rows (section, notes, ignore), or say what an empty cell means (blanks).",
                )
            )
    if problems:
        raise join_problems(problems)
    return settled


def _is_repeated_head(block: Block, index: int, texts: list[str]) -> bool:
    """On a sheet that continues a table: its title, its other declared texts and its header, printed once more."""
    header = [
        [page_text for page_text in block.page.rows[i][block.left - 1 : block.right] if page_text]
        for i in range(block.top, block.header + 1)
    ]
    if texts in header:
        return True
    cells = [(n, block.page.text(index, n)) for n in range(block.left, block.right + 1) if block.page.text(index, n)]
    return _read_above(block.table, cells) is not None


def _first_texts(cells: list[tuple[int, str]], passed: set[int]) -> list[str]:
    """What a row is known by: its first filled cell, and the first that is no ignored column or note."""
    label = next((text for number, text in cells if number not in passed), cells[0][1])
    return list(dict.fromkeys([cells[0][1], label]))


def _find_row(table: TableLayout, texts: list[str]) -> tuple[PrintedRow, dict[str, str]] | None:
    for row in table.rows:
        for text in texts:
            if (said := match_text(row.text, text)) is not None:
                return row, said
    return None


def _is_footnote(table: TableLayout, text: str) -> bool:
    return any(
        match_text(mark, text) is not None if is_pattern(mark) else text.startswith(mark) for mark in table.footnotes
    )
