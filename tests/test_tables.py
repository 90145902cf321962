"""The tables for report authors: what they hold, how cells are marked, and what the files look like."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from python_calamine import CalamineWorkbook

from transforms.codelists import load_codelist
from transforms.errors import InputError
from transforms.export import Cell, Table, build_table, render_csv, render_markdown, render_workbook, write_tables
from transforms.export.as_csv import COLUMNS, neutralise, plain
from transforms.export.labels import Labels, round_half_up
from transforms.tables import load_specs, parse_spec

DATA = Path(__file__).resolve().parent.parent / "data"
SPECS = {spec.name: spec for spec in load_specs()}
REPORT = "guangzhou_digital_trade_report"


@pytest.fixture(scope="session")
def con(published: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """The published database of a run on the bundled data."""
    return published


@pytest.fixture(scope="session")
def tables(con: duckdb.DuckDBPyConnection) -> dict[str, Table]:
    return {name: build_table(con, spec, "en") for name, spec in SPECS.items()}


@pytest.fixture(scope="session")
def folder(con: duckdb.DuckDBPyConnection, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exports")
    write_tables(con, folder)
    return folder


def cell_at(table: Table, locator: str) -> Cell:
    found = [cell for cell in table.cells if cell.locator.endswith("/" + locator) and cell.origin == "printed"]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        # equal, within rounding, contradictory, not computable, not comparable
        ("table_1", (2, 0, 1, 6, 0)),
        ("table_2", (0, 0, 0, 12, 0)),
        ("table_tianhe", (2, 4, 1, 20, 0)),
        ("figure_1", (1, 0, 0, 8, 2)),
        ("figure_7", (0, 0, 0, 6, 1)),
    ],
)
def test_counts(tables: dict[str, Table], name: str, counts: tuple[int, ...]) -> None:
    assert tuple(tables[name].counts.values()) == counts


def test_order_of_tables() -> None:
    assert list(SPECS) == ["table_1", "table_2", "table_tianhe", "figure_1", "figure_7", "definitions_tianhe"]


def test_share_of_the_total_outside_the_shares_of_the_flows(tables: dict[str, Table]) -> None:
    table = tables["table_1"]
    cell = cell_at(table, "table_1.csv!R3C2")
    assert (table.rows[cell.row], table.columns[cell.column]) == (("2018",), "Exports and imports together")
    assert (cell.mark, cell.printed_value) == ("contradictory", Decimal(31))
    assert Decimal("24.5") <= (cell.computed_lower or 0) and (cell.computed_upper or 99) == Decimal("27.5")
    # 2020: 38 lies between 26 and 50, which proves nothing; with the balance and the total it is computed
    implied = cell_at(table, "table_1.csv!R5C2")
    assert (implied.mark, round_half_up(implied.computed_value or Decimal(0), 1)) == ("equal", Decimal("37.9"))
    assert implied.compared_with == "Share implied by the shares of the flows, the balance and the total"


def test_growth_in_tianhe(tables: dict[str, Table]) -> None:
    table = tables["table_tianhe"]
    ict = cell_at(table, "table_tianhe.csv!R5C4")
    assert (ict.printed, ict.mark) == ("20.73", "within_rounding")
    assert round_half_up(ict.computed_value or Decimal(0), 2) == Decimal("20.72")  # 9.38 / 7.77
    transport = cell_at(table, "table_tianhe.csv!R5C10")
    assert (transport.printed, transport.mark) == ("2.08", "contradictory")
    assert round_half_up(transport.computed_lower or Decimal(0), 1) == Decimal("51.9")
    assert round_half_up(transport.computed_upper or Decimal(0), 1) == Decimal("53.4")
    amount = cell_at(table, "table_tianhe.csv!R5C3")
    assert (amount.mark, amount.compared_with, amount.unit) == ("equal", "Exports plus imports", "hundred million USD")


def test_estimate_keeps_its_status(tables: dict[str, Table]) -> None:
    cell = cell_at(tables["table_2"], "table_2.csv!R6C4")
    assert (cell.printed, cell.printed_status, cell.mark) == ("6.31%", "E", "not_computable")
    assert "E" in dict(tables["table_2"].statuses)


def test_figure_1(tables: dict[str, Table]) -> None:
    table = tables["figure_1"]
    shares = [cell for cell in table.cells if cell.codes["measure"] == "share"]
    assert [(c.printed, c.mark, c.computed_status) for c in shares] == [
        ("4", "not_comparable", "D"),
        ("8", "not_comparable", "D"),
    ]
    assert [round_half_up(c.computed_value or Decimal(0), 2) for c in shares] == [Decimal("2.21"), Decimal("4.91")]
    assert all("another source family" in c.note for c in shares)
    increase = cell_at(table, "statements.csv!R4C8")
    assert (increase.printed, increase.mark) == ("1.6", "equal")  # 140.66 / 55.07 - 1 = 1.554
    chain = [cell for cell in table.cells if cell.origin == "implied"]
    assert [(c.mark, round_half_up(c.printed_value or Decimal(0), 3)) for c in chain] == [("equal", Decimal("2.554"))]
    assert len(table.sources) == 3  # the report, UNCTAD behind the share, digitrade


def test_average_growth_of_unstated_method(tables: dict[str, Table]) -> None:
    cell = cell_at(tables["figure_7"], "statements.csv!R47C8")
    assert (cell.printed, cell.mark) == ("7.46", "not_comparable")
    assert round_half_up(cell.computed_value or Decimal(0), 2) == Decimal("7.22")  # (31925.86 / 12027.60)^(1/14) - 1
    assert cell.note.count("not computable") == 2  # mean and log-linear


def test_without_mixed_sources_there_is_no_value(con: duckdb.DuckDBPyConnection) -> None:
    table = build_table(con, replace(SPECS["figure_1"], mixed_sources=False), "en")
    assert table.counts["not_comparable"] == 0
    assert table.counts["not_computable"] == 10


@pytest.mark.parametrize("name", ["table_1", "table_2", "table_tianhe"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_each_printed_figure_stands_once(con: duckdb.DuckDBPyConnection, folder: Path, name: str, lang: str) -> None:
    printed = con.execute(
        "SELECT dataset || '/' || vintage || '/' || locator, printed FROM observations "
        "WHERE dataset = ? AND table_id = ?",
        [REPORT, name],
    ).fetchall()
    text = (folder / lang / f"{name}.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    at, figure = COLUMNS.index("locator"), COLUMNS.index("printed")
    assert sorted((row[at], row[figure]) for row in rows[1:]) == sorted(printed)


def test_csv_bytes(folder: Path) -> None:
    content = (folder / "zh" / "table_tianhe.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf\xe8\xa1\xa8,")  # BOM, 表
    growth = next(line for line in content.decode("utf-8-sig").splitlines() if "R3C4" in line)
    assert ",-19.89,,-19.89," in growth  # a negative number is no formula
    assert "亿美元" in content.decode("utf-8-sig")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+SUM(A1)", "'+SUM(A1)"),
        ("-cmd", "'-cmd"),
        ("@x", "'@x"),
        ("＝1+1", "'＝1+1"),
        ("\t=1", "'\t=1"),
        ("-19.89", "-19.89"),
        ("+5.1%", "+5.1%"),
        ("-1,234.5", "-1,234.5"),
        ("下降39.22", "下降39.22"),
        ("", ""),
    ],
)
def test_formulas_are_neutralised(text: str, written: str) -> None:
    assert neutralise(text) == written


def test_plain_numbers() -> None:
    assert plain(Decimal("69.5000000000"), 2) == "69.50"
    assert plain(Decimal("100.0000000000"), 0) == "100"
    assert plain(Decimal("7.2218057600")) == "7.22180576"
    assert plain(None) == ""


def test_rounding_half_up() -> None:
    assert round_half_up(Decimal("2.345"), 2) == Decimal("2.35")
    assert round_half_up(Decimal("-2.345"), 2) == Decimal("-2.35")


@pytest.mark.parametrize(("lang", "label"), [("zh", "亿美元"), ("en", "hundred million USD")])
def test_units_have_words(con: duckdb.DuckDBPyConnection, lang: str, label: str) -> None:
    labels = Labels(con, lang)
    assert labels.unit("USD", 8) == label
    assert labels.unit("PERCENT", 0) == "%"
    assert labels.unit("KM2", 0) == {"zh": "平方公里", "en": "Square kilometres"}[lang]


def test_workbook_holds_numbers(folder: Path) -> None:
    book = CalamineWorkbook.from_path(folder / "digitrade_tables_en.xlsx")
    assert book.sheet_names == ["Cover", "Table 1", "Table 2", "Tianhe", "Figure 1", "Figure 7", "Tianhe, definitions"]
    rows = book.get_sheet_by_name("Table 1").to_python()
    head = next(n for n, row in enumerate(rows) if row[0] == "Year")
    at = {name: n for n, name in enumerate(rows[head])}
    first = rows[head + 1]
    assert (first[0], first[at["Printed"]]) == (2018, 31)
    assert (round(first[at["Computed, from"]], 1), first[at["Computed, to"]]) == (26.5, 27.5)
    assert (round(first[at["Computed"]]), first[at["Mark"]], first[at["Unit"]]) == (27, "contradictory", "%")
    cover = book.get_sheet_by_name("Cover").to_python()
    total = next(row for row in cover if row[0] == "Total")
    assert total[2:8] == [5, 4, 2, 52, 3, 66]


def test_workbook_keeps_full_precision(folder: Path) -> None:
    rows = CalamineWorkbook.from_path(folder / "digitrade_tables_zh.xlsx").get_sheet_by_name("图7").to_python()
    head = next(n for n, row in enumerate(rows) if row[0] == "指标")
    computed = [row[rows[head].index("计算值")] for row in rows[head + 1 :] if row[0] == "年平均增速"]
    assert computed == [pytest.approx(((31925.86 / 12027.60) ** (1 / 14) - 1) * 100, abs=1e-8)]


def test_same_data_same_bytes(con: duckdb.DuckDBPyConnection, folder: Path, tmp_path: Path) -> None:
    written = write_tables(con, tmp_path)
    assert len(written) == 2 * (2 * len(SPECS) + 1)
    for path in written:
        assert path.read_bytes() == (folder / path.relative_to(tmp_path)).read_bytes(), path.name


def test_languages_hold_the_same_cells(con: duckdb.DuckDBPyConnection, tables: dict[str, Table]) -> None:
    for name, english in tables.items():
        chinese = build_table(con, SPECS[name], "zh")
        assert [(c.locator, c.mark, c.computed_value) for c in chinese.cells] == [
            (c.locator, c.mark, c.computed_value) for c in english.cells
        ]
        shown = render_markdown(chinese).decode()
        for word in ("computed", "contradictory", "not computable", "the document", "another source"):
            assert word not in shown


def test_markdown_tables_are_even(folder: Path) -> None:
    for path in folder.glob("*/*.md"):
        block: list[int] = []
        for line in [*path.read_text(encoding="utf-8").splitlines(), ""]:
            if line.startswith("|"):
                block.append(line.replace(r"\|", "").count("|"))
            else:
                assert len(set(block)) <= 1, path.name
                block = []


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


def test_a_computed_matrix_needs_no_code(con: duckdb.DuckDBPyConnection) -> None:
    spec = parse_spec("multiples", MATRIX, "multiples.toml")
    table = build_table(con, spec, "zh")
    world = next(c for c in table.cells if c.codes["geo"] == "W")
    assert table.rows[world.row] == ("世界", "可数字化交付的服务（贸发会议口径）")
    assert (world.origin, world.mark, table.columns[world.column]) == ("computed", "", "2005 · 2019")
    assert sum(table.counts.values()) == 0  # nothing printed, nothing counted
    rows = CalamineWorkbook.from_filelike(io.BytesIO(render_workbook([table], "zh", []))).get_sheet_by_index(1)
    assert pytest.approx(31925.86 / 12027.60) in [value for row in rows.to_python() for value in row]
    assert "世界" in render_markdown(table).decode()
    assert render_csv(table).count(b"\n") == len(table.cells) + 1


def test_a_dataset_that_is_not_there_gives_an_empty_table(con: duckdb.DuckDBPyConnection) -> None:
    spec = parse_spec("lost", MATRIX.replace("guangzhou_digital_trade_report", "lost"), "lost.toml")
    table = build_table(con, spec, "en")
    assert table.cells == ()
    assert "lost" in table.notes[0]
    assert render_markdown(table)
    assert render_workbook([table], "en", [])


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('form = "matrix"', 'form = "cube"', "form is one of"),
        ('"geo", "item"', '"colour"', "not a column"),
        ('"geo", "item"', '"period"', "one key twice"),
        ("[[columns]]\n", '[[columns]]\nlabel = { zh = "a", en = "b" }\n', "either a label or by"),
        ('en = "Multiples" }\ntitle', 'en = "a/b" }\ntitle', "names a sheet"),
        ("dataset =", "data =", "unknown key"),
        ("[[rows]]", "[[rows", "not TOML"),
    ],
)
def test_unusable_specifications_are_refused(old: str, new: str, problem: str) -> None:
    assert old in MATRIX
    with pytest.raises(InputError, match=problem):
        parse_spec("t", MATRIX.replace(old, new, 1), "t.toml")


def test_a_cell_with_two_figures_is_refused(con: duckdb.DuckDBPyConnection) -> None:
    text = MATRIX.replace('indicator = "multiple"', 'measure = "value"').replace('"base_period", "period"', '"flow"')
    with pytest.raises(InputError, match="selects 4 printed figures"):
        build_table(con, parse_spec("two", text, "two.toml"), "en")


def test_a_cell_with_two_computed_values_says_what_tells_them_apart(con: duckdb.DuckDBPyConnection) -> None:
    text = MATRIX.replace("multiple", "total_trade").replace('"geo", "item"', '"geo"')
    with pytest.raises(InputError, match=r"selects 5 computed values. Found: '.*item.*definition"):
        build_table(con, parse_spec("two", text, "two.toml"), "en")


def test_two_tables_of_one_name_are_refused() -> None:
    with pytest.raises(InputError, match="two tables of one name"):
        load_specs([("table_1", MATRIX)])


def test_every_note_that_the_sql_can_write_has_words_in_both_languages() -> None:
    """The notes of indicators and comparisons are English text; words.csv has a template for each of them."""
    folder = Path(__file__).resolve().parents[1] / "transforms" / "indicators"
    literals = {
        text.strip(" (;:)")
        for path in sorted(folder.rglob("*.sql"))
        for text in re.findall(r"'([A-Za-z ]*[a-z]+ [a-z]+ [a-z ]+[^'\n]*)'", path.read_text(encoding="utf-8"))
    }
    templates = " | ".join(row["label_en"] for row in load_codelist("words").rows if row["code"].startswith("NOTE."))
    assert len(literals) > 10
    assert {text for text in literals if text and text not in templates} == set()


NOTES = [row for row in load_codelist("words").rows if row["code"].startswith("NOTE.")]


@pytest.mark.parametrize("row", NOTES, ids=[row["code"] for row in NOTES])
def test_a_note_is_told_by_its_own_template(con: duckdb.DuckDBPyConnection, row: dict[str, str]) -> None:
    """A template that is nearly all places ("the {measure} is {number}") must not catch the notes of others."""
    names = re.findall(r"\{(\w+)\}", row["label_en"])
    values = {name: f"value{n}" for n, name in enumerate(names)}
    assert Labels(con, "zh").note(row["label_en"].format(**values)) == row["label_zh"].format(**values)


def test_the_cover_counts_no_cells_of_a_table_that_prints_none(folder: Path) -> None:
    cover = CalamineWorkbook.from_path(folder / "digitrade_tables_en.xlsx").get_sheet_by_name("Cover").to_python()
    assert next(row for row in cover if row[0] == "Tianhe, definitions")[2:8] == [""] * 6
    assert next(row for row in cover if row[0] == "Table 2")[2:8] == [0, 0, 0, 12, 0, 12]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('indicator = "multiple"', 'indicator = "multipel"', "no 'multipel' in the list indicators; nearest: multiple"),
        (
            'indicator = "multiple"',
            'measure = "value", table_id = "tabel_1"',
            "no table_id 'tabel_1'; there are .*table_1",
        ),
        ('indicator = "multiple"', 'rule = "chian", table_id = "table_1"', "no rule 'chian'; there are .*chain"),
        (
            'by = ["geo", "item"]',
            'label = { zh = "a", en = "b" }\nselect = { base_period = "05" }',
            "'05' is no period",
        ),
    ],
)
def test_a_code_that_no_list_has_is_refused_in_every_form(
    con: duckdb.DuckDBPyConnection, old: str, new: str, problem: str
) -> None:
    text = MATRIX.replace('"base_period", "period"', '"period"')
    assert old in text
    with pytest.raises(InputError, match=problem):
        build_table(con, parse_spec("t", text.replace(old, new, 1), "t.toml"), "en")


@pytest.mark.parametrize("form", ["matrix", "checks"])
def test_rows_and_columns_without_a_figure_are_named(con: duckdb.DuckDBPyConnection, form: str) -> None:
    text = (
        MATRIX.replace('"matrix"', f'"{form}"')
        + '[[rows]]\nlabel = { zh = "无", en = "None" }\nselect = { geo = "ISL" }\n'
        + '[[rows]]\nby = ["flow"]\nselect = { geo = "NOR" }\n'
    )
    notes = build_table(con, parse_spec("n", text, "n.toml"), "en").notes
    assert "Rows without a figure: None" in notes
    assert "Nothing is found for the rows or columns by: Flow" in notes


def test_a_matrix_in_the_workbook_shows_the_range_of_what_has_no_value(con: duckdb.DuckDBPyConnection) -> None:
    text = (
        MATRIX.replace('indicator = "multiple"', 'indicator = "dds_share", definition = "dds6", geo = "CN-440106"')
        .replace('by = ["geo", "item"]', 'by = ["flow"]')
        .replace('by = ["base_period", "period"]', 'by = ["period"]')
    )
    table = build_table(con, parse_spec("m", text, "m.toml"), "en")
    rows = CalamineWorkbook.from_filelike(io.BytesIO(render_workbook([table], "en", []))).get_sheet_by_index(1)
    assert "82.93–84.37" in [value for row in rows.to_python() for value in row]
