"""A round of the sources: each is asked by itself, so that one publisher that is down does not stop the others."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from flows.connectors.source import check_dataset, find_sources
from flows.operation.history import write_record
from flows.operation.logs import log_event
from flows.store.editions import list_visible, name_latest, order_vintage
from transforms.errors import InputError

Row = dict[str, Any]  # dataset, vintage, state: landed, unchanged or failed, problem
Ask = Callable[[Path, str], Row]
Warn = Callable[[str], None]


def list_askable(data_dir: Path, datasets: Sequence[str] = ()) -> list[str]:
    """The datasets that are asked: those named; else the user's own sources, and the shipped ones of landed datasets.

    So nothing is fetched that nobody wanted. Raises InputError for a name that has no source to ask.
    """
    sources = find_sources(data_dir)
    known = sorted(name for name, source in sources.items() if source.has_interface)
    if unknown := sorted(set(datasets) - set(known)):
        raise InputError(
            "there is no source of this name that can be asked",
            found=unknown[0],
            todo=f"use some of {', '.join(known)}, or write own/sources/{unknown[0]}.toml.",
        )
    if datasets:
        return list(dict.fromkeys(datasets))
    own = {path.stem for path in (data_dir / "own" / "sources").glob("*.toml")}
    return [name for name in known if name in own or name_latest(data_dir / "raw" / name)]


def ask_source(data_dir: Path, dataset: str, warn: Warn = lambda text: None, **settings: Any) -> Row:
    """Ask one source, and land what is new. Raises what hinders it. settings: of ingest_dataset."""
    from flows.connectors.collect import ingest_dataset

    landed = ingest_dataset(data_dir, dataset, warn=warn, **settings)
    state = "landed" if landed.is_new else "unchanged"
    return {"dataset": dataset, "vintage": landed.edition.vintage, "state": state, "problem": ""}


def tell_failure(data_dir: Path, dataset: str, error: Exception) -> Row:
    """The row of a source that failed, with the latest edition at hand, which stays ('' where there is none)."""
    text = " ".join(str(error).split()) or type(error).__name__
    problem = text if isinstance(error, InputError) else f"{type(error).__name__}: {text}"
    latest = name_latest(data_dir / "raw" / dataset)
    return {"dataset": dataset, "vintage": latest, "state": "failed", "problem": problem}


def ask_sources(data_dir: Path, run_id: str, datasets: Sequence[str] = (), ask: Ask = ask_source) -> Row:
    """Ask the sources one after the other, and keep the record of the round. Nothing that one of them does stops it."""
    rows, begun = [], time.perf_counter()
    for dataset in list_askable(data_dir, datasets):
        try:
            rows.append(ask(data_dir, dataset))
        except Exception as error:
            rows.append(tell_failure(data_dir, dataset, error))
        log_event("source asked", run_id=run_id, **rows[-1])
    return keep_round(data_dir, run_id, rows, time.perf_counter() - begun)


def keep_round(data_dir: Path, run_id: str, rows: Sequence[Row], seconds: float) -> Row:
    """Write the record of a round to curated/runs/ingest, and send notices of the sources that failed."""
    from flows.operation.notify import tell

    record = {"run_id": run_id, "kind": "ingest", "data_dir": str(data_dir), "datasets": list(rows),
              "seconds": {"all": round(seconds, 3)}}  # fmt: skip
    write_record(data_dir / "curated", "ingest", record)
    tell(data_dir, record)
    return record


def list_backfill(folder: Path) -> list[tuple[str, Path]]:
    """(vintage, file or folder) of everything in a folder of editions, the oldest first; a file's vintage is its stem.

    Raises InputError where there is nothing, or where two would be one vintage.
    """
    if not folder.is_dir():
        raise InputError("there is no such folder of editions", file=str(folder), todo="give it with --from.")
    found = [(path.name if path.is_dir() else path.name.partition(".")[0], path) for path in list_visible(folder)]
    found.sort(key=lambda one: order_vintage(one[0]))
    if not found:
        raise InputError("the folder holds no editions", file=str(folder), todo="put a file or folder for each in it.")
    for (vintage, path), (other, _) in zip(found[1:], found, strict=False):
        if vintage == other:
            raise InputError(
                "two editions of one name", file=str(path), found=vintage, todo="put their files into one folder."
            )
    return found


def backfill(data_dir: Path, run_id: str, dataset: str, folder: Path, **settings: Any) -> Row:
    """Land every edition of a folder, the oldest first; one that cannot be landed does not stop the others."""
    check_dataset(dataset)
    rows, begun = [], time.perf_counter()
    for vintage, path in list_backfill(folder):
        try:
            row = ask_source(data_dir, dataset, origin=str(path), vintage=vintage, **settings)
        except Exception as error:
            row = tell_failure(data_dir, dataset, error) | {"vintage": vintage}
        rows.append(row)
        log_event("edition landed", run_id=run_id, **row)
    return keep_round(data_dir, run_id, rows, time.perf_counter() - begun)
