"""The vocabularies beside a model, and the recipes that they make with it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, cast

from keramos.adoption.texts.code import Padded
from keramos.adoption.texts.recipe import Recipe
from keramos.errors import UnsupportedModelError, UsageError
from keramos.types.adoption import Finding, Part
from keramos.types.companions import Tokenizer
from keramos.types.texts import KerasWords, Sequence, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from keramos.adoption.pieces import Pieces
    from keramos.adoption.texts.code import Said
    from keramos.adoption.texts.network import Taken
    from keramos.types.companions import Companion
    from keramos.types.texts import Side

    Items = list[tuple[Companion, Tokenizer]]

_FEW_WORDS = 50
_ROUND = 100
_SIDES = ("pre", "post")
_USUAL: tuple[tuple[Side, Side], ...] = (
    ("pre", "pre"),
    ("post", "post"),
    ("pre", "post"),
    ("post", "pre"),
)
"""Sides on which texts are filled and cut, the most frequent first."""
_LENGTH = re.compile(r"max|len|length|pad")


def sequences(
    taken: Taken, pieces: Pieces, said: Said, settings: Mapping[str, object]
) -> Iterator[Recipe]:
    """The recipes of a network that takes the indices of words.

    Raises:
        UnsupportedModelError: no vocabulary fits the network, or no file says how long a text is.
        UsageError: a setting has a value that no recipe has.
    """
    length, how = _length(taken, pieces, said, settings)
    for companion, tokenizer in _fitting(taken, pieces):
        for padded, finding, doubt in _paddings(said, length, settings):
            unknown = _place(tokenizer, tokenizer.oov_token)
            numbers = Sequence(
                tokenizer.words,
                length,
                padded.padding,
                padded.truncating,
                unknown,
                tokenizer.num_words,
                padded.value,
                taken.dtype,  # type: ignore[arg-type]  # dtypes of inputs are those of sequences
            )
            source = pieces.short(companion.path)
            notes, doubts = _remarks(taken, tokenizer, source)
            yield Recipe(
                Text(words_of(tokenizer), numbers),
                f"{source}, {_of(padded)}",
                tokenizer.words,
                (*told(tokenizer, source), how, finding),
                doubts,
                notes,
                (Part(source, companion.sha256),),
                doubt,
            )


def tokenizers(pieces: Pieces) -> Items:
    """Those beside the model, each once."""
    found: Items = []
    for one in pieces.companions:
        value = one.value
        if isinstance(value, Tokenizer) and all(value != other for _, other in found):
            found.append((one, value))
    return found


def _fitting(taken: Taken, pieces: Pieces) -> Items:
    """The tokenizers whose indices the network's table has, the nearest size first."""
    found = tokenizers(pieces)
    if not found:
        raise UnsupportedModelError(
            "the network takes the indices of words, and no tokenizer lies beside it"
            f"{_why(pieces)}",
            remedy="Give the tokenizer that was stored with it (tokenizer.pickle, tokenizer.json)",
        )
    fitting = [(one, value) for one, value in found if _largest(value) < taken.table]
    if not fitting:
        listed = ", ".join(
            f"{pieces.short(one.path)} has words up to index {_largest(value):,}"
            for one, value in found[:4]
        )
        raise UnsupportedModelError(
            f"the embedding of the network knows {taken.table:,} indices, and {listed}: they are "
            "not of one model",
        )
    exact = [pair for pair in fitting if taken.table in _sizes(pair[1])]
    return exact or sorted(fitting, key=lambda pair: taken.table - _largest(pair[1]))


def _sizes(tokenizer: Tokenizer) -> set[int]:
    """The sizes that an embedding for a tokenizer has."""
    known = len(tokenizer.words)
    return {known, known + 1, known + 2, tokenizer.num_words, tokenizer.num_words + 1}


def _why(pieces: Pieces) -> str:
    """Why a file with the name of a tokenizer is not one."""
    for one in pieces.left_out:
        if "token" in Path(one.path).name.lower():
            return f" ({pieces.short(one.path)}: {one.reason})"
    return ""


def _largest(tokenizer: Tokenizer) -> int:
    """The largest index that it gives."""
    most = len(tokenizer.words)
    return min(most, tokenizer.num_words - 1) if tokenizer.num_words else most


def words_of(tokenizer: Tokenizer) -> KerasWords:
    """How it finds words."""
    return KerasWords(tokenizer.filters, tokenizer.split, tokenizer.lower, tokenizer.char_level)


def _place(tokenizer: Tokenizer, word: str) -> int:
    """The index of the word for unknown ones, 0 where there is none."""
    if not word:
        return 0
    if word not in tokenizer.words:
        raise UnsupportedModelError(
            "the tokenizer's word for unknown words is not among its words", received=word[:80]
        )
    return tokenizer.words.index(word) + 1


