"""Code lists: cited CSV files under transforms/codelists/, and the way from a printed label to a code."""

from __future__ import annotations

import csv
import difflib
import io
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from transforms.errors import InputError

# Lists whose rows stand in several files: the first is the classification proper, the others what lies beside it.
FILES: dict[str, tuple[str, ...]] = {
    "items": ("items.csv", "items_other.csv"),
    "references": ("references.csv", "references_other.csv"),
}
_IGNORED = re.compile(r"[\s、，,·]+")
_ORDINAL = re.compile(r"^[0-9]++(?:(?:\.[0-9]++)++[.\s]*|\.(?![0-9])\s*|\s+)(?=.)")
_SIDE = re.compile(r"(?<=.)(差额|贷方|借方)$")


def normalise_label(label: str) -> str:
    """A label as it is compared: width and case folded, spaces and list commas dropped, 其它 read as 其他, a leading
    ordinal (1.9, 2.1 - SAFE's numbering is not stable) and a trailing 差额, 贷方, 借方 dropped."""
    text = unicodedata.normalize("NFKC", label).casefold().strip()
    text = _ORDINAL.sub("", text)
    return _SIDE.sub("", _IGNORED.sub("", text).replace("其它", "其他"))


class UnknownLabel(KeyError):
    """A label that a code list does not know; nearest holds the nearest known labels."""

    def __init__(self, listname: str, label: str, nearest: list[str]) -> None:
        self.listname, self.label, self.nearest = listname, label, nearest
        super().__init__(listname, label, nearest)

    def __str__(self) -> str:
        near = f"; nearest known: {', '.join(self.nearest)}" if self.nearest else ""
        return f"{self.label!r} is not in the code list {self.listname}{near}"


@dataclass(frozen=True)
class CodeList:
    name: str
    rows: tuple[dict[str, str], ...]
    labels: dict[str, str] = field(repr=False)

    @property
    def codes(self) -> set[str]:
        return {row["code"] for row in self.rows}

    def resolve(self, label: str) -> str:
        """The code of a printed label (label, alias or code itself). Raises UnknownLabel."""
        known = self.labels.get(normalise_label(label))
        if known is None:
            nearest = difflib.get_close_matches(normalise_label(label), self.labels, n=3, cutoff=0.3)
            shown = {row["code"]: row["label_zh"] or row["label_en"] for row in self.rows}
            codes = dict.fromkeys(self.labels[text] for text in nearest)  # several aliases of one code count once
            raise UnknownLabel(self.name, label, [f"{shown[code]} ({code})" for code in codes])
        return known

    def label(self, code: str, lang: str) -> str:
        """The label of a code in zh or en; the code itself where the list has none."""
        return self._by_code().get(code, {}).get(f"label_{lang}") or code

    def _by_code(self) -> dict[str, dict[str, str]]:
        return _index(self.name)


def read_rows(filename: str) -> list[dict[str, str]]:
    """The rows of one code-list file, all as text, blanks as ''."""
    text = files("transforms").joinpath("codelists", filename).read_text(encoding="utf-8")
    return [{k: (v or "").strip() for k, v in row.items()} for row in csv.DictReader(io.StringIO(text))]


def label_index(name: str, rows: Iterable[dict[str, str]]) -> dict[str, str]:
    """Normalised label, alias or code -> code. Raises InputError when one label names two codes."""
    index: dict[str, str] = {}
    for row in rows:
        aliases = row.get("aliases") or row.get("aliases_zh") or ""
        names = [row["label_zh"], row["label_en"], row["code"], *aliases.split("|")]
        for text in filter(None, map(normalise_label, names)):
            if index.setdefault(text, row["code"]) != row["code"]:
                raise InputError(
                    f"the label {text!r} names both {index[text]} and {row['code']}",
                    file=f"transforms/codelists/{name}",
                    todo="take the label or alias from one of the two codes.",
                )
    return index


@cache
def load_codelist(name: str) -> CodeList:
    """One code list by name (see the folder transforms/codelists). Codes and labels are unique or it is refused."""
    rows = tuple(row for filename in FILES.get(name, (f"{name}.csv",)) for row in read_rows(filename))
    codes = [row["code"] for row in rows]
    if repeated := {code for code in codes if codes.count(code) > 1}:
        raise InputError(
            "codes stand more than once",
            file=f"transforms/codelists/{name}",
            found=", ".join(sorted(repeated)),
            todo="keep one row for each code.",
        )
    return CodeList(name, rows, label_index(name, rows))


@cache
def _index(name: str) -> dict[str, dict[str, str]]:
    return {row["code"]: row for row in load_codelist(name).rows}


@cache
def unit_labels() -> dict[str, tuple[str, int]]:
    """Printed unit -> (unit code, power of ten)."""
    return {normalise_label(r["label"]): (r["unit"], int(r["unit_mult"])) for r in read_rows("unit_labels.csv")}


@cache
def qualifier_words() -> dict[str, dict[str, str]]:
    """Printed qualifier word -> its row (qualifier code, lower_rule, upper_rule)."""
    return {row["word"]: row for row in read_rows("qualifiers.csv")}


@cache
def status_order() -> dict[str, int]:
    """SDMX observation status -> precedence, 1 = strongest (SDMX guideline on the observation status concept)."""
    return {row["code"]: int(row["precedence"]) for row in load_codelist("obs_status").rows}


def join_statuses(codes: Iterable[str]) -> str:
    """Several statuses as one string, strongest first, without the A that says nothing beside another."""
    kept = sorted(set(codes), key=status_order().__getitem__)
    return ";".join([c for c in kept if c != "A"] or kept)
