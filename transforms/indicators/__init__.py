"""Indicators and comparisons in DuckDB: one SELECT and one card each, over levels prepared by the steps."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files

import duckdb
import pyarrow as pa

from transforms.codelists import codelist_rows, load_codelist
from transforms.contract import Contract, load_contract
from transforms.definitions import compare_all
from transforms.errors import InputError
from transforms.groups import load_group_members
from transforms.indicators import effects, mixes, paths
from transforms.indicators.adjusted import adjust_seasonally
from transforms.indicators.remainders import fill_remainders

_HERE = files("transforms.indicators")


@dataclass(frozen=True)
class Card:
    """What an indicator is, in both languages: words, formula, unit, numerator, denominator, source of the formula.

    domain: where it holds; universe: what it is measured against; coverage_floor: share of the required inputs below
    which there is no value; method: named, where there is a choice.
    """

    indicator: str
    title_en: str
    title_zh: str
    words_en: str
    words_zh: str
    formula: str
    formula_zh: str
    unit: str
    unit_zh: str
    numerator_en: str
    numerator_zh: str
    denominator_en: str
    denominator_zh: str
    bounds_en: str
    bounds_zh: str
    refused_en: str
    refused_zh: str
    source: str
    source_zh: str
    domain_en: str
    domain_zh: str
    universe_en: str
    universe_zh: str
    method: str
    method_zh: str
    coverage_floor: float


# Mathematics, codes, names, titles: the one text serves both languages where a card has no Chinese one.
SHARED = ("formula", "unit", "source", "method")


@cache
def load_cards() -> tuple[Card, ...]:
    """The cards of all indicators, in the order in which they are listed."""
    files = sorted((path for path in _HERE.iterdir() if path.name.endswith(".toml")), key=lambda path: path.name)
    return tuple(parse_card(path.name.removesuffix(".toml"), path.read_text(encoding="utf-8")) for path in files)


def english_key(key: str) -> str:
    """The key of a card that says in English what this one says in Chinese."""
    name = key.removesuffix("_zh")
    return name if name in SHARED else f"{name}_en"


def parse_card(indicator: str, text: str) -> Card:
    """A card from its TOML text. Of SHARED the one text stands for both languages where there is no Chinese.

    Raises InputError naming the card and the key: unknown, lacking or empty.
    """
    file, keys = f"transforms/indicators/{indicator}.toml", {spec.name for spec in fields(Card)} - {"indicator"}
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"the card is not TOML: {error}", file=file, todo="mend the line named.") from None
    raw = {f"{name}_zh": raw[name] for name in SHARED if name in raw} | raw
    empty = {key for key in keys & raw.keys() if raw[key] == ""}
    for problem, names in (
        ("lacks", keys - raw.keys()),
        ("has an unknown key", raw.keys() - keys),
        ("says nothing of", empty),
    ):
        if names:
            raise InputError(f"the card {problem} {min(names)}", file=file, todo=f"keys: {', '.join(sorted(keys))}.")
    return Card(indicator=indicator, **raw)


def sql_of(name: str) -> str:
    """The SELECT of one indicator (or of a script below steps/). Raises InputError when there is none."""
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
    """The code lists as tables, a user's own rows with them: geographies, items, refs, definitions and the rest.

    definition_items has every row of definitions.csv. definitions has only what balance-of-payments totals give: every
    row there counts, so that a sum over a definition is the definition. definitions_by_mode has the parts of one mode.
    """
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
        "schemes": "schemes",
    }
    for table, name in lists.items():
        _create_from_rows(con, f"{schema}.{table}", list(load_codelist(name).rows))
    for table in ("concordances", "qualifiers", "unit_labels", "conversions"):
        _create_from_rows(con, f"{schema}.{table}", codelist_rows(table))
    _create_from_rows(con, f"{schema}.group_members", list(load_group_members()))
    _create_from_rows(con, f"{schema}.definition_items", codelist_rows("definitions"))
    _create_from_rows(con, f"{schema}.definitions_compared", compare_all())
    con.execute(f"ALTER TABLE {schema}.obs_status ALTER precedence TYPE INTEGER")
    con.execute(f"ALTER TABLE {schema}.obs_status ADD COLUMN bit BIGINT")
    con.execute(f"UPDATE {schema}.obs_status SET bit = CAST(1 AS BIGINT) << (precedence - 1)")
    con.execute(f"ALTER TABLE {schema}.concordances ALTER weight TYPE DECIMAL(9, 8) USING nullif(weight, '')")
    for table, condition in {
        "definitions": "mode = '_T' AND definition NOT IN "
        f"(SELECT definition FROM {schema}.definition_items WHERE role = 'unspecified')",
        "definitions_by_mode": "mode <> '_T'",
    }.items():
        con.execute(
            f"""CREATE OR REPLACE TABLE {schema}.{table} AS
                FROM {schema}.definition_items WHERE role = 'component' AND {condition}"""
        )


def _create_from_rows(con: duckdb.DuckDBPyConnection, table: str, rows: list[dict[str, str]]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    listed = pa.table({name: pa.array([row.get(name, "") for row in rows], pa.string()) for name in names})
    con.register("listed", listed)
    con.execute(f"CREATE OR REPLACE TABLE {table} AS FROM listed")
    con.unregister("listed")


REQUESTS = ("across_breaks", "incomplete", "mixed_sources")  # what withheld values can be asked for by


def compute_indicators(con: duckdb.DuckDBPyConnection, *, asked: Sequence[str] = (), only: Sequence[str] = ()) -> None:
    """Fill indicators, indicators_on_request and comparisons from the tables observations and cards of the connection.

    A value that would mislead whoever did not ask for it (a growth across a break, a share of a nation that another
    source family publishes, a sum that lacks too much) is not in indicators, which say so; indicators_on_request have
    it, flagged. asked: of these (REQUESTS) indicators take the values from there. only: these indicators, and no
    comparisons.
    """
    create_table(con, load_contract("indicators"))
    con.execute("CREATE OR REPLACE TABLE indicators_on_request AS FROM indicators")
    paths.register(con)
    mixes.register(con)
    effects.register(con)
    for step in list_steps():
        con.execute(sql_of(f"steps/{step}"))
        if step in _IN_PYTHON:
            _IN_PYTHON[step](con)
    con.execute(sql_of("steps/adjusted"))
    for card in load_cards():
        if not only or card.indicator in only:
            _run(con, card.indicator)
    create_table(con, load_contract("comparisons"))
    if not only:
        con.execute(sql_of("steps/comparisons"))
        con.execute(sql_of("steps/contested"))
    if asked:
        give_requested(con, asked)


def give_requested(con: duckdb.DuckDBPyConnection, asked: Sequence[str], target: str = "indicators") -> None:
    """Put the values asked for in the place of the rows that withhold them."""
    wanted = ", ".join(map(quote, asked))
    key = ", ".join(load_contract("indicators").key)
    con.execute(
        f"""CREATE OR REPLACE TABLE {target} AS
            FROM {target} ANTI JOIN (FROM indicators_on_request WHERE asked IN ({wanted})) USING ({key})
            UNION ALL BY NAME FROM indicators_on_request WHERE asked IN ({wanted})"""
    )


@cache
def list_steps() -> tuple[str, ...]:
    """The names of the scripts that prepare the levels, in their order (steps/<number>_<name>.sql).

    Periods are derived before and after conversion: what is converted is added up again.
    """
    names = sorted(
        path.name.removesuffix(".sql") for path in _HERE.joinpath("steps").iterdir() if path.name[0].isdigit()
    )
    names.insert(names.index("42_currency") + 1, "40_periods")
    return tuple(names)


# Parts of the steps that are no SQL: what they fill rests on the script that they follow.
_IN_PYTHON: dict[str, Callable[[duckdb.DuckDBPyConnection], None]] = {
    "55_systems": fill_remainders,
    "93_ranks": adjust_seasonally,
}


def _run(con: duckdb.DuckDBPyConnection, indicator: str) -> None:
    compute, withhold, give = _insert(indicator, sql_of(indicator))
    try:
        con.execute(compute)
        if con.execute("SELECT 1 FROM computed WHERE asked <> '' LIMIT 1").fetchone():  # most indicators withhold none
            con.execute(withhold)
        con.execute(give)
    except duckdb.OutOfMemoryException:
        raise  # no fault of the SELECT
    except duckdb.Error as error:
        raise InputError(
            f"the SELECT of the indicator cannot be run: {str(error).splitlines()[0]}",
            file=f"transforms/indicators/{indicator}.sql",
            todo="mend it; the columns it must give are those of transforms/contracts/indicators.toml, with statuses "
            "(bits) for obs_status.",
        ) from None


def _insert(indicator: str, select: str) -> tuple[str, str, str]:
    """Cast to the contract, bounds outward, statuses by the law (docs/statuses.md); what is withheld goes apart.

    D flags what mixed sources gave; B, and D of one end only, are in the statuses of what crosses them.
    """
    shared = f"""
        SELECT {quote(indicator)} AS indicator, s.* EXCLUDE (statuses) REPLACE (%s), %s AS obs_status,
            md5(array_to_string(inputs, chr(10))) AS inputs_hash
        FROM computed s"""
    given = """CAST(coverage AS DOUBLE) AS coverage, CAST(value AS DECIMAL(38, 10)) AS value,
            rounded_down(lower) AS lower, rounded_up(upper) AS upper, said_once(note) AS note"""
    # a nation of another source family is an input that is not there
    withheld = """CAST(CASE WHEN asked = 'mixed_sources' THEN coverage / 2 ELSE coverage END AS DOUBLE) AS coverage,
            CASE WHEN asked = '' THEN CAST(value AS DECIMAL(38, 10)) END AS value,
            CASE WHEN asked = '' THEN rounded_down(lower) END AS lower,
            CASE WHEN asked = '' THEN rounded_up(upper) END AS upper,
            CASE WHEN asked = '' THEN said_once(note)
                 ELSE said_once(note) || '; ask for ' || replace(asked, '_', ' ') || ' to see the value' END AS note"""
    flagged = """status_text(lawful(CASE WHEN asked = 'mixed_sources' THEN statuses | status_bit('D')
                                         ELSE statuses END, value IS NOT NULL))"""
    plain = "CASE WHEN asked = '' THEN status_text(lawful(statuses, value IS NOT NULL)) ELSE 'O' END"
    return (
        f"""CREATE OR REPLACE TEMP TABLE computed AS
            SELECT * REPLACE (list_sort(list_distinct(inputs)) AS inputs) FROM ({select})""",
        f"INSERT INTO indicators_on_request BY NAME {shared % (given, flagged)} WHERE asked <> ''",
        f"INSERT INTO indicators BY NAME {shared % (withheld, plain)}",
    )
