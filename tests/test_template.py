"""The template of digitrade template: written, filled in as a bureau does with a spreadsheet program, and read."""

from __future__ import annotations

import io
import re
import shlex
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import typer
from typer.testing import CliRunner

from expectations.catalogue import load_rules
from flows.store.editions import find_layout, find_layouts
from flows.template_command import template
from transforms.codelists import load_codelist
from transforms.errors import InputError
from transforms.grid import read_book
from transforms.layout import Layout
from transforms.observe import Readout, read_book_observations
from transforms.template import LANGUAGES, WORDS, list_offers, make_template, write_template

D = Decimal
BUREAU = {
    "zh": {
        "data": [
            ("广州市", "世界", "出口", "电信计算机和信息服务", "2024年1-7月", 12.3, "亿美元", "初步值", "执行", "快报"),
            ("CN-440106", "世界", "进口", "金融服务", "2024-07", "保密", "万元", None, None, None),
            (None,) * 10,
            ("天河区", "香港", "差额", "数字贸易", "2023", -5, "亿元", None, None, None),
        ],
        "place": "深圳市", "period": "2024年上半年", "unit": "亿元", "missing": "缺失", "status": "估计值",
    },
    "en": {
        "data": [
            ("Guangzhou", "World", "Exports", "Telecommunications, computer, and information services", "Jan-Jul 2024",
             12.3, "100 million US dollars", "Provisional value", "Executed", "快报"),
            ("CN-440106", "World", "Imports", "Financial services", "2024-07", "confidential", "10 000 yuan", None,
             None, None),
            (None,) * 10,
            ("Tianhe District", "Hong Kong SAR, China", "Balance", "DEF:dds6", "2023", -5, "100 million yuan", None,
             None, None),
        ],
        "place": "Shenzhen", "period": "2024 H1", "unit": "100 million yuan", "missing": "missing",
        "status": "Estimated value",
    },
}  # fmt: skip
Change = Callable[[Any], None]


def fill(lang: str, *, data: bool = True, categories: bool = True, change: Change | None = None) -> bytes:
    """The template filled in: three figures in Data, 0.1 to 1.3 and 10 to 130 in Categories; then the change.

    A sheet that is not wanted is deleted, as the notes ask.
    """
    book = openpyxl.load_workbook(io.BytesIO(make_template(lang)))
    given, (_, data_name, wide_name, _) = BUREAU[lang], WORDS[lang].sheets
    sheet, wide = book[data_name], book[wide_name]
    sheet.delete_rows(2, 2)
    for r, row in enumerate(given["data"], 2):
        for c, cell in enumerate(row, 1):
            sheet.cell(r, c).value = cell
    wide["B2"], wide["B4"], wide["B5"] = given["place"], given["period"], given["unit"]
    for n in range(13):
        wide.cell(8 + n, 2).value, wide.cell(8 + n, 4).value = (n + 1) / 10, (n + 1) * 10
    wide["B9"], wide["C10"], wide["F10"] = given["missing"], given["status"], "note"
    if not data:
        del book[data_name]
    if not categories:
        del book[wide_name]
    if change:
        change(book)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


@cache
def bundled_layout() -> Layout:
    layout = find_layout(find_layouts("template", Path("nowhere")), "filled.xlsx")
    assert layout is not None
    return layout


def read(content: bytes) -> Readout:
    return read_book_observations(read_book(content, "filled.xlsx"), bundled_layout(), "template", "2024")


def cells(readout: Readout, *columns: str, **where: str) -> list[tuple[Any, ...]]:
    rows = readout.observations.to_pylist()
    return [tuple(row[n] for n in columns) for row in rows if all(row[k] == v for k, v in where.items())]


