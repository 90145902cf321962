"""What a person sees: progress, the summary of a run, tables of rows."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from flows.pipeline import STEPS, count_steps, run_stages

MOST_SHOWN = 10  # contradictions in a summary
CONTRADICTIONS = (
    "select dataset, vintage, locator, rule, printed, computed_lower, computed_upper, note from comparisons "
    "where verdict = 'contradictory'"
)
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
    "audit",
    "contradictions",
    "problems",
    "where",
    "seconds",
    "fails",
    "waived",
    "hint",
    "unchanged",
    "quarantined",
    "notices",
    "rebuilt",
    "results",
    "release",
    "since_last",
    "more",
)


def run_with_progress(
    data_dir: Path, *, mixed_sources: bool, quiet: bool, force: tuple[str, ...] = (), **releases: Any
) -> dict[str, Any]:
    """The plain run, with a progress bar on standard error when that is a terminal; releases: wait, keep, embargo."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(emoji=False, stderr=True)
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
        return run_stages(data_dir, steps, mixed_sources=mixed_sources, force=force, **releases)


@contextmanager
def track_blocks() -> Iterator[Callable[[int, int], None]]:
    """A bar of blocks done, on the error stream, where that is a terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(emoji=False, stderr=True), transient=True) as bar:
        task = bar.add_task("audit", total=None)
        yield lambda done, all_: bar.update(task, completed=done, total=all_)


def print_summary(summary: dict[str, Any], lang: str) -> None:
    """One screen: what was read, what the rules and the comparisons found, where it is."""
    from expectations.records import say_problem
    from transforms.codelists import load_codelist
    from transforms.phrases import say

    console, list_ = Console(emoji=False), load_codelist("words")
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
    _print_reasons(console, summary, words, lang)
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
    console.print(words["audit"].format(**summary["audit"]), highlight=False)
    printed, computed = (list_.label(f"COL.{name}_value", lang) for name in ("printed", "computed"))
    if summary["contradictions"]:
        console.print(f"\n[bold]{words['contradictions']}[/bold]")
        for row in summary["contradictions"][:MOST_SHOWN]:
            where = f"{escape(row['locator'])} ({row['rule']})"
            found = f"{printed} {escape(row['printed'])}, {computed} {say('RUN', row['range'], lang)}"
            told = row["note_zh"] if lang == "zh" else row["note"]
            note = f" ({escape(told)})" if told else ""
            console.print(f"  {where}: {found}{note}", soft_wrap=True, highlight=False)
        if left := summary["contradictions"][MOST_SHOWN:]:
            more = words["more"].format(count=len(left))
            console.print(f'  {more}: digitrade query "{CONTRADICTIONS}"', soft_wrap=True, highlight=False)
    failing = [row for row in summary["failing_rules"] if row["rule"] != "R00"]
    if failing:
        console.print(f"\n[bold]{words['fails']}[/bold]")
        for row in failing:
            rule = row["rule"] if row["rule"] == row["belongs_to"] else f"{row['belongs_to']} {row['rule']}"
            where = f"{rule} {row['dataset']}/{row['vintage']}"
            kind = ", ".join(_say_code(row[name], lang) for name in ("severity", "about"))
            waived = f", {row['waived']} {words['waived']}" if row["waived"] else ""
            found = f"{row['failed']}{waived} - {row[f'words_{lang}']} ({kind})"
            console.print(f"  {where}: {found}", soft_wrap=True, highlight=False)
    _print_since_last(console, summary, words, lang)
    said = list_.label(f"RELEASE.{summary['release']['state']}", lang).format(**summary["release"])
    console.print(f"\n{said}", soft_wrap=True, highlight=False)
    notices = [(row, notice) for row in summary["datasets"] for notice in row["notices"]]
    if notices:
        console.print(f"\n[bold]{words['notices']}[/bold]")
        for row, notice in notices:
            console.print(
                f"  {row['dataset']}/{row['vintage']}: {escape(say('REASON', notice, lang))}",
                soft_wrap=True,
                highlight=False,
            )
    problems = [row for row in summary["datasets"] if row["problem"]]
    if problems:
        console.print(f"\n[bold red]{words['problems']}[/bold red]")
        for row in problems:
            console.print(
                f"  {row['dataset']}/{row['vintage']}: {escape(say_problem(row['problem'], lang))}",
                soft_wrap=True,
                highlight=False,
            )
    steps = {name: name if lang == "en" else list_.label(f"STEP.{name}", lang) for name in summary["seconds"]}
    seconds = ", ".join(f"{steps[name]} {value:.1f}" for name, value in summary["seconds"].items())
    console.print(f"\n{words['seconds']}: {seconds}", highlight=False)
    console.print(
        f"{words['where']}: {Path(summary['data_dir']) / 'curated'} ({words['hint']})", soft_wrap=True, highlight=False
    )


def _print_reasons(console: Console, summary: dict[str, Any], words: dict[str, str], lang: str) -> None:
    """Why editions were read, indicators computed and tables written again: a line for each reason."""
    from transforms.phrases import say_all

    reasons: dict[str, list[str]] = {}
    for row in summary["datasets"]:
        if row["reason"] not in ("", "unchanged"):
            reasons.setdefault(row["reason"], []).append(f"{row['dataset']}/{row['vintage']}")
    for name in ("results", "release"):
        if summary["rebuilt"][name] != "unchanged":
            reasons.setdefault(summary["rebuilt"][name], []).append(words[name])
    for reason, made in reasons.items():
        console.print(
            f"{words['rebuilt']} ({escape(say_all('REASON', reason, lang))}): {', '.join(made)}",
            soft_wrap=True,
            highlight=False,
        )


def _print_since_last(console: Console, summary: dict[str, Any], words: dict[str, str], lang: str) -> None:
    """What is said otherwise of editions that were published before; nothing where nothing is."""
    if summary["since_last"]:
        console.print(f"\n[bold]{words['since_last']}[/bold]")
    for line in say_changes(summary["since_last"], lang):
        console.print(f"  {escape(line)}", soft_wrap=True, highlight=False)


def say_changes(changes: dict[str, Any], lang: str) -> list[str]:
    """A line for every edition: how many figures and values changed, and what it is due to."""
    from transforms.codelists import load_codelist
    from transforms.revisions.report import name_causes

    said = load_codelist("words").label("RUN.since_counts", lang)
    lines = []
    for edition, told in changes.items():
        if "problem" in told:
            lines.append(f"{edition}: {told['problem']}")
            continue
        changed = {kind: sum(causes.values()) for kind, causes in told["causes"].items()}
        found = dict.fromkeys(cause for of in told["causes"].values() for cause in of)
        causes = ", ".join(cause if lang == "en" else name_causes(cause, lang) for cause in found)
        lines.append(f"{edition}: {said.format(**changed, causes=causes)}")
    return lines


def _say_code(code: str, lang: str) -> str:
    """Outcome, severity, subject or stage of a rule: in English the code, as it is queried, in Chinese its word."""
    from transforms.codelists import load_codelist

    return code if lang == "en" else load_codelist("words").label(f"CHECK.{code}", lang)


def print_records_of_rules(records: list[dict[str, Any]], lang: str) -> None:
    """The rules of the catalogue that failed or are waived, one line an edition, the gravest first."""
    from expectations.catalogue import load_rules
    from expectations.words import say

    table = Table(box=box.SIMPLE_HEAD)
    for name in ("rule", "edition"):
        table.add_column(say(name, lang))
    for name in ("failed_rows", "waived_rows", "judged", "unjudged_rows"):
        table.add_column(say(name, lang), justify="right")
    for record in records:
        if record["outcome"] != "fail":
            continue
        style = (
            {"error": "red", "warning": "yellow"}.get(record["severity"], "")
            if record["rule_status"] == "active"
            else "dim"
        )
        title = load_rules()[record["rule_id"]].title[lang]
        severity = say(record["severity"], lang, "severity")
        numbers = (str(record[name] or "") for name in ("failed", "waived", "judged", "not_judged"))
        table.add_row(f"{record['rule_id']} {title} ({severity})", record["data_source"], *numbers, style=style)
    Console(emoji=False).print(table)


def print_checks(rows: list[dict[str, Any]], counts: dict[str, int], findings: list[dict[str, Any]], lang: str) -> None:
    """The rules, failures first, with the rows they name."""
    from expectations.records import say_example
    from expectations.report import say_found
    from transforms.codelists import load_codelist

    found: dict[tuple[str, ...], list[str]] = {}
    for finding in sorted(findings, key=lambda finding: finding["number"]):
        key = finding["rule_id"], finding["dataset"], finding["vintage"]
        found.setdefault(key, []).append(say_found(finding, lang))
    console, more = Console(emoji=False), load_codelist("words").label("TRACE.more", lang)
    waived_word = load_codelist("words").label("RUN.waived", lang)
    colours = {"fail": "red", "not_judged": "yellow", "pass": "green"}
    for row in rows:
        if row["stage"] == "catalogue" and row["outcome"] == "not_judged":
            continue  # of most rules most editions print nothing: they are counted below, and stand in the report
        colour = colours[row["outcome"]]
        outcome, severity, about = (
            _pad(_say_code(row[name], lang), width) for name, width in (("outcome", 10), ("severity", 11), ("about", 9))
        )
        head = f"[{colour}]{outcome}[/] {row['rule_id']} {severity} {about}"
        where = f"{row['dataset']}/{row['vintage']}" if row["dataset"] else _say_code(row["stage"], lang)
        waived = f", {row['waived']} {waived_word}" if row["waived"] else ""
        console.print(
            f"{head} {where}: {escape(row['words'])} ({row['failed']}/{row['checked']}{waived})",
            soft_wrap=True,
            highlight=False,
        )
        if row["stage"] == "catalogue":
            examples = found.get((row["rule_id"], row["dataset"], row["vintage"]), [])
        else:
            examples = [say_example(row["rule_id"], example, lang) for example in row["examples"]]
        for example in examples[:5]:
            console.print(f"             {escape(example)}", soft_wrap=True, highlight=False)
        if len(examples) > 5 or row["failed"] > len(examples):
            console.print(f"             {more.format(count=row['failed'] - min(5, len(examples)))}", highlight=False)
    list_ = load_codelist("words")
    told = ", ".join(
        f"{counts.get(name, 0)} {list_.label(f'RUN.{name}', lang)}" for name in ("pass", "fail", "not_judged")
    )
    console.print(f"{list_.label('RUN.rules', lang)}: {told}.", highlight=False)


def _pad(text: str, width: int) -> str:
    """A text filled up to so many cells, of which a Chinese character takes two."""
    return text + " " * (width - cell_len(text))


_LEAST = 16  # cells, of which a Chinese character takes two: narrower columns of running text cannot be read
_GAP = 3  # cells around a column
_WORD = re.compile(r"[^\s\u2e80-\uffff]+")  # what is not Chinese is broken at spaces only
# Chinese may be broken after any character, but no line begins with a closing sign or ends with an opening one.
_PIECE = re.compile(r"\s+|[（《“‘「]*(?:[^\s\u2e80-\uffff]+|\S)[，。；：、！？）》”’」]*")


class Wrapped:
    """A text that is broken as English and Chinese in one line want it; rich breaks Chinese like one long word."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        words = [len(word) for word in _WORD.findall(self.text)]
        whole = max(map(cell_len, self.text.splitlines()), default=0)
        return Measurement(min(max(words, default=2), options.max_width), min(whole, options.max_width))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for part in self.text.splitlines() or [""]:
            for line in wrap_cells(part, options.max_width):
                yield Text(line, overflow="fold")


