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
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Stored:
    """Observations in Parquet files, for who reads few columns of them.

    paths: the files, as SQL; columns: what is stored; the rest of the contract is constant, or follows from it.
    """

    paths: str
    columns: frozenset[str]
    said: Mapping[str, Any]

    @property
    def relation(self) -> str:
        """SQL to read them from."""
        return f"read_parquet({self.paths}, hive_partitioning = false)"

    def of(self, name: str) -> str:
        """SQL of one column of the contract over the stored columns."""
        return _expression(name, self.said) if self.said else name


def open_bulk(folder: Path) -> Stored:
    """What read_bulk has written into a folder. Raises InputError where it has not."""
    try:
        said = json.loads(folder.joinpath(SIDECAR).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        said = {}
    if said.get("form") != _FORM:
        raise InputError(
            f"the folder holds no bulk observations ({SIDECAR} is missing or of another form)",
            file=str(folder), todo="ingest the edition again.",
        )  # fmt: skip
    return Stored(quote_text(str(folder / "*.parquet")), frozenset(said["columns"]), said)


def open_observations(path: Path) -> Stored:
    """A Parquet file with all columns of the contract."""
    return Stored(quote_text(str(path)), frozenset(load_contract("observations").names), {})


def select_observations(folder: Path) -> str:
    """SQL that gives exactly the columns and types of the contract observations for a folder read_bulk has written."""
    stored = open_bulk(folder)
    columns = [
        f"CAST({_expression(column.name, stored.said)} AS {_SQL_TYPES[column.type]}) AS {column.name}"
        for column in load_contract("observations").columns
    ]
    return f"SELECT {', '.join(columns)} FROM {stored.relation}"


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
            return f"concat({quote_text(said['place'] + '!R')}, locator_row, 'C', {_column(said)})"
    if name in stored:
        return name
    constant = said["constants"].get(name)
    return "NULL" if constant is None else quote_text(str(constant))


def _column(said: Mapping[str, Any]) -> str:
    if "locator_column" in said["columns"]:
        return "locator_column"
    return quote_text(str(said["constants"]["locator_column"]))
