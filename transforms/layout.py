"""Layouts: TOML declarations that say where the figures of a table stand and what each one means.

One file under transforms/layouts/<dataset>/ (or data/own/layouts/<dataset>/) describes one table, or several files of
the same form. docs/layouts.md is the reference of the language.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields
from typing import Any, get_args, get_origin, get_type_hints

from transforms.codelists import load_codelist
from transforms.contract import Column, load_contract
from transforms.errors import InputError
from transforms.grid import ENCODINGS
from transforms.numbers import fold
from transforms.periods import find_freq

# Role -> the keys that mean something for it, beside header, nth, role and reason.
ROLES: dict[str, tuple[str, ...]] = {
    "key": ("column", "parse", "group", "map", "rank", "set"),
    "value": ("group", "set"),
    "status": ("group",),
    "qualifier": ("group",),
    "unit": ("group",),
    "decimals": ("group",),
    "note": ("group", "prefix"),
    "ignore": (),
}
PARSERS = ("label", "code", "text", "year", "period", "count")
PREVIOUS = "@previous"  # as a base_period: the same period one year earlier
BLANK = "@blank"  # in a rule's when: the column has its default because no cell, set or constant says anything of it
MOST_DECIMALS = 9  # half a unit of the last printed decimal must fit the ten decimals of DECIMAL(38, 10)
INTEGERS = {"int8": (-15, 15), "int32": (0, 2**31 - 1)}  # unit_mult (SDMX CL_UNIT_MULT) and n
# Columns that the reading itself fills: from the place of the file, from the cell, or by a role of their own.
_OURS = ("dataset", "vintage", "table_id", "freq", "value", "printed", "decimals", "lower", "upper", "qualifier",
         "locator", "note")  # fmt: skip
_CODELISTS = {"obs_status": "obs_status", "conf_status": "conf_status"}


@dataclass(frozen=True)
class Header:
    """The header row is the first row that holds every one of these labels."""

    contains: tuple[str, ...]


@dataclass(frozen=True)
class PrintedColumn:
    """One printed column. header and nth (1 = first of that text) find it; role and column say what it gives.

    group ties a key column to the value columns of the same group; rank = 1 says that the category in the cell is the
    first of a printed ranking, which is a figure of its own; map gives the codes of texts that no code list knows.
    """

    header: str
    role: str
    nth: int = 1
    column: str = ""
    parse: str = ""
    group: int = 0
    set: dict[str, Any] = field(default_factory=dict)
    reason: str = ""
    prefix: str = ""
    rank: int = 0
    map: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Rule:
    """Where every condition of `when` holds, `then` fills the columns. `when` values are a code or a list of codes."""

    when: dict[str, Any]
    then: dict[str, Any]
    reason: str = ""


@dataclass(frozen=True)
class Layout:
    files: tuple[str, ...]
    header: Header
    columns: tuple[PrintedColumn, ...]
    table_id: str = ""
    title: str = ""
    sheet: str = ""
    encoding: str = "utf-8"
    delimiter: str = ","
    percent_sign: bool = False
    decimals: int | None = None
    footnotes: tuple[str, ...] = ()
    constants: dict[str, Any] = field(default_factory=dict)
    blanks: dict[str, str] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    source: str = field(default="", metadata={"key": False})

    def table_of(self, filename: str) -> str:
        """The table_id of the figures of one file: as declared, else the file's name without its ending."""
        return self.table_id or filename.rsplit(".", 1)[0]


