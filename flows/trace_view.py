"""A trail as a tree in the terminal, and the list of what fits where several things do."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.text import Text
from rich.tree import Tree

from transforms.codelists import load_codelist
from transforms.errors import InputError
from transforms.trace import AmbiguousError, Trail

MOST_SHOWN = 20
Row = dict[str, Any]
_STYLES = {"verified": "green", "differs": "bold red", "not_read": "yellow"}


class Words:
    """The words of the tree in one language: rows TRACE.* of the code list words, else COL.*, which tables use too."""

    def __init__(self, lang: str) -> None:
        self.lang, self._list = lang, load_codelist("words")

    def __call__(self, name: str, **values: object) -> str:
        code = f"TRACE.{name}"
        said = self._list.label(code, self.lang)
        return (self._list.label(f"COL.{name}", self.lang) if said == code else said).format(**values)


def _console(*, to_error: bool = False) -> Console:
    return Console(emoji=False, stderr=to_error, width=None if sys.stdout.isatty() else 160, highlight=False)


@contextmanager
def explain_problems(path: Path, as_json: bool, lang: str) -> Iterator[None]:
    """End with 2 and words for what is asked for and cannot be had: several things fit, or the database is older."""
    import duckdb

    from flows.cli import _fail

    try:
        yield
    except AmbiguousError as several:
        if as_json:
            told = {"problem": str(several), "differ": several.differ, "matches": several.matches}
            typer.echo(json.dumps(told, ensure_ascii=False, indent=1))
        else:
            print_ambiguous(several, lang)
        raise typer.Exit(2) from None
    except duckdb.CatalogException:
        raise _fail(f"the database at {path} was published by an earlier version; run again: digitrade run") from None
    except InputError as error:
        raise _fail(error) from None


def print_ambiguous(several: AmbiguousError, lang: str) -> None:
    """What fits, one line each, with what tells them apart; on standard error."""
    words, console = Words(lang), _console(to_error=True)
    console.print(f"{words('several')} ({len(several.matches)}):", soft_wrap=True)
    for match in several.matches[:MOST_SHOWN]:
        told = ", ".join(f"{name} {value if value != '' else '-'}" for name, value in match.items())
        console.print(f"  {escape(told)}", soft_wrap=True)
    if left := several.matches[MOST_SHOWN:]:
        console.print(f"  {words('more', count=len(left))}")
    options = ", ".join(f"--{name.replace('_', '-')}" for name in several.differ)
    console.print(f"{words('choose')}: {options}", soft_wrap=True)


def print_trail(trail: Trail, lang: str) -> None:
    words = Words(lang)
    tree = Tree(_title(trail.target, words), guide_style="dim")
    for line in _tell_target(trail.target, words):
        tree.add(_plain(line))
    if trail.made:
        _add_made(tree, trail.made, words)
    if trail.cells:
        _add_cells(tree.add(Text(words("cells"), style="bold")), trail, words)
    else:
        tree.add(_plain(words("no_cells")))
    console = _console()
    with console.capture() as captured:
        console.print(tree)
    sys.stdout.write("\n".join(line.rstrip() for line in captured.get().splitlines()) + "\n")


def _plain(line: str) -> Text:
    return Text(line, overflow="fold")


def _title(target: Row, words: Words) -> Text:
    match target["kind"]:
        case "indicator":
            text = f"{target['title']} ({target['indicator']})"
        case "table_cell":
            text = f"{target['title']}: {target['row']}, {target['column']}"
        case _:
            text = f"{words('cell')} {target['cell']}"
    return Text(text, style="bold")


def _tell_target(target: Row, words: Words) -> list[str]:
    lines = []
    if target["kind"] == "indicator":
        lines += [_tell_key(target), _tell_value(target, words)]
        if target.get("asked") and target["value"] is None:
            lines.append(words("withheld", option=target["asked"].replace("_", "-")))
        lines += [f"{words(name)}: {target[name]}" for name in ("method", "note") if target.get(name)]
        if target.get("contested"):
            lines.append(words("contested"))
    elif target["kind"] == "table_cell":
        for part, name in (("printed", "printed_value"), ("computed", "computed_value")):
            told = {key: target[f"{part}_{key}"] for key in ("value", "lower", "upper", "status")}
            if told["value"] is not None or told["lower"] is not None:
                value = _tell_range(told["value"], told["lower"], told["upper"], words)
                lines.append(f"{words(name)}: {value} {target['unit']} {told['status']}".rstrip())
        lines += [f"{words(name)}: {target[name]}" for name in ("mark", "note") if target[name]]
    else:
        lines.append(f"{words('printed')}: {target['printed']}")
        used = target["used_by"]
        if used["values"]:
            shown = ", ".join(used["indicators"][:8]) + (" ..." if len(used["indicators"]) > 8 else "")
            lines.append(f"{words('used_by')}: {words('used_values', count=used['values'], indicators=shown)}")
        lines += [
            f"{words('compared')}: {row['rule']}, {words('computed_value')} "
            f"{_tell_range(row['computed_value'], row['computed_lower'], row['computed_upper'], words)}: "
            f"{row['verdict_label']}"
            for row in target["compared"]
        ]
    return lines


def _tell_key(row: Row) -> str:
    """Labels with their codes: Guangzhou (CN-440100), 2020, ..."""
    parts = []
    for name, code in row["key"].items():
        if name in ("unit", "price", "freq"):
            continue
        label = row["labels"][name]
        parts.append(code if label == code else f"{label} ({code})")
    return ", ".join(parts)


def _tell_value(row: Row, words: Words) -> str:
    value = _tell_range(row["value"], row["lower"], row["upper"], words)
    power = f" x 10^{row['unit_mult']}" if row["unit_mult"] else ""
    return f"{words('value')}: {value} {row['unit']}{power}, {words('status')} {row['obs_status']}"


def _tell_range(value: str | None, lower: str | None, upper: str | None, words: Words) -> str:
    told = "-" if value is None else value
    if lower is None and upper is None:
        return told
    return f"{told} [{lower or '...'}, {upper or '...'}]"


def _add_made(tree: Tree, made: Row, words: Words) -> None:
    if card := made.get("card"):
        branch = tree.add(Text(f"{words('formula')}: {card['formula']}", style="cyan"))
        branch.add(_plain(card["words"]))
        if card["source"]:
            branch.add(_plain(f"{words('source')}: {card['source']}"))
        branch.add(_plain(f"{words('select')}: {made['select']}"))
    if query := made.get("query"):
        branch = tree.add(Text(words("core", count=made["cells_in_all"]), style="cyan"))
        branch.add(_plain(f'digitrade query "{query}"'))
    if definition := made.get("definition"):
        title = f"{words('definition')}: {definition['title']} ({definition['definition']}, v{definition['version']})"
        branch = tree.add(Text(title, style="cyan"))
        for item in definition["items"]:
            branch.add(_plain(f"{item['item']} {item['label'] or ''}".rstrip()))


def _add_cells(tree: Tree, trail: Trail, words: Words) -> None:
    """Edition, then its files, then their cells."""
    for edition in trail.editions:
        key = edition["dataset"], edition["vintage"]
        head = (
            f"{words('edition')} {edition['dataset']}/{edition['vintage']}: {edition['publisher']}, {edition['title']}"
        )
        branch = tree.add(_plain(head))
        told = [f"{words(name)} {edition[name]}" for name in ("published", "accessed", "url") if edition[name]]
        branch.add(_plain(", ".join(told)))
        for file in trail.files:
            if (file["dataset"], file["vintage"]) == key:
                of_file = branch.add(_tell_file(file, words))
                if file["place"]:
                    of_file.add(_plain(f"{words('place')}: {file['place']}"))
                for cell in trail.cells:
                    if (cell["dataset"], cell["vintage"], cell["file"]) == (*key, file["file"]):
                        _add_cell(of_file, cell, words)


def _tell_file(file: Row, words: Words) -> Text:
    check = file["check"]
    said = words("verified_file") if check["state"] == "verified" else words("differs", found=check["found"])
    text = Text(
        f"{words('file')} {file['file']}: {words('sha256')} {file['sha256']}, {file['bytes']} {words('bytes')} - "
    )
    return text.append(said, style=_STYLES[check["state"]])


def _add_cell(tree: Tree, cell: Row, words: Words) -> None:
    sheet = f"{words('sheet')} {cell['sheet']}, " if cell["sheet"] else ""
    where = f"{sheet}{words('at', row=cell['row'], column=cell['column'])}"
    text = Text(f"{where}: {words('printed')} {cell['printed']!r} - ")
    branch = tree.add(text.append(_tell_check(cell["check"], words), style=_STYLES[cell["check"]["state"]]))
    for told in cell["corrections"]:
        shown = told | {name: "-" if told[name] is None else told[name] for name in ("value", "uncorrected_value")}
        of_correction = branch.add(Text(words("corrected", **shown), style="yellow"))
        of_correction.add(_plain(words("corrected_why", **told)))
    for figure in cell["figures"]:
        of_figure = branch.add(_plain(_tell_key(figure)))
        of_figure.add(_plain(_tell_value(figure, words)))
        if figure["note"]:
            of_figure.add(_plain(f"{words('note')}: {figure['note']}"))


def _tell_check(check: Row, words: Words) -> str:
    if check["state"] == "verified":
        return words("verified_layout", text=repr(check["found"])) if check.get("by") else words("verified")
    return words(check["state"], found=repr(check["found"]) if check["state"] == "differs" else check["found"])
