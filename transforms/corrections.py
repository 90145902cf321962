"""Known errors of publishers: the entries of own/corrections.toml, and what they change after reading.

    [[corrections]]
    name = "Misplaced point, transport 2021"     # optional, for messages
    dataset = "my_city"
    vintage = "2024"                             # one, a list, or "*" for all editions
    locator = "table.csv!R4C2"                   # the cell; or, or besides, parts of the key:
    select = { geo = "CN-440100", item = "EBOPS2010:SC", flow = "X", period = "2021" }
    printed = "154.2"                            # what the publisher prints: the guard
    action = "correct"                           # correct (value), blank, flag (status)
    value = "15.42"                              # with its decimals, in the unit and power of ten of the figure
    reason = "Total and parts agree with 15.42 only."
    source = "Table 3 of the same yearbook"
    by = "A. Statistician"
    date = 2024-05-01

What the publisher prints stays in the column printed. A corrected figure has status I: a value put in place of the
publisher's by who receives the data (SDMX); a blanked one O; a flagged one the status it names (U where none is named).
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from transforms.codelists import join_statuses, load_codelist
from transforms.contract import load_contract
from transforms.errors import InputError
from transforms.numbers import parse_figure, rounding_interval

FILE = "own/corrections.toml"
ACTIONS = ("correct", "blank", "flag")
_NEEDED = ("dataset", "vintage", "printed", "action", "reason", "source", "by", "date")
_KNOWN = (*_NEEDED, "name", "locator", "select", "value", "status")
_ALL = "*"
_BEGIN = re.compile(r"\s*\[\[\s*corrections\s*\]\]")
Row = dict[str, Any]


@dataclass(frozen=True)
class Correction:
    """One entry. vintages: () for all; select: column of the observations -> value; value: as printed, '' for none."""

    name: str
    dataset: str
    vintages: tuple[str, ...]
    locator: str
    select: tuple[tuple[str, str], ...]
    printed: str
    action: str
    value: str
    status: str
    reason: str
    source: str
    by: str
    on: str

    def concerns(self, dataset: str, vintage: str) -> bool:
        return self.dataset == dataset and (not self.vintages or vintage in self.vintages)

    @property
    def place(self) -> str:
        """The cell or the key parts, for messages."""
        return ", ".join(filter(None, (self.locator, *(f"{name} {value}" for name, value in self.select))))


def parse_corrections(text: str) -> tuple[Correction, ...]:
    """The entries of the file, in its order. Raises InputError naming the entry and the key."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"the file is not TOML: {error}", file=FILE, todo="mend the line named.") from None
    entries = raw.get("corrections", [])
    if set(raw) - {"corrections"} or not isinstance(entries, list):
        raise InputError("unknown key", file=FILE, found=", ".join(raw), todo="begin each entry with [[corrections]].")
    parsed = tuple(_parse_entry(entry, number) for number, entry in enumerate(entries, 1))
    _refuse_repeats(parsed, text)
    return parsed


def _refuse_repeats(entries: Sequence[Correction], text: str) -> None:
    """Raise InputError where two entries name one figure of one edition, with the lines that they begin in."""
    lines = [number for number, line in enumerate(text.splitlines(), 1) if _BEGIN.match(line)]
    known: dict[tuple[object, ...], list[tuple[int, Correction]]] = {}
    for number, entry in enumerate(entries):
        same = known.setdefault((entry.dataset, entry.locator, frozenset(entry.select)), [])
        for first, other in same:
            if not (entry.vintages and other.vintages) or set(entry.vintages) & set(other.vintages):
                is_known = len(lines) == len(entries)
                at = f" in line {lines[first]}" if is_known else ""
                raise InputError(
                    f"{entry.name}: {other.name} changes the same figure{at}",
                    file=FILE, row=lines[number] if is_known else None, found=entry.place,
                    todo="keep one of the two entries.",
                )  # fmt: skip
        same.append((number, entry))


