"""What a run makes of the rules: records, findings, history, report; gates, waivers and their end."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from expectations.catalogue import SEVERITIES, load_rules
from expectations.records import say_problem
from expectations.report import draw_sparkline, make_report, render_html, trace_failures
from expectations.words import say
from flows import pipeline
from flows.stages import remembering, settling
from transforms.codelists import load_codelist
from transforms.contract import load_contract
from transforms.errors import InputError

Run = Callable[[Path], dict[str, Any]]
GUANGZHOU = "guangzhou_digital_trade_report"


@pytest.fixture
def run(plain_steps: dict[str, Callable[..., Any]]) -> Run:
    return lambda data_dir: pipeline.run_stages(data_dir, plain_steps)


@pytest.fixture
def folder(clean_run: Path, tmp_path: Path) -> Path:
    """A data folder after a run on the bundled data, to be changed."""
    shutil.copytree(clean_run, tmp_path / "data")
    return tmp_path / "data"


def ask(data_dir: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(data_dir / "curated" / "digitrade.duckdb"), read_only=True) as con:
        return con.execute(sql).fetchall()


def settle(data_dir: Path, text: str) -> None:
    (data_dir / "own").mkdir(exist_ok=True)
    (data_dir / "own" / "rules.toml").write_text(text, encoding="utf-8")


def waive(rule: str, dataset: str, more: str = "") -> str:
    return (
        f'[[waivers]]\nrule = "{rule}"\ndataset = "{dataset}"\n{more}name = "A. Statistician"\n'
        'reason = "Asked and answered."\nexpires = 2099-12-31\n'
    )


def test_every_edition_has_a_record_of_every_rule_that_is_about_it(published: duckdb.DuckDBPyConnection) -> None:
    records = published.execute("SELECT rule_id, dataset FROM validation_records").fetchall()
    editions = {dataset for (dataset,) in published.execute("SELECT dataset FROM datasets").fetchall()}
    for rule in load_rules().values():
        if rule.sql:
            assert {dataset for of, dataset in records if of == rule.id} == editions, rule.id
    assert len(records) == len(set(records))
    values = dict(published.execute("SELECT outcome, any_value(value) FROM validation_records GROUP BY ALL").fetchall())
    assert values == {"pass": "1", "fail": "0", "not_judged": "NA"}


def test_counts_of_records_are_those_of_the_checks(published: duckdb.DuckDBPyConnection) -> None:
    differing = published.execute(
        """SELECT rule_id, dataset FROM validation_records r
           JOIN (SELECT belongs_to AS rule_id, dataset, vintage, sum(failed) AS f, sum(checked) AS c
                 FROM checks GROUP BY ALL)
           USING (rule_id, dataset, vintage) WHERE f <> failed OR c <> judged"""
    ).fetchall()
    assert differing == []
    assert published.execute("SELECT count(*) FROM checks").fetchone() != (0,)


def test_findings_name_the_contradictions_of_the_report(published: duckdb.DuckDBPyConnection) -> None:
    found = published.execute(
        f"SELECT locator, found FROM findings WHERE rule_id = 'Q09' AND dataset = '{GUANGZHOU}' ORDER BY ALL"
    ).fetchall()
    assert ("table_1 table_1.csv!R3C2", "weighted_mean: printed 31, computed 24.50 to 27.50") in found


def test_the_published_records_hold_no_clock_but_the_history_does(clean_run: Path) -> None:
    assert ask(clean_run, "SELECT DISTINCT event_time, event_trigger FROM validation_records") == [("", "")]
    (kept,) = (clean_run / "curated" / "runs" / "rules").glob("*.parquet")
    table = pq.read_table(kept)
    assert table.column_names == load_contract("validation_records").names
    (time,) = set(table["event_time"].to_pylist())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", time)
    assert set(table["event_trigger"].to_pylist()) == {kept.stem}
    assert all("DuckDB" in agent for agent in table["event_agent"].to_pylist())


def test_a_rerun_with_nothing_changed_judges_nothing_and_remembers_nothing(folder: Path, run: Run) -> None:
    before = sorted((folder / "curated" / "runs" / "rules").iterdir())
    summary = run(folder)
    assert summary["rebuilt"] == dict.fromkeys(summary["rebuilt"], "unchanged")
    assert sorted((folder / "curated" / "runs" / "rules").iterdir()) == before


def test_a_waiver_is_shown_with_its_name_and_its_end_is_said(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(folder, waive("Q13", "unctad_digitally_deliverable"))
    summary = run(folder)
    assert summary["rebuilt"]["rules"] == "settings of the rules changed: own/rules.toml"
    assert [row["waived"] for row in summary["failing_rules"] if row["rule"] == "Q13"] == [2]
    assert ask(folder, "SELECT DISTINCT waived_by FROM findings WHERE rule_id = 'Q13' AND verdict = 'fail'") == [
        ("A. Statistician",)
    ]
    page = Path(summary["report"]).read_text(encoding="utf-8")
    assert "waived by A. Statistician until 2099-12-31: Asked and answered." in page
    monkeypatch.setattr(settling, "tell_day", lambda: date(2100, 1, 1))
    summary = run(folder)
    rows = {row["rule"]: row for row in summary["failing_rules"]}
    assert rows["Q13"]["waived"] == 0 and rows["W01"]["severity"] == "warning"
    (examples,) = ask(folder, "SELECT examples FROM checks WHERE rule_id = 'W01'")
    assert examples == (["own/rules.toml row 1: Q13, A. Statistician: expired on 2099-12-31"],)


def spoil_quality(folder: Path) -> None:
    """Print another rate of a year beside the one there is: an error of our reading (Q04)."""
    edition = next((folder / "raw" / "exchange_rates_cny").iterdir())
    content = (edition / "average_rates.csv").read_bytes() + b"2023,7.1000,V\n"
    (edition / "average_rates.csv").write_bytes(content)
    card = (edition / "card.toml").read_text(encoding="utf-8")
    card = re.sub(r'sha256 = "[0-9a-f]*"', f'sha256 = "{hashlib.sha256(content).hexdigest()}"', card)
    (edition / "card.toml").write_text(re.sub(r"bytes = \d+", f"bytes = {len(content)}", card), encoding="utf-8")


def test_an_error_of_our_reading_blocks_until_somebody_answers_for_it(folder: Path, run: Run) -> None:
    spoil_quality(folder)
    states = {row["dataset"]: row["state"] for row in run(folder)["datasets"]}
    assert states.pop("exchange_rates_cny") == "kept" and set(states.values()) == {"read"}
    settle(folder, waive("Q04", "exchange_rates_cny"))
    summary = run(folder)
    assert {row["state"] for row in summary["datasets"]} == {"read"}
    (told,) = [row for row in summary["failing_rules"] if row["rule"] == "O16"]
    assert (told["failed"], told["waived"]) == (2, 2)
    settle(folder, "")
    assert {row["dataset"] for row in run(folder)["datasets"] if row["state"] == "kept"} == {"exchange_rates_cny"}


def test_a_severity_set_lower_no_longer_blocks(folder: Path, run: Run) -> None:
    spoil_quality(folder)
    settle(folder, '[[severities]]\nrule = "Q04"\nseverity = "warning"\nreason = "r"\n')
    assert {row["state"] for row in run(folder)["datasets"]} == {"read"}


@pytest.mark.parametrize("severity", ["error", "information"])
def test_no_severity_of_what_was_published_blocks(folder: Path, run: Run, severity: str) -> None:
    rules = [rule.id for rule in load_rules().values() if rule.about == "published"]
    settle(folder, "".join(f'[[severities]]\nrule = "{r}"\nseverity = "{severity}"\nreason = "r"\n' for r in rules))
    assert {row["state"] for row in run(folder)["datasets"]} == {"read"}
    assert ask(folder, "SELECT DISTINCT severity FROM checks WHERE about = 'published'") == [(severity,)]


def test_only_so_many_runs_are_remembered(folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembering, "KEPT_RUNS", 2)
    for number in (5, 6, 7):
        settle(folder, f'[[parameters]]\nrule = "Q13"\nname = "changes"\nvalue = {number}\nreason = "r"\n')
        summary = run(folder)
    kept = sorted((folder / "curated" / "runs" / "rules").glob("*.parquet"))
    assert len(kept) == 2 and kept[-1].stem == summary["run_id"]
    assert len(list((folder / "curated" / "runs" / "rules").iterdir())) == 6


# --- since when, and the page -----------------------------------------------------------------------------------------


def remembered(*values: str) -> list[dict[str, Any]]:
    return [
        {"rule_id": "Q07", "dataset": "mine", "vintage": "2024", "value": value, "failed": int(value == "0") * n,
         "event_time": f"2027-01-0{n}T00:00:00Z", "event_trigger": f"run{n}"}
        for n, value in enumerate(values, 1)
    ]  # fmt: skip


@pytest.mark.parametrize(("values", "since"), [
    (("1", "0", "0"), "2027-01-02T00:00:00Z"),
    (("0", "1", "0"), "2027-01-03T00:00:00Z"),
    (("0", "NA", "0"), "2027-01-03T00:00:00Z"),
    (("0", "0", "1"), ""),
])  # fmt: skip
def test_since_when_is_the_first_run_of_an_unbroken_row_of_failures(values: tuple[str, ...], since: str) -> None:
    assert trace_failures(remembered(*values))["Q07", "mine", "2024"]["since"] == since


def test_a_sparkline_needs_two_runs_and_reaches_from_top_to_bottom() -> None:
    assert draw_sparkline([3], "en") == ""
    drawn = draw_sparkline([0, 4], "en")
    assert 'points="0.0,16.0 90.0,2.0"' in drawn and "0, 4" in drawn


class Page(HTMLParser):
    """Collects what a page asks for from elsewhere, and checks that its tags close."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.asked: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "br", "polyline"):
            self.open.append(tag)
        self.asked += [f"{tag} {name}={value}" for name, value in attrs if name in ("src", "href", "srcset")]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_page_stands_alone_and_says_what_failed_and_what_was_not_judged(clean_run: Path, lang: str) -> None:
    path = remembering.find_report(clean_run / "curated", lang)
    assert path is not None
    text = path.read_text(encoding="utf-8")
    page = Page(text)
    assert page.open == []
    (link,) = page.asked
    assert link == f"a href={path.name.replace(f'_{lang}', '_zh' if lang == 'en' else '_en')}"
    assert "color-scheme: light dark" in text and "http" not in text.replace("https://", "", 0).split("<body>")[0]
    assert load_rules()["Q09"].title[lang] in text and "table_1.csv!R3C2" in text
    assert say("nothing", lang) in text and say("unjudged", lang) in text


