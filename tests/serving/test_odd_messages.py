"""Messages of gRPC that are well-formed and odd: no reply is a fault of the server, none hangs."""

from __future__ import annotations

import grpc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keramos.serving.core.routes import Context
from keramos.serving.protocols.oip import messages as oip
from keramos.serving.protocols.tensorflow import messages as tensorflow
from keramos.serving.protocols.tensorflow.tensors import KINDS as TENSORS
from support.grpc_servers import registry_of_all, running
from support.served_models import matrix_model

DRAWN = settings(max_examples=120, suppress_health_check=list(HealthCheck))
REFUSALS = {"INVALID_ARGUMENT", "NOT_FOUND", "FAILED_PRECONDITION", "UNIMPLEMENTED", "UNAVAILABLE"}
PREDICTION, MODELS = "tensorflow.serving.PredictionService", "tensorflow.serving.ModelService"
INFERENCE = "inference.GRPCInferenceService"

T, V = tensorflow.M, oip.M
MODEL = st.sampled_from(["matrix", "mixed", "plain"])
ODD_NAME = st.sampled_from(["", "nobody", "matrix\0", "a" * 5000, "../x", "é\u202e\n"])
NAMES = st.integers(0, 5).flatmap(lambda at: MODEL if at else ODD_NAME)
INPUT = st.sampled_from(
    ["size", "rooms", "place", "floor", "lift", "built", "x", "word", "features", "a", "b", ""]
)
VERSIONS = st.sampled_from([-1, 0, 1, 2, 7, 2**63 - 1, -(2**63)])
SIZES = st.sampled_from([0, 1, 2, 3, 4, -1, -(2**63), 2**31, 2**63 - 1])
SHAPES = st.lists(SIZES, max_size=4) | st.sampled_from([[1], [1, 4], [3, 4], [1] * 40, [2**32] * 2])
FLOATS = st.sampled_from([0.0, 1.5, -0.0, 1e38, float("nan"), float("inf")])
TEXTS = st.sampled_from([b"", b"a", b"\xff", b"1.5", b"2024-02-30", b"x" * 2000])
WHOLE = [-1, 0, 1, 127, 300, 65536, 2**31 - 1, -(2**31)]
LONG = [*WHOLE, 2**63 - 1, -(2**63)]
COUNT = [0, 1, 255, 256, 65536, 2**32 - 1]
VALUES = {
    "float_val": FLOATS,
    "double_val": FLOATS,
    "int_val": st.sampled_from(WHOLE),
    "string_val": TEXTS,
    "int64_val": st.sampled_from(LONG),
    "bool_val": st.booleans(),
    "half_val": st.sampled_from(WHOLE),
    "uint32_val": st.sampled_from(COUNT),
    "uint64_val": st.sampled_from([*COUNT, 2**64 - 1]),
}
CONTENTS = {
    "bool_contents": st.booleans(),
    "int_contents": st.sampled_from(WHOLE),
    "int64_contents": st.sampled_from(LONG),
    "uint_contents": st.sampled_from(COUNT),
    "uint64_contents": st.sampled_from([*COUNT, 2**64 - 1]),
    "fp32_contents": FLOATS,
    "fp64_contents": FLOATS,
    "bytes_contents": TEXTS,
}
PARAMETER = st.fixed_dictionaries(
    {},
    optional={
        "bool_param": st.booleans(),
        "int64_param": st.sampled_from(LONG),
        "string_param": st.sampled_from(["", "1", "é"]),
        "double_param": FLOATS,
        "uint64_param": st.sampled_from([0, 2**64 - 1]),
    },
).map(lambda fields: V["InferParameter"](**fields))
PARAMETERS = st.dictionaries(
    st.sampled_from(["classification", "binary_data_size", "shared_memory_region", "priority"]),
    PARAMETER,
    max_size=2,
)
RAW = st.binary(max_size=20) | st.sampled_from([bytes(16), bytes(4), b"\1\0\0\0a", b"\xff" * 8])


def mostly(usual, odd):
    """The usual value in three of four cases."""
    return st.integers(0, 3).flatmap(lambda at: odd if at == 0 else st.just(usual))


def some(fields):
    """A few of the fields of values, each with a few values; mostly one field."""
    one = st.sampled_from(sorted(fields)).flatmap(
        lambda name: st.tuples(st.just(name), few(fields[name]))
    )
    return st.lists(one, max_size=2).map(dict)


def few(values):
    return st.lists(values, max_size=5)


