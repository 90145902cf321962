"""Seasonal adjustment of one series of months or quarters: STL, or X-13ARIMA-SEATS where its program is at hand.

A model's result, so it has no range. Holidays that move (the Chinese New Year) are not modelled by either.
"""

from __future__ import annotations

import math
import re
import subprocess
import warnings
from dataclasses import dataclass
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

PERIODS = {"Q": 4, "M": 12}
LEVEL = 0.05  # of the test for seasonality
WINDOW = 7  # years that the season of a month is smoothed over, by STL
NOT_SEASONAL = "no seasonality found (Kruskal-Wallis test at 5 per cent)"
NO_RESULT = "X-13ARIMA-SEATS gives no adjustment of the series"


@dataclass(frozen=True)
class Adjustment:
    """The adjusted values in the order of the series and how they were made, or why there are none."""

    values: tuple[float, ...]
    method: str
    refusal: str = ""


def adjust_series(series: pd.Series, x13as: str | None = None) -> Adjustment:
    """Adjust a series without gaps, on an index of pandas periods (months or quarters).

    On logarithms where all values are above zero, else additive. Refused where the values less their trend do not
    differ between the months or quarters (Kruskal-Wallis). x13as: the program's path; without it STL, robust.
    """
    from statsmodels import __version__
    from statsmodels.tsa.seasonal import STL  # takes seconds to import: only where there is a series to adjust

    period = PERIODS[series.index.freqstr[0]]
    is_log = bool((series > 0).all())
    level = np.log(series.to_numpy(float)) if is_log else series.to_numpy(float)
    fitted = STL(level, period=period, seasonal=WINDOW, robust=True).fit()
    if not is_seasonal(level - fitted.trend, period, scale=1.0 if is_log else float(np.abs(level).max())):
        return Adjustment((), "", NOT_SEASONAL)
    if x13as:
        return adjust_by_x13(series, x13as)
    adjusted = np.exp(level - fitted.seasonal) if is_log else level - fitted.seasonal
    how = "log" if is_log else "additive"
    return Adjustment(tuple(_rounded(v) for v in adjusted), f"stl_robust_{how}_statsmodels_{__version__}")


def is_seasonal(detrended: np.ndarray, period: int, scale: float = 1.0) -> bool:
    """Whether values of the same month or quarter tend to be higher or lower than the others (Kruskal-Wallis, 5 %).

    Differences below 1e-9 of the scale are none: they are left by the arithmetic, not by the season.
    """
    from scipy.stats import kruskal

    values = np.round(detrended / (scale or 1.0), 9)
    if np.ptp(values) == 0:
        return False
    return bool(kruskal(*(values[month::period] for month in range(period))).pvalue < LEVEL)


def adjust_by_x13(series: pd.Series, x13as: str) -> Adjustment:
    """X-11 of X-13ARIMA-SEATS with an automatic ARIMA model, transformation and outliers; no trading days."""
    from statsmodels.tools.sm_exceptions import X13Error, X13NotFoundError, X13Warning
    from statsmodels.tsa.x13 import x13_arima_analysis

    dated = series.astype(float)
    dated.index = series.index.to_timestamp()
    try:
        # the warnings are about the choice of the model and its diagnostics; the values stand
        with TemporaryDirectory() as folder, warnings.catch_warnings(action="ignore", category=X13Warning):
            result = x13_arima_analysis(dated, x12path=x13as, prefer_x13=True, tempdir=folder)
    except X13Error as error:
        return Adjustment((), "", _say_refusal(str(error)))
    except (X13NotFoundError, OSError, subprocess.SubprocessError):
        return Adjustment((), "", NO_RESULT)
    values = [float(v) for v in result.seasadj]
    if not all(map(math.isfinite, values)):
        return Adjustment((), "", NO_RESULT)
    said = re.search(r"Version\s+(?:Number\s+)?([\d.]+)(?:\s+Build\s+(\d+))?", result.results)
    version = "_".join(part for part in said.groups() if part) if said else "unknown"
    return Adjustment(tuple(_rounded(v) for v in values), f"x13as_x11_{version}")


def _say_refusal(printed: str) -> str:
    """The first error that the program printed, on one line and without what parts notes, after our own words."""
    said = re.search(r"ERROR:\s*(.*?)(?:\n\s*\n|\n\s*(?:ERROR|WARNING|NOTE):|$)", printed, re.DOTALL)
    words = " ".join(said[1].split()).replace(";", ",").rstrip(".") if said else ""
    return f"{NO_RESULT}: {words}" if words else NO_RESULT


def _rounded(value: float) -> float:
    """Ten significant digits: a model gives no more, and further ones may differ between processors."""
    return float(f"{value:.10g}")
