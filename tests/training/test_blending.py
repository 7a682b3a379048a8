"""Linear models are scikit-learn's; a blend is never worse than its best model on its rows."""

import numpy as np
import pytest

from keramos.training.blending.blend import blend_weights
from keramos.training.blending.linear import logistic, ridge
from keramos.training.boosting.objectives import Logistic, Softmax

RNG = np.random.default_rng(0)
X = RNG.normal(size=(400, 12))
NOISY = X[:, 0] - X[:, 1] + RNG.normal(size=400)


def test_ridge_is_the_ridge_of_scikit_learn():
    from sklearn.linear_model import Ridge

    theirs = Ridge(alpha=1).fit(X, NOISY)

    kernel, bias = ridge(X, NOISY)

    np.testing.assert_allclose(kernel[:, 0], theirs.coef_, rtol=1e-10)
    np.testing.assert_allclose(bias[0], theirs.intercept_, rtol=1e-10)


def test_logistic_regression_of_two_classes_is_that_of_scikit_learn():
    from sklearn.linear_model import LogisticRegression

    y = (NOISY > 0).astype(int)
    theirs = LogisticRegression(tol=1e-8, max_iter=1000).fit(X, y)

    kernel, bias = logistic(X, y, Logistic())

    np.testing.assert_allclose(kernel[:, 0], theirs.coef_[0], atol=2e-4)
    np.testing.assert_allclose(bias[0], theirs.intercept_[0], atol=2e-4)


def test_logistic_regression_of_three_classes_is_that_of_scikit_learn():
    from sklearn.linear_model import LogisticRegression

    y = np.digitize(NOISY, [-0.7, 0.7])
    theirs = LogisticRegression(tol=1e-8, max_iter=1000).fit(X, y)

    kernel, _ = logistic(X, y, Softmax(3))

    ours = kernel - kernel.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(ours, theirs.coef_.T - theirs.coef_.T.mean(1)[:, None], atol=2e-4)


def squared(y):
    return lambda scores: (scores[:, 0] - y) ** 2


@pytest.mark.parametrize("seed", range(5))
def test_a_blend_is_at_least_as_good_as_its_best_model(seed):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=300)
    scores = {
        name: (y + rng.normal(0, spread, 300))[:, None]
        for name, spread in zip("abcd", rng.uniform(0.2, 2, 4), strict=True)
    }

    weights = blend_weights(scores, squared(y))

    blended = sum(weight * scores[name] for name, weight in weights.items())
    best = min(squared(y)(array).mean() for array in scores.values())
    assert sum(weights.values()) == pytest.approx(1)
    assert squared(y)(blended).mean() <= best * 1.02  # the smallest shares are left out


def test_a_model_that_only_adds_noise_is_left_out():
    y = RNG.normal(size=500)
    scores = {"good": (y + RNG.normal(0, 0.1, 500))[:, None], "noise": RNG.normal(size=(500, 1))}

    assert blend_weights(scores, squared(y)) == {"good": 1.0}
