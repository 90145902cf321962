"""From the statuses of the inputs to that of an indicator: what docs/statuses.md says, case by case."""

from __future__ import annotations

import random
import re
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from indicator_worlds import SIX, Row, cell, compute, series, six

from transforms.codelists import load_codelist
from transforms.definitions import load_definitions

DOCS = Path(__file__).resolve().parents[2] / "docs" / "statuses.md"


def items(texts: str, statuses: str, **kwargs: str) -> list[Row]:
    """The six items with a status each; '.' is a missing figure."""
    return [
        cell("" if text == "." else text, item=item, obs_status=status, **kwargs)
        for item, text, status in zip(SIX, texts.split(), statuses.split(), strict=True)
    ]


@pytest.mark.parametrize(
    ("texts", "statuses", "value", "status"),
    [
        ("1 1 1 1 1 1", "A A A A A A", 6, "A"),
        ("1 1 1 1 1 1", "A E A P A A", 6, "E;P"),  # all of them, the strongest first
        ("1 1 . 1 1 1", "A A M A A A", 5, "A"),  # what cannot exist adds nothing
        ("1 1 . 1 1 1", "A A K W A A", 5, "W"),  # included in another item of the sum
        ("1 1 . 1 1 1", "A A K A A A", None, "K"),  # included nobody knows where
        ("1 1 . 1 1 1", "A A Q A A A", None, "Q"),
        ("1 1 . 1 1 .", "A A Q A A L", None, "L;Q"),
        ("1 1 . 1 1 1", "A E Q A A A", None, "Q"),  # estimated is a status of figures
        ("0 0 0 0 0 0", "A A A A N A", 0, "N"),
        ("1 1 1 1 1 1", "A A B A A A", 6, "B"),
        (". . . . . .", "M M M M M M", None, "M"),
    ],
)
def test_a_sum_takes_its_status_from_its_items(texts: str, statuses: str, value: int | None, status: str) -> None:
    row = compute({"w": items(texts, statuses, flow="T")}).one("w", "total_trade", item="DEF:dds6")
    assert (row["value"], row["obs_status"]) == (value, status)


def test_no_growth_across_a_break_unless_asked() -> None:
    rows = [cell("2.0", period="2018"), cell("3.0", period="2019", obs_status="B"), cell("6.0", period="2020")]
    plain, asked = compute({"w": rows}), compute({"w": rows}, asked=["across_breaks"])
    assert [(r["period"], r["value"], r["obs_status"]) for r in plain.rows("w", "growth")] == [
        ("2019", None, "O"), ("2020", Decimal(100), "B")]  # fmt: skip
    found = asked.one("w", "growth", period="2019")
    assert (found["value"], found["obs_status"], found["asked"]) == (Decimal(50), "B", "across_breaks")
    for indicator in ("multiple", "average_growth_compound", "average_growth_mean", "average_growth_log_linear"):
        assert plain.one("w", indicator, base_period="2018")["value"] is None, indicator
        assert asked.one("w", indicator, base_period="2018")["obs_status"] == "B", indicator


def test_no_growth_across_two_definitions_unless_asked() -> None:
    rows = [cell("2.0", period="2019", obs_status="D"), cell("3.0", period="2020")]
    plain = compute({"w": rows}).one("w", "growth")
    assert plain["value"] is None and "another definition" in plain["note"]
    assert compute({"w": rows}, asked=["across_breaks"]).one("w", "growth")["obs_status"] == "D"
    both = [dict(row, obs_status="D") for row in rows]
    assert compute({"w": both}).one("w", "growth")["obs_status"] == "D"


def test_currencies_never_meet() -> None:
    rows = [cell("2.0", period="2019", unit="USD"), cell("3.0", period="2020", unit="CNY")]
    assert compute({"w": rows}).rows("w", "growth") == []


def definition_of(world: list[Row], definition: str) -> Row:
    return compute({"w": [dict(row, flow="T") for row in world]}).one("w", "total_trade", item=f"DEF:{definition}")


def test_a_definition_whose_item_is_missing_is_bounded_by_the_category_above_it() -> None:
    row = definition_of(six("=1 =2 =3 =4 =5 =6"), "unctad")  # SK1 is not printed, SK is
    assert (row["value"], row["lower"], row["upper"]) == (None, 15, 21)
    known = definition_of([*six("=1 =2 =3 =4 =5 =6"), cell("=2", item="SK2")], "unctad")
    assert (known["lower"], known["upper"]) == (19, 19)  # SK is SK1 and SK2
    unlisted = definition_of([*six("=1 =2 =3 =4 =5 =6"), cell("=2", item="SK21")], "unctad")
    assert (unlisted["lower"], unlisted["upper"]) == (15, 19)  # of SK, SK21 is known not to belong


