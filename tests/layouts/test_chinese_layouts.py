"""Tables of the Ministry of Commerce and of SAFE, made here in the form in which they are published, and spoilt."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import xlsxwriter

from expectations.run import run_suite
from flows.store.editions import find_layout, find_layouts
from transforms.errors import InputError
from transforms.grid import read_book
from transforms.indicators import create_codelists
from transforms.observe import Readout, read_book_observations

D = Decimal
Rows = list[list[Any]]


def make_book(sheets: dict[str, Rows], merged: tuple[tuple[int, int, int, int], ...] = ()) -> bytes:
    """A workbook; a cell (12.3, "0.0") has a number format. merged: ranges counted from 0, on every sheet."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for area in merged:
                sheet.merge_range(*area, "")
            for r, row in enumerate(rows):
                for c, cell in enumerate(row):
                    if isinstance(cell, tuple):
                        sheet.write(r, c, cell[0], book.add_format({"num_format": cell[1]}))
                    elif cell is not None:
                        sheet.write(r, c, cell)
    return buffer.getvalue()


def make_csv(rows: Rows) -> bytes:
    """CSV as Chinese Excel writes it: GB18030."""
    buffer = io.StringIO()
    csv.writer(buffer).writerows([["" if cell is None else cell for cell in row] for row in rows])
    return buffer.getvalue().encode("gb18030")


def read(dataset: str, name: str, content: bytes) -> Readout:
    """The reading of a file by the bundled layout that takes files of this name."""
    layout = find_layout(find_layouts(dataset, Path("nowhere")), name)
    assert layout is not None, f"no layout takes {name}"
    book = read_book(content, name, encoding=layout.encoding, delimiter=layout.delimiter)
    return read_book_observations(book, layout, dataset, "2024")


def cells(readout: Readout, *columns: str, **where: str) -> list[tuple[Any, ...]]:
    rows = readout.observations.to_pylist()
    return [tuple(row[n] for n in columns) for row in rows if all(row[k] == v for k, v in where.items())]


def fault(dataset: str, name: str, content: bytes) -> str:
    with pytest.raises(InputError) as caught:
        read(dataset, name, content)
    assert caught.value.file == name and caught.value.todo, str(caught.value)
    return str(caught.value)


# --- Ministry of Commerce ---------------------------------------------------------------------------------------------

HEAD: Rows = [
    ["2024年1-7月我国服务分类进出口统计"],
    ["单位：亿元人民币"],
    ["服务类别", "进出口", None, "出口", None, "进口", None],
    [None, "金额", "同比（%）", "金额", "同比（%）", "金额", "同比（%）"],
]
MERGED = ((2, 0, 3, 0), (2, 1, 2, 2), (2, 3, 2, 4), (2, 5, 2, 6))
# The twelve labels as the ministry writes them, with our items.
TWELVE = [
    ("加工服务", "SA"), ("维护和维修服务", "SB"), ("运输", "SC"), ("旅行", "SD"), ("建筑", "SE"), ("保险服务", "SF"),
    ("金融服务", "SG"), ("知识产权使用费", "SH"), ("电信计算机和信息服务", "SI"), ("其他商业服务", "SJ"),
    ("个人文化和娱乐服务", "SK"), ("政府服务", "SL"),
]  # fmt: skip
MOFCOM, MONTHS = "mofcom_services", "2024年1-7月服务贸易.xlsx"


def mofcom_rows() -> Rows:
    """A total, and twelve categories of 10.0 (6.0 out, 4.0 in), all up by 2.5 per cent."""
    body: Rows = [["总额", "120.0", "2.5", "72.0", "2.5", "48.0", "-2.5"]]
    body += [[label, "10.0", "2.5", "6.0", "2.5", "4.0", "2.5"] for label, _ in TWELVE]
    return [list(row) for row in HEAD] + body + [["注：因四舍五入，分项合计可能不等于总额。"]]


def mofcom_book(rows: Rows, name: str = "Sheet1") -> bytes:
    return make_book({name: rows}, MERGED)


