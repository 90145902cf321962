"""digitrade layout FILE --check LAYOUT: what a run would refuse is listed, whole, and what it would read passes."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
import typer
from typer.testing import CliRunner

from flows.layout_command import layout as layout_command

runner = CliRunner()
app = typer.Typer()
app.command()(layout_command)


@app.callback()
def main() -> None:
    """So that the command keeps its name."""


# Services exports of an economy by year, as a bulk file.
BULK = """
files = ["t.*"]
bulk = true
columns = [ { header = "国家", role = "key", column = "geo" }, { header = "year", role = "key", column = "period" },
            { header = "value", role = "value" } ]
[header]
contains = ["国家", "value"]
[constants]
partner = "W"
flow = "X"
item = "EBOPS2010:S"
measure = "value"
unit = "USD"
unit_mult = 6
price = "current"
"""
CELLS = BULK.replace("bulk = true\n", "")
ROWS = "国家,year,value\n中国,2019,12.3\n日本,2019,4.5\n"
Check = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """check(content, layout, name) -> exit code and what the command says as JSON; its words as a person sees them
    under "said"."""

    def run(content: str | bytes, layout: str, name: str = "t.csv", *options: str) -> tuple[int, dict[str, Any]]:
        path, form = tmp_path / name, tmp_path / f"{name}.toml"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        form.write_text(layout, encoding="utf-8")
        call = ["layout", str(path), "--check", str(form), *options]
        shown = runner.invoke(app, call)
        found = runner.invoke(app, [*call, "--json"])
        assert shown.exit_code == found.exit_code
        said = " ".join(shown.output.split())
        return found.exit_code, (json.loads(found.stdout) if found.exit_code != 2 else {}) | {"said": said}

    return run


# --- the file as a run reads it ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", [BULK, CELLS], ids=["bulk", "cells"])
@pytest.mark.parametrize("options", [(), ("--encoding", "gb18030")], ids=["", "encoding"])
def test_a_file_beside_its_layout_is_read_in_the_encoding_the_layout_says(
    check: Check, layout: str, options: tuple[str, ...]
) -> None:
    layout = f'encoding = "gb18030"\n{layout.replace("t.*", "t.csv")}'  # the file that it names is no map beside it
    code, said = check(ROWS.encode("gb18030"), layout, "t.csv", *options)
    assert (code, [table["observations"] for table in said["tables"]]) == (0, [2]), said


def test_an_encoding_that_the_layout_does_not_say_belongs_into_it(check: Check) -> None:
    code, said = check(ROWS.encode("gb18030"), CELLS, "t.csv", "--encoding", "gb18030")
    assert code == 2
    assert 'write encoding = "gb18030" into the layout' in said["said"]


@pytest.mark.slow
def test_a_large_bulk_file_is_checked_to_its_last_row(check: Check) -> None:
    rows = "".join(f"中国,{1500 + n % 500}-{1 + n // 500:02d},{n}.5\n" for n in range(6000))
    code, said = check(f"国家,year,value\n{rows}{'日本,2019,4.5' + ' ' * 4_000_000}\n日本,2019,4..5\n", BULK)
    assert code == 1
    assert said["whole"] is True
    (fault,) = said["faults"]
    assert fault["places"] == {"4..5": ["row 6003, column 3"]}
    assert "Only the first" not in said["said"]


def test_what_was_not_read_whole_is_said_first(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.layout_check.WHOLE", 1_000_000)
    rows = "".join(f"中国,{1500 + n % 500}-{1 + n // 500:02d},{'1' * 600}\n" for n in range(2000))
    layout = CELLS.replace(
        'role = "value" }', 'role = "ignore", reason = "too long" }, { header = "v", role = "value" }'
    )
    code, said = check("国家,year,value,v\n" + rows.replace("\n", ",1\n"), layout)
    assert (code, said["whole"]) == (0, False)
    words = said["said"].removeprefix("Judging by the rules of a run, which takes some seconds ... ")
    assert words.startswith("Only the first 1 MB of t.csv were read: what is said below holds for them alone.")


def test_every_fault_of_a_bulk_file_is_counted(check: Check) -> None:
    rows = "".join(f"{'中国' if n % 2 else '无国'},{1500 + n},{'x' if n % 3 else '1'}\n" for n in range(60))
    code, said = check("国家,year,value\n" + rows, BULK)
    assert code == 1
    counts = {next(iter(fault["found"])): fault["count"] for fault in said["faults"]}
    assert counts == {"无国": 30, "x": 20}
    assert said["tables"][0]["observations"] == 10


def test_a_bulk_file_without_a_good_row_lists_its_faults(check: Check) -> None:
    code, said = check("国家,year,value\n无国,2019,1\n无国,2020,1\n", BULK)
    assert (code, [fault["count"] for fault in said["faults"]], said["tables"]) == (1, [2], [])


def test_rules_of_a_run_judge_a_bulk_file_too(check: Check) -> None:
    code, said = check(ROWS, BULK.replace('price = "current"\n', ""))
    assert code == 1
    assert [broken["count"] for broken in said["broken_rules"]] == [2]
    assert "O24" in said["broken_rules"][0]["rule"]


def test_parquet_is_checked(check: Check, tmp_path: Path) -> None:
    path = tmp_path / "made.parquet"
    duckdb.sql("SELECT '中国' AS 国家, '2019' AS year, '12.3' AS value").write_parquet(str(path))
    code, said = check(path.read_bytes(), BULK, "t.parquet")
    assert (code, said["preview"][0]["printed"]) == (0, "12.3"), said


# --- all faults at once -----------------------------------------------------------------------------------------------


def test_figures_that_share_a_key_are_listed_beside_other_faults(check: Check) -> None:
    code, said = check(ROWS + "无国,2019,1\n中国,2019,9\n", CELLS)
    assert code == 1
    problems = {fault["problem"]: fault["places"] for fault in said["faults"]}
    assert {"无国": ["row 4, column 1"]} in problems.values()
    (twins,) = [places for problem, places in problems.items() if problem == "several figures with the same key"]
    ((found, places),) = twins.items()
    assert places == ["row 2, column 3"] and found.endswith("also in row 5, column 3")


@pytest.mark.parametrize("kind", ["lack", "above"])
def test_every_place_of_a_fault_is_counted(check: Check, kind: str) -> None:
    if kind == "lack":  # no flow is said of any figure
        code, said = check(ROWS, CELLS.replace('flow = "X"\n', ""))
        wanted = {"12.3": ["row 2, column 3"], "4.5": ["row 3, column 3"]}
    else:
        code, said = check(f"Words,,\nMore words,,\n{ROWS}", CELLS)
        wanted = {"Words": ["row 1, column 1"], "More words": ["row 2, column 1"]}
    assert code == 1
    (fault,) = said["faults"]
    assert (fault["count"], fault["places"]) == (2, wanted)


def test_a_bulk_file_says_how_many_figures_lack_something(check: Check) -> None:
    layout = BULK.replace('flow = "X"\n', "").replace('role = "value" }', 'role = "value" }, ' + FLOW)
    code, said = check("国家,year,value,flow\n中国,2019,1,X\n中国,2020,2,?\n中国,2021,3,?\n", layout)
    assert code == 1
    assert "the layout gives no flow for this figure" in said["said"]
    assert "The same holds for 1 more figures" in said["said"]


FLOW = '{ header = "flow", role = "key", column = "flow", map = { X = "X", "?" = { note = "which flow?" } } }'


# --- messages ---------------------------------------------------------------------------------------------------------

SHEETS = CELLS.replace("t.*", "t.xlsx").replace("files", 'sheets = ["/S\\\\d?/"]\nfiles')


@pytest.fixture
def check_book(check: Check, book: Callable[..., bytes]) -> Callable[..., tuple[int, dict[str, Any]]]:
    """check_book(cell of the one row, layout, change) -> as check; change takes the openpyxl workbook."""

    def run(cell: Any, layout: str = SHEETS, change: Callable[[Any], None] | None = None) -> tuple[int, dict[str, Any]]:
        content = book({"S": [["国家", "year", "value"], ["中国", "2019", cell], ["日本", "2019", 4]]})
        if change is not None:
            opened = openpyxl.load_workbook(io.BytesIO(content))
            change(opened)
            opened.save(saved := io.BytesIO())
            content = saved.getvalue()
        return check(content, layout, "t.xlsx")

    return run


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_a_sheet_that_nobody_sees_is_called_hidden(check_book: Check, state: str) -> None:
    def hide(opened: Any) -> None:
        sheet = opened.create_sheet("Secret")
        sheet["A1"], sheet.sheet_state = "boo", state

    code, said = check_book(1, change=hide)
    assert (code, [fault["problem"] for fault in said["faults"]]) == (
        1, ["a hidden sheet that the layout does not account for"],
    )  # fmt: skip


def test_a_formula_without_a_result_is_no_blank(check_book: Check) -> None:
    def calculate(opened: Any) -> None:
        opened["S"]["C2"] = "=1+1"

    code, said = check_book(1, change=calculate)
    (fault,) = said["faults"]
    assert (code, fault["problem"], fault["suggestion"]) == (1, "a formula whose result was never stored", "")
    assert "save it" in fault["remedy"]
    code, said = check_book(1, SHEETS + '[blanks]\n"#FORMULA" = "O"\n', calculate)
    assert code == 2 and "blanks '#FORMULA': a formula whose result was never stored is no blank" in said["said"]


def test_a_label_that_is_a_formula_without_a_result_is_no_label(check_book: Check) -> None:
    layout = SHEETS.replace("[constants]", '[fallback_schemes]\ngeo = "OWN"\n[constants]')
    code, said = check_book(1, layout, lambda opened: opened["S"].__setitem__("A2", '="中"&"国"'))
    assert code == 1 and "never stored" in said["faults"][0]["problem"]


@pytest.mark.parametrize(
    ("cell", "suggestion"),
    [
        ("(123)", "parentheses_negative = true"),
        ("1.234,5", 'decimal_mark = ","\nthousands_mark = "."'),
        ("1 234", 'thousands_mark = " "'),
        ("1\u00a0234", 'thousands_mark = " "'),
        ("12.5%", "percent_sign = true  # of the column, where each of its figures has one"),
        ("12p", '[marks]\n"p" = ""  # at figures: a status (P, E ...), or "" for a footnote'),
    ],
)
def test_a_figure_of_another_style_is_no_blank(check_book: Check, cell: str, suggestion: str) -> None:
    code, said = check_book(cell)
    (fault,) = said["faults"]
    assert (code, fault["suggestion"]) == (1, suggestion)


def test_a_merged_cell_of_figures_is_called_so(check_book: Check) -> None:
    code, said = check_book(1, change=lambda opened: opened["S"].merge_cells("C2:C3"))
    (fault,) = said["faults"]
    assert (code, fault["problem"]) == (1, "an empty cell, merged with the one in row 2, column 3")
    assert fault["places"] == {"1": ["S!C3"]}


def test_a_rule_that_forms_share_is_idle_only_where_it_fits_nothing_in_any_of_them(check: Check) -> None:
    layout = (
        CELLS.split("columns =")[0]
        + """
