"""Exact range of the mean of annual growth rates over the box of the levels' intervals.

The mean of the rates is the sum of y_t / y_(t-1) over n, less one. That sum is convex in each y, so it is largest with
every y at an end of its interval: dynamic programming over the two ends. In logarithms it is a convex function of the
steps, so it is smallest along the taut string through the tube of intervals, from the highest first level to the
lowest last one (the same path is shortest for every convex function of the steps).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import duckdb


def largest_sum_of_ratios(lows: Sequence[float], highs: Sequence[float]) -> float:
    """max of sum y_t / y_(t-1) with lows <= y <= highs, all positive."""
    at_low = at_high = 0.0
    for previous, current in zip(range(len(lows)), range(1, len(lows)), strict=False):
        at_low, at_high = (
            max(at_low + y / lows[previous], at_high + y / highs[previous]) for y in (lows[current], highs[current])
        )
    return max(at_low, at_high)


def smallest_sum_of_ratios(lows: Sequence[float], highs: Sequence[float]) -> float:
    """min of sum y_t / y_(t-1) with lows <= y <= highs, all positive."""
    floor = [math.log(y) for y in lows]
    ceiling = [math.log(y) for y in highs]
    last = len(lows) - 1
    ceiling[last] = floor[last]
    at, height, total = 0, ceiling[0], 0.0
    while at < last:
        steepest_floor, flattest_ceiling = -math.inf, math.inf
        on_floor = on_ceiling = last
        turn = (last, floor[last])
        for ahead in range(at + 1, last + 1):
            rise_floor = (floor[ahead] - height) / (ahead - at)
            rise_ceiling = (ceiling[ahead] - height) / (ahead - at)
            if rise_ceiling < steepest_floor:
                turn = (on_floor, floor[on_floor])
                break
            if rise_floor > flattest_ceiling:
                turn = (on_ceiling, ceiling[on_ceiling])
                break
            if rise_floor >= steepest_floor:
                steepest_floor, on_floor = rise_floor, ahead
            if rise_ceiling <= flattest_ceiling:
                flattest_ceiling, on_ceiling = rise_ceiling, ahead
        steps = turn[0] - at
        total += steps * math.exp((turn[1] - height) / steps)
        at, height = turn
    return total


def register(con: duckdb.DuckDBPyConnection) -> None:
    """Give a connection the two functions, over lists of levels in the order of time."""
    functions = (largest_sum_of_ratios, smallest_sum_of_ratios)
    known = list_known(con, [function.__name__ for function in functions])
    for function in functions:
        if function.__name__ not in known:
            con.create_function(function.__name__, function, ["DOUBLE[]", "DOUBLE[]"], "DOUBLE")


def list_known(con: duckdb.DuckDBPyConnection, names: Sequence[str]) -> set[str]:
    """Which of these functions the connection has already. One question for all: the answer is slow."""
    found = con.execute("SELECT function_name FROM duckdb_functions() WHERE list_contains(?, function_name)", [names])
    return {name for (name,) in found.fetchall()}
