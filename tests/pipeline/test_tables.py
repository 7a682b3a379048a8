"""Every shared table: trained with defaults, saved in both containers, equal to plain Keras."""

import logging

import keras
import numpy as np
import pytest

import keramos
from keramos.data.read import as_table
from support.shared import TARGETS

EXACT = {"rtol": 1e-5, "atol": 1e-6}


def exactly(content):
    """The tolerance for a model's answers. A network for regression predicts deviations from the
    target's mean; near 0 an answer is the difference of two float32 numbers of that size.
    """
    target = content.preparation.target
    largest = max(1.0, abs(target.mean), target.deviation) if not target.counts else 1.0
    return {"rtol": 1e-5, "atol": 1e-6 * largest}


def plain_inputs(model, table, rows):
    """What a Keras user would pass: raw columns by input name, as tensors; dates go through
    keramos' own parts.
    """
    import tensorflow as tf

    if len(model.inputs) == 1:
        names = [name for name in table.columns if name in rows[0]]
        return tf.constant([[float(row[name]) for name in names] for row in rows], "float32")
    given = {}
    for tensor in model.inputs:
        cells = [row.get(tensor.name) for row in rows]
        if None in cells:
            return None
        given[tensor.name] = tf.constant([[cell] for cell in cells], tensor.dtype)
    return given


def complete_rows(table, target, limit=200):
    """Rows without missing values, as dicts of plain Python values."""
    gone = np.any([column.missing for column in table.columns.values()], axis=0)
    rows = np.flatnonzero(~gone)[:limit]
    names = [name for name in table.columns if name != target]
    return [{name: _plain(table.columns[name].values[row]) for name in names} for row in rows]


def _plain(cell):
    value = cell.item() if isinstance(cell, np.generic) else cell
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


LARGE = {"diamonds.parquet", "flights_late.parquet", "segment.csv"}
"""Tables that take from 12 s of arithmetic on, and are like others for the rest."""


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow if name in LARGE else ()) for name in TARGETS],
)
def test_a_table_trains_saves_and_answers_as_plain_keras_does(name, shared, tmp_path):
    logging.getLogger("absl").setLevel(logging.ERROR)
    table, target = as_table(shared / "datasets" / name), TARGETS[name]
    run = keramos.train(table, target)
    rows = complete_rows(table, target)
    for container in (".h5", ".keras"):
        path = tmp_path / f"model{container}"
        run.save(path)
        model, plain = keramos.load(path), keras.models.load_model(path)
        given = plain_inputs(
            plain,
            table,
            [{c.name: row[c.name] for c in run.content.schema.columns} for row in rows],
        )
        answers = model.predict(rows)
        if given is None:  # a date column: plain Keras gets its parts from keramos
            from keramos.runtime.verify import golden_feeds
            from keramos.training.keras_engine.answers import keras_outputs

            fed = golden_feeds(run.content, model.inputs)
            answers, expected = model.session.run(fed)[0], keras_outputs(path, fed)[0]
        else:
            expected = np.asarray(plain(given, training=False))
        np.testing.assert_allclose(answers, expected, **exactly(run.content))
        assert model.artifact.seal == "intact"
    assert any(map(is_better_than_a_guess, run.content.metrics))


def is_better_than_a_guess(metric):
    """Whether a metric is better than that of a constant guess, its 95 % interval included."""
    if metric.better == "higher":
        return metric.low > metric.baseline
    return metric.high < metric.baseline


def test_an_all_numeric_table_gives_a_file_that_plain_keras_predicts_with_one_matrix(
    shared, tmp_path
):
    path = tmp_path / "model.h5"
    keramos.train(
        shared / "datasets" / "concrete.csv", "compressive_strength", recipe="tutorial"
    ).save(path)
    matrix = np.loadtxt(shared / "datasets" / "concrete.csv", delimiter=",", skiprows=1)[
        :50, :-1
    ].astype("float32")

    expected = keras.models.load_model(path).predict(matrix, verbose=0)

    np.testing.assert_allclose(keramos.load(path).predict(matrix), expected, **EXACT)


@pytest.mark.parametrize(
    "name", ["bell\a", "two\nlines", "\u202eright to left", "../up", "", "a:b"]
)
def test_any_name_of_a_column_survives_being_saved(name, tmp_path):
    rows = [{name: "uvw"[i % 3], "z": 1.5 * i, "t": "xy"[i % 2]} for i in range(60)]
    keramos.train(rows, "t", plan=keramos.TrainingPlan(recipe="tutorial", epochs=1)).save(
        tmp_path / "m.h5"
    )

    assert keramos.load(tmp_path / "m.h5").decide([{name: "v", "z": 3.0}])[0].label in {"x", "y"}
