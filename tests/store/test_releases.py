"""Numbered releases: what is withheld, taken back, removed; numbers are counted, whatever the clock says."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from flows import pipeline
from flows.cli import app
from flows.stages.manifest import load_release_settings
from flows.store import publishing
from flows.store.mirror import find_published, load_pointer
from flows.store.publishing import publish, publish_made, roll_back
from flows.store.releases import find_release, list_releases, prune_releases, verify_release
from flows.store.workspace import open_workspace
from transforms.errors import InputError

NOON = datetime(2027, 1, 15, 12, tzinfo=UTC)
LATER = "2027-01-15T21:00+08:00"  # an hour after


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The time that publication sees: clock[0], to be set."""
    now = [NOON]
    monkeypatch.setattr(publishing, "tell_time", lambda: now[0])
    return now


def release(data_dir: Path, text: str, inputs: str = "", **options: Any) -> dict[str, Any]:
    """A publication whose figures are the text, made of inputs with this hash."""
    with open_workspace(data_dir) as workspace:
        for name in ("digitrade.duckdb", "observations/a.parquet"):
            (workspace.staging / name).parent.mkdir(parents=True, exist_ok=True)
            (workspace.staging / name).write_text(f"{name} {text}", encoding="utf-8")
        return publish(workspace, {"inputs_digest": inputs or text}, **options)


def published(data_dir: Path) -> str:
    """What a reader finds, beside and in curated/; they must say the same."""
    found = {
        (folder / name).read_text(encoding="utf-8").removeprefix(f"{name} ")
        for folder in (find_published(data_dir), data_dir / "curated")
        for name in ("digitrade.duckdb", "observations/a.parquet")
    }
    assert len(found) == 1, found
    return found.pop()


def numbers(data_dir: Path) -> list[int]:
    return [found.number for found in list_releases(data_dir / "curated")]


def test_an_embargoed_release_is_made_and_published_by_the_next_run_after_its_time(
    tmp_path: Path, clock: list[datetime]
) -> None:
    release(tmp_path, "one")
    assert release(tmp_path, "two", embargo=LATER) == {"release": 2, "state": "embargoed", "until": LATER}
    assert published(tmp_path) == "one" and numbers(tmp_path) == [1, 2]
    clock[0] = NOON + timedelta(minutes=59)  # the run of every night makes no third release of the same
    assert release(tmp_path, "two")["state"] == "embargoed" and numbers(tmp_path) == [1, 2]
    with open_workspace(tmp_path) as workspace:
        assert publish_made(workspace.curated, None) is None
        with pytest.raises(InputError, match=r"release 2 is withheld until 2027-01-15T21:00\+08:00"):
            publish_made(workspace.curated, 2)
    assert published(tmp_path) == "one"
    clock[0] = NOON + timedelta(hours=1)
    assert release(tmp_path, "two") == {"release": 2, "state": "published"}
    assert published(tmp_path) == "two" and load_pointer(tmp_path / "curated")["held"] == {}


def test_what_waits_is_published_by_the_command_or_gives_way_to_what_is_newer(
    tmp_path: Path, clock: list[datetime]
) -> None:
    release(tmp_path, "one")
    release(tmp_path, "two", embargo=LATER)
    release(tmp_path, "three", embargo=LATER)
    clock[0] = NOON + timedelta(hours=2)
    with open_workspace(tmp_path) as workspace:
        found = publish_made(workspace.curated, None)
        assert found is not None and found.number == 3
        assert publish_made(workspace.curated, None) is None
    assert published(tmp_path) == "three"


def test_an_embargo_is_lifted_by_who_says_now(tmp_path: Path, clock: list[datetime]) -> None:
    release(tmp_path, "one", embargo=LATER)
    assert not (tmp_path / "curated" / "digitrade.duckdb").exists()
    with open_workspace(tmp_path) as workspace:
        publish_made(workspace.curated, 1, now=True)
    assert published(tmp_path) == "one"


@pytest.mark.parametrize("text", ["2027-01-15", "2027-01-15T09:00", "tomorrow"])
def test_a_time_without_its_offset_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a time with its offset from UTC"):
        load_release_settings(tmp_path, embargo=text)


def test_settings_of_releases(tmp_path: Path) -> None:
    assert load_release_settings(tmp_path).keep == 24
    own = tmp_path / "own" / "releases.toml"
    own.parent.mkdir()
    own.write_text(f'keep = 3\nembargo = "{LATER}"\n', encoding="utf-8")
    found = load_release_settings(tmp_path)
    assert (found.keep, found.embargo, load_release_settings(tmp_path, keep=5).keep) == (3, LATER, 5)
    own.write_text("embargo = 2027-01-15T09:00:00+08:00\n", encoding="utf-8")
    assert load_release_settings(tmp_path).embargo == "2027-01-15T09:00:00+08:00"
    for wrong, told in (("keep = 0", "no number of releases"), ("keep = true", "no number"), ("kept = 3", "kept")):
        own.write_text(wrong, encoding="utf-8")
        with pytest.raises(InputError, match=told):
            load_release_settings(tmp_path)


def test_a_clock_that_goes_back_changes_nothing(tmp_path: Path, clock: list[datetime]) -> None:
    release(tmp_path, "one", embargo="2027-01-15T19:00+08:00")  # an hour ago
    clock[0] = NOON - timedelta(days=3650)
    assert published(tmp_path) == "one"  # what is published stays so, though its time has not come again
    assert release(tmp_path, "two") == {"release": 2, "state": "published"}
    assert release(tmp_path, "two")["state"] == "unchanged"
    assert published(tmp_path) == "two" and numbers(tmp_path) == [1, 2]
    with open_workspace(tmp_path) as workspace:
        roll_back(workspace.curated, find_release(workspace.curated, 1))
    assert published(tmp_path) == "one"
    assert [entry["release"] for entry in load_pointer(tmp_path / "curated")["history"]] == [1, 2, 1]


