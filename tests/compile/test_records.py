"""Records of Keras classes and their lowerings say the same, and only those in use are imported."""

import inspect
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from keramos.artifact.keras.dialects.classes import KNOWN
from keramos.compile.gaps import GAPS
from keramos.compile.layers import FAMILIES, lowering_of
from keramos.compile.layers.cells import CELLS
from keramos.compile.layers.conv_lstm import conv_lstm_cell
from keramos.compile.layers.packed import PACKED
from keramos.compile.layers.quantized import WHOLE_BYTES
from keramos.keras_layers import index, registry
from keramos.keras_layers.registry import LAYERS
from keramos.keras_layers.write_index import page

CELL_OF = {
    **CELLS,
    **{kind.removesuffix("Cell"): cell for kind, cell in CELLS.items()},
    **{f"ConvLSTM{n}D": conv_lstm_cell for n in (1, 2, 3)},
}
"""Class -> the function of its cell, to which the layer's lowering hands further options."""

LOWERINGS = {
    **{kind: (kind, lowering_of(kind)) for kind in LAYERS},
    **{
        f"{kind} {mode}": (kind, build) for (kind, mode), build in {**WHOLE_BYTES, **PACKED}.items()
    },
}


def parameters(*functions) -> Mapping[str, inspect.Parameter]:
    """Keyword-only parameters of all functions."""
    return {
        name: parameter
        for function in functions
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }


@pytest.mark.parametrize("name", LOWERINGS)
def test_parameters_of_a_lowering_are_the_options_of_its_record(name):
    kind, build = LOWERINGS[name]
    found = parameters(build, *([CELL_OF[kind]] if kind in CELL_OF else []))
    assert found.keys() == LAYERS[kind].options.keys()


@pytest.mark.parametrize("name", LOWERINGS)
def test_defaults_of_a_lowering_are_those_of_its_record(name):
    kind, build = LOWERINGS[name]
    found = parameters(build, *([CELL_OF[kind]] if kind in CELL_OF else []))
    empty = inspect.Parameter.empty
    defaults = {key: ... if one.default is empty else one.default for key, one in found.items()}
    assert defaults == {key: option.default for key, option in LAYERS[kind].options.items()}


@pytest.mark.parametrize("kind", LAYERS)
def test_a_default_is_a_value_that_its_option_allows(kind):
    for name, option in LAYERS[kind].options.items():
        stored = list(option.default) if isinstance(option.default, tuple) else option.default
        assert stored is ... or option.fault(stored) is None, name


def test_the_index_of_classes_is_that_of_the_records():
    assert Path(index.__file__).read_text(encoding="utf-8") == page(), "run make docs"


def test_families_of_lowerings_have_exactly_the_classes_of_their_records():
    assert {name: set(load()) for name, load in FAMILIES.items()} == {
        name: set(records()) for name, records in registry.FAMILIES.items()
    }


def test_every_quantised_form_of_a_record_has_a_lowering():
    forms = {(kind, mode) for kind, spec in LAYERS.items() for mode in spec.quantized}
    assert forms == WHOLE_BYTES.keys() | PACKED.keys()


def test_every_class_is_one_that_some_keras_had():
    assert LAYERS.keys() <= KNOWN
    assert LAYERS.keys().isdisjoint(GAPS)


@pytest.mark.parametrize("kind", [kind for kind, spec in LAYERS.items() if spec.weights])
def test_shapes_of_weights_name_options_or_sizes_of_the_input(kind):
    spec = LAYERS[kind]
    sizes = {"features", "channels", "ones", "size", "sizes", "width", "outputs", "places", "bins"}
    forms = [spec.weights, *spec.quantized.values(), *spec.layouts.values()]
    for weight in (weight for form in forms for weight in form):
        shapes = [weight.shape or "", *weight.older.split("|")]
        words = {
            word
            for part in " ".join(shapes).replace("/", " ").replace("*", " ").split()
            if not (word := part).isdigit()
        }
        assert words <= sizes | spec.options.keys(), weight.name
        if isinstance(weight.when, str) and weight.when:
            assert weight.when.removeprefix("!") in spec.options, weight.name


FIRST_ANSWER = """
import sys
import keramos
model = keramos.load(sys.argv[1])
model.predict([[0.0, 1.0]])
print(*sorted(name for name in sys.modules if name.startswith("keramos.compile.")))
"""


def test_a_dense_model_imports_the_families_that_it_uses(tmp_path):
    path = dense_model(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", FIRST_ANSWER, str(path)], check=True, capture_output=True, text=True
    )
    loaded = set(done.stdout.split())
    families = {f"keramos.compile.layers.{name}" for name in FAMILIES}
    assert loaded & families == {"keramos.compile.layers.core"}
    assert not [name for name in loaded if name.startswith("keramos.compile.operations.tensor")]
    assert "keramos.compile.operations.table" not in loaded


def dense_model(folder):
    """A file with one dense layer, written without Keras."""
    import numpy as np

    from keramos.artifact.write import write
    from keramos.types.network import Call, Layer, Network, TensorRef

    weights = (np.ones((2, 3), "float32"), np.zeros(3, "float32"))
    layers = {
        "x": Layer("x", "InputLayer", {"batch_shape": [None, 2], "dtype": "float32"}),
        "dense": Layer("dense", "Dense", {"units": 3, "activation": "relu"}, weights),
    }
    refs = (TensorRef("x"),), (TensorRef("dense"),)
    network = Network("model", layers, (Call("dense", refs[0]),), *refs, sequential=True)
    path = folder / "dense.keras"
    write(path, network, None)
    return path
