"""The core set in three ways, each in a process of its own: python -m benchmarks.core_work NAME EDITION FOLDER."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import duckdb
import pandas as pd

from benchmarks.work import MEMORY_LIMIT, THREADS, read_peak


def core_set(edition: Path, folder: Path) -> None:
    """Ours: exact, with statuses, ranges, coverage and definitions, into sorted Parquet."""
    from transforms.bulk.store import open_bulk
    from transforms.indicators import create_codelists
    from transforms.indicators.core import write_core

    with duckdb.connect() as con:
        _limit(con, folder)
        create_codelists(con)
        write_core(con, [open_bulk(edition)], folder)


def core_bare(edition: Path, folder: Path) -> None:
    sql = files("benchmarks").joinpath("core_bare.sql").read_text(encoding="utf-8")
    with duckdb.connect() as con:
        _limit(con, folder)
        con.execute(sql.format(source=edition, target=folder / "bare.parquet"))


def _limit(con: object, folder: Path) -> None:
    for setting in (
        f"threads = {THREADS}",
        f"memory_limit = '{MEMORY_LIMIT}'",
        f"temp_directory = '{folder / 'spill'}'",
    ):
        con.execute(f"SET {setting}")  # type: ignore[attr-defined]


def core_pandas(edition: Path, folder: Path) -> None:
    """What the bare SQL does, as a careful hand would write it in pandas: categories, no copies of the long frame."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    keys = ["geo", "flow", "item", "period", "basis"]
    table = pq.read_table(edition, columns=[*keys, "value"], read_dictionary=keys)
    place = table.schema.get_field_index("value")
    table = table.set_column(place, "v", table["value"].cast(pa.float64())).unify_dictionaries()
    frame = table.to_pandas(self_destruct=True, split_blocks=True)
    del table
    frame["square"] = frame["v"] ** 2
    own = frame.groupby(keys, observed=True)[["v", "square"]].sum(min_count=1).reset_index()
    del frame
    own = own.astype(dict.fromkeys(keys, "object"))
    world = own.groupby(["flow", "item", "period", "basis"], as_index=False)["v"].sum(min_count=1).assign(geo="W")
    reported = pd.concat([own.drop(columns="square"), world], ignore_index=True)
    digital = [f"EBOPS2010:S{letter}" for letter in "FGHIJK"]
    by_definition = reported[reported["item"].isin(digital)].groupby(["geo", "flow", "period", "basis"], as_index=False)
    defined = pd.concat([reported, by_definition["v"].sum(min_count=1).assign(item="DEF:dds6")], ignore_index=True)
    sides = defined.pivot(index=["geo", "item", "period", "basis"], columns="flow", values="v").reset_index()
    both = sides.assign(flow="T", v=sides["X"] + sides["M"]).drop(columns=["X", "M"])
    levels = pd.concat([defined, both], ignore_index=True)
    services = levels[levels["item"] == "EBOPS2010:S"].drop(columns="item").rename(columns={"v": "s"})
    shares = levels[levels["item"] != "EBOPS2010:S"].merge(services, on=["geo", "flow", "period", "basis"])
    shares["share"] = shares["v"] / shares["s"] * 100
    market = ["flow", "item", "period", "basis"]
    of_world = levels[levels["geo"] != "W"].merge(levels[levels["geo"] == "W"].drop(columns="geo"), on=market,
                                                  suffixes=("", "_w"))  # fmt: skip
    before = levels.assign(period=(levels["period"].astype(int) + 1).astype(str))
    growth = levels.merge(before, on=keys, suffixes=("", "0"))
    exports = shares[shares["flow"] == "X"]
    rca = exports[exports["geo"] != "W"].merge(exports[exports["geo"] == "W"][[*market, "share"]], on=market,
                                               suffixes=("", "_w"))  # fmt: skip
    squared = shares[~shares["item"].str.startswith("DEF")].assign(square=lambda rows: rows["v"] ** 2)
    items = squared.groupby(["geo", "flow", "period", "basis"], as_index=False)[["v", "square"]].sum()
    among = levels[levels["geo"] != "W"].assign(square=lambda rows: rows["v"] ** 2)
    economies = among.groupby(market, as_index=False)[["v", "square"]].sum()

    def tell(indicator: str, rows: pd.DataFrame, value: pd.Series, **said: str) -> pd.DataFrame:
        return rows.assign(indicator=indicator, value=value, **said)[["indicator", *keys, "value"]]

    told = [
        tell("level", levels, levels["v"]),
        tell("level", sides, sides["X"] - sides["M"], flow="N"),
        tell("export_orientation", sides, sides["X"] / (sides["X"] + sides["M"]), flow="N"),
        tell("share", shares, shares["share"]),
        tell("world_share", of_world, of_world["v"] / of_world["v_w"] * 100),
        tell("growth", growth, (growth["v"] / growth["v0"] - 1) * 100),
        tell("rca", rca, rca["share"] / rca["share_w"]),
        tell("hhi", items, items["square"] / items["v"] ** 2, item="EBOPS2010:S"),
        tell("market_concentration", economies, economies["square"] / economies["v"] ** 2, geo="W"),
        tell("market_concentration", own, own["square"] / own["v"] ** 2),
    ]
    pd.concat(told, ignore_index=True).to_parquet(folder / "pandas.parquet", compression="zstd", index=False)


WORK: dict[str, Callable[[Path, Path], None]] = {work.__name__: work for work in (core_set, core_bare, core_pandas)}


def main(name: str, edition: str, folder: str) -> None:
    import transforms.indicators.core  # noqa: F401 - the start of a library is not measured

    start, busy = time.perf_counter(), time.process_time()
    WORK[name](Path(edition), Path(folder))
    seconds, cpu = time.perf_counter() - start, time.process_time() - busy
    print(json.dumps({"seconds": seconds, "cpu_seconds": cpu, "peak_mb": read_peak()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
