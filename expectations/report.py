"""The report on the rules of a run: what failed, where, how bad, since when; what is waived; what was not judged.

One object for both languages, and a page of HTML that needs nothing else. It looks like the report of an audit.
"""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from expectations.catalogue import SEVERITIES, load_rules
from expectations.words import say
from transforms.audit.report import STYLE

SHOWN = 20  # findings of one rule and edition on the page; the view findings has more
Row = Mapping[str, Any]
_MORE_STYLE = """
svg { vertical-align: middle }
article.warning { border-left-color: #8a6d00 }
article.information { border-left-color: #777 }
th { text-align: left; border-bottom: 1px solid #8888; padding: .25rem .6rem }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums }
nav { float: right }
"""


def trace_failures(history: Sequence[Row]) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Rule, dataset, vintage -> since (time of the run from which it has failed without a break), and failures by run.

    history: validation records of the runs that are kept, of all runs, with their event_time.
    """
    runs: dict[tuple[str, str, str], list[Row]] = {}
    for record in sorted(history, key=lambda record: record["event_time"]):
        runs.setdefault((record["rule_id"], record["dataset"], record["vintage"]), []).append(record)
    traced = {}
    for key, records in runs.items():
        since = ""
        for record in reversed(records):
            if record["value"] != "0":
                break
            since = record["event_time"]
        traced[key] = {"since": since, "failed_by_run": [record["failed"] for record in records]}
    return traced


def make_report(records: Sequence[Row], findings: Sequence[Row], history: Sequence[Row]) -> dict[str, Any]:
    """What the page shows, as plain values: failed, waived, not_judged and passed, the gravest and worst first."""
    traced = trace_failures(history)
    own: dict[tuple[str, str, str], list[Row]] = {}
    for finding in findings:
        own.setdefault((finding["rule_id"], finding["dataset"], finding["vintage"]), []).append(finding)
    told = []
    for record in records:
        key = record["rule_id"], record["dataset"], record["vintage"]
        found = [finding for finding in own.get(key, ()) if finding["verdict"] == "fail"]
        told.append({**record, **traced.get(key, {"since": "", "failed_by_run": []}), "findings": found})
    told.sort(key=lambda r: (SEVERITIES.index(r["severity"]), r["rule_id"], r["dataset"], r["vintage"]))
    return {
        "counts": dict(Counter(record["outcome"] for record in records)),
        "rules": len({record["rule_id"] for record in records}),
        "editions": len({(record["dataset"], record["vintage"]) for record in records if record["vintage"]}),
        "time": max((record["event_time"] for record in history), default=""),
        "run": max((record["event_trigger"] for record in history), default=""),
        "runs": len({record["event_trigger"] for record in history}),
        "failed": [r for r in told if r["outcome"] == "fail" and r["rule_status"] != "waived"],
        "waived": [r for r in told if r["waived"]],
        "not_judged": [r for r in told if r["outcome"] == "not_judged" or r["not_judged"]],
        "passed": [r for r in told if r["outcome"] == "pass"],
    }


def render_html(report: Mapping[str, Any], lang: str, other: str = "") -> str:
    """One page that needs nothing else: no script, no font, no request. other: the file of the other language."""
    counts = report["counts"]
    summary = say(
        "summary", lang, rules=report["rules"], editions=report["editions"], failed=counts.get("fail", 0),
        passed=counts.get("pass", 0), not_judged=counts.get("not_judged", 0),
    )  # fmt: skip
    switch = {"en": "中文", "zh": "English"}[lang]
    parts = [
        f'<nav><a href="{html.escape(other)}">{switch}</a></nav>' if other else "",
        f"<h1>{_text('title', lang)}</h1>",
        f"<p>{_text('run', lang, run=report['run'], time=_moment(report['time']))} {html.escape(summary)}</p>",
        f"<h2>{_text('failed', lang)}</h2>",
        *(_render_failed(record, lang) for record in report["failed"]),
        "" if report["failed"] else f"<p>{_text('none', lang)}</p>",
    ]
    if report["waived"]:
        parts.append(f"<h2>{_text('waivers', lang)}</h2>")
        parts += [_render_failed(record, lang) for record in report["waived"]]
    parts += [
        f"<h2>{_text('unjudged', lang)}</h2>",
        _render_table(report["not_judged"], ("rule", "edition", "judged", "why"), lang),
        f"<h2>{_text('passed', lang)}</h2>",
        _render_table(report["passed"], ("rule", "edition", "judged"), lang),
    ]
    return (
        f'<!doctype html><html lang="{"zh-Hans" if lang == "zh" else "en"}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text('title', lang)}</title><style>{STYLE}{_MORE_STYLE}</style></head>"
        f"<body><main>{''.join(parts)}</main></body></html>\n"
    )


def _text(name: str, lang: str, **values: object) -> str:
    return html.escape(say(name, lang, **values))


def _moment(time: str) -> str:
    return time.replace("T", " ")[:16]


def _name(record: Row, lang: str) -> str:
    return f"{record['rule_id']} {load_rules()[record['rule_id']].title[lang]}"


def _edition(record: Row, lang: str) -> str:
    return record["data_source"] or say("everything", lang)


def _render_failed(record: Row, lang: str) -> str:
    """One rule on one edition: what it asks, how many failed, since when, how it went over the runs, the worst rows."""
    rule = load_rules()[record["rule_id"]]
    facts = [
        say(record["severity"], lang, "severity"),
        say(record["about"], lang, "about"),
        say("level", lang, level=record["level"]),
        say("count", lang, failed=record["failed"], judged=record["judged"]),
        *([say("since", lang, time=_moment(record["since"]))] if record["since"] else []),
    ]
    explained = record[f"explanation_{lang}"]
    shown = record["findings"][:SHOWN]
    left = record["failed"] - len(shown)
    return (
        f'<article class="{record["severity"]}"><h3>{html.escape(_name(record, lang))}: '
        f"{html.escape(_edition(record, lang))}</h3>"
        f"<p>{html.escape(rule.words[lang])} <small>{html.escape(rule.why[lang])}</small></p>"
        f"<p><small>{html.escape(' · '.join(facts))} {draw_sparkline(record['failed_by_run'], lang)}</small></p>"
        + (f"<p>{html.escape(explained)}</p>" if explained else "")
        + _render_findings(shown, lang)
        + (f"<p><small>{_text('more', lang, rows=left)}</small></p>" if left > 0 else "")
        + "</article>"
    )


def say_found(finding: Row, lang: str) -> str:
    """One finding of a SELECT in a line: cell, what it is about, what was found and expected, how bad."""
    end = "" if lang == "en" else "_zh"
    about = " ".join(finding[name] for name in ("geo", "flow", "item", "period") if finding[name])
    said = say("finding", lang, about=about, found=finding[f"found{end}"], expected=finding[f"expected{end}"])
    place = f"{finding['locator']}: " if finding["locator"] else ""
    return f"{place}{said}" + (f" [{_size(finding, lang)}]" if finding["size"] else "")


def _size(finding: Row, lang: str) -> str:
    """How bad, to three digits, with what it is counted in; '' where nothing is said of it."""
    if not finding["size"]:
        return ""
    size, unit = f"{finding['size']:.3g}", finding[f"size_unit_{lang}"]
    return say("sized", lang, size=size, unit=unit) if unit else size


def _render_findings(findings: Sequence[Row], lang: str) -> str:
    if not findings:
        return ""
    found, expected = ("found", "expected") if lang == "en" else ("found_zh", "expected_zh")
    head = "".join(f"<th>{_text(name, lang)}</th>" for name in ("where", "found", "expected"))
    head += f'<th class="number">{_text("size", lang)}</th>'
    rows = []
    for finding in findings:
        about = " ".join(finding[name] for name in ("geo", "partner", "flow", "item", "period") if finding[name])
        waived = (
            "<br>" + _text("waived", lang, by=finding["waived_by"], until=finding["waived_until"],
                           reason=finding["waived_because"]) if finding["waived_by"] else ""
        )  # fmt: skip
        why = f"<br>{html.escape(finding[f'reason_{lang}'])}" if finding[f"reason_{lang}"] else ""
        rows.append(
            f"<tr><td>{html.escape(finding['locator'])}<br><small>{html.escape(about)}{why}{waived}</small></td>"
            f"<td>{html.escape(finding[found])}</td><td>{html.escape(finding[expected])}</td>"
            f'<td class="number">{html.escape(_size(finding, lang))}</td></tr>'
        )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _render_table(records: Sequence[Row], columns: Sequence[str], lang: str) -> str:
    if not records:
        return f"<p>{_text('none', lang)}</p>"
    cells = {
        "rule": lambda record: _name(record, lang),
        "edition": lambda record: _edition(record, lang),
        "judged": lambda record: str(record["judged"]),
        "why": lambda record: record[f"explanation_{lang}"],
    }
    head = "".join(f"<th>{_text(column, lang)}</th>" for column in columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cells[column](record))}</td>" for column in columns) + "</tr>"
        for record in records
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def draw_sparkline(numbers: Sequence[int], lang: str) -> str:
    """The numbers as a small line of SVG, with words for those who do not see it; '' for fewer than two."""
    if len(numbers) < 2:
        return ""
    width, height, most = 90, 18, max(*numbers, 1)
    step = width / (len(numbers) - 1)
    points = " ".join(
        f"{n * step:.1f},{height - 2 - (height - 4) * number / most:.1f}" for n, number in enumerate(numbers)
    )
    words = f"{say('trend', lang)}: {', '.join(map(str, numbers))}"
    return (
        f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">'
        f"<title>{html.escape(words)}</title>"
        f'<polyline points="{points}" fill="none" stroke="currentColor" stroke-width="1.5"/></svg>'
    )
