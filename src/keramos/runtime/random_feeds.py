"""Inputs of a model that keeps no golden rows."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from keramos.types.network import TensorSpec
    from keramos.types.prediction import Feeds

_RANDOM_ROWS = 8
_RANDOM_VALUES = 1 << 24


def random_feeds(inputs: tuple[TensorSpec, ...]) -> Feeds:
    """Numbers between 0 and 1, whole numbers 0 and 1, and texts; free sizes become 8, or less where
    rows are large.
    """
    generator = np.random.default_rng(0)
    fed: Feeds = {}
    largest = max(
        (prod(size or _RANDOM_ROWS for size in spec.shape[1:]) for spec in inputs), default=1
    )
    rows = max(1, min(_RANDOM_ROWS, _RANDOM_VALUES // largest))
    for spec in inputs:
        shape = (spec.shape[0] or rows, *(size or _RANDOM_ROWS for size in spec.shape[1:]))
        if spec.dtype.startswith("float"):
            fed[spec.name] = generator.random(shape).astype(spec.dtype)
        elif spec.dtype == "str":
            fed[spec.name] = np.array(["", "a", "the cat"], object)[generator.integers(0, 3, shape)]
        else:
            fed[spec.name] = generator.integers(0, 2, shape).astype(spec.dtype)
    return fed
