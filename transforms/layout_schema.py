"""The layout language as a JSON schema, so that editors check and complete layouts.

Keys and types come from the classes of transforms/layout.py, codes from the contract and the code lists, descriptions
from the tables of docs/layouts.md. docs/layout.schema.json is this schema, written by:

    python -m transforms.layout_schema
"""

from __future__ import annotations

import json
import re
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from transforms.codelists import load_codelist
from transforms.contract import load_contract
from transforms.grid import ENCODINGS
from transforms.layout import (
    ASKED,
    BLANK,
    INTEGERS,
    MOST_DECIMALS,
    MOST_HEADER_ROWS,
    PARSERS,
    PARTS,
    PRECISIONS,
    PREVIOUS,
    ROLES,
    ROW_ROLES,
    SIGNS,
    Blank,
    Header,
    IgnoredSheet,
    Layout,
    PrintedColumn,
    PrintedRow,
    Rule,
    ScopedBlanks,
    TableLayout,
    sayable,
)

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_CLASSES = {"header": Header, "column": PrintedColumn, "row": PrintedRow, "rule": Rule, "blanks_where": ScopedBlanks,
            "ignore_sheet": IgnoredSheet, "blank": Blank, "table": TableLayout}  # fmt: skip
_LISTED = {"conf_status": "conf_status", "obs_status": "obs_status"}
# What a key holds beyond its type in the class.
_VALUES: dict[tuple[str, str], dict[str, Any]] = {
    ("column", "role"): {"enum": list(ROLES)},
    ("column", "parse"): {
        "anyOf": [{"enum": list(PARSERS)}, {"type": "string", "description": "a publisher's scheme"}]
    },
    ("column", "of"): {"enum": ["left", "right"]},
    ("column", "nth"): {"type": "integer", "minimum": 1},
    ("column", "group"): {"type": "integer", "minimum": 0},
    ("column", "rank"): {"type": "integer", "minimum": 1},
    ("column", "decimals"): {"type": "integer", "minimum": 0, "maximum": MOST_DECIMALS},
    ("column", "set"): {"$ref": "#/$defs/said"},
    ("column", "map"): {"$ref": "#/$defs/map"},
    ("row", "role"): {"enum": list(ROW_ROLES)},
    ("row", "set"): {"$ref": "#/$defs/said"},
    ("rule", "when"): {"$ref": "#/$defs/when"},
    ("rule", "then"): {"$ref": "#/$defs/said"},
    ("blanks_where", "when"): {"$ref": "#/$defs/when"},
    ("blanks_where", "blanks"): {"$ref": "#/$defs/blanks"},
    ("blank", "status"): {"$ref": "#/$defs/status"},
    ("header", "rows"): {"type": "integer", "minimum": 1, "maximum": MOST_HEADER_ROWS},
    ("header", "contains"): {"type": "array", "items": {"type": "string"}, "minItems": 1},
    ("table", "precision"): {"enum": list(PRECISIONS)},
    ("table", "decimals"): {"type": "integer", "minimum": 0, "maximum": MOST_DECIMALS},
    ("table", "decimal_mark"): {"type": "string", "minLength": 1, "maxLength": 1},
    ("table", "thousands_mark"): {"type": "string", "maxLength": 1},
    ("table", "constants"): {"$ref": "#/$defs/said"},
    ("table", "blanks"): {"$ref": "#/$defs/blanks"},
    ("table", "keep"): {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
    ("table", "codes"): {"type": "object", "additionalProperties": {"type": "object"}},
    ("file", "files"): {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1},
    ("file", "encoding"): {"enum": list(ENCODINGS)},
    ("file", "delimiter"): {"type": "string", "minLength": 1, "maxLength": 1},
    ("file", "bad_rows"): {"enum": ["stop", "quarantine"]},
}
# The headings of docs/layouts.md over the tables of keys, and the part of the schema that each describes.
_SECTIONS = {"Keys of the file": "file", "Keys of the table": "table", "Columns": "column"}
# Keys that the page explains in running text.
_WORDS = {
    ("header", "contains"): "labels of the header: it ends with the first row that completes them",
    ("row", "text"): "text (or pattern, with named groups) of the first filled cell of the row",
    ("row", "role"): "section, set, footnote, notes or ignore",
    ("row", "set"): "column of the observations = value, for a section or a row of figures",
    ("row", "reason"): "why the row is left out; required for ignore",
    ("rule", "when"): "all must hold; a list means one of these, a text between slashes is a pattern",
    ("rule", "then"): "column of the observations = value, where when holds",
    ("rule", "reason"): "goes into the note of the figures concerned",
    ("blanks_where", "when"): "where these blank marks hold, as in rules",
    ("blanks_where", "blanks"): "mark = status, or { status, value, lower, upper }",
    ("ignore_sheet", "sheet"): "name of the sheet, or a pattern",
    ("ignore_sheet", "reason"): "why it holds no table that is wanted",
    ("blank", "status"): "SDMX status",
    ("blank", "value"): "the value that the mark stands for",
    ("blank", "lower"): "lower end of what it stands for",
    ("blank", "upper"): "upper end of what it stands for",
    ("table", "header"): "where the header is found: contains, rows, fill",
    ("table", "columns"): "one entry for every printed column, or kind of column",
    ("table", "rows"): "rows that are no plain data",
    ("table", "rules"): "exceptions, in order",
}


def read_descriptions(page: str) -> dict[tuple[str, str], str]:
    """(part of the layout, key) -> what it does, from the tables of docs/layouts.md."""
    found = dict(_WORDS)
    part = ""
    for line in page.splitlines():
        if line.startswith("## "):
            part = _SECTIONS.get(line.removeprefix("## ").strip(), "")
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)]
        keys = re.findall(r"`([^`]+)`", cells[1]) if part and line.startswith("| `") and len(cells) > 3 else []
        says_role = part == "column" and len(cells) > 4  # the tables of roles and parsers have fewer columns
        words = cells[3] if says_role and len(cells) >= 6 else cells[2] if keys else ""
        for key in keys:
            name = key.rpartition(".")
            place = ("header", name[2]) if name[0] == "header" else (part, key)
            if part == "column" and len(cells) < 6:
                continue
            found[place] = "; ".join(filter(None, [found.get(place, "") if place not in _WORDS else "", _plain(words)]))
    return found


