"""Laws of concentration, structural change, shift-share, constant market share and ranks, whatever is printed."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from indicator_worlds import SIX, Results, Row, cell, compute, connection

some = settings(max_examples=2, deadline=None)  # each of many worlds, computed together
amounts = st.lists(st.integers(0, 9999), min_size=6, max_size=6).filter(any)
positive = st.lists(st.integers(1, 9999), min_size=6, max_size=6)
WHOLE = {"item": "DEF:dds6"}
NOTHING_SHIFTED = (
    "shift_share_mix", "shift_share_regional", "shift_share_esteban_homothetic", "shift_share_esteban_allocation",
    "cms_competitiveness", "cms_structure", "cms_interaction",
)  # fmt: skip


def items(values: list[int], **kwargs: Any) -> list[Row]:
    """Unrounded amounts of the six items, in hundredths."""
    return [cell(f"={units / 100}", item=item, **kwargs) for item, units in zip(SIX, values, strict=True)]


def value(results: Results, world: str, indicator: str, **wanted: Any) -> float:
    return float(results.one(world, indicator, **WHOLE, **wanted)["value"])


@some
@given(st.lists(amounts, min_size=12, max_size=12))
def test_four_words_for_one_concentration(mixes: list[list[int]]) -> None:
    results = compute({str(n): items(mix) for n, mix in enumerate(mixes)})
    for n, mix in enumerate(mixes):
        found = {name: value(results, str(n), name) for name in (
            "hhi", "hhi_normalised", "concentration_unctad", "effective_number")}  # fmt: skip
        shares = [units / sum(mix) for units in mix]
        assert sum(shares) == pytest.approx(1)
        assert found["hhi"] == pytest.approx(sum(s * s for s in shares), abs=1e-9)
        assert found["hhi"] * found["effective_number"] == pytest.approx(1, rel=1e-8)
        assert 1 / 6 + 5 / 6 * found["hhi_normalised"] == pytest.approx(found["hhi"], abs=1e-9)
        root = 6**-0.5
        assert (root + (1 - root) * found["concentration_unctad"]) ** 2 == pytest.approx(found["hhi"], abs=1e-9)
        assert all(-1e-9 <= found[name] <= 1 + 1e-9 for name in found if name != "effective_number")


@some
@given(st.lists(st.tuples(amounts, st.integers(1, 50)), min_size=8, max_size=8))
def test_a_mix_is_what_counts_and_not_its_size(mixes: list[tuple[list[int], int]]) -> None:
    worlds = {}
    for n, (mix, factor) in enumerate(mixes):
        worlds[f"a{n}"] = items(mix) + items([factor * units for units in mix], period="2021")
    results = compute(worlds)
    for name in worlds:
        assert value(results, name, "hhi", period="2020") == pytest.approx(value(results, name, "hhi", period="2021"))
        change = results.one(name, "structural_change", **WHOLE)
        assert change["value"] == pytest.approx(0, abs=1e-9) and change["lower"] == 0


@some
@given(st.lists(st.tuples(amounts, amounts), min_size=8, max_size=8))
def test_structural_change_is_the_same_both_ways_and_what_the_gaining_shares_gain(
    mixes: list[tuple[list[int], list[int]]],
) -> None:
    worlds = {}
    for n, (first, last) in enumerate(mixes):
        worlds[f"a{n}"] = items(first) + items(last, period="2021")
        worlds[f"b{n}"] = items(last) + items(first, period="2021")
    results = compute(worlds)
    for n, (first, last) in enumerate(mixes):
        forth, back = (value(results, f"{side}{n}", "structural_change") for side in "ab")
        gains = [b / sum(last) - a / sum(first) for a, b in zip(first, last, strict=True)]
        assert forth == pytest.approx(back, abs=1e-9)
        assert forth == pytest.approx(sum(gain for gain in gains if gain > 0), abs=1e-9)
        assert -1e-9 <= forth <= 1 + 1e-9


@some
@given(st.lists(st.tuples(positive, positive, positive, positive), min_size=8, max_size=8))
def test_effects_add_up(mixes: list[tuple[list[int], ...]]) -> None:
    """Shift-share to the change, Esteban's two to the regional effect, constant market share to the share's change."""
    worlds = {
        f"w{n}": items(x0) + items(x1, period="2021") + items(r0, geo="W") + items(r1, geo="W", period="2021")
        for n, (x0, x1, r0, r1) in enumerate(mixes)
    }
    results = compute(worlds)
    for n, sums in enumerate(mixes):
        x0, x1, r0, r1 = (sum(units) / 100 for units in sums)
        size = max(x0, x1, x0 * max(b / a for a, b in zip(sums[2], sums[3], strict=True)))
        found = {
            row["indicator"]: float(row["value"])
            for row in results.rows(f"w{n}", period="2021", **WHOLE)
            if row["indicator"].startswith(("shift_share", "cms"))
        }
        assert len(found) == 8
        shift = [found[f"shift_share_{name}"] for name in ("national", "mix", "regional")]
        assert sum(shift) == pytest.approx(x1 - x0, abs=1e-8 * size)
        esteban = [found[f"shift_share_esteban_{name}"] for name in ("homothetic", "allocation")]
        assert sum(esteban) == pytest.approx(shift[2], abs=1e-6 * size)
        cms = [found[f"cms_{name}"] for name in ("competitiveness", "structure", "interaction")]
        worst = max(a / b for x, r in ((sums[0], sums[2]), (sums[1], sums[3])) for a, b in zip(x, r, strict=True))
        assert sum(cms) == pytest.approx(100 * (x1 / r1 - x0 / r0), abs=1e-8 * worst + 1e-8)


@some
@given(st.lists(positive, min_size=6, max_size=6), st.integers(2, 5))
def test_a_place_that_grows_like_its_reference_has_the_national_effect_alone(
    mixes: list[list[int]], factor: int
) -> None:
    worlds = {
        f"w{n}": [
            row
            for geo, scale in (("CHN", 1), ("W", 7))
            for period, times in (("2020", 1), ("2021", factor))
            for row in items([scale * times * units for units in mix], geo=geo, period=period)
        ]
        for n, mix in enumerate(mixes)
    }
    results = compute(worlds)
    for n, mix in enumerate(mixes):
        grown = (factor - 1) * sum(mix) / 100
        assert value(results, f"w{n}", "shift_share_national") == pytest.approx(grown, rel=1e-9)
        for name in NOTHING_SHIFTED:
            assert value(results, f"w{n}", name) == pytest.approx(0, abs=1e-9 * sum(mix) * factor + 1e-9)


PLACES = ("CHN", "USA", "FRA", "DEU", "GBR", "ITA", "JPN")
printed = st.one_of(
    st.integers(0, 60).map(lambda units: f"{units / 10:.1f}"),
    st.integers(0, 6).map(str),
    st.just(""),
    st.just("over 3"),
)


@some
@given(st.lists(st.lists(printed, min_size=7, max_size=7), min_size=10, max_size=10))
def test_ranks_of_any_amounts_that_were_printed_lie_in_the_range(figures: list[list[str]]) -> None:
    rng = random.Random(0)
    worlds = {
        f"w{n}": [cell(text, geo=geo) for geo, text in zip(PLACES, texts, strict=True)]
        for n, texts in enumerate(figures)
    }
    results = compute(worlds)
    for name, rows in worlds.items():
        found = {row["geo"]: row for row in results.rows(name, "rank_level", item="EBOPS2010:SI")}
        assert len(found) in (0, 7)
        assert (len(found) == 0) is all(row["value"] is None or row["qualifier"] for row in rows)
        reached: dict[str, set[int]] = {geo: set() for geo in found}
        for _ in range(300 if found else 0):
            drawn = {row["geo"]: draw(rng, row) for row in rows}
            for geo in found:
                reached[geo].add(1 + sum(other > drawn[geo] for other in drawn.values()))
        for geo, row in found.items():
            if row["asked"]:
                continue
            assert row["lower"] <= min(reached[geo]) and max(reached[geo]) <= row["upper"], (geo, rows)
            if row["value"] is not None:
                assert row["lower"] <= row["value"] <= row["upper"]
            # the ends are reached: the place itself at one end of its interval, all others at the opposite one
            own = next(r for r in rows if r["geo"] == geo)
            others = [r for r in rows if r["geo"] != geo]
            assert row["lower"] == 1 + sum(low(r) > high(own) for r in others)
            assert row["upper"] == 1 + sum(high(r) > low(own) for r in others)


def low(row: Row) -> float:
    return -1e9 if row["lower"] is None else float(row["lower"])


def high(row: Row) -> float:
    return 1e9 if row["upper"] is None else float(row["upper"])


def draw(rng: random.Random, row: Row) -> float:
    least, most = max(low(row), -10), min(high(row), 20)
    return rng.choice([least, most, rng.uniform(least, most)])


@some
@given(st.lists(st.lists(st.integers(0, 99), min_size=7, max_size=7, unique=True), min_size=10, max_size=10))
def test_ranks_of_unequal_amounts_are_all_the_places(figures: list[list[int]]) -> None:
    worlds = {
        f"w{n}": [cell(f"={units}", geo=geo) for geo, units in zip(PLACES, values, strict=True)]
        for n, values in enumerate(figures)
    }
    results = compute(worlds)
    for n, values in enumerate(figures):
        found = {row["geo"]: int(row["value"]) for row in results.rows(f"w{n}", "rank_level", item="EBOPS2010:SI")}
        assert sorted(found.values()) == list(range(1, 8))
        assert sorted(found, key=found.__getitem__) == [
            geo for _, geo in sorted(zip(values, PLACES, strict=True), reverse=True)
        ]


def test_what_is_withheld_is_given_with_its_flag_to_who_asks() -> None:
    """A rank among few that have values; a structure and a shift across a break."""
    broken = items([100] * 6) + items([200, 100, 100, 100, 100, 100], period="2021", obs_status="B")
    world = items([900] * 6, geo="W") + items([900] * 6, geo="W", period="2021")
    few = [cell("5"), cell("", geo="USA", obs_status="Q"), cell("", geo="FRA", obs_status="Q")]
    plain = compute({"b": broken + world, "f": few})
    assert plain.one("b", "structural_change", geo="CHN", **WHOLE)["value"] is None
    assert plain.one("b", "shift_share_regional", **WHOLE)["value"] is None
    assert plain.one("f", "rank_level", geo="CHN", item="EBOPS2010:SI")["value"] is None
    given = compute({"b": broken + world, "f": few}, asked=("across_breaks", "incomplete"))
    moved = given.one("b", "structural_change", geo="CHN", **WHOLE)
    assert float(moved["value"]) == pytest.approx(2 / 7 - 1 / 6) and moved["obs_status"] == "B"
    shifted = given.one("b", "shift_share_regional", **WHOLE)
    assert float(shifted["value"]) == pytest.approx(1) and shifted["obs_status"] == "B"
    rank = given.one("f", "rank_level", geo="CHN", item="EBOPS2010:SI")
    assert (rank["value"], rank["lower"], rank["upper"]) == (1, 1, 3)


def test_groups_and_the_world_are_ranked_with_nobody() -> None:
    rows = [cell(text, geo=geo) for geo, text in (("W", "90"), ("GROUP:EU", "50"), ("CHN", "5"), ("USA", "4"))]
    results = compute({"a": rows})
    assert {row["geo"] for row in results.rows("a", "rank_level")} == {"CHN", "USA"}
    assert {row["geo"] for row in results.rows("a", "market_concentration", item="EBOPS2010:SI")} == {"W"}
    assert results.one("a", "market_concentration", item="EBOPS2010:SI")["note"] == "covers the 2 economies listed"


def test_the_same_on_one_thread_and_on_four() -> None:
    rng = random.Random(9)
    worlds = {
        f"w{n}": [
            cell(f"{rng.uniform(0, 9):.{rng.randrange(3)}f}", item=item, geo=geo, period=period)
            for item in SIX for geo in ("CHN", "USA", "W") for period in ("2019", "2020", "2021")
        ]
        for n in range(12)
    }  # fmt: skip
    found = []
    for threads in (1, 4):
        connection().execute(f"SET threads = {threads}")
        found.append(compute(worlds).indicators)
    connection().execute("SET threads = 1")
    assert found[0] == found[1]
