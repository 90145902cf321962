"""The worked queries of docs/database.md: read from the page, run, and - called as a script - written back to it.

python tests/database/worked_queries.py data      writes what the published database of that folder answers
"""

from __future__ import annotations

import re
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

PAGE = Path(__file__).resolve().parents[2] / "docs" / "database.md"
_QUERY = re.compile(r"^### (\d+)\. (.+?)\n\n```sql\n(.*?)\n```\n\n```text\n(.*?)\n```$", re.MULTILINE | re.DOTALL)


def read_queries() -> list[tuple[int, str, str, str]]:
    """Number, question, SQL and printed answer of every worked query."""
    return [(int(m[1]), m[2], m[3], m[4]) for m in _QUERY.finditer(PAGE.read_text(encoding="utf-8"))]


def render(con: duckdb.DuckDBPyConnection, sql: str) -> str:
    """The answer as the page prints it: a line of names, a line for each row; '-' is a missing value."""
    found = con.execute(sql)
    names = [column[0] for column in found.description or ()]
    return "\n".join(" | ".join(row) for row in (names, *([_show(cell) for cell in row] for row in found.fetchall())))


def _show(value: Any) -> str:
    if isinstance(value, Decimal):
        whole = value == value.to_integral_value()
        return format(value.quantize(Decimal(1)) if whole else value.normalize(), "f")
    if isinstance(value, list):
        return ", ".join(map(_show, value))
    return "-" if value is None else str(value)


def main() -> None:
    database = Path(sys.argv[1]) / "curated" / "digitrade.duckdb"
    with duckdb.connect(str(database), read_only=True) as con:
        written = _QUERY.sub(
            lambda m: f"### {m[1]}. {m[2]}\n\n```sql\n{m[3]}\n```\n\n```text\n{render(con, m[3])}\n```",
            PAGE.read_text(encoding="utf-8"),
        )
    PAGE.write_text(written, encoding="utf-8")


if __name__ == "__main__":
    main()
