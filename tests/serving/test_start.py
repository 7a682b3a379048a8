import json
import subprocess
import sys

import pytest
import requests

from support.command import keramos
from support.served_models import folder, matrix_model
from support.servers import NO_GRPC, Server

_LATER = (
    "jinja2",
    "grpc",
    "h5py",
    "pyarrow",
    "pandas",
    "google.protobuf",
    "keramos.data.read",
    "keramos.pipeline.verify",
    "keramos.report.pages",
    "keramos.serving.openapi.document",
    "keramos.signing",
    "keramos.store",
)
_MOST = 244
"""Modules of keramos, all together."""

_JOIN = """
import json, sys
from keramos.serving.assemble import assemble
from keramos.serving.registry.sources import ModelLocation
from keramos.serving.http.server import build_server
from keramos.serving.core.settings import Settings

settings = Settings()
build_server(assemble(ModelLocation(sys.argv[1]), settings), settings)
print(json.dumps(sorted(sys.modules)))
"""


def matrix():
    matrix_model()
    return folder() / "matrix.keras"


def test_a_server_is_ready_before_pages_the_openapi_document_and_grpc_are_loaded():
    done = subprocess.run(
        [sys.executable, "-c", _JOIN, str(matrix())], capture_output=True, check=True, text=True
    )
    loaded = set(json.loads(done.stdout))

    assert "onnxruntime" in loaded
    assert not loaded.intersection(_LATER)
    assert sum(name.startswith("keramos") for name in loaded) <= _MOST


def test_a_page_and_the_openapi_document_asked_for_at_once_are_waited_for():
    server = Server(matrix(), *NO_GRPC)  # it listens from here on, and answers when it can
    page = requests.get(server.url("/"), timeout=30)
    document = requests.get(server.url("/openapi.json"), timeout=30)

    assert (page.status_code, document.status_code, server.stop()) == (200, 200, 0)
    assert "/models/matrix" in page.text


@pytest.mark.parametrize("path", ["absent", "absent.h5", "."])
def test_a_path_without_a_model_is_said_before_anything_is_served(path, tmp_path):
    done = keramos("serve", tmp_path / path, "--port", "0", *NO_GRPC)
    assert done.returncode in {1, 2}
    assert len(done.stderr.splitlines()) == 1
    assert "http://" not in done.stderr
