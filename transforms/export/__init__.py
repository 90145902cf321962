"""Tables for report authors: built from the published tables, written as CSV, Markdown and one workbook a language."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import duckdb

from transforms.export.as_csv import render_csv
from transforms.export.as_markdown import render_markdown
from transforms.export.as_xlsx import render_workbook
from transforms.export.cells import Cell
from transforms.export.table import Table, build_table, list_editions
from transforms.tables import LANGUAGES, TableSpec, load_specs

__all__ = ["Cell", "Table", "build_table", "render_csv", "render_markdown", "render_workbook", "write_tables"]


def write_tables(con: duckdb.DuckDBPyConnection, folder: Path, specs: Iterable[TableSpec] | None = None) -> list[Path]:
    """Write <lang>/<table>.csv and .md and digitrade_tables_<lang>.xlsx into a folder, and return the paths in order.

    Same data, same bytes. The caller sees to it that a reader never meets half of them.
    """
    chosen = load_specs() if specs is None else tuple(specs)
    written = []
    for lang in LANGUAGES:
        tables = [build_table(con, spec, lang) for spec in chosen]
        contents: dict[str, bytes] = {}
        for table in tables:
            contents[f"{lang}/{table.spec.name}.csv"] = render_csv(table)
            contents[f"{lang}/{table.spec.name}.md"] = render_markdown(table)
        contents[f"digitrade_tables_{lang}.xlsx"] = render_workbook(tables, lang, list_editions(con, tables, lang))
        for name, content in contents.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            written.append(path)
    return written
