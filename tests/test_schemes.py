"""Schemes of items: every prefix is known, trees hold together, names within a scheme are plain."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from transforms.codelists import (
    codelist_rows,
    load_codelist,
    normalise_label,
    plain_label,
    scheme_codes,
    use_own_codelists,
)
from transforms.errors import InputError

ITEMS = load_codelist("items").rows
SCHEMES = {row["code"]: row for row in load_codelist("schemes").rows}
BY_CODE = {row["code"]: row for row in ITEMS}


def children(parent: str) -> str:
    return " ".join(r["code"].partition(":")[2] for r in ITEMS if r["parent"] == parent and r["tree"] == "standard")


def test_every_prefix_is_a_scheme_and_every_scheme_says_where_it_comes_from() -> None:
    assert {row["code"].partition(":")[0] for row in ITEMS} <= set(SCHEMES)
    words = load_codelist("words").codes
    for row in SCHEMES.values():
        assert row["source"] and row["note_en"] and row["note_zh"] and f"SCHEMESTATUS.{row['status']}" in words, row
        assert row["additive_to"] == "" or row["additive_to"] in BY_CODE, row


def test_every_item_names_its_source() -> None:
    assert [row["code"] for row in ITEMS if not row["source"]] == []


def test_what_adds_up_does_so_within_a_scheme_that_says_so() -> None:
    adding = {scheme: row["additive_to"] for scheme, row in SCHEMES.items() if row["additive_to"]}
    assert set(adding) == {"EBOPS2010", "EBOPS2002", "CNBPM5", "MOFCOM"}
    for row in ITEMS:
        scheme = row["code"].partition(":")[0]
        if row["tree"] == "standard":
            assert scheme in adding, row
            assert row["code"] == adding[scheme] or row["parent"].partition(":")[0] == scheme, row
            assert row["code"] == adding[scheme] or BY_CODE[row["parent"]]["tree"] == "standard", row


def test_digitally_ordered_trade_outsourcing_and_products_are_never_added_to_services() -> None:
    for scheme in ("CBEC", "SOUT", "DPROD", "DTRADE", "GOODS", "NA", "WTODDS", "TISMOS", "DEF", "GZ"):
        assert SCHEMES[scheme]["additive_to"] == "", scheme
        assert {row["tree"] for row in ITEMS if row["code"].startswith(f"{scheme}:")} <= {"other", "definition"}


def test_bpm7_is_an_empty_place_with_a_reason() -> None:
    row = SCHEMES["EBOPS2025"]
    assert row["status"] == "pending" and "no official list" in row["note_en"]
    assert not [item for item in ITEMS if item["code"].startswith("EBOPS2025:")]
    assert not [r for r in codelist_rows("concordances") if "EBOPS2025" in (r["from_scheme"], r["to_scheme"])]


# --- EBOPS 2010 ---


@pytest.mark.parametrize(
    ("parent", "parts"),
    [
        ("S", "SA SB SC SD SE SF SG SH SI SJ SK SL SN"),
        ("SC", "SC1 SC2 SC3 SC4"),
        ("SF", "SF1 SF2 SF3 SF4"),
        ("SF1", "SF11 SF12 SF13"),
        ("SF4", "SF41 SF42"),
        ("SG", "SG1 SG2"),
        ("SH", "SH1 SH2 SH3 SH4"),
        ("SI", "SI1 SI2 SI3"),
        ("SI2", "SI21 SI22"),
        ("SI3", "SI31 SI32"),
        ("SJ", "SJ1 SJ2 SJ3"),
        ("SJ1", "SJ11 SJ12"),
        ("SJ112", "SJ1121 SJ1122 SJ1123 SJ1124"),
        ("SJ21", "SJ211 SJ212 SJ213"),
        ("SJ3", "SJ31 SJ32 SJ33 SJ34 SJ35"),
        ("SJ31", "SJ311 SJ312 SJ313"),
        ("SJ32", "SJ321 SJ322 SJ323"),
        ("SK", "SK1 SK2"),
        ("SK1", "SK11 SK12"),
        ("SK2", "SK21 SK22 SK23 SK24"),
    ],
)
def test_parts_of_an_item_of_ebops_2010(parent: str, parts: str) -> None:
    assert children(f"EBOPS2010:{parent}") == parts


def test_what_overlaps_the_tree_stands_apart() -> None:
    for code in ("SDZ", "S5", "SJ32X", "SC41X", "SC_BIS", "SD_BIS", "SC3_BIS", "SF11Y", "SF13Z", "SI21Z"):
        assert BY_CODE[f"EBOPS2010:{code}"]["tree"] == "memo", code
    for code in ("SOX", "SOX1", "SPX1", "SPX4"):
        assert BY_CODE[f"EBOPS2010:{code}"]["tree"] == "aggregate", code


# --- EBOPS 2002 and the schemes of China ---


def test_the_main_items_of_ebops_2002() -> None:
    assert children("EBOPS2002:200") == "205 236 245 249 253 260 262 266 268 287 291"
    assert children("EBOPS2002:268") == "269 272 273"
    assert children("EBOPS2002:273") == "274 278 279 280 281 284 285"
    assert children("EBOPS2002:264") == "889 890" and children("EBOPS2002:266") == "891 892"
    assert children("EBOPS2002:289") == "895 896 897" and children("EBOPS2002:291") == "292 293 294"
    assert len(children("CNBPM5:S").split()) == 13 and len(children("MOFCOM:T").split()) == 12


@pytest.mark.parametrize(
    ("printed", "scheme", "code"),
    [
        ("Travel", "EBOPS2002", "EBOPS2002:236"),
        ("Travel", "", "EBOPS2010:SD"),
        ("236", "EBOPS2002", "EBOPS2002:236"),
        ("Travel (EBOPS 2002)", "", "EBOPS2002:236"),
        ("Royalties and licence fees", "EBOPS2002", "EBOPS2002:266"),
        ("旅游", "CNBPM5", "CNBPM5:TRAVEL"),
        ("通讯服务", "CNBPM5", "CNBPM5:COMMUNICATION"),
        ("其它商业服务", "CNBPM5", "CNBPM5:OTHER_BUSINESS"),
        ("建筑", "MOFCOM", "MOFCOM:CONSTRUCTION"),
        ("电信、计算机和信息服务", "MOFCOM", "MOFCOM:ICT"),
        ("9610", "CBEC", "CBEC:9610"),
        ("跨境电商B2B直接出口（监管方式9710）", "", "CBEC:9710"),
        ("离岸服务外包", "", "SOUT:OFFSHORE"),
        ("服务外包", "", "SOUT:T"),
        ("离岸信息技术外包", "", "SOUT:OFFSHORE.ITO"),
        ("数字音乐", "", "DPROD:MUSIC"),
        ("数字订购贸易", "", "DTRADE:ORDERED"),
        ("数字服务贸易", "", "DEF:dds6"),
    ],
)
def test_a_name_is_plain_within_its_scheme(printed: str, scheme: str, code: str) -> None:
    assert load_codelist("items").resolve(printed, scheme) == code


def test_every_label_of_a_marked_scheme_ends_with_its_mark() -> None:
    for scheme, row in SCHEMES.items():
        marked = [item for item in ITEMS if item["code"].startswith(f"{scheme}:")] if row["mark_en"] else []
        for item in marked:
            for lang in ("en", "zh"):
                assert plain_label(item, lang) != item[f"label_{lang}"], item
        plain = Counter(normalise_label(plain_label(item, lang)) for item in marked for lang in ("en", "zh"))
        assert [name for name, times in plain.items() if times > 1] == [], scheme


def test_customs_modes_are_dated_and_cited() -> None:
    modes = {code: BY_CODE[f"CBEC:{code}"] for code in ("9610", "9710", "9810", "1210", "1239")}
    for row in modes.values():
        assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", row["valid_from"]) and "announcement" in row["source"], row
        assert row["parent"] == "CBEC:T"


def test_offshore_and_onshore_are_apart_and_contract_and_execution_are_bases() -> None:
    assert {"OFFSHORE.ITO", "OFFSHORE.BPO", "OFFSHORE.KPO", "ONSHORE.ITO", "ONSHORE.BPO", "ONSHORE.KPO"} <= set(
        scheme_codes("items", "SOUT")
    )
    bases = load_codelist("bases")
    assert (bases.resolve("合同额"), bases.resolve("执行额")) == ("contracted", "executed")


# --- own schemes and items ---


@pytest.mark.parametrize(
    ("name", "text", "column", "problem"),
    [
        (
            "items",
            "code,label_en,tree\nMY:CLOUD,Cloud,standard\n",
            "tree",
            "an item of one's own is added into no total",
        ),
        (
            "items",
            "code,label_en,tree\nMY:CLOUD,Cloud,aggregate\n",
            "tree",
            "an item of one's own is added into no total",
        ),
        ("items", "code,label_en\nEBOPS2010:SI9,Cloud\n", "code", "the scheme EBOPS2010 is a classification of others"),
        ("items", "code,label_en\nEBOPS2002:299,Cloud\n", "code", "the scheme EBOPS2002 is a classification of others"),
        ("schemes", "code,label_en,additive_to\nMY,Mine,EBOPS2010:S\n", "additive_to", "adds up to no total"),
        ("schemes", "code,label_en\nCBEC,Mine\n", "code", "the code CBEC is taken"),
    ],
)
def test_own_items_are_never_part_of_a_classification(name: str, text: str, column: str, problem: str) -> None:
    with pytest.raises(InputError) as caught:
        use_own_codelists({name: text})
    assert caught.value.column == column and problem in caught.value.problem and caught.value.row == 2


@pytest.mark.parametrize(
    ("columns", "cells", "note_en", "note_zh"),
    [
        ("note", "Survey", "Survey", "Survey"),
        ("note_zh", "问卷", "问卷", "问卷"),
        ("note_en,note_zh", "Survey,问卷", "Survey", "问卷"),
        ("note,note_zh", "Survey,问卷", "Survey", "问卷"),
        ("version", "1", "", ""),
    ],
)
def test_the_note_of_an_own_scheme_in_one_language_or_both(
    columns: str, cells: str, note_en: str, note_zh: str
) -> None:
    try:
        use_own_codelists({"schemes": f"code,label_en,{columns}\nMY,Mine,{cells}\n"})
        assert [(row["note_en"], row["note_zh"]) for row in codelist_rows("schemes")[-1:]] == [(note_en, note_zh)]
    finally:
        use_own_codelists({})


def test_two_notes_of_an_own_scheme_in_one_language_are_refused() -> None:
    with pytest.raises(InputError, match="a column stands twice"):
        use_own_codelists({"schemes": "code,label_en,note,note_en\nMY,Mine,Survey,Questionnaire\n"})


def test_an_own_scheme_and_its_items() -> None:
    try:
        use_own_codelists({
            "schemes": "code,label_zh,note\nGZX,市级扩展分类,问卷2024\n",
            "items": "code,parent,label_zh\nGZX:CLOUD,EBOPS2010:SI2,云服务\n"
            "GZX:POSITIONING,EBOPS2010:SI,卫星定位服务\n",
        })  # fmt: skip
        assert load_codelist("schemes").label("GZX", "en") == "市级扩展分类"
        (row,) = [row for row in load_codelist("schemes").rows if row["code"] == "GZX"]
        assert row["note_en"] == row["note_zh"] == "问卷2024" and "note" not in row
        assert load_codelist("items").resolve("卫星定位服务") == "GZX:POSITIONING"
        assert {row["tree"] for row in load_codelist("items").rows if row["code"].startswith("GZX:")} == {"other"}
    finally:
        use_own_codelists({})
