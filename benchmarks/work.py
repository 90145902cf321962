"""The pieces of work that are measured, each in a process of its own: python -m benchmarks.work NAME FILE FOLDER.

Prints one line of JSON: seconds (of the work, without the start of Python), cpu_seconds (of all its threads: steadier
on a machine with other work) and peak_mb (of the process).
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

MEMORY_LIMIT = "2GB"
THREADS = 2


def copy_bare(source: Path, folder: Path) -> None:
    """Case a, the yardstick: DuckDB's bare copy, nothing checked, nothing sorted."""
    _run_duckdb(f"COPY (FROM read_csv('{source}')) TO '{folder / 'bare.parquet'}'", folder)


def unpivot_bare(source: Path, folder: Path) -> None:
    """Case b, the yardstick: three columns to rows, sorted, copied; nothing checked."""
    rows = f"FROM read_csv('{source}', nullstr = 'NA')"
    unpivoted = f"{rows} UNPIVOT INCLUDE NULLS (value FOR basis IN (Reported_value, Final_value, Balanced_value))"
    order = "Item_code, Reporter, Partner, Flow, basis, Year"
    _run_duckdb(f"COPY (SELECT * {unpivoted} ORDER BY {order}) TO '{folder / 'bare.parquet'}'", folder)


def _run_duckdb(sql: str, folder: Path) -> None:
    import duckdb

    with duckdb.connect() as connection:
        connection.execute(f"SET threads = {THREADS}")
        connection.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
        connection.execute(f"SET temp_directory = '{folder / 'spill'}'")
        connection.execute(sql)


def ingest_a(source: Path, folder: Path) -> None:
    _ingest("a", source, folder)


def ingest_b(source: Path, folder: Path) -> None:
    _ingest("b", source, folder)


def _ingest(case: str, source: Path, folder: Path) -> None:
    from benchmarks.generate import load_layout
    from transforms.bulk import read_bulk

    read_bulk(
        source, load_layout(case), "benchmark", "1", folder / "observations", scratch=folder / "scratch",
        memory_limit=MEMORY_LIMIT, threads=THREADS,
    )  # fmt: skip


def ingest_pandas(source: Path, folder: Path) -> None:
    from benchmarks.pandas_script import ingest

    ingest(source, folder)


def ingest_pandas_compact(source: Path, folder: Path) -> None:
    from benchmarks.pandas_script import ingest

    ingest(source, folder, is_compact=True)


WORK: dict[str, Callable[[Path, Path], None]] = {
    work.__name__: work for work in (copy_bare, unpivot_bare, ingest_a, ingest_b, ingest_pandas, ingest_pandas_compact)
}


def read_peak() -> float:
    """The most memory this process has had resident, in MB (the kernel's high-water mark)."""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 1024)


def main(name: str, source: str, folder: str) -> None:
    if "pandas" in name:
        import pandas  # noqa: F401 - the start of a library is not measured, for none of them
    else:
        import duckdb  # noqa: F401

        import transforms.bulk  # noqa: F401
    start, busy = time.perf_counter(), time.process_time()
    WORK[name](Path(source), Path(folder))
    seconds, cpu = time.perf_counter() - start, time.process_time() - busy
    print(json.dumps({"seconds": seconds, "cpu_seconds": cpu, "peak_mb": read_peak()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
