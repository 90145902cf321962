"""python -m benchmarks.kill: kills runs at random moments and looks whether anything is lost. --help says more.

Each trial begins with a folder in which a release is published and a new edition has landed (or, much faster, only a
table was added, so that results are taken over and database and tables are made anew). A run starts and is killed
(SIGKILL) at a random moment: of the whole run, or of its publication, played in slow motion so that kills fall between
any two of its steps. Then: what a reader finds is the old release or the new one, whole, byte by byte; the raw editions
are as they were; and the next run, undisturbed, ends with the bytes of a run that nobody killed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import multiprocessing
import os
import random
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from flows.store.mirror import find_published
from flows.store.names import DATABASE
from flows.store.releases import list_releases, verify_release

ROOT = Path(__file__).resolve().parents[1]
DATASETS = {"edition": ("exchange_rates_cny", "unctad_digitally_deliverable"), "table": ("exchange_rates_cny",)}
REVISED = "unctad_digitally_deliverable"
NOT_COMPARED = {"runs", "seen", "releases", ".lock"}  # what carries a clock, an inode, a number or a process
TABLE = "figure_1"
SLOW = 0.01  # seconds before and after every step of a publication in slow motion
# What a run loads, loaded once: a child that is forked from it is at work at once.
PRELOAD = ["benchmarks.kill", "flows.pipeline", "great_expectations", "pandas", "xlsxwriter", "openpyxl", "highspy",
           "scipy.stats", "rich"]  # fmt: skip


@dataclass
class Found:
    """What became of the trials: (where the kill fell, what was published then) -> how often; and what was wrong."""

    kills: Counter[tuple[str, str]] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True)
class Stage:
    """The folder that each trial begins with, and what is to be found after: hashes of old, new and raw files."""

    start: Path
    old: dict[str, str]
    new: dict[str, str]
    raw: dict[str, str]
    seconds: float  # that a run takes


def hash_files(folder: Path, leave: Iterable[str] = ()) -> dict[str, str]:
    """Name -> SHA-256 of every file of a folder, but what lies in the folders left out."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.relative_to(folder).parts[0] not in set(leave)
    }


