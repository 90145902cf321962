"""What an audit found as two tables, audit_findings and audit_derived, in the words of both languages."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa

from transforms.audit import Audit
from transforms.audit.report import make_report
from transforms.audit.say import Speaker
from transforms.contract import load_contract

_LANGS = ("en", "zh")


def tabulate(audit: Audit, labels: dict[tuple[str, str], str]) -> dict[str, pa.Table]:
    """Name of the contract -> its table, ordered by key. labels: of codes that only an edition has."""
    reports = {lang: make_report(audit, Speaker(lang, labels)) for lang in _LANGS}
    rows = {"audit_derived": _list_derived(audit, reports), "audit_findings": _list_findings(reports)}
    return {name: pa.Table.from_pylist(found, load_contract(name).arrow_schema()) for name, found in rows.items()}


def _list_derived(audit: Audit, reports: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    kept = ("geo", "partner", "flow", "item", "period", "measure", "basis", "price", "unit", "unit_mult",
            "premises")  # fmt: skip
    return [
        {name: told[name] for name in kept}
        | {
            "number": number,
            "lower": Decimal(str(told["lower"])),
            "upper": Decimal(str(told["upper"])),
            "adjustment": derived.quantity.adjustment,
            "status": "contested" if told["contested"] else "derived",
            "is_default": told["default"],
            "words_en": told["words"],
            "words_zh": chinese["words"],
        }
        for number, (derived, told, chinese) in enumerate(
            zip(audit.derived, reports["en"]["derived"], reports["zh"]["derived"], strict=True), 1
        )
    ]


def _list_findings(reports: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    found = []
    for kind, name in (
        ("contradiction", "contradictions"),
        ("warning", "warnings"),
        ("survey", "surveys"),
        ("outside", "outside"),
        ("not_judged", "not_judged"),
    ):
        both = zip(*(reports[lang][name] for lang in _LANGS), strict=True)
        for number, told in enumerate(both, 1):
            row: dict[str, Any] = {"kind": kind, "number": number, "grade": told[0].get("grade", "")}
            row["figures"] = list(dict.fromkeys(_list_places(told[0])))
            row["proof"] = [f"{step['multiplier']} x {step['row']}" for step in told[0].get("proof", ())]
            for lang, said in zip(_LANGS, told, strict=True):
                row[f"words_{lang}"] = _say(said)
                row[f"implied_{lang}"] = list(said.get("implied", ()))
                row[f"hypotheses_{lang}"] = [h["words"] for h in said.get("hypotheses", ())]
            found.append(row)
    return found


def _list_places(said: dict[str, Any]) -> Sequence[str]:
    figures = [said] if "locator" in said else said.get("figures", [])
    return [place for f in figures for place in f.get("places", [f"{f['dataset']}/{f['vintage']}/{f['locator']}"])]


def _say(said: dict[str, Any]) -> str:
    if "reason" in said:
        return f"{said['figure']}: {said['reason']}"
    words = [said["words"]] if "words" in said else [said["grade_words"]]
    return "\n".join([*words, *(f["words"] for f in said.get("figures", ()) if "words" in f)])
