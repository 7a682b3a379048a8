"""StringLookup and IntegerLookup: words or integers -> places in a vocabulary, and back; Hashing and text.

Places: [the mask token,] the out-of-vocabulary places, then the vocabulary in order. A learned vocabulary is kept
with its special words in front. What ONNX cannot compute runs before the graph (keramos.runtime.host).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keramos.compile.encode import encode
from keramos.compile.lowering import Lowering
from keramos.compile.operations.values import cast_to
from keramos.errors import UnsupportedModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.compile.graph import Value
    from keramos.compile.site import Site

Token = str | int


class _Places(NamedTuple):
    """A vocabulary without its special words, and where it begins."""

    words: Sequence[Token]
    first_unknown: int
    unknown: int

    @property
    def start(self) -> int:
        return self.first_unknown + self.unknown

    @property
    def size(self) -> int:
        return self.start + len(self.words)


def places_of(
    vocabulary: Sequence[Token] | None, mask_token: Token | None, oov_token: Token | None, num_oov_indices: int
) -> _Places:
    """Where everything lies.

    Raises:
        UnsupportedModelError: the file holds no vocabulary.
    """
    if vocabulary is None:
        raise UnsupportedModelError(
            "its vocabulary is not in the file, because .h5 has no place for a learned one; save the model as .keras"
        )
    masked = 0 if mask_token is None else 1
    special = [*([mask_token] if masked else []), *[oov_token] * num_oov_indices]
    learned = bool(special) and list(vocabulary[: len(special)]) == special
    return _Places(vocabulary[len(special) :] if learned else vocabulary, masked, num_oov_indices)


def lookup(
    s: Site,
    *,
    vocabulary: Sequence[Token] | None = None,
    num_oov_indices: int = 1,
    mask_token: Token | None = None,
    oov_token: Token | None = None,
    output_mode: str = "int",
    invert: bool = False,
    sparse: bool = False,
    pad_to_max_tokens: bool = False,
    max_tokens: int | None = None,
    idf_weights: Sequence[float] | None = None,
    encoding: str = "utf-8",
    oov_method: str = "floormod",
    salt: list[int] | None = None,
) -> Value:
    """Places of words or integers, or an encoding of them; with ``invert`` words of places."""
    for option, value, plain in (("sparse", sparse, False), ("encoding", encoding, "utf-8")):
        if value != plain:
            raise s.unsupported(option, value, f"{plain!r} is")
    places = places_of(vocabulary, mask_token, oov_token, num_oov_indices)
    if invert:
        return _inverted(s, places, mask_token, oov_token)
    text = s.x.dtype == "str"
    x = s.x if text else cast_to(s.g, s.x, "int64")
    index = _found(s, x, places, mask_token)
    if num_oov_indices > 1:
        index = s.g.op("Where", s.g.op("Less", index, 0), _hashed(s, x, places, oov_method, salt), index)
    depth = max_tokens if pad_to_max_tokens and max_tokens else places.size
    idf = _idf(places, idf_weights, depth) if output_mode == "tf_idf" else None
    return encode(s, index, depth, output_mode, idf=idf)


def _found(s: Site, x: Value, places: _Places, mask_token: Token | None) -> Value:
    """The place of each known word; of others the one there is, or -1 where that is still to be found."""
    known: dict[Token, int] = {word: places.start + i for i, word in enumerate(places.words)}
    if mask_token is not None:
        known[mask_token] = 0
    other = places.first_unknown if places.unknown == 1 else -1
    keys = {"keys_strings" if x.dtype == "str" else "keys_int64s": list(known)}
    index = s.g.op(
        "LabelEncoder", x, domain="ai.onnx.ml", values_int64s=list(known.values()), default_int64=other, **keys
    )
    if places.unknown == 0:
        what = "an input is not in its vocabulary, and it has no place for others"
        s.g.demand(s.g.op("GreaterOrEqual", index, 0), f"layer '{s.layer.name}' ({s.layer.kind}): {what}")
    return index


def _hashed(s: Site, x: Value, places: _Places, oov_method: str, salt: list[int] | None) -> Value:
    """One of several places for words that are unknown."""
    if x.dtype != "str" and oov_method != "farmhash":
        found = s.g.op("Mod", x, places.unknown)
    else:
        found = s.g.host("hash", {"bins": places.unknown, "salt": salt}, [x], ("int64", x.shape))
    return s.g.op("Add", found, places.first_unknown)


def _inverted(s: Site, places: _Places, mask_token: Token | None, oov_token: Token | None) -> Value:
    words = [*([mask_token] if places.first_unknown else []), *[oov_token] * places.unknown, *places.words]
    text = all(isinstance(word, str) for word in words)
    name = "strings" if text else "int64s"
    default = {"default_string" if text else "default_int64": oov_token if oov_token is not None else words[0]}
    index = cast_to(s.g, s.x, "int64")
    values = {f"values_{name}": words}
    return s.g.op("LabelEncoder", index, domain="ai.onnx.ml", keys_int64s=list(range(len(words))), **values, **default)


def _idf(places: _Places, idf_weights: Sequence[float] | None, depth: int) -> list[float]:
    """One weight a place; unknown words weigh as much as words do on average, padding nothing."""
    given = list(idf_weights or [])
    front = [float(np.mean(given))] * (places.size - len(given)) if given and len(given) < places.size else []
    full = [*front, *given]
    return [*full, *[0.0] * (depth - len(full))]


def _host_hash(s: Site, bins: int, salt: object) -> Value:
    key = [salt, salt] if isinstance(salt, int) else salt
    return s.g.host("hash", {"bins": bins, "salt": key}, [s.x], ("int64", s.x.shape))


def hashing(
    s: Site,
    *,
    num_bins: int,
    mask_value: Token | None = None,
    salt: int | list[int] | None = None,
    output_mode: str = "int",
    sparse: bool = False,
) -> Value:
    """Words or integers -> one of ``num_bins`` places by FarmHash64, or by SipHash-2-4 with a salt; a mask takes 0."""
    if sparse:
        raise s.unsupported("sparse", sparse, "dense results are")
    if mask_value is None:
        return encode(s, _host_hash(s, num_bins, salt), num_bins, output_mode)
    index = s.g.op("Add", _host_hash(s, num_bins - 1, salt), 1)
    masked = s.g.op("Equal", s.x, np.asarray(mask_value, "object" if s.x.dtype == "str" else s.x.dtype))
    return encode(s, s.g.op("Where", masked, 0, index), num_bins, output_mode)


def hashed_crossing(s: Site, *, num_bins: int, output_mode: str = "int", sparse: bool = False) -> Value:
    """Several features together -> one of ``num_bins`` places."""
    if sparse:
        raise s.unsupported("sparse", sparse, "dense results are")
    index = s.g.host("crossing", {"bins": num_bins}, list(s.inputs), ("int64", s.x.shape))
    return encode(s, index, num_bins, output_mode)


_TEXT_OPTIONS: dict[str, tuple[object, ...]] = {
    "standardize": (None, "lower", "strip_punctuation", "lower_and_strip_punctuation"),
    "split": (None, "whitespace", "character"),
    "sparse": (False,),
    "ragged": (False,),
    "encoding": ("utf-8",),
}


def _check_text(s: Site, **options: object) -> None:
    for option, value in options.items():
        if value not in _TEXT_OPTIONS[option]:
            known = ", ".join(map(repr, _TEXT_OPTIONS[option]))
            raise s.unsupported(option, value, f"{known} are; functions are code, which is never run")


def text_vectorization(
    s: Site,
    *,
    vocabulary: Sequence[str] | None = None,
    standardize: str | None = "lower_and_strip_punctuation",
    split: str | None = "whitespace",
    ngrams: int | list[int] | None = None,
    output_mode: str = "int",
    output_sequence_length: int | None = None,
    pad_to_max_tokens: bool = False,
    max_tokens: int | None = None,
    sparse: bool = False,
    ragged: bool = False,
    idf_weights: Sequence[float] | None = None,
    encoding: str = "utf-8",
) -> Value:
    """Text -> words (and runs of words) -> their places, padded with 0, or an encoding of them."""
    _check_text(s, standardize=standardize, split=split, sparse=sparse, ragged=ragged, encoding=encoding)
    places = places_of(vocabulary, "" if output_mode == "int" else None, "[UNK]", 1)
    length = output_sequence_length if output_mode == "int" else None
    config = {
        "words": list(places.words),
        "start": places.start,
        "unknown": places.first_unknown,
        "standardize": standardize,
        "split": split,
        "ngrams": ngrams,
        "length": length,
    }
    index = s.g.host("text", config, [s.x], ("int64", (s.x.shape[0], length)))
    if output_mode == "int":
        return index
    depth = max_tokens if pad_to_max_tokens and max_tokens else places.size
    idf = _idf(places, idf_weights, depth) if output_mode == "tf_idf" else None
    return encode(s, index, depth, output_mode, idf=idf)


_LOOKUP_SILENT = ("vocabulary_dtype", "vocabulary_size")

LAYERS = {
    "HashedCrossing": Lowering(hashed_crossing),
    "Hashing": Lowering(hashing),
    "IntegerLookup": Lowering(lookup, ignored=_LOOKUP_SILENT),
    "StringLookup": Lowering(lookup, ignored=_LOOKUP_SILENT),
    "TextVectorization": Lowering(text_vectorization, ignored=("vocabulary_size",)),
}
