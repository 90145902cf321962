"""What the published database holds for the figures of a draft: computed indicators and printed observations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, NamedTuple

import duckdb

from transforms.periods import find_year_before
from transforms.prose.resolve import Statement

# indicator -> the measure of a statement that it is a value of; measures of observations go by their own names
_MEASURES: Final = {
    "level": "value", "total_trade": "value", "group_total": "value", "trade_balance": "balance",
    "growth": "growth", "group_growth": "growth", "increase": "increase", "multiple": "multiple",
    "average_growth_compound": "average_growth", "average_growth_mean": "average_growth",
    "average_growth_log_linear": "average_growth",
    "dds_share": "share", "category_share": "share", "city_share": "share", "world_share": "share",
    "share_of_reference": "share", "openness": "share", "export_intensity": "share", "share_change": "share_change",
    "export_orientation": "export_orientation", "export_import_coverage": "export_import_coverage",
    "trade_competitiveness": "trade_competitiveness", "grubel_lloyd": "grubel_lloyd",
}  # fmt: skip
_PRINTED: Final = ("value", "balance", "share", "growth", "increase", "multiple", "average_growth")
_PERCENT: Final = {"PERCENT", "PP"}
_BASED: Final = ("ratio", "average_growth", "share_change")
_CHANGES: Final = ("growth", "increase", "multiple")


class Key(NamedTuple):
    """What a statement and a value of the database must have in common. Changes over a base are one family."""

    family: str
    geo: str
    item: str
    flow: str
    period: str
    base_period: str
    reference: str


@dataclass(frozen=True)
class Candidate:
    """A value of the database in units of one, with its range (None: open); of a change over a base the ratio to it.

    source: dataset and edition; indicator: its card, or '' for a figure as printed.
    """

    key: Key
    value: Fraction | None
    lower: Fraction | None
    upper: Fraction | None
    unit: str
    source: str
    indicator: str
    contested: bool


@dataclass
class Values:
    """The candidates of the places and items that a draft speaks of, by key."""

    by_key: dict[Key, list[Candidate]] = field(default_factory=lambda: defaultdict(list))

    def find(self, key: Key) -> list[Candidate]:
        """The values of a key; of a change that nobody computed, from levels or shares of one edition."""
        known = self.by_key.get(key, [])
        if known or key.family not in ("ratio", "share_change"):
            return known
        return list(self._divide(key) if key.family == "ratio" else self._subtract(key))

    def _pair(self, key: Key, family: str) -> Iterator[tuple[Candidate, Candidate]]:
        """Values of one edition at the period and at its base, in one unit."""
        ends = [
            self.by_key.get(key._replace(family=family, period=period, base_period=""), [])
            for period in (key.period, key.base_period)
        ]
        for later in ends[0]:
            for earlier in ends[1]:
                if (later.source, later.unit, later.indicator) == (earlier.source, earlier.unit, earlier.indicator):
                    yield later, earlier

    def _subtract(self, key: Key) -> Iterator[Candidate]:
        for one, two in self._pair(key, "share"):
            if None not in (one.value, two.value, one.lower, two.lower, one.upper, two.upper):
                low, high = one.lower - two.upper, one.upper - two.lower  # type: ignore[operator]
                yield Candidate(key, one.value - two.value, low, high, "PP", one.source, "shares",  # type: ignore[operator]
                                one.contested or two.contested)  # fmt: skip

    def _divide(self, key: Key) -> Iterator[Candidate]:
        for one, two in self._pair(key, "value"):
            if one.value is not None and one.value >= 0 and two.value is not None and two.value > 0:
                low = one.lower / two.upper if one.lower is not None and two.upper else None
                high = one.upper / two.lower if one.upper is not None and two.lower and two.lower > 0 else None
                yield Candidate(key, one.value / two.value, low, high, "", one.source, "levels",
                                one.contested or two.contested)  # fmt: skip


def make_key(s: Statement) -> Key:
    family = "ratio" if s.measure in _CHANGES else s.measure
    base = s.base_period if family in _BASED else ""
    return Key(family, s.geo, s.item, s.flow, s.period, base, s.reference)


def to_family(measure: str, value: Fraction | None) -> Fraction | None:
    """A change over a base as the ratio to the base; everything else as it is. value: in units of one."""
    return 1 + value if value is not None and measure in ("growth", "increase") else value


def read_values(con: duckdb.DuckDBPyConnection, statements: Iterable[Statement]) -> Values:
    """All values of the places that statements speak of, for their items and, where one is a definition, all of them.

    Trade with the world, as published, not seasonally adjusted.
    """
    wanted = sorted({(s.geo, s.item) for s in statements})
    values = Values()
    if not wanted:
        return values
    places = [list(column) for column in zip(*wanted, strict=True)]
    chosen = "SELECT unnest($1::VARCHAR[]) AS geo, unnest($2::VARCHAR[]) AS item"
    same = """(v.item = w.item OR (starts_with(v.item, 'DEF:') AND starts_with(w.item, 'DEF:')))"""
    computed = con.execute(
        f"""SELECT DISTINCT v.indicator, v.geo, v.item, v.flow, v.period, v.base_period, v.reference, v.value, v.lower,
                   v.upper, v.unit, v.unit_mult, v.dataset, v.vintage, v.contested
            FROM latest_indicators v JOIN ({chosen}) w ON v.geo = w.geo AND {same}
            WHERE v.partner = 'W' AND v.basis = 'published' AND v.adjustment IN ('', 'N', '_Z')
              AND list_contains($3::VARCHAR[], v.indicator)
            ORDER BY ALL""",
        [*places, list(_MEASURES)],
    )
    for row in _rows(computed):
        _add(values, row, _MEASURES[row["indicator"]], row["indicator"])
    printed = con.execute(
        f"""SELECT DISTINCT v.measure, v.geo, v.item, v.flow, v.period, v.base_period, v.reference, v.value, v.lower,
                   v.upper, v.unit, v.unit_mult, v.dataset, v.vintage, false AS contested, v.qualifier
            FROM latest_observations v JOIN ({chosen}) w ON v.geo = w.geo AND {same}
            WHERE v.partner = 'W' AND v.basis = 'published' AND v.price IN ('', 'current') AND v.value IS NOT NULL
              AND v.activity = '_T' AND v.mode = '_T' AND v.adjustment IN ('', 'N', '_Z')
              AND list_contains($3::VARCHAR[], v.measure)
            ORDER BY ALL""",
        [*places, list(_PRINTED)],
    )
    for row in _rows(printed):
        row["value"] = None if row["qualifier"] else row["value"]
        _add(values, row, row["measure"], "")
    return values


def _rows(result: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _add(values: Values, row: dict[str, Any], measure: str, indicator: str) -> None:
    scale = Fraction(10) ** (row["unit_mult"] - (2 if row["unit"] in _PERCENT else 0))

    def scaled(value: Decimal | None) -> Fraction | None:
        return to_family(measure, None if value is None else Fraction(value) * scale)

    flow = "T" if measure == "balance" else row["flow"]
    family = "ratio" if measure in _CHANGES else measure
    base = row["base_period"] if family in _BASED else ""
    if family == "share_change":  # on the year before, as its card says
        base = base or find_year_before(row["period"])
    period = row["period"].partition("/")[2] or row["period"] if family == "average_growth" else row["period"]
    key = Key(family, row["geo"], row["item"], flow, period, base, row["reference"] if "share" in family else "")
    found = Candidate(key, scaled(row["value"]), scaled(row["lower"]), scaled(row["upper"]), row["unit"],
                      f"{row['dataset']}/{row['vintage']}", indicator, row["contested"])  # fmt: skip
    if (found.value, found.lower, found.upper) != (None, None, None):
        values.by_key[key].append(found)
