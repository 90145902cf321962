"""WTO, digitally delivered services and trade by mode of supply (TiSMoS) of India: how the first is composed of the
second, recovered from the figures, and where the modelled shares of mode 1 step up in 2020.

Both have a mode of supply and items of their own, of which no indicator is made: they are asked about as observations.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pyarrow as pa
import pytest
from indicator_worlds import cell, compute
from publications import ask, count, raise_level, read_publication, swap_flows

# What each item of the digitally delivered services is the mode 1 part of.
COMPOSITION = {
    "SF": "SF", "SG": "SG", "SH": "SH", "SI1": "SI1", "SI2": "SI2", "SI3": "SI3",
    "SJ": "SJ1 SJ2 SJ3 -SJ33", "SK": "SK1 SK21 SK22 SK23",
}  # fmt: skip
ROWS = ", ".join(
    f"('WTODDS:{item}', 'TISMOS:{part.removeprefix('-')}', {-1 if part.startswith('-') else 1})"
    for item, parts in COMPOSITION.items()
    for part in parts.split()
)
# Many figures of TiSMoS have no more than six digits that count (1,113.18 where the delivered figure is 1,113.183617),
# so what agrees by the digits printed is told apart from what agrees by six digits.
COMPOSED = f"""
WITH composition(item, part, sign) AS (VALUES {ROWS}), parts AS (
    SELECT *, upper - value AS half,
           greatest(half, 0.5 * pow(10.0, floor(log10(CAST(nullif(value, 0) AS DOUBLE))) - 5)) AS half_of_six
    FROM observations WHERE mode = 'M1'
), summed AS (
    SELECT d.flow, d.period, d.item[8:] AS item, d.value, d.lower AS lo, d.upper AS hi, sum(sign * p.value) AS total,
           sum(half) AS width, sum(half_of_six) AS six
    FROM observations d JOIN composition USING (item)
    JOIN parts p ON p.item = part AND (p.flow, p.period) = (d.flow, d.period)
    GROUP BY ALL
)
SELECT flow, period, item, value, total, value - total AS gap,
       CASE WHEN lo <= total + width AND hi >= total - width THEN 'by the digits printed'
            WHEN lo <= total + six AND hi >= total - six THEN 'by six digits' ELSE 'another figure' END AS verdict
FROM summed
"""
OTHER_EDITION = {(flow, item, str(year)) for flow, item, years in (
    ("X", "SI2", (*range(2005, 2011), *range(2019, 2023))), ("X", "SJ", (*range(2005, 2011), *range(2019, 2023))),
    ("M", "SF", (2021, 2022)),
) for year in years}  # fmt: skip
A_LITTLE_OFF = {
    ("M", "SF", "2007"),
    ("M", "SI2", "2005"),
    ("M", "SJ", "2016"),
    ("M", "SK", "2022"),
    ("X", "SK", "2020"),
}


@pytest.fixture(scope="module")
def india(shared_data: Path) -> pa.Table:
    files = ("dds_india.csv", "tismos_india.csv")
    return pa.concat_tables([read_publication("wto_india", shared_data / "wto_india" / file) for file in files])


def test_eight_items_are_digitally_delivered_services(india: pa.Table) -> None:
    """In all 42 flows and years; figures have ten digits, so their sum is exact within the rounding of nine figures."""
    assert count(WHOLES, observations=india) == {
        ("X", "equal"): 17, ("X", "within rounding"): 4, ("M", "equal"): 12, ("M", "within rounding"): 9,
    }  # fmt: skip


WHOLES = """
SELECT w.flow, verdict(w.lo, w.hi, sum(p.value), sum(p.lo), sum(p.hi)) FROM cells w
JOIN cells p ON p.item <> w.item AND starts_with(p.item, 'WTODDS:') AND (p.flow, p.period) = (w.flow, w.period)
WHERE w.item = 'WTODDS:DDS' GROUP BY w.flow, w.period, w.lo, w.hi
"""


def test_the_composition_by_mode_1(india: pa.Table) -> None:
    """288 item-years, 2005 to 2022. 22 are of another edition: exports moved between SI2 and SJ, and two of insurance
    imports. Five are a little off (by 0.12 million at most); of all others the composition is right."""
    assert count(f"SELECT verdict FROM ({COMPOSED})", observations=india) == {
        "by the digits printed": 238, "by six digits": 23, "another figure": 27,
    }  # fmt: skip
    query = f"SELECT flow, item, period, abs(gap) FROM ({COMPOSED}) WHERE verdict = 'another figure'"
    gaps = {row[:3]: row[3] for row in ask(query, observations=india)}
    assert gaps.keys() == OTHER_EDITION | A_LITTLE_OFF
    assert max(gap for key, gap in gaps.items() if key in A_LITTLE_OFF) < Fraction(12, 100)
    assert min(gap for key, gap in gaps.items() if key in OTHER_EDITION) > 7


def test_the_two_editions_of_exports_differ_by_little_in_the_total(india: pa.Table) -> None:
    """What moved between computer and other business services moved within the total: 0.63 % of it at most."""
    query = f"""SELECT max(abs(total / value - 1)) FROM (
                    SELECT period, sum(total) AS total, sum(value) AS value
                    FROM ({COMPOSED}) WHERE flow = 'X' GROUP BY ALL)"""
    [(share,)] = ask(query, observations=india)
    assert 0.00625 <= share < 0.00635


# Share of mode 1 in modes 1, 2 and 4, to two decimals: 2005 to 2019, and 2020 to 2022.
STEPS = {
    "SF SG SH SI1 SI3 SJ33 SJ34": ("1.00", "1.00"), "SJ1": ("0.83", "0.95"), "SJ21 SJ35": ("0.75", "0.95"),
    "SJ22": ("0.80", "0.95"), "SJ32": ("0.00", "0.00"), "SK1": ("0.70", "0.90"), "SK21 SK23 SK24": ("0.75", "0.95"),
    "SK22": ("0.93", "0.95"),
}  # fmt: skip
MODES = """
SELECT flow, item[8:] AS item, period >= '2020' AS is_late, period,
       CAST(max(lower) FILTER (mode = 'M1') AS DOUBLE) / nullif(sum(upper), 0) AS lower,
       CAST(max(upper) FILTER (mode = 'M1') AS DOUBLE) / nullif(sum(greatest(lower, 0)), 0) AS upper
