"""Nonsense ends in time: every stage of an audit keeps to its share, and says what it did not come to."""

from __future__ import annotations

import random
import time
from typing import Any

import pytest
from audit_worlds import number_rows, row, within

from transforms.audit import SIZE, Audit, Budget, audit_figures
from transforms.audit.report import make_report
from transforms.audit.say import Speaker

ITEMS = ("EBOPS2010:S", "DEF:dds6", "EBOPS2010:SI", "EBOPS2010:SC", "EBOPS2010:SD")


def make_nonsense(count: int) -> list[dict[str, Any]]:
    """Levels, shares, balances and rates of one place, thrown like dice: thousands of contradictions in one block."""
    rng = random.Random(3)
    rows = []
    for _ in range(count):
        measure, year = rng.choice(("value", "value", "share", "growth", "balance")), rng.choice((2018, 2019, 2020))
        given: dict[str, Any] = {"measure": measure, "flow": "T" if measure == "balance" else rng.choice("XMT")}
        given |= {"reference": "SERVICES"} if measure == "share" else {}
        given |= {"base_period": str(year - 1)} if measure == "growth" else {}
        item = rng.choice(ITEMS[1:] if measure == "share" else ITEMS)
        rows.append(row(f"{rng.uniform(1, 100):.1f}", item=item, period=str(year), **given))
    return number_rows(*rows)


class Ticks:
    """A clock that goes on by one whenever it is looked at: the same on every machine."""

    def __init__(self, count: int) -> None:
        self.count, self.seen = count, 0

    def __call__(self) -> float:
        self.seen += 1
        return self.seen / self.count


def tell(found: Audit, lang: str) -> str:
    return str(make_report(found, Speaker(lang))["summary"])


@pytest.mark.parametrize("count", [2000, 8000])
def test_every_stage_gets_a_share_and_says_what_it_did_not_reach(count: int) -> None:
    clock = Ticks(count)
    found = audit_figures(make_nonsense(60), budget=Budget(clock))
    assert clock.seen < count * 1.1  # after the end each stage asks once or so, and stops
    assert found.findings and found.complete_to < SIZE  # search and proofs both had time
    assert any(f.left for f in found.findings) and any(f.hypotheses for f in found.findings)
    assert found.not_reached["hypotheses"] or found.not_reached["implied"]
    for lang, said in (("en", "as the time was over"), ("zh", "时限已到")):
        assert said in tell(found, lang)
    shown = make_report(found, Speaker("en"))
    assert shown["not_reached"] == {stage: n for stage, n in found.not_reached.items() if n}
    without = sum(not c["implied"] for c in shown["contradictions"])
    assert without == found.not_reached["implied"]


def test_no_time_is_said_to_be_no_search() -> None:
    found = audit_figures(make_nonsense(20), budget=Budget(lambda: 1.0))
    assert not found.findings and not found.derived and found.complete_to == 1 and found.not_reached["derived"]
    assert "Not all could be searched" in tell(found, "en")


def test_with_all_the_time_nothing_is_missed() -> None:
    found = audit_figures(make_nonsense(12))
    assert found.complete_to == SIZE and not any(found.not_reached.values())
    assert "时限已到" not in tell(found, "zh")


def test_sets_without_a_proof_are_not_said_to_be_all() -> None:
    """Where the time ends amid the proofs, what is listed is complete only below the sets that are left."""
    rows = [row(str(n), locator=f"R{n}") for n in range(10, 30)]  # each two contradict one another
    for count in range(40, 400, 60):
        found = audit_figures(rows, budget=Budget(Ticks(count)))
        assert found.complete_to < 2 or len(found.findings) == 190, count


@pytest.mark.slow
def test_the_whole_audit_ends_within_its_seconds() -> None:
    begun = time.monotonic()
    found = audit_figures(make_nonsense(200), budget=within(6))
    make_report(found, Speaker("zh"))
    assert time.monotonic() - begun < 15 and len(found.findings) > 20
