"""When the next edition of a dataset is to be expected: calendar.toml, and data/own/calendar.toml before it."""

from __future__ import annotations

import calendar
import re
import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

from transforms.errors import InputError

OWN = "own/calendar.toml"
_EVERY = re.compile(r"P([1-9][0-9]*)([YMWD])")
_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:\.[0-9]+)?")


@dataclass(frozen=True)
class Rhythm:
    """every: an ISO 8601 duration such as P1Y or P3M; within_days: how much later is still in time."""

    every: str
    within_days: int

    def find_next(self, published: date) -> date:
        """The day on which the edition after this one is to be expected."""
        found = _EVERY.fullmatch(self.every)
        assert found is not None
        count, unit = int(found[1]), found[2]
        if unit in "WD":
            return published + timedelta(days=count * (7 if unit == "W" else 1))
        months = published.year * 12 + published.month - 1 + count * (12 if unit == "Y" else 1)
        year, month = divmod(months, 12)
        return date(year, month + 1, min(published.day, calendar.monthrange(year, month + 1)[1]))


def load_calendar(data_dir: Path) -> dict[str, Rhythm]:
    """Dataset -> rhythm. Raises InputError for a fault in the user's own file, which names the key."""
    bundled = files("flows.operation").joinpath("calendar.toml").read_text(encoding="utf-8")
    found = _parse(bundled, "flows/operation/calendar.toml")
    own = data_dir / OWN
    if own.is_file():
        try:
            found |= _parse(own.read_text(encoding="utf-8-sig"), OWN)
        except (UnicodeDecodeError, OSError) as error:
            raise InputError(f"the file cannot be read: {error}", file=OWN, todo="save it as UTF-8.") from None
    return found


def _parse(text: str, shown: str) -> dict[str, Rhythm]:
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"the calendar is not TOML: {error}", file=shown, todo="mend the line named.") from None
    return {dataset: _check(dataset, told, shown) for dataset, told in raw.items()}


def _check(dataset: str, told: Any, shown: str) -> Rhythm:
    if not isinstance(told, dict) or (unknown := sorted(set(told) - {"every", "within_days"})):
        key = f"{dataset}.{unknown[0]}" if isinstance(told, dict) else dataset
        raise InputError(f"unknown key {key}", file=shown, todo="write [dataset], then every and within_days.")
    every, days = told.get("every"), told.get("within_days", 30)
    if not isinstance(every, str) or not _EVERY.fullmatch(every):
        raise InputError(
            f"{dataset}.every is no duration", file=shown, found=str(every), todo='write it like "P1Y", "P3M", "P1W".'
        )
    if not isinstance(days, int) or isinstance(days, bool) or days < 0:
        raise InputError(
            f"{dataset}.within_days is no number of days", file=shown, found=str(days), todo="give a whole number."
        )
    return Rhythm(every, days)


def find_published(card: dict[str, Any], vintage: str) -> date | None:
    """The day an edition was published: the card's, else the vintage where it is a day; None where neither says.

    A year or a month is no day, and none is made up for it.
    """
    for text in (str(card.get("publisher_says", {}).get("published", "")), vintage):
        if found := _DAY.fullmatch(text):
            try:
                return date(int(found[1]), int(found[2]), int(found[3]))
            except ValueError:
                continue
    return None


def judge_age(published: date | None, rhythm: Rhythm | None, today: date) -> tuple[str, date | None]:
    """(state, day expected): unscheduled, undated, current, due (expected, still in time) or overdue."""
    if rhythm is None:
        return "unscheduled", None
    if published is None:
        return "undated", None
    expected = rhythm.find_next(published)
    if today < expected:
        return "current", expected
    return ("due" if today <= expected + timedelta(days=rhythm.within_days) else "overdue"), expected
