"""Preprocessing of numbers, categories and text against real Keras, one row a case."""

from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers as kl

from keramos.artifact.read import read
from keramos.compile.emit import compile_network
from keramos.errors import KeramosError, MismatchError, ModelError, UnsupportedModelError
from keramos.pipeline.load import load
from keramos.runtime.session import Session, as_input

NUMBERS = np.random.default_rng(0).normal(size=(6, 4)).astype("float32")
IMAGES = np.random.default_rng(1).normal(size=(3, 2, 3, 4)).astype("float32")
INTEGERS = np.array([[5, -7, 3], [2**40, 5, 5], [0, 99, -1], [8, 6, 4]])
WORDS = np.array(
    [["a", "b c", ""], ["é", "zz", "A"], ["", "[UNK]", "日本"], ["a" * 70, "a", "a"]], object
)
TEXTS = np.array(
    [
        ["The cat, the DOG!"],
        ["  a\tb\nc  cat\x0bdog\x0cthe\xa0end "],
        [""],
        ["ÉCOLE élan — 'quoted' it's"],
        ["日本 🎉 cat"],
        ['!@#$%^&*()_+-=[]{};:"\\|,.<>/?`~cat'],
    ],
    object,
)
VOCABULARY = [
    "the",
    "cat",
    "dog",
    "the cat",
    "c",
    "a",
    "é",
    "its",
    "école",
    "élan",
    "日本",
    "cat the",
]
LONGER = [0.5, 0.25, 2.0, 3.0]
MASK, UNKNOWN = {"mask_token": "zz"}, {"oov_token": "zz"}
MODES = ("int", "one_hot", "multi_hot", "count")

NORMALIZATION = {
    "numbers given": (
        NUMBERS,
        lambda: kl.Normalization(mean=[1.0, 2.0, 3.0, -4.0], variance=[1.0, 4.0, 0.0, 0.25]),
    ),
    "one number given": (NUMBERS, lambda: kl.Normalization(axis=None, mean=2.0, variance=3.0)),
    "one number for an axis": (NUMBERS, lambda: kl.Normalization(mean=[2.0], variance=[3.0])),
    "a scalar for an axis": (NUMBERS, lambda: kl.Normalization(mean=2.0, variance=3.0)),
    "back": (
        NUMBERS,
        lambda: kl.Normalization(mean=[1.0, 2, 3, -4], variance=[1.0, 4, 0, 0.25], invert=True),
    ),
    "learned": (NUMBERS, lambda: learned(kl.Normalization(), NUMBERS)),
    "learned without axis": (NUMBERS, lambda: learned(kl.Normalization(axis=None), NUMBERS)),
    "learned over two axes": (IMAGES, lambda: learned(kl.Normalization(axis=(3, 1)), IMAGES)),
    "learned over one in the middle": (IMAGES, lambda: learned(kl.Normalization(axis=2), IMAGES)),
    "learned and back": (IMAGES, lambda: learned(kl.Normalization(axis=-2, invert=True), IMAGES)),
    "fewer axes given": (
        IMAGES,
        lambda: kl.Normalization(axis=(1, 3), mean=[1.0, 2, 3, 4], variance=[1.0, 1, 2, 2]),
    ),
    "sizes of one given": (
        IMAGES,
        lambda: kl.Normalization(axis=(1, 3), mean=[[1.0], [2]], variance=[[3.0], [1]]),
    ),
    "integers": (
        INTEGERS.astype("int32"),
        lambda: kl.Normalization(mean=[1.0, 2, 3], variance=[1.0, 4, 9]),
    ),
}

ODD_NUMBERS = np.array([[np.nan, 0.0, 1.0], [-np.inf, np.inf, 0.5], [2.0, 1.0, -0.0]], "float32")

