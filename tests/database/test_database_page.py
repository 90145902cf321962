"""docs/database.md and docs/notebook.py: the diagram is the database, every worked query prints what the page shows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import duckdb
import pytest
from worked_queries import PAGE, read_queries, render

ROOT = Path(__file__).resolve().parents[2]
ENTITY = re.compile(r"^    (\w+) \{\n(.*?)^    \}$", re.MULTILINE | re.DOTALL)
RELATION = re.compile(r'^    (\w+) (\|\||\|o)--o\{ (\w+) : "?([\w, ]+?)"?$', re.MULTILINE)


@pytest.fixture(scope="module")
def diagram() -> str:
    return PAGE.read_text(encoding="utf-8").split("```mermaid\n")[1].split("```")[0]


def list_entities(diagram: str) -> dict[str, list[list[str]]]:
    return {name: [line.split() for line in body.splitlines()] for name, body in ENTITY.findall(diagram)}


def test_entities_of_the_diagram_are_views_with_these_columns(con: duckdb.DuckDBPyConnection, diagram: str) -> None:
    entities = list_entities(diagram)
    assert {"observations", "indicators", "comparisons"} <= entities.keys() and len(entities) == 15
    for view, columns in entities.items():
        types = dict(con.execute(f"SELECT column_name, column_type FROM (DESCRIBE main.{view})").fetchall())
        for type_, name, *_ in columns:
            assert types.get(name, "none").startswith(type_), f"{view}.{name}"
        key = [name for _, name, *mark in columns if mark == ["PK"]]
        if key:
            names = ", ".join(key)
            assert con.execute(f"SELECT count(*) = count(DISTINCT ({names})) FROM main.{view}").fetchone() == (True,)


def test_relations_of_the_diagram_hold(con: duckdb.DuckDBPyConnection, diagram: str) -> None:
    """Every code that a table of facts has stands in its list; |o says that it may be empty, || that it may not."""
    entities, relations = list_entities(diagram), RELATION.findall(diagram)
    assert len(relations) == diagram.count("--o{") == 26
    for parent, least, child, label in relations:
        columns = label.split(", ")
        keys = [name for _, name, *mark in entities[parent] if mark == ["PK"]] or columns
        assert set(columns) <= {name for _, name, *mark in entities[child] if mark == ["FK"]}, (parent, child)
        pairs = " AND ".join(f"p.{key} = c.{column}" for key, column in zip(keys, columns, strict=True))
        empty = f"AND c.{columns[0]} <> ''" if least == "|o" else ""
        orphans = con.execute(
            f"SELECT DISTINCT {', '.join(f'c.{column}' for column in columns)} FROM main.{child} c "
            f"WHERE NOT EXISTS (SELECT 1 FROM main.{parent} p WHERE {pairs}) {empty}"
        ).fetchall()
        assert orphans == [], (parent, child)


def test_the_page_names_every_view_and_macro(con: duckdb.DuckDBPyConnection) -> None:
    page = PAGE.read_text(encoding="utf-8")
    macros = con.execute("SELECT name FROM catalog WHERE kind = 'macro'").fetchall()
    assert [name for (name,) in macros if f"`{name}" not in page] == []


@pytest.mark.parametrize(("number", "question", "sql", "printed"), read_queries())
def test_worked_query(con: duckdb.DuckDBPyConnection, number: int, question: str, sql: str, printed: str) -> None:
    assert render(con, sql) == printed
    assert len(printed.splitlines()) > 1, "a worked query that finds nothing teaches nothing"


def test_there_are_twenty_worked_queries() -> None:
    assert [number for number, *_ in read_queries()] == list(range(1, 21))
    assert PAGE.read_text(encoding="utf-8").count("```sql") == 20


def test_the_notebook_draws_what_the_database_holds(
    clean_run: Path, con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGITRADE_DATA_DIR", str(clean_run))
    names: dict[str, Any] = {}
    path = ROOT / "docs" / "notebook.py"
    space: dict[str, Any] = {"__name__": "notebook", "__file__": str(path)}
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), space)
    _, names = space["app"].run()
    names["con"].close()
    chart = names["chart"].to_dict()
    assert chart["encoding"]["y"]["title"] == "United States dollar, × 10^6"
    assert chart["title"]["text"] == "Digitally deliverable services (UNCTADstat): Exports"
    assert chart["title"]["subtitle"].startswith("Source: UN Trade and Development (UNCTAD)")
    assert (chart["mark"]["type"], chart["encoding"]["x"]["field"]) == ("line", "period")
    drawn = sorted(
        (row["place"], row["period"], row["value"]) for row in chart["data"]["values"] if row["value"] is not None
    )
    expected = con.execute(
        """SELECT geo_label_en, period, value::DOUBLE FROM observations_labelled
           WHERE geo IN ('CHN', 'IND', 'IRL', 'SGP', 'HKG') AND flow = 'X' AND measure = 'value' AND period >= '2015'
             AND dataset = 'unctad_digitally_deliverable' AND value IS NOT NULL ORDER BY ALL"""
    ).fetchall()
    assert drawn == expected and len(drawn) == 44
    missing = [row for row in chart["data"]["values"] if row["value"] is None]
    assert [(row["place"], row["period"], row["status"]) for row in missing] == [("Hong Kong SAR", "2023", "O")]
