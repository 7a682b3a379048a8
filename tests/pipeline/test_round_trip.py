"""From a SavedModel of Keras 2 to Keras 3, on with training, and back to a SavedModel."""

import keras
import numpy as np
import pytest

import keramos
from support.container_suite import ROWS
from support.tf_keras_models import saved, twin

pytestmark = pytest.mark.oracle


def answers_in_tensorflow(path):
    import tensorflow as tf

    signature = tf.saved_model.load(str(path)).signatures["serving_default"]
    (given,) = signature.structured_input_signature[1]
    (answer,) = signature(**{given: tf.constant(ROWS)}).values()
    return answer.numpy()


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
