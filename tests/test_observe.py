"""Reading a table: hand-made tables under small layouts."""

from __future__ import annotations

import csv
import io
import random
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.contract import load_contract
from transforms.errors import InputError

Rows = list[dict[str, Any]]
Reader = Callable[..., Rows]
Refusal = Callable[..., InputError]

TABLE = '年份,出口,进口\n2018,"1,025.0",15.4\n2019,-51.7,20.73\n'


def shown(rows: Rows) -> list[tuple[str, str, str, str]]:
    return [(row["period"], row["flow"], row["printed"], row["locator"]) for row in rows]


# --- what a plain table becomes ---------------------------------------------------------------------------------------


def test_every_figure_becomes_one_observation_in_printed_order(read: Reader) -> None:
    rows = read(TABLE)
    assert shown(rows) == [
        ("2018", "X", "1,025.0", "t.csv!R2C2"),
        ("2018", "M", "15.4", "t.csv!R2C3"),
        ("2019", "X", "-51.7", "t.csv!R3C2"),
        ("2019", "M", "20.73", "t.csv!R3C3"),
    ]
    first = rows[0]
    assert list(first) == load_contract("observations").names
    assert (first["value"], first["decimals"]) == (Decimal("1025"), 1)
    assert (first["lower"], first["upper"]) == (Decimal("1024.95"), Decimal("1025.05"))
    assert (first["dataset"], first["vintage"], first["table_id"]) == ("made_up", "2020", "t")
    assert (first["geo"], first["item"], first["unit"], first["unit_mult"]) == ("CHN", "EBOPS2010:S", "USD", 8)
    assert (first["freq"], first["base_period"], first["reference"], first["n"]) == ("A", "", "", None)
    assert (first["activity"], first["mode"], first["basis"], first["adjustment"]) == ("_T", "_T", "published", "N")
    assert (first["obs_status"], first["conf_status"], first["qualifier"], first["note"]) == ("A", "F", "", "")


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_ends_change_nothing(read: Reader, newline: str) -> None:
    assert read(TABLE.replace("\n", newline).encode()) == read(TABLE)


@given(st.permutations([0, 1, 2]))
def test_a_moved_column_reads_the_same(read: Reader, order: list[int]) -> None:
    moved = io.StringIO()
    csv.writer(moved).writerows([[row[i] for i in order] for row in csv.reader(io.StringIO(TABLE))])

    def without_place(rows: Rows) -> list[dict[str, Any]]:
        return sorted(({k: v for k, v in row.items() if k != "locator"} for row in rows), key=str)

    assert without_place(read(moved.getvalue())) == without_place(read(TABLE))


@given(st.lists(st.tuples(*[st.decimals(-(10**9), 10**9, places=2), st.integers(0, 2)] * 2), min_size=1, max_size=6))
def test_no_figure_is_lost_or_invented(read: Reader, figures: list[tuple[Decimal, int, Decimal, int]]) -> None:
    printed = [[f"{x:,.{dx}f}", f"{y:.{dy}f}"] for x, dx, y, dy in figures]
    table = io.StringIO()
    csv.writer(table).writerows([["年份", "出口", "进口"], *([1990 + i, *row] for i, row in enumerate(printed))])
    rows = read(table.getvalue())
    assert [row["printed"] for row in rows] == [text for row in printed for text in row]
    assert [row["value"] for row in rows] == [Decimal(text.replace(",", "")) for row in printed for text in row]
    assert [row["upper"] - row["lower"] for row in rows] == [
        Decimal(1).scaleb(-d) for _, dx, _, dy in figures for d in (dx, dy)
    ]


def test_cells_with_breaks_and_quotes_inside(read: Reader, plain_layout: str) -> None:
    layout = plain_layout.replace("出口", "出口 (fob)") + '[[columns]]\nheader = "备注"\nrole = "note"\n'
    rows = read('年份,"出口\n（fob）",进口,备注\n2018,5,6,"see ""a"",\nb"\n', layout.replace("(fob)", "（fob）"))
    assert [row["value"] for row in rows] == [5, 6]
    assert rows[0]["note"] == 'see "a",\nb'


# --- title, header, footnotes -----------------------------------------------------------------------------------------

