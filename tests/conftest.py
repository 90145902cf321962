"""Small helpers that several tests share: a made-up table and its layout, copies of the raw data, one clean run."""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import xlsxwriter
from hypothesis import settings

from flows import pipeline
from transforms.errors import InputError
from transforms.grid import read_grid
from transforms.layout import parse_layout
from transforms.observe import read_observations

# The same examples every time: a test that passed must not fail on the next machine.
settings.register_profile("fixed", max_examples=60, deadline=None, derandomize=True, database=None)
settings.register_profile("few", settings.get_profile("fixed"), max_examples=15)
settings.load_profile("fixed")

ROOT = Path(__file__).resolve().parent.parent


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes are no name: archives hold the time, so that two workers would collect different tests."""
    return argname if isinstance(val, bytes) else None


def pytest_configure(config: pytest.Config) -> None:
    """The fast suite tries each law on a quarter of the examples."""
    if config.option.markexpr == "not slow":
        settings.load_profile("few")


SLOW_FOLDERS = ("flows", "backtests")
# Files of few and long tests: with a file for each worker at a time they must not be the last to begin.
LONG_FILES = ("test_prefect.py", "test_incremental.py", "test_expectations.py", "test_query.py", "test_layout_check.py")
SLOW_FIXTURES = {"shared_data", "large_run"}  # the files of publishers; a whole run more
SLOW_FILES = ("indicators/*_laws.py", "database/*_laws.py", "indicators/*_law.py", "indicators/*_ranges.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow is whatever starts Prefect, reads the files of publishers that stand outside the project (back-tests with
    them), or searches the ranges and laws of indicators over many made-up worlds. Single tests are marked where they
    stand."""
    tests = ROOT / "tests"
    for item in items:
        if (
            any(tests / folder in item.path.parents for folder in SLOW_FOLDERS)
            or any(item.path.match(f"tests/{pattern}") for pattern in SLOW_FILES)
            or SLOW_FIXTURES & set(getattr(item, "fixturenames", ()))
        ):
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: (*LONG_FILES, item.path.name).index(item.path.name))


# China's services trade as it might stand in a yearbook: a year, exports and imports in 亿美元.
PLAIN_LAYOUT = """
files = ["t.csv", "t.xlsx"]
[header]
contains = ["年份", "出口", "进口"]
[constants]
geo = "CHN"
partner = "W"
item = "EBOPS2010:S"
measure = "value"
unit = "USD"
unit_mult = 8
price = "current"
[[columns]]
header = "年份"
role = "key"
column = "period"
parse = "year"
[[columns]]
header = "出口"
role = "value"
set = { flow = "X" }
[[columns]]
header = "进口"
role = "value"
set = { flow = "M" }
"""

Reader = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real publisher files, which are no part of the project; the test is skipped where it is absent."""
    folder = Path(os.environ.get("DIGITRADE_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"the real publisher files are not here ({folder}); name their folder in DIGITRADE_SHARED_DATA")
    return folder


@pytest.fixture(scope="session")
def plain_layout() -> str:
    return PLAIN_LAYOUT


@pytest.fixture(scope="session")
def read() -> Reader:
    """read(table, layout) -> the observations as dicts. The table is CSV text, bytes, or the rows of a worksheet."""

    def read_table(table: Any, layout: str = PLAIN_LAYOUT, top: str = "") -> list[dict[str, Any]]:
        spec = parse_layout(top + layout, "t.toml")
        name = "t.csv" if isinstance(table, str | bytes) else "t.xlsx"
        content = table.encode() if isinstance(table, str) else table if name == "t.csv" else make_book({"S": table})
        grid = read_grid(content, name, sheet=spec.table.sheet, encoding=spec.encoding, delimiter=spec.delimiter)
        return read_observations(grid, spec, "made_up", "2020").to_pylist()

    return read_table


@pytest.fixture(scope="session")
def refused(read: Reader) -> Callable[..., InputError]:
    """refused(table, layout) -> the error of a reading that must stop."""

    def refuse(*args: Any, **kwargs: Any) -> InputError:
        with pytest.raises(InputError) as caught:
            read(*args, **kwargs)
        assert caught.value.file and caught.value.todo, str(caught.value)
        assert "\n" not in str(caught.value)
        return caught.value

    return refuse


def make_book(sheets: dict[str, list[list[Any]]]) -> bytes:
    """A workbook: a cell may be (value, number format); a text that begins with = is a formula."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for r, row in enumerate(rows):
                for c, cell in enumerate(row):
                    if isinstance(cell, tuple):
                        value, shown = cell
                        if isinstance(value, str):
                            sheet.write_formula(r, c, value, None, shown)
                        else:
                            sheet.write(r, c, value, book.add_format({"num_format": shown}))
                    elif cell is not None:
                        sheet.write(r, c, cell)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def book() -> Callable[[dict[str, list[list[Any]]]], bytes]:
    return make_book


@pytest.fixture(scope="session")
def raw_dir() -> Path:
    """The bundled raw data, to be read only."""
    return ROOT / "data"


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A copy of the bundled raw data, to be spoiled."""
    shutil.copytree(ROOT / "data" / "raw", tmp_path / "data" / "raw")
    return tmp_path / "data"


def vouch(edition: Path, name: str) -> None:
    """Write the present hash and size of a file into the card, as if the publisher had sent it so."""
    content = (edition / name).read_bytes()
    card = (edition / "card.toml").read_text(encoding="utf-8")
    pattern = re.compile(rf'(name = "{re.escape(name)}"\n)sha256 = "[0-9a-f]*"\nbytes = [0-9]+')
    entry = rf'\g<1>sha256 = "{hashlib.sha256(content).hexdigest()}"' + f"\nbytes = {len(content)}"
    card, count = pattern.subn(entry, card)
    assert count == 1, name
    (edition / "card.toml").write_text(card, encoding="utf-8")


@pytest.fixture
def spoil(data_dir: Path) -> Callable[..., Path]:
    """spoil(dataset, file, change) applies change to the bytes of a raw file and has the card vouch for the result."""

    def apply(dataset: str, name: str, change: Callable[[bytes], bytes]) -> Path:
        edition = next((data_dir / "raw" / dataset).iterdir())
        content = (edition / name).read_bytes()
        changed = change(content)
        assert changed != content, "the change changes nothing"
        (edition / name).write_bytes(changed)
        vouch(edition, name)
        return edition

    return apply


@pytest.fixture(scope="session")
def plain_steps() -> dict[str, Callable[..., Any]]:
    """The steps of a run as plain functions, without the tables for authors, which have tests of their own."""
    return pipeline.STEPS | {"export_tables": lambda workspace: []}


@pytest.fixture(scope="session")
def published(clean_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The database of a run on the bundled data, read-only.

    A copy: connections of one process to one file are one instance of DuckDB, whose settings a command locks.
    """
    path = tmp_path_factory.mktemp("published") / "digitrade.duckdb"
    shutil.copy(clean_run / "curated" / "digitrade.duckdb", path)
    with duckdb.connect(str(path), read_only=True) as con:
        yield con


@pytest.fixture(scope="session")
def clean_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder after one run on the bundled data. Copy it before changing anything."""
    data = tmp_path_factory.mktemp("clean") / "data"
    shutil.copytree(ROOT / "data" / "raw", data / "raw")
    summary = pipeline.run_stages(data, pipeline.STEPS)
    assert {row["state"] for row in summary["datasets"]} == {"read"}
    return data
