"""Printed figures beside what the levels give, on small hand-made inputs."""

from __future__ import annotations

import pytest
from indicator_worlds import VINTAGE, Results, Row, cell, compute, connection, fill, flows, levels_of, series

from transforms.indicators import compute_indicators

TWO_YEARS = series({"2019": "2.0", "2020": "3.0"})  # growth 50 % in [43.90, 56.41]
FIVE_YEARS = levels_of("1.00", "1.10", "1.21", "1.33", "1.46", start=2015)


def printed(text: str, measure: str, **kwargs: object) -> Row:
    return cell(text, measure=measure, **kwargs)


def ranked(**ranks: str) -> list[Row]:
    """Printed ranks among the categories of services."""
    return [
        cell(rank, item=item, measure="rank", unit="RANK", unit_mult=0, price="", reference="SERVICES_CATEGORIES")
        for item, rank in ranks.items()
    ]


VERDICTS: list[tuple[str, list[Row], list[tuple[str, str, str]]]] = [
    ("growth, equal", [*TWO_YEARS, printed("50.0", "growth")], [("growth", "50.0", "equal")]),
    ("growth, within rounding", [*TWO_YEARS, printed("45.0", "growth")], [("growth", "45.0", "within_rounding")]),
    ("growth, just outside", [*TWO_YEARS, printed("57", "growth")], [("growth", "57", "contradictory")]),
    ("growth, contradictory", [*TWO_YEARS, printed("60.0", "growth")], [("growth", "60.0", "contradictory")]),
    ("growth, over", [*TWO_YEARS, printed("over 45", "growth")], [("growth", "over 45", "within_rounding")]),
    ("growth, over too much", [*TWO_YEARS, printed("over 60", "growth")], [("growth", "over 60", "contradictory")]),
    ("growth without levels", [printed("50.0", "growth")], [("growth", "50.0", "not_computable")]),
    ("growth at comparable prices is not set against levels at current ones",
     [*TWO_YEARS, printed("9.0", "growth", price="comparable")], [("growth", "9.0", "not_computable")]),
    ("growth of another partner's trade is another matter",
     [*TWO_YEARS, *series({"2019": "2.0", "2020": "8.0"}, partner="USA"), printed("50.0", "growth")],
     [("growth", "50.0", "equal")]),
    ("growth, levels in two currencies: the one that agrees",
     [*TWO_YEARS, *series({"2019": "20.0", "2020": "36.0"}, unit="CNY"), printed("80.0", "growth")],
     [("growth", "80.0", "equal")]),
    ("average growth of unstated method is tried with all three",
     [*FIVE_YEARS, printed("9.9", "average_growth", period="2015/2019")],
     [("average_growth", "9.9", "equal")] * 3),
    ("average growth of a stated method", [*FIVE_YEARS, printed("12.0", "average_growth", period="2015/2019",
     method="compound")], [("average_growth", "12.0", "contradictory")]),
    ("multiple", [*levels_of("1.0", "2.0", "3.0"), printed("3.0", "multiple", period="2020", base_period="2018")],
     [("increase", "3.0", "equal")]),
    ("increase read as multiple",
     [*levels_of("1.0", "2.0", "3.0"), printed("3.0", "increase", period="2020", base_period="2018")],
     [("increase", "3.0", "contradictory")]),
    ("balance", [*flows("4.4", "3.1"), cell("1.30", measure="balance", flow="N")], [("balance", "1.30", "equal")]),
    ("balance, two units off: three rounded terms",
     [*flows("4.4", "3.1"), cell("1.5", measure="balance", flow="N")], [("balance", "1.5", "contradictory")]),
    ("balance, one unit off", [*flows("4.4", "3.1"), cell("1.4", measure="balance", flow="N")],
     [("balance", "1.4", "within_rounding")]),
    ("total, equal", flows("4.4", "3.1", "7.5"), [("total", "7.5", "equal")]),
    ("total, one unit off", flows("4.4", "3.1", "7.6"), [("total", "7.6", "within_rounding")]),
    ("total, contradictory", flows("4.4", "3.1", "7.8"), [("total", "7.8", "contradictory")]),
    ("total with a suppressed part", [cell("", obs_status="Q"), *flows(m="3.1", t="7.8")],
     [("total", "7.8", "not_computable")]),
    ("share", [cell("2.0"), cell("8.0", item="S"), printed("25.0", "share", reference="SERVICES")],
     [("share", "25.0", "equal")]),
    ("weighted mean outside its parts",
     [printed(text, "share", item="DEF:dds6", reference="SERVICES", flow=flow)
      for flow, text in (("X", "25"), ("M", "27"), ("T", "31"))],
     [("share", "25", "not_computable"), ("share", "27", "not_computable"), ("share", "31", "not_computable"),
      ("weighted_mean", "31", "contradictory")]),
    ("ranks that the amounts allow, others being unpublished",
     [cell("9.38"), cell("4.45", item="SJ"), *ranked(SI="1", SJ="2")],
     [("rank", "1", "not_computable"), ("rank", "2", "not_computable")]),
    ("ranks against the amounts",
     [cell("9.38"), cell("4.45", item="SJ"), *ranked(SI="2", SJ="1")],
     [("rank", "1", "contradictory"), ("rank", "2", "not_computable")]),
    ("one figure printed twice", [cell("1.2"), cell("1.21", table_id="u")], [("repeat", "1.2", "equal")]),
    ("one figure printed differently", [cell("1.2"), cell("1.41", table_id="u")], [("repeat", "1.2", "contradictory")]),
    ("the finer of two units is the yardstick", [cell("1.23"), cell("12345", table_id="u", unit_mult=4)],
     [("repeat", "1.23", "equal")]),
    ("seasonally adjusted is another figure", [cell("1.2"), cell("1.41", adjustment="S")], []),
    ("two stated methods are two figures",
     [printed(text, "average_growth", period="2015/2019", method=method)
      for text, method in (("9.9", "compound"), ("12.1", "mean_of_annual_rates"))],
     [("average_growth", "12.1", "not_computable"), ("average_growth", "9.9", "not_computable")]),
]  # fmt: skip


