"""Table to saved file, beside the same job in plain Keras, from the same cold start: CPU seconds of
fresh processes.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

RUNS = 3
MAKE = """
import os, sys, numpy as np
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
rows, epochs, batch, path = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
rng = np.random.default_rng(0)
x = rng.random((rows, 10), dtype="float32")
y = (x[:, :3].sum(1) + rng.normal(0, 0.3, rows) > 1.5).astype("float32")
"""
KERAMOS = """
import keramos
table = {f"x{i}": x[:, i] for i in range(10)} | {"y": y.astype("int64")}
plan = keramos.TrainingPlan(recipe="tutorial", epochs=epochs, batch_size=batch, hidden=(32, 16))
keramos.train(table, "y", plan=plan).save(path)
"""
KERAS = """
import keras
cut = int(rows * 0.8)
low, width = x[:cut].min(0), np.ptp(x[:cut], axis=0)
model = keras.Sequential([
    keras.Input((10,)), keras.layers.Rescaling((1 / width).tolist(), (-low / width).tolist()),
    keras.layers.Dense(32, "relu"), keras.layers.Dropout(0.3), keras.layers.Dense(16, "relu"),
    keras.layers.Dropout(0.3), keras.layers.Dense(1, "sigmoid"),
])
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
held_out = (x[cut:], y[cut:])
model.fit(
    x[:cut], y[:cut], batch_size=batch, epochs=epochs, validation_data=held_out, verbose=0
)
model.save(path)
"""
JOBS = {
    "1,000 x 10, 10 epochs, batch 32": (1_000, 10, 32),
    "1,000,000 x 10, 1 epoch, batch 1024": (1_000_000, 1, 1024),
    "1,000,000 x 10, 10 epochs, batch 1024": (1_000_000, 10, 1024),
}


def cpu(program: str, job: tuple[int, int, int], path: Path) -> float:
    """CPU seconds of one fresh process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-c", MAKE + program, *map(str, job), str(path)]
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main() -> None:
    """Print CPU seconds and their ratio, the best of several interleaved runs."""
    print(
        f"{'job':<38} {'plain Keras':>12} {'keramos':>9} {'ratio':>6}   (CPU s of a fresh process)"
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.h5")
        for name, job in JOBS.items():
            runs = [(cpu(KERAS, job, path), cpu(KERAMOS, job, path)) for _ in range(RUNS)]
            theirs, mine = min(run[0] for run in runs), min(run[1] for run in runs)
            print(f"{name:<38} {theirs:>12.2f} {mine:>9.2f} {mine / theirs:>5.2f}x")


if __name__ == "__main__":
    main()
