"""TensorFlow Serving's gRPC API, asked by its own client."""

import warnings

import grpc
import numpy as np
import pytest

from keramos.serving.core.routes import Context
from support.grpc_servers import registry_of_all, running
from support.served_models import matrix_model, matrix_rows, mixed_model, mixed_rows, plain_model

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import tensorflow as tf
    from tensorflow_serving.apis import (
        classification_pb2,
        get_model_metadata_pb2,
        get_model_status_pb2,
        inference_pb2,
        model_management_pb2,
        model_service_pb2_grpc,
        predict_pb2,
        prediction_service_pb2_grpc,
        regression_pb2,
    )


@pytest.fixture(scope="module")
def engine():
    return registry_of_all()


@pytest.fixture(scope="module")
def address(engine):
    with running(Context(engine, max_rows=1000)) as server:
        yield server.address


@pytest.fixture(scope="module")
def client(address):
    with grpc.insecure_channel(address) as channel:
        yield prediction_service_pb2_grpc.PredictionServiceStub(channel)


@pytest.fixture(scope="module")
def models(address):
    with grpc.insecure_channel(address) as channel:
        yield model_service_pb2_grpc.ModelServiceStub(channel)


def asked(name, inputs=(), version=None, label="", request=predict_pb2.PredictRequest):
    made = request()
    made.model_spec.name = name
    if version is not None:
        made.model_spec.version.value = version
    if label:
        made.model_spec.version_label = label
    for key, value in dict(inputs).items():
        made.inputs[key].CopyFrom(
            value if hasattr(value, "tensor_shape") else tf.make_tensor_proto(value)
        )
    return made


def refused(call, request):
    with pytest.raises(grpc.RpcError) as raised:
        call(request, timeout=20)
    return raised.value.code().name, raised.value.details()


def answer(reply):
    """The one output of a reply."""
    (tensor,) = reply.outputs.values()
    return tf.make_ndarray(tensor)


def columns():
    """What a client sends for the rows of the mixed model; NaN and empty text are missing cells."""
    rows = mixed_rows()
    nan = float("nan")
    return {
        "size": np.array(rows["size"], "float32"),
        "rooms": np.array([nan if cell is None else cell for cell in rows["rooms"]], "float32")[
            :, None
        ],
        "place": np.array(["" if cell is None else cell for cell in rows["place"]])[:, None],
        "floor": np.array(rows["floor"], "int64"),
        "lift": np.array(rows["lift"]),
        "built": np.array(rows["built"]),
    }


def row_dicts():
    rows = mixed_rows()
    return [dict(zip(rows, cells, strict=True)) for cells in zip(*rows.values(), strict=True)]


def test_predict_takes_columns_of_every_kind_and_answers_as_the_file_does(client):
    reply = client.Predict(asked("mixed", columns()))

    expected = mixed_model().predict(row_dicts())
    assert np.array_equal(answer(reply), expected)
    assert (reply.model_spec.name, reply.model_spec.version.value) == ("mixed", 7)
    assert list(next(iter(reply.outputs.values())).float_val) == expected.ravel().tolist()


def test_a_model_of_numbers_takes_one_matrix_or_one_input_a_column(client):
    rows = matrix_rows()
    expected = matrix_model().predict(rows)

    whole = client.Predict(asked("matrix", {matrix_model().inputs[0].name: rows}))
    apart = client.Predict(
        asked("matrix", {name: rows[:, place] for place, name in enumerate("abcd")})
    )

    for reply in (whole, apart):
        assert np.allclose(answer(reply), expected, atol=1e-6)


def test_a_plain_file_takes_the_inputs_that_keras_gave_it_and_any_number_for_a_float(client):
    x, word = np.arange(12).reshape(3, 4), np.array([["a"], ["b"], ["c"]])

    reply = client.Predict(asked("plain", {"x": x, "word": word}))

    expected = plain_model().predict([x.astype("float32"), word])
    assert np.allclose(tf.make_ndarray(reply.outputs["two"]), expected[0], atol=1e-6)
    assert np.allclose(tf.make_ndarray(reply.outputs["one"]), expected[1], atol=1e-6)


def test_values_travel_as_content_or_as_values_and_one_value_stands_for_all(client):
    content = tf.make_tensor_proto(np.full((2, 4), 0.5, "float32"))
    assert content.tensor_content
    values = tf.make_tensor_proto(np.zeros((2, 4), "float32"))
    values.ClearField("tensor_content")
    values.float_val.extend([0.5] * 8)
    one = tf.make_tensor_proto(0.5, shape=(2, 4), dtype=tf.float32)
    assert len(one.float_val) == 1

    name = matrix_model().inputs[0].name
    answers = [
        answer(client.Predict(asked("matrix", {name: tensor}))) for tensor in (content, values, one)
    ]

    assert all(np.array_equal(one, answers[0]) for one in answers)