@st.composite
def tensors(draw):
    """A TensorProto of any type, shape and values, which need not fit together."""
    dims = [T["Dim"](size=size) for size in draw(SHAPES)]
    shape = T["TensorShapeProto"](dim=dims, unknown_rank=draw(st.integers(0, 9)) == 0)
    if draw(st.booleans()):
        kind = draw(st.sampled_from(sorted(TENSORS.values())))
        values = {kind.values: draw(few(VALUES[kind.values]))}
        return T["TensorProto"](dtype=kind.number, tensor_shape=shape, **values)
    number = draw(st.sampled_from([*range(24), 101, 119, -1, 2**31 - 1]))
    content = draw(st.just(b"") | RAW)
    return T["TensorProto"](
        dtype=number, tensor_shape=shape, tensor_content=content, **draw(some(VALUES))
    )


SPECS = st.builds(
    lambda name, version, label, signature: T["ModelSpec"](
        name=name,
        version=None if version is None else T["Int64Value"](value=version),
        version_label=label,
        signature_name=signature,
    ),
    NAMES,
    mostly(None, VERSIONS),
    mostly("", st.sampled_from(["stable", "é", "x" * 3000])),
    mostly("", st.sampled_from(["serving_default", "other", "\n"])),
)
FEATURES = st.builds(
    lambda texts, floats, whole: T["Feature"](
        bytes_list=None if texts is None else T["BytesList"](value=texts),
        float_list=None if floats is None else T["FloatList"](value=floats),
        int64_list=None if whole is None else T["Int64List"](value=whole),
    ),
    st.none() | few(TEXTS),
    st.none() | few(FLOATS),
    st.none() | few(st.sampled_from(LONG)),
)
EXAMPLES = st.dictionaries(INPUT, FEATURES, max_size=4).map(
    lambda cells: T["Example"](features=T["Features"](feature=cells))
)
INPUTS = st.one_of(
    st.just(T["Input"]()),
    few(EXAMPLES).map(lambda found: T["Input"](example_list=T["ExampleList"](examples=found))),
    st.tuples(few(EXAMPLES), EXAMPLES).map(
        lambda found: T["Input"](
            example_list_with_context=T["ExampleListWithContext"](
                examples=found[0], context=found[1]
            )
        )
    ),
)
TASKS = st.builds(
    lambda spec, method: T["InferenceTask"](model_spec=spec, method_name=method),
    SPECS,
    st.sampled_from(["tensorflow/serving/classify", "tensorflow/serving/regress", "", "x/predict"]),
)
PREDICT = st.builds(
    lambda spec, inputs, names: T["PredictRequest"](
        model_spec=spec, inputs=inputs, output_filter=names
    ),
    SPECS,
    st.dictionaries(INPUT, tensors(), max_size=4),
    mostly([], few(st.sampled_from(["one", "two", "", "é"]))),
)


@st.composite
def infer_inputs(draw):
    contents = draw(st.none() | some(CONTENTS))
    return V["InferInputTensor"](
        name=draw(INPUT),
        datatype=draw(
            st.sampled_from(["FP32", "FP64", "FP16", "BF16", "INT8", "UINT8", "INT32", "INT64"])
            | st.sampled_from(["UINT64", "BOOL", "BYTES", "", "fp32", "é" * 3000])
        ),
        shape=draw(SHAPES),
        parameters=draw(PARAMETERS),
        contents=None if contents is None else V["InferTensorContents"](**contents),
    )


INFER = st.builds(
    lambda name, version, inputs, raw, outputs, parameters: V["ModelInferRequest"](
        model_name=name,
        model_version=version,
        inputs=inputs,
        raw_input_contents=raw,
        outputs=outputs,
        parameters=parameters,
    ),
    NAMES,
    mostly(
        "", st.sampled_from(["1", "7", "-1", str(2**63), "9" * 5000, "stable", "1.0", "\u0661"])
    ),
    st.lists(infer_inputs(), max_size=3),
    st.just([]) | st.lists(RAW, max_size=3),
    st.lists(
        st.builds(
            lambda name, found: V["InferRequestedOutputTensor"](name=name, parameters=found),
            st.sampled_from(["one", "two", ""]),
            PARAMETERS,
        ),
        max_size=2,
    ),
    PARAMETERS,
)


def named(kind):
    return st.builds(
        lambda name, version: V[kind](name=name, version=version),
        NAMES,
        st.sampled_from(["", "1", "-1", "9" * 5000, "stable", "\0"]),
    )


def asked(kind):
    return st.tuples(SPECS, INPUTS).map(lambda found: T[kind](model_spec=found[0], input=found[1]))


