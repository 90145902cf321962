"""Periods as codes: 2020, 2020-Q3, 2020-07, 2020-01/2020-07, 2021-12-31, ../2021, 2005/2019."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Final

from transforms.patterns import tidy

_FREQ: Final = (
    (re.compile(r"[12][0-9]{3}"), "A"),
    (re.compile(r"[12][0-9]{3}-Q[1-4]"), "Q"),
    (re.compile(r"[12][0-9]{3}-(0[1-9]|1[0-2])"), "M"),
    (re.compile(r"[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"), "D"),
)
_YEAR: Final = re.compile(r"([12][0-9]{3})\s*年?")


def find_freq(period: str) -> str:
    """A, Q, M or D; of a span its ends' frequency; '' for an empty period. Raises ValueError for no period code."""
    if period == "":
        return ""
    parts = period.split("/")
    if len(parts) == 2:
        start, end = parts
        if start == "..":
            return find_freq(end) or _refuse(period)
        if find_freq(start) == find_freq(end) != "" and start < end:
            return find_freq(end)
        return _refuse(period)
    for pattern, freq in _FREQ:
        if pattern.fullmatch(period) and (freq != "D" or _is_date(period)):
            return freq
    return _refuse(period)


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _refuse(period: str) -> str:
    raise ValueError(f"{period!r} is no period code (2020, 2020-Q3, 2020-07, 2021-12-31, 2020-01/2020-07, ../2021)")


def parse_year(text: str) -> str:
    """2018 or 2018年 -> 2018. Raises ValueError."""
    if match := _YEAR.fullmatch(text):
        return match[1]
    raise ValueError(f"{text!r} is no year")


def find_year_before(period: str) -> str:
    """The same period one year earlier, for every form that has years: 2020-01/2020-07 -> 2019-01/2019-07.

    The year before 2020-02-29 is 2019-02-28: both are the end of the month.
    """
    find_freq(period)
    earlier = re.sub(r"[0-9]{4}(?=$|-|/)", lambda match: f"{int(match[0]) - 1:04d}", period)
    return re.sub(r"[0-9]{4}-02-29", lambda match: match[0] if _is_date(match[0]) else match[0][:-2] + "28", earlier)


_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
         "september sep sept", "october oct", "november nov", "december dec"), 1)
    for name in names.split()
}  # fmt: skip
_CHINESE: Final = {c: i for i, c in enumerate("一二三四五六七八九十", 1)} | {"十一": 11, "十二": 12}
_MONTH: Final = rf"(?:{'|'.join(sorted(_MONTHS, key=len, reverse=True))})\.?"
_Y: Final = r"(?P<year>[12][0-9]{3})"
_FORMS: Final = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"{_Y}\s*年?",
        rf"(?:{_Y}\s*[-.:]?\s*)?(?:Q|Qtr\.?|Quarter)\s*(?P<quarter>[1-4])",
        rf"(?:Q|Qtr\.?|Quarter)\s*(?P<quarter>[1-4])\s*[-.,]?\s*{_Y}",
        rf"(?P<quarter>[1-4])(?:st|nd|rd|th)\s+quarter(?:\s*(?:of\s+)?{_Y})?",
        rf"(?:{_Y}\s*年?\s*)?第?\s*(?P<quarter>[1-4一二三四])\s*季度?",
        rf"{_Y}\s*(?:-|-?M)\s*(?P<month>0?[1-9]|1[0-2])",
        rf"{_Y}\.(?P<month>0[1-9]|1[0-2])",  # 2015.1 may be October that lost its zero
        rf"{_Y}(?P<month>0[1-9]|1[0-2])",
        rf"(?:{_Y}\s*年\s*)?(?P<month>0?[1-9]|1[0-2]|十[一二]?|[一二三四五六七八九])\s*月份?",
        rf"(?:{_Y}\s*年\s*)?(?P<from_month>0?[1-9]|1[0-2]|十[一二]?|[一二三四五六七八九])\s*月?\s*[-–—~至]\s*"
        r"(?P<to_month>0?[1-9]|1[0-2]|十[一二]?|[一二三四五六七八九])\s*月份?",
        rf"(?:{_Y}\s+)?(?P<month>{_MONTH})",
        rf"(?P<month>{_MONTH})\s*[-,]?\s*{_Y}",
        rf"(?:{_Y}\s+)?(?P<from_month>{_MONTH})\s*(?:[-–—]|to)\s*(?P<to_month>{_MONTH})",
        rf"(?P<from_month>{_MONTH})\s*(?:[-–—]|to)\s*(?P<to_month>{_MONTH})\s*,?\s*{_Y}",
        rf"(?:{_Y}\s*年?\s*)?(?P<half>[上下])半年",
        rf"(?:{_Y}\s*)?H(?P<half>[12])",
        rf"H(?P<half>[12])\s*{_Y}",
    )
)


