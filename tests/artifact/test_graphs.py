"""Models that are read from their graph of operations, beside a config or without one."""

import base64
import json
import re

import numpy as np
import pytest

from keramos.artifact.containers.graph_def.definitions import node_of
from keramos.artifact.containers.object_graph.graph_tables import table_node
from keramos.errors import (
    CorruptModelError,
    MismatchError,
    UnsafeModelError,
    UnsupportedModelError,
    UsageError,
)
from keramos.pipeline.convert import convert
from keramos.pipeline.inspect import inspect
from keramos.pipeline.load import load
from keramos.pipeline.verify import verify
from keramos.report.views.model import model_view
from support.protobuf import parsed, written

ROWS = np.array([[1, -2], [0.5, 3]], "f4")


def text(word):
    return {"s": base64.b64encode(word.encode()).decode()}


def tfjs_graph(folder, **more):
    """A graph model of TensorFlow.js: a fused product, a fused convolution and a lone Prelu."""
    rng = np.random.default_rng(3)
    arrays = {
        "w": rng.normal(size=(2, 4)).astype("f4"),
        "b": rng.normal(size=4).astype("f4"),
        "shape": np.array([-1, 2, 2, 1], "i4"),
        "k": rng.normal(size=(2, 2, 1, 3)).astype("f4"),
        "alpha": rng.normal(size=3).astype("f4"),
    }
    nodes = [
        {
            "name": "x",
            "op": "Placeholder",
            "attr": {
                "dtype": {"type": "DT_FLOAT"},
                "shape": {"shape": {"dim": [{"size": "-1"}, {"size": "2"}]}},
            },
        },
        *({"name": name, "op": "Const", "attr": {}} for name in arrays),
        {
            "name": "dense",
            "op": "_FusedMatMul",
            "input": ["x", "w", "b"],
            "attr": {
                "fused_ops": {"list": {"s": [text("BiasAdd")["s"], text("Relu")["s"]]}},
            },
        },
        {"name": "image", "op": "Reshape", "input": ["dense", "shape"]},
        {
            "name": "conv",
            "op": "_FusedConv2D",
            "input": ["image", "k", "alpha"],
            "attr": {
                "strides": {"list": {"i": ["1", "1", "1", "1"]}},
                "padding": text("VALID"),
                "fused_ops": {"list": {"s": [text("BiasAdd")["s"]]}},
            },
        },
        {"name": "y", "op": "Prelu", "input": ["conv", "alpha"]},
    ]
    manifest = [
        {
            "paths": ["group1-shard1of1.bin"],
            "weights": [
                {
                    "name": name,
                    "shape": list(one.shape),
                    "dtype": "float32" if one.dtype == "f4" else "int32",
                }
                for name, one in arrays.items()
            ],
        }
    ]
    folder.mkdir()
    (folder / "group1-shard1of1.bin").write_bytes(
        b"".join(one.tobytes() for one in arrays.values())
    )
    found = {"format": "graph-model", "modelTopology": {"node": nodes}, "weightsManifest": manifest}
    (folder / "model.json").write_text(json.dumps(found | more))
    hidden = np.maximum(ROWS @ arrays["w"] + arrays["b"], 0)
    kernel = arrays["k"].reshape(4, 3)
    conv = hidden @ kernel + arrays["alpha"]
    return folder, np.where(conv < 0, arrays["alpha"] * conv, conv).reshape(2, 1, 1, 3)


@pytest.mark.parametrize(
    "signature",
    [
        {},
        {
            "signature": {
                "inputs": {"rows": {"name": "x:0", "dtype": "DT_FLOAT"}},
                "outputs": {"answer": {"name": "y:0", "dtype": "DT_FLOAT"}},
            }
        },
    ],
)
def test_a_graph_model_of_tensorflow_js_answers_as_its_operations_say(signature, tmp_path):
    path, wanted = tfjs_graph(tmp_path / "m", **signature)

    model = load(path)

    np.testing.assert_allclose(model.predict(ROWS), wanted, rtol=1e-5)
    names = [one.name for one in (*model.inputs, *model.outputs)]
    assert names == (["rows", "answer"] if signature else ["x", "y"])
    assert inspect(path).parameters == 8 + 4 + 12 + 3


