"""A layer's options, checked before its function sees them: of the kind that the function says,
within their bounds.

The annotation of each keyword-only parameter is the schema: ``units: int`` takes a whole number,
which a boolean, 8.5 and "8" are not. Words and least values are those that Keras gives the options.
"""

from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING

from keramos.compile.lowering.record import required
from keramos.errors import CorruptModelError, UnsupportedModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from keramos.compile.lowering.record import Lowering
    from keramos.types.network import Layer

_LARGEST = float.fromhex("0x1.fffffep+127")  # of float32


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST


def _is_bool(value: object) -> bool:
    return value in (0, 1) and isinstance(value, int)


def _is_ints(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_int, value))


def _is_sizes(value: object) -> bool:
    return _is_int(value) or _is_ints(value)


def _is_open_sizes(value: object) -> bool:
    """None is a size that only the input tells."""
    return _is_int(value) or (
        isinstance(value, list) and all(item is None or _is_int(item) for item in value)
    )


def _is_edges(value: object) -> bool:
    return _is_sizes(value) or (isinstance(value, list) and all(map(_is_sizes, value)))


def _is_numbers(value: object) -> bool:
    """A number or lists of them; stored arrays are looked at where they are read."""
    if isinstance(value, list):
        return all(map(_is_numbers, value))
    return isinstance(value, dict) or _is_number(value)


def _is_token(value: object) -> bool:
    return isinstance(value, str) or _is_int(value)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _list_of(test: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, list) and all(map(test, value))


_KINDS: dict[str, tuple[Callable[[object], bool], str]] = {
    "Edges": (_is_edges, "whole numbers are needed"),
    "OpenSizes": (_is_open_sizes, "a whole number or a list of them is needed"),
    "Sequence[Token]": (_list_of(_is_token), "a list of words or whole numbers is needed"),
    "Sequence[float]": (_list_of(_is_number), "a list of numbers is needed"),
    "Sequence[str]": (_list_of(_is_text), "a list of words is needed"),
    "Sizes": (_is_sizes, "a whole number or a list of them is needed"),
    "Token": (_is_token, "a word or a whole number is needed"),
    "bool": (_is_bool, "true or false is needed"),
    "float": (_is_number, "a number within float32 is needed"),
    "int": (_is_int, "a whole number is needed"),
    "list[int]": (_is_sizes, "a list of whole numbers is needed"),
    "str": (_is_text, "text is needed"),
    "tuple[float, float]": (_list_of(_is_number), "two numbers are needed"),
}
"""Annotation of a parameter -> whether a value of the config is of that kind, and what to say if
not.
"""

_FROM_1 = """
    depth_multiplier dilation_rate fft_length filters groups head_dim height input_dim kernel_size
    key_dim n nb_feature num_bins num_heads num_key_value_heads num_mel_bins num_query_heads
    num_tokens output_dim output_size pool_size projection_dim sampling_rate sequence_stride size
    strides units value_dim width
"""
_FROM_0 = "cropping epsilon num_oov_indices output_padding padding"
_LEAST: dict[str, int] = {**dict.fromkeys(_FROM_1.split(), 1), **dict.fromkeys(_FROM_0.split(), 0)}
"""Option -> its least value."""

_NUMBERS = frozenset({"mean", "offset", "scale", "variance"})  # one, or one for each column
_COUNTS = "Discretization"  # takes numbers and may give whole ones, in its own dtype
_MANY_GROUPS = "GroupNormalization"  # says -1 for one group a channel

_WORDS: dict[str, tuple[str, ...]] = {
    "data_format": ("channels_first", "channels_last", "default"),
    "padding": ("causal", "same", "valid"),
}
"""Option -> its words, where the layer's own function does not look at them."""

_FLOAT = re.compile(
    r"(mixed_)?(bfloat16|float16|float32|float64|float|double|half)|\w+(/-?\w+)*_from_\w+"
)
_ANY = re.compile(r"u?int(8|16|32|64)|bool|string|str")


def check_options(layer: Layer, row: Lowering) -> None:
    """Refuse options that are not of the kind that the layer's function takes.

    Raises:
        UnsupportedModelError: one is not; says which, what was received and what is needed.
        CorruptModelError: one is absent that has no default.
    """
    for function in (row.build, *row.parts):
        lacking = required(function) - layer.config.keys()
        if lacking:
            where = f"layer '{layer.name}' ({layer.kind})"
            raise CorruptModelError(f"{where}: its config lacks {', '.join(sorted(lacking))}")
        kinds: Mapping[str, str] = function.__annotations__
        for option in layer.config.keys() & kinds.keys():
            _check(layer, option, kinds[option])
    _check_dtype(layer, floats=row.floats and layer.kind != _COUNTS)


def _check(layer: Layer, option: str, annotation: str) -> None:
    value = layer.config[option]
    kinds = [kind.strip() for kind in annotation.split("|")]
    if value is None and ("None" in kinds or "object" in kinds):
        return
    if option in _NUMBERS and annotation == "object" and not _is_numbers(value):
        raise _refused(layer, option, value, "numbers within float32 are needed")
    known = [_KINDS[kind] for kind in kinds if kind in _KINDS]
    if known and not any(test(value) for test, _ in known):
        raise _refused(layer, option, value, known[0][1])
    least = _LEAST.get(option)
    if least is not None and known and layer.kind != _MANY_GROUPS and _smallest(value) < least:
        raise _refused(layer, option, value, f"at least {least} is needed")
    words = _WORDS.get(option)
    if words and isinstance(value, str) and value not in words:
        raise _refused(
            layer, option, value, f"it is none of {', '.join(words)}{nearest(value, words)}"
        )


def _smallest(value: object) -> float:
    if isinstance(value, list):
        return min((_smallest(part) for part in value), default=0)
    return value if isinstance(value, int | float) else 0


def _check_dtype(layer: Layer, *, floats: bool) -> None:
    dtype = layer.config.get("dtype")
    if dtype is None or (
        isinstance(dtype, str)
        and (_FLOAT.fullmatch(dtype) or (not floats and _ANY.fullmatch(dtype)))
    ):
        return
    raise _refused(
        layer,
        "dtype",
        dtype,
        "a layer that computes needs a float type" if floats else "it is no type",
    )


def _refused(layer: Layer, option: str, value: object, needed: str) -> UnsupportedModelError:
    where = f"layer '{layer.name}' ({layer.kind})"
    return UnsupportedModelError(f"{where}: {option}={repr(value)[:80]} is not supported: {needed}")


def nearest(word: object, known: Collection[str]) -> str:
    """A hint at the most similar word, or nothing."""
    # difflib takes some milliseconds to import and is needed only for a refusal.
    similar: list[str] = importlib.import_module("difflib").get_close_matches(
        str(word)[:80], known, 1
    )
    return f"; did the writer mean '{similar[0]}'?" if similar else ""
