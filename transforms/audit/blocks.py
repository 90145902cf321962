"""Connected blocks: figures that have no value in common, however far around, cannot contradict one another."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from transforms.audit.model import Model, Premise, Quantity, Row


@dataclass(frozen=True)
class Block:
    """Premises and identities on the values they have in common; scales: what each value is divided by in a solver."""

    premises: tuple[Premise, ...]
    identities: tuple[Row, ...]
    quantities: tuple[Quantity, ...]
    scales: dict[Quantity, Fraction]


def split_blocks(model: Model) -> list[Block]:
    """The blocks of a model, in the order of their first premise."""
    index: dict[Quantity, int] = {}

    def number(q: Quantity) -> int:
        return index.setdefault(q, len(index))

    groups = [[number(q) for row in p.rows() for q in row.terms] for p in model.premises]
    groups += [[number(q) for q in row.terms] for row in model.identities]
    pairs = [(members[0], other) for members in groups for other in members[1:]]
    first, second = np.array(pairs, dtype=int).reshape(-1, 2).T
    graph = coo_array((np.ones(len(first)), (first, second)), shape=(len(index), len(index)))
    labels = connected_components(graph, directed=False)[1]
    premises: dict[int, list[Premise]] = defaultdict(list)
    identities: dict[int, list[Row]] = defaultdict(list)
    quantities: dict[int, list[Quantity]] = defaultdict(list)
    for q, n in index.items():
        quantities[labels[n]].append(q)
    for premise, members in zip(model.premises, groups, strict=False):
        if members:
            premises[labels[members[0]]].append(premise)
    for row, members in zip(model.identities, groups[len(model.premises) :], strict=True):
        identities[labels[members[0]]].append(row)
    return [
        Block(
            tuple(found),
            tuple(identities[label]),
            tuple(quantities[label]),
            _find_scales(found, identities[label], quantities[label]),
        )
        for label, found in premises.items()
    ]


def _find_scales(
    premises: list[Premise], identities: list[Row], quantities: list[Quantity]
) -> dict[Quantity, Fraction]:
    """A power of ten near each value: a solver that meets numbers near one does not take a small one for nothing.

    As levels say it; shares and rates hand it on, then identities: exports and imports are near their total, a part
    near its whole.
    """
    sizes: dict[Quantity, float] = {}
    for p in premises:
        if p.kind in ("level", "balance"):
            for q in p.over:
                size = float(abs(p.figure.value) * p.figure.scale)
                sizes[q] = max(size, sizes.get(q, 0.0))
    links: list[_Link] = []
    near = [(first, second, 1.0) for row in identities for first, second in pairwise(row.terms)]
    for p in premises:
        if p.under is not None:
            ratio = float(p.to_ratio(p.figure.value * p.figure.scale) or 0)
            (part,), (whole,) = p.over, p.under
            # what is said to be nothing of its whole, or less, is near it for all that a solver needs
            (links if ratio > 0 else near).append((whole, part, ratio if ratio > 0 else 1.0))
    _spread(sizes, links, near)
    return {q: _round_down(sizes.get(q, 0.0)) for q in quantities}


_Link = tuple[Quantity, Quantity, float]


def _spread(sizes: dict[Quantity, float], links: list[_Link], near: list[_Link]) -> None:
    """Give a size to whatever hangs on what has one (first, second, second by first); links before what is near."""
    beside: dict[Quantity, list[tuple[Quantity, float, bool]]] = defaultdict(list)
    for found, is_link in ((links, True), (near, False)):
        for first, second, ratio in found:
            beside[first].append((second, ratio, is_link))
            beside[second].append((first, 1 / ratio, is_link))
    waiting = deque((q, size) for q, size in sizes.items() if size)
    done: set[Quantity] = set()
    while waiting:
        known, size = waiting.popleft()
        if known in done:
            continue
        done.add(known)
        sizes[known] = sizes.get(known) or size
        for other, ratio, is_link in beside[known]:
            if other not in done:
                (waiting.appendleft if is_link else waiting.append)((other, sizes[known] * ratio))


def _round_down(size: float) -> Fraction:
    """The power of ten below; 1 for nothing."""
    return Fraction(10) ** math.floor(math.log10(size)) if size > 0 else Fraction(1)
