"""A sentence cut into segments: at most one figure each, with the words that belong to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from transforms.codelists import qualifier_words
from transforms.prose.tokens import Token

_LISTED: Final = ("PERIOD", "AREA", "ITEM", "FLOW")
_FAR: Final = 100  # tokens between a list and the word that shares it out
_BETWEEN: Final = {"AND", "BREAK", "QUALIFIER"}
_AFTER: Final = {"OF", "PERIOD", "BASE", "AREA", "ITEM", "FLOW", "TRADE", "FILL", "SAME_PERIOD", "SAME_AREA", "SPAN",
                 "AVERAGE", "RATE", "RELATIVE", "BALANCE", "PORTION", "GROW"}  # fmt: skip


@dataclass(frozen=True)
class Segment:
    """before, after: the tokens on either side of the figure. figure None: a clause that only sets the scene.

    problem: why the figure cannot be read by itself (range, respectively), else ''.
    """

    before: tuple[Token, ...]
    figure: Token | None = None
    after: tuple[Token, ...] = ()
    problem: str = ""

    @property
    def words(self) -> tuple[Token, ...]:
        return self.before + self.after


def cut_sentence(tokens: Sequence[Token]) -> list[Segment]:
    """The segments of a sentence, in order. Lists with 分别 or respectively are taken apart first."""
    tokens = list(tokens)
    marks = [n for n, token in enumerate(tokens) if token.role == "RESPECTIVELY"]
    segments: list[Segment] = []
    begin = 0
    for mark in marks:
        run = _find_run(tokens, mark, begin)
        if run:
            start = _find_start(tokens, begin, run[0])
            segments += _cut_plain(tokens[begin:start])
            end = max(run[-1], mark) + 1
            while end < len(tokens) and tokens[end].role in _AFTER and tokens[mark].text.isascii():
                end += 1
            words = [*tokens[start : run[0]], *tokens[run[-1] + 1 : end]]
            segments += _share_out(words, [tokens[n] for n in run], _list_periods(segments))
            begin = end
    return segments + _cut_plain(tokens[begin:])


def _find_run(tokens: Sequence[Token], mark: int, begin: int) -> list[int]:
    """The figures of the list that 分别 stands before, or respectively after; those of one list stand together."""
    ahead = [n for n in range(mark + 1, min(mark + _FAR, len(tokens))) if _is_figure(tokens[n])]
    behind = [n for n in range(mark - 1, max(mark - _FAR, begin) - 1, -1) if _is_figure(tokens[n])]
    if tokens[mark].text.isascii():
        run = _run_of(tokens, behind)
        return run[::-1] if len(run) > 1 else []
    run = _run_of(tokens, ahead)
    return run if len(run) > 1 else []


def _run_of(tokens: Sequence[Token], places: Sequence[int]) -> list[int]:
    run = list(places[:1])
    for n in places[1:]:
        low, high = sorted((run[-1], n))
        if any(token.role not in _BETWEEN for token in tokens[low + 1 : high]):
            break
        run.append(n)
    return run


def _is_figure(token: Token) -> bool:
    return token.role == "FIGURE"


def _find_start(tokens: Sequence[Token], begin: int, run: int) -> int:
    """Where what a list is about begins: after the figure before it, or a semicolon."""
    for n in range(run - 1, begin - 1, -1):
        if _is_figure(tokens[n]) or (tokens[n].role == "BREAK" and tokens[n].text in "；;"):
            return n + 1
    return begin


def _list_periods(segments: Sequence[Segment]) -> list[Token]:
    """The periods of the list just before, which 同期 (the same period) may speak of."""
    periods: list[Token] = []
    for segment in reversed(segments):
        own = [token for token in segment.before if token.role == "PERIOD"]
        if len(own) != 1 or own[0] in periods:
            break
        periods.insert(0, own[0])
    return periods


def _share_out(before: Sequence[Token], figures: Sequence[Token], earlier: Sequence[Token]) -> list[Segment]:
    """One segment for each figure of a list, with the one list of as many periods, places, items or flows shared out.

    Where no list, or more than one, has as many entries, whose figure is which is not known. earlier: the periods of
    the list before, which the same period stands for.
    """
    words = [part for token in before if token.role not in ("RESPECTIVELY", "BREAK", "AND") for part in _part(token)]
    if len(earlier) == len(figures) and any(token.role == "SAME_PERIOD" for token in words):
        words = [*earlier, *(token for token in words if token.role != "SAME_PERIOD")]
    lists = {role: [token for token in words if token.role == role] for role in _LISTED}
    long = [role for role, found in lists.items() if len(found) > 1]
    if len(long) != 1 or len(lists[long[0]]) != len(figures):
        return [Segment(tuple(words), figure, problem="respectively") for figure in figures]
    return [
        Segment(tuple(token for token in words if token.role != long[0] or token is entry), figure)
        for entry, figure in zip(lists[long[0]], figures, strict=True)
    ]


def _part(token: Token) -> list[Token]:
    """Exports and imports, before respectively, are two."""
    text = token.text.casefold()
    if token.role == "FLOW" and token.code == "T" and " and " in text:
        order = "XM" if text.startswith("exp") else "MX"
        return [replace(token, codes=(flow,)) for flow in order]
    return [token]


def _cut_plain(tokens: Sequence[Token]) -> list[Segment]:
    segments: list[Segment] = []
    before: list[Token] = []
    n = 0
    while n < len(tokens):
        token = tokens[n]
        n += 1
        if token.role == "BREAK":
            if before:
                segments.append(Segment(tuple(before)))
            before = []
            continue
        if not _is_figure(token):
            before.append(token)
            continue
        after = _take_after(tokens, n)
        n += len(after)
        problem = "range" if _is_range(tokens, n - len(after) - 1) else ""
        segments.append(Segment(tuple(before), token, tuple(after), problem))
        before = []
    return [*segments, Segment(tuple(before))] if before else segments


def _take_after(tokens: Sequence[Token], begin: int) -> list[Token]:
    """What belongs to a figure that it stands behind: all up to the next clause, or, where another figure follows in
    the clause, its qualifier, base, and in English the phrases with in, of and from."""
    clause = []
    for n in range(begin, len(tokens)):
        if tokens[n].role == "BREAK":
            break
        clause.append(tokens[n])
        if _is_figure(tokens[n]):
            break
    another = next((n for n, token in enumerate(clause) if _is_figure(token)), None)
    if another is None:
        stop = next((n for n, token in enumerate(clause) if token.role == "AND" and n > 0 and _has_head(clause[n:])),
                    len(clause))  # fmt: skip
        return clause[:stop]
    taken: list[Token] = []
    for n, token in enumerate(clause[:another]):
        following = clause[n + 1] if n + 1 < another else None
        is_mark = not taken and token.role == "QUALIFIER" and _stands_after(token.text)
        is_phrase = token.role in _AFTER - {"GROW"} or (
            token.role in ("FROM", "THAN") and following is not None and following.role in ("PERIOD", "SPAN")
        )
        if is_mark or (token.text.isascii() and is_phrase):
            taken.append(token)
        else:
            break
    return taken


def _has_head(tokens: Sequence[Token]) -> bool:
    return any(token.role in ("FLOW", "ITEM", "AREA", "GROW") for token in tokens)


def _stands_after(word: str) -> bool:
    return qualifier_words().get(word, {}).get("position") == "after"


def _is_range(tokens: Sequence[Token], n: int) -> bool:
    """Whether a figure is one end of a range: 3%-5%, 3至5亿美元, between 3 and 5 per cent."""
    return any(_are_ends(tokens, *pair) for pair in ((_neighbour(tokens, n, -1), n), (n, _neighbour(tokens, n, 1))))


def _neighbour(tokens: Sequence[Token], n: int, step: int) -> int:
    n += step
    while 0 <= n < len(tokens) and tokens[n].role in ("TO", "AND", "UNKNOWN") and len(tokens[n].text) <= 3:
        n += step
    return n


def _are_ends(tokens: Sequence[Token], first: int, second: int) -> bool:
    if first < 0 or second >= len(tokens) or not (_is_figure(tokens[first]) and _is_figure(tokens[second])):
        return False
    one, two = tokens[first].amount, tokens[second].amount
    if one is None or two is None or (one.kind != two.kind and one.kind != "plain"):
        return False
    between = tokens[first + 1 : second]
    before = [token.role for token in tokens[max(0, first - 4) : first]]
    if not between:
        return tokens[second].text[:1] in "-−–~"
    if between[0].role == "TO" and between[0].code == "plain":
        return "FROM" not in before
    if between[0].role == "AND":
        return "RANGE" in before
    return between[0].text in ("~", "—", "-", "–")
