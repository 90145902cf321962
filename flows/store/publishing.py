"""Publication: what a run has staged becomes a release, and the release the published one - or waits until it may."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flows.store.disk import move, sync_folders
from flows.store.mirror import (
    bring_in_line,
    drop_empty,
    find_current,
    forget_seen,
    load_pointer,
    switch,
    write_pointer,
)
from flows.store.names import DATABASE, FOLDERS, REVISION_REPORT, SEEN, STATE
from flows.store.releases import (
    RELEASES,
    Extras,
    Release,
    digest_content,
    hash_staged,
    list_releases,
    make_release,
    mend_release,
    verify_release,
)
from flows.store.workspace import Workspace
from transforms.errors import InputError

MOST_HISTORY = 1000  # publications that are remembered


def publish(
    workspace: Workspace,
    told: Mapping[str, Any] | None = None,
    extras: Extras | None = None,
    *,
    embargo: str = "",
) -> dict[str, Any]:
    """Make a release of what is staged and publish it, all or nothing; the call can be repeated after a failure.

    told and extras: what the manifest says, and the texts that the release holds, besides (releases.py). embargo: the
    time before which it is made and not published (ISO 8601 with its offset from UTC); '' takes what was said of the
    same release before. Returns release (the number) and state: 'published'; 'unchanged', where the published release
    has the same content; 'embargoed', with until; 'withdrawn', with the number that is published, where a rollback took
    this back and no input has changed since.
    """
    curated, staging = workspace.curated, workspace.staging
    _refuse_incomplete(workspace)
    if workspace.lock:
        workspace.lock.check()
    files = hash_staged(staging)
    current, pointer = find_current(curated), load_pointer(curated)
    if current and current.content == digest_content(files):
        mend_release(current, staging, files)
        _renew_states(workspace, current)
        return {"release": current.number, "state": "unchanged"}
    release = _find_made(curated, pointer["release"], digest_content(files))
    if release:
        mend_release(release, staging, files)
    else:
        release = make_release(curated, staging, files, told or {}, extras, above=_find_highest(pointer))
    if withheld := withhold(curated, pointer, release, embargo):
        return {"release": release.number} | withheld
    switch(curated, release, point_at(pointer, release, "run"))
    _put_seen(workspace)
    return {"release": release.number, "state": "published"}


def find_made(curated: Path, told: Mapping[str, Any]) -> Path:
    """The folder of what a run made, from what publish told: it may be withheld."""
    return curated if told["state"] in ("published", "unchanged") else curated / RELEASES / str(told["release"])


def point_at(pointer: Mapping[str, Any], release: Release, why: str, **more: Any) -> dict[str, Any]:
    """The pointer on a release; what it says of a rollback ends with it."""
    entry = {"release": release.number, "at": tell_time().isoformat(timespec="seconds"), "why": why}
    held = {number: until for number, until in pointer["held"].items() if int(number) > release.number}
    return {
        "release": release.number,
        "highest": max(_find_highest(pointer), release.number),
        "held": held,
        "history": [*pointer["history"], entry][-MOST_HISTORY:],
    } | more


def withhold(curated: Path, pointer: dict[str, Any], release: Release, embargo: str) -> dict[str, str]:
    """Why a release is not published now, remembered beside the pointer; {} where it may be."""
    until = embargo or pointer["held"].get(str(release.number), "")
    if until and parse_time(until) > tell_time():
        if pointer["held"].get(str(release.number)) != until:
            write_pointer(curated, pointer | {"held": pointer["held"] | {str(release.number): until}})
        return {"state": "embargoed", "until": until}
    rollback = pointer.get("rollback")
    if rollback and rollback["inputs"] == release.manifest.get("inputs_digest", ""):
        return {"state": "withdrawn", "published": str(pointer["release"])}
    return {}


def parse_time(text: str) -> datetime:
    """A time with its offset from UTC. Raises InputError, since a time without one is another in every place."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise InputError(
            "not a time with its offset from UTC", found=text, todo="write it like 2027-01-15T09:00+08:00."
        )
    return found


def tell_time() -> datetime:
    return datetime.now(UTC)


