"""keramos serve with stores, versions and gRPC: the real command in a process of its own."""

import json
import signal
import socket
import threading
import time
import urllib.request
from contextlib import contextmanager

import grpc
import pytest

from keramos.store.store import Store
from support.command import keramos
from support.servers import Server


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def file(credit_run, tmp_path_factory):
    path = tmp_path_factory.mktemp("file") / "credit.keras"
    credit_run.save(path)
    return path


@pytest.fixture
def store(file, tmp_path):
    store = Store(tmp_path / "models")
    store.publish(file, "credit")
    return store


@contextmanager
def serving(path, *options):
    """The command, until it answers; gives its HTTP address and the process."""
    server = Server(path, *options)
    try:
        wait(lambda: ask(server.url(""), "/livez"))
        yield server.url(""), server.process
    finally:
        server.stop()


def wait(call, seconds=60):
    end = time.monotonic() + seconds
    while True:
        try:
            return call()
        except (OSError, AssertionError):
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


def ask(address, path, body=None):
    data = json.dumps(body).encode() if body is not None else None
    with urllib.request.urlopen(f"{address}{path}", data, timeout=60) as reply:  # noqa: S310 (this machine's own)
        return json.loads(reply.read())


def versions(address, model="credit"):
    listed = ask(address, f"/v1/models/{model}")["model_version_status"]
    return [int(item["version"]) for item in listed if item["state"] == "AVAILABLE"]


def test_a_store_is_served_and_a_new_version_takes_over_by_itself(store, file):
    with serving(
        store.root, "--poll", "0.05", "--grpc-port", "none", "--oip-grpc-port", "none"
    ) as (address, _):
        assert versions(address) == [1]
        store.publish(file, "credit")

        def swapped():
            assert versions(address) == [2]

        wait(swapped)


def test_one_model_of_a_store_is_served_under_another_name_with_the_versions_that_were_asked_for(
    store, file
):
    store.publish(file, "credit")
    off = ("--grpc-port", "none", "--oip-grpc-port", "0")
    with serving(f"{store.root}/credit", "--name", "risk", "--versions", "all", *off) as (
        address,
        _,
    ):
        assert versions(address, "risk") == [2, 1]


def test_grpc_answers_beside_http_and_both_end_with_the_process(file):
    port = free_port()
    with serving(file, "--grpc-port", str(port), "--oip-grpc-port", "none") as (_, process):
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            check = channel.unary_unary("/grpc.health.v1.Health/Check")
            assert check(b"", timeout=60, wait_for_ready=True) == b"\x08\x01"
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def test_a_chosen_port_that_is_taken_is_a_clear_error(file):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = keramos("serve", file, "--port", "0", "--grpc-port", taken.getsockname()[1])

    assert done.returncode == 2
    assert "the port is taken" in done.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--versions", "newest"], "--versions takes latest, latest:N, all, or numbers"),
        (["--versions", "latest:0"], "--versions takes latest, latest:N, all, or numbers"),
        (["--grpc-port", "http"], "a gRPC port is a number below 65536, or none"),
        (["--grpc-port", "70000"], "a gRPC port is a number below 65536, or none"),
    ],
)
def test_wrong_options_are_refused(file, options, said):
    done = keramos(
        "serve", file, "--port", "0", "--oip-grpc-port", "none", "--grpc-port", "none", *options
    )

    assert done.returncode == 2
    assert said in done.stderr


def test_places_without_a_model_are_refused(tmp_path):
    bad = tmp_path / "bad.h5"
    bad.write_bytes(b"no model")
    (tmp_path / "empty").mkdir()
    off = ("--port", "0", "--grpc-port", "none", "--oip-grpc-port", "none")

    file, folder, absent = (
        keramos("serve", place, *off) for place in (bad, tmp_path / "empty", tmp_path / "absent")
    )

    assert (file.returncode, folder.returncode, absent.returncode) == (1, 2, 1)
    assert "neither HDF5 nor a .keras archive" in file.stderr
    assert "holds no model" in folder.stderr
    assert "there is no such file or folder" in absent.stderr


def swap_under_load(file, store, swaps):
    """Requests of several clients while versions are published; gives answers counted by version,
    and failures.
    """
    from keramos.pipeline.load import load

    content = load(file).content
    row = dict(content.sample.raw)
    answered, failed, stop = {}, [], threading.Event()

    def client(address):
        while not stop.is_set():
            try:
                reply = ask(address, "/v1/models/credit:predict", {"instances": [row]})
                assert len(reply["predictions"]) == 1
                answered[threading.get_ident()] = answered.get(threading.get_ident(), 0) + 1
            except Exception as error:  # noqa: BLE001 (every failure counts)
                failed.append(repr(error))

    with serving(
        store.root, "--poll", "0.02", "--grpc-port", "none", "--oip-grpc-port", "none"
    ) as (address, _):
        threads = [threading.Thread(target=client, args=(address,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(swaps):
            wanted = store.publish(file, "credit").number

            def swapped(number=wanted):
                assert versions(address) == [number]

            wait(swapped)
            store.prune("credit", 2)
        stop.set()
        for thread in threads:
            thread.join()
    return sum(answered.values()), failed


def test_no_request_fails_while_versions_are_swapped(store, file):
    answered, failed = swap_under_load(file, store, 5)

    assert failed == []
    assert answered > 0


@pytest.mark.slow
def test_no_request_fails_over_two_hundred_swaps(store, file):
    answered, failed = swap_under_load(file, store, 200)

    assert failed == []
    assert answered > 1000
