"""digitrade layout: what is seen in unknown files, and drafts that read every figure."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import typer
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from expectations.run import load_suite
from flows.layout_command import layout as layout_command
from transforms.codelists import use_own_codelists
from transforms.drafting.check import check_layout, say_remedy, show_patterns
from transforms.drafting.draft import Draft, draft_layout
from transforms.drafting.find_tables import see_sheet
from transforms.drafting.headings import is_numbering
from transforms.drafting.meanings import find_geos, forget_lists, guess_style
from transforms.drafting.text_files import guess_text_form
from transforms.errors import InputError
from transforms.grid import Book, read_book
from transforms.layout import parse_layout

runner = CliRunner()
app = typer.Typer()
app.command()(layout_command)


@app.callback()
def main() -> None:
    """So that the command keeps its name."""


def draft_text(content: str | bytes, name: str = "t.csv", encoding: str = "") -> Draft:
    content = content.encode() if isinstance(content, str) else content
    form = guess_text_form(content, name, encoding=encoding)
    book = read_book(content, name, encoding=form.encoding, delimiter=form.delimiter)
    return draft_layout(book, "my_data", encoding=form.encoding, delimiter=form.delimiter)


def read_draft(draft: Draft) -> list[dict[str, Any]]:
    assert draft.problem is None, f"{draft.problem}\n{draft.text}"
    assert draft.observations is not None
    return list(draft.observations.to_pylist())


def values_of(rows: list[dict[str, Any]]) -> Counter[Decimal | None]:
    return Counter(None if row["value"] is None else row["value"].normalize() for row in rows)


# --- how a text is written -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "encoding", "sure"),
    [
        ("年份,出口\n2020,1\n".encode(), "utf-8", "certain"),
        ("年份,出口\n2020,1\n".encode("utf-8-sig"), "utf-8-bom", "certain"),
        ("年份,服务贸易出口（亿美元）\n2020,1\n".encode("gb18030"), "gb18030", "likely"),
        ("Côte d'Ivoire,Österreich,Curaçao\n1,2,3\n".encode("cp1252"), "cp1252", "likely"),
        (b"Year,Exports\n2020,1\n", "utf-8", "certain"),
    ],
)
def test_encoding_is_guessed(content: bytes, encoding: str, sure: str) -> None:
    form = guess_text_form(content, "t.csv")
    assert (form.encoding, form.sure) == (encoding, sure)


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("Land;2019;2020\nBrasil;1,5;2,5\nPeru;10,1;3,5\n", ";"),
        ("Country\t2019\t2020\nChina, P.R.\t1\t2\n", "\t"),
        ("Country,2019,2020\nPeru,1,2\n", ","),
        ("a|b|c\nx|1|2\n", "|"),
    ],
)
def test_delimiter_is_guessed(text: str, delimiter: str) -> None:
    assert guess_text_form(text.encode(), "t.csv").delimiter == delimiter


@pytest.mark.parametrize(
    ("texts", "decimal", "thousands"),
    [
        (["1,234", "12.5"], ".", ","),
        (["1.234,5", "12,5"], ",", "."),
        (["12 345,6", "1,5"], ",", " "),
        (["12 345", "999"], ".", " "),
        (["1,234", "5,678"], ".", ","),
    ],
)
def test_number_style_is_guessed(texts: list[str], decimal: str, thousands: str) -> None:
    style = guess_style(texts)
    assert (style.decimal_mark, style.thousands_mark) == (decimal, thousands)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html><body>Not found</body></html>", "web page"),
        ("a,b\n1,2\n".encode("utf-16"), "UTF-16"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"a,b\x00\n1,2\n", "NUL"),
    ],
)
def test_what_is_no_table_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        guess_text_form(content, "t.csv")
    assert caught.value.todo


# --- drafts by hand --------------------------------------------------------------------------------------------------


def test_wide_years() -> None:
    rows = read_draft(draft_text("Exports of services in US$ million\nCountry,2019,2020\nChina,100.5,..\nPeru,3,4\n"))
    assert [(r["geo"], r["period"], r["flow"], r["printed"], r["obs_status"]) for r in rows] == [
        ("CHN", "2019", "X", "100.5", "A"),
        ("CHN", "2020", "X", "..", "O"),
        ("PER", "2019", "X", "3", "A"),
        ("PER", "2020", "X", "4", "A"),
    ]
    assert {(r["unit"], r["unit_mult"]) for r in rows} == {("USD", 6)}


def test_blank_mark_is_left_for_a_person_to_settle() -> None:
    draft = draft_text("Country,2019,2020\nChina,100,[c]\nPeru,(D),4\n")
    assert '"[c]" = "O"  # TODO' in draft.text
    assert '"(D)" = "O"  # TODO' in draft.text
    assert "first C2" in draft.text


def test_flows_in_columns_with_balance() -> None:
    rows = read_draft(draft_text("Year,Exports,Imports,Balance\n2019,10,4,6\n2020,12,5,7\n"))
    assert [(r["flow"], r["measure"], int(r["value"])) for r in rows if r["period"] == "2020"] == [
        ("X", "value", 12),
        ("M", "value", 5),
        ("T", "balance", 7),
    ]


def test_quarters_and_year_to_date() -> None:
    draft = draft_text("Service,2020 Q1,2020 Q2,Jan-Jun 2020\nTravel,1,2,3\nTransport,4,5,9\n")
    rows = read_draft(draft)
    assert [r["period"] for r in rows[:3]] == ["2020-Q1", "2020-Q2", "2020-01/2020-06"]
    assert {r["item"] for r in rows} == {"EBOPS2010:SD", "EBOPS2010:SC"}


def test_periods_that_allow_several_readings_stand_under_maps() -> None:
    draft = draft_text("Service,2018/19,2019/20\nTravel,1,2\nTransport,4,5\n")
    assert {r["period"] for r in read_draft(draft)} == {"2018/2019", "2019/2020"}
    assert "[maps.period]  # TODO" in draft.text


def test_decimal_comma_with_semicolons() -> None:
    draft = draft_text("Land;2019;2020\nBrasil;1.234,5;2,5\nPeru;10,1;-3,25\n")
    assert values_of(read_draft(draft)) == Counter(map(Decimal, ("1234.5", "2.5", "10.1", "-3.25")))
    assert 'delimiter = ";"' in draft.text
    assert 'decimal_mark = ","' in draft.text


def test_chinese_table_in_gb18030_with_growth_beside_each_flow() -> None:
    text = (
        "表7 广州服务贸易（亿美元）\n年份,出口,同比（%）,进口,同比（%）\n"
        "2019,100.1,5.0,80.5,-1.2\n2020,110,9.9,…,0.5\n数据来源：商务局\n"
    )
    draft = draft_text(text.encode("gb18030"))
    rows = read_draft(draft)
    said = [(r["flow"], r["measure"], r["unit"], r["unit_mult"], r["printed"]) for r in rows if r["period"] == "2020"]
    assert said == [
        ("X", "value", "USD", 8, "110"),
        ("X", "growth", "PERCENT", 0, "9.9"),
        ("M", "value", "USD", 8, "…"),
        ("M", "growth", "PERCENT", 0, "0.5"),
    ]
    assert 'encoding = "gb18030"' in draft.text


def test_long_table_with_codes_labels_and_several_values() -> None:
    text = (
        "Reporter,Reporter_name,Flow,Item_code,Year,Reported_value,Final_value\n"
        "NA,Namibia,X,SI,2019,1.5,1.5\nNA,Namibia,M,SI,2019,NA,2.5\nAR,Argentina,X,SJ,2020,7,8\n"
    )
    rows = read_draft(draft_text(text))
    assert len(rows) == 6
    assert {r["geo"] for r in rows} == {"NAM", "ARG"}
    assert {r["item"] for r in rows} == {"EBOPS2010:SI", "EBOPS2010:SJ"}
    assert [r["printed"] for r in rows if r["obs_status"] == "O"] == ["NA"]


def test_marks_glued_to_figures_stand_under_marks() -> None:
    draft = draft_text("Country,2019,2020\nChina,100.5p,110*\nPeru,3,4\n")
    assert values_of(read_draft(draft)) == Counter(map(Decimal, ("100.5", "110", "3", "4")))
    assert 'p = ""  # TODO' in draft.text


def test_figures_with_an_exponent_are_no_blanks() -> None:
    draft = draft_text("Country,2019,2020\nChina,100.5,1.2E+05\nPeru,3,4\n")
    assert draft.problem is not None
    assert draft.problem.found == "1.2E+05"


def test_row_that_cannot_be_read_is_set_aside() -> None:
    lines = ["Economy,Year,Value,Note", *(f"{place},2024,{n}.5," for n, place in enumerate(PLACES[:60], 1))]
    draft = draft_text("\n".join([*lines[:30], "China, Hong Kong SAR,2024,7.5", *lines[30:]]) + "\n")
    assert len(read_draft(draft)) == 60
    assert 'bad_rows = "quarantine"  # TODO 1 row cannot be read' in draft.text


PLACES = [
    "Albania",
    "Algeria",
    "Angola",
    "Argentina",
    "Armenia",
    "Australia",
    "Austria",
    "Azerbaijan",
    "Bahrain",
    "Bangladesh",
    "Belarus",
    "Belgium",
    "Belize",
    "Benin",
    "Bhutan",
    "Botswana",
    "Brazil",
    "Bulgaria",
    "Burundi",
    "Cambodia",
    "Cameroon",
    "Canada",
    "Chad",
    "Chile",
    "China",
    "Colombia",
    "Croatia",
    "Cuba",
    "Cyprus",
    "Denmark",
    "Djibouti",
    "Dominica",
    "Ecuador",
    "Egypt",
    "Eritrea",
    "Estonia",
    "Ethiopia",
    "Fiji",
    "Finland",
    "France",
    "Gabon",
    "Georgia",
    "Germany",
    "Ghana",
    "Greece",
    "Grenada",
    "Guatemala",
    "Guinea",
    "Guyana",
    "Haiti",
    "Honduras",
    "Hungary",
    "Iceland",
    "India",
    "Indonesia",
    "Iraq",
    "Ireland",
    "Israel",
    "Italy",
    "Jamaica",
    "Japan",
    "Jordan",
]


# --- workbooks -------------------------------------------------------------------------------------------------------


def make_merged_book() -> bytes:
    """Two header rows, Exports and Imports merged over their years; labels under labels by indent; notes below."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet("Trade")
        indented = book.add_format({"indent": 1})
        sheet.write(0, 0, "Trade in services of the UK, £ million")
        sheet.merge_range(2, 1, 2, 2, "Exports")
        sheet.merge_range(2, 3, 2, 4, "Imports")
        for c, year in enumerate((2019, 2020, 2019, 2020), 1):
            sheet.write(3, c, year)
        sheet.write(3, 0, "Service")
        for r, (label, deeper, figures) in enumerate(
            [("Transport", False, ()), ("Sea", True, (1, 2, 3, 4)), ("Other", True, (5, 6, 7, "..")),
             ("Travel", False, ()), ("Other", True, (8, 9, 10, 11))], 4):  # fmt: skip
            sheet.write(r, 0, label, indented if deeper else None)
            for c, figure in enumerate(figures, 1):
                sheet.write(r, c, figure)
        sheet.write(10, 0, "Source: the office")
        book.add_worksheet("Notes").write(0, 0, "Words only")
    return buffer.getvalue()


