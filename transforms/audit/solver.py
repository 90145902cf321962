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
_NEAR = 1e-6  # of an end: a row whose value must be known in fractions
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
        self.rows_of: dict[int, list[int]] = {}
        for row in block.identities:
            self._add(row, -1)
        for premise in block.premises:
            for row in premise.rows(as_printed and not premise.is_exact):
                self._add(row, premise.number)
        self.on: set[int] = set(self.rows_of)
        self.ends = np.array(self.bounds).reshape(-1, 2)  # the same, open where its premise is switched off

    def _add(self, row: Row, owner: int) -> None:
        terms = {self.columns[q]: float(times * self.block.scales[q]) for q, times in row.terms.items()}
        size = max(map(abs, terms.values())) or 1.0
        low = -_INF if row.lower is None else float(row.lower) / size
        high = _INF if row.upper is None else float(row.upper) / size
        if row.is_positive:
            terms[self.room] = -size
        self.highs.addRow(low, high, len(terms), *_to_arrays({n: t / size for n, t in terms.items()}))
        if owner >= 0:
            self.rows_of.setdefault(owner, []).append(len(self.owners))
        self.owners.append(owner)
        self.sizes.append(size)
        self.sources.append(row)
        self.bounds.append((low, high))

    def switch(self, numbers: Iterable[int]) -> None:
        """Only these premises hold."""
        wanted = set(numbers)
        for number in self.on ^ wanted:
            for row in self.rows_of[number]:
                low, high = self.bounds[row] if number in wanted else _OPEN
                self.ends[row] = low, high
                self.highs.changeRowBounds(row, low, high)
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
        values, ends = np.asarray(solution.row_value), self.ends
        slack = ends - values[:, None]
        if not len(ends) or max(slack[:, 0].max(), -slack[:, 1].min()) <= _ROUNDING:
            return None
        point = np.asarray(solution.col_value)
        exact = [Fraction(value) for value in point]
        closer = slack * _ZOOM
        for row in np.flatnonzero(np.abs(slack).min(axis=1) < _NEAR):
            closer[row] = self._enlarge(int(row), exact)
        room = point[self.room]
        self._set_bounds(closer, -_ZOOM * point, (_ZOOM * (least_room - room), _ZOOM * (1.0 - room)))
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
            self.ends = np.vstack([self.ends, self.bounds[-1:]])
        possible = self.find_conflict(numbers) is None
        if added := len(self.owners) - count:
            self.highs.deleteRows(added, np.arange(count, count + added, dtype=np.int32))
            for kept in (self.owners, self.sources, self.sizes, self.bounds):
                del kept[count:]
            self.ends = self.ends[:count]
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
            solution = self.highs.getSolution()
            conflict = self._name(solution.row_dual, 1.0)
            used.update(conflict.premises)
            nothing = {q for q, n in self.columns.items() if abs(solution.col_dual[n]) > 1e-10}
            proved = prove_least(conflict.sides, {q: sign * times for q, times in terms.items()}, nothing)
            ends.append(sign * _choose(proved, near, size))
        return (ends[0], ends[1]), used


class RatioProgram:
    """A block as a linear programme for ratios: all values divided by what is under (Charnes and Cooper 1962), with one
    more column for 1 / under. Premises are switched on and off.
    """

    def __init__(self, block: Block, as_printed: bool = False) -> None:
        self.block = block
        self.columns = {q: n for n, q in enumerate(block.quantities)}
        self.inverse = len(self.columns)
        self.highs = _open_solver()
        self.highs.addVars(self.inverse + 1, np.zeros(self.inverse + 1), np.full(self.inverse + 1, _INF))
        self.sides: list[tuple[Row, bool]] = []
        self.rows_of: dict[int, list[int]] = {}
        for row in block.identities:
            self._add(row)
        for premise in block.premises:
            first = len(self.sides)
            for row in premise.rows(as_printed and not premise.is_exact):
                self._add(row)
            self.rows_of[premise.number] = list(range(first, len(self.sides)))
        self.on = set(self.rows_of)

    def _add(self, row: Row) -> None:
        terms = {self.columns[q]: float(times * self.block.scales[q]) for q, times in row.terms.items()}
        size = max(map(abs, terms.values())) or 1.0
        for bound, sign in ((row.lower, 1.0), (row.upper, -1.0)):
            if bound is not None:
                full = {column: sign * value / size for column, value in terms.items()}
                full[self.inverse] = full.get(self.inverse, 0.0) - sign * float(bound) / size
                self.highs.addRow(0.0, _INF, len(full), *_to_arrays(full))
                self.sides.append((row, sign < 0))

    def find_range(self, over: Terms, under: Terms, numbers: Iterable[int]) -> Range:
        """The range of over / under that these premises leave open, under being above zero."""
        wanted = set(numbers)
        for number in self.on ^ wanted:
            for row in self.rows_of[number]:
                self.highs.changeRowBounds(row, 0.0 if number in wanted else -_INF, _INF)
        self.on = wanted
        size = max(float(abs(times) * self.block.scales[q]) for q, times in under.items())
        whole = {self.columns[q]: float(times * self.block.scales[q]) / size for q, times in under.items()}
        self.highs.addRow(1.0, 1.0, len(whole), *_to_arrays(whole))
        ends = (self._find_end(over, under, size, 1), self._find_end(over, under, size, -1))
        self.highs.deleteRows(1, np.array([len(self.sides)], dtype=np.int32))
        for q in over:
            self.highs.changeColCost(self.columns[q], 0.0)
        return ends

    def _find_end(self, over: Terms, under: Terms, size: float, sign: int) -> End:
        for q, times in over.items():
            self.highs.changeColCost(self.columns[q], sign * float(times * self.block.scales[q]) / size)
        self.highs.run()
        if self.highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        near = self.highs.getObjectiveValue()
        solution = self.highs.getSolution()
        used = [side for side, dual in zip(self.sides, solution.row_dual, strict=False) if abs(dual) > 1e-10]
        columns = [*self.columns.items(), (None, self.inverse)]
        nothing = {q for q, n in columns if abs(solution.col_dual[n]) > 1e-10}
        return sign * _choose(prove_least_ratio(used, over, under, sign, nothing), near, 1.0)


def _to_arrays(terms: dict[int, float]) -> tuple[np.ndarray, np.ndarray]:
    return np.fromiter(terms, dtype=np.int32), np.fromiter(terms.values(), dtype=float)


def _choose(proved: Fraction | None, near: float, size: float) -> Fraction | float:
    """What is proved, where it is what the solver found but for its tolerance: what is proved may be less tight."""
    is_tight = proved is not None and abs(float(proved) - near) <= 1e-6 * abs(near) + 1e-9 * size
    return proved if proved is not None and is_tight else near
