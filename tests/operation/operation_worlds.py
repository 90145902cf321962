"""A data folder made by hand: an edition of two figures, and records of runs as they are kept."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from flows.cli import app


def call(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def land(data_dir: Path, dataset: str, vintage: str, *, published: str = "", accessed: str = "2026-01-02") -> Path:
    """An edition with one file and a complete card."""
    folder = data_dir / "raw" / dataset / vintage
    folder.mkdir(parents=True)
    content = b"year,exports\n2020,1\n2021,2\n"
    (folder / "t.csv").write_bytes(content)
    (folder / "card.toml").write_text(
        f'''dataset = "{dataset}"
vintage = "{vintage}"
source_family = "made_up"
[publisher_says]
publisher_zh = "某局"
publisher_en = "Some office"
title_zh = "表"
title_en = "Table"
edition = "1"
terms = "open"
published = "{published}"
[we_did]
accessed = "{accessed}"
transcription = "by hand"
[[files]]
name = "t.csv"
sha256 = "{hashlib.sha256(content).hexdigest()}"
bytes = {len(content)}
''',
        encoding="utf-8",
    )
    return folder


def tell_edition(dataset: str, state: str = "read", **more: Any) -> dict[str, Any]:
    told = {"dataset": dataset, "vintage": "1", "state": state, "observations": 10, "problem": ""}
    return told | {"reason": "unchanged", "quarantined": 0, "notices": []} | more


def keep_run(data_dir: Path, run_id: str, *, kind: str = "", **record: Any) -> None:
    """A record as a run keeps it: kind '' published, failed or ingest otherwise."""
    path = data_dir / "curated" / "runs" / kind / f"{run_id}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    told = {"run_id": run_id} | ({"kind": "ingest"} if kind == "ingest" else {}) | record
    path.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
