"""Training: the same seed gives the same weights, a network of one's own is welcome, what cannot be
is refused.
"""

import keras
import numpy as np
import pytest

from keramos.errors import UsageError
from keramos.pipeline.train import train
from keramos.types.training import TrainingPlan

RNG = np.random.default_rng(0)
X = RNG.random((200, 3))
NUMBERS = {
    "a": X[:, 0],
    "b": X[:, 1],
    "c": X[:, 2],
    "y": X @ [3.0, -2.0, 1.0] + RNG.normal(0, 0.05, 200),
}
CLASSES = {**NUMBERS, "y": np.where(NUMBERS["y"] > np.median(NUMBERS["y"]), "high", "low")}
QUICK = TrainingPlan(recipe="tutorial", epochs=3)


def weights(run):
    return [array for layer in run.network.layers.values() for array in layer.weights]


def test_the_same_seed_gives_the_same_weights_and_another_seed_others():
    first, again = train(CLASSES, "y", plan=QUICK), train(CLASSES, "y", plan=QUICK)
    other = train(CLASSES, "y", plan=TrainingPlan(recipe="tutorial", epochs=3, seed=1))

    assert all(np.array_equal(a, b) for a, b in zip(weights(first), weights(again), strict=True))
    assert not all(
        np.array_equal(a, b) for a, b in zip(weights(first), weights(other), strict=True)
    )
    assert (
        first.content.provenance.training_index_digest
        != other.content.provenance.training_index_digest
    )


def test_every_epoch_is_told_as_it_ends_and_kept_in_the_trace():
    told = []

    run = train(NUMBERS, "y", plan=QUICK, on_epoch=told.append)

    assert tuple(told) == run.content.trace.epochs
    assert [epoch.number for epoch in told] == [1, 2, 3]
    assert run.content.trace.loss == "mean_squared_error"


def test_a_network_of_ones_own_is_trained_in_place_of_the_default():
    x = keras.Input((3,))
    own = keras.Model(
        x,
        keras.layers.Dense(1)(keras.layers.BatchNormalization()(keras.layers.Dense(7, "tanh")(x))),
    )

    run = train(NUMBERS, "y", plan=TrainingPlan(recipe="tutorial", epochs=20), model=own)

    assert "BatchNormalization" in [layer.kind for layer in run.network.layers.values()]


def test_a_network_that_does_not_fit_the_table_is_refused_with_both_shapes():
    own = keras.Sequential([keras.Input((5,)), keras.layers.Dense(1)])

    with pytest.raises(UsageError, match=r"\(None, 3\).*\(None, 5\)"):
        train(NUMBERS, "y", model=own)


def test_early_stopping_ends_training_and_keeps_the_best_weights():
    noise = {**CLASSES, "y": RNG.permutation(CLASSES["y"])}

    run = train(
        noise,
        "y",
        plan=TrainingPlan(recipe="tutorial", epochs=60, early_stopping=2, learning_rate=0.01),
    )

    assert len(run.content.trace.epochs) < 60


def test_a_tuned_threshold_says_on_which_rows_it_was_tuned():
    run = train(CLASSES, "y", plan=QUICK, threshold="f1")

    assert "validation rows taken from the training rows" in run.content.rule.origin


def test_class_weights_raise_the_scores_of_a_rare_class():
    rare = {**CLASSES, "y": np.where(NUMBERS["y"] > np.quantile(NUMBERS["y"], 0.9), "z", "a")}

    plain = train(rare, "y", plan=TrainingPlan(recipe="tutorial", epochs=5))
    weighted = train(rare, "y", plan=TrainingPlan(recipe="tutorial", epochs=5, class_weight=True))

    assert np.mean(weighted.content.golden.outputs) > np.mean(plain.content.golden.outputs)


@pytest.mark.parametrize(
    "wrong",
    [{"epochs": 0}, {"batch_size": -1}, {"hidden": (0,)}, {"learning_rate": 2.0}, {"seed": -1}],
)
def test_a_number_that_makes_no_sense_is_refused_by_name(wrong):
    with pytest.raises(UsageError, match=next(iter(wrong)).replace("_", " ")):
        TrainingPlan(**wrong)
