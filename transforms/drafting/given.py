"""What a reading gave, table by table, whatever its size: for a person who looks whether a layout is right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import duckdb
import pyarrow as pa

_PREVIEW: Final = 8
_SHOWN: Final = ("locator", "printed", "value", "lower", "upper", "unit", "unit_mult", "geo", "partner", "flow", "item",
                 "period", "measure", "obs_status", "note")  # fmt: skip


@dataclass(frozen=True)
class TableSummary:
    """What one table gives."""

    table_id: str
    observations: int
    with_value: int
    statuses: dict[str, int]
    first_period: str
    last_period: str
    geos: int
    partners: int
    flows: tuple[str, ...]
    items: int
    units: tuple[str, ...]


@dataclass(frozen=True)
class Given:
    """What a file gave: figures by table, some of them, local codes, rows set aside (the first), and notices."""

    observations: int
    tables: tuple[TableSummary, ...]
    preview: tuple[dict[str, Any], ...]
    labels: Sequence[dict[str, Any]] = ()
    quarantined: int = 0
    set_aside: Sequence[dict[str, Any]] = ()
    notices: Sequence[str] = ()


def summarise_tables(con: duckdb.DuckDBPyConnection, relation: str) -> tuple[TableSummary, ...]:
    """One summary for each table of a relation with the columns of the observations, in the order of the figures."""
    unit = "unit || CASE WHEN unit_mult = 0 THEN '' ELSE ' 10^' || unit_mult END"
    rows = con.execute(
        f"""SELECT table_id, count(*), count(value), min(period), max(period), count(DISTINCT geo),
                   count(DISTINCT partner), list_sort(list(DISTINCT flow)), count(DISTINCT item),
                   list_sort(list(DISTINCT {unit}))
            FROM (SELECT *, row_number() OVER () AS place FROM {relation}) GROUP BY table_id ORDER BY min(place)"""
    ).fetchall()
    counted: dict[str, dict[str, int]] = {}
    for table_id, status, count in con.execute(
        f"SELECT table_id, obs_status, count(*) AS n FROM {relation} GROUP BY ALL ORDER BY n DESC, obs_status"
    ).fetchall():
        counted.setdefault(table_id, {})[status] = count
    return tuple(
        TableSummary(table_id, count, valued, counted[table_id], first, last, geos, partners, tuple(flows), items,
                     tuple(units))
        for table_id, count, valued, first, last, geos, partners, flows, items, units in rows
    )  # fmt: skip


def preview_rows(con: duckdb.DuckDBPyConnection, relation: str, count: int) -> tuple[dict[str, Any], ...]:
    """A few observations, spread over the file."""
    step = max(1, count // _PREVIEW)
    rows: list[dict[str, Any]] = []
    for place in list(range(0, count, step))[:_PREVIEW]:
        rows += (
            con.execute(f"SELECT {', '.join(_SHOWN)} FROM {relation} LIMIT 1 OFFSET {place}")
            .to_arrow_table()
            .to_pylist()
        )
    return tuple(rows)


def describe_readout(observations: pa.Table, labels: pa.Table, quarantine: pa.Table, notices: Sequence[str]) -> Given:
    """What a file that was read cell by cell gave."""
    with duckdb.connect() as con:
        con.register("given", observations)
        return Given(
            observations.num_rows, summarise_tables(con, "given"), preview_rows(con, "given", observations.num_rows),
            labels.to_pylist(), quarantine.num_rows, quarantine.slice(0, 5).to_pylist(), notices,
        )  # fmt: skip
