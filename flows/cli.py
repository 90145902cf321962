"""The digitrade command line. Heavy libraries are imported inside the commands, so that --help answers at once."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from flows.audit_command import audit
from flows.ingest import ingest
from flows.layout_command import layout
from flows.operation_commands import LogOption, doctor, runs, status
from flows.query_command import QueryCommand, query
from flows.release_command import release
from flows.revisions_command import revisions
from flows.template_command import template
from flows.trace_command import trace

if TYPE_CHECKING:
    import duckdb

ROOT = Path(__file__).resolve().parents[1]
app = typer.Typer(
    name="digitrade",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="""Official statistics on digital trade in services: from publishers' tables to indicators that can be traced
to a cell.

Examples:

    digitrade run                                  everything, on the bundled data
    digitrade query "select * from datasets"       read-only SQL on the published database
    digitrade tables --lang zh                     the tables for report authors, in Chinese
    digitrade release list                         what was published, and when
    digitrade audit my_report.csv                  can the figures of a draft all be true?
    digitrade catalog definitions                  what there is, in words
    digitrade status                               editions and their ages, last runs, next runs

Exit codes: 0 done; 1 done, but a dataset was blocked (run), figures contradict one another (audit), a rule failed
(check --strict) or something is to be mended (doctor, status --strict); 2 the call or an input is unusable.""",
)


class Lang(StrEnum):
    zh = "zh"
    en = "en"


def _default_data_dir() -> Path:
    bundled = ROOT / "data"
    return bundled if (bundled / "raw").is_dir() else Path("data")


DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", envvar="DIGITRADE_DATA_DIR", help="Folder that holds raw/, own/ and curated/."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Language = Annotated[Lang, typer.Option("--lang", help="Language of labels.")]
Mixed = Annotated[
    bool, typer.Option("--mixed-sources", help="Show city shares over a nation from another source (status D).")
]


def _folder(data_dir: Path | None) -> Path:
    return (data_dir or _default_data_dir()).resolve()


def _set_prefect_home(folder: Path) -> None:
    """Keep Prefect's own files with the data, unless the user has a place for them. Prefect does not make parents."""
    home = Path(os.environ.setdefault("PREFECT_HOME", str(folder / "curated" / ".prefect")))
    home.mkdir(parents=True, exist_ok=True)


def _fail(message: object) -> typer.Exit:
    typer.secho(f"digitrade: {message}", fg="red", err=True)
    return typer.Exit(2)


@app.command()
def run(
    datasets: Annotated[list[str] | None, typer.Argument(help="With --force: rebuild only these datasets.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Rebuild though nothing has changed.")] = False,
    direct: Annotated[bool, typer.Option("--direct", help="Call the plain functions, without Prefect.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done and why; write nothing.")] = False,
    mixed_sources: Mixed = False,
    wait: Annotated[float, typer.Option("--wait", help="Seconds to wait for a run that is at work.")] = 0,
    keep: Annotated[int | None, typer.Option("--keep", help="How many releases stay (else own/releases.toml).")] = None,
    embargo: Annotated[
        str, typer.Option("--embargo", help="Make a release, publish it after this: 2027-01-15T09:00+08:00.")
    ] = "",
    data_dir: DataDir = None,
    lang: Language = Lang.en,
    as_json: AsJson = False,
    log_format: LogOption = None,
) -> None:
    """Everything: read, check, compute, compare, export, publish.

    As a Prefect flow by default (a server is started for the run and ended with it; nothing needs the network);
    --direct calls the same functions without it. Both write the same bytes.

    What has not changed since the last run - file, card, layout, code lists, software - is taken over; the summary says
    why the rest was made again. Files whose size, time and inode are as before are not hashed again, unless --force.

    Examples:

        digitrade run
        digitrade run --direct --data-dir /srv/trade
        digitrade run --force                          everything anew
        digitrade run --force unctad_digitally_deliverable
        digitrade run --dry-run                        what would be done, and why
        digitrade run --wait 600                       another run is at work: wait for it, ten minutes at most
    """
    folder = _folder(data_dir)
    if datasets and not force:
        raise _fail("datasets are named only to rebuild them: digitrade run --force " + " ".join(datasets))
    rebuilt = tuple(datasets or ("*",)) if force else ()
    if not (folder / "raw").is_dir():
        raise _fail(f"there is no raw data at {folder / 'raw'}; choose the folder that holds it with --data-dir")
    if dry_run:
        with _refuse_in(lang.value):
            _foresee(folder, mixed_sources, rebuilt, lang.value, as_json)
        return
    with _stop_where_the_disk_refuses(folder / "curated"), _refuse_in(lang.value):
        if direct:
            from flows.terminal import run_with_progress

            summary = run_with_progress(
                folder, mixed_sources=mixed_sources, force=rebuilt, quiet=as_json, wait=wait, keep=keep, embargo=embargo
            )
        else:
            _set_prefect_home(folder)
            if as_json:
                os.environ.setdefault("PREFECT_LOGGING_LEVEL", "ERROR")
            from flows.orchestrate import run_flow

            summary = run_flow(
                folder, mixed_sources=mixed_sources, force=rebuilt, wait=wait, keep=keep, embargo=embargo
            )
    if as_json:
        typer.echo(json.dumps(summary, ensure_ascii=False, indent=1))
    else:
        from flows.terminal import print_summary

        print_summary(summary, lang.value)
    if any(row["state"] != "read" for row in summary["datasets"]):
        raise typer.Exit(1)


