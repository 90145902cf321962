"""Every indicator on small hand-made inputs. The expected numbers are fractions written by hand from the printed cells.

A new indicator fails here until it has a plain case, a zero where it divides, a missing part, a gap in the series and
what its card refuses (or a word in NOT_APPLICABLE why one of these cannot be), or its cases in files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction as F
from functools import cache
from math import exp, log, sqrt
from pathlib import Path
from typing import Any

import pytest
from indicator_worlds import Results, Row, cell, compute, flows, levels_of, series, six

from transforms.indicators import load_cards

KINDS = ("plain", "zero", "missing", "gap", "refused")
IN_FILES = {path.name for path in (Path(__file__).parent / "cases").iterdir()}  # test_indicator_files.py
NOT_APPLICABLE: dict[tuple[str, str], str] = {}
Number = F | float | int | None


@dataclass(frozen=True)
class Case:
    """Rows in, one row out (or none: want is empty). where picks it; if it names no item, that of the first row."""

    indicator: str
    kind: str
    name: str
    rows: Sequence[Row]
    want: dict[str, Any]
    where: dict[str, Any] = field(default_factory=dict)
    beside: Sequence[Row] = ()  # a second dataset, of no stated source family unless same_family
    same_family: bool = False
    asked: tuple[str, ...] = ()

    @property
    def dataset(self) -> str:
        return f"{self.indicator}: {self.name}"


def gives(value: Number, lower: Number, upper: Number, status: str = "A", coverage: Number = 1, **more: Any) -> Row:
    return {"value": value, "lower": lower, "upper": upper, "obs_status": status, "coverage": coverage} | more


def misses(status: str, coverage: Number, lower: Number = None, upper: Number = None, **more: Any) -> Row:
    return gives(None, lower, upper, status, coverage, **more)


def refuses(note: str, **more: Any) -> Row:
    """A row without value and range that says why, although all inputs are there."""
    return gives(None, None, None, "O", 1, note=note, **more)


NONE: Row = {}
Q = {"obs_status": "Q"}
TWO_YEARS = {"2019": "2.0", "2020": "3.0"}
SPAN = {"period": "2020", "base_period": "2018"}
ONES = "1.0 1.0 1.0 1.0 1.0 1.0"
PRINTED_MULTIPLE = cell("1.5", measure="multiple", period="2020", base_period="2018")
PRINTED_AVERAGE = cell("20.0", measure="average_growth", period="2018/2020")
ENDS = series({"2018": "1.0", "2020": "1.3"})
BEFORE_ZERO = "the earlier level is not above zero"
YEARS_MISSING = "years of the span are not published"


CASES = [
    # X 4.4 = [4.35, 4.45], M 3.1 = [3.05, 3.15]
    Case("total_trade", "plain", "summed", flows("4.4", "3.1"), gives(F("7.5"), F("7.4"), F("7.6"), method="sum")),
    Case("total_trade", "plain", "printed, narrowed by X + M", flows("4.4", "3.1", "7.6"),
         gives(F("7.6"), F("7.55"), F("7.6"), method="published")),
    Case("total_trade", "plain", "a coarse total gives way to X + M", flows("1.00", "1.60", "3"),
         gives(F("2.6"), F("2.59"), F("2.61"))),
    Case("total_trade", "plain", "mixed powers of ten", [*flows("1.00"), *flows(m="12345", unit_mult=4)],
         gives(22345, F("22294.5"), F("22395.5"), unit_mult=4)),
    Case("total_trade", "plain", "the finest of two printings counts, whatever its unit",
         [cell("1.23", flow="T"), cell("12345", flow="T", unit_mult=4, table_id="u")],
         gives(12345, F("12344.5"), F("12345.5"), unit_mult=4)),
    Case("total_trade", "plain", "two printings that touch",
         [cell("1.0", flow="T"), cell("1.1", flow="T", table_id="u")],
         gives(F("1.05"), F("1.05"), F("1.05"), contested=False)),
    Case("total_trade", "plain", "two printings that cannot both be true",
         [cell("1.00", flow="T"), cell("1.5", flow="T", table_id="u")],
         gives(1, F("0.995"), F("1.55"), contested=True)),
    Case("total_trade", "plain", "a bound that contradicts a figure leaves the range open",
         [cell("1.00", flow="T"), cell("over 2", flow="T", table_id="u")],
         gives(1, F("0.995"), None, contested=True)),
    Case("total_trade", "plain", "an over figure is a bound", [cell("over 100", flow="T")], misses("O", 0, 100)),
    Case("total_trade", "zero", "nothing traded", flows("0.0", "0.0"), gives(0, F("-0.1"), F("0.1"))),
    Case("total_trade", "missing", "exports suppressed", [cell("", **Q), *flows(m="3.1")],
         misses("Q", F(1, 2), F("3.05"))),  # no less than the imports
    Case("total_trade", "missing", "a suppressed total whose parts are printed",
         [*flows("4.4", "3.1"), cell("", flow="T", **Q)], gives(F("7.5"), F("7.4"), F("7.6"), method="sum")),
    Case("total_trade", "missing", "a suppressed item", six("1.0 1.0 ? 1.0 1.0 1.0", flow="T"),
         misses("Q", F(5, 6), F("4.75")), {"item": "DEF:dds6"}),
    Case("total_trade", "gap", "no imports", flows("4.4"), NONE),
    Case("total_trade", "refused", "an item of the definition is not listed", six("1.0 1.0 - 1.0 1.0 1.0", flow="T"),
         misses("O", F(5, 6), F("4.75")), {"item": "DEF:dds6"}),
    # with T = 7.6: X in [4.40, 4.45], M in [3.10, 3.15]
    Case("trade_balance", "plain", "two flows", flows("4.4", "3.1"), gives(F("1.3"), F("1.2"), F("1.4"))),
    Case("trade_balance", "plain", "on X + M = T", flows("4.4", "3.1", "7.6"), gives(F("1.3"), F("1.25"), F("1.35"))),
    Case("trade_balance", "plain", "X + M contradicts T", flows("4.4", "3.1", "8.0"),
         gives(F("1.3"), F("1.2"), F("1.4"), contested=True)),
    Case("trade_balance", "plain", "published aggregate against a sum in another power of ten",
         [cell("7.0", item="DEF:dds6"), *six("10000 10000 10000 10000 10000 10000", flow="M", unit_mult=4)],
         gives(10000, 9497, 10503, unit_mult=4), {"item": "DEF:dds6"}),
    Case("trade_balance", "zero", "balanced, with a negative range", flows("1.0", "1.0"),
         gives(0, F("-0.1"), F("0.1"))),
    Case("trade_balance", "missing", "imports suppressed", [*flows("3.1"), cell("", flow="M", **Q)],
         misses("Q", F(1, 2))),
    Case("trade_balance", "missing", "X missing, but T printed",  # M 3.1, T 7.6: X in [4.40, 4.60]
         [cell(""), *flows(m="3.1", t="7.6")], misses("O", F(1, 2), F("1.25"), F("1.55"))),
    Case("trade_balance", "gap", "imports of another year only", [*flows("3.1"), *flows(m="1.0", period="2019")], NONE),
    Case("trade_balance", "refused", "a definition with an item missing on one side",
         [*six(ONES), *six("1.0 1.0 1.0 1.0 1.0 -", flow="M")], NONE, {"item": "DEF:dds6"}),
    # X 3.0 = [2.95, 3.05], M 1.0 = [0.95, 1.05]
    Case("export_orientation", "plain", "two flows", flows("3.0", "1.0"), gives(F(3, 4), F("0.7375"), F("0.7625"))),
    Case("export_orientation", "plain", "no exports: not below zero", flows("0.0", "2.0"), gives(0, 0, F(1, 40))),
    Case("export_orientation", "plain", "no imports: not above one", flows("2.0", "0.0"), gives(1, F(39, 40), 1)),
    Case("export_orientation", "plain", "X must move up to meet T",  # X = M = [0.5, 1.5], T = [2.85, 2.95]
         flows("1", "1", "2.9"), gives(F(1, 2), F(9, 19), F(10, 19))),
    Case("export_orientation", "zero", "nothing traded", flows("0.0", "0.0"),
         refuses("exports and imports are both zero")),
    Case("export_orientation", "missing", "exports suppressed", [cell("", **Q), *flows(m="3.1")],
         misses("Q", F(1, 2))),
    Case("export_orientation", "gap", "no imports", flows("4.4"), NONE),
    Case("export_orientation", "refused", "negative exports", flows("-1.0", "2.0"), refuses("a flow is negative")),
    Case("trade_competitiveness", "plain", "two flows", flows("3.0", "1.0"), gives(F(1, 2), F("0.475"), F("0.525"))),
    Case("trade_competitiveness", "plain", "no exports: not below -1", flows("0.0", "2.0"), gives(-1, -1, F(-19, 20))),
    Case("trade_competitiveness", "zero", "nothing traded", flows("0.0", "0.0"),
         refuses("exports and imports are both zero")),
    Case("trade_competitiveness", "missing", "imports not collected",
         [*flows("3.1"), cell("", flow="M", obs_status="L")], misses("L", F(1, 2))),
    Case("trade_competitiveness", "gap", "no exports", flows(m="4.4"), NONE),
    Case("trade_competitiveness", "refused", "negative imports", flows("1.0", "-2.0"), refuses("a flow is negative")),
    Case("export_import_coverage", "plain", "two flows", flows("3.0", "1.0"), gives(3, F(59, 21), F(61, 19))),
    Case("export_import_coverage", "zero", "imports of zero", flows("2.0", "0.0"),
         misses("O", 1, 39, note="imports are zero")),
    Case("export_import_coverage", "missing", "imports suppressed", [*flows("3.1"), cell("", flow="M", **Q)],
         misses("Q", F(1, 2))),
    Case("export_import_coverage", "gap", "no imports", flows("4.4"), NONE),
    Case("export_import_coverage", "refused", "negative imports", flows("1.0", "-2.0"), refuses("a flow is negative")),
    # 2.0 = [1.95, 2.05], 3.0 = [2.95, 3.05]
    Case("growth", "plain", "year on year", series(TWO_YEARS), gives(50, F(1800, 41), F(2200, 39))),
    Case("growth", "plain", "unrounded levels are points", series({"2019": "=2", "2020": "=3"}), gives(50, 50, 50)),
    Case("growth", "plain", "year to date", series({"2019-01/2019-07": "2.0", "2020-01/2020-07": "3.0"}),
         gives(50, F(1800, 41), F(2200, 39), freq="M")),
    Case("growth", "plain", "all statuses count, the strongest first",
         [cell("2.0", period="2019", obs_status="P"), cell("3.0", obs_status="E")],
         gives(50, F(1800, 41), F(2200, 39), "E;P")),
    Case("growth", "plain", "down to nothing", series({"2019": "3.0", "2020": "0.0"}), gives(-100, -100, F(-5800, 59))),
    Case("growth", "plain", "published aggregate on a sum in another power of ten",
         [cell("7.0", item="DEF:dds6"), *six("10000 10000 10000 10000 10000 10000", period="2019", unit_mult=4)],
         gives(F(50, 3), F(69500 * 100, 60003) - 100, F(70500 * 100, 59997) - 100), {"item": "DEF:dds6"}),
    Case("growth", "zero", "from nothing", series({"2019": "0.0", "2020": "3.0"}), refuses(BEFORE_ZERO)),
    Case("growth", "missing", "earlier year suppressed", [cell("", period="2019", **Q), cell("3.0")],
         misses("Q", F(1, 2))),
    Case("growth", "gap", "the year between is not published", series({"2018": "2.0", "2020": "3.0"}), NONE),
    Case("growth", "refused", "negative earlier level", series({"2019": "-2.0", "2020": "3.0"}), refuses(BEFORE_ZERO)),
    Case("growth", "refused", "negative later level", series({"2019": "2.0", "2020": "-3.0"}),
         refuses("the later level is negative")),
    Case("growth", "refused", "two currencies", [cell("2.0", period="2019"), cell("3.0", unit="CNY")], NONE),
    Case("growth", "refused", "two editions", [cell("2.0", period="2019", vintage="2023"), cell("3.0")], NONE),
    Case("multiple", "plain", "whole span", levels_of("2.0", "9.0", "3.0"), gives(F(3, 2), F(59, 41), F(61, 39)), SPAN),
    Case("multiple", "zero", "from nothing", levels_of("0.0", "9.0", "3.0"), refuses(BEFORE_ZERO), SPAN),
    Case("multiple", "missing", "first year of a printed span suppressed",
         [cell("", period="2018", **Q), cell("3.0"), PRINTED_MULTIPLE], misses("Q", F(1, 2)), SPAN),
    Case("multiple", "gap", "first year of a printed span not published", [cell("3.0"), PRINTED_MULTIPLE], NONE, SPAN),
    Case("multiple", "refused", "negative earlier level", levels_of("-2.0", "9.0", "3.0"), refuses(BEFORE_ZERO), SPAN),
    Case("increase", "plain", "whole span", levels_of("2.0", "9.0", "3.0"), gives(F(1, 2), F(18, 41), F(22, 39)), SPAN),
    Case("increase", "zero", "from nothing", levels_of("0.0", "9.0", "3.0"), refuses(BEFORE_ZERO), SPAN),
    Case("increase", "missing", "first year of a printed span suppressed",
         [cell("", period="2018", **Q), cell("3.0"), PRINTED_MULTIPLE], misses("Q", F(1, 2)), SPAN),
    Case("increase", "gap", "first year of a printed span not published", [cell("3.0"), PRINTED_MULTIPLE], NONE, SPAN),
    Case("increase", "refused", "negative later level", levels_of("2.0", "9.0", "-3.0"),
         refuses("the later level is negative"), SPAN),
    Case("average_growth_compound", "plain", "1.2 squared", levels_of("1.00", "1.50", "1.44"),
         gives(20, 100 * sqrt(1.435 / 1.005) - 100, 100 * sqrt(1.445 / 0.995) - 100)),
    Case("average_growth_compound", "zero", "from nothing", levels_of("0.0", "9.0", "3.0"), refuses(BEFORE_ZERO)),
    Case("average_growth_compound", "missing", "first year suppressed",
         [cell("", period="2018", **Q), cell("1.44"), PRINTED_AVERAGE], misses("Q", F(1, 2))),
    Case("average_growth_compound", "missing", "first year known only by T - M, which may be negative",
         [cell("", period="2018"), *flows(m="2.0", t="2.0", period="2018"), cell("1.44"), PRINTED_AVERAGE],
         # X in 2018 is in [-0.1, 0.1], taken as [0, 0.1]
         misses("O", F(1, 2), 100 * sqrt(1.435 / 0.1) - 100), {"flow": "X"}),
    Case("average_growth_compound", "gap", "first year not published", [cell("1.44"), PRINTED_AVERAGE], NONE),
    Case("average_growth_compound", "refused", "one interval only", series(TWO_YEARS), NONE),
    Case("average_growth_compound", "refused", "negative last level", levels_of("2.0", "9.0", "-3.0"),
         refuses("the later level is negative")),
    # rates 50 % and -20 %; y1 pulls both ways: 1 / y0 against y2 / y1^2
    Case("average_growth_mean", "plain", "two rates", levels_of("1.00", "1.50", "1.20"),
         gives(15, 50 * (1.495 / 1.005 + 1.195 / 1.495) - 100, 50 * (1.505 / 0.995 + 1.205 / 1.505) - 100)),
    Case("average_growth_mean", "zero", "a year of nothing", levels_of("1.00", "0.00", "1.20"),
         refuses("a level is not above zero")),
    Case("average_growth_mean", "missing", "a year suppressed",
         [*levels_of("1.00"), cell("", period="2019", **Q), cell("1.20")], misses("Q", F(2, 3), note=YEARS_MISSING)),
    Case("average_growth_mean", "gap", "a year not published", series({"2018": "1.00", "2020": "1.20"}),
         misses("O", F(2, 3), note=YEARS_MISSING)),
    Case("average_growth_mean", "refused", "a negative year", levels_of("1.00", "-1.00", "1.20"),
         refuses("a level is not above zero")),
    # with three years the middle one has no weight; with four the weights are -0.3 -0.1 0.1 0.3
    Case("average_growth_log_linear", "plain", "three years", levels_of("1.00", "1.50", "1.44"),
         gives(20, 100 * sqrt(1.435 / 1.005) - 100, 100 * sqrt(1.445 / 0.995) - 100)),
    Case("average_growth_log_linear", "plain", "four years", levels_of("=1", "=2", "=2", "=4"),
         gives(100 * exp(0.3 * log(4)) - 100, 100 * exp(0.3 * log(4)) - 100, 100 * exp(0.3 * log(4)) - 100)),
    Case("average_growth_log_linear", "zero", "a year of nothing", levels_of("1.00", "0.00", "1.20"),
         refuses("a level is not above zero")),
    Case("average_growth_log_linear", "missing", "a year suppressed",
         [*levels_of("1.00"), cell("", period="2019", **Q), cell("1.20")], misses("Q", F(2, 3), note=YEARS_MISSING)),
    Case("average_growth_log_linear", "gap", "a year not published", series({"2018": "1.00", "2020": "1.20"}),
         misses("O", F(2, 3), note=YEARS_MISSING)),
    Case("average_growth_log_linear", "refused", "a negative year", levels_of("1.00", "-1.00", "1.20"),
         refuses("a level is not above zero")),
    # 10.0 % = [1.0995, 1.1005], 20.0 % = [1.1995, 1.2005]
    Case("chained_multiple", "plain", "two rates",
         [*ENDS, *levels_of("10.0", "20.0", start=2019, measure="growth")],
         gives(F("1.32"), F("1.0995") * F("1.1995"), F("1.1005") * F("1.2005"), method="published_rates")),
    Case("chained_multiple", "zero", "a fall to nothing",
         [*ENDS, *levels_of("-100.0", "20.0", start=2019, measure="growth")],
         gives(0, 0, F("0.0005") * F("1.2005"))),
    Case("chained_multiple", "missing", "a rate suppressed",
         [*ENDS, cell("10.0", measure="growth"),
          cell("", measure="growth", period="2019", **Q)], NONE),
    Case("chained_multiple", "gap", "a rate not published",
         [*ENDS, cell("10.0", measure="growth")], NONE),
    Case("chained_multiple", "refused", "a rate with a qualifier",
         [*ENDS, *levels_of("10.0", "over 20.0", start=2019, measure="growth")], NONE),
    Case("chained_multiple", "refused", "a rate below -100",
         [*ENDS, *levels_of("10.0", "-120.0", start=2019, measure="growth")], NONE),
    # 2.0 = [1.95, 2.05] of 8.0 = [7.95, 8.05]
    Case("category_share", "plain", "in all services", [cell("2.0"), cell("8.0", item="S")],
         gives(25, F(3900, 161), F(4100, 159)), {"reference": "SERVICES"}),
    Case("category_share", "plain", "in a sum it is part of", six("1.0 1.0 1.0 2.0 1.0 1.0"),
         gives(F(200, 7), F(195 * 100, 720), F(205 * 100, 680)), {"reference": "DDS6", "item": "EBOPS2010:SI"}),
    Case("category_share", "plain", "in a printed aggregate", [cell("2.0"), cell("8.0", item="DEF:dds6")],
         gives(25, F(3900, 161), F(4100, 159)), {"reference": "DDS6"}),
    Case("category_share", "plain", "in a sum under another definition",  # unctad takes SK1 for SK
         [*six("1.0 1.0 1.0 2.0 1.0 9.0"), cell("1.0", item="SK1")],
         gives(F(200, 7), F(195 * 100, 720), F(205 * 100, 680)),
         {"definition": "unctad", "item": "EBOPS2010:SI"}),
    Case("category_share", "plain", "in a definition that no reference names",  # SI1 2.0 and SI2 1.0
         [cell("2.0", item="SI1"), cell("1.0", item="SI2")], gives(F(200, 3), F(19500, 300), F(20500, 300)),
         {"definition": "ict_services", "item": "EBOPS2010:SI1"}),
    Case("category_share", "gap", "an item outside the definition",
         [cell("2.0", item="SI1"), cell("1.0", item="SI2"), cell("1.0", item="SI3")], NONE,
         {"definition": "ict_services", "item": "EBOPS2010:SI3"}),
    Case("category_share", "plain", "not below zero", [cell("0.0"), cell("8.0", item="S")],
         gives(0, 0, F(5 * 100, 795)), {"reference": "SERVICES"}),
    Case("category_share", "zero", "of nothing", [cell("2.0"), cell("0.0", item="S")],
         refuses("the denominator is zero"), {"reference": "SERVICES"}),
    Case("category_share", "missing", "suppressed category", [cell("", **Q), cell("8.0", item="S")],
         misses("Q", 0, 0, 100), {"reference": "SERVICES"}),
    Case("category_share", "missing", "suppressed services", [cell("2.0"), cell("", item="S", **Q)],
         misses("Q", 0, None, 100), {"reference": "SERVICES"}),
    Case("category_share", "missing", "in a sum with a suppressed item", six("1.0 1.0 1.0 2.0 1.0 ?"),
         misses("Q", F(5, 6), None, F(205 * 100, 585)), {"reference": "DDS6", "item": "EBOPS2010:SI"}),
    Case("category_share", "gap", "services of another year", [cell("2.0"), cell("8.0", item="S", period="2019")], NONE,
         {"reference": "SERVICES"}),
    Case("category_share", "refused", "negative category", [cell("-1.0"), cell("8.0", item="S")],
         refuses("a figure is negative"), {"reference": "SERVICES"}),
    Case("category_share", "refused", "a negative item in the sum", six("-1.0 1.0 1.0 2.0 1.0 1.0"),
         refuses("an item of the sum is negative"), {"reference": "DDS6", "item": "EBOPS2010:SI"}),
    # six items of 1.0: 6.0 = [5.7, 6.3]; five of them 5.0 = [4.75, 5.25]; S 10.0 = [9.95, 10.05]
    Case("dds_share", "plain", "a sum", [*six(ONES), cell("10.0", item="S")],
         gives(60, F(570 * 100, 1005), F(630 * 100, 995)), {"definition": "dds6"}),
    Case("dds_share", "plain", "a printed aggregate", [cell("2.0", item="DEF:dds6"), cell("8.0", item="S")],
         gives(25, F(3900, 161), F(4100, 159))),
    Case("dds_share", "zero", "of nothing", [*six(ONES), cell("0.0", item="S")],
         refuses("the denominator is zero"), {"definition": "dds6"}),
    Case("dds_share", "missing", "a suppressed item", [*six("1.0 1.0 1.0 1.0 1.0 ?"), cell("10.0", item="S")],
         misses("Q", F(5, 6), F(475 * 100, 1005), 100), {"definition": "dds6"}),
    Case("dds_share", "missing", "a suppressed item, travel known",  # SD 3.0: at least 2.95 of at most 10.05 is outside
         [*six("1.0 1.0 1.0 1.0 1.0 ?"), cell("10.0", item="S"), cell("3.0", item="SD")],
         misses("Q", F(5, 6), F(475 * 100, 1005), 100 - F(295 * 100, 1005)), {"definition": "dds6"}),
    Case("dds_share", "missing", "an item known only to be under a figure",  # SK in [.., 1]: at most 6.25 of 9.95
         [*six("1.0 1.0 1.0 1.0 1.0 -"), cell("under 1", item="SK"), cell("10.0", item="S")],
         misses("O", F(5, 6), F(475 * 100, 1005), F(625 * 100, 995)), {"definition": "dds6"}),
    Case("dds_share", "missing", "the items at hand exceed all services",
         [*six("1.0 1.0 1.0 1.0 1.0 -"), cell("4.0", item="S")],
         misses("O", F(5, 6), 100, 100, contested=True), {"definition": "dds6"}),
    Case("dds_share", "gap", "an item not published", [*six("1.0 1.0 1.0 1.0 1.0 -"), cell("10.0", item="S")],
         misses("O", F(5, 6), F(475 * 100, 1005), 100), {"definition": "dds6"}),
    Case("dds_share", "gap", "no figure for all services", six(ONES), NONE),
    Case("dds_share", "refused", "a negative item", [*six("-1.0 1.0 1.0 1.0 1.0 1.0"), cell("10.0", item="S")],
         refuses("an item of the sum is negative"), {"definition": "dds6"}),
    Case("world_share", "plain", "one economy", [cell("2.0"), cell("8.0", geo="W")],
         gives(25, F(3900, 161), F(4100, 159))),
    Case("world_share", "plain", "powers of ten differ", [cell("2.0"), cell("8000", geo="W", unit_mult=5)],
         gives(25, F(195 * 100_000, 800_050), F(205 * 100_000, 799_950))),
    Case("world_share", "zero", "of nothing", [cell("2.0"), cell("0.0", geo="W")], refuses("the denominator is zero")),
    Case("world_share", "missing", "suppressed economy", [cell("", **Q), cell("8.0", geo="W")], misses("Q", 0)),
    Case("world_share", "missing", "world only as a bound", [cell("2.0"), cell("over 8", geo="W")],
         misses("O", 0, None, F("25.625"))),
    Case("world_share", "gap", "no world", [cell("2.0")], NONE),
    Case("world_share", "refused", "a world of another edition", [cell("2.0"), cell("8.0", geo="W", vintage="2023")],
         NONE, {"geo": "CHN"}),
    Case("world_share", "refused", "negative", [cell("-2.0"), cell("8.0", geo="W")], refuses("a figure is negative")),
    Case("city_share", "plain", "one edition", [cell("2.0", geo="CN-440100"), cell("8.0")],
         gives(25, F(3900, 161), F(4100, 159))),
    Case("city_share", "plain", "another dataset of the same family", [cell("2.0", geo="CN-440100")],
         gives(25, F(3900, 161), F(4100, 159)), beside=[cell("8.0")], same_family=True),
    Case("city_share", "plain", "its own edition goes first",
         [cell("2.0", geo="CN-440100", vintage="2023"), cell("8.0", vintage="2023"), cell("9.0")],
         gives(25, F(3900, 161), F(4100, 159), ref_vintage="2023")),
    Case("city_share", "plain", "mixed sources, asked for", [cell("2.0", geo="CN-440100")],
         gives(25, F(3900, 161), F(4100, 159), "D"), beside=[cell("8.0")], asked=("mixed_sources",)),
    Case("city_share", "zero", "of nothing", [cell("2.0", geo="CN-440100"), cell("0.0")],
         refuses("the denominator is zero")),
    Case("city_share", "missing", "suppressed nation", [cell("2.0", geo="CN-440100"), cell("", **Q)],
         misses("Q", F(1, 2))),
    Case("city_share", "missing", "suppressed city", [cell("", geo="CN-440100", **Q), cell("8.0")],
         misses("Q", F(1, 2))),
    Case("city_share", "gap", "no nation", [cell("2.0", geo="CN-440100")], NONE),
    Case("city_share", "refused", "another source family", [cell("2.0", geo="CN-440100")], misses("O", F(1, 2)),
         beside=[cell("8.0")]),
    Case("city_share", "refused", "another definition", [cell("2.0", geo="CN-440100", item="DEF:dds6"),
         cell("8.0", item="DEF:unctad")], misses("O", F(1, 2))),
    Case("city_share", "refused", "another basis", [cell("2.0", geo="CN-440100", basis="contracted"), cell("8.0")],
         misses("O", F(1, 2))),
    Case("city_share", "refused", "negative", [cell("-2.0", geo="CN-440100"), cell("8.0")],
         refuses("a figure is negative")),
    Case("share_of_reference", "plain", "a district in its city",
         [cell("2.0", geo="CN-440106"), cell("8.0", geo="CN-440100"),
          cell("25", geo="CN-440106", measure="share", reference="PARENT")], gives(25, F(3900, 161), F(4100, 159))),
    Case("share_of_reference", "plain", "exports in their own total: X and T move together",
         [*flows("3.0", "1.0", item="GOODS:T"), cell("75", item="GOODS:T", measure="share", reference="GOODS_TOTAL")],
         gives(75, F("73.75"), F("76.25"))),
    Case("share_of_reference", "zero", "of nothing",
         [cell("2.0", geo="CN-440106"), cell("0.0", geo="CN-440100"),
          cell("25", geo="CN-440106", measure="share", reference="PARENT")], refuses("the denominator is zero")),
    Case("share_of_reference", "missing", "suppressed city",
         [cell("2.0", geo="CN-440106"), cell("", geo="CN-440100", **Q),
          cell("25", geo="CN-440106", measure="share", reference="PARENT")], misses("Q", 0)),
    Case("share_of_reference", "gap", "no city",
         [cell("2.0", geo="CN-440106"), cell("25", geo="CN-440106", measure="share", reference="PARENT")], NONE),
    Case("share_of_reference", "refused", "not printed by anyone",
         [cell("2.0", geo="CN-440106"), cell("8.0", geo="CN-440100")], NONE),
    Case("share_of_reference", "refused", "another unit",
         [cell("2.0", geo="CN-440106"), cell("8.0", geo="CN-440100", unit="CNY"),
          cell("25", geo="CN-440106", measure="share", reference="PARENT")], NONE),
    Case("share_of_reference", "refused", "negative",
         [cell("-2.0", geo="CN-440106"), cell("8.0", geo="CN-440100"),
          cell("25", geo="CN-440106", measure="share", reference="PARENT")], refuses("a figure is negative")),
]  # fmt: skip


@cache
def _computed(asked: tuple[str, ...]) -> Results:
    """All cases at once: each is a dataset of its own, and a year of its own where places look for their nation."""
    worlds: dict[str, Sequence[Row]] = {}
    families = {}
    for n, case in enumerate(CASES):
        if case.asked == asked:
            own_year = {"period": str(1800 + n)} if case.indicator == "city_share" else {}
            worlds[case.dataset] = [row | own_year for row in case.rows]
            if case.beside:
                worlds[_beside(case)] = [row | own_year for row in case.beside]
            families[_beside(case)] = case.dataset if case.same_family else ""
    return compute(worlds, families, asked=asked)


def _beside(case: Case) -> str:
    return f"beside {case.dataset}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.dataset)
def test_case(case: Case) -> None:
    where = case.where if {"item", "definition"} & set(case.where) else case.where | {"item": case.rows[0]["item"]}
    found = _computed(case.asked).rows(case.dataset, case.indicator, **where)
    if case.want is NONE:
        assert found == []
        return
    assert len(found) == 1, [(row["item"], row["period"], row["base_period"], row["reference"]) for row in found]
    for name, wanted in case.want.items():
        value = found[0][name]
        if name in ("value", "lower", "upper") and wanted is not None:
            assert value is not None, name
            # a value to the nearest tenth decimal, a bound outward
            slip = float(value) - float(wanted)
            least, most = {"value": (-0.6, 0.6), "lower": (-1, 0.001), "upper": (-0.001, 1)}[name]
            noise = 1e-12 * abs(float(wanted))
            assert least * 1e-10 - noise <= slip <= most * 1e-10 + noise, name
        elif name == "coverage":
            assert value == pytest.approx(float(wanted)), name
        else:
            assert value == wanted, name


IN_FILES = {path.name for path in Path(__file__).parent.joinpath("cases").iterdir()}  # see test_indicator_files


@pytest.mark.parametrize(
    "card", [c for c in load_cards() if c.indicator not in IN_FILES], ids=lambda card: card.indicator
)
@pytest.mark.parametrize("kind", KINDS)
def test_every_indicator_has_its_cases(card: Any, kind: str) -> None:
    covered = {(case.indicator, case.kind) for case in CASES}
    known = covered | NOT_APPLICABLE.keys()
    assert (card.indicator, kind) in known or card.indicator in IN_FILES


def test_cases_are_told_apart_and_belong_to_an_indicator() -> None:
    names = [case.dataset for case in CASES]
    assert len(set(names)) == len(names)
    assert {case.indicator for case in CASES} | IN_FILES == {card.indicator for card in load_cards()}


@pytest.mark.parametrize("card", load_cards(), ids=lambda card: card.indicator)
def test_cards_say_what_an_indicator_is(card: Any) -> None:
    said = [f"{name}_{lang}" for name in ("title", "words", "numerator", "bounds", "refused") for lang in ("en", "zh")]
    for name in ("formula", "unit", *said):
        assert getattr(card, name), name


def test_every_value_names_its_cells_and_its_range() -> None:
    for row in _computed(False).indicators:
        assert row["inputs"], row
        if row["value"] is not None and not row["contested"]:
            assert row["lower"] is not None and row["lower"] <= row["value"]
            assert row["upper"] is None or row["upper"] >= row["value"]
