"""Landing: an edition is written beside the others and appears by one rename, whole, or not at all.

Everything is prepared in data/raw/<dataset>/.landing-<random>/; a folder whose name begins with a dot is no edition.
Written once: an existing vintage is never touched, its files are read-only.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from flows.store.disk import sync
from flows.store.editions import (
    CARD_KEYS,
    KNOWN_KEYS,
    Edition,
    find_layout,
    find_layouts,
    list_layout_folders,
    name_latest,
    order_vintage,
    read_card,
    verify_files,
)
from transforms.errors import InputError
from transforms.layout import Layout

_PREFIX = ".landing-"
_VINTAGE = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z._-]{0,62}[0-9A-Za-z])?")
_FULL = (errno.ENOSPC, errno.EDQUOT)
_BARRED = (errno.EROFS, errno.EACCES, errno.EPERM)
_NO_FOLDER = (errno.EEXIST, errno.ENOTDIR)
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Landed:
    """What a landing came to: a new edition, or the older one that has the same bytes already."""

    edition: Edition
    is_new: bool
    again: str = ""  # the vintage of an older edition, not the latest, that had the same bytes


@dataclass
class Landing:
    """An edition in preparation. desk is for downloads and archives; folder holds what will be the edition."""

    data_dir: Path
    dataset: str
    root: Path
    entries: list[dict[str, Any]] = field(default_factory=list)

    @property
    def desk(self) -> Path:
        return self.root / "desk"

    @property
    def folder(self) -> Path:
        return self.root / "files"

    def add(self, path: Path, **entry: Any) -> None:
        """Take a file that lies on the desk into the edition, hashed as it stands on the disk."""
        target = self._place(path.name)
        path.rename(target)
        self._enter(target, entry)

    def copy(self, path: Path, **entry: Any) -> None:
        """Copy a file from elsewhere into the edition."""
        target = self._place(path.name)
        copy_file(path, target)
        self._enter(target, entry)

    def _place(self, name: str) -> Path:
        if name.lower() in [other["name"].lower() for other in self.entries]:
            raise InputError(
                "two files of the edition have the same name",
                file=self.dataset,
                found=name,
                todo="rename one of them, or land them as two datasets.",
            )
        return self.folder / name

    def _enter(self, target: Path, entry: dict[str, Any]) -> None:
        with target.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
        self.entries.append(
            {"name": target.name, "sha256": digest, "bytes": size} | {k: v for k, v in entry.items() if v}
        )

    def land(
        self, *, source_family: str, publisher_says: dict[str, str], we_did: dict[str, Any], vintage: str,
        chosen: bool, documentation: tuple[str, ...] = (), layouts: dict[str, Layout] | None = None,
    ) -> Landed:  # fmt: skip
        """The edition, in its place. chosen: the user named the vintage, so another one is not put in its place.

        documentation: patterns of names of files that hold no figures; the card says so of them. layouts: those of the
        dataset; where there are any, every other file must fit one.

        The same bytes as the latest edition: that edition. The bytes of an older one are landed again, since the
        publisher has gone back to them, so that they are the latest. Raises InputError for a chosen vintage that exists
        with other bytes, and for a file that no layout fits.
        """
        check_vintage(vintage)
        home = self.data_dir / "raw" / self.dataset
        digests = {entry["sha256"] for entry in self.entries}
        latest, same = name_latest(home), find_same_bytes(home, digests)
        if same and (same.vintage == latest or (chosen and order_vintage(vintage) <= order_vintage(latest))):
            return Landed(same, False)
        if same and not chosen:
            vintage = _follow(home, latest, vintage, str(we_did.get("accessed", "")))
        if (home / vintage).exists():
            if chosen:
                raise InputError(
                    "this vintage is there already, with other bytes",
                    file=f"{self.dataset}/{vintage}",
                    todo="an edition is never changed: give another --vintage, or leave it out.",
                )
            vintage = choose_vintage(home, vintage)
        for entry in self.entries:
            if is_documentation(entry["name"], documentation):
                entry["role"] = "documentation"
        if layouts and (unread := find_unread(self.entries, layouts)):
            raise _refuse_unread(self.dataset, unread, layouts, self.data_dir)
        publisher_says = {"edition": vintage} | {key: value for key, value in publisher_says.items() if value}
        card = render_card(self.dataset, vintage, source_family, publisher_says, we_did, self.entries)
        ready = self.root / self.dataset / vintage
        ready.parent.mkdir()
        self.folder.rename(ready)
        (ready / "card.toml").write_text(card, encoding="utf-8", newline="\n")
        read_card(ready)  # what is landed can be read: an incomplete card stops here
        for path in ready.iterdir():
            sync(path)
            path.chmod(0o444)
        sync(ready)
        try:
            ready.rename(home / vintage)
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                raise InputError(
                    "this vintage appeared while we were at work",
                    file=f"{self.dataset}/{vintage}",
                    todo="see what it holds, and call ingest again.",
                ) from None
            raise
        sync(home)
        return Landed(read_card(home / vintage), True, same.vintage if same else "")


@contextmanager
def open_landing(data_dir: Path, dataset: str) -> Iterator[Landing]:
    """A landing with an empty desk, removed at the end whatever happens. One at a time for each dataset.

    What an earlier one that was killed left behind is removed first. A full disk and a folder that may not be written
    are InputErrors.
    """
    home = data_dir / "raw" / dataset
    try:
        _make_home(home)
        with _hold(home):
            for old in home.glob(f"{_PREFIX}*"):
                shutil.rmtree(old, ignore_errors=True)
            root = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=home))
            try:
                landing = Landing(data_dir, dataset, root)
                landing.desk.mkdir()
                landing.folder.mkdir()
                yield landing
            finally:
                shutil.rmtree(root, ignore_errors=True)
                with suppress(OSError):
                    home.rmdir()  # only where nothing landed, ever
    except OSError as error:
        if error.errno in _FULL:
            raise InputError(
                "the disk is full; nothing was landed",
                file=f"raw/{dataset}",
                todo="make room, or choose another --data-dir.",
            ) from None
        if error.errno in _BARRED:
            raise InputError(
                f"the data folder may not be read or written ({error.strerror}); nothing was landed",
                file=str(error.filename or home),
                todo="choose another --data-dir, or mend the rights of this one.",
            ) from None
        raise


def _make_home(home: Path) -> None:
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if error.errno not in _NO_FOLDER:
            raise
        raise InputError(
            "a file stands where a folder is needed; nothing was landed",
            file=str(error.filename or home),
            todo="choose another --data-dir, or move that file away.",
        ) from None


@contextmanager
def _hold(home: Path) -> Iterator[None]:
    """The dataset's folder, locked for this process; the system releases it when the process ends, however it ends."""
    if os.name == "nt":
        import msvcrt

        handle = os.open(home / ".lock", os.O_RDWR | os.O_CREAT)
    else:
        import fcntl

        handle = os.open(home, os.O_RDONLY)
    try:
        try:
            if os.name == "nt":
                msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
            else:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if os.name != "nt" and error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise
            raise InputError(
                "another ingest of this dataset is at work", file=f"raw/{home.name}", todo="wait until it has ended."
            ) from None
        yield
    finally:
        os.close(handle)


