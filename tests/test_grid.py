"""From bytes to displayed strings: text files in several encodings, and workbooks."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest

from transforms.errors import InputError
from transforms.grid import Number, read_book, read_grid

Book = Callable[[dict[str, list[list[Any]]]], bytes]


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("a,b\n1,2\n", (("a", "b"), ("1", "2"))),
        ("a,b\r\n1,2\r\n", (("a", "b"), ("1", "2"))),
        ("a,b\r1,2\r", (("a", "b"), ("1", "2"))),
        ("a,b\n\n1,2", (("a", "b"), (), ("1", "2"))),  # an empty line counts: rows are those of the file
        ('"a, b","say ""x"""\n', (("a, b", 'say "x"'),)),
        ('"a\nb",1\n', (("a\nb", "1"),)),
        (" a , 1 \n", (("a", "1"),)),
        ("a,b,c\n1\n1,2,3,4\n", (("a", "b", "c"), ("1",), ("1", "2", "3", "4"))),
        ("'012,5\n", (("'012", "5"),)),
        ("NA,..\n", (("NA", ".."),)),  # Namibia: no text is a blank here
        ("\xa0a\u3000,\u30001\n", (("a", "1"),)),
    ],
)
def test_csv(text: str, cells: tuple[tuple[str, ...], ...]) -> None:
    grid = read_grid(text.encode(), "t.csv")
    assert grid.cells == cells and not grid.numbers


def test_other_delimiters() -> None:
    assert read_grid(b"a;1,5\n", "t.csv", delimiter=";").cells == (("a", "1,5"),)
    assert read_grid(b"a\t1,5\n", "t.tsv", delimiter="\t").cells == (("a", "1,5"),)


@pytest.mark.parametrize(
    ("encoding", "codec"),
    [
        ("utf-8", "utf-8"),
        ("utf-8", "utf-8-sig"),
        ("utf-8-bom", "utf-8-sig"),
        ("utf-8-bom", "utf-8"),
        ("gb18030", "gb18030"),
        ("gb18030", "gbk"),
        ("gbk", "gbk"),
        ("gbk", "gb2312"),
    ],
)
def test_declared_encodings(encoding: str, codec: str) -> None:
    assert read_grid("年份,出口\n".encode(codec), "t.csv", encoding=encoding).cells == (("年份", "出口"),)


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (b"", {}, "t.csv: the file is empty. What to do: fetch it again"),
        (b"\n , \n", {}, "the file holds no text"),
        ("年份\n出口".encode("gbk"), {}, r"t.csv, row 1: the bytes are not utf-8. Found: 'c4 ea"),
        (b"a,b\n1,2\n" + "出口".encode("gbk"), {}, r"t.csv, row 3: the bytes are not utf-8"),
        ("年份\n".encode("utf-8-sig") + b"\xff", {}, "t.csv, row 2: the bytes are not utf-8. Found: 'ff'"),
        (b"PK\x03\x04\x00\x01", {}, "the file is a workbook or a zip archive and no text table.* give it the ending"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", {}, "the file is an old Excel workbook and no text table"),
        (b"\x1f\x8b\x08\x00", {}, "the file is a gzip file and no text table.* unpack it"),
        ("年份,1".encode("utf-16"), {}, "the bytes are not utf-8"),
        (b"a\x00b", {}, "NUL bytes"),
        (b'a,b\n"1,2\n', {}, r"t.csv, row 2: the CSV cannot be parsed: unexpected end of data"),
        (b'a,b\n"1"x,2\n', {}, r"t.csv, row 2: the CSV cannot be parsed"),
        (b"\x81", {"encoding": "cp1252"}, "the bytes are not cp1252"),
    ],
)
def test_unreadable_text(content: bytes, options: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_grid(content, "t.csv", **options)


def test_workbook_places_are_those_of_the_sheet(book: Book) -> None:
    content = book({"S": [[None], [None, "年份", "出口"], [], [None, 2018, 15.4]]})
    grid = read_grid(content, "t.xlsx")
    assert grid.cells == (("", "", ""), ("", "年份", "出口"), ("", "", ""), ("", "2018", "15.4"))
    assert grid.locator(4, 3) == "t.xlsx!S!R4C3"
    assert grid.numbers == {(4, 2): Number("2018", None), (4, 3): Number("15.4", None)}


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (5.0, "5"),
        (-0.25, "-0.25"),
        (1e-7, "0.0000001"),
        (1e15, "1000000000000000"),
        (12027.6, "12027.6"),
        ("12,027.60", "12,027.60"),
        ("'12", "'12"),
        (True, "TRUE"),
        ((datetime.date(2021, 12, 31), "yyyy-mm-dd"), "2021-12-31"),
        ((0.695, "0.0%"), "69.5%"),  # shown as a percentage: the sign is part of what is displayed
        ((12027.6, "#,##0"), "12,028"),
        ((3.1, "0.00"), "3.10"),
        ((0, '#,##0;-#,##0;"-"'), "-"),
        ((0.07, "0%;[Red]-0%"), "7%"),
        ((0.5, '0.0 "%"'), "0.5 %"),  # a literal sign in the number format scales nothing
        (("=1/0", "#DIV/0!"), "#DIV/0!"),  # a failed formula is not an empty cell
        (("=NA()", "#N/A"), "#N/A"),
        (("=1+1", 2), "2"),
    ],
)
def test_workbook_cells_as_displayed(book: Book, cell: Any, text: str) -> None:
    assert read_grid(book({"S": [["a", cell]]}), "t.xlsx").cells == (("a", text),)


