"""The text of a draft: paragraphs of .docx, .md and .txt files, each with its number and, in text files, its line.

A .docx file is read by our own pass over its XML: paragraphs of the body (those in cells of tables too), footnotes and
endnotes. Text that a reviewer deleted, codes of fields and what lies behind a picture are left out.
"""

from __future__ import annotations

import codecs
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final, cast
from xml.etree.ElementTree import Element, ParseError, XMLPullParser

from transforms.errors import InputError

SUFFIXES: Final = (".docx", ".md", ".markdown", ".txt")
LARGEST: Final = 64 * 2**20  # bytes of text: some hundred thousand pages
_W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_STRICT: Final = "{http://purl.oclc.org/ooxml/wordprocessingml/main}"
_PARTS: Final = ("word/document.xml", "word/footnotes.xml", "word/endnotes.xml")
_SKIPPED: Final = {"del", "moveFrom", "instrText", "delText", "Fallback", "rPr", "pPr"}
_MARKS: Final = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_MARKDOWN: Final = re.compile(r"^\s{0,3}(?:#{1,6}\s+|>\s?|[-*+]\s+|\d{1,3}[.)]\s+)+|[*_]{1,3}(?=\S)|(?<=\S)[*_]{1,3}|`")
_LINK: Final = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_TAG: Final = re.compile(r"<sup>.*?</sup>|</?[a-zA-Z][^<>]*>")


@dataclass(frozen=True)
class Paragraph:
    """number: counted from 1 over those with text. line: that of a text file, where the paragraph begins; else 0.

    starts: for each line of the paragraph where it begins in the text, so that a place in the text has its line.
    """

    number: int
    text: str
    line: int = 0
    starts: tuple[int, ...] = (0,)

    def line_at(self, place: int) -> int:
        """The line of the file that a place in the text stands in; 0 where the file has no lines."""
        return self.line + sum(start <= place for start in self.starts) - 1 if self.line else 0


@dataclass(frozen=True)
class Cell:
    """paragraph: the one that holds it, None where the cell is empty."""

    text: str
    paragraph: Paragraph | None


@dataclass(frozen=True)
class Table:
    """is_plain: no cell spans others, holds several paragraphs or another table."""

    rows: tuple[tuple[Cell, ...], ...]
    is_plain: bool = True


@dataclass(frozen=True)
class Draft:
    """encoding: how the bytes of a text file were read; '' for .docx. tables: what is in them are paragraphs too."""

    name: str
    paragraphs: tuple[Paragraph, ...]
    encoding: str
    tables: tuple[Table, ...] = ()


