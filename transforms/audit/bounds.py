"""What follows from printed figures: guaranteed bounds for values that are not printed.

A set of figures determines a value when, were its figures exact, the value would be one number: it is then a
combination of them and of the identities. Of each value the smallest such sets are found, and the bounds that each
leaves, by the intervals of its figures and all identities (a linear programme each way). Sets that contradict
themselves say nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import highspy
import numpy as np

from transforms.audit.blocks import Block
from transforms.audit.budget import Budget
from transforms.audit.contradictions import Contradiction
from transforms.audit.model import LEVELS, Premise, Quantity, Row
from transforms.audit.solver import BlockProgram

_SETS = 3  # of one value
_LARGEST = 5  # figures in a set
_REACH = 200.0  # largest multiplier of a scaled row
_WIDEST = 1500  # values of a block, of which the equations are one dense matrix
_ENDLESS = Budget()
_SAFETY = 1e-8  # relative: bounds are widened by what a solver may be off


@dataclass(frozen=True)
class Derived:
    """Bounds for a value, in units of one, and the figures that they rest on.

    is_default: the smallest set of exact figures, or, without one, the smallest; contested: a figure of the set
    belongs to a contradiction.
    """

    quantity: Quantity
    lower: Fraction | float
    upper: Fraction | float
    premises: tuple[Premise, ...]
    contested: bool
    is_default: bool


def derive_bounds(
    block: Block, contradictions: Sequence[Contradiction], budget: Budget = _ENDLESS
) -> tuple[list[Derived], int]:
    """Of every value of the block that no figure prints and figures determine, in the order of the block; and how many
    values were not looked at, for want of time or because the block is too large.
    """
    printed = {q for p in block.premises if p.kind == "level" for q in p.over}
    disputed = {p.number for c in contradictions if c.grade == "strict" for p in c.premises}
    asked = [q for q in block.quantities if q.measure in LEVELS and q not in printed]
    if not asked:
        return [], 0
    if budget.is_over() or len(block.quantities) > _WIDEST:
        return [], len(asked)
    span = _Span(block)
    program = BlockProgram(block)
    found: list[Derived] = []
    is_calm = all(c.grade == "soft" for c in contradictions)
    for done, q in enumerate(asked):
        if budget.is_over():
            return found, len(asked) - done
        if span.is_determined(q):
            found += _bound_by_all(program, block, q) if is_calm else _choose(_bound(program, span, q, disputed))
    return found, 0


def _bound_by_all(program: BlockProgram, block: Block, q: Quantity) -> list[Derived]:
    """Where nothing contradicts: the narrowest bounds, by all figures; named are those that the ends rest on."""
    by_number = {p.number: p for p in block.premises}
    (low, high), used = program.find_range_with_support({q: Fraction(1)}, by_number)
    if low is None or high is None:
        return []
    members = tuple(by_number[number] for number in sorted(used))
    return [Derived(q, *_widen(low, high), members, False, True)]


def _widen(low: Fraction | float, high: Fraction | float) -> tuple[Fraction | float, Fraction | float]:
    """Bounds as they are where they are proved, else widened by what a solver may be off; none is below zero."""
    slack = _SAFETY * max(abs(float(low)), abs(float(high)))
    low = low if isinstance(low, Fraction) else low - slack
    return max(Fraction(0), low), high if isinstance(high, Fraction) else high + slack


def _bound(program: BlockProgram, span: _Span, q: Quantity, disputed: set[int]) -> list[Derived]:
    made = []
    for members in span.find_sets(q):
        numbers = [p.number for p in members]
        if program.find_conflict(numbers) is not None:
            continue
        low, high = program.find_range({q: span.one}, numbers)
        if low is None or high is None:
            continue
        made.append(Derived(q, *_widen(low, high), members, bool(disputed & set(numbers)), False))
    return made


def _choose(made: list[Derived]) -> list[Derived]:
    """The sets of one value with the default marked and first."""
    order = sorted(made, key=lambda d: (not all(p.is_exact for p in d.premises), len(d.premises), d.upper - d.lower))
    return [Derived(**{**vars(d), "is_default": n == 0}) for n, d in enumerate(order)]


class _Span:
    """The equations of a block, were all figures exact: those of identities, and one for each premise."""

    def __init__(self, block: Block) -> None:
        self.one = Fraction(1)
        self.columns = {q: n for n, q in enumerate(block.quantities)}
        self.owners: list[Premise | None] = []
        rows = []
        for row in block.identities:
            if row.lower is not None and row.lower == row.upper:
                rows.append(self._scale(row, block))
                self.owners.append(None)
        for premise in block.premises:
            for row in premise.pinned():
                rows.append(self._scale(row, block))
                self.owners.append(premise)
        self.matrix = np.array(rows) if rows else np.zeros((0, len(self.columns)))
        # a value is determined where no direction that all equations leave open moves it
        _, sizes, right = np.linalg.svd(self.matrix, full_matrices=True)
        rank = int((sizes > 1e-9 * max(sizes.max(initial=0.0), 1e-300)).sum()) if len(sizes) else 0
        self.open = np.abs(right[rank:]).max(axis=0) if rank < len(self.columns) else np.zeros(len(self.columns))

    def _scale(self, row: Row, block: Block) -> np.ndarray:
        values = np.zeros(len(self.columns))
        for q, times in row.terms.items():
            values[self.columns[q]] = float(times * block.scales[q])
        return values / np.abs(values).max()

    def is_determined(self, q: Quantity) -> bool:
        return bool(self.open[self.columns[q]] < 1e-7)

    def find_sets(self, q: Quantity) -> list[tuple[Premise, ...]]:
        """The smallest sets of premises that determine a value, by a mixed integer programme: fewest rows with a
        multiplier.
        """
        width = self.matrix.shape[1]
        near = self._find_near(q)
        program = highspy.Highs()
        for name, value in (("output_flag", False), ("threads", 1), ("time_limit", 2.0), ("mip_rel_gap", 0.0)):
            program.setOptionValue(name, value)
        owners = [n for n in near if self.owners[n] is not None]
        place = {n: k for k, n in enumerate(near)}
        program.addVars(len(near), np.full(len(near), -_REACH), np.full(len(near), _REACH))
        program.addVars(len(owners), np.zeros(len(owners)), np.ones(len(owners)))
        for k in range(len(owners)):
            program.changeColIntegrality(len(near) + k, highspy.HighsVarType.kInteger)
            program.changeColCost(len(near) + k, 1.0)
        wanted = self.columns[q]
        for column in range(width):
            members = [n for n in near if self.matrix[n, column]]
            if not members and column != wanted:
                continue
            target = float(column == wanted)
            program.addRow(target, target, len(members), np.array([place[n] for n in members], dtype=np.int32),
                           self.matrix[members, column])  # fmt: skip
        for k, n in enumerate(owners):
            pair = np.array([place[n], len(near) + k], dtype=np.int32)
            program.addRow(-highspy.kHighsInf, 0.0, 2, pair, np.array([1.0, -_REACH]))
            program.addRow(0.0, highspy.kHighsInf, 2, pair, np.array([1.0, _REACH]))
        sets: list[tuple[Premise, ...]] = []
        while len(sets) < _SETS:
            program.run()
            if program.getModelStatus() != highspy.HighsModelStatus.kOptimal:
                break
            values = program.getSolution().col_value
            chosen = [k for k in range(len(owners)) if values[len(near) + k] > 0.5]
            if not chosen or len(chosen) > _LARGEST:
                break
            found = dict.fromkeys(p for k in chosen if (p := self.owners[owners[k]]) is not None)
            sets.append(tuple(sorted(found, key=lambda p: p.number)))
            index = np.array([len(near) + k for k in chosen], dtype=np.int32)
            program.addRow(-highspy.kHighsInf, len(chosen) - 1.0, len(chosen), index, np.ones(len(chosen)))
        return sets

    def _find_near(self, q: Quantity) -> list[int]:
        """The equations that can take part in a small set: those within so many steps of the value."""
        reached, rows = {self.columns[q]}, set[int]()
        for _ in range(_LARGEST + 1):
            new = {n for n in range(len(self.matrix)) if n not in rows and any(self.matrix[n, c] for c in reached)}
            if not new:
                break
            rows |= new
            reached |= {int(c) for n in new for c in np.flatnonzero(self.matrix[n])}
        return sorted(rows)
