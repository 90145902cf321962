"""UNCTAD's digitally deliverable services (World Bank Data360 copy): average growth of world exports by each method,
and other figures computed by hand from the same series."""

from __future__ import annotations

from pathlib import Path

import pytest
from publications import Held, ask, hold, pick, raise_level, read_long_file, read_publication, spoil

FILE = "unctad_data360/UNCTAD_DE.csv"
# World exports 2010-2019, per cent a year: compound, mean of annual rates, and two readings of the least squares slope.
AVERAGES = """
WITH printed(name, lo, hi) AS (VALUES
    ('compound', 6.6415, 6.6425), ('mean_of_annual_rates', 6.7475, 6.7485), ('slope', 5.7455, 5.7465),
    ('log_linear', 5.9145, 5.9155)
), computed AS (
    SELECT dataset, method AS name, value, lower, upper FROM indicators
    WHERE starts_with(indicator, 'average_growth') AND (geo, flow, base_period, period) = ('W', 'X', '2010', '2019')
    UNION ALL
    SELECT dataset, 'slope', 100 * ln(1 + value / 100), 100 * ln(1 + lower / 100), 100 * ln(1 + upper / 100)
    FROM indicators
    WHERE indicator = 'average_growth_log_linear' AND (geo, flow, base_period, period) = ('W', 'X', '2010', '2019')
)
SELECT dataset, name, verdict(lo, hi, value, lower, upper) AS verdict FROM printed JOIN computed USING (name)
"""
METHODS = ("compound", "mean_of_annual_rates", "slope", "log_linear")


@pytest.fixture(scope="module")
def held(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Held:
    edition = read_long_file("data360_digitally_deliverable", shared_data / FILE, tmp_path_factory.mktemp("unctad"))
    decade = pick(edition, "geo = 'W' AND period BETWEEN '2010' AND '2019'")
    return hold(
        {
            "unctad": pick(edition, "geo IN ('W', 'CHN', 'IND')"),
            "decade": decade,
            "level_changed": raise_level(decade, "flow = 'X' AND period = '2019'", "5000"),
            "flows_swapped": spoil(decade, "flow IN ('X', 'M')", 20, flow="CASE flow WHEN 'X' THEN 'M' ELSE 'X' END"),
        }
    )


def test_average_growth_of_world_exports_by_four_methods(held: Held) -> None:
    found = held.count(f"SELECT name, verdict FROM ({AVERAGES}) WHERE dataset = 'decade'")
    assert found == {(name, "equal"): 1 for name in METHODS}


@pytest.mark.parametrize("world", ["level_changed", "flows_swapped"])
def test_a_spoilt_series_gives_none_of_them(world: str, held: Held) -> None:
    """The last level 0.15 % higher; or imports in the place of exports."""
    found = held.count(f"SELECT name, verdict FROM ({AVERAGES}) WHERE dataset = '{world}'")
    assert found == {(name, "contradictory"): 1 for name in METHODS}


@pytest.mark.parametrize(
    ("indicator", "geo", "flow", "period", "scale", "lo", "hi"),
    [
        ("total_trade", "CHN", "T", "2022", "100", "3641.65", "3641.75"),  # 10^8 USD, printed 3,641.7
        ("total_trade", "CHN", "T", "2023", "100", "3875.75", "3875.85"),  # printed 3,875.8
        ("growth", "IND", "X", "2020", "1", "5.95", "6.05"),  # 6.0 %, where the WTO's delivered services grow by 16.7 %
    ],
)
def test_other_figures_of_the_edition(
    indicator: str, geo: str, flow: str, period: str, scale: str, lo: str, hi: str, held: Held
) -> None:
    query = f"""SELECT verdict({lo}, {hi}, value / {scale}, lower / {scale}, upper / {scale}) FROM indicators
                WHERE dataset = 'unctad' AND indicator = '{indicator}' AND item = 'DEF:unctad'
                  AND (geo, flow, period) = ('{geo}', '{flow}', '{period}')"""
    assert held.ask(query) == [("equal",)]


def test_delivered_is_not_always_less_than_deliverable_across_sources(held: Held, shared_data: Path) -> None:
    """India: the WTO's digitally delivered services are 0.79 to 0.88 of UNCTAD's deliverable exports, but 1.01 to 1.13
    of its imports from 2018 to 2023: the two are compilations of their own, and no rule between them can be hard."""
    wto = read_publication("wto_india", shared_data / "wto_india" / "dds_india.csv")
    ratios = """
        SELECT w.flow, w.period, w.lower / u.upper AS lower, w.upper / u.lower AS upper
        FROM wto w
        JOIN observations u ON u.dataset = 'unctad' AND u.geo = 'IND' AND (u.flow, u.period) = (w.flow, w.period)
        WHERE w.item = 'WTODDS:DDS' AND {}"""
    within = "SELECT bool_and(upper >= {} AND lower <= {}), min(lower) <= {}, max(upper) >= {} FROM ({})"
    tables = {"observations": held.observations, "wto": wto}
    exports, imports = (
        ratios.format("w.flow = 'X'"),
        ratios.format("w.flow = 'M' AND w.period BETWEEN '2018' AND '2023'"),
    )
    assert ask(within.format(0.785, 0.885, 0.795, 0.875, exports), **tables) == [(True, True, True)]
    assert ask(within.format(1.005, 1.135, 1.015, 1.125, imports), **tables) == [(True, True, True)]