def read_draft(content: bytes, name: str) -> Draft:
    """The paragraphs of a draft. Raises InputError for what is empty, broken, locked, binary or larger than LARGEST."""
    suffix = PurePath(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError("no draft", file=name, found=suffix, todo=f"drafts are {', '.join(SUFFIXES)}.")
    if not content.strip():
        raise InputError("the file is empty", file=name, todo="hand over the draft itself.")
    _refuse_size(len(content), name)
    if suffix == ".docx":
        grids = _Grids()
        paragraphs, encoding = tuple(_number(_read_docx(content, name, grids), grids)), ""
        tables = tuple(grids.build())
    else:
        text, encoding = _decode(content, name)
        paragraphs = tuple(_read_text(text, is_markdown=suffix != ".txt"))
        tables = tuple(_find_tables(text, paragraphs)) if suffix != ".txt" else ()
    if not paragraphs:
        raise InputError("the file holds no text", file=name, todo="text inside pictures cannot be read.")
    return Draft(name, paragraphs, encoding, tables)


def _refuse_size(size: int, name: str) -> None:
    if size > LARGEST:
        raise InputError(
            "the draft is larger than any report", file=name, found=f"more than {LARGEST} bytes", todo="split it."
        )


def _decode(content: bytes, name: str) -> tuple[str, str]:
    """Text and encoding: what its first bytes say, then UTF-8, then GB 18030."""
    said = next((encoding for mark, encoding in _MARKS if content.startswith(mark)), "")
    for encoding in (said,) if said else ("utf-8", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not re.search("[\x00-\x08\x0e-\x1f\ufffe\uffff]", text):
            return text, {"utf-8-sig": "UTF-8", "utf-8": "UTF-8", "utf-16": "UTF-16"}.get(encoding, "GB 18030")
    raise InputError(
        "the file is no text", file=name, todo="save it as text in UTF-8 (GB 18030 and UTF-16 are read as well)."
    )


def _read_text(text: str, *, is_markdown: bool) -> Iterator[Paragraph]:
    """Blank lines, headings, list marks and rows of tables part paragraphs; other lines run on."""
    lines: list[str] = []
    first, number = 0, 0
    for line, written in enumerate([*text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), ""], 1):
        begins = not written.strip() or (is_markdown and re.match(r"\s*(?:#|>|\||[-*+]\s|\d{1,3}[.)]\s)", written))
        if begins and lines:
            number += 1
            yield _join(lines, number, first)
            lines = []
        plain = _strip_markdown(written) if is_markdown else written.strip()
        if plain:
            first = first if lines else line
            lines.append(plain)
        elif lines:
            lines.append("")
        if lines and is_markdown and re.match(r"\s*[#|]", written):
            number += 1
            yield _join(lines, number, first)
            lines = []


def _join(lines: list[str], number: int, first: int) -> Paragraph:
    """Lines of one paragraph as one text: between Latin words with a blank, between Chinese ones without."""
    text, starts = "", []
    for line in lines:
        if text and line and text[-1].isascii() and line[0].isascii():
            text += " "
        starts.append(len(text))
        text += line
    return Paragraph(number, text, first, tuple(starts))


def _strip_markdown(line: str) -> str:
    if re.fullmatch(r"[\s|:\-=+]*", line):
        return ""
    plain = _TAG.sub("", _LINK.sub(r"\1", _MARKDOWN.sub("", line))).strip()
    return plain.strip("|").replace("|", "；") if plain.startswith("|") else plain


def _find_tables(text: str, paragraphs: Sequence[Paragraph]) -> Iterator[Table]:
    """The tables of Markdown: a row of bars, a line of dashes below it, rows of bars."""
    by_line = {paragraph.line: paragraph for paragraph in paragraphs}
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for at in range(1, len(lines)):
        if not (re.fullmatch(r"\s*\|[\s|:\-]*-[\s|:\-]*", lines[at]) and lines[at - 1].lstrip().startswith("|")):
            continue
        end = at + 1
        while end < len(lines) and lines[end].lstrip().startswith("|"):
            end += 1
        numbers = [at - 1, *range(at + 1, end)]
        rows = [
            tuple(Cell(part.strip(), by_line.get(n + 1)) for part in _strip_markdown(lines[n]).split("；"))
            for n in numbers
        ]
        yield Table(tuple(rows), not any("\\|" in lines[n] or "；" in lines[n] for n in numbers))


class _Grids:
    """The tables of a Word document while it is read: where each paragraph of a cell stands."""

    def __init__(self) -> None:
        self.tables: list[dict[tuple[int, int], list[Paragraph]]] = []
        self.sizes: list[dict[int, int]] = []  # row -> its cells
        self.odd: set[int] = set()
        self.open: list[list[int]] = []  # table, row, cell

    def begin(self, tag: str) -> None:
        if tag == "tbl":
            self.odd |= {place[0] for place in self.open} | ({len(self.tables)} if self.open else set())
            self.open.append([len(self.tables), -1, -1])
            self.tables.append({})
            self.sizes.append({})
        elif tag == "tr" and self.open:
            self.open[-1][1:] = [self.open[-1][1] + 1, -1]
        elif tag == "tc" and self.open:
            table, row, cell = self.open[-1]
            self.open[-1][2] = cell + 1
            self.sizes[table][row] = cell + 2
        elif tag in ("gridSpan", "vMerge", "hMerge") and self.open:
            self.odd.add(self.open[-1][0])

    def end(self, tag: str) -> None:
        if tag == "tbl" and self.open:
            self.open.pop()

    def place(self) -> tuple[int, ...]:
        return tuple(self.open[-1]) if self.open else ()

    def keep(self, place: tuple[int, ...], paragraph: Paragraph) -> None:
        if place:
            table, row, cell = place
            self.tables[table].setdefault((row, cell), []).append(paragraph)

    def build(self) -> Iterator[Table]:
        for number, (held, sizes) in enumerate(zip(self.tables, self.sizes, strict=True)):
            rows = [
                tuple(
                    Cell(" ".join(p.text for p in found), found[0] if found else None)
                    for found in (held.get((row, cell), []) for cell in range(size))
                )
                for row, size in sorted(sizes.items())
            ]
            yield Table(tuple(rows), number not in self.odd and all(len(found) < 2 for found in held.values()))


_Placed = tuple[str, tuple[int, ...]]


def _number(texts: Iterator[_Placed], grids: _Grids) -> Iterator[Paragraph]:
    filled = ((text.strip(), place) for text, place in texts)
    for number, (text, place) in enumerate(((text, place) for text, place in filled if text), 1):
        paragraph = Paragraph(number, text)
        grids.keep(place, paragraph)
        yield paragraph


def _read_docx(content: bytes, name: str, grids: _Grids) -> Iterator[_Placed]:
    if content.startswith(b"\xd0\xcf\x11\xe0"):  # how Office locks a file, and the format before .docx
        raise InputError(
            "the file is locked with a password, or a .doc file", file=name, todo="save it as .docx without a password."
        )
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            held = set(archive.namelist())
            if _PARTS[0] not in held:
                raise InputError("the file is no Word document", file=name, todo="save it anew as .docx.")
            for part in _PARTS:
                if part in held:
                    yield from _read_part(_unpack(archive, part, name), grids)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ParseError, ValueError) as error:
        raise InputError(
            f"the document cannot be read ({error})", file=name, todo="open it in Word and save it anew as .docx."
        ) from None