def _foresee(folder: Path, mixed_sources: bool, rebuilt: tuple[str, ...], lang: str, as_json: bool) -> None:
    from flows.stages.foreseeing import foresee

    rows = foresee(folder, mixed_sources=mixed_sources, force=rebuilt)
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
    else:
        from flows.operation.screens import print_foreseen

        print_foreseen(rows, lang)


@contextmanager
def _stop_where_the_disk_refuses(folder: Path) -> Iterator[None]:
    """Whoever runs out of disk, or may not write there, is told in one sentence what to do."""
    try:
        yield
    except Exception as error:
        from flows.stages.troubles import explain_trouble

        told = explain_trouble(error, folder)
        if not told or os.environ.get("DIGITRADE_DEBUG"):
            raise
        raise _fail(told) from None


@contextmanager
def _refuse_in(lang: str) -> Iterator[None]:
    """What own/rules.toml is refused for, in the language asked for; where it has no words for it, in English."""
    from transforms.errors import InputError
    from transforms.phrases import say_error

    try:
        yield
    except InputError as error:
        if lang == "en" or os.environ.get("DIGITRADE_DEBUG"):
            raise
        raise _fail(say_error("FAULT", error, lang)) from None


def _find_database(data_dir: Path | None, lang: str = "en") -> Path:
    from flows.store.mirror import find_published
    from flows.store.names import DATABASE
    from transforms.phrases import say

    path = find_published(_folder(data_dir)) / DATABASE
    if not path.is_file():
        raise _fail(say("ASK", f"there is no published database at {path}. Make it with: digitrade run", lang))
    return path


def _open_database(data_dir: Path | None, lang: str = "en") -> duckdb.DuckDBPyConnection:
    """The published database, read-only, without access to the network and to files."""
    import duckdb

    con = duckdb.connect(str(_find_database(data_dir, lang)), read_only=True)
    con.execute("SET enable_external_access = false")
    return con


app.command(cls=QueryCommand)(query)
app.command()(audit)


