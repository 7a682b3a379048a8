"""The index of each word, padded to one length. Source: ``texts_to_sequences`` and
``pad_sequences`` of Keras.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.tabular.texts.numbered import Numbered

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Sequence as Items

    from keramos.types.texts import Sequence

_MOST_LENGTH = 1 << 20


def numberer(numbers: Sequence) -> Callable[[Items[str]], Numbered]:
    """A function from words to their padded indices."""
    limit = numbers.limit or len(numbers.words) + 1
    index = {word: place for place, word in enumerate(numbers.words[: limit - 1], 1)}
    other, length = numbers.unknown, numbers.length

    def number(words: Items[str]) -> Numbered:
        found = [index.get(word, other) for word in words]
        kept = [place for place in found if place]
        kept = kept[-length:] if numbers.truncating == "pre" else kept[:length]
        values = np.full(length, numbers.value, numbers.dtype)
        if kept:
            values[slice(-len(kept), None) if numbers.padding == "pre" else slice(len(kept))] = kept
        return Numbered(values, tuple(word in index for word in words))

    return number


def fault(numbers: Sequence) -> str:
    """What is wrong with the values, "" where nothing is."""
    if not 0 < numbers.length <= _MOST_LENGTH:
        return "has a length that no input has"
    if not 0 <= numbers.unknown <= len(numbers.words) or numbers.limit < 0:
        return "has an index that no word has"
    return ""


def shape(numbers: Sequence) -> tuple[int, ...]:
    """Of the numbers of one text."""
    return (numbers.length,)
