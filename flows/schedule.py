"""Run the flow on a schedule, on this machine, with one command: a Prefect server and the served flow.

An ephemeral server has no scheduler, so a real one is started as a child process and ended with the command. Where
PREFECT_API_URL names a server already, that one is used.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

STARTUP_SECONDS = 120


@contextmanager
def started_server(home: Path) -> Iterator[str]:
    """The address of a Prefect server: PREFECT_API_URL when set, else one started on a free port of this machine."""
    if url := os.environ.get("PREFECT_API_URL"):
        yield url
        return
    home.mkdir(parents=True, exist_ok=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}/api"
    environment = os.environ | {
        "PREFECT_HOME": str(home),
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_API_URL": url,
    }
    with (home / "server.log").open("ab") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)],
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            _await_health(url, server)
            yield url
        finally:
            server.terminate()
            try:
                server.wait(timeout=20)
            except subprocess.TimeoutExpired:
                server.kill()


def _await_health(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + STARTUP_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise RuntimeError(f"the Prefect server ended at once (exit code {server.returncode}); see server.log")
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise RuntimeError(f"the Prefect server did not answer within {STARTUP_SECONDS} seconds; see server.log")


def serve(data_dir: Path, *, cron: str, timezone: str, every_seconds: float | None = None) -> None:
    """Serve the flow until stopped: at the times of a cron line in a time zone, or every so many seconds."""
    with started_server(data_dir / "curated" / ".prefect") as url:
        os.environ["PREFECT_API_URL"] = url
        from prefect.schedules import Cron, Interval

        from flows.orchestrate import digitrade

        print(f"Prefect's pages: {url.removesuffix('/api')}   stop with Ctrl-C", flush=True)
        every = Interval(timedelta(seconds=every_seconds)) if every_seconds else Cron(cron, timezone=timezone)
        digitrade.serve(
            name="digitrade",
            schedules=[every],
            parameters={"data_dir": str(data_dir)},
            tags=["digitrade"],
            description="The whole pipeline on one data folder",
            limit=1,
        )
