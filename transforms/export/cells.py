"""The cells of a table: what the rows and columns of its specification find among printed and computed figures."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import duckdb

from transforms.errors import InputError
from transforms.export.labels import Labels, round_half_up
from transforms.tables import Axis, Select, TableSpec

Row = dict[str, Any]

# which comparison of one printed cell tells most; repeats are asked only where there is no other
_TELLING = ("contradictory", "equal", "within_rounding", "not_comparable", "not_computable")
_KEYS = ("geo", "flow", "item", "period", "base_period", "reference")
CODES = ("indicator", "definition", "geo", "flow", "item", "measure", "period", "base_period", "reference")
_WHOLE_UNITS = ("RANK", "COUNT", "YEAR")
_NUMBER = re.compile(r"(\d+)")


@dataclass(frozen=True)
class Cell:
    """One cell. Values in unit (a label, with its power of ten); printed_value is empty where nothing is printed.

    is_whole: the unit knows whole numbers only (ranks, counts). inputs: the cells behind a computed value, none where
    nothing was computed. origin: printed; implied (made of printed figures, marked but not counted); computed (nothing
    is printed). corrected: the corrected figure beside the printed one, '' where nothing is corrected.
    """

    row: int
    column: int
    origin: str
    codes: dict[str, str]
    unit: str
    is_whole: bool = False
    printed: str = ""
    qualifier: str = ""
    decimals: int | None = None
    printed_value: Decimal | None = None
    printed_lower: Decimal | None = None
    printed_upper: Decimal | None = None
    printed_status: str = ""
    computed_value: Decimal | None = None
    computed_lower: Decimal | None = None
    computed_upper: Decimal | None = None
    computed_status: str = ""
    mark: str = ""
    compared_with: str = ""
    note: str = ""
    source_note: str = ""
    locator: str = ""
    inputs: tuple[str, ...] = field(default=(), repr=False)
    corrected: str = ""

    @property
    def shown_decimals(self) -> int:
        """Decimals at which a computed value is displayed: one more than printed; none for whole numbers."""
        if self.is_whole and _are_whole(self.printed_value, self.computed_value):
            return 0
        return 2 if self.decimals is None else self.decimals + 1

    @property
    def range_decimals(self) -> int:
        """Decimals at which the computed range is displayed: enough to tell its ends apart."""
        low, high, decimals = self.computed_lower, self.computed_upper, self.shown_decimals
        if self.is_whole and _are_whole(low, high):
            return 0
        if low is None or high is None or low == high:
            return decimals
        while decimals < 10 and round_half_up(low, decimals) == round_half_up(high, decimals):
            decimals += 1
        return decimals

    @property
    def has_range(self) -> bool:
        return self.computed_lower is not None or self.computed_upper is not None

    @property
    def is_empty(self) -> bool:
        return self.printed_value is None and not self.printed and self.computed_value is None and not self.has_range

    @property
    def statuses(self) -> list[str]:
        """The statuses of the cell other than A, printed first."""
        both = [*self.printed_status.split(";"), *self.computed_status.split(";")]
        return [s for s in dict.fromkeys(both) if s and s != "A"]


def _are_whole(*values: Decimal | None) -> bool:
    return all(value is None or value == value.to_integral_value() for value in values)


@dataclass(frozen=True)
class Place:
    """A row or a column of the grid: its labels, the headings over them, and what it selects."""

    labels: tuple[str, ...]
    heads: tuple[str, ...]
    select: Select


class Data:
    """The rows of one dataset's edition that a table draws on."""

    def __init__(self, con: duckdb.DuckDBPyConnection, spec: TableSpec) -> None:
        found = con.execute(
            "SELECT max(vintage) FROM observations WHERE dataset = ? AND (vintage = ? OR ? = '')",
            [spec.dataset, spec.vintage, spec.vintage],
        ).fetchone()
        self.vintage: str = (found and found[0]) or ""
        edition = [spec.dataset, self.vintage]
        self.observations = fetch(con, "observations WHERE dataset = ? AND vintage = ?", edition)
        self.observations.sort(key=lambda o: (o["table_id"], _natural(o["locator"])))
        self.comparisons = fetch(con, "comparisons WHERE dataset = ? AND vintage = ?", edition)
        self.comparisons.sort(key=lambda c: (c["table_id"], _natural(c["locator"]), c["rule"], c["indicator"]))
        self.indicators = fetch(con, "indicators WHERE dataset = ? AND vintage = ?", edition)
        self.indicators.sort(key=lambda i: (i["indicator"], i["period"], *map(str, i.values())))
        self.corrected = {
            (c["table_id"], c["locator"]): c["value"]
            for c in fetch(con, "corrections WHERE dataset = ? AND vintage = ?", edition)
            if c["action"] != "flag"
        }
        self.mixed: list[Row] = []
        if spec.mixed_sources:
            self.mixed = fetch(
                con, "indicators_on_request WHERE asked = 'mixed_sources' AND dataset = ? AND vintage = ?", edition
            )

    def find_universe(self, select: Select) -> list[Row]:
        """What the combinations of an axis are looked for in."""
        return self.indicators if "indicator" in select else self.observations


