"""What a person sees: progress, the summary of a run, tables of rows."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from flows.pipeline import STEPS, count_steps, run_stages

MOST_SHOWN = 10  # contradictions in a summary
CONTRADICTIONS = (
    "select dataset, vintage, locator, rule, printed, computed_lower, computed_upper, note from comparisons "
    "where verdict = 'contradictory'"
)
_MORE = {"en": "and {} more", "zh": "另有 {} 处"}
# Words of the summary: rows RUN.* of the code list words.
RUN_WORDS = (
    "title",
    "outcome",
    "read",
    "kept",
    "blocked",
    "pass",
    "fail",
    "not_judged",
    "computed_rows",
    "observations",
    "verdict",
    "figures",
    "rules",
    "with_value",
    "contradictions",
    "problems",
    "where",
    "seconds",
    "fails",
    "hint",
    "unchanged",
    "quarantined",
    "notices",
    "rebuilt",
    "results",
    "release",
)


def run_with_progress(
    data_dir: Path, *, mixed_sources: bool, quiet: bool, force: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The plain run, with a progress bar on standard error when that is a terminal."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    total = count_steps(data_dir)
    with Progress(
        TextColumn("{task.description:<28}"), BarColumn(), TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(), console=console, disable=quiet or not console.is_terminal, transient=True,
    ) as progress:  # fmt: skip
        bar = progress.add_task("start", total=total)

        def shown(name: str) -> Any:
            def call(*args: Any, **kwargs: Any) -> Any:
                progress.update(bar, description=name.replace("_", " "))
                result = STEPS[name](*args, **kwargs)
                progress.advance(bar)
                return result

            return call

        steps = {name: shown(name) for name in STEPS}
        return run_stages(data_dir, steps, mixed_sources=mixed_sources, force=force)


def print_summary(summary: dict[str, Any], lang: str) -> None:
    """One screen: what was read, what the rules and the comparisons found, where it is."""
    from transforms.codelists import load_codelist

    console, list_ = Console(), load_codelist("words")
    words = {name: list_.label(f"RUN.{name}", lang) for name in RUN_WORDS}
    table = Table(title=f"{words['title']} {summary['run_id']}", box=box.SIMPLE_HEAD, title_justify="left")
    quarantined = any(row["quarantined"] for row in summary["datasets"])
    names = ["COL.dataset", "RUN.outcome", "RUN.observations", *["RUN.quarantined"] * quarantined]
    for name in names:
        justify: Any = "right" if name in ("RUN.observations", "RUN.quarantined") else "left"
        table.add_column(list_.label(name, lang), justify=justify, no_wrap=True)
    for row in summary["datasets"]:
        style = "" if row["state"] == "read" else "bold red"
        cells = [
            f"{row['dataset']}/{row['vintage']}",
            words["unchanged" if row["reason"] == "unchanged" else row["state"]],
            str(row["observations"]),
            str(row["quarantined"]),
        ]
        table.add_row(*cells[: len(names)], style=style)
    console.print(table)
    _print_reasons(console, summary, words)
    verdicts = load_codelist("verdicts")
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column(words["verdict"])
    table.add_column(words["figures"], justify="right")
    for row in verdicts.rows:
        table.add_row(verdicts.label(row["code"], lang), str(summary["comparisons"].get(row["code"], 0)))
    console.print(table)
    counts = summary["indicators"]
    rules = ", ".join(f"{count} {words[name]}" for name, count in summary["rules"].items())
    console.print(
        f"{words['computed_rows']}: {counts['rows']} ({counts['values']} {words['with_value']}). "
        f"{words['rules']}: {rules}."
    )
    printed, computed = (list_.label(f"COL.{name}_value", lang) for name in ("printed", "computed"))
    if summary["contradictions"]:
        console.print(f"\n[bold]{words['contradictions']}[/bold]")
        for row in summary["contradictions"][:MOST_SHOWN]:
            where = f"{escape(row['locator'])} ({row['rule']})"
            found = f"{printed} {escape(row['printed'])}, {computed} {row['range']}"
            note = f" ({escape(row['note'])})" if row["note"] else ""
            console.print(f"  {where}: {found}{note}", soft_wrap=True, highlight=False)
        if left := summary["contradictions"][MOST_SHOWN:]:
            more = _MORE[lang].format(len(left))
            console.print(f'  {more}: digitrade query "{CONTRADICTIONS}"', soft_wrap=True, highlight=False)
    failing = [row for row in summary["failing_rules"] if row["rule"] != "R00"]
    if failing:
        console.print(f"\n[bold]{words['fails']}[/bold]")
        for row in failing:
            where = f"{row['rule']} {row['dataset']}/{row['vintage']}"
            found = f"{row['failed']} - {row[f'words_{lang}']} ({row['severity']}, {row['about']})"
            console.print(f"  {where}: {found}", soft_wrap=True, highlight=False)
    notices = [(row, notice) for row in summary["datasets"] for notice in row["notices"]]
    if notices:
        console.print(f"\n[bold]{words['notices']}[/bold]")
        for row, notice in notices:
            console.print(f"  {row['dataset']}/{row['vintage']}: {escape(notice)}", soft_wrap=True, highlight=False)
    problems = [row for row in summary["datasets"] if row["problem"]]
    if problems:
        console.print(f"\n[bold red]{words['problems']}[/bold red]")
        for row in problems:
            console.print(
                f"  {row['dataset']}/{row['vintage']}: {escape(row['problem'])}", soft_wrap=True, highlight=False
            )
    seconds = ", ".join(f"{name} {value:.1f}" for name, value in summary["seconds"].items())
    console.print(f"\n{words['seconds']}: {seconds}", highlight=False)
    console.print(
        f"{words['where']}: {Path(summary['data_dir']) / 'curated'} ({words['hint']})", soft_wrap=True, highlight=False
    )


def _print_reasons(console: Console, summary: dict[str, Any], words: dict[str, str]) -> None:
    """Why editions were read, indicators computed and tables written again: a line for each reason."""
    reasons: dict[str, list[str]] = {}
    for row in summary["datasets"]:
        if row["reason"] not in ("", "unchanged"):
            reasons.setdefault(row["reason"], []).append(f"{row['dataset']}/{row['vintage']}")
    for name in ("results", "release"):
        if summary["rebuilt"][name] != "unchanged":
            reasons.setdefault(summary["rebuilt"][name], []).append(words[name])
    for reason, made in reasons.items():
        console.print(f"{words['rebuilt']} ({escape(reason)}): {', '.join(made)}", soft_wrap=True, highlight=False)


def print_checks(rows: list[dict[str, Any]], counts: dict[str, int]) -> None:
    """The rules, failures first, with the rows they name."""
    console = Console()
    colours = {"fail": "red", "not_judged": "yellow", "pass": "green"}
    for row in rows:
        colour = colours[row["outcome"]]
        head = f"[{colour}]{row['outcome']:<10}[/] {row['rule_id']} {row['severity']:<8} {row['about']:<9}"
        where = f"{row['dataset']}/{row['vintage']}" if row["dataset"] else row["stage"]
        console.print(
            f"{head} {where}: {escape(row['words'])} ({row['failed']}/{row['checked']})",
            soft_wrap=True,
            highlight=False,
        )
        for example in row["examples"][:5]:
            console.print(f"             {escape(example)}", soft_wrap=True, highlight=False)
        if len(row["examples"]) > 5 or row["failed"] > len(row["examples"]):
            console.print(f"             ... {row['failed'] - min(5, len(row['examples']))} more", highlight=False)
    console.print(", ".join(f"{count} {name}" for name, count in counts.items()))


def print_rows(rows: list[dict[str, Any]], title: str) -> None:
    """Rows as a table that wraps."""
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    for place, name in enumerate(rows[0] if rows else []):
        table.add_column(name, overflow="fold", no_wrap=place == 0)  # what is to be copied stays whole
    for row in rows:
        table.add_row(*(escape(str(value)) for value in row.values()))
    Console(width=None if sys.stdout.isatty() else 120).print(table)


def print_records(rows: list[dict[str, Any]], title: str) -> None:
    """Rows with more columns than a line holds: one block each, a column a line, what is empty left out."""
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for row in rows:
        for name, value in row.items():
            if value:
                table.add_row(name, escape(str(value)))
        table.add_section()
    Console(width=None if sys.stdout.isatty() else 120).print(table)


def write_rows(rows: Any, format: str, output: Path | None) -> None:
    """Query results: a table for the eye, or CSV, JSON, Parquet; exact decimals, written beside and renamed."""
    if format == "parquet":
        if output is None:
            raise ValueError("parquet needs a file: --output rows.parquet")
        import pyarrow.parquet as pq

        with _write_beside(output) as beside:
            pq.write_table(rows, beside)
        return
    text = {"csv": _csv, "json": _json, "table": _table}[format](rows, output)
    if output is None:
        sys.stdout.write(text)
    else:
        with _write_beside(output) as beside:
            beside.write_text(text, encoding="utf-8", newline="")


@contextmanager
def _write_beside(output: Path) -> Iterator[Path]:
    """A file beside the output, which takes its place at the end; where writing fails the old one stays."""
    beside = output.with_name(f".{output.name}.tmp")
    try:
        yield beside
        beside.replace(output)
    finally:
        beside.unlink(missing_ok=True)


def _plain(value: Any) -> Any:
    """A decimal without trailing zeros, a list as text; everything else as it is."""
    from decimal import Decimal

    if isinstance(value, Decimal):
        whole = value == value.to_integral_value()
        return format(value.quantize(Decimal(1)) if whole else value.normalize(), "f")
    return value


def _csv(rows: Any, output: Path | None) -> str:
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows.column_names)
    for row in zip(*(column.to_pylist() for column in rows.columns), strict=True):
        writer.writerow(["" if v is None else _joined(v) if isinstance(v, list) else _plain(v) for v in row])
    return text.getvalue()


def _json(rows: Any, output: Path | None) -> str:
    listed = [{name: _plain(value) for name, value in row.items()} for row in rows.to_pylist()]
    return json.dumps(listed, ensure_ascii=False, indent=1, default=str) + "\n"


def _joined(values: list[Any]) -> str:
    return "; ".join("" if value is None else str(_plain(value)) for value in values)


def _table(rows: Any, output: Path | None) -> str:
    """A table where it fits the width; else every row as a record, one column a line."""
    console = Console(file=sys.stdout if output is None else None, width=None if sys.stdout.isatty() else 200)
    names = rows.column_names
    shown = [
        ["" if v is None else _joined(v) if isinstance(v, list) else str(_plain(v)) for v in row]
        for row in zip(*(column.to_pylist() for column in rows.columns), strict=True)
    ]
    widths = [max(map(cell_len, [name, *(row[i] for row in shown)])) for i, name in enumerate(names)]
    with console.capture() as captured:
        if len(names) > 6 and sum(widths) + 3 * len(names) > console.width:
            for number, row in enumerate(shown, 1):
                console.print(f"-- {number}", highlight=False)
                for name, text in zip(names, row, strict=True):
                    console.print(
                        f"{name:<{max(map(len, names))}}  {text}", markup=False, highlight=False, soft_wrap=True
                    )
        else:
            table = Table(box=box.SIMPLE_HEAD)
            for name in names:
                kind = str(rows.schema.field(name).type)
                numeric = kind.startswith(("decimal", "int", "double", "float"))
                table.add_column(name, justify="right" if numeric else "left", overflow="fold")
            for row in shown:
                table.add_row(*map(escape, row))
            console.print(table)
        console.print(f"{rows.num_rows} row{'' if rows.num_rows == 1 else 's'}")
    return captured.get()
