"""Tables of one form: which of their columns hold figures and which labels, and what each of them gives."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from transforms.drafting.find_tables import SeenColumn, SeenTable
from transforms.drafting.headings import Piece, is_identifier, is_numbering, is_whole_year, name_heading, read_heading
from transforms.drafting.meanings import (
    find_scheme,
    is_blank_mark,
    is_figure,
    is_known,
    is_period,
    is_year,
    map_period,
    name_side,
    share_known,
    split_mark,
)
from transforms.patterns import tidy

FREE = ("item", "activity", "mode")  # where labels go that nothing else says anything of, in this order
_MOST_MARK = 24  # a longer text in a column of figures is no mark
_KEYS = ("geo", "partner", "item", "flow", "activity", "measure", "mode", "unit")
_BY_PARTNER = re.compile(
    r"\b(by|with)\b.*\b(countr(y|ies)|partners?|destinations?|origins?|continents?)\b|国别|伙伴", re.I
)
_ENOUGH = {"geo": 0.5, "item": 0.4, "flow": 0.9, "unit_label": 0.9}

Shape = tuple[tuple[str, ...], ...]  # for each header row, what its parts give


@dataclass(frozen=True)
class ValueColumn:
    """A column of figures, with what each row of its heading says."""

    column: SeenColumn
    pieces: tuple[tuple[Piece, ...], ...]
    percent: bool

    @property
    def shape(self) -> Shape:
        return (*(tuple(piece.name for piece in row) for row in self.pieces), ("%",) if self.percent else ())


@dataclass
class KeyColumn:
    """A column beside the figures: its heading, and the role and column it is given; cells over all tables."""

    texts: tuple[str, ...]
    nth: int
    cells: list[str]
    role: str = "key"
    column: str = ""
    parse: str = ""
    reason: str = ""
    fill: bool = False
    path: bool = False
    optional: bool = False
    prefix: str = ""
    of: str = ""  # a status column speaks of the figures to its left
    codes: dict[str, object] = field(default_factory=dict)  # what the column's code list does not know -> code
    todo: str = ""
    local: bool = False  # labels of the publisher's own are met

    @property
    def heading(self) -> str:
        kept = [t for place, t in enumerate(self.texts) if t and (place == 0 or t != self.texts[place - 1])]
        return " | ".join(kept)

    @property
    def distinct(self) -> list[str]:
        return [cell for cell in dict.fromkeys(self.cells) if cell]


def is_percent(column: SeenColumn) -> bool:
    figures = [cell for cell in column.cells if is_figure(cell) or split_mark(cell)[1]]
    return bool(figures) and sum("%" in cell or "％" in cell for cell in figures) * 2 > len(figures)


def split_columns(table: SeenTable) -> tuple[list[ValueColumn], list[SeenColumn]]:
    """The columns of figures of a table, and those beside them."""
    headed = {c.number: read_heading(c.texts[-1]) for c in table.columns}
    numbering = _find_numbering(table)
    values: list[SeenColumn] = [
        c for c in table.columns if c.number not in numbering and _holds_figures(c, headed[c.number])
    ]
    named_values = [c for c in values if name_heading(c.heading) == "value"]
    if named_values:  # where a column says that it holds the values, numbers under other unknown words are codes
        values = [c for c in values if c in named_values or headed[c.number][0].name not in ("?", "")]
    years = [c for c in table.columns if _holds_years(c) and c not in values]
    if not values and len(years) > 1:
        values = years[1:]
    first = min((c.number for c in values), default=0)
    for column in table.columns:
        if column in values or not first or (column.number > first and holds_statuses(column)):
            continue
        names = {piece.name for piece in headed[column.number]}
        named = name_heading(column.heading) in ("", "value")
        if (
            (_holds_years(column) and (names & {"year", "period", "flow"} or (column.number > first and named)))
            or (
                _holds_marks(column)
                and column.number > first
                and (names & {"year", "period", "flow"} or (named and column.heading and not named_values))
            )
            or (not column.distinct and names & {"year", "period"})
        ):
            values.append(column)
    values = [c for c in values if c.heading] or values
    values.sort(key=lambda c: c.number)
    chosen = {c.number for c in values}
    beside = [c for c in table.columns if c.number not in chosen and (c.heading or c.distinct)]
    if not table.page.grid.sheet:  # cells of a text file beyond its headings are rows gone wrong, left to the reading
        headed_to = max((c.number for c in table.columns if c.heading), default=0)
        beside = [c for c in beside if c.heading or c.number < headed_to or c.kinds["empty"] * 2 < len(c.cells)]
    return [ValueColumn(c, _pieces(c), is_percent(c)) for c in values], beside


def _find_numbering(table: SeenTable) -> set[int]:
    """The columns left of the labels whose cells run 1, 2, 3 ... down the rows."""
    labels = min((c.number for c in table.columns if c.kinds["text"] * 2 > len(c.cells)), default=0)
    return {c.number for c in table.columns if c.number < labels and runs_down(c.cells)}


def runs_down(cells: Sequence[str]) -> bool:
    """1, 2, 3 ... in one or several runs that each begin with 1."""
    numbers = [int(cell.rstrip(".")) if re.fullmatch(r"\d{1,4}\.?", cell) else 0 for cell in cells]
    steps = all(n == 1 or n == before + 1 for before, n in pairwise(numbers))
    return len(numbers) > 2 and numbers[0] == 1 and steps and max(numbers) > 2


def holds_statuses(column: SeenColumn) -> bool:
    """A column without a heading of its own that holds nothing but letters: p, e, b or "p, b" beside a figure."""
    own = not column.texts[-1]
    return own and bool(column.distinct) and all(re.fullmatch(r"[A-Za-z]{1,2}([,; ]+[A-Za-z]{1,2})*", cell)
                                                 for cell in column.distinct)  # fmt: skip


def _pieces(column: SeenColumn) -> tuple[tuple[Piece, ...], ...]:
    """What each row of the heading says; a text that a merged cell repeats says nothing the second time."""
    found: list[tuple[Piece, ...]] = []
    for place, text in enumerate(column.texts):
        pieces = read_heading(text)
        if text and text in column.texts[place + 1 :]:
            pieces = (Piece("", pieces[0].text if len(pieces) == 1 else text),)
        found.append(pieces)
    dated = any(piece.name in ("year", "period") for pieces in found for piece in pieces)
    if dated and is_whole_year(column.texts[-1]):
        found[-1] = (Piece("", column.texts[-1]),)
    return tuple(found)


def _holds_figures(column: SeenColumn, pieces: tuple[Piece, ...]) -> bool:
    kinds, name = column.kinds, name_heading(column.heading)
    if name == "period" and len(column.texts) > 1 and is_whole_year(column.texts[-1]):
        name = ""  # Jahr, beside the quarters of a year
    figures = kinds["figure"] + kinds["marked"]
    if not kinds["figure"] or name in (
        "unit_mult",
        "decimals",
        "note",
        "obs_status",
        "conf_status",
        "period",
        "method",
    ):
        return False
    same = len(column.distinct) == 1 and len(column.cells) >= 5 and column.distinct[0].isdigit() and not name
    if same and {piece.name for piece in pieces} <= {"?", ""}:
        return False  # a code that is the same in every row
    if is_numbering(column.heading) and all(re.fullmatch(r"\d+\.?", cell) for cell in column.distinct):
        return False
    if name in _KEYS and (re.search(r"code|iso|m49|\bid\b|编码|代码", column.heading, re.I) or _is_coded(name, column)):
        return False
    texts = [cell for cell in column.cells if cell and not is_figure(cell) and not is_year(cell)]
    words = [cell for cell in texts if not split_mark(cell)[1]]
    long = [cell for cell in words if len(cell) > _MOST_MARK]
    if name in _KEYS and pieces and pieces[0].name == "?" and any(map(str.isalpha, "".join(words))):
        return False
    return not long and (kinds["text"] * 2 <= figures or len(set(words)) <= 3)


def _is_coded(name: str, column: SeenColumn) -> bool:
    return name in ("geo", "partner", "item") and find_scheme(name, column.distinct)[1] >= 0.8


def _holds_years(column: SeenColumn) -> bool:
    """Years, or figures that look like years, and blank marks."""
    years = [cell for cell in column.distinct if is_year(cell)]
    return bool(years) and all(is_year(cell) or is_blank_mark(cell) for cell in column.distinct)


def _holds_marks(column: SeenColumn) -> bool:
    """Nothing but blank marks: a column of figures of which none is published."""
    others = len(column.cells) - column.kinds["blank"] - column.kinds["empty"]
    return others == 0 and any(cell and not cell.isalnum() for cell in column.distinct)


class Form:
    """Tables that one [[tables]] describes: the same columns of labels, figures headed in the same way."""

    def __init__(self, tables: Sequence[SeenTable]) -> None:
        self.tables = list(tables)
        self.splits = [split_columns(table) for table in tables]
        self.values = [value for values, _ in self.splits for value in values]
        self.rows = tables[0].rows
        self.fill = any(table.fill for table in tables)
        self.keys = self._gather_keys()
        self.heading_dims: dict[int, str] = {}
        self.section_dim = ""
        self._find_pairs()
        self._find_paths()
        self._name_known()
        self._name_free()

    @cached_property
    def signature(self) -> object:
        return sign(self.tables[0])

    # --- columns of labels ------------------------------------------------------------------------------------------

    def _gather_keys(self) -> list[KeyColumn]:
        keys: dict[tuple[str, int], KeyColumn] = {}
        for values, beside in self.splits:
            chosen = {value.column.number for value in values}
            seen: Counter[str] = Counter()
            for column in beside:
                seen[column.heading] += 1
                place = (column.heading, seen[column.heading])
                key = keys.setdefault(place, KeyColumn(column.texts, place[1], []))
                key.cells += column.cells
                if column.number - 1 in chosen and holds_statuses(column):
                    key.of = "left"
        for key in keys.values():
            key.optional = not key.distinct
        return _join_statuses(list(keys.values()))

    def _find_pairs(self) -> None:
        """A column that only gives the label of another's code (or the code of its label) says nothing more."""
        words = [
            k
            for k in self.keys
            if len(k.distinct) > 1 and not k.of and not is_numbering(k.heading) and not runs_down(k.cells)
        ]
        for place, one in enumerate(words):
            for other in words[place + 1 :]:
                if one.reason or other.reason or len(one.cells) != len(other.cells):
                    continue
                pairs = set(zip(one.cells, other.cells, strict=True))
                if len(pairs) > 1.1 * max(len(set(one.cells)), len(set(other.cells))):
                    continue
                if min(len(one.distinct), len(other.distinct)) < 0.8 * len(pairs):
                    continue
                if len(pairs) < 6 and not _are_twins(one, other):
                    continue
                if {name_heading(one.heading), name_heading(other.heading)} & {"period", "note", "obs_status", "unit"}:
                    continue
                poorer = other if _readable(one) >= _readable(other) else one
                richer = one if poorer is other else other
                poorer.role, poorer.reason = "ignore", f"says the same as {richer.heading or 'the column beside it'}"

    def _find_paths(self) -> None:
        """Labels under labels: in neighbouring columns of which each row fills one, or by indent."""
        headings: set[tuple[str, int]] = set()
        for table, (values, beside) in zip(self.tables, self.splits, strict=True):
            headings |= self._find_path(table, values, beside)
        for key in self.keys:
            if key.role == "key" and (key.heading, key.nth) in headings:
                key.path = True
        for key in self.keys:
            if not key.path and key.role == "key":
                key.fill = self._is_filled_down(key)

    def _find_path(self, table: SeenTable, values: list[ValueColumn], beside: list[SeenColumn]) -> set[tuple[str, int]]:
        """The columns of one table that hold labels under labels, as (heading, which of that heading)."""
        first = min((v.column.number for v in values), default=0)
        left = [c for c in beside if c.number < first and c.kinds["text"] and name_heading(c.heading) != "period"]
        bare = [c for c in left if not c.heading] or left
        rows = list(zip(*(c.cells for c in bare), strict=True)) if len(bare) > 1 else []
        single = sum(sum(map(bool, row)) == 1 for row in rows)
        deeper = self._rows_above_deeper(table)
        chosen: list[SeenColumn] = []
        if rows and single >= 0.9 * len(rows) and len(rows) > 1:
            chosen = bare
        elif left:
            indented = [c for c in left if len({i for i, cell in zip(c.indents, c.cells, strict=True) if cell}) > 1]
            if indented or deeper:
                chosen = (indented or left)[:1]
        return {(c.heading, self._nth(beside, c)) for c in chosen}

    def _rows_above_deeper(self, table: SeenTable) -> bool:
        return any(kind == "heading" for kind in sort_label_rows(table).values())

    @staticmethod
    def _nth(beside: list[SeenColumn], column: SeenColumn) -> int:
        same = [c for c in beside if c.heading == column.heading]
        return same.index(column) + 1

    def _is_filled_down(self, key: KeyColumn) -> bool:
        """Empty under its first rows, while a column beside it is filled in every row."""
        empty = sum(not cell for cell in key.cells)
        others = [k for k in self.keys if k is not key and k.role == "key" and k.cells and all(k.cells)]
        named = name_heading(key.heading) not in ("note", "obs_status")
        return bool(0 < empty < len(key.cells) and key.cells[0] and others and named and not key.reason)

    # --- what they give ---------------------------------------------------------------------------------------------

    @property
    def used(self) -> set[str]:
        names = {p.name for value in self.values for row in value.pieces for p in row if not p.name.startswith("mark:")}
        names |= {key.column for key in self.keys if key.role == "key" and key.column}
        names |= set(self.heading_dims.values()) | {self.section_dim}
        if names & {"year", "period", "quarter", "month"}:
            names.add("period")
        if names & {"growth", "share"}:
            names.discard("measure")
        return names - {"", "?"}

    def _name_known(self) -> None:
        """Columns whose heading or content says what they give; then the rows of headings."""
        paths = [key for key in self.keys if key.path]
        for key in self.keys:
            if key.role == "ignore" or key.of:
                continue
            if is_numbering(key.heading) or runs_down(key.cells):
                _set_numbering(key)
                continue
            if is_identifier(key.heading):
                key.role, key.reason = "ignore", "the publisher's number of what other columns say"
                continue
            if not key.distinct:
                named = name_heading(key.heading) == "obs_status"
                key.role, key.prefix = ("status", "") if named else ("note", f"{key.heading}: " if key.heading else "")
                continue
            if key.path:
                name = _best_name("", [c for k in paths for c in k.distinct])
                if name == "geo" and self._is_about_partners():
                    name = "partner"
                key.column = name if name in ("geo", "partner", "item") and name not in self._others(paths) else "?"
                continue
            self._name_key(key)
        for row in range(self.rows):
            labels = self.heading_labels(row)
            if len(labels) < 2 and (self.rows == 1 or len(self.tables) == 1 or not labels):
                continue
            name = _best_name("", labels)
            if name == "geo" and "geo" in self.used:
                name = "partner"
            if name in ("geo", "partner", "item") and name not in self.used:
                self.heading_dims[row] = name

    def _others(self, keys: list[KeyColumn]) -> set[str]:
        return {k.column for k in self.keys if k not in keys and k.role == "key"}

    def _name_key(self, key: KeyColumn) -> None:
        name = _best_name(name_heading(key.heading), key.distinct)
        taken = self.used
        if name == "geo" and ("geo" in taken or self._is_about_partners()):
            name = "partner" if "partner" not in taken else "?"
        if name == "method" and len(key.distinct) > 1:
            key.column = "method"
        elif name in ("note", "obs_status", "unit", "decimals"):
            given = {"unit given"} if any(k.role == "unit" or k.column.startswith("unit") for k in self.keys) else set()
            _set_beside(key, name, taken | given | {name_heading(k.heading) for k in self.keys} - {"unit"})
        elif name == "period" and ("period" not in taken or not _is_part(key)):
            _set_period(key, taken)
        elif name and name not in taken and name != "?":
            _set_key(key, name)
        else:
            key.column = "?"
        if key.column == "?" and len(key.distinct) == 1 and len(key.cells) >= 5 and all(key.cells):
            key.role, key.reason = "ignore", f"the same in every row: {key.distinct[0]}"
            key.column = ""

    def _is_about_partners(self) -> bool:
        """The title says that the places are those traded with."""
        titles = [text for table in self.tables for _, _, text in table.above]
        return any(_BY_PARTNER.search(text) for text in titles)

    def heading_labels(self, row: int) -> list[str]:
        """The texts of one row of the headings of figures that no word of ours explains."""
        return list(
            dict.fromkeys(piece.text for value in self.values for piece in value.pieces[row] if piece.name == "?")
        )

    def _name_free(self) -> None:
        """Labels that our lists do not know: the item first, then activity and mode; what is left is noted."""
        paths = [key for key in self.keys if key.path and key.column == "?"]
        groups = ([paths] if paths else []) + [[k] for k in self.keys if k.column == "?" and not k.path]
        for group in groups:
            name = self.next_free()
            for key in group:
                if name and not (len(key.distinct) > 0 and _average_length(key) > 120):
                    key.column, key.local = name, name == "item"
                    key.todo = f"what do these labels say? They are taken as {name}, as printed"
                else:
                    key.role, key.column, key.path, key.fill = "note", "", False, False
                    key.prefix, key.todo = f"{key.heading}: " if key.heading else "", "what does this column say?"
        for row in range(self.rows):
            labels = self.heading_labels(row)
            several = len(labels) > 1 or len({v.shape for v in self.values}) > 1
            several &= len(labels) > 1 or not labels or name_heading(labels[0]) != "value"
            if row not in self.heading_dims and labels and several and (name := self.next_free()):
                self.heading_dims[row] = name
        if sections := self.sections:
            name = "flow" if all(map(name_side, sections)) else _best_name("", sections)
            fits = name in ("flow", "geo", "item", "period") and name not in self.used
            self.section_dim = name if fits else self.next_free() or "note"

    @cached_property
    def sections(self) -> list[str]:
        """The texts of rows that head those below them; where some of them say a flow, only those."""
        texts = self.flat_texts
        return [text for text in texts if name_side(text)] or texts

    @cached_property
    def flat_texts(self) -> list[str]:
        """The texts of rows without figures, under which no row lies deeper."""
        texts = dict.fromkeys(text for table in self.tables for text in section_texts(table))
        return [text for text in texts if not is_of_which(text)]

    @cached_property
    def of_which(self) -> list[str]:
        """The texts of rows like "of which:", which only say that those below are parts of the one above."""
        rows = (t.first_text(i) for t in self.tables for i in sort_label_rows(t))
        return list(dict.fromkeys(text for text in rows if is_of_which(text)))

    def next_free(self) -> str:
        return next((name for name in FREE if name not in self.used), "")


