"""Printed figures beside what the levels give, on small hand-made inputs."""

from __future__ import annotations

import pytest
from indicator_worlds import VINTAGE, Results, Row, cell, compute, connection, fill, flows, levels_of, series

from transforms.indicators import compute_indicators, give_requested

TWO_YEARS = series({"2019": "2.0", "2020": "3.0"})  # growth 50 % in [43.90, 56.41]
FIVE_YEARS = levels_of("1.00", "1.10", "1.21", "1.33", "1.46", start=2015)


def printed(text: str, measure: str, **kwargs: object) -> Row:
    return cell(text, measure=measure, **kwargs)


def shares_of(x: str, m: str, t: str | None = None, **kwargs: object) -> list[Row]:
    """Printed shares of digital trade in services, by flow."""
    return flows(x, m, t, item="DEF:dds6", measure="share", reference="SERVICES", **kwargs)


def difference(text: str, reference: str = "IMPORT_SHARE") -> Row:
    return cell(text, item="DEF:dds6", measure="difference", reference=reference, unit="PP", unit_mult=0, price="",
                table_id="text")  # fmt: skip


def alone(*texts: str) -> list[tuple[str, str, str]]:
    """Shares whose whole is not published."""
    return [("share", text, "not_computable") for text in texts]


def digital(text: str, measure: str = "value", flow: str = "T", **kwargs: object) -> Row:
    return cell(text, item="DEF:dds6", measure=measure, flow=flow, table_id="text", **kwargs)


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
    ("growth, over", [*TWO_YEARS, printed("over 45", "growth")], [("growth", "over 45", "equal")]),
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
    ("average growth of unstated method that the compound rate is not",
     [*series({"2015": "1.00", "2019": "1.46"}), printed("12.0", "average_growth", period="2015/2019")],
     [("average_growth", "12.0", "not_comparable"), *[("average_growth", "12.0", "not_computable")] * 2]),
    ("average growth of unstated method that one of three is",
     [*levels_of("1.000", "4.000", "1.000"), printed("112.5", "average_growth", period="2018/2020")],
     [("average_growth", "112.5", "not_comparable"), ("average_growth", "112.5", "equal"),
      ("average_growth", "112.5", "not_comparable")]),
    ("average growth that none of three is",
     [*FIVE_YEARS, printed("12.0", "average_growth", period="2015/2019")],
     [("average_growth", "12.0", "contradictory")] * 3),
    ("multiple", [*levels_of("1.0", "2.0", "3.0"), printed("3.0", "multiple", period="2020", base_period="2018")],
     [("increase", "3.0", "equal")]),
    ("increase read as multiple",
     [*levels_of("1.0", "2.0", "3.0"), printed("3.0", "increase", period="2020", base_period="2018")],
     [("increase", "3.0", "contradictory")]),
    ("balance", [*flows("4.4", "3.1"), cell("1.30", measure="balance", flow="N")], [("balance", "1.30", "equal")]),
    ("balance, two units off: three rounded terms",
     [*flows("4.4", "3.1"), cell("1.5", measure="balance", flow="N")], [("balance", "1.5", "contradictory")]),
    ("balance of unrounded figures, off by what the ten decimals cut",
     [*flows("=121.4326215432", "=130.7934583689"), cell("=-9.3608368258", measure="balance", flow="N")],
     [("balance", "=-9.3608368258", "equal")]),
    ("balance of unrounded figures, off by more",
     [*flows("=121.4326215432", "=130.7934583689"), cell("=-9.3608368358", measure="balance", flow="N")],
     [("balance", "=-9.3608368358", "contradictory")]),
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
    ("difference of two shares", [*shares_of("25", "27"), difference("-2")],
     [*alone("25", "27"), ("difference", "-2", "equal")]),
    ("difference of two shares, one unit off", [*shares_of("25", "27"), difference("-3")],
     [*alone("25", "27"), ("difference", "-3", "within_rounding")]),
    ("difference of two shares, contradictory", [*shares_of("25", "27"), difference("2")],
     [*alone("25", "27"), ("difference", "2", "contradictory")]),
    ("difference without its shares", [difference("2")], [("difference", "2", "not_computable")]),
    ("difference from what has no rule", [difference("2", reference="PARENT")],
     [("difference", "2", "not_computable")]),
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


KNOWLEDGE = {"item": "GZ:KNOWLEDGE_INTENSIVE", "flow": "T", "table_id": "text"}
TOTAL, BALANCE = digital("10.0"), digital("2.0", "balance")
PAIRS = {"about 40": "contradictory", "about 36": "equal", "35.8": "within_rounding"}
OTHER_WHOLES: list[dict[str, str]] = [{"reference": "GOODS_SERVICES"}, {"period": "2019"}, {"flow": "X"}, {"geo": "W"}]
CHAINED = f"report_{VINTAGE}"