def fault(content: bytes) -> str:
    with pytest.raises(InputError) as caught:
        read(content)
    return str(caught.value)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_one_figure_a_row_is_read_in_both_languages(lang: str) -> None:
    readout = read(fill(lang, categories=False))
    assert cells(readout, "geo", "partner", "flow", "item", "measure", "period", "value", "unit", "unit_mult") == [
        ("CN-440100", "W", "X", "EBOPS2010:SI", "value", "2024-01/2024-07", D("12.3"), "USD", 8),
        ("CN-440106", "W", "M", "EBOPS2010:SG", "value", "2024-07", None, "CNY", 4),
        ("CN-440106", "HKG", "T", "DEF:dds6", "balance", "2023", D(-5), "CNY", 8),
    ]
    assert cells(readout, "obs_status", "basis", "note", "decimals") == [
        ("P", "executed", "快报", 1), ("Q", "published", "", None), ("A", "published", "", 0)
    ]  # fmt: skip


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_twelve_categories_are_read_in_both_languages(lang: str) -> None:
    readout = read(fill(lang, data=False))
    assert set(cells(readout, "geo", "partner", "period", "unit", "unit_mult", "basis", "measure")) == {
        ("CN-440300", "W", "2024-01/2024-06", "CNY", 8, "published", "value")
    }
    exports, imports = (cells(readout, "item", "value", flow=flow) for flow in "XM")
    items = ["S", "SA", "SB", "SC", "SD", "SE", "SF", "SG", "SH", "SI", "SJ", "SK", "SL"]
    assert [item for item, _ in exports] == [f"EBOPS2010:{item}" for item in items]
    assert [value for _, value in exports][:4] == [D("0.1"), None, D("0.3"), D("0.4")]
    assert imports[12] == ("EBOPS2010:SL", D(130))
    assert cells(readout, "flow", "obs_status", "note", item="EBOPS2010:SB") == [("X", "E", "note"), ("M", "A", "note")]
    assert cells(readout, "obs_status", item="EBOPS2010:SA", flow="X") == [("O",)]


def test_both_sheets_may_be_used_and_are_two_tables() -> None:
    readout = read(fill("zh"))
    assert [len(cells(readout, "value", table_id=name)) for name in ("数据", "十二类")] == [3, 26]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_empty_template_is_refused_for_its_examples(lang: str) -> None:
    message = fault(make_template(lang))
    assert "filled.xlsx" in message and WORDS[lang].example_period in message.replace("示例:", "示例：")

    def keep_data(book: Any) -> None:
        del book[WORDS[lang].sheets[2]]

    rows = fault(fill_nothing(lang, keep_data))
    assert f"row 2, column 1: '{WORDS[lang].example}' is not in the code list geographies" in rows
    assert f"1 more place(s): {WORDS[lang].sheets[1]}!R3C1 '{WORDS[lang].example}'" in rows


def fill_nothing(lang: str, change: Change) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(make_template(lang)))
    change(book)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def test_one_example_row_left_in_is_refused() -> None:
    def leave(book: Any) -> None:
        book["数据"].insert_rows(2)
        for column, cell in enumerate(("示例（请删除或改写）", "世界", "出口", "金融服务", "2024", 1, "亿元"), 1):
            book["数据"].cell(2, column).value = cell

    message = fault(fill("zh", categories=False, change=leave))
    assert "sheet '数据', row 2, column 1" in message and "示例（请删除或改写）" in message


@pytest.mark.parametrize(
    ("cell", "text", "place"),
    [
        ("A2", "广卅市", "row 2, column 1"),
        ("A2", None, "row 2, column 1"),
        ("B2", "全国人民", "row 2, column 2"),
        ("C2", "出囗", "row 2, column 3"),
        ("D2", "数智服务", "row 2, column 4"),
        ("E2", "去年", "row 2, column 5"),
        ("E2", "2024-07-01", "row 2, column 5"),  # a spreadsheet made a day of 2024-07
        ("F2", None, "row 2, column 6"),
        ("F2", "约12", "row 2, column 6"),
        ("F2", "..", "row 2, column 6"),
        ("G2", "亿", "row 2, column 7"),
        ("G2", "%", "row 2, column 7"),
        ("H2", "初报", "row 2, column 8"),
        ("I2", "估", "row 2, column 9"),
        ("A1", "区域", "no header row"),
        ("K1", "联系人", "column 11: unknown column"),
    ],
)
def test_what_does_not_fit_is_refused_by_sheet_and_cell(cell: str, text: Any, place: str) -> None:
    def change(book: Any) -> None:
        book["数据"][cell] = text
        if cell == "K1":
            book["数据"]["K2"] = "张三"

    message = fault(fill("zh", categories=False, change=change))
    assert "sheet '数据'" in message and place in message


