"""Every indicator on hand-made cases that stand in files.

cases/<indicator>/<kind>[_<word>].csv has a row for each cell: geo, partner, flow, item, period, printed ('3.10' as
printed, '=3.1' unrounded, 'over 3', empty = missing) and any other column of the observations; what is left out has the
default of indicator_worlds.cell. The column world names datasets that stand side by side ('' is the one looked at).

<the same>.expected.csv has a row for each row of the indicator: its key columns as far as they tell rows apart, then
value, lower, upper (decimals, fractions such as 1/3, or expressions of sqrt, exp, log; empty = none), obs_status, and
if wanted coverage, note, asked, method. All rows of the indicator are compared; '# where item = ...' in the first line
of the expected file filters them.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest
from indicator_worlds import Row, cell, connection, fill

from transforms.indicators import compute_indicators, load_cards

FOLDER = Path(__file__).parent / "cases"
KINDS = ("plain", "zero", "suppressed", "gap", "break", "negative", "single")
CASES = sorted(path for path in FOLDER.rglob("*.csv") if not path.name.endswith(".expected.csv"))
NUMBERS = ("value", "lower", "upper", "coverage")


def read_rows(path: Path) -> list[dict[str, str]]:
    lines = [
        line for line in path.read_text(encoding="utf-8").splitlines() if line.strip() and not line.startswith("#")
    ]
    return list(csv.DictReader(lines))


def read_where(path: Path) -> str:
    first = path.read_text(encoding="utf-8").split("\n", 1)[0]
    return first.removeprefix("# where ") if first.startswith("# where ") else "true"


def dataset_of(path: Path, world: str = "") -> str:
    return f"{path.parent.name}/{path.stem}{'+' if world else ''}{world}"


def make_cells(path: Path) -> dict[str, list[Row]]:
    """The observations of a case by dataset. A blank cell takes its status from the file, or O."""
    worlds: dict[str, list[Row]] = {}
    for row in read_rows(path):
        given = {name: text for name, text in row.items() if text and name not in ("world", "printed")}
        typed: dict[str, Any] = {
            name: int(text) if name in ("unit_mult", "n") else text for name, text in given.items()
        }
        worlds.setdefault(dataset_of(path, row.get("world") or ""), []).append(cell(row["printed"], **typed))
    return worlds


def parse_number(text: str) -> float | None:
    if not text:
        return None
    if all(sign in "-0123456789/." for sign in text):
        numerator, _, denominator = text.partition("/")
        return float(Fraction(numerator) / Fraction(denominator or 1))
    return float(eval(text, {"__builtins__": {}}, {"sqrt": math.sqrt, "exp": math.exp, "log": math.log}))


@cache
def computed() -> duckdb.DuckDBPyConnection:
    """All cases in one world, each its own dataset; worlds of a case are of one source family."""
    con = connection().cursor()
    worlds: dict[str, list[Row]] = {}
    families: dict[str, str] = {}
    for path in CASES:
        for dataset, cells in make_cells(path).items():
            worlds[dataset], families[dataset] = cells, dataset_of(path)
    fill(con, worlds, families)
    compute_indicators(con)
    return con


def compare(found: Mapping[str, Any], wanted: Mapping[str, str]) -> list[str]:
    faults = []
    for name, text in wanted.items():
        got = found[name]
        if name in NUMBERS:
            number = parse_number(text)
            same = (
                got is None
                if number is None
                else got is not None and math.isclose(got, number, rel_tol=1e-9, abs_tol=2e-10)
            )
        else:
            same = str(got) == text
        if not same:
            faults.append(f"{name}: {got!r} instead of {text!r}")
    return faults


@pytest.mark.parametrize("path", CASES, ids=dataset_of)
def test_case(path: Path) -> None:
    expected = path.with_suffix(".expected.csv")
    wanted = read_rows(expected)
    rows = computed().execute(
        f"SELECT * FROM indicators WHERE indicator = ? AND dataset = ? AND ({read_where(expected)}) ORDER BY ALL",
        [path.parent.name, dataset_of(path)],
    ).to_arrow_table().to_pylist()  # fmt: skip
    rows = [{n: float(v) if isinstance(v, Decimal) else v for n, v in row.items()} for row in rows]
    assert len(rows) == len(wanted), f"{len(rows)} rows instead of {len(wanted)}: {[dict(r, inputs=[]) for r in rows]}"
    left = list(rows)
    for row in wanted:  # the key columns of the expected file say which row is meant
        key = [name for name in row if name not in (*NUMBERS, "obs_status", "note", "asked", "method")]
        fitting = [r for r in left if all(str(r[name]) == row[name] for name in key)]
        assert len(fitting) == 1, f"{len(fitting)} rows fit {row}: {[dict(r, inputs=[]) for r in left]}"
        assert compare(fitting[0], row) == [], row
        left.remove(fitting[0])


@pytest.mark.parametrize("indicator", sorted({path.parent.name for path in CASES}))
def test_every_kind_of_case_is_there(indicator: str) -> None:
    """A kind that cannot be is explained in <indicator>/not_applicable.txt, a line each: kind: why."""
    assert indicator in {card.indicator for card in load_cards()}
    folder = FOLDER / indicator
    kinds = {path.stem.split("_")[0] for path in CASES if path.parent == folder}
    excused = folder / "not_applicable.txt"
    if excused.is_file():
        lines = excused.read_text(encoding="utf-8").splitlines()
        assert all(len(line.partition(":")[2].split()) > 2 for line in lines if line), "say why"
        kinds |= {line.partition(":")[0] for line in lines}
    assert set(KINDS) - kinds == set()