header.contains = ["国家"]
constants = { partner = "W", flow = "X", item = "EBOPS2010:S", measure = "value", unit = "USD", unit_mult = 6, price = "current" }
rules = [ { when = { period = "/.*Q.*/" }, then = { obs_status = "P" } }, { when = { geo = "DEU" }, then = { obs_status = "E" } } ]
rows = [ { text = "Sum", role = "ignore", reason = "a sum" }, { text = "Smu", role = "ignore", reason = "a misspelt sum" } ]
[[tables]]
title = "Years"
columns = [ { header = "国家", role = "key", column = "geo" }, { header = '/(?P<year>\\d{4})/', role = "value" } ]
[[tables]]
title = "Quarters"
columns = [ { header = "国家", role = "key", column = "geo" }, { header = '/(?P<period>\\d{4} Q\\d)/', role = "value" } ]
"""  # noqa: E501
    )
    code, said = check("Years,\n国家,2019\n中国,1\nSum,1\nQuarters,\n国家,2019 Q1\n中国,1\n", layout)
    assert code == 0, said
    (idle,) = [notice for notice in said["notices"] if "nothing fits" in notice]
    assert idle == "t.csv.toml: declared, but nothing fits: rows 'Smu'; rules[2] when {'geo': 'DEU'}"


# --- SDMX messages ----------------------------------------------------------------------------------------------------

# Exports of services of China in two years, the second not available, as the two forms of message that are no table.
MESSAGE_LAYOUT = """
files = ["m.xml", "m.json"]
columns = [ { header = "REF_AREA", role = "key", column = "geo", parse = "iso2" },
            { header = "TIME_PERIOD", role = "key", column = "period" }, { header = "OBS_VALUE", role = "value" },
            { header = "OBS_STATUS", role = "status" } ]
