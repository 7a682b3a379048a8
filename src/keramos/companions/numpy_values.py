"""NumPy arrays, dtypes and scalars from the words and bytes of a pickle."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Literal

import numpy as np

from keramos.errors import CorruptModelError, UnsupportedModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CODE = re.compile(r"[<>|=]?(\?|b1|b|[iu][1248]|f[248]|[SU]\d{0,7}|O[48]?|[Mm]8(\[\w{1,4}\])?)")
_MOST_AXES = 4
_LONGEST_AXIS = 1 << 40
_LAST_CHARACTER = 0x10FFFF


@dataclass(slots=True)
class Dtype:
    """A dtype in the making: its code, and later its byte order."""

    code: str
    order: str = "|"

    @property
    def is_object(self) -> bool:
        """Whether cells are Python values."""
        return self.code.lstrip("<>|=").startswith("O")

    def numpy(self) -> np.dtype[np.generic]:
        """The dtype itself."""
        found = np.dtype(self.code)
        orders: tuple[Literal["<", ">"], ...] = ("<", ">")
        order = next((one for one in orders if one == self.order), None)
        return found if order is None else found.newbyteorder(order)


def dtype_of(code: object) -> Dtype:
    """A dtype of numbers, text, bytes, dates or Python values.

    Raises:
        UnsupportedModelError: it is of any other kind, for example structured.
    """
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        raise UnsupportedModelError(
            "an array has a dtype of which only models hold arrays (trees, neighbours)",
            received=str(code)[:60],
        )
    return Dtype(code)


def set_order(dtype: Dtype, state: object) -> None:
    """The byte order from a pickled dtype's state.

    Raises:
        UnsupportedModelError: the dtype has fields or axes of its own.
    """
    if not isinstance(state, tuple) or len(state) < 5:  # noqa: PLR2004 (version .. fields)
        raise CorruptModelError("the state of a dtype is not one")
    _, order, *inner = state
    if any(part is not None for part in inner[:3]):
        raise UnsupportedModelError("an array has a structured dtype, as only models hold")
    if order not in ("<", ">", "|", "="):
        raise CorruptModelError("a dtype has no byte order", received=str(order)[:20])
    dtype.order = order


@dataclass(slots=True, eq=False)
class PendingArray:
    """An array whose state is still to come; ``found`` is set then."""

    found: NDArray[np.generic] | None = None


def array_state(state: object) -> NDArray[np.generic]:
    """The array of ``(version, shape, dtype, fortran, data)``."""
    if not isinstance(state, tuple) or len(state) not in (4, 5):
        raise CorruptModelError("the state of an array is not one")
    shape, dtype, fortran, data = state[-4:]
    return array_of(dtype, shape, data, order="F" if fortran else "C")


def array_of(dtype: object, shape: object, data: object, *, order: str) -> NDArray[np.generic]:
    """An array of that dtype and shape from its bytes, or from a list of Python values.

    Raises:
        CorruptModelError: bytes and shape do not fit.
    """
    sizes = shape_of(shape)
    if not isinstance(dtype, Dtype):
        raise CorruptModelError("an array has no dtype")
    layout = "F" if order == "F" else "C"
    if dtype.is_object:
        return _objects(sizes, data, layout)
    raw = data.encode("latin1") if isinstance(data, str) else data
    kind = dtype.numpy()
    if not isinstance(raw, (bytes, bytearray)) or len(raw) != prod(sizes) * kind.itemsize:
        raise CorruptModelError("the bytes of an array are not those of its shape")
    if not kind.itemsize or not raw:
        return np.zeros(sizes, kind)
    found = np.frombuffer(bytes(raw), kind).reshape(sizes, order=layout)  # type: ignore[call-overload]
    if kind.kind == "U" and found.size and _last(raw, kind) > _LAST_CHARACTER:
        raise CorruptModelError("the text of an array is not Unicode")
    return found  # type: ignore[no-any-return]  # the overloads of reshape


def _last(raw: bytes | bytearray, kind: np.dtype[np.generic]) -> int:
    order = ">" if kind.byteorder == ">" else "<"
    return int(np.frombuffer(bytes(raw), f"{order}u4").max())


def _objects(sizes: tuple[int, ...], data: object, order: str) -> NDArray[np.generic]:
    cells = data if isinstance(data, list) else [data]
    if len(cells) != prod(sizes):
        raise CorruptModelError("the cells of an array are not as many as its shape says")
    found = np.empty(len(cells), object)
    for place, cell in enumerate(cells):
        found[place] = cell
    return found.reshape(sizes, order=order)  # type: ignore[call-overload,no-any-return]


def shape_of(shape: object) -> tuple[int, ...]:
    """A shape of a few axes; an integer is one axis."""
    sizes = (shape,) if isinstance(shape, int) else shape
    if isinstance(sizes, (tuple, list)) and len(sizes) <= _MOST_AXES:
        whole = [size for size in sizes if type(size) is int and 0 <= size < _LONGEST_AXIS]
        if len(whole) == len(sizes):
            return tuple(whole)
    raise CorruptModelError("the shape of an array is not one", received=str(shape)[:60])


def scalar_of(dtype: object, data: object) -> object:
    """A NumPy scalar as a Python value."""
    if isinstance(dtype, Dtype) and dtype.is_object:
        return data
    return array_of(dtype, (1,), data, order="C").tolist()[0]
