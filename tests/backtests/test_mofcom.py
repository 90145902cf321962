"""Ministry of Commerce of China, digitally deliverable services 2022 to 2024, and the State Administration of Foreign
Exchange, services in January 2023: figures as quoted by the press and in the ministry's reports, in worlds made by
hand.

Levels: 3,727.1 (2022), 3,859.1 (2023: regions 3,530.7, 233.2 and 95.2; shares 91.5, 6 and 2.5 %) and 4,067.2 (2024)
hundred million dollars; 2.72 trillion yuan in 2023 and so 2.51 in 2022. Growth: 8.5 % in 2023, which is that in yuan,
and 5.4 % in 2024, which is that in dollars. (China Digital Trade Development Report 2024 and press on the years 2022,
2024.)
"""

from __future__ import annotations

from fractions import Fraction

import duckdb
import pytest
from indicator_worlds import Results, Row, cell, compute, flows
from publications import Held, hold_rows

from transforms.indicators import create_codelists

DDS = {"flow": "T", "item": "DEF:dds6"}
DOLLARS = {"2022": "3727.1", "2023": "3859.1", "2024": "4067.2"}
YUAN = {"2022": "2.51", "2023": "2.72"}
GROWTH = {"2023": "8.5", "2024": "5.4"}
REGIONS = {"EAST": ("3530.7", "91.5"), "CENTRE": ("233.2", "6"), "WEST": ("95.2", "2.5")}
# Yuan for a dollar, average of the year (in 2022 and in 2023). When the project converts currencies by a dataset of
# rates, these two are its rows, and the test of the identity below goes through the conversion.
RATES = {"2022": "6.7261", "2023": "7.0467"}
Range = tuple[Fraction, Fraction]


def list_levels(dollars: dict[str, str], yuan: dict[str, str]) -> list[Row]:
    rows = [cell(text, period=year, **DDS) for year, text in dollars.items()]
    return rows + [cell(text, period=year, unit="CNY", unit_mult=12, **DDS) for year, text in yuan.items()]


def list_growth() -> list[Row]:
    return [cell(text, period=year, measure="growth", **DDS) for year, text in GROWTH.items()]


def range_of(text: str) -> Range:
    half = Fraction(1, 2 * 10 ** len(text.partition(".")[2]))
    return Fraction(text) - half, Fraction(text) + half


def growth_of(later: str, earlier: str) -> Range:
    """Growth as a factor, from two printed figures."""
    (low, high), (base_low, base_high) = range_of(later), range_of(earlier)
    return low / base_high, high / base_low


def overlap(one: Range, other: Range) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


@pytest.fixture(scope="module")
def results() -> Results:
    return compute(
        {
            "mofcom": list_levels(DOLLARS, YUAN) + list_growth(),
            "dollars_only": list_levels(DOLLARS, {}) + list_growth(),
            "level_changed": list_levels(DOLLARS, YUAN | {"2022": "2.53"}) + list_growth(),
            "years_swapped": list_levels(DOLLARS | {"2023": "4067.2", "2024": "3859.1"}, YUAN) + list_growth(),
            "safe": list_january(),
            "safe_changed": list_january(services=("1774", "2824")),
            "safe_swapped": list_january(services=("2821", "1774")),
        }
    )


def test_growth_of_2023_is_that_in_yuan(results: Results) -> None:
    """3.54 % in dollars, 7.95 to 8.78 % in yuan: the printed 8.5 % lies in the second range and is far from the
    first."""
    dollars = results.one("mofcom", "growth", period="2023", currency="USD")
    assert Fraction("3.535") <= dollars["value"] <= Fraction("3.545") and dollars["upper"] < Fraction("8.45")
    yuan = results.one("mofcom", "growth", period="2023", currency="CNY")
    low, high = growth_of("2.72", "2.51")
    assert yuan["lower"] <= Fraction("8.45") and yuan["upper"] >= Fraction("8.55")
    for found, exact in ((yuan["lower"], low), (yuan["upper"], high)):
        gap = Fraction(found) - 100 * (exact - 1)
        assert (gap <= 0 if exact == low else gap >= 0) and -Fraction(1, 10**9) < gap < Fraction(1, 10**9)
    assert sorted(results.verdicts("mofcom", "growth")) == [
        ("growth", "5.4", "equal"),
        ("growth", "8.5", "within_rounding"),
    ]


def test_growth_in_yuan_contradicts_levels_in_dollars(results: Results) -> None:
    assert sorted(results.verdicts("dollars_only", "growth")) == [
        ("growth", "5.4", "equal"),
        ("growth", "8.5", "contradictory"),
    ]


def test_growth_of_2024_is_that_in_dollars(results: Results) -> None:
    row = results.one("mofcom", "growth", period="2024", currency="USD")
    assert Fraction("5.385") <= row["value"] <= Fraction("5.395")
    assert Fraction("5.35") <= row["lower"] and row["upper"] <= Fraction("5.45")


def test_growth_in_yuan_is_growth_in_dollars_times_the_growth_of_the_rate() -> None:
    """(1 + g_CNY) = (1 + g_USD)(1 + g_rate) as ranges: 1.0354 x 1.0477 is 8.48 %, in the printed 8.5 and in 2.51 ->
    2.72."""
    in_dollars, in_yuan = growth_of("3859.1", "3727.1"), growth_of("2.72", "2.51")
    of_rate = growth_of(RATES["2023"], RATES["2022"])
    product = in_dollars[0] * of_rate[0], in_dollars[1] * of_rate[1]
    low, high = range_of("8.5")
    assert overlap((100 * (product[0] - 1), 100 * (product[1] - 1)), range_of("8.48"))
    assert low <= 100 * (product[0] - 1) and 100 * (product[1] - 1) <= high
    assert in_yuan[0] <= product[0] and product[1] <= in_yuan[1]
    # upside down, the rates contradict both
    of_rate = growth_of(RATES["2022"], RATES["2023"])
    product = in_dollars[0] * of_rate[0], in_dollars[1] * of_rate[1]
    assert not overlap(product, in_yuan)


