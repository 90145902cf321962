"""Real runs: killed at random moments, and on a disk that takes no more."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.kill import NOT_COMPARED, ROOT, hash_files, kill_runs
from flows.store.mirror import find_published
from flows.store.releases import list_releases, verify_release

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="runs are killed, and limited, as POSIX has it"),
]


def test_twenty_runs_killed_at_random_moments_lose_nothing() -> None:
    found = kill_runs(20, seed=6, change="table")
    assert found.faults == [] and sum(found.kills.values()) == 20
    places = {where.partition(":")[0] for where, _ in found.kills}
    assert "publish" in places and len(places) > 1, found.kills
    assert {what for _, what in found.kills} == {"old", "new"}, found.kills


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder in which a small release is published, and a table of one's own was added since."""
    folder = tmp_path / "data"
    shutil.copytree(ROOT / "data" / "raw" / "exchange_rates_cny", folder / "raw" / "exchange_rates_cny")
    assert run(folder).returncode == 0
    bundled = (ROOT / "transforms" / "tables" / "figure_1.toml").read_text(encoding="utf-8")
    own = folder / "own" / "tables"
    own.mkdir(parents=True)
    (own / "mine.toml").write_text(bundled.replace('"图1"', '"另"').replace('"Figure 1"', '"Other"'), encoding="utf-8")
    return folder


def run(folder: Path, *, most: int = 0) -> subprocess.CompletedProcess[str]:
    """digitrade run; most: bytes that a file may have, for a disk that takes no more."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    return subprocess.run(
        [sys.executable, "-m", "flows.cli", "run", "--direct", "--data-dir", str(folder)],
        cwd=ROOT, capture_output=True, text=True, timeout=200, preexec_fn=limit if most else None,
    )  # fmt: skip


@pytest.mark.parametrize("most", [1 << 20, 300], ids=["the database does not fit", "nothing fits"])
def test_a_full_disk_leaves_the_old_release_and_says_so_in_one_sentence(data: Path, most: int) -> None:
    before, raw = hash_files(data / "curated", NOT_COMPARED), hash_files(data / "raw")
    done = run(data, most=most)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "Traceback" not in done.stderr, done.stderr
    assert "takes no larger file" in done.stderr and "what was published stands whole" in done.stderr, done.stderr
    assert hash_files(data / "curated", NOT_COMPARED) == before and hash_files(data / "raw") == raw
    assert [release.number for release in list_releases(data / "curated")] == [1]
    assert not list((data / "curated").glob(".staging-*")) and find_published(data).name == "1"
    assert run(data).returncode == 0
    assert [verify_release(release) for release in list_releases(data / "curated")] == [[], []]
