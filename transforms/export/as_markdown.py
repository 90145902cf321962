"""A table as Markdown: the table as printed with a sign for each mark, then printed beside computed, then the notes."""

from __future__ import annotations

import re
from decimal import Decimal

from transforms.export.cells import Cell
from transforms.export.definitions import DIFFERENCE, VALUE
from transforms.export.labels import round_half_up
from transforms.export.table import MARKS, Table

_SPECIAL = re.compile(r"([\\`*_|<>\[\]#])")


def render_markdown(table: Table) -> bytes:
    """The bytes of the file, UTF-8 without a byte order mark."""
    word = table.labels.word
    said = [line for line in (table.unit_line, table.counts_line) if line]
    lines = [f"# {_escape(table.title)}", "", *(text for line in said for text in (_escape(line), ""))]
    if table.spec.form == "checks":
        lines += [f"## {word('TEXT.printed_table')}", ""]
    cell_notes: list[str] = []
    if table.spec.form == "definitions":
        lines += [*_definitions(table, cell_notes), ""]
    else:
        lines += [*_matrix(table), ""]
    used = [mark for mark in MARKS if sign(table, mark) and any(cell.mark == mark for cell in table.cells)]
    if used:
        legend = table.labels.join([f"{sign(table, mark)} {table.marks[mark]}" for mark in used])
        lines += [_escape(legend), ""]
    if table.spec.form == "checks":
        lines += [f"## {word('TEXT.checks')}", "", *_checks(table, cell_notes), ""]
    lines += [f"## {word('TEXT.notes')}", ""]
    if cell_notes:
        lines += [f"{n}. {_escape(note)}" for n, note in enumerate(cell_notes, start=1)] + [""]
    lines += [f"- {_escape(note)}" for note in table.notes]
    lines += [f"- {_escape(line)}" for line in (*table.sources, table.rounding_line)]
    lines += [f"- {code}: {_escape(meaning)}" for code, meaning in table.statuses]
    return ("\n".join(lines).rstrip("\n") + "\n").encode("utf-8")


def sign(table: Table, mark: str) -> str:
    """The sign of a mark; '' for the mark that has none (not computable)."""
    found = table.labels.word(f"SIGN.{mark}")
    return "" if found.startswith("SIGN.") else found


def shown_range(table: Table, cell: Cell) -> str:
    """The computed range as displayed: 24.5–27.5, ≥ 3, or ''."""
    low, high = (_shown(v, cell.range_decimals) for v in (cell.computed_lower, cell.computed_upper))
    if low and high:
        return f"{low}–{high}" if not low.startswith("-") and not high.startswith("-") else f"{low} … {high}"
    if low:
        return table.labels.word("TEXT.at_least", value=low)
    return table.labels.word("TEXT.at_most", value=high) if high else ""


def _shown(value: Decimal | None, decimals: int) -> str:
    return "" if value is None else f"{round_half_up(value, decimals):f}"


def _matrix(table: Table) -> list[str]:
    rows, columns = table.labels_with_units()
    width, grid = len(table.row_heads), table.grid
    body = [[*row, *(_matrix_text(table, grid.get((i, j))) for j in range(len(columns)))] for i, row in enumerate(rows)]
    return _grid([*table.row_heads, *columns], ["---"] * width + ["---:"] * len(columns), body)


def _matrix_text(table: Table, cell: Cell | None) -> str:
    if cell is None:
        return ""
    if cell.origin == "printed":
        text = cell.corrected or cell.printed
    elif cell.printed_value is not None:
        text = _shown(cell.printed_value, cell.shown_decimals)
    else:
        text = _shown(cell.computed_value, cell.shown_decimals) or shown_range(table, cell)
    statuses = cell.printed_status if cell.origin == "printed" else cell.computed_status
    status = "" if statuses in ("A", "") else f"({statuses})"
    return " ".join(filter(None, [text, status, sign(table, cell.mark)]))


def _definitions(table: Table, cell_notes: list[str]) -> list[str]:
    """A line for each definition: value and range, difference and range, status, why; a figure's note by its number."""
    word, grid = table.labels.word, table.grid
    body = []
    for i, labels in enumerate(table.rows):
        value, difference = grid[(i, VALUE)], grid[(i, DIFFERENCE)]
        body.append([
            *labels,
            *(text for c in (value, difference) for text in (_shown(c.computed_value, 2), shown_range(table, c))),
            "" if value.computed_status == "A" else value.computed_status,
            difference.note,
            _number_note(value.note, cell_notes),
        ])  # fmt: skip
    heads = [*table.row_heads, table.columns[VALUE], word("COL.range"), table.columns[DIFFERENCE],
             word("COL.difference_range"), word("COL.status"), word("COL.why"), word("COL.note")]  # fmt: skip
    align = ["---"] * len(table.row_heads) + ["---:"] * 4 + ["---"] * 3
    if not any(line[-1] for line in body):  # no figure has a note
        heads, align, body = heads[:-1], align[:-1], [line[:-1] for line in body]
    return _grid(heads, align, body)


def _number_note(note: str, cell_notes: list[str]) -> str:
    """The number of a note among those under the table, where it is put if it is new; '' for none."""
    if not note:
        return ""
    if note not in cell_notes:
        cell_notes.append(note)
    return str(cell_notes.index(note) + 1)


def _checks(table: Table, cell_notes: list[str]) -> list[str]:
    word = table.labels.word
    names = ["printed_value", "computed_value", "range", "mark", "printed_status", "computed_status", "unit",
             "compared_with"]  # fmt: skip
    body = []
    for cell in table.cells:
        status = {name: getattr(cell, name) for name in ("printed_status", "computed_status")}
        printed = (
            cell.corrected or cell.printed
            if cell.origin == "printed"
            else _shown(cell.printed_value, cell.shown_decimals)
        )
        values = {
            "printed_value": printed,
            "computed_value": _shown(cell.computed_value, cell.shown_decimals),
            "range": shown_range(table, cell),
            "mark": f"{table.marks.get(cell.mark, '')} {sign(table, cell.mark)}".strip(),
            "unit": cell.unit,
            "compared_with": cell.compared_with,
            **{name: "" if codes == "A" else codes for name, codes in status.items()},
        }
        place = [*table.rows[cell.row], table.columns[cell.column]]
        body.append([*place, *(values[name] for name in names), _number_note(cell.note, cell_notes)])
    heads = [*table.row_heads, word("COL.column"), *(word(f"COL.{name}") for name in names), word("COL.note")]
    start = len(table.row_heads) + 1
    align = ["---"] * start + ["---:"] * 3 + ["---"] * (len(names) - 3) + ["---"]
    kept = [n for n in range(len(heads)) if n < start + 4 or any(row[n] for row in body)]
    return _grid([heads[n] for n in kept], [align[n] for n in kept], [[row[n] for n in kept] for row in body])


def _grid(heads: list[str], align: list[str], body: list[list[str]]) -> list[str]:
    rows = [[_escape(text) for text in row] for row in (heads, *body)]
    return ["| " + " | ".join(row) + " |" for row in (rows[0], align, *rows[1:])]


def _escape(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text.replace("\n", " "))
