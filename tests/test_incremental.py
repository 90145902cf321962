"""What has not changed is not done again, what has is, the reason is said, and the bytes are those of a forced run."""

from __future__ import annotations

import csv
import hashlib
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations import run as rules
from flows import pipeline
from flows.stages import fingerprints, plans, reading
from flows.store.editions import find_latest
from flows.store.workspace import DATABASE
from flows.terminal import print_summary
from transforms.codelists import use_own_codelists
from transforms.errors import InputError

pytestmark = pytest.mark.slow  # whole runs, one after the other

CARD = """
dataset = "{dataset}"
vintage = "{vintage}"
source_family = "office"
[publisher_says]
publisher_zh = "某局"
publisher_en = "Some office"
title_zh = "表"
title_en = "Table"
edition = "{vintage}"
terms = "open"
[we_did]
accessed = "2024-01-31"
transcription = "none"
"""
TABLE = "年份,出口,进口\n2018,15.4,20.7\n2019,16.1,21.9\n"
COMPUTED = {"compute", "check_results"}
RELEASED = {"write_checks", "build_database", "report_revisions", "export_tables"}


def write_edition(data_dir: Path, dataset: str, vintage: str, files: dict[str, str | bytes], roles: Any = None) -> Path:
    """Land files as an edition, with a card that vouches for them."""
    folder = data_dir / "raw" / dataset / vintage
    folder.mkdir(parents=True, exist_ok=True)
    card = CARD.format(dataset=dataset, vintage=vintage)
    for name, text in files.items():
        content = text.encode() if isinstance(text, str) else text
        (folder / name).write_bytes(content)
        role = f'role = "{roles[name]}"\n' if roles and name in roles else ""
        digest = hashlib.sha256(content).hexdigest()
        card += f'[[files]]\nname = "{name}"\nwhere = "p. 1"\nsha256 = "{digest}"\nbytes = {len(content)}\n{role}'
    (folder / "card.toml").write_text(card, encoding="utf-8")
    return folder


def write_own(data_dir: Path, name: str, text: str) -> Path:
    path = data_dir / "own" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@dataclass
class World:
    """A data folder with two editions of its own, and what its runs have called."""

    data_dir: Path
    layout: str
    called: list[str] = field(default_factory=list)

    @property
    def curated(self) -> Path:
        return self.data_dir / "curated"

    def land(self, dataset: str, table: str = TABLE, vintage: str = "2020") -> Path:
        write_own(self.data_dir, f"layouts/{dataset}/t.toml", self.layout)
        return write_edition(self.data_dir, dataset, vintage, {"t.csv": table})

    def run(self, *force: str, mixed_sources: bool = False) -> dict[str, Any]:
        def shown(name: str) -> Callable[..., Any]:
            def call(*args: Any, **kwargs: Any) -> Any:
                self.called.append(name)
                return pipeline.STEPS[name](*args, **kwargs)

            return call

        self.called.clear()
        steps = {name: shown(name) for name in pipeline.STEPS}
        return pipeline.run_stages(self.data_dir, steps, force=force, mixed_sources=mixed_sources)

    def reasons(self, *force: str, mixed_sources: bool = False) -> dict[str, str]:
        summary = self.run(*force, mixed_sources=mixed_sources)
        return {f"{row['dataset']}/{row['vintage']}": row["reason"] for row in summary["datasets"]} | summary["rebuilt"]

    def outputs(self) -> dict[str, bytes]:
        """Every published file but what carries a clock: the summaries of the runs, and times and inodes (seen)."""
        return {
            str(path.relative_to(self.curated)): path.read_bytes()
            for path in sorted(self.curated.rglob("*"))
            if path.is_file() and path.relative_to(self.curated).parts[0] not in ("runs", "seen", "releases", ".lock")
        }

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.curated / DATABASE), read_only=True) as con:
            return con.execute(sql).fetchall()


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, plain_layout: str) -> World:
    """Two editions after one run."""
    world = World(tmp_path_factory.mktemp("first") / "data", plain_layout)
    world.land("one")
    world.land("two", TABLE.replace("15.4", "9.4"))
    assert set(world.reasons().values()) == {"first run"}
    return world


