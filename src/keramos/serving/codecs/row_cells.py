"""Rows as protocols carry them -> what ``Model.feeds`` takes, for models that know their columns.

A cell is judged by itself, never by its neighbours: JSON tells numbers, text and truth values
apart, and so does this. A number in a column of text would have to be written as text again, and
there is no telling how its sender writes it (1.0 or 1.00, 1e3 or 1000); only whole numbers have one
way. The same holds for truth values among numbers.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from keramos.data.columns import show
from keramos.errors import Problem, RequestError, RowError
from keramos.inference.model import row_error
from keramos.serving.codecs.json_lenient import shown
from keramos.serving.codecs.json_tensors import text_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keramos.serving.core.served import Served
    from keramos.types.artifact import Content
    from keramos.types.prediction import Feeds
    from keramos.types.schema import ColumnKind

Row = dict[str, object]

_NEVER: Mapping[ColumnKind, tuple[type, ...]] = {
    "number": (list, dict, bool),
    "integer_category": (list, dict, bool),
    "string_category": (list, dict, bool, float),
    "boolean": (list, dict),
    "date": (list, dict),
}
"""What a cell of a column cannot be; everything else is judged by ``Model.feeds``."""

_WHY: Mapping[type, str] = {
    list: "not one value",
    dict: 'not one value, nor base64 of UTF-8 text as {"b64": ...}',
    bool: "a truth value, and the column has none",
    float: "a number, and the column has text: send it as the text that it is in the table",
}
_HARMLESS: Mapping[ColumnKind, object] = {
    "number": 0.0,
    "integer_category": 0,
    "string_category": "-",
    "boolean": True,
    "date": "2000-01-01",
}
"""Stands for a refused cell while the others of its row are judged."""


def column_names(served: Served) -> list[str]:
    """Names of the columns, in order; none for a plain Keras file."""
    content = served.model.content
    return [column.name for column in content.schema.columns] if content else []


def row_dicts(
    items: Sequence[object], names: Sequence[str], most: int, bad: list[Problem] | None = None
) -> list[Row]:
    """Items of a list, each an object by column name or a list in the order of the columns, as
    dicts.

    An item that is neither, or a list of the wrong length, goes to ``bad`` where that is given, and
    is empty then. Keys that name no column keep no value.

    Raises:
        RequestError: such an item, where ``bad`` is not given; says which row. Or there are too
            many.
    """
    check_count(len(items), most)
    known = frozenset(names)
    rows: list[Row] = []
    for number, item in enumerate(items, 1):
        why = "" if isinstance(item, dict) else _misfit(item, names)
        if why and bad is None:
            raise RequestError(f"row {number}: {why}. Received {shown(item)}")
        if why and bad is not None:
            bad.append(Problem(number, "", shown(item), why))
        rows.append({} if why else _row(item, names, known))
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


def feeds_of(served: Served, rows: Sequence[Row]) -> Feeds:
    """Model inputs of rows.

    Raises:
        RowError: cells break a rule of the schema; names each with row and column.
    """
    try:
        return served.model.feeds(sound(served, rows))
    except RowError as error:
        raise row_error(as_sent(error.problems, rows), "rows") from None


def as_sent(problems: Sequence[Problem], rows: Sequence[Row]) -> list[Problem]:
    """The problems with each value as the request has it: a column of mixed cells is read as
    text.
    """
    return [
        replace(problem, value=show(cell))
        if (cell := rows[problem.row - 1].get(problem.column)) is not None
        else problem
        for problem in problems
    ]


def sound(served: Served, rows: Sequence[Row]) -> Sequence[Row]:
    """The rows, if each cell is of a type that its column can have.

    Raises:
        RowError: one is not. Everything else that is wrong with the rows is said too.
    """
    content = served.model.content
    mended, problems = judged(rows, content) if content else (rows, [])
    if not problems:
        return rows
    try:
        served.model.feeds(mended)
    except RowError as error:
        problems += error.problems
    raise row_error(problems, "rows")


def judged(rows: Sequence[Row], content: Content) -> tuple[list[Row], list[Problem]]:
    """The rows with something harmless for each cell that its column cannot have, and a problem for
    each of those.
    """
    problems: list[Problem] = []
    mended = list(rows)
    for column in content.schema.columns:
        never = _NEVER[column.kind]
        for place, row in enumerate(mended):
            cell = row.get(column.name)
            if _never(cell, never):
                problems.append(Problem(place + 1, column.name, show(cell), _WHY[type(cell)]))
                mended[place] = row | {column.name: _HARMLESS[column.kind]}
    return mended, problems


def check_count(rows: int, most: int) -> None:
    """Refuse more rows than one request may have.

    Raises:
        RequestError: there are more.
    """
    if rows > most:
        raise RequestError(
            f"the request has {rows} rows; one request may have {most}: send them in parts"
        )


def _row(item: object, names: Sequence[str], known: frozenset[str]) -> Row:
    if isinstance(item, dict):
        return {name: _cell(cell) if name in known else None for name, cell in item.items()}
    return {
        name: _cell(cell)
        for name, cell in zip(names, item if isinstance(item, list) else [item], strict=True)
    }


def _cell(cell: object) -> object:
    """A cell; a list of one value is that value, for clients that send tensors of shape (rows,
    1).
    """
    if isinstance(cell, list) and len(cell) == 1:
        cell = cell[0]
    if not isinstance(cell, dict):
        return cell
    try:
        return text_of(cell, "")
    except RequestError:
        return cell  # and so refused, with its row and column


def column_feeds_of(served: Served, given: Mapping[str, object], most: int) -> Feeds:
    """Model inputs of an object of columns, each a list of cells.

    Raises:
        RequestError: a column is not a list, or lists have different lengths.
        RowError: cells break a rule of the schema.
    """
    names = column_names(served)
    columns = _columns(given, names, most)
    kinds = (
        {column.name: column.kind for column in served.model.content.schema.columns}
        if served.model.content
        else {}
    )
    if not any(
        _never(cell, _NEVER[kinds[name]]) for name, cells in columns.items() for cell in cells
    ):
        with suppress(RowError):  # said below, in the words of rows
            return served.model.feeds(columns)
    rows = zip(*columns.values(), strict=True)
    return feeds_of(served, [dict(zip(columns, cells, strict=True)) for cells in rows])


def _never(cell: object, never: tuple[type, ...]) -> bool:
    return isinstance(cell, never) and cell == cell  # noqa: PLR0124 (NaN is a missing cell)


def _columns(
    given: Mapping[str, object], names: Sequence[str], most: int
) -> dict[str, list[object]]:
    columns: dict[str, list[object]] = {}
    for name in names:
        if name in given:
            cells = given[name]
            if not isinstance(cells, list):
                raise RequestError(
                    f"column '{name}' must be a list with one value a row; received {shown(cells)}"
                )
            columns[name] = [_cell(cell) for cell in cells]
    lengths = {name: len(cells) for name, cells in columns.items()}
    if len(set(lengths.values())) > 1:
        raise RequestError(f"columns have different lengths: {lengths}")
    if not columns:
        raise RequestError(f"none of the model's columns is there: {', '.join(names)}")
    rows = next(iter(lengths.values()))
    check_count(rows, most)
    return {name: columns.get(name, [None] * rows) for name in names}
