"""Bags of words: a list of words beside a network that takes a number for each."""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from keramos.adoption.texts.lemmas import forms_of, lemma
from keramos.adoption.texts.recipe import Recipe
from keramos.errors import UnsupportedModelError
from keramos.tabular.texts.nltk_words import cutter
from keramos.types.adoption import Finding, Part
from keramos.types.companions import Intents, Labels
from keramos.types.texts import BlankWords, Counts, NltkWords, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from keramos.adoption.pieces import Pieces
    from keramos.adoption.texts.code import Said
    from keramos.adoption.texts.network import Taken
    from keramos.types.adoption import Certainty, Origin
    from keramos.types.companions import Companion
    from keramos.types.texts import Ngrams

_NAMES = frozenset({"word", "words", "vocab", "vocabulary", "texts", "bag", "tokens"})
_STEMS = ("stem",)
_OTHER = ("wordpunct_tokenize", "RegexpTokenizer", "TweetTokenizer")
_MOST_PATTERNS = 3_000
_MOST_CHARACTERS = 1_000
_UNSEEN = 0.02
"""Share of a word list that its patterns need not have: both are edited apart."""


def word_lists(pieces: Pieces, width: int) -> Iterator[tuple[Companion, tuple[str, ...]]]:
    """Lists of as many different words as the network takes numbers, with a name like words.pkl."""
    for companion in pieces.companions:
        value = companion.value
        found = value.names if isinstance(value, Labels) else value
        if not isinstance(found, (list, tuple)) or len(found) != width:
            continue
        if not all(isinstance(word, str) and word for word in found) or len(set(found)) != width:
            continue
        name = set(re.split(r"[^a-z]+", Path(companion.path).stem.lower()))
        if _NAMES & name:
            yield companion, tuple(found)


def bags(taken: Taken, pieces: Pieces, said: Said) -> Iterator[Recipe]:
    """The recipes of a network that takes a bag of words.

    Raises:
        UnsupportedModelError: the words are stems, or no known cut of the patterns gives them.
    """
    for companion, words in word_lists(pieces, taken.length):
        source = pieces.short(companion.path)
        _check_calls(said)
        cuts, origin, doubt = _cuts(words, source, pieces, said)
        for one, remark in (pair for cut in cuts for pair in _kept(cut, words, said)):
            numbers = Counts(words, dtype=taken.dtype)  # type: ignore[arg-type]  # a float's
            how = Finding("cut", _told(one), *origin)
            yield Recipe(
                Text(one, numbers),
                f"{source}, {_told(one)}",
                words,
                (
                    Finding(
                        "words", f"{len(words):,} words, 1 where a text has it", "file", source
                    ),
                    how,
                ),
                (),
                _notes(one, said),
                (Part(source, companion.sha256),),
                "; ".join(one for one in (doubt, remark) if one),
            )


def _check_calls(said: Said) -> None:
    for name in (*_STEMS, *_OTHER):
        if name in said.calls:
            raise UnsupportedModelError(
                f"the app makes words with {name} ({said.calls[name]}), which a file cannot do",
            )


_Cut = NltkWords | BlankWords


def _cuts(
    words: Sequence[str], source: str, pieces: Pieces, said: Said
) -> tuple[list[_Cut], tuple[Origin, str, Certainty], str]:
    """How texts are cut: the ways by which the patterns of intents give the list, and of those the
    one that the app takes.
    """
    ways = _ways(words)
    patterns = list(islice(_patterns(pieces), _MOST_PATTERNS))
    fitting = [way for way in ways if _gives(way, words, patterns)] if patterns else ways[:2]
    if not fitting:
        made = {word for text in patterns for word in _made(ways[0], text)}
        absent = ", ".join(word for word in words if word not in made)[:120]
        raise UnsupportedModelError(
            f"the words of {source} are not those of the patterns beside it: {absent}. They may be "
            "stems, or the list may be of another model"
        )
    if said.lowers and isinstance(fitting[0], NltkWords):
        lower = any(said.lowers.values())
        where = next(iter(said.lowers))
        forms = fitting[0].forms if "lemmatize" in said.calls or patterns else {}
        return [NltkWords(forms, lower=lower)], ("code", where, "stated"), ""
    if len(fitting) == 1:
        return fitting, ("file", f"{source} and the patterns", "inferred"), ""
    doubt = "no file says whether texts are in lower case before they are compared"
    if not patterns:
        doubt = f"no file says how texts become words; {doubt}"
    return fitting, ("convention", "", "assumed"), doubt


def _ways(words: Sequence[str]) -> list[_Cut]:
    """How such lists are made, the most frequent way first."""
    forms = forms_of(words)
    return [
        NltkWords(forms),
        NltkWords(forms, lower=False),
        NltkWords({}),
        NltkWords({}, lower=False),
        BlankWords({}),
    ]


def _gives(way: _Cut, words: Sequence[str], patterns: Sequence[str]) -> bool:
    """Whether patterns become the words of a list, and no others than marks."""
    made = {word for text in patterns for word in _made(way, text)}
    absent = sum(word not in made for word in words)
    more = sum(word not in words and word.isalpha() for word in made)
    return absent <= _UNSEEN * len(words) and more <= _UNSEEN * len(words)


def _made(way: _Cut, text: str) -> Iterator[str]:
    """The words that the program that made the list found in a text."""
    if isinstance(way, BlankWords):
        yield from text.lower().split()
        return
    for token in cutter(NltkWords({}, lower=way.lower))(text):
        yield lemma(token) if way.forms else token


def _patterns(pieces: Pieces) -> Iterator[str]:
    for companion in pieces.companions:
        if isinstance(companion.value, Intents):
            for texts in companion.value.patterns:
                yield from (text for text in texts if len(text) <= _MOST_CHARACTERS)


def _kept(cut: _Cut, words: Sequence[str], said: Said) -> Iterator[tuple[_Cut, str]]:
    """Whether tokens of other characters than letters and digits count, and the doubt about it."""
    if isinstance(cut, BlankWords) or all(word.isalnum() for word in words):
        yield cut, ""
        return
    narrow = NltkWords(cut.forms, cut.lower, "alphanumeric")
    if "isalnum" in said.calls:
        yield narrow, ""
    elif "word_tokenize" in said.calls:
        yield cut, ""
    else:
        odd = ", ".join(word for word in words if not word.isalnum())[:60]
        doubt = f"no file says whether words such as {odd} are left out of texts"
        yield cut, doubt
        yield narrow, doubt


def _told(cut: _Cut | Ngrams) -> str:
    if isinstance(cut, BlankWords):
        return "cut at blanks"
    parts = ["word_tokenize of NLTK"]
    if isinstance(cut, NltkWords):
        parts += ["lower case"] * cut.lower + ["nouns in their basic form"] * bool(cut.forms)
        parts += ["letters and digits only"] * (cut.keep == "alphanumeric")
    return ", ".join(parts)


def _notes(cut: _Cut, said: Said) -> tuple[str, ...]:
    if isinstance(cut, BlankWords):
        return ()
    tables = (
        "words are cut and reduced by tables, without NLTK; only sentences that end in a rare "
        "abbreviation may be cut otherwise"
    )
    found = [tables]
    if said.differs:
        where = next(iter(said.lowers))
        found.append(
            f"the app keeps capitals ({where}) and training did not ({said.differs}): words with "
            "capitals are unknown to it"
        )
    return tuple(found)
