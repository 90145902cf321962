"""What printed figures leave to what is missing: by hand, and against a programme over the leaves."""

from __future__ import annotations

import random
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from indicator_worlds import Row, cell, compute, flows
from scipy.optimize import linprog

from transforms.indicators.remainders import Left, Node, Rules, find_remainders

S = "EBOPS2010:S"
ITEMS = ("SA", "SD", "SF", "SG", "SH", "SI", "SJ", "SK", "SK1", "SK2")
RULES = Rules(
    {f"EBOPS2010:{code}": f"EBOPS2010:{code[:-1]}" for code in (*ITEMS, "SN")},
    {
        "six": tuple(f"EBOPS2010:{code}" for code in ("SF", "SG", "SH", "SI", "SJ", "SK")),
        "av": tuple(f"EBOPS2010:{code}" for code in ("SF", "SG", "SH", "SI", "SJ", "SK1")),
    },
)


def node(item: str, low: str | None = None, high: str | None = None, flow: str = "X", **more: bool) -> Node:
    """'DEF:...' or a code without its scheme; no ends: missing."""
    code = item if item.startswith("DEF:") else f"EBOPS2010:{item}"
    ends = [None if end is None else Decimal(end) for end in (low, high)]
    return Node(flow, code, *ends, is_missing=more.pop("is_missing", low is None), **more)


def points(**figures: str) -> list[Node]:
    return [node(item, figure, figure) for item, figure in figures.items()]


def of(nodes: list[Node], item: str, flow: str = "X", less: str = "") -> tuple[Fraction | None, Fraction | None]:
    code = item if item.startswith("DEF:") else f"EBOPS2010:{item}"
    found = [left for left in find_remainders(nodes, RULES) if (left.flow, left.item, left.less) == (flow, code, less)]
    assert len(found) == 1, found
    return found[0].least, found[0].most


def test_a_suppressed_item_has_what_the_others_leave() -> None:
    nodes = [*points(S="100", SD="20", SF="10", SH="10", SI="10", SJ="10", SK="15"), node("SG")]
    assert of(nodes, "SG") == (0, 25)
    assert of(nodes, "DEF:six") == (55, 80)


def test_a_definition_is_bounded_by_way_of_a_larger_one_less_what_only_that_has() -> None:
    nodes = [*points(S="100", SD="20", SF="10", SH="10", SI="10", SJ="10", SK="15", SK1="5"), node("SG")]
    assert of(nodes, "DEF:av") == (45, 70)  # six less SK (15) and with SK1 (5) again
    assert of(nodes, "S", less="DEF:av") == (30, 55)  # travel, SK2, and whatever SG leaves


def test_a_part_bounds_a_whole_that_is_not_printed() -> None:
    nodes = points(SF="10", SG="1", SH="1", SI="1", SJ="1", SK2="7")
    assert of(nodes, "DEF:six") == (21, None)
    assert of([*nodes, *points(S="40")], "DEF:six") == (21, 40)
    assert of([*nodes, *points(S="40")], "DEF:av") == (14, 33)


def test_of_a_complete_sum_the_last_part_is_the_difference() -> None:
    assert of([*points(SK="15", SK2="9"), node("SK1")], "SK1") == (6, 6)
    # all services may hold what nobody lists: no lower end
    assert of([*points(S="30", SF="9", SG="1", SH="1", SI="1", SJ="1", SD="1", SA="1"), node("SK")], "SK") == (0, 15)


def test_exports_and_imports_share_what_is_printed_of_both() -> None:
    nodes = [
        node("S", "50", "50"), node("SG", "4", "4"), node("S", "60", "60", flow="M"), node("SF", flow="X"),
        node("SF", flow="M"), node("SF", "30", "30", flow="T"), node("SG", "50", "50", flow="M"),
    ]  # fmt: skip
    assert of(nodes, "SF", "M") == (0, 10)
    assert of(nodes, "SF", "X") == (20, 30)


def test_what_cannot_exist_is_nothing_and_what_another_holds_is_no_equality() -> None:
    nodes = [*points(SK="15", SK2="9"), node("SK1", is_nothing=True)]
    assert all(left.item != "EBOPS2010:SK1" for left in find_remainders(nodes, RULES))
    held = [*points(SK="15"), node("SK2", "9", "9", holds_others=True), node("SK1")]
    assert of(held, "SK1") == (0, 6)


def test_a_figure_below_zero_leaves_more_to_the_others() -> None:
    nodes = [*points(S="100", SA="-5", SD="60"), node("SG")]
    assert of(nodes, "SG") == (0, 45)


def test_what_is_printed_as_zero_leaves_no_more_than_zero_does() -> None:
    nodes = [*points(S="100"), node("SD", "-0.5", "0.5"), node("SG")]
    assert of(nodes, "SG") == (0, 100)


def test_a_bound_that_is_printed_counts() -> None:
    nodes = [*points(S="100", SD="60"), node("SG", "12", None, is_missing=True), node("SF", None, "7", is_missing=True)]
    assert of(nodes, "SG") == (12, 40)
    assert of(nodes, "SF") == (0, 7)


def test_figures_that_cannot_all_be_true_leave_nothing() -> None:
    assert find_remainders([*points(S="10", SD="20"), node("SG")], RULES) == []