TITLED = 'title = "表1 服务贸易（亿美元）"\nfootnotes = ["数据来源：", "注："]\n'


def test_title_and_footnotes(read: Reader) -> None:
    rows = read("表1 服务贸易（亿美元）\n\n年份,出口,进口\n2018,1,2\n数据来源：商务部\n注：初步数\n", top=TITLED)
    assert shown(rows)[0] == ("2018", "X", "1", "t.csv!R4C2")
    assert {row["note"] for row in rows} == {"数据来源：商务部 注：初步数"}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("表2 货物贸易\n年份,出口,进口\n2018,1,2\n",
         "t.csv, row 1, column 1: text above the header that the layout does not account for. Found: '表2 货物贸易'."),
        ("年份,出口,进口\n2018,1,2\n", "t.csv, row 1: the declared title does not stand above the header."),
        ("表1 服务贸易（亿美元）\n单位：亿美元\n年份,出口,进口\n2018,1,2\n",
         "t.csv, row 2, column 1: text above the header"),
        ("表1 服务贸易（亿美元）,,亿元\n年份,出口,进口\n2018,1,2\n", "t.csv, row 1, column 3: text above the header"),
        ("表1 服务贸易（亿美元）\n年份,出口,进口\n2018,1,2\n数据来源：商务部\n2019,3,4\n",
         "t.csv, row 5: a row under the footnotes that the layout does not account for. Found: '2019 | 3 | 4'."),
        ("表1 服务贸易（亿美元）\n年份,出口,进口\n2018,1,2\n数据来源：商务部,商务厅\n",
         "t.csv, row 4: a footnote row holds more than one cell. Found: '数据来源：商务部 | 商务厅'."),
        ("表1 服务贸易（亿美元）\n年份,出口,进口\n数据来源：商务部\n", "t.csv, row 2: no rows under the header."),
        ("表1 服务贸易（亿美元）\n年份,出口,进口\n2018,1,2\n来源不明\n",
         "t.csv, row 4, column 1: the period cannot be read"),
    ],
)  # fmt: skip
def test_what_stands_around_the_table_is_accounted_for(refused: Refusal, table: str, message: str) -> None:
    assert str(refused(table, top=TITLED)).startswith(message)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("年份,出口额,进口\n2018,1,2\n",
         "t.csv, row 1: no header row with the declared labels; this row comes nearest and lacks '出口'. "
         "Found: '年份 | 出口额 | 进口'."),
        ("年份,出口,进口,差额\n2018,1,2,-1\n", "t.csv, row 1, column 4: unknown column. Found: '差额'."),
        ("年份,出口,进口\n2018,1,2\n2019,3,4,5\n",
         "t.csv, row 3, column 4: a cell in a column that has no heading. Found: '5'."),
        ("年份,出口,进口,出口\n2018,1,2,3\n", "t.csv, row 1, column 4: unknown column. Found: '出口'."),
        ("年份,出口,进口\n2018,1,2\n年份,出口,进口\n2019,3,4\n",
         "t.csv, row 3: the header stands again among the rows."),
        ("年份,出口,进口\n2018,1\n",
         "t.csv, row 2: the row has too few cells: 2, and the header has 3. Found: '2018 | 1'."),
        ("年份,出口,进口\n2018,1,\n2019,3,\n", "t.csv, row 2, column 3: a blank that the layout does not know."),
        ("年份,出口,进口\n2018,1,...\n", "t.csv, row 2, column 3: text where a figure belongs"),
        ("年份,出口,进口\n2018,1,12 027.60\n", "t.csv, row 2, column 3: text where a figure belongs"),
        ("年份,出口,进口\n2018,1,'12\n", "t.csv, row 2, column 3: text where a figure belongs"),
        ("年份,出口,进口\n2018,1,31①\n", "t.csv, row 2, column 3: text where a figure belongs"),
        ("年份,出口,进口\n2018,1,69.50%\n",
         "t.csv, row 2, column 3: text where a figure belongs (an unexpected percent sign). Found: '69.50%'."),
        ("年份,出口,进口\n2018,1,0.12345678901\n", "t.csv, row 2, column 3: an unrounded number"),
        ("年份,出口,进口\n2018,1,12345678901234567890\n",
         "t.csv, row 2, column 3: a figure larger than any economy has"),
        (f"年份,出口,进口\n2018,1,{'9' * 400}\n", "t.csv, row 2, column 3: a figure larger than any economy has"),
        ("年份,出口,进口\n18,1,2\n",
         "t.csv, row 2, column 1: the period cannot be read ('18' is no year). Found: '18'."),
        ("年份,出口,进口\n,1,2\n", "t.csv, row 2, column 1: the period cannot be read"),
        ("年份,出口,进口\n", "t.csv, row 1: no rows under the header."),
    ],
)  # fmt: skip
def test_a_bad_table_is_refused_at_its_cell(refused: Refusal, table: str, message: str) -> None:
    error = str(refused(table))
    assert error.startswith(message), error
    assert " What to do: " in error


