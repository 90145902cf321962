"""Made-up bulk files of any length, the same for the same number of rows. No key stands twice.

case a: a long CSV with one value column (economy, partner, flow, item, year, value, status);
case b: the twelve columns of BaTIS with three value columns, NA in two thirds of the reported ones.
Rows are ordered by year, as publishers order them, not by the key in which observations are sorted.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import duckdb

from transforms.codelists import load_codelist, scheme_codes
from transforms.layout import Layout, parse_layout

ECONOMIES, FLOWS, YEARS = 200, 2, 20
LAYOUT_A = """
files = ["a.csv"]
bulk = true
[header]
contains = ["economy", "partner", "value"]
[constants]
measure = "value"
unit = "USD"
unit_mult = 6
price = "current"
[blanks]
"" = "O"
[[columns]]
header = "economy"
role = "key"
column = "geo"
parse = "code"
[[columns]]
header = "partner"
role = "key"
column = "partner"
parse = "code"
[[columns]]
header = "flow"
role = "key"
column = "flow"
parse = "code"
[[columns]]
header = "item"
role = "key"
column = "item"
parse = "EBOPS2010"
[[columns]]
header = "year"
role = "key"
column = "period"
parse = "year"
[[columns]]
header = "value"
role = "value"
[[columns]]
header = "status"
role = "status"
"""


def load_layout(case: str) -> Layout:
    """The layout of a case; that of case b is the one the project ships for BaTIS."""
    if case == "a":
        return parse_layout(LAYOUT_A, "a.toml")
    text = files("transforms").joinpath("layouts", "batis_bpm6", "bulk.toml").read_text(encoding="utf-8")
    return parse_layout(text, "batis_bpm6/bulk.toml")


def economies() -> list[str]:
    return [row["code"] for row in load_codelist("geographies").rows if row["type"] in ("country", "economy")][
        :ECONOMIES
    ]


def batis_economies() -> list[str]:
    return [code for code in scheme_codes("geographies", "BATIS") if len(code) == 2][:ECONOMIES]


def items(rows: int) -> list[str]:
    """As many item codes as the rows need: all services, the twelve main items, then the items below them."""
    known = {row["code"]: row for row in load_codelist("items").rows if row["tree"] == "standard"}
    codes = [code for code in known if code.startswith("EBOPS2010:S") and code != "EBOPS2010:SN"]
    main = [code for code in codes if known[code]["parent"] == "EBOPS2010:S"]
    below = [code for code in codes if code not in main and code != "EBOPS2010:S"]
    ordered = [code.removeprefix("EBOPS2010:") for code in ("EBOPS2010:S", *main, *below)]
    return [code for code in ordered if code.isalnum()][: -(-rows // (ECONOMIES * ECONOMIES * FLOWS * YEARS))]


def write_case(case: str, rows: int, path: Path, *, plausible: bool = False) -> None:
    """Writes the file. plausible: case a with figures as trade has them, not drawn at random.

    Raises ValueError where there are not enough keys for so many rows.
    """
    codes = items(rows)
    if len(codes) * ECONOMIES * ECONOMIES * FLOWS * YEARS < rows:
        raise ValueError(f"no more than {len(codes) * ECONOMIES * ECONOMIES * FLOWS * YEARS} rows can be made")
    with duckdb.connect() as connection:
        connection.execute("SET threads = 2")
        connection.execute("SET memory_limit = '1GB'")
        write = _plausible_a if plausible else _case_a
        sql = write(codes) if case == "a" else _case_b(codes)
        connection.execute(f"COPY ({sql.format(rows=rows)}) TO '{path}' (HEADER)")


def _pick(codes: Sequence[str], place: str) -> str:
    """SQL: one of the codes by its place."""
    return f"list_extract([{', '.join(repr(code) for code in codes)}], CAST({place} AS INTEGER) + 1)"


def _keys(geos: Sequence[str], codes: Sequence[str]) -> dict[str, str]:
    """SQL of the key of row i: item and flow change fastest, the year slowest."""
    count, size = len(codes), ECONOMIES
    return {
        "item": _pick(codes, f"i % {count}"),
        "flow": _pick(["X", "M"], f"i // {count} % 2"),
        "partner": _pick(geos, f"i // {count * 2} % {size}"),
        "geo": _pick(geos, f"i // {count * 2 * size} % {size}"),
        "year": f"2005 + i // {count * 2 * size * size}",
    }


def _case_a(codes: Sequence[str]) -> str:
    key = _keys(economies(), codes)
    return (
        f"SELECT {key['geo']} AS economy, {key['partner']} AS partner, {key['flow']} AS flow, {key['item']} AS item, "
        f'{key["year"]} AS "year", CASE WHEN hash(i) % 50 = 0 THEN NULL ELSE '
        "CAST(CAST(hash(i, 1) % 100000000 AS DECIMAL(18,2)) / 100 AS DECIMAL(18,2)) END AS value, "
        "CASE WHEN hash(i) % 50 = 0 THEN 'O' WHEN hash(i) % 11 = 0 THEN 'E' ELSE 'A' END AS status "
        "FROM range({rows}) t(i)"
    )


# What a seller sells to a buyer of item k in the year y, as flow f tells it, in 10^6 dollars: from ten to ten thousand,
# growing by 3 % a year, give or take 1 % in the year and 1 % between the two who tell it.
_AMOUNT = (
    "CAST(round(pow(10, 1 + hash(seller, buyer, {k}) % 3000 / 1000) * pow(1.03, y) "
    "* (0.99 + hash(seller, buyer, {k}, y) % 2000 / 100000) "
    "* (0.99 + hash(seller, buyer, {k}, y, f) % 2000 / 100000), 2) AS DECIMAL(18,2))"
)


def _plausible_a(codes: Sequence[str]) -> str:
    """Case a: smooth series, close mirrors, the first item the sum of the twelve main ones; a thousandth is blank."""
    count, size, key = len(codes), ECONOMIES, _keys(economies(), codes)
    parts = f"list_sum(list_transform(range(1, {min(count, 13)}), lambda p: {_AMOUNT.replace('{k}', 'p')}))"
    whole = parts if count > 1 else _AMOUNT.replace("{k}", "0")
    return (
        f"WITH numbered AS (SELECT i, i % {count} AS k, i // {count} % 2 AS f, i // {count * 2} % {size} AS b, "
        f"i // {count * 2 * size} % {size} AS a, i // {count * 2 * size * size} AS y FROM range({{rows}}) t(i)), "
        "sides AS (SELECT *, CASE f WHEN 0 THEN a ELSE b END AS seller, CASE f WHEN 0 THEN b ELSE a END AS buyer "
        "FROM numbered) "
        f"SELECT {key['geo']} AS economy, {key['partner']} AS partner, {key['flow']} AS flow, {key['item']} AS item, "
        f'{key["year"]} AS "year", CASE WHEN hash(i) % 1000 = 0 THEN NULL WHEN k = 0 THEN {whole} '
        f"ELSE {_AMOUNT.replace('{k}', 'k')} END AS value, "
        "CASE WHEN hash(i) % 1000 = 0 THEN 'O' WHEN hash(i) % 11 = 0 THEN 'E' ELSE 'A' END AS status FROM sides"
    )


def _case_b(codes: Sequence[str]) -> str:
    key = _keys(batis_economies(), codes)
    figure = "CAST(CAST(hash(i, {n}) % 10000000000 AS DECIMAL(18,6)) / 1000000 AS DECIMAL(18,6))"
    one, two = figure.replace("{n}", "1"), figure.replace("{n}", "2")
    method = "CASE hash(i) % 3 WHEN 0 THEN 'R_IMF' WHEN 1 THEN 'E1' ELSE 'M_grav' END"
    return (
        f'SELECT {key["geo"]} AS "Reporter", \'c\' AS "type_Reporter", {key["partner"]} AS "Partner", '
        f'\'c\' AS "type_Partner", {key["flow"]} AS "Flow", {key["item"]} AS "Item_code", \'s\' AS "type_Item", '
        f"{key['year']} AS \"Year\", CASE WHEN hash(i) % 3 = 0 THEN CAST({one} AS VARCHAR) ELSE 'NA' END "
        f'AS "Reported_value", {one} AS "Final_value", {method} AS "Final_value_methodology", '
        f'{two} AS "Balanced_value" FROM range({{rows}}) t(i)'
    )
