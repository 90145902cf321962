"""SDMX data messages (SDMX-ML, SDMX-JSON, SDMX-CSV) to one long table of texts. Nothing is interpreted here.

The texts are taken from the bytes of the message: a reader that makes numbers of them loses the printed decimals.
docs/sdmx.md says which forms are read, what each gives, and why a library reads the structures but not the data.
Nothing is fetched, no reference is followed.
"""

from __future__ import annotations

from typing import BinaryIO

import pyarrow as pa
from pyarrow import csv as arrow_csv

from transforms.grid import Grid
from transforms.sdmx_messages.csv_message import read_csv
from transforms.sdmx_messages.json_message import read_json
from transforms.sdmx_messages.model import MessageTable, Structure, find_kind
from transforms.sdmx_messages.rows import Rows
from transforms.sdmx_messages.structures import read_codes, read_structure
from transforms.sdmx_messages.xml_message import read_xml

__all__ = [
    "MessageTable",
    "Structure",
    "find_kind",
    "read_codes",
    "read_message",
    "read_structure",
    "to_grid",
    "write_csv",
]

_READERS = {"xml": read_xml, "json": read_json, "csv": read_csv}


def read_message(content: bytes, name: str, *, structure: Structure | None = None) -> MessageTable:
    """The observations of a data message, whatever its form; the content decides, not the ending of the name.

    structure (read_structure) says which components there are and what each is: then unknown ones and missing
    dimensions are refused in every form, and the columns stand in the order of the definition.
    Raises InputError for what is no data message, is cut off, deletes data, holds no observation, says itself that it
    is incomplete, or gives one key two values.
    """
    rows = Rows(name, structure)
    form = _READERS[find_kind(content, name)](content, name, rows)
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


def _print_column(column: pa.ChunkedArray) -> list[str]:
    """The texts of a column, '' for null, outer white space off; equal texts are one object, which saves memory."""
    coded = column.combine_chunks().dictionary_encode()
    texts = [text.strip() for text in coded.dictionary.to_pylist()]
    return ["" if index is None else texts[index] for index in coded.indices.to_pylist()]
