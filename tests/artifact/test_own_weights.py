"""A layer of the user's own with the name and config of a built-in one: what its weights tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
import numpy as np
import pytest

import keramos
from keramos.errors import KeramosError, UnsupportedModelError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")

BUILT_IN = {
    "Dense": (lambda: keras.layers.Dense(3), ("kernel", "bias")),
    "LayerNormalization": (lambda: keras.layers.LayerNormalization(), ("gamma", "beta")),
    "PReLU": (lambda: keras.layers.PReLU(), ("alpha",)),
    "ReLU": (lambda: keras.layers.ReLU(), ()),
    "Dropout": (lambda: keras.layers.Dropout(0.5), ()),
    "Rescaling": (lambda: keras.layers.Rescaling(2.0), ()),
    "LSTM": (lambda: keras.layers.LSTM(3), ("kernel", "recurrent_kernel", "bias")),
    "Embedding": (lambda: keras.layers.Embedding(7, 4), ("embeddings",)),
}


def saved(path: Path, kind: str, names: tuple[str, ...]) -> Path:
    """A model with a class of that name, the built-in's config, and weights of these names."""
    config = BUILT_IN[kind][0]().get_config() | {"name": "c"}

    def build(self: keras.Layer, _: object) -> None:
        for name in names:
            self.add_weight(name=name, shape=(4,), initializer="ones")

    methods = {
        "build": build,
        "call": lambda self, x: x * 2 + sum(keras.ops.sum(w) for w in self.weights),
        "get_config": lambda _: config,
    }
    x = keras.Input((4,))
    model = keras.Model(x, type(kind, (keras.layers.Layer,), methods)(name="c")(x))
    model.save(path)
    return path


@pytest.mark.parametrize("names", [("gain",), ("w", "b"), ("mine", "running", "slope")])
@pytest.mark.parametrize("kind", BUILT_IN)
@pytest.mark.parametrize("also", [False, True], ids=["alone", "beside the built-in's"])
def test_weights_that_the_class_has_not_make_it_custom_and_replaceable(
    tmp_path: Path, kind: str, names: tuple[str, ...], also: bool
) -> None:
    held = (*BUILT_IN[kind][1], *names) if also else names
    path = saved(tmp_path / "m.h5", kind, held)

    with pytest.raises(UnsupportedModelError, match="a custom layer") as caught:
        keramos.load(path)
    replaced = keramos.load(path, replace={"c": "x * 2"})

    assert "replace" in str(caught.value)
    assert np.array_equal(replaced.predict(np.ones((1, 4), "float32")), np.full((1, 4), 2.0))


def test_a_weight_that_the_class_has_with_other_options_alone_is_told_too(tmp_path: Path) -> None:
    path = saved(tmp_path / "m.h5", "Dense", ("kernel", "bias", "scale"))

    with pytest.raises(UnsupportedModelError, match=r"has no weight (c/)?scale"):
        keramos.load(path)


@pytest.mark.parametrize("kind", [kind for kind, (_, names) in BUILT_IN.items() if names])
def test_fewer_weights_than_the_class_has_are_refused(tmp_path: Path, kind: str) -> None:
    for count in range(len(BUILT_IN[kind][1])):
        path = saved(tmp_path / f"{count}.h5", kind, BUILT_IN[kind][1][:count])
        with pytest.raises(KeramosError):
            keramos.load(path)


@pytest.mark.parametrize(
    "kind", ["Add", "Average", "Dot", "Maximum", "Minimum", "Multiply", "Subtract"]
)
def test_a_class_that_merges_and_is_called_on_one_tensor_is_the_authors_own(tmp_path, kind):
    own = getattr(keras.layers, kind)(**({"axes": 1} if kind == "Dot" else {}))
    config = own.get_config() | {"name": "c"}
    methods = {"call": lambda _, x: x * 2, "get_config": lambda _: config}
    x = keras.Input((4,))
    layer = type(kind, (keras.layers.Layer,), methods)(name="c")
    keras.Model(x, layer(x)).save(tmp_path / "m.h5")
    with pytest.raises(UnsupportedModelError, match=f"layer 'c' \\({kind}\\): a custom layer"):
        keramos.load(tmp_path / "m.h5")


def test_classes_that_merge_take_lists_of_any_length(tmp_path):
    x = keras.Input((4,))
    model = keras.Model(x, keras.layers.Multiply()([keras.layers.Add()([x]), x]))
    model.save(tmp_path / "m.h5")
    rows = np.array([[1, 2, 3, 4]], "float32")
    assert np.array_equal(keramos.load(tmp_path / "m.h5").predict(rows), rows**2)
