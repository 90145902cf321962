"""What is published, handed on: the database and tables to another folder; the contradictions found, as rows."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from flows.store.workspace import DATABASE, refuse_rooms
from transforms.errors import InputError


def hand_out(data_dir: Path, target: str) -> list[Path]:
    """Copy the published database, tables and reports into a folder, each beside and renamed; the files there.

    The database comes last, so that whoever finds it new finds the tables new. What else lies there stays. Raises
    InputError where nothing is published, or the folder is one of the project's own.
    """
    if not target:
        raise InputError("no folder to hand out to", todo="give target, such as /mnt/office/digitrade.")
    curated, folder = data_dir / "curated", Path(target)
    refuse_rooms(folder, data_dir)
    database = _need_database(curated)
    found = [path for path in sorted((curated / "exports").rglob("*")) if path.is_file()]
    made = []
    for path in [*found, database]:
        place = folder / path.relative_to(curated)
        place.parent.mkdir(parents=True, exist_ok=True)
        beside = place.with_name(f".{place.name}.tmp")
        shutil.copyfile(path, beside)
        beside.replace(place)
        made.append(place)
    return made


def list_contradictions(data_dir: Path) -> list[dict[str, Any]]:
    """The contradictions that the audit of the last run found, the strictest first, as plain texts."""
    import duckdb

    with duckdb.connect(str(_need_database(data_dir / "curated")), read_only=True) as con:
        found = con.execute(
            "SELECT COLUMNS(*)::VARCHAR FROM audit_findings WHERE kind = 'contradiction' ORDER BY ALL"
        ).to_arrow_table()
    rows: list[dict[str, Any]] = found.to_pylist()
    grades = ("strict", "declared", "soft")
    return sorted(rows, key=lambda row: grades.index(row["grade"]))


def _need_database(curated: Path) -> Path:
    path = curated / DATABASE
    if not path.is_file():
        raise InputError("nothing is published", file=str(path), todo="run digitrade run.")
    return path
