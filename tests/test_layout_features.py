"""What printed tables do and layouts can say: for each a small table that is read, and one change that breaks it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from transforms.errors import InputError
from transforms.grid import read_book
from transforms.layout import parse_layout
from transforms.observe import Readout, read_book_observations

FRAME = """
files = ["t.xlsx", "t.csv"]
[constants]
geo = "GBR"
partner = "W"
flow = "X"
item = "EBOPS2010:S"
period = "2019"
measure = "value"
unit = "GBP"
unit_mult = 6
price = "current"
"""

Rows = list[list[Any]]
Books = Callable[[dict[str, Rows]], bytes]


@pytest.fixture
def look(book: Books) -> Callable[..., Readout]:
    """look(rows or sheets or CSV text, layout) -> what the reading gives; the layout follows FRAME."""

    def read(table: Rows | dict[str, Rows] | str | bytes, layout: str, frame: str = FRAME) -> Readout:
        if isinstance(table, str | bytes):
            content, name = table.encode() if isinstance(table, str) else table, "t.csv"
        else:
            content, name = book(table if isinstance(table, dict) else {"S": table}), "t.xlsx"
        spec = parse_layout(merge(frame, layout), "t.toml")
        return read_book_observations(
            read_book(content, name, encoding=spec.encoding, delimiter=spec.delimiter), spec, "made_up", "2020"
        )

    return read


def merge(frame: str, layout: str) -> str:
    """Top-level keys of the layout before the tables of the frame."""
    lines = layout.splitlines()
    first = next(place for place, line in enumerate(lines) if line.startswith("["))
    return "\n".join([*lines[:first], frame, *lines[first:]]) + "\n"


def cells(readout: Readout, *columns: str) -> list[tuple[Any, ...]]:
    """The named columns of every observation, in printed order."""
    return [tuple(row[name] for name in columns) for row in readout.observations.to_pylist()]


def fault(call: Callable[[], Readout]) -> str:
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.file and caught.value.todo, str(caught.value)
    return str(caught.value)


D = Decimal

YEARS = """
[header]
contains = ["Item", '/\\d{4}/']
[[columns]]
header = "Item"
role = "key"
column = "item"
[[columns]]
header = '/(?P<year>\\d{4})/'
role = "value"
"""


def test_one_declaration_for_a_column_a_year(look: Callable[..., Readout]) -> None:
    rows = [["Item", 2018, 2019], ["Transport", 1, 2], ["Travel", 3, 4]]
    assert cells(look(rows, YEARS), "item", "period", "value") == [
        ("EBOPS2010:SC", "2018", D(1)), ("EBOPS2010:SC", "2019", D(2)),
        ("EBOPS2010:SD", "2018", D(3)), ("EBOPS2010:SD", "2019", D(4)),
    ]  # fmt: skip
    rows[0].append("Total")
    rows[1].append(9)
    message = fault(lambda: look(rows, YEARS))
    assert "t.xlsx, sheet 'S', row 1, column 4: unknown column. Found: 'Total'" in message


PERIODS = """
[header]
contains = ["Item", "2019"]
[[columns]]
header = "Item"
role = "key"
column = "item"
[[columns]]
header = '/(?P<period>.+)/'
role = "value"
"""


def test_years_quarters_months_and_year_to_date_stand_side_by_side(look: Callable[..., Readout]) -> None:
    rows = [["Item", "2019", "2019 Q3", "Jan 2020", "2020年1-7月"], ["Transport", 1, 2, 3, 4]]
    assert cells(look(rows, PERIODS), "period", "freq") == [
        ("2019", "A"), ("2019-Q3", "Q"), ("2020-01", "M"), ("2020-01/2020-07", "M"),
    ]  # fmt: skip
    rows[0][2] = "2019/20"
    assert "row 1, column 3: what the heading says of period cannot be read ('2019/20' is no" in fault(
        lambda: look(rows, PERIODS)
    )


TWO_ROWS = """
[header]
contains = ["Exports", '/\\d{4}/']
rows = 2
[[columns]]
header = ["", "Item"]
role = "key"
column = "item"
[[columns]]
header = ['/(?P<flow>Exports|Imports)/', '/(?P<year>\\d{4})/']
role = "value"
"""


def test_a_header_of_two_rows_with_merged_cells_and_line_breaks(tmp_path: Any, look: Callable[..., Readout]) -> None:
    import openpyxl

    sheet = openpyxl.Workbook().active
    for row in (
        [None, "Exports", None, "Imports", None],
        ["Item", 2018, 2019, "2018\n(r)", 2019],
        ["Travel", 1, 2, 3, 4],
    ):
        sheet.append(row)
    sheet.merge_cells("B1:C1")
    sheet.merge_cells("D1:E1")
    sheet.parent.save(tmp_path / "t.xlsx")
    content = (tmp_path / "t.xlsx").read_bytes()
    layout = parse_layout(merge(FRAME, "label_marks = '/\\(r\\)/'\n" + TWO_ROWS), "t.toml")
    read = read_book_observations(read_book(content, "t.xlsx"), layout, "made_up", "2020")
    assert cells(read, "flow", "period", "value") == [
        ("X", "2018", D(1)), ("X", "2019", D(2)), ("M", "2018", D(3)), ("M", "2019", D(4)),
    ]  # fmt: skip
    plain = parse_layout(merge(FRAME, TWO_ROWS), "t.toml")
    message = fault(lambda: read_book_observations(read_book(content, "t.xlsx"), plain, "made_up", "2020"))
    assert "row 2, column 4: unknown column" in message


def test_headings_that_are_not_merged_are_filled_to_the_right_only_where_the_layout_says_so(
    look: Callable[..., Readout],
) -> None:
    text = ",Exports,,Imports,\nItem,2018,2019,2018,2019\nTravel,1,2,3,4\n"
    filled = TWO_ROWS.replace("rows = 2", "rows = 2\nfill = true")
    assert cells(look(text, filled), "flow", "value") == [("X", D(1)), ("X", D(2)), ("M", D(3)), ("M", D(4))]
    assert "row 2, column 3: unknown column. Found: '2019'" in fault(lambda: look(text, TWO_ROWS))


def test_a_compound_heading_is_split_into_two_dimensions(look: Callable[..., Readout]) -> None:
    layout = YEARS.replace("'/\\d{4}/'", "'/.* - .*/'").replace(
        "'/(?P<year>\\d{4})/'", "'/(?P<partner>.+) - (?P<flow>Exports|Imports)/'"
    )
    rows = [["Item", "Germany - Exports", "France - Imports"], ["Travel", 1, 2]]
    assert cells(look(rows, layout), "partner", "flow") == [("DEU", "X"), ("FRA", "M")]
    rows[0][1] = "Germany - Turnover"
    assert "unknown column. Found: 'Germany - Turnover'" in fault(lambda: look(rows, layout))
    rows[0][1] = "Atlantis - Exports"
    assert "what the heading says of partner cannot be read ('Atlantis' is not in" in fault(lambda: look(rows, layout))


INDENTED = """
[schemes]
item = "PUB"
[header]
contains = ["2019"]
[[columns]]
header = ""
role = "key"
column = "item"
path = true
[[columns]]
header = "2019"
role = "value"
"""


def test_indented_labels_make_a_path_so_that_other_repeats_under_different_parents(
    look: Callable[..., Readout],
) -> None:
    rows = [["", 2019], ["Transport", 5], ["   Sea", None], ["      Freight", 1], ["      Other", 2], ["   Air", None],
            ["      Other", 3]]  # fmt: skip
    read = look(rows, INDENTED)
    assert cells(read, "item", "value") == [
        ("PUB:Transport", D(5)), ("PUB:Transport > Sea > Freight", D(1)), ("PUB:Transport > Sea > Other", D(2)),
        ("PUB:Transport > Air > Other", D(3)),
    ]  # fmt: skip
    listed = {row["code"]: (row["label"], row["parent"]) for row in read.labels.to_pylist()}
    assert listed["PUB:Transport > Air > Other"] == ("Other", "PUB:Transport > Air")
    assert listed["PUB:Transport > Air"] == ("Air", "PUB:Transport")
    mapped = INDENTED.replace(
        "[schemes]", '[maps.item]\n"Sea > Other" = "EBOPS2010:SC13"\n"Other" = "EBOPS2010:SC23"\n[schemes]'
    )
    assert [item for (item,) in cells(look(rows, mapped), "item")][2:] == ["EBOPS2010:SC13", "EBOPS2010:SC23"]
    rows.append(["", 7])
    assert "row 8, column 1: a row of figures without a label" in fault(lambda: look(rows, INDENTED))


@pytest.mark.parametrize("kind", ["schemes", "fallback_schemes"])
def test_a_mapped_label_above_stands_as_its_code(look: Callable[..., Readout], kind: str) -> None:
    """What lies under exports and under imports of services, both all services, is one item."""
    layout = f"""
{kind}.item = "PUB"
maps.item = {{ "Exports of services" = "EBOPS2010:S", "Imports of services" = "EBOPS2010:S" }}
rows = [ {{ text = '/(?P<flow>Exports|Imports) of services/', role = "section" }} ]
{YEARS.replace('column = "item"', 'column = "item"' + chr(10) + "path = true")}"""
    text = "Item,2019\nExports of services,9\n  Widgets,5\n    Other,1\nImports of services,8\n  Widgets,4\n"
    read = look(text, layout)
    assert cells(read, "flow", "item", "value") == [
        ("X", "EBOPS2010:S", D(9)), ("X", "PUB:EBOPS2010:S > Widgets", D(5)),
        ("X", "PUB:EBOPS2010:S > Widgets > Other", D(1)),
        ("M", "EBOPS2010:S", D(8)), ("M", "PUB:EBOPS2010:S > Widgets", D(4)),
    ]  # fmt: skip
    parents = {row["code"]: row["parent"] for row in read.labels.to_pylist()}
    assert parents["PUB:EBOPS2010:S > Widgets"] == "EBOPS2010:S"


def test_labels_in_several_columns_make_a_path_too(look: Callable[..., Readout]) -> None:
    layout = INDENTED.replace('[[columns]]\nheader = "2019"', """[[columns]]
