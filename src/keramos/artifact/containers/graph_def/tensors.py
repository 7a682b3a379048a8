"""Constants of a graph (TensorProto) as arrays.

Source: tensorflow/core/framework/{tensor,types}.proto.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

from keramos.artifact.tensor_bundle.data_types import BFLOAT16, BYTES, NAMES, STRING
from keramos.artifact.tensor_bundle.entries import read_shape
from keramos.errors import CorruptModelError, LimitExceededError, UnsupportedModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.artifact.limits import Limits
    from keramos.artifact.protobuf import Message

    Array = NDArray[np.generic]

WHERE = "a constant of the graph"
_DTYPE, _SHAPE, _CONTENT = 1, 2, 4
_HALF, _FLOAT = 19, 1
_LISTS = {
    _FLOAT: (5, "<f4"),
    2: (6, "<f8"),
    8: (9, "<c8"),
    **dict.fromkeys((3, 4, 5, 6, 17), (7, "")),
    9: (10, ""),
    10: (11, ""),
    _HALF: (13, ""),
    BFLOAT16: (13, ""),
    22: (16, ""),
    23: (17, ""),
}
"""DataType -> the field that lists values, and the type of their bytes; "" for varints."""

TYPE_NAMES = {**NAMES, STRING: "str", 20: "resource", 21: "variant"}
"""DataType -> its name."""


def tensor_array(tensor: Message, limits: Limits) -> Array:
    """The values of a constant; what repeats is not allocated. Half precision is widened.

    Raises:
        CorruptModelError: values and shape contradict each other.
        UnsupportedModelError: it holds neither numbers nor texts.
        LimitExceededError: more values repeat than ``made_values``.
    """
    dtype, shape = tensor.number(_DTYPE), read_shape(tensor, _SHAPE, WHERE)
    values, count = _values(tensor, dtype), prod(shape)
    if len(values) == count:
        return values.reshape(shape)
    if len(values) > count or (count and not len(values) and dtype == STRING):
        raise CorruptModelError(
            f"the constant has {count:,} places", received=f"{len(values):,} values", path=WHERE
        )
    if count > limits.made_values:
        raise LimitExceededError(
            f"the constant repeats one value more than {limits.made_values:,} times, the limit "
            "(made_values)",
            received=f"{count:,}",
            path=WHERE,
        )
    if len(values) <= 1:  # values that repeat at the end are written once; zeros not at all
        return np.broadcast_to(values[0] if len(values) else np.zeros((), values.dtype), shape)
    return np.concatenate([values, np.full(count - len(values), values[-1])]).reshape(shape)


def _values(tensor: Message, dtype: int) -> Array:
    if dtype == STRING:
        return np.array([_text(data) for data in tensor.many(8)], object)
    if dtype not in _LISTS:
        raise UnsupportedModelError(
            "the constant holds neither numbers nor texts",
            received=TYPE_NAMES.get(dtype, f"DataType {dtype}"),
            path=WHERE,
        )
    kind, content = BYTES[dtype], tensor.data(_CONTENT)
    if content:
        if len(content) % kind.itemsize:
            raise CorruptModelError("the constant is cut", path=WHERE)
        return _widened(np.frombuffer(content, kind), dtype)
    field, packed = _LISTS[dtype]
    if packed:
        data = b"".join(tensor.many(field))
        if len(data) % np.dtype(packed).itemsize:
            raise CorruptModelError("the constant is cut", path=WHERE)
        return np.frombuffer(data, packed)
    listed = np.array(tensor.numbers(field), "i8")
    if dtype == _HALF:
        return _widened(listed.astype("u2").view("f2"), dtype)
    return _widened(listed.astype(kind), dtype)


def _widened(values: Array, dtype: int) -> Array:
    if dtype == BFLOAT16:
        return (values.astype("u4") << 16).view("f4")
    return values.astype("f4") if dtype == _HALF else values


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise UnsupportedModelError(
            "a constant of texts is not UTF-8", received=repr(data[:40]), path=WHERE
        ) from None
