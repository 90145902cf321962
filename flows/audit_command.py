"""digitrade audit: can published figures all be true, what follows from them, what was probably meant."""

from __future__ import annotations

import json
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    import duckdb


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
        Path | None, typer.Argument(help="Statements as CSV or TOML (docs/audit.md); all published ones when left out.")
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

        digitrade audit                                 all published statements
        digitrade audit my_report.csv --lang zh         a draft, before it is printed
        digitrade audit -o audit.html --format html     a page for colleagues
        digitrade audit --template my_report.csv        an example to start from

    It ends with 1 where figures contradict one another, or where the time was over before that could be told.
    """
    from flows.cli import _fail
    from transforms.errors import InputError

    try:
        if template is not None:
            _write_template(template, lang.value)
            return
        rows, others, local, problems = _gather(file, data_dir)
    except InputError as error:
        raise _fail(error) from None
    from flows.terminal import track_blocks
    from transforms.audit import SIZE, audit_figures
    from transforms.audit.report import make_report, render_html, render_markdown
    from transforms.audit.say import Speaker

    end = time.monotonic() + budget
    with track_blocks() as progress:
        found = audit_figures(rows, others, is_over=lambda: time.monotonic() > end, progress=progress)
    speaker = Speaker(lang.value, local)
    report = make_report(found, speaker, problems)
    chosen = AuditFormat.json if as_json else format
    text = {
        AuditFormat.json: lambda: json.dumps(report, ensure_ascii=False, indent=1) + "\n",
        AuditFormat.html: lambda: render_html(report, speaker),
    }.get(chosen, lambda: render_markdown(report, speaker))()
    _put(text, output, _fail)
    if found.has_contradiction or found.complete_to < SIZE:
        raise typer.Exit(1)


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


def _gather(file: Path | None, data_dir: Path | None) -> tuple[Rows, Rows, dict[tuple[str, str], str], list[str]]:
    """Figures to audit, levels of other publications, labels of editions' own codes, and what could not be read."""
    from flows.cli import _folder, _open_database
    from flows.stages import use_codelists
    from transforms.audit.published import read_published
    from transforms.errors import InputError

    use_codelists(_folder(data_dir))
    if file is None:
        with _open_database(data_dir) as con:
            return (*read_published(con), [])
    from transforms.audit.statements import read_statements

    try:
        content = file.read_bytes()
    except OSError as error:
        raise InputError(f"the file cannot be read: {error.strerror}", file=str(file), todo="check its name.") from None
    rows, problems = read_statements(content, file.name)
    others, local = _find_others(data_dir)
    return rows, others, local, problems


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
