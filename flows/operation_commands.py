"""digitrade status, runs and doctor: the commands. What they look at is in flows/operation, imported when they run."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", envvar="DIGITRADE_DATA_DIR", help="Folder that holds raw/, own/ and curated/."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


class OperationLang(StrEnum):
    zh = "zh"
    en = "en"


class LogFormat(StrEnum):
    text = "text"
    json = "json"


def _start_logging(format: LogFormat | None) -> LogFormat | None:
    if format:
        from flows.operation.logs import start_logging

        start_logging(format.value)
    return format


LogOption = Annotated[
    LogFormat | None,
    typer.Option(
        "--log-format", envvar="DIGITRADE_LOG", callback=_start_logging, help="A line on stderr for every step."
    ),
]
Language = Annotated[OperationLang, typer.Option("--lang", help="Language of labels.")]


def status(
    strict: Annotated[
        bool, typer.Option("--strict", help="End with 1 when a run failed last, or an edition is blocked or overdue.")
    ] = False,
    data_dir: DataDir = None,
    lang: Language = OperationLang.en,
    as_json: AsJson = False,
) -> None:
    """The state of everything on one screen: editions and their ages, last runs, failing rules, next runs.

    Examples:

        digitrade status
        digitrade status --lang zh
        digitrade status --strict --json               for a monitor: 1 when somebody should look

    An age is counted from the day of publication. Expected is the next edition by the calendar (own/calendar.toml goes
    before the one that is shipped). Next runs are those of the server, or by prefect.yaml where none answers.
    """
    from flows.cli import _folder
    from flows.operation.status import look_around

    told = look_around(_folder(data_dir))
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        from flows.operation.screens import print_status

        print_status(told, lang.value)
    if strict and _is_worrying(told):
        raise typer.Exit(1)


def _is_worrying(told: dict[str, Any]) -> bool:
    """The last run failed, a latest edition is blocked or overdue, or a source was last asked in vain."""
    last = next((row for row in told["last_runs"] if row["kind"] == "run"), None)
    return (last is not None and last["outcome"] == "failed") or any(
        row["due"] == "overdue" or row["state"] in ("kept", "blocked") or (row["asked"] or {}).get("state") == "failed"
        for row in told["editions"]
    )


class Part(StrEnum):
    runs = "runs"
    editions = "editions"
    steps = "steps"


def runs(
    part: Annotated[Part, typer.Argument(help="runs, or what they did with each edition, or their steps.")] = Part.runs,
    last: Annotated[int, typer.Option("--last", min=1, help="So many runs, the latest first.")] = 20,
    run_id: Annotated[str, typer.Option("--run", help="This run alone.")] = "",
    data_dir: DataDir = None,
    lang: Language = OperationLang.en,
    as_json: AsJson = False,
) -> None:
    """The history of the runs: when, how long, how it ended; by edition; by step.

    Examples:

        digitrade runs
        digitrade runs steps --last 1                  where the time of the last run went
        digitrade runs editions --run 20261121T203412Z-123456 --json

    The same in SQL, over the folder: from runs('data/curated'), run_editions('data/curated'), run_steps(...).
    """
    from flows.cli import _fail, _folder
    from flows.operation.history import list_history

    curated = _folder(data_dir) / "curated"
    known = [row["run_id"] for row in list_history(curated)]
    if run_id and run_id not in known:
        raise _fail(f"there is no run {run_id!r}; digitrade runs lists them")
    chosen = {run_id} if run_id else set(known[-last:])
    rows = list_history(curated, part.value if part is Part.runs else f"run_{part.value}")
    rows = [row | {"started": row["started"].isoformat() if row["started"] else None}
            for row in rows if row["run_id"] in chosen]  # fmt: skip
    if part is Part.runs:
        rows.reverse()
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    from flows.operation.screens import print_history

    print_history(rows, lang.value)


def doctor(data_dir: DataDir = None, lang: Language = OperationLang.en, as_json: AsJson = False) -> None:
    """Is this installation sound? Looks at Python, packages, database, rights, space, lock, Prefect, time zones ...

    Examples:

        digitrade doctor
        digitrade doctor --data-dir /srv/trade --lang zh

    Says what to do about what is not sound. Exit codes: 0 sound (notes are no fault); 1 something is to be mended.
    """
    from flows.cli import _folder
    from flows.operation.doctor import examine
    from flows.operation.screens import print_checks, tell_check

    checks = [tell_check(check, lang.value) for check in examine(_folder(data_dir))]
    if as_json:
        typer.echo(json.dumps(checks, ensure_ascii=False, indent=1))
    else:
        print_checks(checks, lang.value)
    if any(check["outcome"] == "fail" for check in checks):
        raise typer.Exit(1)
