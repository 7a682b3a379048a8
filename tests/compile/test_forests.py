"""Boosted trees written as Dense layers run as one operator, with the same bits."""

from dataclasses import replace

import numpy as np
import pytest

import keramos
from keramos.compile.emit import compile_network
from keramos.runtime.session import Session
from keramos.types.network import Layer, TensorRef
from keramos.types.training import TrainingPlan

RNG = np.random.default_rng(0)
ROWS = 300
A = RNG.normal(50, 20, ROWS)
CITY = RNG.choice(["north", "south", "east", "west"], ROWS)
TABLES = {
    "numbers": {"a": A, "b": RNG.random(ROWS)},
    "gaps and categories": {
        "a": np.where(RNG.random(ROWS) < 0.1, np.nan, A),
        "b": RNG.random(ROWS),
        "city": CITY,
        "code": RNG.choice(["x", "y"], ROWS),
    },
    "one category": {"city": CITY},
}
SIGNAL = np.where(A > 55, 2.0, -1.0) + (CITY == "east") + RNG.normal(0, 0.2, ROWS)
TARGETS = {
    "regression": SIGNAL,
    "classes": np.array(["p", "q", "r"])[np.digitize(SIGNAL, np.quantile(SIGNAL, [0.3, 0.6]))],
}


@pytest.fixture(scope="module", params=[(n, t) for n in TABLES for t in TARGETS], ids="-".join)
def trained(request, tmp_path_factory):
    name, task = request.param
    run = keramos.train(
        {**TABLES[name], "y": TARGETS[task]},
        "y",
        plan=TrainingPlan(recipe="tutorial", epochs=2),
        recipe="trees",
    )
    path = tmp_path_factory.mktemp("trees") / "model.h5"
    run.save(path)
    model = keramos.load(path)
    return model, TABLES[name]


def layer_by_layer(network):
    """The same network, whose conditions somebody wants to see too."""
    return replace(network, outputs=(*network.outputs, TensorRef("trees_holds")))


def is_forest(compiled):
    return b"TreeEnsembleRegressor" in compiled.onnx


def rows_of(model, columns):
    """Rows of the table, with numbers exactly at thresholds and one float32 beside them."""
    layers = model.artifact.network.layers
    kernel, bias = layers["trees_conditions"].weights
    rows = [{name: column[row] for name, column in columns.items()} for row in range(200)]
    if "b" in columns:
        slopes = kernel.max(axis=0)
        at = np.unique(-bias[slopes > 1] / slopes[slopes > 1])
        for row, threshold in enumerate(at[:60].tolist()):
            near = (threshold, np.nextafter(np.float32(threshold), np.float32(9e9)))
            rows[row]["a" if threshold > 1 else "b"] = float(near[row % 2])
    rows[-1].update(city="nowhere") if "city" in columns else None
    return rows


def test_trees_run_as_one_operator_and_give_the_bits_of_their_layers(trained):
    model, columns = trained
    network, fed = model.artifact.network, model.feeds(rows_of(model, columns))
    fast, slow = compile_network(network), compile_network(layer_by_layer(network))

    assert is_forest(fast)
    assert not is_forest(slow)
    np.testing.assert_array_equal(Session(fast).run(fed)[0], Session(slow).run(fed)[0])


def changed(network, name, **changes):
    layers = dict(network.layers)
    layers[name] = replace(layers[name], **changes)
    return replace(network, layers=layers)


def gentle(layer: Layer):
    """Conditions that rise over a range of numbers."""
    return {"weights": tuple(weight / np.float32(2**30) for weight in layer.weights)}


def other_leaves(layer: Layer):
    return {"weights": (layer.weights[0] * 2, layer.weights[1])}


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("trees_conditions", gentle),
        ("trees_conditions", lambda one: {"config": {**one.config, "activation": "tanh"}}),
        ("trees_holds", lambda one: {"config": {**one.config, "max_value": 6.0}}),
        ("trees_leaves", other_leaves),
        ("trees_leaves", lambda one: {"config": {**one.config, "activation": "linear"}}),
        ("trees_values", lambda one: {"config": {**one.config, "activation": "relu"}}),
    ],
)
def test_layers_that_are_almost_trees_stay_layers(trained, name, change):
    model, columns = trained
    network = model.artifact.network
    almost = changed(network, name, **change(network.layers[name]))
    fed = model.feeds(rows_of(model, columns))

    compiled = compile_network(almost)

    assert not is_forest(compiled)
    slow = Session(compile_network(layer_by_layer(almost))).run(fed)[0]
    np.testing.assert_array_equal(Session(compiled).run(fed)[0], slow)
