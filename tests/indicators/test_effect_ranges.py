"""The search for the ranges of shift-share and constant market share, for boxes of any shape."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

from transforms.indicators import effects
from transforms.indicators.effects import EFFECTS, Interval, search_effect

Ends = list[list[float]]
NAMES = sorted(EFFECTS)


def draw_box(rng: random.Random, n: int, half: float = 0.5) -> tuple[Ends, Ends]:
    """x0, x1, r0, r1 of n parts, printed in units of twice the half."""
    middles = [[rng.randrange(1, 9) for _ in range(n)] for _ in range(4)]
    return [[m - half for m in row] for row in middles], [[m + half for m in row] for row in middles]


def draw_points(rng: random.Random, lows: Ends, highs: Ends, count: int) -> list[np.ndarray]:
    low, high = np.array(lows), np.array(highs)
    return [
        low + (high - low) * np.array([[rng.choice((0.0, 1.0, rng.random())) for _ in row] for row in lows])
        for _ in range(count)
    ]


@pytest.mark.parametrize("name", NAMES)
def test_slopes_are_those_of_the_formula(name: str) -> None:
    formula, slopes, *_ = EFFECTS[name]
    rng = random.Random(1)
    for point in draw_points(rng, *draw_box(rng, 4), 20):
        found = [np.broadcast_to(slope, (4,)) for slope in slopes(*point)]
        for row, part in itertools.product(range(4), range(4)):
            step = np.zeros((4, 4))
            step[row, part] = 1e-6
            assert found[row][part] == pytest.approx(
                (formula(*(point + step)) - formula(*(point - step))) / 2e-6, abs=1e-5
            )


@pytest.mark.parametrize("name", NAMES)
def test_interval_arithmetic_holds_the_formula_and_its_slopes(name: str) -> None:
    formula, slopes, *_ = EFFECTS[name]
    rng = random.Random(2)
    for _ in range(20):
        lows, highs = draw_box(rng, 3)
        box = [Interval(np.array(low), np.array(high)) for low, high in zip(lows, highs, strict=True)]
        whole, over = formula(*box), slopes(*box)
        for point in draw_points(rng, lows, highs, 50):
            assert whole.low - 1e-9 <= formula(*point) <= whole.high + 1e-9
            for slope, range_ in zip(slopes(*point), over, strict=True):
                assert np.all(range_.low - 1e-9 <= slope) and np.all(slope <= range_.high + 1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_no_point_lies_outside_and_ends_without_a_peak_are_corners(name: str) -> None:
    formula, _, _, ends_up, ends_down = EFFECTS[name]
    rng = random.Random(3)
    for _ in range(12):
        lows, highs = draw_box(rng, 2)
        lower, upper, is_exact = search_effect(name, lows, highs)
        assert lower is not None and upper is not None and is_exact
        width = upper - lower
        for point in draw_points(rng, lows, highs, 300):
            assert lower - 1e-9 * width <= formula(*point) <= upper + 1e-9 * width
        corners = [
            float(formula(*np.array(corner).reshape(4, 2)))
            for corner in itertools.product(*zip(itertools.chain(*lows), itertools.chain(*highs), strict=True))
        ]
        if len(ends_up) == 4:
            assert upper == pytest.approx(max(corners), abs=2e-9 * width)
        if len(ends_down) == 4:
            assert lower == pytest.approx(min(corners), abs=2e-9 * width)


def test_mix_by_hand() -> None:
    """Two parts of a place, 4 each, the reference 10 and 10 before and 10 and 30, give or take 5, after.

    Mix: 4 (1 + r/10) - 8 (10 + r)/20 = 0 whatever r is, as the place has the mix of the reference.
    """
    found = search_effect("shift_share_mix", [[4, 4], [9, 9], [10, 10], [10, 25]], [[4, 4], [9, 9], [10, 10], [10, 35]])
    assert found == [pytest.approx(0, abs=1e-9), pytest.approx(0, abs=1e-9), 1]
    # 4 and 6: 4 + 6 r/10 - 10 (10 + r)/20 = r/10 - 1
    found = search_effect("shift_share_mix", [[4, 6], [9, 9], [10, 10], [10, 25]], [[4, 6], [9, 9], [10, 10], [10, 35]])
    assert found == [pytest.approx(1.5), pytest.approx(2.5), 1]


def test_open_ends() -> None:
    """What the place has later of one item is not known: one end of the effect is there, the other is not."""
    lows, highs = [[1, 1], [1, 0], [10, 10], [10, 20]], [[1, 1], [1, None], [10, 10], [10, 20]]
    # interaction: (x1/10 - 1/10) (1/3 - 1/2) + (y/20 - 1/10) (2/3 - 1/2), y from 0 on
    lower, upper, is_exact = search_effect("cms_interaction", lows, highs)
    assert (lower, upper, is_exact) == (pytest.approx(-1 / 60), None, 1)
    # allocation: (1 - 1)(1/2 - 1/2) + (y - 2)(1/2 - 1/2) is nothing whatever y is
    assert search_effect("shift_share_esteban_allocation", lows, highs)[0] == pytest.approx(0, abs=1e-6)
    # of the reference, or divided by, what may be nothing or anything is not searched, and that is said
    assert search_effect("cms_structure", lows, [*highs[:3], [10, None]]) == [None, None, 0]
    assert search_effect("shift_share_mix", [*lows[:2], [10, 0], [10, 20]], highs) == [None, None, 0]
    assert search_effect("shift_share_esteban_homothetic", [[1, 0], *lows[1:]], highs) == [None, None, 0]


@pytest.mark.parametrize("name", NAMES)
def test_no_point_lies_outside_wide_boxes_with_open_ends(name: str) -> None:
    """Amounts from a hundredth to a hundred, some of the place not known at all."""
    formula = EFFECTS[name][0]
    rng = random.Random(7)
    seen = 0
    for _ in range(30):
        middles = [[10 ** rng.uniform(-2, 2) for _ in range(4)] for _ in range(4)]
        width = rng.choice([0.001, 0.1, 0.4])
        lows = [[m * (1 - width) for m in row] for row in middles]
        highs: list[list[float | None]] = [[m * (1 + width) for m in row] for row in middles]
        lows[1][0], highs[1][0] = 0.0, None
        lower, upper, _ = search_effect(name, lows, highs)
        tops = [[end if end is not None else 10 ** rng.uniform(-2, 6) for end in row] for row in highs]
        for point in draw_points(rng, lows, tops, 200):
            value = float(formula(*point))
            slack = 1e-7 * max(1.0, abs(value))
            assert (lower is None or value >= lower - slack) and (upper is None or value <= upper + slack)
        seen += lower is not None or upper is not None
    assert seen


def test_what_is_nothing_is_left_out_and_nothing_is_divided_by_it() -> None:
    plain = search_effect("cms_structure", [[1, 2], [1, 2], [5, 5], [5, 6]], [[1, 2], [1, 2], [5, 6], [5, 7]])
    assert plain == search_effect(
        "cms_structure", [[1, 2, 0], [1, 2, 0], [5, 5, 0], [5, 6, 0]], [[1, 2, 0], [1, 2, 0], [5, 6, 0], [5, 7, 0]]
    )
    assert search_effect("cms_competitiveness", [[1], [1], [5], [0]], [[1], [1], [5], [0]]) == [None, None, 1]
    assert search_effect("shift_share_mix", [[0], [0], [0], [0]], [[0], [0], [0], [0]]) == [None, None, 1]


@pytest.mark.parametrize("name", NAMES)
def test_a_search_cut_short_widens_the_range_never_narrows_it_and_says_so(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(4)
    unfinished = 0
    for _ in range(20):
        box = draw_box(rng, 3)
        lower, upper, is_exact = search_effect(name, *box)
        monkeypatch.setattr(effects, "MOST_NODES", 1)
        least, most, is_still_exact = search_effect(name, *box)
        monkeypatch.undo()
        assert None not in (lower, upper, least, most)
        assert least <= lower + 1e-9 and most >= upper - 1e-9  # type: ignore[operator]
        unfinished += not is_still_exact
        if is_exact and is_still_exact:
            assert (least, most) == (pytest.approx(lower, abs=1e-7), pytest.approx(upper, abs=1e-7))
    assert unfinished
