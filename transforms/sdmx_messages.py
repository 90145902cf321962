"""SDMX data messages (SDMX-ML, SDMX-JSON, SDMX-CSV) to one long table of texts. Nothing is interpreted here.

The texts are taken from the bytes of the message: a reader that makes numbers of them loses the printed decimals.
docs/sdmx.md says which forms are read and what each gives. Nothing is fetched, no reference is followed.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, BinaryIO
from xml.etree import ElementTree
from xml.parsers import expat

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from transforms.errors import InputError
from transforms.grid import Grid

TIME, VALUE = "TIME_PERIOD", "OBS_VALUE"
ACTIONS = {"A": "Append", "D": "Delete", "I": "Information", "M": "Merge", "R": "Replace"}
UPDATES = ("Append", "Merge")  # what the message does not hold is left as it was: it may be only the changes
TRUNCATED = ("130", "413", "510")  # SDMX codes for an answer that is too large: whatever came with it is not all
MOST_BYTES = 2 * 2**30
MOST_JSON_BYTES = 2**28  # a JSON message is held in memory whole, at about six times its size
MOST_DEPTH = 64  # no SDMX message nests deeper than a dozen elements
MOST_COMPONENTS = 500
CHUNK = 16_384

_MESSAGE_SPACE = re.compile(r"http://www\.sdmx\.org/resources/sdmxml/schemas/v(\d_\d)/message")
_VERSIONS = {"2_1": "2.1", "3_0": "3.0"}
_XML_FORMS = {
    "GenericData": "generic",
    "GenericTimeSeriesData": "generic",
    "StructureSpecificData": "structure-specific",
    "StructureSpecificTimeSeriesData": "structure-specific",
}
_HEADER_TEXTS = {
    "ID": "id",
    "Test": "test",
    "Prepared": "prepared",
    "DataSetAction": "action",
    "DataSetID": "dataset_id",
    "Extracted": "extracted",
    "Source": "source",
}
# What a DataSet element says of itself, as against the attributes of the data structure.
_SET_ATTRIBUTES = {
    *("action", "structureRef", "dataScope", "setID", "validFromDate", "validToDate", "publicationYear"),
    *("publicationPeriod", "reportingBeginDate", "reportingEndDate"),
}
_CSV_FIRST = re.compile(r'"?(STRUCTURE(?:\[[^\]"]*\])?|DATAFLOW)"?([,;\t|])')
_CSV_COLUMN = re.compile(r"(?P<id>[A-Za-z][\w@$.\-]*)(?:\[[^\]]*\])?(?:: (?P<name>.*))?", re.DOTALL)
_CODE = re.compile(r"[A-Za-z0-9_@$\-]+")
_FETCH = "fetch it again from the publisher."


@dataclass(frozen=True)
class Structure:
    """The components of a data structure definition, each kind in its order."""

    id: str
    dimensions: tuple[str, ...]
    measures: tuple[str, ...]
    attributes: tuple[str, ...]

    @property
    def roles(self) -> dict[str, str]:
        kinds = (("dimension", self.dimensions), ("measure", self.measures), ("attribute", self.attributes))
        return {name: kind for kind, names in kinds for name in names}


@dataclass(frozen=True)
class MessageTable:
    """A data message as one long table: a row for each observation, a column of texts for each component.

    table: dimensions, TIME_PERIOD, OBS_VALUE, attributes; each text as in the message, null where it says nothing.
    STRUCTURE_ID and ACTION stand before them where the message has more than one.
    roles: component -> dimension, measure, attribute, series (on a Series element: a dimension or an attribute),
    unknown, or message (STRUCTURE_ID and ACTION).
    lines: the line of the file on which each observation begins, null where the format has none (JSON).
    labels: component -> code -> name, as far as the message gives names.
    """

    file: str
    format: str
    header: Mapping[str, str]
    table: pa.Table
    lines: pa.Array
    roles: Mapping[str, str]
    labels: Mapping[str, Mapping[str, str]]
    notices: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.table.column_names)

    def locator(self, ordinal: int) -> str:
        """bop.xml!observation 17 (line 345); the ordinal counts from 1."""
        line = self.lines[ordinal - 1].as_py()
        return f"{self.file}!observation {ordinal}{f' (line {line})' if line else ''}"


def read_message(content: bytes, name: str, *, structure: Structure | None = None) -> MessageTable:
    """The observations of a data message, whatever its form; the content decides, not the ending of the name.

    structure (read_structure) says which components there are and what each is: then unknown ones and missing
    dimensions are refused in every form, and the columns stand in the order of the definition.
    Raises InputError for what is no data message, is cut off, deletes data, holds no observation, says itself that it
    is incomplete, or gives one key two values.
    """
    kind = find_kind(content, name)
    rows = _Rows(name, structure)
    if kind == "xml":
        form = _XmlReader(name, rows).read(content)
    elif kind == "json":
        form = _read_json(content, name, rows)
    else:
        form = _read_csv(content, name, rows)
    return rows.finish(form)


def to_grid(message: MessageTable) -> Grid:
    """The table as a grid: row 1 holds the component ids, row n + 1 the n-th observation. '' where nothing is said."""
    columns = [_print_column(message.table[name]) for name in message.columns]
    return Grid(message.file, "", (message.columns, *zip(*columns, strict=True)))


def write_csv(content: bytes, name: str, target: BinaryIO, *, structure: Structure | None = None) -> MessageTable:
    """Write the table as CSV (UTF-8, row 1 the component ids) into the open file target; returns what was read."""
    message = read_message(content, name, structure=structure)
    arrow_csv.write_csv(message.table, target)
    return message


def find_kind(content: bytes, name: str) -> str:
    """'xml', 'json' or 'csv', by how the content begins. Raises InputError for anything else and what is too big."""
    start = content[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start:
        raise InputError("the message is empty", file=name, todo=_FETCH)
    if start.startswith((b"<", b"\xff\xfe<", b"\xfe\xff\x00<")):
        kind = "xml"
    elif start.startswith(b"{"):
        kind = "json"
    elif _CSV_FIRST.match(start.decode("utf-8", "replace")):
        kind = "csv"
    else:
        raise InputError(
            "the file is no SDMX message: it begins neither as XML, nor as JSON, nor with STRUCTURE or DATAFLOW",
            file=name,
            row=1,
            found=start[:40].decode("utf-8", "replace"),
            todo="give it a layout of its own if it is an ordinary table, or " + _FETCH,
        )
    most = MOST_JSON_BYTES if kind == "json" else MOST_BYTES
    if len(content) > most:
        raise InputError(
            f"the message is larger than {most // 2**20} MiB",
            file=name,
            found=f"{len(content) // 2**20} MiB",
            todo="ask the service for a part of it" + (", or for SDMX-CSV." if kind == "json" else "."),
        )
    return kind


# ---------------------------------------------------------------------------------------------------------------------
# The rows, whatever form they came in


@dataclass
class _Group:
    """Attributes of all observations that have these values; key is None where the message does not say which of the
    values are the key (structure-specific XML)."""

    values: dict[str, str]
    key: dict[str, str] | None
    place: str


@dataclass
class _DataSet:
    first: int  # index of its first row
    structure: str = ""
    action: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    groups: list[_Group] = field(default_factory=list)


class _Rows:
    """Collects observations in order and makes the table of them. Memory: a chunk of dicts, the rest as Arrow."""

    def __init__(self, file: str, structure: Structure | None) -> None:
        self.file, self.structure = file, structure
        self.roles: dict[str, str] = {}
        self.known = structure.roles if structure else {}
        self.header: dict[str, str] = {}
        self.labels: dict[str, dict[str, str]] = {}
        self.notices: list[str] = []
        self.said: list[tuple[str, str, str]] = []  # code, severity, text of footers and errors
        self.datasets: list[_DataSet] = []
        self.required: tuple[str, ...] = structure.dimensions if structure else ()
        self.count = 0
        self._pending: list[dict[str, str]] = []
        self._lines: list[int | None] = []
        self._chunks: list[dict[str, pa.Array]] = []
        self._line_chunks: list[pa.Array] = []

    def refuse(self, problem: str, *, line: int | None = None, found: str | None = None, todo: str = "") -> InputError:
        return InputError(problem, file=self.file, row=line, found=found, todo=todo or _FETCH)

    def begin(self, structure: str, action: str, line: int | None = None) -> _DataSet:
        """A new data set. Deletions are refused: they are no figures, and we keep no store to delete from."""
        if action == "Delete":
            raise self.refuse(
                "the message tells to delete data; it holds no figures of its own there",
                line=line,
                found="action Delete",
                todo="ask the service for the data as they are now (without updatedAfter or includeHistory).",
            )
        self.datasets.append(_DataSet(self.count, structure, action))
        return self.datasets[-1]

    def declare(self, name: str, role: str, line: int | None = None) -> None:
        """Note a component when it is first met, with what it is as far as the message tells."""
        if self.known and name not in self.known:
            raise self.refuse(
                f"{name} is no component of the data structure {self.structure.id if self.structure else ''}",
                line=line,
                found=name,
                todo="give the structure message that belongs to these data.",
            )
        if len(self.roles) >= MOST_COMPONENTS:
            raise self.refuse(f"the message has more than {MOST_COMPONENTS} components", line=line)
        self.roles[name] = self.known.get(name, role)

    def add(self, parts: Sequence[dict[str, str]], line: int | None, place: str = "") -> None:
        """One observation, from what is said of the data set, the series and the observation itself."""
        row: dict[str, str] = {}
        for part in parts:
            row.update(part)
        if len(row) < sum(map(len, parts)):
            self._check_repeated(parts, line, place)
        for name in self.required:
            if not row.get(name):
                raise self.refuse(
                    f"{place or 'the observation'} has no value for the dimension {name}",
                    line=line,
                    found=", ".join(f"{key}={text}" for key, text in row.items())[:200],
                )
        self._pending.append(row)
        self._lines.append(line)
        self.count += 1
        if len(self._pending) >= CHUNK:
            self._flush()

    def _check_repeated(self, parts: Sequence[dict[str, str]], line: int | None, place: str) -> None:
        for upper in range(len(parts)):
            for lower in range(upper + 1, len(parts)):
                for name in parts[upper].keys() & parts[lower].keys():
                    if parts[upper][name] != parts[lower][name]:
                        raise self.refuse(
                            f"{place or 'the observation'} has two values for {name}",
                            line=line,
                            found=f"{parts[upper][name]} and {parts[lower][name]}",
                        )

    def _flush(self) -> None:
        names = dict.fromkeys(name for row in self._pending for name in row)
        self._chunks.append({n: pa.array([row.get(n) for row in self._pending], pa.string()) for n in names})
        self._line_chunks.append(pa.array(self._lines, pa.int64()))
        self._pending, self._lines = [], []

    def finish(self, form: str) -> MessageTable:
        self._heed_said()
        if not self.count:
            texts = "; ".join(text for _, _, text in self.said if text)
            raise self.refuse(
                "the message holds no observation" + (f"; the service says: {texts}" if texts else ""),
                todo="ask the service for keys and periods that have data.",
            )
        self._flush()
        sizes = [len(lines) for lines in self._line_chunks]
        columns = {}
        for name in self.roles:
            chunks = [c.get(name, pa.nulls(n, pa.string())) for c, n in zip(self._chunks, sizes, strict=True)]
            columns[name] = pa.chunked_array(chunks, pa.string())
        self._chunks = []
        self._spread_groups(columns)
        table = pa.table({name: columns[name] for name in self._order()})
        table = self._add_sets(table)
        lines = pa.concat_arrays(self._line_chunks)
        self._check_keys(table, lines)
        self._note_sets()
        notices = tuple(dict.fromkeys(self.notices))
        roles = {name: self.roles.get(name, "message") for name in table.column_names}
        return MessageTable(self.file, form, self.header, table, lines, roles, self.labels, notices)

    def split_labels(self) -> None:
        """Cells written "code: name" become codes, column by column: one is split only if all its cells have that form
        and each code has one name. A text with a colon in it stays whole unless it looks like a code throughout."""
        self._flush()
        for name in (n for n, role in self.roles.items() if role != "measure"):
            chunks = [chunk for chunk in self._chunks if name in chunk]
            texts = {t for chunk in chunks for t in chunk[name].unique().to_pylist() if t is not None}
            parts = {text: text.partition(": ") for text in texts}
            named = {(code, label) for code, mark, label in parts.values() if mark and _CODE.fullmatch(code)}
            if not texts or len(named) < len(texts) or len({code for code, _ in named}) < len(named):
                continue
            self.labels.setdefault(name, {}).update(named)
            for chunk in chunks:
                codes = [text if text is None else parts[text][0] for text in chunk[name].to_pylist()]
                chunk[name] = pa.array(codes, pa.string())

    def _heed_said(self) -> None:
        """Footers: an error, or an answer that was cut because it was too large, is refused; the rest are notices."""
        for code, severity, text in self.said:
            label = f"{severity or 'message'}{f' {code}' if code else ''}: {text}"
            if severity == "Error" or code in TRUNCATED:
                raise self.refuse(
                    "the service says that the answer failed or is not complete",
                    found=label,
                    todo="ask for less at a time (fewer keys or periods), or for what exists, and fetch again.",
                )
            self.notices.append(f"the service says: {label}")

    def _order(self) -> list[str]:
        """Dimensions, TIME_PERIOD, measures, attributes; components of unknown kind where the message has them."""
        if self.structure:
            wanted = [*self.structure.dimensions, *self.structure.measures, *self.structure.attributes]
            return [name for name in wanted if name in self.roles]
        ranks = {"dimension": 0, "series": 0, "unknown": 0, "measure": 2, "attribute": 3}
        if "unknown" in self.roles.values():
            return list(self.roles)
        return sorted(self.roles, key=lambda name: 1 if name == TIME else ranks[self.roles[name]])

    def _spread_groups(self, columns: dict[str, pa.ChunkedArray]) -> None:
        """Write the attributes of groups into the rows they describe, never over another text."""
        ends = [dataset.first for dataset in self.datasets[1:]] + [self.count]
        for dataset, end in zip(self.datasets, ends, strict=True):
            first, size = dataset.first, end - dataset.first
            if not dataset.groups or not size:
                continue
            full = {n for n, c in columns.items() if c.slice(first, size).null_count == 0}
            by_key: dict[tuple[str, ...], list[tuple[dict[str, str], dict[str, str], str]]] = {}
            for group in dataset.groups:
                key = group.key
                if key is None:  # a dimension has a value at every observation; the rest of the group are attributes
                    dimensions = {n for n, role in self.known.items() if role == "dimension"} if self.known else full
                    key = {n: text for n, text in group.values.items() if n in dimensions}
                given = {n: text for n, text in group.values.items() if n not in key}
                by_key.setdefault(tuple(sorted(key)), []).append((key, given, group.place))
            for names, groups in by_key.items():
                self._spread(columns, names, groups, first, size)

    def _spread(
        self,
        columns: dict[str, pa.ChunkedArray],
        names: tuple[str, ...],
        groups: list[tuple[dict[str, str], dict[str, str], str]],
        first: int,
        size: int,
    ) -> None:
        if any(name not in columns for name in names):
            self.notices.extend(f"{place} describes no observation of the message" for _, _, place in groups)
            return
        keys: list[tuple[str, ...]] = [()] * size
        if names:
            keys = list(zip(*(columns[n].slice(first, size).to_pylist() for n in names), strict=True))
        places: dict[tuple[str, ...], list[int]] = {}
        for index, key in enumerate(keys):
            places.setdefault(key, []).append(index)
        texts: dict[str, list[str | None]] = {}
        for described, given, place in groups:
            rows = places.get(tuple(described[n] for n in names), [])
            if not rows and given:
                listed = ", ".join(f"{n}={text}" for n, text in given.items())
                self.notices.append(f"{place} describes no observation of the message; left out: {listed}")
            for name, text in given.items():
                if name not in self.roles:
                    self.declare(name, "attribute")
                    columns[name] = pa.chunked_array([pa.nulls(self.count, pa.string())])
                if name not in texts:
                    texts[name] = columns[name].slice(first, size).to_pylist()
                for row in rows:
                    if texts[name][row] not in (None, text):
                        raise self.refuse(
                            f"observation {first + row + 1} has two values for {name}: its own and that of {place}",
                            found=f"{texts[name][row]} and {text}",
                        )
                    texts[name][row] = text
        for name, written in texts.items():
            self.roles[name] = self.known.get(name, "attribute")
            before, after = columns[name].slice(0, first), columns[name].slice(first + size)
            columns[name] = pa.chunked_array([*before.chunks, pa.array(written, pa.string()), *after.chunks])

    def _add_sets(self, table: pa.Table) -> pa.Table:
        """STRUCTURE_ID and ACTION in front, each where the message has more than one."""
        ends = [dataset.first for dataset in self.datasets[1:]] + [self.count]
        position = 0
        for title, of in (("STRUCTURE_ID", "structure"), ("ACTION", "action")):
            texts = [getattr(dataset, of) for dataset in self.datasets]
            used = {text for text, d, end in zip(texts, self.datasets, ends, strict=True) if end > d.first}
            if len(used) > 1:
                column = [
                    text for text, d, e in zip(texts, self.datasets, ends, strict=True) for _ in range(e - d.first)
                ]
                table = table.add_column(position, title, pa.array(column, pa.string()))
                position += 1
        return table

    def _check_keys(self, table: pa.Table, lines: pa.Array) -> None:
        """Two observations may not have the same key. Where the message does not say which components are dimensions,
        the key is everything but the measures: figures that differ in an attribute too are left to the layout."""
        keys = [n for n in table.column_names if self.roles.get(n) not in ("measure", "attribute") and n != "ACTION"]
        found = _find_repeated([table[n] for n in keys])
        if not found:
            return
        first, second, more = found
        measures = [n for n in table.column_names if self.roles.get(n) == "measure"]
        values = " and ".join(
            ", ".join(str(table[n][row].as_py()) for n in measures) or "no value" for row in (first, second)
        )
        key = ", ".join(f"{n}={table[n][first].as_py()}" for n in keys if table[n][first].as_py() is not None)
        raise self.refuse(
            f"observations {first + 1} and {second + 1} have the same key: {key}"
            + (f" (and {more} more observations repeat a key)" if more else ""),
            line=lines[second].as_py(),
            found=values,
            todo="ask the service for one version of the data, or have the publisher say which one holds.",
        )

    def _note_sets(self) -> None:
        for title, of in (("structure", "structure"), ("action", "action")):
            texts = dict.fromkeys(getattr(dataset, of) for dataset in self.datasets)
            self.header[title] = "; ".join(text for text in texts if text) or self.header.get(title, "")
        self.header["datasets"] = str(len(self.datasets))
        if self.header.get("test") == "true":
            self.notices.append("the message says that it is a test")
        for action in UPDATES:
            if any(dataset.action == action for dataset in self.datasets):
                self.notices.append(f"the message says {action}: it may hold only what changed since an earlier one")


def _find_repeated(columns: Sequence[pa.ChunkedArray]) -> tuple[int, int, int] | None:
    """The first two rows (from 0) with the same texts in all columns, and how many further rows repeat one.

    The texts are numbered and the numbers packed into one integer for each row: a tenth of the memory of a grouping.
    """
    packed = np.zeros(len(columns[0]), np.int64)
    size = 1
    for column in columns:
        coded = column.combine_chunks().dictionary_encode()
        texts = len(coded.dictionary) + 1  # one for null
        if size * texts >= 2**62:
            known, packed = np.unique(packed, return_inverse=True)
            size = len(known)
        numbers = coded.indices.fill_null(texts - 1).to_numpy(zero_copy_only=False)
        packed = packed * texts + numbers
        size *= texts
    order = np.argsort(packed, kind="stable")
    repeats = np.flatnonzero(packed[order][1:] == packed[order][:-1])
    if not len(repeats):
        return None
    place = repeats[np.argmin(order[repeats + 1])]
    return int(order[place]), int(order[place + 1]), len(repeats) - 1


def _print_column(column: pa.ChunkedArray) -> list[str]:
    """The texts of a column, '' for null, outer white space off; equal texts are one object, which saves memory."""
    coded = column.combine_chunks().dictionary_encode()
    texts = [text.strip() for text in coded.dictionary.to_pylist()]
    return ["" if index is None else texts[index] for index in coded.indices.to_pylist()]


# ---------------------------------------------------------------------------------------------------------------------
# SDMX-ML


def _make_parser(file: str) -> expat.XMLParserType:
    """An XML parser that knows no document types and so no entities of the message's own, inner or outer."""

    def refuse_doctype(doctype: str, *_: object) -> None:
        if doctype.lower() == "html":
            raise _web_page(file)
        raise InputError(
            "the XML declares a document type (DOCTYPE); SDMX messages have none and it is not followed",
            file=file,
            row=parser.CurrentLineNumber,
            found=doctype,
            todo="fetch the message from the publisher's own service.",
        )

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = refuse_doctype
    parser.buffer_text = True
    return parser


