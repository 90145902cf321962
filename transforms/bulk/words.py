"""Small numbers of a row, many of them in one BIGINT.

A column in memory takes at least a block for every 122 880 rows, and as much again for its NULLs, however narrow it is:
twelve narrow columns of 20 million rows take a gigabyte, one BIGINT for all of them 200 MB.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_BITS: Final = 62  # of a BIGINT, without its sign


@dataclass(frozen=True)
class Digit:
    """One small number.

    place: SQL that gives it, from 0 to size - 1, never NULL; values: name of a column -> SQL of its value, in which
    {place} stands for the number.
    """

    size: int
    place: str
    values: Mapping[str, str]

    @property
    def bits(self) -> int:
        return max(1, (self.size - 1).bit_length())


def pack_words(digits: Sequence[Digit]) -> list[list[Digit]]:
    """The digits by words, each word as full as a BIGINT can be."""
    words: list[list[Digit]] = []
    used = _BITS + 1
    for digit in digits:
        if used + digit.bits > _BITS:
            words.append([])
            used = 0
        words[-1].append(digit)
        used += digit.bits
    return words


def write_word(digits: Sequence[Digit]) -> str:
    """SQL: the digits of a word as one BIGINT, each in bits of its own."""
    word = "CAST(0 AS BIGINT)"
    for digit in digits:
        word = f"({word} * {2**digit.bits} + {digit.place})"
    return word


def read_word(name: str, digits: Sequence[Digit]) -> list[str]:
    """SQL of the columns that the digits of the word of that name stand for."""
    columns = []
    shift = 0
    for digit in reversed(digits):
        place = f"(({name} >> {shift}) & {2**digit.bits - 1})" if shift else f"({name} & {2**digit.bits - 1})"
        columns += [f"{value.format(place=place)} AS {column}" for column, value in digit.values.items()]
        shift += digit.bits
    return columns
