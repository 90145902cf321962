"""The run as a Prefect flow: each stage a task, thin wrappers over the plain functions of flows/stages.py.

No postponed annotations here: a scheduled run loads this file by its path, and Prefect must see the types.
"""

import os
from pathlib import Path
from typing import Any

# Offline and quiet: no telemetry, no prompt, and no server that somebody must have started before.
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "ignore")
os.environ.setdefault("PREFECT_CLI_PROMPT", "false")
os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

from flows.pipeline import STEPS, Step, make_run_id, run_stages


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


@flow(name="digitrade", flow_run_name="run on {data_dir}", validate_parameters=True, persist_result=False)
def digitrade(
    data_dir: str,
    mixed_sources: bool = False,
    force: tuple[str, ...] = (),
    wait: float = 0,
    keep: int | None = None,
    embargo: str = "",
) -> dict[str, Any]:
    """Read all editions, check them, compute the indicators, compare, publish the database and the tables.

    Args:
        data_dir: Folder that holds raw/, own/ and curated/.
        mixed_sources: Give shares of a nation from another source family a value, with status D.
        force: Datasets to rebuild though nothing has changed; "*" rebuilds everything.
        wait: Seconds to wait for a run that is at work on the same folder.
        keep: How many releases stay on the disk; else what own/releases.toml says.
        embargo: Time with its offset before which the release is made and not published.
    """
    summary = run_stages(
        Path(data_dir),
        TASKS,
        mixed_sources=mixed_sources,
        force=force,
        run_id=make_run_id(),
        wait=wait,
        keep=keep,
        embargo=embargo,
    )
    _create_artifacts(summary)
    return summary


def _create_artifacts(summary: dict[str, Any]) -> None:
    create_table_artifact(
        key="digitrade-datasets",
        table=[
            {k: row[k] for k in ("dataset", "vintage", "state", "reason", "observations", "quarantined", "problem")}
            for row in summary["datasets"]
        ],
        description="What was read",
    )
    lines = ["| verdict | figures |", "|---|---|", *(f"| {k} | {v} |" for k, v in summary["comparisons"].items())]
    rules = ", ".join(f"{count} {result}" for result, count in summary["rules"].items())
    create_markdown_artifact(
        key="digitrade-run",
        markdown="\n".join(
            [
                f"# Run {summary['run_id']}",
                f"{summary['indicators']['rows']} indicator rows, {summary['indicators']['values']} with a value.",
                f"Rules: {rules}.",
                "",
                *lines,
                "",
                *(
                    f"- {row['locator']} ({row['rule']}): printed {row['printed']}, computed {row['range']}"
                    for row in summary["contradictions"]
                ),
            ]
        ),
        description="The run in short",
    )


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
