"""What text might be that no notation reads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from keramos.data.cell_counts import cells_of
from keramos.tabular.cell import show

if TYPE_CHECKING:
    from keramos.types.table import Column

_MOST = 0.95


def looks_like(column: Column) -> str:
    """What the text of a column might be that no notation reads: a number with a unit, a time, a
    date with a short year. Empty where it looks like nothing of the kind.
    """
    cells = cells_of(column)
    texts = [cell for cell in cells.values if type(cell) is str]
    for pattern, what in _FORMS:
        fits = sum(bool(pattern.fullmatch(text)) for text in texts)
        if texts and fits >= _MOST * len(cells):
            return f"{show(texts[0])} looks like {what}"
    return ""


_FORMS = (
    (re.compile(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2}\b.*"), "a date without its century"),
    (re.compile(r"\d{1,3}:\d\d(:\d\d)?(\.\d+)?( ?[AaPp][Mm])?"), "a time or a duration"),
    (re.compile(r"[-+]?\d[\d.,]* ?(-|–|to|\.\.|bis) ?\d[\d.,]*"), "a range"),
    (re.compile(r"[-+<>~≤≥]? ?\d[\d.,' ]* ?[^\W\d]{1,4}[²³]?"), "a number with its unit"),
    (re.compile(r"[<>~≤≥±]? ?\d[\d.,' ]*"), "a number"),
)
