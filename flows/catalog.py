"""What there is, in words, as rows to print."""

from __future__ import annotations

from pathlib import Path

from transforms.codelists import load_codelist, read_rows


def list_topic(topic: str, lang: str, data_dir: Path) -> list[dict[str, str]]:
    """Rows of one topic. Raises InputError when the data folder is needed and is none."""
    if topic == "datasets":
        return _datasets(lang, data_dir)
    if topic == "definitions":
        return _definitions(lang)
    if topic == "indicators":
        from transforms.indicators import load_cards

        return [
            {"indicator": card.indicator, "title": getattr(card, f"title_{lang}"), "formula": card.formula,
             "words": getattr(card, f"words_{lang}")}
            for card in load_cards()
        ]  # fmt: skip
    if topic == "rules":
        from expectations.run import STAGES, load_suite

        return [
            {"rule": rule["meta"]["id"], "stage": stage, "about": rule["meta"]["about"], "severity": rule["severity"],
             "words": rule["meta"][lang]}
            for stage in STAGES
            for rule in load_suite(stage)["expectations"]
        ]  # fmt: skip
    if topic == "layouts":
        return _layouts(data_dir)
    from flows.stages import find_tables

    return [{"table": spec.name, "title": spec.title[lang]} for spec in find_tables(data_dir)]


def _layouts(data_dir: Path) -> list[dict[str, str]]:
    """Every layout, bundled and own: the dataset, its files, how they are read."""
    from flows.store.editions import find_layouts, list_layout_folders

    rows = []
    for dataset in list_layout_folders(data_dir):
        layouts = {layout.source: layout for layout in find_layouts(dataset, data_dir).values()}
        for source, layout in layouts.items():
            how = "DuckDB, streaming" if layout.bulk else "cell by cell"
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
    items = load_codelist("items")
    rows: dict[str, dict[str, str]] = {}
    for row in read_rows("definitions.csv"):
        entry = rows.setdefault(
            row["definition"],
            {"definition": row["definition"], "title": row[f"label_{lang}"], "items": "", "source": row["source"]},
        )
        label = f"{row['item'].removeprefix('EBOPS2010:')} {items.label(row['item'], lang)}"
        entry["items"] = "; ".join(filter(None, [entry["items"], label]))
    return list(rows.values())
