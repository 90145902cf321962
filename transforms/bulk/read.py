"""One bulk file to sorted Parquet observations: the order of the steps."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa

from transforms.bulk.faults import FaultKind, Faults
from transforms.bulk.figures import (
    WIDE,
    NumberForm,
    choose_form,
    declared_decimals,
    figure_digits,
    is_cut,
    marks_of,
    read_rest,
    stage_figure,
)
from transforms.bulk.observe import SAID, Facts, Observing, finer_than, list_values
from transforms.bulk.said import (
    Cluster,
    Clustering,
    FigureColumn,
    Texts,
    dictionary_columns,
    find_coded,
    read_texts,
)
from transforms.bulk.source import Source, find_gaps, open_source
from transforms.bulk.sql import create_enum, list_texts, quote_text
from transforms.bulk.store import write_sidecar
from transforms.bulk.words import Digit, pack_words, read_word, write_word
from transforms.codelists import load_codelist
from transforms.contract import load_contract
from transforms.figures import CUT
from transforms.layout import Layout
from transforms.patterns import fold_heading, match_text

ROWS_A_FILE: Final = 1_000_000  # sorted in memory at once: about 100 MB
MOST_FILES: Final = 24  # more rows a file rather than many more files
_LARGEST_BITS: Final = 500_000_000  # a key space up to this size is checked in one bit string
_FEW_TEXTS: Final = 256  # a column of up to so many texts is staged as a small number
_LARGEST_POWER: Final = 21  # a figure of 10^21 single units or more is two run together, or has a wrong unit


@dataclass(frozen=True)
class BulkReadout:
    """What one bulk file gave. folder holds the observations (bulk.select_observations reads them).

    rows: rows of data in the file; left_out: rows that the layout does not keep, by text; observations, statuses:
    figures written, and how many have each status; quarantine: contract quarantine; faults: the same by kind, where
    they were asked for.
    """

    folder: Path
    rows: int
    observations: int
    statuses: Mapping[str, int]
    quarantine: pa.Table
    files: tuple[str, ...]
    notices: tuple[str, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    faults: tuple[FaultKind, ...] = ()


def read_bulk(
    path: Path,
    layout: Layout,
    dataset: str,
    vintage: str,
    target: Path,
    *,
    scratch: Path,
    memory_limit: str = "2GB",
    threads: int | None = None,
    list_faults: bool = False,
) -> BulkReadout:
    """Reads one long file (CSV, TSV, Parquet; plain, gzip, zip, 7z) into the folder target: checked, sorted Parquet.

    Raises InputError, naming file, row, column and remedy, for what the layout does not account for; with bad_rows =
    "quarantine" such rows are set aside instead. list_faults: they are set aside and listed by kind whatever the layout
    says, and nothing but the form of the file is refused, for somebody who is writing a layout. target appears whole or
    not at all; scratch is left as it was.
    """
    beside = target.with_name(f"{target.name}.tmp")
    scratch.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix="bulk-", dir=scratch) as folder:
            source = open_source(path, layout, Path(folder))
            with _connect(Path(folder), memory_limit, threads) as connection:
                reading = BulkReading(connection, source, layout)
                shutil.rmtree(beside, ignore_errors=True)
                beside.mkdir(parents=True)
                readout = reading.run(dataset, vintage, beside, target, list_faults=list_faults)
        _put_in_place(beside, target)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return readout


def _put_in_place(beside: Path, target: Path) -> None:
    old = target.with_name(f"{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    beside.rename(target)
    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _connect(folder: Path, memory_limit: str, threads: int | None) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()  # in memory, which is faster than a file; what does not fit is spilled below folder
    try:
        connection.execute(f"SET memory_limit = {quote_text(memory_limit)}")
        connection.execute(f"SET temp_directory = {quote_text(str(folder / 'spill'))}")
        connection.execute("SET enable_progress_bar = false")
        if threads is not None:
            connection.execute(f"SET threads = {int(threads)}")
        yield connection
    finally:
        connection.close()


class BulkReading:
    """The steps over one scratch database, in order: texts, staged rows, facts, checks, files."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, source: Source, layout: Layout) -> None:
        self.connection, self.source, self.layout, self.table = connection, source, layout, layout.table
        self.value_columns = [column for column in source.columns if column.spec.role == "value"]
        self.notices = [*([layout.unsettled] if layout.unsettled else []), *source.notices]
        self.left_out: dict[str, int] = {}

    def _refuse_idle(self) -> None:
        """What a rule may say of printed tables and SQL does not read is refused, never passed over."""
        for number, rule in enumerate(self.table.rules, 1):
            if idle := [name for name in rule.then if name not in SAID]:
                raise self.source.refuse(
                    f"rules[{number}].then.{idle[0]} has no meaning for a bulk file", found=str(rule.then[idle[0]]),
                    todo=f"set the column itself (period, unit) in {self.table.source}.",
                )  # fmt: skip

    def run(self, dataset: str, vintage: str, folder: Path, target: Path, *, list_faults: bool = False) -> BulkReadout:
        self._refuse_idle()
        kept = self._find_kept()
        texts = read_texts(self.source, self.layout, self._count_texts(kept))
        form = choose_form(self.source, self.table)
        rows = self._stage(texts, form, kept)
        if not form.has_texts and self._has_texts(bool(kept)):  # the first rows did not show that they are needed
            form = replace(form, has_texts=True)
            rows = self._stage(texts, form, kept)
        self.faults = Faults(self.connection, self.source)
        rejected = self.faults.add_rejected()
        gaps = tuple(find_gaps(self.source, rows, rejected))
        facts = self._gather_facts(texts, form, gaps, bool(kept))
        self._refuse_unnamed()
        figures = self._plan(texts, self._combine(texts, bool(kept)))
        self.observing = Observing(self.source, self.layout, texts, figures, form, facts)
        if texts.has_nothing_known():
            return self._give_up(texts, facts, rows, target, list_faults=list_faults)
        self.observing.create_types(self.connection)
        self.observing.create_dimensions(self.connection)
        self.observing.create_gaps(self.connection)
        self._gather_faults(texts, facts)
        self.connection.execute(f"CREATE VIEW observed AS {self.observing.select()}")
        statuses = self._check()
        kinds = self.faults.list_kinds() if list_faults else ()
        quarantine = self._settle_faults(dataset, vintage, stop=self.layout.bad_rows == "stop" and not list_faults)
        if quarantine.num_rows:
            statuses = self._count_statuses(self._readable)
        observations = sum(statuses.values())
        if not observations and not list_faults:
            raise self.source.refuse("no row could be read", todo="look at the quarantined rows, or at the layout.")
        files = self._write(folder, dataset, vintage, observations, facts) if observations else ()
        return BulkReadout(
            target, rows, observations, dict(sorted(statuses.items())), quarantine, files, tuple(self.notices),
            self.left_out, kinds,
        )  # fmt: skip

    def _give_up(self, texts: Texts, facts: Facts, rows: int, target: Path, *, list_faults: bool) -> BulkReadout:
        """A column none of whose texts is known leaves no row to be read: the first is refused, or all are listed."""
        self.observing.create_gaps(self.connection)
        self.faults.add_texts(texts, self.observing.line(), "kept" if facts.has_keep else "true")
        if not list_faults:
            raise self.faults.make_error()
        kinds, nothing = self.faults.list_kinds(), load_contract("quarantine").arrow_schema().empty_table()
        return BulkReadout(target, rows, 0, {}, nothing, (), tuple(self.notices), self.left_out, kinds)

    # --- texts and rows -----------------------------------------------------------------------------------------------

    def _find_kept(self) -> str:
        """SQL: the row is one the layout keeps (layout key keep: heading -> texts); '' where it keeps all."""
        conditions: list[str] = []
        for heading, wanted in self.table.keep.items():
            column = next((c for c in self.source.columns if fold_heading(c.heading) == fold_heading(heading)), None)
            if column is None:
                raise self.source.refuse(
                    "a column that the layout keeps rows by is not in the table", row=self.source.skip,
                    column=heading, found=" | ".join(self.source.headings), todo=f"mend keep in {self.table.source}.",
                )  # fmt: skip
            counts = self._histogram([column.number], " AND ".join(conditions) or "true")[column.number]
            fitting = [t for t in counts if any(match_text(one, t.strip()) is not None for one in wanted)]
            if not fitting:
                raise self.source.refuse(
                    "no row has a text that the layout keeps", column=column.number, found=", ".join(list(counts)[:8]),
                    todo=f"correct keep in {self.table.source}, if the publisher changed its codes.",
                )  # fmt: skip
            for text, count in counts.items():
                if text not in fitting:
                    self.left_out[text.strip()] = self.left_out.get(text.strip(), 0) + count
            conditions.append(f"{self._text(column.number)} IN ({list_texts(fitting)})")
        if self.left_out:
            shown = ", ".join(f"{text} ({count})" for text, count in sorted(self.left_out.items())[:20])
            more = ", ..." if len(self.left_out) > 20 else ""
            self.notices.append(
                f"{self.source.file}: {sum(self.left_out.values())} rows are not kept by the layout: {shown}{more}"
            )
        return " AND ".join(conditions)

    def _text(self, number: int) -> str:
        """SQL: the cell of a column as text, '' where it is empty."""
        return f"coalesce(CAST(c{number} AS VARCHAR), '')" if self.source.kind == "parquet" else f"c{number}"

    def _histogram(self, numbers: list[int], condition: str) -> dict[int, dict[str, int]]:
        if not numbers:
            return {}
        counted = ", ".join(f"histogram({self._text(n)})" for n in numbers)
        found = self._execute(f"SELECT {counted} FROM {self.source.relation()} WHERE {condition}").fetchone()
        return {n: dict(counts or {}) for n, counts in zip(numbers, found or (), strict=True)}

    def _count_texts(self, kept: str) -> dict[int, dict[str, int]]:
        return self._histogram([column.number for column in dictionary_columns(self.source)], kept or "true")

    def _execute(self, sql: str) -> duckdb.DuckDBPyConnection:
        """Runs a statement over the file; what DuckDB cannot parse at all becomes an InputError."""
        try:
            return self.connection.execute(sql)
        except (duckdb.InvalidInputException, duckdb.ConversionException) as error:
            raise self.source.refuse(
                f"the file cannot be parsed ({str(error).splitlines()[0]})",
                todo="look at the delimiter in the layout, and at the quotes in the file.",
            ) from None

    def _stage(self, texts: Texts, form: NumberForm, kept: str) -> int:
        """The view staged: a row for each row of data, in order (r, from 0); codes as enumerations, figures as numbers.

        A column that says things alone is staged as its codes; its texts (as an enumeration too) only where they are
        needed again: to be combined with others, as a status, or because some of them say nothing known.
        """
        create_enum(self.connection, "marks", marks_of(self.table))
        figures = self._plan(texts, {})
        self.coded = find_coded(figures)
        values: dict[str, list[str]] = {}
        for name in dict.fromkeys(name for cluster in self.coded.values() for name in cluster.names):
            values[name] = list_values(figures, self.layout, name)
            create_enum(self.connection, f"o_{name}", values[name])
        bad = {fault.column.number for fault in texts.faults}
        read, kept_columns, digits = [], [], []
        for number, counts in texts.counts.items():
            create_enum(self.connection, f"t{number}", counts)
            read.append(f"TRY_CAST({self._text(number)} AS t{number}) AS t{number}")
            if number in self.coded:
                digits.append(_make_digit(self.coded[number], sorted(counts), values, self._is_asked))
            if number in self.coded and number not in bad:
                continue
            if len(counts) <= _FEW_TEXTS:
                digits.append(_make_text_digit(number, sorted(counts)))
            else:
                kept_columns.append(f"t{number}")
        for column in self.value_columns:
            read.append(stage_figure(self.source, self.table, column, form))
            digits += figure_digits(self.table, column)
            kept_columns += [f"v{column.number}", *([f"p{column.number}"] if form.has_texts else [])]
        for column in self.source.columns:
            if column.spec.role == "note":
                read.append(f"trim({self._text(column.number)}) AS x{column.number}")
                kept_columns.append(f"x{column.number}")
        if kept:
            read.append(f"{kept} AS kept")
            kept_columns.append("kept")
        words = {f"w{place}": word for place, word in enumerate(pack_words(digits), 1)}
        stored = ", ".join([*(f"{write_word(word)} AS {name}" for name, word in words.items()), *kept_columns])
        self._execute(
            f"CREATE OR REPLACE TABLE stored AS SELECT {stored} FROM "
            f"(SELECT {', '.join(read)} FROM {self.source.relation(keep_rejects=True)})"
        )
        shown = [column for name, word in words.items() for column in read_word(name, word)]
        shown += kept_columns
        if not form.has_texts:
            shown += [f"CAST(NULL AS VARCHAR) AS p{column.number}" for column in self.value_columns]
        self.connection.execute(f"CREATE OR REPLACE VIEW staged AS SELECT rowid AS r, {', '.join(shown)} FROM stored")
        (rows,) = self.connection.execute("SELECT count(*) FROM stored").fetchone() or (0,)
        return int(rows)

    def _has_texts(self, has_keep: bool) -> bool:
        """Whether there are texts that are neither blank marks nor read by SQL."""
        kept = " AND kept" if has_keep else ""
        return any(
            self._has(f"staged WHERE v{c.number} IS NULL AND b{c.number} IS NULL{kept}") for c in self.value_columns
        )

    def _is_asked(self, name: str) -> bool:
        """Whether the observations, or a rule, need what is said of this name."""
        conditions = [rule.when for rule in self.table.rules] + [scoped.when for scoped in self.table.blanks_where]
        return name != "label" or any(name in when for when in conditions)

    def _refuse_unnamed(self) -> None:
        """A column without heading is passed over only where it is empty in every row."""
        named = {column.number for column in self.source.columns}
        for number in range(1, self.source.width + 1):
            if number in named:
                continue
            first = self._execute(
                f"SELECT r, c{number} FROM (SELECT row_number() OVER () AS r, c{number} FROM {self.source.relation()}) "
                f"WHERE trim(CAST(c{number} AS VARCHAR)) <> '' LIMIT 1"
            ).fetchone()
            if first:
                raise self.source.refuse(
                    "a cell in a column that has no heading", row=self.source.skip + first[0], column=number,
                    found=str(first[1]), todo="look for a separator too many in the row, or declare a column with an "
                    f"empty header in {self.table.source}.",
                )  # fmt: skip

    # --- what the data decide -----------------------------------------------------------------------------------------

    def _gather_facts(self, texts: Texts, form: NumberForm, gaps: tuple[int, ...], has_keep: bool) -> Facts:
        rest = {c.number for c in self.value_columns if read_rest(self.connection, self.source, self.layout, c, form)}
        blanks = [*self.table.blanks.values(), *(b for s in self.table.blanks_where for b in s.blanks.values())]
        value_type = form.type
        if any(isinstance(blank, dict) and "value" in blank for blank in blanks) or not all(
            self._holds(form, f"SELECT value FROM figures_{n} WHERE value IS NOT NULL") for n in rest
        ):
            value_type = WIDE
        coarse = any(
            self._has(f"staged WHERE d{c.number} IS NULL AND v{c.number} IS NOT NULL AND p{c.number} IS NOT NULL AND "
                      f"{is_cut(f'v{c.number}', f'p{c.number}', self.table, self.source.types[c.number - 1])}")
            for c in self.value_columns if form.is_wide
        )  # fmt: skip
        cut_apart = (f"figures_{n} WHERE lower IS NOT NULL AND coalesce(qualifier, '') = ''" for n in sorted(rest))
        bad: dict[int, list[str]] = {}
        for fault in texts.faults:
            bad.setdefault(fault.column.number, []).append(fault.text)
        finer = frozenset(
            c.number for c in self.value_columns
            if declared_decimals(self.table, c) is not None and self._has(f"staged WHERE {self._finer(c)}")
        )  # fmt: skip
        if coarse or any(map(self._has, cut_apart)):
            self.notices.append(f"{self.source.file}: {CUT}")
        return Facts(
            frozenset(rest),
            value_type,
            coarse,
            gaps,
            {n: tuple(found) for n, found in bad.items()},
            finer,
            self.coded,
            any(self._has(f"staged WHERE p{c.number} IS NOT NULL") for c in self.value_columns),
            has_keep,
        )

    def _finer(self, column: Any) -> str:
        number = column.number
        return finer_than(f"v{number}", declared_decimals(self.table, column), self.source.types[number - 1])

    def _has(self, rest: str) -> bool:
        return self.connection.execute(f"SELECT 1 FROM {rest} LIMIT 1").fetchone() is not None

    def _holds(self, form: NumberForm, sql: str) -> bool:
        """Whether the type of the staged values holds these values exactly."""
        return not self._has(f"({sql}) WHERE TRY_CAST(value AS {form.type}) IS NULL "
                             f"OR CAST(TRY_CAST(value AS {form.type}) AS {WIDE}) <> value")  # fmt: skip

    def _plan(self, texts: Texts, combinations: Mapping[tuple[int, ...], list[tuple[str, ...]]]) -> list[FigureColumn]:
        """What is said of each value column; combinations: of texts, for columns that speak together."""
        bad = {(fault.column.number, fault.text) for fault in texts.faults}
        alone: dict[tuple[int, ...], list[tuple[str, ...]]] = {
            (number,): [(text,) for text in counts if (number, text) not in bad]
            for number, counts in texts.counts.items()
        }
        return [self._clustering(texts).plan(column, {**alone, **combinations}) for column in self.value_columns]

    def _clustering(self, texts: Texts) -> Clustering:
        return Clustering(self.source, self.layout, texts)

    def _combine(self, texts: Texts, has_keep: bool) -> dict[tuple[int, ...], list[tuple[str, ...]]]:
        """The combinations of texts that occur in columns that speak together."""
        bad = {(fault.column.number, fault.text) for fault in texts.faults}
        found: dict[tuple[int, ...], list[tuple[str, ...]]] = {}
        for column in self.value_columns:
            for group in map(tuple, self._clustering(texts).find_groups(column)):
                if group in found or len(group) == 1:
                    continue
                names = ", ".join(f"t{n}" for n in group)
                kept = " WHERE kept" if has_keep else ""
                rows = self.connection.execute(f"SELECT DISTINCT {names} FROM staged{kept} ORDER BY ALL").fetchall()
                found[group] = [row for row in rows if not bad & set(zip(group, row, strict=True))]
        return found

    # --- faults and checks --------------------------------------------------------------------------------------------

    def _gather_faults(self, texts: Texts, facts: Facts) -> None:
        line = self.observing.line()
        if texts.faults:
            self.faults.add_texts(texts, line, "kept" if facts.has_keep else "true")
        for figure in self.observing.figures:
            declared = declared_decimals(self.table, figure.found)
            if not self.observing.may_be_unread(figure):
                continue
            if self.faults.add_unread(self.observing.select_unread(figure), line, declared):
                self.observing.unread.add(figure.number)

    def _check(self) -> dict[str, int]:
        """Nothing lost, nothing lacking, statuses that fit, no key twice. Returns how many figures have each status."""
        rules = {row["code"]: row["value_rule"] for row in load_codelist("obs_status").rows}
        counts = self.connection.execute(
            "SELECT CAST(obs_status AS VARCHAR), value IS NULL, count(*), max(abs(value)) FROM observed GROUP BY 1, 2"
        ).fetchall()
        total = sum(row[2] for row in counts)
        self._account(total)
        self._refuse_lacking()
        for empty in (True, False):
            broken = "required" if empty else "forbidden"
            found = [status for status, is_empty, _, _ in counts if is_empty is empty]
            if wrong := [s for s in found if any(rules[code] == broken for code in s.split(";"))]:
                self.faults.add_statuses(wrong, "observed", self.observing.line(), empty=empty)
        self._refuse_large(max((row[3] for row in counts if row[3] is not None), default=0))
        if self._count_keys(total) != total:
            first = self.observing.line("first // 32768")
            self.faults.add_repeats("observed", self._pack, self.observing.line(), first, self._multiplier)
        statuses: dict[str, int] = {}
        for status, _, count, _ in counts:
            statuses[status] = statuses.get(status, 0) + count
        return statuses

    @property
    def _multiplier(self) -> str:
        return "CAST(k_unit_mult AS VARCHAR), " if "unit_mult" in self.observing.varying else ""

    def _account(self, total: int) -> None:
        """Every cell of a value column is an observation or a fault; a figure that is neither is our own fault."""
        (rows,) = self.connection.execute(
            f"SELECT count(*) FROM staged WHERE {self.observing.good_rows()}"
        ).fetchone() or (0,)
        (unread,) = self.connection.execute(
            "SELECT count(*) FROM faults f WHERE r IS NOT NULL AND "
            f"col IN ({', '.join(str(c.number) for c in self.value_columns)})"
        ).fetchone() or (0,)
        if total + unread != rows * len(self.value_columns):
            raise RuntimeError(
                f"{self.source.file}: {rows} rows of {len(self.value_columns)} figures gave {total} observations and "
                f"{unread} faults: some were lost or doubled on the way"
            )

    def _refuse_lacking(self) -> None:
        for name in self.observing.varying:
            column = self.observing.contract
            if name not in column.names or column[name].nullable or column[name].default is not None:
                continue
            if name == "obs_status" or not self.observing.may_lack(name):
                continue
            first = self.connection.execute(
                f"SELECT {self.observing.line()}, locator_column, printed, count(*) OVER () FROM observed "
                f"WHERE k_{name} IS NULL ORDER BY r LIMIT 1"
            ).fetchone()
            if first:
                raise self.source.refuse(
                    f"the layout gives no {name} for this figure", row=first[0], column=first[1], found=first[2],
                    todo=f"declare it in {self.table.source}: constants, a column or a rule.",
                    more=f"The same holds for {first[3] - 1} more figures." if first[3] > 1 else "",
                )  # fmt: skip

    def _refuse_large(self, largest: Any) -> None:
        observing = self.observing
        powers = (
            observing.values["unit_mult"] if "unit_mult" in observing.varying else [observing.constants["unit_mult"]]
        )
        if not largest or largest.adjusted() + max(map(int, powers)) < _LARGEST_POWER:
            return
        power = "CAST(k_unit_mult AS VARCHAR)" if "unit_mult" in observing.varying else f"'{powers[0]}'"
        first = self.connection.execute(
            f"SELECT {observing.line()}, locator_column, CAST(value AS VARCHAR), {power} FROM observed "
            f"WHERE CAST(abs(value) AS DOUBLE) * pow(10, CAST({power} AS INTEGER)) >= 1e{_LARGEST_POWER} "
            "ORDER BY r LIMIT 1"
        ).fetchone()
        if first:
            raise self.source.refuse(
                f"a figure larger than any economy has: with its unit, 10^{_LARGEST_POWER} or more", row=first[0],
                column=first[1], found=f"{first[2]} x 10^{first[3]}",
                todo="look for two figures run together, or for a wrong unit.",
            )  # fmt: skip

    @property
    def _sizes(self) -> dict[str, int]:
        return {name: max(1, len(self.observing.values[name])) for name in self.observing.key}

    @property
    def _pack(self) -> str:
        """SQL: the key as one number, in the order of sorting; different keys are different numbers."""
        space = 1
        for size in self._sizes.values():
            space *= size
        kind = "BIGINT" if space < 2**62 else "HUGEINT"
        packed = f"CAST(0 AS {kind})"
        for name, size in self._sizes.items():
            packed = f"({packed} * {size} + i_{name})"
        return packed

    def _count_keys(self, total: int) -> int:
        """How many different keys there are: one bit for each that could be, or counted where these are too many."""
        space = 1
        for size in self._sizes.values():
            space *= size
        if space <= _LARGEST_BITS:
            sql = f"SELECT bit_count(bitstring_agg({self._pack}, 0, {space})) FROM observed"
        else:
            sql = f"SELECT count(DISTINCT {self._pack}) FROM observed"
        (found,) = self.connection.execute(sql).fetchone() or (0,)
        return int(found or 0)

    _readable: str = "observed"

    def _settle_faults(self, dataset: str, vintage: str, *, stop: bool) -> pa.Table:
        """Stops at the first fault, or sets all aside."""
        if self.faults.count() and stop:
            raise self.faults.make_error()
        quarantine = self.faults.to_quarantine(dataset, vintage)
        if self.faults.count_cells():
            self._readable = (
                "(FROM observed ANTI JOIN (SELECT DISTINCT r, col FROM faults WHERE r IS NOT NULL) f "
                "ON observed.r = f.r AND observed.locator_column = f.col)"
            )
        if quarantine.num_rows:
            self.notices.append(f"{self.source.file}: {quarantine.num_rows} rows or cells are quarantined")
        return quarantine

    def _count_statuses(self, observed: str) -> dict[str, int]:
        return dict(
            self.connection.execute(
                f"SELECT CAST(obs_status AS VARCHAR), count(*) FROM {observed} GROUP BY 1"
            ).fetchall()
        )

    # --- files --------------------------------------------------------------------------------------------------------

    def _write(self, folder: Path, dataset: str, vintage: str, observations: int, facts: Facts) -> tuple[str, ...]:
        """Parquet files of about ROWS_A_FILE rows, each a range of the key, sorted within."""
        observing = self.observing
        constants = {"dataset": dataset, "vintage": vintage, **observing.constants}
        columns = {name: f"k_{name}" for name in [*observing.varying, "freq"]
                   if name not in ("obs_status", "note", "sign", "label") and name not in constants}  # fmt: skip
        columns |= {name: name for name in ("value", "decimals", "printed", "obs_status")}
        columns |= {"digits": "digits"} if observing.has_digits else {}
        columns |= {"lower": "lower", "upper": "upper"} if observing.has_ends else {}
        columns |= {"qualifier": "qualifier"} if observing.has_qualifiers else {}
        columns |= {"note": "note"} if observing.has_notes else {}
        columns["locator_row"] = f"CAST({observing.line()} AS INTEGER)"
        if len(self.value_columns) > 1:
            columns["locator_column"] = "locator_column"
        else:
            constants["locator_column"] = self.value_columns[0].number
        listed = ", ".join(f"{expression} AS {name}" for name, expression in columns.items())
        files = []
        for place, condition in enumerate(self._ranges(observations)):
            name = f"part-{place:03d}.parquet"
            self.connection.execute(
                f"COPY (SELECT {listed} FROM {self._readable} WHERE {condition} ORDER BY {self._pack}) "
                f"TO {quote_text(str(folder / name))} (FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2)"
            )
            files.append(name)
        scale = 10 if facts.value_type == WIDE else observing.form.scale
        write_sidecar(folder, constants, list(columns), self.source.place, scale, self.table.decimal_mark, observations)
        return tuple(files)

    def _ranges(self, observations: int) -> list[str]:
        """Conditions that cut the observations into files of about equal size, each a range of one column of the key.

        The column is the one that the publisher's file runs along (often the year): then each file needs only some of
        the staged rows. A value with too many figures for one file is cut by the whole key.
        """
        most = max(ROWS_A_FILE, observations // MOST_FILES)
        if observations <= most or not self.observing.key:
            return ["true"]
        place = f"i_{self._find_course(observations)}"
        counts = self.connection.execute(
            f"SELECT {place}, count(*), min(r), max(r) FROM {self._readable} GROUP BY {place} ORDER BY {place}"
        ).fetchall()
        groups: list[list[tuple[int, int, int, int]]] = []
        for row in counts:
            if not groups or sum(count for _, count, _, _ in (*groups[-1], row)) > 1.25 * most:
                groups.append([])
            groups[-1].append(row)
        ranges = []
        for group in groups:
            rows = f"r BETWEEN {min(row[2] for row in group)} AND {max(row[3] for row in group)}"
            condition = f"{place} BETWEEN {group[0][0]} AND {group[-1][0]} AND {rows}"
            count = sum(row[1] for row in group)
            cuts = self._cut(condition, count, -(-count // most)) if count > 1.5 * most else [""]
            ranges += [" AND ".join(filter(None, (condition, cut))) for cut in cuts]
        return ranges

    def _find_course(self, observations: int) -> str:
        """The column of the key whose values stand nearest together in the file, by some of its rows."""
        step = max(1, observations // 100_000)
        spans = {}
        for name in self.observing.key:
            (span,) = self.connection.execute(
                f"SELECT avg(span) FROM (SELECT max(r) - min(r) AS span FROM {self._readable} WHERE r % {step} = 0 "
                f"GROUP BY i_{name})"
            ).fetchone() or (None,)
            if len(self.observing.values[name]) > 1 and span is not None:
                spans[name] = span
        return min(spans, key=lambda name: spans[name], default=self.observing.key[0])

    def _cut(self, condition: str, count: int, parts: int) -> list[str]:
        """Conditions on the packed key that cut so many figures into parts of about equal size."""
        shares = ", ".join(f"{place / parts:.6f}" for place in range(1, parts))
        step = max(1, count // 200_000)
        (edges,) = self.connection.execute(
            f"SELECT quantile_disc({self._pack}, [{shares}]) FROM {self._readable} "
            f"WHERE {condition} AND hash(r) % {step} = 0"
        ).fetchone() or ([],)
        edges = sorted(set(edges))
        lows = ["", *(f"{self._pack} >= {edge}" for edge in edges)]
        highs = [*(f"{self._pack} < {edge}" for edge in edges), ""]
        return [" AND ".join(filter(None, pair)) for pair in zip(lows, highs, strict=True)]


def _make_digit(
    cluster: Cluster, texts: Sequence[str], values: Mapping[str, list[str]], is_asked: Callable[[str], bool]
) -> Digit:
    """What a column says alone as a small number: the place of its code among all codes (column i), or of its text
    where the text says several things; the last number is a text that is not known."""
    (column,) = cluster.columns
    names = list(filter(is_asked, cluster.names))
    said = {name: dict(zip((row[0] for row in cluster.rows), cluster.values_of(name), strict=True)) for name in names}
    if len(names) != 1:
        shown = {f"k{column}_{name}": _list_codes([said[name].get(text) for text in texts], name) for name in names}
        return Digit(len(texts) + 1, f"coalesce(enum_code(t{column}), {len(texts)})", shown)
    (name,) = names
    ranks = {code: place for place, code in enumerate(values[name])}
    last = len(ranks)
    places = [ranks.get(str(said[name].get(text)), last) for text in texts]
    place = f"enum_code(t{column})"
    if places != list(range(len(places))):  # the codes come in another order than the texts
        place = f"list_extract(CAST([{', '.join(map(str, places))}] AS INTEGER[]), {place} + 1)"
    place = f"coalesce({place}, {last})"
    return Digit(
        last + 1, place, {f"k{column}_{name}": _list_codes(values[name], name), f"i{column}_{name}": "{place}"}
    )


def _make_text_digit(column: int, texts: Sequence[str]) -> Digit:
    """The text of a column as its place among the texts; the last number is a text that is not known."""
    listed = ", ".join([*map(quote_text, texts), "NULL"]).replace("{", "{{").replace("}", "}}")
    return Digit(
        len(texts) + 1, f"coalesce(enum_code(t{column}), {len(texts)})",
        {f"t{column}": f"list_extract(CAST([{listed}] AS t{column}[]), {{place}} + 1)"},
    )  # fmt: skip


def _list_codes(codes: Sequence[object], name: str) -> str:
    """SQL: the code at a place; nothing at the last."""
    listed = ", ".join("NULL" if code is None else quote_text(str(code)) for code in [*codes, None])
    listed = listed.replace("{", "{{").replace("}", "}}")
    return f"list_extract(CAST([{listed}] AS o_{name}[]), {{place}} + 1)"
