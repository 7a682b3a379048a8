"""What opening the same model costs in each form and in peers: CPU milliseconds, the least of many.

One model of tf-keras is saved as a SavedModel and as .h5; keramos reads both and the forms that it
writes of them; tf-keras and Keras' TFSMLayer open the SavedModel.
"""

from __future__ import annotations

import tempfile
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import tf_keras

import keramos
from keramos.artifact.read import read

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 9
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


def least(action: Callable[[], object], rounds: int = ROUNDS) -> float:
    """CPU milliseconds of the fastest of some rounds."""
    costs = []
    for _ in range(rounds):
        begun = time.process_time()
        action()
        costs.append(time.process_time() - begun)
    return min(costs) * 1000


def costs(model: tf_keras.Model, folder: Path) -> dict[str, float]:
    """Form or peer -> milliseconds."""
    model.save(folder / "sm", save_format="tf")
    model.save(folder / "m.h5")
    keramos.convert(folder / "m.h5", folder / "m.keras")
    keramos.convert(folder / "m.h5", folder / "frozen")
    found = {"SavedModel": folder / "sm", ".h5": folder / "m.h5", ".keras": folder / "m.keras"}
    made = {name: least(lambda path=path: read(path)) for name, path in found.items()}
    made["SavedModel by graph"] = least(lambda: read(folder / "frozen"))
    made["tf-keras"] = least(lambda: tf_keras.models.load_model(folder / "sm"), 3)
    made["TFSMLayer"] = least(lambda: _layer(folder / "sm"), 3)
    return made


def _layer(path: Path) -> None:
    import keras

    keras.layers.TFSMLayer(str(path), call_endpoint="serving_default")


def main() -> None:
    """Print a table."""
    warnings.simplefilter("ignore")
    rows = {}
    for name, layers in MODELS.items():
        with tempfile.TemporaryDirectory() as folder:
            model = tf_keras.Sequential(layers)
            model.predict(np.zeros((1, *model.input_shape[1:])), verbose=0)
            rows[name] = costs(model, Path(folder))
    heads = list(next(iter(rows.values())))
    print(f"| model | {' | '.join(heads)} | SavedModel / .h5 |")
    print("|" + "---|" * (len(heads) + 2))
    for name, made in rows.items():
        cells = " | ".join(f"{made[head]:.1f}" for head in heads)
        print(f"| {name} | {cells} | {made['SavedModel'] / made['.h5']:.1f} |")


if __name__ == "__main__":
    main()
