"""The step in Python between the SQL steps: seasonal adjustment, one call for each series."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa

_SCHEMA = pa.schema([
    ("series", pa.int64()), ("place", pa.int64()), ("value", pa.float64()), ("method", pa.string()),
    ("refusal", pa.string()),
])  # fmt: skip


def adjust_seasonally(con: duckdb.DuckDBPyConnection) -> None:
    """Fill adjusted_points from adjustable: a row for each period of a series, or one that says why there are none."""
    rows = con.execute(
        """SELECT series, freq, first_period, first_place, last_place, points FROM adjustable
           WHERE refusal = '' ORDER BY series"""
    ).fetchall()
    x13as = find_x13as() if rows else None
    found = [row for series in rows for row in _adjust(series, x13as)]
    con.register("listed", pa.Table.from_pylist(found, schema=_SCHEMA))
    con.execute("CREATE OR REPLACE TEMP TABLE adjusted_points AS FROM listed ORDER BY series, place")
    con.unregister("listed")


def find_x13as() -> str | None:
    """The program x13as, where it is on the PATH or beside the interpreter: the same with and without activation."""
    return shutil.which("x13as") or shutil.which("x13as", path=str(Path(sys.executable).parent))


def _adjust(given: tuple[Any, ...], x13as: str | None) -> list[dict[str, object]]:
    from transforms.seasonal import adjust_series

    series, freq, first, start, end, points = given
    index = pd.period_range(first.replace("-Q", "Q"), periods=len(points), freq=freq)
    result = adjust_series(pd.Series(points, index=index), x13as)
    same = {"series": series, "method": result.method, "refusal": result.refusal}
    if result.refusal:
        return [same | {"place": end, "value": None}]
    return [same | {"place": start + n, "value": value} for n, value in enumerate(result.values)]
