"""Ingest from end to end: publishers answered as they document, by a server on this machine."""

from __future__ import annotations

import errno
import gzip
import importlib.resources
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import typer
from connector_publisher import Answer, Publisher, make_7z, make_zip
from typer.testing import CliRunner

from flows.cli import main
from flows.connectors.collect import Words, describe_landed, describe_plan, ingest_dataset, split_words
from flows.ingest import _show_progress, ingest
from flows.store.editions import find_editions, find_latest, read_files, verify_files
from flows.store.landing import Landed

CSV = b"Year,Value\n2020,1\n"
TODAY = date(2026, 5, 1)
WHEN = {"ETag": '"v1"', "Last-Modified": "Wed, 22 Apr 2026 19:59:32 GMT"}
LATER = {"ETag": '"v2"', "Last-Modified": "Thu, 23 Apr 2026 08:00:00 GMT"}
Refuse = Callable[[Callable[[], object]], str]
Own = Callable[..., Path]

TABLE = 'kind = "files"\n[[downloads]]\npath = "/t.csv"\ncontent = "csv"'
ARCHIVE = 'kind = "files"\n[[downloads]]\npath = "/t.zip"\ncontent = "zip"\nmembers = ["*.csv"]'


@pytest.fixture
def land(settings: dict[str, Any]) -> Callable[..., Landed]:
    """land(data, dataset, ...) on 1 May 2026, without waiting."""
    return lambda data, dataset, **options: ingest_dataset(data, dataset, today=TODAY, settings=settings, **options)


@pytest.fixture
def shipped(tmp_path: Path, publisher: Publisher) -> Callable[[str], Path]:
    """shipped(dataset) -> a data folder whose source is the shipped one, but asks the publisher here."""

    def copy(dataset: str) -> Path:
        text = importlib.resources.files("flows.connectors").joinpath("sources", f"{dataset}.toml").read_text("utf-8")
        text, count = re.subn(r'^base_url = ".*"$', f'base_url = "{publisher.url}"', text, flags=re.M)
        assert count == 1
        folder = tmp_path / "data" / "own" / "sources"
        folder.mkdir(parents=True)
        (folder / f"{dataset}.toml").write_text(text, encoding="utf-8")
        return tmp_path / "data"

    return copy


def list_raw(data: Path) -> list[str]:
    return sorted(str(path.relative_to(data / "raw")) for path in (data / "raw").rglob("*"))


def test_unctadstat_as_it_answers(publisher: Publisher, shipped: Callable[[str], Path], land: Any) -> None:
    report = "/api/reportMetadata/US.DigitallyDeliverableServices"
    listing = [{"fileId": 812, "fileSize": 99, "fileBlobName": "US_DigitallyDeliverableServices"}]
    publisher.answer(f"{report}/bulkfiles/en", Answer(json.dumps(listing).encode(), headers={"Content-Type": "x/y"}))
    table = "\ufeffYear,Economy\n2020,0000\n".encode()
    name = "US_DigitallyDeliverableServices_20260401.csv"
    publisher.answer(
        f"{report}/bulkfile/812/en",
        Answer(make_7z({name: table}), headers={"Content-Disposition": "attachment; filename=US_DDS.csv.7z"}),
    )
    landed = land(shipped("unctad_digitally_deliverable"), "unctad_digitally_deliverable")
    assert read_files(landed.edition) == {name: table}
    entry = landed.edition.card["files"][0]
    assert entry["archive"] == "US_DDS.csv.7z" and len(entry["archive_sha256"]) == 64
    assert entry["url"] == f"{publisher.url}{report}/bulkfile/812/en"
    assert landed.edition.vintage == "2026-05-01"  # the publisher gives no date
    assert landed.edition.card["publisher_says"]["publisher_zh"] == "联合国贸易和发展会议"
    assert not land(landed.edition.folder.parents[2], "unctad_digitally_deliverable").is_new


