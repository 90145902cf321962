"""How much of the time is gone: the stages of an audit share it, so that none takes what the next one needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


def _nothing() -> float:
    """No end is set."""
    return 0.0


@dataclass(frozen=True)
class Budget:
    """spent: the part of the whole time that is gone, 0 to 1, asked now and then; end: where this stage must stop."""

    spent: Callable[[], float] = _nothing
    end: float = 1.0

    def is_over(self) -> bool:
        return self.spent() >= self.end

    def take(self, share: float) -> Budget:
        """A stage that has this share of what is left."""
        now = self.spent()
        return Budget(self.spent, now + max(0.0, self.end - now) * share)
