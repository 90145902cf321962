"""What the bundled documents give: figures that were worked out by hand or are stated in the methodology."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction as F
from pathlib import Path
from typing import Any

import duckdb
import pytest
from indicator_worlds import compute, levels_of

REPORT = "guangzhou_digital_trade_report"
GUANGZHOU = {"geo": "CN-440100", "item": "DEF:dds6", "dataset": REPORT}
TIANHE = {"geo": "CN-440106", "item": "EBOPS2010:SI", "period": "2021", "dataset": REPORT}
# UNCTADstat, world exports of digitally deliverable services 2010 to 2019, in million USD
WORLD = ("1835732.0", "2099551.0", "2178859.0", "2338419.0", "2553608.0", "2482052.0", "2574647.0", "2800594.0",
         "3112957.0", "3274737.0")  # fmt: skip


@pytest.fixture(scope="module")
def con(clean_run: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(clean_run / "curated" / "digitrade.duckdb"), read_only=True) as con:
        yield con


def rows(con: duckdb.DuckDBPyConnection, table: str, **wanted: str) -> list[dict[str, Any]]:
    where = " AND ".join(f"{name} = ?" for name in wanted)
    found = con.execute(f"SELECT * FROM {table} WHERE {where} ORDER BY ALL", list(wanted.values()))
    return found.to_arrow_table().to_pylist()


def one(con: duckdb.DuckDBPyConnection, indicator: str, table: str = "indicators", **wanted: str) -> dict[str, Any]:
    [row] = rows(con, table, indicator=indicator, **wanted)
    return row


def is_in(row: dict[str, Any], value: Any, lower: Any, upper: Any, digits: int = 9) -> None:
    for name, wanted in (("value", value), ("lower", lower), ("upper", upper)):
        assert float(row[name]) == pytest.approx(float(wanted), abs=0.6 * 10**-digits), name


def test_digital_trade_of_guangzhou_in_2020(con: duckdb.DuckDBPyConnection) -> None:
    row = one(con, "total_trade", **GUANGZHOU, period="2020")
    is_in(row, F("140.66"), F("140.655"), F("140.665"))
    # 140.66 is in a contradiction: 132 of about 40 per cent beside 140.66 of 38 per cent
    assert (row["unit"], row["unit_mult"], row["obs_status"], row["contested"]) == ("USD", 8, "A", True)


def test_two_ways_from_2018_to_2020_agree(con: duckdb.DuckDBPyConnection) -> None:
    span = {"period": "2020", "base_period": "2018"}
    is_in(one(con, "multiple", **GUANGZHOU, **span), F("140.66") / F("55.07"), F("140.655") / F("55.075"),
          F("140.665") / F("55.065"))  # fmt: skip
    chain = one(con, "chained_multiple", **GUANGZHOU, **span)
    is_in(chain, F("1.706") * F("1.497"), F("1.7055") * F("1.4965"), F("1.7065") * F("1.4975"))
    [compared] = rows(con, "comparisons", rule="chain", geo="CN-440100")
    assert compared["verdict"] == "equal"


def test_the_printed_1_6_is_the_increase_and_not_the_multiple(con: duckdb.DuckDBPyConnection) -> None:
    printed = rows(con, "comparisons", rule="increase", item="DEF:dds6", geo="CN-440100")
    assert {row["verdict"] for row in printed} == {"equal"}
    for row in printed:
        assert row["printed"] == "1.6" and row["computed_value"] == Decimal("1.5542037407")
        multiple = one(con, "multiple", **GUANGZHOU, period="2020", base_period="2018")
        assert not row["printed_lower"] <= multiple["upper"] <= row["printed_upper"]
        assert "the multiple is 2.55" in row["note"]


def test_growth_of_tianhe_against_what_the_report_prints(con: duckdb.DuckDBPyConnection) -> None:
    growth = one(con, "growth", **TIANHE, flow="T")
    is_in(growth, F(161 * 100, 777), F("9.375") / F("7.775") * 100 - 100, F("9.385") / F("7.765") * 100 - 100)
    verdicts = {(r["printed"], r["verdict"]) for r in rows(con, "comparisons", rule="growth", **TIANHE)}
    assert verdicts == {("20.73", "within_rounding")}
    [transport] = rows(con, "comparisons", rule="growth", geo="CN-440106", item="EBOPS2010:SC", period="2021")
    assert (transport["printed"], transport["verdict"]) == ("2.08", "contradictory")
    assert 51.85 < transport["computed_lower"] < 51.95 and 53.35 < transport["computed_upper"] < 53.45


def test_orientation_of_tianhe_on_x_plus_m(con: duckdb.DuckDBPyConnection) -> None:
    """X 9.34, M 0.04 and T 9.38 are printed: the corners are 9.335 / 9.38 and 9.345 / 9.38."""
    is_in(one(con, "export_orientation", **TIANHE), F(934, 938), F("9.335") / F("9.38"), F("9.345") / F("9.38"))


def test_average_growth_of_the_world_is_not_the_compound_rate(con: duckdb.DuckDBPyConnection) -> None:
    [row] = rows(con, "comparisons", indicator="average_growth_compound", geo="W", dataset=REPORT)
    assert (row["printed"], row["verdict"]) == ("7.46", "not_comparable")
    assert float(row["computed_value"]) == pytest.approx(7.2218, abs=5e-5)
    others = rows(con, "comparisons", rule="average_growth", geo="W", dataset=REPORT, verdict="not_computable")
    assert {other["indicator"] for other in others} == {"average_growth_mean", "average_growth_log_linear"}
    assert not one(con, "average_growth_compound", geo="W", dataset=REPORT)["contested"]


def test_share_of_the_total_outside_its_parts(con: duckdb.DuckDBPyConnection) -> None:
    found = rows(con, "comparisons", rule="weighted_mean", dataset=REPORT)
    verdicts = {row["period"]: row["verdict"] for row in found}
    assert verdicts.pop("2018") == "contradictory"
    assert "contradictory" not in verdicts.values()


def test_shares_that_the_shares_of_the_flows_the_balances_and_the_totals_imply(con: duckdb.DuckDBPyConnection) -> None:
    found = {
        row["period"]: (row["verdict"], *(round(float(row[f"computed_{n}"]), 1) for n in ("value", "lower", "upper")))
        for row in rows(con, "comparisons", rule="implied_share", dataset=REPORT)
    }
    assert found == {
        "2018": ("contradictory", 27.0, 26.5, 27.5),
        "2019": ("equal", 18.1, 17.5, 18.7),
        "2020": ("equal", 37.9, 37.3, 38.4),
    }


def test_knowledge_intensive_trade_beside_digital_trade(con: duckdb.DuckDBPyConnection) -> None:
    [row] = rows(con, "comparisons", rule="share_pair", dataset=REPORT)
    found = tuple(round(float(row[f"computed_{name}"]), 2) for name in ("value", "lower", "upper"))
    assert (row["printed"], row["verdict"], *found) == ("40", "contradictory", 35.66, 35.06, 36.27)


def test_differences_of_printed_shares(con: duckdb.DuckDBPyConnection) -> None:
    found = rows(con, "comparisons", rule="difference", dataset=REPORT)
    assert [(r["period"], int(r["computed_value"]), int(r["computed_lower"]), int(r["computed_upper"]), r["verdict"])
            for r in found] == [("2018", -2, -3, -1, "equal"), ("2020", 24, 23, 25, "equal")]  # fmt: skip


def test_share_of_the_nation_only_with_mixed_sources(con: duckdb.DuckDBPyConnection) -> None:
    """55.07 and 140.66 of what UNCTAD prints for China, exports and imports added."""
    for row in rows(con, "indicators", indicator="city_share", geo="CN-440100"):
        assert (row["value"], row["obs_status"], row["coverage"]) == (None, "O", 0.5)
    mixed = {r["period"]: r for r in rows(con, "indicators_on_request", indicator="city_share", geo="CN-440100")}
    assert {period: round(float(row["value"]), 3) for period, row in mixed.items()} == {"2018": 2.211, "2020": 4.913}
    assert {row["obs_status"] for row in mixed.values()} == {"D"}
    assert not rows(con, "comparisons", rule="share", indicator="city_share", verdict="contradictory")


def test_world_exports_2010_to_2019_by_three_methods() -> None:
    row = {"dataset": "w", "base_period": "2010", "period": "2019"}
    results = compute({"w": levels_of(*WORLD, start=2010, geo="W", item="DEF:unctad", unit_mult=6)})
    found = {r["method"]: float(r["value"]) for r in results.rows(**row) if r["indicator"].startswith("average")}
    assert {method: round(value, 3) for method, value in found.items()} == {
        "compound": 6.642, "mean_of_annual_rates": 6.748, "log_linear": 5.915,
    }  # fmt: skip


def test_bundled_world_exports_are_those_of_the_golden_series(con: duckdb.DuckDBPyConnection) -> None:
    found = con.execute(
        """SELECT printed FROM observations
           WHERE dataset = 'unctad_digitally_deliverable' AND geo = 'W' AND flow = 'X'
             AND period BETWEEN '2010' AND '2019'
           ORDER BY period"""
    ).fetchall()
    assert tuple(text for (text,) in found) == WORLD


@pytest.mark.parametrize("threads", [1, 4, 8])
def test_decimal_sums_from_parquet_are_exact(clean_run: Path, threads: int) -> None:
    """Wrong DECIMAL sums from zstd Parquet under parallelism have been reported; ours equal Python's exact sums."""
    files = sorted((clean_run / "curated" / "observations").rglob("*.parquet"))
    with duckdb.connect() as con:
        con.execute(f"SET threads = {threads}")
        source = "read_parquet(?, hive_partitioning = false)"
        names = [str(path) for path in files]
        per_geo = dict(con.execute(f"SELECT geo, sum(value) FROM {source} GROUP BY geo", [names]).fetchall())
        exact: dict[str, Decimal] = {}
        for geo, value in con.execute(f"SELECT geo, value FROM {source} WHERE value IS NOT NULL", [names]).fetchall():
            exact[geo] = exact.get(geo, Decimal(0)) + value
        assert {geo: total for geo, total in per_geo.items() if total is not None} == exact


