"""Releases: numbered folders in curated/releases, made beside and put in place by one renaming, never changed after.

A release holds every file of a publication under the name that it has in curated/, by a second name where the file
system has them, and manifest.json: the SHA-256 of every file and what it was made from. Numbers are counted, not taken
from a clock. Which release is the published one is told by publishing.py.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from flows.store.disk import hash_file, is_same, keep, sync, sync_folders
from flows.store.names import SEEN, STATE
from transforms.errors import InputError

RELEASES = "releases"
MANIFEST = "manifest.json"
Extras = Callable[[int, str], Mapping[str, str]]
_MAKING = ".making"


@dataclass(frozen=True)
class Release:
    """A release on the disk. The manifest is read when it is asked for."""

    number: int
    folder: Path

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """Raises InputError where it cannot be read."""
        path = self.folder / MANIFEST
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            if isinstance(found.get("files"), dict):
                return dict(found)
        except (OSError, ValueError, AttributeError):
            pass
        raise InputError(
            f"the manifest of release {self.number} cannot be read",
            file=str(path),
            todo="remove the folder of this release, or put it back from a copy of yours.",
        )

    @property
    def files(self) -> dict[str, str]:
        """Name below curated/ -> SHA-256, of what the publication consists of."""
        return dict(self.manifest["files"])

    @property
    def extras(self) -> dict[str, str]:
        """The same of what only the release has: reports and citations."""
        return dict(self.manifest.get("extras", {}))

    @property
    def content(self) -> str:
        """One hash over all that is published, without the states of the outputs."""
        return str(self.manifest.get("content", ""))


def list_releases(curated: Path) -> list[Release]:
    """Every release in a data folder, by number."""
    root = curated / RELEASES
    found = [path for path in root.iterdir() if path.name.isdecimal() and path.is_dir()] if root.is_dir() else []
    return sorted((Release(int(path.name), path) for path in found), key=lambda release: release.number)


def find_release(curated: Path, number: int) -> Release:
    """The release of a number. Raises InputError where there is none."""
    releases = list_releases(curated)
    for release in releases:
        if release.number == number:
            return release
    numbers = ", ".join(str(release.number) for release in releases)
    raise InputError(
        "there is no such release", found=str(number),
        todo=f"there are {numbers}: digitrade release list." if numbers else "digitrade run makes the first.",
    )  # fmt: skip


def digest_content(files: Mapping[str, str]) -> str:
    """One hash over names and hashes; the states of outputs decide on no figure, and are left out."""
    told = [f"{name} {found}\n" for name, found in sorted(files.items()) if not name.startswith(f"{STATE}/")]
    return sha256("".join(told).encode()).hexdigest()


def hash_staged(staging: Path) -> dict[str, str]:
    """Name -> SHA-256 of every staged file that a publication consists of.

    What a staged state tells is not hashed again: it was hashed in this run, or is known to be as it was.
    """
    known: dict[str, str] = {}
    for state in (staging / STATE).rglob("*.json"):
        known |= json.loads(state.read_text(encoding="utf-8")).get("outputs", {})
    names = sorted(path.relative_to(staging) for path in staging.rglob("*") if path.is_file())
    told = ((path.as_posix(), staging / path) for path in names if path.parts[0] != SEEN)
    return {name: known.get(name) or hash_file(path) for name, path in told}


def make_release(
    curated: Path,
    staging: Path,
    files: Mapping[str, str],
    told: Mapping[str, Any],
    extras: Extras | None = None,
    *,
    above: int = 0,
) -> Release:
    """A release of the staged files: whole and on the disk when this returns, or not there at all.

    files: names and hashes of what is staged. told: what the manifest says besides. extras: gives, for the number and
    the content, name -> text of what only the release holds. above: the highest number that was ever given, so that
    none is given twice.
    """
    root = curated / RELEASES
    number = max([above, *(release.number for release in list_releases(curated))]) + 1
    making = root / f"{_MAKING}-{number}"
    content = digest_content(files)
    texts = extras(number, content) if extras else {}
    clear_unfinished(curated)
    try:
        for name in files:
            keep(staging / name, making / name)
        for name, text in texts.items():
            (making / name).parent.mkdir(parents=True, exist_ok=True)
            (making / name).write_text(text, encoding="utf-8")
        manifest = {"release": number, **told, "content": content, "files": dict(files)}
        manifest["extras"] = {name: hash_file(making / name) for name in texts}
        text = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        (making / MANIFEST).write_text(text, encoding="utf-8")
        written = [path for path in making.rglob("*") if path.is_file()]
        for path in written:
            if (
                path.stat().st_nlink < 4
            ):  # with four names (here, in curated, staged, in an earlier release) it was written before
                sync(path)
        sync_folders([*written, *(path / "any" for path in making.rglob("*") if path.is_dir())])
        making.rename(root / str(number))
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise
    sync(root)
    return Release(number, root / str(number))


def clear_unfinished(curated: Path) -> None:
    """Remove what a run that was killed left of a release in the making."""
    for left in (curated / RELEASES).glob(f"{_MAKING}-*"):
        shutil.rmtree(left, ignore_errors=True)


def mend_release(release: Release, staging: Path, files: Mapping[str, str]) -> list[str]:
    """Put back files of a release that are missing or were changed, from staged ones with the same hash.

    The names of those put back. Only what this run made anew is looked at: what was taken over has been judged already.
    """
    mended = []
    for name, expected in release.files.items():
        own, staged = release.folder / name, staging / name
        if files.get(name) != expected or is_same(own, staged):
            continue
        if not own.is_file() or hash_file(own) != expected:
            own.unlink(missing_ok=True)
            keep(staged, own)
            mended.append(name)
    return mended


def verify_release(release: Release) -> list[tuple[str, str]]:
    """(file, problem) of whatever is not as the manifest says: missing, changed, or not of this release."""
    expected = release.files | release.extras
    problems = []
    for name, told in sorted(expected.items()):
        path = release.folder / name
        if not path.is_file():
            problems.append((name, "missing"))
        elif hash_file(path) != told:
            problems.append((name, "changed"))
    found = {path.relative_to(release.folder).as_posix() for path in release.folder.rglob("*") if path.is_file()}
    return problems + [(name, "unknown") for name in sorted(found - expected.keys() - {MANIFEST})]


def prune_releases(curated: Path, keep_most: int, published: int) -> list[int]:
    """Remove the oldest releases until so many are left; never the published one, nor one that is newer.

    The numbers of those removed. Each is renamed first, so that none is ever seen in part.
    """
    releases = list_releases(curated)
    surplus = [release for release in releases if release.number < published][: max(0, len(releases) - keep_most)]
    for release in surplus:
        gone = release.folder.with_name(f"{_MAKING}-gone-{release.number}")
        release.folder.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)
    return [release.number for release in surplus]