header = ""
nth = 2
role = "key"
column = "item"
path = true
[[columns]]
header = "2019\"""")  # fmt: skip
    rows = [["", "", 2019], ["Asia", None, None], [None, "Other", 1], ["Europe", None, None], [None, "Other", 2]]
    assert [code for (code,) in cells(look(rows, layout), "item")] == ["PUB:Asia > Other", "PUB:Europe > Other"]


def test_a_row_of_blanks_among_paths_is_no_heading_unless_others_lie_deeper(look: Callable[..., Readout]) -> None:
    rows = [["", 2019], ["Transport", None], ["   Sea", 1], ["Travel", None], ["Other", 2]]
    read = look(rows, INDENTED.replace("[header]", '[blanks]\n"" = "L"\n[header]'))
    assert cells(read, "item", "obs_status") == [("PUB:Transport > Sea", "A"), ("PUB:Travel", "L"), ("PUB:Other", "A")]


PATTERN = YEARS.replace('column = "item"', "pattern = '(?P<item>S[A-Z]\\d*) .*'") + '\n[parse]\nitem = "EBOPS2010"\n'


def test_a_code_and_its_label_in_one_cell(look: Callable[..., Readout]) -> None:
    rows = [["Item", 2019], ["SI Telecommunications", 1], ["SK1 Audiovisual", 2]]
    assert [code for (code,) in cells(look(rows, PATTERN), "item")] == ["EBOPS2010:SI", "EBOPS2010:SK1"]
    rows[2][0] = "Audiovisual"
    assert "row 3, column 1" in fault(lambda: look(rows, PATTERN)) and "does not fit the pattern" in fault(
        lambda: look(rows, PATTERN)
    )


