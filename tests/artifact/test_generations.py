"""Rules of earlier generations, each shown on the smallest file that needs it."""

import io
import json
import zipfile

import h5py
import numpy as np
import pytest

from keramos.artifact.keras.dialects.legacy import legacy_of
from keramos.artifact.keras.dialects.nodes import Node, read_node
from keramos.artifact.keras.dialects.operations import operation
from keramos.artifact.keras.dialects.origin import Origin, origin_of
from keramos.artifact.read import read
from keramos.artifact.weights.legacy_layouts import settle
from keramos.errors import (
    CorruptModelError,
    LimitExceededError,
    MismatchError,
    UnsafeModelError,
    UnsupportedModelError,
    UsageError,
)
from keramos.types.legacy import CURRENT, Legacy
from keramos.types.network import Layer, TensorRef

RNG = np.random.default_rng(1)


def dense(name, units=2, **more):
    return {
        "class_name": "Dense",
        "config": {"name": name, "units": units, "activation": "relu", **more},
    }


def sequential(*layers):
    return {"class_name": "Sequential", "config": list(layers)}


def saved(path, config, groups, *, version="2.2.4", backend="tensorflow", chunk=None):
    """A legacy file; ``groups`` maps layer names to {weight name: array}."""
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = version
        if backend:
            file.attrs["backend"] = backend
        if config is not None:
            file.attrs["model_config"] = json.dumps(config)
        root = file if config is None else file.create_group("model_weights")
        names = [name.encode() for name in groups]
        if chunk:
            for number, at in enumerate(range(0, len(names), chunk)):
                root.attrs[f"layer_names{number}"] = names[at : at + chunk]
        else:
            root.attrs["layer_names"] = names
        for name, arrays in groups.items():
            group = root.create_group(name)
            group.attrs["weight_names"] = [weight.encode() for weight in arrays]
            for weight, array in arrays.items():
                group[weight] = array
    return path


def kernel_and_bias(name, shape=(3, 2), suffix=":0"):
    return {
        f"{name}/kernel{suffix}": RNG.normal(size=shape).astype("f4"),
        f"{name}/bias{suffix}": np.ones(shape[-1]),
    }


FIRST = dense("a", batch_input_shape=[None, 3])


def test_a_sequential_model_that_is_a_bare_list_gets_the_input_its_first_layer_states(tmp_path):
    path = saved(tmp_path / "m.h5", sequential(FIRST), {"a": kernel_and_bias("a")})

    network = read(path).network

    assert network.layers["a_input"].config == {"batch_shape": [None, 3], "dtype": "float32"}
    assert network.layers["a"].config == {"units": 2, "activation": "relu"}


@pytest.mark.parametrize(
    ("version", "older"), [("2.3.1", True), ("2.12.0", True), ("3.5.0", False)]
)
def test_hard_sigmoid_is_told_from_todays(version, older, tmp_path):
    config = sequential(
        {"class_name": "Dense", "config": {**FIRST["config"], "activation": "hard_sigmoid"}}
    )
    path = saved(tmp_path / "m.h5", config, {"a": kernel_and_bias("a")}, version=version)

    layer = read(path).network.layers["a"]

    assert layer.config["activation"] == "hard_sigmoid"
    assert layer.legacy.hard_sigmoid_keras2 is older


def test_a_whole_layer_as_activation_is_in_todays_words_too(tmp_path):
    stated = {
        "class_name": "LeakyReLU",
        "config": {"name": "l", "trainable": True, "dtype": "float32", "alpha": 0.25},
    }
    config = sequential(dense("a", batch_input_shape=[None, 3], activation=stated))

    network = read(
        saved(tmp_path / "m.h5", config, {"a": kernel_and_bias("a")}, version="2.4.0-tf")
    ).network

    assert network.layers["a"].config["activation"] == {
        "class_name": "LeakyReLU",
        "config": {"negative_slope": 0.25},
    }


def test_names_that_contradict_the_order_of_weights_are_refused(tmp_path):
    arrays = dict(reversed(kernel_and_bias("a", (2, 2)).items()))

    with pytest.raises(MismatchError, match="kernel"):
        read(saved(tmp_path / "m.h5", sequential(FIRST), {"a": arrays}))


