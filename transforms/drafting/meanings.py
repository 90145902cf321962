"""What a single text may be: a figure, a blank mark, a period, a label that our code lists know, a unit."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from transforms.codelists import load_codelist, normalise_label, scheme_codes, unit_labels
from transforms.errors import InputError
from transforms.numbers import fold
from transforms.patterns import fold_heading, tidy
from transforms.periods import find_freq, split_period

# Marks that publishers print where a figure is missing. What a mark means is each publisher's own to say.
BLANK_MARKS = frozenset(
    [
        ".",
        "..",
        "...",
        "…",
        "……",
        "-",
        "--",
        "---",
        "–",
        "—",
        "―",
        "*",
        "**",
        "/",
        "\\",
        ":",
        "::",
        "x",
        "X",
        "n/a",
        "N/A",
        "n.a.",
        "N.A.",
        "na",
        "NA",
        "n.s.",
        "n.e.s.",
        "(D)",
        "(S)",
        "(*)",
        "(X)",
        "(NA)",
        "(L)",
        "[c]",
        "[x]",
        "[z]",
        "[w]",
        "[u]",
        "[low]",
        "[C]",
        "[X]",
        "[Z]",
        "#N/A",
        "#DIV/0!",
        "#VALUE!",
        "#REF!",
        "#NAME?",
        "#NUM!",
        "#NULL!",
        "#FORMULA",
        "nan",
        "NaN",
        "null",
        "NULL",
        "None",
        "..",
        "..",
        "c",
        "C",
        "s",
        "S",
        "D",
        "ND",
        "nd",
        "n.d.",
        "NSA",
        "nil",
        "Nil",
        "NIL",
        "无",
        "空",
        "缺",
        "不详",
        "未公布",
        "保密",
        "－－",
        "—",
        "—",
        "／",
        "＊",
    ]
)
_MARK_SHAPE = re.compile(r"\[[A-Za-z]{1,4}\]|\([A-Z*]{1,3}\)|[^\w\s]{1,4}")
_DIGITS = r"(?:\d+|\d{1,3}(?:[,.' \u00a0\u2007\u2009\u202f]\d{3})+)(?:[.,]\d+)?"
_BODY = rf"(?:[-+−–﹣]\s?)?{_DIGITS}\s?%?|\({_DIGITS}\)"
_FIGURE = re.compile(_BODY)
_MARKED = re.compile(
    rf"(?P<body>(?:[-+−–﹣]\s?)?{_DIGITS})\s?(?P<mark>[^\d\s.,%()+−–-]{{1,3}}|\([A-Za-z*]{{1,3}}\)|\[[A-Za-z]{{1,4}}\])"
)
_LED = re.compile(rf"(?P<mark>[bepr*†‡#^①-⑳])\s?(?P<body>(?:[-+−–﹣])?{_DIGITS})")
_YEAR = re.compile(r"(?:1[89]|20)\d\d(?:\.0)?年?")
_FISCAL = re.compile(r"(?P<year>(?:19|20)\d\d)\s?[/–-]\s?(?P<next>(?:19|20)?\d\d)")
_SHORT_MONTH = re.compile(r"(?P<month>[A-Za-z]{3,9})\.?[-\s'](?P<year>\d\d)")
_PERIOD_MARK = re.compile(
    r"(?P<body>.*?\d|.*年|.*月份?|.*季度?)(?P<gap>\s*)(?P<mark>\(?[A-Za-z*†‡#①-⑳]{1,2}\)?|\[[\w ]{1,4}\]|[¹²³⁰-⁹])"
)
_UNIT_WORDS = re.compile(
    r"^(?:单位|计量单位|金额单位|units?|in|figures in|values? in|value|measured in|amounts? in)\s*[:：]?\s*", re.I
)
BALANCE = frozenset(
    map(
        normalise_label,
        (
            "Balance",
            "Balances",
            "Net",
            "Net exports",
            "Trade balance",
            "差额",
            "顺差",
            "逆差",
            "贸易差额",
            "Saldo",
            "Solde",
            "Net balance",
        ),
    )
)
# Words of other languages for a side of trade, which our list of flows does not hold: a draft puts them under maps.
_SIDES = {"einnahmen": "X", "ausfuhr": "X", "ausfuhren": "X", "exporte": "X", "exportations": "X", "crédits": "X",
          "exportaciones": "X", "ingresos": "X", "esportazioni": "X", "輸出": "X",
          "ausgaben": "M", "einfuhr": "M", "einfuhren": "M", "importe": "M", "importations": "M", "débits": "M",
          "importaciones": "M", "pagos": "M", "importazioni": "M", "輸入": "M"}  # fmt: skip
_POWERS = (("thousand", 3), ("tsd", 3), ("million", 6), ("mio", 6), ("mn", 6), ("mill", 6), ("billion", 9),
           ("mrd", 9), ("milliard", 9), ("bn", 9), ("trillion", 12), ("百万", 6), ("百萬", 6), ("亿", 8), ("億", 8),
           ("万", 4), ("萬", 4), ("千", 3))  # fmt: skip
_OF_VALUES = (("P", r"prelim|provisional|vorläufig|初步|临时|臨時|provisoire"),
              ("E", r"estimat|geschätzt|估计|估計|estimé"), ("B", r"\bbreak|zeitreihenbruch|rupture"))  # fmt: skip
_OF_BLANKS = (("Q", r"suppress|confidential|vertraulich|disclos|保密|secret\b"),
              ("M", r"not applicable|gesperrt|不适用|不適用|sans objet"))  # fmt: skip
_MONEY_WORD = re.compile(
    r"\b(dollars?|euros?|pounds?|yen|yuan|rupees?|francs?|won|currency)\b|[$£€¥₹]|[元圆镑盾]", re.I
)


@dataclass(frozen=True)
class NumberStyle:
    decimal_mark: str = "."
    thousands_mark: str = ","
    parentheses: bool = False


def guess_style(texts: Iterable[str]) -> NumberStyle:
    """Which marks part decimals and thousands: only texts that allow one reading count; without any, 1,234.5."""
    votes: Counter[str] = Counter()
    for text in texts:
        body = re.sub(r"[%()+−–﹣-]", "", fold(text)).strip()
        if not re.fullmatch(_DIGITS, body):
            continue
        votes["parentheses"] += fold(text).startswith("(")
        spaced = re.sub(r"(?<=\d)[ \u00a0\u2007\u2009\u202f](?=\d{3})", "", body)
        votes["space"] += spaced != body
        votes["quote"] += "'" in body
        marks = [char for char in spaced if char in ".,"]
        if len(set(marks)) == 2:
            votes[f"decimal{marks[-1]}"] += 1
        elif len(marks) > 1:
            votes[f"thousands{marks[0]}"] += 1
        elif marks and (spaced.startswith("0") or not re.search(r"[.,]\d{3}$", spaced) or spaced != body):
            votes[f"decimal{marks[0]}"] += 1
        elif marks and len(spaced) - spaced.index(marks[0]) == 4:
            votes[f"maybe{marks[0]}"] += 1
    comma = votes["decimal,"] + votes["thousands."] > votes["decimal."] + votes["thousands,"]
    thousands = "." if comma else ","
    if votes["space"] and votes["space"] > votes[f"thousands{thousands}"]:
        thousands = " "
    elif votes["quote"]:
        thousands = "'"
    elif comma and not votes["thousands."] and not votes["maybe."]:
        thousands = "."
    return NumberStyle("," if comma else ".", thousands, votes["parentheses"] > 0)


@cache
def is_year(text: str) -> bool:
    return bool(_YEAR.fullmatch(fold(text)))


@cache
def is_period(text: str) -> bool:
    """A period as the engine reads it: a code, or as printed (a quarter or month alone too)."""
    if not re.search(r"\d|[一二三四上下]", text) and not text[:3].isalpha():
        return False
    try:
        find_freq(fold(text))
    except ValueError:
        try:
            split_period(text)
        except ValueError:
            return False
    return text != ""


@cache
def map_period(text: str) -> str:
    """A period code for what the engine leaves to the layout (2018/19, Jan-19), '' where there is none."""
    folded = fold(text)
    if match := _FISCAL.fullmatch(folded):
        year, following = int(match["year"]), match["next"]
        after = int(following) if len(following) == 4 else int(match["year"][:2] + following)
        return f"{year}/{after}" if after == year + 1 else ""
    if match := _SHORT_MONTH.fullmatch(folded):
        try:
            month = split_period(f"{match['month']} 2000")["month"]
        except (ValueError, KeyError):
            return ""
        number = 1 + (
            ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"].index(
                month[:3].casefold()
            )
        )
        return f"{'20' if int(match['year']) < 60 else '19'}{match['year']}-{number:02d}"
    return ""


@cache
def split_period_mark(text: str) -> tuple[str, str]:
    """2019p -> (2019, p), 2019 p -> (2019, ' p'): a period and the mark after it; (text, '') where there is none."""
    if not is_period(text) and (match := _PERIOD_MARK.fullmatch(text)) and is_period(match["body"].strip()):
        return match["body"].strip(), match["gap"] + match["mark"]
    return text, ""


@cache
def is_figure(text: str) -> bool:
    return bool(_FIGURE.fullmatch(fold(text)))


@cache
def split_mark(text: str) -> tuple[str, str]:
    """12.3p -> (12.3, p), *45 -> (45, *); (text, '') where no mark is glued to a figure."""
    folded = fold(text)
    found = None if is_figure(text) else _MARKED.fullmatch(folded) or _LED.fullmatch(folded)
    return (found["body"], found["mark"]) if found else (text, "")


@cache
def is_blank_mark(text: str) -> bool:
    return text in BLANK_MARKS or bool(_MARK_SHAPE.fullmatch(text))


@cache
def sort_cell(text: str) -> str:
    """empty, blank (a mark), period (a year alone or any printed period), figure, marked (figure with a mark), text."""
    if not text:
        return "empty"
    if is_blank_mark(text):
        return "blank"
    if is_year(text):
        return "period"
    if is_figure(text):
        return "figure"
    if is_period(text) or map_period(text) or split_period_mark(text)[1]:
        return "period"
    return "marked" if split_mark(text)[1] else "text"


# --- labels ---------------------------------------------------------------------------------------------------------

_LISTS = {"geo": "geographies", "partner": "geographies", "item": "items", "flow": "flows", "measure": "measures",
          "basis": "bases", "unit": "units", "price": "prices", "adjustment": "adjustments"}  # fmt: skip
SCHEMES = {"geo": ("iso3", "iso2", "m49", "NUTS2016", "ITL", "GBT2260", "UNCTAD", "BATIS", "WTO", "OECD", "IMF"),
           "item": ("EBOPS2010", "UNCTAD", "IMF", "WTO", "ISIC4")}  # fmt: skip


@cache
def is_known(column: str, text: str) -> bool:
    """Whether the code list of a column knows a label (or one and the same code)."""
    if column == "period":
        return is_period(text)
    if column == "flow" and normalise_label(text) in BALANCE:
        return True
    if column == "unit_label":
        return normalise_label(text) in unit_labels() and text != ""
    return text != "" and normalise_label(text) in load_codelist(_LISTS[column]).labels


def share_known(column: str, texts: Sequence[str]) -> float:
    return sum(is_known(column, text) for text in texts) / len(texts) if texts else 0.0


def forget_lists() -> None:
    """Empty what is remembered of the code lists: they have changed."""
    is_known.cache_clear()
    name_side.cache_clear()


def find_scheme(column: str, texts: Sequence[str]) -> tuple[str, float]:
    """The publisher's scheme that knows most of the codes, and what share; ('', 0.0) for texts that are none."""
    best = ("", 0.0)
    if not texts or not all(re.fullmatch(r"[A-Z0-9_.:-]{1,12}", text) for text in texts):
        return best
    for scheme in SCHEMES.get("geo" if column == "partner" else column, ()):
        try:
            known = scheme_codes(_LISTS[column], scheme)
        except InputError:
            continue
        share = sum(text in known for text in texts) / len(texts)
        if share > best[1]:
            best = (scheme, share)
    return best


