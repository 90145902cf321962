"""Why a query has no rows: which of its conditions leaves nothing, and what there is without it."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import duckdb

from flows.query_guard import Tree
from transforms.dimensions import CODED

# Parameters of macros that choose by another column than the one of their name.
_COLUMNS = {"since": "period", "until": "period", "scheme": "item", "definitions": "definition"}
_SIGNS = {
    "COMPARE_EQUAL": "", "COMPARE_IN": "", "COMPARE_GREATERTHAN": "> ", "COMPARE_GREATERTHANOREQUALTO": ">= ",
    "COMPARE_LESSTHAN": "< ", "COMPARE_LESSTHANOREQUALTO": "<= ",
}  # fmt: skip
_SHOWN = 6
_NULL = {"class": "CONSTANT", "type": "VALUE_CONSTANT", "alias": "", "value": {"type": {"id": "NULL"}, "is_null": True}}
_TRUE = {"class": "CONSTANT", "type": "VALUE_CONSTANT", "alias": "",
         "value": {"type": {"id": "BOOLEAN", "type_info": None}, "is_null": False, "value": True}}  # fmt: skip


def explain_empty(con: duckdb.DuckDBPyConnection, tree: Tree) -> list[str]:
    """A sentence for every condition of a plain SELECT that alone leaves it without rows; else that none alone does.

    Of one view or macro, conditions being the arguments of the macro and what the WHERE demands of coded columns. For
    any other query: nothing.
    """
    node = tree["statements"][0]["node"]
    if node["type"] != "SELECT_NODE" or node["from_table"]["type"] not in ("BASE_TABLE", "TABLE_FUNCTION"):
        return []
    if node["group_expressions"] or node["having"] or node["qualify"] or node["cte_map"]["map"]:
        return []
    conditions = [*_list_arguments(con, node), *_list_conjuncts(node)]
    said = [
        f"nothing has {words}; without that there is: {there}"
        for words, column, rest in conditions
        if (there := _show(con, rest, column))
    ]
    if said or len(conditions) < 2:
        return said
    return [f"each alone may be there, but nothing has all of {', '.join(words for words, _, _ in conditions)}"]


def _list_arguments(con: duckdb.DuckDBPyConnection, node: Tree) -> Iterator[tuple[str, str, Tree]]:
    """(words, column, the SELECT without it) for every argument of a macro."""
    if node["from_table"]["type"] != "TABLE_FUNCTION":
        return
    function = node["from_table"]["function"]
    names = con.execute(
        "SELECT column_name FROM main.catalog WHERE kind = 'parameter' AND name = $1 ORDER BY position",
        [function["function_name"].lower()],
    ).fetchall()
    for place, argument in enumerate(function["children"]):
        name = argument["alias"].lower() or (names[place][0] if place < len(names) else "")
        if name and argument["type"] == "VALUE_CONSTANT" and not argument["value"]["is_null"]:
            rest = copy.deepcopy(node)
            rest["from_table"]["function"]["children"][place] = {**_NULL, "alias": argument["alias"]}
            yield f"{name} {argument['value']['value']!r}", _COLUMNS.get(name, name), rest


def _list_conjuncts(node: Tree) -> Iterator[tuple[str, str, Tree]]:
    """(words, column, the SELECT without it) for every part of the WHERE that a coded column is compared in."""
    where = node["where_clause"]
    if where is None:
        return
    parts = where["children"] if where["type"] == "CONJUNCTION_AND" else [where]
    for place, part in enumerate(parts):
        if part["type"] not in _SIGNS:
            continue
        first, *others = part["children"] if part["type"] == "COMPARE_IN" else [part["left"], part["right"]]
        if first["type"] != "COLUMN_REF" or any(other["type"] != "VALUE_CONSTANT" for other in others):
            continue
        column = first["column_names"][-1].lower()
        if column not in CODED:
            continue
        rest = copy.deepcopy(node)
        if where["type"] == "CONJUNCTION_AND":
            rest["where_clause"]["children"][place] = _TRUE
        else:
            rest["where_clause"] = None
        values = " or ".join(repr(other["value"].get("value")) for other in others)
        yield f"{column} {_SIGNS[part['type']]}{values}", column, rest


def _show(con: duckdb.DuckDBPyConnection, node: Tree, column: str) -> str:
    """What a column holds in a SELECT, in words; '' where there are no rows."""
    try:
        found = [str(row[0]) for row in _fetch_distinct(con, node, column)]
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        # figures that cannot stand in one answer are figures
        return "figures of several kinds" if "cannot stand in one answer" in str(error) else ""
    shown = found if len(found) <= _SHOWN else [*found[: _SHOWN - 1], "...", found[-1]]
    more = f" ({len(found)} in all)" if len(found) > _SHOWN else ""
    return f"{column} {', '.join(shown)}{more}" if found else ""


def _fetch_distinct(con: duckdb.DuckDBPyConnection, node: Tree, column: str) -> list[Any]:
    reference = {"class": "COLUMN_REF", "type": "COLUMN_REF", "alias": "", "column_names": [column]}
    asked = {**node, "select_list": [reference], "modifiers": []}
    statement = {"error": False, "statements": [{"node": asked, "named_param_map": []}]}
    row = con.execute("SELECT json_deserialize_sql($1)", [json.dumps(statement)]).fetchone()
    return con.execute(f"SELECT DISTINCT * FROM ({row and row[0]}) ORDER BY ALL").fetchall()
