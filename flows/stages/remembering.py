"""What the rules found, run by run: kept beside the summaries of the runs, so that it can be told since when."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from expectations.report import make_report, render_html
from flows.stages.parquet import write_parquet
from flows.store.workspace import Workspace

KEPT_RUNS = 50  # that changed anything; older ones are removed


def remember_rules(workspace: Workspace, made: Path, run_id: str) -> Path:
    """Append the validation records of the run, with the event, to the history, and write its report in both languages.

    In curated/runs/rules: <run>.parquet, <run>_en.html, <run>_zh.html. made: the folder of what the run made. Returns
    the report in English.
    """
    folder = workspace.curated / "runs" / "rules"
    folder.mkdir(parents=True, exist_ok=True)
    judged = made / "validation"
    records = _add_event(pq.read_table(judged / "validation_records.parquet"), run_id)
    write_parquet(records, folder / f"{run_id}.parquet")
    _drop_oldest(folder)
    history = load_history(workspace.curated)
    report = make_report(records.to_pylist(), pq.read_table(judged / "findings.parquet").to_pylist(), history)
    for lang, other in (("en", "zh"), ("zh", "en")):
        page = render_html(report, lang, f"{run_id}_{other}.html")
        (folder / f"{run_id}_{lang}.html").write_text(page, encoding="utf-8")
    return folder / f"{run_id}_en.html"


def render_reports(made: Path, run_id: str) -> dict[str, str]:
    """The report of what a run made, without what earlier runs found: name of the file -> page, in both languages."""
    records = _add_event(pq.read_table(made / "validation" / "validation_records.parquet"), run_id)
    report = make_report(records.to_pylist(), pq.read_table(made / "validation" / "findings.parquet").to_pylist(), [])
    return {
        f"quality_{lang}.html": render_html(report, lang, f"quality_{other}.html")
        for lang, other in (("en", "zh"), ("zh", "en"))
    }


def has_history(workspace: Workspace) -> bool:
    return any((workspace.curated / "runs" / "rules").glob("*.parquet"))


def load_history(curated: Path) -> list[dict[str, Any]]:
    """The validation records of the runs that are kept, the oldest first."""
    paths = sorted((curated / "runs" / "rules").glob("*.parquet"))
    columns = ["rule_id", "dataset", "vintage", "value", "failed", "event_time", "event_trigger"]
    return [record for path in paths for record in pq.read_table(path, columns=columns).to_pylist()]


def find_report(curated: Path, lang: str) -> Path | None:
    """The last report in a language, None where there is none."""
    return max((curated / "runs" / "rules").glob(f"*_{lang}.html"), default=None)


def _add_event(records: pa.Table, run_id: str) -> pa.Table:
    """The records with what made them: time (UTC), who started it, software, run."""
    told = {
        "event_time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "event_actor": _tell_actor(),
        "event_agent": f"digitrade {version('digitrade')}, DuckDB {version('duckdb')}, "
        f"Great Expectations {version('great-expectations')}",
        "event_trigger": run_id,
    }
    for name, text in told.items():
        place = records.schema.get_field_index(name)
        column = pc.fill_null(pa.nulls(records.num_rows, pa.string()), text)
        records = records.set_column(place, records.schema.field(name), column)
    return records


def _tell_actor() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user without a name, as in a container
        return "unknown"


def _drop_oldest(folder: Path) -> None:
    for old in sorted(folder.glob("*.parquet"))[:-KEPT_RUNS]:
        for path in folder.glob(f"{old.stem}*"):
            path.unlink()
