"""The audit against brute force: all minimal contradictions, clean and spoiled worlds, bounds, proofs."""

from __future__ import annotations

import itertools
import random
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from audit_worlds import figures, number_rows, row, within
from scipy.optimize import linprog

from transforms.audit import audit_figures
from transforms.audit.blocks import split_blocks
from transforms.audit.contradictions import SIZE, find_contradictions
from transforms.audit.model import Premise, Row, build_model

ITEMS = ("EBOPS2010:S", "DEF:dds6", "EBOPS2010:SI")


def show(value: float, decimals: int) -> str:
    return str(Decimal(repr(value)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP))


def make_world(
    rng: random.Random, years: tuple[str, ...] = ("2019", "2020")
) -> tuple[list[dict[str, Any]], dict[Any, float]]:
    """True amounts of exports and imports, and figures of all kinds that are printed of them, rounded."""
    truth: dict[Any, float] = {}
    for year in years:
        for flow in "XM":
            services = rng.uniform(50, 500)
            digital = services * rng.uniform(0.3, 0.7)
            for item, amount in zip(ITEMS, (services, digital, digital * rng.uniform(0.1, 0.9)), strict=True):
                truth[item, flow, year] = amount
        for item in ITEMS:
            truth[item, "T", year] = truth[item, "X", year] + truth[item, "M", year]
    rows = []
    for (item, flow, year), amount in truth.items():
        key = {"item": item, "flow": flow, "period": year}
        if rng.random() < 0.5:
            rows.append(row(show(amount, rng.choice((0, 1, 2))), **key))
        if item != ITEMS[0] and rng.random() < 0.6:
            share = 100 * amount / truth[ITEMS[0], flow, year]
            rows.append(row(show(share, rng.choice((0, 1))), measure="share", reference="SERVICES", **key))
        if year != years[0] and rng.random() < 0.5:
            before = truth[item, flow, years[years.index(year) - 1]]
            rate = 100 * (amount / before - 1)
            rows.append(row(show(rate, 1), measure="growth", base_period=years[years.index(year) - 1], **key))
        if flow == "T" and rng.random() < 0.4:
            balance = truth[item, "X", year] - truth[item, "M", year]
            rows.append(row(show(balance, 1), measure="balance", **key))
    return number_rows(*rows), truth


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_a_clean_world_has_no_contradiction_and_the_truth_lies_within_all_bounds(seed: int) -> None:
    rows, truth = make_world(random.Random(seed))
    found = audit_figures(rows)
    assert found.findings == [] and found.unproved == 0
    for d in found.derived:
        amount = truth[d.quantity.item, d.quantity.flow, d.quantity.period] * 1e6
        assert d.lower <= amount <= d.upper, (d.quantity, d.lower, amount, d.upper)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(16))
def test_a_planted_contradiction_is_found(seed: int) -> None:
    """A total that is not the sum of its parts by more than rounding explains, in a world that is clean else."""
    rng = random.Random(seed)
    rows, truth = make_world(rng)
    wrong = truth[ITEMS[0], "T", "2020"] * rng.uniform(1.3, 2)
    key = {"item": ITEMS[0], "period": "2020", "table_id": "planted"}
    planted = [row(show(wrong, 1), flow="T", **key)]
    planted += [row(show(truth[ITEMS[0], flow, "2020"], 1), flow=flow, **key) for flow in "XM"]
    found = audit_figures(
        rows + [r | {"locator": f"P{n}"} for n, r in enumerate(planted)], with_hypotheses=False, budget=within(4)
    )
    assert any({f.locator for p in c.premises for f in p.figures} >= {"P0", "P1", "P2"} and len(c.premises) == 3
               for c in found.contradictions)  # fmt: skip
    # nothing is said of figures that are right: every contradiction has the wrong one
    assert all(any(f.locator == "P0" for p in c.premises for f in p.figures) for c in found.contradictions)


