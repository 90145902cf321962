"""digitrade status: ages against the calendar, last runs, what is overdue; next runs by the server or by the file."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from operation_worlds import call, keep_run, land, tell_edition

from flows.operation.calendar import Rhythm, find_published, judge_age, load_calendar
from flows.operation.deployments import load_deployments
from flows.operation.status import look_around
from transforms.errors import InputError

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("every", "published", "expected"),
    [
        ("P1Y", date(2025, 12, 18), date(2026, 12, 18)),
        ("P1Y", date(2024, 2, 29), date(2025, 2, 28)),  # no such day: the last of the month
        ("P3M", date(2025, 11, 30), date(2026, 2, 28)),
        ("P1M", date(2025, 12, 31), date(2026, 1, 31)),
        ("P2W", date(2025, 12, 25), date(2026, 1, 8)),
        ("P10D", date(2025, 12, 25), date(2026, 1, 4)),
    ],
)
def test_the_next_edition_is_expected_a_rhythm_later(every: str, published: date, expected: date) -> None:
    assert Rhythm(every, 0).find_next(published) == expected


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.sampled_from(["P1Y", "P1M", "P3M", "P1W"]), st.integers(0, 400))
def test_an_edition_is_current_then_due_then_overdue(published: date, every: str, days: int) -> None:
    rhythm = Rhythm(every, 30)
    expected = rhythm.find_next(published)
    today = date.fromordinal(published.toordinal() + days)
    state, told = judge_age(published, rhythm, today)
    late = (today - expected).days
    assert told == expected > published
    assert state == ("current" if late < 0 else "due" if late <= 30 else "overdue")


def test_no_day_is_made_up() -> None:
    assert find_published({"publisher_says": {"published": "2025"}}, "2025-12") is None
    assert find_published({"publisher_says": {"published": ""}}, "2025-12-18.2") == date(2025, 12, 18)
    assert find_published({"publisher_says": {"published": "2025-01-02"}}, "2025-12-18") == date(2025, 1, 2)
    assert find_published({}, "2025-02-30") is None
    assert judge_age(None, Rhythm("P1Y", 0), NOW.date()) == ("undated", None)
    assert judge_age(date(2020, 1, 1), None, NOW.date()) == ("unscheduled", None)


@pytest.mark.parametrize(
    ("text", "named"),
    [('[a]\nevery = "1Y"', "a.every"), ('[a]\nevery = "P1Y"\nwithin_days = -1', "a.within_days"),
     ('[a]\neach = "P1Y"', "a.each"), ("a = 1", "a"), ("[a", "TOML")],
)  # fmt: skip
def test_a_fault_in_the_own_calendar_is_named(text: str, named: str, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "calendar.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=named) as caught:
        load_calendar(tmp_path)
    assert caught.value.file == "own/calendar.toml" and caught.value.todo


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    land(tmp_path, "fresh", "2026-10-01")
    land(tmp_path, "late", "2024-06-01")
    land(tmp_path, "late", "2025-06-01")
    land(tmp_path, "report", "2022", accessed="2026-11-18")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "calendar.toml").write_text(
        '[fresh]\nevery = "P1M"\nwithin_days = 40\n[late]\nevery = "P1Y"\nwithin_days = 30\n', encoding="utf-8"
    )
    return tmp_path


def test_ages_are_held_against_the_calendar(data_dir: Path) -> None:
    fresh, late, report = look_around(data_dir, NOW)["editions"]
    assert (fresh["age_days"], fresh["expected"], fresh["due"]) == (58, "2026-11-01", "due")
    assert (late["vintage"], late["editions"], late["age_days"]) == ("2025-06-01", 2, 545)
    assert (late["expected"], late["due"]) == ("2026-06-01", "overdue")
    assert (report["age_days"], report["taken_days"], report["due"]) == (None, 10, "unscheduled")


def test_the_last_good_edition_is_shown_with_what_the_source_last_said(data_dir: Path) -> None:
    keep_run(data_dir, "20261127T020000Z-000000", kind="ingest",
             datasets=[tell_edition("late", "unchanged"),
                       tell_edition("fresh", "failed", problem="no answer")])  # fmt: skip
    fresh, late, report = look_around(data_dir, NOW)["editions"]
    assert fresh["asked"] == {"day": "2026-11-27", "state": "failed", "problem": "no answer"}
    assert late["asked"]["state"] == "unchanged" and report["asked"] is None
    shown = call("status", "--data-dir", str(data_dir)).stdout
    assert "fresh: no answer" in shown and "2026-10-01" in shown and "overdue" in shown


def test_strict_is_for_monitors(data_dir: Path) -> None:
    assert call("status", "--data-dir", str(data_dir)).exit_code == 0
    assert call("status", "--strict", "--data-dir", str(data_dir)).exit_code == 1
    (data_dir / "own" / "calendar.toml").write_text("", encoding="utf-8")
    assert call("status", "--strict", "--data-dir", str(data_dir)).exit_code == 0
    keep_run(data_dir, "20261127T030000Z-000000", kind="failed", problem="the disk is full", datasets=[])
    strict = call("status", "--strict", "--json", "--data-dir", str(data_dir))
    assert strict.exit_code == 1 and json.loads(strict.stdout)["last_runs"][0]["problem"] == "the disk is full"


def test_both_languages(data_dir: Path) -> None:
    shown = call("status", "--lang", "zh", "--data-dir", str(data_dir)).stdout
    assert all(word in shown for word in ("数据集", "逾期", "尚无运行", "下次运行", "nightly"))


def test_without_raw_data_it_is_one_sentence(tmp_path: Path) -> None:
    told = call("status", "--data-dir", str(tmp_path))
    assert told.exit_code != 0 and isinstance(told.exception, InputError) and "raw" in str(told.exception)


def test_next_runs_by_the_file(data_dir: Path) -> None:
    told = look_around(data_dir, NOW)
    assert told["server"] == "" and told["schedules"][0] == {"name": "nightly", "time": "2026-11-29T02:00:00+08:00"}
    times = [datetime.fromisoformat(row["time"]) for row in told["schedules"]]
    assert times == sorted(times) and len(times) == 3


@pytest.fixture
def server() -> Iterator[str]:
    """A server that answers as Prefect's does: two deployments, three planned runs."""
    answers: dict[str, list[dict[str, Any]]] = {
        "/api/deployments/filter": [{"id": "1", "name": "nightly"}, {"id": "2", "name": "audit"}],
        "/api/flow_runs/filter": [
            {"deployment_id": "2", "name": "x", "expected_start_time": "2026-11-29T00:00:00Z"},
            {"deployment_id": "1", "name": "y", "expected_start_time": "2026-11-29T18:00:00Z"},
            {"deployment_id": "2", "name": "z", "expected_start_time": "2026-11-30T00:00:00Z"},
        ],
    }

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = json.dumps(answers[self.path]).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: Any) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Handler) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{made.server_port}/api"
        made.shutdown()


