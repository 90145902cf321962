"""One file from one address, and every way in which that goes wrong."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from connector_publisher import Answer, Publisher, open_publisher

from flows.connectors.download import Fetcher, clean_name, parse_http_date, read_retry_after
from flows.connectors.source import Limits, find_origin

BODY = bytes(range(256)) * 4000  # a megabyte, no two neighbouring blocks at a wrong offset alike
DATED = {"ETag": '"v1"', "Last-Modified": "Wed, 22 Apr 2026 19:59:32 GMT"}
Make = Callable[..., Fetcher]
Refuse = Callable[[Callable[[], object]], str]


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "download"


def test_a_file_arrives_whole_with_what_the_publisher_says_of_it(
    publisher: Publisher, fetcher: Make, target: Path
) -> None:
    url = publisher.answer("/a/table.csv", Answer(BODY, headers=DATED))
    found = fetcher().fetch(url, target)
    assert target.read_bytes() == BODY
    assert (found.sha256, found.bytes) == (hashlib.sha256(BODY).hexdigest(), len(BODY))
    assert (found.name, found.etag, found.published) == ("table.csv", '"v1"', date(2026, 4, 22))
    assert publisher.asked[0][1]["accept-encoding"] == "identity"


def test_the_name_is_the_callers_then_the_servers_then_that_of_the_address(
    publisher: Publisher, fetcher: Make, target: Path
) -> None:
    named = {"Content-Disposition": 'attachment; filename="../US_Services.csv.7z"'}
    url = publisher.answer("/bulkfile/17/en", Answer(b"x", headers=named))
    assert fetcher().fetch(url, target).name == "US_Services.csv.7z"
    assert fetcher().fetch(url, target, name="ours.7z").name == "ours.7z"
    url = publisher.answer("/x/%E6%9C%8D%E5%8A%A1.csv", b"x")
    assert fetcher().fetch(url, target).name == "服务.csv"


def test_nothing_new(publisher: Publisher, fetcher: Make, target: Path) -> None:
    url = publisher.answer("/t.csv", Answer(BODY, headers=DATED))
    found = fetcher().fetch(url, target, etag='"v1"', last_modified=DATED["Last-Modified"])
    assert found.path is None and not target.exists()
    assert publisher.asked[0][1]["if-none-match"] == '"v1"'
    found = fetcher().fetch(url, target, last_modified=DATED["Last-Modified"])
    assert found.path is None
    found = fetcher().fetch(url, target, etag='"v0"', last_modified=DATED["Last-Modified"])
    assert target.read_bytes() == BODY  # the publisher has another version


def test_a_download_cut_off_goes_on_where_it_was(
    publisher: Publisher, fetcher: Make, target: Path, waits: list[float]
) -> None:
    cut = Answer(BODY, headers=DATED, cut=300_000, length=len(BODY), ranges=True)
    url = publisher.answer("/t.csv", cut, Answer(BODY, headers=DATED, ranges=True))
    found = fetcher().fetch(url, target)
    assert target.read_bytes() == BODY and found.sha256 == hashlib.sha256(BODY).hexdigest()
    second = publisher.asked[1][1]
    assert second["if-range"] == '"v1"'
    assert 0 < int(second["range"].removeprefix("bytes=").removesuffix("-")) <= 300_000
    assert waits == [1.0]


def test_a_file_that_changed_in_between_starts_again(publisher: Publisher, fetcher: Make, target: Path) -> None:
    cut = Answer(BODY, headers=DATED, cut=300_000, length=len(BODY), ranges=True)
    new = Answer(BODY[::-1], headers={"ETag": '"v2"'}, ranges=True)
    fetcher().fetch(publisher.answer("/t.csv", cut, new), target)
    assert target.read_bytes() == BODY[::-1]


@pytest.mark.parametrize("headers", [{}, {"ETag": 'W/"v1"'}])
def test_without_a_mark_that_vouches_for_bytes_nothing_is_pieced_together(
    publisher: Publisher, fetcher: Make, target: Path, headers: dict[str, str]
) -> None:
    cut = Answer(BODY, headers=headers, cut=300_000, length=len(BODY))
    fetcher().fetch(publisher.answer("/t.csv", cut, Answer(BODY, headers=headers)), target)
    assert target.read_bytes() == BODY and "range" not in publisher.asked[1][1]


def test_a_server_that_ignores_ranges_and_one_that_sends_the_wrong_part(
    publisher: Publisher, fetcher: Make, target: Path
) -> None:
    cut = Answer(BODY, headers=DATED, cut=300_000, length=len(BODY))
    fetcher().fetch(publisher.answer("/t.csv", cut, Answer(BODY, headers=DATED)), target)
    assert target.read_bytes() == BODY
    wrong = Answer(BODY, headers=DATED, ranges=True, lie=7)
    fetcher().fetch(publisher.answer("/u.csv", cut, wrong, Answer(BODY, headers=DATED)), target)
    assert target.read_bytes() == BODY
    part = Answer(BODY[:1000], 206, DATED | {"Content-Range": f"bytes 0-999/{len(BODY)}"})  # nobody asked for a part
    fetcher().fetch(publisher.answer("/w.csv", part, Answer(BODY, headers=DATED)), target)
    assert target.read_bytes() == BODY
    unsatisfied = Answer(b"", 416)
    fetcher().fetch(publisher.answer("/v.csv", cut, unsatisfied, Answer(BODY, headers=DATED)), target)
    assert target.read_bytes() == BODY


def test_a_content_length_that_is_not_true_is_a_download_cut_off(
    publisher: Publisher, fetcher: Make, target: Path, refuse: Refuse
) -> None:
    url = publisher.answer("/t.csv", Answer(b"a,b\n", length=4000))
    message = refuse(lambda: fetcher(tries=2).fetch(url, target))
    assert message.startswith(f"{url}: the download was cut off, tried 2 times.")


def test_a_fault_of_the_server_passes(publisher: Publisher, fetcher: Make, target: Path, waits: list[float]) -> None:
    url = publisher.answer("/t.csv", Answer(b"oh", 500), Answer(b"oh", 503), Answer(b"a,b\n"))
    assert fetcher().fetch(url, target).bytes == 4
    assert target.read_bytes() == b"a,b\n"
    assert waits == [1.0, 2.0]


def test_waits_grow_with_jitter_and_end(publisher: Publisher, target: Path, refuse: Refuse) -> None:
    url = publisher.answer("/t.csv", Answer(b"oh", 502))
    waits: list[float] = []
    fetcher = Fetcher({"127.0.0.1"}, Limits(tries=8), pause=waits.append)
    message = refuse(lambda: fetcher.fetch(url, target))
    assert "the publisher's server has a fault, tried 8 times. Found: '502 Bad Gateway'." in message
    assert len(waits) == 7 and len(publisher.asked) == 8
    for wait, full in zip(waits, (1, 2, 4, 8, 16, 30, 30), strict=True):
        assert full / 2 <= wait <= full
    assert len({wait / full for wait, full in zip(waits, (1, 2, 4, 8, 16, 30, 30), strict=True)}) > 1


@pytest.mark.parametrize(("asked", "waited"), [("7", 7.0), ("99999", 120.0), ("0", 0.0)])
def test_a_publisher_that_asks_for_patience_gets_it(
    publisher: Publisher, fetcher: Make, target: Path, waits: list[float], asked: str, waited: float
) -> None:
    url = publisher.answer("/t.csv", Answer(b"", 429, {"Retry-After": asked}), Answer(b"a,b\n"))
    fetcher().fetch(url, target)
    assert waits == [waited]


def test_retry_after_as_a_date() -> None:
    now = datetime(2026, 4, 22, 12, 0, 0, tzinfo=UTC)
    assert read_retry_after("Wed, 22 Apr 2026 12:01:30 GMT", now) == 90.0
    assert read_retry_after("3", now) == 3.0
    assert read_retry_after("soon", now) is None and read_retry_after("", now) is None
    assert parse_http_date("Wed, 22 Apr 2026 23:30:00 -0500") == date(2026, 4, 23)  # the day in UTC
    assert parse_http_date("yesterday") is None


@pytest.mark.parametrize(
    ("status", "words"),
    [(404, "the file may have moved"), (403, "wants a login"), (401, "wants a login"), (410, "withdrawn"),
     (400, "see the publisher's page")],
)  # fmt: skip
def test_other_refusals_are_not_asked_again(
    publisher: Publisher, fetcher: Make, target: Path, refuse: Refuse, status: int, words: str
) -> None:
    url = publisher.answer("/t.csv", Answer(b"no", status))
    message = refuse(lambda: fetcher().fetch(url, target))
    assert message.startswith(f"{url}: the publisher does not give the file. Found: '{status} ") and words in message
    assert len(publisher.asked) == 1 and not target.exists()


def test_a_silent_server(publisher: Publisher, fetcher: Make, target: Path, refuse: Refuse) -> None:
    url = publisher.answer("/t.csv", Answer(b"a,b\n", delay=2))
    started = time.monotonic()
    message = refuse(lambda: fetcher(read_seconds=0.1, tries=2).fetch(url, target))
    assert "127.0.0.1 went silent for 0.1 seconds, tried 2 times" in message
    assert time.monotonic() - started < 1.5


def test_a_slow_server_is_given_so_much_time_in_all(
    publisher: Publisher, fetcher: Make, target: Path, refuse: Refuse
) -> None:
    url = publisher.answer("/t.csv", Answer(BODY))
    asked = iter([0.0, 100.0, 100.0])
    slow = fetcher(total_seconds=50)
    slow.clock = lambda: next(asked)
    message = refuse(lambda: slow.fetch(url, target))
    assert "the download took longer than 50 seconds." in message and " bytes of 1,024,000'" in message


def test_nobody_there(fetcher: Make, target: Path, refuse: Refuse) -> None:
    message = refuse(lambda: fetcher(tries=2).fetch("http://127.0.0.1:9/t.csv", target))
    assert message.startswith("http://127.0.0.1:9/t.csv: no connection to 127.0.0.1, tried 2 times.")


def test_too_large_by_its_word_and_by_its_bytes(
    publisher: Publisher, fetcher: Make, target: Path, refuse: Refuse
) -> None:
    url = publisher.answer("/t.csv", Answer(BODY))
    message = refuse(lambda: fetcher(download_bytes=1000).fetch(url, target))
    assert "the file is larger than 1,000 bytes. Found: '1,024,000 bytes'." in message
    assert not target.exists() or target.stat().st_size == 0  # refused before it came
    packed = gzip.compress(bytes(50_000_000), 1)
    url = publisher.answer("/u.csv", Answer(packed, headers={"Content-Encoding": "gzip"}))
    assert "larger than 1,000,000 bytes" in refuse(lambda: fetcher(download_bytes=1_000_000).fetch(url, target))
    assert target.stat().st_size < 20_000_000  # packing on the way does not get past the limit


def test_a_redirect_within_the_list_and_one_out_of_it(
    publisher: Publisher, fetcher: Make, target: Path, refuse: Refuse
) -> None:
    publisher.answer("/new.csv", b"a,b\n")
    url = publisher.answer("/old.csv", Answer(b"", 302, {"Location": "/new.csv"}))
    assert fetcher().fetch(url, target).bytes == 4
    for location, problem in (
        ("http://localhost:1/x", "this host is not on the list"),
        ("http://statistics.example/error_404.htm", "not an https address"),
        ("ftp://127.0.0.1/x", "not an https address"),
    ):
        url = publisher.answer("/away.csv", Answer(b"", 302, {"Location": location}))
        message = refuse(lambda url=url: fetcher().fetch(url, target))  # type: ignore[misc]
        assert "the publisher sends us on to an address that may not be asked" in message and problem in message
        assert f"Found: '{location}'." in message
    url = publisher.answer("/loop", Answer(b"", 302, {"Location": "/loop"}))
    assert "round in circles" in refuse(lambda: fetcher().fetch(url, target))


def test_a_secret_goes_to_its_origin_only_and_into_no_message(
    publisher: Publisher, settings: dict[str, object], target: Path, refuse: Refuse
) -> None:
    fetcher = Fetcher({"127.0.0.1", "localhost"}, Limits(), find_origin(publisher.url), {"X-Key": "hush"}, **settings)  # type: ignore[arg-type]
    publisher.answer("/there.csv", b"a,b\n")
    elsewhere = publisher.url.replace("127.0.0.1", "localhost") + "/there.csv"
    url = publisher.answer("/here.csv", Answer(b"", 302, {"Location": elsewhere}))
    fetcher.fetch(url, target)
    assert publisher.asked[0][1]["x-key"] == "hush" and "x-key" not in publisher.asked[1][1]
    with open_publisher() as neighbour:  # the same host, another port
        url = publisher.answer("/moved.csv", Answer(b"", 302, {"Location": neighbour.url + "/t.csv"}))
        neighbour.answer("/t.csv", Answer(b"", 307, {"Location": publisher.url + "/back.csv"}))
        publisher.answer("/back.csv", b"a,b\n")
        fetcher.fetch(url, target)
        assert "x-key" not in neighbour.asked[0][1]
        first, second = publisher.asked[-2:]
        assert first[1]["x-key"] == "hush"
        assert second[0] == "/back.csv" and "x-key" not in second[1]  # another chose that address
        fetcher.fetch(neighbour.answer("/u.csv", b"a,b\n"), target)
        assert "x-key" not in neighbour.asked[-1][1]
    url = publisher.answer("/still.csv", Answer(b"", 302, {"Location": "/there.csv"}))
    fetcher.fetch(url, target)
    assert [headers.get("x-key") for _, headers in publisher.asked[-2:]] == ["hush", "hush"]
    secure = find_origin(publisher.url.replace("http:", "https:"))  # host and port the same, but the line is plain
    replace(fetcher, secret_origin=secure).fetch(publisher.url + "/there.csv", target)
    assert "x-key" not in publisher.asked[-1][1]
    url = publisher.answer("/no.csv", Answer(b"hush", 403))
    message = refuse(lambda: fetcher.fetch(f"{url}?key=hush", target))
    assert "check the key in the environment variable" in message
    assert "hush" not in message and "hush" not in repr(fetcher)


def test_what_is_no_address_for_us(fetcher: Make, target: Path, refuse: Refuse) -> None:
    for url, problem in (
        ("http://statistics.example/t.csv", "not an https address"),
        ("https://statistics.example/t.csv", "this host is not on the list of hosts that may be asked"),
        ("https://me:hush@127.0.0.1/t.csv", "an address with a name or password in it"),
        ("file:///etc/passwd", "not an https address"),
    ):
        message = refuse(lambda url=url: fetcher().fetch(url, target))  # type: ignore[misc]
        assert problem in message and "hush" not in message


def test_a_plain_server_where_https_is_spoken(
    publisher: Publisher, fetcher: Make, target: Path, refuse: Refuse, waits: list[float]
) -> None:
    url = publisher.url.replace("http:", "https:") + "/t.csv"
    message = refuse(lambda: fetcher().fetch(url, target))
    assert message.startswith(f"{url}: no secure connection to 127.0.0.1:") and "traceback" not in message.lower()
    assert waits == []  # asking again would not help


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl, which makes the certificate, is not here")
def test_a_certificate_nobody_vouches_for(
    fetcher: Make, target: Path, tmp_path: Path, refuse: Refuse, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = tmp_path / "server.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(pem), "-out", str(pem)],
        check=True, capture_output=True,
    )  # fmt: skip
    (tmp_path / "t.csv").write_bytes(b"a,b\n")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(tmp_path))  # type: ignore[arg-type]

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        url = f"https://127.0.0.1:{server.server_address[1]}/t.csv"
        message = refuse(lambda: fetcher().fetch(url, target))
        assert message.startswith(f"{url}: the certificate of 127.0.0.1 cannot be verified: self")
        assert "SSL_CERT_FILE" in message
        monkeypatch.setenv("SSL_CERT_FILE", str(pem))  # the remedy of the message
        assert fetcher().fetch(url, target).bytes == 4
    finally:
        server.shutdown()
        server.server_close()


def test_a_proxy_of_the_environment_is_used(
    publisher: Publisher, settings: dict[str, object], target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", publisher.url)
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.delenv("no_proxy", raising=False)
    publisher.answer("http://localhost:7/t.csv", b"a,b\n")  # a proxy is asked for the whole address
    Fetcher({"localhost"}, Limits(), **settings).fetch("http://localhost:7/t.csv", target)  # type: ignore[arg-type]
    assert target.read_bytes() == b"a,b\n"
    monkeypatch.setenv("HTTP_PROXY", "nonsense://x")
    with pytest.raises(Exception, match="the network cannot be set up from the environment"):
        Fetcher({"localhost"}, Limits(), **settings).fetch("http://localhost:7/t.csv", target)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "name"),
    [("../../x.csv", "x.csv"), ("a\\b.csv", "b.csv"), (".hidden", "hidden"), ("a\x00b.csv", "a_b.csv"), ("..", ""),
     ("~$t.xlsx", "t.xlsx"), ("服务 贸易.csv", "服务 贸易.csv"), ("C:x.csv", "C_x.csv")],
)  # fmt: skip
def test_names_that_stay_in_their_folder(text: str, name: str) -> None:
    assert clean_name(text) == name
    assert len(clean_name("x" * 500 + ".csv")) <= 120 and clean_name("x" * 500 + ".csv").endswith(".csv")