def test_a_missing_column_is_named(refused: Refusal, plain_layout: str) -> None:
    layout = plain_layout + '[[columns]]\nheader = "状态"\nrole = "status"\n'
    assert str(refused(TABLE, layout)).startswith(
        "t.csv, row 1, column '状态': a declared column is not in the table. Found: '年份 | 出口 | 进口'."
    )


def test_a_figure_without_a_unit_is_refused(refused: Refusal, plain_layout: str) -> None:
    error = str(refused(TABLE, plain_layout.replace('unit = "USD"\n', "")))
    assert error.startswith("t.csv, row 2, column 2: the layout gives no unit for this figure. Found: '1,025.0'.")
    error = str(refused(TABLE, plain_layout.replace('column = "period"\nparse = "year"', 'column = "method"')))
    assert "the layout gives no period for this figure" in error


def test_negative_zero_and_the_largest_figure(read: Reader) -> None:
    rows = read("年份,出口,进口\n2018,-0.0,9999999999999\n")
    assert rows[0]["value"] == 0 and not rows[0]["value"].is_signed() and rows[0]["printed"] == "-0.0"
    assert (rows[0]["lower"], rows[0]["upper"]) == (Decimal("-0.05"), Decimal("0.05"))
    assert rows[1]["value"] == 9999999999999


# --- blanks and statuses ----------------------------------------------------------------------------------------------

BLANKS = '[blanks]\n"" = "O"\n"…" = "L"\n"-" = "M"\n"x" = "Q"\n'


def test_a_blank_has_the_declared_status_and_no_value(read: Reader, plain_layout: str) -> None:
    rows = read("年份,出口,进口\n2018,,0\n2019,…,-\n2020,x,0.0\n", plain_layout + BLANKS)
    found = [(row["printed"], row["obs_status"], row["value"], row["decimals"]) for row in rows]
    assert found == [
        ("", "O", None, None),
        ("0", "A", Decimal(0), 0),  # zero is a figure
        ("…", "L", None, None),
        ("-", "M", None, None),
        ("x", "Q", None, None),
        ("0.0", "A", Decimal(0), 1),
    ]
    assert all((row["lower"] is None) == (row["value"] is None) for row in rows)


def test_a_column_of_blanks_only(read: Reader, plain_layout: str) -> None:
    rows = read("年份,出口,进口\n2018,1,\n2019,2,\n", plain_layout + BLANKS)
    assert [row["obs_status"] for row in rows] == ["A", "O", "A", "O"]
    rows = read("年份,出口,进口\n2018,,\n", plain_layout + BLANKS)
    assert [row["value"] for row in rows] == [None, None]
    assert len(read("年份,出口,进口,\n2018,1,2,\n")) == 2  # a trailing separator is no column


STATUS = '[[columns]]\nheader = "状态"\nrole = "status"\n'


def test_statuses_of_cell_column_and_rule_are_joined(read: Reader, plain_layout: str, refused: Refusal) -> None:
    rule = '[[rules]]\nwhen = { period = "2019" }\nthen = { obs_status = "E" }\nreason = "estimated by the publisher"\n'
    layout = plain_layout + BLANKS + STATUS + rule
    rows = read("年份,出口,进口,状态\n2018,1,,A\n2019,3,,P\n2020,5,6,B; P\n2021,7,8,\n", layout)
    assert [row["obs_status"] for row in rows] == ["A", "O", "E;P", "O;P", "B;P", "B;P", "A", "A"]
    assert [row["note"] for row in rows][2:4] == ["estimated by the publisher"] * 2
    assert str(refused("年份,出口,进口,状态\n2018,1,2,估计\n", layout)).startswith(
        "t.csv, row 2, column 4: '估计' is not in the code list obs_status"
    )


