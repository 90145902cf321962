"""The observations of a staged file as one SELECT: what is said of each figure, its status, its place.

Codes are enumerations throughout: small numbers that sort, compare and go to Parquet as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

import duckdb
import pyarrow as pa

from transforms.bulk.figures import WIDE, NumberForm, declared_decimals, end_of_cut, is_cut
from transforms.bulk.said import Cluster, FigureColumn, Texts, possible_values
from transforms.bulk.source import Source
from transforms.bulk.sql import create_enum, list_members, list_texts, quote_text
from transforms.codelists import join_statuses, load_codelist
from transforms.contract import load_contract
from transforms.layout import BLANK, PREVIOUS, Blank, Layout, Rule, make_blank
from transforms.patterns import is_pattern, match_text
from transforms.periods import find_freq, find_year_before

# What a layout says of a figure, column by column; the rest of the contract is the reading's own.
SAID: Final = (
    *(
        "geo",
        "partner",
        "flow",
        "item",
        "activity",
        "mode",
        "period",
        "base_period",
        "measure",
        "basis",
        "price",
        "unit",
    ),
    *("adjustment", "reference", "unit_mult", "method", "n", "conf_status", "obs_status", "note", "sign", "label"),
)
# The key columns in the order in which observations are sorted; freq follows from the period.
SORTED: Final = (
    *("item", "geo", "partner", "flow", "activity", "mode", "measure", "basis", "price", "unit", "adjustment"),
    *("reference", "period", "base_period"),
)
_HELPERS: Final = ("obs_status", "note", "sign", "label")  # said, but not copied as they are
_FREE: Final = {"obs_status": "", "note": "", "sign": "", "label": ""}  # what holds where nothing is said
_TURNED: Final = "printed with the opposite sign"
REVERSED: Final = "reversed"


@dataclass(frozen=True)
class Facts:
    """What the data themselves decide about the SELECT.

    rest: value columns with texts that were read in Python; value_type: type of the values; coarse: whether unrounded
    numbers lose digits that count; gaps: rows of the file that are not staged; bad_texts: column -> texts that say
    nothing known; finer: value columns with figures finer than their declared decimals; coded: columns whose codes are
    staged; has_texts: whether some figures are not in canonical form; has_keep: whether rows are left out.
    """

    rest: frozenset[int]
    value_type: str
    coarse: bool
    gaps: tuple[int, ...]
    bad_texts: Mapping[int, tuple[str, ...]]
    finer: frozenset[int]
    coded: Mapping[int, Cluster]
    has_texts: bool
    has_keep: bool


class Observing:
    """Builds the SELECT over the table staged. After create_types() and create_dimensions(), select() is the SQL."""

    def __init__(
        self,
        source: Source,
        layout: Layout,
        texts: Texts,
        figures: Sequence[FigureColumn],
        form: NumberForm,
        facts: Facts,
    ) -> None:
        self.source, self.layout, self.table = source, layout, layout.table
        self.texts, self.figures, self.form, self.facts = texts, figures, form, facts
        self.unread: set[int] = set()  # value columns with cells that are neither figures nor known blanks
        self.contract = load_contract("observations")
        self.blanks: list[Blank] = [make_blank(said) for said in self.table.blanks.values()]
        self.blanks += [make_blank(said) for scoped in self.table.blanks_where for said in scoped.blanks.values()]
        self.blanks = list(dict.fromkeys(self.blanks))
        conditions = [rule.when for rule in self.table.rules] + [scoped.when for scoped in self.table.blanks_where]
        self.asked = {name for when in conditions for name in when}
        self.unsaid = {n for rule in self.table.rules for n, codes in rule.when.items() if BLANK in _listed(codes)}

    # --- what varies and what does not --------------------------------------------------------------------------------

    @cached_property
    def values(self) -> dict[str, list[str]]:
        """Every value that each column said of figures can take, sorted."""
        names = [name for name in SAID if name != "note" and (name != "label" or "label" in self.asked)]
        return {name: list_values(self.figures, self.layout, name) for name in names}

    @cached_property
    def varying(self) -> list[str]:
        """The names that are columns of the SELECT; the others are constants."""
        return [name for name in self.values if not self._is_constant(name)]

    def _is_constant(self, name: str) -> bool:
        if any(name in rule.then for rule in self.table.rules) or name in self.unsaid:
            return False
        if any(name in cluster.names for figure in self.figures for cluster in figure.clusters):
            return False
        return len({figure.constants.get(name) for figure in self.figures}) == 1 and not (
            name == "base_period" and PREVIOUS in self.values[name]
        )

    @cached_property
    def constants(self) -> dict[str, Any]:
        """Columns of the contract that are the same for every observation. Raises InputError where one lacks."""
        constants: dict[str, Any] = {"table_id": self.table_id}
        for name in self.values:
            if name in self.varying or name in _HELPERS:
                continue
            value = self.figures[0].constants.get(name, self.contract[name].default)
            if value is None and not self.contract[name].nullable:
                raise self.source.refuse(
                    f"the layout gives no {name} for this figure", row=self.source.skip + 1,
                    column=self.figures[0].number,
                    todo=f"declare it in {self.table.source}: constants, a column or a rule.",
                )  # fmt: skip
            constants[name] = value
        if not self.has_notes:
            constants["note"] = self._said_note(self.figures[0])
        if "period" in constants or len(set(self.freqs)) == 1:
            constants["freq"] = find_freq(constants["period"]) if "period" in constants else self.freqs[0]
        if not self.has_qualifiers:
            constants["qualifier"] = ""
        return constants

    @property
    def table_id(self) -> str:
        return self.table.table_id.replace("{file}", self.source.stem) or self.source.stem

    @property
    def freqs(self) -> list[str]:
        return [find_freq(period) for period in self.values["period"]]

    @property
    def has_qualifiers(self) -> bool:
        return bool(self.facts.rest)

    @property
    def has_ends(self) -> bool:
        """Whether intervals are stored: they do not follow from the printed decimals alone."""
        bounded = any(blank.lower is not None or blank.upper is not None for blank in self.blanks)
        return bounded or self.has_reversed or self.facts.coarse or bool(self.facts.rest)

    @property
    def has_reversed(self) -> bool:
        return REVERSED in self.values["sign"]

    @property
    def has_notes(self) -> bool:
        """Whether notes differ from figure to figure."""
        return bool(
            any(rule.reason for rule in self.table.rules)
            or self.has_reversed
            or any(figure.notes for figure in self.figures)
            or any("note" in cluster.names for figure in self.figures for cluster in figure.clusters)
            or len({self._said_note(figure) for figure in self.figures}) > 1
        )

    def _said_note(self, figure: FigureColumn) -> str:
        return str(figure.constants.get("note", ""))

    @property
    def key(self) -> list[str]:
        """The columns that tell the observations of this file apart, in the order of sorting."""
        return [name for name in SORTED if name in self.varying]

    # --- types and dimensions -----------------------------------------------------------------------------------------

    def _is_coded(self, cluster: Cluster) -> bool:
        """Whether the codes of the cluster are staged in place of its texts."""
        return self.facts.coded.get(cluster.columns[0]) == cluster

    def may_lack(self, name: str) -> bool:
        """Whether nothing may be said of a name that has no default."""
        for figure in self.figures:
            given = [cluster.values_of(name) for cluster in figure.clusters if name in cluster.names]
            if any(None in values for values in given) or not (given or figure.constants.get(name) is not None):
                return True
        return False

    def create_types(self, connection: duckdb.DuckDBPyConnection) -> None:
        staged = {name for cluster in self.facts.coded.values() for name in cluster.names}
        for name in self.varying:
            if name in staged:
                continue
            create_enum(connection, f"o_{name}", self.values[name])
        if "freq" not in self.constants:
            create_enum(connection, "o_freq", set(self.freqs))
        statuses = {status for figure in self.figures for status in self._statuses(figure)}
        create_enum(connection, "o_status", statuses)

    def create_dimensions(self, connection: duckdb.DuckDBPyConnection) -> None:
        """For clusters whose codes are not staged a small table: the texts, and what they say together."""
        for figure in self.figures:
            for place, cluster in enumerate(figure.clusters):
                if self._is_coded(cluster):
                    continue
                names = [name for name in cluster.names if name in self.values or name == "note"]
                columns = [f"t{n} t{n}" for n in cluster.columns]
                columns += [f"k_{name} {'VARCHAR' if name == 'note' else f'o_{name}'}" for name in names]
                table = f"dim_{figure.number}_{place}"
                connection.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
                places = [*range(len(cluster.columns)), *(len(cluster.columns) + cluster.names.index(n) for n in names)]
                values = [[None if row[p] is None else str(row[p]) for row in cluster.rows] for p in places]
                batch = pa.table(
                    [pa.array(column, pa.string()) for column in values], names=[f"x{n}" for n in range(len(places))]
                )
                connection.register("batch", batch)
                connection.execute(f"INSERT INTO {table} FROM batch")
                connection.unregister("batch")

    # --- the SELECT ---------------------------------------------------------------------------------------------------

    def select(self) -> str:
        """All observations: what varies, the figure, the status, the row (from 0) and the column."""
        return "\nUNION ALL\n".join(self._select_column(figure) for figure in self.figures)

    def _select_column(self, figure: FigureColumn) -> str:
        sql = self._select_said(figure)
        for rule in self.table.rules:
            sql = self._apply(rule, figure, sql)
        sql = self._finish_periods(sql)
        return self._select_figures(figure, sql)

    def good_rows(self) -> str:
        """SQL: the row is wanted, and all its texts are known."""
        parts = ["kept"] if self.facts.has_keep else []
        parts += [f"t{n} NOT IN ({list_members(texts, f't{n}')})" for n, texts in self.facts.bad_texts.items() if texts]
        return " AND ".join(parts) or "true"

    def _select_said(self, figure: FigureColumn) -> str:
        n = figure.number
        columns = [f"s.r, s.v{n} AS v, s.d{n} AS d, s.b{n} AS b, s.p{n} AS p"]
        columns.append(f"s.t{figure.status} AS status_text" if figure.status else "NULL AS status_text")
        joins = []
        for place, cluster in enumerate(figure.clusters):
            if self._is_coded(cluster):
                continue
            condition = " AND ".join(f"s.t{c} = d{place}.t{c}" for c in cluster.columns)
            joins.append(f"JOIN dim_{n}_{place} d{place} ON {condition}")
        for name in self.varying:
            expression = self._said_expression(figure, name)
            default = self.contract[name].default if name in self.contract.names else None
            default = _FREE.get(name, default)
            columns.append(
                f"coalesce({expression}, {self._literal(name, default)}) AS k_{name}" if default is not None
                else f"{expression} AS k_{name}"
            )  # fmt: skip
            if name in self.unsaid:
                columns.append(f"{expression} IS NULL AS u_{name}")
            if staged := self._staged_place(figure, name):
                columns.append(f"{staged} AS i_{name}")
        if self.has_notes:
            parts = [self._said_expression(figure, "note", quote_text(self._said_note(figure)))]
            parts += [f"CASE WHEN s.x{c} <> '' THEN {quote_text(prefix)} || s.x{c} END" for c, prefix in figure.notes]
            columns.append(f"{_join_notes(parts)} AS note")
        rows = f"(FROM staged WHERE {self.good_rows()})"
        return f"SELECT {', '.join(columns)}\nFROM {rows} s {' '.join(joins)}"

    def _staged_place(self, figure: FigureColumn, name: str) -> str:
        """SQL: the place of a column of the key among its values, where it is staged and nothing changes it; or ''."""
        for cluster in figure.clusters:
            if name in cluster.names and name in self.key and self._is_coded(cluster):
                alone = [other for other in cluster.names if other != "label" or "label" in self.asked] == [name]
                ruled = any(name in rule.then for rule in self.table.rules) or PREVIOUS in self.values[name]
                if alone and not ruled and None not in cluster.values_of(name):
                    return f"s.i{cluster.columns[0]}_{name}"
        return ""

    def _said_expression(self, figure: FigureColumn, name: str, missing: str = "NULL") -> str:
        for place, cluster in enumerate(figure.clusters):
            if name in cluster.names:
                return f"s.k{cluster.columns[0]}_{name}" if self._is_coded(cluster) else f"d{place}.k_{name}"
        if name == "note":
            return missing
        value = figure.constants.get(name)
        return self._literal(name, None if value is None else str(value))

    def _literal(self, name: str, value: str | None) -> str:
        return f"CAST(NULL AS o_{name})" if value is None else f"CAST({quote_text(value)} AS o_{name})"

    def _condition(self, when: Mapping[str, Any], figure: FigureColumn, *, with_unsaid: bool) -> str:
        """SQL of what a rule asks for; 'true' or 'false' where constants decide it."""
        parts = []
        for name, wanted in when.items():
            codes = _listed(wanted)
            if name == "printed":
                parts.append(self._ask_printed(codes))
                continue
            if name == "freq":
                name, codes = "period", [p for p in self.values["period"] if find_freq(p) in codes]
            if name in self.varying:
                fitting = [value for value in self.values[name] if _fits(value, codes)]
                part = f"k_{name} IN ({list_members(fitting, f'o_{name}')})" if fitting else "false"
                if with_unsaid and BLANK in codes:
                    part = f"({part} OR u_{name})"
                parts.append(f"coalesce({part}, false)")
            else:
                own = {"heading": figure.found.heading, "sheet": "", "table_id": self.table_id}
                value = own[name] if name in own else figure.constants.get(name, _FREE.get(name, self._default(name)))
                if not _fits(str(value), codes):
                    return "false"
        return " AND ".join(parts) or "true"

    def _default(self, name: str) -> str | None:
        return self.contract[name].default if name in self.contract.names else None

    def _ask_printed(self, codes: Sequence[Any]) -> str:
        text = f"coalesce(p, CASE WHEN b IS NULL THEN {self.compose('v', 'd')} ELSE CAST(b AS VARCHAR) END)"
        plain = [str(code) for code in codes if not is_pattern(str(code))]
        parts = [f"{text} IN ({list_texts(plain)})"] if plain else []
        parts += [
            f"regexp_full_match({text}, {quote_text(code[1:-1])}, 'i')" for code in codes if is_pattern(str(code))
        ]
        return f"({' OR '.join(parts)})"

    def compose(self, value: str, digits: str) -> str:
        """SQL: the canonical text of a figure, from its value and the decimals it was printed with."""
        return compose_text(value, digits, self.form.scale, self.table.decimal_mark)

    def _apply(self, rule: Rule, figure: FigureColumn, sql: str) -> str:
        condition = self._condition(rule.when, figure, with_unsaid=True)
        if condition == "false":
            return sql
        replaced = [
            f"CASE WHEN {condition} THEN {self._literal(name, str(value))} ELSE k_{name} END AS k_{name}"
            for name, value in rule.then.items()
        ]
        replaced += [f"u_{name} AND NOT ({condition}) AS u_{name}" for name in rule.then if name in self.unsaid]
        if rule.reason:
            note = _join_notes(["note", quote_text(rule.reason)])
            replaced.append(f"CASE WHEN {condition} THEN {note} ELSE note END AS note")
        return f"SELECT * REPLACE ({', '.join(replaced)}) FROM (\n{sql})" if replaced else sql

    def _finish_periods(self, sql: str) -> str:
        added, replaced = [], ""
        if "freq" not in self.constants:
            added.append(f"{self._look_up('period', self.freqs, 'o_freq')} AS k_freq")
        if "base_period" in self.varying and PREVIOUS in self.values["base_period"]:
            if "period" in self.varying:
                before = self._look_up("period", [find_year_before(p) for p in self.values["period"]], "o_base_period")
            else:
                before = self._literal("base_period", find_year_before(self.constants["period"]))
            chosen = f"CASE WHEN k_base_period = '{PREVIOUS}' THEN {before} ELSE k_base_period END"
            replaced = f" REPLACE ({chosen} AS k_base_period)"
        return f"SELECT *{replaced}{''.join(', ' + a for a in added)} FROM (\n{sql})" if added or replaced else sql

    def _look_up(self, name: str, values: Sequence[str], kind: str) -> str:
        return f"list_extract(CAST([{list_texts(values)}] AS {kind}[]), enum_code(k_{name}) + 1)"

    # --- figures, blanks, statuses ------------------------------------------------------------------------------------

    def _select_figures(self, figure: FigureColumn, sql: str) -> str:
        """The last step: blanks told from figures, values with their decimals, statuses."""
        n, rest = figure.number, figure.number in self.facts.rest
        mark = "coalesce(b, TRY_CAST(f.mark AS marks))" if rest else "b"
        join = f" LEFT JOIN figures_{n} f ON p = f.text" if rest else ""
        sql = f"SELECT q.*, {'f.*, ' if rest else ''}{self._blank_index(figure, mark)} AS blank FROM (\n{sql}) q{join}"
        read = f"coalesce(CAST(v AS {self.facts.value_type}), CAST(value AS {self.facts.value_type}))" if rest else (
            "v" if self.facts.value_type == self.form.type else f"CAST(v AS {self.facts.value_type})"
        )  # fmt: skip
        value = f"CASE WHEN blank = 0 THEN {self._rounded(read, figure)}{self._blank_part('value')} END"
        decimals = self._decimals_of(figure, rest)
        printed = "CASE WHEN blank <> 0 OR v IS NULL THEN b END"
        if self.facts.has_texts or self.has_reversed:  # otherwise the marks stay an enumeration, which is faster
            printed = f"coalesce({'printed, ' if rest else ''}p, CAST({printed} AS VARCHAR))"
        lower, upper = self._ends(figure, rest)
        note = "note"
        if self.has_reversed:
            turned = f"k_sign = '{REVERSED}'" if "sign" in self.varying else "true"
            if "sign" in self.varying or figure.constants.get("sign") == REVERSED:
                printed = f"CASE WHEN {turned} THEN coalesce({printed}, {self.compose('v', 'd')}) ELSE {printed} END"
                half = half_unit(decimals)
                low = f"coalesce({lower}, CAST({value} AS {WIDE}) - {half})"
                high = f"coalesce({upper}, CAST({value} AS {WIDE}) + {half})"
                lower, upper = (f"CASE WHEN {turned} THEN -({high}) ELSE {lower} END",
                                f"CASE WHEN {turned} THEN -({low}) ELSE {upper} END")  # fmt: skip
                value = f"CASE WHEN {turned} THEN -({value}) ELSE {value} END"
                note = f"CASE WHEN {turned} THEN {_join_notes(['note', quote_text(_TURNED)])} ELSE note END"
        columns = ["r", f"CAST({n} AS SMALLINT) AS locator_column"]
        columns += [f"k_{name}" for name in self.varying if name not in _HELPERS]
        columns += [
            f"i_{name}" if self._staged_place(figure, name) else f"CAST(enum_code(k_{name}) AS BIGINT) AS i_{name}"
            for name in self.key
        ]
        columns += ["k_freq"] if "freq" not in self.constants else []
        columns += [f"CAST({value} AS {self.facts.value_type}) AS value", f"CAST({decimals} AS TINYINT) AS decimals"]
        columns += ["d AS digits"] if self.has_digits else []
        columns += [f"{printed} AS printed"]
        columns += [f"{lower} AS lower", f"{upper} AS upper"] if self.has_ends else []
        columns += [f"coalesce({'qualifier' if rest else 'NULL'}, '') AS qualifier"] if self.has_qualifiers else []
        columns += [f"{self._status(figure)} AS obs_status", *([f"{note} AS note"] if self.has_notes else [])]
        some = f"\nWHERE {self.is_read(figure)}" if n in self.unread else ""
        return f"SELECT {', '.join(columns)} FROM (\n{sql}){some}"

    def may_be_unread(self, figure: FigureColumn) -> bool:
        """Whether there can be cells that are neither figures nor known blanks."""
        n = figure.number
        return bool(self.table.blanks_where) or n in self.facts.rest or n in self.facts.finer

    def is_read(self, figure: FigureColumn) -> str:
        """SQL: the cell is a blank that the layout knows, or a figure that could be read."""
        rest = " OR value IS NOT NULL" if figure.number in self.facts.rest else ""
        finer = f" AND NOT ({self.finer_than_declared(figure, 'v')})" if figure.number in self.facts.finer else ""
        return f"(blank <> 0 OR ((v IS NOT NULL{rest}){finer}))"

    def select_unread(self, figure: FigureColumn) -> str:
        """The cells of a value column that are neither: row, text, problem, todo."""
        sql = self._select_said(figure)
        for rule in self.table.rules:
            sql = self._apply(rule, figure, sql)
        sql = self._finish_periods(sql)
        n, rest = figure.number, figure.number in self.facts.rest
        mark = "coalesce(b, TRY_CAST(f.mark AS marks))" if rest else "b"
        join = f" LEFT JOIN figures_{n} f ON p = f.text" if rest else ""
        found = f"coalesce(p, CASE WHEN v IS NULL THEN CAST(b AS VARCHAR) END, {self.compose('v', 'd')})"
        return (
            f"SELECT r, {n} AS c, trim({found}) AS found, {'problem' if rest else 'NULL'} AS problem, "
            f"{'todo' if rest else 'NULL'} AS todo, v IS NOT NULL AS finer FROM (\n"
            f"SELECT q.*, {'f.*, ' if rest else ''}{self._blank_index(figure, mark)} AS blank FROM (\n{sql}) q{join})\n"
            f"WHERE NOT {self.is_read(figure)}"
        )

    @property
    def has_digits(self) -> bool:
        """Whether the decimals that the text shows are stored apart, because others are declared."""
        return self.table.precision == "stored" or any(
            declared_decimals(self.table, figure.found) is not None for figure in self.figures
        )

    def _decimals_of(self, figure: FigureColumn, rest: bool) -> str:
        declared = declared_decimals(self.table, figure.found)
        if declared is not None:
            known = f"CASE WHEN v IS NOT NULL THEN {declared} {'ELSE decimals' if rest else ''} END"
            return f"CASE WHEN blank = 0 THEN {known} END"
        own = "NULL" if self.table.precision == "stored" else "d"
        return f"CASE WHEN blank = 0 THEN {f'coalesce({own}, decimals)' if rest else own} END"

    def _rounded(self, read: str, figure: FigureColumn) -> str:
        declared = declared_decimals(self.table, figure.found)
        if declared is None or not self.source.types[figure.number - 1]:
            return read
        return f"CAST(round({read}, {declared}) AS {self.facts.value_type})"

    def finer_than_declared(self, figure: FigureColumn, value: str) -> str:
        """SQL: the figure has digits that the declared decimals do not hold."""
        return finer_than(value, declared_decimals(self.table, figure.found), self.source.types[figure.number - 1])

    def _ends(self, figure: FigureColumn, rest: bool) -> tuple[str, str]:
        """Ends of intervals that do not follow from the decimals; NULL where they do, or where there is none."""
        ends = []
        for name, step in (("lower", "-"), ("upper", "+")):
            parts = [f"WHEN blank = 0 THEN {name}"] if rest else []
            if self.facts.coarse:
                cut = is_cut("v", "p", self.table, self.source.types[figure.number - 1])
                cut = f"d IS NULL AND v IS NOT NULL AND {cut}"
                parts.insert(0, f"WHEN blank = 0 AND {cut} THEN {end_of_cut('v', step)}")
            for place, blank in enumerate(self.blanks, 1):
                end = getattr(blank, name)
                parts += [f"WHEN blank = {place} THEN CAST('{Decimal(str(end))}' AS {WIDE})"] if end is not None else []
            ends.append(f"CASE {' '.join(parts)} END" if parts else f"CAST(NULL AS {WIDE})")
        return ends[0], ends[1]

    def _blank_index(self, figure: FigureColumn, mark: str) -> str:
        """SQL: which of self.blanks the cell is, from 1; 0 for a figure."""
        cases = []
        for scoped in self.table.blanks_where:
            condition = self._condition(scoped.when, figure, with_unsaid=False)
            for text, said in scoped.blanks.items():
                place = self.blanks.index(make_blank(said)) + 1
                cases.append(f"WHEN {mark} = {list_members([text], 'marks')} AND {condition} THEN {place}")
        for text, said in self.table.blanks.items():
            cases.append(
                f"WHEN {mark} = {list_members([text], 'marks')} THEN {self.blanks.index(make_blank(said)) + 1}"
            )
        if not cases:
            return "0"
        return f"CASE WHEN {mark} IS NULL THEN 0 {' '.join(cases)} ELSE 0 END"

    def _blank_part(self, name: str) -> str:
        return "".join(
            f" WHEN blank = {place} THEN CAST('{Decimal(str(blank.value))}' AS {self.facts.value_type})"
            for place, blank in enumerate(self.blanks, 1)
            if blank.value is not None
        )

    def _status_parts(self, figure: FigureColumn) -> tuple[list[str | None], list[str]]:
        """What the status column says, text by text, and what constants and rules can say."""
        if figure.status:
            known = self.texts.statuses[figure.status]
            given = [known.get(text) for text in sorted(self.texts.counts[figure.status])]
        else:
            given = [""]
        if "obs_status" in self.varying:
            return given, self.values["obs_status"]
        return given, [str(figure.constants.get("obs_status", ""))]

    def _statuses(self, figure: FigureColumn) -> list[str]:
        """The status of every combination of blank mark, status text and ruled status, in the order of _status."""
        needs_value = {row["code"] for row in load_codelist("obs_status").rows if row["value_rule"] == "required"}
        given, ruled = self._status_parts(figure)
        found = []
        for blank in (None, *self.blanks):
            empty = blank is not None and blank.value is None
            for status in given:
                for rule in ruled:
                    said = [code for code in rule.split(";") if not (empty and code in needs_value)]
                    parts = (blank.status if blank else "", status or "", *said)
                    codes = [code for part in parts for code in part.split(";") if code]
                    found.append(join_statuses(codes) if codes else "A")
        return found

    def _status(self, figure: FigureColumn) -> str:
        given, ruled = self._status_parts(figure)
        place = "blank"
        if figure.status:
            place = f"({place} * {len(given)} + enum_code(status_text))"
        if len(ruled) > 1 or "obs_status" in self.varying:
            place = f"({place} * {len(ruled)} + enum_code(k_obs_status))"
        return f"list_extract(CAST([{list_texts(self._statuses(figure))}] AS o_status[]), {place} + 1)"

    # --- rows and places ----------------------------------------------------------------------------------------------

    def line(self, row: str = "r") -> str:
        """SQL: the number of the row in the file, from its place among the staged rows."""
        first = self.source.skip + 1
        shifts = [gap - first - place for place, gap in enumerate(self.facts.gaps)]
        if not shifts:
            return f"{row} + {first}"
        if len(shifts) <= 8:
            return f"{row} + {first}" + "".join(f" + CAST({row} >= {shift} AS INTEGER)" for shift in shifts)
        return f"{row} + {first} + (SELECT count(*) FROM gaps WHERE gaps.shift <= {row})"

    def create_gaps(self, connection: duckdb.DuckDBPyConnection) -> None:
        first = self.source.skip + 1
        shifts = [(gap - first - place,) for place, gap in enumerate(self.facts.gaps)]
        connection.execute("CREATE TABLE gaps (shift BIGINT)")
        if shifts:
            connection.executemany("INSERT INTO gaps VALUES (?)", shifts)


def list_values(figures: Sequence[FigureColumn], layout: Layout, name: str) -> list[str]:
    """Every value that a column said of figures can take, in the order of its enumeration."""
    known = possible_values(figures, layout, name)
    if name in _FREE:
        known.add("")
    if name == "base_period" and PREVIOUS in known:
        known |= {find_year_before(period) for period in possible_values(figures, layout, "period")}
    return sorted(known)


def compose_text(value: str, digits: str, scale: int, decimal_mark: str) -> str:
    """SQL: the canonical text of a DECIMAL(n, scale) that was printed with that many digits after the point."""
    text = f"CAST({value} AS VARCHAR)"
    if scale:
        text = f"left({text}, strlen({text}) - CASE {digits} WHEN 0 THEN {scale + 1} ELSE {scale} - {digits} END)"
    return text if decimal_mark == "." else f"replace({text}, '.', {quote_text(decimal_mark)})"


def half_unit(decimals: str) -> str:
    """SQL: half a unit of the last of so many decimals; NULL for none."""
    halves = ", ".join(f"'{Decimal(5).scaleb(-places - 1):f}'" for places in range(10))
    return f"list_extract(CAST([{halves}] AS {WIDE}[]), {decimals} + 1)"


def finer_than(value: str, declared: int | None, kind: str) -> str:
    """SQL: the value (of that Parquet type, '' = text) has digits beyond so many decimals."""
    if declared is None:
        return "false"
    rounded = f"round({value}, {declared})"
    if kind:  # the last digits of a machine number are noise
        return f"coalesce(abs(CAST({value} - {rounded} AS DOUBLE)) > abs(CAST({value} AS DOUBLE)) * 1e-9, false)"
    return f"coalesce({value} <> {rounded}, false)"


def _listed(wanted: Any) -> list[Any]:
    return list(wanted) if isinstance(wanted, list) else [wanted]


def _fits(value: str, codes: Sequence[Any]) -> bool:
    return any(
        match_text(code, value) is not None if isinstance(code, str) and is_pattern(code) else str(code) == value
        for code in codes
    )


def _join_notes(parts: Sequence[str]) -> str:
    return f"concat_ws('; ', {', '.join(f'nullif({part}, {chr(39) * 2})' for part in parts)})"