def test_decimal_sums_of_many_rows_are_exact(tmp_path: Path) -> None:
    """The same over several row groups, which one file of a bundled edition does not have."""
    path = tmp_path / "many.parquet"
    with duckdb.connect() as con:
        con.execute("SET threads = 8")
        con.execute(
            f"""COPY (SELECT i % 7 AS g, CAST(i * 0.0000000001 + i AS DECIMAL(38, 10)) AS v FROM range(300000) r(i))
                TO '{path}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 20000)"""
        )
        got = con.execute(f"SELECT g, sum(v) FROM '{path}' GROUP BY g ORDER BY g").fetchall()
        assert got == [(g, sum(range(g, 300000, 7)) + Decimal(sum(range(g, 300000, 7))).scaleb(-10)) for g in range(7)]


def test_the_audit_of_the_bundled_data(con: duckdb.DuckDBPyConnection) -> None:
    """The contradictions that the documents hold, all of them known and none of them ours."""
    found = con.execute(
        "SELECT rule, geo, item, period, printed FROM comparisons WHERE verdict = 'contradictory' ORDER BY ALL"
    ).fetchall()
    assert found == [
        ("growth", "CN-440106", "EBOPS2010:SC", "2021", "2.08"),
        ("implied_share", "CN-440100", "DEF:dds6", "2018", "31"),
        ("increase", "CN-440100", "CBEC:T", "2021", "46"),
        ("share_pair", "CN-440100", "GZ:KNOWLEDGE_INTENSIVE", "2020", "40"),
        ("weighted_mean", "CN-440100", "DEF:dds6", "2018", "31"),
    ]
