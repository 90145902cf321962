"""Levels of one scheme as levels of another: what is known adds up exactly, what is not known is missing and named."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.codelists import codelist_rows, load_codelist, scheme_codes
from transforms.concordance import convert_levels
from transforms.errors import InputError
from transforms.indicators import create_codelists

D = Decimal
RELATIONS = {"1:1", "part", "split", "moved_out", "moved_in", "new"}
ROWS = codelist_rows("concordances")
PARENTS = {row["code"]: row["parent"] for row in load_codelist("items").rows}
Level = tuple[str, str | None, str]


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        create_codelists(connection)
        yield connection


def put_levels(con: duckdb.DuckDBPyConnection, levels: list[Level], period: str = "2010") -> None:
    con.execute(
        """CREATE TABLE IF NOT EXISTS levels
           (geo VARCHAR, period VARCHAR, item VARCHAR, value DECIMAL(38, 10), obs_status VARCHAR)"""
    )
    con.executemany(f"INSERT INTO levels VALUES ('CHN', '{period}', ?, ?, ?)", levels)


def convert(con: duckdb.DuckDBPyConnection, from_scheme: str, *levels: Level) -> dict[str, dict[str, Any]]:
    """Bare EBOPS 2010 code -> row."""
    put_levels(con, [(f"{from_scheme}:{item}", value, status) for item, value, status in levels])
    found = convert_levels(con, "levels", from_scheme, "EBOPS2010").to_arrow_table().to_pylist()
    return {row["item"].removeprefix("EBOPS2010:"): row for row in found}


def own_concordance(con: duckdb.DuckDBPyConnection, *rows: tuple[str, str, str | None]) -> None:
    """(from, to, weight) of a made-up concordance from OLD to NEW, in place of the real ones."""
    con.execute("DELETE FROM concordances")
    con.executemany(
        "INSERT INTO concordances VALUES ('EBOPS2002', ?, 'EBOPS2010', ?, 'split', ?, '', '', 'made up')", list(rows)
    )


# --- hand-made cases ---


def test_a_sum_of_known_parts_is_exact(con: duckdb.DuckDBPyConnection) -> None:
    found = convert(con, "EBOPS2002", ("205", "10.1", "A"), ("246", "0.25", "A"))
    assert (found["SC"]["value"], found["SC"]["obs_status"], found["SC"]["coverage"]) == (D("10.35"), "A", 1)
    assert found["SC4"]["value"] == D("0.25")
    assert set(found) == {"SC", "SC4"}  # nothing that no listed item is part of


def test_a_part_that_is_not_known_leaves_no_value_and_is_named(con: duckdb.DuckDBPyConnection) -> None:
    """Communications of China's old table hold postal services: neither telecommunications nor transport is known."""
    found = convert(con, "CNBPM5", ("COMMUNICATION", "12", "A"), ("TRANSPORT", "300", "A"), ("TRAVEL", "450", "A"))
    for item in ("SI1", "SC4", "SC", "SI"):
        assert (found[item]["value"], found[item]["obs_status"]) == (None, "O"), item
        assert "the part of CNBPM5:COMMUNICATION is not known" in found[item]["note"], item
    assert found["SC"]["coverage"] == 0.5
    assert found["SD"]["value"] == 450 and "high-value goods" in found["SD"]["note"]


def test_what_the_source_scheme_has_not_leaves_no_value(con: duckdb.DuckDBPyConnection) -> None:
    """Financial services of BPM5 lack FISIM: SG1 is there, SG is not."""
    found = convert(con, "CNBPM5", ("FINANCE", "4", "A"))
    assert found["SG1"]["value"] == 4
    assert (found["SG"]["value"], found["SG"]["obs_status"], found["SG"]["coverage"]) == (None, "O", 0.5)
    assert found["SG"]["note"] == "no value: CNBPM5 has nothing of it: FISIM (SG2)"
    assert "SG2" not in found  # nothing listed is part of it


def test_a_source_that_is_not_listed_leaves_no_value_and_is_named(con: duckdb.DuckDBPyConnection) -> None:
    found = convert(con, "EBOPS2002", ("274", "3", "A"))
    assert (found["SJ2"]["value"], found["SJ2"]["obs_status"], found["SJ2"]["coverage"]) == (None, "O", 0.5)
    assert found["SJ2"]["note"] == "no value: EBOPS2002:278 is not among the levels"
    assert found["SJ21"]["value"] == 3


def test_a_missing_source_gives_its_status(con: duckdb.DuckDBPyConnection) -> None:
    found = convert(con, "EBOPS2002", ("274", None, "Q"), ("278", "5", "E;P"))
    assert (found["SJ2"]["value"], found["SJ2"]["obs_status"]) == (None, "Q")
    assert found["SJ2"]["note"] == "no value: EBOPS2002:274 has no value"
    assert (found["SJ22"]["value"], found["SJ22"]["obs_status"]) == (5, "E")


