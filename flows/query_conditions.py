"""The conditions of a plain SELECT on one view or macro, and the SELECT without each of them."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb

from flows.query_guard import Tree
from flows.query_hints import is_coded
from transforms.dimensions import CODED

# Parameters of macros that choose by another column than the one of their name.
_COLUMNS = {"since": "period", "until": "period", "scheme": "item", "definitions": "definition"}
_SIGNS = {
    "COMPARE_EQUAL": "", "COMPARE_IN": "", "COMPARE_GREATERTHAN": "> ", "COMPARE_GREATERTHANOREQUALTO": ">= ",
    "COMPARE_LESSTHAN": "< ", "COMPARE_LESSTHANOREQUALTO": "<= ", "COMPARE_BETWEEN": "between ", "~~": "like ",
    "~~*": "ilike ",
}  # fmt: skip
_NULL = {"class": "CONSTANT", "type": "VALUE_CONSTANT", "alias": "", "value": {"type": {"id": "NULL"}, "is_null": True}}
_TRUE = {"class": "CONSTANT", "type": "VALUE_CONSTANT", "alias": "",
         "value": {"type": {"id": "BOOLEAN", "type_info": None}, "is_null": False, "value": True}}  # fmt: skip


@dataclass(frozen=True)
class Condition:
    """What a SELECT demands of one coded column, in words, and the SELECT without it.

    parameter: the parameter of a macro that demands it; default: what the macro takes where nothing is said, else '';
    value: what is said.
    """

    words: str
    column: str
    rest: Tree
    parameter: str = ""
    default: str = ""
    value: str = ""


def name_macro(node: Tree) -> str:
    """The macro that a SELECT is on; '' for a view."""
    source = node["from_table"]
    return str(source["function"]["function_name"]).lower() if source["type"] == "TABLE_FUNCTION" else ""


def name_arguments(con: duckdb.DuckDBPyConnection, node: Tree) -> Tree:
    """The SELECT with the names of those arguments of its macro that have a default and are told by their place."""
    if not name_macro(node):
        return node
    named = copy.deepcopy(node)
    for argument, (name, default) in zip(
        named["from_table"]["function"]["children"], _list_parameters(con, name_macro(node)), strict=False
    ):
        argument["alias"] = argument["alias"] or (name if default else "")
    return named


def _list_parameters(con: duckdb.DuckDBPyConnection, macro: str) -> list[tuple[str, str]]:
    return con.execute(
        "SELECT column_name, default_value FROM main.catalog WHERE kind = 'parameter' AND name = $1 ORDER BY position",
        [macro],
    ).fetchall()


def give_argument(node: Tree, name: str, value: str | None) -> Tree:
    """The SELECT with another argument of its macro, by name (name_arguments); NULL for None."""
    given = copy.deepcopy(node)
    children = given["from_table"]["function"]["children"]
    constant = copy.deepcopy(_NULL) if value is None else copy.deepcopy(_TRUE)
    if value is not None:
        constant["value"] = {"type": {"id": "VARCHAR", "type_info": None}, "is_null": False, "value": value}
    for place, argument in enumerate(children):
        if argument["alias"].lower() == name:
            children[place] = {**constant, "alias": argument["alias"]}
            return given
    children.append({**constant, "alias": name})
    return given


def list_arguments(con: duckdb.DuckDBPyConnection, node: Tree) -> Iterator[Condition]:
    """A condition for every argument of a macro, and for every default that chooses by a coded column."""
    macro = name_macro(node)
    if not macro:
        return
    parameters = _list_parameters(con, macro)
    said = set()
    for place, argument in enumerate(node["from_table"]["function"]["children"]):
        name = argument["alias"].lower() or (parameters[place][0] if place < len(parameters) else "")
        said.add(name)
        column, is_constant = _COLUMNS.get(name, name), argument["type"] == "VALUE_CONSTANT"
        if column in CODED and is_constant and not argument["value"]["is_null"]:
            value = argument["value"]["value"]
            rest = copy.deepcopy(node)
            rest["from_table"]["function"]["children"][place] = {**_NULL, "alias": argument["alias"]}
            yield Condition(f"{name} {value!r}", column, rest, name, value=str(value))
    for name, default in parameters:
        if name not in said and name in CODED and default not in ("", "NULL"):
            yield Condition(f"{name} {default}", name, give_argument(node, name, None), name, default)


def list_conjuncts(node: Tree) -> tuple[list[Condition], list[Tree]]:
    """A condition for every part of the WHERE that compares a coded column with constants, and the other parts."""
    parts = _split(node)
    conditions, others = [], []
    for place, part in enumerate(parts):
        if read := _read(part):
            column, words = read
            rest = with_where(node, [other for n, other in enumerate(parts) if n != place])
            conditions.append(Condition(words, column, rest))
        else:
            others.append(part)
    return conditions, others


def keep_tested(node: Tree, others: list[Tree]) -> Tree:
    """The SELECT without those parts of its WHERE."""
    return with_where(node, [part for part in _split(node) if part not in others])


def _split(node: Tree) -> list[Tree]:
    where = node["where_clause"]
    if where is None:
        return []
    return list(where["children"]) if where["type"] == "CONJUNCTION_AND" else [where]


def with_where(node: Tree, parts: list[Tree]) -> Tree:
    """The SELECT with these conditions, all of them, as its WHERE."""
    if len(parts) < 2:
        return {**node, "where_clause": parts[0] if parts else None}
    both = {"class": "CONJUNCTION", "type": "CONJUNCTION_AND", "alias": "", "children": parts}
    return {**node, "where_clause": both}


def _read(part: Tree) -> tuple[str, str] | None:
    """(column, words) of a comparison of a coded column with constants; None for any other condition."""
    kind = part.get("function_name") if part["type"] == "FUNCTION" else part["type"]
    if kind not in _SIGNS:
        return None
    if kind == "COMPARE_BETWEEN":
        first, others = part["input"], [part["lower"], part["upper"]]
    elif "children" in part:
        first, *others = part["children"]
    else:
        first, others = part["left"], [part["right"]]
    if first["type"] != "COLUMN_REF" or any(other["type"] != "VALUE_CONSTANT" for other in others):
        return None
    column = first["column_names"][-1].lower()
    if not is_coded(column):
        return None
    values = (" and " if kind == "COMPARE_BETWEEN" else " or ").join(repr(o["value"].get("value")) for o in others)
    return column, f"{column} {_SIGNS[kind]}{values}"


def write_sql(con: duckdb.DuckDBPyConnection, node: Tree) -> str:
    """A SELECT as SQL."""
    statement = {"error": False, "statements": [{"node": node, "named_param_map": []}]}
    row = con.execute("SELECT json_deserialize_sql($1)", [json.dumps(statement)]).fetchone()
    return str(row[0]) if row else ""


def select_columns(node: Tree, columns: list[str]) -> Tree:
    """The SELECT of these columns in place of its own, in no order and without a limit; of all where there are none."""
    chosen: list[dict[str, Any]] = [
        {"class": "COLUMN_REF", "type": "COLUMN_REF", "alias": "", "column_names": [name]} for name in columns
    ]
    star = {"class": "STAR", "type": "STAR", "alias": "", "relation_name": "", "exclude_list": [], "replace_list": [],
            "columns": False, "expr": None}  # fmt: skip
    return {**node, "select_list": chosen or [star], "modifiers": []}