def test_twelve_categories_with_amounts_and_growth() -> None:
    readout = read(MOFCOM, MONTHS, mofcom_book(mofcom_rows()))
    assert cells(readout, "flow", "measure", "value", "unit", "unit_mult", item="EBOPS2010:S") == [
        ("T", "value", D(120), "CNY", 8), ("T", "growth", D("2.5"), "PERCENT", 0),
        ("X", "value", D(72), "CNY", 8), ("X", "growth", D("2.5"), "PERCENT", 0),
        ("M", "value", D(48), "CNY", 8), ("M", "growth", D("-2.5"), "PERCENT", 0),
    ]  # fmt: skip
    exports = cells(readout, "item", "value", "period", "base_period", flow="X", measure="value")
    assert exports[1:] == [(f"EBOPS2010:{code}", D(6), "2024-01/2024-07", "") for _, code in TWELVE]
    growth = cells(readout, "base_period", "price", measure="growth")
    assert set(growth) == {("2023-01/2023-07", "current")}
    assert {geo for (geo,) in cells(readout, "geo")} == {"CHN"}


def test_growth_says_in_which_currency_it_is_and_every_figure_has_the_footnote() -> None:
    readout = read(MOFCOM, MONTHS, mofcom_book(mofcom_rows()))
    assert set(cells(readout, "note", measure="growth")) == {
        ("单位:亿元人民币; 注：因四舍五入，分项合计可能不等于总额。",)
    }


def test_a_table_in_dollars_may_say_so_in_the_heading_or_the_unit_line() -> None:
    rows = mofcom_rows()
    rows[1] = ["（单位：亿美元，%）"]
    assert set(cells(read(MOFCOM, MONTHS, mofcom_book(rows)), "unit", measure="value")) == {("USD",)}
    rows[1] = [None]
    rows[3] = [None, "金额\n（亿美元）", "同比(%)", "金额\n（亿美元）", "同比(%)", "金额\n（亿美元）", "同比(%)"]
    assert set(cells(read(MOFCOM, MONTHS, mofcom_book(rows)), "unit", measure="value")) == {("USD",)}


def test_both_currencies_in_two_sheets_are_two_tables() -> None:
    dollars = mofcom_rows()
    dollars[1] = ["单位：亿美元"]
    content = make_book({"人民币": mofcom_rows(), "美元": dollars}, MERGED)
    readout = read(MOFCOM, MONTHS, content)
    assert set(cells(readout, "table_id", "unit", measure="value")) == {("人民币", "CNY"), ("美元", "USD")}
    assert len(cells(readout, "value")) == 2 * 13 * 6


def test_csv_of_chinese_excel_has_the_decimals_it_shows() -> None:
    readout = read(MOFCOM, "months_2024-07.csv", make_csv(mofcom_rows()))
    assert cells(readout, "value", "decimals", "lower", "upper", item="EBOPS2010:SI", flow="T", measure="value") == [
        (D(10), 1, D("9.95"), D("10.05"))
    ]
    utf8 = make_csv(mofcom_rows()).decode("gb18030").encode()
    again = read(MOFCOM, "utf8_months_2024-07.csv", utf8)
    columns = ("item", "flow", "measure", "printed")
    assert cells(again, *columns) == cells(readout, *columns)


def test_a_workbook_shows_its_decimals_by_the_number_format() -> None:
    rows = mofcom_rows()
    rows[4][1], rows[4][3] = (120.04, "0.0"), 72.25
    readout = read(MOFCOM, MONTHS, mofcom_book(rows))
    shown = cells(readout, "printed", "value", "decimals", item="EBOPS2010:S", measure="value")
    assert shown[:2] == [("120.0", D(120), 1), ("72.25", D("72.25"), 2)]


@pytest.mark.parametrize(
    ("title", "period", "base"),
    [
        ("2024年1-7月我国服务分类进出口统计", "2024-01/2024-07", "2023-01/2023-07"),
        ("2024年1—7月中国服务进出口（分行业）", "2024-01/2024-07", "2023-01/2023-07"),
        ("2024年1～2月中国服务进出口", "2024-01/2024-02", "2023-01/2023-02"),
        ("2024年1月全国服务贸易分类情况", "2024-01", "2023-01"),
        ("2024年7月份服务贸易分类统计表", "2024-07", "2023-07"),
        ("2024年上半年我国服务贸易情况", "2024-01/2024-06", "2023-01/2023-06"),
        ("2023年1—12月中国服务进出口（分行业）", "2023", "2022"),
        ("2023年1-12月我国服务分类进出口统计", "2023", "2022"),
        ("2023年1月至12月我国服务分类进出口统计", "2023", "2022"),
        ("2023年全年我国服务分类进出口统计", "2023", "2022"),
    ],
)
def test_the_title_says_the_period_and_twelve_months_are_the_year(title: str, period: str, base: str) -> None:
    rows = mofcom_rows()
    rows[0] = [title]
    readout = read(MOFCOM, MONTHS, mofcom_book(rows))
    assert set(cells(readout, "period", measure="value")) == {(period,)}
    assert set(cells(readout, "base_period", measure="growth")) == {(base,)}


