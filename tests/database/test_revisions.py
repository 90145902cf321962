"""What changed between two editions: cases made by hand."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import duckdb
import pytest
from edition_worlds import Row, ask, computed, fill

from transforms.contract import load_contract
from transforms.errors import InputError
from transforms.revisions import CHANGES, compare_editions, make_report, make_triangle, render_report
from transforms.trace import AmbiguousError

OLD, NEW = {"vintage": "a"}, {"vintage": "b"}
CASES: dict[str, tuple[Row | None, Row | None, list[tuple[str, str]]]] = {
    "added": (None, {"value": "5"}, [("added", "source")]),
    "removed": ({"value": "5"}, None, [("removed", "source")]),
    "raised": ({"value": "5"}, {"value": "5.1"}, [("raised", "source")]),
    "lowered": ({"value": "-5"}, {"value": "-5.1"}, [("lowered", "source")]),
    "value to blank": ({"value": "5"}, {"obs_status": "Q"}, [("value_to_blank", "source")]),
    "blank to value": ({"obs_status": "O"}, {"value": "0"}, [("blank_to_value", "source")]),
    "status changed": ({"value": "5", "obs_status": "P"}, {"value": "5"}, [("status_changed", "source")]),
    "status of a blank": ({"obs_status": "O"}, {"obs_status": "Q"}, [("status_changed", "source")]),
    "the same": ({"value": "5"}, {"value": "5"}, [("unchanged", "")]),
    "written otherwise": ({"value": "2.5"}, {"value": "2.50", "printed": "2.50"}, [("unchanged", "")]),
    "another multiple": ({"value": "2.5", "unit_mult": 9}, {"value": "2500"}, [("unchanged", "")]),
    "another multiple, raised by one": ({"value": "2.5", "unit_mult": 9}, {"value": "2501"}, [("raised", "source")]),
    "zero is a value": ({"value": "0"}, {"value": "0"}, [("unchanged", "")]),
    "read in another multiple": ({"value": "5"}, {"value": "5", "unit_mult": 8}, [("raised", "mapping")]),
    "mapped to another item": (
        {"value": "5"}, {"value": "5", "item": "EBOPS2010:SJ"}, [("added", "mapping"), ("removed", "mapping")]),
    "another item in that cell, printed otherwise": (
        {"value": "5"}, {"value": "6", "item": "EBOPS2010:SJ"}, [("added", "source"), ("removed", "source")]),
    "another period in that cell": (
        {"value": "5"}, {"value": "5", "period": "2021"}, [("added", "source"), ("removed", "source")]),
    "another file name, the same cell, another item": (
        {"value": "5"}, {"value": "5", "item": "EBOPS2010:SJ", "locator": "u.csv!R2C2"},
        [("added", "mapping"), ("removed", "mapping")]),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_kinds_of_change_and_what_they_are_due_to(case: str, world: duckdb.DuckDBPyConnection) -> None:
    before, after, expected = CASES[case]
    rows = [edition | row for edition, row in ((OLD, before), (NEW, after)) if row is not None]
    fill(world, rows, [])
    assert sorted((row["change"], row["cause"]) for row in ask(world)) == expected


def test_values_are_given_in_one_unit_and_with_their_cells(world: duckdb.DuckDBPyConnection) -> None:
    fill(world, [OLD | {"value": "2.5", "unit_mult": 9}, NEW | {"value": "2501", "locator": "t.csv!R3C2"}], [])
    (row,) = ask(world)
    assert (row["value_before"], row["value_after"], row["revision"], row["unit_mult"]) == (2500, 2501, 1, 6)
    assert (row["locator_before"], row["locator_after"]) == ("t.csv!R2C2", "t.csv!R3C2")


@pytest.mark.parametrize(
    ("before", "after", "corrected", "expected"),
    [({"value": "5"}, {"value": "50", "printed": "5"}, ["b"], ("raised", "correction")),
     ({"value": "5"}, {"value": None, "printed": "5", "obs_status": "O"}, ["b"], ("value_to_blank", "correction")),
     ({"value": "50", "printed": "5"}, {"value": "50"}, ["a"], ("unchanged", "")),
     ({"value": "5"}, {"value": "60", "printed": "6"}, ["b"], ("raised", "correction;source")),
     ({"value": "5"}, {"value": "5", "obs_status": "U"}, ["b"], ("status_changed", "correction"))],
)  # fmt: skip
def test_what_a_correction_changed_is_due_to_it(
    world: duckdb.DuckDBPyConnection, before: Row, after: Row, corrected: list[str], expected: tuple[str, str]
) -> None:
    fill(world, [OLD | before, NEW | after], [], [{"vintage": vintage} for vintage in corrected])
    assert [(row["change"], row["cause"]) for row in ask(world)] == [expected]


@pytest.mark.parametrize(
    ("old", "new", "cause"),
    [(computed("a", "5", "t.csv!R2C2=5"), computed("b", "6", "t.csv!R2C2=6"), "source"),
     (computed("a", "5", "t.csv!R9C2=9"), computed("b", "6", "t.csv!R9C2=9"), "code"),
     (computed("a", "5", "t.csv!R9C2=9"), computed("b", "6", "t.csv!R9C2=8"), "source"),
     (computed("a", "5", "t.csv!R4C2=4"), computed("b", "6", "t.csv!R4C2=4"), "correction"),
     (computed("a", "5", "t.csv!R3C2=3"), computed("b", "6", "t.csv!R3C2=3"), "mapping"),
     (computed("a", "5", "t.csv!R3C2=3", "t.csv!R2C2=5"), computed("b", "6", "t.csv!R3C2=3", "t.csv!R2C2=6"),
      "mapping;source")],
)  # fmt: skip
def test_a_computed_value_changes_for_the_reasons_of_its_cells(
    world: duckdb.DuckDBPyConnection, old: Row, new: Row, cause: str
) -> None:
    """R2C2 was revised, R3C2 is read in another multiple, R4C2 is corrected, R9C2 says 2019 and is the same."""
    third = {"item": "EBOPS2010:SJ", "value": "3", "locator": "t.csv!R3C2"}
    fourth = {"item": "EBOPS2010:SK", "value": "4", "locator": "t.csv!R4C2"}
    same = {"period": "2019", "value": "9", "locator": "t.csv!R9C2"}
    figures = [OLD | {"value": "5"}, NEW | {"value": "6"}, OLD | third, NEW | third | {"unit_mult": 8},
               OLD | fourth, NEW | fourth | {"value": "40", "printed": "4"}, OLD | same, NEW | same]  # fmt: skip
    moved = {"period": "2019"} if "R9C2" in old["inputs"][0] else {}
    fill(world, figures, [old | moved, new | moved], [{"vintage": "b", "locator": "t.csv!R4C2"}])
    assert [(row["change"], row["cause"]) for row in ask(world, what="indicator")] == [("raised", cause)]


def test_a_rank_changes_with_figures_that_it_does_not_list(world: duckdb.DuckDBPyConnection) -> None:
    peers = [OLD | {"geo": "IRL", "value": "5", "locator": "t.csv!R5C2"}]
    rank = {"indicator": "rank_level", "unit": "RANK", "unit_mult": 0}
    fill(world, peers, [computed("a", "4", "t.csv!R9C2=1") | rank, computed("b", "3", "t.csv!R9C2=1") | rank])
    assert [(row["change"], row["cause"]) for row in ask(world, what="indicator")] == [("lowered", "source")]


def test_mean_revisions_by_hand(world: duckdb.DuckDBPyConnection) -> None:
    """10 -> 11 and 20 -> 18, a blank that stays out: R = 1, -2; MR = -0.5, MAR = 1.5, RMAR = 3 / 29 = 10.34 %."""

    def pair(geo: str, old: str | None, new: str | None) -> list[Row]:
        return [edition | {"geo": geo, "value": value, "obs_status": "A" if value else "O"}
                for edition, value in ((OLD, old), (NEW, new))]  # fmt: skip

    fill(world, [*pair("CHN", "10", "11"), *pair("IND", "20", "18"), *pair("IRL", None, "7")], [])
    report = make_report(world, compare_editions(world, "made_up", "a", "b"))
    (told,) = report["statistics"]
    assert (told["pairs"], told["mean_revision"], told["mean_absolute"]) == (2, -0.5, 1.5)
    assert told["relative"] == pytest.approx(100 * 3 / 29) and (told["item"], told["flow"]) == ("EBOPS2010:SI", "X")
    assert report["counts"]["observation"] == dict.fromkeys(CHANGES, 0) | {
        "raised": 1, "lowered": 1, "blank_to_value": 1,
    }  # fmt: skip
    assert report["causes"] == {"observation": {"source": 3}, "indicator": {}}
    assert [(row["geo"], row.get("revision")) for row in report["largest"]] == [
        ("CHN", "1"), ("IND", "-2"), ("IRL", None),
    ]  # fmt: skip
    for lang, words in (("en", "| raised | 1 | 0 |"), ("zh", "| 上调 | 1 | 0 |")):
        assert words in render_report(world, report, lang)


def test_the_editions_that_are_meant(world: duckdb.DuckDBPyConnection) -> None:
    fill(world, [], [])
    sql = "SELECT from_vintage, to_vintage FROM edition_pair('made_up', {}, {})"
    for old, new, expected in (("NULL", "NULL", ("b", "c")), ("'a'", "NULL", ("a", "c")), ("NULL", "'b'", ("a", "b")),
                               ("'c'", "'a'", ("c", "a")), ("'a'", "'latest'", ("a", "c"))):  # fmt: skip
        assert world.execute(sql.format(old, new)).fetchone() == expected
    with pytest.raises(InputError, match="there is no edition of made_up before a"):
        compare_editions(world, "made_up", None, "a")
    with pytest.raises(InputError, match="no figures of made_up 2025 and c; its editions are a, b, c"):
        compare_editions(world, "made_up", "2025", "c")


def test_vintages_are_ordered_as_editions_are(published: Path) -> None:
    from flows.store.editions import order_vintage

    names = ["2025-12-18", "2025-12-18.2", "2025-12-18.10", "2026-01-05", "9", "10", "v2", "v10", "2025", "2025b"]
    with duckdb.connect(str(published), read_only=True) as con:
        listed = ", ".join(f"'{name}'" for name in names)
        con.execute(
            "CREATE TEMP VIEW datasets AS FROM store.datasets UNION ALL BY NAME "
            f"SELECT 'd' AS dataset, unnest([{listed}]) AS vintage, 'read' AS state"
        )
        con.execute(
            f"""CREATE TEMP VIEW codes AS FROM store.codes UNION ALL BY NAME
                SELECT 'vintages' AS list, unnest([{listed}]) AS code, [] AS names
                UNION ALL BY NAME SELECT 'datasets' AS list, 'd' AS code, [] AS names"""
        )
        ordered = sorted(names, key=order_vintage)
        for old, new in pairwise(ordered):
            found = con.execute(f"SELECT from_vintage FROM edition_pair('d', NULL, '{new}')").fetchone()
            assert found == (old,), new


def test_the_triangle_of_several_series_is_refused_with_what_tells_them_apart(world: duckdb.DuckDBPyConnection) -> None:
    fill(world, [OLD | {"value": "5"}, NEW | {"value": "5", "flow": "M"}], [])
    with pytest.raises(AmbiguousError) as caught:
        make_triangle(world, "made_up", {"geo": "China"})
    assert caught.value.differ == {"flow": ["M", "X"]}


def test_large_editions_are_compared_in_parts_with_the_same_result(
    world: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Period by period, indicators last: the same rows, the same report."""
    figures = [edition | {"geo": geo, "period": period, "value": str(n + shift), "locator": f"t.csv!R{n}C2"}
               for edition, shift in ((OLD, 0), (NEW, 1))
               for n, (geo, period) in enumerate([("CHN", "2019"), ("CHN", "2020"), ("IND", "2020")], 2)]  # fmt: skip
    values = [computed("a", "5", "t.csv!R2C2=2", "t.csv!R3C2=3"), computed("b", "6", "t.csv!R2C2=3", "t.csv!R3C2=4"),
              computed("a", "7", geo="IND"), computed("b", "7", geo="IND")]  # fmt: skip
    fill(world, figures, values)
    whole = make_report(world, compare_editions(world, "made_up", "a", "b"))
    rows = world.execute("FROM revised ORDER BY ALL").fetchall()
    monkeypatch.setattr("transforms.revisions.compare.AT_ONCE", 3)
    assert make_report(world, compare_editions(world, "made_up", "a", "b")) == whole
    assert world.execute("FROM revised ORDER BY ALL").fetchall() == rows and len(rows) == 4


