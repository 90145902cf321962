"""The release: database and tables, from what was read, computed and judged; and what is said of a run at its end."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb

from expectations.records import find_rule
from expectations.run import Outcome
from flows.stages.parquet import MEMORY_LIMIT, list_large, load_editions, open_engine, select_edition, write_parquet
from flows.stages.reading import Reading
from flows.store.disk import write_whole
from flows.store.workspace import DATABASE, REVISION_REPORT, Workspace
from transforms.database import show_parquet, write_store, write_views
from transforms.errors import InputError
from transforms.indicators import quote
from transforms.indicators.core import select_core
from transforms.revisions import compare_editions, make_report, render_report
from transforms.tables import TableSpec, load_specs


def build_database(workspace: Workspace, readings: Sequence[Reading]) -> None:
    """The database file, staged: everything that was read, computed and judged."""
    target = str(workspace.staging / DATABASE)
    with open_engine(workspace) as con:
        load_editions(con, workspace, readings)
        for folder, name in (
            ("indicators", "indicators"),
            ("indicators", "indicators_on_request"),
            ("comparisons", "comparisons"),
            ("checks", "checks"),
            ("validation", "validation_records"),
            ("validation", "findings"),
            ("audit", "audit_findings"),
            ("audit", "audit_derived"),
        ):
            path = workspace.staging / folder / f"{name}.parquet"
            con.execute(f"CREATE OR REPLACE TABLE {name} AS FROM read_parquet({quote(str(path))})")
        write_store(con, target)
    write_views(target, _select_large(workspace, readings))


def _select_large(workspace: Workspace, readings: Sequence[Reading]) -> dict[str, list[str]]:
    """What stays in Parquet: name -> SELECTs over a folder that the reader names: $curated."""
    staged, selects = quote(str(workspace.staging))[:-1], defaultdict(list)
    for reading in list_large(workspace, readings):
        key = reading.dataset, reading.vintage
        selects["all_observations"].append(select_edition(workspace.folder_of("observations", *key)))
        for name, select in select_core(*key, workspace.folder_of("core", *key)).items():
            selects[name].append(select)
    return {name: [sql.replace(f"{staged}/", "curated || '/") for sql in found] for name, found in selects.items()}


def report_revisions(workspace: Workspace) -> list[Path]:
    """The report on what the last edition of every dataset revises of the one before, staged, from the staged database.

    In revisions/dataset=<dataset>/vintage=<the later>/: rows that changed (Parquet), the report (JSON, Markdown).
    """
    written = []
    pairs = workspace.list_revised()
    if not pairs:
        return []
    with duckdb.connect(str(workspace.staging / DATABASE), read_only=True) as con:
        con.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
        con.execute(f"SET temp_directory = {quote(str(workspace.make_scratch()))}")
        show_parquet(con, str(workspace.staging))
        for dataset, old, new in pairs:
            folder = workspace.folder_of("revisions", dataset, new)
            comparison = compare_editions(con, dataset, old, new, source="all_observations")
            write_parquet(con.execute("FROM revised ORDER BY ALL").to_arrow_table(), folder / "revisions.parquet")
            report = make_report(con, comparison)
            contents = {REVISION_REPORT: json.dumps(report, ensure_ascii=False, indent=1) + "\n"}
            contents |= {f"revisions_{lang}.md": render_report(con, report, lang) for lang in ("zh", "en")}
            for name, text in contents.items():
                (folder / name).write_text(text, encoding="utf-8")
                written.append(folder / name)
    return written


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


def summarise(made: Path, readings: Sequence[Reading], outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """What a person wants to know at the end: datasets, rules, comparisons. The same for every way to run.

    made: the folder of what the run made, published or not.
    """
    with duckdb.connect(str(made / DATABASE), read_only=True) as con:
        counted = con.execute("SELECT verdict, count(*) FROM compared_cells GROUP BY ALL ORDER BY ALL").fetchall()
        indicators = con.execute("SELECT count(*), count(value) FROM indicators").fetchone()
        grades = con.execute(
            "SELECT grade, count(*) FROM audit_findings WHERE kind = 'contradiction' GROUP BY ALL"
        ).fetchall()
        # a rule on an edition counts once, however many expectations it has: as in the report
        rules = con.execute("SELECT outcome, count(*) FROM validation_records GROUP BY ALL").fetchall()
        derived = con.execute("SELECT count(*) FROM audit_derived WHERE is_default").fetchone()
        contradictions = [
            dict(zip(("locator", "rule", "printed", "range", "note", "note_zh"), row, strict=True))
            for row in con.execute(
                """SELECT dataset || '/' || vintage || '/' || locator, rule, printed,
                          coalesce(round(computed_lower, 2)::VARCHAR, '...') || ' to '
                          || coalesce(round(computed_upper, 2)::VARCHAR, '...'), note, note_zh(note)
                   FROM comparisons WHERE verdict = 'contradictory' ORDER BY ALL"""
            ).fetchall()
        ]
    return {
        "datasets": [asdict(reading) for reading in readings],
        "indicators": {"rows": indicators[0], "values": indicators[1]} if indicators else {},
        "comparisons": dict(counted),
        "contradictions": contradictions,
        "audit": {"strict": 0, "declared": 0, "soft": 0, **dict(grades), "derived": derived[0] if derived else 0},
        "rules": {"pass": 0, "fail": 0, "not_judged": 0, **dict(rules)},
        "failing_rules": [
            {"rule": o.rule_id, "belongs_to": find_rule(o).id, "dataset": o.dataset, "vintage": o.vintage,
             "about": o.about, "severity": o.severity, "failed": o.failed, "waived": o.waived,
             "words_en": o.words_en, "words_zh": o.words_zh}
            for o in outcomes if o.outcome == "fail"
        ],
    }  # fmt: skip


def record_run(workspace: Workspace, run_id: str, summary: dict[str, Any]) -> Path:
    """Keep the summary of a run in curated/runs, where it stays when later runs replace the outputs."""
    path = workspace.curated / "runs" / f"{run_id}.json"
    write_whole(path, json.dumps(summary, ensure_ascii=False, indent=1) + "\n")
    return path
