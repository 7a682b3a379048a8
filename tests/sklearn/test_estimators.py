"""The estimators keep scikit-learn's conventions, by its own checks and in its own tools."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import keramos
from keramos.sklearn import KeramosClassifier, KeramosRegressor

FAST = {"recipe": "tutorial", "random_state": 0}


SAME_AS_REPEATED = "rows are held out one by one, and a repeated row is not one of weight two"


def _not_promised(_):
    names = ("dense_data", "sparse_data")
    return {f"check_sample_weight_equivalence_on_{name}": SAME_AS_REPEATED for name in names}


@parametrize_with_checks(
    [KeramosClassifier(**FAST), KeramosRegressor(**FAST)], expected_failed_checks=_not_promised
)
def test_scikit_learns_own_checks_pass(estimator, check):
    check(estimator)


def test_a_classifier_is_scored_searched_and_piped():
    x, y = load_iris(return_X_y=True)
    piped = make_pipeline(StandardScaler(), KeramosClassifier(recipe="linear", random_state=0))
    assert cross_val_score(piped, x, y, cv=3).mean() > 0.9
    search = GridSearchCV(KeramosClassifier(random_state=0), {"recipe": ["linear", "trees"]}, cv=2)
    assert search.fit(x, y).best_score_ > 0.85


def test_rows_count_by_their_weights_and_losses_have_names():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 2))
    y = x[:, 0] + np.where(x[:, 1] > 0, 2, -2)
    counts = x[:, 1] > 0

    lone = KeramosRegressor(recipe="linear", random_state=0).fit(x, y, counts.astype(float))
    both = KeramosRegressor(recipe="linear", random_state=0).fit(x, y)
    high = KeramosRegressor(recipe="tutorial", loss="quantile:0.9", random_state=0).fit(x, x[:, 1])

    assert np.abs(lone.predict(x) - y)[counts].mean() < 0.05
    assert np.abs(both.predict(x) - y)[counts].mean() > 0.5
    assert high.run_.content.trace.plan.loss == "quantile:0.9"
    with pytest.raises(ValueError, match="sample_weight has the shape"):
        lone.fit(x, y, [1.0])


def test_a_regressor_is_better_than_a_guess():
    x, y = load_diabetes(return_X_y=True)
    scores = cross_val_score(KeramosRegressor(recipe="linear", random_state=0), x, y, cv=3)
    assert scores.mean() > 0.35


@pytest.mark.parametrize(
    "labels",
    [
        ["no", "yes"],
        [0, 1],
        [2, 7],
        [False, True],
        [1.0, 2.0],
        ["1", "2"],
        ["1.5", "2.50"],
        ["no", "a b,c"],
    ],
)
def test_classes_come_back_as_they_were(labels, tmp_path):
    rng = np.random.default_rng(0)
    x = rng.random((80, 2))
    y = np.array(labels)[(x[:, 0] > 0.5).astype(int)]
    fitted = KeramosClassifier(recipe="linear", random_state=0).fit(x, y)
    assert fitted.predict(x).dtype == y.dtype
    assert (fitted.predict(x) == y).mean() > 0.9
    best = fitted.predict_proba(x).argmax(axis=1)
    assert (fitted.classes_[best] == fitted.predict(x)).all()
    fitted.save(tmp_path / "m.h5")
    saved = keramos.load(tmp_path / "m.h5")
    rows = [{"x0": float(a), "x1": float(b)} for a, b in x[:5]]
    decided = [one.score >= 0.5 for one in saved.decide(rows)]
    assert decided == [row[1] >= 0.5 for row in fitted.predict_proba(x[:5])]


def test_a_frame_keeps_its_names_and_kinds(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"size": rng.random(90), "colour": rng.choice(["red", "blue"], 90)})
    value = frame["size"] + (frame["colour"] == "red")
    fitted = KeramosRegressor(recipe="linear", random_state=0).fit(frame, value)
    assert list(fitted.feature_names_in_) == ["size", "colour"]
    assert fitted.score(frame, value) > 0.95
    fitted.save(tmp_path / "m.keras")
    saved = keramos.load(tmp_path / "m.keras").predict(frame).reshape(-1)
    assert saved.tolist() == fitted.predict(frame).tolist()
    assert clone(fitted).get_params() == fitted.get_params()
    with pytest.raises(ValueError, match="colour"):
        fitted.predict(frame.assign(colour=3.5j))


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_an_array_after_a_frame_has_the_columns_of_the_frame():
    frame, y = load_iris(return_X_y=True, as_frame=True)
    model = KeramosClassifier(recipe="linear", random_state=0).fit(frame, y)
    np.testing.assert_array_equal(model.predict_proba(frame.to_numpy()), model.predict_proba(frame))