def _join_statuses(keys: list[KeyColumn]) -> list[KeyColumn]:
    """The columns of statuses beside figures as one: they are declared together."""
    beside = [key for key in keys if key.of]
    kept = [key for key in keys if not key.of]
    if not beside:
        return keys
    rows = zip(*(key.texts for key in beside), strict=True)
    joined = KeyColumn(tuple(texts[0] if len(set(texts)) == 1 else "/.*/" for texts in rows), 1,
                       [cell for key in beside for cell in key.cells], role="status", of="left")  # fmt: skip
    joined.codes = dict.fromkeys(joined.distinct, "A")
    joined.todo = "letters beside the figures: say under maps.obs_status what each means; A says nothing"
    # what has no heading and no content anywhere is passed over by the reading
    return [*(key for key in kept if key.distinct or key.texts[-1]), joined]


def _set_numbering(key: KeyColumn) -> None:
    """Numbers of lines say nothing of the figures; ranks do, but as figures of their own."""
    ranks = re.search(r"rank|排名|位次", key.heading, re.I)
    key.role, key.column = "ignore", ""
    key.reason = "ranks" if ranks else "numbers the rows"
    key.todo = 'a rank can be read too: role = "value", measure = "rank"' if ranks else ""


def is_of_which(text: str) -> bool:
    return bool(re.fullmatch(r"(of which|darunter|davon|dont|including|其中)\s*[:：]?", tidy(text), re.I))


