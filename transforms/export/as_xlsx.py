"""Tables as one workbook: a cover sheet and one sheet a table; numbers are numbers, marks have a word and a colour."""

from __future__ import annotations

import io
import math
import unicodedata
from datetime import datetime
from decimal import Decimal
from typing import Any

import xlsxwriter

from transforms.export.as_markdown import shown_range
from transforms.export.cells import Cell, Row
from transforms.export.definitions import DIFFERENCE, VALUE
from transforms.export.labels import Labels
from transforms.export.table import MARKS, Table

# fills that differ in lightness and along blue-orange, so that they stay apart for colour-blind readers
_FILLS = {
    "equal": "#9ECAE1",
    "within_rounding": "#DEEBF7",
    "contradictory": "#F4A261",
    "not_computable": "#F2F2F2",
    "not_comparable": "#D9D2E9",
}
_FONTS = {"zh": "Microsoft YaHei", "en": "Arial"}
# Excel dates a workbook by the clock unless it is told otherwise; the same data must give the same bytes
_CREATED = datetime(2000, 1, 1)
_WIDEST = 30
_WIDEST_OF = {"compared_with": 22, "unit": 11, "mark": 18, "note": 46, "source_note": 24}
_LINE_POINTS = 15.5
_LATIN_LINE_POINTS = 13.5
# text keeps its distance from the column before it: a full line would run into its neighbour
_INDENTED = {"align": "left", "indent": 1}
_INDENT = 1.5  # its width in narrow characters
_NUMBERS = ("printed_value", "computed_value", "computed_lower", "computed_upper")
_RANGED = ("computed_value", "computed_lower", "computed_upper")


def render_workbook(tables: list[Table], lang: str, editions: list[Row]) -> bytes:
    """The bytes of the workbook of one language."""
    out = io.BytesIO()
    options = {"in_memory": True, "default_format_properties": {"font_name": _FONTS[lang], "font_size": 10}}
    book = xlsxwriter.Workbook(out, options)
    sheets = _Sheets(book)
    book.set_properties({"created": _CREATED, "title": tables[0].labels.word("TEXT.workbook") if tables else ""})
    if tables:
        _write_cover(sheets, tables, tables[0].labels, editions)
    for table in tables:
        _write_table(sheets, table)
    if not tables:
        book.add_worksheet()
    book.close()
    return out.getvalue()


class _Sheets:
    """A workbook with its cell formats, each made once."""

    def __init__(self, book: Any) -> None:
        self.book = book
        self._formats: dict[tuple[tuple[str, Any], ...], Any] = {}

    def format(self, **properties: Any) -> Any:
        key = tuple(sorted(properties.items()))
        if key not in self._formats:
            self._formats[key] = self.book.add_format(dict(key))
        return self._formats[key]

    def head(self, **properties: Any) -> Any:
        return self.format(
            bold=True, text_wrap=True, valign="bottom", bottom=1, top=1, bg_color="#E7E6E6", **properties
        )

    def body(self, **properties: Any) -> Any:
        return self.format(valign="top", bottom=4, bottom_color="#BFBFBF", **properties)

    def add(self, name: str, widths: list[float]) -> Any:
        sheet = self.book.add_worksheet(name)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        sheet.fit_to_pages(1, 0)
        sheet.hide_gridlines(2)
        sheet.set_footer(f"&L{name.replace('&', '&&')}&R&P / &N")
        for n, width in enumerate(widths):
            sheet.set_column(n, n, width)
        return sheet

    def paragraph(self, sheet: Any, row: int, text: str, widths: list[float], **properties: Any) -> int:
        """One text over the whole width, as high as it needs; gives the next row."""
        wrap = self.format(text_wrap=True, valign="top", **properties)
        if len(widths) > 1:
            sheet.merge_range(row, 0, row, len(widths) - 1, "", wrap)
        sheet.write_string(row, 0, text, wrap)
        sheet.set_row(row, _height([text], [sum(widths)]))
        return row + 1


def _display_width(text: str) -> int:
    """Width in narrow characters: Chinese ones take two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _number_format(decimals: int) -> str:
    return "#,##0" + ("." + "0" * decimals if decimals else "")


def _fit(head: str, texts: list[str], widest: int = _WIDEST) -> float:
    """A column's width after its longest text, and its heading broken in two: between words, a Chinese one anywhere."""
    head_widths = [_display_width(word) for word in head.split()]
    if not head.isascii():
        head_widths = [width if width <= 6 else math.ceil(width / 4) * 2 for width in head_widths]
    words = [width + 1 for width in head_widths]
    longest = max([_display_width(head) / 2, 5, *words, *map(_display_width, texts)])
    return float(math.ceil(min(longest + 1 + _INDENT, max([widest, *words]))))