def test_a_listing_with_several_files_and_one_without(
    publisher: Publisher, shipped: Callable[[str], Path], land: Any, refuse: Refuse
) -> None:
    report = "/api/reportMetadata/US.TradeServCatByPartner"
    data = shipped("unctad_services_by_category")
    for answer, message in (
        (b"[]", "the publisher lists no files. Found: '[]'."),
        (b'{"error": 1}', "the publisher lists no files"),
        (b"[{]", "the publisher's list of files is not JSON"),
        (b"<html><title>Maintenance</title>", "a web page came instead of data. Found: 'Maintenance'."),
        (b'[{"id": 1}]', "the publisher's list of files has no fileId"),
    ):
        publisher.answer(f"{report}/bulkfiles/en", answer)
        assert message in refuse(lambda: land(data, "unctad_services_by_category"))
    publisher.answer(f"{report}/bulkfiles/en", json.dumps([{"fileId": 1}, {"fileId": 2}]).encode())
    publisher.answer(f"{report}/bulkfile/1/en", make_7z({"US_TradeServCat_a.csv": CSV}))
    publisher.answer(f"{report}/bulkfile/2/en", make_7z({"US_TradeServCat_b.csv": CSV * 2}))
    landed = land(data, "unctad_services_by_category")
    assert {entry["name"] for entry in landed.edition.card["files"]} == {
        "US_TradeServCat_a.csv",
        "US_TradeServCat_b.csv",
    }


@pytest.mark.parametrize(
    ("dataset", "body", "landed_as"),
    [
        ("wto_services_annual", make_zip({"services_annual_dataset.csv": CSV}), "services_annual_dataset.csv"),
        ("wto_digitally_delivered", make_zip({"dds.csv": CSV, "notes.pdf": b"%PDF"}), "dds.csv"),
        ("batis_bpm6", make_zip({"OECD-WTO_BATIS_BPM6_December2025_bulk.csv": CSV}),
         "OECD-WTO_BATIS_BPM6_December2025_bulk.csv"),
        ("data360_digitally_deliverable", CSV, "UNCTAD_DE.csv"),
        ("oecd_batis", CSV, "oecd_batis.csv"),
        ("eurostat_its", gzip.compress(CSV), "bop_its6_det.csv"),
        ("imf_bop", CSV, "imf_bop.csv"),
    ],
)  # fmt: skip
def test_the_other_publishers(
    publisher: Publisher, shipped: Callable[[str], Path], land: Any, dataset: str, body: bytes, landed_as: str
) -> None:
    data = shipped(dataset)
    path = describe_plan(data, dataset)["asks"][0].removeprefix(publisher.url)
    publisher.answer(path, Answer(body, headers=WHEN))
    landed = land(data, dataset)
    assert landed.is_new and landed.edition.name == f"{dataset}/2026-04-22"  # the date of the file
    assert read_files(landed.edition) == {landed_as: CSV}
    assert landed.edition.card["publisher_says"]["published"] == "2026-04-22"
    assert landed.edition.card["we_did"]["accessed"] == "2026-05-01"
    accept = publisher.asked[0][1]["accept"]
    assert accept.startswith("application/vnd.sdmx.data+csv") if dataset in ("imf_bop", "oecd_batis") else accept
    assert not land(data, dataset).is_new  # 304
    assert publisher.asked[-1][1]["if-none-match"] == '"v1"'


def test_the_world_bank_renames_its_files_at_every_call(
    publisher: Publisher, shipped: Callable[[str], Path], land: Any
) -> None:
    data = shipped("world_bank_wdi")
    path = "/v2/en/indicator/BX.GSR.CCIS.CD?downloadformat=csv"
    for number, value in ((920, b"1"), (921, b"1"), (922, b"2")):
        members = {
            f"API_BX.GSR.CCIS.CD_DS2_en_csv_v2_{number}.csv": b"Data Source\n" + value,
            f"Metadata_Country_API_BX.GSR.CCIS.CD_DS2_en_csv_v2_{number}.csv": CSV,
            f"Metadata_Indicator_API_BX.GSR.CCIS.CD_DS2_en_csv_v2_{number}.csv": CSV,
        }
        publisher.answer(path, make_zip(members))
        landed = land(data, "world_bank_wdi")
        assert landed.is_new == (number != 921) and len(landed.edition.card["files"]) == 2
    assert landed.edition.vintage == "2026-05-01.2"


def test_changed_bytes_are_a_new_edition_and_the_same_bytes_are_none(
    publisher: Publisher, own_source: Own, land: Any
) -> None:
    data = own_source("city", TABLE)
    publisher.answer("/t.csv", Answer(CSV, headers=WHEN))
    assert land(data, "city").edition.vintage == "2026-04-22"
    publisher.answer("/t.csv", Answer(CSV, headers=LATER))  # published anew, unchanged
    again = land(data, "city")
    assert not again.is_new and again.edition.vintage == "2026-04-22"
    publisher.answer("/t.csv", Answer(CSV * 2, headers=LATER))
    assert land(data, "city").edition.vintage == "2026-04-23"
    publisher.answer("/t.csv", Answer(CSV * 3, headers={"Last-Modified": LATER["Last-Modified"]}))
    third = land(data, "city", force=True)
    assert third.edition.vintage == "2026-04-23.2" and find_latest(data, "city").name == "city/2026-04-23.2"
    assert [found.problem for found in find_editions(data)] == [None, None, None]


