"""The whole path on the bundled data, through the command line, as a new user meets it."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from click.testing import Result
from typer.testing import CliRunner

from flows.cli import app
from flows.terminal import CONTRADICTIONS, print_summary
from transforms.codelists import use_own_codelists

ROOT = Path(__file__).resolve().parents[1]
Run = Callable[..., "Done"]


@pytest.fixture(scope="module")
def data_dir(clean_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder after one run."""
    return shutil.copytree(clean_run, tmp_path_factory.mktemp("pipeline") / "data")


class Done:
    """How a command ended."""

    def __init__(self, result: Result) -> None:
        self.returncode, self.stdout, self.stderr = result.exit_code, result.stdout, result.stderr
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception


def call(data_dir: Path, *words: str) -> Done:
    """The command line in this process: heavy libraries are imported once for all tests."""
    return Done(CliRunner().invoke(app, words, env={"DIGITRADE_DATA_DIR": str(data_dir), "COLUMNS": "200"}))


@pytest.fixture(scope="module")
def digitrade(data_dir: Path) -> Run:
    return lambda *words: call(data_dir, *words)


@pytest.fixture(scope="module")
def published(data_dir: Path) -> Path:
    return data_dir / "curated" / "digitrade.duckdb"


@pytest.fixture(scope="module")
def ask(digitrade: Run, published: Path) -> Callable[..., list[dict[str, str]]]:
    def query(sql: str, *options: str) -> list[dict[str, str]]:
        done = digitrade("query", sql, "--format", "csv", *options)
        assert done.returncode == 0, done.stderr
        return list(csv.DictReader(io.StringIO(done.stdout)))

    return query


def test_guangzhou_total_with_bounds(ask: Callable[..., list[dict[str, str]]]) -> None:
    rows = ask(
        "select value, lower, upper, unit, unit_mult, definition, obs_status from indicators "
        "where indicator = 'total_trade' and geo = 'CN-440100' and item = 'DEF:dds6' and period = '2020'"
    )
    assert rows == [
        {"value": "140.66", "lower": "140.655", "upper": "140.665", "unit": "USD", "unit_mult": "8",
         "definition": "dds6", "obs_status": "A"}
    ]  # fmt: skip


def test_printed_rates_chain_to_the_printed_levels_and_1_6_is_the_increase(
    ask: Callable[..., list[dict[str, str]]],
) -> None:
    rows = ask(
        "select rule, printed_value, computed_value, verdict, note from comparisons "
        "where geo = 'CN-440100' and item = 'DEF:dds6' and rule in ('chain', 'increase') order by rule, table_id"
    )
    chain, *increases = rows
    assert float(chain["printed_value"]) == pytest.approx(1.706 * 1.497, abs=1e-9)
    assert float(chain["computed_value"]) == pytest.approx(140.66 / 55.07, abs=1e-9)
    assert chain["verdict"] in ("equal", "within_rounding")
    assert [row["verdict"] for row in increases] == ["equal", "equal"]
    for row in increases:
        assert float(row["computed_value"]) == pytest.approx(140.66 / 55.07 - 1, abs=1e-9)
    assert all("2.55" in row["note"] for row in increases)


@pytest.mark.parametrize(
    ("item", "printed", "computed", "verdict"),
    [("EBOPS2010:SI", "20.73", (9.38 / 7.77 - 1) * 100, "within_rounding"),
     ("EBOPS2010:SC", "2.08", (2.61 / 1.71 - 1) * 100, "contradictory")],
)  # fmt: skip
def test_tianhe_growth_2021(
    ask: Callable[..., list[dict[str, str]]], item: str, printed: str, computed: float, verdict: str
) -> None:
    (row,) = ask(
        f"select * from comparisons where geo = 'CN-440106' and item = '{item}' and rule = 'growth' "
        "and period = '2021' and table_id = 'table_tianhe'"
    )
    assert (row["printed"], row["verdict"]) == (printed, verdict)
    assert float(row["computed_value"]) == pytest.approx(computed, abs=1e-9)
    low, high = float(row["computed_lower"]), float(row["computed_upper"])
    if item == "EBOPS2010:SC":
        assert (round(low, 1), round(high, 1)) == (51.9, 53.4)
    else:
        assert low < 20.725 and high > 20.735


