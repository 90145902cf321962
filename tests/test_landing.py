"""Landing: whole or not at all, written once, the same bytes never twice."""

from __future__ import annotations

import errno
import os
import stat
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.store import landing as landing_module
from flows.store.editions import find_editions, find_layouts, read_card, read_files
from flows.store.landing import (
    Landed,
    check_vintage,
    choose_vintage,
    find_datasets_of,
    find_unread,
    is_documentation,
    open_landing,
    render_card,
)
from transforms.errors import InputError

SAYS = {"publisher_zh": "某局", "publisher_en": "Office", "title_zh": "某表", "title_en": "Table", "terms": "free"}
DID = {"accessed": "2026-05-01", "transcription": "as downloaded"}
Land = Callable[..., Landed]


@pytest.fixture
def land(tmp_path: Path) -> Land:
    """land({name: bytes}, vintage, chosen) -> what came of it, in tmp_path/data/raw/city."""

    def act(files: dict[str, bytes], vintage: str = "2026-05-01", chosen: bool = False) -> Landed:
        with open_landing(tmp_path / "data", "city") as landing:
            for name, content in files.items():
                (landing.desk / name).write_bytes(content)
                landing.add(landing.desk / name, url="https://o.example/t", etag="")
            return landing.land(source_family="city", publisher_says=SAYS, we_did=DID, vintage=vintage, chosen=chosen)

    return act


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "data" / "raw" / "city"


def list_home(home: Path) -> list[str]:
    return sorted(path.name for path in home.iterdir()) if home.exists() else []


def refuse(act: Callable[[], object]) -> str:
    with pytest.raises(InputError) as caught:
        act()
    assert caught.value.todo and "\n" not in str(caught.value)
    return str(caught.value)


def test_an_edition_with_its_card(land: Land, home: Path) -> None:
    landed = land({"t.csv": b"a\n", "u.csv": b"b\n"})
    assert landed.is_new and landed.edition.name == "city/2026-05-01"
    assert read_files(landed.edition) == {"t.csv": b"a\n", "u.csv": b"b\n"}
    assert landed.edition.card["publisher_says"]["edition"] == "2026-05-01"
    assert landed.edition.card["files"][0] == {
        "name": "t.csv",
        "sha256": "87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7",
        "bytes": 2,
        "url": "https://o.example/t",
    }
    assert list_home(home) == ["2026-05-01"]


def test_what_landed_is_read_only(land: Land) -> None:
    folder = land({"t.csv": b"a\n"}).edition.folder
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o444


def test_the_same_bytes_land_as_no_new_edition(land: Land, home: Path) -> None:
    land({"t.csv": b"a\n", "u.csv": b"b\n"})
    again = land({"new_name.csv": b"b\n", "t.csv": b"a\n"}, "2026-06-01")
    assert not again.is_new and again.edition.vintage == "2026-05-01"
    assert land({"t.csv": b"a\n"}, "2026-06-01").is_new  # a part is not the whole
    assert list_home(home) == ["2026-05-01", "2026-06-01"]


def test_the_bytes_of_an_older_edition_land_again_after_the_latest(land: Land, home: Path) -> None:
    land({"t.csv": b"a\n"}, "2026-05-01")
    land({"t.csv": b"b\n"}, "2026-07-01")
    again = land({"t.csv": b"a\n"}, "2026-05-01")  # the publisher's date is the old one
    assert (again.is_new, again.again, again.edition.vintage) == (True, "2026-05-01", "2026-07-01.2")
    assert not land({"t.csv": b"a\n"}, "2026-05-01").is_new
    assert land({"t.csv": b"b\n"}, "2026-08-01").edition.vintage == "2026-08-01"
    old = land({"t.csv": b"a\n"}, "2025-01-01", True)  # a name of the user's own, older than the latest
    assert not old.is_new and old.edition.vintage == "2026-07-01.2"
    assert list_home(home) == ["2026-05-01", "2026-07-01", "2026-07-01.2", "2026-08-01"]


def test_changed_bytes_on_the_same_day(land: Land, home: Path) -> None:
    for number in range(11):
        land({"t.csv": b"%d\n" % number})
    assert land({"t.csv": b"new\n"}).edition.vintage == "2026-05-01.12"
    assert read_files(read_card(home / "2026-05-01")) == {"t.csv": b"0\n"}


def test_a_chosen_vintage_is_never_changed(land: Land, home: Path) -> None:
    land({"t.csv": b"a\n"}, "2020", True)
    assert not land({"t.csv": b"a\n"}, "2020", True).is_new
    message = refuse(lambda: land({"t.csv": b"b\n"}, "2020", True))
    assert message.startswith("city/2020: this vintage is there already, with other bytes.")
    assert list_home(home) == ["2020"] and (home / "2020" / "t.csv").read_bytes() == b"a\n"


def test_a_number_that_was_removed_is_not_given_again(tmp_path: Path) -> None:
    for name in ("2020", "2020.3", "2020.x", "2020-05.9"):
        (tmp_path / name).mkdir()
    assert choose_vintage(tmp_path, "2020") == "2020.4"


@pytest.mark.parametrize("name", ["2025-12-18", "2025-12-18.2", "2024Q4", "v1_final", "7"])
def test_names_of_vintages(name: str) -> None:
    assert check_vintage(name) == name


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".2020", "2020.", "a/b", "a\\b", "2020 1", "x" * 65, "年", "a\n", "-a"]
)
def test_what_is_no_vintage(name: str) -> None:
    assert "not the name of a vintage" in refuse(lambda: check_vintage(name))


