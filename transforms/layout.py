"""Layouts: TOML declarations that say where the figures of a table stand and what each one means.

One file under transforms/layouts/<dataset>/ (or data/own/layouts/<dataset>/) describes the tables of one file, or of
several files of the same form. docs/layouts.md is the reference of the language; here are its keys and their checks.
"""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, get_args, get_origin, get_type_hints

from transforms.backtracking import may_hang
from transforms.codelists import load_codelist, normalise_label, unit_labels
from transforms.contract import Column, load_contract
from transforms.errors import InputError
from transforms.grid import ENCODINGS, NEVER_STORED, UNSTORED
from transforms.numbers import is_numeral
from transforms.patterns import fold_heading, group_names, is_pattern, match_text
from transforms.periods import find_freq

# Role -> the keys that mean something for it, beside header, nth, role, reason and optional.
ROLES: dict[str, tuple[str, ...]] = {
    "key": ("column", "parse", "group", "map", "rank", "set", "pattern", "fill", "path"),
    "value": ("group", "set", "percent_sign", "decimals"),
    "status": ("group", "of", "map"),
    "qualifier": ("group", "of"),
    "unit": ("group", "of"),
    "decimals": ("group", "of"),
    "note": ("group", "prefix", "of"),
    "ignore": (),
}
ROW_ROLES = ("section", "set", "heading", "footnote", "notes", "ignore")
PARSERS = ("label", "code", "text", "year", "period", "count")
MOST_HEADER_ROWS = 20
# What only a printed table has: keys of the table, keys and roles of its columns.
BULK_LACKS = ("rows", "title", "texts", "sheet", "sheets", "repeat", "strips", "continues", "repeats", "marks",
              "label_marks", "footnotes", "schemes", "fallback_schemes", "codes")  # fmt: skip
BULK_LACKS_OF_COLUMNS = ("rank", "fill", "path", "pattern", "of")
BULK_LACKS_ROLES = ("qualifier", "decimals")
PREVIOUS = "@previous"  # as a base_period: the same period one year earlier
BLANK = "@blank"  # in a rule's when: the column has its default because no cell, set or constant says anything of it
MOST_DECIMALS = 9  # half a unit of the last printed decimal must fit the ten decimals of DECIMAL(38, 10)
TODO = "TODO"  # marks in a draft what a person must decide
PRECISIONS = ("shown", "stored", "mixed")
INTEGERS = {"int8": (-15, 15), "int32": (0, 2**31 - 1)}  # unit_mult (SDMX CL_UNIT_MULT) and n
# Parts of a period, and other things that are said of a figure without being a column of the observations.
PARTS = ("year", "quarter", "month", "from_month", "to_month", "unit_label", "sign")
SIGNS = ("as_printed", "reversed")
# What a rule may ask for besides columns: the row's label, the column's heading, the sheet, the string as displayed.
ASKED = ("table_id", "freq", "printed", "label", "heading", "sheet")
# Columns that the reading itself fills: from the place of the file, from the cell, or by a role of their own.
_OURS = ("dataset", "vintage", "table_id", "freq", "value", "printed", "decimals", "lower", "upper", "qualifier",
         "locator", "note")  # fmt: skip
_CODELISTS = {"obs_status": "obs_status", "conf_status": "conf_status"}
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class Header:
    """The header: `rows` rows, the last of which is the first row that completes these labels."""

    contains: tuple[str, ...]
    rows: int = 1
    fill: bool = False


@dataclass(frozen=True)
class PrintedColumn:
    """One printed column, or all whose heading fits a pattern; role and column say what it gives.

    group ties a key column to the value columns of the same group; rank = 1 says that the category in the cell is the
    first of a printed ranking, which is a figure of its own; map gives the codes of texts that no code list knows.
    """

    header: str | tuple[str, ...]
    role: str
    nth: int = 1
    column: str = ""
    parse: str = ""
    group: int = 0
    set: dict[str, Any] = field(default_factory=dict)
    reason: str = ""
    prefix: str = ""
    rank: int = 0
    map: dict[str, Any] = field(default_factory=dict)
    pattern: str = ""
    fill: bool = False
    path: bool = False
    of: str = ""
    optional: bool = False
    percent_sign: bool | None = None
    decimals: int | None = None

    @property
    def name(self) -> str:
        return self.header if isinstance(self.header, str) else " | ".join(self.header)


@dataclass(frozen=True)
class PrintedRow:
    """Rows that are no plain data, found by the text of their first filled cell."""

    text: str
    role: str
    set: dict[str, Any] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True)
class Rule:
    """Where every condition of `when` holds, `then` fills the columns. `when` values are a code or a list of codes."""

    when: dict[str, Any]
    then: dict[str, Any]
    reason: str = ""


