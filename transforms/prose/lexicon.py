"""The words that sentences about trade are made of, as a tree of letters: places, items, and what prose_words.csv has.

A name is compared without its blanks, list commas and hyphens, whatever its case; a name of Latin letters only where a
word begins and ends, a short one in capitals (US, EU, UK) only in capitals. Of several names that fit the longest
counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from transforms.codelists import codelist_rows, qualifier_words, read_rows, row_names

_SKIPPED: Final = frozenset(" \t、,-‐‑–—·")
_MOST_SKIPPED: Final = 3  # blanks and marks between two letters of a name
_CAPITALS: Final = re.compile(r"[A-Z.&0-9]{1,5}")
_LATIN: Final = re.compile(r"[A-Za-z0-9\u00c0-\u024f]")
_PLAIN: Final = str.maketrans("’‘ʼ", "'''")


@dataclass(frozen=True)
class Word:
    """role: PLACE, ITEM, QUALIFIER or a role of prose_words.csv; codes: what it may stand for, one or several."""

    role: str
    codes: tuple[str, ...]


@dataclass
class _Node:
    inner: dict[str, _Node] = field(default_factory=dict)
    word: Word | None = None
    capitals: dict[str, Word] = field(default_factory=dict)


@cache
def grow_tree() -> _Node:
    """The tree of all words. A word of prose_words.csv goes before a name of a code list that is the same."""
    root = _Node()
    for row in read_rows("prose_words.csv"):
        for text in f"{row['words_en']}|{row['words_zh']}".split("|"):
            _plant(root, text, Word(row["role"], (row["code"],)), first=True)
    for text, row in qualifier_words().items():
        if text != "约占":  # a qualifier and a share: two words here
            _plant(root, text, Word("QUALIFIER", (row["qualifier"],)), first=True)
    for listname, role in (("geographies", "AREA"), ("items", "ITEM")):
        for row in codelist_rows(listname):
            for text in row_names(row):
                if text != row["code"] and (role == "ITEM" or not re.fullmatch("[A-Z]{3}", text)):
                    _plant(root, text, Word(role, (row["code"],)))
    return root


def _plant(root: _Node, text: str, word: Word, *, first: bool = False) -> None:
    if not text:
        return
    node = root
    for char in _letters(text):
        node = node.inner.setdefault(char, _Node())
    if _CAPITALS.fullmatch(text) and len(text) <= 4:
        known = node.capitals.get(text)
        if known is None:
            node.capitals[text] = word
        return
    if node.word is None:
        node.word = word
    elif (
        not first and node.word.role == word.role and word.codes[0] not in node.word.codes
        and not any(code.endswith("?") for code in node.word.codes)
    ):  # fmt: skip
        node.word = Word(word.role, (*node.word.codes, *word.codes))


def _letters(text: str) -> str:
    """What of a name is compared; a name that is nothing but signs is itself."""
    folded = text.translate(_PLAIN).casefold()
    return "".join(char for char in folded if char not in _SKIPPED) or folded


def find_word(text: str, start: int) -> tuple[Word, int] | None:
    """The longest word that begins at a place of the text, and where it ends. text: as the sentence is written."""
    node, found, place = grow_tree(), None, start
    if start and _LATIN.match(text[start]) and _LATIN.match(text[start - 1]):
        return None
    size, skipped = len(text), 0
    while place < size:
        char = text[place].translate(_PLAIN).casefold()
        following = node.inner.get(char)
        if following is None:
            if char in _SKIPPED and place > start and skipped < _MOST_SKIPPED:
                place, skipped = place + 1, skipped + 1
                continue
            break
        node, place, skipped = following, place + 1, 0
        if (node.word or node.capitals) and _ends(text, place):
            word = node.capitals.get(text[start:place]) or node.word
            found = (word, place) if word else found
    return found


def _ends(text: str, place: int) -> bool:
    return not (place < len(text) and _LATIN.match(text[place]) and _LATIN.match(text[place - 1]))


@cache
def list_words(role: str) -> tuple[tuple[str, str], ...]:
    """(word, code) of one role of prose_words.csv, the longest words first."""
    found = [
        (text, row["code"])
        for row in read_rows("prose_words.csv")
        if row["role"] == role
        for text in f"{row['words_en']}|{row['words_zh']}".split("|")
        if text
    ]
    return tuple(sorted(found, key=lambda pair: -len(pair[0])))