@app.command()
def check(
    strict: Annotated[bool, typer.Option("--strict", help="End with 1 when a rule failed.")] = False,
    all_rules: Annotated[bool, typer.Option("--all", help="Also list the rules that passed.")] = False,
    data_dir: DataDir = None,
    lang: Language = Lang.en,
    as_json: AsJson = False,
) -> None:
    """What the quality rules found in the latest run: failures first, with the rows.

    Examples:

        digitrade check
        digitrade check --all --lang zh

    First the rules of the catalogue that failed, then each of their expectations. The last line names the report as a
    page of HTML. It ends with 0, unless --strict is given and a rule failed that nobody answers for (own/rules.toml).
    """
    from flows.stages.remembering import find_report

    report = find_report(_folder(data_dir) / "curated", lang.value)
    with _open_database(data_dir, lang.value) as con:
        words, gravity = f"words_{lang.value}", "list_position(['error', 'warning', 'information'], severity)"
        rows = con.execute(
            f"""SELECT rule_id, belongs_to, stage, dataset, vintage, about, severity, outcome, checked, failed, waived,
                       {words} AS words, examples
                FROM checks WHERE outcome <> 'pass' OR ?
                ORDER BY outcome, {gravity}, rule_id, dataset""",
            [all_rules],
        ).to_arrow_table()
        records = con.execute(
            f"SELECT * EXCLUDE (event_time, event_actor, event_agent, event_trigger) FROM validation_records "
            f"ORDER BY {gravity}, rule_id, dataset, vintage"
        ).to_arrow_table()
        findings = con.execute(
            "SELECT * REPLACE (CAST(size AS DOUBLE) AS size) FROM findings WHERE verdict = 'fail' ORDER BY ALL"
        ).to_arrow_table()
        is_open = bool(
            con.execute("SELECT 1 FROM checks WHERE outcome = 'fail' AND failed > waived LIMIT 1").fetchone()
        )
        counts, counts_of_rules = (
            dict(con.execute(f"SELECT outcome, count(*) FROM {table} GROUP BY ALL ORDER BY ALL").fetchall())
            for table in ("checks", "validation_records")
        )
    if as_json:
        told = {"counts": counts, "counts_of_rules": counts_of_rules, "rules": rows.to_pylist(),
                "records": records.to_pylist(), "findings": findings.to_pylist(),
                "report": str(report or "")}  # fmt: skip
        typer.echo(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        from flows.terminal import print_checks, print_records_of_rules

        print_records_of_rules(records.to_pylist(), lang.value)
        print_checks(rows.to_pylist(), counts_of_rules, findings.to_pylist(), lang.value)
        if report:
            typer.echo(str(report))
    if strict and is_open:
        raise typer.Exit(1)


@app.command()
def tables(
    name: Annotated[str | None, typer.Argument(help="One table, for example table_1; all when left out.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write CSV, XLSX and Markdown here.")] = None,
    data_dir: DataDir = None,
    lang: Language = Lang.en,
    as_json: AsJson = False,
) -> None:
    """The tables for report authors: printed beside computed, with a mark and the counts.

    Examples:

        digitrade tables table_1 --lang zh          show one table
        digitrade tables --output /tmp/tables       write all, in both languages

    The marks are explained in each table. A table of your own is a TOML file in data/own/tables: docs/tables.md has the
    keys, and an example of each form to copy.
    """
    import shutil
    import tempfile

    from flows.stages import find_tables, use_codelists
    from flows.store.workspace import refuse_rooms
    from transforms.export import build_table, render_csv, render_markdown, write_tables

    if output is not None:
        refuse_rooms(output, _folder(data_dir))
    use_codelists(_folder(data_dir))
    specs = {spec.name: spec for spec in find_tables(_folder(data_dir))}
    if name is not None and name not in specs:
        raise _fail(f"there is no table {name!r}; there are {', '.join(specs)}")
    chosen = [specs[name]] if name else list(specs.values())
    with _open_database(data_dir, lang.value) as con:
        if output is not None:
            output.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=output.parent, prefix=".tables-") as beside:
                written = write_tables(con, Path(beside), chosen)
                for path in written:
                    target = output / path.relative_to(beside)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.move(path, target)
            names = [str(output / path.relative_to(beside)) for path in written]
            typer.echo(json.dumps(names, ensure_ascii=False) if as_json else f"{len(written)} files in {output}")
            return
        built = [build_table(con, spec, lang.value) for spec in chosen]
    if as_json:
        cells = {
            table.spec.name: list(csv.DictReader(io.StringIO(render_csv(table).decode("utf-8-sig")))) for table in built
        }
        typer.echo(json.dumps(cells, ensure_ascii=False, indent=1))
    else:
        for table in built:
            typer.echo(render_markdown(table).decode())