def _build(kind: type, raw: Any, where: str, source: str) -> Any:
    """A dataclass from a TOML table, refusing unknown keys, missing keys and wrong types by name."""
    if not isinstance(raw, dict):
        raise InputError(f"{where} must be a table", file=source, found=str(raw), todo="see docs/layouts.md.")
    hints, known = get_type_hints(kind), {f.name: f for f in fields(kind) if f.metadata.get("key", True)}
    if unknown := sorted(set(raw) - set(known)):
        raise InputError(
            f"unknown key {where}.{unknown[0]}" if where else f"unknown key {unknown[0]}",
            file=source,
            found=unknown[0],
            todo=f"use one of {', '.join(known)}.",
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
    return kind(**values, **({"source": source} if kind is Layout else {}))


def _coerce(hint: Any, value: Any, where: str, source: str) -> Any:
    if get_origin(hint) is tuple:
        inner = get_args(hint)[0]
        if not isinstance(value, list):
            raise InputError(f"{where} must be a list", file=source, found=str(value), todo="put it in [brackets].")
        return tuple(_coerce(inner, item, f"{where}[{i}]", source) for i, item in enumerate(value, 1))
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


def parse_layout(text: str, source: str, shared: dict[str, str] | None = None) -> Layout:
    """A layout from its TOML text; source is the name used in messages. Raises InputError naming the key.

    A layout may say extends = "name": the keys of that shared layout (shared: name -> TOML text) hold unless it says
    otherwise.
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
    layout: Layout = _build(Layout, raw, "", source)
    _check_frame(layout)
    for number, column in enumerate(layout.columns, 1):
        _check_column(layout, column, f"columns[{number}]")
    _check_together(layout)
    _check_codes(layout)
    return layout


def _load(text: str, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"the layout is not TOML: {error}", file=source, todo="mend the line named.") from None


def fold_heading(text: str) -> str:
    """A heading or title as it is compared: width and case folded, all spaces and line breaks dropped."""
    return "".join(fold(text).split()).casefold()


def _refuse(layout: Layout, problem: str, found: object = None, allowed: Any = (), todo: str = "") -> InputError:
    return InputError(
        problem,
        file=layout.source,
        found=None if found is None else str(found),
        todo=todo or (f"use one of {', '.join(map(str, allowed))}." if allowed else "see docs/layouts.md."),
    )


def _check_frame(layout: Layout) -> None:
    """The keys beside the columns."""
    if layout.encoding not in ENCODINGS:
        raise _refuse(layout, "unknown encoding", layout.encoding, ENCODINGS)
    if len(layout.delimiter) != 1 or layout.delimiter in '\r\n"':
        raise _refuse(layout, "delimiter must be one character", layout.delimiter, todo='say "," or ";" or "\\t".')
    if not layout.files or not all(layout.files):
        raise _refuse(layout, "files is empty", todo="name the files that have this form.")
    if not any(layout.header.contains):
        raise _refuse(layout, "header.contains is empty", todo="give labels that only the header row has.")
    if not all(layout.footnotes):
        raise _refuse(layout, "an empty beginning under footnotes", todo="give the words a footnote begins with.")
    if layout.decimals is not None and not 0 <= layout.decimals <= MOST_DECIMALS:
        raise _refuse(layout, "decimals out of range", layout.decimals, todo=f"give 0 to {MOST_DECIMALS}.")
    if not any(c.role == "value" for c in layout.columns):
        raise _refuse(layout, "no column has the role value", todo="say which columns hold the figures.")
    statuses = {row["code"]: row["value_rule"] for row in load_codelist("obs_status").rows}
    for mark, status in layout.blanks.items():
        if statuses.get(status) not in ("forbidden", "either"):
            fitting = [code for code, rule in statuses.items() if rule != "required"]
            raise _refuse(layout, f"blanks {mark!r} is no status of a missing value", status, fitting)


def _check_column(layout: Layout, column: PrintedColumn, where: str) -> None:
    contract = load_contract("observations")
    if column.role not in ROLES:
        raise _refuse(layout, f"unknown {where}.role", column.role, ROLES)
    for spec in fields(PrintedColumn):
        idle = spec.name not in ("header", "nth", "role", "reason", *ROLES[column.role])
        if idle and getattr(column, spec.name) not in (spec.default, {}):
            raise _refuse(
                layout,
                f"{where}.{spec.name} has no meaning for the role {column.role}",
                getattr(column, spec.name),
                ROLES[column.role],
            )
    if column.nth < 1 or column.group < 0 or column.rank < 0:
        raise _refuse(layout, f"{where}: nth counts from 1, group and rank are not negative", column.header)
    if column.role == "ignore" and not column.reason:
        raise _refuse(layout, f"{where}.reason is missing", column.header, todo="say why the column is left out.")
    if column.role != "key":
        return
    fillable = [name for name in contract.names if name not in (*_OURS, "obs_status")]
    if column.column not in fillable:
        raise _refuse(layout, f"{where}.column is no column of the observations", column.column, fillable)
    if column.parse and column.parse not in PARSERS:
        raise _refuse(layout, f"unknown {where}.parse", column.parse, PARSERS)
    fitting = find_parsers(contract[column.column])
    if column.parse and column.parse not in fitting:
        raise _refuse(layout, f"{where}.parse does not fit {column.column}", column.parse, fitting)
    if column.set and not column.rank:
        raise _refuse(layout, f"{where}.set has no meaning for a key column without rank", column.set)


def find_parsers(column: Column) -> tuple[str, ...]:
    """The ways to read a cell into this column; the first is taken where the layout says none."""
    if column.type in INTEGERS:
        return ("count",)
    if column.name in ("period", "base_period"):
        return ("period", "year")
    return ("label", "code") if column.codelist else ("text",)


def _check_together(layout: Layout) -> None:
    """No printed column twice; every figure gets each thing from one place; no group without figures."""
    seen: set[tuple[str, int]] = set()
    for number, column in enumerate(layout.columns, 1):
        if (fold_heading(column.header), column.nth) in seen:
            raise _refuse(
                layout,
                f"columns[{number}] names a column that is declared already",
                column.header,
                todo="give nth = 2 for the second column of that text.",
            )
        seen.add((fold_heading(column.header), column.nth))
    figures = [c for c in layout.columns if c.role == "value" or c.rank]
    for column in layout.columns:
        if column.role != "ignore" and column.group and column.group not in {c.group for c in figures}:
            raise _refuse(
                layout,
                f"columns {column.header!r}: no value column has the group {column.group}",
                column.group,
                sorted({c.group for c in figures}),
            )
    for figure in figures:
        given = list(figure.set)
        for column in layout.columns:
            if column.group in (0, figure.group) and column.role not in ("value", "ignore", "note"):
                given += {"key": [column.column], "unit": ["unit", "unit_mult"]}.get(column.role, [f"@{column.role}"])
        if twice := sorted({name for name in given if given.count(name) > 1}):
            raise _refuse(
                layout,
                f"columns {figure.header!r}: two declarations give {twice[0].removeprefix('@')}",
                twice[0].removeprefix("@"),
                todo="keep one of them, or put the columns into groups.",
            )


def _check_codes(layout: Layout) -> None:
    """Everything that a layout says of itself: only columns it may fill, only values that these columns can hold."""
    contract = load_contract("observations")
    fillable = [name for name in contract.names if name not in _OURS]
    for where, given in (
        ("constants", layout.constants),
        *((f"columns {c.header!r}.set", c.set) for c in layout.columns),
        *((f"rules[{n}].then", rule.then) for n, rule in enumerate(layout.rules, 1)),
    ):
        for name, value in given.items():
            if name not in fillable:
                raise _refuse(layout, f"{where} fills no column of the observations", name, fillable)
            _check_value(layout, f"{where}.{name}", contract[name], value)
    testable = [*(n for n in fillable if n != "obs_status"), "table_id", "freq", "printed"]
    for number, rule in enumerate(layout.rules, 1):
        for name, wanted in rule.when.items():
            if name not in testable:
                raise _refuse(layout, f"rules[{number}].when asks for no column it can know", name, testable)
            for value in wanted if isinstance(wanted, list) else [wanted]:
                if value == BLANK and name in contract.names and contract[name].default is not None:
                    continue
                _check_value(layout, f"rules[{number}].when.{name}", contract[name], value)
    for column in layout.columns:
        for text, code in column.map.items():
            _check_value(layout, f"columns {column.header!r}.map {text!r}", contract[column.column], code)


def _check_value(layout: Layout, where: str, column: Column, value: object) -> None:
    if column.type in INTEGERS:
        least, most = INTEGERS[column.type]
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise _refuse(layout, f"{where} is no whole number from {least} to {most}", repr(value))
        return
    if not isinstance(value, str):
        raise _refuse(layout, f"{where} has the wrong type", repr(value), todo="give a text in quotes.")
    listname = _CODELISTS.get(column.name, column.codelist)
    codes = load_codelist(listname).codes | {column.default or ""} if listname else set()
    for part in value.split(";") if column.name == "obs_status" else [value]:
        if listname and (part not in codes or (part == "" and column.default is None)):
            raise _refuse(layout, f"{where} is not in the code list {listname}", part, todo="give a code of that list.")
    if column.name in ("period", "base_period") and not (column.name == "base_period" and value == PREVIOUS):
        try:
            find_freq(value)
        except ValueError as error:
            raise _refuse(layout, f"{where}: {error}", value, todo="give a period code.") from None
