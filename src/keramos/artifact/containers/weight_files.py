"""Files of weights alone, by names: NumPy's ``.npz`` and safetensors.

Source: numpy.lib.format (versions 1 to 3) and the safetensors format description. NumPy itself is
not asked: it would run pickles in arrays of objects.
"""

from __future__ import annotations

import ast
import re
from math import prod
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keramos.artifact.containers.archive import Archive
from keramos.artifact.containers.container import Container, LeafGroups
from keramos.artifact.containers.weights_by_role import leaves_by_role
from keramos.artifact.strict_json import parse_json
from keramos.errors import (
    CorruptModelError,
    ForeignCodeError,
    LimitExceededError,
    UnsupportedModelError,
)
from keramos.types.stored import StoredTensor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from keramos.artifact.limits import Limits
    from keramos.artifact.sources import ModelSource

_NPY = b"\x93NUMPY"
_HEADER_BYTES = 1 << 16
_KEYS = {"descr", "fortran_order", "shape"}
_NOT_A_HEADER = (ValueError, KeyError, TypeError, AttributeError, UnicodeError)
_CODE = re.compile(r"[<>|=]?(f[248]|[iu][1248]|b1|\?)")
_TENSORS = {
    "BOOL": "?",
    "BF16": "<u2",
    "F16": "<f2",
    "F32": "<f4",
    "F64": "<f8",
    "I8": "i1",
    "I16": "<i2",
    "I32": "<i4",
    "I64": "<i8",
    "U8": "u1",
    "U16": "<u2",
    "U32": "<u4",
    "U64": "<u8",
}
_LENGTH = 8
_MOST_AXES = 32


class _Array(NamedTuple):
    """One array: its dtype by NumPy's code, its shape, its bytes."""

    dtype: str
    shape: tuple[int, ...]
    data: memoryview
    fortran: bool = False
    bfloat16: bool = False

    def values(self) -> NDArray[np.generic]:
        """The array."""
        if self.bfloat16:
            wide = np.frombuffer(self.data, "<u2").astype("<u4") << 16
            return wide.view("<f4").reshape(self.shape)
        flat = np.frombuffer(self.data, self.dtype)
        return flat.reshape(self.shape, order="F" if self.fortran else "C")


class NamedWeights:
    """A ``WeightStore`` of arrays by name."""

    def __init__(self, arrays: Mapping[str, _Array]) -> None:
        """``arrays`` are in the order of the file."""
        self._arrays = arrays

    def groups(self) -> LeafGroups:
        """The weights of each layer, with which their names begin."""
        return LeafGroups(lambda network: leaves_by_role(network, list(self._arrays)))

    def unlisted(self) -> str | None:
        """Nothing: weights of no layer are refused where layers look for theirs."""
        return None

    def paths(self) -> list[str]:
        """The names of all arrays."""
        return list(self._arrays)

    def shape(self, path: str) -> tuple[int, ...]:
        """The shape of an array."""
        return self._arrays[path].shape

    def array(self, path: str) -> NDArray[np.generic]:
        """The values of an array."""
        return self._arrays[path].values()

    def owner(self, path: str) -> object:  # noqa: ARG002 (the protocol)
        """Nothing: names alone say whose a weight is."""
        return None

    def recorded(self, name: str) -> str:  # noqa: ARG002 (the protocol)
        """Nothing: such files do not say who wrote them."""
        return ""


def open_npz(source: ModelSource, limits: Limits) -> Container:
    """Open a ``.npz`` archive of arrays.

    Raises:
        ModelError: it is damaged, exceeds a limit, or holds arrays of Python objects.
    """
    archive = Archive(source.main, source.path, limits)
    archive.check_ratio(limits.weight_ratio)
    found = {}
    for name in archive.names():
        data = archive.read(name, limits.weight_bytes, limits.weight_ratio) or b""
        found[name.removesuffix(".npy")] = _npy(data, name, source.path)
    return _container(found)


