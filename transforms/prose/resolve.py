"""What the figures of a sentence state: whose trade, of what, which way, when, and which measure; or why that is open.

A figure is resolved only where every word that belongs to it is known and each field has one candidate. The rules are
listed in docs/audit.md; none of them chooses among several candidates.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import pairwise
from typing import Final

from transforms.audit.model import Geography
from transforms.codelists import load_codelist
from transforms.periods import find_freq, find_year_before
from transforms.prose.figures import MONEY, Amount
from transforms.prose.references import find_reference, name_whole
from transforms.prose.segments import Segment, cut_sentence
from transforms.prose.sentences import Sentence
from transforms.prose.tokens import Token, read_tokens

FIELDS: Final = ("geo", "item", "flow", "period")
_ROLES: Final = {"geo": ("AREA", "SAME_AREA"), "item": ("ITEM",), "flow": ("FLOW",), "period": ("PERIOD", "SPAN")}
_INDICES: Final = ("export_orientation", "export_import_coverage", "trade_competitiveness", "grubel_lloyd")
_OVER_BASE: Final = {"growth", "increase", "multiple", "average_growth", "share_change"}


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


class Unclear(Exception):
    """No error of the program: a sentence that says too little. why: a code PROSE.WHY.*"""

    def __init__(self, why: str, *words: str) -> None:
        self.why, self.words = why, words
        super().__init__(why, words)


@dataclass
class _Context:
    """What the sentence has said so far. None: nothing; '' : something that was not understood or is ambiguous."""

    geo: str | None = None
    item: str | None = None
    flow: str | None = None
    period: str | None = None
    measure: str = ""
    reference: str = ""
    frame: tuple[str, str] = ("", "")
    base: str = ""
    main: str | None = None
    than: str = ""
    places: list[str] = field(default_factory=list)
    before: str = ""


def resolve_paragraph(sentences: Iterable[Sentence]) -> list[Found]:
    """The figures of a paragraph. From one sentence to the next only two things are carried: the places that 该市 or
    the city may mean, and the last period, for 同期 or the same period.
    """
    found: list[Found] = []
    places: list[str] = []
    period = ""
    for sentence in sentences:
        context = _Context(places=places, before=period)
        found += _resolve_sentence(sentence, context)
        period = context.period or ""
    return found


def _resolve_sentence(sentence: Sentence, context: _Context) -> list[Found]:
    found = []
    for segment in cut_sentence(read_tokens(sentence.text)):
        amount = segment.figure.amount if segment.figure else None
        if amount is None:
            _set_scene(segment, context)
            continue
        if amount.kind == "plain" and not segment.problem and not _has(segment.words, "INDEX") and not amount.problem:
            _set_scene(segment, context)  # a number of nothing that is known: no figure of trade
            continue
        try:
            amount, statement = _resolve(segment, amount, context)
            found.append(Found(sentence, amount, statement))
        except Unclear as unclear:
            _block(segment.words, context)
            found.append(Found(sentence, amount, None, unclear.why, unclear.words))
    return found


def _has(tokens: Iterable[Token], *roles: str) -> bool:
    return any(token.role in roles for token in tokens)


def _codes(tokens: Iterable[Token], role: str) -> set[str]:
    return {code for token in tokens if token.role == role for code in token.codes}


def _set_scene(segment: Segment, context: _Context) -> None:
    """Take what a clause without a figure says; where it has unknown words, what it names is open from there on."""
    try:
        _refuse_unknown(segment.words)
        own = _read_fields(segment.words, context)
    except Unclear:
        _block(segment.words, context)
        return
    _keep(own, segment.words, context)
    if _has(segment.words, "BALANCE"):
        context.measure = "balance"


def _block(tokens: Sequence[Token], context: _Context) -> None:
    for name, roles in _ROLES.items():
        if _has(tokens, *roles):
            setattr(context, name, "")
    if _has(tokens, "ITEM", "AREA") and not _has(tokens, "FLOW"):
        context.flow = ""
    if _has(tokens, "UNKNOWN"):  # whatever it is about, it may be what the next clauses go on about
        context.item = context.flow = ""
    context.measure, context.reference = "", ""


def _refuse_unknown(tokens: Sequence[Token]) -> None:
    unknown = [token.text for token in tokens if token.role == "UNKNOWN"]
    if unknown:
        raise Unclear("unknown_words", *unknown[:4])


# --- fields


@cache
def load_geography() -> Geography:
    return Geography()


@cache
def load_types() -> dict[str, str]:
    return {row["code"]: row["type"] for row in load_codelist("geographies").rows}


def _read_fields(tokens: Sequence[Token], context: _Context) -> dict[str, str]:
    """The fields that tokens say themselves. Raises Unclear where one has several candidates."""
    own: dict[str, str] = {}
    places = _codes(tokens, "AREA") | {_find_place(code, context) for code in _codes(tokens, "SAME_AREA")}
    above = {outer for place in places for outer in load_geography().above(place)}
    if len(places - above or places) > 1:
        raise Unclear("several_places", *_name("geographies", places))
    if places:
        own["geo"] = (places - above or places).pop()
        context.places += [code for code in _codes(tokens, "AREA") if code not in context.places]
    items = _codes(tokens, "ITEM")
    if len(items) > 1:
        raise Unclear("several_items", *_name("items", items))
    if items:
        own["item"] = items.pop()
    flows = _codes(tokens, "FLOW")
    if len(flows) > 1:
        raise Unclear("several_flows", *_name("flows", flows))
    if flows:
        own["flow"] = flows.pop()
    periods = _codes(tokens, "PERIOD")
    if _has(tokens, "RELATIVE"):
        raise Unclear("relative", *(token.text for token in tokens if token.role == "RELATIVE"))
    if _has(tokens, "SAME_PERIOD"):
        same = context.period if context.period is not None else context.before
        if not same:
            raise Unclear("same_period")
        periods = periods | {same}
    if len(periods) > 1:
        raise Unclear("several_periods", *sorted(periods))
    if periods:
        own["period"] = periods.pop()
    return own


def _find_place(kind: str, context: _Context) -> str:
    wanted = {"country": ("country", "economy", "territory")}.get(kind, (kind,))
    known = [code for code in context.places if load_types().get(code) in wanted]
    if len(known) != 1:
        raise Unclear("same_place", *_name("geographies", known))
    return known[0]


def _name(listname: str, codes: Iterable[str]) -> list[str]:
    """Codes of a list with their names, in an order of their own."""
    words = load_codelist(listname)
    return sorted(f"{words.label(code.rstrip('?'), 'en')} ({code.rstrip('?')})" for code in codes)


def _keep(own: dict[str, str], tokens: Sequence[Token], context: _Context) -> None:
    """What a clause has said stands for the clauses after it. An item or place without a direction has none to give."""
    if "item" in own and "flow" not in own:
        context.flow = "T" if _is_trade(tokens) else None
    for name, value in own.items():
        setattr(context, name, value)
    for token in tokens:
        if token.role == "SPAN":
            context.frame = (token.codes[0], token.codes[1])


def _is_trade(tokens: Sequence[Token]) -> bool:
    """Whether words say trade without a direction: 服务贸易, trade in services."""
    return _has(tokens, "TRADE") or any(
        token.role == "ITEM" and ("贸易" in token.text or "trade" in token.text.casefold()) for token in tokens
    )


# --- one figure


def _resolve(segment: Segment, amount: Amount, context: _Context) -> tuple[Amount, Statement]:
    if amount.kind == "count":
        raise Unclear("count")
    _refuse_unknown(segment.words)
    if segment.problem or amount.problem:
        raise Unclear(segment.problem or amount.problem)
    amount = _qualify(segment, amount)
    whole, words = find_reference(segment, amount)
    base, words = _read_base(words, amount.kind)
    _refuse_partner(words)
    is_like = any(token.role == "IS" and token.text != "为" for token in segment.words)
    measure, amount = _find_measure(words, amount, context, has_whole=bool(whole), is_like=is_like)
    if amount.problem:
        raise Unclear(amount.problem)
    own = _read_fields([token for token in words if token.role != "SPAN"], context)
    said: list[str] = []
    if whole:
        own |= _take_from_whole(whole, own, context)
    geo, item = _pick("geo", own, context), _pick("item", own, context)
    named = not item.endswith("?")
    item = item.rstrip("?")
    flow = _find_flow(own, words, measure, context, said, _codes(whole, "FLOW") if measure == "share" else set())
    if measure in _OVER_BASE and not base:
        base, context.than = context.than, ""
    period, base = _find_periods(segment, words, own, base, measure, context, said)
    reference = ""
    if measure in ("share", "share_change"):
        reference = _find_whole(whole, geo, item, flow, "" if own.keys() - {"period"} else context.reference)
    if "DEF:" in item and not named:
        said.append("definition")
    if measure == "value" and base:  # 较2018年的50亿美元增长: that amount is the base of what follows
        context.than = period
        return amount, Statement(geo, item, flow, period, measure, "", "", named, tuple(said))
    main = context.period
    _keep(own, words, context)
    context.item = item if named else f"{item}?"
    context.geo, context.period, context.measure, context.reference = geo, period, measure, reference
    if measure not in ("balance", *_INDICES):
        context.flow = flow
    if _has(segment.before, "FROM") and measure not in _OVER_BASE:
        context.base, context.main = period, main
    elif _is_to(words) and context.base:
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
    for one, two in pairwise(tokens):
        if one.role in ("TO", "FROM") and two.role == "AREA" and one.text.isascii():
            raise Unclear("partner", two.text)


def _read_base(words: Sequence[Token], kind: str) -> tuple[str, list[Token]]:
    """The base that words say (从2018年, over 2018, 同比), and the words without it. 'before': the year before."""
    base, kept = "", []
    n = 0
    growing = _has(words, "GROW", "AVERAGE", "RATE") or any(t.role == "THAN" for t in words)
    is_multiple = kind == "times"
    while n < len(words):
        token = words[n]
        following = words[n + 1] if n + 1 < len(words) else None
        if token.role == "BASE":
            base = base or "before"
        elif token.role == "THAN" and following is not None and following.role == "PERIOD":
            base, n = following.code, n + 1
        elif (
            token.role == "FROM" and growing and following is not None and following.role == "PERIOD"
            and token.text.isascii()
        ):  # fmt: skip
            base, n = following.code, n + 1
        elif (
            is_multiple
            and token.role == "IS"
            and token.text != "为"
            and following is not None
            and following.role == "PERIOD"
        ):
            base, n = following.code, n + 1
        else:
            kept.append(token)
        n += 1
    return base, kept


def _is_to(words: Sequence[Token]) -> bool:
    return any(token.role == "TO" for token in words)


def _find_measure(
    words: Sequence[Token], amount: Amount, context: _Context, *, has_whole: bool, is_like: bool
) -> tuple[str, Amount]:
    """The measure that the words beside a figure say, and the figure with the sign that they give it."""
    grows = _codes(words, "GROW")
    if indices := _codes(words, "INDEX"):
        if len(indices) > 1 or amount.kind not in ("plain", "share") or grows:
            raise Unclear("measure")
        return indices.pop(), amount
    if amount.kind == "plain":
        raise Unclear("unit")
    if amount.kind == MONEY:
        return _find_money(words, amount, grows, has_whole=has_whole)
    if _has(words, "BALANCE") or (context.measure == "balance" and not _has(words, "ITEM", "FLOW") and not has_whole):
        raise Unclear("of_balance")
    if len(grows) > 1:
        raise Unclear("measure")
    kind, portion = amount.kind, has_whole or _has(words, "SHARE", "PORTION")
    if kind in ("times", "multiple"):
        return _find_times(words, amount, grows, portion, is_like)
    if kind == "points":
        if not grows or not (portion or context.measure == "share") or _has(words, "RATE"):
            raise Unclear("points")
        return "share_change", amount.negate() if "down" in grows else amount
    moves = _is_to(words) or (_has(words, "FROM") and not _has(words, "SPAN"))
    if _has(words, "AVERAGE"):
        if portion:
            raise Unclear("measure")
        return "average_growth", amount.negate() if "down" in grows else amount
    if portion:
        if (grows and not moves) or _has(words, "RATE"):
            raise Unclear("measure")
        return "share", amount
    if _has(words, "RATE"):
        if grows and not moves:
            raise Unclear("measure")
        return "growth", amount
    if moves and context.measure in ("share", "growth") and not (grows and _has(words, "SPAN")):
        return context.measure, amount
    if grows and not _is_to(words):
        return "growth", amount.negate() if "down" in grows else amount
    raise Unclear("measure")


def _find_money(words: Sequence[Token], amount: Amount, grows: set[str], *, has_whole: bool) -> tuple[str, Amount]:
    if has_whole or _has(words, "AVERAGE", "PORTION", "RATE"):
        raise Unclear("measure")
    if grows and not (_is_to(words) or _has(words, "FROM")):
        raise Unclear("change_amount")
    signs = _codes(words, "BALANCE")
    if not signs:
        return "value", amount
    if len(signs) > 1 and signs - {"0"} == signs:
        raise Unclear("measure")
    return "balance", amount.negate() if "-" in signs else amount


def _find_times(
    words: Sequence[Token], amount: Amount, grows: set[str], portion: bool, is_like: bool
) -> tuple[str, Amount]:
    """增长1.6倍 is an increase, 增长到1.6倍 and 是2018年的1.6倍 are multiples; increased 1.6 times can be either."""
    if portion or "down" in grows:
        raise Unclear("measure")
    if amount.kind == "multiple":
        return "multiple", amount
    if _is_to(words) or is_like:
        return "multiple", amount
    if grows and not amount.printed.isascii():
        return "increase", amount
    if not grows and amount.printed.isascii() and _has(words, "FILL", "OF"):
        return "multiple", amount
    raise Unclear("times", *_name("measures", ("increase", "multiple")))


# --- the rest of the fields


def _pick(name: str, own: dict[str, str], context: _Context) -> str:
    """The field as said beside the figure, or as carried from the clauses before. Raises Unclear where none is."""
    value = own.get(name, getattr(context, name))
    if not value:
        raise Unclear(f"no_{name}" if value is None else f"open_{name}")
    return str(value)


def _find_flow(
    own: dict[str, str], words: Sequence[Token], measure: str, context: _Context, said: list[str], of_whole: set[str]
) -> str:
    """The direction; of trade without one both together, of a share of a whole with one the same. It is carried only
    where no item of its own is named.
    """
    if measure in ("balance", *_INDICES):
        if own.get("flow", "T") != "T":
            raise Unclear("measure")
        return "T" if measure == "balance" else "N"
    if "flow" in own:
        return own["flow"]
    if "item" in own and not _has(words, "OF_WHICH"):
        if not _is_trade(words):
            if len(of_whole) == 1:
                return of_whole.copy().pop()
            raise Unclear("no_flow")
        said.append("both_flows")
        return "T"
    return _pick("flow", own, context)


def _find_periods(
    segment: Segment, words: Sequence[Token], own: dict[str, str], base: str, measure: str, context: _Context,
    said: list[str],
) -> tuple[str, str]:  # fmt: skip
    """(period, base period). Raises Unclear where either is not said."""
    spans = {token.codes for token in words if token.role == "SPAN"}
    if len(spans) > 1:
        raise Unclear("several_periods", *sorted("/".join(span) for span in spans))
    span = spans.pop() if spans else ("", "")
    if measure in _OVER_BASE:
        return _find_base(own, base, span, measure, context, said)
    if base and (base == "before" or measure != "value" or "period" in own or spans):
        raise Unclear("base_of_level")
    if base:
        return base, base
    frame = span if span[0] else context.frame
    if "period" in own:
        return own["period"], ""
    is_from = any(token.role == "FROM" for token in segment.before)
    if is_from or (_is_to(words) and span[0]):
        if not frame[0]:
            raise Unclear("no_period")
        return (frame[0] if is_from else frame[1]), ""
    if _is_to(words) and context.base:
        period = context.frame[1] or context.main
        if not period or period <= context.base:
            raise Unclear("no_period")
        return period, ""
    if span[0] or (frame[0] and not context.period):
        raise Unclear("span", "/".join(frame))
    return _pick("period", own, context), ""


def _find_base(
    own: dict[str, str], base: str, span: tuple[str, ...], measure: str, context: _Context, said: list[str]
) -> tuple[str, str]:
    frame = span if span[0] else () if base or "period" in own else context.frame
    if frame and frame[0]:
        if measure == "average_growth":
            said.append("first_is_base")
        return frame[1], frame[0]
    period = _pick("period", own, context)
    if base and base != "before":
        if not base < period:
            raise Unclear("base_after", base, period)
        return period, base
    if measure == "average_growth":
        raise Unclear("no_base")
    if not base:
        if measure in ("increase", "multiple", "share_change") or find_freq(period) != "A":
            raise Unclear("no_base")
        said.append("year_before")
    return period, find_year_before(period)


def _take_from_whole(whole: Sequence[Token], own: dict[str, str], context: _Context) -> dict[str, str]:
    """Guangzhou accounted for 8 % of China's digital trade: the item of another place's whole is that of the part."""
    places, items = _codes(whole, "AREA"), _codes(whole, "ITEM")
    if "geo" not in own and context.geo is None and len(places) == 1 and items - {own.get("item", context.item)}:
        return {"geo": places.copy().pop()}
    if "item" in own:
        return {}
    if own.get("geo", context.geo) and places - {own.get("geo", context.geo)} and len(items) == 1:
        if context.item and context.item not in items:
            return {}
        flows = _codes(whole, "FLOW") or ({"T"} if _is_trade(whole) else set())
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
    own = {"geo": _codes(whole, "AREA") | {_find_above(code, geo) for code in _codes(whole, "SAME_AREA")},
           "item": {code.rstrip("?") for code in _codes(whole, "ITEM")}, "flow": _codes(whole, "FLOW")}  # fmt: skip
    named = name_whole(own, geo, item, flow, load_geography(), is_trade=_is_trade(whole))
    if not named:
        raise Unclear("whole", " ".join(token.text for token in whole))
    return named


def _find_above(kind: str, geo: str) -> str:
    """占全省, 占全市: the province, the city that the place lies in."""
    found = [code for code in (geo, *load_geography().above(geo)) if load_types().get(code) == kind]
    if not found:
        raise Unclear("same_place")
    return found[0]
