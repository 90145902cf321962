"""The published database of the bundled data, and small ones made by hand."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from edition_worlds import fill

from expectations import run as rules
from flows import pipeline
from transforms.contract import load_contract
from transforms.database import CONTRACTS, write_store, write_views
from transforms.indicators import create_table

Row = dict[str, Any]
_BLANK: dict[str, Any] = {
    "string": "", "decimal": None, "double": 1.0, "int8": 0, "int32": None, "int64": 0, "bool": False, "strings": [],
}  # fmt: skip
_USUAL: Row = {
    "dataset": "made_up", "vintage": "2024", "geo": "CHN", "partner": "W", "flow": "X", "activity": "_T", "mode": "_T",
    "period": "2020", "freq": "A", "basis": "published", "adjustment": "N", "unit": "USD", "obs_status": "A",
}  # fmt: skip


@pytest.fixture(scope="session")
def published(clean_run: Path) -> Path:
    return clean_run / "curated" / "digitrade.duckdb"


@pytest.fixture(scope="module")
def con(published: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published database as any client opens it."""
    with duckdb.connect(str(published), read_only=True) as opened:
        yield opened


@pytest.fixture(scope="session")
def large_run(clean_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose editions of more than 200 observations stay in Parquet, moved after the run."""
    data = tmp_path_factory.mktemp("large") / "data"
    shutil.copytree(clean_run / "raw", data / "raw")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rules, "LARGE", 200)
        pipeline.run_stages(data, pipeline.STEPS | {"export_tables": lambda workspace: []})
    return data.rename(data.with_name("elsewhere"))


@pytest.fixture
def make_database(tmp_path: Path) -> Iterator[Callable[..., duckdb.DuckDBPyConnection]]:
    """make_database(observations=[...], indicators=[...], datasets=[...]) -> the database of these rows, read-only.

    A row says what matters; the rest is as usual. A figure without interval is one without decimals.
    """
    opened = []

    def make(**tables: list[Row]) -> duckdb.DuckDBPyConnection:
        tables = {"datasets": [{"latest": True}], **tables}
        path = tmp_path / f"made_{len(opened)}.duckdb"
        with duckdb.connect() as con:
            for name in CONTRACTS:
                create_table(con, load_contract(name))
                for number, row in enumerate(tables.get(name, [])):
                    _insert(con, name, {"locator": f"t.csv!R{number + 2}C2"} | row)
            con.execute("CREATE TABLE indicators_on_request AS FROM indicators LIMIT 0")
            write_store(con, str(path))
        write_views(str(path))
        opened.append(duckdb.connect(str(path), read_only=True))
        return opened[-1]

    yield make
    for con in opened:
        con.close()


def _insert(con: duckdb.DuckDBPyConnection, table: str, row: Row) -> None:
    contract = load_contract(table)
    usual: Row = _USUAL | ({"measure": "value", "price": "current"} if table == "observations" else {})
    usual |= {"currency": row.get("unit", "USD")} if table == "indicators" else {}
    full: Row = {c.name: row.get(c.name, usual.get(c.name, _BLANK[c.type])) for c in contract.columns}
    if table in ("observations", "indicators") and full["value"] is not None and "lower" not in row:
        full |= {
            "lower": Decimal(str(full["value"])) - Decimal("0.5"),
            "upper": Decimal(str(full["value"])) + Decimal("0.5"),
        }
    marks = ", ".join("?" * len(full))
    con.execute(f"INSERT INTO {table} VALUES ({marks})", list(full.values()))


@pytest.fixture(scope="module")
def world(published: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published database with a dataset made_up of the editions a, b, c, whose figures are yet to be filled in."""
    with duckdb.connect(str(published), read_only=True) as con:
        con.execute(
            "CREATE TEMP VIEW datasets AS SELECT * FROM store.datasets UNION ALL BY NAME "
            "SELECT 'made_up' AS dataset, unnest(['a', 'b', 'c']) AS vintage, 'read' AS state"
        )
        con.execute(
            """CREATE TEMP VIEW codes AS FROM store.codes UNION ALL BY NAME
               SELECT 'vintages' AS list, unnest(['a', 'b', 'c']) AS code, [] AS names
               UNION ALL BY NAME SELECT 'datasets' AS list, 'made_up' AS code, [] AS names"""
        )
        fill(con, [], [])
        yield con
