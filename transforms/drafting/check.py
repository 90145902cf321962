"""A file read with a layout that somebody is writing: every fault at once, with its cell and what mends it."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from transforms.bulk import FaultKind
from transforms.contract import load_contract
from transforms.drafting.meanings import guess_style, is_figure, split_mark
from transforms.drafting.toml_text import plain, quote
from transforms.errors import InputError
from transforms.grid import Book, Grid
from transforms.layout import Layout
from transforms.locate import find_blocks
from transforms.numbers import fold
from transforms.observe import BlockReading, Readout, read_book_observations
from transforms.patterns import match_text

_MOST_PLACES = 5
# What mends a broken rule, by the column that the rule is about.
_REMEDIES = {
    "contradicting_key": "say what tells these figures apart: another key column, path = true, a section, a set for "
    "the column, or a table_id.",
    "status_conflict": "look at blanks, marks, the status column and rules: O M L H Q K go with no value, "
    "E P ... need one.",
    "outside_interval": "mend lower and upper of the blank mark: the value lies between them.",
    "interval_of_nothing": "give lower and upper only to marks whose figure exists (Q, L, N), and both of them.",
    "share_of_nothing": 'say of what: reference = "..." in the set of the column or under constants; '
    "`digitrade query` on the table refs lists the codes.",
    "amount_without_price": 'say price = "current" (or another of prices.csv) under constants or in the set.',
    "unit_conflict": 'say the unit beside the measure: growth goes with unit = "PERCENT", a rank with "RANK", a '
    'share with "PERCENT", "RATIO" or "PP", a multiple with "TIMES"; or the measure is another.',
    "no_rank": 'these cells hold no ranks: another measure, or role = "ignore" for the column.',
    "negative_count": "a balance or a change stands among counts: say its measure, or parentheses_negative = false.",
    "unit_mult": "mend unit_mult: it is the power of ten of the unit (6 for millions).",
    "decimals": "mend decimals: 0 to 9.",
    "locator": "two declarations read one cell: narrow the headers of one of them.",
    "balance_of_no_trade": 'say the flow of the balance: flow = "T" (exports less imports).',
}
_BAD_CODE = "use a code of our list, or one of your own: under codes, schemes, or data/own/codelists."


@dataclass
class FaultGroup:
    """Faults of one kind with one remedy: how many, what was found how often, where the first ones stand, and lines
    that could be put into the layout ('' where none would do)."""

    problem: str
    todo: str
    count: int = 0
    found: Counter[str] = field(default_factory=Counter)
    places: dict[str, list[str]] = field(default_factory=dict)  # what was found -> first cells
    suggestion: str = ""

    def add(self, found: str, *places: str, times: int = 1) -> None:
        """So many faults more, the first of them at these places."""
        self.count += times
        self.found[found] += times
        kept = self.places.setdefault(found, [])
        kept += places[: _MOST_PLACES - len(kept)]


@dataclass(frozen=True)
class LayoutReport:
    """faults: none means that the file reads; then observations, labels of the publisher's own, and notices.

    broken: rules of a run that what was read breaks, where somebody has judged it."""

    faults: tuple[FaultGroup, ...]
    readout: Readout | None
    quarantined: int = 0
    broken: tuple[FaultGroup, ...] = ()  # rules of a run that block an edition of what was read

    @property
    def fault_count(self) -> int:
        return sum(group.count for group in self.faults)


def check_layout(book: Book, layout: Layout, dataset: str) -> LayoutReport:
    """Read a file with a layout; faults of the form of one sheet do not hide those of another, nor faults of labels
    and figures that two of the figures that can be read share a key.

    A form that cannot be read is reported once for each sheet; labels, figures and blanks cell by cell, grouped.
    """
    faults: list[InputError] = [*_check_sheets(book, layout)]
    tables: list[pa.Table] = []
    for part, forms in _cut_book(book, layout):
        spec = replace(layout, ignore_sheets=(), tables=tuple(forms))
        faults += _check_part(part, spec, len(book.sheets) > 1, dataset, tables)
    readout: Readout | None = None
    if not faults:
        try:
            readout = read_book_observations(book, layout, dataset, "check")
        except InputError as error:
            faults = _unfold(error)
    if readout is not None:
        tables = [readout.observations]
    if tables:
        faults += _check_keys(pa.concat_tables(tables))
    return LayoutReport(group_faults(faults), readout, readout.quarantine.num_rows if readout else 0)


def _unfold(error: InputError) -> list[InputError]:
    """The problems that one error was made of, each by itself."""
    if not error.others:
        return [error]
    first = InputError(error.problem, file=error.file, sheet=error.sheet, row=error.row, column=error.column,
                       found=error.found, todo=error.todo)  # fmt: skip
    return [first, *(one for other in error.others for one in _unfold(other))]


def _check_sheets(book: Book, layout: Layout) -> list[InputError]:
    """Sheets that nothing in the layout speaks of, and sheets it speaks of that are not there."""
    names = ", ".join(grid.sheet for grid in book.sheets)
    anywhere = [table for table in layout.tables if not table.wanted_sheets]
    free = [grid for grid in book.sheets if not _is_claimed(grid, layout) and any(map(any, grid.cells))]
    faults = []
    if len(free) > 1 or (free and not anywhere):
        faults = [
            InputError(
                f"a {'hidden ' * grid.hidden}sheet that the layout does not account for",
                file=book.file, sheet=grid.sheet, found=grid.sheet,
                todo="add it to the sheets of a table, or list it under [[ignore_sheets]] with a reason.",
            )
            for grid in free
        ]  # fmt: skip
    for table in layout.tables:
        for wanted in table.wanted_sheets:
            if not table.optional and not any(match_text(wanted, grid.sheet) is not None for grid in book.sheets):
                faults.append(InputError(f"no sheet {quote(wanted)}", file=book.file, found=wanted,
                                         todo=f"the sheets are {names}."))  # fmt: skip
    return faults


def _is_claimed(grid: Grid, layout: Layout) -> bool:
    wanted = [*(ignored.sheet for ignored in layout.ignore_sheets)]
    wanted += [sheet for table in layout.tables for sheet in table.wanted_sheets]
    return any(match_text(one, grid.sheet) is not None for one in wanted)


def _cut_book(book: Book, layout: Layout) -> list[tuple[Book, list[Any]]]:
    """Each sheet with the tables that may stand on it; the sheets of a table that continues stay together."""
    ignored = {g.sheet for g in book.sheets for i in layout.ignore_sheets if match_text(i.sheet, g.sheet) is not None}
    rest = [grid for grid in book.sheets if grid.sheet not in ignored and any(map(any, grid.cells))]
    anywhere = [table for table in layout.tables if not table.wanted_sheets]
    free = [grid for grid in rest if not _is_claimed(grid, layout)]
    parts: list[tuple[Book, list[Any]]] = []
    done: set[str] = set()
    for grid in rest:
        if grid.sheet in done:
            continue
        tables = [t for t in layout.tables if any(match_text(w, grid.sheet) is not None for w in t.wanted_sheets)]
        tables = tables or (anywhere if len(free) == 1 else [])
        grids = [grid]
        if any(table.continues for table in tables):
            grids = [g for g in rest for t in tables if t.continues
                     and any(match_text(w, g.sheet) is not None for w in t.wanted_sheets)]  # fmt: skip
        done |= {one.sheet for one in grids}
        if tables:
            parts.append((Book(book.file, tuple(dict.fromkeys(grids)) if len(grids) > 1 else (grid,)), tables))
    return parts


def _check_part(part: Book, layout: Layout, several: bool, dataset: str, tables: list[pa.Table]) -> list[InputError]:
    """The faults of a part; the figures that could be read are added to tables."""
    try:
        blocks = find_blocks(part, layout)
    except InputError as error:
        return _unfold(error)
    faults: list[InputError] = []
    for block in blocks:
        try:
            reading = BlockReading(block, block.table_id(several))
            tables.append(reading.read_table(dataset, "check"))
        except InputError as error:
            faults += _unfold(error)
        if layout.bad_rows == "stop":
            faults += [fault.problem for fault in reading.faults]
    return faults


def find_twins(observations: pa.Table) -> list[list[dict[str, Any]]]:
    """Figures that share every column of the key: nothing tells them apart."""
    key = load_contract("observations").key
    seen: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    columns = [observations[name].to_pylist() for name in key]
    for place, values in enumerate(zip(*columns, strict=True)):
        seen.setdefault(values, []).append({"row": place})
    wanted = ("locator", "printed", *key)
    twins = [rows for rows in seen.values() if len(rows) > 1]
    return [[{name: observations[name][row["row"]].as_py() for name in wanted} for row in rows] for rows in twins]


def _check_keys(observations: pa.Table) -> list[InputError]:
    """Figures that nothing tells apart: the checks of a run would block the edition."""
    faults = []
    for rows in find_twins(observations):
        first = rows[0]
        said = ", ".join(f"{name} {first[name]}" for name in ("table_id", "geo", "partner", "flow", "item", "activity",
                                                              "period", "measure", "unit") if first[name])  # fmt: skip
        file, sheet, row, column = split_locator(str(first["locator"]))
        faults.append(
            InputError(
                "several figures with the same key", file=file, sheet=sheet, row=row, column=column,
                found=f"{said} also in {', '.join(name_place(str(other['locator'])) for other in rows[1:4])}",
                todo="say what tells them apart: another key column, path = true, a section, or a set for the column.",
            )
        )  # fmt: skip
    return faults


def say_remedy(column: str) -> str:
    """What mends a rule of the observations that fails on this column of its frame."""
    return _REMEDIES.get(column, _BAD_CODE)


_SHOWN_PATTERN = re.compile(r"""'/(?:[^'\\]|\\.)*/'|"/(?:[^"\\]|\\.)*/\"""")


