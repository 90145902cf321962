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
        compute_indicators(con, asked=("mixed_sources",) if mixed_sources else ())
        _write(con, workspace, "indicators")
        _write(con, workspace, "comparisons")
        _write(con, workspace, "indicators", "indicators_on_request")


def _write(con: duckdb.DuckDBPyConnection, workspace: Workspace, contract_name: str, table: str = "") -> None:
    contract, table = load_contract(contract_name), table or contract_name
    rows = con.execute(f"FROM {table} ORDER BY {', '.join(contract.key)}").to_arrow_table()
    write_parquet(rows.cast(contract.arrow_schema()), workspace.staging / contract_name / f"{table}.parquet")
