"""Which measure the words beside a figure say: an amount, a balance, a share, a rate, a multiple, an index."""

from __future__ import annotations

from collections.abc import Sequence

from transforms.prose.fields import Context, Unclear, find_codes, has, is_to, name_codes
from transforms.prose.figures import MONEY, Amount
from transforms.prose.tokens import Token


def find_measure(
    words: Sequence[Token], amount: Amount, context: Context, *, has_whole: bool, is_like: bool
) -> tuple[str, Amount]:
    """The measure that the words beside a figure say, and the figure with the sign that they give it."""
    grows = find_codes(words, "GROW")
    if indices := find_codes(words, "INDEX"):
        if len(indices) > 1 or amount.kind not in ("plain", "share") or grows:
            raise Unclear("measure")
        return indices.pop(), amount
    if amount.kind == "plain":
        raise Unclear("unit")
    if amount.kind == MONEY:
        return _find_money(words, amount, grows, has_whole=has_whole)
    if has(words, "BALANCE") or (context.measure == "balance" and not has(words, "ITEM", "FLOW") and not has_whole):
        raise Unclear("of_balance")
    if len(grows) > 1:
        raise Unclear("measure")
    kind, portion = amount.kind, has_whole or has(words, "SHARE", "PORTION")
    if kind in ("times", "multiple"):
        return _find_times(words, amount, grows, portion, is_like)
    if kind == "points":
        if not grows or not (portion or context.measure == "share") or has(words, "RATE"):
            raise Unclear("points")
        return "share_change", amount.negate() if "down" in grows else amount
    moves = is_to(words) or (has(words, "FROM") and not has(words, "SPAN"))
    if has(words, "AVERAGE"):
        if portion:
            raise Unclear("measure")
        return "average_growth", amount.negate() if "down" in grows else amount
    if portion:
        if (grows and not moves) or has(words, "RATE"):
            raise Unclear("measure")
        return "share", amount
    if has(words, "RATE"):
        if grows and not moves:
            raise Unclear("measure")
        return "growth", amount
    if moves and context.measure in ("share", "growth") and not (grows and has(words, "SPAN")):
        return context.measure, amount
    if grows and not moves:
        return "growth", amount.negate() if "down" in grows else amount
    raise Unclear("measure")


def _find_money(words: Sequence[Token], amount: Amount, grows: set[str], *, has_whole: bool) -> tuple[str, Amount]:
    if has_whole or has(words, "AVERAGE", "PORTION", "RATE"):
        raise Unclear("measure")
    if grows and not (is_to(words) or has(words, "FROM")):
        raise Unclear("change_amount")
    signs = find_codes(words, "BALANCE")
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
    if is_to(words) or is_like:
        return "multiple", amount
    if grows and not amount.printed.isascii():
        return "increase", amount
    if not grows and amount.printed.isascii() and has(words, "FILL", "OF"):
        return "multiple", amount
    raise Unclear("times", *name_codes("measures", ("increase", "multiple")))
