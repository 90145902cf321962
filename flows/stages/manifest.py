"""What a release says of itself: inputs with their hashes, code, outcomes of the rules, reports, citation; and
own/releases.toml, which says how many releases are kept and until when the next one is withheld."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from flows.stages.fingerprints import digest, hash_all_code, hash_bytes
from flows.stages.reading import Reading
from flows.stages.remembering import render_reports
from flows.store.disk import hash_file
from flows.store.editions import Found, find_editions
from flows.store.publishing import parse_time, publish, tell_time
from flows.store.workspace import Workspace
from transforms.codelists import load_codelist
from transforms.errors import InputError

FILE = "own/releases.toml"
KEEP = 24


@dataclass(frozen=True)
class ReleaseSettings:
    """keep: how many releases stay on the disk; embargo: when the next may be published ('' at once)."""

    keep: int = KEEP
    embargo: str = ""


def load_release_settings(data_dir: Path, *, keep: int | None = None, embargo: str = "") -> ReleaseSettings:
    """What own/releases.toml says, and what was said in the call, which counts more. Raises InputError."""
    path, told = data_dir / FILE, {}
    if path.is_file():
        try:
            told = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise InputError(f"the file is not TOML: {error}", file=FILE, todo="mend the line named.") from None
    if unknown := sorted(told.keys() - {"keep", "embargo"}):
        raise InputError("no such setting of releases", file=FILE, found=unknown[0], todo="there are keep and embargo.")
    most = told.get("keep", KEEP) if keep is None else keep
    if not isinstance(most, int) or isinstance(most, bool) or most < 1:
        raise InputError("keep is no number of releases", file=FILE, found=str(most), todo="write keep = 24.")
    until = embargo or told.get("embargo", "")
    until = until.isoformat() if isinstance(until, datetime) else str(until)
    if until:
        parse_time(until)
    return ReleaseSettings(most, until)


def publish_release(
    workspace: Workspace,
    readings: Sequence[Reading],
    run_id: str,
    settings: ReleaseSettings,
    *,
    mixed_sources: bool = False,
) -> dict[str, Any]:
    """Make a release of what is staged, and publish it where it may be; what publish (flows/store) returns."""
    told = describe_release(workspace, readings, mixed_sources=mixed_sources)
    reports = render_reports(workspace.staging, run_id)

    def make_extras(number: int, content: str) -> dict[str, str]:
        return reports | cite(workspace.data_dir, told, number, content)

    return publish(workspace, told, make_extras, embargo=settings.embargo)


def describe_release(
    workspace: Workspace, readings: Sequence[Reading], *, mixed_sources: bool = False
) -> dict[str, Any]:
    """The facts of a manifest. inputs_digest is over what people gave: editions, own files, options."""
    data_dir = workspace.data_dir
    inputs = [describe_edition(found) for found in find_editions(data_dir)]
    own = {
        path.relative_to(data_dir).as_posix(): hash_file(path)
        for path in sorted((data_dir / "own").rglob("*"))
        if path.is_file() and path != data_dir / FILE
    }
    options = {"mixed_sources": mixed_sources}
    states = {reading.name: reading.state for reading in readings}
    return {
        "made": tell_time().isoformat(timespec="seconds"),
        "code": {"digitrade": version("digitrade")} | hash_all_code(),
        "inputs": [edition | {"state": states.get(_name(edition), "blocked")} for edition in inputs],
        "own": own,
        "options": options,
        "inputs_digest": digest([inputs, own, options]),
        "rules": _count_rules(workspace.staging),
    }


def describe_edition(found: Found) -> dict[str, Any]:
    """An edition by its hashes: of the card as it lies there, and of the files as the card has them."""
    edition = found.edition
    told: dict[str, Any] = {"dataset": found.dataset, "vintage": found.vintage}
    if edition is None:
        return told | {"problem": str(found.problem)}
    card = (edition.folder / "card.toml").read_bytes()
    return told | {
        "card": hash_bytes(card),
        "files": {entry["name"]: entry["sha256"] for entry in edition.card["files"]},
    }


def _name(edition: dict[str, Any]) -> str:
    return f"{edition['dataset']}/{edition['vintage']}"


def _count_rules(made: Path) -> dict[str, Any]:
    """How many rules passed, failed, could not be judged, each on each edition; and which failed."""
    rows = pq.read_table(
        made / "validation" / "validation_records.parquet", columns=["rule_id", "dataset", "vintage", "outcome"]
    ).to_pylist()
    failed = [f"{row['rule_id']} {row['dataset']}/{row['vintage']}" for row in rows if row["outcome"] == "fail"]
    return {"counts": dict(Counter(row["outcome"] for row in rows)), "failed": sorted(failed)}


def cite(data_dir: Path, told: dict[str, Any], number: int, content: str) -> dict[str, str]:
    """CITATION_en.txt and CITATION_zh.txt: how the release and the publications behind it are cited."""
    editions = [found.edition for found in find_editions(data_dir) if found.edition]
    words = load_codelist("words")
    facts = {"number": number, "version": told["code"]["digitrade"], "day": told["made"][:10], "content": content[:16]}
    texts = {}
    for lang in ("en", "zh"):
        sources = [
            words.label("RELEASE.source", lang).format(
                publisher=edition.card["publisher_says"][f"publisher_{lang}"],
                title=edition.card["publisher_says"][f"title_{lang}"],
                edition=edition.card["publisher_says"]["edition"],
                name=edition.name,
            )
            for edition in editions
        ]
        texts[f"CITATION_{lang}.txt"] = "\n".join([words.label("RELEASE.citation", lang).format(**facts), *sources, ""])
    return texts
