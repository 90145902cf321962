"""A card or a SELECT that somebody adds wrongly is named, with what to do."""

from __future__ import annotations

import duckdb
import pytest

from transforms import indicators
from transforms.contract import load_contract
from transforms.errors import InputError
from transforms.indicators import compute_indicators, create_codelists, create_table, load_cards, parse_card, sql_of


@pytest.mark.parametrize(
    ("text", "says"),
    [("title_en = ", "not TOML"), ('title_en = "x"', "lacks bounds"), ('colour = "red"', "lacks bounds")],
)
def test_a_bad_card(text: str, says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        parse_card("mine", text)
    assert caught.value.file == "transforms/indicators/mine.toml"


def test_an_unknown_key_of_a_card() -> None:
    card = vars(load_cards()[0]) | {"colour": "red"}
    text = "\n".join(f'{name} = "{value}"' for name, value in card.items() if name != "indicator")
    with pytest.raises(InputError, match="unknown key colour"):
        parse_card("mine", text)


def test_a_card_without_a_select() -> None:
    with pytest.raises(InputError, match="no SELECT"):
        sql_of("mine")


def test_a_select_that_cannot_run(monkeypatch: pytest.MonkeyPatch) -> None:
    real = sql_of
    monkeypatch.setattr(indicators, "sql_of", lambda name: "selekt" if name == "growth" else real(name))
    with duckdb.connect() as con:
        create_codelists(con)
        create_table(con, load_contract("observations"))
        create_table(con, load_contract("datasets"))
        con.execute("CREATE VIEW cards AS FROM datasets")
        with pytest.raises(InputError, match="cannot be run") as caught:
            compute_indicators(con)
    assert caught.value.file == "transforms/indicators/growth.sql"


def test_too_little_memory_is_no_fault_of_a_select(monkeypatch: pytest.MonkeyPatch) -> None:
    real = sql_of
    greedy = "SELECT list(a.range ORDER BY b.range) AS inputs FROM range(9000) a, range(9000) b"
    monkeypatch.setattr(indicators, "sql_of", lambda name: greedy if name == "growth" else real(name))
    with duckdb.connect(config={"temp_directory": ""}) as con:
        create_codelists(con)
        create_table(con, load_contract("observations"))
        create_table(con, load_contract("datasets"))
        con.execute("CREATE VIEW cards AS FROM datasets")
        con.execute("SET memory_limit = '60MB'")
        with pytest.raises(duckdb.OutOfMemoryException):
            compute_indicators(con)