@cache
def split_period(text: str) -> Mapping[str, str]:
    """The parts of a printed period: 2019年1-7月 -> year 2019, from_month 1, to_month 7. Raises ValueError.

    Read are years, quarters, months, spans of months and half-years, in Chinese and English, with the year or without
    it (a column headed Q1 under a heading 2019). A year of two digits and 2018/19 are refused: they would be guessed.
    """
    folded = tidy(text)
    for form in _FORMS:
        if match := form.fullmatch(folded):
            parts = {name: said for name, said in match.groupdict().items() if said}
            if half := parts.pop("half", ""):
                first = half in ("上", "1")
                parts |= {"from_month": "1" if first else "7", "to_month": "6" if first else "12"}
            return parts
    raise ValueError(f"{text!r} is no period (2019, 2019 Q3, 2019年7月, Jan 2019, 2019年1-7月 ...)")


def compose_period(parts: Mapping[str, str]) -> str:
    """The period code of year with quarter, month, or from_month and to_month, each as printed. Raises ValueError."""
    if "year" not in parts:
        raise ValueError(f"a period without its year: {', '.join(parts.values())}")
    year = parse_year(_plain(parts["year"]))
    if "quarter" in parts:
        number = _number(parts["quarter"].upper().removeprefix("Q"))
        if not 1 <= number <= 4:
            raise ValueError(f"{parts['quarter']!r} is no quarter")
        return f"{year}-Q{number}"
    if "to_month" in parts:
        start, end = _number(parts.get("from_month", "1")), _number(parts["to_month"])
        if not 1 <= start < end <= 12:
            raise ValueError(f"{start} to {end} is no span of months")
        return f"{year}-{start:02d}/{year}-{end:02d}"
    if "month" in parts:
        number = _number(parts["month"])
        if not 1 <= number <= 12:
            raise ValueError(f"{parts['month']!r} is no month")
        return f"{year}-{number:02d}"
    return year


def _plain(text: str) -> str:
    return tidy(text)


def _number(text: str) -> int:
    said = _plain(text).casefold().rstrip(".").removesuffix("份").removesuffix("月").strip()
    if said in _MONTHS:
        return _MONTHS[said]
    if said in _CHINESE:
        return _CHINESE[said]
    if re.fullmatch(r"[0-9]{1,2}", said):
        return int(said)
    raise ValueError(f"{text!r} is no number of a month or quarter")


def find_years(text: str) -> list[str]:
    """The years of four digits that a text names."""
    return re.findall(r"(?<!\d)((?:19|20)\d\d)(?!\d)", tidy(text))


@cache
def list_periods(text: str) -> Mapping[str, str]:
    """The periods with a year that stand in a text, as printed (Jan-Jun 2024), each with its code."""
    shown = tidy(text)
    runs = re.findall(r"(?<!\d)[12]\d{3}年(?:第?[一二三四1-4]季度|[上下]半年|\d{1,2}(?:月?[-–—~至]\d{1,2})?月)?", shown)
    words = shown.split()
    for size in range(min(5, len(words)), 0, -1):
        runs += [" ".join(words[i : i + size]).strip(" ,;.:()") for i in range(len(words) - size + 1)]
    found = {}
    for one in runs:
        try:
            found[one] = compose_period(split_period(one))
        except ValueError:
            continue
    return found


def find_period(text: str) -> str:
    """The code of the one period that a text names (2024年1-6月, Jan-Jun 2024, 2023), '' for none or several."""
    found = list(list_periods(text).values())
    whole = [code for code in found if len(code) > 4] or found
    return whole[0] if len(set(whole)) == 1 and len(set(find_years(text))) == 1 else ""
