"""Keras tokenizers, from a pickle of any of their modules or from ``to_json()``."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from keramos.artifact.strict_json import parse_json_value
from keramos.companions.names import TOKENIZERS
from keramos.errors import CorruptModelError, UnsupportedModelError
from keramos.types.companions import Record, Tokenizer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keramos.types.limits import Limits

_MOST_FILTERS, _LONGEST_SPLIT = 10_000, 16
_TEXT_IN_JSON = ("word_counts", "word_docs", "index_docs", "index_word", "word_index")


def is_tokenizer(value: object) -> bool:
    """Whether a value of a pickle is a Keras tokenizer."""
    return isinstance(value, Record) and str(value.kind) in TOKENIZERS


def tokenizer_of(state: Mapping[str, object]) -> Tokenizer:
    """A tokenizer from its attributes.

    Raises:
        CorruptModelError: an attribute is absent or of another kind, or the indices of words are
            not 1, 2, 3 ...
    """
    index = state.get("word_index")
    if not isinstance(index, dict) or not index:
        raise CorruptModelError("the tokenizer has no words: it was stored before it was fitted")
    by_index = {_integer(place, "word_index"): word for word, place in index.items()}
    if sorted(by_index) != list(range(1, len(index) + 1)):
        raise CorruptModelError("the words of the tokenizer are not numbered 1, 2, 3 ...")
    words = tuple(by_index[place] for place in range(1, len(index) + 1))
    if not all(isinstance(word, str) for word in words):
        raise CorruptModelError("a word of the tokenizer is not text")
    if len(_text(state, "filters")) > _MOST_FILTERS or len(_text(state, "split")) > _LONGEST_SPLIT:
        raise CorruptModelError("the tokenizer has longer filters or a longer split than any has")
    if state.get("analyzer") is not None:
        raise UnsupportedModelError("the tokenizer has an analyzer of its own, which is code")
    limit, other = state.get("num_words"), state.get("oov_token")
    return Tokenizer(
        words,
        filters=_text(state, "filters"),
        split=_text(state, "split"),
        lower=state.get("lower") is not False,
        num_words=0 if limit is None else _integer(limit, "num_words"),
        oov_token="" if other is None else str(other),
        char_level=state.get("char_level") is True,
        documents=_documents(state),
        documents_with=_documents_with(state, len(words)),
    )


def tokenizer_of_json(found: object, limits: Limits) -> Tokenizer | None:
    """A tokenizer from the value of its JSON; None where the JSON is of something else.

    Raises:
        UnsupportedModelError: it is a tokenizer of Hugging Face.
    """
    if not isinstance(found, dict):
        return None
    if "added_tokens" in found or "pre_tokenizer" in found:
        raise UnsupportedModelError(
            "the file is a tokenizer of Hugging Face, not of Keras",
            remedy="Use the model with the transformers library",
        )
    config = found.get("config")
    if found.get("class_name") != "Tokenizer" or not isinstance(config, dict):
        return None
    state = dict(config)
    for name in _TEXT_IN_JSON:
        if isinstance(state.get(name), str):
            state[name] = parse_json_value(cast("str", state[name]).encode(), name, limits)
    return tokenizer_of(state)


def _documents(state: Mapping[str, object]) -> int:
    found = state.get("document_count")
    return found if type(found) is int and found > 0 else 0


def _documents_with(state: Mapping[str, object], words: int) -> tuple[int, ...]:
    """By word, in how many texts it is; JSON has its places as text."""
    found = state.get("index_docs")
    if not isinstance(found, dict):
        return ()
    counts = [found.get(place, found.get(str(place), 0)) for place in range(1, words + 1)]
    return tuple(count if type(count) is int and count >= 0 else 0 for count in counts)


def _text(state: Mapping[str, object], name: str) -> str:
    found = state.get(name)
    if not isinstance(found, str):
        raise CorruptModelError(f"the tokenizer has no {name}")
    return found


def _integer(value: object, name: str) -> int:
    if type(value) is not int:
        raise CorruptModelError(f"{name} of the tokenizer is not a whole number")
    return value
