"""Rounds of the sources and backfill: one publisher down does not stop the others; the last good edition stays."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from connector_publisher import WORDS, Answer, Publisher
from operation_worlds import call

from flows.connectors.download import UnreachableError
from flows.operation.history import list_history
from flows.operation.rounds import ask_source, ask_sources, backfill, list_askable, list_backfill
from transforms.errors import InputError

CSV = b"Year,Value\n2020,1\n"
OWN = ("alpha", "beta", "gamma")


@pytest.fixture
def data_dir(tmp_path: Path, publisher: Publisher) -> Path:
    """Three sources of one publisher, tried once."""
    folder = tmp_path / "own" / "sources"
    folder.mkdir(parents=True)
    for name in OWN:
        (folder / f"{name}.toml").write_text(
            f'kind = "files"\nbase_url = "{publisher.url}"\n{WORDS}\n[[downloads]]\npath = "/{name}.csv"\n'
            'content = "csv"\n[limits]\ntries = 1\n',
            encoding="utf-8",
        )
        publisher.answer(f"/{name}.csv", CSV.replace(b"1", name.encode()))
    return tmp_path


def test_one_publisher_that_is_down_does_not_stop_the_others(data_dir: Path, publisher: Publisher) -> None:
    first = ask_sources(data_dir, "20260101T000000Z-000000", OWN)
    assert [row["state"] for row in first["datasets"]] == ["landed"] * 3
    publisher.answer("/beta.csv", Answer(b"down", 503))
    publisher.answer("/gamma.csv", b"Year,Value\n2021,3\n")
    second = ask_sources(data_dir, "20260102T000000Z-000000", OWN)
    alpha, beta, gamma = second["datasets"]
    assert (alpha["state"], gamma["state"]) == ("unchanged", "landed")
    assert beta["state"] == "failed" and "tried once" in beta["problem"]
    assert beta["vintage"] == first["datasets"][1]["vintage"], "the last good edition is named, and stays"
    assert (data_dir / "raw" / "beta" / beta["vintage"] / "beta.csv").is_file()
    history = {row["run_id"]: row["outcome"] for row in list_history(data_dir / "curated")}
    assert list(history.values()) == ["done", "incomplete"]


def test_status_shows_the_failure_and_the_age_of_what_stays(data_dir: Path, publisher: Publisher) -> None:
    ask_sources(data_dir, "20260101T000000Z-000000", OWN)
    publisher.answer("/beta.csv", Answer(b"down", 503))
    ask_sources(data_dir, "20260102T000000Z-000000", OWN)
    told = json.loads(call("status", "--json", "--data-dir", str(data_dir)).stdout)
    beta = next(row for row in told["editions"] if row["dataset"] == "beta")
    assert beta["asked"]["state"] == "failed" and beta["asked"]["day"] == "2026-01-02" and beta["age_days"] == 0
    assert call("status", "--strict", "--data-dir", str(data_dir)).exit_code == 1


def test_a_fault_of_ours_in_one_source_does_not_stop_the_others_either(data_dir: Path) -> None:
    def ask(folder: Path, dataset: str) -> dict[str, str]:
        if dataset == "alpha":
            raise ZeroDivisionError("of ours")
        return ask_source(folder, dataset)

    record = ask_sources(data_dir, "20260101T000000Z-000000", OWN, ask)
    assert [row["state"] for row in record["datasets"]] == ["failed", "landed", "landed"]
    assert record["datasets"][0]["problem"] == "ZeroDivisionError: of ours"


def test_only_what_may_pass_is_an_unreachable_publisher(data_dir: Path, publisher: Publisher) -> None:
    publisher.answer("/alpha.csv", Answer(b"down", 503))
    with pytest.raises(UnreachableError):
        ask_source(data_dir, "alpha")
    publisher.answer("/alpha.csv", Answer(b"<html><title>Gone</title></html>", 404))
    with pytest.raises(InputError) as caught:
        ask_source(data_dir, "alpha")
    assert not isinstance(caught.value, UnreachableError)


def test_which_sources_are_asked(data_dir: Path) -> None:
    assert list_askable(data_dir) == list(OWN), "nothing is fetched that nobody wanted"
    for name in ("wto_services_annual", "mofcom_services"):  # the second has no interface
        (data_dir / "raw" / name / "2025").mkdir(parents=True)
    assert list_askable(data_dir) == [*OWN, "wto_services_annual"]
    assert list_askable(data_dir, ["imf_bop"]) == ["imf_bop"]
    with pytest.raises(InputError, match="no source of this name"):
        list_askable(data_dir, ["mofcom_services"])


def write_editions(folder: Path) -> Path:
    """Three editions, one of them broken, and what a file manager leaves."""
    for name, content in {"2024-10": CSV, "2024-9": CSV * 2, "2025": b""}.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "alpha.csv").write_bytes(content)
    (folder / ".DS_Store").write_bytes(b"x")
    return folder


def test_backfill_lands_every_edition_in_their_order(data_dir: Path, tmp_path: Path) -> None:
    folder = write_editions(tmp_path / "editions")
    record = backfill(data_dir, "20260101T000000Z-000000", "alpha", folder)
    assert [(row["vintage"], row["state"]) for row in record["datasets"]] == [
        ("2024-9", "landed"), ("2024-10", "landed"), ("2025", "failed")
    ]  # fmt: skip
    again = backfill(data_dir, "20260102T000000Z-000000", "alpha", folder)
    assert [row["state"] for row in again["datasets"]] == ["unchanged", "unchanged", "failed"]


def test_backfill_of_files_and_what_is_refused(data_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    with pytest.raises(InputError, match="holds no editions"):
        list_backfill(folder)
    with pytest.raises(InputError, match="no such folder"):
        list_backfill(folder / "nowhere")
    (folder / "2025.csv").write_bytes(CSV)
    assert [vintage for vintage, _ in list_backfill(folder)] == ["2025"]
    (folder / "2025.xlsx").write_bytes(CSV)
    with pytest.raises(InputError, match="two editions of one name"):
        list_backfill(folder)


def test_the_commands(data_dir: Path, tmp_path: Path) -> None:
    folder = write_editions(tmp_path / "editions")
    told = call("ingest", "alpha", "--from", str(folder), "--all", "--json", "--data-dir", str(data_dir))
    assert told.exit_code == 1 and [row["state"] for row in json.loads(told.stdout)["datasets"]][-1] == "failed"
    told = call("ingest", "alpha", "--from", str(folder), "--all", "--data-dir", str(data_dir))
    assert "alpha/2024-10: unchanged" in told.stdout and "alpha/2025: failed - " in told.stdout
    for words in ((), ("--all", "--dry-run"), ("alpha", "--all"), ("--all", "--from", "x")):
        assert call("ingest", *words, "--data-dir", str(data_dir)).exit_code == 2