CALLS = {
    "Predict": (PREDICTION, PREDICT),
    "Classify": (PREDICTION, asked("ClassificationRequest")),
    "Regress": (PREDICTION, asked("RegressionRequest")),
    "MultiInference": (
        PREDICTION,
        st.tuples(few(TASKS), INPUTS).map(
            lambda found: T["MultiInferenceRequest"](tasks=found[0], input=found[1])
        ),
    ),
    "GetModelMetadata": (
        PREDICTION,
        st.tuples(SPECS, few(st.sampled_from(["signature_def", "", "é"]))).map(
            lambda found: T["GetModelMetadataRequest"](model_spec=found[0], metadata_field=found[1])
        ),
    ),
    "GetModelStatus": (MODELS, SPECS.map(lambda spec: T["GetModelStatusRequest"](model_spec=spec))),
    "ModelInfer": (INFERENCE, INFER),
    "ModelReady": (INFERENCE, named("ModelReadyRequest")),
    "ModelMetadata": (INFERENCE, named("ModelMetadataRequest")),
    "ModelConfig": (INFERENCE, named("ModelConfigRequest")),
    "RepositoryIndex": (
        INFERENCE,
        NAMES.map(lambda name: V["RepositoryIndexRequest"](repository_name=name, ready=True)),
    ),
}


@pytest.fixture(scope="module")
def channel():
    with (
        running(Context(registry_of_all(), max_rows=1000)) as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        yield channel


def answered(channel, service, method, request):
    """The name of the status, and the bytes of the reply or what the refusal says."""
    call = channel.unary_unary(f"/{service}/{method}")
    try:
        return "OK", call(request.SerializeToString(), timeout=8)
    except grpc.RpcError as error:
        return error.code().name, error.details()


@pytest.mark.parametrize("method", CALLS)
def test_an_odd_message_is_answered_or_refused_by_name(channel, method):
    service, requests = CALLS[method]

    @DRAWN
    @given(requests)
    def check(request):
        code, said = answered(channel, service, method, request)
        assert code == "OK" or (code in REFUSALS and said), (code, said)

    check()


def tensor(number, shape, **values):
    dims = [T["Dim"](size=size) for size in shape]
    return T["TensorProto"](dtype=number, tensor_shape=T["TensorShapeProto"](dim=dims), **values)


CONTRADICTIONS = {
    "an int8 of 300": tensor(6, [1, 4], int_val=[300, 0, 0, 0]),
    "a uint8 of 300": tensor(4, [1, 4], int_val=[300, 0, 0, 0]),
    "a uint8 of -1": tensor(4, [1, 4], int_val=[-1, 0, 0, 0]),
    "an int16 of 70000": tensor(5, [1, 4], int_val=[70000] * 4),
    "a uint16 of 70000": tensor(17, [1, 4], int_val=[70000] * 4),
    "the bits of a half beyond 16": tensor(19, [1, 4], half_val=[70000] * 4),
    "negative bits of a half": tensor(19, [1, 4], half_val=[-1] * 4),
    "two fields of values": tensor(1, [1, 4], float_val=[1.0] * 4, int_val=[2] * 4),
    "content beside values": tensor(1, [1, 4], float_val=[1.0] * 4, tensor_content=bytes(16)),
    "values of another type": tensor(1, [1, 4], double_val=[1.0] * 4),
    "half a value": tensor(1, [1, 4], tensor_content=bytes(15)),
    "more content than the shape": tensor(1, [1, 4], tensor_content=bytes(32)),
    "negative sizes whose product fits": tensor(1, [-1, -4], float_val=[1.0] * 4),
    "sizes whose product wraps": tensor(1, [2**32, 2**32], float_val=[1.0]),
    "text": tensor(7, [1, 4], string_val=[b"1"] * 4),
}


@pytest.mark.parametrize("case", CONTRADICTIONS)
def test_a_tensor_that_contradicts_itself_or_the_input_is_refused(channel, case):
    name = matrix_model().inputs[0].name
    request = T["PredictRequest"](
        model_spec=T["ModelSpec"](name="matrix"), inputs={name: CONTRADICTIONS[case]}
    )
    code, said = answered(channel, PREDICTION, "Predict", request)

    assert code == "INVALID_ARGUMENT", said
    assert f"'{name}'" in said


def test_one_message_asks_for_each_inference_once(channel):
    task = T["InferenceTask"](
        model_spec=T["ModelSpec"](name="matrix"), method_name="tensorflow/serving/classify"
    )
    cells = {name: T["Feature"](float_list=T["FloatList"](value=[1.0])) for name in "abcd"}
    example = T["Example"](features=T["Features"](feature=cells))
    given = T["Input"](example_list=T["ExampleList"](examples=[example]))

    def ask(tasks):
        request = T["MultiInferenceRequest"](tasks=[task] * tasks, input=given)
        return answered(channel, PREDICTION, "MultiInference", request)

    assert ask(1)[0] == "OK"
    assert ask(2) == (
        "INVALID_ARGUMENT",
        "Duplicate evaluation of signature: serving_default",
    )
