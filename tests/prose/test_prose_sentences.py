"""Sentences as authors write them, and what their figures state; or why that must stay open."""

from __future__ import annotations

from decimal import Decimal

import pytest

from transforms.prose.readers import Paragraph
from transforms.prose.resolve import Found, resolve_paragraph
from transforms.prose.sentences import split_paragraph

GZ, SZ, CN, W = "CN-440100", "CN-440300", "CHN", "W"
S, DDS, UNCTAD, SG = "EBOPS2010:S", "DEF:dds6", "DEF:unctad", "EBOPS2010:SG"


def resolve(text: str) -> list[Found]:
    return resolve_paragraph(split_paragraph(Paragraph(1, text)))


def tell(found: Found) -> tuple[str, ...]:
    s = found.statement
    assert s is not None, (found.amount.printed, found.why, found.open)
    kept = (s.measure, s.geo, s.item, s.flow, s.period, s.base_period, s.reference)
    return (f"{found.amount.value.normalize():f}", found.amount.qualifier, *kept)


# sentence -> what each of its figures states: value, qualifier, measure, place, item, flow, period, base, whole
RESOLVED = {
    # levels
    "2021年，广州市服务贸易出口50.5亿美元。": [("50.5", "", "value", GZ, S, "X", "2021", "", "")],
    "2021年广州服务贸易进口额约40亿美元。": [("40", "about", "value", GZ, S, "M", "2021", "", "")],
    "2021年，广东省广州市服务贸易进出口总额超过90亿美元。": [("90", "over", "value", GZ, S, "T", "2021", "", "")],
    "广州服务贸易2021年达到90亿美元左右。": [("90", "about", "value", GZ, S, "T", "2021", "", "")],
    "2021年全国金融服务出口不足50亿美元。": [("50", "under", "value", CN, SG, "X", "2021", "", "")],
    "2021年第三季度，中国服务贸易出口１００亿美元。": [("100", "", "value", CN, S, "X", "2021-Q3", "", "")],
    "2020年1-6月广州服务贸易出口20亿元。": [("20", "", "value", GZ, S, "X", "2020-01/2020-06", "", "")],
    "2020年上半年广州服务贸易出口两百亿元。": [("200", "", "value", GZ, S, "X", "2020-01/2020-06", "", "")],
    "In 2020 China exported US$ 5 billion of services.": [("5", "", "value", CN, S, "X", "2020", "", "")],
    "China's services exports were over US$ 1,234.5 million in 2020.": [
        ("1234.5", "over", "value", CN, S, "X", "2020", "", "")],
    "World exports of digitally deliverable services (UNCTADstat) were US$ 3.2 trillion in 2019.": [
        ("3.2", "", "value", W, UNCTAD, "X", "2019", "", "")],
    "Exports of financial services of China fell to USD 5.1bn in the first quarter of 2021.": [
        ("5.1", "", "value", CN, SG, "X", "2021-Q1", "", "")],
    "China's trade in services came to 6 billion US dollars in Q2 2021.": [
        ("6", "", "value", CN, S, "T", "2021-Q2", "", "")],
    "40亿美元是2020年广州服务贸易出口额。": [("40", "", "value", GZ, S, "X", "2020", "", "")],
    # balances
    "2020年，广州数字贸易顺差43.1亿美元。": [("43.1", "", "balance", GZ, DDS, "T", "2020", "", "")],
    "2020年中国服务贸易逆差50亿美元。": [("-50", "", "balance", CN, S, "T", "2020", "", "")],
    "China's services trade deficit was US$ 3 billion in 2020.": [("-3", "", "balance", CN, S, "T", "2020", "", "")],
    # rates
    "2021年广州服务贸易出口同比下降12.5%。": [("-12.5", "", "growth", GZ, S, "X", "2021", "2020", "")],
    "2021年广州数字贸易增速为-51.7%。": [("-51.7", "", "growth", GZ, DDS, "T", "2021", "2020", "")],
    "2021年广州服务贸易出口增长百分之十二。": [("12", "", "growth", GZ, S, "X", "2021", "2020", "")],
    "2020年第一季度广州服务贸易出口同比增长5%。": [("5", "", "growth", GZ, S, "X", "2020-Q1", "2019-Q1", "")],
    "2020年，广州服务贸易出口比2018年增长两成。": [("2", "", "growth", GZ, S, "X", "2020", "2018", "")],
    "China's services exports rose by 5 per cent between 2018 and 2020.": [
        ("5", "", "growth", CN, S, "X", "2020", "2018", "")],
    "China's services exports saw a 12% rise in 2020.": [("12", "", "growth", CN, S, "X", "2020", "2019", "")],
    "In Q1 2021, China's services imports fell 3.5 % year on year.": [
        ("-3.5", "", "growth", CN, S, "M", "2021-Q1", "2020-Q1", "")],
    "2019年至2021年，全球服务贸易出口年均增长5.2%。": [
        ("5.2", "", "average_growth", W, S, "X", "2021", "2019", "")],
    "The average annual growth rate of world services exports was 5.2% from 2010 to 2020.": [
        ("5.2", "", "average_growth", W, S, "X", "2020", "2010", "")],
    # multiples
    "从2018年到2020年，广州数字贸易增长1.6倍。": [("1.6", "", "increase", GZ, DDS, "T", "2020", "2018", "")],
    "2020年，广州数字贸易是2018年的2.6倍。": [("2.6", "", "multiple", GZ, DDS, "T", "2020", "2018", "")],
    "2018—2020年，广州数字贸易翻一番。": [("2", "about", "multiple", GZ, DDS, "T", "2020", "2018", "")],
    "China's services exports doubled between 2010 and 2020.": [
        ("2", "about", "multiple", CN, S, "X", "2020", "2010", "")],
    # shares
    "2020年广州数字贸易占全国数字贸易比重为8%。": [("8", "", "share", GZ, DDS, "T", "2020", "", "NATION")],
    "2020年，广州服务贸易出口占全国的近8%。": [("8", "nearly", "share", GZ, S, "X", "2020", "", "NATION")],
    "2020年广州数字贸易出口约占服务贸易出口的四成。": [("4", "about", "share", GZ, DDS, "X", "2020", "", "SERVICES")],
    "2020年广州数字贸易在服务贸易中的占比为38%。": [("38", "", "share", GZ, DDS, "T", "2020", "", "SERVICES")],
    "2020年，天河区服务贸易出口占全市的三成以上。": [
        ("3", "at_least", "share", "CN-440106", S, "X", "2020", "", "PARENT")],
    "China accounted for 8 % of world exports of services in 2020.": [
        ("8", "", "share", CN, S, "X", "2020", "", "WORLD")],
    "China's share of world services exports was 8% in 2020.": [("8", "", "share", CN, S, "X", "2020", "", "WORLD")],
    "The share of digitally deliverable services in services exports of China was 52.1 % in 2021.": [
        ("52.1", "", "share", CN, DDS, "X", "2021", "", "SERVICES")],
    "Digitally deliverable services made up one third of China's services exports in 2021.": [
        ("0.33333333", "about", "share", CN, DDS, "X", "2021", "", "SERVICES")],
    "2020年，广州数字贸易占服务贸易比重为38%，比上年提高20个百分点。": [
        ("38", "", "share", GZ, DDS, "T", "2020", "", "SERVICES"),
        ("20", "", "share_change", GZ, DDS, "T", "2020", "2019", "SERVICES")],
    # indices
    "The trade competitiveness index of China's digitally deliverable services was 0.08 in 2021.": [
        ("0.08", "", "trade_competitiveness", CN, DDS, "N", "2021", "", "")],
    "2020年中国服务贸易的出口导向度为0.54。": [("0.54", "", "export_orientation", CN, S, "N", "2020", "", "")],
    # several figures: what a clause does not say is carried from the clauses before it
    "广州数字贸易规模从2018年的55.07亿美元，增加到2020年的140.66亿美元，增长1.6倍，"
    "占全国数字贸易比重从2018年的4%发展到2020年的8%。": [
        ("55.07", "", "value", GZ, DDS, "T", "2018", "", ""), ("140.66", "", "value", GZ, DDS, "T", "2020", "", ""),
        ("1.6", "", "increase", GZ, DDS, "T", "2020", "2018", ""),
        ("4", "", "share", GZ, DDS, "T", "2018", "", "NATION"), ("8", "", "share", GZ, DDS, "T", "2020", "", "NATION")],
    "2005—2019年，全球服务贸易出口由100亿美元增长至300亿美元，年平均增长率为8.2%。": [
        ("100", "", "value", W, S, "X", "2005", "", ""), ("300", "", "value", W, S, "X", "2019", "", ""),
        ("8.2", "", "average_growth", W, S, "X", "2019", "2005", "")],
    "2020年，广州服务贸易出口60亿美元，较2018年的50亿美元增长20%。": [
        ("60", "", "value", GZ, S, "X", "2020", "", ""), ("50", "", "value", GZ, S, "X", "2018", "", ""),
        ("20", "", "growth", GZ, S, "X", "2020", "2018", "")],
    "2020年广州服务贸易进出口总额50亿美元，其中出口30亿美元，进口20亿美元。": [
        ("50", "", "value", GZ, S, "T", "2020", "", ""), ("30", "", "value", GZ, S, "X", "2020", "", ""),
        ("20", "", "value", GZ, S, "M", "2020", "", "")],
    "2018年、2019年和2020年广州数字贸易增速分别为-51.7%、70.6%和49.7%，"
    "同一个时期，服务贸易增速分别为5.1%、9.3%和-4.9%。": [
        *((value, "", "growth", GZ, DDS, "T", period, base, "") for value, period, base in (
            ("-51.7", "2018", "2017"), ("70.6", "2019", "2018"), ("49.7", "2020", "2019"))),
        *((value, "", "growth", GZ, S, "T", period, base, "") for value, period, base in (
            ("5.1", "2018", "2017"), ("9.3", "2019", "2018"), ("-4.9", "2020", "2019")))],
    "Exports and imports of services of China were US$ 3 billion and US$ 4 billion in 2021, respectively.": [
        ("3", "", "value", CN, S, "X", "2021", "", ""), ("4", "", "value", CN, S, "M", "2021", "", "")],
    "2021年，广州服务贸易出口50亿美元，深圳60亿美元。": [
        ("50", "", "value", GZ, S, "X", "2021", "", ""), ("60", "", "value", SZ, S, "X", "2021", "", "")],
    "China's services exports were US$ 5 billion in 2020, compared with US$ 4 billion in 2019.": [
        ("5", "", "value", CN, S, "X", "2020", "", ""), ("4", "", "value", CN, S, "X", "2019", "", "")],
    "Services exports of China rose from US$ 3.1 billion in 2018 to US$ 5.0 billion in 2020, an increase of 61 %.": [
        ("3.1", "", "value", CN, S, "X", "2018", "", ""), ("5", "", "value", CN, S, "X", "2020", "", ""),
        ("61", "", "growth", CN, S, "X", "2020", "2018", "")],
    "While Japan's services exports fell 3% in 2020, China's rose 5%.": [
        ("-3", "", "growth", "JPN", S, "X", "2020", "2019", ""), ("5", "", "growth", CN, S, "X", "2020", "2019", "")],
    "2020年广州服务贸易出口50亿美元，其中旅行10亿美元。": [
        ("50", "", "value", GZ, S, "X", "2020", "", ""), ("10", "", "value", GZ, "EBOPS2010:SD", "X", "2020", "", "")],
    "In 2020, China's services exports fell to US$ 5 billion from US$ 6 billion in 2019, "
    "and imports to US$ 4 billion.": [
        ("5", "", "value", CN, S, "X", "2020", "", ""), ("6", "", "value", CN, S, "X", "2019", "", ""),
        ("4", "", "value", CN, S, "M", "2020", "", "")],
    "In 2020, China's services exports were US$ 5 billion, compared with US$ 6 billion in 2018; "
    "imports were US$ 4 billion.": [
        ("5", "", "value", CN, S, "X", "2020", "", ""), ("6", "", "value", CN, S, "X", "2018", "", ""),
        ("4", "", "value", CN, S, "M", "2020", "", "")],
    "广州服务贸易出口从2018年的5亿美元增加到2020年的6亿美元，2021年为7亿美元，增长17%。": [
        ("5", "", "value", GZ, S, "X", "2018", "", ""), ("6", "", "value", GZ, S, "X", "2020", "", ""),
        ("7", "", "value", GZ, S, "X", "2021", "", ""), ("17", "", "growth", GZ, S, "X", "2021", "2020", "")],
    "2020年，广州服务贸易出口从2018年的50亿美元增长20%。": [
        ("50", "", "value", GZ, S, "X", "2018", "", ""), ("20", "", "growth", GZ, S, "X", "2020", "2018", "")],
    "In Guangzhou, China, services exports were US$ 5 billion in 2020.": [
        ("5", "", "value", GZ, S, "X", "2020", "", "")],
    "2020年广州服务贸易出口50亿美元（2019年为45亿美元），增长11%。": [
        ("50", "", "value", GZ, S, "X", "2020", "", ""), ("45", "", "value", GZ, S, "X", "2019", "", ""),
        ("11", "", "growth", GZ, S, "X", "2020", "2019", "")],
    "中国（广东）2020年全年服务贸易出口人民币50亿元。": [("50", "", "value", "CN-440000", S, "X", "2020", "", "")],
    "2021年，服务贸易出口：广州50亿美元，深圳60亿美元。": [
        ("50", "", "value", GZ, S, "X", "2021", "", ""), ("60", "", "value", SZ, S, "X", "2021", "", "")],
    "中国占全球服务贸易出口的比重从2010年的4%提高到2020年的5.6%。": [
        ("4", "", "share", CN, S, "X", "2010", "", "WORLD"), ("5.6", "", "share", CN, S, "X", "2020", "", "WORLD")],
    # what 该市, the city and the same period mean stands in the sentence before
    "2021年，广州服务贸易出口50亿美元。同期，全市服务贸易进口40亿美元。": [
        ("50", "", "value", GZ, S, "X", "2021", "", ""), ("40", "", "value", GZ, S, "M", "2021", "", "")],
}  # fmt: skip

