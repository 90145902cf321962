"""The indicator level against the others: X + M is total_trade, a definition the sum of its items."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from indicator_worlds import SIX, Row, cell, compute, flows, series
from test_indicator_laws import world_of

D = Decimal
UNCTAD = (*SIX[:-1], "SK1")
KEY = ("geo", "partner", "item", "period", "freq", "basis", "adjustment", "unit", "unit_mult")
some = settings(max_examples=3)  # each of several worlds, computed together


def ends(row: Row) -> tuple[Decimal | None, ...]:
    return row["value"], row["lower"], row["upper"]


def test_a_level_is_there_for_all_that_has_a_total() -> None:
    """Of X and M printed under one definition and summed under another."""
    printed = dict(zip((*UNCTAD, "SK"), ["1.0", "2.0", "3.0", "4.0", "5.0", "0.1", "0.5"], strict=True))
    rows = [cell(text, item=item, flow=flow) for flow in ("X", "M") for item, text in printed.items()]
    results = compute({"a": [*rows, *flows("16.0", "15.9", item="DEF:dds6")]}, only=("level", "total_trade"))
    levels = {(r["item"], r["flow"]): (r["value"], r["method"]) for r in results.rows("a", "level")}
    assert levels["DEF:dds6", "X"] == (16, "published")
    assert levels["DEF:unctad", "M"] == (D("15.1"), "sum_of_items")
    assert {item for item, _ in levels} == {row["item"] for row in results.rows("a", "total_trade")}


@some
@given(st.lists(world_of(), min_size=6, max_size=6))
def test_exports_and_imports_add_up_to_the_total_that_is_their_sum(worlds: list[list[Row]]) -> None:
    """Whatever is printed, missing, negative or contradictory. Printed totals are not asked."""
    results = compute({f"w{n}": world for n, world in enumerate(worlds)}, only=("level", "total_trade"))
    levels = {(r["dataset"], r["flow"], *(r[k] for k in KEY)): r for r in results.indicators if r["flow"] != "T"}
    for total in results.indicators:
        if total["method"] != "sum":
            continue
        x, m = (levels[total["dataset"], flow, *(total[k] for k in KEY)] for flow in ("X", "M"))
        for name in ("value", "lower", "upper"):
            if x[name] is not None and m[name] is not None:
                assert total[name] == x[name] + m[name]
            elif name != "lower" or total["value"] is not None:
                assert total[name] is None
            else:  # no less than the one of which something is known
                known = [side["lower"] for side in (x, m) if side["lower"] is not None and side["lower"] > 0]
                assert total["lower"] == (known[0] if known else None)
        assert total["coverage"] == (x["coverage"] + m["coverage"]) / 2
        assert set(total["inputs"]) >= {*x["inputs"], *m["inputs"]}


@some
@given(st.lists(st.lists(st.integers(-20, 9999), min_size=7, max_size=7), min_size=8, max_size=12))
def test_a_definition_is_the_sum_of_its_items(sets: list[list[int]]) -> None:
    rows = [
        cell(f"{D(units).scaleb(-2):f}", item=item, period=str(2000 + n))
        for n, values in enumerate(sets)
        for item, units in zip((*UNCTAD, "SK"), values, strict=True)
    ]
    results = compute({"a": rows}, only=("level",))
    for n in range(len(sets)):
        found = {r["item"].partition(":")[2]: ends(r) for r in results.rows("a", period=str(2000 + n))}
        for definition, items in (("dds6", SIX), ("unctad", UNCTAD)):
            assert found[definition] == tuple(map(sum, zip(*(found[item] for item in items), strict=True)))


def test_a_level_in_another_currency_names_the_rate_and_its_cell() -> None:
    """2.0 = [1.95, 2.05] times 6.5 = [6.45, 6.55]; of 2021 no rate is known."""
    dollars = series({"2020": "2.0", "2021": "3.0"})
    rate = cell("6.5", item="XR:CNY_USD.AVG", flow="N", unit="CNY_PER_USD", unit_mult=0, price="", locator="x!R1C1")
    results = compute({"mofcom_services": dollars, "rates": [rate]}, only=("level",))
    found = {r["period"]: r for r in results.rows("mofcom_services", currency="CNY", item="EBOPS2010:SI")}
    assert ends(found["2020"]) == (13, D("12.5775"), D("13.4275"))
    assert (found["2020"]["unit"], found["2020"]["method"]) == ("CNY", "converted:XR:CNY_USD.AVG")
    assert "rates/2024/x!R1C1=6.5" in found["2020"]["inputs"]
    assert (found["2021"]["value"], found["2021"]["obs_status"], found["2021"]["method"]) == (None, "O", "no_rate")
    assert results.rows("rates") == []
