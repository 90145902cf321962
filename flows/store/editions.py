"""Landed editions: folders data/raw/<dataset>/<vintage>/ with the publisher's bytes and a card. Only read here.

flows/store/landing.py writes them.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from transforms.errors import InputError
from transforms.layout import Layout, name_beside, parse_layout

TABLES = {".csv", ".tsv", ".txt", ".xlsx", ".xls", ".ods"}
CARD_KEYS: dict[str, tuple[str, ...]] = {
    "publisher_says": ("publisher_zh", "publisher_en", "title_zh", "title_en", "edition", "terms"),
    "we_did": ("accessed", "transcription"),
}
# Every key a card may have; those of CARD_KEYS, the names and sha256 must be there.
KNOWN_KEYS: dict[str, tuple[str, ...]] = {
    "": ("dataset", "vintage", "source_family", *CARD_KEYS, "files"),
    "publisher_says": (*CARD_KEYS["publisher_says"], "published", "url", "definition", "population"),
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
        "role",  # data, or documentation: a file without figures, which is kept and not read
        # written by ingest: where the bytes came from, what the server said of them, the archive they lay in
        "url",
        "etag",
        "last_modified",
        "archive",
        "archive_sha256",
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
    for top in list_visible(raw):
        below = list_visible(top) if top.is_dir() else []
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


def list_visible(folder: Path) -> list[Path]:
    """Files and folders of a folder, in order, without what file managers and office programs leave there."""
    return sorted(path for path in folder.iterdir() if not _LEFT_BEHIND.fullmatch(path.name))


def read_card(folder: Path) -> Edition:
    """The edition of a folder, its card complete, all its words as text. Raises InputError."""
    if (
        folder.parent.name == "raw" != folder.parent.parent.name
    ):  # data/raw/<dataset>, or a file there: the level of the vintage is missing
        stray = [path.name for path in list_visible(folder) if not path.is_dir()] if folder.is_dir() else [folder.name]
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


def find_latest(data_dir: Path, dataset: str) -> Edition:
    """The latest edition of a dataset. The one place that says which that is.

    Vintages are ordered by their names as a reader orders them: numbers as numbers, a shorter name before what adds to
    it; so 2025-12-18, 2025-12-18.2, 2025-12-18.10, 2026-01-05. Raises InputError where there is no edition, and where
    the latest is unsound: an older one is never taken in its place in silence.
    """
    folder = data_dir / "raw" / dataset
    latest = name_latest(folder)
    if not latest:
        raise InputError(
            "there is no edition of this dataset",
            file=f"raw/{dataset}",
            todo=f"land one with: digitrade ingest {dataset}",
        )
    return read_card(folder / latest)


def name_latest(folder: Path) -> str:
    """The latest vintage in the folder of a dataset, sound or not; '' where there is none."""
    vintages = [path.name for path in list_visible(folder) if path.is_dir()] if folder.is_dir() else []
    return max(vintages, key=order_vintage, default="")


def order_vintage(vintage: str) -> list[tuple[int, int, str]]:
    """The sort key of a vintage's name."""
    parts = re.findall(r"\d+|\D+", vintage)
    return [(1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts]


def read_files(edition: Edition) -> dict[str, bytes]:
    """The bytes of every file of an edition, each held against the card. Raises InputError."""
    contents = {}
    for name, path, entry in _list_entries(edition):
        where = f"{edition.name}/{name}"
        try:
            content = path.read_bytes()
        except OSError as error:
            raise _cannot_read(error, where) from None
        _compare_digest(hashlib.sha256(content).hexdigest(), len(content), entry, where)
        contents[name] = content
    return contents


def verify_files(edition: Edition) -> dict[str, Path]:
    """Where every file of an edition lies, each held against the card without taking it into memory; as read_files.

    For bulk files: they are read twice, once here and once by the engine.
    """
    return {name: check_file(path, entry, f"{edition.name}/{name}") for name, path, entry in _list_entries(edition)}


def check_file(path: Path, entry: dict[str, Any], where: str = "") -> Path:
    """The path of a file whose bytes are those of its entry in the card; InputError otherwise."""
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
    except OSError as error:
        raise _cannot_read(error, where or path.name) from None
    _compare_digest(digest, size, entry, where or path.name)
    return path


def _list_entries(edition: Edition) -> Iterator[tuple[str, Path, dict[str, Any]]]:
    """Name, path and card entry of every file; a file or folder too many or too few is refused."""
    listed = {entry["name"]: entry for entry in edition.card["files"]}
    present = {path.name: path for path in list_visible(edition.folder) if path.name != "card.toml"}
    if unlisted := sorted(set(present) - set(listed)):
        is_folder = present[unlisted[0]].is_dir()
        raise InputError(
            "a folder inside an edition" if is_folder else "a file that the card does not list",
            file=f"{edition.name}/{unlisted[0]}",
            todo="an edition holds files only: move them up." if is_folder
            else "list it in card.toml with its sha256, or remove it.",
        )  # fmt: skip
    for name, entry in listed.items():
        if name not in present or not present[name].is_file():
            raise InputError(
                "a file that the card lists is missing", file=f"{edition.name}/{name}", todo="put it back."
            )
        yield name, present[name], entry


def _cannot_read(error: OSError, where: str) -> InputError:
    return InputError(f"the file cannot be read: {error.strerror}", file=where, todo="mend its rights.")


def _compare_digest(digest: str, size: int, entry: dict[str, Any], where: str) -> None:
    if digest != entry["sha256"].lower():
        raise InputError(
            "the bytes are not those the card vouches for (sha256 differs)",
            file=where,
            found=f"{digest[:16]}..., {size} bytes; card: {entry['sha256'][:16]}..., {entry.get('bytes', '?')} bytes",
            todo="restore the file; raw files are never edited. A new edition belongs in a new folder.",
        )


def find_layout(layouts: dict[str, Layout], name: str) -> Layout | None:
    """The layout of a file: the one that names it, else the only one with a pattern (*.csv) that fits; None without.

    Case counts. Two layouts whose patterns fit are an InputError: which one is meant is not to be guessed.
    """
    if name in layouts:
        return layouts[name]
    fitting = [pattern for pattern in layouts if re.search(r"[*?\[]", pattern) and fnmatchcase(name, pattern)]
    sources = {layouts[pattern].source for pattern in fitting}
    if len(sources) > 1:
        raise InputError(
            "two layouts have a pattern that fits the file",
            file=name,
            found=", ".join(f"{pattern} in {layouts[pattern].source}" for pattern in fitting),
            todo="name the file itself in the layout that is meant, or narrow a pattern.",
        )
    return layouts[fitting[0]] if fitting else None


def _read_texts(folder: Traversable, shown: str, pattern: str) -> dict[str, str]:
    """Name -> text of the files of a folder whose names fit."""
    texts = {}
    for path in sorted(folder.iterdir(), key=lambda p: p.name):
        if path.is_file() and re.fullmatch(pattern, path.name):
            try:
                texts[path.name] = path.read_bytes().decode("utf-8-sig" if path.name.endswith(".csv") else "utf-8")
            except (UnicodeDecodeError, OSError) as error:
                raise InputError(
                    f"the layout cannot be read: {error}", file=f"{shown}/{path.name}", todo="save it as UTF-8 text."
                ) from None
    return texts


def read_beside(folder: Traversable, shown: str, layouts: Iterable[str]) -> dict[str, str]:
    """Name -> text of the maps and lists of codes in a folder that layouts name; other files there are not opened."""
    named = {name for text in layouts for name in name_beside(text) if name.endswith(".csv")}
    return _read_texts(folder, shown, "|".join(map(re.escape, sorted(named)))) if named else {}


def list_layout_folders(data_dir: Path) -> list[str]:
    """The datasets that have layouts, bundled or own."""
    folders = [files("transforms").joinpath("layouts"), data_dir / "own" / "layouts"]
    return sorted({path.name for folder in folders if folder.is_dir() for path in folder.iterdir() if path.is_dir()})


def find_layouts(dataset: str, data_dir: Path) -> dict[str, Layout]:
    """File name or pattern -> layout, of the bundled layouts of a dataset and the user's (data/own/layouts/<dataset>).

    CSV files beside a layout are the maps it may name; _*.toml in layouts/ itself are shared forms (extends).
    find_layout chooses for a file.
    """
    bundled, mine = files("transforms").joinpath("layouts"), data_dir / "own" / "layouts"
    shared = _read_texts(bundled, "transforms/layouts", r"_.*\.toml")
    shared |= _read_texts(mine, "own/layouts", r"_.*\.toml") if mine.is_dir() else {}
    folders = [(bundled.joinpath(dataset), f"transforms/layouts/{dataset}")]
    own = mine / dataset
    if own.is_dir():
        folders.append((own, f"own/layouts/{dataset}"))
    layouts: dict[str, Layout] = {}
    for folder, shown in folders:
        if not folder.is_dir():
            continue
        texts = _read_texts(folder, shown, r".*\.toml")
        beside = read_beside(folder, shown, [*texts.values(), *shared.values()])
        for filename, text in texts.items():
            layout = parse_layout(text, f"{shown}/{filename}", shared, beside)
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
