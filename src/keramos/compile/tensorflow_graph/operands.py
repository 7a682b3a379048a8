"""What flows between operations while a graph is compiled: tensors of ONNX, values that are known,
lists of tensors, and lookup tables.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from keramos.compile.onnx.graph import Value
from keramos.compile.operations.values import cast_to
from keramos.errors import MismatchError, UnsupportedModelError
from keramos.types.attributes import integer, integers, real, reals, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.onnx.graph import Graph
    from keramos.types.operation_graph import OperationGraph

    Array = NDArray[Any]  # of any dtype, which only a run of the operation knows
    Size = int | Value
    Run = Callable[[Graph, OperationGraph, Sequence["Operand"]], list["Operand"]]

_LARGE = 1024
_WIDE = {"float16": "float32", "bfloat16": "float32"}


@dataclass(slots=True, eq=False)
class Known:
    """An array that is known while compiling.

    Sizes that only a run knows stand in arrays of objects, as tensors of int64 and shape (1,), and
    ``dtype`` is that of the whole array.
    """

    array: Array
    dtype: str
    _made: dict[int, Value] = field(default_factory=dict)

    @classmethod
    def of(cls, array: Array) -> Known:
        """An array whose values are all known."""
        kind = array.dtype
        return cls(array, "str" if kind.kind in "OUT" else kind.name)

    @property
    def whole(self) -> bool:
        """Whether every value is known."""
        return self.array.dtype.kind != "O" or self.dtype == "str"

    def value(self, g: Graph) -> Value:
        """The array as a tensor of the graph."""
        if id(g) not in self._made:
            self._made[id(g)] = self._value(g)
        return self._made[id(g)]

    def _value(self, g: Graph) -> Value:
        if self.whole or not self.array.size:
            kind = object if self.dtype == "str" else self.dtype
            return g.const(np.asarray(self.array, kind))
        parts = [
            one if isinstance(one, Value) else g.const(np.array([one], "int64"))
            for one in self.array.ravel()
        ]
        flat = parts[0] if len(parts) == 1 else g.op("Concat", *parts, axis=0)
        if self.array.ndim != 1:
            flat = g.op("Reshape", flat, list(self.array.shape))
        return cast_to(g, flat, self.dtype)


@dataclass(slots=True, eq=False)
class TensorList:
    """Tensors of one shape in a list: stacked along a first axis, or still to be set.

    ``count`` and ``element`` are the number of tensors and their stated shape, where ``stacked`` is
    None.
    """

    dtype: str
    stacked: Value | None = None
    count: Known | Value | None = None
    element: tuple[int | None, ...] | None = None


@dataclass(slots=True, eq=False)
class Table:
    """A lookup table."""

    keys: Array
    values: Array


@dataclass(slots=True, eq=False)
class Complex:
    """Complex numbers, as two tensors."""

    real: Value
    imaginary: Value


Operand = Known | Value | TensorList | Table | Complex


@dataclass(slots=True)
class NodeCall:
    """One operation with its operands and attributes.

    ``s`` carries the graph and names the operation in errors. ``run`` gives the outputs of another
    graph, such as the body of a loop, for its arguments.
    """

    s: LayerCall
    op: str
    operands: tuple[Operand, ...]
    attributes: Mapping[str, object]
    run: Run

    @property
    def g(self) -> Graph:
        """The graph under construction."""
        return self.s.g

    def operand(self, index: int) -> Operand:
        """An operand as it is.

        Raises:
            MismatchError: there are not that many.
        """
        if index >= len(self.operands):
            raise MismatchError(f"the operation has no input {index}")
        return self.operands[index]

    def value(self, index: int) -> Value:
        """An operand as a tensor of the graph.

        Raises:
            MismatchError: it is no tensor.
        """
        return as_value(self.g, self.operand(index))

    def known(self, index: int, what: str) -> Array:
        """An operand that must be known while compiling.

        Raises:
            UnsupportedModelError: a run computes it.
        """
        found = self.maybe_known(index)
        if found is None:
            raise UnsupportedModelError(
                f"{what} must be known before the model runs", option=f"input {index}"
            )
        return found

    def maybe_known(self, index: int) -> Array | None:
        """An operand that is known while compiling, else None."""
        item = self.operand(index)
        return item.array if isinstance(item, Known) and item.whole else None

    def ints(self, index: int, what: str) -> list[int]:
        """Whole numbers that must be known while compiling."""
        return [int(one) for one in self.known(index, what).ravel().tolist()]

    def sizes(self, index: int) -> list[Size] | None:
        """A vector of sizes, of which a run may compute some; None where it computes the vector."""
        item = self.operand(index)
        if not isinstance(item, Known):
            return None
        return [one if isinstance(one, Value) else int(one) for one in item.array.ravel().tolist()]

    def attribute(self, name: str, default: object) -> object:
        """An attribute, or its default where the graph leaves it out."""
        found = self.attributes.get(name)
        return default if found is None else found

    def integer(self, name: str, default: int) -> int:
        """An attribute that is a whole number; of another type it is a CorruptModelError."""
        return integer(self.attribute(name, default), name)

    def integers(self, name: str, default: Sequence[int] = ()) -> list[int]:
        """An attribute that is a list of whole numbers; else a CorruptModelError."""
        return integers(self.attribute(name, default), name)

    def real(self, name: str, default: float) -> float:
        """An attribute that is a number; of another type it is a CorruptModelError."""
        return real(self.attribute(name, default), name)

    def reals(self, name: str, default: Sequence[float] = ()) -> list[float]:
        """An attribute that is a list of numbers; else a CorruptModelError."""
        return reals(self.attribute(name, default), name)

    def texts(self, name: str) -> list[str]:
        """An attribute that is a list of texts, empty if left out; else a CorruptModelError."""
        return texts(self.attribute(name, ()), name)


def as_value(g: Graph, item: Operand) -> Value:
    """An operand as a tensor of the graph.

    Raises:
        MismatchError: it is no tensor.
    """
    if isinstance(item, Value):
        return item
    if isinstance(item, Known):
        return item.value(g)
    raise MismatchError("a tensor of real numbers is needed", received=_WORDS[type(item)])


_WORDS: Mapping[type, str] = {
    Complex: "complex numbers",
    Table: "a table",
    TensorList: "a list of tensors",
}


def numpy_type(dtype: object) -> str:
    """The type in which values of a dtype of TensorFlow are computed."""
    return _WIDE.get(str(dtype), str(dtype))
