"""The deployments of prefect.yaml as they are run: on a server with its pages, and by a worker of a work pool."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from connector_publisher import WORDS, Answer, Publisher, open_publisher
from operation_worlds import land

from flows.operation.deployments import load_deployments
from flows.operation.status import ask_scheduled, look_around
from flows.schedule import started_server

ROOT = Path(__file__).resolve().parents[2]
TABLE = "年份,出口,进口\n2019,10.1,20.2\n2020,15.4,22.3\n"
LIMITS = '[[downloads]]\npath = "/{name}.csv"\ncontent = "csv"\n[limits]\ntries = 1\n'


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    """Nothing of a server that the tests may run beside; no proxy for this machine."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "DIGITRADE_"))}
    return kept | {"PYTHONPATH": str(ROOT), "NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost",
                   "DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "PREFECT_CLI_PROMPT": "false",
                   "DIGITRADE_RETRY_SECONDS": "0.1"}  # fmt: skip


@contextmanager
def started(
    words: list[str], log: Path, environment: dict[str, str], folder: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is ended with Ctrl-C at the end, and by force where that does not do."""
    with log.open("wb") as sink:
        process = subprocess.Popen(words, env=environment, stdout=sink, stderr=subprocess.STDOUT, cwd=folder)
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()


def await_it(look: Callable[[], Any], seconds: float, log: Path) -> Any:
    """What look gives, as soon as it is something; the log where that does not happen in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.5)
    raise AssertionError(log.read_text(encoding="utf-8", errors="replace")[-5000:])


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory, plain_layout: str) -> Path:
    """One edition that has long been landed, of a source that is down now; another source that has news."""
    folder = tmp_path_factory.mktemp("served") / "data"
    land(folder, "down", "2026-01-01")
    for name in ("down", "up"):
        layouts = folder / "own" / "layouts" / name
        layouts.mkdir(parents=True)
        (layouts / "t.toml").write_text(plain_layout.replace('"t.csv"', f'"t.csv", "{name}.csv"'), encoding="utf-8")
    card = folder / "raw" / "down" / "2026-01-01" / "card.toml"
    table = folder / "raw" / "down" / "2026-01-01" / "t.csv"
    old, new = table.read_bytes(), TABLE.encode()
    table.write_bytes(new)
    text = card.read_text().replace(hashlib.sha256(old).hexdigest(), hashlib.sha256(new).hexdigest())
    card.write_text(text.replace(f"bytes = {len(old)}", f"bytes = {len(new)}"))
    return folder


@pytest.fixture(scope="module")
def publisher(data_dir: Path) -> Iterator[Publisher]:
    with open_publisher() as made:
        (data_dir / "own" / "sources").mkdir()
        for name in ("down", "up"):
            source = f'kind = "files"\nbase_url = "{made.url}"\n{WORDS}\n{LIMITS.format(name=name)}'
            (data_dir / "own" / "sources" / f"{name}.toml").write_text(source, encoding="utf-8")
        made.answer("/down.csv", Answer(b"down", 503))
        made.answer("/up.csv", TABLE.replace("15.4", "15.5").encode())
        yield made


