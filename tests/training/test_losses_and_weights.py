"""Losses that a plan names, and weights of rows, from the table to the file and the page."""

import numpy as np
import pytest

import keramos
from keramos.errors import UsageError
from keramos.training.blending.linear import ridge
from keramos.training.keras_engine.losses import keras_loss
from keramos.training.loss_words import WORDS, loss_of
from keramos.training.numpy_engine.losses import named
from keramos.types.training import TrainingPlan

RNG = np.random.default_rng(0)
ROWS = 300
X = RNG.normal(size=(ROWS, 2))
WEIGHTS = RNG.integers(0, 3, ROWS)
TABLE = {
    "a": X[:, 0],
    "b": X[:, 1],
    "w": WEIGHTS,
    "y": RNG.poisson(np.exp(1 + 0.5 * X[:, 0])) + RNG.integers(0, 2, ROWS) * 0.5,
}
LOSSES = ["squared", "absolute", "huber:0.7", "quantile:0.9", "poisson"]
FIRST = ["rmse", "mae", "huber_loss", "pinball_loss", "poisson_deviance"]


def value(run, name):
    return next(one.value for one in run.content.metrics if one.name == name)


@pytest.fixture(scope="module", params=zip(LOSSES, FIRST, strict=True), ids=LOSSES)
def trained(request):
    loss, metric = request.param
    return keramos.train(TABLE, "y", loss=loss, recipe="blend", weight_column="w"), metric


def test_a_file_of_each_loss_is_better_than_a_constant_and_opens_in_plain_keras(trained, tmp_path):
    import keras

    run, metric = trained
    run.save(tmp_path / "m.h5")
    first = run.content.metrics[0]

    rows = {name: TABLE[name] for name in ("a", "b")}
    ours = keramos.load(tmp_path / "m.h5").predict(rows)
    theirs = keras.models.load_model(tmp_path / "m.h5")(np.float32(X))

    assert first.name == metric
    assert first.value < first.baseline
    np.testing.assert_allclose(ours, np.asarray(theirs), rtol=1e-5, atol=1e-5)


def test_a_quantile_holds_its_share_of_truths():
    run = keramos.train(TABLE, "y", loss="quantile:0.9", recipe="blend")

    assert 0.75 <= value(run, "share_at_or_below") <= 1


@pytest.mark.parametrize("word", LOSSES)
def test_both_engines_have_the_same_loss_by_row(word):
    y, answers = np.float32([[0], [1], [4]]), np.float32([[0.5], [2], [1]])
    loss = loss_of(TrainingPlan(loss=word), "regression")
    logits = np.log(answers) if loss.is_rate else answers
    theirs = keras_loss(loss)
    if isinstance(theirs, str):
        import keras

        theirs = keras.losses.get(theirs)

    ours = named(loss).rows(logits, y)[0].mean()

    by_row = np.asarray(theirs(y, answers))
    np.testing.assert_allclose(ours, by_row.mean(), rtol=1e-5)


@pytest.mark.parametrize("engine", ["numpy", "keras"])
def test_epochs_and_metrics_count_rows_by_weight(engine):
    run = keramos.train(TABLE, "y", weight_column="w", recipe="tutorial", engine=engine, epochs=2)
    deviation = run.content.preparation.target.deviation

    loss = run.content.trace.epochs[-1].held_out_loss

    assert value(run, "rmse") == pytest.approx(loss**0.5 * deviation, rel=1e-4)


def test_the_linear_recipe_learns_a_weight_as_so_many_rows():
    repeated = np.repeat(np.arange(ROWS), WEIGHTS)

    weighted = ridge(X, TABLE["y"], weights=WEIGHTS)
    plain = ridge(X[repeated], TABLE["y"][repeated])

    for one, other in zip(weighted, plain, strict=True):
        np.testing.assert_allclose(one, other)


def test_the_column_of_weights_is_named_in_the_file_and_never_an_input():
    run = keramos.train(TABLE, "y", recipe="linear", weight_column="w")

    assert [column.name for column in run.content.schema.columns] == ["a", "b"]
    assert run.content.provenance.weights == "w"
    (dropped,) = run.content.schema.dropped
    assert (dropped.name, dropped.reason) == ("w", "says how much each row counts")


@pytest.mark.parametrize(
    ("cells", "received"),
    [([1.0] * 299 + [-1.0], "-1"), ([1.0] * 299 + [np.nan], "nothing"), (["x"] * 300, "'x'")],
)
def test_weights_that_are_none_are_refused_by_row(cells, received):
    with pytest.raises(UsageError, match="every weight must be a number") as caught:
        keramos.train({**TABLE, "w": cells}, "y", recipe="linear", weight_column="w")

    assert caught.value.received.startswith(received)


@pytest.mark.parametrize("word", ["hubert", "huber:0", "quantile:1", "poisson:2", "squared:"])
def test_words_that_name_no_loss_are_refused(word):
    with pytest.raises(UsageError, match="the loss must be"):
        loss_of(TrainingPlan(loss=word), "regression")


def test_a_loss_of_numbers_is_refused_for_classes_and_rates_need_counts():
    with pytest.raises(UsageError, match="always binary_crossentropy"):
        keramos.train({**TABLE, "y": np.arange(ROWS) % 2}, "y", loss="huber")
    with pytest.raises(UsageError, match="counts or rates"):
        keramos.train({**TABLE, "y": X[:, 0]}, "y", loss="poisson")
    assert set(WORDS) == {word.split(":")[0] for word in LOSSES}
