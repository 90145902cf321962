"""Where a run writes: beside the published files first, then by renaming. A failed run leaves what was there."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from flows.store.editions import order_vintage
from transforms.errors import InputError

DATABASE = "digitrade.duckdb"
REVISION_REPORT = "revisions.json"
# What an edition gives, each in <folder>/dataset=<dataset>/vintage=<vintage>/.
EDITION_FOLDERS = ("observations", "labels", "quarantine", "texts", "corrections")
# state: what the outputs were made from; seen: sizes and times of files on this machine, so that what has not been
# touched need not be hashed again.
FOLDERS = (
    *EDITION_FOLDERS,
    "indicators",
    "core",
    "comparisons",
    "revisions",
    "checks",
    "rules",
    "audit",
    "validation",
    "exports",
    "state",
    "seen",
)


ROOMS = ("raw", "own", "curated")  # of a data folder


def refuse_rooms(target: Path, data_dir: Path) -> None:
    """Raise InputError where a file to be written lies in a room of the data folder, by its path or through a link."""
    real = target.resolve()
    for room in (data_dir / name for name in ROOMS):
        if any(room.exists() and above.exists() and above.samefile(room) for above in (real, *real.parents)):
            raise InputError(
                f"{target} lies inside {room}, which the project keeps: landed editions and published files are not "
                "written over",
                todo=f"choose a file elsewhere, outside {', '.join(f'{name}/' for name in ROOMS)} of the data folder.",
            )


@dataclass(frozen=True)
class Workspace:
    """data_dir holds raw/, own/ and curated/; staging is this run's own folder inside curated/."""

    data_dir: Path
    staging: Path

    @property
    def curated(self) -> Path:
        return self.data_dir / "curated"

    def folder_of(self, kind: str, dataset: str, vintage: str, *, published: bool = False) -> Path:
        """Where the files of one kind of one edition lie: observations, labels, quarantine, texts, state, seen."""
        root = self.curated if published else self.staging
        return root / kind / f"dataset={dataset}" / f"vintage={vintage}"

    def observations_of(self, dataset: str, vintage: str, *, published: bool = False) -> Path:
        return self.folder_of("observations", dataset, vintage, published=published) / "observations.parquet"

    def list_revised(self) -> list[tuple[str, str, str]]:
        """(dataset, earlier, later) of every dataset with two staged editions or more: the last two, in their order."""
        vintages: dict[str, list[str]] = {}
        for folder in (self.staging / "observations").glob("dataset=*/vintage=*"):
            vintages.setdefault(folder.parent.name.removeprefix("dataset="), []).append(
                folder.name.removeprefix("vintage=")
            )
        ordered = {dataset: sorted(of, key=order_vintage) for dataset, of in sorted(vintages.items())}
        return [(dataset, of[-2], of[-1]) for dataset, of in ordered.items() if len(of) > 1]

    def make_scratch(self) -> Path:
        """A folder for what a run needs only while it works; removed with the staging folder, never published."""
        scratch = self.staging.with_name(f"{self.staging.name}-scratch")
        scratch.mkdir(parents=True, exist_ok=True)
        return scratch

    def take_over(self, published: Path) -> Path:
        """Stage a published file as it is, under a second name where the file system has them."""
        staged = self.staging / published.relative_to(self.curated)
        staged.unlink(missing_ok=True)
        _keep(published, staged)
        return staged


@contextmanager
def open_workspace(data_dir: Path) -> Iterator[Workspace]:
    """A workspace with an empty staging folder, removed at the end whatever happens.

    One run at a time writes to a data folder; so whatever staging folder is found belongs to a run that was killed,
    and is removed. Raises InputError when another run is at work.
    """
    curated = data_dir / "curated"
    curated.mkdir(parents=True, exist_ok=True)
    with (curated / ".lock").open("a+", encoding="utf-8") as lock:
        _take(lock)
        for old in curated.glob(".staging-*"):
            shutil.rmtree(old, ignore_errors=True)
        staging = Path(tempfile.mkdtemp(prefix=".staging-", dir=curated))
        try:
            yield Workspace(data_dir, staging)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
            shutil.rmtree(staging.with_name(f"{staging.name}-scratch"), ignore_errors=True)


def _take(lock: IO[str]) -> None:
    """Lock the file for this process; the system releases it when the process ends, however it ends."""
    try:
        if os.name == "nt":
            import msvcrt

            lock.seek(1 << 20)  # beyond the text, which stays readable
            msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        else:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.seek(0)
        raise InputError(
            "another run is writing to this data folder",
            file=lock.name,
            found=lock.read().strip() or "no name",
            todo="wait until it has ended, or use another --data-dir.",
        ) from None
    lock.truncate(0)
    lock.write(f"process {os.getpid()}\n")
    lock.flush()


def publish(workspace: Workspace) -> list[Path]:
    """Move every staged file to its place by renaming, the database last, and drop what this run no longer makes.

    All or nothing: when a step fails, every step before it is taken back, so that the old publication stands whole and
    the call can be repeated. A reader that has the old database open keeps reading it: the file is replaced, not
    rewritten.
    """
    curated, staging = workspace.curated, workspace.staging
    staged = sorted(path.relative_to(staging) for path in staging.rglob("*") if path.is_file())
    if Path(DATABASE) not in staged:
        raise InputError("nothing to publish: the run has staged no database", file=str(staging))
    for dataset, old, new in workspace.list_revised():
        report = workspace.folder_of("revisions", dataset, new) / REVISION_REPORT
        if not report.is_file():
            raise InputError(
                f"nothing is published: there is no report on what {dataset}/{new} revises of {old}",
                file=str(report.relative_to(staging)),
                todo="run again; if it stays so, report it: this is a fault of the software.",
            )
    staged.sort(key=lambda path: path == Path(DATABASE))
    outdated = [
        path.relative_to(curated)
        for folder in FOLDERS
        for path in sorted((curated / folder).rglob("*"))
        if path.is_file() and path.relative_to(curated) not in staged
    ]
    with tempfile.TemporaryDirectory(prefix=".staging-replaced-", dir=curated) as replaced:
        kept = Path(replaced)
        done: list[Path] = []
        try:
            for path in outdated:
                _move(curated / path, kept / path)
                done.append(path)
            for path in staged:
                if (curated / path).is_file():
                    _keep(curated / path, kept / path)
                _move(staging / path, curated / path)
                done.append(path)
        except OSError:
            for path in reversed(done):
                if path in staged:
                    _move(curated / path, staging / path)
                if (kept / path).is_file():
                    _move(kept / path, curated / path)
            raise
    for folder in FOLDERS:
        for path in sorted((curated / folder).rglob("*"), reverse=True):
            if path.is_dir() and not any(path.iterdir()):
                path.rmdir()
    return [curated / path for path in staged]


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    source.replace(target)


def _keep(source: Path, target: Path) -> None:
    """A second name for a file, so that it can be put back; a copy where the file system has no second names."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
