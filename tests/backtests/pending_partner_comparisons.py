"""Not collected: what the comparisons do not do yet. Printed shares and balances of one partner, or of one mode or
industry, are left out of them altogether (printed_figures keeps partner W, activity _T and mode _T alone), although a
printed figure that nothing can be computed for is said to stay in the list. Of the percentages that ONS prints, all
are of one partner, so none of the 472 is listed; of its balances, those with the EU and the rest of the world.

Run: pytest tests/backtests/pending_partner_comparisons.py
"""

from __future__ import annotations

from indicator_worlds import cell, compute, flows


def test_printed_figures_of_one_partner_are_compared() -> None:
    """Exports of 100, 40 of them to the EU, printed as 40 % (and as 45 %); imports 25, balance 15 (and 20)."""
    eu = {"partner": "GROUP:EU"}
    levels = [*flows("100", "80"), *flows("40", "25", **eu)]
    share = {"measure": "share", "reference": "PARTNER_W", **eu}
    balance = {"measure": "balance", "flow": "T", **eu}
    results = compute(
        {
            "right": [*levels, cell("40", **share), cell("15", **balance)],
            "wrong": [*levels, cell("45", **share), cell("20", **balance)],
        }
    )
    # the indicators are there
    assert results.one("right", "share_of_reference", partner="GROUP:EU", flow="X")["value"] == 40
    assert results.one("right", "trade_balance", partner="GROUP:EU")["value"] == 15
    assert sorted(results.verdicts("right")) == [("balance", "15", "equal"), ("share", "40", "equal")]
    assert sorted(results.verdicts("wrong")) == [("balance", "20", "contradictory"), ("share", "45", "contradictory")]
