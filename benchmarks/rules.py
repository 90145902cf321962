"""python -m benchmarks.rules: every SELECT of the catalogue over one large edition, beside the ingest of the same file.

Each in a process of its own, with 2 threads and 2 GB for DuckDB; prints seconds, memory and the ratio, with --rules
the seconds of every rule and the rows that it fails. The figures are plausible, or drawn at random: the worst case, in
which nearly everything fails. --help says more.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.generate import load_layout, write_case
from benchmarks.work import MEMORY_LIMIT, THREADS, read_peak

MOST_MB = 4096


def ingest(source: Path, edition: Path, scratch: Path) -> dict[str, tuple[float, int]]:
    """Read the file as a run does: checked, sorted, partitioned Parquet."""
    from transforms.bulk import read_bulk

    read_bulk(source, load_layout("a"), "benchmark", "1", edition, scratch=scratch, memory_limit=MEMORY_LIMIT,
              threads=THREADS)  # fmt: skip
    return {}


def judge(source: Path, edition: Path, scratch: Path) -> dict[str, tuple[float, int]]:
    """Judge the edition by every SELECT of the catalogue; rule -> seconds, rows that fail."""
    import duckdb

    from expectations.catalogue import load_rules
    from expectations.checks import Judged, judge_prepared, locate, prepare, weigh
    from expectations.settings import Settings
    from transforms.bulk import select_observations
    from transforms.contract import load_contract
    from transforms.indicators import create_codelists, create_table

    rules = [rule for rule in load_rules().values() if rule.sql]
    found: dict[str, tuple[float, int]] = {}

    def time_it(name: str, work: Callable[[], Any]) -> Any:
        start = time.perf_counter()
        done = work()
        seconds, failed = found.get(name, (0.0, 0))
        found[name] = seconds + time.perf_counter() - start, failed
        return done

    with duckdb.connect() as con:
        con.execute(f"SET threads = {THREADS}")
        con.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
        con.execute(f"SET temp_directory = '{scratch}'")
        create_codelists(con)
        for table in ("datasets", "quarantine"):
            create_table(con, load_contract(table))
        con.execute(f"CREATE VIEW observations AS {select_observations(edition)}")
        editions = [Judged("benchmark", "1")]
        time_it("prepare", lambda: prepare(con, editions))
        rest = {rule.id: time_it(rule.id, partial(weigh, con, rule, {}, Settings())) for rule in rules}
        time_it("locate", lambda: locate(con))
        for rule in rules:
            (tally,) = time_it(rule.id, partial(judge_prepared, con, rule, editions, {}, Settings(), rest[rule.id]))
            found[rule.id] = found[rule.id][0], tally.count("fail")
    return found


WORK = {work.__name__: work for work in (ingest, judge)}


def measure(name: str, source: Path, edition: Path, folder: Path) -> dict[str, Any]:
    """The time and the highest memory of a piece of work in a new process."""
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.rules", "--work", name, str(source), str(edition), scratch],
            check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def work(name: str, source: str, edition: str, scratch: str) -> None:
    start, busy = time.perf_counter(), time.process_time()
    parts = WORK[name](Path(source), Path(edition), Path(scratch))
    seconds, cpu = time.perf_counter() - start, time.process_time() - busy
    print(json.dumps({"seconds": seconds, "cpu_seconds": cpu, "peak_mb": read_peak(), "parts": parts}))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rules", description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000_000, help="rows of the file (default 20 million)")
    parser.add_argument("--case", choices=["plausible", "random"], default="plausible", help="the figures of the file")
    parser.add_argument("--rules", action="store_true", help="print the seconds of every rule")
    parser.add_argument("--folder", type=Path, help="where files are made and removed (default: the system's)")
    parser.add_argument("--work", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        work(*given.work)
        return 0
    with tempfile.TemporaryDirectory(prefix="digitrade-benchmark-", dir=given.folder) as name:
        folder = Path(name)
        source, edition = folder / "a.csv", folder / "observations"
        write_case("a", given.rows, source, plausible=given.case == "plausible")
        found = {way: measure(way, source, edition, folder) for way in WORK}
    print(f"{given.rows:,} {given.case} rows, {THREADS} threads, {MEMORY_LIMIT} for DuckDB")
    for way, run in found.items():
        print(f"  {way:<8}{run['seconds']:8.2f} s{run['cpu_seconds']:8.2f} s CPU{run['peak_mb']:8.0f} MB")
    for rule, (seconds, failed) in found["judge"]["parts"].items() if given.rules else ():
        print(f"    {rule:<8}{seconds:8.2f} s{failed:14,} fail")
    ratio, busy = (found["judge"][kind] / found["ingest"][kind] for kind in ("seconds", "cpu_seconds"))
    peak = found["judge"]["peak_mb"]
    print(f"  judge / ingest: {ratio:.2f} ({busy:.2f} in CPU time); peak memory {peak:.0f} MB, at most {MOST_MB}")
    return int(peak > MOST_MB)


if __name__ == "__main__":
    sys.exit(main())
