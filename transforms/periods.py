"""Periods as codes: 2020, 2020-Q3, 2020-07, 2020-01/2020-07, 2021-12-31, ../2021, 2005/2019."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

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
