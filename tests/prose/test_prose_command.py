"""digitrade audit with a draft: the figures of its sentences beside the database, and against one another."""

from __future__ import annotations

import json
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from prose_worlds import ITEMS, PLACES, World, say_growth, say_level
from typer.testing import CliRunner

from flows.cli import app
from transforms.prose import find_figures, make_rows, read_draft

DRAFT = Path(__file__).with_name("draft.md")


def call(data: Path, *args: str) -> Result:
    return CliRunner().invoke(app, ["audit", *args, "--data-dir", str(data)])


@pytest.fixture(scope="module")
def report(clean_run: Path) -> dict[str, Any]:
    done = call(clean_run, str(DRAFT), "--json")
    assert done.exit_code == 1
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_every_figure_of_the_example_has_its_verdict(report: dict[str, Any]) -> None:
    found = [(f["figure"], f["status"], [h["kind"] for h in f["hypotheses"]]) for f in report["figures"]]
    assert found == [
        ("140.66亿美元", "agrees", []),
        ("43.1亿美元", "agrees", []),
        ("8%", "agrees", []),
        ("31%", "agrees", []),
        ("25%", "agrees", []),
        ("27%", "agrees", []),
        ("15.82亿美元", "contradicts", []),
        ("10.82%", "agrees", []),
        ("1.38亿美元", "agrees", []),
        ("39.22%", "another", ["sign"]),
        ("47.5亿美元", "another", ["unit"]),
        ("US$ 4.5 trillion", "agrees", []),
        ("US$ 207.0 billion", "another", ["definition"]),
        ("4 per cent", "contradicts", []),
        ("12%", "unresolved", []),
        ("80亿美元", "unresolved", []),
        ("50亿美元", "unresolved", []),
    ]
    open_definition = next(f for f in report["figures"] if f["figure"] == "US$ 207.0 billion")
    assert not open_definition["contradiction"] and open_definition["assumed"] == ["definition"]


def test_a_contradiction_within_the_draft_is_found_too(report: dict[str, Any]) -> None:
    assert {"31", "25", "27"} in [{f["printed"] for f in c["figures"]} for c in report["contradictions"]]
    assert {"derived", "hypotheses", "figures"} <= report.keys() and report["encoding"] == "UTF-8"


def test_a_figure_says_where_it_stands(report: dict[str, Any]) -> None:
    lines = DRAFT.read_text(encoding="utf-8").split("\n")
    for f in report["figures"]:
        assert f["figure"].split("亿")[0] in lines[f["line"] - 1], f
        assert f["place"] == f"draft.md:L{f['line']}!P{f['paragraph']}S{f['place'].rpartition('S')[2]}"


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_the_report_is_for_readers_in_both_languages(lang: str, form: str, clean_run: Path) -> None:
    done = call(clean_run, str(DRAFT), "--lang", lang, "--format", form)
    assert done.exit_code == 1
    said = {
        "zh": ("稿中数字：与数据库矛盾", "正负号相反则相符", "有不识别的词语：预计"),
        "en": ("contradicts the database", "It agrees with the other sign", "Words that are not known: 预计"),
    }
    for words in said[lang]:
        assert words in done.stdout
    assert "PROSE." not in done.stdout


def test_a_draft_without_faults_ends_with_0(clean_run: Path, tmp_path: Path) -> None:
    path = tmp_path / "fine.txt"
    path.write_bytes("2020年，广州数字贸易规模为140.66亿美元，顺差43.1亿美元。\n".encode("gb18030"))
    done = call(clean_run, str(path), "--json")
    found = json.loads(done.stdout)
    assert done.exit_code == 0 and found["encoding"] == "GB 18030"
    assert [f["status"] for f in found["figures"]] == ["agrees", "agrees"]


def test_without_a_database_the_draft_is_held_against_itself(tmp_path: Path) -> None:
    path = tmp_path / "d.md"
    path.write_text("2020年，广州服务贸易出口50亿美元，进口40亿美元，进出口总额95亿美元。", encoding="utf-8")
    done = call(tmp_path, str(path), "--json")
    found = json.loads(done.stdout)
    assert done.exit_code == 1 and len(found["contradictions"]) == 1
    assert {f["status"] for f in found["figures"]} == {"not_in_database"}
    assert "digitrade run" in found["problems"][0]


@pytest.mark.parametrize(("name", "content"), [("a.docx", b"PK\x03\x04 broken"), ("a.txt", b""), ("a.md", b"\0\1\2")])
def test_an_unusable_file_ends_with_2_and_one_message(name: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    done = call(tmp_path, str(path))
    assert done.exit_code == 2 and name in done.output and "Traceback" not in done.output
    assert call(tmp_path, str(tmp_path / "absent.md")).exit_code == 2


def test_two_hundred_pages_are_read_in_seconds() -> None:
    """About 500 words or 1,000 characters a page."""
    texts = []
    filler = "数字贸易是由信息技术推动的新型贸易方式，各方对其范围的认识并不一致，本节据公开资料加以梳理。" * 8
    for n in range(600):
        levels = (Fraction((n + 9) * 10**9), Fraction((n + 8) * 10**9))
        world = World(PLACES[n % 5], ITEMS[n % 4], "XMT"[n % 3], 2005 + n % 18, *levels)
        texts += [filler, say_level(world, "zh", 2), say_growth(world, "en", 1)]
    content = "\n\n".join(texts).encode()
    assert len(content.decode()) > 200_000
    begin = time.perf_counter()
    found = find_figures(read_draft(content, "d.md"))
    rows = make_rows(found, "d.md")
    assert time.perf_counter() - begin < 10
    assert len(rows) == len(found) == 1200
