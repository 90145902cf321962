"""Bad input, one thing at a time: the message, and that nothing but the edition concerned is touched by it.

Every case spoils a copy of the bundled data. The card vouches for the spoiled bytes unless the case is about the card.
"""

from __future__ import annotations

import csv
import errno
import hashlib
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from flows import pipeline, stages
from flows.cli import app
from flows.stages import checking, reading
from flows.store.workspace import DATABASE, Workspace, open_workspace
from transforms.errors import InputError

REPORT, SEEDS, UNCTAD = "guangzhou_digital_trade_report", "seed_statements", "unctad_digitally_deliverable"
RATES = "exchange_rates_cny"
VINTAGES = {REPORT: "2022", SEEDS: "2025", UNCTAD: "2025-12-18", RATES: "2023"}
Spoil = Callable[..., Path]


def swap(old: str, new: str) -> Callable[[bytes], bytes]:
    return lambda content: content.replace(old.encode(), new.encode(), 1)


def list_files(folder: Path) -> dict[str, bytes]:
    """Every file but the lock of the data folder, which says only whose turn it is."""
    found = {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
    return {name: content for name, content in found.items() if name != ".lock"}


def read_spoiled(data_dir: Path, clean_run: Path, dataset: str) -> tuple[str, str]:
    """State and message of the spoiled edition, read twice: with nothing published before, and after a good run.

    Asserts on the way that no file of it is left, that the last good reading stays, and that a neighbour reads the
    same bytes as in the clean run.
    """
    vintage, other = VINTAGES[dataset], UNCTAD if dataset != UNCTAD else REPORT
    with open_workspace(data_dir) as workspace:
        first = stages.read_edition(workspace, dataset, vintage)
        if first.state == "read":
            first, _ = stages.check_edition(workspace, first)
        assert list_files(workspace.staging) == {}, "nothing half-written"
        assert first.observations == 0
        assert stages.read_edition(workspace, other, VINTAGES[other]).state == "read"
        good = Workspace(clean_run, workspace.staging).observations_of(other, VINTAGES[other], published=True)
        assert workspace.observations_of(other, VINTAGES[other]).read_bytes() == good.read_bytes()
    assert list_files(data_dir / "curated") == {}, "no staging folder, no half-written file"
    assert {path.name for path in (data_dir / "curated").iterdir()} <= {".lock"}

    shutil.copytree(clean_run / "curated" / "observations", data_dir / "curated" / "observations")
    published = list_files(data_dir / "curated")
    with open_workspace(data_dir) as workspace:
        again = stages.read_edition(workspace, dataset, vintage)
        if again.state == "read":  # blocked by a rule: what check_edition then does, without judging a second time
            again = stages.keep_last_good(workspace, dataset, vintage, first.problem)
        assert (again.state, again.problem) == ("kept", first.problem)
        kept = workspace.observations_of(dataset, vintage).read_bytes()
        assert kept == workspace.observations_of(dataset, vintage, published=True).read_bytes()
    assert list_files(data_dir / "curated") == published
    return first.state, first.problem


# What is spoiled -> the whole beginning of the message, and what it must contain besides.
CASES: dict[str, tuple[str, str, Callable[[bytes], bytes], str, str]] = {
    "unknown column": (
        REPORT, "table_1.csv", swap(",进口\n2018,31,25,27", ",进口,差额\n2018,31,25,27,-2"),
        "table_1.csv, row 2, column 5: unknown column. Found: '差额'. What to do: declare it in",
        "transforms/layouts/guangzhou_digital_trade_report/table_1.toml",
    ),
    "renamed column": (
        REPORT, "table_1.csv", swap("进出口,", "贸易额,"),
        "table_1.csv, row 2: no header row with the declared labels; this row comes nearest and lacks '进出口'.",
        "What to do: mend the table, or the layout",
    ),
    "another title": (
        REPORT, "table_1.csv", swap("表1 广州", "表1 深圳"),
        "table_1.csv, row 1, column 1: text above the header that the layout does not account for. Found: '表1 深圳",
        "What to do: declare it as the title",
    ),
    "unknown category": (
        REPORT, "table_tianhe.csv", swap("2020,电信、计算机和信息服务", "2020,电信、计算机和资讯服务"),
        "table_tianhe.csv, row 4, column 2: '电信、计算机和资讯服务' is not in the code list items; nearest known: ",
        "电信、计算机和信息服务 (EBOPS2010:SI)",
    ),
    "two values for one key": (
        REPORT, "table_1.csv", swap("2020,38,50,26", "2020,38,50,26\n2020,38,51,26"),
        "guangzhou_digital_trade_report/2022: 1 rule(s) about our reading failed; O16 No key has two different figures",
        "table_1.csv!R6C3",
    ),
    "text where a number belongs": (
        REPORT, "table_2.csv", swap("42.76%", "约四成"),
        "table_2.csv, row 4, column 3: text where a figure belongs",
        "Found: '约四成'. What to do: mend the cell, or declare the mark under [blanks] or [marks] in the layout.",
    ),
    "a percent sign lost": (
        REPORT, "table_2.csv", swap("42.76%", "42.76"),
        "table_2.csv, row 4, column 3: text where a figure belongs (a percent sign is missing). Found: '42.76'.",
        "What to do: ",
    ),
    "an unknown blank": (
        REPORT, "table_1.csv", swap("2019,18,28,13", "2019,18,,13"),
        "table_1.csv, row 4, column 3: a blank that the layout does not know. Found: ''.",
        "What to do: say what it means under [blanks] in the layout, as an SDMX status.",
    ),
    "a mark for a blank": (
        UNCTAD, "digitally_deliverable.csv", swap("2099551.0", ".."),
        "digitally_deliverable.csv, row 3, column 7: text where a figure belongs",
        "Found: '..'.",
    ),
    "a value without its status": (
        UNCTAD, "digitally_deliverable.csv", swap("2099551.0,USD,6,A", "2099551.0,USD,6,O"),
        "unctad_digitally_deliverable/2025-12-18: 1 rule(s) about our reading failed; O18 A value is missing",
        "digitally_deliverable.csv!R3C7: O with 2099551.0",
    ),
    "a figure finer than declared": (
        UNCTAD, "digitally_deliverable.csv", swap("2099551.0", "2099551.4"),
        "digitally_deliverable.csv, row 3, column 7: the figure is finer than the decimals that the layout declares",
        "(0). Found: '2099551.4'.",
    ),
    "an unknown unit power": (
        UNCTAD, "digitally_deliverable.csv", swap("2099551.0,USD,6", "2099551.0,USD,600"),
        "digitally_deliverable.csv, row 3, column 9: the unit_mult cannot be read (no whole number from -15 to 15).",
        "Found: '600'.",
    ),
    "two figures run together": (
        UNCTAD, "digitally_deliverable.csv", swap("2099551.0", "2099551209955120.0"),
        "digitally_deliverable.csv, row 3, column 7: a figure larger than any economy has",
        "Found: '2099551209955120.0 x 10^6'.",
    ),
    "an empty file": (
        REPORT, "table_1.csv", lambda content: b"",
        "table_1.csv: the file is empty. What to do: fetch it again from the publisher.", "",
    ),
    "another encoding": (
        REPORT, "table_1.csv", lambda content: content.decode().encode("gbk"),
        "table_1.csv, row 1: the bytes are not utf-8. Found: 'b1 ed", "say the right encoding in the layout",
    ),
    "half a file": (
        REPORT, "table_2.csv", lambda content: content[: len(content) // 2],
        "table_2.csv, row 4", "What to do: ",
    ),
    "a quote that does not close": (
        REPORT, "table_1.csv", swap("2019,18", '2019,"18'),
        "table_1.csv, row 4: the CSV cannot be parsed: unexpected end of data.", "What to do: ",
    ),
    "a row too long": (
        REPORT, "table_1.csv", swap("2019,18,28,13", "2019,18,28,13,7"),
        "table_1.csv, row 4, column 5: a cell in a column that has no heading. Found: '7'.", "What to do: ",
    ),
    "the header again in the body": (
        REPORT, "table_1.csv", swap("2019,18,28,13", ",进出口,出口,进口\n2019,18,28,13"),
        "table_1.csv, row 4: the header stands again among the rows.", "What to do: ",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_spoiled_file(case: str, data_dir: Path, clean_run: Path, spoil: Spoil) -> None:
    dataset, name, change, beginning, besides = CASES[case]
    spoil(dataset, name, change)
    state, problem = read_spoiled(data_dir, clean_run, dataset)
    assert state == "blocked"
    assert problem.startswith(beginning), problem
    assert besides in problem and "What to do: " in problem and "\n" not in problem


def test_a_missing_card(data_dir: Path, clean_run: Path) -> None:
    (data_dir / "raw" / REPORT / "2022" / "card.toml").unlink()
    _, problem = read_spoiled(data_dir, clean_run, REPORT)
    assert problem.startswith(f"{REPORT}/2022/card.toml: the edition has no card. What to do: write card.toml")


def test_a_broken_card(data_dir: Path, clean_run: Path) -> None:
    card = data_dir / "raw" / REPORT / "2022" / "card.toml"
    card.write_text(card.read_text(encoding="utf-8").replace("[we_did]", "[we_did", 1), encoding="utf-8")
    _, problem = read_spoiled(data_dir, clean_run, REPORT)
    assert problem.startswith(f"{REPORT}/2022/card.toml: the card is not TOML: ") and "line 1" in problem


def test_a_changed_byte(data_dir: Path, clean_run: Path) -> None:
    path = data_dir / "raw" / REPORT / "2022" / "table_1.csv"
    path.write_bytes(path.read_bytes().replace(b"31", b"81", 1))
    _, problem = read_spoiled(data_dir, clean_run, REPORT)
    assert problem.startswith(
        f"{REPORT}/2022/table_1.csv: the bytes are not those the card vouches for (sha256 differs)"
    )
    assert "165 bytes; card: 6b648bf3f1c0aef8..., 165 bytes" in problem


def test_an_unlisted_file(data_dir: Path, clean_run: Path) -> None:
    (data_dir / "raw" / REPORT / "2022" / "table_3.csv").write_bytes(b"1")
    _, problem = read_spoiled(data_dir, clean_run, REPORT)
    assert problem.startswith(f"{REPORT}/2022/table_3.csv: a file that the card does not list.")


def test_a_missing_file(data_dir: Path, clean_run: Path) -> None:
    (data_dir / "raw" / REPORT / "2022" / "table_2.csv").unlink()
    _, problem = read_spoiled(data_dir, clean_run, REPORT)
    assert problem.startswith(f"{REPORT}/2022/table_2.csv: a file that the card lists is missing.")


def test_a_broken_layout(data_dir: Path, clean_run: Path) -> None:
    own = data_dir / "own" / "layouts" / REPORT
    own.mkdir(parents=True)
    (own / "mine.toml").write_text("files = [", encoding="utf-8")
    _, problem = read_spoiled(data_dir, clean_run, REPORT)
    assert problem.startswith(f"own/layouts/{REPORT}/mine.toml: the layout is not TOML: ")


@pytest.fixture
def own_edition(data_dir: Path, plain_layout: str, book: Callable[..., bytes]) -> Callable[..., stages.Reading]:
    """own_edition(content) lands a workbook as a new dataset with an own layout, and reads it."""

    def land(content: bytes, layout: str = plain_layout, keep_layout: bool = True) -> stages.Reading:
        folder, own = data_dir / "raw" / "made_up" / "2020", data_dir / "own" / "layouts" / "made_up"
        folder.mkdir(parents=True, exist_ok=True)
        own.mkdir(parents=True, exist_ok=True)
        (folder / "t.xlsx").write_bytes(content)
        card = (data_dir / "raw" / UNCTAD / VINTAGES[UNCTAD] / "card.toml").read_text(encoding="utf-8")
        card = card.replace(f'"{UNCTAD}"', '"made_up"').replace(f'vintage = "{VINTAGES[UNCTAD]}"', 'vintage = "2020"')
        card = card.replace('"digitally_deliverable.csv"', '"t.xlsx"')
        (folder / "card.toml").write_text(card, encoding="utf-8")
        vouch_for(folder)
        if keep_layout:
            (own / "t.toml").write_text(layout, encoding="utf-8")
        with open_workspace(data_dir) as workspace:
            reading = stages.read_edition(workspace, "made_up", "2020")
            if reading.state == "read":
                reading, _ = stages.check_edition(workspace, reading)
        assert {path.name for path in (data_dir / "curated").iterdir()} <= {".lock"}
        return reading

    return land


def vouch_for(folder: Path) -> None:
    content, card = (folder / "t.xlsx").read_bytes(), (folder / "card.toml").read_text(encoding="utf-8")
    card = re.sub('sha256 = ".*"', f'sha256 = "{hashlib.sha256(content).hexdigest()}"', card)
    (folder / "card.toml").write_text(card, encoding="utf-8")


def test_an_own_workbook(own_edition: Callable[..., stages.Reading], book: Callable[..., bytes]) -> None:
    reading = own_edition(book({"S": [["年份", "出口", "进口"], [2018, 15.4, 20.73]]}))
    assert (reading.state, reading.observations, reading.problem) == ("read", 2, "")


def test_a_truncated_workbook(own_edition: Callable[..., stages.Reading], book: Callable[..., bytes]) -> None:
    reading = own_edition(book({"S": [["年份", "出口", "进口"], [2018, 15.4, 20.73]]})[:2000])
    assert reading.state == "blocked"
    assert reading.problem.startswith("t.xlsx: the workbook cannot be opened: it is truncated or no workbook.")
    assert "What to do: fetch it again" in reading.problem


def test_a_bad_cell_of_a_workbook_names_the_sheet(
    own_edition: Callable[..., stages.Reading], book: Callable[..., bytes], plain_layout: str
) -> None:
    content = book({"封面": [["说明"]], "表7": [["年份", "出口", "进口"], [2018, 15.4, "n/a"]]})
    cover = '\n[[ignore_sheets]]\nsheet = "封面"\nreason = "cover"\n'
    bare = own_edition(content, 'sheet = "表7"\n' + plain_layout)
    assert "sheet '封面': a sheet that the layout does not account for" in bare.problem
    reading = own_edition(content, 'sheet = "表7"\n' + plain_layout + cover)
    assert reading.problem.startswith("t.xlsx, sheet '表7', row 2, column 3: text where a figure belongs")


def test_a_file_without_a_layout(own_edition: Callable[..., stages.Reading], book: Callable[..., bytes]) -> None:
    reading = own_edition(book({"S": [["年份"]]}), keep_layout=False)
    assert reading.problem.startswith("made_up/2020/t.xlsx: no layout for this file.")
    assert "What to do: write one: own/layouts/made_up/<table>.toml (docs/layouts.md)." in reading.problem


# --- faults of ours ---------------------------------------------------------------------------------------------------

OVERSIZED = csv.Error("field larger than field limit (131072)")
REPORT_IT = "What to do: report it, this is a fault of the software"


@pytest.mark.parametrize("error", [OVERSIZED, MemoryError(), ValueError("no\nsense"), duckdb.InternalException("odd")])
def test_a_fault_of_the_software_blocks_one_edition(
    error: Exception, data_dir: Path, clean_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = reading.read_book

    def read_book(content: bytes, name: str, **options: Any) -> Any:
        if name == "table_2.csv":
            raise error
        return real(content, name, **options)

    monkeypatch.setattr(reading, "read_book", read_book)
    _, problem = read_spoiled(data_dir, clean_run, REPORT)
    text = " ".join(str(error).split())
    failed = f"the software failed on this: {type(error).__name__}{f': {text}' if text else ''}"
    assert problem.startswith(f"{REPORT}/2022/table_2.csv: {failed}"), problem
    assert REPORT_IT in problem and "\n" not in problem


def test_a_fault_of_the_software_outside_of_files_names_the_edition(
    data_dir: Path, clean_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = reading.find_layouts

    def find_layouts(dataset: str, folder: Path) -> Any:
        if dataset == REPORT:
            raise KeyError(dataset)
        return real(dataset, folder)

    monkeypatch.setattr(reading, "find_layouts", find_layouts)
    _, problem = read_spoiled(data_dir, clean_run, REPORT)
    assert problem.startswith(f"{REPORT}/2022: the software failed on this: KeyError: '{REPORT}'.")


@pytest.mark.slow
def test_a_fault_of_the_software_in_judging_blocks_one_edition(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = checking.show_edition

    def show_edition(con: Any, workspace: Workspace, read: stages.Reading) -> None:
        if read.dataset == REPORT:
            raise ValueError("cannot be shown")
        real(con, workspace, read)

    monkeypatch.setattr(checking, "show_edition", show_edition)
    with open_workspace(data_dir) as workspace:
        readings = [stages.read_edition(workspace, *edition) for edition in VINTAGES.items()]
        checked, outcomes = stages.check_editions(workspace, readings)
        assert [read.state for read in checked] == ["blocked", "read", "read", "read"]
        assert not workspace.observations_of(REPORT, VINTAGES[REPORT]).exists()
    assert checked[0].problem.startswith(f"{REPORT}/2022: the software failed on this: ValueError: cannot be shown.")
    assert [(o.rule_id, o.outcome) for o in outcomes if o.dataset == REPORT] == [("R00", "fail")]
    others = [outcome for outcome in outcomes if outcome.dataset == UNCTAD]
    assert len(others) > 30 and not [outcome.rule_id for outcome in others if outcome.blocks]


def test_a_raw_file_that_may_not_be_read_blocks_its_edition(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = data_dir / "raw" / REPORT / "2022" / "table_1.csv"

    def read_book(content: bytes, name: str, **options: Any) -> Any:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(reading, "read_book", read_book)
    with open_workspace(data_dir) as workspace:
        read = stages.read_edition(workspace, REPORT, "2022")
    expected = f"{REPORT}/2022/table_1.csv: the file cannot be read: Permission denied. What to do: mend its rights."
    assert (read.state, read.problem) == ("blocked", expected)


FULL, LOCKED = "the disk is full; make room where", "may not write"


@pytest.mark.parametrize(("error", "told"), [
    (OSError(errno.ENOSPC, "No space left on device"), FULL),
    (duckdb.TransactionException("Failed to commit: could not write: No space left on device"), FULL),
    (duckdb.IOException('Cannot open file "x": Read-only file system'), LOCKED),
    (OSError(errno.EROFS, "Read-only file system", "/there"), "may not write /there;"),
    (PermissionError(errno.EACCES, "Permission denied", "/there"), "may not write /there;"),
])  # fmt: skip
@pytest.mark.parametrize("step", ["read", "build_database", "publish"])
def test_a_disk_that_refuses_stops_the_run_in_one_sentence(
    error: Exception, told: str, step: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise error

    if step == "read":  # where the unforeseen is a fault that blocks the edition, but this is none
        monkeypatch.setattr(reading, "read_book", fail)
    else:
        quick = {name: lambda *args, **kwargs: [] for name in pipeline.STEPS}
        quick["read"] = lambda workspace, dataset, vintage, force: stages.Reading(dataset, vintage, "blocked", 0, "x")
        quick["check"] = lambda workspace, readings: (readings, [])
        for name, made in (quick | {step: fail}).items():
            monkeypatch.setitem(pipeline.STEPS, name, made)
    done = CliRunner().invoke(app, ["run", "--direct", "--data-dir", str(data_dir)])
    assert done.exit_code == 2 and isinstance(done.exception, SystemExit)
    assert done.stderr.startswith(f"digitrade: {told}") and done.stderr.count("\n") == 1, done.stderr
    assert {path.name for path in (data_dir / "curated").iterdir()} == {".lock", "runs"}
    assert {path.name for path in (data_dir / "curated" / "runs").iterdir()} == {"failed"}  # what failed, and why


# --- whole runs -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_run_with_bad_input_publishes_the_rest(
    data_dir: Path, clean_run: Path, spoil: Spoil, plain_steps: dict[str, Any]
) -> None:
    """One edition spoiled, one folder without a vintage, and a reader who has the database open all the while."""
    shutil.copytree(clean_run / "curated", data_dir / "curated")
    spoil(REPORT, "table_1.csv", swap("2018,31", "2018,三一"))
    (data_dir / "raw" / "flat").mkdir()
    (data_dir / "raw" / "flat" / "t.csv").write_bytes(b"1")
    before = list_files(data_dir / "curated")
    count = "SELECT count(*) FROM observations"
    with duckdb.connect(str(data_dir / "curated" / DATABASE), read_only=True) as reader:
        expected = reader.execute(count).fetchall()
        old = reader.execute("SELECT state FROM datasets ORDER BY dataset").fetchall()
        summary = pipeline.run_stages(data_dir, plain_steps)
        assert reader.execute(count).fetchall() == expected  # the open file is the old one, to its end
        assert reader.execute("SELECT state FROM datasets ORDER BY dataset").fetchall() == old == [("read",)] * 4
    states = {row["dataset"]: row["state"] for row in summary["datasets"]}
    assert states == {RATES: "read", "flat": "blocked", REPORT: "kept", SEEDS: "read", UNCTAD: "read"}
    after = list_files(data_dir / "curated")
    assert {k: v for k, v in after.items() if k.startswith(("observations", "indicators", "comparisons"))} == {
        k: v for k, v in before.items() if k.startswith(("observations", "indicators", "comparisons"))
    }
    assert not [name for name in after if name.startswith(".")]
    with duckdb.connect(str(data_dir / "curated" / DATABASE), read_only=True) as reader:
        assert reader.execute(count).fetchall() == expected  # the kept figures are still there
        problems = dict(reader.execute("SELECT dataset, problem FROM datasets WHERE state <> 'read'").fetchall())
    assert problems[REPORT].startswith("table_1.csv, row 3, column 2: text where a figure belongs")
    assert problems["flat"].startswith("raw/flat: files that lie in no edition folder. Found: 't.csv'.")
    json.dumps(summary)


def test_the_same_input_gives_the_same_bytes(data_dir: Path, clean_run: Path) -> None:
    with open_workspace(data_dir) as workspace:
        for dataset, vintage in VINTAGES.items():
            assert stages.read_edition(workspace, dataset, vintage).state == "read"
        again = list_files(workspace.staging / "observations")
    assert again == list_files(clean_run / "curated" / "observations")


@pytest.mark.parametrize("step", ["read", "publish"])
def test_a_run_that_fails_leaves_everything_as_it_was(
    step: str, data_dir: Path, clean_run: Path, plain_steps: dict[str, Any]
) -> None:
    shutil.copytree(clean_run / "curated", data_dir / "curated")
    before = list_files(data_dir / "curated")

    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("the disk is full")

    quick = {"check_codelists": list, "check": lambda workspace, reading: (reading, [])}
    quick |= {
        name: lambda *args, **kwargs: [] for name in ("compute", "check_results", "write_checks", "build_database")
    }
    with pytest.raises(RuntimeError, match="the disk is full"):
        pipeline.run_stages(data_dir, plain_steps | quick | {step: fail})
    after = list_files(data_dir / "curated")
    (record,) = after.keys() - before.keys()
    assert record.startswith("runs/failed/") and b"the disk is full" in after.pop(record)
    assert after == before
    assert {path.name for path in (data_dir / "curated").glob(".*")} <= {".lock"}


def test_no_editions_at_all(tmp_path: Path, plain_steps: dict[str, Any]) -> None:
    (tmp_path / "raw").mkdir()
    with pytest.raises(InputError, match="there are no editions"):
        pipeline.run_stages(tmp_path, plain_steps)
