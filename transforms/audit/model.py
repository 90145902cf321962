"""What printed figures say of unknown true values, as linear constraints, and what must hold between these values.

A level says lower <= x <= upper. A share, a rate of growth or a multiple says that one value over another lies in an
interval, which is linear in the two: lower * whole <= part <= upper * whole, as no whole is negative. Between values
hold the identities of trade statistics: exports and imports make the total, parts are not more than their whole, a
place is not more than the place it belongs to. Values are in units of one and held not to be negative (domain of all
indicators of trade; a balance is a difference of two values).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from transforms.audit.figures import Figure
from transforms.codelists import load_codelist
from transforms.definitions import load_definitions

LEVELS = ("value", "count")
_RATIOS = {"share", "growth", "multiple", "increase", "average_growth"}
_ONE, _ZERO = Fraction(1), Fraction(0)


class Quantity(NamedTuple):
    """An unknown true value: an amount or a number of things, in units of one; or a share (measure share,
    reference).
    """

    geo: str
    partner: str
    flow: str
    item: str
    activity: str
    mode: str
    period: str
    measure: str
    basis: str
    price: str
    adjustment: str
    unit: str
    reference: str = ""


Terms = dict[Quantity, Fraction]


@dataclass(frozen=True, eq=False)
class Row:
    """lower <= sum of terms <= upper (None = open); is_positive: the sum is above zero, strictly."""

    terms: Terms
    lower: Fraction | None
    upper: Fraction | None
    label: str = ""
    is_positive: bool = False


@dataclass(frozen=True, eq=False)
class Premise:
    """What one printed figure says, or several that say the same in several places.

    over, under: the figure is the value of over by that of under (under None: of over alone), as said by kind.
    """

    number: int
    figures: tuple[Figure, ...]
    kind: str
    over: Terms
    under: Terms | None
    power: int = 1
    extra: tuple[Row, ...] = ()
    reading: str = ""

    @property
    def figure(self) -> Figure:
        return self.figures[0]

    @property
    def is_exact(self) -> bool:
        return all(figure.is_exact for figure in self.figures)

    def rows(self, as_printed: bool = False) -> list[Row]:
        """Its constraints; as_printed: with a qualifier left aside."""
        if self.kind == "ranks":
            return list(self.extra)
        low, high = (self.to_ratio(x) for x in self.figure.interval(as_printed))
        return [*self._span(low, high), *self.extra]

    def _span(self, low: Fraction | None, high: Fraction | None) -> list[Row]:
        if self.under is None:
            return [Row(self.over, low, high)]
        rows = []
        if low is not None:
            rows.append(Row(_add(self.over, self.under, -low), _ZERO, None))
        if high is not None:
            rows.append(Row(_add(self.over, self.under, -high), None, _ZERO))
        return rows

    def pinned(self) -> list[Row]:
        """Its constraint if the figure were exact: for what it determines."""
        if self.kind == "ranks":
            return []
        point = self.to_ratio(self.figure.value * self.figure.scale)
        return self._span(point, point)[:1] if self.under is not None else [Row(self.over, point, point)]

    def to_ratio(self, x: Fraction | None) -> Fraction | None:
        """over by under, from the figure in units of one."""
        if x is None or self.kind in ("level", "share", "multiple", "difference", "balance"):
            return x
        if self.kind in ("growth", "increase"):
            return 1 + x
        return (1 + x) ** self.power  # a compound rate over so many periods

    def from_ratio(self, ratio: Fraction | float) -> Fraction | float:
        """The figure in units of one from over by under, as it is printed (per cent as hundredths)."""
        if self.kind in ("growth", "increase"):
            return ratio - 1
        if self.kind == "average_growth":
            return float(max(ratio, 0) ** (1 / self.power) - 1)
        return ratio


@dataclass(frozen=True)
class NotJudged:
    figure: Figure
    reason: str  # a code AUDIT.REASON.* of words.csv


@dataclass
class Model:
    premises: list[Premise] = field(default_factory=list)
    identities: list[Row] = field(default_factory=list)
    not_judged: list[NotJudged] = field(default_factory=list)


def _add(first: Terms, second: Terms, factor: Fraction) -> Terms:
    total = dict(first)
    for quantity, times in second.items():
        total[quantity] = total.get(quantity, _ZERO) + factor * times
    return {quantity: times for quantity, times in total.items() if times}


class Geography:
    """Who belongs to whom: parent and nation of a place, from the code list."""

    def __init__(self) -> None:
        rows = load_codelist("geographies").rows
        self.parents = {row["code"]: row["parent"] for row in rows}
        self.nations = {row["code"]: row["nation"] for row in rows}

    def above(self, geo: str) -> list[str]:
        """The places that a place lies in, the nearest first."""
        found: list[str] = []
        while (geo := self.parents.get(geo, "")) and geo not in found:
            found.append(geo)
        return found


def build_model(figures: Sequence[Figure]) -> Model:
    """Premises, identities between the values they speak of, and the figures that are not judged, with the reason."""
    return _Builder(figures).build()


class _Builder:
    def __init__(self, figures: Sequence[Figure]) -> None:
        self.figures = figures
        self.places = Geography()
        self.references = {row["code"]: row for row in load_codelist("references").rows}
        self.units = self._find_units()
        # printed as below zero (goods for processing, returned premiums): what holds of amounts does not hold of it
        self.negative = {
            self._quantity(f, f.unit)._replace(flow="") for f in figures if f.measure == "value" and f.value < 0
        }
        self.model = Model()

    def build(self) -> Model:
        merged: dict[tuple[object, ...], list[Premise]] = {}
        for figure in self.figures:
            made = self._make(figure)
            if isinstance(made, str):
                if made:
                    self.model.not_judged.append(NotJudged(figure, made))
                continue
            key = (made.kind, tuple(sorted(made.over.items())), tuple(sorted((made.under or {}).items())), made.power,
                   figure.declared, figure.rounded, figure.qualifier, figure.scale)  # fmt: skip
            merged.setdefault(key, []).append(made)
        for alike in merged.values():
            number = len(self.model.premises)
            self.model.premises.append(replace(alike[0], number=number, figures=tuple(p.figure for p in alike)))
        self._add_ranks()
        self._add_share_rows()
        self.model.identities = self._find_identities()
        return self.model

    # --- units: a ratio is of two values in one unit, which is that of the levels around it

    def _find_units(self) -> dict[tuple[str, str, str], set[str]]:
        """(geo, item, basis) -> units of its levels, handed on by shares to wholes and parts without levels."""
        units: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        pairs = []
        for f in self.figures:
            key = (f.geo, f.item, f.basis)
            if f.measure in (*LEVELS, "balance"):
                units[key].add(f.unit)
            elif f.measure == "share" and (whole := self._whole_key(f)):
                pairs.append((key, whole))
        for _ in range(4):
            before = sum(map(len, units.values()))
            for part, whole in pairs:
                if units[part] and not units[whole]:
                    units[whole] |= units[part]
                elif units[whole] and not units[part]:
                    units[part] |= units[whole]
            if sum(map(len, units.values())) == before:
                break
        return units

    def _whole_key(self, f: Figure) -> tuple[str, str, str] | None:
        reference = self.references.get(f.reference)
        if reference is None:
            return None
        return self._refer_geo(f, reference["geo"]), reference["item"] or f.item, f.basis

    def _refer_geo(self, f: Figure, geo: str) -> str:
        if geo == "@nation":
            return self.places.nations.get(f.geo, "")
        if geo == "@parent":
            return self.places.parents.get(f.geo, "")
        return geo or f.geo

    def _unit_of(self, f: Figure) -> str | None:
        """The unit of the values that a ratio is of; None where it has several."""
        found = self.units.get((f.geo, f.item, f.basis), set())
        return None if len(found) > 1 else next(iter(found), "")

    # --- premises

    def _make(self, f: Figure) -> Premise | str:
        """The premise of a figure, or why it is not judged ('' for what another step takes: ranks, surveys)."""
        if f.measure == "rank" or f.basis == "survey":
            return "" if f.basis == "survey" or f.measure == "rank" else "kind"
        if self._speaks_of_negative(f):
            return "negative"
        if f.measure in LEVELS:
            return Premise(-1, (f,), "level", {self._quantity(f, f.unit): _ONE}, None)
        if f.measure == "balance":
            x, m = (self._quantity(f, f.unit, flow=flow, measure="value") for flow in "XM")
            return Premise(-1, (f,), "balance", {x: _ONE, m: -_ONE}, None)
        if f.measure == "difference":
            return self._make_difference(f)
        if f.measure not in _RATIOS:
            return "kind"
        if f.price not in ("", "current") and f.measure != "share":
            return "price"
        unit = self._unit_of(f)
        if unit is None:
            return "units"
        if f.measure == "share":
            return self._make_share(f, unit)
        return self._make_change(f, unit)

    def _speaks_of_negative(self, f: Figure) -> bool:
        unit = f.unit if f.measure in (*LEVELS, "balance") else self._unit_of(f) or ""
        periods = {f.period, f.base_period or f.period, *f.period.split("/")}
        return any(
            self._quantity(f, unit, measure="value", flow="", period=period) in self.negative for period in periods
        )

    def _quantity(self, f: Figure, unit: str, **other: str) -> Quantity:
        measure = other.pop("measure", f.measure if f.measure in LEVELS else ("count" if unit == "COUNT" else "value"))
        said = {name: getattr(f, name) for name in Quantity._fields if name not in ("unit", "measure", "reference")}
        if said["price"] in ("", "current"):
            said["price"] = "current"
        return Quantity(**{**said, "unit": unit, "measure": measure, **other})

    def _make_share(self, f: Figure, unit: str) -> Premise | str:
        reference = self.references.get(f.reference)
        if "/" in f.period and len(f.period.split("/")[0]) == 4:
            return "span"
        if reference is None or not (reference["item"] or reference["geo"] or reference["flow"]):
            return "reference"
        if reference["population"] or reference["partner"] not in ("", f.partner) or reference["measure"] == "share":
            return "reference"
        geo = self._refer_geo(f, reference["geo"])
        other = {"geo": geo, "item": reference["item"] or f.item, "flow": reference["flow"] or f.flow}
        if not geo or (other["geo"], other["item"], other["flow"]) == (f.geo, f.item, f.flow):
            return "reference"
        if self.units.get((geo, other["item"], f.basis), {unit}) != {unit} and unit:
            return "units"
        part, whole = self._quantity(f, unit), self._quantity(f, unit, **other)
        return Premise(-1, (f,), "share", {part: _ONE}, {whole: _ONE})

    def _make_change(self, f: Figure, unit: str) -> Premise | str:
        first, last = f.base_period, f.period
        power, reading = 1, ""
        if f.measure == "average_growth":
            if "/" not in f.period:
                return "period"
            start, last = f.period.split("/")
            first = f.base_period or start
            if not (first.isdigit() and last.isdigit()):
                return "period"
            if f.method not in ("", "compound"):
                return "method"
            power, reading = int(last) - int(first), "" if f.method else "compound"
            if power < 1:
                return "period"
        if not first:
            return "period"
        later, earlier = (self._quantity(f, unit, period=period) for period in (last, first))
        return Premise(-1, (f,), f.measure, {later: _ONE}, {earlier: _ONE}, power, reading=reading)

    def _make_difference(self, f: Figure) -> Premise | str:
        """Of two shares of one whole, in percentage points; the shares are values of their own."""
        if f.reference != "IMPORT_SHARE" or f.flow != "X":
            return "kind"
        exports, imports = (self._share_quantity(f, flow, "SERVICES") for flow in "XM")
        return Premise(-1, (f,), "difference", {exports: _ONE, imports: -_ONE}, None)

    def _share_quantity(self, f: Figure, flow: str, reference: str) -> Quantity:
        return self._quantity(f, "", flow=flow, measure="share")._replace(reference=reference)

    def _add_share_rows(self) -> None:
        """A printed share whose own value a difference speaks of says two things: of the amounts, and of the share."""
        wanted = {q for p in self.model.premises if p.kind == "difference" for q in p.over}
        for n, premise in enumerate(self.model.premises):
            if premise.kind == "share":
                own = self._share_quantity(premise.figure, premise.figure.flow, premise.figure.reference)
                if own in wanted:
                    low, high = premise.figure.interval()
                    self.model.premises[n] = replace(premise, extra=(Row({own: _ONE}, low, high),))

    def _add_ranks(self) -> None:
        """Ranks of categories of one place, or of places in one category: who stands before has not less.

        Only ranks by amount are known to be such: those among the main categories of services.
        """
        tables: dict[tuple[str, ...], list[Figure]] = defaultdict(list)
        for f in self.figures:
            if f.measure == "rank" and f.basis != "survey":
                if f.reference == "SERVICES_CATEGORIES":
                    tables[(f.dataset, f.vintage, f.table_id, f.geo, f.flow, f.period, f.basis)].append(f)
                else:
                    self.model.not_judged.append(NotJudged(f, "rank"))
        for ranked in tables.values():
            ranked.sort(key=lambda f: f.value)
            units = {self._unit_of(f) for f in ranked}
            unit = next(iter(units)) if len(units) == 1 else None
            if len(ranked) < 2 or unit is None or len({f.item for f in ranked}) < len(ranked):
                self.model.not_judged += [NotJudged(f, "rank") for f in ranked]
                continue
            # one premise for each two neighbours: a contradiction names those that stand in the wrong order
            for a, b in pairwise(ranked):
                if a.value < b.value:
                    row = Row({self._quantity(a, unit): _ONE, self._quantity(b, unit): -_ONE}, _ZERO, None)
                    self.model.premises.append(
                        Premise(len(self.model.premises), (a, b), "ranks", {}, None, extra=(row,))
                    )

    # --- identities

    def _find_identities(self) -> list[Row]:
        """Of the values that premises speak of: totals, parts and wholes, places; wholes that are divided by are
        above 0.
        """
        spoken = {q for p in self.model.premises for row in p.rows() for q in row.terms}
        amounts = {q for q in spoken if q.measure == "value"}
        rows: list[Row] = []
        for q in list(amounts):
            if q.flow in "XMT":
                amounts |= {q._replace(flow=flow) for flow in "XMT"}
        for total in sorted(q for q in amounts if q.flow == "T"):
            x, m = total._replace(flow="X"), total._replace(flow="M")
            rows.append(Row({x: _ONE, m: _ONE, total: -_ONE}, _ZERO, _ZERO, "total"))
        rows += self._find_parts(amounts)
        rows += self._find_places(amounts)
        for p in self.model.premises:
            if p.under is not None:
                rows.append(Row(p.under, _ZERO, None, "positive", is_positive=True))
        return rows

    def _find_parts(self, amounts: Iterable[Quantity]) -> list[Row]:
        """The parts of a whole that are spoken of are together not more than it."""
        parents = {row["code"]: row["parent"] for row in load_codelist("items").rows}
        definitions = {f"DEF:{name}": d.items for name, d in load_definitions().items() if d.is_computable}
        known = sorted(q for q in amounts if q.flow in "XMT")
        items: dict[Quantity, set[str]] = defaultdict(set)
        less = {q._replace(item="") for q in self.negative}  # with a part below zero the others may exceed the whole
        for q in known:
            if q._replace(item="", flow="") not in less:
                items[q._replace(item="")].add(q.item)
        rows = []
        for frame, present in items.items():
            children: dict[str, set[str]] = defaultdict(set)
            for item in sorted(present):
                above = parents.get(item, "")
                while above and above not in present:
                    above = parents.get(above, "")
                if above and not item.startswith("DEF:") and not above.startswith("DEF:"):
                    children[above].add(item)
                elif above:
                    rows.append(_is_part(frame, [item], above))
            for name, counted in definitions.items():
                if name in present and (inside := {i for i in present if _lies_in(i, counted, parents)}):
                    tops = {i for i in inside if not _lies_in(parents.get(i, ""), tuple(inside), parents)}
                    rows.append(_is_part(frame, sorted(tops), name))
            rows += [_is_part(frame, sorted(parts), whole) for whole, parts in sorted(children.items())]
        return rows

    def _find_places(self, amounts: Iterable[Quantity]) -> list[Row]:
        """A place has not more than the nearest place above it that is spoken of."""
        known = set(amounts)
        rows = []
        for q in sorted(known):
            above = next(
                (q._replace(geo=geo) for geo in self.places.above(q.geo) if q._replace(geo=geo) in known), None
            )
            if above is None and (nation := self.places.nations.get(q.geo)) and nation != q.geo:
                above = q._replace(geo=nation) if q._replace(geo=nation) in known else None
            if above is not None:
                rows.append(Row({above: _ONE, q: -_ONE}, _ZERO, None, "place"))
        return rows


def _is_part(frame: Quantity, parts: Sequence[str], whole: str) -> Row:
    terms: Terms = {frame._replace(item=whole): _ONE}
    terms |= {frame._replace(item=part): -_ONE for part in parts}
    return Row(terms, _ZERO, None, "parts")


def _lies_in(item: str, counted: Sequence[str], parents: dict[str, str]) -> bool:
    """Whether an item is one of those counted, or below one of them."""
    while item:
        if item in counted:
            return True
        item = parents.get(item, "")
    return False
