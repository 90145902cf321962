"""One writer at a time, and who that is.

Two things are held. A lock of the system on curated/.lock, which ends with its process, however that ends; and the
file curated/.lock-owner, created where there is none, which says who writes, since when, and beats. On one machine the
first is enough. On a shared folder the system of one machine may not know of the locks of another: there an owner is
taken for dead when the file has not changed for STALE seconds of our own clock, whatever the clocks say.
"""

from __future__ import annotations

import errno
import getpass
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from transforms.errors import InputError

LOCK = ".lock"
OWNER = ".lock-owner"
BEAT = 5.0  # seconds
STALE = 45.0
_LOOK = 0.25  # how often one who waits looks
_HELD = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK)


class LockHeld(InputError):
    """Another process writes."""


@dataclass
class Lock:
    """The right to write to a data folder; told says who holds it."""

    path: Path
    told: dict[str, Any]
    handle: int
    _done: threading.Event = field(default_factory=threading.Event)

    def check(self) -> None:
        """Raise InputError where another has taken us for dead, as after a machine that slept on a shared folder."""
        if _read(self.path).get("token") != self.told["token"]:
            raise InputError(
                "this run has lost its turn to write: it had not been heard of for a while, and another began",
                file=str(self.path.parent),
                todo="run again; nothing was published.",
            )

    def beat(self) -> None:
        """Say every few seconds that the owner lives, in the file as long as it is ours."""
        while not self._done.wait(BEAT):
            with suppress(OSError, InputError):
                self.check()
                self.told["beat"] += 1
                with self.path.open("r+", encoding="utf-8") as file:
                    file.write(_render(self.told))

    def release(self) -> None:
        self._done.set()
        if _read(self.path).get("token") == self.told["token"]:
            self.path.unlink(missing_ok=True)
        os.close(self.handle)


@contextmanager
def hold_lock(curated: Path, wait: float = 0) -> Iterator[Lock]:
    """Hold the right to write to a folder. Raises LockHeld, which says who writes, after so many seconds of waiting."""
    curated.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + wait
    while True:
        try:
            lock = _take(curated)
            break
        except LockHeld:
            if time.monotonic() >= until:
                raise
            time.sleep(_LOOK)
    threading.Thread(target=lock.beat, daemon=True, name="digitrade lock").start()
    try:
        yield lock
    finally:
        lock.release()


def _take(curated: Path) -> Lock:
    handle = os.open(curated / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        is_ours = _lock_file(handle)
        if is_ours is False:
            raise _refuse(curated, _read(curated / OWNER))
        told = {"pid": os.getpid(), "host": socket.gethostname(), "user": _tell_user(), "command": _tell_command(),
                "since": datetime.now(UTC).isoformat(timespec="seconds"), "token": uuid4().hex,
                "beat": 0}  # fmt: skip
        while not _claim(curated / OWNER, told):
            owner = _read(curated / OWNER)
            if not _is_dead(curated / OWNER, owner, has_lock=bool(is_ours)):
                raise _refuse(curated, owner)
            if _succeed(curated / OWNER, owner, told):
                break
            if curated.joinpath(OWNER).exists():
                raise _refuse(curated, _read(curated / OWNER))
    except BaseException:
        os.close(handle)
        raise
    return Lock(curated / OWNER, told, handle)


def _lock_file(handle: int) -> bool | None:
    """True: locked for this process. False: another process of this machine has it. None: there are no locks here."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return False if error.errno in _HELD else None
    return True


def _claim(path: Path, told: dict[str, Any]) -> bool:
    """Create the owner's file; False where there is one."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    except FileExistsError:
        return False
    try:
        os.write(handle, _render(told).encode())
        os.fsync(handle)
    except OSError:
        path.unlink(missing_ok=True)
        raise
    finally:
        os.close(handle)
    return True


def _is_dead(path: Path, owner: dict[str, Any], *, has_lock: bool) -> bool:
    """Whether the owner named is gone. Here the system knows; elsewhere we listen for a beat."""
    if owner.get("host") == socket.gethostname() and (has_lock or not _is_alive(int(owner["pid"]))):
        return True
    until = time.monotonic() + STALE
    while time.monotonic() < until:
        if not path.exists():
            return True
        if _read(path) != owner:
            return False
        time.sleep(_LOOK)
    return True


def _is_alive(pid: int) -> bool:
    if os.name == "nt":  # where asking would end the process
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _succeed(path: Path, owner: dict[str, Any], told: dict[str, Any]) -> bool:
    """Take the place of a dead owner, by a ticket that only one can have for him; False where another was faster.

    The ticket becomes the owner's file by one renaming, so that there is no moment without one.
    """
    ticket = path.with_name(f"{OWNER}-{owner.get('token', 'unnamed')}")
    if not _claim(ticket, told):
        if _is_dead(ticket, _read(ticket), has_lock=False):
            ticket.unlink(missing_ok=True)
        return False
    if _read(path).get("token") != owner.get("token"):
        ticket.unlink(missing_ok=True)
        return False
    try:
        ticket.replace(path)
    except FileNotFoundError:
        return False
    return True


def _read(path: Path) -> dict[str, Any]:
    """Who holds the lock; {} where nobody does, or he is just writing his name."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _render(told: dict[str, Any]) -> str:
    """Always longer than before, so that writing over it leaves nothing of the old."""
    return json.dumps(told, ensure_ascii=False) + "\n"


def _refuse(curated: Path, owner: dict[str, Any]) -> LockHeld:
    words = "process {pid} of {user} on {host}: {command}, since {since}"
    return LockHeld(
        "another run is writing to this data folder",
        file=str(curated / LOCK),
        found=words.format(**owner) if {"pid", "user", "host", "command", "since"} <= owner.keys() else "no name",
        todo="wait until it has ended (digitrade run --wait SECONDS), or use another --data-dir.",
    )


def _tell_user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user without a name, as in a container
        return "unknown"


def _tell_command() -> str:
    return " ".join([Path(sys.argv[0] or "python").name, *sys.argv[1:]])[:200]
