"""One file takes no other down: however a model fails, it is shown as failed, the rest answers, and
the server obeys signals.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import time

import pytest
import requests

from hostile.honest import h5, layer, sequential
from keramos.serving.registry.folder_source import FolderSource
from keramos.serving.registry.lifecycle import Lifecycle
from keramos.serving.registry.loading import Loading
from keramos.serving.registry.registry import ModelRegistry
from keramos.types.serving import ModelRef, State
from keramos.types.versions import Version
from support.served_models import folder, matrix_model, matrix_rows
from support.servers import NO_GRPC, Server
from support.waiting import until

PREDICT = "/v1/models/z_good:predict"
UNLIMITED = ("--limit", f"row_operations={10**18}")


def good_file(place):
    matrix_model()
    target = place / "z_good.keras"
    target.write_bytes((folder() / "matrix.keras").read_bytes())
    return target


def slow_file(place, name="a_slow.h5", layers=60):
    """A small file whose first row takes minutes: one convolution after another."""
    options = {"kernel_size": [3, 3], "strides": [1, 1], "padding": "same", "filters": 16}
    options |= {"dilation_rate": [1, 1], "activation": "tanh", "use_bias": False}
    parts = [
        layer("Conv2D", f"c{at}", data_format="channels_last", **options) for at in range(layers)
    ]
    weights = {f"c{at}": {"kernel:0": [3, 3, 16, 16]} for at in range(layers)}
    (place / name).write_bytes(h5(sequential(*parts, shape=(None, 1024, 1024, 16)), weights))
    return place / name


class Odd:
    """A source of a model that fails in its own way, beside a good one."""

    def __init__(self, good, failing):
        self._good, self._failing = good, failing

    def versions(self):
        return [
            Version("a_odd", 1, "odd", 1, 1.0),
            Version("z_good", 1, str(self._good), 1, 1.0),
        ]

    @contextlib.contextmanager
    def local(self, version):
        if version.model == "a_odd":
            self._failing()
        yield self._good


def raising(error):
    def fail():
        raise error

    return fail


FAILURES = [
    MemoryError(),
    RecursionError("deep"),
    KeyError("missing"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "odd"),
    OSError(5, "Input/output error"),
    AssertionError(),
    StopIteration(),
    RuntimeError("\n\udce9"),
    TimeoutError(),
]


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
def test_whatever_loading_raises_the_model_is_failed_and_the_other_answers(error, tmp_path):
    registry = ModelRegistry()
    Lifecycle(registry, Odd(good_file(tmp_path), raising(error))).look()

    assert [one.name for one in registry.all_served()] == ["z_good"]
    assert registry.statuses("a_odd")[0].state is State.END
    assert registry.statuses("a_odd")[0].code != "OK"
    assert registry.ready()


def test_a_model_that_never_comes_is_failed_after_its_time_and_the_other_answers(tmp_path):
    registry, never = ModelRegistry(), threading.Event()
    lifecycle = Lifecycle(
        registry, Odd(good_file(tmp_path), never.wait), loading=Loading(seconds=0.3)
    )
    lifecycle.look()
    never.set()

    assert [one.name for one in registry.all_served()] == ["z_good"]
    status = registry.statuses("a_odd")[0]
    assert (status.state, status.code) == (State.END, "DEADLINE_EXCEEDED")
    assert "within 0.3 seconds" in status.message


def test_proving_and_warming_end_at_their_time(tmp_path):
    from keramos.types.limits import Limits

    registry = ModelRegistry()
    slow_file(tmp_path)
    good_file(tmp_path)
    limits = Limits(row_operations=10**18)
    begun = time.monotonic()
    Lifecycle(registry, FolderSource(tmp_path), loading=Loading(limits, seconds=1.0)).look()
    took = time.monotonic() - begun

    assert registry.statuses("a_slow")[0].code == "DEADLINE_EXCEEDED"
    assert registry.get(ModelRef("z_good"))
    assert took < 30
    until(lambda: not [one for one in threading.enumerate() if one.name == "keramos-load"])


def test_a_slow_model_keeps_no_probe_and_no_other_model_waiting_and_signals_are_obeyed(tmp_path):
    slow_file(tmp_path)
    good_file(tmp_path)
    begun = time.monotonic()
    server = Server(tmp_path, *NO_GRPC, *UNLIMITED)
    try:
        until(lambda: alive(server), 30)
        up = time.monotonic() - begun
        rows = {"instances": matrix_rows(1).tolist()}
        until(lambda: server.post(PREDICT, rows).status_code == 200, 60)
        assert server.get("/livez").status_code == 200
        assert server.get("/readyz").status_code == 503
        shown = server.get("/v1/models/a_slow").json()["model_version_status"]
        assert shown[0]["state"] == "LOADING"
        assert server.get("/models/z_good").status_code == 200
        told = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - told < 10
    finally:
        server.process.kill()
    assert up < 30


def test_one_file_that_fails_late_is_shown_as_failed_until_it_is_mended(tmp_path):
    server = Server(slow_file(tmp_path), *NO_GRPC, *UNLIMITED, "--load-timeout", "3")
    try:
        assert server.line("model_failed", 60)
        ready, page = server.get("/readyz"), server.get("/")
        assert (ready.status_code, ready.json()) == (503, {"status": "not ready", "failed": 1})
        assert server.get("/startupz").status_code == 503
        assert server.get("/livez").json() == {"status": "alive"}
        shown = server.get("/v1/models/a_slow").json()["model_version_status"][0]
        assert (shown["state"], shown["status"]["error_code"]) == ("END", "DEADLINE_EXCEEDED")
        assert "was not loaded, proven and warm within 3 seconds" in page.text
        asked = server.post("/v1/models/a_slow:predict", {"instances": [1]})
        assert asked.status_code == 503
        assert server.process.poll() is None
        mended = good_file(tmp_path).rename(tmp_path / "new")
        mended.replace(tmp_path / "a_slow.h5")
        until(lambda: server.get("/readyz").json() == {"status": "ready"}, 30)
        assert server.stop() == 0
    finally:
        server.process.kill()


def alive(server):
    try:
        return requests.get(server.url("/livez"), timeout=1).status_code == 200
    except requests.RequestException:
        return False


@pytest.mark.parametrize("after", [0.0, 0.3, 1.0, 3.0])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_signal_is_obeyed_at_any_time_while_a_slow_model_loads(tmp_path, after, workers):
    server = Server(slow_file(tmp_path), *NO_GRPC, *UNLIMITED, "--workers", workers)
    time.sleep(after)  # the moment is what is tested
    told = time.monotonic()
    server.process.send_signal(signal.SIGTERM)

    assert server.process.wait(30) == 0
    assert time.monotonic() - told < 10


@pytest.mark.slow
def test_a_slow_request_does_not_keep_the_server_from_its_end(tmp_path):
    options = ("--request-timeout", "1", "--load-timeout", "300")
    server = Server(slow_file(tmp_path, layers=60), *NO_GRPC, *UNLIMITED, *options)
    try:
        server.line("model_loaded", 280)
        asking = threading.Thread(target=ask_in_vain, args=(server,), daemon=True)
        asking.start()
        time.sleep(3)  # the request is under way
        assert asking.is_alive()
        told = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - told < 8
    finally:
        server.process.kill()


def ask_in_vain(server):
    url = server.url("/v2/models/a_slow/infer")
    headers = {"inference-header-content-length": "0"}
    with contextlib.suppress(requests.RequestException):
        requests.post(url, data=bytes(64 << 20), headers=headers, timeout=60)
