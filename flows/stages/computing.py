"""Indicators and comparisons of all editions, and the core set of large ones, into staged Parquet."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from flows.stages.parquet import (
    USED,
    list_large,
    load_editions,
    load_local_codes,
    open_edition,
    open_engine,
    write_parquet,
)
from flows.stages.reading import Reading
from flows.store.workspace import Workspace
from transforms.contract import load_contract
from transforms.indicators import compute_indicators
from transforms.indicators.core import write_core


def compute(workspace: Workspace, readings: Sequence[Reading], *, mixed_sources: bool = False) -> None:
    """Indicators and comparisons of all editions, and the core set of large ones, into staged Parquet."""
    with open_engine(workspace) as con:
        load_editions(con, workspace, readings, large=USED)
        compute_indicators(con, asked=("mixed_sources",) if mixed_sources else ())
        _write(con, workspace, "indicators")
        _write(con, workspace, "comparisons")
        _write(con, workspace, "indicators", "indicators_on_request")
    for reading in list_large(workspace, readings):
        with open_engine(workspace) as con:
            load_local_codes(con, workspace, [reading])
            sources = open_edition(workspace.folder_of("observations", reading.dataset, reading.vintage))
            write_core(con, sources, workspace.folder_of("core", reading.dataset, reading.vintage))


def _write(con: duckdb.DuckDBPyConnection, workspace: Workspace, contract_name: str, table: str = "") -> None:
    contract, table = load_contract(contract_name), table or contract_name
    rows = con.execute(f"FROM {table} ORDER BY {', '.join(contract.key)}").to_arrow_table()
    write_parquet(rows.cast(contract.arrow_schema()), workspace.staging / contract_name / f"{table}.parquet")
