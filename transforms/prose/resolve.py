"""What the figures of a sentence state: whose trade, of what, which way, when, and which measure; or why that is open.

A figure is resolved only where every word that belongs to it is known and each field has one candidate. The rules are
listed in docs/audit.md; none of them chooses among several candidates.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from transforms.prose.fields import (
    INDICES,
    OVER_BASE,
    Context,
    Unclear,
    block_fields,
    find_codes,
    has,
    is_to,
    is_trade,
    keep_fields,
    load_geography,
    load_types,
    pick_field,
    read_fields,
    refuse_unknown,
)
from transforms.prose.figures import Amount
from transforms.prose.measures import find_measure
from transforms.prose.references import find_reference, name_whole
from transforms.prose.segments import Segment, cut_sentence
from transforms.prose.sentences import Sentence
from transforms.prose.spans import find_periods, read_base
from transforms.prose.tokens import Token, read_tokens


@dataclass(frozen=True)
class Statement:
    """What a figure states, in the terms of the contracts. measure: of measures.csv, share_change or the name of an
    indicator. said: codes PROSE.ASSUMED.* of what was read between the words. named: whether a definition was.
    """

    geo: str
    item: str
    flow: str
    period: str
    measure: str
    base_period: str = ""
    reference: str = ""
    named: bool = True
    said: tuple[str, ...] = ()


@dataclass(frozen=True)
class Found:
    """One figure of the draft. why, open: the reason code PROSE.WHY.* and the words or candidates it speaks of."""

    sentence: Sentence
    amount: Amount
    statement: Statement | None = None
    why: str = ""
    open: tuple[str, ...] = ()


def resolve_paragraph(sentences: Iterable[Sentence]) -> list[Found]:
    """The figures of a paragraph. From one sentence to the next three things are carried: the places that 该市 or the
    city may mean, the last period, for 同期 or the same period, and what 其中 or of which is a part of.
    """
    found: list[Found] = []
    places: list[str] = []
    period, whole = "", Context()
    for sentence in sentences:
        tokens = read_tokens(sentence.text)
        context = replace(whole) if tokens and tokens[0].role == "OF_WHICH" else Context()
        context.places, context.before = places, period
        about = (context.geo, context.item, context.flow, context.period)
        said = [_refuse_whole(one, about) for one in resolve_sentence(sentence, context)]
        found += said
        period, whole = context.period or "", _find_one_whole(tokens, said)
    return found


def _refuse_whole(found: Found, about: tuple[str | None, ...]) -> Found:
    """After of which, a figure that names no part is not one of the whole again."""
    s = found.statement
    if s is None or (s.geo, f"{s.item}{'' if s.named else '?'}", s.flow, s.period) != about:
        return found
    return replace(found, statement=None, why="no_item")


def _find_one_whole(tokens: Sequence[Token], found: Sequence[Found]) -> Context:
    """What a sentence is about, for of which in the next: one place, item, direction and period, of amounts, in words
    that are all known. Else nothing: it could not be told which of them is meant.
    """
    told = [one.statement for one in found]
    if has(tokens, "UNKNOWN") or not told or any(s is None or s.measure != "value" for s in told):
        return Context()
    about = {(s.geo, f"{s.item}{'' if s.named else '?'}", s.flow, s.period) for s in told if s is not None}
    if len(about) != 1:
        return Context()
    geo, item, flow, period = about.pop()
    return Context(geo=geo, item=item, flow=flow, period=period, measure="value")


def _is_aside(text: str, place: int) -> bool:
    """Whether a place of the text is inside brackets."""
    before = text[:place]
    return sum(map(before.count, "(（")) > sum(map(before.count, ")）"))


def resolve_sentence(sentence: Sentence, told: Context) -> list[Found]:
    """The figures of one sentence; told: what the sentences before it named, filled with what this one says."""
    found = []
    for segment in cut_sentence(_join_places(read_tokens(sentence.text))):
        amount = segment.figure.amount if segment.figure else None
        first = segment.before[0] if segment.before else segment.figure
        is_aside = first is not None and _is_aside(sentence.text, first.start)
        context = replace(told) if is_aside else told  # brackets say nothing of what follows them
        if amount is None:
            _set_scene(segment, context)
            continue
        if amount.kind == "plain" and not segment.problem and not has(segment.words, "INDEX") and not amount.problem:
            _set_scene(segment, context)  # a number of nothing that is known: no figure of trade
            continue
        try:
            amount, statement = _resolve(segment, amount, context)
            found.append(Found(sentence, amount, statement))
        except Unclear as unclear:
            block_fields(segment.words, context)
            found.append(Found(sentence, amount, None, unclear.why, unclear.words))
    return found


def _join_places(tokens: Sequence[Token]) -> list[Token]:
    """The inner one of two places that stand side by side, one in the other: 广东省广州市, Guangzhou, China.

    Of which goes with what follows a comma after it.
    """
    kept: list[Token] = []
    for token in tokens:
        if token.role == "BREAK" and token.text in "，," and kept and kept[-1].role == "OF_WHICH":
            continue  # 其中，出口 is 其中出口
        beside = len(kept) - 1
        if beside > 0 and kept[beside].role == "BREAK" and kept[beside].text == ",":
            beside -= 1
        if token.role == "AREA" and beside >= 0 and kept[beside].role == "AREA":
            if token.code in load_geography().above(kept[beside].code):
                del kept[beside + 1 :]
                continue
            if beside == len(kept) - 1 and kept[beside].code in load_geography().above(token.code):
                kept.pop()
        kept.append(token)
    return kept


def _set_scene(segment: Segment, context: Context) -> None:
    """Take what a clause without a figure says; where it has unknown words, what it names is open from there on."""
    try:
        refuse_unknown(segment.words)
        own = read_fields(segment.words, context)
    except Unclear:
        block_fields(segment.words, context)
        return
    keep_fields(own, segment.words, context)
    if has(segment.words, "BALANCE"):
        context.measure = "balance"


def _resolve(segment: Segment, amount: Amount, context: Context) -> tuple[Amount, Statement]:
    if amount.kind == "count":
        raise Unclear("count")
    refuse_unknown(segment.words)
    if segment.problem or amount.problem:
        raise Unclear(segment.problem or amount.problem)
    amount = _qualify(segment, amount)
    whole, words = find_reference(segment, amount)
    base, words = read_base(words, amount.kind)
    _refuse_partner(words)
    is_like = any(token.role == "IS" and token.code == "like" for token in segment.words)
    measure, amount = find_measure(words, amount, context, has_whole=bool(whole), is_like=is_like)
    if amount.problem:
        raise Unclear(amount.problem)
    own = read_fields([token for token in words if token.role != "SPAN"], context)
    said: list[str] = []
    if whole:
        own |= _take_from_whole(whole, own, context)
    geo, item = pick_field("geo", own, context), pick_field("item", own, context)
    named = not item.endswith("?")
    item = item.rstrip("?")
    flow = _find_flow(own, words, measure, context, said, find_codes(whole, "FLOW") if measure == "share" else set())
    if measure in OVER_BASE and not base and not has(words, "SPAN"):
        base, context.than = context.than or context.base, ""
    period, base = find_periods(segment, words, own, base, measure, context, said)
    reference = ""
    if measure in ("share", "share_change"):
        reference = _find_whole(whole, geo, item, flow, "" if own.keys() - {"period"} else context.reference)
    if "DEF:" in item and not named:
        said.append("definition")
    if measure == "value" and base:  # 较2018年的50亿美元增长: that amount is the base of what follows
        context.than = period
        return amount, Statement(geo, item, flow, period, measure, "", "", named, tuple(said))
    told, frame = context.period, context.frame
    keep_fields(own, words, context)
    context.item = item if named else f"{item}?"
    context.geo, context.measure, context.reference = geo, measure, reference
    if measure not in ("balance", *INDICES):
        context.flow = flow
    is_from = has(segment.before, "FROM") and measure not in OVER_BASE
    context.period = told if is_from or has(segment.before, "THAN") else period
    if is_from:
        context.base, context.frame = period, frame
    elif is_to(words) and context.base:
        context.frame, context.base = (context.base, period), ""
    return amount, Statement(geo, item, flow, period, measure, base, reference, named, tuple(said))


def _qualify(segment: Segment, amount: Amount) -> Amount:
    """The figure with the one qualifier beside it; one that stands further off may speak of something else."""
    marks = [token for token in segment.words if token.role == "QUALIFIER"]
    if not marks:
        return amount
    mark = marks[0]
    if len(marks) > 1 or amount.qualifier not in ("", mark.code):
        raise Unclear("several_qualifiers", *(token.text for token in marks))
    if mark in segment.before:
        between = segment.before[segment.before.index(mark) + 1 :]
        is_beside = all(token.role in ("FILL", "IS", "OF") for token in between) or between[0].role == "SHARE"
    else:
        is_beside = segment.after[0] is mark
    if not is_beside:
        raise Unclear("qualifier_apart", mark.text)
    if amount.half is not None:
        amount = replace(amount, half=None, decimals=None)
    return replace(amount, qualifier=mark.code, qualifier_word=amount.qualifier_word or mark.text)


def _refuse_partner(tokens: Sequence[Token]) -> None:
    """Exports to, imports from a place: trade with one partner, which is not compared."""
    for one, two in pairwise([token for token in tokens if token.role != "FILL"]):
        if one.role in ("TO", "FROM") and two.role == "AREA" and one.text.isascii():
            raise Unclear("partner", two.text)


def _find_flow(
    own: dict[str, str], words: Sequence[Token], measure: str, context: Context, said: list[str], of_whole: set[str]
) -> str:
    """The direction; of trade without one both together, of a share of a whole with one the same. It is carried only
    where no item of its own is named.
    """
    if measure in ("balance", *INDICES):
        if own.get("flow", "T") != "T":
            raise Unclear("measure")
        return "T" if measure == "balance" else "N"
    if "flow" in own:
        return own["flow"]
    if "item" in own and not has(words, "OF_WHICH"):
        if not is_trade(words):
            if len(of_whole) == 1:
                return of_whole.copy().pop()
            raise Unclear("no_flow")
        said.append("both_flows")
        return "T"
    return pick_field("flow", own, context)


def _take_from_whole(whole: Sequence[Token], own: dict[str, str], context: Context) -> dict[str, str]:
    """Guangzhou accounted for 8 % of China's digital trade: the item of another place's whole is that of the part."""
    places, items = find_codes(whole, "AREA"), find_codes(whole, "ITEM")
    if "geo" not in own and context.geo is None and len(places) == 1 and items - {own.get("item", context.item)}:
        return {"geo": places.copy().pop()}
    if "item" in own:
        return {}
    if own.get("geo", context.geo) and places - {own.get("geo", context.geo)} and len(items) == 1:
        if context.item and context.item not in items:
            return {}
        flows = find_codes(whole, "FLOW") or ({"T"} if is_trade(whole) else set())
        taken = {"item": items.copy().pop()}
        if len(flows) == 1 and not context.flow and "flow" not in own:
            taken["flow"] = flows.pop()
        elif context.flow and "flow" not in own:
            taken["flow"] = context.flow
        return taken
    return {}


def _find_whole(whole: Sequence[Token], geo: str, item: str, flow: str, carried: str) -> str:
    """The code of references.csv for what a share is of, or the one of the share just before. Raises Unclear where it
    is not said or none fits.
    """
    if not whole:
        if not carried:
            raise Unclear("no_whole")
        return carried
    own = {"geo": find_codes(whole, "AREA") | {_find_above(code, geo) for code in find_codes(whole, "SAME_AREA")},
           "item": {code.rstrip("?") for code in find_codes(whole, "ITEM")},
           "flow": find_codes(whole, "FLOW")}  # fmt: skip
    named = name_whole(own, geo, item, flow, load_geography(), is_trade=is_trade(whole))
    if not named:
        raise Unclear("whole", " ".join(token.text for token in whole))
    return named


def _find_above(kind: str, geo: str) -> str:
    """占全省, 占全市: the province, the city that the place lies in."""
    found = [code for code in (geo, *load_geography().above(geo)) if load_types().get(code) == kind]
    if not found:
        raise Unclear("same_place")
    return found[0]
