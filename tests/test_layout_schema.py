"""The JSON schema of the layout language: current, true to the bundled layouts, and strict about keys."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from transforms.layout import PARSERS, ROLES, parse_layout
from transforms.layout_schema import build_schema, build_shared_schema, render_schema

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "layouts.md").read_text(encoding="utf-8")
LAYOUTS = sorted((ROOT / "transforms" / "layouts").rglob("*.toml"))
GOOD = """
files = ["t.csv"]
blanks = { "-" = { status = "A", value = 0, lower = -0.5, upper = 0.5 }, ".." = "Q" }
maps = { flow = { Balance = { flow = "T", measure = "balance" } }, item = "items.csv" }
[header]
contains = ["Year"]
[constants]
unit = "USD"
unit_mult = 6
[[columns]]
header = ["", '/(?P<year>\\d{4})/']
role = "value"
set = { flow = "X" }
[[rules]]
when = { period = ["2019", "2020"] }
then = { obs_status = "E;P" }
"""


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return build_schema(PAGE)


def find_errors(schema: dict[str, Any], text: str) -> list[str]:
    validator = jsonschema.Draft202012Validator(schema)
    return [error.message for error in validator.iter_errors(tomllib.loads(text))]


def test_committed_schema_is_the_one_of_the_classes_and_the_page() -> None:
    committed = (ROOT / "docs" / "layout.schema.json").read_text(encoding="utf-8")
    assert committed == render_schema(PAGE), "write it anew: python -m transforms.layout_schema"
    jsonschema.Draft202012Validator.check_schema(json.loads(committed))


def test_there_are_bundled_layouts() -> None:
    assert len(LAYOUTS) > 4


@pytest.mark.parametrize("path", LAYOUTS, ids=lambda path: path.name)
def test_bundled_layout_is_valid(path: Path, schema: dict[str, Any]) -> None:
    chosen = build_shared_schema(PAGE) if path.name.startswith("_") else schema
    assert find_errors(chosen, path.read_text(encoding="utf-8")) == []


def test_layouts_of_the_reference_page_are_valid(schema: dict[str, Any]) -> None:
    blocks = [part.split("```")[0] for part in PAGE.split("```toml\n")[1:]]
    whole = [block for block in blocks if block.startswith("files")]
    assert len(whole) == 2
    for block in whole:
        assert find_errors(schema, block) == []


def test_good_layout_is_valid(schema: dict[str, Any]) -> None:
    assert find_errors(schema, GOOD) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("[header]", "[haeder]"),
        ("[constants]", "[constant]"),
        ("role = ", "rolle = "),
        ('role = "value"', 'role = "values"'),
        ("set = {", "sets = {"),
        ("flow = ", "flux = "),
        ("unit_mult = 6", 'unit_mult = "6"'),
        ("unit_mult = 6", "unit_mult = 60"),
        ('"E;P"', '"E;Ö"'),
        ("lower = ", "least = "),
        ("when = ", "if = "),
        ('contains = ["Year"]', 'contains = "Year"'),
        ('".." = "Q"', '".." = "suppressed"'),
    ],
)
def test_mistake_is_found(schema: dict[str, Any], right: str, wrong: str) -> None:
    assert right in GOOD
    assert find_errors(schema, GOOD.replace(right, wrong)) != []


def test_schema_and_reader_know_the_same_keys(schema: dict[str, Any]) -> None:
    """A key that the schema offers is one that parse_layout takes: its refusal of another lists them all."""
    from transforms.errors import InputError

    with pytest.raises(InputError) as caught:
        parse_layout('files = ["t.csv"]\nno_such_key = 1\n', "t.toml")
    offered = set(caught.value.todo.removeprefix("use one of ").rstrip(".").split(", "))
    assert set(schema["properties"]) == offered | {"extends", "tables"}
    assert schema["$defs"]["column"]["properties"]["role"]["enum"] == list(ROLES)
    assert schema["$defs"]["column"]["properties"]["parse"]["anyOf"][0]["enum"] == list(PARSERS)


def test_every_key_is_described(schema: dict[str, Any]) -> None:
    parts = {
        "": schema,
        **{name: schema["$defs"][name] for name in ("table", "column", "row", "header", "rule", "blank")},
    }
    bare = [(name, key) for name, part in parts.items() for key, said in part["properties"].items()
            if not said.get("description")]  # fmt: skip
    assert bare == []