@app.command()
def schedule(
    cron: Annotated[
        str, typer.Option("--cron", help="The run alone, at: minute hour day month weekday; else all of prefect.yaml.")
    ] = "",
    timezone: Annotated[str, typer.Option("--timezone", help="Time zone of the cron line.")] = "Asia/Shanghai",
    every: Annotated[
        float | None, typer.Option("--every", help="The run alone, every so many seconds, instead of --cron.")
    ] = None,
    data_dir: DataDir = None,
    log_format: LogOption = None,
) -> None:
    """Serve all deployments of prefect.yaml on their schedules, with a Prefect server on this machine, until stopped.

    Examples:

        digitrade schedule                         sources, run, audit, release, each at its time; with Prefect's pages
        digitrade schedule --cron "0 6 1 * *"      at six in the morning of the first of the month

    It ends with Ctrl-C; the times of the runs are kept in curated/runs.
    """
    from flows.schedule import serve

    folder = _folder(data_dir)
    _set_prefect_home(folder)
    serve(folder, cron=cron, timezone=timezone, every_seconds=every)


class Topic(StrEnum):
    codelists = "codelists"
    concordances = "concordances"
    columns = "columns"
    datasets = "datasets"
    definitions = "definitions"
    groups = "groups"
    indicators = "indicators"
    layouts = "layouts"
    macros = "macros"
    rules = "rules"
    schemes = "schemes"
    tables = "tables"
    views = "views"


@app.command()
def catalog(
    topic: Annotated[Topic, typer.Argument(help="What to list.")],
    name: Annotated[str | None, typer.Argument(help="An indicator or a rule, for its whole card.")] = None,
    lang: Language = Lang.en,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """What there is, in words: datasets, definitions, indicators, layouts, rules, tables for authors; code lists,
    schemes of items, concordances, groups of places with their members; views, columns and macros of the database.

    Examples:

        digitrade catalog indicators --lang zh
        digitrade catalog indicators rca           its whole card: formula, domain, universe, bounds, source ...
        digitrade catalog rules Q07                a rule with its reason, parameters and where they come from
        digitrade catalog macros

    The same words stand in the database, as comments and in the views catalog and indicator_cards.
    """
    from flows.catalog import describe_indicator, describe_rule, list_topic

    if name is None:
        rows = list_topic(topic.value, lang.value, _folder(data_dir))
    elif topic is Topic.indicators:
        rows = [describe_indicator(name, lang.value)]
    elif topic is Topic.rules:
        rows = [describe_rule(name, lang.value)]
    else:
        raise _fail(f"a name is asked for with indicators and rules only; digitrade catalog {topic.value} lists all")
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
    else:
        from flows.terminal import print_records, print_rows

        (print_records if name or topic is Topic.definitions else print_rows)(rows, topic.value)


app.command()(layout)
app.command()(ingest)
app.command()(template)
app.command()(revisions)
app.command()(trace)
app.command()(status)
app.command()(runs)
app.command()(doctor)
app.add_typer(release, name="release")


def main(argv: list[str] | None = None) -> None:
    """Entry point. Whatever goes wrong is one line and exit code 2; DIGITRADE_DEBUG=1 shows the traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a sign shows a question mark
    try:
        app(args=argv)
    except KeyboardInterrupt:
        _stop()
    except Exception as error:
        if "Query interrupted" in str(error):  # how DuckDB reports Ctrl-C
            _stop()
        if os.environ.get("DIGITRADE_DEBUG"):
            raise
        typer.secho(f"digitrade: {_explain(error)}", fg="red", err=True)
        sys.exit(2)


def _stop() -> NoReturn:
    typer.secho("digitrade: stopped; nothing half-written was left behind.", fg="yellow", err=True)
    sys.exit(130)


def _explain(error: Exception) -> str:
    from transforms.errors import InputError

    if isinstance(error, InputError):
        return str(error)
    if isinstance(error, PermissionError):
        return f"may not write {error.filename}; choose a data folder you may write to with --data-dir."
    text = " ".join(str(error).split())
    if isinstance(error, OSError) or "API" in text:
        return text
    return f"{type(error).__name__}: {text} (DIGITRADE_DEBUG=1 shows where)"


if __name__ == "__main__":
    main()
