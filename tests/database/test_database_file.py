"""The database file: its format, its readers during a run, its words, and Parquet beside it when the folder moves."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows import pipeline
from transforms.catalog import create_catalog
from transforms.database import CONTRACTS, STORAGE_VERSION
from transforms.errors import InputError
from transforms.macros import load_macros

# The number in the header of a file that DuckDB 1.0.0 and all later releases read.
OLDEST = 64


def read_format(path: Path) -> int:
    """The storage version as it stands in the file: eight bytes after the mark DUCK."""
    head = path.read_bytes()[:20]
    assert head[8:12] == b"DUCK"
    (number,) = struct.unpack("<Q", head[12:20])
    return int(number)


def test_the_storage_version_is_the_one_set_on_purpose(published: Path, tmp_path: Path) -> None:
    assert read_format(published) == OLDEST
    with duckdb.connect(str(published), read_only=True) as con:
        assert con.execute(
            "SELECT tags['storage_version'] FROM duckdb_databases() WHERE path IS NOT NULL"
        ).fetchone() == (f"{STORAGE_VERSION}+",)
    with duckdb.connect() as con:  # the number does tell releases apart
        con.execute(f"ATTACH '{tmp_path / 'new.duckdb'}' (STORAGE_VERSION 'v1.5.0')")
    assert read_format(tmp_path / "new.duckdb") > OLDEST


READER = """
import duckdb, sys
con = duckdb.connect(sys.argv[1], read_only=True)
for line in sys.stdin:
    print(con.execute(line).fetchall(), flush=True)
