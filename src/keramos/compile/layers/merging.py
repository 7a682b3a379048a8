"""Layers of keras.layers.merging: several tensors of fitting shapes -> one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.compile.lowering import Lowering

if TYPE_CHECKING:
    from keramos.compile.graph import Value
    from keramos.compile.site import Site


def add(s: Site) -> Value:
    """Sum."""
    return s.g.op("Sum", *s.inputs)


def multiply(s: Site) -> Value:
    """Product."""
    y = s.x
    for x in s.inputs[1:]:
        y = s.g.op("Mul", y, x)
    return y


def subtract(s: Site) -> Value:
    """First minus second."""
    return s.g.op("Sub", s.inputs[0], s.inputs[1])


def average(s: Site) -> Value:
    """Mean."""
    return s.g.op("Mean", *s.inputs)


def maximum(s: Site) -> Value:
    """Largest."""
    return s.g.op("Max", *s.inputs)


def minimum(s: Site) -> Value:
    """Smallest."""
    return s.g.op("Min", *s.inputs)


def concatenate(s: Site, *, axis: int = -1) -> Value:
    """Joined along one axis."""
    return s.g.op("Concat", *s.inputs, axis=axis)


LAYERS = {
    "Add": Lowering(add),
    "Average": Lowering(average),
    "Concatenate": Lowering(concatenate),
    "Maximum": Lowering(maximum),
    "Minimum": Lowering(minimum),
    "Multiply": Lowering(multiply),
    "Subtract": Lowering(subtract),
}
