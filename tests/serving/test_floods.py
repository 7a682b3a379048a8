"""Floods: bodies that are small on the wire and large in memory, over every format and route.

Beside each, a probe asks ``/livez``: it is answered within a second (``waited`` says of which
clock), and the server stays within the memory that ``--max-memory-bytes`` allows.
"""

import gzip
import io
import json
import re
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
import requests

from keramos.serving.protocols.oip.messages import M as OIP
from keramos.serving.protocols.tensorflow.messages import M as TF
from support.free_port import free_port
from support.raw_http2 import UnfinishedCalls
from support.served_models import folder, matrix_model, mixed_model, mixed_rows, plain_model
from support.servers import serving

HOST = "127.0.0.1"
PROBE = Path(__file__).parents[1] / "support/livez_probe.py"
PROBE_SECONDS = 1.0
MEMORY = (1 << 30) * 3 // 2
"""What a server may take beside its size at rest: the default of ``--max-memory-bytes``, which
counts estimates, and half as much again for copies on the way and what the allocator keeps.
"""
ROW = {name: cells[0] for name, cells in mixed_rows().items()}
BAD = json.dumps(ROW | {"size": "many"}).encode()
GOOD = json.dumps(ROW).encode()


def times(item, count, head=b"[", tail=b"]", sep=b","):
    return head + sep.join([item] * count) + tail


def keyed(key, body):
    return b'{"%b":%b}' % (key, body)


def tensor(data, name=b"features", kind=b"FP32"):
    form = b'{"inputs":[{"name":"%b","datatype":"%b","shape":[1,4],"data":%b}]}'
    return form % (name, kind, data)


def names(count):
    return b",".join(b'"%d":1' % number for number in range(count))


def csv(line, count):
    return ",".join(ROW).encode() + b"\n" + line * count


JSON = {
    "lists": lambda key: keyed(key, times(b"[]", 15_000_000)),
    "objects": lambda key: keyed(key, times(b"{}", 1_000_000)),
    "bad rows": lambda key: keyed(key, times(BAD, 200_000)),
    "good rows": lambda key: keyed(key, times(GOOD, 50_000)),
    "numbers": lambda key: keyed(key, times(b"[%b]" % times(b"1", 30_000_000, b"", b""), 1)),
    "texts": lambda key: keyed(key, times(b'"ab"', 12_000_000)),
    "wide object": lambda key: keyed(key, b"[{%b}]" % names(3_000_000)),
    "deep": lambda key: keyed(key, times(b"[" * 40 + b"]" * 40, 400_000)),
    "one long text": lambda key: keyed(key, b'["%b"]' % (b"a" * 60_000_000)),
    "long number": lambda key: keyed(key, b"[[%b]]" % (b"9" * 60_000_000)),
    "unclosed": lambda key: b'{"%b":%b' % (key, b"[" * 60_000_000),
    "blanks": lambda key: keyed(key, b" " * 60_000_000 + b"[]"),
    "escapes": lambda key: keyed(key, b'["%b"]' % (b"\\\\" * 30_000_000)),
}  # fmt: skip
ROUTES = {
    "/models/mixed/decide": b"rows",
    "/models/mixed/decide?partial=true": b"rows",
    "/v1/models/mixed:predict": b"instances",
    "/v1/models/matrix:predict": b"inputs",
    "/v1/models/mixed:regress": b"examples",
    "/models/mixed/invocations": b"dataframe_records",
    "/v2/models/matrix/infer": b"inputs",
    "/models/mixed/trace": b"rows",
}
SLOW = pytest.mark.slow
DECIDE, PARTIAL, PREDICT, MATRIX = list(ROUTES)[:4]
CASES = [
    *(("lists", path) for path in (DECIDE, MATRIX)),
    ("objects", PREDICT),
    ("bad rows", PARTIAL),
    ("good rows", DECIDE),
    ("numbers", MATRIX),
    *(pytest.param("lists", path, marks=SLOW) for path in ROUTES if path not in {DECIDE, MATRIX}),
    pytest.param("texts", PREDICT, marks=SLOW),
    *(pytest.param("objects", path, marks=SLOW) for path in ROUTES if path != PREDICT),
    *(pytest.param("bad rows", path, marks=SLOW) for path in ROUTES if path != PARTIAL),
    *(
        pytest.param(name, MATRIX, marks=SLOW)
        for name in JSON
        if name not in {"lists", "objects", "bad rows", "good rows", "numbers"}
    ),
]
CSV = {
    "lines": lambda: b"a\n" * 30_000_000,
    "rows": lambda: csv(b"1,2,north,1,true,1971-03-11\n", 200_000),
    "bad rows": lambda: csv(b"many,2,north,1,true,1971-03-11\n", 1_000_000),
    "cells": lambda: csv(b",,,,,\n", 9_000_000),
    "open quote": lambda: csv(b'"\n', 1) + b"\n" * 60_000_000,
    "open header": lambda: b'"' + b"\n" * 60_000_000,
    "columns": lambda: b",".join(b"c%d" % n for n in range(5_000_000)) + b"\n1\n",
}


