"""A bulk file as DuckDB can read it: unpacked, in UTF-8 with even line ends, its columns matched with the layout."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import duckdb

from transforms.archives import plain_name, unpack_file
from transforms.bulk.sql import quote_name, quote_text
from transforms.errors import InputError
from transforms.grid import ENCODINGS, Grid
from transforms.layout import Layout
from transforms.locate import Block, FoundColumn, Page, match_columns
from transforms.patterns import match_text

_CHUNK: Final = 8 * 2**20
_HEAD_BYTES: Final = 4 * 2**20
HEADER_WITHIN: Final = 50  # rows in which the header is looked for
_SAMPLE: Final = 2000  # rows that are looked at before the file is read: how many decimals its figures have
_NO_NULL: Final = "\x01"  # an empty cell is the text '', never NULL
_BUFFER: Final = 8 * 2**20  # bytes that DuckDB reads at once; by default four times as much, at no gain


@dataclass(frozen=True)
class Source:
    """One bulk file: where DuckDB reads it, its columns, and what is needed to number its rows.

    skip: rows above the first row of data. lines: line ends in the whole file, 0 where rows are not lines (Parquet).
    types: the type of each column ('' = text). sample: the first rows of data, as text.
    """

    file: str
    member: str
    path: Path
    kind: str
    delimiter: str
    headings: tuple[str, ...]
    columns: tuple[FoundColumn, ...]
    skip: int
    lines: int
    quoted: bool
    sample: tuple[tuple[str, ...], ...]
    types: tuple[str, ...]
    notices: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        return len(self.headings)

    @property
    def place(self) -> str:
        """What a locator begins with: file.csv, or archive.zip!member.csv."""
        return f"{self.file}!{self.member}" if self.member else self.file

    @property
    def stem(self) -> str:
        name = plain_name(self.file)
        return name.rsplit(".", 1)[0] if "." in name else name

    def refuse(
        self, problem: str, *, row: int | None = None, column: int | str | None = None, found: str | None = None,
        todo: str = "", more: str = "",
    ) -> InputError:  # fmt: skip
        return InputError(
            problem, file=self.file, sheet=self.member, row=row, column=column, found=found, todo=todo, more=more
        )

    def relation(self, *, keep_rejects: bool = False) -> str:
        """The rows of data as a table expression with the columns c1, c2 ...; rows that do not parse are left out."""
        if self.kind == "parquet":
            names = ", ".join(f"{quote_name(name)} AS c{n}" for n, name in enumerate(self.headings, 1))
            return f"(SELECT {names} FROM read_parquet({quote_text(str(self.path))}))"
        columns = ", ".join(f"'c{n}': 'VARCHAR'" for n in range(1, self.width + 1))
        errors = "store_rejects = true, rejects_limit = 0" if keep_rejects else "ignore_errors = true"
        return (
            f"read_csv({quote_text(str(self.path))}, auto_detect = false, header = false, skip = {self.skip}, "
            f"columns = {{{columns}}}, delim = {quote_text(self.delimiter)}, quote = '\"', escape = '\"', "
            f"nullstr = {quote_text(_NO_NULL)}, strict_mode = true, buffer_size = {_BUFFER}, {errors})"
        )


def open_source(path: Path, layout: Layout, scratch: Path) -> Source:
    """The file ready to be read. Raises InputError for what is broken, wrongly encoded, or not declared."""
    if not path.stat().st_size:
        raise InputError("the file is empty", file=path.name, todo="fetch it again from the publisher.")
    unpacked = unpack_file(path, scratch)
    file, member = path.name, unpacked.member
    with unpacked.path.open("rb") as stream:
        is_parquet = stream.read(4) == b"PAR1"
    if is_parquet:
        return _open_parquet(unpacked.path, file, member, layout)
    plain, lines, quoted = _make_plain(unpacked.path, file, member, layout.encoding, scratch)
    return _open_text(plain, file, member, layout, lines, quoted)


# --- text ------------------------------------------------------------------------------------------------------------


def _make_plain(path: Path, file: str, member: str, encoding: str, scratch: Path) -> tuple[Path, int, bool]:
    """The file in UTF-8 with one kind of line end (itself, if it is so), its number of line ends, and whether quotes
    stand in it. Raises InputError naming the row whose bytes are not in the declared encoding."""
    codec = ENCODINGS[encoding]
    if codecs.lookup(codec).name in ("utf-8", "utf-8-sig"):
        lines, crlf, cr, quoted = _scan_utf8(path, file, member, encoding)
        if (crlf in (0, lines)) and (cr == crlf):
            return path, lines, quoted
    plain = scratch / "plain.csv"
    lines, quoted = _rewrite(path, plain, file, member, encoding)
    return plain, lines, quoted


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk


def _scan_utf8(path: Path, file: str, member: str, encoding: str) -> tuple[int, int, int, bool]:
    """Line feeds, CR LF pairs, carriage returns, and whether there are quotes; every byte is checked."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    lines = crlf = cr = 0
    quoted = ends_in_cr = False
    is_pure = True  # no bytes of an unfinished character wait in the decoder
    for chunk in _chunks(path):
        if not (is_pure and chunk.isascii()):
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                raise _not_encoded(error, lines, file, member, encoding) from None
            is_pure = not decoder.getstate()[0]
        _refuse_nul(chunk, lines, file, member)
        if b"\r" in chunk or ends_in_cr:
            cr += chunk.count(b"\r")
            crlf += chunk.count(b"\r\n") + (ends_in_cr and chunk.startswith(b"\n"))
            ends_in_cr = chunk.endswith(b"\r")
        lines += chunk.count(b"\n")
        quoted = quoted or b'"' in chunk
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise _not_encoded(error, lines, file, member, encoding) from None
    return lines, crlf, cr, quoted


