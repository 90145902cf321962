"""The words of status, runs, doctor and of notices, from words.toml."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def load_words() -> dict[str, dict[str, str]]:
    """Name -> language -> words."""
    return tomllib.loads(files("flows.operation").joinpath("words.toml").read_text(encoding="utf-8"))


def say(name: str, lang: str, **places: Any) -> str:
    """The words of a name with its places filled in. KeyError for a name that has none: that is our fault."""
    return load_words()[name][lang].format(**places)
