"""The export as OpenLineage events: held against what the specification 2-0-2 requires, and against the files."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from flows.cli import app
from transforms.tables import load_specs
from transforms.trace import make_events
from transforms.trace.lineage import BlockedEdition, Publication

FACET_URL = re.compile(r"https://openlineage\.io/spec/(facets/)?\d+-\d+-\d+/\w+\.json#/\$defs/\w+")
# What the schemas of the facets require besides _producer and _schemaURL.
REQUIRED = {
    "schema": {"fields"}, "version": {"datasetVersion"}, "documentation": {"description"},
    "columnLineage": {"fields"}, "outputStatistics": {"rowCount"}, "jobType": {"processingType", "integration"},
    "errorMessage": {"message", "programmingLanguage"}, "digitrade_hash": {"algorithm", "files"},
    "digitrade_code": {"algorithm", "hash"},
}  # fmt: skip


@pytest.fixture(scope="module")
def events(clean_run: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Those that end a run."""
    return list_ends(export(clean_run, tmp_path_factory.mktemp("lineage") / "lineage.json"))


def list_ends(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event for event in events if event["eventType"] != "START"]


def export(data: Path, output: Path) -> list[dict[str, Any]]:
    done = CliRunner().invoke(app, ["trace", "--openlineage", str(output), "--data-dir", str(data)])
    assert done.exit_code == 0, done.output
    found: list[dict[str, Any]] = json.loads(output.read_text(encoding="utf-8"))
    return found


