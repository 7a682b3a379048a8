"""Words as a Keras ``Tokenizer`` finds them. Source: ``keras_preprocessing.text``, 1.1.2."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keramos.types.texts import KerasWords


_MOST_FILTERS, _LONGEST_SPLIT = 10_000, 16
"""Characters; each filtered one of a text becomes the split."""


def cutter(words: KerasWords) -> Callable[[str], Sequence[str]]:
    """A function from a text to its words."""
    filters = str.maketrans(dict.fromkeys(words.filters, words.split))

    def cut(text: str) -> Sequence[str]:
        if words.lower:
            text = text.lower()
        if words.characters:
            return text
        return [word for word in text.translate(filters).split(words.split) if word]

    return cut


def fault(words: KerasWords) -> str:
    """What is wrong with the values, "" where nothing is."""
    if len(words.filters) > _MOST_FILTERS or len(words.split) > _LONGEST_SPLIT:
        return "has longer filters or a longer split than a text is cut by"
    return "" if words.split or words.characters else "cuts at an empty text"
