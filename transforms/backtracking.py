"""Patterns that may hang a run: repeats within repeats, whose ways to part a text double with every character."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

_MANY = 10  # a repeat that may go on for longer counts as endless
_REPEATS = (codes.MAX_REPEAT, codes.MIN_REPEAT)
_PROBES = (*map(chr, range(32, 127)), "é", "中", "、", "²")
_CATEGORIES = {
    codes.CATEGORY_DIGIT: str.isdecimal, codes.CATEGORY_SPACE: str.isspace,
    codes.CATEGORY_WORD: lambda char: char.isalnum() or char == "_",
    codes.CATEGORY_NOT_DIGIT: lambda char: not char.isdecimal(),
    codes.CATEGORY_NOT_SPACE: lambda char: not char.isspace(),
    codes.CATEGORY_NOT_WORD: lambda char: not (char.isalnum() or char == "_"),
}  # fmt: skip


def may_hang(expression: str) -> bool:
    """Whether a regular expression repeats what is itself repeated, with nothing between that tells the turns apart.

    (a+)+ and (\\s*\\w+)* may hang; (\\w+,)* does not: a comma, which \\w is not, ends every turn. Raises re.error.
    """
    return any(map(_doubles, _find_repeats(parser.parse(expression))))


def _bodies(op: Any, value: Any) -> Iterable[Any]:
    """The parts of a pattern that one of its items holds."""
    if op in _REPEATS or op is codes.POSSESSIVE_REPEAT:
        return (value[2],)
    if op is codes.BRANCH:
        return tuple(value[1])
    if op in (codes.SUBPATTERN, codes.ASSERT, codes.ASSERT_NOT):
        return (value[-1],)
    return (value,) if op is codes.ATOMIC_GROUP else ()


def _find_repeats(items: Any) -> Iterator[Any]:
    """The bodies of all endless repeats, those within others too."""
    for op, value in items:
        if op in _REPEATS and value[1] > _MANY:
            yield value[2]
        for body in _bodies(op, value):
            yield from _find_repeats(body)


def _doubles(body: Any) -> bool:
    repeated = {char for inner in _find_repeats(body) for char in _chars(inner)}
    fixed = [{char for char in _PROBES if _fits(op, value, char)} for op, value in _list_fixed(body)]
    return bool(repeated) and not any(chars and not chars & repeated for chars in fixed)


def _list_fixed(items: Any) -> Iterator[tuple[Any, Any]]:
    """The single characters that every turn must have."""
    for op, value in items:
        if op in _REPEATS and value[0] > 0 and value[1] <= _MANY:
            yield from _list_fixed(value[2])
        elif op is codes.SUBPATTERN:
            yield from _list_fixed(value[-1])
        elif op not in _REPEATS:
            yield op, value


def _chars(items: Any) -> Iterator[str]:
    """The characters that any item within may take."""
    for op, value in items:
        yield from (char for char in _PROBES if _fits(op, value, char))
        for body in _bodies(op, value):
            yield from _chars(body)


def _fits(op: Any, value: Any, char: str) -> bool:
    if op is codes.LITERAL:
        return chr(value).casefold() == char.casefold()
    if op is codes.NOT_LITERAL:
        return chr(value).casefold() != char.casefold()
    if op is codes.RANGE:
        return value[0] <= ord(char) <= value[1]
    if op is codes.CATEGORY:
        return _CATEGORIES[value](char)
    if op is codes.IN:
        negated = value[0][0] is codes.NEGATE
        return negated != any(_fits(kind, one, char) for kind, one in value if kind is not codes.NEGATE)
    return op is codes.ANY
