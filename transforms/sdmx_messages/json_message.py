"""SDMX-JSON data messages, 1.0 and 2.0."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from transforms.errors import InputError
from transforms.sdmx_messages.groups import Group
from transforms.sdmx_messages.model import FETCH, VALUE, name_urn, refuse_structure
from transforms.sdmx_messages.rows import Rows


def load_json(content: bytes, file: str) -> dict[str, Any]:
    """The object of a JSON text, its numbers as printed. Repeated keys are refused: only the last would be kept."""

    def make_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            seen: set[str] = set()
            twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
            raise InputError("two values for one key of the JSON", file=file, found=twice, todo=FETCH)
        return made

    try:
        found = json.loads(
            content.decode("utf-8-sig"),
            parse_float=str,
            parse_int=str,
            parse_constant=str,
            object_pairs_hook=make_object,
        )
    except json.JSONDecodeError as error:
        raise InputError(
            f"the JSON is broken or cut off ({error.msg})",
            file=file,
            row=error.lineno,
            todo="fetch it again and compare its size with what the server announced.",
        ) from None
    except UnicodeDecodeError:
        raise InputError("the JSON is not UTF-8", file=file, todo=FETCH) from None
    except RecursionError:
        raise InputError("the JSON nests too deep to be an SDMX message", file=file, todo=FETCH) from None
    if not isinstance(found, dict):
        raise InputError("the JSON is no object", file=file, todo=FETCH)
    return found


def _print_json(value: Any) -> str | None:
    """A value as text: several joined by ';', texts in languages as en:...;fr:... (the writing of SDMX-CSV 2.0)."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return ";".join(f"{language}:{_print_json(text) or ''}" for language, text in value.items())
    return ";".join(_print_json(part) or "" for part in value)


@dataclass
class _Component:
    """A component of an SDMX-JSON structure; values is None where the data give the texts themselves."""

    id: str
    values: list[str] | None
    default: str | None
    position: int

    def read(self, given: Any, refuse: Callable[[str, str], InputError]) -> str | None:
        if given is None:
            return self.default
        if self.values is None:
            return _print_json(given)
        if isinstance(given, list):
            return ";".join(self.read(part, refuse) or "" for part in given)
        if not (isinstance(given, str) and given.isdecimal() and int(given) < len(self.values)):
            raise refuse(f"{self.id} has no value with this index (there are {len(self.values)})", str(given))
        return self.values[int(given)]


class _JsonStructure:
    """The components of one structure of a message, by level, and how their indexes are read."""

    LEVELS = ("dataSet", "dimensionGroup", "series", "observation")

    def __init__(self, raw: dict[str, Any], rows: Rows) -> None:
        self.rows = rows
        links = raw.get("links") or []
        urn = next((link.get("urn") for link in links if isinstance(link, dict) and link.get("urn")), "")
        self.name = name_urn(urn or "")
        self.dimensions = self._read_kind(raw, "dimensions", "dimension")
        self.measures = self._read_kind(raw, "measures", "measure")["observation"]
        if "measures" not in raw:  # the form before SDMX 3.0
            rows.declare(VALUE, "measure")
            self.measures = [_Component(VALUE, None, None, 0)]
        self.attributes = self._read_kind(raw, "attributes", "attribute")
        self.annotated = bool(raw.get("annotations"))
        ordered = [c for level in self.LEVELS for c in self.dimensions[level]]
        self.ordered = sorted(ordered, key=lambda c: c.position)
        if not rows.known:
            rows.required = tuple(c.id for c in self.ordered)

    def _read_kind(self, raw: dict[str, Any], kind: str, role: str) -> dict[str, list[_Component]]:
        levels = raw.get(kind) or {}
        read: dict[str, list[_Component]] = {level: [] for level in self.LEVELS}
        for level, components in levels.items():
            if level not in read:
                raise self.rows.refuse(f"the structure has {kind} on an unknown level", found=level)
            for component in components:
                read[level].append(self._read_component(component, role))
        if role == "dimension":
            for component in sorted((c for level in read.values() for c in level), key=lambda c: c.position):
                self.rows.declare(component.id, role)
        return read

    def _read_component(self, raw: dict[str, Any], role: str) -> _Component:
        name = raw["id"]
        if role != "dimension":
            self.rows.declare(name, role)
        values: list[str] | None = None
        if "values" in raw:
            values = []
            for entry in raw["values"] or []:
                # an entry is coded (id), or is the text itself: value, values, or in version 1.0 its name
                text = next((entry[k] for k in ("id", "value", "values", "name", "names") if k in entry), None)
                values.append(_print_json(text) or "")
                label = entry.get("name") or next(iter((entry.get("names") or {}).values()), "")
                if "id" in entry and label:
                    self.rows.labels.setdefault(name, {})[entry["id"]] = label
        position = raw.get("keyPosition")
        return _Component(
            name, values, _print_json(raw.get("default")), int(position) if position is not None else 2**16
        )

    def read_key(self, key: str, dimensions: Sequence[_Component], place: str) -> dict[str, str]:
        """The dimensions behind a key of indexes; an empty index (of a dimension group) gives none."""
        indexes = key.split(":") if key else []
        if len(indexes) != len(dimensions):
            raise self.rows.refuse(
                f"{place}: the key has {len(indexes)} indexes for the {len(dimensions)} dimensions "
                + ", ".join(d.id for d in dimensions),
                found=key,
            )
        pairs = zip(dimensions, indexes, strict=True)
        return {d.id: d.read(index, self._refuse_at(place)) or "" for d, index in pairs if index}

    def read_values(self, given: Any, components: Sequence[_Component], place: str) -> dict[str, str]:
        """Values by their order. More values than components are indexes of annotations, or refused."""
        values = given or []
        if not isinstance(values, list):
            raise self.rows.refuse(f"{place}: the values are no list", found=str(values)[:80])
        if len(values) > len(components) and not self.annotated:
            raise self.rows.refuse(
                f"{place}: {len(values)} values for the {len(components)} components "
                + ", ".join(c.id for c in components),
                found=", ".join(map(str, values))[:80],
            )
        read = {}
        for place_in_list, component in enumerate(components):
            value = values[place_in_list] if place_in_list < len(values) else None
            text = component.read(value, self._refuse_at(place))
            if text is not None:
                read[component.id] = text
        return read

    def _refuse_at(self, place: str) -> Callable[[str, str], InputError]:
        return lambda problem, found: self.rows.refuse(f"{place}: {problem}", found=found)