def _is_part(key: KeyColumn) -> bool:
    return bool(re.search(r"quarter|month|季度|月份", key.heading, re.I))


def _are_twins(one: KeyColumn, other: KeyColumn) -> bool:
    """REF_AREA and REF_AREA_LABEL, Country Name and Country Code."""
    a, b = (
        re.sub(r"[_ ]*(label|name|code|id|iso ?\d?[a-z]?|名称|代码|编码)$", "", key.heading.casefold())
        for key in (one, other)
    )
    return a == b != ""


def _average_length(key: KeyColumn) -> float:
    return sum(map(len, key.distinct)) / len(key.distinct)


def _readable(key: KeyColumn) -> tuple[float, bool]:
    """How well a column of labels or codes can be read with our lists; one whose heading says what it gives wins."""
    name = _best_name(name_heading(key.heading), key.distinct)
    share = 1.0 if name == "flow" else 0.0
    if name in ("geo", "partner", "item"):
        share = max(share_known(name, key.distinct), find_scheme(name, key.distinct)[1])
    return share, bool(name_heading(key.heading))


def _best_name(named: str, texts: Sequence[str]) -> str:
    """What texts give, by their heading (named) or by what our lists know of them; '?' where neither says."""
    if named and named != "value":
        return named
    if not texts:
        return "?"
    if all(is_period(text) or map_period(text) for text in texts):
        return "period"
    if share_known("flow", texts) >= _ENOUGH["flow"]:
        return "flow"
    if share_known("unit_label", texts) >= _ENOUGH["unit_label"] and max(map(len, texts)) > 1:
        return "unit"
    shares = {name: share_known(name, texts) for name in ("geo", "item")}
    for name in shares:
        scheme, share = find_scheme(name, texts)
        if scheme and share >= 0.9 and len(texts) > 1:
            shares[name] = max(shares[name], share)
    name = max(shares, key=lambda one: shares[one])
    return name if shares[name] >= _ENOUGH[name] else "?"


