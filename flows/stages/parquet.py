"""Between Parquet and DuckDB: what editions have staged as tables of a connection, and tables as staged Parquet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from expectations import run as rules
from flows.store.editions import order_vintage, read_card
from flows.store.workspace import Workspace
from transforms.bulk import select_observations
from transforms.bulk.store import Stored, open_bulk, open_observations
from transforms.contract import load_contract
from transforms.database import add_local_codes
from transforms.errors import InputError
from transforms.indicators import create_codelists, create_table, quote

# Beside the figures of an edition: folder of the workspace -> contract, name of the file (absent where it has no rows).
BESIDE = {
    "labels": ("local_codes", "labels.parquet"),
    "quarantine": ("quarantine", "quarantine.parquet"),
    "texts": ("edition_texts", "texts.parquet"),
    "corrections": ("corrections", "corrections.parquet"),
}
MEMORY_LIMIT = "2GB"
_SAYS = ("publisher_zh", "publisher_en", "title_zh", "title_en", "edition", "published", "url", "terms", "definition",
         "population")  # fmt: skip
_DID = ("accessed", "transcription")
# What levels, shares and their ranges can use of a large edition (transforms/indicators/steps).
USED = """partner = 'W' AND (starts_with(item, 'DEF:')
    OR item IN (SELECT item FROM definitions UNION SELECT item FROM refs
                UNION SELECT code FROM items WHERE tree = 'standard' AND parent = 'EBOPS2010:S'))"""


class Read(Protocol):
    """What is asked of a reading here."""

    @property
    def dataset(self) -> str: ...
    @property
    def vintage(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def observations(self) -> int: ...
    @property
    def problem(self) -> str: ...


AnyRead = TypeVar("AnyRead", bound=Read)


@contextmanager
def open_engine(workspace: Workspace) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the code lists, whose memory is bounded: what does not fit goes to the scratch folder.

    Raises InputError where the work cannot be done within the bound even so.
    """
    with duckdb.connect() as con:
        con.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
        con.execute(f"SET temp_directory = {quote(str(workspace.make_scratch()))}")
        create_codelists(con)
        try:
            yield con
        except duckdb.OutOfMemoryException:
            raise InputError(
                f"the editions together need more memory than {MEMORY_LIMIT}",
                todo="keep the largest ones in a data folder of their own (--data-dir), or split their files into "
                "several datasets, of fewer partners or years each.",
            ) from None


def write_parquet(table: pa.Table, path: Path) -> None:
    """Parquet with fixed settings: the same table gives the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, compression="zstd", store_schema=True, row_group_size=1 << 20)


def list_parts(folder: Path) -> list[Path]:
    """The folders part=1, part=2 ... of the bulk files of an edition, in the order of its card."""
    return sorted(folder.glob("part=*"), key=lambda path: int(path.name.removeprefix("part=")))


def select_edition(folder: Path) -> str:
    """The SELECT of all observations of an edition: of its tables, and of its bulk files."""
    parts = []
    if (folder / "observations.parquet").is_file():
        parts.append(f"SELECT * FROM read_parquet({quote(str(folder / 'observations.parquet'))}, "
                     "hive_partitioning = false)")  # fmt: skip
    parts += [f"SELECT * FROM ({select_observations(part)})" for part in list_parts(folder)]
    return " UNION ALL BY NAME ".join(parts)


def open_edition(folder: Path) -> list[Stored]:
    """The files of an edition, each by itself, for who reads few of their columns."""
    table = folder / "observations.parquet"
    return [*([open_observations(table)] if table.is_file() else []), *map(open_bulk, list_parts(folder))]


def list_large(workspace: Workspace, readings: Sequence[AnyRead]) -> list[AnyRead]:
    """The editions that stay in Parquet: of more than rules.LARGE observations."""
    return [
        reading
        for reading in readings
        if reading.observations > rules.LARGE
        and workspace.folder_of("observations", reading.dataset, reading.vintage).is_dir()
    ]


def fits_contract(folder: Path) -> bool:
    """Whether a published edition has the columns that observations have today, so that it can be kept."""
    wanted = load_contract("observations").names
    with duckdb.connect() as con:
        try:
            return [row[0] for row in con.execute(f"DESCRIBE {select_edition(folder)}").fetchall()] == wanted
        except (duckdb.Error, InputError):
            return False


def count_observations(folder: Path) -> int:
    with duckdb.connect() as con:
        row = con.execute(f"SELECT count(*) FROM ({select_edition(folder)})").fetchone()
    return int(row[0]) if row else 0


def show_edition(con: duckdb.DuckDBPyConnection, workspace: Workspace, reading: Read) -> None:
    """The view observations holds the staged observations of one edition; its own codes stand in the code lists."""
    folder = workspace.folder_of("observations", reading.dataset, reading.vintage)
    con.execute(f"CREATE OR REPLACE VIEW observations AS {select_edition(folder)}")
    register_cards(con, workspace.data_dir, [reading])
    load_local_codes(con, workspace, [reading])


def load_editions(
    con: duckdb.DuckDBPyConnection, workspace: Workspace, readings: Sequence[Read], *, large: str = ""
) -> None:
    """Tables observations, local_codes, quarantine, edition_texts, datasets and edition_files of all editions.

    large: the condition on the rows of editions above rules.LARGE observations ('' takes none of them).
    """
    register_cards(con, workspace.data_dir, readings)
    _load_beside(con, workspace, readings, tuple(BESIDE))
    add_local_codes(con)
    create_table(con, load_contract("observations"))
    for reading in readings:
        folder = workspace.folder_of("observations", reading.dataset, reading.vintage)
        if not folder.is_dir() or (reading.observations > rules.LARGE and not large):
            continue
        where = f" WHERE {large}" if reading.observations > rules.LARGE else ""
        con.execute(f"INSERT INTO observations BY NAME SELECT * FROM ({select_edition(folder)}){where}")


def load_local_codes(con: duckdb.DuckDBPyConnection, workspace: Workspace, readings: Sequence[Read]) -> None:
    """The codes of the editions' own schemes stand in the code lists."""
    _load_beside(con, workspace, readings, ("labels",))
    add_local_codes(con)


