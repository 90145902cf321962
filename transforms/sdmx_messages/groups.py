"""Attributes of a group are written into the rows of the observations they describe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from transforms.sdmx_messages.rows import Rows


@dataclass
class Group:
    """Attributes of all observations that have these values; key is None where the message does not say which of the
    values are the key (structure-specific XML)."""

    values: dict[str, str]
    key: dict[str, str] | None
    place: str


def spread_groups(rows: Rows, columns: dict[str, pa.ChunkedArray]) -> None:
    """Write the attributes of groups into the rows they describe, never over another text."""
    ends = [dataset.first for dataset in rows.datasets[1:]] + [rows.count]
    for dataset, end in zip(rows.datasets, ends, strict=True):
        first, size = dataset.first, end - dataset.first
        if not dataset.groups or not size:
            continue
        full = {n for n, c in columns.items() if c.slice(first, size).null_count == 0}
        by_key: dict[tuple[str, ...], list[tuple[dict[str, str], dict[str, str], str]]] = {}
        for group in dataset.groups:
            key = group.key
            if key is None:  # a dimension has a value at every observation; the rest of the group are attributes
                dimensions = {n for n, role in rows.known.items() if role == "dimension"} if rows.known else full
                key = {n: text for n, text in group.values.items() if n in dimensions}
            given = {n: text for n, text in group.values.items() if n not in key}
            by_key.setdefault(tuple(sorted(key)), []).append((key, given, group.place))
        for names, groups in by_key.items():
            _spread(rows, columns, names, groups, first, size)


def _spread(
    rows: Rows,
    columns: dict[str, pa.ChunkedArray],
    names: tuple[str, ...],
    groups: list[tuple[dict[str, str], dict[str, str], str]],
    first: int,
    size: int,
) -> None:
    if any(name not in columns for name in names):
        rows.notices.extend(f"{place} describes no observation of the message" for _, _, place in groups)
        return
    keys: list[tuple[str, ...]] = [()] * size
    if names:
        keys = list(zip(*(columns[n].slice(first, size).to_pylist() for n in names), strict=True))
    places: dict[tuple[str, ...], list[int]] = {}
    for index, key in enumerate(keys):
        places.setdefault(key, []).append(index)
    texts: dict[str, list[str | None]] = {}
    for described, given, place in groups:
        described_rows = places.get(tuple(described[n] for n in names), [])
        if not described_rows and given:
            listed = ", ".join(f"{n}={text}" for n, text in given.items())
            rows.notices.append(f"{place} describes no observation of the message; left out: {listed}")
        for name, text in given.items():
            if name not in rows.roles:
                rows.declare(name, "attribute")
                columns[name] = pa.chunked_array([pa.nulls(rows.count, pa.string())])
            if name not in texts:
                texts[name] = columns[name].slice(first, size).to_pylist()
            for row in described_rows:
                if texts[name][row] not in (None, text):
                    raise rows.refuse(
                        f"observation {first + row + 1} has two values for {name}: its own and that of {place}",
                        found=f"{texts[name][row]} and {text}",
                    )
                texts[name][row] = text
    for name, written in texts.items():
        rows.roles[name] = rows.known.get(name, "attribute")
        before, after = columns[name].slice(0, first), columns[name].slice(first + size)
        columns[name] = pa.chunked_array([*before.chunks, pa.array(written, pa.string()), *after.chunks])
