"""Case a by pandas, as a competent person would write it: the same checks and the same result as read_bulk.

Categories for the code columns, exact decimals through Arrow, one packed key for uniqueness and sorting. It reads the
whole file at once: sorting and the key need all rows anyway.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from transforms.codelists import load_codelist, scheme_codes
from transforms.contract import load_contract

CODES = ["economy", "partner", "flow", "item", "year", "status"]
NAMES = {
    "economy": "geo",
    "partner": "partner",
    "flow": "flow",
    "item": "item",
    "year": "period",
    "status": "obs_status",
}
CONSTANTS = {
    "dataset": "benchmark", "vintage": "1", "table_id": "a", "activity": "_T", "mode": "_T", "base_period": "",
    "freq": "A", "measure": "value", "basis": "published", "price": "current", "unit": "USD", "adjustment": "N",
    "reference": "", "unit_mult": "6", "qualifier": "", "method": "", "conf_status": "F", "note": "",
}  # fmt: skip
ORDER = ["item", "economy", "partner", "flow", "year"]


def ingest(source: Path, folder: Path, *, is_compact: bool = False) -> None:
    """Writes the observations as Parquet: the contract's columns, or (is_compact) only what read_bulk stores."""
    frame = pd.read_csv(
        source, dtype=dict.fromkeys(CODES, "category") | {"value": "str"}, keep_default_na=False, na_filter=False
    )
    check_codes(frame)
    text = pa.array(frame.pop("value"), type=pa.large_string())
    number, decimals, is_blank = read_figures(text)
    check_statuses(frame["status"], is_blank)
    packed = pack_key(frame)
    order = np.argsort(packed, kind="stable")
    packed = packed[order]
    if (repeated := np.flatnonzero(packed[1:] == packed[:-1])).size:
        raise ValueError(f"row {order[repeated[0] + 1] + 2}: the key stands twice")
    del packed
    take = pa.array(order)
    number, decimals = number.take(take), decimals.take(take)
    columns = {NAMES[name]: as_dictionary(frame.pop(name), order) for name in CODES}
    columns |= {"value": number, "decimals": decimals}
    if is_compact:
        columns["locator_row"] = pa.array(order.astype(np.int32) + 2)
    else:
        columns["printed"] = text.take(take)
        columns["lower"], columns["upper"] = find_interval(number, decimals)
        rows = pc.cast(pa.array(order + 2), pa.string())
        columns["locator"] = pc.binary_join_element_wise(f"{source.name}!R", rows, "C6", "")
        columns |= {name: repeat(value, len(order)) for name, value in CONSTANTS.items()}
        columns = {name: columns[name] for name in load_contract("observations").names if name in columns}
    pq.write_table(pa.table(columns), folder / "pandas.parquet", compression="zstd")


def repeat(value: str, count: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, dtype=np.int8)), pa.array([value]))


def check_codes(frame: pd.DataFrame) -> None:
    known = {
        "economy": load_codelist("geographies").codes, "partner": load_codelist("geographies").codes,
        "flow": load_codelist("flows").codes, "item": set(scheme_codes("items", "EBOPS2010")),
        "status": load_codelist("obs_status").codes,
    }  # fmt: skip
    for name, codes in known.items():
        for unknown in set(frame[name].cat.categories) - set(codes):
            row = int(np.argmax(frame[name].to_numpy() == unknown)) + 2
            raise ValueError(f"row {row}: {name} {unknown!r} is in no code list")
    for year in frame["year"].cat.categories:
        if not (str(year).isdigit() and len(str(year)) == 4):
            raise ValueError(f"{year!r} is no year")


def read_figures(text: pa.Array) -> tuple[pa.Array, pa.Array, pa.Array]:
    """The exact values, their printed decimals, and where the cell is blank."""
    is_blank = pc.equal(text, "")
    good = pc.match_substring_regex(text, r"^-?(0|[1-9][0-9]*)(\.[0-9]{1,9})?$")
    if (bad := np.flatnonzero(~pc.or_(is_blank, good).to_numpy(zero_copy_only=False))).size:
        raise ValueError(f"row {bad[0] + 2}: {text[int(bad[0])]} is no figure")
    text = pc.if_else(is_blank, pa.scalar(None, pa.large_string()), text)
    dot = pc.find_substring(text, ".")
    length = pc.binary_length(text)
    decimals = pc.if_else(pc.equal(dot, -1), 0, pc.subtract(pc.subtract(length, pc.cast(dot, pa.int64())), 1))
    return pc.cast(text, pa.decimal128(30, 10)), pc.cast(decimals, pa.int8()), is_blank


def check_statuses(status: pd.Series, is_blank: pa.Array) -> None:
    rules = {row["code"]: row["value_rule"] for row in load_codelist("obs_status").rows}
    rule = status.map(rules).to_numpy()
    blank = is_blank.to_numpy(zero_copy_only=False)
    wrong = (blank & (rule == "required")) | (~blank & (rule == "forbidden"))
    if wrong.any():
        raise ValueError(f"row {int(np.argmax(wrong)) + 2}: the status does not fit the figure")


def pack_key(frame: pd.DataFrame) -> np.ndarray:
    packed = np.zeros(len(frame), dtype=np.int64)
    for name in ORDER:
        sorted_ = frame[name].cat.reorder_categories(sorted(frame[name].cat.categories))
        packed = packed * len(sorted_.cat.categories) + sorted_.cat.codes.to_numpy()
    return packed


def find_interval(number: pa.Array, decimals: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Half a unit of the last printed decimal to both sides."""
    halves = pa.array([f"{0.5 / 10**places:.10f}" for places in range(10)]).cast(pa.decimal128(30, 10))
    half = halves.take(pc.cast(decimals, pa.int32()))
    return pc.subtract(number, half), pc.add(number, half)


def as_dictionary(column: pd.Series, order: np.ndarray) -> pa.DictionaryArray:
    codes = column.cat.codes.to_numpy()[order]
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(column.cat.categories.astype(str)))
