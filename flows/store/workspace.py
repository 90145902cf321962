"""Where a run writes: beside the published files first, then by renaming. A failed run leaves what was there."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

DATABASE = "digitrade.duckdb"
ABANDONED_SECONDS = 24 * 3600  # a staging folder untouched for so long belongs to a run that was killed


@dataclass(frozen=True)
class Workspace:
    """data_dir holds raw/, own/ and curated/; staging is this run's own folder inside curated/."""

    data_dir: Path
    staging: Path

    @property
    def curated(self) -> Path:
        return self.data_dir / "curated"

    def observations_of(self, dataset: str, vintage: str, *, published: bool = False) -> Path:
        root = self.curated if published else self.staging
        return root / "observations" / f"dataset={dataset}" / f"vintage={vintage}" / "observations.parquet"


@contextmanager
def open_workspace(data_dir: Path) -> Iterator[Workspace]:
    """A workspace with an empty staging folder, removed at the end whatever happens; abandoned ones are removed too."""
    curated = data_dir / "curated"
    curated.mkdir(parents=True, exist_ok=True)
    for old in curated.glob(".staging-*"):
        if time.time() - old.stat().st_mtime > ABANDONED_SECONDS:
            shutil.rmtree(old, ignore_errors=True)
    staging = Path(tempfile.mkdtemp(prefix=".staging-", dir=curated))
    try:
        yield Workspace(data_dir, staging)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def publish(workspace: Workspace) -> list[Path]:
    """Move every staged file to its place by renaming, the database last; drop what this run no longer makes.

    A reader that has the old database open keeps reading it: the file is replaced, not rewritten.
    """
    staged = sorted(path.relative_to(workspace.staging) for path in workspace.staging.rglob("*") if path.is_file())
    staged.sort(key=lambda path: path == Path(DATABASE))
    for path in staged:
        target = workspace.curated / path
        target.parent.mkdir(parents=True, exist_ok=True)
        (workspace.staging / path).replace(target)
    for folder in ("observations", "indicators", "comparisons", "checks", "exports"):
        for old in sorted((workspace.curated / folder).rglob("*"), reverse=True):
            if old.is_file() and old.relative_to(workspace.curated) not in staged:
                old.unlink()
            elif old.is_dir() and not any(old.iterdir()):
                old.rmdir()
    return [workspace.curated / path for path in staged]