# sentence -> for each of its figures why it stays open ('' where it is resolved), and a word that the reason names
OPEN = {
    "2020年广州服务贸易出口预计达50亿美元。": [("unknown_words", "预计")],
    "2020年广州对美国服务贸易出口50亿美元。": [("unknown_words", "对")],
    "2020年广州非数字贸易进出口50亿美元。": [("unknown_words", "非")],
    "2020年广州知识密集型服务贸易出口50亿美元。": [("unknown_words", "知识密集型")],
    "2020年广州服务贸易出口不是50亿美元。": [("unknown_words", "不")],
    "2020年末广州服务贸易出口50亿美元。": [("unknown_words", "年末")],
    "按可比价，2020年广州服务贸易出口实际增长5%。": [("unknown_words", "实际")],
    "2020年，广州软件业实现营业收入4913.58亿元，同比增长14.7%。": [("unknown_words", "营业收入"), ("open_geo", "")],
    "2020年广州、深圳服务贸易出口50亿美元。": [("several_places", "Shenzhen")],
    "2019年和2020年广州服务贸易出口50亿美元。": [("several_periods", "2019")],
    "2020年广州服务贸易和数字贸易出口50亿美元。": [("several_items", "DEF:dds6")],
    "2020年广州服务贸易出口、进口50亿美元。": [("several_flows", "Imports")],
    "2020年广州服务贸易出口最高不超过50亿美元。": [("several_qualifiers", "最高")],
    "2018—2020年广州服务贸易出口150亿美元。": [("span", "2018/2020")],
    "2020年广州服务贸易出口增加5亿美元。": [("change_amount", "")],
    "2020年广州服务贸易出口50亿。": [("unit", "")],
    "去年广州服务贸易出口50亿美元。": [("relative", "去年")],
    "2020年广州旅行为5亿美元。": [("no_flow", "")],
    "广州服务贸易出口50亿美元。": [("no_period", "")],
    "2020年服务贸易出口50亿美元。": [("no_geo", "")],
    "2020年广州出口50亿美元。": [("no_item", "")],
    "2021年，广州服务贸易出口50亿美元。进口40亿美元。": [("", ""), ("no_geo", "")],
    "同期广州服务贸易出口50亿美元。": [("same_period", "")],
    "广州和深圳服务贸易活跃。2020年全市服务贸易出口50亿美元。": [("same_place", "")],
    "2020年第一季度广州服务贸易出口增长5%。": [("no_base", "")],
    "2020年广州服务贸易出口增长5个百分点。": [("points", "")],
    "2020年广州服务贸易出口同比增幅收窄5%。": [("measure", "")],
    "2020年广州服务贸易出口3%至5%。": [("range", ""), ("range", "")],
    "2020年广州服务贸易出口增长3%-5%。": [("range", ""), ("range", "")],
    "2020年广州服务贸易出口下降-5%。": [("two_signs", "")],
    "2020年，广州数字贸易顺差43.1亿美元，增长12%。": [("", ""), ("of_balance", "")],
    "2020年，全球服务贸易出口5万亿美元，中国占8%。": [("", ""), ("no_whole", "")],
    "2020年广州服务贸易出口占全省企业的8%。": [("unknown_words", "企业")],
    "2020年广州数字贸易占深圳的8%。": [("whole", "深圳")],
    "2020年广州数字贸易占服务贸易出口的38%。": [("whole", "出口")],
    "2020年，广州数字贸易占服务贸易比重由31%上升到38%。": [("no_period", ""), ("measure", "")],
    "2020年广州服务贸易企业2400家。": [("count", "")],
    "2020年广州服务贸易出口50亿美元，旅行10亿美元。": [("", ""), ("no_flow", "")],
    "2020年上半年，广州服务贸易出口50亿美元，全年100亿美元。": [("", ""), ("unknown_words", "全年")],
    "2020年，广州服务贸易出口50亿美元，总出口500亿美元。": [("", ""), ("unknown_words", "总")],
    "In Q1 2020, China's services exports were US$ 5 billion, for the year US$ 20 billion.": [
        ("", ""), ("unknown_words", "year")],
    "In 2020, China's services exports were US$ 5 billion and total exports US$ 50 billion.": [
        ("", ""), ("unknown_words", "total")],
    "广州服务贸易出口由2019年的50亿美元增长12%。": [("", ""), ("no_period", "")],
    "China's services exports rose from 3% in 2019 to 5% in 2020.": [("measure", ""), ("measure", "")],
    "China's services trade with Japan was US$ 5 billion in 2020.": [("several_places", "Japan")],
    "Guangzhou's services trade with Guangdong was US$ 5 billion in 2020.": [("several_places", "Guangdong")],
    "China's services exports to the world were US$ 5 billion in 2020.": [("partner", "world")],
    "2020年中国服务贸易出口占进出口的55%。": [("whole", "进出口")],
    "2020年广州服务贸易出口占全国服务贸易的8%。": [("whole", "服务贸易")],
    "Services exports accounted for 20% of China's total exports in 2020.": [("unknown_words", "total")],
    "Guangzhou's services exports to Japan were US$ 5 billion in 2020.": [("partner", "Japan")],
    "China's services exports were $5 billion in 2020.": [("unit", "")],
    "China's services exports were 5 billion in 2020.": [("unit", "")],
    "China's services exports grew up to 5% in 2020.": [("unknown_words", "up to")],
    "China's services exports did not rise 5% in 2020.": [("unknown_words", "not")],
    "In 2020/21 China's services exports rose 5%.": [("unknown_words", "2020/21")],
    "In 2020, services exports of China increased 1.6 times.": [("times", "Increase as a multiple")],
    "China's services exports excluding travel were US$ 5 billion in 2020.": [("unknown_words", "excluding")],
    "Services exports of China and Japan were US$ 5 billion in 2020.": [("several_places", "Japan")],
    "China's share of services exports was 8% in 2020.": [("no_item", "")],
    "China's services exports grew between 3 and 5 per cent in 2020.": [("range", ""), ("range", "")],
    "Last year China's services exports rose 5%.": [("relative", "Last year")],
    "China's services exports rose 5% in 2020 and 6% in 2021.": [("", ""), ("measure", "")],
    "China's services exports grew faster than imports in 2020, by 5%.": [("measure", "")],
}  # fmt: skip


