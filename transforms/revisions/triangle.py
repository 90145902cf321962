"""The revision triangle of one series: what each edition says of each period."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb

from transforms.contract import load_contract
from transforms.errors import InputError
from transforms.trace.select import AmbiguousError, fetch

Row = dict[str, Any]
# Key parts of a printed figure -> the list that their names are from.
OBSERVATION_KEYS = {
    "geo": "geographies", "partner": "geographies", "flow": "flows", "item": "items", "measure": "measures",
    "basis": "bases", "price": "prices", "unit": "units", "adjustment": "adjustments", "reference": "references",
    "freq": "frequencies", "definition": "definitions", "indicator": "indicators", "currency": "units",
    "table_id": "", "activity": "items", "mode": "", "base_period": "",
}  # fmt: skip
# Parts of the key that run along the triangle, or follow the period.
_NOT_SERIES = {"dataset", "vintage", "period", "base_period", "ref_vintage"}


@dataclass(frozen=True)
class Triangle:
    """periods x vintages: values in unit x 10^unit_mult; None where an edition has none, status says why.

    absent: (period, vintage) of cells that an edition does not have at all.
    """

    series: dict[str, str]
    periods: tuple[str, ...]
    vintages: tuple[str, ...]
    values: dict[tuple[str, str], Decimal | None]
    statuses: dict[tuple[str, str], str]
    unit: str
    unit_mult: int

    def revision(self, period: str, old: str, new: str) -> Decimal | None:
        """Value in the later edition less that in the earlier one; None where one is missing."""
        before, after = self.values.get((period, old)), self.values.get((period, new))
        return None if before is None or after is None else after - before


def make_triangle(
    con: duckdb.DuckDBPyConnection,
    dataset: str,
    said: Mapping[str, str],
    *,
    source: str = "observations",
    core: str = "",
) -> Triangle:
    """The triangle of the one series that the key parts said choose: a printed one, or with indicator a computed one.

    core: the view of the core indicators of large editions, which are asked where the others have no such series.
    Raises InputError where a name is unknown or nothing fits, AmbiguousError where several series do.
    """
    wanted = {name: value for name, value in said.items() if value}
    is_computed = "indicator" in wanted
    view = "indicators" if is_computed else source
    contract = load_contract("indicators" if is_computed else "observations")
    if not is_computed and "definition" in wanted:  # a definition is an item of its own
        wanted["item"] = f"DEF:{wanted.pop('definition')}"
    if unknown := sorted(set(wanted) - set(contract.names)):
        raise InputError(f"{unknown[0]} is no key part of {contract.name}", todo="leave it out.")
    name, codes = _find_codes(con, dataset, wanted)
    where = " AND ".join(f'list_contains(?, "{part}")' for part in codes) or "true"
    rows = fetch(con, f"FROM {view} WHERE dataset = ? AND {where} ORDER BY ALL", [name, *codes.values()])
    if not rows and is_computed and core:
        contract = load_contract("core_indicators")
        if set(codes) <= set(contract.names):
            rows = _fetch_core(con, core, where, [name, *codes.values()])
    if not rows:
        raise InputError(
            f"no series of {name} fits",
            found=", ".join(f"{part} {value}" for part, value in wanted.items()),
            todo="name fewer key parts.",
        )
    key = [part for part in contract.key if part not in _NOT_SERIES]
    series = {tuple(row[part] for part in key): row for row in rows}
    if len(series) > 1:
        raise AmbiguousError("series", [{part: row[part] for part in key} for row in series.values()])
    return _arrange(rows, {part: str(rows[0][part]) for part in key if rows[0][part]})


def _fetch_core(con: duckdb.DuckDBPyConnection, core: str, where: str, given: Sequence[Any]) -> list[Row]:
    """The same of core indicators, whose values are doubles, to ten decimals as all others have them."""
    value = "CAST(value AS DECIMAL(38, 10)) AS value"
    return fetch(con, f"SELECT * REPLACE ({value}) FROM {core} WHERE dataset = ? AND {where} ORDER BY ALL", given)


def _find_codes(
    con: duckdb.DuckDBPyConnection, dataset: str, wanted: Mapping[str, str]
) -> tuple[str, dict[str, list[str]]]:
    listed = [part for part in wanted if OBSERVATION_KEYS[part]]
    pairs = [["datasets", dataset], *([OBSERVATION_KEYS[part], wanted[part]] for part in listed)]
    try:
        found = con.execute("SELECT main.find_codes(?)", [pairs]).fetchone()
    except duckdb.InvalidInputException as error:
        raise InputError(str(error).removeprefix("Invalid Input Error: ")) from None
    codes: Sequence[list[str]] = found[0] if found else []
    return codes[0][0], dict(zip(listed, codes[1:], strict=True)) | {
        part: [wanted[part]] for part in wanted if part not in listed
    }


def _arrange(rows: Sequence[Row], series: dict[str, str]) -> Triangle:
    """All values in the smallest power of ten that occurs, exactly."""
    mult = min(row["unit_mult"] for row in rows)
    values: dict[tuple[str, str], Decimal | None] = {}
    statuses: dict[tuple[str, str], str] = {}
    for row in rows:
        place = _name_period(row), row["vintage"]
        if place in values:
            raise InputError(
                "an edition has two values of one period", found=f"{place[1]}, {place[0]}", todo="name more key parts."
            )
        values[place] = None if row["value"] is None else row["value"].scaleb(row["unit_mult"] - mult)
        statuses[place] = row["obs_status"]
    periods = sorted({period for period, _ in values})
    vintages = sorted({vintage for _, vintage in values}, key=_order)
    return Triangle(series, tuple(periods), tuple(vintages), values, statuses, rows[0]["unit"], mult)


def _name_period(row: Row) -> str:
    base = row.get("base_period")
    return f"{row['period']} ({base})" if base else str(row["period"])


def _order(vintage: str) -> list[tuple[int, int, str]]:
    """As flows/store orders editions: numbers as numbers."""
    return [(1, int(part), "") if part.isdecimal() else (0, 0, part) for part in re.findall(r"\d+|\D+", vintage)]
