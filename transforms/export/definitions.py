"""Rows and cells of a table that shows one indicator under several definitions and how they differ.

Each row has two cells: the value under a definition (column 0) and its difference from the definition that the others
are set against (column 1, empty in that one's own row). The words on why they differ are the note of column 1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import duckdb

from transforms.errors import InputError
from transforms.export.cells import CODES, Cell, Place, Row, expand, matches
from transforms.export.labels import Labels
from transforms.tables import Select, TableSpec

VALUE, DIFFERENCE = range(2)
_SHOWN = 8
_ASKED = ("geo", "flow", "period")
_SQL = """FROM compare_definitions(geo := $geo, indicator := $indicator, period := $period, flow := $flow,
    against := $against, definitions := $definitions, currency := $currency, dataset := $dataset,
    vintage := $vintage)"""
_PERIODS = """SELECT DISTINCT period FROM indicators SEMI JOIN datasets USING (dataset, vintage)
    WHERE definition <> '' AND indicator = $indicator AND list_contains($geo, geo)
      AND ($flow IS NULL OR list_contains($flow, flow)) AND ($dataset = '' OR dataset = $dataset)
    ORDER BY ALL"""

Question = tuple[str, tuple[str, ...]]  # an indicator and the currencies asked for


@dataclass(frozen=True)
class Compared:
    """Rows, columns and cells of the table, in reading order."""

    rows: list[Place]
    columns: list[Place]
    cells: list[Cell]


def compare(con: duckdb.DuckDBPyConnection, spec: TableSpec, labels: Labels) -> Compared:
    """What a specification of form definitions shows, from the published database's compare_definitions.

    A row without a figure under any definition stays, and says so. Raises InputError where currencies mix, or a row
    selects two figures of one definition.
    """
    answers = _fetch(con, spec)
    rows: list[Place] = []
    cells: list[Cell] = []
    for axis in spec.rows:
        asked = {**spec.select, **axis.select}
        found = [row for question in _list_questions(asked) for row in answers[question]]
        for place in expand(spec, (axis,), found, labels):
            select = {**spec.select, **place.select}
            heads = (*place.heads, labels.word("COL.definition"))
            compared = _take_one_each(spec, place, [row for row in found if matches(row, select)])
            if not compared:
                cells += _make_empty(len(rows), select, _say_nothing(con, spec, select, labels), labels)
                rows.append(Place((*place.labels, ""), heads, place.select))
            for row in compared:
                name = labels.word("TEXT.coded", label=row[f"definition_label_{labels.lang}"], name=row["definition"])
                cells += _make_cells(len(rows), row, labels)
                rows.append(Place((*place.labels, name), heads, {**place.select, "definition": (row["definition"],)}))
    return Compared(_tell_units(rows, cells, labels), make_columns(spec, cells, labels), cells)


def _list_questions(select: Select) -> list[Question]:
    return [(indicator, select.get("currency", ())) for indicator in select["indicator"]]


def make_columns(spec: TableSpec, cells: list[Cell], labels: Labels) -> list[Place]:
    """Value and difference; the value has the indicator's title where the table has one only."""
    names = {cell.codes["indicator"] for cell in cells} or set(spec.select.get("indicator", ()))
    value = labels.of("indicator", names.pop()) if len(names) == 1 else labels.word("COL.value")
    return [Place((title,), (), {}) for title in (value, labels.word("COL.difference", against=spec.against))]


def _tell_units(rows: list[Place], cells: list[Cell], labels: Labels) -> list[Place]:
    """The rows, with the unit of their value beside the label where the table has several."""
    units = {cell.row: cell.unit for cell in cells if cell.column == VALUE and cell.unit}
    if len(set(units.values())) < 2:
        return rows
    return [
        replace(row, labels=_add_unit(row.labels, units[i], labels)) if i in units else row
        for i, row in enumerate(rows)
    ]


def _add_unit(row: tuple[str, ...], unit: str, labels: Labels) -> tuple[str, ...]:
    """The labels of a row, the last of which is the definition, with a unit beside the one before it."""
    *first, label, definition = row
    return (*first, labels.word("TEXT.with_unit", label=label, unit=unit), definition)


