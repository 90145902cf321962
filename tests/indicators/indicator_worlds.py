"""Hand-made worlds: short rows -> observations with exact intervals -> the project's own indicators and comparisons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any

import duckdb
import pyarrow as pa

from transforms.codelists import qualifier_words
from transforms.contract import load_contract
from transforms.indicators import compute_indicators, create_codelists, create_table
from transforms.numbers import Figure, qualified_interval, rounding_interval
from transforms.periods import find_freq, find_year_before

Row = dict[str, Any]
VINTAGE = "2024"
SIX = ("SF", "SG", "SH", "SI", "SJ", "SK")
_UNITS = {
    "share": "PERCENT",
    "growth": "PERCENT",
    "average_growth": "PERCENT",
    "increase": "TIMES",
    "multiple": "TIMES",
}


def cell(text: str, **kwargs: Any) -> Row:
    """One observation: '3.10' (printed), '=3.1' (unrounded), 'over 3.1', 'about 3', '' (missing, status O).

    Defaults: exports of SI by China in 2020, current prices, in 10^8 USD. Any column can be given by name.
    """
    measure = kwargs.get("measure", "value")
    row: Row = {
        "table_id": "t", "geo": "CHN", "partner": "W", "flow": "X", "item": "SI", "activity": "_T", "mode": "_T",
        "period": "2020", "base_period": "", "measure": measure, "basis": "published", "reference": "",
        "price": "" if measure in _UNITS else "current", "unit": _UNITS.get(measure, "USD"), "adjustment": "N",
        "unit_mult": 0 if measure in _UNITS else 8, "method": "", "n": None, "conf_status": "F", "note": "",
        "obs_status": "A" if text else "O", "printed": text,
    }  # fmt: skip
    row |= kwargs
    if ":" not in row["item"]:
        row["item"] = f"EBOPS2010:{row['item']}"
    if measure == "growth" and not row["base_period"]:
        row["base_period"] = find_year_before(row["period"])
    row["freq"] = find_freq(row["period"].removeprefix("../"))
    return row | _read(text)


def _read(text: str) -> Row:
    qualifier, _, figure = text.rpartition(" ")
    if not figure:
        return {"value": None, "decimals": None, "lower": None, "upper": None, "qualifier": ""}
    value = Decimal(figure.removeprefix("="))
    if figure.startswith("="):
        return {"value": value, "decimals": None, "lower": None, "upper": None, "qualifier": ""}
    decimals = len(figure.partition(".")[2])
    low, high = rounding_interval(value, decimals) if not qualifier else _bounds(value, decimals, qualifier)
    return {"value": value, "decimals": decimals, "lower": low, "upper": high, "qualifier": qualifier}


def _bounds(value: Decimal, decimals: int, qualifier: str) -> tuple[Decimal | None, Decimal | None]:
    rules = next(row for row in qualifier_words().values() if row["qualifier"] == qualifier)
    return qualified_interval(Figure(value, decimals), decimals, rules["lower_rule"], rules["upper_rule"])


def flows(x: str | None = None, m: str | None = None, t: str | None = None, **kwargs: Any) -> list[Row]:
    """Exports, imports and both together of one thing; None leaves a flow out."""
    return [cell(text, flow=flow, **kwargs) for flow, text in (("X", x), ("M", m), ("T", t)) if text is not None]


def series(values: Mapping[str, str], **kwargs: Any) -> list[Row]:
    """One figure a period."""
    return [cell(text, period=period, **kwargs) for period, text in values.items()]


def levels_of(*texts: str, start: int = 2018, **kwargs: Any) -> list[Row]:
    """One figure a year from a first year on."""
    return series({str(start + n): text for n, text in enumerate(texts)}, **kwargs)


def six(texts: str, **kwargs: Any) -> list[Row]:
    """The six items of dds6 in the order SF SG SH SI SJ SK; '-' leaves one out, '?' is a suppressed one."""
    return [
        cell("" if text == "?" else text, item=item, **({"obs_status": "Q"} if text == "?" else {}), **kwargs)
        for item, text in zip(SIX, texts.split(), strict=True)
        if text != "-"
    ]


@dataclass
class Results:
    indicators: list[Row]
    comparisons: list[Row]
    by_dataset: dict[str, list[Row]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for row in self.indicators:
            self.by_dataset.setdefault(row["dataset"], []).append(row)

    def rows(self, dataset: str, indicator: str = "", **wanted: Any) -> list[Row]:
        """The indicator rows of a dataset that have these values."""
        return [
            row
            for row in self.by_dataset.get(dataset, [])
            if indicator in ("", row["indicator"]) and all(row[name] == value for name, value in wanted.items())
        ]

    def one(self, dataset: str, indicator: str, **wanted: Any) -> Row:
        found = self.rows(dataset, indicator, **wanted)
        assert len(found) == 1, f"{len(found)} rows of {indicator} {wanted} in {dataset}"
        return found[0]

    def verdicts(self, dataset: str, rule: str = "") -> list[tuple[str, str, str]]:
        """(rule, printed, verdict) of a dataset's comparisons."""
        return [
            (row["rule"], row["printed"], row["verdict"])
            for row in self.comparisons
            if row["dataset"] == dataset and rule in ("", row["rule"])
        ]


@cache
def connection() -> duckdb.DuckDBPyConnection:
    """One thread: the worlds are small, and what more threads change has tests of its own."""
    con = duckdb.connect(config={"threads": 1})
    create_codelists(con)
    return con


def fill(
    con: duckdb.DuckDBPyConnection,
    worlds: Mapping[str, Iterable[Row]],
    families: Mapping[str, str] | None = None,
    populations: Mapping[str, str] | None = None,
) -> None:
    """Tables observations and cards from worlds by name of dataset. A world's source family is its name unless told."""
    contract = load_contract("observations")
    rows = [
        row | {"dataset": name, "vintage": row.get("vintage", VINTAGE), "locator": row.get("locator", f"t!R{n}C1")}
        for name, world in worlds.items()
        for n, row in enumerate(world, 1)
    ]
    create_table(con, contract)
    con.register("listed", pa.Table.from_pylist(rows, schema=contract.arrow_schema()))
    con.execute("INSERT INTO observations FROM listed")
    con.unregister("listed")
    con.execute(
        "CREATE OR REPLACE TEMP TABLE cards "
        "(dataset VARCHAR, vintage VARCHAR, source_family VARCHAR, title_en VARCHAR, population VARCHAR)"
    )
    con.executemany(
        "INSERT INTO cards VALUES (?, ?, ?, ?, ?)",
        sorted(
            {
                (key, r["vintage"], (families or {}).get(key, key), "", (populations or {}).get(key, ""))
                for r in rows
                for key in (r["dataset"],)
            }
        )
        or [("", "", "", "", "")],
    )


def compute(
    worlds: Mapping[str, Iterable[Row]],
    families: Mapping[str, str] | None = None,
    *,
    asked: Sequence[str] = (),
    only: Sequence[str] = (),
) -> Results:
    """Indicators and comparisons of several worlds at once: datasets know nothing of one another (but city shares)."""
    con = connection()
    fill(con, worlds, families)
    compute_indicators(con, asked=asked, only=only)
    return Results(
        con.execute("FROM indicators ORDER BY ALL").to_arrow_table().to_pylist(),
        con.execute("FROM comparisons ORDER BY ALL").to_arrow_table().to_pylist(),
    )