def test_a_title_of_a_year_is_read_only_from_a_file_that_is_named_for_a_year() -> None:
    rows = mofcom_rows()
    rows[0] = ["2019年我国服务分类进出口统计"]
    readout = read(MOFCOM, "2019年我国服务分类进出口统计.xlsx", mofcom_book(rows))
    assert set(cells(readout, "period", measure="value")) == {("2019",)}
    assert "2019年我国服务分类进出口统计" in fault(MOFCOM, MONTHS, mofcom_book(rows))


@pytest.mark.parametrize(
    ("label", "item"),
    [
        ("维修和维护服务", "SB"), ("运输服务", "SC"), ("旅游", "SD"), ("建设", "SE"), ("建筑服务", "SE"),
        ("保险和养老金服务", "SF"), ("电信、计算机和信息服务", "SI"), ("其它商业服务", "SJ"),
        ("个人、文化和娱乐服务", "SK"), ("个人文化娱乐服务", "SK"), ("别处未提及的政府服务", "SL"),
        ("其中：海运", "SC1"), ("1.9 电信、计算机和信息服务", "SI"), ("服务进出口总额", "S"), ("合计", "S"),
    ],
)  # fmt: skip
def test_labels_that_are_also_printed(label: str, item: str) -> None:
    rows = [*HEAD, [label, "1", "2", "3", "4", "5", "6"]]
    assert {found for (found,) in cells(read(MOFCOM, MONTHS, mofcom_book(rows)), "item")} == {f"EBOPS2010:{item}"}


def test_the_ministry_s_own_sums_have_codes_of_their_own() -> None:
    rows = [
        *HEAD,
        ["其中："],
        ["知识密集型服务", "10", "1", "6", "1", "4", "1"],
        ["剔除旅行", "9", "1", "5", "1", "4", "1"],
    ]
    readout = read(MOFCOM, MONTHS, mofcom_book(rows))
    assert cells(readout, "item", flow="T", measure="value") == [
        ("MOFCOM:KNOWLEDGE_INTENSIVE",), ("MOFCOM:WITHOUT_TRAVEL",)
    ]  # fmt: skip
    assert {row["label"] for row in readout.labels.to_pylist()} == {"知识密集型服务", "剔除旅行服务"}


def test_growth_may_be_blank_an_amount_may_not() -> None:
    rows = mofcom_rows()
    rows[4][2], rows[4][4], rows[4][6] = "-", "—", None
    readout = read(MOFCOM, MONTHS, mofcom_book(rows))
    growth = cells(readout, "printed", "value", "obs_status", item="EBOPS2010:S", measure="growth")
    assert growth == [("-", None, "O"), ("—", None, "O"), ("", None, "O")]
    rows[4][3] = None
    message = fault(MOFCOM, MONTHS, mofcom_book(rows))
    assert "row 5, column 4" in message


def test_a_balance_and_a_share_may_stand_beside() -> None:
    body = ["总额", "100.0", "2.5", "40.0", "2.5", "60.0", "2.5", "100.0", "-20.0"]
    rows = [HEAD[0], HEAD[1], [*HEAD[2], "进出口", "差额"], [*HEAD[3], "占比(%)", "金额"], body]
    readout = read(MOFCOM, MONTHS, mofcom_book(rows))
    assert cells(readout, "flow", "value", "unit", measure="balance") == [("T", D(-20), "CNY")]
    assert cells(readout, "flow", "value", "unit", "reference", measure="share") == [
        ("T", D(100), "PERCENT", "SERVICES")
    ]


