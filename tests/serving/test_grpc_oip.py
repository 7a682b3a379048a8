"""The Open Inference Protocol's gRPC API, asked by Triton's client."""

import warnings

import numpy as np
import pytest

from keramos.errors import NotServedError
from keramos.serving.core.routes import Context
from support.grpc_servers import registry_of_all, running
from support.served_models import matrix_model, matrix_rows, mixed_model, mixed_rows, plain_model

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import tritonclient.grpc as triton
    from tritonclient.grpc import service_pb2
    from tritonclient.utils import InferenceServerException

DATATYPES = {"f": "FP32", "O": "BYTES", "i": "INT64", "b": "BOOL"}


@pytest.fixture(scope="module")
def engine():
    return registry_of_all()


@pytest.fixture(scope="module")
def address(engine):
    with running(Context(engine, max_rows=1000)) as server:
        yield server.address


@pytest.fixture(scope="module")
def client(address):
    with triton.InferenceServerClient(address) as client:
        yield client


def given(name, array, datatype=None):
    """An input with raw contents, as Triton's client sends them."""
    array = np.asarray(array)
    made = triton.InferInput(name, list(array.shape), datatype or DATATYPES[array.dtype.kind])
    made.set_data_from_numpy(array)
    return made


def columns():
    rows = mixed_rows()
    nan = float("nan")
    return [
        given("size", np.array(rows["size"], "float32")),
        given(
            "rooms",
            np.array([[nan if cell is None else cell] for cell in rows["rooms"]], "float32"),
        ),
        given(
            "place",
            np.array([b"" if cell is None else cell.encode() for cell in rows["place"]], object),
        ),
        given("floor", np.array(rows["floor"], "int64")),
        given("lift", np.array(rows["lift"])),
        given("built", np.array([cell.encode() for cell in rows["built"]], object)),
    ]


def refused(call, *args, **kwargs):
    with pytest.raises(InferenceServerException) as raised:
        call(*args, **kwargs)
    return raised.value.status().removeprefix("StatusCode."), raised.value.message()


def test_the_server_and_its_models_say_whether_they_are_ready(client):
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("matrix")
    assert client.is_model_ready("matrix", "1")
    assert not client.is_model_ready("matrix", "3")
    assert not client.is_model_ready("nobody")


def test_metadata_says_who_serves_and_what_a_model_takes_and_gives(client):
    server = client.get_server_metadata()
    mixed = client.get_model_metadata("mixed", as_json=True)
    matrix = client.get_model_metadata("matrix")

    assert server.name == "keramos"
    assert "model_repository" in server.extensions
    described = {item["name"]: (item["datatype"], item["shape"]) for item in mixed["inputs"]}
    assert described == {
        "size": ("FP32", ["-1"]),
        "rooms": ("FP32", ["-1"]),
        "place": ("BYTES", ["-1"]),
        "floor": ("INT64", ["-1"]),
        "lift": ("BOOL", ["-1"]),
        "built": ("BYTES", ["-1"]),
    }
    assert mixed["platform"] == "keras_h5"
    assert list(matrix.versions) == ["1", "2"]
    assert list(matrix.outputs[0].shape) == [-1, 3]


def test_a_model_config_names_inputs_and_outputs_for_tools_of_triton(client):
    config = client.get_model_config("plain").config

    assert [(item.name, item.data_type, list(item.dims)) for item in config.input] == [
        ("x", 11, [-1, 4]),
        ("word", 13, [-1, 1]),
    ]
    assert (config.max_batch_size, config.platform) == (0, "keras_keras")


def test_infer_takes_columns_of_every_kind_as_raw_contents(client):
    result = client.infer("mixed", columns(), request_id="abc")

    rows = mixed_rows()
    dicts = [dict(zip(rows, cells, strict=True)) for cells in zip(*rows.values(), strict=True)]
    name = mixed_model().outputs[0].name
    assert np.array_equal(result.as_numpy(name), mixed_model().predict(dicts))
    reply = result.get_response()
    assert (reply.model_name, reply.model_version, reply.id) == ("mixed", "7", "abc")
    assert len(reply.raw_output_contents) == 1


def contents_request(model, *inputs, outputs=()):
    """A request with typed contents, which Triton's client never sends but others do."""
    request = service_pb2.ModelInferRequest(model_name=model)
    for name, datatype, shape, field, values in inputs:
        made = request.inputs.add(name=name, datatype=datatype, shape=shape)
        getattr(made.contents, field).extend(values)
    for name in outputs:
        request.outputs.add(name=name)
    return request


def ask(client, request):
    return client._client_stub.ModelInfer(request, timeout=20)  # noqa: SLF001 (its own way takes raw contents only)