def test_codes_stored_as_numbers_stay_what_is_displayed(look: Callable[..., Readout]) -> None:
    layout = YEARS.replace('column = "item"', 'column = "activity"')
    rows = [["Item", 2019], [(3.1, "0.0"), 1], [(3.1, "0.00"), 2], [10, 3], ["10.1.1", 4]]
    assert [code for (code,) in cells(look(rows, layout), "activity")] == ["3.1", "3.10", "10", "10.1.1"]


SECTIONS = """
[header]
contains = ["Item", "2019"]
[[rows]]
text = '/(?P<flow>Exports|Imports) \\(.*\\)/'
role = "section"
[[rows]]
text = "Balance"
role = "section"
set = { flow = "T", measure = "balance" }
[[columns]]
header = "Item"
role = "key"
column = "item"
[[columns]]
header = "2019"
role = "value"
"""


def test_section_rows_set_a_dimension_until_the_next(look: Callable[..., Readout]) -> None:
    rows = [["Item", 2019], ["Exports (Credits)", None], ["Travel", 5], ["Imports (Debits)", None], ["Travel", 7],
            ["Balance", None], ["Travel", -2]]  # fmt: skip
    assert cells(look(rows, SECTIONS), "flow", "measure", "value") == [
        ("X", "value", D(5)), ("M", "value", D(7)), ("T", "balance", D(-2)),
    ]  # fmt: skip
    rows[3][0] = "Debits"
    assert "row 4, column 1: 'Debits' is not in the code list items" in fault(lambda: look(rows, SECTIONS))


FLOWS = """
[header]
contains = ["Area", "Direction", "Total"]
[maps.flow]
Balance = { flow = "T", measure = "balance" }
[[columns]]
header = "Area"
role = "key"
column = "geo"
fill = true
[[columns]]
header = "Direction"
role = "key"
column = "flow"
[[columns]]
header = "Total"
role = "value"
"""


def test_flow_in_rows_and_labels_filled_down(look: Callable[..., Readout]) -> None:
    rows = [["Area", "Direction", "Total"], ["France", "Exports", 5], [None, "Imports", 3], [None, "Balance", 2],
            ["Germany", "Exports", 1]]  # fmt: skip
    frame = FRAME.replace('geo = "GBR"\n', "").replace('flow = "X"\n', "")
    assert cells(look(rows, FLOWS, frame), "geo", "flow", "measure") == [
        ("FRA", "X", "value"), ("FRA", "M", "value"), ("FRA", "T", "balance"), ("DEU", "X", "value"),
    ]  # fmt: skip
    message = fault(lambda: look(rows, FLOWS.replace("fill = true\n", ""), frame))
    assert "row 3, column 1: '' is not in the code list geographies" in message and "1 more place(s): S!R4C1" in message


