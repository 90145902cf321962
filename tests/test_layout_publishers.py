"""Forms of publishers that no bundled layout knows: what is read, and what is refused before it costs a figure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

from transforms.codelists import load_codelist
from transforms.drafting.draft import draft_layout
from transforms.errors import InputError
from transforms.grid import read_book
from transforms.layout import BULK_LACKS, BULK_LACKS_OF_COLUMNS, BULK_LACKS_ROLES, parse_layout
from transforms.observe import Readout, read_book_observations
from transforms.patterns import find_misread

Rows = list[list[Any]]
LAYOUT = """
files = ["t.xlsx", "t.csv"]
sheets = ["S"]
columns = [ { header = "Item", role = "key", column = "item" }, { header = '/(?P<year>\\d{4})/', role = "value" } ]
[header]
contains = ["Item", "2019"]
[constants]
geo = "GBR"
partner = "W"
flow = "X"
measure = "value"
unit = "GBP"
unit_mult = 6
price = "current"
"""
TABLE: Rows = [["Item", 2018, 2019], ["Transport", 112, 212], ["Travel", 3, 4]]


@pytest.fixture
def look(book: Callable[..., bytes]) -> Callable[..., Readout]:
    """look(rows, sheets or CSV text, keys before the layout) -> what the reading gives."""

    def read(table: Rows | dict[str, Rows] | str, keys: str = "", layout: str = LAYOUT) -> Readout:
        spec = parse_layout(keys + layout, "t.toml")
        if isinstance(table, str):
            read_in = read_book(table.encode(), "t.csv", encoding=spec.encoding)
        else:
            read_in = read_book(book(table if isinstance(table, dict) else {"S": table}), "t.xlsx")
        return read_book_observations(read_in, spec, "made_up", "2020")

    return read


def values(readout: Readout) -> list[D | None]:
    return readout.observations["value"].to_pylist()


def fault(call: Callable[[], Any]) -> str:
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.file and caught.value.todo, str(caught.value)
    return str(caught.value)


# --- marks eat no digits ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", ["2", "２", "٢", "12", "-", "+", "−", ".", ",", "%", "/", "二", "万", "1,2", "- "])
def test_a_mark_that_is_part_of_a_numeral_is_refused(mark: str) -> None:
    message = fault(lambda: parse_layout(f'marks = {{ "{mark}" = "" }}\n{LAYOUT}', "t.toml"))
    assert f"marks {mark!r} would be taken off plain numbers" in message
    assert "raised" in message and "'²'" in message


def test_a_mark_is_no_decimal_or_thousands_mark_and_no_bracket_of_a_negative() -> None:
    for keys, mark in (('thousands_mark = "\'"\n', "'"), ("parentheses_negative = true\n", ")")):
        fault(lambda keys=keys, mark=mark: parse_layout(f'{keys}marks = {{ "{mark}" = "" }}\n{LAYOUT}', "t.toml"))
        parse_layout(f'marks = {{ "{mark}" = "" }}\n{LAYOUT}', "t.toml")


def test_a_mark_that_ends_in_a_digit_is_taken_off_only_where_it_does_not_touch_the_figure(
    look: Callable[..., Readout],
) -> None:
    keys = 'marks = { "2)" = "", "p1" = "P" }\n'
    assert values(look([TABLE[0], ["Travel", "106 2)", "p1 7"]], keys)) == [D(106), D(7)]
    for printed in ("1062)", "p17"):
        assert "text where a figure belongs" in fault(lambda p=printed: look([TABLE[0], ["Travel", p, 3]], keys))


def test_a_raised_digit_is_a_mark_and_the_numbers_beside_it_keep_theirs(look: Callable[..., Readout]) -> None:
    read = look([*TABLE[:2], ["Travel", "1062²", 22]], "marks = { '²' = '' }\n")
    assert values(read) == [D(112), D(212), D(1062), D(22)]


# --- sheets -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("strips", ["", "\nstrips = true"])
def test_an_empty_sheet_that_fits_a_pattern_is_named(look: Callable[..., Readout], strips: str) -> None:
    layout = LAYOUT.replace('sheets = ["S"]', "sheets = ['/T\\d/']" + strips)
    message = fault(lambda: look({"T1": TABLE, "T3": []}, layout=layout))
    assert message == (
        "t.xlsx, sheet 'T3': the sheet is empty, and the layout takes it for a table. What to do: list it under "
        "ignore_sheets in t.toml with a reason, or ask the publisher for the table."
    )
    ignored = 'ignore_sheets = [{ sheet = "T3", reason = "empty" }]\n'
    assert values(look({"T1": TABLE, "T3": []}, ignored, layout)) == [D(112), D(212), D(3), D(4)]


def test_an_empty_sheet_that_continues_a_table_adds_nothing(look: Callable[..., Readout]) -> None:
    layout = LAYOUT.replace('sheets = ["S"]', "sheets = ['/T\\d/']\ncontinues = true")
    assert values(look({"T1": TABLE, "T2": []}, layout=layout)) == [D(112), D(212), D(3), D(4)]
    assert "'T1': the sheet is empty" in fault(lambda: look({"T1": [], "T2": []}, layout=layout))


# A time series workbook: one column a series, ten rows of what is known of it, one of them a date and two of them
# numbers.
SERIES: Rows = [
    [None, "Services credits ;", "Services debits ;  Travel ;"],
    ["Unit", "$ Millions", "$ Millions"],
    ["Series Type", "Original", "Original"],
    ["Data Type", "FLOW", "FLOW"],
    ["Frequency", "Quarter", "Quarter"],
    ["Collection Month", 3, 3],
    ["Series Start", "2020-03", "2020-03"],
    ["Series End", "2020-06", "2020-06"],
    ["No. Obs", 2, 2],
    ["Series ID", "A2325201K", "A2325210K"],
    ["2020-03", 4875, -88],
    ["2020-06", 5415, 56],
]
SERIES_LAYOUT = """
files = ["t.xlsx"]
header = { contains = ["Series ID", "Unit"], rows = 10 }
constants = { geo = "AUS", partner = "W", measure = "value", unit = "AUD", unit_mult = 6, price = "current" }
maps.flow = { "Services credits" = "X", "Services debits" = "M" }
maps.quarter = { "03" = "1", "06" = "2" }
columns = [
  { header = '/Unit \\| .*/', role = "key", pattern = '(?P<year>\\d{4})-(?P<quarter>\\d\\d)' },
  { header = '/(?P<flow>Services \\w+) ;( (?P<item>.+) ;)? \\| \\$ Millions \\| .*/', role = "value" },
]
"""


def test_a_header_of_ten_rows_as_time_series_workbooks_have(look: Callable[..., Readout]) -> None:
    layout = SERIES_LAYOUT.replace("measure =", 'item = "EBOPS2010:S", measure =')
    read = look(SERIES, layout=layout)
    seen = [(r["flow"], r["item"], r["period"], r["value"]) for r in read.observations.to_pylist()]
    assert seen == [
        ("X", "EBOPS2010:S", "2020-Q1", D(4875)), ("M", "EBOPS2010:SD", "2020-Q1", D(-88)),
        ("X", "EBOPS2010:S", "2020-Q2", D(5415)), ("M", "EBOPS2010:SD", "2020-Q2", D(56)),
    ]  # fmt: skip
    assert "header.rows is not 1 to 20" in fault(lambda: look(SERIES, layout=layout.replace("rows = 10", "rows = 21")))


def test_a_draft_of_a_sheet_without_a_column_of_figures_says_that_it_found_no_table(
    book: Callable[..., bytes],
) -> None:
    heads = ["Data Item Description", "Series ID", "Series Start", "No. Obs."]
    index = [heads, *(["Services credits ;", f"A{n}K", "2020-03", 20] for n in range(6))]
    for sheets in ({"Data1": SERIES}, {"Index": index}, {"Index": index, "Data1": SERIES}):
        message = fault(lambda s=sheets: draft_layout(read_book(book(s), "t.xlsx"), "made_up"))
        assert "no table was found" in message
    draft = draft_layout(read_book(book({"Data1": SERIES, "S": TABLE}), "t.xlsx"), "made_up")
    assert draft.problem is None and values(draft.readout) == [D(112), D(212), D(3), D(4)]


# --- short rows of text files -----------------------------------------------------------------------------------------

CSV = """services exports of all kinds
Item,2018,2019,Note