def test_the_strongest_status_of_the_parts_stands(con: duckdb.DuckDBPyConnection) -> None:
    found = convert(con, "EBOPS2002", ("274", "1", "A"), ("278", "5", "E;P"))
    assert (found["SJ2"]["value"], found["SJ2"]["obs_status"]) == (6, "E")


def test_a_negative_level_stays_negative(con: duckdb.DuckDBPyConnection) -> None:
    assert convert(con, "EBOPS2002", ("257", "-7.5", "A"))["SF2"]["value"] == D("-7.5")


def test_merchanting_leaves_services(con: duckdb.DuckDBPyConnection) -> None:
    found = convert(con, "EBOPS2002", ("270", "9", "A"), ("271", "2", "A"))
    assert {item: row["value"] for item, row in found.items()} == {"SJ34": 2}


def test_every_column_beside_the_figure_is_a_key(con: duckdb.DuckDBPyConnection) -> None:
    put_levels(con, [("EBOPS2002:274", "3", "A"), ("EBOPS2002:278", "4", "A")], "2010")
    put_levels(con, [("EBOPS2002:274", "5", "A")], "2011")
    put_levels(con, [("EBOPS2002:274", "1", "A"), ("EBOPS2002:278", "1", "A")], "2012")
    con.execute("UPDATE levels SET geo = NULL WHERE period = '2012'")  # an empty key is a key
    rows = convert_levels(con, "levels", "EBOPS2002", "EBOPS2010").fetchall()
    found = {row[1]: row[3] for row in rows if row[2] == "EBOPS2010:SJ2"}
    assert found == {"2010": 7, "2011": None, "2012": 2}


def test_weights_split_exactly(con: duckdb.DuckDBPyConnection) -> None:
    own_concordance(con, ("EBOPS2002:245", "EBOPS2010:SI1", "0.8"), ("EBOPS2002:245", "EBOPS2010:SC4", "0.2"))
    found = convert(con, "EBOPS2002", ("245", "10.05", "A"))
    assert {item: row["value"] for item, row in found.items()} == {"SI1": D("8.04"), "SC4": D("2.01")}


@pytest.mark.parametrize(
    ("scheme", "levels", "problem"),
    [
        ("EBOPS2002", [("EBOPS2010:SI", "1", "A")], "does not know the item"),
        ("EBOPS2002", [("EBOPS2002:270", "1", "A"), ("EBOPS2002:270", "2", "A")], "two levels have one key"),
        ("EBOPS2025", [("EBOPS2002:270", "1", "A")], "there is no concordance from EBOPS2025 to EBOPS2010"),
    ],
)
def test_levels_that_cannot_be_used_are_refused(
    con: duckdb.DuckDBPyConnection, scheme: str, levels: list[Level], problem: str
) -> None:
    put_levels(con, levels)
    with pytest.raises(InputError) as caught:
        convert_levels(con, "levels", scheme, "EBOPS2010")
    assert problem in caught.value.problem and caught.value.todo


