"""The gRPC server itself: who may ask, how long, how much, and how it ends."""

import asyncio
import socket
import subprocess
import threading
import time
import warnings

import grpc
import numpy as np
import pytest

from keramos.errors import MismatchError, UsageError
from keramos.serving.batching.arrays import ArrayBatcher
from keramos.serving.core.auth import Access
from keramos.serving.core.routes import Context
from keramos.serving.registry.registry import ModelRegistry
from keramos.types.serving import ModelRef
from support.grpc_servers import Running, running
from support.served_models import matrix_model, matrix_rows

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import tritonclient.grpc as triton
    from tritonclient.grpc import service_pb2, service_pb2_grpc

HEALTH = "/grpc.health.v1.Health/Check"


@pytest.fixture
def engine():
    engine = ModelRegistry()
    engine.add("matrix", 1, matrix_model())
    return engine


def infer_request(rows):
    request = service_pb2.ModelInferRequest(model_name="matrix")
    request.inputs.add(name=matrix_model().inputs[0].name, datatype="FP32", shape=rows.shape)
    request.raw_input_contents.append(rows.tobytes())
    return request


def answer(reply):
    return np.frombuffer(reply.raw_output_contents[0], "<f4").reshape(-1, 3)


def health(address, service=b"", metadata=()):
    with grpc.insecure_channel(address) as channel:
        data = bytes([10, len(service)]) + service if service else b""
        return channel.unary_unary(HEALTH)(data, timeout=20, metadata=metadata)


def code_of(call):
    with pytest.raises(grpc.RpcError) as raised:
        call()
    return raised.value.code().name


def test_health_follows_the_models_and_turns_before_the_server_stops(engine):
    context = Context(engine)
    with running(context) as server:
        assert health(server.address) == b"\x08\x01"
        assert health(server.address, b"inference.GRPCInferenceService") == b"\x08\x01"
        assert code_of(lambda: health(server.address, b"other.Service")) == "NOT_FOUND"
        context.stopping = True
        assert health(server.address) == b"\x08\x02"


def test_requests_at_the_same_time_get_their_own_answers(engine):
    """Many requests of different sizes in flight at once; rows are shared into runs and taken apart
    again.
    """
    batches = [
        np.random.default_rng(seed).uniform(0, 10, (1 + seed % 5, 4)).astype("float32")
        for seed in range(200)
    ]
    with running(Context(engine)) as server, grpc.insecure_channel(server.address) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        futures = [stub.ModelInfer.future(infer_request(rows), timeout=60) for rows in batches]
        answers = [answer(future.result()) for future in futures]

    for rows, got in zip(batches, answers, strict=True):
        assert np.allclose(got, matrix_model().predict(rows), atol=1e-6)
    served = engine.get(ModelRef("matrix"))
    assert served.counts.rows == sum(len(rows) for rows in batches)


def test_requests_of_one_tick_share_one_run(engine):
    served = engine.get(ModelRef("matrix"))
    name = matrix_model().inputs[0].name

    async def ask():
        ticks = ArrayBatcher(engine)
        rows = [matrix_rows(count) for count in (1, 2, 3)]
        answers = await asyncio.gather(*(ticks.run(served, {name: one}) for one in rows))
        return list(zip(rows, answers, strict=True))

    for rows, outputs in asyncio.run(ask()):
        assert np.allclose(outputs[0], matrix_model().predict(rows), atol=1e-6)
    assert sum(served.counts.runs.counts) == 1
    assert served.counts.rows == 6


def test_a_request_at_fault_does_not_harm_those_of_its_tick(engine):
    served = engine.get(ModelRef("matrix"))
    name = matrix_model().inputs[0].name

    async def ask():
        ticks = ArrayBatcher(engine)
        good, bad = matrix_rows(2), np.array([["x"] * 4], object)
        return await asyncio.gather(
            *(ticks.run(served, {name: one}) for one in (good, bad, good)), return_exceptions=True
        )

    first, second, third = asyncio.run(ask())

    assert isinstance(second, MismatchError)
    assert np.array_equal(first[0], third[0])


def test_a_request_that_nobody_waits_for_is_not_run(engine):
    served = engine.get(ModelRef("matrix"))

    async def ask():
        task = asyncio.create_task(
            ArrayBatcher(engine).run(served, {matrix_model().inputs[0].name: matrix_rows()})
        )
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0.01)

    asyncio.run(ask())

    assert sum(served.counts.runs.counts) == 0