def test_what_did_not_change_is_taken_from_the_edition_at_hand(
    publisher: Publisher, own_source: Own, land: Any
) -> None:
    two = TABLE + '\n[[downloads]]\npath = "/u.zip"\ncontent = "zip"'
    data = own_source("city", two)
    publisher.answer("/t.csv", Answer(CSV, headers=WHEN))
    publisher.answer("/u.zip", Answer(make_zip({"u.csv": b"u\n"}), headers=WHEN))
    land(data, "city")
    publisher.answer("/t.csv", Answer(CSV * 2, headers=LATER))
    landed = land(data, "city")
    assert read_files(landed.edition) == {"t.csv": CSV * 2, "u.csv": b"u\n"}
    kept = next(entry for entry in landed.edition.card["files"] if entry["name"] == "u.csv")
    assert kept["etag"] == '"v1"' and kept["archive"] == "u.zip"
    assert not land(data, "city").is_new and len(publisher.asked) == 6


def test_an_edition_that_was_spoiled_is_not_built_upon(publisher: Publisher, own_source: Own, land: Any) -> None:
    data = own_source("city", TABLE)
    publisher.answer("/t.csv", Answer(CSV, headers=WHEN))
    path = land(data, "city").edition.folder / "t.csv"
    path.chmod(0o644)
    path.write_bytes(b"spoiled")
    landed = land(data, "city")
    assert "if-none-match" not in publisher.asked[-1][1]
    assert landed.is_new and landed.edition.vintage == "2026-04-22.2" and path.read_bytes() == b"spoiled"
    assert read_files(landed.edition) == {"t.csv": CSV}


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer(b"<!doctype html><title>Log in</title>"), "a web page came instead of data. Found: 'Log in'."),
        (Answer(b""), "the file is empty"),
        (Answer(make_zip({"t.csv": CSV})[:60]), "the archive is cut off"),
        (Answer(make_zip({"../t.csv": CSV})), "a path that leads out of it"),
        (Answer(make_zip({"t.csv": bytes(20_000_000)})), "the archive unpacks to more than"),
        (Answer(make_zip({"t.csv": b"<html><title>Oh</title>"})), "t.zip: t.csv: a web page came instead of data"),
        (Answer(make_zip({"t.csv": b""})), "t.zip: t.csv: the file is empty"),
        (Answer(b"no", 404), "the publisher does not give the file. Found: '404 Not Found'."),
        (Answer(b"no", 429, {"Retry-After": "1"}), "the publisher has had too many requests, tried 5 times"),
    ],
)
def test_a_failure_leaves_nothing(
    publisher: Publisher, own_source: Own, land: Any, refuse: Refuse, answer: Answer, message: str
) -> None:
    data = own_source("city", ARCHIVE)
    publisher.answer("/t.zip", answer)
    assert message in refuse(lambda: land(data, "city"))
    assert list_raw(data) == []
    publisher.answer("/t.zip", Answer(make_zip({"t.csv": CSV}), headers=WHEN))
    land(data, "city")
    before = list_raw(data)
    publisher.answer("/t.zip", answer)
    assert message in refuse(lambda: land(data, "city"))
    assert list_raw(data) == before