ENCODING = {
    **{
        f"discretization {mode}": (
            ODD_NUMBERS,
            lambda mode=mode: kl.Discretization([0.0, 0.5, 1.0], output_mode=mode),
        )
        for mode in MODES
    },
    "discretization of one column": (
        ODD_NUMBERS[:, :1],
        lambda: kl.Discretization([0.0, 1.0], output_mode="one_hot"),
    ),
    "discretization of integers": (
        INTEGERS.astype("int32"),
        lambda: kl.Discretization([0.0, 5.0, 6.5]),
    ),
    "discretization learned": (NUMBERS, lambda: learned(kl.Discretization(num_bins=4), NUMBERS)),
    "discretization of pictures": (
        IMAGES,
        lambda: kl.Discretization([-1.0, 1.0], output_mode="count"),
    ),
    **{
        f"category {mode} of {columns}": (
            np.array([[0, 3, 3], [2, 1, 0], [1, 1, 9]])[:, :columns],
            lambda mode=mode: kl.CategoryEncoding(4, output_mode=mode),
        )
        for mode in MODES[1:]
        for columns in (1, 3)
    },
    **{
        f"hashing {mode}": (
            INTEGERS,
            lambda mode=mode: kl.Hashing(3, output_mode=mode, mask_value=5),
        )
        for mode in MODES
    },
    "hashing words": (WORDS, lambda: kl.Hashing(1000)),
    "hashing words with a mask": (WORDS, lambda: kl.Hashing(50, mask_value="a")),
    "hashing with a salt": (WORDS, lambda: kl.Hashing(1000, salt=133)),
    "hashing with two salts": (INTEGERS, lambda: kl.Hashing(1000, salt=[133, 137], mask_value=-7)),
    "hashing numbers": (ODD_NUMBERS[2:] * 3.7, lambda: kl.Hashing(100, mask_value=3.7)),
    "hashing into one place": (WORDS, lambda: kl.Hashing(1, mask_value="a")),
    "hashing one word to one_hot": (WORDS[:, :1], lambda: kl.Hashing(7, output_mode="one_hot")),
    "hashing single words deeper": (
        WORDS[:, :1, None],
        lambda: kl.Hashing(7, output_mode="one_hot"),
    ),
    "hashing words deeper": (WORDS[:, :, None], lambda: kl.Hashing(7, output_mode="multi_hot")),
}


def words(**options):
    return lambda: kl.StringLookup(vocabulary=["a", "b c", "é", "日本"], **options)


def integers(**options):
    return lambda: kl.IntegerLookup(vocabulary=[5, -7, 2**40, 8], **options)


LOOKUPS = {
    **{
        f"{mode}, {unknown} unknown, mask {mask!r}": (
            WORDS,
            words(output_mode=mode, num_oov_indices=unknown, **mask),
        )
        for mode in MODES
        for unknown in (1, 3)
        for mask in ({}, {"mask_token": ""})
    },
    **{
        f"integers {mode}, {unknown} unknown, mask {mask!r}": (
            INTEGERS,
            integers(output_mode=mode, num_oov_indices=unknown, **mask),
        )
        for mode in MODES
        for unknown in (1, 3)
        for mask in ({}, {"mask_token": 0})
    },
    "one word to one_hot": (WORDS[:, :1], words(output_mode="one_hot")),
    "integers by farmhash": (INTEGERS, integers(num_oov_indices=5, oov_method="farmhash")),
    "integers by siphash": (
        INTEGERS,
        integers(num_oov_indices=5, oov_method="farmhash", salt=[3, 9]),
    ),
    "words by siphash": (WORDS, words(num_oov_indices=5, salt=3)),
    "padded": (WORDS, words(output_mode="multi_hot", max_tokens=9, pad_to_max_tokens=True)),
    "padded with a mask": (
        WORDS,
        words(output_mode="one_hot", max_tokens=9, pad_to_max_tokens=True, **MASK),
    ),
    "tf_idf": (WORDS, words(output_mode="tf_idf", idf_weights=LONGER)),
    "tf_idf with a mask": (WORDS, words(output_mode="tf_idf", idf_weights=LONGER, mask_token="")),
    "tf_idf padded": (
        WORDS,
        words(
            output_mode="tf_idf",
            idf_weights=LONGER,
            num_oov_indices=2,
            max_tokens=8,
            pad_to_max_tokens=True,
        ),
    ),
    "special words listed": (
        WORDS,
        lambda: kl.StringLookup(vocabulary=["", "[UNK]", "a", "é"], mask_token=""),
    ),
    "tf_idf of special words": (
        WORDS,
        lambda: kl.StringLookup(
            vocabulary=["[UNK]", "a", "é"], output_mode="tf_idf", idf_weights=[9.0, 2.0, 3.0]
        ),
    ),
    "another unknown word": (WORDS, words(**UNKNOWN)),
    "known words only": (WORDS[:1, :2], words(num_oov_indices=0, mask_token="")),
    "known integers only": (INTEGERS[:2, :2], integers(num_oov_indices=0, output_mode="count")),
    "small integers": (INTEGERS[2:].astype("int32"), integers()),
    "numbers as integers": (np.array([[5.7], [-7.9], [4.9]], "float32"), integers()),
    "back to words": (np.array([[0, 1, 2], [4, 5, 77]]), words(invert=True)),
    "back to words with a mask": (
        np.array([[0, 1, 2], [3, 5, -1]]),
        words(invert=True, mask_token="", num_oov_indices=2),
    ),
    "back to integers": (np.array([[0, 1, 2], [4, 5, 77]]), integers(invert=True)),
    "back to integers with a mask": (
        np.array([[0, 1, 2], [3, 5, -1]]),
        integers(invert=True, mask_token=0),
    ),
}

