"""Records of what ran: written beside the database in curated/runs, read back by the SELECTs of its macros.

runs/<run>.json is the summary of a run that published; runs/failed/<run>.json tells of one that did not, and
runs/ingest/<run>.json of a round of the sources. All have run_id, kind, datasets, seconds and problem.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from flows.operation.logs import log_event
from flows.operation.notify import tell

Row = dict[str, Any]


def list_history(curated: Path, name: str = "runs") -> list[Row]:
    """The rows of runs, run_editions or run_steps; none where nothing has run. The latest last."""
    if not any((curated / "runs").rglob("*.json")):
        return []
    import duckdb

    from transforms.history import HISTORY

    with duckdb.connect() as con:
        con.execute("SET VARIABLE curated = $1", [str(curated)])
        sql = HISTORY[name].replace("curated || ", "getvariable('curated') || ")
        return con.execute(sql).to_arrow_table().to_pylist()


def write_record(curated: Path, kind: str, record: Mapping[str, Any]) -> Path:
    """Keep a record in curated/runs/<kind>, written beside and renamed."""
    path = curated / "runs" / kind / f"{record['run_id']}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".tmp")
    beside.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    beside.replace(path)
    return path


@contextmanager
def record_failure(data_dir: Path, run_id: str, seconds: dict[str, float]) -> Iterator[None]:
    """Keep a record of a run that ends in an error, with the times of its steps, and send notices. The error goes on.

    Where the record itself cannot be written - the disk is full or closed - the error is what matters.
    """
    started = time.perf_counter()
    try:
        yield
    except Exception as error:
        problem = " ".join(f"{error}".split()) or type(error).__name__
        record = {"run_id": run_id, "kind": "run", "problem": problem, "data_dir": str(data_dir), "datasets": [],
                  "seconds": seconds | {"all": round(time.perf_counter() - started, 3)}}  # fmt: skip
        log_event("run failed", level="error", run_id=run_id, problem=problem)
        if (data_dir / "curated").is_dir():
            with suppress(OSError):
                write_record(data_dir / "curated", "failed", record)
        tell(data_dir, record)
        raise
