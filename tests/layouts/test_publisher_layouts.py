"""The bundled layouts of international publishers: the real files where they are at hand, else small made-up files in
the publisher's documented form. What a bulk layout reads, the cell reader must read in the same way."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from flows.store.editions import find_layout, find_layouts
from transforms.bulk import read_bulk, select_observations
from transforms.codelists import codelist_rows
from transforms.errors import InputError
from transforms.grid import Book, read_book
from transforms.layout import Layout, parse_layout
from transforms.observe import read_book_observations
from transforms.sdmx_messages import read_message, to_grid

Row = dict[str, Any]
TWELVE = ("SA", "SB", "SC", "SD", "SE", "SF", "SG", "SH", "SI", "SJ", "SK", "SL")
DDS6 = ("SF", "SG", "SH", "SI", "SJ", "SK")
DDS_PARTS = ("SF", "SG", "SH", "SI1", "SI2", "SI3", "SJ", "SK")


@dataclass(frozen=True)
class Reading:
    """What a file gave: observations, rows set aside, sentences, local codes and their labels."""

    rows: list[Row]
    set_aside: list[Row]
    notices: tuple[str, ...]
    labels: list[Row]

    def find(self, **wanted: str) -> Row:
        """The one observation that has these values."""
        fitting = [row for row in self.rows if all(row[name] == value for name, value in wanted.items())]
        assert len(fitting) == 1, (wanted, len(fitting))
        return fitting[0]


def layout_of(dataset: str, name: str) -> Layout:
    layout = find_layout(find_layouts(dataset, Path("no own layouts")), name)
    assert layout is not None, f"no layout of {dataset} takes {name}"
    return layout


def read_cells(layout: Layout, path: Path) -> Reading:
    book = read_book(path.read_bytes(), path.name, encoding=layout.encoding, delimiter=layout.delimiter)
    readout = read_book_observations(book, layout, "made_up", "2020")
    return Reading(
        readout.observations.to_pylist(), readout.quarantine.to_pylist(), readout.notices, readout.labels.to_pylist()
    )


def read_long(layout: Layout, path: Path, folder: Path) -> Reading:
    readout = read_bulk(path, layout, "made_up", "2020", folder / "out", scratch=folder / "scratch", threads=1)
    with duckdb.connect() as connection:
        table: pa.Table = connection.execute(select_observations(readout.folder)).to_arrow_table()
    return Reading(table.to_pylist(), readout.quarantine.to_pylist(), readout.notices, [])


def sort_rows(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row["locator"], row["measure"]))


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Reading]:
    """read(dataset, path) by the bundled layout; a bulk file also by the cell reader, which must agree."""

    def read_file(dataset: str, path: Path, *, compare: bool = True) -> Reading:
        layout = layout_of(dataset, path.name)
        if not layout.bulk:
            return read_cells(layout, path)
        reading = read_long(layout, path, tmp_path)
        if compare:
            assert sort_rows(reading.rows) == sort_rows(read_cells(layout, path).rows)
        return reading

    return read_file


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """write(name, rows) -> a CSV file as publishers write it: all line ends CR LF, cells quoted where they must be."""

    def write_file(name: str, rows: Sequence[Sequence[str]], *, encoding: str = "utf-8", quoted: bool = False) -> Path:
        text = io.StringIO(newline="")
        csv.writer(text, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL).writerows(rows)
        path = tmp_path / name
        path.write_bytes(text.getvalue().encode(encoding))
        return path

    return write_file


def geo_types() -> dict[str, str]:
    return {row["code"]: row["type"] for row in codelist_rows("geographies")}


# --- which file each layout takes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dataset", "name", "bulk"),
    [
        ("unctad_digitally_deliverable", "digitally_deliverable.csv", False),
        ("unctad_digitally_deliverable", "US_DigitallyDeliverableServices.csv", True),
        ("unctad_services_by_category", "US_TradeServCatByPartner_ST202501.csv", True),
        ("unctad_services_by_category", "US.TradeServCatTotal_20260301.csv", True),
        ("unctad_viewer", "US.DigitallyDeliverableServices_20251216_022212.csv", False),
        ("data360_digitally_deliverable", "UNCTAD_DE.csv", True),
        ("world_bank_wdi", "API_BX.GSR.CCIS.CD_DS2_en_csv_v2_920.csv", False),
        ("wto_services_annual", "services_annual_dataset.csv", True),
        ("wto_digitally_delivered", "dds_bulk_download.csv", True),
        ("wto_india", "dds_india.csv", False),
        ("wto_india", "tismos_india.csv", False),
        ("batis_bpm6", "OECD-WTO_BATIS_data_BPM6.csv", True),
        ("batis_bpm6", "batis_bpm6_dec2025_AR_WL_X_2005_2024.csv", True),
        ("oecd_batis", "oecd_batis.csv", True),
        ("eurostat_its", "bop_its6_det.csv", True),
        ("imf_bop", "imf_bop.csv", True),
        ("imf_bop", "imf_bop.xml", False),
    ],
)
def test_a_file_has_one_layout(dataset: str, name: str, bulk: bool) -> None:
    assert layout_of(dataset, name).bulk is bulk


# --- UNCTAD, World Bank copy: the real file ---------------------------------------------------------------------------


def test_data360_has_exports_and_imports_and_leaves_the_other_indicators(
    read: Callable[..., Reading], shared_data: Path
) -> None:
    reading = read("data360_digitally_deliverable", shared_data / "unctad_data360" / "UNCTAD_DE.csv")
    areas = {flow: {row["geo"] for row in reading.rows if row["flow"] == flow} for flow in "XM"}
    assert Counter(row["flow"] for row in reading.rows) == {"X": 2842, "M": 2879}
    assert (len(areas["X"]), len(areas["M"])) == (203, 206)
    assert Counter(row["obs_status"] for row in reading.rows) == {"A": 5256, "O": 465}
    assert all((row["value"] is None) is (row["obs_status"] == "O") for row in reading.rows)
    assert any("2435" in notice for notice in reading.notices)
    world = reading.find(geo="W", flow="X", period="2010")
    assert (world["value"], world["printed"], world["decimals"]) == (Decimal(1835732), "1835732.0", 0)
    assert (world["lower"], world["upper"]) == (Decimal("1835731.5"), Decimal("1835732.5"))
    assert (world["unit"], world["unit_mult"], world["item"]) == ("USD", 6, "DEF:unctad")
    types = geo_types()
    assert {geo for geo in areas["X"] if types[geo] in ("world", "group")} == {"W", "GROUP:WB_SSF"}


def test_the_bundled_file_says_what_the_whole_file_says(
    read: Callable[..., Reading], shared_data: Path, raw_dir: Path
) -> None:
    whole = read("data360_digitally_deliverable", shared_data / "unctad_data360" / "UNCTAD_DE.csv", compare=False)
    (bundled,) = (raw_dir / "raw" / "unctad_digitally_deliverable").glob("*/digitally_deliverable.csv")
    part = read("unctad_digitally_deliverable", bundled)

    def said(reading: Reading) -> dict[tuple[str, ...], tuple[Any, ...]]:
        return {
            (row["geo"], row["flow"], row["period"]): (row["value"], row["printed"], row["obs_status"], row["decimals"])
            for row in reading.rows
        }

    everything = said(whole)
    assert said(part).items() <= everything.items()
    assert len(part.rows) > 100


def test_data360_refuses_a_figure_finer_than_whole_millions(
    read: Callable[..., Reading], shared_data: Path, tmp_path: Path
) -> None:
    text = (shared_data / "unctad_data360" / "UNCTAD_DE.csv").read_text(encoding="utf-8")
    spoilt = tmp_path / "UNCTAD_DE.csv"
    spoilt.write_text(text.replace(",2010,1835732.0,", ",2010,1835732.4,", 1), encoding="utf-8")
    with pytest.raises(InputError, match="finer") as caught:
        read("data360_digitally_deliverable", spoilt)
    assert (caught.value.file, caught.value.row, caught.value.found) == ("UNCTAD_DE.csv", 2, "1835732.4")


# --- UNCTADstat, bulk files -------------------------------------------------------------------------------------------

VALUE = "US$ at current prices in millions"
SHARE = "Percentage of total trade in services"
DDS_SHARE = "Percentage of total digitally deliverable services"
CHANGE = "Percentage change (year-on-year)"


def with_marks(*measures: str) -> list[str]:
    return [f"{measure}{tail}" for measure in measures for tail in ("", " Footnote", " Missing value")]


DDS_HEAD = ["Year", "Economy", "Economy Label", "Flow", "Flow Label", "Category", "Category Label"]
DDS_HEAD += with_marks(VALUE, SHARE, DDS_SHARE, CHANGE)
DDS_ROWS = [
    ["2019", "0000", "World", "02", "Exports", "S", "Total", "3274737", "", "",
     "52.3", "", "", "100", "", "", "4.9", "", ""],
    ["2019", "1400", "Developing economies", "02", "Exports", "S", "Total", "800000.5", "Estimated in part", "",
     "", "", "Not available or not separately reported", "100", "", "", "", "", "Not applicable"],
    ["2019", "516", "Namibia", "01", "Imports", "SK1", "Audiovisual", "0", "", "",
     "-", "", "", "_", "", "", "..", "", ""],
    ["2020", "384", "Côte d'Ivoire", "01", "Imports", "SF", "Insurance", "-1.25", "", "", "0.2", "", "", "", "", "",
     "-57.1", "", ""],
]  # fmt: skip


def test_unctad_bulk_has_levels_shares_and_growth_with_their_footnotes_and_marks(
    read: Callable[..., Reading], write: Callable[..., Path]
) -> None:
    path = write("US_DigitallyDeliverableServices.csv", [DDS_HEAD, *DDS_ROWS], encoding="utf-8-sig")
    reading = read("unctad_digitally_deliverable", path)
    assert len(reading.rows) == 4 * len(DDS_ROWS)
    of_dds = [row for row in reading.rows if row["reference"] == "DDS_UNCTAD"]
    assert len(of_dds) == len(DDS_ROWS) and {row["measure"] for row in of_dds} == {"share"}
    others = [row for row in reading.rows if row not in of_dds]
    world = {row["measure"]: row for row in others if row["geo"] == "W"}
    assert (world["value"]["value"], world["value"]["unit"], world["value"]["unit_mult"]) == (3274737, "USD", 6)
    assert (world["share"]["value"], world["share"]["reference"], world["share"]["unit"]) == (
        Decimal("52.3"), "SERVICES", "PERCENT",
    )  # fmt: skip
    assert (world["growth"]["value"], world["growth"]["base_period"]) == (Decimal("4.9"), "2018")
    assert {row["item"] for row in world.values()} == {"DEF:unctad"}
    group = {row["measure"]: row for row in others if row["geo"] == "GROUP:DEVELOPING"}
    assert geo_types()["GROUP:DEVELOPING"] == "group"
    assert (group["value"]["note"], group["share"]["note"]) == ("Estimated in part", "")
    assert (group["share"]["value"], group["share"]["obs_status"]) == (None, "O")
    assert group["growth"]["value"] is None and "M" in group["growth"]["obs_status"].split(";")
    insurance = reading.find(geo="CIV", item="EBOPS2010:SF", measure="value")
    assert (insurance["flow"], insurance["value"]) == ("M", Decimal("-1.25"))


def test_unctad_symbols_mean_what_unctad_says(read: Callable[..., Reading], write: Callable[..., Path]) -> None:
    path = write("US_DigitallyDeliverableServices.csv", [DDS_HEAD, *DDS_ROWS])
    namibia = {r["measure"]: r for r in read("unctad_digitally_deliverable", path).rows if r["geo"] == "NAM"}
    nil = namibia["value"]
    assert (nil["value"], nil["lower"], nil["upper"], nil["obs_status"]) == (0, Decimal("-0.5"), Decimal("0.5"), "A")
    assert (namibia["share"]["printed"], namibia["share"]["obs_status"]) == ("-", "Q")
    assert (namibia["growth"]["printed"], namibia["growth"]["obs_status"]) == ("..", "O")


@pytest.mark.parametrize(
    ("place", "text"),
    [(2, "Atlantis"), (3, "03"), (5, "SDIG"), (0, "2019-20"), (9, "not released"), (7, "12 million")],
)
def test_unctad_bulk_refuses_what_no_list_knows(
    read: Callable[..., Reading], write: Callable[..., Path], place: int, text: str
) -> None:
    spoilt = [*DDS_ROWS[0]]
    spoilt[place] = text
    path = write("US_DigitallyDeliverableServices.csv", [DDS_HEAD, DDS_ROWS[1], spoilt])
    with pytest.raises(InputError) as caught:
        read("unctad_digitally_deliverable", path)
    assert (caught.value.row, caught.value.column, caught.value.found) == (3, place + 1, text)


GROWTH = "Growth rate (over previous period)"
PARTNER_HEAD = ["Year", "Economy", "Economy Label", "Partner", "Partner Label", "Flow", "Flow Label", "Category",
                "Category Label", *with_marks(VALUE, "Percentage of total world", SHARE, GROWTH)]  # fmt: skip
PARTNER_ROWS = [
    ["2020", "156", "China", "0000", "World", "02", "Exports", "SI", "Telecommunications", "59034", "", "", "8.5", "",
     "", "21.02", "", "", "9.6", "", ""],
    ["2020", "344", "China, Hong Kong SAR", "1500", "Developed economies", "01", "Imports", "SK1", "Audiovisual", "..",
     "", "", "", "", "Not applicable", "_", "", "", "-", "", ""],
]  # fmt: skip


def test_unctad_services_by_category_and_partner(read: Callable[..., Reading], write: Callable[..., Path]) -> None:
    path = write("US_TradeServCatByPartner.csv", [PARTNER_HEAD, *PARTNER_ROWS], encoding="utf-8-sig")
    reading = read("unctad_services_by_category", path)
    china = {(row["measure"], row["reference"]): row["value"] for row in reading.rows if row["geo"] == "CHN"}
    assert china == {
        ("value", ""): 59034, ("share", "WORLD"): Decimal("8.5"), ("share", "SERVICES"): Decimal("21.02"),
        ("growth", ""): Decimal("9.6"),
    }  # fmt: skip
    hongkong = [row for row in reading.rows if row["geo"] == "HKG"]
    assert {(row["partner"], row["flow"], row["item"]) for row in hongkong} == {
        ("GROUP:DEVELOPED", "M", "EBOPS2010:SK1")
    }
    statuses = {(row["measure"], row["reference"]): row["obs_status"] for row in hongkong}
    assert (statuses["value", ""], statuses["share", "SERVICES"], statuses["growth", ""]) == ("O", "M", "Q")


def test_the_report_without_partners_has_the_world_as_partner(
    read: Callable[..., Reading], write: Callable[..., Path]
) -> None:
    rows = [[cell for place, cell in enumerate(row) if place not in (3, 4)] for row in [PARTNER_HEAD, *PARTNER_ROWS]]
    reading = read("unctad_services_by_category", write("US_TradeServCatTotal.csv", rows))
    assert {row["partner"] for row in reading.rows} == {"W"}


def test_unctad_services_set_an_unknown_group_aside_and_read_the_rest(
    read: Callable[..., Reading], write: Callable[..., Path]
) -> None:
    unknown = [*PARTNER_ROWS[0]]
    unknown[3:5] = ["9999", "Atlantis"]
    path = write("US_TradeServCatByPartner.csv", [PARTNER_HEAD, PARTNER_ROWS[0], unknown, PARTNER_ROWS[1]])
    reading = read("unctad_services_by_category", path)
    assert {row["geo"] for row in reading.rows} == {"CHN", "HKG"} and len(reading.rows) == 8
    assert [(row["row"], row["found"]) for row in reading.set_aside] == [(3, "Atlantis")]


# --- UNCTADstat, data viewer ------------------------------------------------------------------------------------------

VIEWER_HEAD = ["Economy_Label", "Year", "Flow_Label", "Category_Label", "US_at_current_prices_in_millions_Value",
               "US_at_current_prices_Footnote", "US_at_current_prices_MissingValue",
               "Percentage_of_total_trade_in_services_Value", "Percentage_of_total_trade_in_services_Footnote",
               "Percentage_of_total_trade_in_services_MissingValue", "Percentage_change_yearonyear_Value",
               "Percentage_change_yearonyear_Footnote", "Percentage_change_yearonyear_MissingValue"]  # fmt: skip
VIEWER_ROWS = [
    ["China, Hong Kong SAR", "2020", "Exports", "Digitally-deliverable services", "12345", "Estimate", "", "55.1", "",
     "", "-3.2", "", ""],
    ["Netherlands Antilles", "2020", "Imports", "Financial services", "", "", "Not applicable", "", "",
     "Not applicable", "", "", "Not available or not separately reported"],
]  # fmt: skip


def test_viewer_export_has_labels_values_and_why_they_are_missing(
    read: Callable[..., Reading], write: Callable[..., Path]
) -> None:
    path = write("US.DigitallyDeliverableServices_20260101_101010.csv", [VIEWER_HEAD, *VIEWER_ROWS])
    reading = read("unctad_viewer", path)
    level = reading.find(geo="HKG", measure="value")
    assert (level["flow"], level["item"], level["value"], level["note"]) == ("X", "DEF:unctad", 12345, "Estimate")
    growth = reading.find(geo="HKG", measure="growth")
    assert (growth["value"], growth["base_period"]) == (Decimal("-3.2"), "2019")
    missing = reading.find(geo="ANT", measure="value")
    assert missing["value"] is None and "M" in missing["obs_status"].split(";")


@pytest.mark.parametrize("lacking", ["Flow_Label", "Category_Label"])
def test_viewer_export_without_flow_or_category_is_refused(
    read: Callable[..., Reading], write: Callable[..., Path], lacking: str
) -> None:
    place = VIEWER_HEAD.index(lacking)
    rows = [[*row[:place], *row[place + 1 :]] for row in [VIEWER_HEAD, *VIEWER_ROWS]]
    with pytest.raises(InputError, match=lacking):
        read("unctad_viewer", write("US.DigitallyDeliverableServices_20260101_101010.csv", rows))


# The form of the viewer's files, for the table of which a real file is at hand.
FDI_LAYOUT = """
files = ["US.FdiFlowsStock_*.csv"]
bad_rows = "quarantine"
[header]
contains = ["Economy_Label", "Year", '/.*_Value/']
[constants]
partner = "W"
flow = "M"
item = "UNCTAD:FDI_INFLOWS"
measure = "value"
price = "current"
unit = "USD"
unit_mult = 6
[codes.item]
"UNCTAD:FDI_INFLOWS" = "Inward flows of foreign direct investment"
[blanks]
"" = "O"
[maps.obs_status]
"Not applicable" = "M"
[[columns]]
header = "Economy_Label"
role = "key"
column = "geo"
[[columns]]
header = "Year"
role = "key"
column = "period"
parse = "year"
[[columns]]
header = '/US_at_current_prices_in_millions_Value/'
role = "value"
[[columns]]
header = '/US_at_current_prices(_in_millions)?_MissingValue/'
role = "status"
"""
VIEWER_FILE = "US.FdiFlowsStock_20251216_022212.csv"


def test_the_real_viewer_file_lost_its_quotes_and_damaged_rows_are_set_aside(shared_data: Path) -> None:
    """Saved again by another program: names with commas are cut in two, whole rows have become one cell."""
    reading = read_cells(parse_layout(FDI_LAYOUT, "fdi.toml"), shared_data / "unctadstat_viewer" / VIEWER_FILE)
    assert len(reading.rows) == 196 and len(reading.set_aside) == 10
    assert [row["row"] for row in reading.set_aside][:4] == [41, 42, 43, 54]
    assert reading.find(geo="AGO")["value"] == -136
    assert reading.find(geo="CHN")["value"] == 116238  # the row before, not that of Hong Kong


def test_the_viewer_file_as_it_was_downloaded_is_read_whole(shared_data: Path, tmp_path: Path) -> None:
    text = (shared_data / "unctadstat_viewer" / VIEWER_FILE).read_bytes().decode()
    text = re.sub(r'(?m)^"(.+),(\d{4}),,""(.+)"""\r?$', r'"\1",\2,,"\3"', text)
    text = re.sub(r"(?m)^(China, [^,]+),(\d{4}),", r'"\1",\2,', text)
    path = tmp_path / VIEWER_FILE
    path.write_bytes(text.encode())
    reading = read_cells(parse_layout(FDI_LAYOUT, "fdi.toml"), path)
    assert len(reading.rows) == 206 and not reading.set_aside
    assert {row["geo"] for row in reading.rows} >= {"HKG", "MAC", "TWN", "CHN"}
    gone = {row["geo"] for row in reading.rows if row["value"] is None}
    assert len(gone) == 7 and {geo_types()[geo] for geo in gone} == {"former"}
    assert all("M" in row["obs_status"].split(";") for row in reading.rows if row["geo"] in gone)


