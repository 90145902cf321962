"""Table contracts: one TOML file a table, from which the Arrow schema, the SQL comments and the checks are made."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import pyarrow as pa

# DECIMAL(38,10): exact sums, ten decimals; 28 digits before the point hold any amount in any unit.
DECIMAL = pa.decimal128(38, 10)
ARROW_TYPES = {
    "string": pa.string(),
    "decimal": DECIMAL,
    "double": pa.float64(),
    "int8": pa.int8(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "bool": pa.bool_(),
    "strings": pa.list_(pa.string()),
}


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    en: str
    zh: str
    key: bool = False
    nullable: bool = False
    codelist: str = ""
    default: str | None = None
    unit: str = ""  # of the figures in the column, where it is known
    unit_zh: str = ""


@dataclass(frozen=True)
class Contract:
    name: str
    description_en: str
    description_zh: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        return [c.name for c in self.columns]

    @property
    def key(self) -> list[str]:
        return [c.name for c in self.columns if c.key]

    def __getitem__(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def arrow_schema(self) -> pa.Schema:
        """The fixed Arrow schema: names, order, types and nullability of the contract, descriptions as metadata."""
        return pa.schema(
            [
                pa.field(c.name, ARROW_TYPES[c.type], nullable=c.nullable, metadata={"description": c.en})
                for c in self.columns
            ]
        )


@cache
def load_contract(name: str) -> Contract:
    """The contract of one table, by name."""
    raw: dict[str, Any] = tomllib.loads(
        files("transforms").joinpath("contracts", f"{name}.toml").read_text(encoding="utf-8")
    )
    return Contract(
        name=raw["name"],
        description_en=raw["description"]["en"],
        description_zh=raw["description"]["zh"],
        columns=tuple(Column(**column) for column in raw["columns"]),
    )
