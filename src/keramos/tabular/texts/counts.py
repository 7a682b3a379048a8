"""A number for each word of a vocabulary: bags of words, ``texts_to_matrix`` of Keras, and the
vectorizers of scikit-learn.
"""

from __future__ import annotations

from collections import Counter
from math import log
from typing import TYPE_CHECKING

import numpy as np

from keramos.tabular.texts.numbered import Numbered

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Sequence as Items

    from numpy.typing import NDArray

    from keramos.types.texts import Counts

_MOST_WORDS = 1 << 20
_LARGEST = 2.0**127


def numberer(numbers: Counts) -> Callable[[Items[str]], Numbered]:
    """A function from words to the numbers of the vocabulary."""
    index = {word: place for place, word in enumerate(numbers.words) if word}
    weights = np.array(numbers.weights or (1.0,))

    def number(words: Items[str]) -> Numbered:
        places = [index.get(word, numbers.unknown) for word in words]
        found = Counter(place for place in places if place >= 0)
        values = np.zeros(len(numbers.words))
        for place, count in found.items():
            values[place] = _value(count, numbers.mode, found.total())
        values = _scaled(values * weights, numbers.norm)
        return Numbered(values.astype(numbers.dtype), tuple(word in index for word in words))

    return number


def _value(count: int, mode: str, total: int) -> float:
    if mode == "binary":
        return 1.0
    if mode == "share":
        return count / total
    return 1.0 + log(count) if mode == "log" else float(count)


def _scaled(values: NDArray[np.float64], norm: str) -> NDArray[np.float64]:
    if not norm:
        return values
    size = np.abs(values).sum() if norm == "l1" else np.sqrt((values * values).sum())
    return values / size if size else values


def fault(numbers: Counts) -> str:
    """What is wrong with the values, "" where nothing is."""
    words = [word for word in numbers.words if word]
    if not 0 < len(numbers.words) <= _MOST_WORDS or len(set(words)) != len(words):
        return "has no words, too many, or one twice"
    if numbers.weights and len(numbers.weights) != len(numbers.words):
        return "has another number of weights than of words"
    if any(abs(weight) > _LARGEST for weight in numbers.weights):
        return "has a weight beyond the range of float32"
    if not -1 <= numbers.unknown < len(numbers.words):
        return "has a place that no word has"
    return ""


def shape(numbers: Counts) -> tuple[int, ...]:
    """Of the numbers of one text."""
    return (len(numbers.words),)