def _parse_entry(entry: Row, number: int) -> Correction:
    name = str(entry.get("name") or f"corrections[{number}]")

    def refuse(problem: str, todo: str, found: str | None = None) -> InputError:
        return InputError(f"{name}: {problem}", file=FILE, found=found, todo=todo)

    if unknown := sorted(set(entry) - set(_KNOWN)):
        near = difflib.get_close_matches(unknown[0], _KNOWN, n=1)
        raise refuse(f"unknown key {unknown[0]}", f"use one of {', '.join(near or _KNOWN)}.", unknown[0])
    if missing := [key for key in _NEEDED if key not in entry or (key != "printed" and entry[key] in ("", []))]:
        raise refuse(f"the entry lacks {missing[0]}", "fill it in.")
    said = {key: value.isoformat() if isinstance(value, date) else value for key, value in entry.items()}
    if odd := [key for key in _KNOWN if key in said and key not in ("vintage", "select") and not _is_text(said[key])]:
        raise refuse(f"{odd[0]} is no text", "put it in quotes, with its decimals.", str(said[odd[0]]))
    try:
        date.fromisoformat(said["date"])
    except ValueError:
        raise refuse("date is no date", "write it like 2024-05-01.", said["date"]) from None
    vintages = said["vintage"] if isinstance(said["vintage"], list) else [said["vintage"]]
    if not all(_is_text(vintage) for vintage in vintages) or (_ALL in vintages and len(vintages) > 1):
        raise refuse("vintage is no edition", 'name one or several, or "*" for all.', str(said["vintage"]))
    select = said.get("select", {})
    if not isinstance(select, dict) or not all(_is_text(value) for value in select.values()):
        raise refuse("select is no table of texts", 'write { geo = "CHN", period = "2020" }.', str(select))
    columns = [column for column in load_contract("observations").key if column not in ("dataset", "vintage")]
    if unknown := sorted(set(select) - set(columns)):
        raise refuse(f"select names no part of the key: {unknown[0]}", f"use {', '.join(columns)}.", unknown[0])
    if not said.get("locator") and not select:
        raise refuse("the entry names no figure", "give its locator (table.csv!R4C2) or a select.")
    correction = Correction(
        name, said["dataset"], () if vintages == [_ALL] else tuple(vintages), said.get("locator", ""),
        tuple(select.items()), said["printed"], said["action"], said.get("value", ""), said.get("status", ""),
        said["reason"], said["source"], said["by"], said["date"],
    )  # fmt: skip
    _check_action(correction, refuse)
    return correction


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _check_action(entry: Correction, refuse: Any) -> None:
    if entry.action not in ACTIONS:
        raise refuse("unknown action", f"use one of {', '.join(ACTIONS)}.", entry.action)
    if (entry.action == "correct") != bool(entry.value):
        raise refuse(
            "a corrected figure needs its value" if not entry.value else f"{entry.action} takes no value",
            'give value = "15.42", with its decimals.' if not entry.value else "leave value out.",
        )
    rules = {row["code"]: row["value_rule"] for row in load_codelist("obs_status").rows}
    if entry.status and entry.status not in rules:
        raise refuse("unknown status", f"use one of {', '.join(rules)}.", entry.status)
    unfit = {"blank": "required", "correct": "forbidden", "flag": "forbidden"}[entry.action]
    if entry.status and (rules[entry.status] == unfit or entry.status == "A"):
        raise refuse(f"the status does not go with {entry.action}", "choose another, or leave it out.", entry.status)
    if entry.value:
        _read_value(entry)


def _read_value(entry: Correction) -> tuple[Decimal, int]:
    """Value and decimals of the corrected figure. Raises InputError for what is no plain figure."""
    try:
        figure = parse_figure(entry.value)
    except ValueError:
        figure = None
    if figure is None or figure.decimals is None:
        raise InputError(
            f"{entry.name}: the value is no plain figure", file=FILE, found=entry.value, todo="write it like 15.42."
        )
    return figure.value, figure.decimals


def refuse_unknown_editions(corrections: Sequence[Correction], editions: Sequence[tuple[str, str]]) -> None:
    """Raise InputError where an entry names a dataset or an edition that is not there: it would match nothing."""
    datasets = sorted({dataset for dataset, _ in editions})
    for entry in corrections:
        vintages = [vintage for dataset, vintage in editions if dataset == entry.dataset and vintage]
        if not vintages:
            near = difflib.get_close_matches(entry.dataset, datasets, n=3, cutoff=0.4) or datasets
            raise InputError(
                f"{entry.name}: there is no such dataset",
                file=FILE, found=entry.dataset, todo=f"nearest: {', '.join(near)}.",
            )  # fmt: skip
        if unknown := [vintage for vintage in entry.vintages if vintage not in vintages]:
            raise InputError(
                f"{entry.name}: there is no such edition of {entry.dataset}",
                file=FILE, found=unknown[0], todo=f"its editions are {', '.join(vintages)}.",
            )  # fmt: skip