def test_from_a_file_a_folder_and_an_archive(own_source: Own, land: Any, tmp_path: Path, refuse: Refuse) -> None:
    data = own_source("city", ARCHIVE)
    (tmp_path / "t.zip").write_bytes(make_zip({"t.csv": CSV, "about.txt": b"x"}))
    landed = land(data, "city", origin=str(tmp_path / "t.zip"), vintage="2020")
    assert landed.edition.name == "city/2020" and read_files(landed.edition) == {"t.csv": CSV}
    assert landed.edition.card["files"][0]["archive"] == "t.zip"
    assert landed.edition.card["we_did"]["notes"] == ["Taken from t.zip."]  # the name, not where it lay
    folder = tmp_path / "given"
    folder.mkdir()
    (folder / "a.csv").write_bytes(CSV)
    (folder / "b.csv.gz").write_bytes(gzip.compress(b"b\n"))
    (folder / ".DS_Store").write_bytes(b"x")
    assert read_files(land(data, "city", origin=str(folder)).edition) == {"a.csv": CSV, "b.csv": b"b\n"}
    assert (folder / "a.csv").read_bytes() == CSV  # a copy was taken
    (folder / "deeper").mkdir()
    assert "a folder inside the folder. Found: 'deeper'." in refuse(lambda: land(data, "city", origin=str(folder)))
    (folder / "deeper").rmdir()
    (folder / "card.toml").write_text("", encoding="utf-8")
    assert "ingest writes the card itself" in refuse(lambda: land(data, "city", origin=str(folder)))
    assert "there is no such file" in refuse(lambda: land(data, "city", origin=str(tmp_path / "none")))
    (tmp_path / "bare").mkdir()
    assert "the folder holds no files" in refuse(lambda: land(data, "city", origin=str(tmp_path / "bare")))


def test_what_was_given_is_not_asked_for_again_with_from(
    publisher: Publisher, own_source: Own, land: Any, tmp_path: Path, refuse: Refuse
) -> None:
    data = own_source("city", ARCHIVE)
    for content in (b"", b"<!doctype html><title>Log in</title>", b"%PDF-1.7"):
        (tmp_path / "t.csv").write_bytes(content)
        assert "--from" not in refuse(lambda: land(data, "city", origin=str(tmp_path / "t.csv")))
        publisher.answer("/t.zip", Answer(content))
        assert "--from" in refuse(lambda: land(data, "city"))


def test_a_workbook_is_not_unpacked(own_source: Own, land: Any, tmp_path: Path, book: Callable[..., bytes]) -> None:
    content = book({"S": [["年份", 1]]})
    (tmp_path / "t.xlsx").write_bytes(content)
    landed = land(own_source("city", TABLE), "city", origin=str(tmp_path / "t.xlsx"))
    assert read_files(landed.edition) == {"t.xlsx": content}


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # how an old Office file begins, and a workbook with a password


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.csv", b'{"error":"x"}', 'the bytes are JSON, not text (CSV) as the name says. Found: \'{"error":"x"}\''),
        ("t.tsv", b"<error>x</error>", "the bytes are XML, not text (CSV) as the name says"),
        ("t.json", b"a,b\n1,2\n", "the bytes are text (CSV), not JSON as the name says"),
        ("t.zip", b"a,b\n1,2\n", "the bytes are text (CSV), not zip as the name says"),
        ("t.xlsx", b'{"error":"x"}', "the workbook cannot be opened: it is truncated or no workbook"),
        ("t.xlsx", b"a,b\n1,2\n", "the file is a text table (CSV or the like), not an Excel workbook (.xlsx)"),
        ("t.xlsx", OLE + b"junk" * 99, "the file is another kind of Office file"),
        ("t.xls", OLE + b"junk" * 99, "the file is another kind of Office file"),
        ("t.xlsx", OLE + "EncryptedPackage".encode("utf-16-le"), "the workbook is protected by a password"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 8 else "",
)
@pytest.mark.parametrize("way", ["file", "archive", "address"])
def test_bytes_that_are_not_what_the_name_says(
    publisher: Publisher, own_source: Own, land: Any, tmp_path: Path, refuse: Refuse, way: str, name: str,
    content: bytes, said: str,
) -> None:  # fmt: skip
    data, path = own_source("city", TABLE), tmp_path / name
    path.write_bytes(content)
    origin = str(path)
    if way == "archive":
        origin = str(tmp_path / "packed.zip")
        Path(origin).write_bytes(make_zip({name: content}))
    elif way == "address":
        origin = publisher.answer(f"/{name}", Answer(content))
    message = refuse(lambda: land(data, "city", origin=origin))
    assert said in message and name in message and "What to do: " in message
    assert list_raw(data) == []
    landed = land(data, "city", origin=origin, documentation=("t.*",))
    assert read_files(landed.edition) == {name: content}  # what is no table may be of any kind


def test_a_source_that_sends_a_workbook_with_a_password(
    publisher: Publisher, own_source: Own, land: Any, refuse: Refuse
) -> None:
    data = own_source("city", TABLE.replace("t.csv", "t.xlsx").replace('content = "csv"', 'content = "xlsx"'))
    publisher.answer("/t.xlsx", Answer(OLE + "EncryptedPackage".encode("utf-16-le")))
    assert "protected by a password" in refuse(lambda: land(data, "city"))


