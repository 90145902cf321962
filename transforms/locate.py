"""Find the parts of a table that a layout describes: the header, its columns, the body, the footnotes under it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from transforms.codelists import UnknownLabel
from transforms.errors import InputError
from transforms.grid import Grid
from transforms.layout import Layout, PrintedColumn, fold_heading


class Reading:
    """One grid under one layout: where the parts are, and messages that name the cell."""

    def __init__(self, grid: Grid, layout: Layout) -> None:
        self.grid, self.layout = grid, layout

    def refuse(
        self,
        problem: str,
        *,
        row: int | None = None,
        column: int | str | None = None,
        found: str | None = None,
        todo: str = "",
    ) -> InputError:
        return InputError(
            problem, file=self.grid.file, sheet=self.grid.sheet, row=row, column=column, found=found, todo=todo
        )

    def find_header(self) -> int:
        """Index of the header row; the declared title must stand above it, and nothing else may."""
        index = next((i for i, row in enumerate(self.grid.cells) if self._is_header(row)), None)
        if index is None:
            labels = {fold_heading(text): text for text in self.layout.header.contains}
            lacking = [set(labels) - {fold_heading(cell) for cell in row} for row in self.grid.cells]
            nearest = min(range(len(lacking)), key=lambda i: len(lacking[i]))
            raise self.refuse(
                "no header row with the declared labels; this row comes nearest and lacks "
                + ", ".join(repr(text) for label, text in labels.items() if label in lacking[nearest]),
                row=nearest + 1,
                found=" | ".join(self.grid.cells[nearest]),
                todo=f"mend the table, or the layout {self.layout.source} if the publisher changed its form.",
            )
        above = [
            (r, c, cell) for r, row in enumerate(self.grid.cells[:index], 1) for c, cell in enumerate(row, 1) if cell
        ]
        for r, c, cell in above:
            if fold_heading(cell) != fold_heading(self.layout.title):
                raise self.refuse(
                    "text above the header that the layout does not account for",
                    row=r,
                    column=c,
                    found=cell,
                    todo="declare it as the title, or choose the right layout.",
                )
        if self.layout.title and not above:
            raise self.refuse(
                "the declared title does not stand above the header",
                row=index + 1,
                todo=f"expected {self.layout.title!r}; is it the right table?",
            )
        return index

    def _is_header(self, row: tuple[str, ...]) -> bool:
        return {fold_heading(text) for text in self.layout.header.contains} <= {fold_heading(cell) for cell in row}

    def match_columns(self, header: int) -> list[tuple[int, PrintedColumn]]:
        """Pairs of (column number from 1, its declaration), every printed column accounted for."""
        declared = {(fold_heading(c.header), c.nth): c for c in self.layout.columns}
        width = max(len(row) for row in self.grid.cells[header:])
        seen: dict[str, int] = {}
        found: list[tuple[int, PrintedColumn]] = []
        for number in range(1, width + 1):
            text = self._cell(header, number)
            filled = next((r for r in range(header + 1, len(self.grid.cells)) if self._cell(r, number)), None)
            if not text and filled is None:
                continue
            label = fold_heading(text)
            seen[label] = seen.get(label, 0) + 1
            column = declared.pop((label, seen[label]), None)
            if column is None and not text and filled is not None:
                raise self.refuse(
                    "a cell in a column that has no heading",
                    row=filled + 1,
                    column=number,
                    found=self._cell(filled, number),
                    todo="look for a separator too many in the row, or declare a column with an empty header in "
                    f"{self.layout.source}.",
                )
            if column is None:
                raise self.refuse(
                    "unknown column",
                    row=header + 1,
                    column=number,
                    found=text,
                    todo=f"declare it in {self.layout.source}, with role ignore and a reason if it is not wanted.",
                )
            found.append((number, column))
        if declared:
            missing = next(iter(declared.values()))
            raise self.refuse(
                "a declared column is not in the table",
                row=header + 1,
                column=missing.header,
                found=" | ".join(self.grid.cells[header]),
                todo=f"mend the table, or the layout {self.layout.source} if the publisher changed its form.",
            )
        return found

    def _cell(self, row: int, number: int) -> str:
        cells = self.grid.cells[row]
        return cells[number - 1] if number <= len(cells) else ""

    def split_body(self, header: int, columns: list[tuple[int, PrintedColumn]]) -> tuple[pd.DataFrame, str]:
        """Body as text (index = row number, columns = column numbers) and the footnotes under it."""
        rows: dict[int, list[str]] = {}
        notes: list[str] = []
        for index in range(header + 1, len(self.grid.cells)):
            cells = [cell for cell in self.grid.cells[index] if cell]
            if not cells:
                continue
            if cells == [cell for cell in self.grid.cells[header] if cell]:
                raise self.refuse(
                    "the header stands again among the rows",
                    row=index + 1,
                    found=" | ".join(cells),
                    todo="the file holds two tables, or a page was joined: one table a file, one header a table.",
                )
            if any(cells[0].startswith(mark) for mark in self.layout.footnotes):
                if len(cells) > 1:
                    raise self.refuse(
                        "a footnote row holds more than one cell",
                        row=index + 1,
                        found=" | ".join(cells),
                        todo="one footnote a row.",
                    )
                notes.append(cells[0])
            elif notes:
                raise self.refuse(
                    "a row under the footnotes that the layout does not account for",
                    row=index + 1,
                    found=" | ".join(cells),
                    todo="declare its beginning under footnotes.",
                )
            else:
                rows[index + 1] = [self._cell(index, number) for number, _ in columns]
        if not rows:
            raise self.refuse("no rows under the header", row=header + 1, todo="is the file complete?")
        return pd.DataFrame.from_dict(
            rows, orient="index", columns=[number for number, _ in columns], dtype="object"
        ), " ".join(notes)

    def parse(self, texts: pd.Series, number: int, parser: Callable[[str], Any], what: str, todo: str) -> pd.Series:
        """Map a column of texts, each different text once; the first row with a text that fails is named."""
        parsed: dict[str, Any] = {}
        for text in texts.unique():
            try:
                parsed[text] = parser(text)
            except (ValueError, UnknownLabel) as error:
                row = int(texts.index[texts == text][0])
                detail = str(error) if isinstance(error, UnknownLabel) else f"{what} cannot be read ({error})"
                raise self.refuse(detail, row=row, column=number, found=text, todo=todo) from None
        return pd.Series([parsed[text] for text in texts], index=texts.index, dtype="object")