@pytest.fixture(scope="module")
def results() -> Results:
    return compute({name: rows for name, rows, _ in VERDICTS})


@pytest.mark.parametrize(("name", "rows", "want"), VERDICTS, ids=[name for name, *_ in VERDICTS])
def test_verdict(results: Results, name: str, rows: list[Row], want: list[tuple[str, str, str]]) -> None:
    assert sorted(results.verdicts(name)) == sorted(want)


def test_a_comparison_stands_once_and_says_which_currency_agreed(results: Results) -> None:
    comparisons = results.comparisons
    keys = [tuple(row[k] for k in ("dataset", "table_id", "locator", "rule", "indicator")) for row in comparisons]
    assert len(keys) == len(set(keys))
    [row] = [row for row in comparisons if row["dataset"].startswith("growth, levels in two currencies")]
    assert row["note"] == "from levels in CNY"


def test_an_indicator_is_contested_when_one_of_its_cells_is_in_a_contradiction(results: Results) -> None:
    contested = {name: any(row["contested"] for row in results.rows(name)) for name, _, _ in VERDICTS}
    assert contested["growth, contradictory"] and contested["total, contradictory"]
    assert not contested["growth, within rounding"] and not contested["total, one unit off"]
    assert not contested["average growth of a stated method"], "another average is no contradiction between figures"


def test_chains_from_one_first_year_to_two_last_years_are_two_comparisons() -> None:
    """The dataset's name ends with its vintage, which must not upset the locator."""
    rates = [cell(text, measure="growth", period=period) for period, text in (("2019", "10.0"), ("2020", "10.0"),
                                                                             ("2021", "10.0"))]  # fmt: skip
    spans = [cell("1.2", measure="multiple", period="2020", base_period="2018")]
    name = f"report_{VINTAGE}"
    results = compute({name: [*rates, *spans, *levels_of("1.000", "1.100", "1.210", "1.331")]})
    chains = [row for row in results.comparisons if row["rule"] == "chain"]
    assert [(row["table_id"], row["locator"], row["printed"], row["verdict"]) for row in chains] == [
        ("chain 2018/2020", "t!R1C1", "10.0 % x 10.0 %", "equal"),
        ("chain 2018/2021", "t!R1C1", "10.0 % x 10.0 % x 10.0 %", "equal"),
    ]


def test_a_contradiction_also_contests_shares_from_mixed_sources() -> None:
    con = connection()
    city = [*flows("4.4", "3.1", "7.5", geo="CN-440100"), cell("9.9", geo="CN-440100", flow="T", table_id="u")]
    fill(con, {"city": city, "nation": flows("44", "31")})
    compute_indicators(con)
    compute_indicators(con, mixed_sources=True, only=("city_share",))
    found = dict(con.execute("SELECT flow, contested FROM indicators WHERE obs_status = 'D'").fetchall())
    assert found["T"] is True
