"""The figures that a core indicator of a large edition rests on, found by a query on the edition.

The core set (transforms/indicators/core) does not record its cells. What it takes is known by its rules: the levels
that an indicator relates, each the row of all partners where it is printed, else the rows of the partners; the world
as printed, else all economies; both flows together as printed, else exports and imports; the items of a definition.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb

from transforms.indicators import quote
from transforms.indicators.core.cells import ECONOMIES

Row = dict[str, Any]
MOST = 1000  # cells that are told one by one; the query names all
_SERVICES = "EBOPS2010:S"
_MAIN = "SELECT code FROM items WHERE tree = 'standard' AND parent = 'EBOPS2010:S'"
_ECONOMIES = f"SELECT code FROM geographies WHERE type IN {ECONOMIES}"
# Indicator -> what its levels are of, besides its own: all services, the world, the period before, both flows, the main
# categories in the place of the item.
_TAKES: Mapping[str, frozenset[str]] = {
    "category_share": frozenset({"services"}), "dds_share": frozenset({"services"}),
    "world_share": frozenset({"world"}), "growth": frozenset({"before"}), "export_orientation": frozenset({"flows"}),
    "rca": frozenset({"services", "world"}), "hhi": frozenset({"categories"}),
    "market_concentration": frozenset({"members"}),
}  # fmt: skip


def find_core_inputs(con: duckdb.DuckDBPyConnection, row: Row) -> tuple[str, list[str], int]:
    """The query on all_observations that names the figures a row of core_indicators rests on, the names of the first
    MOST of them (dataset/vintage/locator=printed), and how many there are.
    """
    query = _write_query(row)
    counted = con.execute(f"SELECT count(*) FROM ({query})").fetchone()
    found = con.execute(
        f"SELECT concat(dataset, '/', vintage, '/', locator, '=', printed) FROM ({query}) LIMIT {MOST}"
    ).fetchall()
    return query, [name for (name,) in found], int(counted[0]) if counted else 0


def _write_query(row: Row) -> str:
    takes = _TAKES[row["indicator"]]
    if row["reference"] == "WORLD":
        takes |= {"world"}
    own = quote(row["geo"])
    items = [_SERVICES] if "services" in takes else []
    items += [] if "categories" in takes else [row["item"]]
    wanted = [f"item IN ({', '.join(map(quote, items))})"] if items else []
    if row["definition"]:
        wanted.append(f"item IN (SELECT item FROM definition_items WHERE definition = {quote(row['definition'])})")
    if "categories" in takes:
        wanted.append(f"item IN ({_MAIN})")
    flows = "XM" if "flows" in takes else "XMT" if row["flow"] == "T" else row["flow"]
    periods = [row["period"], *([row["base_period"]] if "before" in takes else [])]
    has_world = "world" in takes or row["geo"] == "W"
    places = f"geo IN ('W', {own}) OR geo IN ({_ECONOMIES})" if has_world else f"geo = {own}"
    conditions = [
        f"dataset = {quote(row['dataset'])}", f"vintage = {quote(row['vintage'])}", "measure = 'value'",
        "activity = '_T'", "mode = '_T'", "qualifier = ''", "price IN ('', 'current')", f"({places})",
        f"(partner = 'W' OR partner IN ({_ECONOMIES}))",
        f"({' OR '.join(wanted)})", f"flow IN ({', '.join(map(quote, flows))})",
        f"period IN ({', '.join(map(quote, periods))})", f"unit = {quote(row['currency'])}",
        *(f"{name} = {quote(row[name])}" for name in ("freq", "basis", "adjustment")),
    ]  # fmt: skip
    chosen = []
    if row["reference"] == "PARTNERS_LISTED":
        conditions.append("partner <> 'W'")
    else:
        chosen.append("(partner = 'W' OR NOT bool_or(partner = 'W') OVER (PARTITION BY geo, flow, item, period))")
    if row["reference"] == "ECONOMIES_LISTED":
        conditions.append("geo <> 'W'")
    elif has_world:
        chosen.append(f"(geo IN ('W', {own}) OR NOT bool_or(geo = 'W') OVER (PARTITION BY flow, item, period))")
    if row["flow"] == "T" and "flows" not in takes:
        chosen.append("(flow = 'T' OR NOT bool_or(flow = 'T') OVER (PARTITION BY geo, item, period))")
    if row["definition"]:
        whole = quote(f"DEF:{row['definition']}")
        chosen.append(
            f"(item IN ({whole}, {quote(_SERVICES)}) "
            f"OR NOT bool_or(item = {whole}) OVER (PARTITION BY geo, flow, period))"
        )
    qualify = f" QUALIFY {' AND '.join(chosen)}" if chosen else ""
    return (
        f"SELECT * FROM all_observations WHERE {' AND '.join(conditions)}{qualify} ORDER BY dataset, vintage, locator"
    )
