"""python -m benchmarks.core: the core set of a BaTIS-shaped edition in three ways, and the ratios. --help says more."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.generate import load_layout, write_case
from benchmarks.work import MEMORY_LIMIT, THREADS
from transforms.bulk import read_bulk

WAYS = ("core_set", "core_bare", "core_pandas_whole", "core_pandas")
# What is asked: (what, of which, kind, limit).
TARGETS = [("core_set", "core_bare", "seconds", 2.0), ("core_set", "core_pandas_whole", "seconds", 0.2)]
MOST_MB = 6 * 1024


def measure(name: str, edition: Path, folder: Path, repeats: int) -> dict[str, float]:
    """The median time and the highest memory of so many runs, each in a new process and an empty folder."""
    runs = []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory(dir=folder) as own:
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.core_work", name, str(edition), own],
                check=True, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            runs.append(json.loads(done.stdout.splitlines()[-1]))
    found = {kind: statistics.median(run[kind] for run in runs) for kind in ("seconds", "cpu_seconds")}
    return found | {"peak_mb": max(run["peak_mb"] for run in runs)}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.core", description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000_000, help="rows of the file, three figures each")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each, of which the median counts")
    parser.add_argument("--folder", type=Path, help="where files are made and removed (default: the system's)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="digitrade-benchmark-", dir=given.folder) as name:
        folder = Path(name)
        source, edition = folder / "b.csv", folder / "observations"
        write_case("b", given.rows, source)
        read_bulk(source, load_layout("b"), "benchmark", "1", edition, scratch=folder / "scratch",
                  memory_limit=MEMORY_LIMIT, threads=THREADS)  # fmt: skip
        source.unlink()
        found = {way: measure(way, edition, folder, given.repeats) for way in WAYS}
    print(f"{given.rows:,} rows, {3 * given.rows:,} observations, {THREADS} threads")
    for way, run in found.items():
        print(f"  {way:<14}{run['seconds']:8.2f} s{run['cpu_seconds']:8.2f} s CPU{run['peak_mb']:8.0f} MB")
    missed = found["core_set"]["peak_mb"] > MOST_MB
    for what, of, kind, limit in TARGETS:
        ratio = found[what][kind] / found[of][kind]
        missed |= ratio > limit
        verdict = "met" if ratio <= limit else "MISSED"
        print(f"  {what} / {of} ({kind}): {ratio:.2f}, at most {limit} - {verdict}")
    print(f"  peak memory {found['core_set']['peak_mb']:.0f} MB, at most {MOST_MB}")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
