"""Members of groups of places on a day."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.codelists import codelist_rows, load_codelist, use_own_codelists
from transforms.errors import InputError
from transforms.groups import find_fault, list_members, load_group_members
from transforms.indicators import create_codelists
from transforms.macros import load_macros

GBA = {"CN-440100", "CN-440300", "CN-440400", "CN-440600", "CN-440700", "CN-441200", "CN-441300", "CN-441900",
       "CN-442000", "HKG", "MAC"}  # fmt: skip


@pytest.mark.parametrize(
    ("group", "day", "members"),
    [
        ("EU", "1957-12-31", 0),
        ("EU", "1958-01-01", 6),
        ("EU", "1973-01-01", 9),
        ("EU", "1995-01-01", 15),
        ("EU", "2004-04-30", 15),
        ("EU", "2004-05-01", 25),
        ("EU", "2007-01-01", 27),
        ("EU", "2013-07-01", 28),
        ("EU", "2020-01-31", 28),
        ("EU", "2020-02-01", 27),
        ("EU15", "2020-01-01", 15),
        ("EU25", "2020-01-01", 25),
        ("EU27_2007", "2020-01-01", 27),
        ("EU28", "2023-01-01", 28),
        ("EU27_2020", "2010-01-01", 27),
        ("EA", "1999-01-01", 11),
        ("EA", "2015-01-01", 19),
        ("EA17", "2020-01-01", 17),
        ("EA18", "2020-01-01", 18),
        ("EA19", "2010-01-01", 19),
        ("EA20", "2010-01-01", 20),
        ("EA21", "2010-01-01", 21),
        ("ASEAN", "1967-08-08", 5),
        ("ASEAN", "1999-04-30", 10),
        ("ASEAN", "2025-10-25", 10),
        ("ASEAN", "2025-10-26", 11),
        ("G7", "2020-01-01", 7),
        ("G20", "2020-01-01", 20),
        ("G20", "2023-09-09", 21),
        ("BRICS", "2009-06-16", 4),
        ("BRICS", "2011-01-01", 5),
        ("BRICS", "2024-01-01", 9),
        ("BRICS", "2025-01-06", 10),
        ("OECD", "1961-09-30", 17),  # the twenty founders without ITA, LUX, NLD
        ("OECD", "1962-03-29", 20),
        ("OECD", "2021-05-25", 38),
        ("RCEP", "2021-12-31", 0),
        ("RCEP", "2022-01-01", 10),
        ("RCEP", "2023-06-02", 15),
        ("GBA", "2021-01-01", 11),
    ],
)
def test_how_many_belonged_to_a_group(group: str, day: str, members: int) -> None:
    assert len(list_members(f"GROUP:{group}", day)) == members


def test_compositions_that_a_publisher_names_are_those_of_the_union_at_the_time() -> None:
    for name, day in (("EU15", "1996-01-01"), ("EU25", "2005-01-01"), ("EU27_2007", "2010-01-01"),
                      ("EU28", "2015-01-01"), ("EU27_2020", "2021-01-01")):  # fmt: skip
        assert list_members(f"GROUP:{name}", "1900-01-01") == list_members("GROUP:EU", day), name
    for name, day in (("EA17", "2012-01-01"), ("EA18", "2014-06-01"), ("EA19", "2016-01-01"), ("EA20", "2024-01-01"),
                      ("EA21", "2026-01-01")):  # fmt: skip
        assert list_members(f"GROUP:{name}", "1900-01-01") == list_members("GROUP:EA", day), name


def test_the_greater_bay_area_is_nine_cities_with_hong_kong_and_macao() -> None:
    assert set(list_members("GROUP:GBA", "2021-12-31")) == GBA


def test_china_stands_for_the_mainland_and_holds_none_of_the_three_others() -> None:
    places = {row["code"]: row for row in codelist_rows("geographies")}
    assert {places[code]["parent"] for code in ("HKG", "MAC", "TWN")} == {"W"}
    assert {places[code]["nation"] for code in ("HKG", "MAC", "TWN", "CHN")} == {"HKG", "MAC", "TWN", "CHN"}
    assert all(name in places["CHN"]["note"] for name in ("Hong Kong SAR", "Macao SAR", "Taiwan"))


def test_every_place_within_china_leads_up_to_it() -> None:
    """zone -> district or city -> city -> province -> nation, without a gap or a circle."""
    rank = {"zone": 4, "district": 3, "city": 2, "province": 1, "country": 0}
    places = {row["code"]: row for row in codelist_rows("geographies")}
    within = [row for row in places.values() if row["type"] in ("province", "city", "district", "zone")]
    assert len(within) > 100
    for row in within:
        above = places[row["parent"]]
        assert rank[above["type"]] <= rank[row["type"]] and (above["type"] != row["type"] or row["type"] == "zone"), row
        assert row["nation"] == "CHN" and row["source"], row


@pytest.mark.slow
def test_sql_gives_the_same_members() -> None:
    with duckdb.connect() as con:
        create_codelists(con)
        macro = next(macro for macro in load_macros() if macro.name == "group_members_on")
        con.execute(macro.sql)
        for day in ("1970-01-01", "2004-04-30", "2020-01-31", "2020-02-01", "2030-01-01"):
            found: dict[str, list[str]] = {}
            for group, member, *_ in con.execute("FROM group_members_on(?)", [day]).fetchall():
                found.setdefault(group, []).append(member)
            groups = {row["group_code"] for row in load_group_members()}
            assert {group: tuple(found.get(group, ())) for group in groups} == {
                group: list_members(group, day) for group in groups
            }


def test_every_membership_names_its_source() -> None:
    assert [row for row in load_group_members() if not row["source"]] == []


@pytest.mark.parametrize(
    ("group", "day"), [("GROUP:NONE", "2020-01-01"), ("GROUP:EU", "2020"), ("GROUP:EU", "2020-02-30")]
)
def test_a_question_without_an_answer_is_refused(group: str, day: str) -> None:
    with pytest.raises(InputError):
        list_members(group, day)


# --- what a row must be ---

ROW = {"group_code": "GROUP:BRI", "member": "KAZ", "valid_from": "", "valid_to": "", "note": "", "source": "mine"}


@pytest.mark.parametrize(
    ("change", "known", "problem"),
    [
        ({}, [], None),
        ({"group_code": "GROUP:NONE"}, [], "the place is not in the code list"),
        ({"member": "XXX"}, [], "the place is not in the code list"),
        ({"group_code": "CHN"}, [], "the place is no group"),
        ({"valid_from": "2020"}, [], "the date is none"),
        ({"valid_to": "2020-02-30"}, [], "the date is none"),
        ({"valid_from": "2020-02-01", "valid_to": "2020-01-31"}, [], "ends before it begins"),
        ({}, ["2020-01-01/"], "overlaps"),
        ({"valid_from": "2020-01-01"}, ["2010-01-01/2020-01-01"], "overlaps"),
        ({"valid_from": "2020-01-02"}, ["2010-01-01/2020-01-01"], None),
        ({"valid_to": "2009-12-31"}, ["2010-01-01/2020-01-01"], None),
        ({"valid_to": "2010-01-01"}, ["2010-01-01/2020-01-01"], "overlaps"),
    ],
)
def test_a_membership_is_held_against_the_others(change: dict[str, str], known: list[str], problem: str | None) -> None:
    fault = find_fault(ROW | change, known)
    assert (fault is None) if problem is None else (fault is not None and problem in fault[1])


DAYS = st.dates().map(lambda day: day.isoformat())


@given(DAYS, DAYS, DAYS, DAYS, DAYS)
def test_no_day_is_counted_twice(a: str, b: str, c: str, d: str, day: str) -> None:
    """Two memberships that are let stand never hold on one day."""
    first, second = sorted((a, b)), sorted((c, d))
    row = ROW | {"valid_from": second[0], "valid_to": second[1]}
    if find_fault(row, ["/".join(first)]) is None:
        assert not (first[0] <= day <= first[1] and second[0] <= day <= second[1])


def test_a_users_own_group() -> None:
    try:
        use_own_codelists({
            "geographies": "code,type,label_en\nMY:BLOC,group,My bloc\n",
            "group_members": "group_code,member,valid_from,valid_to\nMY:BLOC,CHN,2020-01-01,2021-12-31\n"
            "MY:BLOC,CHN,2023-01-01,\nGROUP:BRI,KAZ,,\n",
        })  # fmt: skip
        assert [list_members("MY:BLOC", f"{year}-06-01") for year in (2019, 2021, 2022, 2024)] == [
            (), ("CHN",), (), ("CHN",),
        ]  # fmt: skip
        assert list_members("GROUP:BRI", "2024-01-01") == ("KAZ",)
    finally:
        use_own_codelists({})
    with pytest.raises(InputError, match="no members are listed for GROUP:BRI"):
        list_members("GROUP:BRI", "2024-01-01")


@pytest.mark.parametrize(
    ("text", "row", "problem"),
    [
        ("group_code,member\nGROUP:EU,XXX\n", 2, "the place is not in the code list geographies"),
        ("group_code,member,valid_from\nGROUP:EU,DEU,2020-01-01\n", 2, "overlaps the one from 1958-01-01 to today"),
        ("group_code,member,valid_from\nGROUP:EU,TUR,soon\n", 2, "the date is none"),
        ("group_code\nGROUP:EU\n", 1, "the file has no column 'member'"),
        ("group_code,member\nGROUP:BRI,KAZ\nGROUP:BRI,KAZ\n", 3, "overlaps"),
    ],
)
def test_own_members_that_cannot_be_used_are_refused(text: str, row: int, problem: str) -> None:
    with pytest.raises(InputError) as caught:
        use_own_codelists({"group_members": text})
    assert (caught.value.file, caught.value.row) == ("own/codelists/group_members.csv", row)
    assert problem in caught.value.problem and caught.value.todo
    assert load_codelist("geographies").codes and len(list_members("GROUP:EU", "2021-01-01")) == 27