def _load_beside(
    con: duckdb.DuckDBPyConnection, workspace: Workspace, readings: Sequence[Read], kinds: Sequence[str]
) -> None:
    for kind in kinds:
        contract, name = BESIDE[kind]
        create_table(con, load_contract(contract))
        for reading in readings:
            path = workspace.folder_of(kind, reading.dataset, reading.vintage) / name
            if path.is_file():
                rows = f"read_parquet({quote(str(path))}, hive_partitioning = false)"
                con.execute(f"INSERT INTO {contract} BY NAME FROM {rows}")


def register_cards(con: duckdb.DuckDBPyConnection, data_dir: Path, readings: Sequence[Read]) -> None:
    """Tables datasets (also as cards) and edition_files, from the cards.

    latest is told among the editions given.
    """
    latest = _find_latest(readings)
    datasets: list[dict[str, Any]] = []
    files: list[dict[str, Any]] = []
    for reading in readings:
        try:
            card = read_card(data_dir / "raw" / reading.dataset / reading.vintage).card
        except InputError:
            card = {}
        says, did = card.get("publisher_says", {}), card.get("we_did", {})
        row = {
            "dataset": reading.dataset,
            "vintage": reading.vintage,
            "latest": latest.get(reading.dataset) == reading.vintage,
            "state": reading.state,
            "problem": reading.problem,
            "observations": reading.observations,
            "source_family": card.get("source_family", ""),
        }
        row |= {name: says.get(name, "") for name in _SAYS} | {name: did.get(name, "") for name in _DID}
        datasets.append(row)
        for entry in card.get("files", []):
            files.append(
                {name: row.get(name, "") for name in load_contract("edition_files").names}
                | {
                    "file": entry["name"],
                    "place": entry.get("where", ""),
                    "unit": entry.get("unit", ""),
                    "publisher_note": entry.get("publisher_note", ""),
                    "our_note": entry.get("our_note", ""),
                    "sha256": str(entry.get("sha256", "")),
                    "bytes": int(entry.get("bytes", 0)),
                    "publisher_zh": entry.get("publisher") or says.get("publisher_zh", ""),
                    "title_zh": entry.get("title") or says.get("title_zh", ""),
                }
            )
    for name, rows in (("datasets", datasets), ("edition_files", files)):
        create_table(con, load_contract(name))
        table = pa.Table.from_pylist(rows, schema=load_contract(name).arrow_schema())
        con.register("listed", table)
        con.execute(f"INSERT INTO {name} FROM listed")
        con.unregister("listed")
    con.execute("CREATE OR REPLACE TEMP VIEW cards AS FROM datasets")


def _find_latest(readings: Sequence[Read]) -> dict[str, str]:
    """Dataset -> the vintage that find_latest would name: the last in the order of vintages, read or blocked.

    A folder without editions (vintage '') has none.
    """
    vintages: dict[str, list[str]] = {}
    for reading in readings:
        if reading.vintage:
            vintages.setdefault(reading.dataset, []).append(reading.vintage)
    return {dataset: max(of, key=order_vintage) for dataset, of in vintages.items()}