@dataclass(frozen=True)
class ScopedBlanks:
    """Blank marks that mean something of their own where every condition of `when` holds."""

    when: dict[str, Any]
    blanks: dict[str, Any]


@dataclass(frozen=True)
class IgnoredSheet:
    sheet: str
    reason: str


@dataclass(frozen=True)
class Blank:
    """What a blank mark says: a status, and where the publisher says so a value or an interval."""

    status: str
    value: str | int | float | None = None
    lower: str | int | float | None = None
    upper: str | int | float | None = None


@dataclass(frozen=True)
class TableLayout:
    """The form of one table."""

    header: Header
    columns: tuple[PrintedColumn, ...]
    rows: tuple[PrintedRow, ...] = ()
    table_id: str = ""
    title: str = ""
    texts: tuple[str, ...] = ()
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    repeat: bool = False
    strips: bool = False
    continues: bool = False
    repeats: bool = False
    optional: bool = False
    percent_sign: bool = False
    decimals: int | None = None
    precision: str = ""
    parentheses_negative: bool = False
    decimal_mark: str = "."
    thousands_mark: str = ","
    keep: dict[str, Any] = field(default_factory=dict)
    marks: dict[str, str] = field(default_factory=dict)
    label_marks: str = ""
    footnotes: tuple[str, ...] = ()
    constants: dict[str, Any] = field(default_factory=dict)
    blanks: dict[str, Any] = field(default_factory=dict)
    blanks_where: tuple[ScopedBlanks, ...] = ()
    maps: dict[str, Any] = field(default_factory=dict)
    parse: dict[str, str] = field(default_factory=dict)
    schemes: dict[str, str] = field(default_factory=dict)
    fallback_schemes: dict[str, str] = field(default_factory=dict)
    codes: dict[str, Any] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    source: str = field(default="", metadata={"key": False})

    @property
    def wanted_sheets(self) -> tuple[str, ...]:
        return (*((self.sheet,) if self.sheet else ()), *self.sheets)

    def blank(self, mark: str) -> Blank | None:
        return make_blank(self.blanks[mark]) if mark in self.blanks else None


@dataclass(frozen=True)
class Layout:
    """The form of a file: how its bytes are read, and its tables."""

    files: tuple[str, ...]
    encoding: str = "utf-8"
    delimiter: str = ","
    bulk: bool = False
    bad_rows: str = "stop"
    ignore_sheets: tuple[IgnoredSheet, ...] = ()
    advice: dict[str, str] = field(default_factory=dict)
    tables: tuple[TableLayout, ...] = field(default=(), metadata={"key": False})
    source: str = field(default="", metadata={"key": False})
    unsettled: str = field(default="", metadata={"key": False})  # what a person had to decide and has not: a sentence
    extends: bool = field(default=False, metadata={"key": False})  # a shared form may say more than this file needs

    @property
    def table(self) -> TableLayout:
        """The one table of a layout that has one (bulk files, SDMX messages)."""
        return self.tables[0]


def make_blank(said: Any) -> Blank:
    return Blank(said) if isinstance(said, str) else Blank(**said)


def parse_layout(
    text: str, source: str, shared: Mapping[str, str] | None = None, beside: Mapping[str, str] | None = None
) -> Layout:
    """A layout from its TOML text; source is the name used in messages. Raises InputError naming the key.

    A layout may say extends = "name": the keys of that shared layout (shared: name -> TOML text) hold unless it says
    otherwise. maps may name CSV files that lie beside the layout (beside: name -> text, columns label and code).
    """
    raw = _load(text, source)
    base = raw.pop("extends", "")
    if base and not (isinstance(base, str) and base in (shared or {})):
        raise InputError(
            "extends names no shared layout",
            file=source,
            found=str(base),
            todo=f"use one of {', '.join(sorted(shared or {})) or '(none)'}.",
        )
    if base:
        raw = _load((shared or {})[base], base) | raw
    own = {f.name for f in fields(Layout) if f.metadata.get("key", True)}
    tables = raw.pop("tables", None)
    common = {key: value for key, value in raw.items() if key not in own}
    layout: Layout = _build(Layout, {key: value for key, value in raw.items() if key in own}, "", source)
    if tables is None:
        parts = [(common, "")]
    elif isinstance(tables, list) and tables and all(isinstance(table, dict) for table in tables):
        parts = [(_merge(common, table), f"tables[{n}]") for n, table in enumerate(tables, 1)]
    else:
        raise InputError("tables must be a list of tables", file=source, todo="begin each with [[tables]].")
    built = []
    for said, where in parts:
        _open_map_files(said, source, beside or {})
        _open_code_files(said, source, beside or {})
        table: TableLayout = _build(TableLayout, said, where, source)
        _check_table(table)
        built.append(table)
    layout = replace(layout, tables=tuple(built), extends=bool(base), unsettled=_find_unsettled(text, source))
    _check_file(layout)
    return layout