def _plain(text: str) -> str:
    """Markdown as words."""
    text = re.sub(r"\s*\(?\[([^\]]+)\]\([^)]*\)\)?", lambda match: "" if match[1] == "below" else f" {match[1]}", text)
    return text.replace("`", "").replace("\\|", "|").strip()


def build_schema(page: str) -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of a layout file; page is the text of docs/layouts.md."""
    words = read_descriptions(page)
    table = _describe_class(TableLayout, "table", words)
    file = _describe_class(Layout, "file", words)
    properties = file["properties"] | table["properties"]
    properties["extends"] = {"type": "string", "description": words["file", "extends"]}
    properties["tables"] = {
        "type": "array", "minItems": 1, "items": {"$ref": "#/$defs/table"}, "description": words["file", "tables"],
    }  # fmt: skip
    definitions = {
        name: _describe_class(kind, name, words) for name, kind in _CLASSES.items() if name not in ("table",)
    }
    table.pop("required")  # a key may stand outside [[tables]], or come from the layout it extends
    return {
        "$schema": _DRAFT,
        "title": "digitrade layout",
        "description": "Where the figures of a publisher's table stand and what each of them means: docs/layouts.md.",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "anyOf": [{"required": ["files"]}, {"required": ["extends"]}],
        "$defs": definitions | {"table": table} | _describe_codes(),
    }


def build_shared_schema(page: str) -> dict[str, Any]:
    """The same for a layout that others extend: it may leave out any key, and its files are theirs to name."""
    schema = build_schema(page)
    schema.pop("anyOf")
    schema["properties"]["files"].pop("minItems")
    return schema


def _describe_class(kind: type, part: str, words: dict[tuple[str, str], str]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    properties, required = {}, []
    for spec in fields(kind):
        if not spec.metadata.get("key", True):
            continue
        described = dict(_VALUES.get((part, spec.name)) or _describe_type(hints[spec.name], spec.name))
        text = words.get((part, spec.name))
        properties[spec.name] = described | ({"description": text} if text else {})
        if spec.default is MISSING and spec.default_factory is MISSING:
            required.append(spec.name)
    return {"type": "object", "properties": properties, "additionalProperties": False, "required": required}


def _describe_type(hint: Any, name: str) -> dict[str, Any]:
    """The schema of a type of the classes. Raises ValueError for one it does not know."""
    if name == "maps":
        by_file = {"type": "string", "description": "a CSV file beside the layout, with the columns label and code"}
        properties = {column: {"anyOf": [by_file, {"$ref": "#/$defs/map"}]} for column in _columns()}
        return {"type": "object", "properties": properties, "additionalProperties": False}
    if name in ("parse", "schemes", "fallback_schemes"):
        texts = {column: {"type": "string"} for column in _columns()}
        return {"type": "object", "properties": texts, "additionalProperties": False}
    if hint is str or hint is int or hint is bool:
        return {"type": {str: "string", int: "integer", bool: "boolean"}[hint]}
    for part, kind in _CLASSES.items():
        if hint is kind:
            return {"$ref": f"#/$defs/{part}"}
    if get_origin(hint) is tuple:
        return {"type": "array", "items": _describe_type(get_args(hint)[0], "")}
    if get_origin(hint) is dict:
        return {"type": "object", **({"additionalProperties": {"type": "string"}} if str in get_args(hint)[1:] else {})}
    kinds = [one for one in get_args(hint) if one is not type(None)]
    if not kinds:
        if hint is float:
            return {"type": "number"}
        raise ValueError(f"a type without a schema: {hint}")
    described = [_describe_type(one, "") for one in kinds]
    return described[0] if len(described) == 1 else {"anyOf": described}


def _columns() -> list[str]:
    """What a layout may fill, with the parts of periods."""
    return [name for name in sayable() if name != "note"]


def _describe_codes() -> dict[str, Any]:
    """Values that columns of the observations can hold. Codes that a layout may add to are not listed."""
    contract = load_contract("observations")
    status = {"type": "string", "pattern": rf"^({_codes('obs_status')})(;({_codes('obs_status')}))*$"}
    said: dict[str, Any] = {}
    for name in _columns():
        if name == "sign":
            said[name] = {"enum": list(SIGNS)}
        elif name in PARTS:
            said[name] = {"type": "string"}
        elif name == "obs_status":
            said[name] = {"$ref": "#/$defs/status"}
        else:
            column = contract[name]
            least, most = INTEGERS.get(column.type, (0, 0))
            said[name] = {"type": "integer", "minimum": least, "maximum": most} if column.type in INTEGERS else {
                "type": "string"}  # fmt: skip
            said[name]["description"] = column.en
            if name == "base_period":
                said[name]["description"] += f" {PREVIOUS}: one year earlier."
            listname = _LISTED.get(name, column.codelist)
            if listname in ("flows", "prices", "adjustments", "conf_status"):
                said[name]["examples"] = sorted(load_codelist(listname).codes)
    asked = [*(name for name in _columns() if name not in ("obs_status", *PARTS)), *ASKED]
    one = {"type": ["string", "integer"], "description": f"a code, a /pattern/, or {BLANK}"}
    blank = {"anyOf": [{"$ref": "#/$defs/status"}, {"$ref": "#/$defs/blank"}]}
    code = {"type": ["string", "integer"]}
    return {
        "status": status,
        "said": {"type": "object", "properties": said, "additionalProperties": False},
        "when": {
            "type": "object",
            "properties": {name: {"anyOf": [one, {"type": "array", "items": one}]} for name in asked},
            "additionalProperties": False,
        },
        "blanks": {"type": "object", "additionalProperties": blank},
        "map": {"type": "object", "additionalProperties": {"anyOf": [code, {"$ref": "#/$defs/said"}]}},
    }


def _codes(name: str) -> str:
    return "|".join(row["code"] for row in load_codelist(name).rows)


def render_schema(page: str) -> str:
    """The schema as the text of docs/layout.schema.json."""
    return json.dumps(build_schema(page), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    _docs = Path(__file__).resolve().parents[1] / "docs"
    (_docs / "layout.schema.json").write_text(
        render_schema((_docs / "layouts.md").read_text("utf-8")), encoding="utf-8"
    )
