"""How bulk observations lie on disk, and the SELECT that gives them as the contract's columns.

A folder holds Parquet files and _observations.json. Each file is a range of one column of the key (the one along which
the publisher's file runs, often the year) and is sorted by the whole key. Only what varies is stored: what is the same
for every figure (dataset, unit ...) is said once in the JSON file, a locator is its row and column, a text in canonical
form follows from value and decimals, and so does the interval. Written out, these would more than double the time and
the size; a view over select_observations() has them at no cost where they are not asked for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from transforms.bulk.figures import WIDE
from transforms.bulk.observe import compose_text, half_unit
from transforms.bulk.sql import quote_text
from transforms.contract import load_contract
from transforms.errors import InputError

SIDECAR: Final = "_observations.json"
_FORM: Final = 1
_SQL_TYPES: Final = {"string": "VARCHAR", "decimal": WIDE, "int8": "TINYINT", "int32": "INTEGER"}


def write_sidecar(
    folder: Path, constants: Mapping[str, Any], columns: list[str], place: str, scale: int, decimal_mark: str, rows: int
) -> None:
    said = {
        "form": _FORM, "constants": dict(constants), "columns": columns, "place": place, "scale": scale,
        "decimal_mark": decimal_mark, "rows": rows,
    }  # fmt: skip
    folder.joinpath(SIDECAR).write_text(json.dumps(said, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def is_bulk_folder(folder: Path) -> bool:
    return folder.joinpath(SIDECAR).is_file()


def select_observations(folder: Path) -> str:
    """SQL that gives exactly the columns and types of the contract observations for a folder read_bulk has written."""
    try:
        said = json.loads(folder.joinpath(SIDECAR).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        said = {}
    if said.get("form") != _FORM:
        raise InputError(
            f"the folder holds no bulk observations ({SIDECAR} is missing or of another form)",
            file=str(folder), todo="ingest the edition again.",
        )  # fmt: skip
    columns = [
        f"CAST({_expression(column.name, said)} AS {_SQL_TYPES[column.type]}) AS {column.name}"
        for column in load_contract("observations").columns
    ]
    return f"SELECT {', '.join(columns)} FROM read_parquet({quote_text(str(folder / '*.parquet'))})"


def _expression(name: str, said: Mapping[str, Any]) -> str:
    """SQL of one column of the contract over the stored columns."""
    stored = said["columns"]
    value, digits = f"CAST(value AS {WIDE})", "digits" if "digits" in stored else "decimals"
    match name:
        case "value":
            return value
        case "printed":
            return f"coalesce(printed, {compose_text('value', digits, said['scale'], said['decimal_mark'])})"
        case "lower" | "upper":
            end = f"{value} {'-' if name == 'lower' else '+'} {half_unit('decimals')}"
            return f"coalesce({name}, {end})" if name in stored else end
        case "locator":
            return f"{quote_text(said['place'] + '!R')} || locator_row || 'C' || {_column(said)}"
    if name in stored:
        return name
    constant = said["constants"].get(name)
    return "NULL" if constant is None else quote_text(str(constant))


def _column(said: Mapping[str, Any]) -> str:
    if "locator_column" in said["columns"]:
        return "locator_column"
    return quote_text(str(said["constants"]["locator_column"]))
