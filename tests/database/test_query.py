"""digitrade query: what it refuses, attack by attack; its limits; what it says where a name is wrong."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import time
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest
from click.testing import Result
from typer.testing import CliRunner

from flows.cli import app
from flows.query_command import answer, open_locked, parse_size
from transforms.errors import InputError
from transforms.phrases import say_all, say_error


def call(data_dir: Path, *words: str) -> Result:
    return CliRunner().invoke(app, words, env={"DIGITRADE_DATA_DIR": str(data_dir), "COLUMNS": "200"})


def list_files(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.md5(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


# SQL, and a word of the one sentence that refuses it. {out}: a file that must not come to be; {secret}: one to be read.
ATTACKS = {
    "create table": ("CREATE TABLE t AS SELECT 1", "CREATE"),
    "temp table": ("CREATE TEMP TABLE t AS SELECT 1", "CREATE"),
    "temp view": ("CREATE TEMP VIEW v AS SELECT * FROM read_text('{secret}')", "CREATE"),
    "macro": ("CREATE TEMP MACRO m() AS TABLE SELECT * FROM read_text('{secret}')", "CREATE"),
    "insert": ("INSERT INTO store.items SELECT * FROM store.items", "INSERT"),
    "update": ("UPDATE store.observations SET value = 1", "UPDATE"),
    "delete": ("DELETE FROM store.observations", "DELETE"),
    "drop": ("DROP VIEW observations", "DROP"),
    "comment": ("COMMENT ON VIEW observations IS 'x'", "ALTER"),
    "copy to": ("COPY (SELECT 1) TO '{out}'", "COPY"),
    "copy to the data": ("COPY (SELECT 1) TO '{observations}/out.csv'", "COPY"),
    "copy from": ("COPY store.items FROM '{secret}'", "COPY"),
    "copy in a CTE": ("WITH x AS (COPY (SELECT 1) TO '{out}') SELECT 1", "CTE"),
    "insert in a CTE": ("WITH x AS (INSERT INTO store.items SELECT 1 RETURNING *) SELECT * FROM x", "CTE"),
    "copy database": ("COPY FROM DATABASE digitrade TO other", "several statements"),
    "export": ("EXPORT DATABASE '{out}'", "EXPORT"),
    "import": ("IMPORT DATABASE '{secret}'", "refused"),
    "attach memory": ("ATTACH ':memory:' AS other", "ATTACH"),
    "attach file": ("ATTACH '{out}' AS other", "ATTACH"),
    "detach": ("DETACH digitrade", "DETACH"),
    "use": ("USE system", "refused"),
    "install": ("INSTALL httpfs", "LOAD"),
    "load": ("LOAD httpfs", "LOAD"),
    "set": ("SET enable_external_access = true", "SET"),
    "set lock": ("SET lock_configuration = false", "SET"),
    "reset": ("RESET memory_limit", "SET"),
    "set variable": ("SET VARIABLE x = 1", "SET"),
    "pragma": ("PRAGMA enable_external_access = true", "refused"),
    "pragma that reads": ("PRAGMA show_tables", "no SELECT"),
    "pragma in small letters": ("pragma database_list", "no SELECT"),
    "call": ("CALL pragma_version()", "CALL"),
    "checkpoint": ("CHECKPOINT", "refused"),
    "vacuum": ("VACUUM", "refused"),
    "prepare": ("PREPARE p AS SELECT 1", "PREPARE"),
    "execute": ("EXECUTE p", "EXECUTE"),
    "transaction": ("BEGIN TRANSACTION", "TRANSACTION"),
    "explain analyze": ("EXPLAIN ANALYZE COPY (SELECT 1) TO '{out}'", "COPY"),
    "explain twice": ("EXPLAIN ANALYZE EXPLAIN COPY (SELECT 1) TO '{out}'", "syntax error"),
    "explain behind a comment": ("/* x */ EXPLAIN (FORMAT json) CREATE TABLE t AS SELECT 1", "CREATE"),
    "explain that reads": ("EXPLAIN ANALYZE FROM read_csv('{secret}')", "read_csv is refused"),
    "several": ("SELECT 1; COPY (SELECT 1) TO '{out}'", "several statements (2)"),
    "several, the write first": ("ATTACH ':memory:' AS o; SELECT 1", "several statements (2)"),
    "several behind a comment": ("SELECT 1 /* ; */ ; -- \n DROP VIEW items", "several statements (2)"),
    "nothing": ("-- only a comment", "one SQL statement: there is none"),
    "read_csv": ("SELECT * FROM read_csv('{secret}')", "read_csv is refused"),
    "read_csv quoted": ('SELECT * FROM "read_csv"(\'{secret}\')', "read_csv is refused"),
    "read_csv with a schema": ("SELECT * FROM system.main.read_csv('{secret}')", "read_csv is refused"),
    "read_csv in capitals": ("SELECT * FROM READ_CSV_AUTO('{secret}')", "read_csv_auto is refused"),
    "read_csv behind a comment": ("SELECT * FROM /* x */ read_csv /* y */ ('{secret}')", "read_csv is refused"),
    "read_csv in a CTE": ("WITH x AS (FROM read_csv('{secret}')) SELECT * FROM x", "read_csv is refused"),
    "read_csv in a subquery": ("SELECT (SELECT count(*) FROM read_csv('{secret}'))", "read_csv is refused"),
    "read_csv after union": ("SELECT 'a' UNION ALL FROM read_csv('{secret}')", "read_csv is refused"),
    "read_csv in lateral": ("SELECT * FROM items i, LATERAL (FROM read_csv('{secret}')) x", "read_csv is refused"),
    "read_csv described": ("DESCRIBE FROM read_csv('{secret}')", "read_csv is refused"),
    "read_csv summarised": ("SUMMARIZE FROM read_csv('{secret}')", "read_csv is refused"),
    "read_parquet": ("FROM read_parquet('{secret}')", "read_parquet is refused"),
    "parquet_metadata": ("FROM parquet_metadata('{secret}')", "parquet_metadata is refused"),
    "read_json": ("FROM read_json_auto('{secret}')", "read_json_auto is refused"),
    "read_text": ("FROM read_text('{secret}')", "read_text is refused"),
    "read_blob": ("FROM read_blob('{secret}')", "read_blob is refused"),
    "read_duckdb": ("FROM read_duckdb('{secret}')", "read_duckdb is refused"),
    "sniff_csv": ("FROM sniff_csv('{secret}')", "sniff_csv is refused"),
    "glob": ("FROM glob('/etc/*')", "glob is refused"),
    "path as a table": ("FROM '{secret}'", "it reaches for the file"),
    "path in double quotes": ('SELECT * FROM "{secret}"', "it reaches for the file"),
    "network": ("FROM 'https://example.org/x.parquet'", "it reaches for the file"),
    "network by function": ("FROM read_parquet('https://example.org/x.parquet')", "read_parquet is refused"),
    "not installed": ("FROM read_xlsx('{secret}')", "read_xlsx is refused"),
    "environment": ("SELECT getenv('HOME')", "getenv is refused"),
    "environment quoted": ("SELECT \"GetEnv\"('HOME')", "getenv is refused"),
    "environment with a schema": ("SELECT main.getenv('HOME')", "getenv is refused"),
    "settings": ("SELECT current_setting('memory_limit')", "current_setting is refused"),
    "settings table": ("FROM duckdb_settings()", "duckdb_settings is refused"),
    "secrets": ("FROM duckdb_secrets()", "duckdb_secrets is refused"),
    "query()": ("FROM query('SELECT 1')", "query is refused"),
    "query() hidden": ("SELECT * FROM items WHERE code IN (FROM query('SELECT 1'))", "query is refused"),
    "query_table": ("FROM query_table('{secret}')", "query_table is refused"),
    "serialised": ("FROM json_execute_serialized_sql('x')", "json_execute_serialized_sql is refused"),
    "log": ("SELECT write_log('x')", "write_log is refused"),
    "python variable": ("FROM stolen", "there is no table or view stolen"),
    "macro on a path": ("FROM series('CHN', source := '{secret}')", "it reaches for the file"),
    "macro on a function": ("FROM series('CHN', source := 'read_text(''{secret}'')')", "there is no table or view"),
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_refused_in_one_sentence(attack: str, clean_run: Path, published: Path, tmp_path: Path) -> None:
    stolen = pd.DataFrame({"a": [1]})  # what DuckDB for Python would find by its name
    secret, out = tmp_path / "secret.csv", tmp_path / "out"
    secret.write_text("a,b\n1,2\n", encoding="utf-8")
    sql, word = ATTACKS[attack]
    with pytest.raises(InputError) as caught:
        answer(published, sql.format(out=out, secret=secret, observations=published.parent / "observations"))
    said = str(caught.value)
    assert word in said and "\n" not in said and len(said) < 400, said
    assert not out.exists() and len(stolen) == 1
    assert sorted(path.name for path in published.parent.glob("digitrade*")) == ["digitrade.duckdb"]


@pytest.mark.parametrize("attack", ["copy to", "attach memory", "read_csv", "several", "set"])
def test_the_command_ends_with_2_and_one_line(attack: str, clean_run: Path, published: Path, tmp_path: Path) -> None:
    before = list_files(published.parent)
    done = call(clean_run, "query", ATTACKS[attack][0].format(out=tmp_path / "out", secret="/etc/hostname"))
    assert done.exit_code == 2 and done.stdout == ""
    assert done.stderr.startswith("digitrade: ") and done.stderr.count("\n") == 1
    assert list_files(published.parent) == before


# What the connection itself refuses, should a query ever pass the reading of its tree.
ENGINE = [
    "FROM read_csv('{secret}')",
    "FROM read_text('{secret}')",
    "FROM '{secret}'",
    "FROM glob('/etc/*')",
    "FROM query('FROM read_text(''{secret}'')')",
    "FROM all_observations('{folder}')",
    "FROM stolen",
    "COPY (SELECT 1) TO '{out}'",
    "EXPORT DATABASE '{out}'",
    "ATTACH '{out}' AS other",
    "CREATE TABLE t AS SELECT 1",
    "CREATE VIEW v AS SELECT 1",
    "DELETE FROM store.observations",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET enable_external_access = true",
    "SET lock_configuration = false",
    "SET memory_limit = '100GB'",
    "SET allowed_directories = ['/']",
    "FROM read_parquet('https://example.org/x.parquet')",
]


@pytest.mark.parametrize("sql", ENGINE)
def test_the_connection_refuses_by_itself(sql: str, large_run: Path, tmp_path: Path) -> None:
    stolen = pd.DataFrame({"a": [1]})
    secret, out = tmp_path / "secret.csv", tmp_path / "out"
    secret.write_text("a,b\n1,2\n", encoding="utf-8")
    curated = large_run / "curated"
    before = list_files(curated)
    told = {"secret": secret, "out": out, "folder": tmp_path}
    with open_locked(curated / "digitrade.duckdb", 10**9) as con, pytest.raises(duckdb.Error):
        con.execute(sql.format(**told)).fetchall()
    assert not out.exists() and len(stolen) == 1 and list_files(curated) == before


@pytest.mark.parametrize(
    "sql",
    ["FROM indicators LIMIT 1", "TABLE items", "VALUES (1)", "WITH a AS (SELECT 1 AS x) FROM a", "DESCRIBE indicators",
     "SUMMARIZE indicators", "SHOW TABLES", "SELECT 1; -- the end", "EXPLAIN FROM indicators",
     "-- x\nexplain (analyze) FROM growth('CHN')", "FROM duckdb_columns() LIMIT 1", "FROM range(3)",
     "SELECT unnest([1, 2])", "FROM pragma_table_info('items')", "FROM find_codes([['items', 'SI']])",
     "FROM (PIVOT (FROM indicators) ON flow IN ('X', 'M') USING count(*) GROUP BY geo)",
     "FROM growth('CHN')", "SELECT geo FROM indicators QUALIFY row_number() OVER (PARTITION BY geo) = 1",
     "SELECT * FROM information_schema.tables LIMIT 1"],
)  # fmt: skip
def test_what_reads_is_answered(sql: str, published: Path) -> None:
    if sql.startswith("FROM find_codes"):  # a scalar macro stands in a SELECT
        sql = "SELECT find_codes([['items', 'SI']])"
    found, hints = answer(published, sql)
    assert found.num_rows > 0 and hints == []


def test_large_editions_are_within_reach(large_run: Path) -> None:
    database = large_run / "curated" / "digitrade.duckdb"
    found, hints = answer(database, "SELECT count(*) AS n FROM all_observations")
    assert (found.to_pylist(), hints) == ([{"n": 829}], [])
    found, hints = answer(database, "SELECT count(*) AS n FROM observations")
    assert found.to_pylist() == [{"n": 137}] and "unctad_digitally_deliverable" in hints[0]
    found, _ = answer(database, "FROM series('CHN', flow := 'X', since := 2023, source := 'all_observations')")
    assert [row["printed"] for row in found.to_pylist()] == ["216265.0"]


def test_the_core_set_is_within_reach(large_run: Path) -> None:
    database = large_run / "curated" / "digitrade.duckdb"
    for name in ("core_levels", "core_indicators"):
        found, hints = answer(database, f"SELECT DISTINCT dataset FROM {name}")
        assert {"dataset": "unctad_digitally_deliverable"} in found.to_pylist() and hints == []
    _, hints = answer(database, "SELECT value FROM core_levels WHERE geo = 'CHN' AND period IN ('2012', '1812')")
    assert [hint.partition(";")[0] for hint in hints] == ["there is no period '1812'"]


SLOW = "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range * b.range % 7 = 3"


@pytest.mark.parametrize(
    "sql", [SLOW, "WITH RECURSIVE t(a) AS (SELECT 1 UNION ALL SELECT a % 9 FROM t) FROM t LIMIT 0"]
)
def test_a_query_ends_at_its_time(sql: str, clean_run: Path) -> None:
    begun = time.monotonic()
    done = call(clean_run, "query", sql.replace(" LIMIT 0", " WHERE a = 11"), "--timeout", "0.5")
    assert done.exit_code == 2
    assert done.stderr == (
        "digitrade: the query was stopped after 0.5 seconds. What to do: narrow it, or allow more with --timeout.\n"
    )
    assert time.monotonic() - begun < 30


@pytest.mark.parametrize(
    "sql",
    ["SELECT list(range) FROM range(1000000000)",  # DuckDB's own memory
     "FROM range(10000000000)",  # the rows of the answer
     "SELECT repeat('x', 1000) AS x FROM range(100000000)"],
)  # fmt: skip
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_query_ends_at_its_memory(sql: str, form: str, clean_run: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = call(clean_run, "query", sql, "--memory", "100MB", "--format", form, "--output", str(out))
    assert done.exit_code == 2
    assert done.stderr == (
        "digitrade: the query needs more memory than 100MB. What to do: narrow it, or allow more with --memory.\n"
    )
    assert not out.exists()
    assert not list((clean_run / "curated").glob("*.tmp"))  # nothing is spilled beside the database


def test_limits_that_are_none_are_refused(clean_run: Path) -> None:
    assert (parse_size("500MB"), parse_size("1.5 GiB"), parse_size("2gb")) == (500_000_000, 1_610_612_736, 2 * 10**9)
    for words in (("--memory", "lots"), ("--memory", "0GB"), ("--memory", "-1GB"), ("--timeout", "0")):
        done = call(clean_run, "query", "SELECT 1", *words)
        assert done.exit_code == 2 and "limit" in done.stderr and done.stderr.count("\n") == 1


WRONG_NAMES = [
    ("SELECT valu FROM indicators", "there is no column valu in indicators; did you mean value?"),
    ("SELECT i.valu FROM indicators i", "there is no column valu in indicators; did you mean value?"),
    ("SELECT valeu FROM growth('CHN')", "there is no column valeu in growth; did you mean value,"),
    ("SELECT printed_value FROM indicators", "in indicators (there is one in comparisons, comparisons_labelled)"),
    ("SELECT * FROM indicators ORDER BY perod", "did you mean period, base_period, upper?"),
    ("FROM indicator", "there is no table or view indicator; did you mean indicators,"),
    ("FROM Observation", "there is no table or view Observation; did you mean observations,"),
    ("FROM growht('CHN')", "there is no function growht; did you mean growth"),
    ("SELECT sume(value) FROM indicators", "there is no function sume; did you mean sum"),
    ("FROM growth", "growth is a macro: from growth(...)"),
    ("FROM growth('CHN', flw := 'X')", "It takes: growth(geo, item := NULL, flow := NULL"),
    ("FROM series('CNH')", "there is no 'CNH' in the list geographies; nearest: CHN (China)"),
    ("FROM series('CHNN')", "there is no 'CHNN' in the list geographies; nearest: CHN (China)"),
    ("SELECT flow FROM (SELECT geo FROM indicators)", 'Candidate bindings: "geo"'),
    ("PIVOT indicators ON flow", "name the values of a PIVOT"),
    ("selekt 1", 'syntax error at or near "selekt"')
]  # fmt: skip


@pytest.mark.parametrize(("sql", "said"), WRONG_NAMES)
def test_a_wrong_name_is_answered_with_the_nearest(sql: str, said: str, clean_run: Path) -> None:
    done = call(clean_run, "query", sql)
    assert done.exit_code == 2 and done.stderr.count("\n") == 1
    assert said in done.stderr


@pytest.mark.parametrize(
    ("where", "hints"),
    [("indicator = 'totl_trade'", ["there is no indicator 'totl_trade'; nearest: total_trade (Total trade)"]),
     ("'totl_trade' = indicator", ["there is no indicator 'totl_trade'"]),
     ("i.geo IN ('CHN', 'Guangzhou')", ["there is no geo 'Guangzhou'; nearest: CN-440100 (Guangzhou)"]),
     ("definition = 'dds7'", ["there is no definition 'dds7'; nearest: dds6"]),
     ("period = '2031' AND flow = 'export'", ["there is no period '2031'", "there is no flow 'export'; nearest: X"]),
     ("geo = 'CHN' AND base_period = '' AND flow = 'X'", []),
     ("note = 'anything'", [])],
)  # fmt: skip
def test_a_code_that_no_list_has_gives_a_hint(where: str, hints: list[str], clean_run: Path) -> None:
    done = call(clean_run, "query", f"SELECT geo FROM indicators i WHERE {where}", "--format", "csv")
    assert done.exit_code == 0 and done.stdout.startswith("geo\n")
    lines = done.stderr.splitlines()
    assert len(lines) == len(hints)
    assert all(any(hint in line for line in lines) for hint in hints)


EMPTY_ANSWERS: list[tuple[str, list[str]]] = [
    ("FROM growth('CHN', since := 2031)",
     ["nothing has since 2031 together with the rest; without since 2031 there is: period 2011, 2012,"]),
    ("FROM growth('CHN', flow := 'X', period := '2030')", ["nothing has period '2030' together with the rest;"]),
    ("FROM city_share('Guangzhou', period := '2005')", ["without period '2005' there is: period 2018, 2020"]),
    ("FROM balance_sheet('Guangzhou', '2030')",
     ["nothing has period '2030' together with the rest; without period '2030' there is: figures of several kinds: "
      "period 2014, 2018, 2020, 2021"]),
    ("FROM compare_definitions('Guangzhou', 'total_trade', 2015)", ["geo CHN, ", "period 2018, 2020"]),
    ("FROM indicators WHERE geo = 'CHN' AND flow <> 'X' AND period >= '2030'",
     ["nothing has period >= '2030' together with the rest; without period >= '2030' there is: period 2010,"]),
    ("FROM observations WHERE flow IN ('X', 'M') AND unit = 'GBP'",
     ["nothing has unit 'GBP' together with the rest; without unit 'GBP' there is: unit CNY,"]),
    ("FROM indicators WHERE indicator = 'growth' AND geo = 'CN-440100' AND period = '2030'",
     ["each alone may be there, but nothing has all of indicator 'growth', geo 'CN-440100', period '2030'"]),
    ("FROM indicators WHERE period = '2030' AND note = 'x'", []),
    # conditions that are not tested, a limit: the rest has rows
    ("FROM indicators WHERE geo = 'CHN' AND indicator = 'total_trade' AND value > 1e20",
     ["rows fit geo 'CHN', indicator 'total_trade'; another condition of the query leaves nothing: \"value\" > "]),
    ("FROM indicators WHERE geo = 'CHN' AND value > 1e20 AND NOT contested",
     ["rows fit geo 'CHN'; another condition of the query leaves nothing: (\"value\" > 1e+20) AND (NOT contested)"]),
    ("FROM growth('CHN', flow := 'X') WHERE value > 1e20", ["rows fit geo 'CHN', flow 'X'; another condition of"]),
    ("FROM indicators WHERE geo = 'ISL' LIMIT 0", ["nothing has geo 'ISL'; without it there is: geo CHN,"]),
    ("FROM datasets WHERE dataset = 'exchange_rates_cny' LIMIT 0", ["1 row(s) fit the conditions; LIMIT 0 leaves"]),
    ("FROM flows ORDER BY ALL LIMIT 5 OFFSET 90", ["4 row(s) fit the conditions; LIMIT 5 OFFSET 90 leaves none"]),
    ("FROM indicators WHERE geo = 'CHN' AND period BETWEEN '2040' AND '2050'",
     ["nothing has period between '2040' and '2050' together with the rest; without"]),
    ("FROM indicators WHERE geo = 'CHN' AND item LIKE 'NO%'", ["nothing has item like 'NO%' together with the rest;"]),
    # what a macro takes where nothing is said is a condition too
    ("FROM series('ZONE:GZDD', item := 'GZ:DIGITAL_SERVICES')",
     ["series takes basis := 'published' unless told otherwise; with basis := NULL there is: basis executed",
      "nothing has geo 'ZONE:GZDD' together with the rest;"]),
    ("FROM city_share('Tianhe District', 'NATION', flow := 'X', period := 2021)",
     ["each alone may be there, but nothing"]),
    ("FROM series('Huangpu District', flow := 'N', item := 'ODI:CONTRACTED')",
     ["series takes basis := 'published' unless told otherwise; with basis := NULL there is: basis contracted",
      "nothing has item 'ODI:CONTRACTED' together with the rest;"]),
    ("FROM series('Tianhe District', item := 'EBOPS2010:SJ', flow := 'T', measure := 'value', definition := NULL, "
      "since := 2031)", ["nothing has since 2031"]),
    ("FROM series('Guangzhou', definition := 'unctad')",
     ["nothing has geo 'Guangzhou' together",
      "series reads printed figures; computed from them there is: from indicators where definition = 'unctad' and "
      "geo = 'CN-440100' (indicator "]),
    # nothing in the column is called so
    ("FROM indicators WHERE geo = 'CN-440106' AND item = 'EBOPS2010:SC' AND definition = 'unctad'",
     ["there is: item DEF:unctad", "there is: definition none"]),
    # other columns that hold codes and names
    ("FROM observations WHERE obs_status = 'Z'", ["there is no obs_status 'Z' in observations; nothing is spelled"]),
    ("FROM indicators_on_request WHERE asked = 'mixed'", ["there is no asked 'mixed' in indicators_on_request; near"]),
    ("FROM items WHERE code = 'EBOPS2010:SJ3X'", ["no code 'EBOPS2010:SJ3X' in items; nearest: EBOPS2010:SJ3"]),
    ("FROM group_members WHERE group_code = 'GROUP:EUU'", ["'GROUP:EUU' in group_members; nearest: GROUP:EU,"]),
    ("FROM observations_labelled WHERE geo_label_zh = '广州'", ["'广州' in observations_labelled; nearest: 广州市"]),
    ("FROM observations WHERE geo = 'CHN' AND obs_status = 'F'",
     ["nothing has geo 'CHN'", "nothing has obs_status 'F' together with the rest; without obs_status 'F' there is:"]),
    ("SELECT geo FROM indicators WHERE period = '1999' GROUP BY geo HAVING count(*) > 5", ["there is no period"])
]  # fmt: skip


@pytest.mark.parametrize(("sql", "hints"), EMPTY_ANSWERS)
def test_an_empty_answer_says_which_condition_leaves_nothing(sql: str, hints: list[str], clean_run: Path) -> None:
    done = call(clean_run, "query", sql, "--format", "csv")
    assert done.exit_code == 0 and done.stdout.count("\n") == 1
    lines = done.stderr.splitlines()
    assert len(lines) == len(hints), lines
    assert all(any(hint in line for line in lines) for hint in hints), lines


def test_an_answer_with_rows_has_no_such_hint(clean_run: Path) -> None:
    assert call(clean_run, "query", "FROM growth('CHN', flow := 'X', since := 2022)").stderr == ""
    assert call(clean_run, "query", "SELECT count(*) FROM growth('CHN', flow := 'X', since := 2031)").stderr == ""


ENGLISH = re.compile(r"[a-z]{2,} [a-z]{2,} [a-z]{2,}")
# What DuckDB says is quoted as it says it; commands and SQL are that, what is in brackets is codes and labels.
QUOTED = re.compile(
    r"(syntax error|Cannot open file|Referenced column|Macro|A CTE needs|No function matches|Candidate).*|'[^']*'|"
    r"\([^()]*\)|digitrade \w+ \w+|from \w+ where .*"
)


def refuse_in_chinese(published: Path, sql: str) -> list[str]:
    """What a query is told with --lang zh: its refusal, or its hints."""
    try:
        _, hints = answer(published, sql)
    except InputError as error:
        return [say_error("ASK", error, "zh")]
    return [say_all("ASK", hint, "zh") for hint in hints]


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_refused_in_chinese(attack: str, published: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    sql = ATTACKS[attack][0].format(out=tmp_path / "out", secret=secret, observations=published.parent / "observations")
    [said] = refuse_in_chinese(published, sql)
    assert not ENGLISH.search(QUOTED.sub("", said)) and re.search("[一-鿿]{4}", said) and "\n" not in said, said


@pytest.mark.parametrize(
    "sql",
    [*(sql for sql, _ in (*WRONG_NAMES, *EMPTY_ANSWERS)), "FROM series('CHN', unit := 'banana')",
     "FROM indicators WHERE unit = 'banana'",
     "FROM growth('CN-440100')", "FROM growth('CHN', currency := 'CNY')", "FROM growth('CHN', since := 'soon')",
     "FROM revisions('nobody')", "FROM revisions('seed_statements')"],
)  # fmt: skip
def test_what_a_query_is_told_is_said_in_chinese(sql: str, published: Path) -> None:
    for said in refuse_in_chinese(published, sql):
        assert not ENGLISH.search(QUOTED.sub("", said)) and re.search("[一-鿿]{2}", said), said


def test_the_command_refuses_and_hints_in_chinese(clean_run: Path) -> None:
    done = call(clean_run, "query", "DROP VIEW items", "--lang", "zh")
    assert done.exit_code == 2 and done.stderr == (
        "digitrade: 查询只读已发布的数据库，拒绝 DROP：会改动数据库。"
        "处理办法：请用一条 SELECT 提问；示例见 digitrade query --help。\n"
    )
    done = call(clean_run, "query", "SELECT valu FROM indicators", "--lang", "zh")
    assert done.stderr == "digitrade: 无法回答该查询：indicators 中没有列 valu；是否指 value？。\n"
    done = call(clean_run, "query", "FROM indicators WHERE indicator = 'totl_trade'", "--lang", "zh", "--format", "csv")
    assert done.exit_code == 0 and "indicator 没有 'totl_trade'；最相近：total_trade" in done.stderr
    done = call(clean_run, "query", "SELECT 1", "--memory", "lots", "--lang", "zh")
    assert done.stderr == "digitrade: 内存上限写法有误。实际为 'lots'。处理办法：请写成 500MB 或 2GB。\n"


@pytest.mark.parametrize("sql", ["FROM series('CHN', unit := 'banana')", "FROM indicators WHERE unit = 'banana'"])
def test_a_name_that_is_like_no_code_is_not_given_one(sql: str, clean_run: Path) -> None:
    said = call(clean_run, "query", sql).stderr
    assert "'banana'" in said and "nothing is spelled like it: see from codes where list = 'units'" in said


def test_all_formats_hold_the_same_rows(clean_run: Path, tmp_path: Path) -> None:
    sql = "SELECT period, value, lower FROM growth('CHN', flow := 'X', since := 2022)"
    rows = json.loads(call(clean_run, "query", sql, "--format", "json").stdout)
    assert [row["period"] for row in rows] == ["2022", "2023"]
    assert list(csv.DictReader(io.StringIO(call(clean_run, "query", sql, "--format", "csv").stdout))) == rows
    target = tmp_path / "rows.parquet"
    assert call(clean_run, "query", sql, "--format", "parquet", "-o", str(target)).exit_code == 0
    stored = pq.read_table(target)
    assert str(stored.schema.field("value").type) == "decimal128(38, 10)"
    assert [format(value.normalize(), "f") for value in stored["value"].to_pylist()] == [row["value"] for row in rows]
    shown = call(clean_run, "query", sql).stdout
    assert all(row["value"] in shown for row in rows) and "2 rows" in shown


@pytest.mark.parametrize(
    "place",
    ["curated/digitrade.duckdb", "curated/new.csv", "raw/made_up/2024/figures.csv", "own/a.csv", "elsewhere/../raw/a"],
)
@pytest.mark.parametrize("way", ["plain", "relative", "linked folder", "linked file"])
def test_no_output_goes_into_the_rooms_of_the_data(
    place: str, way: str, clean_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither by its path nor through a link; what is refused is not run: this query would take the whole minute."""
    data = tmp_path / "data"
    for folder in ("curated", "raw/made_up/2024", "own", "elsewhere"):
        (data / folder).mkdir(parents=True)
    os.link(clean_run / "curated" / "digitrade.duckdb", data / "curated" / "digitrade.duckdb")
    (data / "raw/made_up/2024/figures.csv").write_text("landed\n", encoding="utf-8")
    before, output = list_files(data), data / place
    if way == "relative":
        monkeypatch.chdir(data / "own")
        output = Path("..") / place
    elif way == "linked folder":
        (tmp_path / "door").symlink_to(data)
        output = tmp_path / "door" / place
    elif way == "linked file":
        (tmp_path / "door.csv").symlink_to(output)
        output = tmp_path / "door.csv"
    done = call(data, "query", SLOW, "--format", "csv", "-o", str(output))
    assert done.exit_code == 2 and done.stderr.count("\n") == 1
    room = place.removeprefix("elsewhere/../").partition("/")[0]
    assert f"inside {data / room}, which the project keeps" in done.stderr and "choose a file elsewhere" in done.stderr
    assert list_files(data) == before


