"""What a user settles about the rules: own/rules.toml. Severities, parameters, and what a person answers for.

    [[severities]]
    rule = "Q13"                       # of the catalogue
    dataset = "my_city"                # or left out: every dataset
    severity = "information"           # error, warning, information
    reason = "A small place: its trade jumps."

    [[parameters]]
    rule = "Q13"
    dataset = "my_city"                # or left out
    name = "c"                         # a parameter of the rule (digitrade catalog rules Q13)
    value = 7
    reason = "As used for the monthly survey."

    [[waivers]]                        # a warning accepted, or an error waived
    rule = "Q07"
    dataset = "my_city"
    vintage = "2024"                   # or left out: every edition
    where = { item = "EBOPS2010:SC", period = "202*" }   # or left out: all; * and ? as in names of files
    name = "A. Statistician"           # who answers for it
    reason = "The publisher has been asked; the answer is due in May."
    expires = 2027-05-31               # the last day on which it holds

What is waived stays visible, with name, day and reason. A waiver that has expired, or that meets nothing any more, is
said as a warning of its own. One without name, reason or day is refused.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from fnmatch import fnmatchcase
from typing import Any

from expectations.catalogue import SEVERITIES, load_rules
from expectations.words import say
from transforms.errors import InputError
from transforms.indicators import quote

FILE = "own/rules.toml"
SELECTABLE = ("table_id", "geo", "partner", "flow", "item", "period", "measure", "locator")
_KEYS = {
    "severities": (("rule", "severity", "reason"), ("dataset",)),
    "parameters": (("rule", "name", "value", "reason"), ("dataset",)),
    "waivers": (("rule", "dataset", "name", "reason", "expires"), ("vintage", "where")),
}


@dataclass(frozen=True)
class Waiver:
    """A finding that a person answers for until a day. line: where it stands in own/rules.toml."""

    line: int
    rule: str
    dataset: str
    vintage: str
    where: tuple[tuple[str, str], ...]
    name: str
    reason: str
    expires: date

    def concerns(self, rule: str, dataset: str, vintage: str) -> bool:
        return self.rule == rule and self.dataset == dataset and self.vintage in ("", vintage)

    def meets(self, finding: Mapping[str, str]) -> bool:
        """Whether a finding of its rule and edition is one of those that it names."""
        return all(fnmatchcase(finding.get(column, ""), pattern) for column, pattern in self.where)

    def condition(self) -> str:
        """The same as SQL over the columns of what a SELECT gives; one that it does not speak of is empty."""
        return " AND ".join(
            ["dataset = " + quote(self.dataset), *([f"vintage = {quote(self.vintage)}"] if self.vintage else []),
             *(f"coalesce({column}, '') GLOB {quote(pattern)}" for column, pattern in self.where)]
        )  # fmt: skip

    def say(self, lang: str) -> str:
        """'waived by NAME until DATE: reason'."""
        return say("waived", lang, by=self.name, until=self.expires, reason=self.reason)


@dataclass(frozen=True)
class Settings:
    """What own/rules.toml says. waivers: those that hold on the day; expired: those whose day is over."""

    severities: Mapping[tuple[str, str], str] = field(default_factory=dict)  # rule, dataset ('' = all)
    parameters: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)  # rule -> dataset -> values
    waivers: tuple[Waiver, ...] = ()
    expired: tuple[Waiver, ...] = ()

    def severity_of(self, rule: str, dataset: str, otherwise: str) -> str:
        """How grave a failure is: what is said of the dataset, else of the rule, else what the catalogue says."""
        return self.severities.get((rule, dataset)) or self.severities.get((rule, ""), otherwise)

    def choose_waivers(self, rule: str, dataset: str, vintage: str) -> list[Waiver]:
        return [waiver for waiver in self.waivers if waiver.concerns(rule, dataset, vintage)]

    def describe(self, rules: Iterable[str], dataset: str = "") -> dict[str, Any]:
        """What holds for these rules (and one dataset), as plain values: whatever changes here changes outcomes."""
        named = set(rules)
        return {
            "severities": sorted(
                [rule, of, said] for (rule, of), said in self.severities.items()
                if rule in named and dataset in ("", of or dataset)
            ),
            "parameters": {rule: dict(of) for rule, of in sorted(self.parameters.items()) if rule in named},
            "waivers": [repr(w) for w in self.waivers if w.rule in named and dataset in ("", w.dataset)],
            "expired": [repr(w) for w in self.expired if w.rule in named and dataset in ("", w.dataset)],
        }  # fmt: skip


def parse_settings(text: str, today: date, datasets: Sequence[str] = ()) -> Settings:
    """The settings from the text of own/rules.toml, on a day. Raises InputError: file, line, what to do.

    datasets: those that there are; a name that is none of them is refused ([] = not looked at).
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"the file is not TOML: {error}", file=FILE, todo="mend the line named.") from None
    lines = {kind: _find_lines(text, kind) for kind in _KEYS}
    if unknown := sorted(raw.keys() - _KEYS.keys()):
        raise InputError("there is no such table", file=FILE, found=unknown[0],
                         todo=f"use [[{']], [['.join(_KEYS)}]].")  # fmt: skip
    severities: dict[tuple[str, str], str] = {}
    parameters: dict[str, dict[str, dict[str, Any]]] = {}
    waivers: list[Waiver] = []
    for kind in _KEYS:
        for number, entry in enumerate(raw.get(kind, ())):
            line = lines[kind][number] if number < len(lines[kind]) else 0
            _refuse_faulty(kind, entry, line, datasets)
            of = entry.get("dataset", "")
            if kind == "severities":
                severities[entry["rule"], of] = entry["severity"]
            elif kind == "parameters":
                parameters.setdefault(entry["rule"], {}).setdefault(of, {})[entry["name"]] = _read_value(entry, line)
            else:
                where = tuple((str(column), str(pattern)) for column, pattern in entry.get("where", {}).items())
                waivers.append(Waiver(line, entry["rule"], of, str(entry.get("vintage", "")), where, entry["name"],
                                      entry["reason"], entry["expires"]))  # fmt: skip
    return Settings(
        severities,
        parameters,
        tuple(waiver for waiver in waivers if waiver.expires >= today),
        tuple(waiver for waiver in waivers if waiver.expires < today),
    )