def find_unit(text: str) -> str:
    """The printed unit that a text says (单位：亿美元; figures in £ millions; 服务贸易（亿美元）), '' for none."""
    shown = tidy(text)
    tries = [shown, _UNIT_WORDS.sub("", shown), *re.findall(r"[(\[]([^()\[\]]+)[)\]]", shown)]
    tries += [_UNIT_WORDS.sub("", part) for part in tries[2:]] + re.split(r"[,;，；:：]\s*", shown)
    for one in tries:
        if one.strip() and is_known("unit_label", one.strip()):
            return one.strip()
    words = shown.split()
    for size in range(min(8, len(words)), 1, -1):
        for start in range(len(words) - size + 1):
            part = " ".join(words[start : start + size]).strip(" ,;.:()")
            if is_known("unit_label", part):
                return part
    money = (word.strip(" ,;.:()") for word in words)
    return next(
        (word for word in money if re.fullmatch(r"[\u4e00-\u9fff]+[元镑]", word) and is_known("unit_label", word)), ""
    )


@dataclass(frozen=True)
class UnknownUnit:
    """A unit that our list of printed units does not know: as printed, with the currency ('' where the words leave it
    open) and the power of ten that its words say."""

    text: str
    unit: str
    power: int


def find_unknown_unit(text: str) -> UnknownUnit | None:
    """The unit that a short text, or the words in its brackets, seem to say: [Millions of dollars], Mio. EUR."""
    shown = tidy(text)
    codes = load_codelist("units").codes
    for part in (*re.findall(r"[(\[]([^()\[\]]+)[)\]]", shown), shown):
        if len(part) > 40:
            continue
        words = re.findall(r"[A-Za-zé]+", part)
        unit = next((word for word in words if word in codes and len(word) == 3), "")
        power = next(
            (p for word, p in _POWERS if re.search(rf"\b{word}s?\b" if word.isascii() else word, part, re.I)), 0
        )
        if (unit and (power or len(words) == 1)) or (power and _MONEY_WORD.search(part)):
            return UnknownUnit(part.strip(), unit or ("EUR" if "€" in part else "GBP" if "£" in part else ""), power)
    return None


