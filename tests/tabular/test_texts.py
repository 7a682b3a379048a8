"""Every way from a text to numbers: rows of two tables, by drawn texts."""

import time

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keramos.adoption.texts.original import by_parts
from keramos.tabular.cell import Refused
from keramos.tabular.texts.table import NUMBERS, WORDS, TextEncoder, text_fault
from keramos.types.texts import (
    BlankWords,
    Counts,
    KerasWords,
    Ngrams,
    NltkWords,
    Sequence,
    Text,
)

KNOWN = ("a", "hello", "it", "late", "'s", "b c")
WAYS = {
    KerasWords: [KerasWords(".,!\t\n"), KerasWords("", "e", lower=False, characters=True)],
    NltkWords: [NltkWords({"hellos": "hello"}), NltkWords({}, lower=False, keep="alphanumeric")],
    BlankWords: [BlankWords({"x": "a"})],
    Ngrams: [Ngrams(longest=2), Ngrams("char", 1, 3, accents="unicode"), Ngrams("char_wb", 2, 3)],
}
NUMBERED = {
    Sequence: [Sequence(KNOWN, 4), Sequence(KNOWN, 3, "post", "post", 2, 4, 7.0, "float32")],
    Counts: [
        Counts(KNOWN),
        Counts(("", *KNOWN), "log", (0.5,) * 7, "l2", 2),
        Counts(KNOWN, "share", norm="l1"),
    ],
}
TEXTS = st.text(alphabet="aAhello it'sLATE.,!?\t\n\"()x\u00e9e\u0301\U0001f600 bc-:", max_size=60)


def test_every_row_of_the_tables_is_drawn():
    assert (set(WAYS), set(NUMBERED)) == (set(WORDS), set(NUMBERS))


@pytest.mark.parametrize("numbers", [one for rows in NUMBERED.values() for one in rows], ids=str)
@pytest.mark.parametrize("words", [one for rows in WAYS.values() for one in rows], ids=str)
class TestText:
    @given(texts=st.lists(TEXTS, min_size=1, max_size=3))
    def test_numbers_are_those_of_the_original_parts(self, words, numbers, texts):
        text = Text(words, numbers)
        encoder = TextEncoder(text)

        values, reasons = encoder.many(texts)

        assert not reasons
        assert values.dtype == numbers.dtype
        assert np.allclose(values, by_parts(text, texts), rtol=1e-6)
        found = encoder.one(texts[0])
        assert not isinstance(found, Refused)
        assert len(found[1].known) == len(found[0])

    def test_a_recipe_is_sound_and_comes_back_from_json(self, words, numbers):
        text = Text(words, numbers)

        assert text_fault(text) == ""
        assert msgspec.json.decode(msgspec.json.encode(text), type=Text) == text


LONG = {
    "blanks": " " * 1_000_000,
    "points": "." * 1_000_000,
    "points and blanks": ". " * 500_000,
    "quotes": "'\"`" * 333_000,
    "brackets": ".))))" * 200_000,
    "a word": "a" * 1_000_000,
    "a word and a point": "a" * 999_000 + "_",
    "contractions": " can't" * 166_000,
    "sentences": "It is. " * 140_000,
    "colons": ":,:," * 250_000,
    "accents": "e\u0301" * 500_000,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", LONG)
@pytest.mark.parametrize("words", [one for rows in WAYS.values() for one in rows], ids=str)
def test_the_longest_texts_take_seconds_at_most(words, name):
    encoder = TextEncoder(Text(words, Sequence(KNOWN, 4)))
    begun = time.process_time()
    assert not encoder.many([LONG[name][: encoder.most]])[1]
    assert time.process_time() - begun < 5


@pytest.mark.parametrize(
    "text",
    [
        Text(KerasWords("", ""), Sequence(KNOWN, 4)),
        Text(KerasWords(""), Sequence(KNOWN, 0)),
        Text(KerasWords(""), Sequence(KNOWN, 4, unknown=99)),
        Text(KerasWords(""), Sequence(KNOWN, 1 << 40)),
        Text(KerasWords(""), Counts(("a", "a"))),
        Text(KerasWords(""), Counts(())),
        Text(KerasWords(""), Counts(KNOWN, weights=(1.0,))),
        Text(KerasWords(""), Counts(KNOWN, unknown=6)),
        Text(Ngrams(longest=99), Counts(KNOWN)),
        Text(Ngrams(pattern="(a+)+"), Counts(KNOWN)),
    ],
    ids=str,
)
def test_a_recipe_that_contradicts_itself_is_found(text):
    assert text_fault(text)
