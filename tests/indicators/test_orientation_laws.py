"""Laws of orientation, specialisation, intra-industry trade and shares without travel."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from indicator_worlds import SIX, Row, cell, compute, flows, levels_of

some = settings(max_examples=3)
PLACES = ("CHN", "IND", "USA")
MAIN = ("SA", "SB", "SC", "SD", "SE", *SIX, "SL")
amounts = st.integers(0, 999)
# exports of each place by item, in hundredths; the last item is never zero so that no universe is
tables = st.lists(
    st.lists(amounts, min_size=len(MAIN), max_size=len(MAIN)).map(lambda row: [*row[:-1], row[-1] + 1]),
    min_size=3, max_size=3,
)  # fmt: skip


def amount(units: int) -> str:
    return f"={Decimal(units).scaleb(-2):f}"


def exports(table: list[list[int]], period: str = "2020", **more: Any) -> list[Row]:
    """Items and services of three places and of the world that is made of them, unrounded."""
    world = [sum(column) for column in zip(*table, strict=True)]
    return [
        cell(amount(units), geo=geo, item=item, period=period, **more)
        for geo, row in zip((*PLACES, "W"), [*table, world], strict=True)
        for item, units in zip(("S", *MAIN), (sum(row), *row), strict=True)
    ]


@some
@given(st.lists(tables, min_size=3, max_size=5))
def test_world_shares_of_items_times_rca_sum_to_one(all_tables: list[list[list[int]]]) -> None:
    results = compute({f"w{n}": exports(table) for n, table in enumerate(all_tables)})
    for n, table in enumerate(all_tables):
        world = [sum(column) for column in zip(*table, strict=True)]
        for place, row in zip(PLACES, table, strict=True):
            total = 0.0
            for item, units, of_place in zip(MAIN, world, row, strict=True):
                found = results.one(f"w{n}", "rca", geo=place, item=f"EBOPS2010:{item}", reference="RCA_SERVICES")
                if units == 0:
                    assert found["value"] is None and found["note"] == "the denominator is zero"
                    assert of_place == 0
                    continue
                symmetric = results.one(f"w{n}", "rsca", geo=place, item=found["item"], reference="RCA_SERVICES")
                assert -1 <= symmetric["value"] <= 1
                value = float(found["value"])
                assert float(symmetric["value"]) == pytest.approx((value - 1) / (value + 1), abs=2e-10)
                total += units / sum(world) * value
            assert total == pytest.approx(1, abs=1e-8)


@some
@given(st.lists(tables, min_size=3, max_size=5))
def test_nrca_sums_to_zero_over_items_and_over_places(all_tables: list[list[list[int]]]) -> None:
    positive = [[[units + 1 for units in row] for row in table] for table in all_tables]
    results = compute({f"w{n}": exports(table) for n, table in enumerate(positive)})
    for n in range(len(positive)):
        found = results.rows(f"w{n}", "nrca", reference="RCA_SERVICES")
        found = [row for row in found if row["item"].startswith("EBOPS2010:")]
        assert len(found) == len(PLACES) * len(MAIN)
        for column in ("geo", "item"):
            for code in {row[column] for row in found}:
                total = sum(row["value"] for row in found if row[column] == code)
                assert float(total) == pytest.approx(0, abs=1e-7), (column, code)
        assert all(-2500 <= row["value"] <= 2500 and row["unit_mult"] == -4 for row in found)


@some
@given(st.lists(tables, min_size=3, max_size=5), st.integers(-3, 3))
def test_scaling_a_place_or_the_currency_changes_no_comparison(all_tables: list[list[list[int]]], power: int) -> None:
    """Printed in thousands of another unit: the power of ten of one place, or of all, makes no difference."""
    worlds = {}
    for n, table in enumerate(all_tables):
        rows = exports(table)
        worlds[f"w{n}"] = rows
        worlds[f"w{n} all"] = [row | {"unit_mult": row["unit_mult"] + power} for row in rows]
        worlds[f"w{n} one"] = [
            row if row["geo"] != "IND" else row | {"unit_mult": 5, "value": row["value"] * 1000} for row in rows
        ]
    results = compute(worlds)
    ends = ("value", "lower", "upper", "note", "obs_status", "unit_mult", "contested")
    for n in range(len(all_tables)):
        for indicator in ("rca", "rsca", "nrca"):
            for row in results.rows(f"w{n}", indicator):
                for how in ("all", "one"):
                    where = {name: row[name] for name in ("geo", "item", "reference", "definition")}
                    twin = results.one(f"w{n} {how}", indicator, **where)
                    for name in ends:
                        if isinstance(row[name], Decimal):
                            assert float(twin[name]) == pytest.approx(float(row[name]), rel=1e-8, abs=1e-9)
                        else:
                            assert twin[name] == row[name], (name, row)


@some
@given(st.lists(tables, min_size=2, max_size=4))
def test_location_quotient_is_rca_with_the_nation_for_the_world(all_tables: list[list[list[int]]]) -> None:
    worlds = {}
    for n, table in enumerate(all_tables):
        rows = exports(table)
        worlds[f"w{n}"] = rows
        renamed = {"CHN": "CN-440100", "IND": "CN-310000", "USA": "CN-110000", "W": "CHN"}
        worlds[f"l{n}"] = [row | {"geo": renamed[row["geo"]]} for row in rows]
    results = compute(worlds)
    for n in range(len(all_tables)):
        for row in results.rows(f"w{n}", "rca", geo="CHN", reference="RCA_SERVICES"):
            twin = results.one(
                f"l{n}", "location_quotient", geo="CN-440100", item=row["item"], reference="LQ_SERVICES", flow="X"
            )
            assert [twin[end] for end in ("value", "lower", "upper")] == [
                row[end] for end in ("value", "lower", "upper")
            ]


pairs_of = st.lists(st.lists(st.tuples(amounts, amounts), min_size=6, max_size=6), min_size=4, max_size=6)


@some
@given(pairs_of)
def test_grubel_lloyd_lies_between_zero_and_one_and_is_the_weighted_mean(sets: list[list[tuple[int, int]]]) -> None:
    """Weighted by trade, the indices of the items give the weighted index; the index of their sum is never below it."""
    worlds = {
        f"w{n}": [row for item, (x, m) in zip(SIX, pairs, strict=True)
                  for row in flows(amount(x), amount(m), item=item)]
        for n, pairs in enumerate(sets)
    }  # fmt: skip
    results = compute(worlds)
    for n, pairs in enumerate(sets):
        weighted = results.one(f"w{n}", "grubel_lloyd_weighted", item="DEF:dds6")
        trade = sum(x + m for x, m in pairs)
        if trade == 0:
            assert weighted["note"] == "exports and imports are both zero"
            continue
        mean = 0.0
        for item, (x, m) in zip(SIX, pairs, strict=True):
            row = results.one(f"w{n}", "grubel_lloyd", item=f"EBOPS2010:{item}")
            if x + m == 0:
                assert row["note"] == "exports and imports are both zero"
                continue
            competitiveness = results.one(f"w{n}", "trade_competitiveness", item=f"EBOPS2010:{item}")
            assert 0 <= row["value"] <= 1
            assert float(row["value"]) == pytest.approx(1 - abs(float(competitiveness["value"])), abs=1e-9)
            mean += float(row["value"]) * (x + m) / trade
        assert float(weighted["value"]) == pytest.approx(mean, abs=1e-9)
        whole = results.one(f"w{n}", "grubel_lloyd", item="DEF:dds6")
        assert weighted["value"] <= whole["value"] + Decimal("1e-9")


@some
@given(st.lists(st.tuples(st.integers(1, 999), st.integers(1, 999), st.integers(1, 999)), min_size=10, max_size=20))
def test_ratios_to_gross_product_and_to_imports_are_one_another(figures: list[tuple[int, int, int]]) -> None:
    """openness = 2 openness_half = export intensity + import side; balance over imports = coverage less one."""
    rows = []
    for n, (x, m, product) in enumerate(figures):
        period = str(1900 + n)
        rows += flows(amount(x), amount(m), item="GS:T", period=period)
        rows.append(cell(amount(product), item="NA:GDP", flow="N", period=period, unit_mult=9))
    results = compute({"w": rows})
    for n in range(len(figures)):
        found = {row["indicator"]: row for row in results.rows("w", period=str(1900 + n))}
        value = {name: float(row["value"]) for name, row in found.items() if row["value"] is not None}
        assert value["openness"] == pytest.approx(2 * value["openness_half"], abs=1e-8)
        assert value["balance_ratio_gdp"] == pytest.approx(2 * value["export_intensity"] - value["openness"], abs=1e-8)
        tc = value["trade_competitiveness"]
        assert value["balance_ratio_gdp"] == pytest.approx(tc * value["openness"], rel=1e-7, abs=1e-7)
        assert value["balance_ratio_imports"] == pytest.approx(100 * (value["export_import_coverage"] - 1), abs=1e-7)
        assert value["export_intensity"] == pytest.approx(
            value["export_orientation"] * value["openness"], rel=1e-7, abs=1e-8
        )


@some
@given(st.lists(st.lists(st.integers(1, 999), min_size=len(MAIN), max_size=len(MAIN)), min_size=4, max_size=6))
def test_shares_without_travel_sum_to_100_and_travel_moves_none_of_them(sets: list[list[int]]) -> None:
    """Travel falls to nothing: the shares of all services jump, those without travel stand still."""
    worlds, travel = {}, MAIN.index("SD")
    for n, row in enumerate(sets):
        fallen = [units if place != travel else 0 for place, units in enumerate(row)]
        for name, figures in (("before", row), ("after", fallen)):
            worlds[f"{name}{n}"] = [
                cell(amount(units), item=item)
                for item, units in zip(("S", *MAIN), (sum(figures), *figures), strict=True)
            ]
    results = compute(worlds)
    for n in range(len(sets)):
        before, after = (results.rows(f"{name}{n}", "category_share_without_travel") for name in ("before", "after"))
        assert [row["value"] for row in before] == [row["value"] for row in after]
        assert {row["item"] for row in before} == {f"EBOPS2010:{item}" for item in MAIN if item != "SD"}
        assert float(sum(row["value"] for row in before)) == pytest.approx(100, abs=1e-8)
        shares = [results.one(f"{name}{n}", "dds_share", definition="dds6")["value"] for name in ("before", "after")]
        assert shares[0] < shares[1]
        without = results.one(f"after{n}", "dds_share_without_travel", definition="dds6")["value"]
        assert without == shares[1]


MIXED = {
    "trade": flows("3.0", "1.0", item="GOODS:T"),
    "product": [cell("8.0", item="NA:GDP", flow="N")],
    "place": [cell("2.0", geo="CN-440100"), cell("8.0", geo="CN-440100", item="S")],
    "nation": [cell("4.0"), cell("32.0", item="S")],
}


@pytest.mark.parametrize(
    ("dataset", "indicator", "value"),
    [("trade", "openness", 50), ("trade", "openness_half", 25), ("trade", "export_intensity", 37.5),
     ("trade", "balance_ratio_gdp", 25), ("place", "location_quotient", 2)],
)  # fmt: skip
def test_another_source_family_is_for_who_asks(dataset: str, indicator: str, value: float) -> None:
    where = {"item": "GOODS:T" if dataset == "trade" else "EBOPS2010:SI"}
    where |= {} if dataset == "trade" else {"reference": "LQ_SERVICES"}
    withheld = compute(MIXED).one(dataset, indicator, **where)
    assert (withheld["value"], withheld["lower"], withheld["obs_status"]) == (None, None, "O")
    assert "comes from another source family" in withheld["note"] and withheld["asked"] == "mixed_sources"
    given_ = compute(MIXED, asked=("mixed_sources",)).one(dataset, indicator, **where)
    assert (float(given_["value"]), given_["obs_status"]) == (value, "D")
    together = compute(MIXED, dict.fromkeys(MIXED, "one")).one(dataset, indicator, **where)
    assert (float(together["value"]), together["obs_status"], together["asked"]) == (value, "A", "")


def test_a_gross_product_in_another_currency_or_for_a_plan_is_none() -> None:
    trade = flows("3.0", "1.0", item="GOODS:T")
    other = compute({"a": [*trade, cell("8.0", item="NA:GDP", flow="N", unit="CNY")],
                     "b": [*trade, cell("8.0", item="NA:GDP", flow="N", basis="target")],
                     "c": [*trade, cell("8.0", item="NA:GDP", flow="N", price="constant")]})  # fmt: skip
    assert [row for name in "abc" for row in other.rows(name, "openness")] == []


def test_no_world_in_the_edition_no_rca() -> None:
    rows = [cell("2.0"), cell("8.0", item="S")]
    world = [cell("4.0", geo="W"), cell("32.0", item="S", geo="W")]
    found = compute({"a": rows, "b": world}, {"a": "one", "b": "one"})
    assert found.rows("a", "rca") == [] and found.rows("b", "rca") == []


def test_figures_that_break_their_relations_are_contested_and_keep_their_ends() -> None:
    """The place exports more of the item than the world: 5.0 of 4.0."""
    rows = [cell("5.0"), cell("8.0", item="S"), cell("4.0", geo="W"), cell("32.0", item="S", geo="W")]
    row = compute({"a": rows}).one("a", "rca", reference="RCA_SERVICES", item="EBOPS2010:SI")
    assert row["contested"] and float(row["value"]) == 5
    assert float(row["lower"]) == pytest.approx(4.95 / 8.05 * 31.95 / 4.05, abs=1e-9)
    assert float(row["upper"]) == pytest.approx(5.05 / 7.95 * 32.05 / 3.95, abs=1e-9)


def test_the_nation_keeps_one_basis_over_the_years() -> None:
    """A contracted figure of a city: the nation has two other bases, of which the published one counts, every year."""
    published = levels_of("900", "901", "902", geo="CHN")
    executed = levels_of("700", "701", "702", geo="CHN", basis="executed")
    nation = {"nation": published + executed}
    city = {"city": levels_of("50", "51", "52", geo="CN-440100", basis="contracted")}
    found = compute(nation | city, asked=("mixed_sources",)).rows("city", "city_share")
    assert [row["period"] for row in found] == ["2018", "2019", "2020"]
    assert all("is on another basis: published" in row["note"] for row in found)
