"""Code lists: cited CSV files under transforms/codelists/, and the way from a printed label or code to our code."""

from __future__ import annotations

import csv
import difflib
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from transforms.errors import InputError

# Lists whose rows stand in several files: the first is the classification proper, the others what lies beside it.
FILES: dict[str, tuple[str, ...]] = {
    "geographies": ("geographies.csv", "geographies_uk.csv"),
    "items": ("items.csv", "items_bpm5.csv", "items_china.csv", "items_other.csv"),
    "references": ("references.csv", "references_other.csv"),
    "words": ("words.csv", "words_prose.csv"),
}
# Lists that a user may add rows to, each with the columns that a row must fill. The others are closed: the code rests
# on the meaning of their codes. In the order in which they are read: a list comes after those it points at.
EXTENSIBLE: dict[str, tuple[str, ...]] = {
    "schemes": ("code",),
    "geographies": ("code",),
    "group_members": ("group_code", "member"),
    "items": ("code",),
    "measures": ("code",),
    "bases": ("code",),
    "units": ("code",),
    "references": ("code",),
    "geography_codes": ("scheme", "publisher_code", "geo"),
    "unit_labels": ("label", "unit", "unit_mult"),
    "conversions": ("dataset", "from_currency", "to_currency", "series"),
}
# The standard codes that a publisher writes for economies; what else it writes stands in geography_codes.csv.
PUBLISHERS: dict[str, tuple[str, ...]] = {
    "BATIS": ("iso2", "iso3"),
    "COMTRADE": ("m49",),
    "EUROSTAT": ("iso2",),
    "IMF": ("iso2", "iso3"),
    "OECD": ("iso3",),
    "SDMX": ("iso2",),
    "UNCTAD": ("m49",),
    "WB": ("iso3",),
    "WTO": ("m49", "iso3"),
}
_STANDARD = ("iso3", "iso2", "m49", "GBT2260", "NUTS2016", "ITL")  # standards for geographies, unlike publishers' codes
_PREFIXED = {"items": re.compile(r"[A-Z][A-Z0-9_.]*:.+"), "geographies": re.compile(r"[A-Z][A-Z0-9_.]*:.+|CN-[0-9]{6}")}
_IGNORED = re.compile(r"[\s、，,·]+")
# An ordinal has one or two digits, and no multiplier after it: "100 million" and "10 亿" are amounts.
_ORDINAL = re.compile(
    r"^[0-9]{1,2}+(?:(?:\.[0-9]++)++[.\s]*|\.(?![0-9])\s*|\s+(?![0-9百千万亿]|hundred|thousand|million|billion|trillion))(?=.)"
)
_SIDE = re.compile(r"(?<=.)(差额|贷方|借方)$")
_ACCENTS = re.compile("(?<=[A-Za-z])[\u0300-\u036f]+")  # on letters only: the stroke of ≠ means something
_TYPOGRAPHY = str.maketrans({**dict.fromkeys("‘’ʼ´", "'"), **dict.fromkeys("‐‑‒–—", "-")})


def normalise_label(label: str) -> str:
    """A label as it is compared: width, case and accents folded, spaces and list commas dropped, & read as and, 其它
    as 其他, curly apostrophes and long dashes as plain ones, a leading ordinal (1.9, 2.1 - SAFE's numbering is not
    stable) and a trailing 差额, 贷方, 借方 dropped."""
    if label.isascii():  # most names of economies: nothing of what follows can be in them
        text = label.lower().strip()
        text = _ORDINAL.sub("", text) if text[:1].isdigit() else text
        return "".join(text.replace(",", " ").replace("&", "and").split())
    text = unicodedata.normalize("NFKD", label.translate(_TYPOGRAPHY))
    text = unicodedata.normalize("NFC", _ACCENTS.sub("", text)).casefold().strip()
    text = _ORDINAL.sub("", text)
    return _SIDE.sub("", _IGNORED.sub("", text).replace("其它", "其他").replace("&", "and"))


