"""How a text file is written: encoding and delimiter, guessed from its bytes, with how sure the guess is."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from dataclasses import dataclass

from transforms.errors import InputError
from transforms.grid import ENCODINGS

DELIMITERS = ("\t", ";", "|", ",")
_FIGURE = re.compile(r"[-+−–(]?\d[\d., \u00a0\u202f']*\)?%?")
_HTML = re.compile(rb"^\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body)\b", re.I | re.S)
_ROWS_LOOKED_AT = 400


@dataclass(frozen=True)
class TextForm:
    """encoding as a layout names it, sure: certain, likely or unsure, why in words; the delimiter."""

    encoding: str
    sure: str
    why: str
    delimiter: str


def guess_text_form(content: bytes, name: str, *, encoding: str = "") -> TextForm:
    """Encoding (unless given) and delimiter of the bytes of a text file. Raises InputError for what is no text table:
    nothing, a web page, UTF-16, NUL bytes, bytes that are not of the encoding given."""
    _refuse_other_kinds(content, name)
    guess = (encoding, "given", "as said with --encoding") if encoding else guess_encoding(content)
    try:
        text = content.decode(ENCODINGS[guess[0]]).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise InputError(
            f"the bytes are not {guess[0]}", file=name, row=content[: error.start].count(b"\n") + 1,
            found=content[error.start : error.start + 8].hex(" "),
            todo=f"say another with --encoding ({', '.join(ENCODINGS)}), or leave it out to have it guessed.",
        ) from None  # fmt: skip
    return TextForm(*guess, guess_delimiter(text))


def _refuse_other_kinds(content: bytes, name: str) -> None:
    if not content.strip():
        raise InputError("the file is empty", file=name, todo="fetch it again from the publisher.")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise InputError("the file is UTF-16 text, which layouts do not read", file=name, todo="save it as UTF-8.")
    if _HTML.match(content[:8192]):
        raise InputError("a web page came instead of data", file=name,
                         todo="open the address in a browser: it may have moved, or ask for a login.")  # fmt: skip
    if content.startswith(b"%PDF"):
        raise InputError("the file is a PDF and no table", file=name, todo="take the table itself from the publisher.")
    if b"\x00" in content:
        raise InputError("the file holds NUL bytes and is no text table", file=name, todo="fetch it again.")


def guess_encoding(content: bytes) -> tuple[str, str, str]:
    """(encoding, how sure, why). UTF-8 proves itself; Chinese bytes come in pairs, those of cp1252 stand alone."""
    if content.startswith(codecs.BOM_UTF8):
        return "utf-8-bom", "certain", "it begins with a byte order mark"
    if content.isascii():
        return "utf-8", "certain", "plain ASCII, the same in every encoding"
    if _decodes(content, "utf-8"):
        return "utf-8", "certain", "all its bytes are UTF-8"
    high = sum(byte >= 0x80 for byte in content)
    paired = 2 * len(re.findall(rb"[\xa1-\xf7][\xa1-\xfe]", content))
    if _decodes(content, "gb18030"):
        share = paired / high
        if share >= 0.8:
            return "gb18030", "likely", f"no UTF-8; {share:.0%} of its high bytes come in pairs, as in Chinese text"
        if not _decodes(content, "cp1252") or share >= 0.5:
            return "gb18030", "unsure", f"no UTF-8; {share:.0%} of its high bytes come in pairs"
    sure = "likely" if _decodes(content, "cp1252") else "unsure"
    return "cp1252", sure, "no UTF-8, and its high bytes stand alone, as accents of Western Europe do"


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def guess_delimiter(text: str) -> str:
    """The delimiter that cuts most rows into the same number of cells, and most of them into figures."""
    lines = "".join(text.splitlines(keepends=True)[:_ROWS_LOOKED_AT])
    best, chosen = (0.0, 0), ","
    for delimiter in DELIMITERS:
        try:
            rows = [row for row in csv.reader(io.StringIO(lines, newline=""), delimiter=delimiter) if any(row)]
        except csv.Error:
            continue
        widths = Counter(len(row) for row in rows)
        wide = {width: times for width, times in widths.items() if width > 1}
        if not wide:
            continue
        figures = sum(bool(_FIGURE.fullmatch(cell.strip())) for row in rows for cell in row)
        score = (round(max(wide.values()) / len(rows), 1), figures)
        if score > best:
            best, chosen = score, delimiter
    return chosen
