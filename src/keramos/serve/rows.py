"""Rows as protocols carry them -> what ``Model.feeds`` takes, for models that know their columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.errors import RequestError
from keramos.serve.lenient import shown
from keramos.serve.tensors import text_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keramos.serve.engine import Served

Row = dict[str, object]


def column_names(served: Served) -> list[str]:
    """Names of the columns, in order; none for a plain Keras file."""
    content = served.model.content
    return [column.name for column in content.schema.columns] if content else []


def row_dicts(items: Sequence[object], names: Sequence[str], most: int) -> list[Row]:
    """Items of a list, each an object by column name or a list in the order of the columns, as dicts.

    Raises:
        RequestError: an item is neither, or a list has the wrong length; says which row. Or there are too many.
    """
    check_count(len(items), most)
    return [_row(item, names, number) for number, item in enumerate(items, 1)]


def check_count(rows: int, most: int) -> None:
    """Refuse more rows than one request may have.

    Raises:
        RequestError: there are more.
    """
    if rows > most:
        raise RequestError(f"the request has {rows} rows; one request may have {most}: send them in parts")


def _row(item: object, names: Sequence[str], number: int) -> Row:
    if isinstance(item, dict):
        return {name: _cell(cell, name) for name, cell in item.items()}
    cells = item if isinstance(item, list) else [item]
    if len(cells) != len(names):
        listed = ", ".join(f"'{name}'" for name in names)
        raise RequestError(
            f"row {number}: {len(cells)} value(s) for {len(names)} columns; give an object by column name, or a list "
            f"in this order: {listed}. Received {shown(item)}"
        )
    return {name: _cell(cell, name) for name, cell in zip(names, cells, strict=True)}


def _cell(cell: object, name: str) -> object:
    """A cell; a list of one value is that value, for clients that send tensors of shape (rows, 1)."""
    if isinstance(cell, list) and len(cell) == 1:
        cell = cell[0]
    return text_of(cell, name) if isinstance(cell, dict) else cell


def column_lists(given: Mapping[str, object], names: Sequence[str], most: int) -> dict[str, list[object]]:
    """An object of columns, each a list of cells, as the columns that the model knows.

    Raises:
        RequestError: a column is not a list, or lists have different lengths.
    """
    columns: dict[str, list[object]] = {}
    for name in names:
        if name in given:
            cells = given[name]
            if not isinstance(cells, list):
                raise RequestError(f"column '{name}' must be a list with one value a row; received {shown(cells)}")
            columns[name] = [_cell(cell, name) for cell in cells]
    lengths = {name: len(cells) for name, cells in columns.items()}
    if len(set(lengths.values())) > 1:
        raise RequestError(f"columns have different lengths: {lengths}")
    if not columns:
        raise RequestError(f"none of the model's columns is there: {', '.join(names)}")
    rows = next(iter(lengths.values()))
    check_count(rows, most)
    return {name: columns.get(name, [None] * rows) for name in names}
