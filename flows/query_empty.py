"""Why a query has no rows: which of its conditions leaves nothing, and what there is without it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

import duckdb

from flows.query_conditions import (
    Condition,
    give_argument,
    keep_tested,
    list_arguments,
    list_conjuncts,
    name_arguments,
    name_macro,
    select_columns,
    with_where,
    write_sql,
)
from flows.query_guard import Tree

_SHOWN = 6
_MIX = re.compile(r"in several .+? \(([^()]*)\), which cannot stand in one answer; choose with (\w+) := ")


def explain_empty(con: duckdb.DuckDBPyConnection, tree: Tree) -> Iterator[str]:
    """A sentence for every condition of a plain SELECT that alone leaves it without rows; else that none alone does.

    Of one view or macro. Conditions are the arguments of the macro, its defaults and what the WHERE demands of coded
    columns; that rows fit all of them and a limit or another condition leaves nothing is said instead. For any other
    query: nothing.
    """
    node = tree["statements"][0]["node"]
    if node["type"] != "SELECT_NODE" or node["from_table"]["type"] not in ("BASE_TABLE", "TABLE_FUNCTION"):
        return
    if any(node.get(key) for key in ("group_expressions", "having", "qualify", "sample")) or node["cte_map"]["map"]:
        return
    node = name_arguments(con, node)
    if limit := _explain_limit(con, node):
        yield limit
        return
    conjuncts, others = list_conjuncts(node)
    arguments = list(list_arguments(con, node))
    told = [condition for condition in (*arguments, *conjuncts) if not condition.default]
    if told and others and _count(con, keep_tested(node, others)):
        fit, which = ", ".join(c.words for c in told), _write_where(con, node, others)
        yield f"rows fit {fit}; another condition of the query leaves nothing: {which}"
        return
    has_said = False
    for sentence in chain(
        _explain_defaults(con, node, arguments),
        _explain_told(con, told, len(told) + len(others) == 1),
        _find_computed(con, node),
    ):
        yield sentence
        has_said = True
    if not has_said and len(told) > 1:
        yield f"each alone may be there, but nothing has all of {', '.join(c.words for c in told)}"


def _explain_limit(con: duckdb.DuckDBPyConnection, node: Tree) -> str:
    """That LIMIT or OFFSET leaves nothing of the rows that there are; '' where there are none."""
    kinds = [modifier for modifier in node["modifiers"] if modifier["type"].startswith("LIMIT")]
    if not kinds or not (count := _count(con, node)):
        return ""
    said = [
        f"{word.upper()} {_read_number(number)}".strip() for word in ("limit", "offset") if (number := kinds[0][word])
    ]
    return f"{count} row(s) fit the conditions; {' '.join(said)} leaves none of them"


def _read_number(node: Tree) -> str:
    return str(node["value"]["value"]) if node["type"] == "VALUE_CONSTANT" else ""


def _write_where(con: duckdb.DuckDBPyConnection, node: Tree, parts: list[Tree]) -> str:
    """Conditions as SQL, without the brackets around them all."""
    said = write_sql(con, select_columns(with_where(node, parts), [])).partition(" WHERE ")[2]
    return said.removeprefix("(").removesuffix(")")


def _explain_defaults(con: duckdb.DuckDBPyConnection, node: Tree, arguments: list[Condition]) -> Iterator[str]:
    """What a macro leaves out because of what it takes where nothing is said."""
    for c in arguments:
        if c.default and (there := _show(con, c)):
            yield (
                f"{name_macro(node)} takes {c.parameter} := {c.default} unless told otherwise; "
                f"with {c.parameter} := NULL there is: {there}"
            )


def _explain_told(con: duckdb.DuckDBPyConnection, conditions: list[Condition], alone: bool) -> Iterator[str]:
    """What there is without each condition, for those without which there is something."""
    rest = "" if alone else " together with the rest"
    for c in conditions:
        if there := _show(con, c):
            yield f"nothing has {c.words}{rest}; without {'it' if alone else c.words} there is: {there}"


def _find_computed(con: duckdb.DuckDBPyConnection, node: Tree) -> Iterator[str]:
    """That indicators have what was asked of series, which reads printed figures: computed from them."""
    given = {c.parameter: c for c in list_arguments(con, node)}
    item = "definition" if "definition" in given else "item"
    if name_macro(node) != "series" or not {"geo", item} <= given.keys():
        return
    wide = node
    for name in given.keys() - {"geo", item}:
        wide = give_argument(wide, name, None)
    if _count(con, wide):  # it is printed, and something else leaves nothing
        return
    rows = con.execute(
        f"""WITH asked AS MATERIALIZED (
                SELECT find_codes([['geographies', $geo], ['{item}s', $item]]) AS k
            )
            SELECT i.indicator, i.geo, i.{item}
            FROM latest_indicators i
            CROSS JOIN asked a
            WHERE list_contains(a.k[1], i.geo) AND list_contains(a.k[2], i.{item})
              AND coalesce(i.value, i.lower, i.upper) IS NOT NULL
            GROUP BY ALL ORDER BY ALL""",
        {"geo": given["geo"].value, "item": given[item].value},
    ).fetchall()
    if not rows:
        return
    names, geo, code = list(dict.fromkeys(row[0] for row in rows)), rows[0][1], rows[0][2]
    yield (
        f"series reads printed figures; computed from them there is: from indicators where {item} = '{code}' and "
        f"geo = '{geo}' (indicator {_shorten(names)})"
    )


def _show(con: duckdb.DuckDBPyConnection, condition: Condition) -> str:
    """What the column of a condition holds in the SELECT without it, in words; '' where there are no rows."""
    node, column = condition.rest, condition.column
    try:
        found = _list_values(con, node, column)
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        # figures that cannot stand in one answer are figures
        mix = _MIX.search(str(error))
        if not mix:
            return ""
        found = mix[1].split(", ") if mix[2] == column else _list_of_each(con, node, column, mix)
        if mix[2] != column:
            return f"figures of several kinds{f': {column} {_shorten(found)}' if found else ''}"
    return f"{column} {_shorten(found)}" if found else ""


def _shorten(found: list[str]) -> str:
    """Values as a list of a few; the first ones and the last, with their number, where they are many."""
    shown = found if len(found) <= _SHOWN else [*found[: _SHOWN - 1], "...", found[-1]]
    more = f" ({len(found)} in all)" if len(found) > _SHOWN else ""
    return f"{', '.join(shown)}{more}"


def _list_of_each(
    con: duckdb.DuckDBPyConnection, node: Tree, column: str, mix: re.Match[str], depth: int = 1
) -> list[str]:
    """The values of a column in figures of several kinds: asked of each kind apart; none where that is not enough."""
    found: set[str] = set()
    kinds = mix[1].split(", ")
    if len(kinds) > _SHOWN:
        return []
    for kind in kinds:
        asked = give_argument(node, mix[2], kind)
        try:
            values = _list_values(con, asked, column)
        except duckdb.InterruptException:
            raise
        except duckdb.Error as error:
            inner = _MIX.search(str(error))
            values = _list_of_each(con, asked, column, inner, depth - 1) if inner and depth else []
        if not values:
            return []
        found.update(values)
    return sorted(found)


def _list_values(con: duckdb.DuckDBPyConnection, node: Tree, column: str) -> list[str]:
    """The distinct values of a column in a SELECT, 'none' for nothing in it.

    A macro that does not give the column reads it from a view: there it is looked up, in the rows that are the same in
    all else that the macro gives.
    """
    macro = name_macro(node)
    if macro and column not in (shared := _list_result(con, macro)):
        view = _find_view(con, node, macro)
        columns = [row[0] for row in con.execute(f"SELECT column_name FROM (DESCRIBE FROM {view})").fetchall()]
        same = [name for name in shared if name in columns]
        on = " AND ".join(f'v."{name}" IS NOT DISTINCT FROM r."{name}"' for name in same)
        result = write_sql(con, select_columns(node, same))
        sql = f'SELECT DISTINCT v."{column}" FROM {view} v SEMI JOIN ({result}) r ON {on}'
    else:
        sql = f"SELECT DISTINCT * FROM ({write_sql(con, select_columns(node, [column]))})"
    values = [row[0] for row in con.execute(f"{sql} ORDER BY ALL NULLS FIRST").fetchall()]
    return list(dict.fromkeys("none" if value in (None, "") else str(value) for value in values))


def _list_result(con: duckdb.DuckDBPyConnection, macro: str) -> list[str]:
    rows = con.execute(
        "SELECT column_name FROM main.catalog WHERE kind = 'result' AND name = $1 ORDER BY position", [macro]
    )
    return [row[0] for row in rows.fetchall()]


def _find_view(con: duckdb.DuckDBPyConnection, node: Tree, macro: str) -> str:
    """The view that a macro reads: the one it is told as its source, else indicators."""
    for argument in node["from_table"]["function"]["children"]:
        if argument["alias"].lower() == "source" and argument["type"] == "VALUE_CONSTANT":
            return '"' + str(argument["value"]["value"]).replace('"', '""') + '"'
    row = con.execute(
        "SELECT default_value FROM main.catalog WHERE kind = 'parameter' AND name = $1 AND column_name = 'source'",
        [macro],
    ).fetchone()
    return str(row[0]).strip("'") if row else "indicators"


def _count(con: duckdb.DuckDBPyConnection, node: Tree) -> int:
    """How many rows a SELECT has without its limit; 1 where there are several kinds, 0 where it cannot be answered."""
    try:
        row = con.execute(f"SELECT count(*) FROM ({write_sql(con, {**node, 'modifiers': []})})").fetchone()
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        return int(_MIX.search(str(error)) is not None)
    return int(row[0]) if row else 0
