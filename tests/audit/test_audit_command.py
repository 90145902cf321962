"""digitrade audit as its users call it: published statements, files of one's own, faults in them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from flows.cli import app

HEAD = "place,item,flow,measure,period,base_period,figure,unit,qualifier,reference\n"


def call(data: Path, *args: str) -> Result:
    return CliRunner().invoke(app, [*args, "--data-dir", str(data)])


@pytest.fixture(scope="module")
def report(clean_run: Path) -> dict[str, Any]:
    done = call(clean_run, "audit", "--json")
    assert done.exit_code == 1
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def printed(report: dict[str, Any]) -> list[set[str]]:
    return [{f["printed"] for f in c["figures"]} for c in report["contradictions"]]


def test_the_contradictions_of_the_guangzhou_report_are_found(report: dict[str, Any]) -> None:
    found = printed(report)
    for expected in ({"31", "25", "27"}, {"55.07", "-55", "27", "31"}, {"1.71", "2.61", "2.08"},
                     {"12027.60", "31925.86", "7.46"}, {"14.6", "675", "46"}):  # fmt: skip
        assert expected in found
    assert report["complete_to"] == 6 and not report["problems"]
    assert [w["kind"] for w in report["warnings"]] == ["exports_nothing"]


def test_the_average_growth_can_only_be_another_average(report: dict[str, Any]) -> None:
    c = next(c for c in report["contradictions"] if "7.46" in {f["printed"] for f in c["figures"]})
    assert c["hypotheses"][0]["kind"] == "mean_of_rates"
    assert any("the others leave 7.22" in words for words in c["implied"])


def test_digital_exports_and_imports_of_2020_follow_from_total_and_balance(report: dict[str, Any]) -> None:
    found = {
        d["flow"]: (d["lower"], d["upper"], d["unit"], d["unit_mult"], d["contested"])
        for d in report["derived"]
        if d["default"] and (d["geo"], d["item"], d["period"]) == ("CN-440100", "DEF:dds6", "2020")
    }
    assert found == {"X": (91.85, 91.91, "USD", 8, True), "M": (48.75, 48.81, "USD", 8, True)}


def test_the_survey_was_answered_by_207(report: dict[str, Any]) -> None:
    (survey,) = [s for s in report["surveys"] if s["stated"]]
    assert survey["stated"] == 252 and survey["sizes"][0] == 207 and len(survey["impossible"]) == 3


@pytest.mark.slow
def test_the_same_report_whatever_the_seed_of_hashes(clean_run: Path) -> None:
    command = [sys.executable, "-m", "flows.cli", "audit", "--json", "--data-dir", str(clean_run)]
    texts = [
        subprocess.run(command, capture_output=True, env={**os.environ, "PYTHONHASHSEED": seed}).stdout
        for seed in ("1", "2")
    ]
    assert texts[0] == texts[1] != b""


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_template_contradicts_itself(lang: str, clean_run: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    assert call(clean_run, "audit", "--template", str(path), "--lang", lang).exit_code == 0
    done = call(clean_run, "audit", str(path), "--lang", lang)
    assert done.exit_code == 1 and "24.50" in done.stdout
    assert call(clean_run, "audit", "--template", str(path)).exit_code == 2


def test_faults_are_named_and_the_rest_is_audited(clean_run: Path, tmp_path: Path) -> None:
    path = tmp_path / "draft.csv"
    path.write_text(
        HEAD + "Guangzhou,Services,Exports,Value,2020,,100,million USD,,\n"
        "Guangzhouu,Services,Imports,Value,2020,,100,million USD,,\n"
        "Guangzhou,Services,Imports,Value,2020,,ab,million USD,,\n"
        "Guangzhou,Services,Imports,Value,,,5,million USD,,\n"
        "Guangzhou,Services,Imports,Value,2020,,5,,,\n"
        "Guangzhou,Services,Exports,Value,2020,,102,million USD,,\n"
        "\n"
        "Guangzhou,Services,Exports and imports together,Value,2020,,150.0,million USD,,\n",
        encoding="utf-8",
    )
    done = call(clean_run, "audit", str(path), "--json")
    report = json.loads(done.stdout)
    assert done.exit_code == 1 and printed(report) == [{"100", "102"}]
    said = "\n".join(report["problems"])
    for part in ("draft.csv, line 3 (Guangzhouu Services Imports Value 2020): place 'Guangzhouu' is not known. "
                 "Perhaps Guangzhou", "line 4 (Guangzhou Services Imports Value 2020): 'ab' is no number",
                 "line 5 (Guangzhou Services Imports Value): There is no period",
                 "line 6 (Guangzhou Services Imports Value 2020): There is no unit",
                 "line 7 (Guangzhou Services Exports Value 2020): The same statement stands in line 2 with another "
                 "value: 100 there, 102 here"):  # fmt: skip
        assert part in said, said
    assert {d["flow"] for d in report["derived"]} == {"M"}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"x,y\n1,2\n", "there is no column place"),
        ("a.csv", bytes(range(128, 256)), "bytes are neither UTF-8 nor GB 18030"),
        ("a.toml", b"= 3", "the file is not TOML"),
        ("a.toml", b'[[statement]]\nplaace = "x"', "an unknown key. Found: 'plaace'"),
        ("a.toml", b'title = "x"', "there is no list of statements"),
    ],
)
def test_an_unreadable_file_gives_one_message(
    name: str, content: bytes, said: str, clean_run: Path, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    done = call(clean_run, "audit", str(path))
    assert done.exit_code == 2 and done.stderr.count("\n") == 1 and said in done.stderr
    assert call(clean_run, "audit", str(tmp_path / "none.csv")).exit_code == 2


def test_toml_says_the_same_as_csv(clean_run: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    figure = '[[statement]]\nplace = "广州市"\nitem = "数字贸易"\nmeasure = "占比"\nperiod = "2018"\nunit = "%"\n'
    figure += 'reference = "SERVICES"\nflow = "{}"\nfigure = "{}"\n'
    path.write_text("".join(figure.format(*f) for f in (("出口", 25), ("进口", 27), ("进出口", 31))), encoding="utf-8")
    done = call(clean_run, "audit", str(path), "--json")
    assert done.exit_code == 1 and printed(json.loads(done.stdout)) == [{"25", "27", "31"}]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_an_exported_table_can_be_audited(lang: str, clean_run: Path) -> None:
    path = clean_run / "curated" / "exports" / "tables" / lang / "table_1.csv"
    done = call(clean_run, "audit", str(path), "--json", "--lang", lang)
    assert done.exit_code == 1 and printed(json.loads(done.stdout)) == [{"31", "25", "27"}]


@pytest.mark.slow
def test_a_page_and_a_file(clean_run: Path, tmp_path: Path) -> None:
    target = tmp_path / "audit.html"
    assert call(clean_run, "audit", "-o", str(target), "--format", "html", "--lang", "zh").exit_code == 1
    page = target.read_text(encoding="utf-8")
    assert page.startswith('<!doctype html><html lang="zh-Hans">') and "24.50 至 27.50" in page
    assert call(clean_run, "audit", "-o", str(tmp_path / "no" / "x.md")).exit_code == 2


def test_units_and_qualifiers_are_read_as_our_own_tables_write_them(clean_run: Path, tmp_path: Path) -> None:
    path = tmp_path / "draft.csv"
    path.write_text(
        HEAD + "Guangzhou,Services,Exports,Value,2020,,10.0,hundred million USD,about,\n"
        "Guangzhou,Services,Imports,Value,2020,,5.0,hundred million USD,,\n"
        "Guangzhou,Services,Exports and imports together,Value,2020,,17.0,hundred million USD,,\n",
        encoding="utf-8",
    )
    report = json.loads(call(clean_run, "audit", str(path), "--json").stdout)
    assert report["problems"] == [] and [c["grade"] for c in report["contradictions"]] == ["declared"]


def test_a_statement_that_stops_the_reading_does_not_take_the_others_along(clean_run: Path, tmp_path: Path) -> None:
    path = tmp_path / "draft.csv"
    rows = [f"Guangzhou,Services,Exports,Value,2020,,{figure},million USD,," for figure in (10, 20)]
    huge = "Shenzhen,Services,Exports,Value,2020,,123456789012345678901234,million USD,,"
    path.write_text(HEAD + "\n".join([rows[0], huge, rows[1]]) + "\n", encoding="utf-8")
    report = json.loads(call(clean_run, "audit", str(path), "--json").stdout)
    assert printed(report) == [{"10", "20"}]
    assert any("draft.csv, line 3" in text and "larger than any economy" in text for text in report["problems"])


def test_a_search_that_was_not_finished_does_not_end_with_0(clean_run: Path, tmp_path: Path) -> None:
    path = tmp_path / "draft.csv"
    path.write_text(HEAD + "Guangzhou,Services,Exports,Value,2020,,10,million USD,,\n", encoding="utf-8")
    assert call(clean_run, "audit", str(path)).exit_code == 0
    assert call(clean_run, "audit", str(path), "--budget", "0").exit_code == 2
    assert call(clean_run, "audit", str(path), "--budget", "nan").exit_code == 2


def test_a_file_as_excel_in_china_saves_it_is_read_and_said(tmp_path: Path) -> None:
    text = "主体,指标,流向,度量,时期,数值,单位\n" + "".join(
        f"广州市,数字贸易,{flow},数值,2020,{figure},亿美元\n"
        for flow, figure in (("进出口", "140.66"), ("出口", "95.1"), ("进口", "50.2"))
    )
    (tmp_path / "gb.csv").write_bytes(text.encode("gb18030"))
    done = call(tmp_path, "audit", str(tmp_path / "gb.csv"), "--json", "--lang", "zh")
    report = json.loads(done.stdout)
    assert done.exit_code == 1 and printed(report) == [{"140.66", "95.1", "50.2"}]
    assert report["problems"] == ["gb.csv：非 UTF-8，已按 GB 18030 读取，请核对文字"]
    (tmp_path / "bad.csv").write_bytes(b"a,b\n\xff\xfe\x00,1\n")
    assert call(tmp_path, "audit", str(tmp_path / "bad.csv")).exit_code == 2


def test_a_number_in_words_is_rounded_to_its_last_word(tmp_path: Path) -> None:
    """四成 is 35 to 45 per cent: 44 of 100 agrees with it, 46 does not."""
    for figure, code in (("44", 0), ("46", 1)):
        (tmp_path / "w.csv").write_text(
            "主体,指标,流向,度量,时期,参照,数值,单位\n"
            "广州市,数字贸易,出口,占比,2020,SERVICES,四,成\n"
            f"广州市,数字贸易,出口,数值,2020,,{figure}.0,亿美元\n广州市,服务贸易,出口,数值,2020,,100.0,亿美元\n",
            encoding="utf-8",
        )
        done = call(tmp_path, "audit", str(tmp_path / "w.csv"), "--json")
        assert done.exit_code == code, done.stdout
        assert not json.loads(done.stdout)["not_judged"]


def test_an_amount_below_zero_contradicts_nothing(tmp_path: Path) -> None:
    """Goods for processing may be negative: 102 in the other items, -2 there, 100 in all is a clean world."""
    (tmp_path / "n.csv").write_text(
        HEAD + "Guangzhou,manufacturing services on physical inputs owned by others,exports,value,2020,,-2.0,亿美元,,\n"
        "Guangzhou,transport,exports,value,2020,,62.0,亿美元,,\nGuangzhou,travel,exports,value,2020,,40.0,亿美元,,\n"
        "Guangzhou,services,exports,value,2020,,100.0,亿美元,,\n",
        encoding="utf-8",
    )
    done = call(tmp_path, "audit", str(tmp_path / "n.csv"), "--json")
    report = json.loads(done.stdout)
    assert done.exit_code == 0 and not report["contradictions"] and not report["problems"], report
    assert [row["printed"] for row in report["not_judged"]] == ["-2.0"]


# A statement that cannot be read -> what is said of it in English and in Chinese.
FAULTS = {
    "广州,服务贸易,进口,数值,2020,,5,亿美元,,,": None,
    "广洲市,服务贸易,进口,数值,2020,,5,亿美元,,,": ("place '广洲市' is not known", "主体“广洲市”未收录。是不是广州市"),
    "广州市,服务贸意,进口,数值,2020,,5,亿美元,,,": ("Perhaps Services", "指标“服务贸意”未收录。是不是服务贸易"),
    "广州市,服务贸易,近口,数值,2020,,5,亿美元,,,": ("flow '近口' is not known", "流向“近口”未收录"),
    "广州市,服务贸易,进口,数直,2020,,5,亿美元,,,": ("measure '数直' is not known", "度量“数直”未收录"),
    "广州市,服务贸易,进口,数值,,,5,亿美元,,,": ("There is no period", "缺时期"),
    "广州市,服务贸易,进口,数值,二零,,5,亿美元,,,": ("period '二零' is no period. Write 2020", "时期“二零”不是时期"),
    "广州市,服务贸易,进口,增速,2020,前年,5,%,,,": ("base_period '前年' is no period", "基期“前年”不是时期"),
    "广州市,服务贸易,进口,数值,2020,,五左右,亿美元,,,": ("'五左右' is no number", "“五左右”不是数字"),
    "广州市,服务贸易,进口,数值,2020,,,亿美元,,,": ("There is no figure", "缺数值"),
    "广州市,服务贸易,进口,数值,2020,,5,,,,": ("There is no unit", "缺单位"),
    "广州市,服务贸易,进口,数值,2020,,5,亿美圆,,,": ("unit '亿美圆' is not known", "单位“亿美圆”未收录"),
    "广州市,服务贸易,进口,数值,2020,,5,亿美元,粗略,,": ("over; at least; under", "请写下列之一：超过；不少于；不足"),
    "广州市,服务贸易,进口,占比,2020,,5,%,,SERVICESS,": ("Perhaps SERVICES Services trade", "是不是SERVICES"),
    "广州市,服务贸易,进口,数值,2020,,5.2,亿美元,,,0": ("decimals '0' does not fit the figure 5.2", "小数位“0”与数值"),
}  # fmt: skip
INTERNAL = ("layout", "quarantine", "own/", ".csv with", "[blanks]", "[maps", "code list", "数据约定")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_fault_is_said_in_the_words_of_who_wrote_the_file(lang: str, tmp_path: Path) -> None:
    """A line of faults each with its number; the sound first line is audited; nothing speaks of our own insides."""
    path = tmp_path / "draft.csv"
    head = "主体,指标,流向,度量,时期,基期,数值,单位,修饰,参照,小数位"
    path.write_text("\n".join([head, *FAULTS]) + "\n", encoding="utf-8")
    done = call(tmp_path, "audit", str(path), "--json", "--lang", lang)
    problems = json.loads(done.stdout)["problems"]
    assert done.exit_code == 0 and len(problems) == len(FAULTS) - 1, problems
    for number, (problem, expected) in enumerate(zip(problems, list(FAULTS.values())[1:], strict=True), 3):
        assert expected is not None and expected[lang == "zh"] in problem, problem
        assert problem.startswith(f"draft.csv 第 {number} 行" if lang == "zh" else f"draft.csv, line {number} (")
        assert not any(word in problem for word in INTERNAL), problem
        assert lang == "en" or not any(word in problem for word in (" is ", "cannot", "Perhaps")), problem


def test_a_fault_of_toml_is_named_by_the_place_of_the_statement(tmp_path: Path) -> None:
    said = '[[statement]]\nplace = "{}"\nitem = "Services"\nmeasure = "Value"\nperiod = "2020"\nunit = "million USD"\n'
    (tmp_path / "a.toml").write_text("".join(said.format(p) + "figure = 5\n" for p in ("Guangzhou", "Guangzhuo")))
    report = json.loads(call(tmp_path, "audit", str(tmp_path / "a.toml"), "--json").stdout)
    assert [text.partition(" (")[0] for text in report["problems"]] == ["a.toml, statement 2"]


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(
    ("name", "content"),
    [("a.csv", b"x,y\n1,2\n"), ("a.toml", b"= 3"), ("a.csv", bytes(range(128, 256))), ("a.docx", b"PK\x03\x04none"),
     ("none.csv", None)],
)  # fmt: skip
def test_for_machines_an_unusable_file_is_an_object(
    name: str, content: bytes | None, lang: str, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    done = call(tmp_path, "audit", str(tmp_path / name), "--json", "--lang", lang)
    told = json.loads(done.stdout)
    assert done.exit_code == 2 and name in told["error"] and told["error"] in done.stderr
    assert lang == "en" or "处理办法：" in told["error"]


def test_without_a_database_and_a_file_it_says_what_to_do(tmp_path: Path) -> None:
    done = call(tmp_path, "audit", "--json")
    assert done.exit_code == 2 and "digitrade run" in json.loads(done.stdout)["error"]


def test_the_report_says_what_was_audited(report: dict[str, Any], clean_run: Path, tmp_path: Path) -> None:
    """Without a file: every figure of the editions that are statements; what it says is what the database holds."""
    import duckdb

    with duckdb.connect(str(clean_run / "curated" / "digitrade.duckdb"), read_only=True) as con:
        held = con.execute(
            "SELECT dataset, vintage, count(value) FROM latest_observations GROUP BY ALL ORDER BY ALL"
        ).fetchall()
    audited = sorted((s["dataset"], s["vintage"], s["figures"]) for s in report["audited"])
    assert [row[0] for row in audited] == ["guangzhou_digital_trade_report", "seed_statements"]
    assert set(audited) <= set(held)
    against = {(s["dataset"], s["vintage"]) for s in report["held_against"]}
    assert against == {row[:2] for row in held} - {row[:2] for row in audited}
    assert str(sum(row[2] for row in audited)) in report["summary"].partition(" figures")[0]
    path = tmp_path / "mine.csv"
    path.write_text(HEAD + "Guangzhou,Services,Exports,Value,2020,,10,million USD,,\n" * 2, encoding="utf-8")
    text = call(tmp_path, "audit", str(path), "--lang", "zh").stdout
    assert "审核对象：mine.csv（数字 2 个）。\n" in text and "数字 2 个，矛盾 0 个" in text
    assert "all statements of the published" in " ".join(call(tmp_path, "audit", "--help").stdout.split())
