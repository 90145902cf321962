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
    for part in ("draft.csv, row 3: 'Guangzhouu'", "nearest known: Guangzhou", "row 4: text where a figure belongs",
                 "row 5: the statement has no period", "row 6: the statement has no unit",
                 "twice with two values: 100 at draft.csv!R2 and 102 at draft.csv!R7"):  # fmt: skip
        assert part in said, said
    assert {d["flow"] for d in report["derived"]} == {"M"}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"x,y\n1,2\n", "there is no column place"),
        ("a.csv", bytes(range(128, 256)), "bytes are not utf-8"),
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
    assert any("draft.csv, row 3" in text and "larger than any economy" in text for text in report["problems"])


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
