"""A revision report and a revision triangle in the terminal."""

from __future__ import annotations

import sys
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from transforms.codelists import load_codelist
from transforms.export.labels import Labels
from transforms.revisions import Triangle
from transforms.revisions.report import (
    KINDS,
    largest_heads,
    statistics_heads,
    tell_causes,
    tell_counts,
    tell_largest,
    tell_statistics,
)
from transforms.trace.build import show_number

MOST_GROUPS = 20


def _console() -> Console:
    return Console(emoji=False, width=None if sys.stdout.isatty() else 180, highlight=False)


def _word(name: str, lang: str, **values: object) -> str:
    return load_codelist("words").label(f"REVISION.{name}", lang).format(**values)


def print_report(report: dict[str, Any], labels: Labels) -> None:
    lang, console = labels.lang, _console()
    console.print(
        f"[bold]{escape(_word('title', lang, dataset=report['dataset'], old=report['from'], new=report['to']))}[/]"
    )
    kinds = [_word(kind, lang) for kind in KINDS]
    _print_table(console, [_word("change", lang), *kinds], tell_counts(report, lang), right=(1, 2))
    if not any(report["causes"].values()):
        console.print(_word("none", lang))
        return
    _print_table(console, [_word("cause", lang), *kinds], tell_causes(report, lang), right=(1, 2))
    groups = [list(row.values()) for row in tell_statistics(report, labels)]
    if groups:
        console.print(f"[bold]{_word('statistics', lang)}[/]")
        _print_table(console, statistics_heads(lang), groups[:MOST_GROUPS], right=(4, 5, 6, 7))
        if left := groups[MOST_GROUPS:]:
            console.print(f"  ... +{len(left)} (--json)")
    if report["unrevised"]:
        console.print(_word("unrevised", lang, count=report["unrevised"]))
    console.print(f"\n[bold]{_word('largest', lang)}[/]")
    largest = [list(row.values()) for row in tell_largest(report, labels)]
    _print_table(console, largest_heads(lang), largest, right=(6, 7))


def _print_table(console: Console, heads: list[str], rows: list[list[str]], right: tuple[int, ...]) -> None:
    table = Table(box=box.SIMPLE_HEAD)
    for place, head in enumerate(heads):
        table.add_column(head, justify="right" if place in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    console.print(table)


def print_triangle(triangle: Triangle, lang: str) -> None:
    """Rows are periods, columns editions; - is a blank with its status, nothing a period that an edition lacks."""
    console = _console()
    series = ", ".join(f"{name} {value}" for name, value in triangle.series.items())
    power = f" x 10^{triangle.unit_mult}" if triangle.unit_mult else ""
    console.print(f"[bold]{_word('triangle', lang)}[/] {escape(series)} ({triangle.unit}{power})")
    rows = [[period, *(_show(triangle, period, vintage) for vintage in triangle.vintages)]
            for period in triangle.periods]  # fmt: skip
    period = load_codelist("words").label("COL.period", lang)
    _print_table(console, [period, *triangle.vintages], rows, right=tuple(range(1, len(triangle.vintages) + 1)))


def _show(triangle: Triangle, period: str, vintage: str) -> str:
    if (period, vintage) not in triangle.values:
        return ""
    value, status = triangle.values[period, vintage], triangle.statuses[period, vintage]
    return f"{show_number(value) or '-'}{'' if status == 'A' else f' {status}'}"
