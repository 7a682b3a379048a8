"""From a SavedModel of Keras 2 to Keras 3, on with training, and back to a SavedModel."""

import keras
import numpy as np
import pytest

import keramos
from support.container_suite import ROWS
from support.tf_keras_models import saved, tf_keras, twin

pytestmark = pytest.mark.oracle


def answers_in_tensorflow(path):
    import tensorflow as tf

    signature = tf.saved_model.load(str(path)).signatures["serving_default"]
    (given,) = signature.structured_input_signature[1]
    (answer,) = signature(**{given: tf.constant(ROWS)}).values()
    return answer.numpy()


def _recurrent():
    layers = tf_keras.layers
    series = [layers.Bidirectional(layers.LSTM(3, return_sequences=True)), layers.GRU(2)]
    parts = [layers.BatchNormalization(), *series, layers.Dense(1)]
    return tf_keras.Sequential([layers.InputLayer(input_shape=(5, 2)), *parts])


def _two_inputs():
    layers = tf_keras.layers
    a, b = tf_keras.Input((4,), name="a"), tf_keras.Input((3,), name="b")
    both = layers.BatchNormalization()(layers.Concatenate()([layers.Dense(5, "relu")(b), a]))
    return tf_keras.Model([b, a], layers.Dense(1, name="one")(both))


def _words():
    layers = tf_keras.layers
    look = layers.StringLookup(vocabulary=["red", "green", "blue"], output_mode="multi_hot")
    x = tf_keras.Input((2,), dtype="string", name="x")
    return tf_keras.Model(x, layers.Dense(1)(look(x)))


RNG = np.random.default_rng(0)
BROAD = {
    "recurrent": (_recurrent, [RNG.random((6, 5, 2), "f4")]),
    "two inputs": (_two_inputs, [RNG.random((6, 3), "f4"), RNG.random((6, 4), "f4")]),
    "words": (_words, [np.array([["red", "blue"], ["green", "odd"], ["red", "red"]])]),
}


@pytest.mark.parametrize("name", BROAD)
def test_layers_of_every_kind_go_there_and_back(name, tmp_path):
    import tensorflow as tf

    make, feeds = BROAD[name]
    old = make()
    old.save(tmp_path / "old", save_format="tf")
    theirs = [tf.constant(one) for one in feeds]
    first = np.asarray(old(theirs if len(theirs) > 1 else theirs[0]))

    keramos.convert(tmp_path / "old", tmp_path / "model.keras")
    model = keras.models.load_model(tmp_path / "model.keras")
    given = theirs if len(theirs) > 1 else theirs[0]
    np.testing.assert_allclose(np.asarray(model(given)), first, 1e-4, 1e-5)
    model.compile("sgd", "mse")
    model.fit(given, np.ones((len(feeds[0]), 1)), epochs=1, verbose=0)
    model.save(tmp_path / "edited.keras")
    keramos.convert(tmp_path / "edited.keras", tmp_path / "new")

    served = tf.saved_model.load(str(tmp_path / "new")).signatures["serving_default"]
    names = [one.name.partition(":")[0] for one in model.inputs]
    (again,) = served(**dict(zip(names, theirs, strict=True))).values()
    np.testing.assert_allclose(again.numpy(), np.asarray(model(given)), 1e-4, 1e-5)


def test_a_saved_model_becomes_editable_and_a_saved_model_again(tmp_path):
    old = saved(twin(), tmp_path / "old")
    keramos.convert(old, tmp_path / "model.keras")
    model = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(model.predict(ROWS, verbose=0), answers_in_tensorflow(old), 1e-5)

    model.compile("sgd", "mse")
    model.fit(ROWS, np.ones((len(ROWS), 3)), epochs=1, verbose=0)
    model.save(tmp_path / "edited.keras")
    (tmp_path / "served").mkdir()
    keramos.convert(tmp_path / "edited.keras", tmp_path / "served" / "1")

    again = answers_in_tensorflow(tmp_path / "served" / "1")
    np.testing.assert_allclose(again, model.predict(ROWS, verbose=0), 1e-5)
    assert not np.allclose(again, answers_in_tensorflow(old))
