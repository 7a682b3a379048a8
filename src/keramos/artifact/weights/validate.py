"""Check weights against their config: shape, float type, finite values.

Shapes are compared before a weight is read, values after. The compiler checks the rest: positive
variances, sizes that depend on the input.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, cast

import numpy as np

from keramos.artifact.weights.weight_specs import weights_of
from keramos.errors import MismatchError, UnsupportedModelError
from keramos.keras_layers.registry import spec_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from keramos.keras_layers.spec import LayerSpec, Shape, Weight
    from keramos.types.network import Layer

_LARGEST = np.finfo("float32").max
_SHOWN = 60


def check_values(layer: Layer, *, nonfinite: bool) -> None:
    """Refuse stored weights that no layer can compute with.

    Raises:
        UnsupportedModelError: one is not of a float type, where floats are needed.
        MismatchError: one is not finite, or is not in float32, unless ``nonfinite`` accepts that.
    """
    named = weights_of(layer)
    quantised = "_from_" in str(layer.config.get("dtype", ""))
    for number, array in enumerate(layer.weights):
        role = named[number].name if number < len(named) else f"weight {number}"
        if array.dtype.kind != "f" and named and not quantised and role != "count":
            raise UnsupportedModelError(
                f"{role} is not of a float type",
                received=str(array.dtype),
                layer=layer.name,
                layer_kind=layer.kind,
            )
        if array.dtype.kind == "f" and not nonfinite:
            _check_finite(layer, role, array)


def _check_finite(layer: Layer, role: str, array: NDArray[np.generic]) -> None:
    """One pass sums the squares; a second pass looks for the value if the sum is not finite."""
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
            f"{role} has {int(bad.sum()):,} of {bad.size:,} values that are not finite numbers "
            "within float32; every answer would be wrong",
            received=f"{flat[int(np.argmax(bad))]} at {first}",
            layer=layer.name,
            layer_kind=layer.kind,
            remedy="Save the model again; Limits(nonfinite=True) accepts such values",
        )


def check_shapes(layer: Layer, named: Sequence[tuple[str, Shape]]) -> None:
    """Refuse weights by their names and stated shapes, before they are read.

    Raises:
        MismatchError: one cannot be what the config describes.
    """
    spec = spec_of(layer.kind)
    if spec is None or layer.legacy.weight_layout or "_from_" in str(layer.config.get("dtype", "")):
        return
    wanted = {weight.name: list(_shapes(spec, weight, layer)) for weight in weights_of(layer)}
    for name, shape in named:
        shapes = wanted.get(name)
        if shapes and not any(_fits(shape, one) for one in shapes):
            raise MismatchError(
                f"{name} needs shape {_said(shapes[0])} by its config",
                received=f"shape {_said(shape)}",
                layer=layer.name,
                layer_kind=layer.kind,
            )


def _shapes(spec: LayerSpec, weight: Weight, layer: Layer) -> Iterator[Shape]:
    """The shapes that a file may state; none where the config does not decide even the first."""
    words = [] if weight.shape is None else [weight.shape]
    for shape in (*words, *filter(None, weight.older.split("|"))):
        # Options of a wrong type give no shape; the compiler refuses them with a better message.
        found = spec.shape(shape, layer.config, {})
        if found is None or not all(map(_is_size, found)):
            return
        yield found


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
