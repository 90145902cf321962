"""What a flow leaves on Prefect's pages: progress, tables of editions, rules and sources, the run in short, report."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

Step = Callable[..., Any]


class Progress:
    """A bar on the page of the flow run: one piece for every step that ends."""

    def __init__(self, total: int) -> None:
        from prefect.artifacts import create_progress_artifact

        self.total, self.done = total, 0
        self._id: Any = create_progress_artifact(0.0, key="digitrade-progress", description="Steps of the run")

    def watch(self, step: Step) -> Step:
        def call(*args: Any, **kwargs: Any) -> Any:
            made = step(*args, **kwargs)
            self.done += 1
            self._show(min(99.0, round(100 * self.done / self.total, 1)))
            return made

        return call

    def finish(self) -> None:
        """Steps whose inputs have not changed are left out, so the end is said."""
        self._show(100.0)

    def _show(self, percent: float) -> None:
        from prefect.artifacts import update_progress_artifact

        update_progress_artifact(self._id, percent)


def keep_run(summary: dict[str, Any]) -> None:
    """The run in short, its editions, the rules that failed, and the report."""
    from prefect.artifacts import create_link_artifact, create_markdown_artifact

    names = ("dataset", "vintage", "state", "reason", "observations", "quarantined", "problem")
    _keep_table("digitrade-datasets", summary["datasets"], names, "What was read")
    told = ("belongs_to", "dataset", "vintage", "severity", "failed", "waived", "words_en", "words_zh")
    _keep_table("digitrade-quality", summary["failing_rules"], told, "Rules that failed")
    if report := summary.get("report"):
        create_link_artifact(Path(report).as_uri(), link_text="Quality report", key="digitrade-report")
    create_markdown_artifact(key="digitrade-run", markdown=_describe_run(summary), description="The run in short")


def _describe_run(summary: dict[str, Any]) -> str:
    rules = ", ".join(f"{count} {result}" for result, count in summary["rules"].items())
    return "\n".join(
        [
            f"# Run {summary['run_id']}",
            f"{summary['indicators']['rows']} indicator rows, {summary['indicators']['values']} with a value.",
            f"Rules: {rules}. {summary['seconds']['all']} s. In {summary['data_dir']}.",
            "",
            "| verdict | figures |",
            "|---|---|",
            *(f"| {verdict} | {count} |" for verdict, count in summary["comparisons"].items()),
            "",
            *(
                f"- {row['locator']} ({row['rule']}): printed {row['printed']}, computed {row['range']}"
                for row in summary["contradictions"]
            ),
        ]
    )


def keep_round_table(record: dict[str, Any]) -> None:
    """What became of each source."""
    _keep_table("digitrade-sources", record["datasets"], ("dataset", "vintage", "state", "problem"), "Sources asked")


def keep_audit(found: list[dict[str, Any]]) -> None:
    """The contradictions of the last audit."""
    _keep_table("digitrade-audit", found, tuple(found[0]) if found else (), "Contradictions of what is printed")


def _keep_table(key: str, rows: list[dict[str, Any]], names: tuple[str, ...], description: str) -> None:
    """A table; an empty one says that there is nothing."""
    from prefect.artifacts import create_table_artifact

    table = [{name: row[name] for name in names} for row in rows] or [{"": "none"}]
    create_table_artifact(key=key, table=table, description=description)
