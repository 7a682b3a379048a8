"""Models of tf-keras that tests save in its forms."""

from __future__ import annotations

import numpy as np
import pytest

from support.container_suite import network

tf_keras = pytest.importorskip("tf_keras")


def twin():
    """The network of the suite as tf-keras has it."""
    layers, found = tf_keras.layers, network().layers
    dense, norm = found["dense"], found["norm"]
    model = tf_keras.Sequential(
        [
            layers.InputLayer(input_shape=(2,), name="x"),
            layers.Dense(3, name="dense"),
            layers.BatchNormalization(epsilon=0.01, name="norm"),
        ],
        name="net",
    )
    model.layers[0].set_weights(dense.weights)
    model.layers[1].set_weights(norm.weights)
    return model


def small(dtype=None):
    """A hidden layer of a dtype, normalised, and an output of float32."""
    layers = tf_keras.layers
    return tf_keras.Sequential(
        [
            layers.Dense(16, "relu", input_shape=(4,), dtype=dtype),
            layers.BatchNormalization(dtype=dtype),
            layers.Dense(3, dtype="float32"),
        ]
    )


def of_rows(model, rows):
    """The signatures of a model that is traced for so many rows."""
    import tensorflow as tf

    traced = tf.function(lambda x: {"y": model(x)})
    spec = tf.TensorSpec((rows, *model.input_shape[1:]), tf.float32, name="x")
    return {"serving_default": traced.get_concrete_function(spec)}


def saved(model, path, **options):
    """A model as a folder, without the fingerprint, which nothing reads."""
    model.save(path, save_format="tf", **options)
    (path / "fingerprint.pb").unlink()
    return path


def nested():
    """A model in which layers and models are shared, nested, frozen and wrapped."""
    layers = tf_keras.layers
    block = tf_keras.Sequential(
        [layers.Dense(4, activation="relu"), layers.BatchNormalization(), layers.Dense(3)],
        name="block",
    )
    deep = tf_keras.Sequential([block, layers.LayerNormalization()], name="deep")
    steps = tf_keras.Sequential([layers.Dense(2), layers.BatchNormalization()], name="steps")
    one, two = tf_keras.Input((3,), name="b"), tf_keras.Input((3,), name="a")
    series = tf_keras.Input((5, 3), name="c")
    shared = layers.Dense(3, name="shared/inner.kernel")
    made = layers.Concatenate()(
        [
            deep(shared(one)),
            block(two),
            layers.Flatten()(layers.TimeDistributed(steps)(series)),
            layers.Bidirectional(layers.LSTM(2))(series),
            layers.RNN(layers.StackedRNNCells([layers.GRUCell(2), layers.LSTMCell(3)]))(series),
            shared(two),
        ]
    )
    frozen = layers.BatchNormalization(trainable=False, name="frozen")
    model = tf_keras.Model([one, two, series], [frozen(made), layers.Dense(1, name="out")(made)])
    rng = np.random.default_rng(0)
    model.set_weights([rng.uniform(0.1, 1, one.shape).astype("f4") for one in model.get_weights()])
    return model


NESTED_ROWS = [
    np.random.default_rng(seed).normal(size=(4, *shape)).astype("f4")
    for seed, shape in enumerate([(3,), (3,), (5, 3)])
]
