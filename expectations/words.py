"""The words of records, terminal and report in both languages, from words.toml."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files


@cache
def _load() -> dict[str, dict[str, dict[str, str]]]:
    return tomllib.loads(files("expectations").joinpath("words.toml").read_text(encoding="utf-8"))


def say(name: str, lang: str, of: str = "text", /, **values: object) -> str:
    """The words of a name in one language, with the values in their places."""
    return _load()[of][name][lang].format(**values)
