"""How the text of a column is written: as numbers or dates of which notation, and whether there is
a doubt.

Each notation reads every distinct cell. One is taken where it reads all of them, or all but a few
words, and where no other notation would read other values with nearly as good a reason.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keramos.data.cell_counts import counted
from keramos.errors import UsageError
from keramos.frozen import Frozen
from keramos.tabular.cell import Refused, show
from keramos.tabular.kinds import written_kind
from keramos.tabular.notation import PLAIN, is_plain
from keramos.types.schema import Notation

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from keramos.data.cell_counts import Cells
    from keramos.types.schema import ColumnKind
    from keramos.types.table import Column

    Mask = NDArray[np.bool_]

_MARKS = (
    *((".", ""), (".", ","), (".", " "), (".", "'")),
    *((",", ""), (",", "."), (",", " "), (",", "'")),
)
"""Decimal mark and mark between thousands."""
_ORDERS = ("", "dmy", "mdy", "ymd", "name")
_CURRENCIES = frozenset(
    [
        "USD",
        "EUR",
        "GBP",
        "JPY",
        "CHF",
        "CNY",
        "RMB",
        "INR",
        "AUD",
        "CAD",
        "NZD",
        "SEK",
        "NOK",
        "DKK",
        "PLN",
        "CZK",
        "HUF",
        "RON",
        "BGN",
        "TRY",
        "RUB",
        "UAH",
        "ILS",
        "ZAR",
        "BRL",
        "MXN",
        "ARS",
        "CLP",
        "COP",
        "PEN",
        "KRW",
        "SGD",
        "HKD",
        "TWD",
        "THB",
        "IDR",
        "MYR",
        "PHP",
        "VND",
        "AED",
        "SAR",
        "QAR",
        "EGP",
        "NGN",
        "KES",
        "Fr",
        "SFr",
        "Rs",
        "kr",
        "Kr",
        "Kč",
        "zł",
        "Ft",
        "lei",
        "лв",
        "руб",
        "RM",
        "Rp",
        "Dhs",
        "euro",
        "euros",
        "Euro",
        "dollars",
        "US$",
        "R$",
        "A$",
        "C$",
        "S$",
        "HK$",
        "NZ$",
        "NT$",
        "CA$",
        "AU$",
    ]
)
"""Currencies that are not one sign; those that are have the category Sc in Unicode."""
_PERCENTS = frozenset({"%", "\u2030"})
_NOT_SIGN = re.compile("[\\d.,'\u2019\\s\u00a0\u2007\u2009\u202f()+\u2212\u2013\ufe63\uff0d-]+")
_MARK = re.compile("[.,'\u2019]")
_SAMPLE = 200
_HALF = 0.5
_FEW_SHARE = 0.05
"""Up to such a share of the rows may hold words in a column of numbers or dates."""
_FEWEST_READ = 10
_FEW_VALUES = 20
"""Up to so many different values, text is as good as numbers: each is a category of its own."""
_CLEAR = 20
"""A notation needs so many rows that it alone reads for each row that only another reads."""
_WITNESSES = 5
"""And one such row for so many that both read differently, unless a row cannot be a slip: a date,
or a number with two marks.
"""


class Tried(NamedTuple):
    """A notation, and what it reads of each distinct cell; NaN where it reads nothing."""

    kind: ColumnKind
    notation: Notation
    values: NDArray[np.float64]

    @property
    def read(self) -> Mask:
        """Which cells it reads."""
        return ~np.isnan(self.values)


class Written(Frozen, frozen=True, eq=False):
    """The notation that reads a column best, and what it reads of each distinct cell (dates as
    microseconds; NaN where it reads nothing).

    ``doubt`` says why another notation may be meant, ``stray`` which cells forbid any notation;
    both are empty where the notation is to be taken.
    """

    kind: ColumnKind
    notation: Notation
    cells: Cells
    values: NDArray[np.float64]
    doubt: str = ""
    stray: str = ""

    @property
    def odd(self) -> Mask:
        """Which cells are not read."""
        return np.isnan(self.values)

    @property
    def share(self) -> float:
        """The share of the rows that are read."""
        return float(self.cells.counts[~self.odd].sum() / max(self.cells.counts.sum(), 1))

    @property
    def different(self) -> int:
        """How many values differ."""
        return len(np.unique(self.values[~self.odd]))

    @property
    def example(self) -> str:
        """The first cell that shows the notation, else the first that is read."""
        read = np.flatnonzero(~self.odd)
        plain = written_kind(self.kind, PLAIN)
        telling = [p for p in read if isinstance(plain.read(self.cells.values[p]), Refused)]
        return show(self.cells.values[min(telling or read, key=lambda p: int(self.cells.rows[p]))])


def written_as(column: Column) -> Written | None:
    """The notation that reads most rows; None where none reads half of them."""
    cells = counted(column)
    if not len(cells):
        return None
    tried = _tried(cells)
    if not tried:
        return None
    best = max(tried, key=lambda one: int(cells.counts[one.read].sum()))
    found = Written(best.kind, best.notation, cells, best.values)
    if found.share < _HALF:
        return None
    others = (_other(cells, best, one) for one in tried)
    doubt = next(filter(None, others), "") or _bare(cells, best)
    return replace(found, doubt=doubt, stray=_stray(found))


def _tried(cells: Cells) -> list[Tried]:
    """The notations that read half of a sample, each applied to all cells; plain ones first."""
    step = max(1, len(cells) // _SAMPLE)
    sample = cells.values[::step]
    tried = []
    for kind, notation in _notations(sample):
        if np.isnan(_values(kind, notation, sample)).mean() <= _HALF:
            tried.append(Tried(kind, notation, _values(kind, notation, cells.values)))
    return tried


def _notations(sample: Sequence[object]) -> list[tuple[ColumnKind, Notation]]:
    known = [sign for sign in _signs(sample) if _is_known(sign)][:3]
    numbers: list[tuple[ColumnKind, Notation]] = [
        ("number", Notation(decimal, thousands, sign))  # type: ignore[arg-type]  # as listed
        for sign in ("", *known)
        for decimal, thousands in _MARKS
    ]
    return [*numbers, *(("date", Notation(order=order)) for order in _ORDERS)]  # type: ignore[arg-type]


def _signs(sample: Sequence[object]) -> list[str]:
    """What stands beside digits, most frequent first."""
    texts = (cell for cell in sample if type(cell) is str and re.search(r"\d", cell))
    return [sign for sign, _ in Counter(_NOT_SIGN.sub("", text) for text in texts).most_common()]


def _is_known(sign: str) -> bool:
    return (
        sign in _PERCENTS
        or sign in _CURRENCIES
        or (len(sign) == 1 and unicodedata.category(sign) == "Sc")
    )


def _values(kind: ColumnKind, notation: Notation, cells: Sequence[object]) -> NDArray[np.float64]:
    read = written_kind(kind, notation).read
    found = (read(cell) for cell in cells)
    return np.fromiter((_number(value) for value in found), np.float64, len(cells))


def _number(value: object) -> float:
    if isinstance(value, np.datetime64):
        return float(value.astype("int64"))
    return value if isinstance(value, float) else np.nan


def _other(cells: Cells, best: Tried, other: Tried) -> str:
    """Why another notation might be meant; empty where it is not."""
    differ = best.read & other.read & (best.values != other.values)
    if other is best or best.kind != other.kind or not differ.any():
        return ""
    only, against = best.read & ~other.read, other.read & ~best.read
    if _is_usual(best.notation) and not against.any():
        return ""
    witnesses, rivals = int(cells.counts[only].sum()), int(cells.counts[against].sum())
    strong = best.kind == "date" or any(
        len(_MARK.findall(str(cells.values[place]))) > 1 for place in np.flatnonzero(only)
    )
    settled = strong and not rivals
    if (
        witnesses
        and witnesses >= _CLEAR * rivals
        and (settled or witnesses * _WITNESSES >= cells.counts[differ].sum())
    ):
        return ""
    place = int(np.flatnonzero(differ)[0])
    values = " or ".join(_said(best.kind, one.values[place]) for one in (best, other))
    return f"{show(cells.values[place])} in row {cells.rows[place]} is {values}"


def _is_usual(notation: Notation) -> bool:
    """Whether a point is a decimal point by convention. Beside a currency it is not: 1.234 EUR is
    more often a thousand than a fraction with three digits.
    """
    return is_plain(replace(notation, sign="")) and notation.sign in {"", *_PERCENTS}


def _said(kind: ColumnKind, value: float) -> str:
    if kind == "date":
        return str(np.datetime64(int(value), "us").astype("datetime64[D]"))
    return f"{value:.15g}"


def _bare(cells: Cells, best: Tried) -> str:
    """Why percentages are in doubt: some cells lack the sign, and might be fractions."""
    if best.notation.sign not in _PERCENTS:
        return ""
    bare = np.array([best.notation.sign not in str(cell) for cell in cells.values])
    bare &= best.read & (best.values != 0)
    if not bare.any():
        return ""
    return f"cells have the sign {best.notation.sign}, but not {cells.listed(bare)}"


def _stray(found: Written) -> str:
    """Why cells that are not read forbid the notation; empty where there are none, or few words."""
    cells, odd = found.cells, found.odd
    if not odd.any():
        return ""
    words = not any(re.search(r"\d", str(cells.values[place])) for place in np.flatnonzero(odd))
    enough = found.different > _FEW_VALUES and int(cells.counts[~odd].sum()) >= _FEWEST_READ
    if words and enough and few(int(cells.counts[odd].sum()), int(cells.counts.sum())):
        return ""
    what = "dates" if found.kind == "date" else "numbers"
    return f"{_share(found.share)} are {what} like {found.example}, but not {cells.listed(odd)}"


def few(odd: int, rows: int) -> bool:
    """Whether so many rows may be left out of training."""
    return odd <= max(1, int(_FEW_SHARE * rows))


def _share(share: float) -> str:
    """A share that is never rounded to all."""
    return f"{min(share, 0.99):.0%} of the values"


def notation_like(column: str, example: str) -> tuple[ColumnKind, Notation]:
    """Kind and notation of a column that is written like ``example``.

    Raises:
        UsageError: no notation reads the example, or several read it differently.
    """
    sign = (_signs([example]) or [""])[0]
    candidates = [
        (kind, Notation(notation.decimal, notation.thousands, sign))
        if kind == "number"
        else (kind, notation)
        for kind, notation in _notations([])
    ]
    found = [
        (kind, notation, value)
        for kind, notation in candidates
        if not np.isnan(value := float(_values(kind, notation, [example])[0]))
    ]
    if not found:
        raise UsageError(
            "the example is neither a number nor a date that can be read",
            option="written",
            column=column,
            received=show(example),
            remedy="Write the number 1234.5 or the date 2024-01-31 as the column has it",
        )
    if len({(kind, value) for kind, _, value in found}) > 1:
        readings = " or ".join(dict.fromkeys(_said(kind, value) for kind, _, value in found))
        raise UsageError(
            f"the example can be read as {readings}",
            option="written",
            column=column,
            received=show(example),
            remedy="Write the number 1234.5 or the date 2024-01-31 as the column has it",
        )
    kind, notation, _ = found[0]
    return kind, notation


def examples(name: str, written: Written) -> str:
    """Options that say which of two notations is meant."""
    if written.kind == "date":
        return f"--written '{name}=31/01/2024' or '{name}=01/31/2024'"
    sign = written.notation.sign
    return f"--written '{name}=1,234.5{sign}' or '{name}=1.234,5{sign}'"


def without(column: Column, missing: Collection[str]) -> tuple[Column, tuple[str, ...]]:
    """The column with further texts as missing cells, and those of the texts that it has."""
    if not missing or not column.text:
        return column, ()
    words = frozenset(missing)
    gone = np.array([type(cell) is str and cell in words for cell in column.values.tolist()])
    gone &= ~column.missing
    found = sorted(set(column.values[gone].tolist()))
    return replace(column, missing=column.missing | gone), tuple(found)
