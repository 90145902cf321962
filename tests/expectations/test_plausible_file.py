"""The plausible file of the benchmark of the rules is what it says: sums, mirrors and series as trade has them."""

from __future__ import annotations

import duckdb
import pytest

from benchmarks import generate

PLACES = 30
ROWS = 2 * PLACES * PLACES * 2 * 13  # two years of all places, partners, flows and items


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    path = tmp_path_factory.mktemp("plausible") / "a.csv"
    with pytest.MonkeyPatch.context() as patch:
        codes = generate.items(20_000_000)  # all services and the twelve main items
        patch.setattr(generate, "ECONOMIES", PLACES)
        patch.setattr(generate, "items", lambda rows: codes)
        generate.write_case("a", ROWS, path, plausible=True)
    con = duckdb.connect()
    con.execute(f"CREATE TABLE figures AS FROM read_csv('{path}', types = {{'value': 'DECIMAL(18,2)'}}, nullstr = '')")
    return con


def ask(con: duckdb.DuckDBPyConnection, sql: str) -> tuple[int, int]:
    """How many are judged and how many of them are not as they should be."""
    ((judged, wrong),) = con.execute(sql).fetchall()
    return judged, wrong


def test_all_services_are_the_sum_of_the_twelve_main_items(figures: duckdb.DuckDBPyConnection) -> None:
    judged, wrong = ask(
        figures,
        """SELECT count(*), count(*) FILTER (whole <> parts) FROM (
               SELECT min(value) FILTER (item = 'S') AS whole, sum(value) FILTER (item <> 'S') AS parts,
                      count(value) AS printed
               FROM figures GROUP BY economy, partner, flow, year) WHERE printed = 13""",
    )
    assert judged > 3_400 and wrong == 0


def test_what_one_sells_is_within_two_per_cent_and_a_little_what_the_other_buys(
    figures: duckdb.DuckDBPyConnection,
) -> None:
    judged, wrong = ask(
        figures,
        """SELECT count(*), count(*) FILTER (abs(x.value - m.value) > 0.021 * m.value + 0.01)
           FROM figures x JOIN figures m ON x.economy = m.partner AND x.partner = m.economy AND x.item = m.item
            AND x.year = m.year
           WHERE x.flow = 'X' AND m.flow = 'M' AND x.value + m.value IS NOT NULL""",
    )
    assert judged > 23_000 and wrong == 0


def test_series_grow_by_three_per_cent_give_or_take_four(figures: duckdb.DuckDBPyConnection) -> None:
    judged, wrong = ask(
        figures,
        """SELECT count(*), count(*) FILTER (abs(b.value / a.value - 1.03) > 0.043)
           FROM figures a JOIN figures b USING (economy, partner, flow, item)
           WHERE b.year = a.year + 1 AND a.value + b.value IS NOT NULL""",
    )
    assert judged > 23_000 and wrong == 0
