"""docs/tables.md has every key that a table specification may have, and its examples make tables."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from transforms.export import build_table
from transforms.tables import ENTRY_KEYS, FORMS, KEYS, OF_DEFINITIONS, parse_spec

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "tables.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


def list_keys(heading: str) -> set[str]:
    """The keys in the first column of the table under a heading."""
    section = PAGE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))


def test_the_page_and_the_parser_know_the_same_keys() -> None:
    assert list_keys("Keys") == KEYS | OF_DEFINITIONS | {"rows", "columns"}
    assert list_keys("Rows and columns") == ENTRY_KEYS


def test_every_form_has_an_example() -> None:
    assert [parse_spec("example", text, "docs/tables.md").form for text in EXAMPLES] == list(FORMS)


@pytest.mark.parametrize("number", range(len(FORMS)), ids=FORMS)
def test_an_example_makes_a_table_without_a_gap(number: int, clean_run: Path) -> None:
    with duckdb.connect(str(clean_run / "curated" / "digitrade.duckdb"), read_only=True) as con:
        for lang in ("zh", "en"):
            table = build_table(con, parse_spec("example", EXAMPLES[number], "docs/tables.md"), lang)
            assert len(table.cells) > 5 and all(table.rows)
            assert not any(note.startswith(("Rows without", "Columns without", "Nothing")) for note in table.notes)


def test_refusals_and_help_name_the_page() -> None:
    from typer.testing import CliRunner

    from flows.cli import app
    from transforms.errors import InputError

    with pytest.raises(InputError, match=r"see docs/tables\.md"):
        parse_spec("bad", EXAMPLES[0].replace("order", "ordre"), "bad.toml")
    assert "docs/tables.md" in " ".join(CliRunner().invoke(app, ["tables", "--help"]).stdout.split())