def test_merged_headers_indents_notes_and_a_sheet_of_words() -> None:
    draft = draft_layout(read_book(make_merged_book(), "t.xlsx"), "my_data")
    rows = read_draft(draft)
    assert len(rows) == 12
    assert {r["geo"] for r in rows} == {"GBR"}
    others = [r["item"] for r in rows if r["printed"] in ("5", "8")]
    assert len(set(others)) == 2, "the two Others stand under different labels"
    assert [(r["flow"], r["period"]) for r in rows[:4]] == [("X", "2019"), ("X", "2020"), ("M", "2019"), ("M", "2020")]
    assert '[[ignore_sheets]]\nsheet = "Notes"' in draft.text


def test_stacked_tables_on_thirty_sheets_are_one_form(book: Callable[..., bytes]) -> None:
    services = ["Computer services", "Travel", "Construction", "Financial services", "Transport"]
    sheets: dict[str, list[list[Any]]] = {}
    expected: Counter[Decimal | None] = Counter()
    figure = 0
    for number in range(1, 31):
        rows: list[list[Any]] = [["£ million"]]
        for stacked in range(2):
            rows += [[f"Table {number}.{stacked} Trade in {services[(number + stacked) % 5]}, 2019 to 2020"],
                     ["Country", 2019, 2020]]  # fmt: skip
            for country in ("Austria", "Belgium", "Chile"):
                figure += 2
                rows.append([country, figure, ".." if country == "Chile" else figure + 1])
                expected.update(
                    [Decimal(figure).normalize(), None if country == "Chile" else Decimal(figure + 1).normalize()]
                )
            rows.append([])
        rows.append(["Source: the office"])
        sheets[f"Table {number}"] = rows
    draft = draft_layout(read_book(book(sheets), "t.xlsx"), "my_data")
    rows_read = read_draft(draft)
    assert len(draft.forms) == 1
    assert len(draft.text.splitlines()) < 60
    assert values_of(rows_read) == expected
    assert len({r["table_id"] for r in rows_read}) == 60


