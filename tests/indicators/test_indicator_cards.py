"""A card or a SELECT that somebody adds wrongly is named, with what to do."""

from __future__ import annotations

import re

import duckdb
import pytest

from transforms import indicators
from transforms.contract import load_contract
from transforms.errors import InputError
from transforms.indicators import (
    REQUESTS,
    SHARED,
    Card,
    compute_indicators,
    create_codelists,
    create_table,
    english_key,
    load_cards,
    parse_card,
    sql_of,
)


@pytest.mark.parametrize(
    ("text", "says"),
    [("title_en = ", "not TOML"), ('title_en = "x"', "lacks bounds"), ('colour = "red"', "lacks bounds")],
)
def test_a_bad_card(text: str, says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        parse_card("mine", text)
    assert caught.value.file == "transforms/indicators/mine.toml"


def write_card(**changed: str | None) -> str:
    """The first card as TOML, with keys changed, or left out where they are None."""
    card = vars(load_cards()[0]) | changed
    return "\n".join(f'{name} = "{said}"' for name, said in card.items() if name != "indicator" and said is not None)


def test_an_unknown_key_of_a_card() -> None:
    with pytest.raises(InputError, match="unknown key colour"):
        parse_card("mine", write_card(colour="red"))


# --- both languages ---

PAIRS = [f"{name}_{lang}" for name in ("title", "words", "numerator", "denominator", "bounds", "refused", "domain",
                                       "universe") for lang in ("en", "zh")]  # fmt: skip
HAN = re.compile("[一-鿿]")
FUNCTIONS = {"exp", "ln", "sum", "sqrt"}
METHODS = {"published", "slope", "logarithmic", "midpoint"}  # codes in the column method, of one word
# Names that stand in Chinese words as they are: the test of seasonality, programs, a variable of the machine, a person.
NAMES = {"Kruskal", "Wallis", "statsmodels", "x13as", "Esteban", "Marquillas"}


def find_words(text: str) -> list[str]:
    """The English words of a text: two letters and more, not all capitals, no function, no code and no name.

    trailing_3_years is a code; x_place is a variable with a word in it.
    """
    kept = FUNCTIONS | METHODS | NAMES | set(REQUESTS) | {card.indicator for card in load_cards()}
    tokens = [token for token in re.findall(r"[A-Za-z][A-Za-z0-9_]*", text) if token not in kept]
    plain = [token for token in tokens if "_" not in token or re.search("(?<![A-Za-z0-9])[A-Za-z]_", token)]
    return [word for token in plain for word in re.findall("[A-Za-z]{2,}", token) if not word.isupper()]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("100 * (exp(b) - 1), ln y = a + b t", ""),
        ("100 * x_i / S or 100 * x_i / sum of the items", "or of the items"),
        ("100 * x_place / x_nation", "place nation"),
        ("PERCENT", ""),
        ("as printed", "as printed"),
        ("trailing_3_years, trailing_4_quarters, trailing_12_months", ""),
        ("由 rca 求得，见 seasonally_adjusted", ""),
        ("(x_i / x) / (X_i / X)，其中 s_i,t", ""),
    ],
)
def test_what_counts_as_an_english_word(text: str, words: str) -> None:
    assert find_words(text) == words.split()


@pytest.mark.parametrize("key", PAIRS)
def test_a_card_that_lacks_one_language_is_refused(key: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_card("mine", write_card(**{key: None}))
    assert caught.value.problem == f"the card lacks {key}"
    assert caught.value.file == "transforms/indicators/mine.toml"


@pytest.mark.parametrize(
    "key", [key for key in (*PAIRS, *SHARED, *(f"{name}_zh" for name in SHARED)) if vars(load_cards()[0])[key]]
)
def test_a_card_that_says_nothing_of_something_is_refused(key: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_card("mine", write_card(**{key: ""}))
    assert caught.value.problem == f"the card says nothing of {key}"


def test_mathematics_and_codes_need_no_chinese() -> None:
    card = parse_card("mine", write_card(formula="X - M", formula_zh=None, unit="RATIO", unit_zh=None))
    assert (card.formula_zh, card.unit_zh) == ("X - M", "RATIO")


@pytest.mark.parametrize("card", load_cards(), ids=lambda card: card.indicator)
def test_whatever_holds_english_words_has_chinese_ones(card: Card) -> None:
    """A source may be a title alone, which stands as its publisher has it."""
    said = vars(card)
    chinese = [key for key in said if key.endswith("_zh") and key != "source_zh"]
    for key in chinese:
        if words := find_words(said[english_key(key)]):
            translated = HAN.search(said[key]) or key == "formula_zh"  # words may give way to signs
            assert translated, f"{card.indicator}.toml: {english_key(key)} says {words[0]!r}, {key} no Chinese"
            assert said[key] != said[english_key(key)]
        else:
            assert said[key] == said[english_key(key)], f"{card.indicator}.toml: {key} says more than the English"
        assert find_words(said[key]) == [], f"{card.indicator}.toml: {key} holds English words"


def list_symbols(text: str) -> set[str]:
    """Numbers and codes in capitals: what no language translates."""
    return set(re.findall(r"[0-9]+(?:\.[0-9]+)?|(?<![A-Za-z'])[A-Z][A-Z0-9_:.]*[A-Z0-9](?![a-z])", text))


@pytest.mark.parametrize("card", load_cards(), ids=lambda card: card.indicator)
def test_both_languages_have_the_same_figures_and_symbols(card: Card) -> None:
    """Figures, symbols and codes of the English stand in the Chinese too, and no others."""
    said = vars(card)
    for name in ("formula", "numerator", "denominator", "bounds", "refused", "domain", "method"):
        english, chinese = (said[key] for key in (english_key(f"{name}_zh"), f"{name}_zh"))
        assert list_symbols(english) == list_symbols(chinese), f"{card.indicator}.toml: {name}"


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
