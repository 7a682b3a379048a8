"""Keras' activation functions as ONNX: one row a name. Formulas: keras.activations of Keras 3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.errors import UnsupportedModelError

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.compile.graph import Graph, Value


def _softmax(g: Graph, x: Value) -> Value:
    return g.op("Softmax", x, axis=-1)


ACTIVATIONS: dict[str, Callable[[Graph, Value], Value]] = {
    "linear": lambda _, x: x,
    "relu": lambda g, x: g.op("Relu", x),
    "sigmoid": lambda g, x: g.op("Sigmoid", x),
    "softmax": _softmax,
    "tanh": lambda g, x: g.op("Tanh", x),
}


def activate(g: Graph, x: Value, name: object) -> Value:
    """Apply an activation by its Keras name; None is linear.

    Raises:
        UnsupportedModelError: no activation has this name.
    """
    if name is None:
        return x
    if not isinstance(name, str) or name not in ACTIVATIONS:
        raise UnsupportedModelError(f"activation {name!r} is not one of {', '.join(sorted(ACTIVATIONS))}")
    return ACTIVATIONS[name](g, x)
