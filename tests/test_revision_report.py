"""A run that publishes a new edition reports what it revises, with the publication or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from click.testing import Result
from test_incremental import write_edition, write_own
from typer.testing import CliRunner

from flows import pipeline
from flows.cli import app
from flows.terminal import print_summary
from transforms.errors import InputError

pytestmark = pytest.mark.slow  # whole runs, one after the other

FIRST = "年份,出口,进口\n2018,15.4,20.7\n2019,16.1,21.9\n"
SECOND = "年份,出口,进口\n2018,15.4,20.70\n2019,16.3,21.9\n2020,17.0,23.4\n"
Steps = dict[str, Callable[..., Any]]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, plain_layout: str, plain_steps: Steps) -> Path:
    """Two made-up editions, of 2020 and 2021, after one run."""
    folder = tmp_path_factory.mktemp("revisions") / "data"
    write_own(folder, "layouts/made_up/t.toml", plain_layout)
    write_edition(folder, "made_up", "2020", {"t.csv": FIRST})
    write_edition(folder, "made_up", "2021", {"t.csv": SECOND})
    summary = pipeline.run_stages(folder, plain_steps)
    assert [row["state"] for row in summary["datasets"]] == ["read", "read"], summary["datasets"]
    return folder


def call(data: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["revisions", *words, "--data-dir", str(data)], env={"COLUMNS": "200"})


def test_the_report_is_published_with_the_edition(data: Path) -> None:
    folder = data / "curated/revisions/dataset=made_up/vintage=2021"
    report = json.loads((folder / "revisions.json").read_text(encoding="utf-8"))
    assert (report["from"], report["to"]) == ("2020", "2021")
    counts = {change: number for change, number in report["counts"]["observation"].items() if number}
    assert counts == {"added": 2, "raised": 1, "unchanged": 3}
    (told,) = [row for row in report["statistics"] if row["what"] == "observation"]
    assert (told["flow"], told["pairs"], told["mean_revision"]) == ("X", 2, 0.1)
    assert "| raised | 1 |" in (folder / "revisions_en.md").read_text(encoding="utf-8")
    assert "| 上调 | 1 |" in (folder / "revisions_zh.md").read_text(encoding="utf-8")
    rows = pq.read_table(folder / "revisions.parquet").to_pylist()
    assert sum(row["what"] == "observation" for row in rows) == 3
    assert sum(report["counts"]["indicator"].values()) - report["counts"]["indicator"]["unchanged"] == len(rows) - 3


def test_the_command_says_the_same_as_the_report(data: Path, tmp_path: Path) -> None:
    folder = data / "curated/revisions/dataset=made_up/vintage=2021"
    done = call(data, "made_up", "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout) == json.loads((folder / "revisions.json").read_text(encoding="utf-8"))
    output = tmp_path / "changed.parquet"
    assert call(data, "made_up", "--output", str(output)).exit_code == 0
    assert pq.read_table(output).equals(pq.read_table(folder / "revisions.parquet"))
    assert call(data, "made_up", "--output", str(tmp_path / "changed.csv")).exit_code == 0
    assert len((tmp_path / "changed.csv").read_text(encoding="utf-8").splitlines()) == output_rows(output) + 1


def output_rows(path: Path) -> int:
    return int(pq.read_metadata(path).num_rows)


@pytest.mark.parametrize(
    ("lang", "words"),
    [("en", ["Revisions of made_up: 2020 to 2021", "raised", "the publisher"]),
     ("zh", ["made_up 修订报告：2020 至 2021", "上调", "发布者"])],
)  # fmt: skip
def test_the_terminal_in_both_languages(data: Path, lang: str, words: list[str]) -> None:
    done = call(data, "made_up", "--lang", lang)
    assert done.exit_code == 0 and [word for word in words if word not in done.stdout] == []


def test_the_triangle_of_a_series(data: Path) -> None:
    done = call(data, "made_up", "--triangle", "--flow", "exports", "--json")
    told = json.loads(done.stdout)
    rows = {row["period"]: [row.get(vintage, {}).get("value") for vintage in told["vintages"]] for row in told["rows"]}
    assert rows == {"2018": ["15.4", "15.4"], "2019": ["16.1", "16.3"], "2020": [None, "17"]}
    assert "16.3" in call(data, "made_up", "--triangle", "--flow", "X").stdout
    computed = json.loads(call(data, "made_up", "--triangle", "--indicator", "total_trade", "--json").stdout)
    assert {row["period"]: row["2021"]["value"] for row in computed["rows"]}["2019"] == "38.2"


@pytest.mark.parametrize(
    ("words", "said"),
    [(("made_upp",), "nearest: made_up"), (("made_up", "--from", "2019"), "'2019' in the list vintages"),
     (("made_up", "--to", "2020"), "there is no edition of made_up before 2020"),
     (("made_up", "--geo", "CHN"), "say --triangle"),
     (("made_up", "--triangle", "--flow", "exprts"), "nearest: X (Exports)"),
     (("made_up", "--triangle"), "Choose with: --flow")],
)  # fmt: skip
def test_what_is_not_there_is_refused(data: Path, words: tuple[str, ...], said: str) -> None:
    done = call(data, *words)
    assert done.exit_code == 2 and said in done.stderr


def list_files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


def list_published(data_dir: Path) -> dict[str, bytes]:
    """All files of curated/ but the records of runs that failed."""
    files = list_files(data_dir / "curated")
    return {name: told for name, told in files.items() if not name.startswith("runs/failed/")}


def test_without_its_report_an_edition_is_not_published(tmp_path: Path, plain_layout: str, plain_steps: Steps) -> None:
    write_own(tmp_path, "layouts/made_up/t.toml", plain_layout)
    write_edition(tmp_path, "made_up", "2020", {"t.csv": FIRST})
    pipeline.run_stages(tmp_path, plain_steps)
    before = list_published(tmp_path)
    assert not (tmp_path / "curated" / "revisions").exists()
    write_edition(tmp_path, "made_up", "2021", {"t.csv": FIRST.replace("15.4", "15.5")})
    with pytest.raises(InputError, match="there is no report on what made_up/2021 revises of 2020"):
        pipeline.run_stages(tmp_path, plain_steps | {"report_revisions": lambda workspace: []})
    assert list_published(tmp_path) == before

    def fail(workspace: object) -> None:
        raise RuntimeError("no report")

    with pytest.raises(RuntimeError, match="no report"):
        pipeline.run_stages(tmp_path, plain_steps | {"report_revisions": fail})
    assert list_published(tmp_path) == before
    summary = pipeline.run_stages(tmp_path, plain_steps)
    assert summary["rebuilt"]["release"] != "unchanged"
    report = tmp_path / "curated/revisions/dataset=made_up/vintage=2021/revisions.json"
    told = report.read_bytes()
    again = pipeline.run_stages(tmp_path, plain_steps)  # taken over with the rest
    assert again["rebuilt"]["release"] == "unchanged" and report.read_bytes() == told
    pipeline.run_stages(tmp_path, plain_steps, force=("*",))
    assert report.read_bytes() == told


def test_the_database_itself_holds_no_rows_of_the_report(data: Path) -> None:
    """The macro gives them, for any two editions: nothing can be out of step."""
    with duckdb.connect(str(data / "curated/digitrade.duckdb"), read_only=True) as con:
        found = con.execute(
            "SELECT change, count(*) FROM revisions('made_up') WHERE what = 'observation' GROUP BY ALL ORDER BY ALL"
        ).fetchall()
    assert found == [("added", 2), ("raised", 1), ("unchanged", 3)]


def test_what_is_said_otherwise_of_an_edition_published_before_is_told_with_its_cause(
    tmp_path: Path, plain_layout: str, plain_steps: Steps
) -> None:
    """The layout, then a correction, then the code changes; the edition is the same all along."""
    write_own(tmp_path, "layouts/made_up/t.toml", plain_layout)
    write_edition(tmp_path, "made_up", "2020", {"t.csv": FIRST})
    assert pipeline.run_stages(tmp_path, plain_steps)["since_last"] == {}
    assert pipeline.run_stages(tmp_path, plain_steps)["since_last"] == {}
    assert pipeline.run_stages(tmp_path, plain_steps, force=("*",))["since_last"] == {}

    write_own(tmp_path, "layouts/made_up/t.toml", plain_layout.replace("unit_mult = 8", "unit_mult = 9"))
    told = pipeline.run_stages(tmp_path, plain_steps)["since_last"]["made_up/2020"]
    assert told["causes"]["observation"] == {"mapping": 4} and told["counts"]["observation"]["raised"] == 4
    assert set(told["causes"]["indicator"]) == {"mapping"}

    entry = """[[corrections]]
