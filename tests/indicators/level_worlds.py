"""Hand-made levels, as they stand once all printings of a figure have agreed, and the steps that add levels."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

import duckdb
import pyarrow as pa
from indicator_worlds import VINTAGE, Row, cell

from transforms.codelists import load_codelist, status_order
from transforms.indicators import create_codelists, sql_of

D = Decimal
KEY = ("dataset", "vintage", "geo", "partner", "flow", "item", "mode", "measure", "period", "freq", "basis", "price",
       "unit", "adjustment")  # fmt: skip
_EXACT = pa.decimal128(38, 10)
SCHEMA = pa.schema([
    *((name, pa.string()) for name in KEY), ("mult", pa.int32()), ("point", _EXACT), ("lo", _EXACT), ("hi", _EXACT),
    ("statuses", pa.int64()), ("contested", pa.bool_()), ("method", pa.string()), ("inputs", pa.list_(pa.string())),
])  # fmt: skip
BITS = {code: 1 << (place - 1) for code, place in status_order().items()}
FORBIDS = {row["code"] for row in load_codelist("obs_status").rows if row["value_rule"] == "forbidden"}
REQUIRES = {row["code"] for row in load_codelist("obs_status").rows if row["value_rule"] == "required"}
STEPS = ("steps/40_periods", "steps/42_currency", "steps/40_periods")  # the order in which a run takes them


def bits_of(statuses: str) -> int:
    """'E;P' -> the OR of both bits."""
    return sum(BITS[code] for code in statuses.split(";"))


def text_of(bits: int) -> str:
    """The statuses of a level, strongest first: 'E;P'."""
    return ";".join(code for code, bit in BITS.items() if bits & bit)


def level(text: str, period: str, **kwargs: Any) -> Row:
    """One level: '3.10' (printed), '=3.1' (exact), '' (missing, status O), 'over 3.1'. Other columns as in cell()."""
    row = cell(text, **({"unit": "CNY"} | kwargs | {"period": period}))
    exact, bound = text.startswith("="), text.startswith(("over", "under"))
    return {
        **{name: row.get(name) for name in KEY},
        "dataset": kwargs.get("dataset", "a"), "vintage": kwargs.get("vintage", VINTAGE),
        "mode": kwargs.get("mode", "_T"), "freq": row["freq"], "mult": row["unit_mult"],
        "point": None if bound else row["value"],
        "lo": kwargs.get("lo", row["value"] if exact else row["lower"]),
        "hi": kwargs.get("hi", row["value"] if exact else row["upper"]),
        "statuses": bits_of(row["obs_status"]), "contested": kwargs.get("contested", False),
        "method": kwargs.get("method", "published"),
        "inputs": [f"{kwargs.get('dataset', 'a')}/{VINTAGE}/{period} {row['flow']} {row['unit']}={text}"],
    }  # fmt: skip


def levels_at(figures: Mapping[str, str], **kwargs: Any) -> list[Row]:
    """One level a period."""
    return [level(text, period, **kwargs) for period, text in figures.items()]


def from_january(*texts: str, start: int = 1, year: int = 2020, **kwargs: Any) -> list[Row]:
    """Year-to-date figures of consecutive months; that of January is the month's, that of December the year's."""
    periods = [year_to_date(month, year) for month in range(start, start + len(texts))]
    return levels_at(dict(zip(periods, texts, strict=True)), **kwargs)


def months(*texts: str, start: int = 1, year: int = 2020, **kwargs: Any) -> list[Row]:
    return levels_at({f"{year}-{month:02d}": text for month, text in enumerate(texts, start)}, **kwargs)


def year_to_date(month: int, year: int = 2020) -> str:
    return {1: f"{year}-01", 12: f"{year}"}.get(month, f"{year}-01/{year}-{month:02d}")


def rate(text: str, period: str, **kwargs: Any) -> Row:
    """A rate of the series XR:CNY_USD.AVG, in a dataset of its own."""
    told = {"item": "XR:CNY_USD.AVG", "unit": "CNY_PER_USD", "unit_mult": 0, "price": "", "flow": "N", "dataset": "xr"}
    return level(text, period, **(told | kwargs))


@dataclass
class Levels:
    rows: list[Row]

    def one(self, period: str, **wanted: Any) -> Row:
        found = [
            row for row in self.rows if row["period"] == period and all(row[name] == v for name, v in wanted.items())
        ]
        assert len(found) == 1, f"{len(found)} levels of {period} {wanted}"
        return found[0]

    def added(self, **wanted: Any) -> dict[str, Row]:
        """Period -> the level that is not printed."""
        found = [r for r in self.rows if r["method"] != "published" and all(r[k] == v for k, v in wanted.items())]
        assert len({r["period"] for r in found}) == len(found), "one period, one level"
        return {row["period"]: row for row in found}

    def points(self, **wanted: Any) -> dict[str, Decimal | None]:
        """Period -> the value of the level that is not printed."""
        return {period: row["point"] for period, row in self.added(**wanted).items()}


@cache
def _with_lists(threads: int) -> duckdb.DuckDBPyConnection:
    """The code lists, made once: they cost more than the levels of a few rows."""
    con = duckdb.connect(config={"threads": threads})
    create_codelists(con)
    con.execute("ALTER TABLE obs_status ADD COLUMN IF NOT EXISTS bit BIGINT")
    con.execute("UPDATE obs_status SET bit = 1 << (precedence - 1)")
    return con


def derive(
    rows: Iterable[Row],
    conversions: Iterable[tuple[str, str, str]] = (),
    *,
    steps: Iterable[str] = STEPS,
    threads: int = 1,
) -> Levels:
    """The table levels after the steps. conversions: (dataset, from_currency, to_currency), by XR:CNY_USD.AVG."""
    with _with_lists(threads).cursor() as con:  # temporary tables and macros are the cursor's own
        con.execute("""CREATE OR REPLACE TEMP MACRO status_bits(statuses) AS (
            SELECT bit_or(bit) FROM obs_status WHERE list_contains(string_split(statuses, ';'), code))""")
        con.execute("DELETE FROM conversions")
        for dataset, before, after in conversions:
            con.execute("INSERT INTO conversions VALUES (?, ?, ?, 'XR:CNY_USD.AVG', '')", [dataset, before, after])
        con.register("given", pa.Table.from_pylist(list(rows), schema=SCHEMA))
        con.execute("CREATE TEMP TABLE levels AS FROM given")
        for step in steps:
            con.execute(sql_of(step))
        found = con.execute("FROM levels ORDER BY ALL").to_arrow_table()
    assert found.schema.names == SCHEMA.names
    return Levels(found.to_pylist())


def assert_sound(levels: Levels) -> None:
    """One level a key; the value in its interval; a status that fits; inputs sorted and each once."""
    keys = [tuple(row[name] for name in KEY) for row in levels.rows]
    assert len(keys) == len(set(keys))
    for row in levels.rows:
        codes = set(text_of(row["statuses"]).split(";"))
        assert not (codes & FORBIDS if row["point"] is not None else codes & REQUIRES), row
        assert row["point"] is None or row["contested"] or (
            (row["lo"] is None or row["lo"] <= row["point"]) and (row["hi"] is None or row["point"] <= row["hi"])
        ), row  # fmt: skip
        assert row["inputs"] == sorted(set(row["inputs"])) and row["inputs"], row
        assert re.fullmatch(r"published|no_rate|same_months|converted:XR:.+|ytd_difference(_negative)?|sum_of_\w+",
                            row["method"]), row  # fmt: skip
