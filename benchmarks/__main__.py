"""python -m benchmarks: generates bulk files, reads them in every way, prints the ratios. --help says more."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.generate import write_case

ALSO = {"a": ["ingest_pandas_compact"], "b": []}  # measured without a target
SIZES = (1_000_000, 5_000_000, 10_000_000, 20_000_000)
# What is asked of each ratio: (what, of which, kind, limit).
TARGETS = {
    "a": [("ingest_a", "copy_bare", "seconds", 3.0), ("ingest_a", "ingest_pandas", "seconds", 0.5),
          ("ingest_a", "ingest_pandas", "peak_mb", 0.25)],
    "b": [("ingest_b", "unpivot_bare", "seconds", 2.0)],
}  # fmt: skip
MOST_MB = 4096


def measure(name: str, source: Path, folder: Path, repeats: int) -> dict[str, float]:
    """The median time and the highest memory of so many runs, each in a new process and an empty folder."""
    runs = []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory(dir=folder) as own:
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.work", name, str(source), own],
                check=True, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            runs.append(json.loads(done.stdout.splitlines()[-1]))
    found = {kind: statistics.median(run[kind] for run in runs) for kind in ("seconds", "cpu_seconds")}
    return found | {"peak_mb": max(run["peak_mb"] for run in runs)}


def run_case(case: str, rows: int, folder: Path, repeats: int) -> dict[str, Any]:
    """All ways to read one file of a case, one after the other, with the ratios."""
    source = folder / f"{case}.csv"
    write_case(case, rows, source)
    size = source.stat().st_size
    names = [*dict.fromkeys(name for target in TARGETS[case] for name in reversed(target[:2])), *ALSO[case]]
    found = {name: measure(name, source, folder, repeats) for name in names}
    source.unlink()
    ratios = [
        {"what": what, "of": of, "kind": kind, "ratio": found[what][kind] / found[of][kind], "at_most": limit,
         "cpu_ratio": found[what]["cpu_seconds"] / found[of]["cpu_seconds"]}
        for what, of, kind, limit in TARGETS[case]
    ]  # fmt: skip
    return {"case": case, "rows": rows, "bytes": size, "runs": found, "ratios": ratios}


def fit_slope(results: list[dict[str, Any]], name: str) -> dict[str, float]:
    """Seconds for a million rows more, by least squares, and how far the sizes lie off that line."""
    points = [(r["rows"] / 1e6, r["runs"][name]["seconds"]) for r in results]
    slope, start = statistics.linear_regression(*zip(*points, strict=True))
    off = max(abs(seconds - start - slope * rows) / seconds for rows, seconds in points)
    return {"seconds_per_million": slope, "start_seconds": start, "largest_deviation": off}


def show(result: dict[str, Any]) -> None:
    print(f"case {result['case']}: {result['rows']:,} rows, {result['bytes'] / 1e6:,.0f} MB")
    for name, run in result["runs"].items():
        print(f"  {name:<22}{run['seconds']:8.2f} s{run['cpu_seconds']:8.2f} s CPU{run['peak_mb']:8.0f} MB")
    for ratio in result["ratios"]:
        verdict = "met" if ratio["ratio"] <= ratio["at_most"] else "MISSED"
        cpu = f" ({ratio['cpu_ratio']:.2f} in CPU time)" if ratio["kind"] == "seconds" else ""
        print(f"  {ratio['what']} / {ratio['of']} ({ratio['kind']}): {ratio['ratio']:.2f}{cpu}, at most "
              f"{ratio['at_most']} - {verdict}")  # fmt: skip
    own = result["runs"][f"ingest_{result['case']}"]["peak_mb"]
    print(f"  peak memory {own:.0f} MB, at most {MOST_MB} - {'met' if own <= MOST_MB else 'MISSED'}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--case", choices=("a", "b", "all"), default="all", help="one value column, BaTIS, or both")
    parser.add_argument("--rows", type=int, default=SIZES[-1], help="rows of the file (default 20 million)")
    parser.add_argument("--slope", action="store_true", help=f"measure {', '.join(f'{n:,}' for n in SIZES)} rows")
    parser.add_argument("--repeats", type=int, default=1, help="runs of each, of which the median counts")
    parser.add_argument("--folder", type=Path, help="where files are made and removed (default: the system's)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    cases = ("a", "b") if given.case == "all" else (given.case,)
    printed: list[dict[str, Any]] = []
    for case in cases:
        results = []
        for rows in SIZES if given.slope else (given.rows,):
            with tempfile.TemporaryDirectory(prefix="digitrade-benchmark-", dir=given.folder) as folder:
                results.append(run_case(case, rows, Path(folder), given.repeats))
            if not given.json:
                show(results[-1])
        printed += results
        if given.slope:
            slope = fit_slope(results, f"ingest_{case}")
            printed.append({"case": case, "slope": slope})
            if not given.json:
                rate, start, off = slope["seconds_per_million"], slope["start_seconds"], slope["largest_deviation"]
                print(f"case {case}: {rate:.3f} s for a million rows more, from {start:.2f} s; at most {off:.0%} off")
    if given.json:
        print(json.dumps(printed, indent=1))
    missed = [r for result in printed for r in result.get("ratios", ()) if r["ratio"] > r["at_most"]]
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
