"""Laws that hold whatever the publisher prints."""

from __future__ import annotations

import itertools
import random
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from indicator_worlds import SIX, Results, Row, cell, compute, levels_of

from transforms.codelists import load_codelist
from transforms.indicators import load_cards

RULES = {row["code"]: row["value_rule"] for row in load_codelist("obs_status").rows}
LEVELS = tuple(card.indicator for card in load_cards() if card.unit == "as published")
YEARS = ("2018", "2019", "2020", "2021")
some = settings(max_examples=3)  # each of several worlds, computed together

printed = st.builds(
    lambda units, decimals, word: f"{word}{Decimal(units).scaleb(-decimals):f}",
    st.integers(-3, 400),
    st.integers(0, 2),
    st.sampled_from(["", "", "", "", "about ", "over ", "under ", "nearly "]),
)
PRINTED_RATES = [
    cell(text, measure="growth", period=period, locator=f"t!R9{period}C1")
    for text, period in (("10.0", "2019"), ("-5", "2020"), ("3.33", "2021"))
]
missing = st.sampled_from([("", "Q"), ("", "O"), ("", "L")])
figures = st.one_of(st.tuples(printed, st.sampled_from(["A", "A", "E", "P", "B"])), missing)


@st.composite
def world_of(draw: Any) -> list[Row]:
    """Some flows of some items in some years: consistent or not, positive or not, complete or not."""
    wanted = st.lists(
        st.tuples(
            st.sampled_from(["CHN", "W"]), st.sampled_from(["X", "M", "T"]),
            st.sampled_from([*SIX, "S", "DEF:dds6"]), st.sampled_from(YEARS),
        ),
        min_size=3, max_size=24, unique=True,
    )  # fmt: skip
    rows = []
    for geo, flow, item, period in draw(wanted):
        text, status = draw(figures)
        rows.append(cell(text, geo=geo, flow=flow, item=item, period=period, obs_status=status))
    return rows


worlds_of = st.lists(world_of(), min_size=6, max_size=6).map(lambda worlds: dict(zip("abcdef", worlds, strict=True)))


def without(row: Row, *names: str) -> Row:
    return {key: value for key, value in row.items() if key not in ("dataset", "inputs", "inputs_hash", *names)}


def keyed(results: Results, dataset: str) -> dict[tuple[str, ...], Row]:
    names = ("indicator", "definition", "geo", "reference", "flow", "item", "period", "base_period", "vintage")
    return {tuple(row[name] for name in names): row for row in results.rows(dataset)}


@some
@given(worlds_of)
def test_value_lies_in_its_range_and_is_missing_only_with_a_status_that_says_so(worlds: dict[str, list[Row]]) -> None:
    results = compute(worlds)
    keys = [
        tuple(v for k, v in r.items() if k not in ("value", "lower", "upper", "inputs")) for r in results.indicators
    ]
    assert len(keys) == len(set(keys))
    for row in results.indicators:
        slack = Decimal("2e-10") + abs(row["value"] or 0) * Decimal("1e-12")
        if row["value"] is not None:
            assert row["lower"] is None or row["lower"] <= row["value"] + slack, row
            assert row["upper"] is None or row["upper"] >= row["value"] - slack, row
        if row["lower"] is not None and row["upper"] is not None:
            assert row["lower"] <= row["upper"] + slack, row
        rules = {RULES[code] for code in row["obs_status"].split(";")}
        assert rules <= ({"required", "either"} if row["value"] is not None else {"forbidden", "either"}), row
        assert 0 <= row["coverage"] <= 1
        if row["indicator"] in ("export_orientation", "trade_competitiveness"):
            least = 0 if row["indicator"] == "export_orientation" else -1
            assert all(value is None or least <= value <= 1 for value in (row["lower"], row["value"], row["upper"]))


@some
@given(worlds_of, st.integers(-3, 6), st.integers(-3, 3))
def test_scaling_all_values_scales_levels_and_changes_no_ratio(
    worlds: dict[str, list[Row]], power: int, shift: int
) -> None:
    """By the power of ten of the unit, and by moving the decimal point of every figure and its interval."""
    scaled = {}
    for name, rows in worlds.items():
        scaled[f"{name} unit"] = [row | {"unit_mult": row["unit_mult"] + power} for row in rows]
        scaled[f"{name} value"] = [
            row | {end: None if row[end] is None else row[end].scaleb(shift) for end in ("value", "lower", "upper")}
            for row in rows
        ]
    results = compute(worlds | scaled)
    for name, (how, mult, factor) in itertools.product(worlds, (("unit", power, 0), ("value", 0, shift))):
        base, other = keyed(results, name), keyed(results, f"{name} {how}")
        assert base.keys() == other.keys()
        for key, row in base.items():
            twin, scale = other[key], factor if row["indicator"] in LEVELS else 0
            assert without(row, "value", "lower", "upper", "unit_mult", "ref_dataset") == without(
                twin, "value", "lower", "upper", "unit_mult", "ref_dataset"
            )
            assert twin["unit_mult"] == row["unit_mult"] + (mult if row["indicator"] in LEVELS else 0)
            for end in ("value", "lower", "upper"):
                if row[end] is None:
                    assert twin[end] is None
                else:
                    assert float(twin[end]) == pytest.approx(float(row[end].scaleb(scale)), rel=1e-9, abs=1e-9)


