"""The table codes: every code of every list with its words, so that a name in either language finds the code."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from transforms.codelists import load_codelist
from transforms.indicators import quote

# Code lists that are tables of the database: name of the list -> table. Local codes of editions stand in them.
TABLES = {
    "geographies": "geographies", "items": "items", "references": "refs", "flows": "flows", "measures": "measures",
    "bases": "bases", "units": "units", "obs_status": "obs_status", "conf_status": "conf_status",
    "verdicts": "verdicts",
}  # fmt: skip
# Code lists that are no table of their own.
SMALL = ("frequencies", "prices", "adjustments", "reasons")
# Columns of views that hold codes -> the list of the view codes that they are from.
CODED = {
    "indicator": "indicators", "definition": "definitions", "geo": "geographies", "partner": "geographies",
    "reference": "references", "item": "items", "flow": "flows", "measure": "measures", "basis": "bases",
    "unit": "units", "currency": "units", "freq": "frequencies", "price": "prices", "adjustment": "adjustments",
    "dataset": "datasets", "vintage": "vintages", "period": "periods", "verdict": "verdicts",
}  # fmt: skip
# What else has codes: name of the list -> SELECT of code, label_en, label_zh.
_OTHERS = {
    "indicators": "SELECT indicator AS code, title_en AS label_en, title_zh AS label_zh FROM store.indicator_cards",
    "definitions": "SELECT definition AS code, min(label_en) AS label_en, min(label_zh) AS label_zh "
    "FROM store.definition_items GROUP BY ALL",
    "datasets": "SELECT dataset AS code, arg_max(title_en, (latest, vintage)) AS label_en, "
    "arg_max(title_zh, (latest, vintage)) AS label_zh FROM store.datasets GROUP BY ALL",
    "vintages": "SELECT vintage AS code, vintage AS label_en, vintage AS label_zh FROM store.datasets UNION "
    "SELECT 'latest', 'The latest of each dataset', '各数据集的最新版次'",
    "schemes": "SELECT DISTINCT split_part(code, ':', 1) AS code, split_part(code, ':', 1) AS label_en, "
    "split_part(code, ':', 1) AS label_zh FROM store.items",
    "periods": "SELECT period AS code, period AS label_en, period AS label_zh FROM ("
    "SELECT period FROM store.observations UNION SELECT period FROM store.indicators)",
}


def create_codes(con: duckdb.DuckDBPyConnection) -> None:
    """Fill store.codes from the code lists, cards, definitions, editions and periods of the schema store.

    names: what else finds the code, in small letters: labels and aliases. What two codes of one list are called finds
    neither of them alone: the macro find_codes refuses it.
    """
    small = [
        {"list": name, "code": row["code"], "label_en": row["label_en"], "label_zh": row["label_zh"],
         "aliases": row.get("aliases") or ""}
        for name in SMALL for row in load_codelist(name).rows
    ]  # fmt: skip
    con.register("small", pa.Table.from_pylist(small))
    parts = ["FROM small"]
    for name, table in TABLES.items():
        columns = {row[0] for row in con.execute(f"DESCRIBE store.{table}").fetchall()}
        aliases = " || '|' || ".join(column for column in ("aliases", "aliases_zh") if column in columns)
        if name == "items":  # an item is also found without its scheme
            aliases += " || '|' || split_part(code, ':', 2)"
        parts.append(f"SELECT {quote(name)}, code, label_en, label_zh, {aliases or quote('')} FROM store.{table}")
    parts += [f"SELECT {quote(name)}, code, label_en, label_zh, '' FROM ({select})" for name, select in _OTHERS.items()]
    con.execute(
        f"""CREATE TABLE store.codes AS
            SELECT list, code, label_en, label_zh,
                   list_sort(list_distinct(list_filter(
                       list_transform(string_split(concat_ws('|', label_en, label_zh, aliases), '|'),
                                      lambda name: lower(trim(name))),
                       lambda name: name <> ''))) AS names
            FROM ({" UNION ALL ".join(parts)})
            WHERE code <> ''
            ORDER BY list, code"""
    )
    con.unregister("small")


def find_nearest(con: duckdb.DuckDBPyConnection, name: str, said: str) -> list[str]:
    """The codes of a list of the view codes that are spelled most like a word, three at most, with their labels.

    As in find_codes: 0.7 is where spellings begin to have something in common; distances in time are below 0.
    """
    rows = con.execute(
        """SELECT code || coalesce(' (' || nullif(nullif(label_en, ''), code) || ')', '')
           FROM (SELECT *, main.rate_name($2, code, label_en, label_zh) AS nearness FROM main.codes WHERE list = $1)
           WHERE nearness >= 0.7 OR nearness < 0
           ORDER BY nearness DESC, code
           LIMIT 3""",
        [name, said],
    ).fetchall()
    return [row[0] for row in rows]