def test_linked_rooms_of_the_data_are_closed_too(clean_run: Path, tmp_path: Path) -> None:
    data, store = tmp_path / "data", tmp_path / "store"
    data.mkdir()
    store.mkdir()
    (data / "raw").symlink_to(store)
    (data / "curated").symlink_to(clean_run / "curated")
    done = call(data, "query", "SELECT 1", "-o", str(store / "a.csv"))
    assert done.exit_code == 2 and "which the project keeps" in done.stderr and not list(store.iterdir())


def test_tables_are_not_written_over_published_files(clean_run: Path) -> None:
    before = list_files(clean_run / "curated")
    done = call(clean_run, "tables", "-o", str(clean_run / "curated" / "exports"))
    assert isinstance(done.exception, InputError) and "which the project keeps" in str(done.exception)
    assert list_files(clean_run / "curated") == before


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_file_elsewhere_is_replaced_as_a_whole(
    form: str, clean_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second name of the old file keeps the old bytes; where writing fails the file is as it was, nothing beside."""
    out, second = tmp_path / "out", tmp_path / "second"
    out.write_bytes(b"old")
    os.link(out, second)
    assert call(clean_run, "query", "SELECT 1 AS a", "--format", form, "-o", str(out)).exit_code == 0
    assert second.read_bytes() == b"old" and out.read_bytes() != b"old"
    before = list_files(tmp_path)

    def fill(path: Path, *_: object, **__: object) -> None:
        Path(path).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    if form == "parquet":
        monkeypatch.setattr(pq, "write_table", lambda rows, path: fill(path))
    else:
        monkeypatch.setattr(Path, "write_text", fill)
    done = call(clean_run, "query", "SELECT 2 AS a", "--format", form, "-o", str(out))
    monkeypatch.undo()
    assert done.exit_code == 2 and "No space left" in done.stderr
    assert list_files(tmp_path) == before


@pytest.mark.parametrize(
    "sql",
    ["-- exports\nSELECT 7 AS a", "--exports\nSELECT 7 AS a", "-- a\n-- b\n\nSELECT 7 AS a", "/* x */ SELECT 7 AS a",
     "-- output = none\nSELECT 7 AS a", "  -- x\nSELECT 7 AS a", "--\nSELECT 7 AS a", "-- format csv\r\nSELECT 7 AS a"],
)  # fmt: skip
@pytest.mark.parametrize("place", ["first", "last", "behind --"])
def test_a_query_may_begin_with_a_comment(sql: str, place: str, clean_run: Path) -> None:
    words = {
        "first": [sql, "--format", "csv"],
        "last": ["--format", "csv", sql],
        "behind --": ["--format", "csv", "--", sql],
    }[place]
    done = call(clean_run, "query", *words)
    assert (done.exit_code, done.stdout, done.stderr) == (0, "a\n7\n", "")


def test_a_misspelt_option_is_no_comment(clean_run: Path) -> None:
    done = call(clean_run, "query", "SELECT 1", "--fromat", "csv")
    assert done.exit_code == 2 and "No such option" in done.stderr and "--fromat" in done.stderr


@pytest.mark.parametrize("most", ["1KB", "1MB", "20KB", "0.5MB"])
def test_a_memory_in_which_nothing_can_be_done_is_said_in_one_sentence(most: str, clean_run: Path) -> None:
    done = call(clean_run, "query", "FROM growth('CHN', flow := 'X')", "--memory", most)
    assert done.exit_code == 2 and done.stdout == ""
    assert done.stderr == (
        f"digitrade: the query needs more memory than {most}. What to do: narrow it, or allow more with --memory.\n"
    )


def test_mixed_sources_reach_the_macros(clean_run: Path) -> None:
    sql = "SELECT obs_status FROM city_share('Guangzhou')"
    assert "D" not in call(clean_run, "query", sql, "--format", "csv").stdout.split()
    assert call(clean_run, "query", sql, "--format", "csv", "--mixed-sources").stdout.split() == [
        "obs_status",
        "D",
        "D",
    ]


@pytest.mark.parametrize("topic", ["views", "columns", "macros"])
def test_catalog_lists_the_database_in_both_languages(topic: str, clean_run: Path) -> None:
    rows = {
        lang: json.loads(call(clean_run, "catalog", topic, "--json", "--lang", lang).stdout) for lang in ("en", "zh")
    }
    assert len(rows["en"]) == len(rows["zh"]) > 20
    assert all(row["words"] for row in rows["en"] + rows["zh"])
    assert [row["words"] for row in rows["en"]] != [row["words"] for row in rows["zh"]]
    assert call(clean_run, "catalog", topic).exit_code == 0


def test_catalog_without_a_database_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="digitrade run"):
        CliRunner().invoke(
            app, ["catalog", "views"], env=os.environ | {"DIGITRADE_DATA_DIR": str(tmp_path)}, catch_exceptions=False
        )
