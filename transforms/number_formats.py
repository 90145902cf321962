"""A stored number and its number format to the text that a spreadsheet shows. Nothing here raises on a strange format.

The grammar is that of xlsx and xls: up to four sections, literals, colours, conditions, thousands, scaling commas,
percent, exponents, dates. A format that is not understood (fractions, Chinese numerals) gives the General text without
decimals, so that nobody takes the guess for what was printed.
"""

from __future__ import annotations

import datetime
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache

GENERAL = "General"
SIGNIFICANT_DIGITS = 15  # what Excel keeps of a number; the digits beyond are noise of the binary form
_NOISE_FREE = Context(prec=SIGNIFICANT_DIGITS, rounding=ROUND_HALF_UP)
_WIDE = Context(prec=800, rounding=ROUND_HALF_UP)  # the largest double with the most decimals a format may have

# Formats that a workbook names by number only (ECMA-376 part 1, 18.8.30). Those of 27-36 and 50-58 are dates whose
# order of parts depends on the language of the program; what we show of a date is ISO in any case.
_ACCOUNTING = '_({0}* {1}_);_({0}* \\({1}\\);_({0}* "-"{2}_);_(@_)'
BUILT_IN = {
    0: GENERAL,
    1: "0",
    2: "0.00",
    3: "#,##0",
    4: "#,##0.00",
    9: "0%",
    10: "0.00%",
    11: "0.00E+00",
    5: '"$"#,##0_);\\("$"#,##0\\)',
    6: '"$"#,##0_);[Red]\\("$"#,##0\\)',
    7: '"$"#,##0.00_);\\("$"#,##0.00\\)',
    8: '"$"#,##0.00_);[Red]\\("$"#,##0.00\\)',
    12: "# ?/?",
    13: "# ??/??",
    14: "mm-dd-yy",
    15: "d-mmm-yy",
    16: "d-mmm",
    17: "mmm-yy",
    18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM",
    20: "h:mm",
    21: "h:mm:ss",
    22: "m/d/yy h:mm",
    **dict.fromkeys((27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 57, 58), "yyyy-mm-dd"),
    **dict.fromkeys((32, 33, 34, 35, 55, 56), "h:mm:ss"),
    37: "#,##0_);\\(#,##0\\)",
    38: "#,##0_);[Red]\\(#,##0\\)",
    39: "#,##0.00_);\\(#,##0.00\\)",
    40: "#,##0.00_);[Red]\\(#,##0.00\\)",
    41: _ACCOUNTING.format("", "#,##0", ""),
    42: _ACCOUNTING.format('"$"', "#,##0", ""),
    43: _ACCOUNTING.format("", "#,##0.00", "??"),
    44: _ACCOUNTING.format('"$"', "#,##0.00", "??"),
    45: "mm:ss",
    46: "[h]:mm:ss",
    47: "mm:ss.0",
    48: "##0.0E+0",
    49: "@",
}