# --- World Bank -------------------------------------------------------------------------------------------------------

WDI_FILE = "API_BX.GSR.CCIS.CD_DS2_en_csv_v2_920.csv"


def test_world_bank_file_has_every_cell_of_every_year(read: Callable[..., Reading], shared_data: Path) -> None:
    reading = read("world_bank_wdi", shared_data / "world_bank_wdi" / WDI_FILE)
    assert len(reading.rows) == 266 * 66
    assert Counter(row["obs_status"] for row in reading.rows) == {"A": 6273, "O": 11283}
    aruba = reading.find(geo="ABW", period="1995")
    assert (aruba["value"], aruba["decimals"], aruba["lower"]) == (Decimal("2346368.71508379"), None, None)
    assert (aruba["flow"], aruba["unit"], aruba["unit_mult"]) == ("X", "USD", 0)
    types = Counter(geo_types()[geo] for geo in {row["geo"] for row in reading.rows})
    assert (types["world"], types["group"]) == (1, 49)
    assert [(row["code"], row["list"]) for row in reading.labels] == [("WDI:CCIS", "items")]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"Aruba","ABW"', '"Atlantis","ATL"', "scheme WB"),
        ("BX.GSR.CCIS.CD", "BX.GSR.CCIS.ZS", "BX.GSR.CCIS.ZS"),
        ('"Data Source","World Development Indicators",', '"Data Source","Gender Statistics",', "above the header"),
        ('"2346368.71508379"', '"2,346,36"', "2,346,36"),
    ],
)
def test_world_bank_file_with_something_unknown_is_refused(
    read: Callable[..., Reading], shared_data: Path, tmp_path: Path, old: str, new: str, problem: str
) -> None:
    text = (shared_data / "world_bank_wdi" / WDI_FILE).read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / WDI_FILE
    path.write_text(text.replace(old, new, 1 if old.startswith('"') else -1), encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(problem)):
        read("world_bank_wdi", path)


