"""What printed figures leave to those that are missing: exact ranges, a small linear programme a place and period.

The unknowns are the true values of items and of aggregates under definitions, of exports, imports and both. They
fulfil what is printed (each figure's interval) and what holds by definition (BPM6; MSITS 2010, annex 1):

    item       = the sum of its parts in the standard tree, or more where not all of them are looked at
    aggregate  = the sum of its items
    both flows = exports + imports

and, the one assumption, nothing that is missing is negative. An end is what the dual multipliers of HiGHS prove, added
up in fractions: never inside the true range, whatever the solver's tolerance. Figures that cannot all be true leave
nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

import duckdb
import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    import highspy

SERVICES = "EBOPS2010:S"
FLOWS = ("X", "M", "T")
_ONE = 10**10  # ends are whole numbers of the tenth decimal
_FINEST = 64  # the largest denominator of a multiplier: the sums above need whole numbers and small fractions
_LEFT = pa.schema([
    ("system", pa.int64()), ("flow", pa.string()), ("item", pa.string()), ("less", pa.string()),
    ("least", pa.decimal128(38, 10)), ("most", pa.decimal128(38, 10)), ("used", pa.list_(pa.string())),
])  # fmt: skip


class Node(NamedTuple):
    """An item or aggregate of one flow, with what is known of it (None: no end). is_missing: has no figure."""

    flow: str
    item: str
    low: Decimal | None = None
    high: Decimal | None = None
    is_missing: bool = False
    is_nothing: bool = False  # it cannot exist, or another item holds it
    holds_others: bool = False


@dataclass(frozen=True)
class Rules:
    """What adds up to what. parents: item of the standard tree -> the one above; definitions: their items."""

    parents: Mapping[str, str]
    definitions: Mapping[str, tuple[str, ...]]

    def children(self, parent: str) -> frozenset[str]:
        return frozenset(item for item, above in self.parents.items() if above == parent)

    def above(self, item: str) -> Iterable[str]:
        while item := self.parents.get(item, ""):
            yield item


class Left(NamedTuple):
    """The range that is left to one item or aggregate (less: without a part of it), and the figures that leave it.

    used: their flows and items ('X EBOPS2010:S').
    """

    flow: str
    item: str
    less: str
    least: Fraction | None
    most: Fraction | None
    used: tuple[str, ...]


def find_remainders(nodes: Sequence[Node], rules: Rules) -> list[Left]:
    """The ranges of everything missing in one place and period (items, aggregates not whole), and of what is beside it.

    nodes: what has a row, in one power of ten.
    """
    known = {(node.flow, node.item): node for node in nodes}
    programme = _Programme(known, rules)
    targets = programme.targets
    # what is printed as zero or more counts as such where it leaves less to others, as it does in ratios
    programme.hold(known, is_cut=False)
    ends = {target: [programme.find_end(target, 1)] for target in targets if not target.less}
    programme.hold(known, is_cut=True)
    for target in targets:
        if target.less:
            ends[target] = [programme.find_end(target, 1)]
        ends[target].append(programme.find_end(target, -1))
    return [
        Left(*target, least, most, tuple(sorted({*of_least, *of_most})))
        for target, ((least, of_least), (most, of_most)) in ends.items()
        if (least is not None or most is not None) and (least is None or most is None or least <= most)
    ]


class Target(NamedTuple):
    """An unknown, or (less) the difference of two."""

    flow: str
    item: str
    less: str = ""


class _Programme:
    """The programme of one place and period. Columns: nodes, then one for what is left over in each incomplete sum."""

    def __init__(self, known: Mapping[tuple[str, str], Node], rules: Rules) -> None:
        items = {item for _, item in known if not item.startswith("DEF:")} - {SERVICES}
        items |= {item for definition in rules.definitions.values() for item in definition}
        items |= {above for item in items for above in rules.above(item)} | {SERVICES}
        aggregates = [f"DEF:{definition}" for definition in rules.definitions]
        self.columns = {(f, item): 0 for item in (*sorted(items), *aggregates) for f in FLOWS}
        self.columns = {key: place for place, key in enumerate(self.columns)}
        self.names = [f"{flow} {item}" for flow, item in self.columns]
        self.rows: list[dict[int, int]] = []
        self.extra = 0
        for parent in sorted(items):
            parts = sorted(rules.children(parent) & items)
            # one rule for all flows, as exports and imports add up to both
            tops, met = ([node for flow in FLOWS for item in of if (node := known.get((flow, item)))]
                         for of in ([parent], parts))  # fmt: skip
            if not parts or any(top.high is not None and top.high < 0 for top in tops):
                continue
            is_whole = (
                parent != SERVICES
                and rules.children(parent) == set(parts)
                and not any(n.is_nothing or n.holds_others for n in met)
            )
            for flow in FLOWS:
                self._add_sum((flow, parent), [(flow, part) for part in parts], is_whole)
        for aggregate, listed in zip(aggregates, rules.definitions.values(), strict=True):
            for flow in FLOWS:
                self._add_sum((flow, aggregate), [(flow, item) for item in listed], True)
        for name in (*sorted(items), *aggregates):
            self._add_sum(("T", name), [("X", name), ("M", name)], True)
        self.targets = self._list_targets(known, rules)
        self.highs = self._build()

    def _add_sum(self, whole: tuple[str, str], parts: Sequence[tuple[str, str]], is_whole: bool) -> None:
        row = {self.columns[whole]: -1} | {self.columns[part]: 1 for part in parts}
        if not is_whole:
            row[len(self.columns) + self.extra] = 1
            self.extra += 1
        self.rows.append(row)

    def _list_targets(self, known: Mapping[tuple[str, str], Node], rules: Rules) -> list[Target]:
        """What is missing; all services without it; aggregates without an item of theirs, where either is missing."""
        found = []
        for flow, item in self.columns:
            definition = rules.definitions.get(item.removeprefix("DEF:"), ())
            within = [part for of, part in known if of == flow and any(part.startswith(term) for term in definition)]
            if self._is_open(flow, item, definition, known):
                found.append(Target(flow, item))
                if (flow, SERVICES) in known and item != SERVICES:
                    found.append(Target(flow, SERVICES, item))
            else:
                within = [part for part in within if known[flow, part].is_missing and not known[flow, part].is_nothing]
            found += [Target(flow, item, part) for part in within]
        return found

    def _is_open(self, flow: str, item: str, definition: Sequence[str], known: Mapping[tuple[str, str], Node]) -> bool:
        node = known.get((flow, item))
        if not item.startswith("DEF:"):
            return node is not None and node.is_missing and not node.is_nothing
        if node is not None and not node.is_missing:
            return False
        parts = [known.get((flow, part)) for part in definition]
        return any(part is None or (part.is_missing and not part.is_nothing) for part in parts)

    def _build(self) -> highspy.Highs:
        import highspy

        highs = highspy.Highs()
        for name, value in (("output_flag", False), ("presolve", "off"), ("threads", 1)):
            highs.setOptionValue(name, value)
        count = len(self.columns) + self.extra
        self.lows: list[int | None] = [0] * count
        self.highs_of: list[int | None] = [None] * count
        highs.addVars(count, np.zeros(count), np.full(count, highspy.kHighsInf))
        for row in self.rows:
            index = np.fromiter(row, dtype=np.int32)
            highs.addRow(0.0, 0.0, len(index), index, np.fromiter(row.values(), dtype=float))
        return highs

    def hold(self, known: Mapping[tuple[str, str], Node], is_cut: bool) -> None:
        """Let every figure lie in its interval; is_cut: not below zero where its figure is not."""
        size = max((abs(end) for node in known.values() for end in (node.low, node.high) if end), default=Decimal(1))
        for key, place in self.columns.items():
            node = known.get(key)
            low, high = (node.low, node.high) if node else (None, None)
            if node is None or node.is_missing or (is_cut and (high is None or high >= 0)):
                low = max(low or Decimal(0), Decimal(0))
            if node is not None and node.is_nothing:
                low, high = Decimal(0), Decimal(0)
            self.lows[place], self.highs_of[place] = (None if end is None else int(end * _ONE) for end in (low, high))
            ends = (-np.inf if low is None else float(low / size), np.inf if high is None else float(high / size))
            self.highs.changeColBounds(place, *ends)

    def find_end(self, target: Target, sign: int) -> tuple[Fraction | None, tuple[str, ...]]:
        """The least (sign 1) or the most (-1) of it with the figures that say so; None where nothing does."""
        import highspy

        wanted = {self.columns[target.flow, target.item]: sign}
        if target.less:
            wanted[self.columns[target.flow, target.less]] = -sign
        for column, cost in wanted.items():
            self.highs.changeColCost(column, float(cost))
        self.highs.run()
        is_solved = self.highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
        duals = list(self.highs.getSolution().row_dual) if is_solved else []
        for column in wanted:
            self.highs.changeColCost(column, 0.0)
        return self._prove(wanted, sign, duals) if is_solved else (None, ())

    def _prove(
        self, wanted: Mapping[int, int], sign: int, duals: list[float]
    ) -> tuple[Fraction | None, tuple[str, ...]]:
        """The end that multipliers of the sums prove: whatever they are, nothing lies beyond it."""
        costs: dict[int, Fraction | int] = dict(wanted)
        for row in np.flatnonzero(np.abs(duals) > 0.5 / _FINEST).tolist():
            times = _to_multiplier(duals[row])
            for column, factor in self.rows[row].items():
                costs[column] = costs.get(column, 0) - times * factor
        total: Fraction | int = 0
        used = []
        for column, cost in costs.items():
            if cost:
                end = (self.lows if cost > 0 else self.highs_of)[column]
                if end is None:
                    return None, ()
                total += cost * end
                if column < len(self.names):
                    used.append(self.names[column])
        return sign * Fraction(total, _ONE), tuple(used)


def _to_multiplier(dual: float) -> Fraction | int:
    nearest = round(dual)
    return nearest if abs(dual - nearest) < 1e-9 else Fraction(dual).limit_denominator(_FINEST)


def load_rules(con: duckdb.DuckDBPyConnection) -> Rules:
    """The standard tree and the definitions of all modes of supply together, from the code lists of a connection."""
    parents = con.execute("SELECT code, parent FROM items WHERE tree = 'standard' AND parent <> ''").fetchall()
    listed = con.execute(
        "SELECT definition, list(item ORDER BY item) FROM definitions GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    return Rules(dict(parents), {definition: tuple(items) for definition, items in listed})


def fill_remainders(con: duckdb.DuckDBPyConnection) -> None:
    """Fill remainders (system, flow, item, less, least, most, used) from system_nodes (steps/55_systems.sql)."""
    rules = load_rules(con)
    rows = con.execute(
        """SELECT system, flow, item, lo, hi, is_missing, is_nothing, holds_others FROM system_nodes
           ORDER BY system, flow, item"""
    ).fetchall()
    found: list[dict[str, Any]] = []
    for system, group in groupby(rows, key=lambda row: row[0]):
        for left in find_remainders([Node(*row[1:]) for row in group], rules):
            found.append(
                {"system": system, "flow": left.flow, "item": left.item, "less": left.less,
                 "least": _to_decimal(left.least, -1), "most": _to_decimal(left.most, 1), "used": list(left.used)}
            )  # fmt: skip
    con.register("listed", pa.Table.from_pylist(found, schema=_LEFT))
    con.execute("CREATE OR REPLACE TEMP TABLE remainders AS FROM listed")
    con.unregister("listed")


def _to_decimal(end: Fraction | None, outward: int) -> Decimal | None:
    """An end at ten decimals, rounded outward: down (-1) or up (1)."""
    if end is None:
        return None
    scaled = end * 10**10
    whole = -(-scaled.numerator // scaled.denominator) if outward > 0 else scaled.numerator // scaled.denominator
    return Decimal(whole).scaleb(-10)
