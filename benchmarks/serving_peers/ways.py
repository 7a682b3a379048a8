"""The model, and the ways to ask for its answer about one row."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

import keramos
from keramos.compile.emit import compile_network
from keramos.serving.protocols.oip.messages import M as OIP
from keramos.serving.protocols.tensorflow.messages import M as TF

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = [f"x{place}" for place in range(10)]
ROW = [round(0.05 + 0.09 * place, 2) for place in range(10)]
_FLOAT = 1  # DT_FLOAT of TensorFlow's types.proto
_SMALLEST_GAP = 1e-5


@dataclass(frozen=True)
class Way:
    """A request: its path (for gRPC the method), body and headers."""

    name: str
    path: str
    body: bytes
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    grpc: bool = False


def save_model(folder: Path) -> tuple[Path, Path, float]:
    """Train the model; gives its Keras file, the same network as ONNX, and its answer for
    ``ROW``.
    """
    rng = np.random.default_rng(0)
    table: dict[str, np.ndarray] = {name: rng.random(1000) for name in COLUMNS}
    table["y"] = sum(table.values()) + rng.normal(0, 0.1, 1000)
    file, onnx = folder / "mlp.keras", folder / "mlp.onnx"
    keramos.train(
        table,
        "y",
        task="regression",
        plan=keramos.TrainingPlan(recipe="tutorial", epochs=1, hidden=(32, 16)),
    ).save(file)
    model = keramos.load(file)
    onnx.write_bytes(compile_network(model.artifact.network).onnx)
    return file, onnx, float(model.predict(np.array([ROW], np.float32))[0, 0])


def rows(key: str) -> bytes:
    """The row as a list."""
    return json.dumps({key: [ROW]}).encode()


def tensor(name: str) -> bytes:
    """The row as a tensor of the Open Inference Protocol."""
    given = {"name": name, "shape": [1, len(ROW)], "datatype": "FP32", "data": ROW}
    return json.dumps({"inputs": [given]}).encode()


def keramos_ways() -> list[Way]:
    """Every protocol of keramos."""
    named = json.dumps({"instances": [dict(zip(COLUMNS, ROW, strict=True))]}).encode()
    infer, predict = "/v2/models/mlp/infer", "/v1/models/mlp:predict"
    return [
        Way("REST, rows as lists", predict, rows("instances")),
        Way("REST, rows as objects by column", predict, named),
        Way("OIP JSON", infer, tensor("features")),
        _binary(infer),
        Way(
            "gRPC, OIP ModelInfer",
            "/inference.GRPCInferenceService/ModelInfer",
            _oip_message(),
            grpc=True,
        ),
        Way(
            "gRPC, TensorFlow Predict",
            "/tensorflow.serving.PredictionService/Predict",
            _tf_message(),
            grpc=True,
        ),
    ]


def _raw() -> bytes:
    return np.array(ROW, "<f4").tobytes()


def _binary(path: str) -> Way:
    raw = _raw()
    given = {
        "name": "features",
        "shape": [1, 10],
        "datatype": "FP32",
        "parameters": {"binary_data_size": len(raw)},
    }
    head = json.dumps({"inputs": [given], "parameters": {"binary_data_output": True}}).encode()
    headers = {
        "Content-Type": "application/octet-stream",
        "Inference-Header-Content-Length": str(len(head)),
    }
    return Way("OIP binary", path, head + raw, headers)


def _oip_message() -> bytes:
    request = OIP["ModelInferRequest"](model_name="mlp", raw_input_contents=[_raw()])
    request.inputs.add(name="features", datatype="FP32", shape=[1, len(ROW)])
    return bytes(request.SerializeToString())


def _tf_message() -> bytes:
    request = TF["PredictRequest"]()
    request.model_spec.name = "mlp"
    given = request.inputs["features"]
    given.dtype = _FLOAT
    given.tensor_content = _raw()
    for size in (1, len(ROW)):
        given.tensor_shape.dim.add(size=size)
    return bytes(request.SerializeToString())


def holds(reply: bytes, answer: float) -> bool:
    """Whether a reply has the answer in it: as a number of JSON, or as four bytes of a float."""
    try:
        numbers = _numbers(json.loads(reply))
    except ValueError:
        numbers = [struct.unpack_from("<f", reply, at)[0] for at in range(len(reply) - 3)]
    return any(abs(number - answer) < _SMALLEST_GAP for number in numbers)


def _numbers(value: object) -> list[float]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [number for item in value for number in _numbers(item)]
    return [value] if isinstance(value, float) else []
