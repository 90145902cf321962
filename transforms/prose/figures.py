"""Figures as sentences write them: a number with its unit, in Chinese or English, and the interval that it stands for.

Numbers in words are wide, never points: 四成 is a number of tenths without decimals (35 to 45 per cent), 两百亿 has one
digit that counts (150 to 250), fractions and doubling are read as about, as the code list of qualifiers has it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from typing import Final

from transforms.codelists import codelist_rows, load_codelist, qualifier_words
from transforms.numbers import Figure as Number
from transforms.numbers import parse_chinese_numeral, qualified_interval, rounding_interval
from transforms.prose.lexicon import list_words

MONEY: Final = "money"
_NUMBER: Final = r"(?P<number>[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?)"
_SIGN: Final = r"(?P<sign>[-−–﹣+]?)"


@dataclass(frozen=True)
class Amount:
    """A figure of a sentence. unit: a code of units.csv, '' where none stands with it, '?' for dollars of no country.

    kind: money, share (a per cent, tenths or a fraction), points, times, count, plain. problem: why it cannot be read
    (a code PROSE.WHY.*), else ''.
    """

    start: int
    end: int
    printed: str
    kind: str
    unit: str
    unit_mult: int
    value: Decimal
    decimals: int | None
    qualifier: str = ""
    qualifier_word: str = ""
    problem: str = ""
    by_word: bool = False
    half: Decimal | None = None

    def interval(self) -> tuple[Decimal | None, Decimal | None]:
        """The interval that the figure stands for, in its unit."""
        if self.qualifier:
            rules = _find_rules(self.qualifier, self.qualifier_word)
            return qualified_interval(
                Number(self.value, self.decimals, by_word=self.by_word),
                self.decimals, rules["lower_rule"], rules["upper_rule"], is_word=True,
            )  # fmt: skip
        if self.half is not None:
            return self.value - self.half, self.value + self.half
        return rounding_interval(self.value, self.decimals or 0)

    def negate(self) -> Amount:
        """The same as a fall; a figure that has a sign of its own already is refused."""
        if self.value < 0:
            return replace(self, problem="two_signs")
        return replace(self, value=self.value.copy_negate() if self.value else self.value, by_word=True)


def _find_rules(qualifier: str, word: str) -> dict[str, str]:
    """The row of qualifiers.csv for a word as written, or, for an English one, for what it means."""
    rows = qualifier_words()
    return rows.get(word) or next(row for row in rows.values() if row["qualifier"] == qualifier)


def find_amount(text: str, start: int) -> Amount | None:
    """The figure that begins at a place of the text, or None. Years and numbers without a unit are plain."""
    for pattern, make in ((western_pattern(), _make_western), (chinese_pattern(), _make_chinese)):
        if match := pattern.match(text, start):
            return make(match)
    return None


def _join(texts: list[str]) -> str:
    return "|".join(re.escape(text).replace(r"\ ", r"[\s-]+") for text in sorted(texts, key=len, reverse=True))


@cache
def chinese_units() -> dict[str, tuple[str, int]]:
    """Units that stand after a number in Chinese: 亿美元, %, 个百分点, 倍, 成, 家 ..."""
    return {
        row["label"]: (row["unit"], int(row["unit_mult"]))
        for row in codelist_rows("unit_labels")
        if re.fullmatch(r"[^A-Za-z（]*[\u4e00-\u9fff]+[^A-Za-z（]*|[%％]", row["label"]) and row["unit"] != "YEAR"
    } | {"亿": ("", 8), "万": ("", 4), "万亿": ("", 12)}  # fmt: skip


@cache
def western_pattern() -> re.Pattern[str]:
    currencies = _join([word for word, _ in list_words("CURRENCY")])
    powers = _join([word for word, _ in list_words("POWER")])
    parts = _join([word for word, _ in list_words("PART")])
    return re.compile(
        rf"{_SIGN}(?:(?P<before>{currencies})\s*)?{_SIGN.replace('sign', 'inner')}{_NUMBER}"
        rf"(?P<beyond>\s*[多余](?=\s*[个万亿家]))?(?:\s*(?:(?P<chinese>{_join(list(chinese_units()))})"
        rf"|(?P<part>{parts})(?![A-Za-z])|(?:-?(?P<power>{powers})(?![A-Za-z]))?(?:\s*(?P<after>{currencies})(?![A-Za-z]))?))?",
        re.IGNORECASE,
    )


@cache
def chinese_pattern() -> re.Pattern[str]:
    numerals = "(?<![零〇一二三四五六七八九十百千两])[零〇一二三四五六七八九十百千两]{1,12}"
    return re.compile(
        rf"百分之(?P<percent>{numerals})|(?P<bottom>{numerals})分之(?P<top>{numerals})"
        rf"|(?P<numeral>{numerals})(?P<beyond>[多余])?(?P<unit>{_join(list(chinese_units()))})"
    )


def _make_western(match: re.Match[str]) -> Amount | None:
    digits = match["number"].replace(",", "")
    decimals = len(digits.partition(".")[2])
    signs = [sign for sign in (match["sign"], match["inner"]) if sign]
    value = Decimal(digits)
    kind, unit, mult, problem = _find_unit(match)
    if any(sign != "+" for sign in signs):
        value = value.copy_negate()
    problem = "two_signs" if len(signs) > 1 else problem
    beyond = (match["beyond"] or "").strip()
    end = match.start() + len(match[0].rstrip())
    return Amount(match.start(), end, match[0].strip(), kind, unit, mult, value, decimals,
                  "over" if beyond else "", beyond, problem)  # fmt: skip


def _find_unit(match: re.Match[str]) -> tuple[str, str, int, str]:
    """(kind, unit, power of ten, problem) of a number in digits."""
    if label := match["chinese"]:
        unit, mult = chinese_units()[label]
        if match["before"]:
            known = _code(match["before"], "CURRENCY")
            return MONEY, known, mult, "unit" if unit not in ("", known) or known == "?" else ""
        return (*_kind_of(unit), mult, "") if unit else (MONEY, "", mult, "unit")
    if part := match["part"]:
        unit, mult = chinese_units()[_code(part, "PART")]
        return (*_kind_of(unit), mult, "")
    power = int(_code(match["power"], "POWER")) if match["power"] else 0
    said = {_code(text, "CURRENCY") for text in (match["before"], match["after"]) if text}
    if not said:
        return ("plain", "", power, "") if not power else (MONEY, "", power, "unit")
    exact = said - {"?"} or said
    unit = exact.pop()
    return MONEY, unit, power, "unit" if unit == "?" or exact else ""


def _code(text: str, role: str) -> str:
    """The code of a currency, power or unit as it is written."""
    plain = re.sub(r"[\s-]+", " ", text).casefold()
    return next(code for word, code in list_words(role) if word.casefold() == plain)


def _kind_of(unit: str) -> tuple[str, str]:
    kinds = {"PERCENT": "share", "RATIO": "share", "PP": "points", "TIMES": "times"}
    if unit in kinds:
        return kinds[unit], unit
    return (MONEY if len(unit) == 3 and unit in load_codelist("units").codes and unit.isalpha() and unit != "TBPS"
            and unit not in ("KM2",) else "count"), unit  # fmt: skip


def _make_chinese(match: re.Match[str]) -> Amount | None:
    try:
        if match["percent"]:
            number = parse_chinese_numeral(match["percent"])
            return Amount(match.start(), match.end(), match[0], "share", "PERCENT", 0, Decimal(number), 0)
        if match["top"]:
            ratio = Decimal(parse_chinese_numeral(match["top"])) / Decimal(parse_chinese_numeral(match["bottom"]))
            return make_fraction(match.start(), match.end(), match[0], ratio)
        number = parse_chinese_numeral(match["numeral"])
    except (ValueError, ArithmeticError):
        return Amount(match.start(), match.end(), match[0], "plain", "", 0, Decimal(0), 0, problem="number")
    unit, mult = chinese_units()[match["unit"]]
    kind, unit = _kind_of(unit) if unit else (MONEY, "")
    beyond = match["beyond"] or ""
    digits = str(number)
    half = Decimal(10) ** (len(digits) - len(digits.rstrip("0") or "0")) / 2
    return Amount(match.start(), match.end(), match[0], kind, unit, mult, Decimal(number), None if beyond else 0,
                  "over" if beyond else "", beyond, "" if unit else "unit", half=None if beyond else half)  # fmt: skip


def make_fraction(start: int, end: int, printed: str, ratio: Decimal) -> Amount:
    """A fraction in words, about as much as it says."""
    value = ratio.quantize(Decimal("1e-8"))
    return Amount(start, end, printed, "share", "RATIO", 0, value, None, "about")


def make_multiple(start: int, end: int, printed: str, times: int) -> Amount:
    """Doubled, 翻一番: about that multiple of the base."""
    return Amount(start, end, printed, "multiple", "TIMES", 0, Decimal(times), None, "about")