@pytest.fixture(scope="module")
def server():
    for model in (matrix_model, mixed_model, plain_model):
        model()
    number = str(free_port())
    with serving(folder(), grpc=("--grpc-port", number, "--oip-grpc-port", "none")) as server:
        server.grpc = int(number)
        server.rest = memory_of(server, "VmRSS")
        yield server
    faults = [line for line in server.lines if "Traceback" in line or "fault of keramos" in line]
    assert not faults, faults[0].replace("\\n", "\n")


def memory_of(server, field):
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.search(rf"{field}:\s+(\d+)", status)[1]) << 10


@contextmanager
def probed(server):
    """A probe in a process of its own beside what is done, and the memory of the server after
    it.
    """
    Path(f"/proc/{server.process.pid}/clear_refs").write_text("5")
    command = [sys.executable, PROBE, str(server.port), str(server.process.pid)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as probe:
        assert probe.stdout.readline() == "ready\n"
        yield
        probe.stdin.close()
        answers = json.loads(probe.stdout.read())
    used = memory_of(server, "VmHWM") - server.rest
    sys.stderr.write(f"longest wait {max(one['wall'] for one in answers):.2f} s, ")
    sys.stderr.write(f"memory {used >> 20} MiB\n")
    late = [one for one in answers if waited(one) >= PROBE_SECONDS]
    assert not late
    assert used < MEMORY


def waited(answer):
    """Seconds for which the server let a probe wait: those of the clock, or, where other processes
    took the machine meanwhile, the more of what the server's processors worked and of the time in
    which it had no need of one.
    """
    if answer["wall"] < PROBE_SECONDS:
        return answer["wall"]
    return max(answer["worked"], answer["wall"] - answer["queued"])


def flood(server, path, body, content_type="application/json"):
    headers = {"Content-Type": content_type, "Content-Encoding": "gzip"}
    packed = gzip.compress(body, 1)
    with probed(server):
        return requests.post(server.url(path), packed, headers=headers, timeout=120)


@pytest.mark.parametrize(("name", "path"), CASES)
def test_a_flood_of_json_is_answered_or_refused_beside_a_probe(server, name, path):
    reply = flood(server, path, JSON[name](ROUTES[path]))
    assert reply.status_code in ({200} if "good" in name else {200, 400, 413})
    if reply.status_code != 200:
        assert len(reply.content) < 64 << 10


@pytest.mark.parametrize(
    "name",
    [
        *("lines", "rows", "bad rows", "cells", "open quote"),
        *(pytest.param(name, marks=SLOW) for name in ("open header", "columns")),
    ],
)
def test_a_flood_of_csv_is_answered_or_refused_beside_a_probe(server, name):
    reply = flood(server, "/models/mixed/invocations", CSV[name](), "text/csv")
    assert reply.status_code in {200, 400, 413}, reply.text
    assert reply.status_code == 400 or name == "rows"


@pytest.mark.parametrize(
    "text",
    ["x" * 30_000_000, pytest.param("x" * 1_000, marks=SLOW), pytest.param("", marks=SLOW)],
    ids=len,
)
def test_a_flood_of_parquet_is_answered_or_refused_beside_a_probe(server, text):
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = 900_000
    columns = {name: [cell] * rows for name, cell in ROW.items() if name != "place"}
    place = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array([text]))
    written = io.BytesIO()
    pq.write_table(
        pa.table({**columns, "place": place}),
        written,
        compression="zstd",
        write_statistics=False,  # they take a second for each of many batches
        write_batch_size=rows,
    )
    with probed(server):
        reply = requests.post(
            server.url("/models/mixed/invocations"),
            written.getvalue(),
            headers={"Content-Type": "application/vnd.apache.parquet"},
            timeout=120,
        )
    assert reply.status_code in {200, 400}, reply.text[:1000]


def spec(name):
    return TF["ModelSpec"](name=name).SerializeToString()


def field(number, data):
    size, length = len(data), b""
    while size >= 0x80:
        length += bytes([size & 0x7F | 0x80])
        size >>= 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + data


