"""How many operations a row takes is estimated before anything runs: never less than what the
layers multiply, and at most a few times as much.
"""

from __future__ import annotations

import pytest

import keramos
from hostile.honest import called, functional, h5, layer, sequential, source
from keramos.errors import LimitExceededError
from keramos.types.limits import Limits


def _dense(units, name="d"):
    return layer("Dense", name, units=units, activation="linear", use_bias=False)


def _conv(kind="Conv2D", name="c", filters=8, kernel=(3, 3), **more):
    options = {"filters": filters, "kernel_size": list(kernel), "strides": [1] * len(kernel)}
    base = {"padding": "same", "dilation_rate": [1] * len(kernel), "activation": "linear"}
    return layer(kind, name, use_bias=False, data_format="channels_last", **options, **base, **more)


def _model(*layers, shape, weights):
    return h5(sequential(*layers, shape=(None, *shape)), weights)


def _shared_convolution(calls):
    """One layer that is called again and again: a small file, much work."""
    part = _conv()
    nodes = [[["x", 0, 0, {}]], *([["c", call, 0, {}]] for call in range(calls - 1))]
    layers = [source(shape=(None, 16, 16, 8)), {**part, "name": "c", "inbound_nodes": nodes}]
    return h5(
        functional(layers, [["x", 0, 0]], [["c", calls - 1, 0]]), {"c": {"kernel:0": [3, 3, 8, 8]}}
    )


def _rnn(kind, gates, **options):
    how = {"go_backwards": False, "return_sequences": False, "stateful": False}
    part = layer(kind, "r", units=8, use_bias=False, **{"activation": "tanh", **how, **options})
    more = {} if kind == "SimpleRNN" else {"recurrent_activation": "sigmoid"}
    part["config"] |= more | ({"reset_after": False} if kind == "GRU" else {})
    weights = {"r": {"kernel:0": [4, 8 * gates], "recurrent_kernel:0": [8, 8 * gates]}}
    return _model(part, shape=(100, 4), weights=weights)


def _each_step(inner, shape, weights):
    return _model(layer("TimeDistributed", "t", layer=inner), shape=shape, weights={"t": weights})


def _attention():
    part = {**layer("Attention", "a", use_scale=False), "name": "a"}
    nodes = called(part, ["x", 0, 0, {}], ["x", 0, 0, {}])
    body = [source(shape=(None, 64, 8)), nodes]
    return h5(functional(body, [["x", 0, 0]], [["a", 0, 0]]), {})


PIXELS = 16 * 16
CASES = {
    "dense": (
        _model(_dense(50), shape=(20,), weights={"d": {"kernel:0": [20, 50]}}),
        20 * 50,
    ),
    "dense over steps": (
        _model(_dense(50), shape=(30, 20), weights={"d": {"kernel:0": [20, 50]}}),
        30 * 20 * 50,
    ),
    "convolution": (
        _model(_conv(), shape=(16, 16, 4), weights={"c": {"kernel:0": [3, 3, 4, 8]}}),
        PIXELS * 9 * 4 * 8,
    ),
    "transposed convolution": (
        _model(
            _conv("Conv2DTranspose", output_padding=None),
            shape=(16, 16, 4),
            weights={"c": {"kernel:0": [3, 3, 8, 4]}},
        ),
        PIXELS * 9 * 4 * 8,
    ),
    "one layer called often": (_shared_convolution(20), 20 * PIXELS * 9 * 8 * 8),
    "rnn": (_rnn("SimpleRNN", 1), 100 * 12 * 8),
    "gru": (_rnn("GRU", 3), 100 * 12 * 24),
    "lstm": (_rnn("LSTM", 4), 100 * 12 * 32),
    "a cell in a scan": (
        _rnn("LSTM", 4, activation="swish"),
        100 * 12 * 32,
    ),
    "dense at each step": (
        _each_step(_dense(50), (30, 20), {"kernel:0": [20, 50]}),
        30 * 20 * 50,
    ),
    "convolution at each step": (
        _each_step(_conv(), (10, 16, 16, 4), {"kernel:0": [3, 3, 4, 8]}),
        10 * PIXELS * 9 * 4 * 8,
    ),
    "attention": (_attention(), 2 * 64 * 64 * 8),
    "wide pooling": (
        _model(
            layer(
                "AveragePooling2D",
                "p",
                pool_size=[9, 9],
                strides=[1, 1],
                padding="same",
                data_format="channels_last",
            ),
            shape=(16, 16, 4),
            weights={},
        ),
        PIXELS * 81 * 4,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_model_of_many_operations_a_row_is_refused_before_it_runs(name, tmp_path):
    data, multiplied = CASES[name]
    path = tmp_path / "model.h5"
    path.write_bytes(data)

    with pytest.raises(LimitExceededError, match="row_operations") as refused:
        keramos.load(path, limits=Limits(row_operations=multiplied - 1))

    assert "Raise the limit" in refused.value.remedy
    assert keramos.load(path, limits=Limits(row_operations=8 * multiplied))
