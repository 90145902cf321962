"""Percentages of one survey: of how many answers all of them can be shares."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor

from transforms.audit.figures import Figure

MOST = 2000  # sample sizes that are tried


@dataclass(frozen=True)
class Survey:
    """Exact percentages of one survey.

    sizes: sample sizes up to MOST of which all can be shares; stated: the one printed (None: none is); impossible: the
    figures that the stated size rules out.
    """

    figures: tuple[Figure, ...]
    stated: int | None
    sizes: tuple[int, ...]
    impossible: tuple[Figure, ...]


def judge_surveys(figures: Iterable[Figure]) -> list[Survey]:
    """One for each place, reference, period and document that has percentages of a survey."""
    groups: dict[tuple[str, ...], list[Figure]] = defaultdict(list)
    for f in figures:
        if (
            f.basis == "survey"
            and f.measure == "share"
            and f.unit == "PERCENT"
            and f.is_exact
            and f.decimals is not None
        ):
            groups[(f.dataset, f.vintage, f.geo, f.reference, f.period, f.table_id)].append(f)
    found = []
    for members in groups.values():
        sizes = {f.n for f in members if f.n is not None}
        if len(members) < 2 and not sizes:
            continue  # one percentage of nobody knows how many says nothing
        stated = next(iter(sizes)) if len(sizes) == 1 else None
        possible = tuple(n for n in range(1, MOST + 1) if all(is_share(f, n) for f in members))
        impossible = tuple(f for f in members if stated is not None and not is_share(f, stated))
        found.append(Survey(tuple(members), stated, possible, impossible))
    return found


def is_share(f: Figure, n: int) -> bool:
    """Whether a whole number out of n rounds to the percentage."""
    low, high = f.rounded
    return ceil(low * n / 100) <= floor(high * n / 100)
