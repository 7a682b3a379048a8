"""Categories with many levels: numbers for levels that betray no row's own target."""

import numpy as np
import pytest

import keramos
from keramos.compile.emit import compile_network
from keramos.data.infer import infer_schema
from keramos.data.read import as_table
from keramos.pipeline.prepared_rows import prepared_rows
from keramos.pipeline.training_job import job_of
from keramos.runtime.session import Session
from keramos.tabular.plan import Plan
from keramos.tabular.target_statistics import TargetStatistics, level_values, out_of_fold
from keramos.types.network import Network
from keramos.types.training import TrainingPlan

RNG = np.random.default_rng(0)
ROWS, LEVELS = 2000, 400
CODES = RNG.integers(0, LEVELS, ROWS)
EFFECT = RNG.normal(size=LEVELS)
NOISE = RNG.normal(size=ROWS)
TABLE = {
    "number": RNG.normal(size=ROWS),
    "shop": np.array([f"shop {code}" for code in CODES], object),
    "y": EFFECT[CODES] + 0.3 * NOISE,
}
PLAN = TrainingPlan(recipe="auto")


def prepared(columns):
    source = as_table(columns)
    return prepared_rows(source, infer_schema(source, "y"), PLAN, None, validate=False)


@pytest.mark.parametrize("recipe", ["linear", "network", "trees"])
def test_levels_help_every_recipe_and_the_file_answers_as_plain_keras(recipe, tmp_path):
    import keras
    import tensorflow as tf

    run = keramos.train(TABLE, "y", recipe=recipe)
    run.save(tmp_path / "m.h5")
    model = keramos.load(tmp_path / "m.h5")  # checks the golden rows
    rows = {"number": TABLE["number"][:50], "shop": np.append(TABLE["shop"][:49], "a new one")}
    fed = model.feeds(rows)

    opened = keras.models.load_model(tmp_path / "m.h5")
    theirs = opened([tf.constant(fed[one.name].tolist()) for one in opened.inputs])

    assert next(one.value for one in run.content.metrics if one.name == "r2") > 0.5
    np.testing.assert_allclose(model.predict(rows), np.asarray(theirs), rtol=1e-4, atol=1e-5)
    assert len(run.content.preparation.features) == 2


def test_a_planted_column_of_random_levels_tells_learning_rows_nothing():
    """With the means of their own rows, levels of few rows would betray each row's target."""
    rows = prepared({**TABLE, "y": NOISE})
    seen = rows.forms["prepared"][rows.learning, 0]
    own = level_values(CODES[rows.learning], NOISE[rows.learning][:, None], LEVELS)

    betrayed = np.corrcoef(own[CODES[rows.learning], 0], NOISE[rows.learning])[0, 1]
    told = np.corrcoef(seen, NOISE[rows.learning])[0, 1]

    assert betrayed > 0.4
    assert abs(told) < 0.1


def test_held_out_rows_and_rows_aside_change_no_number_of_a_level():
    first = prepared(TABLE)
    changed = {**TABLE, "y": TABLE["y"].copy()}
    changed["y"][first.parts.held_out] = 1e3
    second = prepared(changed)
    aside = np.arange(0, len(first.learning), 4)
    learning = np.setdiff1d(np.arange(len(first.learning)), aside)
    betrayed = {**TABLE, "y": TABLE["y"].copy()}
    betrayed["y"][first.learning[aside]] = 1e3

    folds = [job_of(one, PLAN).fold(learning, aside) for one in (first, prepared(betrayed))]

    assert first.preparation.inputs == second.preparation.inputs
    np.testing.assert_array_equal(folds[0].training.matrix, folds[1].training.matrix)
    np.testing.assert_array_equal(folds[0].held_out.raw, folds[1].held_out.raw)


def test_the_numbers_of_a_row_do_not_depend_on_its_own_target():
    targets = NOISE[:, None]
    before = out_of_fold(CODES, targets, LEVELS)
    other = targets.copy()
    other[7] += 100

    after = out_of_fold(CODES, other, LEVELS)

    assert before[7] == after[7]


def test_layers_give_what_apply_says_for_known_unseen_and_missing_levels():
    values = ((0.0, 1.0), (0.5, -1.0), (2.0, 0.25), (-1.0, 3.0))
    made = TargetStatistics("c", ("red", "blue"), "", missing_level=True, values=values)
    plan = Plan()
    out = made.layers(plan, plan.input("c", "string", 1))
    network = Network("n", plan.layers, tuple(plan.calls), tuple(plan.inputs), (out,))
    cells = ["blue", "", "red", "pink"]

    found = Session(compile_network(network)).run(
        {"c": np.array([[cell] for cell in cells], object)}
    )

    np.testing.assert_array_equal(found[0], np.float32(made.apply(cells)))