def run_child(folder: str, trace: str, slow: bool) -> None:
    """A whole run in a process of its own, that says in a file where it is."""
    from flows import pipeline

    handle = os.open(trace, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def watch(name: str, step: Callable[..., Any], pause: float = 0) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            os.write(handle, f"{name}\n".encode())
            time.sleep(pause)
            done = step(*args, **kwargs)
            if pause:
                time.sleep(pause)
            return done

        return call

    if slow:
        _watch_publication(watch)
    steps = {name: watch(name, step) for name, step in pipeline.STEPS.items()}
    for name in ("summarise", "record_run"):
        setattr(pipeline.stages, name, watch(f"after: {name}", getattr(pipeline.stages, name)))
    pipeline.run_stages(Path(folder), steps)
    os.write(handle, b"end\n")


def _watch_publication(watch: Callable[..., Callable[..., Any]]) -> None:
    """Put a pause before and after each step of a publication."""
    from flows.store import mirror, publishing, releases

    for module, name in (
        (publishing, "make_release"), (publishing, "switch"), (publishing, "_put_seen"), (releases, "sync_folders"),
        (mirror, "forget_seen"), (mirror, "write_whole"), (mirror, "write_pointer"), (mirror, "move"),
        (mirror, "sync_folders"), (mirror, "drop_empty"),
    ):  # fmt: skip
        told = f"publish: {module.__name__.rpartition('.')[2]}.{name}"
        setattr(module, name, watch(told, getattr(module, name), SLOW))


def start_run(context: Any, folder: Path, *, slow: bool = False) -> tuple[Any, Path]:
    trace = folder.with_name(f"{folder.name}.trace")
    trace.write_bytes(b"")
    child = context.Process(target=run_child, args=(str(folder), str(trace), slow))
    child.start()
    return child, trace


def finish_run(context: Any, folder: Path) -> int:
    child, _ = start_run(context, folder)
    child.join()
    return int(child.exitcode)


def set_stage(context: Any, root: Path, change: str) -> Stage:
    """Publish the old editions, change something, and see what an undisturbed run makes of it."""
    start, undisturbed = root / "start", root / "undisturbed"
    for name in DATASETS[change]:
        shutil.copytree(ROOT / "data" / "raw" / name, start / "raw" / name)
    if finish_run(context, start):
        raise RuntimeError("the run on the bundled data failed")
    (_land_revised if change == "edition" else _add_table)(start)
    shutil.copytree(start, undisturbed)
    begun = time.monotonic()
    if finish_run(context, undisturbed):
        raise RuntimeError("the undisturbed run failed")
    return Stage(
        start,
        hash_files(start / "curated", NOT_COMPARED),
        hash_files(undisturbed / "curated", NOT_COMPARED),
        hash_files(start / "raw"),
        time.monotonic() - begun,
    )


def _land_revised(data: Path) -> None:
    """A later edition of one dataset, in which one figure is revised."""
    (earlier,) = (data / "raw" / REVISED).iterdir()
    later = earlier.with_name("2026-12-18")
    shutil.copytree(earlier, later)
    (table,) = later.glob("*.csv")
    before = table.read_bytes()
    after = before.replace(b"216265.0", b"216266.0")
    if after == before:
        raise RuntimeError(f"{table} has no figure to revise")
    table.write_bytes(after)
    card = (later / "card.toml").read_text(encoding="utf-8")
    for old, new in (
        (earlier.name, later.name),
        (hashlib.sha256(before).hexdigest(), hashlib.sha256(after).hexdigest()),
    ):
        card = card.replace(old, new)
    (later / "card.toml").write_text(card, encoding="utf-8")


def _add_table(data: Path) -> None:
    """A table of one's own, which is a bundled one under another name."""
    own = data / "own" / "tables"
    own.mkdir(parents=True)
    bundled = (ROOT / "transforms" / "tables" / f"{TABLE}.toml").read_text(encoding="utf-8")
    named = re.sub(r"^short = .*$", 'short = { zh = "另表", en = "Another" }', bundled, flags=re.MULTILINE)
    (own / "mine.toml").write_text(named, encoding="utf-8")


def try_kill(context: Any, stage: Stage, folder: Path, rng: random.Random, found: Found) -> None:
    """One trial: copy, run, kill, look, run again, look."""
    shutil.copytree(stage.start, folder)
    slow = rng.random() < 0.5
    child, trace = start_run(context, folder, slow=slow)
    where = _kill(child, trace, rng, slow=slow, seconds=stage.seconds)
    faults, published = _look_at(stage, folder)
    found.kills[where, published] += 1
    if finish_run(context, folder):
        faults.append("the next run failed")
    faults += _look_after(stage, folder)
    found.faults += [f"killed at {where}: {fault}" for fault in faults]
    shutil.rmtree(folder)
    trace.unlink()


def _kill(child: Any, trace: Path, rng: random.Random, *, slow: bool, seconds: float) -> str:
    """Kill at a random moment of the run or, slow, of its publication; where that was."""
    if slow:
        while child.is_alive() and b"publish\n" not in trace.read_bytes():
            time.sleep(0.005)
        child.join(rng.uniform(0, 90 * SLOW))
    else:
        child.join(rng.uniform(0, seconds))
    child.kill()
    child.join()
    lines = trace.read_text(encoding="utf-8").splitlines()
    return lines[-1] if lines else "before the first step"


def _look_at(stage: Stage, folder: Path) -> tuple[list[str], str]:
    """What is wrong for a reader right after a kill; and which release it is that he finds."""
    faults = []
    if hash_files(folder / "raw") != stage.raw:
        faults.append("raw editions are not as they were")
    reader = find_published(folder)
    told = hash_files(reader, NOT_COMPARED | {"manifest.json"})
    extras = next((r.extras for r in list_releases(folder / "curated") if r.folder == reader), {})
    told = {name: value for name, value in told.items() if name not in extras and not name.startswith(".")}
    published = {True: "old", False: "neither"}[told == stage.old] if told != stage.new else "new"
    if published == "neither":
        faults.append("what is published is neither the old release nor the new one")
    try:
        with duckdb.connect(str(reader / DATABASE), read_only=True) as con:
            counted = con.execute("SELECT count(*) FROM observations").fetchone()
            if not counted or not counted[0]:
                faults.append("the published database has no figures")
    except duckdb.Error as error:
        faults.append(f"the published database does not open: {error}")
    return faults, published


def _look_after(stage: Stage, folder: Path) -> list[str]:
    """What is wrong after the next run."""
    curated = folder / "curated"
    faults = []
    told = hash_files(curated, NOT_COMPARED)
    if told != stage.new:
        differing = sorted(name for name in told.keys() | stage.new.keys() if told.get(name) != stage.new.get(name))
        faults.append(f"the next run ends with other bytes: {', '.join(differing[:5])}")
    releases = list_releases(curated)
    if [release.number for release in releases] != [1, 2]:
        faults.append(f"there are the releases {[release.number for release in releases]}")
    faults += [f"release {r.number}: {name} is {problem}" for r in releases for name, problem in verify_release(r)]
    left = [path.name for path in (*curated.glob(".*"), *curated.rglob("*.tmp"), *curated.glob("releases/.*"))]
    if left != [".lock"]:
        faults.append(f"files are left: {left}")
    if hash_files(folder / "raw") != stage.raw:
        faults.append("the next run changed raw editions")
    return faults


def kill_runs(
    times: int, seed: int, change: str, most: float = math.inf, say: Callable[[str], None] = lambda text: None
) -> Found:
    """So many trials, or as many as begin in so many seconds; the moments follow from the seed and the machine."""
    rng, found, begun = random.Random(seed), Found(), time.monotonic()
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    with tempfile.TemporaryDirectory(prefix="digitrade-kill-") as root:
        stage = set_stage(context, Path(root), change)
        for number in range(times):
            try_kill(context, stage, Path(root) / str(number), rng, found)
            if time.monotonic() - begun > most:
                break
            say(f"{number + 1} of {times}, {len(found.faults)} faults")
    found.seconds = round(time.monotonic() - begun, 1)
    return found


def _say(text: str) -> None:
    print(text, end="\r", file=sys.stderr, flush=True)


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kill", description=__doc__.split("\n\n", 1)[1])
    parser.add_argument("--times", type=int, default=200, help="how many runs are killed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--change", choices=sorted(DATASETS), default="edition", help="what the killed run has to do")
    parser.add_argument("--most", type=float, default=math.inf, help="seconds after which no other run is begun")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    found = kill_runs(options.times, options.seed, options.change, options.most, _say)
    rows = [{"where": where, "published": what, "kills": n} for (where, what), n in sorted(found.kills.items())]
    if options.json:
        print(json.dumps({"kills": rows, "faults": found.faults, "seconds": found.seconds}, indent=1))
    else:
        print(f"\n{'the kill fell in':<36}{'published then':<16}{'kills':>6}")
        for row in rows:
            print(f"{row['where']:<36}{row['published']:<16}{row['kills']:>6}")
        print(f"{sum(found.kills.values())} kills in {found.seconds} s, {len(found.faults)} faults")
        print("\n".join(found.faults))
    return 1 if found.faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