@pytest.mark.parametrize("text", RESOLVED)
def test_what_a_sentence_says_is_resolved(text: str) -> None:
    assert [tell(found) for found in resolve(text)] == RESOLVED[text]


@pytest.mark.parametrize("text", OPEN)
def test_what_a_sentence_leaves_open_is_not_guessed(text: str) -> None:
    found = resolve(text)
    assert [one.why for one in found] == [why for why, _ in OPEN[text]]
    for one, (why, word) in zip(found, OPEN[text], strict=True):
        assert (one.statement is None) == bool(why)
        assert word in "；".join(one.open)


def test_what_was_read_between_the_words_is_said() -> None:
    (level,) = resolve("2020年广州数字贸易规模为140.66亿美元。")
    assert level.statement is not None and level.statement.said == ("both_flows", "definition")
    (named,) = resolve("2020年全球贸发会议口径数字服务贸易出口3万亿美元。")
    assert named.statement is not None and named.statement.named and not named.statement.said
    (rate,) = resolve("2020年广州服务贸易出口增长5%。")
    assert rate.statement is not None and rate.statement.said == ("year_before",)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("55.07亿美元", "55.065", "55.075"),
        ("四成", "3.5", "4.5"),
        ("两百亿元", "150", "250"),
        ("一百二十亿元", "115", "125"),
        ("50多亿美元", "50", "60"),
        ("超过50亿美元", "50", None),
        ("不足50亿美元", None, "50"),
        ("近50亿美元", "45", "50"),
        ("约50亿美元", "47.5", "52.5"),
    ],
)
def test_a_figure_stands_for_its_interval(text: str, low: str | None, high: str | None) -> None:
    (found,) = resolve(f"2020年广州服务贸易出口占全国的{text}" if "成" in text else f"2020年广州服务贸易出口{text}")
    assert found.statement is not None
    assert found.amount.interval() == tuple(None if end is None else Decimal(end) for end in (low, high))


