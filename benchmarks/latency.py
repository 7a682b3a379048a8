"""One row in a warm process: keramos by every way in, beside bare ONNX Runtime. Microseconds,
minimum of many runs.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime as ort

import keramos
from keramos.compile.emit import compile_network
from keramos.datasets import GERMAN_CREDIT

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS, CALLS = 30, 200


def microseconds(call: Callable[[], object]) -> float:
    """The fastest of many rounds, per call."""
    best = float("inf")
    for _ in range(ROUNDS):
        begun = perf_counter()
        for _ in range(CALLS):
            call()
        best = min(best, (perf_counter() - begun) / CALLS)
    return best * 1e6


def main() -> None:
    """Print one line a way in."""
    rng = np.random.default_rng(0)
    table = {f"x{i}": rng.random(1000) for i in range(10)}
    table["y"] = sum(table.values()) + rng.normal(0, 0.1, 1000)
    plan = keramos.TrainingPlan(recipe="tutorial", epochs=1, hidden=(32, 16))
    with tempfile.TemporaryDirectory() as folder:
        numbers, mixed = Path(folder, "numbers.h5"), Path(folder, "mixed.h5")
        keramos.train(table, "y", plan=plan).save(numbers)
        keramos.train(GERMAN_CREDIT, "risk", plan=plan).save(mixed)
        model, credit = keramos.load(numbers), keramos.load(mixed)
    x = rng.random((1, 10)).astype("float32")
    row = {f"x{i}": float(x[0, i]) for i in range(10)}
    names = GERMAN_CREDIT.read_text().splitlines()
    cells = dict(zip(names[0].split(","), names[1].split(","), strict=True))
    person = {name: int(cell) if cell.isdigit() else cell for name, cell in cells.items()}
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    bare = ort.InferenceSession(compile_network(model.artifact.network).onnx, options)
    ways = {
        "bare InferenceSession.run, 1 x 10 array": lambda: bare.run(None, {"features": x}),
        "keramos predict, 1 x 10 array": lambda: model.predict(x),
        "keramos predict, dict of 10 numbers": lambda: model.predict([row]),
        "keramos predict, dict of 10 mixed columns": lambda: credit.predict([person]),
        "keramos decide, dict of 10 mixed columns": lambda: credit.decide([person]),
    }
    found = {name: microseconds(call) for name, call in ways.items()}
    base = next(iter(found.values()))
    for name, value in found.items():
        print(f"{name:<44} {value:>7.1f} µs {value / base:>5.2f}x")


if __name__ == "__main__":
    main()
