"""What the original parts give for texts, written down from the libraries' own descriptions and
apart from what answers: the two prove each other.
"""

from __future__ import annotations

import re
from math import log, sqrt
from typing import TYPE_CHECKING

import numpy as np

from keramos.tabular.texts.table import WORDS
from keramos.types.texts import Counts, KerasWords, Ngrams

if TYPE_CHECKING:
    from collections.abc import Sequence as Items

    from numpy.typing import NDArray

    from keramos.types.texts import Sequence, Text


def by_parts(text: Text, texts: Items[str]) -> NDArray[np.generic]:
    """The numbers of texts, shape (texts, numbers)."""
    words = [_words(text.words, one) for one in texts]
    if isinstance(text.numbers, Counts):
        return np.stack([_counts(text.numbers, one) for one in words])
    return np.stack([_sequence(text.numbers, one) for one in words])


def _words(rule: object, text: str) -> list[str]:
    if isinstance(rule, KerasWords):
        return _keras_words(rule, text)
    if isinstance(rule, Ngrams) and rule.analyzer == "word" and rule.accents == "kept":
        return _word_ngrams(rule, text)
    return list(WORDS[type(rule)].make(rule)(text))


def _keras_words(rule: KerasWords, text: str) -> list[str]:
    """``text_to_word_sequence`` of Keras."""
    if rule.lower:
        text = text.lower()
    if rule.characters:
        return list(text)
    for character in rule.filters:
        if character != rule.split:
            text = text.replace(character, rule.split)
    return [word for word in text.split(rule.split) if word]


def _word_ngrams(rule: Ngrams, text: str) -> list[str]:
    """``build_analyzer`` of scikit-learn."""
    words = re.findall(rule.pattern, text.lower() if rule.lower else text)
    words = [word for word in words if word not in rule.stop_words]
    return [
        " ".join(words[at : at + size])
        for size in range(rule.shortest, rule.longest + 1)
        for at in range(len(words) - size + 1)
    ]


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


def _counts(rule: Counts, words: list[str]) -> NDArray[np.generic]:
    """A bag of words, ``sequences_to_matrix`` of Keras, ``transform`` of scikit-learn."""
    places = [
        rule.words.index(word) if word in rule.words and word else rule.unknown for word in words
    ]
    places = [place for place in places if place >= 0]
    row = [0.0] * len(rule.words)
    for place in set(places):
        count = places.count(place)
        ways = {"binary": 1.0, "share": count / len(places), "log": 1 + log(count)}
        row[place] = ways.get(rule.mode, float(count))
        row[place] *= rule.weights[place] if rule.weights else 1.0
    sizes = {"l1": sum(map(abs, row)), "l2": sqrt(sum(one * one for one in row))}
    size = sizes.get(rule.norm, 1.0) or 1.0
    return np.array([one / size for one in row], rule.dtype)
