"""Runs of words or characters, as ``CountVectorizer`` and ``TfidfVectorizer`` find them.

Source: scikit-learn 1.9, ``feature_extraction/text.py``.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from keramos.types.texts import Ngrams

_CLASS = r"(?:\\[wdS]|\[\^?(?:\\[wdsWDS]|\\.|[^\\\[\]])+\])"
_SAFE = re.compile(
    rf"(?:\(\?u\))?(?P<first>\\b)?(?P<one>{_CLASS})(?P=one)*(?:\+|\{{\d{{1,3}}(?:,\d{{0,3}})?\}})?"
    r"(?P<last>\\b)?"
)
"""Patterns of one class of characters, which take a time in proportion to the text."""

_MOST_LENGTH = 32
_MOST_PATTERN = 200
_BLANKS = re.compile(r"\s\s+")


def cutter(words: Ngrams) -> Callable[[str], Sequence[str]]:
    """A function from a text to its runs."""
    cut = {"word": _of_words(words), "char": _of_characters(words), "char_wb": _inside_words(words)}
    runs = cut[words.analyzer]
    return lambda text: runs(_plain(text, words))


def _plain(text: str, words: Ngrams) -> str:
    if words.lower:
        text = text.lower()
    if words.accents == "ascii":
        return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    if words.accents == "unicode" and not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text)
        return "".join(one for one in decomposed if not unicodedata.combining(one))
    return text


def _of_words(words: Ngrams) -> Callable[[str], list[str]]:
    pattern, stop = re.compile(words.pattern), frozenset(words.stop_words)

    def cut(text: str) -> list[str]:
        found = [word for word in pattern.findall(text) if word not in stop]
        if words.longest == 1:
            return found
        return [" ".join(run) for run in _runs(found, words)]

    return cut


def _of_characters(words: Ngrams) -> Callable[[str], list[str]]:
    return lambda text: ["".join(run) for run in _runs(_BLANKS.sub(" ", text), words)]


def _inside_words(words: Ngrams) -> Callable[[str], list[str]]:
    def cut(text: str) -> list[str]:
        found = []
        for word in text.split():
            padded = f" {word} "
            for size in range(words.shortest, words.longest + 1):
                found.append(padded[:size])
                found += [padded[at : at + size] for at in range(1, len(padded) - size + 1)]
                if size >= len(padded):  # a short word counts once
                    break
        return found

    return cut


def _runs(items: Sequence[str], words: Ngrams) -> Iterator[Sequence[str]]:
    for size in range(words.shortest, min(words.longest, len(items)) + 1):
        for at in range(len(items) - size + 1):
            yield items[at : at + size]


def cost(words: Ngrams) -> int:
    """How many runs begin at a character."""
    return words.longest - words.shortest + 1


def fault(words: Ngrams) -> str:
    """What is wrong with the values, "" where nothing is."""
    if not 1 <= words.shortest <= words.longest <= _MOST_LENGTH:
        return "has lengths of runs that no vectorizer has"
    if words.analyzer == "word" and not is_safe(words.pattern):
        return "has a pattern whose time is not bounded"
    return ""


def is_safe(pattern: str) -> bool:
    """Whether a pattern is one class of characters, repeated, which never takes long."""
    found = _SAFE.fullmatch(pattern) if len(pattern) <= _MOST_PATTERN else None
    if found is None:
        return False
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return False
    return bool(found["first"]) or not found["last"]