# --- WTO --------------------------------------------------------------------------------------------------------------

WTO_HEAD = ["IndicatorCategory", "IndicatorCode", "Indicator", "ReporterCode", "ReporterISO3A", "Reporter",
            "PartnerCode", "PartnerISO3A", "Partner", "ProductClassificationCode", "ProductClassification",
            "ProductCode", "Product", "PeriodCode", "Period", "FrequencyCode", "Frequency", "UnitCode", "Unit", "Year",
            "ValueFlagCode", "ValueFlag", "Value"]  # fmt: skip


def wto_row(
    indicator: str, reporter: str, partner: str, product: str, flag: str, value: str, *, name: str = "Türkiye",
    scheme: str = "BOP6",
) -> list[str]:  # fmt: skip
    return ["Trade in commercial services", indicator, "Commercial services", reporter, "", name, partner, "", "World",
            scheme, "EBOPS", product, "Other business services", "A", "Annual", "A", "Annual", "USM",
            "Million US dollar", "2020", flag, "", value]  # fmt: skip


WTO_ROWS = [
    wto_row("ITS_CS_AX6", "792", "000", "SOX", "", "35000"),
    wto_row("ITS_CS_AX6", "516", "000", "SI2", "E", "12", name="Namibia"),
    wto_row("ITS_CS_AM6", "918", "928", "SJ", "C", "700", name="European Union"),
    wto_row("ITS_CS_AM6", "158", "842", "SK1", "B", "3", name="Chinese Taipei"),
    wto_row("ITS_CS_AM6", "792", "000", "SG", "", ""),
    wto_row("ITS_CS_AX5", "792", "000", "S200", "", "31000", scheme="BOP5"),
]


