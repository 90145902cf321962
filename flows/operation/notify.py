"""Notices to a person when a run fails, an edition is blocked or a source does not answer: data/own/notify.toml.

Three channels: console (standard error), webhook (JSON by HTTP POST), e-mail (SMTP). Addresses that are secret, user
names and passwords come from the environment variables that the file names, and are written nowhere.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flows.operation.logs import log_event
from flows.operation.words import say
from transforms.errors import InputError

FILE = "own/notify.toml"
SECONDS = 20
_KEYS: dict[str, set[str]] = {
    "console": set(),
    "webhook": {"url", "url_variable"},
    "email": {"host", "port", "to", "from", "security", "user_variable", "password_variable"},
}
_SECURITY = ("starttls", "tls", "none")
Notice = dict[str, Any]


def load_notices(data_dir: Path) -> dict[str, Any]:
    """lang and the channels of own/notify.toml; {} without such a file. Raises InputError that names the key."""
    path = data_dir / FILE
    if not path.is_file():
        return {}
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise InputError(f"the file is not TOML: {error}", file=FILE, todo="mend the line named.") from None
    _refuse_unknown(raw, {"lang", *_KEYS}, "")
    if raw.setdefault("lang", "en") not in ("en", "zh"):
        raise InputError("lang is neither en nor zh", file=FILE, found=str(raw["lang"]), todo="use one of them.")
    for channel in _KEYS.keys() & raw.keys():
        if not isinstance(raw[channel], dict):
            raise InputError(f"{channel} is no table", file=FILE, todo=f"write [{channel}].")
        _refuse_unknown(raw[channel], _KEYS[channel], f"{channel}.")
    if "webhook" in raw:
        _check_webhook(raw["webhook"])
    if "email" in raw:
        _check_email(raw["email"])
    return raw


def _refuse_unknown(table: dict[str, Any], known: set[str], where: str) -> None:
    if unknown := sorted(set(table) - known):
        todo = f"use one of {', '.join(sorted(known))}." if known else "remove it."
        raise InputError(f"unknown key {where}{unknown[0]}", file=FILE, found=unknown[0], todo=todo)


def _check_webhook(told: dict[str, Any]) -> None:
    from flows.connectors.source import check_url

    if ("url" in told) == ("url_variable" in told):
        raise InputError(
            "webhook needs an address", file=FILE, todo="give url, or url_variable (the variable that holds it)."
        )
    if "url" in told:
        check_url(str(told["url"]), FILE)


def _check_email(told: dict[str, Any]) -> None:
    for key in ("host", "to", "from"):
        if not told.get(key):
            raise InputError(f"email lacks {key}", file=FILE, todo="fill it in.")
    if not isinstance(told["to"], list) or not all(isinstance(one, str) for one in told["to"]):
        raise InputError("email.to is no list of addresses", file=FILE, todo='write ["a@b.example"].')
    if told.get("security", "starttls") not in _SECURITY:
        found = str(told["security"])
        raise InputError("unknown email.security", file=FILE, found=found, todo=f"one of {', '.join(_SECURITY)}.")


def make_notice(record: dict[str, Any], lang: str) -> Notice | None:
    """What to tell of a record of a run; None where all went well. Says what failed and what to do, in one language."""
    failed = [
        {"edition": "/".join(filter(None, (row["dataset"], row.get("vintage") or ""))), "problem": row["problem"]}
        for row in record.get("datasets", ())
        if row["state"] in ("kept", "blocked", "failed")
    ]
    problem = record.get("problem", "")
    if not failed and not problem:
        return None
    kind = record.get("kind", "run")
    event = f"{kind}_{'failed' if problem else 'incomplete'}"
    host, todo = socket.gethostname(), say(f"notice.todo.{event}", lang)
    subject = say(f"notice.{event}", lang, host=host, count=len(failed))
    lines = [*([problem] if problem else []), *(f"{row['edition']}: {row['problem']}" for row in failed)]
    body = "\n".join([subject, "", *lines, "", todo, "", f"{record['run_id']}  {record.get('data_dir', '')}"])
    return {
        "event": event,
        "run_id": record["run_id"],
        "host": host,
        "data_dir": record.get("data_dir", ""),
        "problem": problem,
        "failed": failed,
        "todo": todo,
        "subject": subject,
        "text": body,
    }


def tell(data_dir: Path, record: dict[str, Any]) -> list[str]:
    """Send what is to be told of a record by every channel of own/notify.toml; what could not be sent, in words.

    A channel that fails stops neither the others nor the run: it is logged, and said on standard error.
    """
    try:
        settings = load_notices(data_dir)
    except InputError as error:
        return [_complain(str(error))]
    notice = make_notice(record, settings["lang"]) if settings else None
    if not notice:
        return []
    senders: dict[str, Callable[[Notice, dict[str, Any]], None]] = {
        "console": send_to_console,
        "webhook": send_to_webhook,
        "email": send_by_mail,
    }
    faults = []
    for channel in senders.keys() & settings.keys():
        try:
            senders[channel](notice, settings[channel])
        except (OSError, ValueError, InputError) as error:  # what goes wrong with SMTP and HTTP is an OSError
            # the words of an error may repeat an address that is secret: its kind alone is told, ours are safe
            reason = str(error) if isinstance(error, InputError) else type(error).__name__
            faults.append(_complain(f"the notice could not be sent by {channel}: {reason}"))
        else:
            log_event("notice sent", run_id=notice["run_id"], channel=channel, about=notice["event"])
    return faults


def _complain(text: str) -> str:
    log_event("notice not sent", level="error", problem=text)
    print(f"digitrade: {text}", file=sys.stderr)
    return text


def send_to_console(notice: Notice, told: dict[str, Any]) -> None:
    print(notice["text"], file=sys.stderr)


def send_to_webhook(notice: Notice, told: dict[str, Any]) -> None:
    """POST the notice as JSON. Raises OSError where it is not taken."""
    import urllib.request

    from flows.connectors.source import check_url

    url = told.get("url") or _need(told["url_variable"])
    check_url(url, FILE)
    body = json.dumps(notice, ensure_ascii=False).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json; charset=utf-8"})
    urllib.request.urlopen(request, timeout=SECONDS).close()


def send_by_mail(notice: Notice, told: dict[str, Any]) -> None:
    """One message to all receivers. Raises OSError where it is not taken."""
    import smtplib
    from email.message import EmailMessage

    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = notice["subject"], told["from"], ", ".join(told["to"])
    message.set_content(notice["text"])
    security = told.get("security", "starttls")
    port = told.get("port", {"tls": 465, "starttls": 587, "none": 25}[security])
    connect = smtplib.SMTP_SSL if security == "tls" else smtplib.SMTP
    with connect(told["host"], port, timeout=SECONDS) as server:
        if security == "starttls":
            server.starttls()
        if "user_variable" in told:
            server.login(_need(told["user_variable"]), _need(told.get("password_variable", "")))
        server.send_message(message)


def _need(variable: str) -> str:
    value = os.environ.get(variable, "")
    if not value:
        raise InputError(f"the environment variable {variable} is not set", file=FILE, todo="set it for the service.")
    return value
