"""Numbers and structures of clients that no program expects: every route of every protocol refuses
or answers them, and nothing is logged as a fault.
"""

import json
import logging

import grpc
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from keramos.serving.assemble import PROTOCOLS, ROUTES, grpc_services
from keramos.serving.core.auth import Access
from keramos.serving.core.routes import Context
from keramos.serving.http.app import App
from keramos.serving.http.pages import LazyPages
from keramos.serving.protocols.oip.messages import M as OIP
from keramos.serving.protocols.tensorflow.messages import M as TF
from support.grpc_servers import registry_of_all, running
from support.protocol_suites import ask
from support.served_models import mixed_rows

DRAWN = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
LENGTHS = (19, 20, 309, 310, 4300, 4301, 5000)
INTEGERS = [sign + "9" * length for length in LENGTHS for sign in ("", "-")]
FEW = [integer for integer in INTEGERS if integer.count("9") in {19, 20, 4301}]
ROW = {name: cells[0] for name, cells in mixed_rows().items()}
NUMBERS = st.sampled_from([*INTEGERS, "1e309", "-1e999", "NaN", "Infinity", "0.1", "7", "1e-400"])
ATOMS = NUMBERS | st.sampled_from(
    ["null", "true", '""', '"north"', '{"b64":"bm9ydGg="}', '{"b64":5}', "[]", "{}", "[[]]", "[5]"]
)
NAMES = st.sampled_from([*ROW, "features", "x", "word", "nobody", ""])
CELLS = st.dictionaries(NAMES, ATOMS, max_size=7)


def written(pairs):
    return "{" + ",".join(f"{json.dumps(key)}:{value}" for key, value in pairs.items()) + "}"


def listed(items):
    return f"[{','.join(items)}]"


def lists(inner, most=4):
    return st.lists(inner, max_size=most).map(listed)


ANY = st.recursive(
    ATOMS,
    lambda inner: lists(inner) | st.dictionaries(NAMES, inner, max_size=4).map(written),
    max_leaves=8,
)
FULL = st.fixed_dictionaries(dict.fromkeys(ROW, ATOMS)).map(written)
ROWS = lists(FULL | CELLS.map(written) | lists(ATOMS, 6) | ANY)
SPLIT = st.fixed_dictionaries(
    {"columns": ANY | st.just(json.dumps(list(ROW))), "data": ANY | lists(lists(ATOMS, 6))},
    optional={"index": ANY},
).map(written)
TENSOR = st.fixed_dictionaries(
    {
        "name": NAMES.map(json.dumps) | ATOMS,
        "shape": lists(NUMBERS | st.sampled_from(["0", "1", "3", "2147483647"]), 40) | ANY,
        "datatype": st.sampled_from(['"FP32"', '"INT64"', '"BYTES"', '"BOOL"', '"FP16"', "5"]),
    },
    optional={"data": ANY | lists(ATOMS), "parameters": ANY},
).map(written)
BODIES = st.one_of(
    ANY,
    ROWS,
    st.sampled_from(["rows", "instances", "examples", "dataframe_records", "inputs"]).flatmap(
        lambda key: (ROWS | ANY).map(lambda rows: written({key: rows}))
    ),
    SPLIT.map(lambda split: written({"dataframe_split": split})),
    st.dictionaries(NAMES, lists(ATOMS) | ANY, max_size=6).map(
        lambda columns: written({"inputs": written(columns)})
    ),
    st.tuples(lists(TENSOR), ANY).map(
        lambda pair: written({"inputs": pair[0], "outputs": pair[1]})
    ),
    lists(TENSOR).map(lambda tensors: written({"inputs": tensors})),
    st.tuples(ROWS, ANY).map(lambda pair: written({"examples": pair[0], "context": pair[1]})),
)
MODELS = ("mixed", "matrix", "plain", "nobody", "9" * 5000)
POSTS = [route for route in ROUTES if route.method == "POST"]
GETS = [route for route in ROUTES if route.method == "GET"]
VERSIONS = (*FEW, "0", "1", "7", "-1", "+1", "1.0", "%C2%B2", "%D9%A1", "")
OTHERS = [pytest.param(one, marks=pytest.mark.slow) for one in INTEGERS if one not in FEW]


@pytest.fixture(scope="module", name="registry")
def shared_registry():
    return registry_of_all()


@pytest.fixture(name="app")
def app_of_all(registry, caplog):
    caplog.set_level(logging.ERROR, "keramos.serving")
    pages = LazyPages(registry, lambda *_: None, tuple)
    yield App(Context(registry, max_rows=1000), ROUTES, Access(), pages)
    assert not caplog.records, caplog.text


def paths(route, name, version):
    """The paths of a route for one model and one version."""
    for path in route.paths():
        filled = path.replace("{name}", name).replace("{version}", version)
        yield filled.replace("{label}", version)


@pytest.mark.parametrize("route", POSTS, ids=lambda route: route.path)
def test_every_route_answers_or_refuses_odd_bodies(app, route):
    @DRAWN
    @example(written({"dataframe_split": written({"columns": "5", "data": "[[1]]"})}), "mixed")
    @example(written({"instances": listed([written(dict.fromkeys(ROW, "9" * 310))])}), "mixed")
    @example(written({"instances": listed([written(dict.fromkeys(ROW, "9" * 5000))])}), "mixed")
    @given(BODIES, st.sampled_from(MODELS[:3]))
    def check(body, name):
        data = body.encode()
        for path in paths(route, name, "7"):
            for query in ("", "?partial=true", f"?partial={'9' * 5000}"):
                reply = ask(app, "POST", path + query, data)
                assert reply.status < 500, reply.body
            sized = ask(app, "POST", path, data, {"inference-header-content-length": "9" * 5000})
            assert sized.status < 500, sized.body

    check()


