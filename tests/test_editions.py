"""Landed editions: the card, the files it vouches for, the layouts that belong to them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from flows.store.editions import (
    check_file,
    find_editions,
    find_latest,
    find_layout,
    find_layouts,
    order_vintage,
    read_card,
    read_files,
    verify_files,
)
from transforms.errors import InputError

REPORT = "guangzhou_digital_trade_report"

CARD = """
dataset = "made_up"
vintage = "2020"
source_family = "made_up"
[publisher_says]
publisher_zh = "某局"
publisher_en = "Some office"
title_zh = "某表"
title_en = "Some table"
edition = "2020"
terms = "free"
[we_did]
accessed = "2026-01-01"
transcription = "typed"
notes = ["first", "second"]
[[files]]
name = "t.csv"
sha256 = "{sha256}"
bytes = 4
"""


@pytest.fixture
def edition(tmp_path: Path) -> Path:
    folder = tmp_path / "raw" / "made_up" / "2020"
    folder.mkdir(parents=True)
    (folder / "t.csv").write_bytes(b"a,b\n")
    (folder / "card.toml").write_text(CARD.format(sha256=hashlib.sha256(b"a,b\n").hexdigest()), encoding="utf-8")
    return folder


def change_card(folder: Path, old: str, new: str) -> None:
    text = (folder / "card.toml").read_text(encoding="utf-8")
    assert old in text
    (folder / "card.toml").write_text(text.replace(old, new, 1), encoding="utf-8")


def refuse(act: Callable[[], object]) -> str:
    with pytest.raises(InputError) as caught:
        act()
    assert caught.value.file and caught.value.todo and "\n" not in str(caught.value)
    return str(caught.value)


def test_a_sound_edition(edition: Path) -> None:
    found = read_card(edition)
    assert found.name == "made_up/2020" and found.card["we_did"]["notes"] == ["first", "second"]
    assert read_files(found) == {"t.csv": b"a,b\n"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('title_en = "Some table"', "", "the card lacks publisher_says.title_en"),
        ('title_en = "Some table"', 'title_en = ""', "the card lacks publisher_says.title_en"),
        ('title_en = "Some table"', "title_en = [1]", "the card's publisher_says.title_en is a list"),
        ('title_en = "Some table"', "title_en = true", "the card's publisher_says.title_en is no text"),
        ('accessed = "2026-01-01"', "", "the card lacks we_did.accessed"),
        ('source_family = "made_up"', "", "the card lacks source_family"),
        ('dataset = "made_up"', 'dataset = "other"', "the card's dataset is not the folder's name. Found: 'other'."),
        ('vintage = "2020"', "vintage = 2021", "the card's vintage is not the folder's name. Found: '2021'."),
        ("[[files]]", "[files]", "the card lists no files"),
        ("[[files]]", "[[papers]]", "unknown key papers in the card. Found: 'papers'. What to do: use one of"),
        ('terms = "free"', 'terms = "free"\ntitel = "t"', "unknown key publisher_says.titel in the card"),
        ('accessed = "2026-01-01"', 'acessed = "2026-01-01"', "unknown key we_did.acessed in the card"),
        ("bytes = 4", "bytes = 4\nsize = 4", "unknown key files[1].size in the card"),
        ("[publisher_says]", "[other]\n[publisher_says]", "unknown key other in the card"),
        ('name = "t.csv"', "", "the card lacks files[1].name"),
        ('sha256 = "', 'where = "', "the card lacks files[1].sha256"),
        ("bytes = 4", 'bytes = "four"', "the card's files[1].bytes is no size"),
        ("bytes = 4", 'bytes = 4\n[[files]]\nname = "t.csv"\nsha256 = "0"', "the card lists a file twice"),
        ("[we_did]", "[we_did", "the card is not TOML"),
        ('edition = "2020"', 'edition = "2020', "the card is not TOML"),
    ],
)
def test_a_card_that_is_no_card(edition: Path, old: str, new: str, message: str) -> None:
    change_card(edition, old, new)
    assert refuse(lambda: read_card(edition)).startswith(f"made_up/2020/card.toml: {message}")


def test_a_section_that_is_no_table(edition: Path) -> None:
    text = (edition / "card.toml").read_text(encoding="utf-8")
    (edition / "card.toml").write_text('we_did = "typed"\n' + text.split("[we_did]")[0], encoding="utf-8")
    assert "the card's we_did is no table" in refuse(lambda: read_card(edition))


def test_a_card_in_another_encoding(edition: Path) -> None:
    text = (edition / "card.toml").read_text(encoding="utf-8")
    (edition / "card.toml").write_bytes(text.encode("gb18030"))
    assert "the card is not TOML" in refuse(lambda: read_card(edition))


def test_years_and_dates_may_stand_without_quotes(edition: Path) -> None:
    change_card(edition, 'accessed = "2026-01-01"', "accessed = 2026-01-01")
    change_card(edition, 'vintage = "2020"', "vintage = 2020")
    change_card(edition, 'edition = "2020"', "edition = 2020")
    card = read_card(edition).card
    assert (card["we_did"]["accessed"], card["vintage"], card["publisher_says"]["edition"]) == (
        "2026-01-01", "2020", "2020",
    )  # fmt: skip


def test_a_hash_may_be_in_capitals(edition: Path) -> None:
    digest = hashlib.sha256(b"a,b\n").hexdigest()
    change_card(edition, digest, digest.upper())
    assert read_files(read_card(edition)) == {"t.csv": b"a,b\n"}


def test_files_and_card_hold_each_other_to_account(edition: Path) -> None:
    (edition / "u.csv").write_bytes(b"x")
    message = refuse(lambda: read_files(read_card(edition)))
    assert message.startswith("made_up/2020/u.csv: a file that the card does not list.")
    (edition / "u.csv").unlink()
    (edition / "more").mkdir()
    assert refuse(lambda: read_files(read_card(edition))).startswith("made_up/2020/more: a folder inside an edition.")
    (edition / "more").rmdir()
    (edition / "t.csv").write_bytes(b"a,c\n")
    message = refuse(lambda: read_files(read_card(edition)))
    assert message.startswith(
        "made_up/2020/t.csv: the bytes are not those the card vouches for (sha256 differs). Found: "
    )
    (edition / "t.csv").unlink()
    assert refuse(lambda: read_files(read_card(edition))).startswith(
        "made_up/2020/t.csv: a file that the card lists is missing. What to do: put it back."
    )


@pytest.mark.parametrize("name", [".DS_Store", "~$t.xlsx", ".~lock.t.csv#", "Thumbs.db", "thumbs.db", "desktop.ini"])
def test_what_programs_leave_behind_is_no_data(edition: Path, tmp_path: Path, name: str) -> None:
    for folder in (edition, edition.parent, tmp_path / "raw"):
        (folder / name).write_bytes(b"x")
    assert [found.problem for found in find_editions(tmp_path)] == [None]
    assert read_files(read_card(edition)) == {"t.csv": b"a,b\n"}


def test_a_link_is_as_good_as_its_bytes(edition: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.csv").write_bytes(b"a,b\n")
    (edition / "t.csv").unlink()
    (edition / "t.csv").symlink_to(tmp_path / "elsewhere.csv")
    assert read_files(read_card(edition)) == {"t.csv": b"a,b\n"}
    (tmp_path / "elsewhere.csv").write_bytes(b"changed")
    assert "sha256 differs" in refuse(lambda: read_files(read_card(edition)))
    (tmp_path / "elsewhere.csv").unlink()
    assert "a file that the card lists is missing" in refuse(lambda: read_files(read_card(edition)))
    (edition / "t.csv").unlink()
    (edition / "t.csv").symlink_to(edition / "t.csv")  # a link to itself
    assert "a file that the card lists is missing" in refuse(lambda: read_files(read_card(edition)))


def test_a_card_cannot_reach_outside_its_folder(edition: Path, tmp_path: Path) -> None:
    (tmp_path / "raw" / "secret.csv").write_bytes(b"a,b\n")
    change_card(edition, 'name = "t.csv"', 'name = "../../secret.csv"')
    (edition / "t.csv").unlink()
    assert "../../secret.csv: a file that the card lists is missing" in refuse(lambda: read_files(read_card(edition)))


def test_every_edition_is_found_sound_or_not(edition: Path, tmp_path: Path) -> None:
    (tmp_path / "raw" / "made_up" / "2021").mkdir()
    (tmp_path / "raw" / ".hidden" / "2020").mkdir(parents=True)
    (tmp_path / "raw" / "README.md").write_text("about these data", encoding="utf-8")
    (tmp_path / "raw" / "made_up" / "README.md").write_text("about these data", encoding="utf-8")
    (tmp_path / "raw" / "empty").mkdir()
    found = {(e.dataset, e.vintage): e.problem for e in find_editions(tmp_path)}
    assert found[("made_up", "2020")] is None
    assert "made_up/2021/card.toml: the edition has no card" in str(found[("made_up", "2021")])
    assert len(found) == 2


def test_a_folder_without_a_vintage_is_not_passed_over(edition: Path, tmp_path: Path) -> None:
    flat = tmp_path / "raw" / "flat"
    flat.mkdir()
    (flat / "table.csv").write_bytes(b"a,b\n")
    (tmp_path / "raw" / "loose.csv").write_bytes(b"a,b\n")
    (tmp_path / "raw" / "made_up" / "card.toml").write_text("", encoding="utf-8")
    problems = {(e.dataset, e.vintage): str(e.problem) for e in find_editions(tmp_path) if e.problem}
    assert problems[("flat", "")].startswith("raw/flat: files that lie in no edition folder. Found: 'table.csv'.")
    assert problems[("loose.csv", "")].startswith("raw/loose.csv: files that lie in no edition folder.")
    assert problems[("made_up", "")].startswith("raw/made_up: files that lie in no edition folder. Found: 'card.toml'.")
    assert len(problems) == 3


def test_no_raw_data_at_all(tmp_path: Path) -> None:
    assert "there is no raw data. What to do: choose the data folder" in refuse(lambda: find_editions(tmp_path))


def test_own_layouts_stand_beside_the_bundled_ones(data_dir: Path, plain_layout: str) -> None:
    own = data_dir / "own" / "layouts" / REPORT
    own.mkdir(parents=True)
    (own / "more.toml").write_text(plain_layout, encoding="utf-8")
    (own / "statements_9.toml").write_text(
        'extends = "_statements.toml"\nfiles = ["statements_9.csv"]', encoding="utf-8"
    )
    (own / "notes.txt").write_text("no layout", encoding="utf-8")
    layouts = find_layouts(REPORT, data_dir)
    assert layouts["t.csv"].source == f"own/layouts/{REPORT}/more.toml"
    assert layouts["statements_9.csv"].tables[0].columns == layouts["statements.csv"].tables[0].columns
    assert layouts["table_1.csv"].source == f"transforms/layouts/{REPORT}/table_1.toml"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"files = [", "the layout is not TOML"),
        ("title = '年'".encode("gb18030"), "the layout cannot be read"),
        ("\ufefffiles = []".encode(), "the layout is not TOML"),
        (b"", "the key files is missing"),
    ],
)
def test_an_own_layout_that_is_none(data_dir: Path, content: bytes, message: str) -> None:
    own = data_dir / "own" / "layouts" / REPORT
    own.mkdir(parents=True)
    (own / "more.toml").write_bytes(content)
    assert refuse(lambda: find_layouts(REPORT, data_dir)).startswith(f"own/layouts/{REPORT}/more.toml: {message}")
    assert find_layouts("seed_statements", data_dir)  # another dataset is not touched by it


def test_two_layouts_for_one_file(data_dir: Path, plain_layout: str) -> None:
    own = data_dir / "own" / "layouts" / REPORT
    own.mkdir(parents=True)
    (own / "more.toml").write_text(plain_layout.replace('"t.csv"', '"table_1.csv"'), encoding="utf-8")
    message = refuse(lambda: find_layouts(REPORT, data_dir))
    assert "two layouts for one file. Found: 'table_1.csv'." in message
    assert f"transforms/layouts/{REPORT}/table_1.toml" in message


def test_files_are_verified_without_taking_them_into_memory(edition: Path) -> None:
    assert verify_files(read_card(edition)) == {"t.csv": edition / "t.csv"}
    (edition / "t.csv").write_bytes(b"a,c\n")
    message = refuse(lambda: verify_files(read_card(edition)))
    assert message == refuse(lambda: read_files(read_card(edition)))  # one rule, two ways to read
    assert "made_up/2020/t.csv: the bytes are not those the card vouches for (sha256 differs). Found: " in message
    (edition / "t.csv").unlink()
    assert "a file that the card lists is missing" in refuse(lambda: verify_files(read_card(edition)))
    (edition / "u.csv").write_bytes(b"x")
    assert "a file that the card does not list" in refuse(lambda: verify_files(read_card(edition)))


def test_one_file_against_its_entry(edition: Path) -> None:
    entry = read_card(edition).card["files"][0]
    assert check_file(edition / "t.csv", entry) == edition / "t.csv"
    assert refuse(lambda: check_file(edition / "none.csv", entry)).startswith(
        "none.csv: the file cannot be read: No such"
    )


def test_the_latest_edition(edition: Path, tmp_path: Path) -> None:
    ordered = ["2020", "2020.2", "2020.10", "2021-01-05", "2021-01-05.2", "2021-01-15", "2021-02-01", "2021-10-01"]
    shuffled = ordered[4:] + ordered[:4]
    assert sorted(shuffled, key=order_vintage) == ordered
    assert find_latest(tmp_path, "made_up").vintage == "2020"
    later = edition.parent / "2020.2"
    edition.rename(later)
    change_card(later, 'vintage = "2020"', 'vintage = "2020.2"')
    (edition.parent / ".landing-x").mkdir()
    (edition.parent / "README.md").write_text("about", encoding="utf-8")
    assert find_latest(tmp_path, "made_up").vintage == "2020.2"
    (edition.parent / "2021").mkdir()  # an unsound edition is named, not stepped over
    assert "made_up/2021/card.toml: the edition has no card" in refuse(lambda: find_latest(tmp_path, "made_up"))
    message = refuse(lambda: find_latest(tmp_path, "other"))
    assert (
        "raw/other: there is no edition of this dataset. What to do: land one with: digitrade ingest other" in message
    )


def test_a_card_may_say_where_a_file_was_fetched(edition: Path) -> None:
    change_card(
        edition, "bytes = 4", 'bytes = 4\nurl = "https://o.example"\netag = "x"\nlast_modified = "y"\narchive = "z"'
    )
    assert read_card(edition).card["files"][0]["archive"] == "z"


def test_the_layout_of_a_file_by_name_or_pattern() -> None:
    layouts: dict[str, Any] = {
        "table.csv": SimpleNamespace(source="one.toml"),
        "*.csv": SimpleNamespace(source="any.toml"),
        "API_*_v2_[0-9]*.csv": SimpleNamespace(source="bank.toml"),
        "*.xlsx": SimpleNamespace(source="books.toml"),
    }
    assert find_layout(layouts, "table.csv").source == "one.toml"  # type: ignore[union-attr]
    assert find_layout(layouts, "t.csv").source == "any.toml"  # type: ignore[union-attr]
    assert find_layout(layouts, "T.CSV") is None and find_layout(layouts, "t.pdf") is None
    message = refuse(lambda: find_layout(layouts, "API_BX_v2_920.csv"))
    assert (
        "API_BX_v2_920.csv: two layouts have a pattern that fits the file. Found: '*.csv in any.toml, API_" in message
    )
    layouts["API*.csv"] = layouts["API_*_v2_[0-9]*.csv"]
    del layouts["*.csv"]  # two patterns of one layout are no doubt
    assert find_layout(layouts, "API_BX_v2_920.csv").source == "bank.toml"  # type: ignore[union-attr]
