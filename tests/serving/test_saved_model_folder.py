"""A folder that TensorFlow Serving serves answers its requests here, with TensorFlow's answers."""

import json
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import grpc
import numpy as np
import pytest
import tensorflow as tf

import keramos
from support.free_port import free_port
from support.tf_keras_models import tf_keras

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]
RNG = np.random.default_rng(0)
A, B = RNG.random((2, 4), "f4"), RNG.random((2, 3), "f4")


def _two_inputs():
    """Inputs that are not in the order of their names, and two outputs."""
    layers = tf_keras.layers
    a, b = tf_keras.Input((4,), name="a"), tf_keras.Input((3,), name="b")
    both = layers.Concatenate()([layers.Dense(5, "relu")(a), b])
    return tf_keras.Model(
        [b, a], [layers.Dense(2, name="two")(both), layers.Dense(1, name="one")(both)]
    )


class _Module(tf.Module):
    def __init__(self):
        super().__init__()
        self.kernel = tf.Variable([[1.0, 2.0], [3.0, 4.0]])

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, name="x")])
    def served(self, x):
        return {"y": x @ self.kernel}

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, name="x")])
    def other(self, x):
        return {"z": x + 1.0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("models")
    _two_inputs().save(path / "two" / "3", save_format="tf")
    one = tf_keras.Sequential([tf_keras.layers.Dense(3, input_shape=(4,), name="dense")])
    for version in ("1", "7"):
        one.save(path / "one" / version, save_format="tf")
    module = _Module()
    signatures = {"serving_default": module.served, "other": module.other}
    tf.saved_model.save(module, str(path / "module" / "2"), signatures=signatures)
    return path


@pytest.fixture(scope="module")
def server(folder):
    options = {"port": 0, "grpc_port": free_port(), "oip_grpc_port": "none", "versions": "all"}
    with keramos.serve(folder, block=False, **options) as running:
        yield running


@pytest.fixture(scope="module")
def wanted(folder):
    served = tf.saved_model.load(str(folder / "two" / "3")).signatures["serving_default"]
    return {name: one.numpy() for name, one in served(a=tf.constant(A), b=tf.constant(B)).items()}


def ask(server, way, body=None):
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(f"{server.url}/v1/models/{way}", data), timeout=20) as reply:  # noqa: S310
        return json.load(reply)


def test_named_inputs_in_rows_and_in_columns(server, wanted):
    rows = [{"a": a.tolist(), "b": b.tolist()} for a, b in zip(A, B, strict=True)]
    found = ask(server, "two:predict", {"instances": rows})["predictions"]
    columns = ask(server, "two:predict", {"inputs": {"a": A.tolist(), "b": B.tolist()}})["outputs"]

    for name, array in wanted.items():
        np.testing.assert_allclose([row[name] for row in found], array, 1e-5, 1e-6)
        np.testing.assert_allclose(columns[name], array, 1e-5, 1e-6)


def test_one_input_needs_no_name_and_versions_are_served_by_number(server):
    bare = ask(server, "one:predict", {"instances": A.tolist()})
    named = {
        "signature_name": "serving_default",
        "instances": [{"dense_input": a.tolist()} for a in A],
    }
    assert ask(server, "one/versions/1:predict", named) == bare
    states = ask(server, "one")["model_version_status"]
    assert sorted(one["version"] for one in states) == ["1", "7"]


def test_the_signature_is_described_as_tensorflow_has_it(server, folder):
    served = tf.saved_model.load(str(folder / "two" / "3")).signatures["serving_default"]
    found = ask(server, "two/metadata")["metadata"]["signature_def"]["signature_def"][
        "serving_default"
    ]

    assert found["method_name"] == "tensorflow/serving/predict"
    for ends, theirs in (
        (found["inputs"], served.structured_input_signature[1]),
        (found["outputs"], served.structured_outputs),
    ):
        assert set(ends) == set(theirs)
        for name, spec in theirs.items():
            sizes = [-1 if size is None else size for size in spec.shape]
            assert [int(one["size"]) for one in ends[name]["tensor_shape"]["dim"]] == sizes
            assert tf.dtypes.as_dtype(spec.dtype).as_datatype_enum == 1
            assert ends[name]["dtype"] == "DT_FLOAT"


def test_grpc_predicts_with_an_output_filter(server, wanted):
    from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

    request = predict_pb2.PredictRequest(output_filter=["one"])
    request.model_spec.name = "two"
    for name, array in (("a", A), ("b", B)):
        request.inputs[name].CopyFrom(tf.make_tensor_proto(array))
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc_ports[0]}") as channel:
        reply = prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict(request)

    assert list(reply.outputs) == ["one"]
    np.testing.assert_allclose(tf.make_ndarray(reply.outputs["one"]), wanted["one"], 1e-5, 1e-6)


def test_another_signature_is_named_by_the_refusal_and_served_by_its_name(server, folder):
    body = {"signature_name": "other", "instances": [[1, 2]]}
    with pytest.raises(HTTPError) as caught:
        ask(server, "module:predict", body)
    assert "there is serving_default" in caught.value.read().decode()
    caught.value.close()

    options = {"port": 0, "grpc_port": "none", "oip_grpc_port": "none", "by": "graph:other"}
    with keramos.serve(folder / "module", block=False, **options) as running:
        found = ask(running, "module:predict", {"instances": [[1, 2]]})
    assert found == {"predictions": [[2.0, 3.0]]}
