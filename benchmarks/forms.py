"""What opening the same model costs in each form and in peers, beside its ``.h5``: CPU time.

One model of tf-keras is saved in every form. ``warm`` opens each in this process, in turns, and
takes the least of many; ``cold`` does it in fresh processes. Peers open the SavedModel.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import tf_keras

import keramos
from keramos.artifact.read import read

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = int(os.environ.get("ROUNDS", "15"))
COLD = int(os.environ.get("COLD", "7"))
MOST = 1.5
"""What reading another form may cost, as a multiple of ``.h5``."""

LAYERS = tf_keras.layers
MODELS = {
    "dense, 3 layers": [
        LAYERS.Dense(32, "relu", input_shape=(10,)),
        LAYERS.Dense(16, "relu"),
        LAYERS.Dense(1, "sigmoid"),
    ],
    "convolutions, 12 layers": [
        LAYERS.InputLayer(input_shape=(32, 32, 3)),
        *(
            part
            for _ in range(3)
            for part in (LAYERS.Conv2D(32, 3), LAYERS.BatchNormalization(), LAYERS.ReLU())
        ),
        LAYERS.GlobalAveragePooling2D(),
        LAYERS.Dense(10, "softmax"),
    ],
    "LSTM": [LAYERS.LSTM(32, input_shape=(20, 8)), LAYERS.Dense(1)],
}
READ = "from keramos.artifact.read import read; read({!r}, weights={!r}, by={!r})"


def written(model: tf_keras.Model, folder: Path) -> dict[str, tuple[Path, Path | None, str | None]]:
    """Form -> path, path of separate weights, and what is read; the ``.h5`` first."""
    model.save(folder / "m.h5")
    model.save(folder / "sm", save_format="tf")
    model.save_weights(folder / "w", save_format="tf")
    (folder / "m.json").write_text(model.to_json())
    keramos.convert(folder / "m.h5", folder / "m.keras")
    keramos.convert(folder / "m.h5", folder / "js", to="tfjs")
    return {
        ".h5": (folder / "m.h5", None, None),
        ".keras": (folder / "m.keras", None, None),
        "SavedModel by config": (folder / "sm", None, "config"),
        "SavedModel by graph": (folder / "sm", None, "graph"),
        "TensorFlow.js": (folder / "js", None, None),
        "checkpoint": (folder / "m.json", folder / "w.index", None),
    }


def least(actions: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """CPU milliseconds of the fastest of some rounds, in each of which every action runs once."""
    found = dict.fromkeys(actions, float("inf"))
    for _ in range(rounds):
        for name, action in actions.items():
            before = _spent()
            action()
            found[name] = min(found[name], 1000 * (_spent() - before))
    return found


def _spent() -> float:
    """CPU seconds of this process and of those that it waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _cold(path: Path, weights: Path | None, by: str | None) -> None:
    """Read in a fresh process, with the bytecode of the one before."""
    code = READ.format(str(path), None if weights is None else str(weights), by)
    held = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([sys.executable, "-c", code], check=True, env=held)


def peers(path: Path) -> dict[str, Callable[[], object]]:
    """What opens a SavedModel besides keramos and is installed."""
    found: dict[str, Callable[[], object]] = {
        "tf-keras": partial(tf_keras.models.load_model, path),
        "TFSMLayer": partial(_layer, path),
    }
    if find_spec("openvino") is None:
        print("OpenVINO is not installed: left out", file=sys.stderr)
        return found
    import openvino

    return {**found, "OpenVINO": partial(openvino.Core().read_model, path)}


def _layer(path: Path) -> None:
    import keras

    keras.layers.TFSMLayer(str(path), call_endpoint="serving_default")


def costs(model: tf_keras.Model, folder: Path) -> dict[str, dict[str, float]]:
    """Warm and cold: form or peer -> milliseconds."""
    forms = written(model, folder)
    inside = {
        name: partial(read, path, weights=weights, by=by)
        for name, (path, weights, by) in forms.items()
    }
    fresh = {name: partial(_cold, *form) for name, form in forms.items()}
    warm = least(inside, ROUNDS) | least(peers(folder / "sm"), 3)
    return {"warm": warm, "cold": least(fresh, COLD)}


def main() -> None:
    """Print a table; exit with 1 where a form costs more than ``MOST`` times the ``.h5``."""
    warnings.simplefilter("ignore")
    beyond = []
    for name, layers in MODELS.items():
        with tempfile.TemporaryDirectory() as folder:
            model = tf_keras.Sequential(layers)
            model.predict(np.zeros((1, *model.input_shape[1:])), verbose=0)
            made = costs(model, Path(folder))
        for way, found in made.items():
            base = found[".h5"]
            cells = [f"{head} {cost:.1f} ({cost / base:.2f})" for head, cost in found.items()]
            print(f"| {name}, {way} | {' | '.join(cells)} |", flush=True)
            forms = list(found)[:6]
            beyond += [(name, way, form) for form in forms if found[form] > MOST * base]
    print(f"beyond {MOST} times .h5: {beyond or 'nothing'}")
    sys.exit(bool(beyond))


if __name__ == "__main__":
    main()