NUMBERS = [
    "float16",
    "float64",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "bool",
]


@pytest.mark.parametrize("dtype", NUMBERS)
@pytest.mark.parametrize("as_values", [False, True])
def test_every_dtype_of_numbers_is_read(client, dtype, as_values):
    rows = np.array([[0, 1, 1, 0]], dtype)
    tensor = tf.make_tensor_proto(rows)
    if as_values:
        filled = tf.make_tensor_proto(rows)
        filled.ClearField("tensor_content")
        fields = {
            "float16": "half_val",
            "float64": "double_val",
            "int64": "int64_val",
            "uint32": "uint32_val",
        }
        field = {**fields, "uint64": "uint64_val", "bool": "bool_val"}.get(dtype, "int_val")
        plain = rows.view("uint16") if dtype == "float16" else rows
        filled.ClearField(field)
        getattr(filled, field).extend(plain.ravel().tolist())
        tensor = filled

    reply = client.Predict(asked("plain", {"x": tensor, "word": [["a"]]}))

    expected = plain_model().predict([rows.astype("float32"), np.array([["a"]])])[0]
    assert np.allclose(tf.make_ndarray(reply.outputs["two"]), expected, atol=1e-6)


def test_versions_and_labels_choose_who_answers(client):
    inputs = {matrix_model().inputs[0].name: matrix_rows()}

    used = [
        client.Predict(request).model_spec.version.value
        for request in (
            asked("matrix", inputs),
            asked("matrix", inputs, 1),
            asked("matrix", inputs, label="stable"),
        )
    ]

    assert used == [2, 1, 1]


def test_only_the_outputs_that_are_asked_for_come_back(client):
    request = asked("plain", {"x": np.zeros((1, 4)), "word": [["a"]]})
    request.output_filter.append("one")

    assert list(client.Predict(request).outputs) == ["one"]

    request.output_filter.append("one")
    assert refused(client.Predict, request)[1] == "an output is asked for twice: 'one', 'one'"
    request.output_filter[:] = ["three"]
    code, said = refused(client.Predict, request)
    assert (code, said) == (
        "INVALID_ARGUMENT",
        "the model has no output 'three'; it has 'two', 'one'",
    )


def wrong():
    name = "features"
    good = np.zeros((2, 4), "float32")
    negative = tf.make_tensor_proto(good)
    negative.tensor_shape.dim[0].size = -1
    huge = tf.make_tensor_proto(0.5, shape=(1, 4), dtype=tf.float32)
    huge.tensor_shape.dim[0].size = 1 << 40
    short = tf.make_tensor_proto(good)
    short.tensor_content = short.tensor_content[:-3]
    few = tf.make_tensor_proto(good)
    few.tensor_content = few.tensor_content[:-4]
    complex_ = tf.make_tensor_proto(good.astype("complex64"))
    return [
        ("nobody", {}, "NOT_FOUND", "Servable not found for request: Latest(nobody)"),
        ("", {}, "INVALID_ARGUMENT", "Missing ModelSpec"),
        ("matrix", {}, "INVALID_ARGUMENT", "absent: 'a', 'b', 'c', 'd'"),
        ("matrix", {name: good, "q": good}, "INVALID_ARGUMENT", "unknown: "),
        (
            "matrix",
            {"FEATURES": good[:, :3]},
            "INVALID_ARGUMENT",
            "needs shape (None, 4); received (2, 3)",
        ),
        ("matrix", {"FEATURES": [["a"] * 4]}, "INVALID_ARGUMENT", "takes float32, received text"),
        ("matrix", {"FEATURES": negative}, "INVALID_ARGUMENT", "all sizes must be known"),
        ("matrix", {"FEATURES": huge}, "INVALID_ARGUMENT", "values at most"),
        ("matrix", {"FEATURES": short}, "INVALID_ARGUMENT", "received 29 bytes"),
        ("matrix", {"FEATURES": few}, "INVALID_ARGUMENT", "which is 8 values; received 7"),
        ("matrix", {"FEATURES": complex_}, "INVALID_ARGUMENT", "must be one of DT_FLOAT"),
        (
            "matrix",
            {"FEATURES": np.zeros((1001, 4))},
            "INVALID_ARGUMENT",
            "1001 rows; one request may have 1000",
        ),
        (
            "mixed",
            columns() | {"size": np.zeros(2)},
            "INVALID_ARGUMENT",
            "different numbers of rows",
        ),
        (
            "mixed",
            columns() | {"size": np.zeros((3, 2))},
            "INVALID_ARGUMENT",
            "column 'size' takes shape [rows, 1]",
        ),
        (
            "mixed",
            columns() | {"size": np.array([1, np.nan, 2])},
            "INVALID_ARGUMENT",
            "row 2, column 'size'",
        ),
        (
            "mixed",
            columns() | {"place": np.array([b"\xff", b"a", b"b"])},
            "INVALID_ARGUMENT",
            "not UTF-8",
        ),
        (
            "mixed",
            columns() | {"built": np.array(["x", "1999-01-01", "y"])},
            "INVALID_ARGUMENT",
            "row 3, column",
        ),
        (
            "plain",
            {"x": np.zeros((1, 4)), "word": [[1.0]]},
            "INVALID_ARGUMENT",
            "takes text, received float32",
        ),
        ("plain", {"x": np.zeros((1, 4)), "word": [["a"], ["b"]]}, "INVALID_ARGUMENT", ""),
    ]


