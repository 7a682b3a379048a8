"""Piecewise-linear bins of numbers: a Dense layer clipped to 0..1 is the definition."""

import itertools

import numpy as np
import pytest

from keramos.training.numpy_engine.bins_front import bin_edges, bins_layer

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("values", [RNG.normal(size=500), RNG.integers(0, 3, 500), np.ones(500)])
def test_the_layer_gives_the_share_of_each_bin_that_a_number_fills(values):
    matrix = np.column_stack([values, -values, RNG.normal(size=500)]).astype("float32")
    kernel, bias = bins_layer(matrix)

    found = np.clip(matrix[:, :, None] * kernel + bias, 0, 1)

    for place, column in enumerate(matrix.T):
        pairs = list(itertools.pairwise(bin_edges(column)))
        wanted = [np.clip((column - low) / (high - low), 0, 1) for low, high in pairs]
        shown = found[:, place, : len(pairs)]
        np.testing.assert_allclose(shown.T, np.reshape(wanted, shown.T.shape), atol=1e-5)
        assert not found[:, place, len(pairs) :].any()
