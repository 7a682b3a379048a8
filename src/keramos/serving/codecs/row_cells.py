"""Rows of requests -> model inputs, for models that know their columns.

What a cell means is the business of its column's kind (``keramos.tabular``); here is only what
protocols add: lists for objects, columns for rows, text as base64.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from keramos.errors import Problem, RequestError, RowError
from keramos.serving.codecs.json_lenient import shown
from keramos.serving.codecs.json_tensors import octets, text_of
from keramos.serving.codecs.row_pieces import feeds_by_piece
from keramos.serving.core.limits import MAX_PROBLEMS
from keramos.tabular.cell import Unreadable, show
from keramos.tabular.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keramos.serving.core.served import Served
    from keramos.types.prediction import Feeds

Row = dict[str, object]

_NESTED = (list, dict)
"""What may stand for a cell without being one."""

_NOT_BASE64 = 'not one value, nor base64 of UTF-8 text as {"b64": ...}'


def column_names(served: Served) -> list[str]:
    """Names of the columns, in order; none for a plain Keras file."""
    content = served.model.content
    return [column.name for column in content.schema.columns] if content else []


def row_dicts(
    items: Sequence[object],
    names: Sequence[str],
    most: int,
    bad: list[Problem] | None = None,
    before: int = 0,
    *,
    tensors: bool = False,
) -> list[Row]:
    """Items of a list, each an object by column name or a list in the order of the columns, as
    dicts.

    An item that is neither, or a list of the wrong length, goes to ``bad`` where that is given, and
    is empty then. Keys that name no column are left out; where ``bad`` is given,
    the first 100 of them are kept without a value. ``before`` is how many rows came before
    these. With ``tensors`` a list of one value is that value, for protocols whose columns may have
    shape (rows, 1).

    Raises:
        RequestError: such an item, where ``bad`` is not given; says which row. Or there are too
            many.
    """
    check_count(len(items), most)
    known = frozenset(names)
    # A key is a column of the table that rows become: only replies that list unused keys need any.
    others: dict[str, None] = {}
    spare = 0 if bad is None else MAX_PROBLEMS
    rows: list[Row] = []
    for number, item in enumerate(items, before + 1):
        why = "" if isinstance(item, dict) else _misfit(item, names)
        if why and bad is None:
            raise RequestError(f"row {number}: {why}. Received {shown(item)}")
        if why and bad is not None:
            bad.append(Problem(number, "", shown(item), why))
        row = {} if why else _row(item, names, known, tensors=tensors)
        if isinstance(item, dict) and spare and len(row) < len(item):
            row |= _kept(item, known, others, spare)
        rows.append(row)
    return rows


def _misfit(item: object, names: Sequence[str]) -> str:
    cells = len(item) if isinstance(item, list) else 1
    if cells == len(names):
        return ""
    listed = ", ".join(f"'{name}'" for name in names)
    return (
        f"{cells} value(s) for {len(names)} columns; give an object by column name, or a "
        f"list in this order: {listed}"
    )


def feeds_of(served: Served, items: Sequence[object], most: int, *, tensors: bool = False) -> Feeds:
    """Model inputs of items as ``row_dicts`` takes them.

    Raises:
        RequestError: an item is not a row, or there are too many.
        RowError: cells break a rule of the schema; names each with row and column.
    """
    check_count(len(items), most)
    names = column_names(served)
    items = as_rows(served, items)

    def piece(begin: int, end: int) -> object:
        return row_dicts(items[begin:end], names, most, before=begin, tensors=tensors)

    return feeds_by_piece(served.model, len(items), piece)


def as_rows(served: Served, items: Sequence[object]) -> Sequence[object]:
    """Items in which each list is a row: one that is a cell of the only column becomes the row of
    that cell.
    """
    content = served.model.content
    columns = content.preparation.inputs if content else ()
    if not columns or not KINDS[columns[0].kind].takes_lists or len(column_names(served)) > 1:
        return items
    is_bare = KINDS[columns[0].kind].is_bare
    return [
        [item] if isinstance(item, list) and is_bare(item, columns[0]) else item for item in items
    ]


def check_count(rows: int, most: int) -> None:
    """Refuse more rows than one request may have.

    Raises:
        RequestError: there are more.
    """
    if rows > most:
        raise RequestError(
            f"the request has {rows} rows; one request may have {most}: send them in parts"
        )


def _row(item: object, names: Sequence[str], known: frozenset[str], *, tensors: bool) -> Row:
    alone = len(names) == 1 and isinstance(item, dict) and set(item) == {"b64"}
    given = item if isinstance(item, dict) and not alone else _in_order(item, names)
    return {
        name: _cell(cell, tensors=tensors) if isinstance(cell, _NESTED) else cell
        for name, cell in given.items()
        if name in known
    }


def _kept(item: Row, known: frozenset[str], others: dict[str, None], most: int) -> Row:
    """Keys that name no column, without values; ``others`` has all so far, up to ``most``."""
    unused = [name for name in islice(item, len(known) + most) if name not in known]
    others |= dict.fromkeys(unused[: most - len(others)])
    return {name: None for name in unused if name in others}


def _in_order(item: object, names: Sequence[str]) -> Row:
    return dict(zip(names, item if isinstance(item, list) else [item], strict=True))


def _cell(cell: object, *, tensors: bool) -> object:
    if tensors and isinstance(cell, list) and len(cell) == 1:
        cell = cell[0]
    if not isinstance(cell, dict):
        return cell
    try:
        return text_of(cell)
    except RequestError:  # bytes that are no text, or what is refused with its row and column
        return _octets(cell) or Unreadable(show(cell), _NOT_BASE64)


def _octets(cell: object) -> bytes | None:
    try:
        return octets(cell)
    except RequestError:
        return None


def column_feeds_of(served: Served, given: Mapping[str, object], most: int) -> Feeds:
    """Model inputs of an object of columns, each a list of cells.

    Raises:
        RequestError: a column is not a list, or lists have different lengths.
        RowError: cells break a rule of the schema.
    """
    columns = _columns(given, column_names(served), most)
    rows = len(next(iter(columns.values())))

    def piece(begin: int, end: int) -> object:
        return {name: cells[begin:end] for name, cells in columns.items()}

    try:
        return feeds_by_piece(served.model, rows, piece)
    except RowError as error:
        raise RowError(error.what, file="rows", problems=error.problems) from None


def _columns(
    given: Mapping[str, object], names: Sequence[str], most: int
) -> dict[str, list[object]]:
    columns: dict[str, list[object]] = {}
    for name in names:
        if name in given:
            cells = given[name]
            if not isinstance(cells, list):
                raise RequestError(
                    f"column '{name}' must be a list with one value a row", received=shown(cells)
                )
            columns[name] = [_cell(cell, tensors=True) for cell in cells]
    lengths = {name: len(cells) for name, cells in columns.items()}
    if len(set(lengths.values())) > 1:
        raise RequestError(f"columns have different lengths: {lengths}")
    if not columns:
        raise RequestError(f"none of the model's columns is there: {', '.join(names)}")
    rows = next(iter(lengths.values()))
    check_count(rows, most)
    return {name: columns.get(name, [None] * rows) for name in names}