@some
@given(worlds_of, st.randoms(use_true_random=False))
def test_order_of_rows_and_other_datasets_change_nothing(worlds: dict[str, list[Row]], rng: random.Random) -> None:
    placed = {
        name: [row | {"locator": f"t!R{n}C1"} for n, row in enumerate(rows)] + PRINTED_RATES
        for name, rows in worlds.items()
    }
    mixed = {name: rng.sample(rows, len(rows)) for name, rows in reversed(placed.items())}
    strangers = [cell("7.0", geo=geo, flow=flow) for geo in ("USA", "W", "CN-440100") for flow in ("X", "M")]
    first, second = compute(placed), compute({"strange": strangers} | mixed)
    assert first.indicators == [row for row in second.indicators if row["dataset"] != "strange"]
    assert first.comparisons == [row for row in second.comparisons if row["dataset"] != "strange"]


@some
@given(st.lists(st.tuples(st.integers(1, 900), st.integers(1, 900), st.integers(-2, 2)), min_size=20, max_size=40))
def test_the_three_ratios_are_one_and_contradictions_are_seen(pairs: list[tuple[int, int, int]]) -> None:
    """Orientation = (1 + TC) / 2, coverage = (1 + TC) / (1 - TC); X + M against T in units of the last decimal."""
    rows = []
    for n, (x, m, gap) in enumerate(pairs):
        for flow, units in (("X", x), ("M", m), ("T", x + m + gap)):
            rows.append(cell(f"{Decimal(units).scaleb(-1):f}", flow=flow, period=str(1950 + n)))
    results = compute({"a": rows})
    for n, (x, m, gap) in enumerate(pairs):
        found = {row["indicator"]: row for row in results.rows("a", period=str(1950 + n), item="EBOPS2010:SI")}
        tc = float(found["trade_competitiveness"]["value"])
        assert float(found["export_orientation"]["value"]) == pytest.approx((1 + tc) / 2, abs=1e-9)
        if tc < 1:
            assert float(found["export_import_coverage"]["value"]) == pytest.approx((1 + tc) / (1 - tc), rel=1e-6)
        # three figures rounded to the same decimal are never more than 1.5 units apart
        for indicator in ("export_orientation", "trade_balance", "total_trade"):
            assert found[indicator]["contested"] is (abs(gap) > 1), (x, m, gap)
        assert ("total", f"{Decimal(x + m + gap).scaleb(-1):f}", "contradictory") in results.verdicts("a") or abs(
            gap
        ) <= 1


@some
@given(st.lists(st.lists(st.integers(1, 9999), min_size=6, max_size=6), min_size=8, max_size=12))
def test_shares_of_a_complete_set_of_items_sum_to_100(sets: list[list[int]]) -> None:
    rows = [
        cell(f"{Decimal(units).scaleb(-2):f}", item=item, period=str(2000 + n))
        for n, values in enumerate(sets)
        for item, units in zip(SIX, values, strict=True)
    ]
    results = compute({"a": rows})
    for n in range(len(sets)):
        shares = results.rows("a", "category_share", reference="DDS6", period=str(2000 + n))
        assert len(shares) == 6
        assert float(sum(row["value"] for row in shares)) == pytest.approx(100, abs=1e-8)


@some
@given(st.lists(st.lists(st.integers(1, 10**6), min_size=3, max_size=12), min_size=20, max_size=20))
def test_compound_rate_is_never_above_the_mean_of_annual_rates(paths: list[list[int]]) -> None:
    """Unrounded levels: the range is a point, whatever the size of the rates."""
    results = compute({f"p{n}": levels_of(*(f"={y}" for y in path), start=2000) for n, path in enumerate(paths)})
    for n, path in enumerate(paths):
        wanted = {"base_period": "2000", "period": str(1999 + len(path)), "item": "EBOPS2010:SI"}
        compound = results.one(f"p{n}", "average_growth_compound", **wanted)["value"]
        mean = results.one(f"p{n}", "average_growth_mean", **wanted)
        assert float(compound) <= float(mean["value"]) * (1 + 1e-9) + 1e-9
        assert mean["lower"] <= mean["value"] <= mean["upper"]
        assert float(mean["upper"] - mean["lower"]) <= 1e-9 * max(1.0, float(mean["upper"]))


def test_equal_inputs_have_equal_hashes() -> None:
    results = compute({"a": [cell("3.0"), cell("1.0", flow="M")]})
    hashes = {row["inputs_hash"] for row in results.rows("a", item="EBOPS2010:SI") if len(row["inputs"]) == 2}
    assert len(hashes) == 1


def test_a_connection_can_compute_again() -> None:
    rows = {"a": levels_of("1.00", "1.50", "1.20")}
    assert compute(rows) == compute(rows)
