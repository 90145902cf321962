"""What status, runs and doctor print."""

from __future__ import annotations

import sys
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from flows.operation.doctor import Check
from flows.operation.words import load_words, say

Row = dict[str, Any]
_COLOURS = {"ok": "green", "note": "yellow", "fail": "bold red", "failed": "bold red", "incomplete": "yellow",
            "overdue": "bold red", "due": "yellow", "blocked": "bold red", "kept": "bold red"}  # fmt: skip
MOST_RULES = 8


def _console() -> Console:
    return Console(emoji=False, highlight=False, width=None if sys.stdout.isatty() else 160)


def _paint(code: str, text: str) -> str:
    colour = _COLOURS.get(code, "")
    return f"[{colour}]{escape(text)}[/]" if colour else escape(text)


def print_status(told: Row, lang: str) -> None:
    """One screen: editions, last runs, failing rules, next runs."""
    console = _console()
    console.print(f"[bold]{escape(say('title.status', lang, folder=told['data_dir']))}[/bold]", soft_wrap=True)
    if not told["database"]:
        console.print(f"[yellow]{say('no_database', lang)}[/]")
    table = Table(box=box.SIMPLE_HEAD)
    for name in ("dataset", "vintage", "state", "age", "expected", "asked"):
        table.add_column(say(name, lang), justify="right" if name == "age" else "left")
    for row in told["editions"]:
        table.add_row(*_tell_edition(row, lang))
    console.print(table)
    _print_failed_sources(console, told, lang)
    console.print(f"[bold]{say('title.runs', lang)}[/bold]")
    if not told["last_runs"]:
        console.print(f"  {say('no_runs', lang)}")
    for run in told["last_runs"]:
        outcome = _paint(run["outcome"], say(f"outcome.{run['outcome']}", lang))
        problem = f": {escape(run['problem'])}" if run["problem"] else ""
        began, kind = (run["started"] or run["run_id"])[:19], say(f"kind.{run['kind']}", lang)
        console.print(f"  {began}  {kind}  {run['seconds'] or 0:.1f} s  {outcome}{problem}", soft_wrap=True)
    _print_rules(console, told["failing_rules"], lang)
    where = say("from_server", lang, url=told["server"]) if told["server"] else say("from_file", lang)
    console.print(f"[bold]{say('title.schedules', lang)}[/bold] ({escape(where)})", soft_wrap=True)
    for planned in told["schedules"]:
        console.print(f"  {planned['time'][:16]}{planned['time'][-6:]}  {escape(planned['name'])}")


def _tell_edition(row: Row, lang: str) -> list[str]:
    from transforms.codelists import load_codelist

    state = load_codelist("words").label(f"RUN.{row['state']}", lang) if row["state"] else "-"
    taken = "" if row["taken_days"] is None else f"({say('age_taken', lang, days=row['taken_days'])})"
    age = str(row["age_days"]) if row["age_days"] is not None else taken
    due = _paint(row["due"], say(f"due.{row['due']}", lang))
    asked = row["asked"]
    return [
        escape(row["dataset"]),
        escape(row["vintage"]),
        _paint(row["state"], state),
        age,
        f"{row['expected']} {due}" if row["expected"] else due,
        say(f"asked.{asked['state']}", lang, day=asked["day"]) if asked else say("asked.never", lang),
    ]


def _print_failed_sources(console: Console, told: Row, lang: str) -> None:
    failed = [row for row in told["editions"] if (row["asked"] or {}).get("state") == "failed" or row["problem"]]
    if failed:
        console.print(f"[bold red]{say('title.sources', lang)}[/]")
        for row in failed:
            problem = row["problem"] or row["asked"]["problem"]
            console.print(f"  {row['dataset']}: {escape(problem)}", soft_wrap=True)


