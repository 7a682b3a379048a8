"""Functions of TensorFlow on texts, rows of different lengths and serialised rows, as graphs."""

from __future__ import annotations

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow")
raw = tf.raw_ops

TEXTS = np.array(
    ["The  quick, brown fox!", "a", "", "ÄÖ ß été 😀 x\ty\n", "<br />b-c_d 12"], object
)
NUMBERS = np.array(["1", "-20", " 3", "4e1"], object)
MATRIX = np.array([["a", "b"], ["", "c"], ["d", "é"]], object)
IDS = np.array([3, 1, 3, 7, 1], "i8")
SCORES = np.random.default_rng(5).normal(size=(5, 3)).astype("f4")
WORDS = ["quick", "fox", "a", "12", "x"]
PUNCTUATION = r'[!"#$%&()\*\+,-\./:;<=>?@\[\\\]^_`{|}~\']'


def _feature(**values):
    return tf.train.Feature(**values)


def _example(number, words, counts):
    feature = {
        "number": _feature(float_list=tf.train.FloatList(value=[number, -number])),
        "words": _feature(bytes_list=tf.train.BytesList(value=[one.encode() for one in words])),
        "counts": _feature(int64_list=tf.train.Int64List(value=counts)),
    }
    if not words:
        del feature["words"]
    return tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()


EXAMPLES = np.array(
    [_example(1.5, ["a", "é"], [1, -2, 3]), _example(-2, [], [5]), _example(0, ["b"], [7, 8])],
    object,
)


def table():
    """A vocabulary as a table of hashes."""
    return tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(WORDS, np.arange(2, 7, dtype="i8")), 1
    )


def vectorised(x):
    """What TextVectorization traces."""
    x = tf.strings.regex_replace(tf.strings.lower(x), PUNCTUATION, "")
    return tf.strings.split(x).to_tensor("")


def runs(x):
    """Words and pairs of words in rows."""
    return tf.strings.ngrams(tf.strings.split(x), (1, 2)).to_tensor("-")


def looked_up(x):
    """Places in a vocabulary, padded with 0 to a width."""
    return KEPT.lookup(tf.strings.split(x).to_tensor("", shape=[None, 4]))


def pooled(x):
    """The mean of what each word of a text has."""
    found = tf.gather(SCORES, tf.strings.length(tf.strings.split(x).values) % 5)
    ids = tf.strings.split(x).value_rowids()
    return tf.math.unsorted_segment_sum(found, ids, tf.shape(x)[0])


def parsed(x):
    """Dense, sparse and defaulted features of serialised rows."""
    found = tf.io.parse_example(
        x,
        {
            "number": tf.io.FixedLenFeature([2], tf.float32),
            "words": tf.io.VarLenFeature(tf.string),
            "counts": tf.io.FixedLenSequenceFeature([], tf.int64, True, 9),
            "absent": tf.io.FixedLenFeature([], tf.float32, 0.5),
        },
    )
    words = tf.strings.length(tf.sparse.to_dense(found["words"], ""))
    return tf.concat(
        [
            found["number"],
            tf.cast(words, tf.float32),
            tf.cast(found["counts"], tf.float32),
            found["absent"][:, None],
        ],
        1,
    )


def parsed_first(x):
    """The same by the first version of the operation, which estimators use."""
    found = raw.ParseExample(
        serialized=x,
        names=[],
        sparse_keys=["words"],
        dense_keys=["number"],
        dense_defaults=[np.empty(0, "f4")],
        sparse_types=[tf.string],
        dense_shapes=[[2]],
    )
    dense = tf.sparse.to_dense(
        tf.SparseTensor(found.sparse_indices[0], found.sparse_values[0], found.sparse_shapes[0]),
        "?",
    )
    return tf.strings.join([dense[:, 0], tf.strings.as_string(tf.shape(found.dense_values[0])[0])])


def ragged_features(x):
    """Features whose rows have different lengths."""
    found = tf.io.parse_example(x, {"counts": tf.io.RaggedFeature(tf.int64)})["counts"]
    return found.to_tensor(-1)


def filled(x):
    """Sparse rows with a word where there is none."""
    found = tf.io.parse_example(x, {"words": tf.io.VarLenFeature(tf.string)})["words"]
    some, empty = tf.sparse.fill_empty_rows(found, "none")
    first = tf.sparse.to_dense(some, "")[:, 0]
    return tf.strings.join([first, tf.where(empty, "-", "+")])


