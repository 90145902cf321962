"""What holds of the revisions between any two or three editions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal

import duckdb
import pytest
from edition_worlds import D, Row, ask, computed, fill
from hypothesis import given
from hypothesis import strategies as st

from transforms.errors import InputError
from transforms.revisions import CHANGES, compare_editions, make_report, make_triangle

EDITIONS = ("a", "b", "c")
MIRROR = {"added": "removed", "removed": "added", "raised": "lowered", "lowered": "raised",
          "value_to_blank": "blank_to_value", "blank_to_value": "value_to_blank"}  # fmt: skip
KEYS = st.tuples(
    st.sampled_from(["CHN", "IND"]), st.sampled_from(["EBOPS2010:SI", "EBOPS2010:SJ"]), st.sampled_from(["X", "M"]),
    st.sampled_from(["2019", "2020"]),
)  # fmt: skip
FIGURES = st.tuples(
    st.one_of(st.none(), st.integers(-30, 30).map(lambda n: D(n) / 10)), st.sampled_from(["A", "P"]),
    st.sampled_from([5, 6, 8]),
)  # fmt: skip
Edition = Mapping[tuple[str, str, str, str], tuple[Decimal | None, str, int]]
EDITION = st.dictionaries(KEYS, FIGURES, max_size=12)


def rows_of(edition: Edition, vintage: str) -> list[Row]:
    """Printed in the order of the keys; every cell has its own place, the same one in every edition."""
    return [
        {"vintage": vintage, "geo": geo, "item": item, "flow": flow, "period": period, "value": value,
         "obs_status": "O" if value is None else status, "unit_mult": mult,
         "locator": f"t.csv!R{2 + hash_of(geo, item, flow, period)}C2"}
        for (geo, item, flow, period), (value, status, mult) in edition.items()
    ]  # fmt: skip


def hash_of(*key: str) -> int:
    return sum(ord(letter) * 7**n for n, letter in enumerate("".join(key)))


def key_of(row: Row) -> tuple[str, ...]:
    return row["geo"], row["item"], row["flow"], row["period"]


@given(EDITION, EDITION)
def test_swapping_the_editions_mirrors_every_change(
    world: duckdb.DuckDBPyConnection, first: Edition, second: Edition
) -> None:
    fill(world, rows_of(first, "a") + rows_of(second, "b"), [])
    there, back = ({key_of(row): row for row in ask(world, *pair)} for pair in (("a", "b"), ("b", "a")))
    assert there.keys() == back.keys()
    for key, row in there.items():
        assert back[key]["change"] == MIRROR.get(row["change"], row["change"])
        assert (back[key]["value_before"], back[key]["value_after"]) == (row["value_after"], row["value_before"])
        assert back[key]["revision"] == (None if row["revision"] is None else -row["revision"])
    reports = [make_report(world, compare_editions(world, "made_up", *pair)) for pair in (("a", "b"), ("b", "a"))]
    means = [Counter({(s["item"], s["flow"]): s["mean_revision"] for s in report["statistics"]}) for report in reports]
    assert means[0].keys() == means[1].keys()
    assert all(means[0][group] == pytest.approx(-means[1][group]) for group in means[0])


@given(EDITION)
def test_an_edition_revises_nothing_of_itself(world: duckdb.DuckDBPyConnection, edition: Edition) -> None:
    fill(world, rows_of(edition, "a"), [computed("a", "5", "t.csv!R2C2=5")])
    report = make_report(world, compare_editions(world, "made_up", "a", "a"))
    assert report["counts"]["observation"] == dict.fromkeys(CHANGES, 0) | {"unchanged": len(edition)}
    assert report["counts"]["indicator"] == dict.fromkeys(CHANGES, 0) | {"unchanged": 1}
    assert report["largest"] == [] and report["statistics"] == []


@given(EDITION, EDITION)
def test_every_key_of_either_edition_is_counted_once_and_rightly(
    world: duckdb.DuckDBPyConnection, first: Edition, second: Edition
) -> None:
    """Against the definition, in Python: nothing is lost, nothing is doubled."""
    fill(world, rows_of(first, "a") + rows_of(second, "b"), [])
    found = Counter(row["change"] for row in ask(world))

    def tell(key: tuple[str, str, str, str]) -> str:
        if key not in first or key not in second:
            return "removed" if key in first else "added"
        (old, old_status, old_mult), (new, new_status, new_mult) = first[key], second[key]
        if old is None or new is None:
            return "unchanged" if old is new else "blank_to_value" if old is None else "value_to_blank"
        before, after = old * 10**old_mult, new * 10**new_mult
        if before != after:
            return "raised" if after > before else "lowered"
        return "unchanged" if old_status == new_status else "status_changed"

    assert found == Counter(tell(key) for key in first.keys() | second.keys())
    report = make_report(world, compare_editions(world, "made_up", "a", "b"))
    assert sum(report["counts"]["observation"].values()) == len(first.keys() | second.keys())


@given(EDITION, EDITION, EDITION)
def test_revisions_of_a_triangle_add_up_over_the_editions(
    world: duckdb.DuckDBPyConnection, first: Edition, second: Edition, third: Edition
) -> None:
    fill(world, [row for n, edition in enumerate((first, second, third)) for row in rows_of(edition, EDITIONS[n])], [])
    said = {"geo": "CHN", "item": "EBOPS2010:SI", "flow": "X"}
    chosen = [{key[3]: told for key, told in edition.items() if key[:3] == ("CHN", "EBOPS2010:SI", "X")}
              for edition in (first, second, third)]  # fmt: skip
    if not any(chosen):
        with pytest.raises(InputError, match="no series of made_up fits"):
            make_triangle(world, "made_up", said)
        return
    triangle = make_triangle(world, "made_up", said)
    for period in triangle.periods:
        for vintage, edition in zip(EDITIONS, chosen, strict=True):
            assert ((period, vintage) in triangle.values) == (period in edition)
            if period in edition and edition[period][0] is not None:
                scaled = triangle.values[period, vintage]
                assert scaled is not None
                assert scaled * 10**triangle.unit_mult == edition[period][0] * 10 ** edition[period][2]
        early, late = triangle.revision(period, "a", "b"), triangle.revision(period, "b", "c")
        if early is not None and late is not None:
            assert triangle.revision(period, "a", "c") == early + late
