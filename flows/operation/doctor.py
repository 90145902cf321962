"""Is this installation sound, and what is to be mended? Every check looks, none changes anything that stays."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from transforms.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
ZONE = "Asia/Shanghai"
LEAST_FREE = 1_000_000_000  # bytes: a run writes beside what is published, so twice that again is asked for
_LOCKED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)\s*(?:;\s*([^\\]+?))?\s*\\?$")


@dataclass(frozen=True)
class Check:
    """One look: outcome ok, note (nothing to mend) or fail; the words are doctor.<name>.<words> with these places."""

    name: str
    outcome: str
    places: dict[str, Any] = field(default_factory=dict)
    words: str = ""


def examine(data_dir: Path) -> list[Check]:
    """All checks on this interpreter and a data folder, in the order in which one would mend them."""
    looks: list[Callable[[Path], Check]] = [
        check_python, check_pins, check_lock, check_raw, check_writing, check_space, check_database, check_writer,
        check_leftovers, check_settings, check_schedules, check_prefect, check_zones, check_x13as, check_fonts,
    ]  # fmt: skip
    return [look(data_dir) for look in looks]


def check_python(data_dir: Path) -> Check:
    ok = sys.version_info >= (3, 11)
    return Check("python", "ok" if ok else "fail", {"version": platform.python_version()})


def check_pins(data_dir: Path) -> Check:
    """Every version is one that the project file allows; Prefect stops working with some that are newer."""
    from packaging.requirements import Requirement

    wrong, count = [], 0
    for text in metadata.requires("digitrade") or []:
        wanted = Requirement(text)
        if wanted.marker and not wanted.marker.evaluate({"extra": ""}):
            continue
        count += 1
        found = find_version(wanted.name)
        if not found:
            wrong.append(f"{wanted.name} is missing")
        elif not wanted.specifier.contains(found, prereleases=True):
            wrong.append(f"{wanted.name} {found} ({wanted.specifier})")
    if wrong:
        return Check("pins", "fail", {"names": ", ".join(wrong)})
    return Check("pins", "ok", {"count": count, "prefect": find_version("prefect")})


def find_version(name: str) -> str:
    """The installed version of a package; '' where it is not installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def check_lock(data_dir: Path, lock: Path = ROOT / "requirements.lock") -> Check:
    """What is installed has the version of the lock. What is not installed is for check_pins, or not needed here."""
    from packaging.markers import Marker

    if not lock.is_file():
        return Check("lock", "note")
    wrong, count = [], 0
    for line in lock.read_text(encoding="utf-8").splitlines():
        wanted = _LOCKED.match(line)
        if not wanted or (wanted[3] and not Marker(wanted[3]).evaluate()):
            continue
        found = find_version(wanted[1])
        count += bool(found)
        if found and found != wanted[2]:
            wrong.append(f"{wanted[1]} {found} ({wanted[2]})")
    return Check("lock", "fail", {"names": ", ".join(wrong)}) if wrong else Check("lock", "ok", {"count": count})


def check_raw(data_dir: Path) -> Check:
    from flows.store.editions import find_editions

    try:
        found = find_editions(data_dir)
    except InputError as error:
        return Check("raw", "fail", {"problem": str(error)})
    problems = [str(one.problem) for one in found if one.problem]
    if problems:
        return Check("raw", "fail", {"problem": "; ".join(problems[:3])})
    return Check("raw", "ok", {"count": len(found)})


def check_writing(data_dir: Path) -> Check:
    """A file can be made in raw/ and curated/, or in the folder above where they are not there yet."""
    folders = [data_dir / name for name in ("raw", "curated")]
    places = list(dict.fromkeys(folder if folder.is_dir() else data_dir for folder in folders))
    closed = [str(place) for place in places if not _may_write(place)]
    if closed:
        return Check("writing", "fail", {"folders": ", ".join(closed)})
    return Check("writing", "ok", {"folders": ", ".join(map(str, places))})


def _may_write(folder: Path) -> bool:
    try:
        with tempfile.TemporaryFile(prefix=".doctor-", dir=folder):
            return True
    except OSError:
        return False


