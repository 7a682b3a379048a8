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


class NltkWords(Frozen, frozen=True, tag="nltk"):
    """Words as ``nltk.word_tokenize`` finds them, each replaced by its form in ``forms`` if it has
    one. ``keep`` says which tokens count: all, or those of letters and digits alone.
    """

    forms: dict[str, str]
    lower: bool = True
    keep: Literal["all", "alphanumeric"] = "all"


class BlankWords(Frozen, frozen=True, tag="blanks"):
    """What stands between blanks, as ``str.split``; else as ``NltkWords``."""

    forms: dict[str, str]
    lower: bool = True


class Ngrams(Frozen, frozen=True, tag="ngrams"):
    """Runs of ``shortest`` to ``longest`` words or characters, as the vectorizers of scikit-learn
    find them: in lower case, without ``accents``, words by ``pattern`` and without ``stop_words``.
    """

    analyzer: Literal["word", "char", "char_wb"] = "word"
    shortest: int = 1
    longest: int = 1
    pattern: str = r"(?u)\b\w\w+\b"
    stop_words: tuple[str, ...] = ()
    lower: bool = True
    accents: Literal["kept", "unicode", "ascii"] = "kept"


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


class Counts(Frozen, frozen=True, tag="counts"):
    """A number for each of ``words``: how often a text has it.

    ``mode`` makes of a count c that is not 0: c, 1 (``binary``), c by the number of all words
    (``share``), or 1 + ln c (``log``). ``weights`` multiply that, and ``norm`` makes the numbers of
    a text add up to 1 (``l1``) or have the length 1 (``l2``). A word outside of ``words`` counts as
    the one at the place ``unknown``, where that is not -1. ``dtype`` is that of the input.
    """

    words: tuple[str, ...]
    mode: Literal["binary", "count", "share", "log"] = "binary"
    weights: tuple[float, ...] = ()
    norm: Literal["", "l1", "l2"] = ""
    unknown: int = -1
    dtype: Literal["int32", "int64", "float32", "float64"] = "float32"


class Text(Frozen, frozen=True):
    """``words`` says how a text becomes words, ``numbers`` how words become numbers."""

    words: KerasWords | NltkWords | BlankWords | Ngrams
    numbers: Sequence | Counts
