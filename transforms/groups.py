"""Who belonged to a group of places, and when: group_members.csv, for groups that publishers print.

Nothing is summed over members: a group is a place with figures of its own. A row with empty dates holds for any day (a
fixed composition, such as the 27 members that a publisher carries over all years). A member may itself be a group
(the European Union in the G20); its members are not members of the larger group.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date

from transforms.codelists import codelist_rows, load_codelist
from transforms.errors import InputError

FILE = "transforms/codelists/group_members.csv"


def load_group_members() -> tuple[dict[str, str], ...]:
    """The rows of the list, a user's own with them. Raises InputError naming the row that does not hold."""
    periods: dict[tuple[str, str], list[str]] = {}
    rows = codelist_rows("group_members")
    for number, row in enumerate(rows, 2):
        known = periods.setdefault((row["group_code"], row["member"]), [])
        if fault := find_fault(row, known):
            column, problem, todo = fault
            raise InputError(problem, file=FILE, row=number, column=column, found=row[column], todo=todo)
        known.append(f"{row['valid_from']}/{row['valid_to']}")
    return tuple(rows)


def list_members(group: str, day: str) -> tuple[str, ...]:
    """Codes of the members of a group on a day (YYYY-MM-DD), in the order of the codes.

    Raises InputError where the list has no such group, or the day is no date: an empty answer is a group that had no
    members on that day.
    """
    if not _is_date(day):
        raise InputError("the day is no date", file=FILE, found=day, todo="write it as 2020-01-31.")
    rows = [row for row in load_group_members() if row["group_code"] == group]
    if not rows:
        groups = sorted({row["group_code"] for row in codelist_rows("group_members")})
        raise InputError(f"no members are listed for {group}", file=FILE, found=group,
                         todo=f"groups with members: {', '.join(groups)}.")  # fmt: skip
    return tuple(sorted(row["member"] for row in rows if _holds(row, day)))


def find_fault(row: Mapping[str, str], known: Sequence[str]) -> tuple[str, str, str] | None:
    """(column, problem, remedy) of a row of the list; None where it holds. known: from/to of the same membership."""
    places = {place["code"]: place for place in load_codelist("geographies").rows}
    for column in ("group_code", "member"):
        if row[column] not in places:
            return column, "the place is not in the code list geographies", "use its code there, or add it there first."
    if places[row["group_code"]]["type"] not in ("group", ""):
        return "group_code", "the place is no group", "name a place whose type is group."
    for column in ("valid_from", "valid_to"):
        if row[column] and not _is_date(row[column]):
            return column, "the date is none", "write it as 2020-01-31, or leave the cell empty."
    if row["valid_to"] and row["valid_to"] < row["valid_from"]:
        return "valid_to", "the membership ends before it begins", "valid_to is the last day of it."
    for period in known:
        start, _, end = period.partition("/")
        if (not end or row["valid_from"] <= end) and (not row["valid_to"] or start <= row["valid_to"]):
            problem = f"the membership overlaps the one from {start or 'the first'} to {end or 'today'}"
            return "valid_from", problem, "give one row for each time of membership; valid_to is its last day."
    return None


def _holds(row: Mapping[str, str], day: str) -> bool:
    return row["valid_from"] <= day and (not row["valid_to"] or row["valid_to"] >= day)


def _is_date(text: str) -> bool:
    try:
        return bool(re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) and date.fromisoformat(text))
    except ValueError:
        return False
