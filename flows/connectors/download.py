"""One file from one address: timeouts, retries with back-off, resume, conditions, limits; every failure one sentence.

The file is streamed to disk and hashed on the way. httpx is imported when the first request is made; proxy and
certificates come from the environment (HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE).
"""

from __future__ import annotations

import hashlib
import os
import random
import re
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit

from flows.connectors.source import MEGABYTE, Limits, check_host, find_origin
from transforms.errors import InputError

if TYPE_CHECKING:
    import httpx

AGENT = "digitrade (statistics pipeline)"
LONGEST_WAIT = 120.0  # seconds: a Retry-After beyond this is not waited for in full
LONGEST_BACKOFF = 30.0
MOST_REDIRECTS = 5
Progress = Callable[[str, int, int | None], None]  # name, bytes so far, bytes in all where known


@dataclass(frozen=True)
class Downloaded:
    """What came: the file, or path = None where the publisher says that nothing changed (304)."""

    url: str
    path: Path | None
    name: str
    sha256: str = ""
    bytes: int = 0
    etag: str = ""
    last_modified: str = ""

    @property
    def published(self) -> date | None:
        return parse_http_date(self.last_modified)


@dataclass
class Fetcher:
    """Asks allowed hosts only. pause and jitter are what a test replaces.

    secret: headers that go to addresses of secret_origin (find_origin) and to no other; not to it either, once a
    redirect has led elsewhere, for then another chose the address.
    """

    hosts: set[str]
    limits: Limits = field(default_factory=Limits)
    secret_origin: str = ""
    secret: Mapping[str, str] = field(default_factory=dict, repr=False)
    progress: Progress | None = None
    pause: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = lambda: random.uniform(0.5, 1.0)
    clock: Callable[[], float] = time.monotonic

    def fetch(
        self, url: str, target: Path, *, accept: str = "", etag: str = "", last_modified: str = "", name: str = ""
    ) -> Downloaded:
        """The file at url, written to target. With etag or last_modified: only if it changed. Raises InputError."""
        import httpx

        check_host(url, self.hosts)
        job = _Job(url, target, accept, etag, last_modified, name or _name_of_url(url), self.clock())
        timeout = httpx.Timeout(self.limits.read_seconds, connect=self.limits.connect_seconds)
        try:
            client = httpx.Client(timeout=timeout, follow_redirects=False, trust_env=True)
        except (OSError, ValueError, httpx.HTTPError) as error:
            raise InputError(
                f"the network cannot be set up from the environment: {_plain(error)}",
                todo="correct HTTPS_PROXY, HTTP_PROXY, SSL_CERT_FILE or SSL_CERT_DIR.",
            ) from None
        with client:
            while True:
                try:
                    return self._try(client, job)
                except _TryAgain as failure:
                    self._wait(job, failure)
                except httpx.HTTPError as error:
                    self._wait(job, _explain(error, url, self.limits))
                finally:
                    job.close()

    def _wait(self, job: _Job, failure: _TryAgain) -> None:
        """Until the next try; or the failure as InputError, when tries or time are used up."""
        job.failures += 1
        left = self.limits.total_seconds - (self.clock() - job.started)
        seconds = min(LONGEST_BACKOFF, 2.0 ** (job.failures - 1)) * self.jitter()
        if failure.after is not None:
            seconds = min(max(failure.after, 0.0), LONGEST_WAIT)
        if job.failures >= self.limits.tries or seconds >= left:
            times = f"{job.failures} times" if job.failures > 1 else "once"
            raise UnreachableError(
                f"{failure.problem}, tried {times}", file=_show(job.url), found=failure.found, todo=failure.todo
            )
        self.pause(seconds)

    def _try(self, client: httpx.Client, job: _Job) -> Downloaded:
        headers = {"User-Agent": AGENT, "Accept": job.accept or "*/*", "Accept-Encoding": "identity"}
        headers |= job.conditions()
        url, secret = job.url, self.secret
        for _ in range(MOST_REDIRECTS + 1):
            secret = secret if find_origin(url) == self.secret_origin else {}
            with client.stream("GET", url, headers=headers | dict(secret)) as response:
                if response.status_code not in (301, 302, 303, 307, 308):
                    return self._take(response, job, bool(secret))
                url = urljoin(url, response.headers.get("location", ""))
            try:
                check_host(url, self.hosts)
            except InputError as error:
                raise InputError(
                    f"the publisher sends us on to an address that may not be asked: {error.problem}",
                    file=_show(job.url),
                    found=_show(url),
                    todo="the file may have moved, see the publisher's page; if the address is right, "
                    "add its host to own/hosts.txt in the data folder.",
                ) from None
        raise InputError("the publisher sends us round in circles", file=_show(job.url), todo="try again later.")

    def _take(self, response: httpx.Response, job: _Job, has_secret: bool) -> Downloaded:
        """The body of a good answer on disk, whole; InputError or _TryAgain for every other answer."""
        status, headers = response.status_code, response.headers
        if status == 304 and (job.etag or job.last_modified):
            return Downloaded(job.url, None, job.name, etag=job.etag, last_modified=job.last_modified)
        if status == 416 and job.done:
            job.restart()
            raise _TryAgain("the publisher cannot go on where the download was cut off", "try again later.")
        _check_status(response, job.url, has_secret)
        if not (status == 206 and job.goes_on(headers)):
            if status == 206:
                job.restart()
                raise _TryAgain("the publisher sent another part of the file than asked for", "try again later.")
            job.restart()
        total = _as_size(headers.get("content-length"))
        total = None if total is None else total + job.done
        if total is not None and total > self.limits.download_bytes:
            raise self._too_large(job, total)
        job.remember(headers, total)
        self._stream(response, job, total)
        job.finish()
        name = job.name if job.named else _name_of_header(headers.get("content-disposition", "")) or job.name
        return Downloaded(
            job.url, job.target, name, job.digest.hexdigest(), job.done,
            headers.get("etag", ""), headers.get("last-modified", ""),
        )  # fmt: skip

    def _stream(self, response: httpx.Response, job: _Job, total: int | None) -> None:
        encoded = response.headers.get("content-encoding", "identity") != "identity"
        if encoded:  # asked not to be; then lengths and ranges speak of other bytes than those we keep
            total, job.validator = None, ""
        file = job.open()
        # as the pieces come: waiting for a full block would hide a server that sends a byte a minute
        for chunk in response.iter_bytes() if encoded else response.iter_raw():
            job.write(file, chunk)
            if job.done > self.limits.download_bytes:
                raise self._too_large(job, job.done)
            if self.clock() - job.started > self.limits.total_seconds:
                raise InputError(
                    f"the download took longer than {self.limits.total_seconds:g} seconds",
                    file=_show(job.url),
                    found=f"{job.done:,} bytes" + (f" of {total:,}" if total else ""),
                    todo="try again when the line is better, or raise limits.total_seconds of the source.",
                )
            if self.progress:
                self.progress(job.name, job.done, total)
        if total is not None and job.done != total:
            raise _TryAgain("the download was cut off", "try again later.", found=f"{job.done:,} of {total:,} bytes")

    def _too_large(self, job: _Job, size: int) -> InputError:
        return InputError(
            f"the file is larger than {self.limits.download_bytes:,} bytes",
            file=_show(job.url),
            found=f"{size:,} bytes",
            todo=f"if that is right, raise limits.download_mb of the source "
            f"(now {self.limits.download_bytes / MEGABYTE:g}).",
        )


