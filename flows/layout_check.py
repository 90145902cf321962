"""digitrade layout FILE --check LAYOUT: the file read with the layout as a run reads it, and judged by its rules."""

from __future__ import annotations

import json
import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase
from importlib.resources import files
from pathlib import Path, PurePath
from typing import Any

import duckdb
import typer
from rich.console import Console
from rich.markup import escape

from expectations.run import Outcome, load_suite, run_suite
from flows.layout_command import WHOLE, read_beginning
from flows.stages.parquet import MEMORY_LIMIT
from flows.stages.reading import read_book_of
from flows.store.editions import _read_texts, read_beside
from transforms.archives import list_members, plain_name
from transforms.bulk import read_bulk, select_observations
from transforms.contract import load_contract
from transforms.database import add_local_codes
from transforms.drafting.check import (
    FaultGroup,
    LayoutReport,
    check_layout,
    group_bulk_faults,
    group_faults,
    name_place,
    say_remedy,
    show_patterns,
)
from transforms.drafting.given import Given, describe_readout, preview_rows, summarise_tables
from transforms.errors import InputError
from transforms.grid import ENCODINGS
from transforms.indicators import create_codelists, create_table, quote
from transforms.layout import Layout, parse_layout
from transforms.observe import Readout

VINTAGE = "check"  # what is only looked at has no edition
_MOST_GROUPS = 40
_MOST_CODES = 5


@dataclass(frozen=True)
class Look:
    """A file held against a layout. given: what it gave, None where it could not be read; named: the layout names it;
    whole: all of it was read."""

    file: str
    layout: Layout
    report: LayoutReport
    given: Given | None
    named: bool
    whole: bool

    @property
    def is_clean(self) -> bool:
        return self.named and not self.report.faults and not self.report.broken


def check_file(file: Path, check: Path, dataset: str, folder: Path, encoding: str, as_json: bool) -> bool:
    """Print every fault of a file read with a layout, or what it gives. Returns whether a run would take it."""
    layout = read_layout(check, folder)
    _refuse_encoding(layout, encoding)
    dataset = dataset or check.resolve().parent.name or "dataset"
    look = _look_at_bulk(file, layout, dataset) if layout.bulk else _look_at_cells(file, layout, dataset)
    if as_json:
        typer.echo(json.dumps(_describe_look(look), ensure_ascii=False, indent=1, default=str))
    else:
        _print_look(Console(emoji=False, highlight=False, soft_wrap=True), look)
    return look.is_clean


def read_layout(path: Path, folder: Path) -> Layout:
    """A layout from a file, with the shared layouts (bundled, and the user's in the data folder) and the CSV maps
    beside it, as a run takes them. Raises InputError."""
    if not path.is_file():
        raise InputError(
            "there is no such layout", file=str(path), todo="draft one with: digitrade layout FILE --out ..."
        )
    bundled, mine = files("transforms").joinpath("layouts"), folder / "own" / "layouts"
    shared = _read_texts(bundled, "transforms/layouts", r"_.*\.toml")
    shared |= _read_texts(mine, "own/layouts", r"_.*\.toml") if mine.is_dir() else {}
    try:
        text = path.read_bytes().decode("utf-8")
    except (UnicodeDecodeError, OSError) as error:
        raise InputError(f"the file cannot be read: {error}", file=str(path), todo="save it as UTF-8 text.") from None
    beside = read_beside(path.resolve().parent, str(path.parent), (text, *shared.values()))
    return parse_layout(text, path.name, shared, beside)


def _refuse_encoding(layout: Layout, encoding: str) -> None:
    """A check reads as a run does, which goes by the layout: another encoding belongs into it."""
    if encoding and ENCODINGS.get(encoding) != ENCODINGS[layout.encoding]:
        raise InputError(
            f"--encoding says {encoding}, and the layout {layout.encoding}", file=layout.source,
            todo=f'write encoding = "{encoding}" into the layout ({", ".join(ENCODINGS)}): a run goes by what it says.',
        )  # fmt: skip


# --- the two readers --------------------------------------------------------------------------------------------------


def _look_at_cells(file: Path, layout: Layout, dataset: str) -> Look:
    content, name, whole = read_beginning(file, WHOLE, messages=True)
    book = read_book_of(content, name, layout)
    report = check_layout(book, layout, dataset)
    given = None
    if (readout := report.readout) is not None:
        if not report.faults and readout.observations.num_rows:
            _say_judging()
            report = replace(report, broken=group_outcomes(judge_readout(readout, dataset)))
        given = describe_readout(readout.observations, readout.labels, readout.quarantine, readout.notices)
    return Look(book.file, layout, report, given, _is_named(layout, [book.file]), whole)


