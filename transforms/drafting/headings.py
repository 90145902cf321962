"""What the headings of a table say: of a column of figures (Exports, 2019, 同比), and of a column of labels."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from transforms.codelists import normalise_label
from transforms.drafting.meanings import (
    BALANCE,
    find_unit,
    is_foreign_side,
    is_known,
    is_period,
    map_period,
    split_period_mark,
)
from transforms.patterns import tidy

# Words of headings -> what the column under them gives. The first fit counts; tried on whole folded headings.
_NAMES: tuple[tuple[str, str], ...] = (
    ("unit_mult", r"unit[_ ]?mult(iplier)?|power([_ ]?code)?|scale|数量级"),
    ("decimals", r"decimals?|小数位数?"),
    ("obs_status", r"obs[_ ]?status|status|flags?|value[_ ]?flag([_ ]?code)?|.*missing ?value|观测状态|状态|标志"),
    ("method", r".*method(ology)?.*|编制方法|核算方法"),
    ("conf_status", r"(obs[_ ]?)?conf(_status|identiality)?"),
    ("unit", r"(printed )?units?([_ ]?(measure|code|label))?|unit of measure|currency|单位|计量单位|币种"),
    ("note", r".*(foot)?notes?|comments?|remarks?|.*备注|.*脚注|附注"),
    ("partner", r"(counterpart|partner|destination|origin)[_ -]?(area|economy|country|label|code|name|iso3a?|region)?"
                r"|counterpart|目的地|伙伴(国|经济体)?|贸易伙伴|国别|国别（地区）"),
    ("geo", r"(reporter|reporting|ref|economy|country|region|area|geo(graphy)?|place|land|pays|city|province|nation"
            r"|nuts ?\d?|itl ?\d?)[_ -]?(ing)?(area|economy|country|name|label|code|iso3a?|region)?s?( name)?"
            r"|国家|地区|国家（地区）|经济体|地域|省份?|城市|区域?|.*city region.*|nuts\d area"),
    ("mode", r"mode([_ ]of[_ ]supply)?|提供方式|供应模式"),
    ("flow", r"(trade[_ ])?(flow|direction)([_ ](label|code))?|进出口|流向|贸易流向|accounting[_ ]entry"),
    ("measure", r"measures?([_ ](label|code))?|度量"),
    ("activity", r"industr(y|ies)|activit(y|ies)|sectors?|sic.*|isic.*|行业|产业"),
    ("item", r"items?([_ ]?(code|label|name))?|(ebops|product|service|commodity|category|indicator|series"
             r"|classification)([_ -]?(type|code|label|name|item|category|classification|industry))?s?"
             r"|type[_ ]of[_ ]services?|service type"
             r"|项目|类别|服务类别|商品|品目|指标(名称)?|分类|名称|项目名称"),
    ("period", r"time([_ ]?period)?|years?|period([_ ]?code)?|date|quarter|month|ref(erence)?[_ ]?year|jahr|année|ano"
               r"|年|年份|年度|时间|时期|日期|季度|月份|.*年份"),
    ("value", r"(obs[_ ]?)?values?|amounts?|valeur|wert|金额|数值|数额|.*[_ ]value"),
)  # fmt: skip
_FOLDED = tuple((name, re.compile(pattern, re.I)) for name, pattern in _NAMES)
_NUMBERING = re.compile(r"no\.?|nr\.?|#|id|rank|row|line|序号|编号|排名|位次|index", re.I)
_RANK = re.compile(r"rank(ing)?|排名|位次", re.I)
_GROWTH = re.compile(
    r".*(同比|增速|增长|增幅|growth|change|increase|y/y|yoy|year[- ]on[- ]year)(\s*[(（]?[%％][)）]?)?.*", re.I
)
_SHARE = re.compile(
    r".*(占比|比重|份额|构成|\bshare\b|\bshares\b|proportion|percent(age)? of|percentage|per ?cent of).*", re.I
)
_QUARTER = re.compile(
    r"(?P<quarter>[1-4])(?P<words>\.? ?(?:Vj|Vierteljahr|Quartal|trim|trimestre)\.?)(?P<mark>\s?\d\))?", re.I
)
_WHOLE_YEAR = re.compile(r"jahr|year|annual|full year|whole year|année|año|全年|年度", re.I)
_TWO_TONGUES = re.compile(r"(?P<zh>[^A-Za-z]*[\u4e00-\u9fff][^A-Za-z]*?)(?P<gap>\s+)(?P<en>[A-Za-z].*)")
_SUFFIX = re.compile(r"(?P<core>.+?)\s*[(\[](?P<unit>[^()\[\]]+)[)\]]")
_WITH_PERIOD = (re.compile(r"(?P<flow>\D+?)(?P<gap>[\s,:_-]*)(?P<period>\d.*)"),
                re.compile(r"(?P<period>\d.*?(?:年|月|季度)|\d{4}\S*)(?P<gap>[\s,:_-]*)(?P<flow>\D+)"))  # fmt: skip


@dataclass(frozen=True)
class Piece:
    """A part of a heading: name says what it gives ('' = words that stand there, '?' = not said by our code lists,
    'mark:p' = the mark p beside a period)."""

    name: str
    text: str


def name_heading(heading: str) -> str:
    """What a column of labels under this heading gives (period, geo, note ...), '' where the heading does not say."""
    text = tidy(heading.rpartition(" | ")[2] or heading).strip(" :*")
    tries = (text, *_cut_tongues(text))
    return next((name for one in tries for name, pattern in _FOLDED if pattern.fullmatch(one)), "")


def _cut_tongues(text: str) -> tuple[str, ...]:
    """出口额 Exports -> (出口额, Exports): a heading printed in Chinese and English."""
    match = _TWO_TONGUES.fullmatch(text)
    return (match["zh"].strip(), match["en"].strip()) if match else ()


def is_numbering(heading: str) -> bool:
    """Line, No., 序号, 排名 Rank: the cells number or rank the rows."""
    upper, _, last = heading.rpartition(" | ")
    text = tidy(last).strip()
    pattern = _RANK if upper else _NUMBERING  # under another heading, RoW is the rest of the world
    return any(pattern.fullmatch(one) for one in (text, *_cut_tongues(text)))


def is_identifier(heading: str) -> bool:
    """VECTOR, COORDINATE, DGUID: the publisher's numbers of what other columns say in words."""
    return bool(re.fullmatch(r"vector|coordinate|dguid|uom_id|scalar_id", tidy(heading), re.I))


