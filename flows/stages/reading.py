"""Read an edition into staged Parquet, or take its publication over; a fault blocks this edition alone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePath
from typing import Any

import pyarrow as pa

from expectations import run as rules
from expectations.catalogue import load_rules
from expectations.settings import FILE as RULES_FILE
from flows.stages.fingerprints import (
    UNCHANGED,
    Fingerprint,
    Seen,
    digest,
    find_reason,
    hash_bytes,
    hash_codelists,
    hash_layouts,
    hash_reading_code,
    is_settled,
    load_json,
    look_into,
    stage_seen,
    take_over_outputs,
    write_json,
)
from flows.stages.parquet import BESIDE, MEMORY_LIMIT, count_observations, fits_contract, list_parts, write_parquet
from flows.stages.settling import load_settings
from flows.stages.troubles import say_fault
from flows.store.editions import (
    Edition,
    find_editions,
    find_layout,
    find_layouts,
    read_card,
    verify_files,
)
from flows.store.workspace import EDITION_FOLDERS, Workspace
from transforms.bulk import read_bulk
from transforms.codelists import use_own_codelists
from transforms.contract import load_contract
from transforms.corrections import (
    FILE,
    Correction,
    apply_corrections,
    parse_corrections,
    refuse_unknown_editions,
)
from transforms.errors import InputError
from transforms.grid import Book, read_book
from transforms.layout import Layout
from transforms.observe import Readout, read_book_observations
from transforms.sdmx_messages import read_message, to_grid

ROLES = ("data", "documentation")
_RULES_OF_READING = tuple(rule.id for rule in load_rules().values() if rule.about == "reading")
_MESSAGES = (".xml", ".json")


@dataclass(frozen=True)
class Reading:
    """How the reading of one edition ended. state: read, kept (blocked; the last good reading stays) or blocked.

    reason: why it was read again, or that nothing has changed. quarantined: rows and cells set aside, with their
    reasons. notices: what a person should know of the files.
    """

    dataset: str
    vintage: str
    state: str
    observations: int
    problem: str = ""
    reason: str = ""
    quarantined: int = 0
    notices: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.dataset}/{self.vintage}"

    @property
    def is_fresh(self) -> bool:
        """Whether it was read in this run."""
        return self.state == "read" and self.reason != UNCHANGED


def use_codelists(data_dir: Path) -> None:
    """Put the user's own rows (data/own/codelists/<list>.csv) beside the bundled code lists, for the whole run."""
    texts = {}
    for path in sorted((data_dir / "own" / "codelists").glob("*.csv")):
        try:
            texts[path.stem] = path.read_text(encoding="utf-8-sig")
        except (UnicodeDecodeError, OSError) as error:
            raise InputError(
                f"the code list cannot be read: {error}", file=f"own/codelists/{path.name}", todo="save it as UTF-8."
            ) from None
    use_own_codelists(texts)


def list_editions(data_dir: Path) -> list[tuple[str, str]]:
    """(dataset, vintage) of every edition folder under data/raw, sound or not. Raises InputError when there is none."""
    editions = [(found.dataset, found.vintage) for found in find_editions(data_dir)]
    if not editions:
        raise InputError("there are no editions", file=str(data_dir / "raw"), todo="choose another --data-dir.")
    return editions


def load_corrections(data_dir: Path) -> tuple[Correction, ...]:
    """The entries of own/corrections.toml; none where there is no such file. Raises InputError."""
    path = data_dir / "own" / "corrections.toml"
    if not path.is_file():
        return ()
    try:
        return parse_corrections(path.read_text(encoding="utf-8-sig"))
    except (UnicodeDecodeError, OSError) as error:
        raise InputError(f"the file cannot be read: {error}", file=FILE, todo="save it as UTF-8.") from None


def check_corrections(data_dir: Path, editions: Sequence[tuple[str, str]]) -> None:
    """Raises InputError for a fault in own/corrections.toml that can be seen before anything is read."""
    refuse_unknown_editions(load_corrections(data_dir), editions)


