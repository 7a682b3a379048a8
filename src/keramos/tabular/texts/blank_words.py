"""Words between blanks, as ``str.split`` finds them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keramos.types.texts import BlankWords


def cutter(words: BlankWords) -> Callable[[str], Sequence[str]]:
    """A function from a text to its words."""
    forms = words.forms

    def cut(text: str) -> Sequence[str]:
        return [forms.get(word, word) for word in (text.lower() if words.lower else text).split()]

    return cut


def fault(words: BlankWords) -> str:
    """What is wrong with the values, "" where nothing is."""
    del words
    return ""