@pytest.mark.parametrize(
    ("name", "inputs", "code", "said"), wrong(), ids=lambda value: str(value)[:30]
)
def test_what_is_wrong_with_a_request_is_said_and_is_never_a_fault_of_the_server(
    client, name, inputs, code, said
):
    inputs = {
        matrix_model().inputs[0].name if key == "FEATURES" else key: value
        for key, value in inputs.items()
    }

    got = refused(client.Predict, asked(name, inputs))

    assert got[0] == code
    assert said in got[1]


def test_versions_that_do_not_answer_say_why(client):
    inputs = {matrix_model().inputs[0].name: matrix_rows()}

    assert refused(client.Predict, asked("matrix", inputs, 9))[0] == "NOT_FOUND"
    assert refused(client.Predict, asked("matrix", inputs, label="canary"))[0] == "NOT_FOUND"
    code, said = refused(client.Predict, asked("matrix", inputs, 3))
    assert code == "UNAVAILABLE"
    assert "golden row 1 differs" in said


def test_an_unknown_signature_is_refused_in_the_words_of_tensorflow_serving(client):
    request = asked("matrix", {matrix_model().inputs[0].name: matrix_rows()})
    request.model_spec.signature_name = "other"

    code, said = refused(client.Predict, request)

    assert code == "INVALID_ARGUMENT"
    assert 'Serving signature name: "other" not found in signature def' in said


def test_bytes_that_are_no_message_are_the_clients_fault(address):
    with grpc.insecure_channel(address) as channel:
        for service in ("PredictionService/Predict", "ModelService/GetModelStatus"):
            raw = channel.unary_unary(f"/tensorflow.serving.{service}")
            code, said = refused(raw, b"\xff\xff\xff")
            assert code == "INVALID_ARGUMENT"
            assert "the message is not a valid " in said


def examples(request, rows):
    for row in rows:
        features = request.input.example_list.examples.add().features.feature
        for name, cell in row.items():
            if cell is None:
                features[name].SetInParent()
            elif isinstance(cell, str):
                features[name].bytes_list.value.append(cell.encode())
            elif isinstance(cell, float):
                features[name].float_list.value.append(cell)
            else:
                features[name].int64_list.value.append(int(cell))
    return request


def test_classify_gives_every_class_its_score(client):
    rows = [dict(zip("abcd", map(float, row), strict=True)) for row in matrix_rows()]

    reply = client.Classify(
        examples(asked("matrix", request=classification_pb2.ClassificationRequest), rows)
    )

    expected = matrix_model().predict(matrix_rows())
    labels = matrix_model().content.rule.labels
    for one, scores in zip(reply.result.classifications, expected, strict=True):
        assert [item.label for item in one.classes] == list(labels)
        assert np.allclose([item.score for item in one.classes], scores, atol=1e-6)


def test_regress_takes_features_of_every_kind_and_missing_ones(client):
    reply = client.Regress(
        examples(asked("mixed", request=regression_pb2.RegressionRequest), row_dicts())
    )

    expected = mixed_model().predict(row_dicts()).ravel()
    assert np.allclose([one.value for one in reply.result.regressions], expected, rtol=1e-6)


def test_a_context_gives_all_examples_the_same_features(client):
    request = asked("mixed", request=regression_pb2.RegressionRequest)
    whole = examples(asked("mixed", request=regression_pb2.RegressionRequest), row_dicts()[:1])
    example = whole.input.example_list.examples[0]
    request.input.example_list_with_context.context.CopyFrom(example)
    request.input.example_list_with_context.examples.add()

    assert client.Regress(request) == client.Regress(whole)