def test_a_publisher_who_goes_back_to_an_older_edition(publisher: Publisher, own_source: Own, land: Any) -> None:
    data, warnings = own_source("city", TABLE), []
    for content, when in ((CSV, WHEN), (CSV * 2, LATER), (CSV, WHEN)):
        publisher.answer("/t.csv", Answer(content, headers=when))
        landed = land(data, "city", warn=warnings.append)
    assert landed.is_new and landed.again == "2026-04-22"
    assert read_files(find_latest(data, "city")) == {"t.csv": CSV}
    assert find_latest(data, "city").vintage == landed.edition.vintage > "2026-04-23"
    (said,) = [text for text in warnings if "once more" in text]
    assert (
        "the bytes are those of 2026-04-22 once more" in said and f"as {landed.edition.vintage}, now the latest" in said
    )
    assert not land(data, "city").is_new


def test_from_an_address(publisher: Publisher, own_source: Own, land: Any, refuse: Refuse) -> None:
    data = own_source("city", TABLE)
    url = publisher.answer("/other/x.csv", Answer(CSV, headers=WHEN))
    landed = land(data, "city", origin=f"{url}?key=hush")
    assert landed.edition.card["files"][0]["url"] == url  # what follows the question mark may be a key
    assert "hush" not in (landed.edition.folder / "card.toml").read_text(encoding="utf-8")
    message = refuse(lambda: land(data, "city", origin="https://other.example/x.csv"))
    assert "add the line other.example to own/hosts.txt" in message
    assert "not an https address" in refuse(lambda: land(data, "city", origin="ftp://other.example/x.csv"))


def test_a_dataset_without_a_source_needs_its_words(tmp_path: Path, land: Any, refuse: Refuse) -> None:
    data, table = tmp_path / "data", tmp_path / "t.csv"
    table.write_bytes(CSV)
    message = refuse(lambda: land(data, "my_city", origin=str(table)))
    assert 'add --title "..." --publisher "..." --terms "..." --family NAME' in message
    words = Words(split_words({"title": "某表|Some table", "publisher": "Office", "terms": "free"}))
    message = refuse(lambda: land(data, "my_city", origin=str(table), words=words))
    assert "What to do: add --family NAME;" in message
    landed = land(data, "my_city", origin=str(table), words=Words(words.publisher_says, "my_city"))
    says = landed.edition.card["publisher_says"]
    assert (says["title_zh"], says["title_en"]) == ("某表", "Some table")
    assert (says["publisher_zh"], says["publisher_en"], says["edition"]) == ("Office", "Office", "2026-05-01")
    message = refuse(lambda: land(data, "my_city"))
    assert "there is no source of this name. Found: 'my_city'." in message and "unctad_digitally_deliverable" in message
    message = refuse(lambda: land(data, "wto_services_anual"))
    assert message.endswith("Did you mean wto_services_annual?")
    message = refuse(lambda: land(data, "batis", origin=str(table)))
    assert "add --title" in message and message.endswith("Did you mean batis_bpm6 or oecd_batis?")
    for name in ("My City", "../x", ""):
        assert "not the name of a dataset" in refuse(lambda name=name: land(data, name, origin=str(table)))  # type: ignore[misc]


def test_a_dataset_whose_publisher_has_no_interface(tmp_path: Path, land: Any, refuse: Refuse) -> None:
    data, table = tmp_path / "data", tmp_path / "pinkbook2020chapter3.xls"
    table.write_bytes(OLE + "Workbook".encode("utf-16-le"))
    for ask in (land, describe_plan):
        message = refuse(lambda ask=ask: ask(data, "ons_pink_book"))  # type: ignore[misc]
        assert message.startswith("the publisher has no interface that is asked here. Found: 'ons_pink_book'.")
        assert "take the file from https://www.ons.gov.uk/" in message and "give it with --from" in message
    assert describe_plan(data, "ons_pink_book", str(table))["source"] == "flows/connectors/sources/ons_pink_book.toml"
    card = land(data, "ons_pink_book", origin=str(table), vintage="2020").edition.card
    assert card["source_family"] == "ons_bop" and card["publisher_says"]["terms"] == "Open Government Licence v3.0"


LAYOUT = """
files = ["table_*.csv"]
[header]
contains = ["Year"]
[[columns]]
header = "Year"
role = "key"
column = "period"
[[columns]]
header = "Value"
role = "value"
"""


