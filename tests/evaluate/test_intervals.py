"""Intervals of metrics, and the held-out rows that a file keeps."""

import numpy as np
import pytest

from keramos.evaluate.held_out import kept_rows
from keramos.evaluate.intervals import metrics_with_intervals
from keramos.types.schema import TargetPreparation, TargetSchema
from keramos.types.training import HELD_OUT_KEPT

BINARY = TargetSchema("y", "binary", "", (0, 1))
COUNTS = TargetPreparation(counts=(1, 1))


def scored(rows, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, rows)
    return truth, np.clip(truth * 0.2 + rng.random(rows) * 0.8, 0, 1).astype("float32")[:, None]


@pytest.mark.parametrize("rows", [50, 1000, 20_000])
def test_the_interval_of_accuracy_is_about_that_of_the_binomial(rows):
    truth, score = scored(rows)

    accuracy = metrics_with_intervals(truth, score, BINARY, COUNTS, 0.5)[0]

    half = 1.96 * (accuracy.value * (1 - accuracy.value) / rows) ** 0.5
    assert accuracy.low < accuracy.value < accuracy.high
    assert (accuracy.high - accuracy.low) / 2 == pytest.approx(half, rel=0.25)


def test_intervals_hold_their_metric_and_stay_where_it_can_be():
    truth, score = scored(5)

    for metric in metrics_with_intervals(truth, score, BINARY, COUNTS, 0.5):
        assert 0 <= metric.low <= metric.value <= metric.high
        assert metric.high <= 1 or metric.name == "log_loss"


def test_equal_rows_give_equal_intervals():
    truth, score = scored(300)

    assert metrics_with_intervals(truth, score, BINARY, COUNTS, 0.5) == metrics_with_intervals(
        truth, score, BINARY, COUNTS, 0.5
    )


def test_a_file_keeps_a_bounded_number_of_held_out_rows_exact_in_float32():
    truth, score = scored(50_000)

    kept = kept_rows(truth, score, BINARY)

    assert kept.rows == 50_000
    assert len(kept.truths) == len(kept.scores) == HELD_OUT_KEPT
    assert np.isin(np.array(kept.scores, "float32"), score).all()
    assert not kept.chosen


def test_of_several_classes_the_chosen_one_and_its_score_are_kept():
    target = TargetSchema("y", "multiclass", "", ("a", "b", "c"))

    kept = kept_rows(np.array([0, 2]), np.array([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]]), target)

    assert kept.chosen == (0, 1)
    assert kept.truths == (0.0, 2.0)
    assert kept.scores == (0.5, 0.8)


def test_a_perfect_accuracy_on_few_rows_is_not_called_certain():
    truth = np.array([0, 1] * 5)

    accuracy = metrics_with_intervals(truth, truth[:, None].astype("float32"), BINARY, COUNTS, 0.5)[
        0
    ]

    assert accuracy.value == accuracy.high == 1
    assert accuracy.low == pytest.approx(0.7225, abs=1e-4)
