"""How a text becomes the input of a network: its words, then their numbers."""

from __future__ import annotations

from typing import Literal

from keramos.frozen import Frozen

Side = Literal["pre", "post"]


class KerasWords(Frozen, frozen=True, tag="keras"):
    """Words as a Keras ``Tokenizer`` finds them: each character of ``filters`` becomes ``split``,
    where the text is cut; or every character is a word (``characters``).
    """

    filters: str
    split: str = " "
    lower: bool = True
    characters: bool = False


class Sequence(Frozen, frozen=True, tag="sequence"):
    """The index of each word, padded to ``length`` as ``pad_sequences`` does.

    The first of ``words`` has the index 1. A word of an index of ``limit`` and above (0: no limit)
    or outside of ``words`` has the index ``unknown``; 0 leaves it out. ``padding`` says where
    ``value`` is filled in, ``truncating`` at which end a longer text is cut. ``dtype`` is that of
    the network's input.
    """

    words: tuple[str, ...]
    length: int
    padding: Side = "pre"
    truncating: Side = "pre"
    unknown: int = 0
    limit: int = 0
    value: float = 0.0
    dtype: Literal["int32", "int64", "float32", "float64"] = "int32"


class Text(Frozen, frozen=True):
    """``words`` says how a text becomes words, ``numbers`` how words become numbers."""

    words: KerasWords
    numbers: Sequence
