"""A layout written from a first look: it reads ordinary tables as they are, and says what it had to assume."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import pyarrow as pa

from transforms.codelists import join_statuses, load_codelist, normalise_label, unit_labels
from transforms.drafting.check import name_letters
from transforms.drafting.find_tables import MOST_HEADER_ROWS, SeenSheet, SeenTable, guess_number_style, see_sheet
from transforms.drafting.form import (
    Form,
    KeyColumn,
    Shape,
    ValueColumn,
    name_labels,
    sign,
    sort_label_rows,
    split_columns,
)
from transforms.drafting.meanings import (
    BALANCE,
    NumberStyle,
    UnknownUnit,
    find_flow,
    find_geo,
    find_geos,
    find_unit,
    find_unknown_unit,
    guess_status,
    is_figure,
    is_foreign_side,
    is_known,
    is_money,
    is_year,
    map_period,
    name_side,
    read_legend,
    split_mark,
)
from transforms.drafting.titles import TitleParts, list_unknown, name_parts
from transforms.drafting.toml_text import (
    escape,
    fit_all,
    name_texts,
    plain,
    quote,
    quote_key,
    quote_list,
    write_table,
)
from transforms.errors import InputError
from transforms.grid import UNSTORED, Book
from transforms.layout import parse_layout
from transforms.observe import Readout, read_book_observations
from transforms.patterns import fold_heading, is_pattern, match_text, tidy
from transforms.periods import find_period, find_years

_EXPONENT = re.compile(r"[-+]?\d+(\.\d+)?[eE][-+]?\d+")
_NOTE_WORDS = re.compile(
    r"(?P<word>sources?|notes?|footnotes?|数据来源|资料来源|来源|注释?|备注|说明)\s*(?P<sign>[:：.]?)", re.I
)
# The day of publication is not the period of the figures.
_RELEASED = re.compile(r"\b(releas|publish|updated|revised on)|发布|更新", re.I)
_PRICE = 'price = "current"  # TODO at current prices?'
_CONTAINED = 6  # labels of the header that a draft names


@dataclass(frozen=True)
class Draft:
    """A drafted layout: its text, what was seen, what it assumes; problem says why it does not read yet (None: it does,
    and readout holds what it gives)."""

    text: str
    sheets: tuple[SeenSheet, ...]
    forms: tuple[Form, ...]
    style: NumberStyle
    assumptions: tuple[str, ...]
    problem: InputError | None
    readout: Readout | None = None

    @property
    def observations(self) -> pa.Table | None:
        return self.readout.observations if self.readout is not None else None

    @property
    def tables(self) -> list[SeenTable]:
        return [table for sheet in self.sheets for table in sheet.tables]

    @property
    def todos(self) -> int:
        return self.text.count("TODO")


@dataclass
class _Writer:
    lines: list[str] = field(default_factory=list)
    assumptions: list[str] = field(default_factory=list)

    def say(self, line: str = "", todo: str = "") -> None:
        self.lines.append(f"{line}  # TODO {todo}" if todo else line)

    def assume(self, sentence: str) -> None:
        if sentence not in self.assumptions:
            self.assumptions.append(sentence)


def draft_layout(book: Book, dataset: str, *, encoding: str = "utf-8", delimiter: str = ",", sheet: str = "") -> Draft:
    """A layout for every table of a file (of one sheet, where it is named), tried on the file itself.

    Raises InputError where the file has no such sheet, or no table at all.
    """
    if sheet and sheet not in {grid.sheet for grid in book.sheets}:
        raise InputError(f"no sheet {sheet!r}", file=book.file, found=", ".join(g.sheet for g in book.sheets),
                         todo="name one of these sheets with --sheet.")  # fmt: skip
    wanted = [grid for grid in book.sheets if not sheet or grid.sheet == sheet]
    sheets = tuple(_drop_bare(see_sheet(grid)) for grid in wanted)
    seen = [table for one in sheets for table in one.tables]
    style = guess_number_style(tuple(wanted))
    if not seen:
        raise InputError(
            "no table was found: nowhere stand figures under a row of headings", file=book.file,
            found=next((cell for g in wanted for row in g.cells for cell in row if cell), ""),
            todo=f"is it the right file? A draft looks for a header of at most {MOST_HEADER_ROWS} rows, without "
            "figures in them; for another form write the layout by hand: docs/layouts.md.",
        )  # fmt: skip
    forms = tuple(Form(tables) for tables in _group(seen))
    writer = _Writer()
    _write_file(writer, book, encoding, delimiter)
    for form in forms:
        _FormWriter(writer, form, dataset, style, several=len(forms) > 1, book=book).write()
    _write_ignored(writer, book, sheets, sheet)
    text = "\n".join(writer.lines) + "\n"
    problem, readout = _try_draft(text, book, dataset)
    if problem is not None:
        text, readout = _set_rows_aside(text, problem, book, dataset)
        problem = None if readout is not None else problem
    return Draft(text, sheets, forms, style, tuple(writer.assumptions), problem, readout)


def _drop_bare(seen: SeenSheet) -> SeenSheet:
    """The sheet without what looks like a table and has no column of figures: a list of series with their dates."""
    tables = tuple(table for table in seen.tables if split_columns(table)[0])
    words = () if tables else tuple(cell for row in seen.grid.cells for cell in row if cell)
    return replace(seen, tables=tables, words=words)


def _group(tables: Sequence[SeenTable]) -> list[list[SeenTable]]:
    """Tables of one form and one unit together. A unit stands over the first table of a sheet, for all below it."""
    groups: dict[object, list[SeenTable]] = {}
    units: dict[str, str] = {}
    for table in tables:
        sheet = table.page.grid.sheet
        units[sheet] = _find_unit(table) or units.get(sheet, "")
        groups.setdefault((sign(table), name_labels(table), units[sheet]), []).append(table)
    return list(groups.values())


def _try_draft(text: str, book: Book, dataset: str) -> tuple[InputError | None, Readout | None]:
    try:
        layout = parse_layout(text, f"{dataset}.toml")
        return None, read_book_observations(book, layout, dataset, "draft")
    except InputError as error:
        return error, None


def _set_rows_aside(text: str, problem: InputError, book: Book, dataset: str) -> tuple[str, Readout | None]:
    """The draft with the few rows set aside that cannot be read, or as it was where those are many or the form is
    what cannot be read."""
    head, files, tail = text.partition("\nfiles = ")
    first, rest = tail.split("\n", 1)
    _, readout = _try_draft(f'{head}{files}{first}\nbad_rows = "quarantine"\n{rest}', book, dataset)
    if readout is None or readout.quarantine.num_rows * 20 > readout.observations.num_rows:
        return text, None
    rows = readout.quarantine.num_rows
    todo = f"{rows} row{'s' * (rows > 1)} cannot be read, the first: {_inside(str(problem), 240)}"
    return f'{head}{files}{first}\nbad_rows = "quarantine"  # TODO {todo}\n{rest}', readout


def name_scheme(dataset: str) -> str:
    """The name of the scheme of local codes: DATASET, of letters, digits, . _ -"""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "_", dataset).strip("_.-").upper()
    return name if name[:1].isalpha() else f"D_{name}" if name else "OWN"


def _find_unit(table: SeenTable) -> str:
    for _, _, text in table.above:
        if unit := find_unit(text):
            return unit
    return next((unit for c in table.columns if c.number not in table.values and (unit := find_unit(c.heading))), "")


def _write_file(writer: _Writer, book: Book, encoding: str, delimiter: str) -> None:
    writer.say(
        f"# Drafted by `digitrade layout` from {book.file.splitlines()[0]}. Whatever had to be assumed is marked TODO:"
    )
    writer.say("# settle each with the publisher's notes beside you. docs/layouts.md explains every key.")
    writer.say(f"files = {quote_list([book.file])}")
    if encoding not in ("utf-8", "utf-8-bom"):
        writer.say(f"encoding = {quote(encoding)}")
    if delimiter != ",":
        writer.say(f"delimiter = {quote(delimiter)}")


def _write_ignored(writer: _Writer, book: Book, sheets: Sequence[SeenSheet], only: str) -> None:
    """The sheets without a table, and those that were not looked at."""
    for one in sheets:
        if one.tables or not one.words:
            continue
        writer.say()
        writer.say("[[ignore_sheets]]")
        writer.say(f"sheet = {quote(plain(one.grid.sheet))}")
        writer.say(f'reason = "no table was found on it; it begins: {_inside(one.words[0])}"')
    others = [grid for grid in book.sheets if only and grid.sheet != only and any(map(any, grid.cells))]
    for grid in others:
        writer.say()
        writer.say("[[ignore_sheets]]", "this sheet was not looked at (--sheet)")
        writer.say(f"sheet = {quote(plain(grid.sheet))}")
        writer.say('reason = "not looked at when the layout was drafted"')


def _inside(text: str, most: int = 60) -> str:
    """A text of the file inside quotes of the layout."""
    shown = tidy(text)
    shown = shown if len(shown) <= most else shown[:most] + "..."
    return shown.replace("\\", "/").replace('"', "'").replace("\x7f", "")


class _FormWriter:
    """Writes one table of the layout."""

    def __init__(
        self, writer: _Writer, form: Form, dataset: str, style: NumberStyle, *, several: bool, book: Book
    ) -> None:
        self.writer, self.form, self.style, self.book = writer, form, style, book
        self.several = several
        self.scheme = name_scheme(dataset)
        self.prefix = "tables." if several else ""
        self.local: dict[str, str] = {}  # column -> schemes or fallback_schemes
        self.maps: dict[str, dict[str, object]] = {}
        self.map_todos: dict[str, str] = {}
        self.given: set[str] = set()
        self.fixed: list[str] = []  # what all titles share, where groups say the rest
        self.said_by_groups: set[str] = set()
        self.rules: list[str] = []  # the one rule that a draft may need: what is an amount of money
        self.own: dict[str, tuple[str, str]] = {}  # column -> code of one's own that a constant uses, and its words

    def write(self) -> None:
        writer = self.writer
        columns = [line for part in (self._write_keys(), self._write_values()) for line in part]
        rows = list(self._write_rows())
        if self.several:
            writer.say()
            writer.say("[[tables]]")
        self._write_sheets()
        self._write_above()
        self._write_marks()
        self._write_header()
        constants = list(self._write_constants())
        self._section("constants", constants)
        for kind in ("schemes", "fallback_schemes"):
            chosen = [f"{name} = {quote(self.scheme)}" for name, k in self.local.items() if k == kind]
            self._section(kind, chosen)
        self._write_codes()
        self._write_blanks()
        for name, mapped in self.maps.items():
            lines = [f"{quote_key(text)} = {_write(said)}" for text, said in mapped.items()]
            self._section(f"maps.{name}", lines, self.map_todos.get(name, ""))
        for line in (*rows, *columns):
            writer.say(line)
        if self.rules:
            writer.say()
            writer.say("[[rules]]" if not self.several else "[[tables.rules]]", "at current prices?")
            writer.lines += self.rules

    def _section(self, name: str, lines: Sequence[str], todo: str = "") -> None:
        if lines:
            self.writer.say()
            self.writer.say(f"[{self.prefix}{name}]", todo)
            self.writer.lines += lines

    @property
    def tables(self) -> list[SeenTable]:
        return self.form.tables

    # --- around the table -------------------------------------------------------------------------------------------

    def _write_sheets(self) -> None:
        named = list(dict.fromkeys(table.page.grid.sheet for table in self.tables))
        if len([g for g in self.book.sheets if any(map(any, g.cells))]) > 1 or self.several:
            if any(named):
                self.writer.say(f"sheets = {quote_list([plain(name) for name in named])}")
            for table in self.tables:
                if table.page.grid.hidden:
                    self.writer.say(
                        f"# TODO the sheet {_inside(table.page.grid.sheet)} is hidden: are its figures meant?"
                    )
        if max(Counter(table.page.grid.sheet for table in self.tables).values()) > 1:
            self.writer.say("repeat = true")

    def _write_above(self) -> None:
        """The title, and the other words above the tables."""
        above = [[text for _, _, text in table.above] for table in self.tables]
        titles = [_choose_title(texts) for texts in above]
        patterns: list[str] = []
        named = name_parts(titles) if all(titles) and len(set(map(tidy, titles))) > 1 else None
        if (
            (named is None or "flow" not in named.groups)
            and "flow" not in self.form.used
            and (sides := _find_side_texts(above))
        ):
            patterns.append(_write_sides(sides))
            self._note_group("flow", [])
            self.said_by_groups |= set(sides)
            above = [[text for text in texts if text not in sides] for texts in above]
            titles = [_choose_title(texts) for texts in above]
            named = name_parts(titles) if all(titles) and len(set(map(tidy, titles))) > 1 else None
        others = [t for texts, title in zip(above, titles, strict=True) for t in texts if t != title]
        if all(titles):
            self._write_title(titles, named)
        else:
            others += [title for title in titles if title]
        if others or patterns:
            self.writer.say(f"texts = {quote_list(patterns + _declare_texts(list(dict.fromkeys(others))))}")

    def _write_title(self, titles: Sequence[str], named: TitleParts | None) -> None:
        if len(set(map(tidy, titles))) == 1:
            self.writer.say(f"title = {quote(plain(titles[0]))}")
            return
        used = self.form.used | self.given
        names = {} if named is None else {group: group for group in named.groups}
        if named is not None and "place" in names:
            about = bool(find_geo(named.head)) or "geo" in used or bool(re.search(r"\b(to|from|with)\s*$", named.head))
            names["place"] = "partner" if about else "geo"
        if named is not None and names and not used & set(names.values()):
            for group, name in names.items():
                self._note_group(name, named.groups[group])
                if name == "item":
                    self.local["item"] = "fallback_schemes"
            self.fixed.append(named.head)
            self.said_by_groups |= set(titles)
            unknown = list_unknown(named.groups.get("place", []))
            todo = f"the titles differ by {' and '.join(names.values())}" + (
                f"; not in our list, so taken as printed: {_inside('; '.join(dict.fromkeys(unknown)), 120)}"
                if unknown
                else ""
            )
            wanted = named.pattern
            for group, name in names.items():
                wanted = wanted.replace(f"(?P<{group}>", f"(?P<{name}>")
            self.writer.say(f"title = {quote(wanted)}", todo)
            return
        group = self._name_titles(titles)
        self.writer.say(f"title = {quote(fit_all(titles, group))}",
                        f"what differs between the titles is taken as {group}")  # fmt: skip

    def _name_titles(self, titles: Sequence[str]) -> str:
        """What the differing part of the titles says: the item where nothing else does, else a note."""
        free = self.form.next_free()
        if free != "item":
            return "note"
        self.local["item"] = "schemes"
        self.given.add("item")
        return "item"

    def _write_marks(self) -> None:
        say = self.writer.say
        marks = Counter[str]()
        for value in self.form.values:
            marks.update(value.column.marks)
        if self.style.decimal_mark != ".":
            say(f"decimal_mark = {quote(self.style.decimal_mark)}")
        if self.style.thousands_mark != ",":
            say(f"thousands_mark = {quote(self.style.thousands_mark)}")
        if self.style.parentheses:
            say("parentheses_negative = true", "figures in parentheses are taken as negative")
        cells = [cell for value in self.form.values for cell in value.column.cells]
        parts = [cell.rpartition(self.style.decimal_mark)[2] for cell in cells if self.style.decimal_mark in cell]
        if not any(t.page.grid.numbers for t in self.tables):
            if any(part.isdigit() and len(part) > 9 for part in parts):
                say('precision = "stored"', "figures of more than nine decimals: taken as unrounded machine values")
            elif parts and all(set(part) == {"0"} for part in parts) and len(parts) == sum(map(is_figure, cells)):
                say(
                    f"# TODO every figure ends in {self.style.decimal_mark}{parts[0]}: where the export adds it, "
                    "say decimals = 0"
                )
        if marks:
            self.mark_lines = [
                f'{quote_key(mark)} = ""  # TODO glued to {times} figures: a status (P, E ...), or "" for a footnote'
                for mark, times in marks.most_common()
            ]
        else:
            self.mark_lines = []

    def _write_header(self) -> None:
        self.writer.say()
        self.writer.say(f"[{self.prefix}header]")
        self.writer.say(f"contains = {quote_list(self._contained())}")
        if self.form.rows > 1:
            self.writer.say(f"rows = {self.form.rows}")
        if self.form.fill:
            self.writer.say("fill = true")
        self._section("marks", self.mark_lines)

    def _contained(self) -> list[str]:
        """Labels that every table of the form has in its header, the last row's first."""
        last = self._common(self.form.rows - 1)
        words = [text for text in last if not is_year(text)]
        years = [text for text in last if is_year(text)]
        chosen = (words + years)[:_CONTAINED]
        upper = [text for row in range(self.form.rows - 1) for text in self._common(row) if text not in chosen]
        if not chosen:
            chosen = [r"/(19|20)\d\d/"] if any(is_year(v.column.texts[-1]) for v in self.form.values) else ["/.+/"]
            labels = [k.texts[-1] for k in self.form.keys if k.texts[-1]]
            chosen = [plain(text) for text in labels if text in last] + chosen
            return [plain(text) for text in upper[:3]] + chosen
        if len(words) < 2:
            chosen += upper[: 3 - len(words)]
        return [plain(text) for text in chosen]

    def _common(self, row: int) -> list[str]:
        texts = [list(dict.fromkeys(c.texts[row] for c in table.columns if c.texts[row])) for table in self.tables]
        return [text for text in texts[0] if all(text in other for other in texts[1:])]

    # --- columns ----------------------------------------------------------------------------------------------------

    def _write_keys(self) -> Iterator[str]:
        for key in self.form.keys:
            yield ""
            yield "[[columns]]" if not self.several else "[[tables.columns]]"
            if key.of:  # in a list, so that it stands for every such column
                yield f"header = {quote_list([*(plain(t) if t != '/.*/' else t for t in key.texts[:-1]), '/.{0}/'])}"
            else:
                yield f"header = {quote(plain(key.heading))}"
            if key.nth > 1:
                yield f"nth = {key.nth}"
            yield f'role = "{key.role}"' + (f"  # TODO {key.todo}" if key.todo else "")
            if key.reason:
                yield f'reason = "{_inside(key.reason, 100)}"'
            if key.role == "key":
                yield from self._write_key(key)
            elif key.role == "status" and key.codes:
                self._map_statuses(key.codes)
            if key.of:
                yield f'of = "{key.of}"'
            if key.prefix and key.role == "note":
                yield f"prefix = {quote(key.prefix)}"
            if key.optional:
                yield "optional = true"

    def _map_statuses(self, codes: dict[str, object]) -> None:
        """Each text with the status that the legend points at, and its words beside it."""
        said = {text: read_legend(self._words, text) for text in codes}
        for text, code in codes.items():
            parts = [self._guess_status(part) for part in re.split(r"[,; ]+", text)]
            self.maps.setdefault("obs_status", {})[text] = join_statuses(parts) if all(parts) else code
        if words := [f"{text} = {_inside(words, 40)}" for text, words in said.items() if words]:
            self.map_todos["obs_status"] = f"the legend says: {'; '.join(words)}"

    def _guess_status(self, mark: str) -> str:
        words = read_legend(self._words, mark)
        return guess_status(words, of_value=True) or guess_status(words)

    @cached_property
    def _words(self) -> list[str]:
        """The words around the tables and on the sheets without figures: where a legend may stand."""
        shown = [text for table in self.tables for _, _, text in (*table.below, *table.above)]
        with_tables = {table.page.grid.sheet for table in self.tables}
        others = [c for g in self.book.sheets if g.sheet not in with_tables for row in g.cells for c in row if c]
        return list(dict.fromkeys(shown + others[:2000]))

    def _write_key(self, key: KeyColumn) -> Iterator[str]:
        yield f'column = "{key.column}"'
        self.given.add({"year": "period", "quarter": "period", "month": "period"}.get(key.column, key.column))
        if key.parse:
            yield f'parse = "{key.parse}"'
        if key.path:
            yield "path = true"
        if key.fill:
            yield "fill = true"
        if key.column in ("geo", "partner", "item") or (key.column == "unit" and key.local):
            self._allow_local(key.column)
        codes = dict(key.codes)
        if key.column == "flow":
            codes |= {t: {"flow": "T", "measure": "balance"} for t in key.distinct if normalise_label(t) in BALANCE}
        if codes:
            self.maps.setdefault(key.column, {}).update({text: code for text, code in codes.items() if code})
        if key.column == "unit_label":
            self.given |= {"unit", "unit_mult"}

    def _allow_local(self, name: str) -> None:
        """Labels that the code list does not know are taken over as printed, also those of a coming edition."""
        self.local.setdefault(name, "fallback_schemes")

    def _write_values(self) -> Iterator[str]:
        """Every column of figures; afterwards self.given holds what each of them says, constants say the rest."""
        families: dict[Shape, list[ValueColumn]] = {}
        for value in self.form.values:
            if not self._is_twin(value):
                families.setdefault(value.shape, []).append(value)
        before, each = set(self.given), []
        twins = [value for value in self.form.splits[0][0] if self._is_twin(value)]
        for write, column in [*((self._write_twin, twin) for twin in twins),
                              *((self._write_family, family) for family in families.values())]:  # fmt: skip
            self.given = set(before)
            yield from write(column)  # type: ignore[operator]
            each.append(self.given)
        self.given = set.intersection(*each)

    def _is_twin(self, value: ValueColumn) -> bool:
        return self._count_twins(value) > 1

    def _count_twins(self, value: ValueColumn) -> int:
        return max(sum(other.column.texts == value.column.texts for other in values) for values, _ in self.form.splits)

    def _write_twin(self, value: ValueColumn) -> Iterator[str]:
        """One of several columns of figures under the same heading (出口, 同比, 进口, 同比): told apart by counting."""
        values = self.form.splits[0][0]
        place = values.index(value)
        nth = sum(other.column.texts == value.column.texts for other in values[: place + 1])
        flow = next((p.text for v in values[place::-1] for row in v.pieces for p in row if p.name == "flow"), "")
        said = self._settled(value)
        if flow:
            balance = normalise_label(flow) in BALANCE
            said = {"flow": "T" if balance else load_codelist("flows").resolve(flow)} | said
            said = ({"measure": "balance"} if balance else {}) | said
        for piece in (piece for row in value.pieces for piece in row if piece.name in ("year", "period")):
            said[piece.name] = map_period(piece.text) or piece.text
        if unit := next((p.text for row in value.pieces for p in row if p.name == "unit_label"), ""):
            said["unit_label"] = unit
        for name in said:
            self.given.add("period" if name == "year" else name)
        yield ""
        yield "[[columns]]" if not self.several else "[[tables.columns]]"
        yield f"header = {quote(plain(value.column.heading))}"
        if nth > 1:
            yield f"nth = {nth}"
        yield f'role = "value"  # TODO column {nth} of this heading, from the left: does it speak of {flow or "this"}?'
        if said:
            yield f"set = {write_table(said)}"
        if value.percent:
            yield "percent_sign = true"

    def _settled(self, value: ValueColumn) -> dict[str, object]:
        """What a heading settles by its words: growth and shares are percentages."""
        names = {p.name for row in value.pieces for p in row}
        said: dict[str, object] = {}
        if names & {"growth", "share"} or value.percent:
            said["measure"] = "growth" if "growth" in names else "share"
            if "growth" in names:
                said["base_period"] = "@previous"
            else:
                said["reference"] = f"{self.scheme}:WHOLE"
                self.own["reference"] = (f"{self.scheme}:WHOLE", "TODO: what these figures are shares of")
            if "unit_label" not in names:
                said |= {"unit": "PERCENT", "unit_mult": 0}
        return said

    def _write_family(self, family: Sequence[ValueColumn]) -> Iterator[str]:
        said = self._settled(family[0])
        taken: set[str] = set()
        headers = [self._write_heading(row, family, taken) for row in range(self.form.rows)]
        if len(set(headers)) == 1 and len({v.column.heading for v in family}) == 1:
            headers = [plain(family[0].column.heading)] if not is_pattern(headers[0]) else headers[:1]
        single = len(headers) == 1
        yield ""
        yield "[[columns]]" if not self.several else "[[tables.columns]]"
        yield f"header = {quote(headers[0]) if single else quote_list(headers)}"
        marks = dict.fromkeys(p.name[5:] for v in family for row in v.pieces for p in row if p.name.startswith("mark:"))
        todos = ["a percentage: of what? say the reference"] if said.get("measure") == "share" else []
        todos += ["is the change that from a year before?"] if "base_period" in said else []
        for mark in marks:
            words = read_legend(self._words, mark)
            todos.append(f"the mark {mark}" + (f": {_inside(words, 80)}" if words else ": what does it mean?"))
            if status := guess_status(words, of_value=True):
                said["obs_status"] = status
        yield 'role = "value"' + (f"  # TODO {'; '.join(todos)}" if todos else "")
        if "flow" not in self.form.used and (flow := find_flow(" ".join(v.column.heading for v in family))):
            said["flow"] = flow
        self.given |= {"flow", "unit", "unit_mult"} & set(said)
        if said:
            yield f"set = {write_table(said)}"
        if any(v.percent for v in family):
            yield "percent_sign = true"
        if not all({v.shape for v in values} >= {family[0].shape} for values, _ in self.form.splits):
            yield "optional = true"

    def _write_heading(self, row: int, family: Sequence[ValueColumn], taken: set[str]) -> str:
        """One row of the headings of a family as a text, or as a pattern that says what it gives."""
        parts: list[str] = []
        grouped = False
        for place, piece in enumerate(family[0].pieces[row]):
            texts = [value.pieces[row][place].text for value in family]
            name = self.form.heading_dims.get(row, "") if piece.name == "?" else piece.name
            if name.startswith("mark:"):
                spaces = {text.startswith(" ") for text in texts}
                gap = " ?" if len(spaces) > 1 else " " if True in spaces else ""
                parts.append(gap + escape(tidy(name[5:])))
                continue
            if name in ("", "growth", "share") or name in taken:
                distinct = list(dict.fromkeys(texts))
                parts.append(_write_words(distinct))
                continue
            taken.add(name)
            grouped = True
            self._note_group(name, texts)
            parts.append(f"(?P<{name}>{name_texts(texts)})")
        if not parts:
            return ""
        texts = list(dict.fromkeys(value.column.texts[row] for value in family))
        if not grouped and len(texts) == 1:
            return plain(texts[0])
        return f"/{''.join(parts)}/"

    def _note_group(self, name: str, texts: Sequence[str]) -> None:
        self.given.add("period" if name in ("year", "quarter", "month") else name)
        if name in ("geo", "partner", "item"):
            self._allow_local(name)
        if name == "flow":
            found = {tidy(t): {"flow": "T", "measure": "balance"} for t in texts if normalise_label(t) in BALANCE}
            foreign = {tidy(t): name_side(t) for t in texts if is_foreign_side(t)}
            if found or foreign:
                self.maps.setdefault("flow", {}).update({**found, **foreign})
        if name == "period":
            odd = {tidy(text): code for text in texts if (code := map_period(text))}
            if odd:
                self.maps.setdefault("period", {}).update(odd)
                self.map_todos["period"] = "periods that had to be guessed"

    # --- rows -------------------------------------------------------------------------------------------------------

    def _write_rows(self) -> Iterator[str]:
        head = "[[rows]]" if not self.several else "[[tables.rows]]"
        sections = self.form.sections
        if sections:
            name = self.form.section_dim
            self._note_group(name, sections)
            if name == "item":
                self.local["item"] = "fallback_schemes"
            sides = {tidy(text): name_side(text) for text in sections} if name == "flow" else {}
            for text, side in sides.items():
                code: object = {"flow": "T", "measure": "balance"} if side == "balance" else side
                if (side and not is_known("flow", text)) or side == "balance":
                    self.maps.setdefault("flow", {})[text] = code
            inside = "|".join(escape(tidy(text)) for text in sections)
            yield ""
            yield head
            yield f"text = {quote(f'/(?P<{name}>{inside})/')}"
            yield f'role = "section"  # TODO these rows head the rows below them; they are taken as {name}'
        others = [t.first_text(i) for t in self.tables for i, kind in sort_label_rows(t).items() if kind == "other"]
        others += [text for text in self.form.flat_texts if text not in sections]
        labels = {t.first_text(i) for t in self.tables for i in t.data}
        if any(key.path for key in self.form.keys):
            for text in self.form.of_which:
                yield ""
                yield head
                yield f"text = {quote(plain(text))}"
                yield 'role = "heading"'
            others = [text for text in others if text not in self.form.of_which]
        for text in dict.fromkeys(others):
            yield ""
            yield head
            if text in labels:  # rows of figures begin with it too
                yield f"text = {quote(f'/(?P<note>{escape(tidy(text))})/')}"
                yield 'role = "section"  # TODO words between the figures, taken as a note'
                continue
            yield f"text = {quote(plain(text))}"
            yield 'role = "ignore"  # TODO words between the figures: do they say anything of them?'
            yield 'reason = "words between the figures"'
        for wanted in self._notes():
            yield ""
            yield head
            yield f"text = {quote(wanted)}"
            yield 'role = "notes"'

    def _notes(self) -> list[str]:
        """How the words under the tables begin: a text or pattern for the first row of each."""
        firsts = dict.fromkeys(table.below[0][2] for table in self.tables if table.below)
        labels = {table.first_text(i) for table in self.tables for i in (*table.data, *table.labels_only)}
        found: dict[str, None] = {}
        for text in firsts:
            match = _NOTE_WORDS.match(tidy(text))
            start = match[0] if match else " ".join(tidy(text).split(" ")[:4])
            wanted = f"/{escape(tidy(start))}.*/" if len(tidy(text)) > len(start) else plain(text)
            if any(match_text(wanted, label) is not None for label in labels):
                wanted = plain(text)
            found[wanted] = None
        return list(found)

    # --- what holds for all figures ---------------------------------------------------------------------------------

    def _hints(self) -> list[str]:
        above = [text for table in self.tables for _, _, text in table.above]
        same = [key.distinct[0] for key in self.form.keys if key.role == "ignore" and len(key.distinct) == 1]
        heads = [value.column.heading for value in self.form.values]
        by_name = {k.heading.casefold(): k.distinct[0] for k in self.form.keys if len(k.distinct) == 1}
        if {"uom", "scalar_factor"} <= set(by_name):
            same.append(f"{by_name['scalar_factor']} of {by_name['uom']}")
        return [*above, *same, *dict.fromkeys(t.page.grid.sheet for t in self.tables), *heads, self.book.file]

    def _write_constants(self) -> Iterator[str]:
        given, hints = self.given | ({self.form.section_dim} if self.form.section_dim else set()), self._hints()
        assume = self.writer.assume
        if "geo" not in given:
            geo = self._find_place()
            code = geo or f"{self.scheme}:PLACE"
            if not geo:
                self.own["geo"] = (code, "TODO: the place these figures are about")
            yield f"geo = {quote(code)}  # TODO whose trade?" + (" a title names it" if geo else " no table says so")
            assume(f"geo = {code} for all figures" + ("" if geo else ": no table says whose trade it is"))
        if "partner" not in given:
            named = [place for text in self.fixed for place in find_geos(text)]
            partner = named[1] if len(named) == 2 else "W"
            yield f'partner = "{partner}"  # TODO ' + (
                "trade with the world?" if partner == "W" else "the titles name it second: the partner?"
            )
            assume("partner = W, the world" if partner == "W" else f"partner = {partner}, named second by the titles")
        if "flow" not in given:
            flow = self._find_flow()
            yield f'flow = "{flow}"  # TODO ' + (
                "exports?" if flow == "X" else "imports?" if flow == "M" else "which flow?"
            )
            assume(f"flow = {flow}")
        if "item" not in given:
            self.own["item"] = (f"{self.scheme}:ALL", "TODO: what these figures measure")
            yield f'item = "{self.scheme}:ALL"  # TODO what is measured? A code of our list, or one of your own (codes)'
            assume(f"item = {self.scheme}:ALL, a code of your own")
        if "period" not in given:
            hints = [text for text in hints if not _RELEASED.search(text)]
            years = next((found for text in hints if (found := find_years(text))), [])
            said = next((code for text in hints if (code := find_period(text))), "")
            said = said or (years[0] if len(set(years)) == 1 else "")
            yield f"period = {quote(said)}  # TODO " + ("as a title or name says" if said else "no table says when")
            assume(f"period = {said or 'not stated'}")
        if "measure" not in given:
            yield 'measure = "value"'
        yield from self._write_unit()

    def _find_place(self) -> str:
        """The one place that the words around the tables name; headings of columns do not say whose trade it is."""
        texts = [*self.fixed, *(t for t in self._hints()[:-1] if t not in self.said_by_groups)]
        heads = {value.column.heading for value in self.form.values}
        found = [place for text in texts if text not in heads and (place := find_geo(text))]
        if places := [place for text in self.fixed for place in find_geos(text)]:
            return places[0]
        return found[0] if len(set(found)) == 1 else ""

    def _find_flow(self) -> str:
        """The flow that the words name, where none of them names the other one."""
        found = {flow for text in self._hints() if (flow := find_flow(text))}
        return found.pop() if len(found) == 1 else "N"

    def _write_unit(self) -> Iterator[str]:
        labelled = [any(p.name == "unit_label" for row in v.pieces for p in row) for v in self.form.values]
        settled = [bool(self._settled(value)) for value in self.form.values]
        by_row = any(k.role == "unit" or k.column in ("unit", "unit_label") for k in self.form.keys)
        if by_row:
            keys = [k for k in self.form.keys if k.role == "unit" or k.column in ("unit", "unit_label")]
            units = [_find_unit_code(key, text) for key in keys for text in key.distinct]
            money = sorted({unit for unit in units if re.fullmatch(r"[A-Z]{3}", unit)})
            if any(k.role == "key" and k.column == "unit" for k in self.form.keys) and "unit_mult" not in self.given:
                yield "unit_mult = 0  # TODO single units?"
            if money and all(unit in money for unit in units):
                yield _PRICE
            elif money:
                self.rules = [f"when = {write_table({'unit': money})}", 'then = { price = "current" }']
            return
        if all(one or other for one, other in zip(labelled, settled, strict=True)):
            if any(p.name == "unit_label" and is_money(p.text) for v in self.form.values for r in v.pieces for p in r):
                yield _PRICE
            return
        unit = next((found for table in self.tables if (found := _find_unit(table))), "")
        if unit:
            yield f"unit_label = {quote(unit)}  # TODO as printed: is it the unit of every column?"
        else:
            beside = [one for text in self._hints()[:-1] if (one := find_unit(text)) and is_money(one)]
            unknown = next((u for text in self._hints()[:-1] if (u := find_unknown_unit(text))), None)
            if beside:
                unit = beside[0]
                yield f"unit_label = {quote(unit)}  # TODO printed beside some of the figures: is it the unit of all?"
                self.writer.assume(f"unit_label = {unit} for all figures")
            elif unknown is not None:
                yield from self._write_unknown(unknown)
            else:
                yield 'unit = "COUNT"  # TODO no unit is printed: which one?'
                if "unit_mult" not in self.given:
                    yield "unit_mult = 0  # TODO single units?"
                self.writer.assume("unit = COUNT: no unit of ours is printed")
                yield '# price = "current"  # TODO where these are current prices, say so'
                return
        if not unit or is_money(unit):
            yield _PRICE

    def _write_unknown(self, printed: UnknownUnit) -> Iterator[str]:
        """A unit that is printed in words our list does not hold: what can be said of it, and the words."""
        code = printed.unit
        if not code:
            code = f"{self.scheme}:UNIT"
            self.own["unit"] = (code, f"TODO: {_inside(printed.text)}")
        yield f'unit = {quote(code)}  # TODO printed is "{_inside(printed.text)}": which unit of ours is that?'
        yield f'unit_mult = {printed.power}  # TODO the power of ten in "{_inside(printed.text)}"?'
        self.writer.assume(f"unit = {code}, unit_mult = {printed.power}: {printed.text}")

    def _write_codes(self) -> None:
        """Own codes that the constants use, with their words."""
        for name, (code, label) in self.own.items():
            self._section(f"codes.{name}", [f"{quote(code)} = {quote(label)}"])

    def _write_blanks(self) -> None:
        found: Counter[str] = Counter()
        places: dict[str, str] = {}
        # a heading among the figures is no blank: another table begins there
        heads = {fold_heading(text) for t in self.tables for c in t.columns for text in c.texts if text}
        for (values, _), table in zip(self.form.splits, self.tables, strict=True):
            for value in values:
                for cell, index in zip(value.column.cells, table.data, strict=True):
                    if (
                        cell == UNSTORED
                        or fold_heading(cell) in heads
                        or is_figure(cell)
                        or is_year(cell)
                        or split_mark(cell)[1]
                        or _EXPONENT.fullmatch(cell)
                    ):
                        continue
                    found[cell] += 1
                    places.setdefault(cell, name_cell(table, index, value.column.number))
        lines = []
        for mark, times in found.most_common():
            shown = "an empty cell" if mark == "" else "a text" if any(map(str.isdigit, mark)) else "a mark"
            words = read_legend(self._words, mark)
            said = f'"{_inside(words, 90)}"' if words else "what does the publisher say of it?"
            lines.append(
                f'{quote(mark)} = "{guess_status(words) or "O"}"  # TODO {shown}, {times} times, first {places[mark]}: '
                f"{said}"
            )
        self._section("blanks", lines)


