"""Vocabularies beside a network that takes a number for each word: vectorizers of scikit-learn, and
tokenizers whose texts become a matrix.
"""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING, cast

from keramos.adoption.texts.recipe import Recipe
from keramos.adoption.texts.stop_words import ENGLISH
from keramos.adoption.texts.vocabularies import tokenizers, told, words_of
from keramos.errors import CorruptModelError, UnsupportedModelError
from keramos.tabular.fitted.attributes import cells, flag, floats
from keramos.tabular.texts.ngrams import is_safe
from keramos.types.adoption import Finding, Part
from keramos.types.companions import Record
from keramos.types.texts import Counts, Ngrams, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keramos.adoption.pieces import Pieces
    from keramos.adoption.texts.code import Said
    from keramos.adoption.texts.network import Taken
    from keramos.types.companions import Companion, Tokenizer

_VECTORIZERS = frozenset({"CountVectorizer", "TfidfVectorizer"})
_MODES = {"binary": "binary", "count": "count", "freq": "share", "tfidf": "log"}
_MOST_WORDS = 1 << 20


def vectorizers(pieces: Pieces, width: int) -> Iterator[tuple[Companion, Record]]:
    """Vectorizers of as many words as the network takes numbers."""
    for companion in pieces.companions:
        value = companion.value
        if isinstance(value, Record) and value.kind.name in _VECTORIZERS:
            vocabulary = value.state.get("vocabulary_")
            if isinstance(vocabulary, dict) and len(vocabulary) == width:
                yield companion, value


def vectorized(taken: Taken, pieces: Pieces) -> Iterator[Recipe]:
    """The recipes of the vectorizers beside a network.

    Raises:
        UnsupportedModelError: one calls functions, or cuts by a pattern of unbounded time.
        CorruptModelError: an attribute is not what it must be.
    """
    for companion, record in vectorizers(pieces, taken.length):
        source = pieces.short(companion.path)
        text = text_of(record, taken.dtype)
        version = f"scikit-learn {record.version}" if record.version else ""
        yield Recipe(
            text,
            f"{source} ({record.kind.name})",
            tuple(word for word in text.numbers.words if word),
            (
                Finding(
                    "words", f"{len(text.numbers.words):,} of {record.kind.name}", "file", source
                ),
                Finding("cut", _how(cast("Ngrams", text.words)), "file", source),
            ),
            parts=(Part(source, companion.sha256, version),),
        )


def _how(words: Ngrams) -> str:
    units = "words" if words.analyzer == "word" else "characters"
    runs = f"runs of {words.shortest} to {words.longest} {units}"
    return f"{runs if words.longest > 1 else units}{', lower case' if words.lower else ''}"


def text_of(record: Record, dtype: str) -> Text:
    """What a vectorizer does.

    Raises:
        UnsupportedModelError: it calls functions, or cuts by a pattern of unbounded time.
        CorruptModelError: an attribute is not what it must be.
    """
    state = record.state
    for name in ("preprocessor", "tokenizer"):
        if state.get(name) is not None:
            raise UnsupportedModelError(f"the {name} of the {record.kind.name} is code", path=name)
    analyzer, accents = state.get("analyzer", "word"), state.get("strip_accents")
    if analyzer not in {"word", "char", "char_wb"} or accents not in {None, "unicode", "ascii"}:
        raise UnsupportedModelError(f"the {record.kind.name} calls functions, which are code")
    shortest, longest = cells(state.get("ngram_range", (1, 1)), "ngram_range")
    pattern = state.get("token_pattern") or r"(?u)\b\w\w+\b"
    if analyzer == "word" and not (isinstance(pattern, str) and is_safe(pattern)):
        raise UnsupportedModelError(
            f"the pattern of the {record.kind.name} may take without end",
            received=repr(pattern)[:120],
        )
    words = Ngrams(
        analyzer,
        int(cast("int", shortest)),
        int(cast("int", longest)),
        str(pattern),
        _stop_words(state.get("stop_words")),
        flag(record, "lowercase", default=True),
        accents or "kept",
    )
    return Text(words, _counts(record, dtype))


