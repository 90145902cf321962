"""The one pass over the files of a large edition: sums by economy, flow, item, period ... and status.

Only columns that vary are grouped by, no row is joined to anything, and what would hold for every row is not asked:
this is the part that costs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import duckdb

from transforms.bulk.figures import WIDE
from transforms.bulk.store import Stored
from transforms.contract import load_contract
from transforms.indicators import quote, sql_type

KEY: Final = ("geo", "flow", "item", "period", "freq", "basis", "adjustment", "price", "unit", "unit_mult")
# What is no amount of all trade in services of one kind stays out, as in the levels of the catalogue; of the flows and
# prices that cells have, levels.sql takes what is one.
LEVELS: Final = {
    "measure": frozenset({"value"}), "activity": frozenset({"_T"}), "mode": frozenset({"_T"}),
    "qualifier": frozenset({""}),
}  # fmt: skip
ECONOMIES: Final = "('country', 'territory', 'economy', 'former')"
_MEMBERS: Final = 2**15  # of one sum of squares, at most


@dataclass(frozen=True)
class Met:
    """What a source holds, asked once: codes of its columns, smallest and largest figure and its type, decimals."""

    source: Stored
    codes: Mapping[str, frozenset[str]]
    least: Decimal
    most: Decimal
    scale: int
    decimals: tuple[int, ...]
    is_all_rounded: bool


def look_into(con: duckdb.DuckDBPyConnection, source: Stored) -> Met:
    codes = {}
    for name in (*LEVELS, "partner", "unit_mult"):
        relation = f" FROM {source.relation}" if name in source.columns else ""
        rows = con.execute(f"SELECT DISTINCT {source.of(name)}{relation}").fetchall()
        codes[name] = frozenset(row[0] for row in rows)
    told: Any = con.execute(
        f"""SELECT bool_and(stats_min_value IS NOT NULL OR stats_null_count = num_values)
                       FILTER (WHERE path_in_schema = 'value'),
                   min(CAST(stats_min_value AS {WIDE})) FILTER (WHERE path_in_schema = 'value'),
                   max(CAST(stats_max_value AS {WIDE})) FILTER (WHERE path_in_schema = 'value'),
                   sum(stats_null_count) FILTER (WHERE path_in_schema = 'value')
                       = sum(stats_null_count) FILTER (WHERE path_in_schema = 'decimals'),
                   min(stats_min_value) FILTER (WHERE path_in_schema = 'decimals'),
                   max(stats_max_value) FILTER (WHERE path_in_schema = 'decimals')
            FROM parquet_metadata({source.paths}) WHERE path_in_schema IN ('value', 'decimals')"""
    ).fetchone()
    if not told[0]:  # the files do not say
        told = con.execute(
            f"SELECT true, min(value), max(value), count(value) = count(decimals), 0, 1 FROM {source.relation}"
        ).fetchone()
    decimals = (int(told[4]),) if told[4] is not None and told[4] == told[5] else _list_decimals(con, source)
    ((_, type_, *_),) = con.execute(f"DESCRIBE SELECT value FROM {source.relation}").fetchall()
    scale = int(type_.removesuffix(")").split(",")[1])
    return Met(source, codes, Decimal(told[1] or 0), Decimal(told[2] or 0), scale, decimals, bool(told[3]))


def _list_decimals(con: duckdb.DuckDBPyConnection, source: Stored) -> tuple[int, ...]:
    rows = con.execute(
        f"SELECT DISTINCT decimals FROM {source.relation} WHERE decimals IS NOT NULL ORDER BY 1"
    ).fetchall()
    return tuple(row[0] for row in rows)


def select_cells(con: duckdb.DuckDBPyConnection, sources: Sequence[Stored]) -> str:
    """The SELECT of the cells of one edition; the connection has the table geographies. Creates the type amount.

    One row per KEY, is_world and obs_status: n rows, n_valued with a figure, n_below and n_above with an end of its
    range, their sums total, below and above (units of the observations), has_negative, and the sum of the squares as
    square_heads + square_tails.
    is_world: the row of all partners, else all economies that stand as partners; groups of partners stay out.
    has_repeats: some figure of the cell stands in two tables, so that a sum would count it twice.
    """
    rows = con.execute(f"SELECT code FROM geographies WHERE type IN {ECONOMIES}").fetchall()
    economies, found = frozenset(row[0] for row in rows), [look_into(con, source) for source in sources]
    largest = max((max(abs(met.least), abs(met.most)) for met in found), default=Decimal(0))
    square = _split_square(largest)
    items: Any = con.execute(
        "SELECT max(n) FROM (SELECT count(*) AS n FROM definitions GROUP BY definition)"
    ).fetchone()
    amount = _choose_amount(found, largest, len(economies), items[0])
    con.execute(f"CREATE OR REPLACE TEMP TYPE amount AS {amount}")
    cells = " UNION ALL ".join(
        _select_pass(met, is_world, partners, square)
        for met in found
        for is_world, partners in ((True, frozenset({"W"})), (False, economies))
    )
    if len(sources) == 1 and "table_id" not in sources[0].columns:
        return f"SELECT *, false AS has_repeats FROM ({cells})"
    key = ", ".join(KEY)
    figures = " UNION ALL ".join(
        f"SELECT {_name(met.source, (*KEY, 'partner'))} FROM {met.source.relation} WHERE {_restrict(met, LEVELS)}"
        for met in found
    )
    return (
        f"WITH repeated AS (SELECT DISTINCT {key}, partner = 'W' AS is_world FROM "
        f"(SELECT {key}, partner FROM ({figures}) GROUP BY ALL HAVING count(*) > 1)) "
        f"SELECT c.*, r.is_world IS NOT NULL AS has_repeats FROM ({cells}) c "
        f"LEFT JOIN repeated r USING ({key}, is_world)"
    )


def _choose_amount(found: Sequence[Met], largest: Decimal, economies: int, most_items: int) -> str:
    """The DECIMAL of all sums: of 18 digits, with which machines compute much faster, where the largest sum fits.

    No sum has more than one figure of each economy and partner, in both flows and the items of a definition.
    """
    scale = min(max((met.scale for met in found), default=10) + 1, 10)  # half a unit of the last decimal
    partners = max((len(met.codes["partner"]) for met in found), default=1) * len(found)
    members = 2 * partners * economies * most_items
    powers = {int(power) for met in found for power in met.codes["unit_mult"]} or {0}
    digits = (largest * members).adjusted() + 1 + max(powers) - min(powers) + scale
    return f"DECIMAL(18, {scale})" if digits <= 18 else WIDE


def _select_pass(met: Met, is_world: bool, partners: frozenset[str], square: tuple[str, str]) -> str:
    source = met.source
    varying = [name for name in KEY if name in source.columns]
    return (
        f"SELECT {_name(source, KEY)}, {is_world} AS is_world, * EXCLUDE ({', '.join(varying)}) FROM ("
        f"SELECT {', '.join(varying)}, {source.of('obs_status')} AS obs_status, count(*) AS n, "
        f"count(value) AS n_valued, CAST(sum(value) AS amount) AS total, {_sum_ends(met)}, "
        f"sum({square[0]}) AS square_heads, sum({square[1]}) AS square_tails, "
        f"{'coalesce(bool_or(value < 0), false)' if met.least < 0 else 'false'} AS has_negative "
        f"FROM {source.relation} WHERE {_restrict(met, LEVELS | {'partner': partners})} GROUP BY ALL)"
    )


def _restrict(met: Met, wanted: Mapping[str, frozenset[str]]) -> str:
    """The condition that columns have these codes; what holds for every row is not asked of each."""
    conditions = []
    for name, codes in wanted.items():
        common = met.codes[name] & codes
        if not common:
            return "false"
        if common != met.codes[name]:
            conditions.append(f"{met.source.of(name)} IN ({', '.join(map(quote, sorted(common)))})")
    return " AND ".join(conditions) or "true"


def _name(source: Stored, names: Sequence[str]) -> str:
    types = {column.name: sql_type(column.type) for column in load_contract("observations").columns}
    return ", ".join(
        name if name in source.columns else f"CAST({source.of(name)} AS {types[name]}) AS {name}" for name in names
    )


def _sum_ends(met: Met) -> str:
    """SQL: n_below, n_above, below, above. A figure that was printed unrounded is its own range."""
    source = met.source
    if "lower" in source.columns:
        below, above = (f"coalesce({source.of(end)}, value)" for end in ("lower", "upper"))
        return (
            f"count({below}) AS n_below, count({above}) AS n_above, "
            f"CAST(sum({below}) AS amount) AS below, CAST(sum({above}) AS amount) AS above"
        )
    scale = min(met.scale + 1, 10)
    narrow = f"DECIMAL({scale + 1}, {scale})"
    halves = {places: f"{Decimal(5).scaleb(-places - 1):f}" for places in met.decimals}
    if len(halves) == 1:
        counted = "value" if met.is_all_rounded else "decimals"
        half = f"CAST({halves.popitem()[1]} AS {narrow}) * count({counted})"
    else:
        cases = " ".join(f"WHEN {places} THEN CAST({half} AS {narrow})" for places, half in halves.items())
        half = f"sum(CASE decimals {cases} ELSE CAST(0 AS {narrow}) END)" if cases else "0"
    return (
        f"count(value) AS n_below, count(value) AS n_above, CAST(sum(value) - {half} AS amount) AS below, "
        f"CAST(sum(value) + {half} AS amount) AS above"
    )


def _split_square(largest: Decimal) -> tuple[str, str]:
    """SQL: head and tail of the square of a figure, cut so that sums of either are exact in double precision.

    Doubles add up to something else in every order, unless all are multiples of a step so coarse that the sum of all
    fits 53 bits: adding and subtracting a large number cuts to such a step. What the tail leaves is below 2^-80 of the
    largest square. Method: Demmel and Nguyen, Fast Reproducible Floating-Point Summation, 2013.
    """
    square = "(CAST(value AS DOUBLE) * CAST(value AS DOUBLE))"
    size = 2.0 ** max(math.ceil(2 * math.log2(float(largest) or 1.0)), -300)
    cut = 1.5 * size * _MEMBERS * 2
    head = f"(({square} + CAST({cut!r} AS DOUBLE)) - CAST({cut!r} AS DOUBLE))"
    fine = 1.5 * math.ulp(cut) * _MEMBERS * 2
    tail = f"((({square} - {head}) + CAST({fine!r} AS DOUBLE)) - CAST({fine!r} AS DOUBLE))"
    return head, tail
