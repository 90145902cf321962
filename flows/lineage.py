"""What the last run published, gathered from the states beside the outputs, for the export as OpenLineage events."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import duckdb

from flows.stages import find_tables
from flows.stages.fingerprints import hash_all_code, load_json
from transforms.errors import InputError
from transforms.export import build_table
from transforms.trace.lineage import BlockedEdition, Publication, PublishedEdition


def gather_publication(con: duckdb.DuckDBPyConnection, data_dir: Path) -> Publication:
    """The publication in a data folder; con is open on its database. Raises InputError where no run is recorded."""
    curated = data_dir / "curated"
    state = curated / "state"
    results, release = (load_json(state / f"{name}.json") for name in ("results", "release"))
    if not results or not release:
        raise InputError("the publication has no record of its making", file=str(state), todo="run digitrade run.")
    software = release["fingerprint"].get("software") or hash_all_code()
    rows = {}
    for name in ("indicators", "comparisons"):
        counted = con.execute(f"SELECT count(*) FROM store.{name}").fetchone()
        rows[name] = int(counted[0]) if counted else 0
    tables = {spec.name: build_table(con, spec, "en").editions for spec in find_tables(data_dir)}
    files = _gather_files(con)
    stopped = con.execute("SELECT dataset, vintage, problem FROM datasets WHERE problem <> '' ORDER BY ALL").fetchall()
    return Publication(
        _time_of_last_run(curated), version("digitrade"), software["software"], _gather_editions(con, state, files),
        results["outputs"], release["outputs"], rows, tables,
        [BlockedEdition(dataset, vintage, problem, files.get((dataset, vintage), {}))
         for dataset, vintage, problem in stopped],
    )  # fmt: skip


_Files = dict[tuple[str, ...], dict[str, tuple[str, int]]]


def _gather_files(con: duckdb.DuckDBPyConnection) -> _Files:
    files: _Files = {}
    listed = con.execute("SELECT dataset, vintage, file, sha256, bytes FROM edition_files ORDER BY ALL").fetchall()
    for dataset, vintage, file, sha256, size in listed:
        files.setdefault((dataset, vintage), {})[file] = (sha256, size)
    return files


def _gather_editions(con: duckdb.DuckDBPyConnection, state: Path, files: _Files) -> list[PublishedEdition]:
    editions = []
    told = con.execute("SELECT dataset, vintage, title_en, observations FROM datasets ORDER BY ALL").fetchall()
    for dataset, vintage, title, observations in told:
        made = load_json(state / f"dataset={dataset}" / f"vintage={vintage}" / "state.json")
        editions.append(
            PublishedEdition(
                dataset, vintage, title, files.get((dataset, vintage), {}), made.get("outputs", {}), observations
            )
        )
    return editions


def _time_of_last_run(curated: Path) -> str:
    """ISO 8601 in UTC, from the name of the last run's record."""
    names = sorted(path.stem for path in (curated / "runs").glob("*.json"))
    for name in reversed(names):
        try:
            return datetime.strptime(name, "%Y%m%dT%H%M%SZ-%f").replace(tzinfo=UTC).isoformat()
        except ValueError:
            continue
    raise InputError("no run is recorded", file=str(curated / "runs"), todo="run digitrade run.")