def make_cells(rows: list[Place], columns: list[Place], data: Data, spec: TableSpec, labels: Labels) -> list[Cell]:
    made = (
        _make_cell(i, j, {**spec.select, **row.select, **column.select}, data, spec, labels)
        for i, row in enumerate(rows)
        for j, column in enumerate(columns)
    )
    return [cell for cell in made if cell is not None and not cell.is_empty]


def matches(row: Row, select: Select) -> bool:
    return all(str(row[key]) in wanted for key, wanted in select.items() if key in row)


def expand(spec: TableSpec, axes: tuple[Axis, ...], data: Data | list[Row], labels: Labels) -> list[Place]:
    """The places of an axis: each labelled one, and for by one for every combination that the data have."""
    places = []
    for axis in axes:
        if not axis.by:
            places.append(Place((axis.label[labels.lang],), (labels.word("COL.item_head"),), axis.select))
            continue
        select = {**spec.select, **axis.select}
        universe = data if isinstance(data, list) else data.find_universe(select)
        heads = tuple(labels.word(f"COL.{key}") for key in axis.by)
        found = dict.fromkeys(tuple(str(o[key]) for key in axis.by) for o in universe if matches(o, select))
        for codes in sorted(found, key=lambda c: [c[n] for n, key in enumerate(axis.by) if key == "period"]):
            chosen = {key: (code,) for key, code in zip(axis.by, codes, strict=True)}
            words = tuple(labels.of(key, code) for key, code in zip(axis.by, codes, strict=True))
            places.append(Place(words, heads, {**axis.select, **chosen}))
    return places


def _make_cell(i: int, j: int, select: Select, data: Data, spec: TableSpec, labels: Labels) -> Cell | None:
    def only(found: list[Row], what: str) -> Row | None:
        if len(found) > 1:
            raise InputError(
                f"a cell (row {i + 1}, column {j + 1}) selects {len(found)} {what}",
                file=f"{spec.name}.toml",
                found=", ".join(str(row["locator"]) for row in found[:5]) if "locator" in found[0] else _differ(found),
                todo="add what tells them apart to its select.",
            )
        return found[0] if found else None

    if "rule" in select:
        wanted = {key: value for key, value in select.items() if key not in ("table_id", "measure")}
        implied = only([c for c in data.comparisons if matches(c, wanted)], "comparisons")
        return _implied_cell(i, j, implied, spec, labels) if implied else None
    printed = [o for o in data.observations if matches(o, {k: v for k, v in select.items() if k != "indicator"})]
    if "indicator" not in select or "measure" in select:
        observation = only(printed, "printed figures")
        if observation is not None:
            return _printed_cell(i, j, observation, data, spec, labels)
    if "indicator" in select:
        wanted = {key: value for key, value in select.items() if key not in ("table_id", "measure")}
        computed = only([c for c in data.indicators if matches(c, wanted)], "computed values")
        if computed is not None:
            return _computed_cell(i, j, computed, data, labels)
    return None


def _differ(found: list[Row]) -> str:
    """The columns that tell computed values apart."""
    keys = (*_KEYS, "indicator", "definition", "partner", "freq", "basis", "adjustment", "unit", "currency")
    return ", ".join(key for key in keys if len({row[key] for row in found}) > 1)


def _printed_cell(i: int, j: int, o: Row, data: Data, spec: TableSpec, labels: Labels) -> Cell:
    compared = [
        _with_mixed_sources(c, o, data)
        for c in data.comparisons
        if c["table_id"] == o["table_id"] and c["locator"] == o["locator"]
    ]
    best, others = _choose(compared)
    told = _compared(best, others, labels) if best else {"mark": "not_computable", "computed_status": "O"}
    return Cell(
        row=i,
        column=j,
        origin="printed",
        codes={key: o.get(key, "") for key in CODES},
        unit=labels.unit(o["unit"], o["unit_mult"]),
        is_whole=_is_whole(o),
        printed=o["printed"],
        qualifier=o["qualifier"],
        decimals=o["decimals"],
        printed_value=o["value"],
        printed_lower=o["lower"],
        printed_upper=o["upper"],
        printed_status=o["obs_status"],
        source_note=o["note"],
        locator=f"{o['dataset']}/{o['vintage']}/{o['locator']}",
        **(told | _corrected(o, data, labels, told.get("note", ""))),
    )


def _corrected(o: Row, data: Data, labels: Labels, note: str) -> dict[str, Any]:
    """Of a figure that own/corrections.toml changes: its value beside the printed one, and why, before other notes."""
    if (o["table_id"], o["locator"]) not in data.corrected:
        return {}
    value = data.corrected[o["table_id"], o["locator"]]
    shown = "-" if value is None else f"{round_half_up(value, o['decimals'] or 0)}"
    return {"corrected": labels.word("TEXT.corrected", value=shown, printed=o["printed"]),
            "note": labels.join([labels.note(o["note"].split("; ")[0]), note])}  # fmt: skip


