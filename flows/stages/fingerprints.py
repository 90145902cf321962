"""What an output was made from, as hashes, and whether that is still so: the reason for every rebuild.

A state (curated/state) is published together with the outputs that it speaks of: the hash of every input, the hash of
every output, and the outcomes of the rules. It holds no clock, so that a run that takes everything over and a forced
run write the same bytes. What this machine saw of a file - size, time, inode - lies apart (curated/seen): a file on
which all three are unchanged is not hashed again.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from expectations.run import Outcome
from flows.store.disk import hash_file
from flows.store.workspace import Workspace
from transforms.errors import InputError

Fingerprint = dict[str, dict[str, str]]  # kind of input -> its name -> hash
State = dict[str, Any]

UNCHANGED = "unchanged"
FORCED = "forced"
EVERYTHING = "*"  # in the names of what is to be rebuilt: all of it
# What a difference of one kind is called. The first kind that differs gives the reason.
_WORDS = {
    "files": "file changed: {}",
    "card": "card changed",
    "editions": "edition changed: {}",
    "layouts": "layout changed: {}",
    "corrections": "correction changed: {}",
    "codelists": "code lists changed: {}",
    "options": "option changed: {}",
    "specifications": "table changed: {}",
    "figures": "printed figures changed",
    "results": "results changed",
    "audit": "findings of the audit changed",
    "datasets": "state of an edition changed: {}",
    "rules": "outcomes of the rules changed",
    "own_rules": "settings of the rules changed: {}",
    "software": "software changed",
}
# The same where nothing is there any more.
_GONE = {"editions": "edition removed: {}", "corrections": "correction taken out: {}"}
# What decides on the bytes of the outputs besides our own code.
_LIBRARIES = ("duckdb", "pyarrow", "pandas", "great-expectations", "openpyxl", "xlrd", "python-calamine", "sdmx1",
              "xlsxwriter", "highspy")  # fmt: skip
# Parts of the package transforms with a hash of their own.
_APART = {
    "codelists",
    "layouts",
    "indicators",
    "export",
    "tables",
    "drafting",
    "macros",
    "trace",
    "revisions",
    "audit",
    "prose",
}
# A file changed this shortly before it was looked at may change again without its time changing.
_SETTLED_NS = 2_000_000_000
_SHARED = re.compile(r"^\s*extends\s*=", re.MULTILINE)


def hash_bytes(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def digest(value: Any) -> str:
    """One hash for a value that JSON can hold."""
    return hash_bytes(json.dumps(value, ensure_ascii=False, sort_keys=True).encode())


def _walk(folder: Any, shown: str) -> Iterator[tuple[str, bytes]]:
    """Name and content of every file under a folder, hidden ones and compiled code aside."""
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        if path.name.startswith(".") or path.name == "__pycache__" or (shown == "transforms" and path.name in _APART):
            continue
        if path.is_dir():
            yield from _walk(path, f"{shown}/{path.name}")
        else:
            yield f"{shown}/{path.name}", path.read_bytes()


def _hash_folder(folder: Any, shown: str) -> dict[str, str]:
    return {name: hash_bytes(content) for name, content in _walk(folder, shown)} if folder.is_dir() else {}


@cache
def _hash_code(*parts: str) -> dict[str, str]:
    """One hash for the code of these folders ('package' or 'package/folder') without their subfolders of data."""
    found = {name: version(name) for name in _LIBRARIES}
    for part in parts:
        package, _, rest = part.partition("/")
        found |= dict(_hash_folder(files(package).joinpath(rest) if rest else files(package), part))
    return {"software": digest(found)}


_READING = ("transforms", "expectations", "flows/stages", "flows/store")


def hash_reading_code() -> dict[str, str]:
    """The code that reads and judges an edition."""
    return _hash_code(*_READING)


def hash_computing_code() -> dict[str, str]:
    """The same, with the code, the SELECTs and the cards of the indicators."""
    return _hash_code(*_READING, "transforms/indicators")


def hash_audit_code() -> dict[str, str]:
    """The code of the audit, with what it reads figures by."""
    return _hash_code(*_READING, "transforms/audit")


def hash_all_code() -> dict[str, str]:
    """The same, with the macros of the database and the code that writes tables for authors."""
    return _hash_code(
        *_READING,
        "transforms/indicators",
        "transforms/macros",
        "transforms/export",
        "transforms/tables",
        "transforms/revisions",
        "transforms/trace",
    )


def hash_codelists(data_dir: Path) -> dict[str, str]:
    """Every code list, bundled and own."""
    bundled = _hash_folder(files("transforms").joinpath("codelists"), "transforms/codelists")
    own = _hash_folder(data_dir / "own" / "codelists", "own/codelists")
    return {name.removeprefix("transforms/codelists/"): found for name, found in bundled.items()} | own


def hash_specifications(data_dir: Path) -> dict[str, str]:
    """The tables for authors, bundled and own."""
    bundled = _hash_folder(files("transforms").joinpath("tables"), "transforms/tables")
    return bundled | _hash_folder(data_dir / "own" / "tables", "own/tables")


def hash_layouts(data_dir: Path, dataset: str) -> dict[str, str]:
    """The layouts of a dataset and the maps beside them; the shared layouts too where one of them builds on these."""
    bundled, own = files("transforms").joinpath("layouts"), data_dir / "own" / "layouts" / dataset
    texts = dict(_walk(bundled.joinpath(dataset), f"transforms/layouts/{dataset}")
                 if bundled.joinpath(dataset).is_dir() else ())  # fmt: skip
    texts |= dict(_walk(own, f"own/layouts/{dataset}") if own.is_dir() else ())
    if any(_SHARED.search(text.decode("utf-8", "replace")) for text in texts.values()):
        texts |= {
            f"transforms/layouts/{path.name}": path.read_bytes()
            for path in bundled.iterdir()
            if path.name.startswith("_") and path.name.endswith(".toml")
        }
    return {name: hash_bytes(texts[name]) for name in sorted(texts)}


# --- what this machine saw --------------------------------------------------------------------------------------------

Seen = dict[str, list[int]]  # name -> size, time of change in nanoseconds, inode


def look_at(path: Path) -> list[int]:
    found = path.stat()
    return [found.st_size, found.st_mtime_ns, found.st_ino]


def look_into(folder: Path) -> Seen:
    """Every file of a folder, the names of folders in it with nothing said; empty where there is no folder."""
    if not folder.is_dir():
        return {}
    return {path.name: look_at(path) if path.is_file() else [] for path in sorted(folder.iterdir())}


def is_settled(seen: Seen) -> bool:
    """Whether a later change of any of the files would show in its time."""
    return all(told and time.time_ns() - told[1] > _SETTLED_NS for told in seen.values())


def load_json(path: Path) -> dict[str, Any]:
    """A file that an earlier run wrote; {} where there is none, or none that can be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")


