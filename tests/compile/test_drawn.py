"""Layers, options and shapes drawn at random, saved by Keras and compared: the options meet each
other.
"""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import layers as kl

from support.drawing import CONTAINER, PLAIN, compare
from support.drawn_layers import EVERY


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("name", "options", "shapes"), EVERY, ids=[f"{i} {row[0]}" for i, row in enumerate(EVERY)]
)
def test_any_options_and_shapes_of_a_layer_answer_as_in_keras(name, options, shapes, tmp_path):
    @PLAIN
    @given(
        shape=shapes,
        drawn=st.fixed_dictionaries(options),
        container=CONTAINER,
        seed=st.integers(0, 9),
    )
    def answers(shape, drawn, container, seed):
        more = drawn.pop("_more", {})
        x = keras.Input(shape, name="x")
        model = keras.Model(x, getattr(kl, name)(**drawn, **more)(x))
        rows = np.random.default_rng(seed).normal(size=(3, *shape)).astype("float32")
        compare(model, {"x": rows}, tmp_path / f"model{container}", seed)

    answers()