LEARNED = {
    **{
        f"words {mode} mask {mask!r}": (
            WORDS,
            lambda mode=mode, mask=mask: kl.StringLookup(output_mode=mode, **mask),
        )
        for mode in (*MODES, "tf_idf")
        for mask in ({}, {"mask_token": ""})
    },
    "integers": (INTEGERS, lambda: kl.IntegerLookup(num_oov_indices=2)),
    "integers with a mask": (
        INTEGERS,
        lambda: kl.IntegerLookup(mask_token=0, output_mode="multi_hot"),
    ),
    "tf_idf padded": (
        WORDS,
        lambda: kl.StringLookup(output_mode="tf_idf", max_tokens=12, pad_to_max_tokens=True),
    ),
    "few words": (WORDS, lambda: kl.StringLookup(max_tokens=3)),
    "text": (TEXTS, lambda: kl.TextVectorization()),
    "text count": (TEXTS, lambda: kl.TextVectorization(output_mode="count", ngrams=2)),
    "text tf_idf": (TEXTS, lambda: kl.TextVectorization(output_mode="tf_idf", max_tokens=10)),
}


def text(**options):
    return lambda: kl.TextVectorization(vocabulary=VOCABULARY, **options)


TEXT = {
    **{
        f"{standardize} {split}": (TEXTS, text(standardize=standardize, split=split))
        for standardize in (None, "lower", "strip_punctuation", "lower_and_strip_punctuation")
        for split in (None, "whitespace", "character")
    },
    **{f"length {length}": (TEXTS, text(output_sequence_length=length)) for length in (1, 3, 20)},
    **{f"ngrams {ngrams}": (TEXTS, text(ngrams=ngrams)) for ngrams in (1, 2, (2,), (3, 1))},
    "ngrams with length": (TEXTS, text(ngrams=2, output_sequence_length=4)),
    "ngrams of characters": (TEXTS, text(ngrams=2, split="character")),
    **{mode: (TEXTS, text(output_mode=mode)) for mode in ("multi_hot", "count")},
    "ngrams counted": (TEXTS, text(output_mode="count", ngrams=2)),
    "tf_idf": (
        TEXTS,
        text(output_mode="tf_idf", idf_weights=[i / 4 for i in range(len(VOCABULARY))]),
    ),
    "padded": (TEXTS, text(output_mode="count", max_tokens=20, pad_to_max_tokens=True)),
    "without a second axis": (TEXTS[:, 0], text()),
    "several whole texts": (WORDS, text(split=None, standardize="lower")),
    "several whole texts one_hot": (WORDS, text(split=None, output_mode="one_hot")),
    "a whole text one_hot": (WORDS[:, :1], text(split=None, output_mode="one_hot")),
    "several whole texts counted": (WORDS, text(split=None, output_mode="count")),
    "ngrams of whole texts": (WORDS, text(split=None, ngrams=2)),
    "ngrams of whole texts counted": (WORDS, text(split=None, ngrams=2, output_mode="count")),
    "whole texts with length": (WORDS, text(split=None, output_sequence_length=5)),
    "whole texts cut": (WORDS, text(split=None, output_sequence_length=2)),
}


