"""The state of everything: editions and their ages, last runs, failing rules, next runs. Read only."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from flows.operation.calendar import Rhythm, find_published, judge_age, load_calendar
from flows.operation.deployments import load_deployments
from flows.operation.history import list_history
from flows.store.editions import Found, find_editions, order_vintage

Row = dict[str, Any]
LAST_RUNS = 5
NEXT_RUNS = 6
ADDRESS = "server.json"  # in curated/.prefect: where the server of digitrade schedule answers
_PATIENCE = 2.0  # seconds for a server


def look_around(data_dir: Path, now: datetime | None = None) -> Row:
    """Everything that digitrade status shows, as plain values."""
    now = now or datetime.now(UTC)
    curated = data_dir / "curated"
    runs = list_history(curated)
    last = load_last_summary(curated)
    schedules, server = list_next_runs(curated, now)
    return {
        "data_dir": str(data_dir),
        "database": _find_database(curated),
        "editions": list_ages(data_dir, now.date(), last),
        "last_runs": [_plain(row) for row in runs[-LAST_RUNS:][::-1]],
        "failing_rules": last.get("failing_rules", []),
        "schedules": schedules,
        "server": server,
    }


def load_last_summary(curated: Path) -> Row:
    """The summary of the last run that published; {} where there is none."""
    path = max((curated / "runs").glob("*.json"), default=None)
    return json.loads(path.read_text(encoding="utf-8")) if path else {}


def _find_database(curated: Path) -> str:
    from flows.store.workspace import DATABASE

    path = curated / DATABASE
    return str(path) if path.is_file() else ""


def list_ages(data_dir: Path, today: date, last: Row) -> list[Row]:
    """The latest edition of every dataset with its age in days, when the next is expected, and how it was read.

    Ages are counted from the day of publication; where the card does not give one, there is none, and taken_days tells
    how long ago the file was taken.
    """
    rhythms, asked = load_calendar(data_dir), list_last_asked(data_dir / "curated")
    read = {(row["dataset"], row["vintage"]): row for row in last.get("datasets", [])}
    latest: dict[str, Found] = {}
    counts: dict[str, int] = {}
    for found in find_editions(data_dir):
        counts[found.dataset] = counts.get(found.dataset, 0) + 1
        before = latest.get(found.dataset)
        if before is None or order_vintage(found.vintage) > order_vintage(before.vintage):
            latest[found.dataset] = found
    return [
        _tell_age(found, counts[dataset], rhythms.get(dataset), today)
        | _tell_reading(read.get((dataset, found.vintage)), found)
        | {"asked": asked.get(dataset)}
        for dataset, found in latest.items()
    ]


def _tell_age(found: Found, editions: int, rhythm: Rhythm | None, today: date) -> Row:
    card = found.edition.card if found.edition else {}
    published, taken = find_published(card, found.vintage), _read_day(card.get("we_did", {}).get("accessed", ""))
    due, expected = judge_age(published, rhythm, today)
    return {
        "dataset": found.dataset,
        "vintage": found.vintage,
        "editions": editions,
        "published": published.isoformat() if published else None,
        "age_days": (today - published).days if published else None,
        "taken_days": (today - taken).days if taken else None,
        "every": rhythm.every if rhythm else None,
        "expected": expected.isoformat() if expected else None,
        "due": due,
    }


def _read_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _tell_reading(row: Row | None, found: Found) -> Row:
    """How the last run left the edition: read, kept, blocked; '' where it has not been in a run yet."""
    if row is None:
        return {"state": "", "problem": str(found.problem or "")}
    return {"state": row["state"], "problem": row["problem"]}


def list_last_asked(curated: Path) -> dict[str, Row]:
    """Dataset -> when its source was last asked, and how that ended: landed, unchanged or failed."""
    return {
        row["dataset"]: {"day": row["started"].date().isoformat(), "state": row["state"], "problem": row["problem"]}
        for row in list_history(curated, "run_editions")
        if row["kind"] == "ingest" and row["started"]
    }


def list_next_runs(curated: Path, now: datetime) -> tuple[list[Row], str]:
    """The next runs, the soonest first, and the server that says so; by prefect.yaml, and '', where none answers."""
    url = find_server(curated)
    planned = ask_scheduled(url) if url else None
    if planned is not None:
        return planned[:NEXT_RUNS], url
    found = [(deployment.name, deployment.find_next(now)) for deployment in load_deployments()]
    times = sorted((time.astimezone(UTC), name, time) for name, time in found if time)
    return [{"name": name, "time": time.isoformat()} for _, name, time in times[:NEXT_RUNS]], ""


def find_server(curated: Path) -> str:
    """The API address of a Prefect server: PREFECT_API_URL, else that of digitrade schedule; '' where there is none."""
    if url := os.environ.get("PREFECT_API_URL"):
        return url
    try:
        return str(json.loads((curated / ".prefect" / ADDRESS).read_text(encoding="utf-8"))["url"])
    except (OSError, ValueError, KeyError):
        return ""


def ask_scheduled(url: str) -> list[Row] | None:
    """The runs that a server has planned; None where it does not answer."""
    body = {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}, "sort": "EXPECTED_START_TIME_ASC", "limit": 200}
    deployments = _post(f"{url}/deployments/filter", {"limit": 200})
    runs = _post(f"{url}/flow_runs/filter", body)
    if deployments is None or runs is None:
        return None
    names = {row["id"]: row["name"] for row in deployments}
    first: dict[str, Row] = {}
    for run in runs:
        name = names.get(str(run.get("deployment_id")), str(run["name"]))
        first.setdefault(name, {"name": name, "time": run["expected_start_time"]})
    return list(first.values())


def _post(url: str, body: Row) -> list[Row] | None:
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json", "Accept": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:
            found = json.load(answer)
    except (urllib.error.URLError, OSError, ValueError):
        return None
    return found if isinstance(found, list) else None


def _plain(row: Row) -> Row:
    return row | {"started": row["started"].isoformat() if row["started"] else None}
