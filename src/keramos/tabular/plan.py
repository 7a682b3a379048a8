"""A network of built-in layers in the making."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from keramos.types.network import Call, Layer, TensorRef

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from keramos.types.network import Config


@dataclass(slots=True)
class Plan:
    """Layers and calls so far; a name that is taken gets a suffix."""

    layers: dict[str, Layer] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    inputs: list[TensorRef] = field(default_factory=list)

    def input(self, name: str, dtype: str, *sizes: int) -> TensorRef:
        """An input of shape (rows, *sizes)."""
        config: Config = {"batch_shape": [None, *sizes], "dtype": dtype}
        self.layers[name] = Layer(name, "InputLayer", config)
        self.inputs.append(TensorRef(name))
        return self.inputs[-1]

    def add(
        self,
        kind: str,
        name: str,
        config: Config,
        inputs: TensorRef | Sequence[TensorRef],
        weights: tuple[NDArray[np.generic], ...] = (),
    ) -> TensorRef:
        """A layer of a Keras class, called once."""
        free = next(
            n
            for n in (name, *(f"{name}_{i}" for i in range(1, len(self.layers) + 2)))
            if n not in self.layers
        )
        self.layers[free] = Layer(free, kind, config, weights)
        self.calls.append(Call(free, (inputs if isinstance(inputs, TensorRef) else list(inputs),)))
        return TensorRef(free)

    def join(self, name: str, parts: Sequence[TensorRef]) -> TensorRef:
        """The parts side by side."""
        return parts[0] if len(parts) == 1 else self.add("Concatenate", name, {"axis": -1}, parts)
