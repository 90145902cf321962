"""digitrade query: read-only SQL on the published database, within a time and a memory limit."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

if TYPE_CHECKING:
    import duckdb

    from flows.query_guard import Tree

_SIZES = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}
# Rows to be printed become Python objects first, which take about so many times the memory.
_TEXT_TIMES = 8
_PATIENCE = 5  # seconds spent on why an answer is empty


class Format(StrEnum):
    table = "table"
    csv = "csv"
    json = "json"
    parquet = "parquet"


class QueryLang(StrEnum):
    zh = "zh"
    en = "en"


class QueryCommand(TyperCommand):
    """The command whose argument may begin with a comment: SQL in lines that begins with -- is no option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        known = {name for option in self.params for name in (*option.opts, *option.secondary_opts)} | {"--help"}
        return super().parse_args(ctx, [f" {arg}" if _begins_with_comment(arg, known) else arg for arg in args])


def _begins_with_comment(arg: str, options: set[str]) -> bool:
    name = re.match(r"--[\w-]*", arg)
    return name is not None and name[0] not in options and ("\n" in arg or arg.startswith("-- "))


def query(
    sql: Annotated[str, typer.Argument(help='SQL, for example "select * from indicators limit 5".')],
    format: Annotated[Format, typer.Option("--format", help="How to print the rows.")] = Format.table,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file.")] = None,
    mixed_sources: Annotated[
        bool, typer.Option("--mixed-sources", help="Show city shares over a nation from another source (status D).")
    ] = False,
    across_breaks: Annotated[
        bool, typer.Option("--across-breaks", help="Show growth across a break of the series (status B or D).")
    ] = False,
    incomplete: Annotated[
        bool, typer.Option("--incomplete", help="Show sums over groups that lack too much of them (status E).")
    ] = False,
    timeout: Annotated[float, typer.Option("--timeout", help="Seconds after which the query is stopped.")] = 60,
    memory: Annotated[str, typer.Option("--memory", help="Most memory: 500MB, 2GB, 1.5GiB.")] = "2GB",
    data_dir: Annotated[
        Path | None,
        typer.Option("--data-dir", envvar="DIGITRADE_DATA_DIR", help="Folder that holds raw/, own/ and curated/."),
    ] = None,
    lang: Annotated[QueryLang, typer.Option("--lang", help="Language of refusals and hints.")] = QueryLang.en,
) -> None:
    """Read-only SQL on the published database.

    Examples:

        digitrade query "from growth('CHN', flow := 'exports', since := 2020)"
        digitrade query "from compare_definitions('Guangzhou', 'total_trade', 2020)"
        digitrade query "select geo, period, value, lower, upper from indicators where indicator = 'total_trade'"
        digitrade query "from comparisons where verdict = 'contradictory'" --format csv
        digitrade query "select dataset, count(*) from all_observations group by all"

    What there is: digitrade catalog views, columns, macros. It only reads; files, settings and the network are out of
    its reach. The view all_observations is here only: observations with those of large editions, which stay in Parquet
    (in the file: from all_observations('data/curated')).
    """
    from flows.cli import _fail, _find_database, _folder
    from flows.store.workspace import refuse_rooms
    from transforms.errors import InputError
    from transforms.phrases import say_all, say_error

    path = _find_database(data_dir, lang.value)
    try:
        if output is not None:
            refuse_rooms(output, _folder(data_dir))
    except InputError as error:
        raise _fail(say_error("ASK", error, lang.value)) from None
    said = {"across_breaks": across_breaks, "incomplete": incomplete, "mixed_sources": mixed_sources}
    asked = [name for name, is_said in said.items() if is_said]
    try:
        found, hints = answer(
            path, sql, timeout=timeout, memory=memory, asked=asked, as_text=format is not Format.parquet
        )
    except InputError as error:
        raise _fail(say_error("ASK", error, lang.value)) from None
    from flows.terminal import write_rows

    for hint in hints:
        typer.secho(f"digitrade: {say_all('ASK', hint, lang.value)}", fg="yellow", err=True)
    try:
        write_rows(found, format.value, output)
    except OSError as error:
        told = f"cannot write {output}: {error.strerror or error}; choose a folder that exists"
        raise _fail(say_all("ASK", told, lang.value)) from None
    except ValueError as error:
        raise _fail(say_all("ASK", str(error), lang.value)) from None


