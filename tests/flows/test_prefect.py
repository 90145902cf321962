"""Prefect starts only here: the flow writes what the plain functions write, and a schedule really fires."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# what carries a clock, an inode, a number or a process
NOT_COMPARED = {"runs", "seen", "releases", ".prefect", ".lock"}


def copy_raw(folder: Path) -> Path:
    shutil.copytree(ROOT / "data" / "raw", folder / "raw")
    return folder


def outputs(data_dir: Path) -> dict[str, bytes]:
    curated = data_dir / "curated"
    return {
        str(path.relative_to(curated)): path.read_bytes()
        for path in sorted(curated.rglob("*"))
        if path.is_file() and path.relative_to(curated).parts[0] not in NOT_COMPARED
    }


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "flows.cli", *words]


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    return kept | {"PYTHONPATH": str(ROOT)}


@pytest.fixture(scope="module")
def plain(clean_run: Path) -> dict[str, bytes]:
    """What the plain functions write."""
    return outputs(clean_run)


def assert_same(made: dict[str, bytes], expected: dict[str, bytes]) -> None:
    assert "digitrade.duckdb" in expected and any(name.endswith(".xlsx") for name in expected)
    assert sorted(made) == sorted(expected)
    assert [name for name in expected if made[name] != expected[name]] == []


def test_flow_and_plain_run_write_the_same_bytes(
    tmp_path: Path, environment: dict[str, str], plain: dict[str, bytes]
) -> None:
    data_dir = copy_raw(tmp_path / "data")
    done = subprocess.run(
        command("run", "--data-dir", str(data_dir)), env=environment, timeout=180, capture_output=True, text=True
    )
    log = done.stdout + done.stderr
    assert done.returncode == 0, log[-4000:]
    assert_same(outputs(data_dir), plain)
    for task_run in ("read guangzhou_digital_trade_report/2022", "check editions", "compute indicators", "publish"):
        assert task_run in log
    again = subprocess.run(
        command("run", "--json", "--force", "seed_statements", "--data-dir", str(data_dir)),
        env=environment, timeout=180, capture_output=True, text=True,
    )  # fmt: skip
    assert again.returncode == 0, again.stderr[-4000:]
    reasons = [row["reason"] for row in json.loads(again.stdout)["datasets"]]
    assert reasons == ["unchanged", "unchanged", "forced", "unchanged"]
    assert_same(outputs(data_dir), plain)
    assert not list((data_dir / "curated").glob(".staging-*"))


def test_schedule_really_fires(tmp_path: Path, environment: dict[str, str], plain: dict[str, bytes]) -> None:
    """A run of a served deployment, started by the scheduler of a server and by nobody else."""
    data_dir = copy_raw(tmp_path / "data")
    log = tmp_path / "schedule.log"
    with log.open("wb") as sink:
        served = subprocess.Popen(
            command("schedule", "--every", "5", "--data-dir", str(data_dir)),
            env=environment | {"PREFECT_RUNNER_POLL_FREQUENCY": "2"},
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
    runs = data_dir / "curated" / "runs"
    deadline = time.monotonic() + 150
    try:
        while not list(runs.glob("*.json")) and time.monotonic() < deadline and served.poll() is None:
            time.sleep(0.3)
    finally:
        served.send_signal(signal.SIGINT)
        try:
            served.wait(timeout=60)
        except subprocess.TimeoutExpired:
            served.kill()
    kept = sorted(runs.glob("*.json"))
    assert kept, log.read_text(encoding="utf-8", errors="replace")[-4000:]
    summary = json.loads(kept[0].read_text(encoding="utf-8"))
    assert [row["state"] for row in summary["datasets"]] == ["read"] * 4
    assert_same({name: content for name, content in outputs(data_dir).items() if name in plain}, plain)


def test_tasks_have_names_tags_and_retries_where_they_make_sense() -> None:
    from flows.orchestrate import TASKS, digitrade
    from flows.pipeline import STEPS

    assert list(TASKS) == list(STEPS)
    for name, made in TASKS.items():
        assert made.name[0].isupper() and "digitrade" in made.tags
        assert made.retries == (2 if name in ("read", "publish") else 0)
        assert made.fn is STEPS[name], "a task wraps the plain function itself"
    assert digitrade.name == "digitrade"
    described = digitrade.parameters.properties
    assert all(described[name].get("description") for name in ("data_dir", "mixed_sources", "force"))


def test_only_passing_trouble_is_retried() -> None:
    from prefect.states import Completed, Failed

    from flows.orchestrate import _is_passing_trouble
    from transforms.errors import InputError

    assert _is_passing_trouble(None, None, Failed(data=OSError("busy")))
    assert not _is_passing_trouble(None, None, Failed(data=InputError("spoiled")))
    assert not _is_passing_trouble(None, None, Completed(data=1))


def test_an_unreachable_server_is_one_line(tmp_path: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        command("run", "--data-dir", str(copy_raw(tmp_path / "data"))),
        env=environment | {"PREFECT_API_URL": "http://127.0.0.1:9/api"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "127.0.0.1:9" in done.stderr.strip().splitlines()[-1]
