"""Figures written by hand for audits: rows with the columns of observations, from a few words each."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

from transforms.audit import Budget
from transforms.audit.figures import Figure, read_figures

_UNITS = {"value": "USD", "balance": "USD", "share": "PERCENT", "growth": "PERCENT", "average_growth": "PERCENT",
          "multiple": "TIMES", "increase": "TIMES", "rank": "RANK", "difference": "PP", "count": "COUNT"}  # fmt: skip


def row(printed: str, **given: Any) -> dict[str, Any]:
    """One printed figure of services exports of Guangzhou in 2020 in millions, unless told otherwise; its digits say
    its interval, a qualifier needs its own (lower, upper)."""
    decimals = len(printed.partition(".")[2])
    value, half = Decimal(printed), Decimal(5).scaleb(-decimals - 1)
    measure = given.get("measure", "value")
    unit = given.get("unit", _UNITS[measure])
    said = {
        "dataset": "report", "vintage": "2022", "table_id": "t", "geo": "CN-440100", "partner": "W", "flow": "X",
        "item": "EBOPS2010:S", "activity": "_T", "mode": "_T", "period": "2020", "base_period": "", "freq": "A",
        "measure": measure, "basis": "published", "price": "current", "unit": unit, "adjustment": "N", "reference": "",
        "unit_mult": 6 if unit == "USD" else 0, "value": value, "printed": printed, "decimals": decimals,
        "lower": value - half, "upper": value + half, "qualifier": "", "method": "", "n": None, "obs_status": "A",
        "conf_status": "F", "locator": "", "note": "",
    }  # fmt: skip
    return said | given


def within(seconds: float) -> Budget:
    """So many seconds for an audit."""
    begun = time.monotonic()
    return Budget(lambda: (time.monotonic() - begun) / seconds)


def number_rows(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    return [r | {"locator": r["locator"] or f"R{n}"} for n, r in enumerate(rows, 1)]


def figures(*rows: dict[str, Any]) -> list[Figure]:
    return read_figures(number_rows(*rows))


def shares_of_2018(total: str = "31") -> list[dict[str, Any]]:
    """The shares of digital trade in services trade as the Guangzhou report prints them."""
    common = {"measure": "share", "item": "DEF:dds6", "reference": "SERVICES", "period": "2018"}
    return [row(total, flow="T", **common), row("25", flow="X", **common), row("27", flow="M", **common)]