def _height(texts: list[str], widths: list[float]) -> float:
    """A row's height in points when its texts are wrapped."""
    points = [_LINE_POINTS]
    for text, width in zip(texts, widths, strict=False):
        share = _display_width(text) / max(width - _INDENT, 1)
        # Latin lines break between words, which loses about what its letters are narrower than a digit
        lines = math.ceil(share if text.isascii() else share * 1.03) if share > 1 else 1
        points.append(lines * (_LATIN_LINE_POINTS if text.isascii() else _LINE_POINTS))
    return max(points)


def _write_number(sheet: Any, row: int, column: int, value: Decimal | None, style: Any) -> None:
    if value is None:
        sheet.write_blank(row, column, None, style)
    else:
        sheet.write_number(row, column, float(value), style)


def _write_table(sheets: _Sheets, table: Table) -> None:
    widths, heads = _layout(table)
    sheet = sheets.add(table.spec.short[table.lang], widths)
    sheet.write_string(0, 0, table.title, sheets.format(bold=True, font_size=13))
    said = [line for line in (table.unit_line, table.counts_line) if line]
    for n, line in enumerate(said, start=1):
        sheet.write_string(n, 0, line, sheets.format(italic=True))
    top = len(said) + 2
    sheet.set_row(top, _height(heads, widths))
    for n, head in enumerate(heads):
        align = {"align": "right"} if _is_number(table, n) else _INDENTED if n else {"align": "left"}
        sheet.write_string(top, n, head, sheets.head(**align))
    row = _WRITE[table.spec.form](sheets, sheet, table, top + 1) + 1
    sheet.freeze_panes(top + 1, len(table.row_heads))
    sheet.repeat_rows(top)
    word = table.labels.word
    if table.notes:
        sheet.write_string(row, 0, word("TEXT.notes"), sheets.format(bold=True))
        row += 1
    for n, note in enumerate(table.notes, start=1):
        row = sheets.paragraph(sheet, row, f"{n}. {note}", widths)
    row += 1
    for line in (*table.sources, table.rounding_line):
        row = sheets.paragraph(sheet, row, line, widths, font_color="#404040")
    if table.statuses:
        row += 1
        sheet.write_string(row, 0, word("TEXT.statuses"), sheets.format(bold=True))
        for code, meaning in table.statuses:
            row += 1
            sheets.paragraph(sheet, row, f"{code}: {meaning}", widths)
    sheet.print_area(0, 0, row, len(widths) - 1)


def _is_number(table: Table, column: int) -> bool:
    """Whether a column of the body holds numbers."""
    labels = len(table.row_heads)
    if table.spec.form == "matrix":
        return column >= labels
    if table.spec.form == "definitions":
        return labels <= column < labels + 2 * len(_RANGED)
    return labels < column <= labels + len(_NUMBERS)


def _check_columns(table: Table) -> list[str]:
    names = [*_NUMBERS, "mark"]
    for name in ("printed_status", "computed_status"):
        if any(getattr(cell, name) not in ("", "A") for cell in table.cells):
            names.append(name)
    names += ["unit", "compared_with"]
    names += ["note"] if any(cell.note for cell in table.cells) else []
    names += ["source_note"] if any(table.own_note(cell) for cell in table.cells) else []
    return [*names, "locator"]


def _text(table: Table, cell: Cell, name: str) -> str:
    match name:
        case "mark":
            return table.marks.get(cell.mark, "")
        case "printed_status" | "computed_status":
            code = str(getattr(cell, name))
            return "" if code == "A" else code
        case "source_note":
            return table.own_note(cell)
        case "locator":
            return cell.locator.split("/", 2)[-1]
        case _:
            return str(getattr(cell, name))


def _layout(table: Table) -> tuple[list[float], list[str]]:
    """Widths and headings of the columns of a table's body."""
    word = table.labels.word
    rows, columns = table.labels_with_units()
    label_widths = [_fit(head, [row[n] for row in rows]) for n, head in enumerate(table.row_heads)]
    if table.spec.form == "matrix":
        return [*label_widths, *(_fit(head, ["0,000,000.00"]) for head in columns)], [*table.row_heads, *columns]
    if table.spec.form == "definitions":
        return _layout_definitions(table, label_widths)
    names = _check_columns(table)
    widths = [*label_widths, _fit(word("COL.column"), [table.columns[cell.column] for cell in table.cells])]
    for name in names:
        if name in _NUMBERS:
            cells = [cell for cell in table.cells if getattr(cell, name) is not None]
            texts = [f"{getattr(cell, name):,.{_decimals(cell, name)}f}" for cell in cells]
        else:
            texts = [_text(table, cell, name) for cell in table.cells]
        widths.append(_fit(word(f"COL.{name}"), texts, _WIDEST_OF.get(name, _WIDEST)))
    return widths, [*table.row_heads, word("COL.column"), *(word(f"COL.{name}") for name in names)]


