"""Apply a layout to a grid: every figure of the table becomes one observation, or the reading stops and says where."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any, Final

import pandas as pd
import pyarrow as pa

from transforms.codelists import (
    join_statuses,
    load_codelist,
    normalise_label,
    qualifier_words,
    status_order,
    unit_labels,
)
from transforms.contract import load_contract
from transforms.grid import Grid
from transforms.layout import BLANK, INTEGERS, MOST_DECIMALS, PREVIOUS, Layout, PrintedColumn, find_parsers
from transforms.locate import Reading
from transforms.numbers import PLACES, Figure, fold, parse_figure, qualified_interval, rounding_interval
from transforms.periods import find_freq, find_year_before, parse_year

_MISSING: Final = "__unset__"
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,9}")
# In single units of any currency or count. No economy is near it: a larger figure is two run together, or a wrong unit.
LARGEST: Final = Decimal(10) ** 21


def _parse_whole(text: str, least: int, most: int) -> int:
    if not _WHOLE.fullmatch(fold(text)) or not least <= int(fold(text)) <= most:
        raise ValueError(f"no whole number from {least} to {most}")
    return int(fold(text))


def _key_parser(column: PrintedColumn) -> Callable[[str], Any]:
    spec = load_contract("observations")[column.column]
    kind = column.parse or find_parsers(spec)[0]

    def parse(text: str) -> Any:
        if column.map:
            if text not in column.map:
                raise ValueError(f"the layout maps only {', '.join(column.map)}")
            return column.map[text]
        if text == "" and spec.default is not None:
            return None  # nothing said: the default of the contract
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
                find_freq(fold(text))
                return fold(text)
            case "count":
                return _parse_whole(text, *INTEGERS[spec.type]) if text else None
        return text

    return parse


def read_observations(grid: Grid, layout: Layout, dataset: str, vintage: str) -> pa.Table:
    """All figures of one table as observations (contract: contracts/observations.toml), in printed order.

    Raises InputError, naming file, sheet, row and column, for whatever the layout does not account for: an unknown
    column, label, unit, qualifier or blank mark, text where a figure belongs, a row under the footnotes.
    """
    reading = Reading(grid, layout)
    header = reading.find_header()
    columns = reading.match_columns(header)
    body, footnote = reading.split_body(header, columns)
    frames = []
    for number, column in columns:
        if column.role == "value" or column.rank:
            frame = _cells_of(reading, body, columns, number, column)
            if column.rank:
                frame = frame.drop(columns=["__declared", "__declared_column", "__qualifier"], errors="ignore")
                frame["measure"], frame["printed"] = "rank", str(column.rank)
                frame["__rank"], frame["__machine"] = True, False
            frame["__printed_order"] = range(len(frame))
            frames.append(frame)
    cells = pd.concat(frames)
    cells["note"] = cells["note"].map(lambda note: "; ".join(filter(None, [note, footnote])))
    cells["dataset"], cells["vintage"], cells["table_id"] = dataset, vintage, layout.table_of(grid.file)
    cells = cells.sort_values(["__printed_order", "__column"], kind="stable")
    return _to_arrow(_finish(reading, cells))


def _cells_of(
    reading: Reading, body: pd.DataFrame, columns: list[tuple[int, PrintedColumn]], number: int, column: PrintedColumn
) -> pd.DataFrame:
    """The cells of one value column, with everything the layout says about them (texts not yet read as figures)."""
    layout = reading.layout
    frame = pd.DataFrame(index=body.index)
    frame["printed"], frame["__column"], frame["__row"] = body[number], number, body.index
    frame["__machine"] = [(row, number) in reading.grid.machine for row in body.index]
    frame["__rank"] = False
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
    codes = [code.strip() for code in text.replace(",", ";").split(";") if code.strip()]
    for code in codes:
        if code not in status_order():
            load_codelist("obs_status").resolve(code)
            raise ValueError("a label where a status code is declared")
    return join_statuses(codes) if codes else ""


def _qualifier(text: str) -> str:
    word = text if text in qualifier_words() else fold(text)
    if word and word not in qualifier_words():
        raise ValueError("an unknown word")
    return word


def _unit(text: str) -> tuple[str, int]:
    if normalise_label(text) not in unit_labels():
        raise ValueError("an unknown unit")
    return unit_labels()[normalise_label(text)]


def _finish(reading: Reading, cells: pd.DataFrame) -> pd.DataFrame:
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
    cells["decimals"] = figures.map(lambda f: f.decimals)
    _compare_decimals(reading, cells, figures)
    unsaid: dict[str, pd.Series] = {}
    for name in contract.names:
        default = _MISSING if contract[name].default is None else contract[name].default
        given = cells[name].astype("object") if name in cells else pd.Series(None, index=cells.index, dtype="object")
        if name not in ("value", "decimals"):
            unsaid[name] = given.isna()
            cells[name] = given.where(given.notna(), default)
    cells["freq"] = _find_freqs(cells)
    _apply_rules(layout, cells, unsaid)
    previous = cells["base_period"] == PREVIOUS
    cells.loc[previous, "base_period"] = cells.loc[previous, "period"].map(_find_base)
    cells["freq"] = _find_freqs(cells)
    _fill_status(reading, cells, blank)
    _fill_intervals(cells, figures)
    cells["locator"] = [reading.grid.locator(r, c) for r, c in zip(cells["__row"], cells["__column"], strict=True)]
    cells["printed"] = cells["printed"].astype("object")
    for name in contract.names:
        unset = cells[name].astype("object") == _MISSING
        if unset.any() and not contract[name].nullable:
            first = cells[unset].iloc[0]
            raise reading.refuse(
                f"the layout gives no {name} for this figure",
                row=int(first["__row"]),
                column=int(first["__column"]),
                found=first["printed"],
                todo=f"declare it in {layout.source}: constants, a column or a rule.",
            )
        if unset.any():
            cells[name] = pd.Series([None if value == _MISSING else value for value in cells[name]], dtype="object")
    _refuse_large(reading, cells)
    return cells


def _find_freqs(cells: pd.DataFrame) -> list[str]:
    return ["" if period == _MISSING else find_freq(period) for period in cells["period"]]


def _find_base(period: str) -> str:
    return period if period == _MISSING else find_year_before(period)


def _apply_rules(layout: Layout, cells: pd.DataFrame, unsaid: dict[str, pd.Series]) -> None:
    for rule in layout.rules:
        mask = pd.Series(True, index=cells.index)
        for name, wanted in rule.when.items():
            codes = wanted if isinstance(wanted, list) else [wanted]
            mask &= cells[name].isin(codes) | (unsaid[name] if BLANK in codes else False)
        for name, value in rule.then.items():
            cells.loc[mask, name] = value
            unsaid[name] = unsaid[name] & ~mask
        if rule.reason and mask.any():
            cells.loc[mask, "note"] = cells.loc[mask, "note"].map(
                lambda note, why=rule.reason: "; ".join(filter(None, [note, why]))
            )


def _refuse_large(reading: Reading, cells: pd.DataFrame) -> None:
    for place, (value, power) in enumerate(zip(cells["value"], cells["unit_mult"], strict=True)):
        if isinstance(value, Decimal) and value and value.adjusted() + int(power) >= LARGEST.adjusted():
            cell = cells.iloc[place]
            raise reading.refuse(
                f"a figure larger than any economy has: with its unit, 10^{LARGEST.adjusted()} or more",
                row=int(cell["__row"]),
                column=int(cell["__column"]),
                found=f"{cell['printed']} x 10^{cell['unit_mult']}",
                todo="look for two figures run together, or for a wrong unit.",
            )


def _figures(reading: Reading, cells: pd.DataFrame) -> pd.Series:
    """The figure of every cell; each different text is read once."""
    layout = reading.layout
    parsed: dict[tuple[str, bool, bool], Figure] = {}
    keys = list(zip(cells["printed"], cells["__machine"], cells["__rank"], strict=True))
    for place, key in enumerate(keys):
        if key in parsed:
            continue
        text, machine, rank = key
        row, column = int(cells["__row"].iloc[place]), int(cells["__column"].iloc[place])
        try:
            figure = parse_figure(text, percent_sign=layout.percent_sign and not rank)
        except (ValueError, ArithmeticError) as error:
            raise reading.refuse(
                f"text where a figure belongs ({error})",
                row=row,
                column=column,
                found=text,
                todo="mend the cell, or declare the mark under [blanks] in the layout.",
            ) from None
        try:
            parsed[key] = _fit_decimals(figure, None if rank else layout.decimals, machine)
        except ValueError as error:
            raise reading.refuse(str(error), row=row, column=column, found=text, todo=_FINER) from None
    return pd.Series([parsed[key] for key in keys], index=cells.index, dtype="object")


_FINER: Final = "look for two figures run together; or correct decimals in the layout, or leave it out."


def _fit_decimals(figure: Figure, declared: int | None, machine: bool) -> Figure:
    """The figure with the decimals that the layout declares, or with those printed; a workbook's number has none.

    The last digits of a workbook's number are noise of binary arithmetic (0.30000000000000004) and are rounded off, up
    to a relative 10^-9. Raises ValueError where digits that say something would be lost.
    """
    if figure.decimals is None:  # a word or a fraction
        return figure
    places = declared if declared is not None else PLACES if machine else figure.decimals
    if declared is None and not machine:
        if places > MOST_DECIMALS:
            raise ValueError(f"more than {MOST_DECIMALS} decimals, the most that the observations hold")
        return figure
    with localcontext(prec=len(figure.value.as_tuple().digits) + 100):
        rounded = figure.value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
        if abs(figure.value - rounded) > (abs(figure.value) * Decimal("1e-9") if machine else 0):
            what = "the decimals that the layout declares" if declared is not None else f"{PLACES} decimals"
            raise ValueError(f"the figure is finer than {what} ({places})")
    return Figure(rounded, declared, by_word=figure.by_word)


def _compare_decimals(reading: Reading, cells: pd.DataFrame, figures: pd.Series) -> None:
    if "__declared" not in cells:
        return
    shown = figures.map(lambda f: "" if f.decimals is None else str(f.decimals)).reindex(cells.index, fill_value="")
    wrong = cells[cells["__declared"].notna() & (cells["__declared"] != shown) & cells["value"].notna()]
    if len(wrong):
        first = wrong.iloc[0]
        raise reading.refuse(
            "the declared decimals are not those of the printed figure",
            row=int(first["__row"]),
            column=int(first["__declared_column"]),
            found=f"{first['__declared']} for {first['printed']}",
            todo="correct the number of decimals.",
        )


def _fill_status(reading: Reading, cells: pd.DataFrame, blank: pd.Series) -> None:
    """Status of a cell: what its blank mark says, what the status column says, what a rule says; else A.

    What the layout says of all figures (estimated, provisional) is not said of a blank.
    """
    given = cells["__status"].fillna("") if "__status" in cells else pd.Series("", index=cells.index)
    ruled = cells["obs_status"].where(cells["obs_status"] != _MISSING, "")
    needs_value = {row["code"] for row in load_codelist("obs_status").rows if row["value_rule"] == "required"}
    ruled = pd.Series(
        [
            ";".join(code for code in codes.split(";") if not (empty and code in needs_value))
            for codes, empty in zip(ruled, blank, strict=True)
        ],
        index=cells.index,
    )
    marks = cells["printed"].map(reading.layout.blanks).where(blank, "")

    def combine(parts: Iterable[str]) -> str:
        codes = [code for part in parts for code in str(part).split(";") if code]
        return join_statuses(codes) if codes else "A"

    cells["obs_status"] = [combine(parts) for parts in zip(marks, given, ruled, strict=True)]


def _fill_intervals(cells: pd.DataFrame, figures: pd.Series) -> None:
    words = cells["__qualifier"].fillna("") if "__qualifier" in cells else pd.Series("", index=cells.index)
    table = qualifier_words()
    lower: list[Decimal | None] = []
    upper: list[Decimal | None] = []
    codes: list[str] = []
    for index, word in words.items():
        figure = figures.get(index)
        row = table.get(word) if word else None
        if figure is None:
            ends: tuple[Decimal | None, Decimal | None] = (None, None)
        elif row is not None:
            ends = qualified_interval(figure, figure.decimals, row["lower_rule"], row["upper_rule"])
        elif figure.is_fraction:  # a fraction in words is an approximation, and is treated as one
            row = {"qualifier": "about"}
            ends = qualified_interval(figure, None, "minus_5_percent", "plus_5_percent")
        elif figure.decimals is None:
            ends = (None, None)
        else:
            ends = rounding_interval(figure.value, figure.decimals)
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