def _find_lines(text: str, kind: str) -> list[int]:
    """The lines on which the entries of a kind begin, counted from 1."""
    return [n for n, line in enumerate(text.splitlines(), 1) if re.match(rf"\s*\[\[\s*{kind}\s*\]\]", line)]


def _refuse_faulty(kind: str, entry: Mapping[str, Any], line: int, datasets: Sequence[str]) -> None:
    needed, more = _KEYS[kind]

    def refuse(problem: str, found: object, todo: str) -> InputError:
        return InputError(problem, file=FILE, row=line or None, found=str(found), todo=todo)

    if unknown := sorted(entry.keys() - {*needed, *more}):
        raise refuse(f"an entry of [[{kind}]] has an unknown key", unknown[0], f"use {', '.join((*needed, *more))}.")
    for key in needed:
        if not str(entry.get(key, "")).strip():
            raise refuse(f"an entry of [[{kind}]] lacks {key}", entry.get(key, ""),
                         "say who answers for it, why, and until which day." if kind == "waivers"
                         else f"write {key} = ...")  # fmt: skip
    if entry["rule"] not in load_rules():
        raise refuse("there is no such rule", entry["rule"], f"use one of {', '.join(load_rules())}.")
    if datasets and entry.get("dataset", "") not in ("", *datasets):
        raise refuse("there is no such dataset", entry["dataset"], f"use one of {', '.join(sorted(set(datasets)))}.")
    if kind == "severities" and entry["severity"] not in SEVERITIES:
        raise refuse("there is no such severity", entry["severity"], f"use one of {', '.join(SEVERITIES)}.")
    if kind == "waivers":
        if not isinstance(entry["expires"], date) or isinstance(entry["expires"], datetime):
            raise refuse("expires is no date", entry["expires"], "write the day without quotes: 2027-05-31.")
        for column in entry.get("where", {}):
            if column not in SELECTABLE:
                raise refuse("a waiver cannot choose by this", column, f"use {', '.join(SELECTABLE)}.")


def _read_value(entry: Mapping[str, Any], line: int) -> Any:
    """The value of a parameter, of the kind that the catalogue gives it."""
    known, name, value = load_rules()[entry["rule"]].values, entry["name"], entry["value"]
    problem, todo = "", ""
    if name not in known:
        problem, todo = (
            f"{entry['rule']} has no parameter {name}",
            f"use one of {', '.join(known) or 'none: it has no'}.",
        )
    elif isinstance(known[name], float) and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    elif type(value) is not type(known[name]):
        problem, todo = f"{name} is of another kind", f"write one like {known[name]!r}."
    if problem:
        raise InputError(problem, file=FILE, row=line or None, found=str(value), todo=todo)
    return value
