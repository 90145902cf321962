"""The linear programmes of one block, in HiGHS: whether premises can be true together, and what they leave open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import highspy
import numpy as np

from transforms.audit.blocks import Block
from transforms.audit.exact import prove_least, prove_least_ratio
from transforms.audit.model import Premise, Quantity, Row, Terms

_INF = highspy.kHighsInf
_OPEN = (-_INF, _INF)
End = Fraction | float | None
Range = tuple[End, End]
# What must be above zero is pushed up as far as it goes, up to its scale: below this it is held to be nothing. Whether
# it is, the exact proof says.
_LEAST, _AMPLE = 1e-5, 1e-3
# A point that HiGHS takes for a solution may miss rows by its tolerance, which is more than half a unit of a figure of
# nine digits and two decimals. Where it misses one by more than rounding (_ROUNDING), the rows are asked again around
# it, enlarged by _ZOOM.
_ROUNDING, _ZOOM = 1e-15, 10**7
_OPTIONS: dict[str, bool | int | float | str] = {
    "output_flag": False,
    "presolve": "off",
    "threads": 1,
    "primal_feasibility_tolerance": 1e-10,
    "dual_feasibility_tolerance": 1e-10,
}


def _open_solver() -> highspy.Highs:
    """HiGHS, silent, on one thread; without presolve, which would lose the multipliers of what is infeasible."""
    solver = highspy.Highs()
    for name, value in _OPTIONS.items():
        solver.setOptionValue(name, value)
    return solver


@dataclass(frozen=True)
class Conflict:
    """What cannot all hold: premises, by number, and the sides of rows that show it (True: the upper side)."""

    premises: tuple[int, ...]
    sides: tuple[tuple[Row, bool], ...]


class BlockProgram:
    """A block as a linear programme whose premises are switched on and off."""

    def __init__(self, block: Block, as_printed: bool = False) -> None:
        self.block = block
        self.columns = {q: n for n, q in enumerate(block.quantities)}
        self.highs = _open_solver()
        count = len(block.quantities)
        self.highs.addVars(count, np.zeros(count), np.full(count, _INF))
        self.highs.addVar(0.0, 1.0)  # how far what must be above zero is above it
        self.room = count
        self.count = count + 1
        self.owners: list[int] = []  # row -> number of its premise, or -1: an identity
        self.sources: list[Row] = []
        self.sizes: list[float] = []  # what a row is divided by
        self.bounds: list[tuple[float, float]] = []
        self.now: list[tuple[float, float]] = []  # the same, open where its premise is switched off
        self.rows_of: dict[int, list[int]] = {}
        for row in block.identities:
            self._add(row, -1)
        for premise in block.premises:
            for row in premise.rows(as_printed and not premise.is_exact):
                self._add(row, premise.number)
        self.on: set[int] = set(self.rows_of)

    def _add(self, row: Row, owner: int) -> None:
        terms = {self.columns[q]: float(times * self.block.scales[q]) for q, times in row.terms.items()}
        size = max(map(abs, terms.values())) or 1.0
        low = -_INF if row.lower is None else float(row.lower) / size
        high = _INF if row.upper is None else float(row.upper) / size
        if row.is_positive:
            terms[self.room] = -size
        index = np.fromiter(terms, dtype=np.int32)
        values = np.fromiter((t / size for t in terms.values()), dtype=float)
        self.highs.addRow(low, high, len(index), index, values)
        if owner >= 0:
            self.rows_of.setdefault(owner, []).append(len(self.owners))
        self.owners.append(owner)
        self.sizes.append(size)
        self.sources.append(row)
        self.bounds.append((low, high))
        self.now.append((low, high))

    def switch(self, numbers: Iterable[int]) -> None:
        """Only these premises hold."""
        wanted = set(numbers)
        for number in self.on ^ wanted:
            for row in self.rows_of[number]:
                self.now[row] = self.bounds[row] if number in wanted else _OPEN
                self.highs.changeRowBounds(row, *self.now[row])
        self.on = wanted

    def find_conflict(self, numbers: Iterable[int]) -> Conflict | None:
        """None where these premises can all be true; else rows that show they cannot."""
        self.switch(numbers)
        self._set_cost({})
        self.highs.changeColBounds(self.room, _AMPLE, 1.0)
        is_plain = self._run() and self._look_closer(_AMPLE) is None
        self.highs.changeColBounds(self.room, 0.0, 1.0)
        if is_plain:
            return None
        self._set_cost({self.room: -1.0})
        if not self._run():
            return self._name_ray()
        if self.highs.getObjectiveValue() < -_LEAST:
            return self._look_closer(0.0)
        return self._name(self.highs.getSolution().row_dual, 1.0)

    def _run(self) -> bool:
        """Whether there is a solution, within the tolerance."""
        self.highs.run()
        return bool(self.highs.getModelStatus() == highspy.HighsModelStatus.kOptimal)

    def _name_ray(self) -> Conflict:
        _, has_ray, ray = self.highs.getDualRay()  # type: ignore[attr-defined]
        return self._name(ray, 1.0) if has_ray else Conflict(tuple(sorted(self.on)), ())

    def _look_closer(self, least_room: float) -> Conflict | None:
        """None where the rows can hold beyond the tolerance, with so much room at least; else rows that show otherwise.

        Iterative refinement (Gleixner, Steffy and Wolter 2016): around the point found, what each row lacks is computed
        in fractions, and a step that mends all of it is asked for, enlarged.
        """
        solution = self.highs.getSolution()
        values, ends = np.asarray(solution.row_value), np.array(self.now).reshape(-1, 2)
        if not len(ends) or np.maximum(ends[:, 0] - values, values - ends[:, 1]).max() <= _ROUNDING:
            return None
        point = np.asarray(solution.col_value)
        exact = [Fraction(value) for value in point]
        closer = [self._enlarge(row, exact) if now != _OPEN else now for row, now in enumerate(self.now)]
        room = point[self.room]
        self._set_bounds(np.array(closer), -_ZOOM * point, (_ZOOM * (least_room - room), _ZOOM * (1.0 - room)))
        self._set_cost({})
        found = None if self._run() else self._name_ray()
        self._set_bounds(ends, np.zeros(len(point)), (0.0, 1.0))
        return found

    def _set_bounds(self, ends: np.ndarray, low: np.ndarray, room: tuple[float, float]) -> None:
        """Of all rows and all columns; room: of the column for what must be above zero."""
        low, high = low.copy(), np.full(len(low), _INF)
        low[self.room], high[self.room] = room
        count = len(ends)
        rows, columns = np.arange(count, dtype=np.int32), np.arange(len(low), dtype=np.int32)
        self.highs.changeRowsBounds(count, rows, ends[:, 0].copy(), ends[:, 1].copy())  # type: ignore[attr-defined]
        self.highs.changeColsBounds(len(low), columns, low, high)

    def _enlarge(self, number: int, point: Sequence[Fraction]) -> tuple[float, float]:
        """The ends of a row from a point on, in fractions until they are enlarged."""
        row, size = self.sources[number], Fraction(self.sizes[number])
        terms = (times * self.block.scales[q] * point[self.columns[q]] for q, times in row.terms.items())
        value = sum(terms, Fraction(0))
        if row.is_positive:
            value -= size * point[self.room]
        low, high = (None if end is None else float((end - value) / size * _ZOOM) for end in (row.lower, row.upper))
        return (-_INF if low is None else low), (_INF if high is None else high)

    def _name(self, weights: Sequence[float], sign: float) -> Conflict:
        """The rows that have a multiplier: a negative one of its upper side."""
        used = [(n, sign * weight) for n, weight in enumerate(weights[: len(self.owners)]) if abs(weight) > 1e-10]
        return Conflict(
            tuple(sorted({self.owners[n] for n, _ in used if self.owners[n] >= 0})),
            tuple((self.sources[n], weight < 0) for n, weight in used),
        )

    def is_possible(self, numbers: Iterable[int], other: Premise | None = None, as_printed: bool = True) -> bool:
        """Whether these premises can all be true, with one more that is not of the block."""
        count = len(self.owners)
        rows = other.rows(as_printed) if other else []
        if other and other.under is not None:
            rows.append(Row(other.under, Fraction(0), None, "positive", is_positive=True))
        for row in rows:
            for q in row.terms:
                if q not in self.columns:
                    self.columns[q] = self.count
                    self.count += 1
                    self.block.scales.setdefault(q, self._guess_scale(q))
                    self.highs.addVar(0.0, _INF)
            self._add(row, -1)
        possible = self.find_conflict(numbers) is None
        if added := len(self.owners) - count:
            self.highs.deleteRows(added, np.arange(count, count + added, dtype=np.int32))
            for kept in (self.owners, self.sources, self.sizes, self.bounds, self.now):
                del kept[count:]
        return possible

    def _guess_scale(self, q: Quantity) -> Fraction:
        """That of the nearest value known: of the same unit."""
        return max((scale for other, scale in self.block.scales.items() if other.unit == q.unit), default=Fraction(1))

    def _set_cost(self, cost: dict[int, float]) -> None:
        count = self.count
        values = np.zeros(count)
        for column, value in cost.items():
            values[column] = value
        self.highs.changeColsCost(count, np.arange(count, dtype=np.int32), values)

    def find_range(self, terms: Terms, numbers: Iterable[int]) -> Range:
        """The least and the greatest value of a sum of terms, in units of one; None = open. For consistent premises.

        Ends are proved in fractions from the solver's multipliers; one that cannot be is a float.
        """
        return self.find_range_with_support(terms, numbers)[0]

    def find_range_with_support(self, terms: Terms, numbers: Iterable[int]) -> tuple[Range, set[int]]:
        """The range, and the premises whose rows hold its ends."""
        self.switch(numbers)
        cost = {self.columns[q]: float(times * self.block.scales[q]) for q, times in terms.items()}
        size = max(map(abs, cost.values()))
        ends: list[End] = []
        used: set[int] = set()
        for sign in (1, -1):
            self._set_cost({column: sign * value / size for column, value in cost.items()})
            if not self._run():
                ends.append(None)
                continue
            near = self.highs.getObjectiveValue() * size
            conflict = self._name(self.highs.getSolution().row_dual, 1.0)
            used.update(conflict.premises)
            proved = prove_least(conflict.sides, {q: sign * times for q, times in terms.items()})
            ends.append(sign * _choose(proved, near, size))
        return (ends[0], ends[1]), used


def find_ratio_range(
    block: Block, over: Terms, under: Terms, premises: Sequence[Premise], as_printed: bool = False
) -> Range:
    """The range of over / under that premises leave open, under being above zero (Charnes and Cooper 1962).

    All values are divided by under, so that the ratio is linear: one more column t stands for 1 / under.
    """
    program = _open_solver()
    columns = {q: n for n, q in enumerate(block.quantities)}
    t = len(columns)
    sides: list[tuple[Row, bool]] = []
    program.addVars(t + 1, np.zeros(t + 1), np.full(t + 1, _INF))

    def add(row: Row) -> None:
        terms = {columns[q]: float(times * block.scales[q]) for q, times in row.terms.items()}
        size = max(map(abs, terms.values())) or 1.0
        for bound, sign in ((row.lower, 1.0), (row.upper, -1.0)):
            if bound is not None:
                full = {column: sign * value / size for column, value in terms.items()}
                full[t] = full.get(t, 0.0) - sign * float(bound) / size
                program.addRow(0.0, _INF, len(full), np.fromiter(full, dtype=np.int32),
                               np.fromiter(full.values(), dtype=float))  # fmt: skip
                sides.append((row, sign < 0))

    for row in block.identities:
        add(row)
    for premise in premises:
        for row in premise.rows(as_printed and not premise.is_exact):
            add(row)
    size = max(float(abs(times) * block.scales[q]) for q, times in under.items())
    whole = {columns[q]: float(times * block.scales[q]) / size for q, times in under.items()}
    program.addRow(1.0, 1.0, len(whole), np.fromiter(whole, dtype=np.int32), np.fromiter(whole.values(), dtype=float))
    ends: list[End] = []
    for sign in (1, -1):
        for q, times in over.items():
            program.changeColCost(columns[q], sign * float(times * block.scales[q]) / size)
        program.run()
        if program.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            ends.append(None)
            continue
        near = program.getObjectiveValue()
        used = [side for side, dual in zip(sides, program.getSolution().row_dual, strict=False) if abs(dual) > 1e-10]
        proved = prove_least_ratio(used, over, under, Fraction(sign))
        ends.append(sign * _choose(proved, near, 1.0))
    return ends[0], ends[1]


def _choose(proved: Fraction | None, near: float, size: float) -> Fraction | float:
    """What is proved, where it is what the solver found but for its tolerance: what is proved may be less tight."""
    is_tight = proved is not None and abs(float(proved) - near) <= 1e-6 * abs(near) + 1e-9 * size
    return proved if proved is not None and is_tight else near
