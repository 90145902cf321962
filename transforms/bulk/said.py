"""What the distinct texts of the columns say of the figures: each is read once, by the cell reader's own parsers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from transforms.bulk.source import Source
from transforms.codelists import UnknownLabel, join_statuses, load_codelist, status_order
from transforms.contract import load_contract
from transforms.labels import LabelReader, Said, compose_periods, read_unit
from transforms.layout import Layout, PrintedColumn
from transforms.locate import FoundColumn

PERIOD_PARTS: Final = ("year", "quarter", "month", "from_month", "to_month")
MEND_LABEL: Final = "mend the cell, or add the label to the layout's maps or to a code list (data/own/codelists)."
_MEND_STATUS: Final = "use codes of the list obs_status, or map the text under [maps.obs_status]."
_MEND_UNIT: Final = "add the printed unit to unit_labels.csv."


@dataclass(frozen=True)
class TextFault:
    """Why the rows with this text in this column cannot be read."""

    column: FoundColumn
    text: str
    problem: str
    todo: str


@dataclass(frozen=True)
class Cluster:
    """Columns that speak together of some things: for each combination of their texts, what they say.

    names: what it says; rows: the texts, then a value (or None) for each name.
    """

    columns: tuple[int, ...]
    names: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def values_of(self, name: str) -> list[Any]:
        """What it says of a name, for each combination of texts."""
        place = len(self.columns) + self.names.index(name)
        return [row[place] for row in self.rows]


@dataclass(frozen=True)
class FigureColumn:
    """A value column and what is said of its figures: constants, clusters of key columns, the status column."""

    found: FoundColumn
    constants: dict[str, Any]
    clusters: tuple[Cluster, ...]
    status: int  # number of its status column, 0 = none
    notes: tuple[tuple[int, str], ...]  # columns of notes, and what is put before their texts

    @property
    def number(self) -> int:
        return self.found.number


@dataclass
class Texts:
    """The distinct texts of the columns that are read by dictionary, how often each stands, and what they say."""

    counts: dict[int, dict[str, int]]
    said: dict[int, dict[str, Said]] = field(default_factory=dict)
    statuses: dict[int, dict[str, str]] = field(default_factory=dict)
    faults: list[TextFault] = field(default_factory=list)

    def has_nothing_known(self) -> bool:
        """Whether some column holds texts, and none of them says anything known."""
        bad: dict[int, int] = {}
        for fault in self.faults:
            bad[fault.column.number] = bad.get(fault.column.number, 0) + 1
        return any(bad.get(number) == len(found) for number, found in self.counts.items() if found)


def dictionary_columns(source: Source) -> list[FoundColumn]:
    """The columns whose cells are codes or labels, few different ones among many rows."""
    return [column for column in source.columns if column.spec.role in ("key", "unit", "status")]


def read_texts(source: Source, layout: Layout, counts: Mapping[int, Mapping[str, int]]) -> Texts:
    """What every text says; texts that say nothing known are listed as faults."""
    labels = LabelReader(layout.table)
    texts = Texts({number: dict(found) for number, found in counts.items()})
    for column in dictionary_columns(source):
        role, number = column.spec.role, column.number
        reader = labels.reader_of(column.spec) if role == "key" else None
        texts.said[number], texts.statuses[number] = {}, {}
        for text in texts.counts[number]:
            printed = text.strip()
            try:
                if reader is not None:
                    said = reader(printed)
                    texts.said[number][text] = said | {"label": printed} if column.spec.column == "item" else said
                elif role == "unit":
                    unit, power = read_unit(printed)
                    texts.said[number][text] = {"unit": unit, "unit_mult": power}
                else:
                    texts.statuses[number][text] = read_status(labels, column.spec, printed)
            except (ValueError, UnknownLabel) as error:
                what = column.spec.column if role == "key" else role
                problem = str(error) if isinstance(error, UnknownLabel) else f"the {what} cannot be read ({error})"
                todo = {"key": MEND_LABEL, "unit": _MEND_UNIT}.get(role, _MEND_STATUS)
                texts.faults.append(TextFault(column, text, problem, todo))
    return texts


def read_status(labels: LabelReader, column: PrintedColumn, text: str) -> str:
    """The statuses a cell of a status column gives, joined; '' for none. Raises ValueError or UnknownLabel."""
    if column.map:
        if text not in column.map:
            raise ValueError(f"the layout maps only {', '.join(column.map)}")
        return str(column.map[text])
    if (mapped := labels.find_mapped("obs_status", text)) is not None:
        return str(mapped["obs_status"])
    codes = [code.strip() for code in text.replace(",", ";").split(";") if code.strip()]
    for code in codes:
        if code not in status_order():
            load_codelist("obs_status").resolve(code)
            raise ValueError("a label where a status code is declared")
    return join_statuses(codes) if codes else ""


def overlay(below: Mapping[str, Any], above: Mapping[str, Any]) -> Said:
    """What is said above counts; a code of a period takes the place of its parts, parts that of a code."""
    merged = dict(below)
    if "period" in above:
        for part in PERIOD_PARTS:
            merged.pop(part, None)
    elif "year" in above:
        merged.pop("period", None)
    if "note" in above and merged.get("note"):
        above = {**above, "note": f"{merged['note']}; {above['note']}"}
    return merged | dict(above)


def settle_period(source: Source, layout: Layout, said: Said) -> Said:
    """The period of its parts, where no code is said. Raises InputError where the parts make none."""
    parts = {name: said[name] for name in PERIOD_PARTS if said.get(name)}
    rest = {name: value for name, value in said.items() if name not in PERIOD_PARTS}
    if rest.get("period") or not parts:
        return rest
    try:
        return rest | {"period": compose_periods(parts)}
    except ValueError as error:
        raise source.refuse(
            f"the period cannot be put together ({error})", found=" ".join(parts.values()),
            todo=f"say the year in {layout.table.source}: a constant, a column or a heading.",
        ) from None  # fmt: skip


class Clustering:
    """Sorts what is said of the figures of each value column into constants and clusters of columns.

    combine(columns) gives the combinations of texts that occur in these columns.
    """

    def __init__(self, source: Source, layout: Layout, texts: Texts) -> None:
        self.source, self.layout, self.texts = source, layout, texts
        self.labels = LabelReader(layout.table)
        self.base = self.labels.settle(layout.table.constants)

    def layers_of(self, found: FoundColumn) -> list[int]:
        """The columns that speak of a value column, the last one counting most."""
        group = found.spec.group
        keys = [c for c in self.source.columns if c.spec.role == "key"]
        units = [c for c in self.source.columns if c.spec.role == "unit" and c.spec.group in (0, group)]
        own = [c for c in keys if c.spec.group == group] if group else []
        return [c.number for c in (*(c for c in keys if c.spec.group == 0), *own, *units)]

    def say_own(self, found: FoundColumn) -> Said:
        """What the value column's declaration and heading say."""
        own = self.labels.settle(found.spec.set)
        for name, text in found.said.items():
            try:
                own = overlay(own, self.labels.read(name, text))
            except (ValueError, UnknownLabel) as error:
                raise self.source.refuse(
                    f"what the heading says of {name} cannot be read ({error})", row=self.source.skip,
                    column=found.number, found=text, todo="map the text in the layout, or mend the pattern.",
                ) from None  # fmt: skip
        return own

    def find_groups(self, found: FoundColumn) -> list[list[int]]:
        """The speaking columns, those together that speak of one thing."""
        groups: list[tuple[set[str], list[int]]] = []
        for number in self.layers_of(found):
            names = {_topic(name) for said in self.texts.said[number].values() for name in said}
            joined = [group for group in groups if group[0] & names]
            groups = [group for group in groups if not group[0] & names]
            columns = [other for group in joined for other in group[1]]
            groups.append((names.union(*(group[0] for group in joined)), [*columns, number]))
        order = self.layers_of(found)
        return [sorted(columns, key=order.index) for names, columns in groups if names]

    def plan(
        self, found: FoundColumn, combinations: Mapping[tuple[int, ...], Iterable[tuple[str, ...]]]
    ) -> FigureColumn:
        """The value column with everything said of it; combinations: of the texts of each group of columns.

        For a group whose combinations are not known yet (none) only the names are found.
        """
        own = self.say_own(found)
        units = {c.number for c in self.source.columns if c.spec.role == "unit"}
        clusters, spoken = [], set()
        for columns in self.find_groups(found):
            topics = {_topic(n) for c in columns for said in self.texts.said[c].values() for n in said}
            spoken |= topics
            base = {name: value for name, value in self.base.items() if _topic(name) in topics}
            above = {name: value for name, value in own.items() if _topic(name) in topics}
            results = []
            for combination in combinations.get(tuple(columns), ()):
                said = base
                for number, text in zip(columns, combination, strict=True):
                    if number not in units:
                        said = overlay(said, self.texts.said[number][text])
                said = overlay(said, above)
                for number, text in zip(columns, combination, strict=True):
                    if number in units:
                        said = overlay(said, self.texts.said[number][text])
                results.append((combination, settle_period(self.source, self.layout, said)))
            given: list[Said] = [said for _, said in results] or [dict.fromkeys(sorted(topics))]
            names = tuple(dict.fromkeys(name for said in given for name in said))
            rows = tuple((*combination, *(said.get(name) for name in names)) for combination, said in results)
            clusters.append(Cluster(tuple(columns), names, rows))
        constants = overlay(self.base, own)
        constants = {name: value for name, value in constants.items() if _topic(name) not in spoken}
        neighbours = [c for c in self.source.columns if c.spec.group in (0, found.spec.group)]
        status = next((c.number for c in neighbours if c.spec.role == "status"), 0)
        notes = tuple((c.number, c.spec.prefix) for c in neighbours if c.spec.role == "note")
        return FigureColumn(found, settle_period(self.source, self.layout, constants), tuple(clusters), status, notes)