@pytest.mark.parametrize(
    ("place", "text", "message"),
    [
        ((6, 1), "数字内容服务", "row 6, column 1: '数字内容服务' is not in"),  # a new category
        ((2, 1), "单位：万元港币", "row 2, column 1: text above the header"),  # a changed unit line
        ((2, 1), None, "the layout gives no unit"),
        ((1, 1), "2024年我国服务分类进出口统计", "row 1, column 1: text above the header"),  # the months are lost
        ((1, 1), "1-7月我国服务分类进出口统计", "row 1, column 1: text above the header"),  # the year is
        ((1, 1), "2024年1-13月我国服务分类进出口统计", "2024年1-13月"),
        ((1, 1), "2024年1-7月广东省服务分类进出口统计", "row 1, column 1: text above the header"),
        ((4, 4), "数量", "column 4: unknown column"),
        ((3, 4), "出囗", "no header row"),  # 囗 for 口
        ((8, 3), "增长", "row 8, column 3"),
        ((18, 2), "5", "a footnote row holds more than one cell"),
    ],
)
def test_what_the_layout_does_not_know_stops_the_reading(place: tuple[int, int], text: Any, message: str) -> None:
    rows = mofcom_rows()
    rows[17] = [rows[17][0], None]
    row, column = place
    rows[row - 1][column - 1] = text
    assert message in fault(MOFCOM, MONTHS, mofcom_book(rows))


def test_a_row_under_the_footnote_and_a_column_more_stop_the_reading() -> None:
    assert "row 19" in fault(MOFCOM, MONTHS, mofcom_book([*mofcom_rows(), ["运输", "1", "2", "3", "4", "5", "6"]]))
    rows = mofcom_rows()
    rows[2], rows[3], rows[4] = [*rows[2], "增加值"], [*rows[3], "亿元"], [*rows[4], "1"]
    assert "row 4, column 8: unknown column" in fault(MOFCOM, MONTHS, mofcom_book(rows))


def test_a_category_that_stands_twice_with_other_figures_blocks_the_edition() -> None:
    rows = mofcom_rows()
    rows.insert(7, ["旅游", "11.0", "2.5", "7.0", "2.5", "4.0", "2.5"])  # beside 旅行
    assert judge_keys(read(MOFCOM, MONTHS, mofcom_book(mofcom_rows()))) == set()
    assert judge_keys(read(MOFCOM, MONTHS, mofcom_book(rows))) == {"O16"}


def judge_keys(readout: Readout) -> set[str]:
    """The rules about our reading that fail and block."""
    con = duckdb.connect()
    create_codelists(con)
    con.register("read", readout.observations)
    con.execute("CREATE TABLE observations AS FROM read")
    outcomes = run_suite(con, "observations", MOFCOM, "2024")
    return {o.rule_id for o in outcomes if o.severity == "error" and o.outcome == "fail"}


# --- State Administration of Foreign Exchange -------------------------------------------------------------------------

SAFE, MONTH = "safe_services", "2023年1月中国国际收支服务贸易数据.xlsx"
# January 2023: services, manufacturing services, maintenance, transport, travel, construction, in 亿元 and 亿美元.
JANUARY = [
    ("1.服务贸易差额", -1048, -154), ("    贷方", 1774, 261), ("    借方", -2821, -415),
    ("1.1加工服务差额", 66, 10), ("    贷方", 71, 10), ("    借方", -5, -1),
    ("1.2维护和维修服务差额", 17, 2), ("    贷方", 44, 6), ("    借方", -27, -4),
    ("1.3运输差额", -419, -62), ("    贷方", 506, 74), ("    借方", -924, -136),
    ("1.4旅行差额", -983, -145), ("    贷方", 54, 8), ("    借方", -1037, -153),
]  # fmt: skip
NOTES: Rows = [
    ["注："],
    ["1. 月度数据为初步数据，可能与国际收支平衡表中的季度数据不一致。"],
    ["2. 本表计数采用四舍五入原则。"],
]


def safe_rows(body: list[tuple[Any, ...]] | None = None) -> Rows:
    head: Rows = [
        ["中国国际收支服务贸易数据"],
        ["2023年1月"],
        ["项目", "按人民币计值\n（亿元）", "按美元计值\n（亿美元）"],
    ]
    return head + [list(row) for row in body or JANUARY] + NOTES


def test_january_2023_as_printed_with_debits_turned() -> None:
    readout = read(SAFE, MONTH, make_book({"Sheet1": safe_rows()}))
    assert cells(readout, "flow", "measure", "unit", "value", "printed", item="EBOPS2010:S") == [
        ("T", "balance", "CNY", D(-1048), "-1048"), ("T", "balance", "USD", D(-154), "-154"),
        ("X", "value", "CNY", D(1774), "1774"), ("X", "value", "USD", D(261), "261"),
        ("M", "value", "CNY", D(2821), "-2821"), ("M", "value", "USD", D(415), "-415"),
    ]  # fmt: skip
    assert set(cells(readout, "period", "unit_mult", "geo", "partner")) == {("2023-01", 8, "CHN", "W")}
    assert cells(readout, "note", "obs_status", item="EBOPS2010:SC", flow="M", unit="CNY") == [
        ("monthly figures are preliminary; printed with the opposite sign", "P")
    ]
    assert cells(readout, "lower", "upper", item="EBOPS2010:SC", flow="M", unit="CNY") == [(D("923.5"), D("924.5"))]


