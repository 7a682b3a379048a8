"""Four models in one run: keramos beside bare ONNX Runtime, a compiled tf.function and
model.predict, CPU time a call.

Also what it costs to open ResNet50: reading the file and compiling the graph.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import onnxruntime as ort
import tensorflow as tf
from keras import layers as kl

import keramos
from keramos.artifact.read import read
from keramos.compile.emit import compile_network

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS = 2.0
"""Time given to one way of one model."""


def milliseconds(call: Callable[[], object]) -> tuple[float, float]:
    """Fastest wall time and mean CPU time of one call."""
    call()
    best, calls, begun, used = float("inf"), 0, perf_counter(), process_time()
    while perf_counter() - begun < SECONDS or calls < 3:  # noqa: PLR2004 (one call says little)
        at = perf_counter()
        call()
        best = min(best, perf_counter() - at)
        calls += 1
    return best * 1e3, (process_time() - used) / calls * 1e3


def models() -> dict[str, Any]:  # Keras' classes are untyped
    """The models, with random weights."""
    return {
        "MLP 10-32-16-1": keras.Sequential(
            [keras.Input((10,)), kl.Dense(32, "relu"), kl.Dense(16, "relu"), kl.Dense(1)]
        ),
        "LSTM(64), 50 x 8": keras.Sequential([keras.Input((50, 8)), kl.LSTM(64), kl.Dense(1)]),
        "GRU(64), 50 x 8": keras.Sequential([keras.Input((50, 8)), kl.GRU(64), kl.Dense(1)]),
        "masked LSTM(64), 50": keras.Sequential(
            [
                keras.Input((50,), dtype="int32"),
                kl.Embedding(100, 8, mask_zero=True),
                kl.LSTM(64),
                kl.Dense(1),
            ]
        ),
        "ResNet50 224 x 224": keras.applications.ResNet50(weights=None),
    }


def compare(name: str, network: Any, path: Path, rows: int) -> None:  # noqa: ANN401 (a Keras model)
    """Print a line a way, for so many rows at once."""
    network.save(path)
    model = keramos.load(path)
    spec = model.inputs[0]
    x = np.random.default_rng(0).integers(0, 9, (rows, *spec.shape[1:])).astype(spec.dtype)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    bare = ort.InferenceSession(compile_network(read(path).network).onnx, options)
    traced = tf.function(network, jit_compile=False)
    ways = {
        "bare ONNX Runtime, 1 thread": lambda: bare.run(None, {spec.name: x}),
        "keramos predict": lambda: model.predict(x),
        "tf.function": lambda: traced(x),
        "model.predict": lambda: network.predict(x, verbose=0),
    }
    found = {way: milliseconds(call) for way, call in ways.items()}
    wall, cpu = next(iter(found.values()))
    for way, (best, used) in found.items():
        print(
            f"{name:<22} {rows:>5} rows  {way:<28} {best:>10.3f} ms {best / wall:>8.1f}x  CPU "
            f"{used / cpu:>8.1f}x"
        )


def main() -> None:
    """Print the tables."""
    with tempfile.TemporaryDirectory() as folder:
        for name, network in models().items():
            path = Path(folder, "model.keras")
            for rows in (1, 1000) if "ResNet" not in name else (1,):
                compare(name, network, path, rows)
        begun, used = perf_counter(), process_time()
        artifact = read(path)
        middle, middle_used = perf_counter(), process_time()
        compile_network(artifact.network)
        print(f"ResNet50: read {middle - begun:.2f} s ({middle_used - used:.2f} s CPU), ", end="")
        print(
            f"compiled {perf_counter() - middle:.2f} s ({process_time() - middle_used:.2f} s CPU)"
        )


if __name__ == "__main__":
    main()
