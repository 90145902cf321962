"""Average rates of growth that documents print without saying how they were computed: which methods can give them."""

from __future__ import annotations

from fractions import Fraction
from math import log

import pytest
from indicator_worlds import Results, Row, cell, compute, levels_of

WORLD = {"geo": "W", "item": "DEF:unctad"}
Y2005, Y2019 = "12027.60", "31925.86"
PRINTED = (Fraction("7.455"), Fraction("7.465"))  # 7.46 % a year


def list_stated(rate: str, first: str, last: str, method: str = "") -> Row:
    return cell(rate, period=f"{first}/{last}", measure="average_growth", method=method, **WORLD)


def list_path() -> list[str]:
    """Fourteen annual rates, one half above and one half below, from 12,027.60 to 31,925.86 with their mean at 7.46
    %."""
    mean, product = 1.0746, float(Y2019) / float(Y2005)
    spread = (mean**2 - product ** (1 / 7)) ** 0.5
    levels = [float(Y2005)]
    for year in range(14):
        levels.append(levels[-1] * (mean + (spread if year % 2 == 0 else -spread)))
    return [Y2005, *(f"{level:.2f}" for level in levels[1:-1]), Y2019]


@pytest.fixture(scope="module")
def results() -> Results:
    ends = [cell(Y2005, period="2005", **WORLD), cell(Y2019, period="2019", **WORLD)]
    methods = [
        list_stated("7.46", "2005", "2019", method) for method in ("compound", "mean_of_annual_rates", "log_linear")
    ]
    zhang = [cell("1.20", period="2005", unit_mult=12, **WORLD), list_stated("7.49", "2005", "2021", "compound")]
    path = levels_of(*list_path(), start=2005, **WORLD)
    other_spans = {
        str(years): [
            cell(Y2005, period="2005", **WORLD),
            cell(Y2019, period=str(2005 + years), **WORLD),
            list_stated("7.46", "2005", str(2005 + years), "compound"),
        ]
        for years in (13, 15)
    }
    return compute(
        other_spans
        | {
            "guangzhou": [*ends, list_stated("7.46", "2005", "2019")],
            "path": [*path, *methods],
            "path_unstated": [*path, list_stated("7.46", "2005", "2019")],
            "zhang": [*zhang, cell("3.81", period="2021", unit_mult=12, **WORLD)],
            "zhang_level": [*zhang, cell("3.85", period="2021", unit_mult=12, **WORLD)],
            "zhang_swapped": [
                cell("3.81", period="2005", unit_mult=12, **WORLD), cell("1.20", period="2021", unit_mult=12, **WORLD),
                list_stated("7.49", "2005", "2021", "compound"),
            ],
        }
    )  # fmt: skip


def test_7_46_per_cent_is_no_compound_rate(results: Results) -> None:
    """Guangzhou Digital Trade Development Report 2021-2022: 12,027.60 to 31,925.86, "7.46 % a year". Compound 7.2218
    %."""
    row = results.one("guangzhou", "average_growth_compound", base_period="2005", period="2019")
    assert Fraction("7.2217") <= row["lower"] <= row["upper"] <= Fraction("7.2219")
    found = {row["indicator"]: row["verdict"] for row in results.comparisons if row["dataset"] == "guangzhou"}
    # the document states no method and only the ends of the series are known: one method excluded, two that need the
    # path
    assert found == {
        "average_growth_compound": "not_comparable",
        "average_growth_mean": "not_computable",
        "average_growth_log_linear": "not_computable",
    }


def test_nor_over_another_number_of_years(results: Results) -> None:
    """7.80 % over 13 intervals, 6.72 % over 15."""
    for years in ("13", "15"):
        assert results.verdicts(years) == [("average_growth", "7.46", "contradictory")]


def test_nor_by_other_methods_that_know_the_ends_alone() -> None:
    """6.97 % by logarithms, 11.82 % a year of the first level."""
    ratio_low, ratio_high = (
        Fraction("31925.855") / Fraction("12027.605"),
        Fraction("31925.865") / Fraction("12027.595"),
    )
    assert 100 * log(ratio_high) / 14 < PRINTED[0]
    assert 100 * (ratio_low - 1) / 14 > PRINTED[1]


def test_7_46_per_cent_can_be_a_mean_of_annual_rates(results: Results) -> None:
    """A mean of annual rates is never below the compound rate, and 7.46 asks for rates that scatter by 7.15 points: of
    a made-up path that does, the mean is the printed rate and the compound rate is not. The series itself is not at
    hand, so more cannot be said: least squares depend on the path too, and on this one they do not give it."""
    # the mean exceeds the compound rate by about variance / (2 x factor)
    low, high = ((2 * 1.072218 * (float(end) - 7.2218) / 100) ** 0.5 * 100 for end in PRINTED)
    assert low <= 7.15 <= high
    verdicts = {row["indicator"]: row["verdict"] for row in results.comparisons if row["dataset"] == "path"}
    assert verdicts == {
        "average_growth_compound": "contradictory",
        "average_growth_mean": "equal",
        "average_growth_log_linear": "contradictory",
    }
    verdicts = {row["indicator"]: row["verdict"] for row in results.comparisons if row["dataset"] == "path_unstated"}
    assert verdicts["average_growth_mean"] == "equal" and "contradictory" not in verdicts.values()


def test_7_49_per_cent_is_a_compound_rate(results: Results) -> None:
    """Zhang (2023): 1.20 to 3.81 trillion dollars from 2005 to 2021, "7.49 % a year": 7.451 to 7.525 %."""
    row = results.one("zhang", "average_growth_compound", base_period="2005", period="2021")
    assert Fraction("7.4505") <= row["lower"] <= Fraction("7.4515") and Fraction("7.5245") <= row["upper"] <= Fraction(
        "7.5255"
    )
    [verdict] = results.verdicts("zhang", "average_growth")
    assert verdict[2] in ("equal", "within_rounding")


@pytest.mark.parametrize("world", ["zhang_level", "zhang_swapped"])
def test_a_spoilt_world_does_not_give_it(world: str, results: Results) -> None:
    assert results.verdicts(world, "average_growth") == [("average_growth", "7.49", "contradictory")]
