"""Printed figures: from the displayed string to an exact value, its printed decimals and the interval it stands for.

A printed string v with d decimals stands for every x in [v - 10^-d / 2, v + 10^-d / 2] (rounding half up; the ends
are kept closed so that a check never calls two figures contradictory that touch). A qualifier (over, about ...) has a
declared interval of its own: the list qualifiers.csv.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal, localcontext
from typing import Final

SIGN_WORDS: Final = ("负增长", "下降", "减少", "降低", "低于", "负")  # the longer word first: 负增长 is a fall
RISE_WORDS: Final = ("增长", "上升", "高于", "增加")
PLACES: Final = 10  # decimals that the observations hold: DECIMAL(38, 10)
_EXACT: Final = Context(prec=80)
STEP: Final = Decimal(1).scaleb(-PLACES)
_DIGITS: Final = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"两": 2}
_UNITS: Final = (("亿", 10**8, 10**8), ("万", 10**4, 10**4), ("千", 1000, 10), ("百", 100, 10), ("十", 10, 10))
_PLAIN: Final = re.compile(
    r"(?P<sign>[-+−–﹣]?)(?P<whole>0|[1-9][0-9]*|[1-9][0-9]{0,2}(?:,[0-9]{3})+)(?:\.(?P<part>[0-9]+))?"
)
_ORDINAL: Final = re.compile(r"首[名位]?|第(?P<number>[1-9][0-9]*|[一二三四五六七八九十百]+)[名位]?")
_FRACTION: Final = re.compile(r"(?P<top>[0-9]{1,3})\s*/\s*(?P<bottom>[0-9]{1,3})")
_WIDE: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}


@dataclass(frozen=True)
class Figure:
    """value: exact. decimals: as printed, None where the figure is a word or a fraction.

    by_word: the sign came from a word (下降5): a qualifier beside it speaks of the size of the fall.
    is_cut: ten decimals changed an unrounded number by more than a billionth of it.
    """

    value: Decimal
    decimals: int | None
    is_fraction: bool = False
    by_word: bool = False
    is_cut: bool = False


def fold(text: str) -> str:
    """Full-width letters, digits and signs to their plain forms, outer spaces trimmed.

    Nothing else is folded: a raised or circled digit is a footnote mark and must not become a digit of the figure.
    """
    return text.translate(_WIDE).strip()


def is_numeral(text: str, also: str = "") -> bool:
    """Whether a text is made of nothing but what numbers are written with, in any script, and the characters of also.

    Raised and circled digits are no part of a number.
    """
    signs = {*_DIGITS, *"〇", *(unit for unit, _, _ in _UNITS), *"第首名位半分之", *"+-−–﹣.,%/ ", *also}
    return all(char.isdecimal() or char in signs for char in text.translate(_WIDE))


def parse_chinese_numeral(text: str) -> int:
    """Chinese numeral to int: 两百 -> 200, 一千二百 -> 1200. Raises ValueError on anything else.

    Refused, because they have two readings or none: 三万五 (35 000 or 30 005), 二〇二一 (digits), 三五百 (a range).
    """
    text = text.replace("〇", "零")
    if text in _DIGITS:
        return _DIGITS[text]
    for char, unit, most in _UNITS:
        head, found, tail = text.rpartition(char)
        if not found:
            continue
        count = parse_chinese_numeral(head) if head else 1
        rest = parse_chinese_numeral(tail.removeprefix("零")) if tail else 0
        bare = not head and tail and unit != 10  # 百五, 千二百: spoken short forms
        skips = rest < unit // 10 and not tail.startswith("零")
        if not 0 < count < most or rest >= unit or bare or (tail and (rest == 0 or skips)):
            break
        return count * unit + rest
    raise ValueError(f"{text!r} is no numeral")


def parse_figure(text: str, *, percent_sign: bool = False) -> Figure:
    """One displayed figure: 12,027.60  -51.7  下降39.22  69.50%  2/3  三分之一  一半  两百  第一.

    percent_sign: whether the cell carries its own percent sign. It must then be there, and must not otherwise.
    Raises ValueError when the text is no figure of these forms.
    """
    folded = fold(text)
    if percent_sign != folded.endswith("%"):
        raise ValueError("a percent sign is missing" if percent_sign else "an unexpected percent sign")
    body = folded.removesuffix("%").strip()
    word = next((word for word in (*SIGN_WORDS, *RISE_WORDS) if body.startswith(word)), "")
    falls = word in SIGN_WORDS
    body = body.removeprefix(word).strip()
    if match := _PLAIN.fullmatch(body):
        if falls and match["sign"]:
            raise ValueError("two signs")
        minus = "-" if falls or match["sign"] not in ("", "+") else ""
        part = match["part"] or ""
        value = Decimal(f"{minus}{match['whole'].replace(',', '')}" + (f".{part}" if part else ""))
        return Figure(value if value else value.copy_abs(), len(part), by_word=falls)
    if percent_sign:
        raise ValueError("a percent sign after words")
    if not word and (ordinal := _ORDINAL.fullmatch(body)):
        number = ordinal["number"] or "一"
        if number.isdecimal():
            return Figure(Decimal(number), 0)
        return Figure(Decimal(parse_chinese_numeral(number)), None)
    sign = -1 if falls else 1
    if (ratio := _parse_fraction(body)) is not None:
        return Figure(sign * ratio, None, is_fraction=True, by_word=falls)
    return Figure(sign * Decimal(parse_chinese_numeral(body)), None, by_word=falls)


def _parse_fraction(body: str) -> Decimal | None:
    """2/3, 三分之一, 一半 to eight decimals; None for anything else: 2019/2020 is a date, 百分之十 a percentage."""
    if body == "一半":
        return Decimal("0.5")
    if match := _FRACTION.fullmatch(body):
        top, bottom = int(match["top"]), int(match["bottom"])
    elif "分之" in body and not body.startswith("百分之"):
        bottom, top = (parse_chinese_numeral(part) for part in body.split("分之", 1))
    else:
        return None
    if bottom == 0:
        raise ValueError("a zero denominator")
    return (Decimal(top) / Decimal(bottom)).quantize(Decimal("1e-8"), rounding=ROUND_HALF_UP)


def rounding_interval(value: Decimal, decimals: int) -> tuple[Decimal, Decimal]:
    """[v - half a unit of the last printed decimal, v + the same]."""
    half = Decimal(5).scaleb(-decimals - 1)
    with localcontext(_EXACT):
        return value - half, value + half


_ONE_SIDED = {"unbounded", "next_leading_unit"}


def qualified_interval(
    figure: Figure, decimals: int | None, lower_rule: str, upper_rule: str, *, is_word: bool = False
) -> tuple[Decimal | None, Decimal | None]:
    """The declared interval of a qualified figure; None = unbounded on that side.

    Rules (columns lower_rule and upper_rule of qualifiers.csv): value, unbounded, minus_10_percent, minus_5_percent,
    plus_5_percent, next_leading_unit (one unit of the figure's last non-zero digit more: 60 -> 70, 1300 -> 1400).
    A percentage never gives a narrower interval than rounding alone would. Where the sign is a word (下降超过5) the
    qualifier speaks of the size: a fall of over 5 is at most -5. Beside a minus sign "nearly" and "about" speak of the
    size too; "over -5" in words (is_word; a written sign such as ≥ compares the figure itself) can mean more than -5 or
    a fall of more than 5: it gives no interval. Ends finer than ten decimals are widened to ten.
    """
    if is_word and figure.value < 0 and not figure.by_word and {lower_rule, upper_rule} & _ONE_SIDED:
        return None, None
    if figure.value < 0 and (figure.by_word or is_word):
        size = Figure(figure.value.copy_abs(), figure.decimals)
        low, high = qualified_interval(size, decimals, lower_rule, upper_rule)
        return (None if high is None else high.copy_negate(), None if low is None else low.copy_negate())
    with localcontext(_EXACT):
        lower = _find_end(figure.value, decimals, lower_rule)
        upper = _find_end(figure.value, decimals, upper_rule)
        return (
            None if lower is None else min(lower, lower.quantize(STEP, rounding=ROUND_FLOOR)),
            None if upper is None else max(upper, upper.quantize(STEP, rounding=ROUND_CEILING)),
        )


def _find_end(value: Decimal, decimals: int | None, rule: str) -> Decimal | None:
    low, high = rounding_interval(value, decimals) if decimals is not None else (value, value)
    match rule:
        case "unbounded":
            return None
        case "value":
            return value
        case "minus_10_percent":
            return min(low, value - abs(value) / 10)
        case "minus_5_percent":
            return min(low, value - abs(value) / 20)
        case "plus_5_percent":
            return max(high, value + abs(value) / 20)
        case "next_leading_unit":
            exponent = value.normalize().as_tuple().exponent
            return value + Decimal(1).scaleb(exponent if isinstance(exponent, int) else 0)
    raise ValueError(f"unknown rule {rule!r}")