def test_a_status_column_of_one_group_says_nothing_of_another(read: Reader, plain_layout: str) -> None:
    layout = plain_layout.replace('header = "出口"\nrole = "value"', 'header = "出口"\nrole = "value"\ngroup = 1')
    layout = layout.replace('header = "进口"\nrole = "value"', 'header = "进口"\nrole = "value"\ngroup = 2')
    layout += STATUS + "group = 1\n" + '[[columns]]\nheader = "小数位"\nrole = "decimals"\ngroup = 2\n'
    rows = read("年份,出口,状态,进口,小数位\n2018,1,E,2.5,1\n", layout)
    assert [(row["flow"], row["obs_status"]) for row in rows] == [("X", "E"), ("M", "A")]


# --- the other roles --------------------------------------------------------------------------------------------------

STATEMENTS = """
files = ["t.csv"]
[header]
contains = ["指标", "数值"]
[constants]
geo = "CHN"
partner = "W"
flow = "N"
price = "current"
period = "2020"
[[columns]]
header = "指标"
role = "key"
column = "item"
[[columns]]
header = "度量"
role = "key"
column = "measure"
[[columns]]
header = "数值"
role = "value"
[[columns]]
header = "小数位"
role = "decimals"
[[columns]]
header = "单位"
role = "unit"
[[columns]]
header = "修饰"
role = "qualifier"
[[columns]]
header = "样本量"
role = "key"
column = "n"
parse = "count"
[[columns]]
header = "行号"
role = "note"
prefix = "line "
"""
HEAD = "指标,度量,数值,小数位,单位,修饰,样本量,行号\n"


def test_unit_qualifier_sample_and_note(read: Reader) -> None:
    rows = read(
        HEAD + "运输,数值,32.6,1,万亿美元,超,,12\n旅行,占比,三分之一,,,,252,13\n运输,同比增速,下降5,0,%,近,207,\n",
        STATEMENTS,
    )
    assert [(r["unit"], r["unit_mult"]) for r in rows] == [("USD", 12), ("RATIO", 0), ("PERCENT", 0)]
    assert [r["qualifier"] for r in rows] == ["over", "about", "nearly"]
    assert [r["n"] for r in rows] == [None, 252, 207]  # one row without a sample does not lose the others
    assert [r["note"] for r in rows] == ["line 12", "line 13", ""]
    assert (rows[0]["lower"], rows[0]["upper"]) == (Decimal("32.6"), None)
    assert rows[1]["decimals"] is None and rows[1]["lower"] < rows[1]["value"] < rows[1]["upper"]
    assert (rows[2]["lower"], rows[2]["upper"]) == (Decimal("-5"), Decimal("-4.5"))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("运费,数值,5,0,亿美元,,,", "t.csv, row 2, column 1: '运费' is not in the code list items"),
        (
            "运输,数值,5,0,亿比索,,,",
            "t.csv, row 2, column 5: the unit cannot be read (an unknown unit). Found: '亿比索'.",
        ),
        ("运输,数值,5,0,亿美元,大抵,,", "t.csv, row 2, column 6: the qualifier cannot be read (an unknown word)"),
        (
            "运输,数值,5.0,0,亿美元,,,",
            "t.csv, row 2, column 4: the declared decimals are not those of the printed figure",
        ),
        ("运输,数值,5,,亿美元,,,", "t.csv, row 2, column 4: the declared decimals are not those of the printed figure"),
        (
            "运输,数值,两百,0,亿美元,,,",
            "t.csv, row 2, column 4: the declared decimals are not those of the printed figure",
        ),
        ("运输,数值,5,0,亿美元,,多家,", "t.csv, row 2, column 7: the n cannot be read (no whole number from 0"),
        ("运输,数值,5,0,亿美元,,99999999999,", "t.csv, row 2, column 7: the n cannot be read (no whole number from 0"),
        ("运输,数值,5,0,亿美元,,1_0,", "t.csv, row 2, column 7: the n cannot be read"),
        (",数值,5,0,亿美元,,,", "t.csv, row 2, column 1: '' is not in the code list items"),
    ],
)
def test_what_a_statement_may_not_say(refused: Refusal, row: str, message: str) -> None:
    assert str(refused(HEAD + row + "\n", STATEMENTS)).startswith(message)