def _look_at_bulk(file: Path, layout: Layout, dataset: str) -> Look:
    """The whole file through the reader of a run, into a folder that is removed again."""
    if not file.is_file():
        raise InputError("there is no such file", file=str(file), todo="look at its name and folder.")
    named = _is_named(layout, [file.name, plain_name(file.name), *(PurePath(m).name for m in list_members(file))])
    with tempfile.TemporaryDirectory(prefix="digitrade-") as desk:
        target, scratch = Path(desk) / "read", Path(desk) / "scratch"
        try:
            read = read_bulk(
                file, layout, dataset, VINTAGE, target, scratch=scratch, memory_limit=MEMORY_LIMIT, list_faults=True
            )
        except InputError as error:
            return Look(file.name, layout, LayoutReport(group_faults([error]), None), None, named, True)
        stops = layout.bad_rows == "stop"
        report = LayoutReport(group_bulk_faults(read.faults) if stops else (), None)
        if not read.observations:
            return Look(file.name, layout, LayoutReport(group_bulk_faults(read.faults), None), None, named, True)
        with _open_judge(Path(desk)) as con:
            con.execute(f"CREATE VIEW observations AS {select_observations(target)}")
            if not report.faults:
                _say_judging()
                report = replace(report, broken=group_outcomes(run_suite(con, "observations", dataset, VINTAGE)))
            quarantine = read.quarantine
            given = Given(
                read.observations,
                summarise_tables(con, "observations"),
                preview_rows(con, "observations", read.observations),
                (),
                0 if stops else quarantine.num_rows,
                () if stops else quarantine.slice(0, 5).to_pylist(),
                tuple(notice for notice in read.notices if not (stops and "quarantined" in notice)),
            )
    return Look(file.name, layout, report, given, named, True)


def _is_named(layout: Layout, names: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for name in names for pattern in layout.files)


def _say_judging() -> None:
    typer.echo("Judging by the rules of a run, which takes some seconds ...", err=True)


# --- the rules of a run -----------------------------------------------------------------------------------------------


