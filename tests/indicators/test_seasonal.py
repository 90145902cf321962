"""Seasonal adjustment: what a model must give back, what it refuses, and that it comes only when it is called."""

from __future__ import annotations

import math
import random
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from indicator_worlds import Row, cell, compute, connection, fill, series

from transforms.indicators import adjusted, compute_indicators, create_codelists
from transforms.indicators.adjusted import find_x13as  # before the conftest hides it
from transforms.seasonal import NO_RESULT, NOT_SEASONAL, adjust_series, is_seasonal

MONTHS = [f"{year}-{month:02d}" for year in range(2016, 2021) for month in range(1, 13)]
SEASON = (0.9, 0.6, 1.1, 1.0, 1.0, 1.05, 1.0, 0.95, 1.1, 1.0, 1.1, 1.3)


def monthly(seed: int, noise: float = 0.01, season: tuple[float, ...] = SEASON) -> list[float]:
    rng = random.Random(seed)
    return [100 * 1.005**n * season[n % 12] * math.exp(rng.gauss(0, noise)) for n in range(len(MONTHS))]


def frame(values: list[float], start: str = "2016-01", freq: str = "M") -> pd.Series:
    return pd.Series(values, index=pd.period_range(start, periods=len(values), freq=freq))


def rows_of(values: list[float], **kwargs: str) -> list[Row]:
    return series({m: f"={v:.4f}" for m, v in zip(MONTHS, values, strict=True)}, **kwargs)


@pytest.mark.parametrize("seed", range(5))
def test_the_season_goes_and_the_trend_stays(seed: int) -> None:
    result = adjust_series(frame(monthly(seed)))
    assert (result.refusal, len(result.values)) == ("", 60)
    assert result.method.startswith("stl_robust_log_statsmodels_")
    level = math.prod(SEASON) ** (1 / 12)  # the season's factors are measured against their geometric mean
    for n, value in enumerate(result.values):
        assert value == pytest.approx(100 * 1.005**n * level, rel=0.04)


@settings(max_examples=10, deadline=None)
@given(
    st.lists(st.integers(-300, 300), min_size=4, max_size=4).filter(lambda p: len(set(p)) == 4),
    st.integers(-5, 5),
    st.integers(4, 8),
)
def test_trend_and_stable_season_come_apart_exactly(season: list[int], slope: int, years: int) -> None:
    """Additive, as levels below zero are among them: adjusted is the trend about the mean of the season."""
    mean = sum(season) / 4
    values = [slope * n + season[n % 4] - 400.0 for n in range(4 * years)]
    result = adjust_series(frame(values, "2010Q1", "Q"))
    assert result.method.startswith("stl_robust_additive_")
    for n, value in enumerate(result.values):
        assert value == pytest.approx(slope * n + mean - 400, abs=1e-6)


@pytest.mark.parametrize("factor", [1e-6, 3.0, 1e8])
def test_scaling_scales_the_adjusted_series(factor: float) -> None:
    values = monthly(1)
    one, other = adjust_series(frame(values)), adjust_series(frame([factor * v for v in values]))
    assert [factor * v for v in one.values] == pytest.approx(list(other.values), rel=1e-8)


@pytest.mark.slow
def test_noise_is_rarely_taken_for_a_season() -> None:
    """A test at 5 per cent: of 200 series of noise and of random walks few pass, of seasonal ones all."""
    rng = np.random.default_rng(7)
    found = {"noise": 0, "walk": 0, "season": 0}
    for _ in range(200):
        noise = rng.normal(size=48)
        for kind, values in (
            ("noise", noise),
            ("walk", noise.cumsum()),
            ("season", noise + 5 * np.tile(SEASON, 4) * 4),
        ):
            found[kind] += adjust_series(frame(list(values - 100))).refusal == ""
    assert found["season"] == 200
    assert found["noise"] < 40 and found["walk"] < 40


@pytest.mark.parametrize("values", [[5.0] * 24, [3.0 * n for n in range(1, 25)], [0.0] * 24])
def test_what_arithmetic_leaves_is_no_season(values: list[float]) -> None:
    assert adjust_series(frame(values, "2010Q1", "Q")).refusal == NOT_SEASONAL


