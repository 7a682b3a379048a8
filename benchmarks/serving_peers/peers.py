"""The other servers: what to install, how to start them, how to ask them."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from serving_peers.load import idle_port
from serving_peers.ways import Way, rows, tensor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PROGRAMS = Path(__file__).parent
_QUIET = """
[loggers]
keys=root
[handlers]
keys=none
[formatters]
keys=
[logger_root]
level=ERROR
handlers=none
[handler_none]
class=NullHandler
args=()
"""


@dataclass(frozen=True)
class Place:
    """Where a peer runs: its environment, a folder for its files, the model as ONNX, the port, its
    variables.
    """

    home: Path
    folder: Path
    model: Path
    port: int
    env: dict[str, str]

    def program(self, name: str) -> str:
        """One of the environment's programs."""
        return str(self.home / "bin" / name)


@dataclass(frozen=True)
class Peer:
    """One server. ``prepare`` puts into its folder what must lie there before it starts."""

    name: str
    title: str
    packages: Sequence[str]
    way: Way
    command: Callable[[Place], Sequence[str]]
    prepare: Callable[[Place], None] = lambda _: None


def _script(name: str) -> Callable[[Place], Sequence[str]]:
    return lambda place: [place.program("python"), str(PROGRAMS / name)]


def _bentoml(place: Place) -> Sequence[str]:
    options = ["--working-dir", str(PROGRAMS), "--port", str(place.port), "--host", "127.0.0.1"]
    return [place.program("bentoml"), "serve", "bentoml_service:Mlp", *options]


def _prepare_mlserver(place: Place) -> None:
    settings = {
        "http_port": place.port,
        "grpc_port": idle_port(),
        "metrics_port": idle_port(),
        "host": "127.0.0.1",
    }
    settings |= {
        "parallel_workers": 0,
        "debug": False,
        "logging_settings": str(place.folder / "logging.ini"),
    }
    (place.folder / "logging.ini").write_text(_QUIET)
    (place.folder / "settings.json").write_text(json.dumps(settings))
    model = {"name": "mlp", "implementation": "mlserver_model.Mlp"}
    (place.folder / "model-settings.json").write_text(json.dumps(model))


def _prepare_mlflow(place: Place) -> None:
    saved = place.folder / "saved"
    shutil.rmtree(saved, ignore_errors=True)
    command = [*_script("mlflow_save.py")(place), str(place.model), str(saved)]
    subprocess.run(command, env=place.env, cwd=place.folder, check=True, capture_output=True)


def _mlflow(place: Place) -> Sequence[str]:
    options = [
        "--env-manager",
        "local",
        "--host",
        "127.0.0.1",
        "--port",
        str(place.port),
        "--workers",
        "1",
    ]
    return [place.program("mlflow"), "models", "serve", "-m", str(place.folder / "saved"), *options]


_LISTS = rows("instances")
PEERS = (
    Peer(
        "uvicorn",
        "uvicorn, raw ASGI, msgspec",
        ("uvicorn[standard]", "msgspec"),
        Way("rows as lists", "/", _LISTS),
        _script("uvicorn_asgi.py"),
    ),
    Peer(
        "fastapi",
        "FastAPI on uvicorn",
        ("fastapi", "uvicorn[standard]"),
        Way("rows as lists", "/predict", _LISTS),
        _script("fastapi_app.py"),
    ),
    Peer(
        "litserve",
        "LitServe",
        ("litserve",),
        Way("rows as lists", "/predict", _LISTS),
        _script("litserve_api.py"),
    ),
    Peer(
        "bentoml",
        "BentoML, async",
        ("bentoml",),
        Way("rows as lists", "/predict", _LISTS),
        _bentoml,
    ),
    Peer(
        "mlserver",
        "MLServer, in one process",
        ("mlserver", "uvloop<0.22"),  # with newer ones MLServer 1.7 loads no model
        Way("OIP JSON", "/v2/models/mlp/infer", tensor("x")),
        lambda place: [place.program("mlserver"), "start", str(place.folder)],
        _prepare_mlserver,
    ),
    Peer(
        "mlflow",
        "MLflow, onnx flavour",
        ("mlflow", "onnx"),
        Way("rows as lists", "/invocations", rows("inputs")),
        _mlflow,
        _prepare_mlflow,
    ),
)