def embedded(x):
    """The mean of the rows of a table that sparse words name, as feature columns compute it."""
    found = tf.io.parse_example(x, {"counts": tf.io.VarLenFeature(tf.int64)})["counts"]
    ids = tf.SparseTensor(found.indices, found.values % 5, found.dense_shape)
    return tf.nn.safe_embedding_lookup_sparse(tf.constant(SCORES), ids, combiner="mean")


KEPT = table()
CASES = {
    "AsString": (lambda v: tf.strings.as_string(v), (IDS,)),
    "ParseExample": (parsed_first, (EXAMPLES,)),
    "ParseExampleV2": (parsed, (EXAMPLES,)),
    "ParseExampleV2_ragged": (ragged_features, (EXAMPLES,)),
    "RaggedBincount": (
        lambda v: (
            tf.ragged.bincount(tf.strings.length(tf.strings.split(v)), 8)
            if hasattr(tf.ragged, "bincount")
            else raw.RaggedBincount(
                splits=tf.strings.split(v).row_splits,
                values=tf.strings.length(tf.strings.split(v).values),
                size=8,
                weights=np.empty(0, "f4"),
            )
        ),
        (TEXTS,),
    ),
    "RaggedRange": (
        lambda v: tf.ragged.range(tf.zeros_like(v), v).to_tensor(-1),
        (IDS,),
    ),
    "ReduceJoin": (lambda v: tf.strings.reduce_join(v, [1], separator="+"), (MATRIX,)),
    "ReduceJoin_kept": (lambda v: tf.strings.reduce_join(v, -1, keepdims=True), (MATRIX,)),
    "RegexFullMatch": (lambda v: tf.strings.regex_full_match(v, r".*[a-d]\w*"), (TEXTS,)),
    "RegexReplace": (lambda v: tf.strings.regex_replace(v, r"(\w)(\w)", r"\2\1"), (TEXTS,)),
    "RegexReplace_once": (
        lambda v: tf.strings.regex_replace(v, r"\s+", " ", replace_global=False),
        (TEXTS,),
    ),
    "SegmentMean": (
        lambda v, i: tf.math.segment_mean(v, i),
        (SCORES, np.array([0, 0, 2, 2, 3], "i8")),
    ),
    "SparseFillEmptyRows": (filled, (EXAMPLES,)),
    "SparseSegmentMean": (embedded, (EXAMPLES,)),
    "StringJoin": (lambda v: tf.strings.join([v, "-", v], "/"), (MATRIX,)),
    "StringLength": (lambda v: tf.strings.length(v), (TEXTS,)),
    "StringLength_letters": (lambda v: tf.strings.length(v, "UTF8_CHAR"), (TEXTS,)),
    "StringLower": (lambda v: tf.strings.lower(v), (TEXTS,)),
    "StringLower_utf8": (lambda v: tf.strings.lower(v, "utf-8"), (TEXTS,)),
    "StringNGrams": (runs, (TEXTS,)),
    "StringSplitV2": (vectorised, (TEXTS,)),
    "StringSplitV2_by": (
        lambda v: tf.strings.split(v, " ", maxsplit=2).to_tensor("0"),
        (TEXTS,),
    ),
    "StringSplitV2_most": (lambda v: tf.strings.split(v, maxsplit=1).to_tensor("0"), (TEXTS,)),
    "StringStrip": (lambda v: tf.strings.strip(v), (TEXTS,)),
    "StringToHashBucketFast": (lambda v: tf.strings.to_hash_bucket_fast(v, 100), (TEXTS,)),
    "StringToHashBucketStrong": (
        lambda v: tf.strings.to_hash_bucket_strong(v, 100, [3, 4]),
        (TEXTS,),
    ),
    "StringToNumber": (lambda v: tf.strings.to_number(v), (NUMBERS,)),
    "StringUpper": (lambda v: tf.strings.upper(v, "utf-8"), (TEXTS,)),
    "Substr": (lambda v: tf.strings.substr(v, 0, 3), (TEXTS,)),
    "Substr_letters": (lambda v: tf.strings.substr(v, -1, 1, "UTF8_CHAR"), (MATRIX[::2],)),
    "UnicodeDecode": (
        lambda v: tf.strings.unicode_split(v, "UTF-8").to_tensor("."),
        (TEXTS,),
    ),
    "Unique": (lambda v: tf.gather(*tf.unique(v)[:2]), (IDS,)),
    "UnsortedSegmentSum": (pooled, (TEXTS,)),
    "looked_up": (looked_up, (TEXTS,)),
}
