"""Bulk files: the same meaning as the cell reader gives, on long files, with messages that name the row."""

from __future__ import annotations

import gzip
import io
import itertools
import zipfile
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from transforms.archives import unpack_file
from transforms.bulk import BulkReadout, read_bulk, select_observations
from transforms.codelists import load_codelist
from transforms.contract import load_contract
from transforms.errors import InputError
from transforms.grid import read_grid
from transforms.layout import Layout, parse_layout
from transforms.observe import read_observations

# Services trade as a bulk file has it: economy, partner, flow, item, year, figure, status.
LONG = """
files = ["t.csv"]
bulk = true
[header]
contains = ["geo", "value"]
[constants]
measure = "value"
unit = "USD"
unit_mult = 6
price = "current"
[blanks]
"" = "O"
[[columns]]
header = "geo"
role = "key"
column = "geo"
[[columns]]
header = "partner"
role = "key"
column = "partner"
[[columns]]
header = "flow"
role = "key"
column = "flow"
[[columns]]
header = "item"
role = "key"
column = "item"
map = { S = "EBOPS2010:S", SI = "EBOPS2010:SI", SJ = "EBOPS2010:SJ" }
[[columns]]
header = "year"
role = "key"
column = "period"
parse = "year"
[[columns]]
header = "value"
role = "value"
[[columns]]
header = "status"
role = "status"
"""
MIXED = 'precision = "mixed"\n'  # machine numbers stand among printed ones
HEAD = "geo,partner,flow,item,year,value,status\n"
# Three figures a row: reported, final, balanced; the method speaks of the final one only.
BATIS = """
files = ["b.csv"]
bulk = true
[header]
contains = ["Reporter", "Balanced_value"]
[constants]
measure = "value"
unit = "USD"
unit_mult = 6
price = "current"
[blanks]
NA = "L"
[maps.obs_status]
R_IMF = "A"
E1 = "E"
[[columns]]
header = "Reporter"
role = "key"
column = "geo"
[[columns]]
header = "Partner"
role = "key"
column = "partner"
[[columns]]
header = "Flow"
role = "key"
column = "flow"
[[columns]]
header = "Item_code"
role = "key"
column = "item"
map = { S = "EBOPS2010:S", SI = "EBOPS2010:SI" }
[[columns]]
header = "Year"
role = "key"
column = "period"
[[columns]]
header = "Reported_value"
role = "value"
group = 1
set = { basis = "reported" }
[[columns]]
header = "Final_value"
role = "value"
group = 2
set = { basis = "final" }
[[columns]]
header = "Final_value_methodology"
role = "status"
group = 2
[[columns]]
header = "Balanced_value"
role = "value"
group = 3
set = { basis = "balanced" }
"""
BATIS_HEAD = "Reporter,Partner,Flow,Item_code,Year,Reported_value,Final_value,Final_value_methodology,Balanced_value\n"

Rows = list[dict[str, Any]]