@pytest.fixture
def own_layout(tmp_path: Path) -> Callable[[str], Path]:
    """own_layout(text) -> a data folder whose dataset city has that layout."""

    def write(text: str) -> Path:
        folder = tmp_path / "data" / "own" / "layouts" / "city"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "t.toml").write_text(text, encoding="utf-8")
        return tmp_path / "data"

    return write


CITY = Words(split_words({"title": "表|Table", "publisher": "Office", "terms": "free"}), "city")


def test_a_file_that_no_layout_fits(
    own_layout: Callable[[str], Path], land: Any, refuse: Refuse, tmp_path: Path
) -> None:
    data, given = own_layout(LAYOUT), tmp_path / "given"
    given.mkdir()
    for name in ("table_1.csv", "Table_2.csv", "tismos_india.csv"):
        (given / name).write_bytes(CSV + name.encode())
    take = {"origin": str(given), "words": CITY}
    message = refuse(lambda: land(data, "city", **take))
    assert message.startswith(
        "city/Table_2.csv: no layout of this dataset fits the file. What to do: city knows table_*.csv"
    )
    for remedy in (
        "land it as another dataset",
        "own/layouts/city/<table>.toml",
        '--documentation "Table_2.csv"',
        "--force",
    ):
        assert remedy in message
    assert message.endswith("The same holds for tismos_india.csv.") and list_raw(data) == []
    (given / "Table_2.csv").unlink()
    assert "or land it as wto_india, whose layouts know it;" in refuse(lambda: land(data, "city", **take))
    warnings: list[str] = []
    told = land(data, "city", **take, documentation=("tismos*",), warn=warnings.append)
    assert [entry.get("role") for entry in told.edition.card["files"]] == [None, "documentation"] and warnings == []
    (given / "tismos_india.csv").write_bytes(CSV * 9)
    assert land(data, "city", **take, force=True, warn=warnings.append).is_new
    assert warnings == ["no layout of city fits tismos_india.csv: the edition cannot be read before one does."]
    assert not land(data, "city", **take).is_new  # what landed so is not refused when it comes again


def test_documentation_of_any_kind(
    own_layout: Callable[[str], Path], land: Any, refuse: Refuse, tmp_path: Path
) -> None:
    data, given = own_layout(LAYOUT), tmp_path / "given"
    given.mkdir()
    page = b"<!doctype html><title>Notes</title>"
    for name, content in (("table_1.csv", CSV), ("notes.pdf", b"%PDF-1.7"), ("more.zip", make_zip({"a.html": page}))):
        (given / name).write_bytes(content)
    take = {"origin": str(given), "words": CITY}
    assert "more.zip: a.html: a web page came" in refuse(lambda: land(data, "city", **take))
    assert "the bytes are pdf" in refuse(lambda: land(data, "city", **take, documentation=("a.html",)))
    landed = land(data, "city", **take, documentation=("*.pdf", "*.html"))
    assert set(read_files(landed.edition)) == {"table_1.csv", "notes.pdf", "a.html"}
    landed = land(data, "city", **take, documentation=("*.pdf", "*.zip"))
    assert set(read_files(landed.edition)) == {"table_1.csv", "notes.pdf", "more.zip"}  # kept as it is


def test_what_lands_without_a_layout_says_what_comes_next(
    own_layout: Callable[[str], Path], land: Any, tmp_path: Path
) -> None:
    data, table = own_layout(LAYOUT), tmp_path / "t.csv"
    table.write_bytes(CSV)
    warnings: list[str] = []
    assert land(data, "batis_bpm", origin=str(table), words=CITY, warn=warnings.append).is_new
    assert len(warnings) == 1 and "write own/layouts/batis_bpm/<table>.toml next (docs/layouts.md" in warnings[0]
    assert warnings[0].endswith("Did you mean batis_bpm6?")
    own_layout(LAYOUT.replace("files", "fyles"))
    assert land(data, "city", origin=str(table), words=CITY, warn=warnings.append).is_new
    assert warnings[1].startswith("the files were not held against the layouts of city: own/layouts/city/t.toml: ")
    assert "digitrade run will block the edition until the layout is mended" in warnings[1]
    assert "digitrade layout FILE --check LAYOUT" in warnings[1]


