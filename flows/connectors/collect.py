"""An edition, collected: from the publisher's interface, or from a file, a folder or an address; then landed."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flows.connectors.source import Limits, Request, Source, check_dataset, find_hosts, find_origin, find_sources
from flows.store.editions import Edition, find_latest, find_layouts, list_layout_folders, verify_files
from flows.store.landing import (
    Landed,
    Landing,
    check_vintage,
    copy_file,
    find_unread,
    is_documentation,
    open_landing,
)
from transforms.errors import InputError
from transforms.layout import Layout

if TYPE_CHECKING:
    from flows.connectors.download import Downloaded, Fetcher, Progress

# Option -> words of the card, for a dataset without a source (and to replace a source's words).
_OPTIONS = {
    "title": ("title_zh", "title_en"),
    "publisher": ("publisher_zh", "publisher_en"),
    "terms": ("terms",),
    "edition": ("edition",),
    "url": ("url",),
    "definition": ("definition",),
}
Warn = Callable[[str], None]  # takes a sentence that the caller shows; nothing is stopped by it
_NO_DATA = re.compile(r"\..*|~\$.*|thumbs\.db|desktop\.ini", re.IGNORECASE)


@dataclass(frozen=True)
class Words:
    """What the caller says for the card: publisher_says by key, and the source family."""

    publisher_says: dict[str, str]
    source_family: str = ""


def ingest_dataset(
    data_dir: Path,
    dataset: str,
    *,
    origin: str = "",
    vintage: str = "",
    words: Words | None = None,
    force: bool = False,
    today: date | None = None,
    progress: Progress | None = None,
    settings: dict[str, Any] | None = None,
    documentation: tuple[str, ...] = (),
    warn: Warn = lambda text: None,
) -> Landed:
    """Land an edition of a dataset; or the edition at hand, where there is nothing new. Raises InputError.

    origin is a file, a folder or an https address; without it the dataset's source is asked. vintage defaults to the
    date the publisher gives, else to today. force asks without conditions, and lands files that no layout fits.
    settings replace fields of the Fetcher. documentation: patterns of files without figures, which the card tells
    apart. warn is told what the user should know of, though the edition lands.
    """
    check_dataset(dataset)
    if vintage:
        check_vintage(vintage)
    sources = find_sources(data_dir, dataset, warn)
    source = sources.get(dataset)
    today = today or datetime.now(UTC).date()
    is_address = "://" in origin
    hint = _suggest_dataset(dataset, sources, data_dir)
    if not origin:
        source = _need_interface(source, dataset, sources, hint)
    family, says = _find_words(source, words or Words({}), dataset, hint)
    documentation = (*documentation, *(source.documentation if source else ()))
    with open_landing(data_dir, dataset) as landing:
        if origin and not is_address:
            _take_local(landing, Path(origin), source, documentation)
            published, notes = None, [f"Taken from {Path(origin).name}."]
            how = "The bytes of the file given, unchanged; archives unpacked."
        else:
            fetcher = _make_fetcher(source, find_hosts(sources, data_dir), progress, settings or {})
            latest = None if force else _find_earlier(data_dir, dataset)
            if origin:
                requests = [Request(origin, members=_all_members(source), is_given=True)]
            else:
                assert source is not None
                requests = _list_requests(source, fetcher, landing)
            got = [_fetch(fetcher, landing, request, number, latest) for number, request in enumerate(requests)]
            if latest and all(answer.path is None for _, answer in got):
                return Landed(latest, False)
            published, notes = _take_downloads(landing, got, latest, fetcher.limits, documentation), []
            how = "The publisher's bytes as downloaded, unchanged; archives unpacked."
            says.setdefault("url", requests[0].url.partition("?")[0])
        layouts = _find_layouts(dataset, data_dir, landing, documentation, force, warn, hint)
        landed = landing.land(
            source_family=family,
            publisher_says=says | ({"published": published.isoformat()} if published else {}),
            we_did={"accessed": today.isoformat(), "transcription": how, "notes": notes},
            vintage=vintage or (published or today).isoformat(),
            chosen=bool(vintage),
            documentation=documentation,
            layouts=layouts,
        )
    if landed.again:
        warn(
            f"{dataset}: the bytes are those of {landed.again} once more, which was not the latest: landed again "
            f"as {landed.edition.vintage}, now the latest. Was an old file given by mistake, remove that folder."
        )
    return landed


def _need_interface(source: Source | None, dataset: str, sources: dict[str, Source], hint: str) -> Source:
    """The source, if it can be asked; InputError where there is none, and where the publisher has no interface."""
    if source and source.has_interface:
        return source
    if source:
        page = source.words.get("url", "the publisher's page")
        raise InputError(
            "the publisher has no interface that is asked here",
            found=dataset,
            todo=f"take the file from {page}, and give it with --from.",
        )
    names = ", ".join(sorted(name for name, other in sources.items() if other.has_interface))
    raise InputError(
        "there is no source of this name",
        found=dataset,
        todo=f"give a file with --from, write own/sources/{dataset}.toml, or use one of {names}.",
        more=hint,
    )


def _suggest_dataset(dataset: str, sources: dict[str, Source], data_dir: Path) -> str:
    """'Did you mean ...?' for a name that no source and no layout has, where a known one is near; '' otherwise."""
    known = sorted({*sources, *list_layout_folders(data_dir)})
    if dataset in known:
        return ""
    parts = set(dataset.split("_"))
    near = get_close_matches(dataset, known, cutoff=0.75)
    near += [name for name in known if parts <= set(name.split("_")) and name not in near]
    return f"Did you mean {' or '.join(near[:3])}?" if near else ""


def _find_layouts(
    dataset: str, data_dir: Path, landing: Landing, documentation: tuple[str, ...], force: bool, warn: Warn, hint: str
) -> dict[str, Layout]:
    """The layouts that every file must fit one of; {} where there is none, or a faulty one, and warn says so.

    With force, files that fit none are named and land. A fault in a layout must not keep bytes from being landed that
    the publisher may replace tomorrow.
    """
    try:
        layouts = find_layouts(dataset, data_dir)
        unread = find_unread([e for e in landing.entries if not is_documentation(e["name"], documentation)], layouts)
    except InputError as fault:
        warn(
            f"the files were not held against the layouts of {dataset}: {fault} They are landed, but digitrade run "
            "will block the edition until the layout is mended: digitrade layout FILE --check LAYOUT says if it is."
        )
        return {}
    if not layouts:
        warn(
            f"there is no layout for {dataset} yet: to have it read, write own/layouts/{dataset}/<table>.toml next "
            f"(docs/layouts.md; digitrade layout FILE drafts one). {hint}".strip()
        )
    elif unread and force:
        warn(f"no layout of {dataset} fits {', '.join(unread)}: the edition cannot be read before one does.")
    return {} if force else layouts


def _find_words(source: Source | None, given: Words, dataset: str, hint: str) -> tuple[str, dict[str, str]]:
    """The words of the card, from the source and the options; what is missing is refused with its option."""
    says = (dict(source.words) if source else {}) | {key: text for key, text in given.publisher_says.items() if text}
    family = given.source_family or (source.source_family if source else "")
    needed = ("title", "publisher", "terms")
    missing = [f'--{name} "..."' for name in needed if not all(says.get(key) for key in _OPTIONS[name])]
    missing += [] if family else ["--family NAME"]
    if missing:
        raise InputError(
            "the card would lack words that every edition needs",
            found=dataset,
            todo=f"add {' '.join(missing)}; Chinese and English may be given as 中文|English. "
            "(--family: whose compilation the figures are, for example mofcom.)",
            more=hint,
        )
    return family, says


def _make_fetcher(
    source: Source | None, hosts: set[str], progress: Progress | None, settings: dict[str, Any]
) -> Fetcher:
    from flows.connectors.download import Fetcher

    secret, secret_origin = {}, ""
    if source and source.credentials:
        value = os.environ.get(source.credentials["variable"], "")
        if value:
            secret_origin = find_origin(source.base_url)
            secret = {source.credentials["header"]: source.credentials.get("prefix", "") + value}
    limits = source.limits if source else Limits()
    return replace(Fetcher(hosts, limits, secret_origin, secret, progress), **settings)


def _find_earlier(data_dir: Path, dataset: str) -> Edition | None:
    """The latest edition, to ask only for what changed since. Only one whose files still are what its card says."""
    if not (data_dir / "raw" / dataset).is_dir():
        return None
    try:
        edition = find_latest(data_dir, dataset)
        if not any(entry.get("etag") or entry.get("last_modified") for entry in edition.card["files"]):
            return None
        verify_files(edition)
    except InputError:
        return None
    return edition


def _list_requests(source: Source, fetcher: Fetcher, landing: Landing) -> list[Request]:
    """The files of a source; where it has a listing, that is asked first."""
    if source.kind == "files":
        return source.make_requests()
    from flows.connectors.sniff import check_content

    path = landing.desk / "listing"
    fetcher.fetch(source.listing_url, path, accept=source.listing.get("accept", "application/json"), name="listing")
    check_content(path, "json", source.listing_url)
    try:
        rows = json.loads(path.read_bytes())
    except ValueError as error:
        raise InputError(
            f"the publisher's list of files is not JSON: {error}", file=source.listing_url, todo="try again later."
        ) from None
    finally:
        path.unlink()
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise InputError(
            "the publisher lists no files",
            file=source.listing_url,
            found=json.dumps(rows, ensure_ascii=False)[:120],
            todo="see the publisher's page, and give the file with --from.",
        )
    return source.make_requests(rows)


def _fetch(
    fetcher: Fetcher, landing: Landing, request: Request, number: int, latest: Edition | None
) -> tuple[Request, Downloaded]:
    """One file, on the desk under a number; the conditions are those of the latest edition for the same address."""
    earlier: dict[str, Any] = next((entry for entry in _entries(latest) if entry.get("url") == request.url), {})
    answer = fetcher.fetch(
        request.url,
        landing.desk / f"{number}.download",
        accept=request.accept,
        etag=earlier.get("etag", ""),
        last_modified=earlier.get("last_modified", ""),
        name=request.name,
    )
    return request, answer


def _entries(edition: Edition | None) -> list[dict[str, Any]]:
    return edition.card["files"] if edition else []


def _take_downloads(
    landing: Landing,
    got: list[tuple[Request, Downloaded]],
    latest: Edition | None,
    limits: Limits,
    documentation: tuple[str, ...],
) -> date | None:
    """Everything that came, unpacked, into the edition; what did not change, from the latest one. The newest date."""
    published: list[date] = []
    for request, answer in got:
        address = request.url.partition("?")[0] if request.is_given else request.url
        about = {"url": address, "etag": answer.etag, "last_modified": answer.last_modified}
        if answer.path is None:
            assert latest is not None
            for entry in (entry for entry in _entries(latest) if entry.get("url") == request.url):
                kept = {key: entry[key] for key in ("url", "etag", "last_modified", "archive", "archive_sha256")
                        if entry.get(key)}  # fmt: skip
                landing.copy(latest.folder / entry["name"], **kept)
        else:
            _take_file(
                landing, answer.path, answer.name, request.content, request.members, limits, about, documentation
            )
        published += [answer.published] if answer.published else []
    return max(published, default=None)


def _take_file(
    landing: Landing,
    path: Path,
    name: str,
    expected: str,
    members: tuple[str, ...],
    limits: Limits,
    about: dict[str, str],
    documentation: tuple[str, ...],
) -> None:
    """A file from the desk into the edition: judged by its bytes, and unpacked where it is an archive.

    Documentation may be of any kind (a PDF, a web page), unless the source says which.
    """
    from flows.connectors.download import clean_name
    from flows.connectors.sniff import check_content, check_name
    from flows.connectors.unpack import ARCHIVES, unpack_archive

    if not expected and is_documentation(clean_name(name), documentation):
        ready = path.with_name(clean_name(name))
        path.rename(ready)
        landing.add(ready, **about)
        return
    content = check_content(path, expected, name, given=not about)
    if content not in ARCHIVES:
        ready = path.with_name(clean_name(_complete_name(name, content) if about else name) or f"data.{content}")
        for given in dict.fromkeys((clean_name(name), ready.name)):
            check_name(path, content, given)
        path.rename(ready)
        landing.add(ready, **about)
        return
    import hashlib

    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    place = path.with_suffix(".unpacked")
    place.mkdir()
    for unpacked in unpack_archive(path, content, place, limits=limits, members=members, shown=name):
        if not is_documentation(unpacked.name, documentation):
            shown = f"{name}: {unpacked.name}"
            check_name(unpacked, check_content(unpacked, "", shown, given=not about), unpacked.name, shown)
        landing.add(unpacked, archive=name, archive_sha256=digest, **about)
    path.unlink()


def _complete_name(name: str, content: str) -> str:
    """A file's name with an ending that layouts can go by; an address often has none."""
    name = name.removesuffix(".gz")
    known = (".csv", ".tsv", ".txt", ".xlsx", ".xls", ".ods", ".xml", ".json", ".parquet")
    return name if name.lower().endswith(known) else f"{name}.{content}"


