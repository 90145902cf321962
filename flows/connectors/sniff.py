"""What the bytes of a file are, whatever its name and the server's words say."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path, PurePath

from transforms.errors import InputError
from transforms.grid import WORKBOOKS
from transforms.workbooks import check_workbook

_BEGINNING = 8192
_SIGNATURES = (
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"\x1f\x8b", "gzip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "xls"),
    (b"PAR1", "parquet"),
    (b"%PDF", "pdf"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
)
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_HTML = re.compile(rb"^\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*(<!doctype\s+html|<html|<head|<body)", re.I | re.S)
_JSON = re.compile(rb'[\[{]\s*(["{\[\]}]|-?\d|true\b|false\b|null\b)')  # a CSV may begin with [c], a mark
_TITLE = re.compile(rb"<title[^>]*>(.*?)</title>", re.I | re.S)


def sniff_content(path: Path) -> str:
    """One of csv (any text), zip, xlsx, ods, 7z, gzip, xls, parquet, pdf, html, xml, json, binary, empty."""
    with path.open("rb") as file:
        start = file.read(_BEGINNING)
    if not start.strip():
        return "empty"
    for signature, content in _SIGNATURES:
        if start.startswith(signature):
            return _look_into_zip(path) if content == "zip" else content
    for bom in _BOMS:
        if start.startswith(bom):
            start = start[len(bom) :]
            if bom != _BOMS[0]:
                return "csv"  # UTF-16 text, whose every other byte may be zero
            break
    if _HTML.match(start):
        return "html"
    text = start.lstrip()
    if text.startswith(b"<"):
        return "xml"
    if _JSON.match(text):
        return "json"
    return "binary" if b"\x00" in start else "csv"


def _look_into_zip(path: Path) -> str:
    """Workbooks are zip archives that are not to be unpacked. A damaged archive is called zip; unpacking names it."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return "zip"
    if "[Content_Types].xml" in names and any(name.startswith("xl/") for name in names):
        return "xlsx"
    return "ods" if {"mimetype", "content.xml"} <= names else "zip"


def check_content(path: Path, expected: str, shown: str, *, given: bool = False) -> str:
    """The content of a file, held against what is expected ('' = any kind of data). Raises InputError.

    given: a person gave the file (--from), so that to give it so is no remedy.
    """
    found = sniff_content(path)
    if found == "empty":
        raise InputError(
            "the file is empty", file=shown,
            todo="take it from the publisher's page once more." if given else
            "ask again later, or take it from the publisher's page with --from.",
        )  # fmt: skip
    if found == "html":
        raise InputError(
            "a web page came instead of data",
            file=shown,
            found=_read_title(path),
            todo="open the address in a browser: it may have moved, or ask for a login; "
            + ("then give what it shows." if given else "then use --from."),
        )
    if expected == "gzip" and found == "csv":
        return found  # the packing was taken off on the way
    if expected in ("xlsx", "xls", "ods") and found == "xls":
        check_workbook(path.read_bytes(), f"{PurePath(shown).stem}.{expected}")  # protected by a password, maybe
    if found in ("pdf", "binary") or (expected and found != expected):
        raise InputError(
            f"the bytes are {_name(found)}, not {_name(expected) if expected else 'data'}",
            file=shown,
            found=_read_beginning(path) if found in ("csv", "json", "xml") else None,
            todo="see what the publisher offers at the address"
            + ("." if given else ", or take the file from its page with --from."),
        )
    return found


_NAMED = {".csv": "csv", ".tsv": "csv", ".txt": "csv", ".tab": "csv", ".json": "json", ".xml": "xml",
          ".parquet": "parquet"}  # fmt: skip
_ARCHIVES = {".zip": ("zip",), ".7z": ("7z",), ".gz": ("gzip", "csv")}  # of .gz the packing may be off already


def check_name(path: Path, content: str, name: str, shown: str = "") -> None:
    """A file's bytes (content: what check_content says), held against the ending of its name. Raises InputError.

    A workbook is opened so far that one protected by a password, or cut off, is known as such.
    """
    suffix = PurePath(name).suffix.lower()
    if suffix in WORKBOOKS:
        check_workbook(path.read_bytes(), shown or name)
    wanted = _ARCHIVES.get(suffix, (_NAMED[suffix],) if suffix in _NAMED else ())
    if wanted and content not in wanted:
        raise InputError(
            f"the bytes are {_name(content)}, not {_name(wanted[0])} as the name says",
            file=shown or name,
            found=_read_beginning(path) if content in ("csv", "json", "xml") else None,
            todo="look into the file: a publisher's error often comes as JSON or XML. Fetch it again, or name it as "
            "what it is; a file without figures is named with --documentation.",
        )


def _name(content: str) -> str:
    return {"csv": "text (CSV)", "xml": "XML", "json": "JSON", "binary": "of no known type"}.get(content, content)


def _read_title(path: Path) -> str:
    with path.open("rb") as file:
        found = _TITLE.search(file.read(65536))
    return " ".join(found.group(1).decode("utf-8", "replace").split())[:120] if found else "a page without title"


def _read_beginning(path: Path) -> str:
    with path.open("rb") as file:
        return " ".join(file.read(200).decode("utf-8", "replace").split())[:120]
