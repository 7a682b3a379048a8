"""The names of a window's columns, from a person, a scaler, the source or a table beside."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from keramos.adoption.tables.evidence import Evidence, same_name
from keramos.adoption.tables.unnamed import names_from_table
from keramos.data.read import read_table
from keramos.data.time_order import is_called_a_date
from keramos.errors import KeramosError, UsageError
from keramos.types.adoption import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keramos.adoption.pieces import Pieces
    from keramos.adoption.series.code import Said
    from keramos.adoption.tables.parts import Parts, Piece
    from keramos.adoption.wishes import Wishes

_MOST_TABLES = 20
_LONGEST = 40
_ROW_NUMBERS = frozenset({"", "unnamed0", "index", "id", "sno", "serial", "year", "month", "day"})
_LISTS = frozenset({"column", "columns", "feature", "features", "cols", "names"})
"""Words in the names of files that list columns."""
_PRICES = ("close", "adjclose", "price", "value", "target", "y")


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """The names in the order of the window, how they are known, and a table that has them."""

    names: tuple[str, ...]
    finding: Finding
    doubt: str = ""
    table: Evidence | None = None


def tables_beside(pieces: Pieces) -> list[Evidence]:
    """The tables that can be read."""
    return list(_read(tuple(map(_state, pieces.tables[:_MOST_TABLES]))))


def _state(path: str) -> tuple[str, int, int]:
    state = Path(path).stat()
    return path, state.st_size, state.st_mtime_ns


@lru_cache(1)
def _read(tables: tuple[tuple[str, int, int], ...]) -> tuple[Evidence, ...]:
    """The tables of a folder, which each of its models looks at."""
    found = []
    for path, *_ in tables:
        try:
            found.append(Evidence(read_table(path)))
        except KeramosError:
            continue
    return tuple(found)


def name_words(path: str) -> list[str]:
    """The words of a file's name."""
    return re.split(r"[^a-z]+", Path(path).stem.lower())


def columns_of(
    width: int, scaler: Piece | None, parts: Parts, pieces: Pieces, said: Said, wishes: Wishes
) -> Columns:
    """The names of ``width`` columns.

    Raises:
        UsageError: a person names another number of columns.
    """
    tables = tables_beside(pieces)
    found = next(_known(width, scaler, parts, pieces, said, wishes), None)
    if found is None:
        found = _by_ranges(width, scaler, pieces) or _from_tables(width, tables)
    names, finding, doubt = found or _nameless(width)
    holder = next((one for one in tables if all(map(one.column, names))), None)
    return Columns(names, finding, doubt, holder)


def _known(
    width: int, scaler: Piece | None, parts: Parts, pieces: Pieces, said: Said, wishes: Wishes
) -> Iterator[tuple[tuple[str, ...], Finding, str]]:
    if wishes.columns:
        if len(wishes.columns) != width:
            raise UsageError(
                f"the window has {width} columns", option="columns", received=len(wishes.columns)
            )
        yield tuple(wishes.columns), _found(wishes.columns, "user", "", "confirmed"), ""
    if scaler is not None and len(scaler.names) == width:
        yield scaler.names, _found(scaler.names, "file", pieces.short(scaler.path)), ""
    yield from _listed(width, scaler, parts, pieces)
    for names, where in sorted(said.columns, key=lambda one: _rank(one[0], said)):
        if len(names) == width and len(set(names)) == width and _are_numbers(names, said):
            others = {one for one, _ in said.columns if len(one) == width and one != names}
            usual = width > 1 or same_name(names[0]) in _PRICES
            doubt = "" if usual and (width == 1 or not others) else f"{where} takes {_list(names)}"
            yield names, _found(names, "code", where, "inferred"), doubt


def _listed(
    width: int, scaler: Piece | None, parts: Parts, pieces: Pieces
) -> Iterator[tuple[tuple[str, ...], Finding, str]]:
    """Lists of names in files; one line of anything is not the name of a column."""
    for path, listed in parts.lists.items():
        odd = any(len(name) > _LONGEST or not any(map(str.isalpha, name)) for name in listed)
        lone = width == 1 and not _LISTS & set(name_words(path))
        if len(listed) == len(set(listed)) == width and not (odd or lone):
            doubt = "" if scaler is not None else f"{pieces.short(path)} names the columns"
            yield listed, _found(listed, "file", pieces.short(path), "inferred"), doubt


def _rank(names: tuple[str, ...], said: Said) -> int:
    """What stock pages forecast comes first, then what becomes an array."""
    name = same_name(names[0])
    if len(names) == 1 and name in _PRICES:
        return _PRICES.index(name)
    return len(_PRICES) + (names not in said.numbers)


def _are_numbers(names: tuple[str, ...], said: Said) -> bool:
    """Whether selected columns may be a window: a single key of anything may be any other thing."""
    if any(is_called_a_date(name) for name in names):
        return False
    return len(names) > 1 or names in said.numbers or same_name(names[0]) in _PRICES


def _by_ranges(
    width: int, scaler: Piece | None, pieces: Pieces
) -> tuple[tuple[str, ...], Finding, str] | None:
    """The columns of a table whose means or ranges are those that the scaler remembers."""
    if scaler is None:
        return None
    found = names_from_table(scaler.fitted, width, pieces.tables[:_MOST_TABLES])
    if found is None or len(found.names) != width or any(slot.encoder for slot in found.slots):
        return None
    source = found.evidence.short
    return found.names, _found(found.names, "data", source, "inferred"), "; ".join(found.doubts)


def _from_tables(width: int, tables: list[Evidence]) -> tuple[tuple[str, ...], Finding, str] | None:
    """The columns of numbers of a table, if they are as many; of several the usual one."""
    for table in tables:
        numbers = [
            name
            for name in table.table.columns
            if same_name(name) not in _ROW_NUMBERS and table.numbers(name) is not None
        ]
        if width == 1 and len(numbers) > 1:
            numbers = [name for name in numbers if same_name(name) in _PRICES][:1]
        if len(numbers) == width:
            doubt = f"the columns are those of {table.short}: {_list(numbers)}"
            return tuple(numbers), _found(numbers, "data", table.short, "assumed"), doubt
    return None


def _nameless(width: int) -> tuple[tuple[str, ...], Finding, str]:
    if width == 1:
        return ("value",), _found(["value"], "convention", "", "assumed"), ""
    names = tuple(f"column_{place}" for place in range(1, width + 1))
    return (
        names,
        _found(names, "convention", "", "assumed"),
        f"nothing names the {width} columns: they are called {names[0]} to {names[-1]}",
    )


def _found(
    names: tuple[str, ...] | list[str],
    origin: str,
    source: str = "",
    certainty: str = "stated",
) -> Finding:
    return Finding("columns", _list(names), origin, source, certainty)  # type: ignore[arg-type]


def _list(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(names)[:200]