def test_world_exports_2005_2019_are_no_compound_7_46(ask: Callable[..., list[dict[str, str]]]) -> None:
    rows = {
        row["indicator"]: row
        for row in ask("select * from comparisons where rule = 'average_growth' and geo = 'W' and printed = '7.46'")
    }
    compound = rows["average_growth_compound"]
    assert float(compound["computed_value"]) == pytest.approx(7.2218, abs=5e-5)
    assert compound["verdict"] == "not_comparable" and "states no method" in compound["note"]
    assert rows["average_growth_mean"]["verdict"] == rows["average_growth_log_linear"]["verdict"] == "not_computable"


def test_tianhe_export_orientation_2021(ask: Callable[..., list[dict[str, str]]]) -> None:
    (row,) = ask(
        "select * from indicators where indicator = 'export_orientation' and geo = 'CN-440106' "
        "and item = 'EBOPS2010:SI' and period = '2021'"
    )
    assert float(row["value"]) == pytest.approx(9.34 / (9.34 + 0.04), abs=1e-9)
    assert float(row["lower"]) == pytest.approx(9.335 / (9.335 + 0.045), abs=1e-9)
    assert float(row["upper"]) == pytest.approx(9.345 / (9.345 + 0.035), abs=1e-9)


def test_share_of_the_nation_needs_to_be_asked_for(ask: Callable[..., list[dict[str, str]]]) -> None:
    sql = (
        "select period, value, obs_status, note from indicators where indicator = 'city_share' "
        "and geo = 'CN-440100' order by period"
    )
    for row in ask(sql):
        assert (row["value"], row["obs_status"]) == ("", "O") and "another source family" in row["note"]
    mixed = ask(sql, "--mixed-sources")
    assert [row["obs_status"] for row in mixed] == ["D", "D"]
    assert [round(float(row["value"]), 1) for row in mixed] == [2.2, 4.9]


def test_impossible_share_of_2018_is_found(ask: Callable[..., list[dict[str, str]]]) -> None:
    (row,) = ask("select * from comparisons where rule = 'weighted_mean' and verdict = 'contradictory'")
    assert (row["printed"], row["period"]) == ("31", "2018")
    assert (float(row["computed_lower"]), float(row["computed_upper"])) == (24.5, 27.5)


def test_everything_in_the_database_is_commented(published: Path) -> None:
    with duckdb.connect(str(published), read_only=True) as con:
        views = {row[0] for row in con.execute("select view_name from duckdb_views() where not internal").fetchall()}
        assert {"observations", "indicators", "items", "definitions", "geographies", "datasets", "checks",
                "local_codes", "quarantine", "edition_texts", "latest_observations",
                "latest_indicators"} <= views  # fmt: skip
        bare = con.execute(
            """select table_name, column_name from duckdb_columns()
               where not internal and coalesce(comment, '') = ''
               union all select view_name, '' from duckdb_views() where not internal and coalesce(comment, '') = ''
               union all select function_name, '' from duckdb_functions()
               where not internal and function_type = 'table_macro' and coalesce(comment, '') = ''
               union all select table_name, '' from duckdb_tables() where not internal and coalesce(comment, '') = ''"""
        ).fetchall()
        assert bare == []


def test_query_is_read_only_and_closed(digitrade: Run, published: Path, tmp_path: Path) -> None:
    before = published.read_bytes()
    for sql in (
        "create table t as select 1",
        "delete from store.observations",
        f"copy (select 1) to '{tmp_path / 'out.csv'}'",
        "select * from read_csv('/etc/hostname')",
        "set enable_external_access = true",
        "attach ':memory:' as other; create table other.t as select 1",
        f"explain analyze copy (select 1) to '{tmp_path / 'out.csv'}'",
        f"copy (select 1) to '{published.parent / 'observations' / 'out.csv'}'",
        "selekt",
    ):
        done = digitrade("query", sql)
        assert done.returncode == 2 or "other.t" in sql, sql
    assert published.read_bytes() == before
    assert not (tmp_path / "out.csv").exists()
    assert not (published.parent / "observations" / "out.csv").exists()


