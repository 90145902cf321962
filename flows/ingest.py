"""digitrade ingest: the command. What it does is in flows/connectors/collect.py, imported only when it runs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.operation_commands import LogOption

if TYPE_CHECKING:
    from flows.connectors.download import Progress


@contextmanager
def _show_progress(quiet: bool) -> Iterator[Progress | None]:
    """A bar for each download, on a terminal only."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(),
               TimeRemainingColumn())  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, Any] = {}

        def show(name: str, done: int, total: int | None) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=total)
            bars.update(tasks[name], completed=done, total=total)

        yield show


@contextmanager
def _report(as_json: bool) -> Iterator[Callable[[str], None]]:
    """What takes warnings; they are shown on stderr at the end, below the bars. For machines, an error as JSON too."""
    from flows.cli import _explain

    warnings: list[str] = []
    try:
        yield warnings.append
    except Exception as error:
        if as_json:
            typer.echo(json.dumps({"error": _explain(error)}, ensure_ascii=False))
        raise  # the command line prints its one line and ends with 2
    finally:
        for text in warnings:
            typer.secho(f"digitrade: {text}", fg="yellow", err=True)


def ingest(
    dataset: Annotated[str, typer.Argument(help="The dataset, for example unctad_digitally_deliverable.")] = "",
    origin: Annotated[str, typer.Option("--from", help="A file, a folder or an https address.")] = "",
    vintage: Annotated[str, typer.Option("--vintage", help="Name of the edition; else its date.")] = "",
    force: Annotated[
        bool, typer.Option("--force", help="Fetch though nothing changed; land though no layout fits.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be asked; ask nothing.")] = False,
    all_: Annotated[
        bool, typer.Option("--all", help="All that is landed, and own sources; with a dataset, all in --from.")
    ] = False,
    title: Annotated[str, typer.Option("--title", help="For the card: 中文|English.")] = "",
    publisher: Annotated[str, typer.Option("--publisher", help="For the card: 中文|English.")] = "",
    terms: Annotated[str, typer.Option("--terms", help="For the card: terms of use.")] = "",
    family: Annotated[str, typer.Option("--family", help="For the card: whose compilation the figures are.")] = "",
    edition: Annotated[str, typer.Option("--edition", help="For the card: the publisher's name of the edition.")] = "",
    url: Annotated[str, typer.Option("--url", help="For the card: the page of the file, or where it is filed.")] = "",
    definition: Annotated[str, typer.Option("--definition", help="For the card: what is measured.")] = "",
    documentation: Annotated[
        list[str] | None,
        typer.Option("--documentation", help='Files without figures, kept and not read: "*.pdf". May be repeated.'),
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option("--data-dir", envvar="DIGITRADE_DATA_DIR", help="Folder that holds raw/, own/ and curated/."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
    log_format: LogOption = None,
) -> None:
    """Land an edition of a dataset in data/raw, with its card: from the publisher, or from what you give.

    Examples:

        digitrade ingest unctad_digitally_deliverable
        digitrade ingest batis_bpm6 --from OECD-WTO_BATIS_BPM6_December2025_bulk.zip --vintage 2025-12
        digitrade ingest my_city --from table.xlsx --title "表|Table" --publisher "某局|Some office" --terms "open" --family my_city --url "file 17"
        digitrade ingest --all                                   news of what is landed, and your own sources
        digitrade ingest my_city --from editions/ --all          a folder with a file or folder for each edition

    Nothing new at the publisher: no new edition. What is landed is never changed. Of several, one that fails does not
    stop the others. Exit codes: 0 done; 1 done, but some failed; 2 the call or an input is unusable.
    """  # noqa: E501
    from flows.cli import _fail, _folder
    from flows.connectors.collect import Words, describe_landed, describe_plan, ingest_dataset, split_words

    folder = _folder(data_dir)
    if not dataset and not all_:
        raise _fail("name a dataset, or say --all for news of what is landed")
    if all_ and (dry_run or (origin and not dataset) or (dataset and not origin)):
        raise _fail("--all goes alone, or with a dataset and the folder of its editions in --from")
    if dry_run:
        with _report(as_json) as warn:
            plan = describe_plan(folder, dataset, origin, warn)
        typer.echo(json.dumps(plan, ensure_ascii=False, indent=1) if as_json else _print_plan(plan))
        return
    given = {"title": title, "publisher": publisher, "terms": terms, "edition": edition, "url": url,
             "definition": definition}  # fmt: skip
    if all_:
        with _report(as_json) as warn:
            settings = {"words": Words(split_words(given), family), "force": force,
                        "documentation": tuple(documentation or ())}  # fmt: skip
            record = _ingest_all(folder, dataset, origin, settings if dataset else {"force": force}, warn)
        _print_round(record, as_json)
        return
    with _report(as_json) as warn, _show_progress(as_json) as progress:
        landed = ingest_dataset(
            folder,
            dataset,
            origin=origin,
            vintage=vintage,
            words=Words(split_words(given), family),
            force=force,
            progress=progress,
            documentation=tuple(documentation or ()),
            warn=warn,
        )
    outcome = describe_landed(landed)
    if as_json:
        typer.echo(json.dumps(outcome, ensure_ascii=False, indent=1))
        return
    if landed.is_new:
        names = ", ".join(f"{entry['name']} ({entry['bytes']:,} bytes)" for entry in outcome["files"])
        typer.echo(f"{dataset}/{landed.edition.vintage}: landed {names}. Terms: {outcome['terms']}")
    else:
        typer.echo(f"{dataset}: nothing new since {landed.edition.vintage}.")


def _ingest_all(
    folder: Path, dataset: str, origin: str, settings: dict[str, Any], warn: Callable[[str], None]
) -> dict[str, Any]:
    """The record of a round of all sources, or of all editions of a folder."""
    from flows.operation.rounds import ask_source, ask_sources, backfill
    from flows.pipeline import make_run_id

    if dataset:
        return backfill(folder, make_run_id(), dataset, Path(origin), warn=warn, **settings)
    return ask_sources(folder, make_run_id(), ask=lambda data_dir, name: ask_source(data_dir, name, warn, **settings))


def _print_round(record: dict[str, Any], as_json: bool) -> None:
    """What became of each; ends with 1 where some failed."""
    if as_json:
        typer.echo(json.dumps(record, ensure_ascii=False, indent=1))
    else:
        for row in record["datasets"]:
            named = "/".join(filter(None, (row["dataset"], row["vintage"])))
            typer.echo(f"{named}: {row['state']}{f' - {problem}' if (problem := row['problem']) else ''}")
    if any(row["state"] == "failed" for row in record["datasets"]):
        raise typer.Exit(1)


def _print_plan(plan: dict[str, Any]) -> str:
    latest = plan["latest"] or "none yet"
    allowed = "" if plan["allowed"] else "\nits host is not on the list: add it to own/hosts.txt in the data folder"
    asks = "\n".join(f"  {address}" for address in plan["asks"])
    return f"{plan['dataset']}: latest edition {latest}; would ask\n{asks}{allowed}"
