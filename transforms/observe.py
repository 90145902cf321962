"""Apply a layout to a grid: every figure of the table becomes one observation, or the reading stops and says where."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa

from transforms.codelists import (
    UnknownLabel,
    join_statuses,
    load_codelist,
    normalise_label,
    qualifier_words,
    status_order,
    unit_labels,
)
from transforms.contract import load_contract
from transforms.errors import InputError
from transforms.grid import Grid
from transforms.layout import Columns, Layout
from transforms.numbers import Figure, fold, parse_figure, qualified_interval, rounding_interval
from transforms.periods import find_freq, find_year_before, parse_year

_MISSING = "__unset__"
MOST_DECIMALS = 9  # half a unit of the last printed decimal must fit the ten decimals of DECIMAL(38, 10)


class _Reading:
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
        wanted = {_heading(text) for text in self.layout.header.contains}
        index = next((i for i, row in enumerate(self.grid.cells) if wanted <= {_heading(cell) for cell in row}), None)
        if index is None:
            raise self.refuse(
                "no header row with the declared labels",
                found=" | ".join(self.grid.cells[0]) if self.grid.cells else "",
                todo=f"the layout {self.layout.source} expects {', '.join(self.layout.header.contains)}.",
            )
        above = [
            (r, c, cell) for r, row in enumerate(self.grid.cells[:index], 1) for c, cell in enumerate(row, 1) if cell
        ]
        for r, c, cell in above:
            if _heading(cell) != _heading(self.layout.title):
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

    def match_columns(self, header: int) -> list[tuple[int, Columns]]:
        """Pairs of (column number from 1, its declaration), every printed column accounted for."""
        declared = {(_heading(c.header), c.nth): c for c in self.layout.columns}
        width = max(len(row) for row in self.grid.cells[header:])
        seen: dict[str, int] = {}
        found: list[tuple[int, Columns]] = []
        for number in range(1, width + 1):
            text = self._cell(header, number)
            has_data = any(self._cell(r, number) for r in range(header + 1, len(self.grid.cells)))
            if not text and not has_data:
                continue
            label = _heading(text)
            seen[label] = seen.get(label, 0) + 1
            column = declared.pop((label, seen[label]), None)
            if column is None:
                raise self.refuse(
                    "unknown column",
                    row=header + 1,
                    column=number,
                    found=text or "(no heading)",
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

    def split_body(self, header: int, columns: list[tuple[int, Columns]]) -> tuple[pd.DataFrame, str]:
        """Body as text (index = row number, columns = column numbers) and the footnotes under it."""
        rows: dict[int, list[str]] = {}
        notes: list[str] = []
        for index in range(header + 1, len(self.grid.cells)):
            cells = [cell for cell in self.grid.cells[index] if cell]
            if not cells:
                continue
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


def _heading(text: str) -> str:
    return "".join(fold(text).split()).casefold()


def _key_parser(column: Columns) -> Callable[[str], Any]:
    spec = load_contract("observations")[column.column]
    kind = column.parse or ("label" if spec.codelist else "text")

    def parse(text: str) -> Any:
        if column.map:
            if text not in column.map:
                raise ValueError(f"the layout maps only {', '.join(column.map)}")
            return column.map[text]
        if text == "" and spec.default is not None:
            return spec.default
        match kind:
            case "label":
                if text == "" and "" in load_codelist(spec.codelist).codes:
                    return ""
                return load_codelist(spec.codelist).resolve(text)
            case "code":
                if text not in load_codelist(spec.codelist).codes:
                    load_codelist(spec.codelist).resolve(text)
                    raise ValueError(f"a label of the list {spec.codelist}, where a code is declared")
                return text
            case "year":
                return parse_year(fold(text))
            case "period":
                find_freq(text)
                return text
            case "count":
                return int(text) if text else None
        return text

    return parse


def read_observations(grid: Grid, layout: Layout, dataset: str, vintage: str) -> pa.Table:
    """All figures of one table as observations (contract: contracts/observations.toml), in printed order.

    Raises InputError, naming file, sheet, row and column, for whatever the layout does not account for: an unknown
    column, label, unit, qualifier or blank mark, text where a figure belongs, a row under the footnotes.
    """
    reading = _Reading(grid, layout)
    header = reading.find_header()
    columns = reading.match_columns(header)
    body, footnote = reading.split_body(header, columns)
    frames = []
    for number, column in columns:
        if column.role == "value" or column.rank:
            frame = _cells_of(reading, body, columns, number, column)
            if column.rank:
                frame["measure"], frame["printed"] = "rank", str(column.rank)
            frame["__printed_order"] = range(len(frame))
            frames.append(frame)
    cells = pd.concat(frames)
    cells["note"] = cells["note"].map(lambda note: "; ".join(filter(None, [note, footnote])))
    cells["dataset"], cells["vintage"], cells["table_id"] = dataset, vintage, layout.table_of(grid.file)
    cells = cells.sort_values(["__printed_order", "__column"], kind="stable")
    return _to_arrow(_finish(reading, cells))


def _cells_of(
    reading: _Reading, body: pd.DataFrame, columns: list[tuple[int, Columns]], number: int, column: Columns
) -> pd.DataFrame:
    """The cells of one value column, with everything the layout says about them (texts not yet read as figures)."""
    layout = reading.layout
    frame = pd.DataFrame(index=body.index)
    frame["printed"], frame["__column"], frame["__row"] = body[number], number, body.index
    for given in (layout.constants, column.set):
        for name, value in given.items():
            frame[name] = value
    notes: list[pd.Series] = []
    for other, spec in columns:
        if spec.role in ("value", "ignore") or spec.group not in (0, column.group):
            continue
        texts = body[other]
        match spec.role:
            case "key":
                todo = "mend the cell, or add the label to the code list (transforms/codelists)."
                frame[spec.column] = reading.parse(texts, other, _key_parser(spec), f"the {spec.column}", todo)
            case "status":
                frame["__status"] = reading.parse(
                    texts, other, _statuses, "the status", "use codes of the list obs_status."
                )
            case "qualifier":
                frame["__qualifier"] = reading.parse(
                    texts, other, _qualifier, "the qualifier", "add the word to qualifiers.csv with its interval."
                )
            case "unit":
                units = reading.parse(texts, other, _unit, "the unit", "add the printed unit to unit_labels.csv.")
                frame["unit"], frame["unit_mult"] = units.str[0], units.str[1]
            case "decimals":
                frame["__declared"] = texts
                frame["__declared_column"] = other
            case "note":
                notes.append(texts.map(lambda text, prefix=spec.prefix: f"{prefix}{text}" if text else ""))
    frame["note"] = ["; ".join(filter(None, parts)) for parts in zip(*notes, strict=True)] if notes else ""
    return frame


def _statuses(text: str) -> str:
    codes = [code for code in text.replace(",", ";").split(";") if code]
    for code in codes:
        if code not in status_order():
            load_codelist("obs_status").resolve(code)
            raise ValueError("a label where a status code is declared")
    return join_statuses(codes) if codes else ""


def _qualifier(text: str) -> str:
    if text and text not in qualifier_words():
        raise ValueError("an unknown word")
    return text


def _unit(text: str) -> tuple[str, int]:
    if normalise_label(text) not in unit_labels():
        raise ValueError("an unknown unit")
    return unit_labels()[normalise_label(text)]


def _finish(reading: _Reading, cells: pd.DataFrame) -> pd.DataFrame:
    """Read the texts as figures, apply the rules, fill the defaults of the contract."""
    layout, contract = reading.layout, load_contract("observations")
    cells = cells.reset_index(drop=True)
    blank = cells["printed"].isin(["", *layout.blanks])
    unknown = cells[blank & ~cells["printed"].isin(list(layout.blanks))]
    if len(unknown):
        first = unknown.iloc[0]
        raise reading.refuse(
            "a blank that the layout does not know",
            row=int(first["__row"]),
            column=int(first["__column"]),
            found=first["printed"],
            todo="say what it means under [blanks] in the layout, as an SDMX status.",
        )
    figures = _figures(reading, cells[~blank])
    cells["value"] = figures.map(lambda f: f.value)
    shown = figures.map(lambda f: f.decimals if layout.decimals is None else layout.decimals)
    cells["decimals"] = shown
    _compare_decimals(reading, cells, figures)
    for name in contract.names:
        default = _MISSING if contract[name].default is None else contract[name].default
        given = cells[name].astype("object") if name in cells else pd.Series(None, index=cells.index, dtype="object")
        if name not in ("value", "decimals"):
            cells[name] = given.where(given.notna(), default)
    cells["freq"] = [find_freq(period) for period in cells["period"]]
    for rule in layout.rules:
        mask = pd.Series(True, index=cells.index)
        for name, wanted in rule.when.items():
            mask &= cells[name].isin(wanted if isinstance(wanted, list) else [wanted])
        for name, value in rule.then.items():
            cells.loc[mask, name] = value
        if rule.reason and mask.any():
            cells.loc[mask, "note"] = cells.loc[mask, "note"].map(
                lambda note, why=rule.reason: "; ".join(filter(None, [note, why]))
            )
    previous = cells["base_period"] == "@previous"
    cells.loc[previous, "base_period"] = cells.loc[previous, "period"].map(find_year_before)
    _fill_status(reading, cells, blank)
    _fill_intervals(cells, figures)
    cells["locator"] = [reading.grid.locator(r, c) for r, c in zip(cells["__row"], cells["__column"], strict=True)]
    cells["printed"] = cells["printed"].astype("object")
    for name in contract.names:
        if (cells[name].astype("object") == _MISSING).any():
            if contract[name].nullable:
                cells[name] = None
            else:
                raise reading.refuse(
                    f"the layout gives no {name} for these figures",
                    todo=f"declare it in {layout.source}: constants, a column or a rule.",
                )
    return cells


def _figures(reading: _Reading, cells: pd.DataFrame) -> pd.Series:
    percent = reading.layout.percent_sign
    parsed: dict[str, Figure] = {}
    for text in cells["printed"].unique():
        try:
            parsed[text] = parse_figure(text, percent_sign=percent)
            if (parsed[text].decimals or 0) > MOST_DECIMALS:
                raise ValueError("more decimals than the observations hold")
        except (ValueError, ArithmeticError):
            first = cells[cells["printed"] == text].iloc[0]
            raise reading.refuse(
                "text where a figure belongs",
                row=int(first["__row"]),
                column=int(first["__column"]),
                found=text,
                todo="mend the cell, or declare the mark under [blanks] in the layout.",
            ) from None
    return cells["printed"].map(parsed)


def _compare_decimals(reading: _Reading, cells: pd.DataFrame, figures: pd.Series) -> None:
    if "__declared" not in cells:
        return
    shown = figures.map(lambda f: "" if f.decimals is None else str(f.decimals)).reindex(cells.index, fill_value="")
    wrong = cells[(cells["__declared"] != shown) & cells["value"].notna()]
    if len(wrong):
        first = wrong.iloc[0]
        raise reading.refuse(
            "the declared decimals are not those of the printed figure",
            row=int(first["__row"]),
            column=int(first["__declared_column"]),
            found=f"{first['__declared']} for {first['printed']}",
            todo="correct the number of decimals.",
        )


def _fill_status(reading: _Reading, cells: pd.DataFrame, blank: pd.Series) -> None:
    """Status of a cell: what its blank mark says, what the status column says, what a rule says; else A."""
    given = cells["__status"] if "__status" in cells else pd.Series("", index=cells.index)
    ruled = cells["obs_status"].where(cells["obs_status"] != _MISSING, "")
    marks = cells["printed"].map(reading.layout.blanks).where(blank, "")

    def combine(parts: Iterable[str]) -> str:
        codes = [code for part in parts for code in str(part).split(";") if code]
        return join_statuses(codes) if codes else "A"

    cells["obs_status"] = [combine(parts) for parts in zip(marks, given, ruled, strict=True)]


def _fill_intervals(cells: pd.DataFrame, figures: pd.Series) -> None:
    words = cells["__qualifier"] if "__qualifier" in cells else pd.Series("", index=cells.index)
    table = qualifier_words()
    lower: list[Decimal | None] = []
    upper: list[Decimal | None] = []
    codes: list[str] = []
    for index, word in words.items():
        figure = figures.get(index)
        decimals = cells.at[index, "decimals"]
        row = table.get(word) if word else None
        if figure is None:
            ends: tuple[Decimal | None, Decimal | None] = (None, None)
        elif row is not None:
            ends = qualified_interval(figure.value, figure.decimals, row["lower_rule"], row["upper_rule"])
        elif figure.is_fraction:  # a fraction in words is an approximation, and is treated as one
            row = {"qualifier": "about"}
            ends = qualified_interval(figure.value, None, "minus_5_percent", "plus_5_percent")
        elif decimals is None or pd.isna(decimals):
            ends = (None, None)
        else:
            ends = rounding_interval(figure.value, int(decimals))
        lower.append(ends[0])
        upper.append(ends[1])
        codes.append(row["qualifier"] if row else "")
    cells["lower"], cells["upper"], cells["qualifier"] = (
        pd.Series(values, index=cells.index, dtype="object") for values in (lower, upper, codes)
    )


def _to_arrow(cells: pd.DataFrame) -> pa.Table:
    schema = load_contract("observations").arrow_schema()
    arrays = []
    for spec in schema:
        values = [None if value is None or value is pd.NA or value != value else value for value in cells[spec.name]]
        if pa.types.is_integer(spec.type):
            values = [None if value is None else int(value) for value in values]
        if pa.types.is_decimal(spec.type):
            values = [None if value is None else Decimal(value) for value in values]
        arrays.append(pa.array(values, type=spec.type))
    return pa.Table.from_arrays(arrays, schema=schema)
