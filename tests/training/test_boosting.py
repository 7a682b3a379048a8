"""Boosted oblivious trees: what they learn, and that a file of built-in layers answers the same."""

import numpy as np
import pytest

from keramos.artifact.write import write
from keramos.compile.emit import compile_network
from keramos.runtime.session import Session
from keramos.training.boosting.bins import bin_numbers, thresholds_of
from keramos.training.boosting.boosting import BoostingPlan, Sample, boost
from keramos.training.boosting.histograms import Histograms, pack
from keramos.training.boosting.objectives import (
    Huber,
    Logistic,
    Poisson,
    Quantile,
    Softmax,
    SquaredError,
)
from keramos.training.boosting.tree_layers import tree_layers
from keramos.training.boosting.trees import on_grid
from keramos.types.network import Call, Layer, Network, TensorRef
from keramos.types.schema import MISSING_NUMBER

RNG = np.random.default_rng(0)
ROWS, LEVELS = 600, 5
PLACES = [slice(0, 1), slice(1, 2), slice(2, 2 + LEVELS)]
NUMBERS = RNG.normal(50, 20, (ROWS, 2)).astype("float32")
NUMBERS[RNG.random(ROWS) < 0.1, 1] = np.nan
CODES = RNG.integers(0, LEVELS, ROWS)
COLUMNS = [NUMBERS[:, 0], NUMBERS[:, 1], CODES]
SIGNAL = (
    np.where(NUMBERS[:, 0] > 55, 2.0, -1.0)
    + np.where(np.isnan(NUMBERS[:, 1]), 1.5, np.nan_to_num(NUMBERS[:, 1]) / 50)
    + np.array([0, 2, 0, -2, 0])[CODES]
)
TASKS = {
    "binary": (Logistic(), (np.median(SIGNAL) < SIGNAL).astype(int)),
    "multiclass": (Softmax(3), np.digitize(SIGNAL, np.quantile(SIGNAL, [1 / 3, 2 / 3]))),
    "regression": (SquaredError(), (SIGNAL - SIGNAL.mean()) / SIGNAL.std()),
    "huber": (Huber(0.5), (SIGNAL - SIGNAL.mean()) / SIGNAL.std()),
    "quantile": (Quantile(0.8), (SIGNAL - SIGNAL.mean()) / SIGNAL.std()),
    "poisson": (Poisson(), RNG.poisson(np.exp(SIGNAL / 2)) / 2),
}
PLAN = BoostingPlan(depth=4, rounds=30, columns=1.0)


def joined(columns):
    """Rows as the network sees them: numbers with the mark of a missing one, levels one-hot."""
    numbers = np.column_stack(columns[:2]).astype("float32")
    filled = np.where(np.isnan(numbers), np.float32(MISSING_NUMBER), numbers)
    return np.hstack([filled, np.eye(LEVELS, dtype="float32")[columns[2]]])


def network(forest):
    width = 2 + LEVELS
    layers = [
        Layer("row", "InputLayer", {"batch_shape": [None, width], "dtype": "float32"}),
        *tree_layers(forest, PLACES, width, "trees"),
    ]
    refs = [TensorRef(layer.name) for layer in layers]
    calls = [Call(layer.name, (ref,)) for layer, ref in zip(layers[1:], refs, strict=False)]
    named = {layer.name: layer for layer in layers}
    return Network("trees", named, tuple(calls), (refs[0],), (refs[-1],))


def rows_on_thresholds(forest, count):
    """Rows exactly at a threshold, and one float32 below and above it."""
    columns = [column[:count].copy() for column in COLUMNS]
    asked = [c for tree in forest.trees for c in tree.conditions if np.isfinite(c.threshold)]
    numeric = [condition for condition in asked if condition.levels is None]
    for row in range(count):
        condition = numeric[row % len(numeric)]
        at = np.float32(condition.threshold)
        near = (at, np.nextafter(at, np.float32(-np.inf)), np.nextafter(at, np.float32(np.inf)))
        columns[condition.column][row] = near[row % 3]
    return columns


@pytest.fixture(scope="module", params=TASKS)
def forest(request):
    objective, y = TASKS[request.param]
    return on_grid(boost(Sample(COLUMNS, y), objective, PLAN).forest)


def test_file_runtime_and_plain_keras_answer_bit_for_bit_as_the_trees(forest, tmp_path):
    import keras

    whole = network(forest)
    session = Session(compile_network(whole))
    for suffix in (".h5", ".keras"):
        write(tmp_path / f"trees{suffix}", whole, None)
        model = keras.models.load_model(tmp_path / f"trees{suffix}")
        for columns in (COLUMNS, rows_on_thresholds(forest, 300)):
            row = joined(columns)
            wanted = forest.scores(columns)

            np.testing.assert_array_equal(session.run({"row": row})[0], wanted)
            np.testing.assert_array_equal(np.asarray(model(row)), wanted)


def best_loss(objective, y):
    """The loss of the truth itself; 0 but for rates."""
    if not isinstance(objective, Poisson):
        return 0.0
    with np.errstate(divide="ignore"):
        return float(objective.losses(np.maximum(np.log(y), -30)[:, None], y).mean())