def test_unit_and_measure_differ_by_group_of_headings(look: Callable[..., Readout]) -> None:
    layout = """
[header]
contains = ["亿元", "亿美元", "同比%"]
rows = 2
[[columns]]
header = ["项目", ""]
role = "key"
column = "item"
[[columns]]
header = ["出口", '/(?P<unit_label>亿美?元)/']
role = "value"
[[columns]]
header = ["出口", "同比%"]
role = "value"
decimals = 1
set = { measure = "growth", unit = "PERCENT", unit_mult = 0, base_period = "@previous" }
"""
    text = "项目,出口,出口,出口\n,亿元,亿美元,同比%\n运输,100,15.5,3.0\n"
    assert cells(look(text, layout), "measure", "unit", "unit_mult", "base_period", "decimals") == [
        ("value", "CNY", 8, "", 0), ("value", "USD", 8, "", 1), ("growth", "PERCENT", 0, "2018", 1),
    ]  # fmt: skip
    wider = layout.replace('"亿美元", ', "")
    assert "unknown column. Found: '出口 | 亿日元'" in fault(lambda: look(text.replace("亿美元", "亿日元"), wider))


STACKED = """
table_id = "{sheet}/{n}"
repeat = true
title = '/(?P<flow>Exports|Imports), (?P<unit_label>£ (million|billion))/'
[header]
contains = ["Item", '/\\d{4}/']
[[columns]]
header = "Item"
role = "key"
column = "item"
[[columns]]
header = '/(?P<year>\\d{4})/'
role = "value"
"""


def test_tables_stacked_on_one_sheet_take_dimensions_from_their_titles(look: Callable[..., Readout]) -> None:
    rows = [["Exports, £ million"], ["Item", 2018, 2019], ["Travel", 1, 2], [], ["Imports, £ billion"],
            ["Item", 2019], ["Travel", 3]]  # fmt: skip
    assert cells(look(rows, STACKED), "table_id", "flow", "period", "unit_mult", "value") == [
        ("S/1", "X", "2018", 6, D(1)), ("S/1", "X", "2019", 6, D(2)), ("S/2", "M", "2019", 9, D(3)),
    ]  # fmt: skip
    rows[4] = ["Imports in billions"]
    message = fault(lambda: look(rows, STACKED))
    assert "row 5" in message and "'Imports in billions'" in message
    rows[4] = ["Imports, £ billion"]
    once = STACKED.replace("repeat = true\n", "")
    assert "row 5, column 1" in fault(lambda: look(rows, once))


def test_tables_side_by_side_are_cut_at_the_empty_column(look: Callable[..., Readout]) -> None:
    rows = [["Exports, £ million", None, None, "Imports, £ million"], ["Item", 2019, None, "Item", 2019],
            ["Travel", 1, None, "Transport", 2]]  # fmt: skip
    strips = "strips = true\n" + STACKED
    assert cells(look(rows, strips), "flow", "item", "value") == [
        ("X", "EBOPS2010:SD", D(1)), ("M", "EBOPS2010:SC", D(2)),
    ]  # fmt: skip
    assert "row 2" in fault(lambda: look(rows, STACKED))


SHEETS = """
sheets = ['/Table (?P<year>\\d{4})/']
table_id = "{sheet}"
[header]
contains = ["Item", "Value"]
[[columns]]
header = "Item"
role = "key"
column = "item"
[[columns]]
header = "Value"
role = "value"
[[ignore_sheets]]
sheet = "Notes"
reason = "words"
"""


def test_sheets_are_chosen_by_pattern_and_their_names_give_a_dimension(look: Callable[..., Readout]) -> None:
    table = [["Item", "Value"], ["Travel", 1]]
    sheets = {"Notes": [["words"]], " Table 2018": table, "Table 2019 ": table}
    frame = FRAME.replace('period = "2019"\n', "")
    assert cells(look(sheets, SHEETS, frame), "period", "table_id") == [
        ("2018", "Table 2018"),
        ("2019", "Table 2019"),
    ]
    sheets["Extra"] = [["more"]]
    assert "sheet 'Extra': a sheet that the layout does not account for. Found: 'more'" in fault(
        lambda: look(sheets, SHEETS, frame)
    )
    assert "no sheet '/Table (?P<year>" in fault(lambda: look({"Notes": [["w"]]}, SHEETS, frame))


def test_a_table_continued_on_another_sheet_is_one_table(look: Callable[..., Readout]) -> None:
    layout = SHEETS.replace("(?P<year>\\d{4})", "1.*").replace(
        'table_id = "{sheet}"', 'table_id = "1"\ncontinues = true'
    )
    sheets = {"Table 1": [["Item", "Value"], ["Travel", 1]], "Table 1 (cont.)": [["Item", "Value"], ["Transport", 2]]}
    read = look(sheets, layout)
    assert cells(read, "table_id", "item", "locator") == [
        ("1", "EBOPS2010:SD", "t.xlsx!Table 1!R2C2"), ("1", "EBOPS2010:SC", "t.xlsx!Table 1 (cont.)!R2C2"),
    ]  # fmt: skip
    sheets["Table 1 (cont.)"][1][0] = "Sorcery"
    assert "sheet 'Table 1 (cont.)', row 2, column 1: 'Sorcery' is not in" in fault(lambda: look(sheets, layout))