Transport,1,,
{row}
Construction,5,6,n

Source: nobody
"""
CSV_KEYS = """texts = ["services exports of all kinds"]
blanks = { "" = "O" }
rows = [ { text = "Exports", role = "section", set = { flow = "X" } }, { text = '/Source: .*/', role = "notes" } ]
"""
CSV_LAYOUT = LAYOUT.replace('sheets = ["S"]\n', "").replace(
    " ]\n[header]", ', { header = "Note", role = "note" } ]\n[header]'
)


def test_titles_notes_and_blank_lines_need_no_separators(look: Callable[..., Readout]) -> None:
    for row in ("Travel,3,4,", "Exports\nTravel,3,4,", "\nTravel,3,4,,,"):
        assert values(look(CSV.format(row=row), CSV_KEYS, CSV_LAYOUT)) == [D(1), None, *map(D, (3, 4, 5, 6))]


@pytest.mark.parametrize(("row", "count"), [("Travel,3", 2), ("Travel,3,4", 3), ("Travel", 1)])
def test_a_row_of_a_text_file_with_fewer_cells_than_the_header_is_no_row_with_blanks(
    look: Callable[..., Readout], row: str, count: int
) -> None:
    message = fault(lambda: look(CSV.format(row=row), CSV_KEYS, CSV_LAYOUT))
    assert f"t.csv, row 5: the row has too few cells: {count}, and the header has 4" in message
    aside = look(CSV.format(row=row), 'bad_rows = "quarantine"\n' + CSV_KEYS, CSV_LAYOUT)
    assert values(aside) == [D(1), None, D(5), D(6)]
    assert [line["row"] for line in aside.quarantine.to_pylist()] == [5]


def test_a_heading_of_a_path_has_its_separators_too(look: Callable[..., Readout]) -> None:
    keys = CSV_KEYS + 'maps.item = { "All" = "EBOPS2010:S" }\n'
    layout = CSV_LAYOUT.replace('column = "item"', 'column = "item", path = true')
    text = CSV.format(row="All{}\n  Travel,3,4,")
    assert values(look(text.format(",,,"), keys, layout)) == [D(1), None, *map(D, (3, 4, 5, 6))]
    assert "row 5: the row has too few cells: 1" in fault(lambda: look(text.format(""), keys, layout))


def test_a_row_cut_off_before_the_column_that_rows_are_kept_by_is_refused_not_left_out(
    look: Callable[..., Readout],
) -> None:
    keys, layout = CSV_KEYS + 'keep = { Note = ["n", ""] }\n', CSV_LAYOUT
    assert "row 5: the row has too few cells: 2" in fault(lambda: look(CSV.format(row="Travel,3"), keys, layout))
    keys = keys.replace(', ""', "")
    assert "row 5: the row has too few cells: 2" in fault(lambda: look(CSV.format(row="Travel,3"), keys, layout))


# --- bulk files -------------------------------------------------------------------------------------------------------


def test_a_bulk_layout_is_told_all_that_bulk_lacks_at_once() -> None:
    layout = """bulk = true
