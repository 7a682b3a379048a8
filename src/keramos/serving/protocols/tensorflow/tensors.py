"""TensorProto <-> arrays (``tensorflow/core/framework/tensor.proto`` and ``types.proto``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keramos.errors import RequestError
from keramos.serving.codecs.number_fields import number_array
from keramos.serving.codecs.shapes import value_count
from keramos.serving.core.limits import MAX_AXES, MAX_VALUES
from keramos.serving.protocols.tensorflow.messages import M

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.serving.codecs.slots import Slot
    from keramos.serving.core.protobuf import Message


class _Kind(NamedTuple):
    """One data type: its number and name in TensorFlow, and the field of its values."""

    number: int
    name: str
    values: str


KINDS = {
    "float32": _Kind(1, "DT_FLOAT", "float_val"),
    "float64": _Kind(2, "DT_DOUBLE", "double_val"),
    "int32": _Kind(3, "DT_INT32", "int_val"),
    "uint8": _Kind(4, "DT_UINT8", "int_val"),
    "int16": _Kind(5, "DT_INT16", "int_val"),
    "int8": _Kind(6, "DT_INT8", "int_val"),
    "str": _Kind(7, "DT_STRING", "string_val"),
    "int64": _Kind(9, "DT_INT64", "int64_val"),
    "bool": _Kind(10, "DT_BOOL", "bool_val"),
    "uint16": _Kind(17, "DT_UINT16", "int_val"),
    "float16": _Kind(19, "DT_HALF", "half_val"),
    "uint32": _Kind(22, "DT_UINT32", "uint32_val"),
    "uint64": _Kind(23, "DT_UINT64", "uint64_val"),
}
"""numpy dtype name -> TensorFlow's."""

_DTYPES = {kind.number: dtype for dtype, kind in KINDS.items()}
_FIELDS = dict.fromkeys(kind.values for kind in KINDS.values())
_WIDER = {"int_val", "half_val"}
"""Fields of int32, which values of narrower types share."""

_BITS = {"float16": "uint16"}
"""numpy dtypes whose bits travel as numbers -> those numbers."""

_LITTLE = {dtype: np.dtype(dtype).newbyteorder("<") for dtype in KINDS if dtype != "str"}
_NAMES = {np.dtype(dtype): dtype for dtype in KINDS if dtype != "str"}
"""numpy dtype -> its name, which numpy takes long to make."""


def from_tensor(name: str, tensor: Message, most: int = MAX_VALUES) -> NDArray[np.generic]:
    """An array from a TensorProto: its bytes, or its values, one of which stands for all where it
    is alone.

    Strings are bytes in an array of objects.

    Raises:
        RequestError: its type is not one of ``KINDS``, it has more than ``most`` values, or shape
            and values do not fit together.
    """
    dtype = _DTYPES.get(tensor.dtype)
    if dtype is None:
        known = ", ".join(kind.name for kind in KINDS.values())
        raise RequestError(
            f"the data type of input '{name}' must be one of {known}", received=str(tensor.dtype)
        )
    if tensor.tensor_shape.unknown_rank:
        raise RequestError(f"input '{name}' has an unknown rank", remedy="Give all sizes")
    shape = [dim.size for dim in tensor.tensor_shape.dim[: MAX_AXES + 1]]
    size = value_count(name, shape, most)
    values = (
        _content(name, tensor, dtype) if tensor.tensor_content else _values(name, tensor, dtype)
    )
    if len(values) == 1 and size > 1 and not tensor.tensor_content:
        return np.full(shape, values[0], values.dtype)
    if len(values) != size:
        raise RequestError(
            f"input '{name}' has shape {shape}, which is {size} values", received=f"{len(values)}"
        )
    return values.reshape(shape)


def _check_alone(name: str, tensor: Message, field: str) -> None:
    """Refuse values in another field than the one that is read: which are meant is not clear."""
    other = next(
        (one.name for one, _ in tensor.ListFields() if one.name in _FIELDS and one.name != field),
        None,
    )
    if other is not None:
        raise RequestError(
            f"the values of input '{name}' are read from {field}, and there are others",
            received=other,
            remedy=f"Give {field} alone",
        )


def _content(name: str, tensor: Message, dtype: str) -> NDArray[np.generic]:
    data = tensor.tensor_content
    if dtype == "str":
        raise RequestError(f"input '{name}' holds text in tensor_content; text goes to string_val")
    _check_alone(name, tensor, "tensor_content")
    kind = _LITTLE[dtype]
    if len(data) % kind.itemsize:
        raise RequestError(
            f"the tensor_content of input '{name}' does not hold whole {dtype} values",
            received=f"{len(data)} bytes",
        )
    return np.frombuffer(data, kind)


def _values(name: str, tensor: Message, dtype: str) -> NDArray[np.generic]:
    kind = KINDS[dtype]
    _check_alone(name, tensor, kind.values)
    values = getattr(tensor, kind.values)
    if dtype == "str":
        return np.array([*values, None], object)[:-1]
    stored = np.dtype(_BITS.get(dtype, dtype))
    wide = number_array(values, np.int64 if kind.values in _WIDER else stored)
    array = wide.astype(stored)
    if stored.kind in "iu" and not np.array_equal(array, wide):
        raise RequestError(f"input '{name}' is {kind.name}, and holds values beyond it")
    return array.view(dtype)


def to_tensor(array: NDArray[np.generic], tensor: Message) -> None:
    """Fill a TensorProto with the values of an array; fields of values, which every client
    reads.
    """
    dtype = "str" if array.dtype.kind in "OUS" else _NAMES[array.dtype]
    kind = KINDS[dtype]
    tensor.dtype = kind.number
    for length in array.shape:
        tensor.tensor_shape.dim.add(size=length)
    getattr(tensor, kind.values).extend(_listed(array.reshape(-1), dtype))


def _listed(flat: NDArray[np.generic], dtype: str) -> list[object]:
    if dtype == "str":
        return [cell if isinstance(cell, bytes) else str(cell).encode() for cell in flat.tolist()]
    values: list[object] = (flat.view(np.uint16) if dtype == "float16" else flat).tolist()
    return values


def info(slot: Slot, name: str) -> Message:
    """A TensorInfo; free sizes are -1."""
    shape = M["TensorShapeProto"](dim=[M["Dim"](size=size) for size in slot.shape])
    return M["TensorInfo"](name=name, dtype=KINDS[slot.dtype].number, tensor_shape=shape)
