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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from fnmatch import fnmatchcase
from typing import Any

from expectations.catalogue import SEVERITIES, load_rules
from expectations.domains import Fault, find_faults, fit_value, is_known, name_nearest
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
_LACKING = {
    ("waivers", "dataset"): "name the dataset that it is about: a waiver holds for one, a severity may for all."
}
_LISTED = {"geo": "geographies", "partner": "geographies", "flow": "flows", "item": "items", "measure": "measures"}


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
    """The settings from the text of own/rules.toml, on a day. Raises InputError with all faults: file, line, remedy.

    datasets: those that there are; a name that is none of them is refused ([] = not looked at).
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"the file is not TOML: {error}", file=FILE, todo="mend the line named.") from None
    faults = [
        InputError("there is no such table", file=FILE, found=name, todo=f"use [[{']], [['.join(_KEYS)}]].")
        for name in sorted(raw.keys() - _KEYS.keys())
    ]
    entries = [
        (line, kind, entry if isinstance(entry, dict) else {})
        for kind in _KEYS
        for line, entry in _place_entries(text, kind, raw.get(kind, ()))
    ]
    entries.sort(key=lambda told: told[0])
    for line, kind, entry in entries:
        faults += [
            InputError(problem, file=FILE, row=line or None, found=found, todo=todo)
            for problem, found, todo in find_faults_of_entry(kind, entry, datasets)
        ]
    if faults:
        raise join_faults(faults)
    return _settle(entries, today)


def _place_entries(text: str, kind: str, entries: Any) -> list[tuple[int, Any]]:
    """The entries of a kind with the lines on which they begin, counted from 1; 0 where a line cannot be told."""
    lines = [n for n, line in enumerate(text.splitlines(), 1) if re.match(rf"\s*\[\[\s*{kind}\s*\]\]", line)]
    given = entries if isinstance(entries, list) else [entries]
    return list(zip(lines if len(lines) == len(given) else [0] * len(given), given, strict=True)) if entries else []


def join_faults(faults: Sequence[InputError]) -> InputError:
    """One error for all: the first, and the others in full after it, by line."""
    first, others = faults[0], faults[1:]
    more = " ".join(str(other).removeprefix(f"{FILE}, ").removeprefix(f"{FILE}: ") for other in others)
    joined = InputError(first.problem, file=first.file, row=first.row, found=first.found, todo=first.todo, more=more)
    joined.others = tuple(others)
    return joined


def _settle(entries: Sequence[tuple[int, str, Mapping[str, Any]]], today: date) -> Settings:
    severities: dict[tuple[str, str], str] = {}
    parameters: dict[str, dict[str, dict[str, Any]]] = {}
    waivers: list[Waiver] = []
    for line, kind, entry in entries:
        rule, of = entry["rule"], entry.get("dataset", "")
        if kind == "severities":
            severities[rule, of] = entry["severity"]
        elif kind == "parameters":
            parameter = load_rules()[rule].parameter(entry["name"])
            assert parameter is not None  # its name was looked at
            parameters.setdefault(rule, {}).setdefault(of, {})[parameter.name] = fit_value(parameter, entry["value"])
        else:
            where = tuple((str(column), str(pattern)) for column, pattern in entry.get("where", {}).items())
            waivers.append(Waiver(line, rule, of, str(entry.get("vintage", "")), where, entry["name"],
                                  entry["reason"], entry["expires"]))  # fmt: skip
    return Settings(
        severities,
        parameters,
        tuple(waiver for waiver in waivers if waiver.expires >= today),
        tuple(waiver for waiver in waivers if waiver.expires < today),
    )


def find_faults_of_entry(kind: str, entry: Mapping[str, Any], datasets: Sequence[str]) -> Iterator[Fault]:
    """Everything that is wrong with one entry: problem, what was found, what to do."""
    needed, more = _KEYS[kind]
    for key in sorted(entry.keys() - {*needed, *more}):
        yield f"an entry of [[{kind}]] has an unknown key", key, f"use {', '.join((*needed, *more))}."
    lacking = [key for key in needed if not str(entry.get(key, "")).strip()]
    for key in lacking:
        yield f"an entry of [[{kind}]] lacks {key}", str(entry.get(key, "")), _LACKING.get(
            (kind, key), "say who answers for it, why, and until which day." if kind == "waivers"
            else f"write {key} = ...")  # fmt: skip
    rule, dataset = entry.get("rule", ""), entry.get("dataset", "")
    if "rule" not in lacking and rule not in load_rules():
        yield "there is no such rule", str(rule), f"use one of {', '.join(load_rules())}."
    if dataset and datasets and dataset not in datasets:
        yield "there is no such dataset", str(dataset), f"use one of {', '.join(sorted(set(datasets)))}."
    if kind == "severities" and "severity" not in lacking and entry["severity"] not in SEVERITIES:
        yield "there is no such severity", str(entry["severity"]), f"use one of {', '.join(SEVERITIES)}."
    if kind == "parameters" and rule in load_rules() and not {"name", "value"} & set(lacking):
        yield from _find_faults_of_value(rule, entry["name"], entry["value"])
    if kind == "waivers":
        expires = entry.get("expires")
        if "expires" not in lacking and (not isinstance(expires, date) or isinstance(expires, datetime)):
            yield "expires is no date", str(expires), "write the day without quotes: 2027-05-31."
        yield from _find_faults_of_choice(entry.get("where", {}))


def _find_faults_of_value(rule: str, name: Any, value: Any) -> Iterator[Fault]:
    parameter = load_rules()[rule].parameter(str(name))
    if parameter is None:
        known = ", ".join(load_rules()[rule].values)
        todo = f"use one of {known}." if known else "leave the entry out: the rule has no parameters."
        yield f"{rule} has no parameter {name}", str(value), todo
        return
    yield from find_faults(parameter, fit_value(parameter, value))


def _find_faults_of_choice(where: Any) -> Iterator[Fault]:
    """What is wrong with what a waiver chooses by: a column that cannot be chosen by, a code that no list has."""
    if not isinstance(where, dict):
        yield "where is no table", str(where), 'write where = { item = "EBOPS2010:SC" }.'
        return
    for column, pattern in where.items():
        if column not in SELECTABLE:
            yield "a waiver cannot choose by this", str(column), f"use {', '.join(SELECTABLE)}."
        elif (listed := _LISTED.get(column)) and not _is_choosable(str(pattern), listed):
            yield f"{column} is not in the list {listed}", str(pattern), name_nearest(str(pattern), listed)


def _is_choosable(pattern: str, listed: str) -> bool:
    """Whether a pattern may meet anything: empty, with a sign that stands for others, or a code."""
    return not pattern or bool(re.search(r"[*?\[]", pattern)) or is_known(pattern, listed)
