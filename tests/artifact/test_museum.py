"""Files that real Keras of every era wrote: each opens in today's vocabulary with every weight in
its place.
"""

import dataclasses
import functools
import inspect
import json
from pathlib import Path

import keras
import pytest

from keramos.artifact.read import read
from keramos.artifact.weights.weight_specs import may_have_weights, weights_of
from keramos.types.legacy import Legacy

MUSEUM = Path(__file__).parents[3] / "shared" / "museum"
MANIFEST = json.loads((MUSEUM / "manifest.json").read_text()) if MUSEUM.is_dir() else []
ERAS = sorted({row["era"] for row in MANIFEST})
GENERATIONS = {"keras-1": "keras1", "keras-2": "keras2", "keras-3": "keras3"}

EXTRA = {
    "IntegerLookup": {"vocabulary_size"},
    "LayerNormalization": {"rms_scaling"},
    "Reshape": {"newshape"},
    "StringLookup": {"vocabulary_size"},
    "TextVectorization": {"vocabulary_size"},
}
"""Config keys of Keras that constructors do not show."""

if not MANIFEST:
    pytest.skip("the museum of Keras files is not beside the repository", allow_module_level=True)


@functools.cache
def era_files(era):
    """(manifest row, artifact) of every file of an era."""
    return [(row, opened(row)) for row in MANIFEST if row["era"] == era]


def opened(row):
    folder = MUSEUM / row["era"]
    if row["form"] == "weights":
        return read(folder / row["architecture"], weights=folder / row["file"])
    return read(folder / row["file"])


def leaves(network):
    for layer in network.layers.values():
        yield from below(layer)


def below(layer):
    if layer.network is not None:
        yield from leaves(layer.network)
        return
    yield layer
    for part in layer.inner:
        yield from below(part)


def constructor_keys(kind):
    """Everything a Keras class and its bases take, or None if today's Keras has no such class."""
    found = getattr(keras.layers, kind, None)
    if found is None:
        return None
    classes = [cls for cls in found.__mro__ if "__init__" in vars(cls) and cls is not object]
    return {
        name for cls in classes for name in inspect.signature(cls.__init__).parameters
    } | EXTRA.get(kind, set())


@pytest.mark.parametrize("era", ERAS)
def test_every_file_of_an_era_opens_as_what_it_is(era):
    for row, artifact in era_files(era):
        assert artifact.info.generation == GENERATIONS.get(era[:7], "tf_keras")
        assert len(artifact.network.inputs) == row["inputs"]


@pytest.mark.parametrize("era", ERAS)
def test_every_layer_of_an_era_has_exactly_the_weights_it_needs(era):
    for row, artifact in era_files(era):
        for layer in leaves(artifact.network):
            quantised = "_from_" in str(layer.config.get("dtype"))
            if may_have_weights(layer.kind) and not quantised:
                assert len(layer.weights) == len(weights_of(layer)), (
                    row["file"],
                    layer.name,
                )


@pytest.mark.parametrize("era", ERAS)
def test_every_config_of_an_era_uses_only_words_of_current_keras(era):
    for row, artifact in era_files(era):
        for layer in leaves(artifact.network):
            known = constructor_keys(layer.kind)
            if known is not None and layer.kind != "Lambda":
                assert layer.config.keys() <= known | {"trainable", "dtype"}, (
                    row["file"],
                    layer.name,
                )


def test_no_built_in_layer_is_taken_for_a_foreign_one():
    kinds = {
        layer.kind
        for era in ERAS
        for _, artifact in era_files(era)
        for layer in leaves(artifact.network)
    }

    assert not {kind for kind in kinds if kind.startswith("custom.")}


def test_files_of_the_museum_mean_every_older_meaning_that_outlives_reading():
    seen = {
        field.name
        for era in ERAS
        for _, artifact in era_files(era)
        for layer in leaves(artifact.network)
        for field in dataclasses.fields(Legacy)
        if getattr(layer.legacy, field.name) != field.default
    }
    elsewhere = {
        "random_crop",  # tests/compile/test_signals.py
        "weight_layout",  # reading brings weights to today's layout
    }

    assert seen == {field.name for field in dataclasses.fields(Legacy)} - elsewhere
