"""Piecewise-linear bins of numbers (PLE) in front of a network, as frozen built-in layers.

A number becomes T values, clip((x - e_i) / (e_i+1 - e_i), 0, 1) for edges e_0 < ... < e_T at even
quantiles of the training rows (Gorishniy et al., "On Embeddings for Numerical Features", 2022).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

QUANTILES = 16


def bin_edges(values: Array) -> Array:
    """Ascending edges, at most ``QUANTILES`` + 1 of them; fewer where values repeat."""
    return np.unique(np.quantile(values, np.linspace(0, 1, QUANTILES + 1))).astype("float32")


def bins_layer(matrix: Array) -> tuple[Array, Array]:
    """Kernel and bias, (columns, bins) each: clip(x * kernel + bias, 0, 1) of a column's number x
    are its bins.

    A column with fewer bins than another one has zeros, which give bins that are always 0.
    """
    edges = [bin_edges(column) for column in matrix.T]
    most = max((len(one) - 1 for one in edges), default=0)
    kernel, bias = (np.zeros((matrix.shape[1], most), "float32") for _ in range(2))
    for column, one in enumerate(edges):
        widths = np.diff(one)
        kernel[column, : len(widths)] = 1 / widths
        bias[column, : len(widths)] = -one[:-1] / widths
    return kernel, bias