def two_wholes(change: dict[str, str]) -> list[Row]:
    other = {"item": "DEF:dds6", "measure": "share", "reference": "SERVICES", "flow": "T"} | change
    amount = {name: code for name, code in change.items() if name != "reference"}
    return [cell("132", **KNOWLEDGE), cell("40", **KNOWLEDGE, measure="share", reference="SERVICES"),
            digital("140.66", **amount), cell("38.0", **other)]  # fmt: skip


# Worlds of which single tests below speak. All are computed at once with those above: a run for each took most of the
# time of this file.
WORLDS: dict[str, list[Row]] = {
    CHAINED: [
        *series({"2019": "10.0", "2020": "10.0", "2021": "10.0"}, measure="growth"),
        cell("1.2", measure="multiple", period="2020", base_period="2018"),
        *levels_of("1.000", "1.100", "1.210", "1.331"),
    ],
    # X = 6, M = 4 and services of 12 and 20: 10 of 32 is 31.25 per cent
    "a printed total": [*shares_of("50", "20", "31"), TOTAL, BALANCE],
    # 2020 from 2019 (8.0 up 25 %) and from 2021 (11.0 up 10 %): both say 10
    "totals moved by rates": [
        *shares_of("50", "20", "40"), digital("8.0", period="2019"), digital("11.0", period="2021"),
        digital("25.0", "growth"), digital("10.0", "growth", period="2021"), BALANCE,
    ],
    "a balance as large as the total": [*shares_of("25", "27", "31"), digital("55.07"), digital("-55", "balance")],
    "a balance beyond the total": [*shares_of("25", "27", "31"), TOTAL, digital("-55", "balance")],
    "totals that do not meet": [
        *shares_of("50", "20", "40"), digital("8.0", period="2019"), digital("11.0", period="2021"),
        digital("25.0", "growth"), digital("90.0", "growth", period="2021"), BALANCE,
    ],
    "parts": [*shares_of("25", "27", "31"), TOTAL, BALANCE],
    "all": [*shares_of("50", "20", "40"), TOTAL, BALANCE],
    **{
        f"pair {share}": [cell("132", **KNOWLEDGE), cell(share, **KNOWLEDGE, measure="share", reference="SERVICES"),
                          digital("140.66"), digital("38.0", "share", reference="SERVICES")]
        for share in PAIRS
    },
    **{f"two wholes {n}": two_wholes(change) for n, change in enumerate(OTHER_WHOLES)},
    "thirds": [cell("=1"), cell("=3", item="S"), cell("=2", item="SD")],
}  # fmt: skip


@pytest.fixture(scope="module")
def results() -> Results:
    named = {name: rows for name, rows, _ in VERDICTS}
    assert not named.keys() & WORLDS.keys()
    return compute(named | WORLDS)


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
    assert contested["average growth of a stated method"] and contested["average growth that none of three is"]
    assert not contested["average growth of unstated method that the compound rate is not"]


def test_chains_from_one_first_year_to_two_last_years_are_two_comparisons(results: Results) -> None:
    """The dataset's name ends with its vintage, which must not upset the locator."""
    chains = [row for row in results.comparisons if (row["dataset"], row["rule"]) == (CHAINED, "chain")]
    assert [(row["table_id"], row["locator"], row["printed"], row["verdict"]) for row in chains] == [
        ("chain 2018/2020", "t!R1C1", "10.0 % x 10.0 %", "equal"),
        ("chain 2018/2021", "t!R1C1", "10.0 % x 10.0 % x 10.0 %", "equal"),
    ]


def test_a_contradiction_also_contests_shares_from_mixed_sources() -> None:
    con = connection()
    city = [*flows("4.4", "3.1", "7.5", geo="CN-440100"), cell("9.9", geo="CN-440100", flow="T", table_id="u")]
    fill(con, {"city": city, "nation": flows("44", "31")})
    compute_indicators(con)
    give_requested(con, ["mixed_sources"])
    found = dict(con.execute("SELECT flow, contested FROM indicators WHERE obs_status = 'D'").fetchall())
    assert found["T"] is True


def only(results: Results, name: str, rule: str) -> Row:
    [row] = [row for row in results.comparisons if (row["dataset"], row["rule"]) == (name, rule)]
    return row


def near(row: Row, value: float, lower: float, upper: float) -> None:
    """The computed value and its range, bounds outward."""
    assert float(row["computed_value"]) == pytest.approx(value, abs=1e-9)
    assert lower - 2e-10 <= float(row["computed_lower"]) <= lower + 1e-13
    assert upper - 1e-13 <= float(row["computed_upper"]) <= upper + 2e-10


def harmonic(x: float, m: float, b: float) -> float:
    return 2 / ((1 + b) / x + (1 - b) / m)


def test_implied_share_from_a_printed_total(results: Results) -> None:
    name = "a printed total"
    row = only(results, name, "implied_share")
    ends = [b / t for b in (1.95, 2.05) for t in (9.95, 10.05)]
    near(row, 31.25, min(harmonic(49.5, 19.5, b) for b in ends), max(harmonic(50.5, 20.5, b) for b in ends))
    assert (row["printed"], row["verdict"], row["obs_status"]) == ("31", "equal", "A")
    assert row["inputs"] == [f"{name}/{VINTAGE}/t!R{n}C1={text}" for n, text in ((1, "50"), (2, "20"), (4, "10.0"),
                                                                               (5, "2.0"))]  # fmt: skip


