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
        less = [of_leaves(item, left.flow) for item in left.less.split(" + ") if item]
        cost = of_leaves(left.item, left.flow) - sum(less)
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


MARKS = {"c": "Q", "k": "K", "o": "O"}


def place(flow: str = "X", **figures: str) -> list[Row]:
    """Whole figures by item (D_dds6: an aggregate); c is suppressed, k included elsewhere, o missing."""
    return [
        cell("" if text in MARKS else text, item=item.replace("D_", "DEF:"), flow=flow,
             **({"obs_status": MARKS[text]} if text in MARKS else {}))
        for item, text in figures.items()
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "wanted", "expected"),
    [
        # an aggregate printed as suppressed has what its items and all services leave
        (place(S="100", SF="60", SG="c", D_dds6="c"), ("level", "DEF:dds6", "dds6"), ("59.5", "100.5")),
        (place(S="100", SF="60", SG="c", D_dds6="c"), ("dds_share", "DEF:dds6", "dds6"), ("59.2039800995", "100")),
        (place(S="100", D_dds6="60", D_unctad="c"), ("level", "DEF:unctad", "unctad"), ("0", "60.5")),
        # SK24 is no part of it
        (place(S="100", SF="20", SK="10", SK24="2", D_handbook2023="c"), ("level", "DEF:handbook2023", "handbook2023"),
         ("26.5", "99")),
        # all items are printed
        (place(SF="20", SG="20", SH="20", SI="20", SJ="20", SK="20", D_dds6="c"), ("level", "DEF:dds6", "dds6"),
         ("117", "123")),
        # all that is no travel can be the one item: 50 of 50
        (place(S="100", SD="c", SF="c", D_dds6="50"), ("category_share_without_travel", "EBOPS2010:SF", ""),
         ("0", "100")),
        # 20.5 of 99.5 - 10.5
        (place(S="100", SD="10", SI="20", SI2="c"), ("category_share_without_travel", "EBOPS2010:SI2", ""),
         ("0", "23.0337078652")),
        # what is included elsewhere, nobody says where, is missing
        (place(S="150", SF="k", SG="20", SH="10", SI="5", SJ="30", SK="10"), ("level", "DEF:unctad", "unctad"),
         ("63", "150.5")),
        # SK2 is printed: SK1 is the rest of SK, whatever else is missing
        (place(S="100", SF="20", SK="10", SK2="2"), ("level", "DEF:unctad", "unctad"), ("26.5", "99")),
        # exports, and what all services leave to imports
        ([*place(SF="20"), *place(flow="M", S="30", SF="c", SG="7")], ("total_trade", "EBOPS2010:SF", ""),
         ("19.5", "44.5")),
    ],
)  # fmt: skip
def test_ranges_by_hand(rows: list[Row], wanted: tuple[str, str, str], expected: tuple[str, str]) -> None:
    indicator, item, definition = wanted
    row = compute({"w": rows}, only=[indicator]).one("w", indicator, item=item, definition=definition)
    assert (row["lower"], row["upper"]) == tuple(map(Decimal, expected))


def draw_world(rng: random.Random) -> tuple[list[Row], dict[tuple[str, str], float]]:
    """An edition that prints, leaves out and hides figures of a world, and the true amounts by flow and item."""
    codes = ("SA", "SD", "SF", "SG1", "SG2", "SH", "SI1", "SI2", "SI3", "SJ1", "SJ2", "SJ3", "SK1", "SK21", "SK22")
    true: dict[tuple[str, str], float] = {}
    for flow in "XM":
        leaves = {code: rng.choice((0, 1, 10)) * rng.random() for code in codes}
        for item in {code[:n] for code in codes for n in range(1, len(code) + 1)}:
            true[flow, f"EBOPS2010:{item}"] = sum(v for code, v in leaves.items() if code.startswith(item))
        true[flow, S] += rng.choice((0, 1)) * rng.random()  # what is not listed
        for name, listed in {"dds6": ("SF", "SG", "SH", "SI", "SJ", "SK"), "ict_services": ("SI1", "SI2"),
                             "unctad": ("SF", "SG", "SH", "SI", "SJ", "SK1")}.items():  # fmt: skip
            true[flow, f"DEF:{name}"] = sum(v for code, v in leaves.items() if code.startswith(listed))
    true |= {("T", item): amount + true["M", item] for (flow, item), amount in true.items() if flow == "X"}
    rows = []
    for (flow, item), amount in sorted(true.items()):
        fate = rng.random() * (1 if item.count("S") == 1 and len(item) < 13 else 2) + (0.5 if flow == "T" else 0)
        if fate < 0.55:
            rows.append(cell(f"{amount:.{rng.randrange(3)}f}", item=item, flow=flow))
        elif fate < 0.9:
            rows.append(cell("", item=item, flow=flow, obs_status=rng.choice("QQOK")))
    return rows, true


def value_of(row: Row, true: dict[tuple[str, str], float]) -> float | None:
    """The true value of an indicator; None where it divides by nothing."""
    x, m, own = true["X", row["item"]], true["M", row["item"]], true.get((row["flow"], row["item"]), 0.0)
    if row["indicator"] in ("level", "total_trade"):
        return own
    if row["indicator"] == "trade_balance":
        return x - m
    if row["indicator"] == "export_orientation":
        return x / (x + m) if x + m else None
    whole = true[row["flow"], S]
    if row["reference"] == "SERVICES_WITHOUT_TRAVEL":
        whole -= true[row["flow"], "EBOPS2010:SD"]
    elif row["reference"] != "SERVICES":
        whole = true[row["flow"], f"DEF:{row['definition']}"]
    return 100 * own / whole if whole else None


def test_no_range_leaves_out_the_truth() -> None:
    """Whatever is printed, left out or hidden: the truth lies in every range."""
    rng = random.Random(4)
    worlds = {f"w{n}": draw_world(rng) for n in range(40)}
    asked = ("level", "total_trade", "trade_balance", "export_orientation", "dds_share", "category_share",
             "dds_share_without_travel", "category_share_without_travel")  # fmt: skip
    results = compute({name: rows for name, (rows, _) in worlds.items()}, only=asked)
    n = 0
    for name, (_, true) in worlds.items():
        for row in results.rows(name):
            if row["definition"] in ("handbook2023", "ict_services_sh3") or row["item"] not in {i for _, i in true}:
                continue
            value = value_of(row, true)
            if value is None or (row["lower"], row["upper"]) == (None, None):
                continue
            assert not row["contested"], row
            assert row["lower"] is None or float(row["lower"]) <= value + 1e-6, (value, row)
            assert row["upper"] is None or float(row["upper"]) >= value - 1e-6, (value, row)
            n += row["value"] is None
    assert n > 1000
