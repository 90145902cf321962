"""Sources: the shipped ones are sound and ask what is documented; a broken one is refused by its key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from connector_publisher import WORDS

from flows.connectors.source import check_host, find_hosts, find_sources, parse_source
from transforms.errors import InputError

Refuse = Callable[[Callable[[], object]], str]

SHIPPED = {
    "batis_bpm6", "data360_digitally_deliverable", "eurostat_its", "imf_bop", "oecd_batis",
    "unctad_digitally_deliverable", "unctad_services_by_category", "world_bank_wdi", "wto_digitally_delivered",
    "wto_services_annual",
}  # fmt: skip
GOOD = (
    f'kind = "files"\nbase_url = "https://statistics.example"\n{WORDS}\n[[downloads]]\npath = "/t.csv"\ncontent = "csv"'
)


def test_the_shipped_sources(tmp_path: Path) -> None:
    sources = find_sources(tmp_path)
    assert set(sources) == SHIPPED
    for source in sources.values():
        urls = [source.listing_url] if source.kind == "listing" else [r.url for r in source.make_requests()]
        for url in urls:
            check_host(url, find_hosts(sources, tmp_path))  # https, and a host that may be asked
        assert source.words["publisher_zh"] != source.words["publisher_en"]
        assert source.words["title_zh"] != source.words["title_en"]


def test_sdmx_services_are_asked_for_csv(tmp_path: Path) -> None:
    """The documented ways to ask for SDMX-CSV: a format parameter (OECD, Eurostat), an Accept header (IMF)."""
    sources = find_sources(tmp_path)
    asked = {name: sources[name].make_requests()[0] for name in ("oecd_batis", "eurostat_its", "imf_bop")}
    assert parse_qs(urlsplit(asked["oecd_batis"].url).query)["format"] == ["csvfilewithlabels"]
    assert parse_qs(urlsplit(asked["eurostat_its"].url).query)["format"] == ["SDMX-CSV"]
    assert asked["imf_bop"].accept == "application/vnd.sdmx.data+csv;version=1.0.0"
    key = urlsplit(asked["imf_bop"].url).path.rpartition("/")[2].split(".")
    assert len(key) == 5 and key[0] == "" and key[1] == "CD_T+DB_T" and key[3:] == ["USD", "A"]
    assert urlsplit(asked["oecd_batis"].url).path.rpartition("/")[2] == ".W....A.USD_EXC."


def test_a_listing_fills_the_path(tmp_path: Path, refuse: Refuse) -> None:
    source = find_sources(tmp_path)["unctad_digitally_deliverable"]
    first, second = source.make_requests([{"fileId": 17, "x": 1}, {"fileId": "a/b c"}])
    assert first.url.endswith("/api/reportMetadata/US.DigitallyDeliverableServices/bulkfile/17/en")
    assert second.url.endswith("/bulkfile/a%2Fb%20c/en")
    message = refuse(lambda: source.make_requests([{"fileID": 17}]))
    assert "the publisher's list of files has no fileId. Found: 'fileID'." in message


def test_an_own_source_goes_before_the_shipped_one(tmp_path: Path) -> None:
    own = tmp_path / "own" / "sources"
    own.mkdir(parents=True)
    (own / "imf_bop.toml").write_text(GOOD, encoding="utf-8")
    (own / "city.toml").write_text(GOOD.replace("[[downloads]]", "[limits]\ndownload_mb = 0.5\n[[downloads]]"))
    sources = find_sources(tmp_path)
    assert sources["imf_bop"].shown == "own/sources/imf_bop.toml" and set(sources) == SHIPPED | {"city"}
    assert sources["city"].limits.download_bytes == 500_000 and sources["imf_bop"].limits.download_bytes == 200_000_000


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('kind = "files"', "", "the source lacks kind"),
        ('kind = "files"', 'kind = "page"', "unknown kind. Found: 'page'."),
        ('kind = "files"', 'kind = "listing"', "the source lacks listing.path"),
        ('kind = "files"', 'kind = "files"\nlist = 1', "unknown key list. Found: 'list'. What to do: use one"),
        ('"https://statistics.example"', '"http://statistics.example"', "not an https address"),
        ('"https://statistics.example"', '"https://a:b@statistics.example"', "an address with a name or password"),
        ('terms = "free"', "", "the source lacks publisher_says.terms"),
        ('terms = "free"', 'terms = "free"\nlicence = "x"', "unknown key publisher_says.licence"),
        ('source_family = "made_up"', "", "the source lacks source_family"),
        ('content = "csv"', 'content = "rar"', "unknown downloads[1].content. Found: 'rar'."),
        ('content = "csv"', 'content = "csv"\nzip = 1', "unknown key downloads[1].zip"),
        ('path = "/t.csv"', "", "the source lacks downloads[1].path"),
        ('content = "csv"', 'content = "csv"\nmembers = "*.csv"', "downloads[1].members is no list of texts"),
        ('content = "csv"', 'content = "csv"\nquery = "a=b"', "downloads[1].query is no table of texts"),
        ('content = "csv"', 'content = "csv"\nname = 1', "downloads[1].name is no text. Found: '1'."),
        ('kind = "files"', 'kind = "files"\nhosts = "o.example"', "hosts is no list of texts. Found: 'o.example'."),
        ("[[downloads]]", "[[other]]", "unknown key other"),
        ("[[downloads]]", "[limits]\nratio = 0\n[[downloads]]", "limits.ratio is no positive number. Found: '0'."),
        ("[[downloads]]", "[limits]\nmb = 1\n[[downloads]]", "unknown key limits.mb"),
        ("[[downloads]]", '[credentials]\nvariable = "X"\n[[downloads]]', "the source lacks credentials.header"),
        ("[[downloads]]", '[listing]\npath = "/x"\n[[downloads]]', "a listing that its kind does not use"),
        ("[[downloads]]", "[[downloads", "the source is not TOML"),
    ],
)  # fmt: skip
def test_a_source_that_is_none(refuse: Refuse, old: str, new: str, message: str) -> None:
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    assert refuse(lambda: parse_source(text.encode(), "city", "own/sources/city.toml")).startswith(
        f"own/sources/city.toml: {message}"
    )


@pytest.mark.parametrize("name", ["", "Über", "a/b", "..", "A", "1a", "a" * 65, "a.b"])
def test_what_is_no_dataset(name: str) -> None:
    with pytest.raises(InputError, match="not the name of a dataset"):
        parse_source(GOOD.encode(), name, "x.toml")


def test_the_users_own_hosts(tmp_path: Path, refuse: Refuse) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "hosts.txt").write_text("# ours\nData.Gov.Example # the mirror\n\n", encoding="utf-8-sig")
    hosts = find_hosts(find_sources(tmp_path), tmp_path)
    check_host("https://data.gov.example/t.csv", hosts)
    message = refuse(lambda: check_host("https://other.example/t.csv", hosts))
    assert "if you trust it, add the line other.example to own/hosts.txt" in message
    assert refuse(lambda: check_host("https://gov.example/t.csv", hosts))  # a part of a name is not the name
    (tmp_path / "own" / "hosts.txt").write_text("ok.example\nhttps://data.example/\n", encoding="utf-8")
    assert refuse(lambda: find_hosts({}, tmp_path)).startswith("own/hosts.txt, row 2: not the name of a host.")