def _choose_corrections(data_dir: Path, edition: Edition) -> list[Correction]:
    """The entries that concern an edition."""
    return [entry for entry in load_corrections(data_dir) if entry.concerns(edition.dataset, edition.vintage)]


def read_edition(workspace: Workspace, dataset: str, vintage: str, force: bool = False) -> Reading:
    """Read one edition into staged Parquet, or take over what an earlier run published if nothing has changed.

    A fault in it, of ours too, blocks this edition alone and is returned, not raised; only a disk that refuses to be
    written to is raised.
    """
    clear_staged(workspace, dataset, vintage)
    folder = workspace.data_dir / "raw" / dataset / vintage
    try:
        with say_fault(f"{dataset}/{vintage}", folder):
            edition = read_card(folder)
            fingerprint, raw = take_fingerprint(workspace, edition, recheck=force)
            reason = _find_reason(workspace, edition, fingerprint, force)
            if reason == UNCHANGED:
                return _take_over(workspace, dataset, vintage, raw)
            facts = _read_into_staging(workspace, edition)
    except InputError as problem:
        return keep_last_good(workspace, dataset, vintage, str(problem))
    write_json(state_of(workspace, dataset, vintage), {"fingerprint": fingerprint, "facts": facts})
    write_json(seen_of(workspace, dataset, vintage), {"raw": raw})
    return _as_reading(dataset, vintage, "read", facts, reason=reason)


def _as_reading(
    dataset: str, vintage: str, state: str, facts: dict[str, Any], *, reason: str = "", problem: str = ""
) -> Reading:
    return Reading(
        dataset, vintage, state, facts["observations"], problem, reason, facts.get("quarantined", 0),
        tuple(facts.get("notices", ())),
    )  # fmt: skip


def state_of(workspace: Workspace, dataset: str, vintage: str, *, published: bool = False) -> Path:
    return workspace.folder_of("state", dataset, vintage, published=published) / "state.json"


def seen_of(workspace: Workspace, dataset: str, vintage: str, *, published: bool = False) -> Path:
    return workspace.folder_of("seen", dataset, vintage, published=published) / "seen.json"


def take_fingerprint(workspace: Workspace, edition: Edition, *, recheck: bool = False) -> tuple[Fingerprint, Seen]:
    """Everything that the reading of an edition rests on, and what was seen of its files. Raises InputError.

    The files are held against the card, unless all of the folder is as an earlier run saw it (recheck: even then).
    """
    now = look_into(edition.folder)
    before = load_json(seen_of(workspace, edition.dataset, edition.vintage, published=True)).get("raw")
    if recheck or not before or before != now:
        verify_files(edition)
    fingerprint = {
        "card": {"card.toml": hash_bytes((edition.folder / "card.toml").read_bytes())},
        "files": {entry["name"]: entry["sha256"].lower() for entry in edition.card["files"]},
        "layouts": hash_layouts(workspace.data_dir, edition.dataset),
        "codelists": hash_codelists(workspace.data_dir),
        "software": hash_reading_code(),
    }
    settled = load_settings(workspace.data_dir).describe(_RULES_OF_READING, edition.dataset)
    if any(settled.values()):
        fingerprint["own_rules"] = {RULES_FILE: digest(settled)}
    if entries := _choose_corrections(workspace.data_dir, edition):
        fingerprint["corrections"] = {entry.name: digest(asdict(entry)) for entry in entries}
    return fingerprint, now if is_settled(now) else {}


def _find_reason(workspace: Workspace, edition: Edition, fingerprint: Fingerprint, force: bool) -> str:
    key = edition.dataset, edition.vintage
    state = load_json(state_of(workspace, *key, published=True))
    seen = load_json(seen_of(workspace, *key, published=True))
    reason = find_reason(workspace, state, seen, fingerprint, forced=force)
    if reason == "first run" and any((workspace.curated / "state").glob("dataset=*/vintage=*/state.json")):
        return "new edition"
    return reason


def find_reading_reason(workspace: Workspace, edition: Edition, *, force: bool = False) -> str:
    """Why an edition would be read; UNCHANGED where its publication would be taken over. Raises InputError."""
    fingerprint, _ = take_fingerprint(workspace, edition, recheck=force)
    return _find_reason(workspace, edition, fingerprint, force)


