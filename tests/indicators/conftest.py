"""The results expected here are those of STL: a program x13as on the machine's PATH is not asked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from transforms.indicators import adjusted


@pytest.fixture(scope="session", autouse=True)
def _without_x13as() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(adjusted, "find_x13as", lambda: None)
        yield
