"""The graph builder and its shape rules."""

from itertools import pairwise

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keramos.compile.emit import compile_network
from keramos.compile.onnx import protobuf
from keramos.compile.onnx.graph import Graph
from keramos.errors import LimitExceededError, MismatchError, UnsupportedModelError
from keramos.types.network import Call, Layer, Network, TensorRef


def chain(*layers, size=4, dtype="float32"):
    """A network of layers one after the other."""
    source = Layer("x", "InputLayer", {"batch_shape": [None, size], "dtype": dtype})
    names = [source.name, *(layer.name for layer in layers)]
    calls = tuple(Call(now, (TensorRef(before),)) for before, now in pairwise(names))
    return Network(
        "net",
        {layer.name: layer for layer in (source, *layers)},
        calls,
        (TensorRef("x"),),
        (TensorRef(names[-1]),),
    )


def dense(name, kernel, bias, activation="linear"):
    config = {"units": kernel.shape[1], "activation": activation, "use_bias": True}
    return Layer(name, "Dense", config, (kernel, bias))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(1, 9), min_size=2, max_size=5), st.integers(0, 2**31), st.integers(1, 7)
)
def test_any_chain_of_dense_layers_answers_as_numpy_does(sizes, seed, rows):
    rng = np.random.default_rng(seed)
    weights = [
        (rng.normal(size=(a, b)).astype("f4"), rng.normal(size=b).astype("f4"))
        for a, b in pairwise(sizes)
    ]
    compiled = compile_network(
        chain(*(dense(f"d{i}", k, b, "relu") for i, (k, b) in enumerate(weights)), size=sizes[0])
    )
    x = rng.normal(size=(rows, sizes[0])).astype("f4")
    expected = x
    for kernel, bias in weights:
        expected = np.maximum(expected @ kernel + bias, 0)

    (actual,) = ort.InferenceSession(compiled.onnx).run(None, {"x": x})

    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)
    assert compiled.outputs[0].shape == (None, sizes[-1])


def test_the_bytes_are_a_valid_onnx_model_and_the_same_every_time():
    network = chain(dense("d", np.ones((4, 3), "f4"), np.zeros(3, "f4"), "softmax"))

    first, second = compile_network(network).onnx, compile_network(network).onnx

    assert first == second
    onnx.checker.check_model(onnx.load_from_string(first), full_check=True)


@settings(max_examples=60, deadline=None)
@given(st.integers(-(2**63), 2**63 - 1))
def test_varints_are_what_protobuf_reads(value):
    assert onnx.AttributeProto.FromString(protobuf.integer(3, value)).i == value


def test_every_thing_that_cannot_run_is_named_in_one_error():
    network = chain(
        Layer("first", "Lambda"),
        Layer("second", "custom.MyLayer"),
        Layer("third", "Dropout", {"blur": 1}),
    )

    with pytest.raises(UnsupportedModelError) as caught:
        compile_network(network)

    for word in ("first", "Lambda", "second", "MyLayer", "third", "blur"):
        assert word in str(caught.value)


@pytest.mark.parametrize(
    "kind",
    ["AlphaDropout", "Dropout", "GaussianDropout"],
)
@pytest.mark.parametrize(("rate", "opens"), [(0, True), (0.5, True), (1, True), (5, False)])
def test_a_rate_that_keras_refuses_is_refused(kind, rate, opens):
    """Current Keras raises ValueError for a rate beyond 0 to 1."""
    model = chain(Layer("drop", kind, {"rate": rate}))

    if opens:
        compile_network(model)
    else:
        with pytest.raises(UnsupportedModelError, match="a number from 0 to 1"):
            compile_network(model)


def test_an_option_that_could_change_the_answer_is_refused_and_not_ignored():
    layer = dense("d", np.ones((4, 3), "f4"), np.zeros(3, "f4"))
    layer.config["twist"] = 0.5

    with pytest.raises(UnsupportedModelError, match="twist"):
        compile_network(chain(layer))


@pytest.mark.parametrize(
    "weights", [(), (np.ones((5, 3), "f4"), np.zeros(3, "f4")), (np.ones((4, 3), "f4"),) * 3]
)
def test_weights_that_do_not_fit_the_config_are_refused_with_the_layers_name(weights):
    layer = Layer("d", "Dense", {"units": 3, "activation": "linear", "use_bias": True}, weights)

    with pytest.raises(MismatchError, match="'d'"):
        compile_network(chain(layer))


def test_a_tensor_that_would_not_fit_in_memory_is_refused_when_compiling():
    g = Graph()
    x = g.input("x", "float32", (None, 2**20))

    with pytest.raises(LimitExceededError, match="values a row"):
        g.op("Tile", x, [1, 2**10])


OPERATORS = {
    "Transpose": lambda g, x: g.op("Transpose", x, perm=[0, 2, 1]),
    "Reshape": lambda g, x: g.op("Reshape", x, [0, -1]),
    "Concat": lambda g, x: g.op("Concat", x, x, axis=-1),
    "Slice": lambda g, x: g.op("Slice", x, [1], [100], [1]),
    "Slice backwards": lambda g, x: g.op("Slice", x, [-1], [-(2**40)], [1], [-1]),
    "ReduceMean": lambda g, x: g.op("ReduceMean", x, [1], keepdims=0),
    "Pad": lambda g, x: g.op("Pad", x, [0, 1, 0, 0, 2, 0]),
    "Gather": lambda g, x: g.op("Gather", x, np.array([0, 2, 1]), axis=2),
    "Unsqueeze": lambda g, x: g.op("Unsqueeze", x, [1, -1]),
    "Where": lambda g, x: g.op("Where", g.op("Greater", x, 0.5), x, 0.0),
    "MaxPool": lambda g, x: g.op("MaxPool", x, kernel_shape=[2], strides=[2]),
    "Conv": lambda g, x: g.op("Conv", x, np.ones((2, 4, 3), "f4"), pads=[1, 1]),
    "TopK": lambda g, x: g.ops("TopK", x, [2], outputs=2, axis=-1)[0],
    "ArgMax": lambda g, x: g.op("ArgMax", x, axis=1, keepdims=0),
    "Einsum": lambda g, x: g.op("Einsum", x, np.ones((5, 7), "f4"), equation="btf,fg->btg"),
}


@pytest.mark.parametrize("name", OPERATORS)
def test_the_inferred_shape_and_dtype_are_what_onnx_runtime_gives(name):
    g = Graph()
    x = g.input("x", "float32", (None, 4, 5))
    y = OPERATORS[name](g, x)

    (actual,) = ort.InferenceSession(g.model([y])).run(
        None, {"x": np.random.default_rng(0).random((3, 4, 5)).astype("f4")}
    )

    assert actual.dtype.name == y.dtype
    assert actual.ndim == y.rank
    assert all(known in (None, size) for known, size in zip(y.shape, actual.shape, strict=True))
    assert y.shape[1:] == actual.shape[1:]
