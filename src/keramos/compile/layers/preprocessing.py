"""Layers of keras.layers.preprocessing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.lowering import Lowering

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.compile.graph import Value
    from keramos.compile.site import Site


def rescaling(s: Site, *, scale: object, offset: object = 0.0) -> Value:
    """X * scale + offset; both numbers or vectors over the last axis."""
    y = s.x if s.x.dtype.startswith("float") else s.g.op("Cast", s.x, to=1)
    factor, shift = np.asarray(scale, y.dtype), np.asarray(offset, y.dtype)
    if np.any(factor != 1):
        y = s.g.op("Mul", y, factor)
    return s.g.op("Add", y, shift) if np.any(shift != 0) else y


def string_lookup(s: Site, *, vocabulary: Sequence[str], num_oov_indices: int = 1, output_mode: str = "int") -> Value:
    """Strings -> 1-based places in the vocabulary, 0 for others; or one-hot of that."""
    places = list(range(num_oov_indices, num_oov_indices + len(vocabulary)))
    index = s.g.op(
        "LabelEncoder", s.x, domain="ai.onnx.ml", keys_strings=list(vocabulary), values_int64s=places, default_int64=0
    )
    return _encode(s, index, num_oov_indices + len(vocabulary), output_mode)


def integer_lookup(s: Site, *, vocabulary: Sequence[int], num_oov_indices: int = 1, output_mode: str = "int") -> Value:
    """Integers -> 1-based places in the vocabulary, 0 for others; or one-hot of that."""
    places = list(range(num_oov_indices, num_oov_indices + len(vocabulary)))
    x = s.x if s.x.dtype == "int64" else s.g.op("Cast", s.x, to=7)
    index = s.g.op(
        "LabelEncoder", x, domain="ai.onnx.ml", keys_int64s=list(vocabulary), values_int64s=places, default_int64=0
    )
    return _encode(s, index, num_oov_indices + len(vocabulary), output_mode)


def _encode(s: Site, index: Value, depth: int, output_mode: str) -> Value:
    if output_mode == "int":
        return index
    if output_mode != "one_hot":
        raise s.unsupported("output_mode", output_mode, "only int and one_hot are")
    if index.rank > 1 and index.shape[-1] == 1:
        index = s.g.op("Squeeze", index, [-1])
    return s.g.op("OneHot", index, np.array([depth]), np.array([0, 1], "float32"), axis=-1)


_LOOKUP_DEFAULTS = (
    "mask_token",
    "oov_token",
    "invert",
    "max_tokens",
    "sparse",
    "pad_to_max_tokens",
    "vocabulary_dtype",
    "idf_weights",
    "vocabulary_size",
    "encoding",
)

LAYERS = {
    "IntegerLookup": Lowering(integer_lookup, ignored=_LOOKUP_DEFAULTS),
    "Rescaling": Lowering(rescaling, mask="keep"),
    "StringLookup": Lowering(string_lookup, ignored=_LOOKUP_DEFAULTS),
}
