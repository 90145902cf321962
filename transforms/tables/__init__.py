"""Table specifications: one TOML file a table, which says what its rows and columns select. No table needs code.

docs/tables.md has every key and an example of each form; in short:

    order = 1                            place in the workbook
    short, title, where                  { zh = ..., en = ... }: sheet name, title, place in the source
    notes.zh, notes.en                   lists of sentences
    dataset, vintage                     whose printed figures; the newest edition where no vintage is given
    mixed_sources = true                 compute with another source family where nothing else gives a value (status D)
    form = "checks" | "matrix"           one line a cell with its mark, or rows against columns with one value a cell
         | "definitions"                 one indicator under several definitions, the difference and why; see below
    [select]                             what holds for every cell: column of the observations = code or list of codes
    [[rows]], [[columns]]                each either a label and a select, or by = [columns of the observations]: one
                                         for every combination found, in printed order, labelled from the code lists

A cell selects what its table, row and column select together: `measure` finds the printed figure, `rule` a row of the
comparisons (a figure that printed ones imply), `indicator` a computed value where nothing is printed.

A table of definitions selects one indicator and the places, has no columns, and says which definitions it compares:

    against = "dds6"                     the definition that the others are set against
    definitions = ["unctad", ...]        the others; all that there are where it is left out
    dataset                              only this publication; the latest editions of all where it is left out

Each of its rows becomes one for every definition: value with range, difference with range, status, and why they differ.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from transforms.contract import load_contract
from transforms.errors import InputError

LANGUAGES = ("zh", "en")
FORMS = ("checks", "matrix", "definitions")
KEYS = {"order", "short", "title", "where", "notes", "dataset", "vintage", "mixed_sources", "form", "select"}
OF_DEFINITIONS = {"against", "definitions"}
ENTRY_KEYS = {"label", "select", "by"}
# What a table of definitions can select by: the columns of compare_definitions that tell its figures apart.
_COMPARED = {"indicator", "geo", "flow", "item", "reference", "period", "base_period", "unit", "currency"}
_NOT_IN_SHEET_NAME = re.compile(r"[\[\]:*?/\\]|^'|'$")
_VALUES = {"value", "printed", "decimals", "lower", "upper", "unit_mult", "n", "note", "locator", "dataset", "vintage"}

Select = dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Axis:
    """One entry under rows or columns: a labelled selection, or by: one for each combination found."""

    label: dict[str, str]
    select: Select
    by: tuple[str, ...]


@dataclass(frozen=True)
class TableSpec:
    """What a table shows; see the module's words."""

    name: str
    order: int
    short: dict[str, str]
    title: dict[str, str]
    where: dict[str, str]
    notes: dict[str, tuple[str, ...]]
    dataset: str
    vintage: str
    mixed_sources: bool
    form: str
    select: Select
    rows: tuple[Axis, ...]
    columns: tuple[Axis, ...]
    against: str = ""
    definitions: tuple[str, ...] = ()


@cache
def _bundled() -> tuple[TableSpec, ...]:
    return tuple(
        parse_spec(path.name.removesuffix(".toml"), path.read_text(encoding="utf-8"), path.name)
        for path in sorted(files("transforms.tables").iterdir(), key=lambda p: p.name)
        if path.name.endswith(".toml")
    )


def load_specs(own: Iterable[tuple[str, str]] = ()) -> tuple[TableSpec, ...]:
    """All table specifications in the order of the workbook: the bundled ones, and own ones as (name, TOML text).

    Two tables of one name or one sheet name are refused.
    """
    specs = [*_bundled(), *(parse_spec(name, text, f"own/tables/{name}.toml") for name, text in own)]
    for seen in ([s.name for s in specs], *([s.short[lang].casefold() for s in specs] for lang in LANGUAGES)):
        if repeated := sorted({name for name in seen if seen.count(name) > 1}):
            raise InputError(
                "two tables of one name", file="tables", found=repeated[0], todo="give one of them another name."
            )
    return tuple(sorted(specs, key=lambda s: (s.order, s.name)))