def _set_beside(key: KeyColumn, name: str, taken: set[str]) -> None:
    key.column = ""
    if name == "note":
        key.role, key.prefix = "note", ""
    elif name == "obs_status":
        key.role = "status"
        unknown = [text for text in key.distinct if not all(part in _STATUSES for part in re.split(r"[;,]\s*", text))]
        key.codes = {text: _STATUS_TEXTS.get(text.casefold(), "A") for text in unknown}
        key.todo = "say what each text means; A says nothing" if unknown else ""
    elif name == "decimals":
        key.role, key.reason = "ignore", "the decimals follow from the figures"
    elif taken & {"unit_label", "unit given"}:
        key.column = "?"  # the unit is said already
    elif all(is_known("unit_label", text) for text in key.distinct) and "unit_mult" not in taken:
        key.role = "unit"
    elif share_known("unit_label", key.distinct) >= 0.5 and "unit_mult" not in taken:
        key.column = "unit_label"
        key.codes = {t: {"unit": "COUNT", "unit_mult": 0} for t in key.distinct if not is_known("unit_label", t)}
        key.todo = "units that our list does not know stand under maps as counts"
    else:
        key.column, key.local = "unit", share_known("unit", key.distinct) < 1
        key.todo = "units that our list does not know are taken over as printed" if key.local else ""