def learned(layer, data):
    layer.adapt(tf.constant(data.tolist()) if data.dtype == object else data)
    return layer


def tensor(array):
    return tf.constant(array.tolist(), tf.string) if array.dtype == object else tf.constant(array)


def model_of(make, given):
    x = keras.Input(
        given.shape[1:], dtype="string" if given.dtype == object else given.dtype.name, name="x"
    )
    return keras.Model(x, make()(x))


def answers(path, *given):
    compiled = compile_network(read(path).network)
    feeds = {spec.name: array for spec, array in zip(compiled.inputs, given, strict=True)}
    return Session(compiled).run(feeds)


def check(model, path, *given):
    model.save(path)

    (actual,) = answers(path, *given)

    expected = model(
        [tensor(array) for array in given] if len(given) > 1 else tensor(given[0])
    ).numpy()
    assert actual.shape == expected.shape
    if expected.dtype == object:
        assert actual.tolist() == np.vectorize(bytes.decode, otypes=[object])(expected).tolist()
    else:
        np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("container", [".keras", ".h5"])
@pytest.mark.parametrize("case", NORMALIZATION)
def test_numbers_are_normalized_as_in_keras(case, container, tmp_path):
    given, make = NORMALIZATION[case]
    check(model_of(make, given), tmp_path / f"model{container}", given)


@pytest.mark.parametrize("case", ENCODING)
def test_bins_categories_and_hashes_are_those_of_keras(case, tmp_path):
    given, make = ENCODING[case]
    check(model_of(make, given), tmp_path / "model.keras", given)


@pytest.mark.parametrize("case", LOOKUPS)
def test_vocabularies_given_are_looked_up_as_in_keras(case, tmp_path):
    given, make = LOOKUPS[case]
    check(model_of(make, given), tmp_path / "model.h5", given)


@pytest.mark.parametrize("case", LEARNED)
def test_vocabularies_learned_are_looked_up_as_in_keras(case, tmp_path):
    given, make = LEARNED[case]
    check(model_of(lambda: learned(make(), given), given), tmp_path / "model.keras", given[::-1])


@pytest.mark.parametrize("case", TEXT)
def test_text_is_split_and_looked_up_as_in_keras(case, tmp_path):
    given, make = TEXT[case]
    check(model_of(make, given), tmp_path / "model.keras", given)


@pytest.mark.parametrize("split", ["whitespace", "character"])
def test_random_text_is_split_as_in_keras(split, tmp_path):
    random = np.random.default_rng(5)
    letters = [*map(chr, range(128)), *"ÀÉßıİñ\x85\xa0\u2003\u200b\ufeff日本🎉e\u0301’«"]
    given = np.array([["".join(random.choice(letters, size % 40))] for size in range(400)], object)
    vocabulary = [*dict.fromkeys(letter for letter in letters[1:] if letter.strip()), "ab", "日本"]
    make = lambda: kl.TextVectorization(vocabulary=vocabulary, split=split, standardize="lower")  # noqa: E731
    check(model_of(make, given), tmp_path / "model.keras", given)


