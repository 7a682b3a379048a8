"""Rows of different lengths and sparse tensors of TensorFlow, as steps outside ONNX.

Source: tensorflow/core/kernels/{ragged_*,sparse_*}.cc.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from keramos.errors import MismatchError
from keramos.types.attributes import integer, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    Array = NDArray[Any]  # of any dtype, which only a run knows
    Config = Mapping[str, object]
    Function = Callable[..., Array]

_MOST = 1 << 26
"""Values of a result."""


def _made(shape: Sequence[int], fill: object, dtype: np.dtype[Any]) -> Array:
    if any(size < 0 for size in shape) or prod(shape) > _MOST:
        raise MismatchError(
            f"a row would be padded to more than {_MOST:,} values", received=str(tuple(shape))
        )
    return np.full(shape, fill, dtype)


def _lengths(kinds: Sequence[str], parts: Sequence[Array]) -> tuple[int, list[list[int]]]:
    """Number of rows, and for each level how many values each row has."""
    first, found = -1, list[list[int]]()
    for kind, part in zip(kinds, parts, strict=True):
        above = sum(found[-1]) if found else first
        if kind == "FIRST_DIM_SIZE":
            first = int(part.ravel()[0])
        elif kind == "ROW_SPLITS":
            first = len(part) - 1 if not found else first
            found.append(np.diff(part).astype("int64").tolist())
        elif kind == "VALUE_ROWIDS":
            found.append(np.bincount(part.astype("int64"), minlength=max(above, 0)).tolist())
        else:
            raise MismatchError("the kind of rows is not known", received=kind[:80])
    return first, found


def _to_dense(config: Config) -> Function:
    """Rows of different lengths as one tensor, padded or cut."""
    kinds = texts(config["kinds"], "kinds")

    def run(shape: Array, values: Array, default: Array, *parts: Array) -> Array:
        first, levels = _lengths(kinds, parts)
        inner = values.shape[1:]
        sizes = [first, *(max(level, default=0) for level in levels), *inner]
        wanted = shape.ravel().tolist() if shape.ndim else []
        for axis, size in enumerate(wanted[: len(sizes)]):
            sizes[axis] = sizes[axis] if size < 0 else size
        found = _made(sizes, 0 if values.dtype.kind != "O" else "", values.dtype)
        found[...] = default
        _put(found, values, levels, len(levels))
        return found

    return run


def _put(found: Array, values: Array, levels: list[list[int]], depth: int) -> None:
    """Values at their places; those outside are left out."""
    places = np.zeros((len(levels[0]) if levels else 0, 1), "int64")
    places[:, 0] = np.arange(len(places))
    for level in levels:
        counts = np.array(level[: len(places)], "int64")
        rows = np.repeat(places[: len(counts)], counts, axis=0)
        starts = np.repeat(np.cumsum(counts) - counts, counts)
        places = np.concatenate([rows, (np.arange(len(rows)) - starts)[:, None]], axis=1)
    inside = (places < np.array(found.shape[: depth + 1])).all(axis=1)
    cut = tuple(slice(0, size) for size in found.shape[depth + 1 :])
    found[tuple(places[inside].T)] = values[: len(places)][inside][(slice(None), *cut)]


def _range(config: Config) -> Function:
    """Numbers from starts to limits in a row, or where those of each end."""

    def run(starts: Array, limits: Array, deltas: Array) -> Array:
        rows = np.broadcast_arrays(starts, limits, deltas)
        listed = [one.ravel().tolist() for one in rows]
        parts = [np.arange(*bounds) for bounds in zip(*listed, strict=True)]
        if sum(map(len, parts)) > _MOST:
            raise MismatchError(f"ranges have more than {_MOST:,} values")
        if config["part"] == "ends":
            return np.cumsum([0, *map(len, parts)]).astype("int64")
        return np.concatenate([np.empty(0), *parts]).astype(starts.dtype)

    return run


def _counted(config: Config) -> Function:
    """How often each number is in each row of ragged ones."""

    def run(ends: Array, values: Array, size: Array, weights: Array) -> Array:
        rows = np.repeat(np.arange(len(ends) - 1), np.diff(ends).astype("int64"))
        dtype = weights.dtype
        found = _made([len(ends) - 1, int(size.ravel()[0])], 0, dtype)
        numbers = values.astype("int64")
        inside = (numbers >= 0) & (numbers < found.shape[1])
        added = weights[inside] if weights.size else np.ones(int(inside.sum()), dtype)
        np.add.at(found, (rows[inside], numbers[inside]), added)
        return (found > 0).astype(dtype) if config["once"] else found

    return run


def _sparse_to_dense(_: Config) -> Function:
    def run(places: Array, shape: Array, values: Array, default: Array) -> Array:
        sizes = shape.ravel().tolist()
        found = _made(sizes, 0 if values.dtype.kind != "O" else "", values.dtype)
        found[...] = default
        listed = places.reshape(-1, len(sizes)) if places.size else places.reshape(0, len(sizes))
        if (listed < 0).any() or (listed >= np.array(sizes)).any():
            raise MismatchError("a value of a sparse tensor is outside of its shape")
        found[tuple(listed.astype("int64").T)] = values
        return found

    return run


def _filled(config: Config) -> Function:
    """A sparse tensor with a value in each row that has none: a part of it."""

    def run(places: Array, values: Array, shape: Array, default: Array) -> Array:
        count = int(shape.ravel()[0])
        _made([count], 0, np.dtype("?"))
        empty = np.setdiff1d(np.arange(count), places[:, 0])
        if config["part"] == "empty":
            return np.isin(np.arange(count), empty)
        added = np.zeros((len(empty), places.shape[1]), "int64")
        added[:, 0] = empty
        whole = np.concatenate([places, added])
        order = np.argsort(whole[:, 0], kind="stable")
        if config["part"] == "values":
            return np.concatenate([values, np.full(len(empty), default, values.dtype)])[order]
        if config["part"] == "places":
            return whole[order]
        return np.argsort(order)[: len(places)].astype("int64")

    return run


def _reshaped(config: Config) -> Function:
    """A sparse tensor of another shape: its places, or the shape."""

    def run(places: Array, shape: Array, wanted: Array) -> Array:
        old, new = shape.ravel().tolist(), wanted.ravel().tolist()
        rest = prod(size for size in new if size != -1)
        sizes = [prod(old) // max(rest, 1) if size == -1 else size for size in new]
        if prod(sizes) != prod(old):
            raise MismatchError("a sparse tensor does not have this shape", received=str(new))
        if config["part"] == "shape":
            return np.array(sizes, "int64")
        flat = np.ravel_multi_index(tuple(places.astype("int64").T), old)
        return np.stack(np.unravel_index(flat, sizes), axis=1).astype("int64").reshape(-1, len(new))

    return run


def _unique(config: Config) -> Function:
    """Values without those that were there before, where each is among them, or how often."""
    part, dtype = config["part"], config["dtype"]

    def run(x: Array, *_: Array) -> Array:
        numbers: dict[object, int] = {}
        found = [numbers.setdefault(one, len(numbers)) for one in x.ravel().tolist()]
        if part == "values":
            return np.array(list(numbers), x.dtype)
        counted = np.bincount(found, minlength=len(numbers)) if part == "counts" else found
        return np.array(counted, str(dtype))

    return run


_SEGMENTS: Mapping[str, Callable[[Array], Array]] = {
    "Max": lambda rows: rows.max(axis=0),
    "Mean": lambda rows: rows.mean(axis=0),
    "Min": lambda rows: rows.min(axis=0),
    "Prod": lambda rows: rows.prod(axis=0),
    "SqrtN": lambda rows: rows.sum(axis=0) / np.sqrt(len(rows)),
    "Sum": lambda rows: rows.sum(axis=0),
}


def _segments(config: Config) -> Function:
    """One value for the rows of each segment."""
    reduce, gathers = _SEGMENTS[str(config["how"])], bool(config["gathers"])
    empty = integer(config["empty"], "empty")

    def run(x: Array, *more: Array) -> Array:
        if gathers:
            x, more = x[more[0].astype("int64")], more[1:]
        ids = more[0].astype("int64")
        count = int(more[1].ravel()[0]) if len(more) > 1 else int(ids.max(initial=-1)) + 1
        fill = _least(x.dtype, empty) if empty else int(config["how"] == "Prod")
        found = _made([count, *x.shape[ids.ndim :]], fill, x.dtype)
        rows, flat = x.reshape(-1, *x.shape[ids.ndim :]), ids.ravel()
        for number in np.unique(flat[flat >= 0]).tolist():
            if number >= count:
                raise MismatchError("a segment is outside of their number", received=str(number))
            found[number] = reduce(rows[flat == number])
        return found

    return run


def _least(dtype: np.dtype[Any], sign: int) -> object:
    """The number below (or above) all others of a dtype."""
    info = np.finfo(dtype) if dtype.kind == "f" else np.iinfo(dtype)
    return info.min if sign < 0 else info.max


STEPS: Mapping[str, Callable[[Config], Function]] = {
    "ragged_count": _counted,
    "ragged_range": _range,
    "ragged_to_dense": _to_dense,
    "segments": _segments,
    "sparse_fill": _filled,
    "sparse_reshape": _reshaped,
    "sparse_to_dense": _sparse_to_dense,
    "unique": _unique,
}
"""Kind of a step -> what makes its function from its config."""
