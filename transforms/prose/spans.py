"""When a figure is of, and on which base it is measured."""

from __future__ import annotations

from collections.abc import Sequence

from transforms.periods import find_freq, find_year_before
from transforms.prose.fields import OVER_BASE, Context, Unclear, has, is_to, pick_field
from transforms.prose.segments import Segment
from transforms.prose.tokens import Token


def read_base(words: Sequence[Token], kind: str) -> tuple[str, list[Token]]:
    """The base that words say (从2018年, over 2018, 同比), and the words without it. 'before': the year before."""
    base, kept = "", []
    n = 0
    growing = has(words, "GROW", "AVERAGE", "RATE") or any(t.role == "THAN" for t in words)
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
        elif is_multiple and token.code == "like" and following is not None and following.role == "PERIOD":
            base, n = following.code, n + 1
        else:
            kept.append(token)
        n += 1
    return base, kept


def find_periods(
    segment: Segment, words: Sequence[Token], own: dict[str, str], base: str, measure: str, context: Context,
    said: list[str],
) -> tuple[str, str]:  # fmt: skip
    """(period, base period). Raises Unclear where either is not said."""
    spans = {token.codes for token in words if token.role == "SPAN"}
    if len(spans) > 1:
        raise Unclear("several_periods", *sorted("/".join(span) for span in spans))
    span = spans.pop() if spans else ("", "")
    if measure in OVER_BASE:
        return _find_base(own, base, span, measure, context, said)
    if base and (base == "before" or measure != "value" or "period" in own or spans):
        raise Unclear("base_of_level")
    if base:
        return base, base
    frame = span if span[0] else context.frame
    if "period" in own:
        return own["period"], ""
    is_from = any(token.role == "FROM" for token in segment.before)
    if is_from or (is_to(words) and span[0]):
        if not frame[0]:
            raise Unclear("no_period")
        return (frame[0] if is_from else frame[1]), ""
    if is_to(words) and context.base:
        period = context.frame[1] or context.period
        if not period or period <= context.base:
            raise Unclear("no_period")
        return period, ""
    if span[0] or (frame[0] and not context.period):
        raise Unclear("span", "/".join(frame))
    return pick_field("period", own, context), ""


def _find_base(
    own: dict[str, str], base: str, span: tuple[str, ...], measure: str, context: Context, said: list[str]
) -> tuple[str, str]:
    frame = span if span[0] else () if base or "period" in own else context.frame
    if frame and frame[0]:
        if measure == "average_growth":
            said.append("first_is_base")
        return frame[1], frame[0]
    period = pick_field("period", own, context)
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
