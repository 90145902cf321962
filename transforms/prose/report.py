"""What was found about the figures of a draft, in words of one language: for machines and for the audit's report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from transforms.audit.say import Speaker
from transforms.indicators import load_cards
from transforms.prose.compare import STATUSES, Hypothesis, Verdict
from transforms.prose.figures import Amount
from transforms.prose.published import Candidate
from transforms.prose.resolve import Statement

_SHOWN = 3  # values of the database beside one figure


class ProseSpeaker:
    """Sentences about figures of a draft, in the language of an audit's speaker."""

    def __init__(self, speaker: Speaker) -> None:
        self.speaker = speaker
        self.titles = {
            card.indicator: card.title_zh if speaker.lang == "zh" else card.title_en for card in load_cards()
        }

    def word(self, code: str, **values: object) -> str:
        return self.speaker.word(f"PROSE.{code}", **values)

    def statement(self, s: Statement) -> str:
        """Place, item, direction, period, measure, base and whole, then what was read between the words."""
        speak = self.speaker
        what = [speak.label("geographies", s.geo), speak.label("items", s.item)]
        what += [speak.label("flows", s.flow)] if s.flow in "XMT" else []
        measure = self.titles.get(s.measure) or speak.label("measures", s.measure)
        if s.base_period:
            measure = speak.word("ON", measure=measure, base=s.base_period)
        if s.reference:
            measure = speak.word("OF", measure=measure, whole=speak.label("references", s.reference))
        parts = [*what, s.period, measure]
        comma, end = ("，", "；") if speak.lang == "zh" else (", ", "; ")
        return end.join([comma.join(parts), *(self.word(f"ASSUMED.{code}") for code in s.said)])

    def candidate(self, c: Candidate, amount: Amount, s: Statement) -> str:
        """A value of the database in the unit of the figure, with where it is from."""
        name = self.titles.get(c.indicator) or self.word("FROM_LEVELS" if c.indicator else "PRINTED")
        name = f"{name}, {self.word('CONTESTED')}" if c.contested else name
        ends = [self._number(end, amount, s) for end in (c.value, c.lower, c.upper)]
        unit = self.speaker.unit(amount.unit, amount.unit_mult) if amount.unit else ""
        value = f"{ends[0]} {unit}".strip() if ends[0] is not None else self.speaker.span(ends[1], ends[2], unit)
        return self.word("VALUE", value=value, name=name, source=c.source)

    def _number(self, end: Fraction | None, amount: Amount, s: Statement) -> str | None:
        if end is None:
            return None
        shift = 1 if s.measure in ("growth", "increase") else 0
        scale = Fraction(10) ** (amount.unit_mult - (2 if amount.unit in ("PERCENT", "PP") else 0))
        shown = self.speaker.number((end - shift) / scale, min((amount.decimals or 0) + 2, 8))
        kept = len(shown.rstrip("0")) if "." in shown else len(shown)
        return shown[: max(kept, len(shown) - 2)].removesuffix(".")

    def hypothesis(self, h: Hypothesis, amount: Amount, s: Statement) -> str:
        lists = {"definition": "items", "flow": "flows", "currency": "units", "measure": "measures"}
        meant = self.speaker.label(lists[h.kind], h.meant) if h.kind in lists else h.meant
        return self.word(f"HYPOTHESIS.{h.kind}", meant=meant, value=self.candidate(h.candidate, amount, s))

    def why(self, verdict: Verdict) -> str:
        """How the figure was read and what the database has, or why it is open."""
        found, s = verdict.found, verdict.found.statement
        if s is None:
            said = self.word(f"WHY.{found.why}", words=self.speaker.join(found.open))
            return f"{said[:1].upper()}{said[1:]}{'。' if self.speaker.lang == 'zh' else '.'}"
        parts = [self.word("READ", statement=self.statement(s))]
        for code, candidates in (("DATABASE", verdict.agreeing), ("BUT" if verdict.agreeing else "DATABASE",
                                                                  verdict.differing)):  # fmt: skip
            if candidates:
                shown = dict.fromkeys(self.candidate(c, found.amount, s) for c in candidates[:_SHOWN])
                parts.append(self.word(code, values=self.speaker.join(shown)))
        parts += [self.hypothesis(h, found.amount, s) for h in verdict.hypotheses[:_SHOWN]]
        return ("" if self.speaker.lang == "zh" else " ").join(parts)


def say_figures(verdicts: Sequence[Verdict], speaker: Speaker, places: Sequence[str]) -> list[dict[str, Any]]:
    """One entry for every figure, in the order of the text: sentence, place, status, why, and what it was read as.

    places: where each stands, as the audit names it.
    """
    prose = ProseSpeaker(speaker)
    return [_say(verdict, prose, place) for verdict, place in zip(verdicts, places, strict=True)]


def _say(verdict: Verdict, prose: ProseSpeaker, place: str) -> dict[str, Any]:
    found, s = verdict.found, verdict.found.statement
    fields = ("geo", "item", "flow", "period", "base_period", "measure", "reference")
    return {
        "figure": found.amount.printed, "status": verdict.status, "contradiction": verdict.is_contradiction,
        "status_words": prose.word(f"STATUS.{verdict.status}"), "why": prose.why(verdict), "reason": found.why,
        "sentence": found.sentence.text, "place": place, "paragraph": found.sentence.paragraph,
        "line": found.sentence.line or None, "value": _plain(found.amount.value), "unit": found.amount.unit,
        "unit_mult": found.amount.unit_mult, "qualifier": found.amount.qualifier,
        **{name: getattr(s, name) if s else None for name in fields},
        "assumed": list(s.said) if s else [], "candidates": list(found.open),
        "hypotheses": [{"kind": h.kind, "meant": h.meant} for h in verdict.hypotheses],
    }  # fmt: skip


def _plain(value: Decimal) -> float:
    return float(value)


def summarise(verdicts: Sequence[Verdict], speaker: Speaker) -> str:
    """How many figures have which status, in one sentence."""
    counts = Counter(verdict.status for verdict in verdicts)
    words = (f"{speaker.word(f'PROSE.STATUS.{status}')} {counts[status]}" for status in STATUSES if counts[status])
    end = "。" if speaker.lang == "zh" else "."
    return speaker.word("PROSE.SUMMARY", count=len(verdicts), parts=speaker.join(words)) + end


def list_sections(figures: Sequence[dict[str, Any]], speaker: Speaker) -> list[tuple[str, list[str]]]:
    """The figures as sections of a report, one for each status that occurs, what needs mending first."""
    sections = []
    for status in STATUSES:
        lines = [
            speaker.word("PROSE.LINE", figure=f["figure"], status=f["status_words"], said=f["why"],
                         sentence=_shorten(f["sentence"], f["figure"]), place=f["place"])
            for f in figures if f["status"] == status and f["reason"] != "count"
        ]  # fmt: skip
        counts = sum(f["status"] == status and f["reason"] == "count" for f in figures)
        lines += [speaker.word("PROSE.COUNTS", count=counts)] if counts else []
        title = f"{speaker.word('HEAD.figures')}: {speaker.word(f'PROSE.STATUS.{status}')}"
        sections += [(title.replace(": ", "：") if speaker.lang == "zh" else title, lines)] if lines else []
    return sections


def _shorten(sentence: str, figure: str, most: int = 160) -> str:
    """A long sentence around its figure."""
    if len(sentence) <= most:
        return sentence
    middle = max(sentence.find(figure), 0)
    begin = max(0, min(middle - most // 2, len(sentence) - most))
    return f"{'…' if begin else ''}{sentence[begin : begin + most]}{'…' if begin + most < len(sentence) else ''}"