files = ["t.csv"]
title = "x"
precision = "shown"
constants = { geo = "GBR" }
fallback_schemes = { item = "ONS" }
codes.item = { "ONS:A" = "a" }
header = { contains = ["Item"], rows = 2 }
columns = [
  { header = ["", "Item"], role = "key", column = "item", path = true },
  { header = ["", "2019"], role = "value" },
  { header = ["", "D"], role = "decimals" },
]
"""
    message = fault(lambda: parse_layout(layout, "t.toml"))
    assert message.startswith(
        "t.toml: title, fallback_schemes, codes, precision = 'shown', header.rows = 2, columns ' | Item': path, "
        "columns ' | D': role decimals cannot be read: no meaning for a bulk file. What to do: take out all of these"
    )


def test_the_page_names_all_that_bulk_lacks() -> None:
    page = (Path(__file__).parent.parent / "docs" / "layouts.md").read_text(encoding="utf-8")
    section = page.partition("## Bulk files")[2].partition("## Statuses")[0]
    missing = [k for k in (*BULK_LACKS, *BULK_LACKS_OF_COLUMNS, *BULK_LACKS_ROLES) if f"`{k}`" not in section]
    assert not missing


# --- labels of the publisher's own, misread --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Côte d’Ivoire".encode().decode("cp1252"), "'Côte d’Ivoire' in utf-8"),
        ("Österreich".encode().decode("latin-1"), "'Österreich' in utf-8"),
        ("Prose — ½ price".encode().decode("latin-1"), "'Prose — ½ price' in utf-8"),
        ("旅行服务".encode("gb18030").decode("cp1252"), "'旅行服务' in gb18030"),
        ("运输服务".encode().decode("gb18030"), "'运输服务' in utf-8"),
        ("C\ufffdte", "U+FFFD"),
        ("Cote d\x92Ivoire", "control characters"),
        *((text, "") for text in ("Travel", "Côte d’Ivoire", "Curaçao", "Österreich", "Þýskaland", "São Tomé", "Å",
                                  "ÆØÅ", "Naïve – ½", "Transport²", "中国", "联通", "旅行服务", "Ελλάδα", "Япония")),
    ],
)  # fmt: skip
def test_a_text_read_in_another_encoding_is_told(text: str, said: str) -> None:
    found = find_misread(text)
    assert said in found if said else found == ""


def test_a_misread_label_never_becomes_a_place_of_its_own(look: Callable[..., Readout]) -> None:
    keys = 'fallback_schemes = { partner = "ONS" }\n'
    layout = CSV_LAYOUT.replace('column = "item"', 'column = "partner"').replace("partner =", 'item = "EBOPS2010:S"\n#')
    text = "Item,2018,2019,Note\nCôte Bleue,1,2,\n"
    read = look(text, keys, layout)
    assert set(read.observations["partner"].to_pylist()) == {"ONS:Côte Bleue"}
    message = fault(lambda: look(text, 'encoding = "cp1252"\n' + keys, layout))
    assert "row 2" in message and "its bytes are 'Côte Bleue' in utf-8" in message


def test_every_label_of_the_code_lists_is_read_as_it_should_be() -> None:
    lists = ("geographies", "items", "units", "flows")
    wrong = {label: said for name in lists for label in load_codelist(name).labels if (said := find_misread(label))}
    assert not wrong


# --- periods in titles ------------------------------------------------------------------------------------------------


def dated(*titles: str) -> dict[str, Rows]:
    """A sheet of services trade in 万美元 under each title."""
    table: Rows = [["项目", "出口", "进口"], ["运输", 12.5, 3], ["旅行", 4, 5]]
    return {f"表{n}": [[title], ["单位：万美元"], *table] for n, title in enumerate(titles, 1)}


@pytest.mark.parametrize(
    ("titles", "periods", "pattern"),
    [
        (("广州服务贸易（2024年1-6月）", "广州服务贸易（2024年1-7月）"), ("2024-01/2024-06", "2024-01/2024-07"),
         "(?P<year>\\d{4})年(?P<from_month>"),
        (("广州服务贸易（2023年1-12月）", "广州服务贸易（2024年1-12月）"), ("2023-01/2023-12", "2024-01/2024-12"),
         "(?P<to_month>"),
        (("Services trade, Jan-Jun 2024, Guangzhou", "Services trade, Jan-Sep 2024, Guangzhou"),
         ("2024-01/2024-06", "2024-01/2024-09"), "(?P<period>"),
        (("2024年6月服务贸易", "2024年7月服务贸易"), ("2024-06", "2024-07"), "(?P<period>"),
    ],
)  # fmt: skip
def test_a_draft_reads_the_period_from_each_title(
    book: Callable[..., bytes], titles: tuple[str, str], periods: tuple[str, str], pattern: str
) -> None:
    draft = draft_layout(read_book(book(dated(*titles)), "t.xlsx"), "made_up")
    assert draft.problem is None and draft.readout is not None, draft.problem
    seen = [(row["table_id"], row["period"]) for row in draft.readout.observations.to_pylist()]
    assert list(dict.fromkeys(seen)) == [("表1", periods[0]), ("表2", periods[1])]
    assert pattern in draft.text and "\nperiod =" not in draft.text


def test_titles_of_different_periods_are_never_read_as_one_period(look: Callable[..., Readout]) -> None:
    layout = """
