"""Structured logs of what runs: one line an event, readable or JSON. Silent unless asked for.

Fields are ours alone - run, step, dataset, edition, seconds, reason -, so that no key or password can come into a line.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

LOGGER = logging.getLogger("digitrade")
FORMATS = ("text", "json")


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        told = {"time": _tell_time(record), "level": record.levelname.lower(), "event": record.getMessage()}
        return json.dumps(told | getattr(record, "fields", {}), ensure_ascii=False, default=str)


class _TextLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = " ".join(f"{name}={_quote(value)}" for name, value in getattr(record, "fields", {}).items())
        return f"{_tell_time(record)} {record.levelname.lower():<7} {record.getMessage()} {fields}".rstrip()


def _tell_time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _quote(value: Any) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if not text or any(sign in text for sign in ' "=\n') else text


def start_logging(format: str) -> None:
    """Write events to standard error from now on: text or json; '' leaves them out."""
    for handler in [handler for handler in LOGGER.handlers if getattr(handler, "is_ours", False)]:
        LOGGER.removeHandler(handler)
    if not format:
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines() if format == "json" else _TextLines())
    handler.is_ours = True  # type: ignore[attr-defined]
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.INFO)
    LOGGER.propagate = False


def log_event(event: str, *, level: str = "info", **fields: Any) -> None:
    """One event with its fields; what is empty is left out."""
    if not LOGGER.handlers:
        return
    told = {name: value for name, value in fields.items() if value not in ("", None)}
    LOGGER.log(logging.getLevelName(level.upper()), event, extra={"fields": told})
