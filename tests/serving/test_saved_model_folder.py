"""A folder that TensorFlow Serving serves answers its requests here, with TensorFlow's answers."""

import base64
import json
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import grpc
import numpy as np
import pytest
import tensorflow as tf

import keramos
from keramos.pipeline.load_signatures import load_signatures
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

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, name="x")])
    def noise(self, x):
        return {"z": x + tf.random.uniform(tf.shape(x))}


def _people(folder):
    """What an estimator of TensorFlow 1 exports: signatures over serialised examples."""
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        data = v1.placeholder(tf.string, [None], "data")
        age = tf.io.FixedLenFeature([1], tf.float32)
        place = tf.io.FixedLenFeature([1], tf.string, "south")
        read = v1.parse_example(data, {"age": age, "place": place})
        x = tf.concat([read["age"], tf.cast(tf.equal(read["place"], "north"), tf.float32)], 1)
        kernel = v1.get_variable("kernel", initializer=tf.constant([[0.1, -0.05], [0.5, 1.0]]))
        scores = tf.nn.softmax(tf.matmul(x, kernel))
        classes = tf.tile(tf.constant([["young", "old"]]), [tf.shape(x)[0], 1])
        session.run(v1.global_variables_initializer())
        build = v1.saved_model.signature_def_utils
        classify = build.classification_signature_def(data, classes, scores)
        regress = build.regression_signature_def(data, scores[:, 1:])
        builder = v1.saved_model.Builder(str(folder))
        named = {"serving_default": classify, "classes": classify, "values": regress}
        builder.add_meta_graph_and_variables(session, ["serve"], named)
        builder.save()


def serialised():
    """The people as serialised examples."""
    feature, made = tf.train.Feature, []
    for row in PEOPLE:
        parts = {
            "age": feature(float_list=tf.train.FloatList(value=[row["age"]])),
            "place": feature(bytes_list=tf.train.BytesList(value=[row["place"].encode()])),
        }
        made.append(tf.train.Example(features=tf.train.Features(feature=parts)).SerializeToString())
    return made


def estimated(folder):
    """What TensorFlow computes for the people."""
    signatures = tf.saved_model.load(str(folder / "people" / "1")).signatures
    data = tf.constant(serialised())
    scores = signatures["classes"](inputs=data)["scores"].numpy()
    return {"scores": scores, "values": signatures["values"](inputs=data)["outputs"].numpy()[:, 0]}


KERNEL = np.arange(8, dtype="f4").reshape(4, 2)