def _print_rules(console: Console, rules: list[Row], lang: str) -> None:
    console.print(f"[bold]{say('title.rules', lang)}[/bold]: {'' if rules else say('no_rules', lang)}")
    for rule in rules[:MOST_RULES]:
        where = f"{rule['dataset']}/{rule['vintage']}"
        words = escape(rule[f"words_{lang}"])
        console.print(f"  {rule['belongs_to']} {where}: {rule['failed']} - {words}", soft_wrap=True)
    if len(rules) > MOST_RULES:
        console.print(f"  ... {len(rules) - MOST_RULES} (digitrade check)")


_SHOWN = {
    "runs": ("started", "kind", "seconds", "outcome", "editions", "editions_made", "observations", "rules_failed"),
    "editions": ("started", "dataset", "edition", "state", "reason", "observations", "rules_failed", "problem"),
    "steps": ("run", "step", "seconds"),
}


def print_history(rows: list[Row], lang: str) -> None:
    """Runs, editions of runs or steps of runs as a table; what failed with its problem below."""
    console = _console()
    if not rows:
        console.print(say("no_runs", lang))
        return
    part = "steps" if "step" in rows[0] else "editions" if "dataset" in rows[0] else "runs"
    table = Table(box=box.SIMPLE_HEAD)
    for name in _SHOWN[part]:
        is_number = name in ("seconds", "editions", "editions_made", "observations", "rules_failed")
        table.add_column(say(name, lang), justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_tell_cell(name, row, lang) for name in _SHOWN[part]))
    console.print(table)
    for row in rows if part == "runs" else ():
        if row["problem"]:
            console.print(f"{row['run_id']}: {escape(row['problem'])}", soft_wrap=True)


def _tell_cell(name: str, row: Row, lang: str) -> str:
    value = row[{"edition": "vintage", "run": "run_id"}.get(name, name)]
    if value is None:
        return ""
    if name == "started":
        return str(value)[:19]
    if name == "seconds":
        return f"{value:.2f}"
    if f"{name}.{value}" in load_words():
        return _paint(str(value), say(f"{name}.{value}", lang))
    return escape(str(value))


def tell_check(check: Check, lang: str) -> Row:
    """A check in words: name, outcome, what was found, what to do ('' where nothing)."""
    words = check.words or check.outcome
    todo = "" if check.outcome == "ok" or f"doctor.{check.name}.todo" not in load_words() else "todo"
    return {
        "check": check.name,
        "title": say(f"doctor.{check.name}.name", lang),
        "outcome": check.outcome,
        "found": say(f"doctor.{check.name}.{words}", lang, **check.places),
        "todo": say(f"doctor.{check.name}.todo", lang) if todo else "",
    }


def print_checks(checks: list[Row], lang: str) -> None:
    console = _console()
    for check in checks:
        outcome = _paint(check["outcome"], say(f"doctor.{check['outcome']}", lang))
        console.print(f"{outcome}  {check['title']}: {escape(check['found'])}", soft_wrap=True)
        if check["todo"]:
            console.print(f"      -> {escape(check['todo'])}", soft_wrap=True)
    count = sum(check["outcome"] == "fail" for check in checks)
    console.print(say("doctor.some", lang, count=count) if count else say("doctor.all_sound", lang))


def print_foreseen(rows: list[Row], lang: str) -> None:
    """What a run would do: step, edition, what and why."""
    from transforms.codelists import load_codelist
    from transforms.phrases import say_all

    console, table = _console(), Table(box=box.SIMPLE_HEAD)
    for name in ("step", "edition_of", "would", "reason"):
        table.add_column(say(name, lang), overflow="fold")
    for row in rows:
        words = load_codelist("words").label("RUN.unchanged", lang) if row["reason"] == "unchanged" else row["reason"]
        reason = escape(say_all("REASON", words, lang))
        would = _paint({"keep": "ok", "block": "fail"}.get(row["would"], "note"), say(f"would.{row['would']}", lang))
        table.add_row(say(f"plan.{row['step']}", lang), escape(row["edition"]), would, reason)
    console.print(table)
