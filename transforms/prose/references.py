"""What a share is of: which words of a segment say it, and the code of references.csv that they mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from transforms.audit.model import Geography
from transforms.codelists import load_codelist
from transforms.prose.figures import Amount
from transforms.prose.segments import Segment
from transforms.prose.tokens import Token

_NAMING: Final = {"AREA", "SAME_AREA", "ITEM", "FLOW", "TRADE"}
_LINKING: Final = {"FILL", "OF", "IS", "AND"}


def find_reference(segment: Segment, amount: Amount) -> tuple[list[Token], list[Token]]:
    """(the words that say what a share is of, all other words of the segment).

    占 and the words up to 比重 or the figure; 在 ... 中的占比; accounted for 8 % of ...; a share of ... in ...
    """
    words = list(segment.words)
    if amount.kind not in ("share", "points"):
        return [], words
    marks = [n for n, token in enumerate(words) if token.role == "SHARE" and not token.text.isascii()]
    if marks:
        return _take(words, marks[-1] + 1, len(segment.before))
    portion = next((n for n, token in enumerate(words) if token.role == "PORTION"), None)
    if portion is not None and not words[portion].text.isascii():
        inside = [n for n in range(portion) if words[n].code == "within" and words[n + 1].role in _NAMING]
        return _take(words, inside[-1] + 1, portion) if inside else ([], words)
    after = list(segment.after)
    begin = len(segment.before)
    if after and after[0].role == "OF" and _next_names(after, 1):
        return _take(words, begin + 1, len(words))
    if portion is not None:
        links = [n for n in range(portion + 1, begin) if words[n].role == "OF" and _next_names(words, n + 1)]
        if not links:
            return [], words
        within = [n for n in links if words[n].code == "in"]
        return _take(words, (within or links)[-1 if within else 0] + 1, begin)
    return [], words


def _next_names(words: Sequence[Token], n: int) -> bool:
    while n < len(words) and words[n].role == "FILL":
        n += 1
    return n < len(words) and words[n].role in _NAMING


def _take(words: list[Token], begin: int, end: int) -> tuple[list[Token], list[Token]]:
    stop = begin
    while stop < end and words[stop].role in _NAMING | _LINKING:
        if words[stop].role == "OF" and not _next_names(words, stop + 1):
            break
        stop += 1
    whole = [token for token in words[begin:stop] if token.role in _NAMING]
    return whole, words[:begin] + words[stop:]


def name_whole(
    own: Mapping[str, set[str]], geo: str, item: str, flow: str, places: Geography, *, is_trade: bool
) -> str:
    """The code of references.csv that the words of a whole mean for a part; '' where none does.

    A whole of another place is of the same item and flow; one of another item is of the same place.
    """
    if any(len(found) > 1 for found in own.values()):
        return ""
    place, thing, way = (next(iter(own[name]), "") for name in ("geo", "item", "flow"))
    if place and place != geo:
        if thing not in ("", item) or way not in ("", flow) or (not way and is_trade and thing and flow != "T"):
            return ""
        if place == "W":
            return "WORLD"
        if place == places.nations.get(geo):
            return "NATION"
        return "PARENT" if place == next(iter(places.above(geo)), "") else ""
    if not thing or thing == item:
        return ""
    total = way == "T" or (not way and is_trade)
    if way not in ("", flow) and not total:
        return ""
    if total and flow != "T" and way != "T":
        total = False  # 占服务贸易 of exports: of services exports, as the code list has it
    for row in load_codelist("references").rows:
        is_plain = not (row["geo"] or row["partner"] or row.get("population") or row["measure"] not in ("", "value"))
        if is_plain and row["item"] == thing and row["flow"] in (("T",) if total and flow != "T" else ("", "N")):
            return row["code"]
    return ""