@pytest.fixture(scope="module")
def served(
    data_dir: Path, publisher: Publisher, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of the server that digitrade schedule starts, with all deployments served; started from elsewhere."""
    place = tmp_path_factory.mktemp("elsewhere")
    words = [sys.executable, "-m", "flows.cli", "schedule", "--data-dir", str(data_dir)]
    log, address = place / "log", data_dir / "curated" / ".prefect" / "server.json"
    with started(words, log, environment | {"PREFECT_RUNNER_POLL_FREQUENCY": "2"}, place):
        await_it(address.is_file, 120, log)
        url = json.loads(address.read_text())["url"]
        wanted = {deployment.name for deployment in load_deployments()}
        await_it(lambda: wanted <= {row["name"] for row in post(url, "deployments/filter", {})}, 60, log)
        yield url
    assert not address.exists(), "the address goes with the server"


def post(url: str, path: str, body: dict[str, Any]) -> Any:
    request = urllib.request.Request(f"{url}/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
        return json.load(answer)


def test_one_command_serves_all_with_pages_and_plans_their_runs(served: str, data_dir: Path) -> None:
    page = urllib.request.build_opener(urllib.request.ProxyHandler({})).open(served.removesuffix("/api"), timeout=30)
    assert page.status == 200 and b"<html" in page.read().lower()
    found = {row["name"]: row for row in post(served, "deployments/filter", {})}
    for told in load_deployments():
        kept = found[told.name]
        assert set(told.tags) <= set(kept["tags"]) and kept["description"] == told.description
        assert kept["parameters"]["data_dir"] == str(data_dir)
        assert [(one["schedule"]["cron"], one["schedule"]["timezone"]) for one in kept["schedules"]] == list(told.times)
        form = kept["parameter_openapi_schema"]["properties"]
        assert all(form[name].get("description") for name in form), told.name
    deadline = time.monotonic() + 60
    while not ask_scheduled(served) and time.monotonic() < deadline:
        time.sleep(1)
    told_by_server = look_around(data_dir)
    assert told_by_server["server"] == served
    assert {"nightly", "audit"} <= {row["name"] for row in told_by_server["schedules"]}


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server alone, that serves nothing."""
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    with started_server(tmp_path / "server") as url:
        yield url


def test_a_worker_runs_the_night_and_one_publisher_down_does_not_stop_it(
    server: str, data_dir: Path, environment: dict[str, str], tmp_path: Path, publisher: Publisher
) -> None:
    """prefect deploy --all to a work pool; the worker is a process of its own, and nobody else runs anything."""
    prefect = [sys.executable, "-m", "prefect", "--no-prompt"]
    settings = environment | {"PREFECT_API_URL": server, "PREFECT_HOME": str(tmp_path / "home")}
    (tmp_path / "home").mkdir()

    def call(*words: str) -> str:
        done = subprocess.run([*prefect, *words], env=settings, cwd=ROOT, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    call("work-pool", "create", "digitrade", "--type", "process")
    call("deploy", "--all")
    rows = post(server, "deployments/filter", {})
    assert {row["work_pool_name"] for row in rows} == {"digitrade"} and len(rows) == len(load_deployments())
    log = tmp_path / "worker.log"
    worker = [*prefect, "worker", "start", "--pool", "digitrade", "--prefetch-seconds", "5"]
    quick = settings | {"PREFECT_WORKER_QUERY_SECONDS": "1"}
    with started(worker, log, quick, ROOT):
        call("deployment", "run", "nightly/nightly", "--param", f"data_dir={data_dir}", "--param",
             'datasets=["down", "up"]')  # fmt: skip
        runs = data_dir / "curated" / "runs"
        kept = await_it(lambda: sorted(runs.glob("*.json")), 180, log)
        state = await_it(lambda: _find_ended(server), 60, log)
    (run,) = post(server, "flow_runs/filter", {"flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}})
    assert run["work_pool_name"] == "digitrade" and run["name"] == "nightly down, up"
    assert state["name"] == "Incomplete" and "down: " in state["message"] and "tried once" in state["message"]
    (record,) = [json.loads(path.read_text()) for path in runs.glob("ingest/*.json")]
    assert {row["dataset"]: row["state"] for row in record["datasets"]} == {"down": "failed", "up": "landed"}
    assert sum(path == "/down.csv" for path, _ in publisher.asked) == 3, "once, and retried twice as a task"
    summary = json.loads(kept[0].read_text())
    assert {(row["dataset"], row["state"]) for row in summary["datasets"]} == {("down", "read"), ("up", "read")}
    down = next(row for row in look_around(data_dir)["editions"] if row["dataset"] == "down")
    assert down["asked"]["state"] == "failed" and down["vintage"] == "2026-01-01"
    names = {row["name"] for row in post(server, "task_runs/filter", {"limit": 200})}
    assert {"ask down", "ask up", "read down/2026-01-01", "publish"} <= names
    keys = {row["key"] for row in post(server, "artifacts/filter", {"limit": 200})}
    assert {"digitrade-sources", "digitrade-datasets", "digitrade-quality", "digitrade-run", "digitrade-report",
            "digitrade-progress"} <= keys  # fmt: skip


def _find_ended(url: str) -> dict[str, Any] | None:
    runs = post(url, "flow_runs/filter", {"flow_runs": {"state": {"type": {"any_": ["COMPLETED", "FAILED"]}}}})
    return runs[0]["state"] if runs else None


def test_only_a_publisher_that_did_not_answer_is_asked_again() -> None:
    from prefect.states import Completed, Failed

    from flows.connectors.download import UnreachableError
    from flows.orchestrate import _is_unreachable, ask_task
    from transforms.errors import InputError

    assert _is_unreachable(None, None, Failed(data=UnreachableError("no answer")))
    assert not _is_unreachable(None, None, Failed(data=InputError("a web page came")))
    assert not _is_unreachable(None, None, Failed(data=OSError("the disk")))
    assert not _is_unreachable(None, None, Completed(data=1))
    assert ask_task.retries == 2 and ask_task.retry_jitter_factor == 0.5 and ask_task.timeout_seconds == 5 * 3600
    first, second = ask_task.retry_delay_seconds
    assert second == 2 * first > 0


def test_every_deployment_names_a_flow_whose_parameters_are_described() -> None:
    from flows import orchestrate

    for told in load_deployments():
        file, _, name = told.entrypoint.partition(":")
        flow = getattr(orchestrate, name)
        assert (ROOT / file).is_file() and set(told.parameters) <= set(flow.parameters.properties)
        assert all(words.get("description") for words in flow.parameters.properties.values()) and flow.timeout_seconds
        assert told.description and told.limit == 1


def test_handing_out(clean_run: Path, tmp_path: Path) -> None:
    from flows.operation.handing import hand_out, list_contradictions
    from transforms.errors import InputError

    made = hand_out(clean_run, str(tmp_path / "office"))
    assert made[-1].name == "digitrade.duckdb" and len(made) > 10
    for path in made:
        there = clean_run / "curated" / path.relative_to(tmp_path / "office")
        assert path.read_bytes() == there.read_bytes()
    assert not list((tmp_path / "office").rglob("*.tmp"))
    for target, problem in (("", "no folder"), (str(clean_run / "raw" / "x"), "lies inside")):
        with pytest.raises(InputError, match=problem):
            hand_out(clean_run, target)
    with pytest.raises(InputError, match="nothing is published"):
        hand_out(tmp_path, str(tmp_path / "there"))
    grades = [row["grade"] for row in list_contradictions(clean_run)]
    assert grades and grades == sorted(grades, key=["strict", "declared", "soft"].index)
