"""Steps that run outside ONNX on whole arrays: one row a kind, its parameters -> a function of
arrays.

Text: keras.layers.TextVectorization by way of TensorFlow's string operations, which know no letters
but ASCII.
"""

from __future__ import annotations

from math import prod
from string import punctuation
from typing import TYPE_CHECKING

import numpy as np

from keramos.runtime import examples, matrices, ragged, strings
from keramos.runtime.hashing import farmhash, fingerprint_cat, siphash
from keramos.types.attributes import integer, integers, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.generic]
    Function = Callable[..., Array]

_CROSSING_KEY = 0xDECAFCAFFE
"""TensorFlow's default key of ``tf.sparse.cross_hashed``."""

_PUNCTUATION = punctuation.encode()


def _strings(array: Array) -> NDArray[np.object_]:
    """A flat array of byte strings; numbers are written in decimal."""
    flat = array.ravel().tolist()
    return np.array([_octets(item) for item in flat], object)


def _octets(item: object) -> bytes:
    return item if isinstance(item, bytes) else str(item).encode()


def _hash(config: Mapping[str, object]) -> Function:
    bins = np.uint64(integer(config["bins"], "bins"))
    salt = None if config["salt"] is None else integers(config["salt"], "salt")

    def run(x: Array) -> Array:
        strings = _strings(x)
        hashes = farmhash(strings) if salt is None else siphash(strings, salt)
        return (hashes % bins).astype("int64").reshape(x.shape)

    return run


def _crossing(config: Mapping[str, object]) -> Function:
    bins = np.uint64(integer(config["bins"], "bins"))

    def run(*features: Array) -> Array:
        total = np.full(features[0].size, _CROSSING_KEY, "uint64")
        for feature in features:
            own = (
                farmhash(_strings(feature))
                if feature.dtype.kind in "OSU"
                else feature.ravel().astype("uint64")
            )
            total = fingerprint_cat(total, own)
        return (total % bins).astype("int64").reshape(features[0].shape)

    return run


def _standardized(text: bytes, how: object) -> bytes:
    if how in ("lower", "lower_and_strip_punctuation"):
        text = text.lower()
    return text.translate(None, _PUNCTUATION) if "strip_punctuation" in str(how) else text


def _split(text: bytes, how: object) -> list[bytes]:
    if how == "whitespace":
        return text.split()
    if how == "character":
        return [letter.encode() for letter in text.decode("utf-8", "replace")]
    return [text]


def _runs(words: list[bytes], widths: Sequence[int]) -> Iterator[bytes]:
    for width in widths:
        for at in range(len(words) - width + 1):
            yield b" ".join(words[at : at + width])


def _text(config: Mapping[str, object]) -> Function:
    start, unknown = (integer(config[name], name) for name in ("start", "unknown"))
    places = {word.encode(): start + i for i, word in enumerate(texts(config["words"], "words"))}
    ngrams = config["ngrams"]
    fixed = None if config["length"] is None else integer(config["length"], "length")
    if isinstance(ngrams, int):
        ngrams = range(1, ngrams + 1)
    widths = None if ngrams is None else integers(ngrams, "ngrams")
    padding = 0 if unknown else -1  # without a place for padding it must not be counted
    places[b""] = padding

    def tokens(texts: list[object]) -> list[int]:
        whole = (_standardized(_octets(text), config["standardize"]) for text in texts)
        words = [word for text in whole for word in _split(text, config["split"])]
        return [
            places.get(word, unknown)
            for word in (words if widths is None else _runs(words, widths))
        ]

    def run(x: Array) -> Array:
        rows = [tokens(texts) for texts in x.reshape(len(x), prod(x.shape[1:])).tolist()]
        length = max((len(row) for row in rows), default=0) if fixed is None else fixed
        found = np.full((len(rows), length), padding, "int64")
        for i, row in enumerate(rows):
            found[i, : len(row)] = row[:length]
        return found

    return run


HOST: dict[str, Callable[[Mapping[str, object]], Function]] = {
    "crossing": _crossing,
    "hash": _hash,
    "text": _text,
    **examples.STEPS,
    **matrices.STEPS,
    **ragged.STEPS,
    **strings.STEPS,
}
"""Kind of a HostStep -> what makes its function from its config."""
