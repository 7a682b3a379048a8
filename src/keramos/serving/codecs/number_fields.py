"""Repeated fields of protocol buffers -> arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import DTypeLike, NDArray

_PART = 1 << 16
"""Numbers that are read together."""


def number_array(values: Sequence[float], dtype: DTypeLike) -> NDArray[np.generic]:
    """A repeated field of numbers as an array; many in parts, between which other threads run."""
    if len(values) <= _PART:
        return np.array(values, dtype)
    parts = (values[at : at + _PART] for at in range(0, len(values), _PART))
    return np.concatenate([np.array(part, dtype) for part in parts])
