"""What the published database holds: tables in the schema store, a view of each in main, a comment on everything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb
import pyarrow as pa

from transforms.catalog import COLUMNS as CATALOG_COLUMNS
from transforms.catalog import create_catalog, load_words
from transforms.contract import load_contract
from transforms.dimensions import create_codes
from transforms.history import HISTORY
from transforms.indicators import create_codelists, load_cards, quote, sql_type
from transforms.macros import create_macros

CONTRACTS = (
    "observations", "indicators", "comparisons", "checks", "validation_records", "findings",
    "audit_findings", "audit_derived", "datasets", "edition_files", "local_codes", "quarantine", "edition_texts",
    "corrections",
)  # fmt: skip
# Code lists that an edition may add codes of its own to, and what they are called as tables.
LOCAL_LISTS = {"items": "items", "geographies": "geographies", "measures": "measures", "units": "units",
               "bases": "bases", "flows": "flows", "references": "refs"}  # fmt: skip
CODELISTS = (
    "items", "schemes", "concordances", "definitions", "definitions_by_mode", "definition_items",
    "definitions_compared", "geographies", "group_members", "refs", "obs_status", "conf_status", "flows", "measures",
    "bases", "units", "unit_labels", "qualifiers", "verdicts", "conversions",
)  # fmt: skip
# On purpose the oldest format: every client of DuckDB 1.x opens it, whichever release wrote it. Those of later releases
# choose among compressions by what lies in memory: the same input gives other bytes, and the file is no smaller.
STORAGE_VERSION = "v1.0.0"
# Same input, same bytes: FSST and its kin sample at random, bit packing stores whatever lies under a NULL.
SETTINGS = ("SET threads = 1", "SET disabled_compression_methods = 'fsst,dict_fsst,zstd,bitpacking'")


def write_store(con: duckdb.DuckDBPyConnection, target: str) -> None:
    """Copy the computed tables of a connection into a new database file, ordered by key, in the schema store."""
    for setting in SETTINGS:
        con.execute(setting)
    con.execute(f"ATTACH {quote(target)} AS published (STORAGE_VERSION {quote(STORAGE_VERSION)})")
    con.execute("CREATE SCHEMA published.store")
    for name in (*CONTRACTS, "indicators_on_request"):
        contract = load_contract("indicators" if name == "indicators_on_request" else name)
        columns = contract.names if name in ("quarantine", "edition_texts") else []  # one place may have several rows
        order = ", ".join(f'"{column}"' for column in dict.fromkeys([*contract.key, *columns]))
        con.execute(f"CREATE TABLE published.store.{name} AS FROM {name} ORDER BY {order}")
    con.execute("DETACH published")
    con.execute("RESET threads")


def add_local_codes(con: duckdb.DuckDBPyConnection, schema: str = "main") -> None:
    """Append the rows of the table local_codes to the code lists: tree or type 'local', source the dataset.

    A code stands once, labelled as in the newest vintage; a code that a list has already keeps its own row.
    """
    for name, table in LOCAL_LISTS.items():
        columns = [row[0] for row in con.execute(f"DESCRIBE {schema}.{table}").fetchall()]
        said = {"code": "code", "parent": "parent", "label_en": "label", "label_zh": "label", "tree": "'local'",
                "type": "'local'", "source": "dataset"}  # fmt: skip
        told = ", ".join(said.get(column, "''") + f' AS "{column}"' for column in columns)
        con.execute(
            f"""INSERT INTO {schema}.{table}
                SELECT {told}
                FROM (SELECT code, arg_max(label, (vintage, dataset)) AS label,
                             arg_max(parent, (vintage, dataset)) AS parent,
                             arg_max(dataset, (vintage, dataset)) AS dataset
                      FROM {schema}.local_codes WHERE list = {quote(name)} GROUP BY code) new
                ANTI JOIN {schema}.{table} old USING (code)
                ORDER BY code"""
        )


def write_views(target: str, large: Mapping[str, Sequence[str]] | None = None) -> None:
    """Add the code lists, the indicator cards, the views and the comments to the database file.

    large: of what stays in Parquet (IN_PARQUET), the SELECTs, with the folder curated as a name in them.
    """
    words = load_words("codelists")
    with duckdb.connect(target) as con:
        for setting in SETTINGS:
            con.execute(setting)
        con.execute("BEGIN")  # one commit: every one waits for the disk
        create_codelists(con, "store")
        add_local_codes(con, "store")
        cards = [vars(card) for card in load_cards()]
        con.register("cards", pa.table({k: [card[k] for card in cards] for k in cards[0]}))
        con.execute("CREATE TABLE store.indicator_cards AS FROM cards")
        con.unregister("cards")
        for name in CONTRACTS:
            contract = load_contract(name)
            comments = {column.name: column.en for column in contract.columns}
            _create_view(con, name, f"FROM store.{name}", contract.description_en, comments)
        contract = load_contract("indicators")
        _create_view(
            con,
            "indicators_on_request",
            "FROM store.indicators_on_request",
            "Values that indicators withhold from whoever does not ask for them, flagged (column asked): growth across "
            "a break, shares of a nation from another source family, sums that lack too much.",
            {column.name: column.en for column in contract.columns},
        )
        create_codes(con)
        for name in (*CODELISTS, "indicator_cards", "codes"):
            columns = [row[0] for row in con.execute(f"DESCRIBE store.{name}").fetchall()]
            comments = {column: words["columns"][column] for column in columns}
            _create_view(con, name, f"FROM store.{name}", words["tables"][name], comments)
        _create_notes(con, words)
        _create_labelled(con, words)
        _create_compared_cells(con)
        _create_latest(con)
        _create_over_parquet(con, large or {})
        _create_history(con, words)
        create_macros(con)
        _create_catalog_view(con, words)
        create_catalog(con, CONTRACTS)
        con.execute("COMMIT")
        con.execute("CHECKPOINT")


def _create_view(con: duckdb.DuckDBPyConnection, name: str, select: str, comment: str, columns: dict[str, str]) -> None:
    con.execute(f"CREATE VIEW main.{name} AS {select}")
    exists = con.execute(
        "SELECT 1 FROM duckdb_tables() WHERE schema_name = 'store' AND table_name = ?", [name]
    ).fetchone()
    con.execute(f"COMMENT ON VIEW main.{name} IS {quote(comment)}")
    if exists:
        con.execute(f"COMMENT ON TABLE store.{name} IS {quote(comment)}")
    for column, text in columns.items():
        con.execute(f'COMMENT ON COLUMN main.{name}."{column}" IS {quote(text)}')
        if exists:
            con.execute(f'COMMENT ON COLUMN store.{name}."{column}" IS {quote(text)}')


def _create_notes(con: duckdb.DuckDBPyConnection, words: dict[str, dict[str, str]]) -> None:
    """notes: every note of ours in Chinese, by the templates that the tables for authors take."""
    from transforms.export.labels import Labels  # the tables are built from the database

    labels = Labels(con, "zh")
    told = con.execute(
        """SELECT note FROM store.indicators UNION SELECT note FROM store.indicators_on_request
           UNION SELECT note FROM store.comparisons ORDER BY ALL"""
    ).fetchall()
    said = {note: labels.note(note) for (note,) in told if note}
    con.register("said", pa.table({"note": list(said), "note_zh": list(said.values())}, pa.schema(
        [("note", pa.string()), ("note_zh", pa.string())])))  # fmt: skip
    con.execute("CREATE TABLE store.notes AS FROM said")
    con.unregister("said")
    comments = {"note": words["columns"]["own_note"], "note_zh": words["columns"]["own_note_zh"]}
    _create_view(con, "notes", "FROM store.notes", words["tables"]["notes"], comments)


def _create_compared_cells(con: duckdb.DuckDBPyConnection) -> None:
    """compared_cells: each printed cell once, with its most telling comparison."""
    select = """
        SELECT dataset, vintage, table_id, locator, printed, arg_min(rule, place) AS rule,
               arg_min(verdict, place) AS verdict
        FROM (SELECT *, list_position(['contradictory', 'equal', 'within_rounding', 'not_comparable',
                                       'not_computable'], verdict) AS place
              FROM store.comparisons
              WHERE rule <> 'chain' AND (rule <> 'repeat' OR verdict = 'contradictory'))
        GROUP BY ALL"""
    text = (
        "Each printed cell once, by its most telling comparison; a chain is no cell, and a figure printed twice alike "
        "computes nothing."
    )
    columns = {column.name: column.en for column in load_contract("comparisons").columns}
    names = ("dataset", "vintage", "table_id", "locator", "printed", "rule", "verdict")
    _create_view(con, "compared_cells", select, text, {name: columns[name] for name in names})


_ALL = "The observations of all editions; those of large ones are read from Parquet"
_LATEST = "SEMI JOIN (SELECT dataset, vintage FROM store.datasets WHERE latest) USING (dataset, vintage)"


def _create_latest(con: duckdb.DuckDBPyConnection) -> None:
    """latest_observations, latest_indicators: the same of the latest edition of every dataset."""
    texts = {
        "observations": "The observations of the latest edition of every dataset (datasets.latest); like observations "
        "without those of large editions, which are in all_observations.",
        "indicators": "The indicators from the latest edition of every dataset (datasets.latest).",
    }
    for name, text in texts.items():
        columns = {column.name: column.en for column in load_contract(name).columns}
        _create_view(con, f"latest_{name}", f"FROM store.{name} {_LATEST}", text, columns)


# What reads Parquet beside the database: name -> (contract, what of it lies in the database, words).
IN_PARQUET = {
    "all_observations": ("observations", "FROM store.observations", _ALL),
    "core_levels": (
        "core_levels",
        "",
        "Totals of large editions: trade of each economy with all partners, read from Parquet",
    ),
    "core_indicators": ("core_indicators", "", "The core set of indicators of large editions, read from Parquet"),
}


def _create_over_parquet(con: duckdb.DuckDBPyConnection, large: Mapping[str, Sequence[str]]) -> None:
    """all_observations(curated), core_levels(curated), core_indicators(curated): table macros over a folder named."""
    for name, (contract, inside, words) in IN_PARQUET.items():
        columns = load_contract(contract).columns
        names = ", ".join(f'"{column.name}"' for column in columns)
        nothing = ", ".join(f'CAST(NULL AS {sql_type(column.type)}) AS "{column.name}"' for column in columns)
        selects = [*([inside] if inside else []), *large.get(name, [])] or [f"SELECT {nothing} LIMIT 0"]
        parts = " UNION ALL ".join(f"SELECT {names} FROM ({select})" for select in selects)
        con.execute(f"CREATE MACRO main.{name}(curated) AS TABLE {parts}")
        con.execute(f"COMMENT ON MACRO TABLE main.{name} IS {quote(f'{words} in the folder named (curated).')}")


def _create_history(con: duckdb.DuckDBPyConnection, words: dict[str, dict[str, str]]) -> None:
    """runs(curated), run_editions(curated), run_steps(curated): the records of the runs, which hold the clock."""
    for name, select in HISTORY.items():
        con.execute(f"CREATE MACRO main.{name}(curated) AS TABLE {select}")
        con.execute(f"COMMENT ON MACRO TABLE main.{name} IS {quote(words['tables'][name])}")


def show_parquet(con: duckdb.DuckDBPyConnection, curated: str) -> None:
    """For this connection: what is in Parquet as views, over the files of this folder."""
    for name, (contract, _, words) in IN_PARQUET.items():
        con.execute(f"CREATE TEMP VIEW {name} AS FROM main.{name}({quote(curated)})")
        con.execute(f"COMMENT ON VIEW temp.{name} IS {quote(f'{words}.')}")
        for column in load_contract(contract).columns:
            con.execute(f'COMMENT ON COLUMN temp.{name}."{column.name}" IS {quote(column.en)}')


# Label columns beside the codes of a table: prefix -> (table of labels, its key, own column, name of its labels).
_TITLE = {"title": ("store.indicator_cards", "indicator", "indicator", "title")}
_GEO = {"geo_label": ("store.geographies", "code", "geo", "label")}
_ITEM = {"item_label": ("store.items", "code", "item", "label")}
_FLOW = {"flow_label": ("store.flows", "code", "flow", "label")}
LABELS = {
    "indicators": _TITLE | _GEO | _ITEM,
    "observations": _GEO | _ITEM | _FLOW | {"measure_label": ("store.measures", "code", "measure", "label"),
                                            "reference_label": ("store.refs", "code", "reference", "label"),
                                            "unit_label": ("store.units", "code", "unit", "label")},
    "comparisons": _TITLE | _GEO | _ITEM | _FLOW | {"verdict_label": ("store.verdicts", "code", "verdict", "label")},
}  # fmt: skip

NOTED = ("indicators", "comparisons")  # the notes are ours; those of the observations are their publishers'


def _create_labelled(con: duckdb.DuckDBPyConnection, words: dict[str, dict[str, str]]) -> None:
    """indicators_labelled and the like: words in English and Chinese beside the codes, for reading by eye."""
    for name, labels in LABELS.items():
        said = {f"{prefix}_{lang}": words["columns"][f"{prefix}_{lang}"] for prefix in labels for lang in ("en", "zh")}
        own = {column.name: column.en for column in load_contract(name).columns}
        said |= {"note_zh": words["columns"]["own_note_zh"]} if name in NOTED else {}
        select = _select_labelled(f"store.{name}", name)
        _create_view(con, f"{name}_labelled", select, words["tables"][f"{name}_labelled"], said | own)


def _select_labelled(source: str, name: str = "indicators") -> str:
    """The SELECT of a table with labels; name: the contract that says which."""
    joins, columns = [], []
    for prefix, (table, key, own, label) in LABELS[name].items():
        joins.append(f"LEFT JOIN {table} {prefix} ON {prefix}.{key} = own.{own}")
        columns += [f"{prefix}.{label}_{lang} AS {prefix}_{lang}" for lang in ("en", "zh")]
    if name in NOTED:
        joins.append("LEFT JOIN store.notes said ON said.note = own.note")
        columns.append("coalesce(said.note_zh, own.note) AS note_zh")
    return f"SELECT {', '.join(columns)}, own.* FROM {source} own {' '.join(joins)}"


def _create_catalog_view(con: duckdb.DuckDBPyConnection, words: dict[str, dict[str, str]]) -> None:
    """The view catalog over an empty table: it lists itself too."""
    said = {"position": "place", "type": "data_type", "unit": "measured_in"}  # whose words elsewhere are about another
    con.execute(
        """CREATE TABLE store.catalog (kind VARCHAR, name VARCHAR, column_name VARCHAR, position INTEGER, type VARCHAR,
                                       unit VARCHAR, default_value VARCHAR, words_en VARCHAR, words_zh VARCHAR)"""
    )
    comments = {column: words["columns"][said.get(column, column)] for column in CATALOG_COLUMNS}
    _create_view(con, "catalog", "FROM store.catalog", words["tables"]["catalog"], comments)


def show_requested(con: duckdb.DuckDBPyConnection, asked: Sequence[str]) -> None:
    """For this connection: indicators, labelled and latest ones too, with the values asked for (REQUESTS)."""
    wanted = f"(FROM store.indicators_on_request WHERE asked IN ({', '.join(map(quote, asked))}))"
    key = ", ".join(load_contract("indicators").key)
    con.execute(
        f"""CREATE TEMP VIEW indicators AS
            SELECT * FROM store.indicators ANTI JOIN {wanted} USING ({key})
            UNION ALL BY NAME {wanted}"""
    )
    con.execute(f"CREATE TEMP VIEW indicators_labelled AS {_select_labelled('temp.indicators')}")
    con.execute(f"CREATE TEMP VIEW latest_indicators AS FROM temp.indicators {_LATEST}")
