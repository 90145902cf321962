"""Indicators and comparisons of all editions, into staged Parquet."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from flows.stages.parquet import USED, load_editions, open_engine, write_parquet
from flows.stages.reading import Reading
from flows.store.workspace import Workspace
from transforms.contract import load_contract
from transforms.indicators import compute_indicators


def compute(workspace: Workspace, readings: Sequence[Reading], *, mixed_sources: bool = False) -> None:
    """Indicators and comparisons of all editions, into staged Parquet."""
    with open_engine(workspace) as con:
        load_editions(con, workspace, readings, large=USED)
        compute_indicators(con, mixed_sources=mixed_sources)
        _write(con, workspace, "indicators")
        _write(con, workspace, "comparisons")
        compute_indicators(con, mixed_sources=True, only=("city_share",))
        _write(con, workspace, "indicators", "indicators_mixed_sources", where="obs_status = 'D'")


def _write(
    con: duckdb.DuckDBPyConnection, workspace: Workspace, table: str, name: str = "", where: str = "true"
) -> None:
    contract = load_contract(table)
    order = ", ".join(contract.key)
    rows = con.execute(f"SELECT * FROM {table} WHERE {where} ORDER BY {order}").to_arrow_table()
    write_parquet(rows.cast(contract.arrow_schema()), workspace.staging / table / f"{name or table}.parquet")