def test_balances_keep_their_rounding_and_hold_within_it() -> None:
    """1774 - 2821 is -1047, printed -1048; transport 506 - 924 is -418, printed -419; USD 10 - 1 is 9, printed 10."""
    readout = read(SAFE, MONTH, make_book({"Sheet1": safe_rows()}))
    rows = {(r["item"][10:], r["unit"], r["flow"]): r for r in readout.observations.to_pylist()}
    for item, unit, printed, computed in (("S", "CNY", -1048, -1047), ("SC", "CNY", -419, -418), ("SA", "USD", 10, 9)):
        balance, credit, debit = (rows[item, unit, flow] for flow in ("T", "X", "M"))
        assert (balance["value"], credit["value"] - debit["value"]) == (printed, computed)
        low, high = credit["lower"] - debit["upper"], credit["upper"] - debit["lower"]
        assert low <= balance["upper"] and balance["lower"] <= high


def test_the_number_before_a_label_does_not_count() -> None:
    body = [
        ("货物和服务贸易差额", 155, 24), ("贷方", "13,968", "2,170"), ("借方", "-13,813", "-2,146"),
        ("1.货物贸易差额", 1559, 242), ("贷方", "12,659", "1,967"), ("借方", "-11,100", "-1,724"),
        ("2.服务贸易差额", -1404, -218), ("贷方", 1309, 203), ("借方", -2713, -422),
        ("2.9电信、计算机和信息服务差额", 52, 8), ("贷方", 135, 20), ("借方", -83, -12),
        ("2.12别处未提及的政府服务差额", -1, "-0"), ("贷方", 11, 2), ("借方", -12, "-0"),
    ]  # fmt: skip
    rows = safe_rows(body)
    rows[0], rows[1] = ["中国国际货物和服务贸易（国际收支口径）"], ["2018年1月"]
    readout = read(SAFE, "month_2018-01.xlsx", make_book({"Sheet1": rows}))
    credits = cells(readout, "item", "value", "period", flow="X", unit="CNY")
    assert credits == [
        ("GS:T", D(13968), "2018-01"), ("GOODS:T", D(12659), "2018-01"), ("EBOPS2010:S", D(1309), "2018-01"),
        ("EBOPS2010:SI", D(135), "2018-01"), ("EBOPS2010:SL", D(11), "2018-01"),
    ]  # fmt: skip
    nil = cells(readout, "printed", "value", "lower", "upper", item="EBOPS2010:SL", flow="M", unit="USD")
    assert nil == [("-0", D(0), D("-0.5"), D("0.5"))]


def test_the_twelve_items_of_the_balance_of_payments() -> None:
    labels = ["加工服务", "维护和维修服务", "运输", "旅行", "建设", "保险和养老金服务", "金融服务", "知识产权使用费",
              "电信、计算机和信息服务", "其他商业服务", "个人、文化和娱乐服务", "别处未提及的政府服务"]  # fmt: skip
    body = [row for n, label in enumerate(labels, 1)
            for row in ((f"1.{n}{label}差额", 1, 1), ("贷方", 2, 2), ("借方", -1, -1))]  # fmt: skip
    readout = read(SAFE, "month_2023-01.csv", make_csv(safe_rows(body)))
    assert [item for (item,) in cells(readout, "item", flow="X", unit="USD")] == [
        f"EBOPS2010:{code}" for _, code in TWELVE
    ]


