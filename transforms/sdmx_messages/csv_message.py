"""SDMX-CSV, 1.0 and 2.0."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from transforms.sdmx_messages.groups import Group
from transforms.sdmx_messages.model import CSV_FIRST, TIME, VALUE
from transforms.sdmx_messages.rows import Rows

ACTIONS = {"A": "Append", "D": "Delete", "I": "Information", "M": "Merge", "R": "Replace"}


_CSV_COLUMN = re.compile(r"(?P<id>[A-Za-z][\w@$.\-]*)(?:\[[^\]]*\])?(?:: (?P<name>.*))?", re.DOTALL)


@dataclass
class _CsvHeader:
    version: str
    fixed: dict[str, int]  # STRUCTURE_ID or DATAFLOW, and ACTION -> index of its column
    columns: dict[str, int]  # component -> index
    names: dict[str, int]  # component -> index of the column with the names of its codes
    both: bool  # cells are written "code: name"


def read_csv(content: bytes, file: str, rows: Rows) -> str:
    first = CSV_FIRST.match(content[:4096].decode("utf-8-sig", "replace").lstrip())
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


def _iterate_csv(reader: Any, content: bytes, rows: Rows) -> Iterator[tuple[list[str], int]]:
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


def _read_csv_header(head: list[str], rows: Rows) -> _CsvHeader:
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


def _read_csv_state(cells: list[str], header: _CsvHeader, rows: Rows, line: int) -> tuple[str, str]:
    """The structure and the action of a row."""
    structure = cells[header.fixed["DATAFLOW" if header.version == "1.0" else "STRUCTURE_ID"]].partition(": ")[0]
    if "ACTION" not in header.fixed:
        return structure, ""
    code = cells[header.fixed["ACTION"]]
    if code not in ACTIONS:
        raise rows.refuse("the action is none of SDMX-CSV", line=line, found=code, todo=f"one of {', '.join(ACTIONS)}.")
    return structure, ACTIONS[code]


def _add_csv_row(row: dict[str, str], rows: Rows, line: int) -> None:
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
    rows.datasets[-1].groups.append(Group(row, key, f"row {line}"))
