"""Shapes that clients declare: how many values they stand for, bounded before anything is
allocated.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from keramos.errors import RequestError
from keramos.serving.core.limits import MAX_AXES, MAX_VALUES

if TYPE_CHECKING:
    from collections.abc import Sequence

_SHOWN = 8


def value_count(name: str, shape: Sequence[int], most: int = MAX_VALUES) -> int:
    """The values of a tensor of this shape.

    Raises:
        RequestError: a size is unknown, or there are more than ``most`` values or 32 axes.
    """
    if len(shape) > MAX_AXES:
        raise RequestError(f"input '{name}' has {len(shape)} axes; a tensor has at most {MAX_AXES}")
    # Sizes beside a zero are counted too: an array without values has strides all the same.
    if min(shape, default=0) < 0 or prod(max(size, 1) for size in shape) > most:
        raise RequestError(
            f"input '{name}' has shape {shape_text(shape)}; all sizes must be known, with {most} "
            "values at most"
        )
    return prod(shape)


def shape_text(shape: Sequence[int]) -> str:
    """A shape for a message."""
    more = ", ..." if len(shape) > _SHOWN else ""
    return f"[{', '.join(str(size) for size in shape[:_SHOWN])}{more}]"