def _decimals(cell: Cell, name: str) -> int:
    """Decimals at which a number of a cell is displayed."""
    if name == "printed_value" and cell.origin == "printed":
        return cell.decimals or 0
    return cell.range_decimals if name.endswith(("lower", "upper")) else cell.shown_decimals


def _write_checks(sheets: _Sheets, sheet: Any, table: Table, row: int) -> int:
    names, width = _check_columns(table), len(table.row_heads)
    widths, _ = _layout(table)
    for cell in table.cells:
        labels = [*table.rows[cell.row], table.columns[cell.column]]
        texts = ["" if name in _NUMBERS else _text(table, cell, name) for name in names]
        sheet.set_row(row, _height([*labels, *texts], widths))
        for n, label in enumerate(labels):
            space = _INDENTED if n else {"align": "left"}
            _write_label(sheet, row, n, label, sheets.body(text_wrap=True, **space), sheets.body(**space))
        for n, name in enumerate(names, start=width + 1):
            value = getattr(cell, name, None)
            if name in _NUMBERS:
                _write_number(sheet, row, n, value, sheets.body(num_format=_number_format(_decimals(cell, name))))
            elif name == "mark" and cell.mark:
                sheet.write_string(row, n, table.marks[cell.mark], sheets.body(bg_color=_FILLS[cell.mark], **_INDENTED))
            else:
                sheet.write_string(row, n, _text(table, cell, name), sheets.body(text_wrap=True, **_INDENTED))
        row += 1
    return row


def _write_label(sheet: Any, row: int, column: int, label: str, text: Any, number: Any) -> None:
    """A label; a plain year is a number, so that it sorts and draws as one."""
    if len(label) == 4 and label.isascii() and label.isdigit():
        sheet.write_number(row, column, int(label), number)
    else:
        sheet.write_string(row, column, label, text)


def _write_matrix(sheets: _Sheets, sheet: Any, table: Table, row: int) -> int:
    rows, columns = table.labels_with_units()
    grid, width = table.grid, len(table.row_heads)
    for i, labels in enumerate(rows):
        for n, label in enumerate(labels):
            space = _INDENTED if n else {"align": "left"}
            _write_label(sheet, row, n, label, sheets.body(text_wrap=True, **space), sheets.body(**space))
        for j in range(len(columns)):
            cell = grid.get((i, j))
            if cell is None:
                sheet.write_blank(row, width + j, None, sheets.body())
                continue
            is_printed = cell.printed_value is not None
            decimals = (cell.decimals or 0) if cell.origin == "printed" else cell.shown_decimals
            fill = {"bg_color": _FILLS[cell.mark]} if cell.mark else {}
            style = sheets.body(num_format=_number_format(decimals), **fill)
            number = cell.printed_value if is_printed else cell.computed_value
            if number is None:  # only a range is known
                sheet.write_string(row, width + j, shown_range(table, cell), sheets.body(align="right", **fill))
            else:
                _write_number(sheet, row, width + j, number, style)
        row += 1
    return row


def _layout_definitions(table: Table, label_widths: list[float]) -> tuple[list[float], list[str]]:
    word = table.labels.word
    heads = [table.columns[VALUE], word("COL.lower"), word("COL.upper"), table.columns[DIFFERENCE],
             word("COL.difference_lower"), word("COL.difference_upper")]  # fmt: skip
    shown = [
        [
            f"{value:,.2f}"
            for cell in table.cells
            if cell.column == column and (value := getattr(cell, name)) is not None
        ]
        for column in (VALUE, DIFFERENCE)
        for name in _RANGED
    ]
    widths = [_fit(head, texts, 20) for head, texts in zip(heads, shown, strict=True)]
    said = [(word(f"COL.{name}"), width) for name, width in (("status", 9.0), ("why", 60.0))]
    said += [(word("COL.note"), 40.0)] if _has_notes(table) else []
    return [*label_widths, *widths, *(w for _, w in said)], [*table.row_heads, *heads, *(head for head, _ in said)]


def _has_notes(table: Table) -> bool:
    return any(cell.note for cell in table.cells if cell.column == VALUE)


