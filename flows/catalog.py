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
    if topic in ("views", "columns", "macros"):
        return _list_database(topic, lang, data_dir)
    if topic == "layouts":
        return _layouts(data_dir)
    from flows.stages import find_tables

    return [{"table": spec.name, "title": spec.title[lang]} for spec in find_tables(data_dir)]


def _list_database(topic: str, lang: str, data_dir: Path) -> list[dict[str, str]]:
    """What the published database says of itself: its views, their columns, its macros with their parameters."""
    import duckdb

    from flows.store.workspace import DATABASE
    from transforms.errors import InputError

    path = data_dir / "curated" / DATABASE
    if not path.is_file():
        raise InputError("there is no published database", file=str(path), todo="make it with: digitrade run")
    selects = {
        "views": f"SELECT name AS view, words_{lang} AS words FROM catalog WHERE kind = 'view' ORDER BY name",
        "columns": f"""SELECT name || '.' || column_name AS "column", type, unit, words_{lang} AS words
                       FROM catalog WHERE kind = 'column' ORDER BY name, position""",
        "macros": f"""SELECT CASE kind WHEN 'macro' THEN name ELSE '  ' || column_name END AS macro,
                             CASE WHEN kind = 'macro' THEN type
                                  WHEN default_value = '' THEN 'must be given'
                                  ELSE ':= ' || default_value END AS type, words_{lang} AS words
                      FROM catalog WHERE kind IN ('macro', 'parameter') ORDER BY name, position""",
    }
    with duckdb.connect(str(path), read_only=True) as con:
        found: list[dict[str, str]] = con.execute(selects[topic]).to_arrow_table().to_pylist()
    return found


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
