"""Workbooks of every kind to grids: what they show, what they hide, and what is refused."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import python_calamine
import xlsxwriter

from transforms import workbooks
from transforms.errors import InputError
from transforms.grid import Book, Grid, Number, read_book, read_grid

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


def write_xlsx(fill: Callable[[Any, Any], None], **options: Any) -> bytes:
    """The workbook that fill(book, first sheet) makes."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, options) as book:
        fill(book, book.add_worksheet("S"))
    return buffer.getvalue()


def change(content: bytes, parts: dict[str, bytes | Callable[[bytes], bytes]]) -> bytes:
    """The archive with parts added or replaced; a function is given the old part."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        held = {name: old.read(name) for name in old.namelist()}
        for name, part in {**held, **parts}.items():
            new.writestr(name, part if isinstance(part, bytes) else part(held[name]))
    return buffer.getvalue()


def write_sheet(rows: str, head: str = "", tail: str = "") -> bytes:
    """A workbook whose only sheet holds these rows, written by hand as XML."""
    xml = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f"{head}<sheetData>{rows}</sheetData>{tail}</worksheet>"
    )
    return change(write_xlsx(lambda book, sheet: None), {"xl/worksheets/sheet1.xml": xml.encode()})


ODS_NAMES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in {
        "office": "office",
        "table": "table",
        "text": "text",
        "style": "style",
        "number": "datastyle",
        "fo": "xsl-fo-compatible",
    }.items()
)
ODS_STYLES = """
<number:number-style style:name="N1"><number:number number:decimal-places="1"/></number:number-style>
<number:number-style style:name="N2N"><number:text>-</number:text><number:number number:decimal-places="2"/>
 </number:number-style>
<number:number-style style:name="N2"><number:number number:decimal-places="2"/>
 <style:map style:condition="value()&lt;0" style:apply-style-name="N2N"/></number:number-style>
<number:number-style style:name="N0"><number:number number:min-integer-digits="1"/></number:number-style>
<number:percentage-style style:name="P1"><number:number number:decimal-places="1"/><number:text>%</number:text>
 </number:percentage-style>
<number:date-style style:name="D1"><number:month/><number:text>/</number:text><number:year/></number:date-style>
<style:style style:name="ce1" style:family="table-cell" style:data-style-name="N1"/>
<style:style style:name="ce2" style:family="table-cell" style:data-style-name="N2"/>
<style:style style:name="ce0" style:family="table-cell" style:data-style-name="N0"/>
<style:style style:name="cep" style:family="table-cell" style:data-style-name="P1"/>
<style:style style:name="ced" style:family="table-cell" style:data-style-name="D1"/>
<style:style style:name="cei" style:family="table-cell" style:parent-style-name="ce1">
 <style:paragraph-properties fo:margin-left="0.706cm"/></style:style>
