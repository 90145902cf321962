"""Under the tables: notes are texts and nothing is lost among them; notes at the foot of a sheet speak of all above."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from transforms.errors import InputError
from transforms.grid import read_book
from transforms.layout import parse_layout
from transforms.observe import Readout, read_book_observations

Rows = list[list[Any]]
LAYOUT = """
files = ["t.xlsx"]
title = '/Exports, .*/'
table_id = "{n}"
label_marks = '/[¹²³]+/'
marks = { "²" = "B" }
rows = [ { text = '/Not[ei].*/', role = "notes" } ]
columns = [ { header = "Item", role = "key", column = "item" }, { header = '/(?P<year>\\d{4})/', role = "value" } ]
[header]
contains = ["Item", "2019"]
[constants]
geo = "GBR"
partner = "W"
flow = "X"
measure = "value"
unit = "GBP"
unit_mult = 6
price = "current"
"""
TABLE: Rows = [["Exports, £ million"], ["Item", 2019, 2020], ["Transport", 1, 2], ["Travel", 3, 4], ["Notes:"]]


@pytest.fixture
def look(book: Callable[..., bytes]) -> Callable[..., Readout]:
    def read(rows: Rows, layout: str = LAYOUT) -> Readout:
        spec = parse_layout(layout, "t.toml")
        return read_book_observations(read_book(book({"S": rows}), "t.xlsx"), spec, "made_up", "2020")

    return read


def refuse(look: Callable[..., Readout], rows: Rows, layout: str = LAYOUT) -> list[InputError]:
    with pytest.raises(InputError) as caught:
        look(rows, layout)
    assert all(error.todo for error in (caught.value, *caught.value.others))
    return [caught.value, *caught.value.others]


# --- nothing is lost under the notes ----------------------------------------------------------------------------------


def test_a_second_table_under_the_notes_is_refused_cell_by_cell(look: Callable[..., Readout]) -> None:
    second = [["Imports, £ million"], ["Item", 2019, 2020], ["Transport", 5, 6], ["Travel", "7.5", "n/a"]]
    found = [(error.row, error.column, error.problem) for error in refuse(look, TABLE + second)]
    assert found == [
        (7, None, "the header stands again under the notes"),
        (8, 2, "a figure under the notes"),
        (8, 3, "a figure under the notes"),
        (9, 2, "a figure under the notes"),
    ]


@pytest.mark.parametrize("figure", [7, 7.25, "7", "1,234.5", "(12)", "12.5%", "-3"])
@pytest.mark.parametrize("row", [[None, 0], [0], ["Travel", 0], ["see there", "and", 0]], ids=str)
def test_a_lone_figure_under_the_notes_is_refused(look: Callable[..., Readout], figure: Any, row: list[Any]) -> None:
    (error,) = refuse(look, [*TABLE, ["a note"], [], [figure if cell == 0 else cell for cell in row]])
    assert (error.problem, error.row, error.column) == ("a figure under the notes", 8, row.index(0) + 1)


@pytest.mark.parametrize(
    "note",
    [["1", "Travel is without students."], [2, "Revised in 2020."], ["In 2019 there were 3."], ["2019p: provisional"],
     ["Contact", "a@b.example", "tel. 12 34"]],
    ids=str,
)  # fmt: skip
def test_notes_with_numbers_in_them_are_texts(look: Callable[..., Readout], note: list[Any]) -> None:
    read = look([*TABLE, note])
    assert read.observations.num_rows == 4
    assert str(note[-1]) in read.texts["words"].to_pylist()


BLANKED = LAYOUT + '[blanks]\n".." = "Q"\n"n.a." = "O"\n'


def test_a_second_table_of_blank_marks_alone_is_refused_cell_by_cell(look: Callable[..., Readout]) -> None:
    second = [
        ["Imports, £ million"],
        ["Goods", "Exports", "Imports"],
        ["Transport", "..", "n.a."],
        ["Travel", "–", ".."],
    ]
    found = [(error.row, error.column, error.problem) for error in refuse(look, TABLE + second, BLANKED)]
    assert found == [(row, column, "a blank mark under the notes") for row in (8, 9) for column in (2, 3)]
    scoped = LAYOUT + '[[blanks_where]]\nwhen = { flow = "X" }\nblanks = { ".." = "Q", "n.a." = "O" }\n'
    assert len(refuse(look, TABLE + second, scoped)) == 4


@pytest.mark.parametrize("row", [["Travel", ".."], ["CHN", "Travel", "n.a."], [None, ".."], ["Travel", "-"]], ids=str)
def test_a_lone_blank_under_the_notes_is_refused(look: Callable[..., Readout], row: list[Any]) -> None:
    (error,) = refuse(look, [*TABLE, ["a note"], [], row], BLANKED)
    assert (error.problem, error.row, error.column) == ("a blank mark under the notes", 8, len(row))


@pytest.mark.parametrize(
    "note",
    [["..", "suppressed"], ["Symbols", "..", "suppressed", "n.a.", "not available"], [".. suppressed"], ["---"]],
    ids=str,
)  # fmt: skip
def test_notes_that_explain_the_blank_marks_are_texts(look: Callable[..., Readout], note: list[Any]) -> None:
    read = look([*TABLE, note], BLANKED)
    assert read.observations.num_rows == 4 and note[-1] in read.texts["words"].to_pylist()


def test_a_figure_under_the_notes_that_is_not_wanted_is_left_out_with_a_reason(look: Callable[..., Readout]) -> None:
    rows = [*TABLE, ["Exchange rate", 1.28]]
    assert "figure under the notes" in refuse(look, rows)[0].problem
    layout = LAYOUT.replace("rows = [", 'rows = [ { text = "Exchange rate", role = "ignore", reason = "no trade" },')
    assert look(rows, layout).texts["words"].to_pylist()[-2:] == ["Exchange rate", "1.28"]


# --- notes once for several tables ------------------------------------------------------------------------------------

STACK = LAYOUT.replace("title =", "repeat = true\ntitle =")
NOTED: Rows = [["Exports, £ million"], ["Item", 2019, 2020], ["Travel¹", 3, "4²"]]
FOOT: Rows = [["Notes:"], ["1. Without students."], ["2. Break in series."]]


def notes(read: Readout) -> list[tuple[str, str, str]]:
    return [(row["table_id"], row["period"], row["note"]) for row in read.observations.to_pylist()]


def test_notes_at_the_foot_speak_of_every_table_above(look: Callable[..., Readout]) -> None:
    read = look([*NOTED, [], *NOTED, [], *NOTED, *FOOT], STACK)
    one = [("2019", "1. Without students."), ("2020", "2. Break in series.; 1. Without students.")]
    assert notes(read) == [(table, period, note) for table in "123" for period, note in one]
    assert read.texts["words"].to_pylist().count("1. Without students.") == 1


def test_a_table_with_notes_of_its_own_keeps_them(look: Callable[..., Readout]) -> None:
    own: Rows = [["Notes:"], ["1. With students."]]
    read = look([*NOTED, *own, [], *NOTED, [], *NOTED, *FOOT], STACK)
    said = {(table, period): note for table, period, note in notes(read)}
    assert said["1", "2019"] == "1. With students."
    assert said["1", "2020"] == "mark ²; 1. With students."
    assert said["2", "2019"] == said["3", "2019"] == "1. Without students."


def test_footnotes_at_the_foot_go_into_every_figure_above(look: Callable[..., Readout]) -> None:
    layout = STACK.replace("title =", 'footnotes = ["Source:"]\ntitle =', 1)
    read = look([*TABLE[:4], [], *TABLE[:4], ["Source: a survey"]], layout)
    assert {note for _, _, note in notes(read)} == {"Source: a survey"} and len(notes(read)) == 8
