"""All small sets of figures that cannot be true together.

A set is minimal: without any one of its figures the others can be true. They are found by a tree (Reiter 1987, with the
pruning of Greiner and others 1989): to find a set other than those known, leave out a figure of each of them; where
what is left still contradicts itself, that is a new one. A branch that leaves out the third figure of a known set
keeps the first two, so that no two branches look for the same; a set of six figures cannot keep more than six, which
bounds the tree. Each set is proved in exact arithmetic before it is reported.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from transforms.audit.blocks import Block
from transforms.audit.budget import Budget
from transforms.audit.exact import prove_contradiction
from transforms.audit.model import Premise, Row
from transforms.audit.solver import BlockProgram

SIZE = 6  # all contradictions up to so many figures are found
GRADES = ("strict", "declared", "soft")
_ENDLESS = Budget()
_MOST = 5000  # of a block; with more, the search says that it is not complete
_MOST_LARGE = 20  # larger ones that are proved and reported; the others are counted


@dataclass(frozen=True)
class Contradiction:
    """Premises that cannot all be true. grade: strict (exact figures), declared (qualified ones in the range that the
    qualifier stands for), soft (a qualified figure read as printed). proof: (row of a premise or identity, multiplier).
    """

    premises: tuple[Premise, ...]
    grade: str
    proof: tuple[tuple[Row, Fraction], ...]

    @property
    def identities(self) -> list[Row]:
        """What the proof takes besides the figures."""
        return [row for row, _ in self.proof if row.label]


@dataclass
class Search:
    """The contradictions of a block. complete_to: all of up to so many figures are among them; unproved: sets that the
    solver calls contradictory and exact arithmetic does not (by numbers of premises); larger: how many of more than
    SIZE figures were met, the smallest of which are among those found; unreached: sets that were met, and not proved
    for want of time."""

    found: list[Contradiction] = field(default_factory=list)
    larger: int = 0
    complete_to: int = SIZE
    unproved: list[tuple[int, ...]] = field(default_factory=list)
    unreached: int = 0


def find_contradictions(block: Block, budget: Budget = _ENDLESS) -> Search:
    """Of exact figures first, then those in which a qualified figure takes part; the smallest first."""
    search = Search()
    exact = [p for p in block.premises if p.is_exact]
    has_others = len(exact) < len(block.premises)
    _enumerate(block, exact, False, budget.take(0.6) if has_others else budget, search)
    if has_others:
        _enumerate(block, list(block.premises), True, budget, search)
    search.found.sort(key=lambda c: (len(c.premises), GRADES.index(c.grade), [p.number for p in c.premises]))
    return search


def _enumerate(block: Block, premises: Sequence[Premise], as_printed: bool, budget: Budget, search: Search) -> None:
    program = BlockProgram(block, as_printed)
    by_number = {p.number: p for p in premises}
    known = [{p.number for p in c.premises} for c in search.found] + [set(numbers) for numbers in search.unproved]
    if program.find_conflict(by_number) is None:
        return
    met: list[set[int]] = []
    walking = budget.take(0.7)  # the rest is for proofs
    for size in range(2, SIZE + 1):  # the smallest first, should the time be over before all are found
        limit = _Limit(size, walking)
        met += _walk(program, set(by_number), set(), set(), known, limit)
        if limit.is_over:
            search.complete_to = min(search.complete_to, size - 1)
            break
    large = sorted((numbers for numbers in met if len(numbers) > SIZE), key=lambda n: (len(n), sorted(n)))
    search.larger += len(large)
    small = sorted((numbers for numbers in met if len(numbers) <= SIZE), key=lambda n: (len(n), sorted(n)))
    for numbers in [*small, *large[:_MOST_LARGE]]:
        members = tuple(by_number[number] for number in sorted(numbers))
        if budget.is_over():
            search.unreached += 1
            search.complete_to = min(search.complete_to, len(members) - 1)
            continue
        proof = _prove(program, block, members, as_printed)
        if proof is None:
            search.unproved.append(tuple(sorted(numbers)))
        else:
            search.found.append(Contradiction(members, _grade(block, members), proof))


@dataclass
class _Limit:
    """How large the sets are that must all be found, and when to give up."""

    size: int
    budget: Budget
    is_over: bool = False


def _walk(
    program: BlockProgram, numbers: set[int], left_out: set[int], kept: set[int], known: list[set[int]], limit: _Limit
) -> Iterator[set[int]]:
    """Every minimal contradiction of numbers that holds all kept and none left out, if it is within the limit.

    known grows by what is found. Larger ones come as they are met.
    """
    while True:
        if limit.is_over or limit.budget.is_over() or len(known) > _MOST:
            limit.is_over = True
            return
        met = next((members for members in known if not members & left_out), None)
        if met is not None:
            break
        conflict = program.find_conflict(numbers - left_out)
        if conflict is None:
            return
        met = _shrink(program, set(conflict.premises))
        if not met:  # the solver loses its way among values of very different size: nothing can be said of the block
            limit.is_over = True
            return
        known.append(met)
        yield met
    keeping = set(kept)
    for number in sorted(met - kept):
        yield from _walk(program, numbers, left_out | {number}, keeping, known, limit)
        keeping = keeping | {number}
        if len(keeping) > limit.size:
            return


def _shrink(program: BlockProgram, numbers: set[int]) -> set[int]:
    """A minimal contradiction within one: what can go is left out, one after the other."""
    for number in sorted(numbers):
        if number in numbers and (conflict := program.find_conflict(numbers - {number})) is not None:
            numbers = set(conflict.premises)
    return numbers


def _prove(
    program: BlockProgram, block: Block, members: Sequence[Premise], as_printed: bool
) -> tuple[tuple[Row, Fraction], ...] | None:
    """Multipliers in fractions: of the rows that the solver names, or of all rows where these do not do."""
    conflict = program.find_conflict([p.number for p in members])
    named = prove_contradiction(conflict.sides) if conflict and conflict.sides else None
    if named is None:
        rows = [*block.identities, *(row for p in members for row in p.rows(as_printed and not p.is_exact))]
        both = [(row, side) for row in rows for side in (True, False) if (row.upper if side else row.lower) is not None]
        named = prove_contradiction(both)
    return None if named is None else tuple(named)


def _grade(block: Block, members: Sequence[Premise]) -> str:
    if all(p.is_exact for p in members):
        return "strict"
    program = BlockProgram(block)
    return "declared" if program.find_conflict([p.number for p in members]) is not None else "soft"