@pytest.mark.parametrize("mode", ["int", "one_hot"])
@pytest.mark.parametrize("shape", [(), (1,)])
def test_crossed_features_are_hashed_as_in_keras(mode, shape, tmp_path):
    words, numbers = WORDS[:, 0].reshape(-1, *shape), INTEGERS[:, 0].reshape(-1, *shape)
    a, b = keras.Input(shape, dtype="string", name="a"), keras.Input(shape, dtype="int64", name="b")
    model = keras.Model([a, b], kl.HashedCrossing(1000, output_mode=mode)([a, b]))
    check(model, tmp_path / "model.keras", words, numbers)


@pytest.mark.parametrize("columns", [1, 3])
def test_counts_of_categories_are_weighed_as_in_keras(columns, tmp_path):
    x, weights = (
        keras.Input((columns,), dtype="int64", name="x"),
        keras.Input((columns,), name="weights"),
    )
    model = keras.Model(
        [x, weights], kl.CategoryEncoding(4, output_mode="count")(x, count_weights=weights)
    )
    check(model, tmp_path / "model.keras", INTEGERS[2:, :columns] % 4, NUMBERS[:2, :columns])


def test_what_is_computed_in_the_graph_can_be_hashed(tmp_path):
    x = keras.Input((3,), dtype="int64", name="x")
    looked_up = kl.IntegerLookup(vocabulary=[5, -7, 8])(x)
    model = keras.Model(x, kl.Hashing(100)(kl.Hashing(1000)(looked_up)))
    check(model, tmp_path / "model.keras", INTEGERS)


def test_a_mask_passes_normalization(tmp_path):
    x = keras.Input((3, 4), name="x")
    masked = kl.Normalization(mean=[1.0, 2.0, 3.0, 4.0], variance=[1.0, 1.0, 2.0, 2.0])(
        kl.Masking()(x)
    )
    model = keras.Model(x, kl.GlobalAveragePooling1D()(masked))
    check(
        model,
        tmp_path / "model.keras",
        np.stack([NUMBERS[:3], NUMBERS[3:] * [[1], [0], [0]]]).astype("float32"),
    )


def test_bytes_and_characters_are_the_same_text(tmp_path):
    model = model_of(lambda: kl.StringLookup(vocabulary=["a", "é"], num_oov_indices=2), WORDS)
    model.save(tmp_path / "model.keras")
    octets = np.vectorize(str.encode, otypes=[object])(WORDS)

    (of_bytes,) = answers(tmp_path / "model.keras", as_input(octets, "str"))
    (of_text,) = answers(tmp_path / "model.keras", as_input(WORDS, "str"))

    np.testing.assert_array_equal(of_bytes, of_text)


@pytest.mark.parametrize("item", [None, 3, float("nan")])
def test_what_is_not_text_is_refused_where_text_is_needed(item):
    with pytest.raises(MismatchError, match="text is needed"):
        as_input([["a"], [item]], "str")


@pytest.mark.parametrize(
    ("make", "given"),
    [
        (words(num_oov_indices=0), WORDS),
        (integers(num_oov_indices=0, output_mode="count"), INTEGERS),
    ],
)
def test_an_unknown_word_is_an_error_where_there_is_no_place_for_it(make, given, tmp_path):
    model_of(make, given).save(tmp_path / "model.keras")

    with pytest.raises(MismatchError, match="not in its vocabulary"):
        answers(tmp_path / "model.keras", given)


def test_a_category_without_a_place_is_an_error_in_files_of_keras_2_as_it_was_there(shared):
    path = shared / "museum" / "tfkeras-2.10" / "pre_category_encoding_count.h5"
    if not path.exists():
        pytest.skip("the museum of Keras files is not beside the repository")
    (spec,) = compile_network(read(path).network).inputs

    with pytest.raises(MismatchError, match="an input is outside 0 to"):
        answers(path, np.full((1, spec.shape[1]), 99, spec.dtype))