class Reader:
    """Reads contents with the bulk reader, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.count = folder, 0
        self.readout: BulkReadout | None = None

    def __call__(self, content: str | bytes, layout: str | Layout = LONG, name: str = "t.csv", top: str = "") -> Rows:
        self.count += 1
        path = self.folder / str(self.count) / name
        path.parent.mkdir(parents=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return self.read_file(path, layout if isinstance(layout, Layout) else parse_layout(top + layout, "t.toml"))

    def read_file(self, path: Path, layout: Layout) -> Rows:
        self.count += 1
        target = self.folder / f"out-{self.count}"
        scratch = self.folder / "scratch"
        try:
            self.readout = read_bulk(path, layout, "made_up", "2020", target, scratch=scratch, threads=2)
        finally:
            assert list(scratch.iterdir()) == []
            assert not [p for p in self.folder.iterdir() if p.name.endswith((".tmp", ".old"))]
        return load_rows(target)

    def refuse(self, *args: Any, **kwargs: Any) -> InputError:
        with pytest.raises(InputError) as caught:
            self(*args, **kwargs)
        assert caught.value.file and caught.value.todo, str(caught.value)
        assert "\n" not in str(caught.value)
        assert not list(self.folder.glob("out-*/*")) or self.count > 2
        return caught.value


def load_rows(target: Path) -> Rows:
    table = duckdb.sql(select_observations(target)).to_arrow_table()
    assert table.schema.equals(load_contract("observations").arrow_schema().remove_metadata()) or [
        (f.name, f.type) for f in table.schema
    ] == [(f.name, f.type) for f in load_contract("observations").arrow_schema()]
    return sorted(table.to_pylist(), key=place)


def place(row: dict[str, Any]) -> tuple[int, int]:
    line, column = row["locator"].rsplit("!R", 1)[1].split("C")
    return int(line), int(column)


@pytest.fixture
def bulk(tmp_path: Path) -> Reader:
    return Reader(tmp_path)


def read_cells(content: str | bytes, layout: str, name: str = "t.csv") -> Rows:
    """The same file by the cell reader."""
    spec = replace(parse_layout(layout, "t.toml"), bulk=False)
    raw = content.encode() if isinstance(content, str) else content
    grid = read_grid(raw, name, encoding=spec.encoding, delimiter=spec.delimiter)
    return sorted(read_observations(grid, spec, "made_up", "2020").to_pylist(), key=place)


# --- one figure a row ------------------------------------------------------------------------------------------------


def test_a_row_becomes_an_observation(bulk: Reader) -> None:
    (row,) = bulk(HEAD + "CHN,W,X,SI,2020,59034.5,E\n")
    assert (row["geo"], row["partner"], row["flow"], row["item"]) == ("CHN", "W", "X", "EBOPS2010:SI")
    assert (row["period"], row["freq"], row["unit"], row["unit_mult"]) == ("2020", "A", "USD", 6)
    assert (row["value"], row["printed"], row["decimals"]) == (Decimal("59034.5"), "59034.5", 1)
    assert (row["lower"], row["upper"]) == (Decimal("59034.45"), Decimal("59034.55"))
    assert (row["obs_status"], row["locator"], row["table_id"]) == ("E", "t.csv!R2C6", "t")
    assert (row["dataset"], row["vintage"], row["basis"], row["conf_status"]) == ("made_up", "2020", "published", "F")


def test_an_empty_figure_has_the_status_of_its_mark_and_no_interval(bulk: Reader) -> None:
    (row,) = bulk(HEAD + "CHN,W,X,SI,2020,,\n")
    assert (row["value"], row["printed"], row["obs_status"]) == (None, "", "O")
    assert (row["decimals"], row["lower"], row["upper"]) == (None, None, None)


def test_namibia_is_no_blank(bulk: Reader) -> None:
    layout = LONG.replace('[blanks]\n"" = "O"', '[blanks]\nNA = "O"').replace(
        'column = "geo"\n', 'column = "geo"\nmap = { NA = "CHN", HK = "HKG" }\n'
    )
    rows = bulk(HEAD + "NA,W,X,SI,2020,5,A\nHK,W,X,SI,2020,NA,\n", layout)
    assert [(row["geo"], row["value"], row["obs_status"]) for row in rows] == [("CHN", 5, "A"), ("HKG", None, "O")]


@pytest.mark.parametrize(
    ("text", "value", "decimals"),
    [
        ("2346368.71508379", "2346368.71508379", 8),
        ("0.30000000000000004", "0.3", None),
        ("1.5e3", "1500", None),
        ("2.5E-3", "0.0025", None),
        ("123456789012.25", "123456789012.25", 2),
    ],
)
def test_machine_numbers(bulk: Reader, text: str, value: str, decimals: int | None) -> None:
    """Where the layout says so; a plain number has the decimals it shows, an unrounded one has none and no interval."""
    plain = "CHN,W,M,SI,2020,7.25,A\n"
    for content in (f"CHN,W,X,SI,2020,{text},A\n{plain}", f"{plain * 1}CHN,W,X,SI,2020,{text},A\n"):
        row = next(row for row in bulk(HEAD + content, top=MIXED) if row["flow"] == "X")
        assert (row["value"], row["decimals"], row["printed"]) == (Decimal(value), decimals, text)
        assert (row["lower"] is None) == (decimals is None)


@pytest.mark.parametrize(
    ("text", "value", "decimals"),
    [("-1,234.5", "-1234.5", 1), ("7.125", "7.125", 3), ("0.1234567890123", "0.123456789", None), ("-0.0", "0", 1)],
)
def test_figures_of_another_form_far_below_the_first_rows(
    bulk: Reader, text: str, value: str, decimals: int | None
) -> None:
    """How figures are staged is chosen by the first rows; what does not fit is read all the same, and exactly."""
    usual = [f"CHN,W,X,SI,{year},{year}.5,A\n" for year in range(1000, 1999)]
    usual += [line.replace("X", "M") for line in usual] + [line.replace("SI", "SJ") for line in usual]
    rows = bulk(HEAD + "".join(usual) + f'CHN,W,X,S,2020,"{text}",A\nCHN,W,M,S,2020,,\n', top=MIXED)
    assert (rows[0]["printed"], rows[0]["decimals"], rows[0]["value"]) == ("1000.5", 1, Decimal("1000.5"))
    odd, blank = rows[-2:]
    assert (odd["printed"], odd["decimals"], blank["printed"], blank["value"]) == (text, decimals, "", None)
    assert abs(odd["value"] - Decimal(value)) < Decimal("1e-9") and odd["locator"] == "t.csv!R2999C6"
    assert (odd["lower"] is None) == (decimals is None)


PRINTED = ["1e5", "1E-3", ".5", "5.", "007", "1,23.4", "1,234", "inf", "nan", "1_000", "+5", "−5", "--5",
         "1.1234567891",         "1.123456789", "1.12345678901",
         "31²", "2019/2020", "下降5", "三分之一", "(5)", "５", "1.234,5", "1e400", "5%",
         "0.0", "-0.0", "5.0000000000", "1 e5", "999999999999999", "0.1234567890123"]  # fmt: skip


@pytest.mark.parametrize("precision", ["", "mixed", "stored"])
@pytest.mark.parametrize("last", ["1.5", "1.12345678901"], ids=["printed", "unrounded"])
def test_both_readers_read_the_same_texts_as_figures_and_refuse_the_same(
    bulk: Reader, precision: str, last: str
) -> None:
    """Without precision an unrounded number is refused, never cut; with it both readers keep ten decimals."""
    top = 'bad_rows = "quarantine"\n' + (f'precision = "{precision}"\n' if precision else "")
    content = HEAD + "".join(
        f'CHN,W,X,SI,{1900 + n},"{text}",A\n' for n, text in enumerate([last, *PRINTED, "2.5"])
    )  # fmt: skip
    wanted = ("period", "printed", "value", "decimals", "lower", "upper", "qualifier")
    rows = [[row[name] for name in wanted] for row in bulk(content, top=top)]
    layout = (top + LONG).replace("bulk = true", "")
    assert rows == [[row[name] for name in wanted] for row in read_cells(content, layout)]
    assert ("1e5" in [row[1] for row in rows]) == (precision != "")
    assert ("1.12345678901" in [row[1] for row in rows]) == (precision != "")
    assert bulk.readout is not None
    reasons = {row["found"]: row["reason"] for row in bulk.readout.quarantine.to_pylist()}
    if not precision:
        assert reasons["1e5"] == reasons["5.0000000000"]
        assert "an unrounded number" in reasons["1e5"] and 'precision = "mixed"' in reasons["1e5"]


def test_a_number_finer_than_ten_decimals_has_its_rounding_as_interval(bulk: Reader) -> None:
    (row,) = bulk(HEAD + "CHN,W,X,SI,2020,1.234567890123e-05,A\n", top=MIXED)
    exact = Decimal("1.234567890123e-05")
    assert row["value"] == Decimal("0.0000123457") and row["printed"] == "1.234567890123e-05"
    assert row["lower"] < exact < row["upper"] and row["upper"] - row["lower"] == Decimal("2e-10")
    assert bulk.readout is not None and any("finer than ten decimals" in notice for notice in bulk.readout.notices)


# Around the ten decimals that are kept, in any writing; and what would be read as zero, though it is none.
FINE = ["1.234567890123e-05", "-1.234567890123e-05", "0.0000123456789012", "+1.234567890123e-05", "0.12345678901234",
        "1e-10", "1.4e-10", "0.00000000005", "4.9e-11", "-4.9e-11", "1.23E-12", "0.00000000000123", "0.000000000000",
        "0e-12", "-0.0e-20", "1e-99", "123456.12345678901"]  # fmt: skip


@pytest.mark.parametrize("precision", ["mixed", "stored"])
@pytest.mark.parametrize("first", ["1.5", "1e-5"], ids=["printed", "unrounded"])
def test_both_readers_keep_what_ten_decimals_hold_and_refuse_to_read_as_zero(
    bulk: Reader, precision: str, first: str
) -> None:
    """Whatever the first rows are: a finer number has the cut of its last decimal as interval, in both readers."""
    top = f'bad_rows = "quarantine"\nprecision = "{precision}"\n'
    usual = [f"CHN,W,X,{item},{year},{first},A" for item in ("S", "SI", "SJ") for year in range(1000, 1999)]
    odd = [f'CHN,W,M,SI,{1900 + n},"{text}",A' for n, text in enumerate(FINE)]
    content = HEAD + "\n".join([*usual, *odd]) + "\n"  # how figures are staged is chosen by the first 2000 rows
    wanted = ("printed", "value", "decimals", "lower", "upper")
    rows = [[row[name] for name in wanted] for row in bulk(content, top=top) if row["flow"] == "M"]
    layout = (top + LONG).replace("bulk = true", "")
    cells = [[row[name] for name in wanted] for row in read_cells(content, layout) if row["flow"] == "M"]
    assert rows == cells
    assert bulk.readout is not None
    zeros = {"4.9e-11", "-4.9e-11", "1.23E-12", "0.00000000000123", "1e-99"}
    assert {row["found"] for row in bulk.readout.quarantine.to_pylist()} == zeros
    assert all("finer than 10 decimals" in row["reason"] for row in bulk.readout.quarantine.to_pylist())
    assert [row[0] for row in rows] == [text for text in FINE if text not in zeros]
    assert any("finer than ten decimals" in notice for notice in bulk.readout.notices)
    for printed, value, decimals, lower, upper in rows:
        exact = Decimal(printed)
        if lower is None:
            assert decimals is None and abs(value - exact) <= abs(exact) * Decimal("1e-9"), printed
        else:
            assert lower < exact < upper and upper - lower == Decimal("2e-10"), printed


def test_a_cut_number_with_a_decimal_comma_has_its_interval_too(bulk: Reader) -> None:
    top = 'decimal_mark = ","\nthousands_mark = "."\n' + MIXED
    for first in ("1,5", "1,12345678901"):
        content = HEAD + f'CHN,W,M,SI,2020,"{first}",A\nCHN,W,X,SI,2020,"0,0000123456789012",A\n'
        rows = bulk(content, top=top)
        cells = read_cells(content, (top + LONG).replace("bulk = true", ""))
        assert rows == cells and rows[1]["upper"] - rows[1]["lower"] == Decimal("2e-10")


def test_declared_decimals(bulk: Reader) -> None:
    """An export that ends every whole number in .0 has no decimals; what is finer is refused."""
    (row,) = bulk(HEAD + "CHN,W,X,SI,2020,1835732.0,A\n", top="decimals = 0\n")
    assert (row["value"], row["decimals"], row["printed"]) == (1835732, 0, "1835732.0")
    assert (row["lower"], row["upper"]) == (Decimal("1835731.5"), Decimal("1835732.5"))
    error = bulk.refuse(HEAD + "CHN,W,X,SI,2020,1.0,A\nCHN,W,M,SI,2020,1.5,A\n", top="decimals = 0\n")
    assert (error.row, error.column, error.found) == (3, 6, "1.5") and "finer" in error.problem


NUMBERS = st.one_of(
    st.decimals(-(10**9), 10**9, places=2).map(str),
    st.integers(-(10**6), 10**12).map(str),
    st.decimals(-1000, 1000, places=9).map(lambda d: format(d, "f")),
    st.sampled_from(["", "NA", "0"]),
    st.sampled_from(["0", "-0", "0.0", "-0.00", "+5", " 7.5 ", "1,234.5", "12,345,678", "", " ", "下降5.5", "三分之一",
                     "−3", "１２．５", "NA", "99999999999999999", "123456789012345678.5", "0.000000001"]),
)  # fmt: skip
KEYS = st.lists(
    st.tuples(st.sampled_from(["CHN", "HKG", "中国香港", " MAC ", "China"]), st.sampled_from(["W", "World"]),
              st.sampled_from(["X", "Exports", "M"]), st.sampled_from(["S", "SI", "SJ"]),
              st.sampled_from(["2019", "2020年", " 2021"])),
    min_size=1, max_size=12,
)  # fmt: skip
RULES = """
[[rules]]
when = { geo = "HKG", period = ["2019", "2020"] }
then = { obs_status = "P", basis = "reported" }
reason = "made up"
[[rules]]
when = { item = "/EBOPS2010:S[IJ]/", basis = "@blank" }
then = { basis = "final" }
[[rules]]
when = { flow = "M" }
then = { sign = "reversed" }
[[blanks_where]]
when = { flow = "X" }
blanks = { NA = { status = "Q", lower = 0, upper = "0.5" }, "0" = "M" }
"""
FORMS = ["", "decimals = 9\n", 'decimal_mark = ","\nthousands_mark = "."\n']


def quote(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if set(cell) & set(',"\n') else cell


@settings(
    max_examples=settings.default.max_examples * 2 // 3, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(KEYS, st.data())
def test_bulk_and_cell_reader_say_the_same(bulk: Reader, keys: list[tuple[str, ...]], data: st.DataObject) -> None:
    """The law: whatever the cell reader makes of a file, the bulk reader makes of it too; what one refuses, both do."""
    codes = {"中国香港": "HKG", " MAC ": "MAC", "China": "CHN", "World": "W", "Exports": "X"}
    unique = {tuple(codes.get(k, k).strip(" 年") for k in key): key for key in keys}.values()
    form = data.draw(st.sampled_from(FORMS))
    numbers = NUMBERS.map(lambda text: text.translate({44: ".", 46: ","})) if "mark" in form else NUMBERS
    rows = [[*key, data.draw(numbers), data.draw(st.sampled_from(["", "A", "", "P;B", "B"]))] for key in unique]
    content = HEAD + "".join(",".join(map(quote, row)) + "\n" for row in rows)
    rules = data.draw(st.sampled_from(["", RULES]))
    layout = form + LONG.replace("[blanks]", '[blanks]\nNA = "L"').replace("mult = 6", "mult = 0") + rules
    try:
        expected: Any = read_cells(content, layout)
    except InputError as error:
        expected = error
    if isinstance(expected, InputError):
        assert (bulk.refuse(content, layout).row) == expected.row
        return
    rules_of = {row["code"]: row["value_rule"] for row in load_codelist("obs_status").rows}
    conflict = [
        row["obs_status"]
        for row in expected
        for code in row["obs_status"].split(";")
        if rules_of[code] == ("required" if row["value"] is None else "forbidden")
    ]
    if conflict:
        assert "status" in bulk.refuse(content, layout).problem
        return
    assert bulk(content, layout) == expected


# --- several figures a row -------------------------------------------------------------------------------------------


def test_each_value_column_is_an_observation_of_its_own(bulk: Reader) -> None:
    content = BATIS_HEAD + "CN,WL,X,S,2005,6458.06,6458.06,R_IMF,5870.205492\nCN,WL,X,SI,2005,NA,0,E1,9.042037\n"
    layout = BATIS.replace('column = "partner"\n', 'column = "partner"\nmap = { WL = "W" }\n')
    rows = bulk(content, layout, name="b.csv")
    assert [(r["basis"], r["value"], r["obs_status"], r["locator"]) for r in rows] == [
        ("reported", Decimal("6458.06"), "A", "b.csv!R2C6"),
        ("final", Decimal("6458.06"), "A", "b.csv!R2C7"),
        ("balanced", Decimal("5870.205492"), "A", "b.csv!R2C9"),
        ("reported", None, "L", "b.csv!R3C6"),
        ("final", 0, "E", "b.csv!R3C7"),
        ("balanced", Decimal("9.042037"), "A", "b.csv!R3C9"),
    ]
    assert rows == read_cells(content, layout, name="b.csv")
    assert bulk.readout is not None
    assert (bulk.readout.rows, bulk.readout.observations) == (2, 6)
    assert bulk.readout.statuses == {"A": 4, "E": 1, "L": 1}


def test_a_heading_says_the_year(bulk: Reader) -> None:
    """World Bank form: years as columns, a preamble above the header, an empty column at the end."""
    layout = (
        LONG[: LONG.index("[[columns]]")].replace('"geo", "value"', '"Country Code"')
        + """