class UnreachableError(InputError):
    """The publisher did not answer, or not as it should, however often it was tried; later it may."""


class _TryAgain(Exception):
    """A failure that may pass. after: seconds the publisher asks us to wait."""

    def __init__(self, problem: str, todo: str, *, found: str | None = None, after: float | None = None) -> None:
        self.problem, self.todo, self.found, self.after = problem, todo, found, after
        super().__init__(problem)


class _Job:
    """A download over several tries: what is on disk, its hash so far, and what allows to go on from there."""

    def __init__(
        self, url: str, target: Path, accept: str, etag: str, last_modified: str, name: str, started: float
    ) -> None:
        self.url, self.target, self.accept, self.etag, self.last_modified = url, target, accept, etag, last_modified
        self.name, self.named, self.started = name, name != _name_of_url(url), started
        self.failures = 0
        self.validator = ""
        self.total: int | None = None
        self.file: Any = None
        self.restart()

    def restart(self) -> None:
        self.close()
        self.done, self.digest = 0, hashlib.sha256()
        self.target.unlink(missing_ok=True)

    def conditions(self) -> dict[str, str]:
        """Headers: go on from the bytes at hand if the file is still the same; else, only if it changed."""
        if self.done and self.validator:
            return {"Range": f"bytes={self.done}-", "If-Range": self.validator}
        headers = {}
        if self.etag:
            headers["If-None-Match"] = self.etag
        if self.last_modified:
            headers["If-Modified-Since"] = self.last_modified
        return headers

    def goes_on(self, headers: Mapping[str, str]) -> bool:
        found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", headers.get("content-range", "").strip())
        if not found or int(found[1]) != self.done:
            return False
        return found[3] == "*" or (int(found[2]) + 1 == int(found[3]) and self.total in (None, int(found[3])))

    def remember(self, headers: Mapping[str, str], total: int | None) -> None:
        """A weak ETag does not vouch for bytes, so it allows no resume; a date does, for want of better."""
        etag = headers.get("etag", "")
        self.validator = etag if etag and not etag.startswith("W/") else headers.get("last-modified", "")
        self.total = total

    def open(self) -> Any:
        self.file = self.target.open("ab")
        return self.file

    def write(self, file: Any, chunk: bytes) -> None:
        file.write(chunk)
        self.digest.update(chunk)
        self.done += len(chunk)

    def finish(self) -> None:
        self.file.flush()
        os.fsync(self.file.fileno())
        self.close()

    def close(self) -> None:
        if self.file is not None:
            self.file.close()
            self.file = None


