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


def core_pandas_whole(edition: Path, folder: Path) -> None:
    """What the core set gives, in pandas: with statuses, ranges, coverage, what is missing withheld, sorted."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    keys = ["geo", "flow", "item", "period", "basis"]
    texts = [*keys, "obs_status"]
    table = pq.read_table(edition, columns=[*texts, "value", "decimals"], read_dictionary=texts)
    place = table.schema.get_field_index("value")
    table = table.set_column(place, "v", table["value"].cast(pa.float64())).unify_dictionaries()
    frame = table.to_pandas(self_destruct=True, split_blocks=True)
    del table
    bits = {status: 1 << place for place, status in enumerate(frame["obs_status"].cat.categories)}
    frame["half"] = 0.5 * 10.0 ** -frame.pop("decimals")
    frame["square"] = frame["v"] ** 2
    frame["has_value"] = frame["v"].notna()
    sums = frame.groupby(texts, observed=True).agg(
        v=("v", "sum"), half=("half", "sum"), square=("square", "sum"), n=("has_value", "size"),
        n_valued=("has_value", "sum"),
    )  # fmt: skip
    del frame
    sums = sums.reset_index()
    sums["bits"] = sums["obs_status"].map(bits).astype("int64")
    own = sums.astype(dict.fromkeys(keys, "object")).groupby(keys, as_index=False).agg(
        v=("v", "sum"), half=("half", "sum"), square=("square", "sum"), n=("n", "sum"), n_valued=("n_valued", "sum"),
        bits=("bits", lambda values: np.bitwise_or.reduce(values.to_numpy())),
    )  # fmt: skip
    whole = own["n"] == own["n_valued"]
    own["among"] = (own["square"] / own["v"] ** 2).where(whole)
    own["lo"], own["hi"] = own["v"] - own["half"], (own["v"] + own["half"]).where(whole)
    own["v"] = own["v"].where(whole)
    columns = [*keys, "v", "lo", "hi", "bits", "n", "n_valued"]

    def add(rows: pd.DataFrame, by: list[str], size: int | None, **said: str) -> pd.DataFrame:
        """A sum, withheld where a member has no value."""
        groups = rows.groupby(by, as_index=False).agg(
            v=("v", "sum"), lo=("lo", "sum"), hi=("hi", "sum"), n=("v", "size"), n_valued=("v", "count"),
            bits=("bits", lambda values: np.bitwise_or.reduce(values.to_numpy())),
        )  # fmt: skip
        whole = groups["n_valued"] == (groups["n"].max() if size is None else size)
        groups[["v", "hi"]] = groups[["v", "hi"]].where(whole)
        return groups.assign(**said)[columns]

    world = add(own, ["flow", "item", "period", "basis"], None, geo="W")
    reported = pd.concat([own[columns], world], ignore_index=True)
    digital = [f"EBOPS2010:S{letter}" for letter in "FGHIJK"]
    defined = add(reported[reported["item"].isin(digital)], ["geo", "flow", "period", "basis"], 6, item="DEF:dds6")
    defined = pd.concat([reported, defined], ignore_index=True)
    rest = ["geo", "item", "period", "basis"]
    sides = defined[defined["flow"] == "X"].drop(columns="flow")
    sides = sides.merge(defined[defined["flow"] == "M"].drop(columns="flow"), on=rest, suffixes=("", "_m"))
    sides["bits"] |= sides.pop("bits_m")
    both = sides.assign(flow="T", v=sides["v"] + sides["v_m"], lo=sides["lo"] + sides["lo_m"],
                        hi=sides["hi"] + sides["hi_m"])[columns]  # fmt: skip
    levels = pd.concat([defined, both], ignore_index=True)

    def divide(rows: pd.DataFrame, indicator: str, scale: float = 100, less: float = 0, **said: str) -> pd.DataFrame:
        told = rows.assign(
            indicator=indicator, value=(rows["v"] / rows["v_d"] - less) * scale,
            lower=(rows["lo"] / rows["hi_d"] - less) * scale, upper=(rows["hi"] / rows["lo_d"] - less) * scale,
            statuses=rows["bits"] | rows["bits_d"],
            coverage=np.minimum(rows["n_valued"] / rows["n"], rows["n_valued_d"] / rows["n_d"]), **said,
        )  # fmt: skip
        return told[shown]

    shown = ["indicator", *keys, "value", "lower", "upper", "statuses", "coverage"]
    market, figures = ["flow", "item", "period", "basis"], ["v", "lo", "hi", "bits", "n", "n_valued"]
    services = levels[levels["item"] == "EBOPS2010:S"]
    on_services = levels[levels["item"] != "EBOPS2010:S"].merge(
        services.drop(columns="item"), on=["geo", "flow", "period", "basis"], suffixes=("", "_d"))  # fmt: skip
    on_world = levels[levels["geo"] != "W"].merge(
        levels[levels["geo"] == "W"].drop(columns="geo"), on=market, suffixes=("", "_d"))  # fmt: skip
    before = levels.assign(period=(levels["period"].astype(int) + 1).astype(str))
    on_before = levels.merge(before, on=keys, suffixes=("", "_d"))
    shares = divide(on_services, "share")
    exports = shares[shares["flow"] == "X"].rename(
        columns={"value": "v", "lower": "lo", "upper": "hi", "statuses": "bits"}
    )
    exports = exports.assign(n=1.0, n_valued=exports.pop("coverage"))[[*keys, *figures]]
    rca = exports[exports["geo"] != "W"].merge(exports[exports["geo"] == "W"][[*market, *figures]], on=market,
                                               suffixes=("", "_d"))  # fmt: skip
    orientation = sides.assign(
        indicator="export_orientation", flow="N", value=sides["v"] / (sides["v"] + sides["v_m"]),
        lower=sides["lo"] / (sides["lo"] + sides["hi_m"]), upper=sides["hi"] / (sides["hi"] + sides["lo_m"]),
        statuses=sides["bits"], coverage=sides["n_valued"] / sides["n"],
    )[shown]  # fmt: skip

    def concentrate(rows: pd.DataFrame, by: list[str], **said: str) -> pd.DataFrame:
        groups = rows.assign(square=rows["v"] ** 2).groupby(by, as_index=False).agg(
            v=("v", "sum"), square=("square", "sum"), n=("v", "size"), n_valued=("v", "count"),
            statuses=("bits", lambda values: np.bitwise_or.reduce(values.to_numpy())),
        )  # fmt: skip
        value = (groups["square"] / groups["v"] ** 2).where(groups["n"] == groups["n_valued"])
        return groups.assign(
            value=value, lower=np.nan, upper=np.nan, coverage=groups["n_valued"] / groups["n"], **said
        )[shown]

    main = on_services[~on_services["item"].str.startswith("DEF")]
    among = own.assign(indicator="market_concentration", value=own["among"], lower=np.nan, upper=np.nan,
                       statuses=own["bits"], coverage=own["n_valued"] / own["n"])[shown]  # fmt: skip
    told = pd.concat([
        shares, divide(on_world, "world_share"), divide(on_before, "growth", less=1), divide(rca, "rca", scale=1),
        orientation, concentrate(main, ["geo", "flow", "period", "basis"], indicator="hhi", item="EBOPS2010:S"),
        concentrate(levels[levels["geo"] != "W"], market, indicator="market_concentration", geo="W"), among,
    ], ignore_index=True)  # fmt: skip
    told = told.sort_values(["indicator", "item", "geo", "flow", "basis", "period"])
    told.to_parquet(folder / "indicators.parquet", compression="zstd", index=False)
    balance = sides.assign(flow="N", v=sides["v"] - sides["v_m"], lo=sides["lo"] - sides["hi_m"],
                           hi=sides["hi"] - sides["lo_m"])[columns]  # fmt: skip
    levels = pd.concat([levels, balance], ignore_index=True).sort_values(["item", "geo", "flow", "basis", "period"])
    levels.to_parquet(folder / "levels.parquet", compression="zstd", index=False)


WORK: dict[str, Callable[[Path, Path], None]] = {
    work.__name__: work for work in (core_set, core_bare, core_pandas, core_pandas_whole)
}


def main(name: str, edition: str, folder: str) -> None:
    import transforms.indicators.core  # noqa: F401 - the start of a library is not measured

    start, busy = time.perf_counter(), time.process_time()
    WORK[name](Path(edition), Path(folder))
    seconds, cpu = time.perf_counter() - start, time.process_time() - busy
    print(json.dumps({"seconds": seconds, "cpu_seconds": cpu, "peak_mb": read_peak()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
