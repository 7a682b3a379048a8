"""StringLookup and IntegerLookup: words or integers -> places in a vocabulary, and back; Hashing
and text.

Places: [the mask token,] the out-of-vocabulary places, then the vocabulary in order. A learned
vocabulary is kept with its special words in front. Encodings other than ``int`` have no place for
the mask token and leave it out. Where there is no place for unknown words either, a run that meets
one fails, as in Keras. What ONNX cannot compute runs before the graph (keramos.runtime.host).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keramos.compile.lowering.encode import encode
from keramos.compile.operations.values import cast_to
from keramos.errors import UnsupportedModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.lowering.record import Build
    from keramos.compile.onnx.graph import Value

Token = str | int

_NOWHERE = 2**31
"""A place outside every encoding."""

_KEY = 2  # numbers of a salt
_SHOWN = 8
_DTYPES = {"IntegerLookup": "int64", "StringLookup": "str"}


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
    s: LayerCall,
    vocabulary: Sequence[Token] | None,
    mask_token: Token | None,
    oov_token: Token | None,
    num_oov_indices: int,
) -> _Places:
    """Where everything lies.

    Raises:
        UnsupportedModelError: the file holds no vocabulary, or one that Keras refuses: an empty
            one, one with a word twice, or with a special word among the others.
    """
    if not vocabulary:
        raise UnsupportedModelError(
            "the vocabulary is not in the file, because .h5 has no place for a learned one",
            remedy="Save the model as .keras",
        )
    masked = 0 if mask_token is None else 1
    start = masked + num_oov_indices
    learned = 0 < start <= len(vocabulary) and list(vocabulary[:start]) == [
        *[mask_token] * masked,
        *[oov_token] * num_oov_indices,
    ]
    words = vocabulary[start:] if learned else vocabulary
    if not words:
        raise UnsupportedModelError(
            "the vocabulary holds only the special words",
            remedy="Give it words in Keras",
        )
    special = [s.layer.config.get("mask_token")]
    special += [oov_token] if s.layer.config.get("invert") else []
    if len({*words}) != len(words) or any(one in words for one in special if one is not None):
        raise s.unsupported(
            "vocabulary", list(words)[:_SHOWN], "each word once, without special ones, is"
        )
    return _Places(words, masked, num_oov_indices)


def lookup(
    s: LayerCall,
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
    salt: int | list[int] | None = None,
) -> Value:
    """Places of words or integers, or an encoding of them; with ``invert`` words of places."""
    _check(s, sparse=sparse, encoding=encoding, oov_method=oov_method)
    _check_count(s, "num_oov_indices", num_oov_indices, 0)
    _check_salt(s, salt, oov_method)
    s.g.reserve_constants("num_oov_indices", num_oov_indices)
    places = places_of(
        s, vocabulary, mask_token if output_mode == "int" else None, oov_token, num_oov_indices
    )
    if invert:
        if output_mode != "int":
            raise s.unsupported("output_mode", output_mode, "with invert 'int' is")
        return _inverted(s, places, mask_token, oov_token)
    x = _as_key(s)
    index = _found(s, x, places, mask_token)
    if num_oov_indices > 1:
        index = s.g.op(
            "Where", s.g.op("Less", index, 0), _hashed(s, x, places, oov_method, salt), index
        )
    depth = _depth(s, places, max_tokens, padded=pad_to_max_tokens)
    idf = _idf(s, places, idf_weights, depth, output_mode)
    return encode(s, index, depth, output_mode, idf=idf)


def _depth(s: LayerCall, places: _Places, max_tokens: int | None, *, padded: bool) -> int:
    """How many places an encoding has; ``max_tokens``, which bounds them, where it is padded."""
    if max_tokens is None:
        if padded:
            raise s.unsupported("pad_to_max_tokens", padded, "without max_tokens false is")
        max_tokens = places.size
    _check_count(s, "max_tokens", max_tokens, max(places.size, 2))
    return max_tokens if padded else places.size


_OPTIONS: dict[str, tuple[object, ...]] = {
    "encoding": ("utf-8",),
    "oov_method": ("floormod", "farmhash"),
    "ragged": (False,),
    "sparse": (False,),
    "split": (None, "whitespace", "character"),
    "standardize": (None, "lower", "strip_punctuation", "lower_and_strip_punctuation"),
}


def _check(s: LayerCall, **options: object) -> None:
    for option, value in options.items():
        if value not in _OPTIONS[option]:
            known = " or ".join(map(repr, _OPTIONS[option]))
            code = (
                "; functions are code, which is never run"
                if option in ("split", "standardize")
                else ""
            )
            raise s.unsupported(option, value, f"{known} is{code}")


def _check_salt(s: LayerCall, salt: int | list[int] | None, oov_method: str) -> None:
    """One or two numbers, which the remainder of a division has no use for."""
    if isinstance(salt, list) and len(salt) != _KEY:
        raise s.unsupported("salt", salt, "one or two numbers are")
    if salt is not None and s.layer.kind == "IntegerLookup" and oov_method == "floormod":
        raise s.unsupported("salt", salt, "with oov_method 'floormod' none is")


def _check_count(s: LayerCall, option: str, value: int, least: int) -> None:
    if not least <= value <= s.g.limits.row_values:
        raise s.unsupported(option, value, f"{least} to {s.g.limits.row_values:,} is")


def _as_key(s: LayerCall) -> Value:
    """The input in the dtype of the vocabulary."""
    wanted = _DTYPES[s.layer.kind]
    if (s.x.dtype == "str") != (wanted == "str"):
        raise s.unsupported("input dtype", s.x.dtype, f"{wanted} is")
    return s.x if wanted == "str" else cast_to(s.g, s.x, wanted)


def _found(s: LayerCall, x: Value, places: _Places, mask_token: Token | None) -> Value:
    """The place of each known word; of others the one there is, or -1 where that is still to be
    found.
    """
    known: dict[Token, int] = {word: places.start + i for i, word in enumerate(places.words)}
    if mask_token is not None:
        known[mask_token] = 0 if places.first_unknown else _NOWHERE
    other = places.first_unknown if places.unknown == 1 else -1
    keys = {"keys_strings" if x.dtype == "str" else "keys_int64s": list(known)}
    index = s.g.op(
        "LabelEncoder",
        x,
        domain="ai.onnx.ml",
        values_int64s=list(known.values()),
        default_int64=other,
        **keys,
    )
    if places.unknown == 0:
        what = "an input is not in its vocabulary, and it has no place for others"
        s.g.runtime_check(
            s.g.op("GreaterOrEqual", index, 0), f"layer '{s.layer.name}' ({s.layer.kind}): {what}"
        )
    return index


def _hashed(
    s: LayerCall, x: Value, places: _Places, oov_method: str, salt: int | list[int] | None
) -> Value:
    """One of several places for words that are unknown."""
    modulo = x.dtype != "str" and oov_method == "floormod"
    found = s.g.op("Mod", x, places.unknown) if modulo else _host_hash(s, x, places.unknown, salt)
    return s.g.op("Add", found, places.first_unknown)


def _inverted(
    s: LayerCall, places: _Places, mask_token: Token | None, oov_token: Token | None
) -> Value:
    if oov_token is None or s.x.dtype == "str":
        raise s.unsupported(
            "invert", value=True, reason="an oov_token and places as input are needed"
        )
    text = s.layer.kind == "StringLookup"
    known: dict[int, Token] = {places.start + i: word for i, word in enumerate(places.words)}
    if mask_token is not None:
        known[0] = mask_token
    return s.g.op(
        "LabelEncoder",
        cast_to(s.g, s.x, "int64"),
        domain="ai.onnx.ml",
        keys_int64s=list(known),
        **{"values_strings" if text else "values_int64s": list(known.values())},
        **{"default_string" if text else "default_int64": oov_token},
    )


def _idf(
    s: LayerCall, places: _Places, idf_weights: Sequence[float] | None, depth: int, mode: str
) -> list[float] | None:
    """One weight a place for ``tf_idf``; unknown words weigh as much as words do on average,
    padding nothing.
    """
    given = list(idf_weights or [])
    if mode != "tf_idf":
        if idf_weights is not None:
            raise s.unsupported("idf_weights", given[:_SHOWN], f"with {mode} none are")
        return None
    if not given or len(given) not in (len(places.words), places.size, depth):
        raise s.unsupported(
            "idf_weights", f"{len(given)} numbers", f"{places.size} are needed, one a place"
        )
    front = [float(np.mean(given))] * (places.size - len(given))
    full = [*front, *given]
    return [*full, *[0.0] * (depth - len(full))]


def _host_hash(s: LayerCall, x: Value, bins: int, salt: int | list[int] | None) -> Value:
    _check_count(s, "num_bins", bins, 1)
    key = [salt, salt] if isinstance(salt, int) else salt
    if key is not None and len(key) != _KEY:
        raise s.unsupported("salt", salt, "one or two numbers are")
    return s.g.host("hash", {"bins": bins, "salt": key}, [x], ("int64", x.shape))


def hashing(
    s: LayerCall,
    *,
    num_bins: int,
    mask_value: Token | float | None = None,
    salt: int | list[int] | None = None,
    output_mode: str = "int",
    sparse: bool = False,
) -> Value:
    """Words or integers -> one of ``num_bins`` places by FarmHash64, or by SipHash-2-4 with a salt;
    a mask takes 0.
    """
    _check(s, sparse=sparse)
    if s.x.dtype == "bool":
        raise s.unsupported("input dtype", s.x.dtype, "text and numbers are")
    x = cast_to(s.g, s.x, "int64") if s.x.dtype.startswith("float") else s.x
    if mask_value is None or num_bins == 1:
        index = _host_hash(s, x, num_bins, salt)
    else:
        masked = s.g.op(
            "Equal", s.x, np.asarray(mask_value, "object" if s.x.dtype == "str" else s.x.dtype)
        )
        index = s.g.op("Where", masked, 0, s.g.op("Add", _host_hash(s, x, num_bins - 1, salt), 1))
    if output_mode == "one_hot" and index.rank > 2 and index.shape[-1] == 1:
        index = s.g.op("Squeeze", index, [-1])
    return encode(s, index, num_bins, output_mode)


def hashed_crossing(
    s: LayerCall, *, num_bins: int, output_mode: str = "int", sparse: bool = False
) -> Value:
    """Several features together -> one of ``num_bins`` places. All are (rows,) or (rows, 1), text
    or integers.
    """
    _check(s, sparse=sparse)
    _check_count(s, "num_bins", num_bins, 1)
    for x in s.inputs:
        if x.dtype == "bool" or x.dtype.startswith("float") or x.shape[1:] not in ((), (1,)):
            raise s.unsupported(
                "input", f"{x.dtype} {x.shape}", "one column of text or integers is"
            )
    if output_mode not in ("int", "one_hot"):
        raise s.unsupported("output_mode", output_mode, "int and one_hot are")
    index = s.g.host("crossing", {"bins": num_bins}, list(s.inputs), ("int64", s.x.shape))
    return encode(s, index, num_bins, output_mode)


def _check_columns(s: LayerCall, split: str | None, output_mode: str, ngrams: object) -> None:
    """Texts that are split come one a row; whole texts may be several."""
    if s.x.dtype != "str":
        raise s.unsupported("input dtype", s.x.dtype, "text is")
    shape = s.x.shape[1:]
    if (split is not None and shape not in ((), (1,))) or (split is None and len(shape) != 1):
        raise s.unsupported("split", split, f"an input of shape {s.x.shape} does not fit it")
    if output_mode == "one_hot" and (split is not None or ngrams is not None):
        raise s.unsupported(
            "output_mode", output_mode, "of split texts or ngrams the result would be ragged"
        )


def text_vectorization(
    s: LayerCall,
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
    _check(s, standardize=standardize, split=split, sparse=sparse, ragged=ragged, encoding=encoding)
    _check_columns(s, split, output_mode, ngrams)
    places = places_of(s, vocabulary, "" if output_mode == "int" else None, "[UNK]", 1)
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
    columns = s.x.shape[1] if split is None and ngrams is None and length is None else length
    index = s.g.host("text", config, [s.x], ("int64", (s.x.shape[0], columns)))
    depth = _depth(s, places, max_tokens, padded=pad_to_max_tokens)
    idf = _idf(s, places, idf_weights, depth, output_mode)
    return encode(s, index, depth, output_mode, idf=idf)


LAYERS: dict[str, Build] = {
    "HashedCrossing": hashed_crossing,
    "Hashing": hashing,
    "IntegerLookup": lookup,
    "StringLookup": lookup,
    "TextVectorization": text_vectorization,
}