def _topic(name: str) -> str:
    return "period" if name in PERIOD_PARTS else name


def possible_values(figures: Sequence[FigureColumn], layout: Layout, name: str) -> set[str]:
    """Every value that a column of the observations can take under this layout and these texts."""
    found: set[Any] = set()
    for figure in figures:
        found.add(figure.constants.get(name))
        for cluster in figure.clusters:
            if name in cluster.names:
                found |= set(cluster.values_of(name))
    found |= {rule.then[name] for rule in layout.table.rules if name in rule.then}
    contract = load_contract("observations")
    if name in contract.names and contract[name].default is not None:
        found.add(contract[name].default)
    return {str(value) for value in found if value is not None}


def find_coded(figures: Sequence[FigureColumn]) -> dict[int, Cluster]:
    """The columns whose codes can be staged in place of their texts: they speak alone, and the same of every figure."""
    clusters: dict[int, set[Cluster]] = {}
    shared: set[str] = set()  # names that several columns give together
    mixed: set[int] = set()
    for figure in figures:
        for cluster in figure.clusters:
            if len(cluster.columns) == 1 and "note" not in cluster.names:
                clusters.setdefault(cluster.columns[0], set()).add(cluster)
            else:
                mixed |= set(cluster.columns)
                shared |= set(cluster.names)
    return {
        column: next(iter(found))
        for column, found in clusters.items()
        if len(found) == 1 and column not in mixed and not shared & {n for c in found for n in c.names}
    }
