"""Classes that only have the name of a built-in one: every name, in every place and form."""

from __future__ import annotations

import pytest

from keramos.artifact.keras.dialects.origin import Origin
from keramos.artifact.keras.operation_modules import OPERATIONS, module_of
from keramos.artifact.keras.read_config import read_config
from keramos.keras_layers.code import CODE
from keramos.keras_layers.registry import LAYERS

GENERATIONS = {
    "keras1": ("1.2.2", "1"),
    "keras2": ("2.2.4", "2"),
    "tf_keras": ("2.15.0", "2"),
    "keras3": ("3.15.1", "3"),
}
NAMES = sorted({*LAYERS, *CODE, *OPERATIONS, "InputLayer", "Functional", "Sequential", "Model"})
OWN = {"name": "c", "trainable": True, "dtype": "float32", "mine": 0.5}
"""What Keras writes of a layer of the user's own, and an option of its own."""

SIGNS = {
    "null": {"module": None, "registered_name": "{}"},
    "null without a registered name": {"module": None, "registered_name": None},
    "the main module": {"module": "__main__", "registered_name": "{}"},
    "a package": {"module": "mine.layers", "registered_name": "mine>{}"},
    "a package beside Keras": {"module": "keras_mine.layers", "registered_name": "{}"},
    "a registered name": {"module": "keras.layers", "registered_name": "mine>{}"},
    "another registered name": {"module": "keras.layers", "registered_name": "mine"},
    "a module that Keras has not": {"module": "keras.mine", "registered_name": None},
}


def read(entry, generation="keras3"):
    """The one layer of a Sequential model with this entry behind its input."""
    source = {"name": "x", "batch_shape": [None, 3], "dtype": "float32"}
    first = {"class_name": "InputLayer", "config": source}
    model = {"class_name": "Sequential", "config": {"name": "m", "layers": [first, entry]}}
    version, _ = GENERATIONS[generation]
    return read_config(model, Origin(generation, version, "tensorflow")).layers["c"]


def signed(name, sign):
    return {key: value and value.format(name) for key, value in SIGNS[sign].items()}


@pytest.mark.parametrize("sign", SIGNS)
def test_no_name_makes_a_class_built_in_that_keras_would_not_find(sign):
    kinds = {
        name: read({"class_name": name, "config": dict(OWN), **signed(name, sign)}).kind
        for name in NAMES
    }

    assert kinds == {name: f"custom.{name}" for name in NAMES}


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize(("outer", "key"), [("TimeDistributed", "layer"), ("RNN", "cell")])
def test_no_name_makes_an_inner_layer_built_in_that_keras_would_not_find(sign, outer, key):
    found = {}
    for name in sorted(LAYERS):
        inner = {"class_name": name, "config": dict(OWN, name="in"), **signed(name, sign)}
        entry = {"module": "keras.layers", "class_name": outer, "registered_name": None}
        found[name] = read({**entry, "config": {"name": "c", key: inner}}).inner[0].kind

    assert found == {name: f"custom.{name}" for name in sorted(LAYERS)}


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("name", ["ReLU", "LeakyReLU", "ELU", "Softmax", "Activation"])
def test_no_name_makes_an_activation_built_in_that_keras_would_not_find(sign, name):
    part = {"class_name": name, "config": dict(OWN), **signed(name, sign)}
    config = {"name": "c", "units": 1, "use_bias": True, "activation": part}

    layer = read({"module": "keras.layers", "class_name": "Dense", "config": config})

    assert layer.config["activation"]["class_name"] == f"custom.{name}"


def test_a_config_that_keras_makes_of_the_arguments_is_that_of_a_custom_layer():
    """Only classes without a ``get_config`` have ``autocast`` in their configs, which is Keras' own
    word otherwise.
    """
    made = {"name": "c", "trainable": True, "dtype": "float32", "autocast": True}
    kinds = {name: read({"class_name": name, "config": made}).kind for name in LAYERS}

    assert kinds == {name: f"custom.{name}" for name in LAYERS}


@pytest.mark.parametrize("generation", ["keras2", "tf_keras", "keras3"])
def test_a_legacy_config_with_other_options_is_that_of_a_custom_layer(generation):
    kinds = {
        name: read({"class_name": name, "config": dict(OWN)}, generation).kind for name in LAYERS
    }

    assert kinds == {name: f"custom.{name}" for name in LAYERS}


@pytest.mark.parametrize("generation", ["keras2", "tf_keras", "keras3"])
def test_a_legacy_config_without_the_options_of_its_class_is_that_of_a_custom_layer(generation):
    bare = {key: value for key, value in OWN.items() if key != "mine"}
    built_in = [
        name
        for name in LAYERS
        if not read({"class_name": name, "config": dict(bare)}, generation).kind.startswith(
            "custom."
        )
    ]

    # Keras writes no more of these, so that nothing tells: it would take them for its own too.
    assert set(built_in) <= {
        *("Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract", "Identity"),
        *("StackedRNNCells", "TimeDistributed", "Pipeline", "CutMix", "RandomGrayscale"),
        *("RandomBrightness", "RandomContrast", "RandomFlip", "RandomHeight", "RandomWidth"),
        *("Bidirectional", "TFDIdentity", "RandomColorDegeneration", "RandomHue", "RandomInvert"),
        *("GlobalAveragePooling1D", "GlobalMaxPooling1D", "Flatten", "Merge"),
        *("RandomPosterization", "RandomSaturation", "RandomSharpness", "MixUp"),
    }


def test_a_class_that_keras_3_dropped_is_custom_in_its_files():
    gone = sorted(name for name, spec in LAYERS.items() if spec.until != "3")
    entries = [{"module": "keras.layers", "class_name": name, "config": dict(OWN)} for name in gone]

    assert [read(entry).kind for entry in entries] == [f"custom.{name}" for name in gone]


def test_every_class_is_built_in_where_keras_exports_it():
    current = sorted(name for name, spec in LAYERS.items() if spec.until == "3")
    kinds = {}
    for name in current:
        entry = {"module": LAYERS[name].module, "class_name": name, "registered_name": None}
        kinds[name] = read({**entry, "config": {"name": "c"}}).kind

    assert kinds == {name: name for name in current}


def test_every_operation_is_keras_own_in_its_module_alone():
    there = {name: {"module": module_of(name), "registered_name": name} for name in OPERATIONS}
    kinds = {
        name: read({"class_name": name, "config": {"name": "c"}, **where}).kind
        for name, where in there.items()
    }

    assert kinds == {name: f"ops.{name}" for name in OPERATIONS}


def test_a_layer_named_like_an_operation_is_custom_in_a_legacy_file():
    names = sorted(OPERATIONS - LAYERS.keys())
    kinds = [read({"class_name": name, "config": dict(OWN)}).kind for name in names]

    assert kinds == [f"custom.{name}" for name in names]


def test_the_doubt_says_what_tells_the_class_from_the_built_in_one():
    assert read({"class_name": "ReLU", "config": dict(OWN), "module": None}).doubt == (
        "its module is null"
    )
    assert read({"class_name": "Softmax", "config": dict(OWN)}).doubt == (
        "its config lacks axis and has mine"
    )