def test_layers_in_another_order_than_the_config_are_refused(tmp_path):
    groups = {name: kernel_and_bias(name, (3, 3)) for name in ("b", "a")}
    config = sequential(dense("a", 3, batch_input_shape=[None, 3]), dense("b", 3))

    with pytest.raises(MismatchError, match="order"):
        read(saved(tmp_path / "m.h5", config, groups))


def test_too_few_weights_are_refused_by_name(tmp_path):
    arrays = {"a/kernel:0": np.ones((3, 2))}

    with pytest.raises(MismatchError, match="needs 2 weights"):
        read(saved(tmp_path / "m.h5", sequential(FIRST), {"a": arrays}))


def test_lists_of_names_split_over_attributes_are_joined(tmp_path):
    layers = [FIRST, *(dense(f"l{number}") for number in range(5))]
    groups = {
        "a": kernel_and_bias("a"),
        **{f"l{n}": kernel_and_bias(f"l{n}", (2, 2)) for n in range(5)},
    }

    network = read(saved(tmp_path / "m.h5", sequential(*layers), groups, chunk=2)).network

    assert all(len(network.layers[name].weights) == 2 for name in groups)


def test_an_architecture_and_a_file_of_weights_make_a_model_even_if_layers_were_renamed(tmp_path):
    architecture = tmp_path / "m.json"
    architecture.write_text(
        json.dumps(sequential(FIRST) | {"keras_version": "2.2.4", "backend": "tensorflow"})
    )
    arrays = kernel_and_bias("dense_7")
    weights = saved(tmp_path / "w.h5", None, {"dense_7": arrays})

    artifact = read(architecture, weights=weights)

    np.testing.assert_array_equal(
        artifact.network.layers["a"].weights[0], arrays["dense_7/kernel:0"]
    )
    assert artifact.info.container == "json"


def test_an_architecture_written_as_a_json_string_is_read_too(tmp_path):
    architecture = tmp_path / "m.json"
    architecture.write_text(json.dumps(json.dumps(sequential(FIRST))))
    weights = saved(tmp_path / "w.h5", None, {"a": kernel_and_bias("a")})

    assert "a" in read(architecture, weights=weights).network.layers


def test_halves_of_a_pair_alone_are_refused_with_what_is_missing(tmp_path):
    architecture = tmp_path / "m.json"
    architecture.write_text(json.dumps(sequential(FIRST)))
    weights = saved(tmp_path / "w.h5", None, {"a": kernel_and_bias("a")})

    with pytest.raises(UsageError, match="weights="):
        read(architecture)
    with pytest.raises(UnsupportedModelError, match="weights only"):
        read(weights)


def test_a_user_block_before_the_hdf5_part_is_skipped(tmp_path):
    path = saved(tmp_path / "m.h5", sequential(FIRST), {"a": kernel_and_bias("a")})
    with h5py.File(tmp_path / "u.h5", "w", userblock_size=512) as target, h5py.File(path) as source:
        for key, value in source.attrs.items():
            target.attrs[key] = value
        source.copy("model_weights", target)

    assert len(read(tmp_path / "u.h5").network.layers["a"].weights) == 2


def archive(path, container, separator):
    """A version 3 archive as Keras 2.12 to 2.15 laid it out: every second number, or names joined
    by backslashes.
    """
    config = {"class_name": "Sequential", "config": {"name": "s", "layers": [FIRST, dense("b")]}}
    buffer = io.BytesIO()
    numbers = ("", "_2") if container.startswith("_") else ("", "_1")
    with h5py.File(buffer, "w") as file:
        for number, shape in zip(numbers, ((3, 2), (2, 2)), strict=True):
            for place, array in enumerate(kernel_and_bias("x", shape).values()):
                file[f"{container}{separator}dense{number}/vars/{place}"] = array
    with zipfile.ZipFile(path, "w") as target:
        target.writestr("metadata.json", json.dumps({"keras_version": "2.15.0"}))
        target.writestr("config.json", json.dumps(config))
        target.writestr("model.weights.h5", buffer.getvalue())
    return path


