"""What may have been meant: the nearest columns, tables and codes for a name that a query got wrong."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import Any

import duckdb

from flows.query_guard import Tree, list_tables, shorten, walk
from transforms.dimensions import CODED, find_nearest

# Columns that hold codes or names of things whose list is not the same in every view.
_ALSO_CODED = re.compile(
    r"obs_status|conf_status|asked|code|group_code|member|parent|tree|state|outcome|severity|rule|rule_id|table_id|"
    r"base_period|list|(\w+_)?label_(en|zh)|title_(en|zh)"
)
# The same, where the view codes has their list.
_LISTS = {"obs_status": "obs_status", "conf_status": "conf_status", "member": "geographies"}
_COLUMN = re.compile(r'Referenced column "([^"]+)" not found|does not have a column named "([^"]+)"')
_TABLE = re.compile(r"Table with name (\S+) does not exist")
_FILE = re.compile(r'Cannot access (?:file|directory) "([^"]*)"')
_FUNCTION = re.compile(r"Function with name \"?([^\s\"]+)\"? does not exist")


def explain_error(con: duckdb.DuckDBPyConnection, tree: Tree, error: Exception) -> str:
    """An error of DuckDB in one line, with the nearest names of what is not there."""
    text = shorten(error)
    if file := _FILE.search(text):
        return f"it reaches for the file {file[1]}, which is refused: only the published database is read"
    if column := _COLUMN.search(text):
        return _explain_column(con, tree, column[1] or column[2]) or text
    if table := _TABLE.search(text):
        return _explain_table(con, table[1])
    if function := _FUNCTION.search(text):
        return f"there is no function {function[1]}{_mean(function[1], _list_functions(con))}"
    return text.replace("You might need to add explicit type casts. Candidate macros:", "It takes:").strip()


def _explain_column(con: duckdb.DuckDBPyConnection, tree: Tree, column: str) -> str:
    """Nearest among the columns of the tables asked; else where a column of that name is. Empty where it is there."""
    asked, columns = list_tables(tree), _list_columns(con)
    near = sorted({name for table in asked for name in columns.get(table, ())})
    if column.lower() in near:  # lost on the way, in a subquery: DuckDB's own words say what is left
        return ""
    where = f" in {', '.join(sorted(asked & columns.keys()))}" if asked & columns.keys() else ""
    others = sorted(table for table, names in columns.items() if column.lower() in names)
    also = f" (there is one in {', '.join(others[:4])})" if others else ""
    return f"there is no column {column}{where}{also}{_mean(column, near or _flatten(columns))}"


def _explain_table(con: duckdb.DuckDBPyConnection, table: str) -> str:
    macros = con.execute("SELECT name FROM main.catalog WHERE kind = 'macro'").fetchall()
    if (table.lower(),) in macros:
        return f"{table} is a macro: from {table}(...); digitrade catalog macros lists its parameters"
    return f"there is no table or view {table}{_mean(table, _list_names(con))}"


def _flatten(columns: dict[str, list[str]]) -> list[str]:
    return sorted({name for names in columns.values() for name in names})


def _mean(name: str, names: list[str]) -> str:
    found = difflib.get_close_matches(name.lower(), names, n=3, cutoff=0.5)
    found += [other for other in names if name.lower() in other and other not in found][: 3 - len(found)]
    return f"; did you mean {', '.join(found)}?" if found else ""


def _list_columns(con: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """The columns of every view, and those that every macro gives."""
    rows = con.execute(
        """SELECT table_name, list(column_name ORDER BY column_index) FROM duckdb_columns()
           WHERE NOT internal AND schema_name = 'main' GROUP BY ALL
           UNION ALL
           SELECT name, list(column_name ORDER BY position) FROM main.catalog WHERE kind = 'result' GROUP BY ALL"""
    ).fetchall()
    return dict(rows)


def _list_names(con: duckdb.DuckDBPyConnection) -> list[str]:
    rows = con.execute(
        """SELECT view_name FROM duckdb_views() WHERE NOT internal
           UNION SELECT name FROM main.catalog WHERE kind = 'macro' ORDER BY ALL"""
    ).fetchall()
    return [row[0] for row in rows]


def _list_functions(con: duckdb.DuckDBPyConnection) -> list[str]:
    """The macros first, then what DuckDB has."""
    rows = con.execute(
        "SELECT DISTINCT function_name, internal FROM duckdb_functions() ORDER BY internal, function_name"
    ).fetchall()
    return [row[0] for row in rows]


_OF_VERDICTS = {"comparisons", "comparisons_labelled", "compared_cells", "verdicts"}


def is_coded(column: str) -> bool:
    """Whether a column holds codes or names, so that what it is compared with can be set against a list."""
    return column in CODED or _ALSO_CODED.fullmatch(column) is not None


def list_unknown_codes(con: duckdb.DuckDBPyConnection, tree: Tree) -> list[str]:
    """A sentence for every code that a query compares a coded column with and that no list has, with the nearest."""
    hints = []
    tables = {str(node.get("table_name", "")).lower() for node in walk(tree) if node.get("type") == "BASE_TABLE"}
    for column, value in dict.fromkeys(pair for pair in _list_filters(tree) if pair[0] in CODED):
        if column == "verdict" and not tables & _OF_VERDICTS:  # findings have a column of the same name
            continue
        known = con.execute("SELECT 1 FROM main.codes WHERE list = $1 AND code = $2", [CODED[column], value]).fetchone()
        if known or not value or (CODED[column] == "periods" and _is_in_parquet(con, value)):
            continue
        near = find_nearest(con, CODED[column], value)
        nothing = f"; nothing is spelled like it: see from codes where list = '{CODED[column]}'"
        nearest = f"; nearest: {', '.join(near)}" if near else nothing
        hints.append(f"there is no {column} '{value}'{nearest}")
    return hints + _list_unknown_names(con, tree)


def _list_unknown_names(con: duckdb.DuckDBPyConnection, tree: Tree) -> list[str]:
    """The same of columns without a list for all views: set against what the column of that view holds."""
    columns, hints = _list_columns(con), []
    for node in walk(tree):
        if node.get("type") != "SELECT_NODE" or node["from_table"]["type"] != "BASE_TABLE":
            continue
        table = str(node["from_table"]["table_name"]).lower()
        for column, value in dict.fromkeys(_list_filters(node["where_clause"])):
            if column in CODED or column not in columns.get(table, ()) or not value:
                continue
            if con.execute(f'SELECT 1 FROM {table} WHERE "{column}" = $1 LIMIT 1', [value]).fetchone():
                continue
            if near := _find_near(con, table, column, value):
                hints.append(f"there is no {column} '{value}' in {table}; {near}")
    return hints


def _find_near(con: duckdb.DuckDBPyConnection, table: str, column: str, value: str) -> str:
    """What is nearest in the column's list of the view codes or in the column itself; '' for a code of the list."""
    if name := _LISTS.get(column):
        if con.execute("SELECT 1 FROM main.codes WHERE list = $1 AND code = $2", [name, value]).fetchone():
            return ""
        near, where = find_nearest(con, name, value), f"codes where list = '{name}'"
    else:
        rows = con.execute(
            f"""SELECT name FROM (SELECT DISTINCT "{column}" AS name FROM {table})
                WHERE name <> '' AND main.rate_name($1, name, name, name) >= 0.7
                ORDER BY main.rate_name($1, name, name, name) DESC, name LIMIT 3""",
            [value],
        ).fetchall()
        near, where = [row[0] for row in rows], table
    return f"nearest: {', '.join(near)}" if near else f"nothing is spelled like it: see from {where}"


def _is_in_parquet(con: duckdb.DuckDBPyConnection, period: str) -> bool:
    """Whether a large edition, which the list of periods does not know, has it."""
    return bool(con.execute("SELECT 1 FROM core_levels WHERE period = $1 LIMIT 1", [period]).fetchone())


def _list_filters(tree: Any) -> Iterator[tuple[str, str]]:
    """Pairs of a coded column and a text that it is asked to equal: column = 'text', column IN ('text', ...)."""
    for node in walk(tree):
        if node.get("type") == "COMPARE_EQUAL":
            sides = [node["left"], node["right"]]
        elif node.get("type") == "COMPARE_IN":
            sides = node["children"]
        else:
            continue
        columns = [name for side in sides if is_coded(name := _name_column(side))]
        for column in columns:
            yield from ((column, text) for side in sides if (text := _read_text(side)) is not None)


def _name_column(node: Any) -> str:
    return str(node["column_names"][-1]).lower() if node.get("type") == "COLUMN_REF" else ""


def _read_text(node: Any) -> str | None:
    if node.get("type") != "VALUE_CONSTANT" or node["value"]["is_null"]:
        return None
    value = node["value"]["value"]
    return value if isinstance(value, str) else None