def show_patterns(text: str) -> str:
    """A message whose patterns can be put back into a layout as they stand: in single quotes, without doubled
    backslashes."""
    return _SHOWN_PATTERN.sub(lambda match: quote(ast.literal_eval(match[0])), text)


def split_locator(locator: str) -> tuple[str, str, int, int]:
    """book.xlsx!Table 1!R4C2 -> book.xlsx, Table 1, 4, 2."""
    match = re.fullmatch(r"(?P<file>[^!]*)(?:!(?P<sheet>.*))?!R(?P<row>\d+)C(?P<column>\d+)", locator, re.S)
    if match is None:
        return locator, "", 0, 0
    return match["file"], match["sheet"] or "", int(match["row"]), int(match["column"])


def name_place(locator: str) -> str:
    """book.xlsx!Table 1!R4C2 -> Table 1!B4; table.csv!R4C2 -> row 4, column 2."""
    _, sheet, row, column = split_locator(locator)
    return _cell(sheet, row, column)


def _cell(sheet: str, row: int | None, column: int | str | None) -> str:
    if not sheet:
        return ", ".join([f"row {row}"] * bool(row) + [f"column {column}"] * bool(column)) or "the file"
    if not row:
        return sheet
    if isinstance(column, str) and column:
        return f"{sheet}!{row}, column {column!r}"
    return f"{sheet}!{name_letters(column)}{row}" if isinstance(column, int) and column else f"{sheet}!{row}:{row}"


