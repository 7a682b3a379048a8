"""Sequential models whose file does not state the shape of their input, as Keras writes them that
were built by their first rows.
"""

import json

import h5py
import keras
import numpy as np
import pytest
from keras import layers as kl

import keramos
from keramos.errors import UnsupportedModelError

IMAGE = (6, 6, 3)
SHOWN = {
    "dense": (lambda: [kl.Dense(3), kl.Dense(2)], (4,), (4,)),
    "dense behind a dropout": (
        lambda: [kl.Dropout(0.1), kl.Activation("tanh"), kl.Dense(3)],
        (4,),
        (4,),
    ),
    "dense before an LSTM": (lambda: [kl.Dense(3), kl.LSTM(2)], (5, 4), (None, 4)),
    "dense before a convolution": (lambda: [kl.Dense(3), kl.Conv2D(2, 2)], IMAGE, (None, None, 3)),
    "convolution": (lambda: [kl.Conv2D(2, 2), kl.GlobalMaxPooling2D()], IMAGE, (None, None, 3)),
    "convolution and flatten": (
        lambda: [kl.Conv2D(2, 2), kl.Flatten(), kl.Dense(2)],
        IMAGE,
        (None, None, 3),
    ),
    "convolution behind a pooling": (
        lambda: [kl.ZeroPadding2D(), kl.MaxPooling2D(2), kl.Conv2D(2, 2)],
        IMAGE,
        (None, None, 3),
    ),
    "convolution in groups": (lambda: [kl.Conv1D(4, 2, groups=2)], (6, 4), (None, 4)),
    "transposed convolution": (lambda: [kl.Conv2DTranspose(2, 2)], IMAGE, (None, None, 3)),
    "depthwise convolution": (lambda: [kl.DepthwiseConv2D(2)], IMAGE, (None, None, 3)),
    "separable convolution": (lambda: [kl.SeparableConv1D(2, 2)], (6, 4), (None, 4)),
    "embedding": (lambda: [kl.Embedding(9, 3), kl.GRU(2)], (5,), (None,)),
    "embedding and dense": (
        lambda: [kl.Embedding(9, 3), kl.GlobalAveragePooling1D(), kl.Dense(2)],
        (5,),
        (None,),
    ),
    "LSTM": (lambda: [kl.LSTM(2)], (5, 4), (None, 4)),
    "RNN of a cell": (lambda: [kl.RNN(kl.GRUCell(2))], (5, 4), (None, 4)),
    "stacked cells": (
        lambda: [kl.RNN(kl.StackedRNNCells([kl.LSTMCell(2), kl.GRUCell(3)]))],
        (5, 4),
        (None, 4),
    ),
    "bidirectional": (lambda: [kl.Bidirectional(kl.LSTM(2))], (5, 4), (None, 4)),
    "time distributed": (lambda: [kl.TimeDistributed(kl.Dense(2))], (5, 4), (None, 4)),
    "batch normalization": (lambda: [kl.BatchNormalization(), kl.Dense(2)], (4,), (4,)),
    "batch normalization of images": (
        lambda: [kl.BatchNormalization(), kl.Conv2D(2, 2)],
        IMAGE,
        (None, None, 3),
    ),
    "layer normalization": (lambda: [kl.LayerNormalization()], (4,), (4,)),
    "slopes": (lambda: [kl.PReLU(shared_axes=[1, 2])], IMAGE, (None, None, 3)),
    "a model inside": (
        lambda: [keras.Sequential([kl.Dense(3), kl.Dense(2)]), kl.Dense(2)],
        (4,),
        (4,),
    ),
    "masking": (lambda: [kl.Masking(), kl.LSTM(2)], (5, 4), (None, 4)),
}
HIDDEN = {
    "flatten": lambda: [kl.Flatten(), kl.Dense(2)],
    "reshape": lambda: [kl.Reshape((2, 2)), kl.LSTM(2)],
    "no weights": lambda: [kl.Activation("tanh")],
}


def without_shapes(value):
    """A config without input layers and without recorded shapes."""
    if isinstance(value, list):
        kept = [
            part
            for part in value
            if not (isinstance(part, dict) and part.get("class_name") == "InputLayer")
        ]
        return [without_shapes(part) for part in kept]
    if not isinstance(value, dict):
        return value
    shapes = {"batch_shape", "batch_input_shape", "build_config", "build_input_shape"}
    return {key: without_shapes(part) for key, part in value.items() if key not in shapes}


def saved(layers, shape, path):
    """The rows of a model of layers and its answers; its file states no shape."""
    model = keras.Sequential(layers)
    rows = np.random.default_rng(0).integers(0, 9, size=(3, *shape)).astype("float32")
    answers = np.asarray(model(rows))
    model.save(path)
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        file.attrs["model_config"] = json.dumps(without_shapes(config))
    return rows, answers


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", SHOWN)
def test_the_first_kernel_shows_the_shape_of_the_input(name, tmp_path):
    make, shape, shown = SHOWN[name]
    rows, answers = saved(make(), shape, tmp_path / "m.h5")

    model = keramos.load(tmp_path / "m.h5")

    assert model.inputs[0].shape == (None, *shown)
    np.testing.assert_allclose(model.predict(rows), answers, rtol=1e-5, atol=1e-6)
    assert "its first kernel shows" in " ".join(model.artifact.info.warnings)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", HIDDEN)
def test_a_shape_that_no_kernel_shows_is_asked_for(name, tmp_path):
    saved(HIDDEN[name](), (4,), tmp_path / "m.h5")

    with pytest.raises(UnsupportedModelError, match="does not say the shape") as refusal:
        keramos.load(tmp_path / "m.h5")

    assert "input shape" in refusal.value.remedy
