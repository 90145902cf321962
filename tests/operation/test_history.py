"""Run history: what a run leaves behind, what a failed one does, and the same in SQL, in JSON and on the screen."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import duckdb
import pytest
from operation_worlds import call, keep_run, tell_edition

from flows.operation.history import list_history
from flows.pipeline import STEPS, run_stages
from transforms.errors import InputError

NIGHT, MORNING, NOON = "20260301T020000Z-000001", "20260301T080000Z-000002", "20260301T120000Z-000003"


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """Three records: a run with a blocked edition, a round of the sources, and a run that failed."""
    (tmp_path / "raw").mkdir()
    rule = {"rule": "O1", "dataset": "b", "vintage": "1", "severity": "warning", "failed": 3, "waived": 0}
    keep_run(
        tmp_path,
        MORNING,
        datasets=[tell_edition("a"), tell_edition("b", reason="first run"),
                  tell_edition("c", "blocked", observations=0, problem="c/1/t.csv: no layout")],
        rules={"pass": 7, "fail": 1, "not_judged": 2},
        failing_rules=[rule],
        seconds={"read": 1.5, "publish": 0.25, "all": 2.0},
    )  # fmt: skip
    keep_run(
        tmp_path,
        NIGHT,
        kind="ingest",
        datasets=[{"dataset": "a", "vintage": "2", "state": "landed", "problem": ""},
                  {"dataset": "b", "vintage": "1", "state": "unchanged", "problem": ""}],
        seconds={"all": 9.5},
    )  # fmt: skip
    keep_run(tmp_path, NOON, kind="failed", problem="the disk is full", datasets=[], seconds={"read": 1.0, "all": 1.0})
    return tmp_path


def test_runs_are_told_in_the_order_of_time_with_their_outcome(data_dir: Path) -> None:
    night, morning, noon = list_history(data_dir / "curated")
    assert (night["kind"], night["outcome"], night["seconds"]) == ("ingest", "done", 9.5)
    assert (night["editions"], night["editions_made"], night["observations"]) == (2, 1, None)
    assert (morning["kind"], morning["outcome"]) == ("run", "incomplete")
    assert morning["started"] == datetime(2026, 3, 1, 8, 0, 0, 2)
    assert (morning["editions"], morning["editions_made"], morning["observations"]) == (3, 1, 20)
    assert (morning["rules_passed"], morning["rules_failed"], morning["rules_not_judged"]) == (7, 1, 2)
    assert (noon["outcome"], noon["problem"], noon["rules_failed"]) == ("failed", "the disk is full", None)


def test_editions_and_steps_of_a_run(data_dir: Path) -> None:
    rows = {(row["run_id"], row["dataset"]): row for row in list_history(data_dir / "curated", "run_editions")}
    assert rows[MORNING, "b"]["rules_failed"] == 1 and rows[MORNING, "a"]["rules_failed"] == 0
    assert rows[MORNING, "c"]["problem"] == "c/1/t.csv: no layout"
    assert rows[NIGHT, "a"]["state"] == "landed" and rows[NIGHT, "a"]["observations"] is None
    steps = [(row["run_id"], row["step"], row["seconds"]) for row in list_history(data_dir / "curated", "run_steps")]
    assert steps == [(MORNING, "read", 1.5), (MORNING, "publish", 0.25), (NOON, "read", 1.0)]


def test_a_folder_in_which_nothing_has_run(tmp_path: Path) -> None:
    assert list_history(tmp_path / "curated") == []
    (tmp_path / "raw").mkdir()
    told = call("runs", "--data-dir", str(tmp_path))
    assert told.exit_code == 0 and "digitrade run" in told.stdout


def test_the_command_tells_the_latest_first_and_json_the_same(data_dir: Path) -> None:
    told = call("runs", "--json", "--data-dir", str(data_dir))
    assert told.exit_code == 0, told.exception
    rows = json.loads(told.stdout)
    assert [row["run_id"] for row in rows] == [NOON, MORNING, NIGHT]
    shown = call("runs", "--last", "1", "--lang", "zh", "--data-dir", str(data_dir)).stdout
    assert "失败" in shown and "the disk is full" in shown and "2026-03-01T08" not in shown
    chosen = call("runs", "editions", "--run", MORNING, "--json", "--data-dir", str(data_dir))
    assert [row["dataset"] for row in json.loads(chosen.stdout)] == ["a", "b", "c"]


def test_a_run_that_is_not_there_is_refused(data_dir: Path) -> None:
    told = call("runs", "--run", "yesterday", "--data-dir", str(data_dir))
    assert told.exit_code == 2 and "yesterday" in told.output


def test_a_run_that_fails_leaves_its_problem_and_the_times_of_its_steps(data_dir: Path) -> None:
    from operation_worlds import land

    land(data_dir, "made_up", "2026-01-01")

    def stop(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        run_stages(data_dir, STEPS | {"read": stop}, run_id="20260302T000000Z-000000")
    last = list_history(data_dir / "curated")[-1]
    assert (last["run_id"], last["outcome"]) == ("20260302T000000Z-000000", "failed")
    assert "No space left" in last["problem"]
    steps = {row["step"] for row in list_history(data_dir / "curated", "run_steps") if row["run_id"] == last["run_id"]}
    assert steps == {"check_codelists", "read"}
    assert not list((data_dir / "curated").glob("*.duckdb")) and not list((data_dir / "curated").glob(".staging-*"))


def test_nothing_is_written_for_a_folder_without_outputs(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        run_stages(tmp_path, STEPS)
    assert list(tmp_path.iterdir()) == []


def test_the_database_has_the_same_history_over_the_folder(clean_run: Path) -> None:
    curated = clean_run / "curated"
    with duckdb.connect(str(curated / "digitrade.duckdb"), read_only=True) as con:
        for name in ("runs", "run_editions", "run_steps"):
            asked = con.execute(f"FROM {name}('{curated}')").to_arrow_table().to_pylist()
            assert asked == list_history(curated, name) and asked
    told = call("query", f"select outcome, editions from runs('{curated}')", "--format", "csv",
                "--data-dir", str(clean_run))  # fmt: skip
    assert told.stdout == "outcome,editions\ndone,4\n", told.output
