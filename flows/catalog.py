"""What there is, in words, as rows to print."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from transforms.codelists import EXTENSIBLE, FILES, codelist_rows, load_codelist
from transforms.definitions import compare_definitions, list_children, load_definitions
from transforms.groups import load_group_members

if TYPE_CHECKING:
    from transforms.indicators import Card


def list_topic(topic: str, lang: str, data_dir: Path) -> list[dict[str, str]]:
    """Rows of one topic. Raises InputError when the data folder is needed and is none."""
    if topic == "datasets":
        return _datasets(lang, data_dir)
    if topic in _LISTS:
        from flows.stages import use_codelists

        use_codelists(data_dir)
        return _LISTS[topic](lang)
    if topic == "indicators":
        from transforms.indicators import load_cards

        cards = [_show_card(card, lang) for card in load_cards()]
        return [{key: card[key] for key in ("indicator", "title", "formula", "words")} for card in cards]
    if topic == "rules":
        from expectations.catalogue import load_rules

        return [
            {"rule": rule.id, "level": rule.level, "about": rule.about, "severity": rule.severity,
             "title": rule.title[lang], "words": rule.words[lang]}
            for rule in load_rules().values()
        ]  # fmt: skip
    if topic in ("views", "columns", "macros"):
        return _list_database(topic, lang, data_dir)
    if topic == "layouts":
        return _layouts(lang, data_dir)
    from flows.stages import find_tables

    return [{"table": spec.name, "title": spec.title[lang]} for spec in find_tables(data_dir)]


def describe_rule(name: str, lang: str) -> dict[str, str]:
    """The whole entry of a rule, by its id or that of an expectation of it. Raises InputError where there is none."""
    from expectations.catalogue import find_rules_of_expectations, load_rules
    from transforms.errors import InputError

    rules = load_rules()
    rule = rules.get(find_rules_of_expectations().get(name.upper(), name.upper()))
    if rule is None:
        raise InputError("there is no such rule", found=name, todo=f"use one of {', '.join(rules)}.")
    told = {"rule": rule.id, "level": rule.level, "about": rule.about, "severity": rule.severity,
            "title": rule.title[lang], "words": rule.words[lang], "why": rule.why[lang],
            "expectations": ", ".join(rule.suite), "sql": rule.sql}  # fmt: skip
    for parameter in rule.parameters:
        said = parameter.en if lang == "en" else parameter.zh
        domain = f" [{parameter.domain}]" if parameter.domain else ""
        told[f"parameter {parameter.name}"] = f"{parameter.value}{domain} - {said} ({parameter.source})"
    for code, words in (rule.reasons or {}).items():
        told[f"reason {code}"] = words[lang]
    for exception in rule.exceptions:
        told[f"exception {dict(exception.where)}"] = exception.en if lang == "en" else exception.zh
    return {key: text for key, text in told.items() if text}


def describe_indicator(name: str, lang: str) -> dict[str, str]:
    """The whole card of an indicator, by its name or title. Raises InputError with the nearest where it is none."""
    from transforms.errors import InputError
    from transforms.indicators import load_cards

    cards = {card.indicator: card for card in load_cards()}
    named = {said.casefold(): card for card in cards.values() for said in (card.title_en, card.title_zh)}
    card = cards.get(name.lower()) or named.get(name.casefold())
    if card is None:
        near = difflib.get_close_matches(name.lower(), [*cards, *named], n=3, cutoff=0.5)
        nearest = ", ".join(dict.fromkeys(found if found in cards else named[found].indicator for found in near))
        todo = f"nearest: {nearest}." if nearest else "digitrade catalog indicators lists all."
        raise InputError("there is no such indicator", found=name, todo=todo)
    return _show_card(card, lang)


def _show_card(card: Card, lang: str) -> dict[str, str]:
    """The fields of a card in one language, in their order: formula_zh comes after formula and takes its place."""
    other = "_zh" if lang == "en" else "_en"
    return {key.removesuffix(f"_{lang}"): str(value) for key, value in vars(card).items() if not key.endswith(other)}


def _list_database(topic: str, lang: str, data_dir: Path) -> list[dict[str, str]]:
    """What the published database says of itself: its views, their columns, its macros with their parameters."""
    import duckdb

    from flows.store.workspace import DATABASE
    from transforms.catalog import translate_units
    from transforms.database import CONTRACTS
    from transforms.errors import InputError
    from transforms.phrases import say

    path = data_dir / "curated" / DATABASE
    if not path.is_file():
        none, todo = (
            say("ASK", text, lang) for text in ("there is no published database", "make it with: digitrade run")
        )
        raise InputError(none, file=str(path), todo=todo)
    words = {name: load_codelist("words").label(f"MACRO.{name}", lang) for name in ("table", "scalar", "must")}
    selects = {
        "views": f"SELECT name AS view, words_{lang} AS words FROM catalog WHERE kind = 'view' ORDER BY name",
        "columns": f"""SELECT name || '.' || column_name AS "column", type, unit, words_{lang} AS words
                       FROM catalog WHERE kind = 'column' ORDER BY name, position""",
        "macros": f"""SELECT CASE kind WHEN 'macro' THEN name ELSE '  ' || column_name END AS macro,
                             CASE WHEN type = 'table macro' THEN $table
                                  WHEN kind = 'macro' THEN $scalar
                                  WHEN default_value = '' THEN $must
                                  ELSE ':= ' || default_value END AS type, words_{lang} AS words
                      FROM catalog WHERE kind IN ('macro', 'parameter') ORDER BY name, position""",
    }
    with duckdb.connect(str(path), read_only=True) as con:
        told = con.execute(selects[topic], words if topic == "macros" else {})
        found: list[dict[str, str]] = told.to_arrow_table().to_pylist()
    if topic == "columns" and lang == "zh":
        units = translate_units(CONTRACTS)
        found = [row | {"unit": units[row["unit"]]} for row in found]
    return found


def _layouts(lang: str, data_dir: Path) -> list[dict[str, str]]:
    """Every layout, bundled and own: the dataset, its files, how they are read."""
    from flows.store.editions import find_layouts, list_layout_folders

    rows, words = [], load_codelist("words")
    for dataset in list_layout_folders(data_dir):
        layouts = {layout.source: layout for layout in find_layouts(dataset, data_dir).values()}
        for source, layout in layouts.items():
            how = words.label("READBY.bulk" if layout.bulk else "READBY.cells", lang)
            rows.append({"dataset": dataset, "files": ", ".join(layout.files), "read": how, "layout": source})
    return rows


def _datasets(lang: str, data_dir: Path) -> list[dict[str, str]]:
    from flows.store.editions import find_editions

    rows = []
    for found in find_editions(data_dir):
        says = found.edition.card["publisher_says"] if found.edition else {}
        rows.append(
            {
                "dataset": found.dataset,
                "vintage": found.vintage,
                "title": says.get(f"title_{lang}", ""),
                "publisher": says.get(f"publisher_{lang}", ""),
                "problem": str(found.problem or ""),
            }
        )
    return rows


def _definitions(lang: str) -> list[dict[str, str]]:
    """Every definition: its items, what it is about, since when, how sure, and how it differs from dds6."""
    definitions, tree = load_definitions(), list_children()
    items, words = load_codelist("items"), load_codelist("words")
    rows = []
    for one in definitions.values():
        named = [f"{code.partition(':')[2]} {items.label(code, lang)}" for code in one.items]
        dates = [
            words.label(f"DEFDATES.{word}", lang).format(valid_from=one.valid_from, valid_to=one.valid_to)
            for word, day in (("from", one.valid_from), ("until", one.valid_to))
            if day
        ]
        computed = "yes" if one.is_computable else "no" if one.unspecified else "mode"
        differs = compare_definitions(one, definitions["dds6"], lang, tree) if one.name != "dds6" else ""
        rows.append(
            {
                "definition": one.name,
                "title": one.label_zh if lang == "zh" else one.label_en,
                "items": "; ".join(named),
                "basis": words.label(f"DEFBASIS.{one.basis}", lang),
                "dates": ", ".join(dates) or words.label("DEFDATES.none", lang),
                "status": words.label(f"DEFSTATUS.{one.status}", lang),
                "computed": words.label(f"DEFCOMPUTED.{computed}", lang),
                "against_dds6": differs,
                "note": ("；" if lang == "zh" else "; ").join(one.notes_zh if lang == "zh" else one.notes_en),
                "source": _say_source(one.source, lang),
            }
        )
    return rows


def _say_source(source: str, lang: str) -> str:
    """A source in one language, titles as they are; as it stands where the list words has none (a user's own rows)."""
    code = f"SOURCE.{source}"
    said = load_codelist("words").label(code, lang)
    return source if said == code else said


def _codelists(lang: str) -> list[dict[str, str]]:
    """Every code list: what it is, its files, how many rows, and which columns a row of the user's own needs."""
    rows = []
    for row in load_codelist("words").rows:
        if row["code"].startswith("LIST."):
            name = row["code"].removeprefix("LIST.")
            found = codelist_rows(name)
            rows.append(
                {
                    "list": name,
                    "title": row[f"label_{lang}"],
                    "rows": str(len(found)),
                    "files": ", ".join(FILES.get(name, (f"{name}.csv",))),
                    "own_rows_need": ", ".join(EXTENSIBLE.get(name, ())),
                }
            )
    return rows


def _schemes(lang: str) -> list[dict[str, str]]:
    """Every scheme of items, then those that only a user's own items have."""
    count = Counter(row["code"].partition(":")[0] for row in load_codelist("items").rows)
    schemes, words = load_codelist("schemes"), load_codelist("words")
    rows = [
        {
            "scheme": row["code"],
            "title": row[f"label_{lang}"],
            "items": str(count.pop(row["code"], 0)),
            "additive_to": row["additive_to"],
            "status": words.label(f"SCHEMESTATUS.{row['status'] or 'local'}", lang),
            "note": row[f"note_{lang}"],
            "source": _say_source(row["source"], lang),
        }
        for row in schemes.rows
    ]
    own = dict.fromkeys(rows[0], "") | {"status": words.label("SCHEMESTATUS.local", lang)}
    return rows + [own | {"scheme": scheme, "items": str(number)} for scheme, number in sorted(count.items())]


def _concordances(lang: str) -> list[dict[str, str]]:
    items, words = load_codelist("items"), load_codelist("words")

    def name(code: str) -> str:
        label = items.label(code, lang)
        return code if label == code else f"{code} {label}"

    return [
        {
            "from": name(row["from_code"]) if row["from_code"] else row["from_scheme"],
            "to": name(row["to_code"]) if row["to_code"] else "",
            "relation": words.label(f"RELATION.{row['relation']}", lang),
            "weight": row["weight"],
            "note": row[f"note_{lang}"],
            "source": _say_source(row["source"], lang),
        }
        for row in codelist_rows("concordances")
    ]


def _groups(lang: str) -> list[dict[str, str]]:
    """Every group whose members are listed, each member with the days from and to which it belongs to it."""
    places = load_codelist("geographies")
    members: dict[str, list[str]] = {}
    for row in load_group_members():
        dates = f" ({row['valid_from']}/{row['valid_to']})" if row["valid_from"] or row["valid_to"] else ""
        members.setdefault(row["group_code"], []).append(f"{places.label(row['member'], lang)}{dates}")
    return [
        {"group": group, "title": places.label(group, lang), "members": "; ".join(named)}
        for group, named in members.items()
    ]


_LISTS: dict[str, Callable[[str], list[dict[str, str]]]] = {
    "codelists": _codelists,
    "concordances": _concordances,
    "definitions": _definitions,
    "groups": _groups,
    "schemes": _schemes,
}
