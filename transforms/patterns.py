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


_CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]+")


def find_misread(text: str) -> str:
    """How a text was misread that was written in another encoding than it was read in, '' for a text as it should be.

    UTF-8 read as cp1252 or Latin-1 (CÃ´te), GB 18030 so read (ÖÐ¹ú), UTF-8 read as GB 18030: only where the bytes give
    another text that is sensible from end to end. U+FFFD and control characters are in no label.
    """
    if text.isascii():
        return ""
    if "\ufffd" in text:
        return "it holds the sign U+FFFD that stands for bytes of another encoding: fetch the file again as published"
    raw = b"".join(map(_to_byte, text))
    western = raw if len(raw) == len(text) else b""  # every character is one of cp1252 or Latin-1
    for content, encoding in ((western, "utf-8"), (western, "gb18030"), (text.encode("gb18030", "ignore"), "utf-8")):
        try:
            other = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        chinese = "".join(char for char in other if not char.isascii())
        strict = content is not western or encoding == "gb18030"
        if strict and not (_CHINESE.fullmatch(chinese) and (encoding == "utf-8" or len(chinese) > 1)):
            continue
        if strict and encoding == "gb18030" and re.search(r"[A-Za-z]", text):
            continue  # accents of Western Europe among letters
        if other and other != text and other.isprintable():
            return f"its bytes are {other!r} in {encoding}: say the encoding in the layout, or have the file mended"
    if any("\x80" <= char <= "\x9f" for char in text):
        return "it holds control characters, as cp1252 read as Latin-1 has: say the encoding, or have the file mended"
    return ""


def _to_byte(char: str) -> bytes:
    try:
        return char.encode("cp1252")
    except UnicodeEncodeError:
        return bytes([ord(char)]) if ord(char) < 256 else b""
