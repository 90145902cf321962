"""What the sentence has said so far, and what the words beside a figure say: place, item, direction, period."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from transforms.audit.model import Geography
from transforms.codelists import load_codelist
from transforms.prose.lexicon import list_words
from transforms.prose.tokens import Token

INDICES: Final = ("export_orientation", "export_import_coverage", "trade_competitiveness", "grubel_lloyd")
OVER_BASE: Final = {"growth", "increase", "multiple", "average_growth", "share_change"}
_ROLES: Final = {"geo": ("AREA", "SAME_AREA"), "item": ("ITEM",), "flow": ("FLOW",), "period": ("PERIOD", "SPAN")}


class Unclear(Exception):
    """No error of the program: a sentence that says too little. why: a code PROSE.WHY.*"""

    def __init__(self, why: str, *words: str) -> None:
        self.why, self.words = why, words
        super().__init__(why, words)


@dataclass
class Context:
    """What the sentence has said so far. None: nothing; '' : something that was not understood or is ambiguous.

    frame: the years that a span, or from and to, have set. base: the period of a from whose to has not come. than: that
    of an amount which the next rate is over. places, before: what the sentences before it named, and their last period.
    """

    geo: str | None = None
    item: str | None = None
    flow: str | None = None
    period: str | None = None
    measure: str = ""
    reference: str = ""
    frame: tuple[str, str] = ("", "")
    base: str = ""
    than: str = ""
    places: list[str] = field(default_factory=list)
    before: str = ""


def has(tokens: Iterable[Token], *roles: str) -> bool:
    return any(token.role in roles for token in tokens)


def find_codes(tokens: Iterable[Token], role: str) -> set[str]:
    return {code for token in tokens if token.role == role for code in token.codes}


def is_to(words: Sequence[Token]) -> bool:
    return any(token.role == "TO" for token in words)


def is_trade(tokens: Sequence[Token]) -> bool:
    """Whether words say trade without a direction: 服务贸易, trade in services."""
    return has(tokens, "TRADE") or any(
        token.role == "ITEM" and any(word in token.text.casefold() for word, _ in list_words("TRADE"))
        for token in tokens
    )


def name_codes(listname: str, codes: Iterable[str]) -> list[str]:
    """Codes of a list with their names, in an order of their own."""
    words = load_codelist(listname)
    return sorted(f"{words.label(code.rstrip('?'), 'en')} ({code.rstrip('?')})" for code in codes)


@cache
def load_geography() -> Geography:
    return Geography()


@cache
def load_types() -> dict[str, str]:
    return {row["code"]: row["type"] for row in load_codelist("geographies").rows}


def refuse_unknown(tokens: Sequence[Token]) -> None:
    unknown = [token.text for token in tokens if token.role == "UNKNOWN"]
    if unknown:
        raise Unclear("unknown_words", *unknown[:4])


def read_fields(tokens: Sequence[Token], context: Context) -> dict[str, str]:
    """The fields that tokens say themselves. Raises Unclear where one has several candidates."""
    own: dict[str, str] = {}
    places = find_codes(tokens, "AREA") | {_find_place(code, context) for code in find_codes(tokens, "SAME_AREA")}
    if len(places) > 1:
        raise Unclear("several_places", *name_codes("geographies", places))
    if places:
        own["geo"] = places.pop()
        context.places += [code for code in find_codes(tokens, "AREA") if code not in context.places]
    items = find_codes(tokens, "ITEM")
    if len(items) > 1:
        raise Unclear("several_items", *name_codes("items", items))
    if items:
        own["item"] = items.pop()
    flows = find_codes(tokens, "FLOW")
    if len(flows) > 1:
        raise Unclear("several_flows", *name_codes("flows", flows))
    if flows:
        own["flow"] = flows.pop()
    periods = find_codes(tokens, "PERIOD")
    if has(tokens, "RELATIVE"):
        raise Unclear("relative", *(token.text for token in tokens if token.role == "RELATIVE"))
    if has(tokens, "SAME_PERIOD"):
        same = context.period if context.period is not None else context.before
        if not same:
            raise Unclear("same_period")
        periods = periods | {same}
    if len(periods) > 1:
        raise Unclear("several_periods", *sorted(periods))
    if periods:
        own["period"] = periods.pop()
    return own


def _find_place(kind: str, context: Context) -> str:
    wanted = {"country": ("country", "economy", "territory")}.get(kind, (kind,))
    known = [code for code in context.places if load_types().get(code) in wanted]
    if len(known) != 1:
        raise Unclear("same_place", *name_codes("geographies", known))
    return known[0]


def pick_field(name: str, own: dict[str, str], context: Context) -> str:
    """The field as said beside the figure, or as carried from the clauses before. Raises Unclear where none is."""
    value = own.get(name, getattr(context, name))
    if not value:
        raise Unclear(f"no_{name}" if value is None else f"open_{name}")
    return str(value)


def keep_fields(own: dict[str, str], tokens: Sequence[Token], context: Context) -> None:
    """What a clause has said stands for the clauses after it. An item or place without a direction has none to give."""
    if "item" in own and "flow" not in own:
        context.flow = "T" if is_trade(tokens) else None
    for name, value in own.items():
        setattr(context, name, value)
    spans = [token.codes for token in tokens if token.role == "SPAN"]
    if spans:
        context.frame = (spans[0][0], spans[0][1])
    elif "period" in own:
        context.frame = ("", "")


def block_fields(tokens: Sequence[Token], context: Context) -> None:
    for name, roles in _ROLES.items():
        if has(tokens, *roles):
            setattr(context, name, "")
    if has(tokens, "ITEM", "AREA") and not has(tokens, "FLOW"):
        context.flow = ""
    if has(tokens, "UNKNOWN"):  # whatever it is about, it may be what the next clauses go on about
        context.item = context.flow = ""
    if has(tokens, "PERIOD", "SPAN"):
        context.frame, context.base, context.than = ("", ""), "", ""
    context.measure, context.reference = "", ""
