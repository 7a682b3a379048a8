"""Piecewise-linear bins of numbers: a Dense layer clipped to 0..1 is the definition."""

import itertools

import numpy as np
import pytest

from keramos.training.numpy_engine.bins_front import bin_edges, bins_layer

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("values", [RNG.normal(size=500), RNG.integers(0, 3, 500), np.ones(500)])
def test_the_layer_gives_the_share_of_each_bin_that_a_number_fills(values):
    matrix = np.column_stack([values, -values]).astype("float32")
    kernel, bias = bins_layer(matrix)

    found = np.clip(matrix @ kernel + bias, 0, 1)

    wanted = []
    for column in matrix.T:
        edges = bin_edges(column)
        for low, high in itertools.pairwise(edges):
            wanted.append(np.clip((column - low) / (high - low), 0, 1))
    np.testing.assert_allclose(found.T, np.reshape(wanted, found.T.shape), atol=1e-5)