def test_an_inspection_names_the_operations_of_a_graph(tmp_path):
    path, _ = tfjs_graph(tmp_path / "m")

    view = model_view(inspect(path), None, "m")

    assert view.purpose == (
        "A TensorFlow graph of 4 operations: _FusedMatMul, Reshape, _FusedConv2D, Prelu."
    )


@pytest.mark.oracle
def test_an_inspection_by_a_config_that_is_not_there_is_an_error(tmp_path):
    tf = pytest.importorskip("tensorflow")
    path = tensorflow_module(tmp_path / "m", lambda x: {"y": x * 2}, tf.TensorSpec((None, 2)))

    assert inspect(path).outputs[0].name == "y"
    with pytest.raises(UnsupportedModelError, match="no Keras config"):
        inspect(path, by="config")


def test_a_graph_becomes_onnx_and_a_keras_file(tmp_path):
    path, wanted = tfjs_graph(tmp_path / "m")

    convert(path, tmp_path / "m.onnx")
    convert(path, tmp_path / "m.keras")

    np.testing.assert_allclose(load(tmp_path / "m.keras").predict(ROWS), wanted, rtol=1e-5)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("fused_ops", text("BiasAdd")),
        ("fused_ops", {"list": {"i": ["1"]}}),
        ("strides", {"i": "1"}),
        ("strides", {"list": {"s": [text("1")["s"]]}}),
        ("dilations", {"list": {"f": [1.5, 1.5, 1.5, 1.5]}}),
    ],
)
def test_an_attribute_of_another_type_is_an_error_that_names_it(option, value, tmp_path):
    path, _ = tfjs_graph(tmp_path / "m")
    model = json.loads((path / "model.json").read_text())
    (conv,) = [one for one in model["modelTopology"]["node"] if one["name"] == "conv"]
    conv["attr"][option] = value
    (path / "model.json").write_text(json.dumps(model))

    with pytest.raises(CorruptModelError) as caught:
        load(path)

    where = caught.value.where
    assert (where.layer, where.layer_kind, where.option) == ("conv", "_FusedConv2D", option)


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """A SavedModel with a config and a graph."""
    models = pytest.importorskip("support.tf_keras_models")
    return models.saved(models.twin(), tmp_path_factory.mktemp("both") / "m")


@pytest.mark.oracle
def test_config_and_graph_of_one_model_answer_alike(both, tmp_path):
    by_config, by_graph = load(both), load(both, by="graph")

    np.testing.assert_allclose(by_config.predict(ROWS), by_graph.predict(ROWS), rtol=1e-5)
    assert (by_config.artifact.info.by, by_graph.artifact.info.by) == ("config", "graph")
    assert by_config.artifact.info.by_reason == "every layer of it can run"
    assert by_graph.artifact.info.by_reason == "as asked for"
    assert convert(both, tmp_path / "m.keras").difference < 1e-5
    assert any(one.name == "config and graph answer alike" and one.passed for one in verify(both))


@pytest.fixture(scope="module")
def halves(tmp_path_factory):
    """SavedModels that compute in half precision, and that are traced for seven rows."""
    models = pytest.importorskip("support.tf_keras_models")
    folder = tmp_path_factory.mktemp("halves")
    for name, policy in (("float16", "mixed_float16"), ("bfloat16", "mixed_bfloat16")):
        models.saved(models.small(dtype=policy), folder / name)
    model = models.small()
    models.saved(model, folder / "seven", signatures=models.of_rows(model, 7))
    return folder


@pytest.mark.oracle
@pytest.mark.parametrize("name", ["float16", "bfloat16", "seven"])
def test_what_the_config_leaves_to_the_trace_is_no_disagreement(name, halves, tmp_path):
    assert convert(halves / name, tmp_path / "m.h5").difference < 1e-5
    assert all(one.passed for one in verify(halves / name))


@pytest.mark.oracle
@pytest.mark.parametrize("by", ["graph:nobody", "nothing"])
def test_a_way_that_does_not_exist_is_refused(by, both):
    with pytest.raises(UsageError):
        load(both, by=by)


@pytest.mark.oracle
def test_a_file_without_a_graph_is_not_read_by_it(both, tmp_path):
    convert(both, tmp_path / "m.keras")

    with pytest.raises(UsageError, match="graph"):
        load(tmp_path / "m.keras", by="graph")