def _choose(compared: list[Row]) -> tuple[Row | None, list[Row]]:
    """The most telling comparison, and the others that say something else.

    One that computes nothing says nothing, unless it is another method of the same rule.
    """
    candidates = [c for c in compared if c["rule"] != "repeat"] or compared
    if not candidates:
        return None, []

    def rank(c: Row) -> tuple[int, bool]:
        return _TELLING.index(c["verdict"]), c["computed_lower"] is None and c["computed_upper"] is None

    best = min(candidates, key=rank)
    others = [c for c in compared if c is not best and (c["verdict"] != "not_computable" or c["rule"] == best["rule"])]
    return best, others if {c["verdict"] for c in others} - {best["verdict"]} else []


def _with_mixed_sources(comparison: Row, o: Row, data: Data) -> Row:
    """A comparison that nothing was computed for, with the value that mixed sources give (status D), if they do."""
    if comparison["computed_value"] is not None or not data.mixed:
        return comparison
    found = [
        m
        for m in data.mixed
        if m["indicator"] == comparison["indicator"]
        and all(m[key] == comparison[key] for key in _KEYS)
        and (m["basis"], m["adjustment"], m["partner"]) == (o["basis"], o["adjustment"], o["partner"])
        and m["value"] is not None
        and "D" in m["obs_status"].split(";")
    ]
    if len(found) != 1:
        return comparison
    scale = Decimal(10) ** (found[0]["unit_mult"] - comparison["unit_mult"])
    values = {f"computed_{key}": _times(found[0][key], scale) for key in ("value", "lower", "upper")}
    mixed = {key: found[0][key] for key in ("obs_status", "note", "inputs")}
    return {**comparison, **values, **mixed, "verdict": "not_comparable"}


def _times(value: Decimal | None, scale: Decimal) -> Decimal | None:
    return None if value is None else value * scale


def _compared(best: Row, others: list[Row], labels: Labels) -> dict[str, Any]:
    notes = [labels.note(best["note"])]
    if best["verdict"] == "not_computable" and best["computed_lower"] is not None:
        notes.append(labels.word("TEXT.inside"))
    if others:
        notes.append(labels.word("TEXT.others", list=labels.join([_other(c, labels) for c in others])))
    return {
        "computed_value": best["computed_value"],
        "computed_lower": best["computed_lower"],
        "computed_upper": best["computed_upper"],
        "computed_status": best["obs_status"],
        "mark": best["verdict"],
        "compared_with": labels.comparison(best["rule"], best["indicator"]),
        "note": labels.join(notes),
        "inputs": tuple(best["inputs"] or ()),
    }


def _other(c: Row, labels: Labels) -> str:
    rule, mark = labels.comparison(c["rule"], c["indicator"]), labels.of("mark", c["verdict"])
    if c["computed_value"] is None:
        return labels.word("TEXT.other_none", rule=rule, mark=mark)
    decimals = 0 if c["printed_value"] is None else _decimals(c["printed_value"])
    return labels.word("TEXT.other", rule=rule, mark=mark, value=round_half_up(c["computed_value"], decimals + 1))


def _decimals(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _implied_cell(i: int, j: int, c: Row, spec: TableSpec, labels: Labels) -> Cell:
    return Cell(
        row=i,
        column=j,
        origin="implied",
        codes={key: c.get(key, "") for key in CODES},
        unit=labels.unit(c["unit"], c["unit_mult"]),
        is_whole=_is_whole(c),
        printed=c["printed"],
        printed_value=c["printed_value"],
        printed_lower=c["printed_lower"],
        printed_upper=c["printed_upper"],
        locator=f"{c['dataset']}/{c['vintage']}/{c['locator']}",
        **_compared(c, [], labels),
    )


def _computed_cell(i: int, j: int, c: Row, data: Data, labels: Labels) -> Cell:
    mixed = [m for m in data.mixed if c["value"] is None and all(m[k] == c[k] for k in (*_KEYS, "indicator", "unit"))]
    shown = mixed[0] if len(mixed) == 1 else c
    return Cell(
        row=i,
        column=j,
        origin="computed",
        codes={key: shown.get(key, "") for key in CODES},
        unit=labels.unit(shown["unit"], shown["unit_mult"]),
        is_whole=_is_whole(shown),
        computed_value=shown["value"],
        computed_lower=shown["lower"],
        computed_upper=shown["upper"],
        computed_status=shown["obs_status"],
        compared_with=labels.of("indicator", shown["indicator"]),
        note=labels.note(shown["note"]),
        inputs=tuple(shown["inputs"] or ()),
    )


def _is_whole(row: Row) -> bool:
    return row["unit"] in _WHOLE_UNITS and row["unit_mult"] == 0


def _natural(locator: str) -> tuple[tuple[int, str], ...]:
    """R3C10 after R3C9."""
    return tuple((int(p), "") if p.isdigit() else (-1, p) for p in _NUMBER.split(locator))


def fetch(con: duckdb.DuckDBPyConnection, source: str, values: list[str]) -> list[Row]:
    result = con.execute(f"SELECT * FROM {source}", values)
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
