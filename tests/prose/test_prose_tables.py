"""Tables of drafts: a cell is what its caption, row and column say, and nothing where any of these says more."""

from __future__ import annotations

import pytest
from test_prose_readers import make_docx, p

from transforms.prose import find_figures, make_rows, read_draft
from transforms.prose.resolve import Found

Told = tuple[str, str, str, str, str, str, str]


def read(text: str) -> list[Found]:
    return find_figures(read_draft(text.encode(), "d.md"))


def tell(found: Found) -> Told | str:
    s = found.statement
    if s is None:
        return found.why
    return found.amount.printed, s.geo, s.item, s.flow, s.period, s.measure, s.base_period


def table(*rows: str, above: str = "", below: str = "") -> str:
    head, *others = rows
    lines = [above, "", head, "|--" * head.count("|"), *others, "", below]
    return "\n".join(lines) + "\n"


def test_years_by_flows_with_place_and_unit_in_the_caption() -> None:
    text = table("| 年份 | 出口 | 进口 |", "| 2019年 | 72.06 | 41.1 |", "| 2020年 | 91.88 | — |",
                 above="表 1　广州市服务贸易（单位：亿美元）")  # fmt: skip
    assert [tell(one) for one in read(text)] == [
        ("72.06亿美元", "CN-440100", "EBOPS2010:S", "X", "2019", "value", ""),
        ("41.1亿美元", "CN-440100", "EBOPS2010:S", "M", "2019", "value", ""),
        ("91.88亿美元", "CN-440100", "EBOPS2010:S", "X", "2020", "value", "")]  # fmt: skip
    assert [(one.sentence.line, one.sentence.number) for one in read(text)] == [(5, 2), (5, 3), (6, 2)]


def test_places_by_measures_with_units_in_the_heading() -> None:
    text = table("| 城市 | 2020年服务贸易出口（亿美元） | 2020年服务贸易出口同比增速（%） |",
                 "| 广州 | 91.88 | 3.2 |", "| 深圳 | 1,234.5 | -4.1 |")  # fmt: skip
    assert [tell(one) for one in read(text)] == [
        ("91.88亿美元", "CN-440100", "EBOPS2010:S", "X", "2020", "value", ""),
        ("3.2%", "CN-440100", "EBOPS2010:S", "X", "2020", "growth", "2019"),
        ("1,234.5亿美元", "CN-440300", "EBOPS2010:S", "X", "2020", "value", ""),
        ("-4.1%", "CN-440300", "EBOPS2010:S", "X", "2020", "growth", "2019")]  # fmt: skip


def test_an_english_table_and_what_goes_to_the_audit() -> None:
    text = table("| Year | Exports | Imports | Exports and imports |", "| 2020 | 60.0 | 40.0 | 110.0 |",
                 above="Table 2: Services trade of Guangzhou (US$ million)")  # fmt: skip
    found = read(text)
    assert [tell(one)[0] for one in found] == ["US$ 60.0 million", "US$ 40.0 million", "US$ 110.0 million"]
    rows = make_rows(found, "d.md")
    assert [(row["flow"], row["unit"], row["unit_mult"], str(row["value"])) for row in rows] == [
        ("X", "USD", 6, "60.0"), ("M", "USD", 6, "40.0"), ("T", "USD", 6, "110.0")]  # fmt: skip


def test_a_table_of_a_word_document() -> None:
    def row(*cells: str) -> str:
        return f"<w:tr>{''.join(f'<w:tc>{p(cell)}</w:tc>' for cell in cells)}</w:tr>"

    body = f"<w:tbl>{row('年份', '出口（亿美元）')}{row('2020年', '91.88')}{row('2021年', '')}</w:tbl>"
    found = find_figures(read_draft(make_docx(p("广州市服务贸易") + body + p("2022年。")), "d.docx"))
    assert [tell(one) for one in found] == [("91.88亿美元", "CN-440100", "EBOPS2010:S", "X", "2020", "value", "")]
    for odd in ("<w:tcPr><w:gridSpan w:val='2'/></w:tcPr>", p("另有说明"), "<w:tbl><w:tr><w:tc/></w:tr></w:tbl>"):
        spoiled = body.replace("<w:tc>", f"<w:tc>{odd}", 1)
        assert not [
            one for one in find_figures(read_draft(make_docx(p("广州市服务贸易") + spoiled), "d.docx")) if one.statement
        ], odd