@pytest.fixture
def world(first: World, tmp_path: Path) -> Any:
    yield World(shutil.copytree(first.data_dir, tmp_path / "data"), first.layout)
    use_own_codelists({})


def test_a_second_run_does_nothing_again_and_leaves_the_same_bytes(world: World) -> None:
    before = world.outputs()
    assert set(world.reasons().values()) == {"unchanged"}
    assert set(world.called) == {"read", "check", "publish"}
    assert world.outputs() == before
    again = world.reasons("*")
    assert set(again.values()) == {"forced"} and set(world.called) == set(pipeline.STEPS)
    assert world.outputs() == before
    summary = world.run()
    assert [row["state"] for row in summary["datasets"]] == ["read", "read"]
    assert summary["rules"]["pass"] > 30, "the outcomes of what was taken over still count"
    assert summary["rules"] == world.run("*")["rules"], "as do those of what is judged again"


def test_a_forced_dataset_is_rebuilt_and_the_other_is_not(world: World) -> None:
    before = world.outputs()
    reasons = world.reasons("two")
    assert (reasons["one/2020"], reasons["two/2020"], reasons["results"]) == ("unchanged", "forced", "forced")
    assert world.outputs() == before
    with pytest.raises(InputError, match="no such dataset to rebuild"):
        world.run("three")


def change_file(world: World, dataset: str = "one") -> None:
    world.land(dataset, TABLE.replace("16.1", "16.4"))


def change_card(world: World, dataset: str) -> None:
    card = world.data_dir / "raw" / dataset / "2020" / "card.toml"
    card.write_text(card.read_text(encoding="utf-8").replace('"Table"', '"The table"'), encoding="utf-8")


def change_layout(world: World, dataset: str = "one") -> None:
    write_own(world.data_dir, f"layouts/{dataset}/t.toml", world.layout.replace("unit_mult = 8", "unit_mult = 9"))


def put_a_map_beside(world: World, dataset: str) -> None:
    write_own(world.data_dir, f"layouts/{dataset}/items.csv", "label,code\n服务,EBOPS2010:S\n")


def observations_of(world: World, dataset: str) -> Path:
    return world.curated / "observations" / f"dataset={dataset}" / "vintage=2020" / "observations.parquet"


def lose_output(world: World, dataset: str) -> None:
    observations_of(world, dataset).unlink()


def spoil_output(world: World, dataset: str) -> None:
    path = observations_of(world, dataset)
    path.write_bytes(path.read_bytes()[:-1])


def spoil_state(world: World, dataset: str) -> None:
    path = world.curated / "state" / f"dataset={dataset}" / "vintage=2020" / "state.json"
    path.write_text("{", encoding="utf-8")


# How an edition is changed -> the reason for which it is read again.
CHANGES: dict[Callable[[World, str], None], str] = {
    change_file: "file changed: t.csv",
    change_card: "card changed",
    change_layout: "layout changed: own/layouts/{}/t.toml",
    put_a_map_beside: "layout changed: own/layouts/{}/items.csv",
    lose_output: "output missing: observations/dataset={}/vintage=2020/observations.parquet",
    spoil_output: "output changed: observations/dataset={}/vintage=2020/observations.parquet",
    spoil_state: "new edition",
}


def test_every_change_has_its_reason_and_what_did_not_change_is_left_alone(world: World) -> None:
    datasets = {change.__name__: change for change in CHANGES}
    for dataset in datasets:
        world.land(dataset)
    world.run()
    for dataset, change in datasets.items():
        change(world, dataset)
    expected = {f"{name}/2020": CHANGES[change].format(name) for name, change in datasets.items()}
    reasons = world.reasons()
    assert {name: reasons[name] for name in expected} == expected
    assert reasons["one/2020"] == reasons["two/2020"] == reasons["codelists"] == "unchanged"
    assert reasons["results"] == "edition changed: change_card/2020, change_file/2020, change_layout/2020"
    made = world.outputs()
    assert set(world.reasons().values()) == {"unchanged"} and world.outputs() == made


@pytest.mark.parametrize("change", [put_a_map_beside, lose_output, spoil_output, spoil_state])
def test_what_is_read_again_to_the_same_figures_computes_nothing(
    world: World, change: Callable[[World, str], None]
) -> None:
    change(world, "one")
    reasons = world.reasons()
    assert reasons["one/2020"] != "unchanged" and reasons["results"] == reasons["release"] == "unchanged"
    assert set(world.called) == {"read", "check", "publish"}


