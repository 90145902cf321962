"""Texts of a layout against texts of a table: plain text, folded, or /a regular expression/ with named groups."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from transforms.numbers import fold


def fold_heading(text: str) -> str:
    """A heading or title as it is compared: width and case folded, all spaces and line breaks dropped."""
    return "".join(fold(text).split()).casefold()


# Raised, lowered and circled signs are marks, and must never become digits or letters of the text they stand at.
_MARKS = re.compile(r"[^²³¹⁰ⁱ⁴-₎ₐ-ₜ①-⓿❶-➓ᵃ-ᵿʰ-ˣ]+")


@cache
def tidy(text: str) -> str:
    """A text as a pattern sees it: width folded, every run of spaces (line breaks, no-break spaces) one space."""
    return " ".join(_MARKS.sub(lambda plain: unicodedata.normalize("NFKC", plain[0]), text).split())


def is_pattern(wanted: str) -> bool:
    return len(wanted) > 2 and wanted.startswith("/") and wanted.endswith("/")


@cache
def compile_pattern(wanted: str) -> re.Pattern[str]:
    """The regular expression between the slashes. Raises re.error."""
    return re.compile(wanted[1:-1] if is_pattern(wanted) else wanted, re.IGNORECASE)


def group_names(wanted: str) -> tuple[str, ...]:
    """The named groups of a pattern, () for a plain text."""
    return tuple(compile_pattern(wanted).groupindex) if is_pattern(wanted) else ()


@cache
def _folded(wanted: str) -> str:
    return fold_heading(wanted)


def match_text(wanted: str, text: str) -> dict[str, str] | None:
    """None where the text is not the wanted one; else what the named groups of the pattern hold (without empty ones).

    A plain text is compared whole, folded; a pattern must fit the whole tidied text, whatever its case.
    """
    if not is_pattern(wanted):
        return {} if _folded(wanted) == _folded(text) else None
    found = compile_pattern(wanted).fullmatch(tidy(text))
    if found is None:
        return None
    return {name: said.strip() for name, said in found.groupdict().items() if said is not None and said.strip()}