def test_differences_below_the_scale_are_none() -> None:
    tiny = np.tile([1e-11, -1e-11, 2e-11, 0], 4)
    assert not is_seasonal(tiny, 4)
    assert is_seasonal(tiny, 4, scale=1e-10)


def test_months_of_a_place_with_what_the_reader_must_know() -> None:
    results = compute({"a": rows_of(monthly(2)), "b": rows_of(monthly(3), geo="USA")})
    found = results.rows("a", "seasonally_adjusted", item="EBOPS2010:SI", freq="M")
    expected = adjust_series(frame([float(f"{v:.4f}") for v in monthly(2)])).values
    assert [float(r["value"]) for r in sorted(found, key=lambda r: r["period"])] == pytest.approx(list(expected))
    for row in found:
        assert row["note"] == (
            "adjusted over 2016-01/2020-12; holidays that move, such as the Chinese New Year, are not modelled"
        )
        assert (row["obs_status"], row["adjustment"], row["lower"], row["upper"]) == ("E", "S", None, None)
        assert len(row["inputs"]) == 1 and row["coverage"] == 1
    growth = {r["period"]: r for r in results.rows("a", "seasonal_growth", item="EBOPS2010:SI", freq="M")}
    levels = {r["period"]: float(r["value"]) for r in found}
    assert len(growth) == 59
    assert float(growth["2020-02"]["value"]) == pytest.approx(100 * (levels["2020-02"] / levels["2020-01"] - 1))


@pytest.mark.slow
def test_each_series_is_adjusted_by_itself_and_alike_on_every_run() -> None:
    worlds = {f"w{n}": rows_of(monthly(n)) for n in range(4)}

    def run(worlds: dict[str, list[Row]], threads: int) -> dict[tuple[str, str], object]:
        con = duckdb.connect()
        con.execute(f"SET threads = {threads}")
        create_codelists(con)
        fill(con, worlds)
        compute_indicators(con)
        found = con.execute(
            """SELECT dataset, period, value FROM indicators
               WHERE indicator IN ('seasonally_adjusted', 'seasonal_growth') AND freq = 'M' ORDER BY ALL"""
        ).fetchall()
        return {(f"{dataset} {n}", period): value for n, (dataset, period, value) in enumerate(found)}

    first = run(worlds, 1)
    assert len(first) == 4 * (60 + 59)
    assert first == run(dict(reversed(worlds.items())), 4)
    alone = run({"w0": worlds["w0"]}, 2)
    assert list(alone.values()) == list(first.values())[:119]


def test_statsmodels_is_imported_only_for_a_series_to_adjust() -> None:
    script = """
import sys
from indicator_worlds import compute, levels_of, series
compute({"a": levels_of("1.0", "2.0"), "b": series({"2020-01": "1.0", "2020-02": "2.0"})})
assert not any(name.partition(".")[0] in ("statsmodels", "scipy") for name in sys.modules), "imported"
"""
    here = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=here, env={"PYTHONPATH": f"{here}:{here.parents[1]}"}, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()


STAND_IN = """#!{python}
import re, sys
if len(sys.argv) < 3:
    sys.exit(0)
spec, out = open(sys.argv[1] + ".spc").read(), sys.argv[2]
if {fails}:
    open(out + ".err", "w").write("spc: ERROR: no model")
    sys.exit(0)
assert "automdl" in spec and "start=2016.1" in spec.replace(" ", ""), spec
values = [float(v) for v in re.search(r"data=\\(([^)]*)", spec.replace(" ", "")).group(1).split()]
open(out + ".err", "w").write("")
open(out + ".out", "w").write("X-13ARIMA-SEATS Seasonal Adjustment Program, Version Number 1.1 Build 60")
for ending in ("d11", "d12", "d13"):
    rows = [f"{{201601 + n}}\\t{{v / 2:+.15E}}" for n, v in enumerate(values)]
    open(f"{{out}}.{{ending}}", "w").write("\\n".join(["date\\tx", "------\\t----", *rows]) + "\\n")
"""