def test_two_forms_in_one_workbook(book: Callable[..., bytes]) -> None:
    content = book({
        "A": [["Year", "Exports", "Imports"], [2019, 1.5, 2], [2020, 3, 4]],
        "B": [["Country", "2019", "2020"], ["Peru", 5, 6], ["Chile", 7, "-"]],
    })  # fmt: skip
    draft = draft_layout(read_book(content, "t.xlsx"), "my_data")
    assert values_of(read_draft(draft)) == Counter([*map(Decimal, ("1.5", "2", "3", "4", "5", "6", "7")), None])
    assert draft.text.count("[[tables]]") == 2


def make_ods(rows: list[list[str]]) -> bytes:
    cells = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="float" office:value="{cell}"><text:p>{cell}</text:p>'
            "</table:table-cell>"
            if cell.isdigit()
            else f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>'
            for cell in row
        )
        + "</table:table-row>"
        for row in rows
    )
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{full}:1.0"'
        for name, full in (("office", "office"), ("table", "table"), ("text", "text"), ("style", "style"))
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {spaces} office:version="1.2"><office:body>'
        f'<office:spreadsheet><table:table table:name="Sheet">{cells}</table:table></office:spreadsheet></office:body>'
        "</office:document-content>"
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr(
            "META-INF/manifest.xml",
            '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" '
            'manifest:version="1.2">'
            '<manifest:file-entry manifest:full-path="/" '
            'manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/></manifest:manifest>',
        )
    return buffer.getvalue()


def test_ods() -> None:
    content = make_ods([["Country", "2019", "2020"], ["Peru", "5", "6"], ["Chile", "7", "8"]])
    rows = read_draft(draft_layout(read_book(content, "t.ods"), "my_data"))
    assert [(r["geo"], r["period"], int(r["value"])) for r in rows] == [
        ("PER", "2019", 5), ("PER", "2020", 6), ("CHL", "2019", 7), ("CHL", "2020", 8)]  # fmt: skip


def test_file_without_a_table_is_refused() -> None:
    with pytest.raises(InputError, match="no table was found"):
        draft_text("Country,Region\nPeru,South America\nChile,South America\n")