def _web_page(file: str) -> InputError:
    return InputError(
        "the file is a web page (HTML) and no SDMX message; services answer so when they fail",
        file=file,
        todo="open it in a browser to see what the service says, and fetch again.",
    )


def _parse(parser: expat.XMLParserType, content: bytes, file: str) -> None:
    view = memoryview(content)
    try:
        for start in range(0, len(view), 2**20):
            parser.Parse(view[start : start + 2**20], False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise InputError(
            f"the XML is broken or cut off ({expat.errors.messages.get(error.code, 'unreadable')})",
            file=file,
            row=error.lineno,
            todo="fetch it again and compare its size with what the server announced.",
        ) from None
    except (LookupError, ValueError) as error:  # an encoding that the parser does not know
        raise InputError(f"the XML cannot be read: {error}", file=file, todo=_FETCH) from None


def _split(tag: str) -> tuple[str, str]:
    space, _, local = tag.rpartition(" ")
    return space, local


def _name_reference(attributes: Mapping[str, str]) -> str:
    """AGENCY:ID(VERSION), as SDMX-CSV names a structure."""
    agency, version = attributes.get("agencyID", ""), attributes.get("version", "")
    return f"{f'{agency}:' if agency else ''}{attributes.get('id', '')}{f'({version})' if version else ''}"


def _name_urn(urn: str) -> str:
    return urn.strip().rpartition("=")[2]


class _XmlReader:
    """Walks through a data message once. Texts of attributes are as printed but for line breaks (the rule of XML)."""

    def __init__(self, file: str, rows: _Rows) -> None:
        self.file, self.rows = file, rows
        self.parser = _make_parser(file)
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._keep_text
        self.path: list[str] = []
        self.version = self.form = ""
        self.structures: dict[str, tuple[str, str]] = {}  # id in the message -> structure, dimension at observation
        self.reference = ("", "", "")  # of the header's structure being read: id, dimension at observation, name
        self.text: list[str] | None = None
        self.dataset: _DataSet | None = None
        self.at_observation = ""
        self.series: dict[str, str] = {}
        self.before = 0  # observations read before this series
        self.observation: dict[str, str] = {}
        self.group: dict[str, str] = {}
        self.group_key: dict[str, str] = {}
        self.line = 0
        self.component, self.parts = "", [""]
        self.skipping = 0
        self.error = ("", "")

    def read(self, content: bytes) -> str:
        _parse(self.parser, content, self.file)
        return f"SDMX-ML {self.version} {self.form}"

    def _refuse(self, problem: str, found: str | None = None, todo: str = "") -> InputError:
        return self.rows.refuse(problem, line=self.parser.CurrentLineNumber, found=found, todo=todo)

    # elements

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        space, local = _split(tag)
        self.path.append(local)
        if len(self.path) > MOST_DEPTH:
            raise self._refuse(f"the XML nests deeper than {MOST_DEPTH} elements")
        if len(self.path) == 1:
            self._check_root(space, local)
        elif self.skipping or local == "Annotations":
            self.skipping += 1
            if self.skipping == 1 and self.dataset:
                self.rows.notices.append("annotations of the message are left out")
        elif self.path[1] in ("Footer", "ErrorMessage"):
            self._start_said(local, attributes)
        elif self.path[1] == "Header":
            self._start_header(local, attributes)
        elif self.path[1] == "DataSet":
            if len(self.path) == 2:
                self._start_dataset(attributes)
            elif self.form == "generic":
                if not space.endswith("/data/generic"):
                    raise self._refuse("an element of the data set has the wrong namespace", f"{space} {local}")
                self._start_generic(local, attributes)
            else:
                self._start_specific(local, attributes)

    def _end(self, tag: str) -> None:
        local = self.path.pop()
        text = "".join(self.text or ()).strip()
        self.text = None
        if self.skipping:
            self.skipping -= 1
        elif not self.path:
            return
        elif self.path[-1] == "Header" and local in _HEADER_TEXTS:
            self.rows.header[_HEADER_TEXTS[local]] = text
        elif "Header" in self.path:
            self._end_header(local, text)
        elif local == "Text" and {"Footer", "ErrorMessage"} & set(self.path):
            self.rows.said.append((*self.error, text))
        elif self.dataset and len(self.path) > 1:
            self._end_data(local, text)

    def _keep_text(self, text: str) -> None:
        if self.text is not None:
            self.text.append(text)

    def _check_root(self, space: str, local: str) -> None:
        found = _MESSAGE_SPACE.fullmatch(space)
        if local.lower() == "html":
            raise _web_page(self.file)
        if not found or found[1] not in _VERSIONS:
            raise self._refuse(
                "the XML is no SDMX-ML 2.1 or 3.0 message: its root has another namespace",
                f"{space} {local}".strip(),
                "ask the service for SDMX-ML 2.1 or 3.0, SDMX-JSON or SDMX-CSV.",
            )
        self.version = _VERSIONS[found[1]]
        if local == "Structure":
            raise _refuse_structure(self.file)
        if local not in _XML_FORMS and local != "Error":
            raise self._refuse("the SDMX-ML message is no data message", local, "ask the service for data.")
        self.form = _XML_FORMS.get(local, "error")

    def _start_said(self, local: str, attributes: dict[str, str]) -> None:
        if local in ("Message", "ErrorMessage"):
            severity = "Error" if local == "ErrorMessage" else attributes.get("severity", "")
            self.error = (attributes.get("code", ""), severity)
        self.text = [] if local == "Text" else None

    def _start_header(self, local: str, attributes: dict[str, str]) -> None:
        if local in ("Sender", "Receiver") and len(self.path) == 3:
            self.rows.header[local.lower()] = attributes.get("id", "")
        elif local == "Structure" and len(self.path) == 3:
            self.reference = (attributes.get("structureID", ""), attributes.get("dimensionAtObservation", ""), "")
        elif local == "Ref" and self.path[2] == "Structure":
            self.reference = (*self.reference[:2], _name_reference(attributes))
        self.text = []

    def _end_header(self, local: str, text: str) -> None:
        if len(self.path) > 2 and self.path[2] == "Structure" and text.startswith("urn:"):
            self.reference = (*self.reference[:2], _name_urn(text))
        elif self.path[-1] == "Header" and local == "Structure":
            self.structures[self.reference[0]] = (self.reference[2], self.reference[1])

    def _start_dataset(self, attributes: dict[str, str]) -> None:
        plain = {_split(name)[1]: text for name, text in attributes.items()}
        known = self.structures.get(plain.get("structureRef", ""))
        if not known and len(self.structures) == 1:
            known = next(iter(self.structures.values()))
        name, self.at_observation = known or ("", "")
        action = plain.get("action") or self.rows.header.get("action", "")
        self.dataset = self.rows.begin(name, action.capitalize(), self.parser.CurrentLineNumber)
        if self.form != "generic":
            for key, text in attributes.items():
                if " " not in key and key not in _SET_ATTRIBUTES:
                    self._give(self.dataset.attributes, key, text, "attribute")
        if self.form == "generic" and not self.rows.known:
            self.rows.required = ()
        elif not self.rows.known and self.at_observation and self.at_observation != "AllDimensions":
            self.rows.required = (self.at_observation,)

    def _give(self, target: dict[str, str], name: str, text: str, role: str) -> None:
        if name not in self.rows.roles:
            self.rows.declare(name, role, self.parser.CurrentLineNumber)
        if target.get(name, text) != text:
            raise self._refuse(f"two values for {name} in one place", f"{target[name]} and {text}")
        target[name] = text

    def _start_generic(self, local: str, attributes: dict[str, str]) -> None:
        parent = self.path[-2]
        if local == "Series":
            self.series, self.before = {}, self.rows.count
        elif local == "Group":
            self.group, self.group_key, self.line = {}, {}, self.parser.CurrentLineNumber
        elif local == "Obs":
            self.observation, self.line = {}, self.parser.CurrentLineNumber
        elif local == "ObsDimension":
            name = attributes.get("id") or self.at_observation or TIME
            self._give(self.observation, name, attributes.get("value", ""), "dimension")
        elif local == "ObsValue":
            self._give(self.observation, attributes.get("id", VALUE), attributes.get("value", ""), "measure")
        elif local == "Value":
            name, text = attributes.get("id", ""), attributes.get("value", "")
            if not name:
                raise self._refuse("a value does not say of which component it is", text)
            if parent == "SeriesKey":
                self._give(self.series, name, text, "dimension")
            elif parent == "ObsKey":
                self._give(self.observation, name, text, "dimension")
            elif parent == "GroupKey":
                self.group_key[name] = text  # declared by the observations, in the order of their keys
            elif parent == "Attributes":
                self._give(self._find_bearer(self.path[-3]), name, text, "attribute")
        elif local not in ("SeriesKey", "ObsKey", "GroupKey", "Attributes", "DataProvider"):
            raise self._refuse("an element of the data set is not known", local)

    def _find_bearer(self, element: str) -> dict[str, str]:
        if element in ("Group", "Atts"):
            return self.group
        if element == "DataSet" and self.dataset:
            return self.dataset.attributes
        return self.series if element == "Series" else self.observation

    def _start_specific(self, local: str, attributes: dict[str, str]) -> None:
        if local in ("Series", "Obs", "Group", "Atts"):
            self.line = self.parser.CurrentLineNumber
            # in a series only the dimension at the observation is left; what else an Obs says are attributes
            role = "series" if local == "Series" else "attribute" if self.path[-2] == "Series" else "unknown"
            target: dict[str, str] = {}
            if local == "Series":
                self.series, self.before = target, self.rows.count
            elif local == "Obs":
                self.observation = target
            else:
                self.group = target
            for name, text in attributes.items():
                if local in ("Group", "Atts"):
                    if " " not in name and name != "type":
                        target[name] = text
                elif " " not in name:
                    at = "dimension" if name in (self.at_observation, TIME) else role
                    self._give(target, name, text, "measure" if name == VALUE else at)
                elif name.endswith(" type") and local == "Obs" and self.at_observation not in ("", "AllDimensions"):
                    # the type of an observation is its dimension's value, where each value is a measure of its own
                    self._give(target, self.at_observation, text.rpartition(":")[2], "dimension")
        elif local == "Comp":
            self.component, self.parts = attributes.get("id", ""), []
        elif local in ("Value", "Text", "StructuredText"):
            language = next((text for name, text in attributes.items() if name.endswith(" lang")), "")
            self.text = [f"{language}:"] if language else []
        elif self.path[-2] != "DataProvider" and local not in ("DataProvider", "Ref", "URN"):
            raise self._refuse("an element of the data set is not known", local)

    def _end_data(self, local: str, text: str) -> None:
        if local == "Obs":
            self._add_observation()
        elif local == "Series":
            if self.rows.count == self.before:
                listed = ", ".join(f"{name}={said}" for name, said in self.series.items())
                self.rows.notices.append(f"the series {listed} has no observation and is left out")
            self.series = {}
        elif local in ("Group", "Atts"):
            self._add_group(local)
        elif local in ("Value", "Text", "StructuredText") and "Comp" in self.path and text:
            self.parts.append(text)
        elif local == "Comp":
            bearer = self.path[-1]
            role = "series" if bearer == "Series" else "attribute"
            if bearer in ("Group", "Atts"):
                self.group[self.component] = ";".join(self.parts)
            else:
                self._give(self._find_bearer(bearer), self.component, ";".join(self.parts), role)

    def _add_observation(self) -> None:
        rows = self.rows
        if self.form == "generic" and not rows.known:
            key = [n for n in (*self.series, *self.observation) if rows.roles[n] == "dimension"]
            if not rows.required:
                rows.required = tuple(key)
            for name in key:
                if name not in rows.required:
                    raise self._refuse(f"{name} is no dimension of the observations before", name)
        rows.add((self.series, self.observation, self.dataset.attributes if self.dataset else {}), self.line)
        self.observation = {}

    def _add_group(self, local: str) -> None:
        place = f"{'group' if local == 'Group' else 'attributes'} on line {self.line}"
        key = self.group_key if self.form == "generic" else None
        if self.dataset:
            self.dataset.groups.append(_Group({**(key or {}), **self.group}, key, place))
        self.group, self.group_key = {}, {}


def _refuse_structure(file: str) -> InputError:
    return InputError(
        "the message describes structures (code lists, data structures) and holds no data",
        file=file,
        todo="fetch the data message of the dataflow; code lists can be read from this one (read_codes).",
    )


# ---------------------------------------------------------------------------------------------------------------------
# SDMX-JSON


def _load_json(content: bytes, file: str) -> dict[str, Any]:
    """The object of a JSON text, its numbers as printed. Repeated keys are refused: only the last would be kept."""

    def make_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            seen: set[str] = set()
            twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
            raise InputError("two values for one key of the JSON", file=file, found=twice, todo=_FETCH)
        return made

    try:
        found = json.loads(
            content.decode("utf-8-sig"),
            parse_float=str,
            parse_int=str,
            parse_constant=str,
            object_pairs_hook=make_object,
        )
    except json.JSONDecodeError as error:
        raise InputError(
            f"the JSON is broken or cut off ({error.msg})",
            file=file,
            row=error.lineno,
            todo="fetch it again and compare its size with what the server announced.",
        ) from None
    except UnicodeDecodeError:
        raise InputError("the JSON is not UTF-8", file=file, todo=_FETCH) from None
    except RecursionError:
        raise InputError("the JSON nests too deep to be an SDMX message", file=file, todo=_FETCH) from None
    if not isinstance(found, dict):
        raise InputError("the JSON is no object", file=file, todo=_FETCH)
    return found


def _print_json(value: Any) -> str | None:
    """A value as text: several joined by ';', texts in languages as en:...;fr:... (the writing of SDMX-CSV 2.0)."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return ";".join(f"{language}:{_print_json(text) or ''}" for language, text in value.items())
    return ";".join(_print_json(part) or "" for part in value)


@dataclass
class _Component:
    """A component of an SDMX-JSON structure; values is None where the data give the texts themselves."""

    id: str
    values: list[str] | None
    default: str | None
    position: int

    def read(self, given: Any, refuse: Callable[[str, str], InputError]) -> str | None:
        if given is None:
            return self.default
        if self.values is None:
            return _print_json(given)
        if isinstance(given, list):
            return ";".join(self.read(part, refuse) or "" for part in given)
        if not (isinstance(given, str) and given.isdecimal() and int(given) < len(self.values)):
            raise refuse(f"{self.id} has no value with this index (there are {len(self.values)})", str(given))
        return self.values[int(given)]


class _JsonStructure:
    """The components of one structure of a message, by level, and how their indexes are read."""

    LEVELS = ("dataSet", "dimensionGroup", "series", "observation")

    def __init__(self, raw: dict[str, Any], rows: _Rows) -> None:
        self.rows = rows
        links = raw.get("links") or []
        urn = next((link.get("urn") for link in links if isinstance(link, dict) and link.get("urn")), "")
        self.name = _name_urn(urn or "")
        self.dimensions = self._read_kind(raw, "dimensions", "dimension")
        self.measures = self._read_kind(raw, "measures", "measure")["observation"]
        if "measures" not in raw:  # the form before SDMX 3.0
            rows.declare(VALUE, "measure")
            self.measures = [_Component(VALUE, None, None, 0)]
        self.attributes = self._read_kind(raw, "attributes", "attribute")
        self.annotated = bool(raw.get("annotations"))
        ordered = [c for level in self.LEVELS for c in self.dimensions[level]]
        self.ordered = sorted(ordered, key=lambda c: c.position)
        if not rows.known:
            rows.required = tuple(c.id for c in self.ordered)

    def _read_kind(self, raw: dict[str, Any], kind: str, role: str) -> dict[str, list[_Component]]:
        levels = raw.get(kind) or {}
        read: dict[str, list[_Component]] = {level: [] for level in self.LEVELS}
        for level, components in levels.items():
            if level not in read:
                raise self.rows.refuse(f"the structure has {kind} on an unknown level", found=level)
            for component in components:
                read[level].append(self._read_component(component, role))
        if role == "dimension":
            for component in sorted((c for level in read.values() for c in level), key=lambda c: c.position):
                self.rows.declare(component.id, role)
        return read

    def _read_component(self, raw: dict[str, Any], role: str) -> _Component:
        name = raw["id"]
        if role != "dimension":
            self.rows.declare(name, role)
        values: list[str] | None = None
        if "values" in raw:
            values = []
            for entry in raw["values"] or []:
                # an entry is coded (id), or is the text itself: value, values, or in version 1.0 its name
                text = next((entry[k] for k in ("id", "value", "values", "name", "names") if k in entry), None)
                values.append(_print_json(text) or "")
                label = entry.get("name") or next(iter((entry.get("names") or {}).values()), "")
                if "id" in entry and label:
                    self.rows.labels.setdefault(name, {})[entry["id"]] = label
        position = raw.get("keyPosition")
        return _Component(
            name, values, _print_json(raw.get("default")), int(position) if position is not None else 2**16
        )

    def read_key(self, key: str, dimensions: Sequence[_Component], place: str) -> dict[str, str]:
        """The dimensions behind a key of indexes; an empty index (of a dimension group) gives none."""
        indexes = key.split(":") if key else []
        if len(indexes) != len(dimensions):
            raise self.rows.refuse(
                f"{place}: the key has {len(indexes)} indexes for the {len(dimensions)} dimensions "
                + ", ".join(d.id for d in dimensions),
                found=key,
            )
        pairs = zip(dimensions, indexes, strict=True)
        return {d.id: d.read(index, self._refuse_at(place)) or "" for d, index in pairs if index}

    def read_values(self, given: Any, components: Sequence[_Component], place: str) -> dict[str, str]:
        """Values by their order. More values than components are indexes of annotations, or refused."""
        values = given or []
        if not isinstance(values, list):
            raise self.rows.refuse(f"{place}: the values are no list", found=str(values)[:80])
        if len(values) > len(components) and not self.annotated:
            raise self.rows.refuse(
                f"{place}: {len(values)} values for the {len(components)} components "
                + ", ".join(c.id for c in components),
                found=", ".join(map(str, values))[:80],
            )
        read = {}
        for place_in_list, component in enumerate(components):
            value = values[place_in_list] if place_in_list < len(values) else None
            text = component.read(value, self._refuse_at(place))
            if text is not None:
                read[component.id] = text
        return read

    def _refuse_at(self, place: str) -> Callable[[str, str], InputError]:
        return lambda problem, found: self.rows.refuse(f"{place}: {problem}", found=found)


def _read_json(content: bytes, file: str, rows: _Rows) -> str:
    raw = _load_json(content, file)
    try:
        return _walk_json(raw, file, rows)
    except (AttributeError, KeyError, TypeError, IndexError, ValueError) as error:
        raise InputError(
            "the JSON has not the form of an SDMX-JSON data message",
            file=file,
            found=f"{type(error).__name__}: {error}",
            todo="ask the service for SDMX-JSON 1.0 or 2.0, SDMX-ML or SDMX-CSV.",
        ) from None


def _walk_json(raw: dict[str, Any], file: str, rows: _Rows) -> str:
    header = raw.get("meta") or raw.get("header") or {}
    data = raw.get("data") or raw  # the first form of version 1.0 has structure and dataSets at the top
    for key in ("id", "prepared"):
        rows.header[key] = header.get(key) or ""
    rows.header["test"] = _print_json(header.get("test")) or ""
    rows.header["sender"] = (header.get("sender") or {}).get("id") or ""
    for error in raw.get("errors") or []:
        said = error if isinstance(error, dict) else {"title": str(error)}
        text = next((said[k] for k in ("detail", "title", "message") if said.get(k)), "")
        rows.said.append((str(said.get("code", "")), "Error", _print_json(text) or ""))
    if "dataSets" not in data:
        if any(kind in data for kind in ("codelists", "dataStructures", "dataflows", "conceptSchemes")):
            raise _refuse_structure(file)
        if rows.said:
            return "SDMX-JSON"
        raise rows.refuse("the JSON has no dataSets", found=", ".join(list(raw)[:8]))
    new = "structures" in data
    described = data["structures"] if new else [data["structure"]]
    structures: dict[int, _JsonStructure] = {}
    for number, dataset in enumerate(data["dataSets"] or []):
        which = int(dataset.get("structure") or 0) if new else 0
        if not 0 <= which < len(described):
            raise rows.refuse(f"dataSets[{number}] has no structure with this index", found=str(which))
        if which not in structures:
            structures[which] = _JsonStructure(described[which], rows)
        if not rows.known:
            rows.required = tuple(c.id for c in structures[which].ordered)
        _read_json_dataset(dataset, f"dataSets[{number}]", structures[which], rows)
    return f"SDMX-JSON {'2.0' if new else '1.0'}"


def _read_json_dataset(raw: dict[str, Any], place: str, structure: _JsonStructure, rows: _Rows) -> None:
    dataset = rows.begin(structure.name, (raw.get("action") or "").capitalize())
    dimensions, attributes = structure.dimensions, structure.attributes
    above = structure.read_key(":".join("0" for _ in dimensions["dataSet"]), dimensions["dataSet"], place)
    dataset.attributes = structure.read_values(raw.get("attributes"), attributes["dataSet"], place)
    for key, given in (raw.get("dimensionGroupAttributes") or {}).items():
        where = f"{place}, dimension group {key!r}"
        group_key = structure.read_key(key, structure.ordered, where)
        values = structure.read_values(given, attributes["dimensionGroup"], where)
        dataset.groups.append(_Group({**group_key, **values}, group_key, where))
    components = [*structure.measures, *attributes["observation"]]

    def add_all(observations: Mapping[str, Any], series: dict[str, str], where: str) -> None:
        for key, given in observations.items():
            spot = f"{where}, observation {key!r}"
            keyed = structure.read_key(key, dimensions["observation"], spot)
            values = structure.read_values(given, components, spot)
            rows.add((above, series, keyed, values, dataset.attributes), None, spot)

    for key, series in (raw.get("series") or {}).items():
        where = f"{place}, series {key!r}"
        described = structure.read_key(key, dimensions["series"], where)
        described |= structure.read_values(series.get("attributes"), attributes["series"], where)
        if not series.get("observations"):
            rows.notices.append(f"{where} has no observation and is left out")
        add_all(series.get("observations") or {}, described, where)
    add_all(raw.get("observations") or {}, {}, place)


# ---------------------------------------------------------------------------------------------------------------------
# SDMX-CSV


@dataclass
class _CsvHeader:
    version: str
    fixed: dict[str, int]  # STRUCTURE_ID or DATAFLOW, and ACTION -> index of its column
    columns: dict[str, int]  # component -> index
    names: dict[str, int]  # component -> index of the column with the names of its codes
    both: bool  # cells are written "code: name"


def _read_csv(content: bytes, file: str, rows: _Rows) -> str:
    first = _CSV_FIRST.match(content[:4096].decode("utf-8-sig", "replace").lstrip())
    assert first  # find_kind has seen it
    # decoded as it is read: a text of the whole file takes up to five times the size of the file
    stream = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline="")
    lines = _iterate_csv(csv.reader(stream, delimiter=first[2], strict=True), content, rows)
    head, _ = next(lines)
    header = _read_csv_header(head, rows)
    for name in header.columns:
        rows.declare(name, "measure" if name == VALUE else "dimension" if name == TIME else "unknown", 1)
    labels: dict[str, dict[str, set[str]]] = {name: {} for name in header.names}
    state: tuple[str, str] | None = None
    for cells, line in lines:
        if len(cells) != len(head):
            raise rows.refuse(
                f"the row has {len(cells)} cells for {len(head)} columns", line=line, found=", ".join(cells)[:120]
            )
        now = _read_csv_state(cells, header, rows, line)
        if now != state:
            rows.begin(*now, line)
            state = now
        _add_csv_row({n: cells[i] for n, i in header.columns.items() if cells[i]}, rows, line)
        for name, index in header.names.items():
            if cells[index] and cells[header.columns[name]]:
                labels[name].setdefault(cells[header.columns[name]], set()).add(cells[index])
    rows.labels.update({n: {c: min(texts) for c, texts in given.items()} for n, given in labels.items() if given})
    if header.both:
        rows.split_labels()
    return f"SDMX-CSV {header.version}"


def _iterate_csv(reader: Any, content: bytes, rows: _Rows) -> Iterator[tuple[list[str], int]]:
    """Rows that are not blank, each with the line on which it begins."""
    line = 1
    try:
        for cells in reader:
            if cells:
                yield cells, line
            line = reader.line_num + 1
    except csv.Error as error:
        raise rows.refuse(f"the CSV cannot be parsed: {error}", line=line) from None
    except UnicodeDecodeError:
        bad = _find_undecodable(content)
        raise rows.refuse(
            "the SDMX-CSV is not UTF-8", line=content[:bad].count(b"\n") + 1, found=content[bad : bad + 8].hex(" ")
        ) from None


def _find_undecodable(content: bytes) -> int:
    """Where the bytes stop being UTF-8: the reader itself knows the place only within its buffer."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start
    return len(content)


def _read_csv_header(head: list[str], rows: _Rows) -> _CsvHeader:
    version = "1.0" if head[0].startswith("DATAFLOW") else "2.0"
    start, named = 1, False
    fixed = {"DATAFLOW": 0}
    if version == "2.0":
        if len(head) < 2 or head[1] != "STRUCTURE_ID":
            raise rows.refuse(
                "the second column of SDMX-CSV 2.0 is not STRUCTURE_ID", line=1, found=", ".join(head[:3])
            )
        fixed, start = {"STRUCTURE_ID": 1}, 2
        for title in ("STRUCTURE_NAME", "ACTION", "SERIES_KEY", "OBS_KEY"):
            if start < len(head) and head[start] == title:
                fixed[title] = start
                start += 1
        named = "STRUCTURE_NAME" in fixed
    columns: dict[str, int] = {}
    names: dict[str, int] = {}
    both = False
    index = start
    while index < len(head):
        found = _CSV_COLUMN.fullmatch(head[index].strip())
        name = found["id"] if found else head[index].strip()
        both = both or bool(found and found["name"] is not None)
        if not name or name in columns:
            raise rows.refuse("a column has no heading, or that of another", line=1, found=head[index])
        columns[name] = index
        if named and index + 1 < len(head):  # labels=name: each component is followed by the names of its codes
            names[name] = index + 1
            index += 1
        index += 1
    for name in [n for n in columns if n.removesuffix("_LABEL") != n and n.removesuffix("_LABEL") in columns]:
        names[name.removesuffix("_LABEL")] = columns.pop(name)
    if not columns:
        raise rows.refuse("the SDMX-CSV has no column of a component", line=1, found=", ".join(head))
    return _CsvHeader(version, fixed, columns, names, both)


def _read_csv_state(cells: list[str], header: _CsvHeader, rows: _Rows, line: int) -> tuple[str, str]:
    """The structure and the action of a row."""
    structure = cells[header.fixed["DATAFLOW" if header.version == "1.0" else "STRUCTURE_ID"]].partition(": ")[0]
    if "ACTION" not in header.fixed:
        return structure, ""
    code = cells[header.fixed["ACTION"]]
    if code not in ACTIONS:
        raise rows.refuse("the action is none of SDMX-CSV", line=line, found=code, todo=f"one of {', '.join(ACTIONS)}.")
    return structure, ACTIONS[code]


def _add_csv_row(row: dict[str, str], rows: _Rows, line: int) -> None:
    """A row is an observation, or gives attributes to all observations of a part of a key (then it has no period)."""
    roles = rows.roles
    if rows.known:
        dimensions = [n for n, role in roles.items() if role == "dimension"]
        partial = any(n not in row for n in dimensions) and not any(roles[n] == "measure" for n in row)
    else:
        partial = TIME in roles and TIME not in row and VALUE not in row
    if not partial:
        rows.add((row,), line)
        return
    if not rows.known:
        raise rows.refuse(
            "the row has no period and no value: it gives attributes to a part of a key, and without the data "
            "structure it cannot be told which cells are the key",
            line=line,
            found=", ".join(f"{n}={text}" for n, text in row.items())[:200],
            todo="give the structure message of these data too.",
        )
    key = {n: text for n, text in row.items() if roles[n] == "dimension"}
    rows.datasets[-1].groups.append(_Group(row, key, f"row {line}"))


# ---------------------------------------------------------------------------------------------------------------------
# Structure messages


def _parse_tree(content: bytes, file: str) -> ElementTree.Element:
    """The elements of an XML file by their local names."""
    builder = ElementTree.TreeBuilder()
    parser = _make_parser(file)
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MOST_DEPTH:
            raise InputError(f"the XML nests deeper than {MOST_DEPTH} elements", file=file, todo=_FETCH)
        builder.start(_split(tag)[1], {_split(name)[1]: text for name, text in attributes.items()})

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(_split(tag)[1])

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    _parse(parser, content, file)
    root = builder.close()
    if root.tag.lower() == "html":
        raise _web_page(file)
    if root.tag != "Structure":
        raise InputError("the message is no structure message", file=file, found=root.tag, todo="fetch the structure.")
    return root


def _choose_name(element: ElementTree.Element, language: str) -> str:
    names = {name.get("lang", ""): " ".join((name.text or "").split()) for name in element.iterfind("Name")}
    return names.get(language) or next(iter(names.values()), "")


def read_structure(content: bytes, name: str, *, wanted: str = "") -> Structure:
    """The data structure definition of a structure message (SDMX-ML 2.1 or 3.0); wanted names one of several."""
    found = [
        element
        for element in _parse_tree(content, name).iter("DataStructure")
        if element.find("DataStructureComponents") is not None and wanted in ("", element.get("id"))
    ]
    if len(found) != 1:
        raise InputError(
            "the message has several data structures" if found else "the message has no data structure of that name",
            file=name,
            found=", ".join(element.get("id", "") for element in found) or wanted or None,
            todo="fetch the structure with its data structure definition, and name one of them.",
        )
    parts = found[0].find("DataStructureComponents")
    assert parts is not None
    dimensions = sorted(parts.iterfind("DimensionList/Dimension"), key=lambda d: int(d.get("position", 2**16)))
    dimensions += [*parts.iterfind("DimensionList/MeasureDimension"), *parts.iterfind("DimensionList/TimeDimension")]
    measures = [*parts.iterfind("MeasureList/PrimaryMeasure"), *parts.iterfind("MeasureList/Measure")]
    attributes = parts.iterfind("AttributeList/Attribute")

    def list_ids(elements: Any, default: str = "") -> tuple[str, ...]:
        return tuple(element.get("id") or default for element in elements)

    return Structure(
        _name_reference(found[0].attrib), list_ids(dimensions, TIME), list_ids(measures, VALUE), list_ids(attributes)
    )


def read_codes(content: bytes, name: str, *, language: str = "en") -> dict[str, dict[str, str]]:
    """Code list id -> code -> label, of a structure message in SDMX-ML or SDMX-JSON.

    The label is the name in the language, else the first, else ''. Two lists of one id are named AGENCY:ID(VERSION).
    Raises InputError for data messages, and for a structure that only refers to its code lists: it names them.
    """
    if find_kind(content, name) == "json":
        return _read_json_codes(_load_json(content, name), name, language)
    root = _parse_tree(content, name)
    lists = [*root.iter("Codelist"), *root.iter("ValueList"), *root.iter("GeographicCodelist")]
    read: list[tuple[Mapping[str, str], dict[str, str]]] = []
    for element in lists:
        codes = [e for tag in ("Code", "ValueItem", "GeoFeatureSetCode") for e in element.iterfind(tag)]
        if codes:
            read.append((element.attrib, {e.get("id", ""): _choose_name(e, language) for e in codes}))
    if not read:
        # 3.0 refers by URN text, 2.1 by a Ref or URN element
        referred = {_name_urn(text) for e in root.iter("Enumeration") for text in e.itertext() if text.strip()}
        referred |= {_name_reference(ref.attrib) for e in root.iter("Enumeration") for ref in e.iterfind("Ref")}
        raise InputError(
            "the structure message holds no code list"
            + (f", it only refers to {len(referred)}: {', '.join(sorted(referred)[:12])}" if referred else ""),
            file=name,
            todo="fetch it with its code lists (references=descendants), or fetch the code lists themselves.",
        )
    return _name_lists(read)


def _name_lists(read: list[tuple[Mapping[str, str], dict[str, str]]]) -> dict[str, dict[str, str]]:
    ids = sorted(attributes.get("id", "") for attributes, _ in read)
    twice = {one for one, two in pairwise(ids) if one == two}
    return {(_name_reference(a) if a.get("id") in twice else a.get("id", "")): codes for a, codes in read}


def _read_json_codes(raw: dict[str, Any], file: str, language: str) -> dict[str, dict[str, str]]:
    try:
        read = []
        for found in (raw.get("data") or {}).get("codelists") or []:
            codes = {
                code["id"]: (code.get("names") or {}).get(language) or code.get("name") or ""
                for code in found.get("codes") or []
            }
            if codes:
                read.append((found, codes))
    except (AttributeError, KeyError, TypeError) as error:
        raise InputError(
            "the JSON has not the form of a structure message", file=file, found=repr(error), todo=_FETCH
        ) from None
    if not read:
        raise InputError(
            "the message holds no code list", file=file, todo="fetch it with its code lists (references=descendants)."
        )
    return _name_lists(read)
