"""Boosted oblivious trees as built-in Keras layers, exact for every float32.

Dense -> ReLU(max_value=1) computes every condition as 0 or 1; Reshape groups the conditions by
tree; a Dense shared by all trees with ReLU turns D conditions into 2 ** D leaf indicators; Flatten
and a last Dense add the values of the leaves that hold.

A condition "x > t" has slope s = 2 / ulp(t), a power of two: s x is exact and s x - s t is rounded
once, so it is at least 1 for every float32 above t and at most 0 for every other one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.types.network import Layer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from keramos.training.boosting.trees import Condition, Forest
    from keramos.types.network import Config

_SMALLEST, _STEEPEST = 2.0**-75, 2.0**100
_PRESENT_SLOPE, _PRESENT_BIAS = 2.0**-100, 2.0**26
"""The mark of a missing number, -2 ** 127, gives -2 ** 26; every other number at least 2 ** 25."""


def tree_layers(forest: Forest, places: Sequence[slice], width: int, name: str) -> list[Layer]:
    """Layers from the joined row (n, ``width``) of raw numbers and one-hot levels to scores (n, K).

    ``places`` has the positions of each column in the row: one for a number, one a code for a
    category. All trees have the same depth. The conditions and leaves are not trainable.
    """
    depth, count = len(forest.trees[0].conditions), len(forest.trees)
    kernel, bias = _conditions(forest, places, width)
    bits, counts = _leaves(depth)
    values = np.concatenate([tree.values for tree in forest.trees]).astype("float32")
    clip: Config = {"max_value": 1.0, "negative_slope": 0.0, "threshold": 0.0}
    return [
        Layer(f"{name}_conditions", "Dense", _dense(depth * count), (kernel, bias)),
        Layer(f"{name}_holds", "ReLU", clip),
        Layer(f"{name}_by_tree", "Reshape", {"target_shape": [count, depth]}),
        Layer(f"{name}_leaves", "Dense", _dense(1 << depth, "relu"), (bits, counts)),
        Layer(f"{name}_flat", "Flatten", {"data_format": "channels_last"}),
        Layer(
            f"{name}_values",
            "Dense",
            {**_dense(values.shape[1]), "trainable": True},
            (values, forest.start.astype("float32")),
        ),
    ]


def _dense(units: int, activation: str = "linear") -> Config:
    return {"units": units, "activation": activation, "use_bias": True, "trainable": False}


def _conditions(
    forest: Forest, places: Sequence[slice], width: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    asked = [condition for tree in forest.trees for condition in tree.conditions]
    kernel = np.zeros((width, len(asked)), "float32")
    bias = np.zeros(len(asked), "float32")
    for at, condition in enumerate(asked):
        first = places[condition.column].start
        if condition.levels is not None:
            kernel[[first + level for level in condition.levels], at] = 1
        else:
            kernel[first, at], bias[at] = _step(condition)
    return kernel, bias


def _step(condition: Condition) -> tuple[float, float]:
    if condition.threshold == -np.inf:
        return _PRESENT_SLOPE, _PRESENT_BIAS
    threshold = np.float32(condition.threshold)
    if abs(threshold) < _SMALLEST:
        return _STEEPEST, -_STEEPEST * float(threshold)
    slope = 2.0 / float(np.spacing(abs(threshold)))
    return slope, -slope * float(threshold)


def _leaves(depth: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Kernel (depth, 2 ** depth) of 1 where a leaf wants a condition and -1 where it does not."""
    numbers = np.arange(1 << depth)
    wanted = (numbers[None, :] >> np.arange(depth)[::-1, None]) & 1
    return (2 * wanted - 1).astype("float32"), (1 - wanted.sum(axis=0)).astype("float32")