FROM observations WHERE starts_with(item, 'TISMOS:') AND mode <> 'M3' GROUP BY ALL
HAVING sum(value) > 1
"""


@pytest.mark.parametrize("items", STEPS)
def test_shares_of_mode_1_step_up_in_2020(items: str, india: pa.Table) -> None:
    for item in items.split():
        for is_late, share in zip((False, True), STEPS[items], strict=True):
            query = f"""SELECT count(*) >= 6, bool_and(upper >= {share} - 0.005 AND lower <= {share} + 0.005)
                        FROM ({MODES}) WHERE item = '{item}' AND is_late = {is_late}"""
            assert ask(query, observations=india) == [(True, True)], (item, is_late)


def test_computer_services_step_up_where_no_national_figures_are_used(india: pa.Table) -> None:
    """Imports 0.81, then 0.95. Exports are national figures: 0.79 to 0.85, then 0.87 to 0.90."""
    query = f"""
        WITH printed(flow, is_late, least, most) AS (VALUES ('M', false, 0.81, 0.81), ('M', true, 0.95, 0.95),
                                                            ('X', false, 0.79, 0.85), ('X', true, 0.87, 0.90))
        SELECT flow, is_late, verdict(least - 0.005, least + 0.005, NULL, min(lower), min(upper)),
               verdict(most - 0.005, most + 0.005, NULL, max(lower), max(upper))
        FROM ({MODES}) JOIN printed USING (flow, is_late) WHERE item = 'SI2' GROUP BY flow, is_late, least, most"""
    agreed = ("within rounding", "within rounding")
    assert count(query, observations=india) == {(flow, late, *agreed): 1 for flow in "XM" for late in (False, True)}


def test_delivered_exports_of_2020_cross_the_step(india: pa.Table) -> None:
    """Printed 16.7 % on 2019, where UNCTAD's deliverable exports grow by 6.0 %."""
    query = """SELECT verdict(16.65, 16.75, 100 * (b.value / a.value - 1), 100 * (b.lower / a.upper - 1),
                              100 * (b.upper / a.lower - 1))
               FROM observations a JOIN observations b USING (flow, item)
               WHERE flow = 'X' AND item = 'WTODDS:DDS' AND a.period = '2019' AND b.period = '2020'"""
    assert ask(query, observations=india) == [("equal",)]


def test_compound_growth_of_china_s_delivered_services() -> None:
    """401.27 to 3,857.64 hundred million dollars from 2005 to 2024, printed 12.65 % a year: over 19 years and no
    others."""
    of_china, stated = {"flow": "T", "item": "DEF:dds6"}, {"measure": "average_growth", "method": "compound"}
    worlds = {
        last: [
            cell("401.27", period="2005", **of_china),
            cell("3857.64", period=last, **of_china),
            cell("12.65", period=f"2005/{last}", **stated, **of_china),
        ]
        for last in ("2023", "2024", "2025")
    }
    results = compute(worlds)
    assert [results.verdicts(last)[0][2] for last in worlds] == ["contradictory", "equal", "contradictory"]
    row = results.one("2024", "average_growth_compound", base_period="2005", period="2024")
    assert Fraction("12.6498") <= row["lower"] <= row["upper"] <= Fraction("12.6500")


@pytest.mark.parametrize("spoilt", ["level", "flows"])
def test_a_spoilt_copy_is_not_composed_so(spoilt: str, india: pa.Table) -> None:
    where = "item = 'TISMOS:SJ2' AND mode = 'M1' AND period = '2015'"
    copy = raise_level(india, f"{where} AND flow = 'M'", "1") if spoilt == "level" else swap_flows(india, where)
    query = f"SELECT flow FROM ({COMPOSED}) WHERE item = 'SJ' AND period = '2015' AND verdict = 'another figure'"
    assert count(query, observations=india) == {}
    assert count(query, observations=copy) == ({"M": 1} if spoilt == "level" else {"X": 1, "M": 1})
    whole = raise_level(india, "item = 'WTODDS:SI1' AND flow = 'X' AND period = '2015'", "0.01")
    assert count(WHOLES, observations=whole).get(("X", "contradictory")) == 1


def test_a_figure_by_mode_stands_for_a_range_that_holds_the_same_figure_delivered(india: pa.Table) -> None:
    """Item for item the same in both files; only three of insurance imports are of another edition."""
    found = ask(
        """SELECT d.flow, d.period, d.item[8:] FROM observations d
           JOIN observations p ON p.item = 'TISMOS:' || d.item[8:] AND p.mode = 'M1'
            AND (p.flow, p.period) = (d.flow, d.period)
           WHERE d.item IN ('WTODDS:SF', 'WTODDS:SG', 'WTODDS:SH', 'WTODDS:SI1', 'WTODDS:SI3')
             AND (p.lower > d.upper OR p.upper < d.lower)
           ORDER BY ALL""",
        observations=india,
    )
    assert found == [("M", "2007", "SF"), ("M", "2021", "SF"), ("M", "2022", "SF")]
