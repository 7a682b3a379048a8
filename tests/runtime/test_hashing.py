"""Hashes against TensorFlow's own."""

import numpy as np
import pytest
import tensorflow as tf

from keramos.runtime.hashing import farmhash, siphash
from keramos.runtime.host import HOST

MOST = 2**63 - 1
RANDOM = np.random.default_rng(0)
STRINGS = [
    *(RANDOM.bytes(length) for length in range(301) for _ in range(6)),
    *("é日本語🎉"[: n % 6].encode() * n for n in range(60)),
]


def test_farmhash_is_that_of_tensorflow_for_strings_of_every_length():
    expected = tf.strings.to_hash_bucket_fast(STRINGS, MOST).numpy()

    found = farmhash(np.array(STRINGS, object)) % np.uint64(MOST)

    np.testing.assert_array_equal(found, expected.astype("uint64"))


@pytest.mark.parametrize("key", [(133, 137), (0, 0), (-1, 5), (2**62 + 5, 12345678901234567)])
def test_siphash_is_that_of_tensorflow_for_strings_of_every_length(key):
    expected = tf.strings.to_hash_bucket_strong(STRINGS, MOST, key=list(key)).numpy()

    found = siphash(np.array(STRINGS, object), key) % np.uint64(MOST)

    np.testing.assert_array_equal(found, expected.astype("uint64"))


def test_crossed_features_are_those_of_tensorflow_with_negative_and_large_numbers():
    words = np.array(STRINGS[::7], object)[:, None]
    numbers = RANDOM.integers(-(2**63), 2**63 - 1, size=words.shape)
    expected = tf.sparse.to_dense(
        tf.sparse.cross_hashed([tf.constant(words.tolist()), tf.constant(numbers)], 10**9)
    )

    found = HOST["crossing"]({"bins": 10**9})(words, numbers)

    np.testing.assert_array_equal(found, expected.numpy())


@pytest.mark.parametrize(
    "array",
    [np.array([["a", "b"]], object), np.array([[b"a", b"b"]], object), np.array([["a", "b"]])],
)
def test_text_is_hashed_alike_as_characters_and_as_bytes(array):
    found = HOST["hash"]({"bins": 1000, "salt": None})(array)

    np.testing.assert_array_equal(found, tf.strings.to_hash_bucket_fast([["a", "b"]], 1000).numpy())


@pytest.mark.parametrize("kind", ["hash", "crossing", "text"])
def test_no_rows_give_no_results(kind):
    config = {"bins": 3, "salt": [1, 2], "words": ["a"], "start": 2, "unknown": 1, "length": 4}
    config |= {"standardize": "lower", "split": "whitespace", "ngrams": None}

    found = HOST[kind](config)(np.empty((0, 1), object))

    assert found.shape == ((0, 4) if kind == "text" else (0, 1))
    assert found.dtype == np.int64