def test_only_the_figures_that_leave_a_range_are_named() -> None:
    nodes = [*points(S="100", SD="20", SK="15", SK1="5", SK2="10"), node("SG"), node("SD", "5", "5", flow="M")]
    (left,) = [left for left in find_remainders(nodes, RULES) if left.item == "EBOPS2010:SG" and left.flow == "X"]
    assert left == Left("X", "EBOPS2010:SG", "", Fraction(0), Fraction(65), left.used)
    assert {"X EBOPS2010:S", "X EBOPS2010:SD"} < set(left.used)
    assert not any(used.startswith("M EBOPS2010:SD") for used in left.used)


LEAVES = ("SA", "SD", "SF", "SG", "SH", "SI", "SJ", "SK1", "SK2")


def of_leaves(item: str, flow: str) -> np.ndarray:
    """An item or aggregate in exports and imports of the leaves; the last two are what services hold besides."""
    codes = RULES.definitions[item[4:]] if item.startswith("DEF:") else (item,)
    row = [float(any(f"EBOPS2010:{leaf}".startswith(code) for code in codes)) for leaf in LEAVES]
    row += [float(item == S)]
    both = {"X": (1.0, 0.0), "M": (0.0, 1.0), "T": (1.0, 1.0)}[flow]
    return np.concatenate([np.array(row) * times for times in both])


def draw(rng: random.Random) -> tuple[list[Node], np.ndarray]:
    """Figures of a world with some left out or suppressed, and the truth."""
    truth = np.array([rng.choice((0, 1, 10)) * rng.random() for _ in range(2 * len(LEAVES) + 2)])
    nodes = []
    for code in ("S", *ITEMS, "DEF:six", "DEF:av"):
        for flow in "XMT":
            item = code if code.startswith("DEF:") else f"EBOPS2010:{code}"
            fate = rng.random()
            amount = Decimal(f"{float(of_leaves(item, flow) @ truth):.6f}")
            half = min(amount, Decimal(rng.choice(("0.000001", "0.05", "0.5"))))
            if fate < 0.35:
                nodes.append(node(code, str(amount - half), str(amount + half), flow, is_missing=False))
            elif fate < 0.6:
                nodes.append(node(code, flow=flow))
    return nodes, truth


@pytest.mark.parametrize("seed", range(60))
def test_ranges_are_those_of_a_programme_over_the_leaves(seed: int) -> None:
    nodes, truth = draw(random.Random(seed))
    spaces, ends = [], []
    for one in nodes:
        for end, sign in ((one.low, -1), (one.high, 1)):
            if end is not None:
                spaces.append(sign * of_leaves(one.item, one.flow))
                ends.append(sign * float(end))
    n = 0
    for left in find_remainders(nodes, RULES):
        cost = of_leaves(left.item, left.flow) - (of_leaves(left.less, left.flow) if left.less else 0)
        true = float(cost @ truth)
        for end, sign in ((left.least, 1), (left.most, -1)):
            found = linprog(sign * cost, A_ub=np.array(spaces), b_ub=ends)
            assert found.status in (0, 3)
            if end is None:
                assert found.status == 3, left
                continue
            assert sign * float(end) <= sign * true + 1e-5
            assert float(end) == pytest.approx(sign * found.fun, abs=1e-5), left
            n += 1
    assert n > 0 or not any(one.is_missing for one in nodes)


def suppressed(item: str, **more: str) -> Row:
    return cell("", item=item, obs_status="Q", **more)


def test_every_indicator_of_a_suppressed_item_has_the_range_that_the_others_leave() -> None:
    printed = {"S": "100.0", "SD": "20.0", "SF": "10.0", "SH": "10.0", "SI": "10.0", "SJ": "10.0", "SK": "15.0"}
    year = [cell(text, item=item) for item, text in printed.items()]
    before = [cell("20.0", item="SG", period="2019")]
    results = compute({"w": [*year, suppressed("SG"), *before]}, only=["level", "growth", "category_share"])
    level = results.one("w", "level", item="EBOPS2010:SG", period="2020")
    assert (level["value"], level["lower"], level["upper"]) == (None, 0, Decimal("25.35"))  # 100.05 - 6 x 0.05 less
    assert level["obs_status"] == "Q"
    assert level["note"] == "the range is what other figures leave; the range assumes that no missing item is negative"
    assert any("=100.0" in used for used in level["inputs"])
    growth = results.one("w", "growth", item="EBOPS2010:SG", period="2020")
    assert (growth["value"], growth["lower"]) == (None, -100)
    assert float(growth["upper"]) == pytest.approx((25.35 / 19.95 - 1) * 100)
    share = results.one("w", "category_share", item="EBOPS2010:SG", period="2020", reference="SERVICES")
    assert (share["value"], share["lower"]) == (None, 0)
    # least of the others over most of services
    assert float(share["upper"]) == pytest.approx((100.05 - 74.7) / 100.05 * 100, abs=1e-6)


def test_a_missing_item_of_exports_is_bounded_by_both_flows_together() -> None:
    rows = [
        *flows("50.0", "60.0", "110.0", item="S"),
        *flows("", "", "30.0", item="SF"),
        cell("50.0", item="SG", flow="M"),
    ]
    results = compute({"w": rows}, only=["level"])
    level = results.one("w", "level", item="EBOPS2010:SF", flow="X")
    assert (level["lower"], level["upper"]) == (Decimal("19.85"), Decimal("30.05"))
