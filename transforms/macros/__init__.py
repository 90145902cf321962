"""Table macros of the published database: one SQL file each; the words at its head become comments and the catalog."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

import duckdb

from transforms.errors import InputError
from transforms.indicators import quote

_SAID = re.compile(r"-- (?:(?P<parameter>\w+) )?(?P<lang>en|zh): (?P<words>.*)")
_MORE = "--     "
_NAME = re.compile(r"CREATE MACRO main\.(\w+)\s*\(")
# Others are written with these, so they come first.
_FIRST = ("place_in_time", "rate_name", "find_codes", "refuse_absent", "refuse_mix", "edition_pair")


@dataclass(frozen=True)
class Macro:
    """A macro: its statement, what it is in words, and what each parameter means; words by language."""

    name: str
    sql: str
    words: dict[str, str]
    parameters: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def is_table(self) -> bool:
        return ") AS TABLE" in self.sql


def parse_macro(name: str, text: str) -> Macro:
    """A macro from its file. Raises InputError where its name is not that of the file, or words lack a language."""
    words: dict[str, str] = {}
    parameters: dict[str, dict[str, str]] = {}
    last: tuple[dict[str, str], str] | None = None
    for line in text.splitlines():
        if said := _SAID.fullmatch(line):
            told = parameters.setdefault(said["parameter"], {}) if said["parameter"] else words
            told[said["lang"]] = said["words"]
            last = (told, said["lang"])
        elif last and line.startswith(_MORE):
            last[0][last[1]] += f" {line.removeprefix(_MORE)}"
        else:
            break
    file, found = f"transforms/macros/{name}.sql", _NAME.search(text)
    if found is None or found[1] != name:
        raise InputError("the macro does not have the name of its file", file=file, todo=f"CREATE MACRO main.{name}(.")
    for what, told in {"the macro": words, **parameters}.items():
        if told.keys() != {"en", "zh"}:
            raise InputError(f"{what} lacks words in one language", file=file, todo="write a line en and a line zh.")
    return Macro(name, text[found.start() :].strip().removesuffix(";"), words, parameters)


@cache
def load_macros() -> tuple[Macro, ...]:
    """All macros, those that others are written with first."""
    names = sorted(
        path.name.removesuffix(".sql") for path in files("transforms.macros").iterdir() if path.name.endswith(".sql")
    )
    names.sort(key=lambda name: _FIRST.index(name) if name in _FIRST else len(_FIRST))
    return tuple(
        parse_macro(name, files("transforms.macros").joinpath(f"{name}.sql").read_text(encoding="utf-8"))
        for name in names
    )


def create_macros(con: duckdb.DuckDBPyConnection) -> None:
    """Make all macros in the schema main of a connection, each with its comment."""
    for macro in load_macros():
        con.execute(macro.sql)
        kind = "MACRO TABLE" if macro.is_table else "MACRO"
        con.execute(f"COMMENT ON {kind} main.{macro.name} IS {quote(macro.words['en'])}")
