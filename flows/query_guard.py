"""What a query may be: one SELECT on the published database. Read from the parse tree, before anything is run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import duckdb

from transforms.errors import InputError

Tree = dict[str, Any]

_TODO = "ask with one SELECT; digitrade query --help has examples."
# What a statement that is no SELECT would do: kind of statement -> words.
_DOES = {
    "COPY": "it would write or read a file (use --format and --output)",
    "EXPORT": "it would write files (use --format and --output)",
    "ATTACH": "it would open another database",
    "DETACH": "it would close a database",
    "LOAD": "it would load an extension",
    "SET": "it would change a setting",
    "VARIABLE_SET": "it would change a setting",
    "PRAGMA": "it would change a setting",
    "CALL": "it would call a procedure",
    "MULTI": "it is several statements",
}
# Functions that make rows and touch nothing outside the database; table macros of the database besides.
_TABLE_FUNCTIONS = {
    "range", "generate_series", "unnest", "repeat", "json_each", "json_tree", "duckdb_columns", "duckdb_constraints",
    "duckdb_functions", "duckdb_keywords", "duckdb_schemas", "duckdb_tables", "duckdb_types", "duckdb_views",
    "pragma_table_info", "pragma_version",
}  # fmt: skip
_CLOSED = re.compile(
    r"query|query_table|getenv|current_setting|which_secret|write_log|nextval|currval|json_execute_serialized_sql|"
    r"glob|copy_database|checkpoint|force_checkpoint|(read|parquet|sniff|st_read|python|duckdb_log)_.*|.*_scan"
)
_KINDS = re.compile(r"^(?:[A-Z][A-Za-z]+ )+Error: ")


_EXPLAIN = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/)*EXPLAIN\b(?:\s+ANALYZE\b)?(?:\s*\([^()]*\))?", re.IGNORECASE | re.DOTALL
)


def parse_query(con: duckdb.DuckDBPyConnection, sql: str) -> Tree:
    """The parse tree of one SELECT, under the key explained where only its plan is asked for.

    Raises InputError for everything else, in one sentence that says why.
    """
    try:
        statements = con.extract_statements(sql)
    except duckdb.Error as error:
        raise InputError(f"the query cannot be answered: {shorten(error)}") from None
    if not statements:
        raise InputError("give one SQL statement: there is none", todo=_TODO)
    if len(statements) > 1:
        pivots = re.search(r"\bpivot\b", sql, re.IGNORECASE)
        todo = "name the values of a PIVOT: ON flow IN ('X', 'M')." if pivots else _TODO
        raise InputError(f"give one SQL statement: these are several statements ({len(statements)})", todo=todo)
    kind = statements[0].type.name
    if kind == "EXPLAIN" and (plan := _EXPLAIN.match(sql)):
        return {"explained": parse_query(con, sql[plan.end() :])}
    if kind != "SELECT":
        does = _DOES.get(kind, "it would change the database")
        raise InputError(f"the query only reads the published database, and {kind} is refused: {does}", todo=_TODO)
    row = con.execute("SELECT json_serialize_sql($1)", [sql]).fetchone()
    tree: Tree = json.loads(row[0]) if row else {"error": True, "error_message": "no answer"}
    if tree["error"]:  # PRAGMA show_tables and its like pass for a SELECT until here
        raise InputError(
            "the query only reads the published database, and this is refused: it is no SELECT", todo=_TODO
        )
    return tree


def refuse_outside(con: duckdb.DuckDBPyConnection, tree: Tree) -> None:
    """Raise InputError where a function of the query reaches out of the database: files, network, environment."""
    functions = con.execute("SELECT function_name, internal FROM duckdb_functions()").fetchall()
    allowed = _TABLE_FUNCTIONS | {name for name, internal in functions if not internal}
    known = {name for name, _ in functions}  # what is not known is no danger, and has a better message
    for node in walk(tree):
        name = str(node.get("function_name", "")).lower()
        if node.get("type") == "TABLE_FUNCTION":
            called = str((node.get("function") or {}).get("function_name", "")).lower()
            if called not in allowed and (called in known or _CLOSED.fullmatch(called)):
                raise _refuse(called)
        elif name and name not in allowed and _CLOSED.fullmatch(name):
            raise _refuse(name)


def _refuse(name: str) -> InputError:
    return InputError(
        f"the query only reads the published database, and the function {name} is refused: it can reach files, the "
        "environment, settings or other SQL",
        todo="ask the views and macros that digitrade catalog views and digitrade catalog macros list.",
    )


def shorten(error: Exception) -> str:
    """What DuckDB says, in one line: without the kind of error, the place in the query and its own guesses."""
    text = str(error).split("\n\nLINE ")[0].split("\nDid you mean")[0]
    return _KINDS.sub("", " ".join(text.split()))


def walk(tree: Any) -> Iterator[Tree]:
    """Every node of a parse tree."""
    parts: list[Any] = [tree]
    while parts:
        part = parts.pop()
        if isinstance(part, dict):
            yield part
            parts += part.values()
        elif isinstance(part, list):
            parts += part


def list_tables(tree: Tree) -> set[str]:
    """The tables, views and macros that a query names: a view is not followed to what it is made of."""
    found = set()
    for node in walk(tree):
        if node.get("type") == "BASE_TABLE":
            found.add(str(node["table_name"]).lower())
        elif node.get("type") == "TABLE_FUNCTION":
            found.add(str((node.get("function") or {}).get("function_name", "")).lower())
    return found