[[columns]]
header = "Country Code"
role = "key"
column = "geo"
[[columns]]
header = "/(?P<year>[0-9]{4})/"
role = "value"
set = { partner = "W", flow = "X", item = "EBOPS2010:SI" }
"""
    )
    content = 'Data Source,WDI\n\nLast Updated,"2026, February"\n\nCountry Code,2019,2020,\nCHN,1.5,2.5,\nHKG,,3,\n'
    rows = bulk(content, layout)
    assert [(r["geo"], r["period"], r["value"], r["locator"]) for r in rows] == [
        ("CHN", "2019", Decimal("1.5"), "t.csv!R6C2"),
        ("CHN", "2020", Decimal("2.5"), "t.csv!R6C3"),
        ("HKG", "2019", None, "t.csv!R7C2"),
        ("HKG", "2020", 3, "t.csv!R7C3"),
    ]
    assert bulk.readout is not None and "Data Source" in bulk.readout.notices[0]
    error = bulk.refuse(content + "MAC,1,2,3\n", layout)
    assert (error.row, error.column, error.found) == (8, 4, "3") and "no heading" in error.problem


def test_quarters_in_a_column_of_their_own(bulk: Reader) -> None:
    layout = LONG.replace('column = "period"\nparse = "year"', 'column = "year"') + (
        '[[columns]]\nheader = "quarter"\nrole = "key"\ncolumn = "quarter"\n'
    )
    content = HEAD.replace("status", "status,quarter") + "CHN,W,X,SI,2020,1,A,Q1\nCHN,W,X,SI,2020,2,A,Q2\n"
    rows = bulk(content, layout)
    assert [(r["period"], r["freq"]) for r in rows] == [("2020-Q1", "Q"), ("2020-Q2", "Q")]
    assert rows == read_cells(content, layout)


def test_growth_is_of_the_year_before(bulk: Reader) -> None:
    layout = LONG.replace('measure = "value"', 'measure = "growth"\nbase_period = "@previous"')
    (row,) = bulk(HEAD + "CHN,W,X,SI,2020,1.5,A\n", layout)
    assert (row["period"], row["base_period"]) == ("2020", "2019")


# --- rows that the layout does not want ------------------------------------------------------------------------------


def test_rows_that_are_not_kept_are_counted_not_read(bulk: Reader) -> None:
    content = HEAD + "CHN,W,X,GDP,2020,high,?\nCHN,W,X,SI,2020,5,A\nXXX,W,X,GDP,2020,1,A\nXXX,W,X,SI,2019,5,A\n"
    keep = '[keep]\nitem = ["SI"]\nyear = ["2020"]\n'
    rows = bulk(content, LONG.replace("[header]", keep + "[header]"))
    assert [(row["value"], row["locator"]) for row in rows] == [(5, "t.csv!R3C6")]
    assert rows == read_cells(content, LONG.replace("[header]", keep + "[header]"))
    assert bulk.readout is not None
    assert dict(bulk.readout.left_out) == {"GDP": 2, "2019": 1}
    assert "3 rows are not kept by the layout: 2019 (1), GDP (2)" in bulk.readout.notices[0]
    error = bulk.refuse(content, LONG.replace("[header]", keep.replace("SI", "SX") + "[header]"))
    assert "no row has a text" in error.problem and error.found == "GDP, SI"


# --- real files, with the layouts that the project ships -------------------------------------------------------------


@pytest.mark.parametrize(
    ("layout", "file", "rows", "figures"),
    [
        ("batis_bpm6/bulk.toml", "batis_argentina/batis_bpm6_dec2025_AR_WL_X_2005_2024.csv", 260, 780),
        ("data360_digitally_deliverable/unctad_de.toml", "unctad_data360/UNCTAD_DE.csv", 8156, 5721),
        ("wto_india/dds.toml", "wto_india/dds_india.csv", 378, 378),
        ("wto_india/tismos.toml", "wto_india/tismos_india.csv", 7920, 7920),
    ],
)
def test_real_files_read_both_ways_are_equal(
    bulk: Reader, shared_data: Path, layout: str, file: str, rows: int, figures: int
) -> None:
    folder = files("transforms") / "layouts"
    text = (folder / layout).read_text(encoding="utf-8")
    found = bulk.read_file(shared_data / file, replace(parse_layout(text, layout), bulk=True))
    assert bulk.readout is not None and bulk.readout.quarantine.num_rows == 0
    assert (bulk.readout.rows, bulk.readout.observations, len(found)) == (rows, figures, figures)
    assert found == read_cells((shared_data / file).read_bytes(), text, Path(file).name)


# --- what is refused, and where --------------------------------------------------------------------------------------

GOOD = "CHN,W,X,SI,2020,1.5,A\n"


@pytest.mark.parametrize(
    ("rows", "row", "column", "found", "problem"),
    [
        ("XXX,W,M,SI,2020,1,A\n", 3, 1, "XXX", "not in the code list geographies"),
        (",W,M,SI,2020,1,A\n", 3, 1, "", "geographies"),
        ("CHN,W,M,SX,2020,1,A\n", 3, 4, "SX", "the layout maps only"),
        ("CHN,W,M,SI,20,1,A\n", 3, 5, "20", "no year"),
        ("CHN,W,M,SI,2020,abc,A\n", 3, 6, "abc", "text where a figure belongs"),
        ("CHN,W,M,SI,2020,..,A\n", 3, 6, "..", "text where a figure belongs"),
        ("CHN,W,M,SI,2020,1.2.3,A\n", 3, 6, "1.2.3", "text where a figure belongs"),
        ("CHN,W,M,SI,2020,007,A\n", 3, 6, "007", "text where a figure belongs"),
        ("CHN,W,M,SI,2020,1,Z9\n", 3, 7, "Z9", "obs_status"),
        ("CHN,W,M,SI,2020,1,O\n", 3, 6, "O", "a figure with a status of missing values"),
        ("CHN,W,M,SI,2020,,E\n", 3, 6, "O;E", "no figure"),
        ("CHN,W,M,SI,2020,1\n", 3, None, "CHN,W,M,SI,2020,1", "too few cells"),
        ("CHN,W,M,SI,2020,1,A,7\n", 3, None, "CHN,W,M,SI,2020,1,A,7", "too many cells"),
        ('CHN,W,M,SI,2020,"1,A\n', 3, None, 'CHN,W,M,SI,2020,"1,A', "quotes"),
        ("CHN,W,X,SI,2020,2,A\n", 2, 6, "1.5", "two figures stand for one thing"),
        ("CHN,W,X,SI,2020,1.5,A\n", 3, 6, "1.5", "the same figure stands twice"),
        ("CHN,W,M,SI,2020,1000000000000000,A\n", 3, 6, None, "larger than any economy"),
    ],
)
def test_a_bad_row_is_named(
    bulk: Reader, rows: str, row: int, column: int | None, found: str | None, problem: str
) -> None:
    error = bulk.refuse(HEAD + GOOD + rows + "HKG,W,X,SI,2020,1,A\n")
    assert (error.row, error.column) == (row, column), str(error)
    assert problem in error.problem
    if found is not None:
        assert (error.found or "").startswith(found)


def test_a_bad_row_is_set_aside_with_its_reason(bulk: Reader) -> None:
    """bad_rows = quarantine: what can be read is kept, the rest stands in the quarantine as it was printed."""
    content = HEAD + "XXX,W,X,SI,2020,1,A\nCHN,W,X,SI,2020,abc,A\nCHN,W,X,SI,2021\nCHN,W,X,SI,2022,5,A\n"
    rows = bulk(content, top='bad_rows = "quarantine"\n')
    assert [(r["period"], r["value"], r["locator"]) for r in rows] == [("2022", 5, "t.csv!R5C6")]
    assert bulk.readout is not None
    aside = bulk.readout.quarantine.to_pylist()
    assert bulk.readout.quarantine.schema.equals(load_contract("quarantine").arrow_schema())
    assert [(r["file"], r["row"], r["column"], r["found"]) for r in aside] == [
        ("t.csv", 2, "1", "XXX"), ("t.csv", 3, "6", "abc"), ("t.csv", 4, "", "CHN,W,X,SI,2021"),
    ]  # fmt: skip
    assert aside[0]["content"] == "XXX | W | X | SI | 2020 | 1 | A" and "geographies" in aside[0]["reason"]
    assert bulk.readout.statuses == {"A": 1} and bulk.readout.observations == 1
    assert any("3 rows or cells are quarantined" in notice for notice in bulk.readout.notices)


def test_contradicting_figures_are_set_aside_together_equal_ones_but_the_first(bulk: Reader) -> None:
    content = HEAD + "CHN,W,X,S,2020,1,A\nCHN,W,X,S,2020,2,A\nCHN,W,X,SI,2020,3,A\nCHN,W,X,SI,2020,3,A\n"
    rows = bulk(content, top='bad_rows = "quarantine"\n')
    assert [(r["item"], r["locator"]) for r in rows] == [("EBOPS2010:SI", "t.csv!R4C6")]
    assert bulk.readout is not None
    reasons = [(r["row"], r["reason"].partition(" (")[0]) for r in bulk.readout.quarantine.to_pylist()]
    assert reasons == [(2, "two figures stand for one thing"), (3, "two figures stand for one thing"),
                       (5, "the same figure stands twice")]  # fmt: skip


def test_all_bad_places_are_counted(bulk: Reader) -> None:
    error = bulk.refuse(HEAD + GOOD + "".join(f"X{n:02d},W,X,SI,2020,1,A\n" for n in range(20)))
    assert (error.row, error.found) == (3, "X00")
    assert "and 19 more such place(s): R4C1 'X01'" in error.problem and "and 12 more" in error.problem


@pytest.mark.slow
@pytest.mark.parametrize(
    "bad", ["XXX,W,X,SI,2020,1,A,0", "CHN,W,X,SI,2020,1x,A,999", "CHN,W,X,SI,2020,1", "CHN,\xff,X,SI,2020,1,A,0"]
)
def test_one_bad_row_in_a_million_is_named(bulk: Reader, tmp_path: Path, bad: str) -> None:
    path = tmp_path / "t.csv"
    duckdb.sql(
        "COPY (SELECT CASE i % 2 WHEN 0 THEN 'CHN' ELSE 'HKG' END AS geo, 'W' AS partner, "
        "CASE i // 2 % 2 WHEN 0 THEN 'X' ELSE 'M' END AS flow, CASE i // 4 % 2 WHEN 0 THEN 'SI' ELSE 'SJ' END AS item, "
        "1000 + i // 8 % 1000 AS year, i / 4 AS value, 'A' AS status, i // 8000 AS n "
        f"FROM range(1000000) t(i)) TO '{path}' (HEADER)"
    )
    content = path.read_bytes().split(b"\n")
    content.insert(777_776, bad.encode("latin-1"))
    path.write_bytes(b"\n".join(content))
    layout = parse_layout(LONG + '[[columns]]\nheader = "n"\nrole = "key"\ncolumn = "activity"\n', "t.toml")
    with pytest.raises(InputError) as caught:
        bulk.read_file(path, layout)
    assert caught.value.row == 777_777 and "more such" not in caught.value.problem


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "empty"),
        ("\n\n", "no text"),
        ("a,b\n1,2\n", "no header row"),
        (HEAD, "no row of data"),
        (HEAD + "\n\n", "no row of data"),
        (HEAD.replace("status", "status,more") + GOOD.replace("A\n", "A,1\n"), "unknown column"),
        (HEAD.replace(",status", "") + GOOD.replace(",A\n", "\n"), "a declared column is not in the table"),
        (HEAD.replace("status", "status,geo") + GOOD.replace("A\n", "A,CHN\n"), "unknown column"),
        (HEAD + GOOD + "CHN,W,M\0,SI,2020,1,A\n", "NUL"),
    ],
)
def test_a_table_of_another_form_is_refused(bulk: Reader, content: str, problem: str) -> None:
    assert problem in bulk.refuse(content).problem


def test_a_figure_without_its_unit_is_refused(bulk: Reader) -> None:
    error = bulk.refuse(HEAD + GOOD, LONG.replace('unit = "USD"\n', ""))
    assert "gives no unit" in error.problem and error.row == 2


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ('[[columns]]\nheader = "word"\nrole = "qualifier"\n', "role qualifier cannot be read"),
        ('[[columns]]\nheader = "word"\nrole = "decimals"\n', "role decimals cannot be read"),
        ('[[columns]]\nheader = "word"\nrole = "note"\n[[rules]]\nwhen = { geo = "CHN" }\nthen = { year = "2020" }\n',
         "then.year has no meaning"),
    ],
)  # fmt: skip
def test_what_a_bulk_file_cannot_mean_is_refused(bulk: Reader, more: str, problem: str) -> None:
    content = HEAD.replace("status", "status,word") + GOOD.replace("A\n", "A,x\n")
    assert problem in bulk.refuse(content, LONG + more).problem


def test_one_column_speaks_of_two_things_and_two_of_one(bulk: Reader) -> None:
    """A map that gives item and measure at once; a rule about a column that another text has set."""
    layout = (
        LONG.replace('measure = "value"\n', "").replace(
            'map = { S = "EBOPS2010:S", SI = "EBOPS2010:SI", SJ = "EBOPS2010:SJ" }',
            'map = { S = { item = "EBOPS2010:S", measure = "value" }, G = { item = "EBOPS2010:S", measure = "growth", '
            'unit = "PERCENT", unit_mult = 0, base_period = "@previous" } }',
        )
        + '[[rules]]\nwhen = { measure = "growth", label = "G" }\nthen = { price = "constant" }\nreason = "volumes"\n'
    )
    rows = bulk(HEAD + "CHN,W,X,S,2020,5.0,A\nCHN,W,X,G,2020,1.25,A\n", layout)
    assert [(r["measure"], r["unit"], r["unit_mult"], r["base_period"], r["price"], r["note"]) for r in rows] == [
        ("value", "USD", 6, "", "current", ""), ("growth", "PERCENT", 0, "2019", "constant", "volumes"),
    ]  # fmt: skip
    assert rows == read_cells(HEAD + "CHN,W,X,S,2020,5.0,A\nCHN,W,X,G,2020,1.25,A\n", layout)


# --- rows, lines, encodings ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_blank_lines_and_line_ends_keep_the_row_numbers(bulk: Reader, end: str) -> None:
    content = (HEAD + GOOD + "\n" + GOOD.replace("X", "M") + "\n\n" + GOOD.replace("SI", "SJ") + "\n").replace(
        "\n", end
    )
    assert [row["locator"] for row in bulk(content)] == ["t.csv!R2C6", "t.csv!R4C6", "t.csv!R7C6"]


def test_many_blank_lines_keep_the_row_numbers(bulk: Reader) -> None:
    lines = [f"CHN,W,X,SI,{2000 + n},{n},A\n" + "\n" * (n % 3) for n in range(20)]
    rows = bulk(HEAD + "".join(lines))
    assert rows == read_cells(HEAD + "".join(lines), LONG)
    error = bulk.refuse(HEAD + "".join(lines) + "CHN,W,X,SI,2019,7,A\n")
    assert (error.row, error.problem) == (39, "two figures stand for one thing (first in row 39) (and 1 more such "
                                          "place(s): R41C6 '7')")  # fmt: skip


def test_mixed_line_ends_are_read(bulk: Reader) -> None:
    rows = bulk(HEAD + GOOD.replace("\n", "\r\n") + GOOD.replace("X", "M") + GOOD.replace("SI", "SJ"))
    assert [row["locator"] for row in rows] == ["t.csv!R2C6", "t.csv!R3C6", "t.csv!R4C6"]


def test_rows_are_counted_where_a_cell_holds_a_line_break(bulk: Reader) -> None:
    """As a spreadsheet counts them: the cell reader does the same."""
    layout = LONG + '[[columns]]\nheader = "remark"\nrole = "note"\n'
    content = HEAD.replace("status", "status,remark") + 'CHN,W,X,SI,2020,1,A,"two\nlines"\n\nCHN,W,M,SI,2020,1,A,\n'
    rows = bulk(content, layout)
    assert [(row["locator"], row["note"]) for row in rows] == [("t.csv!R2C6", "two\nlines"), ("t.csv!R4C6", "")]
    assert rows == read_cells(content, layout)


def test_last_line_without_an_end(bulk: Reader) -> None:
    assert len(bulk(HEAD + GOOD + GOOD.replace("X", "M").strip())) == 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-bom", "gb18030", "cp1252"])
def test_encodings(bulk: Reader, encoding: str) -> None:
    layout = LONG + '[[columns]]\nheader = "remark"\nrole = "note"\n'
    remark = "préliminaire" if encoding == "cp1252" else "初步数"
    content = HEAD.replace("status", "status,remark") + f"CHN,W,X,SI,2020,1,A,{remark}\n"
    raw = content.encode({"utf-8-bom": "utf-8-sig"}.get(encoding, encoding))
    (row,) = bulk(raw, layout, top=f'encoding = "{encoding}"\n')
    assert row["note"] == remark
    if encoding in ("gb18030", "cp1252"):
        error = bulk.refuse(raw, layout)
        assert error.row == 2 and "not utf-8" in error.problem


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_bytes_that_are_not_of_the_encoding_are_named_by_row(bulk: Reader, encoding: str) -> None:
    """Also in a column that is not read."""
    layout = LONG + '[[columns]]\nheader = "label"\nrole = "ignore"\nreason = "the label"\n'
    head = HEAD.replace("status", "status,label")
    raw = (head + GOOD.replace("A\n", "A,x\n") * 1).encode() + b"CHN,W,M,SI,2020,1,A,\xff\xff\n"
    error = bulk.refuse(raw, layout, top=f'encoding = "{encoding}"\n')
    assert error.row == 3 and f"not {encoding}" in error.problem and (error.found or "").startswith("ff")


def test_tabs_and_semicolons(bulk: Reader) -> None:
    for delimiter in ("\t", ";"):
        content = (HEAD + GOOD).replace(",", delimiter)
        assert len(bulk(content, top=f"delimiter = {delimiter!r}\n".replace("'", '"'))) == 1


# --- archives and Parquet --------------------------------------------------------------------------------------------


def make_zip(*members: tuple[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


def test_gzip_and_zip(bulk: Reader) -> None:
    expected = bulk(HEAD + GOOD)
    (row,) = bulk(gzip.compress((HEAD + GOOD).encode()), name="t.csv.gz")
    assert row == expected[0] | {"locator": "t.csv.gz!R2C6"}
    (row,) = bulk(make_zip(("t.csv", HEAD + GOOD), ("readme.pdf", "x")), name="t.zip")
    assert row == expected[0] | {"locator": "t.zip!t.csv!R2C6"}
    error = bulk.refuse(make_zip(("t.csv", HEAD + GOOD + "CHN,W\n")), name="t.zip")
    assert (error.file, error.sheet, error.row) == ("t.zip", "t.csv", 3)


def test_7z(bulk: Reader, tmp_path: Path) -> None:
    import py7zr

    path = tmp_path / "t.7z"
    with py7zr.SevenZipFile(path, "w") as archive:
        archive.writestr(HEAD + GOOD, "US_Services.csv")
    (row,) = bulk.read_file(path, parse_layout(LONG, "t.toml"))
    assert (row["locator"], row["value"]) == ("t.7z!US_Services.csv!R2C6", Decimal("1.5"))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match="cannot be unpacked"):
        bulk.read_file(path, parse_layout(LONG, "t.toml"))


@pytest.mark.parametrize(
    ("content", "name", "problem"),
    [
        (gzip.compress((HEAD + GOOD).encode())[:-12], "t.csv.gz", "cannot be unpacked"),
        (make_zip(("a.csv", HEAD + GOOD), ("b.csv", HEAD + GOOD)), "t.zip", "several data files"),
        (make_zip(("a.pdf", "x")), "t.zip", "no data file"),
        (make_zip(("../a.csv", HEAD + GOOD)), "t.zip", "outside of itself"),
        (make_zip(("a.csv", HEAD + GOOD))[:60], "t.zip", "cannot be unpacked"),
    ],
    ids=["cut gzip", "two data files", "no data file", "climbing path", "cut zip"],
)
def test_broken_archives(bulk: Reader, content: bytes, name: str, problem: str) -> None:
    assert problem in bulk.refuse(content, name=name).problem


def test_several_members_are_listed(bulk: Reader) -> None:
    error = bulk.refuse(make_zip(("a.csv", HEAD), ("b.csv", HEAD)), name="t.zip")
    assert error.found == "a.csv, b.csv"


@pytest.mark.parametrize("pack", [lambda c: gzip.compress(c), lambda c: make_zip(("a.csv", c.decode()))])
def test_a_bomb_is_not_unpacked(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "t.gz"
    path.write_bytes(pack(b"0" * 5_000_000))
    with pytest.raises(InputError, match="more than 1000000 bytes"):
        unpack_file(path, tmp_path, most=1_000_000)


def test_parquet_keeps_its_types(bulk: Reader, tmp_path: Path) -> None:
    """A typed number says nothing of printed decimals, unless the layout does."""
    table = pa.table({
        "geo": ["CHN", "HKG", "MAC"], "partner": ["W"] * 3, "flow": ["X"] * 3, "item": ["SI"] * 3,
        "year": [2020, 2020, 2020], "value": [2346368.71508379, None, 1835732.0], "status": ["A", None, "E"],
    })  # fmt: skip
    path = tmp_path / "t.parquet"
    pq.write_table(table, path)
    rows = bulk.read_file(path, parse_layout(LONG, "t.toml"))
    assert [(r["value"], r["printed"], r["decimals"], r["lower"], r["obs_status"], r["locator"]) for r in rows] == [
        (Decimal("2346368.71508379"), "2346368.71508379", None, None, "A", "t.parquet!R1C6"),
        (None, "", None, None, "O", "t.parquet!R2C6"),
        (1835732, "1835732", None, None, "E", "t.parquet!R3C6"),
    ]
    pq.write_table(table.slice(2), path)
    (row,) = bulk.read_file(path, parse_layout("decimals = 0\n" + LONG, "t.toml"))
    assert (row["value"], row["decimals"], row["lower"]) == (1835732, 0, Decimal("1835731.5"))
    pq.write_table(table.slice(0, 1), path)
    with pytest.raises(InputError, match="finer than the decimals"):
        bulk.read_file(path, parse_layout("decimals = 0\n" + LONG, "t.toml"))
    numbers = pa.array([1.234567890123e-05, 0.0, 1.5])
    pq.write_table(table.set_column(table.schema.get_field_index("value"), "value", numbers), path)
    fine = bulk.read_file(path, parse_layout(LONG, "t.toml"))
    assert [(r["value"], r["lower"], r["upper"]) for r in fine] == [
        (Decimal("0.0000123457"), Decimal("0.0000123456"), Decimal("0.0000123458")), (0, None, None),
        (Decimal("1.5"), None, None),
    ]  # fmt: skip
    numbers = pa.array([1.23e-12, 0.0, 1.5])
    pq.write_table(table.set_column(table.schema.get_field_index("value"), "value", numbers), path)
    with pytest.raises(InputError, match="would be read as zero"):
        bulk.read_file(path, parse_layout(LONG, "t.toml"))


# --- what is written -------------------------------------------------------------------------------------------------


def test_files_are_sorted_cut_by_the_key_and_repeatable(
    bulk: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transforms.bulk.read.ROWS_A_FILE", 60)
    rows = [f"{geo},W,{flow},{item},{year},{year}.5,A\n" for year in range(2000, 2020) for geo in ("MAC", "CHN", "HKG")
            for flow in "XM" for item in ("SJ", "SI")]  # fmt: skip
    path = tmp_path / "t.csv"
    path.write_text(HEAD + "".join(rows), encoding="utf-8")
    layout = parse_layout(LONG, "t.toml")
    readouts = [
        read_bulk(path, layout, "d", "v", tmp_path / name, scratch=tmp_path / "s", threads=2) for name in ("one", "two")
    ]
    assert len(readouts[0].files) > 2
    keys, periods = [], []
    for name in readouts[0].files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
        table = pq.read_table(tmp_path / "one" / name).to_pylist()
        own = [(r["item"], r["geo"], r["flow"], r["period"]) for r in table]
        assert own and own == sorted(own)
        keys += own
        periods.append((min(key[3] for key in own), max(key[3] for key in own)))
    assert len(set(keys)) == len(keys) == len(rows)
    assert all(one[1] < two[0] for one, two in itertools.pairwise(periods)), "the file runs along the years"


def test_a_value_too_large_for_one_file_is_cut_by_the_key(
    bulk: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transforms.bulk.read.ROWS_A_FILE", 60)
    rows = [f"{geo},W,X,{item},{year},{year}.5,A\n" for item in ("SJ", "SI") for geo in ("MAC", "CHN", "HKG")
            for year in range(1900, 2000)]  # fmt: skip
    found = bulk(HEAD + "".join(rows))
    assert bulk.readout is not None and len(bulk.readout.files) >= 9
    assert found == read_cells(HEAD + "".join(rows), LONG)


def test_a_failed_reading_leaves_what_was_there(bulk: Reader, tmp_path: Path) -> None:
    layout, target, path = parse_layout(LONG, "t.toml"), tmp_path / "out", tmp_path / "t.csv"
    path.write_text(HEAD + GOOD, encoding="utf-8")
    read_bulk(path, layout, "d", "v", target, scratch=tmp_path / "s")
    before = load_rows(target)
    path.write_text(HEAD + GOOD + GOOD, encoding="utf-8")
    with pytest.raises(InputError):
        read_bulk(path, layout, "d", "v", target, scratch=tmp_path / "s")
    assert load_rows(target) == before
    path.write_text(HEAD + GOOD.replace("1.5", "2.5"), encoding="utf-8")
    read_bulk(path, layout, "d", "v", target, scratch=tmp_path / "s")
    assert [row["value"] for row in load_rows(target)] == [Decimal("2.5")]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "s", "t.csv"]


def test_a_folder_without_bulk_observations_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no bulk observations"):
        select_observations(tmp_path)
