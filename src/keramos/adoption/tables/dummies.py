"""Columns that ``pandas.get_dummies`` made: their names hold the values of another column."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from keramos.adoption.tables.scaled import is_dummy
from keramos.adoption.tables.slots import Slot
from keramos.tabular.fitted.one_hot_encoder import OneHotEncoder
from keramos.tabular.fitted.standard_scaler import StandardScaler

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.adoption.tables.evidence import Evidence
    from keramos.adoption.tables.slots import Resolved
    from keramos.tabular.fitted.fitted import Fitted

_FEW = 2
_WHOLE = re.compile(r"-?\d{1,15}")
_ROUNDED = 1e-6


def dummy_slots(
    names: Sequence[str],
    found: dict[int, Slot],
    result: Resolved,
    evidence: Evidence | None,
    scaler: Fitted | None,
) -> None:
    """Add slots for names that are a column and one of its values, or a value alone."""
    free = {name: place for place, name in enumerate(names) if place not in found}
    if evidence is not None:
        for column in evidence.table.columns:
            if evidence.is_text(column) or not {column} & set(names):
                _from_table(column, free, found, evidence, result, scaler)
    _from_statistics(free, found, result, evidence, scaler)


def _from_table(
    column: str,
    free: dict[str, int],
    found: dict[int, Slot],
    evidence: Evidence,
    result: Resolved,
    scaler: Fitted | None,
) -> None:
    listed = evidence.values(column)
    if len(listed) < _FEW:
        return
    marks = ("_", "-", ".", " ", "")
    for pattern in [*(f"{column}{mark}" for mark in marks), ""]:
        named = {value: f"{pattern}{value}" for value in _values(pattern, listed, free, scaler)}
        stripped = {value: f"{pattern}{value.strip()}" for value in named}
        if not any(name in free for name in named.values()):
            named = stripped
        values = sorted(named)
        hits = [value for value in values if named[value] in free]
        if not hits or (len(hits) < len(values) - 1 and not pattern):
            continue
        if len(hits) < len(values) - 1:
            result.notes.append(
                f"of the {len(values)} values of '{column}' only {len(hits)} have a column; the "
                "others count as none of them"
            )
        encoder = _encoder([_cell(value, evidence, column) for value in values], values, hits)
        for output, value in enumerate(hits):
            place = free.pop(named[value])
            found[place] = Slot(column, encoder, output, "data", evidence.source, "inferred")
        return


def _values(
    pattern: str, listed: frozenset[str], free: dict[str, int], scaler: Fitted | None
) -> set[str]:
    """The values of the table, and those that other names of dummies have behind the pattern."""
    named = set()
    for name, place in free.items():
        dummy = scaler is None or is_dummy(scaler, place) is not False
        if pattern and dummy and name.startswith(pattern) and len(name) > len(pattern):
            named.add(name.removeprefix(pattern))
    return set(listed) | named if named & listed else set(listed)


def _cell(value: str, evidence: Evidence, column: str) -> object:
    """A cell as it is looked up: whole numbers are numbers."""
    if evidence.is_text(column):
        return value
    return int(value) if _WHOLE.fullmatch(value) else value


def _encoder(cells: list[object], values: list[str], hits: list[str]) -> OneHotEncoder:
    places = tuple(hits.index(value) if value in hits else -1 for value in values)
    return OneHotEncoder((tuple(cells),), (places,), (tuple(hits),), (None,))


def _from_statistics(
    free: dict[str, int],
    found: dict[int, Slot],
    result: Resolved,
    evidence: Evidence | None,
    scaler: Fitted | None,
) -> None:
    """Groups of names with a common beginning that the scaler saw as 0 and 1 only."""
    groups: dict[str, list[str]] = {}
    for name, place in free.items():
        prefix, mark, value = name.partition("_")
        known = evidence is not None and evidence.column(name) is not None
        if mark and value and not known and scaler is not None and is_dummy(scaler, place):
            groups.setdefault(prefix, []).append(name)
    for prefix, members in groups.items():
        if len(members) < _FEW or prefix in free or not _exclusive(members, free, scaler):
            continue
        values = [name.partition("_")[2] for name in members]
        if all(value.lstrip("-").isdecimal() for value in values):
            cells: list[object] = [int(value) for value in values]
        else:
            cells = list(values)
        places = tuple(range(len(values)))
        encoder = OneHotEncoder((tuple(cells),), (places,), (tuple(values),), (-1,))
        for output, name in enumerate(members):
            found[free.pop(name)] = Slot(prefix, encoder, output, "file", "", "inferred")
        shown = ", ".join(values[:4])
        result.doubts.append(
            f"'{prefix}' is one column with the values {shown}; any other is the one that was "
            "left out"
        )


def _exclusive(members: Sequence[str], free: dict[str, int], scaler: Fitted | None) -> bool:
    """Whether at most one of the columns can be 1 in a row: their means add up to 1 at most."""
    if not isinstance(scaler, StandardScaler):
        return False
    return sum(scaler.mean[free[name]] for name in members) <= 1 + _ROUNDED
