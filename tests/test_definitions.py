"""Definitions of digitally deliverable services: what is computed, what is only explained, and how any two differ."""

from __future__ import annotations

from itertools import permutations

import duckdb
import pytest

from transforms.codelists import codelist_rows, load_codelist
from transforms.definitions import (
    Definition,
    _make_definition,
    compare_all,
    compare_definitions,
    list_children,
    load_definitions,
)
from transforms.errors import InputError
from transforms.indicators import create_codelists

ROWS = codelist_rows("definitions")
SIX = "SF SG SH SI SJ SK"
THIRTEEN = "SF SG SH SI SJ1 SJ2 SJ31 SJ34 SJ35 SK1 SK21 SK22 SK23"


def bare(codes: tuple[str, ...] | list[str]) -> str:
    return " ".join(code.removeprefix("EBOPS2010:") for code in codes)


@pytest.mark.parametrize(
    ("name", "items", "unspecified", "mode", "basis", "status", "computable"),
    [
        ("dds6", SIX, "", "_T", "total_bop", "official", True),
        ("unctad", "SF SG SH SI SJ SK1", "", "_T", "total_bop", "unverified", True),
        ("wto_dds", THIRTEEN.replace("SI", "SI1 SI2 SI3"), "", "M1", "mode1", "recovered", False),
        ("handbook2023", THIRTEEN, "", "_T", "deliverable", "unverified", True),
        ("ict_services", "SI1 SI2", "", "_T", "total_bop", "unverified", True),
        ("ict_services_sh3", "SI1 SI2 SH3", "", "_T", "total_bop", "unverified", True),
        ("bea_dds_2016", "SF SG SH SI", "SJ", "_T", "total_bop", "unverified", False),
        ("bea_dds_current", "SF SG SH SI", "SJ SK", "_T", "total_bop", "unverified", False),
    ],
)
def test_what_a_definition_holds(
    name: str, items: str, unspecified: str, mode: str, basis: str, status: str, computable: bool
) -> None:
    one = load_definitions()[name]
    assert (bare(one.items), bare(one.unspecified)) == (items, unspecified)
    assert (one.mode, one.basis, one.status, one.is_computable) == (mode, basis, status, computable)
    assert one.source and one.label_en and one.label_zh
    aggregate = next(row for row in load_codelist("items").rows if row["code"] == f"DEF:{name}")
    assert (aggregate["label_en"], aggregate["label_zh"]) == (one.label_en, one.label_zh)


def test_no_definition_is_without_its_words() -> None:
    words = load_codelist("words").codes
    assert len(load_definitions()) == 8
    for row in ROWS:
        assert {f"DEFBASIS.{row['basis']}", f"DEFSTATUS.{row['status']}"} <= words, row


def test_a_sum_is_taken_only_where_it_is_the_definition() -> None:
    """A definition with an unlisted selection must not be computed from the items that are listed."""
    with duckdb.connect() as con:
        create_codelists(con)
        computed = {row[0] for row in con.execute("SELECT DISTINCT definition FROM definitions").fetchall()}
        by_mode = con.execute("SELECT definition, mode, count(*) FROM definitions_by_mode GROUP BY ALL").fetchall()
        assert con.execute("SELECT count(*) FROM definition_items").fetchone() == (len(ROWS),)
        assert con.execute("SELECT DISTINCT role, mode FROM definitions").fetchall() == [("component", "_T")]
    assert computed == {name for name, one in load_definitions().items() if one.is_computable}
    assert computed == {"dds6", "unctad", "handbook2023", "ict_services", "ict_services_sh3"}
    assert by_mode == [("wto_dds", "M1", 15)]


def test_no_item_of_a_definition_holds_another() -> None:
    """Otherwise a sum over it counts twice."""
    parents = {row["code"]: row["parent"] for row in load_codelist("items").rows}
    for one in load_definitions().values():
        for code in one.items:
            above = parents[code]
            while above:
                assert above not in one.items, (one.name, code)
                above = parents[above]


# --- how two definitions differ ---


def compare(one: str, two: str, lang: str = "en") -> str:
    definitions = load_definitions()
    return compare_definitions(definitions[one], definitions[two], lang, list_children())


def test_items_are_compared_by_what_is_under_them() -> None:
    assert compare("dds6", "unctad") == (
        "dds6 counts SK2 (Other personal, cultural, and recreational services), which unctad does not."
    )
    assert compare("unctad", "dds6", "zh") == "dds6计入SK2（其他个人、文化和娱乐服务），unctad不计入。"
    assert compare("dds6", "handbook2023").startswith(
        "dds6 counts SJ32 (Waste treatment and de-pollution, agricultural and mining services), SJ33 (Operating "
        "leasing services), SK24 (Other personal services), which handbook2023 does not; dds6 is about totals"
    )


def test_what_each_has_alone_is_said_of_each() -> None:
    said = compare("unctad", "handbook2023")
    assert "unctad counts SJ32 (" in said and "SJ33 (" in said
    assert "handbook2023 counts SK21 (Health services), SK22 (Education services), SK23 (" in said


def test_the_same_items_on_another_basis() -> None:
    said = compare("handbook2023", "wto_dds")
    assert said.startswith("handbook2023 and wto_dds count the same listed items; ")
    assert "wto_dds about the part delivered across the border (mode 1)" in said


def test_what_is_not_listed_is_said_and_not_compared() -> None:
    said = compare("bea_dds_2016", "dds6")
    assert "dds6 counts SK (" in said and "SJ (Other business services) that its publisher does not list" in said
    assert "counts SJ" not in said


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_comparison_says_the_same_both_ways(lang: str) -> None:
    """Each statement of what one has alone stands in both directions; nothing is left as a template."""
    mark, stop = ("; ", ".") if lang == "en" else ("；", "。")
    found = {(row["definition"], row["other"]): row[f"words_{lang}"] for row in compare_all()}
    assert set(found) == set(permutations(load_definitions(), 2))
    for (one, two), said in found.items():
        assert said.endswith(stop) and "{" not in said and "DEF" not in said
        alone = {part for part in said[:-1].split(mark) if "计入" in part or " counts " in part}
        other = {part for part in found[two, one][:-1].split(mark) if "计入" in part or " counts " in part}
        assert alone == other, (one, two)


# --- rows that do not make a definition ---


@pytest.mark.parametrize(
    ("column", "value", "problem"),
    [
        ("basis", "mode1", "the rows of dds6 differ in basis"),
        ("valid_from", "2030-01-01", "the rows of dds6 differ in valid_from"),
        ("role", "perhaps", "a row of dds6 has an unknown role"),
    ],
)
def test_rows_that_disagree_are_refused(column: str, value: str, problem: str) -> None:
    rows = [dict(row) for row in ROWS if row["definition"] == "dds6"]
    assert isinstance(_make_definition("dds6", rows), Definition)
    rows[3][column] = value
    with pytest.raises(InputError, match=problem):
        _make_definition("dds6", rows)