_HAN = re.compile(r"[\u4e00-\u9fff]")
# How much alike a label must be to one that is offered in its place: what is further off misleads. Chinese names are
# shorter, so that one other character weighs more.
_NEAR, _NEAR_CHINESE = 0.65, 0.5


class UnknownLabel(KeyError):
    """A label that a code list does not know; nearest holds the nearest known labels."""

    def __init__(self, listname: str, label: str, nearest: list[str]) -> None:
        self.listname, self.label, self.nearest = listname, label, nearest
        super().__init__(listname, label, nearest)

    def __str__(self) -> str:
        near = f"; nearest known: {', '.join(self.nearest)}" if self.nearest else ""
        return f"{self.label!r} is not in the code list {self.listname}{near}"


class AmbiguousLabel(UnknownLabel):
    """A text that is one code in one scheme and another in a second; nearest holds both, with their schemes."""

    def __str__(self) -> str:
        return f"{self.label!r} names several codes of the list {self.listname}: {', '.join(self.nearest)}; say which"


@dataclass(frozen=True)
class CodeList:
    name: str
    rows: tuple[dict[str, str], ...]
    labels: dict[str, str] = field(repr=False)

    @property
    def codes(self) -> set[str]:
        return {row["code"] for row in self.rows}

    def resolve(self, label: str, scheme: str = "") -> str:
        """The code of a printed label (label, alias or code itself) or of a publisher's code.

        scheme: 'label' for names only; otherwise the codes of that scheme (see scheme_codes) and, where the scheme is
        the prefix of our own codes, the names of those codes. Without a scheme a name comes first, then whatever is
        one and the same code in every scheme that has it. Raises UnknownLabel; AmbiguousLabel where schemes differ.
        """
        if scheme not in ("", "label"):
            known = _scheme_names(self.name, scheme).get(normalise_label(label))
            known = scheme_codes(self.name, scheme).get(label.strip(), known)
        elif (known := self.labels.get(normalise_label(label))) is None and not scheme:
            meanings = _coded(self.name).get(label.strip(), {})
            if len(set(meanings.values())) > 1:
                raise AmbiguousLabel(self.name, label, [f"{code} ({name})" for name, code in meanings.items()])
            known = next(iter(meanings.values()), None)
        if known is None:
            raise UnknownLabel(self.name, label, self._nearest(label))
        return known

    def _nearest(self, label: str) -> list[str]:
        """Known labels that may be meant, those in the script of the label; none where nothing is near."""
        wanted = normalise_label(label)
        chinese = bool(_HAN.search(wanted))
        same = [text for text in self.labels if bool(_HAN.search(text)) is chinese]
        nearest = difflib.get_close_matches(wanted, same, n=3, cutoff=_NEAR_CHINESE if chinese else _NEAR)
        first, second = ("label_zh", "label_en") if chinese else ("label_en", "label_zh")
        shown = {row["code"]: row[first] or row[second] for row in self.rows}
        codes = dict.fromkeys(self.labels[text] for text in nearest)  # several aliases of one code count once
        return [f"{shown[code]} ({code})" for code in codes]

    def label(self, code: str, lang: str) -> str:
        """The label of a code in zh or en; the code itself where the list has none."""
        return self._by_code().get(code, {}).get(f"label_{lang}") or code

    def _by_code(self) -> dict[str, dict[str, str]]:
        return _index(self.name)


def read_rows(filename: str) -> list[dict[str, str]]:
    """The rows of one code-list file, all as text, blanks as ''."""
    text = files("transforms").joinpath("codelists", filename).read_text(encoding="utf-8")
    return [{k: (v or "").strip() for k, v in row.items()} for row in csv.DictReader(io.StringIO(text))]


