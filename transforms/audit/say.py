"""Words for figures, values, ranges and hypotheses, from the code lists and words.csv, in zh or en."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from fractions import Fraction

from transforms.audit.bounds import Derived
from transforms.audit.figures import Figure
from transforms.audit.hypotheses import Hypothesis
from transforms.audit.model import Premise, Quantity, Row
from transforms.audit.solver import End
from transforms.codelists import load_codelist
from transforms.export.labels import say_unit

_NOISE = 1e-9  # of an end: what the solver's tolerance may have added to it


class Speaker:
    """Sentences in one language. local: labels of codes that only an edition has, by (list, code)."""

    def __init__(self, lang: str, local: dict[tuple[str, str], str] | None = None) -> None:
        self.lang, self.local = lang, local or {}

    def word(self, code: str, **values: object) -> str:
        return load_codelist("words").label(f"AUDIT.{code}", self.lang).format(**values)

    def label(self, listname: str, code: str) -> str:
        label = load_codelist(listname).label(code, self.lang)
        return self.local.get((listname, code), label) if label == code else label

    def join(self, texts: Iterable[str]) -> str:
        return self._glue("LIST", dict.fromkeys(texts))

    def choose(self, texts: Iterable[str]) -> str:
        return self._glue("OR", dict.fromkeys(texts))

    def _glue(self, sign: str, texts: Iterable[str]) -> str:
        """Texts with a sign of the language between them; code lists keep no blanks at the ends of a word."""
        before = " " if self.lang == "en" and sign == "OR" else ""
        after = " " if self.lang == "en" else ""
        return f"{before}{self.word(sign)}{after}".join(texts)

    def unit(self, unit: str, unit_mult: int) -> str:
        return say_unit(unit, unit_mult, self.lang, self.label("units", unit))

    def period(self, period: str) -> str:
        return period or self.word("NO_PERIOD")

    # --- figures

    def figure(self, f: Figure) -> str:
        """A figure in one phrase: place, what, flow, period, measure, of what, as printed."""
        what = [self.label("geographies", f.geo), self.label("items", f.item)]
        what += [self.label("flows", f.flow)] if f.flow in "XMT" else []
        what += [self.label("bases", f.basis)] if f.basis not in ("published", "survey") else []
        what.append(self.period(f.period))
        measure = self.label("measures", f.measure)
        if f.base_period and f.measure != "average_growth":
            measure = self.word("ON", measure=measure, base=f.base_period)
        if f.reference and f.measure in ("share", "rank", "difference"):
            measure = self.word("OF", measure=measure, whole=self.label("references", f.reference))
        return self.word("FIGURE", what=self._glue("COMMA", what), measure=measure, figure=self.printed(f))

    def printed(self, f: Figure) -> str:
        unit = "" if f.measure == "rank" else self.unit(f.unit, f.unit_mult)
        text = f.printed if not unit or f.printed.endswith(unit) else f"{f.printed} {unit}"
        return self.word(f"QUALIFIER.{f.qualifier}", figure=text) if f.qualifier else text

    def premise(self, p: Premise) -> str:
        if p.kind == "ranks":
            return self.word("RANKS", first=self.figure(p.figures[0]), second=self.figure(p.figures[1]))
        text = self.figure(p.figure)
        return self.word("READ_AS", figure=text, reading=self.word(f"READING.{p.reading}")) if p.reading else text

    def number(self, value: float | Fraction, decimals: int, rounding: str = ROUND_HALF_UP) -> str:
        text = f"{_to_decimal(value).quantize(Decimal(1).scaleb(-decimals), rounding):,f}"
        return text.replace("-0", "0", 1) if set(text) <= set("-0.") else text

    def range_of(self, f: Figure, low: End, high: End) -> str:
        """A range in the unit of a figure, with enough decimals to tell its ends apart from the figure, outward but for
        what the solver cannot tell."""
        decimals = (f.decimals or 0) + 2
        ends = []
        for end, inward, rounding in ((low, 1, ROUND_FLOOR), (high, -1, ROUND_CEILING)):
            if isinstance(end, float):  # not proved
                end += inward * abs(end) * _NOISE
            ends.append(None if end is None else self.number(Fraction(end) / f.scale, decimals, rounding))
        unit = self.unit(f.unit, f.unit_mult) if f.measure != "rank" else ""
        return self.span(ends[0], ends[1], unit)

    def span(self, low: str | None, high: str | None, unit: str) -> str:
        if low is None and high is None:
            return self.word("ANYTHING")
        if low is None or high is None:
            return self.word("AT_MOST" if low is None else "AT_LEAST", end=high or low, unit=unit)
        return self.word("BETWEEN", low=low, high=high, unit=unit)

    # --- values that follow

    def quantity(self, q: Quantity) -> str:
        what = [self.label("geographies", q.geo), self.label("items", q.item)]
        what += [self.label("flows", q.flow)] if q.flow in "XMT" else []
        what += [self.label("bases", q.basis)] if q.basis != "published" else []
        return self._glue("COMMA", [*what, self.period(q.period)])

    def derived(self, d: Derived) -> str:
        low, high, unit = shown_bounds(d)
        return self.word("DERIVED", what=self.quantity(d.quantity), range=self.span(low, high, self.unit(*unit)))

    # --- why

    def identity(self, row: Row) -> str:
        """An identity that a proof takes, with what it is about."""
        signed = sorted(row.terms.items(), key=lambda item: (-item[1], item[0]))
        whole = self.quantity(signed[-1][0] if row.label == "total" else signed[0][0])
        parts = self.join(self.label("items", q.item) for q, times in signed if times < 0)
        inner = self.join(self.label("geographies", q.geo) for q, times in signed if times < 0)
        return self.word(f"IDENTITY.{row.label}", whole=whole, parts=parts, inner=inner)

    def hypothesis(self, h: Hypothesis) -> str:
        """What a figure may have been meant to be, and how far that goes."""
        f = h.premise.figure
        shown = [text.removeprefix("/") for text in h.figures]
        of_whole = any(text.startswith("/") for text in h.figures)
        kind = f"{h.kind}_of" if of_whole and h.kind in ("swapped", "one_way", "two_way") else h.kind
        if h.kind in ("swapped", "one_way", "two_way"):
            shown = [self.label("flows", flow) for flow in dict.fromkeys(shown)]
        values = self._glue("OR", shown[:4]) + (f" {self.word('AND_MORE')}" if len(shown) > 4 else "")
        said = self.word(f"HYPOTHESIS.{kind}", figure=self.figure(f), printed=self.printed(f), value=values)
        grade = "restores" if h.restores else "resolves" if h.fits else "opposed"
        return self.word(f"EFFECT.{grade}", said=said, resolved=h.resolved, all=h.contradictions)


def shown_bounds(d: Derived) -> tuple[str, str, tuple[str, int]]:
    """Lower and upper bound in a power of ten that reads well, rounded outward, and the unit with its power."""
    power = _find_power(d)
    scale = Fraction(10) ** power
    size = max(abs(float(d.lower)), abs(float(d.upper))) / float(scale)
    width = float((d.upper - d.lower) / scale)
    decimals = 2
    while decimals < 8 and width and 10.0**-decimals * 4 > width and size < 10 ** (12 - decimals):
        decimals += 1
    step = Decimal(1).scaleb(-decimals)
    low = _to_decimal(d.lower / scale).quantize(step, rounding="ROUND_FLOOR")
    high = _to_decimal(d.upper / scale).quantize(step, rounding="ROUND_CEILING")
    return f"{low:,f}", f"{high:,f}", (d.quantity.unit, power)


def _to_decimal(value: Fraction | float) -> Decimal:
    if isinstance(value, Fraction):
        return Decimal(value.numerator) / Decimal(value.denominator)
    return Decimal(str(value))


def _find_power(d: Derived) -> int:
    powers = [
        p.figure.unit_mult for p in d.premises if p.kind in ("level", "balance") and p.figure.unit == d.quantity.unit
    ]
    return powers[0] if powers else 0