def _refuse_incomplete(workspace: Workspace) -> None:
    if not (workspace.staging / DATABASE).is_file():
        raise InputError("nothing to publish: the run has staged no database", file=str(workspace.staging))
    for dataset, old, new in workspace.list_revised():
        report = workspace.folder_of("revisions", dataset, new) / REVISION_REPORT
        if not report.is_file():
            raise InputError(
                f"nothing is published: there is no report on what {dataset}/{new} revises of {old}",
                file=str(report.relative_to(workspace.staging)),
                todo="run again; if it stays so, report it: this is a fault of the software.",
            )


def _find_made(curated: Path, published: int, content: str) -> Release | None:
    """The last release, where it has this content and waits to be published: under embargo, or its run was killed."""
    last = list_releases(curated)[-1:]
    return last[0] if last and last[0].number > published and last[0].content == content else None


def _find_highest(pointer: Mapping[str, Any]) -> int:
    return max(int(pointer.get("highest", 0)), int(pointer["release"]))


def _renew_states(workspace: Workspace, current: Release) -> None:
    """The published figures stay; what they rest on, and what this machine saw, is told anew."""
    curated, staging = workspace.curated, workspace.staging
    names = [name for name in current.files if not name.startswith(f"{STATE}/")]
    states = sorted(path.relative_to(staging) for path in (staging / STATE).rglob("*") if path.is_file())
    forget_seen(curated)
    bring_in_line(curated, current, names, [folder for folder in FOLDERS if folder != STATE])
    for path in sorted((curated / STATE).rglob("*")):
        if path.is_file() and path.relative_to(curated) not in states:
            path.unlink()
    for path in states:
        move(staging / path, curated / path)
    sync_folders(curated / path for path in states)
    drop_empty(curated, [STATE])
    _put_seen(workspace)


def _put_seen(workspace: Workspace) -> None:
    if (workspace.staging / SEEN).is_dir():
        (workspace.staging / SEEN).rename(workspace.curated / SEEN)


def roll_back(curated: Path, release: Release) -> None:
    """Publish an earlier release as a whole; later ones of the same inputs are withheld. For who holds the lock."""
    refuse_unsound(release)
    pointer, latest = load_pointer(curated), list_releases(curated)[-1]
    rollback = {"from": pointer["release"], "inputs": latest.manifest.get("inputs_digest", "")}
    switch(curated, release, point_at(pointer, release, "rollback", rollback=rollback))


def publish_made(curated: Path, number: int | None, *, now: bool = False) -> Release | None:
    """Publish a release that was made and withheld: the one named, or the last whose embargo has ended; None where
    there is none. now: in spite of an embargo. For who holds the lock."""
    pointer = load_pointer(curated)
    if number is not None and number < pointer["release"]:
        raise InputError(
            f"release {number} is older than the published one, which the next run would publish again",
            todo=f"digitrade release rollback {number}.",
        )
    waiting = [
        release
        for release in list_releases(curated)
        if release.number == number or (number is None and str(release.number) in pointer["held"])
    ]
    if number is not None and not waiting:
        raise InputError("there is no such release", found=str(number), todo="digitrade release list shows them.")
    ready = [release for release in waiting if now or not is_held(pointer, release)]
    if not ready:
        if number is not None:
            raise InputError(
                f"release {number} is withheld until {pointer['held'][str(number)]}",
                todo="wait, or publish it all the same with --now.",
            )
        return None
    refuse_unsound(ready[-1])
    switch(curated, ready[-1], point_at(pointer, ready[-1], "published"))
    return ready[-1]


def is_held(pointer: Mapping[str, Any], release: Release) -> bool:
    until = pointer["held"].get(str(release.number), "")
    return bool(until) and parse_time(until) > tell_time()


def refuse_unsound(release: Release) -> None:
    if problems := verify_release(release):
        raise InputError(
            f"release {release.number} is not as its manifest says, and is not published",
            file=problems[0][0], found=problems[0][1],
            todo=f"see digitrade release verify {release.number}; put the file back, or choose another release.",
        )  # fmt: skip
