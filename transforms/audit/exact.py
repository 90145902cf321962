"""Proof in exact rational arithmetic that rows cannot all hold (Farkas' lemma): multipliers that add up to 0 < 0.

A solver works with rounded numbers. What it calls a contradiction is reported only where multipliers in fractions prove
it: non-negative y with y'A = 0 and y'b < 0 for rows A x <= b, or y'b = 0 where a strict row (above zero) takes part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from fractions import Fraction
from operator import mul
from typing import Any

from transforms.audit.model import Quantity, Row, Terms

_ZERO = Fraction(0)
_Side = tuple[dict[Quantity, Fraction], Fraction, bool]


def prove_contradiction(sides: Sequence[tuple[Row, bool]]) -> list[tuple[Row, Fraction]] | None:
    """Multipliers of the rows that take part (negative: of a lower side), where the sides contradict one another.

    sides: rows with the side that is meant (True: the upper one). That values are not negative is used as well.
    """
    found: list[_Side] = []
    for row, is_upper in sides:
        bound = row.upper if is_upper else row.lower
        if bound is None:
            return None
        sign = Fraction(1 if is_upper else -1)
        found.append(({q: sign * t for q, t in row.terms.items()}, sign * bound, row.is_positive and not is_upper))
    for q in dict.fromkeys(q for row, _ in sides for q in row.terms):
        found.append(({q: Fraction(-1)}, _ZERO, False))
    multipliers = _solve(found)
    if multipliers is None:
        return None
    return [
        (row, times if is_upper else -times)
        for (row, is_upper), times in zip(sides, multipliers, strict=False)
        if times
    ]


def prove_least(
    sides: Sequence[tuple[Row, bool]], terms: Terms, nothing: Set[Quantity] = frozenset()
) -> Fraction | None:
    """A number that a sum of terms is not below, from these sides of rows; None where they do not bound it.

    Multipliers of the rows that add up to the terms give it (weak duality); of values that are nothing where the sum is
    least, to less, as no value is negative. With the sides and values that a solver names it is the least itself.
    """
    columns, worth = [], []
    for row, is_upper in _both_ways(sides):
        bound = row.upper if is_upper else row.lower
        if bound is not None:
            sign = Fraction(-1 if is_upper else 1)
            columns.append({q: sign * t for q, t in row.terms.items()})
            worth.append(sign * bound)
    multipliers = _combine(columns, terms, nothing)
    return None if multipliers is None else sum(map(mul, multipliers, worth), _ZERO)


def prove_least_ratio(
    sides: Sequence[tuple[Row, bool]], over: Terms, under: Terms, sign: int, nothing: Set[Quantity | None] = frozenset()
) -> Fraction | None:
    """A number that sign times over / under is not below, under being above zero; None where there is none.
    nothing: as in prove_least, None for 1 / under.

    All values divided by under (Charnes and Cooper 1962), it is one more multiplier: sign x over is a sum of rows and
    so many times under, which is then one.
    """
    columns: list[dict[Quantity | None, Fraction]] = []
    for row, is_upper in _both_ways(sides):
        bound = row.upper if is_upper else row.lower
        if bound is not None:
            way = Fraction(-1 if is_upper else 1)
            # None: the place of 1 / under, by which every bound is multiplied
            columns.append({q: way * t for q, t in row.terms.items()} | {None: -way * bound})
    columns += [{q: t * way for q, t in under.items()} for way in (1, -1)]
    multipliers = _combine(columns, {q: sign * t for q, t in over.items()}, nothing)
    return None if multipliers is None else multipliers[-2] - multipliers[-1]


def _both_ways(sides: Sequence[tuple[Row, bool]]) -> list[tuple[Row, bool]]:
    """An equation has both sides, whichever of them a solver names."""
    return [
        (row, way)
        for row, is_upper in sides
        for way in ((True, False) if row.lower is not None and row.lower == row.upper else (is_upper,))
    ]


def _combine(
    columns: Sequence[Mapping[Any, Fraction]], target: Mapping[Any, Fraction], loose: Set[Any]
) -> list[Fraction] | None:
    """Multipliers, none negative, of columns that add up to the target, of loose keys to less; None: there are none."""
    keys = list(dict.fromkeys(key for terms in (*columns, target) for key in terms))
    rest = [key for key in keys if key in loose]
    table = []
    for key in keys:
        row = [terms.get(key, _ZERO) for terms in columns]
        row += [Fraction(int(key == other)) for other in rest] + [target.get(key, _ZERO)]
        table.append([-value for value in row] if row[-1] < 0 else row)
    found = _find_feasible(table, len(columns) + len(rest))
    return None if found is None else found[: len(columns)]


def _solve(sides: list[_Side]) -> list[Fraction] | None:
    """y >= 0 with y'A = 0 and y'b = -1; or else y'b = 0 where strict rows have a part of 1. In fractions, exactly."""
    quantities = list(dict.fromkeys(q for terms, *_ in sides for q in terms))
    table = [[terms.get(q, _ZERO) for terms, *_ in sides] + [_ZERO] for q in quantities]
    bounds = [-bound for _, bound, *_ in sides]
    strict = [Fraction(int(is_strict)) for *_, is_strict in sides]
    found = _find_feasible([*table, [*bounds, Fraction(1)]], len(sides))
    if found is None and any(strict):
        found = _find_feasible([*table, [*bounds, _ZERO], [*strict, Fraction(1)]], len(sides))
    return found


def _find_feasible(table: list[list[Fraction]], count: int) -> list[Fraction] | None:
    """y >= 0 that solves the equations (last column: right sides, none negative); None where there is none.

    Phase one of the simplex method with Bland's rule, which ends. Artificial columns that have left the basis do not
    come back, so that none is kept.
    """
    rows = [list(row) for row in table]
    basis = [count + n for n in range(len(rows))]
    cost = [-sum((row[column] for row in rows if row[column]), _ZERO) for column in range(count)]
    rest = -sum((row[-1] for row in rows), _ZERO)
    while True:
        enter = next((column for column in range(count) if cost[column] < 0), None)
        if enter is None:
            break
        ratios = [(row[-1] / row[enter], basis[n], n) for n, row in enumerate(rows) if row[enter] > 0]
        if not ratios:
            return None
        _, _, leave = min(ratios)
        pivot = rows[leave][enter]
        rows[leave] = [value / pivot if value else value for value in rows[leave]]
        for n, row in enumerate(rows):
            if n != leave and row[enter]:
                times = row[enter]
                rows[n] = [a - times * b if b else a for a, b in zip(row, rows[leave], strict=True)]
        times = cost[enter]
        cost = [a - times * b if b else a for a, b in zip(cost, rows[leave][:-1], strict=True)]
        rest -= times * rows[leave][-1]
        basis[leave] = enter
    if rest != 0:
        return None
    solution = [_ZERO] * count
    for n, column in enumerate(basis):
        if column < count:
            solution[column] = rows[n][-1]
    return solution