def _unpack(archive: zipfile.ZipFile, part: str, name: str) -> bytes:
    """One part of the document, never more than LARGEST bytes: what an archive says of its size is not believed."""
    info = archive.getinfo(part)
    if info.flag_bits & 1:
        raise InputError("the file is locked with a password", file=name, todo="save it without one.")
    with archive.open(info) as stream:
        content = stream.read(LARGEST + 1)
    _refuse_size(len(content), name)
    if re.search(rb"<!\s*(?:DOCTYPE|ENTITY)", content.replace(b"\0", b"")):
        raise InputError("the document defines entities, which Word never does", file=name, todo="save it anew.")
    return content


def _read_part(content: bytes, grids: _Grids) -> Iterator[_Placed]:
    """The text of each paragraph of one part; a paragraph in a text box comes before the one that holds it."""
    parser: XMLPullParser[Element] = XMLPullParser(("start", "end"))
    parser.feed(content)
    parser.close()
    open_texts: list[list[str]] = []
    hidden = 0
    for event, element in cast("Iterator[tuple[str, Element]]", parser.read_events()):
        tag = element.tag.removeprefix(_W).removeprefix(_STRICT).rpartition("}")[2]
        if event == "start":
            hidden += tag in _SKIPPED
            grids.begin(tag)
            if tag == "p" and element.tag.startswith((_W, _STRICT)):
                open_texts.append([])
            continue
        hidden -= tag in _SKIPPED
        grids.end(tag)
        if tag == "p" and element.tag.startswith((_W, _STRICT)):
            yield "".join(open_texts.pop()), grids.place()
            element.clear()
        elif open_texts and not hidden:
            open_texts[-1].append(
                (element.text or "") if tag == "t" else " " if tag in ("tab", "br", "cr") else
                "-" if tag == "noBreakHyphen" else ""
            )  # fmt: skip