@pytest.mark.oracle
def test_a_config_that_says_other_than_the_graph_is_an_error_with_both_digests(both, tmp_path):
    import shutil

    path = shutil.copytree(both, tmp_path / "m")
    metadata = path / "keras_metadata.pb"
    data = metadata.read_bytes()
    assert b'"activation": "linear"' in data
    metadata.write_bytes(data.replace(b'"activation": "linear"', b'"activation": "selu"  '))

    with pytest.raises(MismatchError, match="answer differently") as caught:
        convert(path, tmp_path / "m.keras")

    assert str(caught.value.received).count("sha256") == 2
    assert not (tmp_path / "m.keras").exists()
    assert any(
        one.name == "config and graph answer alike" and not one.passed for one in verify(path)
    )
    convert(path, tmp_path / "m.onnx", by="graph")


@pytest.mark.oracle
def test_metadata_that_names_another_layer_is_found_when_the_model_is_converted(tmp_path):
    models = pytest.importorskip("support.tf_keras_models")
    layers = models.tf_keras.layers
    parts = [layers.Dense(2, name="first", input_shape=(2,)), layers.Dense(2, name="other")]
    path = models.saved(models.tf_keras.Sequential(parts), tmp_path / "m")
    before = load(path).predict(ROWS)

    def renamed(node):
        swap = {b'"first"': b'"other"', b'"other"': b'"first"'}
        if b"_tf_keras_layer" not in node:
            return node
        return re.sub(rb'"(first|other)"', lambda found: swap[found[0]], node)

    file = path / "keras_metadata.pb"
    file.write_bytes(written([(at, renamed(node)) for at, node in parsed(file.read_bytes())]))

    assert not np.allclose(load(path, by="config").predict(ROWS), before)  # what Keras builds
    np.testing.assert_allclose(load(path, by="graph").predict(ROWS), before, rtol=1e-5)
    with pytest.raises(MismatchError, match="answer differently") as caught:
        convert(path, tmp_path / "m.keras")
    assert str(caught.value.received).count("sha256") == 2
    assert not all(one.passed for one in verify(path))


def tensorflow_module(folder, function, spec, **parts):
    tf = pytest.importorskip("tensorflow")
    module = tf.Module()
    for name, part in parts.items():
        setattr(module, name, part)
    module.answer = tf.function(function, input_signature=[spec])
    tf.saved_model.save(module, str(folder), signatures=module.answer)
    return folder


def test_answers_that_depend_on_earlier_requests_are_refused(tmp_path):
    tf = pytest.importorskip("tensorflow")
    count = tf.Variable(0.0)

    def counted(x):
        count.assign_add(1.0)
        return {"y": x + count}

    path = tensorflow_module(tmp_path / "m", counted, tf.TensorSpec((None, 2)), count=count)

    with pytest.raises(UnsupportedModelError, match="earlier requests"):
        load(path)


def test_objects_that_name_another_function_than_the_main_graph_are_refused(tmp_path):
    tf = pytest.importorskip("tensorflow")
    path = tensorflow_module(tmp_path / "m", lambda x: {"y": x * 2}, tf.TensorSpec((None, 2)))
    file = path / "saved_model.pb"
    data = file.read_bytes()
    last = data.rfind(b"__inference_signature_wrapper_")  # the table of functions
    at = data.rfind(b"__inference_signature_wrapper_", 0, last)  # the object
    assert at > 0
    file.write_bytes(data[: at + 12] + b"SIGNATURE" + data[at + 21 :])

    with pytest.raises(UnsafeModelError, match="different functions"):
        load(path)


@pytest.mark.parametrize(
    ("kinds", "columns"),
    [
        ((None, "int64"), (["a"], [1])),
        (("S999999999", "int64"), (["a"], [1])),
        (("str", "int64"), (["a"], ["b"])),
        (("int32", "str"), ([1 << 40], ["b"])),
    ],
)
def test_a_lookup_table_of_other_types_than_it_states_is_refused(kinds, columns):
    stated = dict(zip(("key_dtype", "value_dtype"), kinds, strict=True))

    with pytest.raises(CorruptModelError, match="type") as caught:
        table_node(node_of("table", "HashTableV2", (), lambda: stated), columns)

    assert caught.value.where.layer == "table"
