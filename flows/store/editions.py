"""Landed editions: folders data/raw/<dataset>/<vintage>/ with the publisher's bytes and a card. Only read here."""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

from transforms.errors import InputError
from transforms.layout import Layout, parse_layout

TABLES = {".csv", ".tsv", ".txt", ".xlsx", ".xls", ".ods"}
CARD_KEYS: dict[str, tuple[str, ...]] = {
    "publisher_says": ("publisher_zh", "publisher_en", "title_zh", "title_en", "edition", "terms"),
    "we_did": ("accessed", "transcription"),
}
# Every key a card may have; those of CARD_KEYS, the names and sha256 must be there.
KNOWN_KEYS: dict[str, tuple[str, ...]] = {
    "": ("dataset", "vintage", "source_family", *CARD_KEYS, "files"),
    "publisher_says": (*CARD_KEYS["publisher_says"], "published", "url", "definition"),
    "we_did": (*CARD_KEYS["we_did"], "notes"),
    "files": (
        "name",
        "sha256",
        "bytes",
        "publisher",
        "title",
        "edition",
        "where",
        "unit",
        "publisher_note",
        "our_note",
    ),
}
# What file managers and office programs leave beside the data: no data, and nobody's decision.
_LEFT_BEHIND = re.compile(r"\..*|~\$.*|thumbs\.db|desktop\.ini", re.IGNORECASE)


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
    """Every <dataset>/<vintage> folder under data/raw, in order, sound or not.

    A dataset folder with files but no edition folder, and a table lying in data/raw itself, are found too (vintage
    ''), so that nothing that was put there is passed over in silence.
    """
    raw = data_dir / "raw"
    if not raw.is_dir():
        raise InputError("there is no raw data", file=str(raw), todo="choose the data folder with --data-dir.")
    folders: list[tuple[str, str]] = []
    for top in _list_visible(raw):
        below = _list_visible(top) if top.is_dir() else []
        vintages = [path.name for path in below if path.is_dir()]
        folders += [(top.name, vintage) for vintage in vintages]
        stray = [path for path in below if path.name == "card.toml" or path.suffix.lower() in TABLES or not vintages]
        if [path for path in stray if not path.is_dir()] or (not top.is_dir() and top.suffix.lower() in TABLES):
            folders.append((top.name, ""))
    found = []
    for dataset, vintage in sorted(folders):
        try:
            found.append(Found(dataset, vintage, read_card(raw / dataset / vintage), None))
        except InputError as problem:
            found.append(Found(dataset, vintage, None, problem))
    return found


def _list_visible(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not _LEFT_BEHIND.fullmatch(path.name))


def read_card(folder: Path) -> Edition:
    """The edition of a folder, its card complete, all its words as text. Raises InputError."""
    if (
        folder.parent.name == "raw" != folder.parent.parent.name
    ):  # data/raw/<dataset>, or a file there: the level of the vintage is missing
        stray = [path.name for path in _list_visible(folder) if not path.is_dir()] if folder.is_dir() else [folder.name]
        raise InputError(
            "files that lie in no edition folder",
            file=f"raw/{folder.name}",
            found=", ".join(stray[:3]),
            todo=f"move them to raw/{folder.name}/<vintage>/, with a card.toml; see README, Add a source.",
        )
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
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise InputError(f"the card is not TOML: {error}", file=name, todo="mend the line named.") from None
    _refuse_unknown(card, "", name)
    for section, keys in CARD_KEYS.items():
        if not isinstance(card.get(section, {}), dict):
            raise InputError(f"the card's {section} is no table", file=name, todo=f"begin it with [{section}].")
        _refuse_unknown(card.get(section, {}), section, name)
        card[section] = _as_texts(card.get(section, {}), section, name)
        for key in keys:
            if not card[section].get(key):
                raise InputError(f"the card lacks {section}.{key}", file=name, todo="fill it in.")
    card |= _as_texts({key: card[key] for key in ("dataset", "vintage", "source_family") if key in card}, "", name)
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
    card["files"] = _check_entries(card.get("files"), name)
    return Edition(folder.parent.name, folder.name, folder, card)