def is_money(unit_label: str) -> bool:
    """Whether a printed unit is an amount of a currency."""
    unit, _ = unit_labels().get(normalise_label(unit_label), ("", 0))
    return bool(re.fullmatch(r"[A-Z]{3}", unit))


_SHORT_NAMES = ("UK", "US", "USA", "EU", "UAE")
_GEO_STOP = frozenset(map(fold_heading, ("Total", "Other", "All", "World", "Services", "in", "of", "to", "by", "and")))


def _geo_code(text: str) -> str:
    return load_codelist("geographies").labels[normalise_label(text)]


def find_geo(text: str) -> str:
    """The one place that a title names, '' for none or several."""
    found = find_geos(text)
    return found[0] if len(found) == 1 else ""


def find_geos(text: str) -> list[str]:
    """The codes of the places that a title names, in their order."""
    words = re.sub(r"[,—–|]", " ", tidy(text)).split()
    found: list[str] = []
    place = 0
    while place < len(words):
        for size in range(min(4, len(words) - place), 0, -1):
            part = " ".join(words[place : place + size]).strip(" .:;()")
            if re.fullmatch(r"(?:[A-Z]\.)+[A-Z]?", words[place]) and size == 1:
                part = words[place].replace(".", "")  # U.S., U.K.
            latin = re.fullmatch(r"[A-Za-z].{3,}", part) or part in _SHORT_NAMES  # three letters: a month, or a code
            after = words[place + size] if place + size < len(words) else ""
            if after[:1].isalpha() and _MONEY_WORD.match(after):
                continue  # US dollars are a unit, whoever trades
            if latin and part[:1].isupper() and fold_heading(part) not in _GEO_STOP and is_known("geo", part):
                found.append(_geo_code(part))
                place += size - 1
                break
        place += 1
    for run in re.findall(r"[\u4e00-\u9fff]{2,}", text):
        for size in range(min(8, len(run)), 1, -1):
            if is_known("geo", run[:size]):
                found.append(_geo_code(run[:size]))
                break
    return list(dict.fromkeys(found))


