"""Table to saved file, beside the same job in plain Keras, from the same cold start: CPU seconds of
fresh processes. Then one epoch of a million rows in processes that are warm, beside scikit-learn
and, where it is installed, a whole epoch that JAX compiles to one program.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from importlib.util import find_spec
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


EPOCH = """
import sys, numpy as np
from time import process_time
rows, batch = 1_000_000, int(sys.argv[1])
rng = np.random.default_rng(0)
x = rng.random((rows, 10), dtype="float32")
y = (x[:, :3].sum(1) + rng.normal(0, 0.3, rows) > 1.5).astype("float32")
rows = min(rows, 4000 * batch)
x, y = x[:rows], y[:rows]
"""
TIMED = """
rates = []
for _ in range(3):
    begun = process_time()
    epoch()
    rates.append(rows / (process_time() - begun))
print(rates[0], max(rates))
"""
NUMPY_EPOCH = """
from keramos.platform.blas import one_thread
from keramos.training.numpy_engine.fitting import Batches, run_epoch
from keramos.training.numpy_engine.losses import binary_crossentropy
from keramos.training.numpy_engine.network import Dense, DenseNetwork, Dropout
from keramos.training.numpy_engine.optimizers import Adam, constant
plan = [Dense(32, "relu"), Dropout(0.3), Dense(16, "relu"), Dropout(0.3), Dense(1)]
network, optimizer = DenseNetwork(10, plan), Adam(constant(1e-3))
batches = Batches(x=x, y=y, size=batch, order=np.random.default_rng(0))
def epoch():
    with one_thread():
        run_epoch(network, batches, binary_crossentropy(), optimizer)
"""
KERAS_EPOCH = """
import keras
model = keras.Sequential([
    keras.Input((10,)), keras.layers.Dense(32, "relu"), keras.layers.Dropout(0.3),
    keras.layers.Dense(16, "relu"), keras.layers.Dropout(0.3), keras.layers.Dense(1, "sigmoid"),
])
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
def epoch():
    model.fit(x, y, batch_size=batch, epochs=1, verbose=0)
"""
SKLEARN_EPOCH = """
import warnings
from sklearn.neural_network import MLPClassifier
warnings.simplefilter("ignore")
def epoch():
    MLPClassifier((32, 16), batch_size=batch, max_iter=1).fit(x, y)
"""
JAX_EPOCH = """
import jax, jax.numpy as jnp
sizes = (10, 32), (32, 16), (16, 1)
weights = [(jnp.asarray(rng.normal(0, 0.3, s), "float32"), jnp.zeros(s[1])) for s in sizes]
moments = jax.tree.map(jnp.zeros_like, (weights, weights))
def loss(weights, x, y, key):
    for at, (kernel, bias) in enumerate(weights):
        x = x @ kernel + bias
        if at < 2:
            key, one = jax.random.split(key)
            x = jnp.where(jax.random.bernoulli(one, 0.7, x.shape), jax.nn.relu(x) / 0.7, 0)
    return jnp.mean(jnp.logaddexp(0, x[:, 0]) - y * x[:, 0])
def step(state, batch):
    weights, (mean, square), count, key = state
    key, one = jax.random.split(key)
    slopes = jax.grad(loss)(weights, *batch, one)
    count = count + 1
    mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, mean, slopes)
    square = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, square, slopes)
    rate = 1e-3 * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
    weights = jax.tree.map(
        lambda w, m, v: w - rate * m / (jnp.sqrt(v) + 1e-7), weights, mean, square
    )
    return (weights, (mean, square), count, key), None
@jax.jit
def run(state, order):
    order = order[: rows // batch * batch].reshape(-1, batch)
    return jax.lax.scan(lambda s, at: step(s, (jx[at], jy[at])), state, order)[0]
jx, jy, state = jnp.asarray(x), jnp.asarray(y), (weights, moments, 0.0, jax.random.key(0))
def epoch():
    global state
    state = jax.block_until_ready(run(state, jnp.asarray(rng.permutation(rows))))
"""
EPOCHS = {
    "Keras, fit": KERAS_EPOCH,
    "keramos": NUMPY_EPOCH,
    "scikit-learn, MLPClassifier": SKLEARN_EPOCH,
    "JAX, one program an epoch": JAX_EPOCH,
}
NEEDED = {
    "JAX, one program an epoch": "jax",
    "scikit-learn, MLPClassifier": "sklearn",
    "Keras, fit": "keras",
}


def _environment() -> dict[str, str]:
    """That of a user, whose Python keeps compiled modules."""
    found = {name: v for name, v in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**found, "TF_CPP_MIN_LOG_LEVEL": "3"}


def cpu(program: str, job: tuple[int, int, int], path: Path) -> float:
    """CPU seconds of one fresh process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-c", MAKE + program, *map(str, job), str(path)]
    subprocess.run(command, check=True, capture_output=True, env=_environment())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def jobs() -> None:
    """Print CPU seconds and their ratio, the best of several interleaved runs."""
    print(
        f"{'job':<38} {'plain Keras':>12} {'keramos':>9} {'ratio':>6}   (CPU s of a fresh process)"
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.h5")
        cpu(KERAMOS, (100, 1, 32), path)  # modules are compiled once
        for name, job in JOBS.items():
            runs = [(cpu(KERAS, job, path), cpu(KERAMOS, job, path)) for _ in range(RUNS)]
            theirs, mine = min(run[0] for run in runs), min(run[1] for run in runs)
            print(f"{name:<38} {theirs:>12.2f} {mine:>9.2f} {theirs / mine:>5.1f}x", flush=True)


def epochs() -> None:
    """Print rows per CPU second of the first and of the best epoch."""
    print(f"\n{'one epoch, million rows per CPU s':<38} {'batch':>6} {'first':>8} {'best':>8}")
    for batch in (1024, 32):
        for name, program in EPOCHS.items():
            if name in NEEDED and not find_spec(NEEDED[name]):
                continue
            command = [sys.executable, "-c", EPOCH + program + TIMED, str(batch)]
            ran = subprocess.run(
                command, check=True, capture_output=True, text=True, env=_environment()
            )
            first, best = (float(word) / 1e6 for word in ran.stdout.split()[-2:])
            print(f"{name:<38} {batch:>6} {first:>8.3f} {best:>8.3f}", flush=True)


def main() -> None:
    """Run what the arguments name: ``jobs``, ``epochs``, or both."""
    for part in sys.argv[1:] or ("jobs", "epochs"):
        {"jobs": jobs, "epochs": epochs}[part]()


if __name__ == "__main__":
    main()
