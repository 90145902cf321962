"""The figures of a draft in Chinese or English prose: found, resolved by stated rules, and held against the database.

readers.py takes the text from a file, sentences.py cuts it, tables.py makes a sentence of each cell of a table,
tokens.py knows figures, periods and words (lexicon.py), segments.py gives each figure its words, resolve.py says what a
figure states or why that is open, published.py and compare.py set it beside the database. What is resolved also goes
to the audit as statements (make_rows), which finds what contradicts itself within the draft.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

import duckdb

from transforms.periods import find_freq
from transforms.prose import fields, figures, lexicon, tables
from transforms.prose.compare import STATUSES, Verdict, compare_figure
from transforms.prose.published import Values, read_values
from transforms.prose.readers import SUFFIXES, Draft, read_draft
from transforms.prose.resolve import Found, resolve_paragraph
from transforms.prose.sentences import split_draft
from transforms.prose.tables import find_tables, resolve_table

__all__ = ["STATUSES", "SUFFIXES", "Draft", "Found", "Verdict", "compare_draft", "find_figures", "make_rows",
           "read_draft", "say_place"]  # fmt: skip

_AUDITED = {"value", "balance", "share", "growth", "increase", "multiple", "average_growth"}
_STEP = Decimal("1e-10")


def find_figures(draft: Draft) -> list[Found]:
    """All figures of a draft in the order of the text, each with what it states or why that is open."""
    _forget()
    known, inside = find_tables(draft), set[int]()
    found: list[Found] = []
    for paragraph, sentences in zip(draft.paragraphs, split_draft(draft), strict=True):
        if table := known.get(paragraph.number):
            inside |= {cell.paragraph.number for row in table.rows for cell in row if cell.paragraph}
            found += resolve_table(table, draft)
        elif paragraph.number not in inside:
            found += resolve_paragraph(sentences)
    return found


def _forget() -> None:
    """Read the code lists anew: a user's own rows may have come since they were read last."""
    for function in (lexicon.grow_tree, figures.chinese_units, figures.western_pattern, figures.chinese_pattern,
                     fields.load_geography, fields.load_types, tables.list_words):  # fmt: skip
        function.cache_clear()


def compare_draft(found: Iterable[Found], con: duckdb.DuckDBPyConnection | None) -> list[Verdict]:
    """Each figure beside the published database; without one nothing is in it."""
    found = list(found)
    values = read_values(con, [one.statement for one in found if one.statement]) if con is not None else Values()
    return [compare_figure(one, values) for one in found]


def say_place(found: Found, name: str) -> str:
    """Where a figure stands: file, paragraph, line of a text file, sentence."""
    s = found.sentence
    line = f":L{s.line}" if s.line else ""
    return f"{name}{line}!P{s.paragraph}S{s.number}"


def make_rows(found: Iterable[Found], name: str) -> list[dict[str, Any]]:
    """The resolved figures as rows with the columns of observations, for the audit of the draft against itself."""
    return [_make_row(one, name) for one in found if one.statement and one.statement.measure in _AUDITED]


def _make_row(found: Found, name: str) -> dict[str, Any]:
    s, amount = found.statement, found.amount
    assert s is not None
    low, high = amount.interval()
    is_average = s.measure == "average_growth"
    return {
        "dataset": name, "vintage": "", "locator": say_place(found, name), "printed": f"{amount.value:f}",
        "value": amount.value, "decimals": amount.decimals if amount.half is None else None,
        "lower": None if low is None else low.quantize(_STEP, rounding=ROUND_FLOOR),
        "upper": None if high is None else high.quantize(_STEP, rounding=ROUND_CEILING),
        "qualifier": amount.qualifier, "unit": amount.unit, "unit_mult": amount.unit_mult, "n": None, "method": "",
        "note": "", "geo": s.geo, "partner": "W", "flow": s.flow, "item": s.item, "activity": "_T", "mode": "_T",
        "period": f"{s.base_period}/{s.period}" if is_average else s.period, "base_period": s.base_period,
        "freq": find_freq(s.period), "measure": s.measure, "basis": "published", "price": "current",
        "adjustment": "N", "reference": s.reference, "table_id": "prose",
    }  # fmt: skip
