"""The macros of the database: answers on the bundled data, what is refused, and cases made by hand."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from transforms.errors import InputError
from transforms.export.labels import Labels
from transforms.macros import load_macros, parse_macro

Row = dict[str, Any]
Make = Callable[..., duckdb.DuckDBPyConnection]


def ask(con: duckdb.DuckDBPyConnection, sql: str) -> list[Row]:
    rows: list[Row] = con.execute(sql).to_arrow_table().to_pylist()
    return rows


def refuse(con: duckdb.DuckDBPyConnection, sql: str) -> str:
    with pytest.raises(duckdb.InvalidInputException) as caught:
        con.execute(sql).fetchall()
    return str(caught.value).removeprefix("Invalid Input Error: ")


def test_series_gives_the_printed_figures(con: duckdb.DuckDBPyConnection) -> None:
    rows = ask(con, "FROM series('CHN', flow := 'X', definition := 'unctad')")
    printed = con.execute(
        """SELECT period, value, locator FROM observations
           WHERE geo = 'CHN' AND flow = 'X' AND measure = 'value' AND item = 'DEF:unctad' ORDER BY period"""
    ).fetchall()
    assert [(row["period"], row["value"], row["locator"]) for row in rows] == printed and len(rows) == 14
    assert {(row["geo_label_en"], row["geo_label_zh"]) for row in rows} == {("China", "中国")}
    assert (rows[0]["unit"], rows[0]["unit_mult"], rows[0]["dataset"]) == ("USD", 6, "unctad_digitally_deliverable")


def test_notes_stand_in_chinese_by_the_templates_of_the_tables(con: duckdb.DuckDBPyConnection) -> None:
    labels = Labels(con, "zh")
    for view in ("indicators", "comparisons"):
        rows = con.execute(
            f"SELECT DISTINCT note, note_zh(note), note_zh FROM {view}_labelled WHERE note <> '' ORDER BY ALL"
        ).fetchall()
        assert rows and {(note, labels.note(note), labels.note(note)) for note, *_ in rows} == set(rows)
        assert [row for row in rows if re.search("[a-z]{2,} [a-z]{2,} [a-z]{2,}", row[1])] == []
    asked = "SELECT note, note_zh(note) FROM growth('CN-440100', definition := 'dds6')"
    assert all(said == labels.note(note) for note, said in con.execute(asked).fetchall())
    unknown = "the denominator is zero; no word of ours"  # no row has it
    assert con.execute("SELECT note_zh($1), note_zh('')", [unknown]).fetchone() == (unknown, "")


@pytest.mark.parametrize("place", ["China", "china", "中国", "CHN"])
def test_a_place_is_found_by_any_of_its_names(con: duckdb.DuckDBPyConnection, place: str) -> None:
    rows = ask(con, f"FROM series('{place}', flow := 'exports', since := 2022)")
    assert [(row["geo"], row["flow"], row["period"]) for row in rows] == [("CHN", "X", "2022"), ("CHN", "X", "2023")]


def test_several_places_an_item_without_its_scheme_and_a_span(con: duckdb.DuckDBPyConnection) -> None:
    rows = ask(con, "FROM series('CHN + IND', flow := 'M', since := '2020', until := 2021)")
    assert [(row["geo"], row["period"]) for row in rows] == [
        ("CHN", "2020"), ("CHN", "2021"), ("IND", "2020"), ("IND", "2021"),
    ]  # fmt: skip
    rows = ask(con, "FROM series('天河区', item := 'SI', flow := 'X')")
    assert {(row["item"], row["period"], row["printed"]) for row in rows} == {("EBOPS2010:SI", "2021", "9.34")}


def test_every_name_of_every_place_finds_it_or_is_refused(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute(
        """WITH named AS (
               SELECT code, unnest(names) AS name FROM codes WHERE list = 'geographies'
               UNION ALL SELECT code, code FROM codes WHERE list = 'geographies')
           SELECT name, list(DISTINCT code ORDER BY code) FROM named
           GROUP BY name ORDER BY hash(name), name LIMIT 150"""
    ).fetchall()
    assert len(rows) == 150
    for name, codes in rows:
        sql, given = "SELECT find_codes([['geographies', ?]])", [name]
        if len(codes) == 1:
            assert con.execute(sql, given).fetchone() == ([codes],), name
        elif name not in codes:
            with pytest.raises(duckdb.InvalidInputException, match="several codes"):
                con.execute(sql, given).fetchone()


@pytest.mark.parametrize(
    ("sql", "wrong", "nearest"),
    [("series('Guangzhuo')", "'Guangzhuo' in the list geographies", "CN-440100 (Guangzhou)"),
     ("series('CHN', item := 'EBOPS2010:SZ')", "'EBOPS2010:SZ' in the list items", "EBOPS2010:S"),
     ("series('CHN', flow := 'export')", "'export' in the list flows", "X (Exports)"),
     ("series('CHN', definition := 'dds7')", "'dds7' in the list definitions", "dds6"),
     ("growth('CHN', indicator := 'groth')", "'groth' in the list indicators", "growth"),
     ("growth('CHN', period := 2031)", "'2031' in the list periods", "2030"),
     ("growth('CHN', currency := 'UDS')", "'UDS' in the list units", "USD"),
     ("growth('CHN', dataset := 'unctad')", "'unctad' in the list datasets", "unctad_digitally_deliverable"),
     ("city_share('Guangzhou', 'NATON')", "'NATON' in the list references", "NATION (The nation)"),
     ("city_share('Guangzhou', vintage := '2021')", "'2021' in the list vintages", "2022"),
     ("balance_sheet('CHN', scheme := 'EBOPS2011')", "'EBOPS2011' in the list schemes", "EBOPS2010"),
     ("trace('city_shar')", "'city_shar' in the list indicators", "city_share"),
     ("trace('growth', 'Guangzhuo')", "'Guangzhuo' in the list geographies", "CN-440100 (Guangzhou)"),
     ("revisions('unctad')", "'unctad' in the list datasets", "unctad_digitally_deliverable"),
     ("revisions('seed_statements', '2024')", "'2024' in the list vintages", "2025"),
     ("compare_definitions('CHN', 'totl_trade')", "'totl_trade' in the list indicators", "total_trade"),
     ("compare_definitions('CHN', against := 'unctd')", "'unctd' in the list definitions", "unctad")],
)  # fmt: skip
def test_what_is_not_known_is_refused_with_the_nearest(
    con: duckdb.DuckDBPyConnection, sql: str, wrong: str, nearest: str
) -> None:
    said = refuse(con, f"FROM {sql}")
    assert f"there is no {wrong}" in said and nearest in said.split("nearest: ")[1]


@pytest.mark.parametrize("said", ["banana", "20x3", "2020Q1", "2020-13", "2020+2021", ""])
@pytest.mark.parametrize(
    "sql",
    ["growth('CHN', since := '{}')", "growth(NULL, until := '{}', period := 2020)",
     "series('CHN', since := '{}', unit := 'GBP')", "series('CHN', until := '{}')"],
)  # fmt: skip
def test_what_is_no_period_is_refused(con: duckdb.DuckDBPyConnection, sql: str, said: str) -> None:
    assert f"'{said}' is no period, which is written like 2020" in refuse(con, f"FROM {sql.format(said)}")


def test_a_span_may_begin_before_and_end_after_all_figures(con: duckdb.DuckDBPyConnection) -> None:
    asked = "FROM series('CHN', flow := 'X', definition := 'unctad'{})"
    everything = ask(con, asked.format(""))
    assert len(everything) > 10
    for span in (", since := 1850", ", until := '2099-Q3'", ", since := '1990-01', until := '2031-12-31'"):
        assert ask(con, asked.format(span)) == everything


@pytest.mark.parametrize(
    ("said", "nearest"),
    [("1900", "2020, 2021, 2021-Q1"), ("2031", "2021, 2020, 2022-Q4"), ("2021-Q2", "2021-Q1, 2022-Q4, 2021"),
     ("2021-12", "2021-11, 2022-Q4, 2021")],
)  # fmt: skip
def test_the_nearest_periods_are_those_nearest_in_time(make_database: Make, said: str, nearest: str) -> None:
    """Of the same form first: who asks for a quarter means a quarter."""
    periods = ("2020", "2021", "2021-Q1", "2022-Q4", "2021-11")
    con = make_database(observations=[{"item": "EBOPS2010:SI", "period": p, "value": "5"} for p in periods])
    assert refuse(con, f"FROM balance_sheet('CHN', '{said}')").endswith(f"nearest: {nearest}")


@pytest.mark.parametrize(
    ("period", "years"),
    [("2020", 2020), ("2020-Q3", 2020.5), ("2020-07", 2020.5), ("2020-01-31", 2020 + 30 / 366), ("2019/2021", 2021),
     ("2019-01/2019-07", 2019.5), ("../2021", 2021), ("2020-Q5", None), ("2020-13", None), ("12020", None), ("", None)],
)  # fmt: skip
def test_a_period_has_a_place_in_time(con: duckdb.DuckDBPyConnection, period: str, years: float | None) -> None:
    found = con.execute("SELECT place_in_time(?)", [period]).fetchone()
    assert found == (years if years is None else pytest.approx(years),)


def test_a_unit_without_figures_is_refused_with_those_that_have(make_database: Make) -> None:
    """EUR is a currency like any other; nothing is said where no choice of it would help."""
    level, rate = {"item": "EBOPS2010:SI"}, {"base_period": "2019", "unit": "PERCENT", "item": "DEF:dds6"}
    con = make_database(
        observations=[level | {"value": "5"}, level | {"value": "6", "unit": "CNY", "period": "2021"}],
        indicators=[
            rate | {"indicator": "growth", "value": "5", "currency": "USD"},
            LEVEL | {"definition": "dds6", "value": "100"},
        ],
    )
    for sql, what in (
        ("series('CHN', unit := 'GBP')", "the units with figures are CNY, USD; choose with unit := 'CNY'"),
        ("series('CHN', since := 2021, unit := 'USD')", "the units with figures are CNY;"),
        ("growth('CHN', currency := 'Euro')", "the currencies with figures are USD; choose with currency := 'USD'"),
        ("balance_sheet('CHN', 2020, unit := 'EUR+GBP')", "EUR, GBP; the units with figures are USD;"),
        ("compare_definitions('CHN', currency := 'CNY')", "in CNY; the currencies with figures are USD;"),
    ):
        said = refuse(con, f"FROM {sql}")
        assert "nothing of what is asked for has a figure in" in said and what in said, sql
        sound = sql.replace("GBP", "CNY").replace("Euro", "USD").replace("EUR+CNY", "EUR+USD")
        assert sound == sql or ask(con, f"FROM {sound}")
    assert ask(con, "FROM series('CHN', since := 2022, unit := 'GBP')") == []


def test_an_item_under_no_definition_is_not_cut_by_the_usual_one(make_database: Make) -> None:
    share = {"indicator": "city_share", "geo": "CN-440100", "reference": "NATION", "unit": "PERCENT", "currency": "USD"}
    con = make_database(
        indicators=[
            share | {"item": "EBOPS2010:SI", "value": "4"},
            share | {"item": "DEF:dds6", "definition": "dds6", "value": "3"},
            share | {"item": "DEF:unctad", "definition": "unctad", "value": "2"},
        ]
    )
    for said, values in (
        ("", [3]),
        (", item := 'SI'", [4]),
        (", item := 'SI+DEF:dds6'", [3, 4]),
        (", item := 'DEF:unctad'", []),
        (", definition := 'unctad'", [2]),
        (", definition := NULL", [3, 2, 4]),
    ):
        rows = ask(con, f"FROM city_share('Guangzhou'{said})")
        assert sorted(row["value"] for row in rows) == sorted(values), said


@pytest.mark.parametrize("day", ["'yesterday'", "'2020-13-31'", "'2021-02-29'", "2020", "'2020-1-5'", "NULL", "''"])
def test_what_is_no_day_has_no_members(con: duckdb.DuckDBPyConnection, day: str) -> None:
    said = refuse(con, f"FROM group_members_on({day})")
    assert said == day.strip("'").join(("'", "' is no day; write it like '2020-01-31'"))
    assert (
        len(ask(con, "FROM group_members_on('2020-02-29')"))
        == len(ask(con, "FROM group_members_on(DATE '2020-02-29')"))
        > 300
    )


def test_item_and_definition_exclude_each_other(con: duckdb.DuckDBPyConnection) -> None:
    assert "exclude each other" in refuse(con, "FROM series('CHN', item := 'DEF:unctad', definition := 'unctad')")


def test_growth_is_that_of_the_levels(con: duckdb.DuckDBPyConnection) -> None:
    levels = {row["period"]: row for row in ask(con, "FROM series('IND', flow := 'X', definition := 'unctad')")}
    rows = ask(con, "FROM growth('IND', flow := 'X', definition := 'unctad')")
    assert len(rows) == 13 and {row["currency"] for row in rows} == {"USD"}
    for row in rows:
        later, earlier = levels[row["period"]], levels[row["base_period"]]
        assert row["value"] == pytest.approx((later["value"] / earlier["value"] - 1) * 100)
        assert row["lower"] == pytest.approx((later["lower"] / earlier["upper"] - 1) * 100)
        assert row["upper"] == pytest.approx((later["upper"] / earlier["lower"] - 1) * 100)


def test_a_rate_that_is_missing_stays_in_the_list(con: duckdb.DuckDBPyConnection) -> None:
    (row,) = ask(con, "FROM growth('HKG', flow := 'X', period := 2023)")
    assert (row["value"], row["obs_status"]) == (None, "O")


def test_share_of_the_nation_is_refused_or_marked(con: duckdb.DuckDBPyConnection) -> None:
    rows = ask(con, "FROM city_share('Guangzhou')")
    assert [(row["period"], row["value"], row["obs_status"]) for row in rows] == [
        ("2018", None, "O"), ("2020", None, "O"),
    ]  # fmt: skip
    assert all("another source family" in row["note"] for row in rows)
    mixed = ask(con, "FROM city_share('Guangzhou', mixed_sources := true)")
    assert [(row["period"], round(row["value"], 1), row["obs_status"]) for row in mixed] == [
        ("2018", Decimal("2.2"), "D"), ("2020", Decimal("4.9"), "D"),
    ]  # fmt: skip


def test_share_in_another_whole(con: duckdb.DuckDBPyConnection) -> None:
    rows = ask(con, "FROM city_share('Tianhe District', 'SERVICES', definition := NULL, item := 'SI', period := 2021)")
    assert {row["flow"]: round(row["value"], 2) for row in rows} == {
        "X": Decimal("61.13"), "M": Decimal("2.90"), "T": Decimal("56.30"),
    }  # fmt: skip
    assert {row["indicator"] for row in rows} == {"category_share"}


def test_balance_sheet_of_a_district(con: duckdb.DuckDBPyConnection) -> None:
    rows = {row["item"]: row for row in ask(con, "FROM balance_sheet('Tianhe District', 2021, scheme := 'EBOPS2010')")}
    telecom = rows["EBOPS2010:SI"]
    assert (telecom["exports"], telecom["imports"]) == (Decimal("9.34"), Decimal("0.04"))
    assert telecom["total"] == telecom["exports"] + telecom["imports"] == Decimal("9.38")
    assert telecom["balance"] == telecom["exports"] - telecom["imports"] == Decimal("9.30")
    assert telecom["export_import_coverage"] == Decimal("233.5")
    transport = rows["EBOPS2010:SC"]  # only the total is printed
    assert (transport["exports"], transport["balance"], transport["total"]) == (None, None, Decimal("2.61"))


def test_one_indicator_under_two_definitions(con: duckdb.DuckDBPyConnection) -> None:
    base, other = ask(
        con, "FROM compare_definitions('CN-440106', 'dds_share', 2021, flow := 'T', definitions := 'dds6+unctad')"
    )
    assert (base["definition"], other["definition"]) == ("dds6", "unctad")
    assert (base["difference"], base["why_en"]) == (None, "the definition that the others are set against")
    assert other["value"] is None and 0 < other["lower"] < other["upper"] < 100
    assert other["difference_lower"] == other["lower"] - base["upper"] < 0
    assert other["difference_upper"] == 0 < other["upper"] - base["lower"]  # unctad lies inside dds6
    assert (
        other["why_en"]
        == "dds6 counts SK2 (Other personal, cultural, and recreational services), which unctad does not; "
        "lies wholly inside dds6, so that the difference is not above zero"
    )
    assert other["why_zh"] == "dds6计入SK2（其他个人、文化和娱乐服务），unctad不计入；全部含于dds6，故差不大于零"


@pytest.mark.parametrize(("definition", "why"), [("wto_dds", "mode 1"), ("bea_dds_current", "does not list")])
def test_a_definition_that_totals_do_not_give_is_explained(
    con: duckdb.DuckDBPyConnection, definition: str, why: str
) -> None:
    asked = f"FROM compare_definitions('CHN', 'total_trade', 2020, against := 'unctad', definitions := '{definition}')"
    rows = {row["definition"]: row for row in ask(con, asked)}
    assert rows[definition]["value"] is None and rows["unctad"]["value"] == Decimal("286301")
    assert rows[definition]["why_en"].startswith("nothing is published or computed under it; ")
    assert why in rows[definition]["why_en"]


def test_a_definition_without_a_figure_has_its_row(con: duckdb.DuckDBPyConnection) -> None:
    asked = "FROM compare_definitions('CHN', 'total_trade', 2020, definitions := 'handbook2023+unctad')"
    rows = {row["definition"]: row for row in ask(con, asked)}
    assert rows["unctad"]["value"] == Decimal("286301") and rows["handbook2023"]["value"] is None
    assert rows["handbook2023"]["why_en"].startswith("nothing is published or computed under it")
    assert rows["unctad"]["difference"] is None  # dds6, which it is set against, is only bounded


def test_a_definition_that_another_bounds_has_its_bounds(con: duckdb.DuckDBPyConnection) -> None:
    dds6 = ask(con, "FROM compare_definitions('CHN', 'total_trade', 2020, definitions := 'dds6+unctad')")[0]
    assert (dds6["value"], dds6["upper"]) == (None, None)
    assert dds6["lower"] <= Decimal("286301")  # it contains what UNCTAD publishes


LEVEL = {"item": "DEF:dds6", "flow": "T", "indicator": "total_trade"}


def test_difference_across_multiples_is_exact_and_says_whose_figures(make_database: Make) -> None:
    """14 066 million and 1.2 hundred million: 14 066 - 120 = 13 946; bounds 119 - 14 066.5 and 121 - 14 065.5."""
    con = make_database(
        datasets=[{"latest": True}, {"dataset": "other", "latest": True}],
        indicators=[
            LEVEL | {"definition": "dds6", "value": "14066", "unit_mult": 6},
            LEVEL | {"definition": "unctad", "item": "DEF:unctad", "dataset": "other", "value": "1.2", "lower": "1.19",
                     "upper": "1.21", "unit_mult": 8, "coverage": 0.5},
        ],
    )  # fmt: skip
    base, other = ask(con, "FROM compare_definitions('CHN', definitions := 'dds6+unctad')")
    assert (base["value"], other["value"], other["unit_mult"]) == (Decimal(14066), Decimal(120), 6)
    assert other["difference"] == Decimal(-13946)
    assert (other["difference_lower"], other["difference_upper"]) == (Decimal("-13947.5"), Decimal("-13944.5"))
    assert "comes from other, not from made_up" in other["why_en"]
    assert "rests on 50 % of what it needs (100 % there)" in other["why_en"]


def test_definitions_in_two_currencies_are_not_compared(make_database: Make) -> None:
    con = make_database(
        indicators=[
            LEVEL | {"definition": "dds6", "value": "100"},
            LEVEL | {"definition": "unctad", "item": "DEF:unctad", "value": "700", "unit": "CNY"},
        ]
    )
    said = refuse(con, "FROM compare_definitions('CHN')")
    assert "several currencies (CNY, USD)" in said and "currency := 'CNY'" in said
    rows = ask(con, "FROM compare_definitions('CHN', currency := 'USD', definitions := 'dds6')")
    assert [row["value"] for row in rows] == [Decimal(100)]


@pytest.mark.parametrize(
    ("other", "what", "choice"),
    [({"currency": "CNY"}, "currencies (CNY, USD)", "currency := 'USD'"),
     ({"item": "GOODS:T"}, "schemes of items (EBOPS2010, GOODS)", "scheme := 'EBOPS2010'"),
     ({"definition": "dds6"}, "definitions (, dds6)", "definition := 'dds6'"),
     ({"freq": "Q", "period": "2020-Q1"}, "frequencies (A, Q)", "freq := 'A'")],
)  # fmt: skip
def test_rates_that_cannot_stand_together(make_database: Make, other: Row, what: str, choice: str) -> None:
    rate = {"indicator": "growth", "item": "EBOPS2010:SI", "base_period": "2019", "unit": "PERCENT", "currency": "USD"}
    con = make_database(indicators=[rate | {"value": "5"}, rate | {"value": "6"} | other])
    said = refuse(con, "FROM growth('CHN')")
    assert f"several {what}, which cannot stand in one answer" in said
    assert len(ask(con, f"FROM growth('CHN', {choice})")) == 1


@pytest.mark.parametrize(
    ("other", "what", "choice"),
    [({"unit": "CNY"}, "units (CNY, USD)", "unit := 'USD'"),
     ({"item": "GOODS:T"}, "schemes of items (EBOPS2010, GOODS)", "scheme := 'GOODS'"),
     ({"freq": "M", "period": "2020-07"}, "frequencies (A, M)", "freq := 'M'"),
     ({"price": "constant"}, "prices (constant, current)", "price := 'current'"),
     ({"adjustment": "Y"}, "adjustments (N, Y)", "adjustment := 'N'")],
)  # fmt: skip
def test_figures_that_make_no_series(make_database: Make, other: Row, what: str, choice: str) -> None:
    level = {"item": "EBOPS2010:SI"}
    con = make_database(observations=[level | {"value": "5"}, level | {"value": "6"} | other])
    assert f"several {what}, which cannot stand in one answer" in refuse(con, "FROM series('CHN')")
    assert len(ask(con, f"FROM series('CHN', {choice})")) == 1


def test_a_balance_sheet_has_one_unit_one_multiple_and_the_finest_printing(make_database: Make) -> None:
    """Exports printed as 1.2 hundred million and as 124 million: the second is the finer one."""
    level = {"item": "EBOPS2010:SI"}
    con = make_database(
        observations=[
            level | {"table_id": "a", "value": "1.2", "lower": "1.15", "upper": "1.25", "unit_mult": 8},
            level | {"table_id": "b", "value": "124", "unit_mult": 6},
            level | {"flow": "M", "table_id": "a", "value": "0.5", "lower": "0.45", "upper": "0.55", "unit_mult": 8},
            {"item": "GOODS:T", "value": "900", "unit": "CNY"},
        ]
    )
    assert "several units (CNY, USD)" in refuse(con, "FROM balance_sheet('CHN', 2020)")
    (row,) = ask(con, "FROM balance_sheet('CHN', 2020, unit := 'USD')")
    assert (row["exports"], row["imports"], row["unit_mult"]) == (Decimal(124), Decimal(50), 6)
    assert (row["total"], row["balance"]) == (None, None)


def test_a_balance_sheet_has_computed_levels_where_nothing_is_printed(make_database: Make) -> None:
    """A definition with its sums, and a printed figure that stays as printed though the level is another."""
    computed = {"indicator": "level", "item": "DEF:dds6", "definition": "dds6", "method": "sum_of_items"}
    con = make_database(
        observations=[
            {"item": "EBOPS2010:SI", "value": "5"},
            {"item": "EBOPS2010:SA", "value": None, "obs_status": "Q"},
        ],
        indicators=[
            computed | {"value": "15", "obs_status": "E"},
            computed | {"flow": "M", "value": None, "lower": "3", "upper": None, "obs_status": "O",
                        "note": "only 5 of 6 items published"},
            computed | {"item": "DEF:unctad", "definition": "unctad", "value": None, "upper": "9"},
            {"indicator": "level", "item": "EBOPS2010:SI", "value": "5.4", "method": "narrowed"},
            {"indicator": "level", "item": "EBOPS2010:SA", "value": None, "lower": "1", "upper": "2",
             "obs_status": "Q"},
        ],
    )  # fmt: skip
    rows = {row["item"]: row for row in ask(con, "FROM balance_sheet('CHN', 2020)")}
    dds6, telecom, manufacturing = rows["DEF:dds6"], rows["EBOPS2010:SI"], rows["EBOPS2010:SA"]
    assert (dds6["exports"], dds6["exports_lower"], dds6["exports_upper"]) == (15, Decimal("14.5"), Decimal("15.5"))
    assert (dds6["exports_status"], dds6["exports_method"]) == ("E", "sum_of_items")
    assert (dds6["imports"], dds6["imports_lower"], dds6["imports_status"]) == (None, 3, "O")
    assert dds6["note"] == "only 5 of 6 items published"
    assert (telecom["exports"], telecom["exports_method"], telecom["imports"]) == (5, "published", None)
    assert (manufacturing["exports"], manufacturing["exports_lower"], manufacturing["exports_status"]) == (None, 1, "Q")
    assert set(rows) == {"DEF:dds6", "EBOPS2010:SI", "EBOPS2010:SA"}  # what is only bounded has no line


def test_the_latest_edition_counts_unless_another_is_named(make_database: Make) -> None:
    level = {"item": "EBOPS2010:SI"}
    con = make_database(
        datasets=[{"vintage": "2023", "latest": False}, {"latest": True}],
        observations=[level | {"vintage": "2023", "value": "5"}, level | {"value": "6"}],
    )
    for said, values in (
        ("", [6]),
        (", vintage := '2023'", [5]),
        (", vintage := 2023", [5]),
        (", vintage := NULL", [5, 6]),
    ):
        assert [row["value"] for row in ask(con, f"FROM series('CHN'{said})")] == values


def test_a_name_of_several_codes_is_refused_with_all_of_them(make_database: Make) -> None:
    local = {"list": "items", "label": "Sea transport"}
    con = make_database(local_codes=[local | {"code": "L1:Sea transport"}, local | {"code": "L2:Sea transport"}])
    said = refuse(con, "FROM series('CHN', item := 'Sea transport')")
    assert "L1:Sea transport, L2:Sea transport; give the code" in said


def test_a_code_with_a_plus_in_it_is_one_code(make_database: Make) -> None:
    con = make_database(
        local_codes=[{"list": "items", "code": "L1:R+D", "label": "R+D"}],
        observations=[{"item": "L1:R+D", "value": "5"}],
    )
    assert len(ask(con, "FROM series('CHN', item := 'L1:R+D')")) == 1


def test_a_macro_file_says_what_it_is_in_both_languages() -> None:
    good = "-- en: One.\n-- zh: 一。\n-- a en: A.\n--     More.\n-- a zh: 甲。\nCREATE MACRO main.one(a) AS (a);\n"
    macro = parse_macro("one", good)
    assert (macro.words, macro.parameters) == ({"en": "One.", "zh": "一。"}, {"a": {"en": "A. More.", "zh": "甲。"}})
    assert macro.sql == "CREATE MACRO main.one(a) AS (a)" and not macro.is_table
    for spoilt, problem in (
        (good.replace("-- zh: 一。\n", ""), "the macro lacks words"),
        (good.replace("-- a zh: 甲。\n", ""), "a lacks words"),
        (good.replace("main.one", "main.two"), "name of its file"),
    ):
        with pytest.raises(InputError, match=problem):
            parse_macro("one", spoilt)


def test_the_macros_that_were_asked_for_are_there() -> None:
    assert {"city_share", "growth", "balance_sheet", "compare_definitions", "series"} <= {m.name for m in load_macros()}


def test_trace_unrolls_the_inputs_to_observations_and_files(con: duckdb.DuckDBPyConnection) -> None:
    rows = ask(con, "FROM trace('world_share', 'CHN', period := 2022, flow := 'X', definition := 'unctad')")
    assert {(row["value"], row["cell_dataset"], row["cell_period"]) for row in rows} == {
        (rows[0]["value"], "unctad_digitally_deliverable", "2022")
    }
    by_geo = {row["cell_geo"]: row["cell_value"] for row in rows}
    assert by_geo.keys() == {"CHN", "W"} and round(100 * by_geo["CHN"] / by_geo["W"], 4) == round(rows[0]["value"], 4)
    (sha256,) = {row["sha256"] for row in rows}
    assert con.execute(f"SELECT file FROM edition_files WHERE sha256 = '{sha256}'").fetchone() == (
        "digitally_deliverable.csv",
    )
    assert {(row["publisher_zh"], row["accessed"]) for row in rows} == {("联合国贸易和发展会议", "2025-12-18")}


def test_trace_has_every_cell_of_every_value_once(con: duckdb.DuckDBPyConnection) -> None:
    """Nothing is lost or doubled on the way from inputs to cells, and each cell was read as it is printed."""
    expected = con.execute("SELECT sum(greatest(len(inputs), 1)) FROM indicators").fetchone()
    found = con.execute(
        "SELECT count(*), count(locator), count(*) FILTER (WHERE locator IS NOT NULL AND sha256 IS NULL), "
        "count(*) FILTER (WHERE locator IS NOT NULL AND cell_status IS NULL) FROM trace(NULL, vintage := NULL)"
    ).fetchone()
    without = con.execute("SELECT count(*) FROM indicators WHERE len(inputs) = 0").fetchone()
    assert expected and found and without
    assert found == (expected[0], expected[0] - without[0], 0, 0)


def test_trace_keeps_a_value_without_cells_and_reads_names_with_any_signs(make_database: Make) -> None:
    cell = "made_up/2024/b.xlsx!A=B/C!R4C2"
    value = {"indicator": "total_trade", "item": "EBOPS2010:S", "flow": "T", "value": "5"}
    con = make_database(
        observations=[{"item": "EBOPS2010:S", "value": "5", "printed": "5=x", "locator": "b.xlsx!A=B/C!R4C2"}],
        indicators=[value | {"inputs": [f"{cell}=5=x"]}, value | {"period": "2021", "inputs": []}],
        edition_files=[{"file": "b.xlsx", "sha256": "ab"}],
    )
    rows = ask(con, "FROM trace('total_trade')")
    assert [(row["period"], row["locator"], row["printed"], row["file"]) for row in rows] == [
        ("2020", "b.xlsx!A=B/C!R4C2", "5=x", "b.xlsx"), ("2021", None, None, None),
    ]  # fmt: skip