def put_stand_in(folder: Path, fails: bool = False) -> str:
    """A program in the place of x13as: it reads the specification and halves the series, or fails."""
    program = folder / "x13as"
    program.write_text(STAND_IN.format(python=sys.executable, fails=fails), encoding="utf-8")
    program.chmod(0o755)
    return str(program)


def test_x13_where_its_program_is_at_hand(tmp_path: Path) -> None:
    values = monthly(4)
    result = adjust_series(frame(values), put_stand_in(tmp_path))
    assert result.method == "x13as_x11_1.1_60"
    assert list(result.values) == pytest.approx([v / 2 for v in values])


def real_x13() -> str:
    program = find_x13as()
    if program is None:
        pytest.skip("there is no x13as for this machine")
    return program


@pytest.mark.parametrize("seed", range(3))
def test_the_real_x13_takes_the_season_out_and_says_its_version(seed: int) -> None:
    result = adjust_series(frame(monthly(seed)), real_x13())
    assert (result.refusal, len(result.values)) == ("", 60)
    assert re.fullmatch(r"x13as_x11_1\.1_\d+", result.method)
    level = sum(SEASON) / 12  # X-11's factors of a year have the mean 1
    for n, value in enumerate(result.values):
        assert value == pytest.approx(100 * 1.005**n * level, rel=0.05)


def test_the_real_x13_takes_quarters_and_levels_below_zero() -> None:
    values = [3.0 * n + (40, -25, 10, -25)[n % 4] + (n * 7 % 5 - 2) * 0.1 - 90 for n in range(40)]
    result = adjust_series(frame(values, "2010Q1", "Q"), real_x13())
    assert result.method.startswith("x13as_x11_")
    for n, value in enumerate(result.values):
        assert value == pytest.approx(3.0 * n - 90, abs=2)


def test_the_real_x13_says_why_a_series_is_too_short_for_its_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three years are enough for the card, and for STL; the ARIMA model that X-13 chooses can need more."""
    program, values = real_x13(), monthly(1)[:36]
    monkeypatch.setattr(adjusted, "find_x13as", lambda: program)
    short = series({m: f"={v:.4f}" for m, v in zip(MONTHS, values, strict=False)})
    one = compute({"a": short}).one("a", "seasonally_adjusted", item="EBOPS2010:SI", freq="M")
    assert (one["value"], one["obs_status"]) == (None, "O")
    assert one["note"].startswith(f"{NO_RESULT}: Number of observations after differencing")
    assert "less than the minimum series length" in one["note"] and "; " not in one["note"]


def test_x13_is_found_beside_the_interpreter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script of an environment that is not activated finds what one of an activated environment finds."""
    program = put_stand_in(tmp_path)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert find_x13as() == program


def test_x13_that_fails_is_a_refusal_with_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = put_stand_in(tmp_path, fails=True)
    said = f"{NO_RESULT}: no model"
    assert adjust_series(frame(monthly(4)), program).refusal == said
    monkeypatch.setattr(adjusted, "find_x13as", lambda: program)
    one = compute({"a": rows_of(monthly(4))}).one("a", "seasonally_adjusted", item="EBOPS2010:SI", freq="M")
    assert (one["value"], one["obs_status"], one["note"], one["period"]) == (None, "O", said, "2020-12")


def test_series_that_are_refused_never_reach_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("the model was called")

    monkeypatch.setattr("transforms.seasonal.adjust_series", fail)
    values = dict(zip(MONTHS, (f"{v:.1f}" for v in monthly(5)), strict=True))
    broken = [cell(v, period=m, obs_status="B" if m == "2018-03" else "A") for m, v in values.items()]
    gap = [cell(v, period=m) for m, v in values.items() if m != "2018-03"]
    compute(
        {"broken": broken, "gap": gap, "short": gap[:25], "annual": series({str(y): "1.0" for y in range(1950, 2000)})}
    )
    with pytest.raises(AssertionError, match="the model was called"):
        compute({"whole": series(values)})
    assert connection().execute("SELECT count(*) FROM adjustable WHERE refusal = '' AND freq = 'M'").fetchone() == (1,)