@pytest.mark.parametrize(
    ("container", "separator"), [("_layer_checkpoint_dependencies", "/"), ("layers", "\\")]
)
def test_archives_of_keras_2_name_folders_otherwise(container, separator, tmp_path):
    network = read(archive(tmp_path / "m.keras", container, separator)).network

    assert [weight.shape for weight in network.layers["b"].weights] == [(2, 2), (2,)]


def foreign(name, **config):
    return {"class_name": name, "config": {"name": name.lower(), **config}}


def test_classes_that_only_code_knows_are_kept_by_name(tmp_path):
    code = foreign("Lambda", function=["bm90IGNvZGU=", None, None], function_type="lambda")
    config = sequential(FIRST, foreign("MyAttention", heads=3), code)
    groups = {"a": kernel_and_bias("a"), "myattention": {"myattention/w:0": np.ones(4)}}

    layers = read(saved(tmp_path / "m.h5", config, groups)).network.layers

    assert layers["myattention"].kind == "custom.MyAttention"
    assert layers["myattention"].weights[0].shape == (4,)
    assert layers["lambda"].kind == "Lambda"


def test_a_merge_of_branches_becomes_one_network(tmp_path):
    def branch(name):
        config = {
            "name": name,
            "output_dim": 2,
            "activation": "relu",
            "batch_input_shape": [None, 3],
            "bias": True,
        }
        return sequential({"class_name": "Dense", "config": config})

    merge = {
        "class_name": "Merge",
        "config": {"name": "m", "mode": "sum", "layers": [branch("a"), branch("b")]},
    }
    groups = {name: {f"{name}_W": np.ones((3, 2)), f"{name}_b": np.zeros(2)} for name in ("a", "b")}

    artifact = read(
        saved(tmp_path / "m.h5", sequential(merge), groups, version="1.2.2", backend="")
    )

    assert artifact.info.backend == "theano"
    assert artifact.network.layers["m"].kind == "Add"
    assert [ref.layer for ref in artifact.network.inputs] == ["a_input", "b_input"]
    assert artifact.network.calls[-1].args == ([TensorRef("a"), TensorRef("b")],)


def test_calls_of_a_nested_model_count_from_the_first_that_is_its_outer_models(tmp_path):
    inner = {
        "class_name": "Sequential",
        "config": [FIRST],
        "name": "inner",
        "inbound_nodes": [[["x", 0, 0, {}]]],
    }
    source = {
        "class_name": "InputLayer",
        "config": {"name": "x", "batch_input_shape": [None, 3]},
        "name": "x",
        "inbound_nodes": [],
    }
    config = {
        "class_name": "Model",
        "config": {
            "name": "outer",
            "layers": [source, inner],
            "input_layers": [["x", 0, 0]],
            "output_layers": [["inner", 1, 0]],
        },
    }

    network = read(saved(tmp_path / "m.h5", config, {"inner": kernel_and_bias("a")})).network

    assert network.outputs == (TensorRef("inner", 0, 0),)


def test_initial_states_become_a_keyword_and_a_mask_beside_them_is_not_forgotten(tmp_path):
    def entry(kind, name, nodes, **config):
        return {
            "class_name": kind,
            "config": {"name": name, **config},
            "name": name,
            "inbound_nodes": nodes,
        }

    layers = [
        entry("InputLayer", "x", [], batch_input_shape=[None, 4]),
        entry("InputLayer", "h", [], batch_input_shape=[None, 2]),
        entry("Embedding", "e", [[["x", 0, 0, {}]]], input_dim=5, output_dim=2, mask_zero=True),
        entry("SimpleRNN", "r", [[["e", 0, 0, {}], ["h", 0, 0, {}]]], units=2, use_bias=False),
    ]
    ends = {"input_layers": [["x", 0, 0], ["h", 0, 0]], "output_layers": [["r", 0, 0]]}
    config = {"class_name": "Model", "config": {"name": "m", "layers": layers, **ends}}
    groups = {
        "e": {"e/embeddings:0": np.ones((5, 2))},
        "r": {"r/kernel:0": np.ones((2, 2)), "r/recurrent_kernel:0": np.ones((2, 2))},
    }

    network = read(saved(tmp_path / "m.h5", config, groups)).network
    call = network.calls[-1]

    assert call.args == (TensorRef("e"),)
    assert call.kwargs == {"initial_state": [TensorRef("h")]}
    assert network.layers["r"].legacy.states_keep_mask