def test_own_codes_are_a_change_for_every_edition(world: World) -> None:
    write_own(world.data_dir, "codelists/items.csv", "code,label_en\nOWN:X,My own item\n")
    assert set(world.reasons().values()) == {"code lists changed: own/codelists/items.csv"}
    assert world.ask("SELECT label_zh FROM items WHERE code = 'OWN:X'") == [("My own item",)]


def test_after_a_change_the_bytes_are_those_of_a_first_run(world: World, tmp_path: Path, plain_layout: str) -> None:
    change_file(world)
    world.run()
    fresh = World(tmp_path / "fresh", plain_layout)
    for folder in ("raw", "own"):
        shutil.copytree(world.data_dir / folder, fresh.data_dir / folder)
    assert set(fresh.reasons().values()) == {"first run"}
    made, expected = world.outputs(), fresh.outputs()
    assert sorted(made) == sorted(expected)
    assert [name for name in expected if made[name] != expected[name]] == []
    assert world.ask("SELECT printed FROM observations WHERE dataset = 'one' AND period = '2019' AND flow = 'X'") == [
        ("16.4",)
    ]


def test_a_new_edition_and_one_that_is_gone(world: World) -> None:
    world.land("one", TABLE.replace("15.4", "15.5"), "2021")
    reasons = world.reasons()
    assert reasons["one/2021"] == "new edition" and reasons["one/2020"] == "unchanged"
    assert reasons["results"] == "edition changed: one/2021"
    shutil.rmtree(world.data_dir / "raw" / "two")
    reasons = world.reasons()
    assert "two/2020" not in reasons and reasons["results"] == "edition removed: two/2020"
    assert not [name for name in world.outputs() if "dataset=two" in name]


def test_an_edition_that_came_and_one_that_went_are_told_apart(world: World) -> None:
    world.land("one", TABLE.replace("15.4", "15.5"), "2021")
    shutil.rmtree(world.data_dir / "raw" / "two")
    assert world.reasons()["results"] == "edition changed: one/2021; edition removed: two/2020"


def test_the_latest_edition_is_told_by_the_order_of_vintages(world: World) -> None:
    """2020.10 is later than 2020.2; a blocked edition is still the latest, and no older one takes its place."""
    for vintage in ("2020.2", "2020.10"):
        world.land("one", TABLE.replace("16.1", "16.2"), vintage)
    world.run()
    latest = [("one", "2020.10"), ("two", "2020")]
    assert world.ask("SELECT dataset, vintage FROM datasets WHERE latest ORDER BY ALL") == latest
    assert [find_latest(world.data_dir, dataset).vintage for dataset, _ in latest] == ["2020.10", "2020"]
    for table in ("observations", "indicators"):
        assert world.ask(f"SELECT DISTINCT dataset, vintage FROM latest_{table} ORDER BY ALL") == latest
        wanted = f"FROM {table} WHERE vintage = '2020.10' OR dataset = 'two' ORDER BY ALL"
        assert world.ask(f"FROM latest_{table} ORDER BY ALL") == world.ask(wanted)
    (world.data_dir / "raw" / "one" / "2020.11").mkdir()
    (world.data_dir / "raw" / "one" / "2020.11" / "t.csv").write_text(TABLE, encoding="utf-8")
    world.run()
    assert world.ask("SELECT vintage, state FROM datasets WHERE latest AND dataset = 'one'") == [("2020.11", "blocked")]
    assert world.ask("SELECT DISTINCT dataset FROM latest_observations") == [("two",)]


@pytest.mark.parametrize("output", ["indicators/indicators.parquet", "comparisons/comparisons.parquet"])
def test_computed_outputs_that_were_spoiled_are_computed_again(world: World, output: str) -> None:
    before = world.outputs()
    (world.curated / output).write_bytes(b"PAR1")
    reasons = world.reasons()
    assert reasons["results"] == f"output changed: {output}" and reasons["one/2020"] == "unchanged"
    assert world.outputs() == before


