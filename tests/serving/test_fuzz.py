"""Requests that nobody should send: no reply is a 5xx, nothing crashes, and the next request is
answered.
"""

import gzip
import json
import re
import socket
from contextlib import suppress

import grpc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keramos.serving.assemble import grpc_services
from support.free_port import free_port
from support.served_models import folder, matrix_model, mixed_model, mixed_rows, plain_model
from support.servers import serving

HOST = "127.0.0.1"
FUZZ = settings(
    max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
ROWS = [
    dict(zip(mixed_rows(), cells, strict=True))
    for cells in zip(*mixed_rows().values(), strict=True)
]
POSTS = [
    "/v1/models/mixed:predict", "/v1/models/mixed:regress", "/v1/models/mixed:classify",
    "/models/mixed/decide",
    "/models/mixed/decide?partial=true", "/models/mixed/trace", "/v2/models/mixed/infer",
    "/models/mixed/invocations",
    "/v1/models/matrix:predict", "/v2/models/matrix/infer", "/models/matrix/decide",
    "/v1/models/plain:predict",
    "/v2/models/plain/infer", "/models/plain/invocations", "/v2/repository/index",
    "/v2/repository/models/mixed/load",
]  # fmt: skip
NASTY = [
    b"\r\n", b"\n", b"\0", b"\xff", b" ", b":", b"Content-Length: -1\r\n",
    b"Content-Length: 99999999999999999999\r\n",
    b"Content-Length: 5\r\n", b"Content-Length: 1_0\r\n", b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: x\r\n",
    b"Expect: 100-continue\r\n", b"Upgrade: websocket\r\nConnection: upgrade\r\n",
    b"Content-Encoding: gzip\r\n",
    b"Content-Encoding: br\r\n", b"HTTP/2.0", b"HTTP/1.0", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"%00", b"%zz", b"%ff",
    b"Inference-Header-Content-Length: 7\r\n", b"Inference-Header-Content-Length: 0\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"X: " + b"a" * 5000 + b"\r\n", b"Origin: http://a\r\n",
    b"CONNECT a:1 HTTP/1.1\r\n\r\n", b"Connection: close\r\n",
    b"/versions/99999999999999999999", b"/labels/a", b"?partial=maybe", b"#", b"//",
]  # fmt: skip


@pytest.fixture(scope="module")
def server():
    for model in (matrix_model, mixed_model, plain_model):
        model()
    number = str(free_port())
    options = ("--request-timeout", "2", "--max-body", "200000")
    with serving(
        folder(), *options, grpc=("--grpc-port", number, "--oip-grpc-port", "none")
    ) as server:
        server.grpc = int(number)
        yield server
    faults = [line for line in server.lines if "Traceback" in line or "fault of keramos" in line]
    assert not faults, faults[0].replace("\\n", "\n")


@pytest.fixture(autouse=True)
def still_there(server):
    """After each test the server answers as before."""
    yield
    reply = server.post("/v1/models/mixed:predict", {"instances": ROWS})
    assert (reply.status_code, len(reply.json()["predictions"])) == (200, 3)


def talk(port, data):
    """What a server says until it closes; the client sends nothing more than these bytes."""
    received = b""
    with socket.create_connection((HOST, port), timeout=20) as client, suppress(ConnectionError):
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        while part := client.recv(65536):
            received += part
    return received


def no_5xx(received):
    assert not re.search(rb"HTTP/1\.\d 5", received), received


def request(body, path="/v1/models/mixed:predict"):
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: "
        f"application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def mutated(data):
    """Bytes with a few changes: parts cut out, doubled, replaced by nasty ones."""
    place = st.integers(0, len(data))
    change = st.tuples(
        place, st.integers(0, 30), st.sampled_from(NASTY) | st.binary(max_size=8) | st.none()
    )

    def made(changes):
        found = data
        for at, size, more in changes:
            part = found[at : at + size] * 2 if more is None else more
            found = found[:at] + part + found[at + (size if more is None or size % 3 == 0 else 0) :]
        return found

    return st.lists(change, min_size=1, max_size=4).map(made)


@FUZZ
@given(
    st.sampled_from(POSTS).flatmap(
        lambda path: mutated(request(json.dumps({"instances": ROWS}).encode(), path))
    )
)
def test_mutated_requests_are_answered_or_refused(server, data):
    no_5xx(talk(server.port, data))


def test_what_came_before_garbage_is_answered_first(server):
    body = json.dumps({"instances": ROWS}).encode()
    for path in ("/v1/models/matrix:predict", "/v1/models/mixed:predict", "/models/mixed/trace"):
        received = talk(server.port, request(body, path) + b"\0\0\0\r\n\r\n")
        assert re.findall(rb"HTTP/1.1 (\d+)", received) == [
            b"200" if "mixed:" in path else b"400"
        ], received
        assert json.loads(received.partition(b"\r\n\r\n")[2])


SIZES = st.sampled_from(
    [
        b"0",
        b"1",
        b"5",
        b"-1",
        b"ffffffffffffffffff",
        b"7fffffffffffffff",
        b"",
        b"x",
        b"0x5",
        b"5;a=b",
    ]
)


@FUZZ
@given(
    st.lists(
        st.tuples(SIZES, st.binary(max_size=6), st.sampled_from([b"\r\n", b"\n", b""])), max_size=6
    )
)
def test_chunks_whose_sizes_lie_are_answered_or_refused(server, chunks):
    head = (
        b"POST /v1/models/mixed:predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    no_5xx(
        talk(server.port, head + b"".join(size + end + part + end for size, part, end in chunks))
    )


NUMBERS = st.sampled_from(
    ["1e999", "-1e999", "NaN", "-Infinity", "-0", "1E5", "9" * 400, "0.1", "1" * 25, "5e-324"]
)
TEXTS = st.sampled_from(
    [
        '"\\ud800"',
        '"\\u0000"',
        '""',
        '"NA"',
        '"1e999"',
        '"1_0"',
        '"\u0661"',
        '"2024-02-30"',
        '"b64"',
    ]
)
ATOMS = (
    NUMBERS
    | TEXTS
    | st.sampled_from(["null", "true", "false", '{"b64": "!"}', '{"b64": "/w=="}', "[]", "{}"])
)
KEYS = st.sampled_from(
    ["size", "rooms", "place", "floor", "lift", "built", "instances", "inputs", "rows",
    "examples", "context", "x",
     "word",
     "signature_name", "dataframe_split", "dataframe_records", "columns", "data", "index", "name",
     "shape", "datatype",
     "parameters", "outputs", "id", "binary_data_size", "b64", "ready"]
)  # fmt: skip


def containers(inner):
    pairs = st.lists(st.tuples(KEYS, inner), max_size=5)  # a key may come twice
    return st.lists(inner, max_size=4).map(lambda items: f"[{','.join(items)}]") | pairs.map(
        lambda found: "{" + ",".join(f'"{key}":{value}' for key, value in found) + "}"
    )


VALUES = st.recursive(ATOMS, containers, max_leaves=12)
ROW = st.fixed_dictionaries(dict.fromkeys(ROWS[0], ATOMS)).map(
    lambda row: "{" + ",".join(f'"{name}":{cell}' for name, cell in row.items()) + "}"
)
BODIES = st.one_of(
    VALUES,
    st.lists(ROW | VALUES, min_size=1, max_size=4).flatmap(
        lambda rows: st.sampled_from(
            ["instances", "rows", "examples", "dataframe_records", "inputs"]
        ).map(lambda key: f'{{"{key}":[{",".join(rows)}]}}')
    ),
    st.integers(1, 5000).map(lambda depth: '{"instances":' + "[" * depth + "]" * (depth // 2)),
    st.integers(1, 5000).map(lambda depth: '{"a":' * depth + "1" + "}" * depth),
)


@FUZZ
@given(st.sampled_from(POSTS), BODIES)
def test_json_that_is_wrong_in_every_way_is_a_4xx_or_answered(server, path, body):
    reply = server.post(
        path, body.encode(errors="surrogatepass"), headers={"Content-Type": "application/json"}
    )
    assert reply.status_code < 500, reply.text
    json.loads(reply.content or b"0")


SHAPES = st.lists(st.sampled_from([0, 1, 2, 3, -1, 2**31, 2**63, True, 1.0, None, "1"]), max_size=3)
SOME = st.sampled_from([0, 1, 4, 12, -1, 2**40, True, "4", None, 1.5])
TENSOR = st.fixed_dictionaries(
    {
        "name": st.sampled_from(
            ["size", "rooms", "place", "floor", "lift", "built", "features", "x", "word", 5]
        ),
        "shape": SHAPES,
        "datatype": st.sampled_from(["FP32", "FP16", "INT64", "BYTES", "BOOL", "BF16", 3]),
    },
    optional={
        "parameters": st.fixed_dictionaries({}, optional={"binary_data_size": SOME}) | st.just([]),
        "data": st.lists(st.sampled_from([1, "a", None, [2], 1e300, True]), max_size=3),
    },
)


@FUZZ
@given(
    st.sampled_from(["mixed", "matrix", "plain"]),
    st.fixed_dictionaries(
        {"inputs": st.lists(TENSOR, max_size=6)},
        optional={
            "id": st.sampled_from(["a", 5, None]),
            "parameters": st.just({"binary_data_output": True}) | st.just(3),
            "outputs": st.lists(
                st.fixed_dictionaries({"name": st.sampled_from(["one", "two", 5])}), max_size=2
            ),
        },
    ),
    st.binary(max_size=40),
    st.none() | st.integers(-2, 400) | st.sampled_from(["", "x", "0", "9" * 30, "1_0", "\u0661"]),
)
def test_tensors_whose_sizes_lie_are_answered_or_refused(server, name, body, tail, size):
    head = json.dumps(body).encode()
    said = len(head) if size is None else size
    headers = {"Inference-Header-Content-Length": str(said).encode()}
    reply = server.post(f"/v2/models/{name}/infer", head + tail, headers=headers)
    assert reply.status_code < 500, reply.text


@FUZZ
@given(
    mutated(gzip.compress(json.dumps({"instances": ROWS}).encode(), mtime=0)),
    st.sampled_from(["gzip", "x-gzip"]),
)
def test_damaged_gzip_is_answered_or_refused(server, data, coding):
    reply = server.post("/v1/models/mixed:predict", data, headers={"Content-Encoding": coding})
    assert reply.status_code in {200, 400, 413, 415}, reply.text


def test_a_bomb_of_gzip_is_refused_unseen(server):
    bomb = gzip.compress(bytes(50_000_000))
    assert (
        server.post("/models/mixed/decide", bomb, headers={"Content-Encoding": "gzip"}).status_code
        == 413
    )
    twice = server.post(
        "/models/mixed/decide", gzip.compress(bomb), headers={"Content-Encoding": "gzip"}
    )
    assert 400 <= twice.status_code < 500


METHODS = [f"/{service.name}/{rpc.name}" for service in grpc_services() for rpc in service.rpcs]
FAULTS = {
    "OK",
    "INVALID_ARGUMENT",
    "NOT_FOUND",
    "FAILED_PRECONDITION",
    "UNIMPLEMENTED",
    "PERMISSION_DENIED",
    "UNAVAILABLE",
}


@FUZZ
@given(
    st.sampled_from(METHODS),
    st.binary(max_size=60)
    | mutated(
        b"\n\x05mixed\x12\x011\x1a\x02id*\x19\n\x04size\x12\x04FP32\x1a\x01\x01:\x04\0\0\x80?"
    ),
)
def test_garbage_in_grpc_messages_is_refused_by_name(server, method, data):
    with grpc.insecure_channel(f"{HOST}:{server.grpc}") as channel:
        call = channel.unary_unary(method).with_call
        try:
            code = call(data, timeout=20)[1].code()
        except grpc.RpcError as error:
            code = error.code()
    assert code.name in FAULTS, code


@settings(FUZZ, max_examples=20)
@given(
    st.binary(max_size=200) | mutated(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\x04\0\0\0\0\0")
)
def test_garbage_at_the_port_of_grpc_leaves_other_clients_answered(server, data):
    talk(server.grpc, data)
    with grpc.insecure_channel(f"{HOST}:{server.grpc}") as channel:
        assert channel.unary_unary("/inference.GRPCInferenceService/ServerLive")(b"", timeout=20)


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("depth", [100, 1_000, 10_000, 30_000])
@pytest.mark.parametrize("key", ["instances", "inputs", "dataframe_records", "unknown"])
def test_nesting_of_any_depth_is_answered_or_refused(server, path, depth, key):
    body = b'{"%b": %b1%b}' % (key.encode(), b"[" * depth, b"]" * depth)
    assert server.post(path, body, headers={"Content-Type": "application/json"}).status_code < 500