# What most offices mean by it: suppressed, not available, revised (a figure like others).
_STATUS_TEXTS = {"x": "Q", "..": "L", "...": "L", "r": "A"}
_STATUSES = frozenset("BOMLHQJSDKWIFEPNUVGA")


def _set_period(key: KeyColumn, taken: set[str]) -> None:
    part = next((name for name, pattern in (("quarter", r".*quarter.*|.*季度?"), ("month", r".*month.*|.*月份?"))
                 if re.fullmatch(pattern, key.heading, re.I)), "")  # fmt: skip
    if all(is_year(text) for text in key.distinct):
        key.column = "year"
    elif part and all(re.fullmatch(r"(Q\s?)?\d{1,2}月?|[A-Za-z]{3,9}\.?", text) for text in key.distinct):
        key.column = part
    else:
        key.column = "period"
    odd = [text for text in key.distinct if not is_period(text)]
    if key.column == "period" and odd:
        key.codes = {text: map_period(text) for text in odd}
        key.todo = "periods that had to be guessed" if all(key.codes.values()) else "periods that cannot be read"


def _set_key(key: KeyColumn, name: str) -> None:
    key.column = name
    if name in ("geo", "partner", "item"):
        scheme, coded = find_scheme(name, key.distinct)
        share = share_known(name, key.distinct)
        if (scheme and coded > share) or (scheme and coded == 1.0 and name == "item"):
            key.parse = scheme
        key.local = max(share, coded) < 1.0
        if key.local:
            key.todo = f"labels that our list does not know are taken over as printed ({1 - max(share, coded):.0%})"
    elif name == "flow":
        unknown = [text for text in key.distinct if not is_known("flow", text)]
        key.codes = {text: _guess_flow(text) for text in unknown}
        key.todo = "which flow is each of these?" if unknown else ""
    elif name == "unit_mult" and not all(re.fullmatch(r"-?\d{1,2}", text) for text in key.distinct):
        key.role, key.reason, key.column = "ignore", "no powers of ten; the unit is said under constants", ""
    elif name == "conf_status":
        key.codes = {text: "F" for text in key.distinct if text not in ("F", "C", "N", "D", "S")}
        key.todo = "what does each text mean? F says nothing" if key.codes else ""
        key.parse = ""
    elif name == "measure" and not all(is_known("measure", text) for text in key.distinct):
        key.column = "?"