[header]
contains = ["REF_AREA", "OBS_VALUE"]
[blanks]
"" = "O"
[constants]
partner = "W"
flow = "X"
item = "EBOPS2010:S"
measure = "value"
unit = "USD"
unit_mult = 6
price = "current"
"""
XML_MESSAGE = """<?xml version="1.0" encoding="UTF-8"?>
<mes:StructureSpecificData xmlns:mes="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message"
  xmlns:com="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/common">
 <mes:Header><mes:ID>M</mes:ID><mes:Structure structureID="S" dimensionAtObservation="TIME_PERIOD">
  <com:StructureUsage><Ref agencyID="OECD.SDD" id="DF_BOP" version="1.0"/></com:StructureUsage></mes:Structure>
 </mes:Header>
 <mes:DataSet action="Replace" structureRef="S"><Series REF_AREA="CN">
  <Obs TIME_PERIOD="2020" OBS_VALUE="12.50" OBS_STATUS="A"/><Obs TIME_PERIOD="2021" OBS_STATUS="M"/>
 </Series></mes:DataSet>
</mes:StructureSpecificData>"""
JSON_MESSAGE = """{"meta": {"id": "M"}, "data": {"structures": [{"dataSets": [0],
 "dimensions": {"series": [{"id": "REF_AREA", "values": [{"id": "CN"}]}],
                "observation": [{"id": "TIME_PERIOD", "values": [{"value": "2020"}, {"value": "2021"}]}]},
 "measures": {"observation": [{"id": "OBS_VALUE"}]},
 "attributes": {"observation": [{"id": "OBS_STATUS", "values": [{"id": "A"}, {"id": "M"}]}]}}],
 "dataSets": [{"structure": 0, "series": {"0": {"observations": {"0": [12.50, 0], "1": [null, 1]}}}}]}}"""
MESSAGES = pytest.mark.parametrize(
    ("content", "name"), [(XML_MESSAGE, "m.xml"), (JSON_MESSAGE, "m.json")], ids=["xml", "json"]
)


@MESSAGES
def test_a_message_is_read_as_a_run_reads_it(check: Check, content: str, name: str) -> None:
    code, said = check(content, MESSAGE_LAYOUT, name)
    assert (code, said["passes"], said["whole"]) == (0, True, True), said
    (table,) = said["tables"]
    assert (table["observations"], table["statuses"]) == (2, {"A": 1, "M": 1})
    first = said["preview"][0]
    assert (first["printed"], first["period"], first["locator"]) == ("12.50", "2020", f"{name}!R2C3")


@MESSAGES
@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (("CN", "XY"), "no code of the scheme iso2"),
        (("12.50", '"12,5"'), "text where a figure belongs"),
        (("2021", "next"), "period"),
    ],
    ids=["place", "figure", "period"],
)
def test_the_faults_of_a_message_are_listed(
    check: Check, content: str, name: str, spoil: tuple[str, str], problem: str
) -> None:
    old, new = spoil
    code, said = check(content.replace(old, new.strip('"') if name == "m.xml" else new), MESSAGE_LAYOUT, name)
    assert (code, len(said["faults"])) == (1, 1) and problem in said["faults"][0]["problem"], said


@MESSAGES
def test_a_message_that_is_cut_off_is_no_message(check: Check, content: str, name: str) -> None:
    code, said = check(content[:-30], MESSAGE_LAYOUT, name)
    assert code == 2 and name in said["said"] and "What to do" in said["said"]


def test_a_message_is_checked_but_no_layout_is_drafted_for_it(tmp_path: Path) -> None:
    path = tmp_path / "m.xml"
    path.write_text(XML_MESSAGE, encoding="utf-8")
    said = runner.invoke(app, ["layout", str(path)])
    assert said.exit_code == 2 and "--check" in said.output and "docs/sdmx.md" in " ".join(said.output.split())