def refused_raw(client, request):
    import grpc

    with pytest.raises(grpc.RpcError) as raised:
        ask(client, request)
    return raised.value.code().name, raised.value.details()


def test_typed_contents_are_answered_with_typed_contents(client):
    rows = matrix_rows()
    request = contents_request(
        "matrix", (matrix_model().inputs[0].name, "FP32", [3, 4], "fp32_contents", rows.ravel())
    )

    reply = ask(client, request)

    expected = matrix_model().predict(rows)
    assert not reply.raw_output_contents
    assert reply.outputs[0].datatype == "FP32"
    assert list(reply.outputs[0].shape) == [3, 3]
    assert list(reply.outputs[0].contents.fp32_contents) == expected.ravel().tolist()


@pytest.mark.parametrize(
    ("datatype", "field"),
    [
        ("BOOL", "bool_contents"),
        ("INT8", "int_contents"),
        ("INT16", "int_contents"),
        ("INT32", "int_contents"),
        ("INT64", "int64_contents"),
        ("UINT8", "uint_contents"),
        ("UINT16", "uint_contents"),
        ("UINT32", "uint_contents"),
        ("UINT64", "uint64_contents"),
        ("FP32", "fp32_contents"),
        ("FP64", "fp64_contents"),
    ],
)
def test_every_datatype_is_read_from_typed_and_from_raw_contents(client, datatype, field):
    from tritonclient.utils import triton_to_np_dtype

    rows = np.array([[0, 1, 1, 0]], triton_to_np_dtype(datatype))
    word = ("word", "BYTES", [1, 1], "bytes_contents", [b"a"])

    typed = ask(
        client,
        contents_request("plain", ("x", datatype, [1, 4], field, rows.ravel().tolist()), word),
    )
    raw = client.infer(
        "plain", [given("x", rows, datatype), given("word", np.array([[b"a"]], object))]
    )

    expected = plain_model().predict([rows.astype("float32"), np.array([["a"]])])[0]
    assert np.allclose(list(typed.outputs[0].contents.fp32_contents), expected.ravel(), atol=1e-6)
    assert np.allclose(raw.as_numpy("two"), expected, atol=1e-6)


def test_half_precision_travels_raw(client):
    rows = matrix_rows().astype("float16")

    result = client.infer("matrix", [given(matrix_model().inputs[0].name, rows, "FP16")])

    expected = matrix_model().predict(rows.astype("float32"))
    assert np.allclose(result.as_numpy(matrix_model().outputs[0].name), expected, atol=1e-6)


def test_outputs_are_chosen_and_ordered_by_the_request(client):
    request = contents_request(
        "plain",
        ("x", "FP32", [1, 4], "fp32_contents", [0] * 4),
        ("word", "BYTES", [1, 1], "bytes_contents", [b"a"]),
        outputs=["one"],
    )

    assert [output.name for output in ask(client, request).outputs] == ["one"]

    request.outputs[0].name = "zz"
    assert refused_raw(client, request) == (
        "INVALID_ARGUMENT",
        "the model has no output 'zz'; it has 'two', 'one'",
    )


def test_the_classification_parameter_gives_the_best_classes_with_their_labels(client):
    rows = matrix_rows()
    name = matrix_model().outputs[0].name

    result = client.infer(
        "matrix",
        [given(matrix_model().inputs[0].name, rows)],
        outputs=[triton.InferRequestedOutput(name, class_count=2)],
    )

    texts = result.as_numpy(name)
    expected = matrix_model().predict(rows)
    assert texts.shape == (3, 2)
    for line, scores in zip(texts, expected, strict=True):
        value, index, label = line[0].decode().split(":")
        assert int(index) == scores.argmax()
        assert label == matrix_model().content.rule.labels[int(index)]
        assert float(value) == pytest.approx(scores.max(), abs=1e-6)


def test_versions_and_labels_choose_who_answers(client):
    inputs = [given(matrix_model().inputs[0].name, matrix_rows())]

    used = [
        client.infer("matrix", inputs, model_version=v).get_response().model_version
        for v in ("", "1", "stable")
    ]

    assert used == ["2", "1", "1"]
    assert refused(client.infer, "matrix", inputs, model_version="9")[0] == "NOT_FOUND"
    assert (
        refused(client.infer, "matrix", inputs, model_version="99999999999999999999")[0]
        == "NOT_FOUND"
    )
    assert refused(client.infer, "nobody", inputs)[0] == "NOT_FOUND"
    code, said = refused(client.infer, "matrix", inputs, model_version="3")
    assert code == "UNAVAILABLE"
    assert "golden row 1 differs" in said


