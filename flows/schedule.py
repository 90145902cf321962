"""Run the flows on their schedules, on this machine, with one command: a Prefect server and the served deployments.

An ephemeral server has no scheduler, so a real one is started as a child process and ended with the command. Where
PREFECT_API_URL names a server already, that one is used.
"""

from __future__ import annotations

import json
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
from typing import TYPE_CHECKING, Any

from flows.operation.deployments import load_deployments
from flows.operation.status import ADDRESS

if TYPE_CHECKING:
    from prefect.deployments.runner import RunnerDeployment

STARTUP_SECONDS = 120


@contextmanager
def started_server(home: Path) -> Iterator[str]:
    """The address of a Prefect server: PREFECT_API_URL when set, else one started on a free port of this machine."""
    if url := os.environ.get("PREFECT_API_URL"):
        yield url
        return
    home.mkdir(parents=True, exist_ok=True)
    port = _find_port()
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
            (home / ADDRESS).write_text(json.dumps({"url": url}), encoding="utf-8")
            yield url
        finally:
            (home / ADDRESS).unlink(missing_ok=True)
            server.terminate()
            try:
                server.wait(timeout=20)
            except subprocess.TimeoutExpired:
                server.kill()


def _find_port() -> int:
    """Prefect's usual port where it is free, so that the pages keep their address; else any."""
    for wanted in (4200, 0):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", wanted))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise RuntimeError("this machine has no free port")


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


def serve(data_dir: Path, *, cron: str = "", timezone: str = "", every_seconds: float | None = None) -> None:
    """Serve until stopped: all deployments of prefect.yaml; or, at times of one's own, the run alone.

    The times: a cron line in a time zone, or every so many seconds.
    """
    with started_server(data_dir / "curated" / ".prefect") as url:
        os.environ["PREFECT_API_URL"] = url
        from prefect import serve as serve_all

        own = bool(cron or every_seconds)
        deployments = [_make_own(data_dir, cron, timezone, every_seconds)] if own else make_deployments(data_dir)
        print(f"Prefect's pages: {url.removesuffix('/api')}   stop with Ctrl-C", flush=True)
        serve_all(*deployments, limit=len(deployments), print_starting_message=False)


def _make_own(data_dir: Path, cron: str, timezone: str, every_seconds: float | None) -> Any:
    """The run alone, a deployment of Prefect's."""
    from prefect.schedules import Cron, Interval

    from flows.orchestrate import digitrade

    every = Interval(timedelta(seconds=every_seconds)) if every_seconds else Cron(cron, timezone=timezone)
    made: Any = digitrade.to_deployment(
        "digitrade",
        schedules=[every],
        parameters={"data_dir": str(data_dir)},
        tags=["digitrade"],
        description="The whole pipeline on one data folder",
        concurrency_limit=1,
    )
    return made


def make_deployments(data_dir: Path) -> list[RunnerDeployment]:
    """The deployments of prefect.yaml on a data folder, to be served by this process."""
    from prefect.schedules import Cron

    from flows import orchestrate

    return [
        getattr(orchestrate, told.entrypoint.rpartition(":")[2]).to_deployment(
            told.name,
            schedules=[Cron(cron, timezone=zone) for cron, zone in told.times],
            parameters=told.parameters | {"data_dir": str(data_dir)},
            tags=list(told.tags),
            description=told.description,
            concurrency_limit=told.limit,
        )
        for told in load_deployments()
    ]
