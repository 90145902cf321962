"""python -m benchmarks.query: how long a statistician's queries on the published database take, once it is open.

Median of so many runs on one open connection, read-only, as any DuckDB client would ask. Make the database first
(digitrade run).
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

import duckdb

MOST_MS = 50.0  # asked of the first: a single series in plain SQL
QUERIES = {
    "single_series": "SELECT period, value, lower, upper, obs_status FROM latest_observations WHERE geo = 'CHN' "
    "AND item = 'DEF:unctad' AND flow = 'X' AND measure = 'value' ORDER BY period",
    "single_indicator": "SELECT period, value, lower, upper, obs_status FROM latest_indicators "
    "WHERE indicator = 'growth' AND geo = 'CHN' AND item = 'DEF:unctad' AND flow = 'X' ORDER BY period",
    "macro_series": "FROM series('CHN', flow := 'X', definition := 'unctad')",
    "macro_growth": "FROM growth('CHN', flow := 'X', definition := 'unctad')",
    "macro_city_share": "FROM city_share('Guangzhou')",
    "macro_balance_sheet": "FROM balance_sheet('CHN', 2022)",
    "macro_compare_definitions": "FROM compare_definitions('Tianhe District', 'dds_share', 2021)",
}


def measure(con: duckdb.DuckDBPyConnection, sql: str, times: int) -> float:
    """The median time of a query in milliseconds, rows fetched."""
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        con.execute(sql).fetchall()
        taken.append(time.perf_counter() - begun)
    return 1000 * statistics.median(taken)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.query", description=__doc__)
    parser.add_argument("--data-dir", type=Path, default=Path("data"), help="folder that holds curated/")
    parser.add_argument("--times", type=int, default=100, help="runs of each query, of which the median counts")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    with duckdb.connect(str(given.data_dir / "curated" / "digitrade.duckdb"), read_only=True) as con:
        found = {name: measure(con, sql, given.times) for name, sql in QUERIES.items()}
    if given.json:
        print(json.dumps(found, indent=1))
    else:
        for name, taken in found.items():
            print(f"{name:<26}{taken:8.2f} ms, median of {given.times}")
        print(f"single_series: at most {MOST_MS:g} ms - {'met' if found['single_series'] <= MOST_MS else 'MISSED'}")
    return 0 if found["single_series"] <= MOST_MS else 1


if __name__ == "__main__":
    sys.exit(main())
