"""What is wrong with one statement of a file, in the terms of who wrote it: which line, which cell, what to write."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from transforms.codelists import UnknownLabel, load_codelist, normalise_label, unit_labels

if TYPE_CHECKING:
    from transforms.audit.say import Speaker

# Our names of the columns -> the headings of a statement table.
COLUMNS = {
    "id": "编号", "place": "主体", "item": "指标", "flow": "流向", "measure": "度量", "period": "时期",
    "base_period": "基期", "figure": "数值", "decimals": "小数位", "unit": "单位", "qualifier": "修饰",
    "reference": "参照", "basis": "口径", "price": "价格", "method": "方法", "n": "样本量", "status": "状态",
    "section": "章节", "line": "行号", "source": "来源", "note": "注",
}  # fmt: skip
# The cells that hold a name, and the list it must stand in.
LISTS = {"place": "geographies", "item": "items", "flow": "flows", "measure": "measures", "reference": "references",
         "basis": "bases", "price": "prices", "status": "obs_status"}  # fmt: skip
_FEW = 20  # a list of so many names or fewer is told in full where nothing is near
_TOLD = ("place", "item", "flow", "measure", "period")  # what of a statement tells which one it is


@dataclass(frozen=True)
class Fault:
    """A statement that is left out, or said twice. code: AUDIT.FAULT.* of words.csv; key: our name of the column.

    row: the line of a CSV file, the place in the list of a TOML file (is_listed). statement: its cells, which tell the
    reader which one is meant. values: what the words of the code take besides.
    """

    code: str
    file: str
    row: int
    key: str = ""
    found: str = ""
    statement: str = ""
    is_listed: bool = False
    values: Mapping[str, str] = field(default_factory=dict)

    def say(self, speaker: Speaker) -> str:
        """One sentence or two: where, what is wrong, what to write."""
        where = speaker.word("FAULT.at_statement" if self.is_listed else "FAULT.at_row", file=self.file, row=self.row)
        if self.statement:
            where = speaker.word("FAULT.which", where=where, statement=self.statement)
        name = COLUMNS.get(self.key, "") if speaker.lang == "zh" else self.key
        code = "unknown" if self.code == "qualifier" else self.code
        said = speaker.word(f"FAULT.{code}", name=name, found=self.found, **self.values)
        if self.code == "unknown":
            said = speaker.word("FAULT.with_hint", said=said, hint=self._hint(speaker))
        elif self.code == "unit" and (near := _find_near_units(speaker, self.found)):
            said = speaker.word("FAULT.with_hint", said=said, hint=_mean(speaker, near))
        elif self.code == "qualifier":
            said = speaker.word("FAULT.with_hint", said=said, hint=_one_of(speaker, _list_qualifiers(speaker)))
        return speaker.word("FAULT.line", where=where, said=said)

    def _hint(self, speaker: Speaker) -> str:
        """The names that may be meant, in the language of the report; of a short list all that there are."""
        listed = load_codelist(LISTS[self.key])
        try:
            listed.resolve(self.found)
        except UnknownLabel as error:
            near = [text.rpartition(" (")[2].rstrip(")") for text in error.nearest]
            known = [listed.label(code, speaker.lang) for code in near if code in listed.codes]
            if self.key == "reference":  # is written as a code
                known = [f"{code} {label}" for code, label in zip(near, known, strict=False)]
            if known:
                return _mean(speaker, known)
        names = [listed.label(row["code"], speaker.lang) for row in listed.rows]
        return _one_of(speaker, names) if len(names) <= _FEW else speaker.word("FAULT.see", list=LISTS[self.key])


def tell_statement(cells: Mapping[str, Any]) -> str:
    """The cells of a statement that tell which one it is, with its number where it has one."""
    told = " ".join(str(cells[key]).strip() for key in _TOLD if str(cells.get(key) or "").strip())
    number = str(cells.get("id") or "").strip()
    return " ".join(filter(None, [f"[{number}]" if number else "", told]))


def _mean(speaker: Speaker, names: list[str]) -> str:
    return speaker.word("FAULT.mean", names=speaker.choose(names))


def _one_of(speaker: Speaker, names: list[str]) -> str:
    return speaker.word("FAULT.one_of", names=speaker.join(names))


def _find_near_units(speaker: Speaker, text: str) -> list[str]:
    near = difflib.get_close_matches(normalise_label(text), list(unit_labels()), n=2, cutoff=0.75)
    return [speaker.unit(*unit_labels()[label]) for label in near]


def _list_qualifiers(speaker: Speaker) -> list[str]:
    words = load_codelist("words")
    codes = [row["code"] for row in words.rows if row["code"].startswith("AUDIT.QUALIFIER.")]
    return [words.label(code, speaker.lang).replace("{figure}", "").strip() for code in codes]