def test_a_text_file_is_a_book_of_one_sheet_without_a_name() -> None:
    book = read_book(b"a,b\n", "t.csv")
    assert [(grid.sheet, grid.cells) for grid in book.sheets] == [("", (("a", "b"),))]
    assert book.file == "t.csv" and book.notices == ()


def test_leading_blanks_of_a_text_file_are_its_indents() -> None:
    grid = read_grid("total,1\n  a,2\n\u3000\u3000\xa0b, 3\n   \n".encode(), "t.csv")
    assert [row[0] for row in grid.cells] == ["total", "a", "b", ""]
    assert grid.indents == {(2, 1): 2, (3, 1): 5, (3, 2): 1}


def test_several_sheets_need_a_name(book: Book) -> None:
    content = book({"第一": [["a"]], "第二": [["b"]]})
    assert read_grid(content, "t.xlsx", sheet="第二").cells == (("b",),)
    with pytest.raises(InputError, match=r"several sheets, and the layout names none. Found: '第一, 第二'"):
        read_grid(content, "t.xlsx")
    with pytest.raises(InputError, match=r"no sheet '第三'. Found: '第一, 第二'"):
        read_grid(content, "t.xlsx", sheet="第三")


def test_percentages_and_errors_are_those_of_the_chosen_sheet(book: Book) -> None:
    content = book({"A": [[(0.5, "0%")]], "B": [[0.5, ("=1/0", "#DIV/0!")]]})
    assert read_grid(content, "t.xlsx", sheet="A").cells == (("50%",),)
    assert read_grid(content, "t.xlsx", sheet="B").cells == (("0.5", "#DIV/0!"),)


@pytest.mark.parametrize("kept", [0.02, 0.5, 0.98])
def test_truncated_workbook(book: Book, kept: float) -> None:
    content = book({"S": [["年份", "出口"], [2018, 5]]})
    with pytest.raises(InputError, match="the workbook cannot be opened"):
        read_grid(content[: int(len(content) * kept)], "t.xlsx")


def test_no_workbook_and_empty_sheet(book: Book) -> None:
    with pytest.raises(InputError, match="truncated or no workbook"):
        read_grid(bytes(range(256)), "t.xlsx")
    with pytest.raises(InputError, match=r"t.xlsx, sheet 'S': the sheet holds no text"):
        read_grid(book({"S": []}), "t.xlsx")
