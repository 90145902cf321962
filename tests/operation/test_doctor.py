"""digitrade doctor: each fault that it looks for is found, with what to do; a sound installation passes."""

from __future__ import annotations

import fcntl
import json
import os
from importlib import metadata
from pathlib import Path

import pytest
from operation_worlds import call, land

from flows.operation import doctor
from flows.operation.screens import tell_check


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    land(tmp_path, "made_up", "2026-01-01")
    return tmp_path


def look(check: doctor.Check) -> tuple[str, str, str]:
    told = tell_check(check, "en")
    assert tell_check(check, "zh")["outcome"] == told["outcome"]
    assert told["outcome"] == "ok" or told["todo"]
    return told["outcome"], told["found"], told["todo"]


def test_a_sound_installation(data_dir: Path) -> None:
    told = call("doctor", "--json", "--data-dir", str(data_dir))
    checks = {check["check"]: check for check in json.loads(told.stdout)}
    assert told.exit_code == 0, [check for check in checks.values() if check["outcome"] == "fail"]
    assert {"python", "pins", "lock", "database", "writing", "space", "writer", "leftovers", "prefect", "fonts",
            "x13as", "zones"} <= set(checks)  # fmt: skip
    assert checks["database"]["outcome"] == "note" and checks["raw"]["found"] == "1 editions"


def test_a_package_that_is_too_new_or_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    right = metadata.version

    def lie(name: str) -> str:
        if name.lower() == "sqlalchemy":
            return "2.1.0"
        if name == "prefect":
            raise metadata.PackageNotFoundError(name)
        return right(name)

    monkeypatch.setattr(doctor.metadata, "version", lie)
    outcome, found, todo = look(doctor.check_pins(tmp_path))
    assert outcome == "fail" and "sqlalchemy 2.1.0 (<2.1)" in found and "prefect is missing" in found
    assert "no schedule fires" in todo
    lock = tmp_path / "lock"
    lock.write_text('sqlalchemy==2.0.58 \\\n    --hash=x\nnever-installed==1\nduckdb==0 ; python_version < "3"\n')
    monkeypatch.setattr(doctor, "find_version", lambda name: {"sqlalchemy": "2.1.0", "duckdb": "1"}.get(name, ""))
    assert look(doctor.check_lock(tmp_path, lock))[:2] == ("fail", "otherwise than locked: sqlalchemy 2.1.0 (2.0.58)")
    lock.write_text("sqlalchemy==2.1.0 \\\n")
    assert look(doctor.check_lock(tmp_path, lock))[:2] == ("ok", "1 as locked")


def test_a_database_that_cannot_be_opened(data_dir: Path, clean_run: Path) -> None:
    (data_dir / "curated").mkdir()
    path = data_dir / "curated" / "digitrade.duckdb"
    path.write_bytes(b"no database" * 1000)
    outcome, _, todo = look(doctor.check_database(data_dir))
    assert outcome == "fail" and "digitrade run --force" in todo
    assert look(doctor.check_database(clean_run))[0] == "ok"


def test_a_card_that_is_broken(data_dir: Path) -> None:
    (data_dir / "raw/made_up/2026-01-01/card.toml").write_text("x = ")
    outcome, found, _ = look(doctor.check_raw(data_dir))
    assert outcome == "fail" and "made_up/2026-01-01/card.toml" in found
    assert look(doctor.check_raw(data_dir / "elsewhere"))[0] == "fail"


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_folder_that_may_not_be_written_to(data_dir: Path) -> None:
    (data_dir / "raw").chmod(0o500)
    try:
        outcome, found, _ = look(doctor.check_writing(data_dir))
    finally:
        (data_dir / "raw").chmod(0o700)
    assert outcome == "fail" and str(data_dir / "raw") in found


def test_rights_are_looked_at_without_leaving_anything(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = sorted(data_dir.rglob("*"))
    assert look(doctor.check_writing(data_dir))[0] == "ok" and sorted(data_dir.rglob("*")) == before
    monkeypatch.setattr(doctor.tempfile, "TemporaryFile", _refuse)
    assert look(doctor.check_writing(data_dir))[0] == "fail"


def _refuse(**kwargs: object) -> None:
    raise PermissionError(13, "Permission denied")


def test_a_disk_that_is_nearly_full(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = doctor.shutil.disk_usage(data_dir)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: usage._replace(free=999_000_000))
    outcome, found, _ = look(doctor.check_space(data_dir))
    assert outcome == "fail" and "999 MB free" in found and "1.0 GB" in found


@pytest.mark.skipif(os.name == "nt", reason="locks of Linux")
def test_who_is_writing_and_what_was_left(data_dir: Path) -> None:
    curated = data_dir / "curated"
    (curated / ".staging-x").mkdir(parents=True)
    lock = curated / ".lock"
    lock.write_text("process 12345\n")
    if Path("/proc/locks").is_file():
        with lock.open("a+") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            assert look(doctor.check_writer(data_dir))[:2] == ("note", "process 12345 is at work")
            assert look(doctor.check_leftovers(data_dir))[0] == "ok"  # it is being written
    lock.write_text("process 99999999\n")
    assert look(doctor.check_writer(data_dir))[:2] == ("ok", "nobody")
    outcome, found, todo = look(doctor.check_leftovers(data_dir))
    assert (outcome, found) == ("note", "curated/.staging-x") and "digitrade run" in todo


def test_a_server_that_does_not_answer(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    outcome, found, _ = look(doctor.check_prefect(data_dir))
    assert outcome == "fail" and "127.0.0.1:9" in found
    told = call("doctor", "--lang", "zh", "--data-dir", str(data_dir))
    assert told.exit_code == 1 and "须修复" in told.stdout


def test_own_settings_are_looked_at(data_dir: Path) -> None:
    (data_dir / "own").mkdir()
    (data_dir / "own" / "notify.toml").write_text("[webhook]\n")
    outcome, found, _ = look(doctor.check_settings(data_dir))
    assert outcome == "fail" and "own/notify.toml" in found


def test_time_zone_data_and_x13as_that_are_missing(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "ZONE", "Asia/Nowhere")
    assert look(doctor.check_zones(data_dir))[0] == "fail"
    monkeypatch.setattr("transforms.indicators.adjusted.find_x13as", lambda: None)
    assert look(doctor.check_x13as(data_dir))[0] == "note"
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
    assert look(doctor.check_fonts(data_dir))[:2] == ("note", "fontconfig is not here to ask")
