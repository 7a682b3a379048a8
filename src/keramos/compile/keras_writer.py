"""One node of a compiled layer as data, and the calls of keras.ops that are written for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.onnx.element_types import NAMES
from keramos.errors import UnsupportedModelError
from keramos.types.network import Call, Layer, TensorRef

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from keramos.compile.onnx.graph import Value

_FOLDED: dict[str, Callable[..., np.ndarray]] = {
    "Add": lambda _, a, b: np.add(a, b),
    "Cast": lambda n, a: np.asarray(a).astype(NAMES[n.number("to")]),
    "Concat": lambda n, *parts: np.concatenate(parts, axis=n.number("axis")),
    "Identity": lambda _, a: a,
    "Mul": lambda _, a, b: np.multiply(a, b),
    "Neg": lambda _, a: np.negative(a),
    "Reshape": lambda _, a, shape: np.reshape(a, shape.tolist()),
    "Sub": lambda _, a, b: np.subtract(a, b),
    "Transpose": lambda n, a: np.transpose(a, n.attributes.get("perm")),
    "Unsqueeze": lambda _, a, axes: np.expand_dims(a, tuple(axes.tolist())),
}
"""ONNX operator -> its result for constants, which are not written as functions of their own."""


@dataclass(frozen=True, slots=True)
class Node:
    """One node that a lowering appended; ``place`` is its layer, ``form`` what it is written as."""

    kind: str
    inputs: Sequence[Value | None]
    outputs: Sequence[Value]
    attributes: Mapping[str, object]
    place: str = ""
    form: str = "current Keras"

    @property
    def is_constant(self) -> bool:
        """Whether no input of the model reaches it."""
        given = [value for value in self.inputs if value is not None]
        return bool(given) and all(value.const is not None for value in given)

    def with_constants(self, folded: Mapping[str, Value]) -> Node:
        """The node with the constants that are known for its inputs."""
        known = [value and folded.get(value.name, value) for value in self.inputs]
        return replace(self, inputs=known)

    def folded(self) -> Value:
        """The constant that a node of constants gives."""
        if self.kind not in _FOLDED:
            raise self.refused("of constants alone")
        arrays = [value.const for value in self.inputs if value is not None]
        return replace(self.outputs[0], const=_FOLDED[self.kind](self, *arrays))

    def refused(self, why: str) -> UnsupportedModelError:
        """The error for a node that the written form cannot express; raise it."""
        others = ".onnx" if "Keras" in self.form else ".onnx or .keras"
        return UnsupportedModelError(
            f"{self.form} cannot express this computation: {self.kind} {why}",
            layer=self.place or None,
            remedy=f"Write an {others} file, or run the file with keramos as it is",
        )

    def value(self, place: int) -> Value:
        """An input that must be there."""
        found = self.inputs[place] if place < len(self.inputs) else None
        if found is None:
            raise self.refused("lacks an input")
        return found

    def numbers(self, place: int) -> list[int] | None:
        """The whole numbers of a constant input; None where it is left out."""
        found = self.inputs[place] if place < len(self.inputs) else None
        if found is None:
            return None
        if found.const is None:
            raise self.refused("depends on sizes that only the rows tell")
        return [int(number) for number in found.const.ravel()]

    def number(self, name: str, default: int = 0) -> int:
        """A whole number among the attributes."""
        found = self.attributes.get(name, default)
        return found if isinstance(found, int) else default


def stored_array(array: NDArray[np.generic]) -> dict[str, object]:
    """An array as Keras stores it among the arguments of a call."""
    known = {"value": array.tolist(), "dtype": array.dtype.name}
    return {"class_name": "__numpy__", "config": known}


class Writer:
    """The layers and calls that stand in for one call of a layer.

    ``known``: value -> its tensor in the network. ``sized``: sizes -> the value whose sizes they
    are.
    """

    def __init__(self, name: str, taken: set[str]) -> None:
        self.layers: dict[str, Layer] = {}
        self.calls: list[Call] = []
        self.known: dict[str, TensorRef] = {}
        self.sized: dict[str, Value] = {}
        self._name = name
        self._taken = taken

    def call(
        self,
        kind: str,
        *args: object,
        named: Mapping[str, object] = MappingProxyType({}),
        **config: object,
    ) -> TensorRef:
        """Append a function of keras.ops, called with ``args`` and those that are ``named``."""
        number, name = 0, self._name
        while name in self._taken:
            number += 1
            name = f"{self._name}_{number}"
        self._taken.add(name)
        self.layers[name] = Layer(name, f"ops.{kind}", dict(config))
        self.calls.append(Call(name, tuple(args), dict(named)))
        return TensorRef(name)

    def item(self, value: Value) -> object:
        """A value as an argument: a tensor of the network, or its constant.

        Raises:
            UnsupportedModelError: it is neither: something that has no counterpart made it.
        """
        if value.name in self.known:
            return self.known[value.name]
        if value.const is None:
            raise UnsupportedModelError("the value depends on sizes that only the rows tell")
        if value.const.ndim == 0:
            return value.const.item()
        return stored_array(value.const)


Write = Callable[[Writer, Node], TensorRef | Sequence[TensorRef]]
"""Writes one node; gives its outputs."""