@contextmanager
def _open_judge(scratch: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the code lists and an empty table local_codes."""
    with duckdb.connect() as con:
        if scratch is not None:
            con.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
            con.execute(f"SET temp_directory = {quote(str(scratch / 'spill'))}")
        create_codelists(con)
        create_table(con, load_contract("local_codes"))
        yield con


def judge_readout(readout: Readout, dataset: str, vintage: str = VINTAGE) -> list[Outcome]:
    """The outcomes of the rules of the observations stage on what was read, as `digitrade run` judges an edition."""
    with _open_judge() as con:
        create_table(con, load_contract("observations"))
        for name, rows in (("observations", readout.observations), ("local_codes", readout.labels)):
            con.register("read", rows)
            con.execute(f"INSERT INTO {name} BY NAME FROM read")
            con.unregister("read")
        add_local_codes(con)
        return run_suite(con, "observations", dataset, vintage)


def group_outcomes(outcomes: Sequence[Outcome]) -> tuple[FaultGroup, ...]:
    """The rules that would block the edition: words, rows, first cells, and what mends them."""
    columns = {
        rule["meta"]["id"]: rule["kwargs"].get("column", "") for rule in load_suite("observations")["expectations"]
    }
    groups = []
    for outcome in outcomes:
        if not outcome.blocks:
            continue
        column = columns.get(outcome.rule_id, "")
        group = FaultGroup(f"rule {outcome.rule_id} fails: {outcome.words_en}", say_remedy(column))
        for example in outcome.examples:
            match = re.fullmatch(r"(?P<locator>.*R\d+C\d+): (?P<found>.*)", example, re.S)
            group.add(match["found"] if match else "", name_place(match["locator"]) if match else example)
        group.count = outcome.failed
        groups.append(group)
    return tuple(groups)


# --- what is shown ----------------------------------------------------------------------------------------------------


def _describe_look(look: Look) -> dict[str, Any]:
    report, given = look.report, look.given
    return {
        "reads": look.named and not report.faults,
        "passes": look.is_clean,
        "file_named": look.named,
        "whole": look.whole,
        "faults": [
            {"problem": g.problem, "count": g.count, "remedy": g.todo, "found": dict(g.found), "places": g.places,
             "suggestion": g.suggestion}
            for g in report.faults
        ],
        "broken_rules": [
            {"rule": g.problem, "count": g.count, "remedy": g.todo, "places": g.places} for g in report.broken
        ],
        "quarantined": given.quarantined if given else 0,
        "tables": [asdict(table) for table in given.tables] if given else [],
        "local_codes": [{k: row[k] for k in ("list", "code", "label", "parent")} for row in given.labels]
        if given
        else [],
        "notices": list(given.notices) if given else [],
        "preview": list(given.preview) if given else [],
    }  # fmt: skip


def _print_look(console: Console, look: Look) -> None:
    report, file, source = look.report, escape(look.file), escape(look.layout.source)
    if not look.whole:
        console.print(
            f"[yellow bold]Only the first {WHOLE // 1_000_000} MB of {file} were read[/yellow bold]: what is said "
            "below holds for them alone. A long file takes bulk = true, and is then checked whole."
        )
    if report.faults:
        count = report.fault_count
        console.print(f"[red bold]{count} fault{'s' * (count > 1)}[/red bold] in {file}, read with {source}")
        for number, group in enumerate(report.faults[:_MOST_GROUPS], 1):
            _print_group(console, number, group)
        if len(report.faults) > _MOST_GROUPS:
            console.print(f"... and {len(report.faults) - _MOST_GROUPS} more kinds of fault")
    elif report.broken:
        console.print(f"[red bold]{file} can be read with {source}, but a run would block it:[/red bold] "
                      f"{len(report.broken)} of its rules fail")  # fmt: skip
        for number, group in enumerate(report.broken, 1):
            _print_group(console, number, group)
    else:
        console.print(f"[green bold]{file} reads[/green bold] with {source}")
    if look.given is not None:
        _print_given(console, look.given)
    if not look.named:
        console.print(f"[red]files of {source} does not name {file}[/red]: add it, or a pattern with *.")


def _print_group(console: Console, number: int, group: Any) -> None:
    times = f" ({group.count} times)" if group.count > 1 else ""
    console.print(f"\n[red]{number}. {escape(show_patterns(group.problem))}{times}[/red]")
    for found, times in group.found.most_common(10):
        places = group.places[found]
        more = f", ... ({times})" if times > len(places) else ""
        shown = f"{escape(found[:160])!s:<24} at " if found else ""
        console.print(f"   {shown}{escape(show_patterns('; '.join(places)))}{more}")
    if group.count > (listed := sum(group.found.values())):
        console.print(f"   ... and {group.count - listed} more cells")
    if len(group.found) > 10:
        console.print(f"   ... and {len(group.found) - 10} more texts")
    console.print(f"   [bold]What to do:[/bold] {escape(show_patterns(group.todo))}")
    if group.suggestion:
        console.print("   In the layout, for example:")
        for line in group.suggestion.splitlines():
            console.print(f"     {escape(line)}")


def _print_given(console: Console, given: Given) -> None:
    console.print(f"{given.observations} observations")
    for table in given.tables:
        said = [
            f"{table.observations} observations",
            ", ".join(f"{code} {times}" for code, times in table.statuses.items()),
            " to ".join(dict.fromkeys([table.first_period or "no period", table.last_period or "no period"])),
            *(f"{count} {name}{'s' * (count > 1)}" for name, count in
              (("geo", table.geos), ("partner", table.partners), ("item", table.items))),
            f"flow {' '.join(table.flows)}", ", ".join(table.units[:4]),
        ]  # fmt: skip
        console.print(f"  [bold]{escape(table.table_id)}[/bold]: {escape('; '.join(said))}")
    for name, times in Counter(row["list"] for row in given.labels).items():
        codes = [row["code"] for row in given.labels if row["list"] == name]
        console.print(f"codes of your own in {name}: {times}")
        for code in codes[:_MOST_CODES]:
            console.print(f"  {escape(code)}")
        if times > _MOST_CODES:
            console.print(f"  ... and {times - _MOST_CODES} more (--json has all)")
    if given.quarantined:
        console.print(f"[yellow]{given.quarantined} rows are set aside (quarantine), the first:[/yellow]")
        for row in given.set_aside:
            console.print(f"  row {row['row']}: {escape(row['reason'])} Found: {escape(row['found'])!r}")
    for notice in given.notices:
        console.print(f"[yellow]{escape(notice)}[/yellow]")
    console.print("some of them:")
    for one in given.preview:
        power = f" x 10^{one['unit_mult']}" if one["unit_mult"] else ""
        value = "no value" if one["value"] is None else f"{one['value'].normalize():f} {one['unit']}{power}"
        said = [f"{name} {one[name]}" for name in ("geo", "partner", "flow", "item", "period", "measure")]
        console.print(f"  {escape(name_place(one['locator']))}: {escape(repr(one['printed']))} = {value}"
                      f"{_say_interval(one)}, status {one['obs_status']}; {escape(', '.join(said))}"
                      + (f"; note: {escape(one['note'])}" if one["note"] else ""))  # fmt: skip


def _say_interval(one: dict[str, Any]) -> str:
    """The interval that a figure stands for; an open end is named so."""
    if one["lower"] is None and one["upper"] is None:
        return ""
    low, high = ("open" if one[end] is None else f"{one[end].normalize():f}" for end in ("lower", "upper"))
    return f" [{low} to {high}]".replace("[", "\\[")
