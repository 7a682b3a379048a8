"""What a lowering works on: one call of one layer, with its inputs as graph values and its
weights.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace

from keramos.compile.onnx.graph import Value
from keramos.errors import CorruptModelError, MismatchError, UnsupportedModelError
from keramos.keras_layers.registry import spec_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from keramos.compile.onnx.graph import Graph, Shape
    from keramos.keras_layers.spec import Size
    from keramos.types.network import Layer

Result = Value | tuple[Value, ...]


class LayerCall(Struct, eq=False):
    """One call of one layer.

    ``args`` and ``kwargs`` mirror the call with every tensor replaced by its Value; ``inputs`` are
    the tensors of ``args`` in order, ``masks`` their Keras masks (bool, without the feature axis)
    or None. ``masked`` are all tensors of the call, keyword arguments included, with their masks.
    ``out_mask`` is set by the lowering of a layer that makes or changes masks: one, or one for each
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
    _taken: set[int] = field(default_factory=set)

    @property
    def x(self) -> Value:
        """The first input.

        Raises:
            CorruptModelError: the call has no input.
        """
        if not self.inputs:
            raise CorruptModelError(
                "the layer is called without an input",
                layer=self.layer.name,
                layer_kind=self.layer.kind,
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
                "the layer should wrap a layer and holds none",
                layer=self.layer.name,
                layer_kind=self.layer.kind,
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
        """Lower a wrapped layer inside this call; returns its outputs, each with its mask."""
        return self.run(self.g, layer, inputs, (mask, *[None] * (len(inputs) - 1)), **kwargs)

    def weight(
        self, name: str, shape: Shape | None = None, /, **sizes: Size
    ) -> NDArray[np.generic]:
        """A weight by the name that the record of the class gives it, checked against its shape.

        ``sizes`` are those of the input that the record's shape names; ``features`` (the last axis)
        and ``channels`` are known. ``shape`` replaces the record's; None in it is any size. A layer
        without a record gives its weights in their order.

        Raises:
            MismatchError: the file holds no such weight, or one of another shape.
        """
        number, wanted = self._declared(name, sizes)
        if number >= len(self.layer.weights):
            raise MismatchError(
                f"{name} is missing in the file",
                layer=self.layer.name,
                layer_kind=self.layer.kind,
            )
        array = np.asarray(self.layer.weights[number])
        self._taken.add(number)
        wanted = wanted if shape is None else shape
        if wanted is not None and not _fits(array.shape, wanted):
            raise MismatchError(
                f"{name} needs shape {wanted} by its config",
                received=f"shape {array.shape}",
                layer=self.layer.name,
                layer_kind=self.layer.kind,
            )
        return array

    def _declared(self, name: str, sizes: Mapping[str, Size]) -> tuple[int, Shape | None]:
        """Where the weight stands in ``Layer.weights``, and the shape that its record states."""
        config, spec = self.layer.config, spec_of(self.layer.kind)
        if spec is None:
            return len(self._taken), None
        weights = spec.weights_of(config)
        number = next((i for i, weight in enumerate(weights) if weight.name == name), None)
        if number is None:
            return len(self.layer.weights), None
        words = weights[number].shape
        if words is None:
            return number, None
        return number, spec.shape(words, config, {**self._input_sizes(), **sizes})

    def _input_sizes(self) -> Mapping[str, int | None]:
        if not self.inputs or not self.x.rank:
            return {}
        first = self.layer.config.get("data_format") == "channels_first" and self.x.rank > 1
        features = self.x.shape[-1]
        return {"features": features, "channels": self.x.shape[1] if first else features}

    def float_weight(
        self, name: str, shape: Shape | None = None, /, **sizes: Size
    ) -> NDArray[np.generic]:
        """The same weight in the dtype this layer computes in."""
        return self.weight(name, shape, **sizes).astype(
            self.x.dtype if self.x.dtype.startswith("float") else "float32"
        )

    def for_part(self, layer: Layer) -> LayerCall:
        """The same call for a part of this layer that has weights of its own."""
        return replace(self, layer=layer, _taken=set())

    def assert_all_weights_used(self) -> None:
        """Check that the lowering took every weight.

        Raises:
            MismatchError: the file holds weights that the config has no place for.
        """
        stored = len(self.layer.weights)
        if stored > len(self._taken):
            raise MismatchError(
                f"the file holds {stored} weights, the config has a place for {len(self._taken)}",
                layer=self.layer.name,
                layer_kind=self.layer.kind,
            )

    def unsupported(self, option: str, value: object, reason: str) -> UnsupportedModelError:
        """The error for an option value that cannot be compiled; raise it."""
        return UnsupportedModelError(
            f"the value is not supported: {reason}",
            layer=self.layer.name,
            layer_kind=self.layer.kind,
            option=option,
            received=_shown(value),
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
