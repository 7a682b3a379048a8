"""What the original parts give for texts, written down from the libraries' own descriptions and
apart from what answers: the two prove each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence as Items

    from numpy.typing import NDArray

    from keramos.types.texts import KerasWords, Sequence, Text


def by_parts(text: Text, texts: Items[str]) -> NDArray[np.generic]:
    """The numbers of texts, shape (texts, numbers)."""
    words = [_keras_words(text.words, one) for one in texts]
    return np.stack([_sequence(text.numbers, one) for one in words])


def _keras_words(rule: KerasWords, text: str) -> list[str]:
    """``text_to_word_sequence`` of Keras."""
    if rule.lower:
        text = text.lower()
    if rule.characters:
        return list(text)
    for character in rule.filters:
        text = text.replace(character, rule.split)
    return [word for word in text.split(rule.split) if word]


def _sequence(rule: Sequence, words: list[str]) -> NDArray[np.generic]:
    """``texts_to_sequences`` and ``pad_sequences`` of Keras."""
    index = dict(zip(rule.words, range(1, len(rule.words) + 1), strict=True))
    found: list[float] = []
    for word in words:
        place = index.get(word)
        if place is None or (rule.limit and place >= rule.limit):
            place = rule.unknown
        if place:
            found.append(place)
    while len(found) > rule.length:
        found.pop(0 if rule.truncating == "pre" else -1)
    gap = [rule.value] * (rule.length - len(found))
    return np.array(gap + found if rule.padding == "pre" else found + gap, rule.dtype)