def check_space(data_dir: Path) -> Check:
    """Free space for what a run writes beside the published files before they are replaced."""
    curated = data_dir / "curated"
    used = sum(path.stat().st_size for path in curated.rglob("*") if path.is_file() and not path.is_symlink())
    free = shutil.disk_usage(next(path for path in (data_dir, *data_dir.parents) if path.is_dir())).free
    needed = LEAST_FREE + 2 * used
    places = {"free": _size(free), "used": _size(used), "needed": _size(needed)}
    return Check("space", "ok" if free >= needed else "fail", places)


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def check_database(data_dir: Path) -> Check:
    import duckdb

    from flows.store.workspace import DATABASE

    path = data_dir / "curated" / DATABASE
    if not path.is_file():
        return Check("database", "note")
    try:
        with duckdb.connect(str(path), read_only=True) as con:
            con.execute("SELECT count(*) FROM datasets").fetchone()
            row = con.execute(
                "SELECT tags['storage_version'] FROM duckdb_databases() WHERE NOT internal AND path IS NOT NULL"
            ).fetchone()
    except duckdb.Error as error:
        return Check("database", "fail", {"problem": " ".join(str(error).split())[:200]})
    return Check("database", "ok", {"version": duckdb.__version__, "storage": (row[0] if row else None) or "?"})


def check_writer(data_dir: Path) -> Check:
    holder = find_writer(data_dir / "curated" / ".lock")
    return Check("writer", "note", {"holder": holder}) if holder else Check("writer", "ok")


def find_writer(lock: Path) -> str:
    """Who holds the lock of a data folder, as the lock tells; '' where nobody does. It is not taken for this.

    Linux lists the locks that are held; elsewhere the process that the lock names is looked for.
    """
    try:
        told, inode = lock.read_text(encoding="utf-8", errors="replace").strip(), lock.stat().st_ino
    except OSError:
        return ""
    listed = Path("/proc/locks")
    if listed.is_file():
        held = [line.split() for line in listed.read_text().splitlines()]
        return (told or "?") if any(len(row) > 5 and row[-3].split(":")[-1] == str(inode) for row in held) else ""
    number = re.search(r"process (\d+)", told)
    if not number or os.name == "nt":
        return ""
    try:
        os.kill(int(number[1]), 0)
    except OSError:
        return ""
    return told


def check_leftovers(data_dir: Path) -> Check:
    if find_writer(data_dir / "curated" / ".lock"):
        return Check("leftovers", "ok")
    left = [*(data_dir / "curated").glob(".staging-*"), *(data_dir / "raw").glob("*/.landing-*")]
    names = ", ".join(str(path.relative_to(data_dir)) for path in sorted(left)[:5])
    return Check("leftovers", "note", {"names": names}) if left else Check("leftovers", "ok")


def check_settings(data_dir: Path) -> Check:
    from flows.operation.calendar import load_calendar
    from flows.operation.notify import load_notices

    try:
        load_calendar(data_dir)
        load_notices(data_dir)
    except InputError as error:
        return Check("settings", "fail", {"problem": str(error)})
    return Check("settings", "ok")


def check_schedules(data_dir: Path) -> Check:
    from flows.operation.deployments import load_deployments

    try:
        names = [deployment.name for deployment in load_deployments()]
    except InputError as error:
        return Check("schedules", "fail", {"problem": str(error)})
    return Check("schedules", "ok", {"names": ", ".join(names)})


def check_prefect(data_dir: Path) -> Check:
    """A server that is named must answer; without one each run starts its own."""
    places = {"version": find_version("prefect"), "home": os.environ.get("PREFECT_HOME", "curated/.prefect")}
    url = os.environ.get("PREFECT_API_URL", "")
    if url:
        try:
            urllib.request.urlopen(f"{url}/health", timeout=3).close()
        except (urllib.error.URLError, OSError, ValueError):
            return Check("prefect", "fail", places | {"url": url})
    return Check("prefect", "ok", places)


def check_zones(data_dir: Path) -> Check:
    try:
        offset = datetime.now(ZoneInfo(ZONE)).strftime("UTC%z")
    except ZoneInfoNotFoundError:
        return Check("zones", "fail", {"zone": ZONE})
    return Check("zones", "ok", {"offset": offset})


def check_x13as(data_dir: Path) -> Check:
    from transforms.indicators.adjusted import find_x13as

    path = find_x13as()
    return Check("x13as", "ok", {"path": path}) if path else Check("x13as", "note")


def check_fonts(data_dir: Path) -> Check:
    """Workbooks name a Chinese font; whether this machine has any matters only to who opens them here."""
    asking = shutil.which("fc-list")
    if not asking:
        return Check("fonts", "note", words="unknown")
    done = subprocess.run([asking, ":lang=zh", "family"], capture_output=True, text=True, timeout=20)
    names = sorted({line.split(",")[0].strip() for line in done.stdout.splitlines() if line.strip()})
    return Check("fonts", "ok", {"names": ", ".join(names[:3])}) if names else Check("fonts", "note", words="none")
