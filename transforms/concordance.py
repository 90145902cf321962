"""Levels of one scheme as levels of another, by concordances.csv: nothing is spread by guess, nothing is invented.

A target is given a value only where everything it consists of is known: each of its parts has a weight, each source is
among the levels with a value, and nothing enters that the source scheme does not have. Otherwise its value is missing
(status O, or the status of the missing source) and the note names the parts. Weights are shares of the source, so the
parts of a split add up to 1 at most. A row without a target says that nothing in the target scheme takes the source.
"""

from __future__ import annotations

import duckdb

from transforms.codelists import codelist_rows
from transforms.errors import InputError

FILE = "transforms/codelists/concordances.csv"
NEEDED = ("item", "value", "obs_status")
# Why a part of a target is not known, and what is to be known of one that is. Columns of matched, below.
_WHY = """CASE WHEN is_known THEN NULL
    WHEN from_code = '' THEN concat(from_scheme, ' has nothing of it: ', part_note)
    WHEN weight IS NULL THEN concat_ws(': ', 'the part of ' || from_code || ' is not known', nullif(part_note, ''))
    WHEN is_listed THEN from_code || ' has no value'
    ELSE from_code || ' is not among the levels' END"""
_REMARK = "CASE WHEN is_known AND part_note <> '' THEN from_code || ': ' || part_note END"


def convert_levels(
    con: duckdb.DuckDBPyConnection, levels: str, from_scheme: str, to_scheme: str
) -> duckdb.DuckDBPyRelation:
    """The levels of a table or view (levels) of the connection, in another scheme.

    levels has item, value and obs_status; every other column is part of the key and is kept, so leave out what belongs
    to one figure only (printed, locator). The result has the key, item, value (the sum of the weighted parts, unit of
    the levels), obs_status, coverage (share of the parts that are known) and note; one row for each target that a
    listed item is part of. The connection needs the tables concordances and obs_status (create_codelists).
    Raises InputError: no such concordance, a column is missing, an item that the concordance does not know, two levels
    of one key.
    """
    keys = _find_keys(con, levels)
    _refuse_unknown_scheme(from_scheme, to_scheme)
    _refuse_unusable_levels(con, levels, keys, from_scheme, to_scheme)
    key = "".join(f'"{name}", ' for name in keys)
    same_key = "".join(f' AND l."{name}" IS NOT DISTINCT FROM k."{name}"' for name in keys)
    return con.sql(
        f"""WITH parts AS (
                SELECT * EXCLUDE (note_zh) RENAME (note_en AS part_note) FROM concordances
                WHERE from_scheme = $from_scheme AND to_scheme = $to_scheme AND to_code <> ''
            ), keys AS (
                SELECT DISTINCT {key} true AS is_key FROM {levels}
            ), matched AS (
                SELECT k.* EXCLUDE (is_key), p.*, l.value AS level, l.item IS NOT NULL AS is_listed,
                       l.value IS NOT NULL AND p.weight IS NOT NULL AS is_known,
                       (SELECT min(s.precedence) FROM obs_status s
                        WHERE list_contains(string_split(l.obs_status, ';'), s.code)) AS strength
                FROM keys k CROSS JOIN parts p LEFT JOIN {levels} l ON l.item = p.from_code{same_key}
            ), summed AS (
                SELECT {key} to_code AS item, bool_and(is_known) AS is_whole,
                       bool_and(is_listed AND weight IS NOT NULL) AS is_listed_whole,
                       sum(CAST(level AS DECIMAL(28, 10)) * weight) AS total,
                       min(strength) AS strength, min(strength) FILTER (WHERE level IS NULL) AS missing_strength,
                       count(*) FILTER (WHERE is_known) / count(*) AS coverage,
                       concat_ws('; ', 'no value: ' || string_agg({_WHY}, '; ' ORDER BY from_code),
                                 string_agg({_REMARK}, '; ' ORDER BY from_code)) AS note
                FROM matched
                GROUP BY ALL HAVING bool_or(is_listed)
            )
            SELECT {key} item, CASE WHEN is_whole THEN CAST(total AS DECIMAL(38, 10)) END AS value,
                   CASE WHEN is_whole THEN whole.code WHEN is_listed_whole THEN missing.code ELSE 'O' END AS obs_status,
                   coverage, summed.note
            FROM summed
            LEFT JOIN obs_status whole ON whole.precedence = strength
            LEFT JOIN obs_status missing ON missing.precedence = missing_strength
            ORDER BY ALL""",
        params={"from_scheme": from_scheme, "to_scheme": to_scheme},
    )


def _find_keys(con: duckdb.DuckDBPyConnection, levels: str) -> list[str]:
    """The columns of the levels that are no figure."""
    columns = con.table(levels).columns
    if missing := [name for name in NEEDED if name not in columns]:
        raise InputError(f"the levels have no column {missing[0]}", file=levels, column=missing[0],
                         found=", ".join(columns), todo=f"they need {', '.join(NEEDED)}.")  # fmt: skip
    return [name for name in columns if name not in NEEDED]


def _refuse_unknown_scheme(from_scheme: str, to_scheme: str) -> None:
    known = {(row["from_scheme"], row["to_scheme"]) for row in codelist_rows("concordances")}
    if (from_scheme, to_scheme) not in known:
        told = ", ".join(f"{a} to {b}" for a, b in sorted(known))
        raise InputError(f"there is no concordance from {from_scheme} to {to_scheme}", file=FILE,
                         found=f"{from_scheme} to {to_scheme}", todo=f"there are: {told}.")  # fmt: skip


def _refuse_unusable_levels(
    con: duckdb.DuckDBPyConnection, levels: str, keys: list[str], from_scheme: str, to_scheme: str
) -> None:
    """An item that would be lost without a word, and a level that would be counted twice."""
    lost = con.execute(
        f"""SELECT min(item) FROM {levels} ANTI JOIN (
                SELECT from_code FROM concordances WHERE from_scheme = ? AND to_scheme = ?) c ON item = from_code""",
        [from_scheme, to_scheme],
    ).fetchone()
    if lost and lost[0]:
        raise InputError(f"the concordance from {from_scheme} to {to_scheme} does not know the item", file=FILE,
                         found=lost[0], todo="leave the item out, or add a row that says what it is.")  # fmt: skip
    columns = ", ".join(f'"{name}"' for name in (*keys, "item"))
    twice = con.execute(
        f"SELECT {columns} FROM {levels} GROUP BY ALL HAVING count(*) > 1 ORDER BY ALL LIMIT 1"
    ).fetchone()
    if twice:
        raise InputError("two levels have one key", file=levels, found=", ".join(map(str, twice)),
                         todo="choose one of them, or keep the column that tells them apart.")  # fmt: skip
