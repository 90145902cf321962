"""What a parameter of a rule may be: of the kind and within the domain that the catalogue gives it.

A threshold that can never be met, or always is, judges nothing: a share above one, a negative distance, no number, a
code that no list has. Such values are refused rather than taken.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from expectations.catalogue import Parameter
from transforms.codelists import codelist_rows

Fault = tuple[str, str, str]  # problem, what was found, what to do
_OTHER_LANGUAGE = "_zh"  # a field in Chinese may be left out: it then says what the one in English says
_SHOWN = 3
_NEAR = 0.5


def fit_value(parameter: Parameter, value: Any) -> Any:
    """A value of a user as the catalogue writes it: whole numbers as decimals where it has these, tables complete."""
    if isinstance(parameter.value, float) and _is_number(value):
        return float(value)
    if _has_tables(parameter) and isinstance(value, list):
        return [_complete(parameter, entry) if isinstance(entry, dict) else entry for entry in value]
    return value


def _complete(parameter: Parameter, entry: Mapping[str, Any]) -> dict[str, Any]:
    """A table with its fields in the order of the catalogue, numbers of its kind."""
    told: dict[str, Any] = dict(entry)
    for field, example in parameter.value[0].items():
        if field.endswith(_OTHER_LANGUAGE) and field.removesuffix(_OTHER_LANGUAGE) in told:
            told.setdefault(field, told[field.removesuffix(_OTHER_LANGUAGE)])
        if isinstance(example, float) and _is_number(told.get(field)):
            told[field] = float(told[field])
    known = [field for field in parameter.value[0] if field in told]
    return {field: told[field] for field in [*known, *(field for field in told if field not in known)]}


def find_faults(parameter: Parameter, value: Any) -> Iterator[Fault]:
    """What is wrong with a value that has been fitted: problem, what was found, what to do."""
    name, example = parameter.name, parameter.value
    if type(value) is not type(example):
        yield f"{name} is of another kind", str(value), f"write one like {example!r}."
    elif not isinstance(value, list):
        yield from _judge_single(parameter, name, value, "")
    elif _has_tables(parameter) and not value:
        yield f"{name} is empty", "[]", "write at least one entry, or leave the parameter out."
    else:
        for entry in value:
            if type(entry) is not type(example[0]):
                yield f"{name} has an entry of another kind", str(entry), f"write one like {example[0]!r}."
            elif isinstance(entry, dict):
                yield from _judge_table(parameter, entry)
            else:
                yield from _judge_single(parameter, name, entry, "")


def _judge_table(parameter: Parameter, entry: Mapping[str, Any]) -> Iterator[Fault]:
    example = parameter.value[0]
    for field in [*example, *(field for field in entry if field not in example)]:
        name = f"{parameter.name}.{field}"
        if field not in entry:
            yield f"{name} is missing", str(dict(entry)), f"write {field} = {example[field]!r} or the like."
        elif field not in example:
            yield f"{name} is unknown", str(entry[field]), f"use {', '.join(example)}."
        elif type(entry[field]) is not type(example[field]):
            yield f"{name} is of another kind", str(entry[field]), f"write one like {example[field]!r}."
        else:
            yield from _judge_single(parameter, name, entry[field], field)


def _judge_single(parameter: Parameter, name: str, value: Any, field: str) -> Iterator[Fault]:
    if _is_number(value):
        yield from _judge_number(parameter, name, value)
    elif isinstance(value, str):
        listed = parameter.listed.get(field, "") if isinstance(parameter.listed, Mapping) else parameter.listed
        if parameter.one_of and value not in parameter.one_of:
            yield f"{name} has a value that it cannot have", value, f"use {', '.join(parameter.one_of)}."
        elif listed and value and (fault := _judge_code(name, listed, value, parameter.is_beginning)) is not None:
            yield fault


def _judge_number(parameter: Parameter, name: str, value: float) -> Iterator[Fault]:
    least, most = parameter.least, parameter.most
    if not math.isfinite(value):
        yield f"{name} is no finite number", f"{value:g}", f"write a number{_say_range(least, most)}."
    elif least is not None and value < least:
        yield f"{name} is below {least:g}", f"{value:g}", f"write a number{_say_range(least, most)}."
    elif most is not None and value > most:
        yield f"{name} is above {most:g}", f"{value:g}", f"write a number{_say_range(least, most)}."


def _judge_code(name: str, listed: str, code: str, is_beginning: bool) -> Fault | None:
    if is_known(code, listed) or (is_beginning and any(known.startswith(code) for known in list_codes(listed))):
        return None
    return f"{name} has a code that is not in the list {listed}", code, name_nearest(code, listed)


def is_known(code: str, listed: str) -> bool:
    """Whether a code is in its list, or may be one of a publisher's own scheme, which no list knows beforehand."""
    codes = list_codes(listed)
    scheme, colon, _ = code.partition(":")
    return code in codes or bool(colon and scheme and not any(known.startswith(f"{scheme}:") for known in codes))


def list_codes(listed: str) -> list[str]:
    """The codes of a list, in order."""
    key = "definition" if listed == "definitions" else "code"
    return sorted({row[key] for row in codelist_rows(listed)})


def name_nearest(code: str, listed: str) -> str:
    """What to write instead of a code that is not in its list: the nearest ones, or where the list is shown."""
    near = rank_nearest(code, list_codes(listed))[:_SHOWN]
    return f"nearest: {', '.join(near)}." if near else f"use a code of digitrade catalog codelists {listed}."


def rank_nearest(code: str, codes: Sequence[str]) -> list[str]:
    """The codes that may be meant, the likeliest first: those of as many signs in common that begin alike and have the
    same letters in another order come before others (CNH: CHN before PCN)."""

    def rate(known: str) -> tuple[float, bool, bool, str]:
        likeness = difflib.SequenceMatcher(None, code.casefold(), known.casefold()).ratio()
        return -likeness, code[:1].casefold() != known[:1].casefold(), sorted(code) != sorted(known), known

    return [known for likeness, *_, known in sorted(map(rate, codes)) if -likeness >= _NEAR]


def _say_range(least: float | None, most: float | None) -> str:
    if least is None:
        return f" up to {most:g}" if most is not None else ""
    return f" from {least:g}" + (f" to {most:g}" if most is not None else "")


def _has_tables(parameter: Parameter) -> bool:
    return isinstance(parameter.value, Sequence) and bool(parameter.value) and isinstance(parameter.value[0], dict)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