@pytest.mark.parametrize("task", TASKS)
def test_each_round_lowers_the_loss_of_the_rows_that_were_learned(task):
    objective, y = TASKS[task]

    losses = boost(Sample(COLUMNS, y), objective, PLAN).losses

    assert losses[-1] < losses[0] - 0.5 * abs(losses[0] - best_loss(objective, y))
    assert np.mean(np.diff(losses) < 0) > 0.8


@pytest.mark.parametrize("task", TASKS)
def test_the_same_seed_grows_the_same_trees(task):
    objective, y = TASKS[task]

    first, second = (boost(Sample(COLUMNS, y), objective, PLAN).forest for _ in range(2))

    for a, b in zip(first.trees, second.trees, strict=True):
        assert a.conditions == b.conditions
        np.testing.assert_array_equal(a.values, b.values)


def test_early_stopping_keeps_the_trees_of_the_best_round():
    noise = RNG.integers(0, 2, ROWS)
    half = ROWS // 2
    sample, other = (
        Sample([column[part] for column in COLUMNS], noise[part])
        for part in (slice(half), slice(half, None))
    )
    plan = BoostingPlan(depth=4, rounds=100, patience=5)

    found = boost(sample, Logistic(), plan, validation=other)

    assert found.best == int(np.argmin(found.validation_losses)) + 1
    assert len(found.validation_losses) == found.best + plan.patience


@pytest.mark.parametrize("rows", [300, 6000])
def test_histograms_are_the_sums_of_each_leaf_and_bin(rows):
    rng = np.random.default_rng(1)
    bins = np.stack([rng.integers(0, 7, rows), rng.integers(0, 11, rows)])
    gradient, hessian = rng.normal(size=rows), rng.random(rows)
    packed = pack(gradient, hessian)
    histograms = Histograms(bins, np.array([0, 7]), 18)
    leaf = np.zeros(rows, np.intp)
    for level in range(4):
        (sums,) = histograms.sums([packed], leaf, 1 << level)
        found_gradient, found_hessian = packed.unpack(sums)
        for at in range(1 << level):
            for column, start, width in ((0, 0, 7), (1, 7, 11)):
                here = leaf == at
                wanted = np.bincount(bins[column][here], gradient[here], width)
                part = slice(start, start + width)
                most = rows * packed.gradient_unit / 2  # each row is rounded once
                np.testing.assert_allclose(found_gradient[at, part], wanted, rtol=0, atol=most)
                wanted = np.bincount(bins[column][here], hessian[here], width)
                most = rows * packed.hessian_unit / 2
                np.testing.assert_allclose(found_hessian[at, part], wanted, rtol=0, atol=most)
        leaf = leaf * 2 + (bins[level % 2] > 3)


@pytest.mark.parametrize(
    "values",
    [
        [1.0],
        [1.0, 1.0],
        [1.0, 2.0],
        [1.0, np.nextafter(np.float32(1), 2)],
        [-3e38, 3e38],
        [0, 1e-45],
    ],
)
def test_thresholds_separate_the_values_next_to_them(values):
    values = np.array(values, "float32")

    thresholds = thresholds_of(values)

    distinct = np.unique(values)
    assert len(thresholds) == len(distinct) - 1
    for low, threshold, high in zip(distinct, thresholds, distinct[1:], strict=False):
        assert low <= threshold < high
    bins = bin_numbers(distinct, np.zeros(len(distinct), bool), thresholds)
    assert bins.tolist() == list(range(1, len(distinct) + 1))


def test_an_unseen_level_answers_without_its_column_deciding(forest):
    columns = [column[:50] for column in COLUMNS]
    row = joined(columns)
    row[:, 2:] = 0  # no level of the training rows

    answers = Session(compile_network(network(forest))).run({"row": row})[0]

    assert np.isfinite(answers).all()


@pytest.mark.parametrize("name", ["huber", "quantile", "poisson", "binary"])
def test_gradients_of_objectives_are_their_slopes(name):
    objective, _ = TASKS[name]
    y = np.array([0.0, 1.0, 1.0, 0.0])
    scores, step = np.array([[-1.2], [0.3], [2.7], [0.4]]), 1e-6

    gradient, _ = objective.derivatives(scores, y)
    numeric = (objective.losses(scores + step, y) - objective.losses(scores - step, y)) / (2 * step)

    np.testing.assert_allclose(gradient[:, 0], numeric, atol=1e-6)


def test_a_weight_counts_as_so_many_rows_in_starts_and_leaves():
    weights = RNG.integers(0, 3, ROWS)
    repeated = np.repeat(np.arange(ROWS), weights)
    for name in ("binary", "quantile", "poisson"):
        objective, y = TASKS[name]
        np.testing.assert_allclose(objective.start(y, weights), objective.start(y[repeated]))


def test_rows_of_weight_zero_do_not_change_what_trees_learn():
    objective, y = TASKS["regression"]
    weights = np.repeat([1.0, 0.0], ROWS // 2)
    others = np.where(weights > 0, y, 1e3)

    first, second = (boost(Sample(COLUMNS, one, weights), objective, PLAN) for one in (y, others))

    np.testing.assert_allclose(first.forest.scores(COLUMNS), second.forest.scores(COLUMNS))
