"""What rests on all editions together: indicators, and the release made from them. Made again only when needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from expectations.catalogue import load_rules
from expectations.run import Outcome
from expectations.settings import FILE, Settings
from flows.stages.fingerprints import (
    EVERYTHING,
    UNCHANGED,
    Fingerprint,
    digest,
    find_reason,
    hash_all_code,
    hash_audit_code,
    hash_bytes,
    hash_codelists,
    hash_computing_code,
    hash_file,
    hash_reading_code,
    hash_specifications,
    load_json,
    load_outcomes,
    stage_seen,
    stage_state,
    take_over_outputs,
)
from flows.stages.reading import Reading, state_of
from flows.store.workspace import DATABASE, EDITION_FOLDERS, Workspace

# Name of a plan -> folders and files that it makes.
_OUTPUTS = {
    "codelists": (),
    "results": ("indicators", "core", "comparisons"),
    "rules": ("rules",),
    "audit": ("audit",),
    "release": ("revisions", "checks", "validation", "exports", DATABASE),
}


@dataclass(frozen=True)
class Plan:
    """Whether a group of outputs is made again, and why."""

    name: str
    reason: str
    fingerprint: Fingerprint

    @property
    def is_unchanged(self) -> bool:
        return self.reason == UNCHANGED


def _plan(workspace: Workspace, name: str, fingerprint: Fingerprint, *, forced: bool) -> Plan:
    state, seen = (load_json(path) for path in _paths(workspace, workspace.curated, name))
    return Plan(name, find_reason(workspace, state, seen, fingerprint, forced=forced), fingerprint)


def _paths(workspace: Workspace, root: Path, name: str) -> tuple[Path, Path]:
    return root / "state" / f"{name}.json", root / "seen" / f"{name}.json"


def plan_codelists(workspace: Workspace, force: Sequence[str] = ()) -> Plan:
    """Whether the code lists must be judged again."""
    fingerprint = {"codelists": hash_codelists(workspace.data_dir), "software": hash_reading_code()}
    return _plan(workspace, "codelists", fingerprint, forced=EVERYTHING in force)


def plan_results(
    workspace: Workspace, readings: Sequence[Reading], *, mixed_sources: bool = False, force: Sequence[str] = ()
) -> Plan:
    """Whether indicators and comparisons must be computed again."""
    fingerprint = {
        "editions": {reading.name: _hash_edition(workspace, reading) for reading in readings},
        "options": {"mixed_sources": str(mixed_sources)},
        "codelists": hash_codelists(workspace.data_dir),
        "software": hash_computing_code(),
    }
    return _plan(workspace, "results", fingerprint, forced=bool(force))


def plan_rules(
    workspace: Workspace, readings: Sequence[Reading], settings: Settings, force: Sequence[str] = ()
) -> Plan:
    """Whether the SELECTs of the catalogue must judge the editions again."""
    fingerprint = {
        "editions": {reading.name: _hash_edition(workspace, reading) for reading in readings},
        "own_rules": {FILE: digest(settings.describe(load_rules()))},
        "codelists": hash_codelists(workspace.data_dir),
        "software": hash_reading_code(),
    }
    return _plan(workspace, "rules", fingerprint, forced=bool(force))


def plan_audit(
    workspace: Workspace,
    readings: Sequence[Reading],
    hash_figures: Callable[[], str],
    force: Sequence[str] = (),
) -> Plan:
    """Whether the printed figures must be audited again: not because an edition has come that states nothing."""
    editions = {reading.name: _hash_edition(workspace, reading) for reading in readings}
    before = load_json(_paths(workspace, workspace.curated, "audit")[0]).get("fingerprint") or {}
    figures = before["figures"] if before.get("seen") == editions else {"figures": hash_figures()}
    fingerprint = {
        "figures": figures,
        "codelists": hash_codelists(workspace.data_dir),
        "software": hash_audit_code(),
        "seen": editions,  # decides on nothing: only whether the figures need be looked at
    }
    return _plan(workspace, "audit", fingerprint, forced=bool(force))


def _hash_edition(workspace: Workspace, reading: Reading) -> str:
    """What indicators see of an edition: its staged outputs and its card."""
    key = reading.dataset, reading.vintage
    outputs: dict[str, Any] = load_json(state_of(workspace, *key)).get("outputs") or {
        str(path.relative_to(workspace.staging)): hash_file(path)
        for kind in EDITION_FOLDERS
        for path in sorted(workspace.folder_of(kind, *key).rglob("*"))
        if path.is_file()
    }
    card = workspace.data_dir / "raw" / reading.dataset / reading.vintage / "card.toml"
    return digest([reading.observations, outputs, hash_bytes(card.read_bytes()) if card.is_file() else ""])


def plan_release(
    workspace: Workspace, readings: Sequence[Reading], outcomes: Sequence[Outcome] | None, force: Sequence[str] = ()
) -> Plan:
    """Whether the outcomes, the database and the tables must be written again. The results are staged by now.

    outcomes: None where they are known to be those of the publication.
    """
    if outcomes is None:
        judged = load_json(_paths(workspace, workspace.curated, "release")[0]).get("fingerprint", {}).get("rules", {})
    else:
        judged = {"outcomes": digest([vars(outcome) for outcome in outcomes])}
    results = load_json(_paths(workspace, workspace.staging, "results")[0])
    fingerprint = {
        "results": {"results": digest([results["outputs"], results["outcomes"]])},
        "audit": {"audit": digest(load_json(_paths(workspace, workspace.staging, "audit")[0])["outputs"])},
        "datasets": {reading.name: digest([reading.state, reading.problem]) for reading in readings},
        "editions": {reading.name: _hash_edition(workspace, reading) for reading in readings},
        "rules": judged,
        "codelists": hash_codelists(workspace.data_dir),
        "specifications": hash_specifications(workspace.data_dir),
        "software": hash_all_code(),
    }
    return _plan(workspace, "release", fingerprint, forced=bool(force))


def take_over(workspace: Workspace, plan: Plan) -> list[Outcome]:
    """Stage what is published, as it is; the outcomes of its rules."""
    published, _ = _paths(workspace, workspace.curated, plan.name)
    state = load_json(published)
    take_over_outputs(workspace, state)
    workspace.take_over(published)
    stage_seen(workspace, _paths(workspace, workspace.staging, plan.name)[1], state)
    return load_outcomes(state)


def keep_state(workspace: Workspace, plan: Plan, outcomes: Sequence[Outcome] = ()) -> None:
    """Stage what the staged outputs of a plan were made from."""
    roots = [workspace.staging / name for name in _OUTPUTS[plan.name]]
    outputs = [path for root in roots for path in ([root] if root.is_file() else root.rglob("*")) if path.is_file()]
    stage_state(
        workspace, *_paths(workspace, workspace.staging, plan.name), plan.fingerprint, outputs, outcomes=list(outcomes)
    )
