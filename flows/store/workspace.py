"""Where a run writes: beside the published files first, then by renaming. A failed run leaves what was there."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flows.store.disk import keep
from flows.store.editions import order_vintage
from flows.store.lock import Lock, hold_lock
from flows.store.mirror import recover
from flows.store.names import DATABASE, EDITION_FOLDERS, FOLDERS, REVISION_REPORT
from flows.store.releases import clear_unfinished
from transforms.errors import InputError

__all__ = ["DATABASE", "EDITION_FOLDERS", "FOLDERS", "REVISION_REPORT", "Workspace", "open_workspace", "refuse_rooms"]

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
    lock: Lock | None = None

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
        keep(published, staged)
        return staged


@contextmanager
def open_workspace(data_dir: Path, wait: float = 0) -> Iterator[Workspace]:
    """A workspace with an empty staging folder, removed at the end whatever happens.

    One run at a time writes to a data folder; so whatever is found half done is a killed run's: its publication is
    completed, its staging folder removed. Raises InputError when another run is still at work after so many seconds.
    """
    curated = data_dir / "curated"
    with hold_lock(curated, wait) as lock:
        recover(curated)
        clear_left(curated)
        staging = Path(tempfile.mkdtemp(prefix=".staging-", dir=curated))
        try:
            yield Workspace(data_dir, staging, lock)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
            shutil.rmtree(staging.with_name(f"{staging.name}-scratch"), ignore_errors=True)


def clear_left(curated: Path) -> None:
    """Remove what killed runs left: staging folders, a release in the making, half-written summaries."""
    for old in curated.glob(".staging-*"):
        shutil.rmtree(old, ignore_errors=True)
    clear_unfinished(curated)
    for old in curated.glob(".lock-owner-*"):
        old.unlink(missing_ok=True)
    for folder in (curated, curated / "runs", curated / "releases"):
        for old in folder.glob("*.tmp"):
            old.unlink(missing_ok=True)