_TOKEN = re.compile(
    r"""(?P<literal>"[^"]*"|\\.)
    |(?P<space>_.)
    |(?P<fill>\*.)
    |\[(?P<bracket>[^\]]*)\]
    |(?P<general>General)
    |(?P<halves>AM/PM|A/P|上午/下午)
    |(?P<exponent>E[+-])
    |(?P<digit>[0\#?])
    |(?P<dot>\.)|(?P<comma>,)|(?P<percent>%)|(?P<text>@)|(?P<end>;)|(?P<slash>/)
    |(?P<date>y+|m+|d+|h+|s+|a{3,4}|e+)
    |(?P<plain>.)""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_CONDITION = re.compile(r"\s*(<=|>=|<>|=|<|>)\s*(-?[0-9]+(?:\.[0-9]*)?|-?\.[0-9]+)\s*")
_DIGIT = re.compile(r"[0-9]")
_ELAPSED = re.compile(r"h+|m+|s+", re.IGNORECASE)
_TESTS: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "=": operator.eq,
    "<>": operator.ne,
}

Token = tuple[str, str]


@dataclass(frozen=True)
class Shown:
    """What the program shows: the text, the decimals of the number format (None: General, exponents, no digit shown, a
    format that is not understood), and whether the number is a date or a time, whose text is ISO."""

    text: str
    decimals: int | None = None
    is_date: bool = False


@dataclass(frozen=True)
class _Plain:
    """A number section without optional digits or literals among the digits, which is nearly every one in use."""

    start: str
    end: str
    power: int
    unit: Decimal  # of the last decimal shown
    decimals: int
    spec: str  # for format()

    def show(self, value: Decimal) -> str:
        scaled = value.scaleb(self.power, _WIDE) if self.power else value
        return self.start + format(scaled.quantize(self.unit, context=_WIDE), self.spec) + self.end


@dataclass(frozen=True)
class _Section:
    tokens: tuple[Token, ...]
    condition: tuple[str, Decimal] | None
    kind: str  # general, number, exponent, date, literal, or unknown
    plain: _Plain | None = None

    def holds_for(self, value: Decimal) -> bool:
        return self.condition is None or _TESTS[self.condition[0]](value, self.condition[1])

    def is_negative_only(self) -> bool:
        if self.condition is None:
            return False
        sign, bound = self.condition
        return (sign in ("<", "<=", "=") and bound < 0) or (sign == "<" and bound == 0)


@dataclass(frozen=True)
class _Format:
    numeric: tuple[_Section, ...]
    text: _Section | None
    conditional: bool

    def choose(self, value: Decimal) -> tuple[_Section, bool] | None:
        """The section for this value, and whether it writes the sign itself. None where no condition holds."""
        sections = self.numeric
        if not self.conditional:
            index = 0 if value > 0 or len(sections) == 1 else 1 if value < 0 else 2 if len(sections) > 2 else 0
            return sections[index], index == 1
        for index, section in enumerate(sections):
            if section.condition is None and index == 0 and value <= 0:
                continue
            if section.holds_for(value):
                rest_is_negative = index == 1 and sections[0].condition in ((">", Decimal(0)), (">=", Decimal(0)))
                return section, section.is_negative_only() or (section.condition is None and rest_is_negative)
        return None


def trim_noise(digits: str) -> Decimal:
    """The stored number to 15 significant digits, as Excel keeps it: 0.30000000000000004 is 0.3. Raises ValueError for
    what is no finite number."""
    try:
        number = _NOISE_FREE.create_decimal(digits)
    except ArithmeticError:
        raise ValueError(digits) from None
    if not number.is_finite() or number.adjusted() > 308:
        raise ValueError(digits)
    return number if number else Decimal(0)


def write_plain(number: Decimal) -> str:
    """Plain digits without exponent and without zeros that say nothing: 5.0 is 5, 1E-7 is 0.0000001."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def show_number(value: Decimal, code: str, *, from_1904: bool = False) -> Shown:
    """What a spreadsheet shows of a number under a number format; halves are rounded away from zero.

    from_1904: days are counted from 1904, as the workbook says. An optional point without digits behind it ("5." under
    0.##) is left out; everything else is as the program shows it, without outer blanks.
    """
    chosen = _compile(code).choose(value)
    if chosen is None:
        return Shown(write_plain(value))
    section, writes_sign = chosen
    sign = "-" if value < 0 and not writes_sign else ""
    if section.plain:
        return Shown(sign + section.plain.show(abs(value)), section.plain.decimals)
    general = Shown(write_plain(value))
    if section.kind == "number":
        text, decimals = _show_digits(abs(value), section.tokens)
        return Shown(sign + text.strip(), decimals if _DIGIT.search(text) else None)
    if section.kind == "exponent":
        return Shown(sign + _show_exponent(abs(value), section.tokens).strip())
    if section.kind == "date":
        return _show_date(value, section.tokens, from_1904) or general
    if section.kind == "general":
        return Shown(sign + _fill_in(section.tokens, write_plain(abs(value))).strip())
    if section.kind == "literal":
        return Shown((sign if len(_compile(code).numeric) == 1 else "") + _fill_in(section.tokens, "").strip())
    return general


def show_text(text: str, code: str) -> str:
    """What a spreadsheet shows of a text: the text with the literals of the format's text section. A section that would
    hide the text is not obeyed, since nothing else of the cell would be left."""
    if code == GENERAL or code == "@":
        return text
    section = _compile(code).text
    if section is None or not any(kind == "text" for kind, _ in section.tokens):
        return text
    return _fill_in(section.tokens, text)


@lru_cache(maxsize=4096)
def _compile(code: str) -> _Format:
    sections: list[list[Token]] = [[]]
    for match in _TOKEN.finditer(code or GENERAL):
        kind = match.lastgroup or "plain"
        if kind == "end":
            sections.append([])
        else:
            sections[-1].append((kind, match[kind]))
    made = [_make_section(tokens) for tokens in sections[:4]]
    text = made.pop() if len(made) == 4 else None
    if text is None and any(kind == "text" for kind, _ in made[-1].tokens):
        text = made.pop() if len(made) > 1 else made[-1]
    return _Format(tuple(made), text, any(section.condition for section in made))


def _make_section(tokens: list[Token]) -> _Section:
    condition = None
    kept: list[Token] = []
    for kind, text in tokens:
        if kind != "bracket":
            kept.append((kind, text[1:-1] if text[0] == '"' else text[1:]) if kind == "literal" else (kind, text))
        elif found := _CONDITION.fullmatch(text):
            condition = (found[1], Decimal(found[2]))
        elif text.startswith("$"):
            kept.append(("literal", text[1:].partition("-")[0]))
        elif _ELAPSED.fullmatch(text):
            kept.append(("elapsed", text[0].lower()))
        elif text.lower().startswith(("dbnum", "natnum")):
            kept.append(("unknown", text))
    kind = _name_kind(kept)
    return _Section(tuple(kept), condition, kind, _simplify(tuple(kept)) if kind == "number" else None)


def _simplify(tokens: tuple[Token, ...]) -> _Plain | None:
    """The section as a _Plain: its digits stand together, one 0 or more #s and a 0 before the point, only 0s behind."""
    power, decimals, grouped, before, behind = _lay_out(tokens)
    digits = [index for index, (kind, _) in enumerate(before) if kind == "digit"]
    together = digits and digits[-1] - digits[0] + 1 == len(digits)
    pattern = "".join(text for kind, text in before if kind == "digit")
    if not together or pattern.strip("#") != "0" or any(token != ("digit", "0") for token in behind[:decimals]):
        return None
    if ("dot" in dict(tokens)) != bool(decimals):
        return None
    start = _fill_in(before[: digits[0]], "")
    end = _fill_in((*before[digits[-1] + 1 :], *behind[decimals:]), "")
    return _Plain(start.lstrip(), end.rstrip(), power, Decimal(1).scaleb(-decimals), decimals, ",f" if grouped else "f")


def _name_kind(tokens: list[Token]) -> str:
    kinds = [kind for kind, _ in tokens]
    dated = "date" in kinds or "elapsed" in kinds
    odd = any(kind == "plain" and (text in '"\\[_*' or (text.isascii() and text.isalpha())) for kind, text in tokens)
    if "unknown" in kinds or odd:
        return "unknown"
    if dated:
        return "unknown" if "general" in kinds or "exponent" in kinds else "date"
    if "general" in kinds or ("text" in kinds and "digit" not in kinds):
        return "general"
    if "digit" not in kinds:
        return "literal" if "exponent" not in kinds else "unknown"
    first, last = kinds.index("digit"), len(kinds) - 1 - kinds[::-1].index("digit")
    if kinds.count("dot") > 1 or "slash" in kinds[first:] or kinds.count("exponent") > 1:
        return "unknown"
    return "exponent" if "exponent" in kinds[first:last] else "number"


def _fill_in(tokens: tuple[Token, ...], value: str) -> str:
    """The literals of a section, with value where it says General or @."""
    parts = []
    for kind, text in tokens:
        if kind in ("general", "text"):
            parts.append(value)
        elif kind == "space":
            parts.append(" ")
        elif kind != "fill":
            parts.append(text)
    return "".join(parts)


@lru_cache(maxsize=1024)
def _lay_out(tokens: tuple[Token, ...]) -> tuple[int, int, bool, tuple[Token, ...], tuple[Token, ...]]:
    """(power of ten, decimals, grouped by thousands, tokens before the point, tokens behind it)."""
    kinds = [kind for kind, _ in tokens]
    point = kinds.index("dot") if "dot" in kinds else len(kinds)
    power, grouped = 2 * kinds.count("percent"), False
    parts: tuple[list[Token], list[Token]] = ([], [])
    for index, token in enumerate(tokens):
        if token[0] == "comma":
            end = point if index < point else len(kinds)
            before, after = "digit" in kinds[:index], "digit" in kinds[index:end]
            if before and not after:
                power -= 3
            elif before and index < point:
                grouped = True
            continue
        if index != point:
            parts[index > point].append(token)
    decimals = sum(kind == "digit" for kind, _ in parts[1])
    return power, decimals, grouped, tuple(parts[0]), tuple(parts[1])


def _show_digits(value: Decimal, tokens: tuple[Token, ...]) -> tuple[str, int]:
    power, decimals, grouped, before, behind = _lay_out(tokens)
    rounded = value.scaleb(power, _WIDE).quantize(Decimal(1).scaleb(-decimals), context=_WIDE)
    whole, _, fraction = format(rounded, "f").partition(".")
    text = _fill_whole("" if whole == "0" else whole, before, grouped)
    shown = _fill_fraction(fraction, behind)
    point = "." if any(kind == "dot" for kind, _ in tokens) and re.match(r"\D*\d", shown) else ""
    return text + point + shown, decimals


def _fill_whole(digits: str, tokens: tuple[Token, ...], grouped: bool) -> str:
    """Digits into their places from the right; the first place takes all that are left."""
    left = sum(kind == "digit" for kind, _ in tokens)
    parts: list[str] = []  # from the right
    place = 0
    for kind, text in reversed(tokens):
        if kind != "digit":
            parts.append(_fill_in(((kind, text),), "")[::-1])
            continue
        left -= 1
        take = len(digits) if left == 0 else 1
        run = digits[-take:][::-1] if take else ""
        digits = digits[: len(digits) - take] if take else digits
        for digit in run or {"0": "0", "#": "", "?": " "}[text]:
            if grouped and place and place % 3 == 0:
                parts.append("," if digit != " " else " ")
            parts.append(digit)
            place += 1
    return "".join(parts)[::-1]


def _fill_fraction(digits: str, tokens: tuple[Token, ...]) -> str:
    places = [text for kind, text in tokens if kind == "digit"]
    shown = list(digits)
    for index in range(len(places) - 1, -1, -1):
        if places[index] == "0" or shown[index] != "0":
            break
        shown[index] = " " if places[index] == "?" else ""
    rest = iter(shown)
    return "".join(next(rest) if kind == "digit" else _fill_in(((kind, text),), "") for kind, text in tokens)


def _show_exponent(value: Decimal, tokens: tuple[Token, ...]) -> str:
    """0.00E+00: the exponent goes in steps of as many places as stand before the point."""
    cut = next(index for index, (kind, _) in enumerate(tokens) if kind == "exponent")
    mantissa, sign, tail = tokens[:cut], tokens[cut][1][1], tokens[cut + 1 :]
    step = max(1, sum(kind == "digit" for kind, _ in _lay_out(mantissa)[3]))
    exponent = value.adjusted() // step * step if value else 0
    text, decimals = _show_digits(value.scaleb(-exponent, _WIDE), mantissa)
    rounded = value.scaleb(-exponent, _WIDE).quantize(Decimal(1).scaleb(-decimals), context=_WIDE)
    if rounded.adjusted() >= step:  # 9.99 shown as 10.0 is 1.0 of the next step
        exponent += step
        text, _ = _show_digits(value.scaleb(-exponent, _WIDE), mantissa)
    mark = "-" if exponent < 0 else "+" if sign == "+" else ""
    return f"{text}E{mark}{_fill_whole(str(abs(exponent)) if exponent else '', tail, False)}"


def _show_date(serial: Decimal, tokens: tuple[Token, ...], from_1904: bool) -> Shown | None:
    """ISO text with the parts that the format shows: yyyy is 2019, mmm-yy 2019-07, any day 2019-07-31. None for a
    number that is no date (negative, after 9999)."""
    parts = _name_date_parts(tokens)
    if "elapsed" in parts:
        seconds = int((serial * 86400).quantize(Decimal(1), context=_WIDE)) if serial >= 0 else -1
        if seconds < 0:
            return None
        return Shown(f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}", None, True)
    timed = bool(parts & {"hour", "minute", "second"})
    seconds = int((serial % 1 * 86400).quantize(Decimal(1), context=_WIDE)) if timed and serial >= 0 else 0
    days = int(serial) + seconds // 86400
    clock = f"{seconds // 3600 % 24:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    if not parts & {"year", "month", "day"}:
        return Shown(clock, None, True) if serial >= 0 else None
    date = _count_days(days, from_1904) if serial >= 0 else None
    if date is None:
        return None
    if not timed and "year" in parts and "day" not in parts:
        return Shown(date[:7] if "month" in parts else date[:4], None, True)
    return Shown(f"{date}T{clock}" if timed else date, None, True)


def _count_days(days: int, from_1904: bool) -> str | None:
    """The ISO date of a day number. Day 60 of the 1900 count is the 29 February 1900 that never was."""
    if from_1904:
        start = datetime.date(1904, 1, 1)
    elif days == 60:
        return "1900-02-29"
    else:
        start = datetime.date(1899, 12, 31) if days < 60 else datetime.date(1899, 12, 30)
    if days < (0 if from_1904 else 1) or days > 2958465 - (1462 if from_1904 else 0):
        return None
    return (start + datetime.timedelta(days)).isoformat()


@lru_cache(maxsize=1024)
def _name_date_parts(tokens: tuple[Token, ...]) -> frozenset[str]:
    """Which of year, month, day, hour, minute, second and elapsed a format shows; m is a minute beside h or s."""
    marks = [(text[0].lower(), len(text), kind) for kind, text in tokens if kind in ("date", "elapsed")]
    names = {"y": "year", "e": "year", "d": "day", "a": "day", "h": "hour", "s": "second"}
    parts = {"elapsed" for _, _, kind in marks if kind == "elapsed"}
    for index, (letter, length, _) in enumerate(marks):
        if letter == "m":
            beside = (index and marks[index - 1][0] == "h") or (index + 1 < len(marks) and marks[index + 1][0] == "s")
            parts.add("minute" if beside and length < 3 else "month")
        else:
            parts.add(names[letter])
    return frozenset(parts)
