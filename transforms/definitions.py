"""Definitions of digitally deliverable services as data: what each holds, and how any two of them differ, in words.

definitions.csv has one row for each item of a definition. Rows of the role `unspecified` say that a publisher takes a
selection of that item which it does not list: such a definition is explained, never computed. Rows of mode M1 are parts
delivered in mode 1 and are not taken from balance-of-payments totals.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import permutations

from transforms.codelists import codelist_rows, load_codelist
from transforms.errors import InputError

Tree = dict[str, list[str]]
FILE = "transforms/codelists/definitions.csv"
_TOP = "EBOPS2010:S"
_OF_ALL = ("version", "scheme", "mode", "valid_from", "valid_to", "basis", "status", "label_en", "label_zh", "source")


@dataclass(frozen=True)
class Definition:
    """One definition; items are counted in, unspecified are those of which an unlisted selection is."""

    name: str
    items: tuple[str, ...]
    unspecified: tuple[str, ...]
    version: str
    scheme: str
    mode: str
    valid_from: str
    valid_to: str
    basis: str
    status: str
    label_en: str
    label_zh: str
    source: str
    notes_en: tuple[str, ...]
    notes_zh: tuple[str, ...]

    @property
    def is_computable(self) -> bool:
        """Whether levels of balance-of-payments totals give it."""
        return self.mode == "_T" and not self.unspecified


def load_definitions() -> dict[str, Definition]:
    """Name -> definition, in the order of the list. Raises InputError where rows of one definition disagree."""
    grouped: dict[str, list[dict[str, str]]] = {}
    for row in codelist_rows("definitions"):
        grouped.setdefault(row["definition"], []).append(row)
    return {name: _make_definition(name, rows) for name, rows in grouped.items()}


def _make_definition(name: str, rows: list[dict[str, str]]) -> Definition:
    for column in _OF_ALL:
        if len({row[column] for row in rows}) > 1:
            raise InputError(f"the rows of {name} differ in {column}", file=FILE, column=column, found=name,
                             todo="a definition that changed is a new definition with a name of its own.")  # fmt: skip
    if unknown := {row["role"] for row in rows} - {"component", "unspecified"}:
        raise InputError(f"a row of {name} has an unknown role", file=FILE, column="role", found=min(unknown),
                         todo="write component or unspecified.")  # fmt: skip
    return Definition(
        name,
        tuple(row["item"] for row in rows if row["role"] == "component"),
        tuple(row["item"] for row in rows if row["role"] == "unspecified"),
        notes_en=tuple(dict.fromkeys(row["note_en"] for row in rows if row["note_en"])),
        notes_zh=tuple(dict.fromkeys(row["note_zh"] for row in rows if row["note_zh"])),
        **{column: rows[0][column] for column in _OF_ALL},
    )


def compare_all() -> list[dict[str, str]]:
    """Every ordered pair of definitions: definition, other, words_en, words_zh."""
    tree = list_children()
    return [
        {"definition": one.name, "other": two.name}
        | {f"words_{lang}": compare_definitions(one, two, lang, tree) for lang in ("en", "zh")}
        for one, two in permutations(load_definitions().values(), 2)
    ]


def compare_definitions(one: Definition, two: Definition, lang: str, tree: Tree) -> str:
    """What one counts that two does not, and the reverse, and whether they are about the same thing, in words.

    Items are compared by the finest items under them, so that SK against SK1 differ by SK2. What a publisher takes a
    selection of is said, and left out of the comparison on both sides. tree: see list_children.
    """
    words = load_codelist("words")
    open_ended = _expand((*one.unspecified, *two.unspecified), tree)
    mine, others = _expand(one.items, tree) - open_ended, _expand(two.items, tree) - open_ended
    said = []
    for holder, lacking, leaves in ((one, two, mine - others), (two, one, others - mine)):
        if leaves:
            items = _name_items(_compress(leaves, tree), lang)
            said.append(words.label("DEFINED.more", lang).format(one=holder.name, two=lacking.name, items=items))
    if not said:
        said.append(words.label("DEFINED.same", lang).format(one=one.name, two=two.name))
    for definition in (one, two):
        if definition.unspecified:
            items = _name_items(definition.unspecified, lang)
            said.append(words.label("DEFINED.unspecified", lang).format(one=definition.name, items=items))
    if one.basis != two.basis:
        bases = {f"{n}_basis": words.label(f"DEFBASIS.{d.basis}", lang) for n, d in (("one", one), ("two", two))}
        said.append(words.label("DEFINED.basis", lang).format(one=one.name, two=two.name, **bases))
    return ("；" if lang == "zh" else "; ").join(said) + ("。" if lang == "zh" else ".")


def _name_items(codes: Iterable[str], lang: str) -> str:
    items = load_codelist("items")
    shown = "{}（{}）" if lang == "zh" else "{} ({})"  # brackets, as labels hold commas of their own
    named = [shown.format(code.partition(":")[2], items.label(code, lang)) for code in codes]
    return ("、" if lang == "zh" else ", ").join(named)


def list_children() -> Tree:
    """The standard tree of EBOPS 2010: item -> items below, in the order of the list."""
    found: Tree = {}
    for row in load_codelist("items").rows:
        if row["tree"] == "standard" and row["code"].startswith("EBOPS2010:"):
            found.setdefault(row["parent"], []).append(row["code"])
    return found


def _expand(codes: Iterable[str], tree: Tree) -> frozenset[str]:
    """The finest items under these."""
    waiting, leaves = list(codes), set()
    while waiting:
        code = waiting.pop()
        waiting += tree.get(code, [])
        if code not in tree:
            leaves.add(code)
    return frozenset(leaves)


def _compress(leaves: frozenset[str], tree: Tree) -> list[str]:
    """The fewest items that hold just these leaves, in the order of the list."""
    found: list[str] = []
    waiting = [_TOP]
    while waiting:
        code = waiting.pop(0)
        under = _expand([code], tree)
        if under <= leaves:
            found.append(code)
        elif under & leaves:
            waiting = tree[code] + waiting
    return found
