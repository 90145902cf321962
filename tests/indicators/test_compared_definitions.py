"""The macro compare_definitions over computed indicators: the range of a difference holds what is true, and no more."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from indicator_worlds import Row, cell, connection, fill

from transforms.contract import load_contract
from transforms.database import CONTRACTS, write_store, write_views
from transforms.definitions import load_definitions
from transforms.indicators import compute_indicators, create_codelists, create_table

LEAVES = ("SF", "SG", "SH3", "SH4", "SI1", "SI2", "SI3", "SJ1", "SJ2", "SJ31", "SJ32", "SJ34", "SJ35",
          "SK1", "SK21", "SK22", "SK23", "SK24", "SD")  # fmt: skip
SIX = ("SF", "SG", "SH", "SI", "SJ", "SK")
COUNTED = {
    name: [item.removeprefix("EBOPS2010:") for item in definition.items]
    for name, definition in load_definitions().items()
    if definition.is_computable
}
ROWS = ["SF", "SG", "SH", "SH3", "SI", "SI1", "SI2", "SJ", "SJ1", "SJ2", "SJ31", "SJ34", "SJ35", "SK", "SK1", "SK21",
        "SK22", "SK23", "S", "DEF:dds6", "DEF:unctad"]  # fmt: skip
INDICATORS = ["level", "total_trade", "trade_balance", "dds_share", "category_share"]


def amount_of(code: str, leaves: dict[str, int]) -> int:
    if code.startswith("DEF:"):
        return sum(amount_of(item, leaves) for item in COUNTED[code[4:]])
    return sum(amount for leaf, amount in leaves.items() if leaf.startswith(code))


def publish(rows: list[Row], path: Path) -> duckdb.DuckDBPyConnection:
    """The database of one edition, read-only."""
    con = connection()
    fill(con, {"a": rows})
    compute_indicators(con, only=INDICATORS)
    computed = con.execute("FROM indicators").to_arrow_table()
    with duckdb.connect() as made:
        create_codelists(made)
        for name in CONTRACTS:
            create_table(made, load_contract(name))
        made.register("computed", computed)
        made.execute("INSERT INTO indicators BY NAME FROM computed")
        made.execute("CREATE TABLE indicators_on_request AS FROM indicators LIMIT 0")
        told = {"dataset": "'a'", "vintage": "'2024'", "latest": "true"}
        blank = {"string": "''", "bool": "false", "strings": "[]"}
        columns = [f"{told.get(c.name, blank.get(c.type, '0'))} AS {c.name}" for c in load_contract("datasets").columns]
        made.execute(f"INSERT INTO datasets SELECT {', '.join(columns)}")
        write_store(made, str(path))
    write_views(str(path))
    return duckdb.connect(str(path), read_only=True)


def compare(con: duckdb.DuckDBPyConnection, indicator: str, definitions: str = "") -> list[Row]:
    only = f", definitions := '{definitions}'" if definitions else ""
    return con.execute(f"FROM compare_definitions('CHN', '{indicator}'{only})").to_arrow_table().to_pylist()


WORLDS = {
    str(1900 + n): {leaf: rng.choice([0, 0, 1, 3, 20, 150]) for leaf in LEAVES}
    for rng in [random.Random(20240111)]
    for n in range(60)
}


@pytest.fixture(scope="module")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """Sixty years known in halves, of which some figures are printed without decimals."""
    rng = random.Random(20240112)
    rows = [
        cell(f"{amount_of(code, leaves) // 2}", item=code, period=period)
        for period, leaves in WORLDS.items()
        for code in rng.sample(ROWS, rng.randint(6, len(ROWS)))
    ]
    with publish(rows, tmp_path_factory.mktemp("compared") / "a.duckdb") as con:
        yield con


@pytest.mark.parametrize("indicator", ["level", "dds_share"])
def test_the_range_of_a_difference_holds_the_true_one(sampled: duckdb.DuckDBPyConnection, indicator: str) -> None:
    checked = dict.fromkeys(COUNTED, 0)
    for row in compare(sampled, indicator):
        leaves, whole = WORLDS[row["period"]], Decimal(2)
        if indicator == "dds_share":
            whole = Decimal(amount_of("S", leaves)) / 100
        if row["definition"] not in COUNTED or row["definition"] == "dds6" or not whole:
            continue
        true = (amount_of(f"DEF:{row['definition']}", leaves) - amount_of("DEF:dds6", leaves)) / whole
        low, high = row["difference_lower"], row["difference_upper"]
        assert low is None or low <= true + Decimal("1e-8"), row
        assert high is None or true <= high + Decimal("1e-8"), row
        if high is not None and not row["contested"]:
            assert high <= 0, row  # all of them lie inside dds6
            assert "lies wholly inside dds6" in row["why_en"] and "全部含于dds6" in row["why_zh"]
            checked[row["definition"]] += 1
    assert min(count for name, count in checked.items() if name != "dds6") > 5


def printed_items(**changed: str) -> list[Row]:
    texts = dict(zip(SIX, ["1.0", "2.0", "3.0", "4.0", "5.0", "6.0"], strict=True)) | {"SK1": "2.0"} | changed
    return [cell(text, item=item) for item, text in texts.items()]


def test_what_both_count_cancels(tmp_path: Path) -> None:
    """unctad less dds6 is SK1 less SK: 2.0 - 6.0, within 0.1; each on its own would give 0.6. The reverse likewise."""
    with publish(printed_items(), tmp_path / "a.duckdb") as con:
        _, unctad = compare(con, "level", "dds6+unctad")
        ends = unctad["difference"], unctad["difference_lower"], unctad["difference_upper"]
        assert ends == (-4, Decimal("-4.1"), Decimal("-3.9"))
        around = con.execute(
            "SELECT difference_lower, difference_upper FROM compare_definitions('CHN', 'level', against := 'unctad', "
            "definitions := 'dds6') WHERE definition = 'dds6'"
        ).fetchone()
        assert around == (Decimal("3.9"), Decimal("4.1"))


def test_the_difference_of_a_definition_inside_another_is_cut_at_zero(tmp_path: Path) -> None:
    """Both printed, 15 and 15: [14.5, 15.5] less the same would be [-1, 1]."""
    rows = [cell("15", item="DEF:dds6"), cell("15", item="DEF:unctad")]
    with publish(rows, tmp_path / "a.duckdb") as con:
        _, unctad = compare(con, "level", "dds6+unctad")
        ends = unctad["difference"], unctad["difference_lower"], unctad["difference_upper"]
        assert ends == (0, -1, 0)


def test_a_difference_that_a_negative_item_turns_is_not_cut(tmp_path: Path) -> None:
    """SK = 1.0 with SK1 = 2.0 (SK2 is negative): unctad is larger by 1.0, and no word says that it cannot be."""
    with publish(printed_items(SK="1.0"), tmp_path / "a.duckdb") as con:
        _, unctad = compare(con, "level", "dds6+unctad")
        ends = unctad["difference"], unctad["difference_lower"], unctad["difference_upper"]
        assert ends == (1, Decimal("0.9"), Decimal("1.1"))
        assert "not above zero" not in unctad["why_en"]


def test_a_balance_need_not_rise_with_the_aggregate(tmp_path: Path) -> None:
    """Of two balances each ranges on its own, and no sign is ruled out; of totals the items that differ count."""
    rows = [*printed_items(), *(row | {"flow": "M"} for row in printed_items())]
    with publish(rows, tmp_path / "a.duckdb") as con:
        base, balance = compare(con, "trade_balance", "dds6+unctad")
        assert balance["difference_lower"] == balance["lower"] - base["upper"] < 0
        assert balance["difference_upper"] == balance["upper"] - base["lower"] > 0
        assert "not above zero" not in balance["why_en"]
        _, total = compare(con, "total_trade", "dds6+unctad")
        assert (total["difference_lower"], total["difference_upper"]) == (Decimal("-8.2"), Decimal("-7.8"))
