"""Fixtures for the tests of the connectors: a publisher on this machine, and a fetcher that does not sleep."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from connector_publisher import WORDS, Publisher, open_publisher

from flows.connectors.download import Fetcher
from flows.connectors.source import Limits
from transforms.errors import InputError


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    with open_publisher() as made:
        yield made


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's proxy is not asked for addresses of this machine."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def waits() -> list[float]:
    """The seconds that a fetcher waited, or would have."""
    return []


@pytest.fixture
def settings(waits: list[float]) -> dict[str, Any]:
    return {"pause": waits.append, "jitter": lambda: 1.0}


@pytest.fixture
def fetcher(settings: dict[str, Any]) -> Callable[..., Fetcher]:
    """fetcher(**limits) -> a fetcher that may ask 127.0.0.1 and does not sleep."""
    return lambda **limits: Fetcher({"127.0.0.1"}, Limits(**limits), **settings)


@pytest.fixture
def refuse() -> Callable[[Callable[[], object]], str]:
    """refuse(act) -> the one-line message of the InputError that act must raise, with its remedy."""

    def check(act: Callable[[], object]) -> str:
        with pytest.raises(InputError) as caught:
            act()
        assert caught.value.todo and "\n" not in str(caught.value)
        return str(caught.value)

    return check


@pytest.fixture
def own_source(tmp_path: Path, publisher: Publisher) -> Callable[..., Path]:
    """own_source(dataset, text) -> a data folder whose source of that name asks the publisher here."""

    def write(dataset: str, text: str, words: str = WORDS) -> Path:
        folder = tmp_path / "data" / "own" / "sources"
        folder.mkdir(parents=True, exist_ok=True)
        top, found, rest = text.partition("\n[")
        whole = f'base_url = "{publisher.url}"\n{top}\n{words}{found}{rest}'
        (folder / f"{dataset}.toml").write_text(whole, encoding="utf-8")
        return tmp_path / "data"

    return write