def check_vintage(vintage: str) -> str:
    """A vintage that may be a folder's name, or InputError."""
    if not _VINTAGE.fullmatch(vintage):
        raise InputError(
            "not the name of a vintage",
            found=vintage,
            todo="use letters, digits, - _ and ., beginning and ending with a letter or digit, for example 2025-12-18.",
        )
    return vintage


def choose_vintage(home: Path, vintage: str) -> str:
    """<vintage>.2, .3 ...: the first that comes after every edition of that date."""
    numbers = [1]
    for path in home.iterdir():
        found = re.fullmatch(re.escape(vintage) + r"\.(\d{1,6})", path.name)
        numbers += [int(found[1])] if found else []
    return f"{vintage}.{max(numbers) + 1}"


def _follow(home: Path, latest: str, *wanted: str) -> str:
    """A vintage that comes after the latest: the first of those wanted that does, else the latest with a number."""
    fitting = (name for name in wanted if name and order_vintage(name) > order_vintage(latest))
    return next(fitting, "") or choose_vintage(home, re.sub(r"\.\d{1,6}$", "", latest))


def is_documentation(name: str, patterns: tuple[str, ...]) -> bool:
    """Whether a file holds no figures, by its name."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def find_unread(entries: list[dict[str, Any]], layouts: dict[str, Layout]) -> list[str]:
    """The files, documentation aside, that none of a dataset's layouts fits."""
    data = [entry["name"] for entry in entries if entry.get("role") != "documentation"]
    return [name for name in data if find_layout(layouts, name) is None]


