"""digitrade release: what was published, what differs, and which release is the published one."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from flows.store.releases import Release

release = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="""Releases: numbered, immutable sets of everything that was published together (docs/releases.md).

Examples:

    digitrade release list --lang zh
    digitrade release diff 3 4                     editions, figures and indicator values that differ
    digitrade release rollback 3                   publish release 3 again, as a whole
    digitrade release publish                      publish what an embargo withheld, where that has ended
    digitrade release verify 3                     are all files as the manifest says?""",
)


class ReleaseLang(StrEnum):
    zh = "zh"
    en = "en"


Number = Annotated[int, typer.Argument(help="Number of a release.")]
DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", envvar="DIGITRADE_DATA_DIR", help="Folder that holds raw/, own/ and curated/."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Language = Annotated[ReleaseLang, typer.Option("--lang", help="Language of labels.")]
Wait = Annotated[float, typer.Option("--wait", help="Seconds to wait for a run that is at work.")]


def _curated(data_dir: Path | None) -> Path:
    from flows.cli import _folder

    return _folder(data_dir) / "curated"


def _word(name: str, lang: str, **facts: Any) -> str:
    from transforms.codelists import load_codelist

    return load_codelist("words").label(f"RELEASE.{name}", lang).format(**facts)


def _print_json(told: Any) -> None:
    typer.echo(json.dumps(told, ensure_ascii=False, indent=1))


@release.command("list")
def list_(data_dir: DataDir = None, lang: Language = ReleaseLang.en, as_json: AsJson = False) -> None:
    """Every release that is kept: number, state, when it was made, editions, hash of its content.

    Examples:

        digitrade release list
    """
    from flows.store.mirror import load_pointer
    from flows.store.releases import list_releases

    pointer, releases = load_pointer(_curated(data_dir)), list_releases(_curated(data_dir))
    rows = [_describe(found, pointer) for found in releases]
    if as_json:
        _print_json(rows)
        return
    from flows.terminal import print_rows

    heads = {name: _word(name, lang.value) for name in ("number", "state", "made", "editions", "content")}
    shown = [row | {"state": _word(f"is_{row['state']}", lang.value, **row)} for row in rows]
    print_rows([{head: row[name] for name, head in heads.items()} for row in shown], "")


def _describe(found: Release, pointer: dict[str, Any]) -> dict[str, Any]:
    from flows.store.publishing import is_held

    published = [entry for entry in pointer["history"] if entry["release"] == found.number]
    if found.number == pointer["release"]:
        state = "published"
    elif is_held(pointer, found):
        state = "held"
    else:
        state = "earlier" if published else "made"
    return {
        "number": found.number,
        "state": state,
        "until": pointer["held"].get(str(found.number), ""),
        "published": [entry["at"] for entry in published],
        "made": found.manifest.get("made", ""),
        "editions": len(found.manifest.get("inputs", [])),
        "content": found.content[:16],
    }


@release.command()
def show(number: Number, data_dir: DataDir = None, lang: Language = ReleaseLang.en, as_json: AsJson = False) -> None:
    """One release: state, code, input editions with their hashes, outcomes of the rules, citation.

    Examples:

        digitrade release show 4
        digitrade release show 4 --json            the whole manifest, with the hash of every file
    """
    from flows.store.mirror import load_pointer
    from flows.store.releases import find_release

    found = find_release(_curated(data_dir), number)
    told = _describe(found, load_pointer(_curated(data_dir)))
    if as_json:
        _print_json(told | {"manifest": found.manifest})
        return
    from flows.terminal import print_records

    state = _word(f"is_{told['state']}", lang.value, **told)
    code, rules = found.manifest.get("code", {}), found.manifest.get("rules", {})
    print_records(
        [
            told
            | {
                "state": state,
                "published": ", ".join(told["published"]),
                "code": ", ".join(f"{name} {said[:16]}" for name, said in code.items()),
                "rules": ", ".join(f"{count} {outcome}" for outcome, count in rules.get("counts", {}).items()),
                "failed": ", ".join(rules.get("failed", [])),
                "folder": str(found.folder),
            }
        ],
        "",
    )
    for edition in found.manifest.get("inputs", []):
        typer.echo(f"{edition['dataset']}/{edition['vintage']}  {edition.get('card', edition.get('problem'))}")
    citation = found.folder / f"CITATION_{lang.value}.txt"
    if citation.is_file():
        typer.echo(citation.read_text(encoding="utf-8"))


@release.command()
def diff(
    one: Annotated[int, typer.Argument(help="The earlier release.")],
    other: Annotated[int, typer.Argument(help="The later release.")],
    data_dir: DataDir = None,
    lang: Language = ReleaseLang.en,
    as_json: AsJson = False,
) -> None:
    """What one release says otherwise than another: editions, printed figures, computed values, tables.

    Examples:

        digitrade release diff 3 4
        digitrade release diff 3 4 --json          with the largest changes

    Figures and values are compared edition by edition, as in digitrade revisions; what differs between two editions of
    a dataset is told there.
    """
    from flows.stages.republished import compare_publications
    from flows.store.releases import find_release

    first, second = (find_release(_curated(data_dir), number) for number in (one, other))
    editions = [
        {f"{row['dataset']}/{row['vintage']}" for row in found.manifest.get("inputs", [])} for found in (first, second)
    ]
    told: dict[str, Any] = {
        "from": one,
        "to": other,
        "added": sorted(editions[1] - editions[0]),
        "removed": sorted(editions[0] - editions[1]),
        "changed": compare_publications(first.folder, second.folder),
        "tables": sorted(
            name
            for name in first.files.keys() | second.files.keys()
            if name.startswith("exports/") and first.files.get(name) != second.files.get(name)
        ),
    }
    if as_json:
        _print_json(told)
        return
    for kind in ("added", "removed"):
        for name in told[kind]:
            typer.echo(f"{name}: {_word(kind, lang.value)}")
    from flows.terminal import say_changes

    for line in say_changes(told["changed"], lang.value):
        typer.echo(line)
    for name in told["tables"]:
        typer.echo(_word("table", lang.value, file=name))
    if not any(told[kind] for kind in ("added", "removed", "changed")):
        typer.echo(_word("same", lang.value, one=one, other=other))


@release.command()
def rollback(
    number: Number,
    wait: Wait = 0,
    data_dir: DataDir = None,
    lang: Language = ReleaseLang.en,
    as_json: AsJson = False,
) -> None:
    """Publish an earlier release again, as a whole. Nothing is removed.

    Examples:

        digitrade release rollback 3

    Runs go on, and withhold what they make of the same editions and own files, until one of these changes or
    digitrade release publish says otherwise. Every run tells so.
    """
    from flows.store.publishing import roll_back
    from flows.store.releases import find_release
    from flows.store.workspace import open_workspace

    curated = _curated(data_dir)
    find_release(curated, number)  # before anything is locked or made
    with open_workspace(curated.parent, wait):
        roll_back(curated, find_release(curated, number))
    _tell_published(number, lang.value, as_json=as_json)


@release.command()
def publish(
    number: Annotated[int | None, typer.Argument(help="Else the last that waits and may be published.")] = None,
    now: Annotated[bool, typer.Option("--now", help="In spite of an embargo.")] = False,
    wait: Wait = 0,
    data_dir: DataDir = None,
    lang: Language = ReleaseLang.en,
    as_json: AsJson = False,
) -> None:
    """Publish a release that is made and withheld: its embargo has ended, or a rollback is to end.

    Examples:

        digitrade release publish
        digitrade release publish 5 --now

    Without a number and with nothing that waits, or may be published yet, nothing is done, and it ends with 0.
    """
    from flows.store.mirror import load_pointer
    from flows.store.publishing import publish_made
    from flows.store.workspace import open_workspace

    curated = _curated(data_dir)
    with open_workspace(curated.parent, wait):
        found = publish_made(curated, number, now=now)
    published = found.number if found else load_pointer(curated)["release"]
    _tell_published(published, lang.value, as_json=as_json, state="published" if found else "unchanged")


def _tell_published(number: int, lang: str, *, as_json: bool, state: str = "published") -> None:
    if as_json:
        _print_json({"release": number, "state": state})
    else:
        typer.echo(_word(state, lang, release=number))


@release.command()
def verify(number: Number, data_dir: DataDir = None, lang: Language = ReleaseLang.en, as_json: AsJson = False) -> None:
    """Hash every file of a release and compare with its manifest; ends with 1 where anything differs.

    Examples:

        digitrade release verify 3
    """
    from flows.store.releases import find_release, verify_release

    found = find_release(_curated(data_dir), number)
    problems = verify_release(found)
    if as_json:
        _print_json({"release": number, "problems": [{"file": name, "problem": what} for name, what in problems]})
    else:
        for name, what in problems:
            typer.echo(f"{name}: {_word(what, lang.value)}")
        if not problems:
            typer.echo(_word("sound", lang.value, release=number, count=len(found.files) + len(found.extras)))
    if problems:
        raise typer.Exit(1)