def is_whole_year(text: str) -> bool:
    """Jahr, 全年: beside quarters, the column of the year."""
    return bool(_WHOLE_YEAR.fullmatch(tidy(text)))


@cache
def read_heading(text: str) -> tuple[Piece, ...]:
    """The parts of one heading of a column of figures, in their order; together they are the whole tidied text."""
    shown = tidy(text)
    if not shown:
        return ()
    body, mark = split_period_mark(shown)
    if is_period(body):
        year = bool(re.fullmatch(r"\d{4}年?", body))
        return (Piece("year" if year else "period", body), *((Piece(f"mark:{mark.strip()}", mark),) if mark else ()))
    if quarter := _QUARTER.fullmatch(shown):
        marked = quarter["mark"] or ""
        return (Piece("quarter", quarter["quarter"]), Piece("", quarter["words"]),
                *((Piece(f"mark:{marked.strip()}", marked),) if marked else ()))  # fmt: skip
    if (two := _TWO_TONGUES.fullmatch(shown)) and (pieces := _read_tongues(two["zh"], two["gap"], two["en"])):
        return pieces
    if map_period(shown):
        return (Piece("period", shown),)
    if is_known("unit_label", shown):
        return (Piece("unit_label", shown),)
    match = _SUFFIX.fullmatch(shown)
    if match and find_unit(match["unit"]) == match["unit"].strip():
        core, unit = match["core"], match["unit"].strip()
        gap, tail = shown[len(core) : match.start("unit")], shown[match.end("unit") :]
        return (*_read_core(core), Piece("", gap), Piece("unit_label", unit), Piece("", tail))
    return _read_core(shown)


def _read_tongues(zh: str, gap: str, en: str) -> tuple[Piece, ...]:
    """A heading in two languages: a period, or a flow as the one of them says it that our list knows."""
    if is_period(split_period_mark(zh)[0]) and is_period(split_period_mark(en)[0]):
        body, mark = split_period_mark(en)
        year = bool(re.fullmatch(r"\d{4}", body))
        said = (Piece("year" if year else "period", body), *((Piece(f"mark:{mark.strip()}", mark),) if mark else ()))
        return (Piece("", f"{zh}{gap}"), *said)
    if is_known("flow", zh):
        return (Piece("flow", zh), Piece("", f"{gap}{en}"))
    return (Piece("", f"{zh}{gap}"), Piece("flow", en)) if is_known("flow", en) else ()


def _read_core(text: str) -> tuple[Piece, ...]:
    if normalise_label(text) in BALANCE or is_known("flow", text) or is_foreign_side(text):
        return (Piece("flow", text),)
    for form in _WITH_PERIOD:
        match = form.fullmatch(text)
        if match and is_known("flow", match["flow"].strip()) and is_period(match["period"].strip()):
            parts = sorted((match.start(name), name) for name in ("flow", "gap", "period"))
            return tuple(Piece("" if name == "gap" else name, match[name]) for _, name in parts if match[name])
    if _GROWTH.fullmatch(text):
        return (Piece("growth", text),)
    if _SHARE.fullmatch(text):
        return (Piece("share", text),)
    return (Piece("?", text),)