def test_wto_services_are_read_in_their_encoding_with_flags_and_groups(
    read: Callable[..., Reading], write: Callable[..., Path]
) -> None:
    path = write("services_annual_dataset.csv", [WTO_HEAD, *WTO_ROWS], encoding="cp1252", quoted=True)
    reading = read("wto_services_annual", path)
    said = [(r["geo"], r["partner"], r["flow"], r["item"], r["value"], r["obs_status"]) for r in reading.rows]
    assert sorted(said, key=str) == sorted(
        [
            ("TUR", "W", "X", "EBOPS2010:SOX", Decimal(35000), "A"),
            ("NAM", "W", "X", "EBOPS2010:SI2", Decimal(12), "E"),
            ("GROUP:EU", "GROUP:EU28", "M", "EBOPS2010:SJ", Decimal(700), "D"),
            ("TWN", "USA", "M", "EBOPS2010:SK1", Decimal(3), "B"),
            ("TUR", "W", "M", "EBOPS2010:SG", None, "O"),
        ],
        key=str,
    )
    types = geo_types()
    assert (types["GROUP:EU"], types["GROUP:EU28"], types["W"]) == ("group", "group", "world")
    assert any("BOP5 (1)" in notice for notice in reading.notices)
    assert {(row["unit"], row["unit_mult"], row["period"]) for row in reading.rows} == {("USD", 6, "2020")}