def codelist_rows(name: str) -> list[dict[str, str]]:
    """The rows of a list from all its files, then the user's own."""
    bundled = [row for filename in FILES.get(name, (f"{name}.csv",)) for row in read_rows(filename)]
    return bundled + [dict(row) for row in _own.get(name, ())]


def row_names(row: Mapping[str, str]) -> list[str]:
    """Everything that names a code in its list: labels, the code itself, aliases; as written."""
    aliases = row.get("aliases") or row.get("aliases_zh") or ""
    return [name for name in (row["label_zh"], row["label_en"], row["code"], *aliases.split("|")) if name]


def label_index(name: str, rows: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Normalised label, alias or code -> code. Raises InputError when one label names two codes."""
    index: dict[str, str] = {}
    for row in rows:
        for text in filter(None, map(normalise_label, row_names(row))):
            if index.setdefault(text, row["code"]) != row["code"]:
                raise InputError(
                    f"the label {text!r} names both {index[text]} and {row['code']}",
                    file=f"transforms/codelists/{name}",
                    todo="take the label or alias from one of the two codes.",
                )
    return index


@cache
def load_codelist(name: str) -> CodeList:
    """One code list by name (see the folder transforms/codelists). Codes and labels are unique or it is refused."""
    rows = tuple(codelist_rows(name))
    if repeated := sorted(code for code, times in Counter(row["code"] for row in rows).items() if times > 1):
        raise InputError(
            "codes stand more than once",
            file=f"transforms/codelists/{name}",
            found=", ".join(repeated),
            todo="keep one row for each code.",
        )
    return CodeList(name, rows, label_index(name, rows))


@cache
def _index(name: str) -> dict[str, dict[str, str]]:
    return {row["code"]: row for row in load_codelist(name).rows}


@cache
def scheme_codes(name: str, scheme: str) -> Mapping[str, str]:
    """The codes of one scheme -> our codes, for joins: what a publisher writes, exactly as it writes it.

    'label' gives every name of the list. For geographies: 'iso3', 'iso2', 'm49' (with and without leading zeros), the
    publishers of PUBLISHERS and whatever scheme stands in geography_codes.csv. Any other scheme is the prefix of our
    own codes: EBOPS2010 gives SI for EBOPS2010:SI. Raises InputError where the list has no such scheme.
    """
    if scheme == "label":
        return MappingProxyType({text: row["code"] for row in load_codelist(name).rows for text in row_names(row)})
    found: dict[str, str] = {}
    for base in PUBLISHERS.get(scheme, ()) if name == "geographies" else ():
        found |= scheme_codes(name, base)
    for row in load_codelist(name).rows:
        found |= dict.fromkeys(_codes_in(row, scheme), row["code"])
    if name == "geographies":
        found |= _publisher_codes().get(scheme, {})
    if not found:
        raise InputError(
            f"the code list {name} has no codes of the scheme {scheme!r}",
            file=f"transforms/codelists/{name}",
            todo=f"one of: {', '.join(_schemes(name))}.",
        )
    return MappingProxyType(found)


def _codes_in(row: Mapping[str, str], scheme: str) -> list[str]:
    """What the scheme calls the code of this row, or nothing."""
    code = row["code"]
    if scheme == "iso3":
        return [code] if re.fullmatch("[A-Z]{3}", code) else []
    if scheme == "iso2":
        return [row["iso2"]] if row.get("iso2") else []
    if scheme == "m49":
        return [row["m49"], row["m49"].lstrip("0")] if row.get("m49") else []
    prefix = "CN-" if scheme == "GBT2260" else scheme + ":"
    return [code.removeprefix(prefix)] if code.startswith(prefix) else []


@cache
def _publisher_codes() -> dict[str, dict[str, str]]:
    """Scheme -> what it writes -> our code of the place, for what is no standard code."""
    found: dict[str, dict[str, str]] = {}
    for row in codelist_rows("geography_codes"):
        found.setdefault(row["scheme"], {})[row["publisher_code"]] = row["geo"]
    return found


def _schemes(name: str) -> list[str]:
    """The schemes that scheme_codes knows for a list, standard codes first."""
    prefixes = {row["code"].partition(":")[0] for row in load_codelist(name).rows if ":" in row["code"]}
    if name != "geographies":
        return ["label", *sorted(prefixes)]
    return list(dict.fromkeys(["label", *_STANDARD, *PUBLISHERS, *sorted(prefixes | set(_publisher_codes()))]))


@cache
def _scheme_names(name: str, scheme: str) -> dict[str, str]:
    """Normalised names within one scheme -> code: a name that several schemes have is plain once the scheme is said."""
    rows = [row for row in load_codelist(name).rows if row["code"].startswith(scheme + ":")]
    plain = [row | {f"label_{lang}": plain_label(row, lang) for lang in ("en", "zh")} for row in rows]
    codes = {normalise_label(text): code for text, code in scheme_codes(name, scheme).items()}
    return label_index(name, plain) | label_index(name, rows) | codes


def plain_label(row: Mapping[str, str], lang: str) -> str:
    """The label of a row without what its scheme puts in brackets after it: Travel for Travel (EBOPS 2002)."""
    scheme = _index("schemes").get(row["code"].partition(":")[0], {})
    mark = scheme.get(f"mark_{lang}")
    label = row[f"label_{lang}"]
    return label.removesuffix(f"（{mark}）" if lang == "zh" else f" ({mark})") if mark else label


@cache
def _coded(name: str) -> dict[str, dict[str, str]]:
    """Code -> scheme -> our code, over the schemes of geographies that are not our own; other lists have none."""
    found: dict[str, dict[str, str]] = {}
    for scheme in (*_STANDARD, *PUBLISHERS) if name == "geographies" else ():
        for text, code in scheme_codes(name, scheme).items():
            found.setdefault(text, {})[scheme] = code
    return found


_own: dict[str, tuple[dict[str, str], ...]] = {}


def use_own_codelists(texts: Mapping[str, str]) -> None:
    """From now on the lists hold these rows too: list name -> CSV text with a header; {} takes all own rows back.

    A row needs code and label_en or label_zh (one stands for the other); in geography_codes scheme, publisher_code and
    geo; in unit_labels label, unit and unit_mult; in conversions dataset, from_currency, to_currency and series.
    Nothing is taken over when one row is refused: unknown list, missing or unknown column, a code or label that the
    list has already, a code without prefix in a list whose codes have one. Raises InputError naming file and row.
    """
    before = dict(_own)
    _own.clear()
    _forget()
    try:
        for name in sorted(texts, key=[*EXTENSIBLE].index if texts.keys() <= EXTENSIBLE.keys() else None):
            _own[name] = _parse_own(name, texts[name])
            _forget()
    except InputError:
        _own.clear()
        _own.update(before)
        _forget()
        raise


def _forget() -> None:
    """Empty every cache that rests on the lists."""
    for function in (load_codelist, scheme_codes, _publisher_codes, _index, _scheme_names, _coded, unit_labels):
        function.cache_clear()


def _parse_own(name: str, text: str) -> tuple[dict[str, str], ...]:
    """The rows of one own list, held against the bundled one."""
    file = f"own/codelists/{name}.csv"
    if name not in EXTENSIBLE:
        raise InputError("no code list of this name takes own rows", file=file,
                         todo=f"name the file after one of: {', '.join(sorted(EXTENSIBLE))}.")  # fmt: skip
    columns = list(dict.fromkeys(column for row in codelist_rows(name) for column in row))
    (_, header), *records = _records(file, text) or [(1, [])]
    if "note_en" in columns:  # one note of one's own is the note in both languages
        header = ["note_en" if column == "note" else column for column in header]
    _check_own_header(name, file, header, columns)
    named = _names_of(name)
    rows: list[dict[str, str]] = []
    for line, cells in records:
        if len(cells) > len(header):
            raise InputError("the row has more cells than the header", file=file, row=line,
                             todo="put a cell that holds a comma in double quotes.")  # fmt: skip
        row = dict.fromkeys(columns, "") | dict(zip(header, cells, strict=False))
        if any(row.values()):
            rows.append(_check_own_row(name, file, line, row, named))
    return tuple(rows)


def _records(file: str, text: str) -> list[tuple[int, list[str]]]:
    """The records of a CSV with the line each ends on; what is no CSV is refused with its row."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    records: list[tuple[int, list[str]]] = []
    try:
        for cells in reader:
            records.append((reader.line_num, [cell.strip() for cell in cells]))
    except csv.Error as error:
        raise InputError(f"the file is not CSV: {error}", file=file, row=reader.line_num,
                         todo="mend the quotes of the row, or save it anew as CSV.") from None  # fmt: skip
    return records


def _check_own_header(name: str, file: str, header: list[str], columns: list[str]) -> None:
    required = list(EXTENSIBLE[name])
    if missing := [column for column in required if column not in header]:
        raise InputError(f"the file has no column {missing[0]!r}", file=file, row=1, found=", ".join(header),
                         todo=f"it needs {', '.join(required)}.")  # fmt: skip
    if "code" in required and not {"label_en", "label_zh"} & set(header):
        raise InputError("the file has neither label_en nor label_zh", file=file, row=1, found=", ".join(header),
                         todo="give each code a label in one language at least.")  # fmt: skip
    if unknown := [column for column in header if column not in columns]:
        raise InputError(f"the column {unknown[0]!r} is unknown", file=file, row=1, found=unknown[0],
                         todo=f"columns of this list: {', '.join(columns)}.")  # fmt: skip
    if len(set(header)) < len(header):
        raise InputError("a column stands twice", file=file, row=1, found=", ".join(header), todo="keep one of them.")


def _names_of(name: str) -> dict[str, str]:
    """Normalised names already taken in a list -> what they name."""
    if name == "unit_labels":
        return {normalise_label(row["label"]): row["unit"] for row in codelist_rows(name)}
    if name == "geography_codes":
        return {f"{row['scheme']} {row['publisher_code']}": row["geo"] for row in codelist_rows(name)}
    if name == "group_members":
        found: dict[str, str] = {}
        for row in codelist_rows(name):
            key, period = f"{row['group_code']} {row['member']}", f"{row['valid_from']}/{row['valid_to']}"
            found[key] = f"{found.get(key, '')} {period}".strip()
        return found
    if name == "conversions":
        return {_conversion_of(row): row["series"] for row in codelist_rows(name)}
    return load_codelist(name).labels | {text: row["code"] for row in codelist_rows(name) for text in _other_codes(row)}


def _other_codes(row: Mapping[str, str]) -> list[str]:
    """The standard codes of a place; the capitals keep them apart from normalised names."""
    return [f"{column.upper()} {row[column]}" for column in ("iso2", "m49") if row.get(column)]


def _check_own_row(name: str, file: str, line: int, row: dict[str, str], named: dict[str, str]) -> dict[str, str]:
    """The row with the label of the missing language filled in; its names are taken from now on (in named)."""
    for column in EXTENSIBLE[name]:
        if not row[column]:
            raise InputError("a cell that must be filled is empty", file=file, row=line, column=column,
                             todo=f"fill in {column}, or take the row out.")  # fmt: skip
    if name == "unit_labels":
        return _check_own_unit(file, line, row, named)
    if name == "geography_codes":
        return _check_own_geography_code(file, line, row, named)
    if name == "group_members":
        return _check_own_member(file, line, row, named)
    if name == "conversions":
        return _check_own_conversion(file, line, row, named)
    code = row["code"]
    if not (row["label_en"] or row["label_zh"]):
        raise InputError(f"the code {code} has no label", file=file, row=line, todo="fill in label_en or label_zh.")
    if name in _PREFIXED and not _PREFIXED[name].fullmatch(code):
        raise InputError("the code has no scheme before it", file=file, row=line, column="code", found=code,
                         todo=f"write a scheme of your own and a colon before it, such as MY:{code}.")  # fmt: skip
    if named.get(normalise_label(code)) is not None:
        raise InputError(f"the code {code} is taken: it names {named[normalise_label(code)]}", file=file, row=line,
                         column="code", found=code, todo="choose another: own rows only add codes.")  # fmt: skip
    if name == "items":
        _check_own_item(file, line, row)
    if name == "schemes" and row["additive_to"]:
        raise InputError("a scheme of one's own adds up to no total", file=file, row=line, column="additive_to",
                         found=row["additive_to"], todo="leave the cell empty.")  # fmt: skip
    for one, other in (("label_en", "label_zh"), ("note_en", "note_zh")):  # the words of one language serve for both
        if one in row:
            row[one], row[other] = row[one] or row[other], row[other] or row[one]
    for text in row_names(row):
        if named.setdefault(normalise_label(text), code) != code:
            raise InputError(f"the label {text!r} names {named[normalise_label(text)]} already", file=file, row=line,
                             found=text, todo="take it out, or use that code: one label names one code.")  # fmt: skip
    for text in _other_codes(row):
        column, _, found = text.partition(" ")
        if named.setdefault(text, code) != code:
            raise InputError(f"the {column.lower()} code {found} stands for {named[text]} already", file=file, row=line,
                             column=column.lower(), found=found,
                             todo="take it out: one code of a scheme stands for one place.")  # fmt: skip
    return row


def _check_own_item(file: str, line: int, row: dict[str, str]) -> None:
    """Own items stand below or beside the classifications and are never added into their totals."""
    scheme = row["code"].partition(":")[0]
    if _index("schemes").get(scheme, {}).get("additive_to"):
        raise InputError(f"the scheme {scheme} is a classification of others", file=file, row=line, column="code",
                         found=row["code"], todo="choose a scheme of your own, with the item as parent.")  # fmt: skip
    row["tree"] = row["tree"] or "other"
    if row["tree"] not in ("other", "memo"):
        raise InputError("an item of one's own is added into no total", file=file, row=line, column="tree",
                         found=row["tree"], todo="write other or memo, or leave the cell empty.")  # fmt: skip


def _check_own_member(file: str, line: int, row: dict[str, str], named: dict[str, str]) -> dict[str, str]:
    """A row of group_members; named holds the membership periods taken so far, by group and member."""
    from transforms.groups import find_fault

    period = f"{row['valid_from']}/{row['valid_to']}"
    key = f"{row['group_code']} {row['member']}"
    known = named[key].split() if key in named else []
    if fault := find_fault(row, known):
        column, problem, todo = fault
        raise InputError(problem, file=file, row=line, column=column, found=row[column] or period, todo=todo)
    named[key] = " ".join([*known, period])
    return row


def _check_own_geography_code(file: str, line: int, row: dict[str, str], named: dict[str, str]) -> dict[str, str]:
    scheme, text, geo = row["scheme"], row["publisher_code"], row["geo"]
    if not re.fullmatch(r"[A-Z][A-Z0-9_.]*", scheme):
        raise InputError("the scheme is no name in capitals", file=file, row=line, column="scheme", found=scheme,
                         todo="write letters A to Z, digits, dots and underscores, such as CUSTOMS.")  # fmt: skip
    if geo not in load_codelist("geographies").codes:
        raise InputError("the place is not in the code list geographies", file=file, row=line, column="geo", found=geo,
                         todo="use its code there, or add it in own/codelists/geographies.csv.")  # fmt: skip
    if (known := named.get(f"{scheme} {text}")) is not None:
        raise InputError(f"the code {text} of the scheme {scheme} stands for {known} already", file=file, row=line,
                         column="publisher_code", found=text, todo="take the row out.")  # fmt: skip
    named[f"{scheme} {text}"] = geo
    return row


def _check_own_unit(file: str, line: int, row: dict[str, str], named: dict[str, str]) -> dict[str, str]:
    if not re.fullmatch(r"-?[0-9]{1,2}", row["unit_mult"]):
        raise InputError("unit_mult is a power of ten", file=file, row=line, column="unit_mult", found=row["unit_mult"],
                         todo="write 0 for ones, 3 for thousands, 6 for millions.")  # fmt: skip
    if row["unit"] not in load_codelist("units").codes:
        raise InputError("the unit is not in the code list units", file=file, row=line, column="unit",
                         found=row["unit"], todo="add it in own/codelists/units.csv.")  # fmt: skip
    if known := named.get(normalise_label(row["label"])):
        raise InputError(f"the label {row['label']!r} means {known} already", file=file, row=line, column="label",
                         found=row["label"], todo="take the row out.")  # fmt: skip
    named[normalise_label(row["label"])] = row["unit"]
    return row


def _conversion_of(row: Mapping[str, str]) -> str:
    return f"{row['dataset']} {row['from_currency']} {row['to_currency']}"


def _check_own_conversion(file: str, line: int, row: dict[str, str], named: dict[str, str]) -> dict[str, str]:
    before, after, series = row["from_currency"], row["to_currency"], row["series"]
    for column in ("from_currency", "to_currency"):
        if row[column] not in load_codelist("units").codes:
            raise InputError("the currency is not in the code list units", file=file, row=line, column=column,
                             found=row[column], todo="add it in own/codelists/units.csv.")  # fmt: skip
    if before == after:
        raise InputError("a currency is converted to itself", file=file, row=line, column="to_currency", found=after,
                         todo="name two currencies.")  # fmt: skip
    if not series.startswith("XR:") or series not in load_codelist("items").codes:
        raise InputError("the series is no rate series of the code list items", file=file, row=line,
                         column="series", found=series,
                         todo="name an item XR:<series>, or add it in own/codelists/items.csv.")  # fmt: skip
    if not {f"{after}_PER_{before}", f"{before}_PER_{after}"} & load_codelist("units").codes:
        raise InputError("no unit is a rate of these two currencies", file=file, row=line, column="to_currency",
                         found=after, todo=f"add {after}_PER_{before} in own/codelists/units.csv.")  # fmt: skip
    if (known := named.get(_conversion_of(row))) is not None:
        raise InputError(f"{row['dataset']} is converted from {before} to {after} by {known} already", file=file,
                         row=line, column="series", found=series, todo="take one of the rows out.")  # fmt: skip
    named[_conversion_of(row)] = series
    return row


@cache
def unit_labels() -> dict[str, tuple[str, int]]:
    """Printed unit -> (unit code, power of ten)."""
    return {normalise_label(r["label"]): (r["unit"], int(r["unit_mult"])) for r in codelist_rows("unit_labels")}


@cache
def qualifier_words() -> dict[str, dict[str, str]]:
    """Printed qualifier word -> its row (qualifier code, lower_rule, upper_rule)."""
    return {row["word"]: row for row in read_rows("qualifiers.csv")}


_REASONS = frozenset("MLHQK")  # why a value is missing


@cache
def status_order() -> dict[str, int]:
    """SDMX observation status -> precedence, 1 = strongest (SDMX guideline on the observation status concept)."""
    return {row["code"]: int(row["precedence"]) for row in load_codelist("obs_status").rows}


def join_statuses(codes: Iterable[str]) -> str:
    """Several statuses as one string, strongest first, without the A that says nothing beside another.

    O (missing, no reason given) gives way to a status that gives the reason.
    """
    said = set(codes)
    said -= {"O"} if said & _REASONS else set()
    kept = sorted(said, key=status_order().__getitem__)
    return ";".join([c for c in kept if c != "A"] or kept)
