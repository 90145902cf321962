"""What a run changes in editions that were published before: figures read, values computed otherwise than then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from flows.stages.fingerprints import load_json
from flows.store.workspace import DATABASE, Workspace
from transforms.errors import InputError
from transforms.indicators import quote
from transforms.revisions import compare_editions, make_report

_BEFORE, _AFTER = "before", "after"


def compare_with_published(workspace: Workspace) -> dict[str, Any]:
    """Edition -> counts and causes of what the staged database says otherwise of it than the published one.

    To be called before publishing. Only editions that changed are there; {} where nothing was published before. Large
    editions, whose figures lie in Parquet, are compared by their indicators. Where the publication is of an older form
    that cannot be compared, that is said under its name.
    """
    return compare_publications(workspace.curated, workspace.staging)


def compare_publications(before: Path, after: Path) -> dict[str, Any]:
    """The same of two folders, each with its database and the states of its outputs: a release, or curated/."""
    last, staged = before / DATABASE, after / DATABASE
    if not last.is_file() or not staged.is_file() or last.samefile(staged):
        return {}
    with duckdb.connect(str(staged), read_only=True) as con:
        try:
            con.execute(f"ATTACH {quote(str(last))} AS last (READ_ONLY)")
            rows = con.execute(
                """SELECT dataset, vintage FROM store.datasets SEMI JOIN last.store.datasets USING (dataset, vintage)
                   WHERE state <> 'blocked' ORDER BY ALL"""
            ).fetchall()
            told = {f"{dataset}/{vintage}": _compare(con, before, after, dataset, vintage) for dataset, vintage in rows}
        except (duckdb.CatalogException, duckdb.BinderException):
            return {DATABASE: {"problem": "the last publication is of an earlier version and is not compared"}}
        except (duckdb.Error, InputError) as error:
            return {DATABASE: {"problem": f"the last publication cannot be compared: {' '.join(str(error).split())}"}}
    return {edition: found for edition, found in told.items() if any(found["causes"].values())}


def _compare(con: duckdb.DuckDBPyConnection, before: Path, after: Path, dataset: str, vintage: str) -> dict[str, Any]:
    _show_both(con, dataset, vintage)
    state = Path("state", f"dataset={dataset}", f"vintage={vintage}", "state.json")
    then, now = (load_json(folder / state).get("fingerprint", {}) for folder in (before, after))
    is_mapped = any(then.get(kind) != now.get(kind) for kind in ("layouts", "codelists"))
    cause = "mapping" if is_mapped else "code"
    comparison = compare_editions(
        con, dataset, _BEFORE, _AFTER, source="both_figures", computed="both_values", otherwise=cause, anew=cause,
        unexplained=cause,  # not the publisher: the bytes are the same
    )  # fmt: skip
    report = make_report(con, comparison)
    return {name: report[name] for name in ("counts", "causes", "largest")}


def _show_both(con: duckdb.DuckDBPyConnection, dataset: str, vintage: str) -> None:
    """Temporary views in which an edition as it was published, and as it is staged, are two editions of its dataset."""
    where = f"WHERE dataset = {quote(dataset)} AND vintage = {quote(vintage)}"
    prefix = quote(f"{dataset}/{vintage}/")

    def both(table: str, replaced: str = "") -> str:
        parts = []
        for name, schema in ((_BEFORE, "last.store"), (_AFTER, "store")):
            cells = replaced.format(to=quote(f"{dataset}/{name}/"))
            parts.append(f"SELECT * REPLACE ({quote(name)} AS vintage{cells}) FROM {schema}.{table} {where}")
        return " UNION ALL BY NAME ".join(parts)

    renamed = (
        f", list_transform(inputs, lambda cell: CASE WHEN starts_with(cell, {prefix}) "
        f"THEN {{to}} || substr(cell, length({prefix}) + 1) ELSE cell END) AS inputs"
    )
    named = f"SELECT 'vintages' AS list, unnest({[_BEFORE, _AFTER]}) AS code, [] AS names"
    views = {
        "both_figures": both("observations"),
        "both_values": both("indicators", renamed),
        "datasets": both("datasets"),
        "corrections": both("corrections"),
        "codes": f"FROM store.codes UNION ALL BY NAME {named}",
    }
    for name, select in views.items():
        con.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {select}")