def apply_corrections(observations: pa.Table, corrections: Sequence[Correction]) -> tuple[pa.Table, pa.Table]:
    """The observations of an edition with its entries applied, and one row for each figure that they changed.

    corrections: those that concern the edition. Raises InputError where an entry matches no figure, several, or one
    that another entry has changed; and, the guard, where the publisher prints something else than the entry says.
    """
    table, taken, applied = observations.combine_chunks(), dict[int, str](), []
    for entry in corrections:
        index = _find_figure(table, entry)
        if index in taken:
            raise InputError(
                f"{entry.name}: {taken[index]} changes the same figure",
                file=FILE, found=entry.place, todo="keep one of the two entries.",
            )  # fmt: skip
        taken[index] = entry.name
        before: Row = table.slice(index, 1).to_pylist()[0]
        if before["printed"] != entry.printed:
            raise InputError(
                f"{entry.name}: the publisher does not print {entry.printed!r} at {before['locator']} any more; it "
                "seems to have mended the error",
                file=FILE, found=before["printed"],
                todo="take the entry out, or name in it only the editions that have the error.",
            )  # fmt: skip
        after = before | _change(before, entry)
        table = _replace(table, index, {name: after[name] for name in after if after[name] != before[name]})
        applied.append(_record(before, after, entry))
    return table, pa.Table.from_pylist(applied, schema=load_contract("corrections").arrow_schema())


def _find_figure(table: pa.Table, entry: Correction) -> int:
    """The row that an entry means. Raises InputError for none and for several."""
    mask = pa.array([True] * table.num_rows)
    for column, value in (("locator", entry.locator), *entry.select):
        if value or column != "locator":
            mask = pc.and_(mask, pc.equal(table[column], value))
    found = pc.indices_nonzero(mask).to_pylist()
    if len(found) == 1:
        return int(found[0])
    if not found:
        raise InputError(
            f"{entry.name}: no figure of the edition is the one it names",
            file=FILE, found=entry.place,
            todo="correct locator and select, or take the entry out if the publisher has dropped the figure.",
        )  # fmt: skip
    cells = [table["locator"][index].as_py() for index in found[:5]]
    raise InputError(
        f"{entry.name}: {len(found)} figures are what it names",
        file=FILE, found=", ".join(cells), todo="add its locator, or more key parts to its select.",
    )  # fmt: skip


def _change(before: Row, entry: Correction) -> Row:
    """The columns of the observation that the entry changes."""
    statuses = [code for code in before["obs_status"].split(";") if code]
    rules = {row["code"]: row["value_rule"] for row in load_codelist("obs_status").rows}
    if entry.action == "flag":
        if before["value"] is None:
            raise InputError(
                f"{entry.name}: the figure is blank, so there is nothing to flag",
                file=FILE, found=before["obs_status"], todo="correct it, or take the entry out.",
            )  # fmt: skip
        status = join_statuses([*statuses, entry.status or "U"])
        return {"obs_status": status, "note": _add_note(before, f"flagged {entry.status or 'U'}: {entry.reason}")}
    if entry.action == "blank":
        kept = [code for code in statuses if rules[code] != "required" and code != "A"]
        empty = {"value": None, "lower": None, "upper": None, "decimals": None, "qualifier": ""}
        note = _add_note(before, f"blanked, printed {before['printed']}: {entry.reason}")
        return empty | {"obs_status": join_statuses([*kept, entry.status or "O"]), "note": note}
    value, decimals = _read_value(entry)
    lower, upper = rounding_interval(value, decimals)
    kept = [code for code in statuses if rules[code] != "forbidden"]
    return {
        "value": value, "decimals": decimals, "lower": lower, "upper": upper, "qualifier": "",
        "obs_status": join_statuses([*kept, entry.status or "I"]),
        "note": _add_note(before, f"corrected, printed {before['printed']}: {entry.reason}"),
    }  # fmt: skip


def _add_note(before: Row, words: str) -> str:
    """The note of the correction first, so that it is not overlooked; no part of it may look like two."""
    return "; ".join(filter(None, (words.replace("; ", ", "), before["note"])))


def _replace(table: pa.Table, index: int, values: Row) -> pa.Table:
    """The table with other values in one row."""
    mask = pc.equal(pa.array(range(table.num_rows)), index)
    for name, value in values.items():
        field = table.schema.field(name)
        column = table[name].combine_chunks()
        column = column.chunk(0) if isinstance(column, pa.ChunkedArray) else column
        if isinstance(value, Decimal):
            value = value.quantize(Decimal(1).scaleb(-field.type.scale))
        changed = pc.replace_with_mask(column, mask, pa.array([value], field.type))
        table = table.set_column(table.schema.get_field_index(name), field, changed)
    return table


def _record(before: Row, after: Row, entry: Correction) -> Row:
    same = ("dataset", "vintage", "table_id", "locator", "item", "period", "flow", "measure", "printed", "unit",
            "unit_mult")  # fmt: skip
    return {name: after[name] for name in same} | {
        "entry": entry.name, "action": entry.action, "uncorrected_value": before["value"], "value": after["value"],
        "uncorrected_status": before["obs_status"], "obs_status": after["obs_status"], "reason": entry.reason,
        "source": entry.source, "corrected_by": entry.by, "corrected_on": entry.on,
    }  # fmt: skip