def _guess_flow(text: str) -> str:
    from transforms.drafting.meanings import find_flow

    return find_flow(text) or "N"


def sort_label_rows(table: SeenTable) -> dict[int, str]:
    """Rows of words inside the body: heading (labels stand deeper below it), section, or other (no label at all)."""
    values = {c.number for c in table.columns if c.number in table.values}
    first = min(values, default=1)
    found: dict[int, str] = {}
    labels = sorted(sum(bool(text) for text in table.page.rows[i][: first - 1]) for i in table.data)
    delimited = not table.page.grid.sheet and labels[len(labels) // 2] > 1  # a broken row of a long file
    lines = sorted((*table.data, *table.labels_only))
    level = {i: _level(table, i, first) for i in lines}
    for place, index in enumerate(lines[:-1]):
        if index not in table.labels_only:
            continue
        own, below = level[index], level[lines[place + 1]]
        cells = [c for c, text in enumerate(table.page.rows[index], 1) if text]
        if own is None or len(cells) > 1 or delimited:
            found[index] = "other"
        else:
            deeper = below is not None and below > own and not name_side(table.first_text(index))
            found[index] = "heading" if deeper else "section"
    return found


def _level(table: SeenTable, index: int, first: int) -> tuple[int, int] | None:
    column = next((c for c in range(1, first) if table.page.text(index, c)), None)
    return None if column is None else (column, table.page.indent(index, column))


def section_texts(table: SeenTable) -> list[str]:
    return [table.first_text(i) for i, kind in sort_label_rows(table).items() if kind == "section"]


def name_labels(table: SeenTable) -> str:
    """What the labels of the rows are, where our lists know them: tables about places and about items are two forms."""
    _, beside = split_columns(table)
    words = [cell for c in beside if c.kinds["text"] and not name_heading(c.heading) for cell in c.distinct]
    return _best_name("", list(dict.fromkeys(words))) if words else ""


def sign(table: SeenTable) -> object:
    """What tables of one form share: rows of the header, columns of labels, and how figures are headed."""
    values, beside = split_columns(table)
    shapes = frozenset(value.shape for value in values)
    labels = tuple(c.heading for c in beside)
    single = (
        tuple(v.column.heading for v in values) if all(s == "?" for v in values for r in v.shape for s in r) else ()
    )
    return (table.rows, table.fill, labels, shapes, single if len(values) <= 3 else ())
