"""What the others of a contradiction leave for one of its figures: asked for by words and by hypotheses, found once."""

from __future__ import annotations

from dataclasses import dataclass, field

from transforms.audit.blocks import Block
from transforms.audit.contradictions import Contradiction
from transforms.audit.model import Premise
from transforms.audit.solver import BlockProgram, Range, RatioProgram


@dataclass
class Implied:
    """Ranges of one block."""

    block: Block
    _known: dict[tuple[int, int, bool], Range] = field(default_factory=dict)
    _programs: dict[bool, BlockProgram] = field(default_factory=dict)
    _ratios: dict[bool, RatioProgram] = field(default_factory=dict)

    def find(self, contradiction: Contradiction, premise: Premise, as_printed: bool) -> Range:
        """The range of over, or of over by under, that the other figures leave; as_printed: qualifiers left aside."""
        key = id(contradiction), premise.number, as_printed
        if key not in self._known:
            others = [p.number for p in contradiction.premises if p is not premise]
            if premise.under is None:
                found = self._program(as_printed).find_range(premise.over, others)
            else:
                if as_printed not in self._ratios:
                    self._ratios[as_printed] = RatioProgram(self.block, as_printed)
                found = self._ratios[as_printed].find_range(premise.over, premise.under, others)
            self._known[key] = found
        return self._known[key]

    def find_figure(self, contradiction: Contradiction, p: Premise) -> Range:
        """The range that the others of a contradiction leave for a figure, in units of one, as it is printed."""
        as_printed = contradiction.grade == "soft"
        low, high = self.find(contradiction, p, as_printed)
        if p.under is not None:
            low, high = (None if end is None else p.from_ratio(end) for end in (low, high))
        others = [other.number for other in contradiction.premises if other is not p]
        for own in p.extra:  # the share as a value of its own, which a difference of shares speaks of
            least, most = self._program(as_printed).find_range(own.terms, others)
            low = max(low or 0, least or 0)
            high = min((end for end in (high, most) if end is not None), default=None)
        return low, high

    def _program(self, as_printed: bool) -> BlockProgram:
        if as_printed not in self._programs:
            self._programs[as_printed] = BlockProgram(self.block, as_printed)
        return self._programs[as_printed]
