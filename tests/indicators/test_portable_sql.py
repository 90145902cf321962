"""The SELECTs of the indicators stay inside what other engines read too: the same files are to run on a cluster."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest
import sqlglot
from sqlglot import exp

from transforms.indicators import load_cards, sql_of

# Macros are what the steps define for themselves; a SELECT that calls one runs nowhere else.
MACROS = {
    name.lower()
    for path in files("transforms.indicators").joinpath("steps").iterdir()
    for name in re.findall(r"TEMP MACRO (\w+)", path.read_text(encoding="utf-8"))
}
FUNCTIONS = {
    "abs", "avg", "bit_or", "bool_and", "bool_or", "cast", "ceil", "coalesce", "concat", "concat_ws", "corr",
    "count", "dense_rank", "exp", "first_value", "flatten", "floor", "greatest", "lag", "last_value", "lead",
    "least", "length", "list", "ln", "lower", "max", "median", "min", "nullif", "pow", "rank", "regr_slope",
    "replace", "round", "row_number", "sign", "sqrt", "stddev_samp", "substr", "substring", "sum", "upper",
}  # fmt: skip
WORDS = {
    "and", "as", "by", "case", "decimal", "else", "exists", "filter", "from", "having", "in", "join", "not",
    "on", "or", "over", "partition", "select", "then", "union", "using", "values", "when", "where", "with",
}  # fmt: skip


def find_faults(sql: str) -> list[str]:
    """What in a SELECT only DuckDB understands."""
    faults = []
    tree = sqlglot.parse_one(sql, read="duckdb")
    for star in tree.find_all(exp.Star):
        faults += (
            ["* EXCLUDE or REPLACE"] if any(star.args.get(name) for name in ("except_", "replace", "except")) else []
        )
    kinds = {"lambda": exp.Lambda, "PIVOT": exp.Pivot, "//": exp.IntDiv, "COLUMNS": exp.Columns, "a struct": exp.Struct,
             "list or struct access": exp.Bracket, "a list literal": exp.List}  # fmt: skip
    for name, kind in kinds.items():
        faults += [name] if tree.find(kind) else []
    for call in tree.find_all(exp.AggFunc):
        faults += ["ORDER BY in an aggregate"] if isinstance(call.this, exp.Order) else []
    for join in tree.find_all(exp.Join):
        faults += ["ASOF"] if str(join.args.get("method")).upper() == "ASOF" else []
    for name in re.findall(r"\b([a-z_]\w*)\s*\(", _without_words(sql)):
        if name in MACROS or name not in FUNCTIONS | WORDS:
            faults.append(f"{name}()")
    faults += ["a DECIMAL literal in a division (write 1e0)"] if re.search(r"\b\d+\.\d+\s*/", sql) else []
    sqlglot.transpile(sql, read="duckdb", write="spark", unsupported_level=sqlglot.ErrorLevel.RAISE)
    return faults


def _without_words(sql: str) -> str:
    return re.sub(r"'[^']*'|--[^\n]*", "", sql).lower()


@pytest.mark.parametrize("indicator", [card.indicator for card in load_cards()])
def test_select_is_portable(indicator: str) -> None:
    assert find_faults(sql_of(indicator)) == []


@pytest.mark.parametrize(
    ("sql", "fault"),
    [
        ("SELECT * EXCLUDE (a) FROM t", "* EXCLUDE or REPLACE"),
        ("SELECT not_below_zero(a) FROM t", "not_below_zero()"),
        ("SELECT list_sort(a) FROM t", "list_sort()"),
        ("SELECT list(a ORDER BY b) FROM t", "ORDER BY in an aggregate"),
        ("SELECT list_transform(a, lambda x: x + 1) FROM t", "lambda"),
        ("SELECT a // b FROM t", "//"),
        ("SELECT 1.0 / n FROM t", "a DECIMAL literal in a division (write 1e0)"),
        ("SELECT a[1] FROM t", "list or struct access"),
        ("SELECT getvariable('x') FROM t", "getvariable()"),
        ("SELECT COLUMNS('a.*') FROM t", "COLUMNS"),
        ("SELECT t.a FROM t ASOF JOIN u ON t.a >= u.a", "ASOF"),
        ("PIVOT t ON a USING sum(b)", "PIVOT"),
        ("SELECT quantile_cont(a, 0.5) FROM t", "quantile_cont()"),
    ],
)
def test_what_is_not_portable_is_found(sql: str, fault: str) -> None:
    assert fault in find_faults(sql)
