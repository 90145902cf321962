"""OECD-WTO BaTIS, edition of December 2025, exports of Argentina to the world in 2022, against figures worked out from
the same rows by hand: six of twelve categories are 8,516.48 million dollars in final and 6,689.83 in balanced values,
59.1 and 51.0 % of all services."""

from __future__ import annotations

from pathlib import Path

import pytest
from publications import Held, hold, pick, raise_level, read_long_file, spoil

FILE = "batis_argentina/batis_bpm6_dec2025_AR_WL_X_2005_2024.csv"
TWELVE = ", ".join(f"'EBOPS2010:S{letter}'" for letter in "ABCDEFGHIJKL")
SIX = ", ".join(f"'EBOPS2010:S{letter}'" for letter in "FGHIJK")
SHARES = """
SELECT c.dataset, c.basis, verdict(p.lo, p.hi, c.value, c.lower, c.upper) AS verdict
FROM indicators c JOIN (VALUES ('final', 59.05, 59.15), ('balanced', 50.95, 51.05)) p(basis, lo, hi) USING (basis)
WHERE c.indicator = 'dds_share' AND c.definition = 'dds6' AND c.period = '2022'
"""
SUMS = f"""
SELECT s.dataset, s.basis, verdict(p.lo, p.hi, s.value, s.lo, s.hi) AS verdict
FROM (SELECT dataset, basis, sum(value) AS value, sum(lo) AS lo, sum(hi) AS hi FROM cells
      WHERE period = '2022' AND item IN ({SIX}) GROUP BY ALL) s
JOIN (VALUES ('final', 8516.475, 8516.485), ('balanced', 6689.825, 6689.835)) p(basis, lo, hi) USING (basis)
"""


@pytest.fixture(scope="module")
def held(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Held:
    batis = read_long_file("batis_bpm6", shared_data / FILE, tmp_path_factory.mktemp("batis"))
    year = pick(batis, "period = '2022'")
    exchange = "CASE item WHEN 'EBOPS2010:SC' THEN 'EBOPS2010:SJ' ELSE 'EBOPS2010:SC' END"
    return hold(
        {
            "batis": batis,
            "level_changed": raise_level(year, "item = 'EBOPS2010:SI' AND basis = 'final'", "25"),
            # the file has exports alone, so two items change places: transport and other business services
            "items_swapped": spoil(year, "item IN ('EBOPS2010:SC', 'EBOPS2010:SJ')", 6, item=exchange),
            "bases_swapped": spoil(year, "basis IN ('final', 'balanced')", 26,
                                   basis="CASE basis WHEN 'final' THEN 'balanced' ELSE 'final' END"),
        }
    )  # fmt: skip


def test_six_of_twelve_categories_and_their_share_of_services(held: Held) -> None:
    for query in (SUMS, SHARES):
        assert held.count(f"SELECT basis, verdict FROM ({query}) WHERE dataset = 'batis'") == {
            ("final", "equal"): 1, ("balanced", "equal"): 1,
        }  # fmt: skip


def test_the_twelve_items_are_all_services_to_the_last_digit(held: Held) -> None:
    """Exact in decimals, by each of the three figures."""
    query = f"""
        SELECT s.basis, s.value = sum(p.value) AS is_exact, verdict(s.lo, s.hi, sum(p.value), sum(p.lo), sum(p.hi))
        FROM cells s JOIN cells p USING (dataset, basis, period)
        WHERE dataset = 'batis' AND period = '2022' AND s.item = 'EBOPS2010:S' AND p.item IN ({TWELVE})
        GROUP BY s.basis, s.value, s.lo, s.hi
    """
    assert sorted(held.ask(query)) == [(basis, True, "equal") for basis in ("balanced", "final", "reported")]


def test_unctad_s_definition_has_bounds_only(held: Held) -> None:
    """The extract has no SK1: of services, from the five without SK to the six, if no part of SK is negative."""
    query = """
        SELECT u.basis, u.value IS NULL, u.upper >= d.lower AND d.upper >= u.upper,
               u.lower <= d.upper - k.lower AND u.lower >= d.lower - k.upper
        FROM indicators u JOIN indicators d USING (dataset, indicator, period, basis)
        JOIN indicators k ON (k.dataset, k.indicator, k.item, k.reference, k.period, k.basis)
             = (u.dataset, 'category_share', 'EBOPS2010:SK', 'SERVICES', u.period, u.basis)
        WHERE dataset = 'batis' AND indicator = 'dds_share' AND u.definition = 'unctad' AND d.definition = 'dds6'
          AND period = '2022'
    """
    assert sorted(held.ask(query)) == [(basis, True, True, True) for basis in ("balanced", "final", "reported")]


@pytest.mark.parametrize(
    ("world", "broken"),
    [("level_changed", {"final"}), ("items_swapped", {"final", "balanced"}), ("bases_swapped", {"final", "balanced"})],
)
def test_a_spoilt_copy_does_not_give_the_figures(world: str, broken: set[str], held: Held) -> None:
    expected = {(basis, "contradictory" if basis in broken else "equal"): 1 for basis in ("final", "balanced")}
    for query in (SUMS, SHARES):
        assert held.count(f"SELECT basis, verdict FROM ({query}) WHERE dataset = '{world}'") == expected