@pytest.mark.parametrize("word", ["＞", "（含）以上", "≥", ">="])
def test_qualifiers_in_signs_and_brackets(read: Reader, word: str) -> None:
    assert read(HEAD + f"运输,数值,5,0,亿美元,{word},,\n", STATEMENTS)[0]["upper"] is None


def test_mapped_texts(read: Reader, refused: Refusal, plain_layout: str) -> None:
    layout = plain_layout.replace('geo = "CHN"\n', "")
    layout += (
        '[[columns]]\nheader = "来源"\nrole = "key"\ncolumn = "geo"\nmap = { "EXP-CN" = "CHN", "EXP-US" = "USA" }\n'
    )
    rows = read("年份,出口,进口,来源\n2018,1,2,EXP-CN\n2018,3,4,EXP-US\n", layout)
    assert [row["geo"] for row in rows] == ["CHN", "CHN", "USA", "USA"]
    assert "the layout maps only EXP-CN, EXP-US). Found: '中国'." in str(
        refused("年份,出口,进口,来源\n2018,1,2,中国\n", layout)
    )


def test_a_rule_tells_an_empty_cell_from_one_that_says_none(read: Reader, plain_layout: str) -> None:
    table = "年份,出口,进口,价格\n2018,1,2,\n2019,3,4,不涉及价格\n2020,5,6,可比价\n"
    price = '[[columns]]\nheader = "价格"\nrole = "key"\ncolumn = "price"\n'
    rules = '[[rules]]\nwhen = { price = "@blank", flow = "X" }\nthen = { price = "current" }\n'
    rules += '[[rules]]\nwhen = { price = ["@blank", "comparable"] }\nthen = { price = "constant" }\n'
    layout = plain_layout.replace('price = "current"\n', "") + price
    assert [row["price"] for row in read(table, layout)] == ["", "", "", "", "comparable", "comparable"]
    assert [row["price"] for row in read(table, layout + rules)] == [
        "current", "constant", "", "", "constant", "constant",
    ]  # fmt: skip
    without = plain_layout.replace('price = "current"\n', "") + rules
    assert [row["price"] for row in read(TABLE, without)] == ["current", "constant"] * 2  # no column at all
    assert {row["price"] for row in read(TABLE, plain_layout + rules)} == {"current"}  # a constant says it


def test_blank_is_asked_only_of_columns_with_a_default(read: Reader, plain_layout: str) -> None:
    with pytest.raises(InputError, match=r"when\.geo is not in the code list"):
        read(TABLE, plain_layout + '[[rules]]\nwhen = { geo = "@blank" }\nthen = { price = "" }\n')


def test_codes_are_not_labels(refused: Refusal, plain_layout: str) -> None:
    layout = plain_layout.replace('geo = "CHN"\n', "")
    layout += '[[columns]]\nheader = "地区"\nrole = "key"\ncolumn = "geo"\nparse = "code"\n'
    assert "a label of the list geographies, where a code is declared" in str(
        refused("年份,出口,进口,地区\n2018,1,2,中国\n", layout)
    )


def test_rules_apply_in_order_and_only_where_they_hold(read: Reader, plain_layout: str) -> None:
    layout = plain_layout + (
        '[[rules]]\nwhen = { flow = ["X", "M"], period = "2019" }\nthen = { basis = "final" }\n'
        '[[rules]]\nwhen = { basis = "final", flow = "M" }\nthen = { price = "constant" }\n'
        'reason = "as the footnote says"\n'
    )
    found = [(r["period"], r["flow"], r["basis"], r["price"], r["note"]) for r in read(TABLE, layout)]
    assert found == [
        ("2018", "X", "published", "current", ""),
        ("2018", "M", "published", "current", ""),
        ("2019", "X", "final", "current", ""),
        ("2019", "M", "final", "constant", "as the footnote says"),
    ]


