"""The catalogue of rules: one TOML file a rule, and beside it, where rows are set against one another, its SQL.

A rule is judged by expectations of the suites (suite), by a SELECT that gives one row for everything it judges (sql),
or by both. The TOML file says what it is, why, how grave a failure is, and every threshold with its meaning and source.

Ids Q01 to Q28 are those of the catalogue of checks of trade statistics by ESS validation level (docs/quality.md; Q25,
disclosure, is left out), D01 and on are rules of our own that it does not have.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from transforms.errors import InputError
from transforms.indicators import quote

LEVELS = ("0", "1", "2a", "2b", "3", "4", "5")  # of validation in the European Statistical System
SEVERITIES = ("error", "warning", "information")  # the gravest first
ABOUT = ("reading", "published")
# What Great Expectations calls them.
GX_SEVERITIES = {"error": "critical", "warning": "warning", "information": "info"}
ESS_SEVERITIES = {gx: ours for ours, gx in GX_SEVERITIES.items()}
_HERE = files("expectations.catalogue")
_NAME = re.compile(r"\$([a-z_]+)")


@dataclass(frozen=True)
class Parameter:
    """A threshold or list of a rule: its value, what it means in both languages, and where it comes from.

    Its domain: least and most of its numbers; the code list that its texts are codes of (of tables, by field; or
    beginnings of codes), or the texts that it may be.
    """

    name: str
    value: Any
    en: str
    zh: str
    source: str
    least: float | None = None
    most: float | None = None
    listed: str | Mapping[str, str] = ""
    is_beginning: bool = False
    one_of: Sequence[str] = ()

    @property
    def domain(self) -> str:
        """What it may be, in no language: 0..1, codes of a list, or what it is one of; '' where it may be anything."""
        ends = ["" if end is None else f"{end:g}" for end in (self.least, self.most)]
        lists = self.listed if isinstance(self.listed, str) else ", ".join(f"{k}: {v}" for k, v in self.listed.items())
        parts = [f"{ends[0]}..{ends[1]}" if any(ends) else "", lists, "|".join(self.one_of)]
        return "; ".join(part for part in parts if part)


@dataclass(frozen=True)
class KnownException:
    """Findings that are no failure: those whose columns have these values, with the reason."""

    where: tuple[tuple[str, str], ...]
    en: str
    zh: str


@dataclass(frozen=True)
class Rule:
    """One entry of the catalogue. severities: of single expectations, where it is not that of the rule."""

    id: str
    level: str
    about: str
    severity: str
    title: Mapping[str, str]
    words: Mapping[str, str]
    why: Mapping[str, str]
    suite: tuple[str, ...] = ()
    sql: str = ""
    severities: Mapping[str, str] | None = None
    reasons: Mapping[str, Mapping[str, str]] | None = None
    parameters: tuple[Parameter, ...] = ()
    exceptions: tuple[KnownException, ...] = ()
    says: Mapping[str, Mapping[str, str]] | None = None  # templates of what its SELECT found and expected
    size: str = ""  # what the size of its findings is counted in: a name of [size] in words.toml

    @property
    def values(self) -> dict[str, Any]:
        """The parameters by name."""
        return {parameter.name: parameter.value for parameter in self.parameters}

    def severity_of(self, expectation: str) -> str:
        """How grave the failure of one of its expectations is."""
        return (self.severities or {}).get(expectation, self.severity)

    def statements(self, changed: Mapping[str, Any] | None = None) -> tuple[list[str], str]:
        """What comes first (may be nothing), and the SELECT that tells, with the parameters in their places.

        changed: parameters with another value than its own.
        """
        values = self.values | dict(changed or {})
        text = _HERE.joinpath(self.sql).read_text(encoding="utf-8")
        *before, select = _NAME.sub(lambda found: write_literal(values[found[1]]), text).split(";\n")
        return before, select

    @property
    def weighs(self) -> bool:
        """Whether it judges by numbers alone (table weighed), and puts into words what is kept of that (table told)."""
        return "TABLE weighed AS" in _HERE.joinpath(self.sql).read_text(encoding="utf-8")

    def parameter(self, name: str) -> Parameter | None:
        return next((parameter for parameter in self.parameters if parameter.name == name), None)


def write_literal(value: Any) -> str:
    """A value of TOML as SQL: numbers, texts, lists, tables as structs."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{quote(name)}: {write_literal(of)}" for name, of in value.items()) + "}"
    return "[" + ", ".join(map(write_literal, value)) + "]" if value else "CAST([] AS VARCHAR[])"


@cache
def load_rules() -> dict[str, Rule]:
    """Id -> rule, in the order of the ids: Q01 and on, then our own."""
    found = [
        parse_rule(path.name, path.read_text(encoding="utf-8"))
        for path in _HERE.iterdir()
        if path.name.endswith(".toml")
    ]
    return {rule.id: rule for rule in sorted(found, key=lambda rule: (not rule.id.startswith("Q"), rule.id))}


@cache
def find_rules_of_expectations() -> dict[str, str]:
    """Id of an expectation of the suites -> id of the one rule that it belongs to."""
    return {expectation: rule.id for rule in load_rules().values() for expectation in rule.suite}


_KEYS = {"id", "level", "about", "severity", "title", "words", "why", "suite", "sql", "severities", "reasons",
         "parameters", "exceptions", "says", "size"}  # fmt: skip


def parse_rule(name: str, text: str) -> Rule:
    """A rule from its TOML text. Raises InputError naming the file and the key that is wrong."""
    file = f"expectations/catalogue/{name}"

    def refuse(problem: str, found: object, todo: str) -> InputError:
        return InputError(problem, file=file, found=str(found), todo=todo)

    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"the rule is not TOML: {error}", file=file, todo="mend the line named.") from None
    if unknown := sorted(raw.keys() - _KEYS):
        raise refuse("the rule has an unknown key", unknown[0], f"use one of {', '.join(sorted(_KEYS))}.")
    if raw.get("id") != name.removesuffix(".toml"):
        raise refuse("the id of a rule is the name of its file", raw.get("id"), "rename one of the two.")
    for key, allowed in (("level", LEVELS), ("about", ABOUT), ("severity", SEVERITIES)):
        if raw.get(key) not in allowed:
            raise refuse(f"{key} is none there is", raw.get(key), f"use one of {', '.join(allowed)}.")
    for key in ("title", "words", "why"):
        if not all(raw.get(key, {}).get(lang) for lang in ("en", "zh")):
            raise refuse(f"{key} must be said in both languages", raw.get(key), f"write {key}.en and {key}.zh.")
    if not raw.get("suite") and not raw.get("sql"):
        raise refuse("nothing judges the rule", name, "name expectations (suite) or a SELECT (sql).")
    for key, words in raw.get("says", {}).items():
        if not all(words.get(lang) for lang in ("en", "zh")):
            raise refuse(f"says.{key} must be said in both languages", words, f"write says.{key}.en and says.{key}.zh.")
    return Rule(
        **{key: raw[key] for key in ("id", "level", "about", "severity", "title", "words", "why")},
        suite=tuple(raw.get("suite", ())),
        sql=raw.get("sql", ""),
        severities=raw.get("severities"),
        reasons=raw.get("reasons"),
        says=raw.get("says"),
        size=raw.get("size", ""),
        parameters=tuple(Parameter(**told) for told in raw.get("parameters", ())),
        exceptions=tuple(
            KnownException(tuple(told["where"].items()), told["en"], told["zh"]) for told in raw.get("exceptions", ())
        ),
    )


def find_gravest(severities: Sequence[str]) -> str:
    """The gravest of several severities."""
    return min(severities, key=SEVERITIES.index)