def _find_unsettled(text: str, source: str) -> str:
    """What a draft left to a person and still stands so; '' where nothing does."""
    count = text.count(TODO)
    if not count:
        return ""
    raw = tomllib.loads(text)
    published = [
        f"{name} {code!r} = {label!r}"
        for part in (raw, *raw.get("tables", ()))
        for name, listed in part.get("codes", {}).items() if isinstance(listed, dict)
        for code, label in listed.items() if TODO in str(label)
    ]  # fmt: skip
    shown = f"; so called in what is published: {', '.join(dict.fromkeys(published))}" if published else ""
    return f"{source}: {count} places are still marked {TODO}, nobody has settled what they say{shown}"


def name_beside(text: str) -> set[str]:
    """The files beside a layout that it names under maps and codes; none for a text that is no TOML."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return set()
    tables = raw.get("tables")
    parts = [raw, *(tables if isinstance(tables, list) else ())]
    given = [part.get(key) for part in parts if isinstance(part, dict) for key in ("maps", "codes")]
    return {name for one in given if isinstance(one, dict) for name in one.values() if isinstance(name, str)}


def _merge(common: dict[str, Any], table: dict[str, Any]) -> dict[str, Any]:
    """What all tables share, with what one says of itself: its tables are added key by key, all else replaces."""
    merged = dict(common)
    for key, value in table.items():
        shared = merged.get(key)
        if key == "maps" and isinstance(shared, dict) and isinstance(value, dict):
            value = {name: (shared.get(name) if name not in value else value[name]) for name in {**shared, **value}}
        elif isinstance(shared, dict) and isinstance(value, dict) and key != "header":
            value = shared | value
        merged[key] = value
    return merged


def _open_map_files(said: dict[str, Any], source: str, beside: Mapping[str, str]) -> None:
    """maps.item = "items.csv" becomes the rows of that file: label -> code, or label -> several columns."""
    maps = said.get("maps")
    if not isinstance(maps, dict):
        return
    opened = {}
    for name, given in maps.items():
        if not isinstance(given, str):
            opened[name] = given
            continue
        if given not in beside:
            raise InputError(
                f"maps.{name} names no file beside the layout",
                file=source,
                found=given,
                todo=f"put {given} (columns label, code) into the layout's folder.",
            )
        opened[name] = _read_map(beside[given], given, name)
    said["maps"] = opened


def _open_code_files(said: dict[str, Any], source: str, beside: Mapping[str, str]) -> None:
    """codes.item = "codes.csv" becomes the rows of that file: code -> label."""
    codes = said.get("codes")
    for name, given in codes.items() if isinstance(codes, dict) else ():
        if not isinstance(given, str):
            continue
        rows = list(csv.DictReader(io.StringIO(beside.get(given, "").removeprefix("\ufeff"))))
        if not rows or not {"code", "label"} <= set(rows[0]) or not all(row["code"] and row["label"] for row in rows):
            raise InputError(
                f"codes.{name} names no file of codes and labels beside the layout",
                file=source,
                found=given,
                todo=f"put {given} (columns code, label; none empty) into the layout's folder.",
            )
        said["codes"] = said["codes"] | {name: {row["code"].strip(): row["label"].strip() for row in rows}}


def _read_map(text: str, filename: str, column: str) -> dict[str, Any]:
    """label,code; or label and columns of the observations (item, measure ...); a note column is for the reader."""
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    head = [cell.strip() for cell in rows[0]] if rows else []
    if "label" not in head or not set(head) & {"code", column}:
        raise InputError(
            "the map has no columns label and code",
            file=filename,
            row=1,
            found=",".join(head),
            todo="head it label,code.",
        )
    found: dict[str, Any] = {}
    for number, row in enumerate(rows[1:], 2):
        if not any(cell.strip() for cell in row):
            continue
        said = dict(zip(head, (cell.strip() for cell in row), strict=False))
        label = said.pop("label")
        said.pop("note", None)
        if "code" in said:
            said[column] = said.pop("code")
        if label in found:
            raise InputError("the map gives a label twice", file=filename, row=number, found=label, todo="keep one.")
        found[label] = {key: value for key, value in said.items() if value}
    return found


def _load(text: str, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"the layout is not TOML: {error}", file=source, todo="mend the line named.") from None


def _known_keys(kind: type) -> dict[str, Any]:
    return {f.name: f for f in fields(kind) if f.metadata.get("key", True)}


def _build(kind: type, raw: Any, where: str, source: str) -> Any:
    """A dataclass from a TOML table, refusing unknown keys, missing keys and wrong types by name."""
    if not isinstance(raw, dict):
        raise InputError(f"{where} must be a table", file=source, found=str(raw), todo="see docs/layouts.md.")
    hints, known = get_type_hints(kind), _known_keys(kind)
    if unknown := sorted(set(raw) - set(known)):
        offered = [*known, *(_known_keys(Layout) if kind is TableLayout and not where else ())]
        raise InputError(
            f"unknown key {where}.{unknown[0]}" if where else f"unknown key {unknown[0]}",
            file=source,
            found=unknown[0],
            todo=f"use one of {', '.join(offered)}.",
        )
    values: dict[str, Any] = {}
    for name, spec in known.items():
        if name not in raw:
            if spec.default is spec.default_factory:  # both MISSING
                raise InputError(
                    f"the key {f'{where}.' if where else ''}{name} is missing",
                    file=source,
                    todo="add it; see docs/layouts.md.",
                )
            continue
        values[name] = _coerce(hints[name], raw[name], f"{where}.{name}" if where else name, source)
    return kind(**values, **({"source": source} if kind in (Layout, TableLayout) else {}))


def _coerce(hint: Any, value: Any, where: str, source: str) -> Any:
    if get_origin(hint) is tuple:
        inner = get_args(hint)[0]
        if not isinstance(value, list):
            raise InputError(f"{where} must be a list", file=source, found=str(value), todo="put it in [brackets].")
        return tuple(_coerce(inner, item, f"{where}[{i}]", source) for i, item in enumerate(value, 1))
    if hint == str | tuple[str, ...]:  # a heading, or one for each row of the header
        return _coerce(tuple[str, ...], value, where, source) if isinstance(value, list) else _coerce(
            str, value, where, source
        )  # fmt: skip
    if hasattr(hint, "__dataclass_fields__"):
        return _build(hint, value, where, source)
    expected = get_origin(hint) or hint
    allowed = get_args(hint) if expected not in (dict, list) and get_args(hint) else (expected,)
    wrong = not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed)
    if not wrong and hint == dict[str, str]:
        wrong = not all(isinstance(item, str) for item in value.values())
    if wrong:
        raise InputError(f"{where} has the wrong type", file=source, found=repr(value), todo="see docs/layouts.md.")
    return value


def _refuse(
    layout: Layout | TableLayout, problem: str, found: object = None, allowed: Any = (), todo: str = ""
) -> InputError:
    return InputError(
        problem,
        file=layout.source,
        found=None if found is None else str(found),
        todo=todo or (f"use one of {', '.join(map(str, allowed))}." if allowed else "see docs/layouts.md."),
    )


def _check_file(layout: Layout) -> None:
    """The keys of the file."""
    if layout.encoding not in ENCODINGS:
        raise _refuse(layout, "unknown encoding", layout.encoding, ENCODINGS)
    if len(layout.delimiter) != 1 or layout.delimiter in '\r\n"':
        raise _refuse(layout, "delimiter must be one character", layout.delimiter, todo='say "," or ";" or "\\t".')
    if not layout.files or not all(layout.files):
        raise _refuse(layout, "files is empty", todo="name the files that have this form.")
    if layout.bad_rows not in ("stop", "quarantine"):
        raise _refuse(layout, "unknown bad_rows", layout.bad_rows, ("stop", "quarantine"))
    for number, ignored in enumerate(layout.ignore_sheets, 1):
        _check_pattern(layout, f"ignore_sheets[{number}].sheet", ignored.sheet, ())
        if not ignored.reason:
            raise _refuse(layout, f"ignore_sheets[{number}].reason is empty", ignored.sheet, todo="say why.")
    if layout.bulk:
        _check_bulk(layout)


def _check_bulk(layout: Layout) -> None:
    """A bulk file is one long table under one header row; what only a printed table has means nothing there."""
    if len(layout.tables) != 1:
        raise _refuse(layout, "a bulk layout has several tables", len(layout.tables), todo="one long table a file.")
    lacking = _find_idle_in_bulk(layout.table)
    if lacking:
        raise _refuse(
            layout, f"{', '.join(lacking)}: no meaning for a bulk file",
            todo=f"take out {'this' if len(lacking) == 1 else 'all of these'} (a column of such a role becomes ignore, "
            "with a reason), or take out bulk = true; docs/layouts.md lists what a bulk file has.",
        )  # fmt: skip


def _find_idle_in_bulk(table: TableLayout) -> list[str]:
    """All keys of a layout that only a printed table has."""
    plain = TableLayout(Header(("x",)), ())
    found = [name for name in BULK_LACKS if getattr(table, name) != getattr(plain, name)]
    found += ["precision = 'shown'"] if table.precision == "shown" else []
    found += [f"header.rows = {table.header.rows}"] if table.header.rows != 1 else []
    found += ["header.fill"] if table.header.fill else []
    for column in table.columns:
        found += [f"columns {column.name!r}: {name}" for name in BULK_LACKS_OF_COLUMNS if getattr(column, name)]
        if column.role in BULK_LACKS_ROLES:
            found.append(f"columns {column.name!r}: role {column.role} cannot be read")
    return found


def _check_table(table: TableLayout) -> None:
    _check_frame(table)
    _check_texts(table)
    for number, column in enumerate(table.columns, 1):
        _check_column(table, column, f"columns[{number}]")
    for number, row in enumerate(table.rows, 1):
        _check_row(table, row, f"rows[{number}]")
    _check_together(table)
    _check_codes(table)


def _check_frame(layout: TableLayout) -> None:
    """The keys beside the columns."""
    if not any(layout.header.contains):
        raise _refuse(layout, "header.contains is empty", todo="give labels that only the header row has.")
    if not 1 <= layout.header.rows <= MOST_HEADER_ROWS:
        raise _refuse(layout, f"header.rows is not 1 to {MOST_HEADER_ROWS}", layout.header.rows)
    if not all(layout.footnotes):
        raise _refuse(layout, "an empty beginning under footnotes", todo="give the words a footnote begins with.")
    if layout.precision not in ("", *PRECISIONS):
        raise _refuse(layout, "unknown precision", layout.precision, PRECISIONS)
    if layout.precision and layout.decimals is not None:
        raise _refuse(layout, "precision and decimals say two things", layout.precision, todo="keep one of them.")
    for name in ("decimal_mark", "thousands_mark"):
        mark = getattr(layout, name)
        if len(mark) > 1 or mark.isdigit() or mark in "+-":
            raise _refuse(layout, f"{name} is no mark", mark, todo='say "," or "." or " " or "\'".')
    if layout.decimal_mark == layout.thousands_mark or not layout.decimal_mark:
        raise _refuse(layout, "decimal_mark and thousands_mark must differ", layout.decimal_mark)
    for decimals in (layout.decimals, *(column.decimals for column in layout.columns)):
        if decimals is not None and not 0 <= decimals <= MOST_DECIMALS:
            raise _refuse(layout, "decimals out of range", decimals, todo=f"give 0 to {MOST_DECIMALS}.")
    for heading, wanted in layout.keep.items():
        if not isinstance(wanted, list) or not wanted or not all(isinstance(text, str) for text in wanted):
            raise _refuse(layout, f"keep.{heading} is no list of texts", wanted, todo="name the texts of wanted rows.")
        for text in wanted:
            _check_pattern(layout, f"keep.{heading}", text, ())
        if not any(match_text(text, heading) is not None for c in layout.columns for text in (c.name, *headings_of(c))):
            raise _refuse(layout, f"keep.{heading} names no declared column", heading, [c.name for c in layout.columns])
    if not any(c.role == "value" for c in layout.columns):
        raise _refuse(layout, "no column has the role value", todo="say which columns hold the figures.")
    _check_blanks(layout, "blanks", layout.blanks)
    for number, scoped in enumerate(layout.blanks_where, 1):
        _check_blanks(layout, f"blanks_where[{number}].blanks", scoped.blanks)
    known = load_codelist("obs_status").codes
    for mark, status in layout.marks.items():
        if not mark or (status and status not in known):
            raise _refuse(layout, f"marks {mark!r} is no status", status, ["", *sorted(known)])
        brackets = "()" if layout.parentheses_negative else ""
        if is_numeral(mark, also=f"{layout.decimal_mark}{layout.thousands_mark}{brackets}"):
            raise _refuse(
                layout, f"marks {mark!r} would be taken off plain numbers: digits, signs and the like are part of them",
                mark, todo="write a raised digit as it is read, '²' for a raised 2; a % is declared by percent_sign.",
            )  # fmt: skip


def _check_blanks(layout: TableLayout, where: str, blanks: dict[str, Any]) -> None:
    rules = {row["code"]: row["value_rule"] for row in load_codelist("obs_status").rows}
    for mark, said in blanks.items():
        if mark == UNSTORED:
            raise _refuse(
                layout, f"{where} {mark!r}: {NEVER_STORED} is no blank", mark,
                todo="open the workbook in a spreadsheet program and save it, so that the results are stored.",
            )  # fmt: skip
        if not isinstance(said, str):
            said = _build(Blank, said, f"{where} {mark!r}", layout.source)
        blank = make_blank(said) if isinstance(said, str) else said
        numbers = [end for end in (blank.value, blank.lower, blank.upper) if end is not None]
        for end in numbers:
            try:
                float(end)
            except ValueError:
                raise _refuse(layout, f"{where} {mark!r}: no number", end) from None
        wanted = ("required", "either") if blank.value is not None else ("forbidden", "either")
        if rules.get(blank.status) not in wanted:
            fitting = [code for code, rule in rules.items() if rule in wanted]
            kind = "a value" if blank.value is not None else "a missing value"
            raise _refuse(layout, f"{where} {mark!r} is no status of {kind}", blank.status, fitting)


def _check_pattern(layout: Layout | TableLayout, where: str, wanted: str, names: tuple[str, ...]) -> None:
    """A pattern compiles, and its named groups are things that may be said here (names; () = none)."""
    if not is_pattern(wanted):
        return
    try:
        groups = group_names(wanted)
    except re.error as error:
        raise _refuse(layout, f"{where} is no regular expression: {error}", wanted, todo="mend it.") from None
    if may_hang(wanted[1:-1]):
        raise _refuse(
            layout, f"{where} repeats what is itself repeated, which may hang a run: (a+)+ takes twice as long with "
            "every character", wanted,
            todo="say it with one repeat (a+), or end every turn with a sign of its own: (\\w+,)*.",
        )  # fmt: skip
    if unknown := [name for name in groups if name not in names]:
        raise _refuse(layout, f"{where} names a group that says nothing here", unknown[0], names)


def sayable() -> tuple[str, ...]:
    """What the named groups of a pattern may give: columns a layout fills, parts of a period, a printed unit."""
    return (*_fillable(), *PARTS, "note")


def _fillable() -> list[str]:
    return [name for name in load_contract("observations").names if name not in _OURS]


def _check_texts(layout: TableLayout) -> None:
    names = sayable()
    _check_pattern(layout, "title", layout.title, names)
    for number, text in enumerate(layout.texts, 1):
        _check_pattern(layout, f"texts[{number}]", text, names)
    for number, text in enumerate(layout.footnotes, 1):
        _check_pattern(layout, f"footnotes[{number}]", text, ())
    for wanted in layout.wanted_sheets:
        _check_pattern(layout, "sheets", wanted, names)
    for number, text in enumerate(layout.header.contains, 1):
        _check_pattern(layout, f"header.contains[{number}]", text, ())
    if layout.label_marks:
        if not is_pattern(layout.label_marks):
            raise _refuse(layout, "label_marks is no pattern", layout.label_marks, todo="put it between slashes.")
        _check_pattern(layout, "label_marks", layout.label_marks, ())
    for name, scheme in (*layout.schemes.items(), *layout.fallback_schemes.items()):
        if name not in _fillable() or (not load_contract("observations")[name].codelist and name != "activity"):
            raise _refuse(layout, f"schemes.{name} is no column with codes", name)
        if not _SCHEME.fullmatch(scheme):
            raise _refuse(layout, f"schemes.{name} is no name of a scheme", scheme, todo="letters, digits, . _ -")
    if both := set(layout.schemes) & set(layout.fallback_schemes):
        raise _refuse(layout, "schemes and fallback_schemes both speak of one column", sorted(both)[0])
    for name, kind in layout.parse.items():
        if name not in _fillable():
            raise _refuse(layout, f"parse.{name} is no column of the observations", name, _fillable())
        _check_parser(layout, f"parse.{name}", name, kind)


def _check_row(layout: TableLayout, row: PrintedRow, where: str) -> None:
    if row.role not in ROW_ROLES:
        raise _refuse(layout, f"unknown {where}.role", row.role, ROW_ROLES)
    if not row.text:
        raise _refuse(layout, f"{where}.text is empty", todo="give the text of the row's first filled cell.")
    _check_pattern(layout, f"{where}.text", row.text, sayable() if row.role in ("section", "set") else ())
    says = bool(row.set) or bool(group_names(row.text))
    if row.role in ("section", "set") and not says:
        raise _refuse(layout, f"{where} sets nothing", row.text, todo="give set = { ... } or a named group.")
    if row.role not in ("section", "set") and row.set:
        raise _refuse(layout, f"{where}.set has no meaning for the role {row.role}", row.set)
    if row.role == "ignore" and not row.reason:
        raise _refuse(layout, f"{where}.reason is missing", row.text, todo="say why the row is left out.")


def _check_column(layout: TableLayout, column: PrintedColumn, where: str) -> None:
    if column.role not in ROLES:
        raise _refuse(layout, f"unknown {where}.role", column.role, ROLES)
    for spec in fields(PrintedColumn):
        idle = spec.name not in ("header", "nth", "role", "reason", "optional", *ROLES[column.role])
        if idle and getattr(column, spec.name) not in (spec.default, {}):
            raise _refuse(
                layout,
                f"{where}.{spec.name} has no meaning for the role {column.role}",
                getattr(column, spec.name),
                ROLES[column.role],
            )
    if column.nth < 1 or column.group < 0 or column.rank < 0:
        raise _refuse(layout, f"{where}: nth counts from 1, group and rank are not negative", column.name)
    if not isinstance(column.header, str) and len(column.header) != layout.header.rows:
        raise _refuse(
            layout, f"{where}.header has not one text for each row of the header", column.name,
            todo=f"give {layout.header.rows} texts, or set header.rows.",
        )  # fmt: skip
    for text in headings_of(column):
        _check_pattern(layout, f"{where}.header", text, sayable() if column.role == "value" else ())
    if column.nth > 1 and any(map(is_pattern, headings_of(column))):
        raise _refuse(
            layout, f"{where}.nth has no meaning for a pattern, which takes every column that fits", column.name
        )
    if column.of not in ("", "left", "right"):
        raise _refuse(layout, f"unknown {where}.of", column.of, ("left", "right"))
    if column.of and column.group:
        raise _refuse(layout, f"{where}: of and group say two things", column.name, todo="keep one of them.")
    if column.role == "ignore" and not column.reason:
        raise _refuse(layout, f"{where}.reason is missing", column.name, todo="say why the column is left out.")
    if column.role == "key":
        _check_key(layout, column, where)


def headings_of(column: PrintedColumn) -> tuple[str, ...]:
    return (column.header,) if isinstance(column.header, str) else column.header


def _check_key(layout: TableLayout, column: PrintedColumn, where: str) -> None:
    fillable = [name for name in _fillable() if name != "obs_status"]
    if column.pattern:
        wanted = column.pattern if is_pattern(column.pattern) else f"/{column.pattern}/"
        _check_pattern(layout, f"{where}.pattern", wanted, sayable())
        if not group_names(wanted):
            raise _refuse(layout, f"{where}.pattern has no named group", column.pattern, todo="name what it gives.")
        if column.column or column.parse or column.map or column.path:
            raise _refuse(
                layout, f"{where} ({column.name!r}): a pattern says itself what it gives", column.name,
                todo="drop column, parse, map and path of this column, or drop the pattern.",
            )  # fmt: skip
        return
    if column.column not in (*fillable, *PARTS):
        raise _refuse(layout, f"{where}.column is no column of the observations", column.column, fillable)
    if column.parse:
        _check_parser(layout, f"{where}.parse", column.column, column.parse)
    if column.set and not column.rank:
        raise _refuse(layout, f"{where}.set has no meaning for a key column without rank", column.set)
    if column.path and (column.rank or column.group):
        raise _refuse(layout, f"{where}: a path has no rank and no group", column.name)


def _check_parser(layout: TableLayout, where: str, name: str, kind: str) -> None:
    if name in PARTS:
        raise _refuse(layout, f"{where} has no meaning for {name}", kind)
    spec = load_contract("observations")[name]
    fitting = find_parsers(spec)
    if kind in fitting:
        return
    if kind in PARSERS:
        raise _refuse(layout, f"{where} does not fit {name}", kind, fitting)
    from transforms.codelists import scheme_codes

    try:
        known = bool(spec.codelist and scheme_codes(spec.codelist, kind))
    except (KeyError, ValueError, InputError):
        known = False
    if not known:
        raise _refuse(layout, f"unknown {where}", kind, PARSERS)


def find_parsers(column: Column) -> tuple[str, ...]:
    """The ways to read a cell into this column; the first is taken where the layout says none."""
    if column.type in INTEGERS:
        return ("count",)
    if column.name in ("period", "base_period"):
        return ("period", "year")
    return ("label", "code") if column.codelist else ("text",)


def _check_together(layout: TableLayout) -> None:
    """No printed column twice; every figure gets each thing from one place; no group without figures."""
    seen: set[tuple[str, int]] = set()
    for number, column in enumerate(layout.columns, 1):
        if (fold_heading(column.name), column.nth) in seen:
            raise _refuse(
                layout,
                f"columns[{number}] names a column that is declared already",
                column.name,
                todo="give nth = 2 for the second column of that text.",
            )
        seen.add((fold_heading(column.name), column.nth))
    figures = [c for c in layout.columns if c.role == "value" or c.rank]
    for column in layout.columns:
        if column.role != "ignore" and column.group and column.group not in {c.group for c in figures}:
            raise _refuse(
                layout,
                f"columns {column.name!r}: no value column has the group {column.group}",
                column.group,
                sorted({c.group for c in figures}),
            )
    for figure in figures:
        given = [*figure.set, *(name for text in headings_of(figure) for name in group_names(text) if name != "note")]
        paths: set[str] = set()
        for column in layout.columns:
            if column.group in (0, figure.group) and column.role not in ("value", "ignore", "note") and not column.of:
                if column.pattern:
                    given += [n for n in group_names(f"/{column.pattern.strip('/')}/") if n != "note"]
                elif not (column.path and column.column in paths):
                    given += {"key": [column.column], "unit": ["unit", "unit_mult"]}.get(
                        column.role, [f"@{column.role}"]
                    )
                paths |= {column.column} if column.path else set()
        if twice := sorted({name for name in given if given.count(name) > 1}):
            raise _refuse(
                layout,
                f"columns {figure.name!r}: two declarations give {twice[0].removeprefix('@')}",
                twice[0].removeprefix("@"),
                todo="keep one of them, or put the columns into groups.",
            )


def _check_codes(layout: TableLayout) -> None:
    """Everything that a layout says of itself: only columns it may fill, only values that these columns can hold."""
    contract = load_contract("observations")
    fillable = [*_fillable(), *PARTS, "note"]
    for name, listed in layout.codes.items():
        if name not in _fillable() or not isinstance(listed, dict):
            raise _refuse(layout, f"codes.{name} is no table of codes of a column", name, _fillable())
    for where, given in (
        ("constants", layout.constants),
        *((f"columns {c.name!r}.set", c.set) for c in layout.columns),
        *((f"rows {r.text!r}.set", r.set) for r in layout.rows),
        *((f"rules[{n}].then", rule.then) for n, rule in enumerate(layout.rules, 1)),
    ):
        for name, value in given.items():
            if name not in fillable:
                raise _refuse(layout, f"{where} fills no column of the observations", name, fillable)
            _check_value(layout, f"{where}.{name}", name, value)
    conditions = [
        *((f"rules[{n}].when", rule.when) for n, rule in enumerate(layout.rules, 1)),
        *((f"blanks_where[{n}].when", scoped.when) for n, scoped in enumerate(layout.blanks_where, 1)),
    ]
    testable = [*(n for n in _fillable() if n != "obs_status"), *ASKED]
    for where, when in conditions:
        for name, wanted in when.items():
            if name not in testable:
                raise _refuse(layout, f"{where} asks for no column it can know", name, testable)
            for value in wanted if isinstance(wanted, list) else [wanted]:
                if value == BLANK and name in contract.names and contract[name].default is not None:
                    continue
                if isinstance(value, str) and is_pattern(value):
                    _check_pattern(layout, f"{where}.{name}", value, ())
                    continue
                if name in contract.names:
                    _check_value(layout, f"{where}.{name}", name, value)
    maps = [(f"maps.{name}", name, texts) for name, texts in layout.maps.items()]
    maps += [
        (f"columns {c.name!r}.map", "obs_status" if c.role == "status" else c.column, c.map)
        for c in layout.columns
        if c.map
    ]
    for where, name, texts in maps:
        if name not in fillable or not isinstance(texts, dict):
            raise _refuse(layout, f"{where} is no map of a column of the observations", name, fillable)
        for text, said in texts.items():
            for target, code in (said if isinstance(said, dict) else {name: said}).items():
                if target not in fillable:
                    raise _refuse(layout, f"{where} {text!r} fills no column of the observations", target, fillable)
                _check_value(layout, f"{where} {text!r}", target, code, is_text=isinstance(said, dict))


def _check_value(layout: TableLayout, where: str, name: str, value: object, *, is_text: bool = False) -> None:
    """The column can hold the value; is_text: it comes from a CSV file, where numbers are text too."""
    if name == "sign":
        if value not in SIGNS:
            raise _refuse(layout, f"unknown {where}", value, SIGNS)
        return
    if name in (*PARTS, "note"):
        if not isinstance(value, str):
            raise _refuse(layout, f"{where} has the wrong type", repr(value), todo="give a text in quotes.")
        if name == "unit_label" and normalise_label(value) not in unit_labels():
            raise _refuse(
                layout, f"{where} is not in the list unit_labels", value,
                todo='say unit = "..." and unit_mult = ... instead, or add the printed unit to '
                "own/codelists/unit_labels.csv.",
            )  # fmt: skip
        return
    column = load_contract("observations")[name]
    if column.type in INTEGERS:
        least, most = INTEGERS[column.type]
        if is_text and isinstance(value, str) and value.lstrip("-").isdigit():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise _refuse(layout, f"{where} is no whole number from {least} to {most}", repr(value))
        return
    if not isinstance(value, str):
        raise _refuse(layout, f"{where} has the wrong type", repr(value), todo="give a text in quotes.")
    if is_local(layout, name, value):
        return
    listname = _CODELISTS.get(name, column.codelist)
    codes = load_codelist(listname).codes | {column.default or ""} if listname else set()
    for part in value.split(";") if name == "obs_status" else [value]:
        if listname and (part not in codes or (part == "" and column.default is None)):
            raise _refuse(layout, f"{where} is not in the code list {listname}", part, todo="give a code of that list.")
    if name in ("period", "base_period") and not (name == "base_period" and value == PREVIOUS):
        try:
            find_freq(value)
        except ValueError as error:
            raise _refuse(layout, f"{where}: {error}", value, todo="give a period code.") from None


def is_local(layout: TableLayout, name: str, code: str) -> bool:
    """Whether a code belongs to a scheme of the layout's own: listed under codes, or begun with the scheme's name."""
    scheme = layout.schemes.get(name) or layout.fallback_schemes.get(name)
    return code in layout.codes.get(name, {}) or bool(scheme and code.startswith(f"{scheme}:"))
