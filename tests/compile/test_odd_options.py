"""Values that Keras refuses when a layer is made are refused, whether answers depend on them or
not.
"""

import json
import zipfile

import keras
import numpy as np
import pytest

from keramos.artifact.read import read
from keramos.compile.emit import compile_network
from keramos.errors import ModelError
from keramos.keras_layers.registry import LAYERS
from keramos.pipeline.load import load
from support.option_draws import engine, model_of
from support.option_values import DRAWS, NOTHING, Variant

ODD = [-1, 0, 1.5, -0.5, 5.0, "nonsense", "", None, [], [0, 0], [1, 2, 3, 4, 5], ["a"], {}]
OTHER_VERSIONS = {
    ("GaussianNoise", "stddev"): "Keras 2 takes any number",
    ("LeakyReLU", "negative_slope"): "Keras 2 takes any number",
    ("ThresholdedReLU", "theta"): "Keras 1 takes any number",
    ("STFTSpectrogram", "window"): "the file holds its waves as weights",
    ("Discretization", "num_bins"): "Keras drops it where the file holds the bins",
    ("Normalization", "mean"): "Keras 2 takes numbers of other sizes than those of the variance",
    ("Normalization", "variance"): "as for the mean",
    ("ActivityRegularization", "l1"): "Keras 1 takes any number",
    ("ActivityRegularization", "l2"): "Keras 1 takes any number",
}
"""Class and option -> why a number that current Keras refuses is not refused."""
UNTRIED = {"MaxNumBoundingBoxes", "Equalization", "Pipeline", "Bidirectional", "RNN"}
"""Classes that hold layers, or that Keras cannot put into a functional model."""
FAST = ("Conv2D", "Dropout", "ReLU", "SpatialDropout2D")


def entry_of(config, kind):
    """The config of the layer of a class."""
    names = {kind, LAYERS[kind].class_name}
    for layer in config["config"]["layers"]:
        if layer["class_name"] in names:
            return layer
    return next(
        (
            part
            for layer in config["config"]["layers"]
            for part in layer["config"].values()
            if isinstance(part, dict) and part.get("class_name") in names
        ),
        None,
    )


def refused_by_keras(kind, module, config):
    """Whether Keras makes no such layer."""
    try:
        getattr(module.layers, kind).from_config(json.loads(json.dumps(config)))
    except Exception:  # noqa: BLE001 (whatever Keras raises is its refusal)
        return True
    return False


def accepted(parts, path):
    """Whether keramos compiles a file of these parts."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    try:
        compile_network(read(path).network)
    except ModelError:
        return False
    return True


def options_of(config):
    """Options that a mistaken value is put into."""
    skipped = {"name", "dtype", "trainable", "layer", "cell", "cells", "layers", "build_config"}
    trained = ("_initializer", "_regularizer", "_constraint")
    return [key for key in config if key not in skipped and not key.endswith(trained)]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, marks=() if kind in FAST else pytest.mark.slow)
        for kind in DRAWS
        if kind not in UNTRIED
    ],
)
def test_what_keras_refuses_to_make_is_refused(kind, tmp_path):
    draw = DRAWS[kind]
    module = engine(draw.only or "keras")
    path = tmp_path / "model.keras"
    base = Variant(dict(NOTHING), dict(draw.base))
    model, *_ = model_of(kind, draw.only or "keras", [base], draw.shapes[0], 0)
    model.save(path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(parts["config.json"])
    layer = entry_of(config, kind)["config"]
    assert accepted(parts, path)
    wrong = []
    for option in options_of(layer):
        known = layer[option]
        for value in ODD:
            layer[option] = value
            if refused_by_keras(kind, module, layer):
                parts["config.json"] = json.dumps(config)
                if accepted(parts, path):
                    wrong.append((kind, option, value))
        layer[option] = known
    keras.backend.clear_session(free_memory=False)
    assert [one for one in wrong if one[:2] not in OTHER_VERSIONS] == []


@pytest.mark.parametrize("axis", [[], [1, 1]])
def test_axes_are_given_once(axis, tmp_path):
    x = keras.Input((3, 4), name="x")
    keras.Model(x, keras.layers.UnitNormalization()(x)).save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(parts["config.json"])
    entry_of(config, "UnitNormalization")["config"]["axis"] = axis

    assert not accepted({**parts, "config.json": json.dumps(config)}, tmp_path / "other.keras")


@pytest.mark.parametrize("length", [*range(1, 9), 15, 16, 17])
@pytest.mark.parametrize("window", ["hann", "hamming"])
def test_windows_of_any_length_answer_as_in_keras(window, length, tmp_path):
    x = keras.Input((40,), name="x")
    layer = keras.layers.MelSpectrogram(
        fft_length=17,
        sequence_length=length,
        sequence_stride=5,
        num_mel_bins=4,
        sampling_rate=100,
        min_freq=1.0,
        window=window,
        power_to_db=False,
    )
    model = keras.Model(x, layer(x))
    model.save(tmp_path / "m.keras")
    rows = np.random.default_rng(0).normal(size=(2, 40)).astype("float32")
    np.testing.assert_allclose(
        load(tmp_path / "m.keras").predict(rows), model(rows), rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("kind", ["ReLU", "Flatten", "Dropout", "Identity", "UnitNormalization"])
def test_a_second_tensor_of_a_layer_that_takes_one_is_not_ignored(kind, tmp_path):
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    keras.Model([a, b], keras.layers.Add(name="both")([a, b])).save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(parts["config.json"])
    entry = entry_of(config, "Add")
    more = {"rate": 0.5} if kind == "Dropout" else {}
    entry |= {"class_name": kind, "config": {"name": "both", **more}}

    assert not accepted({**parts, "config.json": json.dumps(config)}, tmp_path / "other.keras")
