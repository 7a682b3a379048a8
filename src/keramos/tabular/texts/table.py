"""The ways from a text to words and from words to numbers, one row each. To add one: its values in
``types.texts``, a file beside this one, and a row here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from keramos.tabular.cell import Refused
from keramos.tabular.texts import (
    blank_words,
    counts,
    keras_words,
    ngrams,
    nltk_words,
    sequence,
)
from keramos.types.texts import (
    BlankWords,
    Counts,
    KerasWords,
    Ngrams,
    NltkWords,
    Sequence,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Sequence as Items
    from typing import Any

    from numpy.typing import NDArray

    from keramos.tabular.texts.numbered import Numbered
    from keramos.types.texts import Text

_MOST_CHARACTERS = 1_000_000
"""Of one text, as in ``tabular.text``; less where words take longer."""

_MOST_ENCODERS = 64
_SHOWN = 60
"""Words and numbers of one text that people are shown."""


@dataclass(frozen=True, slots=True)
class Way:
    """``make`` gives the function, ``fault`` what is wrong with its values ("": nothing), ``shape``
    that of the numbers of a text, ``cost`` how many times longer than others a character takes.
    """

    make: Callable[[Any], Callable[[Any], Any]]  # the values are those of the row's class
    fault: Callable[[Any], str]
    shape: Callable[[Any], tuple[int, ...]] = lambda _: ()
    cost: Callable[[Any], int] = lambda _: 1


WORDS: dict[type, Way] = {
    KerasWords: Way(keras_words.cutter, keras_words.fault),
    NltkWords: Way(nltk_words.cutter, nltk_words.fault, cost=nltk_words.cost),
    BlankWords: Way(blank_words.cutter, blank_words.fault),
    Ngrams: Way(ngrams.cutter, ngrams.fault, cost=ngrams.cost),
}
"""Class of ``Text.words`` -> text to words."""

NUMBERS: dict[type, Way] = {
    Sequence: Way(sequence.numberer, sequence.fault, sequence.shape),
    Counts: Way(counts.numberer, counts.fault, counts.shape),
}
"""Class of ``Text.numbers`` -> words to numbers."""


class TextEncoder:
    """What makes the numbers of texts, by the recipe of one column."""

    def __init__(self, text: Text) -> None:
        self._recipe = text
        words, numbers = WORDS[type(text.words)], NUMBERS[type(text.numbers)]
        self.words: Callable[[str], Items[str]] = words.make(text.words)
        self._numbered: Callable[[Items[str]], Numbered] = numbers.make(text.numbers)
        self.shape = numbers.shape(text.numbers)
        self.dtype = text.numbers.dtype
        self.most = _MOST_CHARACTERS // words.cost(text.words)

    def one(self, text: str) -> tuple[Items[str], Numbered] | Refused:
        """The words of a text and their numbers; or why not."""
        if len(text) > self.most:
            return Refused(f"a text of {len(text):,} characters; at most {self.most:,} are read")
        words = self.words(text)
        return words, self._numbered(words)

    def seen(self, text: str) -> tuple[tuple[str, str], ...]:
        """The words of a text, those that the vocabulary lacks, and their numbers, for people."""
        found = self.one(text)
        if isinstance(found, Refused):
            return ()
        words, numbered = found
        known = [word for word, has in zip(words, numbered.known, strict=True) if has]
        unknown = [word for word, has in zip(words, numbered.known, strict=True) if not has]
        return (
            ("known words", _listed(known)),
            ("unknown words", _listed(unknown)),
            ("numbers", self._shown(numbered.values)),
        )

    def _shown(self, values: NDArray[np.generic]) -> str:
        """All numbers of a sequence; of a long row those that are not 0, with their words."""
        numbers = self._recipe.numbers
        if isinstance(numbers, Sequence):
            return _listed([f"{value:g}" for value in values.tolist()], " ")
        places = np.flatnonzero(values).tolist()
        return _listed([f"{numbers.words[at]}={values[at]:.4g}" for at in places])

    def many(self, texts: Items[str]) -> tuple[NDArray[np.generic], dict[int, str]]:
        """The numbers of texts, and why texts cannot be used; those are zeros."""
        values = np.zeros((len(texts), *self.shape), self.dtype)
        reasons = {}
        for row, text in enumerate(texts):
            found = self.one(text)
            if isinstance(found, Refused):
                reasons[row] = found.reason
            else:
                values[row] = found[1].values
        return values, reasons


def _listed(words: Items[str], joint: str = ", ") -> str:
    shown = joint.join(words[:_SHOWN]) or "none"
    return shown if len(words) <= _SHOWN else f"{shown} ... ({len(words):,} in all)"


_ENCODERS: dict[int, tuple[Text, TextEncoder]] = {}


def encoder_of(text: Text) -> TextEncoder:
    """The encoder of a recipe, made once: a vocabulary is too long to be compared each time."""
    found = _ENCODERS.get(id(text))
    if found is None or found[0] is not text:
        if len(_ENCODERS) >= _MOST_ENCODERS:
            _ENCODERS.clear()
        found = _ENCODERS[id(text)] = (text, TextEncoder(text))
    return found[1]


def text_fault(text: Text) -> str:
    """What is wrong with a recipe, "" where nothing is."""
    return WORDS[type(text.words)].fault(text.words) or NUMBERS[type(text.numbers)].fault(
        text.numbers
    )
