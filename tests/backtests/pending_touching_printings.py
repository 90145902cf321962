"""Not collected: two printings of one figure that touch in one point. ONS prints exports of UKE1 as 1,410 and as 1,409;
the ranges 1,409.5 to 1,410.5 and 1,408.5 to 1,409.5 have 1,409.5 in common, which becomes the level, without width. But
no figure rounds to both: the printings contradict one another, and the level should span both, as it does where they
are further apart. As it is, every indicator has a range too narrow, and the balance 508, which is printed three times
and agrees with 1,410 - 902, is called contradictory.

Run: pytest tests/backtests/pending_touching_printings.py
"""

from __future__ import annotations

from indicator_worlds import cell, compute, flows


def test_printings_one_unit_apart_are_contested_and_span_both() -> None:
    sheets = [*flows("1410", "902", table_id="3"), *flows("1409", "903", table_id="4")]
    results = compute({"w": [*sheets, cell("508", flow="T", measure="balance", table_id="3")]})
    row = results.one("w", "trade_balance")
    assert row["contested"] and row["lower"] == 1408.5 - 903.5 and row["upper"] == 1410.5 - 901.5
    assert results.verdicts("w", "balance") == [("balance", "508", "equal")]


def test_printings_two_units_apart_are_already_so() -> None:
    sheets = [*flows("1410", "902", table_id="3"), *flows("1408", "902", table_id="4")]
    row = compute({"w": sheets}).one("w", "trade_balance")
    assert row["contested"] and (row["lower"], row["upper"]) == (1407.5 - 902.5, 1410.5 - 901.5)
