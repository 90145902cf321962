"""Our English sentences in another language, by templates of the list words with places in braces."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, reduce

from transforms.codelists import load_codelist
from transforms.errors import InputError

_PLACE = re.compile(r"\\\{(\w+)\\\}")
_INNER = "said"  # the place of a sentence within a sentence
# An InputError as it is kept: str() of it, in one line.
_KEPT = re.compile(
    r"(?:(?P<file>[^:]*?[./][^:]*?)(?:, sheet (?P<sheet>'[^']*'))?(?:, row (?P<row>\d+))?"
    r"(?:, column (?P<column>\d+|'[^']*'))?: )?(?P<problem>.+?)(?: Found: (?P<found>'.*?'|\".*?\")\.)?"
    r"(?: What to do: (?P<todo>.*?))?(?: (?P<more>\d+ more place\(s\): .*))?",
    re.DOTALL,
)


@cache
def _compile(kind: str) -> list[tuple[re.Pattern[str], str]]:
    """Patterns with their codes. What says most by itself comes first: what is nearly all places would fit others."""
    rows = [row for row in load_codelist("words").rows if row["code"].startswith(f"{kind}.")]
    rows.sort(key=lambda row: -len(_strip_places(row["label_en"])))
    return [(re.compile(_PLACE.sub(r"(?P<\1>.+)", re.escape(row["label_en"])), re.DOTALL), row["code"]) for row in rows]


def _strip_places(text: str) -> str:
    return re.sub(r"\{\w+\}", "", text)


def say(kind: str, text: str, lang: str, place: Callable[[str, str], str] = lambda _, value: value) -> str:
    """A sentence through its template of one kind (rows kind.*); as it stands where there is none.

    place: what a value in braces becomes, by the name of its place.
    """
    for pattern, code in _compile(kind):
        if found := pattern.fullmatch(text):
            values = {
                name: say(kind, value, lang, place) if name == _INNER else place(name, value)
                for name, value in found.groupdict().items()
            }
            return load_codelist("words").label(code, lang).format(**values)
    return text


def say_all(kind: str, text: str, lang: str) -> str:
    """The same of sentences with semicolons between them, each by itself."""
    if lang == "en":
        return text
    first, *others = (say(kind, part, lang) for part in text.split("; "))
    join = load_codelist("words").label("TEXT.list", lang)
    return reduce(lambda said, part: join.format(first=said, next=part), others, first)


def say_error(kind: str, error: InputError, lang: str) -> str:
    """An InputError in one line: where, what is wrong, what was found, what to do; English where no template is."""
    if lang == "en":
        return str(error)
    words = load_codelist("words")
    place = _say_place(error, lang)
    parts = [f"{f'{place}：' if place else ''}{say_all(kind, error.problem, lang)}"]
    if error.found is not None:
        parts.append(words.label("ERROR.found", lang).format(found=repr(error.found)))
    if error.todo:
        parts.append(words.label("ERROR.todo", lang).format(todo=say_all(kind, error.todo, lang)))
    said = "".join(f"{part.rstrip('.。')}。" for part in parts)
    return "".join([said, *(say_error(kind, other, lang) for other in error.others)])


def say_kept(text: str, lang: str, place: Callable[[str, str], str] = lambda _, value: value) -> str:
    """Why an edition is blocked, from the line that an InputError is kept as; parts without a template stay English."""
    told = _KEPT.fullmatch(text)
    if lang == "en" or told is None:
        return text
    words = load_codelist("words")
    where = _join_place(told["file"] or "", told["sheet"], told["row"], told["column"], lang)
    parts = [f"{where}：" if where else "", _say_fault(told["problem"].removesuffix("."), lang, place)]
    if told["found"]:
        parts.append(words.label("ERROR.found", lang).format(found=told["found"]))
    if told["todo"]:
        parts.append(words.label("ERROR.todo", lang).format(todo=_say_fault(told["todo"], lang, place)))
    if told["more"]:
        parts.append(_say_fault(told["more"].removesuffix("."), lang, place))
    return parts[0] + "".join(f"{part.rstrip('.。')}。" for part in parts[1:])


def _say_fault(text: str, lang: str, place: Callable[[str, str], str]) -> str:
    """Through the template of the whole, which may hold semicolons, where there is one; else part by part."""
    whole = say("WHOLE", text, lang, place)
    return whole if whole != text else say_all("FAULT", text, lang)


def _say_place(error: InputError, lang: str) -> str:
    return _join_place(error.file, repr(error.sheet) if error.sheet else None, error.row, error.column, lang)


def _join_place(file: str, sheet: str | None, row: object, column: object, lang: str) -> str:
    """File, sheet, row and column, those that are known."""
    words = load_codelist("words")
    parts = {"sheet": sheet, "row": row, "column": column}
    said = [
        words.label(f"ERROR.{name}", lang).format(**{name: part}) for name, part in parts.items() if part is not None
    ]
    return " ".join([*([file] if file else []), *said])