def test_a_database_that_is_gone_is_built_again_without_computing(world: World) -> None:
    before = world.outputs()
    (world.curated / DATABASE).unlink()
    reasons = world.reasons()
    assert reasons["release"] == f"output missing: {DATABASE}" and reasons["results"] == "unchanged"
    assert set(world.called) == {"read", "check", "publish"} | RELEASED
    assert world.outputs() == before


def test_options_and_own_tables_rebuild_what_they_are_about(world: World) -> None:
    reasons = world.reasons(mixed_sources=True)
    assert reasons["results"] == "option changed: mixed_sources" and reasons["one/2020"] == "unchanged"
    assert world.reasons()["results"] == "option changed: mixed_sources"
    write_own(world.data_dir, "tables/mine.toml", (
        'short = { zh = "我的", en = "Mine" }\ntitle = { zh = "我的表", en = "My table" }\n'
        'where = { zh = "表", en = "table" }\ndataset = "one"\nform = "matrix"\n[select]\nmeasure = "value"\n'
        '[[rows]]\nby = ["period"]\n[[columns]]\nby = ["flow"]\n'))  # fmt: skip
    reasons = world.reasons()
    assert (reasons["results"], reasons["release"]) == ("unchanged", "table changed: own/tables/mine.toml")
    assert any("mine" in name for name in world.outputs())


def test_other_software_rebuilds_everything(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    other = {"software": "0" * 64}
    for module, name in ((reading, "hash_reading_code"), (plans, "hash_reading_code"), (plans, "hash_computing_code"),
                         (plans, "hash_audit_code"), (plans, "hash_all_code")):  # fmt: skip
        monkeypatch.setattr(module, name, lambda: other)
    assert set(world.reasons().values()) == {"software changed"}


def test_the_hash_of_the_code_covers_what_reads_and_judges_and_not_what_is_data() -> None:
    walked = {name for name, _ in fingerprints._walk(Path(reading.__file__).parents[2] / "transforms", "transforms")}
    assert {"transforms/observe.py", "transforms/bulk/read.py", "transforms/contracts/observations.toml"} <= walked
    assert not [
        name for name in walked if name.split("/")[1] in ("layouts", "codelists", "export", "indicators", "audit")
    ]
    hashes = [fingerprints.hash_reading_code(), fingerprints.hash_computing_code(), fingerprints.hash_audit_code(),
              fingerprints.hash_all_code()]  # fmt: skip
    assert len({found["software"] for found in hashes}) == 4


# --- not hashing what nobody touched ----------------------------------------------------------------------------------


def age(folder: Path) -> None:
    """Files that were written long ago, as those of an edition are."""
    long_ago = time.time_ns() - 10**12
    for path in folder.rglob("*"):
        os.utime(path, ns=(long_ago, long_ago))


def test_files_that_nobody_touched_are_not_hashed_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str] = []
    real = reading.verify_files
    monkeypatch.setattr(reading, "verify_files", lambda edition: (verified.append(edition.name), real(edition))[1])
    age(world.data_dir / "raw")
    world.run("*")
    assert sorted(verified) == ["one/2020", "two/2020"]
    verified.clear()
    world.run()
    assert verified == []
    os.utime(world.data_dir / "raw" / "one" / "2020" / "t.csv")
    assert set(world.reasons().values()) == {"unchanged"}
    assert verified == ["one/2020"], "a file that was touched is hashed, and found to be what it was"
    (world.data_dir / "raw" / "two" / "2020" / "more.csv").write_bytes(b"1")
    assert "does not list" in world.run()["datasets"][1]["problem"]
    verified.clear()
    world.run("*")
    assert verified == ["one/2020", "two/2020"], "a forced run trusts no time"


def test_bytes_changed_under_the_same_time_are_found_by_a_forced_run(world: World) -> None:
    age(world.data_dir / "raw")
    world.run()
    path = world.data_dir / "raw" / "one" / "2020" / "t.csv"
    before = path.stat()
    with path.open("r+b") as stream:
        stream.write(TABLE.replace("15.4", "15.9").encode())
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert world.reasons()["one/2020"] == "unchanged"
    row = world.run("*")["datasets"][0]
    assert row["state"] == "kept" and "sha256 differs" in row["problem"]


# --- blocked editions -------------------------------------------------------------------------------------------------


