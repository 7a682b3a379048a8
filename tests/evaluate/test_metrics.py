"""Metrics against scikit-learn, and thresholds that do what they were tuned for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keramos.errors import UsageError
from keramos.evaluate.metrics import auc, f1, metrics
from keramos.evaluate.thresholds import GOALS, tune_threshold
from keramos.types.schema import TargetPreparation, TargetSchema
from sklearn import metrics as oracle

truths = st.lists(st.integers(0, 1), min_size=4, max_size=40).filter(lambda t: 0 < sum(t) < len(t))


@settings(deadline=None)
@given(truths, st.data())
def test_auc_and_f1_are_those_of_scikit_learn(truth, data):
    values = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1.0])
    score = np.array(data.draw(st.lists(values, min_size=len(truth), max_size=len(truth))))
    truth = np.array(truth)

    assert auc(truth, score) == pytest.approx(oracle.roc_auc_score(truth, score))
    assert f1(truth, score >= 0.5) == pytest.approx(oracle.f1_score(truth, score >= 0.5))


def by_name(found):
    return {metric.name: metric for metric in found}


def test_binary_metrics_stand_beside_what_the_majority_class_reaches():
    truth = np.array([[1.0], [1.0], [0.0], [1.0]], "float32")
    score = np.array([[0.9], [0.4], [0.2], [0.8]], "float32")
    target = TargetSchema("y", "binary", "", (0, 1))

    found = by_name(metrics(truth, score, target, TargetPreparation(counts=(2, 6)), 0.5))

    assert found["accuracy"].value == 0.75
    assert found["accuracy"].baseline == 0.75
    assert found["log_loss"].value == pytest.approx(
        oracle.log_loss(truth.ravel(), score.ravel().astype(float)), rel=1e-6
    )
    assert found["log_loss"].baseline == pytest.approx(
        oracle.log_loss(truth.ravel(), np.full(4, 0.75)), rel=1e-6
    )


def test_multiclass_metrics_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    truth, scores = rng.integers(0, 3, 50).astype("int32"), rng.dirichlet(np.ones(3), 50)
    target = TargetSchema("y", "multiclass", "", ("a", "b", "c"))

    found = by_name(metrics(truth, scores, target, TargetPreparation(counts=(1, 2, 3)), 0.5))

    assert found["accuracy"].value == pytest.approx(oracle.accuracy_score(truth, scores.argmax(1)))
    assert found["macro_f1"].value == pytest.approx(
        oracle.f1_score(truth, scores.argmax(1), average="macro")
    )
    assert found["log_loss"].value == pytest.approx(oracle.log_loss(truth, scores))


def test_regression_metrics_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    truth, answer = rng.normal(5, 2, (50, 1)), rng.normal(5, 2, (50, 1))
    target = TargetSchema("y", "regression", "")

    found = by_name(metrics(truth, answer, target, TargetPreparation(mean=4.0, deviation=2.0), 0.5))

    assert found["rmse"].value == pytest.approx(oracle.root_mean_squared_error(truth, answer))
    assert found["mae"].value == pytest.approx(oracle.mean_absolute_error(truth, answer))
    assert found["r2"].value == pytest.approx(oracle.r2_score(truth, answer))
    assert found["rmse"].baseline == pytest.approx(
        oracle.root_mean_squared_error(truth, np.full((50, 1), 4.0))
    )


@settings(deadline=None)
@given(truths, st.integers(0, 2**31), st.sampled_from(sorted(GOALS)))
def test_a_tuned_threshold_is_never_worse_than_one_half_on_the_rows_it_was_tuned_on(
    truth, seed, goal
):
    truth, score = np.array(truth, bool), np.random.default_rng(seed).random(len(truth))

    threshold, sentence = tune_threshold(truth, score, goal)

    assert GOALS[goal](truth, score >= threshold) >= GOALS[goal](truth, score >= 0.5)
    assert goal in sentence


def test_costs_move_the_threshold_towards_the_cheaper_mistake():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 400)
    score = np.clip(truth * 0.3 + rng.random(400) * 0.7, 0, 1)

    missing_is_dear, _ = tune_threshold(truth, score, (1.0, 20.0))
    alarm_is_dear, _ = tune_threshold(truth, score, (20.0, 1.0))

    assert missing_is_dear < alarm_is_dear


def test_an_unknown_goal_is_refused_with_the_known_ones():
    with pytest.raises(UsageError, match="balanced_accuracy"):
        tune_threshold(np.array([0, 1]), np.array([0.1, 0.9]), "beauty")
