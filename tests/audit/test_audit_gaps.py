"""Gaps of half a unit beside figures of nine to thirteen digits, in mixed units: found, and nothing where none is.

Amounts are whole numbers of a unit of ten; each is printed in a unit of its own, with all its decimals, and stands for
itself give or take half. So whether a sum can hold is known by counting halves.
"""

from __future__ import annotations

import random
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from audit_worlds import number_rows, row

from transforms.audit import Audit, audit_figures
from transforms.audit.report import make_report
from transforms.audit.say import Speaker

POWERS = (1, 3, 4, 6, 8)


def show(amount: int, power: int, **given: Any) -> dict[str, Any]:
    """An amount of tens, printed in a unit of 10^power with the decimals that show every ten."""
    printed = f"{Decimal(amount) * 10 / Decimal(10) ** power:.{power - 1}f}"
    assert Decimal(printed) * 10**power == Decimal(amount) * 10
    return row(printed, unit_mult=power, **given)


def audit(*rows: dict[str, Any]) -> Audit:
    return audit_figures(number_rows(*rows), with_hypotheses=False)


@pytest.mark.parametrize("digits", [9, 11, 13])
@pytest.mark.parametrize("seed", range(8))
def test_a_total_and_its_flows(seed: int, digits: int) -> None:
    """Three figures, three halves: a total that is off by one can be true, by two it cannot."""
    rng = random.Random(seed)
    total = rng.randrange(10 ** (digits - 1), 10**digits)
    exports = rng.randrange(total // 10**4, total)
    powers = [rng.choice(POWERS) for _ in range(3)]
    for off in (-2, -1, 0, 1, 2):
        amounts = zip((total + off, exports, total - exports), powers, "TXM", strict=True)
        found = audit(*(show(amount, power, flow=flow) for amount, power, flow in amounts))
        assert len(found.findings) == (abs(off) == 2) and not found.unproved, (off, powers)


@pytest.mark.parametrize("seed", range(8))
def test_a_chain_of_totals_balance_and_parts(seed: int) -> None:
    """Exports by total and balance, parts of them, among figures that touch: only what is planted is found."""
    rng = random.Random(seed)
    exports, imports = (rng.randrange(10**9, 10**11) for _ in range(2))
    part = rng.randrange(10**6, exports - 10**6)
    world = {
        "T": (exports + imports, {"flow": "T"}), "B": (exports - imports, {"flow": "T", "measure": "balance"}),
        "X": (exports, {}), "P": (part, {"item": "EBOPS2010:SI"}),
        "Q": (exports - part, {"item": "EBOPS2010:SC"}),
    }  # fmt: skip
    powers = {name: rng.choice(POWERS) for name in world}

    def find(**off: int) -> set[frozenset[str]]:
        rows = [
            show(amount + off.get(name, 0), powers[name], locator=name, **given)
            for name, (amount, given) in world.items()
        ]
        found = audit(*rows)
        assert not found.unproved
        return {frozenset(p.figure.locator for p in c.premises) for c in found.contradictions}

    assert find() == set() and find(P=1) == set() and find(T=1, B=-1) == set()
    # total and balance leave half a ten around the exports, as their own figure does: by one they touch
    assert find(X=1) == set() and find(X=2) == {frozenset("XTB")}
    # of two parts there are two halves: one too much is borne, two are half a ten too many, by either way
    assert find(P=2) == {frozenset("PQX"), frozenset("PQTB")}
    assert find(P=2, X=1) == {frozenset("PQTB")} and find(P=2, X=1, T=1, B=1) == set()


@pytest.mark.parametrize("share", ["12.5", "0.004"])
def test_a_share_of_a_large_amount(share: str) -> None:
    """A part that is the least, and one unit below the least, of what its share allows."""
    whole = 98765432112
    low = (Fraction(share) - Fraction(5, 10 ** (len(share.partition(".")[2]) + 1))) / 100
    least = int(low * (whole - Fraction(1, 2)) - Fraction(1, 2)) + 1  # tens whose upper half still reaches the share
    common = {"item": "EBOPS2010:SI"}
    for off, count in ((0, 0), (-1, 1)):
        found = audit(show(whole, 3), show(least + off, 6, **common),
                      row(share, measure="share", reference="SERVICES", **common))  # fmt: skip
        assert len(found.findings) == count and not found.unproved


def test_what_is_left_and_what_follows_is_told_to_the_last_digit() -> None:
    """The gap is 0.0145 thousand; with bounds of a solver the ends would be the other way round."""
    total, exports = row("123456789.14", flow="T", unit_mult=3), row("61728.39456", unit_mult=6)
    (told,) = make_report(audit(total, exports, row("61728394560", flow="M", unit_mult=0)), Speaker("en"))[
        "contradictions"
    ]
    assert [words.partition("leave ")[2].partition(";")[0] for words in told["implied"]] == [
        "123,456,789.1145 to 123,456,789.1255 thousand USD", "61,728.3945745 to 61,728.3945855 million USD",
        "61,728,394,570.00 to 61,728,394,590.00 USD"]  # fmt: skip
    (derived,) = make_report(audit(total, exports), Speaker("en"))["derived"]
    assert (derived["lower"], derived["upper"]) == (61728394.57, 61728394.59)


def test_a_hypothesis_that_misses_by_less_than_a_solver_sees_is_none() -> None:
    """With two digits swapped exports would be 61728.39465, still 0.09 thousand too much."""
    rows = (row("123456789.14", flow="T", unit_mult=3), row("61728.39456", unit_mult=6),
            row("61728394560", flow="M", unit_mult=0))  # fmt: skip
    (finding,) = audit_figures(number_rows(*rows)).findings
    assert not any("61728.39465" in h.figures for h in finding.hypotheses)
