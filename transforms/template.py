"""The plain template: a workbook that a commerce bureau fills in, and that layouts/_template.toml reads.

One workbook in Chinese or English: Notes (how to), Data (one figure a row), Categories (the twelve categories by flow
for one place and period), Codes (what the drop-down lists offer, from our code lists). Examples are so marked that the
reading refuses them: a figure of ours can never become a figure of a bureau.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from transforms.codelists import codelist_rows, load_codelist, plain_label
from transforms.errors import InputError

LANGUAGES: Final = ("zh", "en")
_ROWS: Final = 2000  # rows of the sheet Data that have drop-down lists
_BASES: Final = ("published", "executed", "contracted", "survey")
_STATUSES: Final = ("A", "P", "E", "B", "D", "U")
_SCHEMES: Final = ("EBOPS2010:", "DEF:")
_TREES: Final = ("standard", "aggregate", "definition")  # of services; memo items overlap the others
_GOODS: Final = ("GOODS:T", "GS:T")


@dataclass(frozen=True)
class Words:
    """The words of one language that stand in the workbook. layouts/_template.toml reads them."""

    sheets: tuple[str, str, str, str]  # notes, data, categories, codes
    headings: tuple[str, ...]  # of the sheet Data
    title: str  # of the sheet Categories
    head: tuple[str, ...]  # what is said there of the whole table: place, partner, period, unit, basis
    wide: tuple[str, ...]  # its headings
    flows: tuple[str, ...]
    units: tuple[str, ...]
    marks: tuple[str, ...]  # where there is no amount: Q, M, L, O
    example: str  # stands in place of a place
    example_period: str
    lists: tuple[str, ...]  # headings of the sheet Codes
    code: str
    refused: tuple[str, str]  # what a spreadsheet says of a text that the list does not have
    amount: tuple[str, str]
    period: tuple[str, str]
    notes: tuple[str, ...]


WORDS: Final[Mapping[str, Words]] = {
    "zh": Words(
        sheets=("说明", "数据", "十二类", "代码"),
        headings=("地区", "伙伴", "流向", "项目", "时期", "金额", "单位", "状态", "口径", "注"),
        title="服务贸易十二类进出口",
        head=("地区", "伙伴", "时期", "单位", "口径"),
        wide=("类别", "出口", "状态", "进口", "状态", "注"),
        flows=("出口", "进口", "进出口", "差额"),
        units=("元", "万元", "百万元", "亿元", "美元", "万美元", "百万美元", "亿美元"),
        marks=("保密", "不适用", "未收集", "缺失"),
        example="示例（请删除或改写）",
        example_period="示例：2024年1-7月",
        lists=("地区", "伙伴", "流向", "项目", "单位", "状态", "口径", "无数据标记"),
        code="代码",
        refused=("不在列表中", "请从列表中选择，或填写代码表中的名称。"),
        amount=("金额", "填数字；没有数字时填：保密、不适用、未收集、缺失。空白不予接受。"),
        period=("时期", "2024；2024年第三季度；2024年7月；2024年1-7月（累计）"),
        notes=(
            "数字服务贸易统计模板",
            "1. “数据”表每行填一个数；“十二类”表填一个地区、一个时期的十二类服务出口和进口。"
            "用哪张填哪张，不用的一张请整张删除。",
            "2. 示例行请删除，示例文字请改写；留下示例的文件不予读取。",
            "3. 金额填数字，不带单位。没有数字时填：保密、不适用、未收集、缺失。零填 0。空白不予接受。",
            "4. 显示几位小数，就按几位小数的精度处理；需要保留末尾的零时，请设置单元格的小数位数。",
            "5. 时期：2024（全年）、2024年第三季度、2024年7月、2024年1-7月（累计）。不要填具体日期。",
            "6. 差额为出口减进口，逆差填负数；进口填正数。",
            "7. 状态空白表示正常值，口径空白表示公布。伙伴为全部贸易伙伴时填“世界”。",
            "8. 列表中没有的地区和项目，可先加入 data/own/codelists，再在此填写。",
            "9. 表头、表名请勿改动。“说明”和“代码”两表不读取。",
        ),
    ),
    "en": Words(
        sheets=("Notes", "Data", "Categories", "Codes"),
        headings=("Place", "Partner", "Flow", "Item", "Period", "Amount", "Unit", "Status", "Basis", "Note"),
        title="Trade in services by twelve categories",
        head=("Place", "Partner", "Period", "Unit", "Basis"),
        wide=("Category", "Exports", "Status", "Imports", "Status", "Note"),
        flows=("Exports", "Imports", "Exports and imports together", "Balance"),
        units=(
            "yuan", "10 000 yuan", "million yuan", "100 million yuan",
            "US dollars", "10 000 US dollars", "million US dollars", "100 million US dollars",
        ),
        marks=("confidential", "not applicable", "not collected", "missing"),
        example="Example (delete or replace)",
        example_period="Example: Jan-Jul 2024",
        lists=("Place", "Partner", "Flow", "Item", "Unit", "Status", "Basis", "Marks for no amount"),
        code="Code",
        refused=("Not in the list", "Choose from the list, or write a name of the sheet Codes."),
        amount=("Amount", "A number; where there is none: confidential, not applicable, not collected, missing."),
        period=("Period", "2024; 2024 Q3; Jul 2024; Jan-Jul 2024 (year to date)"),
        notes=(
            "Template for statistics of digital trade in services",
            "1. Data takes one figure a row; Categories takes exports and imports of the twelve categories, for one "
            "place and period. Fill in the one you need and delete the other sheet.",
            "2. Delete the example rows and replace the example texts: a file with examples left in is not read.",
            "3. Amounts are numbers, without unit. Where there is none, write: confidential, not applicable, not "
            "collected, missing. Nil is 0. An empty cell is refused.",
            "4. A figure has the decimals that it shows; give the cell a number format to keep a zero at the end.",
            "5. Periods: 2024 (the year), 2024 Q3, Jul 2024, Jan-Jul 2024 (year to date). No dates.",
            "6. A balance is exports less imports, a deficit is negative; imports are positive.",
            "7. An empty status is a normal value, an empty basis is as published. All partners together are World.",
            "8. A place or item that the lists lack can be added in data/own/codelists, and then written here.",
            "9. Leave headings and names of sheets as they are. Notes and Codes are not read.",
        ),
    ),
}  # fmt: skip


def write_template(path: Path, lang: str = "zh") -> None:
    """Write the template in Chinese (zh) or English (en). A file that is there is replaced."""
    path.write_bytes(make_template(lang))


def make_template(lang: str = "zh") -> bytes:
    """The bytes of the workbook (xlsx), the same at every call. Raises InputError for an unknown language."""
    if lang not in WORDS:
        raise InputError("no template in this language", found=lang, todo=f"use one of {', '.join(LANGUAGES)}.")
    words, buffer = WORDS[lang], io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        book.set_properties({"title": words.notes[0], "created": datetime(2000, 1, 1)})  # the same bytes every time
        formats = {
            "head": book.add_format({"bold": True, "bg_color": "#DDEBF7", "border": 1, "text_wrap": True}),
            "example": book.add_format({"italic": True, "font_color": "#C00000"}),
            "text": book.add_format({"num_format": "@"}),
            "wrap": book.add_format({"text_wrap": True, "valign": "top"}),
            "bold": book.add_format({"bold": True}),
        }
        notes, data, wide, codes = (book.add_worksheet(name) for name in words.sheets)
        _write_notes(notes, words, formats)
        ranges = _write_codes(codes, words, lang, formats)
        _write_data(data, words, lang, formats, ranges)
        _write_categories(wide, words, lang, formats, ranges)
        data.activate()
    return buffer.getvalue()


def list_offers(lang: str) -> dict[str, list[tuple[str, str]]]:
    """What each drop-down list offers, as (label, code), in the order of the sheet Codes: place, partner, flow, item,
    unit, status, basis, mark. Units and marks have no code of their own there."""
    words = WORDS[lang]
    places, partners = [], []
    for row in codelist_rows("geographies"):
        offer = (row[f"label_{lang}"], row["code"])
        if row["nation"] == "CHN" and row["type"] in ("country", "province", "city", "district", "zone"):
            places.append(offer)
        if row["type"] in ("world", "country", "territory", "economy"):
            partners.append(offer)
    items = [
        (row[f"label_{lang}"], row["code"])
        for row in codelist_rows("items")
        if (row["tree"] in _TREES and row["code"].startswith(_SCHEMES)) or row["code"] in _GOODS
    ]
    return {
        "place": places,
        "partner": partners,
        "flow": list(zip(words.flows, ("X", "M", "T", "T"), strict=True)),
        "item": items,
        "unit": [(unit, "") for unit in words.units],
        "status": [(load_codelist("obs_status").label(code, lang), code) for code in _STATUSES],
        "basis": [(load_codelist("bases").label(code, lang), code) for code in _BASES],
        "mark": [(mark, "") for mark in words.marks],
    }


def _write_notes(sheet: Any, words: Words, formats: Mapping[str, Any]) -> None:
    sheet.set_column(0, 0, 100, formats["wrap"])
    for row, text in enumerate(words.notes):
        sheet.write_string(row, 0, text, formats["bold"] if row == 0 else formats["wrap"])


def _write_codes(sheet: Any, words: Words, lang: str, formats: Mapping[str, Any]) -> dict[str, str]:
    """Write the lists side by side; returns for each the cells that hold its labels."""
    ranges = {}
    for place, (name, offers) in enumerate(list_offers(lang).items()):
        column = 2 * place
        sheet.set_column(column, column, 28)
        sheet.set_column(column + 1, column + 1, 16)
        sheet.write_string(0, column, words.lists[place], formats["head"])
        sheet.write_string(0, column + 1, words.code, formats["head"])
        for row, (label, code) in enumerate(offers, 1):
            sheet.write_string(row, column, label)
            sheet.write_string(row, column + 1, code)
        letter = xl_col_to_name(column)
        ranges[name] = f"'{words.sheets[3]}'!${letter}$2:${letter}${len(offers) + 1}"
    sheet.freeze_panes(1, 0)
    return ranges


def _offer(sheet: Any, words: Words, cells: tuple[int, int, int, int], source: str, *, strict: bool) -> None:
    """A drop-down list. strict: nothing else is taken; else the spreadsheet only warns (a place of one's own)."""
    title, message = words.refused
    sheet.data_validation(
        *cells,
        {
            "validate": "list",
            "source": f"={source}",
            "error_title": title,
            "error_message": message,
            "error_type": "stop" if strict else "warning",
        },
    )


def _ask_amount(sheet: Any, words: Words, cells: tuple[int, int, int, int], marks: str) -> None:
    title, message = words.amount
    first = f"{xl_col_to_name(cells[1])}{cells[0] + 1}"
    sheet.data_validation(
        *cells,
        {
            "validate": "custom",
            "value": f"=OR(ISNUMBER({first}),COUNTIF({marks},{first})>0)",
            "error_title": title,
            "error_message": message,
        },
    )


def _write_data(sheet: Any, words: Words, lang: str, formats: Mapping[str, Any], ranges: Mapping[str, str]) -> None:
    offers = list_offers(lang)
    for column, heading in enumerate(words.headings):
        sheet.write_string(0, column, heading, formats["head"])
    sheet.set_column(0, len(words.headings) - 1, 18)
    sheet.set_column(4, 4, 18, formats["text"])  # a spreadsheet makes a date of 2024-07
    sheet.freeze_panes(1, 0)
    lists = ("place", "partner", "flow", "item", "", "", "unit", "status", "basis", "")
    for column, name in enumerate(lists):
        if name:
            strict = name in ("flow", "unit", "status", "basis")
            _offer(sheet, words, (1, column, _ROWS, column), ranges[name], strict=strict)
    _ask_amount(sheet, words, (1, 5, _ROWS, 5), ranges["mark"])
    title, message = words.period
    sheet.data_validation(1, 4, _ROWS, 4, {"validate": "any", "input_title": title, "input_message": message})
    world = load_codelist("geographies").label("W", lang)
    item = load_codelist("items").label("EBOPS2010:SI", lang)
    period, unit, status = words.example_period, words.units[-1], offers["status"][1][0]
    for row, (flow, amount) in enumerate(zip(words.flows[:2], (1.5, words.marks[0]), strict=True), 1):
        given = status if row == 1 else ""
        cells = (words.example, world, flow, item, period, amount, unit, given, offers["basis"][0][0], words.example)
        for column, cell in enumerate(cells):
            sheet.write(row, column, cell, formats["example"])


def _write_categories(
    sheet: Any, words: Words, lang: str, formats: Mapping[str, Any], ranges: Mapping[str, str]
) -> None:
    world = load_codelist("geographies").label("W", lang)
    sheet.set_column(0, 0, 44)
    sheet.set_column(1, len(words.wide) - 1, 20)
    sheet.write_string(0, 0, words.title, formats["bold"])
    basis = load_codelist("bases").label(_BASES[0], lang)
    values = (words.example, world, words.example_period, words.units[-1], basis)
    for row, (label, value, name) in enumerate(
        zip(words.head, values, ("place", "partner", "", "unit", "basis"), strict=True), 1
    ):
        sheet.write_string(row, 0, label, formats["head"])
        shown = formats["example"] if row in (1, 3) else formats["text"]
        sheet.write_string(row, 1, value, shown)
        if name:
            _offer(sheet, words, (row, 1, row, 1), ranges[name], strict=name in ("unit", "basis"))
    top = len(words.head) + 1
    for column, heading in enumerate(words.wide):
        sheet.write_string(top, column, heading, formats["head"])
    labels = [_name_category(code, lang) for code in ("EBOPS2010:S", *_name_categories())]
    for row, label in enumerate(labels, top + 1):
        sheet.write_string(row, 0, label)
    last = top + len(labels)
    for column in (1, 3):
        _ask_amount(sheet, words, (top + 1, column, last, column), ranges["mark"])
    for column in (2, 4):
        _offer(sheet, words, (top + 1, column, last, column), ranges["status"], strict=True)


def _name_categories() -> dict[str, str]:
    """EBOPS 2010 item -> the ministry's Chinese name, of the twelve categories in the order of the ministry."""
    names = {row["code"]: plain_label(row, "zh") for row in load_codelist("items").rows if row["parent"] == "MOFCOM:T"}
    rows = [row for row in codelist_rows("concordances") if row["from_code"] in names]
    return {row["to_code"]: names[row["from_code"]] for row in rows}


def _name_category(code: str, lang: str) -> str:
    """The ministry's name in Chinese, the name of EBOPS 2010 in English."""
    names = _name_categories() if lang == "zh" else {}
    return names.get(code) or load_codelist("items").label(code, lang)