def test_a_sheet_that_repeats_others_is_held_against_them(look: Callable[..., Readout]) -> None:
    layout = """
[[tables]]
sheet = "A"
[[tables]]
sheet = "Long"
repeats = true
[header]
contains = ["Item", "Value"]
[[columns]]
header = "Item"
role = "key"
column = "item"
[[columns]]
header = "Value"
role = "value"
"""
    table = [["Item", "Value"], ["Travel", 1], ["Transport", 2]]
    other = [["Item", "Value"], ["Travel", 1], ["Transport", 3], ["Construction", 4]]
    read = look({"A": table, "Long": other}, layout)
    assert read.notices == (
        "Long repeats other tables: 1 of 3 figures agree, 1 differ, 1 stand only there; first t.xlsx!Long!R3C2 = 3 "
        "where t.xlsx!A!R3C2 = 2",
    )
    assert read.observations.num_rows == 5


@pytest.mark.parametrize("swapped", [False, True])
def test_a_repeated_figure_is_held_against_every_original(look: Callable[..., Readout], swapped: bool) -> None:
    """Sheets A and B both print Travel and Transport; the copy agrees with both on Travel, with one on Transport."""
    layout = """
[[tables]]
sheet = "Long"
repeats = true
[[tables]]
sheets = ["A", "B"]
table_id = "{sheet}"
[header]
contains = ["Item", "Value"]
[[columns]]
header = "Item"
role = "key"
column = "item"
[[columns]]
header = "Value"
role = "value"
"""
    head = ["Item", "Value"]
    long = [head, ["Travel", 1], ["Transport", 3], ["Construction", 4]]
    one, two = [head, ["Travel", 1], ["Transport", 2]], [head, ["Travel", 1], ["Transport", 3]]
    read = look({"Long": long, "A": two if swapped else one, "B": one if swapped else two}, layout)
    differing = "B" if swapped else "A"
    assert read.notices == (
        "Long repeats other tables: 2 of 3 figures agree, 0 differ, 1 stand only there; 1 agree with one table and not "
        f"with another; first t.xlsx!Long!R3C2 = 3 where t.xlsx!{differing}!R3C2 = 2",
    )
    assert read.observations.num_rows == 7


BLANKS = """
[blanks]
".." = "Q"
"-" = { status = "A", value = 0, lower = -0.5, upper = 0.5 }
"(*)" = { status = "Q", lower = -0.5, upper = 0.5 }
"#N/A" = "O"
[[blanks_where]]
when = { item = "EBOPS2010:SD", heading = "2018" }
blanks = { "-" = "M" }
"""


def test_blank_marks_say_a_status_a_value_or_an_interval_and_may_have_a_scope(look: Callable[..., Readout]) -> None:
    rows = [
        ["Item", 2018, 2019],
        ["Transport", "..", " -"],
        ["Travel", "-", "(*)"],
        ["Construction", ("=NA()", "#N/A"), 4],
    ]
    assert cells(look(rows, YEARS + BLANKS), "value", "lower", "upper", "obs_status", "printed") == [
        (None, None, None, "Q", ".."), (D(0), D("-0.5"), D("0.5"), "A", "-"),
        (None, None, None, "M", "-"), (None, D("-0.5"), D("0.5"), "Q", "(*)"),
        (None, None, None, "O", "#N/A"), (D(4), None, None, "A", "4"),
    ]  # fmt: skip
    rows[1][1] = "n.a."
    assert "row 2, column 2: text where a figure belongs" in fault(lambda: look(rows, YEARS + BLANKS))
    rows[1][1] = None
    assert "row 2, column 2: a blank that the layout does not know" in fault(lambda: look(rows, YEARS + BLANKS))


MARKS = """
footnotes = ["(1)", "Source"]
label_marks = '/\\d(,\\d)*/'
[marks]
"p" = "P"
"(1)" = ""
"①" = "E"
"""


def test_footnote_marks_glued_to_figures_and_labels(look: Callable[..., Readout]) -> None:
    text = "Item,2018,2019\nTravel1,5.0p,6①\nTransport2\u00a0,7(1),8\n(1) Break in coverage\nSource: us\n"
    assert cells(look(text, MARKS + YEARS), "value", "decimals", "obs_status", "note") == [
        (D(5), 1, "P", "mark p; (1) Break in coverage; Source: us"),
        (D(6), 0, "E", "(1) Break in coverage; Source: us"),
        (D(7), 0, "A", "(1) Break in coverage; Source: us"), (D(8), 0, "A", "Source: us"),
    ]  # fmt: skip
    assert "row 2, column 3: text where a figure belongs" in fault(
        lambda: look(text, MARKS.replace('"①" = "E"', "") + YEARS)
    )
    unsaid = "\n".join(line for line in MARKS.splitlines() if not line.startswith("label_marks"))
    assert "'Travel1' is not in the code list items" in fault(lambda: look(text, unsaid + "\n" + YEARS))


