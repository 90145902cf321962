"""The flows: sources asked, the run, the audit, handing out, the release. Thin wrappers over plain functions.

prefect.yaml deploys them. No postponed annotations here: a scheduled run loads this file by its path, and Prefect must
see the types. Nothing is cached by Prefect: what has not changed is known by its content (an edition whose bytes are
those of the latest is not landed again, a stage whose inputs are unchanged is taken over).
"""

import os
from pathlib import Path
from typing import Any

# Offline and quiet: no telemetry, no prompt, and no server that somebody must have started before.
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "ignore")
os.environ.setdefault("PREFECT_CLI_PROMPT", "false")
os.environ.setdefault("PREFECT_LOGGING_EXTRA_LOGGERS", "digitrade")
os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")

from prefect import flow, runtime, task
from prefect.cache_policies import NO_CACHE
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from prefect.states import Completed, State
from prefect.tasks import exponential_backoff

from flows.operation.artifacts import Progress, keep_audit, keep_round_table, keep_run
from flows.operation.handing import hand_out, list_contradictions
from flows.operation.rounds import ask_source, ask_sources, tell_failure
from flows.pipeline import STEPS, Step, count_steps, make_run_id, run_stages

HOUR = 3600.0
# Before a publisher that did not answer is asked again, doubled each time and jittered; an asking has tries of its own.
RETRY_SECONDS = float(os.environ.get("DIGITRADE_RETRY_SECONDS", "60"))


def _is_passing_trouble(task_: Any, run: Any, state: Any) -> bool:
    """Retry what a disk or a shared folder may do for a moment, never a fault of the data."""
    try:
        state.result()
    except OSError:
        return True
    except Exception:
        return False
    return False


def _as_task(name: str, step: Step) -> Step:
    names = {
        "read": ("Read an edition", "read {dataset}/{vintage}", "ingest"),
        "check": ("Check the editions read", "check editions", "quality"),
        "check_codelists": ("Check the code lists", "check code lists", "quality"),
        "compute": ("Compute indicators and comparisons", "compute indicators", "compute"),
        "check_results": ("Check indicators and comparisons", "check results", "quality"),
        "judge_catalogue": ("Judge what figures say together", "judge the catalogue", "quality"),
        "audit": ("Audit what is printed", "audit printed figures", "quality"),
        "write_checks": ("Keep the outcomes of the rules", "keep outcomes", "quality"),
        "build_database": ("Build the database", "build digitrade.duckdb", "publish"),
        "report_revisions": ("Report the revisions", "report revisions", "publish"),
        "export_tables": ("Export the tables", "export tables", "publish"),
        "publish": ("Publish by renaming", "publish", "publish"),
    }
    title, run_name, tag = names[name]
    made = task(name=title, task_run_name=run_name, tags=["digitrade", tag], cache_policy=NO_CACHE)(step)
    if name in ("read", "publish"):
        return made.with_options(retries=2, retry_delay_seconds=2, retry_condition_fn=_is_passing_trouble)
    return made


TASKS = {name: _as_task(name, step) for name, step in STEPS.items()}


def _is_unreachable(task_: Any, run: Any, state: Any) -> bool:
    """Retry a publisher that did not answer; never what it sent, nor a fault of a source."""
    from flows.connectors.download import UnreachableError

    try:
        state.result()
    except UnreachableError:
        return True
    except Exception:
        return False
    return False


ask_task = task(
    name="Ask a source",
    task_run_name="ask {dataset}",
    tags=["digitrade", "ingest", "network"],
    cache_policy=NO_CACHE,
    retries=2,
    retry_delay_seconds=exponential_backoff(backoff_factor=RETRY_SECONDS),
    retry_jitter_factor=0.5,
    retry_condition_fn=_is_unreachable,
    timeout_seconds=5 * HOUR,
)(ask_source)

list_task = task(name="List contradictions", tags=["digitrade", "audit"], cache_policy=NO_CACHE)(list_contradictions)
hand_task = task(
    name="Hand out",
    task_run_name="hand out to {target}",
    tags=["digitrade", "publish"],
    cache_policy=NO_CACHE,
    retries=2,
    retry_delay_seconds=10,
    retry_condition_fn=_is_passing_trouble,
)(hand_out)


def _ask_as_task(data_dir: Path, dataset: str) -> dict[str, Any]:
    """A source, asked as a task of its own; what hinders it becomes a row, so that the others are asked too."""
    state: Any = ask_task(data_dir, dataset, return_state=True)
    row = state.result(raise_on_failure=False)
    return tell_failure(data_dir, dataset, row) if isinstance(row, Exception) else row


def _find_folder(data_dir: str) -> Path:
    """The folder named, else DIGITRADE_DATA_DIR, else the one that comes with the project."""
    from flows.cli import ROOT

    return Path(data_dir or os.environ.get("DIGITRADE_DATA_DIR") or ROOT / "data").resolve()


def _name_run() -> str:
    """What runs, on which folder, on which datasets: the name of a flow run."""
    told = runtime.flow_run.parameters
    datasets = ", ".join(told.get("datasets") or ())
    return f"{runtime.flow_run.flow_name} {datasets or 'on ' + _find_folder(told.get('data_dir', '')).name}"