def _check_status(response: httpx.Response, url: str, has_secret: bool) -> None:
    status = response.status_code
    if status in (200, 206):
        return
    found = f"{status} {response.reason_phrase}".strip()
    if status == 429:
        raise _TryAgain(
            "the publisher has had too many requests", "wait an hour and try again.",
            found=found, after=read_retry_after(response.headers.get("retry-after", "")),
        )  # fmt: skip
    if status in (408, 425) or status >= 500:
        raise _TryAgain(
            "the publisher's server has a fault", "try again later.",
            found=found, after=read_retry_after(response.headers.get("retry-after", "")),
        )  # fmt: skip
    todo = {
        404: "the file may have moved: see the publisher's page, take it from there with --from, or mend the source.",
        410: "the file was withdrawn: see the publisher's page.",
        401: "check the key in the environment variable that the source names." if has_secret
        else "the publisher wants a login: take the file from its page with --from.",
    }  # fmt: skip
    todo[403] = todo[401]
    raise InputError(
        "the publisher does not give the file",
        file=_show(url),
        found=found,
        todo=todo.get(status, "see the publisher's page, and give the file with --from."),
    )


def read_retry_after(text: str, now: datetime | None = None) -> float | None:
    """Seconds to wait: the header holds seconds or a date. None where it says neither."""
    if re.fullmatch(r"\s*\d{1,9}\s*", text):
        return float(text)
    moment = _parse_moment(text)
    return None if moment is None else (moment - (now or datetime.now(UTC))).total_seconds()


def parse_http_date(text: str) -> date | None:
    moment = _parse_moment(text)
    return None if moment is None else moment.astimezone(UTC).date()


def _parse_moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _explain(error: httpx.HTTPError, url: str, limits: Limits) -> _TryAgain:
    """What went wrong on the way, in plain words. A certificate that fails will fail again: InputError at once."""
    import httpx

    host = str(urlsplit(url).hostname)
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            raise InputError(
                f"the certificate of {host} cannot be verified: {cause.verify_message}",
                file=_show(url),
                todo="do not go on if you do not expect this; behind a company's proxy, name its certificate file in "
                "SSL_CERT_FILE.",
            ) from None
        if isinstance(cause, ssl.SSLError):
            raise InputError(
                f"no secure connection to {host}: {(cause.reason or 'TLS fault').replace('_', ' ').lower()}",
                file=_show(url),
                todo="check the address and the proxy (HTTPS_PROXY).",
            ) from None
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.UnsupportedProtocol | httpx.TooManyRedirects | httpx.DecodingError):
        raise InputError(
            f"the answer cannot be used: {_plain(error)}", file=_show(url), todo="take the file with --from."
        ) from None
    if isinstance(error, httpx.ConnectTimeout):
        problem = f"{host} could not be reached within {limits.connect_seconds:g} seconds"
    elif isinstance(error, httpx.TimeoutException):
        problem = f"{host} went silent for {limits.read_seconds:g} seconds"
    elif isinstance(error, httpx.ConnectError):
        problem = f"no connection to {host}"
    elif isinstance(error, httpx.ProxyError):
        problem = "the proxy refused the connection"
    else:
        problem = "the download was cut off"
    return _TryAgain(problem, "check the network and the proxy (HTTPS_PROXY), or try again later.", found=_plain(error))


def _plain(error: BaseException) -> str | None:
    return " ".join(str(error).split())[:200] or None


def _as_size(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"\d{1,18}", text) else None


def _show(url: str) -> str:
    """The address without its query, which may hold what is nobody's business, and is long."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path}"


def _name_of_url(url: str) -> str:
    return clean_name(unquote(urlsplit(url).path.rstrip("/").rpartition("/")[2])) or "data"


def _name_of_header(text: str) -> str:
    """The file name of a Content-Disposition header, '' where it gives none."""
    found = re.search(r"filename\*\s*=\s*(?:UTF-8|utf-8)''([^;]+)", text)
    if found:
        return clean_name(unquote(found[1].strip()))
    found = re.search(r'filename\s*=\s*(?:"([^"]*)"|([^;]+))', text)
    return clean_name((found[1] or found[2] or "").strip()) if found else ""


def clean_name(text: str) -> str:
    """A file name that is one on every system and cannot leave its folder; '' where nothing is left of it."""
    name = re.split(r"[/\\]", text)[-1]
    name = re.sub(r'[\x00-\x1f\x7f<>:"|?*]', "_", name).strip().strip(".").lstrip("~$").strip()
    stem, dot, ending = name.rpartition(".")
    return name if len(name) <= 120 else f"{stem[: 119 - len(ending)]}{dot}{ending[:20]}"
