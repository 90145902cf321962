"""Categories below or beside the twelve (cloud services, data trade, games ...) as a user adds them: shown as figures
of their own, and no total, definition or share of services is moved by them."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from indicator_worlds import Row, cell, fill, flows, six

from transforms.codelists import load_codelist, use_own_codelists
from transforms.indicators import compute_indicators, create_codelists

EXTENSION = """code,parent,label_en,label_zh,aliases_zh,source
GZX:CLOUD,EBOPS2010:SI2,Cloud services,云服务,云计算服务|上云服务,Questionnaire of a city
GZX:DATA,EBOPS2010:SI3,Data trade of the questionnaire,数据交易服务,,Questionnaire of a city
GZX:MEDIA,EBOPS2010:SK1,Digital media,数字传媒,,Questionnaire of a city
GZX:POSITIONING,EBOPS2010:SI,Satellite positioning,卫星定位,,Questionnaire of a city
GZX:GAMES,EBOPS2010:S,Games,游戏出海,,Questionnaire of a city
"""
SERVICES = [
    *six("3.0 5.0 7.0 20.0 40.0 2.0"),
    *six("2.0 4.0 30.0 15.0 35.0 3.0", flow="M"),
    *flows("200.0", "250.0", item="S"),
    *flows("60.0", "90.0", item="SC"),
    *six("3.0 5.0 7.0 20.0 - -", period="2021"),  # with items missing there is a range, from what does not belong
    *flows("210.0", "260.0", item="S", period="2021"),
    *flows("66.0", "95.0", item="SC", period="2021"),
]


@pytest.fixture(autouse=True)
def extended() -> Iterator[None]:
    use_own_codelists({"items": EXTENSION})
    yield
    use_own_codelists({})


def compute(rows: list[Row]) -> list[tuple[object, ...]]:
    with duckdb.connect() as con:
        create_codelists(con)
        fill(con, {"city": rows})
        compute_indicators(con)
        return con.execute(
            """SELECT indicator, definition, geo, reference, flow, item, period, base_period, unit, value, lower, upper,
                      obs_status, coverage, contested, note
               FROM indicators ORDER BY ALL"""
        ).fetchall()


def own_rows() -> list[Row]:
    rows = []
    for row in load_codelist("items").rows:
        if row["code"].startswith("GZX:"):
            rows += flows("9.0", "4.0", item=row["code"]) + flows("11.0", "4.0", item=row["code"], period="2021")
    return rows


def test_extensions_are_shown_and_never_added() -> None:
    plain, extended = compute(SERVICES), compute(SERVICES + own_rows())
    shown = [row for row in extended if str(row[5]).startswith("GZX:")]
    assert [row for row in extended if row not in shown] == plain  # not a total, share or bound is moved
    assert {row[5] for row in shown} == {f"GZX:{c}" for c in ("CLOUD", "DATA", "MEDIA", "POSITIONING", "GAMES")}
    assert {"total_trade", "trade_balance", "growth", "export_orientation"} <= {row[0] for row in shown}
    growth = [row for row in shown if row[0] == "growth" and row[4] == "X" and row[5] == "GZX:CLOUD"]
    assert len(growth) == 1 and round(float(str(growth[0][9])), 6) == round(200 / 9, 6)


def test_an_extension_takes_the_place_of_no_missing_item() -> None:
    """The whole of SI is asked for; the cloud services of the questionnaire are not taken for it."""
    without = [row for row in SERVICES if row["item"] != "EBOPS2010:SI"]
    found = compute([*without, cell("20.0", item="GZX:CLOUD"), cell("15.0", item="GZX:CLOUD", flow="M")])
    sums = [row for row in found if row[1] == "dds6" and row[0] == "dds_share" and row[6] == "2020"]
    assert sums and all(row[9] is None for row in sums)
    assert all("only 5 of 6 items published" in str(row[15]) for row in sums if row[4] in ("X", "M"))


@pytest.mark.parametrize("printed", ["云计算服务", "上云服务", "Cloud services"])
def test_an_extension_is_read_by_its_names(printed: str) -> None:
    assert load_codelist("items").resolve(printed) == "GZX:CLOUD"
