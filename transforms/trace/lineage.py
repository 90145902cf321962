"""The publication as OpenLineage events (specification 2-0-2): raw files -> observations -> indicators -> tables.

Two RunEvents, START and COMPLETE, of one run for each edition read, for the computation, for the database and for each
table; START and FAIL for an edition that could not be read. Names
are paths below the data folder, so that two copies of it tell the same. A run id is a UUID made from the content of
its event: the same publication has the same events, whenever and wherever they are written.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from transforms.contract import load_contract
from transforms.indicators import sql_type

Event = dict[str, Any]
NAMESPACE = "digitrade"
_SPEC = "https://openlineage.io/spec"
SCHEMA_URL = f"{_SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent"
_BASE = f"{_SPEC}/2-0-2/OpenLineage.json#/$defs"
# Columns of indicators and comparisons that are taken over from observations, or made from those named.
_FROM_OBSERVATIONS = {
    "indicators": {
        **{name: (name,) for name in ("geo", "partner", "flow", "item", "period", "freq", "basis", "adjustment", "unit",
                                      "reference", "dataset", "vintage")},
        "value": ("value",), "lower": ("lower", "upper"), "upper": ("lower", "upper"), "obs_status": ("obs_status",),
        "inputs": ("dataset", "vintage", "locator", "printed"),
        "inputs_hash": ("dataset", "vintage", "locator", "printed"),
    },
    "comparisons": {
        **{name: (name,) for name in ("dataset", "vintage", "table_id", "locator", "geo", "flow", "item", "period",
                                      "base_period", "reference", "unit", "printed")},
        "printed_value": ("value",), "printed_lower": ("lower",), "printed_upper": ("upper",),
        "computed_value": ("value",), "computed_lower": ("lower", "upper"), "computed_upper": ("lower", "upper"),
        "inputs": ("dataset", "vintage", "locator", "printed"),
    },
}  # fmt: skip


@dataclass(frozen=True)
class PublishedEdition:
    """An edition as published: files: name -> (sha256, bytes); outputs: path below curated/ -> sha256."""

    dataset: str
    vintage: str
    title: str
    files: Mapping[str, tuple[str, int]]
    outputs: Mapping[str, str]
    observations: int

    @property
    def folder(self) -> str:
        return f"curated/observations/dataset={self.dataset}/vintage={self.vintage}"


@dataclass(frozen=True)
class BlockedEdition:
    """An edition that could not be read in the last run, and why; files: as of an edition that was."""

    dataset: str
    vintage: str
    problem: str
    files: Mapping[str, tuple[str, int]]


@dataclass(frozen=True)
class Publication:
    """What was published by the last run: time is that of its record (ISO 8601, UTC).

    results, release: path below curated/ -> sha256; rows: name of a table -> its rows; tables: name -> the editions it
    draws on; blocked: what could not be read.
    """

    time: str
    version: str
    code: str
    editions: Sequence[PublishedEdition]
    results: Mapping[str, str]
    release: Mapping[str, str]
    rows: Mapping[str, int]
    tables: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)
    blocked: Sequence[BlockedEdition] = ()


def make_events(publication: Publication) -> list[Event]:
    """The events of a publication, in the order in which the data flow."""
    editions = [edition for edition in publication.editions if edition.observations]
    events = [_read_event(publication, edition) for edition in editions]
    events += [_fail_event(publication, edition) for edition in publication.blocked]
    events += [_compute_event(publication, editions), _database_event(publication, editions)]
    events += [_table_event(publication, name, used) for name, used in sorted(publication.tables.items())]
    return [event for ended in events for event in (_start(ended), ended)]


def _start(ended: Event) -> Event:
    """The event that begins the run which another one ends: the same run, job and inputs; outputs are not there yet."""
    return ended | {"eventType": "START", "outputs": []}


def _read_event(publication: Publication, edition: PublishedEdition) -> Event:
    inputs = [
        _dataset(
            publication,
            f"raw/{edition.dataset}/{edition.vintage}/{name}",
            version=sha256,
            documentation=edition.title,
            hashes={name: sha256},
            size=size,
        )
        for name, (sha256, size) in edition.files.items()
    ]
    output = _observations(publication, edition) | {"outputFacets": _statistics(publication, edition.observations)}
    return _event(publication, f"read.{edition.dataset}.{edition.vintage}", inputs, [output])


def _fail_event(publication: Publication, edition: BlockedEdition) -> Event:
    """An edition that the last run could not read, with the reason (facet errorMessage)."""
    inputs = [
        _dataset(publication, f"raw/{edition.dataset}/{edition.vintage}/{name}", version=sha256, hashes={name: sha256},
                 size=size)
        for name, (sha256, size) in edition.files.items()
    ]  # fmt: skip
    message = _standard(publication, "ErrorMessageRunFacet", "1-0-1", message=edition.problem,
                        programmingLanguage="Python")  # fmt: skip
    job = f"read.{edition.dataset}.{edition.vintage}"
    return _event(publication, job, inputs, [], kind="FAIL", facets={"errorMessage": message})


def _compute_event(publication: Publication, editions: Sequence[PublishedEdition]) -> Event:
    inputs = [_observations(publication, edition) for edition in editions]
    outputs = []
    for name, columns in _FROM_OBSERVATIONS.items():
        path = f"{name}/{name}.parquet"
        made = _dataset(
            publication, f"curated/{path}", version=publication.results.get(path, ""), contract=name,
            lineage={column: [(edition.folder, source) for edition in editions for source in sources]
                     for column, sources in columns.items()},
        )  # fmt: skip
        outputs.append(made | {"outputFacets": _statistics(publication, publication.rows[name])})
    return _event(publication, "compute", inputs, outputs)


def _database_event(publication: Publication, editions: Sequence[PublishedEdition]) -> Event:
    inputs = [_observations(publication, edition) for edition in editions] + _results(publication)
    database = "digitrade.duckdb"
    output = _dataset(publication, f"curated/{database}", version=publication.release.get(database, ""))
    return _event(publication, "publish", inputs, [output])


def _table_event(publication: Publication, name: str, used: Sequence[tuple[str, str]]) -> Event:
    known = {(edition.dataset, edition.vintage): edition for edition in publication.editions}
    inputs = [_observations(publication, known[key]) for key in used if key in known] + _results(publication)
    paths = [path for path in sorted(publication.release) if path.rpartition("/")[2].rpartition(".")[0] == name]
    outputs = [_dataset(publication, f"curated/{path}", version=publication.release[path]) for path in paths]
    return _event(publication, f"table.{name}", inputs, outputs)


def _observations(publication: Publication, edition: PublishedEdition) -> dict[str, Any]:
    return _dataset(
        publication, edition.folder, version=digest(edition.outputs), contract="observations", hashes=edition.outputs
    )


def _results(publication: Publication) -> list[dict[str, Any]]:
    paths = [f"{name}/{name}.parquet" for name in _FROM_OBSERVATIONS]
    return [_dataset(publication, f"curated/{path}", version=publication.results.get(path, "")) for path in paths]


def digest(value: Any) -> str:
    """One hash for a value that JSON can hold."""
    if isinstance(value, Mapping):
        value = dict(value)
    return hashlib.sha256(json.dumps(value, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def name_producer(publication: Publication) -> str:
    return f"urn:digitrade:{publication.version}"


def _facet(publication: Publication, url: str, **content: Any) -> dict[str, Any]:
    return {"_producer": name_producer(publication), "_schemaURL": url, **content}


def _standard(publication: Publication, name: str, version: str = "1-0-0", **content: Any) -> dict[str, Any]:
    return _facet(publication, f"{_SPEC}/facets/{version}/{name}.json#/$defs/{name}", **content)


def _statistics(publication: Publication, rows: int) -> dict[str, Any]:
    return {"outputStatistics": _standard(publication, "OutputStatisticsOutputDatasetFacet", "1-0-2", rowCount=rows)}


def _dataset(
    publication: Publication,
    name: str,
    *,
    version: str = "",
    contract: str = "",
    documentation: str = "",
    hashes: Mapping[str, str] | None = None,
    size: int | None = None,
    lineage: Mapping[str, Sequence[tuple[str, str]]] | None = None,
) -> dict[str, Any]:
    """A dataset of an event. version: a hash of its bytes; hashes: those of its files (a facet of our own)."""
    facets: dict[str, Any] = {}
    if version:
        facets["version"] = _standard(publication, "DatasetVersionDatasetFacet", datasetVersion=version)
    if contract:
        fields = [
            {"name": column.name, "type": sql_type(column.type), "description": column.en}
            for column in load_contract(contract).columns
        ]
        facets["schema"] = _standard(publication, "SchemaDatasetFacet", "1-1-1", fields=fields)
    if documentation:
        facets["documentation"] = _standard(
            publication, "DocumentationDatasetFacet", "1-0-1", description=documentation
        )
    if hashes:
        content = {"algorithm": "SHA-256", "files": dict(hashes)} | ({"bytes": size} if size is not None else {})
        facets["digitrade_hash"] = _facet(publication, f"{_BASE}/DatasetFacet", **content)
    if lineage:
        told = {
            column: {"inputFields": [{"namespace": NAMESPACE, "name": of, "field": name} for of, name in sources]}
            for column, sources in lineage.items()
        }
        facets["columnLineage"] = _standard(publication, "ColumnLineageDatasetFacet", "1-2-0", fields=told)
    return {"namespace": NAMESPACE, "name": name, "facets": facets}


def _event(
    publication: Publication, job: str, inputs: list[dict[str, Any]], outputs: list[dict[str, Any]], *,
    kind: str = "COMPLETE", facets: Mapping[str, Any] | None = None,
) -> Event:  # fmt: skip
    """The event that ends a run. facets: of the run, besides the code."""
    code = {"digitrade_code": _facet(publication, f"{_BASE}/RunFacet", algorithm="SHA-256", hash=publication.code)}
    code |= facets or {}
    content: Event = {
        "eventType": kind,
        "job": {"namespace": NAMESPACE, "name": job, "facets": {
            "jobType": _standard(publication, "JobTypeJobFacet", "2-0-3", processingType="BATCH",
                                 integration="DIGITRADE", jobType="TASK")}},
        "inputs": inputs,
        "outputs": outputs,
        "producer": name_producer(publication),
        "schemaURL": SCHEMA_URL,
    }  # fmt: skip
    run = str(uuid.uuid5(uuid.NAMESPACE_URL, f"urn:digitrade:{digest([content, publication.code])}"))
    return {"eventTime": publication.time, "run": {"runId": run, "facets": code}} | content
