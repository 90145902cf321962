"""Publication is all or nothing, one run writes at a time, and whatever goes wrong is one line."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.stages import parquet
from flows.store import disk, mirror
from flows.store.publishing import publish
from flows.store.workspace import Workspace, open_workspace
from transforms.errors import InputError

ROOT = Path(__file__).resolve().parents[1]
OLD = {"digitrade.duckdb": "old", "observations/a.parquet": "old a", "exports/gone.csv": "old table"}
NEW = {"digitrade.duckdb": "new", "observations/a.parquet": "new a", "checks/c.parquet": "new c"}


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def read(folder: Path) -> dict[str, str]:
    """What is published: the releases stand beside it (tests/store)."""
    return {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.relative_to(folder).parts[0].startswith((".", "releases"))
    }


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace(tmp_path, tmp_path / "curated" / ".staging-x")
    write(made.curated, OLD)
    write(made.curated, {"runs/1.json": "kept"})
    write(made.staging, NEW)
    return made


def test_publish_replaces_and_drops(workspace: Workspace) -> None:
    publish(workspace)
    assert read(workspace.curated) == NEW | {"runs/1.json": "kept"}
    assert [path.name for path in workspace.curated.iterdir() if path.name.startswith(".staging-replaced")] == []


@pytest.mark.parametrize("failing", range(4))
def test_a_failure_at_any_step_takes_everything_back_and_a_second_try_succeeds(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    """Windows refuses to replace a file that a reader has open: the flow tries again, and must find all it needs."""
    real, calls = mirror.move, iter(range(100))

    def move(source: Path, target: Path) -> None:
        if next(calls) == failing:
            raise PermissionError(13, "in use", str(target))
        real(source, target)

    monkeypatch.setattr(mirror, "move", move)
    with pytest.raises(PermissionError):
        publish(workspace)
    assert read(workspace.curated) == OLD | {"runs/1.json": "kept"}
    assert read(workspace.staging) == NEW
    publish(workspace)
    assert read(workspace.curated) == NEW | {"runs/1.json": "kept"}


@pytest.mark.parametrize("links", [True, False])
def test_what_is_taken_over_is_published_as_it_was(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    """Also where the file system knows no second names, and also when publication fails on the way."""
    if not links:
        monkeypatch.setattr(disk.os, "link", lambda *names: (_ for _ in ()).throw(OSError("no links here")))
    staged = workspace.take_over(workspace.curated / "exports" / "gone.csv")
    assert staged == workspace.staging / "exports" / "gone.csv" and staged.read_text(encoding="utf-8") == "old table"
    expected = NEW | {"exports/gone.csv": "old table", "runs/1.json": "kept"}
    real, calls = mirror.move, iter(range(100))

    def move(source: Path, target: Path) -> None:
        if next(calls) == 2:  # the database; what is taken over stands in its place already
            raise PermissionError(13, "in use", str(target))
        real(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(mirror, "move", move)
        with pytest.raises(PermissionError):
            publish(workspace)
    assert read(workspace.curated) == OLD | {"runs/1.json": "kept"}
    publish(workspace)
    assert read(workspace.curated) == expected


def test_scratch_is_neither_published_nor_left(tmp_path: Path) -> None:
    with open_workspace(tmp_path) as made:
        scratch = made.make_scratch()
        write(scratch, {"spill.tmp": "x"})
        write(made.staging, {"digitrade.duckdb": "new"})
        assert publish(made) == {"release": 1, "state": "published"}
    assert read(tmp_path / "curated") == {"digitrade.duckdb": "new"}
    assert not scratch.exists()


def test_nothing_staged_publishes_and_drops_nothing(workspace: Workspace) -> None:
    (workspace.staging / "digitrade.duckdb").unlink()
    with pytest.raises(InputError, match="nothing to publish"):
        publish(workspace)
    assert read(workspace.curated) == OLD | {"runs/1.json": "kept"}


def test_one_run_at_a_time_and_killed_ones_are_cleared(tmp_path: Path) -> None:
    left = tmp_path / "curated" / ".staging-killed"
    left.mkdir(parents=True)
    with open_workspace(tmp_path) as first:
        assert not left.exists() and first.staging.is_dir()
        code = (
            "from pathlib import Path\nfrom flows.store.workspace import open_workspace\n"
            f"with open_workspace(Path({str(tmp_path)!r})): pass"
        )
        second = subprocess.run(
            [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True
        )
        assert second.returncode != 0
        assert "another run is writing" in second.stderr and f"process {os.getpid()}" in second.stderr
    with open_workspace(tmp_path):
        pass
    assert not list((tmp_path / "curated").glob(".staging-*"))


@pytest.fixture
def digitrade(clean_run: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "flows.cli", *words],
            env=os.environ | {"PYTHONPATH": str(ROOT), "DIGITRADE_DATA_DIR": str(clean_run)} | environment,
            capture_output=True,
            timeout=120,
            encoding="utf-8",
            errors="replace",
        )

    return run


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("query", ""), "one SQL statement"),
        (("query", "select 1; select 2"), "one SQL statement"),
        (("query", "select 1", "--output", "no/such/folder.csv"), "no/such/folder.csv"),
        (("tables", "none"), "there is no table"),
    ],
)
def test_unusable_calls_say_why_in_one_line(
    digitrade: Callable[..., subprocess.CompletedProcess[str]], words: tuple[str, ...], says: str
) -> None:
    done = digitrade(*words)
    assert done.returncode == 2 and says in done.stderr and "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_lists_and_narrow_terminals(digitrade: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    assert digitrade("query", "select [1, 2, null] as l", "--format", "csv").stdout == "l\n1; 2; \n"
    wide = digitrade("query", "from comparisons limit 1").stdout
    assert "-- 1" in wide and "verdict" in wide
    gbk = digitrade("tables", "figure_1", "--lang", "zh", PYTHONIOENCODING="gbk")
    assert gbk.returncode == 0


@pytest.mark.slow
def test_mixed_sources_hold_in_every_view(digitrade: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    sql = "select count(*) as n from {} where indicator = 'city_share' and value is not null"
    for view in ("indicators", "indicators_labelled"):
        assert digitrade("query", sql.format(view), "--format", "csv").stdout == "n\n0\n"
        assert int(digitrade("query", sql.format(view), "--format", "csv", "--mixed-sources").stdout.split()[1]) > 0
    total = "select count(*) as n from indicators"
    plain, mixed = (
        digitrade("query", total, "--format", "csv", *option).stdout for option in ((), ("--mixed-sources",))
    )
    assert plain == mixed


@pytest.mark.slow
def test_a_bad_own_table_is_said_before_anything_is_done(
    digitrade: Callable[..., subprocess.CompletedProcess[str]], data_dir: Path
) -> None:
    own = data_dir / "own" / "tables"
    own.mkdir(parents=True)
    for content in (b'order = "x"', b"\xff\xfe", b"rows ="):
        (own / "mine.toml").write_bytes(content)
        done = digitrade("run", "--direct", "--data-dir", str(data_dir))
        assert done.returncode == 2 and "own/tables/mine.toml" in done.stderr and "Traceback" not in done.stderr
    assert not (data_dir / "curated").exists()


def test_too_little_memory_is_told_with_what_to_do(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "MEMORY_LIMIT", "24MB")
    told = pytest.raises(InputError, match=r"more memory than 24MB.*data folder of their own")
    with told, parquet.open_engine(workspace) as con:
        con.execute("SET temp_directory = ''")  # nothing can be put aside
        con.execute("SELECT list(i ORDER BY hash(i)) FROM range(20000000) r(i)")