ROW, HEAD, ABOVE = "| 2020年 | 91.88 |", "| 年份 | 出口（亿美元） |", "广州市服务贸易"
# What is wrong with a table -> its head, its row, what stands above and below.
TRAPS = {
    "a caption says more than is known": (HEAD, ROW, "表 1 广州市对香港服务贸易", ""),
    "a caption with a unit of something else": ("| 年份 | 出口 |", ROW, "广州市服务贸易（可比口径，亿美元）", ""),
    "an intro says more": (HEAD, ROW, "广州市服务贸易情况如下：", ""),
    "a note speaks of the figures": (HEAD, ROW, ABOVE, "注：不含旅行。"),
    "the corner says more": ("| 对香港 | 出口（亿美元） |", ROW, ABOVE, ""),
    "the row says more": (HEAD, "| 2020年预计 | 91.88 |", ABOVE, ""),
    "the row is no year": (HEAD, "| 合计 | 91.88 |", ABOVE, ""),
    "the heading says more": ("| 年份 | 累计出口（亿美元） |", ROW, ABOVE, ""),
    "no unit": ("| 年份 | 出口 |", ROW, ABOVE, ""),
    "dollars of no country": ("| 年份 | 出口（$ million） |", ROW, ABOVE, ""),
    "no direction": ("| 年份 | 电信（亿美元） |", ROW, "广州市", ""),
    "two periods": ("| 年份 | 2019年出口（亿美元） |", ROW, ABOVE, ""),
    "two places": (HEAD, "| 深圳2020年 | 91.88 |", "广州市服务贸易", ""),
    "another item than the caption's": (HEAD, "| 2020年电信服务 | 91.88 |", "广州市旅行", ""),
    "another direction than the caption's": (HEAD, ROW, "广州市服务贸易进口", ""),
    "another period than the caption's": (HEAD, ROW, "2019年广州市服务贸易", ""),
    "the figure has a mark": (HEAD, "| 2020年 | 91.88* 初步 |", ABOVE, ""),
    "a range": (HEAD, "| 2020年 | 90-92 |", ABOVE, ""),
    "a share of what is not said": ("| 年份 | 出口占比（%） |", "| 2020年 | 31 |", ABOVE, ""),
    "a change of an amount": ("| 年份 | 出口增加（亿美元） |", ROW, ABOVE, ""),
    "no heading row": ("| 2019年 | 72.06亿美元 |", ROW, ABOVE, ""),
    "a half of the year without a base": ("| 年份 | 出口增速（%） |", "| 2020年1-6月 | 3 |", ABOVE, ""),
}


@pytest.mark.parametrize("name", TRAPS)
def test_a_table_that_says_more_or_less_than_is_known_is_left_open(name: str) -> None:
    assert [tell(one)[1:4] for one in read(table(HEAD, ROW, above=ABOVE))] == [("CN-440100", "EBOPS2010:S", "X")]
    head, row, above, below = TRAPS[name]
    found = read(table(head, row, above=above, below=below))
    assert not [one for one in found if one.statement], [tell(one) for one in found]


def test_figures_of_the_text_around_a_table_are_as_they_were() -> None:
    text = (
        "广州市2019年服务贸易出口50亿美元。\n\n" + table(HEAD, ROW, above=ABOVE) + "\n深圳2021年服务贸易进口7亿美元。\n"
    )
    assert [tell(one)[0] for one in read(text)] == ["50亿美元", "91.88亿美元", "7亿美元"]


def test_a_row_may_name_a_part_of_what_the_caption_names() -> None:
    text = table("| 城市 | 2020年电信服务出口（亿美元） |", "| 广州 | 9.1 |", above="广东省服务贸易")
    assert [tell(one)[:4] for one in read(text)] == [("9.1亿美元", "CN-440100", "EBOPS2010:SI1", "X")]