def _keras(folder):
    import keras

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, use_bias=False)])
    model.set_weights([KERNEL])
    model.export(folder, verbose=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("models")
    _two_inputs().save(path / "two" / "3", save_format="tf")
    one = tf_keras.Sequential([tf_keras.layers.Dense(3, input_shape=(4,), name="dense")])
    for version in ("1", "7"):
        one.save(path / "one" / version, save_format="tf")
    module = _Module()
    signatures = {"serving_default": module.served, "other": module.other, "noise": module.noise}
    _people(path / "people" / "1")
    _keras(path / "keras" / "1")
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


def test_every_signature_is_asked_for_by_its_name_and_described(server):
    rows = {"instances": [[1, 2]]}
    other = ask(server, "module:predict", {**rows, "signature_name": "other"})
    assert other == {"predictions": [[2.0, 3.0]]}
    assert ask(server, "module:predict", rows) == {"predictions": [[7.0, 10.0]]}

    found = ask(server, "module/metadata")["metadata"]["signature_def"]["signature_def"]
    assert {name: list(one["outputs"]) for name, one in found.items()} == {
        "serving_default": ["y"],
        "other": ["z"],
    }
    for way in ("predict", "classify", "regress"):
        body = {"signature_name": "third", "instances": [[1, 2]], "examples": [{}]}
        with pytest.raises(HTTPError) as caught:
            ask(server, f"module:{way}", body)
        assert caught.value.code == 400
        assert '\\"third\\" not found in signature def' in caught.value.read().decode()
        caught.value.close()


def test_a_signature_that_cannot_run_is_refused_with_its_reason_and_the_others_answer(server):
    body = {"signature_name": "noise", "instances": [[1, 2]]}
    with pytest.raises(HTTPError) as caught:
        ask(server, "module:predict", body)
    assert "Random" in caught.value.read().decode()
    caught.value.close()


def test_one_signature_by_itself_is_served_by_its_name(folder):
    options = {"port": 0, "grpc_port": "none", "oip_grpc_port": "none", "by": "graph:other"}
    with keramos.serve(folder / "module", block=False, **options) as running:
        found = ask(running, "module:predict", {"instances": [[1, 2]]})
    assert found == {"predictions": [[2.0, 3.0]]}


def test_a_model_of_keras_3_serves_both_of_its_signatures_with_one_session(server, folder):
    found = load_signatures(folder / "keras" / "1")
    assert found.others["serve"].model is found.usual.model
    for name in ("serve", "serving_default"):
        body = {"signature_name": name, "instances": A.tolist()}
        np.testing.assert_allclose(
            ask(server, "keras:predict", body)["predictions"], A @ KERNEL, 1e-5
        )


def examples(request, rows):
    """The rows as examples of a request."""
    for row in rows:
        example = request.input.example_list.examples.add()
        for name, value in row.items():
            kind = "bytes_list" if isinstance(value, bytes) else "float_list"
            getattr(example.features.feature[name], kind).value.append(value)
    return request


PEOPLE = [{"age": 40.0, "place": "north"}, {"age": 10.5, "place": "south"}]


def test_estimators_classify_and_regress_over_rest_as_tensorflow_computes(server, folder):
    wanted = estimated(folder)
    classes = ask(server, "people:classify", {"examples": PEOPLE, "signature_name": "classes"})
    for row, scores in zip(classes["results"], wanted["scores"], strict=True):
        assert [label for label, _ in row] == ["young", "old"]
        np.testing.assert_allclose([score for _, score in row], scores, 1e-5)
    context = {"context": {"place": "north"}, "examples": [{"age": 40.0}, PEOPLE[1]]}
    for body in ({"examples": PEOPLE}, context):
        found = ask(server, "people:regress", body | {"signature_name": "values"})["results"]
        np.testing.assert_allclose(found, wanted["values"], 1e-5)

    bytes_of = [base64.b64encode(one).decode() for one in serialised()]
    rows = [{"inputs": {"b64": one}} for one in bytes_of]
    found = ask(server, "people:predict", {"instances": rows, "signature_name": "values"})
    np.testing.assert_allclose(np.ravel(found["predictions"]), wanted["values"], 1e-5)
    with pytest.raises(HTTPError) as caught:
        ask(server, "people:classify", {"examples": PEOPLE, "signature_name": "values"})
    assert "Was: tensorflow/serving/regress" in caught.value.read().decode()
    caught.value.close()


def test_estimators_classify_and_regress_over_grpc(server, folder):
    from tensorflow_serving.apis import classification_pb2, inference_pb2, regression_pb2
    from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

    wanted, rows = estimated(folder), [{**one, "place": one["place"].encode()} for one in PEOPLE]
    classify = examples(classification_pb2.ClassificationRequest(), rows)
    classify.model_spec.name, classify.model_spec.signature_name = "people", "classes"
    regress = examples(regression_pb2.RegressionRequest(), rows)
    regress.model_spec.name, regress.model_spec.signature_name = "people", "values"
    both = examples(inference_pb2.MultiInferenceRequest(), rows)
    for name, method in (("classes", "classify"), ("values", "regress")):
        task = both.tasks.add(method_name=f"tensorflow/serving/{method}")
        task.model_spec.name, task.model_spec.signature_name = "people", name
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc_ports[0]}") as channel:
        stub = PredictionServiceStub(channel)
        classes, values, several = (
            stub.Classify(classify),
            stub.Regress(regress),
            stub.MultiInference(both),
        )
        classify.model_spec.signature_name = "third"
        with pytest.raises(grpc.RpcError) as caught:
            stub.Classify(classify)

    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    found = [[one.score for one in row.classes] for row in classes.result.classifications]
    np.testing.assert_allclose(found, wanted["scores"], 1e-5)
    assert classes.result.classifications[0].classes[0].label == "young"
    assert classes.model_spec.signature_name == "classes"
    found = [one.value for one in values.result.regressions]
    np.testing.assert_allclose(found, wanted["values"], 1e-5)
    assert several.results[0].classification_result == classes.result
    assert several.results[1].regression_result == values.result


def test_the_api_document_offers_what_signatures_of_graphs_can_do(server):
    with urlopen(f"{server.url}/openapi.json", timeout=20) as reply:  # noqa: S310 (our own server)
        document = json.load(reply)
    assert "/v1/models/people:classify" in document["paths"]
    assert "/v1/models/one:classify" not in document["paths"]


def test_metadata_over_grpc_has_every_signature(server):
    from tensorflow_serving.apis import get_model_metadata_pb2, prediction_service_pb2_grpc

    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "people"
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc_ports[0]}") as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        reply = stub.GetModelMetadata(request)
    defined = get_model_metadata_pb2.SignatureDefMap()
    reply.metadata["signature_def"].Unpack(defined)
    assert {
        name: one.method_name.rpartition("/")[2] for name, one in defined.signature_def.items()
    } == {"serving_default": "classify", "classes": "classify", "values": "regress"}
    assert set(defined.signature_def["classes"].outputs) == {"classes", "scores"}