@pytest.mark.parametrize(
    "version", [*VERSIONS, *OTHERS], ids=lambda version: version[:5] + str(len(version))
)
def test_every_path_answers_or_refuses_versions_of_any_length(app, version):
    for route in ROUTES:
        for name in MODELS:
            for path in paths(route, name, version):
                body = json.dumps({"instances": [ROW]}).encode() if route.method == "POST" else b""
                assert ask(app, route.method, path, body).status < 500 or "ready" in path, path


@pytest.mark.parametrize("view", ["", "/check", "/explain", "/drift"])
@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version[:5] + str(len(version)))
def test_every_page_answers_or_refuses_versions_of_any_length(registry, view, version):
    pages = LazyPages(registry, lambda *_: None, tuple)
    for name in ("matrix", "mixed", "plain"):
        page = pages(f"/models/{name}{view}", f"version={version}")
        known = version in {"", "1", "7"}
        assert page.status in ({200, 404, 503} if known else {400, 404, 503}), page.body


@pytest.fixture(scope="module", name="channel")
def open_channel(registry):
    with (
        running(Context(registry, max_rows=1000)) as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        yield channel


def code_of(channel, method, message):
    try:
        channel.unary_unary(method)(message, timeout=20)
    except grpc.RpcError as error:
        return error.code().name
    return "OK"


SIZES = st.lists(
    st.sampled_from([0, 1, 3, 2**31, 2**40, 2**62, 2**63 - 1, -1, -(2**63)]), max_size=40
)
SHAPED = ("Predict", "ModelInfer")


@DRAWN
@given(
    SIZES, st.sampled_from(["size", "features", "x", "word"]), st.integers(0, 30), st.integers(0, 4)
)
@example([2**40] * 5000, "features", 1, 1)
@example([0, 2**62, 2**62], "features", 1, 0)
def test_shapes_of_any_size_are_refused_or_answered_over_grpc(channel, sizes, name, kind, count):
    dims = [TF["Dim"](size=size) for size in sizes]
    tensor = TF["TensorProto"](
        dtype=kind, tensor_shape=TF["TensorShapeProto"](dim=dims), float_val=[1.0] * count
    )
    asked = TF["PredictRequest"](
        model_spec=TF["ModelSpec"](name="matrix"), inputs={name: tensor}
    ).SerializeToString()
    contents = OIP["InferTensorContents"](fp32_contents=[1.0] * count)
    given_tensor = OIP["InferInputTensor"](
        name=name, datatype="FP32", shape=sizes, contents=contents
    )
    inferred = OIP["ModelInferRequest"](
        model_name="matrix", inputs=[given_tensor]
    ).SerializeToString()
    predict = code_of(channel, "/tensorflow.serving.PredictionService/Predict", asked)
    infer = code_of(channel, "/inference.GRPCInferenceService/ModelInfer", inferred)
    assert {predict, infer} <= {"OK", "INVALID_ARGUMENT"}


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version[:5] + str(len(version)))
def test_versions_of_any_length_are_refused_or_answered_over_grpc(channel, version):
    for rpc, field in (
        ("ModelReady", "ModelReadyRequest"),
        ("ModelMetadata", "ModelMetadataRequest"),
        ("ModelConfig", "ModelConfigRequest"),
    ):
        message = OIP[field](name="matrix", version=version).SerializeToString()
        code = code_of(channel, f"/inference.GRPCInferenceService/{rpc}", message)
        assert code in {"OK", "NOT_FOUND"}, code
    message = OIP["ModelInferRequest"](model_name="matrix", model_version=version)
    code = code_of(
        channel, "/inference.GRPCInferenceService/ModelInfer", message.SerializeToString()
    )
    assert code in {"INVALID_ARGUMENT", "NOT_FOUND"}, code


def test_the_suite_reaches_every_route_and_method():
    assert {route.path for protocol in PROTOCOLS for route in protocol} <= {
        route.path for route in (*POSTS, *GETS)
    }
    assert {rpc.name for service in grpc_services() for rpc in service.rpcs} >= set(SHAPED)


SINGLE = [
    (name, number) for name in ROW for number in (*INTEGERS, "1e309", "-1e999", "NaN", "1e-400")
]


@pytest.mark.parametrize("query", ["", "?partial=true"])
@pytest.mark.parametrize(("name", "number"), SINGLE, ids=lambda part: part[:6] + str(len(part)))
def test_one_cell_of_any_number_is_answered_or_refused(app, name, number, query):
    row = written({key: json.dumps(cell) for key, cell in ROW.items()} | {name: number})
    for path, body in (
        ("/models/mixed/decide", listed([row])),
        ("/models/mixed/trace", row),
        ("/v1/models/mixed:predict", written({"instances": listed([row])})),
        ("/v1/models/mixed:regress", written({"examples": listed([row])})),
        ("/models/mixed/invocations", written({"dataframe_records": listed([row])})),
    ):
        assert ask(app, "POST", path + query, body.encode()).status in {200, 400}
