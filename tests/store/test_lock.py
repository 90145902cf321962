"""One writer at a time: who holds the lock is told, and a dead owner holds nothing."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from flows.store import lock as module
from flows.store.lock import LockHeld, hold_lock
from transforms.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
HOLD = "import sys, time\nfrom pathlib import Path\nfrom flows.store.lock import hold_lock\n"
HOLD += "with hold_lock(Path(sys.argv[1])):\n    print('held', flush=True)\n    time.sleep(60)\n"


@contextmanager
def other_process(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lock of a folder until it is killed."""
    held = subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert held.stdout and held.stdout.readline() == "held\n"
        yield held
    finally:
        held.kill()
        held.wait()


def write_owner(folder: Path, **told: Any) -> None:
    owner = {"pid": 1, "host": "elsewhere", "user": "anna", "command": "digitrade run", "since": "2026-11-28T06:00:00",
             "token": "theirs", "beat": 0} | told  # fmt: skip
    (folder / ".lock-owner").write_text(json.dumps(owner), encoding="utf-8")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """An owner is taken for dead after half a second, and beats every twentieth of one."""
    monkeypatch.setattr(module, "STALE", 0.5)
    monkeypatch.setattr(module, "BEAT", 0.05)
    monkeypatch.setattr(module, "_LOOK", 0.02)


def test_the_holder_is_named_and_his_death_ends_it(tmp_path: Path) -> None:
    with other_process(tmp_path) as other:
        with pytest.raises(LockHeld) as refused, hold_lock(tmp_path):
            pass
        said = str(refused.value)
        for part in (f"process {other.pid} of ", f" on {socket.gethostname()}: ", ", since 20", "--wait SECONDS"):
            assert part in said
        other.send_signal(signal.SIGKILL)
        other.wait()
        assert (tmp_path / ".lock-owner").is_file()  # he had no time to take it away
        with hold_lock(tmp_path) as lock:
            assert lock.told["pid"] == os.getpid()
    assert {path.name for path in tmp_path.iterdir()} == {".lock"}


def test_who_waits_begins_when_the_other_has_ended(tmp_path: Path) -> None:
    with other_process(tmp_path) as other:
        threading.Timer(0.5, other.kill).start()
        begun = time.monotonic()
        with hold_lock(tmp_path, wait=30):
            assert 0.3 < time.monotonic() - begun < 20


def test_who_waits_in_vain_is_refused_when_the_time_is_over(tmp_path: Path) -> None:
    with other_process(tmp_path):
        begun = time.monotonic()
        with pytest.raises(LockHeld), hold_lock(tmp_path, wait=0.6):
            pass
        assert time.monotonic() - begun >= 0.6


@pytest.mark.usefixtures("impatient")
class TestSharedFolder:
    """Machines that do not see the locks of one another: what counts is whether the file of the owner beats."""

    def test_an_owner_elsewhere_who_beats_is_alive(self, tmp_path: Path) -> None:
        done = threading.Event()

        def beat() -> None:
            number = 0
            while not done.wait(0.05):
                write_owner(tmp_path, beat=(number := number + 1))

        write_owner(tmp_path)
        thread = threading.Thread(target=beat)
        thread.start()
        try:
            with pytest.raises(LockHeld, match="process 1 of anna on elsewhere: digitrade run"), hold_lock(tmp_path):
                pass
        finally:
            done.set()
            thread.join()

    def test_an_owner_elsewhere_who_is_silent_is_dead_whatever_his_clock_says(self, tmp_path: Path) -> None:
        write_owner(tmp_path, since="2999-01-01T00:00:00")
        os.utime(tmp_path / ".lock-owner", (32_000_000_000, 32_000_000_000))  # the clock there is far ahead
        begun = time.monotonic()
        with hold_lock(tmp_path) as lock:
            lock.check()
        assert time.monotonic() - begun >= 0.5

    def test_without_locks_of_the_system_the_process_is_asked(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "_lock_file", lambda handle: None)
        monkeypatch.setattr(module, "STALE", 30)
        gone = subprocess.Popen([sys.executable, "-c", ""])
        gone.wait()
        write_owner(tmp_path, host=socket.gethostname(), pid=gone.pid)
        begun = time.monotonic()
        with hold_lock(tmp_path):
            assert time.monotonic() - begun < 10  # not listened for: the process is not there
            with pytest.raises(LockHeld, match=f"process {os.getpid()}"), hold_lock(tmp_path):
                pass

    def test_two_without_locks_of_the_system_never_hold_together(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Eight begin at once where a dead owner's file lies; each that gets its turn is alone."""
        monkeypatch.setattr(module, "_lock_file", lambda handle: None)
        monkeypatch.setattr(module, "STALE", 1.5)  # a beat may be late on a busy machine
        write_owner(tmp_path)
        inside, most, served = [0], [0], [0]
        guard = threading.Lock()

        def work() -> None:
            with hold_lock(tmp_path, wait=30) as lock:
                with guard:
                    inside[0] += 1
                    most[0] = max(most[0], inside[0])
                time.sleep(0.15)
                lock.check()
                with guard:
                    inside[0] -= 1
                    served[0] += 1

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (most[0], served[0]) == (1, 8)

    def test_the_owner_beats_and_notices_when_it_was_taken_for_dead(self, tmp_path: Path) -> None:
        with hold_lock(tmp_path) as lock:
            time.sleep(0.3)
            assert json.loads((tmp_path / ".lock-owner").read_text(encoding="utf-8"))["beat"] > 0
            lock.check()
            write_owner(tmp_path)
            with pytest.raises(InputError, match="lost its turn"):
                lock.check()
            time.sleep(0.2)
            assert json.loads((tmp_path / ".lock-owner").read_text(encoding="utf-8"))["token"] == "theirs"
        assert (tmp_path / ".lock-owner").is_file()  # another's is left to him


def test_two_runs_started_together(tmp_path: Path) -> None:
    """Two real processes: one runs to its end, the other says who is at work and ends with 2."""
    data = tmp_path / "data"
    for name in ("exchange_rates_cny", "unctad_digitally_deliverable"):
        shutil.copytree(ROOT / "data" / "raw" / name, data / "raw" / name)
    command = [sys.executable, "-m", "flows.cli", "run", "--direct", "--data-dir", str(data)]
    both = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    told = [(process.communicate(timeout=120), process.returncode) for process in both]
    assert sorted(code for _, code in told) == [0, 2]
    ((_, said),) = [texts for texts, code in told if code == 2]
    (winner,) = [process.pid for process in both if process.returncode == 0]
    assert "another run is writing to this data folder" in said and f"process {winner} of " in said
    assert "run --direct --data-dir" in said and said.count("\n") == 1
    waited = subprocess.run([*command, "--wait", "60"], cwd=ROOT, capture_output=True, timeout=120)
    assert waited.returncode == 0