@pytest.mark.parametrize(("place", "text"), [(3, "999"), (6, "XX"), (11, "SX9"), (20, "Z"), (1, "ITS_MTV_AX")])
def test_wto_services_with_an_unknown_code_are_refused(
    read: Callable[..., Reading], write: Callable[..., Path], place: int, text: str
) -> None:
    spoilt = [*WTO_ROWS[0]]
    spoilt[place] = text
    path = write("services_annual_dataset.csv", [WTO_HEAD, WTO_ROWS[1], spoilt], encoding="cp1252", quoted=True)
    with pytest.raises(InputError) as caught:
        read("wto_services_annual", path)
    assert (caught.value.row, caught.value.column, caught.value.found) == (3, place + 1, text)


def test_wto_digitally_delivered_items_are_not_those_of_ebops(
    read: Callable[..., Reading], write: Callable[..., Path]
) -> None:
    head = ["FLOW", "REPORTER_CODE", "REPORTER_NAME", "PARTNER", "INDICATOR", "INDICATOR_NAME", "YEAR", "MODE", "UNIT",
            "VALUE", "BREAKING_SERIES"]  # fmt: skip
    rows = [
        [
            "X",
            "356",
            "India",
            "WLD",
            "SJ",
            "Other business services",
            "2020",
            "1",
            "Million US dollar",
            "76794.25",
            "1",
        ],
        ["M", "NAM", "Namibia", "World", "DDS", "Total", "2019", "Mode 1", "USM", "1.5", ""],
    ]
    reading = read("wto_digitally_delivered", write("dds_bulk_download.csv", [head, *rows]))
    services = reading.find(geo="IND")
    assert (services["item"], services["mode"], services["obs_status"]) == ("WTODDS:SJ", "M1", "B")
    assert (reading.find(geo="NAM")["item"], reading.find(geo="NAM")["partner"]) == ("WTODDS:DDS", "W")
    with pytest.raises(InputError, match="WTODDS"):
        unknown = [*rows[0][:4], "SC", *rows[0][5:]]
        read("wto_digitally_delivered", write("dds_bulk_download.csv", [head, rows[1], unknown]))


def test_wto_india_parts_add_up_to_digitally_delivered_services(
    read: Callable[..., Reading], shared_data: Path
) -> None:
    reading = read("wto_india", shared_data / "wto_india" / "dds_india.csv")
    assert len(reading.rows) == 378 and {row["mode"] for row in reading.rows} == {"M1"}
    value = {(row["flow"], row["period"], row["item"]): row for row in reading.rows}
    for flow, period in {(flow, period) for flow, period, _ in value}:
        whole = value[flow, period, "WTODDS:DDS"]
        parts = [value[flow, period, f"WTODDS:{part}"] for part in DDS_PARTS]
        assert sum(p["lower"] for p in parts) <= whole["upper"] and sum(p["upper"] for p in parts) >= whole["lower"]
        assert abs(sum(p["value"] for p in parts) - whole["value"]) < Decimal("0.0001")
    assert value["X", "2022", "WTODDS:DDS"]["value"] == Decimal("219287.7512")