def list_facets(event: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    holders = [event["run"], event["job"], *event["inputs"], *event["outputs"]]
    for holder in holders:
        for kind in ("facets", "inputFacets", "outputFacets"):
            yield from holder.get(kind, {}).items()


def test_events_have_what_the_specification_requires(events: list[dict[str, Any]]) -> None:
    assert len(events) == 4 + 2 + len(load_specs())  # editions; computation and database; tables
    for event in events:
        assert {"eventType", "eventTime", "run", "job", "inputs", "outputs", "producer", "schemaURL"} == event.keys()
        assert event["eventType"] == "COMPLETE"
        assert event["schemaURL"] == "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
        assert re.fullmatch(r"[a-z]+:\S+", event["producer"])
        assert str(uuid.UUID(event["run"]["runId"])) == event["run"]["runId"]
        assert datetime.fromisoformat(event["eventTime"]).utcoffset() is not None
        for dataset in (event["job"], *event["inputs"], *event["outputs"]):
            assert dataset["namespace"] and dataset["name"]
        for name, facet in list_facets(event):
            assert re.fullmatch(r"[a-z]+:\S+", facet["_producer"]) and FACET_URL.fullmatch(facet["_schemaURL"]), name
            assert REQUIRED[name] <= facet.keys(), name
    assert len({event["run"]["runId"] for event in events}) == len(events)


def test_the_time_is_that_of_the_last_run_and_not_of_the_export(
    clean_run: Path, events: list[dict[str, Any]], tmp_path: Path
) -> None:
    last = max(path.stem for path in (clean_run / "curated" / "runs").glob("*.json"))
    assert {re.sub(r"\D", "", event["eventTime"])[:14] for event in events} == {re.sub(r"\D", "", last)[:14]}
    assert list_ends(export(clean_run, tmp_path / "again.json")) == events


def test_every_run_starts_and_ends(clean_run: Path, events: list[dict[str, Any]], tmp_path: Path) -> None:
    """The run cycle of the specification: START, then one that ends it, of one run and job, at no earlier time."""
    both = export(clean_run, tmp_path / "both.json")
    assert len(both) == 2 * len(events)
    for start, end in zip(both[::2], both[1::2], strict=True):
        assert (start["eventType"], end["eventType"]) == ("START", "COMPLETE")
        assert start["run"] == end["run"] and start["job"] == end["job"] and start["inputs"] == end["inputs"]
        assert start["eventTime"] <= end["eventTime"] and start["outputs"] == [] and end["outputs"]


def test_an_edition_that_could_not_be_read_fails_with_its_reason() -> None:
    blocked = BlockedEdition("made_up", "2021", "row 3: no numeral", {"t.csv": ("0" * 64, 12)})
    publication = Publication("2026-01-02T03:04:05+00:00", "1", "c", [], {}, {}, {"indicators": 0, "comparisons": 0},
                              blocked=[blocked])  # fmt: skip
    start, end = (event for event in make_events(publication) if event["job"]["name"] == "read.made_up.2021")
    assert (start["eventType"], end["eventType"]) == ("START", "FAIL") and start["run"]["runId"] == end["run"]["runId"]
    assert end["run"]["facets"]["errorMessage"]["message"] == "row 3: no numeral" and not end["outputs"]
    assert [dataset["name"] for dataset in end["inputs"]] == ["raw/made_up/2021/t.csv"]
    for name, facet in list_facets(end):
        assert REQUIRED[name] <= facet.keys() and FACET_URL.fullmatch(facet["_schemaURL"]), name


def test_every_dataset_that_is_read_is_raw_or_written_before(events: list[dict[str, Any]]) -> None:
    written: set[str] = set()
    for event in events:
        inputs = {dataset["name"] for dataset in event["inputs"]}
        assert inputs and inputs <= written | {name for name in inputs if name.startswith("raw/")}, event["job"]["name"]
        assert event["outputs"]
        written |= {dataset["name"] for dataset in event["outputs"]}


def test_versions_are_the_hashes_of_the_files(clean_run: Path, events: list[dict[str, Any]]) -> None:
    checked = 0
    for event in events:
        for dataset in (*event["inputs"], *event["outputs"]):
            path = clean_run / dataset["name"]
            if path.is_file():
                told = dataset["facets"]["version"]["datasetVersion"]
                assert told == hashlib.sha256(path.read_bytes()).hexdigest(), dataset["name"]
                checked += 1
            else:
                for name, told in dataset["facets"]["digitrade_hash"]["files"].items():
                    assert told == hashlib.sha256((clean_run / "curated" / name).read_bytes()).hexdigest(), name
    assert checked > 40


def test_columns_come_from_columns_that_the_inputs_have(events: list[dict[str, Any]]) -> None:
    (compute,) = [event for event in events if event["job"]["name"] == "compute"]
    schemas = {
        dataset["name"]: {column["name"] for column in dataset["facets"]["schema"]["fields"]}
        for dataset in (*compute["inputs"], *compute["outputs"])
    }
    for output in compute["outputs"]:
        for column, told in output["facets"]["columnLineage"]["fields"].items():
            assert column in schemas[output["name"]]
            assert told["inputFields"]
            for source in told["inputFields"]:
                assert source["field"] in schemas[source["name"]] and source["namespace"] == output["namespace"]


def test_another_content_has_another_run_id(clean_run: Path, events: list[dict[str, Any]], tmp_path: Path) -> None:
    data = shutil.copytree(clean_run, tmp_path / "data")
    state = data / "curated" / "state" / "results.json"
    told = json.loads(state.read_text(encoding="utf-8"))
    told["outputs"]["indicators/indicators.parquet"] = "0" * 64
    state.write_text(json.dumps(told), encoding="utf-8")
    changed = list_ends(export(data, tmp_path / "changed.json"))
    same = {e["job"]["name"] for e, other in zip(events, changed, strict=True) if e["run"] == other["run"]}
    assert {name.split(".")[0] for name in same} == {"read"}


def test_one_event_a_line_for_lineage_servers(clean_run: Path, tmp_path: Path) -> None:
    output = tmp_path / "lineage.jsonl"
    done = CliRunner().invoke(app, ["trace", "--openlineage", str(output), "--data-dir", str(clean_run)])
    assert done.exit_code == 0
    lines = output.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2 * (6 + len(load_specs())) and all(json.loads(line)["run"]["runId"] for line in lines)


def test_it_is_not_written_into_the_data(clean_run: Path) -> None:
    output = clean_run / "curated" / "lineage.json"
    done = CliRunner().invoke(app, ["trace", "--openlineage", str(output), "--data-dir", str(clean_run)])
    assert done.exit_code == 2 and "which the project keeps" in done.stderr and not output.exists()
