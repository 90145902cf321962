"""A table as CSV: one row a cell, numbers in full precision, with a byte order mark so that Excel shows Chinese."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from decimal import Decimal

from transforms.export.cells import Cell
from transforms.export.table import Table

COLUMNS = (
    "table", "row", "column", "indicator", "definition",
    "geo", "flow", "item", "measure", "period", "base_period", "reference", "origin",
    "printed", "qualifier", "printed_value", "printed_lower", "printed_upper", "printed_status", "computed_value",
    "computed_lower", "computed_upper", "computed_status", "mark", "mark_code", "compared_with", "unit", "note",
    "source_note", "locator", "inputs",
)  # fmt: skip
_FORMULA = tuple("=+-@\t\r＝＋－＠")
_PLAIN_NUMBER = re.compile(r"[+-]?\d[\d,]*(\.\d+)?\s?%?")


def render_csv(table: Table) -> bytes:
    """The bytes of the file; the header is in the language of the table, its order the same in both."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([table.labels.word(f"COL.{name}") for name in COLUMNS])
    for cell in table.cells:
        values = _values(table, cell)
        writer.writerow([neutralise(values[name]) for name in COLUMNS])
    return out.getvalue().encode("utf-8-sig")


def neutralise(text: str) -> str:
    """A text that a spreadsheet would take for a formula, made plain by a leading '; numbers stay as they are."""
    if text.startswith(_FORMULA) and not _PLAIN_NUMBER.fullmatch(unicodedata.normalize("NFKC", text)):
        return "'" + text
    return text


def plain(value: Decimal | None, decimals: int | None = None) -> str:
    """A number in full precision without trailing zeros, or with the decimals it was printed with; '' for none."""
    if value is None:
        return ""
    text = format(value.normalize(), "f")
    have = len(text.partition(".")[2])
    if decimals is not None and decimals > have:
        text += ("" if have else ".") + "0" * (decimals - have)
    return "0" if text == "-0" else text


def _values(table: Table, cell: Cell) -> dict[str, str]:
    return {
        "table": table.spec.name,
        "row": table.row_label(cell),
        "column": table.columns[cell.column],
        **cell.codes,
        "origin": table.labels.word(f"ORIGIN.{cell.origin}"),
        "printed": cell.printed,
        "qualifier": cell.qualifier,
        "printed_value": plain(cell.printed_value, cell.decimals),
        "printed_lower": plain(cell.printed_lower),
        "printed_upper": plain(cell.printed_upper),
        "printed_status": cell.printed_status,
        "computed_value": plain(cell.computed_value),
        "computed_lower": plain(cell.computed_lower),
        "computed_upper": plain(cell.computed_upper),
        "computed_status": cell.computed_status,
        "mark": table.marks.get(cell.mark, ""),
        "mark_code": cell.mark,
        "compared_with": cell.compared_with,
        "unit": cell.unit,
        "note": cell.note,
        "source_note": cell.source_note,
        "locator": cell.locator,
        "inputs": " | ".join(cell.inputs),
    }