@pytest.mark.parametrize(
    ("keys", "printed", "value", "decimals"),
    [
        ("", "1,234.50", "1234.50", 2),
        ('decimal_mark = ","\nthousands_mark = "."', "1.234,50", "1234.50", 2),
        ('decimal_mark = ","\nthousands_mark = " "', "1\u202f234,5", "1234.5", 1),
        ('thousands_mark = "\'"', "1'234.5", "1234.5", 1),
        ("parentheses_negative = true", "(1,234)", "-1234", 0),
        ("", "１，２３４．５", "1234.5", 1),
    ],
)
def test_numbers_as_publishers_write_them(
    look: Callable[..., Readout], keys: str, printed: str, value: str, decimals: int
) -> None:
    text = f'Item;2019\nTravel;"{printed}"\n'
    read = look(text, f'delimiter = ";"\n{keys}\n{YEARS}')
    assert cells(read, "value", "decimals", "printed") == [(D(value), decimals, printed)]


@pytest.mark.parametrize("printed", ["1.234,50", "1 234", "(5)", "1'234"])
def test_numbers_of_another_style_are_refused_not_guessed(look: Callable[..., Readout], printed: str) -> None:
    text = f'Item;2019\nTravel;"{printed}"\n'
    assert "row 2, column 2: text where a figure belongs" in fault(lambda: look(text, 'delimiter = ";"\n' + YEARS))


STATUSES = """
[header]
contains = ["Item", "2018"]
[maps.obs_status]
"r" = "A"
"e" = "E"
[[columns]]
header = "Item"
role = "key"
column = "item"
[[columns]]
header = '/(?P<year>\\d{4})/'
role = "value"
[[columns]]
header = ""
role = "status"
of = "left"
[[columns]]
header = ""
nth = 2
role = "note"
of = "left"
"""


def test_statuses_and_notes_in_neighbouring_columns_speak_of_their_figure_alone(look: Callable[..., Readout]) -> None:
    rows = [["Item", 2018, None, 2019, None], ["Travel", 1, "e", 2, "see annex"], ["Transport", 3, "r", 4, None]]
    assert cells(look(rows, STATUSES), "period", "obs_status", "note") == [
        ("2018", "E", ""), ("2019", "A", "see annex"), ("2018", "A", ""), ("2019", "A", ""),
    ]  # fmt: skip
    rows[1][2] = "x"
    assert "row 2, column 3" in fault(lambda: look(rows, STATUSES))


def test_notes_under_the_body_are_kept_with_their_place(look: Callable[..., Readout]) -> None:
    layout = YEARS + "\n[[rows]]\ntext = '/Notes?:?/'\nrole = \"notes\"\n"
    rows = [["Item", 2019], ["Travel", 1], [], ["Notes"], ["1. words", "more words"]]
    read = look(rows, layout)
    assert [(row["kind"], row["words"], row["locator"]) for row in read.texts.to_pylist()] == [
        ("note", "Notes", "t.xlsx!S!R4C1"), ("note", "1. words", "t.xlsx!S!R5C1"),
        ("note", "more words", "t.xlsx!S!R5C2"),
    ]  # fmt: skip
    rows[3] = ["Remarks"]
    assert "row 4, column 1" in fault(lambda: look(rows, layout))


def test_words_beside_the_table_give_dimensions_cell_by_cell_or_as_a_row(look: Callable[..., Readout]) -> None:
    layout = """
texts = ['/Year: \\| (?P<year>\\d{4})/', '/figures in (?P<unit_label>£ million)/']
[header]
contains = ["Item", "Value"]
[[columns]]
header = "Item"
role = "key"
column = "item"
[[columns]]
header = "Value"
role = "value"
"""
    rows = [["Year:", 2017], ["figures in £ million"], ["Item", "Value"], ["Travel", 1]]
    frame = FRAME.replace('period = "2019"\n', "").replace('unit = "GBP"\nunit_mult = 6\n', "")
    assert cells(look(rows, layout, frame), "period", "unit", "unit_mult") == [("2017", "GBP", 6)]
    rows[1] = ["figures in £ thousand"]
    assert "row 2, column 1: text above the header that the layout does not account for" in fault(
        lambda: look(rows, layout, frame)
    )


@pytest.mark.parametrize(
    ("precision", "cell", "value", "decimals", "lower"),
    [
        ("", (12.3456, "0.0"), "12.3456", None, None),  # stored finer than shown: unrounded, no interval
        ('precision = "shown"', (12.3456, "0.0"), "12.3", 1, "12.25"),
        ("", (12.3, "0.00"), "12.3", 2, "12.295"),  # the format shows all there is, and a zero more
        ('precision = "stored"', (12.3, "0.00"), "12.3", None, None),
        ("", 12.3, "12.3", None, None),  # General
        ("decimals = 1", 12.3, "12.3", 1, "12.25"),
        ("", (0.1 + 0.2, "General"), "0.3", None, None),  # noise of binary arithmetic
    ],
)
def test_where_the_precision_of_a_workbook_comes_from(
    look: Callable[..., Readout], precision: str, cell: Any, value: str, decimals: int | None, lower: str | None
) -> None:
    read = look([["Item", 2019], ["Travel", cell]], f"{precision}\n{YEARS}")
    assert cells(read, "value", "decimals", "lower") == [(D(value), decimals, None if lower is None else D(lower))]