def test_wto_india_by_mode_keeps_items_of_its_own_and_gives_back_the_delivered_part(
    read: Callable[..., Reading], shared_data: Path
) -> None:
    modes = read("wto_india", shared_data / "wto_india" / "tismos_india.csv")
    assert Counter(row["mode"] for row in modes.rows) == dict.fromkeys(("M1", "M2", "M3", "M4"), 1980)
    assert all(row["item"].startswith("TISMOS:") for row in modes.rows)
    assert all(row["decimals"] == len(row["printed"].partition(".")[2]) for row in modes.rows)
    assert len(modes.labels) == 55
    assert {row["label"] for row in modes.labels if row["code"] == "TISMOS:SW"} == {
        "Trade margins of wholesalers and retailers"
    }
    level = {(r["flow"], r["period"], r["item"].partition(":")[2], r["mode"]): r["value"] for r in modes.rows}
    delivered = read("wto_india", shared_data / "wto_india" / "dds_india.csv")
    for year in map(str, range(2005, 2023)):  # SJ as delivered = mode 1 of SJ1, SJ2 and SJ3 without SJ33
        found = delivered.find(flow="M", period=year, item="WTODDS:SJ")["value"]
        parts = [level["M", year, part, "M1"] for part in ("SJ1", "SJ2", "SJ3")]
        assert abs(found - (sum(parts) - level["M", year, "SJ33", "M1"])) < Decimal("0.2")


# --- OECD-WTO BaTIS ---------------------------------------------------------------------------------------------------

BATIS_FILE = "batis_bpm6_dec2025_AR_WL_X_2005_2024.csv"


def test_batis_argentina_three_figures_a_row(read: Callable[..., Reading], shared_data: Path) -> None:
    reading = read("batis_bpm6", shared_data / "batis_argentina" / BATIS_FILE)
    assert Counter(row["basis"] for row in reading.rows) == {"reported": 260, "final": 260, "balanced": 260}
    assert {(row["geo"], row["partner"]) for row in reading.rows} == {("ARG", "W")}
    culture = {r["basis"]: r for r in reading.rows if (r["item"], r["period"]) == ("EBOPS2010:SK", "2016")}
    assert culture["reported"]["value"].quantize(Decimal("0.1")) == Decimal("256.6")
    assert culture["balanced"]["value"].quantize(Decimal("0.1")) == Decimal("1458.0")
    assert culture["final"]["value"] == culture["reported"]["value"]
    assert (culture["final"]["obs_status"], culture["final"]["method"]) == ("A", "R_IMF")
    assert (culture["balanced"]["obs_status"], culture["balanced"]["method"]) == ("I", "")
    repair = {r["basis"]: r for r in reading.rows if (r["item"], r["period"]) == ("EBOPS2010:SB", "2005")}
    assert (repair["reported"]["value"], repair["reported"]["obs_status"], repair["reported"]["printed"]) == (
        None, "O", "NA",
    )  # fmt: skip
    assert (repair["final"]["value"], repair["final"]["obs_status"], repair["final"]["method"]) == (0, "E", "E1")


def test_batis_argentina_items_add_up(read: Callable[..., Reading], shared_data: Path) -> None:
    reading = read("batis_bpm6", shared_data / "batis_argentina" / BATIS_FILE, compare=False)
    level = {(r["basis"], r["item"].partition(":")[2]): r["value"] for r in reading.rows if r["period"] == "2022"}
    for basis in ("reported", "final"):
        assert sum(level[basis, item] for item in TWELVE) == level[basis, "S"]
    assert sum(level["final", item] for item in DDS6).quantize(Decimal("0.01")) == Decimal("8516.48")
    assert sum(level["balanced", item] for item in DDS6).quantize(Decimal("0.01")) == Decimal("6689.83")


BATIS_HEAD = ["Reporter", "type_Reporter", "Partner", "type_Partner", "Flow", "Item_code", "type_Item", "Year",
              "Reported_value", "Final_value", "Final_value_methodology", "Balanced_value"]  # fmt: skip


def test_batis_na_is_namibia_in_a_code_and_missing_in_a_figure(
    read: Callable[..., Reading], write: Callable[..., Path]
) -> None:
    rows = [["NA", "c", "AR", "c", "M", "SJ3", "s", "2010", "NA", "1.5", "M5B", "1.25"],
            ["AR", "c", "NA", "c", "X", "SJ3", "s", "2010", "NA", "0", "E0", "0.5"],
            ["AR", "c", "NA", "c", "X", "SI", "s", "2010", "2.5", "2.5", "R_OECD", "2"]]  # fmt: skip
    reading = read("batis_bpm6", write("OECD-WTO_BATIS_data_BPM6.csv", [BATIS_HEAD, *rows]))
    assert reading.find(geo="NAM", partner="ARG", basis="reported")["obs_status"] == "O"
    modelled = reading.find(geo="NAM", partner="ARG", basis="final")
    assert (modelled["value"], modelled["obs_status"], modelled["method"]) == (Decimal("1.5"), "I", "M5B")
    nil = reading.find(geo="ARG", partner="NAM", item="EBOPS2010:SJ3", basis="final")
    assert set(nil["obs_status"].split(";")) == {"E", "N"}
    assert reading.find(geo="ARG", item="EBOPS2010:SI", basis="final")["obs_status"] == "A"


@pytest.mark.parametrize(("place", "text"), [(0, "Q9"), (2, "ZZZ"), (4, "T"), (5, "XX"), (9, "n/a")])
def test_batis_with_something_unknown_is_refused(
    read: Callable[..., Reading], write: Callable[..., Path], place: int, text: str
) -> None:
    good = ["AR", "c", "WL", "g", "X", "S", "s", "2010", "1", "1", "R_IMF", "1"]
    spoilt = [*good[:7], "2011", *good[8:]]
    spoilt[place] = text
    with pytest.raises(InputError) as caught:
        read("batis_bpm6", write("OECD-WTO_BATIS_data_BPM6.csv", [BATIS_HEAD, good, spoilt]))
    assert (caught.value.row, caught.value.column, caught.value.found) == (3, place + 1, text)