@pytest.mark.parametrize(
    ("cell", "text", "found"),
    [
        ("B2", None, "row 2, column 1"),
        ("B4", "2024-07-01", "row 4"),
        ("B5", "%", "row 5"),
        ("A9", "数据服务", "row 9, column 1"),
        ("B10", None, "row 10, column 2"),
        ("E10", "初报", "row 10, column 5"),
        ("A22", "审核人", "row 22"),
    ],
)
def test_what_does_not_fit_among_the_categories_is_refused_too(cell: str, text: Any, found: str) -> None:
    def change(book: Any) -> None:
        book["十二类"][cell] = text

    message = fault(fill("zh", data=False, change=change))
    assert "sheet '十二类'" in message and found in message


@pytest.mark.parametrize(
    ("cell", "text", "todo"),
    [
        ("A2", "广卅市", "write it as the sheet 代码 / Codes has it"),
        ("E2", "去年", "write a period such as 2024"),
        ("E2", "2024-07-01", "format the cell as text"),
        ("F2", None, "or a mark: 保密"),
        ("F2", "约12", "write a number alone"),
        ("G2", "亿", "choose a unit of the drop-down list"),
        ("H2", "初报", "leave it empty, or choose a status"),
        ("I2", "估", "write it as the sheet"),
        ("A1", "区域", "give the headings back"),
        ("K1", "联系人", "move its words to the column 注 / Note"),
    ],
)
def test_a_refusal_says_what_to_do_to_who_has_no_layout(cell: str, text: Any, todo: str) -> None:
    def change(book: Any) -> None:
        book["数据"][cell] = text
        if cell == "K1":
            book["数据"]["K2"] = "张三"

    message = fault(fill("zh", categories=False, change=change))
    told = message.split("What to do: ", 1)[1]
    assert told.startswith(todo) or todo in told
    assert not re.search(r"\[blanks\]|the layout|\.toml", told), told


def test_a_refused_sheet_or_category_says_what_to_do_without_a_layout() -> None:
    def change_head(book: Any) -> None:
        book["十二类"]["B2"] = None

    def add(book: Any) -> None:
        book.create_sheet("附表")["A1"] = "备用"

    def empty(book: Any) -> None:
        book["数据"].delete_rows(2, 10)

    for message, todo in (
        (fault(fill("zh", data=False, change=change_head)), "give the head of the sheet back"),
        (fault(fill("zh", change=add)), "delete the sheet, or move"),
        (fault(fill("zh", change=empty)), "the sheet is not used: delete it"),
        (fault(make_template("zh")), "delete rows of examples"),
    ):
        told = message.split("What to do: ", 1)[1]
        assert todo in told and "layout" not in told, told


def test_a_sheet_that_is_not_used_must_be_deleted() -> None:
    def empty(book: Any) -> None:
        book["数据"].delete_rows(2, 10)

    assert "sheet '数据', row 1: no rows under the header" in fault(fill("zh", change=empty))


