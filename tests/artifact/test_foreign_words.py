"""Words that no Keras writes are refused, wherever in a config they stand: what older versions
meant is read from who wrote the file, never from the file's own words.
"""

import dataclasses
import json
import zipfile

import h5py
import numpy as np
import pytest

import keramos
from keramos.artifact.write import write
from keramos.errors import ModelError
from keramos.types.legacy import Legacy
from keramos.types.network import Call, Layer, Network, TensorRef

ONES = np.ones


def weights(*shapes):
    return tuple(ONES(shape, "float32") for shape in shapes)


DENSE = Layer("l", "Dense", {"units": 2, "activation": "relu"}, weights((3, 2), (2,)))
LSTM = Layer("l", "LSTM", {"units": 2}, weights((3, 8), (2, 8), (8,)))
HEADS = Layer(
    "l",
    "MultiHeadAttention",
    {"num_heads": 1, "key_dim": 2},
    weights(*[(3, 1, 2), (1, 2)] * 3, (1, 2, 3), (3,)),
)
BOTH = Layer("l", "Bidirectional", inner=(LSTM, LSTM))
LAYERS = {
    "Activation": (Layer("l", "Activation", {"activation": "relu"}), (3,)),
    "Attention": (Layer("l", "Attention"), (4, 3)),
    "BatchNormalization": (Layer("l", "BatchNormalization", {}, weights(*[(3,)] * 4)), (3,)),
    "Bidirectional": (BOTH, (4, 3)),
    "CategoryEncoding": (Layer("l", "CategoryEncoding", {"num_tokens": 3}), (1,)),
    "Concatenate": (Layer("l", "Concatenate"), (3,)),
    "Conv2D": (
        Layer("l", "Conv2D", {"filters": 2, "kernel_size": [2, 2]}, weights((2, 2, 3, 2), (2,))),
        (4, 4, 3),
    ),
    "ConvLSTM2D": (
        Layer(
            "l",
            "ConvLSTM2D",
            {"filters": 1, "kernel_size": [2, 2]},
            weights((2, 2, 3, 4), (2, 2, 1, 4), (4,)),
        ),
        (2, 4, 4, 3),
    ),
    "Dense": (DENSE, (3,)),
    "LSTM": (LSTM, (4, 3)),
    "MaxPooling2D": (Layer("l", "MaxPooling2D"), (4, 4, 3)),
    "MultiHeadAttention": (HEADS, (4, 3)),
    "RNN": (Layer("l", "RNN", inner=(dataclasses.replace(LSTM, kind="LSTMCell"),)), (4, 3)),
    "RandomCrop": (Layer("l", "RandomCrop", {"height": 2, "width": 2}), (4, 4, 3)),
    "Resizing": (Layer("l", "Resizing", {"height": 2, "width": 2}), (4, 4, 3)),
    "Softmax": (Layer("l", "Softmax"), (3,)),
    "StackedRNNCells": (
        Layer(
            "l",
            "RNN",
            inner=(
                Layer(
                    "cells",
                    "StackedRNNCells",
                    inner=(dataclasses.replace(LSTM, kind="LSTMCell", name="c"),),
                ),
            ),
        ),
        (4, 3),
    ),
    "TimeDistributed": (Layer("l", "TimeDistributed", inner=(DENSE,)), (4, 3)),
    "UpSampling2D": (Layer("l", "UpSampling2D"), (4, 4, 3)),
    **{
        kind: (Layer("l", kind), (3,))
        for kind in ("Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract")
    },
}
"""Class -> a layer of it, and the shape of one row of its input."""

MERGING = ("Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract")

