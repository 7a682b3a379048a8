"""A small ONNX graph builder: each call appends a node and returns its output with dtype and shape
known.

    y = g.op("Add", g.op("MatMul", x, kernel), bias)

Arrays become initialisers. A bare Python number takes the dtype of the first tensor operand; a list
of integers becomes int64, which is what ONNX wants for shapes, axes and indices. ``None`` leaves an
optional input out.
"""

from __future__ import annotations

from itertools import count
from math import prod
from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct

from keramos.compile.onnx import protobuf
from keramos.compile.onnx.element_types import ELEMENT_TYPES
from keramos.compile.onnx.operations import known_size, operations
from keramos.compile.onnx.shapes import infer
from keramos.errors import LimitExceededError, UnsupportedModelError
from keramos.frozen import Frozen
from keramos.types.limits import LIMITS
from keramos.types.network import HostStep

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from keramos.compile.onnx.tensor_types import Kind
    from keramos.types.limits import Limits

OPSETS = {"": 20, "ai.onnx.ml": 4}
_AMOUNTS = {"Pad": 1, "Resize": 2, "Tile": 1}
"""Operator -> the input that says how much an axis grows: edges, scales, repeats."""

_USES = 16
"""How often every weight may stand in a graph: layers that are called more than once bring theirs
each time.
"""

_SHARED_BYTES = 1024  # equal initialisers up to this size are stored once

Shape = tuple[int | None, ...]


class Value(Frozen, frozen=True, eq=False):
    """A tensor in the graph. Sizes of None are free: the rows first, open time steps or image sides
    after.

    ``const`` holds the array of an initialiser.
    """

    name: str
    dtype: str
    shape: Shape
    const: NDArray[np.generic] | None = None

    @property
    def rank(self) -> int:
        """Number of axes, the rows included."""
        return len(self.shape)


Operand = Value | np.ndarray | np.generic | float | list[int] | tuple[int, ...] | None


class _Budget(Struct):
    """How many nodes and constant numbers a model may still get, bodies of loops included."""

    nodes: int
    values: int


class _Cost:
    """The operations of one row so far. ``hidden`` gives, by tensor, how many rows of it stand for
    one row of the model, where steps were folded into the axis of rows.
    """

    def __init__(self, outer: _Cost | None) -> None:
        self.operations = 0
        self._hidden: dict[str, int] = outer._hidden if outer else {}  # noqa: SLF001 (the same class)

    def add(
        self,
        kind: str,
        inputs: Sequence[Value | None],
        outputs: Sequence[Value],
        attributes: Mapping[str, object],
    ) -> None:
        """Count a node."""
        hidden = [self._hidden.get(value.name, 1) for value in inputs if value is not None]
        times = max(hidden, default=1)
        given = [None if value is None else value.shape for value in inputs]
        made = [value.shape for value in outputs]
        self.operations += times * operations(kind, given, made, attributes)
        if kind == "Reshape" and given[0] is not None and None in made[0]:
            times = hidden[0] * known_size(given[0]) // max(known_size(made[0]), 1)
        if times > 1:
            self._hidden.update((value.name, times) for value in outputs)


