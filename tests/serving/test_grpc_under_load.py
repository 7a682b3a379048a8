"""gRPC under load: what HTTP promises holds for its calls. New versions and a signal to stop cost
none of them.
"""

import threading
import time
import warnings

import grpc
import numpy as np
import pytest

from keramos.serving.protocols.tensorflow.messages import M as TF
from keramos.store.store import Store
from support.free_port import free_port
from support.served_models import folder, matrix_model, matrix_rows
from support.servers import Server, serving
from support.waiting import until

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from tritonclient.grpc import service_pb2

INFER = "/inference.GRPCInferenceService/ModelInfer"
PREDICT = "/tensorflow.serving.PredictionService/Predict"
OWN = (("grpc.use_local_subchannel_pool", 1),)
REFUSED = "failed to connect"
"""What a client says of a port at which nobody listens: nothing was sent."""


@pytest.fixture(scope="module")
def file():
    matrix_model()
    return folder() / "matrix.keras"


def messages():
    """A method and a message for each protocol, about one row."""
    rows, name = matrix_rows(1), matrix_model().inputs[0].name
    infer = service_pb2.ModelInferRequest(model_name="matrix")
    infer.inputs.add(name=name, datatype="FP32", shape=rows.shape)
    infer.raw_input_contents.append(rows.tobytes())
    predict = TF["PredictRequest"]()
    predict.model_spec.name = "matrix"
    given = predict.inputs[name]
    given.dtype, given.tensor_content = 1, rows.tobytes()
    for size in rows.shape:
        given.tensor_shape.dim.add(size=size)
    return {INFER: infer.SerializeToString(), PREDICT: predict.SerializeToString()}


class Load:
    """Clients that ask over and over, each on a channel of its own: ``answered`` calls with the
    model's answer, and ``failed`` with what was said.
    """

    def __init__(self, port, clients=4):
        self.answered, self.failed, self.stopped = 0, [], threading.Event()
        self.wanted = np.float32(matrix_model().predict(matrix_rows(1))).ravel()
        self._port, self._lock = port, threading.Lock()
        calls = list(messages().items())
        self._threads = [
            threading.Thread(target=self._ask, args=calls[one % 2]) for one in range(clients)
        ]
        for thread in self._threads:
            thread.start()

    def _ask(self, method, message):
        with grpc.insecure_channel(f"127.0.0.1:{self._port}", OWN) as channel:
            grpc.channel_ready_future(channel).result(60)
            call = channel.unary_unary(method)
            while not self.stopped.is_set():
                try:
                    right = self._right(method, call(message, timeout=60))
                except grpc.RpcError as error:
                    right = f"{error.code().name}: {error.details()}"
                if right is not True:
                    self.failed.append(right)
                    return
                with self._lock:
                    self.answered += 1

    def _right(self, method, reply):
        if method == PREDICT:
            (tensor,) = TF["PredictResponse"].FromString(reply).outputs.values()
            found = np.array(tensor.float_val)
        else:
            raw = service_pb2.ModelInferResponse.FromString(reply).raw_output_contents[0]
            found = np.frombuffer(raw, "<f4")
        return np.allclose(found, self.wanted, atol=1e-6) or f"a wrong answer: {found}"

    def join(self):
        for thread in self._threads:
            thread.join(90)


def versions(server):
    listed = server.get("/v1/models/matrix").json()["model_version_status"]
    return [int(item["version"]) for item in listed if item["state"] == "AVAILABLE"]


def swap_under_load(file, tmp_path, swaps):
    store, port = Store(tmp_path / "models"), free_port()
    store.publish(file, "matrix")
    options = ("--grpc-port", str(port), "--oip-grpc-port", "none")
    with serving(store.root, "--poll", "0.02", grpc=options) as server:
        load = Load(port)
        for _ in range(swaps):
            number = store.publish(file, "matrix").number
            until(lambda number=number: versions(server) == [number] or load.failed)
            store.prune("matrix", 2)
        load.stopped.set()
        load.join()
    return load


def test_no_call_fails_while_versions_are_swapped(file, tmp_path):
    load = swap_under_load(file, tmp_path, 3)

    assert load.failed == []
    assert load.answered > 0


@pytest.mark.slow
def test_no_call_fails_over_two_hundred_swaps(file, tmp_path):
    load = swap_under_load(file, tmp_path, 200)

    assert load.failed == []
    assert load.answered > 1000


def stop_under_load(file, *options):
    """A signal to stop while clients ask; gives the load once all of them found the port closed."""
    port = free_port()
    ports = ("--grpc-port", str(port), "--oip-grpc-port", "none")
    server = Server(file, *ports, *options).wait()
    load = Load(port)
    until(lambda: load.answered > 100 or load.failed)
    code = server.stop()
    load.join()
    assert code == 0, server.lines
    return load


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_signal_to_stop_under_load_loses_no_call(file, workers):
    load = stop_under_load(file, "--workers", workers)

    assert [said for said in load.failed if REFUSED not in said] == []


@pytest.mark.slow
def test_no_signal_of_twenty_loses_a_call(file):
    for _ in range(20):
        load = stop_under_load(file)
        assert [said for said in load.failed if REFUSED not in said] == []


def test_an_idle_client_does_not_hold_up_the_end(file):
    port = free_port()
    server = Server(file, "--grpc-port", str(port), "--oip-grpc-port", "none").wait()
    with grpc.insecure_channel(f"127.0.0.1:{port}", OWN) as channel:
        grpc.channel_ready_future(channel).result(60)
        begun = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - begun < 5