def _build(
    folder: Path, *, mixed_sources: bool = False, force: tuple[str, ...] = (), **releases: Any
) -> dict[str, Any]:
    """releases: wait, keep, embargo."""
    progress = Progress(count_steps(folder))
    steps = {name: progress.watch(made) for name, made in TASKS.items()}
    summary = run_stages(folder, steps, mixed_sources=mixed_sources, force=force, run_id=make_run_id(), **releases)
    progress.finish()
    keep_run(summary)
    return summary


@flow(flow_run_name=_name_run, validate_parameters=True, persist_result=False, timeout_seconds=12 * HOUR)
def digitrade(
    data_dir: str = "",
    mixed_sources: bool = False,
    force: tuple[str, ...] = (),
    wait: float = 0,
    keep: int | None = None,
    embargo: str = "",
) -> dict[str, Any]:
    """Read all editions, check them, compute the indicators, compare, publish the database and the tables.

    Args:
        data_dir: Folder that holds raw/, own/ and curated/; empty for DIGITRADE_DATA_DIR or the bundled data.
        mixed_sources: Give shares of a nation from another source family a value, with status D.
        force: Datasets to rebuild though nothing has changed; "*" rebuilds everything.
        wait: Seconds to wait for a run that is at work on the same folder.
        keep: How many releases stay on the disk; else what own/releases.toml says.
        embargo: Time with its offset before which the release is made and not published.
    """
    return _build(
        _find_folder(data_dir), mixed_sources=mixed_sources, force=force, wait=wait, keep=keep, embargo=embargo
    )


@flow(flow_run_name=_name_run, validate_parameters=True, persist_result=False, timeout_seconds=12 * HOUR)
def ingest(data_dir: str = "", datasets: tuple[str, ...] = ()) -> State:
    """Ask publishers for news, and land it. One that is down does not stop the others.

    Args:
        data_dir: Folder that holds raw/, own/ and curated/; empty for DIGITRADE_DATA_DIR or the bundled data.
        datasets: Datasets to ask for; empty for those that are landed, and the user's own sources.
    """
    return _tell_state(_ask_round(_find_folder(data_dir), datasets))


def _ask_round(folder: Path, datasets: tuple[str, ...]) -> dict[str, Any]:
    record = ask_sources(folder, make_run_id(), datasets, _ask_as_task)
    keep_round_table(record)
    return record


@flow(flow_run_name=_name_run, validate_parameters=True, persist_result=False, timeout_seconds=24 * HOUR)
def nightly(data_dir: str = "", datasets: tuple[str, ...] = (), mixed_sources: bool = False) -> State:
    """Ask publishers for news, then build and publish with what there is: the last good editions where one is down.

    Args:
        data_dir: Folder that holds raw/, own/ and curated/; empty for DIGITRADE_DATA_DIR or the bundled data.
        datasets: Datasets to ask for; empty for those that are landed, and the user's own sources.
        mixed_sources: Give shares of a nation from another source family a value, with status D.
    """
    folder = _find_folder(data_dir)
    record = _ask_round(folder, datasets)
    summary = _build(folder, mixed_sources=mixed_sources)
    return _tell_state(record, summary)


def _tell_state(*records: dict[str, Any]) -> State:
    """Completed; by the name Incomplete, with what failed, where a source failed or an edition is blocked."""
    rows = [row for record in records for row in record["datasets"] if row["state"] in ("failed", "kept", "blocked")]
    if not rows:
        return Completed(message="done", data=list(records))
    said = "; ".join(f"{row['dataset']}: {row['problem']}" for row in rows)
    return Completed(name="Incomplete", message=said, data=list(records))


@flow(flow_run_name=_name_run, validate_parameters=True, persist_result=False, timeout_seconds=HOUR)
def audit(data_dir: str = "") -> list[dict[str, Any]]:
    """What the published figures contradict, as a table: the findings of the last run.

    Args:
        data_dir: Folder that holds raw/, own/ and curated/; empty for DIGITRADE_DATA_DIR or the bundled data.
    """
    found = list_task(_find_folder(data_dir))
    keep_audit(found)
    return found


@flow(flow_run_name=_name_run, validate_parameters=True, persist_result=False, timeout_seconds=HOUR)
def publish(data_dir: str = "", target: str = "") -> list[str]:
    """Hand out the published database and tables to another folder, such as a shared drive; each file by renaming.

    Args:
        data_dir: Folder that holds raw/, own/ and curated/; empty for DIGITRADE_DATA_DIR or the bundled data.
        target: Folder that takes the files; it is made where it is not there.
    """
    return [str(path) for path in hand_task(_find_folder(data_dir), target)]


@flow(flow_run_name=_name_run, validate_parameters=True, persist_result=False, timeout_seconds=24 * HOUR)
def release(data_dir: str = "", embargo: str = "") -> dict[str, Any]:
    """Make everything anew and publish it as a numbered release, where anything differs from the last one.

    Args:
        data_dir: Folder that holds raw/, own/ and curated/; empty for DIGITRADE_DATA_DIR or the bundled data.
        embargo: Time with its offset before which the release is made and not published.
    """
    return _build(_find_folder(data_dir), force=("*",), embargo=embargo)


def run_flow(
    data_dir: Path, *, mixed_sources: bool = False, force: tuple[str, ...] = (), **releases: Any
) -> dict[str, Any]:
    """Run the flow in this process; releases: wait, keep, embargo.

    Without PREFECT_API_URL a server is started for it and ended with it.
    """
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        summary: dict[str, Any] = digitrade(
            data_dir=str(data_dir), mixed_sources=mixed_sources, force=force, **releases
        )
    return summary