ZEROS = ("x", "FP32", [1, 4], "fp32_contents", [0.0] * 4)
WORD = ("word", "BYTES", [1, 1], "bytes_contents", [b"a"])


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ([], "absent: 'x', 'word'"),
        ([ZEROS], "absent: 'word'"),
        ([ZEROS, WORD, ("q", *ZEROS[1:])], "unknown: 'q'"),
        ([ZEROS, ZEROS], "input 'x' is given twice"),
        (
            [("x", "FP32", [1, 4], "fp32_contents", [0.0] * 3), WORD],
            "which is 4 values; received 3",
        ),
        (
            [("x", "FP32", [1, 3], "fp32_contents", [0.0] * 3), WORD],
            "needs shape (None, 4); received (1, 3)",
        ),
        ([("x", "FP32", [-1, 4], "fp32_contents", [0.0] * 4), WORD], "has shape [-1, 4]"),
        (
            [("x", "FP32", [1, 4], "fp64_contents", [0.0] * 4), WORD],
            "go to fp32_contents; received fp64_contents",
        ),
        (
            [("x", "FP16", [1, 4], "fp32_contents", [0.0] * 4), WORD],
            "travels in raw_input_contents only",
        ),
        (
            [("x", "INT8", [1, 4], "int_contents", [0, 1, 2, 300]), WORD],
            "is INT8, and holds values beyond it",
        ),
        (
            [("x", "FLOAT", [1, 4], "fp32_contents", [0.0] * 4), WORD],
            "data type of input 'x' must be one of BOOL",
        ),
        (
            [("x", "BYTES", [1, 4], "bytes_contents", [b"a"] * 4), WORD],
            "takes float32, received text",
        ),
        ([ZEROS, ("word", "BYTES", [1, 1], "bytes_contents", [b"\xff"])], "text is needed"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_what_is_wrong_with_a_request_is_said_and_is_never_a_fault_of_the_server(
    client, inputs, said
):
    code, got = refused_raw(client, contents_request("plain", *inputs))

    assert code == "INVALID_ARGUMENT"
    assert said in got


def test_raw_contents_must_be_whole_and_stand_alone(client):
    request = contents_request("plain", ZEROS, WORD)
    request.raw_input_contents.append(b"\0" * 16)
    assert "1 tensors for 2 inputs" in refused_raw(client, request)[1]
    request.raw_input_contents.append(b"\1\0\0\0a")
    assert "has contents beside raw_input_contents" in refused_raw(client, request)[1]
    for tensor in request.inputs:
        tensor.ClearField("contents")
    assert ask(client, request).outputs[0].name == "two"
    for raw, said in ((b"\2\0\0\0a", "cut at byte 0 of 5"), (b"\1\0", "cut at byte 0 of 2")):
        request.raw_input_contents[1] = raw
        assert said in refused_raw(client, request)[1]
    request.raw_input_contents[0] = b"\0" * 15
    assert "not whole FP32 values; received 15 bytes" in refused_raw(client, request)[1]


def test_bad_cells_are_named_by_row_and_column(client):
    inputs = [one for one in columns() if one.name() != "size"]

    code, said = refused(
        client.infer, "mixed", [*inputs, given("size", np.array([1, np.nan, 2], "float32"))]
    )

    assert code == "INVALID_ARGUMENT"
    assert "row 2, column 'size': no value" in said


def test_the_index_lists_every_version_with_its_state(client):
    listed = [
        (item.name, item.version, item.state, item.reason)
        for item in client.get_model_repository_index().models
    ]

    assert listed == [
        ("matrix", "3", "UNAVAILABLE", "golden row 1 differs"),
        ("matrix", "2", "READY", ""),
        ("matrix", "1", "READY", ""),
        ("mixed", "7", "READY", ""),
        ("plain", "1", "READY", ""),
    ]


def test_loading_and_unloading_is_refused_unless_it_was_asked_for(client):
    for call in (client.load_model, client.unload_model):
        code, said = refused(call, "matrix")
        assert code == "PERMISSION_DENIED"
        assert "--admin" in said


def test_loading_and_unloading_calls_what_was_joined_in(engine):
    called = []

    def unload(name):
        if name == "nobody":
            raise NotServedError("no model 'nobody' is served here")
        called.append(("unload", name))

    context = Context(engine, load=lambda name: called.append(("load", name)), unload=unload)
    with running(context) as server, triton.InferenceServerClient(server.address) as client:
        client.unload_model("matrix")
        client.load_model("matrix")
        assert refused(client.unload_model, "nobody")[0] == "NOT_FOUND"

    assert called == [("unload", "matrix"), ("load", "matrix")]


def test_calls_that_are_not_offered_are_unimplemented(client):
    assert refused(client.get_system_shared_memory_status)[0] == "UNIMPLEMENTED"
