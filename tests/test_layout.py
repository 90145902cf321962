"""The layout language: what a declaration may say, and the message for everything it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.store.editions import find_layouts
from transforms.contract import load_contract
from transforms.errors import InputError
from transforms.grid import ENCODINGS
from transforms.layout import PARSERS, PARTS, ROLES, Header, Layout, PrintedColumn, TableLayout, parse_layout
from transforms.patterns import fold_heading


def refuse(text: str, shared: dict[str, str] | None = None) -> InputError:
    with pytest.raises(InputError) as caught:
        parse_layout(text, "own/layouts/made_up/t.toml", shared)
    error = caught.value
    assert error.file == "own/layouts/made_up/t.toml" or error.file in (shared or {})
    assert error.todo and "\n" not in str(error)
    return error


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        # keys
        ("[constants]", 'colour = "red"\n[constants]', "unknown key header.colour"),
        ("[header]", 'colour = "red"\n[header]', "unknown key colour"),
        ("[header]", 'source = "x"\n[header]', "unknown key source"),
        ('header = "年份"', 'header = "年份"\ncolour = 1', r"unknown key columns\[1\].colour"),
        ('role = "key"\n', "", r"the key columns\[1\].role is missing"),
        ('contains = ["年份", "出口", "进口"]', "", "the key header.contains is missing"),
        ('files = ["t.csv", "t.xlsx"]', "", "the key files is missing"),
        # types
        ('files = ["t.csv", "t.xlsx"]', 'files = "t.csv"', "files must be a list"),
        ('files = ["t.csv", "t.xlsx"]', "files = [1]", r"files\[1\] has the wrong type"),
        ("[header]", "title = 5\n[header]", "title has the wrong type"),
        ("[header]", 'percent_sign = "yes"\n[header]', "percent_sign has the wrong type"),
        ("[header]", "decimals = true\n[header]", "decimals has the wrong type"),
        ("[header]", "decimals = -1\n[header]", "decimals out of range"),
        ("[header]", "decimals = 12\n[header]", "decimals out of range"),
        ("[header]", 'rules = "none"\n[header]', "rules must be a list"),
        ('header = "年份"', 'header = "年份"\nnth = "2"', r"columns\[1\].nth has the wrong type"),
        ('header = "年份"', 'header = "年份"\nnth = 0', "nth counts from 1"),
        ('header = "年份"', 'header = "年份"\nmap = { a = 1 }', r"map 'a' has the wrong type"),
        ("[constants]", '[blanks]\n"-" = 0\n[constants]', "blanks '-' must be a"),
        # nothing where something must be
        ('files = ["t.csv", "t.xlsx"]', "files = []", "files is empty"),
        ('contains = ["年份", "出口", "进口"]', "contains = []", "header.contains is empty"),
        ("[header]", 'footnotes = [""]\n[header]', "an empty beginning under footnotes"),
        ('role = "value"', 'role = "ignore"\nreason = "-"', r"columns\[2\].set has no meaning for the role ignore"),
        # file form
        ("[header]", 'encoding = "latin"\n[header]', "unknown encoding"),
        ("[header]", 'delimiter = ";;"\n[header]', "delimiter must be one character"),
        ("[header]", 'delimiter = ""\n[header]', "delimiter must be one character"),
        # columns
        ('role = "key"', 'role = "figure"', r"unknown columns\[1\].role"),
        ('parse = "year"', 'parse = "roman"', r"unknown columns\[1\].parse"),
        ('column = "period"', 'column = "when"', r"columns\[1\].column is no column of the observations"),
        ('column = "period"', 'column = "value"', r"columns\[1\].column is no column of the observations"),
        ('column = "period"', 'column = "n"', r"columns\[1\].parse does not fit n"),
        ('parse = "year"', 'parse = "text"', r"columns\[1\].parse does not fit period"),
        ('parse = "year"', 'parse = "count"', r"columns\[1\].parse does not fit period"),
        ('parse = "year"', 'parse = "code"', r"columns\[1\].parse does not fit period"),
        ('parse = "year"', 'parse = "year"\nset = { flow = "T" }', "set has no meaning for a key column without rank"),
        ('parse = "year"', 'parse = "year"\nprefix = "a"', r"columns\[1\].prefix has no meaning for the role key"),
        ('parse = "year"', 'parse = "year"\ngroup = 3', "no value column has the group 3"),
        ('header = "出口"', 'header = "年 份"', r"columns\[2\] names a column that is declared already"),
        (
            'role = "key"\ncolumn = "period"\nparse = "year"',
            'role = "ignore"',
            r"columns\[1\].reason is missing",
        ),
        # one thing, one place
        ('column = "period"\nparse = "year"', 'column = "flow"', "two declarations give flow"),
        ('parse = "year"', 'parse = "year"\n[[columns]]\nheader = "b"\nrole = "key"\ncolumn = "period"',
         "two declarations give period"),
        ('parse = "year"', 'parse = "year"\n[[columns]]\nheader = "b"\nrole = "status"\n[[columns]]\nheader = "c"\n'
         'role = "status"', "two declarations give status"),
        # what the layout itself says
        ('geo = "CHN"', 'place = "CHN"', "constants fills no column of the observations"),
        ('geo = "CHN"', 'value = "5"', "constants fills no column of the observations"),
        ('geo = "CHN"', 'dataset = "x"', "constants fills no column of the observations"),
        ('geo = "CHN"', 'geo = "中国"', "constants.geo is not in the code list geographies"),
        ('geo = "CHN"', "geo = 156", "constants.geo has the wrong type"),
        ("unit_mult = 8", 'unit_mult = "8"', "constants.unit_mult is no whole number"),
        ("unit_mult = 8", "unit_mult = 300", "constants.unit_mult is no whole number from -15 to 15"),
        ('price = "current"', 'obs_status = "estimated"', "constants.obs_status is not in the code list obs_status"),
        ('price = "current"', 'base_period = "last year"', "constants.base_period: 'last year' is no period code"),
        ('set = { flow = "X" }', 'set = { flow = "出口" }', "set.flow is not in the code list flows"),
        ('set = { flow = "X" }', 'set = { period = "20" }', "two declarations give period"),
        ('set = { flow = "X" }', 'set = { floww = "X" }', "set fills no column of the observations"),
        ("[header]", '[[rules]]\nwhen = { x = "1" }\nthen = {}\n[header]', r"rules\[1\].when asks for no column"),
        ("[header]", '[[rules]]\nwhen = { item = "SI" }\nthen = {}\n[header]', "when.item is not in the code list"),
        ("[header]", '[[rules]]\nwhen = {}\nthen = { printed = "1" }\n[header]', r"rules\[1\].then fills no column"),
        ("[header]", '[[rules]]\nwhen = {}\n[header]', r"the key rules\[1\].then is missing"),
        ("[constants]", '[blanks]\n"-" = "E"\n[constants]', "blanks '-' is no status of a missing value"),
        ("[constants]", '[blanks]\n"-" = "missing"\n[constants]', "blanks '-' is no status of a missing value"),
        # TOML
        ("[header]", "[header", "the layout is not TOML"),
        ("[header]", 'extends = "_x.toml"\n[header]', "extends names no shared layout"),
        ("[header]", "extends = [1]\n[header]", "extends names no shared layout"),
    ],
)  # fmt: skip
def test_refused_and_named(plain_layout: str, old: str, new: str, message: str) -> None:
    assert old in plain_layout
    with pytest.raises(InputError, match=message):
        parse_layout(plain_layout.replace(old, new, 1), "t.toml")
    refuse(plain_layout.replace(old, new, 1))


def test_a_layout_without_figures_is_refused(plain_layout: str) -> None:
    text = plain_layout.split('[[columns]]\nheader = "出口"')[0]
    assert "no column has the role value" in str(refuse(text))


def test_a_refusal_says_what_is_allowed(plain_layout: str) -> None:
    message = str(refuse(plain_layout.replace('role = "key"', 'role = "figure"')))
    assert message == (
        "own/layouts/made_up/t.toml: unknown columns[1].role. Found: 'figure'. "
        "What to do: use one of key, value, status, qualifier, unit, decimals, note, ignore."
    )


def test_extends_takes_what_the_layout_does_not_say(plain_layout: str) -> None:
    own = 'extends = "_plain.toml"\nfiles = ["b.csv"]\n[constants]\ngeo = "USA"\n'
    layout = parse_layout(own, "b.toml", {"_plain.toml": plain_layout})
    assert layout.files == ("b.csv",) and layout.source == "b.toml"
    assert layout.table.constants == {"geo": "USA"}  # a table of the layout replaces the whole table of the shared one
    assert [c.header for c in layout.table.columns] == ["年份", "出口", "进口"]


def test_a_broken_shared_layout_is_named() -> None:
    assert refuse('extends = "_x.toml"', {"_x.toml": "files = ["}).file == "_x.toml"


def test_headings_are_compared_without_width_case_and_spaces() -> None:
    assert fold_heading("同比 (%)") == fold_heading("同比（％）".replace("（", "(").replace("）", ")"))
    assert fold_heading("同比\n（％）") == fold_heading("同比 (%)")
    assert fold_heading("Value") == fold_heading("VALUE ")
    assert fold_heading("金额①") != fold_heading("金额1")


def test_every_key_of_a_column_belongs_to_a_role() -> None:
    used = {key for keys in ROLES.values() for key in keys}
    assert set(PrintedColumn.__dataclass_fields__) == used | {"header", "role", "nth", "reason", "optional"}


def test_every_bundled_layout_is_sound(raw_dir: Path) -> None:
    datasets = sorted(path.name for path in (raw_dir / "raw").iterdir() if path.is_dir())
    assert datasets and all(find_layouts(dataset, raw_dir) for dataset in datasets)


def test_the_reference_of_the_language_is_true(raw_dir: Path) -> None:
    """docs/layouts.md: its example reads, and it names every key, role and parser there is."""
    text = (raw_dir.parent / "docs" / "layouts.md").read_text(encoding="utf-8")
    example = text.split("```toml\n")[1].split("```")[0]
    layout = parse_layout(example, "example.toml")
    assert layout.table.blanks == {"…": "L"} and len(layout.table.columns) == 3 and len(layout.table.rules) == 1
    keys = {*Layout.__dataclass_fields__, *TableLayout.__dataclass_fields__} - {"source", "header", "unsettled"}
    keys |= {f"header.{name}" for name in Header.__dataclass_fields__}
    for name in [*keys, "extends", *PrintedColumn.__dataclass_fields__, *ROLES, *PARSERS]:
        assert f"| `{name}` |" in text, name
    for name in ENCODINGS:
        assert f"`{name}`" in text, name
    listed = text.split("A layout may fill: `")[1].split("`")[0].split()
    fillable = []
    for name in load_contract("observations").names:
        try:
            parse_layout(f"{example}\n[[rules]]\nwhen = {{}}\nthen = {{ {name} = 0 }}", "t")
        except InputError as error:
            if "fills no column" in str(error):
                continue
        fillable.append(name)
    assert sorted(listed) == sorted([*fillable, *PARTS])
