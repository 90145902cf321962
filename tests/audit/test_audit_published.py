"""What the audit finds stands in the database: the same as the command tells, made again only when figures change."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from test_incremental import write_edition, write_own
from typer.testing import CliRunner

from flows import pipeline
from flows.cli import app


@pytest.fixture(scope="module")
def told(clean_run: Path) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["audit", "--json", "--data-dir", str(clean_run)])
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_findings_are_those_of_the_command(published: duckdb.DuckDBPyConnection, told: dict[str, Any]) -> None:
    counts = dict(published.execute("SELECT kind, count(*) FROM audit_findings GROUP BY ALL").fetchall())
    assert counts == {kind: len(told[name]) for kind, name in (
        ("contradiction", "contradictions"), ("warning", "warnings"), ("survey", "surveys"), ("outside", "outside"),
        ("not_judged", "not_judged"))}  # fmt: skip
    rows = published.execute(
        "SELECT figures, grade, words_en, implied_en, hypotheses_en, len(proof) FROM audit_findings "
        "WHERE kind = 'contradiction' ORDER BY number"
    ).fetchall()
    for row, c in zip(rows, told["contradictions"], strict=True):
        assert row[0] == list(dict.fromkeys(place for f in c["figures"] for place in f["places"]))
        assert row[1] == c["grade"] and all(f["words"] in row[2] for f in c["figures"])
        assert row[3] == c["implied"] and row[4] == [h["words"] for h in c["hypotheses"]] and row[5] == len(c["proof"])
    assert not published.execute(
        "FROM audit_findings WHERE words_zh = '' OR words_zh = words_en OR (kind <> 'survey' AND len(figures) = 0 "
        "AND kind <> 'outside')"
    ).fetchall()


def test_every_figure_of_a_finding_is_an_observation(published: duckdb.DuckDBPyConnection) -> None:
    assert not published.execute(
        """FROM (SELECT DISTINCT unnest(figures || premises) AS place
                 FROM (SELECT figures, CAST([] AS VARCHAR[]) AS premises FROM audit_findings
                       UNION ALL SELECT [], premises FROM audit_derived))
           ANTI JOIN (SELECT concat_ws('/', dataset, vintage, locator) AS place FROM observations) USING (place)"""
    ).fetchall()


def test_derived_values_carry_bounds_status_and_premises(published: duckdb.DuckDBPyConnection) -> None:
    found = published.execute(
        "SELECT flow, CAST(lower AS DOUBLE), CAST(upper AS DOUBLE), unit, unit_mult, status FROM audit_derived "
        "WHERE is_default AND (geo, item, period) = ('CN-440100', 'DEF:dds6', '2020') ORDER BY flow DESC"
    ).fetchall()
    assert found == [("X", 91.85, 91.91, "USD", 8, "contested"), ("M", 48.75, 48.81, "USD", 8, "contested")]
    assert published.execute(
        "SELECT count(*) FROM audit_derived WHERE lower > upper OR len(premises) = 0"
    ).fetchone() == (0,)
    many = published.execute(
        """SELECT max(n) FROM (SELECT count(*) AS n FROM audit_derived WHERE is_default
           GROUP BY geo, partner, flow, item, period, measure, basis, price, adjustment, unit)"""
    ).fetchone()
    assert many == (1,)


def test_figures_are_audited_again_only_when_they_change(
    clean_run: Path, data_dir: Path, plain_layout: str, spoil: Callable[..., Path]
) -> None:
    data = data_dir
    shutil.copytree(clean_run / "curated", data / "curated")
    called: list[str] = []

    def audit(*args: Any) -> Any:
        called.append("audit")
        return pipeline.STEPS["audit"](*args)

    steps = pipeline.STEPS | {"audit": audit, "export_tables": lambda workspace: []}
    assert pipeline.run_stages(data, steps)["rebuilt"]["audit"] == "unchanged"
    write_own(data, "layouts/made_up/t.toml", plain_layout.replace('"EBOPS2010:S"', '"EBOPS2010:SI"'))
    write_edition(data, "made_up", "2020", {"t.csv": "年份,出口,进口\n2019,1,2\n2020,2,3\n"})  # states nothing
    rebuilt = pipeline.run_stages(data, steps)["rebuilt"]
    assert rebuilt["results"].startswith("edition changed") and rebuilt["audit"] == "unchanged" and not called
    spoil("guangzhou_digital_trade_report", "statements.csv", lambda b: b.replace(b",55.07,", b",55.08,"))
    rebuilt = pipeline.run_stages(data, steps)["rebuilt"]
    assert rebuilt["audit"] == "printed figures changed" and called == ["audit"]