def is_contradictory(premises: tuple[Premise, ...], identities: tuple[Row, ...]) -> bool:
    """By another solver's hands: a linear programme in millions, with nothing switched on and off."""
    rows = [*identities, *(r for p in premises for r in p.rows())]
    columns = {q: n for n, q in enumerate(dict.fromkeys(q for r in rows for q in r.terms))}
    matrix, bounds = [], []
    for r in rows:
        line = np.zeros(len(columns))
        for q, times in r.terms.items():
            line[columns[q]] = float(times)
        low = 1e-3 if r.is_positive else None if r.lower is None else float(r.lower / 10**6)
        for bound, sign in ((low, -1.0), (None if r.upper is None else float(r.upper / 10**6), 1.0)):
            if bound is not None:
                matrix.append(sign * line)
                bounds.append(sign * bound)
    return bool(linprog(np.zeros(len(columns)), A_ub=np.array(matrix), b_ub=bounds).status == 2)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_all_minimal_contradictions_by_trying_every_set(seed: int) -> None:
    """A spoiled world of at most eight figures: every set of them is tried."""
    rng = random.Random(seed)
    rows, _ = make_world(rng)
    chosen = rng.sample(rows, min(8, len(rows)))
    for spoiled in rng.sample(chosen, 2):
        shifted = spoiled["value"] * Decimal("1.5") + Decimal(3)
        half = (spoiled["upper"] - spoiled["lower"]) / 2
        spoiled |= {"value": shifted, "lower": shifted - half, "upper": shifted + half, "printed": str(shifted)}
    model = build_model(figures(*chosen))
    expected, found = set(), set()
    for block in split_blocks(model):
        minimal: list[set[int]] = []
        for size in range(1, len(block.premises) + 1):
            for members in itertools.combinations(block.premises, size):
                numbers = {p.number for p in members}
                if not any(known <= numbers for known in minimal) and is_contradictory(members, block.identities):
                    minimal.append(numbers)
        expected |= {tuple(sorted(numbers)) for numbers in minimal}
        search = find_contradictions(block)
        assert search.complete_to == SIZE and search.unproved == []
        found |= {tuple(p.number for p in c.premises) for c in search.found}
    assert found == expected


@pytest.mark.slow
def test_a_proof_is_one() -> None:
    """The multipliers add the rows up to 0 <= something below zero, in fractions."""
    rows, _ = make_world(random.Random(3))
    bad = row("9000", flow="T", item=ITEMS[0], period="2020", locator="bad")
    found = audit_figures([*rows, bad], with_hypotheses=False, budget=within(4))
    assert found.contradictions
    for c in found.contradictions:
        total: dict[Any, Fraction] = {}
        bound, strict = Fraction(0), False
        for r, times in c.proof:
            assert (r.upper if times > 0 else r.lower) is not None
            bound += times * (r.upper if times > 0 else r.lower)
            strict |= r.is_positive
            for q, factor in r.terms.items():
                total[q] = total.get(q, Fraction(0)) + times * factor
        assert all(value >= 0 for value in total.values())  # amounts are not negative: what is left only helps
        assert bound < 0 or (bound == 0 and strict)


@pytest.mark.parametrize("seed", range(10))
def test_bounds_are_exact_by_the_corners_of_the_box(seed: int) -> None:
    """Exports and imports from a total and a balance: linear, so the ends lie at corners of the printed intervals."""
    rng = random.Random(seed)
    x, m = rng.uniform(50, 90), rng.uniform(10, 40)
    rows = number_rows(row(show(x + m, 1), flow="T"), row(show(x - m, 1), flow="T", measure="balance"))
    corners = list(itertools.product(*([Fraction(r["lower"]), Fraction(r["upper"])] for r in rows)))
    wanted = {"X": [(t + b) / 2 for t, b in corners], "M": [(t - b) / 2 for t, b in corners]}
    found = {d.quantity.flow: (d.lower, d.upper) for d in audit_figures(rows).derived}
    assert found == {flow: (min(ends) * 10**6, max(ends) * 10**6) for flow, ends in wanted.items()}


def test_many_blocks_grow_with_their_number() -> None:
    """Blocks by themselves: three years of two places are six times one, not a power of it."""
    rng = np.random.default_rng(1)
    rows = []
    for n in range(60):
        total = float(rng.uniform(50, 90))
        key = {"period": str(1950 + n)}
        rows += [row(show(total, 1), flow="T", **key), row(show(total / 3, 1), flow="X", **key)]
    model = build_model(figures(*rows))
    blocks = split_blocks(model)
    assert len(blocks) == 60 and {len(b.premises) for b in blocks} == {2}