def test_query_formats(digitrade: Run, published: Path, tmp_path: Path) -> None:
    sql = "select geo, value from indicators where indicator = 'total_trade' order by geo, period limit 3"
    assert "3 rows" in digitrade("query", sql).stdout
    rows = json.loads(digitrade("query", sql, "--format", "json").stdout)
    assert len(rows) == 3 and set(rows[0]) == {"geo", "value"}
    target = tmp_path / "rows.parquet"
    assert digitrade("query", sql, "--format", "parquet", "--output", str(target)).returncode == 0
    assert duckdb.sql(f"select count(*) from '{target}'").fetchone() == (3,)
    assert digitrade("query", sql, "--format", "parquet").returncode == 2
    assert digitrade("query", "select 1", "--output", str(tmp_path / "no" / "such" / "x.csv")).returncode == 2


@pytest.mark.slow
def test_a_blocked_dataset_ends_with_1_and_unusable_calls_with_2(tmp_path: Path) -> None:
    def run(*words: str) -> Done:
        return call(tmp_path, *words)

    shutil.copytree(ROOT / "data" / "raw", tmp_path / "raw")
    (tmp_path / "raw" / "seed_statements" / "2025" / "card.toml").unlink()
    done = run("run", "--direct", "--data-dir", str(tmp_path))
    assert done.returncode == 1
    assert "seed_statements/2025" in done.stdout and "has no card" in done.stdout
    assert (tmp_path / "curated" / "digitrade.duckdb").is_file()
    assert run("run", "--direct", "--data-dir", str(tmp_path / "nowhere")).returncode == 2
    assert run("run", "--data-dir", str(tmp_path / "nowhere")).returncode == 2
    missing = run("query", "select 1", "--data-dir", str(tmp_path / "nowhere"))
    assert missing.returncode == 2 and "digitrade run" in missing.stderr
    assert run("tables", "no_such_table", "--data-dir", str(tmp_path)).returncode == 2
    assert run("no-such-command").returncode == 2


def test_check_tables_and_catalog(digitrade: Run, published: Path, tmp_path: Path) -> None:
    assert digitrade("check").returncode == 0
    strict = digitrade("check", "--strict", "--lang", "zh")
    assert strict.returncode == 1 and "726676.84" in strict.stdout
    found = json.loads(digitrade("check", "--json", "--all").stdout)
    assert sum(found["counts"].values()) == len(found["rules"])
    assert "广州数字贸易占服务贸易比重" in digitrade("tables", "table_1", "--lang", "zh").stdout
    assert len(json.loads(digitrade("tables", "table_1", "--json").stdout)["table_1"]) == 9
    assert digitrade("tables", "--output", str(tmp_path / "t")).returncode == 0
    assert len(list((tmp_path / "t").rglob("*.xlsx"))) == 2
    for topic in ("datasets", "indicators", "rules", "tables"):
        rows = json.loads(digitrade("catalog", topic, "--json", "--lang", "zh").stdout)
        assert rows, topic


@pytest.mark.parametrize(
    ("topic", "key", "said_en", "said_zh"),
    [
        ("codelists", "list", "Members of groups of places with dates", "地域组成员及起止日期"),
        ("concordances", "from", "CNBPM5:COMMUNICATION Communications services", "CNBPM5:COMMUNICATION 通讯服务"),
        ("definitions", "definition", "dds6 counts SK2 (Other personal", "dds6计入SK2（其他个人"),
        ("groups", "group", "United Kingdom (1973-01-01/2020-01-31)", "英国 (1973-01-01/2020-01-31)"),
        ("schemes", "scheme", "Services classification to come with BPM7", "随BPM7修订的服务分类"),
    ],
)
def test_catalog_of_code_lists(
    digitrade: Run, published: Path, topic: str, key: str, said_en: str, said_zh: str
) -> None:
    english = json.loads(digitrade("catalog", topic, "--json").stdout)
    chinese = json.loads(digitrade("catalog", topic, "--json", "--lang", "zh").stdout)
    assert len(english) == len(chinese) >= 8 and {row[key] for row in english} - {""}
    assert said_en in json.dumps(english) and said_zh in json.dumps(chinese, ensure_ascii=False)
    assert said_zh not in json.dumps(english, ensure_ascii=False)
    shown = digitrade("catalog", topic)
    assert shown.returncode == 0 and "Traceback" not in shown.stderr


