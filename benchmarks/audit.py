"""The audit on many statements: time by their number, in one run.

    python -m benchmarks.audit [--most 10000] [--dirty] [--budget 100]

Statements are levels, shares, rates and balances, rounded, of places that have nothing to do with one another, two
years each; one level in five hundred is doubled, with --dirty one in twenty. Printed: seconds, seconds of CPU (report
included), contradictions, and the ratio of CPU time a statement to that of the smallest set (1 = linear).
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from transforms.audit import Budget, audit_figures
from transforms.audit.report import make_report
from transforms.audit.say import Speaker
from transforms.codelists import load_codelist

_ITEMS = ("EBOPS2010:S", "DEF:dds6", "EBOPS2010:SI")
_YEARS = ("2019", "2020")
_BASES = ("published", "reported", "final", "balanced")


def make_statements(count: int, every: int = 500) -> list[dict[str, Any]]:
    """Rows with the columns of observations; the same for the same number."""
    rng, rows = random.Random(1), list[dict[str, Any]]()
    geos = [row["code"] for row in load_codelist("geographies").rows if row["type"] in ("country", "economy")]
    place = 0
    while len(rows) < count:
        geo, basis = geos[place % len(geos)], _BASES[place // len(geos) % len(_BASES)]
        rows += [row | {"geo": geo, "basis": basis} for row in _print_place(rng)]
        place += 1
    rows = [row | {"locator": f"R{n}"} for n, row in enumerate(rows[:count])]
    for row in rows[::every]:
        if row["measure"] == "value":
            row |= {name: row[name] * 2 for name in ("value", "lower", "upper")}
    return rows


def _print_place(rng: random.Random) -> Iterator[dict[str, Any]]:
    amounts: dict[tuple[str, str, str], float] = {}
    for year in _YEARS:
        for flow in "XM":
            services = rng.uniform(50, 500)
            digital = services * rng.uniform(0.3, 0.7)
            for item, amount in zip(_ITEMS, (services, digital, digital * rng.uniform(0.1, 0.9)), strict=True):
                amounts[item, flow, year] = amount
        for item in _ITEMS:
            amounts[item, "T", year] = amounts[item, "X", year] + amounts[item, "M", year]
    for (item, flow, year), amount in amounts.items():
        if rng.random() < 0.5:
            yield _row(amount, 1, "value", "USD", item, flow, year)
        if item != _ITEMS[0] and rng.random() < 0.6:
            share = 100 * amount / amounts[_ITEMS[0], flow, year]
            yield _row(share, 1, "share", "PERCENT", item, flow, year, reference="SERVICES")
        if year == _YEARS[1] and rng.random() < 0.5:
            rate = 100 * (amount / amounts[item, flow, _YEARS[0]] - 1)
            yield _row(rate, 1, "growth", "PERCENT", item, flow, year, base_period=_YEARS[0])
        if flow == "T" and rng.random() < 0.4:
            balance = amounts[item, "X", year] - amounts[item, "M", year]
            yield _row(balance, 1, "balance", "USD", item, flow, year)


def _row(
    amount: float, decimals: int, measure: str, unit: str, item: str, flow: str, period: str, **given: Any
) -> dict[str, Any]:
    value = Decimal(repr(amount)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    half = Decimal(5).scaleb(-decimals - 1)
    return {
        "dataset": "made_up", "vintage": "1", "table_id": "t", "partner": "W", "flow": flow, "item": item,
        "activity": "_T", "mode": "_T", "period": period, "base_period": "", "measure": measure, "price": "current",
        "unit": unit, "adjustment": "N", "reference": "", "unit_mult": 6 if unit == "USD" else 0, "value": value,
        "printed": str(value), "decimals": decimals, "lower": value - half, "upper": value + half, "qualifier": "",
        "method": "", "n": None, "note": "",
    } | given  # fmt: skip


def _limit(begun: float, seconds: float) -> Budget:
    """In CPU time: what else the machine does is no part of it."""
    return Budget(lambda: (time.process_time() - begun) / seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--most", type=int, default=10_000, help="statements in the largest set")
    parser.add_argument("--dirty", action="store_true", help="one level in twenty is doubled")
    parser.add_argument("--budget", type=float, default=100.0, help="seconds of CPU for an audit")
    asked = parser.parse_args()
    most, speaker = asked.most, Speaker("en")
    audit_figures(make_statements(50))  # what is imported and compiled once
    first = 0.0
    for count in (most // 8, most // 4, most // 2, most):
        rows = make_statements(count, 20 if asked.dirty else 500)
        begun, cpu = time.perf_counter(), time.process_time()
        found = audit_figures(rows, budget=_limit(cpu, asked.budget))
        make_report(found, speaker)
        seconds, used = time.perf_counter() - begun, time.process_time() - cpu
        first = first or used / count
        print(
            f"{count:6} statements  {seconds:6.1f} s  {used:6.1f} s CPU  {len(found.findings):4} contradictions "
            f"(all up to {found.complete_to} figures; not reached: {dict(+found.not_reached)})  "
            f"{used / count / first:5.2f}"
        )


if __name__ == "__main__":
    main()