def slow_engine(seconds, begun):
    """A model that takes its time, as large ones do."""
    engine = ModelRegistry()
    engine.add("matrix", 1, matrix_model())
    quick = engine.run

    def run(served, feeds):
        begun.set()
        time.sleep(seconds)
        return quick(served, feeds)

    engine.run = run
    return engine


def test_a_deadline_ends_the_wait_and_the_server_goes_on(engine):
    begun = threading.Event()
    rows = np.repeat(matrix_rows(1), 2000, axis=0)  # many rows run in a thread
    with (
        running(Context(slow_engine(1, begun))) as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        assert (
            code_of(lambda: stub.ModelInfer(infer_request(rows), timeout=0.3))
            == "DEADLINE_EXCEEDED"
        )
        assert stub.ServerLive(service_pb2.ServerLiveRequest(), timeout=20).live


def test_requests_that_have_begun_are_answered_when_the_server_stops(engine):
    begun = threading.Event()
    rows = np.repeat(matrix_rows(1), 2000, axis=0)
    server = Running(Context(slow_engine(1, begun)))
    with grpc.insecure_channel(server.address) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        future = stub.ModelInfer.future(infer_request(rows), timeout=60)
        assert begun.wait(20)
        server.close(seconds=30)

        assert len(answer(future.result())) == 2000


def test_messages_beyond_the_limit_are_refused(engine):
    with (
        running(Context(engine), max_message_bytes=1000) as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        request = infer_request(matrix_rows(100))
        assert code_of(lambda: stub.ModelInfer(request, timeout=20)) == "RESOURCE_EXHAUSTED"


def test_keys_are_asked_for_by_everything_but_probes(engine):
    with running(Context(engine), admit=Access(["secret"]).admit_raw) as server:
        assert health(server.address) == b"\x08\x01"
        with triton.InferenceServerClient(server.address) as client:
            assert client.is_server_live()
            assert client.get_server_metadata({"authorization": "Bearer secret"}).name == "keramos"
            assert client.get_server_metadata({"x-api-key": "secret"}).name == "keramos"
            for headers in ({}, {"x-api-key": "other"}, {"authorization": "secret"}):
                with pytest.raises(triton.InferenceServerException, match="an API key is needed"):
                    client.get_server_metadata(headers)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]
    command += [
        "-addext",
        "subjectAltName=DNS:localhost,IP:127.0.0.1",
        "-keyout",
        "key.pem",
        "-out",
        "cert.pem",
    ]
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    return folder / "cert.pem", folder / "key.pem"


def test_a_certificate_encrypts_and_plain_clients_get_nothing(engine, certificate):
    cert, key = certificate
    with running(Context(engine), tls_cert=str(cert), tls_key=str(key)) as server:
        credentials = grpc.ssl_channel_credentials(cert.read_bytes())
        with grpc.secure_channel(f"localhost:{server.port}", credentials) as channel:
            assert channel.unary_unary(HEALTH)(b"", timeout=20) == b"\x08\x01"
        assert code_of(lambda: health(server.address)) == "UNAVAILABLE"


def test_a_certificate_that_cannot_be_used_is_named(engine, certificate, tmp_path):
    wrong = tmp_path / "key.pem"
    wrong.write_text("no key")

    with pytest.raises(UsageError, match=r"cert\.pem with its key .*key\.pem cannot be used"):
        Running(Context(engine), tls_cert=str(certificate[0]), tls_key=str(wrong))


def test_a_port_that_is_taken_is_a_clear_error(engine):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        async def start():
            from keramos.serving.grpc.server import GrpcServer, GrpcSettings

            await GrpcServer(
                Context(engine), (), GrpcSettings(ports=(port,)), lambda _: True
            ).start()

        with pytest.raises(
            UsageError, match=f"gRPC cannot listen at 127.0.0.1:{port}: the port is taken"
        ):
            asyncio.run(start())


def test_a_fault_of_the_server_is_logged_and_tells_the_client_nothing_of_it(engine, caplog):
    def broken(*_):
        raise ZeroDivisionError("secret detail")

    engine.run = broken
    with running(Context(engine)) as server, grpc.insecure_channel(server.address) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        with pytest.raises(grpc.RpcError) as raised:
            stub.ModelInfer(infer_request(matrix_rows()), timeout=20)

    assert raised.value.code().name == "INTERNAL"
    assert "secret detail" not in raised.value.details()
    assert "secret detail" in caplog.text


def test_the_messages_need_neither_tensorflow_nor_generated_modules():
    import sys

    code = (
        "import sys, keramos.serving.grpc.server;"
        "heavy = {'tensorflow', 'tensorflow_serving', 'tritonclient', 'grpc_health', 'grpc_tools'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