def _npy(data: bytes, name: str, file: str) -> _Array:
    wide = data[6:7] != b"\x01"
    length = int.from_bytes(data[8 : 12 if wide else 10], "little")
    start = 12 if wide else 10
    if not data.startswith(_NPY) or length > min(_HEADER_BYTES, len(data) - start):
        raise CorruptModelError("the entry is not an array of NumPy", file=file, path=name)
    try:
        header = ast.literal_eval(data[start : start + length].decode("utf-8").strip())
        dtype, order, shape = header["descr"], header["fortran_order"], header["shape"]
        known = header.keys() == _KEYS and type(order) is bool
    except (*_NOT_A_HEADER, SyntaxError, MemoryError, RecursionError):
        known = False
    if not known:
        raise CorruptModelError("the header of the array is damaged", file=file, path=name)
    if isinstance(dtype, str) and dtype.lstrip("|<>=").startswith("O"):
        raise ForeignCodeError(
            "the array holds Python objects, which NumPy keeps as a pickle. It was not read",
            file=file,
            path=name,
            remedy="Save arrays of numbers",
        )
    if not isinstance(dtype, str) or _CODE.fullmatch(dtype) is None:
        raise UnsupportedModelError(
            "the array does not hold numbers", received=repr(dtype)[:80], file=file, path=name
        )
    return _checked(dtype, shape, memoryview(data)[start + length :], (name, file), order)


def _checked(
    dtype: str,
    shape: object,
    data: memoryview,
    where: tuple[str, str],
    fortran: bool = False,  # noqa: FBT001, FBT002
) -> _Array:
    """An array whose bytes are those that its shape needs."""
    name, file = where
    if (
        not isinstance(shape, tuple | list)
        or len(shape) > _MOST_AXES
        or not all(type(size) is int and size >= 0 for size in shape)
    ):
        raise CorruptModelError(
            "the shape of the array is not one", received=repr(shape)[:80], file=file, path=name
        )
    needed = prod(shape) * np.dtype(dtype).itemsize
    if needed != len(data):
        raise CorruptModelError(
            f"the array needs {needed:,} bytes", received=f"{len(data):,}", file=file, path=name
        )
    return _Array(dtype, tuple(shape), data, fortran)


def open_safetensors(source: ModelSource, limits: Limits) -> Container:
    """Open a file of safetensors.

    Raises:
        ModelError: it is damaged, or exceeds a limit.
    """
    data = source.main
    length = int.from_bytes(data[:_LENGTH], "little")
    if length > min(limits.config_bytes, len(data) - _LENGTH):
        raise LimitExceededError(
            f"the header claims more than {limits.config_bytes:,} bytes, the limit "
            "(config_bytes), or than the file has",
            received=f"{length:,}",
            file=source.path,
        )
    header = parse_json(data[_LENGTH : _LENGTH + length], "the header", limits)
    body = memoryview(data)[_LENGTH + length :]
    found = {}
    spans = []
    for name, entry in header.items():
        if name != "__metadata__":
            found[name], span = _tensor(name, entry, body, source.path)
            spans.append((*span, name))
    _check_spans(sorted(spans), len(body), source.path)
    return _container(found)


def _tensor(
    name: str, entry: object, body: memoryview, file: str
) -> tuple[_Array, tuple[int, int]]:
    known = entry if isinstance(entry, dict) else {}
    dtype, shape, span = (known.get(key) for key in ("dtype", "shape", "data_offsets"))
    if not isinstance(dtype, str) or dtype not in _TENSORS:
        raise UnsupportedModelError(
            f"the dtype of the tensor is not one of {', '.join(_TENSORS)}",
            received=repr(dtype)[:80],
            file=file,
            path=name,
        )
    if (
        not isinstance(span, list)
        or len(span) != 2  # noqa: PLR2004 (begin and end)
        or not all(type(at) is int for at in span)
        or not 0 <= span[0] <= span[1] <= len(body)
    ):
        raise CorruptModelError(
            "the tensor is not inside the file", received=repr(span)[:80], file=file, path=name
        )
    begin, end = span
    array = _checked(_TENSORS[dtype], shape, body[begin:end], (name, file))
    return array._replace(bfloat16=dtype == "BF16"), (begin, end)


def _check_spans(spans: Sequence[tuple[int, int, str]], size: int, file: str) -> None:
    """Tensors follow each other without gaps, as the format demands."""
    at = 0
    for begin, end, name in spans:
        if begin != at:
            raise CorruptModelError(
                "the tensor overlaps another, or bytes before it belong to none",
                file=file,
                path=name,
            )
        at = end
    if at != size:
        raise CorruptModelError(
            "bytes at the end of the file belong to no tensor",
            received=f"{size - at:,} bytes",
            file=file,
        )


def _container(found: Mapping[str, _Array]) -> Container:
    return Container(None, NamedWeights(found), tensors=lambda: tuple(_stated(found)))


def _stated(found: Mapping[str, _Array]) -> Iterator[StoredTensor]:
    for name, array in found.items():
        dtype = "bfloat16" if array.bfloat16 else np.dtype(array.dtype).name
        yield StoredTensor(name, array.shape, dtype, len(array.data))