def test_numbers_that_are_no_figures_of_trade_are_left_alone() -> None:
    text = "第3部分，5G、B2B与9710模式，2020年3月5日，见表2，[12]，No. 7 of 2021, Section 4.2."
    assert resolve(text) == []


def test_sentences_end_where_they_do() -> None:
    text = "The U.S. share rose, e.g. by 3.5 per cent. In Q1 it fell (by 2.1%). 中国出口增长。进口下降！Next one"
    assert [s.text for s in split_paragraph(Paragraph(1, text))] == [
        "The U.S. share rose, e.g. by 3.5 per cent.", "In Q1 it fell (by 2.1%).", "中国出口增长。", "进口下降！",
        "Next one",
    ]  # fmt: skip


# Two sentences -> place, item, direction and period of the figures of the second, None where one is open.
TWO_SENTENCES = {
    "2021年，广州服务贸易出口50亿美元。其中，金融服务20亿美元。": [(GZ, SG, "X", "2021")],
    "2021年，广州服务贸易进出口90亿美元。其中，出口50亿美元，进口40亿美元。": [
        (GZ, S, "X", "2021"), (GZ, S, "M", "2021")],
    "2021年广州数字贸易出口约50亿美元。其中金融服务出口占数字贸易出口的20%。": [(GZ, SG, "X", "2021")],
    "In 2021, China's services exports were US$ 5 billion. Of which financial services US$ 2 billion.": [
        (CN, SG, "X", "2021")],
    # of which of them, or a part of what, cannot be told
    "2021年，广州服务贸易出口50亿美元，进口40亿美元。其中，金融服务20亿美元。": [None],
    "2021年，广州服务贸易出口50亿美元，深圳服务贸易出口60亿美元。其中，金融服务出口20亿美元。": [None],
    "2020年广州服务贸易出口50亿美元，2021年服务贸易出口60亿美元。其中，金融服务20亿美元。": [None],
    "2021年，广州服务贸易出口同比增长5%。其中，金融服务20亿美元。": [None],
    "2021年，广州对香港服务贸易出口50亿美元。其中，金融服务20亿美元。": [None],
    "2021年，广州服务贸易出口50亿美元。其中，20亿美元。": [None],
    "2021年，广州服务贸易出口50亿美元。其中，增长5%。": [None],
    "2021年，广州服务贸易出口50亿美元。其中，对香港20亿美元。": [None],
    "2021年，广州服务贸易出口50亿美元。天河区表现突出。其中，金融服务20亿美元。": [None],
    # without of which, nothing is carried
    "2021年，广州服务贸易出口50亿美元。金融服务20亿美元。": [None],
    "2021年，广州服务贸易出口50亿美元。进口40亿美元。": [None],
}  # fmt: skip


@pytest.mark.parametrize("text", TWO_SENTENCES)
def test_of_which_is_a_part_of_the_one_amount_of_the_sentence_before(text: str) -> None:
    expected = TWO_SENTENCES[text]
    told = [found.statement for found in resolve(text)][-len(expected) :]
    assert [s and (s.geo, s.item, s.flow, s.period) for s in told] == expected
