"""Indicators and comparisons in DuckDB: one SELECT and one card each, over levels prepared by _levels.sql."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files

import duckdb
import pyarrow as pa

from transforms.codelists import codelist_rows, load_codelist
from transforms.contract import Contract, load_contract
from transforms.errors import InputError
from transforms.indicators import paths

_HERE = files("transforms.indicators")


@dataclass(frozen=True)
class Card:
    """What an indicator is: words, formula, unit, numerator, denominator, source of the formula."""

    indicator: str
    title_en: str
    title_zh: str
    words_en: str
    words_zh: str
    formula: str
    unit: str
    numerator: str
    denominator: str
    bounds: str
    refused: str
    source: str


@cache
def load_cards() -> tuple[Card, ...]:
    """The cards of all indicators, in the order in which they are listed."""
    files = sorted((path for path in _HERE.iterdir() if path.name.endswith(".toml")), key=lambda path: path.name)
    return tuple(parse_card(path.name.removesuffix(".toml"), path.read_text(encoding="utf-8")) for path in files)


def parse_card(indicator: str, text: str) -> Card:
    """A card from its TOML text. Raises InputError naming the card and the key."""
    file, keys = f"transforms/indicators/{indicator}.toml", {spec.name for spec in fields(Card)} - {"indicator"}
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"the card is not TOML: {error}", file=file, todo="mend the line named.") from None
    for problem, names in (("lacks", keys - raw.keys()), ("has an unknown key", raw.keys() - keys)):
        if names:
            raise InputError(f"the card {problem} {min(names)}", file=file, todo=f"keys: {', '.join(sorted(keys))}.")
    return Card(indicator=indicator, **raw)


def sql_of(name: str) -> str:
    """The SELECT of one indicator (or a script whose name starts with _). Raises InputError when there is none."""
    path = _HERE.joinpath(f"{name}.sql")
    if not path.is_file():
        raise InputError(
            "the indicator has a card but no SELECT",
            file=f"transforms/indicators/{name}.sql",
            todo="write it beside the card; see README, Add an indicator.",
        )
    return path.read_text(encoding="utf-8")


def quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def sql_type(type_: str) -> str:
    return {
        "string": "VARCHAR",
        "decimal": "DECIMAL(38, 10)",
        "double": "DOUBLE",
        "int8": "TINYINT",
        "int32": "INTEGER",
        "int64": "BIGINT",
        "bool": "BOOLEAN",
        "strings": "VARCHAR[]",
    }[type_]


def create_table(con: duckdb.DuckDBPyConnection, contract: Contract, schema: str = "main") -> None:
    """An empty table with exactly the columns of a contract."""
    columns = ", ".join(f'"{c.name}" {sql_type(c.type)}{"" if c.nullable else " NOT NULL"}' for c in contract.columns)
    con.execute(f"CREATE OR REPLACE TABLE {schema}.{contract.name} ({columns})")


def create_codelists(con: duckdb.DuckDBPyConnection, schema: str = "main") -> None:
    """The code lists as tables, a user's own rows with them: geographies, items, refs, definitions and the rest."""
    lists = {
        "geographies": "geographies",
        "items": "items",
        "refs": "references",
        "obs_status": "obs_status",
        "conf_status": "conf_status",
        "flows": "flows",
        "measures": "measures",
        "bases": "bases",
        "units": "units",
        "verdicts": "verdicts",
    }
    for table, name in lists.items():
        _create_from_rows(con, f"{schema}.{table}", list(load_codelist(name).rows))
    for table in ("definitions", "mofcom_categories", "qualifiers", "unit_labels", "conversions"):
        _create_from_rows(con, f"{schema}.{table}", codelist_rows(table))
    con.execute(f"ALTER TABLE {schema}.obs_status ALTER precedence TYPE INTEGER")


def _create_from_rows(con: duckdb.DuckDBPyConnection, table: str, rows: list[dict[str, str]]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    listed = pa.table({name: pa.array([row.get(name, "") for row in rows], pa.string()) for name in names})
    con.register("listed", listed)
    con.execute(f"CREATE OR REPLACE TABLE {table} AS FROM listed")
    con.unregister("listed")


def compute_indicators(
    con: duckdb.DuckDBPyConnection, *, mixed_sources: bool = False, only: tuple[str, ...] = ()
) -> None:
    """Fill the tables indicators and comparisons from the tables observations and cards of the connection.

    mixed_sources: give a city's share of a nation that another source family publishes a value, with status D.
    only: these indicators and no comparisons (for tables that ask for another treatment of one indicator), over the
    levels and comparisons that an earlier call on the same connection has left.
    """
    contract = load_contract("indicators")
    con.execute("SET VARIABLE mixed_sources = ?", [mixed_sources])
    create_table(con, contract)
    if not only:
        paths.register(con)
        con.execute(sql_of("_levels"))
    for card in load_cards():
        if not only or card.indicator in only:
            _run(con, card.indicator)
    if not only:
        create_table(con, load_contract("comparisons"))
        con.execute(sql_of("_comparisons"))
    con.execute(sql_of("_contested"))


def _run(con: duckdb.DuckDBPyConnection, indicator: str) -> None:
    try:
        con.execute(_insert(indicator, sql_of(indicator)))
    except duckdb.Error as error:
        raise InputError(
            f"the SELECT of the indicator cannot be run: {str(error).splitlines()[0]}",
            file=f"transforms/indicators/{indicator}.sql",
            todo="mend it; the columns it must give are those of transforms/contracts/indicators.toml.",
        ) from None


def _insert(indicator: str, select: str) -> str:
    """Cast to the contract, bounds outward; a missing value whose inputs' status would promise one takes status O."""
    return f"""
        INSERT INTO indicators BY NAME
        SELECT {quote(indicator)} AS indicator, s.* REPLACE (
            CAST(s.value AS DECIMAL(38, 10)) AS value,
            rounded_down(s.lower) AS lower,
            rounded_up(s.upper) AS upper,
            CASE WHEN s.value IS NULL AND EXISTS (
                     SELECT 1 FROM obs_status k
                     WHERE k.value_rule = 'required' AND list_contains(string_split(s.obs_status, ';'), k.code))
                 THEN 'O' ELSE s.obs_status END AS obs_status,
            CAST(s.coverage AS DOUBLE) AS coverage),
            md5(array_to_string(s.inputs, chr(10))) AS inputs_hash
        FROM ({select}) s
        ORDER BY ALL
    """
