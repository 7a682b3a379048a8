"""Names of models in groups, for the page that lists them all."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_BEGINNING = re.compile(r"[^-_./]+")
_FEW = 8
"""Names up to which groups would be in the way."""


def grouped(names: Sequence[str]) -> list[tuple[str, list[str]]]:
    """(beginning, names that share it) in order, the names that stand alone last, under "".

    A beginning is what stands before the first ``-``, ``_``, ``.`` or ``/``.
    """
    if len(names) <= _FEW:
        return [("", list(names))]
    parts = [(key, list(few)) for key, few in groupby(sorted(names), _beginning)]
    shared = [(key, few) for key, few in parts if len(few) > 1]
    alone = [name for _, few in parts if len(few) == 1 for name in few]
    return [*shared, *([("", alone)] if alone else [])]


def _beginning(name: str) -> str:
    found = _BEGINNING.match(name)
    return found[0] if found else name