def test_a_rule_that_sets_the_period_sets_the_frequency_too(read: Reader, plain_layout: str) -> None:
    layout = plain_layout + '[[rules]]\nwhen = { period = "2019" }\nthen = { period = "2019-Q1" }\n'
    assert [r["freq"] for r in read(TABLE, layout)] == ["A", "A", "Q", "Q"]


def test_the_period_before_is_named_by_previous(read: Reader, plain_layout: str) -> None:
    layout = plain_layout.replace('price = "current"', 'base_period = "@previous"')
    layout = layout.replace('parse = "year"\n', "")  # a period code is the default
    rows = read("年份,出口,进口\n2020-01/2020-07,1,2\n2019,3,4\n", layout)
    assert [r["base_period"] for r in rows] == ["2019-01/2019-07", "2019-01/2019-07", "2018", "2018"]


RANKING = """
files = ["t.csv"]
[header]
contains = ["年份", "第1名", "第2名"]
[constants]
geo = "CHN"
partner = "W"
flow = "T"
measure = "value"
unit = "USD"
unit_mult = 8
price = "current"
[[columns]]
header = "年份"
role = "key"
column = "period"
parse = "year"
[[columns]]
header = "第1名"
role = "key"
column = "item"
group = 1
rank = 1
[[columns]]
header = "金额"
role = "value"
group = 1
[[columns]]
header = "第2名"
role = "key"
column = "item"
group = 2
rank = 2
[[columns]]
header = "金额"
nth = 2
role = "value"
group = 2
[[rules]]
when = { measure = "rank" }
then = { unit = "RANK", unit_mult = 0, price = "", reference = "SERVICES_CATEGORIES" }
"""


def test_a_ranking_gives_ranks_and_values_of_the_category_in_the_cell(read: Reader) -> None:
    rows = read("年份,第1名,金额,第2名,金额\n2020,运输,7.77,旅游,5.34\n", RANKING)
    assert [(r["measure"], r["item"], r["printed"], r["unit"], r["locator"]) for r in rows] == [
        ("rank", "EBOPS2010:SC", "1", "RANK", "t.csv!R2C2"),
        ("value", "EBOPS2010:SC", "7.77", "USD", "t.csv!R2C3"),
        ("rank", "EBOPS2010:SD", "2", "RANK", "t.csv!R2C4"),
        ("value", "EBOPS2010:SD", "5.34", "USD", "t.csv!R2C5"),
    ]


def test_a_ranking_with_percent_signs_and_declared_decimals(read: Reader) -> None:
    rows = read("年份,第1名,金额,第2名,金额\n2020,运输,7.77%,旅游,5%\n", RANKING, "percent_sign = true\ndecimals = 2\n")
    assert [(r["measure"], r["value"], r["decimals"]) for r in rows] == [
        ("rank", Decimal(1), 0), ("value", Decimal("7.77"), 2), ("rank", Decimal(2), 0), ("value", Decimal(5), 2),
    ]  # fmt: skip


def test_repeated_headers_beyond_those_declared_are_refused(refused: Refusal) -> None:
    error = refused("年份,第1名,金额,第2名,金额,金额\n2020,运输,7.77,旅游,5.34,1\n", RANKING)
    assert str(error).startswith("t.csv, row 1, column 6: unknown column. Found: '金额'.")


def test_percent_signs(read: Reader, refused: Refusal) -> None:
    rows = read("年份,出口,进口\n2017年,69.50%,81.35％\n", top="percent_sign = true\n")
    assert [(r["printed"], r["value"], r["decimals"]) for r in rows] == [
        ("69.50%", Decimal("69.50"), 2), ("81.35％", Decimal("81.35"), 2),
    ]  # fmt: skip
    error = refused("年份,出口,进口\n2017年,69.50%,81.35\n", top="percent_sign = true\n")
    assert "a percent sign is missing" in str(error)


# --- declared decimals and workbooks ----------------------------------------------------------------------------------


def test_declared_decimals(read: Reader, refused: Refusal) -> None:
    rows = read("年份,出口,进口\n2018,1835732.0,5\n", top="decimals = 0\n")
    assert [(r["decimals"], r["lower"]) for r in rows] == [(0, Decimal("1835731.5")), (0, Decimal("4.5"))]
    error = refused("年份,出口,进口\n2018,1835732.4,5\n", top="decimals = 0\n")
    assert str(error).startswith(
        "t.csv, row 2, column 2: the figure is finer than the decimals that the layout declares"
    )


