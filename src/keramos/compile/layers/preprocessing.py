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


def lookup(
    s: Site,
    *,
    vocabulary: Sequence[str | int],
    num_oov_indices: int = 1,
    mask_token: str | int | None = None,
    oov_token: str | int | None = None,
    output_mode: str = "int",
    invert: bool = False,
    sparse: bool = False,
    pad_to_max_tokens: bool = False,
    idf_weights: object = None,
    encoding: str = "utf-8",
) -> Value:
    """Words or integers -> places: [mask 0,] out of vocabulary, then the vocabulary in order; or one-hot of that."""
    for option, value, plain in (
        ("num_oov_indices", num_oov_indices, 1),
        ("invert", invert, False),
        ("sparse", sparse, False),
        ("pad_to_max_tokens", pad_to_max_tokens, False),
        ("idf_weights", idf_weights, None),
        ("encoding", encoding, "utf-8"),
    ):
        if value != plain:
            raise s.unsupported(option, value, f"only {plain!r} is")
    masked = 0 if mask_token is None else 1
    special = [*([mask_token] if masked else []), oov_token]
    if list(vocabulary[: masked + 1]) == special:  # a learned vocabulary is kept with its special words in front
        vocabulary = vocabulary[masked + 1 :]
    places = dict(zip(vocabulary, range(masked + 1, masked + 1 + len(vocabulary)), strict=True))
    if mask_token is not None:
        places[mask_token] = 0
    return _encode(s, _places(s, places, masked), masked + 1 + len(vocabulary), output_mode)


def _places(s: Site, places: dict[str | int, int], other: int) -> Value:
    text = s.x.dtype == "str"
    x = s.x if text or s.x.dtype == "int64" else s.g.op("Cast", s.x, to=7)
    keys = {"keys_strings" if text else "keys_int64s": list(places)}
    return s.g.op(
        "LabelEncoder", x, domain="ai.onnx.ml", values_int64s=list(places.values()), default_int64=other, **keys
    )


def _encode(s: Site, index: Value, depth: int, output_mode: str) -> Value:
    if output_mode == "int":
        return index
    if output_mode != "one_hot":
        raise s.unsupported("output_mode", output_mode, "only int and one_hot are")
    if index.rank > 1 and index.shape[-1] == 1:
        index = s.g.op("Squeeze", index, [-1])
    return s.g.op("OneHot", index, np.array([depth]), np.array([0, 1], "float32"), axis=-1)


# salt and oov_method speak only with several out-of-vocabulary places.
_LOOKUP_SILENT = ("max_tokens", "vocabulary_dtype", "vocabulary_size", "salt", "oov_method")

LAYERS = {
    "IntegerLookup": Lowering(lookup, ignored=_LOOKUP_SILENT),
    "Rescaling": Lowering(rescaling, mask="keep"),
    "StringLookup": Lowering(lookup, ignored=_LOOKUP_SILENT),
}
