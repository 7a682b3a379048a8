"""The type of a column of JSON Lines, by its cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.tabular.kind import EXACT_INTEGER

if TYPE_CHECKING:
    from collections.abc import Sequence

JSON = "json"
"""The type of cells of several types."""

_TYPES: tuple[tuple[str, frozenset[type], int], ...] = (
    ("string", frozenset({str}), 0),
    ("bool", frozenset({bool}), 0),
    ("int64", frozenset({int}), 2**63 - 1),
    ("double", frozenset({float, int}), EXACT_INTEGER),
)
"""Arrow's name of a type, Python's types of the cells that it holds, and the largest integer that
it holds exactly.
"""


def type_of(cells: Sequence[object]) -> str:
    """The type that holds every cell exactly; ``string`` where all are missing."""
    return next((name for name, _, _ in _TYPES if holds(name, cells)), JSON)


def holds(name: str, cells: Sequence[object]) -> bool:
    """Whether a type holds every cell exactly; None is a missing one."""
    if name == JSON:
        return False
    allowed, largest = next((types, largest) for other, types, largest in _TYPES if other == name)
    kinds = set(map(type, cells)) - {type(None)}
    if not kinds <= allowed:
        return False
    if int not in kinds:
        return True
    least = -largest - (name == "int64")
    return all(least <= cell <= largest for cell in cells if type(cell) is int)
