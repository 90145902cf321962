"""From a printed label to a code: spellings that are one thing, and labels that nobody knows."""

from __future__ import annotations

from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.codelists import (
    UnknownLabel,
    join_statuses,
    label_index,
    load_codelist,
    normalise_label,
    read_rows,
    status_order,
    unit_labels,
)
from transforms.errors import InputError

LISTS = ["items", "geographies", "flows", "measures", "references", "bases", "prices", "units", "obs_status",
         "conf_status", "frequencies", "adjustments"]  # fmt: skip


@pytest.mark.parametrize(
    ("printed", "code"),
    [
        ("电信、计算机和信息服务", "EBOPS2010:SI"),
        ("电信，计算机 和信息服务", "EBOPS2010:SI"),
        ("1.9 电信、计算机和信息服务", "EBOPS2010:SI"),
        ("2.9电信计算机和信息服务", "EBOPS2010:SI"),  # SAFE numbers one item 1.9 in one table and 2.9 in another
        ("1.9．电信、计算机和信息服务差额", "EBOPS2010:SI"),
        ("３ 运输", "EBOPS2010:SC"),
        ("运输贷方", "EBOPS2010:SC"),
        ("旅游", "EBOPS2010:SD"),
        ("旅行", "EBOPS2010:SD"),
        ("其它商业服务", "EBOPS2010:SJ"),
        ("其他商业服务", "EBOPS2010:SJ"),
        ("建筑", "EBOPS2010:SE"),
        ("建设", "EBOPS2010:SE"),
        ("维修和维护服务", "EBOPS2010:SB"),
        ("保险服务", "EBOPS2010:SF"),
        ("Other business services", "EBOPS2010:SJ"),
        ("ＥＢＯＰＳ２０１０：ＳＩ", "EBOPS2010:SI"),
    ],
)
def test_spellings_of_one_category(printed: str, code: str) -> None:
    assert load_codelist("items").resolve(printed) == code


def test_a_digit_that_belongs_to_the_name_stays() -> None:
    assert normalise_label("5G基站数") == "5g基站数"
    assert normalise_label("1.9") == "1.9"


@pytest.mark.parametrize(("listname", "label"), [("flows", "贷方"), ("flows", "借方"), ("measures", "差额")])
def test_a_side_that_is_the_whole_label_stays(listname: str, label: str) -> None:
    assert load_codelist(listname).resolve(label)


@pytest.mark.parametrize(("printed", "near"), [("数字服务贸昜", "DEF:dds6"), ("运输仓储", "运输")])
def test_an_unknown_label_names_the_nearest(printed: str, near: str) -> None:
    with pytest.raises(UnknownLabel) as caught:
        load_codelist("items").resolve(printed)
    assert f"{printed!r} is not in the code list items; nearest known: " in str(caught.value)
    assert any(near in known for known in caught.value.nearest)
    assert len(set(caught.value.nearest)) == len(caught.value.nearest)


def test_a_label_like_nothing_else_names_nothing() -> None:
    with pytest.raises(UnknownLabel, match=r"is not in the code list flows$"):
        load_codelist("flows").resolve("§§§")


@pytest.mark.parametrize("name", LISTS)
def test_no_label_names_two_codes_and_every_code_names_itself(name: str) -> None:
    codelist = load_codelist(name)
    assert all(codelist.resolve(code) == code for code in codelist.codes if code)
    assert all(codelist.resolve(row["label_zh"]) == row["code"] for row in codelist.rows if row["label_zh"])


def test_two_codes_with_one_label_are_refused() -> None:
    row = {"label_en": "", "label_zh": "旅行"}
    with pytest.raises(InputError, match="made_up: the label '旅行' names both A and B"):
        label_index("made_up", [row | {"code": "A"}, row | {"code": "B"}])


def test_one_printed_unit_has_one_meaning() -> None:
    meanings: dict[str, tuple[str, str]] = {}
    for row in read_rows("unit_labels.csv"):
        meaning = (row["unit"], row["unit_mult"])
        assert meanings.setdefault(normalise_label(row["label"]), meaning) == meaning, row["label"]
    assert {unit for unit, _ in unit_labels().values()} <= load_codelist("units").codes
    assert unit_labels()["亿美元"] == ("USD", 8) and unit_labels()["万亿元"] == ("CNY", 12)


@given(st.text())
@pytest.mark.parametrize("side", ["差额", "贷方", "借方"])
def test_normalising_folds_width_and_spaces(side: str, text: str) -> None:
    assert normalise_label(f"  {text}\u3000") == normalise_label(text)
    if normalise_label(text + "务"):
        assert normalise_label(text + "务" + side) == normalise_label(text + "务")


def test_statuses_are_joined_strongest_first() -> None:
    assert join_statuses(["A"]) == "A"
    assert join_statuses(["A", "E"]) == "E"
    assert join_statuses(["P", "E", "B"]) == "B;E;P"
    # the order of precedence of the SDMX guideline
    assert "".join(sorted(status_order(), key=status_order().__getitem__)) == "BOMLHQJSDKWIFEPNUVGA"


def test_every_code_list_file_is_utf8_with_unix_line_ends() -> None:
    lists = [path for path in files("transforms").joinpath("codelists").iterdir() if path.name.endswith(".csv")]
    assert lists
    for path in lists:
        content = path.read_bytes()
        assert not content.startswith(b"\xef\xbb\xbf") and b"\r" not in content, path.name
        content.decode("utf-8")
