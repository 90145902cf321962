"""What could not be read of a bulk file: one message that names the first place, or rows for the quarantine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import duckdb
import pyarrow as pa

from transforms.bulk.figures import MEND_BLANK
from transforms.bulk.said import Texts
from transforms.bulk.source import Source
from transforms.bulk.sql import list_texts, quote_text
from transforms.contract import load_contract
from transforms.errors import MOST_LISTED, InputError

_FETCH: Final = "look for a separator too many or too few, or an open quote, in the row; fetch the file again."
_PARSE: Final = {
    "MISSING COLUMNS": "the row has too few cells",
    "TOO MANY COLUMNS": "the row has too many cells",
    "UNQUOTED VALUE": "the quotes of a cell do not pair",
    "INVALID ENCODING": "the bytes are not UTF-8",
    "LINE SIZE OVER MAXIMUM": "the row is longer than any table's",
}
TWICE: Final = "the same figure stands twice"
CONTRADICTING: Final = "two figures stand for one thing"
_TWICE_TODO: Final = "declare the column that tells them apart, or have the publisher correct the file."


_MOST_KINDS: Final = 2000  # different texts that are listed; of a wrong delimiter or column every row is another


@dataclass(frozen=True)
class FaultKind:
    """Faults that are alike: what was found, how often, and the first rows and columns (0: the row as a whole).

    count of a kind without places: faults like the one before, whose texts are too many to be listed.
    """

    problem: str
    todo: str
    found: str
    count: int
    places: tuple[tuple[int, int], ...]


class Faults:
    """The table faults of a scratch database: line, column, found, problem, todo."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, source: Source) -> None:
        self.connection, self.source = connection, source
        connection.execute(
            "CREATE TABLE faults (line BIGINT, r BIGINT, col INTEGER, found VARCHAR, problem VARCHAR, todo VARCHAR)"
        )

    def add_rejected(self) -> list[int]:
        """Rows that are no rows of the table. Returns the lines of all rows left out, blank ones included."""
        if self.source.kind == "parquet":
            return []
        rows = self.connection.execute(
            "SELECT line, any_value(error_type), any_value(csv_line) FROM reject_errors GROUP BY line ORDER BY line"
        ).fetchall()
        for line, kind, content in rows:
            if content is not None and not content.strip():
                continue  # a line of blanks
            shown = (content or "").strip().split("\n")[0]
            self.connection.execute(
                "INSERT INTO faults VALUES (?, NULL, NULL, ?, ?, ?)",
                [line, shown[:200], _PARSE.get(kind, f"the row cannot be parsed ({kind.lower()})"), _FETCH],
            )
        return [line for line, _, _ in rows]

    def add_texts(self, texts: Texts, line: str, wanted: str) -> None:
        """Rows with a text that says nothing known: the first such column of each row."""
        by_column: dict[int, list[str]] = {}
        for fault in texts.faults:
            by_column.setdefault(fault.column.number, []).append(fault.text)
        for place, (number, bad) in enumerate(by_column.items()):
            before = " AND ".join(
                f"t{other} NOT IN ({list_texts(by_column[other])})" for other in list(by_column)[:place]
            )
            self.connection.execute("CREATE OR REPLACE TABLE bad (text VARCHAR, problem VARCHAR, todo VARCHAR)")
            self.connection.executemany(
                "INSERT INTO bad VALUES (?, ?, ?)",
                [(f.text, f.problem, f.todo) for f in texts.faults if f.column.number == number],
            )
            self.connection.execute(
                f"INSERT INTO faults SELECT {line}, r, {number}, trim(text), problem, todo "
                f"FROM staged JOIN bad ON CAST(t{number} AS VARCHAR) = bad.text "
                f"WHERE t{number} IN ({list_texts(bad)}) AND {wanted}{f' AND {before}' if before else ''}"
            )

    def add_unread(self, unread: str, line: str, declared: int | None) -> int:
        """Cells that are neither figures nor known blanks; unread: a SELECT of row, column, text, problem, todo.

        Returns how many there are.
        """
        before = self.count()
        finer = quote_text(f"the figure is finer than the decimals that the layout declares ({declared})")
        self.connection.execute(
            f"INSERT INTO faults SELECT {line}, r, c, found, "
            f"CASE WHEN finer THEN {finer} "
            "WHEN problem IS NULL AND found = '' THEN 'a blank that the layout does not know' "
            "WHEN problem IS NULL THEN 'a blank mark where the layout does not allow it' ELSE problem END, "
            "CASE WHEN finer THEN 'look for two figures run together; or correct decimals in the layout, or leave it "
            f"out.' ELSE coalesce(todo, {quote_text(MEND_BLANK)}) END FROM ({unread})"
        )
        return self.count() - before

    def add_statuses(self, statuses: Sequence[str], observed: str, line: str, *, empty: bool) -> None:
        """Figures with a status of missing values, or blanks with a status of figures."""
        problem = "a status that needs a figure, and no figure" if empty else "a figure with a status of missing values"
        self.connection.execute(
            f"INSERT INTO faults SELECT {line}, r, locator_column, CAST(obs_status AS VARCHAR), {quote_text(problem)}, "
            "'look at the figure and its status in the row; map the status in the layout if it means something else.' "
            f"FROM {observed} WHERE obs_status IN ({list_texts(statuses)}) AND value IS {'' if empty else 'NOT '}NULL"
        )

    def add_repeats(self, observed: str, pack: str, line: str, first_line: str, kept: str) -> None:
        """Figures for one key: all where they contradict one another, all but the first where they are equal."""
        self.connection.execute(
            f"CREATE OR REPLACE TABLE repeats AS SELECT {pack} AS pack, min(r * 32768 + locator_column) AS first, "
            f"count(DISTINCT (value, {kept}CAST(obs_status AS VARCHAR))) > 1 OR (count(value) > 0 AND count(*) > "
            f"count(value)) AS differ FROM {observed} GROUP BY pack HAVING count(*) > 1"
        )
        self.connection.execute(
            f"INSERT INTO faults SELECT {line}, r, locator_column, coalesce(CAST(value AS VARCHAR), printed), "
            f"CASE WHEN differ THEN {quote_text(CONTRADICTING)} ELSE {quote_text(TWICE)} END || ' (first in row ' || "
            f"CAST({first_line} AS VARCHAR) || ')', {quote_text(_TWICE_TODO)} "
            f"FROM {observed} JOIN repeats ON {pack} = repeats.pack "
            "WHERE differ OR r * 32768 + locator_column <> first"
        )

    def count(self) -> int:
        (found,) = self.connection.execute("SELECT count(*) FROM faults").fetchone() or (0,)
        return int(found)

    def count_cells(self) -> int:
        (found,) = self.connection.execute("SELECT count(*) FROM faults WHERE r IS NOT NULL").fetchone() or (0,)
        return int(found)

    def list_kinds(self) -> tuple[FaultKind, ...]:
        """All faults, those that are alike together, in the order of their first rows."""
        place = "line * 32768 + coalesce(col, 0)"
        alike = "regexp_replace(problem, ' \\(first in row [0-9]+\\)$', '')"
        rows = self.connection.execute(
            f"SELECT {alike}, todo, coalesce(found, ''), count(*), min({place}, 5) AS places FROM faults "
            f"GROUP BY ALL ORDER BY places[1], 1, 3"
        ).fetchmany(_MOST_KINDS + 1)
        kinds = [
            FaultKind(problem, todo, found, count, tuple(divmod(place, 32768) for place in places))
            for problem, todo, found, count, places in rows[:_MOST_KINDS]
        ]
        if (rest := self.count() - sum(kind.count for kind in kinds)) and kinds:
            kinds.append(FaultKind("more places like these", "mend those above first.", "", rest, ()))
        return tuple(kinds)

    def make_error(self) -> InputError:
        """The first fault in full, the places of the next after it, and how many there are."""
        rows = self.connection.execute(
            f"SELECT line, col, found, problem, todo FROM faults ORDER BY line, col NULLS FIRST LIMIT {MOST_LISTED}"
        ).fetchall()
        total = self.count()
        line, column, found, problem, todo = rows[0]
        if total > 1:
            others = ", ".join(
                f"R{row[0]}{f'C{row[1]}' if row[1] else ''}{f' {row[2][:40]!r}' if row[2] else ''}" for row in rows[1:]
            )
            more = f"; and {total - len(rows)} more" if total > len(rows) else ""
            problem = f"{problem} (and {total - 1} more such place(s): {others}{more})"
        return self.source.refuse(problem, row=line, column=column, found=found, todo=todo)

    def to_quarantine(self, dataset: str, vintage: str) -> pa.Table:
        """The faults by the contract of the quarantine, each with its whole row, in the order of the file."""
        schema = load_contract("quarantine").arrow_schema()
        if not self.count():
            return schema.empty_table()
        names = [f"c{n}" for n in range(1, self.source.width + 1)]
        content = (
            f"concat_ws(' | ', {', '.join(f'nullif(trim(CAST({name} AS VARCHAR)), {chr(39) * 2})' for name in names)})"
        )
        self.connection.execute(
            "CREATE OR REPLACE TABLE contents AS SELECT r, content FROM "
            f"(SELECT row_number() OVER () - 1 AS r, {content} AS content FROM {self.source.relation()}) "
            "SEMI JOIN faults USING (r)"
        )
        rows = self.connection.execute(
            f"SELECT {quote_text(dataset)} AS dataset, {quote_text(vintage)} AS vintage, "
            f"{quote_text(self.source.file)} AS file, {quote_text(self.source.member)} AS sheet, line AS row, "
            "coalesce(CAST(col AS VARCHAR), '') AS \"column\", "
            "problem || '. ' || todo AS reason, found, CASE WHEN f.r IS NULL THEN found ELSE content END AS content "
            "FROM faults f LEFT JOIN contents USING (r) ORDER BY line, col NULLS FIRST"
        ).to_arrow_table()
        return rows.select(schema.names).cast(schema)
