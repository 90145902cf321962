"""Sources: TOML declarations that say where a publisher's files are and what the card of an edition says of them.

One file per dataset: flows/connectors/sources/<dataset>.toml, or the user's own data/own/sources/<dataset>.toml, which
goes before the bundled one. kind = "given" has words for the card only: the publisher has no interface, and the file
comes with --from. docs/ingest.md is the reference of the keys.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from transforms.errors import InputError

KINDS = ("files", "listing", "given")
CONTENTS = ("csv", "zip", "7z", "gzip", "xlsx", "xls", "ods", "xml", "json", "parquet")
WORDS = ("publisher_zh", "publisher_en", "title_zh", "title_en", "edition", "terms", "url", "definition")
REQUIRED_WORDS = ("publisher_zh", "publisher_en", "title_zh", "title_en", "terms")
MEGABYTE = 1_000_000
_DATASET = re.compile(r"[a-z][a-z0-9_]{0,63}")
_KEYS = {
    "kind",
    "base_url",
    "hosts",
    "source_family",
    "publisher_says",
    "listing",
    "downloads",
    "limits",
    "credentials",
    "documentation",
}
_OF_AN_INTERFACE = ("base_url", "listing", "downloads", "credentials")
_HERE = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Limits:
    """What is refused as too large, too long or too many: bytes of a download, bytes unpacked, and so on.

    ratio: how many times its own size an archive may unpack to (once it unpacks to more than ten megabytes).
    """

    download_bytes: int = 200 * MEGABYTE
    unpacked_bytes: int = 2_000 * MEGABYTE
    ratio: int = 200
    members: int = 100
    connect_seconds: float = 20.0
    read_seconds: float = 60.0
    total_seconds: float = 3_600.0
    tries: int = 5


@dataclass(frozen=True)
class Request:
    """One file to fetch: its address, what the bytes must be, and which members of an archive are taken.

    is_given: the address is the caller's, not a source's; its query may hold a key and does not go into the card.
    """

    url: str
    content: str = ""
    accept: str = ""
    name: str = ""
    members: tuple[str, ...] = ()
    is_given: bool = False


@dataclass(frozen=True)
class Source:
    """A dataset's interface, or (kind given) its words alone. words are those of the card; shown is for messages."""

    dataset: str
    shown: str
    kind: str
    base_url: str
    hosts: tuple[str, ...]
    source_family: str
    words: dict[str, str]
    downloads: tuple[dict[str, Any], ...]
    listing: dict[str, Any] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    credentials: dict[str, str] = field(default_factory=dict)
    documentation: tuple[str, ...] = ()  # patterns of files without figures

    @property
    def has_interface(self) -> bool:
        return self.kind != "given"

    @property
    def listing_url(self) -> str:
        return _join(self.base_url, self.listing["path"], self.listing.get("query", {}))

    def make_requests(self, rows: list[dict[str, Any]] | None = None) -> list[Request]:
        """The files to fetch. Of a listing: one for each row, the row's fields put into the path's {braces}."""
        requests = []
        for row in rows if rows is not None else [{}]:
            for item in self.downloads:
                path = re.sub(r"\{(\w+)\}", lambda found, row=row: self._fill(found.group(1), row), item["path"])  # type: ignore[misc]
                requests.append(
                    Request(
                        _join(self.base_url, path, item.get("query", {})),
                        item.get("content", ""),
                        item.get("accept", ""),
                        item.get("name", ""),
                        tuple(item.get("members", ())),
                    )
                )
        return requests

    def _fill(self, key: str, row: dict[str, Any]) -> str:
        value = row.get(key)
        if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
            raise InputError(
                f"the publisher's list of files has no {key}",
                file=self.shown,
                found=", ".join(sorted(map(str, row))) or "no field",
                todo="the interface has changed: take the file from the publisher's page and give it with --from.",
            )
        return quote(str(value), safe="")


def _join(base: str, path: str, query: dict[str, Any]) -> str:
    url = base.rstrip("/") + "/" + path.lstrip("/") if path else base
    return f"{url}{'&' if '?' in url else '?'}{urlencode(query, safe=',+*@:[]')}" if query else url


def check_dataset(dataset: str) -> str:
    """The name of a dataset, or InputError: it becomes a folder."""
    if not _DATASET.fullmatch(dataset):
        raise InputError(
            "not the name of a dataset",
            found=dataset,
            todo="use small letters, digits and _, beginning with a letter, at most 64.",
        )
    return dataset