def test_a_workbook_reads_as_the_same_table(read: Reader) -> None:
    rows = read([["年份", "出口", "进口"], [2018, "1,025.0", "15.4"], ["2019年", "-51.7", "20.73"]])
    drop = {"locator"}
    assert [{k: v for k, v in r.items() if k not in drop} for r in rows] == [
        {k: v for k, v in r.items() if k not in drop} for r in read(TABLE)
    ]
    assert rows[0]["locator"] == "t.xlsx!S!R2C2"


def test_a_number_in_a_workbook_has_no_printed_decimals(read: Reader) -> None:
    rows = read([["年份", "出口", "进口"], [2018, 15.4, 12027.6], [2019, 5, 1 / 3]])
    assert [r["value"] for r in rows] == [
        Decimal("15.4"), Decimal("12027.6"), Decimal(5), Decimal("0.3333333333"),
    ]  # fmt: skip
    assert all(r["decimals"] is r["lower"] is r["upper"] is None for r in rows)
    assert [r["printed"] for r in rows][:3] == ["15.4", "12027.6", "5"]


def test_decimals_of_a_workbook_can_be_declared(read: Reader, refused: Refusal) -> None:
    rows = read([["年份", "出口", "进口"], [2018, 15.4, 0.1 + 0.2]], top="decimals = 2\n")
    assert [(r["value"], r["decimals"], r["lower"]) for r in rows] == [
        (Decimal("15.40"), 2, Decimal("15.395")), (Decimal("0.30"), 2, Decimal("0.295")),
    ]  # fmt: skip
    error = refused([["年份", "出口", "进口"], [2018, 15.4, 0.126]], top="decimals = 2\n")
    assert str(error).startswith("t.xlsx, sheet 'S', row 2, column 3: the figure is finer than the decimals")


def test_a_percentage_in_a_workbook_is_never_read_as_a_ratio(read: Reader, refused: Refusal) -> None:
    table = [["年份", "出口", "进口"], [2018, (0.695, "0.00%"), (0.8135, "0.0%")]]
    assert [r["value"] for r in read(table, top="percent_sign = true\n")] == [Decimal("69.5"), Decimal("81.35")]
    assert "an unexpected percent sign). Found: '69.50%'." in str(refused(table))


def test_an_error_in_a_workbook_is_no_blank(refused: Refusal, plain_layout: str) -> None:
    error = refused([["年份", "出口", "进口"], [2018, 1, ("=1/0", "#DIV/0!")]], plain_layout + BLANKS)
    assert str(error).startswith("t.xlsx, sheet 'S', row 2, column 3: text where a figure belongs")
    assert "'#DIV/0!'" in str(error)


def test_a_tiny_machine_number_is_not_rounded_to_nothing(refused: Refusal) -> None:
    error = refused([["年份", "出口", "进口"], [2018, 1, 1.23e-12]])
    assert "finer than 10 decimals" in str(error)


@pytest.mark.slow
def test_random_spoiling_is_read_or_refused_but_never_a_crash(read: Reader) -> None:
    """Characters of the file replaced at random: a clear refusal, or a reading in which every figure is a cell."""
    rng = random.Random(20260101)
    marks = [*"0123456789,\n\"'.-% \t;年出口进①²/下降百千%\u00a0\ufeff\r", "年份,出口,进口\n", "1e5", "--"]
    for _ in range(400):
        text = list(TABLE)
        for _ in range(rng.randint(1, 4)):
            place = rng.randrange(len(text))
            text[place : place + rng.randint(0, 2)] = [rng.choice(marks)]
        table = "".join(text)
        try:
            rows = read(table)
        except InputError as error:
            assert "What to do: " in str(error), table
            continue
        cells = list(csv.reader(io.StringIO(table, newline="")))
        assert len(rows) == 2 * (len([row for row in cells if any(cell.strip() for cell in row)]) - 1), table
        for row in rows:
            r, c = map(int, re.fullmatch(r"t\.csv!R(\d+)C(\d+)", row["locator"]).groups())  # type: ignore[union-attr]
            assert cells[r - 1][c - 1].strip() == row["printed"] != "", table
