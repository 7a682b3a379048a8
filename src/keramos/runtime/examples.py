"""Rows as serialised ``tf.train.Example``, read as data, within bounds.

Source: tensorflow/core/example/{example,feature}.proto and util/example_proto_fast_parsing.cc.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

from keramos.artifact.protobuf import Budget, Message
from keramos.errors import CorruptModelError, MismatchError
from keramos.runtime.strings import words
from keramos.types.attributes import integers, items, text
from keramos.types.limits import LIMITS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.generic]
    Config = Mapping[str, object]
    Function = Callable[..., Array]
    Values = list[str] | list[float] | list[int]

_KINDS = {"str": 1, "float32": 2, "int64": 3}
"""dtype -> the field of a Feature that holds a list of it."""

_NAMES = {number: name for name, number in _KINDS.items()}
_FEATURES, _MAP, _KEY, _VALUE = 1, 1, 1, 2


def _rows(array: Array) -> list[Message]:
    """The features of each example.

    Raises:
        MismatchError: a row is no example.
    """
    budget = Budget(LIMITS, "an example")
    try:
        return [Message(_bytes(one), budget).message(_FEATURES) for one in array.ravel().tolist()]
    except CorruptModelError as error:
        raise MismatchError(
            "the model takes rows as serialised tf.train.Example",
            received=error.what,
            remedy="Give their bytes; in JSON {'b64': '...'}",
        ) from None


def _bytes(one: object) -> bytes:
    return one if isinstance(one, bytes) else str(one).encode(errors="surrogateescape")


def _values(row: Message, key: str, dtype: str) -> Values | None:
    """The values of a feature of one row; None where it has none.

    Raises:
        MismatchError: they are of another type.
    """
    found = [one.message(_VALUE) for one in row.messages(_MAP) if one.text(_KEY) == key]
    kinds = [number for number in _NAMES if found and found[-1].has(number)]
    if not kinds:
        return None
    if kinds != [_KINDS[dtype]]:
        raise MismatchError(
            f"the feature is not a list of {dtype}",
            column=key,
            received=", ".join(_NAMES[number] for number in kinds),
        )
    return _READ[dtype](found[-1].message(kinds[0]))


_READ: Mapping[str, Callable[[Message], Values]] = {
    "str": lambda part: [one.decode("utf-8", "replace") for one in part.many(1)],
    "float32": lambda part: np.frombuffer(b"".join(part.many(1)), "<f4").tolist(),
    "int64": lambda part: part.numbers(1),
}


def _array(found: list[object], dtype: str, shape: list[int]) -> Array:
    return (
        words([str(one) for one in found], shape)
        if dtype == "str"
        else np.array(found, dtype).reshape(shape)
    )


def _dense(config: Config) -> Function:
    """A feature of a fixed shape; -1 in front is as long as the longest row, padded."""
    key, dtype = text(config["key"], "key"), text(config["dtype"], "dtype")
    shape, default = integers(config["shape"], "shape"), items(config["default"], "default")
    free = bool(shape) and shape[0] < 0
    size = prod(shape[1:] if free else shape)

    def of(row: Message) -> list[object]:
        found = _values(row, key, dtype)
        if found is None:
            if not default and size and not free:
                raise MismatchError("the feature is required and missing", column=key)
            return [] if free else list(default) * (size if len(default) == 1 else 1)
        if (len(found) % max(size, 1)) if free else len(found) != size:
            raise MismatchError(
                f"the feature needs {size} values", column=key, received=str(len(found))
            )
        return list(found)

    def run(given: Array) -> Array:
        rows = [of(row) for row in _rows(given)]
        sizes = shape
        if free:
            longest = max(map(len, rows), default=0)
            fill = default[0] if default else ("" if dtype == "str" else 0)
            rows = [[*row, *[fill] * (longest - len(row))] for row in rows]
            sizes = [longest // max(size, 1), *shape[1:]]
        return _array([one for row in rows for one in row], dtype, [*given.shape, *sizes])

    return run


def _sparse(config: Config) -> Function:
    """A feature of any length: its values, their places, or the shape of them all."""
    key, dtype, part = (text(config[name], name) for name in ("key", "dtype", "part"))

    def run(given: Array) -> Array:
        rows = [_values(row, key, dtype) or [] for row in _rows(given)]
        if part == "values":
            every: list[object] = [one for row in rows for one in row]
            return _array(every, dtype, [len(every)])
        if part == "ends":
            return np.cumsum([0, *map(len, rows)]).astype(text(config["splits"], "splits"))
        longest = max(map(len, rows), default=0)
        if part == "shape":
            return np.array([*given.shape, longest], "int64")
        places = [
            (*([i] if given.ndim else []), j) for i, row in enumerate(rows) for j in range(len(row))
        ]
        return np.array(places, "int64").reshape(-1, given.ndim + 1)

    return run


STEPS: Mapping[str, Callable[[Config], Function]] = {
    "example_dense": _dense,
    "example_sparse": _sparse,
}
"""Kind of a step -> what makes its function from its config."""