def test_what_publishers_print_is_escaped() -> None:
    record = {
        "rule_id": "Q07", "dataset": "<b>", "vintage": "1", "value": "0", "outcome": "fail", "judged": 1, "failed": 1,
        "waived": 0, "explained": 0, "not_judged": 0, "severity": "error", "level": "1", "about": "published",
        "rule_status": "active", "explanation_en": "", "data_source": "<b>/1",
    }  # fmt: skip
    finding = dict.fromkeys(load_contract("findings").names, "") | {
        "rule_id": "Q07", "dataset": "<b>", "vintage": "1", "verdict": "fail", "found": "<script>", "size": 1.0
    }  # fmt: skip
    page = render_html(make_report([record], [finding], []), "en")
    assert "<script>" not in page and "&lt;script&gt;" in page and "&lt;b&gt;/1" in page


def test_check_says_it_as_json_and_names_the_page(clean_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from flows.cli import main

    with pytest.raises(SystemExit) as ended:
        main(["check", "--json", "--strict", "--data-dir", str(clean_run)])
    told = json.loads(capsys.readouterr().out)
    assert ended.value.code == 1 and Path(told["report"]).is_file()
    assert {record["rule_id"] for record in told["records"]} >= {rule.id for rule in load_rules().values() if rule.sql}
    assert {finding["rule_id"] for finding in told["findings"]} == {
        record["rule_id"] for record in told["records"] if record["outcome"] == "fail"
    }
    with pytest.raises(SystemExit) as ended:
        main(["check", "--lang", "zh", "--data-dir", str(clean_run)])
    shown = capsys.readouterr().out
    assert ended.value.code == 0 and "_zh.html" in shown and "Q13" in shown


def test_the_catalogue_is_listed_and_a_rule_is_told_whole(capsys: pytest.CaptureFixture[str]) -> None:
    from flows.cli import main

    for lang in ("en", "zh"):
        with pytest.raises(SystemExit):
            main(["catalog", "rules", "--json", "--lang", lang])
        rows = json.loads(capsys.readouterr().out)
        assert [(row["rule"], row["title"]) for row in rows] == [
            (rule.id, rule.title[lang]) for rule in load_rules().values()
        ]
    with pytest.raises(SystemExit):
        main(["catalog", "rules", "q13", "--json"])
    (told,) = json.loads(capsys.readouterr().out)
    assert "parameter c" in told and "Hidiroglou" in told["parameter c"]


def test_check_says_what_was_found_in_chinese_with_the_unit_of_how_bad(
    clean_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from flows.cli import main

    with pytest.raises(SystemExit):
        main(["check", "--lang", "zh", "--data-dir", str(clean_run)])
    shown = capsys.readouterr().out
    assert "EBOPS2010:SC：2 期；预期 3 期（2019 至 2021） [占时期数之比：0.333]" in shown
    assert "各流向的加权平均（上下界）：印刷值 31，计算值 24.50 至 27.50" in shown
    assert "expected" not in shown and "printed" not in shown
    page = remembering.find_report(clean_run / "curated", "zh")
    assert page is not None
    text = page.read_text(encoding="utf-8")
    assert "3 期（2019 至 2021）" in text and "占时期数之比：0.333" in text and "periods" not in text


# --- one language, one count ------------------------------------------------------------------------------------------


def test_run_check_and_page_count_the_same_rules(folder: Path, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    from flows.cli import main

    (folder / "own").mkdir(exist_ok=True)
    settle(folder, '[[parameters]]\nrule = "Q13"\nname = "z"\nvalue = 3.9\nreason = "r"\n')
    summary = run(folder)
    counts = summary["rules"]
    page = Path(summary["report"]).read_text(encoding="utf-8")
    said = f"{counts['fail']} failed, {counts['pass']} passed, {counts['not_judged']} could not be judged"
    assert said in page
    records = dict(ask(folder, "SELECT outcome, count(*) FROM validation_records GROUP BY ALL"))
    assert records == {name: count for name, count in counts.items() if count}
    with pytest.raises(SystemExit):
        main(["check", "--data-dir", str(folder)])
    assert f"{counts['pass']} passed, {counts['fail']} failed" in capsys.readouterr().out


def test_what_blocks_an_edition_is_said_in_chinese(folder: Path, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    from flows.cli import main
    from flows.terminal import print_summary

    spoil_quality(folder)
    (card,) = (folder / "raw" / "seed_statements").glob("*/card.toml")
    card.write_text(card.read_text(encoding="utf-8").replace("terms = ", "term = "), encoding="utf-8")
    print_summary(run(folder), "zh")
    shown = capsys.readouterr().out
    assert "已拦截" in shown and "停用" not in shown
    assert "1 条关于读取的规则未通过；O16" in shown and "处理办法：改正这些行或版式" in shown
    assert "卡片有未知的键 publisher_says.term。实际为 'term'。处理办法：用下列之一：" in shown
    assert "What to do" not in shown and "Found" not in shown
    with pytest.raises(SystemExit):
        main(["check", "--lang", "zh", "--data-dir", str(folder)])
    assert "What to do" not in capsys.readouterr().out


@pytest.mark.parametrize(("kept", "said"), [
    (InputError("the card lacks publisher_says.terms", file="m/2024/card.toml", todo="fill it in."),
     "m/2024/card.toml：卡片缺少 publisher_says.terms。处理办法：补上。"),
    (InputError("the geo cannot be read: 'Chna' is not in the code list geographies; nearest known: China (CHN)",
                file="m/2024/t.csv", sheet="S", row=3, column=2, found="Chna", todo="mend the line named."),
     "m/2024/t.csv 工作表 'S' 第 3 行 列 2：geo 无法读取：'Chna' 不在代码表 geographies 中；已知相近者：China (CHN)。"
     "实际为 'Chna'。处理办法：改正所指的行。"),
    (InputError("nobody has words for this", file="m/2024/t.csv"), "m/2024/t.csv：nobody has words for this。"),
])  # fmt: skip
def test_a_kept_refusal_is_taken_apart_and_said_in_chinese(kept: InputError, said: str) -> None:
    assert say_problem(str(kept), "zh") == said and say_problem(str(kept), "en") == str(kept)


def test_a_severity_has_one_word_in_each_language() -> None:
    for severity in SEVERITIES:
        assert load_codelist("words").label(f"CHECK.{severity}", "zh") == say(severity, "zh", "severity")
