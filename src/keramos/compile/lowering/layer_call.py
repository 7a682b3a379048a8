"""What a layer function sees: the place where one layer is called, its inputs as graph values, and
its weights.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.onnx.graph import Value
from keramos.errors import CorruptModelError, MismatchError, UnsupportedModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from keramos.compile.onnx.graph import Graph, Shape
    from keramos.types.network import Layer

Result = Value | tuple[Value, ...]


@dataclass(slots=True)
class Site:
    """One call of one layer.

    ``args`` and ``kwargs`` mirror the call with every tensor replaced by its Value; ``inputs`` are
    the tensors of ``args`` in order, ``masks`` their Keras masks (bool, without the feature axis)
    or None. ``masked`` are all tensors of the call, keyword arguments included, with their masks.
    ``out_mask`` is set by the function of a layer that makes or changes masks: one, or one for each
    output.
    """

    g: Graph
    layer: Layer
    args: tuple[object, ...]
    kwargs: Mapping[str, object]
    inputs: tuple[Value, ...]
    masks: tuple[Value | None, ...]
    run: Callable[..., list[tuple[Value, Value | None]]]
    masked: tuple[tuple[Value, Value | None], ...] = ()
    out_mask: Value | tuple[Value | None, ...] | None = None
    _used: int = field(default=0)

    @property
    def x(self) -> Value:
        """The first input.

        Raises:
            CorruptModelError: the layer is called with none.
        """
        if not self.inputs:
            raise CorruptModelError(
                f"layer '{self.layer.name}' ({self.layer.kind}) is called without an input"
            )
        return self.inputs[0]

    @property
    def wrapped(self) -> tuple[Layer, ...]:
        """The layers that this one wraps, at least one.

        Raises:
            CorruptModelError: the config holds none.
        """
        if not self.layer.inner:
            raise CorruptModelError(
                f"layer '{self.layer.name}' ({self.layer.kind}) should wrap a layer and holds none"
            )
        return self.layer.inner

    @property
    def mask(self) -> Value | None:
        """The mask of the first input; one given in the call (as Keras 3 writes it) comes first."""
        given = self.kwargs.get("mask")
        if isinstance(given, Value):
            return given
        return self.masks[0] if self.masks else None

    def tensor(self, name: str) -> Value | None:
        """A tensor among the keyword arguments of the call."""
        given = self.kwargs.get(name)
        if given is None or isinstance(given, Value):
            return given
        raise self.unsupported(f"call argument {name}", given, "a tensor is needed")

    def mask_of(self, x: Value) -> Value | None:
        """The Keras mask of a tensor among the inputs or keyword arguments."""
        return next((mask for value, mask in self.masked if value is x), None)

    def apply(
        self, layer: Layer, *inputs: Value, mask: Value | None = None, **kwargs: object
    ) -> list[tuple[Value, Value | None]]:
        """Lower a wrapped layer at this place; gives its outputs, each with its mask."""
        return self.run(self.g, layer, inputs, (mask, *[None] * (len(inputs) - 1)), **kwargs)

    def weight(self, role: str, shape: Shape | None = None) -> NDArray[np.generic]:
        """The layer's next weight, checked against the shape that the config demands (None: any
        size).

        Raises:
            MismatchError: the file holds no such weight, or one of another shape.
        """
        if self._used >= len(self.layer.weights):
            raise MismatchError(
                f"layer '{self.layer.name}' ({self.layer.kind}): {role} is missing in the file"
            )
        array = np.asarray(self.layer.weights[self._used])
        self._used += 1
        if shape is not None and not _fits(array.shape, shape):
            where = f"layer '{self.layer.name}' ({self.layer.kind})"
            raise MismatchError(
                f"{where}: {role} has shape {array.shape}, its config needs {shape}"
            )
        return array

    def float_weight(self, role: str, shape: Shape | None = None) -> NDArray[np.generic]:
        """The next weight in the dtype this layer computes in."""
        return self.weight(role, shape).astype(
            self.x.dtype if self.x.dtype.startswith("float") else "float32"
        )

    def at(self, layer: Layer) -> Site:
        """The same place for a part of this layer that has weights of its own."""
        return replace(self, layer=layer, _used=0)

    def done(self) -> None:
        """Say that the layer is complete.

        Raises:
            MismatchError: the file holds weights that no one asked for.
        """
        stored = len(self.layer.weights)
        if stored > self._used:
            where = f"layer '{self.layer.name}' ({self.layer.kind})"
            raise MismatchError(
                f"{where}: the file holds {stored} weights, the config has a place for {self._used}"
            )

    def unsupported(self, option: str, value: object, reason: str) -> UnsupportedModelError:
        """The error for an option value that cannot be compiled; raise it."""
        where = f"layer '{self.layer.name}' ({self.layer.kind})"
        return UnsupportedModelError(
            f"{where}: {option}={_shown(value)} is not supported: {reason}"
        )


def _shown(value: object) -> str:
    """A value as the config has it; tensors by their shapes."""
    if isinstance(value, Value):
        return f"a tensor of shape {value.shape}"
    if isinstance(value, list | tuple) and any(isinstance(item, Value) for item in value):
        return f"[{', '.join(map(_shown, value))}]"
    return repr(value)


def _fits(shape: tuple[int, ...], wanted: Shape) -> bool:
    return len(shape) == len(wanted) and all(
        b is None or a == b for a, b in zip(shape, wanted, strict=True)
    )
