"""The report of an audit: one object with lists for machines, and the same as Markdown and as a page of HTML."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from transforms.audit import Audit, Finding
from transforms.audit.bounds import Derived
from transforms.audit.contradictions import SIZE
from transforms.audit.figures import Figure
from transforms.audit.model import Premise, Row
from transforms.audit.say import Speaker, shown_bounds
from transforms.audit.surveys import MOST

_HYPOTHESES = 6  # of one contradiction that are shown
_SIZES = 50  # numbers of answers that are listed


def make_report(audit: Audit, speaker: Speaker, problems: Sequence[str] = ()) -> dict[str, Any]:
    """What was found, in words of one language beside the numbers: contradictions, derived, hypotheses and the rest."""
    contradictions = [_say_finding(n, finding, speaker) for n, finding in enumerate(audit.findings, 1)]
    return {
        "summary": _summarise(audit, speaker),
        "scope": _say_scope(audit, speaker),
        "audited": [{"dataset": d, "vintage": v, "figures": n} for (d, v), n in audit.sources.items()],
        "held_against": [{"dataset": d, "vintage": v} for d, v in audit.against],
        "complete_to": audit.complete_to,
        "not_reached": {stage: count for stage, count in audit.not_reached.items() if count},
        "contradictions": contradictions,
        "derived": [_say_derived(d, speaker) for d in audit.derived],
        "hypotheses": [h for c in contradictions for h in c["hypotheses"]],
        "warnings": [
            {
                "kind": w.kind,
                "words": speaker.word(f"WARNING.{w.kind}"),
                "figures": [_say_premise(p, speaker) for p in w.premises],
            }
            for w in audit.warnings
        ],
        "surveys": [_say_survey(s, speaker) for s in audit.surveys],
        "outside": [_say_outside(o, speaker) for o in audit.outside],
        "not_judged": [
            {**_place(n.figure), "figure": speaker.figure(n.figure), "reason": speaker.word(f"REASON.{n.reason}")}
            for n in audit.not_judged
        ],
        "problems": list(problems),
    }


def _summarise(audit: Audit, speaker: Speaker) -> str:
    grades = Counter(c.grade for c in audit.contradictions)
    said = speaker.word(
        "SUMMARY",
        figures=audit.sources.total(),
        contradictions=len(audit.findings),
        derived=len({d.quantity for d in audit.derived}),
        not_judged=len(audit.not_judged),
        **{grade: grades[grade] for grade in ("strict", "declared", "soft")},
    )
    found = "INCOMPLETE" if audit.complete_to < SIZE else "COMPLETE" if audit.larger else "COMPLETE_ALL"
    end = speaker.word(found, size=audit.complete_to, larger=audit.larger)
    missed = [speaker.word(f"NOT_REACHED.{stage}", count=n) for stage, n in audit.not_reached.items() if n]
    sentences = [said, end, *missed]
    if impossible := sum(bool(s.impossible) for s in audit.surveys):
        sentences.insert(1, speaker.word("SUMMARY_SURVEYS", count=impossible))
    return "".join(f"{sentence}. " if speaker.lang == "en" else f"{sentence}。" for sentence in sentences).strip()


def _say_scope(audit: Audit, speaker: Speaker) -> str:
    """What was audited: how many figures of which editions or files, and what they were held against."""
    sources = (
        speaker.word("SOURCE", name=" ".join(filter(None, source)), count=n) for source, n in audit.sources.items()
    )
    said = (
        [speaker.word("AUDITED", sources=speaker.join(sources))] if audit.sources else [speaker.word("AUDITED_NOTHING")]
    )
    if audit.against:
        said.append(speaker.word("HELD_AGAINST", sources=speaker.join(" ".join(source) for source in audit.against)))
    return "".join(f"{sentence}. " if speaker.lang == "en" else f"{sentence}。" for sentence in said).strip()


def _place(f: Figure) -> dict[str, str]:
    return {"dataset": f.dataset, "vintage": f.vintage, "locator": f.locator, "printed": f.printed}


def _say_premise(p: Premise, speaker: Speaker) -> dict[str, Any]:
    f = p.figure
    low, high = f.interval(True)
    return {
        **_place(f),
        "words": speaker.premise(p),
        "places": [figure.place for figure in p.figures],
        "lower": None if low is None else float(low / f.scale),
        "upper": None if high is None else float(high / f.scale),
        "qualifier": f.qualifier,
    }


def _say_finding(number: int, finding: Finding, speaker: Speaker) -> dict[str, Any]:
    c = finding.contradiction
    return {
        "number": number,
        "grade": c.grade,
        "grade_words": speaker.word(f"GRADE.{c.grade}"),
        "figures": [_say_premise(p, speaker) for p in c.premises],
        "implied": [_say_implied(finding, p, speaker) for p in c.premises if p.number in finding.left],
        "because": list(dict.fromkeys(speaker.identity(row) for row in c.identities if row.label != "positive")),
        "proof": [{"row": _say_row(row, c.premises, speaker), "multiplier": str(times)} for row, times in c.proof],
        "hypotheses": [
            {
                "contradiction": number,
                "kind": h.kind,
                **_place(h.premise.figure),
                "words": speaker.hypothesis(h),
                "figures": list(h.figures),
                "resolved": h.resolved,
                "of": h.contradictions,
                "restores": h.restores,
            }
            for h in finding.hypotheses[:_HYPOTHESES]
        ],
    }


def _say_row(row: Row, premises: Sequence[Premise], speaker: Speaker) -> str:
    """Whose row a proof multiplies: that of a figure, by its place, or an identity, in words."""
    if row.label:
        return speaker.identity(row)
    owners = (p for p in premises if any(set(own.terms) == set(row.terms) for own in p.rows(True)))
    owner = next(owners, None)
    return owner.figure.place if owner else ""


def _say_implied(finding: Finding, p: Premise, speaker: Speaker) -> str:
    """What the others of a contradiction leave for one figure, beside what it stands for."""
    as_printed = finding.contradiction.grade == "soft"
    f = p.figure
    low, high = finding.left[p.number]
    stands = f.interval(as_printed or f.is_exact)
    return speaker.word(
        "IMPLIED",
        figure=speaker.figure(f),
        range=speaker.range_of(f, low, high),
        printed=speaker.range_of(f, *stands),
    )


def _say_derived(d: Derived, speaker: Speaker) -> dict[str, Any]:
    q = d.quantity
    low, high, (unit, unit_mult) = shown_bounds(d)
    return {
        "geo": q.geo, "flow": q.flow, "item": q.item, "period": q.period, "measure": q.measure, "basis": q.basis,
        "partner": q.partner, "price": q.price, "unit": unit, "unit_mult": unit_mult,
        "lower": float(low.replace(",", "")), "upper": float(high.replace(",", "")),
        "contested": d.contested, "default": d.is_default, "words": speaker.derived(d),
        "premises": [p.figure.place for p in d.premises],
        "from": speaker.word("DERIVED_FROM", premises=speaker.join(speaker.premise(p) for p in d.premises)),
    }  # fmt: skip


def _say_survey(s: Any, speaker: Speaker) -> dict[str, Any]:
    sizes = ", ".join(map(str, s.sizes[:6])) + (" ..." if len(s.sizes) > 6 else "")
    values = {"stated": s.stated, "count": len(s.figures), "sizes": sizes, "most": MOST,
              "figures": ", ".join(f"{f.printed} %" for f in s.impossible)}  # fmt: skip
    kind = "none" if not s.sizes else "impossible" if s.impossible else "possible" if s.stated else "open"
    return {
        "words": speaker.word(f"SURVEY.{kind}", **values),
        "stated": s.stated,
        "sizes": list(s.sizes[:_SIZES]),
        "sizes_in_all": len(s.sizes),
        "impossible": [{**_place(f), "words": speaker.figure(f)} for f in s.impossible],
        "figures": [_place(f) for f in s.figures],
    }


def _say_outside(o: Any, speaker: Speaker) -> dict[str, Any]:
    whole, level = next(iter(o.share.under)), o.level.figure
    low, high = (speaker.number(end / float(level.scale), 2) for end in (o.lower, o.upper))
    unit = speaker.unit(level.unit, level.unit_mult)
    return {
        "words": speaker.word(
            "OUTSIDE.inside" if o.is_inside else "OUTSIDE.outside",
            share=speaker.premise(o.share), level=speaker.premise(o.level), range=speaker.span(low, high, unit),
            whole=speaker.quantity(whole), dataset=o.dataset, item=speaker.label("items", o.item),
            value=f"{speaker.number(Fraction(o.value) / level.scale, 2)} {unit}", flow=speaker.label("flows", o.flow),
        ),
        "inside": o.is_inside, "dataset": o.dataset, "item": o.item, "flow": o.flow,
    }  # fmt: skip


# --- as text


Sections = Sequence[tuple[str, Sequence[str]]]


def render_markdown(report: dict[str, Any], speaker: Speaker, sections: Sections = ()) -> str:
    """sections: titles with lines of text, put before the contradictions."""
    word, colon = speaker.word, "：" if speaker.lang == "zh" else ":"
    lines = [f"# {word('TITLE')}", "", report["scope"], "", report["summary"], ""]
    lines += _section(word("HEAD.problems"), [f"- {text}" for text in report["problems"]])
    for title, texts in sections:
        lines += _section(title, [f"- {text}" for text in texts])
    found: list[str] = []
    for c in report["contradictions"]:
        found += [f"### {c['number']}. {c['grade_words']}", ""]
        found += [f"- {f['words']} [{', '.join(f['places'])}]" for f in c["figures"]] + [""]
        for head, entries in (("implied", c["implied"]), ("because", c["because"]),
                              ("hypotheses", [h["words"] for h in c["hypotheses"]])):  # fmt: skip
            found += _list(word(f"HEAD.{head}"), entries, colon)
    lines += _section(word("HEAD.contradictions"), found or [word("NOTHING")])
    lines += _section(
        word("HEAD.warnings"),
        [f"- {w['words']}: {speaker.join(f['words'] for f in w['figures'])}" for w in report["warnings"]],
    )
    lines += _section(word("HEAD.surveys"), [f"- {s['words']}" for s in report["surveys"]])
    derived = [d for d in report["derived"] if d["default"]]
    lines += _section(
        word("HEAD.derived"),
        [f"- {d['words']} ({d['from']}{'; ' + word('CONTESTED') if d['contested'] else ''})" for d in derived],
    )
    lines += _section(word("HEAD.outside"), [f"- {o['words']}" for o in report["outside"]])
    lines += _section(
        word("HEAD.not_judged"), [f"- {n['figure']} [{n['locator']}]: {n['reason']}" for n in report["not_judged"]]
    )
    return "\n".join(lines).rstrip() + "\n"


def _section(title: str, lines: list[str]) -> list[str]:
    return [f"## {title}", "", *lines, ""] if lines else []


def _list(title: str, entries: Sequence[str], colon: str) -> list[str]:
    return [f"{title}{colon}", "", *(f"- {entry}" for entry in entries), ""] if entries else []


STYLE = """
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, "Noto Sans SC", "Microsoft YaHei", sans-serif; max-width: 60rem; margin: 2rem auto;
  padding: 0 1rem; overflow-wrap: anywhere }