# --- states -----------------------------------------------------------------------------------------------------------


def stage_state(
    workspace: Workspace,
    path: Path,
    seen_path: Path,
    fingerprint: Fingerprint,
    outputs: list[Path],
    *,
    outcomes: list[Outcome] | None = None,
    facts: Mapping[str, Any] | None = None,
    raw: Seen | None = None,
) -> None:
    """Write the state of staged outputs, and what was seen of them and of the raw files behind them."""
    names = {str(output.relative_to(workspace.staging)): output for output in sorted(outputs)}
    state = {
        "fingerprint": fingerprint,
        "facts": dict(facts or {}),
        "outcomes": [asdict(outcome) for outcome in outcomes or ()],
        "outputs": {name: hash_file(output) for name, output in names.items()},
    }
    write_json(path, state)
    stage_seen(workspace, seen_path, state, raw)


def stage_seen(workspace: Workspace, path: Path, state: State, raw: Seen | None = None) -> None:
    """Write what is seen now of the raw files and of the staged outputs of a state."""
    outputs = {name: look_at(workspace.staging / name) for name in state["outputs"]}
    write_json(path, {"raw": raw or {}, "outputs": outputs})


def load_outcomes(state: State) -> list[Outcome]:
    lists = ("examples", "reasons", "waivers")
    return [Outcome(**(told | {name: tuple(told[name]) for name in lists})) for told in state["outcomes"]]


def find_reason(
    workspace: Workspace, state: State, seen: Mapping[str, Any], fingerprint: Fingerprint, *, forced: bool = False
) -> str:
    """Why the outputs of a state must be made again; UNCHANGED where they need not. state: {} where there is none."""
    if forced:
        return FORCED
    if not state.get("fingerprint") or not isinstance(state.get("outputs"), dict):
        return "first run"
    for kind, words in _WORDS.items():
        before, now = state["fingerprint"].get(kind, {}), fingerprint.get(kind, {})
        gone = sorted(before.keys() - now.keys()) if kind in _GONE else []
        changed = sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
        told = {words: [name for name in changed if name not in gone], _GONE.get(kind, ""): gone}
        if changed:
            return "; ".join(said.format(_shorten(names)) for said, names in told.items() if names)
    return _find_changed_output(workspace, state["outputs"], seen.get("outputs", {}))


def _shorten(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (" ..." if len(names) > 3 else "")


def _find_changed_output(workspace: Workspace, outputs: Mapping[str, str], seen: Mapping[str, Any]) -> str:
    for name, expected in outputs.items():
        path = workspace.curated / name
        if not path.is_file():
            return f"output missing: {name}"
        if seen.get(name) != look_at(path) and hash_file(path) != expected:
            return f"output changed: {name}"
    return UNCHANGED


def take_over_outputs(workspace: Workspace, state: State) -> None:
    for name in state["outputs"]:
        workspace.take_over(workspace.curated / name)


def is_forced(force: Sequence[str], dataset: str) -> bool:
    return EVERYTHING in force or dataset in force


def refuse_unknown_force(force: Sequence[str], datasets: Sequence[str]) -> None:
    """Raises InputError where a dataset that is to be rebuilt does not exist."""
    if unknown := sorted(set(force) - {EVERYTHING, *datasets}):
        raise InputError(
            "no such dataset to rebuild", found=unknown[0], todo=f"use one of {', '.join(dict.fromkeys(datasets))}."
        )
