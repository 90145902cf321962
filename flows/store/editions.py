"""Landed editions: folders data/raw/<dataset>/<vintage>/ with the publisher's bytes and a card. Only read here."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from transforms.errors import InputError
from transforms.layout import Layout, parse_layout

CARD_KEYS: dict[str, tuple[str, ...]] = {
    "publisher_says": ("publisher_zh", "publisher_en", "title_zh", "title_en", "edition", "terms"),
    "we_did": ("accessed", "transcription"),
}


@dataclass(frozen=True)
class Edition:
    """One edition: its folder, its card, and the files the card vouches for."""

    dataset: str
    vintage: str
    folder: Path
    card: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.dataset}/{self.vintage}"


@dataclass(frozen=True)
class Found:
    """A folder that should be an edition: name, and either the edition or why it is none."""

    dataset: str
    vintage: str
    edition: Edition | None
    problem: InputError | None


def find_editions(data_dir: Path) -> list[Found]:
    """Every <dataset>/<vintage> folder under data/raw, in order, sound or not."""
    raw = data_dir / "raw"
    if not raw.is_dir():
        raise InputError("there is no raw data", file=str(raw), todo="choose the data folder with --data-dir.")
    found = []
    for folder in sorted(p for p in raw.glob("*/*") if p.is_dir() and not p.name.startswith(".")):
        dataset, vintage = folder.parent.name, folder.name
        try:
            found.append(Found(dataset, vintage, read_card(folder), None))
        except InputError as problem:
            found.append(Found(dataset, vintage, None, problem))
    return found


def read_card(folder: Path) -> Edition:
    """The edition of a folder, its card complete. Raises InputError."""
    path = folder / "card.toml"
    name = f"{folder.parent.name}/{folder.name}/card.toml"
    if not path.is_file():
        raise InputError(
            "the edition has no card",
            file=name,
            todo="write card.toml (publisher, title, terms, and for each file its sha256); see README, Add a source.",
        )
    try:
        card = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"the card is not TOML: {error}", file=name, todo="mend the line named.") from None
    for section, keys in CARD_KEYS.items():
        for key in keys:
            if not card.get(section, {}).get(key):
                raise InputError(f"the card lacks {section}.{key}", file=name, todo="fill it in.")
    for key, expected in (("dataset", folder.parent.name), ("vintage", folder.name)):
        if card.get(key) != expected:
            raise InputError(
                f"the card's {key} is not the folder's name",
                file=name,
                found=str(card.get(key)),
                todo=f"expected {expected!r}.",
            )
    if not card.get("source_family"):
        raise InputError("the card lacks source_family", file=name, todo="name whose compilation the figures are.")
    if not card.get("files"):
        raise InputError("the card lists no files", file=name, todo="list each file with its sha256 under [[files]].")
    return Edition(folder.parent.name, folder.name, folder, card)


def read_files(edition: Edition) -> dict[str, bytes]:
    """The bytes of every file of an edition, each held against the card. Raises InputError."""
    listed = {entry["name"]: entry for entry in edition.card["files"]}
    present = {p.name for p in edition.folder.iterdir() if p.is_file() and not p.name.startswith(".")} - {"card.toml"}
    if unlisted := sorted(present - set(listed)):
        raise InputError(
            "a file that the card does not list",
            file=f"{edition.name}/{unlisted[0]}",
            todo="list it in card.toml with its sha256, or remove it.",
        )
    contents = {}
    for name, entry in listed.items():
        where = f"{edition.name}/{name}"
        if name not in present:
            raise InputError("a file that the card lists is missing", file=where, todo="put it back.")
        content = (edition.folder / name).read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        if digest != entry.get("sha256"):
            raise InputError(
                "the bytes are not those the card vouches for (sha256 differs)",
                file=where,
                found=f"{digest[:16]}..., {len(content)} bytes; card: {str(entry.get('sha256'))[:16]}..., "
                f"{entry.get('bytes', '?')} bytes",
                todo="restore the file; raw files are never edited. A new edition belongs in a new folder.",
            )
        contents[name] = content
    return contents


def find_layouts(dataset: str, data_dir: Path) -> dict[str, Layout]:
    """File name -> layout, from the bundled layouts of a dataset and the user's own (data/own/layouts/<dataset>)."""
    bundled = files("transforms").joinpath("layouts")
    shared = {p.name: p.read_text(encoding="utf-8") for p in bundled.iterdir() if p.name.startswith("_")}
    folders = [(bundled.joinpath(dataset), f"transforms/layouts/{dataset}")]
    own = data_dir / "own" / "layouts" / dataset
    if own.is_dir():
        folders.append((own, f"own/layouts/{dataset}"))
    layouts: dict[str, Layout] = {}
    for folder, shown in folders:
        if not folder.is_dir():
            continue
        for path in sorted(folder.iterdir(), key=lambda p: p.name):
            if not path.name.endswith(".toml"):
                continue
            layout = parse_layout(path.read_text(encoding="utf-8"), f"{shown}/{path.name}", shared)
            for name in layout.files:
                if name in layouts:
                    raise InputError(
                        "two layouts for one file",
                        file=layout.source,
                        found=name,
                        todo=f"it is declared in {layouts[name].source} already.",
                    )
                layouts[name] = layout
    return layouts