WORDS = [
    *[(kind, "mask_rule", rule) for kind in MERGING for rule in ("all", "any", "none")],
    *[
        (kind, "activation", word)
        for kind in ("Activation", "Conv2D", "ConvLSTM2D", "Dense", "LSTM")
        for word in ("hard_sigmoid_keras2", "hard_sigmoid_old")
    ],
    *[(kind, "recurrent_activation", "hard_sigmoid_keras2") for kind in ("ConvLSTM2D", "LSTM")],
    *[
        (kind, "padding", word)
        for kind in ("Conv2D", "ConvLSTM2D", "MaxPooling2D")
        for word in ("same_theano", "theano")
    ],
    ("ConvLSTM2D", "recurrent_padding", "same_theano"),
    *[
        (kind, "interpolation", word)
        for kind in ("Resizing", "UpSampling2D")
        for word in (
            *("bilinear_corners", "bilinear_keras2", "bilinear_theano"),
            *("gaussian", "mitchellcubic", "from_start"),
        )
    ],
    *[(kind, "_layout", word) for kind in ("ConvLSTM2D", "LSTM") for word in ("cudnn", "split")],
    ("Attention", "causal", True),
    ("BatchNormalization", "axis", [1, 2]),
    ("BatchNormalization", "mode", 1),
    ("Bidirectional", "zero_output_for_mask", False),
    ("CategoryEncoding", "keep_last_axis", True),
    ("CategoryEncoding", "must_fit", True),
    ("LSTM", "keras2_mask", True),
    ("MultiHeadAttention", "auto_mask", False),
    ("MultiHeadAttention", "masked_to_zero", False),
    ("RandomCrop", "when_predicting", "crop and resize"),
    ("Softmax", "masked_to_zero", False),
    ("StackedRNNCells", "reverse_state_order", True),
    ("TimeDistributed", "inner_mask", True),
    *[
        (kind, field.name, value)
        for field in dataclasses.fields(Legacy)
        for kind, value in (("Dense", True), ("LSTM", "theano"))
    ],
    ("Dense", "layer", {"class_name": "Dense", "config": {"name": "d", "units": 1}}),
    ("Dense", "cells", []),
    ("Dense", "legacy", {"hard_sigmoid_keras2": True}),
    ("Dense", "replacement", "x + 1"),
    ("Dense", "expression", "x + 1"),
    # Words of Keras 1 and Keras 2 in a file of Keras 3.
    ("Dense", "output_dim", 2),
    ("Dense", "bias", False),
    ("Conv2D", "border_mode", "same"),
    ("Conv2D", "dim_ordering", "th"),
    ("LSTM", "inner_activation", "sigmoid"),
    ("InputLayer", "mask_rule", "all"),
    ("InputLayer", "batch_input_shape", [None, 3]),
]


def model(layer, shape):
    source = Layer("x", "InputLayer", {"batch_shape": [None, *shape], "dtype": "float32"})
    many = layer.kind in {*MERGING, "Attention", "MultiHeadAttention"}
    x = TensorRef("x")
    args = (x, x) if layer.kind == "MultiHeadAttention" else ([x, x],) if many else (x,)
    return Network("m", {"x": source, "l": layer}, (Call("l", args),), (x,), (TensorRef("l"),))


def altered(path, change):
    """The file with its config changed in place."""
    if path.suffix == ".h5":
        with h5py.File(path, "r+") as file:
            config = json.loads(file.attrs["model_config"])
            change(config)
            file.attrs["model_config"] = json.dumps(config)
        return path
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(parts["config.json"])
    change(config)
    with zipfile.ZipFile(path, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, json.dumps(config) if name == "config.json" else part)
    return path


def configs_of(value, kind):
    """The configs of all layers of a class, wrapped ones included."""
    if isinstance(value, dict):
        if value.get("class_name") == kind:
            yield value["config"]
        for part in value.values():
            yield from configs_of(part, kind)
    elif isinstance(value, list):
        for part in value:
            yield from configs_of(part, kind)


def with_option(kind, option, value):
    def change(config):
        found = list(configs_of(config, kind))
        assert found, f"no {kind} in the config"
        for one in found:
            one[option] = value

    return change


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("kind", LAYERS)
def test_the_files_that_the_words_are_put_into_run_without_them(kind, suffix, tmp_path):
    path = tmp_path / f"m{suffix}"
    write(path, model(*LAYERS[kind]), None)

    keramos.load(altered(path, lambda _: None))


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize(("kind", "option", "value"), WORDS)
def test_a_word_that_no_keras_writes_is_refused_by_name(kind, option, value, suffix, tmp_path):
    path = tmp_path / f"m{suffix}"
    write(path, model(*LAYERS.get(kind, LAYERS["Dense"])), None)

    with pytest.raises(ModelError, match=option):
        keramos.load(altered(path, with_option(kind, option, value)))


