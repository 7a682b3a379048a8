"""Tensors of the Open Inference Protocol's gRPC <-> arrays (``open_inference_grpc.proto``:
contents, raw contents).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keramos.errors import RequestError
from keramos.serving.codecs.number_fields import number_array
from keramos.serving.codecs.shapes import value_count
from keramos.serving.core.limits import MAX_AXES, MAX_VALUES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.serving.core.protobuf import Message


class _Kind(NamedTuple):
    """One data type: its name, the field of its values (none: raw only), and its number in Triton's
    config.
    """

    name: str
    values: str
    number: int


KINDS = {
    "bool": _Kind("BOOL", "bool_contents", 1),
    "uint8": _Kind("UINT8", "uint_contents", 2),
    "uint16": _Kind("UINT16", "uint_contents", 3),
    "uint32": _Kind("UINT32", "uint_contents", 4),
    "uint64": _Kind("UINT64", "uint64_contents", 5),
    "int8": _Kind("INT8", "int_contents", 6),
    "int16": _Kind("INT16", "int_contents", 7),
    "int32": _Kind("INT32", "int_contents", 8),
    "int64": _Kind("INT64", "int64_contents", 9),
    "float16": _Kind("FP16", "", 10),
    "float32": _Kind("FP32", "fp32_contents", 11),
    "float64": _Kind("FP64", "fp64_contents", 12),
    "str": _Kind("BYTES", "bytes_contents", 13),
}
"""numpy dtype name -> the protocol's."""

DTYPES = {kind.name: dtype for dtype, kind in KINDS.items()}
"""The protocol's data type -> numpy dtype name."""

_LITTLE = {dtype: np.dtype(dtype).newbyteorder("<") for dtype in KINDS if dtype != "str"}
_NAMES = {np.dtype(dtype): dtype for dtype in KINDS if dtype != "str"}
"""numpy dtype -> its name, which numpy takes long to make."""

_LENGTH = struct.Struct("<I")


def from_input(tensor: Message, raw: bytes | None) -> NDArray[np.generic]:
    """The array of an input: of its contents, or of its raw bytes, little-endian. Texts are objects
    of bytes.

    Raises:
        RequestError: the data type is none, or shape and values do not fit together.
    """
    name, dtype = tensor.name, DTYPES.get(tensor.datatype)
    if dtype is None:
        raise RequestError(
            f"the data type of input '{name}' must be one of {', '.join(DTYPES)}",
            received=repr(tensor.datatype[:20]),
        )
    shape = list(tensor.shape[: MAX_AXES + 1])
    size = value_count(name, shape)
    if raw is None:
        values = _contents(name, tensor.contents, dtype)
    else:
        values = from_raw(name, raw, dtype, size)
    if size != len(values):
        raise RequestError(
            f"input '{name}' has shape {shape}, which is {size} values", received=f"{len(values)}"
        )
    return values.reshape(shape)


def _contents(name: str, contents: Message, dtype: str) -> NDArray[np.generic]:
    field = KINDS[dtype].values
    if not field:
        raise RequestError(
            f"input '{name}' is {KINDS[dtype].name}, which travels in raw_input_contents only"
        )
    values = getattr(contents, field)
    other = [
        kind.values
        for kind in KINDS.values()
        if kind.values not in {"", field} and getattr(contents, kind.values)
    ]
    if other:
        raise RequestError(
            f"input '{name}' is {KINDS[dtype].name}, whose values go to {field}", received=other[0]
        )
    if dtype == "str":
        return _objects(list(values))
    wide = number_array(
        values, np.uint64 if dtype == "uint64" else np.int64 if "int" in dtype else dtype
    )
    array = wide.astype(dtype)
    if not np.array_equal(array, wide, equal_nan=dtype.startswith("float")):
        raise RequestError(f"input '{name}' is {KINDS[dtype].name}, and holds values beyond it")
    return array


def from_raw(name: str, raw: bytes, dtype: str, most: int = MAX_VALUES) -> NDArray[np.generic]:
    """The flat array of an input's raw bytes, little-endian; texts are objects of bytes.

    Raises:
        RequestError: the bytes are not whole values, or hold more than ``most`` texts.
    """
    if dtype == "str":
        return _objects(_texts(name, raw, most))
    kind = _LITTLE[dtype]
    if len(raw) % kind.itemsize:
        raise RequestError(
            f"the raw bytes of input '{name}' are not whole {KINDS[dtype].name} values",
            received=f"{len(raw)} bytes",
        )
    if dtype == "bool":
        return np.frombuffer(raw, np.uint8).astype(bool)
    return np.frombuffer(raw, kind)


def _texts(name: str, raw: bytes, most: int) -> list[bytes]:
    """Elements of BYTES: each its length in 4 bytes, little-endian, then so many bytes."""
    texts: list[bytes] = []
    at = 0
    while at < len(raw):
        if len(texts) == most:
            raise RequestError(f"input '{name}': its raw BYTES are more than {most} texts")
        begin = at + _LENGTH.size
        if begin > len(raw) or begin + _LENGTH.unpack_from(raw, at)[0] > len(raw):
            raise RequestError(f"input '{name}': its raw BYTES are cut at byte {at} of {len(raw)}")
        at = begin + _LENGTH.unpack_from(raw, at)[0]
        texts.append(raw[begin:at])
    return texts


def _objects(cells: list[bytes]) -> NDArray[np.generic]:
    array = np.empty(len(cells), object)
    array[:] = cells
    return array


def fill_output(tensor: Message, array: NDArray[np.generic], *, raw: bool) -> bytes:
    """Describe an array in an output tensor, with its values as contents; or give them as raw
    bytes.
    """
    dtype = dtype_of(array)
    kind = KINDS[dtype]
    tensor.datatype = kind.name
    tensor.shape.extend(array.shape)
    if raw or not kind.values:
        return to_raw(array)
    flat = array.reshape(-1)
    values = _octets(flat) if dtype == "str" else flat.tolist()
    getattr(tensor.contents, kind.values).extend(values)
    return b""


def dtype_of(array: NDArray[np.generic]) -> str:
    """The key of ``KINDS`` for an output."""
    return "str" if array.dtype.kind in "OUS" else _NAMES[array.dtype]


def to_raw(array: NDArray[np.generic]) -> bytes:
    """An array's raw bytes."""
    if array.dtype.kind in "OUS":
        return b"".join(_LENGTH.pack(len(cell)) + cell for cell in _octets(array.reshape(-1)))
    return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()


def _octets(flat: NDArray[np.generic]) -> list[bytes]:
    return [cell if isinstance(cell, bytes) else str(cell).encode() for cell in flat.tolist()]