def test_the_triangle_of_a_core_indicator_of_large_editions(world: duckdb.DuckDBPyConnection) -> None:
    """Where the catalogue has no such series, the core set is asked; its doubles have ten decimals here as well."""
    fill(world, [OLD | {"value": "5"}, NEW | {"value": "6"}], [])
    names = ", ".join(
        f"'' AS {name}"
        for name in load_contract("core_indicators").names
        if name not in {"dataset", "vintage", "period", "value", "unit_mult", "indicator", "geo"}
    )
    world.execute(
        f"""CREATE TEMP VIEW core AS SELECT {names}, 'made_up' AS dataset, vintage, '2020' AS period, value,
                   0 AS unit_mult, 'rca' AS indicator, 'CHN' AS geo
            FROM (VALUES ('a', CAST(0.1 AS DOUBLE)), ('b', CAST(0.3 AS DOUBLE))) v(vintage, value)"""
    )
    triangle = make_triangle(world, "made_up", {"indicator": "rca", "geo": "China"}, core="core")
    assert triangle.vintages == ("a", "b") and triangle.revision("2020", "a", "b") == Decimal("0.2")
    with pytest.raises(InputError, match="no series of made_up fits"):
        make_triangle(world, "made_up", {"indicator": "rca", "geo": "China"})
