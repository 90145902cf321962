"""What the published database holds for an audit: statements of the latest editions, and levels to hold them
against.
"""

from __future__ import annotations

from typing import Any

import duckdb

# An edition whose figures are statements of a document: it prints shares, rates or ranks beside levels, with decimals.
_STATED = """
    SELECT dataset, vintage FROM latest_observations
    GROUP BY ALL HAVING count(*) FILTER (WHERE measure NOT IN ('value', 'count') AND lower IS NOT NULL) > 0"""
_ORDER = "ORDER BY dataset, vintage, table_id, locator"

Rows = list[dict[str, Any]]
Published = tuple[Rows, Rows, dict[tuple[str, str], str]]


def read_published(con: duckdb.DuckDBPyConnection) -> Published:
    """(figures of documents, levels and rates of other publications, labels of codes that only an edition has)."""
    stated = _fetch(con, f"FROM latest_observations SEMI JOIN ({_STATED}) USING (dataset, vintage) {_ORDER}")
    others = _fetch(
        con,
        f"""FROM latest_observations ANTI JOIN ({_STATED}) USING (dataset, vintage)
            WHERE measure = 'value' AND partner = 'W' AND mode = '_T' AND activity = '_T' AND freq = 'A'
              AND (starts_with(item, 'DEF:') OR item = 'EBOPS2010:S' OR contains(unit, '_PER_')) {_ORDER}""",
    )
    labels = con.execute("SELECT list, code, label FROM local_codes ORDER BY ALL").fetchall()
    return stated, others, {(listname, code): label for listname, code, label in labels}


def _fetch(con: duckdb.DuckDBPyConnection, query: str) -> Rows:
    result = con.execute(query)
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