SIZE = 60_000_000
EXAMPLES = b"\x0a\x00" * (SIZE // 2)
ONE_FOR_ALL = TF["TensorProto"](
    dtype=1,
    tensor_shape=TF["TensorShapeProto"](dim=[TF["Dim"](size=size) for size in (1 << 13, 1 << 12)]),
    float_val=[1.0],
)
MESSAGES = {
    "examples": (
        "tensorflow.serving.PredictionService/Regress",
        lambda: field(1, spec("mixed")) + field(2, field(1, EXAMPLES)),
    ),
    "dims": (
        "tensorflow.serving.PredictionService/Predict",
        lambda: field(1, spec("matrix")) + field(2, field(2, field(2, b"\x12\x00" * (SIZE // 2)))),
    ),
    "texts": (
        "tensorflow.serving.PredictionService/Predict",
        lambda: field(1, spec("matrix")) + field(2, field(2, b"\x42\x00" * (SIZE // 2))),
    ),
    "varints": (
        "tensorflow.serving.PredictionService/Predict",
        lambda: field(1, spec("matrix")) + field(2, field(2, field(7, b"\x01" * SIZE))),
    ),
    "one value for all": (
        "tensorflow.serving.PredictionService/Predict",
        lambda: TF["PredictRequest"](
            model_spec=TF["ModelSpec"](name="matrix"),
            inputs={f"input{number}": ONE_FOR_ALL for number in range(1000)},
        ).SerializeToString(),
    ),
    "inputs": (
        "inference.GRPCInferenceService/ModelInfer",
        lambda: (
            OIP["ModelInferRequest"](model_name="matrix").SerializeToString()
            + b"\x2a\x00" * (SIZE // 2)
        ),
    ),
    "raw texts": (
        "inference.GRPCInferenceService/ModelInfer",
        lambda: OIP["ModelInferRequest"](
            model_name="mixed",
            inputs=[OIP["InferInputTensor"](name="place", datatype="BYTES", shape=[SIZE // 4])],
            raw_input_contents=[bytes(SIZE)],
        ).SerializeToString(),
    ),
}


@pytest.mark.parametrize(
    "name",
    [
        *("examples", "varints", "one value for all", "inputs"),
        *(pytest.param(name, marks=SLOW) for name in ("dims", "texts", "raw texts")),
    ],
)
def test_a_flood_of_grpc_is_refused_beside_a_probe(server, name):
    method, message = MESSAGES[name]
    data = message()
    with (
        grpc.insecure_channel(f"{HOST}:{server.grpc}") as channel,
        probed(server),
        pytest.raises(grpc.RpcError) as caught,
    ):
        channel.unary_unary(f"/{method}")(data, timeout=120)
    assert caught.value.code().name == "INVALID_ARGUMENT", caught.value


def test_messages_that_arrive_slowly_together_are_bounded(server):
    method, _ = MESSAGES["inputs"]
    with probed(server):
        calls = [UnfinishedCalls(server.grpc, f"/{method}", 10, SIZE) for _ in range(4)]
        threads = [threading.Thread(target=one.send, args=(2,)) for one in calls]
        for thread in threads:
            thread.start()
        with grpc.insecure_channel(f"{HOST}:{server.grpc}") as channel:
            ready = channel.unary_unary("/inference.GRPCInferenceService/ServerReady")
            assert ready(b"", timeout=30) == b"\x08\x01"  # small messages pass beside them
        for thread in threads:
            thread.join()
    assert sum(len(one.ended) for one in calls) == 36  # four of the largest fit
    assert sum(one.sent for one in calls) < MEMORY
    for one in calls:
        one.close()


def test_many_large_bodies_together_are_answered_or_told_to_come_back(server):
    body = keyed(b"instances", times(b"[0.25,0.5,0.75,1.5]", 2_000_000))
    replies = []

    def ask():
        headers = {"Content-Type": "application/json"}
        path = server.url("/v1/models/matrix:predict")
        replies.append(requests.post(path, body, headers=headers, timeout=300))

    threads = [threading.Thread(target=ask) for _ in range(5)]
    with probed(server):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    statuses = {reply.status_code for reply in replies}
    assert statuses <= {400, 503}, statuses
    assert all(reply.headers["retry-after"] for reply in replies if reply.status_code == 503)
    good = requests.post(
        server.url("/v1/models/mixed:predict"), keyed(b"instances", times(GOOD, 3)), timeout=60
    )
    assert good.status_code == 200


def test_many_small_bodies_at_once_leave_room_for_probes(server):
    bodies = [
        keyed(b"instances", times(b"[1]", 15_000)),
        keyed(b"instances", times(b"{}", 20_000)),
        keyed(b"instances", times(GOOD, 500)),
    ]

    def ask(number):
        session = requests.Session()
        for _ in range(5):
            session.post(server.url("/v1/models/mixed:predict"), bodies[number % 3], timeout=120)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(24)]
    with probed(server):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