def test_a_blocked_edition_keeps_all_that_was_published_of_it_until_it_is_mended(world: World) -> None:
    before = {name: content for name, content in world.outputs().items() if "dataset=one" in name}
    good = TABLE
    world.land("one", good.replace("16.1", "n/a"))
    summary = world.run()
    assert [row["state"] for row in summary["datasets"]] == ["kept", "read"]
    assert {name: content for name, content in world.outputs().items() if "dataset=one" in name} == before
    assert world.ask("SELECT state FROM datasets ORDER BY dataset") == [("kept",), ("read",)]
    assert world.run()["datasets"][0]["state"] == "kept", "a second run does not take the blocked edition for good"
    world.land("one", good)
    assert world.run()["datasets"][0] | {"state": "read", "reason": "unchanged"} == world.run()["datasets"][0]
    assert world.ask("SELECT DISTINCT state FROM datasets") == [("read",)]


def test_a_rule_that_blocks_leaves_the_last_good_reading(world: World) -> None:
    world.land("one", TABLE + "2019,16.2,21.9\n")
    row = world.run()["datasets"][0]
    assert row["state"] == "kept" and "O16" in row["problem"] and row["observations"] == 4
    assert world.ask("SELECT count(*) FROM observations WHERE dataset = 'one'") == [(4,)]


def test_a_publication_with_other_columns_is_not_kept(world: World) -> None:
    path = world.curated / "observations" / "dataset=one" / "vintage=2020" / "observations.parquet"
    duckdb.sql(f"COPY (SELECT 1 AS value) TO '{path}' (FORMAT parquet)")
    (world.data_dir / "raw" / "one" / "2020" / "t.csv").unlink()
    assert world.run()["datasets"][0]["state"] == "blocked"


# --- beside the figures -----------------------------------------------------------------------------------------------

OWN_SCHEME = """
files = ["t.csv"]
title = "表7 分项"
bad_rows = "quarantine"
[header]
contains = ["项目", "2019年"]
[constants]
geo = "CHN"
partner = "W"
flow = "X"
measure = "value"
unit = "USD"
unit_mult = 8
price = "current"
[schemes]
item = "OWN.ITEMS"
[blanks]
"(*)" = { status = "Q", lower = 0, upper = 0.5 }
[[columns]]
header = "项目"
role = "key"
column = "item"
[[columns]]
header = "2019年"
role = "value"
set = { period = "2019" }
[[columns]]
header = "2020年"
role = "value"
set = { period = "2020" }
"""


def test_own_codes_quarantine_words_and_documentation(world: World) -> None:
    """A table with items of its own, a bad row, a bounded blank and a note in a file of its own."""
    table = "表7 分项,,\n项目,2019年,2020年\n云计算,3.0,3.5\n数据标注,,4\n算法,1.0,(*)\n"
    write_own(world.data_dir, "layouts/mine/t.toml", OWN_SCHEME)
    write_edition(
        world.data_dir, "mine", "2020", {"t.csv": table, "notes.pdf": b"%PDF"}, {"notes.pdf": "documentation"}
    )
    summary = world.run()
    row = next(row for row in summary["datasets"] if row["dataset"] == "mine")
    assert (row["state"], row["observations"], row["quarantined"]) == ("read", 5, 1), row
    local = world.ask("SELECT code, label_zh, label_en, source FROM items WHERE tree = 'local' ORDER BY code")
    assert local == [(f"OWN.ITEMS:{label}", label, label, "mine") for label in ("云计算", "数据标注", "算法")]
    growth = world.ask("SELECT round(value, 2), i.label_zh FROM indicators JOIN items i ON i.code = item "
                       "WHERE dataset = 'mine' AND indicator = 'growth' AND value IS NOT NULL")  # fmt: skip
    assert [(float(value), label) for value, label in growth] == [(16.67, "云计算")]
    assert world.ask("SELECT file, row FROM quarantine") == [("t.csv", 4)]
    assert world.ask("SELECT words FROM edition_texts WHERE kind = 'title'") == [("表7 分项",)]
    # the two series with a cell set aside or suppressed are not complete, and no other rule fails
    assert world.ask("SELECT rule_id, failed FROM checks WHERE dataset = 'mine' AND outcome = 'fail'") == [("Q06", 2)]
    assert world.ask("SELECT value, lower, upper FROM observations WHERE printed = '(*)'")[0][0] is None
    assert [f"{kind}/dataset=mine/vintage=2020/{kind}.parquet" in world.outputs()
            for kind in ("labels", "quarantine", "texts")] == [True] * 3  # fmt: skip
    before = world.outputs()
    summary = world.run()
    again = next(row for row in summary["datasets"] if row["dataset"] == "mine")
    assert again == row | {"reason": "unchanged"} and world.outputs() == before


