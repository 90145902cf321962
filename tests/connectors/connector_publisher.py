"""A publisher on this machine: a server that answers as told, once after the other, and remembers what it was asked."""

from __future__ import annotations

import io
import socket
import struct
import threading
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WORDS = """
source_family = "made_up"
[publisher_says]
publisher_zh = "某局"
publisher_en = "Some office"
title_zh = "某表"
title_en = "Some table"
terms = "free"
"""


@dataclass
class Answer:
    """One answer. cut: send so many bytes of the body and hang up. length: a Content-Length that is not true.

    delay: seconds before anything is sent. ranges: answer Range requests with 206, where If-Range still holds.
    """

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    length: int | None = None
    delay: float = 0.0
    ranges: bool = False
    lie: int = 0  # a part that begins so many bytes too late


@dataclass
class Publisher:
    """answers: path -> what to answer, the last one for ever. asked: (path with query, headers) of every request."""

    url: str
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def answer(self, path: str, *answers: Answer | bytes) -> str:
        self.answers[path] = [one if isinstance(one, Answer) else Answer(one) for one in answers]
        return self.url + path

    def next_answer(self, path: str, headers: dict[str, str]) -> Answer:
        self.asked.append((path, headers))
        queue = self.answers.get(path) or self.answers.get(path.partition("?")[0]) or [Answer(b"gone", 404)]
        return queue.pop(0) if len(queue) > 1 else queue[0]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    publisher: Publisher

    def do_GET(self) -> None:
        answer = self.publisher.next_answer(self.path, {key.lower(): value for key, value in self.headers.items()})
        time.sleep(answer.delay)
        body, status, headers = answer.body, answer.status, dict(answer.headers)
        if answer.status == 200 and self._is_unchanged(headers):
            body, status = b"", 304
        elif answer.ranges and (start := self._find_start(headers)):
            start += answer.lie
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
            body, status = body[start:], 206
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body) if answer.length is None else answer.length))
        self.end_headers()
        try:
            self.wfile.write(body if answer.cut is None else body[: answer.cut])
            self.wfile.flush()
            if answer.cut is not None or answer.length is not None:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
        except OSError:
            self.close_connection = True

    def _is_unchanged(self, headers: dict[str, str]) -> bool:
        known, since = self.headers.get("If-None-Match"), self.headers.get("If-Modified-Since")
        if known:
            return known == headers.get("ETag")
        return bool(since) and since == headers.get("Last-Modified")

    def _find_start(self, headers: dict[str, str]) -> int:
        asked = self.headers.get("Range", "")
        if self.headers.get("If-Range") not in (headers.get("ETag"), headers.get("Last-Modified")):
            return 0
        return int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0

    def log_message(self, format: str, *args: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up, as ours does when it refuses a file, is no fault of the test."""


@contextmanager
def open_publisher() -> Iterator[Publisher]:
    server = _Server(("127.0.0.1", 0), _Handler)
    made = Publisher(f"http://127.0.0.1:{server.server_address[1]}")
    server.RequestHandlerClass = type("Handler", (_Handler,), {"publisher": made})
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


def make_zip(members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=compression)
    return buffer.getvalue()


def make_7z(members: dict[str, bytes], **options: Any) -> bytes:
    import py7zr

    buffer = io.BytesIO()
    with py7zr.SevenZipFile(buffer, "w", **options) as archive:
        archive.set_encoded_header_mode(False)  # names that patch_7z can change
        for name, content in members.items():
            archive.writestr(content, name)
    return buffer.getvalue()


def patch_7z(content: bytes, old: str, new: str) -> bytes:
    """Another name of the same length in a 7z archive with a plain header, its checksums made right again."""
    offset, size, _ = struct.unpack("<QQL", content[12:32])
    header = content[32 + offset : 32 + offset + size]
    changed = header.replace(old.encode("utf-16-le"), new.encode("utf-16-le"))
    assert changed != header and len(old) == len(new)
    start = struct.pack("<QQL", offset, size, zlib.crc32(changed))
    return content[:8] + struct.pack("<L", zlib.crc32(start)) + start + content[32 : 32 + offset] + changed