def test_every_definition_is_explained(digitrade: Run, published: Path) -> None:
    rows = {row["definition"]: row for row in json.loads(digitrade("catalog", "definitions", "--json").stdout)}
    assert set(rows) >= {"dds6", "unctad", "wto_dds", "handbook2023", "ict_services", "bea_dds_2016"}
    for name, row in rows.items():
        assert all(row[column] for column in ("title", "items", "basis", "dates", "status", "computed", "source")), name
        assert bool(row["against_dds6"]) is (name != "dds6")
    assert rows["bea_dds_2016"]["computed"].startswith("not computable") and "SK1" in rows["unctad"]["items"]


def test_the_code_lists_are_in_the_database(ask: Callable[..., list[dict[str, str]]]) -> None:
    members = ask("select member from group_members_on('2020-02-01') where group_code = 'GROUP:EU'")
    assert len(members) == 27 and {"member": "GBR"} not in members
    unknown = ask(
        "select from_code, note_en, note_zh from concordances where from_scheme = 'CNBPM5' and weight is null"
    )
    assert "CNBPM5:COMMUNICATION" in {row["from_code"] for row in unknown}
    assert all(row["note_en"] and row["note_zh"] for row in unknown)
    said = ask("select words_en, words_zh from definitions_compared where definition = 'dds6' and other = 'unctad'")
    assert "SK2" in said[0]["words_en"] and "SK2" in said[0]["words_zh"]
    assert ask("select distinct mode from definitions") == [{"mode": "_T"}]
    assert ask("select status from schemes where code = 'EBOPS2025'") == [{"status": "pending"}]


def test_catalog_shows_own_schemes_items_and_groups(tmp_path: Path) -> None:
    own = tmp_path / "own" / "codelists"
    own.mkdir(parents=True)
    (own / "items.csv").write_text("code,parent,label_en\nGZX:CLOUD,EBOPS2010:SI2,Cloud services\n", encoding="utf-8")
    (own / "group_members.csv").write_text("group_code,member\nGROUP:BRI,KAZ\n", encoding="utf-8")

    def rows(topic: str) -> list[dict[str, str]]:
        found = json.loads(call(tmp_path, "catalog", topic, "--json", "--data-dir", str(tmp_path)).stdout)
        return [dict(row) for row in found]

    try:
        assert [(row["items"], row["additive_to"]) for row in rows("schemes") if row["scheme"] == "GZX"] == [("1", "")]
        assert [row["members"] for row in rows("groups") if row["group"] == "GROUP:BRI"] == ["Kazakhstan"]
    finally:
        use_own_codelists({})


def test_a_summary_shows_ten_contradictions_and_where_the_others_are(
    digitrade: Run, ask: Callable[..., list[dict[str, str]]], capsys: pytest.CaptureFixture[str]
) -> None:
    summary = json.loads(digitrade("run", "--direct", "--json").stdout)
    row = summary["contradictions"][0]
    for count, lang, more in ((10, "en", ""), (13, "en", "and 3 more: "), (12, "zh", "另有 2 处: ")):
        told = [row | {"locator": f"cell_{number:02}"} for number in range(count)]
        print_summary(summary | {"contradictions": told}, lang)
        shown = capsys.readouterr().out
        assert [f"cell_{number:02}" in shown for number in range(count)] == [True] * 10 + [False] * (count - 10)
        assert (f'{more}digitrade query "{CONTRADICTIONS}"' in shown) is bool(more)
    assert len(ask(CONTRADICTIONS)) == len(summary["contradictions"]) > 0


