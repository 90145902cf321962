"""Which release is the published one, and curated/ brought in line with it, however often that is broken off.

The pointer, curated/releases/published.json, is replaced by one renaming: that is the moment of publication. The files
in curated/ itself follow, one by one, from the folder of the release, which does not change; while they do, the mark
curated/.publishing stands. Where it is found and nobody is at work, a run was killed there: whoever comes next brings
curated/ in line with the pointer, and so completes the publication, or undoes what had not become one.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from flows.store.disk import is_same, keep, move, sync, sync_folders, write_whole
from flows.store.lock import hold_lock
from flows.store.names import DATABASE, FOLDERS, SEEN
from flows.store.releases import RELEASES, Release
from transforms.errors import InputError

POINTER = "published.json"
MARK = ".publishing"
REPLACED = ".staging-replaced-"


def load_pointer(curated: Path) -> dict[str, Any]:
    """What is published, and what is withheld: release (0: none), rollback, held, history. docs/releases.md."""
    try:
        found = json.loads((curated / RELEASES / POINTER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = {}
    return {"release": 0, "held": {}, "history": []} | (found if isinstance(found, dict) else {})


def write_pointer(curated: Path, pointer: Mapping[str, Any]) -> None:
    text = json.dumps(pointer, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    write_whole(curated / RELEASES / POINTER, text)


def find_current(curated: Path) -> Release | None:
    """The published release; None where there is none, or its folder has gone or cannot be read."""
    number = load_pointer(curated)["release"]
    release = Release(number, curated / RELEASES / str(number))
    with suppress(InputError):
        return release if number and release.files else None
    return None


def find_published(data_dir: Path) -> Path:
    """The folder to read the publication from, in which database and Parquet belong together and stay as they are.

    That is the folder of the published release. It is curated/ itself where no release was made yet, or where somebody
    has put another database in its place. What a killed run left half done is completed first, if nobody is at work.
    """
    curated = data_dir / "curated"
    if (curated / MARK).exists():
        with suppress(InputError, OSError), hold_lock(curated):  # a folder that may only be read needs no mending
            recover(curated)
    folder = curated / RELEASES / str(load_pointer(curated)["release"])
    is_moving = (curated / MARK).exists() and (folder / DATABASE).is_file()
    return folder if is_moving or is_same(folder / DATABASE, curated / DATABASE) else curated


def switch(curated: Path, release: Release, pointer: Mapping[str, Any]) -> None:
    """Publish a release: the pointer first, then the files in curated/. Where a file cannot be replaced - Windows
    refuses while a reader has it open - both are as they were, and the call can be repeated."""
    before = load_pointer(curated)
    forget_seen(curated)
    write_whole(curated / MARK, f"{release.number}\n")
    try:
        write_pointer(curated, pointer)
        bring_in_line(curated, release, release.files)
    except OSError:
        write_pointer(curated, before)
        (curated / MARK).unlink()
        raise
    (curated / MARK).unlink()


def recover(curated: Path) -> None:
    """Bring curated/ in line with the pointer where a run was killed on the way. For who holds the lock."""
    if not (curated / MARK).exists():
        return
    if release := find_current(curated):
        forget_seen(curated)
        bring_in_line(curated, release, release.files)
    (curated / MARK).unlink()


def forget_seen(curated: Path) -> None:
    """What was seen of files speaks of the outputs beside it: it goes before they change, and costs a hashing."""
    if (curated / SEEN).is_dir():
        shutil.rmtree(curated / SEEN)
        sync(curated)


def bring_in_line(curated: Path, release: Release, names: Iterable[str], folders: Iterable[str] = FOLDERS) -> None:
    """Put the files of a release in their places, by renaming, the database last, and drop what it does not have.

    All or nothing while this process lives: when a step fails, every step before it is taken back. A reader who has a
    file open keeps reading it: it is replaced, not rewritten.
    """
    wanted = sorted({Path(name) for name in names}, key=lambda path: (path == Path(DATABASE), path))
    there = {
        path.relative_to(curated) for name in folders for path in sorted((curated / name).rglob("*")) if path.is_file()
    }
    outdated = sorted(there - set(wanted))
    with tempfile.TemporaryDirectory(prefix=REPLACED, dir=curated) as beside:
        fresh, kept = Path(beside) / "fresh", Path(beside) / "kept"
        done: list[Path] = []
        try:
            for path in outdated:
                move(curated / path, kept / path)
                done.append(path)
            for path in wanted:
                if is_same(curated / path, release.folder / path):
                    continue
                keep(release.folder / path, fresh / path)
                if (curated / path).is_file():
                    keep(curated / path, kept / path)
                move(fresh / path, curated / path)
                done.append(path)
        except OSError:
            for path in reversed(done):
                if (kept / path).is_file():
                    move(kept / path, curated / path)
                else:
                    (curated / path).unlink()
            raise
    sync_folders(curated / path for path in done)
    drop_empty(curated, folders)


def drop_empty(curated: Path, folders: Iterable[str]) -> None:
    for folder in folders:
        for path in sorted((curated / folder).rglob("*"), reverse=True):
            if path.is_dir() and not any(path.iterdir()):
                path.rmdir()