def _take_local(landing: Landing, origin: Path, source: Source | None, documentation: tuple[str, ...]) -> None:
    """A file, or every file of a folder, into the edition. Nothing is known of when they were published."""
    paths = _list_given(origin)
    limits = source.limits if source else Limits()
    for number, path in enumerate(paths):
        if path.is_dir():
            raise InputError(
                "a folder inside the folder", file=str(origin), found=path.name, todo="give the files of one folder."
            )
        if path.name.lower() == "card.toml" or not path.is_file():
            raise InputError(
                "not a data file" if path.is_file() else "neither a file nor a folder",
                file=str(path),
                todo="leave it out; ingest writes the card itself, from the source and the options.",
            )
        try:
            path.name.encode()
        except UnicodeEncodeError:
            raise InputError("a file name that is not text", found=repr(path.name), todo="rename the file.") from None
        desk = landing.desk / f"{number}.given"
        copy_file(path, desk)
        _take_file(landing, desk, path.name, "", _all_members(source), limits, {}, documentation)
    if not paths:
        raise InputError("the folder holds no files", file=str(origin), todo="correct --from.")


def _list_given(origin: Path) -> list[Path]:
    """The file given, or what is in the folder given. Raises InputError where there is none, or it may not be read."""
    try:
        if not origin.exists():
            raise InputError("there is no such file or folder", file=str(origin), todo="correct --from.")
        if not origin.is_dir():
            return [origin]
        return [path for path in sorted(origin.iterdir()) if not _NO_DATA.fullmatch(path.name)]
    except OSError as error:
        raise InputError(
            f"what is given may not be read ({error.strerror})", file=str(origin), todo="mend its rights."
        ) from None


