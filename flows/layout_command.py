"""digitrade layout: look into an unknown file and draft a layout for it, or hold a file against a layout."""

from __future__ import annotations

import gzip
import json
import re
import zipfile
import zlib
from collections import Counter
from dataclasses import asdict
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from transforms.drafting.check import FaultGroup
    from transforms.drafting.draft import Draft
    from transforms.drafting.text_files import TextForm
    from transforms.grid import Book

    Twins = list[list[dict[str, Any]]]

LOOKED_AT = 4_000_000  # bytes of a text file: enough to see its form
WHOLE = 200_000_000  # bytes of a workbook, or of a text file that is checked, at most


def layout(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV, TSV, XLSX, XLS or ODS; also packed with gzip or zip. To check a bulk layout also Parquet, 7z."
        ),
    ],
    dataset: Annotated[str, typer.Option("--dataset", help="Name of the dataset; else the file's.")] = "",
    sheet: Annotated[str, typer.Option("--sheet", help="Look at this sheet only.")] = "",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write the draft to this file.")] = None,
    encoding: Annotated[str, typer.Option("--encoding", help="Encoding of a text file; else it is guessed.")] = "",
    check: Annotated[
        Path | None, typer.Option("--check", help="Read FILE with this layout and list what is wrong.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Let --out replace a file.")] = False,
    data_dir: Annotated[
        Path | None,
        typer.Option(
            "--data-dir", envvar="DIGITRADE_DATA_DIR", help="Folder with own/: your code lists and shared layouts."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Look into an unknown table and draft a layout for it; or check a layout while writing it.

    Examples:

        digitrade layout services.xlsx --dataset ons_its                 what is in it, and a draft
        digitrade layout services.xlsx --out services.toml               the draft as a file
        digitrade layout services.xlsx --check services.toml             every fault, or what the layout gives

    The check also judges what was read by the rules of a run: what blocks an edition there is listed here.

    It ends with 1 when the draft does not read the file yet, cannot tell its figures apart or breaks a rule of a run,
    or when the check finds a fault.
    """
    from flows.cli import _folder
    from flows.layout_check import check_file
    from transforms.drafting.check import show_patterns
    from transforms.errors import InputError

    folder = _folder(data_dir)
    try:
        _use_codelists(folder)
        if check is not None:
            clean = check_file(file, check, dataset, folder, encoding, as_json)
        else:
            clean = _draft(file, dataset, sheet, out, encoding, force, as_json)
    except InputError as error:
        typer.secho(f"digitrade: {show_patterns(str(error))}", fg="red", err=True)
        raise typer.Exit(2) from None
    if not clean:
        raise typer.Exit(1)


def _use_codelists(folder: Path) -> None:
    """The code lists as a run knows them: with the user's own rows."""
    from flows.stages.reading import use_codelists
    from transforms.drafting.meanings import forget_lists

    use_codelists(folder)
    forget_lists()


# --- files -----------------------------------------------------------------------------------------------------------


def read_beginning(path: Path, most: int = LOOKED_AT, *, messages: bool = False) -> tuple[bytes, str, bool]:
    """The bytes of a table file, unpacked, its name, and whether that is all. A workbook is taken whole, a text file
    to the last whole line within `most` bytes. Raises InputError for what is no table: web pages, archives of several
    files, and, unless they are wanted, messages (then taken whole)."""
    from flows.connectors.sniff import check_content
    from transforms.errors import InputError

    if not path.is_file():
        raise InputError("there is no such file", file=str(path), todo="look at its name and folder.")
    kind = check_content(path, "", path.name, given=True)
    is_message = kind in ("json", "xml")
    if is_message and not (messages and path.suffix.lower() == f".{kind}"):
        raise InputError(f"the file is {kind.upper()} and no table", file=path.name,
                         todo=f"an SDMX message is named .{kind}; docs/sdmx.md has a layout for one, which no draft is "
                         "made of but --check tries.")  # fmt: skip
    if kind in ("7z", "parquet"):
        raise InputError(f"the file is {kind}, which is not looked into", file=path.name,
                         todo="unpack it, or write a layout from the publisher's description: with bulk = true it is "
                         "read and checked as it is.")  # fmt: skip
    try:
        if kind == "gzip":
            with gzip.open(path) as packed:
                return _cut(packed.read(most + 1), PurePath(path.name).stem, most)
        if kind == "zip":
            return _read_zip(path, most)
        if is_message:
            return path.read_bytes(), path.name, True
        whole = kind in ("xlsx", "xls", "ods")
        with path.open("rb") as plain:
            content = plain.read(WHOLE + 1 if whole else most + 1)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError) as error:
        raise InputError(f"the file cannot be read: {error}", file=path.name, todo="fetch it again.") from None
    return _cut(content, path.name, WHOLE if whole else most)


def _read_zip(path: Path, most: int) -> tuple[bytes, str, bool]:
    from transforms.errors import InputError
    from transforms.grid import WORKBOOKS

    with zipfile.ZipFile(path) as archive:
        members = [m for m in archive.infolist() if not m.is_dir() and not m.filename.startswith("__MACOSX/")]
        if len(members) != 1:
            raise InputError("the archive does not hold one file", file=path.name,
                             found=", ".join(m.filename for m in members[:8]),
                             todo="unpack it and name a file.")  # fmt: skip
        name = PurePath(members[0].filename).name
        most = WHOLE if PurePath(name).suffix.lower() in WORKBOOKS else most
        with archive.open(members[0]) as packed:
            return _cut(packed.read(most + 1), name, most)


def _cut(content: bytes, name: str, most: int) -> tuple[bytes, str, bool]:
    if len(content) <= most:
        return content, name, True
    return content[: content.rfind(b"\n", 0, most) + 1], name, False


def _open(path: Path, encoding: str = "", most: int = LOOKED_AT) -> tuple[Book, TextForm | None, bool]:
    """The grids of a file, how its text is written (None for a workbook), and whether all of it was read."""
    from transforms.drafting.text_files import guess_text_form
    from transforms.errors import InputError
    from transforms.grid import ENCODINGS, WORKBOOKS, read_book

    if encoding and encoding not in ENCODINGS:
        raise InputError(f"unknown encoding {encoding!r}", file=path.name, todo=f"one of {', '.join(ENCODINGS)}.")
    content, name, whole = read_beginning(path, most)
    if PurePath(name).suffix.lower() in WORKBOOKS:
        return read_book(content, name), None, whole
    form = guess_text_form(content, name, encoding=encoding)
    return read_book(content, name, encoding=form.encoding, delimiter=form.delimiter), form, whole


# --- the draft -------------------------------------------------------------------------------------------------------


def _draft(file: Path, dataset: str, sheet: str, out: Path | None, encoding: str, force: bool, as_json: bool) -> bool:
    from rich.console import Console

    from transforms.drafting.draft import draft_layout
    from transforms.errors import InputError

    if out is not None and out.exists() and not force:
        raise InputError("the file is there already", file=str(out), todo="choose another name, or say --force.")
    book, form, whole = _open(file, encoding)
    dataset = dataset or re.sub(r"\W+", "_", PurePath(book.file).stem).strip("_").lower()
    draft = draft_layout(
        book,
        dataset,
        encoding=form.encoding if form else "utf-8",
        delimiter=form.delimiter if form else ",",
        sheet=sheet,
    )
    if out is not None:
        try:
            out.write_text(draft.text, encoding="utf-8")
        except OSError as error:
            raise InputError(
                f"cannot write: {error.strerror}", file=str(out), todo="choose a folder that exists."
            ) from None
    broken = _judge_draft(draft, dataset)
    if as_json:
        said = _describe(book, form, whole, draft) | {"broken_rules": [group.problem for group in broken]}
        typer.echo(json.dumps(said, ensure_ascii=False, indent=1))
        return draft.problem is None and not _find_twins(draft) and not broken
    console = Console(emoji=False, stderr=out is None, highlight=False, soft_wrap=True)
    _print_findings(console, book, form, whole, draft)
    if out is None:
        typer.echo(draft.text)
    twins = _find_twins(draft)
    _print_next(console, draft, twins, broken, out, file, dataset)
    return draft.problem is None and not twins and not broken


def _judge_draft(draft: Draft, dataset: str) -> tuple[FaultGroup, ...]:
    """The rules of a run that what the draft reads would break: the same as of a check."""
    if draft.readout is None or not draft.readout.observations.num_rows or _find_twins(draft):
        return ()
    from flows.layout_check import group_outcomes, judge_readout

    return group_outcomes(judge_readout(draft.readout, dataset, "draft"))


def _describe(book: Book, form: TextForm | None, whole: bool, draft: Draft) -> dict[str, Any]:
    tables = {id(table): _describe_table(table, form_) for form_ in draft.forms for table in form_.tables}
    return {
        "file": book.file,
        "whole": whole,
        "text": asdict(form) if form else None,
        "numbers": asdict(draft.style),
        "notices": list(book.notices),
        "sheets": [
            {
                "sheet": sheet.grid.sheet,
                "rows": len(sheet.grid.cells),
                "columns": max((len(row) for row in sheet.grid.cells), default=0),
                "hidden": sheet.grid.hidden,
                "tables": [tables[id(table)] for table in sheet.tables],
                "words": list(sheet.words[:5]),
            }
            for sheet in draft.sheets
        ],
        "assumptions": list(draft.assumptions),
        "todos": draft.todos,
        "reads": draft.problem is None,
        "problem": None if draft.problem is None else str(draft.problem),
        "observations": draft.observations.num_rows if draft.observations is not None else 0,
        "not_told_apart": sum(map(len, _find_twins(draft))),
        "draft": draft.text,
    }


def _describe_table(table: Any, form: Any) -> dict[str, Any]:
    """What was seen of one table, as plain words and numbers."""
    from transforms.drafting.draft import name_cell
    from transforms.drafting.form import section_texts, split_columns
    from transforms.drafting.meanings import find_unit, is_known

    values, beside = split_columns(table)
    blanks: dict[str, dict[str, Any]] = {}
    marks: Counter[str] = Counter()
    for value in values:
        marks.update(value.column.marks)
        wanted = value.column.blanks
        for cell, index in zip(value.column.cells, table.data, strict=True):
            if cell in wanted:
                first = {"count": 0, "first": name_cell(table, index, value.column.number)}
                blanks.setdefault(cell, first)["count"] += 1
    periods = [p.text for v in values for row in v.pieces for p in row if p.name in ("year", "period")]
    labels = []
    for column in beside:
        key = next((k for k in form.keys if k.heading == column.heading), None)
        name = {"partner": "geo"}.get(key.column, key.column) if key else ""
        known = [t for t in column.distinct if is_known(name, t)] if name in ("geo", "item", "flow") else []
        labels.append(
            {
                "column": column.number,
                "heading": column.heading,
                "taken_as": (key.column or key.role) if key else "",
                "labels": len(column.distinct),
                "levels": len(set(column.indents)) or 1,
                "known": len(known) if name in ("geo", "item", "flow") else None,
                "unknown": [t for t in column.distinct if t not in known][:8]
                if name in ("geo", "item", "flow")
                else [],
            }
        )
    return {
        "place": table.place,
        "title": max((text for _, _, text in table.above), key=len, default=""),
        "unit": next((u for _, _, text in table.above if (u := find_unit(text))), ""),
        "header_rows": table.rows,
        "rows": len(table.data),
        "label_columns": labels,
        "value_columns": len(values),
        "periods": [periods[0], periods[-1]] if periods else [],
        "percent_columns": sum(value.percent for value in values),
        "sections": section_texts(table)[:8],
        "blanks": blanks,
        "marks": dict(marks),
        "notes_below": [text for _, _, text in table.below[:3]],
    }


def _print_findings(console: Console, book: Book, form: TextForm | None, whole: bool, draft: Draft) -> None:
    from rich.markup import escape

    console.print(f"[bold]{escape(book.file)}[/bold]" + ("" if whole else f"  (its first {LOOKED_AT // 1_000_000} MB)"))
    if form:
        shown = {"\t": "tab"}.get(form.delimiter, form.delimiter)
        console.print(f"encoding {form.encoding} ({form.sure}: {escape(form.why)}), delimiter {escape(shown)}")
    style = draft.style
    if (style.decimal_mark, style.thousands_mark) != (".", ",") or style.parentheses:
        console.print(f"decimal mark {style.decimal_mark!r}, thousands {style.thousands_mark!r}"
                      + (", negative figures in parentheses" if style.parentheses else ""))  # fmt: skip
    for notice in book.notices:
        console.print(f"[yellow]{escape(notice)}[/yellow]")
    for sheet in _describe(book, form, whole, draft)["sheets"]:
        name = escape(sheet["sheet"] or "text") + (" [yellow](hidden)[/yellow]" if sheet["hidden"] else "")
        console.print(f"[bold]{name}[/bold]  {sheet['rows']} rows, {sheet['columns']} columns"
                      + ("" if sheet["tables"] else f"; no table; it begins {escape(''.join(sheet['words'][:1])[:60])}")
                      )  # fmt: skip
        for table in sheet["tables"]:
            for line in _say_table(table):
                console.print(f"  {escape(line)}")
    for sentence in draft.assumptions:
        console.print(f"assumed: {escape(sentence)}")


def _say_table(table: dict[str, Any]) -> list[str]:
    """What was seen of a table, in a few lines."""
    periods = " to ".join(dict.fromkeys(table["periods"]))
    lines = [f"{table['place'].rpartition('!')[2]}: {table['title'][:110]}" if table["title"] else table["place"]]
    head = f"{table['header_rows']} header row{'s' * (table['header_rows'] > 1)}"
    lines.append("  " + ", ".join(filter(None, [
        f"{table['rows']} rows of figures x {table['value_columns']} columns", head, periods, table["unit"],
        f"{table['percent_columns']} columns of percentages" if table["percent_columns"] else "",
    ])))  # fmt: skip
    if table["label_columns"]:
        lines.append(f"  labels: {'; '.join(_say_labels(label) for label in table['label_columns'][:12])}")
    if table["sections"]:
        lines.append(f"  sections: {', '.join(table['sections'])}")
    blanks = [
        f"{mark or 'empty cells'} {said['count']} (first {said['first']})" for mark, said in table["blanks"].items()
    ]
    if blanks:
        lines.append(f"  blanks: {', '.join(blanks[:8])}" + (" ..." if len(blanks) > 8 else ""))
    if table["marks"]:
        lines.append(f"  marks at figures: {', '.join(f'{mark} {times}' for mark, times in table['marks'].items())}")
    if table["notes_below"]:
        lines.append(f"  below: {table['notes_below'][0][:110]}")
    return lines


def _say_labels(label: dict[str, Any]) -> str:
    known = f", {label['known']} known" if label["known"] is not None else ""
    levels = f", {label['levels']} levels" if label["levels"] > 1 else ""
    return f"{label['heading'] or '(no heading)'} = {label['taken_as']} ({label['labels']}{known}{levels})"


def _print_next(
    console: Console,
    draft: Draft,
    twins: Twins,
    broken: Sequence[FaultGroup],
    out: Path | None,
    file: Path,
    dataset: str,
) -> None:
    from rich.markup import escape

    from transforms.drafting.check import name_place, show_patterns

    if draft.problem is not None:
        console.print(f"[red]The draft does not read the file yet:[/red] {escape(show_patterns(str(draft.problem)))}")
    elif draft.observations is not None and twins:
        places = ", ".join(name_place(str(row["locator"])) for row in twins[0][:4])
        console.print(
            f"[red]The draft needs work: {sum(map(len, twins))} of {draft.observations.num_rows} figures share "
            f"their key with others[/red] (the first: {escape(places)}), so a run would refuse them. Say what tells "
            "them apart: another key column, a section, or a set for the column."
        )
    elif broken:
        console.print("[red]The draft reads the file, but a run would block it:[/red]")
        for group in broken:
            console.print(f"  {escape(group.problem)} ({group.count} times). What to do: {escape(group.todo)}")
    elif draft.observations is not None:
        console.print(f"[green]The draft reads the file: {draft.observations.num_rows} observations.[/green]")
    shown = out or Path(f"{dataset}.toml")
    console.print(f"{draft.todos} places are marked TODO. Settle them, and look again with:")
    console.print(f"  digitrade layout {escape(str(file))} --check {escape(str(shown))}")
    console.print(
        f"Then put it at data/own/layouts/{escape(dataset)}/{escape(shown.name)}; docs/layouts.md is the reference."
    )


def _find_twins(draft: Draft) -> Twins:
    from transforms.drafting.check import find_twins

    return find_twins(draft.observations) if draft.observations is not None else []
