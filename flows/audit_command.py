"""digitrade audit: can published figures all be true, what follows from them, what was probably meant."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    import duckdb

    from transforms.audit.say import Speaker
    from transforms.audit.statements import Statements
    from transforms.errors import InputError
    from transforms.prose import Verdict


class AuditLang(StrEnum):
    zh = "zh"
    en = "en"


class AuditFormat(StrEnum):
    text = "text"
    markdown = "markdown"
    html = "html"
    json = "json"


def audit(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="Statements as CSV or TOML, or a draft as .docx, .md, .txt; left out, all statements of the "
            "published editions."
        ),
    ] = None,
    format: Annotated[AuditFormat, typer.Option("--format", help="How to print the report.")] = AuditFormat.text,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write the report to this file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    template: Annotated[
        Path | None, typer.Option("--template", help="Write an example file of statements here and stop.")
    ] = None,
    budget: Annotated[float, typer.Option("--budget", min=0.1, help="Seconds for the search.")] = 100.0,
    lang: Annotated[AuditLang, typer.Option("--lang", help="Language of the report.")] = AuditLang.en,
    data_dir: Annotated[
        Path | None,
        typer.Option("--data-dir", envvar="DIGITRADE_DATA_DIR", help="Folder that holds raw/, own/ and curated/."),
    ] = None,
) -> None:
    """Find published figures that cannot all be true, and what the others say.

    Examples:

        digitrade audit                                 all statements of the published editions
        digitrade audit my_report.csv --lang zh         statements, before they are printed
        digitrade audit draft.docx                      the figures in a draft's sentences (also .md, .txt)
        digitrade audit -o audit.html --format html     a page for colleagues
        digitrade audit --template my_report.csv        an example to start from

    Without a file: every figure of the latest editions whose figures are statements of a document (they print shares,
    rates or ranks beside levels), as digitrade run published them; of the data that come with the project, all
    bundled statements. Other editions are what these are held against. The report begins with what was audited.

    It ends with 1 where figures contradict one another, or a draft the database, or where the time was over before
    that could be told.
    """
    from flows.cli import _fail
    from transforms.errors import InputError
    from transforms.prose.readers import SUFFIXES

    chosen = AuditFormat.json if as_json else format
    try:
        if template is not None:
            _write_template(template, lang.value)
            return
        draft = _gather_draft(file, data_dir) if file and file.suffix.lower() in SUFFIXES else None
        rows, others, local, read = draft.gathered if draft else _gather(file, data_dir)
    except InputError as error:
        raise _refuse(error, lang.value, chosen) from None
    from flows.terminal import track_blocks
    from transforms.audit import SIZE, Budget, audit_figures
    from transforms.audit.report import make_report, render_html, render_markdown
    from transforms.audit.say import Speaker

    begun = time.monotonic()
    limit = Budget(lambda: (time.monotonic() - begun) / budget)
    with track_blocks() as progress:
        found = audit_figures(rows, others, budget=limit, progress=progress)
    speaker = Speaker(lang.value, local)
    report = make_report(found, speaker, read.say_problems(speaker) if read else ())
    sections = _add_figures(report, draft, speaker) if draft else ()
    text = {
        AuditFormat.json: lambda: json.dumps(report, ensure_ascii=False, indent=1) + "\n",
        AuditFormat.html: lambda: render_html(report, speaker, sections),
    }.get(chosen, lambda: render_markdown(report, speaker, sections))()
    _put(text, output, _fail)
    is_denied = draft is not None and any(verdict.is_contradiction for verdict in draft.verdicts)
    if found.has_contradiction or is_denied or found.complete_to < SIZE:
        raise typer.Exit(1)


def _refuse(error: InputError, lang: str, format: AuditFormat) -> typer.Exit:
    """A file that cannot be used, in one line; for machines as an object too."""
    from flows.cli import _fail
    from transforms.phrases import say_error

    if format is AuditFormat.json:
        told = {"error": say_error("UNUSABLE", error, lang), "file": error.file, "row": error.row,
                "found": error.found, "todo": error.todo}  # fmt: skip
        typer.echo(json.dumps(told, ensure_ascii=False, indent=1))
    return _fail(say_error("UNUSABLE", error, lang))


def _write_template(path: Path, lang: str) -> None:
    from transforms.audit.statements import write_template
    from transforms.errors import InputError

    if path.exists():
        raise InputError("the file is there already", file=str(path), todo="choose another name.")
    path.write_bytes(write_template(lang))
    typer.echo(f"{path}: fill it in, then: digitrade audit {path}")


def _put(text: str, output: Path | None, fail: Callable[[object], typer.Exit]) -> None:
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise fail(f"cannot write {output}: {error.strerror or error}; choose a folder that exists") from None


Rows = list[dict[str, Any]]
Gathered = tuple[Rows, Rows, dict[tuple[str, str], str], "Statements | None"]


@dataclass(frozen=True)
class DraftFound:
    """The figures of a draft beside the database, and what of them goes to the audit. is_compared: with one."""

    verdicts: list[Verdict]
    places: list[str]
    gathered: Gathered
    encoding: str
    is_compared: bool


def _gather(file: Path | None, data_dir: Path | None) -> Gathered:
    """Figures to audit, levels of other publications, labels of editions' own codes, and the file that was read."""
    from flows.cli import _folder, _open_database
    from flows.stages import use_codelists
    from flows.store.workspace import DATABASE
    from transforms.audit.published import read_published
    from transforms.audit.statements import read_statements
    from transforms.errors import InputError

    use_codelists(_folder(data_dir))
    if file is None:
        if not (database := _folder(data_dir) / "curated" / DATABASE).is_file():
            raise InputError(
                "no database is published here", file=str(database),
                todo="run: digitrade run; or name a file of statements.",
            )  # fmt: skip
        with _open_database(data_dir) as con:
            return (*read_published(con), None)
    read = read_statements(_read_bytes(file), file.name)
    others, local = _find_others(data_dir)
    return read.rows, others, local, read


