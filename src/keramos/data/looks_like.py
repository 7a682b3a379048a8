"""What text might be that no notation reads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from keramos.data.cell_counts import counted
from keramos.data.notation import notation_like
from keramos.errors import UsageError
from keramos.tabular.cell import Refused, show
from keramos.tabular.kinds import written_kind

if TYPE_CHECKING:
    from keramos.types.table import Column

_MOST = 0.95


def looks_like(name: str, column: Column) -> tuple[str, str]:
    """What the text of a column might be that no notation reads, and what helps: a number with a
    unit, a time, a date with a short year. Both are empty where it looks like nothing of the kind.
    """
    cells = counted(column)
    texts = [cell for cell in cells.values if type(cell) is str]
    for pattern, what in _FORMS:
        fits = [text for text in texts if pattern.fullmatch(text)]
        if fits and len(fits) >= _MOST * len(cells):
            row = cells.rows[cells.values.index(fits[0])]
            return f"{show(fits[0])} in row {row} looks like {what}", _help(name, fits)
    return "", ""


def _help(name: str, texts: list[str]) -> str:
    """The example that says how most cells are written, if they are numbers beside a sign."""
    try:
        kind, notation = notation_like(name, texts[0])
    except UsageError:
        return "write plain numbers or ISO dates"
    read = written_kind(kind, notation).read
    bad = sum(isinstance(read(text), Refused) for text in texts)
    if bad > (1 - _MOST) * len(texts):
        return "write plain numbers or ISO dates"
    return f"say how it is written (--written '{name}={texts[0]}')"


_FORMS = (
    (re.compile(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2}\b.*"), "a date without its century"),
    (re.compile(r"\d{4}[/.-]\d{1,2}"), "a month, or a range"),
    (re.compile(r"\d{1,3}:\d\d(:\d\d)?(\.\d+)?( ?[AaPp][Mm])?"), "a time or a duration"),
    (re.compile(r"[-+]?\d[\d.,]* ?(-|–|to|\.\.|bis) ?\d[\d.,]*"), "a range"),
    (re.compile(r"[-+<>~≤≥]? ?\d[\d.,' ]* ?[^\W\d]{1,4}[²³]?"), "a number with its unit"),
    (re.compile(r"[^\w\s]*\s?\d.{0,60}"), "a number at first, and no notation reads it"),
)
"""Patterns of whole cells, and what they look like; the first that fits most cells counts."""
