"""The engine as a Ray Serve application, on a real Ray in processes on this machine."""

import http.client
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from keramos.datasets import GERMAN_CREDIT
from keramos.errors import MismatchError, ModelError
from keramos.serving.deploy.ray_serve import Snapshot
from keramos.serving.registry.folder_source import FolderSource
from support.command import keramos
from support.free_port import free_port

COLUMNS = GERMAN_CREDIT.read_text().splitlines()[0].split(",")


@pytest.fixture(scope="module")
def model(credit_run, tmp_path_factory):
    path = tmp_path_factory.mktemp("ray") / "credit.h5"
    credit_run.save(path)
    return path


def call(port, method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(
        method,
        path,
        None if body is None else json.dumps(body),
        {"content-type": "application/json"},
    )
    reply = connection.getresponse()
    data = reply.read()
    connection.close()
    return reply.status, json.loads(data) if data[:1] in b"{[" else data


def test_a_snapshot_gives_each_replica_the_bytes_that_were_proven_here(model):
    snapshot = Snapshot.of(FolderSource(model))

    (version,) = snapshot.versions()
    with snapshot.local(version) as path:
        assert path.read_bytes() == model.read_bytes()
        assert path.name == "credit.h5"
    assert not path.exists()


def test_a_file_that_cannot_be_served_is_refused_before_anything_is_deployed(model, tmp_path):
    broken = tmp_path / "broken.h5"
    broken.write_bytes(model.read_bytes()[:-4000])

    with pytest.raises((ModelError, MismatchError), match=r"broken\.h5"):
        Snapshot.of(FolderSource(broken))


@pytest.mark.parametrize("replicas", ["0:1", "3:2", "two", "1"])
def test_replicas_that_make_no_sense_are_wrong_usage(model, replicas):
    done = keramos("serve", model, "--engine", "ray", "--replicas", replicas)

    assert done.returncode == 2
    assert "MIN:MAX" in done.stderr


@pytest.mark.parametrize("option", [["--admin"], ["--shadow", "credit@next=0.5"]])
def test_what_ray_serve_has_no_place_for_is_refused_and_not_ignored(model, option):
    done = keramos("serve", model, "--engine", "ray", *option)

    assert done.returncode == 2
    assert f"{option[0]} is for the engine local" in done.stderr


@pytest.mark.slow
def test_ray_serves_the_same_routes_with_the_same_answers_and_ends_cleanly(model):
    import keramos as library

    port = free_port()
    program = [
        str(Path(sys.executable).with_name("keramos")),
        "serve",
        str(model),
        "--engine",
        "ray",
    ]
    process = subprocess.Popen(
        [*program, "--port", str(port), "--replicas", "1:2"], stderr=subprocess.PIPE, text=True
    )
    try:
        said = ""
        while "on Ray" not in said:
            said = process.stderr.readline()
            assert said, process.wait()
        rows = [_row(1), _row(2)]
        decided = [decision.label for decision in library.load(model).decide(rows)]

        assert call(port, "GET", "/readyz")[0] == 200
        assert call(port, "GET", "/v1/models/credit")[0] == 200
        status, answer = call(port, "POST", "/models/credit/decide", {"rows": rows})
        assert status == 200, answer
        assert [item["label"] for item in answer["decisions"]] == decided
        assert call(port, "POST", "/models/other/decide", {"rows": rows})[0] == 404
    finally:
        process.send_signal(signal.SIGINT)
        process.stderr.read()
        process.stderr.close()
        code = process.wait(60)
    assert code == 0


def _row(number):
    cells = dict(
        zip(COLUMNS, GERMAN_CREDIT.read_text().splitlines()[number].split(","), strict=True)
    )
    return {
        name: float(cell) if cell.replace(".", "").isdigit() else cell
        for name, cell in cells.items()
    }