def test_levels_without_a_column_are_refused(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("CREATE TABLE levels AS SELECT 'EBOPS2002:270' AS item, 1 AS value")
    with pytest.raises(InputError, match="the levels have no column obs_status"):
        convert_levels(con, "levels", "EBOPS2002", "EBOPS2010")


# --- laws ---


@cache
def one_connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    create_codelists(connection)
    return connection


AMOUNT = st.decimals(min_value=0, max_value=10**9, places=4, allow_nan=False)
SHARES = st.lists(st.one_of(st.none(), st.integers(0, 50)), min_size=1, max_size=5)
TARGETS = [f"EBOPS2010:{item}" for item in ("SI1", "SI2", "SI3", "SK1", "SC4")]


@given(SHARES, SHARES, AMOUNT, AMOUNT)
def test_converting_never_invents_value(a: list[int | None], b: list[int | None], x: D, y: D) -> None:
    """Two sources split over five targets, some shares not known: what comes out is never more than went in."""
    splits = {"EBOPS2002:245": (a, x), "EBOPS2002:262": (b, y)}
    rows, known = [], {}
    for source, (shares, _) in splits.items():
        whole = max(100, sum(share or 0 for share in shares))
        for target, share in zip(TARGETS, shares, strict=False):
            weight = None if share is None else f"{D(share) / whole:.6f}"
            rows.append((source, target, weight))
            known.setdefault(target, []).append(share is not None)
    con = one_connection()
    con.execute("DROP TABLE IF EXISTS levels")
    own_concordance(con, *rows)
    put_levels(con, [(source, str(amount), "A") for source, (_, amount) in splits.items()])
    found = convert_levels(con, "levels", "EBOPS2002", "EBOPS2010").to_arrow_table().to_pylist()
    assert {row["item"]: row["value"] is not None for row in found} == {t: all(parts) for t, parts in known.items()}
    assert all((row["value"] is None) == (row["obs_status"] == "O") for row in found)
    slack = D("0.000001") * len(rows) * (x + y + 1)  # weights with six decimals may add up to a little over 1
    assert sum(row["value"] for row in found if row["value"] is not None) <= x + y + slack


def _ancestors(code: str) -> set[str]:
    found: set[str] = set()
    while code := PARENTS.get(code, ""):
        found.add(code)
    return found


def test_known_weights_of_one_source_never_exceed_it() -> None:
    """Over targets that do not hold one another, seen from the finest and from the coarsest."""
    for scheme, source in {(row["from_scheme"], row["from_code"]) for row in ROWS if row["from_code"]}:
        weights = {r["to_code"]: D(r["weight"]) for r in ROWS if r["from_code"] == source and r["weight"]}
        coarse = [code for code in weights if not _ancestors(code) & set(weights)]
        fine = [code for code in weights if not any(code in _ancestors(other) for other in weights)]
        for targets in (coarse, fine):
            assert sum(weights[code] for code in targets) <= 1, (scheme, source)


def test_an_unknown_split_has_no_known_part_beside_it() -> None:
    """A source that goes wholly to one target goes to no other that does not hold it."""
    for row in ROWS:
        if row["relation"] == "1:1":
            others = [r for r in ROWS if r["to_code"] == row["to_code"] and r["from_scheme"] == row["from_scheme"]]
            assert row["weight"] == "1" and others == [row], row


# --- the list itself ---


def test_every_row_can_be_used() -> None:
    items, schemes = load_codelist("items").codes, load_codelist("schemes").codes
    keys = [(r["from_scheme"], r["from_code"], r["to_scheme"], r["to_code"]) for r in ROWS]
    assert len(set(keys)) == len(keys)
    for row in ROWS:
        assert row["relation"] in RELATIONS and row["source"] and {row["from_scheme"], row["to_scheme"]} <= schemes, row
        assert row["from_code"] or row["to_code"], row
        assert row["from_code"] == "" or row["from_code"].startswith(f"{row['from_scheme']}:"), row
        assert row["to_code"] == "" or row["to_code"] in items, row
        assert row["weight"] == "" or 0 < D(row["weight"]) <= 1, row
        if not row["weight"]:
            assert row["note_en"] and row["note_zh"], row  # what is not known says what it is


@pytest.mark.parametrize("scheme", ["EBOPS2002", "CNBPM5", "MOFCOM", "WTODDS"])
def test_every_item_of_a_scheme_is_converted_or_said_to_be_nowhere(scheme: str) -> None:
    codes = {row["code"] for row in load_codelist("items").rows if row["code"].startswith(f"{scheme}:")}
    assert codes == {row["from_code"] for row in ROWS if row["from_scheme"] == scheme and row["from_code"]}


def test_every_item_of_the_tismos_layout_is_in_the_concordance(shared_data: Path) -> None:
    layout = tomllib.loads(
        files("transforms").joinpath("layouts", "wto_india", "tismos.toml").read_text(encoding="utf-8")
    )
    listed = {row["from_code"]: row["to_code"] for row in ROWS if row["from_scheme"] == "TISMOS"}
    assert set(listed) == set(layout["codes"]["item"])
    with (shared_data / "wto_india" / "tismos_india.csv").open(encoding="utf-8-sig", newline="") as lines:
        printed = {row["indicator"]: row["indicator_name"] for row in csv.DictReader(lines)}
    assert {f"TISMOS:{code}" for code in printed} == set(listed)
    assert {to for code, to in listed.items() if code in ("TISMOS:SW", "TISMOS:SWSJ34", "TISMOS:SOXSW")} == {""}
    same = {code: to for code, to in listed.items() if to}
    assert all(code.partition(":")[2] == to.partition(":")[2] for code, to in same.items())
    assert set(same.values()) <= {f"EBOPS2010:{code}" for code in scheme_codes("items", "EBOPS2010")}


def test_the_names_that_safe_prints_are_the_items_they_are_said_to_be() -> None:
    names = {r["from_code"].removeprefix("SAFE:"): r["to_code"] for r in ROWS if r["from_scheme"] == "SAFE"}
    items = load_codelist("items")
    assert len(names) == 13
    for name, code in names.items():
        for printed in (name, f"2.9 {name}", f"1.3{name}差额", f"{name}借方"):
            assert items.resolve(printed) == code, printed


def test_china_twelve_categories_keep_their_sum(con: duckdb.DuckDBPyConnection) -> None:
    twelve = [row["code"] for row in load_codelist("items").rows if row["parent"] == "MOFCOM:T"]
    found = convert(con, "MOFCOM", *[(code.partition(":")[2], str(n), "A") for n, code in enumerate(twelve, 1)])
    assert len(found) == 12 and sum(row["value"] for row in found.values()) == sum(range(1, 13))


def test_no_item_of_the_wto_set_is_taken_for_an_item_of_ebops(con: duckdb.DuckDBPyConnection) -> None:
    found = convert(con, "WTODDS", *[(c, "1", "A") for c in ("SF", "SG", "SH", "SI1", "SI2", "SI3", "SJ", "SK")])
    assert len(found) == 15 and {row["value"] for row in found.values()} == {None}
    assert "SJ" not in found and "mode 1 part only" in found["SJ35"]["note"]