def _rewrite(path: Path, plain: Path, file: str, member: str, encoding: str) -> tuple[int, bool]:
    """Decode chunk by chunk, write UTF-8 with line feeds."""
    decoder = codecs.getincrementaldecoder(ENCODINGS[encoding])()
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    lines, quoted = 0, False
    with plain.open("wb") as out:
        for chunk in (*_chunks(path), b""):
            try:
                text = newlines.decode(decoder.decode(chunk, final=not chunk), final=not chunk)
            except UnicodeDecodeError as error:
                raise _not_encoded(error, lines, file, member, encoding) from None
            content = text.encode("utf-8")
            _refuse_nul(content, lines, file, member)
            out.write(content)
            lines += content.count(b"\n")
            quoted = quoted or b'"' in content
    return lines, quoted


def _not_encoded(error: UnicodeDecodeError, lines: int, file: str, member: str, encoding: str) -> InputError:
    return InputError(
        f"the bytes are not {encoding}",
        file=file,
        sheet=member,
        row=lines + error.object[: error.start].count(b"\n") + 1,
        found=error.object[error.start : error.start + 8].hex(" "),
        todo=f"say the right encoding in the layout ({', '.join(ENCODINGS)}), or fetch the file again.",
    )


def _refuse_nul(chunk: bytes, lines: int, file: str, member: str) -> None:
    place = chunk.find(b"\0")
    if place >= 0:
        raise InputError(
            "the file holds NUL bytes and is no text table",
            file=file,
            sheet=member,
            row=lines + chunk[:place].count(b"\n") + 1,
            todo="fetch it again.",
        )


def _open_text(path: Path, file: str, member: str, layout: Layout, lines: int, quoted: bool) -> Source:
    rows = _read_head(path, file, member, layout)
    table = layout.table
    header = next(
        (
            place
            for place, row in enumerate(rows[:HEADER_WITHIN])
            if all(any(match_text(wanted, cell) is not None for cell in row) for wanted in table.header.contains)
        ),
        None,
    )
    if header is None:
        near = max(rows[:HEADER_WITHIN], key=lambda row: sum(cell in table.header.contains for cell in row))
        raise InputError(
            f"no header row with the declared labels among the first {HEADER_WITHIN} rows",
            file=file,
            sheet=member,
            row=rows.index(near) + 1,
            found=" | ".join(near),
            todo=f"correct header.contains or delimiter in {table.source}, if the publisher changed the form.",
        )
    above = [" | ".join(filter(None, row)) for row in rows[:header] if any(row)]
    notices = [f"{file}: passed over above the header: {'; '.join(above)}"] if above else []
    source = Source(
        file, member, path, "text", layout.delimiter, tuple(rows[header]), (), header + 1, lines, quoted,
        tuple(rows[header + 1 :]), ("",) * len(rows[header]), tuple(notices),
    )  # fmt: skip
    if not any(map(any, source.sample)):
        raise source.refuse("no row of data stands under the header", todo="fetch the file again.")
    return replace(source, columns=_match(source, layout, header))