def read_json(content: bytes, file: str, rows: Rows) -> str:
    raw = load_json(content, file)
    try:
        return _walk_json(raw, file, rows)
    except (AttributeError, KeyError, TypeError, IndexError, ValueError) as error:
        raise InputError(
            "the JSON has not the form of an SDMX-JSON data message",
            file=file,
            found=f"{type(error).__name__}: {error}",
            todo="ask the service for SDMX-JSON 1.0 or 2.0, SDMX-ML or SDMX-CSV.",
        ) from None


def _walk_json(raw: dict[str, Any], file: str, rows: Rows) -> str:
    header = raw.get("meta") or raw.get("header") or {}
    data = raw.get("data") or raw  # the first form of version 1.0 has structure and dataSets at the top
    for key in ("id", "prepared"):
        rows.header[key] = header.get(key) or ""
    rows.header["test"] = _print_json(header.get("test")) or ""
    rows.header["sender"] = (header.get("sender") or {}).get("id") or ""
    for error in raw.get("errors") or []:
        said = error if isinstance(error, dict) else {"title": str(error)}
        text = next((said[k] for k in ("detail", "title", "message") if said.get(k)), "")
        rows.said.append((str(said.get("code", "")), "Error", _print_json(text) or ""))
    if "dataSets" not in data:
        if any(kind in data for kind in ("codelists", "dataStructures", "dataflows", "conceptSchemes")):
            raise refuse_structure(file)
        if rows.said:
            return "SDMX-JSON"
        raise rows.refuse("the JSON has no dataSets", found=", ".join(list(raw)[:8]))
    new = "structures" in data
    described = data["structures"] if new else [data["structure"]]
    structures: dict[int, _JsonStructure] = {}
    for number, dataset in enumerate(data["dataSets"] or []):
        which = int(dataset.get("structure") or 0) if new else 0
        if not 0 <= which < len(described):
            raise rows.refuse(f"dataSets[{number}] has no structure with this index", found=str(which))
        if which not in structures:
            structures[which] = _JsonStructure(described[which], rows)
        if not rows.known:
            rows.required = tuple(c.id for c in structures[which].ordered)
        _read_json_dataset(dataset, f"dataSets[{number}]", structures[which], rows)
    return f"SDMX-JSON {'2.0' if new else '1.0'}"


def _read_json_dataset(raw: dict[str, Any], place: str, structure: _JsonStructure, rows: Rows) -> None:
    dataset = rows.begin(structure.name, (raw.get("action") or "").capitalize())
    dimensions, attributes = structure.dimensions, structure.attributes
    above = structure.read_key(":".join("0" for _ in dimensions["dataSet"]), dimensions["dataSet"], place)
    dataset.attributes = structure.read_values(raw.get("attributes"), attributes["dataSet"], place)
    for key, given in (raw.get("dimensionGroupAttributes") or {}).items():
        where = f"{place}, dimension group {key!r}"
        group_key = structure.read_key(key, structure.ordered, where)
        values = structure.read_values(given, attributes["dimensionGroup"], where)
        dataset.groups.append(Group({**group_key, **values}, group_key, where))
    components = [*structure.measures, *attributes["observation"]]

    def add_all(observations: Mapping[str, Any], series: dict[str, str], where: str) -> None:
        for key, given in observations.items():
            spot = f"{where}, observation {key!r}"
            keyed = structure.read_key(key, dimensions["observation"], spot)
            values = structure.read_values(given, components, spot)
            rows.add((above, series, keyed, values, dataset.attributes), None, spot)

    for key, series in (raw.get("series") or {}).items():
        where = f"{place}, series {key!r}"
        described = structure.read_key(key, dimensions["series"], where)
        described |= structure.read_values(series.get("attributes"), attributes["series"], where)
        if not series.get("observations"):
            rows.notices.append(f"{where} has no observation and is left out")
        add_all(series.get("observations") or {}, described, where)
    add_all(raw.get("observations") or {}, {}, place)
