"""The bundled data, cell by cell: every printed figure is one observation, as it stands in the file."""

from __future__ import annotations

import csv
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from flows.stages import observe_edition
from flows.store.editions import find_editions

REPORT = "guangzhou_digital_trade_report"
WORDS = {
    "三十": "30", "两百": "200", "三": "3", "四": "4", "六": "6", "八": "8", "两": "2", "千亿": "100000000000",
    "第一": "1", "第二": "2", "第四": "4", "首": "1", "一半": "0.5", "1/3": "0.33333333", "三分之一": "0.33333333",
    "四分之一": "0.25", "六分之一": "0.16666667", "2/3": "0.66666667", "1/5": "0.2",
    "下降16.68": "-16.68", "下降39.22": "-39.22", "低于2": "-2", "高于24": "24",
}  # fmt: skip


@pytest.fixture(scope="module")
def bundled(raw_dir: Path) -> dict[str, dict[str, dict[str, Any]]]:
    """File name -> locator -> observation."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for entry in find_editions(raw_dir):
        assert entry.edition is not None, entry.problem
        for row in observe_edition(entry.edition, raw_dir).to_pylist():
            rows = found.setdefault(row["locator"].split("!")[0], {})
            assert row["locator"] not in rows, "one cell, one observation"
            rows[row["locator"]] = row
    return found


def read_cells(raw_dir: Path, name: str) -> list[list[str]]:
    """The cells of a raw file, with the csv module alone."""
    (path,) = (raw_dir / "raw").glob(f"*/*/{name}")
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))


def assert_figure(row: dict[str, Any], printed: str) -> None:
    """Value and decimals of a printed figure, worked out without the module under test."""
    assert row["printed"] == printed
    if printed in WORDS:
        assert row["value"] == Decimal(WORDS[printed])
    else:
        assert row["value"] == Decimal(printed.rstrip("%"))
    digits = re.search(r"\d[\d.]*%?$", printed)
    if printed in WORDS and (not digits or "/" in printed):
        assert row["decimals"] is None
    else:
        assert row["decimals"] == len(printed.rstrip("%").partition(".")[2])
    if row["qualifier"] == "":
        half = Decimal(5).scaleb(-row["decimals"] - 1) if row["decimals"] is not None else None
        ends = (row["value"] - half, row["value"] + half) if half is not None else (None, None)
        assert (row["lower"], row["upper"]) == ends


@pytest.mark.parametrize(
    ("name", "head", "rows", "figures"),
    [("table_1.csv", 2, 3, 9), ("table_2.csv", 2, 4, 12), ("table_tianhe.csv", 2, 3, 27)],
)
def test_every_cell_of_the_printed_tables(
    bundled: dict[str, dict[str, dict[str, Any]]], raw_dir: Path, name: str, head: int, rows: int, figures: int
) -> None:
    cells, found = read_cells(raw_dir, name), dict(bundled[name])
    for r, line in enumerate(cells[head : head + rows], head + 1):
        for c, printed in enumerate(line[1:], 2):
            row = found.pop(f"{name}!R{r}C{c}")
            heading = cells[head - 1][c - 1]
            if heading.startswith("第"):  # the cell holds the category, the heading its rank
                assert (row["measure"], row["value"]) == ("rank", Decimal(heading[1:-1]))
            else:
                assert_figure(row, printed)
            assert row["period"] == line[0].rstrip("年")
    assert not found and len(bundled[name]) == figures


def test_what_the_printed_tables_mean(bundled: dict[str, dict[str, dict[str, Any]]]) -> None:
    row = bundled["table_1.csv"]["table_1.csv!R5C3"]
    assert (row["printed"], row["flow"], row["item"], row["reference"]) == ("50", "X", "DEF:dds6", "SERVICES")
    row = bundled["table_2.csv"]["table_2.csv!R3C2"]
    assert (row["printed"], row["decimals"], row["item"], row["flow"]) == ("69.50%", 2, "EBOPS2010:SI", "T")
    estimated = {k for k, row in bundled["table_2.csv"].items() if row["obs_status"] == "E"}
    assert estimated == {"table_2.csv!R6C4"}
    row = bundled["table_tianhe.csv"]["table_tianhe.csv!R3C10"]
    assert (row["item"], row["measure"], row["value"]) == ("EBOPS2010:SD", "growth", Decimal("726676.84"))
    assert row["base_period"] == "2018"
    one, two = (bundled["table_tianhe.csv"][f"table_tianhe.csv!R{r}C4"] for r in (4, 5))
    assert (one["printed"], one["decimals"], two["printed"], two["decimals"]) == ("15.4", 1, "20.73", 2)


def test_every_statement_is_one_observation(bundled: dict[str, dict[str, dict[str, Any]]], raw_dir: Path) -> None:
    others = {"digitally_deliverable.csv", "average_rates.csv"}
    names = [name for name in bundled if not name.startswith("table_") and name not in others]
    assert len(names) == 11
    total = 0
    for name in names:
        header, *lines = read_cells(raw_dir, name)
        assert len(bundled[name]) == len(lines)
        for r, line in enumerate(lines, 2):
            stated = dict(zip(header, line, strict=True))
            row = bundled[name][f"{name}!R{r}C{header.index('数值') + 1}"]
            assert_figure(row, stated["数值"])
            assert stated["小数位"] == ("" if row["decimals"] is None else str(row["decimals"])), stated["编号"]
            assert (row["period"], row["base_period"]) == (stated["时期"], stated["基期"])
            assert row["n"] == (int(stated["样本量"]) if stated["样本量"] else None)
            assert row["reference"] == stated["参照"] and row["obs_status"] == stated["状态"]
            assert (row["qualifier"] != "") == (stated["修饰"] != "" or row["printed"] in ("一半", "1/3", "三分之一",
                    "四分之一", "六分之一", "2/3", "1/5"))  # fmt: skip
            assert row["note"].startswith(f"编号{stated['编号']}; ") and stated["注"] in row["note"]
            total += 1
    assert total == 499


def test_the_rates_of_the_renminbi_are_unvalidated_averages_of_years(
    bundled: dict[str, dict[str, dict[str, Any]]], raw_dir: Path
) -> None:
    rows = bundled["average_rates.csv"]
    assert len(rows) == len(read_cells(raw_dir, "average_rates.csv")) - 1 == 2
    said = {row["period"]: (row["printed"], row["lower"], row["upper"]) for row in rows.values()}
    assert said == {
        "2022": ("6.7261", Decimal("6.72605"), Decimal("6.72615")),
        "2023": ("7.0467", Decimal("7.04665"), Decimal("7.04675")),
    }
    meaning = {(r["item"], r["measure"], r["unit"], r["unit_mult"], r["flow"], r["geo"]) for r in rows.values()}
    assert meaning == {("XR:CNY_USD.AVG", "value", "CNY_PER_USD", 0, "N", "CHN")}
    assert {row["obs_status"] for row in rows.values()} == {"V"}


def test_prices_and_balances_of_the_statements(bundled: dict[str, dict[str, dict[str, Any]]]) -> None:
    rows = [row for found in bundled.values() for row in found.values()]
    counted = {row["item"] for row in rows if row["measure"] == "count"} | {"RAIL:CR_EXPRESS.FREIGHT"}  # in tonnes
    for row in rows:
        if row["measure"] in ("growth", "average_growth", "increase", "multiple"):
            assert (row["price"] == "") == (row["item"] in counted), row["locator"]
        assert row["measure"] != "balance" or row["flow"] != "N"
    gap = [row for row in rows if row["reference"] == "YUEXIU"]
    assert [(row["measure"], row["unit"], row["price"]) for row in gap] == [("difference", "CNY", "current")]
    zones = [row for row in rows if row["item"] == "GZ:DIGITAL_SERVICES"]
    assert [row["note"].split("; ")[0] for row in zones] == ["编号G072", "编号G073", "编号G075", "编号G076", "编号G078"]
    assert zones[3]["reference"] == "SERVICES_TOTAL"


def test_every_row_of_the_unctad_selection(bundled: dict[str, dict[str, dict[str, Any]]], raw_dir: Path) -> None:
    name = "digitally_deliverable.csv"
    header, *lines = read_cells(raw_dir, name)
    found = bundled[name]
    assert len(found) == len(lines) == 280
    for r, line in enumerate(lines, 2):
        cell = dict(zip(header, line, strict=True))
        row = found[f"{name}!R{r}C{header.index('OBS_VALUE') + 1}"]
        assert row["printed"] == cell["OBS_VALUE"]
        assert row["value"] == (Decimal(cell["OBS_VALUE"]) if cell["OBS_VALUE"] else None)
        assert row["obs_status"] == cell["OBS_STATUS"] and row["period"] == cell["TIME_PERIOD"]
        assert row["flow"] == {"EXP": "X", "IMP": "M"}[cell["INDICATOR"][-3:]]
        assert (row["unit"], row["unit_mult"]) == ("USD", 6)
        assert row["geo"] == ("W" if cell["REF_AREA"] == "WLD" else cell["REF_AREA"])
    missing = [row for row in found.values() if row["value"] is None]
    assert [(row["geo"], row["period"], row["flow"], row["obs_status"]) for row in missing] == [
        ("HKG", "2023", "X", "O"), ("HKG", "2023", "M", "O"),
    ]  # fmt: skip
    assert {row["decimals"] for row in found.values() if row["value"] is not None} == {0}


def test_the_unctad_selection_is_the_publishers_file(
    bundled: dict[str, dict[str, dict[str, Any]]], raw_dir: Path
) -> None:
    source = raw_dir.parent.parent / "shared" / "data" / "unctad_data360" / "UNCTAD_DE.csv"
    if not source.is_file():
        pytest.skip("the publisher's whole file (UNCTAD_DE.csv) is not beside the project")
    flows = {"UNCTAD_DE_DIG_SERVTRADE_ANN_EXP": "X", "UNCTAD_DE_DIG_SERVTRADE_ANN_IMP": "M"}
    with source.open(encoding="utf-8-sig", newline="") as stream:
        published = {
            (row["REF_AREA"].replace("WLD", "W"), flows[row["INDICATOR"]], row["TIME_PERIOD"]): row
            for row in csv.DictReader(stream)
            if row["INDICATOR"] in flows
        }
    for row in bundled["digitally_deliverable.csv"].values():
        cell = published[row["geo"], row["flow"], row["period"]]
        assert (row["printed"], row["obs_status"]) == (cell["OBS_VALUE"], cell["OBS_STATUS"])
        assert (row["unit"], str(row["unit_mult"])) == (cell["UNIT_MEASURE"], cell["UNIT_MULT"])
