"""Words as a Keras ``Tokenizer`` finds them. Source: ``keras_preprocessing.text``, 1.1.2."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keramos.types.texts import KerasWords


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
    return "" if words.split or words.characters else "cuts at an empty text"
