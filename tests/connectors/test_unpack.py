"""Archives: sound ones give their tables; every other kind is refused before or while it is unpacked."""

from __future__ import annotations

import gzip
import io
import random
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from connector_publisher import make_7z, make_zip, patch_7z

from flows.connectors.sniff import check_content, sniff_content
from flows.connectors.source import Limits
from flows.connectors.unpack import unpack_archive
from transforms.errors import InputError

CSV = b"Year,Value\n2020,1\n"
Refuse = Callable[[Callable[[], object]], str]


@pytest.fixture
def unpack(tmp_path: Path) -> Callable[..., dict[str, bytes]]:
    """unpack(bytes, kind) -> name: content of what was written; nothing may appear outside its folder."""

    def run(
        content: bytes, kind: str = "zip", patterns: tuple[str, ...] = (), shown: str = "a.zip", **limits: int
    ) -> dict[str, bytes]:
        box = tmp_path / "box"
        folder = box / "inner" / "place"
        folder.mkdir(parents=True, exist_ok=True)
        archive = tmp_path / "archive"
        archive.write_bytes(content)
        try:
            paths = unpack_archive(archive, kind, folder, limits=Limits(**limits), members=patterns, shown=shown)
        finally:
            assert [path for path in box.rglob("*") if path.is_file() and path.parent != folder] == []
            assert not any(path.is_symlink() for path in box.rglob("*"))
        return {path.name: path.read_bytes() for path in paths}

    return run


@pytest.mark.parametrize(("kind", "make"), [("zip", make_zip), ("7z", make_7z)])
def test_a_sound_archive(unpack: Callable[..., dict[str, bytes]], kind: str, make: Callable[..., bytes]) -> None:
    content = make({"data/服务.csv": CSV, "readme.txt": b"about", "data/B.CSV": CSV * 1000})
    assert unpack(content, kind, ("*.csv",)) == {"服务.csv": CSV, "B.CSV": CSV * 1000}
    assert set(unpack(content, kind)) == {"服务.csv", "B.CSV", "readme.txt"}


def test_what_programs_leave_in_archives_is_no_data(unpack: Callable[..., dict[str, bytes]]) -> None:
    content = make_zip({"t.csv": CSV, "__MACOSX/._t.csv": b"x", ".DS_Store": b"x", "folder/": b""})
    assert unpack(content) == {"t.csv": CSV}


def test_gzip(unpack: Callable[..., dict[str, bytes]], refuse: Refuse) -> None:
    packed = gzip.compress(CSV)
    assert unpack(packed, "gzip", shown="bop.csv.gz") == {"bop.csv": CSV}
    assert unpack(packed + gzip.compress(CSV), "gzip", shown="two.csv.gz") == {"two.csv": CSV * 2}
    assert "the archive is cut off" in refuse(lambda: unpack(gzip.compress(CSV * 999)[:-20], "gzip", shown="b.gz"))
    broken = bytearray(packed)
    broken[-8] ^= 1
    assert "the archive is damaged" in refuse(lambda: unpack(bytes(broken), "gzip", shown="c.gz"))


@pytest.mark.parametrize(
    "name", ["../t.csv", "a/../../t.csv", "/etc/t.csv", "C:/t.csv", "..\\t.csv", "\\t.csv", "t.csv\x00.txt"]
)
def test_a_path_that_climbs_out_of_a_zip(unpack: Callable[..., dict[str, bytes]], refuse: Refuse, name: str) -> None:
    stand_in = name.replace("\x00", "?").replace("\\", "|")
    content = make_zip({"good.csv": CSV, stand_in: CSV}).replace(stand_in.encode(), name.encode())
    message = refuse(lambda: unpack(content, "zip", ("good.csv",)))  # though that member is not wanted
    assert message.startswith("a.zip: a member of the archive has a path that leads out of it. Found: ")


