"""What a table selects, held against the code lists: a code that no list has would find nothing, without a word."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from transforms.dimensions import CODED, find_nearest
from transforms.errors import InputError
from transforms.tables import Axis, Select, TableSpec

_PERIODS = ("period", "base_period")
_TODO = "mend the table specification; see docs/tables.md."


def refuse_unknown(con: duckdb.DuckDBPyConnection, spec: TableSpec) -> None:
    """Raise InputError for the first code of a specification that its list does not have, with the nearest ones.

    A period need only be written like one: that there are no figures of it yet is no mistake. What has no code list
    (table_id, rule) is held against what is published.
    """
    for place, column, code in _list_asked(spec):
        if not code:  # what does not apply
            continue
        if column in _PERIODS:
            known = con.execute("SELECT main.place_in_time($1) IS NOT NULL", [code]).fetchone() == (True,)
            problem = f"'{code}' is no period, which is written like 2020, 2020-Q3, 2020-07 or 2020-07-31"
        elif name := CODED.get(column):
            known = _is_in_list(con, name, code)
            near = find_nearest(con, name, code)
            nearest = f"nearest: {', '.join(near)}" if near else "nothing is spelled like it"
            problem = f"there is no '{code}' in the list {name}; {nearest}"
        elif column in ("table_id", "rule"):
            published = _list_published(con, spec, column)
            known = not published or code in published
            problem = f"there is no {column} '{code}'; there are {', '.join(published)}"
        else:
            continue
        if not known:
            raise InputError(problem, file=f"{spec.name}.toml", found=f"{place}: {column}", todo=_TODO)


def _list_asked(spec: TableSpec) -> Iterator[tuple[str, str, str]]:
    """(place, column, code) of everything that a specification selects by."""
    yield from _list_codes("select", spec.select)
    for name, axes in (("rows", spec.rows), ("columns", spec.columns)):
        for number, axis in enumerate(axes, 1):
            yield from _list_codes(f"{name}, entry {number}{_name(axis)}", axis.select)
    for definition in filter(None, (spec.against, *spec.definitions)):
        yield "against and definitions", "definition", definition


def _list_codes(place: str, select: Select) -> Iterator[tuple[str, str, str]]:
    yield from ((place, column, code) for column, codes in select.items() for code in codes)


def _name(axis: Axis) -> str:
    return f" ({axis.label['en']})" if axis.label else ""


def _is_in_list(con: duckdb.DuckDBPyConnection, name: str, code: str) -> bool:
    return bool(con.execute("SELECT 1 FROM main.codes WHERE list = $1 AND code = $2", [name, code]).fetchone())


def _list_published(con: duckdb.DuckDBPyConnection, spec: TableSpec, column: str) -> list[str]:
    source, only = ("comparisons", "") if column == "rule" else ("observations", "WHERE dataset = $1")
    rows = con.execute(f"SELECT DISTINCT {column} FROM {source} {only} ORDER BY ALL", [spec.dataset] if only else [])
    return [row[0] for row in rows.fetchall()]


def find_nearest_edition(con: duckdb.DuckDBPyConnection, spec: TableSpec) -> tuple[str, list[str]]:
    """What is not there of dataset and vintage, and what is nearest: datasets, or the vintages of that dataset."""
    vintages = con.execute(
        "SELECT vintage FROM datasets WHERE dataset = $1 ORDER BY main.rate_name($2, vintage, vintage, vintage) DESC",
        [spec.dataset, spec.vintage],
    ).fetchall()
    if vintages and spec.vintage and (spec.vintage,) not in vintages:
        return "vintage", [row[0] for row in vintages[:3]]
    return "dataset", [] if vintages else find_nearest(con, "datasets", spec.dataset)