def _all_members(source: Source | None) -> tuple[str, ...]:
    """The patterns of a source's archives, for an archive given by hand; one download without patterns takes all."""
    patterns = [item.get("members", []) for item in source.downloads] if source else []
    return tuple(pattern for some in patterns for pattern in some) if all(patterns) else ()


def describe_plan(data_dir: Path, dataset: str, origin: str = "", warn: Warn = lambda text: None) -> dict[str, Any]:
    """What ingest would ask, without asking: addresses, hosts, the latest edition. Raises InputError."""
    check_dataset(dataset)
    sources = find_sources(data_dir, dataset, warn)
    source = sources.get(dataset)
    if origin:
        addresses = [origin]
    else:
        source = _need_interface(source, dataset, sources, _suggest_dataset(dataset, sources, data_dir))
        is_listing = source.kind == "listing"
        addresses = [source.listing_url] if is_listing else [request.url for request in source.make_requests()]
    try:
        latest: str | None = find_latest(data_dir, dataset).vintage
    except InputError:
        latest = None
    hosts = find_hosts(sources, data_dir)
    return {
        "dataset": dataset,
        "source": source.shown if source else None,
        "asks": addresses,
        "allowed": all("://" not in address or urlsplit(address).hostname in hosts for address in addresses),
        "latest": latest,
    }


def describe_landed(landed: Landed) -> dict[str, Any]:
    """The outcome for machines and for the last line on the screen."""
    edition = landed.edition
    return {
        "dataset": edition.dataset,
        "vintage": edition.vintage,
        "state": "landed" if landed.is_new else "unchanged",
        "folder": str(edition.folder),
        "files": [{key: entry.get(key) for key in ("name", "bytes", "sha256")} for entry in edition.card["files"]],
        "terms": edition.card["publisher_says"]["terms"],
    }


def split_words(given: dict[str, str]) -> dict[str, str]:
    """The options as words of the card. Chinese|English for those that have two; one text serves as both."""
    says: dict[str, str] = {}
    for name, text in given.items():
        keys = _OPTIONS[name]
        parts = [part.strip() for part in text.split("|", 1)] if len(keys) == 2 else [text.strip()]
        says |= {key: part for key, part in zip(keys, parts * len(keys), strict=False) if part}
    return says