def test_a_rollback_holds_until_an_input_changes(tmp_path: Path) -> None:
    release(tmp_path, "one")
    release(tmp_path, "two")
    with open_workspace(tmp_path) as workspace:
        roll_back(workspace.curated, find_release(workspace.curated, 1))
    assert published(tmp_path) == "one"
    assert release(tmp_path, "two") == {"release": 2, "state": "withdrawn", "published": "1"}
    # the same inputs by another software: made, and withheld as well
    assert release(tmp_path, "two, otherwise", inputs="two")["state"] == "withdrawn"
    assert published(tmp_path) == "one"
    assert release(tmp_path, "three") == {"release": 4, "state": "published"}
    assert published(tmp_path) == "three" and "rollback" not in load_pointer(tmp_path / "curated")
    assert release(tmp_path, "two")["state"] == "published"  # it is over: what a run makes is published again


def test_a_rollback_ends_when_the_release_is_published_by_its_number(tmp_path: Path) -> None:
    release(tmp_path, "one")
    release(tmp_path, "two")
    with open_workspace(tmp_path) as workspace:
        roll_back(workspace.curated, find_release(workspace.curated, 1))
        publish_made(workspace.curated, 2)
        with pytest.raises(InputError, match="release rollback 1"):
            publish_made(workspace.curated, 1)
    assert published(tmp_path) == "two" and release(tmp_path, "two")["state"] == "unchanged"


def test_a_damaged_release_is_not_published_again(tmp_path: Path) -> None:
    release(tmp_path, "one")
    release(tmp_path, "two")
    file = tmp_path / "curated" / "releases" / "1" / "observations" / "a.parquet"
    file.write_text("spoiled", encoding="utf-8")
    with open_workspace(tmp_path) as workspace, pytest.raises(InputError, match="is not as its manifest says"):
        roll_back(workspace.curated, find_release(workspace.curated, 1))
    assert published(tmp_path) == "two"
    assert verify_release(find_release(tmp_path / "curated", 1)) == [("observations/a.parquet", "changed")]


def test_the_oldest_are_removed_and_never_the_published_one_or_a_newer(tmp_path: Path) -> None:
    for text in ("one", "two", "three", "four"):
        release(tmp_path, text)
    curated = tmp_path / "curated"
    assert prune_releases(curated, 3, 4) == [1] and numbers(tmp_path) == [2, 3, 4]
    with open_workspace(tmp_path) as workspace:
        roll_back(workspace.curated, find_release(curated, 2))
    assert prune_releases(curated, 1, 2) == [] and numbers(tmp_path) == [2, 3, 4]
    assert published(tmp_path) == "two"
    assert release(tmp_path, "five")["release"] == 5
    assert prune_releases(curated, 1, 5) == [2, 3, 4] and numbers(tmp_path) == [5]
    shutil.rmtree(curated / "releases" / "5")  # by hand; the number is not given again
    assert release(tmp_path, "six")["release"] == 6 and published(tmp_path) == "six"


@pytest.mark.slow
def test_releases_of_real_runs_on_the_command_line(clean_run: Path, data_dir: Path, spoil: Callable[..., Path]) -> None:
    """A revised figure: second release; what differs is told; the first is published again, whole."""
    data = data_dir
    shutil.copytree(clean_run / "curated", data / "curated")
    (table,) = (data / "raw" / "exchange_rates_cny" / "2023").glob("*.csv")
    spoil("exchange_rates_cny", table.name, lambda raw: raw.replace(b"7.0467", b"7.0468"))
    first = (data / "curated" / "digitrade.duckdb").read_bytes()
    summary = pipeline.run_stages(data, pipeline.STEPS)
    assert summary["release"] == {"release": 2, "state": "published", "pruned": []}

    def call(*words: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, ["release", *words, "--data-dir", str(data)])
        assert done.exit_code == code, (done.output, done.exception)
        return done.stdout

    listed = json.loads(call("list", "--json"))
    assert [(row["number"], row["state"]) for row in listed] == [(1, "earlier"), (2, "published")]
    assert "曾发布" in call("list", "--lang", "zh")
    shown = json.loads(call("show", "2", "--json"))["manifest"]
    assert {f"{row['dataset']}/{row['vintage']}" for row in shown["inputs"]} >= {"exchange_rates_cny/2023"}
    assert shown["rules"]["counts"]["pass"] > 0 and "digitrade" in shown["code"]
    assert {"quality_en.html", "quality_zh.html", "CITATION_en.txt", "CITATION_zh.txt"} <= shown["extras"].keys()
    assert "国家统计局" in call("show", "2", "--lang", "zh")
    told = json.loads(call("diff", "1", "2", "--json"))
    assert told["changed"]["exchange_rates_cny/2023"]["counts"]["observation"]["raised"] == 1
    assert "exchange_rates_cny/2023: 1 figures" in call("diff", "1", "2")
    assert "as its manifest says" in call("verify", "1")
    assert "Release 1 is published" in call("rollback", "1")
    assert (data / "curated" / "digitrade.duckdb").read_bytes() == first
    again = pipeline.run_stages(data, pipeline.STEPS)
    assert again["release"] | {"pruned": []} == {"release": 2, "state": "withdrawn", "published": "1", "pruned": []}
    (data / "curated" / "releases" / "2" / "manifest.json").parent.joinpath("CITATION_en.txt").unlink()
    assert "CITATION_en.txt" in call("verify", "2", code=1)
