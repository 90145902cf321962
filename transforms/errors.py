"""The one error that bad input raises: where it is, what was found, what to do."""

from __future__ import annotations

from collections.abc import Mapping


class InputError(Exception):
    """An input that cannot be read as declared.

    file, sheet, row and column say where (row and column counted from 1, as a spreadsheet shows them), found says
    what stands there, todo says how to mend it, more where else the like was found. str() is the whole message in one
    line.
    """

    def __init__(
        self,
        problem: str,
        *,
        file: str = "",
        sheet: str = "",
        row: int | None = None,
        column: int | str | None = None,
        found: str | None = None,
        todo: str = "",
        more: str = "",
    ) -> None:
        self.problem, self.file, self.sheet = problem, file, sheet
        self.row, self.column, self.found, self.todo, self.more = row, column, found, todo, more
        self.others: tuple[InputError, ...] = ()  # the problems that join_problems put into one error with this one
        super().__init__(problem, file, sheet, row, column, found, todo, more)

    def __reduce__(self) -> tuple[object, ...]:
        return (
            _rebuild,
            (self.problem, self.file, self.sheet, self.row, self.column, self.found, self.todo, self.more),
        )

    @property
    def place(self) -> str:
        parts = [self.file]
        if self.sheet:
            parts.append(f"sheet {self.sheet!r}")
        if self.row is not None:
            parts.append(f"row {self.row}")
        if self.column is not None:
            parts.append(f"column {self.column}" if isinstance(self.column, int) else f"column {self.column!r}")
        return ", ".join(p for p in parts if p)

    @property
    def short_place(self) -> str:
        """Sheet, row and column, without the file."""
        column = f"C{self.column}" if isinstance(self.column, int) else f" {self.column}" if self.column else ""
        row = f"R{self.row}" if self.row is not None else ""
        return f"{self.sheet}!{row}{column}" if self.sheet else f"{row}{column}" or self.file

    def __str__(self) -> str:
        found = "" if self.found is None else f" Found: {self.found!r}."
        todo = f" What to do: {self.todo}" if self.todo else ""
        stop = "" if self.problem.endswith((".", "。", ":", "?")) else "."
        more = f" {self.more}" if self.more else ""
        return f"{self.place + ': ' if self.place else ''}{self.problem}{stop}{found}{todo}{more}"


def _rebuild(
    problem: str,
    file: str,
    sheet: str,
    row: int | None,
    column: int | str | None,
    found: str | None,
    todo: str,
    more: str,
) -> InputError:
    return InputError(problem, file=file, sheet=sheet, row=row, column=column, found=found, todo=todo, more=more)


MOST_LISTED = 8


def join_problems(problems: list[InputError]) -> InputError:
    """One error for several: the first in full, the places of the others after it. problems is not empty."""
    first = problems[0]
    if len(problems) == 1:
        return first
    shown = [
        f"{other.short_place}{f' {other.found[:40]!r}' if other.found else ''}" for other in problems[1:MOST_LISTED]
    ]
    more = f"; and {len(problems) - MOST_LISTED} more" if len(problems) > MOST_LISTED else ""
    joined = InputError(
        first.problem,
        file=first.file,
        sheet=first.sheet,
        row=first.row,
        column=first.column,
        found=first.found,
        todo=first.todo,
        more=f"{len(problems) - 1} more place(s): {', '.join(shown)}{more}.",
    )
    joined.others = tuple(problems[1:])
    return joined


def advise(error: InputError, advice: Mapping[str, str]) -> InputError:
    """The error with what a layout's own words say to do about it: part of what is said of a problem -> what to do."""
    todo = next((told for part, told in advice.items() if part in error.problem), error.todo)
    advised = InputError(
        error.problem,
        file=error.file,
        sheet=error.sheet,
        row=error.row,
        column=error.column,
        found=error.found,
        todo=todo,
        more=error.more,
    )
    advised.others = tuple(advise(other, advice) for other in error.others)
    return advised
