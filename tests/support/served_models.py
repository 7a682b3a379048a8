"""Small models of every kind that a server meets, trained once."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import numpy as np


@cache
def folder():
    return Path(mkdtemp(prefix="keramos-models-"))


def _saved(name, columns, target, task):
    from keramos.pipeline.load import load
    from keramos.pipeline.train import train
    from keramos.types.training import TrainingPlan

    path = folder() / f"{name}.keras"
    train(columns, target, task=task, plan=TrainingPlan(epochs=1)).save(path)
    return load(path)


@cache
def matrix_model():
    """Three classes of rows with four numbers; all columns travel in one matrix."""
    chance = random.Random(0)  # noqa: S311 (a table)
    columns = {name: [chance.uniform(0, 10) for _ in range(90)] for name in ("a", "b", "c", "d")}
    columns["kind"] = [("red", "green", "blue")[int(value) % 3] for value in columns["a"]]
    return _saved("matrix", columns, "kind", "multiclass")


@cache
def mixed_model():
    """A number from columns of every kind, some with missing cells."""
    chance = random.Random(1)  # noqa: S311 (a table)
    rows = 90
    columns = {
        "size": [chance.uniform(0, 10) for _ in range(rows)],
        "rooms": [None if row % 9 == 0 else chance.uniform(1, 5) for row in range(rows)],
        "place": [
            None if row % 7 == 0 else ("north", "south", "east")[row % 3] for row in range(rows)
        ],
        "floor": [row % 4 for row in range(rows)],
        "lift": [row % 2 == 0 for row in range(rows)],
        "built": [f"19{60 + row % 40}-0{1 + row % 9}-11" for row in range(rows)],
    }
    columns["price"] = [
        50 * size + 10 * floor
        for size, floor in zip(columns["size"], columns["floor"], strict=True)
    ]
    from keramos.pipeline.load import load
    from keramos.pipeline.train import train
    from keramos.types.training import TrainingPlan

    path = folder() / "mixed.h5"
    train(
        columns, "price", categorical=("floor",), task="regression", plan=TrainingPlan(epochs=1)
    ).save(path)
    return load(path)


@cache
def plain_model():
    """What plain Keras saved: two inputs, two outputs, one of them text in the first layer's
    vocabulary.
    """
    import keras

    from keramos.pipeline.load import load

    numbers = keras.Input((4,), name="x")
    words = keras.Input((1,), dtype="string", name="word")
    codes = keras.layers.StringLookup(vocabulary=["a", "b"], output_mode="one_hot")(words)
    joined = keras.layers.Concatenate()([numbers, codes])
    outputs = [
        keras.layers.Dense(2, name="two")(joined),
        keras.layers.Dense(1, name="one")(numbers),
    ]
    path = folder() / "plain.keras"
    keras.Model([numbers, words], outputs).save(path)
    return load(path)


def mixed_rows():
    """Three rows of ``mixed_model``, one with missing cells, by column."""
    return {
        "size": [1.5, 2.0, 3.25],
        "rooms": [2.0, None, 3.0],
        "place": ["north", None, "elsewhere"],
        "floor": [1, 2, 3],
        "lift": [True, False, True],
        "built": ["1971-03-11", "1980-01-01", "1999-12-31"],
    }


def matrix_rows(count=3):
    return np.random.default_rng(0).uniform(0, 10, (count, 4)).astype("float32")