def name_letters(column: int) -> str:
    """28 -> AB, as a spreadsheet names a column."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def group_faults(faults: Sequence[InputError]) -> tuple[FaultGroup, ...]:
    """Faults by problem and remedy, the form of the tables first, then the most frequent."""
    groups: dict[tuple[str, str], FaultGroup] = {}
    for fault in faults:
        problem = _generalise(fault.problem, fault.found)
        group = groups.setdefault((problem, fault.todo), FaultGroup(problem, fault.todo))
        place = _cell(fault.sheet, fault.row, fault.column)
        group.add(fault.found or "", f"{place} ({fault.more})" if fault.more else place)
    return _settle_groups(groups.values())


def group_bulk_faults(kinds: Sequence[FaultKind]) -> tuple[FaultGroup, ...]:
    """The same for the faults of a bulk file, which are counted already."""
    groups: dict[tuple[str, str], FaultGroup] = {}
    for kind in kinds:
        problem = _generalise(kind.problem, kind.found)
        group = groups.setdefault((problem, kind.todo), FaultGroup(problem, kind.todo))
        group.add(kind.found, *(_cell("", row, column) for row, column in kind.places), times=kind.count)
    return _settle_groups(groups.values())


def _settle_groups(groups: Iterable[FaultGroup]) -> tuple[FaultGroup, ...]:
    settled = sorted(groups, key=lambda group: (_rank(group.problem), -group.count))
    for group in settled:
        group.suggestion = _suggest(group)
    return tuple(settled)


def _generalise(problem: str, found: str | None) -> str:
    """The problem without the text that was found, so that the like of it come together."""
    if found:
        problem = problem.replace(repr(found), "the label")
    problem = re.sub(r"text where a figure belongs \(.*\)", "text where a figure belongs", problem)
    return re.sub(r"; nearest known: .*$", "", problem)


def _rank(problem: str) -> int:
    early = ("sheet", "table", "header", "title", "column", "text above", "row under", "declared")
    return 0 if any(word in problem for word in early) else 1


def _suggest_style(found: Sequence[str]) -> list[str]:
    """The keys that read figures of another style: (123), 1.234,5, 1 234, 12.5%."""
    figures = [text for text in found if is_figure(text)]
    style = guess_style(figures)
    keys = ["parentheses_negative = true"] if style.parentheses else []
    keys += [f"decimal_mark = {quote(style.decimal_mark)}"] if style.decimal_mark != "." else []
    keys += [f"thousands_mark = {quote(style.thousands_mark)}"] if style.thousands_mark != "," else []
    if any(fold(text).endswith("%") for text in figures):
        keys.append("percent_sign = true  # of the column, where each of its figures has one")
    return keys


def _suggest_blanks(found: Sequence[str], texts_too: bool) -> list[str]:
    """Lines for blank marks; where texts stand among figures, also for their style and the marks glued to them."""
    style = _suggest_style(found) if texts_too else []
    glued = dict.fromkeys(mark for text in found if texts_too and (mark := split_mark(text)[1]))
    short = [text for text in found if len(text) <= 16 and not is_figure(text) and not split_mark(text)[1]]
    marks = ["[marks]"] if glued else []
    marks += [f'{quote(mark)} = ""  # at figures: a status (P, E ...), or "" for a footnote' for mark in glued]
    blanks = ["[blanks]"] if short else []
    blanks += [f'{quote(text)} = "O"  # O missing, Q suppressed, M not applicable, L not collected' for text in short]
    blanks += ['# or, for less than half: { status = "A", value = 0, lower = -0.5, upper = 0.5 }'] if short else []
    return [*style, *marks, *blanks]


def _suggest(group: FaultGroup) -> str:
    """Lines for the layout that would settle the fault; what they say is for the reader to decide."""
    found = [text for text, _ in group.found.most_common(12)]
    if "sheet that the layout does not account for" in group.problem:
        return "\n".join(f'[[ignore_sheets]]\nsheet = {quote(plain(text))}\nreason = "..."' for text in found)
    belongs = "text where a figure belongs" in group.problem
    if belongs or "a blank that the layout" in group.problem:
        return "\n".join(_suggest_blanks(found, belongs))
    if match := re.search(r"is not in the code list (\w+)", group.problem):
        name = {"geographies": "geo", "items": "item", "flows": "flow", "measures": "measure"}.get(match[1])
        if name is None:
            return ""
        lines = [f'{quote(text)} = "..."' for text in found[:6]]
        scheme = f'\n# or, to take them over as printed:\n[fallback_schemes]\n{name} = "MY_SCHEME"'
        return "\n".join([f"[maps.{name}]", *lines]) + (scheme if name in ("geo", "item") else "")
    if group.problem == "unknown column":
        return "\n".join(f'[[columns]]\nheader = {quote(plain(t))}\nrole = "ignore"\nreason = "..."' for t in found[:6])
    if group.problem.startswith("text above the header"):
        return f"texts = [{', '.join(quote(plain(text)) for text in found[:6])}]"
    if group.problem.startswith("a row under the footnotes"):
        return "\n".join(f'[[rows]]\ntext = {quote(plain(text))}\nrole = "notes"' for text in found[:3])
    return ""
