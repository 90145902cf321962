"""The core set of large editions: the same figures as the catalogue gives, and sums over partners that hide nothing."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from indicator_worlds import VINTAGE, Row, cell, compute, flows, levels_of, series

from transforms.bulk.store import open_observations
from transforms.contract import load_contract
from transforms.indicators import create_codelists
from transforms.indicators.core import INDICATORS, select_core, write_core
from transforms.indicators.core.cells import _split_square

MAIN = ("SA", "SB", "SC", "SD", "SE", "SF", "SG", "SH", "SI", "SJ", "SK", "SL")


@pytest.fixture
def core(tmp_path: Path) -> Any:
    """core(rows, threads=2) -> (levels, indicators) as lists of rows; the files lie in tmp_path / 'core'."""

    def run(rows: Iterable[Row], *, threads: int = 2, tables: int = 1) -> tuple[list[Row], list[Row]]:
        listed = [
            {"dataset": "a", "vintage": VINTAGE, "locator": f"t!R{n}C1"} | row for n, row in enumerate(rows, 1)
        ]  # fmt: skip
        contract, sources = load_contract("observations"), []
        for number in range(tables):
            path = tmp_path / f"{number}.parquet"
            pq.write_table(pa.Table.from_pylist(listed[number::tables], schema=contract.arrow_schema()), path)
            sources.append(open_observations(path))
        with duckdb.connect() as con:
            con.execute(f"SET threads = {threads}")
            create_codelists(con)
            write_core(con, sources, tmp_path / "core")
            found = select_core("a", VINTAGE, tmp_path / "core")
            levels, indicators = (
                con.execute(f"FROM ({found[name]}) ORDER BY ALL").to_arrow_table().to_pylist()
                for name in ("core_levels", "core_indicators")
            )
        return levels, indicators

    return run


def one(rows: list[Row], **wanted: Any) -> Row:
    found = [row for row in rows if all(row[name] == value for name, value in wanted.items())]
    assert len(found) == 1, f"{len(found)} rows of {wanted}"
    return found[0]


def published_world() -> list[Row]:
    """Three economies and the world, all main items, printed with all partners; some statuses, one break."""
    rows = []
    for place, geo in enumerate(("CHN", "DEU", "USA", "W")):
        for number, item in enumerate(("S", *MAIN)):
            for year in range(2018, 2021):
                x, m = 7 * (place + 1) + 3 * number + year % 5, 90 - 11 * place + number + year % 3
                scale = 30 if item == "S" else 1
                status = {"obs_status": "E;P"} if (geo, item) == ("DEU", "SI") else {}
                if (geo, item, year) == ("USA", "SK", 2019):
                    status = {"obs_status": "B"}
                rows += flows(f"{x * scale}.{place}", f"{m * scale}.5", geo=geo, item=item, period=str(year), **status)
    rows += flows("", "3", item="SL1", obs_status="Q")
    rows[-1]["obs_status"] = "A"
    return rows + flows("9", "8", geo="W", item="SL1")


KEY = ("indicator", "definition", "geo", "reference", "flow", "item", "period", "base_period", "freq", "basis",
       "adjustment", "unit", "currency")  # fmt: skip


def test_what_is_printed_with_the_world_is_as_in_the_catalogue(core: Any) -> None:
    rows = published_world()
    _, found = core(rows)
    # of the definitions, the core set has those that the edition has every item of
    mine = {tuple(row[name] for name in KEY): row for row in found if row["reference"] != "ECONOMIES_LISTED"}
    theirs = {
        tuple(row[name] for name in KEY): row
        for row in compute({"a": rows}, only=INDICATORS).rows("a")
        if row["partner"] == "W"
    }
    common = mine.keys() & theirs.keys()
    assert {key[0] for key in common} == set(INDICATORS) - {"market_concentration"}
    assert len(common) == len(mine), sorted(mine.keys() - theirs.keys())[:5]
    for key in common:
        value, expected = mine[key]["value"], theirs[key]["value"]
        assert (value is None) == (expected is None), key
        if value is not None and expected is not None:
            assert value == pytest.approx(float(expected), rel=1e-12, abs=2e-10), key
        assert mine[key]["obs_status"] == theirs[key]["obs_status"], key
        assert mine[key]["coverage"] == pytest.approx(theirs[key]["coverage"]), key
        for end, sign in (("lower", -1), ("upper", 1)):
            if key[0] in ("growth", "export_orientation") and theirs[key][end] is None:  # exact here, too
                assert mine[key][end] is None, key
            elif key[0] in ("growth", "export_orientation"):
                assert mine[key][end] == pytest.approx(float(theirs[key][end]), rel=1e-12, abs=2e-10), key
            elif key[0] not in ("hhi", "market_concentration") and theirs[key][end] is not None:  # outer, never inner
                outer = mine[key][end]
                assert outer is None or sign * (outer - float(theirs[key][end])) >= -1e-9, (key, end)


def partners(figures: dict[str, str], **kwargs: Any) -> list[Row]:
    return [cell(text, partner=partner, **kwargs) for partner, text in figures.items()]


def test_a_total_is_the_exact_sum_over_the_economies_among_the_partners(core: Any) -> None:
    levels, _ = core(partners({"DEU": "1.10", "USA": "2.2", "HKG": "3.3", "EU27_2020": "1.1", "ASEAN": "9"}))
    level = one(levels, geo="CHN", flow="X")
    assert (level["value"], level["lower"], level["upper"]) == (Decimal("6.6"), Decimal("6.495"), Decimal("6.705"))
    assert (level["method"], level["n_members"], level["n_valued"], level["obs_status"]) == (
        "sum_of_partners",
        3,
        3,
        "A",
    )


def test_a_printed_total_comes_before_a_sum(core: Any) -> None:
    levels, found = core([*partners({"DEU": "1", "USA": "2"}), cell("4")])
    level = one(levels, geo="CHN")
    assert (level["value"], level["method"]) == (Decimal(4), "published")
    # how its trade is divided among the partners is still known
    mix = one(found, indicator="market_concentration", geo="CHN")
    assert mix["value"] == pytest.approx(5 / 9) and mix["reference"] == "PARTNERS_LISTED"


@pytest.mark.parametrize(("status", "told"), [("Q", "Q"), ("O", "O"), ("L", "L")])
def test_a_missing_partner_withholds_the_sum(core: Any, status: str, told: str) -> None:
    rows = [*partners({"DEU": "1.0", "USA": "2.0"}), cell("", partner="FRA", obs_status=status)]
    levels, found = core(rows)
    level = one(levels, geo="CHN")
    assert (level["value"], level["upper"], level["lower"]) == (None, None, Decimal("2.9"))
    assert (level["obs_status"], level["coverage"], level["n_valued"]) == (told, pytest.approx(2 / 3), 2)
    assert one(found, indicator="market_concentration", geo="CHN")["value"] is None


def test_what_cannot_exist_misses_nowhere(core: Any) -> None:
    levels, _ = core([*partners({"DEU": "1", "USA": "2"}), cell("", partner="FRA", obs_status="M")])
    assert one(levels, geo="CHN")["value"] == 3


def test_a_suppressed_total_is_not_replaced_by_the_sum(core: Any) -> None:
    levels, _ = core([*partners({"DEU": "1", "USA": "2"}), cell("", obs_status="Q")])
    assert (one(levels, geo="CHN")["value"], one(levels, geo="CHN")["obs_status"]) == (None, "Q")


def test_the_world_does_not_jump_when_one_economy_has_not_reported(core: Any) -> None:
    rows = levels_of("10", "11", "12", geo="CHN") + levels_of("20", "21", geo="DEU")
    levels, found = core(rows)
    assert [one(levels, geo="W", period=str(year))["value"] for year in (2018, 2019, 2020)] == [30, 32, None]
    assert one(levels, geo="W", period="2020")["obs_status"] == "O"
    assert one(found, indicator="growth", geo="W", period="2020")["value"] is None
    assert one(found, indicator="world_share", geo="CHN", period="2019")["value"] == pytest.approx(1100 / 32)


def test_a_printed_world_is_the_world(core: Any) -> None:
    _, found = core([cell("10"), cell("40", geo="W")])
    share = one(found, indicator="world_share")
    assert share["value"] == 25 and share["lower"] == pytest.approx(9.5 / 40.5 * 100, abs=1e-9)


def test_growth_across_a_break_is_withheld(core: Any) -> None:
    rows = levels_of("10", "11", "12")
    rows[1]["obs_status"] = "B"
    _, found = core(rows)
    broken, sound = (one(found, indicator="growth", geo="CHN", period=year) for year in ("2019", "2020"))
    assert (broken["value"], broken["lower"], broken["obs_status"]) == (None, None, "O")
    assert "broken" in broken["note"] and sound["value"] == pytest.approx(100 / 11)


def test_months_grow_on_the_same_month_of_the_year_before(core: Any) -> None:
    _, found = core(series({"2019-03": "10", "2020-02": "99", "2020-03": "12"}))
    growth = one(found, indicator="growth", geo="CHN")
    assert (growth["period"], growth["base_period"], growth["freq"]) == ("2020-03", "2019-03", "M")
    assert growth["value"] == pytest.approx(20)


def test_a_definition_is_summed_where_all_its_items_are_listed(core: Any) -> None:
    rows = [cell(str(n), item=item) for n, item in enumerate(("SF", "SG", "SH", "SI", "SJ", "SK"), 1)]
    levels, _ = core(rows)
    level = one(levels, geo="CHN", item="DEF:dds6")
    assert (level["value"], level["definition"], level["method"]) == (21, "dds6", "sum_of_items")
    assert not [row for row in core(rows[:-1])[0] if row["item"].startswith("DEF:")]


def test_negative_flows_have_a_balance_and_no_orientation(core: Any) -> None:
    levels, found = core(flows("-3", "5"))
    assert one(levels, geo="CHN", flow="N")["value"] == -8 and one(levels, geo="CHN", flow="T")["value"] == 2
    orientation = one(found, indicator="export_orientation", geo="CHN")
    assert orientation["value"] is None and orientation["note"] == "a flow is negative"


def test_a_figure_that_stands_twice_is_not_added_twice(core: Any) -> None:
    rows = partners({"DEU": "1", "USA": "2"})
    again = [rows[0] | {"table_id": "u"}]
    level = one(core([*rows, *again])[0], geo="CHN")
    assert (level["value"], level["contested"]) == (None, True)
    # two files of one edition, too
    level = one(core([rows[0], rows[0] | {"table_id": "u"}], tables=2)[0], geo="CHN")
    assert (level["value"], level["contested"]) == (None, True)


def test_two_powers_of_ten_are_brought_to_one(core: Any) -> None:
    rows = [cell("1", partner="DEU", unit_mult=8), cell("20", partner="USA", unit_mult=6)]
    level = one(core(rows)[0], geo="CHN")
    assert (level["value"], level["unit_mult"]) == (120, 6)


def test_forms_are_kept_apart(core: Any) -> None:
    rows = [cell("1", basis="final"), cell("2", basis="balanced"), cell("3", basis="final", unit="CNY")]
    levels, _ = core(rows)
    told = {(row["basis"], row["unit"]): row["value"] for row in levels if row["geo"] == "CHN"}
    assert told == {("final", "USD"): 1, ("balanced", "USD"): 2, ("final", "CNY"): 3}


def test_an_edition_without_levels_gives_nothing(core: Any) -> None:
    assert core([cell("3", measure="growth")]) == ([], [])


def test_the_files_are_the_same_for_every_number_of_threads(core: Any, tmp_path: Path) -> None:
    rows = [
        row | {"partner": partner}
        for partner in ("DEU", "USA", "FRA", "JPN")
        for row in published_world()
        if row["geo"] != partner
    ]
    hashes = set()
    for threads in (1, 2, 5):
        core(rows, threads=threads)
        hashes.add(
            tuple(hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted((tmp_path / "core").iterdir()))
        )
    assert len(hashes) == 1


amounts = st.lists(st.decimals(0, 10**7, places=3), min_size=2, max_size=40)


@given(amounts, st.randoms(use_true_random=False))
def test_squares_add_up_alike_in_every_order(figures: list[Decimal], random: Any) -> None:
    head, tail = _split_square(max(figures))
    totals = []
    for _ in range(3):
        random.shuffle(figures)
        with duckdb.connect() as con:
            con.register("given", pa.table({"value": pa.array(figures, pa.decimal128(18, 3))}))
            totals.append(con.execute(f"SELECT sum({head}), sum({tail}) FROM given").fetchone())
    assert len(set(totals)) == 1
    exact = sum(Fraction(figure) ** 2 for figure in figures)
    assert totals[0] is not None and math.isclose(sum(totals[0]), float(exact), rel_tol=1e-12, abs_tol=1e-9)


def test_laws_of_the_core_set(core: Any) -> None:
    rows = [row for row in published_world() if row["geo"] != "W"]
    levels, found = core(rows)
    shares: dict[tuple[str, ...], float] = {}
    weighted: dict[tuple[str, ...], float] = {}
    for row in found:
        if row["indicator"] == "world_share" and row["value"] is not None:
            key = tuple(row[name] for name in ("flow", "item", "period"))
            shares[key] = shares.get(key, 0) + row["value"]
        if row["indicator"] == "rca" and row["value"] is not None:
            # world shares of all services times RCA add up to one
            place = {"geo": row["geo"], "period": row["period"], "flow": "X"}
            weight = one(found, indicator="world_share", item="EBOPS2010:S", **place)["value"]
            key = (row["item"], row["period"])
            weighted[key] = weighted.get(key, 0) + row["value"] * weight / 100
    assert shares and all(total == pytest.approx(100) for total in shares.values())
    assert weighted and all(total == pytest.approx(1) for total in weighted.values())
    for row in levels:
        if row["value"] is not None:
            assert row["lower"] is None or row["lower"] <= row["value"]
            assert row["upper"] is None or row["upper"] >= row["value"]


def test_what_is_no_flow_of_trade_or_no_current_amount_stays_out(core: Any) -> None:
    rows = [
        cell("1"),
        cell("2", flow="N"),
        cell("3", price="constant"),
        cell("over 4"),
        cell("5", mode="M1"),
    ]
    levels, _ = core(rows)
    assert [row["value"] for row in levels if row["geo"] == "CHN"] == [1]