<style:style style:name="off" style:family="table"><style:table-properties table:display="false"/></style:style>
"""


def write_ods(tables: str, parts: dict[str, bytes] | None = None) -> bytes:
    """A minimal ods with these <table:table> elements."""
    xml = (
        f'<office:document-content {ODS_NAMES} xmlns:calcext="urn:org:documentfoundation:names:experimental:calc">'
        f"<office:automatic-styles>{ODS_STYLES}</office:automatic-styles>"
        f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", xml)
        for name, part in (parts or {}).items():
            archive.writestr(name, part)
    return buffer.getvalue()


def write_ods_rows(rows: str, name: str = "S", attributes: str = "") -> bytes:
    return write_ods(f'<table:table table:name="{name}" {attributes}>{rows}</table:table>')


def read_sheet(content: bytes, name: str = "t.xlsx") -> Grid:
    return read_book(content, name).sheets[0]


# -- xlsx: what is shown -----------------------------------------------------------------------------------------------


def test_numbers_keep_what_is_stored_beside_what_is_shown() -> None:
    def fill(book: Any, sheet: Any) -> None:
        for column, (value, code) in enumerate(
            [(0.695, "0.0%"), (12027.649, "#,##0.0"), (0, '0.0;-0.0;"-"'), (0.1 + 0.2, "General"), (3.1, "0.00")]
        ):
            sheet.write_number(0, column, value, book.add_format({"num_format": code}))

    grid = read_sheet(write_xlsx(fill))
    assert grid.cells == (("69.5%", "12,027.6", "-", "0.3", "3.10"),)
    assert grid.numbers == {
        (1, 1): Number("0.695", 1),
        (1, 2): Number("12027.649", 1),
        (1, 3): Number("0", None),
        (1, 4): Number("0.3", None),
        (1, 5): Number("3.1", 2),
    }


def test_built_in_formats_need_no_code() -> None:
    def fill(book: Any, sheet: Any) -> None:
        for column, number in enumerate([1, 4, 10, 14, 38, 49]):
            sheet.write_number(0, column, -1234.5 if number == 38 else 1234.5, book.add_format({"num_format": number}))

    grid = read_sheet(write_xlsx(fill))
    assert grid.cells == (("1235", "1,234.50", "123450.00%", "1903-05-18", "(1,235)", "1234.5"),)
    assert (1, 4) not in grid.numbers  # a date is no figure


def test_digits_stored_as_text_stay_text() -> None:
    def fill(book: Any, sheet: Any) -> None:
        sheet.write_string(0, 0, "3.10")
        sheet.write_string(0, 1, "12,027.60", book.add_format({"num_format": "0"}))
        sheet.write_string(0, 2, "007", book.add_format({"num_format": "@", "quote_prefix": True}))
        sheet.write_string(0, 3, "NA")

    grid = read_sheet(write_xlsx(fill))
    assert grid.cells == (("3.10", "12,027.60", "007", "NA"),) and not grid.numbers


def test_text_with_runs_line_breaks_and_escapes() -> None:
    rows = (
        '<row r="1"><c r="A1" t="inlineStr"><is><r><t>Exports</t></r><r><t xml:space="preserve"> 1)</t></r>'
        "<rPh><t>ruby</t></rPh></is></c>"
        '<c r="B1" t="inlineStr"><is><t>a_x000D_\nb_x005F_</t></is></c>'
        '<c r="C1" t="str"><f>A1</f><v>_x0041_</v></c><c r="D1" t="d"><v>2021-12-31</v></c>'
        '<c t="b"><v>1</v></c></row>'
    )
    assert read_sheet(write_sheet(rows)).cells == (("Exports 1)", "a\r\nb_", "A", "2021-12-31", "TRUE"),)


# -- superscripts and subscripts ---------------------------------------------------------------------------------------


def test_a_superscript_is_no_digit_of_the_figure_it_stands_at() -> None:
    def fill(book: Any, sheet: Any) -> None:
        high, low, bold = (book.add_format(said) for said in ({"font_script": 1}, {"font_script": 2}, {"bold": True}))
        sheet.write_rich_string(0, 0, "123", high, "2", " ")
        sheet.write_rich_string(0, 1, "2021", high, "1")
        sheet.write_rich_string(0, 2, "Trade", high, "1,2", " in", bold, " services 1")
        sheet.write_rich_string(0, 3, "CO", low, "2", " in 10", high, "3", " t")

    grid = read_sheet(write_xlsx(fill))
    assert grid.cells == (("123²", "2021¹", "Trade¹,² in services 1", "CO₂ in 10³ t"),) and not grid.numbers


@pytest.mark.parametrize(
    ("mark", "shown"),
    [
        ("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"),
        ("(p)", "⁽ᵖ⁾"),
        ("-1", "⁻¹"),
        ("1, 2)", "¹, ²⁾"),
        ("*", "*"),
        ("†1", "†¹"),
        ("①", "①"),
        ("A", "^A"),
        (" 1,A", " ^1,A"),
        ("注1", "^注1"),
        (",", "^,"),
        (".5", ".⁵"),
        ("\u0663", "^\u0663"),  # a digit of another script
    ],
)
def test_superscripts_that_unicode_has_and_has_not(mark: str, shown: str) -> None:
    run = f'<r><rPr><vertAlign val="superscript"/></rPr><t xml:space="preserve">{mark}</t></r>'
    rows = f'<row r="1"><c r="A1" t="inlineStr"><is><r><t>12</t></r>{run}</is></c></row>'
    assert read_sheet(write_sheet(rows)).cells == ((f"12{shown}",),)


def test_runs_of_one_mark_belong_together() -> None:
    def write(text: str, mark: str = "superscript") -> str:
        return f'<r><rPr><b/><vertAlign val="{mark}"/></rPr><t>{text}</t></r>'

    rows = (
        f'<row r="1"><c r="A1" t="inlineStr"><is>{write("7", "baseline")}{write("1")}{write(",")}{write("2")}</is></c>'
        f'<c r="B1" t="inlineStr"><is>{write("3")}</is></c>'
        f'<c r="C1" t="inlineStr"><is>{write("5", "baseline")}<rPh><t>9</t></rPh></is></c></row>'
    )
    assert read_sheet(write_sheet(rows)).cells == (("7¹,²", "³", "5"),)


def test_a_cell_set_as_superscript_as_a_whole() -> None:
    """Its runs stand as the cell does, unless they say otherwise."""

    def fill(book: Any, sheet: Any) -> None:
        high, plain = book.add_format({"font_script": 1}), book.add_format({"font_script": 0})
        sheet.write_string(0, 0, "1", high)
        sheet.write_string(0, 1, "1")
        sheet.write_rich_string(0, 2, "2", plain, "0", high)
        sheet.write_formula(0, 3, '="3"', high, "3")
        sheet.write_number(0, 4, 4, high)

    book = read_book(write_xlsx(fill), "t.xlsx")
    assert book.sheets[0].cells == (("¹", "1", "²0", "³", "4"),)
    said = "sheet 'S': 1 number, the first at row 1, column 5, set as superscript or subscript and read as a figure"
    assert said in book.notices


def test_ods_superscripts_and_subscripts() -> None:
    styles = """
    <style:style style:name="up" style:family="text"><style:text-properties style:text-position="super 58%"/>
    </style:style>
    <style:style style:name="up2" style:family="text" style:parent-style-name="up"/>
    <style:style style:name="high" style:family="text"><style:text-properties style:text-position="33% 58%"/>
    </style:style>
    <style:style style:name="low" style:family="text"><style:text-properties style:text-position="-25% 58%"/>
    </style:style>
    <style:style style:name="line" style:family="text"><style:text-properties style:text-position="0% 100%"/>
    </style:style>
    <style:style style:name="bold" style:family="text"><style:text-properties fo:font-weight="bold"/></style:style>
    <style:style style:name="ceu" style:family="table-cell"><style:text-properties style:text-position="super 58%"/>
    </style:style></office:automatic-styles>"""

    def write(text: str, style: str = "") -> str:
        return f'<table:table-cell {style} office:value-type="string"><text:p>{text}</text:p></table:table-cell>'

    def span(style: str, text: str) -> str:
        return f'<text:span text:style-name="{style}">{text}</text:span>'

    up = 'table:style-name="ceu"'
    cells = (
        write(f"123{span('up', '2')}")
        + write(f"2021{span('up2', '1')}{span('high', ',2')} x")
        + write(f"CO{span('low', '2')}{span('bold', ' 4')}")
        + write(span("up", f"1{span('line', '5')}"))
        + write("7", up)
        + write(f"{span('bold', '8')}{span('line', '9')}", up)
        + f'<table:table-cell {up} office:value-type="float" office:value="6"><text:p>6</text:p></table:table-cell>'
    )
    content = change(
        write_ods_rows(f"<table:table-row>{cells}</table:table-row>"),
        {"content.xml": lambda old: old.replace(b"</office:automatic-styles>", styles.encode())},
    )
    book = read_book(content, "t.ods")
    assert book.sheets[0].cells == (("123²", "2021¹,² x", "CO₂ 4", "¹5", "⁷", "⁸9", "6"),)
    assert book.sheets[0].numbers == {(1, 7): Number("6", None)}
    assert book.notices == (
        "sheet 'S': 1 number, the first at row 1, column 7, set as superscript or subscript and read as a figure",
    )


def write_xls_texts(texts: list[tuple[int, str, list[tuple[int, int]]]]) -> bytes:
    """The bare stream of an xls of one row: (its style, text, where its runs start and their fonts). Fonts and styles
    0 to 3 are plain, 5 (style 4) is superscript, 6 (style 5) subscript; no font has the number 4."""

    def write(kind: int, body: bytes) -> bytes:
        return struct.pack("<HH", kind, len(body)) + body

    def write_font(escapement: int) -> bytes:
        return write(0x31, struct.pack("<HHHHHBBBB", 200, 0, 8, 400, escapement, 0, 0, 0, 0) + b"\x01\x00A\x00")

    shared = b""
    for _, text, runs in texts:
        units = text.encode("utf-16-le")
        shared += struct.pack("<HBH", len(units) // 2, 9, len(runs)) + units
        shared += b"".join(struct.pack("<HH", *run) for run in runs)
    start = struct.pack("<HHHHII", 0x600, 0x05, 0, 1996, 0, 6)
    head = write(0x809, start) + b"".join(write_font(kind) for kind in (0, 0, 0, 0, 1, 2))
    head += b"".join(write(0xE0, struct.pack("<HH", font, 0) + bytes(16)) for font in (0, 1, 2, 3, 5, 6))
    tail = write(0xFC, struct.pack("<II", len(texts), len(texts)) + shared) + write(0x0A, b"")
    sheet = write(0x809, start[:2] + b"\x10" + start[3:])
    for column, (style, _, _) in enumerate(texts):
        sheet += write(0xFD, struct.pack("<HHHI", 0, column, style, column))
    sheet += write(0x0A, b"")
    place = len(head) + 4 + 9 + len(tail)  # of the sheet, behind the record that names it
    return head + write(0x85, struct.pack("<IHBB", place, 0, 1, 0) + b"S") + tail + sheet


def test_xls_superscripts_and_subscripts() -> None:
    content = write_xls_texts(
        [
            (0, "1232", [(3, 5)]),
            (0, "Trade1 in services", [(5, 5), (6, 0)]),
            (0, "CO2", [(2, 6)]),
            (0, "\U0001f3dd 51", [(4, 5)]),  # places count UTF-16 units, of which the first character has two
            (4, "7", []),
            (4, "89", [(1, 0)]),
            (0, "12", []),
        ]
    )
    grid = read_sheet(content, "t.xls")
    assert grid.cells == (("123²", "Trade¹ in services", "CO₂", "\U0001f3dd 5¹", "⁷", "⁸9", "12"),)


def test_blanks_are_stripped_and_counted_as_indents() -> None:
    def fill(book: Any, sheet: Any) -> None:
        sheet.write_string(0, 0, "Total\xa0")
        sheet.write_string(1, 0, "  EU\u3000")
        sheet.write_string(2, 0, "Austria", book.add_format({"indent": 2}))
        sheet.write_string(3, 0, " Wien", book.add_format({"indent": 1}))
        sheet.write_string(4, 0, "\u3000其中")
        sheet.write_string(5, 0, "right", book.add_format({"indent": 2, "align": "right"}))
        sheet.write_number(6, 0, 3.1, book.add_format({"indent": 1, "align": "left"}))
        sheet.write_string(7, 0, "\xa0 ")

    grid = read_sheet(write_xlsx(fill))
    assert [row[0] for row in grid.cells] == ["Total", "EU", "Austria", "Wien", "其中", "right", "3.1"]
    assert grid.indents == {(2, 1): 2, (3, 1): 6, (4, 1): 4, (5, 1): 2, (7, 1): 3}


def test_a_sheet_ends_with_its_last_content() -> None:
    """Publishers declare A1:IU110 and format a million empty rows."""
    rows = "".join(f'<row r="{row}"><c r="A{row}" s="0"/><c r="IU{row}"/></row>' for row in (3, 500, 1048576))
    content = write_sheet(
        '<row r="2"><c r="B2"><v>5</v></c></row>' + rows,
        head='<dimension ref="A1:IU1048576"/>',
        tail='<mergeCells count="2"><mergeCell ref="B1:IU1"/><mergeCell ref="A2:B2"/></mergeCells>',
    )
    grid = read_sheet(content)
    assert grid.cells == (("", ""), ("", "5"))
    assert grid.merged == ((2, 1, 2, 2),)  # cut to the grid; a block of one cell is none


def test_merged_cells_hold_their_text_once() -> None:
    def fill(book: Any, sheet: Any) -> None:
        sheet.merge_range("B1:D1", "Exports")
        sheet.merge_range("A1:A2", "Year")
        sheet.write_row("B2", ["EU", "Rest", "World"])

    grid = read_sheet(write_xlsx(fill))
    assert grid.cells == (("Year", "Exports", "", ""), ("", "EU", "Rest", "World"))
    assert grid.merged == ((1, 1, 2, 1), (1, 2, 1, 4))


def test_dates_of_both_counts() -> None:
    def fill(book: Any, sheet: Any) -> None:
        sheet.write_number(0, 0, 43099, book.add_format({"num_format": "d mmm yyyy"}))

    assert read_sheet(write_xlsx(fill, date_1904=True)).cells == (("2021-12-31",),)
    assert read_sheet(write_xlsx(fill)).cells == (("2017-12-30",),)


# -- xlsx: what is reported --------------------------------------------------------------------------------------------


def test_hidden_sheets_rows_and_columns_are_read_and_reported() -> None:
    def fill(book: Any, sheet: Any) -> None:
        for row in range(8):
            sheet.write_row(row, 0, [f"r{row}", row, row * 2])
        for row in (1, 4, 5):
            sheet.set_row(row, None, None, {"hidden": True})
        sheet.set_column("C:D", None, None, {"hidden": True})
        book.add_worksheet("Second").hide()
        book.add_worksheet("Third").very_hidden()

    book = read_book(write_xlsx(fill), "t.xlsx")
    assert [grid.hidden for grid in book.sheets] == [False, True, True]
    assert book.sheets[0].cells[1] == ("r1", "1", "2")
    assert book.notices == (
        "sheet 'S': 6 figures stand in hidden rows (2, 5-6); they are read",
        "sheet 'S': 8 figures stand in hidden columns (3); they are read",
        "sheet 'Second' is hidden in the workbook",
        "sheet 'Third' is hidden in the workbook",
    )


def test_a_hidden_row_of_text_is_no_notice() -> None:
    def fill(book: Any, sheet: Any) -> None:
        sheet.write_string(0, 0, "a")
        sheet.set_row(0, None, None, {"hidden": True})

    assert read_book(write_xlsx(fill), "t.xlsx").notices == ()


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('<c r="A1"><f>1+1</f></c>', "#FORMULA"),
        ('<c r="A1"><f>1+1</f><v></v></c>', "#FORMULA"),
        ('<c r="A1"><f t="shared" si="0"/><v/></c>', "#FORMULA"),
        ('<c r="A1"><f>1+1</f><v>2</v></c>', "2"),
    ],
)
def test_a_formula_without_a_result_is_not_empty(cell: str, text: str) -> None:
    book = read_book(write_sheet(f'<row r="1">{cell}</row>'), "t.xlsx")
    assert book.sheets[0].cells == ((text,),)
    unstored = ("sheet 'S': 1 formula, the first at row 1, column 1, without a stored result, shown as #FORMULA",)
    assert [said for said in book.notices if "stored result," in said] == list(unstored if text == "#FORMULA" else ())


def test_a_formula_whose_result_is_the_empty_text_is_empty() -> None:
    content = write_sheet('<row r="1"><c r="A1" t="str"><f>""</f><v></v></c><c r="B1"><v>1</v></c></row>')
    assert read_sheet(content).cells == (("", "1"),)


def test_formula_errors_are_reported_with_their_place() -> None:
    def fill(book: Any, sheet: Any) -> None:
        sheet.write_formula("B2", "=1/0", None, "#DIV/0!")
        sheet.write_formula("C5", "=NA()", None, "#N/A")

    book = read_book(write_xlsx(fill), "t.xlsx")
    assert book.sheets[0].cells[1][1] == "#DIV/0!" and book.sheets[0].cells[4][2] == "#N/A"
    assert not book.sheets[0].numbers
    assert "sheet 'S': 2 formula errors, the first at row 2, column 2; it shows #DIV/0!" in book.notices


def test_results_that_wait_for_a_recalculation_are_reported() -> None:
    content = write_xlsx(lambda book, sheet: sheet.write_formula("A1", "=1+1"))  # stores 0 and asks for it
    assert read_sheet(content).cells == (("0",),)
    assert "1 formulas are to be calculated anew" in read_book(content, "t.xlsx").notices[0]
    plain = change(content, {"xl/workbook.xml": lambda old: old.replace(b'fullCalcOnLoad="1"', b"")})
    assert read_book(plain, "t.xlsx").notices == ()


def test_macros_links_and_connections_are_reported() -> None:
    content = change(
        write_xlsx(lambda book, sheet: sheet.write("A1", 1)),
        {
            "xl/vbaProject.bin": b"Shell",
            "xl/externalLinks/externalLink1.xml": b"<externalLink/>",
            "xl/externalLinks/_rels/externalLink1.xml.rels": b"<Relationships/>",
            "xl/connections.xml": b"<connections/>",
        },
    )
    assert read_book(content, "t.xlsm").notices == (
        "the workbook holds macros; they are not run",
        "the workbook has links to 1 other files; they are not followed, the stored values are read",
        "the workbook has connections to outside data; they are not opened, the stored values are read",
    )


def test_chart_sheets_are_passed_over_with_a_notice() -> None:
    def fill(book: Any, sheet: Any) -> None:
        sheet.write("A1", 1)
        chart = book.add_chart({"type": "line"})
        chart.add_series({"values": "=S!$A$1:$A$1"})
        book.add_chartsheet("Figure 1").set_chart(chart)

    book = read_book(write_xlsx(fill), "t.xlsx")
    assert [grid.sheet for grid in book.sheets] == ["S"]
    assert book.notices == ("sheet 'Figure 1' is a chart and not read",)


def test_a_number_that_its_format_hides_is_reported() -> None:
    content = write_xlsx(lambda book, sheet: sheet.write("B1", 5, book.add_format({"num_format": ";;;"})))
    book = read_book(content, "t.xlsx")
    assert book.sheets[0].cells == (("", ""),) and book.sheets[0].numbers == {(1, 2): Number("5", None)}
    assert book.notices == (
        "sheet 'S': 1 number, the first at row 1, column 2, hidden by the number format and read as empty",
    )


def test_cells_covered_by_a_merged_block_are_reported() -> None:
    content = write_sheet(
        '<row r="1"><c r="A1"><v>1</v></c><c r="B1"><v>2</v></c></row><row r="2"><c r="B2"><v>3</v></c></row>',
        tail='<mergeCells><mergeCell ref="A1:B2"/></mergeCells>',
    )
    book = read_book(content, "t.xlsx")
    assert book.sheets[0].cells == (("1", "2"), ("", "3"))
    assert book.notices == ("sheet 'S': 2 filled cells lie covered under merged cells; they are read",)


# -- ods ---------------------------------------------------------------------------------------------------------------


def test_ods_shows_its_text_and_stores_its_value() -> None:
    rows = """
    <table:table-column table:default-cell-style-name="ce1" table:number-columns-repeated="7"/>
    <table:table-row>
     <table:table-cell office:value-type="float" office:value="1234.5678"><text:p>1,234.6</text:p></table:table-cell>
     <table:table-cell table:style-name="cep" office:value-type="percentage" office:value="0.695">
      <text:p>69.5%</text:p></table:table-cell>
     <table:table-cell table:style-name="ce2" office:value-type="float" office:value="-0.30000000000000004">
      <text:p>-0.30</text:p></table:table-cell>
     <table:table-cell table:style-name="ce0" office:value-type="float" office:value="5"><text:p>5</text:p>
     </table:table-cell>
     <table:table-cell office:value-type="float" office:value="0"><text:p>-</text:p></table:table-cell>
     <table:table-cell table:style-name="ced" office:value-type="date" office:date-value="2021-12-31">
      <text:p>12/21</text:p></table:table-cell>
     <table:table-cell office:value-type="string"><text:p>3.10</text:p></table:table-cell>
     <table:table-cell office:value-type="percentage" office:value="0.07"/>
    </table:table-row>"""
    grid = read_sheet(write_ods_rows(rows), "t.ods")
    assert grid.cells == (("1,234.6", "69.5%", "-0.30", "5", "-", "2021-12", "3.10", "7%"),)
    assert grid.numbers == {
        (1, 1): Number("1234.5678", 1),
        (1, 2): Number("0.695", 1),
        (1, 3): Number("-0.3", 2),
        (1, 4): Number("5", None),
        (1, 5): Number("0", None),
        (1, 8): Number("0.07", None),
    }


def test_ods_repeats_spans_groups_and_trailing_emptiness() -> None:
    rows = """
    <table:table-header-rows><table:table-row>
     <table:table-cell table:number-rows-spanned="2"/>
     <table:table-cell office:value-type="string" table:number-columns-spanned="2"><text:p>Exports</text:p>
     </table:table-cell><table:covered-table-cell/>
    </table:table-row></table:table-header-rows>
    <table:table-row-group><table:table-row table:number-rows-repeated="2">
     <table:table-cell table:number-columns-repeated="1"/>
     <table:table-cell office:value-type="float" office:value="7" table:number-columns-repeated="2"><text:p>7</text:p>
     </table:table-cell><table:table-cell table:number-columns-repeated="16000"/>
    </table:table-row></table:table-row-group>
    <table:table-row table:number-rows-repeated="1048000"><table:table-cell/></table:table-row>"""
    grid = read_sheet(write_ods_rows(rows), "t.ods")
    assert grid.cells == (("", "Exports", ""), ("", "7", "7"), ("", "7", "7"))
    assert grid.merged == ((1, 1, 2, 1), (1, 2, 1, 3))


def test_ods_text_indents_and_notes() -> None:
    rows = """
    <table:table-row>
     <table:table-cell office:value-type="string"><text:p><text:s text:c="2"/>EU</text:p></table:table-cell>
    </table:table-row><table:table-row>
     <table:table-cell table:style-name="cei" office:value-type="string">
      <office:annotation><text:p>not shown</text:p></office:annotation>
      <text:p>Austria<text:span> 1)</text:span></text:p><text:p>old</text:p></table:table-cell>
    </table:table-row>"""
    grid = read_sheet(write_ods_rows(rows), "t.ods")
    assert grid.cells == (("EU",), ("Austria 1)\nold",))
    assert grid.indents == {(1, 1): 2, (2, 1): 6}


def test_ods_formulas_hidden_parts_macros_and_links_are_reported() -> None:
    tables = """
    <table:table table:name="S">
     <table:table-column/><table:table-column table:visibility="collapse"/>
     <table:table-row>
      <table:table-cell table:formula="of:=1/0" office:value-type="string" calcext:value-type="error">
       <text:p>#DIV/0!</text:p></table:table-cell>
      <table:table-cell office:value-type="float" office:value="3"><text:p>3</text:p></table:table-cell>
      <table:table-cell table:formula="of:=1+1"/>
      <table:table-cell table:formula="of:=['file:///b.ods'#$S.A1]" office:value-type="float" office:value="4">
       <text:p>4</text:p></table:table-cell>
     </table:table-row>
    </table:table>
    <table:table table:name="H" table:style-name="off"/>"""
    book = read_book(write_ods(tables, {"Basic/Standard/Module1.xml": b"<x/>"}), "t.ods")
    assert book.sheets[0].cells == (("#DIV/0!", "3", "#FORMULA", "4"),)
    assert [grid.hidden for grid in book.sheets] == [False, True]
    assert book.notices == (
        "the workbook holds macros; they are not run",
        "the workbook has links to other files; they are not followed, the stored values are read",
        "sheet 'S': 1 figures stand in hidden columns (2); they are read",
        "sheet 'S': 1 formula error, the first at row 1, column 1; it shows #DIV/0!",
        "sheet 'S': 1 formula, the first at row 1, column 3, without a stored result, shown as #FORMULA",
        "sheet 'H' is hidden in the workbook",
    )


def test_ods_dates_and_times_beyond_iso_keep_their_text() -> None:
    cells = "".join(
        f'<table:table-cell office:value-type="{kind}" office:{kind}-value="{value}">'
        f"<text:p>{text}</text:p></table:table-cell>"
        for kind, value, text in [
            ("date", "-1482-11-12", "long ago"),
            ("date", "2021-12-31T06:30:00", "31 Dec"),
            ("time", "PT06H30M00S", "6.30"),
            ("time", "P1D", "a day"),
            ("boolean", "true", "WAHR"),
        ]
    )
    grid = read_sheet(write_ods_rows(f"<table:table-row>{cells}</table:table-row>"), "t.ods")
    assert grid.cells == (("long ago", "2021-12-31", "06:30:00", "a day", "TRUE"),)


# -- what is refused ---------------------------------------------------------------------------------------------------

XLSX = write_xlsx(lambda book, sheet: sheet.write("A1", 1))
ODS = write_ods_rows('<table:table-row><table:table-cell office:value-type="string"/></table:table-row>')
ENCRYPTED = b"""<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">
<m:file-entry m:full-path="content.xml"><m:encryption-data/></m:file-entry></m:manifest>"""


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (b"", "t.xlsx", "t.xlsx: the file is empty. What to do: fetch it again"),
        (XLSX[:-30], "t.xlsx", "truncated or no workbook.* compare its size with the card"),
        (XLSX[: len(XLSX) // 2], "t.xlsx", "truncated or no workbook"),
        (bytes(2000), "t.xls", "truncated or no workbook"),
        (XLSX, "t.xls", r"an Excel workbook \(.xlsx\), not an old Excel workbook \(.xls\) .* the ending .xlsx"),
        (XLSX, "t.ods", r"an Excel workbook \(.xlsx\), not an OpenDocument workbook"),
        (ODS, "t.xlsx", r"an OpenDocument workbook \(.ods\), not an Excel workbook .* the ending .ods"),
        (OLE + "Workbook".encode("utf-16-le"), "t.xlsx", r"an old Excel workbook \(.xls\), not .* the ending .xls,"),
        (OLE + "WordDocument".encode("utf-16-le"), "t.xls", "another kind of Office file"),
        ("年份,出口\n2018,5\n".encode(), "t.xlsx", r"a text table \(CSV or the like\), not .* the ending .csv"),
        (b"a\tb\n1\t2\n", "t.xls", "a text table"),
        (b"\xef\xbb\xbf\n<!DOCTYPE html><html></html>", "t.xls", r"a web page \(HTML\), not .* fetch the table itself"),
        (b'<?xml version="1.0"?>\n<Workbook/>', "t.xls", "an XML file, not .* save it as .xlsx"),
        (b'<?xml version="1.0"?>\n<html xmlns="x">', "t.xls", "a web page"),
        (b"\x1f\x8b\x08", "t.xlsx", "a gzip file"),
        (change(XLSX, {"xl/workbook.bin": b"x"}), "t.xlsx", r"a binary Excel workbook \(.xlsb\)"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "t.xlsx", "protected by a password.* without the password"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "t.xls", "protected by a password"),
        (change(ODS, {"META-INF/manifest.xml": ENCRYPTED}), "t.ods", "protected by a password"),
        (change(XLSX, {"xl/worksheets/sheet1.xml": b"<worksheet><sheetData>"}), "t.xlsx", "truncated or no workbook"),
        (change(XLSX, {"xl/worksheets/sheet1.xml": b"not XML"}), "t.xlsx", "truncated or no workbook"),
        (change(ODS, {"content.xml": b""}), "t.ods", "truncated or no workbook"),
        (write_sheet('<row r="1"><c r="A1"><v>abc</v></c></row>'), "t.xlsx", "no workbook. Found: 'abc'"),
        (write_sheet('<row r="1"><c r="A1" t="s"><v>7</v></c></row>'), "t.xlsx", "truncated or no workbook"),
        (write_sheet('<row r="2000000"><c r="A2000000"><v>1</v></c></row>'), "t.xlsx", "no sheet has row 2000000"),
        (write_sheet('<row r="1"><c r="XFE1"><v>1</v></c></row>'), "t.xlsx", "no sheet has row 1, column 16385"),
    ],
)
def test_unreadable_workbooks(content: bytes, name: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read_book(content, name)
    assert caught.value.file == name and caught.value.todo and "\n" not in str(caught.value)


def test_a_zip_with_a_password_is_protected() -> None:
    marked = bytearray(XLSX)
    marked[marked.rindex(b"PK\x01\x02") + 8] |= 1  # the flag of one entry of the directory
    with pytest.raises(InputError, match="protected by a password"):
        read_book(bytes(marked), "t.xlsx")


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = change(XLSX, {"xl/media/image1.bin": bytes(64 << 20)})
    assert len(bomb) < 1 << 20
    with pytest.raises(InputError, match=r"unpacks to 64 MiB from .* bytes.* do not trust this file"):
        read_book(bomb, "t.xlsx")
    with pytest.raises(InputError, match="unpacks to 64 MiB"):
        read_book(change(ODS, {"x.bin": bytes(64 << 20)}), "t.ods")


def test_a_large_workbook_that_packs_like_any_other_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "RATIO_FROM", 1000)
    assert read_sheet(XLSX).cells == (("1",),)
    monkeypatch.setattr(workbooks, "MAX_UNPACKED", 1000)
    with pytest.raises(InputError, match="unpacks to 0 MiB"):
        read_book(XLSX, "t.xlsx")


ENTITIES = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    "part", ["xl/sharedStrings.xml", "xl/worksheets/sheet1.xml", "xl/styles.xml", "xl/workbook.xml"]
)
@pytest.mark.parametrize("codec", ["utf-8", "utf-16"])
def test_entities_are_refused_in_every_part(part: str, codec: str) -> None:
    def declare(old: bytes) -> bytes:
        body = old.decode().partition("?>")[2]
        return f'<?xml version="1.0" encoding="{codec}"?><!-- a -->{ENTITIES.decode()}{body}'.encode(codec)

    content = write_xlsx(lambda book, sheet: sheet.write("A1", "text"))
    with pytest.raises(InputError, match=f"the part {part} .* declares entities"):
        read_book(change(content, {part: declare}), "t.xlsx")


def test_entities_are_refused_in_ods() -> None:
    with pytest.raises(InputError, match=r"content.xml .* declares entities"):
        read_book(change(ODS, {"content.xml": lambda old: ENTITIES + old}), "t.ods")


def test_a_stray_cell_far_away_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    content = write_sheet(
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
    )
    grid = read_sheet(content)
    assert (len(grid.cells), len(grid.cells[0]), grid.cells[-1][-1]) == (1048576, 16384, "2")
    monkeypatch.setattr(workbooks, "MAX_CELLS", 30_000)
    with pytest.raises(
        InputError, match=r"sheet 'S': the sheet is too large: 2 filled rows of 16384 columns.* clear it"
    ):
        read_book(content, "t.xlsx")


@pytest.mark.parametrize("repeat", ['table:number-rows-repeated="2000000"', 'table:number-rows-repeated="0"'])
def test_ods_rows_that_no_sheet_has(repeat: str) -> None:
    cell = '<table:table-cell office:value-type="float" office:value="1"><text:p>1</text:p></table:table-cell>'
    with pytest.raises(
        InputError, match=r"truncated or no workbook. Found: '(no sheet has row|number-rows-repeated is 0)"
    ):
        read_book(write_ods_rows(f"<table:table-row {repeat}>{cell}</table:table-row>"), "t.ods")


# -- xls ---------------------------------------------------------------------------------------------------------------


def test_xls_behind_a_password() -> None:
    start = bytes.fromhex("0908 1000 0006 0500 0000 0000 0000 0000 0000 0000")  # BOF of a BIFF8 workbook
    with pytest.raises(InputError, match="protected by a password"):
        read_book(start + bytes.fromhex("2f00 0600 0000 0000 0000 0a00 0000"), "t.xls")


def test_xls_broken_inside() -> None:
    with pytest.raises(InputError, match="truncated or no workbook"):
        read_book(OLE + "Workbook".encode("utf-16-le") + bytes(2000), "t.xls")


# -- real workbooks ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pink_book(shared_data: Path) -> Book:
    return read_book(
        (shared_data / "ons_uk_services/pinkbook2020chapter3.xls").read_bytes(), "pinkbook2020chapter3.xls"
    )


@pytest.fixture(scope="module")
def trade_2019(shared_data: Path) -> Book:
    file = "internationaltradeinservices2019.xlsx"
    return read_book((shared_data / "ons_uk_services" / file).read_bytes(), file)


def test_pink_book(pink_book: Book) -> None:
    sheets = {grid.sheet: grid for grid in pink_book.sheets}
    assert list(sheets) == ["Index", *(f"3.{n}" for n in range(1, 11))]  # 3.10 stands beside 3.1
    assert sheets["3.1"].cells[0][:2] == ("3.1", "Trade in services")
    assert sheets["3.10"].cells[0][:2] == ("3.10", "Government services")
    assert sheets["3.1"].cells[3][3:5] == ("1997", "1998") and sheets["3.1"].cells[2][25] == "£ million"
    assert sheets["3.1"].cells[9][1:4] == ("Transport", "FJOD", "10850") and sheets["3.1"].cells[9][25] == "28920"
    assert sheets["3.1"].numbers[10, 26].value == "28920"
    assert sheets["3.10"].cells[6][1:4] == ("Embassies and consulates", "FJUK", "412")
    assert sheets["3.6"].cells[0][1] == "Intellectual property¹,²"
    assert sheets["3.5"].cells[6][1] == "Explicitly charged and other financial services (non-FISIM²)"


def test_trade_in_services_2019(trade_2019: Book) -> None:
    sheets = {grid.sheet: grid for grid in trade_2019.sheets}
    assert len(sheets) == 22 and "Table D1 " in sheets  # the name ends with a blank
    grid = sheets["Table A0"]
    assert {(3, 5, 3, 11), (3, 13, 3, 19), (3, 21, 3, 27)} <= set(grid.merged)
    assert (grid.cells[2][4], grid.cells[2][12], grid.cells[2][20]) == ("Exports", "Imports", "Balance")
    assert (grid.cells[6][2], grid.cells[3][9], grid.cells[6][9]) == ("Austria", "2018", "2,017")
    assert grid.numbers[7, 10] == Number("2017", 0)
    assert sheets["Table D1 "].cells[6][3] == ".."  # suppressed, a text beside numbers


@pytest.mark.parametrize(
    "path",
    [
        "ons_subnational/2018internationaltradeinservicesexceldatatables.xlsx",
        "ons_subnational/subnationalserviceexports2017.xlsx",
        "ons_uk_services/internationaltradeinservices2019.xlsx",
        "ons_uk_services/pinkbook2020chapter3.xls",
    ],
)
def test_another_reader_finds_the_same_numbers_and_the_same_filled_cells(shared_data: Path, path: str) -> None:
    content = (shared_data / path).read_bytes()
    other = python_calamine.load_workbook(io.BytesIO(content))
    book = read_book(content, Path(path).name)
    assert [grid.sheet for grid in book.sheets] == other.sheet_names
    for grid in book.sheets:
        rows = other.get_sheet_by_name(grid.sheet).to_python(skip_empty_area=False)
        theirs = {(r, c): v for r, row in enumerate(rows, 1) for c, v in enumerate(row, 1) if str(v).strip()}
        ours = {(r, c) for r, row in enumerate(grid.cells, 1) for c, text in enumerate(row, 1) if text}
        assert ours == set(theirs), grid.sheet
        numbers = {place for place, value in theirs.items() if isinstance(value, int | float)}
        assert set(grid.numbers) == numbers, grid.sheet
        for place, number in grid.numbers.items():
            assert float(number.value) == pytest.approx(theirs[place], rel=1e-14)


def test_read_grid_takes_a_sheet_whose_name_looks_like_a_number(shared_data: Path) -> None:
    content = (shared_data / "ons_uk_services/pinkbook2020chapter3.xls").read_bytes()
    assert read_grid(content, "p.xls", sheet="3.10").cells[0][0] == "3.10"
