"""A table that shows one indicator under several definitions: rows, differences, reasons, and what is refused."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from decimal import Decimal

import duckdb
import pytest
from python_calamine import CalamineWorkbook

from transforms.errors import InputError
from transforms.export import Table, build_table, render_csv, render_markdown, render_workbook
from transforms.tables import load_specs, parse_spec

REPORT = "guangzhou_digital_trade_report"


@pytest.fixture(scope="module")
def con(published: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """The published database of a run on the bundled data."""
    return published


@pytest.fixture(scope="module")
def tianhe(con: duckdb.DuckDBPyConnection) -> Table:
    return next(build_table(con, spec, "en") for spec in load_specs() if spec.name == "definitions_tianhe")


MATRIX = """
short = { zh = "倍数", en = "Multiples" }
title = { zh = "倍数", en = "Multiples" }
dataset = "guangzhou_digital_trade_report"
form = "matrix"
select = { indicator = "multiple" }
[[rows]]
by = ["geo", "item"]
[[columns]]
by = ["base_period", "period"]
"""
DEFINITIONS = """
form = "definitions"
short = { zh = "定义", en = "Definitions" }
title = { zh = "定义对比", en = "Definitions" }
definitions = ["unctad", "handbook2023"]
[select]
indicator = "total_trade"
geo = "CN-440106"
period = ["2020", "2021"]
[[rows]]
by = ["period"]
"""


def test_a_table_shows_one_indicator_under_several_definitions(tianhe: Table) -> None:
    """Tianhe, all flows: SI and SJ are printed, S is 14.03: the six are at least SI + SJ, and at most what is left."""
    table = tianhe
    grid, names = table.grid, [row[1].split(":")[0] for row in table.rows]
    assert names == ["dds6", "handbook2023", "unctad"] * 3
    base, other = grid[(0, 0)], grid[(1, 0)]
    assert other.codes["definition"] == "handbook2023" and base.codes["definition"] == "dds6"
    assert base.computed_lower is not None and base.computed_upper is not None
    difference = grid[(1, 1)]
    assert (difference.computed_lower, difference.computed_upper) == (
        other.computed_lower - base.computed_upper,
        0,  # handbook2023 lies in dds6
    )
    assert difference.unit == "percentage points" and base.unit == "%"
    assert "dds6 counts SJ32" in difference.note and "which handbook2023 does not" in difference.note
    assert grid[(0, 1)].computed_lower is None and grid[(0, 1)].note == "the definition that the others are set against"
    assert table.counts_line == "" and ("guangzhou_digital_trade_report", "2022") in table.editions


def test_the_files_of_such_a_table_hold_values_ranges_differences_and_why(tianhe: Table) -> None:
    table = tianhe
    lines = [line for line in render_markdown(table).decode().splitlines() if line.startswith("| ")]
    assert len({line.count(" | ") for line in lines}) == 1
    assert "Difference from dds6" in lines[0] and "Why they differ" in lines[0]
    assert "| 56.26–84.37 |  | -28.11 … 0.00 |" in lines[3]
    rows = list(csv.DictReader(io.StringIO(render_csv(table).decode("utf-8-sig"))))
    assert {row["Definition"] for row in rows} == {"dds6", "handbook2023", "unctad"}
    assert {row["Indicator"] for row in rows} == {"dds_share"}
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(render_workbook([table], "en", []))).get_sheet_by_index(1)
    body = [row for row in sheet.to_python() if str(row[1]).startswith("handbook2023")]
    assert body[0][3:5] == pytest.approx([56.2556255625, 84.3684368437])
    assert body[0][6:8] == pytest.approx([-28.1128112811, 0], abs=1e-6)
    assert body[0][8] == "O" and "which handbook2023 does not" in body[0][9]


def test_a_definition_without_a_figure_has_its_row_and_says_so(con: duckdb.DuckDBPyConnection) -> None:
    table = build_table(con, parse_spec("d", DEFINITIONS.replace('"unctad", ', '"bea_dds_2016", '), "d.toml"), "en")
    row = next(n for n, labels in enumerate(table.rows) if labels[0] == "2021" and "bea" in labels[1])
    value, difference = table.grid[(row, 0)], table.grid[(row, 1)]
    assert value.computed_value is None and value.computed_status == "O"
    assert difference.note.startswith("nothing is published or computed under it; dds6 counts SK")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"unctad", ', '"unctd", ', "there is no 'unctd' in the list definitions; nearest: unctad"),
        ('geo = "CN-440106"', 'geo = "Tianhhe"', "there is no 'Tianhhe' in the list geographies; nearest: CN-440106"),
        ('by = ["period"]', 'label = { zh = "甲", en = "A" }', "selects 2 figures under the definition dds6"),
        ('indicator = "total_trade"\n', "", "selects one indicator"),
        ('form = "definitions"', 'form = "definitions"\nagainst = "unctd"', "no 'unctd' in the list definitions"),
        ('form = "definitions"', 'form = "definitions"\nagainst = 6', "against has the wrong type"),
        ("[[rows]]", '[[columns]]\nby = ["flow"]\n[[rows]]', "unknown key"),
        ('form = "definitions"', 'form = "matrix"\ndataset = "x"', "unknown key"),
        ('"2021"]', '"banana"]', "'banana' is no period, which is written like 2020"),
        ('geo = "CN-440106"', 'geo = "CN-440106"\nflow = "EXP"', "no 'EXP' in the list flows; .*select: flow"),
        ('geo = "CN-440106"', 'geo = "CN-440106"\ncurrency = "USB"', "no 'USB' in the list units; nearest: USD"),
        (
            'by = ["period"]',
            'by = ["period"]\nselect = { item = "DEF:dds7" }',
            "nearest: DEF:dds6 .*rows, entry 1: item",
        ),
        ('by = ["period"]', 'by = ["period"]\nselect = { reference = "NATIO" }', "nearest: NATION"),
        ('by = ["period"]', 'by = ["period"]\nselect = { indicator = "dds_shar" }', "nearest: dds_share"),
        (
            'by = ["period"]',
            'by = ["period"]\nselect = { indicator = ["a", "b"] }',
            "selects one indicator, or has it in",
        ),
        ('by = ["period"]', 'by = ["period"]\nselect = { period = "2021" }', "one key twice"),
        ('by = ["period"]', 'by = ["period"]\nselect = { partner = "W" }', "cannot select by partner: leave it out"),
        ('by = ["period"]', 'by = ["definition"]', "cannot select by definition: say against and definitions"),
        ('geo = "CN-440106"\n', "", "selects one indicator, and the places"),
    ],
)
def test_a_table_of_definitions_that_cannot_be_made_is_refused(
    con: duckdb.DuckDBPyConnection, old: str, new: str, problem: str
) -> None:
    assert old in DEFINITIONS
    with pytest.raises(InputError, match=problem):
        build_table(con, parse_spec("d", DEFINITIONS.replace(old, new, 1), "d.toml"), "en")


OWN_ROWS = """
form = "definitions"
short = { zh = "行", en = "Rows" }
title = { zh = "各行", en = "Rows" }
dataset = "guangzhou_digital_trade_report"
definitions = ["unctad"]
[select]
indicator = "dds_share"
geo = "CN-440106"
flow = "X"
[[rows]]
label = { zh = "比重", en = "Share" }
select = { period = "2021" }
[[rows]]
label = { zh = "总额", en = "Total" }
select = { indicator = "total_trade", period = "2021", flow = "T" }
[[rows]]
label = { zh = "早年", en = "Earlier" }
select = { period = "2019" }
[[rows]]
label = { zh = "将来", en = "Later" }
select = { period = "2099" }
"""


def test_a_row_has_its_own_indicator_and_one_without_a_figure_stays(con: duckdb.DuckDBPyConnection) -> None:
    table = build_table(con, parse_spec("own", OWN_ROWS, "own.toml"), "en")
    shown = [(labels[0], labels[1].split(":")[0]) for labels in table.rows]
    assert shown == [
        ("Share (%)", "dds6"),
        ("Share (%)", "unctad"),
        ("Total (hundred million USD)", "dds6"),
        ("Total (hundred million USD)", "unctad"),
        ("Earlier", ""),
        ("Later", ""),
    ]
    # SI 9.38 and SJ 4.44 are printed: the six are at least 13.82
    total = table.grid[(2, 0)]
    assert total.codes["indicator"] == "total_trade" and (total.computed_lower or 0) > Decimal("13.8")
    assert table.columns[0] == "Value"  # two indicators: neither title stands over the column
    for row, period in ((4, "2019"), (5, "2099")):
        value, why = table.grid[(row, 0)], table.grid[(row, 1)].note
        assert value.is_empty and (value.computed_status, value.codes["period"]) == ("O", period)
        assert why.startswith("nothing is published or computed under any of the definitions for: Share of")
        assert period in why and "of other periods there are 2021" in why
    assert "Earlier" in render_markdown(table).decode() and b"Later" in render_csv(table)
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(render_workbook([table], "en", []))).get_sheet_by_index(1)
    assert any(row[0] == "Later" and "of other periods there are 2021" in str(row) for row in sheet.to_python())
    assert "各定义下均无" in render_markdown(build_table(con, parse_spec("own", OWN_ROWS, "own.toml"), "zh")).decode()


def test_a_table_all_of_whose_rows_are_empty_says_so(con: duckdb.DuckDBPyConnection) -> None:
    text = OWN_ROWS.replace('"2021"', '"2018"')
    table = build_table(con, parse_spec("own", text.replace('geo = "CN-440106"', 'geo = "ISL"'), "own.toml"), "en")
    assert len(table.rows) == 4 and "Nothing of what the table selects" in table.notes[-1]
    assert "of other periods" not in table.grid[(0, 1)].note


def test_the_difference_of_the_base_has_no_status_and_no_column_of_notes_is_empty(
    con: duckdb.DuckDBPyConnection,
) -> None:
    text = OWN_ROWS.replace('geo = "CN-440106"', 'geo = "CHN"').replace(REPORT, "unctad_digitally_deliverable")
    table = build_table(con, parse_spec("own", text.replace('"unctad"]', '"handbook2023"]'), "own.toml"), "en")
    rows = list(csv.DictReader(io.StringIO(render_csv(table).decode("utf-8-sig"))))
    base = [row for row in rows if row["Definition"] == "dds6" and row["Column"].startswith("Difference")]
    assert base and {(row["Computed"], row["Status of computed"]) for row in base} == {("", "")}
    table = replace(table, cells=tuple(replace(c, note="") if c.column == 0 else c for c in table.cells))
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(render_workbook([table], "en", []))).get_sheet_by_index(1)
    heads = next(row for row in sheet.to_python() if "Why they differ" in row)
    assert "Note" not in heads and "| Note |" not in render_markdown(table).decode()


@pytest.mark.parametrize("form", ["matrix", "definitions"])
def test_an_edition_that_is_not_there_is_said_with_the_nearest(con: duckdb.DuckDBPyConnection, form: str) -> None:
    text = OWN_ROWS if form == "definitions" else MATRIX
    lost = build_table(con, parse_spec("l", text.replace(REPORT, REPORT + "s"), "l.toml"), "en")
    assert lost.cells == () and f"nearest: {REPORT}" in lost.notes[-1]
    other = (
        text.replace("[select]", 'vintage = "2023"\n[select]') if form == "definitions" else 'vintage = "2023"' + text
    )
    table = build_table(con, parse_spec("l", other, "l.toml"), "en")
    assert table.cells == () and table.notes[-1].startswith(
        f"Of the dataset {REPORT} there is no edition 2023, but 2022"
    )
    for shown in (lost, table):
        assert render_markdown(shown) and render_csv(shown) and render_workbook([shown], "en", [])


def test_a_table_of_definitions_with_nothing_to_show_says_so(con: duckdb.DuckDBPyConnection) -> None:
    spec = parse_spec("d", DEFINITIONS.replace('["2020", "2021"]', '"2030"'), "d.toml")
    table = build_table(con, spec, "en")
    assert table.cells == () and "Nothing of what the table selects" in table.notes[-1]
    assert render_markdown(table) and render_workbook([table], "en", [])