def test_a_sheet_of_one_s_own_is_refused() -> None:
    def change(book: Any) -> None:
        book.create_sheet("附表")["A1"] = "备用"

    assert "sheet '附表'" in fault(fill("zh", change=change))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_everything_that_the_lists_offer_is_read(lang: str) -> None:
    """Each choice of every drop-down list, one row each; the others as in the bureau's first row."""
    offers, first = list_offers(lang), BUREAU[lang]["data"][0]
    columns = {"place": 0, "partner": 1, "flow": 2, "item": 3, "unit": 6, "status": 7, "basis": 8, "mark": 5}
    names = {"place": "geo", "partner": "partner", "flow": "flow", "item": "item", "status": "obs_status",
             "basis": "basis"}  # fmt: skip
    rows = []
    for name, column in columns.items():
        rows += [(name, code, (*first[:column], label, *first[column + 1 :])) for label, code in offers[name]]

    def change(book: Any) -> None:
        sheet = book[WORDS[lang].sheets[1]]
        for r, (_, _, row) in enumerate(rows, 2):
            for c, cell in enumerate(row, 1):
                sheet.cell(r, c).value = cell

    found = read(fill(lang, categories=False, change=change)).observations.to_pylist()
    assert len(found) == len(rows) > 450
    for (name, code, _), row in zip(rows, found, strict=True):
        if code:
            assert row[names[name]] == code, (name, code)
    units = [(row["unit"], row["unit_mult"]) for (name, *_), row in zip(rows, found, strict=True) if name == "unit"]
    assert units == [(unit, power) for unit in ("CNY", "USD") for power in (0, 4, 6, 8)]
    marks = [row["obs_status"] for (name, *_), row in zip(rows, found, strict=True) if name == "mark"]
    assert [mark.split(";")[0] for mark in marks] == ["Q", "M", "L", "O"]
    flows = [row["measure"] for (name, *_), row in zip(rows, found, strict=True) if name == "flow"]
    assert flows == ["value", "value", "value", "balance"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_lists_stand_behind_the_cells_and_name_our_codes(lang: str) -> None:
    book = openpyxl.load_workbook(io.BytesIO(make_template(lang)))
    notes, data, wide, codes = WORDS[lang].sheets
    assert book.sheetnames == [notes, data, wide, codes]
    behind = {}
    for rule in book[data].data_validations.dataValidation:
        if rule.type == "list":
            area = rule.formula1.split("!")[1].replace("$", "")
            behind[str(rule.sqref)[0]] = [row[0].value for row in book[codes][area]]
    offers = list_offers(lang)
    columns = {"A": "place", "B": "partner", "C": "flow", "D": "item", "G": "unit", "H": "status", "I": "basis"}
    assert behind == {letter: [label for label, _ in offers[name]] for letter, name in columns.items()}
    assert dict(offers["place"])[load_codelist("geographies").label("CN-440106", lang)] == "CN-440106"
    assert "EBOPS2010:SC11" in dict(offers["item"]).values() and "EBOPS2010:SC3A" not in dict(offers["item"]).values()


def test_the_same_template_has_the_same_bytes(tmp_path: Path) -> None:
    write_template(tmp_path / "t.xlsx", "en")
    assert (tmp_path / "t.xlsx").read_bytes() == make_template("en") != make_template("zh")
    with pytest.raises(InputError, match="no template in this language"):
        make_template("fr")


def test_the_command_writes_a_template_and_replaces_none(tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(template)
    runner, path = CliRunner(), tmp_path / "服务贸易.xlsx"
    assert runner.invoke(app, [str(path)]).exit_code == 0
    assert path.read_bytes() == make_template("zh")
    path.write_bytes(b"filled in")
    refused = runner.invoke(app, [str(path), "--lang", "en"])
    assert isinstance(refused.exception, InputError) and "there already" in str(refused.exception)
    assert path.read_bytes() == b"filled in"
    assert runner.invoke(app, [str(path), "--lang", "en", "--force"]).exit_code == 0
    assert path.read_bytes() == make_template("en")
    for wrong, words in ((tmp_path / "t.csv", "Excel workbook"), (tmp_path / "no" / "t.xlsx", "cannot be written")):
        assert words in str(runner.invoke(app, [str(wrong)]).exception)


def test_figures_landed_as_the_page_says_break_no_rule_about_the_card(
    plain_steps: dict[str, Callable[..., Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows import pipeline
    from flows.cli import main

    page = (Path(__file__).resolve().parent.parent / "docs" / "template.md").read_text(encoding="utf-8")
    command = re.search(r"^digitrade (ingest template .*?[^\\])$", page, re.DOTALL | re.MULTILINE)
    assert command is not None
    (tmp_path / "data" / "raw").mkdir(parents=True)
    (tmp_path / "服务贸易.xlsx").write_bytes(fill("zh"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main([*shlex.split(command[1].replace("\\\n", " ")), "--data-dir", str(tmp_path / "data")])
    assert ended.value.code == 0
    summary = pipeline.run_stages(tmp_path / "data", plain_steps)
    assert [row["state"] for row in summary["datasets"]] == ["read"]
    assert {row["rule"] for row in summary["failing_rules"]} & set(load_rules()["Q26"].suite) == set()
