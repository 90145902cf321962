"""A made-up database as candidates, and sentences that state its values truly."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from transforms.codelists import load_codelist
from transforms.prose.published import Candidate, Key, Values

PLACES = ("CN-440100", "CHN", "W", "USA", "GBR")
ITEMS = ("EBOPS2010:S", "EBOPS2010:SG", "EBOPS2010:SI", "DEF:unctad")
FLOWS = {"X": ("出口", "exports"), "M": ("进口", "imports"), "T": ("进出口", "exports and imports")}


@dataclass(frozen=True)
class World:
    """One level and that of the year before, exact, in units of one."""

    geo: str
    item: str
    flow: str
    year: int
    level: Fraction
    before: Fraction

    def values(self) -> Values:
        values = Values()
        for period, amount in ((self.year, self.level), (self.year - 1, self.before)):
            key = Key("value", self.geo, self.item, self.flow, str(period), "", "")
            values.by_key[key].append(Candidate(key, amount, amount, amount, "USD", "made/up", "level", False))
        return values

    def subject(self, lang: str) -> str:
        place, item = (load_codelist(n).label(c, lang) for n, c in (("geographies", self.geo), ("items", self.item)))
        flow = FLOWS[self.flow][lang == "en"]
        return f"{self.year}年，{place}{item}{flow}" if lang == "zh" else f"In {self.year}, {place}'s {flow} of {item}"


def show(value: Fraction, decimals: int) -> str:
    """A number as printed: rounded half up."""
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return f"{exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP):,f}"


def say_level(world: World, lang: str, decimals: int, qualifier: tuple[str, str] = ("", ""), change: int = 0) -> str:
    """change: units of the last printed decimal that the figure is off by."""
    printed = show(world.level / 10**8 + Fraction(change, 10**decimals), decimals)
    if lang == "zh":
        return f"{world.subject(lang)}{qualifier[0]}{printed}亿美元。"
    return f"{world.subject(lang)} were {qualifier[1]} US$ {printed} hundred million."


def say_growth(world: World, lang: str, decimals: int, change: int = 0) -> str:
    rate = (world.level / world.before - 1) * 100 + Fraction(change, 10**decimals)
    printed = show(abs(rate), decimals)
    if lang == "zh":
        return f"{world.subject(lang)}同比{'下降' if rate < 0 else '增长'}{printed}%。"
    return f"{world.subject(lang)} {'fell' if rate < 0 else 'rose'} by {printed} per cent year on year."
