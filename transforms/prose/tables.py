"""Figures in tables of a draft: each cell read as a sentence of its caption, its row and its column.

A table speaks for itself where its first row and first column say, in known words only, what the figures are; the
words of a caption count for all of them. A cell becomes the sentence "caption, row heading figure unit", which is
resolved by the same rules as any other: nothing is chosen, nothing is carried from cell to cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Final

from transforms.codelists import load_codelist
from transforms.definitions import load_definitions
from transforms.prose.fields import Context, find_codes, load_geography
from transforms.prose.figures import Amount, find_amount
from transforms.prose.readers import Draft, Paragraph, Table
from transforms.prose.resolve import Found, resolve_sentence
from transforms.prose.sentences import Sentence
from transforms.prose.tokens import read_tokens

_BARE: Final = re.compile(r"[-−–﹣+]?\s*[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[-−–﹣+]?\s*[0-9]+(?:\.[0-9]+)?")
_BLANKS: Final = {"", "-", "—", "–", "--", "——", "…", "...", "……", "/", "n.a.", "N.A.", "NA", ".."}
_BRACKET: Final = re.compile(r"\s*[（(]([^（）()]*)[）)]\s*$")
_ALL: Final = "EBOPS2010:S"
_PLAIN: Final = Amount(0, 0, "", "plain", "", 0, Decimal(0), 0)


def resolve_table(table: Table, draft: Draft) -> Iterator[Found]:
    """The figures of a table, in the order of its rows. Cells that hold no number, and blanks, are passed over."""
    head, *rows = [[cell.text for cell in row] for row in table.rows]
    caption, unit_of_all = _read_caption(table, draft)
    corner, unit_of_corner = _part_unit(head[0])
    unknown = [] if corner.casefold() in list_words("CORNER") else [corner]
    unknown += _find_note(table, draft)
    for (label, *texts), cells in zip(rows, table.rows[1:], strict=True):
        row, unit_of_row = _part_unit(label)
        for number, (text, heading, cell) in enumerate(zip(texts, head[1:], cells[1:], strict=True), 2):
            if text.strip() in _BLANKS or not re.search("[0-9]", text) or cell.paragraph is None:
                continue
            column, unit_of_column = _part_unit(heading)
            figure = _put_unit(text.strip(), unit_of_column or unit_of_row or unit_of_corner or unit_of_all)
            said = "，".join(filter(None, (caption, f"{row} {column} {figure}".strip())))
            sentence = Sentence(said, cell.paragraph.number, cell.paragraph.line, number if cell.paragraph.line else 1)
            yield _hold_to_caption(_resolve(sentence, figure, unknown), caption)


def _hold_to_caption(found: Found, caption: str) -> Found:
    """Row and column may narrow what a caption says (a city of its province, an item of services), not deny it."""
    s, tokens = found.statement, read_tokens(caption)
    if s is None:
        return found
    said = {role: find_codes(tokens, role) for role in ("AREA", "ITEM", "FLOW", "PERIOD")}
    items = {code.rstrip("?") for code in said["ITEM"]}
    why = ""
    if said["AREA"] - {s.geo, *load_geography().above(s.geo)}:
        why = "several_places"
    elif items - {s.item, _ALL} and not all(_is_part(s.item, whole) for whole in items):
        why = "several_items"
    elif said["FLOW"] - {s.flow, "T"}:
        why = "several_flows"
    elif said["PERIOD"] - {s.period}:
        why = "several_periods"
    return replace(found, statement=None, why=why, open=(caption,)) if why else found


def _is_part(item: str, whole: str) -> bool:
    """Whether an item is one of a definition, or lies below another one."""
    if whole.startswith("DEF:"):
        return item == whole or item in load_definitions()[whole.removeprefix("DEF:")].items
    parents = {row["code"]: row["parent"] for row in load_codelist("items").rows}
    while item and item != whole:
        item = parents.get(item, "")
    return bool(item)


def _resolve(sentence: Sentence, figure: str, unknown: Sequence[str]) -> Found:
    found = resolve_sentence(sentence, Context())
    own = [one for one in found if figure.startswith(one.amount.printed) or one.amount.printed in figure]
    if len(found) != 1 or len(own) != 1:
        why = "unit" if not found else "measure"
        return Found(sentence, replace(_PLAIN, printed=figure), None, why, ())
    if unknown:
        return replace(own[0], statement=None, why="unknown_words", open=tuple(unknown))
    return own[0]


def find_tables(draft: Draft) -> Mapping[int, Table]:
    """Number of the first paragraph of a table that speaks for itself -> the table."""
    found = {}
    for table in draft.tables:
        numbers = [cell.paragraph.number for row in table.rows for cell in row if cell.paragraph]
        if numbers and _is_regular(table):
            found[min(numbers)] = table
    return found


def _is_regular(table: Table) -> bool:
    """A heading row without figures, two columns and rows at least, each with a label, all rows of one length."""
    if not table.is_plain or len(table.rows) < 2 or len({len(row) for row in table.rows}) > 1:
        return False
    head, *rows = table.rows
    if len(head) < 2 or not all(cell.text.strip() for cell in head[1:]) or not all(row[0].text.strip() for row in rows):
        return False
    return not any(_has_figure(_part_unit(cell.text)[0]) for cell in (*head, *(row[0] for row in rows)))


def _has_figure(text: str) -> bool:
    """Whether a heading is a figure itself: then the table has no heading."""
    found = resolve_sentence(Sentence(text, 0, 0, 1), Context())
    return bool(found) or bool(_BARE.fullmatch(text) and not re.fullmatch("(?:19|20)[0-9]{2}", text))


def _read_caption(table: Table, draft: Draft) -> tuple[str, str]:
    """What stands right above a table and is no sentence of the text, and the unit that it gives for all figures."""
    above = _beside(table, draft, -1)
    if above is None or re.search("[。.!！?？；;]$", above.text.strip()):
        return "", ""
    begins = rf"^(?:{_join('CAPTION')})\s*[0-9一二三四五六七八九十]*(?:[-–.．][0-9]+)*\s*[:：.、]?\s*"
    text = re.sub(begins, "", above.text.strip(), flags=re.IGNORECASE)
    return _part_unit(text.rstrip(":："))


def _find_note(table: Table, draft: Draft) -> list[str]:
    """The beginning of a note right below a table: what it says of the figures is not read."""
    below = _beside(table, draft, 1)
    is_note = below is not None and re.match(rf"[\s*＊(（]*(?:{_join('NOTE')})", below.text, re.IGNORECASE)
    return [below.text[:30]] if below is not None and is_note else []


def _beside(table: Table, draft: Draft, way: int) -> Paragraph | None:
    numbers = [cell.paragraph.number for row in table.rows for cell in row if cell.paragraph]
    wanted = min(numbers) - 1 if way < 0 else max(numbers) + 1
    return next((one for one in draft.paragraphs if one.number == wanted), None)


def _part_unit(text: str) -> tuple[str, str]:
    """A heading without the unit in its last brackets, and that unit; other brackets stay."""
    plain = text.strip()
    if (match := _BRACKET.search(plain)) and (unit := _read_unit(match[1])):
        return plain[: match.start()].strip(), unit
    return plain, ""


def _read_unit(text: str) -> str:
    """A text that is nothing but a unit (亿美元, %, US$ million; 单位：亿美元), else ''."""
    unit = re.sub(rf"^(?:{_join('UNIT')})\s*[:：]?\s*", "", text.strip(), flags=re.IGNORECASE)
    amount = find_amount(_put_unit("1", unit), 0) if unit else None
    is_whole = amount is not None and amount.end == len(_put_unit("1", unit)) and amount.kind != "plain"
    return unit if is_whole and amount is not None and not amount.problem else ""


def _put_unit(figure: str, unit: str) -> str:
    """A bare number with the unit of its heading, a currency before it where that is how it is written."""
    if not unit or not _BARE.fullmatch(figure):
        return figure
    if match := re.fullmatch(r"(US\$|\$|€|£|¥|USD|CNY|RMB|EUR)\s*(.*)", unit, re.IGNORECASE):
        return f"{match[1]} {figure} {match[2]}".strip()
    return f"{figure} {unit}" if unit[0].isascii() and unit[0].isalpha() else f"{figure}{unit}"


@cache
def list_words(name: str) -> frozenset[str]:
    """Words of tables by kind (CORNER, CAPTION, NOTE, UNIT), and the empty one."""
    words = load_codelist("words")
    both = "|".join(words.label(f"AUDIT.PROSE.{name}", lang) for lang in ("en", "zh"))
    return frozenset(word.casefold() for word in both.split("|")) | {""}


def _join(name: str) -> str:
    return "|".join(map(re.escape, sorted(filter(None, list_words(name)), key=len, reverse=True)))
