"""The stages of a run as plain functions: read, check, compute, judge, export, publish. No Prefect here.

Every stage takes a Workspace and leaves its output in the staging folder; flows/pipeline.py puts them in order, once
as plain calls and once as Prefect tasks, and both write the same bytes.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from expectations.run import Outcome, run_suite
from flows.store.editions import Edition, find_editions, find_layouts, read_card, read_files
from flows.store.workspace import DATABASE, Workspace
from transforms.contract import load_contract
from transforms.database import write_store, write_views
from transforms.errors import InputError
from transforms.grid import read_grid
from transforms.indicators import compute_indicators, create_codelists, create_table, quote
from transforms.observe import read_observations
from transforms.tables import TableSpec, load_specs

_SAYS = ("publisher_zh", "publisher_en", "title_zh", "title_en", "edition", "published", "url", "terms", "definition")
_DID = ("accessed", "transcription")


@dataclass(frozen=True)
class Reading:
    """How the reading of one edition ended. state: read, kept (blocked; the last good reading stays) or blocked."""

    dataset: str
    vintage: str
    state: str
    observations: int
    problem: str = ""

    @property
    def name(self) -> str:
        return f"{self.dataset}/{self.vintage}"


def list_editions(data_dir: Path) -> list[tuple[str, str]]:
    """(dataset, vintage) of every edition folder under data/raw, sound or not. Raises InputError when there is none."""
    editions = [(found.dataset, found.vintage) for found in find_editions(data_dir)]
    if not editions:
        raise InputError("there are no editions", file=str(data_dir / "raw"), todo="choose another --data-dir.")
    return editions


def read_edition(workspace: Workspace, dataset: str, vintage: str) -> Reading:
    """Read one edition into staged Parquet. A fault in it blocks this edition alone and is returned, not raised."""
    try:
        edition = read_card(workspace.data_dir / "raw" / dataset / vintage)
        table = observe_edition(edition, workspace.data_dir)
    except InputError as problem:
        return keep_last_good(workspace, dataset, vintage, str(problem))
    path = workspace.observations_of(dataset, vintage)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_parquet(table, path)
    return Reading(dataset, vintage, "read", table.num_rows)


def observe_edition(edition: Edition, data_dir: Path) -> pa.Table:
    """All observations of an edition, in the order of the files of its card. Raises InputError."""
    contents = read_files(edition)
    layouts = find_layouts(edition.dataset, data_dir)
    tables = []
    for name, content in contents.items():
        layout = layouts.get(name)
        if layout is None:
            raise InputError(
                "no layout for this file",
                file=f"{edition.name}/{name}",
                todo=f"write one: own/layouts/{edition.dataset}/<table>.toml (docs/layouts.md).",
            )
        grid = read_grid(content, name, sheet=layout.sheet, encoding=layout.encoding, delimiter=layout.delimiter)
        tables.append(read_observations(grid, layout, edition.dataset, edition.vintage))
    return pa.concat_tables(tables)


def keep_last_good(workspace: Workspace, dataset: str, vintage: str, problem: str) -> Reading:
    """Block an edition; if an earlier run published a good reading of it, that one stays."""
    staged = workspace.observations_of(dataset, vintage)
    staged.unlink(missing_ok=True)
    published = workspace.observations_of(dataset, vintage, published=True)
    if not published.is_file():
        return Reading(dataset, vintage, "blocked", 0, problem)
    staged.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(published, staged)
    return Reading(dataset, vintage, "kept", pq.read_metadata(staged).num_rows, problem)


def write_parquet(table: pa.Table, path: Path) -> None:
    """Parquet with fixed settings: the same table gives the same bytes."""
    pq.write_table(table, path, compression="zstd", store_schema=True, row_group_size=1 << 20)


def check_edition(workspace: Workspace, reading: Reading) -> tuple[Reading, list[Outcome]]:
    """Judge the raw and the observations stage of one edition; a critical fault of our reading blocks it."""
    if reading.state != "read":
        return reading, [_unread(reading)]
    with duckdb.connect() as con:
        create_codelists(con)
        _register_cards(con, workspace.data_dir, [reading])
        path = workspace.observations_of(reading.dataset, reading.vintage)
        con.execute(f"CREATE TABLE observations AS FROM read_parquet({quote(str(path))}, hive_partitioning = false)")
        outcomes = [
            outcome
            for stage in ("raw", "observations")
            for outcome in run_suite(con, stage, reading.dataset, reading.vintage)
        ]
    if faults := [outcome for outcome in outcomes if outcome.blocks]:
        first = faults[0]
        problem = (
            f"{reading.name}: {len(faults)} rule(s) about our reading failed; {first.rule_id} {first.words_en} "
            f"{first.failed} row(s): {'; '.join(first.examples[:5])}. What to do: mend the rows or the layout."
        )
        reading = keep_last_good(workspace, reading.dataset, reading.vintage, problem)
    return reading, [_read(reading), *outcomes]


def check_codelists() -> list[Outcome]:
    """Judge the code lists. Raises InputError when one is unsound: nothing can be read without them."""
    with duckdb.connect() as con:
        create_codelists(con)
        outcomes = run_suite(con, "codelists")
    for outcome in outcomes:
        if outcome.blocks:
            raise InputError(
                f"a code list is unsound: {outcome.rule_id} {outcome.words_en}", found=str(outcome.examples)
            )
    return outcomes


def _read(reading: Reading) -> Outcome:
    return Outcome(
        "raw", "R00", reading.dataset, reading.vintage, "reading", "critical", "pass", 1, 0,
        "The edition can be read: card, bytes, encoding, header, every column, label and figure.",
        "版次可读：卡片、字节、编码、表头以及每一列、标签与数字。", (),
    )  # fmt: skip


def _unread(reading: Reading) -> Outcome:
    passed = _read(reading)
    return Outcome(**(asdict(passed) | {"outcome": "fail", "failed": 1, "examples": (reading.problem,)}))


def compute(workspace: Workspace, readings: Sequence[Reading], *, mixed_sources: bool = False) -> None:
    """Indicators and comparisons of all editions, into staged Parquet."""
    with duckdb.connect() as con:
        _load(con, workspace, readings)
        compute_indicators(con, mixed_sources=mixed_sources)
        _write(con, workspace, "indicators")
        _write(con, workspace, "comparisons")
        compute_indicators(con, mixed_sources=True, only=("city_share",))
        _write(con, workspace, "indicators", "indicators_mixed_sources", where="obs_status = 'D'")


def _load(con: duckdb.DuckDBPyConnection, workspace: Workspace, readings: Sequence[Reading]) -> None:
    create_codelists(con)
    _register_cards(con, workspace.data_dir, readings)
    create_table(con, load_contract("observations"))
    for reading in readings:
        path = workspace.observations_of(reading.dataset, reading.vintage)
        if path.is_file():
            con.execute(f"INSERT INTO observations FROM read_parquet({quote(str(path))}, hive_partitioning = false)")


def _register_cards(con: duckdb.DuckDBPyConnection, data_dir: Path, readings: Sequence[Reading]) -> None:
    """Tables datasets (also as cards) and edition_files, from the cards."""
    datasets: list[dict[str, Any]] = []
    files: list[dict[str, Any]] = []
    for reading in readings:
        try:
            card = read_card(data_dir / "raw" / reading.dataset / reading.vintage).card
        except InputError:
            card = {}
        says, did = card.get("publisher_says", {}), card.get("we_did", {})
        row = {
            "dataset": reading.dataset,
            "vintage": reading.vintage,
            "state": reading.state,
            "problem": reading.problem,
            "observations": reading.observations,
            "source_family": card.get("source_family", ""),
        }
        row |= {name: says.get(name, "") for name in _SAYS} | {name: did.get(name, "") for name in _DID}
        datasets.append(row)
        for entry in card.get("files", []):
            files.append(
                {name: row.get(name, "") for name in load_contract("edition_files").names}
                | {
                    "file": entry["name"],
                    "place": entry.get("where", ""),
                    "unit": entry.get("unit", ""),
                    "publisher_note": entry.get("publisher_note", ""),
                    "our_note": entry.get("our_note", ""),
                    "sha256": str(entry.get("sha256", "")),
                    "bytes": int(entry.get("bytes", 0)),
                    "publisher_zh": entry.get("publisher") or says.get("publisher_zh", ""),
                    "title_zh": entry.get("title") or says.get("title_zh", ""),
                }
            )
    for name, rows in (("datasets", datasets), ("edition_files", files)):
        create_table(con, load_contract(name))
        table = pa.Table.from_pylist(rows, schema=load_contract(name).arrow_schema())
        con.register("listed", table)
        con.execute(f"INSERT INTO {name} FROM listed")
        con.unregister("listed")
    con.execute("CREATE OR REPLACE TEMP VIEW cards AS FROM datasets")


def _write(
    con: duckdb.DuckDBPyConnection, workspace: Workspace, table: str, name: str = "", where: str = "true"
) -> None:
    contract = load_contract(table)
    order = ", ".join(contract.key)
    rows = con.execute(f"SELECT * FROM {table} WHERE {where} ORDER BY {order}").to_arrow_table()
    path = workspace.staging / table / f"{name or table}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_parquet(rows.cast(contract.arrow_schema()), path)


def check_results(workspace: Workspace, readings: Sequence[Reading]) -> list[Outcome]:
    """Judge indicators and comparisons, edition by edition. Raises InputError when an indicator is unsound."""
    with duckdb.connect() as con:
        create_codelists(con)
        for name in ("indicators", "comparisons"):
            path = workspace.staging / name / f"{name}.parquet"
            con.execute(f"CREATE TABLE {name} AS FROM read_parquet({quote(str(path))})")
        outcomes = [
            outcome
            for reading in readings
            if reading.observations
            for stage in ("indicators", "comparisons")
            for outcome in run_suite(con, stage, reading.dataset, reading.vintage)
        ]
    for outcome in outcomes:
        if outcome.blocks:
            raise InputError(
                f"an indicator is unsound: {outcome.rule_id} {outcome.words_en} Nothing was published",
                file=f"{outcome.dataset}/{outcome.vintage}",
                found="; ".join(outcome.examples[:3]),
                todo="report it: this is a fault of the software or of an own indicator.",
            )
    return outcomes


def write_checks(workspace: Workspace, outcomes: Iterable[Outcome]) -> None:
    """The outcomes as staged Parquet."""
    schema = load_contract("checks").arrow_schema()
    rows = [asdict(outcome) | {"examples": list(outcome.examples)} for outcome in outcomes]
    rows.sort(key=lambda row: (row["stage"], row["rule_id"], row["dataset"], row["vintage"]))
    path = workspace.staging / "checks" / "checks.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_parquet(pa.Table.from_pylist(rows, schema=schema), path)


def build_database(workspace: Workspace, readings: Sequence[Reading]) -> None:
    """The database file, staged: everything that was read, computed and judged."""
    target = str(workspace.staging / DATABASE)
    with duckdb.connect() as con:
        _load(con, workspace, readings)
        for folder, name in (
            ("indicators", "indicators"),
            ("indicators", "indicators_mixed_sources"),
            ("comparisons", "comparisons"),
            ("checks", "checks"),
        ):
            path = workspace.staging / folder / f"{name}.parquet"
            con.execute(f"CREATE OR REPLACE TABLE {name} AS FROM read_parquet({quote(str(path))})")
        write_store(con, target)
    write_views(target)


def export_tables(workspace: Workspace) -> list[Path]:
    """The tables for report authors, staged, from the staged database."""
    from transforms.export import write_tables

    with duckdb.connect(str(workspace.staging / DATABASE), read_only=True) as con:
        return write_tables(con, workspace.staging / "exports" / "tables", find_tables(workspace.data_dir))


def find_tables(data_dir: Path) -> tuple[TableSpec, ...]:
    """The table specifications: the bundled ones and the user's own (data/own/tables/*.toml)."""
    own = []
    for path in sorted((data_dir / "own" / "tables").glob("*.toml")):
        try:
            own.append((path.stem, path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            raise InputError(
                "the table specification is not UTF-8", file=f"own/tables/{path.name}", todo="save it as UTF-8."
            ) from None
    return load_specs(own)


def summarise(workspace: Workspace, readings: Sequence[Reading], outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """What a person wants to know at the end: datasets, rules, comparisons. The same for every way to run."""
    with duckdb.connect(str(workspace.curated / DATABASE), read_only=True) as con:
        counted = con.execute("SELECT verdict, count(*) FROM compared_cells GROUP BY ALL ORDER BY ALL").fetchall()
        indicators = con.execute("SELECT count(*), count(value) FROM indicators").fetchone()
        contradictions = [
            dict(zip(("locator", "rule", "printed", "range", "note"), row, strict=True))
            for row in con.execute(
                """SELECT dataset || '/' || vintage || '/' || locator, rule, printed,
                          coalesce(round(computed_lower, 2)::VARCHAR, '...') || ' to '
                          || coalesce(round(computed_upper, 2)::VARCHAR, '...'), note
                   FROM comparisons WHERE verdict = 'contradictory' ORDER BY ALL"""
            ).fetchall()
        ]
    return {
        "datasets": [asdict(reading) for reading in readings],
        "indicators": {"rows": indicators[0], "values": indicators[1]} if indicators else {},
        "comparisons": dict(counted),
        "contradictions": contradictions,
        "rules": {
            result: sum(outcome.outcome == result for outcome in outcomes) for result in ("pass", "fail", "not_judged")
        },
        "failing_rules": [
            {"rule": o.rule_id, "dataset": o.dataset, "vintage": o.vintage,
             "about": o.about, "severity": o.severity, "failed": o.failed,
             "words_en": o.words_en, "words_zh": o.words_zh}
            for o in outcomes if o.outcome == "fail"
        ],
    }  # fmt: skip


def record_run(workspace: Workspace, run_id: str, summary: dict[str, Any]) -> Path:
    """Keep the summary of a run in curated/runs, where it stays when later runs replace the outputs."""
    path = workspace.curated / "runs" / f"{run_id}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".tmp")
    beside.write_text(json.dumps(summary, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    beside.replace(path)
    return path
