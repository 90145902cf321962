"""digitrade trace: from a computed value, a table cell or a printed figure back to file, sheet, cell and edition."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import duckdb

    from transforms.trace import Trail

_MEMORY = 2_000_000_000


class TraceLang(StrEnum):
    zh = "zh"
    en = "en"


def _key(name: str, help: str) -> Any:
    return typer.Option(f"--{name}", help=help, rich_help_panel="Which value: names or codes")


def trace(
    cell: Annotated[str, typer.Argument(help="A cell: dataset/vintage/locator, or the locator alone.")] = "",
    indicator: Annotated[str, _key("indicator", "Indicator: code or title.")] = "",
    geo: Annotated[str, _key("geo", "Place.")] = "",
    period: Annotated[str, _key("period", "Period: 2020, 2020-Q3, 2020-07.")] = "",
    item: Annotated[str, _key("item", "Item; found without its scheme where only one has it.")] = "",
    flow: Annotated[str, _key("flow", "X, M, T, N or their labels.")] = "",
    definition: Annotated[str, _key("definition", "Definition of digitally deliverable.")] = "",
    reference: Annotated[str, _key("reference", "Of what, for shares.")] = "",
    partner: Annotated[str, _key("partner", "Counterpart.")] = "",
    base_period: Annotated[str, _key("base-period", "Base, for growth and multiples.")] = "",
    freq: Annotated[str, _key("freq", "A, Q or M.")] = "",
    basis: Annotated[str, _key("basis", "published, executed, contracted ...")] = "",
    adjustment: Annotated[str, _key("adjustment", "Seasonal adjustment.")] = "",
    unit: Annotated[str, _key("unit", "Unit.")] = "",
    currency: Annotated[str, _key("currency", "Currency of the levels.")] = "",
    dataset: Annotated[str, _key("dataset", "Publication.")] = "",
    vintage: Annotated[str, _key("vintage", "Edition; latest = that of each dataset.")] = "latest",
    table: Annotated[
        str, typer.Option("--table", help="A table for authors, or a line of its CSV: figure_1, figure_1.csv!R4.")
    ] = "",
    row: Annotated[str, typer.Option("--row", help="Row of the table: label or number.")] = "",
    column: Annotated[str, typer.Option("--column", help="Column of the table: label or number.")] = "",
    mixed_sources: Annotated[
        bool, typer.Option("--mixed-sources", help="Take shares over a nation from another source (status D).")
    ] = False,
    across_breaks: Annotated[
        bool, typer.Option("--across-breaks", help="Take growth across a break of the series (status B or D).")
    ] = False,
    incomplete: Annotated[
        bool, typer.Option("--incomplete", help="Take sums over groups that lack too much of them (status E).")
    ] = False,
    openlineage: Annotated[
        Path | None, typer.Option("--openlineage", help="Write the whole publication as OpenLineage events.")
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option("--data-dir", envvar="DIGITRADE_DATA_DIR", help="Folder that holds raw/, own/ and curated/."),
    ] = None,
    lang: Annotated[TraceLang, typer.Option("--lang", help="Language of labels.")] = TraceLang.en,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Where a number comes from: formula, definition, cells, files with their hashes, editions.

    Examples:

        digitrade trace --indicator city_share --geo Guangzhou --period 2020 --mixed-sources
        digitrade trace --table figure_1 --row "Digital trade, growth" --column 2020
        digitrade trace --table figure_1.csv!R4                   line 4 of the exported CSV
        digitrade trace unctad_digitally_deliverable/2025-12-18/digitally_deliverable.csv!R43C7
        digitrade trace --openlineage lineage.json                the whole publication, for a lineage catalogue

    The files are read again: each cell is said to be verified, or what differs. Exit codes: 0 done; 1 a file or a cell
    is not what was published; 2 nothing or several things fit (they are listed, with what tells them apart).
    """
    from flows.cli import _find_database, _folder
    from flows.query_command import open_locked
    from flows.stages import use_codelists
    from flows.trace_view import explain_problems, print_trail

    path, folder = _find_database(data_dir, lang.value), _folder(data_dir)
    key = {
        "indicator": indicator, "geo": geo, "period": period, "item": item, "flow": flow, "definition": definition,
        "reference": reference, "partner": partner, "base_period": base_period, "freq": freq, "basis": basis,
        "adjustment": adjustment, "unit": unit, "currency": currency, "dataset": dataset, "vintage": vintage,
    }  # fmt: skip
    asked = {"across_breaks": across_breaks, "incomplete": incomplete, "mixed_sources": mixed_sources}
    with explain_problems(path, as_json, lang.value):
        _refuse_several_ways(cell, table, row or column, any(value for name, value in key.items() if name != "vintage"),
                             openlineage)  # fmt: skip
        use_codelists(folder)
        with open_locked(path, _MEMORY, asked=[name for name, said in asked.items() if said]) as con:
            if openlineage is not None:
                _export(con, folder, openlineage)
                return
            trail = _find(con, folder, lang.value, cell=cell, key=key, table=table, row=row, column=column)
    from flows.reread import check_trail

    is_sound = check_trail(folder, trail.cells, trail.files)
    if as_json:
        typer.echo(json.dumps(trail.as_dict() | {"verified": is_sound}, ensure_ascii=False, indent=1))
    else:
        print_trail(trail, lang.value)
    if not is_sound:
        raise typer.Exit(1)