def test_implied_share_from_totals_beside_it_moved_by_the_printed_rates(results: Results) -> None:
    """Both ways to the total hold, and so do both ranges."""
    row = only(results, "totals moved by rates", "implied_share")
    t_lo, t_hi = max(7.95 * 1.2495, 10.95 / 1.1005), min(8.05 * 1.2505, 11.05 / 1.0995)
    ends = [b / t for b in (1.95, 2.05) for t in (t_lo, t_hi)]
    near(row, 31.25, min(harmonic(49.5, 19.5, b) for b in ends), max(harmonic(50.5, 20.5, b) for b in ends))
    assert row["verdict"] == "contradictory" and "moved by the printed rates" in row["note"]
    assert len(row["inputs"]) == 7


def test_implied_share_where_the_balance_is_as_large_as_the_total(results: Results) -> None:
    """All trade is imports: the share is that of imports, whatever that of exports is."""
    row = only(results, "a balance as large as the total", "implied_share")
    near(row, harmonic(25, 27, -55 / 55.07), harmonic(24.5, 26.5, -54.5 / 55.075), 27.5)
    assert row["verdict"] == "contradictory"


def test_implied_share_needs_totals_that_meet_and_a_balance_within_them(results: Results) -> None:
    row = only(results, "a balance beyond the total", "implied_share")
    assert (row["verdict"], row["inputs"], row["note"]) == (
        "not_computable",
        [],
        "the balance is larger than the total",
    )
    assert results.verdicts("totals that do not meet", "implied_share") == []


def test_an_implied_share_contests_the_total_only_where_the_parts_alone_allow_the_share(results: Results) -> None:
    for name, is_contested in (("parts", False), ("all", True)):
        assert ("implied_share", (name == "parts" and "31") or "40", "contradictory") in results.verdicts(name)
        assert results.one(name, "total_trade", item="DEF:dds6")["contested"] is is_contested


@pytest.mark.parametrize(("share", "verdict"), PAIRS.items())
def test_two_shares_of_one_whole(results: Results, share: str, verdict: str) -> None:
    """132 of what 140.66 is 38 per cent of: 35.66; the finer share is the yardstick, and stands in no comparison."""
    name = f"pair {share}"
    row = only(results, name, "share_pair")
    near(row, 132 / 140.66 * 38, 131.5 / 140.665 * 37.95, 132.5 / 140.655 * 38.05)
    assert (row["printed"], row["verdict"]) == (share, verdict)
    assert row["inputs"] == [f"{name}/{VINTAGE}/t!R{n}C1={text}" for n, text in ((1, "132"), (3, "140.66"),
                                                                               (4, "38.0"))]  # fmt: skip


@pytest.mark.parametrize("number", range(len(OTHER_WHOLES)), ids=[next(iter(change)) for change in OTHER_WHOLES])
def test_shares_of_two_wholes_are_no_pair(results: Results, number: int) -> None:
    name = f"two wholes {number}"
    assert results.rows(name) and results.verdicts(name, "share_pair") == []


def test_inputs_are_the_cells_behind_the_computed_value_only(results: Results) -> None:
    for row in results.comparisons:
        computed = [row[f"computed_{name}"] for name in ("value", "lower", "upper")]
        assert bool(row["inputs"]) is (computed != [None] * 3), row
        own = f"{row['dataset']}/{row['vintage']}/{row['locator']}={row['printed']}"
        assert own not in row["inputs"]


def test_every_obstacle_to_a_share_of_the_nation_is_told() -> None:
    city = cell("2.0", geo="CN-440100", item="DEF:dds6", basis="contracted")
    results = compute({"city": [city], "nation": [cell("8.0", item="DEF:unctad")]})
    assert results.one("city", "city_share")["note"].split("; ") == [
        "the nation (DEF:unctad) comes from another source family: ",
        "the nation (DEF:unctad) stands under another definition",
        "the nation (DEF:unctad) is on another basis: published",
        "ask for mixed sources to see the value",
    ]


def test_bounds_are_rounded_outward(results: Results) -> None:
    """One third and two thirds, of figures that are points: the range reaches around them at the tenth decimal."""
    row = results.one("thirds", "category_share", item="EBOPS2010:SI", reference="SERVICES")
    assert [str(row[name]) for name in ("lower", "value", "upper")] == ["33.3333333333", "33.3333333333",
                                                                     "33.3333333334"]  # fmt: skip
    row = results.one("thirds", "category_share", item="EBOPS2010:SD", reference="SERVICES")
    assert [str(row[name]) for name in ("lower", "value", "upper")] == ["66.6666666666", "66.6666666667",
                                                                     "66.6666666667"]  # fmt: skip
