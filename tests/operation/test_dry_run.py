"""digitrade run --dry-run: what it foretells is what the run then does, and it writes nothing; a run goes on where
another stopped."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from operation_worlds import call, land

from flows import pipeline
from flows.stages.foreseeing import foresee

ALL = ("results", "rules", "audit", "release")


def hash_all(folder: Path) -> dict[str, str]:
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


def tell(rows: list[dict[str, str]]) -> dict[str, tuple[str, str]]:
    return {row["edition"] or row["step"]: (row["would"], row["reason"]) for row in rows}


@pytest.fixture
def data_dir(tmp_path: Path, plain_layout: str) -> Path:
    for name in ("one", "two"):
        land(tmp_path, name, "2026-01-01")
        folder = tmp_path / "own" / "layouts" / name
        folder.mkdir(parents=True)
        folder.joinpath("t.toml").write_text(plain_layout, encoding="utf-8")
        set_table(tmp_path, name, "年份,出口,进口\n2019,10.1,20.2\n2020,15.4,22.3\n")
    return tmp_path


def set_table(data_dir: Path, dataset: str, text: str) -> None:
    """Put other bytes into an edition, and vouch for them."""
    folder = data_dir / "raw" / dataset / "2026-01-01"
    card, old, new = folder / "card.toml", (folder / "t.csv").read_bytes(), text.encode()
    (folder / "t.csv").write_bytes(new)
    changed = card.read_text().replace(hashlib.sha256(old).hexdigest(), hashlib.sha256(new).hexdigest())
    card.write_text(changed.replace(f"bytes = {len(old)}", f"bytes = {len(new)}"))


def run(data_dir: Path) -> dict[str, Any]:
    return pipeline.run_stages(data_dir, pipeline.STEPS)


def test_before_the_first_run_everything_would_be_done_and_nothing_is_written(data_dir: Path) -> None:
    before = hash_all(data_dir)
    told = tell(foresee(data_dir))
    assert told["one/2026-01-01"] == ("read", "first run") and told["codelists"][0] == "make"
    assert all(told[name][0] == "make" for name in ALL)
    assert hash_all(data_dir) == before and not (data_dir / "curated").exists()


def test_what_is_foretold_is_what_is_done(data_dir: Path) -> None:
    run(data_dir)
    before = hash_all(data_dir)
    assert set(tell(foresee(data_dir)).values()) == {("keep", "unchanged")}
    assert {row["would"] for row in foresee(data_dir, force=("one",))} == {"keep", "read", "make"}
    set_table(data_dir, "two", "年份,出口,进口\n2019,10.1,20.2\n2020,15.5,22.3\n")
    told = tell(foresee(data_dir))
    assert told["one/2026-01-01"] == ("keep", "unchanged") and told["two/2026-01-01"] == ("read", "file changed: t.csv")
    assert all(told[name] == ("make", "edition changed: two/2026-01-01") for name in ALL)
    assert {path for path, digest in hash_all(data_dir).items() if before.get(path) != digest} == {
        str(data_dir / "raw/two/2026-01-01" / name) for name in ("t.csv", "card.toml")
    }
    summary = run(data_dir)
    assert {row["dataset"]: row["reason"] for row in summary["datasets"]} == {
        "one": "unchanged", "two": "file changed: t.csv"
    }  # fmt: skip
    assert summary["rebuilt"]["results"] == "edition changed: two/2026-01-01"


def test_an_edition_that_would_be_blocked_is_named(data_dir: Path) -> None:
    run(data_dir)
    (data_dir / "raw/one/2026-01-01/t.csv").write_text("spoiled")
    would, reason = tell(foresee(data_dir))["one/2026-01-01"]
    assert would == "block" and "sha256" in reason
    (row, _) = run(data_dir)["datasets"]
    assert row["state"] == "kept" and row["problem"] == reason
    rows = tell(foresee(data_dir))  # it stays so: nothing else would be made again
    assert rows["one/2026-01-01"][0] == "block" and {rows[name][0] for name in ALL} == {"keep"}


@pytest.mark.parametrize("option", [(), ("mixed_sources",)])
def test_other_reasons_are_told(data_dir: Path, option: tuple[str, ...]) -> None:
    run(data_dir)
    if option:
        told = tell(foresee(data_dir, mixed_sources=True))
        assert told["results"] == ("make", "option changed: mixed_sources") and told["release"][0] == "make"
    else:
        (data_dir / "curated" / "digitrade.duckdb").unlink()
        told = tell(foresee(data_dir))
        assert told["release"] == ("make", "output missing: digitrade.duckdb") and told["results"][0] == "keep"


def test_the_command_in_both_languages(data_dir: Path) -> None:
    run(data_dir)
    told = call("run", "--dry-run", "--json", "--data-dir", str(data_dir))
    assert told.exit_code == 0 and {row["would"] for row in json.loads(told.stdout)} == {"keep"}
    shown = call("run", "--dry-run", "--lang", "zh", "--data-dir", str(data_dir)).stdout
    assert "沿用" in shown and "未变动" in shown and "计算指标" in shown


def test_after_a_blocked_edition_is_mended_only_that_one_is_read(data_dir: Path) -> None:
    """A run is resumed by running again: what was published by the one before is taken over by its fingerprints."""
    set_table(data_dir, "two", "Jahr,x\n2020,1\n")
    states = {row["dataset"]: row["state"] for row in run(data_dir)["datasets"]}
    assert states == {"one": "read", "two": "blocked"}
    set_table(data_dir, "two", "年份,出口,进口\n2020,15.5,22.3\n")
    read: list[str] = []

    def watch(name: str) -> Callable[..., Any]:
        def step(*args: Any, **kwargs: Any) -> Any:
            made = pipeline.STEPS[name](*args, **kwargs)
            if name == "read" and made.is_fresh:
                read.append(made.dataset)
            return made

        return step

    pipeline.run_stages(data_dir, {name: watch(name) for name in pipeline.STEPS})
    assert read == ["two"]


def test_a_run_that_fails_leaves_the_publication_from_which_the_next_goes_on(data_dir: Path) -> None:
    run(data_dir)
    set_table(data_dir, "two", "年份,出口,进口\n2019,10.1,20.2\n2020,15.5,22.3\n")

    def stop(*args: Any, **kwargs: Any) -> None:
        raise OSError(28, "No space left on device")

    published = hash_all(data_dir / "curated")
    with pytest.raises(OSError, match="No space"):
        pipeline.run_stages(data_dir, pipeline.STEPS | {"build_database": stop})
    after = hash_all(data_dir / "curated")
    assert {path: digest for path, digest in after.items() if path in published and "/.lock" not in path} == {
        path: digest for path, digest in published.items() if "/.lock" not in path
    }
    assert tell(foresee(data_dir))["one/2026-01-01"] == ("keep", "unchanged")
    summary = run(data_dir)
    assert {row["dataset"]: row["reason"] for row in summary["datasets"]}["one"] == "unchanged"
