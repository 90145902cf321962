"""The table catalog: every view, column, macro and parameter of the database, with type, unit and words."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

import duckdb
import pyarrow as pa

from transforms.contract import load_contract
from transforms.errors import InputError
from transforms.macros import Macro, load_macros

COLUMNS = ("kind", "name", "column_name", "position", "type", "unit", "default_value", "words_en", "words_zh")
_DEFAULT = re.compile(r"(\w+)(?: := ('[^']*'|\w+))?")


def load_words(name: str) -> dict[str, dict[str, str]]:
    """The words for tables and columns of one file of contracts: codelists (English), codelists_zh (Chinese)."""
    text = files("transforms").joinpath("contracts", f"{name}.toml").read_text(encoding="utf-8")
    found: dict[str, dict[str, str]] = tomllib.loads(text)
    return found


@cache
def _pair_words(contracts: tuple[str, ...]) -> dict[str, str]:
    """English words of a comment -> the Chinese ones, from contracts and code lists."""
    english, chinese = load_words("codelists"), load_words("codelists_zh")
    pairs: dict[str, str] = {}
    for name in contracts:
        contract = load_contract(name)
        pairs[contract.description_en] = contract.description_zh
        pairs |= {column.en: column.zh for column in contract.columns}
    return pairs | {
        words: chinese[part][name] for part in english for name, words in english[part].items() if name in chinese[part]
    }


@cache
def _find_units(contracts: tuple[str, ...]) -> dict[str, str]:
    """Words of a column -> its unit, where its contract names one."""
    return {column.en: column.unit for name in contracts for column in load_contract(name).columns if column.unit}


def translate_units(contracts: tuple[str, ...]) -> dict[str, str]:
    """Unit of a column -> the same in Chinese; no unit is none."""
    return {column.unit: column.unit_zh for name in contracts for column in load_contract(name).columns} | {"": ""}


def create_catalog(con: duckdb.DuckDBPyConnection, contracts: tuple[str, ...]) -> None:
    """Fill the table store.catalog, which is there and empty, from the comments of what the schema main holds.

    Raises InputError where a comment has no Chinese words.
    """
    pairs, units = _pair_words(contracts), _find_units(contracts)
    rows = [
        ("view", name, "", 0, "view", "", "", words, _translate(name, words, pairs))
        for name, words in con.execute(
            "SELECT view_name, comment FROM duckdb_views() WHERE schema_name = 'main' AND NOT internal ORDER BY ALL"
        ).fetchall()
    ]
    rows += [
        (
            "column",
            table,
            name,
            place,
            type_,
            units.get(words, ""),
            "",
            words,
            _translate(f"{table}.{name}", words, pairs),
        )
        for table, name, place, type_, words in con.execute(
            """SELECT table_name, column_name, column_index, data_type, comment FROM duckdb_columns()
               WHERE schema_name = 'main' AND NOT internal ORDER BY ALL"""
        ).fetchall()
    ]
    for macro in load_macros():
        rows += _describe_macro(macro)
        rows += _describe_result(con, macro, pairs, units)
    rows += _describe_others(con, pairs)
    listed = pa.Table.from_pylist([dict(zip(COLUMNS, row, strict=True)) for row in rows])
    con.register("listed", listed)
    con.execute(
        "INSERT INTO store.catalog BY NAME SELECT DISTINCT * FROM listed ORDER BY kind, name, position, column_name"
    )
    con.unregister("listed")


def _translate(what: str, words: str | None, pairs: dict[str, str]) -> str:
    if not words or words not in pairs:
        raise InputError(
            f"{what} has {'no words' if not words else 'no Chinese words'}",
            file="transforms/contracts/codelists_zh.toml",
            found=words,
            todo="write them in its contract, or in codelists.toml and codelists_zh.toml.",
        )
    return pairs[words]


def _describe_macro(macro: Macro) -> list[tuple[Any, ...]]:
    """A macro and its parameters. Raises InputError where a parameter has no words, or words no parameter."""
    head = macro.sql[macro.sql.index("(") + 1 : macro.sql.index(") AS")]
    defaults: dict[str, str] = dict(_DEFAULT.findall(head))
    if odd := defaults.keys() ^ macro.parameters.keys():
        raise InputError(
            f"the parameter {min(odd)} has no words, or is none",
            file=f"transforms/macros/{macro.name}.sql",
            todo="write a line in each language for every parameter.",
        )
    kind = "table macro" if macro.is_table else "scalar macro"
    rows: list[tuple[Any, ...]] = [("macro", macro.name, "", 0, kind, "", "", macro.words["en"], macro.words["zh"])]
    for place, (name, default) in enumerate(defaults.items(), 1):
        words = macro.parameters[name]
        rows.append(("parameter", macro.name, name, place, "", "", default, words["en"], words["zh"]))
    return rows


def _describe_others(con: duckdb.DuckDBPyConnection, pairs: dict[str, str]) -> list[tuple[Any, ...]]:
    """Macros that are not files of their own, with their parameters, by their comments and the words for columns."""
    said = load_words("codelists")["columns"]
    rows: list[tuple[Any, ...]] = []
    for name, words, parameters in con.execute(
        """SELECT function_name, comment, parameters FROM duckdb_functions()
           WHERE schema_name = 'main' AND NOT internal AND function_type IN ('macro', 'table_macro') ORDER BY ALL"""
    ).fetchall():
        if name in {macro.name for macro in load_macros()}:
            continue
        rows.append(("macro", name, "", 0, "table macro", "", "", words, _translate(name, words, pairs)))
        for place, parameter in enumerate(parameters, 1):
            told = said.get(parameter)
            translated = _translate(f"{name}({parameter})", told, pairs)
            rows.append(("parameter", name, parameter, place, "", "", "", told, translated))
    return rows


def _describe_result(
    con: duckdb.DuckDBPyConnection, macro: Macro, pairs: dict[str, str], units: dict[str, str]
) -> list[tuple[Any, ...]]:
    """The columns that a table macro gives. Their words are those of the views that it reads, or of the code lists."""
    if not macro.is_table:
        return []
    words = load_words("codelists")["columns"]
    for name in ("comparisons", "observations", "indicators"):
        words = words | {column.name: column.en for column in load_contract(name).columns}
    rows = []
    for place, (name, type_) in enumerate(
        con.execute(f"SELECT column_name, column_type FROM (DESCRIBE FROM {macro.name}(NULL))").fetchall(), 1
    ):
        said = words.get(name)
        translated = _translate(f"{macro.name}.{name}", said, pairs)
        rows.append(("result", macro.name, name, place, type_, units.get(said or "", ""), "", said, translated))
    return rows
