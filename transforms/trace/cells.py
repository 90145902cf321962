"""How a cell is named: dataset/vintage/file!sheet!R4C2, and in the column inputs with =printed behind it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from transforms.errors import InputError

_LOCATOR = re.compile(r"(?P<file>[^!]+)(?:!(?P<sheet>.*))?!R(?P<row>\d+)C(?P<column>\d+)")
# As the macro trace reads it: the shortest text that ends like a locator, since what is printed may hold anything.
_CELL = re.compile(
    r"(?:(?P<dataset>[^/!]+)/(?P<vintage>[^/!]+)/)?(?P<locator>.+?!R\d+C\d+)(?:=(?P<printed>.*))?", re.DOTALL
)


@dataclass(frozen=True)
class CellName:
    """A cell of a landed file. dataset and vintage are '' where only the locator was said; printed is None likewise."""

    dataset: str
    vintage: str
    locator: str
    printed: str | None = None

    @property
    def name(self) -> str:
        return "/".join(part for part in (self.dataset, self.vintage, self.locator) if part)

    @property
    def place(self) -> tuple[str, str, int, int]:
        """File, sheet ('' where there is none; of a bulk file in an archive its member), row and column from 1."""
        found = _LOCATOR.fullmatch(self.locator)
        if found is None:
            raise InputError("not the locator of a cell", found=self.locator, todo="write it like statements.csv!R3C8.")
        return found["file"], found["sheet"] or "", int(found["row"]), int(found["column"])


def parse_cell(text: str) -> CellName:
    """A cell from its name. Raises InputError for what names none."""
    found = _CELL.fullmatch(text.strip())
    if found is None:
        raise InputError(
            "this names no cell", found=text, todo="write dataset/vintage/locator, such as my_data/2024/table.csv!R3C8."
        )
    return CellName(found["dataset"] or "", found["vintage"] or "", found["locator"], found["printed"])
