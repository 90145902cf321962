"""digitrade revisions: what changed between two editions of a dataset, by how much and why; one series by edition."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import duckdb

    from transforms.revisions import Comparison, Triangle

_MEMORY = "2GB"


class RevisionsLang(StrEnum):
    zh = "zh"
    en = "en"


def _key(name: str, help: str) -> Any:
    return typer.Option(f"--{name}", help=help, rich_help_panel="Which series (with --triangle): names or codes")


def revisions(
    dataset: Annotated[str, typer.Argument(help="Publication: code or title.")],
    from_vintage: Annotated[str, typer.Option("--from", help="Earlier edition; else the one before the later.")] = "",
    to_vintage: Annotated[str, typer.Option("--to", help="Later edition; else the last.")] = "",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the rows that changed as CSV, or as .parquet.")
    ] = None,
    triangle: Annotated[bool, typer.Option("--triangle", help="One series: periods by editions.")] = False,
    geo: Annotated[str, _key("geo", "Place.")] = "",
    item: Annotated[str, _key("item", "Item.")] = "",
    flow: Annotated[str, _key("flow", "X, M, T, N or their labels.")] = "",
    definition: Annotated[str, _key("definition", "Definition of digitally deliverable.")] = "",
    indicator: Annotated[str, _key("indicator", "A computed series instead of a printed one.")] = "",
    measure: Annotated[str, _key("measure", "value, share, growth ...")] = "",
    partner: Annotated[str, _key("partner", "Counterpart.")] = "",
    reference: Annotated[str, _key("reference", "Of what, for shares.")] = "",
    freq: Annotated[str, _key("freq", "A, Q or M.")] = "",
    basis: Annotated[str, _key("basis", "published, executed, contracted ...")] = "",
    price: Annotated[str, _key("price", "current, constant, comparable ...")] = "",
    unit: Annotated[str, _key("unit", "Unit.")] = "",
    currency: Annotated[str, _key("currency", "Currency of a computed series.")] = "",
    adjustment: Annotated[str, _key("adjustment", "Seasonal adjustment.")] = "",
    table_id: Annotated[str, _key("table-id", "Table of the edition.")] = "",
    data_dir: Annotated[
        Path | None,
        typer.Option("--data-dir", envvar="DIGITRADE_DATA_DIR", help="Folder that holds raw/, own/ and curated/."),
    ] = None,
    lang: Annotated[RevisionsLang, typer.Option("--lang", help="Language of labels.")] = RevisionsLang.en,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """What changed between two editions of a dataset: every printed figure and every computed value.

    Examples:

        digitrade revisions unctad_digitally_deliverable                      the last two editions
        digitrade revisions my_city --from 2023 --to 2024 --lang zh
        digitrade revisions my_city --output changed.csv                      every row that changed
        digitrade revisions my_city --triangle --item SI --flow exports       one series: periods by editions

    Counted are added, removed, raised, lowered, value to blank, blank to value, status changed and unchanged (by value:
    2.50 is 2.5), and what it is due to: the publisher, a mapping, a correction, our computation (docs/revisions.md).
    Exit codes: 0 done, whatever changed; 2 the dataset, an edition or a series is not there, or several fit.
    """
    from flows.cli import _find_database, _folder
    from flows.stages import use_codelists
    from flows.trace_view import explain_problems
    from transforms.errors import InputError
    from transforms.revisions import compare_editions

    path, folder = _find_database(data_dir, lang.value), _folder(data_dir)
    key = {"geo": geo, "item": item, "flow": flow, "definition": definition, "indicator": indicator,
           "measure": measure, "partner": partner, "reference": reference, "freq": freq, "basis": basis,
           "price": price, "unit": unit, "currency": currency, "adjustment": adjustment,
           "table_id": table_id}  # fmt: skip
    with explain_problems(path, as_json, lang.value):
        if any(key.values()) and not triangle:
            raise InputError("key parts choose the series of a triangle", todo="say --triangle with them.")
        use_codelists(folder)
        with _open(path) as con:
            if triangle:
                _print_triangle(_make_triangle(con, dataset, key), as_json, lang.value)
                return
            comparison = compare_editions(
                con, dataset, from_vintage or None, to_vintage or None, source="all_observations"
            )
            if output is not None:
                _write_changed(con, output, folder)
                return
            _print_report(con, comparison, as_json, lang.value)


@contextmanager
def _open(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published database, read-only; what does not fit the memory goes to a folder of this command."""
    import tempfile

    import duckdb

    from transforms.database import show_parquet

    with tempfile.TemporaryDirectory(prefix="digitrade-") as scratch, duckdb.connect(str(path), read_only=True) as con:
        con.execute(f"SET memory_limit = '{_MEMORY}'")
        con.execute("SET temp_directory = $1", [scratch])
        show_parquet(con, str(path.parent))
        yield con


def _make_triangle(con: duckdb.DuckDBPyConnection, dataset: str, key: dict[str, str]) -> Triangle:
    from transforms.revisions import make_triangle

    return make_triangle(con, dataset, key, source="all_observations", core="core_indicators")


def _write_changed(con: duckdb.DuckDBPyConnection, output: Path, folder: Path) -> None:
    from flows.store.workspace import refuse_rooms
    from flows.terminal import write_rows
    from transforms.errors import InputError

    refuse_rooms(output, folder)
    rows = con.execute("FROM revised ORDER BY ALL").to_arrow_table()
    try:
        write_rows(rows, "parquet" if output.suffix == ".parquet" else "csv", output)
    except OSError as error:
        raise InputError(
            f"the file cannot be written: {error.strerror}", file=str(output), todo="choose a folder that exists."
        ) from None
    typer.echo(f"{rows.num_rows} rows in {output}")


def _print_report(con: duckdb.DuckDBPyConnection, comparison: Comparison, as_json: bool, lang: str) -> None:
    from flows.revisions_view import print_report
    from transforms.export.labels import Labels
    from transforms.revisions import make_report

    report = make_report(con, comparison)
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False, indent=1))
    else:
        print_report(report, Labels(con, lang))


def _print_triangle(triangle: Triangle, as_json: bool, lang: str) -> None:
    from flows.revisions_view import print_triangle
    from transforms.trace.build import show_number

    if not as_json:
        print_triangle(triangle, lang)
        return
    rows = [
        {"period": period, **{
            vintage: {"value": show_number(triangle.values[period, vintage]),
                      "obs_status": triangle.statuses[period, vintage]}
            for vintage in triangle.vintages if (period, vintage) in triangle.values
        }}
        for period in triangle.periods
    ]  # fmt: skip
    told = {"series": triangle.series, "unit": triangle.unit, "unit_mult": triangle.unit_mult,
            "vintages": triangle.vintages, "rows": rows}  # fmt: skip
    typer.echo(json.dumps(told, ensure_ascii=False, indent=1))