def test_next_runs_by_the_server_that_schedule_started(data_dir: Path, server: str) -> None:
    home = data_dir / "curated" / ".prefect"
    home.mkdir(parents=True)
    (home / "server.json").write_text(json.dumps({"url": server}), encoding="utf-8")
    told = look_around(data_dir, NOW)
    assert told["server"] == server
    assert told["schedules"] == [
        {"name": "audit", "time": "2026-11-29T00:00:00Z"}, {"name": "nightly", "time": "2026-11-29T18:00:00Z"}
    ]  # fmt: skip


def test_a_server_that_has_gone_is_passed_over(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    told = look_around(data_dir, NOW)
    assert told["server"] == "" and told["schedules"]


@pytest.mark.parametrize(
    ("text", "named"),
    [("deployments:\n - {name: a}", "entrypoint"), ("name: x", "no deployments"), ("a: [", "YAML"),
     ("deployments:\n - {name: a, entrypoint: f, schedules: [{cron: '61 * * * *'}]}", "cron line of a"),
     ("deployments:\n - {name: a, entrypoint: f, schedules: [{cron: '1 * * * *', timezone: Asia/Peking}]}",
      "time zone of a")],
)  # fmt: skip
def test_a_fault_in_prefect_yaml_is_named(text: str, named: str, tmp_path: Path) -> None:
    path = tmp_path / "prefect.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=named):
        load_deployments(path)


def test_every_schedule_is_in_the_time_of_shanghai() -> None:
    times = [time for deployment in load_deployments() for time in deployment.times]
    assert len(times) >= 3 and {zone for _, zone in times} == {"Asia/Shanghai"}