def _take_over(workspace: Workspace, dataset: str, vintage: str, raw: Seen) -> Reading:
    published = state_of(workspace, dataset, vintage, published=True)
    state = load_json(published)
    take_over_outputs(workspace, state)
    workspace.take_over(published)
    stage_seen(workspace, seen_of(workspace, dataset, vintage), state, raw)
    return _as_reading(dataset, vintage, "read", state["facts"], reason=UNCHANGED)


def clear_staged(workspace: Workspace, dataset: str, vintage: str) -> None:
    """Remove what this run has staged of an edition: nothing half-written is left, and a step can be repeated."""
    for kind in (*EDITION_FOLDERS, "state", "seen"):
        shutil.rmtree(workspace.folder_of(kind, dataset, vintage), ignore_errors=True)


def keep_last_good(workspace: Workspace, dataset: str, vintage: str, problem: str) -> Reading:
    """Block an edition; if an earlier run published a good reading of it, that one stays, with what belongs to it."""
    clear_staged(workspace, dataset, vintage)
    published = workspace.folder_of("observations", dataset, vintage, published=True)
    if not vintage or not published.is_dir() or not fits_contract(published):
        return Reading(dataset, vintage, "blocked", 0, problem)
    for kind in (*EDITION_FOLDERS, "state", "seen"):
        folder = workspace.folder_of(kind, dataset, vintage, published=True)
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                workspace.take_over(path)
    facts = load_json(state_of(workspace, dataset, vintage)).get("facts")
    return _as_reading(
        dataset, vintage, "kept", facts or {"observations": count_observations(published)}, problem=problem
    )


# --- files ------------------------------------------------------------------------------------------------------------


def _list_tables(edition: Edition, data_dir: Path) -> Iterator[tuple[Path, Layout]]:
    """The files of an edition that hold figures, in the order of the card, with their layouts. Raises InputError."""
    layouts = find_layouts(edition.dataset, data_dir)
    for entry in edition.card["files"]:
        name, role = entry["name"], entry.get("role", "data")
        if role not in ROLES:
            raise InputError(
                f"unknown role of the file {name}",
                file=f"{edition.name}/card.toml",
                found=role,
                todo=f"use one of {', '.join(ROLES)}.",
            )
        if role == "documentation":
            continue
        layout = find_layout(layouts, name)
        if layout is None:
            raise InputError(
                "no layout for this file",
                file=f"{edition.name}/{name}",
                todo=f"write one: own/layouts/{edition.dataset}/<table>.toml (docs/layouts.md). A file without "
                'figures has role = "documentation" in the card.',
            )
        yield edition.folder / name, layout


def _read_table(path: Path, layout: Layout, edition: Edition) -> Readout:
    """One file that is no bulk file: a workbook, a text table, or an SDMX message."""
    try:
        content = path.read_bytes()
    except OSError as error:
        problem = f"the file cannot be read: {error.strerror}"
        raise InputError(problem, file=path.name, todo="mend its rights.") from None
    book = read_book_of(content, path.name, layout)
    return read_book_observations(book, layout, edition.dataset, edition.vintage)


def read_table_of(path: Path, edition: Edition, data_dir: Path) -> pa.Table:
    """The observations of one file of an edition, which is no bulk file, as its layout reads it. Raises InputError."""
    layout = find_layout(find_layouts(edition.dataset, data_dir), path.name)
    if layout is None:
        raise InputError("no layout for this file", file=f"{edition.name}/{path.name}", todo="write one.")
    return _read_table(path, layout, edition).observations


def is_message(name: str) -> bool:
    """Whether a file of that name is read as an SDMX message: SDMX-ML or SDMX-JSON (SDMX-CSV is a table)."""
    return PurePath(name).suffix.lower() in _MESSAGES


def read_book_of(content: bytes, name: str, layout: Layout) -> Book:
    """The grids of a workbook, a text table or an SDMX message. Raises InputError."""
    if is_message(name):
        message = read_message(content, name)
        return Book(name, (to_grid(message),), message.notices)
    return read_book(content, name, encoding=layout.encoding, delimiter=layout.delimiter)


