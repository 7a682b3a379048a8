"""Arrays as JSON text. Floats are the shortest digits that read back as the same number.

0.2 in float32 is written 0.2 and not 0.20000000298; integral numbers keep ``.0``; a number that is
not finite is the token ``NaN``, ``Infinity`` or ``-Infinity``, as TensorFlow Serving writes it.
"""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

import msgspec
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_PART = 1 << 16
"""Elements that are written together."""

_TOKENS = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
_quote = msgspec.json.Encoder().encode


def number_texts(array: NDArray[np.generic]) -> list[str]:
    """Each number of a float array in C order."""
    flat = array.ravel()
    # numpy prints float16, float32 and float64 with the fewest digits that are unique in their
    # precision.
    texts: list[str] = flat.astype("U32").tolist()
    if not np.isfinite(flat).all():
        texts = [_TOKENS.get(text, text) for text in texts]
    return texts


def _whole(array: NDArray[np.generic]) -> list[str]:
    return [str(item) for item in array.ravel().tolist()]


def _truth(array: NDArray[np.generic]) -> list[str]:
    return ["true" if item else "false" for item in array.ravel().tolist()]


def string_text(item: object) -> str:
    """Text as a JSON string; bytes that are not UTF-8 as ``{"b64": ...}``."""
    if isinstance(item, bytes):
        try:
            item = item.decode()
        except UnicodeDecodeError:
            return b64_text(item)
    return _quote(item).decode()


def b64_text(item: object) -> str:
    """Text or bytes as ``{"b64": ...}``."""
    octets = item if isinstance(item, bytes) else str(item).encode()
    return '{"b64":"' + b64encode(octets).decode() + '"}'


def _strings(array: NDArray[np.generic]) -> list[str]:
    return [string_text(item) for item in array.ravel().tolist()]


_TEXTS: dict[str, Callable[[NDArray[np.generic]], list[str]]] = {
    "f": number_texts,
    "i": _whole,
    "u": _whole,
    "b": _truth,
}


def flat_texts(array: NDArray[np.generic]) -> list[str]:
    """Each element in C order as JSON; many in parts, between which other threads run."""
    write = _TEXTS.get(array.dtype.kind, _strings)
    if array.size <= _PART:
        return write(array)
    flat = array.ravel()
    parts = (flat[at : at + _PART] for at in range(0, flat.size, _PART))
    return [text for part in parts for text in write(part)]


def nested(texts: list[str], shape: tuple[int, ...]) -> list[str]:
    """Elements in C order, gathered into lists: one text for each index of the first axis."""
    for size in reversed(shape[1:]):
        if size == 0:
            return ["[]"] * shape[0]
        texts = ["[" + ",".join(texts[at : at + size]) + "]" for at in range(0, len(texts), size)]
    return texts


def rows_of(array: NDArray[np.generic]) -> list[str]:
    """One JSON text for each index of the first axis."""
    return nested(flat_texts(array), array.shape)


def tensor_text(array: NDArray[np.generic]) -> str:
    """A whole array as nested lists; an array without axes as its one value."""
    if not array.ndim:
        return flat_texts(array)[0]
    return "[" + ",".join(rows_of(array)) + "]"
