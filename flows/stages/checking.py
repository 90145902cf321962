"""Judge what was read and computed by the suites in expectations/."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from expectations.checks import Finding, Judged, judge_rules, record
from expectations.records import build_findings, build_records, find_rule, settle
from expectations.run import Docket, Edition, Outcome, run_suite
from expectations.settings import Settings
from flows.stages.fingerprints import UNCHANGED, load_json, load_outcomes, stage_state
from flows.stages.parquet import (
    USED,
    list_large,
    load_editions,
    load_local_codes,
    open_engine,
    select_edition,
    show_edition,
    write_parquet,
)
from flows.stages.reading import Reading, keep_last_good, seen_of, state_of
from flows.stages.settling import load_settings
from flows.stages.troubles import say_fault
from flows.store.editions import order_vintage
from flows.store.workspace import EDITION_FOLDERS, Workspace
from transforms.contract import load_contract
from transforms.errors import InputError
from transforms.indicators import create_codelists, quote

_FOUND = "rules/found.parquet"  # what the SELECTs of the catalogue found, in the staging folder


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


def check_edition(workspace: Workspace, reading: Reading) -> tuple[Reading, list[Outcome]]:
    """check_editions for one edition."""
    (checked,), outcomes = check_editions(workspace, [reading])
    return checked, outcomes


def check_editions(workspace: Workspace, readings: Sequence[Reading]) -> tuple[list[Reading], list[Outcome]]:
    """Judge the raw and the observations stage of every edition read in this run, together.

    An error of our reading that nobody waives blocks its edition. The outcomes of what has not changed are those of
    its state.
    """
    settings = load_settings(workspace.data_dir)
    judged, faults = _judge_each(workspace, [reading for reading in readings if reading.is_fresh])
    checked, outcomes = [], []
    for reading in readings:
        key = reading.dataset, reading.vintage
        if key in faults:
            reading = keep_last_good(workspace, *key, faults[key])
        if reading.state != "read":
            found = [_unread(reading)]
        elif reading.reason == UNCHANGED:
            found = load_outcomes(load_json(state_of(workspace, *key)))
        else:
            found = settle([_read(reading), *judged[key]], settings)
            reading = _block_or_keep(workspace, reading, found)
        checked.append(reading)
        outcomes += found
    return checked, outcomes


def _judge_each(
    workspace: Workspace, readings: Sequence[Reading]
) -> tuple[dict[Edition, list[Outcome]], dict[Edition, str]]:
    """The outcomes of every edition; or why it cannot be judged, for those on which the software fails.

    All are judged together, which is quicker; only where that fails each alone, to find whose fault it is.
    """
    try:
        with say_fault(readings[0].name if readings else ""):
            return _judge(workspace, readings), {}
    except InputError as problem:
        if len(readings) == 1:
            return {}, {(readings[0].dataset, readings[0].vintage): str(problem)}
    judged: dict[Edition, list[Outcome]] = {}
    faults: dict[Edition, str] = {}
    for reading in readings:
        found, fault = _judge_each(workspace, [reading])
        judged |= found
        faults |= fault
    return judged, faults


def _judge(workspace: Workspace, readings: Sequence[Reading]) -> dict[Edition, list[Outcome]]:
    docket = Docket()
    for reading in readings:
        with open_engine(workspace) as con:
            show_edition(con, workspace, reading)
            for stage in ("raw", "observations"):
                docket.add(con, stage, reading.dataset, reading.vintage)
    judged: dict[Edition, list[Outcome]] = {(reading.dataset, reading.vintage): [] for reading in readings}
    for outcome in docket.judge():
        judged[outcome.dataset, outcome.vintage].append(outcome)
    return judged


def _block_or_keep(workspace: Workspace, reading: Reading, outcomes: list[Outcome]) -> Reading:
    """A reading with an error that nobody waives is blocked; of a sound one the state is staged beside its outputs."""
    key = reading.dataset, reading.vintage
    if faults := [outcome for outcome in outcomes if outcome.blocks]:
        first = faults[0]
        problem = (
            f"{reading.name}: {len(faults)} rule(s) about our reading failed; {first.rule_id} {first.words_en} "
            f"{first.failed} row(s): {'; '.join(first.examples[:5])}. What to do: mend the rows or the layout."
        )
        return keep_last_good(workspace, *key, problem)
    pending, seen = load_json(state_of(workspace, *key)), load_json(seen_of(workspace, *key))
    folders = [workspace.folder_of(kind, *key) for kind in EDITION_FOLDERS]
    stage_state(
        workspace,
        state_of(workspace, *key),
        seen_of(workspace, *key),
        pending["fingerprint"],
        [path for folder in folders for path in folder.rglob("*") if path.is_file()],
        outcomes=outcomes,
        facts=pending["facts"],
        raw=seen["raw"],
    )
    return reading


def _read(reading: Reading) -> Outcome:
    return Outcome(
        "raw", "R00", reading.dataset, reading.vintage, "reading", "error", "pass", 1, 0,
        "The edition can be read: card, bytes, encoding, header, every column, label and figure.",
        "版次可读：卡片、字节、编码、表头以及每一列、标签与数字。", (),
    )  # fmt: skip


def _unread(reading: Reading) -> Outcome:
    passed = _read(reading)
    return Outcome(**(asdict(passed) | {"outcome": "fail", "failed": 1, "examples": (reading.problem,)}))


def check_results(workspace: Workspace, readings: Sequence[Reading]) -> list[Outcome]:
    """Judge indicators and comparisons, edition by edition. Raises InputError when an indicator is unsound."""
    docket = Docket()
    with open_engine(workspace) as con:
        for name in ("indicators", "comparisons"):
            path = workspace.staging / name / f"{name}.parquet"
            con.execute(f"CREATE VIEW {name} AS FROM read_parquet({quote(str(path))})")
        load_local_codes(con, workspace, readings)
        for reading in readings:
            if reading.observations:
                for stage in ("indicators", "comparisons"):
                    docket.add(con, stage, reading.dataset, reading.vintage)
    outcomes = settle(docket.judge(), load_settings(workspace.data_dir))
    for outcome in outcomes:
        if outcome.blocks:
            raise InputError(
                f"an indicator is unsound: {outcome.rule_id} {outcome.words_en} Nothing was published",
                file=f"{outcome.dataset}/{outcome.vintage}",
                found="; ".join(outcome.examples[:3]),
                todo="report it: this is a fault of the software or of an own indicator.",
            )
    return outcomes


def judge_catalogue(workspace: Workspace, readings: Sequence[Reading], settings: Settings) -> list[Outcome]:
    """Judge what rows say together, by the SELECTs of the catalogue; what they found is staged as Parquet.

    Small editions are judged together. A large one, or one that revises a large one, is judged by itself, from its
    Parquet files, beside the edition that it revises and what indicators use of all others.
    """
    read = [reading for reading in readings if reading.observations]
    large = {(reading.dataset, reading.vintage) for reading in list_large(workspace, read)}
    judged = _list_judged(read)
    alone = [e for e in judged if {(e.dataset, e.vintage), (e.dataset, e.previous)} & large]
    tallies = []
    for group in [[e for e in judged if e not in alone], *([e] for e in alone)]:
        if not group:
            continue
        with open_engine(workspace) as con:
            load_editions(con, workspace, readings, large=USED)
            if group[0] in alone:
                _show_whole(con, workspace, group[0])
            tallies += judge_rules(con, group, settings=settings)
    rows = [asdict(finding) for tally in tallies for finding in tally.findings]
    names = [field.name for field in fields(Finding)]
    schema = pa.schema([(name, pa.float64() if name == "size" else pa.string()) for name in names])
    write_parquet(pa.Table.from_pylist(rows, schema=schema), workspace.staging / _FOUND)
    return record(tallies, settings)


def _list_judged(read: Sequence[Reading]) -> list[Judged]:
    """The editions to be judged, each with the one before it."""
    judged = []
    for reading in read:
        own = sorted((r.vintage for r in read if r.dataset == reading.dataset), key=order_vintage)
        place = own.index(reading.vintage)
        judged.append(Judged(reading.dataset, reading.vintage, own[place - 1] if place else ""))
    return judged


def _show_whole(con: duckdb.DuckDBPyConnection, workspace: Workspace, judged: Judged) -> None:
    """Put every figure of an edition, and of the one before it, in the place of those that were loaded of them."""
    vintages = [judged.vintage, *([judged.previous] if judged.previous else [])]
    listed = ", ".join(map(quote, vintages))
    con.execute("ALTER TABLE observations RENAME TO loaded")
    whole = " UNION ALL BY NAME ".join(
        f"SELECT * FROM ({select_edition(workspace.folder_of('observations', judged.dataset, vintage))})"
        for vintage in vintages
    )
    others = f"SELECT * FROM loaded WHERE NOT (dataset = {quote(judged.dataset)} AND vintage IN ({listed}))"
    con.execute(f"CREATE VIEW observations AS {whole} UNION ALL BY NAME {others}")


def write_checks(workspace: Workspace, outcomes: Sequence[Outcome], settings: Settings | None = None) -> None:
    """The outcomes, the validation records and the findings as staged Parquet."""
    settled = settings or Settings()
    schema = load_contract("checks").arrow_schema()
    rows = [
        asdict(outcome) | {"examples": list(outcome.examples), "belongs_to": find_rule(outcome).id}
        for outcome in outcomes
    ]
    rows.sort(key=lambda row: (row["stage"], row["rule_id"], row["dataset"], row["vintage"]))
    write_parquet(pa.Table.from_pylist(rows, schema=schema), workspace.staging / "checks" / "checks.parquet")
    path = workspace.staging / _FOUND
    found = [Finding(**row) for row in pq.read_table(path).to_pylist()] if path.is_file() else []
    folder = workspace.staging / "validation"
    write_parquet(build_records(outcomes, settled.waivers), folder / "validation_records.parquet")
    write_parquet(build_findings(found, outcomes, settled.waivers), folder / "findings.parquet")