def _fetch(con: duckdb.DuckDBPyConnection, spec: TableSpec) -> dict[Question, list[Row]]:
    """What compare_definitions answers, asked once for each indicator and currency of the rows."""
    asked: dict[Question, list[Select]] = {}
    for axis in spec.rows:
        select = {**spec.select, **axis.select}
        for question in _list_questions(select):
            asked.setdefault(question, []).append(select)
    return {question: _ask(con, spec, question, selects) for question, selects in asked.items()}


def _ask(con: duckdb.DuckDBPyConnection, spec: TableSpec, question: Question, selects: list[Select]) -> list[Row]:
    periods = {row[0] for row in con.execute("SELECT code FROM codes WHERE list = 'periods'").fetchall()}
    united = {key: _unite(selects, key) for key in _ASKED}
    if united["period"] is not None:  # the macro refuses a period of which nothing is published
        united["period"] = [period for period in united["period"] if period in periods]
        if not united["period"]:
            return []
    indicator, currencies = question
    given = {key: None if codes is None else "+".join(codes) for key, codes in united.items()}
    given |= {"indicator": indicator, "currency": "+".join(currencies) or None, "against": spec.against,
              "definitions": "+".join(spec.definitions) or None, "dataset": spec.dataset or None,
              "vintage": spec.vintage or "latest"}  # fmt: skip
    try:
        result = con.execute(_SQL, given)
    except duckdb.InvalidInputException as error:
        problem = str(error).removeprefix("Invalid Input Error: ")
        raise InputError(problem, file=f"{spec.name}.toml", todo="mend the table specification.") from None
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _unite(selects: list[Select], key: str) -> list[str] | None:
    """What several rows select by a column together; None where one of them does not select by it."""
    if any(key not in select for select in selects):
        return None
    return list(dict.fromkeys(code for select in selects for code in select[key]))


def _take_one_each(spec: TableSpec, place: Place, found: list[Row]) -> list[Row]:
    """The rows of a place, one for each definition: the one that the others are set against first."""
    names = [row["definition"] for row in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        keys = [key for key in ("indicator", "geo", "flow", "item", "reference", "period", "base_period",
                                "unit", "dataset", "vintage")
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
        computed_status=_status_of_difference(row, status),
        compared_with=str(row["against"]),
        note=why,
    )
    return [value, difference]


def _status_of_difference(row: Row, status: str) -> str:
    """None of the definition that the others are set against; O where there is no difference to give a status of."""
    if row["definition"] == row["against"]:
        return ""
    found = any(row[key] is not None for key in ("difference", "difference_lower", "difference_upper"))
    return status if found else "O"


def _make_empty(i: int, select: Select, why: str, labels: Labels) -> list[Cell]:
    """The cells of a row of which no definition has a figure."""
    codes = {key: select[key][0] if len(select.get(key, ())) == 1 else "" for key in CODES}
    title = labels.of("indicator", codes["indicator"])
    value = Cell(i, VALUE, "computed", codes, "", computed_status="O", compared_with=title)
    return [value, Cell(i, DIFFERENCE, "computed", codes, "", note=why)]


def _say_nothing(con: duckdb.DuckDBPyConnection, spec: TableSpec, select: Select, labels: Labels) -> str:
    """That nothing is published or computed of what a row selects, and of which other periods there is something."""
    what = [labels.of(key, code) for key, codes in select.items() for code in codes]
    asked: dict[str, object] = {key: list(select[key]) if key in select else None for key in ("geo", "flow")}
    asked |= {"indicator": select["indicator"][0], "dataset": spec.dataset}
    periods = [row[0] for row in con.execute(_PERIODS, asked).fetchall() if row[0] not in select.get("period", ())]
    shown = periods if len(periods) <= _SHOWN else [*periods[: _SHOWN - 1], "...", periods[-1]]
    others = labels.word("TEXT.other_periods", periods=", ".join(shown)) if periods else ""
    return labels.join([labels.word("TEXT.no_figure", what=" · ".join(what)), others])
