"""What train measures beside its metrics, and that none of it learns from held-out rows."""

import numpy as np
import pytest

import keramos
from keramos.data.folds import fold_splits
from keramos.data.split_keys import SplitKeys
from keramos.errors import UsageError
from keramos.evaluate.calibration import expected_error, temperature_of
from keramos.pipeline.inspect import describe
from keramos.report.card import card
from keramos.report.views.model import model_view

RNG = np.random.default_rng(0)
ROWS = 400
X = RNG.normal(size=(ROWS, 2))
TABLE = {
    "strong": X[:, 0],
    "weak": X[:, 1],
    "city": RNG.choice(["north", "south"], ROWS),
    "y": np.where(2 * X[:, 0] + RNG.normal(0, 1, ROWS) > 0, "yes", "no"),
}
PLAN = {"recipe": "tutorial", "epochs": 60, "batch_size": 8, "learning_rate": 0.01}


@pytest.fixture(scope="module")
def run():
    return keramos.train(
        TABLE, "y", calibrate=True, importance=True, by=["city", "weak"], folds=2, **PLAN
    )


def test_columns_that_matter_come_first_and_numbers_show_how(run):
    first, *others = run.content.evaluation.importance.columns

    assert first.column == "strong"
    assert first.rise > 3 * max(one.rise for one in others)
    assert list(first.answers) == sorted(first.answers)


def test_groups_are_all_held_out_rows_and_numbers_become_quarters(run):
    groups = run.content.evaluation.groups
    cities = [one for one in groups if one.column == "city"]

    assert {one.group for one in cities} == {"north", "south"}
    assert sum(one.rows for one in cities) == len(run.split.held_out)
    assert len([one for one in groups if one.column == "weak"]) == 4


def test_folds_hold_out_every_row_once(run):
    folds = run.content.evaluation.folds

    assert [one.fold for one in folds] == [1, 2]
    assert sum(one.rows for one in folds) == ROWS


def test_a_calibrated_file_opens_in_plain_keras_and_keeps_its_measurements(run, tmp_path):
    import keras

    for suffix in (".h5", ".keras"):
        path = tmp_path / f"m{suffix}"
        run.save(path)
        model = keramos.load(path)
        rows = {name: TABLE[name] for name in ("strong", "weak", "city")}
        fed = {name: np.asarray(array).reshape(-1, 1) for name, array in model.feeds(rows).items()}
        import tensorflow as tf

        tensors = [tf.constant(fed[one.name].tolist()) for one in model.inputs]
        theirs = np.asarray(keras.models.load_model(path)(tensors))

        np.testing.assert_allclose(model.predict(rows), theirs, rtol=1e-5, atol=1e-6)
        assert model.content.evaluation == run.content.evaluation


def test_pages_terminals_and_cards_show_what_was_measured(run, tmp_path):
    run.save(tmp_path / "m.h5")
    model = keramos.load(tmp_path / "m.h5")

    view = model_view(describe(model.artifact), None, "m")
    titles = [one.title for one in view.quality.studies]
    wanted = ["Calibration", "Importance of columns", "Answers by column", "By city", "By weak"]

    assert titles == [*wanted, "Folds"]
    assert all(f"**{title}.**" in card(view, "binary") for title in titles)


@pytest.mark.parametrize("recipe", ["linear", "trees"])
def test_every_recipe_is_calibrated_by_its_logits(recipe, tmp_path):
    labels = RNG.permutation(np.arange(ROWS) % 3)
    run = keramos.train({**TABLE, "y": labels}, "y", recipe=recipe, calibrate=True)
    run.save(tmp_path / "m.h5")

    keramos.load(tmp_path / "m.h5")  # checks the golden rows
    assert run.content.evaluation.temperature.temperature > 0


def test_the_temperature_undoes_what_scaled_the_logits():
    truth = RNG.random(4000)
    p = RNG.random(4000)
    y, logits = truth < p, np.log(p / (1 - p))[:, None]

    assert temperature_of((y, logits * 2.5, None)) == pytest.approx(2.5, rel=0.1)
    assert temperature_of((y, logits, None)) == pytest.approx(1, abs=0.1)
    assert expected_error(p, y, None) < 0.05


def test_held_out_rows_change_neither_the_temperature_nor_the_weights():
    timed = {**TABLE, "day": np.arange(ROWS)}
    options = {"calibrate": True, "recipe": "tutorial", "time_column": "day"}
    before = keramos.train(timed, "y", **options)
    betrayed = TABLE["y"].copy()
    held_out = before.split.held_out
    betrayed[held_out] = np.where(betrayed[held_out] == "yes", "no", "yes")

    after = keramos.train({**timed, "y": betrayed}, "y", **options)

    first, second = (run.content.evaluation.temperature.temperature for run in (before, after))
    assert first == second
    for name, layer in before.network.layers.items():
        for one, other in zip(layer.weights, after.network.layers[name].weights, strict=True):
            np.testing.assert_array_equal(one, other)


def test_folds_of_groups_stay_together_and_those_of_time_come_later():
    groups = RNG.integers(0, 30, ROWS)
    times = RNG.integers(0, 100, ROWS)
    keys = {by: SplitKeys(by, by, cells) for by, cells in (("groups", groups), ("time", times))}

    for one in fold_splits(keys["groups"], ROWS, None, folds=4, seed=0):
        assert not set(groups[one.training]) & set(groups[one.held_out])
    for one in fold_splits(keys["time"], ROWS, None, folds=4, seed=0):
        assert times[one.training].max() < times[one.held_out].min()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"folds": 1}, "folds must be 2 or more"),
        ({"repeats": 2}, "repeats must be 1 or more, of folds"),
        ({"by": ["nowhere"]}, "no such column"),
    ],
)
def test_measurements_that_cannot_be_made_are_refused(options, message):
    with pytest.raises(UsageError, match=message):
        keramos.train(TABLE, "y", recipe="linear", **options)


def test_probabilities_of_numbers_are_not_calibrated():
    with pytest.raises(UsageError, match="the target is numbers"):
        keramos.train({**TABLE, "y": X[:, 0] * 2}, "y", calibrate=True)