def test_a_loop_of_layers_is_refused(tmp_path):
    layers = [
        dense("a") | {"name": "a", "inbound_nodes": [[["b", 0, 0, {}]]]},
        dense("b") | {"name": "b", "inbound_nodes": [[["a", 0, 0, {}]]]},
    ]
    config = {
        "class_name": "Model",
        "config": {
            "name": "m",
            "layers": layers,
            "input_layers": [],
            "output_layers": [["b", 0, 0]],
        },
    }

    with pytest.raises(CorruptModelError, match="form a loop: a -> b -> a"):
        read(saved(tmp_path / "m.h5", config, {}))


def test_models_nested_without_end_are_refused(tmp_path):
    text = '{"class_name": "Sequential", "config": [' * 5000 + json.dumps(FIRST) + "]}" * 5000
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.attrs["model_config"] = text

    with pytest.raises(LimitExceededError):
        read(tmp_path / "m.h5")


def test_a_vocabulary_that_is_a_path_is_refused_unread(tmp_path):
    config = sequential(FIRST, foreign("StringLookup", vocabulary="/etc/hostname"))

    with pytest.raises(UnsafeModelError, match="path"):
        read(saved(tmp_path / "m.h5", config, {"a": kernel_and_bias("a")}))


NAMES = {"x", "y"}


@pytest.mark.parametrize(
    ("node", "keep_list", "args", "kwargs"),
    [
        ([["x", 0, 0]], False, (TensorRef("x"),), {}),
        ([["x", 0, 0, {}], ["y", 1, 2, {}]], False, ([TensorRef("x"), TensorRef("y", 1, 2)],), {}),
        (["x", 0, 0, {"y": 2.0, "name": None}], True, (TensorRef("x"),), {"y": 2.0}),
        (["_CONSTANT_VALUE", -1, 1.5, {"y": ["y", 0, 0]}], True, (1.5,), {"y": TensorRef("y")}),
        ([["x", 0, 0, {"axis": 1}]], True, ([TensorRef("x")],), {"axis": 1}),
        ([["x", 0, 0, {"pair": ["z", 0, 0]}]], False, (TensorRef("x"),), {"pair": ["z", 0, 0]}),
    ],
)
def test_nodes_of_earlier_generations_are_read(node, keep_list, args, kwargs):
    assert read_node(node, NAMES, keep_list=keep_list) == Node(args, kwargs)


def test_operations_of_tensorflow_are_named_by_their_symbol():
    definition = {
        "op": "StridedSlice",
        "attr": {
            "begin_mask": {"i": "3"},
            "T": {"type": "DT_FLOAT"},
            "keep": {"b": True},
            "s": {"s": "TUFY"},
        },
    }

    assert operation("TFOpLambda", {"function": "math.multiply"}) == ("tf.math.multiply", {})
    assert operation("TensorFlowOpLayer", {"node_def": definition, "constants": {"1": [0, 2]}}) == (
        "tf.op.StridedSlice",
        {"begin_mask": 3, "T": "float32", "keep": True, "s": "MAX", "constants": {"1": [0, 2]}},
    )


