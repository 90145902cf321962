"""Editions a, b, c of a dataset made_up, filled with figures made by hand, over the published database."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa

from transforms.contract import load_contract

D = Decimal
Row = dict[str, Any]
_USUAL: Row = {
    "dataset": "made_up", "table_id": "t", "geo": "CHN", "partner": "W", "flow": "X", "item": "EBOPS2010:SI",
    "activity": "_T", "mode": "_T", "period": "2020", "base_period": "", "freq": "A", "measure": "value",
    "basis": "published", "price": "current", "unit": "USD", "adjustment": "N", "reference": "", "unit_mult": 6,
    "obs_status": "A", "qualifier": "", "method": "", "conf_status": "F", "note": "", "locator": "t.csv!R2C2",
}  # fmt: skip
_COMPUTED: Row = {
    "indicator": "total_trade", "definition": "", "geo": "CHN", "reference": "", "partner": "W", "flow": "T",
    "item": "EBOPS2010:SI", "period": "2020", "base_period": "", "freq": "A", "basis": "published", "adjustment": "N",
    "unit": "USD", "currency": "USD", "dataset": "made_up", "ref_dataset": "", "ref_vintage": "", "unit_mult": 6,
    "obs_status": "A", "coverage": 1.0, "method": "", "contested": False, "asked": "", "note": "", "inputs": [],
    "inputs_hash": "",
}  # fmt: skip
_CORRECTION: Row = {
    "dataset": "made_up", "table_id": "t", "locator": "t.csv!R2C2", "item": "EBOPS2010:SI", "period": "2020",
    "flow": "X", "measure": "value", "entry": "e", "action": "correct", "printed": "5", "uncorrected_value": None,
    "value": None, "unit": "USD", "unit_mult": 6, "uncorrected_status": "A", "obs_status": "D", "reason": "r",
    "source": "s", "corrected_by": "n", "corrected_on": "2024-01-01",
}  # fmt: skip


def fill(
    con: duckdb.DuckDBPyConnection, observations: list[Row], indicators: list[Row], corrections: list[Row] | None = None
) -> None:
    given = {
        "observations": [_USUAL | row for row in observations],
        "indicators": [_COMPUTED | row for row in indicators],
        "corrections": [_CORRECTION | row for row in corrections or []],
    }
    for name, rows in given.items():
        schema = load_contract(name).arrow_schema()
        for row in rows:
            value = row.get("value")
            row["value"] = None if value is None else D(value)
            if name == "observations":
                row.setdefault("printed", "" if value is None else str(value))
        table = pa.Table.from_pylist(rows, schema=pa.schema([field.with_nullable(True) for field in schema]))
        con.register("given", table)
        con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS FROM given")
        con.unregister("given")


def ask(con: duckdb.DuckDBPyConnection, old: str = "a", new: str = "b", what: str = "observation") -> list[Row]:
    sql = f"FROM revisions('made_up', '{old}', '{new}') WHERE what = '{what}'"
    rows: list[Row] = con.execute(sql).to_arrow_table().to_pylist()
    return rows


def computed(vintage: str, value: str | None, *cells: str, **more: Any) -> Row:
    return {"vintage": vintage, "value": value, "inputs": [f"made_up/{vintage}/{cell}" for cell in cells]} | more