def test_a_folder_that_may_not_be_written(
    own_source: Own, land: Any, refuse: Refuse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, table = own_source("city", TABLE), tmp_path / "t.csv"
    table.write_bytes(CSV)
    make, opened = Path.mkdir, Path.open

    def read_only(path: Path, *args: Any, **options: Any) -> None:
        if "raw" in path.parts:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
        make(path, *args, **options)

    def barred(path: Path, mode: str = "r", *args: Any, **options: Any) -> Any:
        if (path == table) if mode == "rb" else path.name.endswith(".given"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return opened(path, mode, *args, **options)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "mkdir", read_only)
        message = refuse(lambda: land(data, "city", origin=str(table)))
    assert "the data folder may not be read or written (Read-only file system); nothing was landed." in message
    assert "choose another --data-dir" in message and str(data / "raw" / "city") in message
    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", barred)
        assert refuse(lambda: land(data, "city", origin=str(table))).startswith("t.csv: the file may not be read.")
        patched.setattr(
            Path, "open", lambda path, mode="r", *a, **o: barred(path, "w") if mode == "wb" else opened(path, mode)
        )
        message = refuse(lambda: land(data, "city", origin=str(table)))
        assert "the data folder may not be read or written (Permission denied)" in message  # not the file that is given
    (tmp_path / "a_file").write_bytes(b"")
    message = refuse(lambda: land(tmp_path / "a_file", "batis_bpm6", origin=str(table)))
    assert "a file stands where a folder is needed; nothing was landed." in message and "--data-dir" in message


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="rights do not bind the superuser")
def test_rights_that_really_bar(own_source: Own, land: Any, refuse: Refuse, tmp_path: Path) -> None:
    data, given = own_source("city", TABLE), tmp_path / "given"
    given.mkdir()
    (given / "t.csv").write_bytes(CSV)
    given.chmod(0)
    assert "what is given may not be read" in refuse(lambda: land(data, "city", origin=str(given)))
    given.chmod(0o755)
    (data / "raw").mkdir(exist_ok=True)
    (data / "raw").chmod(0o555)
    assert "choose another --data-dir" in refuse(lambda: land(data, "city", origin=str(given)))
    (data / "raw").chmod(0o755)