WRAPPED = [
    ("TimeDistributed", "Dense", "activation", "hard_sigmoid_keras2"),
    ("TimeDistributed", "Dense", "weight_layout", "split"),
    ("Bidirectional", "LSTM", "recurrent_activation", "hard_sigmoid_keras2"),
    ("Bidirectional", "LSTM", "_layout", "cudnn"),
    ("RNN", "LSTMCell", "recurrent_activation", "hard_sigmoid_keras2"),
    ("RNN", "LSTMCell", "states_reversed", True),
    ("StackedRNNCells", "LSTMCell", "_layout", "cudnn"),
]


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize(("outer", "kind", "option", "value"), WRAPPED)
def test_the_words_are_refused_in_wrapped_layers_and_cells(
    outer, kind, option, value, suffix, tmp_path
):
    path = tmp_path / f"m{suffix}"
    write(path, model(*LAYERS[outer]), None)

    with pytest.raises(ModelError, match=option):
        keramos.load(altered(path, with_option(kind, option, value)))


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize(
    ("kind", "config", "word"),
    [
        ("Softmax", {"masked_to_zero": False}, "masked_to_zero"),
        ("Softmax", {"all_masked_is_even": True}, "all_masked_is_even"),
        ("Activation", {"activation": "hard_sigmoid_keras2"}, "hard_sigmoid_keras2"),
        ("ReLU", {"hard_sigmoid_keras2": True}, "hard_sigmoid_keras2"),
    ],
)
def test_the_words_are_refused_in_layers_as_activations(kind, config, word, suffix, tmp_path):
    path = tmp_path / f"m{suffix}"
    write(path, model(*LAYERS["Dense"]), None)
    entry = {"class_name": kind, "config": {"name": "a", **config}, "module": "keras.layers"}

    with pytest.raises(ModelError, match=word):
        keramos.load(altered(path, with_option("Dense", "activation", entry)))


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("argument", ["keras2_mask", "states_keep_mask", "legacy"])
def test_the_words_are_refused_in_calls(argument, suffix, tmp_path):
    path = tmp_path / f"m{suffix}"
    write(path, model(*LAYERS["LSTM"]), None)

    def change(config):
        config["config"]["layers"][1]["inbound_nodes"][0]["kwargs"][argument] = True

    with pytest.raises(ModelError, match=argument):
        keramos.load(altered(path, change))


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize(
    "kind", ["replaced.Expression", "replaced.Function", "ops.Relu", "tf.nn.relu", "custom.Dense"]
)
def test_a_class_cannot_take_the_name_of_what_readers_make(kind, suffix, tmp_path):
    path = tmp_path / f"m{suffix}"
    write(path, model(Layer("l", "Activation", {"activation": "relu"}), (3,)), None)

    def change(config):
        entry = config["config"]["layers"][1]
        entry["class_name"], entry["module"] = kind, "keras.layers"
        entry["config"] = {"name": "l", "expression": "x + 1", "function": "x"}

    with pytest.raises(ModelError, match="not a built-in"):
        keramos.load(altered(path, change))


OLDER = [
    ("2.15.0", "mask_rule", "all"),
    ("2.15.0", "_layout", "cudnn"),
    ("2.15.0", "hard_sigmoid_keras2", True),
    ("2.3.1", "theano_padding", True),
    ("2.3.1", "fused", True),
    ("1.2.2", "mask_rule", "all"),
    ("1.2.2", "units", 2),
    ("1.2.2", "consume_less", "gpu"),
    ("1.2.2", "forget_bias_init", "one"),
    ("1.2.2", "_layout", "split"),
]


@pytest.mark.parametrize(("version", "option", "value"), OLDER)
def test_older_files_are_refused_for_words_that_their_keras_does_not_write(
    version, option, value, tmp_path
):
    units = "output_dim" if version.startswith("1") else "units"
    config = {"name": "d", units: 2, "batch_input_shape": [None, 3]}
    path = old_file(tmp_path / "m.h5", version, {**config, option: value})

    with pytest.raises(ModelError, match=option):
        keramos.load(path)

    assert keramos.load(old_file(tmp_path / "good.h5", version, config))


def old_file(path, version, config):
    with h5py.File(path, "w") as file:
        file.attrs.update({"keras_version": version, "backend": "tensorflow"})
        layers = [{"class_name": "Dense", "config": config}]
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": layers})
        group = file.create_group("model_weights").create_group("d")
        group.parent.attrs["layer_names"] = [b"d"]
        group.attrs["weight_names"] = [b"d/kernel:0", b"d/bias:0"]
        group["d/kernel:0"], group["d/bias:0"] = ONES((3, 2), "f4"), ONES(2, "f4")
    return path


@pytest.mark.parametrize(
    ("version", "kind", "both"),
    [
        ("1.2.2", "MaxPooling1D", {"pool_length": 2, "pool_size": 3}),
        ("2.15.0", "LeakyReLU", {"negative_slope": 0.1}),
        ("2.15.0", "LeakyReLU", {"alpha": 0.1, "negative_slope": 0.1}),
        ("2.15.0", "CategoryEncoding", {"max_tokens": 3, "num_tokens": 4}),
    ],
)
def test_an_option_under_two_names_is_refused_instead_of_losing_one(version, kind, both, tmp_path):
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.attrs.update({"keras_version": version, "backend": "tensorflow"})
        config = {"name": "l", "batch_input_shape": [None, 4, 3], **both}
        layers = [{"class_name": kind, "config": config}]
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": layers})
        file.create_group("model_weights").attrs["layer_names"] = []

    with pytest.raises(ModelError, match=list(both)[-1]):
        keramos.load(tmp_path / "m.h5")
