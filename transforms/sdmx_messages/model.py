"""What a message is read into, its limits, and the errors that its forms share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from transforms.errors import InputError

TIME, VALUE = "TIME_PERIOD", "OBS_VALUE"
MOST_BYTES = 2 * 2**30
MOST_JSON_BYTES = 2**28  # a JSON message is held in memory whole, at about six times its size
CSV_FIRST = re.compile(r'"?(STRUCTURE(?:\[[^\]"]*\])?|DATAFLOW)"?([,;\t|])')
FETCH = "fetch it again from the publisher."


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


def find_kind(content: bytes, name: str) -> str:
    """'xml', 'json' or 'csv', by how the content begins. Raises InputError for anything else and what is too big."""
    start = content[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start:
        raise InputError("the message is empty", file=name, todo=FETCH)
    if start.startswith((b"<", b"\xff\xfe<", b"\xfe\xff\x00<")):
        kind = "xml"
    elif start.startswith(b"{"):
        kind = "json"
    elif CSV_FIRST.match(start.decode("utf-8", "replace")):
        kind = "csv"
    else:
        raise InputError(
            "the file is no SDMX message: it begins neither as XML, nor as JSON, nor with STRUCTURE or DATAFLOW",
            file=name,
            row=1,
            found=start[:40].decode("utf-8", "replace"),
            todo="give it a layout of its own if it is an ordinary table, or " + FETCH,
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


def name_reference(attributes: Mapping[str, str]) -> str:
    """AGENCY:ID(VERSION), as SDMX-CSV names a structure."""
    agency, version = attributes.get("agencyID", ""), attributes.get("version", "")
    return f"{f'{agency}:' if agency else ''}{attributes.get('id', '')}{f'({version})' if version else ''}"


def name_urn(urn: str) -> str:
    return urn.strip().rpartition("=")[2]


def refuse_structure(file: str) -> InputError:
    return InputError(
        "the message describes structures (code lists, data structures) and holds no data",
        file=file,
        todo="fetch the data message of the dataflow; code lists can be read from this one (read_codes).",
    )
