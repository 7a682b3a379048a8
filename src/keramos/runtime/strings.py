"""Operations of TensorFlow on texts, as steps outside ONNX.

Source: tensorflow/core/kernels/{string_*,regex_*,unicode_ops}.cc. Letters are those of ASCII unless
an operation has the encoding utf-8.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from keramos.errors import MismatchError
from keramos.runtime.expressions import Automaton, replacer
from keramos.types.attributes import integer, integers, text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.generic]
    Config = Mapping[str, object]
    Function = Callable[..., Array]

_ASCII_SPACE = " \t\n\v\f\r"
_LOWER = {65 + i: 97 + i for i in range(26)}
_UPPER = {97 + i: 65 + i for i in range(26)}


def decoded(item: object) -> str:
    """One text; bytes are UTF-8.

    Raises:
        UnicodeEncodeError: it stands for bytes that are no text.
    """
    if isinstance(item, bytes):
        return item.decode("utf-8", "replace")
    found = str(item)
    return found if found.isascii() else found.encode().decode()


def listed(array: Array) -> list[str]:
    """The texts of an array in a row."""
    return [decoded(one) for one in array.ravel().tolist()]


def words(items: Sequence[str], shape: Sequence[int] | None = None) -> Array:
    """An array of texts."""
    found = np.empty(len(items), object)
    found[:] = items
    return found if shape is None else found.reshape(shape)


def _each(change: Callable[[str], str]) -> Function:
    return lambda x, *_: words([change(one) for one in listed(x)], x.shape)


def _lower(config: Config) -> Function:
    wide = bool(config["wide"])
    return _each(lambda one: one.lower() if wide else one.translate(_LOWER))


def _upper(config: Config) -> Function:
    wide = bool(config["wide"])
    return _each(lambda one: one.upper() if wide else one.translate(_UPPER))


def _replace(config: Config) -> Function:
    pattern, rewrite = (text(config[name], name) for name in ("pattern", "rewrite"))
    return _each(replacer(pattern, rewrite, every=bool(config["every"])))


def _full_match(config: Config) -> Function:
    automaton = Automaton(text(config["pattern"], "pattern"))

    def run(x: Array) -> Array:
        found = [automaton.search(one, 0, whole=True) is not None for one in listed(x)]
        return np.array(found, "?").reshape(x.shape)

    return run


def _split(config: Config) -> Function:
    """Places, words, or the shape of the words of each text."""
    part, by = config["part"], text(config["by"], "by")
    most, each = integer(config["most"], "most"), bool(config["each"])

    def cut(one: str) -> list[str]:
        if each:  # every letter of ``by`` separates; the first version of the operation
            parts = one.translate({ord(letter): by[:1] for letter in by}).split(by[0])
            return [part for part in parts if part] if config["skip"] else parts
        if by:
            return one.split(by, most)
        parts = one.translate(dict.fromkeys(map(ord, _ASCII_SPACE), " ")).split(" ")
        return [word for word in parts if word] if most < 0 else _leading(one, most)

    def run(x: Array) -> Array:
        rows = [cut(one) for one in listed(x)]
        if part == "words":
            return words([word for row in rows for word in row])
        if part == "shape":
            return np.array([len(rows), max(map(len, rows), default=0)], "int64")
        places = [(i, j) for i, row in enumerate(rows) for j in range(len(row))]
        return np.array(places, "int64").reshape(-1, 2)

    return run


def _leading(one: str, most: int) -> list[str]:
    """The first words of a text, and the rest of it."""
    found: list[str] = []
    rest = one.lstrip(_ASCII_SPACE)
    while rest and len(found) < most:
        end = next((i for i, letter in enumerate(rest) if letter in _ASCII_SPACE), len(rest))
        found.append(rest[:end])
        rest = rest[end:].lstrip(_ASCII_SPACE)
    return [*found, rest] if rest or len(found) == most else found


def _join(config: Config) -> Function:
    by = text(config["by"], "by")

    def run(*parts: Array) -> Array:
        shape = np.broadcast_shapes(*(one.shape for one in parts))
        rows = [listed(np.broadcast_to(one, shape)) for one in parts]
        return words([by.join(row) for row in zip(*rows, strict=True)], shape)

    return run


def _join_axis(config: Config) -> Function:
    """Texts along axes as one; the last axis that is named changes fastest."""
    by, keep = text(config["by"], "by"), bool(config["keep"])
    given = integers(config["axes"], "axes")

    def run(x: Array) -> Array:
        axes = [axis % x.ndim for axis in given] if given else []
        rest = [i for i in range(x.ndim) if i not in axes]
        moved = x.transpose([*rest, *axes])
        flat = moved.reshape([*moved.shape[: len(rest)], -1])
        rows = flat.reshape(-1, flat.shape[-1])
        kept = [1 if i in axes else size for i, size in enumerate(x.shape)]
        joined = [by.join(listed(row)) for row in rows]
        return words(joined, kept if keep else flat.shape[:-1])

    return run


def _length(config: Config) -> Function:
    wide = bool(config["wide"])

    def run(x: Array) -> Array:
        sizes = [len(one) if wide else len(one.encode()) for one in listed(x)]
        return np.array(sizes, "int32").reshape(x.shape)

    return run


def _part(config: Config) -> Function:
    wide = bool(config["wide"])

    def cut(one: str, start: int, size: int) -> str:
        whole: str | bytes = one if wide else one.encode()
        if not -len(whole) <= start <= len(whole):
            raise MismatchError(f"place {start} is outside of a text of {len(whole)}")
        first = start + len(whole) if start < 0 else start
        return decoded(whole[first : first + max(size, 0)])

    def run(x: Array, start: Array, size: Array) -> Array:
        shape = np.broadcast_shapes(x.shape, start.shape, size.shape)
        rows = [np.broadcast_to(one, shape).ravel().tolist() for one in (x, start, size)]
        found = [cut(decoded(one), *where) for one, *where in zip(*rows, strict=True)]
        return words(found, shape)

    return run


def _number(config: Config) -> Function:
    dtype = text(config["dtype"], "dtype")

    def parsed(one: str) -> float:
        try:
            return int(one) if dtype.startswith("int") else float(one)
        except ValueError:
            raise MismatchError("a text is not a number", received=repr(one[:40])) from None

    return lambda x: np.array([parsed(one) for one in listed(x)], dtype).reshape(x.shape)


def _as_text(_: Config) -> Function:
    def written(one: object) -> str:
        return ("false", "true")[one] if isinstance(one, bool) else str(one)

    return lambda x: words([written(one) for one in x.ravel().tolist()], x.shape)


def _characters(config: Config) -> Function:
    """Numbers of all letters in a row, or where the letters of each text end."""

    def run(x: Array) -> Array:
        rows = listed(x)
        if config["part"] == "ends":
            return np.cumsum([0, *map(len, rows)]).astype(text(config["dtype"], "dtype"))
        if config["part"] == "starts":
            return np.array(
                [len(one[:i].encode()) for one in rows for i in range(len(one))], "int64"
            )
        return np.array([ord(letter) for one in rows for letter in one], "int32")

    return run


def _encoded(_: Config) -> Function:
    """Numbers of letters as texts, each up to one of some ends."""

    def run(codes: Array, ends: Array) -> Array:
        letters = [chr(one) for one in codes.ravel().tolist()]
        cuts = ends.ravel().tolist()
        return words(["".join(letters[first:last]) for first, last in pairwise(cuts)])

    return run


def _runs(config: Config) -> Function:
    """Runs of words in rows (n-grams), or where those of each row end."""
    by, widths = text(config["by"], "by"), integers(config["widths"], "widths")
    left, right = (text(config[name], name) for name in ("left", "right"))
    pad, short = integer(config["pad"], "pad"), bool(config["short"])

    def of(row: list[str]) -> list[str]:
        found: list[str] = []
        for width in widths:
            padding = width - 1 if pad < 0 else min(pad, width - 1)
            around = [left] * padding + row + [right] * padding
            found += [by.join(around[i : i + width]) for i in range(len(around) - width + 1)]
        if short and not found and row:
            around = [left] * max(pad, 0) + row + [right] * max(pad, 0)
            found = [by.join(around)]
        return found

    def run(given: Array, ends: Array) -> Array:
        rows, cuts = listed(given), ends.ravel().tolist()
        made = [of(rows[a:b]) for a, b in pairwise(cuts)]
        if config["part"] == "ends":
            return np.cumsum([0, *map(len, made)]).astype(ends.dtype)
        return words([one for row in made for one in row])

    return run


STEPS: Mapping[str, Callable[[Config], Function]] = {
    "text_as": _as_text,
    "text_characters": _characters,
    "text_encode": _encoded,
    "text_join": _join,
    "text_join_axis": _join_axis,
    "text_length": _length,
    "text_lower": _lower,
    "text_match": _full_match,
    "text_number": _number,
    "text_part": _part,
    "text_replace": _replace,
    "text_runs": _runs,
    "text_split": _split,
    "text_strip": lambda _: _each(lambda one: one.strip(_ASCII_SPACE)),
    "text_upper": _upper,
}
"""Kind of a step -> what makes its function from its config."""