def find_sources(data_dir: Path, asked: str = "", warn: Callable[[str], None] | None = None) -> dict[str, Source]:
    """Dataset -> source: the bundled ones, replaced by the user's own of the same name.

    Raises InputError for a fault in the source asked for. A faulty source of another dataset is left out, and warn is
    told: it must not stand in the way of this one.
    """
    found: dict[str, Source] = {}
    bundled = files("flows.connectors").joinpath("sources")
    own = data_dir / "own" / "sources"
    for folder, shown in ((bundled, "flows/connectors/sources"), (own, "own/sources")):
        for path in _list_files(folder, shown):
            dataset = path.name.removesuffix(".toml")
            found.pop(dataset, None)  # the shipped one does not stand in for an own one that is broken
            try:
                found[dataset] = parse_source(
                    _read_bytes(path, f"{shown}/{path.name}"), dataset, f"{shown}/{path.name}"
                )
            except InputError as fault:
                if dataset == asked:
                    raise
                if warn:
                    warn(f"a source of another dataset is left out: {fault}")
    return found


def _list_files(folder: Traversable, shown: str) -> list[Traversable]:
    try:
        inside = list(folder.iterdir()) if folder.is_dir() else []
    except OSError as error:
        raise InputError(f"the folder cannot be read: {error.strerror}", file=shown, todo="mend its rights.") from None
    named = [path for path in inside if path.name.endswith(".toml") and not path.name.startswith((".", "~"))]
    return sorted(named, key=lambda path: path.name)


def _read_bytes(path: Traversable, shown: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"the file cannot be read: {error.strerror}", file=shown, todo="mend its rights.") from None


def parse_source(content: bytes, dataset: str, shown: str) -> Source:
    """A source from its TOML text. Raises InputError that names the key."""
    try:
        raw = tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"the source is not TOML: {error}", file=shown, todo="mend the line named.") from None
    check_dataset(dataset)
    _refuse_unknown(raw, _KEYS, "", shown)
    kind = _need(raw, "kind", str, "", shown)
    if kind not in KINDS:
        raise InputError("unknown kind", file=shown, found=kind, todo=f"use one of {', '.join(KINDS)}.")
    is_given = kind == "given"
    if is_given and (unused := [key for key in _OF_AN_INTERFACE if key in raw]):
        raise InputError(
            f"{unused[0]} is no key of a source without an interface",
            file=shown,
            found=unused[0],
            todo='remove it, or say kind = "files".',
        )
    base = "" if is_given else _need(raw, "base_url", str, "", shown)
    if base:
        check_url(base, shown)
    words = _need(raw, "publisher_says", dict, "", shown)
    _refuse_unknown(words, set(WORDS), "publisher_says.", shown)
    for key in REQUIRED_WORDS:
        _need(words, key, str, "publisher_says.", shown)
    listing = raw.get("listing", {})
    if kind == "listing":
        _refuse_unknown(listing, {"path", "query", "accept"}, "listing.", shown)
        _need(listing, "path", str, "listing.", shown)
        _check_query(listing, "listing.", shown)
    elif listing:
        raise InputError("a listing that its kind does not use", file=shown, todo='say kind = "listing".')
    credentials = raw.get("credentials", {})
    if credentials:
        _refuse_unknown(credentials, {"variable", "header", "prefix"}, "credentials.", shown)
        for key in ("variable", "header"):
            _need(credentials, key, str, "credentials.", shown)
    items = [] if is_given else _items(raw, shown)
    return Source(
        dataset=dataset,
        shown=shown,
        kind=kind,
        base_url=base,
        hosts=(*([str(urlsplit(base).hostname)] if base else []), *_read_texts(raw, "hosts", "", shown)),
        source_family=_need(raw, "source_family", str, "", shown),
        words={key: str(value) for key, value in words.items()},
        downloads=tuple(_check_download(item, number, shown) for number, item in enumerate(items, 1)),
        listing=listing,
        limits=_read_limits(raw.get("limits", {}), shown),
        credentials=credentials,
        documentation=_read_texts(raw, "documentation", "", shown),
    )


def _items(raw: dict[str, Any], shown: str) -> list[dict[str, Any]]:
    items = raw.get("downloads")
    if not items or not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise InputError("the source names no downloads", file=shown, todo="add at least one [[downloads]] with path.")
    return items


def _check_download(item: dict[str, Any], number: int, shown: str) -> dict[str, Any]:
    where = f"downloads[{number}]."
    _refuse_unknown(item, {"path", "query", "accept", "content", "name", "members"}, where, shown)
    _need(item, "path", str, where, shown, empty=True)
    content = _need(item, "content", str, where, shown)
    if content not in CONTENTS:
        raise InputError(f"unknown {where}content", file=shown, found=content, todo=f"one of {', '.join(CONTENTS)}.")
    for key in ("accept", "name"):
        if not isinstance(item.get(key, ""), str):
            raise InputError(f"{where}{key} is no text", file=shown, found=str(item[key]), todo="put it in quotes.")
    _read_texts(item, "members", where, shown)
    _check_query(item, where, shown)
    return item


