"""Titles that differ from table to table: which part of them names a place, a flow, an item or a period."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from transforms.drafting.meanings import is_foreign_side, is_known, is_period, share_known
from transforms.drafting.toml_text import count_shared, escape, loosen, name_texts
from transforms.patterns import tidy
from transforms.periods import find_period, list_periods

_WORDS = re.compile(r"[\u4e00-\u9fff]|[^\W\d_]+|\d+|\s+|[^\w\s]|_")
_PARTED = (r"\s*[—–|;:：]\s*", r"\s+-\s+", r",\s+", r"\s+(?:to|from|with|by|in|of)\s+")
_MOST_BACK = 6  # words that titles share may belong to what differs: United Kingdom, United States
_ENOUGH = {"place": 0.5, "item": 0.6}


@dataclass(frozen=True)
class TitleParts:
    """The pattern of the titles, what they all begin with, and by group (place, flow, item, period) what each holds."""

    pattern: str
    head: str
    groups: Mapping[str, list[str]]


def name_parts(titles: Sequence[str]) -> TitleParts | None:
    """What differs between the titles as named groups; None where our lists do not know all the parts."""
    shown = [tidy(title) for title in titles]
    if dated := _name_period(shown):
        return dated
    words = [_WORDS.findall(title) for title in shown]
    shortest = min(map(len, words))
    head = min(count_shared(words), shortest - 1)
    tail = min(count_shared([one[::-1] for one in words]), shortest - 1 - head)
    for back in range(min(head, _MOST_BACK) + 1):
        begin = head - back
        if back and words[0][begin].isspace():
            continue
        parts = ["".join(one[begin : len(one) - tail]) for one in words]
        first, last = "".join(words[0][:begin]), "".join(words[0][len(words[0]) - tail :])
        if named := _name(parts):
            inside, groups = named
            return TitleParts(f"/{loosen(first)}{inside}{loosen(last)}/", first, groups)
    return None


_MONTHS = re.compile(r"\d{4}年\d{1,2}月?[-–—~至]\d{1,2}月")
_NAMED_MONTHS = r"(?P<year>\d{4})年(?P<from_month>\d{1,2})月?[-–—~至](?P<to_month>\d{1,2})月"


def _name_period(titles: Sequence[str]) -> TitleParts | None:
    """Titles that differ by the period they name and by nothing else."""
    parts = []
    for title in titles:
        code = find_period(title)
        printed = max((said for said, one in list_periods(title).items() if one == code), key=len, default="")
        before, found, after = title.partition(printed) if printed else (title, "", "")
        parts.append((before, found, after))
    if len({(before, after) for before, _, after in parts}) > 1 or not all(found for _, found, _ in parts):
        return None
    first, _, last = parts[0]
    printed_all = [found for _, found, _ in parts]
    inside = _NAMED_MONTHS if all(map(_MONTHS.fullmatch, printed_all)) else "(?P<period>.+?)"
    return TitleParts(f"/{escape(first)}{inside}{escape(last)}/", first, {"period": printed_all})


def _name(parts: Sequence[str]) -> tuple[str, dict[str, list[str]]] | None:
    """The pattern and the groups of what differs: as a whole, or parted by one sign or word in two."""
    if whole := _classify(parts):
        return _group(whole, parts), {whole: list(parts)}
    for sign in _PARTED:
        for cut in (_cut_last, _cut_first):
            pairs = [cut(sign, part) for part in parts]
            if not all(pairs):
                continue
            left, between, right = (list(one) for one in zip(*(pair for pair in pairs if pair), strict=True))
            names = _classify(left), _classify(right)
            if all(names) and names[0] != names[1]:
                middle = "|".join(escape(text) for text in dict.fromkeys(between))
                middle = f"({middle})" if "|" in middle else middle
                return (f"{_group(names[0], left)}{middle}{_group(names[1], right)}",
                        {names[0]: left, names[1]: right})  # fmt: skip
    return None


def _cut_last(sign: str, text: str) -> tuple[str, str, str] | None:
    match = re.fullmatch(rf"(.+)({sign})(.+?)", text)
    return (match[1], match[2], match[3]) if match else None


def _cut_first(sign: str, text: str) -> tuple[str, str, str] | None:
    match = re.fullmatch(rf"(.+?)({sign})(.+)", text)
    return (match[1], match[2], match[3]) if match else None


def _bare(text: str) -> str:
    """A label without the number of a footnote at its end."""
    return re.sub(r"(?<=[^\W\d])\s?\d{1,2}$", "", text)


def _classify(texts: Sequence[str]) -> str:
    """flow, period, place or item, where our lists know the texts; '' where they do not."""
    distinct = list(dict.fromkeys(texts))
    if not all(distinct):
        return ""
    if all(is_known("flow", text) or is_foreign_side(text) for text in distinct):
        return "flow"
    if all(is_period(text) and find_period(text) for text in distinct):
        return "period"
    bare = [_bare(text) for text in distinct]
    if share_known("geo", bare) > _ENOUGH["place"] and not any(re.search(r"\d", text) for text in bare):
        return "place"
    return "item" if share_known("item", bare) > _ENOUGH["item"] else ""


def _group(name: str, texts: Sequence[str]) -> str:
    marked = any(_bare(text) != text for text in texts) and name in ("place", "item")
    if name == "flow":
        return f"(?P<flow>{name_texts(texts)})"
    return f"(?P<{name}>.+?)( ?\\d+)?" if marked else f"(?P<{name}>.+?)"


def list_unknown(texts: Sequence[str]) -> list[str]:
    """The places that our list does not know."""
    return [text for text in dict.fromkeys(texts) if not is_known("geo", _bare(text))]