def test_an_unknown_role_of_a_file_is_refused(world: World) -> None:
    write_edition(world.data_dir, "one", "2020", {"t.csv": TABLE}, {"t.csv": "ornament"})
    assert "unknown role of the file t.csv" in world.run()["datasets"][0]["problem"]


def test_notices_and_what_was_set_aside_are_shown(
    world: World, book: Callable[..., bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    content = book({"S": [["年份", "出口", "进口"], [2018, 15.4, 20.7], ["2019", ("=1/0", "#DIV/0!"), "many"]]})
    layout = world.layout.replace("[header]", 'bad_rows = "quarantine"\n[header]', 1)
    write_own(world.data_dir, "layouts/sheet/t.toml", layout + '[blanks]\n"#DIV/0!" = "O"\n')
    write_edition(world.data_dir, "sheet", "2020", {"t.xlsx": content})
    summary = world.run()
    row = next(row for row in summary["datasets"] if row["dataset"] == "sheet")
    assert (row["state"], row["quarantined"]) == ("read", 1), row
    assert "t.xlsx: 1 rows or cells are quarantined" in row["notices"]
    assert any("#DIV/0!" in notice for notice in row["notices"]), row["notices"]
    print_summary(summary, "en")
    shown = capsys.readouterr().out
    assert "set aside" in shown and f"sheet/2020: {row['notices'][0]}" in shown
    line = next(line for line in shown.splitlines() if line.split()[:1] == ["sheet/2020"])
    assert line.split() == ["sheet/2020", "read", str(row["observations"]), "1"]


MESSAGE = """<?xml version="1.0" encoding="UTF-8"?>
<mes:GenericData xmlns:mes="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message"
  xmlns:gen="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/data/generic"
  xmlns:com="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/common">
 <mes:Header>
  <mes:ID>M1</mes:ID><mes:Test>false</mes:Test><mes:Prepared>2024-01-31T12:00:00Z</mes:Prepared><mes:Sender id="O"/>
  <mes:Structure structureID="S1" dimensionAtObservation="TIME_PERIOD">
   <com:StructureUsage><Ref agencyID="O" id="DF" version="1.0"/></com:StructureUsage>
  </mes:Structure>
 </mes:Header>
 <mes:DataSet action="Replace" structureRef="S1"><gen:Series>
  <gen:SeriesKey><gen:Value id="REF_AREA" value="CHN"/><gen:Value id="FLOW" value="X"/></gen:SeriesKey>
  <gen:Obs><gen:ObsDimension value="2020"/><gen:ObsValue value="12.50"/></gen:Obs>
  <gen:Obs><gen:ObsDimension value="2021"/><gen:ObsValue value="13.75"/></gen:Obs>
 </gen:Series></mes:DataSet>
</mes:GenericData>"""
MESSAGE_LAYOUT = """
files = ["m.xml"]
[header]
contains = ["REF_AREA", "TIME_PERIOD", "OBS_VALUE"]
[constants]
partner = "W"
item = "EBOPS2010:S"
measure = "value"
unit = "USD"
unit_mult = 9
price = "current"
"""


def test_an_sdmx_message_is_an_edition_like_any_other(world: World) -> None:
    keys = {"REF_AREA": "geo", "FLOW": "flow", "TIME_PERIOD": "period"}
    columns = "".join(
        f'[[columns]]\nheader = "{header}"\nrole = "key"\ncolumn = "{column}"\n' for header, column in keys.items()
    )
    layout = MESSAGE_LAYOUT + columns + '[[columns]]\nheader = "OBS_VALUE"\nrole = "value"\n'
    write_own(world.data_dir, "layouts/sdmx/m.toml", layout)
    write_edition(world.data_dir, "sdmx", "2020", {"m.xml": MESSAGE})
    row = next(row for row in world.run()["datasets"] if row["dataset"] == "sdmx")
    assert (row["state"], row["observations"]) == ("read", 2), row
    assert world.ask("SELECT geo, flow, period, printed, decimals FROM observations WHERE dataset = 'sdmx' ORDER BY 3"
                     ) == [("CHN", "X", "2020", "12.50", 2), ("CHN", "X", "2021", "13.75", 2)]  # fmt: skip


# --- large editions ---------------------------------------------------------------------------------------------------

LONG_LAYOUT = """
files = ["long.csv"]
bulk = true
[header]
contains = ["geo", "partner", "item", "year", "value"]
[constants]
flow = "X"
measure = "value"
unit = "USD"
unit_mult = 6
price = "current"
[[columns]]
header = "geo"
role = "key"
column = "geo"
parse = "code"
[[columns]]
header = "partner"
role = "key"
column = "partner"
parse = "code"
[[columns]]
header = "item"
role = "key"
column = "item"
parse = "code"
[[columns]]
header = "year"
role = "key"
column = "period"
parse = "year"
[[columns]]
header = "value"
role = "value"
"""
ITEMS = ("S", "SF", "SG", "SH", "SI", "SJ", "SK", "SC1")  # SC1 is in no definition and no main item


def make_long() -> str:
    rows = [
        f"{geo},{partner},EBOPS2010:{item},{year},{100 + place}.{year % 10}"
        for year in range(2015, 2021)
        for geo in ("CHN", "USA", "DEU")
        for partner in ("W", "FRA")
        for place, item in enumerate(ITEMS)
    ]
    return "geo,partner,item,year,value\n" + "\n".join(rows) + "\n"


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory, plain_layout: str) -> Any:
    """A small edition and one that counts as large, read once as such and once as a small one."""
    worlds = []
    for name, limit in (("large", 100), ("small", 100_000)):
        world = World(tmp_path_factory.mktemp(name) / "data", plain_layout)
        world.land("one")
        write_own(world.data_dir, "layouts/long/long.toml", LONG_LAYOUT)
        write_edition(world.data_dir, "long", "2024", {"long.csv": make_long()})
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(rules, "LARGE", limit)
            summary = world.run()
        assert [row["state"] for row in summary["datasets"]] == ["read", "read"], summary["datasets"]
        worlds.append((world, summary))
    return worlds


def test_a_large_edition_stays_in_parquet_and_is_named_in_the_database(large: Any) -> None:
    (world, summary), (small, _) = large
    row = summary["datasets"][0]
    assert (row["dataset"], row["observations"]) == ("long", 288)
    assert any("all_observations" in notice for notice in row["notices"])
    assert world.ask("SELECT dataset, count(*) FROM observations GROUP BY ALL") == [("one", 4)]
    assert world.ask("SELECT observations FROM datasets WHERE dataset = 'long'") == [(288,)]
    everything = f"SELECT * FROM all_observations('{world.curated}') ORDER BY ALL"
    assert world.ask(everything) == small.ask("SELECT * FROM observations ORDER BY ALL")
    assert len(world.ask(everything)) == 292
    assert small.ask(f"SELECT count(*) FROM all_observations('{small.curated}')") == [(292,)]


def test_indicators_of_a_large_edition_are_those_of_the_whole(large: Any) -> None:
    """What is left out - partner countries and items that nothing needs - has no part in the indicators that stay."""
    (world, _), (small, _) = large
    columns = "* EXCLUDE (inputs, inputs_hash)"
    kept = "partner = 'W' AND item <> 'EBOPS2010:SC1'"
    mine = world.ask(f"SELECT {columns} FROM indicators WHERE dataset = 'long' ORDER BY ALL")
    whole = small.ask(f"SELECT {columns} FROM indicators WHERE dataset = 'long' AND {kept} ORDER BY ALL")
    assert mine == whole and len(mine) > 50
    assert small.ask("SELECT count(*) > 0 FROM indicators WHERE dataset = 'long' AND partner = 'FRA'") == [(True,)]


def test_a_large_edition_is_judged_alike(large: Any) -> None:
    (world, _), (small, _) = large
    sql = (
        "SELECT * FROM checks WHERE dataset = 'long' AND stage IN ('raw', 'observations', 'catalogue') ORDER BY rule_id"
    )
    assert world.ask(sql) == small.ask(sql)
    of_selects = "(SELECT belongs_to FROM checks WHERE stage = 'catalogue')"
    sql = f"SELECT * FROM findings WHERE dataset = 'long' AND rule_id IN {of_selects} ORDER BY ALL"
    assert world.ask(sql) == small.ask(sql) != []
    assert world.ask("SELECT judged FROM validation_records WHERE dataset = 'long' AND rule_id = 'Q10'") == [(288,)]
    assert world.ask("SELECT checked FROM checks WHERE dataset = 'long' AND rule_id = 'O02'") == [(288,)]


def test_the_command_line_reads_large_editions_and_writes_nothing(large: Any) -> None:
    from typer.testing import CliRunner

    from flows.cli import app

    (world, _), _ = large

    def query(sql: str) -> Any:
        return CliRunner().invoke(app, ["query", sql, "--format", "csv", "--data-dir", str(world.data_dir)])

    done = query("select dataset, count(*) as n from all_observations group by all order by all")
    assert (done.exit_code, done.stdout) == (0, "dataset,n\nlong,288\none,4\n")
    words = (
        "without the large edition(s) long/2024, which stay in Parquet; all_observations has them, core_levels and "
        "core_indicators have their totals and chief indicators."
    )
    for sql in ("select count(*) from observations", "from latest_observations join items on item = code",
                "with wanted as (from main.observations) select 1 from wanted"):  # fmt: skip
        assert query(sql).stderr == f"digitrade: {words}\n", sql
    for sql in ("from all_observations limit 1", "select observations from datasets", "from indicators limit 1",
                "explain from observations"):  # fmt: skip
        assert query(sql).stderr == "", sql
    comment = query("select comment from duckdb_views() where view_name = 'all_observations'").stdout
    assert "large ones are read from Parquet" in comment
    target = world.curated / "observations" / "stolen.csv"
    for sql in (
        f"copy (from all_observations) to '{target}'",
        f"explain analyze copy (select 1) to '{target}'",
        f"select * from read_csv('{world.data_dir / 'raw' / 'long' / '2024' / 'long.csv'}')",
    ):
        assert query(sql).exit_code == 2, sql
    assert not target.exists()


def test_a_fault_of_the_software_in_a_bulk_file_blocks_one_edition(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_bulk(*args: Any, **kwargs: Any) -> Any:
        raise csv.Error("field larger than field limit (131072)")

    write_own(world.data_dir, "layouts/long/long.toml", LONG_LAYOUT)
    write_edition(world.data_dir, "long", "2024", {"long.csv": make_long()})
    monkeypatch.setattr(reading, "read_bulk", read_bulk)
    rows = world.run()["datasets"]
    assert [(row["dataset"], row["state"]) for row in rows] == [("long", "blocked"), ("one", "read"), ("two", "read")]
    expected = "long/2024/long.csv: the software failed on this: Error: field larger than field limit (131072)."
    assert rows[0]["problem"].startswith(expected)


def test_a_large_edition_is_taken_over_without_a_copy(large: Any) -> None:
    (world, _), _ = large
    parts = sorted((world.curated / "observations" / "dataset=long").rglob("*.parquet"))
    before = [(path.name, path.stat().st_ino) for path in parts]
    assert before and world.reasons()["long/2024"] == "unchanged"
    assert [(path.name, path.stat().st_ino) for path in parts] == before


def test_a_run_says_on_the_command_line_what_it_did_again(world: World) -> None:
    from typer.testing import CliRunner

    from flows.cli import app

    def run(*words: str) -> Any:
        return CliRunner().invoke(
            app, ["run", "--direct", *words, "--data-dir", str(world.data_dir)], env={"COLUMNS": "200"}
        )

    change_layout(world)
    done = run()
    assert done.exit_code == 0
    assert "Made again (layout changed: own/layouts/one/t.toml): one/2020" in done.stdout
    assert [line.split()[1] for line in done.stdout.splitlines() if line.strip().startswith("two/2020")] == [
        "unchanged"
    ]
    done = run("--force", "two")
    assert "Made again (forced): two/2020" in done.stdout and "one/2020" not in done.stdout.split("(forced)")[1][:60]
    for words in (("two",), ("--force", "nobody")):
        assert run(*words).exit_code != 0
