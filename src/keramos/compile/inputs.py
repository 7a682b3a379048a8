"""The inputs that a network's InputLayers describe."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, cast

from msgspec.structs import replace

from keramos.compile.onnx.element_types import INPUT_TYPES
from keramos.compile.structures import input_names
from keramos.errors import (
    CorruptModelError,
    LayerProblem,
    LimitExceededError,
    UnsupportedModelError,
)
from keramos.types.network import TensorSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keramos.types.limits import Limits
    from keramos.types.network import Layer, Network

_OPTIONS = frozenset({"batch_shape", "dtype", "optional", "ragged", "sparse", "trainable"})
_DTYPES = {"string": "str", "bfloat16": "float32"}  # numpy has no bfloat16
_SHOWN = 80


def input_faults(layer: Layer) -> Iterator[LayerProblem]:
    """What no lowering supports in an input."""
    if layer.config.get("ragged"):
        reason = "rows of different lengths (ragged) are not supported"
        yield LayerProblem(layer.name, layer.kind, reason)
    for key in sorted(layer.config.keys() - _OPTIONS):
        received = repr(layer.config[key])[:_SHOWN]
        yield LayerProblem(layer.name, layer.kind, "unknown option", key, received)


def input_specs(network: Network, limits: Limits) -> tuple[TensorSpec, ...]:
    """Name (see ``input_names``), dtype and shape of each input of a network, in Keras' order.

    Raises:
        CorruptModelError: a shape is not a list of sizes.
        LimitExceededError: one row is larger than ``limits`` allow.
        UnsupportedModelError: a dtype is not one that tensors can have.
    """
    specs = stated_specs(network, limits)
    if any(map(_needs_stated_rows, network.layers.values())):
        return specs
    # Keras takes any number of rows, whatever the batch size with which a model was built.
    return tuple(replace(spec, shape=(None, *spec.shape[1:])) for spec in specs)


def stated_specs(network: Network, limits: Limits) -> tuple[TensorSpec, ...]:
    """``input_specs`` with the batch size with which the model was built, where it has one."""
    named = zip(input_names(network), network.inputs, strict=True)
    return tuple(_spec(name, network.layers[ref.layer], limits) for name, ref in named)


def _needs_stated_rows(layer: Layer) -> bool:
    """Whether a layer needs the stated number of rows: one that keeps a state for each of them from
    batch to batch, or a graph.
    """
    below = () if layer.network is None else layer.network.layers.values()
    if layer.graph is not None:  # whose first axes are what its author says
        return True
    return bool(layer.config.get("stateful")) or any(
        map(_needs_stated_rows, (*layer.inner, *below))
    )


def _spec(tensor: str, layer: Layer, limits: Limits) -> TensorSpec:
    """The input that an InputLayer describes; sizes are whole numbers, which some old files wrote
    as 80.0.
    """
    stated = layer.config.get("batch_shape")
    sizes = stated if isinstance(stated, list) else [stated]
    whole = [int(size) if isinstance(size, float) and size.is_integer() else size for size in sizes]
    if not isinstance(stated, list) or not whole or not all(map(_is_size, whole)):
        raise CorruptModelError(
            "the shape is not a list of sizes of at least 1, or null",
            layer=layer.name,
            layer_kind=layer.kind,
            received=str(stated)[:80],
        )
    if prod(cast("int", size) for size in whole if size is not None) > limits.row_values:
        raise LimitExceededError(
            "one row of the input is too large (row_values)",
            layer=layer.name,
            layer_kind=layer.kind,
            received=f"shape {str(whole)[:80]}",
        )
    dtype = layer.config.get("dtype", "float32")
    name = _DTYPES.get(str(dtype), str(dtype))
    if name not in INPUT_TYPES:
        raise UnsupportedModelError(
            "the dtype is not supported",
            layer=layer.name,
            layer_kind=layer.kind,
            received=str(dtype)[:80],
        )
    return TensorSpec(tensor, name, tuple(cast("list[int | None]", whole)))


def _is_size(size: object) -> bool:
    return size is None or (isinstance(size, int) and not isinstance(size, bool) and size >= 1)
