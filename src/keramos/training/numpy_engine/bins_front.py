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
    """Kernel (columns, bins) and bias (bins,) whose Dense layer, clipped to 0..1, gives the bins.

    Columns without two different values get no bins.
    """
    kernels, biases = [], []
    for column in range(matrix.shape[1]):
        edges = bin_edges(matrix[:, column])
        widths = np.diff(edges)
        kernel = np.zeros((matrix.shape[1], len(widths)), "float32")
        kernel[column] = 1 / widths
        kernels.append(kernel)
        biases.append(-edges[:-1] / widths)
    if not kernels:
        return np.zeros((0, 0), "float32"), np.zeros(0, "float32")
    return np.concatenate(kernels, axis=1), np.concatenate(biases).astype("float32")