def _read_head(path: Path, file: str, member: str, layout: Layout) -> list[tuple[str, ...]]:
    """The first rows as the CSV module reads them, cells without outer white space."""
    with path.open("rb") as stream:
        content = stream.read(_HEAD_BYTES)
        is_whole = not stream.read(1)
    text = content.decode("utf-8", errors="ignore").removeprefix("\ufeff")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=layout.delimiter)
    rows: list[tuple[str, ...]] = []
    try:
        for row in reader:
            rows.append(tuple(cell.strip() for cell in row))
            if len(rows) > HEADER_WITHIN + _SAMPLE:
                return rows
    except csv.Error as error:
        raise InputError(
            f"the CSV cannot be parsed: {error}", file=file, sheet=member, row=len(rows) + 1,
            todo="fetch the file again, or have it exported anew.",
        ) from None  # fmt: skip
    rows = rows if is_whole else rows[:-1]
    if not any(map(any, rows)):
        raise InputError("the file holds no text", file=file, sheet=member, todo="fetch it again from the publisher.")
    return rows


def _match(source: Source, layout: Layout, header: int) -> tuple[FoundColumn, ...]:
    """The printed columns with their declarations, matched as in any table."""
    cells = ((),) * header + (source.headings, *(row for row in source.sample if len(row) == source.width))
    page = Page([Grid(source.file, source.member, cells)])
    block = Block(page, layout.table, 1, source.width, header, header, len(cells), {}, "")
    return tuple(match_columns(block))


# --- Parquet ---------------------------------------------------------------------------------------------------------


def _open_parquet(path: Path, file: str, member: str, layout: Layout) -> Source:
    with duckdb.connect() as connection:
        try:
            described = connection.execute(f"DESCRIBE FROM read_parquet({quote_text(str(path))})").fetchall()
            first = connection.execute(f"FROM read_parquet({quote_text(str(path))}) LIMIT 200").fetchall()
        except duckdb.Error as error:
            raise InputError(
                f"the Parquet file cannot be read ({str(error).splitlines()[0]})", file=file, sheet=member,
                todo="fetch it again from the publisher.",
            ) from None  # fmt: skip
    headings = tuple(row[0] for row in described)
    sample = tuple(tuple("" if cell is None else str(cell) for cell in row) for row in first)
    types = tuple("" if row[1] == "VARCHAR" else row[1] for row in described)
    source = Source(file, member, path, "parquet", "", headings, (), 0, 0, False, sample, types)
    if not sample:
        raise source.refuse("the file holds no rows", todo="fetch it again from the publisher.")
    return replace(source, columns=_match(source, layout, 0))


# --- which line a row stands on --------------------------------------------------------------------------------------


def find_gaps(source: Source, staged: int, rejected: list[int]) -> list[int]:
    """Numbers of the rows of the file that are not among the staged rows (blank, or rejected), in order.

    rejected: their lines. A row is a line, unless a quoted cell holds a line break: then rows are counted.
    """
    if source.kind == "parquet":
        return []
    if source.lines - source.skip - staged - len(rejected) in (-1, 0):  # -1: the last line has no end
        return sorted(rejected)
    blank = _find_blank_lines(source)
    if source.lines - source.skip - staged - len(rejected) - len(blank) in (-1, 0) or not source.quoted:
        return sorted({*rejected, *blank})
    return _count_rows(source)


def _find_blank_lines(source: Source) -> list[int]:
    """Lines below the header without any character."""
    with source.path.open("rb") as stream:
        return [n for n, line in enumerate(stream, 1) if n > source.skip and line in (b"\n", b"\r\n")]


def _count_rows(source: Source) -> list[int]:
    """Rows below the header that are blank or have not the header's number of cells, as the CSV module counts rows."""
    found = []
    with source.path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream, delimiter=source.delimiter)
        begun = 0  # the last line of the rows read so far
        try:
            for number, row in enumerate(reader, 1):
                begun = reader.line_num
                if number > source.skip and len(row) != source.width:
                    found.append(number)
        except csv.Error as error:  # a quote that opens and does not close swallows the lines below it
            raise InputError(
                f"the quotes of a cell do not pair ({error})", file=source.file, sheet=source.member, row=begun + 1,
                todo="look for a quote in this row that opens and does not close; fetch the file again.",
            ) from None  # fmt: skip
    return found