class Graph:
    """A graph under construction. ``parent`` is given for the body of a Scan or Loop, which may use
    outer values.

    ``place`` names the layer that nodes are made for, so that errors of ONNX Runtime name it.
    ``weights``: how many numbers the weights hold that will be its constants.
    """

    def __init__(
        self, parent: Graph | None = None, limits: Limits = LIMITS, weights: int = 0
    ) -> None:
        self.limits: Limits = parent.limits if parent else limits
        budget = _Budget(limits.graph_nodes, limits.made_values + _USES * weights)
        self._budget: _Budget = parent._budget if parent else budget  # noqa: SLF001 (the same class)
        self._fixed: set[str] = parent._fixed if parent else set()  # noqa: SLF001
        self._names: Iterator[int] = parent._names if parent else count(1)  # noqa: SLF001
        self._taken: set[str] = parent._taken if parent else set()  # noqa: SLF001
        self._nodes: list[protobuf.Parts] = []
        self._initialisers: list[protobuf.Parts] = []
        self._inputs: protobuf.Parts = []
        self._fed: list[str] = []
        self._parent = parent
        self.place: str = parent.place if parent else ""
        self.composite_operators = True
        self.steps: list[HostStep] = []
        self.runtime_checks: list[tuple[Value, str]] = []
        self._shared: dict[tuple[str, tuple[int, ...], bytes], Value] = {}
        self._cost: _Cost = _Cost(parent._cost if parent else None)  # noqa: SLF001 (the same class)

    def inner(self) -> Graph:
        """A graph for the body of a loop in this one."""
        return Graph(self)

    def fresh(self) -> str:
        """A name not used before in this model."""
        return next(
            name for name in (f"v{number}" for number in self._names) if name not in self._taken
        )

    def input(self, name: str, dtype: str, shape: Shape) -> Value:
        """A graph input."""
        self._taken.add(name)
        self._fed.append(name)
        self._inputs += protobuf.message(11, protobuf.value_info(name, dtype, shape))
        return Value(name, dtype, shape)

    def host(
        self, kind: str, config: Mapping[str, object], operands: Sequence[Value], like: Kind
    ) -> Value:
        """The result of a step that runs outside ONNX; ``like`` is its dtype and shape.

        Raises:
            UnsupportedModelError: the place is inside a loop, which cannot be left.
        """
        if self._parent is not None:
            raise UnsupportedModelError(f"{kind} inside a recurrent layer is not supported")
        computed = [value for value in operands if value.name not in self._fed]
        before, feeds = (self.model(computed), tuple(self._fed)) if computed else (None, ())
        result = self.input(self.fresh(), *like)
        names = tuple(value.name for value in operands)
        self.steps.append(HostStep(kind, config, names, result.name, before, feeds))
        return result

    def runtime_check(self, holds: Value, message: str) -> None:
        """Let every run fail with a message unless all values of a condition hold.

        Raises:
            UnsupportedModelError: the place is inside a loop, whose values cannot be looked at.
        """
        if self._parent is not None:
            raise UnsupportedModelError(
                f"{message}: such a check inside a recurrent layer is not supported"
            )
        self.runtime_checks.append((holds, message))

    def reserve_constants(self, what: str, *sizes: int) -> None:
        """Check the budget before a constant of these sizes is made.

        Raises:
            LimitExceededError: the model would hold more numbers than its weights account for.
        """
        if prod(sizes) > self._budget.values:
            raise LimitExceededError(
                f"{what} has more numbers than may be made beside the weights, "
                f"{self.limits.made_values:,} (made_values)",
                received=" x ".join(f"{size:,}" for size in sizes),
            )

    def reserve_nodes(self, number: int) -> None:
        """Check the budget before this many operations, or results of one, are added.

        Raises:
            LimitExceededError: the graph would have too many.
        """
        if number > self._budget.nodes:
            raise LimitExceededError(
                f"the model becomes a graph of more than {self.limits.graph_nodes:,} operations, "
                "the limit "
                "(graph_nodes)"
            )

    def const(self, array: NDArray[np.generic]) -> Value:
        """An initialiser; small equal ones are stored once.

        Raises:
            LimitExceededError: the model would hold more numbers than its weights account for.
        """
        dtype = "str" if array.dtype.kind in "OUT" else array.dtype.name
        key = (
            (dtype, array.shape, array.tobytes())
            if dtype != "str" and array.nbytes <= _SHARED_BYTES
            else None
        )
        if key and key in self._shared:
            return self._shared[key]
        self.reserve_constants("a constant", *array.shape)
        self._budget.values -= array.size
        value = Value(self.fresh(), dtype, array.shape, array)
        self._fixed.add(value.name)
        self._initialisers.append(protobuf.tensor(value.name, array))
        if key:
            self._shared[key] = value
        return value

    def op(self, kind: str, *operands: Operand, domain: str = "", **attributes: object) -> Value:
        """Append a node with one output."""
        return self.ops(kind, *operands, outputs=1, domain=domain, **attributes)[0]

    def cast(self, x: Operand, dtype: str) -> Value:
        """A tensor in another dtype, by numpy's name."""
        return self.op("Cast", x, to=ELEMENT_TYPES[dtype])

    def ops(
        self, kind: str, *operands: Operand, outputs: int, domain: str = "", **attributes: object
    ) -> tuple[Value, ...]:
        """Append a node with several outputs. ``like=[(dtype, shape), ...]`` states them where no
        rule exists.

        Raises:
            LimitExceededError: one row of an output would hold more than ``row_values`` values or
                take more than ``row_operations``, or the graph more nodes or constants than it may.
        """
        self.reserve_nodes(1)
        self._budget.nodes -= 1
        like = attributes.pop("like", None)
        inputs = self._values(operands)
        kinds = infer(kind, inputs, attributes) if like is None else like
        values = tuple(Value(self.fresh(), dtype, tuple(shape)) for dtype, shape in kinds[:outputs])  # type: ignore[index]
        for value in values:
            self._check_size(kind, inputs, value)
        self._count_fixed(kind, inputs, values)
        self._count_operations(kind, inputs, values, attributes)
        attributes = {name: item for name, item in attributes.items() if item is not None}
        names = [value.name if value else "" for value in inputs]
        made = [value.name for value in values]
        # ONNX wants a name of its own for each node, so the layer's is followed by that of the
        # result.
        self._nodes.append(
            protobuf.node(kind, names, made, attributes, domain, f"{self.place}:{made[0]}")
        )
        return values

    def _check_size(self, kind: str, inputs: Sequence[Value | None], value: Value) -> None:
        grown = _grown(kind, inputs, value.shape)
        if (
            prod(
                size if size is not None else least
                for size, least in zip(value.shape, grown, strict=True)
            )
            > self.limits.row_values
        ):
            raise LimitExceededError(
                f"{kind} would make more than {self.limits.row_values:,} values a row, the limit "
                "(row_values)",
                received=f"shape {value.shape}",
            )

    def _count_operations(
        self,
        kind: str,
        inputs: Sequence[Value | None],
        values: Sequence[Value],
        attributes: Mapping[str, object],
    ) -> None:
        self._cost.add(kind, inputs, values, attributes)
        if self._cost.operations > self.limits.row_operations:
            raise LimitExceededError(
                f"one row takes more than {self.limits.row_operations:,} operations, the limit "
                "(row_operations)",
                received=f"{self._cost.operations:,} up to {kind}",
            )

    def _count_fixed(
        self, kind: str, inputs: Sequence[Value | None], values: Sequence[Value]
    ) -> None:
        """Results that no input of the model reaches are constants: ONNX Runtime computes them when
        it loads.
        """
        if not inputs or not all(value is None or value.name in self._fixed for value in inputs):
            return
        for value in values:
            sizes = [1 if size is None else size for size in value.shape]
            self.reserve_constants(f"the result of {kind}", *sizes)
            self._budget.values -= prod(sizes)
            self._fixed.add(value.name)

    def _values(self, operands: Sequence[Operand]) -> list[Value | None]:
        dtypes = [item.dtype for item in operands if isinstance(item, Value)] or ["float32"]
        dtype = next(
            (name for name in dtypes if name != "bool"), "bool"
        )  # a condition says nothing about its branches
        values: list[Value | None] = []
        for item in operands:
            match item:
                case None | Value():
                    values.append(item)
                case np.ndarray() | np.generic():
                    values.append(self.const(np.asarray(item)))
                case list() | tuple():
                    values.append(self.const(np.array(item, "int64")))
                case _:
                    values.append(self.const(np.array(item, dtype)))
        return values

    def serialise(self, name: str, outputs: Sequence[Value]) -> protobuf.Parts:
        """The GraphProto with these outputs."""
        outs: protobuf.Parts = []
        for value in outputs:
            outs += protobuf.message(12, protobuf.value_info(value.name, value.dtype, value.shape))
        return protobuf.graph(name, self._nodes, self._initialisers, self._inputs, outs)

    def body(self, outputs: Sequence[Value]) -> protobuf.Subgraph:
        """This graph as the body of a Scan, Loop or If."""
        return protobuf.Subgraph(self.serialise("body", outputs), self._cost.operations)

    def model(self, outputs: Sequence[Value]) -> bytes:
        """The complete ONNX model as bytes."""
        return protobuf.model(self.serialise("keramos", outputs), OPSETS, "keramos")


def _grown(kind: str, inputs: Sequence[Value | None], shape: Shape) -> Sequence[int]:
    """The least size of each axis that is free: what the operator adds to it, or how often it
    repeats it.
    """
    amounts = inputs[_AMOUNTS[kind]] if kind in _AMOUNTS and len(inputs) > _AMOUNTS[kind] else None
    if (
        amounts is None
        or amounts.const is None
        or amounts.const.size not in (len(shape), 2 * len(shape))
    ):
        return [1] * len(shape)
    numbers = amounts.const.ravel().tolist()
    return [max(1, int(sum(numbers[axis :: len(shape)]))) for axis in range(len(shape))]
