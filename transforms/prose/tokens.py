"""A sentence as tokens: figures, periods, words that are known, clause marks, and what is not known."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from transforms.numbers import fold
from transforms.periods import compose_period, split_period
from transforms.prose.figures import Amount, find_amount, make_fraction, make_multiple
from transforms.prose.lexicon import find_word

_YEAR: Final = r"(?:19|20)[0-9]{2}"
_SPAN: Final = re.compile(rf"(?<![0-9.,])({_YEAR})\s*年?\s*(?:[-–—~]+|至|到)\s*({_YEAR})(?:\s*年)?(?!\s*[0-9])")
_ENGLISH_SPAN: Final = re.compile(rf"\b(?:from|between)\s+({_YEAR})\s+(?:to|and|until)\s+({_YEAR})\b(?!\s*(?:%|per\b))",
                                  re.IGNORECASE)  # fmt: skip
_MONTH: Final = (r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
                 r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?")  # fmt: skip
_PERIODS: Final = (
    re.compile(rf"(?<![0-9.,]){_YEAR}\s*年\s*(?:第?[一二三四1-4]季度|[上下]半年"
               r"|[0-9]{1,2}\s*月?\s*[-–—~至]\s*[0-9]{1,2}\s*月份?|[0-9]{1,2}\s*月份?(?!\s*[0-9]+\s*日))"),
    re.compile(rf"\b(?:Q[1-4]\s*(?:of\s+)?{_YEAR}|{_YEAR}[\s-]?Q[1-4])\b"),
    re.compile(rf"\b(?P<ordinal>first|second|third|fourth|1st|2nd|3rd|4th)\s+quarter\s+(?:of\s+)?(?P<year>{_YEAR})\b",
               re.IGNORECASE),
    re.compile(rf"\b(?P<half>first|second)\s+half\s+of\s+(?P<year>{_YEAR})\b", re.IGNORECASE),
    re.compile(rf"\b{_MONTH}(?:\s*(?:[-–—]|to)\s*{_MONTH})?\s+{_YEAR}\b", re.IGNORECASE),
    re.compile(rf"(?<![0-9.,]){_YEAR}\s*年(?![度份]?[内末底初以前后起来间])(?:全年|[度份])?"),
    re.compile(rf"(?<![A-Za-z0-9.,$€£¥])(?<!US\$ ){_YEAR}(?![0-9]|[.,][0-9]|[-–/][0-9]{{1,2}}(?![0-9])|[A-Za-z]"
               r"|\s*(?:%|％|per\s?cent|million|billion|trillion|yuan|亿|万|家|个|倍|人|项))", re.IGNORECASE),
)  # fmt: skip
_ORDER: Final = {"first": 1, "second": 2, "third": 3, "fourth": 4, "1st": 1, "2nd": 2, "3rd": 3, "4th": 4}
_BREAKS: Final = "，,；;：:"
_SILENT: Final = " \t\u00a0\u3000“”‘’\"'（）()《》〈〉「」。.！？!?…*①②③④⑤⑥⑦⑧⑨"


@dataclass(frozen=True)
class Token:
    """role: FIGURE, PERIOD, SPAN, BREAK, UNKNOWN or a role of the lexicon; codes: what it may stand for."""

    role: str
    start: int
    end: int
    text: str
    codes: tuple[str, ...] = ()
    amount: Amount | None = None

    @property
    def code(self) -> str:
        return self.codes[0] if self.codes else ""


def read_tokens(written: str) -> list[Token]:
    """All of a sentence as tokens, in order; nothing but blanks, quotation marks and brackets is left out."""
    text = written.translate(_FOLDED)
    found: list[Token] = []
    place = 0
    while place < len(text):
        if text[place] in _SILENT and not text.startswith("'s", place):
            place += 1
            continue
        token = _read_at(text, place)
        if token.role == "UNKNOWN" and found and found[-1].role == "UNKNOWN" and found[-1].end == place:
            last = found.pop()
            token = Token("UNKNOWN", last.start, token.end, last.text + token.text)
        if token.role == "FIGURE" and found and found[-1].role == "THAN" and found[-1].code == "over":
            found[-1] = replace(found[-1], role="QUALIFIER", codes=("over",))
        found.append(token)
        place = token.end
    return [_settle_total(token, *found[n + 1 : n + 2]) for n, token in enumerate(found)]


def _settle_total(token: Token, following: Token | None = None) -> Token:
    """Total services exports are services exports; total exports after services may be those of goods too."""
    if token.role != "TOTAL":
        return token
    return replace(token, role="FILL" if following is not None and following.role == "ITEM" else "UNKNOWN")


_FOLDED: Final = {code: fold(chr(code)) for code in range(0xFF01, 0xFF5F) if chr(code) not in "，；：！？（）"} | {
    0xA0: " ", 0x202F: " ", 0x2009: " ", 0x2007: " "}  # fmt: skip


def _read_at(text: str, place: int) -> Token:
    char = text[place]
    if (char.isdigit() or char.isalpha()) and (token := _read_period(text, place)):
        return token
    if token := _read_figure(text, place):
        return token
    if char in _BREAKS:
        return Token("BREAK", place, place + 1, char)
    if known := find_word(text, place):
        word, end = known
        if word.role == "FRACTION":
            top, bottom = map(int, word.codes[0].split("/"))
            amount = make_fraction(place, end, text[place:end], Decimal(top) / Decimal(bottom))
            return Token("FIGURE", place, end, text[place:end], (), amount)
        if word.role == "MULTIPLE":
            amount = make_multiple(place, end, text[place:end], int(word.codes[0]))
            return Token("FIGURE", place, end, text[place:end], (), amount)
        return Token(word.role, place, end, text[place:end], word.codes)
    end = place + 1
    if char.isascii() and char.isalpha():
        end = place + len(re.match(r"[A-Za-z'-]+", text[place:])[0])  # type: ignore[index]
    return Token("UNKNOWN", place, end, text[place:end])


def _read_period(text: str, place: int) -> Token | None:
    for pattern in (_SPAN, _ENGLISH_SPAN):
        if (match := pattern.match(text, place)) and match[1] < match[2]:
            return Token("SPAN", place, match.end(), match[0], (match[1], match[2]))
    for pattern in _PERIODS:
        if (match := pattern.match(text, place)) and (code := _code_of(match)):
            return Token("PERIOD", place, match.end(), match[0], (code,))
    return None


def _code_of(match: re.Match[str]) -> str:
    said = match.groupdict()
    try:
        if ordinal := said.get("ordinal"):
            return compose_period({"year": said["year"], "quarter": str(_ORDER[ordinal.lower()])})
        if half := said.get("half"):
            first = half.lower() == "first"
            months = {"from_month": "1" if first else "7", "to_month": "6" if first else "12"}
            return compose_period({"year": said["year"], **months})
        plain = re.sub(r"(?<=年)(?:[度份]|全年)$|\s+of(?=\s)", "", match[0])
        return compose_period(split_period(plain))
    except ValueError:
        return ""


def _read_figure(text: str, place: int) -> Token | None:
    """A figure, unless the number is part of a name (5G, B2B, A4), a date or an ordinal."""
    before = text[place - 1] if place else ""
    if before and before.isascii() and (before.isalnum() or before in "._/"):
        return None
    amount = find_amount(text, place)
    if amount is None:
        return None
    if before == "第" or (amount.kind == "count" and not amount.printed[:1].isascii()):  # 一个, 两家: words
        return Token("UNKNOWN", place, amount.end, text[place : amount.end])
    if amount.kind == "plain":
        rest = text[amount.end : amount.end + 2]
        if before in ("[", "〔") or rest[:1] in tuple("月日号届批条款章节-/]〕") or re.match(r"[A-Za-z]", rest):
            return Token("UNKNOWN", place, amount.end, text[place : amount.end])
    return Token("FIGURE", place, amount.end, text[place : amount.end], (), amount)
