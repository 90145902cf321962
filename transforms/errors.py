"""The one error that bad input raises: where it is, what was found, what to do."""

from __future__ import annotations


class InputError(Exception):
    """An input that cannot be read as declared.

    file, sheet, row and column say where (row and column counted from 1, as a spreadsheet shows them), found says
    what stands there, todo says how to mend it. str() is the whole message in one line.
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
    ) -> None:
        self.problem, self.file, self.sheet = problem, file, sheet
        self.row, self.column, self.found, self.todo = row, column, found, todo
        super().__init__(problem, file, sheet, row, column, found, todo)

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (self.problem, self.file, self.sheet, self.row, self.column, self.found, self.todo))

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

    def __str__(self) -> str:
        found = "" if self.found is None else f" Found: {self.found!r}."
        todo = f" What to do: {self.todo}" if self.todo else ""
        stop = "" if self.problem.endswith((".", "。", ":", "?")) else "."
        return f"{self.place + ': ' if self.place else ''}{self.problem}{stop}{found}{todo}"


def _rebuild(
    problem: str, file: str, sheet: str, row: int | None, column: int | str | None, found: str | None, todo: str
) -> InputError:
    return InputError(problem, file=file, sheet=sheet, row=row, column=column, found=found, todo=todo)