COUNTS = [
    ("num_bins", 0, INTEGERS, lambda: kl.Hashing(5)),
    ("num_bins", -3, INTEGERS, lambda: kl.Hashing(5, mask_value=2)),
    ("num_bins", 10**15, INTEGERS, lambda: kl.Hashing(5, output_mode="count")),
    ("num_bins", "many", INTEGERS, lambda: kl.Hashing(5)),
    ("salt", [1], INTEGERS, lambda: kl.Hashing(5)),
    ("vocabulary", ["[UNK]"], WORDS, words()),
    ("num_oov_indices", -1, WORDS, words()),
    ("num_oov_indices", 10**15, WORDS, words()),
    ("max_tokens", 2, WORDS, words(output_mode="count", max_tokens=9, pad_to_max_tokens=True)),
    ("max_tokens", 10**15, WORDS, words(output_mode="count", max_tokens=9, pad_to_max_tokens=True)),
    ("num_tokens", 0, INTEGERS, lambda: kl.CategoryEncoding(4)),
    ("num_tokens", 10**15, INTEGERS, lambda: kl.CategoryEncoding(4)),
    ("oov_method", "other", INTEGERS, integers(num_oov_indices=2)),
    ("idf_weights", [1.0], WORDS, words(output_mode="tf_idf", idf_weights=LONGER)),
    ("mean", [[[1.0]]], NUMBERS, lambda: kl.Normalization(mean=2.0, variance=3.0)),
]


@pytest.mark.parametrize(("option", "value", "given", "make"), COUNTS)
def test_values_that_make_no_sense_are_refused(option, value, given, make, tmp_path):
    model = model_of(make, given)
    model.save(tmp_path / "model.keras")
    network = read(tmp_path / "model.keras").network
    layer = network.layers[model.layers[-1].name]
    layers = {**network.layers, layer.name: replace(layer, config={**layer.config, option: value})}

    with pytest.raises(KeramosError, match=layer.name):
        compile_network(replace(network, layers=layers))


def test_a_vocabulary_that_h5_cannot_hold_is_missed_by_name(tmp_path):
    model_of(lambda: learned(kl.StringLookup(name="cities"), WORDS), WORDS).save(
        tmp_path / "model.h5"
    )

    with pytest.raises(UnsupportedModelError, match=r"'cities'.*vocabulary is not in the file"):
        answers(tmp_path / "model.h5", WORDS)


REFUSED = {
    "sparse": (TEXTS, text(output_mode="count", sparse=True)),
    "ragged": (TEXTS, text(ragged=True)),
    "encoding": (TEXTS, text(encoding="latin-1")),
    "standardize": (TEXTS, text(standardize=tf.strings.upper)),
    "split": (TEXTS, text(split=tf.strings.bytes_split)),
    "output_mode": (TEXTS, text(output_mode="one_hot")),
    "bin_boundaries": (NUMBERS, lambda: kl.Discretization(num_bins=3)),
}


@pytest.mark.parametrize("option", REFUSED)
def test_options_without_an_answer_are_refused_by_name(option, tmp_path):
    given, make = REFUSED[option]
    x = keras.Input(given.shape[1:], dtype="string" if given.dtype == object else "float32")
    layer = make()
    if option != "bin_boundaries":
        keras.Model(x, layer(x)).save(tmp_path / "model.keras")
    else:
        keras.Sequential([x, layer]).save(tmp_path / "model.keras")

    with pytest.raises(ModelError, match=option):
        answers(tmp_path / "model.keras", given)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("nested", [False, True])
def test_weights_by_frequency_of_tf_keras_are_those_of_its_lookups(nested, tmp_path):
    tf_keras = pytest.importorskip("tf_keras")
    x = tf_keras.Input((1,), dtype="string")
    lookup = tf_keras.layers.StringLookup(
        vocabulary=["a", "b"], output_mode="tf_idf", idf_weights=[0.3, 0.4]
    )
    inner = tf_keras.Sequential([lookup]) if nested else lookup
    model = tf_keras.Model(x, tf_keras.layers.Dense(2)(inner(x)))
    model.save(tmp_path / "m.h5")
    rows = np.array([["a"], ["z"], ["b"]], object)

    found = load(tmp_path / "m.h5").predict(rows)

    np.testing.assert_allclose(found, model.predict(rows.astype(str), verbose=0), rtol=1e-5)