def _refuse_unread(dataset: str, unread: list[str], layouts: dict[str, Layout], data_dir: Path) -> InputError:
    fitting = find_datasets_of(unread[0], data_dir)
    other = f"land it as {' or '.join(fitting)}, whose layouts know it" if fitting else "land it as another dataset"
    return InputError(
        "no layout of this dataset fits the file",
        file=f"{dataset}/{unread[0]}",
        todo=f"{dataset} knows {', '.join(layouts)} (capitals count). Give the file the name that the publisher gave "
        f"it; or {other}; or write own/layouts/{dataset}/<table>.toml (docs/layouts.md); or, if it holds no figures, "
        f'say --documentation "{unread[0]}"; or land it unread with --force.',
        more=f"The same holds for {', '.join(unread[1:])}." if len(unread) > 1 else "",
    )


def find_datasets_of(name: str, data_dir: Path) -> list[str]:
    """The datasets with a layout that speaks of such a file; one for every workbook (*.xlsx) speaks of none."""
    fitting = []
    for dataset in list_layout_folders(data_dir):
        try:
            layouts = find_layouts(dataset, data_dir)
            telling = {pattern: layout for pattern, layout in layouts.items() if not re.fullmatch(r"\*\.\w+", pattern)}
            if find_layout(telling, name):
                fitting.append(dataset)
        except InputError:
            continue  # a fault in another dataset's layouts is not this file's
    return fitting


def find_same_bytes(home: Path, digests: set[str]) -> Edition | None:
    """The latest sound edition of a dataset whose files are exactly these (by sha256), or None.

    One whose files are no longer what its card says does not count: the publisher's bytes are then landed again.
    """
    folders = [path for path in home.iterdir() if path.is_dir() and not path.name.startswith(".")]
    for folder in sorted(folders, key=lambda path: order_vintage(path.name), reverse=True):
        try:
            edition = read_card(folder)
            if {entry["sha256"].lower() for entry in edition.card["files"]} == digests:
                verify_files(edition)
                return edition
        except InputError:
            continue
    return None


def copy_file(source: Path, target: Path) -> None:
    """A copy on the disk; shared blocks where the file system can, so that a bulk file costs no second space."""
    try:
        reading = source.open("rb")
    except PermissionError:
        raise InputError("the file may not be read", file=source.name, todo="mend its rights.") from None
    with reading, target.open("wb") as writing:
        if not _clone(reading.fileno(), writing.fileno()):
            while chunk := reading.read(_CHUNK):
                writing.write(chunk)


def _clone(source: int, target: int) -> bool:
    try:
        import fcntl

        fcntl.ioctl(target, 0x40049409, source)  # FICLONE of Linux; refused elsewhere
    except (ImportError, OSError):
        return False
    return True


def render_card(
    dataset: str,
    vintage: str,
    source_family: str,
    publisher_says: dict[str, str],
    we_did: dict[str, Any],
    entries: list[dict[str, Any]],
) -> str:
    """card.toml, keys in the order in which the README explains them."""
    lines = [f"{key} = {_quote(value)}" for key, value in
             (("dataset", dataset), ("vintage", vintage), ("source_family", source_family))]  # fmt: skip
    for section, values in (("publisher_says", publisher_says), ("we_did", we_did)):
        lines += ["", f"[{section}]", *_render_table(values, (*CARD_KEYS[section], *KNOWN_KEYS[section]))]
    for entry in entries:
        lines += ["", "[[files]]", *_render_table(entry, KNOWN_KEYS["files"])]
    return "\n".join(lines) + "\n"


def _render_table(values: dict[str, Any], order: tuple[str, ...]) -> list[str]:
    lines = []
    for key in dict.fromkeys((*order, *values)):
        value = values.get(key)
        if isinstance(value, list):
            lines += [f"{key} = [", *(f"  {_quote(item)}," for item in value), "]"] if value else []
        elif isinstance(value, int):
            lines.append(f"{key} = {value}")
        elif value:
            lines.append(f"{key} = {_quote(value)}")
    return lines


def _quote(value: object) -> str:
    """A TOML basic string. JSON's escapes are TOML's, but for the delete sign, which TOML wants escaped too."""
    text = value.isoformat() if isinstance(value, date) else str(value)
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
