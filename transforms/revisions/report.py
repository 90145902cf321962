"""The report on a comparison: how many figures changed in which way and why, by how much, and the largest revisions."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import duckdb

from transforms.codelists import load_codelist
from transforms.export.labels import Labels
from transforms.revisions.compare import Comparison

Row = dict[str, Any]
CHANGES = ("added", "removed", "raised", "lowered", "value_to_blank", "blank_to_value", "status_changed", "unchanged")
CAUSES = ("source", "mapping", "correction", "code")
KINDS = ("observation", "indicator")
MOST_LISTED = 20  # revisions in a report
_BESIDE = {"partner": "W", "activity": "_T", "mode": "_T", "reference": ""}  # with what says nothing
# Mean revision, mean absolute revision, relative mean absolute revision; of figures that both editions give.
_STATISTICS = """
    SELECT what, indicator, definition, item, flow, measure, unit, max(unit_mult) AS unit_mult,
           CAST(sum(pairs) AS BIGINT) AS pairs,
           sum(CAST(revision AS DOUBLE) * power(10.0, unit_mult - top)) / nullif(sum(pairs), 0) AS mean_revision,
           sum(CAST(absolute AS DOUBLE) * power(10.0, unit_mult - top)) / nullif(sum(pairs), 0) AS mean_absolute,
           100 * sum(CAST(absolute AS DOUBLE) * power(10.0, unit_mult - top))
               / nullif(sum(CAST(level AS DOUBLE) * power(10.0, unit_mult - top)), 0) AS relative
    FROM (SELECT *, max(unit_mult) OVER (PARTITION BY what, indicator, definition, item, flow, measure, unit) AS top
          FROM (SELECT what, indicator, definition, item, flow, measure, unit, unit_mult, sum(pairs) AS pairs,
                       sum(revision) AS revision, sum(absolute) AS absolute, sum(level) AS level
                FROM tallied GROUP BY ALL ORDER BY ALL))
    WHERE pairs > 0
    GROUP BY ALL ORDER BY what DESC, indicator, definition, item, flow, measure, unit"""
# Of each kind so many: those whose value changed by most of what stood there, then what came, went or was blanked.
_LARGEST = f"""
    SELECT * EXCLUDE (place)
    FROM (SELECT *, row_number() OVER (PARTITION BY what ORDER BY
                 CASE WHEN revision IS NULL THEN 1 ELSE 0 END,
                 abs(CAST(revision AS DOUBLE)) / nullif(abs(CAST(value_before AS DOUBLE)), 0) DESC NULLS FIRST,
                 indicator, definition, table_id, geo, partner, flow, item, activity, mode, period, base_period, freq,
                 measure, basis, price, unit, adjustment, reference, currency, ref_dataset) AS place
          FROM revised)
    WHERE place <= {MOST_LISTED}
    ORDER BY what DESC, place"""


def make_report(con: duckdb.DuckDBPyConnection, comparison: Comparison) -> Row:
    """The report as JSON has it: dataset, from, to, counts, causes, statistics, largest.

    counts: kind -> change -> rows, all of them, unchanged ones too; causes: kind -> cause -> rows that changed (a row
    with two causes counts under both together, 'correction;source'). Means are in unit x 10^unit_mult, relative in per
    cent of the later values. Of statistics, only groups that were revised; the number of others is unrevised.
    """
    counts = {kind: dict.fromkeys(CHANGES, 0) for kind in KINDS}
    causes: dict[str, dict[str, int]] = {kind: {} for kind in KINDS}
    rows = con.execute(
        "SELECT what, change, cause, CAST(sum(rows) AS BIGINT) FROM tallied GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    for what, change, cause, number in rows:
        counts[what][change] += number
        if change != "unchanged":
            causes[what][cause] = causes[what].get(cause, 0) + number
    statistics = con.execute(_STATISTICS).to_arrow_table().to_pylist()
    revised = [row for row in statistics if row["mean_absolute"]]
    return {
        "dataset": comparison.dataset,
        "from": comparison.from_vintage,
        "to": comparison.to_vintage,
        "counts": counts,
        "causes": causes,
        "statistics": [_round(row) for row in revised],
        "unrevised": len(statistics) - len(revised),
        "largest": [_plain(row) for row in con.execute(_LARGEST).to_arrow_table().to_pylist()],
    }


def _round(row: Row) -> Row:
    """Means with ten significant digits: what a sum in double precision certainly gives."""
    return {name: float(f"{value:.10g}") if isinstance(value, float) else value for name, value in row.items()}


def _plain(row: Row) -> Row:
    """Without empty columns; decimals as text in plain notation."""
    told = {}
    for name, value in row.items():
        if isinstance(value, Decimal):
            told[name] = "0" if value == 0 else format(value.normalize(), "f")
        elif value not in (None, ""):
            told[name] = value
    return told


def render_report(con: duckdb.DuckDBPyConnection, report: Row, lang: str) -> str:
    """The report as Markdown, in zh or en."""
    labels = Labels(con, lang)
    title = _word("title", lang, dataset=report["dataset"], old=report["from"], new=report["to"])
    lines = [f"# {title}", ""]
    lines += _render_table(["", *(_word(kind, lang) for kind in KINDS)], tell_counts(report, lang))
    lines += _render_table([_word("cause", lang), *(_word(kind, lang) for kind in KINDS)], tell_causes(report, lang))
    if report["statistics"]:
        lines += [f"## {_word('statistics', lang)}", ""]
        rows = [list(row.values()) for row in tell_statistics(report, labels)]
        lines += _render_table(statistics_heads(lang), rows)
    if report["largest"]:
        lines += [f"## {_word('largest', lang)}", ""]
        rows = [list(row.values()) for row in tell_largest(report, labels)]
        lines += _render_table(largest_heads(lang), rows)
    return "\n".join(lines).rstrip("\n") + "\n"


def _word(name: str, lang: str, **values: object) -> str:
    return load_codelist("words").label(f"REVISION.{name}", lang).format(**values)


def tell_counts(report: Row, lang: str) -> list[list[str]]:
    """One row a change: its word, and how many printed figures and computed values."""
    return [[_word(change, lang), *(str(report["counts"][kind][change]) for kind in KINDS)] for change in CHANGES]


def tell_causes(report: Row, lang: str) -> list[list[str]]:
    """One row a cause, or several causes together."""
    found = dict.fromkeys([*CAUSES, *(cause for kind in KINDS for cause in report["causes"][kind])])
    return [
        [name_causes(cause, lang), *(str(report["causes"][kind].get(cause, 0)) for kind in KINDS)] for cause in found
    ]


def name_causes(cause: str, lang: str) -> str:
    """source;correction in words."""
    return " + ".join(_word(part, lang) for part in cause.split(";") if part)


def statistics_heads(lang: str) -> list[str]:
    names = ("figure", "item", "flow", "unit", "pairs", "mean_revision", "mean_absolute", "relative")
    return [_head(name, lang) for name in names]


def tell_statistics(report: Row, labels: Labels) -> list[Row]:
    """One row for each measure or indicator, item, flow and unit that was revised."""
    heads = statistics_heads(labels.lang)
    rows = []
    for row in report["statistics"]:
        power = f" x 10^{row['unit_mult']}" if row["unit_mult"] else ""
        told = [_name_figure(row, labels), labels.of("item", row["item"]), labels.of("flow", row["flow"]),
                f"{row['unit']}{power}", str(row["pairs"]), f"{row['mean_revision']:.6g}",
                f"{row['mean_absolute']:.6g}",
                "" if row["relative"] is None else f"{row['relative']:.4g} %"]  # fmt: skip
        rows.append(dict(zip(heads, told, strict=True)))
    return rows


def largest_heads(lang: str) -> list[str]:
    names = ("figure", "geo", "item", "flow", "period", "change", "value_before", "value_after", "unit", "cause")
    return [_head(name, lang) for name in names]


def tell_largest(report: Row, labels: Labels) -> list[Row]:
    """The largest revisions relative to what stood there; where there are fewer, what was added, removed or blanked."""
    heads = largest_heads(labels.lang)
    rows = []
    for row in report["largest"]:
        power = f" x 10^{row['unit_mult']}" if row.get("unit_mult") else ""
        told = [_name_figure(row, labels), labels.of("geo", row["geo"]), _name_item(row, labels),
                labels.of("flow", row["flow"]),
                "/".join(filter(None, (row.get("base_period", ""), row["period"]))),
                _word(row["change"], labels.lang), row.get("value_before", ""), row.get("value_after", ""),
                f"{row['unit']}{power}", name_causes(row["cause"], labels.lang)]  # fmt: skip
        rows.append(dict(zip(heads, told, strict=True)))
    return rows


def _name_item(row: Row, labels: Labels) -> str:
    """The item, with partner, industry, mode and reference where the row has one that says something."""
    said = {name: row[name] for name in _BESIDE if row.get(name, _BESIDE[name]) != _BESIDE[name]}
    return " · ".join(labels.of(name, code) for name, code in {"item": row["item"], **said}.items())


def _name_figure(row: Row, labels: Labels) -> str:
    """The measure of a printed figure, the title of an indicator with its definition."""
    if row["what"] == "observation":
        return labels.of("measure", row["measure"])
    definition = f" ({row['definition']})" if row.get("definition") else ""
    return f"{labels.of('indicator', row['indicator'])}{definition}"


def _head(name: str, lang: str) -> str:
    words, code = load_codelist("words"), f"REVISION.{name}"
    said = words.label(code, lang)
    return words.label(f"COL.{name}", lang) if said == code else said


def _render_table(heads: list[str], rows: list[list[str]]) -> list[str]:
    def line(cells: list[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    return [line(heads), "|" + "---|" * len(heads), *(line(row) for row in rows), ""]
