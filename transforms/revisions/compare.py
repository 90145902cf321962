"""Two editions compared: the rows of the macro revisions in temporary tables, period by period where there are many."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from transforms.errors import InputError
from transforms.indicators import quote

# More observations than this of both editions together are compared one period after the other.
AT_ONCE = 500_000
_GROUP = "what, indicator, definition, item, flow, measure, unit, unit_mult, change, cause"
# Sums in the unit of the row, exact; pairs: both editions have a value.
_TALLY = f"""SELECT {_GROUP}, count(*) AS rows, count(revision) AS pairs, sum(revision) AS revision,
                    sum(abs(revision)) AS absolute, sum(abs(value_after)) FILTER (WHERE revision IS NOT NULL) AS level
             FROM compared_part GROUP BY ALL"""


@dataclass(frozen=True)
class Comparison:
    """dataset and its two editions; the connection has the tables revised (changed rows) and tallied (sums of all)."""

    dataset: str
    from_vintage: str
    to_vintage: str


def compare_editions(
    con: duckdb.DuckDBPyConnection,
    dataset: str,
    from_vintage: str | None = None,
    to_vintage: str | None = None,
    *,
    source: str = "observations",
    computed: str = "indicators",
    otherwise: str = "mapping",
    anew: str = "code",
    unexplained: str = "source",
) -> Comparison:
    """Fill the temporary tables revised and tallied; None stands for the last edition, or the last but one.

    con is open on the published database. source: the view of the observations, of large editions too. The causes of
    what is printed alike but read otherwise, of what is computed anew from the same cells, and of all else: otherwise,
    anew, unexplained. Raises InputError for a dataset or an edition that is not there, and where there is only one.
    """
    asked = ", ".join("NULL" if name is None else quote(name) for name in (dataset, from_vintage, to_vintage))
    pair = _find_pair(con, asked)
    of_pair = f"dataset = {quote(pair.dataset)} AND vintage IN ({quote(pair.from_vintage)}, {quote(pair.to_vintage)})"
    counted = con.execute(f"SELECT count(*) FROM {source} WHERE {of_pair}").fetchone()
    is_large = counted is not None and counted[0] > AT_ONCE
    named = ", ".join(map(quote, (pair.dataset, pair.from_vintage, pair.to_vintage)))

    def take(figures: str, values: str, only: str = "true") -> None:
        rows = (
            f"main.revisions({named}, source := {quote(figures)}, computed := {quote(values)}, "
            f"otherwise := {quote(otherwise)}, anew := {quote(anew)}, unexplained := {quote(unexplained)})"
        )
        con.execute(f"CREATE OR REPLACE TEMP TABLE compared_part AS FROM {rows} WHERE {only}")
        for name, select in (("revised", "FROM compared_part WHERE change <> 'unchanged'"), ("tallied", _TALLY)):
            con.execute(f"CREATE TEMP TABLE IF NOT EXISTS {name} AS FROM ({select}) LIMIT 0")
            con.execute(f"INSERT INTO {name} {select}")
        con.execute("DROP TABLE compared_part")

    for name in ("revised", "tallied"):
        con.execute(f"DROP TABLE IF EXISTS temp.{name}")
    if not is_large:
        take(source, computed)
        return pair
    con.execute("CREATE OR REPLACE TEMP VIEW no_values AS FROM indicators LIMIT 0")
    periods = con.execute(f"SELECT DISTINCT period FROM {source} WHERE {of_pair} ORDER BY ALL").fetchall()
    for (period,) in periods:
        con.execute(
            f"CREATE OR REPLACE TEMP VIEW figures_of_part AS FROM {source} WHERE {of_pair} AND period = {quote(period)}"
        )
        take("figures_of_part", "no_values")
    # the indicators, with the changed cells alone: nothing else can explain them
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE figures_changed AS
            SELECT o.* FROM {source} o
            SEMI JOIN (SELECT from_vintage AS vintage, locator_before AS locator FROM revised
                       UNION SELECT to_vintage, locator_after FROM revised) c USING (vintage, locator)
            WHERE {of_pair}"""
    )
    take("figures_changed", computed, "what = 'indicator'")
    return pair


def _find_pair(con: duckdb.DuckDBPyConnection, asked: str) -> Comparison:
    """The two editions that are meant. Raises InputError."""
    try:
        row = con.execute(f"SELECT dataset, from_vintage, to_vintage FROM main.edition_pair({asked})").fetchone()
    except duckdb.InvalidInputException as error:
        raise InputError(str(error).removeprefix("Invalid Input Error: ")) from None
    if row is None or row[0] is None:
        raise InputError("no dataset is named", todo="digitrade catalog datasets lists them.")
    return Comparison(*row)
