"""digitrade catalog: what is printed can be read, in both languages, and an indicator's card is shown whole."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import Result
from rich.cells import cell_len
from typer.testing import CliRunner

from flows.catalog import list_topic
from flows.cli import Topic, app
from flows.terminal import measure_columns, wrap_cells
from transforms.codelists import load_codelist
from transforms.contract import load_contract
from transforms.database import CONTRACTS
from transforms.errors import InputError
from transforms.indicators import SHARED, load_cards

WIDTH = 120


def call(data_dir: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["catalog", *words, "--data-dir", str(data_dir)], env={"COLUMNS": str(WIDTH)})


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("topic", list(Topic))
def test_no_word_is_broken_and_nothing_is_lost(topic: Topic, lang: str, clean_run: Path) -> None:
    """Every word of every row stands whole on a line; Chinese may be broken after any character, but none is lost."""
    rows = json.loads(call(clean_run, topic.value, "--lang", lang, "--json").stdout)
    shown = call(clean_run, topic.value, "--lang", lang).stdout
    assert rows and max(map(cell_len, shown.splitlines())) <= WIDTH
    words = {word for row in rows for value in row.values() for word in re.findall(r"[!-~]+", value)}
    printed = set(re.findall(r"[!-~]+", shown))
    assert {word for word in words if word not in printed and len(word) < 60} == set()
    characters = "".join(value for row in rows for value in row.values())
    missing = {c for c in set(characters) if "一" <= c <= "鿿" and shown.count(c) < characters.count(c)}
    assert missing == set()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_whole_card_of_an_indicator(lang: str, tmp_path: Path) -> None:
    """Every field of every card in the language asked for, though there is no data folder."""
    for card in load_cards():
        (said,) = json.loads(call(tmp_path, "indicators", card.indicator, "--lang", lang, "--json").stdout)
        written = vars(card)
        pairs = ["title", "words", "numerator", "denominator", "bounds", "refused", "domain", "universe"]
        told = {name: written[f"{name}_{lang}"] for name in pairs}
        told |= {name: written[name if lang == "en" else f"{name}_zh"] for name in SHARED}
        assert said == told | {"indicator": card.indicator, "coverage_floor": str(card.coverage_floor)}
    shown = call(tmp_path, "indicators", "rca", "--lang", lang).stdout
    assert "Balassa 1965" in shown and "coverage_floor" in shown and "(x_i / x) / (X_i / X)" in shown
    for chinese, english in (("显示性比较优势指数", "Revealed comparative advantage"), ("W 的 X_i / X", "X_i / X of W"),
                             ("该地的 x_i / x", "of the place")):  # fmt: skip
        assert (chinese in shown, english in shown) == (lang == "zh", lang == "en")


@pytest.mark.parametrize("topic", list(Topic))
def test_what_is_said_in_words_is_said_in_the_language_asked_for(topic: str, clean_run: Path) -> None:
    """A Chinese row holds no English remark, an English one no Chinese, beside titles of sources and codes."""
    for lang, other in (("zh", re.compile(r"[a-z]{2,} [a-z]{2,} [a-z]{2,}")), ("en", re.compile("[一-鿿]{4}"))):
        rows = json.loads(call(clean_run, topic, "--lang", lang, "--json").stdout)
        named = {"from", "to", "files", *(["source"] if lang == "en" else [])}  # a Chinese title stays as it is
        said = [value for row in rows for key, value in row.items() if key not in named]
        assert said and [value for value in said if other.search(value)] == []


def test_every_source_and_every_unit_has_words_in_both_languages(clean_run: Path) -> None:
    words = load_codelist("words")
    for topic in ("definitions", "schemes", "concordances"):
        english, chinese = (
            [row["source"] for row in json.loads(call(clean_run, topic, "--lang", lang, "--json").stdout)]
            for lang in ("en", "zh")
        )
        assert {f"SOURCE.{text}" for text in english} <= words.codes
        assert chinese == [words.label(f"SOURCE.{text}", "zh") for text in english]
    for name in CONTRACTS:
        assert all(bool(column.unit) == bool(column.unit_zh) for column in load_contract(name).columns), name
    units = {row["unit"] for row in json.loads(call(clean_run, "columns", "--lang", "zh", "--json").stdout)}
    assert {"10 的幂次", "分数，0 至 1", "行"} <= units and not units & {"power of ten", "fraction, 0 to 1", "rows"}


def test_notes_of_definitions_schemes_and_concordances_are_in_both_languages(clean_run: Path) -> None:
    shown = call(clean_run, "definitions", "--lang", "zh").stdout
    assert "SK 中只计视听和相关服务；未报告 SK1 时无法计算" in shown and "Only audiovisual" not in shown
    for topic, chinese, english in (
        ("definitions", "SK 全部", "All of SK"),
        ("schemes", "从不计入服务合计", "Never added into services totals"),
        ("concordances", "加工费", "processing fees"),
    ):
        notes = {
            lang: [row["note"] for row in json.loads(call(clean_run, topic, "--lang", lang, "--json").stdout)]
            for lang in ("zh", "en")
        }
        assert chinese in notes["zh"] and english in notes["en"]
        assert all(bool(zh) == bool(en) and (zh != en or not zh) for zh, en in zip(*notes.values(), strict=True))


def test_an_indicator_is_found_by_its_title_or_refused_with_the_nearest(tmp_path: Path) -> None:
    for name in ("RCA", "Revealed comparative advantage", "显示性比较优势指数"):
        assert json.loads(call(tmp_path, "indicators", name, "--json").stdout)[0]["indicator"] == "rca"
    refused = call(tmp_path, "indicators", "totl_trade").exception
    assert isinstance(refused, InputError) and "nearest: total_trade" in str(refused)
    done = call(tmp_path, "macros", "growth")
    assert done.exit_code == 2 and "with indicators and rules only" in done.stderr


def test_a_rule_is_found_by_its_id_or_that_of_an_expectation_of_it(tmp_path: Path) -> None:
    for name in ("Q26", "q26", "R02"):
        assert json.loads(call(tmp_path, "rules", name, "--json").stdout)[0]["rule"] == "Q26"
    refused = call(tmp_path, "rules", "Q25").exception
    assert isinstance(refused, InputError) and "there is no such rule" in str(refused)


def test_columns_too_narrow_to_read_become_records(clean_run: Path) -> None:
    shown = call(clean_run, "concordances", "--lang", "zh").stdout
    lines = [line.strip() for line in shown.splitlines()]
    assert "from       EBOPS2002:205 运输（EBOPS 2002）" in lines and "to         EBOPS2010:SC 运输" in lines


def test_a_column_needs_its_longest_word_and_room_for_running_text() -> None:
    """The first column whole: 12 cells; 'unbreakable-word' 16 of 21; three characters are 6 cells; 30 are cut to 16."""
    rows = [{"a": "a long start", "b": "an unbreakable-words", "c": "三个字", "d": "字" * 15, "e": "x" * 20}]
    assert measure_columns(rows) == [15, 20, 9, 19, 23]


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [("one two three", 7, ["one two", "three"]),
     ("一二三四五", 4, ["一二", "三四", "五"]),
     ("按 2021-2022 年计", 11, ["按", "2021-2022", "年计"]),
     ("按2021-2022年计", 11, ["按2021-2022", "年计"]),
     ("甲乙丙。丁", 6, ["甲乙", "丙。丁"]),
     ("甲乙（丙丁", 6, ["甲乙", "（丙丁"]),
     ("EBOPS2010:SI一", 4, ["EBOPS2010:SI", "一"]),
     ("", 4, [""])],
)  # fmt: skip
def test_lines_are_broken_as_both_languages_want_it(text: str, width: int, lines: list[str]) -> None:
    """No line begins with a closing sign or ends with an opening one; words and codes stay whole."""
    assert wrap_cells(text, width) == lines


@pytest.mark.parametrize(("lang", "told"), [("en", "there is no published database"), ("zh", "没有已发布的数据库")])
def test_without_a_database_its_views_are_refused_in_the_language_asked_for(
    lang: str, told: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=told) as refused:
        list_topic("views", lang, tmp_path)
    assert "digitrade run" in str(refused.value) and str(tmp_path) in str(refused.value)