OECD_HEAD = ["STRUCTURE", "STRUCTURE_ID", "STRUCTURE_NAME", "ACTION", "REF_AREA", "Reference area", "COUNTERPART_AREA",
             "Counterpart area", "TRADE_FLOW", "Trade flow", "SERVICE", "Service", "FREQ", "Frequency of observation",
             "UNIT_MEASURE", "Unit of measure", "METHODOLOGY_TYPE", "Methodology type", "TIME_PERIOD", "Time period",
             "OBS_VALUE", "Observation value", "OBS_STATUS", "Observation status", "UNIT_MULT", "Unit multiplier",
             "DECIMALS", "Decimals"]  # fmt: skip


def oecd_row(geo: str, partner: str, flow: str, kind: str, value: str, status: str) -> list[str]:
    return ["DATAFLOW", "OECD.SDD.TPS:DSD_BATIS@DF_BATIS(1.0)", "Balanced trade in services", "I", geo, "Economy",
            partner, "Partner", flow, "Flow", "SK", "Personal services", "A", "Annual", "USD_EXC", "US dollars", kind,
            "Kind", "2016", "", value, "", status, "Status", "6", "Millions", "1", "One"]  # fmt: skip


def test_oecd_batis_repeats_a_figure_for_each_methodology(
    read: Callable[..., Reading], write: Callable[..., Path]
) -> None:
    rows = [oecd_row("ARG", "W", "X", "N", "256.6", "A"), oecd_row("ARG", "W", "X", "F", "256.6", "A"),
            oecd_row("ARG", "W", "X", "B", "1458.0", "I"), oecd_row("NAM", "EU27_2020", "M", "N", "", "O"),
            oecd_row("WXD", "W", "M", "B", "5", "I")]  # fmt: skip
    reading = read("oecd_batis", write("oecd_batis.csv", [OECD_HEAD, *rows]))
    argentina = {row["basis"]: (row["value"], row["obs_status"]) for row in reading.rows if row["geo"] == "ARG"}
    assert argentina == {
        "reported": (Decimal("256.6"), "A"), "final": (Decimal("256.6"), "A"), "balanced": (Decimal("1458.0"), "I"),
    }  # fmt: skip
    missing = reading.find(geo="NAM")
    assert (missing["partner"], missing["value"], missing["obs_status"]) == ("GROUP:EU27_2020", None, "O")
    assert reading.find(geo="GROUP:WXD")["unit_mult"] == 6


def test_oecd_batis_without_labels_and_by_the_other_name_of_the_column(
    read: Callable[..., Reading], write: Callable[..., Path]
) -> None:
    head = ["REF_AREA", "COUNTERPART_AREA", "TRADE_FLOW", "SERVICE", "ADJUSTMENT", "TIME_PERIOD", "OBS_VALUE"]
    good = ["ARG", "W", "X", "SK", "B", "2016", "1458.0"]
    assert read("oecd_batis", write("oecd_batis.csv", [head, good])).rows[0]["basis"] == "balanced"
    with pytest.raises(InputError, match="scheme OECD") as caught:
        read("oecd_batis", write("oecd_batis.csv", [head, good, ["AR", *good[1:]]]))
    assert caught.value.found == "AR"


# --- Eurostat ---------------------------------------------------------------------------------------------------------

EUROSTAT_HEAD = ["DATAFLOW", "LAST UPDATE", "freq", "currency", "bop_item", "stk_flow", "partner", "geo",
                 "TIME_PERIOD", "OBS_VALUE", "OBS_FLAG", "CONF_STATUS"]  # fmt: skip


def eurostat_row(
    value: str, flag: str, *, year: str = "2020", item: str = "SJ312", flow: str = "CRE", partner: str = "WRL_REST",
    geo: str = "DE", conf: str = "",
) -> list[str]:  # fmt: skip
    return ["ESTAT:BOP_ITS6_DET(1.0)", "01/10/26 23:00:00", "A", "MIO_EUR", item, flow, partner, geo, year, value,
            flag, conf]  # fmt: skip


def test_eurostat_flags_and_their_combinations_are_statuses(
    read: Callable[..., Reading], write: Callable[..., Path]
) -> None:
    flags = {"": "A", "b": "B", "d": "D", "e": "E", "f": "F", "n": "N", "p": "P", "r": "A", "s": "I", "u": "U",
             "bd": "B;D", "bep": "B;E;P", "de": "D;E", "ep": "E;P", "pr": "P", "bu": "B;U"}  # fmt: skip
    rows = [eurostat_row("12.5", flag, year=str(2000 + n)) for n, flag in enumerate(flags)]
    reading = read("eurostat_its", write("bop_its6_det.csv", [EUROSTAT_HEAD, *rows]))
    assert [row["obs_status"] for row in sorted(reading.rows, key=lambda row: row["period"])] == [*flags.values()]


def test_eurostat_places_flows_and_confidential_figures(
    read: Callable[..., Reading], write: Callable[..., Path]
) -> None:
    rows = [eurostat_row("278000.5", ""), eurostat_row("1", "", geo="EL", partner="NA", flow="DEB"),
            eurostat_row("-3.2", "", geo="EU27_2020", partner="EXT_EU27_2020", flow="BAL"),
            eurostat_row("", "", geo="UK", partner="CN_X_HK", conf="C"),
            eurostat_row("", "z", geo="UK", partner="US")]  # fmt: skip
    reading = read("eurostat_its", write("bop_its6_det.csv", [EUROSTAT_HEAD, *rows]))
    germany = reading.find(geo="DEU")
    assert (germany["partner"], germany["flow"], germany["unit"], germany["unit_mult"]) == ("W", "X", "EUR", 6)
    assert reading.find(geo="GRC")["partner"] == "NAM"
    union = reading.find(geo="GROUP:EU27_2020")
    assert (union["partner"], union["flow"], union["measure"]) == ("GROUP:EXT_EU27_2020", "T", "balance")
    secret = reading.find(geo="GBR", partner="CHN")
    assert (secret["value"], secret["obs_status"], secret["conf_status"]) == (None, "Q", "C")
    assert "M" in reading.find(geo="GBR", partner="USA")["obs_status"].split(";")