@pytest.mark.parametrize(
    "reason", ["first run", "new edition", "forced", "code lists changed: items.csv, own/items.csv"]
)
def test_a_summary_and_the_checks_are_said_in_the_language_asked_for(
    reason: str, digitrade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """No English sentence in the Chinese ones; the English ones keep codes, which are what is queried."""
    summary = json.loads(digitrade("run", "--direct", "--json").stdout)
    summary["datasets"] = [
        row | {"reason": reason, "notices": ["a.csv: 3 rows or cells are quarantined"]} for row in summary["datasets"]
    ]
    causes = {"observation": {"mapping": 2}, "indicator": {"correction;source": 1}}
    summary["since_last"] = {"a/2020": {"causes": causes}}
    print_summary(summary, "zh")
    chinese = capsys.readouterr().out + digitrade("check", "--all", "--lang", "zh").stdout
    assert re.findall(r"[a-z]{2,} [a-z]{2,} [a-z]{2,}", chinese) in ([], ["digitrade check 与 digitrade tables"])
    for word in ("计算值 35.06 至 36.27", "隔离 3 行或单元格", "全部步骤", "映射或定义, 更正项 + 发布者"):
        assert word in chinese, word
    for word in (
        "fail",
        "not_judged",
        "warning",
        "critical",
        "published",
        reason,
        "check_results",
        " computed ",
        "mapping",
    ):
        assert word not in chinese, word
    assert {f"不通过{' ' * 4}", "警告", "发布内容"} <= set(re.findall("不通过 {4}|警告|发布内容", chinese))
    print_summary(summary, "en")
    english = capsys.readouterr().out + digitrade("check").stdout
    assert f"Made again ({reason})" in english and "computed 35.06 to 36.27" in english and "fail       " in english


@pytest.mark.slow
def test_same_input_same_bytes(digitrade: Run, published: Path, data_dir: Path) -> None:
    def outputs() -> dict[str, bytes]:
        curated = data_dir / "curated"
        return {
            str(path.relative_to(curated)): path.read_bytes()
            for path in sorted(curated.rglob("*"))
            if path.is_file() and path.relative_to(curated).parts[0] not in ("runs", "seen", "releases", ".lock")
        }

    before = outputs()
    for words in (("--force",), ()):
        done = digitrade("run", "--direct", "--lang", "zh", *words)
        assert done.returncode == 0 and "相互矛盾" in done.stdout
        assert ("未变动" in done.stdout) is not bool(words)
        after = outputs()
        assert sorted(after) == sorted(before)
        assert [name for name in before if before[name] != after[name]] == []


@pytest.mark.slow
def test_the_run_says_in_json_what_was_made_again_and_why(digitrade: Run) -> None:
    summary = json.loads(digitrade("run", "--direct", "--json", "--force", "seed_statements").stdout)
    reasons = {row["dataset"]: row["reason"] for row in summary["datasets"]}
    assert reasons == {
        "exchange_rates_cny": "unchanged", "guangzhou_digital_trade_report": "unchanged", "seed_statements": "forced",
        "unctad_digitally_deliverable": "unchanged",
    }  # fmt: skip
    made = dict.fromkeys(("results", "rules", "audit", "release"), "forced")
    assert summary["rebuilt"] == {"codelists": "unchanged"} | made
    assert all(row["quarantined"] == 0 and row["notices"] == [] for row in summary["datasets"])
    assert digitrade("run", "--direct", "seed_statements").returncode == 2, "a dataset is named only to rebuild it"


def test_one_view_holds_all_observations(ask: Callable[..., list[dict[str, str]]]) -> None:
    (row,) = ask("select (select count(*) from all_observations) as a, (select count(*) from observations) as o")
    assert row["a"] == row["o"] != "0"
    assert ask("from quarantine") == []


def test_help_answers_without_the_heavy_libraries() -> None:
    code = (
        "import sys; sys.argv = ['digitrade', '--help']\n"
        "try:\n    from flows.cli import main; main()\nexcept SystemExit: pass\n"
        "heavy = {'pandas', 'duckdb', 'pyarrow', 'prefect', 'great_expectations'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": str(ROOT)}, check=True, timeout=60,
                   capture_output=True)  # fmt: skip