def observe_edition(edition: Edition, data_dir: Path) -> pa.Table:
    """All observations of an edition without bulk files, in the order of the files of its card. Raises InputError."""
    verify_files(edition)
    tables = [_read_table(path, layout, edition).observations for path, layout in _list_tables(edition, data_dir)]
    return _join("observations", tables)


def _join(contract: str, tables: list[pa.Table]) -> pa.Table:
    schema = load_contract(contract).arrow_schema()
    return pa.concat_tables(tables) if tables else schema.empty_table()


def _keep_first(table: pa.Table, key: list[str]) -> pa.Table:
    """One row for each key: two tables may use one local code."""
    if not key:
        return table
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in table.to_pylist():
        rows.setdefault(tuple(row[name] for name in key), row)
    return pa.Table.from_pylist(list(rows.values()), schema=table.schema)


def _correct(figures: pa.Table, entries: list[Correction], *, has_bulk: bool) -> tuple[pa.Table, pa.Table]:
    """apply_corrections; where an entry finds nothing beside bulk files it is said that theirs cannot be corrected."""
    try:
        return apply_corrections(figures, entries)
    except InputError as problem:
        if not has_bulk:
            raise
        more = "Figures of bulk files cannot be corrected: land a smaller file that a layout without bulk reads."
        raise InputError(
            problem.problem, file=problem.file, found=problem.found, todo=problem.todo, more=more
        ) from None


def _read_into_staging(workspace: Workspace, edition: Edition) -> dict[str, Any]:
    """Read every file of an edition; what a summary says of it. Raises InputError, leaving nothing staged."""
    key = edition.dataset, edition.vintage
    readouts: list[Readout] = []
    found: dict[str, list[pa.Table]] = {kind: [] for kind in BESIDE}
    notices: list[str] = []
    count, has_bulk = 0, False
    for path, layout in _list_tables(edition, workspace.data_dir):
        where = f"{edition.name}/{path.name}"
        if layout.bulk:
            has_bulk = True
            folder = workspace.folder_of("observations", *key)
            target, scratch = folder / f"part={len(list_parts(folder)) + 1}", workspace.make_scratch()
            with say_fault(where, edition.folder):
                bulk = read_bulk(path, layout, *key, target, scratch=scratch, memory_limit=MEMORY_LIMIT)
            count += bulk.observations
            found["quarantine"].append(bulk.quarantine)
            notices += bulk.notices
            continue
        with say_fault(where, edition.folder):
            readout = _read_table(path, layout, edition)
        readouts.append(readout)
        count += readout.observations.num_rows
        notices += readout.notices
        if readout.quarantine.num_rows:
            notices.append(f"{path.name}: {readout.quarantine.num_rows} rows or cells are quarantined")
        for kind, table in (("labels", readout.labels), ("quarantine", readout.quarantine), ("texts", readout.texts)):
            found[kind].append(table)
    figures = _join("observations", [readout.observations for readout in readouts])
    figures, applied = _correct(figures, _choose_corrections(workspace.data_dir, edition), has_bulk=has_bulk)
    found["corrections"].append(applied)
    if applied.num_rows:
        notices.append(f"{applied.num_rows} figure(s) corrected, blanked or flagged by {FILE}")
    if readouts or not count:
        write_parquet(figures, workspace.observations_of(*key))
    quarantined = 0
    for kind, (contract, name) in BESIDE.items():
        table = _keep_first(_join(contract, found[kind]), load_contract(contract).key if kind == "labels" else [])
        if kind == "quarantine":
            quarantined = table.num_rows
        if table.num_rows:
            write_parquet(table, workspace.folder_of(kind, *key) / name)
    if count > rules.LARGE:
        notices.append(
            f"{count} observations: the database names them in all_observations; core_levels and core_indicators have "
            "totals and chief indicators of them all, the whole catalogue takes the rows with the world as partner and "
            "an item that a definition, a reference or all services need."
        )
    return {"observations": count, "quarantined": quarantined, "notices": list(dict.fromkeys(notices))}