def answer(
    path: Path,
    sql: str,
    *,
    timeout: float = 60,
    memory: str = "2GB",
    asked: Sequence[str] = (),
    as_text: bool = False,
) -> tuple[Any, list[str]]:
    """The rows of a query on the database file as an Arrow table, and what to tell the user besides.

    as_text: the rows are to be printed, so fewer fit the memory. Raises InputError, in one sentence, for what is no
    SELECT or reaches out of the database, for a query that DuckDB refuses, and where a limit is met.
    """
    import duckdb

    from flows.query_guard import parse_query, refuse_outside
    from flows.query_hints import explain_error, list_unknown_codes
    from transforms.errors import InputError

    most = parse_size(memory)
    if timeout <= 0:
        raise InputError("the time limit is no number of seconds above zero", found=str(timeout), todo="--timeout 60.")
    with duckdb.connect() as parser:
        tree = parse_query(parser, sql)
    with _refuse_more_memory(memory), open_locked(path, most, asked=asked) as con:
        refuse_outside(con, tree)
        try:
            with limit_time(con, timeout) as stopped:
                found = _fetch(con, sql, most // _TEXT_TIMES if as_text else most)
        except duckdb.InterruptException:
            if not stopped.is_set():  # Ctrl-C
                raise
            raise InputError(
                f"the query was stopped after {timeout:g} seconds", todo="narrow it, or allow more with --timeout."
            ) from None
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error as error:
            raise InputError(f"the query cannot be answered: {explain_error(con, tree, error)}") from None
        if "explained" in tree:
            return found, []
        hints, large = list_unknown_codes(con, tree), _mention_large(con, tree)
        why = [] if hints or found.num_rows else _explain_empty(con, tree)
        return found, [*hints, *why, *large]


def _explain_empty(con: duckdb.DuckDBPyConnection, tree: Tree) -> list[str]:
    """Why there are no rows, as far as a few seconds tell."""
    import duckdb

    from flows.query_empty import explain_empty

    said: list[str] = []
    with suppress(duckdb.InterruptException), limit_time(con, _PATIENCE):
        for sentence in explain_empty(con, tree):
            said.append(sentence)
    return said


@contextmanager
def _refuse_more_memory(memory: str) -> Iterator[None]:
    """One sentence where opening the database, the query or a hint takes more than was allowed."""
    import duckdb

    from transforms.errors import InputError

    try:
        yield
    except (duckdb.OutOfMemoryException, MemoryError):
        raise InputError(
            f"the query needs more memory than {memory}", todo="narrow it, or allow more with --memory."
        ) from None


def open_locked(path: Path, memory: int, *, asked: Sequence[str] = ()) -> duckdb.DuckDBPyConnection:
    """The database file, read-only, with settings that cannot be changed: no files but the observations, no network.

    memory: bytes. What does not fit is refused, not spilled: nothing is written beside the database. DuckDB cannot open
    a folder for reading alone, so that a COPY into the observations would pass here: parse_query lets none come so far.
    """
    import duckdb

    from flows.store.releases import RELEASES
    from transforms.database import show_parquet, show_requested

    con = duckdb.connect(str(path), read_only=True)
    con.execute("SET temp_directory = ''")
    con.execute(f"SET memory_limit = '{memory} bytes'")
    # the folder of a release lies in curated/, which has the same files and the records of the runs
    roots = [path.parent, *([path.parents[2]] if path.parents[1].name == RELEASES else [])]
    readable = [str(root / name) for root in roots for name in ("observations", "core", "runs")]
    con.execute("SET allowed_directories = $1", [readable])
    show_parquet(con, str(path.parent))
    if asked:
        show_requested(con, asked)
    for setting in ("autoinstall_known_extensions", "autoload_known_extensions", "python_enable_replacements",
                    "enable_external_access"):  # fmt: skip
        con.execute(f"SET {setting} = false")
    con.execute("SET lock_configuration = true")
    return con


def _fetch(con: duckdb.DuckDBPyConnection, sql: str, most: int) -> Any:
    """The rows, taken in batches. Raises MemoryError where they take more than so many bytes."""
    import pyarrow as pa

    reader = con.execute(sql).to_arrow_reader(100_000)
    batches, size = [], 0
    for batch in reader:
        size += batch.nbytes
        if size > most:
            raise MemoryError
        batches.append(batch)
    return pa.Table.from_batches(batches, reader.schema)


@contextmanager
def limit_time(con: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[threading.Event]:
    """Interrupt whatever the connection does after so many seconds; the event is set once that has been done.

    It interrupts again and again: an interrupt between two steps of a query is lost.
    """
    done, stopped = threading.Event(), threading.Event()

    def watch() -> None:
        if not done.wait(seconds):
            stopped.set()
            while not done.wait(0.05):
                con.interrupt()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield stopped
    finally:
        done.set()
        thread.join()


def parse_size(text: str) -> int:
    """Bytes from 500MB, 2GB, 1.5GiB. Raises InputError for anything else."""
    from transforms.errors import InputError

    size = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([KMGT]i?B)\s*", text, re.IGNORECASE)
    found = int(float(size[1]) * _SIZES[size[2].upper()]) if size else 0
    if not found:
        raise InputError("the memory limit is no size", found=text, todo="write it like 500MB or 2GB.")
    return found


def _mention_large(con: duckdb.DuckDBPyConnection, tree: Tree) -> list[str]:
    """The large editions that a query on observations does not see; nothing where it asks for something else."""
    from flows.query_guard import list_tables

    if not list_tables(tree) & {"observations", "latest_observations", "observations_labelled"}:
        return []
    rows = con.execute(
        """SELECT dataset || '/' || vintage FROM store.datasets
           ANTI JOIN (SELECT DISTINCT dataset, vintage FROM store.observations) USING (dataset, vintage)
           WHERE observations > 0 ORDER BY ALL"""
    ).fetchall()
    if not rows:
        return []
    left_out = ", ".join(row[0] for row in rows)
    return [
        f"without the large edition(s) {left_out}, which stay in Parquet; all_observations has them, core_levels and "
        "core_indicators have their totals and chief indicators."
    ]