@pytest.mark.parametrize(
    ("version", "backend", "config", "names", "expected"),
    [
        ("1.2.2", "", "", ["a_W:0"], ("keras1", "tensorflow")),
        ("1.1.0", "", "", ["a_W"], ("keras1", "theano")),
        ("2.3.1", "theano", "", [], ("keras2", "theano")),
        ("2.2.4-tf", "tensorflow", "", [], ("tf_keras", "tensorflow")),
        ("2.15.0", "", "", [], ("tf_keras", "")),
        ("3.5.0", "jax", "", [], ("keras3", "jax")),
        ("", "", '{"output_dim": 3, "nb_filter": 2}', ["a_W"], ("keras1", "theano")),
        ("", "", '{"class_name": "Embedding", "output_dim": 3, "units": 2}', [], ("keras2", "")),
        ("", "", '{"registered_name": null, "batch_shape": [null, 2]}', [], ("keras3", "")),
    ],
)
def test_the_writer_of_a_file_is_recognised(version, backend, config, names, expected):
    origin = origin_of(version, backend, config, names)

    assert (origin.generation, origin.backend) == expected


def test_gates_that_keras_1_kept_apart_are_joined_in_todays_order():
    arrays = tuple(np.full((2, 3) if place % 3 < 2 else (3,), place) for place in range(12))

    layer = settle(
        Layer("l", "LSTM", {}, arrays, legacy=Legacy(weight_layout="split")),
        Origin("keras1", "1.2.2", "tensorflow"),
    )

    assert [int(block) for block in layer.weights[0][0, ::3]] == [0, 6, 3, 9]
    assert [array.shape for array in layer.weights] == [(2, 12), (2, 12), (12,)]
    assert layer.legacy == CURRENT


@pytest.mark.parametrize(("shape", "reset_after"), [((6,), False), ((2, 6), True)])
def test_the_bias_of_a_gru_tells_where_its_reset_gate_acts(shape, reset_after):
    arrays = (np.ones((4, 6)), np.ones((2, 6)), np.ones(shape))

    assert settle(
        Layer("g", "GRU", {}, arrays), Origin("keras2", "2.1.6", "tensorflow")
    ).config == {"reset_after": reset_after}


def test_kernels_of_theano_are_mirrored_and_others_are_not():
    kernel = RNG.normal(size=(3, 2, 1, 4))
    layer = Layer("c", "Conv2D", {}, (kernel,))

    np.testing.assert_array_equal(
        settle(layer, Origin("keras2", "2.2.4", "theano")).weights[0], kernel[::-1, ::-1]
    )
    np.testing.assert_array_equal(
        settle(layer, Origin("keras2", "2.2.4", "tensorflow")).weights[0], kernel
    )


@pytest.mark.parametrize("layout", ["cudnn", ""])
def test_weights_as_cudnn_keeps_them_become_those_of_an_lstm_whether_or_not_the_class_says_so(
    layout,
):
    units, size = 3, 2
    gates = [RNG.normal(size=(size, units)) for _ in range(4)]
    recurrent = [RNG.normal(size=(units, units)) for _ in range(4)]
    biases = RNG.normal(size=(2, 4 * units))
    stored = (
        np.hstack([gate.T.reshape(gate.shape) for gate in gates]),
        np.hstack([gate.T for gate in recurrent]),
        biases.ravel(),
    )

    layer = settle(
        Layer("l", "LSTM", {}, stored, legacy=Legacy(weight_layout=layout)),
        Origin("keras2", "2.2.4", "tensorflow"),
    )

    np.testing.assert_array_equal(layer.weights[0], np.hstack(gates))
    np.testing.assert_array_equal(layer.weights[1], np.hstack(recurrent))
    np.testing.assert_allclose(layer.weights[2], biases.sum(axis=0))


@pytest.mark.parametrize(
    ("version", "generation", "crops"),
    [
        ("2.6.0", "tf_keras", "resize_then_cut"),
        ("2.9.0", "tf_keras", "crop_and_resize"),
        ("3.5.0", "keras3", "crop_and_resize"),
        ("3.7.0", "keras3", "cut_then_resize"),
        ("3.8.0", "keras3", ""),
    ],
)
def test_a_random_crop_does_when_predicting_what_its_version_did(version, generation, crops):
    entry = {"class_name": "RandomCrop", "config": {"height": 2, "width": 2}}
    origin = Origin(generation, version, "tensorflow")

    assert legacy_of(entry, "RandomCrop", entry["config"], origin) == Legacy(random_crop=crops)