def test_a_key_from_the_environment(
    publisher: Publisher, own_source: Own, land: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = own_source(
        "city", TABLE + '\n[credentials]\nvariable = "CITY_KEY"\nheader = "Authorization"\nprefix = "Bearer "'
    )
    monkeypatch.setenv("CITY_KEY", "hush")
    publisher.answer("/t.csv", CSV)
    landed = land(data, "city")
    assert publisher.asked[0][1]["authorization"] == "Bearer hush"
    assert "hush" not in (landed.edition.folder / "card.toml").read_text(encoding="utf-8")
    monkeypatch.delenv("CITY_KEY")
    land(data, "city", force=True)
    assert "authorization" not in publisher.asked[1][1]


def test_a_large_file_is_never_whole_in_memory(publisher: Publisher, own_source: Own, land: Any) -> None:
    import tracemalloc

    data = own_source("city", ARCHIVE + "\n[limits]\nratio = 100000")
    publisher.answer("/t.zip", make_zip({"t.csv": b"Year,Value\n" * 4_000_000}))
    tracemalloc.start()
    landed = land(data, "city")
    verify_files(landed.edition)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert landed.edition.card["files"][0]["bytes"] == 44_000_000 and peak < 15_000_000


def test_a_full_disk_in_the_middle(
    publisher: Publisher, own_source: Own, land: Any, refuse: Refuse, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = own_source("city", ARCHIVE)
    publisher.answer("/t.zip", make_zip({"t.csv": CSV}))

    def fail(*args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    for place in ("flows.connectors.download._Job.write", "flows.connectors.unpack._Budget.write"):
        with monkeypatch.context() as patched:
            patched.setattr(place, fail)
            assert refuse(lambda: land(data, "city")).startswith("raw/city: the disk is full; nothing was landed.")
        assert list_raw(data) == []
    assert land(data, "city").is_new


def test_a_bar_on_a_terminal(
    publisher: Publisher,
    own_source: Own,
    land: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    data = own_source("city", TABLE)
    publisher.answer("/t.csv", CSV * 1000)
    with _show_progress(False) as progress:
        assert progress is None  # not a terminal
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with _show_progress(True) as progress:
        assert progress is None  # asked for JSON
    monkeypatch.setenv("FORCE_COLOR", "1")
    with _show_progress(False) as progress:
        land(data, "city", progress=progress)
    shown = capsys.readouterr()
    assert "t.csv" in shown.err and "18.0" in shown.err and shown.out == ""


def test_killed_in_the_middle(publisher: Publisher, own_source: Own, land: Any) -> None:
    data = own_source("city", TABLE)
    publisher.answer("/t.csv", Answer(CSV, headers=WHEN))
    land(data, "city")
    before = list_raw(data)
    publisher.answer("/t.csv", Answer(CSV * 100_000, headers=LATER, cut=200_000, length=len(CSV) * 100_000))
    script = "import sys, pathlib, flows.connectors.collect as c; c.ingest_dataset(pathlib.Path(sys.argv[1]), 'city')"
    child = subprocess.Popen([sys.executable, "-c", script, str(data)], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 15
        while not [path for path in (data / "raw").rglob("*.download") if path.stat().st_size]:
            assert child.poll() is None and time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    assert len(list_raw(data)) > len(before)  # what it had begun lies there, where nobody takes it for an edition
    assert [(found.vintage, found.problem) for found in find_editions(data)] == [("2026-04-22", None)]
    publisher.answer("/t.csv", Answer(CSV * 2, headers=LATER))
    assert land(data, "city").edition.vintage == "2026-04-23"
    assert list_raw(data) == sorted([*before, "city/2026-04-23", "city/2026-04-23/card.toml", "city/2026-04-23/t.csv"])


@pytest.fixture
def command() -> Callable[..., Any]:
    app = typer.Typer()
    app.command()(ingest)
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


def test_the_command(publisher: Publisher, own_source: Own, command: Callable[..., Any]) -> None:
    data = own_source("city", TABLE)
    publisher.answer("/t.csv", Answer(CSV, headers=WHEN))
    place = ("--data-dir", str(data))
    plan = json.loads(command("city", "--dry-run", "--json", *place).stdout)
    assert plan == {"dataset": "city", "source": "own/sources/city.toml", "asks": [f"{publisher.url}/t.csv"],
                    "allowed": True, "latest": None}  # fmt: skip
    assert publisher.asked == [] and not (data / "raw").exists()
    result = command("city", *place)
    assert result.exit_code == 0
    assert result.stdout == "city/2026-04-22: landed t.csv (18 bytes). Terms: free\n"
    result = command("city", *place)
    assert result.exit_code == 0 and result.stdout == "city: nothing new since 2026-04-22.\n"
    outcome = json.loads(command("city", "--json", *place).stdout)
    assert outcome["state"] == "unchanged" and outcome["files"][0]["name"] == "t.csv"
    assert outcome == describe_landed(Landed(find_latest(data, "city"), False))
    assert "would ask" in command("city", "--dry-run", *place).stdout
    assert "not on the list" in command("city", "--dry-run", "--from", "https://o.example/x", *place).stdout
    failed = command("none", *place)
    assert failed.exit_code == 1 and "there is no source of this name" in str(failed.exception)


def test_warnings_and_errors_of_the_command(
    publisher: Publisher, own_source: Own, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The whole command line: warnings and the error on stderr, with --json the error on stdout too, exit code 2."""
    data = own_source("city", TABLE)
    own_source("town", 'kind = "page"')
    publisher.answer("/t.csv", Answer(CSV, headers=WHEN))
    main_of = lambda *arguments: main(["ingest", *arguments, "--data-dir", str(data)])  # noqa: E731
    with pytest.raises(SystemExit) as ended:
        main_of("city", "--json")
    shown = capsys.readouterr()
    assert ended.value.code == 0 and json.loads(shown.out)["state"] == "landed"
    first, second = shown.err.splitlines()
    assert "own/sources/town.toml: unknown kind" in first and "there is no layout for city yet" in second
    for arguments in (("town",), ("town", "--dry-run"), ("none",), ("city", "--from", str(tmp_path / "none.csv"))):
        with pytest.raises(SystemExit) as ended:
            main_of(*arguments, "--json")
        shown = capsys.readouterr()
        error = json.loads(shown.out)
        assert ended.value.code == 2 and list(error) == ["error"]
        assert shown.err.splitlines()[-1] == f"digitrade: {error['error']}" and "What to do" in error["error"]
    with pytest.raises(SystemExit) as ended:
        main_of("town")
    shown = capsys.readouterr()
    assert ended.value.code == 2 and shown.out == "" and shown.err.startswith("digitrade: own/sources/town.toml:")
