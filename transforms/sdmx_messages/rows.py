"""The observations of a message, collected in order whatever form they come in, and made into one table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from transforms.errors import InputError
from transforms.sdmx_messages.groups import Group, spread_groups
from transforms.sdmx_messages.keys import find_repeated
from transforms.sdmx_messages.model import FETCH, TIME, MessageTable, Structure

UPDATES = ("Append", "Merge")  # what the message does not hold is left as it was: it may be only the changes
TRUNCATED = ("130", "413", "510")  # SDMX codes for an answer that is too large: whatever came with it is not all
MOST_COMPONENTS = 500
CHUNK = 16_384

_CODE = re.compile(r"[A-Za-z0-9_@$\-]+")


@dataclass
class DataSet:
    first: int  # index of its first row
    structure: str = ""
    action: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)


class Rows:
    """Collects observations in order and makes the table of them. Memory: a chunk of dicts, the rest as Arrow."""

    def __init__(self, file: str, structure: Structure | None) -> None:
        self.file, self.structure = file, structure
        self.roles: dict[str, str] = {}
        self.known = structure.roles if structure else {}
        self.header: dict[str, str] = {}
        self.labels: dict[str, dict[str, str]] = {}
        self.notices: list[str] = []
        self.said: list[tuple[str, str, str]] = []  # code, severity, text of footers and errors
        self.datasets: list[DataSet] = []
        self.required: tuple[str, ...] = structure.dimensions if structure else ()
        self.count = 0
        self._pending: list[dict[str, str]] = []
        self._lines: list[int | None] = []
        self._chunks: list[dict[str, pa.Array]] = []
        self._line_chunks: list[pa.Array] = []

    def refuse(self, problem: str, *, line: int | None = None, found: str | None = None, todo: str = "") -> InputError:
        return InputError(problem, file=self.file, row=line, found=found, todo=todo or FETCH)

    def begin(self, structure: str, action: str, line: int | None = None) -> DataSet:
        """A new data set. Deletions are refused: they are no figures, and we keep no store to delete from."""
        if action == "Delete":
            raise self.refuse(
                "the message tells to delete data; it holds no figures of its own there",
                line=line,
                found="action Delete",
                todo="ask the service for the data as they are now (without updatedAfter or includeHistory).",
            )
        self.datasets.append(DataSet(self.count, structure, action))
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
        spread_groups(self, columns)
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
        found = find_repeated([table[n] for n in keys])
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
