"""Words for codes in one language, from the code lists of the connection, the indicator cards and words.csv."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from functools import reduce

import duckdb

from transforms.codelists import load_codelist, unit_labels
from transforms.indicators import load_cards
from transforms.phrases import say

# column of a selection -> table with its labels; a column that is not here (period ...) is its own label
_LISTS = {
    "geo": "geographies",
    "partner": "geographies",
    "flow": "flows",
    "item": "items",
    "activity": "items",
    "measure": "measures",
    "reference": "refs",
    "basis": "bases",
    "unit": "units",
    "mark": "verdicts",
    "status": "obs_status",
}


def round_half_up(value: Decimal, decimals: int) -> Decimal:
    """A value as displayed: rounded half up (away from zero) to so many decimals."""
    return value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def say_unit(unit: str, unit_mult: int, lang: str, label: str) -> str:
    """A unit with its power of ten: 亿美元, hundred million USD, %. label: what it is called where no short word is."""
    words = load_codelist("words")
    short = words.label(f"UNIT.{unit}", lang)
    short = label if short.startswith("UNIT.") else short
    if unit_mult == 0:
        return short
    if lang == "zh":
        for printed, meaning in unit_labels().items():
            if meaning == (unit, unit_mult):
                return printed
    power = words.label(f"MULT.{unit_mult}", lang)
    power = f"10^{unit_mult}" if power.startswith("MULT.") else power
    return f"{power}{short}" if lang == "zh" else f"{power} {short}"


class Labels:
    """Labels of codes, words and notes in zh or en."""

    def __init__(self, con: duckdb.DuckDBPyConnection, lang: str) -> None:
        self.lang = lang
        self._lists: dict[str, dict[str, str]] = {
            table: dict(con.execute(f"SELECT code, label_{lang} FROM {table}").fetchall())
            for table in sorted(set(_LISTS.values()))
        }
        self._titles: dict[str, str] = dict(con.execute(f"SELECT title_en, title_{lang} FROM datasets").fetchall())
        self._cards = {card.indicator: card.title_zh if lang == "zh" else card.title_en for card in load_cards()}

    def word(self, code: str, **values: object) -> str:
        """A word or sentence of words.csv with its places filled in."""
        return load_codelist("words").label(code, self.lang).format(**values)

    def of(self, column: str, code: str) -> str:
        """The label of a code that stands in a column; the code itself where no list has it."""
        if column == "indicator":
            return self._cards.get(code, code)
        return self._lists.get(_LISTS.get(column, ""), {}).get(code) or code

    def unit(self, unit: str, unit_mult: int) -> str:
        """A unit with its power of ten, as tables show it: 亿美元, hundred million USD, %."""
        return say_unit(unit, unit_mult, self.lang, self.of("unit", unit))

    def comparison(self, rule: str, indicator: str) -> str:
        """What a printed figure was compared with: the rule's word, or the title of the indicator."""
        word = load_codelist("words").label(f"RULE.{rule}", self.lang)
        return self.of("indicator", indicator) if word.startswith("RULE.") else word

    def note(self, text: str) -> str:
        """A note of the comparisons, part by part through its template in words.csv; unknown parts stay as they are."""
        return self.join([say("NOTE", part, self.lang, self._place) for part in text.split("; ") if part])

    def _place(self, name: str, value: str) -> str:
        if name == "title":
            return self._titles.get(value, value)
        label = self.of(name, value)
        return label[:1].lower() + label[1:] if name == "measure" else label

    def join(self, parts: list[str]) -> str:
        """Several entries as one text."""
        kept = list(dict.fromkeys(filter(None, parts)))
        return reduce(lambda first, text: self.word("TEXT.list", first=first, next=text), kept) if kept else ""