def _refuse_unknown(table: dict[str, Any], where: str, card_name: str) -> None:
    """A key that no card has is named: a misspelt one must not be passed over in silence."""
    known = KNOWN_KEYS[where.partition("[")[0]]
    if unknown := sorted(set(table) - set(known)):
        raise InputError(
            f"unknown key {f'{where}.' if where else ''}{unknown[0]} in the card",
            file=card_name,
            found=unknown[0],
            todo=f"use one of {', '.join(known)}.",
        )


def _check_entries(entries: Any, card_name: str) -> list[dict[str, Any]]:
    """The [[files]] of a card: each with a name of its own and a sha256; bytes, where given, a number."""
    if not entries or not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InputError(
            "the card lists no files", file=card_name, todo="list each file with its sha256 under [[files]]."
        )
    checked: list[dict[str, Any]] = []
    for number, entry in enumerate(entries, 1):
        where = f"files[{number}]"
        _refuse_unknown(entry, where, card_name)
        size = entry.get("bytes", 0)
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            raise InputError(
                f"the card's {where}.bytes is no size", file=card_name, found=str(size), todo="correct it."
            )
        texts = _as_texts({key: value for key, value in entry.items() if key != "bytes"}, where, card_name)
        for key in ("name", "sha256"):
            if not texts.get(key):
                raise InputError(f"the card lacks {where}.{key}", file=card_name, todo="fill it in.")
        if texts["name"] in [other["name"] for other in checked]:
            raise InputError("the card lists a file twice", file=card_name, found=texts["name"], todo="list it once.")
        checked.append(entry | texts)
    return checked


def _as_texts(table: dict[str, Any], where: str, card_name: str) -> dict[str, Any]:
    """The values of a TOML table as text: years and dates may be written without quotes. Lists (notes) stay."""
    texts: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict | bool | float):
            raise InputError(
                f"the card's {f'{where}.' if where else ''}{key} is no text",
                file=card_name,
                found=str(value),
                todo="put it in quotes.",
            )
        texts[key] = value if isinstance(value, list) else value.isoformat() if isinstance(value, date) else str(value)
        if isinstance(value, list) and key != "notes":
            raise InputError(
                f"the card's {f'{where}.' if where else ''}{key} is a list",
                file=card_name,
                found=str(value),
                todo="give one text.",
            )
    return texts


def read_files(edition: Edition) -> dict[str, bytes]:
    """The bytes of every file of an edition, each held against the card. Raises InputError."""
    listed = {entry["name"]: entry for entry in edition.card["files"]}
    present = {path.name: path for path in _list_visible(edition.folder) if path.name != "card.toml"}
    if unlisted := sorted(set(present) - set(listed)):
        is_folder = present[unlisted[0]].is_dir()
        raise InputError(
            "a folder inside an edition" if is_folder else "a file that the card does not list",
            file=f"{edition.name}/{unlisted[0]}",
            todo="an edition holds files only: move them up." if is_folder
            else "list it in card.toml with its sha256, or remove it.",
        )  # fmt: skip
    contents = {}
    for name, entry in listed.items():
        where = f"{edition.name}/{name}"
        if name not in present or not present[name].is_file():
            raise InputError("a file that the card lists is missing", file=where, todo="put it back.")
        try:
            content = present[name].read_bytes()
        except OSError as error:
            raise InputError(
                f"the file cannot be read: {error.strerror}", file=where, todo="mend its rights."
            ) from None
        digest = hashlib.sha256(content).hexdigest()
        if digest != entry["sha256"].lower():
            raise InputError(
                "the bytes are not those the card vouches for (sha256 differs)",
                file=where,
                found=f"{digest[:16]}..., {len(content)} bytes; card: {entry['sha256'][:16]}..., "
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
            try:
                text = path.read_bytes().decode("utf-8")
            except (UnicodeDecodeError, OSError) as error:
                raise InputError(
                    f"the layout cannot be read: {error}", file=f"{shown}/{path.name}", todo="save it as UTF-8 text."
                ) from None
            layout = parse_layout(text, f"{shown}/{path.name}", shared)
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
