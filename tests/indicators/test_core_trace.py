"""The cells of a core indicator are those, and only those, that it is made of: held against the core set itself.

Computed again from the cells that the query names, a value is the same; without one of them it is another, or none.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from indicator_worlds import VINTAGE, Row, cell, flows, levels_of, six

from transforms.bulk.store import open_observations
from transforms.contract import load_contract
from transforms.indicators import create_codelists
from transforms.indicators.core import INDICATORS, select_core, write_core
from transforms.trace.core import find_core_inputs

MAIN = ("S", "SA", "SB", "SC", "SD", "SE", "SF", "SG", "SH", "SI", "SJ", "SK", "SL")


def name_rows(rows: Sequence[Row]) -> list[Row]:
    return [{"dataset": "a", "vintage": VINTAGE, "locator": f"t!R{n}C1"} | row for n, row in enumerate(rows, 1)]


def run(folder: Path, rows: Sequence[Row]) -> tuple[duckdb.DuckDBPyConnection, list[Row]]:
    """The core indicators of named rows, and a connection with what the query reads."""
    table = pa.Table.from_pylist(list(rows), schema=load_contract("observations").arrow_schema())
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, folder / "o.parquet")
    con = duckdb.connect()
    create_codelists(con)
    write_core(con, [open_observations(folder / "o.parquet")], folder / "core")
    select = select_core("a", VINTAGE, folder / "core")["core_indicators"]
    found = con.execute(f"FROM ({select}) ORDER BY ALL").to_arrow_table().to_pylist()
    con.execute(f"CREATE OR REPLACE VIEW all_observations AS FROM read_parquet('{folder / 'o.parquet'}')")
    return con, found


def pick(rows: list[Row], like: Row) -> Any:
    key = ("indicator", "geo", "reference", "flow", "item", "period", "base_period")
    found = [row["value"] for row in rows if all(row[name] == like[name] for name in key)]
    return found[0] if found else None


def printed_world() -> list[Row]:
    rows = [
        row
        for place, geo in enumerate(("CHN", "DEU", "W"))
        for n, item in enumerate(MAIN)
        for year in (2019, 2020)
        for row in flows(f"{(40 if item == 'S' else 1) * (7 + 3 * place + n + year % 5)}.{place}",
                         f"{(40 if item == 'S' else 1) * (9 + place + n)}.5", geo=geo, item=item, period=str(year))
    ]  # fmt: skip
    return [*rows, *flows("1", "2", "3.5", geo="CHN", item="SI1"), *flows("4", "5", geo="W", item="SI1")]


def summed_world() -> list[Row]:
    """No world is printed; China by partner, groups among them."""
    rows = [cell(text, partner=partner) for partner, text in
            (("DEU", "1.1"), ("USA", "2.2"), ("EU27_2020", "1.1"))]  # fmt: skip
    rows += levels_of("20", "21", start=2019, geo="DEU") + levels_of("5", start=2020, geo="USA", item="S")
    return rows + six("1 2 3 4 5 6", geo="FRA") + [cell("30", geo="FRA", item="S")]


@pytest.mark.parametrize("rows", [printed_world(), summed_world()], ids=["printed", "summed"])
def test_a_value_is_made_of_its_cells_and_of_no_others(rows: list[Row], tmp_path: Path) -> None:
    named = name_rows(rows)
    con, found = run(tmp_path / "all", named)
    tested: dict[str, int] = {}
    for row in found:
        if row["value"] is None or tested.get(f"{row['indicator']} {row['reference']}", 0) >= 3:
            continue
        tested[f"{row['indicator']} {row['reference']}"] = tested.get(f"{row['indicator']} {row['reference']}", 0) + 1
        _, inputs, count = find_core_inputs(con, row)
        places = {name.partition("=")[0].rpartition("/")[2] for name in inputs}
        assert count == len(places) == len(inputs)
        # a concentration is filed under all services, which must be an item of the edition to be a name
        filed = "EBOPS2010:S" if row["indicator"] == "hhi" else ""
        alone = [r for r in named if r["locator"] in places or r["item"] == filed]
        assert pick(run(tmp_path / "alone", alone)[1], row) == pytest.approx(row["value"], rel=1e-12), row
        without = [r for r in named if r["locator"] != min(places)]
        changed = pick(run(tmp_path / "less", without)[1], row)
        assert changed is None or changed != pytest.approx(row["value"], rel=1e-12), row
    assert {name.split()[0] for name in tested} >= (
        set(INDICATORS) - {"dds_share"} if rows == printed_world() else {"world_share", "market_concentration"}
    )


def test_many_cells_are_counted_and_the_first_are_told(tmp_path: Path) -> None:
    rows = [cell("1.5", partner=code, period=str(year)) for code in ("DEU", "USA") for year in range(2000, 2021)]
    con, found = run(tmp_path, name_rows(rows))
    (row,) = [r for r in found if r["indicator"] == "market_concentration" and r["period"] == "2020"
              and r["reference"] == "PARTNERS_LISTED"]  # fmt: skip
    query, inputs, count = find_core_inputs(con, row)
    assert count == 2 and con.execute(f"SELECT count(*) FROM ({query})").fetchone() == (2,)
    assert sorted(name.rpartition("=")[2] for name in inputs) == ["1.5", "1.5"]
