"""Notices: what a receiver of HTTP and one of mail on this machine really get, and what stays secret."""

from __future__ import annotations

import email
import email.policy
import json
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from operation_worlds import land, tell_edition

from flows.operation.notify import load_notices, make_notice, tell
from flows.pipeline import STEPS, run_stages
from transforms.errors import InputError

FAILED = {"run_id": "1", "kind": "run", "problem": "the disk is full", "datasets": [], "data_dir": "/srv"}
EDITIONS = [tell_edition("a", "landed"), tell_edition("b", "failed", problem="no answer, tried 5 times")]
ROUND = {"run_id": "2", "kind": "ingest", "data_dir": "/srv", "datasets": EDITIONS}


@dataclass
class Receiver:
    """What came in, and where to send it."""

    port: int = 0
    got: list[Any] = field(default_factory=list)
    status: int = 200


@pytest.fixture
def webhook() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.got.append((self.path, self.headers["Content-Type"], json.loads(body)))
            self.send_response(receiver.status)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.port = server.server_port
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield receiver
        server.shutdown()


@pytest.fixture
def mailbox() -> Iterator[Receiver]:
    """A server that speaks as much SMTP as a message takes, with a login."""
    receiver = Receiver()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 here")
            told: dict[str, Any] = {"to": []}
            while line := self.rfile.readline().decode().strip():
                word = line.split()[0].upper()
                if word == "EHLO":
                    self._say("250-here\r\n250 AUTH PLAIN")
                    continue
                if word == "AUTH":
                    told["auth"] = line
                    self._say("235 welcome")
                    continue
                if word == "RCPT":
                    told["to"].append(line.partition(":")[2])
                if word == "DATA":
                    self._say("354 go on")
                    lines = []
                    while (piece := self.rfile.readline()) != b".\r\n":
                        lines.append(piece)
                    told["message"] = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
                    receiver.got.append(told)
                self._say("221 bye" if word == "QUIT" else "250 well")

        def _say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        receiver.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield receiver
        server.shutdown()


def settle(data_dir: Path, text: str) -> None:
    (data_dir / "own").mkdir(exist_ok=True)
    (data_dir / "own" / "notify.toml").write_text(text, encoding="utf-8")


def test_a_notice_says_what_failed_and_what_to_do() -> None:
    notice = make_notice(FAILED, "en")
    assert notice is not None and notice["event"] == "run_failed"
    assert "the disk is full" in notice["text"] and "digitrade run" in notice["todo"]
    notice = make_notice(ROUND, "zh")
    assert notice is not None and notice["event"] == "ingest_incomplete" and "有 1 个来源" in notice["subject"]
    assert notice["failed"] == [{"edition": "b/1", "problem": "no answer, tried 5 times"}]
    assert "a/1" not in notice["text"] and "--from FILE" in notice["todo"]


def test_nothing_is_told_where_all_went_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settle(tmp_path, "[console]\n")
    assert make_notice({"run_id": "3", "datasets": [tell_edition("a")]}, "en") is None
    assert tell(tmp_path, {"run_id": "3", "datasets": [tell_edition("a", "unchanged")]}) == []
    assert capsys.readouterr().err == ""


def test_the_webhook_gets_json(tmp_path: Path, webhook: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("HOOK", f"http://127.0.0.1:{webhook.port}/secret")
    settle(tmp_path, '[webhook]\nurl_variable = "HOOK"\n')
    assert tell(tmp_path, ROUND) == []
    ((path, kind, body),) = webhook.got
    assert path == "/secret" and kind.startswith("application/json")
    assert body["event"] == "ingest_incomplete" and body["failed"][0]["edition"] == "b/1" and body["run_id"] == "2"


def test_mail_goes_to_all_with_the_login_of_the_environment(
    tmp_path: Path, mailbox: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(tmp_path, f'''lang = "zh"
[email]
host = "127.0.0.1"
port = {mailbox.port}
security = "none"
from = "digitrade@office.example"
to = ["a@office.example", "b@office.example"]
user_variable = "MAIL_USER"
password_variable = "MAIL_PASSWORD"
''')  # fmt: skip
    monkeypatch.setenv("MAIL_USER", "robot")
    (fault,) = tell(tmp_path, FAILED)
    assert "MAIL_PASSWORD is not set" in fault and mailbox.got == []
    monkeypatch.setenv("MAIL_PASSWORD", "quiet")
    assert tell(tmp_path, FAILED) == []
    (told,) = mailbox.got
    assert told["to"] == ["<a@office.example>", "<b@office.example>"] and told["auth"].startswith("AUTH PLAIN")
    message = told["message"]
    assert "运行失败" in message["Subject"] and "the disk is full" in message.get_content()
    assert "quiet" not in message.as_string()


def test_a_channel_that_fails_stops_nothing_and_tells_no_secret(
    tmp_path: Path, webhook: Receiver, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("HOOK", f"http://127.0.0.1:{webhook.port}/secret")
    webhook.status = 500
    settle(tmp_path, '[console]\n[webhook]\nurl_variable = "HOOK"\n')
    (fault,) = tell(tmp_path, FAILED)
    said = capsys.readouterr().err
    assert "could not be sent by webhook: HTTPError" in fault and "the disk is full" in said
    assert "secret" not in said + fault


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[pager]\n", "pager"),
        ('lang = "fr"\n', "lang"),
        ("[webhook]\n", "webhook needs an address"),
        ('[webhook]\nurl = "http://office.example/x"\n', "https"),
        ('[webhook]\nurl = "https://user:word@office.example/x"\n', "password"),
        ('[email]\nhost = "h"\nfrom = "a"\n', "email lacks to"),
        ('[email]\nhost = "h"\nfrom = "a"\nto = "b"\n', "email.to"),
        ('[email]\nhost = "h"\nfrom = "a"\nto = ["b"]\npassword = "x"\n', "email.password"),
        ('[email]\nhost = "h"\nfrom = "a"\nto = ["b"]\nsecurity = "ssl"\n', "email.security"),
    ],
)
def test_a_fault_in_the_settings_is_named(text: str, named: str, tmp_path: Path) -> None:
    settle(tmp_path, text)
    with pytest.raises(InputError, match=named) as caught:
        load_notices(tmp_path)
    assert caught.value.file == "own/notify.toml" and caught.value.todo
    (fault,) = tell(tmp_path, FAILED)  # a run goes on all the same
    assert named in fault


def test_a_run_that_fails_sends_its_notice_itself(
    tmp_path: Path, webhook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    land(tmp_path, "made_up", "2026-01-01")
    settle(tmp_path, f'[webhook]\nurl = "http://127.0.0.1:{webhook.port}/"\n')

    def stop(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        run_stages(tmp_path, STEPS | {"read": stop})
    ((_, _, body),) = webhook.got
    assert body["event"] == "run_failed" and "No space left" in body["problem"]
