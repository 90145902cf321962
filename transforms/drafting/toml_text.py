"""Texts and patterns as they are written in a layout."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from transforms.patterns import is_pattern, tidy

_WORDS = re.compile(r"[\u4e00-\u9fff]|[^\s\u4e00-\u9fff]+|\s+")
_MOST_NAMED = 14  # a pattern names so many texts; beyond, it takes any


def quote(text: str) -> str:
    """A TOML string: literal for patterns and where backslashes would have to be doubled, else basic."""
    if ("\\" in text or is_pattern(text)) and "'" not in text and text.isprintable():
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def quote_list(texts: Sequence[str]) -> str:
    return f"[{', '.join(map(quote, texts))}]"


def write_table(values: dict[str, object]) -> str:
    """An inline table: { flow = "X" }."""
    return f"{{ {', '.join(f'{name} = {write_value(value)}' for name, value in values.items())} }}"


def write_value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, dict):
        return write_table({quote_key(str(name)): said for name, said in value.items()})
    return quote_list(value) if isinstance(value, list | tuple) else quote(str(value))


def quote_key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else quote(name) if "\\" not in name else json.dumps(name)


def plain(text: str) -> str:
    """A text that a layout compares as text, also where it begins and ends with a slash."""
    return f"/{re.escape(tidy(text))}/" if is_pattern(text) else text


def escape(text: str) -> str:
    """A text inside a pattern, with no more backslashes than it needs."""
    return re.sub(r"([\\.^$*+?{}\[\]|()])", r"\\\1", text)


def name_texts(texts: Sequence[str]) -> str:
    """The inside of a group that takes these texts: years by their shape, a few texts by name, many any."""
    shown = list(dict.fromkeys(tidy(text) for text in texts))
    if all(re.fullmatch(r"(19|20)\d\d年?", text) for text in shown):
        return r"\d{4}年?" if any(text.endswith("年") for text in shown) else r"\d{4}"
    if len(shown) > _MOST_NAMED:
        return ".+"
    return "|".join(map(escape, shown))


def fit_all(texts: Sequence[str], group: str = "") -> str:
    """One text or pattern that fits all of these: the text itself, its digits replaced, what they share, or each by
    name. group is the name that what differs gets ('' = none)."""
    shown = list(dict.fromkeys(tidy(text) for text in texts))
    if len(shown) == 1:
        return plain(texts[0])
    if len({re.sub(r"\d+", "0", text) for text in shown}) == 1 and not group:
        return f"/{loosen(shown[0])}/"
    words = [_WORDS.findall(text) for text in shown]
    shortest = min(map(len, words))
    head = min(count_shared(words), shortest - 1)
    tail = min(count_shared([one[::-1] for one in words]), shortest - 1 - head)
    first, last = "".join(words[0][:head]), "".join(words[0][len(words[0]) - tail :])
    if len(first) + len(last) >= 12:
        inside = f"(?P<{group}>.+)" if group else ".+"
        return f"/{loosen(first)}{inside}{loosen(last)}/"
    named = "|".join(map(escape, shown))
    return f"/(?P<{group}>{named})/" if group else f"/{named}/"


def loosen(text: str) -> str:
    """The text as a pattern in which every number may be another."""
    return re.sub(r"\d+", r"\\d+", escape(text))


def count_shared(lists: Sequence[list[str]]) -> int:
    """How many words all begin with, whatever their numbers."""
    count = 0
    for words in zip(*lists, strict=False):
        if len({re.sub(r"\d+", "0", word) for word in words}) > 1:
            break
        count += 1
    return count