def _write_words(texts: Sequence[str]) -> str:
    """Words of a heading that say nothing, as part of a pattern; their spaces count."""
    shown = list(dict.fromkeys(re.sub(r"\s+", " ", text) for text in texts))
    inside = "|".join(escape(text) for text in shown)
    if len(shown) == 1:
        return inside
    return f"({inside})" if len(shown) <= 14 else r".+? " if all(t.endswith(" ") for t in shown) else ".+?"


def name_cell(table: SeenTable, index: int, column: int) -> str:
    """A cell as a spreadsheet names it: Table 1!C5."""
    sheet = f"{table.page.grid.sheet}!" if table.page.grid.sheet else ""
    return f"{tidy(sheet)}{name_letters(column)}{index + 1}"


def _find_unit_code(key: KeyColumn, text: str) -> str:
    """The unit that a cell of a column of units says, '' for one that our lists do not know."""
    said = key.codes.get(text)
    if isinstance(said, str) and said:
        return said
    units = load_codelist("units")
    known = units.labels.get(normalise_label(text), text if text in units.codes else "")
    return known or unit_labels().get(normalise_label(text), ("", 0))[0]


def _write(said: Any) -> str:
    return write_table(said) if isinstance(said, dict) else quote(str(said))


_SIDE_WORD = re.compile(r"\b(?:exports?|imports?|credits?|debits?|balances?)\b|出口|进口|差额", re.I)


