"""Small models of every kind that a server meets, trained once."""

from __future__ import annotations

import random
from functools import cache

import numpy as np

from keramos.pipeline.load import load
from support.built_once import built

_ROWS = 90


def folder():
    """The folder of all these models, ready to be served."""
    return built("served_models", _make)


@cache
def matrix_model():
    """Three classes of rows with four numbers; all columns travel in one matrix."""
    return load(folder() / "matrix.keras")


@cache
def mixed_model():
    """A number from columns of every kind, some with missing cells."""
    return load(folder() / "mixed.h5")


@cache
def undated_model():
    """``mixed_model`` without its column of dates, in a folder of its own."""
    return load(
        built("undated_model", lambda path: _make_mixed(path / "m.h5", ("built",))) / "m.h5"
    )


@cache
def plain_model():
    """What plain Keras saved: two inputs, two outputs, one of them text in the first layer's
    vocabulary.
    """
    return load(folder() / "plain.keras")


def _make(path):
    _make_matrix(path / "matrix.keras")
    _make_mixed(path / "mixed.h5")
    _make_plain(path / "plain.keras")


def _make_matrix(path):
    from keramos.pipeline.train import train
    from keramos.types.training import TrainingPlan

    chance = random.Random(0)  # noqa: S311 (a table)
    columns = {name: [chance.uniform(0, 10) for _ in range(_ROWS)] for name in ("a", "b", "c", "d")}
    columns["kind"] = [("red", "green", "blue")[int(value) % 3] for value in columns["a"]]
    train(columns, "kind", task="multiclass", plan=TrainingPlan(recipe="tutorial", epochs=1)).save(
        path
    )


def _make_mixed(path, drop=()):
    from keramos.pipeline.train import train
    from keramos.types.training import TrainingPlan

    chance = random.Random(1)  # noqa: S311 (a table)
    size = [chance.uniform(0, 10) for _ in range(_ROWS)]
    columns = {
        "size": size,
        "rooms": [None if row % 9 == 0 else chance.uniform(1, 5) for row in range(_ROWS)],
        "place": [
            None if row % 7 == 0 else ("north", "south", "east")[row % 3] for row in range(_ROWS)
        ],
        "floor": [row % 4 for row in range(_ROWS)],
        "lift": [row % 2 == 0 for row in range(_ROWS)],
        "built": [f"19{60 + row % 40}-0{1 + row % 9}-11" for row in range(_ROWS)],
        "price": [50 * area + 10 * (row % 4) for row, area in enumerate(size)],
    }
    plan = TrainingPlan(recipe="tutorial", epochs=1)
    run = train(columns, "price", drop=drop, categorical=("floor",), task="regression", plan=plan)
    run.save(path)


def _make_plain(path):
    import keras

    numbers = keras.Input((4,), name="x")
    words = keras.Input((1,), dtype="string", name="word")
    codes = keras.layers.StringLookup(vocabulary=["a", "b"], output_mode="one_hot")(words)
    joined = keras.layers.Concatenate()([numbers, codes])
    outputs = [
        keras.layers.Dense(2, name="two")(joined),
        keras.layers.Dense(1, name="one")(numbers),
    ]
    keras.Model([numbers, words], outputs).save(path)


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
