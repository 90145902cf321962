"""Laws: a sentence that states a value of the database agrees with it; one that is off by more than rounding does not;
and true sentences never contradict, whatever their rounding and qualifiers.
"""

from __future__ import annotations

from fractions import Fraction

from hypothesis import assume, given
from hypothesis import strategies as st
from prose_worlds import FLOWS, ITEMS, PLACES, World, say_growth, say_level

from transforms.audit import audit_figures
from transforms.prose import make_rows
from transforms.prose.compare import Verdict, compare_figure
from transforms.prose.published import Values
from transforms.prose.readers import Paragraph
from transforms.prose.resolve import resolve_paragraph
from transforms.prose.sentences import split_paragraph

amounts = st.integers(10**9, 10**14).map(Fraction)
worlds = st.builds(World, st.sampled_from(PLACES), st.sampled_from(ITEMS), st.sampled_from(sorted(FLOWS)),
                   st.integers(2005, 2024), amounts, amounts)  # fmt: skip
langs, decimals = st.sampled_from(("zh", "en")), st.integers(0, 4)


def judge(text: str, values: Values) -> Verdict:
    (found,) = resolve_paragraph(split_paragraph(Paragraph(1, text)))
    assert found.statement is not None, (text, found.why, found.open)
    return compare_figure(found, values)


@given(worlds, langs, decimals)
def test_a_level_of_the_database_agrees(world: World, lang: str, places: int) -> None:
    assert judge(say_level(world, lang, places), world.values()).status == "agrees"


@given(worlds, langs, decimals, st.sampled_from((-3, -2, 2, 3)))
def test_a_level_off_by_more_than_rounding_contradicts(world: World, lang: str, places: int, change: int) -> None:
    assume(world.level / 10**8 > 5)
    assert judge(say_level(world, lang, places, change=change), world.values()).is_contradiction


@given(worlds, langs, decimals)
def test_a_rate_that_follows_from_levels_agrees(world: World, lang: str, places: int) -> None:
    assume(Fraction(1, 20) < world.level / world.before < 20)
    assert judge(say_growth(world, lang, places), world.values()).status == "agrees"


@given(worlds, langs, decimals, st.sampled_from((-2, 2)))
def test_a_rate_off_by_more_than_rounding_contradicts(world: World, lang: str, places: int, change: int) -> None:
    assume(Fraction(1, 20) < world.level / world.before < 20)
    assert judge(say_growth(world, lang, places, change), world.values()).is_contradiction


QUALIFIERS = (
    (("超过", "over"), 1, 4), (("不足", "less than"), -4, -1), (("约", "about"), -1, 1), (("近", "nearly"), -2, 0),
)  # fmt: skip


@given(worlds, langs, st.sampled_from(range(1, 40)), st.sampled_from(QUALIFIERS))
def test_a_qualifier_that_is_true_agrees(
    world: World, lang: str, step: int, said: tuple[tuple[str, str], int, int]
) -> None:
    """The value lies so many steps of a fortieth beyond the printed number as the qualifier says."""
    words, low, high = said
    printed = Fraction(int(world.level / 10**8) + 40)
    true = printed + printed * (low + Fraction(step % (high - low + 1))) / 40
    near = World(world.geo, world.item, world.flow, world.year, true * 10**8, world.before)
    text = say_level(World(**{**vars(near), "level": printed * 10**8}), lang, 0, words)
    assert judge(text, near.values()).status == "agrees"


@given(st.lists(worlds, min_size=1, max_size=4), langs, decimals)
def test_true_sentences_do_not_contradict_one_another(told: list[World], lang: str, places: int) -> None:
    """In one world: exports, imports and both of one place and item, each year with its rate."""
    first = told[0]
    texts = []
    before: dict[str, Fraction] = {}
    for n, world in enumerate(told):
        now = {"X": world.level, "M": world.before, "T": world.level + world.before}
        for flow, level in now.items():
            one = World(first.geo, first.item, flow, first.year + n, level, before.get(flow, level))
            texts.append(say_level(one, lang, places))
            if flow in before and Fraction(1, 20) < level / before[flow] < 20:
                texts.append(say_growth(one, lang, places))
        before = now
    found = [one for text in texts for one in resolve_paragraph(split_paragraph(Paragraph(1, text)))]
    rows = make_rows(found, "d.txt")
    assert len(rows) == len(texts)
    assert not audit_figures(rows, with_hypotheses=False).contradictions


@given(worlds, langs, decimals, st.sampled_from(("X", "M", "T")))
def test_a_value_of_another_direction_is_named_and_still_denied(
    world: World, lang: str, places: int, flow: str
) -> None:
    assume(flow != world.flow and world.level != world.before)
    values = world.values()
    other = World(world.geo, world.item, flow, world.year, world.before, world.before)
    for key, found in other.values().by_key.items():
        values.by_key[key] = found
    text = say_level(World(**{**vars(world), "level": world.before}), lang, places)
    verdict = judge(text, values)
    assume(verdict.status not in ("agrees", "within_rounding"))
    assert verdict.is_contradiction
    shown = str(verdict.found.amount.value).replace(".", "").strip("0")
    assert ("flow", flow) in {(h.kind, h.meant) for h in verdict.hypotheses} or len(shown) < 2


@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    for found in resolve_paragraph(split_paragraph(Paragraph(1, text))):
        assert (found.statement is None) == bool(found.why)


WORDS = [
    "2020年",
    "2019年",
    "广州",
    "深圳",
    "全国",
    "服务贸易",
    "数字贸易",
    "出口",
    "进口",
    "占",
    "比重",
    "为",
    "从",
    "到",
    "增长",
    "下降",
    "，",
    "；",
    "约",
    "超过",
    "12%",
    "50亿美元",
    "1.6倍",
    "3个百分点",
    "同比",
    "其中",
    "分别",
    "和",
    "2018—2020年",
    "顺差",
    "年均增长",
    "比",
    "年",
    "多",
    "三成",
    "一半",
    "in",
    "of",
    "share",
    "China",
    "services",
    "exports",
    "rose",
    "to",
    "from",
    "2018",
    "the",
]
words = st.sampled_from([*WORDS, "US$ 5 billion"])


@given(st.lists(words, max_size=25))
def test_any_order_of_words_is_resolved_or_open(parts: list[str]) -> None:
    for found in resolve_paragraph(split_paragraph(Paragraph(1, " ".join(parts)))):
        assert (found.statement is None) == bool(found.why)
        if found.statement:
            assert found.statement.period and found.statement.geo and found.statement.item and found.statement.flow
            assert "?" not in found.statement.item
            low, high = found.amount.interval()
            assert low is None or high is None or low <= high
