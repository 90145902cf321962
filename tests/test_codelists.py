"""From a printed label to a code: spellings that are one thing, and labels that nobody knows."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from transforms import codelists
from transforms.codelists import (
    AmbiguousLabel,
    UnknownLabel,
    codelist_rows,
    join_statuses,
    label_index,
    load_codelist,
    normalise_label,
    read_rows,
    scheme_codes,
    status_order,
    unit_labels,
    use_own_codelists,
)
from transforms.errors import InputError
from transforms.indicators import create_codelists

CONVERSION = "dataset,from_currency,to_currency,series\n"
LISTS = ["items", "geographies", "flows", "measures", "references", "bases", "prices", "units", "obs_status",
         "conf_status", "frequencies", "adjustments"]  # fmt: skip


@pytest.mark.parametrize(
    ("printed", "code"),
    [
        ("电信、计算机和信息服务", "EBOPS2010:SI"),
        ("电信，计算机 和信息服务", "EBOPS2010:SI"),
        ("1.9 电信、计算机和信息服务", "EBOPS2010:SI"),
        ("2.9电信计算机和信息服务", "EBOPS2010:SI"),  # SAFE numbers one item 1.9 in one table and 2.9 in another
        ("1.9．电信、计算机和信息服务差额", "EBOPS2010:SI"),
        ("３ 运输", "EBOPS2010:SC"),
        ("运输贷方", "EBOPS2010:SC"),
        ("旅游", "EBOPS2010:SD"),
        ("旅行", "EBOPS2010:SD"),
        ("其它商业服务", "EBOPS2010:SJ"),
        ("其他商业服务", "EBOPS2010:SJ"),
        ("建筑", "EBOPS2010:SE"),
        ("建设", "EBOPS2010:SE"),
        ("维修和维护服务", "EBOPS2010:SB"),
        ("保险服务", "EBOPS2010:SF"),
        ("Other business services", "EBOPS2010:SJ"),
        ("ＥＢＯＰＳ２０１０：ＳＩ", "EBOPS2010:SI"),
    ],
)
def test_spellings_of_one_category(printed: str, code: str) -> None:
    assert load_codelist("items").resolve(printed) == code


def test_a_digit_that_belongs_to_the_name_stays() -> None:
    assert normalise_label("5G基站数") == "5g基站数"
    assert normalise_label("1.9") == "1.9"


def test_accents_are_folded_on_letters_only() -> None:
    assert normalise_label("São Tomé") == normalise_label("Sao Tome") == "saotome"
    assert normalise_label("Curac\u0327ao") == normalise_label("Curaçao")  # composed and decomposed
    assert normalise_label("≠") != normalise_label("=")


@pytest.mark.parametrize(("listname", "label"), [("flows", "贷方"), ("flows", "借方"), ("measures", "差额")])
def test_a_side_that_is_the_whole_label_stays(listname: str, label: str) -> None:
    assert load_codelist(listname).resolve(label)


@pytest.mark.parametrize(("printed", "near"), [("数字服务贸昜", "DEF:dds6"), ("运输仓储", "运输")])
def test_an_unknown_label_names_the_nearest(printed: str, near: str) -> None:
    with pytest.raises(UnknownLabel) as caught:
        load_codelist("items").resolve(printed)
    assert f"{printed!r} is not in the code list items; nearest known: " in str(caught.value)
    assert any(near in known for known in caught.value.nearest)
    assert len(set(caught.value.nearest)) == len(caught.value.nearest)


@pytest.mark.parametrize(
    ("listname", "printed", "nearest"),
    [
        ("items", "Widgets", []),
        ("items", "Computer servces", ["Computer services (EBOPS2010:SI2)"]),
        ("geographies", "Curacoa", ["Curaçao (CUW)"]),
        ("geographies", "Deutschland und die Schweiz", []),
    ],
)
def test_only_near_names_in_the_script_of_the_label_are_offered(
    listname: str, printed: str, nearest: list[str]
) -> None:
    with pytest.raises(UnknownLabel) as caught:
        load_codelist(listname).resolve(printed)
    assert caught.value.nearest[:1] == nearest[:1] and bool(caught.value.nearest) == bool(nearest)


def test_a_label_like_nothing_else_names_nothing() -> None:
    with pytest.raises(UnknownLabel, match=r"is not in the code list flows$"):
        load_codelist("flows").resolve("§§§")


@pytest.mark.parametrize("name", LISTS)
def test_no_label_names_two_codes_and_every_code_names_itself(name: str) -> None:
    codelist = load_codelist(name)
    assert all(codelist.resolve(code) == code for code in codelist.codes if code)
    assert all(codelist.resolve(row["label_zh"]) == row["code"] for row in codelist.rows if row["label_zh"])


def test_two_codes_with_one_label_are_refused() -> None:
    row = {"label_en": "", "label_zh": "旅行"}
    with pytest.raises(InputError, match="made_up: the label '旅行' names both A and B"):
        label_index("made_up", [row | {"code": "A"}, row | {"code": "B"}])


def test_one_printed_unit_has_one_meaning() -> None:
    meanings: dict[str, tuple[str, str]] = {}
    for row in read_rows("unit_labels.csv"):
        meaning = (row["unit"], row["unit_mult"])
        assert meanings.setdefault(normalise_label(row["label"]), meaning) == meaning, row["label"]
    assert {unit for unit, _ in unit_labels().values()} <= load_codelist("units").codes
    assert unit_labels()["亿美元"] == ("USD", 8) and unit_labels()["万亿元"] == ("CNY", 12)


@pytest.mark.parametrize(
    ("printed", "unit"),
    [
        ("£ million", ("GBP", 6)),
        ("100 million yuan", ("CNY", 8)),
        ("million yuan", ("CNY", 6)),
        ("100 million US dollars", ("USD", 8)),
        ("1000 US dollars", ("USD", 3)),
        ("10 000 US dollars", ("USD", 4)),
        ("10 million US dollars", None),  # not in the list: to read it as millions would be wrong by ten
        ("10 亿美元", None),
    ],
)
def test_a_number_before_a_unit_is_no_ordinal(printed: str, unit: tuple[str, int] | None) -> None:
    assert unit_labels().get(normalise_label(printed)) == unit


@given(st.text())
@pytest.mark.parametrize("side", ["差额", "贷方", "借方"])
def test_normalising_folds_width_and_spaces(side: str, text: str) -> None:
    assert normalise_label(f"  {text}\u3000") == normalise_label(text)
    if normalise_label(text + "务"):
        assert normalise_label(text + "务" + side) == normalise_label(text + "务")


def test_statuses_are_joined_strongest_first() -> None:
    assert join_statuses(["A"]) == "A"
    assert join_statuses(["A", "E"]) == "E"
    assert join_statuses(["P", "E", "B"]) == "B;E;P"
    # the order of precedence of the SDMX guideline
    assert "".join(sorted(status_order(), key=status_order().__getitem__)) == "BOMLHQJSDKWIFEPNUVGA"


def test_every_code_list_file_is_utf8_with_unix_line_ends() -> None:
    lists = [path for path in files("transforms").joinpath("codelists").iterdir() if path.name.endswith(".csv")]
    assert lists
    for path in lists:
        content = path.read_bytes()
        assert not content.startswith(b"\xef\xbb\xbf") and b"\r" not in content, path.name
        content.decode("utf-8")


# --- geographies: any publisher's name or code ---


@pytest.mark.parametrize(
    ("printed", "code"),
    [
        ("Korea, Rep.", "KOR"),
        ("Republic of Korea", "KOR"),
        ("South Korea", "KOR"),
        ("韩国", "KOR"),
        ("Dem. People's Rep. of Korea", "PRK"),
        ("Korea, Democratic People’s Republic of", "PRK"),
        ("Czechia", "CZE"),
        ("Czech Republic", "CZE"),
        ("Turkiye", "TUR"),
        ("Türkiye", "TUR"),
        ("Turkey", "TUR"),
        ("Viet Nam", "VNM"),
        ("Vietnam", "VNM"),
        ("Cote d'Ivoire", "CIV"),
        ("Côte d’Ivoire", "CIV"),
        ("科特迪瓦", "CIV"),
        ("Bolivia (Plurinational State of)", "BOL"),
        ("China, Hong Kong SAR", "HKG"),
        ("Hong Kong, China", "HKG"),
        ("China, P.R.: Hong Kong", "HKG"),
        ("China, P.R.: Mainland", "CHN"),
        ("Chinese Taipei", "TWN"),
        ("China, Taiwan Province of", "TWN"),
        ("台湾地区", "TWN"),
        ("Congo, Dem. Rep.", "COD"),
        ("Congo", "COG"),
        ("刚果（金）", "COD"),
        ("刚果(布)", "COG"),
        ("Trinidad & Tobago", "TTO"),
        ("St. Kitts and Nevis", "KNA"),
        ("Curaçao", "CUW"),
        ("Kosovo", "XKX"),
        ("Sudan (...2011)", "FORMER:SDN"),
        ("Sudan", "SDN"),
        ("Netherlands Antilles", "ANT"),
        ("USSR", "SUN"),
        ("Guinea", "GIN"),
        ("Equatorial Guinea", "GNQ"),
        ("几内亚比绍", "GNB"),
        ("Dominica", "DMA"),
        ("Dominican Republic", "DOM"),
        ("Niger", "NER"),
        ("Nigeria", "NGA"),
        ("Georgia", "GEO"),
        ("佛山", "CN-440600"),
        ("All Countries", "W"),
        ("European Union (EU)", "GROUP:EU"),
        ("Least developed countries: UN classification", "GROUP:LDC"),
        ("North East ", "NUTS2016:UKC"),
        ("Yorkshire and The Humber", "NUTS2016:UKE"),
    ],
)
def test_names_of_places(printed: str, code: str) -> None:
    assert load_codelist("geographies").resolve(printed) == code


@pytest.mark.parametrize(
    ("text", "scheme", "code"),
    [
        ("NA", "", "NAM"),  # Namibia, not a missing value
        ("NA", "iso2", "NAM"),
        ("NA", "BATIS", "NAM"),
        ("NAM", "", "NAM"),
        ("004", "", "AFG"),
        ("4", "", "AFG"),
        ("156", "m49", "CHN"),
        ("736", "m49", "FORMER:SDN"),
        ("842", "UNCTAD", "USA"),
        ("840", "UNCTAD", "USA"),
        ("0000", "UNCTAD", "W"),
        ("1400", "UNCTAD", "GROUP:DEVELOPING"),
        ("WL", "BATIS", "W"),
        ("ARG", "BATIS", "ARG"),
        ("918", "WTO", "GROUP:EU"),
        ("CHT", "WTO", "TWN"),
        ("ROM", "WB", "ROU"),
        ("SSF", "WB", "GROUP:WB_SSF"),
        ("EL", "EUROSTAT", "GRC"),
        ("UK", "EUROSTAT", "GBR"),
        ("EXT_EU27_2020", "EUROSTAT", "GROUP:EXT_EU27_2020"),
        ("WXD", "OECD", "GROUP:WXD"),
        ("440100", "GBT2260", "CN-440100"),
        ("810000", "GBT2260", "HKG"),
        ("UKC11", "NUTS2016", "NUTS2016:UKC11"),
        ("Greater Manchester", "UKCR", "UKCR:GREATER_MANCHESTER"),
        ("Greater Manchester", "", "NUTS2016:UKD3"),
        ("West Midlands", "UKCR", "UKCR:WEST_MIDLANDS"),
        ("West Midlands", "", "NUTS2016:UKG"),
    ],
)
def test_codes_of_places(text: str, scheme: str, code: str) -> None:
    assert load_codelist("geographies").resolve(text, scheme) == code


@pytest.mark.parametrize(("text", "scheme"), [("NA", "label"), ("na", ""), ("no", ""), ("CHN", "iso2"), ("WL", "WTO")])
def test_a_code_of_another_scheme_is_unknown(text: str, scheme: str) -> None:
    with pytest.raises(UnknownLabel):
        load_codelist("geographies").resolve(text, scheme)


def test_a_code_that_two_schemes_read_differently_names_nothing() -> None:
    use_own_codelists({
        "geography_codes": "scheme,publisher_code,geo\nWTO,020,MY:X\n",
        "geographies": "code,label_en\nMY:X,Nowhere\n",
    })  # fmt: skip
    geographies = load_codelist("geographies")
    with pytest.raises(AmbiguousLabel, match=r"'020' names several codes .*AND \(m49\).*MY:X \(WTO\).*; say which"):
        geographies.resolve("020")
    assert geographies.resolve("020", "WTO") == "MY:X"
    assert geographies.resolve("020", "UNCTAD") == geographies.resolve("020", "m49") == "AND"


def test_every_iso_economy_is_there() -> None:
    """249 economies with three codes each, one Chinese and one English name; every code finds its row without help."""
    economies = [row for row in codelist_rows("geographies") if row["iso2"] and row["code"] != "XKX"]
    assert len(economies) == 249
    geographies = load_codelist("geographies")
    for row in economies:
        assert {geographies.resolve(row[column]) for column in ("code", "iso2", "m49")} == {row["code"]}, row["code"]
        assert geographies.resolve(row["m49"].lstrip("0")) == row["code"]
        assert row["type"] in ("country", "economy", "territory") and row["nation"] == row["code"], row["code"]
    for column in ("iso2", "m49"):
        given_ = [row[column] for row in codelist_rows("geographies") if row[column]]
        assert len(given_) == len(set(given_)), column


def test_provinces_and_the_cities_of_guangdong_are_there() -> None:
    province_level = {code for text, code in scheme_codes("geographies", "GBT2260").items() if text.endswith("0000")}
    assert len(province_level) == 34
    cities = [row for row in codelist_rows("geographies") if row["parent"] == "CN-440000" and row["type"] == "city"]
    assert len(cities) == 21


def test_publishers_and_standards_agree() -> None:
    """What a publisher writes never means another place than the same text in a standard code."""
    for text, meanings in codelists._coded("geographies").items():
        assert len(set(meanings.values())) == 1, (text, meanings)
    places = load_codelist("geographies").codes
    for row in codelist_rows("geography_codes"):
        assert row["geo"] in places and row["source"], row


def test_every_row_for_places_abroad_names_its_source() -> None:
    types = {"country", "economy", "territory", "former", "nuts1", "nuts2", "nuts3", "city_region"}
    unsourced = [row["code"] for row in codelist_rows("geographies") if row["type"] in types and not row["source"]]
    assert unsourced == []


def test_the_list_loads_quickly() -> None:
    codelists._forget()
    start = time.perf_counter()
    load_codelist("geographies")
    assert time.perf_counter() - start < 0.5  # some 15 ms; the room is for a busy machine


@pytest.mark.parametrize("file", ["unctad_data360/UNCTAD_DE.csv", "world_bank_wdi"])
def test_every_area_of_the_bulk_files_resolves(shared_data: Path, file: str) -> None:
    if file.endswith(".csv"):
        rows = csv.DictReader((shared_data / file).read_text(encoding="utf-8-sig").splitlines())
        areas = {(row["REF_AREA"], row["REF_AREA_LABEL"]) for row in rows}
        assert len(areas) == 207
    else:
        table = next((shared_data / file).glob("API_*.csv")).read_text(encoding="utf-8-sig")
        areas = {(row[1], row[0]) for row in list(csv.reader(io.StringIO(table)))[5:] if row}
        assert len(areas) > 260
        named = next((shared_data / file).glob("Metadata_Country_*.csv")).read_text(encoding="utf-8-sig")
        areas |= {(row["Country Code"], row["TableName"]) for row in csv.DictReader(io.StringIO(named))}
    geographies = load_codelist("geographies")
    for code, label in sorted(areas):
        assert geographies.resolve(code) == geographies.resolve(label) == scheme_codes("geographies", "WB")[code]


def test_every_economy_of_the_data_viewer_resolves(shared_data: Path) -> None:
    lines = next((shared_data / "unctadstat_viewer").glob("*.csv")).read_text(encoding="utf-8-sig").splitlines()[1:]
    records = [next(csv.reader([line])) for line in lines]
    # the viewer puts a record whose label holds a comma or brackets in quotes as a whole
    labels = {record[0] if len(record) > 1 else next(csv.reader([record[0]]))[0] for record in records}
    assert len(labels) > 190
    for label in labels:
        load_codelist("geographies").resolve(label)


def test_every_partner_of_the_ons_resolves(shared_data: Path) -> None:
    """Third column of the tables by country: partners, and what is left over of each continent."""
    book = CalamineWorkbook.from_path(shared_data / "ons_uk_services" / "internationaltradeinservices2019.xlsx")
    partners = set()
    for name in book.sheet_names:
        if name.strip() in ("Table A0", "Table B1", "Table B2", "Table B3", "Table D1", "Table D2"):
            for row in book.get_sheet_by_name(name).to_python(skip_empty_area=False):
                if str(row[2]).strip() and any(isinstance(cell, float) for cell in row):
                    partners.add(str(row[2]))
    assert len(partners) > 60
    codes = {load_codelist("geographies").resolve(partner) for partner in partners}
    assert len(codes) == len({normalise_label(partner) for partner in partners})


def test_every_area_of_the_subnational_books_resolves(shared_data: Path) -> None:
    geographies, found = load_codelist("geographies"), set()
    for path in (shared_data / "ons_subnational").glob("*.xlsx"):
        book = CalamineWorkbook.from_path(path)
        for name in book.sheet_names:
            for row in book.get_sheet_by_name(name).to_python(skip_empty_area=False):
                for code, label in zip(map(str, row), map(str, row[1:]), strict=False):
                    if code.startswith("UK") and code.isalnum() and 3 <= len(code) <= 5:
                        found.add(code)
                        named = geographies.label(geographies.resolve(code, "NUTS2016"), "en")
                        assert label.strip() in (named, named.partition(" (NUTS")[0]), code
    assert len(found) == 220


# --- items ---


@pytest.mark.parametrize(
    ("name", "scheme", "column"),
    [
        ("batis_argentina/batis_bpm6_dec2025_AR_WL_X_2005_2024.csv", "EBOPS2010", "Item_code"),
        ("wto_india/tismos_india.csv", "EBOPS2010", "indicator"),
        ("wto_india/dds_india.csv", "WTODDS", "indicator"),
    ],
)
def test_every_item_code_of_the_files_has_its_scheme(shared_data: Path, name: str, scheme: str, column: str) -> None:
    with (shared_data / name).open(encoding="utf-8-sig", newline="") as lines:
        codes = {row[column] for row in csv.DictReader(lines)}
    assert len(codes) >= 9
    assert {code: scheme_codes("items", scheme).get(code) for code in codes} == {c: f"{scheme}:{c}" for c in codes}


def test_bare_item_codes_carry_their_scheme() -> None:
    ebops = scheme_codes("items", "EBOPS2010")
    for code in ("S", "SOX", "SOX1", "SPX1", "SPX4", "SK1", "SDZ", "SN"):
        assert ebops[code] == f"EBOPS2010:{code}"
    assert scheme_codes("items", "WTODDS")["SJ"] == "WTODDS:SJ" != ebops["SJ"]
    assert "DDS" not in ebops
    with pytest.raises(InputError, match=r"items has no codes of the scheme 'EBOPS'.*one of: label.*EBOPS2010"):
        scheme_codes("items", "EBOPS")


# --- a user's own rows ---


@pytest.fixture(autouse=True)
def bundled_lists_again() -> Iterator[None]:
    yield
    use_own_codelists({})


def test_own_rows_are_found_by_label_by_scheme_and_in_sql() -> None:
    use_own_codelists({
        "items": "\ufeffcode,label_zh,aliases_zh\nMY:CLOUD,云服务,云计算服务|上云\n",
        "geography_codes": "scheme,publisher_code,geo\nCUSTOMS,51,MY:EPZ\nCUSTOMS,52,HKG\n",
        "geographies": "code,label_en,type,parent\nMY:EPZ,Export zone,zone,CN-440100\n",
        "unit_labels": "label,unit,unit_mult\n兆令吉,MYX,6\n",
        "units": "code,label_en\nMYX,Own money\n",
    })  # fmt: skip
    items, geographies = load_codelist("items"), load_codelist("geographies")
    assert items.resolve("上云") == "MY:CLOUD" == scheme_codes("items", "MY")["CLOUD"]
    assert items.label("MY:CLOUD", "en") == "云服务"  # the language that is missing takes the other's label
    assert geographies.resolve("51", "CUSTOMS") == geographies.resolve("export zone") == "MY:EPZ"
    assert scheme_codes("geographies", "CUSTOMS") == {"51": "MY:EPZ", "52": "HKG"}
    assert unit_labels()["兆令吉"] == ("MYX", 6)
    with duckdb.connect() as con:
        create_codelists(con)
        assert con.sql("SELECT label_zh FROM items WHERE code = 'MY:CLOUD'").fetchall() == [("云服务",)]
        assert con.sql("SELECT parent FROM geographies WHERE code = 'MY:EPZ'").fetchall() == [("CN-440100",)]
        assert con.sql("SELECT unit FROM unit_labels WHERE label = '兆令吉'").fetchall() == [("MYX",)]
    use_own_codelists({})
    with pytest.raises(UnknownLabel):
        load_codelist("items").resolve("上云")
    assert "兆令吉" not in unit_labels()


def test_own_conversions_may_name_own_series_and_own_currencies() -> None:
    use_own_codelists({
        "conversions": f"{CONVERSION}my_city,CNY,MYX,XR:MYX_CNY.AVG\n",
        "items": "code,label_en\nXR:MYX_CNY.AVG,Own money per yuan\n",
        "units": "code,label_en\nMYX,Own money\nMYX_PER_CNY,Own money per yuan\n",
    })  # fmt: skip
    with duckdb.connect() as con:
        create_codelists(con)
        assert con.sql("SELECT dataset, to_currency, series FROM conversions ORDER BY ALL").fetchall() == [
            ("mofcom_services", "CNY", "XR:CNY_USD.AVG"), ("my_city", "MYX", "XR:MYX_CNY.AVG")
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text", "row", "problem"),
    [
        ("flows", "code,label_en\nZ,Other\n", None, "no code list of this name takes own rows"),
        ("item", "code,label_en\nMY:A,A thing\n", None, "no code list of this name takes own rows"),
        ("items", "label_en\nA thing\n", 1, "the file has no column 'code'"),
        ("items", "", 1, "the file has no column 'code'"),
        ("items", "code,note\nMY:A,x\n", 1, "the file has neither label_en nor label_zh"),
        ("items", "code,label_en,colour\nMY:A,A thing,red\n", 1, "the column 'colour' is unknown"),
        ("items", "code,label_en,label_en\nMY:A,A thing,A thing\n", 1, "a column stands twice"),
        ("items", "code,label_en\nMY:A,A thing\nMY:A,Another\n", 3, "the code MY:A is taken"),
        ("items", "code,label_en\nEBOPS2010:SI,Own words\n", 2, "the code EBOPS2010:SI is taken"),
        ("items", "code,label_en\nMY:A,A thing\n\nMY:B,Travel\n", 4, "the label 'Travel' names EBOPS2010:SD already"),
        ("items", "code,label_en\nMY:A,A thing\nMY:B,a  THING\n", 3, "the label 'a  THING' names MY:A already"),
        ("items", "code,label_en\nCLOUD,Cloud services\n", 2, "the code has no scheme before it"),
        ("geographies", "code,label_en\nXYZ,Nowhere\n", 2, "the code has no scheme before it"),
        ("items", "code,label_en\n,Cloud services\n", 2, "a cell that must be filled is empty"),
        ("items", "code,label_en,label_zh\nMY:A,,\n", 2, "the code MY:A has no label"),
        ("items", "code,label_en\nMY:A,Cloud, and more\n", 2, "the row has more cells than the header"),
        ("items", 'code,label_en\nMY:A,"A" thing\n', 2, "the file is not CSV"),
        ("items", 'code,"label"_en\nMY:A,A thing\n', 1, "the file is not CSV"),
        ("geographies", "code,label_en,iso2\nMY:A,A place,US\n", 2, "the iso2 code US stands for USA already"),
        (
            "geography_codes",
            "scheme,publisher_code,geo\nWTO,000,CHN\n",
            2,
            "the code 000 of the scheme WTO stands for W",
        ),
        (
            "geography_codes",
            "scheme,publisher_code,geo\nMY,1,ZZZ\n",
            2,
            "the place is not in the code list geographies",
        ),
        ("geography_codes", "scheme,publisher_code,geo\nm49,1,CHN\n", 2, "the scheme is no name in capitals"),
        ("geography_codes", "scheme,publisher_code\nMY,1\n", 1, "the file has no column 'geo'"),
        ("unit_labels", "label,unit,unit_mult\n千万令吉,MYR,seven\n", 2, "unit_mult is a power of ten"),
        ("unit_labels", "label,unit,unit_mult\n令吉,MYX,0\n", 2, "the unit is not in the code list units"),
        ("unit_labels", "label,unit,unit_mult\n亿元,CNY,9\n", 2, "the label '亿元' means CNY already"),
        ("conversions", f"{CONVERSION}a,CNY,USD\n", 2, "a cell that must be filled is empty"),
        ("conversions", f"{CONVERSION}a,CNY,XYZ,XR:CNY_USD.AVG\n", 2, "the currency is not in the code list units"),
        ("conversions", f"{CONVERSION}a,CNY,CNY,XR:CNY_USD.AVG\n", 2, "a currency is converted to itself"),
        ("conversions", f"{CONVERSION}a,CNY,USD,XR:NONE\n", 2, "the series is no rate series"),
        ("conversions", f"{CONVERSION}a,CNY,EUR,XR:CNY_USD.AVG\n", 2, "no unit is a rate of these two currencies"),
        ("conversions", f"{CONVERSION}a,CNY,USD,EBOPS2010:SI\n", 2, "the series is no rate series"),
        (
            "conversions",
            CONVERSION + "a,CNY,USD,XR:CNY_USD.AVG\n" * 2,
            3,
            "a is converted from CNY to USD by XR:CNY_USD.AVG already",
        ),
        ("conversions", f"{CONVERSION}mofcom_services,USD,CNY,XR:CNY_USD.AVG\n", 2, "mofcom_services is converted"),
    ],
)
def test_an_own_list_that_cannot_be_used_is_refused(name: str, text: str, row: int | None, problem: str) -> None:
    use_own_codelists({"items": "code,label_en\nMY:KEPT,Kept\n"})
    with pytest.raises(InputError) as caught:
        use_own_codelists({name: text})
    error = caught.value
    assert error.file == f"own/codelists/{name}.csv" and error.row == row and error.todo, str(error)
    assert problem in error.problem
    assert load_codelist("items").resolve("Kept") == "MY:KEPT"  # what was there before stays


@pytest.mark.parametrize(
    ("code", "label", "other"), [("HKG", "中国香港", "香港"), ("MAC", "中国澳门", "澳门"), ("TWN", "中国台湾", "台湾")]
)
def test_economies_that_are_compiled_apart_are_named_alike_in_a_list_of_economies(
    code: str, label: str, other: str
) -> None:
    listed = load_codelist("geographies")
    assert listed.label(code, "zh") == label
    assert listed.resolve(other) == listed.resolve(label) == code