h1 { font-size: 1.6rem }
h2 { border-bottom: 1px solid #8888; margin-top: 2.5rem }
article { border: 1px solid #8888; border-left: .4rem solid #b35c00; border-radius: .3rem; padding: .2rem 1rem;
  margin: 1rem 0 }
article.declared { border-left-color: #8a6d00 }
article.soft { border-left-color: #777 }
small { opacity: .75 }
li { margin: .2rem 0 }
table { border-collapse: collapse }
td { border-bottom: 1px solid #8886; padding: .25rem .6rem; vertical-align: top }
@media (max-width: 40rem) { body { margin: 1rem auto } article { padding: .2rem .7rem } ul { padding-left: 1.3rem }
  table, tbody, tr, td { display: block } td { border: 0; padding: 0 }
  tr { border-bottom: 1px solid #8886; padding: .4rem 0 } }
@media print { body { font-size: 10pt; max-width: none; margin: 0 } h2, h3 { break-after: avoid }
  article, li, tr { break-inside: avoid } }
"""


def render_html(report: dict[str, Any], speaker: Speaker, sections: Sections = ()) -> str:
    """One page that needs nothing else: no script, no font, no request. sections: as for render_markdown."""
    word, say, colon = speaker.word, html.escape, "：" if speaker.lang == "zh" else ":"
    parts = [f"<h1>{say(word('TITLE'))}</h1><p>{say(report['scope'])}</p><p>{say(report['summary'])}</p>"]
    parts += _html_list(word("HEAD.problems"), report["problems"])
    for title, texts in sections:
        parts += _html_list(title, texts)
    parts.append(f"<h2>{say(word('HEAD.contradictions'))}</h2>")
    for c in report["contradictions"]:
        figures = "".join(
            f"<li>{say(f['words'])} <small>{say(', '.join(f['places']))}</small></li>" for f in c["figures"]
        )
        inner = [f"<h3>{c['number']}. {say(c['grade_words'])}</h3><ul>{figures}</ul>"]
        for head, entries in (("implied", c["implied"]), ("because", c["because"]),
                              ("hypotheses", [h["words"] for h in c["hypotheses"]])):  # fmt: skip
            if entries:
                listed = "".join(f"<li>{say(entry)}</li>" for entry in entries)
                inner.append(f"<p>{say(word('HEAD.' + head))}{colon}</p><ul>{listed}</ul>")
        parts.append(f'<article class="{c["grade"]}">{"".join(inner)}</article>')
    if not report["contradictions"]:
        parts.append(f"<p>{say(word('NOTHING'))}</p>")
    parts += _html_list(
        word("HEAD.warnings"),
        [f"{w['words']}: {speaker.join(f['words'] for f in w['figures'])}" for w in report["warnings"]],
    )
    parts += _html_list(word("HEAD.surveys"), [s["words"] for s in report["surveys"]])
    derived = [d for d in report["derived"] if d["default"]]
    if derived:
        disputed = f"<br><small>{say(word('CONTESTED'))}</small>"
        rows = "".join(
            f"<tr><td>{say(d['words'])}{disputed if d['contested'] else ''}</td>"
            f"<td><small>{say(d['from'])}</small></td></tr>"
            for d in derived
        )
        parts.append(f"<h2>{say(word('HEAD.derived'))}</h2><table><tbody>{rows}</tbody></table>")
    parts += _html_list(word("HEAD.outside"), [o["words"] for o in report["outside"]])
    parts += _html_list(
        word("HEAD.not_judged"), [f"{n['figure']} [{n['locator']}]: {n['reason']}" for n in report["not_judged"]]
    )
    lang = "zh-Hans" if speaker.lang == "zh" else "en"
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{say(word('TITLE'))}</title><style>{STYLE}</style></head><body><main>{''.join(parts)}</main></body></html>\n"
    )


def _html_list(title: str, entries: Sequence[str]) -> list[str]:
    listed = "".join(f"<li>{html.escape(entry)}</li>" for entry in entries)
    return [f"<h2>{html.escape(title)}</h2><ul>{listed}</ul>"] if entries else []
