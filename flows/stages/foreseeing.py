"""What a run would do and why, without doing any of it: nothing is written, no lock is taken."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flows.stages.fingerprints import FORCED, UNCHANGED, is_forced, load_json, refuse_unknown_force
from flows.stages.plans import Plan, plan_audit, plan_codelists, plan_release, plan_results, plan_rules
from flows.stages.reading import Reading, check_corrections, find_reading_reason, list_editions, state_of, use_codelists
from flows.stages.releasing import find_tables
from flows.stages.settling import load_settings
from flows.store.editions import read_card
from flows.store.workspace import Workspace
from transforms.errors import InputError

Row = dict[str, str]  # step, edition ('' for steps on all together), would: read, make, keep or block; reason


def foresee(data_dir: Path, *, mixed_sources: bool = False, force: Sequence[str] = ()) -> list[Row]:
    """What a run would do with each edition and with what rests on all of them, in its order. Raises InputError.

    Whether an edition can be read shows only when it is: block is said of what card and files tell beforehand. What
    rests on editions that would be read is said to be made; should they turn out as before, the run takes it over.
    """
    editions = list_editions(data_dir)
    refuse_unknown_force(force, [dataset for dataset, _ in editions])
    use_codelists(data_dir)
    check_corrections(data_dir, editions)
    find_tables(data_dir)
    # what is published stands in the place of what would be staged: it is the same where nothing has changed
    workspace = Workspace(data_dir, data_dir / "curated")
    rows = [_tell_plan(plan_codelists(workspace, force))]
    rows += [_foresee_edition(workspace, *key, force=is_forced(force, key[0])) for key in editions]
    made = [row["edition"] for row in rows if row["would"] == "read"]
    names = ("results", "rules", "audit", "release")
    if force or made:
        reason = FORCED if force else f"edition changed: {', '.join(made[:3])}{' ...' if len(made) > 3 else ''}"
        return rows + [{"step": name, "edition": "", "would": "make", "reason": reason} for name in names]
    problems = {row["edition"]: row["reason"] for row in rows if row["would"] == "block"}
    readings = [_recall_reading(workspace, *key, problems.get("/".join(key), "")) for key in editions]
    return rows + _foresee_rest(workspace, readings, mixed_sources=mixed_sources)


def _foresee_edition(workspace: Workspace, dataset: str, vintage: str, *, force: bool) -> Row:
    row = {"step": "read", "edition": f"{dataset}/{vintage}"}
    try:
        reason = find_reading_reason(workspace, read_card(workspace.data_dir / "raw" / dataset / vintage), force=force)
    except InputError as problem:
        return row | {"would": "block", "reason": str(problem)}
    return row | {"would": "keep" if reason == UNCHANGED else "read", "reason": reason}


def _foresee_rest(workspace: Workspace, readings: Sequence[Reading], *, mixed_sources: bool) -> list[Row]:
    """What rests on all editions together, where none of them would be read."""
    settings = load_settings(workspace.data_dir)
    plans = [
        plan_results(workspace, readings, mixed_sources=mixed_sources),
        plan_rules(workspace, readings, settings),
        plan_audit(workspace, readings, lambda: ""),
    ]
    rows = [_tell_plan(plan) for plan in plans]
    if changed := [plan for plan in plans if not plan.is_unchanged]:
        return [*rows, {"step": "release", "edition": "", "would": "make", "reason": changed[0].reason}]
    return [*rows, _tell_plan(plan_release(workspace, readings, None))]


def _recall_reading(workspace: Workspace, dataset: str, vintage: str, problem: str) -> Reading:
    """The reading that the run would go on with: the publication's, which also stays where an edition is blocked."""
    facts: dict[str, Any] = load_json(state_of(workspace, dataset, vintage)).get("facts", {})
    state = "read" if not problem else "kept" if facts else "blocked"
    return Reading(dataset, vintage, state, facts.get("observations", 0), problem)


def _tell_plan(plan: Plan) -> Row:
    would = "keep" if plan.is_unchanged else "make"
    return {"step": plan.name, "edition": "", "would": would, "reason": plan.reason}
