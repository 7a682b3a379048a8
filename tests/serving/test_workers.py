"""Several workers at one port: all answer, one that is killed is replaced, a signal to stop loses
nothing.
"""

import json
import os
import signal
import socket
from threading import Thread

import psutil
import pytest
import requests

from keramos.serving.core.metric_family import Family, Sample
from keramos.serving.core.shared import Sharing
from keramos.serving.metrics.multiprocess import WorkerMetrics
from support.metrics_text import COUNT, read, value
from support.raw_http import ask_until_closed, raw
from support.served_models import folder, matrix_model, matrix_rows
from support.servers import Server, serving
from support.waiting import until

PATH = "/v1/models/matrix:predict"


@pytest.fixture(scope="module")
def file():
    matrix_model()
    return folder() / "matrix.keras"


def workers(server):
    """Processes that hold a model; the resource tracker of Python is another child."""
    return [
        child
        for child in psutil.Process(server.process.pid).children()
        if "resource_tracker" not in str(child.cmdline())
    ]


def busy(server, count=200):
    """Ask on connections of their own, so that every worker gets some."""
    body = json.dumps({"instances": matrix_rows(1).tolist()})
    for _ in range(count):
        reply = requests.post(
            server.url(PATH), data=body, headers={"Connection": "close"}, timeout=30
        )
        assert reply.status_code == 200


def seen(server):
    return value(read(server.get("/metrics").content), COUNT, model_name="matrix", status="OK")


def test_every_worker_answers_and_a_killed_one_is_replaced_without_a_count_going_back(file):
    with serving(file, "--workers", "2") as server:
        until(lambda: len([line for line in server.lines if "model_loaded" in line]) == 2)
        busy(server)
        until(lambda: seen(server) == 200)
        states = read(server.get("/metrics").content)["keramos_version_state"]
        assert {dict(labels)["worker"] for labels in states} == {"0", "1"}

        victim = workers(server)[0]
        os.kill(victim.pid, signal.SIGKILL)
        server.line("worker_died")
        until(lambda: len([line for line in server.lines if "model_loaded" in line]) == 3)
        busy(server)
        until(lambda: seen(server) == 400)
        assert len(workers(server)) == 2


def test_a_signal_to_stop_under_load_loses_no_request_of_any_worker(file):
    server = Server(file, "--workers", "2", "--grpc-port", "none", "--oip-grpc-port", "none").wait()
    until(lambda: len([line for line in server.lines if "model_loaded" in line]) == 2)
    body, lost, answered = (
        raw(json.dumps({"instances": matrix_rows(1).tolist()}).encode(), path=PATH),
        [],
        [],
    )
    threads = [
        Thread(target=ask_until_closed, args=(server.port, body, answered, lost)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    until(lambda: len(answered) > 100 or lost)
    code = server.stop()
    for thread in threads:
        thread.join()

    assert (code, lost) == (0, [])


def test_workers_end_with_a_supervisor_that_is_killed(file):
    server = Server(file, "--workers", "2", "--grpc-port", "none", "--oip-grpc-port", "none").wait()
    left = workers(server)
    server.process.kill()
    server.process.wait(10)
    until(
        lambda: not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in left)
    )


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_grpc_answers_from_workers_too(file):
    import tritonclient.grpc as triton

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    ports = ("--grpc-port", "none", "--oip-grpc-port", str(port))
    with serving(file, "--workers", "2", grpc=ports) as server:
        until(lambda: len([line for line in server.lines if "model_loaded" in line]) == 2)
        until(lambda: listens(port))  # gRPC starts after HTTP
        for _ in range(20):
            with triton.InferenceServerClient(f"127.0.0.1:{port}") as client:
                assert client.is_model_ready("matrix")


def test_a_model_that_cannot_be_served_ends_all_with_its_reason(tmp_path):
    bad = tmp_path / "bad.h5"
    bad.write_bytes(b"\x89HDF\r\n\x1a\n" + b"\0" * 99)
    server = Server(bad, "--workers", "2", "--grpc-port", "none", "--oip-grpc-port", "none")

    assert server.process.wait(60) == 1
    assert "bad.h5" in server.line("start_failed")


def test_a_seat_goes_on_from_the_counters_of_who_had_it_before(tmp_path):
    def metrics(times):
        gauge = Family("g", "gauge", "A gauge.", (Sample((), times),))
        return [Family("c", "counter", "A count.", (Sample((("model", "m"),), times),)), gauge]

    def worker(times):
        counts = WorkerMetrics(lambda: metrics(times))
        return counts, Sharing(tmp_path, {"metrics": counts})

    (_, first), (metrics_of_second, second) = worker(3), worker(5)
    assert (first.number, second.number) == (0, 1)
    first.leave()
    second.write()
    _, third = worker(1)
    assert third.number == 0

    third.write()
    counted, gauges = metrics_of_second.families()
    assert [sample.value for sample in counted.samples] == [3 + 1 + 5]
    assert sorted((sample.labels, sample.value) for sample in gauges.samples) == [
        ((("worker", "0"),), 1),
        ((("worker", "1"),), 5),
    ]
    second.leave()
    third.leave()