dataset = "made_up"
vintage = "2020"
locator = "t.csv!R2C2"
printed = "15.4"
action = "correct"
value = "14.5"
reason = "digits swapped"
source = "letter"
by = "A. Statistician"
date = 2024-05-01
"""
    write_own(tmp_path, "corrections.toml", entry)
    summary = pipeline.run_stages(tmp_path, plain_steps)
    told = summary["since_last"]["made_up/2020"]
    assert told["causes"]["observation"] == {"correction": 1} and told["counts"]["observation"]["lowered"] == 1
    assert set(told["causes"]["indicator"]) == {"correction"}

    write_own(tmp_path, "corrections.toml", entry.replace('"correct"\nvalue = "14.5"', '"blank"'))
    told = pipeline.run_stages(tmp_path, plain_steps)["since_last"]["made_up/2020"]
    assert told["counts"]["observation"]["value_to_blank"] == 1
    assert set(told["causes"]["observation"]) == set(told["causes"]["indicator"]) == {"correction"}

    def double(workspace: Any, readings: Any, **options: Any) -> None:
        """Indicators are computed otherwise: the lower end of the range for the value."""
        plain_steps["compute"](workspace, readings, **options)
        path = workspace.staging / "indicators" / "indicators.parquet"
        table = pq.read_table(path)
        values = pc.if_else(pc.is_null(table["value"]), table["value"], table["lower"])
        place = table.schema.get_field_index("value")
        pq.write_table(table.set_column(place, table.schema.field("value"), values), path)

    told = pipeline.run_stages(tmp_path, plain_steps | {"compute": double}, force=("*",))["since_last"]["made_up/2020"]
    assert told["causes"]["observation"] == {} and set(told["causes"]["indicator"]) == {"code"}


def test_the_summary_says_it_in_both_languages(
    tmp_path: Path, plain_layout: str, capsys: pytest.CaptureFixture[str], plain_steps: Steps
) -> None:
    write_own(tmp_path, "layouts/made_up/t.toml", plain_layout)
    write_edition(tmp_path, "made_up", "2020", {"t.csv": FIRST})
    pipeline.run_stages(tmp_path, plain_steps)
    write_own(tmp_path, "layouts/made_up/t.toml", plain_layout.replace("unit_mult = 8", "unit_mult = 9"))
    summary = pipeline.run_stages(tmp_path, plain_steps)
    for lang, said in (("en", "4 figures read and"), ("zh", "4 个数字读法有变")):
        print_summary(summary, lang)
        assert f"made_up/2020: {said}" in capsys.readouterr().out


def test_a_publication_of_an_earlier_version_is_not_compared_and_that_is_said(
    tmp_path: Path, plain_layout: str, plain_steps: Steps, capsys: pytest.CaptureFixture[str]
) -> None:
    write_own(tmp_path, "layouts/made_up/t.toml", plain_layout)
    write_edition(tmp_path, "made_up", "2020", {"t.csv": FIRST})
    pipeline.run_stages(tmp_path, plain_steps)
    with duckdb.connect(str(tmp_path / "curated" / "digitrade.duckdb")) as con:
        con.execute("DROP TABLE store.corrections")
    summary = pipeline.run_stages(tmp_path, plain_steps, force=("*",))
    assert "earlier version" in summary["since_last"]["digitrade.duckdb"]["problem"]
    print_summary(summary, "en")
    assert "earlier version" in capsys.readouterr().out
    assert pipeline.run_stages(tmp_path, plain_steps, force=("*",))["since_last"] == {}