def test_a_definition_is_bounded_by_those_that_contain_it() -> None:
    world = [cell("=21", item="DEF:dds6"), cell("=6", item="SK")]
    row = definition_of(world, "unctad")  # dds6 - SK <= unctad <= dds6
    assert (row["value"], row["lower"], row["upper"], row["coverage"]) == (None, 15, 21, 0)
    assert definition_of([cell("=21", item="DEF:dds6")], "unctad")["upper"] == 21


def test_a_definition_is_bounded_by_those_it_contains() -> None:
    row = definition_of([cell("=20", item="DEF:unctad")], "dds6")
    assert (row["lower"], row["upper"]) == (20, None)
    assert definition_of([cell("=20", item="DEF:unctad"), cell("=6", item="SK")], "dds6")["upper"] == 26


def test_every_definition_that_lies_in_a_printed_one_is_bounded_by_it() -> None:
    results = compute({"w": [cell("=21", item="DEF:dds6", flow="T")]}, only=["total_trade"])
    for smaller in ("unctad", "handbook2023", "ict_services", "ict_services_sh3"):
        row = results.one("w", "total_trade", definition=smaller)
        found = row["value"], row["lower"], row["upper"], row["coverage"], row["obs_status"]
        assert found == (None, 0, 21, 0, "O")
        assert "bounded also by dds6" in row["note"] and "assumes that no missing item is negative" in row["note"]
        assert row["inputs"] == ["w/2024/t!R1C1==21"]
    # what others deliver in one mode, or take an unlisted selection of, is not bounded
    assert {row["definition"] for row in results.rows("w")} == {*COMPUTABLE}


def test_what_is_known_of_the_other_items_of_the_larger_definition_is_taken_off() -> None:
    """SF = -1, SG = 4: ict_services <= 21 + 1 - 4; and from 10 for SI1 + SI2 dds6 >= 10 - 1 + 4."""
    others = [cell("=-1", item="SF"), cell("=4", item="SG")]
    assert definition_of([cell("=21", item="DEF:dds6"), *others], "ict_services")["upper"] == 18
    assert definition_of([cell("=10", item="DEF:ict_services"), *others], "dds6")["lower"] == 13


def test_a_definition_that_is_only_bounded_bounds_what_lies_in_it() -> None:
    """unctad + SK is the most that dds6 can be, and so the most of the Handbook's, which unctad says nothing of."""
    world = [cell("=20", item="DEF:unctad"), cell("=6", item="SK")]
    assert definition_of(world, "handbook2023")["upper"] == 26
    assert "bounded also by dds6" in definition_of(world, "handbook2023")["note"]
    with pytest.raises(AssertionError, match="0 rows"):  # without SK dds6 has no upper end, and nothing is known
        definition_of(world[:1], "handbook2023")
    row = definition_of([cell("=8", item="SI1"), cell("=9", item="SI2")], "dds6")
    assert (row["lower"], row["upper"]) == (17, None)  # the sum of two items under another definition


@given(parts=st.lists(st.integers(0, 50), min_size=7, max_size=7), extra=st.integers(0, 50), shown=st.sets(
    st.sampled_from(["SF", "SG", "SH", "SI", "SJ", "SK", "SK1", "SK2", "S", "DEF:dds6"]), min_size=1))  # fmt: skip
def test_bounds_of_a_definition_contain_it_whatever_is_shown(parts: list[int], extra: int, shown: set[str]) -> None:
    whole = dict(zip(["SF", "SG", "SH", "SI", "SJ", "SK1", "SK2"], parts, strict=True))
    whole["SK"] = whole["SK1"] + whole["SK2"]
    whole["DEF:dds6"] = sum(whole[item] for item in SIX)
    whole["S"] = whole["DEF:dds6"] + extra
    true = {"dds6": whole["DEF:dds6"], "unctad": whole["DEF:dds6"] - whole["SK2"]}
    results = compute(
        {"w": [cell(f"={whole[item]}", item=item, flow="T") for item in sorted(shown)]}, only=["total_trade"]
    )
    for definition, value in true.items():
        for row in results.rows("w", "total_trade", item=f"DEF:{definition}"):
            assert row["value"] in (None, value) and not row["contested"]
            assert row["lower"] is None or row["lower"] <= value
            assert row["upper"] is None or value <= row["upper"]


