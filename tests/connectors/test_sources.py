"""Sources: the shipped ones are sound and ask what is documented; a broken one is refused by its key."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from connector_publisher import WORDS

from flows.connectors.source import check_host, find_hosts, find_origin, find_sources, parse_source
from flows.store.editions import list_layout_folders
from transforms.errors import InputError

Refuse = Callable[[Callable[[], object]], str]

SHIPPED = {
    "batis_bpm6", "data360_digitally_deliverable", "eurostat_its", "imf_bop", "oecd_batis",
    "unctad_digitally_deliverable", "unctad_services_by_category", "world_bank_wdi", "wto_digitally_delivered",
    "wto_services_annual",
}  # fmt: skip
GIVEN = {
    "mofcom_services", "ons_international_trade_in_services", "ons_pink_book", "ons_subnational", "safe_services",
    "unctad_viewer", "wto_india",
}  # fmt: skip
GOOD = (
    f'kind = "files"\nbase_url = "https://statistics.example"\n{WORDS}\n[[downloads]]\npath = "/t.csv"\ncontent = "csv"'
)


def test_the_shipped_sources(tmp_path: Path) -> None:
    sources = find_sources(tmp_path)
    assert {name for name, source in sources.items() if source.has_interface} == SHIPPED
    for name in SHIPPED:
        source = sources[name]
        urls = [source.listing_url] if source.kind == "listing" else [r.url for r in source.make_requests()]
        for url in urls:
            check_host(url, find_hosts(sources, tmp_path))  # https, and a host that may be asked
        assert source.words["publisher_zh"] != source.words["publisher_en"]
        assert source.words["title_zh"] != source.words["title_en"]


def test_the_shipped_words_for_files_that_are_given(tmp_path: Path) -> None:
    """Every dataset with shipped layouts has its words, but where they are the user's, or bundled with a card."""
    sources = find_sources(tmp_path)
    given = {name: source for name, source in sources.items() if not source.has_interface}
    assert set(given) == GIVEN
    without = {"template", "seed_statements", "guangzhou_digital_trade_report", "exchange_rates_cny"}
    assert set(list_layout_folders(tmp_path)) == set(sources) | without
    for source in given.values():
        assert source.downloads == () and source.base_url == ""
        for key in ("publisher", "title"):
            assert re.search("[一-鿿]", source.words[f"{key}_zh"]) and source.words[f"{key}_en"].isascii()
    families = {name: source.source_family for name, source in given.items()}
    assert families == {
        "mofcom_services": "mofcom", "ons_international_trade_in_services": "ons_its", "ons_pink_book": "ons_bop",
        "ons_subnational": "ons_its", "safe_services": "safe", "unctad_viewer": "unctadstat",
        "wto_india": "wto_tismos",
    }  # fmt: skip
    assert {sources[name].words["terms"] for name in GIVEN if name.startswith("ons")} == {
        "Open Government Licence v3.0"
    }


def test_a_broken_source_stops_its_own_dataset_only(tmp_path: Path, refuse: Refuse) -> None:
    own = tmp_path / "own" / "sources"
    own.mkdir(parents=True)
    (own / "city.toml").write_text(GOOD, encoding="utf-8")
    (own / "imf_bop.toml").write_text('kind = "page"', encoding="utf-8")
    (own / "My Town.toml").write_text(GOOD, encoding="utf-8")
    (own / "folder.toml").mkdir()
    warnings: list[str] = []
    sources = find_sources(tmp_path, "city", warnings.append)
    assert sources["city"].dataset == "city"
    assert set(sources) == (SHIPPED | GIVEN | {"city"}) - {"imf_bop"}  # the shipped one does not stand in for it
    assert len(warnings) == 3 and all(text.startswith("a source of another dataset is left out:") for text in warnings)
    assert any("own/sources/imf_bop.toml: unknown kind. Found: 'page'." in text for text in warnings)
    message = refuse(lambda: find_sources(tmp_path, "imf_bop", warnings.append))
    assert message.startswith("own/sources/imf_bop.toml: unknown kind.")


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
    assert sources["imf_bop"].shown == "own/sources/imf_bop.toml" and set(sources) == SHIPPED | GIVEN | {"city"}
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


WORDS_ONLY = f'kind = "given"\ndocumentation = ["*.pdf"]\nhosts = ["o.example"]\n{WORDS}\n[limits]\nratio = 2'


def test_a_source_of_words_only(refuse: Refuse) -> None:
    source = parse_source(WORDS_ONLY.encode(), "city", "own/sources/city.toml")
    assert not source.has_interface and source.hosts == ("o.example",) and source.documentation == ("*.pdf",)
    assert source.words["title_en"] == "Some table" and source.limits.ratio == 2
    for line, key in (
        ('base_url = "https://o.example"\n', "base_url"),
        ('credentials = { variable = "X", header = "Y" }\n', "credentials"),
        ('downloads = [{ path = "/t", content = "csv" }]\n', "downloads"),
    ):
        message = refuse(lambda line=line: parse_source((line + WORDS_ONLY).encode(), "city", "city.toml"))  # type: ignore[misc]
        assert message.startswith(f"city.toml: {key} is no key of a source without an interface.")
    message = refuse(lambda: parse_source(WORDS_ONLY.replace('terms = "free"', "").encode(), "city", "city.toml"))
    assert message.startswith("city.toml: the source lacks publisher_says.terms.")


def test_an_origin_is_scheme_host_and_port() -> None:
    assert find_origin("https://O.example/a?b#c") == find_origin("https://o.example:443/x") == "https://o.example:443"
    others = ["http://o.example", "https://o.example:8443", "https://a.o.example", "http://o.example:443"]
    assert len({find_origin(url) for url in ["https://o.example", *others]}) == 5


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
