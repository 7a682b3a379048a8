"""Counting rows against the training histograms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keramos.monitor.drift import DriftCounter, divergence, stability
from keramos.types.schema import (
    MISSING_NUMBER,
    ColumnPreparation,
    Histogram,
    Preparation,
    TargetPreparation,
)

RNG = np.random.default_rng(0)


def number(name, values, bins=20):
    counts, edges = np.histogram(values, bins)
    return ColumnPreparation(
        name,
        name,
        "number",
        "median",
        minimum=float(min(values)),
        maximum=float(max(values)),
        histogram=Histogram(tuple(edges.tolist()), tuple(counts.tolist())),
    )


def level(name, counts, rare=0):
    return ColumnPreparation(
        name,
        name,
        "string_category",
        "level",
        categories=tuple(counts),
        histogram=Histogram((), (*counts.values(), rare)),
    )


def preparation(*inputs):
    matrix = all(column.kind == "number" for column in inputs)
    return Preparation(
        "minmax", matrix, inputs, TargetPreparation(), tuple(column.input for column in inputs)
    )


NUMBERS = preparation(number("a", RNG.random(5000)), number("b", RNG.normal(50, 10, 5000), bins=7))


def test_numbers_fall_into_the_bins_of_the_training_histogram():
    values = RNG.normal(50, 10, 20_000).astype("float32")
    counter = DriftCounter(preparation(NUMBERS.inputs[1]))
    counter.add({"features": values[:, None]})
    (counts,) = counter.counts()

    edges = np.array(NUMBERS.inputs[1].histogram.edges)
    expected, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
    assert np.abs(np.array(counts.counts) - expected).max() <= 2  # values within float32 of an edge
    assert counts.below == (values < np.float32(edges[0])).sum()
    assert counts.above == (values > np.float32(edges[-1])).sum()
    assert sum(counts.counts) == counts.rows == 20_000


@given(st.lists(st.integers(0, 20), min_size=1, max_size=50))
def test_whole_numbers_on_the_edges_of_bins_fall_where_training_put_them(values):
    column = number("a", [*values, 0, 20])
    counter = DriftCounter(preparation(column))
    counter.add({"features": np.array([*values, 0, 20], "float32")[:, None]})

    assert counter.counts()[0].counts == column.histogram.counts
    assert counter.summary()[0].psi == pytest.approx(0, abs=1e-12)


@given(st.lists(st.integers(0, 40_000), min_size=1, max_size=4))
def test_counts_of_parts_add_up_to_the_counts_of_the_whole(cuts):
    rows = np.stack([RNG.random(40_000), RNG.normal(50, 12, 40_000)], 1).astype("float32")
    rows[::7, 1] = MISSING_NUMBER
    whole, parts = DriftCounter(NUMBERS), DriftCounter(NUMBERS)
    whole.add({"features": rows})
    for part in np.split(rows, sorted(cuts)):
        own = DriftCounter(NUMBERS)
        own.add({"features": part})
        parts.merge(own.counts())

    assert parts.counts() == whole.counts()
    assert whole.counts()[1].missing == len(rows[::7])


def test_rows_like_those_of_training_have_not_moved_however_few():
    for rows in (5, 50, 500, 5000):
        counter = DriftCounter(NUMBERS)
        counter.add(
            {
                "features": np.stack([RNG.random(rows), RNG.normal(50, 10, rows)], 1).astype(
                    "float32"
                )
            }
        )

        assert not any(drift.moved for drift in counter.summary())


def test_another_spread_another_unit_and_missing_cells_are_moves():
    for change in (
        lambda x: x * 1000,
        lambda x: x + 20,
        lambda x: np.where(RNG.random(len(x)) < 0.5, MISSING_NUMBER, x),
    ):
        counter = DriftCounter(NUMBERS)
        rows = np.stack([RNG.random(2000), change(RNG.normal(50, 10, 2000))], 1).astype("float32")
        counter.add({"features": rows})
        steady, moved = counter.summary()

        assert (steady.moved, moved.moved) == (False, True)
        assert moved.psi > 0.2


def test_categories_are_counted_with_unknown_and_missing_ones():
    counter = DriftCounter(preparation(level("c", {"x": 60, "y": 40})))
    counter.add({"c": np.array(["x", "x", "y", "z", "w", ""], object)[:, None]})
    counter.add({}, {"c": {"y": 2}})
    (counts,) = counter.counts()

    assert (counts.rows, counts.missing, counts.unknown, counts.counts) == (8, 1, 2, (2, 3, 2))


def test_the_index_and_the_divergence_are_those_of_their_formulas():
    now, then = np.array([10.0, 90.0]), np.array([500.0, 500.0])
    p, q = np.array([10.5, 90.5]) / 101, np.array([0.5, 0.5])

    assert stability(now, then) == pytest.approx(((p - q) * np.log(p / q)).sum())
    assert divergence(now, now * 3) == pytest.approx(0)
    assert divergence(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == pytest.approx(1)


def test_nothing_counted_says_nothing():
    assert DriftCounter(NUMBERS).summary() == ()