def parse_spec(name: str, text: str, file: str) -> TableSpec:
    """One specification from its TOML text. Raises InputError naming the file and the key."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(
            f"the table specification is not TOML: {error}", file=file, todo="mend the line named."
        ) from None
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,60}", name):
        raise _refuse(file, "the name of a table is its file name: letters, digits, _ and -", name)
    form = raw.get("form", "checks")
    if form not in FORMS:
        raise _refuse(file, f"form is one of {', '.join(FORMS)}", str(form))
    compares = form == "definitions"
    keys = {"rows"} | (OF_DEFINITIONS if compares else {"columns"})
    if unknown := sorted(set(raw) - KEYS - keys):
        raise _refuse(file, "an unknown key", unknown[0])
    needed = {"short", "title", "rows"} | (set() if compares else {"dataset", "columns"})
    if missing := sorted(key for key in needed if not raw.get(key)):
        raise _refuse(file, "a key is missing", missing[0])
    for key, kind in (("order", int), ("dataset", str), ("vintage", str), ("mixed_sources", bool), ("notes", dict),
                      ("against", str), ("definitions", list)):  # fmt: skip
        if key in raw and not (isinstance(raw[key], kind) and isinstance(raw[key], bool) == (kind is bool)):
            raise _refuse(file, f"the key {key} has the wrong type", repr(raw[key]))
    short = _words(raw["short"], file, "short")
    if bad := [s for s in short.values() if len(s) > 31 or _NOT_IN_SHEET_NAME.search(s)]:
        raise _refuse(file, r"short names a sheet: 31 characters at most, none of [ ] : * ? / \ ", bad[0])
    notes = raw.get("notes", {})
    spec = TableSpec(
        name=name,
        order=int(raw.get("order", 1000)),
        short=short,
        title=_words(raw["title"], file, "title"),
        where=_words(raw.get("where", {"zh": "", "en": ""}), file, "where"),
        notes={lang: tuple(notes.get(lang, ())) for lang in LANGUAGES},
        dataset=raw.get("dataset", ""),
        vintage=raw.get("vintage", ""),
        mixed_sources=bool(raw.get("mixed_sources", False)),
        form=form,
        select=_select(raw.get("select", {}), file),
        rows=tuple(_axis(entry, file) for entry in raw["rows"]),
        columns=tuple(_axis(entry, file) for entry in raw.get("columns", ())),
        against=raw.get("against", "dds6") if compares else "",
        definitions=tuple(map(str, raw.get("definitions", ()))),
    )
    if compares:
        _refuse_uncomparable(spec, file)
    if len(set(map(len, spec.notes.values()))) > 1:
        raise _refuse(file, "the notes are not the same number in zh and en", "notes")
    for row in spec.rows:
        for column in spec.columns:
            given = [*spec.select, *row.select, *row.by, *column.select, *column.by]
            if twice := sorted({key for key in given if given.count(key) > 1}):
                raise _refuse(file, "a cell selects one key twice (in select, rows and columns)", twice[0])
    return spec


def _refuse_uncomparable(spec: TableSpec, file: str) -> None:
    """Refuse a table of definitions that selects by what it cannot, or a row of no place or not of one indicator."""
    for row in spec.rows:
        select = {**spec.select, **row.select}
        if lacking := sorted({"indicator", "geo"} - select.keys() - ({"geo"} & set(row.by))):
            raise _refuse(file, "a row of a table of definitions selects one indicator, and the places", lacking[0])
        if len(select["indicator"]) > 1 and "indicator" not in row.by:
            several = ", ".join(select["indicator"])
            raise _refuse(file, "a row of a table of definitions selects one indicator, or has it in its by", several)
        if twice := sorted(set(row.select) & set(row.by)):
            raise _refuse(file, "a row selects one key twice (in select and by)", twice[0])
        if odd := sorted({*select, *row.by} - _COMPARED):
            words = "say against and definitions instead" if odd[0] == "definition" else "leave it out"
            raise _refuse(file, f"a table of definitions cannot select by {odd[0]}: {words}", odd[0])


def _axis(raw: dict[str, Any], file: str) -> Axis:
    if unknown := sorted(set(raw) - ENTRY_KEYS):
        raise _refuse(file, "an unknown key under rows or columns", unknown[0])
    by = tuple(raw.get("by", ()))
    if bool(by) == ("label" in raw):
        raise _refuse(file, "an entry under rows or columns has either a label or by", str(raw))
    _select(dict.fromkeys(by, ""), file)
    return Axis(_words(raw["label"], file, "label") if not by else {}, _select(raw.get("select", {}), file), by)


def _select(raw: dict[str, Any], file: str) -> Select:
    known = {*load_contract("observations").names, *load_contract("indicators").key, "rule"} - _VALUES
    if unknown := sorted(set(raw) - known):
        raise _refuse(file, "not a column that can be selected by", unknown[0])
    return {key: tuple(map(str, value)) if isinstance(value, list) else (str(value),) for key, value in raw.items()}


def _words(raw: Any, file: str, key: str) -> dict[str, str]:
    if not isinstance(raw, dict) or set(raw) != set(LANGUAGES):
        raise _refuse(file, "words are given in zh and en, both", key)
    return {lang: str(raw[lang]) for lang in LANGUAGES}


def _refuse(file: str, problem: str, found: str) -> InputError:
    return InputError(problem, file=file, found=found, todo="mend the table specification; see docs/tables.md.")