"""


class Reader:
    """A client in a process of its own that keeps the database open, read-only."""

    def __init__(self, path: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", READER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, sql: str) -> str:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(f"{sql}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def close(self) -> None:
        self.process.communicate()


@pytest.mark.slow
def test_a_reader_stays_undisturbed_while_a_run_publishes(
    clean_run: Path, data_dir: Path, spoil: Callable[..., Path], plain_steps: dict[str, Callable[..., Any]]
) -> None:
    shutil.copytree(clean_run / "curated", data_dir / "curated")
    database = data_dir / "curated" / "digitrade.duckdb"
    # China's exports of 2023 are revised by one
    spoil(
        "unctad_digitally_deliverable", "digitally_deliverable.csv", lambda raw: raw.replace(b"216265.0", b"216266.0")
    )
    sql = "SELECT value::INTEGER FROM series('CHN', flow := 'X', since := 2023)"
    everything = "SELECT md5(string_agg(i::VARCHAR, '' ORDER BY i::VARCHAR)) FROM indicators i"
    early, answers = Reader(database), []
    before = early.ask(everything)

    def watched(name: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            late = Reader(database)  # who opens the file in the middle of a run finds the old one, whole
            answers.append((early.ask(sql), late.ask(sql)))
            late.close()
            done = plain_steps[name](*args, **kwargs)
            answers.append((early.ask(sql), early.ask(everything)))
            return done

        return call

    old = database.stat().st_ino
    steps = plain_steps | {name: watched(name) for name in ("build_database", "publish")}
    pipeline.run_stages(data_dir, steps)
    assert database.stat().st_ino != old  # replaced by renaming, not written over
    assert answers == [("[(216265,)]", "[(216265,)]"), ("[(216265,)]", before)] * 2
    early.close()
    after = Reader(database)
    assert after.ask(sql) == "[(216266,)]"
    after.close()


@pytest.mark.slow
def test_parquet_beside_the_file_is_found_after_the_folder_has_moved(
    large_run: Path, clean_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    curated = large_run / "curated"
    with duckdb.connect(str(clean_run / "curated" / "digitrade.duckdb"), read_only=True) as con:
        whole = con.execute("FROM observations ORDER BY ALL").fetchall()
    monkeypatch.chdir(large_run)
    with duckdb.connect(str(curated / "digitrade.duckdb"), read_only=True) as con:
        assert con.execute("SELECT count(*) FROM observations").fetchone() == (137,)
        for told in (str(curated), "curated"):
            assert con.execute(f"FROM all_observations('{told}') ORDER BY ALL").fetchall() == whole
        con.execute("CREATE TEMP VIEW everything AS FROM all_observations('curated')")
        sql = "SELECT count(*) FROM series('CHN', flow := 'X', definition := 'unctad', source := '{}')"
        assert con.execute(sql.format("everything")).fetchone() == (14,)
        assert con.execute(sql.format("observations")).fetchone() == (0,)
        with pytest.raises(duckdb.IOException):
            con.execute(f"FROM all_observations('{large_run.with_name('data') / 'curated'}')").fetchall()


def test_the_core_set_of_large_editions_is_beside_the_file(
    large_run: Path, clean_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(large_run)
    key = "geo, flow, item, period"
    with duckdb.connect(str(large_run / "curated" / "digitrade.duckdb"), read_only=True) as con:
        levels = con.execute(
            f"""SELECT {key}, value FROM core_levels('curated') WHERE dataset = 'unctad_digitally_deliverable'
                  AND flow IN ('X', 'M') AND method = 'published' ORDER BY ALL"""
        ).fetchall()
        printed = con.execute(
            f"""SELECT {key}, value FROM all_observations('curated')
                WHERE dataset = 'unctad_digitally_deliverable' AND measure = 'value' AND partner = 'W' ORDER BY ALL"""
        ).fetchall()
        assert levels == printed and len(levels) > 200
        growth = con.execute(
            f"""SELECT {key}, round(value, 6) FROM core_indicators('curated')
                WHERE dataset = 'unctad_digitally_deliverable' AND indicator = 'growth' AND flow IN ('X', 'M')
                  AND geo <> 'W' ORDER BY ALL"""
        ).fetchall()
    with duckdb.connect(str(clean_run / "curated" / "digitrade.duckdb"), read_only=True) as con:
        whole = con.execute(
            f"""SELECT {key}, CAST(round(value, 6) AS DOUBLE) FROM indicators
                WHERE dataset = 'unctad_digitally_deliverable' AND indicator = 'growth' AND flow IN ('X', 'M')
                  AND geo <> 'W' AND item IN (SELECT DISTINCT item FROM observations) ORDER BY ALL"""
        ).fetchall()
        assert growth == whole and len(whole) > 100
        assert con.execute("SELECT count(*) FROM core_levels('curated')").fetchone() == (0,)  # no large edition


def test_no_path_of_the_machine_is_in_the_database(large_run: Path) -> None:
    with duckdb.connect(str(large_run / "curated" / "digitrade.duckdb"), read_only=True) as con:
        rows = con.execute(
            """SELECT sql FROM duckdb_views()
               UNION ALL SELECT macro_definition FROM duckdb_functions() WHERE NOT internal"""
        ).fetchall()
    texts = {text for (sql,) in rows for text in re.findall(r"'([^']*/[^']*)'", sql) if "://" not in text}
    # macros put a slash alone between the parts of the name of a cell; a path has a name behind it
    paths = {text for text in texts if re.search(r"/\w", text)}
    assert paths and all(path.startswith(("/observations/dataset=", "/core/dataset=", "/runs/**")) for path in paths), (
        "under the folder that is named"
    )
    assert not any(word in sql for (sql,) in rows for word in (".staging", str(large_run.parent)))


def test_every_view_column_macro_and_parameter_has_words(con: duckdb.DuckDBPyConnection) -> None:
    views = con.execute("SELECT view_name, '' FROM duckdb_views() WHERE NOT internal").fetchall()
    columns = con.execute(
        """SELECT table_name, column_name, data_type FROM duckdb_columns()
           WHERE NOT internal AND schema_name = 'main'"""
    ).fetchall()
    functions = con.execute(
        "SELECT function_name, parameters, comment FROM duckdb_functions() WHERE NOT internal"
    ).fetchall()
    listed = {(row[0], row[1], row[2]): row[3:] for row in con.execute(
        "SELECT kind, name, column_name, type, words_en, words_zh, default_value FROM catalog"
    ).fetchall()}  # fmt: skip
    wanted = {("view", name, "") for name, _ in views} | {("column", table, name) for table, name, _ in columns}
    wanted |= {("macro", name, "") for name, _, _ in functions}
    parameters = {(name, parameter) for name, names, _ in functions for parameter in names}
    wanted |= {("parameter", name, parameter) for name, parameter in parameters}
    assert wanted == {key for key in listed if key[0] != "result"}
    assert all(comment for _, _, comment in functions)
    assert [key for key, (_, en, zh, _) in listed.items() if not en or not re.search(r"[一-鿿]", zh)] == []
    assert {(table, name): type_ for table, name, type_ in columns} == {
        (key[1], key[2]): found[0] for key, found in listed.items() if key[0] == "column"
    }
    assert listed["parameter", "growth", "geo"][3] == "" and listed["parameter", "growth", "indicator"][3] == "'growth'"


def test_the_cards_are_in_the_database_in_both_languages(con: duckdb.DuckDBPyConnection) -> None:
    assert con.execute(
        "SELECT formula, formula_zh, unit_zh, refused_zh FROM indicator_cards WHERE indicator = 'digital_trade'"
    ).fetchone() == (
        "ordered + delivered - both",
        "数字订购 + 数字交付 - 两者兼有",
        "按公布单位",
        "某一部分为负；两者兼有的大于其中之一。",
    )
    assert con.execute(
        "SELECT formula_zh, unit_zh, source_zh FROM indicator_cards WHERE indicator = 'rca'"
    ).fetchone() == ("(x_i / x) / (X_i / X)", "RATIO", "Balassa 1965")
    assert con.execute(
        "SELECT DISTINCT note_en, note_zh FROM definition_items WHERE definition = 'unctad' AND note_en <> ''"
    ).fetchall() == [
        (
            "Only audiovisual and related services of SK; not computable where SK1 is not reported",
            "SK 中只计视听和相关服务；未报告 SK1 时无法计算",
        )
    ]


def test_the_catalog_has_the_columns_that_a_macro_gives(con: duckdb.DuckDBPyConnection) -> None:
    for macro in load_macros():
        if macro.is_table:
            given = con.execute(f"SELECT column_name, column_type FROM (DESCRIBE FROM {macro.name}(NULL))").fetchall()
            listed = con.execute(
                "SELECT column_name, type FROM catalog WHERE kind = 'result' AND name = ? ORDER BY position",
                [macro.name],
            ).fetchall()
            assert listed == given and len(given) > 3


@pytest.mark.parametrize(
    ("comment", "problem"), [("NULL", "bare has no words"), ("'Said in English alone.'", "bare has no Chinese words")]
)
def test_what_has_no_words_is_not_published(comment: str, problem: str) -> None:
    with duckdb.connect() as con:
        con.execute("CREATE VIEW bare AS SELECT 1 AS x")
        con.execute(f"COMMENT ON VIEW bare IS {comment}")
        with pytest.raises(InputError, match=problem):
            create_catalog(con, CONTRACTS)


def test_labelled_views_have_the_rows_of_their_tables(con: duckdb.DuckDBPyConnection) -> None:
    for name in ("observations", "indicators", "comparisons"):
        columns = ", ".join(row[0] for row in con.execute(f"DESCRIBE {name}").fetchall())
        rows = con.execute(f"SELECT {columns} FROM {name} ORDER BY ALL").fetchall()
        assert con.execute(f"SELECT {columns} FROM {name}_labelled ORDER BY ALL").fetchall() == rows
    (row,) = con.execute(
        "SELECT DISTINCT geo_label_en, geo_label_zh, flow_label_en, unit_label_zh FROM observations_labelled "
        "WHERE geo = 'CHN' AND flow = 'X' AND unit = 'USD'"
    ).fetchall()
    assert row == ("China", "中国", "Exports", "美元")