def test_dataset_named_in_any_letters_gives_a_scheme_that_layouts_take() -> None:
    book_ = read_book(b"Service,2019\nSome kind,1\nOther kind,2\n", "t.csv")
    for dataset in ("我的数据", "2018 data", "a b/c"):
        assert draft_layout(book_, dataset).problem is None, dataset


# --- the law ---------------------------------------------------------------------------------------------------------

LABELS = st.text(st.sampled_from("abcdeéöABCDE 服务贸易&'()/-.\\\"[]+*?|^$#"), min_size=3, max_size=24).map(
    lambda text: f"L{' '.join(text.split())}w"
)
FIGURES = st.one_of(
    st.integers(-(10**6), 10**6).map(str),
    st.integers(1900, 2100).map(str),
    st.decimals(-(10**5), 10**5, places=2).map(str),
    st.integers(10**3, 10**9).map(lambda n: f"{n:,}"),
    st.sampled_from(["..", "-", "n/a", "[c]", "(D)", "…", ""]),
)
YEARS = st.integers(1950, 2090).flatmap(lambda start: st.integers(1, 6).map(lambda n: list(range(start, start + n))))
FLOWS = st.sampled_from([["Exports"], ["Exports", "Imports"], ["Exports", "Imports", "Balance"], ["出口", "进口"]])


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[list[str]], Counter[Decimal | None]]:
    """The rows of an ordinary table, wide or long, and its figures (None: a blank)."""
    form = draw(st.sampled_from(["years", "flows", "two rows", "long"]))
    years, flows = draw(YEARS), draw(FLOWS)
    labels = draw(st.lists(LABELS, min_size=2, max_size=6, unique_by=lambda text: "".join(text.casefold().split())))
    title = [[draw(LABELS) + " of services"]] if draw(st.booleans()) else []
    if form == "years":
        head = [["Service", *map(str, years)]]
        keys = [[label] for label in labels]
    elif form == "flows":
        head = [["Year", *flows]]
        keys = [[str(year)] for year in years]
    elif form == "two rows":
        head = [["", *(flow for flow in flows for _ in years)], ["Service", *(str(y) for _ in flows for y in years)]]
        keys = [[label] for label in labels]
    else:
        head = [["Service", "Flow", "Year", "Value"]]
        keys = [[label, flow, str(year)] for label in labels for flow in flows for year in years]
    width = len(head[-1]) - len(keys[0])
    body = [[*key, *(draw(FIGURES) for _ in range(width))] for key in keys]
    body[0][-1] = "12.5"  # something that can be nothing but a figure
    for column in range(len(keys[0]), len(head[-1])):
        if all(not is_number(row[column]) for row in body):
            body[-1][column] = "7.25"
    figures: Counter[Decimal | None] = Counter()
    for key, row in zip(keys, body, strict=True):
        if not any(row[len(key) :]):
            row[-1] = "3.5"
        figures.update(Decimal(c.replace(",", "")).normalize() if is_number(c) else None for c in row[len(key) :])
    return [*title, *head, *body], figures


def is_number(text: str) -> bool:
    try:
        Decimal(text.replace(",", ""))
    except ArithmeticError:
        return False
    return True


def write_csv(rows: list[list[str]]) -> str:
    def quote(cell: str) -> str:
        return '"' + cell.replace('"', '""') + '"' if set(cell) & set(',"\n') else cell

    return "".join(",".join(map(quote, row)) + "\n" for row in rows)