def _choose_title(texts: Sequence[str]) -> str:
    return max((t for t in texts if find_unit(t) != t and not find_unknown_unit(t) and len(t) > 6), key=len, default="")


def _find_side_texts(above: Sequence[Sequence[str]]) -> list[str]:
    """The one text above each table that names a side of trade, where the sides differ; [] where that is not so."""
    found = [[text for text in texts if len(_SIDE_WORD.findall(text)) == 1 and len(text) <= 60] for texts in above]
    if not found or any(len(texts) != 1 for texts in found):
        return []
    words = {match[0].casefold() for (text,) in found if (match := _SIDE_WORD.search(text))}
    return [texts[0] for texts in found] if len(words) > 1 else []


def _write_sides(texts: Sequence[str]) -> str:
    """服務輸出 Exports of services, 服務輸入 Imports of services -> a pattern whose group flow takes the side."""
    found = [match for text in dict.fromkeys(map(tidy, texts)) if (match := _SIDE_WORD.search(text))]
    before = _write_words([match.string[: match.start()] for match in found])
    after = _write_words([match.string[match.end() :] for match in found])
    return f"/{before}(?P<flow>{name_texts([match[0] for match in found])}){after}/"


def _declare_texts(texts: Sequence[str]) -> list[str]:
    """The words above the tables: each by itself, or by what they share where they are many."""
    if len(texts) <= 6:
        return [plain(text) for text in texts]
    if all(re.fullmatch(r"[A-Z]{1,3}\d{0,3}", text) for text in texts):
        return [r"/[A-Z]+\d*/"]
    short = [text for text in texts if re.fullmatch(r"[A-Z]{1,3}\d{0,3}", text)]
    rest = [text for text in texts if text not in short]
    return ([r"/[A-Z]{1,3}\d{0,3}/"] if short else []) + [plain(text) for text in rest]
