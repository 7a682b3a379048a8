"""Nouns in their basic form, as NLTK's ``WordNetLemmatizer`` gives them.

The nouns are those of WordNet 3.0 (see NOTICE). They are read at adoption only: what a word list
needs of them is folded into a table of forms.
"""

from __future__ import annotations

import lzma
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_FILE = Path(__file__).with_name("nouns.xz")
_ENDINGS = (
    ("s", ""),
    ("ses", "s"),
    ("ves", "f"),
    ("xes", "x"),
    ("zes", "z"),
    ("ches", "ch"),
    ("shes", "sh"),
    ("men", "man"),
    ("ies", "y"),
)
"""Endings and what stands in their place. Source: WordNet 3.0, morphy(7)."""


@cache
def _read() -> tuple[frozenset[str], Mapping[str, tuple[str, ...]]]:
    nouns, _, irregular = lzma.decompress(_FILE.read_bytes()).decode().partition("\n\n")
    forms = (line.split() for line in irregular.splitlines())
    return frozenset(nouns.splitlines()), {first: tuple(rest) for first, *rest in forms}


def lemma(word: str) -> str:
    """The shortest basic form of a word, or the word where it has none."""
    nouns, irregular = _read()
    forms = irregular.get(word)
    if forms is None:
        forms = tuple(word[: -len(old)] + new for old, new in _ENDINGS if word.endswith(old))
    found = [form for form in (word, *forms) if form in nouns]
    return min(found, key=len) if found else word


def forms_of(words: Iterable[str]) -> dict[str, str]:
    """All words whose basic form is one of ``words`` or that are among them, where that differs
    from the word: word -> basic form.
    """
    listed = frozenset(words)
    found = {one: lemma(one) for word in listed for one in (word, *_inflected(word))}
    irregular = _read()[1]
    found |= {one: lemma(one) for one in irregular}
    return {
        one: form
        for one, form in sorted(found.items())
        if one != form and (form in listed or one in listed)
    }


def _inflected(word: str) -> Iterator[str]:
    return (word[: len(word) - len(new)] + old for old, new in _ENDINGS if word.endswith(new))
