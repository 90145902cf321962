"""From printed texts to codes: what a label, a heading, a title or the name of a sheet says of a figure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from transforms.codelists import load_codelist, normalise_label, unit_labels
from transforms.contract import load_contract
from transforms.grid import NEVER_STORED, UNSTORED
from transforms.layout import INTEGERS, PARTS, PrintedColumn, TableLayout, find_parsers
from transforms.locate import strip_marks
from transforms.numbers import fold
from transforms.patterns import find_misread, tidy
from transforms.periods import compose_period, find_freq, parse_year, split_period

PATH = " > "  # between the labels of a path: Transport > Sea > Other
_WHOLE = re.compile(r"[+-]?[0-9]{1,9}")
_PERIOD_PARTS = ("year", "quarter", "month", "from_month", "to_month")

Said = dict[str, Any]  # column (or part of a period, note, sign) -> code


def parse_whole(text: str, least: int, most: int) -> int:
    if not _WHOLE.fullmatch(fold(text)) or not least <= int(fold(text)) <= most:
        raise ValueError(f"no whole number from {least} to {most}")
    return int(fold(text))


def read_unit(text: str) -> tuple[str, int]:
    """A printed unit as (unit, power of ten). Raises ValueError."""
    if normalise_label(text) not in unit_labels():
        raise ValueError("an unknown unit")
    return unit_labels()[normalise_label(text)]


def _take_over(text: str) -> str:
    """A label as it goes into a code: width folded, each run of spaces one space; raised marks stay raised."""
    return " ".join(fold(text).split())


def _fold_key(text: str) -> str:
    return tidy(text).casefold()


class LabelReader:
    """Reads the texts of one table; remembers the local codes that it gave (list, code) -> (label, parent)."""

    def __init__(self, table: TableLayout) -> None:
        self.table = table
        self.maps = {
            name: {_fold_key(text): said for text, said in texts.items()} for name, texts in table.maps.items()
        }
        self.local: dict[tuple[str, str], tuple[str, str]] = {}
        self._known: dict[tuple[str, str, str], Said] = {}
        self._paths: dict[tuple[str, tuple[str, ...]], Said] = {}
        for name, listed in table.codes.items():
            for code, label in listed.items():
                self.local[self._list_of(name), code] = (str(label), "")

    def _list_of(self, name: str) -> str:
        return load_contract("observations")[name].codelist or name

    def read(self, name: str, text: str, kind: str = "") -> Said:
        """What a text says that stands for a column (or a part of a period). Raises ValueError or UnknownLabel.

        A map of the layout goes first; then the column's parser; a scheme of the layout's own takes what is left.
        """
        if text == UNSTORED:
            raise ValueError(NEVER_STORED)
        kind = kind or self.table.parse.get(name, "")
        key = (name, text, kind)
        if key not in self._known:
            self._known[key] = self._read(name, text, kind)
        return self._known[key]

    def _read(self, name: str, text: str, kind: str) -> Said:
        label = strip_marks(self.table, text)
        if (said := self.find_mapped(name, label)) is not None:
            return said
        if name == "note":
            return {"note": label}
        if name == "unit_label":
            unit, power = read_unit(label)
            return {"unit": unit, "unit_mult": power}
        if name == "sign":
            raise ValueError("sign is set, not printed")
        if name in PARTS:
            return {name: label}
        spec = load_contract("observations")[name]
        if name in ("period", "base_period") and kind in ("", "period"):
            return self._read_period(name, label)
        kind = kind or find_parsers(spec)[0]
        if kind == "year":
            year = parse_year(fold(label))
            return {"year": year} if name == "period" else {name: year}
        if kind == "count":
            return {name: parse_whole(label, *INTEGERS[spec.type])}
        if name in self.table.schemes:
            return {name: self._give_local(name, (label,), self.table.schemes[name])}
        if kind == "text":
            return {name: tidy(label)}
        if kind == "code":
            return {name: self._check_code(spec.codelist, label)}
        if kind == "label":
            return {name: self._resolve(name, spec.codelist, label)}
        return {name: self._from_scheme(name, spec.codelist, kind, label)}

    def find_mapped(self, name: str, label: str) -> Said | None:
        """What the layout's maps say of a text, None where they do not know it."""
        said = self.maps.get(name, {}).get(_fold_key(label))
        if said is None:
            return None
        return self.settle(said if isinstance(said, dict) else {name: said})

    def settle(self, given: Mapping[str, Any]) -> Said:
        """Codes that a layout gives, as they are kept: numbers as numbers, a plain year as the year of a period."""
        settled: Said = {}
        for name, value in given.items():
            if name == "unit_label":
                settled["unit"], settled["unit_mult"] = read_unit(str(value))
            elif name == "period" and find_freq(str(value)) and "/" not in str(value) and len(str(value)) == 4:
                settled["year"] = value
            elif name in ("unit_mult", "n"):
                settled[name] = int(value)
            else:
                settled[name] = value
        return settled

    def _read_period(self, name: str, label: str) -> Said:
        folded = fold(label)
        try:
            find_freq(folded)
        except ValueError:
            parts = split_period(label)
            if name == "period":
                return dict(parts)
            return {name: compose_period(parts)}
        if name == "period" and len(folded) == 4:
            return {"year": folded}
        return {name: folded}

    def _resolve(self, name: str, listname: str, label: str) -> str:
        codes = load_codelist(listname)
        if label == "" and "" in codes.codes:
            return ""
        if name in self.table.fallback_schemes and normalise_label(label) not in codes.labels:
            return self._give_local(name, (label,), self.table.fallback_schemes[name])
        return codes.resolve(label)

    def _check_code(self, listname: str, label: str) -> str:
        codes = load_codelist(listname)
        if label not in codes.codes:
            codes.resolve(label)
            raise ValueError(f"a label of the list {listname}, where a code is declared")
        return label

    def _from_scheme(self, name: str, listname: str, scheme: str, label: str) -> str:
        from transforms.codelists import scheme_codes

        known = scheme_codes(listname, scheme)
        if label in known:
            return known[label]
        if name in self.table.fallback_schemes:
            return self._give_local(name, (label,), self.table.fallback_schemes[name])
        raise ValueError(f"no code of the scheme {scheme} of the list {listname}")

    def read_path(self, name: str, path: tuple[str, ...]) -> Said:
        """What a label says that stands under others: maps are asked for the whole path first, then for less of it."""
        if (name, path) not in self._paths:
            self._paths[name, path] = self._read_path(name, path)
        return self._paths[name, path]

    def _read_path(self, name: str, path: tuple[str, ...]) -> Said:
        if UNSTORED in path:
            raise ValueError(NEVER_STORED)
        for place in range(len(path)):
            if (said := self.find_mapped(name, PATH.join(path[place:]))) is not None:
                return said
        if name in self.table.schemes:
            return {name: self._give_local(name, self._name_path(name, path), self.table.schemes[name])}
        if name in self.table.fallback_schemes:
            last = strip_marks(self.table, path[-1])
            if normalise_label(last) not in load_codelist(self._list_of(name)).labels:
                return {name: self._give_local(name, self._name_path(name, path), self.table.fallback_schemes[name])}
        return self._read(name, path[-1], self.table.parse.get(name, ""))

    def _name_path(self, name: str, path: tuple[str, ...]) -> tuple[str, ...]:
        """The path with the code in place of each label above that is mapped to one: what stands under Exports of
        services and under Imports of services, both all services, is one item."""
        named = []
        for place, label in enumerate(path[:-1], 1):
            said = next(
                (s for start in range(place) if (s := self.find_mapped(name, PATH.join(path[start:place])))), None
            )
            named.append(str(said[name]) if said and name in said else label)
        return (*named, path[-1])

    def _give_local(self, name: str, path: tuple[str, ...], scheme: str) -> str:
        """A code of the layout's own scheme for a label as printed, listed with the labels above it."""
        if not path[-1].strip():
            raise ValueError("an empty label")
        if misread := next(filter(None, map(find_misread, path)), ""):
            raise ValueError(misread)
        parent = ""
        listed = load_codelist(self._list_of(name)).codes
        for place in range(len(path)):
            code = f"{scheme}:{PATH.join(map(_take_over, path[: place + 1]))}"
            if place + 1 < len(path) and path[place] in listed:  # a code in place of a label: its children hang on it
                parent = path[place]
                continue
            self.local.setdefault((self._list_of(name), code), (_take_over(path[place]), parent))
            parent = code
        return parent

    def reader_of(self, column: PrintedColumn) -> Callable[[str], Said]:
        """How a cell of a key column is read: its own map, else as any text of that column."""
        own = {_fold_key(text): said for text, said in column.map.items()}
        spec = None if column.column in PARTS else load_contract("observations")[column.column]

        def read(text: str) -> Said:
            if own:
                said = own.get(_fold_key(strip_marks(self.table, text)))
                if said is None:
                    raise ValueError(f"the layout maps only {', '.join(column.map)}")
                return self.settle(said if isinstance(said, dict) else {column.column: said})
            if text == "" and spec is not None and (spec.default is not None or spec.nullable):
                return {}  # nothing said: the default of the contract
            return self.read(column.column, text, column.parse)

        return read


def compose_periods(parts: Mapping[str, str]) -> str:
    """The period code of the parts said of a figure. Raises ValueError."""
    return compose_period({name: parts[name] for name in _PERIOD_PARTS if parts.get(name)})