def test_an_incomplete_card_lands_nothing(tmp_path: Path) -> None:
    def act() -> None:
        with open_landing(tmp_path, "city") as landing:
            (landing.desk / "t.csv").write_bytes(b"a\n")
            landing.add(landing.desk / "t.csv")
            landing.land(
                source_family="city", publisher_says=SAYS | {"terms": ""}, we_did=DID, vintage="1", chosen=False
            )

    assert "the card lacks publisher_says.terms" in refuse(act)
    assert not (tmp_path / "raw" / "city").exists()


def test_a_card_keeps_every_sign(tmp_path: Path) -> None:
    text = 'a "b" \\ c\td 年\x7f\x01'
    files = [{"name": text, "bytes": 0}]
    card = tomllib.loads(render_card("d", "v", "f", {"terms": text}, {"notes": [text, "x"]}, files))
    assert card["publisher_says"]["terms"] == text and card["we_did"]["notes"] == [text, "x"]
    assert card["files"] == files


def test_two_files_of_one_name(land: Land, tmp_path: Path) -> None:
    assert "two files of the edition have the same name" in refuse(lambda: land({"t.csv": b"a", "T.CSV": b"b"}))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("step", ["sync", "copy_file", "render_card"])
def test_a_full_disk_leaves_the_old_state(
    land: Land, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, step: str
) -> None:
    land({"t.csv": b"a\n"})

    def fail(*args: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(landing_module, step, fail)

    def act() -> None:
        with open_landing(tmp_path / "data", "city") as landing:
            landing.copy(home / "2026-05-01" / "t.csv")
            (landing.desk / "u.csv").write_bytes(b"b\n")
            landing.add(landing.desk / "u.csv")
            landing.land(source_family="city", publisher_says=SAYS, we_did=DID, vintage="2", chosen=False)

    assert refuse(act).startswith("raw/city: the disk is full; nothing was landed. What to do: make room")
    assert list_home(home) == ["2026-05-01"]


def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    """/dev/full answers every write as a full disk does."""
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")

    def act() -> None:
        with open_landing(tmp_path, "city") as landing:
            (landing.folder / "t.csv").symlink_to("/dev/full")
            (tmp_path / "t.csv").write_bytes(b"a\n")
            landing.copy(tmp_path / "t.csv")

    assert "the disk is full" in refuse(act)
    assert not (tmp_path / "raw" / "city").exists()


def test_what_a_killed_landing_left_is_removed_and_never_shown(land: Land, home: Path) -> None:
    land({"t.csv": b"a\n"})
    left = home / ".landing-dead" / "city" / "2030"
    left.mkdir(parents=True)
    (left / "card.toml").write_text("half a ca", encoding="utf-8")
    assert [(found.vintage, found.problem) for found in find_editions(home.parents[1])] == [("2026-05-01", None)]
    land({"t.csv": b"b\n"})
    assert list_home(home) == ["2026-05-01", "2026-05-01.2"]


def test_one_landing_of_a_dataset_at_a_time(tmp_path: Path, land: Land) -> None:
    with open_landing(tmp_path / "data", "city") as first:
        assert "another ingest of this dataset is at work" in refuse(lambda: land({"t.csv": b"a\n"}))
        assert first.desk.is_dir()  # and it did not clear away the desk of the first
        with open_landing(tmp_path / "data", "other"):
            pass
    assert land({"t.csv": b"a\n"}).is_new


def test_a_vintage_that_appears_meanwhile(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def act() -> None:
        with open_landing(tmp_path / "data", "city") as landing:
            (landing.desk / "t.csv").write_bytes(b"a\n")
            landing.add(landing.desk / "t.csv")

            def appear(*args: object) -> str:
                (home / "2").mkdir()
                (home / "2" / "x").write_bytes(b"theirs")
                return render_card(*args)  # type: ignore[arg-type]

            monkeypatch.setattr(landing_module, "render_card", appear)
            landing.land(source_family="city", publisher_says=SAYS, we_did=DID, vintage="2", chosen=False)

    assert "this vintage appeared while we were at work" in refuse(act)
    assert (home / "2" / "x").read_bytes() == b"theirs" and list_home(home) == ["2"]


def test_documentation_is_known_by_its_name_and_the_rest_must_fit_a_layout(tmp_path: Path) -> None:
    layouts = find_layouts("unctad_digitally_deliverable", tmp_path)
    entries = [{"name": "US_DigitallyDeliverableServices.csv"}, {"name": "notes.csv"}, {"name": "a.csv"}]
    assert find_unread(entries, layouts) == ["notes.csv", "a.csv"]
    entries[1]["role"] = "documentation"
    assert find_unread(entries, layouts) == ["a.csv"]
    assert is_documentation("notes.csv", ("*.pdf", "notes.*")) and not is_documentation("Notes.csv", ("notes.*",))


def test_the_datasets_that_know_a_file(tmp_path: Path) -> None:
    """A layout for every workbook (template: *.xlsx) knows none; a dataset with a broken layout is passed over."""
    assert find_datasets_of("tismos_india.csv", tmp_path) == ["wto_india"]
    assert find_datasets_of("some.xlsx", tmp_path) == []
    own = tmp_path / "own" / "layouts" / "wto_india"
    own.mkdir(parents=True)
    (own / "broken.toml").write_text("files = 1", encoding="utf-8")
    assert find_datasets_of("tismos_india.csv", tmp_path) == []
    assert find_datasets_of("pinkbook2020chapter3.xls", tmp_path) == ["ons_pink_book"]


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.EPERM])
def test_a_folder_that_may_not_be_written_leaves_the_old_state(
    land: Land, home: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    land({"t.csv": b"a\n"})

    def fail(path: Path) -> None:
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(landing_module, "sync", fail)
    message = refuse(lambda: land({"t.csv": b"b\n"}))
    assert f"may not be read or written ({os.strerror(number)}); nothing was landed." in message
    assert "What to do: choose another --data-dir" in message and list_home(home) == ["2026-05-01"]
