"""Names and texts as SQL writes them."""

from __future__ import annotations

from collections.abc import Iterable

import duckdb
import pyarrow as pa


def quote_text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def quote_name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def list_texts(texts: Iterable[str]) -> str:
    return ", ".join(map(quote_text, texts))


def list_members(texts: Iterable[str], kind: str) -> str:
    """Members of an enumeration; compared with plain texts, it would be turned into text row by row."""
    return ", ".join(f"CAST({quote_text(text)} AS {kind})" for text in texts)


def create_enum(connection: duckdb.DuckDBPyConnection, name: str, texts: Iterable[str]) -> None:
    """A type of these texts, sorted by code point; of the empty text where there are none."""
    connection.register("texts", pa.table({"text": pa.array(sorted(set(texts)) or [""], pa.string())}))
    connection.execute(f"CREATE OR REPLACE TYPE {name} AS ENUM (SELECT text FROM texts)")
    connection.unregister("texts")
