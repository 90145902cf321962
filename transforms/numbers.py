"""Printed figures: from the displayed string to an exact value, its printed decimals and the interval it stands for.

A printed string v with d decimals stands for every x in [v - 10^-d / 2, v + 10^-d / 2] (rounding half up; the ends
are kept closed so that a check never calls two figures contradictory that touch). A qualifier (over, about ...) has a
declared interval of its own: the list qualifiers.csv.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

SIGN_WORDS: Final = ("下降", "减少", "降低", "低于", "负")
RISE_WORDS: Final = ("增长", "上升", "高于", "增加")
_DIGITS: Final = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_TENS: Final = {"十": 10, "百": 100, "千": 1000}
_MYRIADS: Final = {"万": 10**4, "亿": 10**8}
_PLAIN: Final = re.compile(r"(?P<sign>[-+−－﹣]?)(?P<whole>\d+|\d{1,3}(?:,\d{3})+)(?:\.(?P<part>\d+))?")
_ORDINAL: Final = re.compile(r"第?(?P<number>首|(?<=第)\d+|(?<=第)[一二三四五六七八九十百]+)[名位]?")
_CHINESE: Final = re.compile(r"[零〇一二两三四五六七八九十百千万亿]+")


@dataclass(frozen=True)
class Figure:
    """value: exact. decimals: as printed, None where the figure is a word or a fraction."""

    value: Decimal
    decimals: int | None
    is_fraction: bool = False


def fold(text: str) -> str:
    """Full-width digits, signs and letters to their plain forms; no-break and other spaces trimmed."""
    return unicodedata.normalize("NFKC", text).strip()


def parse_chinese_numeral(text: str) -> int:
    """Chinese numeral to int: 两百 -> 200, 一千二百 -> 1200. Raises ValueError on anything else."""
    if not _CHINESE.fullmatch(text):
        raise ValueError(text)
    total = section = digit = 0
    for char in text:
        if char in _DIGITS:
            digit = _DIGITS[char]
        elif char in _TENS:
            section += (digit or 1) * _TENS[char]
            digit = 0
        else:
            total = (total + section + digit or 1) * _MYRIADS[char]
            section = digit = 0
    return total + section + digit


def parse_figure(text: str, *, percent_sign: bool = False) -> Figure:
    """One displayed figure: 12,027.60  -51.7  下降39.22  69.50%  2/3  三分之一  一半  两百  第一.

    percent_sign: whether the cell carries its own percent sign. It must then be there, and must not otherwise.
    Raises ValueError when the text is no figure of these forms.
    """
    folded = fold(text)
    if percent_sign != folded.endswith("%"):
        raise ValueError("a percent sign is missing" if percent_sign else "an unexpected percent sign")
    body, sign = folded.removesuffix("%").strip(), 1
    for words, factor in ((SIGN_WORDS, -1), (RISE_WORDS, 1)):
        for word in words:
            if body.startswith(word):
                body, sign = body.removeprefix(word).strip(), factor
    if ordinal := _ORDINAL.fullmatch(body):
        body = "一" if ordinal["number"] == "首" else ordinal["number"]
    if match := _PLAIN.fullmatch(body):
        part = match["part"] or ""
        value = Decimal(f"{match['whole'].replace(',', '')}.{part or 0}")
        if match["sign"] in ("-", "−", "－", "﹣"):
            if sign < 0:
                raise ValueError("two signs")
            sign = -1
        return Figure(sign * value.quantize(Decimal(1).scaleb(-len(part))), len(part))
    if body == "一半":
        return Figure(sign * Decimal("0.5"), None, is_fraction=True)
    if "/" in body or "分之" in body:
        top, bottom = _fraction(body)
        ratio = (Decimal(top) / Decimal(bottom)).quantize(Decimal("1e-8"))
        return Figure(sign * ratio, None, is_fraction=True)
    return Figure(sign * Decimal(parse_chinese_numeral(body)), None)


def _fraction(body: str) -> tuple[int, int]:
    if "/" in body:
        top, bottom = (int(part) for part in body.split("/", 1))
    else:
        bottom, top = (parse_chinese_numeral(part) for part in body.split("分之", 1))
    if bottom == 0:
        raise ValueError("a zero denominator")
    return top, bottom


def rounding_interval(value: Decimal, decimals: int) -> tuple[Decimal, Decimal]:
    """[v - half a unit of the last printed decimal, v + the same]."""
    half = Decimal(5).scaleb(-decimals - 1)
    return value - half, value + half


def qualified_interval(
    value: Decimal, decimals: int | None, lower_rule: str, upper_rule: str
) -> tuple[Decimal | None, Decimal | None]:
    """The declared interval of a qualified figure; None = unbounded on that side.

    Rules (columns lower_rule and upper_rule of qualifiers.csv): value, unbounded, minus_10_percent, minus_5_percent,
    plus_5_percent, next_leading_unit (one unit of the figure's last non-zero digit more: 60 -> 70, 1300 -> 1400).
    A percentage never gives a narrower interval than rounding alone would.
    """
    low, high = rounding_interval(value, decimals) if decimals is not None else (value, value)

    def end(rule: str) -> Decimal | None:
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

    return end(lower_rule), end(upper_rule)
