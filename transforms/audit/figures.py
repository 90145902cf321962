"""Printed figures as statements about unknown true values: each with the interval that it stands for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

_EXACT_TO = Fraction(1, 10**10)  # observations hold ten decimals
_KEY = ("geo", "partner", "flow", "item", "activity", "mode", "period", "base_period", "measure", "basis", "price",
        "unit", "adjustment", "reference", "table_id")  # fmt: skip


@dataclass(frozen=True)
class Figure:
    """One printed figure, in its own unit times a power of ten.

    declared: the interval that the figure stands for (lower, upper; None = open), a qualifier as the code list declares
    it. rounded: the interval of the digits alone, as if no qualifier stood with them. For a figure without a qualifier
    the two are one.
    """

    dataset: str
    vintage: str
    locator: str
    printed: str
    value: Fraction
    declared: tuple[Fraction | None, Fraction | None]
    rounded: tuple[Fraction, Fraction]
    qualifier: str
    decimals: int | None
    unit_mult: int
    n: int | None
    method: str
    note: str
    geo: str
    partner: str
    flow: str
    item: str
    activity: str
    mode: str
    period: str
    base_period: str
    measure: str
    basis: str
    price: str
    unit: str
    adjustment: str
    reference: str
    table_id: str

    @property
    def is_exact(self) -> bool:
        """Whether no qualifier (about, over, nearly ...) stands with it."""
        return not self.qualifier

    @property
    def place(self) -> str:
        """Where it is printed: dataset, edition and cell; the cell alone for a file that is no edition."""
        return f"{self.dataset}/{self.vintage}/{self.locator}" if self.vintage else self.locator

    @property
    def scale(self) -> Fraction:
        """What its number is multiplied by: per cent are hundredths, a hundred million is 10^8."""
        return Fraction(10) ** (self.unit_mult - (2 if self.unit in ("PERCENT", "PP") else 0))

    def interval(self, as_printed: bool = False) -> tuple[Fraction | None, Fraction | None]:
        """The interval in units of one; as_printed: of the digits alone."""
        low, high = self.rounded if as_printed else self.declared
        return (None if low is None else low * self.scale), (None if high is None else high * self.scale)


def read_figures(rows: Iterable[Mapping[str, Any]]) -> list[Figure]:
    """Figures from rows with the columns of observations; rows without a value say nothing and are left out."""
    return [_make(row) for row in rows if row["value"] is not None]


def _make(row: Mapping[str, Any]) -> Figure:
    value, decimals = Fraction(row["value"]), row["decimals"]
    half = Fraction(1, 2) / 10**decimals if decimals is not None else _half_of_words(row["printed"], value)
    if half is None:
        lower, upper = row["lower"], row["upper"]
        known = lower is not None and upper is not None and not row["qualifier"]
        half = (Fraction(upper) - Fraction(lower)) / 2 if known else _EXACT_TO
    rounded = (value - half, value + half)
    declared: tuple[Fraction | None, Fraction | None] = rounded
    if row["qualifier"]:
        declared = (_number(row["lower"]), _number(row["upper"]))
    elif row["lower"] is not None and row["upper"] is not None:
        declared = (Fraction(row["lower"]), Fraction(row["upper"]))
    return Figure(
        dataset=row["dataset"], vintage=row["vintage"], locator=row["locator"], printed=row["printed"], value=value,
        declared=declared, rounded=rounded, qualifier=row["qualifier"], decimals=decimals, unit_mult=row["unit_mult"],
        n=row["n"], method=row["method"], note=row["note"], **{name: row[name] for name in _KEY},
    )  # fmt: skip


def _half_of_words(printed: str, value: Fraction) -> Fraction | None:
    """Half a unit of the last number that a word says (四成: 40 per cent, give or take 5); None for digits."""
    if not value or value.denominator != 1 or any(sign.isdecimal() for sign in printed):
        return None
    digits = str(abs(value.numerator))
    return Fraction(10 ** (len(digits) - len(digits.rstrip("0"))), 2)


def _number(value: Decimal | None) -> Fraction | None:
    return None if value is None else Fraction(value)