@cache
def name_side(text: str) -> str:
    """X, M or balance for the words over a block of rows: Exports (Credits), Balances, 进口（借方）; '' for others."""
    core = re.sub(r"\s*[(\[].*[)\]]\s*\d*$|[\d,]+$", "", tidy(text)).strip(" :")
    if normalise_label(core) in BALANCE:
        return "balance"
    return load_codelist("flows").labels.get(normalise_label(core), "") or _SIDES.get(core.casefold(), "")


def is_foreign_side(text: str) -> bool:
    """Einnahmen, importations: a side of trade in a word that our list does not hold."""
    return tidy(text).casefold() in _SIDES


def find_flow(text: str) -> str:
    """X or M where a text speaks of one side only."""
    sides = {
        "X": bool(re.search(r"\bexports?\b|\bcredits?\b|(?<!进)出口|輸出|输出|贷方", tidy(text), re.I)),
        "M": bool(re.search(r"\bimports?\b|\bdebits?\b|进口|輸入|输入|借方", tidy(text), re.I)),
    }
    return next(iter(sides)) if sides["X"] and not sides["M"] else "M" if sides["M"] and not sides["X"] else ""


def read_legend(texts: Iterable[str], mark: str) -> str:
    """What a legend says of a mark: "(D) Suppressed ...", "p = vorläufig, e = geschätzt"; '' where none does."""
    if not mark.strip():
        return ""
    said = re.compile(
        rf"(?:^|[;,；，|]\s*){re.escape(mark.strip())}(?:\s*[=:：]\s*|\s+[-–—]\s+|\s+)(?P<words>[^=]*\w.*)"
    )
    for text in texts:
        if match := said.search(tidy(text)):
            words = re.split(r"[;；]\s|[,，]\s*\S{1,6}\s*=", match["words"])[0]
            if not is_figure(words.split()[0]):
                return words.strip(" ;.,")
    return ""


def guess_status(words: str, *, of_value: bool = False) -> str:
    """The status that the words of a legend point at, '' where they leave it open. of_value: where a figure stands."""
    for status, pattern in _OF_VALUES if of_value else _OF_BLANKS:
        if re.search(pattern, words, re.I):
            return status
    return ""