@given(tables())
@settings(max_examples=settings.default.max_examples * 4 // 3)
def test_every_figure_of_an_ordinary_table_is_read(made: tuple[list[list[str]], Counter[Decimal | None]]) -> None:
    rows, expected = made
    draft = draft_text(write_csv(rows))
    assert values_of(read_draft(draft)) == expected, draft.text


# --- real files ------------------------------------------------------------------------------------------------------

REAL = [
    ("batis_argentina/batis_bpm6_dec2025_AR_WL_X_2005_2024.csv", 780),
    ("ons_subnational/2018internationaltradeinservicesexceldatatables.xlsx", 17082),
    ("ons_subnational/subnationalserviceexports2017.xlsx", 2718),
    ("ons_uk_services/internationaltradeinservices2019.xlsx", 23013),
    ("ons_uk_services/pinkbook2020chapter3.xls", 6854),
    ("sdmx_samples/pysdmx_data_v1.csv", 1000),
    ("unctadstat_viewer/US.FdiFlowsStock_20251216_022212.csv", 196),
    ("world_bank_wdi/API_BX.GSR.CCIS.CD_DS2_en_csv_v2_920.csv", 17556),
    ("wto_india/dds_india.csv", 378),
    ("wto_india/tismos_india.csv", 7920),
]


@pytest.mark.parametrize(("name", "observations"), REAL, ids=lambda value: Path(str(value)).name[:24])
def test_draft_of_a_real_file_reads(shared_data: Path, name: str, observations: int) -> None:
    path = shared_data / name
    content = path.read_bytes()
    if path.suffix == ".csv":
        draft = draft_text(content, path.name)
    else:
        draft = draft_layout(read_book(content, path.name), "my_data")
    assert len(read_draft(draft)) == observations


# --- the check -------------------------------------------------------------------------------------------------------

FORM = """
files = ["t.xlsx"]
sheets = ['/S\\d/']
[header]
contains = ["Country", "2019"]
[constants]
partner = "W"
flow = "X"
item = "EBOPS2010:S"
measure = "value"
unit = "USD"
unit_mult = 6
[[columns]]
header = "Country"
role = "key"
column = "geo"
[[columns]]
header = '/(?P<year>\\d{4})/'
role = "value"
"""


@pytest.fixture
def faulty(book: Callable[..., bytes]) -> Book:
    head = ["Country", "2019", "2020"]
    sheets = {
        "S1": [head, ["Peru", 1, ".."], ["Chile", "..", 4], ["Narnia", 5, 6]],
        "S2": [["A title"], head, ["Peru", 1, 2]],
        "S3": [head, ["Peru", 1, "x1x"], ["Chile", 3, 4]],
        "Words": [["some words"]],
    }
    return read_book(book(sheets), "t.xlsx")


def test_check_lists_the_faults_of_all_sheets_at_once(faulty: Book) -> None:
    report = check_layout(faulty, parse_layout(FORM, "t.toml"), "my_data")
    groups = {group.problem: group for group in report.faults}
    assert report.readout is None
    sheet = next(group for problem, group in groups.items() if "sheet that the layout" in problem)
    assert dict(sheet.found) == {"Words": 1}
    assert '[[ignore_sheets]]\nsheet = "Words"' in sheet.suggestion
    figures = groups["text where a figure belongs"]
    assert figures.found == {"..": 2, "x1x": 1}
    assert figures.places[".."] == ["S1!C2", "S1!B3"]
    assert '".." = "O"' in figures.suggestion
    label = next(group for problem, group in groups.items() if "code list geographies" in problem)
    assert label.places == {"Narnia": ["S1!A4"]}
    assert any("A title" in group.found for group in report.faults), "the title of S2 is no secret of S2 alone"
    assert all(group.todo for group in report.faults)


def test_check_of_a_layout_that_reads(book: Callable[..., bytes]) -> None:
    content = book({"S1": [["Country", "2019"], ["Peru", 1]], "S2": [["Country", "2019"], ["Peru", 2]]})
    report = check_layout(read_book(content, "t.xlsx"), parse_layout(FORM, "t.toml"), "my_data")
    assert report.faults == ()
    assert report.readout is not None
    assert report.readout.observations["table_id"].to_pylist() == ["S1", "S2"]


def test_check_finds_figures_that_nothing_tells_apart(book: Callable[..., bytes]) -> None:
    content = book({"S1": [["Country", "2019"], ["Peru", 1], ["Peru", 2]]})
    report = check_layout(read_book(content, "t.xlsx"), parse_layout(FORM, "t.toml"), "my_data")
    assert [group.problem for group in report.faults] == ["several figures with the same key"]
    assert next(iter(report.faults[0].places.values())) == ["S1!B2"]


# --- the command -----------------------------------------------------------------------------------------------------


@pytest.fixture
def wide(tmp_path: Path) -> Path:
    path = tmp_path / "wide.csv"
    path.write_text("Country,2019,2020\nPeru,1,..\nChile,3,4\n", encoding="utf-8")
    return path


def test_command_drafts_writes_and_checks(wide: Path, tmp_path: Path) -> None:
    out = tmp_path / "wide.toml"
    made = runner.invoke(app, ["layout", str(wide), "--out", str(out)])
    assert made.exit_code == 0, made.output
    assert "4 observations" in made.output
    assert "data/own/layouts/wide" in made.output
    checked = runner.invoke(app, ["layout", str(wide), "--check", str(out)])
    assert checked.exit_code == 0, checked.output
    assert "reads with wide.toml" in " ".join(checked.output.split())
    again = runner.invoke(app, ["layout", str(wide), "--out", str(out)])
    assert again.exit_code == 2
    assert "--force" in again.output
    assert runner.invoke(app, ["layout", str(wide), "--out", str(out), "--force"]).exit_code == 0


def test_command_prints_json(wide: Path, tmp_path: Path) -> None:
    said = json.loads(runner.invoke(app, ["layout", str(wide), "--json"]).stdout)
    assert said["reads"] is True
    assert said["observations"] == 4
    assert said["sheets"][0]["tables"][0]["blanks"] == {"..": {"count": 1, "first": "C2"}}
    (tmp_path / "bad.toml").write_text(said["draft"].replace('".." = "O"', '"-" = "O"'), encoding="utf-8")
    result = runner.invoke(app, ["layout", str(wide), "--json", "--check", str(tmp_path / "bad.toml")])
    assert result.exit_code == 1
    assert json.loads(result.stdout)["faults"][0]["found"] == {"..": 1}


def test_draft_can_be_piped(wide: Path) -> None:
    result = runner.invoke(app, ["layout", str(wide)])
    assert parse_layout(result.stdout, "t.toml").files == ("wide.csv",)


@pytest.mark.parametrize("packing", ["gzip", "zip"])
def test_packed_file_is_looked_into(wide: Path, tmp_path: Path, packing: str) -> None:
    packed = tmp_path / ("wide.csv.gz" if packing == "gzip" else "wide.zip")
    if packing == "gzip":
        packed.write_bytes(gzip.compress(wide.read_bytes()))
    else:
        with zipfile.ZipFile(packed, "w") as archive:
            archive.write(wide, "wide.csv")
    said = json.loads(runner.invoke(app, ["layout", str(packed), "--json"]).stdout)
    assert (said["file"], said["observations"]) == ("wide.csv", 4)


def test_only_the_beginning_of_a_large_file_is_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    path.write_text("Country,Year,Value\n" + "Peru,2019,1.5\nChile,2020,2.5\n" * 160_000, encoding="utf-8")
    from flows.layout_command import read_beginning

    content, _, whole = read_beginning(path, 10_000)
    assert not whole
    assert 9_900 < len(content) <= 10_000
    assert content.endswith(b"\n")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"<html><title>Sign in</title></html>", "web page"),
        (b'{"a": [1]}', "JSON"),
        (None, "no such file"),
    ],
)
def test_command_refuses_what_is_no_table(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "t.csv"
    if content is not None:
        path.write_bytes(content)
    result = runner.invoke(app, ["layout", str(path)])
    assert result.exit_code == 2
    assert said in result.output


def test_layout_that_does_not_name_the_file_is_told(wide: Path, tmp_path: Path) -> None:
    drafted = json.loads(runner.invoke(app, ["layout", str(wide), "--json"]).stdout)["draft"]
    (tmp_path / "t.toml").write_text(drafted.replace("wide.csv", "other.csv"), encoding="utf-8")
    result = runner.invoke(app, ["layout", str(wide), "--check", str(tmp_path / "t.toml")])
    assert result.exit_code == 1
    assert "does not name wide.csv" in " ".join(result.output.split())


def test_hidden_sheet_is_marked() -> None:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as made:
        made.add_worksheet("Shown").write_row(0, 0, ["words"])
        hidden = made.add_worksheet("Hidden")
        for r, row in enumerate([["Country", "2019", "2020"], ["Peru", 1, 2], ["Chile", 3, 4]]):
            hidden.write_row(r, 0, row)
        hidden.hide()
    book_ = read_book(buffer.getvalue(), "t.xlsx")
    draft = draft_layout(book_, "my_data")
    assert "Hidden is hidden" in draft.text
    assert draft.problem is None
    assert not see_sheet(book_.sheets[0]).tables


# --- what a new user met ---------------------------------------------------------------------------------------------


def test_months_in_headings_are_no_places() -> None:
    """MAR is Morocco's code, not what "Mar 2024" is about."""
    draft = draft_text("Item,Jan - Mar 2024,Jan - Jun 2024\nTransport,1,2\nTravel,5,6\nConstruction,1,2\n")
    assert {(r["geo"], r["period"]) for r in read_draft(draft)} == {
        ("MY_DATA:PLACE", "2024-01/2024-03"),
        ("MY_DATA:PLACE", "2024-01/2024-06"),
    }


@pytest.mark.parametrize("heads", ["2022 r,2023 p", "2022r,2023p", "2022 r,2023p"])
def test_marks_beside_years_are_read_and_their_legend_stands_beside(heads: str) -> None:
    draft = draft_text(f"Item,2021,{heads}\nTransport,2,3,4\nTravel,6,7,8\nConstruction,1,2,9\nNote:\np Preliminary\n")
    rows = read_draft(draft)
    assert sorted((r["period"], r["printed"], r["obs_status"]) for r in rows if "SC" in r["item"]) == [
        ("2021", "2", "A"),
        ("2022", "3", "A"),
        ("2023", "4", "P"),
    ]
    assert "the mark p: Preliminary" in draft.text


@pytest.mark.parametrize("heading", ["Line", "No.", "Zeile"])
def test_numbers_of_lines_say_nothing(heading: str) -> None:
    lines = [f"{heading},Label,2020,2021", "1,Transport,3,4", "2,Travel,5,6", "3,Construction,7,8"]
    draft = draft_text("\n".join(lines) + "\n")
    rows = read_draft(draft)
    assert values_of(rows) == Counter(map(Decimal, range(3, 9)))
    assert {r["activity"] for r in rows} == {"_T"}
    assert 'reason = "numbers the rows"' in draft.text


def test_rest_of_the_world_under_another_heading_is_no_row_number() -> None:
    assert is_numbering("Row") and is_numbering("2023 | 排名\nRank") and not is_numbering("Tees Valley | RoW")


def test_percent_in_one_heading_is_not_the_unit_of_the_money_beside_it() -> None:
    draft = draft_text("Partner,Exports,YoY (%)\nJapan,73.5,9.1\nCanada,12.5,-3.2\nFrance,7.5,1.0\n")
    rows = read_draft(draft)
    assert {(r["measure"], r["unit"]) for r in rows} == {("value", "COUNT"), ("growth", "PERCENT")}
    assert 'unit = "COUNT"  # TODO' in draft.text


def test_unit_in_words_of_its_own_is_quoted() -> None:
    draft = draft_text(
        "Exports of Utopia\n[Billions of florins]\n(Millions of dollars)\n\nItem,2020\nTravel,1\nTransport,2\n"
    )
    assert '"Millions of dollars": which unit of ours is that?' in draft.text
    assert {(r["unit"], r["unit_mult"]) for r in read_draft(draft)} == {("MY_DATA:UNIT", 6)}


def test_titles_that_differ_by_place_and_flow_become_groups(book: Callable[..., bytes]) -> None:
    def sheet(place: str) -> list[list[object]]:
        rows: list[list[object]] = []
        for flow in ("Exports", "Imports"):
            rows += [[f"Table 1. U.S. Trade in Services: {place}—{flow}"], ["Line", "", 2020, 2021]]
            rows += [[1, "Transport", 1, 2], [2, "Travel", 3, "(D)"], [3, "Construction", 5, 6], []]
        return [*rows, ["Legend:"], ["(D) Suppressed to protect companies"]]

    draft = draft_layout(read_book(book({p: sheet(p) for p in ("Canada", "United Kingdom")}), "t.xlsx"), "my_data")
    rows = read_draft(draft)
    assert {(r["geo"], r["partner"], r["flow"]) for r in rows} == {
        ("USA", partner, flow) for partner in ("CAN", "GBR") for flow in "XM"
    }
    assert '"(D)" = "Q"  # TODO' in draft.text and "Suppressed to protect companies" in draft.text


def test_letters_beside_figures_are_statuses(book: Callable[..., bytes]) -> None:
    rows: list[list[object]] = [
        ["Dienstleistungen"],
        ["Art", "1. Vj. 2022", "", "2. Vj. 2022", ""],
        ["Transport", 1.5, "e", 2.5, ""],
        ["Travel", 3.5, "", 4.5, "p, e"],
        ["Construction", 5.5, "", 6.5, "e"],
        ["p = vorläufig, e = geschätzt"],
    ]
    rows[1] = ["Art", 2021, "", 2022, ""]
    draft = draft_layout(read_book(book({"Blatt": rows}), "t.xlsx"), "my_data")
    said = {r["printed"]: r["obs_status"] for r in read_draft(draft)}
    assert said == {"1.5": "E", "2.5": "A", "3.5": "A", "4.5": "E;P", "5.5": "A", "6.5": "E"}
    assert 'of = "left"' in draft.text


def test_draft_whose_figures_share_keys_is_no_success(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("Item,2020\nTravel,1\nTransport,2\nTravel,3\nConstruction,4\n", encoding="utf-8")
    result = runner.invoke(app, ["layout", str(path)])
    assert result.exit_code == 1
    assert "The draft needs work: 2 of 4 figures share their key" in " ".join(result.output.split())
    assert "reads the file" not in result.output


SHARES = """files = ["t.csv"]
header.contains = ["Item"]
constants = {{ geo = "CAN", partner = "W", flow = "X", measure = "{measure}", unit = "{unit}", unit_mult = 0{more} }}
columns = [ {{ header = "Item", role = "key", column = "item" }}, {{ header = '/(?P<year>\\d+)/', role = "value" }} ]
"""


@pytest.mark.parametrize(
    ("measure", "unit", "more", "rule"),
    [
        ("share", "PERCENT", "", "O23"),
        ("growth", "USD", ', price = "current"', "O25"),
        ("value", "PERCENT", "", ""),
    ],
)
def test_check_tells_the_rules_that_would_block_a_run(
    tmp_path: Path, measure: str, unit: str, more: str, rule: str
) -> None:
    (tmp_path / "t.csv").write_text("Item,2020\nTravel,41\nTransport,12\n", encoding="utf-8")
    layout = tmp_path / "t.toml"
    layout.write_text(SHARES.format(measure=measure, unit=unit, more=more), encoding="utf-8")
    result = runner.invoke(app, ["layout", str(tmp_path / "t.csv"), "--check", str(layout)])
    said = " ".join(result.output.split())
    assert result.exit_code == bool(rule), result.output
    if rule:
        assert (
            f"rule {rule} fails" in said and "(2 times)" in said and "row 2, column 2" in said and "What to do" in said
        )
    else:
        assert "t.csv reads with t.toml" in said and "[40.5 to 41.5]" in said


def test_every_rule_that_a_layout_may_break_has_its_own_remedy() -> None:
    codes = {"geo", "partner", "flow", "item", "measure", "unit", "basis", "price", "reference", "freq", "adjustment"}
    rules = [r for r in load_suite("observations")["expectations"] if r["severity"] == "critical"]
    columns = {r["kwargs"].get("column", "") for r in rules if r["meta"]["about"] == "reading"}
    others = columns - codes - {"", "conf_status", "qualifier", "unknown_status", "value_without_print"}
    assert others and {column for column in others if say_remedy(column) == say_remedy("geo")} == set()


def test_own_code_lists_shared_layouts_and_maps_are_known(tmp_path: Path) -> None:
    own = tmp_path / "data" / "own"
    (own / "codelists").mkdir(parents=True)
    (own / "codelists" / "unit_labels.csv").write_text(
        "label,unit,unit_mult\nUtopian thousands,COUNT,3\n", encoding="utf-8"
    )
    (own / "layouts").mkdir()
    (own / "layouts" / "_form.toml").write_text(
        'header.contains = ["Item"]\nmaps.item = "items.csv"\n'
        'constants = { geo = "CAN", partner = "W", flow = "X", measure = "value", unit_label = "Utopian thousands" }\n'
        'columns = [ { header = "Item", role = "key", column = "item" }, '
        "{ header = '/(?P<year>\\d+)/', role = \"value\" } ]\n",
        encoding="utf-8",
    )
    (tmp_path / "items.csv").write_bytes("\ufefflabel,code\nDrake,EBOPS2010:SD\n".encode())
    (tmp_path / "t.csv").write_text("Item,2020\nDrake,41\n", encoding="utf-8")
    (tmp_path / "t.toml").write_text('files = ["t.csv"]\nextends = "_form.toml"\n', encoding="utf-8")
    call = ["layout", str(tmp_path / "t.csv"), "--check", str(tmp_path / "t.toml"), "--json", "--data-dir"]
    try:
        found = runner.invoke(app, [*call, str(tmp_path / "data")])
        without = runner.invoke(app, [*call, str(tmp_path)])
    finally:
        use_own_codelists({})
        forget_lists()
    assert found.exit_code == 0, found.output
    preview = json.loads(found.stdout)["preview"]
    assert [(one["item"], one["unit_mult"], Decimal(one["lower"])) for one in preview] == [
        ("EBOPS2010:SD", 3, Decimal("40.5"))
    ]
    assert without.exit_code == 2 and "_form.toml" in without.output


def test_patterns_in_messages_can_be_put_back_into_a_layout() -> None:
    said = f"two declarations fit {'/a (?P<year>' + chr(92) + 'd{4})/'!r}"
    assert show_patterns(said) == r"two declarations fit '/a (?P<year>\d{4})/'"


# --- drafts that a run takes ------------------------------------------------------------------------------------------

LONG = {
    "codes": "REF_AREA,FLOW,ITEM,TIME_PERIOD,UNIT,UNIT_MULT,OBS_VALUE\n"
    "CHN,X,SC,2020,{unit},6,1.5\nCHN,X,SC,2021,USD,6,2.5\nCHN,M,SC,2020,USD,6,3.5\nCHN,M,SD,2020,USD,6,4.5\n",
    "labels": "Country,Flow,Service,Year,Value (US$ million)\nChina,Exports,Transport,2020,820.49\n"
    "China,Exports,Travel,2020,5.5\nJapan,Exports,Travel,2021,6.5\nJapan,Imports,Travel,2021,7.5\n",
}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (LONG["codes"].format(unit="USD"), 'price = "current"  # TODO'),
        (LONG["codes"].format(unit="COUNT"), 'when = { unit = ["USD"] }\nthen = { price = "current" }'),
        (LONG["labels"], 'price = "current"  # TODO'),
        (
            "Item,Share of total 2020 (%),2020\nTravel,41%,5\nTransport,12%,6\n",
            "TODO: what these figures are shares of",
        ),
    ],
    ids=["money", "money and counts", "labels", "shares"],
)
def test_draft_breaks_no_rule_of_a_run(tmp_path: Path, content: str, said: str) -> None:
    path, out = tmp_path / "t.csv", tmp_path / "t.toml"
    path.write_text(content, encoding="utf-8")
    made = runner.invoke(app, ["layout", str(path), "--out", str(out)])
    assert said in out.read_text(encoding="utf-8")
    assert (made.exit_code, "The draft reads the file" in made.output) == (0, True), made.output
    checked = runner.invoke(app, ["layout", str(path), "--check", str(out)])
    assert checked.exit_code == 0, checked.output


