"""digitrade trace: from a number back to the cell; what is refused; and what is said when a raw file has changed."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import Result
from test_incremental import write_edition
from typer.testing import CliRunner

from flows import pipeline
from flows.cli import app
from flows.reread import check_trail
from transforms.errors import InputError
from transforms.trace import parse_cell

Call = Callable[..., Result]
STATEMENTS = "guangzhou_digital_trade_report/2022/statements.csv"


def call(data: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["trace", *words, "--data-dir", str(data)], env={"COLUMNS": "200"})


@pytest.fixture
def spoiled(clean_run: Path, tmp_path: Path) -> Path:
    return shutil.copytree(clean_run, tmp_path / "data")


def tell(data: Path, *words: str) -> dict[str, Any]:
    done = call(data, *words, "--json")
    assert done.exit_code == 0, done.output
    told: dict[str, Any] = json.loads(done.stdout)
    return told


SHARE = ("--indicator", "city_share", "--geo", "Guangzhou", "--period", "2020", "--mixed-sources")


def test_a_share_is_traced_to_numerator_and_denominator(clean_run: Path) -> None:
    """4.913 %: 140.66 hundred million USD of the report over 151509 + 134792 million of UNCTAD, each from its cell."""
    told = tell(clean_run, *SHARE)
    target = told["target"]
    assert round(float(target["value"]), 4) == round(100 * 14066 / (151509 + 134792), 4)
    assert (target["obs_status"], target["key"]["geo"], target["key"]["reference"]) == ("D", "CN-440100", "NATION")
    assert told["made"]["card"]["formula"] == "100 * x_place / x_nation"
    assert [item["item"][-2:] for item in told["made"]["definition"]["items"]] == ["SF", "SG", "SH", "SI", "SJ", "SK"]
    cells = {cell["cell"]: (cell["printed"], cell["text"], cell["check"]["state"]) for cell in told["cells"]}
    unctad = "unctad_digitally_deliverable/2025-12-18/digitally_deliverable.csv"
    assert cells == {
        f"{STATEMENTS}!R3C8": ("140.66", "140.66", "verified"),
        STATEMENTS.replace(".csv", "_preface.csv!R3C8"): ("140.66", "140.66", "verified"),
        f"{unctad}!R40C7": ("151509.0", "151509.0", "verified"),
        f"{unctad}!R54C7": ("134792.0", "134792.0", "verified"),
    }
    assert told["verified"] is True
    for file in told["files"]:
        path = clean_run / "raw" / file["dataset"] / file["vintage"] / file["file"]
        assert file["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    unctad_edition = next(row for row in told["editions"] if row["dataset"].startswith("unctad"))
    assert unctad_edition["accessed"] == "2025-12-18" and unctad_edition["url"].startswith("https://")


@pytest.mark.parametrize(
    ("lang", "words"),
    [("en", ["Share of the nation", "Formula: 100 * x_place / x_nation", "row 3, column 8", "UNCTAD", "verified"]),
     ("zh", ["占全国比重", "公式: 100 * x_该地 / x_全国", "第 3 行第 8 列", "联合国贸易和发展会议", "已核实"])],
)  # fmt: skip
def test_the_tree_says_it_in_the_language_asked_for(clean_run: Path, lang: str, words: list[str]) -> None:
    shown = call(clean_run, *SHARE, "--lang", lang)
    assert shown.exit_code == 0
    assert [word for word in words if word not in shown.stdout] == []


def test_a_name_in_either_language_or_a_code_means_the_same(clean_run: Path) -> None:
    said = [
        ("--indicator", "占全国比重", "--geo", "广州市", "--period", "2020", "--mixed-sources"),
        ("--indicator", "Share of the nation", "--geo", "CN-440100", "--period", "2020", "--mixed-sources"),
    ]
    assert [tell(clean_run, *words)["target"] for words in said] == [tell(clean_run, *SHARE)["target"]] * 2


def test_what_is_withheld_says_how_to_ask_for_it(clean_run: Path) -> None:
    shown = call(clean_run, *SHARE[:-1])
    assert shown.exit_code == 0 and "withheld; ask with --mixed-sources" in shown.stdout


def test_several_that_fit_are_listed_with_what_tells_them_apart(clean_run: Path) -> None:
    words = ("--indicator", "growth", "--geo", "CHN", "--period", "2020")
    shown = call(clean_run, *words)
    assert shown.exit_code == 2 and "flow M" in shown.stderr and "Choose with: --flow" in shown.stderr
    done = call(clean_run, *words, "--json")
    told = json.loads(done.stdout)
    assert done.exit_code == 2 and told["differ"] == {"flow": ["M", "T", "X"]} and len(told["matches"]) == 3
    assert tell(clean_run, *words, "--flow", "exports")["target"]["key"]["flow"] == "X"


@pytest.mark.parametrize(
    ("words", "said"),
    [(("--indicator", "city_shar"), "nearest: city_share"),
     (("--indicator", "growth", "--geo", "Gungzhou"), "CN-440100 (Guangzhou)"),
     (("--indicator", "city_share", "--geo", "Guangzhou", "--period", "2019"), "another period there is: 2018, 2020"),
     (("--table", "figur_1"), "nearest: figure_1"),
     (("--table", "figure_1", "--row", "Digital trade, grwth"), "nearest: Digital trade, growth"),
     (("--table", "figure_1.csv!R99"), "use R2 to R"),
     ((f"{STATEMENTS}!R3C9",), "statements.csv!R3C8"),
     (("guangzhou_digital_trade_report/2021/statements.csv!R3C8",), "nearest: guangzhou_digital_trade_report/2022"),
     (("statements.csv",), "this names no cell"),
     ((), "nothing is named"),
     (("--row", "2"), "several ways"),
     ((f"{STATEMENTS}!R3C8", "--table", "figure_1"), "several ways")],
)  # fmt: skip
def test_what_is_not_there_is_refused_in_one_sentence(clean_run: Path, words: tuple[str, ...], said: str) -> None:
    done = call(clean_run, *words)
    assert done.exit_code == 2 and said in done.stderr and len(done.stderr.strip().splitlines()) == 1


def test_a_cell_says_what_was_computed_from_it(clean_run: Path) -> None:
    told = tell(clean_run, f"{STATEMENTS}!R2C8")
    assert told["target"]["printed"] == "55.07" and "total_trade" in told["target"]["used_by"]["indicators"]
    (figure,) = told["cells"][0]["figures"]
    assert (figure["value"], figure["lower"], figure["upper"], figure["unit_mult"]) == ("55.07", "55.065", "55.075", 8)
    bare = tell(clean_run, "table_tianhe.csv!R5C10")
    assert [(row["rule"], row["verdict"]) for row in bare["target"]["compared"]] == [("growth", "contradictory")]


def test_a_rank_that_a_place_in_the_table_stands_for_is_verified_by_its_layout(clean_run: Path) -> None:
    told = tell(clean_run, "table_tianhe.csv!R4C8")
    (cell,) = told["cells"]
    assert (cell["printed"], cell["text"]) == ("3", "运输")
    assert cell["check"] == {"state": "verified", "found": "运输", "by": "layout"}


def test_a_table_cell_is_found_by_labels_numbers_and_its_line_in_the_csv(clean_run: Path) -> None:
    by_label = tell(clean_run, "--table", "figure_1", "--row", "Digital trade, growth", "--column", "2020")
    assert by_label["target"]["printed"] == "49.7" and by_label["cells"][0]["check"]["state"] == "verified"
    by_number = tell(clean_run, "--table", "figure_1", "--row", "2", "--column", "3")
    assert by_number == by_label
    text = (clean_run / "curated/exports/tables/en/figure_1.csv").read_text(encoding="utf-8-sig")
    line = next(n for n, row in enumerate(text.splitlines(), 1) if ",49.7," in row)
    assert tell(clean_run, "--table", f"figure_1.csv!R{line}C14") == by_label


def test_every_cell_of_every_table_leads_to_the_cells_that_its_csv_names(clean_run: Path) -> None:
    with_cells = 0
    for path in sorted((clean_run / "curated/exports/tables/en").glob("*.csv")):
        rows = list(csv.DictReader(path.open(encoding="utf-8-sig", newline="")))
        for line in (2, (len(rows) + 2) // 2, len(rows) + 1):
            told, row = tell(clean_run, "--table", f"{path.name}!R{line}"), rows[line - 2]
            named = {parse_cell(text).name for text in filter(None, row["Cells it rests on"].split(" | "))}
            named |= {row["Cell in the source"]} - {""}
            assert {cell["cell"] for cell in told["cells"]} == named and told["verified"], (path.name, line)
            with_cells += bool(named)
    assert with_cells >= 12


def test_every_input_of_every_indicator_names_a_cell_that_was_read(clean_run: Path) -> None:
    with duckdb.connect(str(clean_run / "curated/digitrade.duckdb"), read_only=True) as con:
        inputs = con.execute("SELECT DISTINCT unnest(inputs) FROM indicators").fetchall()
        read = set(con.execute("SELECT dataset, vintage, locator, printed FROM observations").fetchall())
    assert len(inputs) > 300
    for (text,) in inputs:
        cell = parse_cell(text)
        assert (cell.dataset, cell.vintage, cell.locator, cell.printed) in read


def test_a_changed_cell_and_a_changed_file_are_named(spoiled: Path) -> None:
    path = spoiled / "raw" / STATEMENTS
    path.write_bytes(path.read_bytes().replace(b"140.66", b"140.67"))
    done = call(spoiled, *SHARE)
    assert done.exit_code == 1 and "DIFFERS" in done.stdout
    told = json.loads(call(spoiled, *SHARE, "--json").stdout)
    states = {file["file"]: file["check"]["state"] for file in told["files"]}
    assert told["verified"] is False
    assert states == {"statements.csv": "differs", "statements_preface.csv": "verified",
                      "digitally_deliverable.csv": "verified"}  # fmt: skip


def test_a_cell_that_no_longer_says_what_was_printed_is_named(spoiled: Path) -> None:
    """The published database says another text than the file with the published hash: a fault of ours would look so."""
    with duckdb.connect(str(spoiled / "curated/digitrade.duckdb")) as con:
        con.execute("UPDATE store.observations SET printed = '141' WHERE locator = 'statements.csv!R3C8'")
    told = json.loads(call(spoiled, f"{STATEMENTS}!R3C8", "--json").stdout)
    assert told["cells"][0]["check"] == {"state": "differs", "found": "140.66"}


def test_a_missing_file_and_a_missing_layout_are_said(spoiled: Path) -> None:
    (spoiled / "raw" / STATEMENTS).unlink()
    done = call(spoiled, f"{STATEMENTS}!R3C8")
    assert done.exit_code == 1 and "the file cannot be read" in done.stdout


def test_without_a_database_there_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    done = call(tmp_path, "statements.csv!R3C8")
    assert done.exit_code == 2 and "digitrade run" in done.stderr


@pytest.mark.parametrize(
    ("text", "expected"),
    [("d/2024/t.csv!R3C8=1=2", ("d", "2024", "t.csv!R3C8", "1=2", ("t.csv", "", 3, 8))),
     ("d/2024/b.xlsx!A/B!x!R1C2=", ("d", "2024", "b.xlsx!A/B!x!R1C2", "", ("b.xlsx", "A/B!x", 1, 2))),
     ("b.xlsx!S!R10C20", ("", "", "b.xlsx!S!R10C20", None, ("b.xlsx", "S", 10, 20))),
     ("d/2/a.zip!m.csv!R9C1=x!R1C1=", ("d", "2", "a.zip!m.csv!R9C1", "x!R1C1=", ("a.zip", "m.csv", 9, 1)))],
)  # fmt: skip
def test_the_name_of_a_cell(text: str, expected: tuple[Any, ...]) -> None:
    cell = parse_cell(text)
    assert (cell.dataset, cell.vintage, cell.locator, cell.printed, cell.place) == expected


@pytest.mark.parametrize("text", ["", "d/2024", "d/2024/t.csv", "t.csv!R3", "R3C8"])
def test_what_names_no_cell_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="names no cell"):
        parse_cell(text)


def test_a_database_of_an_earlier_version_is_said_to_be_one(spoiled: Path) -> None:
    with duckdb.connect(str(spoiled / "curated/digitrade.duckdb")) as con:
        con.execute("DROP VIEW main.corrections")
        con.execute("DROP MACRO TABLE main.edition_pair")
    for words in (["trace", f"{STATEMENTS}!R3C8"], ["revisions", "seed_statements"]):
        done = CliRunner().invoke(app, [*words, "--data-dir", str(spoiled)])
        assert done.exit_code == 2 and "published by an earlier version" in done.stderr, done.output


def test_cells_of_publishers_workbooks_say_what_was_read(
    shared_data: Path, tmp_path: Path, plain_steps: dict[str, Callable[..., Any]]
) -> None:
    """xls and xlsx, sheets with names like 3.1, formats, blank marks: every hundredth cell, and blank ones."""
    files = {"ons_pink_book": "ons_uk_services/pinkbook2020chapter3.xls",
             "ons_subnational": "ons_subnational/subnationalserviceexports2017.xlsx"}  # fmt: skip
    for dataset, name in files.items():
        path = shared_data / name
        write_edition(tmp_path, dataset, "2020", {path.name: path.read_bytes()})
    summary = pipeline.run_stages(tmp_path, plain_steps)
    assert {row["state"] for row in summary["datasets"]} == {"read"}, summary["datasets"]
    with duckdb.connect(str(tmp_path / "curated/digitrade.duckdb"), read_only=True) as con:
        rows = con.execute(
            """SELECT dataset, vintage, locator, printed FROM observations
               QUALIFY row_number() OVER (ORDER BY locator) % 100 = 0
                    OR (value IS NULL AND row_number() OVER (PARTITION BY value IS NULL ORDER BY locator) < 50)"""
        ).fetchall()
        listed = con.execute("SELECT dataset, vintage, file, sha256, bytes FROM edition_files").fetchall()
    cells = []
    for dataset, vintage, locator, printed in rows:
        file, sheet, row, column = parse_cell(f"{dataset}/{vintage}/{locator}").place
        cells.append({"dataset": dataset, "vintage": vintage, "locator": locator, "file": file, "sheet": sheet,
                      "row": row, "column": column, "printed": printed})  # fmt: skip
    told = [dict(zip(("dataset", "vintage", "file", "sha256", "bytes"), row, strict=True)) for row in listed]
    assert check_trail(tmp_path, cells, told) and len(cells) > 100
    assert {cell["check"]["state"] for cell in cells} == {"verified"}
    assert {cell["file"][-4:] for cell in cells} == {".xls", "xlsx"}