def _read_bytes(file: Path) -> bytes:
    from transforms.errors import InputError

    try:
        return file.read_bytes()
    except OSError as error:
        raise InputError(f"the file cannot be read: {error.strerror}", file=str(file), todo="check its name.") from None


def _gather_draft(file: Path, data_dir: Path | None) -> DraftFound:
    """The figures of a draft, compared with the database where one is published, and those that the audit takes."""
    from contextlib import nullcontext

    from flows.cli import _folder, _open_database
    from flows.stages import use_codelists
    from flows.store.workspace import DATABASE
    from transforms.prose import compare_draft, find_figures, make_rows, read_draft, say_place

    use_codelists(_folder(data_dir))
    draft = read_draft(_read_bytes(file), file.name)
    figures = find_figures(draft)
    is_compared = (_folder(data_dir) / "curated" / DATABASE).is_file()
    with _open_database(data_dir) if is_compared else nullcontext() as con:
        verdicts = compare_draft(figures, con)
    others, local = _find_others(data_dir)
    places = [say_place(found, file.name) for found in figures]
    gathered = (make_rows(figures, file.name), others, local, None)
    return DraftFound(verdicts, places, gathered, draft.encoding, is_compared)


def _add_figures(report: dict[str, Any], draft: DraftFound, speaker: Speaker) -> list[tuple[str, list[str]]]:
    """Put the figures of a draft into the report; back come its sections for a reader."""
    from transforms.prose.report import list_sections, say_figures, summarise

    report["figures"] = say_figures(draft.verdicts, speaker, draft.places)
    report["encoding"] = draft.encoding
    notes = [summarise(draft.verdicts, speaker)]
    notes += [speaker.word("PROSE.ENCODING", encoding=draft.encoding)] if draft.encoding else []
    if not draft.is_compared:
        report["problems"].append(speaker.word("PROSE.NO_DATABASE"))
    return [(speaker.word("HEAD.figures"), notes), *list_sections(report["figures"], speaker)]


def _find_others(data_dir: Path | None) -> tuple[Rows, dict[tuple[str, str], str]]:
    """What a draft is held against as information: nothing where no database is published yet."""
    from flows.cli import _folder, _open_database
    from flows.store.workspace import DATABASE
    from transforms.audit.published import read_published

    if not (_folder(data_dir) / "curated" / DATABASE).is_file():
        return [], {}
    con: duckdb.DuckDBPyConnection
    with _open_database(data_dir) as con:
        _, others, local = read_published(con)
    return others, local
