"""Layouts: TOML declarations that say where the figures of a table stand and what each one means.

One file under transforms/layouts/<dataset>/ (or data/own/layouts/<dataset>/) describes one table, or several files of
the same form. docs/layouts.md is the reference of the language.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields
from typing import Any, get_args, get_origin, get_type_hints

from transforms.contract import load_contract
from transforms.errors import InputError
from transforms.grid import ENCODINGS

ROLES = ("key", "value", "status", "qualifier", "unit", "decimals", "note", "ignore")
PARSERS = ("label", "code", "text", "year", "period", "count")


@dataclass(frozen=True)
class Header:
    """The header row is the first row that holds every one of these labels."""

    contains: tuple[str, ...]


@dataclass(frozen=True)
class Columns:
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
    columns: tuple[Columns, ...]
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
    source: str = ""

    def table_of(self, filename: str) -> str:
        """The table_id of the figures of one file: as declared, else the file's name without its ending."""
        return self.table_id or filename.rsplit(".", 1)[0]


def _build(kind: type, raw: Any, where: str, source: str) -> Any:
    """A dataclass from a TOML table, refusing unknown keys, missing keys and wrong types by name."""
    if not isinstance(raw, dict):
        raise InputError(f"{where} must be a table", file=source, found=str(raw), todo="see docs/layouts.md.")
    hints, known = get_type_hints(kind), {f.name: f for f in fields(kind)}
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
    return kind(**values)


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
    if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
        raise InputError(f"{where} has the wrong type", file=source, found=repr(value), todo="see docs/layouts.md.")
    return value


def parse_layout(text: str, source: str, shared: dict[str, str] | None = None) -> Layout:
    """A layout from its TOML text; source is the name used in messages. Raises InputError naming the key.

    A layout may say extends = "name": the keys of that shared layout (shared: name -> TOML text) hold unless it says
    otherwise.
    """
    raw = _load(text, source)
    if base := raw.pop("extends", None):
        if base not in (shared or {}):
            raise InputError(
                "extends names no shared layout",
                file=source,
                found=str(base),
                todo=f"use one of {', '.join(shared or {}) or '(none)'}.",
            )
        raw = _load((shared or {})[base], base) | raw
    layout: Layout = _build(Layout, {**raw, "source": source}, "", source)
    _check(layout, source)
    return layout


def _load(text: str, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"the layout is not TOML: {error}", file=source, todo="mend the line named.") from None


def _check(layout: Layout, source: str) -> None:
    contract = load_contract("observations")

    def refuse(problem: str, found: str, allowed: Any) -> None:
        raise InputError(problem, file=source, found=found, todo=f"use one of {', '.join(map(str, allowed))}.")

    if layout.encoding not in ENCODINGS:
        refuse("unknown encoding", layout.encoding, ENCODINGS)
    seen: set[tuple[str, int]] = set()
    for number, column in enumerate(layout.columns, 1):
        where = f"columns[{number}]"
        if column.role not in ROLES:
            refuse(f"unknown {where}.role", column.role, ROLES)
        if column.parse and column.parse not in PARSERS:
            refuse(f"unknown {where}.parse", column.parse, PARSERS)
        if column.role == "key" and column.column not in contract.names:
            refuse(f"{where}.column is no column of the observations", column.column, contract.names)
        if column.role == "ignore" and not column.reason:
            raise InputError(f"{where}.reason is missing", file=source, todo="say why the column is left out.")
        if (column.header, column.nth) in seen:
            raise InputError(
                f"{where} names a column that is declared already",
                file=source,
                found=column.header,
                todo="give nth = 2 for the second column of that text.",
            )
        seen.add((column.header, column.nth))
    for name, given in [
        ("constants", layout.constants),
        *((f"columns {c.header!r}.set", c.set) for c in layout.columns),
        *(("rules.then", r.then) for r in layout.rules),
        *(("rules.when", r.when) for r in layout.rules),
    ]:
        for key in given:
            if key not in contract.names:
                refuse(f"{name} fills no column of the observations", key, contract.names)
    if not any(c.role == "value" for c in layout.columns):
        raise InputError("no column has the role value", file=source, todo="say which columns hold the figures.")