def _check_query(table: dict[str, Any], where: str, shown: str) -> None:
    query = table.get("query", {})
    if not isinstance(query, dict) or not all(isinstance(value, str | int) for value in query.values()):
        raise InputError(
            f"{where}query is no table of texts", file=shown, found=str(query), todo='write query = { key = "value" }.'
        )


def _read_texts(table: dict[str, Any], key: str, where: str, shown: str) -> tuple[str, ...]:
    texts = table.get(key, [])
    if not isinstance(texts, list) or not all(isinstance(text, str) and text for text in texts):
        raise InputError(
            f"{where}{key} is no list of texts", file=shown, found=str(texts), todo='write ["...", "..."].'
        )
    return tuple(texts)


def _read_limits(raw: dict[str, Any], shown: str) -> Limits:
    """Limits as written: sizes in megabytes, times in seconds."""
    names = {"download_mb": "download_bytes", "unpacked_mb": "unpacked_bytes"}
    known = {*names, "ratio", "members", "connect_seconds", "read_seconds", "total_seconds", "tries"}
    _refuse_unknown(raw, known, "limits.", shown)
    values: dict[str, Any] = {}
    for key, value in raw.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            raise InputError(f"limits.{key} is no positive number", file=shown, found=str(value), todo="correct it.")
        values[names.get(key, key)] = int(value * MEGABYTE) if key in names else value
    return Limits(**values)


def _need(table: dict[str, Any], key: str, kind: type, where: str, shown: str, *, empty: bool = False) -> Any:
    value = table.get(key)
    if not isinstance(value, kind) or not (value or empty):
        raise InputError(f"the source lacks {where}{key}", file=shown, todo="add it; see docs/ingest.md.")
    return value


def _refuse_unknown(table: Any, known: set[str], where: str, shown: str) -> None:
    if not isinstance(table, dict):
        raise InputError(f"{where.rstrip('.')} is no table", file=shown, todo="see docs/ingest.md.")
    if unknown := sorted(set(table) - known):
        raise InputError(
            f"unknown key {where}{unknown[0]}",
            file=shown,
            found=unknown[0],
            todo=f"use one of {', '.join(sorted(known))}.",
        )


def check_url(url: str, shown: str = "") -> None:
    """Refuses what is not https (plain http only on this machine), has no host, or carries a password."""
    parts = urlsplit(url)
    if parts.username or parts.password:
        raise InputError(
            "an address with a name or password in it",
            file=shown,
            found=parts.hostname,
            todo="leave them out; credentials come from the environment variable that the source names.",
        )
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _HERE)):
        raise InputError(
            "not an https address", file=shown, found=url, todo="give an address that begins with https://."
        )


def find_origin(url: str) -> str:
    """Scheme, host and port of an address, as one text: what must be the same for a key to be sent along."""
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    return f"{scheme}://{str(parts.hostname).lower()}:{parts.port or {'http': 80, 'https': 443}.get(scheme, 0)}"


def find_hosts(sources: dict[str, Source], data_dir: Path) -> set[str]:
    """The hosts that may be asked: those of the sources and of data/own/hosts.txt (one a line, # for remarks)."""
    hosts = {host.lower() for source in sources.values() for host in source.hosts}
    own = data_dir / "own" / "hosts.txt"
    if own.is_file():
        text = _read_bytes(own, "own/hosts.txt").decode("utf-8-sig", "replace")
        for number, line in enumerate(text.splitlines(), 1):
            host = line.partition("#")[0].strip().lower()
            if not host:
                continue
            if not re.fullmatch(r"[a-z0-9.:-]+", host) or "//" in host:
                raise InputError(
                    "not the name of a host",
                    file="own/hosts.txt",
                    row=number,
                    found=line.strip(),
                    todo="give the name alone, for example data.gov.example.",
                )
            hosts.add(host)
    return hosts


def check_host(url: str, hosts: set[str], *, shown: str = "") -> None:
    """Refuses an address whose host is not on the list."""
    check_url(url, shown)
    host = str(urlsplit(url).hostname).lower()
    if host not in hosts:
        raise InputError(
            "this host is not on the list of hosts that may be asked",
            file=shown,
            found=host,
            todo=f"if you trust it, add the line {host} to own/hosts.txt in the data folder.",
        )
