"""Sentences of a paragraph, Chinese and English."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from transforms.prose.readers import Draft, Paragraph

# A full stop ends a sentence where a blank and a capital, or Chinese, or nothing follows, and no short form stands
# before it.
_END: Final = re.compile(r"[。！？!?]+[”’」』）)\"']*|\.(?=[”\"')]*(?:\s+[^a-z\s]|\s*[\u4e00-\u9fff]|\s*$))[”\"')]*")
_SHORT: Final = re.compile(
    r"(?:\b(?:[A-Za-z]\.)*[A-Z]|\b(?:e\.g|i\.e|etc|cf|vs|approx|ca|no|nos|fig|figs|tab|dr|mr|mrs|ms|st|jan|feb|mar|apr"
    r"|jun|jul|aug|sep|sept|oct|nov|dec))$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Sentence:
    """One sentence, with its paragraph, the line of a text file (0 where there is none) and its number in it."""

    text: str
    paragraph: int
    line: int
    number: int

    @property
    def is_chinese(self) -> bool:
        return bool(re.search("[\u4e00-\u9fff]", self.text))


def split_draft(draft: Draft) -> Iterator[list[Sentence]]:
    """The sentences of each paragraph."""
    return (list(split_paragraph(paragraph)) for paragraph in draft.paragraphs)


def split_paragraph(paragraph: Paragraph) -> Iterator[Sentence]:
    text, begin, number = paragraph.text, 0, 0
    for match in [*_END.finditer(text), None]:
        end = match.end() if match else len(text)
        if match and match[0].startswith(".") and _SHORT.search(text[max(begin, match.start() - 12) : match.start()]):
            continue
        sentence = text[begin:end].strip()
        if sentence:
            number += 1
            first = begin + len(text[begin:end]) - len(text[begin:end].lstrip())
            yield Sentence(sentence, paragraph.number, paragraph.line_at(first), number)
        begin = end
