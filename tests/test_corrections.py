"""own/corrections.toml: what an entry changes, what it leaves, and every way in which it must fail loudly."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from test_incremental import write_edition, write_own
from typer.testing import CliRunner

from flows import pipeline
from flows.cli import app, main
from transforms.corrections import apply_corrections, parse_corrections, refuse_unknown_editions
from transforms.errors import InputError
from transforms.grid import read_grid
from transforms.layout import parse_layout
from transforms.observe import read_observations

D = Decimal
Steps = dict[str, Callable[..., Any]]
ENTRY = {
    "name": '"misplaced point"', "dataset": '"made_up"', "vintage": '"2020"', "locator": '"t.csv!R3C2"',
    "printed": '"161"', "action": '"correct"', "value": '"16.10"', "reason": '"the total is 38.0; so 16.1"',
    "source": '"table 2"', "by": '"A. Statistician"', "date": "2024-05-01",
}  # fmt: skip
TABLE = "年份,出口,进口\n2018,15.4,20.7\n2019,161,21.9\n"


def entry(**changed: str | None) -> str:
    """The text of an entry with other values; None leaves a key out."""
    told = {name: value for name, value in (ENTRY | changed).items() if value is not None}
    return "[[corrections]]\n" + "".join(f"{name} = {value}\n" for name, value in told.items())


@pytest.fixture(scope="module")
def figures(plain_layout: str) -> pa.Table:
    spec = parse_layout(plain_layout, "t.toml")
    grid = read_grid(TABLE.encode(), "t.csv", encoding=spec.encoding, delimiter=spec.delimiter)
    return read_observations(grid, spec, "made_up", "2020")


def correct(figures: pa.Table, text: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    table, applied = apply_corrections(figures, parse_corrections(text))
    assert table.schema == figures.schema and table.num_rows == figures.num_rows
    return table.to_pylist(), applied.to_pylist()


def find(rows: list[dict[str, Any]]) -> dict[str, Any]:
    (row,) = [row for row in rows if row["locator"] == "t.csv!R3C2"]
    return row


def test_a_corrected_figure_has_its_own_value_interval_and_status_and_keeps_what_is_printed(figures: pa.Table) -> None:
    rows, (applied,) = correct(figures, entry())
    row = find(rows)
    assert (row["value"], row["lower"], row["upper"], row["decimals"]) == (D("16.10"), D("16.095"), D("16.105"), 2)
    assert (row["printed"], row["obs_status"]) == ("161", "I")
    assert row["note"].startswith("corrected, printed 161: the total is 38.0, so 16.1")
    assert (applied["uncorrected_value"], applied["value"], applied["uncorrected_status"]) == (D(161), D("16.10"), "A")
    assert (applied["entry"], applied["corrected_by"], applied["corrected_on"]) == (
        "misplaced point", "A. Statistician", "2024-05-01",
    )  # fmt: skip


def test_nothing_else_is_changed(figures: pa.Table) -> None:
    rows, _ = correct(figures, entry())
    before = figures.to_pylist()
    assert [row for row in rows if row["locator"] != "t.csv!R3C2"] == [
        row for row in before if row["locator"] != "t.csv!R3C2"
    ]
    untouched = {"value", "lower", "upper", "decimals", "obs_status", "note"}
    assert {name: value for name, value in find(rows).items() if name not in untouched} == {
        name: value for name, value in find(before).items() if name not in untouched
    }
    table, applied = apply_corrections(figures, ())
    assert table.equals(figures) and applied.num_rows == 0


@pytest.mark.parametrize(
    ("action", "status", "value", "expected"),
    [("blank", None, None, "O"), ("blank", "Q", None, "Q"), ("flag", None, D(161), "U"), ("flag", "P", D(161), "P"),
     ("correct", "E", D("16.10"), "E")],
)  # fmt: skip
def test_the_status_says_what_was_done(
    figures: pa.Table, action: str, status: str | None, value: Decimal | None, expected: str
) -> None:
    said = {"action": f'"{action}"', "status": status and f'"{status}"'}
    rows, _ = correct(figures, entry(**said, **({} if action == "correct" else {"value": None})))
    row = find(rows)
    assert (row["value"], row["obs_status"], row["printed"]) == (value, expected, "161")
    assert (row["lower"] is None) == (value is None)


def test_a_break_stays_with_a_blanked_figure_and_a_reason_goes_with_a_corrected_blank(figures: pa.Table) -> None:
    place = figures["locator"].to_pylist().index("t.csv!R3C2")
    rows = figures.to_pylist()
    rows[place] |= {"obs_status": "B;P"}
    marked = pa.Table.from_pylist(rows, schema=figures.schema)
    assert find(correct(marked, entry(action='"blank"', value=None))[0])["obs_status"] == "B;O"
    rows[place] |= {"obs_status": "B;Q", "value": None, "lower": None, "upper": None, "printed": ".."}
    blank = pa.Table.from_pylist(rows, schema=figures.schema)
    assert find(correct(blank, entry(printed='".."'))[0])["obs_status"] == "B;I"
    with pytest.raises(InputError, match="nothing to flag"):
        correct(blank, entry(printed='".."', action='"flag"', value=None))


def test_a_figure_may_be_named_by_its_key_parts(figures: pa.Table) -> None:
    text = entry(locator=None, select='{ period = "2019", flow = "X" }')
    assert find(correct(figures, text)[0])["value"] == D("16.10")


@pytest.mark.parametrize(
    ("text", "said"),
    [(entry(locator='"t.csv!R9C2"'), "no figure of the edition is the one it names"),
     (entry(locator=None, select='{ period = "2031" }'), "no figure of the edition is the one it names"),
     (entry(locator=None, select='{ period = "2019" }'), "2 figures are what it names"),
     (entry(printed='"162"'), "the publisher does not print '162' at t.csv!R3C2 any more"),
     (entry(printed='""'), "the publisher does not print '' at t.csv!R3C2 any more"),
     (entry() + entry(name='"another"'), "another: misplaced point changes the same figure")],
)  # fmt: skip
def test_an_entry_that_does_not_fit_the_edition_is_refused(figures: pa.Table, text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        correct(figures, text)
    assert said in str(caught.value) and caught.value.todo and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [("corrections = 3", "unknown key"), ("[[correction]]\nname = 'a'", "begin each entry with [[corrections]]"),
     ("[[corrections]", "not TOML"), (entry(reason=None), "lacks reason"), (entry(by='""'), "lacks by"),
     (entry(source=None), "lacks source"), (entry(date=None), "lacks date"), (entry(printed=None), "lacks printed"),
     (entry(dataset=None), "lacks dataset"), (entry(vintage="[]"), "lacks vintage"),
     (entry(valu='"3"'), "use one of value"),
     (entry(value="16.1"), "value is no text"), (entry(value='"about 16"'), "no plain figure"),
     (entry(value=None), "needs its value"), (entry(action='"blank"'), "blank takes no value"),
     (entry(action='"mend"'), "unknown action"), (entry(status='"X"'), "unknown status"),
     (entry(status='"Q"'), "does not go with correct"), (entry(status='"A"'), "does not go with correct"),
     (entry(action='"blank"', value=None, status='"P"'), "does not go with blank"), (entry(date='"May"'), "no date"),
     (entry(locator=None), "names no figure"), (entry(select='{ year = "2019" }'), "no part of the key: year"),
     (entry(select="{ period = 2019 }"), "select is no table of texts"),
     (entry(vintage='["*", "2020"]'), "no edition")],
)  # fmt: skip
def test_a_fault_of_the_file_is_said_in_one_sentence(text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_corrections(text)
    message = str(caught.value)
    assert said in message and "own/corrections.toml" in message and caught.value.todo and "\n" not in message


def test_an_unknown_dataset_or_edition_is_refused_with_the_nearest() -> None:
    editions = [("made_up", "2020"), ("made_up", "2021"), ("other", "1")]
    for known in (entry(), entry(vintage='"*"'), entry(vintage='["2020", "2021"]')):
        refuse_unknown_editions(parse_corrections(known), editions)
    with pytest.raises(InputError, match=r"no such dataset.*nearest: made_up"):
        refuse_unknown_editions(parse_corrections(entry(dataset='"made_u"')), editions)
    with pytest.raises(InputError, match=r"no such edition of made_up.*its editions are 2020, 2021"):
        refuse_unknown_editions(parse_corrections(entry(vintage='"2019"')), editions)


# --- runs -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def data(tmp_path: Path, plain_layout: str) -> Path:
    write_own(tmp_path, "layouts/made_up/t.toml", plain_layout)
    write_edition(tmp_path, "made_up", "2020", {"t.csv": TABLE})
    write_edition(tmp_path, "made_up", "2021", {"t.csv": TABLE})
    return tmp_path


def ask(data: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(data / "curated/digitrade.duckdb"), read_only=True) as con:
        return con.execute(sql).fetchall()


VALUE = "SELECT vintage, value, printed, obs_status FROM observations WHERE locator = 't.csv!R3C2' ORDER BY ALL"


@pytest.mark.slow
def test_a_correction_goes_through_to_indicators_revisions_trace_and_back_again(data: Path, plain_steps: Steps) -> None:
    write_own(data, "corrections.toml", entry(vintage='"2021"'))
    summary = pipeline.run_stages(data, plain_steps)
    assert [row["state"] for row in summary["datasets"]] == ["read", "read"], summary["datasets"]
    assert "1 figure(s) corrected" in str(summary["datasets"][1]["notices"])
    assert ask(data, VALUE) == [("2020", D(161), "161", "A"), ("2021", D("16.1"), "161", "I")]
    total = "SELECT vintage, value, obs_status FROM indicators WHERE indicator = 'total_trade' AND period = '2019'"
    assert ask(data, f"{total} ORDER BY ALL") == [("2020", D("182.9"), "A"), ("2021", D("38"), "I")]
    assert ask(data, "SELECT vintage, locator, uncorrected_value, value, action FROM corrections") == [
        ("2021", "t.csv!R3C2", D(161), D("16.1"), "correct")
    ]
    report = json.loads((data / "curated/revisions/dataset=made_up/vintage=2021/revisions.json").read_text("utf-8"))
    assert report["causes"]["observation"] == {"correction": 1}
    assert set(report["causes"]["indicator"]) == {"correction"}
    shown = CliRunner().invoke(app, ["trace", "made_up/2021/t.csv!R3C2", "--data-dir", str(data)]).stdout
    assert "CORRECTED: value 16.1, status I; printed value 161, status A" in shown and "A. Statistician" in shown
    # the other edition is not read again, and the figure comes back when the entry goes
    write_own(data, "corrections.toml", "")
    reasons = [row["reason"] for row in pipeline.run_stages(data, plain_steps)["datasets"]]
    assert reasons == ["unchanged", "correction taken out: misplaced point"]
    assert ask(data, VALUE) == [("2020", D(161), "161", "A"), ("2021", D(161), "161", "A")]
    assert ask(data, "FROM corrections") == []


@pytest.mark.slow
def test_when_the_publisher_has_mended_it_the_edition_is_blocked_and_says_so(data: Path, plain_steps: Steps) -> None:
    write_own(data, "corrections.toml", entry(vintage='"*"'))
    write_edition(data, "made_up", "2022", {"t.csv": TABLE.replace("161", "16.1")})
    summary = pipeline.run_stages(data, plain_steps)
    states = {row["vintage"]: (row["state"], row["problem"]) for row in summary["datasets"]}
    assert states["2020"] == states["2021"] == ("read", "")
    assert states["2022"][0] == "blocked" and "seems to have mended the error. Found: '16.1'" in states["2022"][1]
    done = CliRunner().invoke(app, ["run", "--direct", "--data-dir", str(data)])
    assert done.exit_code == 1 and "take the entry out" in done.stdout
    write_own(data, "corrections.toml", entry(vintage='["2020", "2021"]'))
    assert [row["state"] for row in pipeline.run_stages(data, plain_steps)["datasets"]] == ["read"] * 3


def test_an_entry_that_matches_nothing_blocks_its_edition_and_the_last_good_reading_stays(
    data: Path, plain_steps: Steps
) -> None:
    pipeline.run_stages(data, plain_steps)
    write_own(data, "corrections.toml", entry(locator='"t.csv!R9C2"'))
    summary = pipeline.run_stages(data, plain_steps)
    (blocked, other) = summary["datasets"]
    assert (blocked["state"], other["state"]) == ("kept", "read") and "no figure of the edition" in blocked["problem"]
    assert len(ask(data, VALUE)) == 2


@pytest.mark.parametrize("text", [entry(dataset='"made_upp"'), entry(vintage='"1999"'), entry(action='"mend"')])
def test_a_fault_of_the_file_stops_the_run_before_anything_is_done(data: Path, text: str) -> None:
    write_own(data, "corrections.toml", text)
    with pytest.raises(SystemExit) as ended:
        main(["run", "--direct", "--data-dir", str(data)])
    assert ended.value.code == 2 and not (data / "curated" / "digitrade.duckdb").exists()


@pytest.mark.slow
def test_a_table_for_authors_shows_the_printed_figure_beside(clean_run: Path, tmp_path: Path) -> None:
    """The printed growth of Tianhe's transport, 2.08 %, where 1.71 to 2.61 is 52.63 %."""
    import shutil

    folder = shutil.copytree(clean_run, tmp_path / "data")
    write_own(folder, "corrections.toml", entry(
        dataset='"guangzhou_digital_trade_report"', vintage='"2022"', locator='"table_tianhe.csv!R5C10"',
        printed='"2.08"', value='"52.63"'))  # fmt: skip
    pipeline.run_stages(folder, pipeline.STEPS)
    for lang, shown in (("en", "| 52.63 (printed 2.08) |"), ("zh", "| 52.63（印刷 2.08） |")):
        text = (folder / f"curated/exports/tables/{lang}/table_tianhe.md").read_text(encoding="utf-8")
        assert shown in text and text.count("the total is 38.0") >= 1
    csv = (folder / "curated/exports/tables/en/table_tianhe.csv").read_text(encoding="utf-8-sig")
    (line,) = [row for row in csv.splitlines() if ",2.08," in row and "Growth" in row]
    assert ",2.08,," in line and ",52.63," in line and ",I," in line


@pytest.mark.parametrize(
    ("second", "line"),
    [(entry(), 13), (entry(vintage='["2019", "2020"]', value='"16.2"'), 13), (entry(vintage='"*"'), 13),
     ("# the same again\n" + entry(name=None), 14)],
)  # fmt: skip
def test_an_entry_that_stands_twice_is_refused_with_both_lines(second: str, line: int) -> None:
    """Before anything is read: the edition need not be there."""
    with pytest.raises(InputError, match="misplaced point changes the same figure in line 1") as caught:
        parse_corrections(entry() + second)
    assert caught.value.row == line and "keep one" in str(caught.value)


def test_the_same_cell_of_other_editions_or_other_parts_of_it_is_no_repeat() -> None:
    for other in (entry(vintage='"2019"'), entry(select='{ flow = "X" }'), entry(dataset='"another"')):
        assert len(parse_corrections(entry() + other)) == 2
