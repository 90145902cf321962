"""Structured logs: one line an event, the same facts readable and as JSON; silent unless asked for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from flows.operation.logs import log_event, start_logging


@pytest.fixture(autouse=True)
def silent_afterwards() -> Iterator[None]:
    yield
    start_logging("")


def test_json_lines_hold_the_fields(capsys: pytest.CaptureFixture[str]) -> None:
    start_logging("json")
    log_event("step done", run_id="1", step="read", seconds=0.5, dataset="数据", problem="")
    line = json.loads(capsys.readouterr().err)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("time"))
    assert line == {"level": "info", "event": "step done", "run_id": "1", "step": "read", "seconds": 0.5,
                    "dataset": "数据"}  # fmt: skip


def test_text_lines_keep_an_event_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    start_logging("text")
    log_event("run failed", level="error", problem='a "b"\nc', step="read")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(r'error   run failed problem="a \"b\"\nc" step=read')


def test_silent_unless_asked_for_and_once_though_asked_twice(capsys: pytest.CaptureFixture[str]) -> None:
    log_event("step done", step="read")
    assert capsys.readouterr().err == ""
    start_logging("json")
    start_logging("json")
    log_event("step done", step="read")
    assert len(capsys.readouterr().err.splitlines()) == 1
