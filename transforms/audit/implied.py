"""What the others of a contradiction leave for one of its figures: asked for by words and by hypotheses, found once."""

from __future__ import annotations

from dataclasses import dataclass, field

from transforms.audit.blocks import Block
from transforms.audit.contradictions import Contradiction
from transforms.audit.model import Premise
from transforms.audit.solver import BlockProgram, find_ratio_range

Range = tuple[float | None, float | None]


@dataclass
class Implied:
    """Ranges of one block."""

    block: Block
    _known: dict[tuple[int, int, bool], Range] = field(default_factory=dict)
    _programs: dict[bool, BlockProgram] = field(default_factory=dict)

    def program(self, as_printed: bool) -> BlockProgram:
        if as_printed not in self._programs:
            self._programs[as_printed] = BlockProgram(self.block, as_printed)
        return self._programs[as_printed]

    def find(self, contradiction: Contradiction, premise: Premise, as_printed: bool) -> Range:
        """The range of over, or of over by under, that the other figures leave; as_printed: qualifiers left aside."""
        key = id(contradiction), premise.number, as_printed
        if key not in self._known:
            others = [p for p in contradiction.premises if p is not premise]
            if premise.under is None:
                found = self.program(as_printed).find_range(premise.over, [p.number for p in others])
            else:
                found = find_ratio_range(self.block, premise.over, premise.under, others, as_printed)
            self._known[key] = found
        return self._known[key]