def test_an_export_that_ends_whole_numbers_in_point_zero_has_no_decimals(look: Callable[..., Readout]) -> None:
    text = "Item,2019\nTravel,12.0\n"
    assert cells(look(text, "decimals = 0\n" + YEARS), "decimals", "lower", "printed") == [(0, D("11.5"), "12.0")]
    assert "row 2, column 2: the figure is finer" in fault(
        lambda: look(text.replace("12.0", "12.5"), "decimals = 0\n" + YEARS)
    )
    machine = look(text.replace("12.0", "12.0125"), 'precision = "stored"\n' + YEARS)
    assert cells(machine, "value", "decimals", "lower") == [(D("12.0125"), None, None)]


def test_debits_printed_negative_are_turned_and_say_so(look: Callable[..., Readout]) -> None:
    layout = SECTIONS + '\n[[rules]]\nwhen = { flow = "M" }\nthen = { sign = "reversed" }\n'
    text = "Item,2019\nExports (credit),\nTravel,5.0\nImports (debit),\nTravel,-7.5\n"
    assert cells(look(text, layout), "flow", "value", "lower", "upper", "printed", "note") == [
        ("X", D(5), D("4.95"), D("5.05"), "5.0", ""),
        ("M", D("7.5"), D("7.45"), D("7.55"), "-7.5", "printed with the opposite sign"),
    ]  # fmt: skip


def test_namibia_is_no_blank(look: Callable[..., Readout]) -> None:
    layout = YEARS.replace("Item", "Reporter").replace('column = "item"', 'column = "geo"\nparse = "iso2"')
    text = "Reporter,2019\nNA,5\nZA,NA\n"
    frame = FRAME.replace('geo = "GBR"\n', "")
    assert "row 3, column 2: text where a figure belongs" in fault(lambda: look(text, layout, frame))
    read = look(text, layout + '\n[blanks]\n"NA" = "O"\n', frame)
    assert cells(read, "geo", "value", "obs_status") == [("NAM", D(5), "A"), ("ZAF", None, "O")]


@pytest.mark.parametrize(
    ("encoding", "codec"),
    [("utf-8", "utf-8"), ("utf-8", "utf-8-sig"), ("gb18030", "gb18030"), ("gbk", "gbk")],
)
def test_encodings(look: Callable[..., Readout], encoding: str, codec: str) -> None:
    layout = f'encoding = "{encoding}"\n' + YEARS.replace("Item", "项目")
    assert cells(look("项目,2019\n运输,5\n".encode(codec), layout), "item") == [("EBOPS2010:SC",)]


def test_rows_that_cannot_be_read_are_set_aside_with_their_reason_where_the_layout_says_so(
    look: Callable[..., Readout],
) -> None:
    text = "Item,2018,2019\nTravel,1,2\nSorcery,3,4\nTransport,x,6\n"
    read = look(text, 'bad_rows = "quarantine"\n' + YEARS)
    assert cells(read, "item", "period", "value") == [
        ("EBOPS2010:SD", "2018", D(1)), ("EBOPS2010:SD", "2019", D(2)), ("EBOPS2010:SC", "2019", D(6)),
    ]  # fmt: skip
    kept = read.quarantine.to_pylist()
    assert [(row["row"], row["column"], row["found"], row["content"]) for row in kept] == [
        (3, "1", "Sorcery", "Sorcery | 3 | 4"), (4, "2", "x", "Transport | x | 6"),
    ]  # fmt: skip
    assert all("What" not in row["reason"] and row["reason"] for row in kept)
    message = fault(lambda: look(text, YEARS))
    assert (
        "row 3, column 1: 'Sorcery' is not in the code list items" in message and "1 more place(s): R4C2 'x'" in message
    )


def test_wanted_rows_are_kept_and_the_others_counted(look: Callable[..., Readout]) -> None:
    text = "Item,Series,2019\nTravel,EXP,1\nTravel,GDP,2\n"
    layout = (
        'keep = { Series = ["EXP"] }\n' + YEARS + '\n[[columns]]\nheader = "Series"\nrole = "ignore"\nreason = "x"\n'
    )
    read = look(text, layout)
    assert cells(read, "value") == [(D(1),)]
    assert read.notices == ("t.csv: 1 rows are left out as the layout says (keep)",)