LEAVES = ("SF", "SG", "SH3", "SH4", "SI1", "SI2", "SI3", "SJ1", "SJ2", "SJ31", "SJ32", "SJ34", "SJ35",
          "SK1", "SK21", "SK22", "SK23", "SK24", "SD")  # fmt: skip
COMPUTABLE = {
    name: [item.removeprefix("EBOPS2010:") for item in definition.items]
    for name, definition in load_definitions().items()
    if definition.is_computable
}
SHOWN = (*LEAVES, "SH", "SI", "SJ", "SJ3", "SK", "SK2", "S", *(f"DEF:{name}" for name in COMPUTABLE))
SLACK = Decimal("1e-9")


def amount_of(code: str, leaves: dict[str, int]) -> int:
    if code.startswith("DEF:"):
        return sum(amount_of(item, leaves) for item in COMPUTABLE[code[4:]])
    return sum(amount for leaf, amount in leaves.items() if leaf.startswith(code))


def test_every_bound_holds_between_all_definitions() -> None:
    """Each of many worlds is known as a whole, in halves, and some of it is printed without decimals: what is true lies
    in the ranges of all aggregates and of the shares in them."""
    rng = random.Random(20240110)
    worlds = [
        ({leaf: rng.choice([0, 0, 0, 1, 1, 3, 20]) for leaf in LEAVES}, rng.sample(SHOWN, rng.randint(1, 16)))
        for _ in range(300)
    ]
    shown = {
        f"w{n}": [cell(f"{amount_of(code, leaves) // 2}", item=code, flow="T") for code in codes]
        for n, (leaves, codes) in enumerate(worlds)
    }
    results = compute(shown, only=["total_trade", "category_share"])
    for n, (leaves, _) in enumerate(worlds):
        for row in results.rows(f"w{n}"):
            true = Decimal(amount_of(row["item"].removeprefix("EBOPS2010:"), leaves)) / 2
            if row["indicator"] == "category_share":
                whole = amount_of(f"DEF:{row['definition']}" if row["definition"] else "S", leaves)
                if not whole:
                    continue
                true = 200 * true / whole
            assert not row["contested"], row
            assert row["lower"] is None or row["lower"] <= true + SLACK, row
            assert row["upper"] is None or true <= row["upper"] + SLACK, (row, shown[f"w{n}"])


def test_what_is_delivered_is_summed_from_items_of_its_mode_only() -> None:
    codes = ["SF", "SG", "SH", "SI1", "SI2", "SI3", "SJ1", "SJ2", "SJ31", "SJ34", "SJ35", "SK1", "SK21", "SK22", "SK23"]
    remote = [cell("=2", item=f"TISMOS:{code}", mode="M1", flow="T") for code in codes]
    totals = [cell("=9", item=code, flow="T") for code in codes]
    row = compute({"w": [*remote, *totals]}).one("w", "total_trade", item="DEF:wto_dds")
    assert row["value"] == 30
    assert compute({"w": totals}).rows("w", "total_trade", item="DEF:wto_dds") == []


def test_growth_of_a_series_with_a_status_of_figures() -> None:
    row = compute({"w": series({"2019": "=2", "2020": "=3"}, obs_status="P")}).one("w", "growth")
    assert (row["value"], row["obs_status"]) == (50, "P")


def test_the_page_and_the_list_say_the_same() -> None:
    listed = dict(re.findall(r"^\| `([A-Z])` \|[^|]*\| ([a-z]+) \|", DOCS.read_text(encoding="utf-8"), re.MULTILINE))
    assert listed == {row["code"]: row["effect"] for row in load_codelist("obs_status").rows}


def test_what_is_missing_beside_a_break_is_missing() -> None:
    """STL adjusts no series with a break: B goes along, and O says that there is no value."""
    months = {f"{year}-{month:02}": f"={100 + month}" for year in range(2018, 2023) for month in range(1, 13)}
    rows = series(months)
    rows[20]["obs_status"] = "B"
    found = compute({"w": rows}, only=["seasonally_adjusted"]).rows("w", "seasonally_adjusted", freq="M")
    assert found and {(row["value"], row["obs_status"]) for row in found} <= {(None, "B;O"), (None, "O")}
    assert any(row["obs_status"] == "B;O" for row in found)