def told(tokenizer: Tokenizer, source: str) -> tuple[Finding, ...]:
    """What is told about it."""
    words = f"{len(tokenizer.words):,} words"
    if tokenizer.num_words and tokenizer.num_words <= len(tokenizer.words):
        words += f", of which the first {tokenizer.num_words - 1:,} count"
    other = f"become {tokenizer.oov_token}" if tokenizer.oov_token else "are left out"
    cut = "each character" if tokenizer.char_level else f"at {tokenizer.split!r}"
    return (
        Finding("words", words, "file", source),
        Finding("unknown words", other, "file", source),
        Finding("cut", f"{cut}{', lower case' if tokenizer.lower else ''}", "file", source),
    )


def _remarks(
    taken: Taken, tokenizer: Tokenizer, source: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Notes and doubts on how the vocabulary fits the embedding."""
    known, table = len(tokenizer.words), taken.table
    notes: tuple[str, ...] = ()
    if known < _FEW_WORDS:
        notes = (f"{source} knows {known} words only: other words say nothing to the network",)
    if table in _sizes(tokenizer) or table % _ROUND == 0 or table - known < _ROUND // 10:
        return notes, ()
    doubt = (
        f"the embedding knows {table:,} indices and {source} {known:,} words: it may be of another "
        "model"
    )
    return notes, (doubt,)


def _of(padded: Padded) -> str:
    sides = {"pre": "before", "post": "after"}
    first, second = sides[padded.padding], sides[padded.truncating]
    if first == second:
        return f"filled and cut {first} the words"
    return f"filled {first} the words and cut {second} them"


def _length(
    taken: Taken, pieces: Pieces, said: Said, settings: Mapping[str, object]
) -> tuple[int, Finding]:
    """How many indices a text becomes."""
    stated = settings.get("length")
    files = list(_lengths(pieces))
    if taken.length:
        other = [name for name, found in files if found != taken.length]
        fits = len(other) < len(files) or not other
        if stated not in (None, taken.length) or (not fits and len(pieces.models) > 1):
            raise UnsupportedModelError(
                f"the network takes {taken.length} indices a text",
                received=str(stated) if stated is not None else f"another length in {other[0]}",
            )
        return taken.length, Finding("length", f"{taken.length}", "model")
    if type(stated) is int and stated > 0:
        return stated, Finding("length", f"{stated}", "user", "", "confirmed")
    if stated is not None:
        raise UsageError(
            "the length must be a number of words", option="length", received=str(stated)
        )
    if files:
        return files[0][1], Finding("length", f"{files[0][1]}", "file", files[0][0])
    in_code = {one.length: one.where for one in said.paddings if one.length}
    if len(in_code) == 1:
        ((length, where),) = in_code.items()
        return length, Finding("length", f"{length}", "code", where, "inferred")
    raise UnsupportedModelError(
        "no file says how many words of a text the network takes",
        remedy="Say it in a recipe: settings = {length = 100}",
    )


def _lengths(pieces: Pieces) -> Iterator[tuple[str, int]]:
    """Files beside the model that hold one number and have a name like ``max_length``."""
    for one in pieces.companions:
        value = one.value
        if type(value) is int and value > 0 and _LENGTH.search(Path(one.path).stem.lower()):
            yield pieces.short(one.path), value


def _paddings(
    said: Said, length: int, settings: Mapping[str, object]
) -> Iterator[tuple[Padded, Finding, str]]:
    """Where a text is filled and cut, as the source says; else the two usual ways."""
    sides = [settings.get(name) for name in ("padding", "truncating")]
    wrong = next((side for side in sides if side is not None and side not in _SIDES), None)
    if wrong is not None:
        raise UsageError(
            "padding and truncating are 'pre' or 'post'",
            option="settings",
            received=str(wrong),
        )
    found = [one for one in said.paddings if one.length == length] or said.paddings
    by_side = {(one.padding, one.truncating, one.value): one for one in reversed(found)}
    if sides[0] is not None or sides[1] is not None:
        usual = found[0] if found else Padded(0, "pre", "pre", 0.0, "")
        padded = Padded(
            0,
            cast("Side", sides[0] or usual.padding),
            cast("Side", sides[1] or usual.truncating),
            usual.value,
            "",
        )
        yield padded, Finding("padding", _of(padded), "user", "", "confirmed"), ""
        return
    for one in by_side.values():
        doubt = f"so does {one.where}" if len(by_side) > 1 else ""
        yield one, Finding("padding", _of(one), "code", one.where), doubt
    if not by_side:
        doubt = "no file says on which side a text is filled and cut"
        for one in (Padded(0, *both, 0.0, "") for both in _USUAL):
            yield one, Finding("padding", _of(one), "convention", "", "assumed"), doubt