def test_a_map_in_a_file_beside_the_layout() -> None:
    layout = FRAME + YEARS.replace("[header]", '[maps]\nitem = "items.csv"\n[header]')
    text = "label,item,measure,note\nPost,EBOPS2010:SC4,,postal\nNet,EBOPS2010:S,balance,\n"
    table = parse_layout(layout, "t.toml", beside={"items.csv": text}).table
    assert table.maps["item"] == {
        "Post": {"item": "EBOPS2010:SC4"}, "Net": {"item": "EBOPS2010:S", "measure": "balance"},
    }  # fmt: skip
    for wrong, message in (
        ("label,item\nPost,EBOPS2010:XX\n", "maps.item 'Post' is not in the code list items"),
        ("label,item\nPost,EBOPS2010:SC4\nPost,EBOPS2010:SC\n", "the map gives a label twice"),
        ("name,item\n", "the map has no columns label and code"),
    ):
        with pytest.raises(InputError, match=message):
            parse_layout(layout, "t.toml", beside={"items.csv": wrong})
    with pytest.raises(InputError, match="names no file beside the layout"):
        parse_layout(layout, "t.toml")


def test_leading_dots_are_indents_and_mapped_labels_above_stand_as_their_codes(look: Callable[..., Readout]) -> None:
    mapped = INDENTED.replace("[schemes]", '[maps.item]\n"Exports of services" = "EBOPS2010:S"\n[schemes]')
    rows = [["", 2019], ["Exports of services", 9], ["..Transport", 5], ["....Sea", 1], ["..Travel", 4]]
    read = look(rows, mapped)
    assert [code for code, in cells(read, "item")] == [
        "EBOPS2010:S", "PUB:EBOPS2010:S > Transport", "PUB:EBOPS2010:S > Transport > Sea", "PUB:EBOPS2010:S > Travel",
    ]  # fmt: skip
    parents = {row["code"]: row["parent"] for row in read.labels.to_pylist()}
    assert parents["PUB:EBOPS2010:S > Transport"] == "EBOPS2010:S"


def test_a_row_is_found_behind_its_line_number(look: Callable[..., Readout]) -> None:
    layout = SECTIONS + '\n[[columns]]\nheader = "Line"\nrole = "ignore"\nreason = "line number"\n'
    rows = [["Line", "Item", 2019], [1, "Imports (Debits)", None], [2, "Travel", 7]]
    assert cells(look(rows, layout), "flow", "value") == [("M", D(7))]
    rows[1][1] = "Debits"
    assert "row 2" in fault(lambda: look(rows, layout))


def test_what_fits_nothing_is_listed(look: Callable[..., Readout]) -> None:
    idle = '\n[[rules]]\nwhen = { period = "2015" }\nthen = { obs_status = "E" }\n'
    read = look([["Item", 2019], ["Exports (x)", None], ["Travel", 5]], SECTIONS + idle)
    assert read.notices == ("t.toml: declared, but nothing fits: rows 'Balance'; rules[1] when {'period': '2015'}",)


def test_words_that_a_number_format_adds_are_marks(look: Callable[..., Readout]) -> None:
    rows = [["Item", 2019], ["Travel", (5, '0"p"')]]
    assert "the number's format adds the words 'p'" in fault(lambda: look(rows, YEARS))
    assert cells(look(rows, YEARS + '\n[marks]\np = "P"\n'), "value", "obs_status", "decimals") == [(D(5), "P", 0)]


def test_a_cell_far_from_the_table_is_refused_at_once(look: Callable[..., Readout]) -> None:
    rows: Rows = [["Item", 2019], ["Travel", 5], *([[]] * 9_000), [None] * 3_000 + ["x"]]
    assert "column 3001: the sheet spans 9,003 rows and 3,001 columns" in fault(lambda: look(rows, YEARS))


def test_a_printed_unit_that_no_list_knows_is_refused_in_the_layout() -> None:
    with pytest.raises(InputError, match=r"constants\.unit_label is not in the list unit_labels"):
        parse_layout(merge(FRAME, YEARS).replace('unit = "GBP"', 'unit_label = "bags of gold"'), "t.toml")


def test_a_second_table_whose_title_does_not_fit_is_named_as_such(look: Callable[..., Readout]) -> None:
    rows = [
        ["Exports, £ million"],
        ["Item", 2019],
        ["Travel", 1],
        ["Imports - £ million"],
        ["Item", 2019],
        ["Travel", 3],
    ]
    message = fault(lambda: look(rows, STACKED))
    assert "row 4" in message or "not the declared title. Found: 'Imports - £ million'" in message


@pytest.mark.parametrize("pattern", ["/\\d+/", "/[¹²³,]+/", "/\\d(,\\d)*/"])
def test_raised_marks_are_no_digits_of_a_label_or_a_year(look: Callable[..., Readout], pattern: str) -> None:
    text = "Item,2018,2019¹\nTravel¹,5,6\n1. Break\n"
    layout = f"label_marks = '{pattern}'\n" + YEARS + "\n[[rows]]\ntext = '/\\d\\. .*/'\nrole = \"notes\"\n"
    assert cells(look(text, layout), "period", "note") == [("2018", "1. Break"), ("2019", "1. Break")]
    assert "unknown column. Found: '2019¹'" in fault(lambda: look(text, YEARS))
