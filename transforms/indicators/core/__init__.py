"""The core set: the chief indicators of an edition too large for the whole catalogue, in one pass over its Parquet.

The catalogue (transforms/indicators) traces each value to its cells. Sixty million figures by partner are too many
for that. The core set keeps the formulas - the same SELECTs of the same indicators run here - and the status law, and
prepares for them less: totals by economy, item and period, exact sums over the partners where the world is not printed.

    cells.py      the pass over the files: one row per economy, flow, item, period ... and status
    levels.sql    the levels: as printed with the world, else the sum over partners; the world; definitions
    steps.sql     what the SELECTs of the indicators read (pairs, shares, changes, specialisations, mixes)

Ranges: those of totals, balances, growth and orientation are exact; those of shares and RCA are outer ones (corner by
corner, without the relations between the figures); a concentration has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Final

import duckdb

from transforms.bulk.store import Stored
from transforms.contract import load_contract
from transforms.indicators import quote, sql_of, sql_type
from transforms.indicators.core.cells import select_cells

INDICATORS: Final = (
    "category_share", "dds_share", "world_share", "growth", "export_orientation", "rca", "hhi", "market_concentration",
)  # fmt: skip
METHODS: Final = ("published", "sum_of_partners", "sum_of_economies", "sum_of_items", "sum", "difference")
REFERENCES: Final = ("", "ECONOMIES_LISTED", "PARTNERS_LISTED", "RCA_SERVICES", "SERVICES", "WORLD")
TABLES: Final = ("forms", "levels", "indicators")


def write_core(con: duckdb.DuckDBPyConnection, sources: Sequence[Stored], folder: Path) -> None:
    """The core set of one edition as Parquet, sorted: the same bytes on every run. select_core() reads it.

    The connection has the code lists (transforms.indicators.create_codelists).
    """
    prepare_core(con, select_cells(con, sources))
    folder.mkdir(parents=True, exist_ok=True)
    stored = {
        "forms": "SELECT * FROM forms ORDER BY form",
        "levels": "SELECT * FROM stored_levels ORDER BY item, geo, flow, form, period",
        "indicators": f"{' UNION ALL '.join(map(_select, INDICATORS))} "
        "ORDER BY indicator, reference, item, geo, flow, form, period",
    }
    for name, select in stored.items():
        con.execute(f"COPY ({select}) TO {quote(str(folder / f'{name}.parquet'))} (COMPRESSION zstd)")


def prepare_core(con: duckdb.DuckDBPyConnection, cells: str) -> None:
    """The levels of the cells that a SELECT gives (cells.select_cells), and what the SELECTs of the indicators read."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE cells AS {cells}")
    con.execute("CREATE OR REPLACE TEMP VIEW observations AS SELECT DISTINCT obs_status FROM cells")
    con.execute(sql_of("steps/10_words"))
    definitions = "SELECT 'DEF:' || definition FROM definitions"
    for name, codes in {
        "a_geo": "SELECT geo FROM cells UNION SELECT 'W'",
        "a_flow": "SELECT unnest(['M', 'N', 'T', 'X'])",
        "an_item": f"SELECT item FROM cells UNION {definitions}",
        "a_period": "SELECT period FROM cells UNION SELECT ''",
        "a_unit": "SELECT code FROM units",
        "a_method": f"SELECT unnest({list(METHODS)})",
        "a_reference": f"SELECT unnest({list(REFERENCES)})",
        "an_indicator": f"SELECT unnest({list(INDICATORS)})",
    }.items():
        con.execute(f"CREATE OR REPLACE TEMP TYPE {name} AS ENUM (FROM ({codes}) c(code) ORDER BY code)")
    for script in ("levels", "steps", "words"):
        con.execute(files(__name__).joinpath(f"{script}.sql").read_text(encoding="utf-8"))


def _select(indicator: str) -> str:
    """The rows of one indicator as they are stored; what the catalogue would give on request stays withheld."""
    value, lower, upper = (f"CASE WHEN asked = '' THEN {end} END" for end in ("value", "lower", "upper"))
    return f"""
        SELECT CAST({quote(indicator)} AS an_indicator) AS indicator, c.geo,
               CAST(reference AS a_reference) AS reference, CAST(flow AS a_flow) AS flow, item, period,
               CAST(base_period AS a_period) AS base_period, basis AS form, CAST(unit AS a_unit) AS unit,
               {value} AS value, floor({lower} * 1e10) / 1e10 AS lower,
               ceil({upper} * 1e10) / 1e10 AS upper,
               CASE WHEN asked = '' THEN obs_status ELSE CAST('O' AS a_status) END AS obs_status,
               CAST(coverage AS DOUBLE) AS coverage, CAST(method AS VARCHAR) AS method, contested, note
        FROM ({sql_of(indicator)}) c
        JOIN status_words w ON w.statuses = c.statuses AND w.has_value = (c.value IS NOT NULL)"""


def select_core(dataset: str, vintage: str, folder: Path) -> dict[str, str]:
    """SELECTs of the contracts core_levels and core_indicators over what write_core has written."""
    paths = {name: f"read_parquet({quote(str(folder / f'{name}.parquet'))})" for name in TABLES}
    given = {
        "dataset": quote(dataset), "vintage": quote(vintage), "unit_mult": "mult", "currency": "f.unit",
        "definition": "CASE WHEN starts_with(item, 'DEF:') THEN substr(item, 5) ELSE '' END",
    }  # fmt: skip
    found = {}
    for name in ("levels", "indicators"):
        told = given | ({"unit": "s.unit", "unit_mult": "0"} if name == "indicators" else {})
        columns = ", ".join(
            f"CAST({told.get(column.name, column.name)} AS {sql_type(column.type)}) AS {column.name}"
            for column in load_contract(f"core_{name}").columns
        )
        found[f"core_{name}"] = f"SELECT {columns} FROM {paths[name]} s JOIN {paths['forms']} f USING (form)"
    return found
