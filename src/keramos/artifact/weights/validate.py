"""Weights that can be computed with: of the shape that the config says, of a float type, and
finite.

Shapes are compared before a weight is read, values when it was. What a layer needs beyond that
(positive variances, sizes that depend on its input) the compiler checks.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, cast

import numpy as np

from keramos.artifact.weights.weight_specs import roles
from keramos.errors import MismatchError, UnsupportedModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from keramos.types.network import Config, Layer

    Shape = tuple[int | None, ...]
    Sizes = Callable[[Config], dict[str, tuple[Shape, ...]]]

_LARGEST = np.finfo("float32").max
_SHOWN = 60


def check_values(layer: Layer, *, nonfinite: bool) -> None:
    """Refuse weights as they were stored, for a layer whose weights are known.

    Raises:
        UnsupportedModelError: one is not of a float type, where floats are needed.
        MismatchError: one is not finite, or is not in float32, unless ``nonfinite`` accepts that.
    """
    named = roles(layer.kind, layer.config)
    quantised = "_from_" in str(layer.config.get("dtype", ""))
    for place, array in enumerate(layer.weights):
        role = named[place].name if place < len(named) else f"weight {place}"
        if array.dtype.kind != "f" and named and not quantised and role != "count":
            raise UnsupportedModelError(
                f"{_where(layer)}: {role} has type {array.dtype}; a float type is needed"
            )
        if array.dtype.kind == "f" and not nonfinite:
            _check_finite(layer, role, array)


def _check_finite(layer: Layer, role: str, array: NDArray[np.generic]) -> None:
    """One pass over the values adds up their squares; only if that is no number, a second looks
    closer.
    """
    flat = cast("NDArray[np.floating]", array).ravel()
    with np.errstate(over="ignore", invalid="ignore"):
        if (
            isfinite(float(np.vdot(flat, flat)))
            and flat.dtype.itemsize <= np.dtype("float32").itemsize
        ):
            return
        bad = ~(np.abs(flat) <= _LARGEST)
    if bad.any():
        first = [int(i) for i in np.unravel_index(int(np.argmax(bad)), array.shape)]
        raise MismatchError(
            f"{_where(layer)}: {role} has {int(bad.sum()):,} of {bad.size:,} values that are no "
            "numbers within float32 "
            f"(first at {first}: {flat[int(np.argmax(bad))]}); every answer would be wrong. "
            "Limits(nonfinite=True) accepts them"
        )


def check_shapes(layer: Layer, named: Sequence[tuple[str, Shape]]) -> None:
    """Refuse weights by their roles and stated shapes, before they are read.

    Raises:
        MismatchError: one cannot be what the config describes.
    """
    make = SHAPES.get(layer.kind)
    if make is None or "_layout" in layer.config or "_from_" in str(layer.config.get("dtype", "")):
        return
    try:
        wanted = make(layer.config)
    except (KeyError, TypeError, ValueError):
        return  # an option is absent or of a wrong kind, which the compiler says better
    if not all(_is_size(size) for shapes in wanted.values() for size in shapes[0]):
        return
    for role, shape in named:
        shapes = wanted.get(role)
        if shapes is not None and not any(_fits(shape, one) for one in shapes):
            raise MismatchError(
                f"{_where(layer)}: {role} has shape {_said(shape)}, its config needs "
                f"{_said(shapes[0])}"
            )


def _is_size(size: object) -> bool:
    return size is None or (isinstance(size, int) and not isinstance(size, bool) and size >= 0)


def _fits(shape: Shape, wanted: Shape) -> bool:
    return len(shape) == len(wanted) and all(
        b is None or a == b for a, b in zip(shape, wanted, strict=True)
    )


def _said(shape: Shape) -> str:
    return str(tuple("any" if size is None else size for size in shape)).replace("'", "")[:_SHOWN]


def _where(layer: Layer) -> str:
    return f"layer '{layer.name}' ({layer.kind})"


def _dense(config: Config) -> dict[str, tuple[Shape, ...]]:
    units = cast("int", config["units"])
    return {"kernel": ((None, units),), "bias": ((units,),)}


def _embedding(config: Config) -> dict[str, tuple[Shape, ...]]:
    return {"embeddings": ((cast("int", config["input_dim"]), cast("int", config["output_dim"])),)}


def _convolution(axes: int, *, transposed: bool = False) -> Sizes:
    def shapes(config: Config) -> dict[str, tuple[Shape, ...]]:
        filters, sizes = cast("int", config["filters"]), _each(config["kernel_size"], axes)
        return {
            "kernel": ((*sizes, filters, None) if transposed else (*sizes, None, filters),),
            "bias": ((filters,),),
        }

    return shapes


def _recurrent(gates: int) -> Sizes:
    """The bias may be two (GRU with the reset after the product), in one row where it comes from
    CuDNN.
    """

    def shapes(config: Config) -> dict[str, tuple[Shape, ...]]:
        units = cast("int", config["units"])
        size = gates * units
        return {
            "kernel": ((None, size),),
            "recurrent_kernel": ((units, size),),
            "bias": ((size,), (2, size), (2 * size,)),
        }

    return shapes


def _each(value: object, axes: int) -> Shape:
    return (
        tuple(cast("list[int]", value)) if isinstance(value, list) else (cast("int", value),) * axes
    )


SHAPES: dict[str, Sizes] = {
    "Conv1D": _convolution(1),
    "Conv1DTranspose": _convolution(1, transposed=True),
    "Conv2D": _convolution(2),
    "Conv2DTranspose": _convolution(2, transposed=True),
    "Conv3D": _convolution(3),
    "Conv3DTranspose": _convolution(3, transposed=True),
    "Dense": _dense,
    "Embedding": _embedding,
    "GRU": _recurrent(3),
    "GRUCell": _recurrent(3),
    "LSTM": _recurrent(4),
    "LSTMCell": _recurrent(4),
    "SimpleRNN": _recurrent(1),
    "SimpleRNNCell": _recurrent(1),
}
"""Class -> role -> the shapes that current Keras and Keras 2 give it; None is a size that the input
decides.
"""