def wrap_cells(text: str, width: int) -> list[str]:
    """The lines of a text in so many cells. A single piece that is wider stands in a line of its own, too wide."""
    lines = [""]
    for piece in _PIECE.findall(text):
        if lines[-1] and cell_len(lines[-1] + piece.rstrip()) > width:
            lines[-1] = lines[-1].rstrip()
            lines.append(piece.lstrip())
        else:
            lines[-1] += piece
    return lines


def print_rows(rows: list[dict[str, Any]], title: str) -> None:
    """Rows as a table that wraps; as records where the columns would become too narrow to be read."""
    console = Console(emoji=False, width=None if sys.stdout.isatty() else 120)
    if sum(measure_columns(rows)) > console.width:
        print_records(rows, title)
        return
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    for place, name in enumerate(rows[0] if rows else []):
        table.add_column(name, overflow="fold", no_wrap=place == 0)  # what is to be copied stays whole
    for row in rows:
        first, *others = map(str, row.values())
        table.add_row(escape(first), *map(Wrapped, others))
    console.print(table)


def measure_columns(rows: list[dict[str, Any]]) -> list[int]:
    """Cells that each column needs to be read: the first its longest text, others their longest word and _LEAST."""
    needed = []
    for place, name in enumerate(rows[0] if rows else []):
        texts = [name, *(str(row[name]) for row in rows)]
        whole = max(map(cell_len, texts))
        word = max((len(word) for text in texts for word in _WORD.findall(text)), default=0)
        needed.append(_GAP + (whole if place == 0 else min(whole, max(word, _LEAST))))
    return needed


def print_records(rows: list[dict[str, Any]], title: str) -> None:
    """Rows with more columns than a line holds: one block each, a column a line, what is empty left out."""
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for row in rows:
        for name, value in row.items():
            if value:
                table.add_row(name, Wrapped(str(value)))
        table.add_section()
    Console(emoji=False, width=None if sys.stdout.isatty() else 120).print(table)


def write_rows(rows: Any, format: str, output: Path | None) -> None:
    """Query results: a table for the eye, or CSV, JSON, Parquet; exact decimals, written beside and renamed."""
    if format == "parquet":
        if output is None:
            raise ValueError("parquet needs a file: --output rows.parquet")
        import pyarrow.parquet as pq

        with write_beside(output) as beside:
            pq.write_table(rows, beside)
        return
    text = {"csv": _csv, "json": _json, "table": _table}[format](rows, output)
    if output is None:
        sys.stdout.write(text)
    else:
        with write_beside(output) as beside:
            beside.write_text(text, encoding="utf-8", newline="")


@contextmanager
def write_beside(output: Path) -> Iterator[Path]:
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
    console = Console(
        emoji=False, file=sys.stdout if output is None else None, width=None if sys.stdout.isatty() else 200
    )
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