@pytest.mark.parametrize("name", ["../t.csv", "/tt/t.csv", "C:/t.csv"])
def test_a_path_that_climbs_out_of_a_7z(unpack: Callable[..., dict[str, bytes]], refuse: Refuse, name: str) -> None:
    stand_in = "x" * (len(name) - 4) + ".csv"
    content = patch_7z(make_7z({"good.csv": CSV, stand_in: CSV}), stand_in, name)
    assert "a path that leads out of it" in refuse(lambda: unpack(content, "7z", ("good.csv",)))


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_links_and_devices_in_a_zip(unpack: Callable[..., dict[str, bytes]], refuse: Refuse, kind: int) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        info = zipfile.ZipInfo("t.csv")
        info.external_attr = (kind | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    assert "a member of the archive is a link or a device. Found: 't.csv'" in refuse(lambda: unpack(buffer.getvalue()))


def test_a_link_in_a_7z(unpack: Callable[..., dict[str, bytes]], refuse: Refuse, tmp_path: Path) -> None:
    import py7zr

    (tmp_path / "link").symlink_to("/etc/passwd")
    buffer = io.BytesIO()
    with py7zr.SevenZipFile(buffer, "w") as archive:
        archive.write(tmp_path / "link", "t.csv")
    assert "a link or a device" in refuse(lambda: unpack(buffer.getvalue(), "7z"))


def test_encrypted_archives(unpack: Callable[..., dict[str, bytes]], refuse: Refuse) -> None:
    content = bytearray(make_zip({"t.csv": CSV}))
    content[6] |= 1  # the flag in the member's header and in the list at the end
    content[content.index(b"PK\x01\x02") + 8] |= 1
    todo = "What to do: unpack it with its password, and give the files with --from."
    message = refuse(lambda: unpack(bytes(content), shown="given.zip"))
    assert message == f"given.zip: the archive is encrypted. Found: 't.csv'. {todo}"
    for hidden in (False, True):
        sealed = make_7z({"t.csv": CSV}, password="x", header_encryption=hidden)
        message = refuse(lambda sealed=sealed: unpack(sealed, "7z", shown="given.7z"))  # type: ignore[misc]
        assert message == f"given.7z: the archive is encrypted. {todo}"


@pytest.mark.parametrize(("kind", "make"), [("zip", make_zip), ("7z", make_7z)])
def test_a_bomb_by_its_own_word(
    unpack: Callable[..., dict[str, bytes]], refuse: Refuse, kind: str, make: Callable[..., bytes], tmp_path: Path
) -> None:
    bomb = make({"t.csv": bytes(30_000_000)})
    assert len(bomb) < 60_000
    message = refuse(lambda: unpack(bomb, kind))
    assert message.startswith("a.zip: the archive unpacks to more than") and "Found: '30,000,000 bytes'" in message
    assert not list((tmp_path / "box").rglob("t.csv"))  # refused before it was unpacked
    assert len(unpack(bomb, kind, ratio=10_000)["t.csv"]) == 30_000_000
    assert "more than 20,000,000 bytes" in refuse(lambda: unpack(bomb, kind, ratio=10_000, unpacked_bytes=20_000_000))


def test_a_bomb_without_a_word(unpack: Callable[..., dict[str, bytes]], refuse: Refuse, tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(30_000_000), 6)  # gzip says nothing that could be checked before
    message = refuse(lambda: unpack(bomb, "gzip", shown="t.csv.gz"))
    assert message.startswith("t.csv.gz: the archive unpacks to more than 10,000,000 bytes.")
    assert (tmp_path / "box" / "inner" / "place" / "t.csv").stat().st_size <= 10_000_000


def test_a_header_that_lies(unpack: Callable[..., dict[str, bytes]], refuse: Refuse, tmp_path: Path) -> None:
    content = bytearray(make_zip({"t.csv": bytes(30_000_000)}))
    at = content.index(b"PK\x01\x02") + 24
    assert struct.unpack_from("<L", content, at) == (30_000_000,)
    struct.pack_into("<L", content, at, 1000)
    assert "the archive is damaged" in refuse(lambda: unpack(bytes(content)))
    assert (tmp_path / "box" / "inner" / "place" / "t.csv").stat().st_size <= 1000


def test_many_members(unpack: Callable[..., dict[str, bytes]], refuse: Refuse) -> None:
    content = make_zip({f"{number}.csv": CSV for number in range(12)})
    assert "the archive has more than 10 members. Found: '12'" in refuse(lambda: unpack(content, members=10))


@pytest.mark.parametrize(("kind", "make"), [("zip", make_zip), ("7z", make_7z)])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_truncated_archive(
    unpack: Callable[..., dict[str, bytes]], refuse: Refuse, kind: str, make: Callable[..., bytes], share: float
) -> None:
    table = b"".join(b"%d,%d\n" % (year, year * year * 7919 % 100_003) for year in range(20_000))
    content = make({"t.csv": table})
    message = refuse(lambda: unpack(content[: int(len(content) * share)], kind))
    assert "cut off" in message and "take the archive again" in message


@pytest.mark.parametrize(("kind", "make"), [("zip", make_zip), ("7z", make_7z)])
def test_a_damaged_archive(
    unpack: Callable[..., dict[str, bytes]], refuse: Refuse, kind: str, make: Callable[..., bytes]
) -> None:
    content = bytearray(make({"t.csv": bytes(range(256)) * 400}))
    for place in range(60, 160):
        content[place] ^= 0x55
    assert "the archive is damaged" in refuse(lambda: unpack(bytes(content), kind))


@pytest.mark.parametrize("kind", ["zip", "7z", "gzip"])
def test_whatever_is_wrong_is_said_in_one_sentence(tmp_path: Path, kind: str) -> None:
    """Law: an archive with bytes changed at random gives its files or an InputError, nothing else."""
    table = b"".join(b"%d,%d\n" % (year, year * year * 7919 % 100_003) for year in range(300))
    members = {"t.csv": table, "d/u.csv": b"x" * 50}
    whole = gzip.compress(table) if kind == "gzip" else (make_zip if kind == "zip" else make_7z)(members)
    chance, refused = random.Random(20260501), 0
    for number in range(400):
        content = bytearray(whole)
        for _ in range(chance.choice([1, 1, 2, 8])):
            near_the_end = len(content) - 1 - chance.randrange(min(len(content), 200))
            content[chance.choice([chance.randrange(len(content)), near_the_end])] = chance.randrange(256)
        path, folder = tmp_path / "archive", tmp_path / str(number)
        path.write_bytes(content)
        folder.mkdir()
        try:
            unpack_archive(path, kind, folder, limits=Limits(unpacked_bytes=20_000_000), shown="a.gz")
        except InputError as error:
            refused += 1
            assert error.todo and "\n" not in str(error)
    assert refused > 200


def test_a_member_without_a_name(unpack: Callable[..., dict[str, bytes]], refuse: Refuse) -> None:
    content = make_zip({"": CSV})
    assert "the archive holds no file" in refuse(lambda: unpack(content))


def test_a_checksum_that_differs_in_a_7z(unpack: Callable[..., dict[str, bytes]], refuse: Refuse) -> None:
    import py7zr

    content = bytearray(make_7z({"t.csv": CSV}, filters=[{"id": py7zr.FILTER_COPY}]))
    content[content.index(b"2020,1")] = ord("9")  # a figure changed in a table that is stored, not packed
    message = refuse(lambda: unpack(bytes(content), "7z"))
    assert message.startswith("a.zip: the archive is damaged or cut off: a checksum differs. Found: 't.csv'.")


def test_names_that_cannot_be(unpack: Callable[..., dict[str, bytes]], refuse: Refuse) -> None:
    assert "two members of the archive have the same name" in refuse(
        lambda: unpack(make_zip({"a/t.csv": CSV, "b/T.csv": CSV}))
    )
    assert "a name that a data file cannot have" in refuse(lambda: unpack(make_zip({"card.toml": b""})))
    message = refuse(lambda: unpack(make_zip({"renamed.txt": CSV}), "zip", ("*.csv",)))
    assert "the archive holds no file that matches *.csv. Found: 'renamed.txt'." in message


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (CSV, "csv"),
        (b"\xef\xbb\xbfYear,Value\n", "csv"),
        ("年份,出口\n".encode("gb18030"), "csv"),
        ("年份,出口\n".encode("utf-16"), "csv"),
        (b"[c],[z]\n1,2\n", "csv"),
        (b'{"a": 1}', "json"),
        (b"[ {}]", "json"),
        (b"<?xml version='1.0'?><m:Data/>", "xml"),
        (b"<?xml version='1.0'?><!DOCTYPE html><html>", "html"),
        (b"\n <!doctype HTML>", "html"),
        (b"<!-- x --><html lang='en'>", "html"),
        (b" \n", "empty"),
        (b"", "empty"),
        (b"\x00\x01\x02", "binary"),
        (b"%PDF-1.7", "pdf"),
        (b"PAR1....", "parquet"),
        (make_zip({"t.csv": CSV}), "zip"),
        (make_zip({"[Content_Types].xml": b"", "xl/workbook.xml": b""}), "xlsx"),
        (make_zip({"mimetype": b"", "content.xml": b""}), "ods"),
        (make_zip({"t.csv": CSV})[:40], "zip"),
        (gzip.compress(CSV), "gzip"),
        (b"7z\xbc\xaf\x27\x1c\x00\x04", "7z"),
    ],
)
def test_what_bytes_are(tmp_path: Path, content: bytes, found: str) -> None:
    (tmp_path / "f").write_bytes(content)
    assert sniff_content(tmp_path / "f") == found


def test_bytes_that_are_not_what_was_expected(tmp_path: Path, refuse: Refuse) -> None:
    path = tmp_path / "f"
    for content, expected, message in (
        (b"<html><head><title>\n Sign in </title>", "csv", "a web page came instead of data. Found: 'Sign in'."),
        (b"<html>", "", "a web page came instead of data. Found: 'a page without title'."),
        (b"", "csv", "the file is empty."),
        (b'{"error": "busy"}', "csv", 'the bytes are JSON, not text (CSV). Found: \'{"error": "busy"}\'.'),
        (CSV, "zip", "the bytes are text (CSV), not zip. Found: 'Year,Value 2020,1'."),
        (b"%PDF-1.4", "", "the bytes are pdf, not data."),
    ):
        path.write_bytes(content)
        assert f"t.csv: {message}" in refuse(lambda expected=expected: check_content(path, expected, "t.csv"))  # type: ignore[misc]
    path.write_bytes(CSV)
    assert check_content(path, "gzip", "t.csv") == "csv"  # the packing was taken off on the way
