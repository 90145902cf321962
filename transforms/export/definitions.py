"""Rows and cells of a table that shows one indicator under several definitions and how they differ.

Each row has two cells: the value under a definition (column 0) and its difference from the definition that the others
are set against (column 1, empty in that one's own row). The words on why they differ are the note of column 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from transforms.errors import InputError
from transforms.export.cells import CODES, Cell, Place, Row, expand, matches
from transforms.export.labels import Labels
from transforms.tables import TableSpec

VALUE, DIFFERENCE = range(2)
_ASKED = {"geo": "geo", "indicator": "indicator", "period": "period", "flow": "flow", "currency": "currency"}
_SQL = """FROM compare_definitions(geo := $geo, indicator := $indicator, period := $period, flow := $flow,
    against := $against, definitions := $definitions, currency := $currency, dataset := $dataset,
    vintage := $vintage)"""


@dataclass(frozen=True)
class Compared:
    """Rows, columns and cells of the table, in reading order."""

    rows: list[Place]
    columns: list[Place]
    cells: list[Cell]


def compare(con: duckdb.DuckDBPyConnection, spec: TableSpec, labels: Labels) -> Compared:
    """What a specification of form definitions shows, from the published database's compare_definitions.

    Raises InputError where a code is unknown, currencies mix, or a row selects two figures of one definition.
    """
    found = _fetch(con, spec)
    rows: list[Place] = []
    cells: list[Cell] = []
    for place in expand(spec, spec.rows, found, labels):
        select = {**spec.select, **place.select}
        for row in _take_one_each(spec, place, [row for row in found if matches(row, select)]):
            name = labels.word("TEXT.coded", label=row[f"definition_label_{labels.lang}"], name=row["definition"])
            heads = (*place.heads, labels.word("COL.definition"))
            rows.append(Place((*place.labels, name), heads, {**place.select, "definition": (row["definition"],)}))
            cells += _make_cells(len(rows) - 1, row, labels)
    titles = (labels.of("indicator", spec.select["indicator"][0]), labels.word("COL.difference", against=spec.against))
    return Compared(rows, [Place((title,), (), {}) for title in titles], cells)


def _fetch(con: duckdb.DuckDBPyConnection, spec: TableSpec) -> list[Row]:
    asked = {name: "+".join(spec.select[key]) if key in spec.select else None for name, key in _ASKED.items()}
    asked |= {"against": spec.against, "definitions": "+".join(spec.definitions) or None,
              "dataset": spec.dataset or None, "vintage": spec.vintage or "latest"}  # fmt: skip
    try:
        result = con.execute(_SQL, asked)
    except duckdb.InvalidInputException as error:
        problem = str(error).removeprefix("Invalid Input Error: ")
        raise InputError(problem, file=f"{spec.name}.toml", todo="mend the table specification.") from None
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _take_one_each(spec: TableSpec, place: Place, found: list[Row]) -> list[Row]:
    """The rows of a place, one for each definition: the one that the others are set against first."""
    names = [row["definition"] for row in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        keys = [key for key in ("geo", "flow", "item", "reference", "period", "base_period", "dataset", "vintage")
                if len({str(row[key]) for row in found if row["definition"] == twice[0]}) > 1]  # fmt: skip
        raise InputError(
            f"the row {' '.join(place.labels)} selects {names.count(twice[0])} figures under the definition {twice[0]}",
            file=f"{spec.name}.toml",
            found=", ".join(keys),
            todo="add what tells them apart to its select or by.",
        )
    return found


def _make_cells(i: int, row: Row, labels: Labels) -> list[Cell]:
    codes = {key: str(row.get(key, "")) for key in CODES}
    why = str(row[f"why_{labels.lang}"])
    status = row["obs_status"] or "O"
    value = Cell(
        row=i,
        column=VALUE,
        origin="computed",
        codes=codes,
        unit=labels.unit(row["unit"], row["unit_mult"]),
        computed_value=row["value"],
        computed_lower=row["lower"],
        computed_upper=row["upper"],
        computed_status=status,
        compared_with=labels.of("indicator", row["indicator"]),
        note=labels.note(row["note"] or ""),
        inputs=tuple(row["inputs"] or ()),
    )
    unit = "PP" if row["unit"] == "PERCENT" else row["unit"]
    difference = Cell(
        row=i,
        column=DIFFERENCE,
        origin="computed",
        codes=codes,
        unit=labels.unit(unit, row["unit_mult"]),
        computed_value=row["difference"],
        computed_lower=row["difference_lower"],
        computed_upper=row["difference_upper"],
        computed_status=status,
        compared_with=str(row["against"]),
        note=why,
    )
    return [value, difference]
