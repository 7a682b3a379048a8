"""Numbers and dates as people write them: marks, signs, and orders of day, month and year."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from keramos.types.schema import Notation

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.types.schema import ColumnSchema, TargetSchema

PLAIN = Notation()
"""A decimal point, no marks between thousands, dates as ISO 8601 writes them."""


def notation_of(column: ColumnSchema | TargetSchema) -> Notation:
    """How a column's text is written; a file states it where it is not the plain form."""
    return PLAIN if isinstance(column.notation, UnsetType) else column.notation


def stored(notation: Notation) -> Notation | UnsetType:
    """A notation as a schema states it."""
    return UNSET if notation == PLAIN else notation


_BLANK = "[ \u00a0\u2007\u2009\u202f]"
_GROUP_MARKS = {",": ",", ".": r"\.", " ": _BLANK, "'": "['\u2019]"}
_MINUS = "-\u2212\u2013\ufe63\uff0d"
"""The hyphen, and what typesetters write for minus."""
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    "sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_WEEKDAY = "(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?,? )?"
_TIME = (
    r"(?:(?:T|,? +)(?P<hour>\d{1,2}):(?P<minute>\d\d)"
    r"(?::(?P<second>\d\d)(?:[.,](?P<part>\d{1,9}))?)?"
    r"(?: ?(?P<half>[AaPp]\.?[Mm]\.?))?)?(?: ?(?:Z|[+-]\d\d:?\d\d))?"
)
_ORDERS = {
    "dmy": r"(?P<day>\d{1,2})(?P<by>[/.\- ])(?P<month>\d{1,2})(?P=by)(?P<year>\d{4})",
    "mdy": r"(?P<month>\d{1,2})(?P<by>[/.\- ])(?P<day>\d{1,2})(?P=by)(?P<year>\d{4})",
    "ymd": r"(?P<year>\d{4})(?P<by>[/.\- ])(?P<month>\d{1,2})(?P=by)(?P<day>\d{1,2})",
    "name": rf"{_WEEKDAY}(?:(?P<day>\d{{1,2}})\.?[ -](?P<month>{_MONTH})\.?,?[ -](?P<year>\d{{4}})"
    rf"|(?P<month2>{_MONTH})\.? (?P<day2>\d{{1,2}}),? (?P<year2>\d{{4}}))",
}
_NOON = 12


def number_reader(notation: Notation) -> Callable[[str], float | None]:
    """A function from text to the number that it writes, or None; infinity is beyond float64.

    A minus sign may be a hyphen or a typeset minus. Where the notation is not the plain one, it may
    also stand behind the number, or be a pair of parentheses.
    """
    pattern = _pattern(notation)
    group = _GROUP_MARKS.get(notation.thousands, "")
    marks = re.compile(group) if group else None

    def read(text: str) -> float | None:
        match = pattern.fullmatch(text)
        if match is None:
            return None
        digits = match["digits"]
        if marks is not None:
            digits = marks.sub("", digits)
        found = match.groupdict()
        minus = [found.get(name) for name in ("sign", "sign2", "open", "after")]
        given = [sign for sign in minus if sign]
        if len(given) > 1 or bool(found.get("open")) != bool(found.get("close")):
            return None
        value = float(digits.replace(notation.decimal, ".") + (match["power"] or ""))
        return -value if given and given[0] != "+" else value

    return read


def is_plain(notation: Notation) -> bool:
    """Whether numbers are written like 1234.5 and dates like 2024-01-31."""
    return replace(notation, missing=()) == PLAIN


@lru_cache(256)
def _pattern(notation: Notation) -> re.Pattern[str]:
    group, decimal = _GROUP_MARKS.get(notation.thousands, ""), re.escape(notation.decimal)
    whole = r"\d+"
    if group:
        inner = r"\d{2,3}" if notation.thousands == "," else r"\d{3}"  # India groups by two digits
        whole = rf"(?:\d{{1,3}}(?:{group}{inner})*{group}\d{{3}}|\d+)"
    digits = rf"(?P<digits>{whole}(?:{decimal}\d*)?|{decimal}\d+)(?P<power>[eE][+-]?\d+)?"
    first = rf"(?P<sign>[{_MINUS}+])?"
    if is_plain(notation):
        return re.compile(first + digits)
    sign = ""
    if notation.sign:
        sign = rf"(?:{re.escape(notation.sign)}\.?)?{_BLANK}?"
    return re.compile(
        rf"(?P<open>\()?{first}{_BLANK}?{sign}(?P<sign2>[{_MINUS}+])?{digits}{_BLANK}?"
        rf"{sign}(?P<after>[{_MINUS}])?(?P<close>\))?"
    )


@lru_cache
def _dates(order: str) -> re.Pattern[str]:
    return re.compile(_ORDERS[order] + _TIME, re.IGNORECASE)


def date_in(text: str, order: str) -> np.datetime64 | None:
    """The date and time that a text writes, in microseconds, or None.

    Its time zone is dropped: hours and weekdays of the local clock carry the meaning. Digits beyond
    the microsecond are dropped.
    """
    match = _dates(order).fullmatch(text)
    if match is None:
        return None
    found = {name: value for name, value in match.groupdict().items() if value}
    year, month, day = (found.get(name) or found[f"{name}2"] for name in ("year", "month", "day"))
    if not month.isdigit():
        month = str(_MONTHS.index(month[:3].lower()) + 1)
    hour = int(found.get("hour", 0))
    if "half" in found:
        if not 1 <= hour <= _NOON:
            return None
        hour = hour % _NOON + _NOON * (found["half"][0] in "Pp")
    clock = f"{hour:02}:{found.get('minute', '00')}:{found.get('second', '00')}"
    part = found.get("part", "")[:6]
    try:
        iso = f"{year}-{int(month):02}-{int(day):02}T{clock}{'.' if part else ''}{part}"
        return np.datetime64(iso, "us")
    except ValueError:  # the 31st of February
        return None


def shown(notation: Notation, *, date: bool) -> str:
    """How the notation writes the number 1234.5 or the last day of January 2024."""
    if date:
        return {
            "dmy": "31/01/2024",
            "mdy": "01/31/2024",
            "ymd": "2024/01/31",
            "name": "31 Jan 2024",
        }.get(notation.order, "2024-01-31")
    text = f"1{notation.thousands}234{notation.decimal}5"
    if not notation.sign:
        return text
    return f"{notation.sign}{text}" if notation.sign in "$£€¥₹" else f"{text} {notation.sign}"
