"""Plain Keras files of a few weights, written without Keras."""

from __future__ import annotations

import json

import numpy as np

from keramos.artifact.write import write
from keramos.types.network import Call, Layer, Network, TensorRef


def chain(path, shape, *layers, dtype="float32"):
    """A file of layers one after another; each is (class, config, weights)."""
    source = Layer("given", "InputLayer", {"batch_shape": [None, *shape], "dtype": dtype})
    made, calls, last = {"given": source}, [], TensorRef("given")
    for place, (kind, config, *weights) in enumerate(layers, 1):
        name = f"{kind.lower()}_{place}"
        made[name] = Layer(
            name, kind, dict(config), tuple(np.asarray(w, "float32") for w in weights)
        )
        calls.append(Call(name, (last,)))
        last = TensorRef(name)
    network = Network("tiny", made, tuple(calls), (TensorRef("given"),), (last,))
    write(path, network, None)
    return path


def dense(inputs, units, activation="linear", seed=0):
    """A Dense layer with drawn weights."""
    rng = np.random.default_rng(seed)
    config = {"units": units, "activation": activation, "use_bias": True}
    return "Dense", config, rng.normal(0, 1, (inputs, units)), rng.normal(0, 1, units)


def pictures(path, classes=3):
    """A network of pictures of 8 x 6 pixels."""
    return chain(path, (6, 8, 3), ("Flatten", {}), dense(6 * 8 * 3, classes, "softmax"))


def texts(path, words=12, length=5):
    """A network of the indices of ``length`` words."""
    rng = np.random.default_rng(1)
    embedding = ("Embedding", {"input_dim": words, "output_dim": 4}, rng.normal(0, 1, (words, 4)))
    pool = ("GlobalAveragePooling1D", {})
    return chain(path, (length,), embedding, pool, dense(4, 2, "softmax"), dtype="int32")


def tokenizer(words):
    """The JSON of a Keras tokenizer that knows some words."""
    index = {word: place for place, word in enumerate(words, 1)}
    counts = dict.fromkeys(words, 1)
    config = {
        "num_words": None,
        "filters": '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n',
        "lower": True,
        "split": " ",
        "char_level": False,
        "oov_token": None,
        "document_count": 1,
        "word_counts": json.dumps(counts),
        "word_docs": json.dumps(counts),
        "index_docs": json.dumps(dict.fromkeys(index.values(), 1)),
        "index_word": json.dumps({place: word for word, place in index.items()}),
        "word_index": json.dumps(index),
    }
    return json.dumps({"class_name": "Tokenizer", "config": config})


def window(path, rows, columns):
    """A network that answers the next row of a window: a convolution over all of its rows."""
    rng = np.random.default_rng(3)
    config = {"filters": 3, "kernel_size": [rows], "activation": "tanh", "use_bias": True}
    kernel = rng.normal(0, 0.3, (rows, columns, 3)), rng.normal(0, 1, 3)
    return chain(
        path, (rows, columns), ("Conv1D", config, *kernel), ("Flatten", {}), dense(3, columns)
    )
