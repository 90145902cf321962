"""The order of the stages, written once. Who calls them - plain Python or Prefect - is the caller's choice of steps."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from expectations.records import judge_waivers, settle
from flows import stages
from flows.operation.history import record_failure
from flows.operation.logs import log_event
from flows.operation.notify import tell
from flows.store.mirror import load_pointer
from flows.store.publishing import find_made
from flows.store.releases import prune_releases
from flows.store.workspace import open_workspace

Step = Callable[..., Any]

# In the order in which they run; read runs once for every edition. Steps whose input has not changed are left out.
STEPS: dict[str, Step] = {
    "check_codelists": stages.check_codelists,
    "read": stages.read_edition,
    "check": stages.check_editions,
    "compute": stages.compute,
    "check_results": stages.check_results,
    "judge_catalogue": stages.judge_catalogue,
    "audit": stages.audit_published,
    "write_checks": stages.write_checks,
    "build_database": stages.build_database,
    "report_revisions": stages.report_revisions,
    "export_tables": stages.export_tables,
    "publish": stages.publish_release,
}


def make_run_id() -> str:
    """A name for a run that sorts by time: 20261121T203412Z-123456."""
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ-%f")


def run_stages(
    data_dir: Path,
    steps: Mapping[str, Step],
    *,
    mixed_sources: bool = False,
    force: Sequence[str] = (),
    run_id: str = "",
    wait: float = 0,
    keep: int | None = None,
    embargo: str = "",
) -> dict[str, Any]:
    """Run every stage and return the summary. Raises InputError when nothing can be published.

    What has not changed since the last run is taken over, and the summary says why the rest was made again. force: the
    datasets that are rebuilt all the same, or "*" for everything. wait: so many seconds for a run that is at work.
    keep, embargo: of releases, instead of what own/releases.toml says.
    """
    run_id = run_id or make_run_id()
    seconds: dict[str, float] = {}
    with record_failure(data_dir, run_id, seconds):
        log_event("run started", run_id=run_id, data_dir=str(data_dir))
        summary = _run_stages(
            data_dir, steps, run_id, seconds,
            mixed_sources=mixed_sources, force=force, wait=wait, keep=keep, embargo=embargo,
        )  # fmt: skip
        log_event("run done", run_id=run_id, seconds=summary["seconds"]["all"])
    tell(data_dir, summary)
    return summary


def _run_stages(
    data_dir: Path,
    steps: Mapping[str, Step],
    run_id: str,
    seconds: dict[str, float],
    *,
    mixed_sources: bool,
    force: Sequence[str],
    wait: float,
    keep: int | None,
    embargo: str,
) -> dict[str, Any]:
    started = time.perf_counter()

    def do(name: str, *args: Any, **kwargs: Any) -> Any:
        begun = time.perf_counter()
        try:
            made = steps[name](*args, **kwargs)
        finally:
            spent = time.perf_counter() - begun
            seconds[name] = round(seconds.get(name, 0.0) + spent, 3)
        log_event("step done", run_id=run_id, step=name, seconds=round(spent, 3), **_tell_reading(made))
        return made

    editions = stages.list_editions(data_dir)
    stages.refuse_unknown_force(force, [dataset for dataset, _ in editions])
    stages.use_codelists(data_dir)
    stages.check_corrections(data_dir, editions)
    settings = stages.load_settings(data_dir)
    release_settings = stages.load_release_settings(data_dir, keep=keep, embargo=embargo)
    stages.find_tables(data_dir)  # a fault in an own table is said before anything is done
    with open_workspace(data_dir, wait) as workspace:
        reasons: dict[str, str] = {}

        def make(plan: stages.Plan, judge: Callable[[], Sequence[stages.Outcome]]) -> list[stages.Outcome]:
            """Take over what a plan finds unchanged, else make it; the outcomes of its rules."""
            reasons[plan.name] = plan.reason
            if plan.is_unchanged:
                return stages.take_over(workspace, plan)
            found = list(judge())
            stages.keep_state(workspace, plan, found)
            return found

        outcomes = make(stages.plan_codelists(workspace, force), lambda: do("check_codelists"))
        readings = [
            do("read", workspace, dataset, vintage, force=stages.is_forced(force, dataset))
            for dataset, vintage in editions
        ]
        readings, found = do("check", workspace, readings)
        outcomes += found

        def compute() -> Sequence[stages.Outcome]:
            do("compute", workspace, readings, mixed_sources=mixed_sources)
            checked: Sequence[stages.Outcome] = do("check_results", workspace, readings)
            return checked

        def release() -> Sequence[stages.Outcome]:
            do("write_checks", workspace, outcomes, settings)
            do("build_database", workspace, readings)
            do("report_revisions", workspace)
            do("export_tables", workspace)
            return ()

        outcomes += make(stages.plan_results(workspace, readings, mixed_sources=mixed_sources, force=force), compute)
        outcomes += make(
            stages.plan_rules(workspace, readings, settings, force),
            lambda: do("judge_catalogue", workspace, readings, settings),
        )
        printed = cache(lambda: stages.read_statements(workspace, readings))

        def audit() -> Sequence[stages.Outcome]:
            do("audit", workspace, printed())
            return ()

        make(stages.plan_audit(workspace, readings, lambda: stages.hash_statements(printed()), force), audit)
        outcomes = settle(outcomes, settings)  # those taken over were settled by what held then
        outcomes += judge_waivers(settings, outcomes)
        make(stages.plan_release(workspace, readings, outcomes, force), release)
        since = stages.compare_with_published(workspace) if reasons["release"] != stages.UNCHANGED else {}
        publication = do("publish", workspace, readings, run_id, release_settings, mixed_sources=mixed_sources)
        made = find_made(workspace.curated, publication)
        summary = stages.summarise(made, readings, outcomes)
        summary |= {
            "release": publication,
            "since_last": since,
            "run_id": run_id,
            "data_dir": str(data_dir),
            "rebuilt": reasons,
            "seconds": seconds | {"all": round(time.perf_counter() - started, 3)},
        }
        if set(reasons.values()) != {stages.UNCHANGED} or not stages.has_history(workspace):
            summary["report"] = str(stages.remember_rules(workspace, made, summary["run_id"]))
        pointer = load_pointer(workspace.curated)
        summary["release"]["pruned"] = prune_releases(workspace.curated, release_settings.keep, pointer["release"])
        stages.record_run(workspace, summary["run_id"], summary)
    return summary


def _tell_reading(made: Any) -> dict[str, Any]:
    """For the log, what became of an edition; nothing for other steps."""
    if not isinstance(made, stages.Reading):
        return {}
    names = ("dataset", "vintage", "state", "observations", "reason", "problem")
    return {name: getattr(made, name) for name in names}


def count_steps(data_dir: Path) -> int:
    """How many steps a run on this folder takes at most, for a progress bar."""
    return len(STEPS) - 1 + len(stages.list_editions(data_dir))
