"""Nested lists of JSON -> arrays of an input's dtype, strictly: text is not a number, and 1.0 is
not an integer.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from typing import TYPE_CHECKING, cast

import msgspec
import numpy as np

from keramos.errors import RequestError
from keramos.serving.codecs.json_lenient import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_DEPTH = 32
_PART = 1 << 16
"""Elements that are converted together."""

_WORDS = {
    bool: "Bool",
    int: "Integer",
    float: "Float",
    str: "String",
    bytes: "String",
    list: "Array",
    dict: "Object",
    type(None): "Null",
}


def tensor(value: object, dtype: str, name: str) -> NDArray[np.generic]:
    """Nested lists (or one value) as an array; ``dtype`` is that of a TensorSpec.

    Raises:
        RequestError: lists are ragged, or an element is not of the dtype; says where.
    """
    depth = _depth(value)
    if depth > _DEPTH:
        raise RequestError(f"'{name}' is nested {depth} deep; a tensor has at most {_DEPTH} axes")
    if dtype == "str":
        value = _texts(value)
    try:
        return _in_parts(value, dtype, depth)
    except (msgspec.ValidationError, ValueError, OverflowError):
        raise RequestError(_why(value, dtype, name)) from None


def _in_parts(value: object, dtype: str, depth: int) -> NDArray[np.generic]:
    """Elements as an array. Many are converted in parts, between which other threads run."""
    if isinstance(value, list) and depth and (size := _first_size(value, depth)) > _PART:
        if len(value) == 1:
            return _in_parts(value[0], dtype, depth - 1)[None]
        step = max(1, len(value) * _PART // size)
        parts = (value[at : at + step] for at in range(0, len(value), step))
        return np.concatenate([_in_parts(part, dtype, depth) for part in parts])
    kind: object = {"f": float, "b": bool, "O": object}.get(
        np.dtype(object if dtype == "str" else dtype).kind, int
    )
    for _ in range(depth):
        kind = list[kind]  # type: ignore[valid-type] # made to the depth of what was received
    return _array(msgspec.convert(value, kind), value, dtype)


def _first_size(value: object, depth: int) -> int:
    """Elements, as far as the first list of each depth shows."""
    size = 1
    while depth and isinstance(value, list) and value:
        size, value, depth = size * len(value), value[0], depth - 1
    return size


def _array(value: object, received: object, dtype: str) -> NDArray[np.generic]:
    """Elements of the right kind as an array; ``received`` tells 1.0 from 1."""
    if dtype == "str":
        array = np.array(value, object)
        if not all(isinstance(item, (str, bytes)) for item in array.flat):
            raise ValueError
        return array
    kind = np.dtype(dtype).kind
    if kind != "f":
        given = np.asarray(received)
        if kind in "iu" and given.size and given.dtype.kind == "f":
            raise ValueError
        return np.array(value, dtype)
    with np.errstate(over="ignore"):
        return np.array(value, np.float64).astype(dtype)


def _depth(value: object) -> int:
    depth = 0
    while isinstance(value, list):
        depth += 1
        if not value:
            break
        value = value[0]
    return depth


def octets(value: object) -> bytes | None:
    """The bytes of ``{"b64": "..."}``, or None where a value is not that.

    Raises:
        RequestError: it is not base64.
    """
    if not isinstance(value, dict) or len(value) != 1 or not isinstance(value.get("b64"), str):
        return None
    try:
        return b64decode(value["b64"], validate=True)
    except (Base64Error, ValueError):
        raise RequestError(f"Unable to base64 decode {shown(value['b64'])}") from None


def _texts(value: object) -> object:
    if isinstance(value, list):
        return [_texts(item) for item in value]
    return text_of(value)


def text_of(value: object) -> object:
    """Text from ``{"b64": ...}``, or bytes where that is not UTF-8; anything else as it is.

    Raises:
        RequestError: it is not base64.
    """
    found = octets(value)
    if found is None:
        return value
    try:
        return found.decode()
    except UnicodeDecodeError:
        return found


def _why(value: object, dtype: str, name: str) -> str:
    """The first element that does not fit, with its place."""
    wanted = (
        "string" if dtype == "str" else dtype.removesuffix("32") if dtype == "float32" else dtype
    )
    depth = _depth(value)
    sizes: dict[int, int] = {}
    for place, item in _walk(value, ()):
        where = f"'{name}'" + "".join(f"[{index}]" for index in place)
        if len(place) < depth:
            if not isinstance(item, list):
                return (
                    f"{where}: JSON Value: {shown(item)} Type: {_WORDS[type(item)]} is not of "
                    "expected type: list"
                )
            size = sizes.setdefault(len(place), len(item))
            if len(item) != size:
                return (
                    f"{where}: Encountered list at unexpected size: {len(item)} at level: "
                    f"{len(place)} "
                    f"expected size: {size}"
                )
        elif not _fits(item, dtype):
            return (
                f"{where}: JSON Value: {shown(item)} Type: {_WORDS[type(item)]} is not of "
                f"expected type: {wanted}"
            )
    return f"'{name}' is no tensor of {wanted}"


def _walk(value: object, place: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], object]]:
    yield place, value
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk(item, (*place, index))


def _fits(item: object, dtype: str) -> bool:
    if dtype == "str":
        return isinstance(item, (str, bytes))
    kind = np.dtype(dtype).kind
    if kind == "b" or isinstance(item, bool):
        return kind == "b" and isinstance(item, bool)
    if kind == "f":
        return isinstance(item, (int, float))
    limits = np.iinfo(cast("np.dtype[np.int64]", np.dtype(dtype)))
    return isinstance(item, int) and limits.min <= item <= limits.max