def test_a_column_counted_from_january_is_of_those_months() -> None:
    rows = safe_rows(JANUARY[:3])
    rows[0], rows[1] = ["中国国际收支服务贸易数据"], ["2023年7月"]
    rows[2] = [*rows[2], "按人民币计值累计（亿元）", "按美元计值累计（亿美元）"]
    for place in (3, 4, 5):
        rows[place] = [*rows[place], rows[place][1] * 7, rows[place][2] * 7]
    readout = read(SAFE, "2023年7月中国国际收支服务贸易数据.xlsx", make_book({"S": rows}))
    assert cells(readout, "period", "unit", "value", flow="M") == [
        ("2023-07", "CNY", D(2821)), ("2023-07", "USD", D(415)),
        ("2023-01/2023-07", "CNY", D(19747)), ("2023-01/2023-07", "USD", D(2905)),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("place", "text", "message"),
    [
        ((2, 1), None, "period"),  # no month
        ((2, 1), "2023年", "row 2, column 1: text above the header"),
        ((7, 1), "1.1数据服务差额", "row 7"),  # a new item
        ((7, 1), "1.1加工服务", "row 7, column 1"),  # figures beside a label that does not say of what
        ((8, 1), "收入", "row 8, column 1"),
        ((3, 2), "按人民币计值（亿美元）", "row 3"),  # the unit is not that of the currency
        ((3, 3), "按欧元计值（亿欧元）", "row 3"),
        ((9, 2), None, "row 9, column 2"),
        ((9, 3), "(1)", "row 9, column 3"),
    ],
)
def test_what_safe_never_printed_stops_the_reading(place: tuple[int, int], text: Any, message: str) -> None:
    rows = safe_rows()
    rows[place[0] - 1][place[1] - 1] = text
    assert message in fault(SAFE, MONTH, make_book({"Sheet1": rows}))


def series_rows(unit: str, months: list[Any], factor: int = 1) -> Rows:
    return [
        ["中国国际收支服务贸易数据"],
        [f"单位：{unit}"],
        ["项目", *months],
        ["1.服务贸易差额", *[-1048 * factor] * len(months)],
        ["    贷方", *[(1774.4 * factor, "#,##0")] * len(months)],
        ["    借方", *[-2821 * factor] * len(months)],
        ["1.1加工服务"],
        ["    差额", *[66] * len(months)],
        ["    贷方", *[71] * len(months)],
        ["    借方", *[-5] * len(months)],
        *NOTES,
    ]


SERIES = "中国国际收支服务贸易数据时间序列.xlsx"


def test_the_time_series_has_a_month_a_column_and_a_currency_a_sheet() -> None:
    months = ["2022年12月", (44927, "yyyy-mm"), (44985, "yyyy/m/d"), "2023-10"]  # 2023-01 and 2023-02-28, as dates
    content = make_book({
        "以人民币计值(月度)": series_rows("亿元", months), "以美元计值(月度)": series_rows("亿美元", months, 2),
        "指标说明": [["贷方记录服务出口。"]],
    })  # fmt: skip
    readout = read(SAFE, SERIES, content)
    assert cells(readout, "period", "value", "printed", flow="X", unit="CNY", item="EBOPS2010:S") == [
        (period, D(1774), "1,774") for period in ("2022-12", "2023-01", "2023-02", "2023-10")
    ]
    assert cells(readout, "period", "value", flow="M", unit="USD", item="EBOPS2010:S")[0] == ("2022-12", D(5642))
    assert cells(readout, "flow", "value", unit="CNY", item="EBOPS2010:SA", period="2023-01") == [
        ("T", D(66)), ("X", D(71)), ("M", D(5))
    ]  # fmt: skip
    assert {table for (table,) in cells(readout, "table_id")} == {"以人民币计值(月度)", "以美元计值(月度)"}


Change = Callable[[dict[str, Rows]], None]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda sheets: sheets.pop("美元"), "no sheet"),
        (lambda sheets: sheets.update({"欧元": [["单位：亿欧元"]]}), "sheet '欧元'"),
        (lambda sheets: sheets["人民币"].__setitem__(1, ["单位：万元"]), "text above the header"),
        (lambda sheets: sheets["人民币"].__setitem__(1, ["单位：亿美元"]), "text above the header"),
        (lambda sheets: sheets["人民币"][2].__setitem__(2, "2023.1"), "row 3, column 3: unknown column"),
        (lambda sheets: sheets["人民币"][2].__setitem__(2, "2023年一季度"), "row 3, column 3: unknown column"),
        (lambda sheets: sheets["人民币"].insert(6, ["数据来源", None]), "row 7"),
    ],
)
def test_a_time_series_that_is_not_so_stops_the_reading(change: Change, message: str) -> None:
    sheets = {
        "人民币": series_rows("亿元", ["2023-01", "2023-02"]),
        "美元": series_rows("亿美元", ["2023-01", "2023-02"]),
    }
    assert read(SAFE, SERIES, make_book(sheets)).observations.num_rows == 24
    change(sheets)
    assert message in fault(SAFE, SERIES, make_book(sheets))