files = ["t.xlsx"]
sheets = ['/表\\d/']
title = '/服务贸易 2024年1-\\d月/'
texts = ["单位：万美元"]
header = { contains = ["项目"] }
constants = { geo = "CHN", partner = "W", period = "2024-01/2024-06", measure = "value", unit_label = "万美元" }
columns = [{ header = "项目", role = "key", column = "item" }, { header = '/(?P<flow>.+)/', role = "value" }]
"""
    sheets = dated("服务贸易 2024年1-6月", "服务贸易 2024年1-7月")
    message = fault(lambda: look(sheets, layout=layout))
    assert "t.xlsx, sheet '表2', row 1: the titles name different periods" in message and "2024-01/2024-06" in message
    assert len(values(look(dated("服务贸易 2024年1-6月", "服务贸易 2024年1-6月"), layout=layout))) == 8
    mended = layout.replace("2024年1-\\d月", "(?P<period>.+)").replace('period = "2024-01/2024-06", ', "")
    assert set(look(sheets, layout=mended).observations["period"].to_pylist()) == {
        "2024-01/2024-06", "2024-01/2024-07",
    }  # fmt: skip


# --- messages ---------------------------------------------------------------------------------------------------------


def test_a_column_read_by_a_pattern_is_named_by_its_heading(look: Callable[..., Readout]) -> None:
    layout = LAYOUT.replace('column = "item"', "pattern = '(?P<item>.+) total'")
    assert "row 2, column 1: the column 'Item' cannot be read (the cell does not fit" in fault(
        lambda: look(TABLE, layout=layout)
    )


def test_a_number_of_another_style_is_quoted_as_it_stands(look: Callable[..., Readout]) -> None:
    keys, layout = 'decimal_mark = ","\nthousands_mark = "."\n', LAYOUT.replace('sheets = ["S"]\n', "")
    message = fault(lambda: look("Item,2018,2019\nTravel,1.23,4\n", keys, layout))
    assert "('1.23' is no number with ',' for decimals and '.' for thousands, as the layout says)" in message
    assert "1,23" not in message


# --- patterns that hang -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pattern", ["(a+)+b", "(a*)*", r"(\s*\w+)*", "(, .+)*", "((a{1,30})x?){1,30}b", "(.+?)+", "(a|b+)+"]
)
def test_a_repeat_within_a_repeat_is_refused(pattern: str) -> None:
    message = fault(lambda: parse_layout(f"texts = ['/Millions {pattern}/']\n{LAYOUT}", "t.toml"))
    assert "texts[1] repeats what is itself repeated, which may hang a run" in message


@pytest.mark.parametrize(
    "pattern", [r"(\w+,)*", r"\d(,\d)*", r"([.]\s*)+", ".*a.*", "(ab)+", r"(\d+ ?){1,3}", r"(?:[A-Z][a-z]*)+", "(|a)x+"]
)
def test_other_repeats_are_none_of_that(pattern: str) -> None:
    assert parse_layout(f"texts = ['/Millions {pattern}/']\n{LAYOUT}", "t.toml").table.texts


@pytest.mark.parametrize("pattern", [r"(\w+,)*", r"\d(,\d)*", r"([.]\s*)+"])
def test_what_is_allowed_ends_soon(pattern: str) -> None:
    for text in ("a," * 40 + "!", "1" + ",1" * 40 + "!", ". " * 40 + "!"):
        assert re.fullmatch(pattern, text) is None


# --- drafts -----------------------------------------------------------------------------------------------------------


def test_a_draft_of_a_long_file_leaves_out_numbers_of_series_and_takes_the_unit_from_its_columns() -> None:
    head = "REF_DATE,GEO,DGUID,Trading partners,Trade,UOM,SCALAR_FACTOR,VECTOR,COORDINATE,VALUE,STATUS\n"
    rows = [
        f"{year},Canada,2016A000011124,{place},{side},Dollars,millions,v{n}{year},1.{n},{value},{status}\n"
        for year in (2021, 2022)
        for n, (place, side, value, status) in enumerate(
            [("Japan", "Exports", "5.1", ""), ("Japan", "Imports", "6.2", "r"), ("France", "Exports", "", "x"),
             ("France", "Imports", "7.5", ""), ("Germany", "Exports", "8.5", ""), ("Germany", "Imports", "", "..")], 1)
    ]  # fmt: skip
    draft = draft_layout(read_book((head + "".join(rows)).encode(), "t.csv"), "made_up")
    assert draft.problem is None and draft.readout is not None, draft.problem
    text = tomllib.loads(draft.text)
    roles = {column["header"]: column["role"] for column in text["columns"]}
    assert {roles[name] for name in ("VECTOR", "COORDINATE", "DGUID")} == {"ignore"}
    assert text["constants"]["unit_mult"] == 6 and text["maps"]["obs_status"] == {"r": "A", "x": "Q", "..": "L"}
    statuses = sorted(row["obs_status"] for row in draft.readout.observations.to_pylist() if row["value"] is None)
    assert statuses == ["L", "L", "Q", "Q"]


def test_a_draft_takes_no_day_of_release_for_the_period(book: Callable[..., bytes]) -> None:
    table: Rows = [["Line", "Type of service", "Value"], [1, "Transport", 5], [2, "Travel", 6], [3, "Construction", 7]]
    rows = [["Trade in services, all countries"], ["Release Date: July 3, 2025"], *table]
    draft = draft_layout(read_book(book({"S": rows}), "t.xlsx"), "made_up")
    assert tomllib.loads(draft.text.replace("# TODO", "#"))["constants"]["period"] == ""