def _write_definitions(sheets: _Sheets, sheet: Any, table: Table, row: int) -> int:
    """A line for each definition: value and range, difference and range, status, why they differ, note."""
    widths, _ = _layout(table)
    start = len(table.row_heads)
    for i, labels in enumerate(table.rows):
        value, difference = table.grid[(i, VALUE)], table.grid[(i, DIFFERENCE)]
        texts = ["" if value.computed_status == "A" else value.computed_status, difference.note]
        texts += [value.note] if _has_notes(table) else []
        sheet.set_row(row, _height([*labels, *[""] * 2 * len(_RANGED), *texts], widths))
        for n, label in enumerate(labels):
            space = _INDENTED if n else {"align": "left"}
            _write_label(sheet, row, n, label, sheets.body(text_wrap=True, **space), sheets.body(**space))
        numbers = [getattr(cell, name) for cell in (value, difference) for name in _RANGED]
        for n, number in enumerate(numbers, start=start):
            _write_number(sheet, row, n, number, sheets.body(num_format=_number_format(2)))
        for n, text in enumerate(texts, start=start + len(numbers)):
            sheet.write_string(row, n, text, sheets.body(text_wrap=True, **_INDENTED))
        row += 1
    return row


# How the body of each form of table is written; gives the next row.
_WRITE = {"checks": _write_checks, "matrix": _write_matrix, "definitions": _write_definitions}


def _write_cover(sheets: _Sheets, tables: list[Table], labels: Labels, editions: list[Row]) -> None:
    word, lang = labels.word, labels.lang
    widths = [32.0, 70.0, *[15.0] * (len(MARKS) + 1)]
    sheet = sheets.add(word("TEXT.cover"), widths)
    sheet.write_string(0, 0, word("TEXT.workbook"), sheets.format(bold=True, font_size=15))
    row = sheets.paragraph(sheet, 2, word("TEXT.contents"), widths) + 1

    def heading(text: str, columns: list[str]) -> None:
        nonlocal row
        sheet.write_string(row, 0, text, sheets.format(bold=True, font_size=12))
        row += 1
        for n, column in enumerate(columns):
            sheet.write_string(row, n, column, sheets.head(align="left" if n < 2 else "right"))
        row += 1

    marks = [tables[0].marks[mark] for mark in MARKS]
    heading(word("TEXT.tables"), [word("COL.table"), word("COL.title"), *marks, word("COL.counted")])
    totals = [0] * (len(MARKS) + 1)
    for table in tables:
        name = table.spec.short[lang]
        link = sheets.body(font_color="#0563C1", underline=1)
        sheet.write_url(row, 0, "internal:'" + name.replace("'", "''") + "'!A1", link, name)
        sheet.set_row(row, _height([name, table.title], widths))
        sheet.write_string(row, 1, table.title, sheets.body(text_wrap=True))
        counts = [*table.counts.values(), sum(table.counts.values())]
        for n, count in enumerate(counts):
            if not counts[-1]:  # it shows no printed figure: there is nothing to count
                sheet.write_blank(row, 2 + n, None, sheets.body())
                continue
            totals[n] += count
            sheet.write_number(row, 2 + n, count, sheets.body(num_format="0"))
        row += 1
    sheet.write_string(row, 0, word("TEXT.total"), sheets.body(bold=True))
    sheet.write_blank(row, 1, None, sheets.body(bold=True))
    for n, count in enumerate(totals):
        sheet.write_number(row, 2 + n, count, sheets.body(num_format="0", bold=True))
    row += 2

    heading(word("TEXT.editions"), [word("COL.dataset"), word("COL.title"), word("COL.vintage"), word("COL.accessed")])
    for edition in editions:
        words = {name: edition[name] for name in ("publisher", "title", "edition")}
        sheet.write_string(row, 0, edition["dataset"], sheets.body())
        line = word("TEXT.sentence", **words)
        sheet.set_row(row, _height([edition["dataset"], line], widths))
        sheet.write_string(row, 1, line, sheets.body(text_wrap=True))
        for n, key in enumerate(("vintage", "accessed"), start=2):
            sheet.write_string(row, n, edition[key], sheets.body(align="right"))
        row += 1
    row += 1

    heading(word("TEXT.marks"), [word("COL.mark"), word("COL.meaning")])
    for mark, label in zip(MARKS, marks, strict=True):
        sheet.write_string(row, 0, label, sheets.body(bg_color=_FILLS[mark]))
        sheet.set_row(row, _height([label, word(f"MARK.{mark}")], widths))
        sheet.write_string(row, 1, word(f"MARK.{mark}"), sheets.body(text_wrap=True))
        row += 1
    row += 1

    statuses = sorted({status for table in tables for status in table.statuses})
    if statuses:
        heading(word("TEXT.statuses"), [word("COL.status"), word("COL.meaning")])
        for code, meaning in statuses:
            sheet.write_string(row, 0, code, sheets.body())
            sheet.set_row(row, _height([code, meaning], widths))
            sheet.write_string(row, 1, meaning, sheets.body(text_wrap=True))
            row += 1
    row = sheets.paragraph(sheet, row + 1, word("TEXT.rounding"), widths)
    sheet.print_area(0, 0, row, len(widths) - 1)
