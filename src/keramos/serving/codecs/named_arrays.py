"""Named arrays, as gRPC and the Open Inference Protocol carry them -> model inputs.

A keramos file takes one array a column; where all columns are numbers it takes one matrix as well.
A plain Keras file takes its inputs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.errors import RequestError
from keramos.serving.codecs.row_cells import check_count
from keramos.serving.codecs.row_pieces import feeds_by_piece, reserve_pictures
from keramos.tabular.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from keramos.inference.model import Model
    from keramos.types.prediction import Feeds

Arrays = dict[str, "NDArray[np.generic]"]

_FEW_ROWS = 64  # up to here rows are quicker than columns
_SHOWN = 20


def platform(model: Model) -> str:
    """The model's kind in the Open Inference Protocol's form ``<project>_<format>``."""
    info = model.artifact.info
    return f"keras_{info.suffix.removeprefix('.') or info.container}"


def as_feeds(model: Model, arrays: Arrays, max_rows: int) -> Feeds:
    """Model inputs from arrays by name, all with the same number of rows.

    Raises:
        RequestError: names, dtypes or shapes are not the model's, or there are too many rows.
        RowError: cells break a rule of the schema; names each with row and column.
        MismatchError: arrays do not fit the model's inputs.
    """
    check_count(max((len(array) for array in arrays.values() if array.ndim), default=0), max_rows)
    content = model.content
    if content is None:
        return _as_tensors(model, arrays)
    if content.preparation.matrix and set(arrays) == {model.inputs[0].name}:
        return _as_tensors(model, arrays)
    names = [column.name for column in content.schema.columns]
    _check_names(arrays, names)
    shapes = {one.column: KINDS[one.kind].tensor_shape(one) for one in content.preparation.inputs}
    rows = {name: _rows(name, arrays[name], shapes[name]) for name in names}
    if len(set(rows.values())) > 1:
        raise RequestError(f"inputs have different numbers of rows: {_few(rows)}")
    count = rows[names[0]]
    octets = octet_columns(model)
    if count > _FEW_ROWS:
        flat = {
            name: arrays[name].reshape(count, *arrays[name].shape[1:] if shapes[name] else ())
            for name in names
        }

        def piece(begin: int, end: int) -> object:
            return {
                name: _column(name, array[begin:end], octets=name in octets)
                for name, array in flat.items()
            }

        return feeds_by_piece(model, count, piece)
    reserve_pictures(model, count)
    columns = [_cells(name, arrays[name], octets=name in octets) for name in names]
    return model.feeds([dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)])


def output_names(model: Model, wanted: Sequence[str]) -> Sequence[str]:
    """The outputs that a request asks for, all where it names none.

    Raises:
        RequestError: there is no such output, or one is asked for twice.
    """
    names = [spec.name for spec in model.outputs]
    for name in wanted:
        if name not in names:
            raise RequestError(f"the model has no output '{name}'; it has {_listed(names)}")
    if len(set(wanted)) < len(wanted):
        raise RequestError(f"an output is asked for twice: {_listed(wanted)}")
    return wanted or names


def _as_tensors(model: Model, arrays: Arrays) -> Feeds:
    names = [spec.name for spec in model.inputs]
    _check_names(arrays, names)
    if model.content is not None:
        arrays = {name: _with_nan(array) for name, array in arrays.items()}
    for spec in model.inputs:
        _check_dtype(spec.name, arrays[spec.name], spec.dtype)
    return model.feeds({name: arrays[name] for name in names})


def _with_nan(array: NDArray[np.generic]) -> NDArray[np.generic]:
    """Numbers with nulls as floats with NaN, for which the schema has a rule."""
    if array.dtype != object or not all(_is_number(cell) for cell in array.flat):
        return array
    return array.astype(float)


def _is_number(cell: object) -> bool:
    return cell is None or (isinstance(cell, (int, float)) and not isinstance(cell, bool))


def _check_names(arrays: Arrays, names: Sequence[str]) -> None:
    known = set(names)
    unknown = [name for name in arrays if name not in known]
    absent = [name for name in names if name not in arrays]
    if unknown or absent:
        parts = [f"unknown: {_listed(unknown)}"] * bool(unknown) + [
            f"absent: {_listed(absent)}"
        ] * bool(absent)
        raise RequestError(
            f"inputs do not fit the model; {'; '.join(parts)}. It takes {_listed(names)}"
        )


def _check_dtype(name: str, array: NDArray[np.generic], wanted: str) -> None:
    """Refuse what a cast would change: text for numbers, fractions for whole numbers, numbers out
    of range.
    """
    if wanted != "str" and array.dtype == np.dtype(wanted):
        return
    if array.dtype == object and None in array:
        raise RequestError(
            f"input '{name}' holds a null, and the model has no rule for missing values"
        )
    if (array.dtype == object) != (wanted == "str"):
        given = "text" if array.dtype == object else str(array.dtype)
        raise RequestError(
            f"input '{name}' takes {'text' if wanted == 'str' else wanted}, received {given}"
        )
    if wanted == "str" or np.can_cast(array.dtype, wanted):
        return
    if np.dtype(wanted).kind == "f":
        return
    if array.dtype.kind == "f" or not np.array_equal(array, array.astype(wanted)):
        raise RequestError(
            f"input '{name}' takes {wanted}; received {array.dtype} with values it cannot hold"
        )


def _rows(name: str, array: NDArray[np.generic], cell: tuple[int, ...]) -> int:
    """Rows of a column: its shape is (rows,) or (rows, 1), or (rows, *cell) where a cell is an
    array.
    """
    if cell:
        return _arrays(name, array, cell)
    if array.ndim == 0 or array.size != len(array):
        raise RequestError(
            f"column '{name}' takes shape [rows, 1] or [rows]", received=list(array.shape)
        )
    return len(array)


def _arrays(name: str, array: NDArray[np.generic], cell: tuple[int, ...]) -> int:
    """Rows of a column whose cells are arrays; a last size of 1 may be left out."""
    given = array.shape[1:]
    alone = cell[-1] == 1 and len(given) == len(cell) - 1
    fits = len(given) == len(cell) and all(
        size in (-1, own) for size, own in zip(cell, given, strict=True)
    )
    if not array.ndim or not (alone or fits):
        listed = ", ".join("any" if size < 0 else str(size) for size in cell)
        raise RequestError(
            f"column '{name}' takes shape [rows, {listed}]", received=list(array.shape)
        )
    return len(array)


def _cells(name: str, array: NDArray[np.generic], *, octets: bool) -> list[object]:
    """A column as Python values; bytes are UTF-8, but where a cell may hold any ``octets``."""
    if array.ndim > 1 and array.size != len(array):  # cells that are arrays
        return list(array)
    cells: list[object] = array.reshape(-1).tolist()
    if array.dtype != object:
        return cells
    try:
        return [cell.decode() if isinstance(cell, bytes) else cell for cell in cells]
    except UnicodeDecodeError as error:
        if octets:
            return [text_if_it_is(cell) if isinstance(cell, bytes) else cell for cell in cells]
        raise RequestError(f"column '{name}' holds text that is not UTF-8: {error}") from None


def octet_columns(model: Model) -> frozenset[str]:
    """Columns whose cells may be bytes that are no text, such as pictures."""
    inputs = model.content.preparation.inputs if model.content else ()
    return frozenset(one.column for one in inputs if KINDS[one.kind].takes_bytes)


def text_if_it_is(cell: bytes) -> object:
    """Text, which may be base64, or bytes that are none."""
    try:
        return cell.decode()
    except UnicodeDecodeError:
        return cell


def _column(name: str, array: NDArray[np.generic], *, octets: bool) -> NDArray[np.generic]:
    if array.dtype != object or array.ndim > 1:
        return array
    return np.array(_cells(name, array, octets=octets), object)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(f"'{name}'" for name in names[:_SHOWN]) + more


def _few(rows: Mapping[str, int]) -> str:
    return ", ".join(f"'{name}' {count}" for name, count in list(rows.items())[:_SHOWN])