# --- regions ----------------------------------------------------------------------------------------------------------


def list_regions(values: dict[str, str]) -> list[Row]:
    rows = [cell("3859.1", period="2023", **DDS)]
    for region, value in values.items():
        rows.append(cell(value, period="2023", geo=f"CN:{region}", **DDS))
        rows.append(
            cell(REGIONS[region][1], period="2023", geo=f"CN:{region}", measure="share", reference="NATION", **DDS)
        )
    return rows


@pytest.fixture(scope="module")
def regions() -> Held:
    """Eastern, central and western China are in no code list yet: they are parts of the nation in this world alone."""
    con = duckdb.connect()
    create_codelists(con)
    for region in REGIONS:
        con.execute(
            """INSERT INTO geographies BY NAME
               SELECT * REPLACE (? AS code, 'CHN' AS parent) FROM geographies WHERE code = 'CN-110000'""",
            [f"CN:{region}"],
        )
    values = {region: value for region, (value, _) in REGIONS.items()}
    worlds = {
        "mofcom": list_regions(values),
        "level_changed": list_regions(values | {"EAST": "3534.7"}),
        "regions_swapped": list_regions(values | {"CENTRE": "95.2", "WEST": "233.2"}),
    }
    return hold_rows(worlds, con)


SHARES = "SELECT dataset, printed, verdict FROM comparisons WHERE rule = 'share'"


def test_regions_add_up_to_the_nation(regions: Held) -> None:
    query = """SELECT verdict(n.lo, n.hi, sum(r.value), sum(r.lo), sum(r.hi))
               FROM cells n JOIN cells r USING (dataset, measure)
               WHERE dataset = 'mofcom' AND measure = 'value' AND n.geo = 'CHN' AND r.geo <> 'CHN'
               GROUP BY n.lo, n.hi"""
    assert regions.ask(query) == [("equal",)]


def test_shares_of_regions(regions: Held) -> None:
    """91.49, 6.04 and 2.47 %, printed 91.5, 6 and 2.5."""
    found = regions.ask(
        "SELECT geo, value, lower, upper FROM indicators WHERE indicator = 'city_share' AND dataset = 'mofcom'"
    )
    expected = {"CN:EAST": "91.49", "CN:CENTRE": "6.04", "CN:WEST": "2.47"}
    assert len(found) == 3
    for geo, value, lower, upper in found:
        assert overlap((Fraction(lower), Fraction(upper)), range_of(expected[geo])) and lower <= value <= upper
    assert regions.count(f"{SHARES} AND dataset = 'mofcom'") == {
        ("mofcom", text, "equal"): 1 for text in ("91.5", "6", "2.5")
    }


def test_spoilt_regions_do_not_give_the_shares(regions: Held) -> None:
    found = regions.ask(f"SELECT dataset, printed FROM ({SHARES}) WHERE verdict = 'contradictory' ORDER BY ALL")
    assert found == [("level_changed", "91.5"), ("regions_swapped", "2.5"), ("regions_swapped", "6")]


# --- foreign exchange administration, January 2023 -------------------------------------------------------------------


def list_january(services: tuple[str, str] = ("1774", "2821")) -> list[Row]:
    """Exports, imports and balance of services, transport (yuan) and processing (dollars), in hundred millions."""
    rows = []
    for item, unit, (x, m), balance in (
        ("S", "CNY", services, "-1048"), ("SC", "CNY", ("506", "924"), "-419"), ("SA", "USD", ("10", "1"), "10"),
    ):  # fmt: skip
        what = {"item": item, "unit": unit, "period": "2023-01"}
        rows += [*flows(x, m, **what), cell(balance, flow="T", measure="balance", **what)]
    return rows


def test_balances_of_january_2023_differ_by_rounding_alone(results: Results) -> None:
    """1,774 - 2,821 printed -1,048; 506 - 924 printed -419; 10 - 1 printed 10: each one unit off, which rounding
    allows."""
    printed = ("-1048", "-419", "10")
    assert sorted(results.verdicts("safe", "balance")) == [("balance", text, "within_rounding") for text in printed]


def test_both_flows_imply_one_rate() -> None:
    """261 and 415 hundred million dollars are the same exports and imports: 6.797 and 6.798 yuan for a dollar."""
    rates = [growth_of("1774", "261"), growth_of("2821", "415")]
    assert overlap(*rates) and all(
        overlap(rate, range_of(text)) for rate, text in zip(rates, ("6.797", "6.798"), strict=True)
    )
    assert not overlap(growth_of("1774", "415"), rates[1])


# --- the back-tests bite ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("world", "rule", "contradicted"),
    [
        ("level_changed", "growth", {"8.5"}),
        ("years_swapped", "growth", {"5.4"}),
        ("safe_changed", "balance", {"-1048"}),
        ("safe_swapped", "balance", {"-1048"}),
    ],
)
def test_a_spoilt_world_is_contradicted(world: str, rule: str, contradicted: set[str], results: Results) -> None:
    found = {printed for _, printed, verdict in results.verdicts(world, rule) if verdict == "contradictory"}
    assert found == contradicted
