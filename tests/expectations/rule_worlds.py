"""Small worlds for the rules: a CSV a case, one printed figure a row, with what the rule finds in it (column finds).

Columns are those of the observations that differ from exports of SI by China in 2020, in 10^8 dollars; figure is as
printed ('3.10', '=3.1' unrounded, 'over 3'). family is the source family of the dataset; quarantined the text of a row
that was set aside. finds is verdict:reason:severity, two of one cell with a plus between them. Datasets whose name
begins with other are not judged.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
from indicator_worlds import VINTAGE, cell, fill

from expectations.checks import Judged, Tally, judge_rules
from transforms.contract import load_contract
from transforms.indicators import create_codelists, create_table

CASES = Path(__file__).parent / "cases"
NO_COLUMNS = ("figure", "finds", "dataset", "family", "quarantined")


def list_cases(kind: str = "") -> list[tuple[str, str]]:
    """(rule, case) of every case whose name begins with a kind: pass, fail, explained, not_judged."""
    return [(path.parent.name, path.stem) for path in sorted(CASES.glob(f"*/{kind}*.csv"))]


def read_case(rule: str, name: str) -> list[dict[str, str]]:
    with (CASES / rule / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@contextmanager
def open_world(rows: list[dict[str, str]]) -> Iterator[tuple[duckdb.DuckDBPyConnection, list[Judged]]]:
    """A connection that holds the rows as a run would, and the editions to be judged: the last of each dataset."""
    worlds: dict[str, list[dict[str, Any]]] = {}
    aside: list[list[Any]] = []
    for number, row in enumerate(rows, 1):
        dataset = row.get("dataset") or "mine"
        given: dict[str, Any] = {name: text for name, text in row.items() if name not in NO_COLUMNS}
        if row.get("quarantined"):
            aside.append(
                [dataset, given.get("vintage", VINTAGE), "t.csv", "", number, "1", "no place", row["quarantined"]]
            )
            continue
        if "unit_mult" in given:
            given["unit_mult"] = int(given["unit_mult"])
        if not given.get("obs_status"):
            given.pop("obs_status", None)
        made = cell(row["figure"], **given)
        worlds.setdefault(dataset, []).append(
            made | {"vintage": made.get("vintage", VINTAGE), "locator": f"t!R{number:03}C1"}
        )
    families = {row.get("dataset") or "mine": row.get("family") or "" for row in rows}
    with duckdb.connect() as con:
        create_codelists(con)
        fill(con, worlds)
        for geo in {row["geo"] for row in rows if row.get("geo", "").startswith("LOCAL:")}:
            con.execute("INSERT INTO geographies BY NAME SELECT ? AS code, 'local' AS type, '' AS nation", [geo])
        vintages = {name: sorted({row["vintage"] for row in made}) for name, made in worlds.items()}
        for table in ("datasets", "quarantine"):
            create_table(con, load_contract(table))
        for name, of in vintages.items():
            for vintage in of:
                told = {
                    "dataset": name,
                    "vintage": vintage,
                    "latest": vintage == of[-1],
                    "source_family": families[name],
                }
                values = [told.get(c.name, "" if c.type == "string" else 0) for c in load_contract("datasets").columns]
                con.execute(f"INSERT INTO datasets VALUES ({', '.join('?' * len(values))})", values)
        for values in aside:
            content = ["" for _ in load_contract("quarantine").names[len(values) :]]
            con.execute(f"INSERT INTO quarantine VALUES ({', '.join('?' * len(values + content))})", values + content)
        yield (
            con,
            [
                Judged(name, of[-1], of[-2] if len(of) > 1 else "")
                for name, of in vintages.items()
                if not name.startswith("other")
            ],
        )


def judge_case(rule: str, name: str) -> tuple[Tally, Counter[tuple[str, str]], Counter[tuple[str, str]]]:
    """What a rule finds in a case: the tally, what it found by cell, and what the case says it should."""
    rows = read_case(rule, name)
    with open_world(rows) as (con, editions):
        (tally,) = judge_rules(con, editions, only=[rule])
    wanted = Counter(
        (f"t!R{number:03}C1" if not row.get("quarantined") else f"t.csv!R{number}C1", _pad(finds))
        for number, row in enumerate(rows, 1)
        for finds in split_finds(row)
    )
    found = Counter((f.locator, f"{f.verdict}:{f.reason}:{f.severity}") for f in tally.findings)
    return tally, found, wanted


def split_finds(row: dict[str, str]) -> list[str]:
    """What a row says is found at it, one by one."""
    return [finds.strip() for finds in row["finds"].split("+") if finds.strip()]


def _pad(finds: str) -> str:
    return finds + ":" * (2 - finds.count(":"))