def _refuse_several_ways(cell: str, table: str, place: str, is_key: bool, export: Path | None) -> None:
    from transforms.errors import InputError

    ways = [bool(cell), bool(table), is_key, export is not None]
    if sum(ways) != 1 or (place and not table):
        raise InputError(
            "nothing is named to be traced" if not any(ways) and not place else "several ways to name a number at once",
            todo="name a cell, or --indicator with its key parts, or --table with --row and --column, or --openlineage;"
            " digitrade trace --help has examples.",
        )


def _find(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    lang: str,
    *,
    cell: str,
    key: dict[str, str],
    table: str,
    row: str,
    column: str,
) -> Trail:
    """The trail of what was named. Raises InputError, AmbiguousError."""
    from transforms.errors import InputError
    from transforms.trace import (
        find_indicator,
        find_observation,
        parse_cell,
        trace_cell,
        trace_core_indicator,
        trace_indicator,
    )  # fmt: skip

    view = "all_observations" if _has_large(con) else "observations"
    if cell:
        return trace_cell(con, find_observation(con, parse_cell(cell), view), lang, view)
    if table:
        return _find_in_table(con, folder, lang, table, row, column)
    said = {name: value for name, value in key.items() if value}
    try:
        found = find_indicator(con, said)
    except InputError as problem:
        # large editions have their chief indicators apart; these do not record their cells, which a query finds
        columns = {row[0] for row in con.execute("DESCRIBE core_indicators").fetchall()}
        try:
            kept = {name: value for name, value in said.items() if name in columns}
            found = find_indicator(con, kept, "core_indicators")
        except InputError:
            raise problem from None
        return trace_core_indicator(con, found, lang)
    return trace_indicator(con, found, lang, view)


def _has_large(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether some edition has observations that lie in Parquet only."""
    inside = "(SELECT DISTINCT dataset, vintage FROM observations)"
    sql = f"SELECT 1 FROM datasets ANTI JOIN {inside} USING (dataset, vintage) WHERE observations > 0 LIMIT 1"
    return con.execute(sql).fetchone() is not None


def _find_in_table(con: duckdb.DuckDBPyConnection, folder: Path, lang: str, table: str, row: str, column: str) -> Trail:
    import difflib

    from flows.stages import find_tables
    from transforms.errors import InputError
    from transforms.export import build_table
    from transforms.trace import find_table_cell, trace_table_cell

    name, _, line = table.rpartition("/")[2].partition("!")
    specs = {spec.name: spec for spec in find_tables(folder)}
    spec = specs.get(name) or specs.get(name.removesuffix(".csv"))
    if spec is None:
        near = difflib.get_close_matches(name, list(specs), n=3, cutoff=0.4) or list(specs)
        raise InputError("there is no such table", found=name, todo=f"nearest: {', '.join(near)}.")
    built = build_table(con, spec, lang)
    return trace_table_cell(con, built, find_table_cell(built, row, column, line))


def _export(con: duckdb.DuckDBPyConnection, folder: Path, output: Path) -> None:
    """Write the events: a JSON array, or one event a line where the name ends in .jsonl or .ndjson."""
    from flows.lineage import gather_publication
    from flows.store.workspace import refuse_rooms
    from flows.terminal import write_beside
    from transforms.errors import InputError
    from transforms.trace import make_events

    refuse_rooms(output, folder)
    events = make_events(gather_publication(con, folder))
    if output.suffix in (".jsonl", ".ndjson"):
        text = "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events)
    else:
        text = json.dumps(events, ensure_ascii=False, indent=1) + "\n"
    try:
        with write_beside(output) as beside:
            beside.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"the file cannot be written: {error.strerror}", file=str(output), todo="choose a folder that exists."
        ) from None
    typer.echo(f"{len(events)} events in {output}")