def _stop_words(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if value == "english":
        return ENGLISH
    found = (
        sorted(value, key=str)
        if isinstance(value, (set, frozenset))
        else cells(value, "stop_words")
    )
    return tuple(str(word) for word in found)


def _counts(record: Record, dtype: str) -> Counts:
    places = record.state["vocabulary_"]
    by_place = {int(place): word for word, place in cast("dict[str, int]", places).items()}
    if sorted(by_place) != list(range(len(by_place))) or not all(
        isinstance(word, str) for word in by_place.values()
    ):
        raise CorruptModelError("the vocabulary is not numbered 0, 1, 2 ...", path="vocabulary_")
    words = tuple(by_place[place] for place in range(len(by_place)))
    mode = "binary" if flag(record, "binary", default=False) else "count"
    if record.kind.name == "CountVectorizer":
        return Counts(words, mode, dtype=dtype)  # type: ignore[arg-type]  # of the network's input
    inner = record.state.get("_tfidf")
    options = inner if isinstance(inner, Record) else record
    if flag(options, "sublinear_tf", default=False) and mode == "count":
        mode = "log"
    norm = options.state.get("norm", "l2")
    if norm not in {None, "l1", "l2"}:
        raise CorruptModelError("the norm is not l1 or l2", path="norm")
    weights = _weights(options, len(words)) if flag(options, "use_idf", default=True) else ()
    return Counts(words, mode, weights, norm or "", dtype=dtype)  # type: ignore[arg-type]


def _weights(record: Record, width: int) -> tuple[float, ...]:
    """The idf of each word, which older versions keep as a diagonal matrix."""
    diagonal = record.state.get("_idf_diag")
    if isinstance(diagonal, Record):
        found = floats(diagonal, "data")
    else:
        found = floats(record, "idf_", "_idf")
    if len(found) != width:
        raise CorruptModelError("there are other numbers of weights and words", path="idf_")
    return tuple(found.tolist())


def matrices(taken: Taken, pieces: Pieces, said: Said) -> Iterator[Recipe]:
    """The recipes of tokenizers whose texts become a matrix (``texts_to_matrix``)."""
    modes = dict(reversed(said.modes)) or {"binary": ""}
    for companion, tokenizer in tokenizers(pieces):
        if (tokenizer.num_words or len(tokenizer.words) + 1) != taken.length:
            continue
        source = pieces.short(companion.path)
        for mode, where in modes.items():
            origin = Finding("matrix", mode, "code" if where else "convention", where)
            doubt = "" if len(said.modes) == 1 else "no file says what a word counts for"
            yield Recipe(
                Text(words_of(tokenizer), _matrix(tokenizer, mode, taken)),
                f"{source}, {mode}",
                tokenizer.words,
                (*told(tokenizer, source), origin),
                parts=(Part(source, companion.sha256),),
                doubts=(doubt,) if doubt else (),
            )


def _matrix(tokenizer: Tokenizer, mode: str, taken: Taken) -> Counts:
    if mode not in _MODES:
        raise UnsupportedModelError("texts_to_matrix has no such mode", received=mode)
    words = ("", *tokenizer.words)[: taken.length]
    words += ("",) * (taken.length - len(words))
    weights: tuple[float, ...] = ()
    if mode == "tfidf":
        if not tokenizer.documents:
            raise UnsupportedModelError(
                "the tokenizer does not say in how many texts its words are"
            )
        often = (0, *tokenizer.documents_with)[: taken.length]
        often += (0,) * (taken.length - len(often))
        weights = tuple(log(1 + tokenizer.documents / (1 + count)) for count in often)
    unknown = words.index(tokenizer.oov_token) if tokenizer.oov_token in words[1:] else -1
    return Counts(words, _MODES[mode], weights, unknown=unknown, dtype=taken.dtype)  # type: ignore[arg-type]