def test_draft_that_a_run_would_block_is_no_success(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("transforms.drafting.draft._PRICE", "# no price")
    path = tmp_path / "t.csv"
    path.write_text(LONG["labels"], encoding="utf-8")
    result = runner.invoke(app, ["layout", str(path)])
    said = " ".join(result.output.split())
    assert result.exit_code == 1
    assert "but a run would block it: rule O24 fails" in said and "(4 times). What to do: say price" in said
    assert json.loads(runner.invoke(app, ["layout", str(path), "--json"]).stdout)["broken_rules"]


@pytest.mark.parametrize("bulk", [False, True])
def test_what_nobody_has_settled_is_said_by_check_and_run(tmp_path: Path, bulk: bool) -> None:
    (tmp_path / "t.csv").write_text("Item,2020\nTravel,41\n", encoding="utf-8")
    text = ("bulk = true\n" if bulk else "") + SHARES.format(measure="value", unit="USD", more=', price = "current"')
    if not bulk:
        text += 'codes.geo = { "T:X" = "TODO: which place?" }\n'
    (tmp_path / "t.toml").write_text(text.replace("header", "# TODO look\nheader", 1), encoding="utf-8")
    call = ["layout", str(tmp_path / "t.csv"), "--check", str(tmp_path / "t.toml"), "--json"]
    notices = json.loads(runner.invoke(app, call).stdout)["notices"]
    assert f"t.toml: {1 if bulk else 2} places are still marked TODO" in notices[0]
    assert bulk or "so called in what is published: geo 'T:X' = 'TODO: which place?'" in notices[0]
    settled = parse_layout(text.replace("TODO", "Done"), "t.toml")
    assert settled.unsettled == ""


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("Millions of US dollars", []),
        ("Exports, millions of Hong Kong dollars", []),
        ("Exports of the US, millions of US dollars", ["USA"]),
        ("Services trade of Hong Kong", ["HKG"]),
        ("Trade in services of the UK, £ million", ["GBR"]),
    ],
)
def test_a_currency_is_no_place(text: str, places: list[str]) -> None:
    assert find_geos(text) == places