def test_classify_and_regress_are_refused_where_the_file_cannot(client):
    classify, regress = classification_pb2.ClassificationRequest, regression_pb2.RegressionRequest

    assert (
        "can :regress, not :classify"
        in refused(client.Classify, asked("mixed", request=classify))[1]
    )
    assert (
        "can :classify, not :regress"
        in refused(client.Regress, asked("matrix", request=regress))[1]
    )
    assert "is a plain Keras file" in refused(client.Regress, asked("plain", request=regress))[1]
    nothing = client.Classify(asked("matrix", request=classify))
    assert len(nothing.result.classifications) == 0
    twice = examples(asked("matrix", request=classify), [{"a": 1.0}])
    twice.input.example_list.examples[0].features.feature["a"].float_list.value.append(2.0)
    assert "example 1: feature 'a' holds 2 values" in refused(client.Classify, twice)[1]


def test_one_call_can_ask_for_several_inferences(client):
    request = inference_pb2.MultiInferenceRequest()
    for version in (1, 2):
        task = request.tasks.add(method_name="tensorflow/serving/classify")
        task.model_spec.name = "matrix"
        task.model_spec.version.value = version
    examples(request, [dict(zip("abcd", map(float, row), strict=True)) for row in matrix_rows()])

    reply = client.MultiInference(request)

    assert [result.model_spec.version.value for result in reply.results] == [1, 2]
    assert reply.results[0].classification_result == reply.results[1].classification_result
    request.tasks[0].method_name = "tensorflow/serving/predict"
    assert "Unsupported signature method_name" in refused(client.MultiInference, request)[1]


def test_metadata_packs_the_signatures_as_tensorflow_serving_does(client):
    request = asked("mixed", request=get_model_metadata_pb2.GetModelMetadataRequest)
    request.metadata_field.append("signature_def")

    reply = client.GetModelMetadata(request)

    defined = get_model_metadata_pb2.SignatureDefMap()
    assert reply.metadata["signature_def"].Unpack(defined)
    default = defined.signature_def["serving_default"]
    assert set(default.inputs) == set(mixed_rows())
    assert default.inputs["size"].dtype == tf.float32.as_datatype_enum
    assert default.inputs["place"].dtype == tf.string.as_datatype_enum
    assert default.inputs["size"].tensor_shape.dim[0].size == -1
    assert default.method_name == "tensorflow/serving/predict"
    assert defined.signature_def["regression"].method_name == "tensorflow/serving/regress"
    request.metadata_field.append("other")
    assert "must be exactly ['signature_def']" in refused(client.GetModelMetadata, request)[1]


def test_status_lists_versions_with_their_states_and_errors(models):
    reply = models.GetModelStatus(
        asked("matrix", request=get_model_status_pb2.GetModelStatusRequest)
    )

    listed = [
        (item.version, item.state, item.status.error_code) for item in reply.model_version_status
    ]
    state = get_model_status_pb2.ModelVersionStatus
    assert listed == [(3, state.END, 9), (2, state.AVAILABLE, 0), (1, state.AVAILABLE, 0)]
    assert reply.model_version_status[0].status.error_message == "golden row 1 differs"
    one = models.GetModelStatus(
        asked("matrix", request=get_model_status_pb2.GetModelStatusRequest, label="stable")
    )
    assert [item.version for item in one.model_version_status] == [1]
    kind = get_model_status_pb2.GetModelStatusRequest
    for request, said in (
        (asked("nobody", request=kind), "Could not find any versions of model"),
        (asked("matrix", version=9, request=kind), "Could not find version 9 of model"),
    ):
        assert refused(models.GetModelStatus, request)[0] == "NOT_FOUND"
        assert said in refused(models.GetModelStatus, request)[1]


def test_reloading_a_configuration_is_not_offered_and_says_what_is(models):
    code, said = refused(
        models.HandleReloadConfigRequest, model_management_pb2.ReloadConfigRequest()
    )

    assert code == "UNIMPLEMENTED"
    assert "publish a version there" in said


def test_requests_are_counted_by_outcome(client, engine):
    counts = next(
        one.counts for one in engine.all_served() if (one.name, one.version) == ("matrix", 2)
    )
    before = counts.outcomes()
    client.Predict(asked("matrix", {matrix_model().inputs[0].name: matrix_rows()}))
    refused(client.Predict, asked("matrix", {}))

    assert counts.outcomes()["OK"] == before.get("OK", 0) + 1
    assert counts.outcomes()["INVALID_ARGUMENT"] == before.get("INVALID_ARGUMENT", 0) + 1