@pytest.mark.parametrize(
    ("changed", "found"),
    [({"partner": "OFFSHO"}, "OFFSHO"), ({"item": "S9"}, "S9"), ({"geo": "ZZ"}, "ZZ"), ({"flow": "NET"}, "NET")],
)
def test_eurostat_sets_unknown_codes_aside(
    read: Callable[..., Reading], write: Callable[..., Path], changed: dict[str, str], found: str
) -> None:
    rows = [eurostat_row("1", ""), eurostat_row("2", "", year="2021", **changed), eurostat_row("3", "", year="2022")]
    reading = read("eurostat_its", write("bop_its6_det.csv", [EUROSTAT_HEAD, *rows]))
    assert [row["period"] for row in sort_rows(reading.rows)] == ["2020", "2022"]
    assert [(row["row"], row["found"]) for row in reading.set_aside] == [(3, found)]


def test_every_eurostat_flag_combination_is_written_once_in_alphabetical_order() -> None:
    flags = layout_of("eurostat_its", "bop_its6_det.csv").table.maps["obs_status"]
    assert all("".join(sorted(flag)) == flag for flag in flags)
    letters = [flag for flag in flags if len(flag) == 1]
    assert {*"bcdefnprsuz"} <= {*letters}
    for pair in (a + b for a in "bdefnprsu" for b in "bdefnprsu" if a < b):
        parts = {code for letter in pair for code in flags[letter]["obs_status"].split(";")} - {"A"}
        assert {*flags[pair]["obs_status"].split(";")} == parts


# --- IMF --------------------------------------------------------------------------------------------------------------

IMF_HEAD = ["DATAFLOW", "COUNTRY", "BOP_ACCOUNTING_ENTRY", "INDICATOR", "UNIT", "FREQUENCY", "TIME_PERIOD",
            "OBS_VALUE", "SCALE", "PRECISION", "DECIMALS_DISPLAYED", "STATUS", "FULL_DESCRIPTION"]  # fmt: skip


def imf_row(country: str, entry: str, item: str, period: str, value: str, status: str = "") -> list[str]:
    frequency = "Q" if "Q" in period else "A"
    return ["IMF.STA:BOP(21.0.0)", country, entry, item, "USD", frequency, period, value, "6", "6", "", status,
            "Services,\n of the balance of payments"]  # fmt: skip


def test_imf_figures_are_single_dollars_whatever_the_scale(
    read: Callable[..., Reading], write: Callable[..., Path]
) -> None:
    rows = [imf_row("CHN", "CD_T", "SI", "2020", "59034000000"), imf_row("NAM", "DB_T", "S", "2020-Q1", "163.6", "E"),
            imf_row("G163", "NETCD_T", "S", "2020", "-106565543901.5297"),
            imf_row("KOS", "CD_T", "SK", "2020", "")]  # fmt: skip
    reading = read("imf_bop", write("imf_bop.csv", [IMF_HEAD, *rows]))
    china = reading.find(geo="CHN")
    assert (china["item"], china["flow"], china["value"], china["unit_mult"]) == (
        "EBOPS2010:SI", "X", Decimal(59034000000), 0,
    )  # fmt: skip
    namibia = reading.find(geo="NAM")
    assert (namibia["flow"], namibia["period"], namibia["freq"], namibia["obs_status"]) == ("M", "2020-Q1", "Q", "E")
    area = reading.find(geo="GROUP:EA")
    assert (area["measure"], area["flow"], area["value"]) == ("balance", "T", Decimal("-106565543901.5297"))
    assert (reading.find(geo="XKX")["value"], reading.find(geo="XKX")["obs_status"]) == (None, "O")


@pytest.mark.parametrize(
    ("row", "found"),
    [
        (imf_row("ZZZ", "CD_T", "S", "2020", "1"), "ZZZ"),
        (imf_row("CHN", "A_NFA_T", "S", "2020", "1"), "A_NFA_T"),
        (imf_row("CHN", "CD_T", "CAB", "2020", "1"), "CAB"),
    ],
)
def test_imf_refuses_what_is_no_trade_in_services(
    read: Callable[..., Reading], write: Callable[..., Path], row: list[str], found: str
) -> None:
    with pytest.raises(InputError) as caught:
        read("imf_bop", write("imf_bop.csv", [IMF_HEAD, imf_row("CHN", "DB_T", "S", "2020", "1"), row]))
    assert caught.value.found == found


IMF_MESSAGE = """<?xml version="1.0" encoding="UTF-8"?>
<message:StructureSpecificData xmlns:message="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message"
  xmlns:ss="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/data/structurespecific"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <message:Header><message:ID>x</message:ID><message:Test>false</message:Test>
    <message:Prepared>2026-01-01T00:00:00</message:Prepared><message:Sender id="IMF"/></message:Header>
  <message:DataSet>
    <Series COUNTRY="CHN" BOP_ACCOUNTING_ENTRY="CD_T" INDICATOR="SI" UNIT="USD" FREQUENCY="A" SCALE="6">
      <Obs TIME_PERIOD="2020" OBS_VALUE="59034000000"/>
      <Obs TIME_PERIOD="2021" OBS_VALUE="NaN"/>
    </Series>
  </message:DataSet>
</message:StructureSpecificData>
"""


def test_the_imf_layout_reads_the_xml_message_too() -> None:
    layout = layout_of("imf_bop", "imf_bop.xml")
    grid = to_grid(read_message(IMF_MESSAGE.encode(), "imf_bop.xml"))
    rows = read_book_observations(Book(grid.file, (grid,), ()), layout, "imf_bop", "2020").observations.to_pylist()
    assert [(row["geo"], row["period"], row["value"], row["obs_status"]) for row in rows] == [
        ("CHN", "2020", Decimal(59034000000), "A"),
        ("CHN", "2021", None, "O"),
    ]
