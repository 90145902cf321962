"""Publishers' files read by the project's own layouts, computed by its own indicators, and asked about in plain SQL.

The verdict here is written anew, so that a fault in the project's comparisons cannot hide itself: a printed figure and
what is computed for it are ranges; they overlap or they cannot both be true.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from indicator_worlds import Row, connection, fill

from flows.store.editions import find_layout, find_layouts
from transforms.bulk import read_bulk, select_observations
from transforms.grid import read_book
from transforms.indicators import compute_indicators
from transforms.observe import read_book_observations

# Every figure with the range it stands for. A workbook holds fifteen digits of an unrounded figure: of the sums and
# differences that are asked about here the tenth decimal is not held.
CELLS = """
CREATE OR REPLACE TEMP VIEW cells AS
SELECT *, coalesce(lower, value - 0.000000001) AS lo, coalesce(upper, value + 0.000000001) AS hi FROM observations;
"""
VERDICT = """
CREATE OR REPLACE TEMP MACRO verdict(lo, hi, c_value, c_lo, c_hi) AS (
    CASE WHEN lo IS NULL OR hi IS NULL THEN 'not printed'
         WHEN c_lo IS NULL OR c_hi IS NULL THEN 'not computable'
         WHEN c_hi < lo OR c_lo > hi THEN 'contradictory'
         WHEN c_value BETWEEN lo AND hi THEN 'equal' ELSE 'within rounding' END
);
"""


@dataclass(frozen=True)
class Held:
    """What publications say (observations), what the project computes from it, and how it holds one against the
    other."""

    observations: pa.Table
    indicators: pa.Table
    comparisons: pa.Table

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query over observations, cells (with lo and hi), indicators and comparisons."""
        return ask(query, **vars(self))

    def count(self, query: str) -> dict[Any, int]:
        """How often each row of a query occurs; a row of one column counts as its value."""
        return count(query, **vars(self))


def ask(query: str, **tables: pa.Table) -> list[tuple[Any, ...]]:
    """The rows of a query over tables, one of which is observations: cells is the same with lo and hi."""
    with duckdb.connect() as con:
        for name, table in tables.items():
            con.register(name, table)
        con.execute(CELLS + VERDICT)
        return con.execute(query).fetchall()


def count(query: str, **tables: pa.Table) -> dict[Any, int]:
    """How often each row of a query occurs; a row of one column counts as its value."""
    return dict(Counter(row[0] if len(row) == 1 else row for row in ask(query, **tables)))


def read_publication(dataset: str, path: Path) -> pa.Table:
    """The observations of a workbook or a small CSV by the layout that the project has for it."""
    layout = find_layout(find_layouts(dataset, Path("no own layouts")), path.name)
    assert layout is not None, f"no layout of {dataset} takes {path.name}"
    book = read_book(path.read_bytes(), path.name, encoding=layout.encoding, delimiter=layout.delimiter)
    return read_book_observations(book, layout, dataset, "edition").observations


def read_long_file(dataset: str, path: Path, folder: Path) -> pa.Table:
    """The observations of a bulk file by the layout that the project has for it."""
    layout = find_layout(find_layouts(dataset, Path("no own layouts")), path.name)
    assert layout is not None and layout.bulk, f"no bulk layout of {dataset} takes {path.name}"
    readout = read_bulk(path, layout, dataset, "edition", folder / "out", scratch=folder / "scratch", threads=1)
    with duckdb.connect() as con:
        return con.execute(select_observations(readout.folder)).to_arrow_table()


def pick(observations: pa.Table, where: str) -> pa.Table:
    """The observations that fulfil a condition; there must be some."""
    with duckdb.connect() as con:
        con.register("observations", observations)
        picked = con.execute(f"SELECT * FROM observations WHERE {where} ORDER BY locator, measure").to_arrow_table()
    assert len(picked) > 0, where
    return picked


def spoil(observations: pa.Table, where: str, rows: int, **changes: str) -> pa.Table:
    """A copy in which SQL expressions stand in place of columns, in the rows (so many) that fulfil a condition."""
    assert len(pick(observations, where)) == rows, (where, len(pick(observations, where)))
    replaced = ", ".join(
        f"CASE WHEN {where} THEN {change} ELSE {name} END AS {name}" for name, change in changes.items()
    )
    with duckdb.connect() as con:
        con.register("observations", observations)
        spoilt = con.execute(f"SELECT * REPLACE ({replaced}) FROM observations").to_arrow_table()
    return spoilt.cast(observations.schema)


def raise_level(observations: pa.Table, where: str, by: str) -> pa.Table:
    """A copy in which one level is another by more than rounding."""
    changes = {name: f"CAST({name} + {by} AS DECIMAL(38, 10))" for name in ("value", "lower", "upper")}
    return spoil(observations, where, 1, **changes)


def swap_flows(observations: pa.Table, where: str) -> pa.Table:
    """A copy in which exports and imports of one thing stand in each other's place."""
    condition = f"measure = 'value' AND flow IN ('X', 'M') AND {where}"
    return spoil(observations, condition, 2, flow="CASE flow WHEN 'X' THEN 'M' ELSE 'X' END")


def hold(worlds: Mapping[str, pa.Table]) -> Held:
    """Indicators and comparisons of publications, each a dataset of the name given, all computed at once."""
    con = connection()
    fill(con, {})
    for name, table in worlds.items():
        con.register("listed", table)
        con.execute(f"INSERT INTO observations BY NAME SELECT * REPLACE ('{name}' AS dataset) FROM listed")
        con.unregister("listed")
    con.execute(
        """INSERT INTO cards BY NAME
           SELECT DISTINCT dataset, vintage, dataset AS source_family, '' AS title_en FROM observations"""
    )
    return _compute(con)


def hold_rows(worlds: Mapping[str, list[Row]], con: duckdb.DuckDBPyConnection) -> Held:
    """The same of worlds made by hand, on a connection with its own code lists."""
    fill(con, worlds)
    return _compute(con)


def _compute(con: duckdb.DuckDBPyConnection) -> Held:
    compute_indicators(con)
    tables = (con.execute(f"FROM {name}").to_arrow_table() for name in ("observations", "indicators", "comparisons"))
    return Held(*tables)
