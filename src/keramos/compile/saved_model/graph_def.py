"""TensorFlow's GraphDef, FunctionDef and NodeDef as bytes.

Source: tensorflow/core/framework/graph.proto, node_def.proto, attr_value.proto, function.proto.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keramos.compile.onnx.protobuf import integer, message, text, varint

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from keramos.compile.onnx.protobuf import Parts

DATA_TYPES = {
    "float32": 1,
    "float64": 2,
    "int32": 3,
    "uint8": 4,
    "int16": 5,
    "int8": 6,
    "str": 7,
    "int64": 9,
    "bool": 10,
    "uint16": 17,
    "float16": 19,
    "resource": 20,
    "variant": 21,
    "uint32": 22,
    "uint64": 23,
}
"""TensorFlow's DataType by numpy's names."""

_SHARED_BYTES = 1024  # equal constants up to this size are stored once
_BYTES, _FIXED_32 = 2, 5
_PRODUCER = 1982
"""The version of graphs that is written, that of TensorFlow 2.17."""

_OUTPUTS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(
        (
            "Add",
            "AddV2",
            "Equal",
            "FloorMod",
            "Greater",
            "GreaterEqual",
            "Less",
            "LessEqual",
            "LogicalAnd",
            "LogicalOr",
            "Maximum",
            "Minimum",
            "Mod",
            "Mul",
            "Pow",
            "RealDiv",
            "Sub",
            "TruncateDiv",
        ),
        ("z",),
    ),
    **dict.fromkeys(
        (
            "Abs",
            "Atan",
            "Cast",
            "Ceil",
            "Cos",
            "Erf",
            "Exp",
            "Floor",
            "IsInf",
            "IsNan",
            "Log",
            "LogicalNot",
            "Neg",
            "Reciprocal",
            "Round",
            "Sigmoid",
            "Sign",
            "Sin",
            "Sqrt",
            "Square",
            "Tanh",
            "Transpose",
        ),
        ("y",),
    ),
    **dict.fromkeys(
        ("Elu", "LeakyRelu", "Relu", "Relu6", "Selu", "Softplus", "Softsign"), ("activations",)
    ),
    "BroadcastArgs": ("r0",),
    "LogSoftmax": ("logsoftmax",),
    "MatMul": ("product",),
    "Softmax": ("softmax",),
    "TensorListFromTensor": ("output_handle",),
    "TensorListGetItem": ("item",),
    "TensorListReserve": ("handle",),
    "TensorListSetItem": ("output_handle",),
    "TensorListStack": ("tensor",),
    "TopKV2": ("values", "indices"),
}
"""Operation -> names of its outputs, by which other nodes of a function refer to them; they are
``output`` for all that are not listed.
"""


class Edge(NamedTuple):
    """One output of a node, and its dtype by numpy's name."""

    node: str
    place: int
    dtype: str


class Type(str):
    """A dtype as an attribute, by numpy's name."""

    __slots__ = ()


class Shape(NamedTuple):
    """A shape as an attribute; sizes of None are free, and so is the number of axes where there are
    none.
    """

    sizes: Sequence[int | None] | None


class Called(NamedTuple):
    """A function as an attribute."""

    name: str


class NodeDef(NamedTuple):
    """One node: inputs, attributes, dtypes of its outputs, and the nodes that run before it."""

    name: str
    kind: str
    inputs: Sequence[Edge]
    attributes: Mapping[str, object]
    dtypes: Sequence[str]
    control: Sequence[str] = ()


class Nodes:
    """The nodes of a graph, or of a function with ``arguments``."""

    def __init__(self, prefix: str = "") -> None:
        self.nodes: dict[str, NodeDef] = {}
        self.arguments: list[Edge] = []
        self._prefix = prefix
        self._shared: dict[tuple[str, tuple[int, ...], bytes], Edge] = {}
        self._transposed: dict[Edge, tuple[Edge, list[int]]] = {}

    def argument(self, name: str, dtype: str) -> Edge:
        """An input of a function."""
        self.arguments.append(Edge(name, 0, dtype))
        return self.arguments[-1]

    def ops(
        self,
        kind: str,
        inputs: Sequence[Edge],
        dtypes: Sequence[str],
        attributes: Mapping[str, object],
        name: str = "",
        control: Sequence[str] = (),
    ) -> list[Edge]:
        """Append a node with outputs of these dtypes."""
        name = name or f"{self._prefix}{kind}_{len(self.nodes)}"
        self.nodes[name] = NodeDef(name, kind, inputs, attributes, dtypes, control)
        return [Edge(name, place, dtype) for place, dtype in enumerate(dtypes)]

    def op(self, kind: str, *inputs: Edge, dtype: object = "", **attributes: object) -> Edge:
        """Append a node with one output, of the first input's dtype unless another is given."""
        return self.ops(kind, inputs, [str(dtype or inputs[0].dtype)], attributes)[0]

    def const(self, array: NDArray[np.generic]) -> Edge:
        """A constant; small equal ones are stored once."""
        dtype = "str" if array.dtype.kind in "OUT" else array.dtype.name
        key = (dtype, array.shape, array.tobytes())
        shared = dtype != "str" and array.nbytes <= _SHARED_BYTES
        if shared and key in self._shared:
            return self._shared[key]
        found = self.op("Const", dtype=dtype, value=array)
        if shared:
            self._shared[key] = found
        return found

    def ints(self, *values: int, dtype: str = "int32") -> Edge:
        """A constant vector of whole numbers."""
        return self.const(np.array(values, dtype))

    def scalar(self, value: float, dtype: str) -> Edge:
        """A constant without axes."""
        return self.const(np.array(value, dtype))

    def transpose(self, x: Edge, order: Sequence[int]) -> Edge:
        """X with its axes in another order; what undoes an earlier change of order adds no node."""
        source, before = self._transposed.get(x, (x, list(range(len(order)))))
        whole = [before[axis] for axis in order]
        if whole == sorted(whole):
            return source
        made = self.op("Transpose", source, self.ints(*whole), T=Type(x.dtype), Tperm=Type("int32"))
        self._transposed[made] = (source, whole)
        return made

    def needed(self, names: Sequence[str]) -> list[NodeDef]:
        """The nodes that those of these names need, in order."""
        waiting, kept = list(names), set[str]()
        while waiting:
            name = waiting.pop()
            if name in self.nodes and name not in kept:
                kept.add(name)
                node = self.nodes[name]
                waiting += [edge.node for edge in node.inputs] + list(node.control)
        return [node for name, node in self.nodes.items() if name in kept]

    def graph(self, names: Sequence[str], functions: Sequence[Parts]) -> Parts:
        """The GraphDef that computes the nodes of these names."""
        parts: Parts = []
        for node in self.needed(names):
            inputs = [f"{e.node}:{e.place}" if e.place else e.node for e in node.inputs]
            parts += message(1, _node_def(node, inputs))
        library: Parts = []
        for function in functions:
            library += message(1, function)
        if library:
            parts += message(2, library)
        return parts + message(4, [integer(1, _PRODUCER)])

    def function(self, name: str, results: Sequence[Edge]) -> Parts:
        """The FunctionDef with these results."""
        signature: Parts = [text(1, name)]
        for argument in self.arguments:
            signature += message(2, _argument(argument.node, argument.dtype))
        for place, result in enumerate(results):
            signature += message(3, _argument(f"result_{place}", result.dtype))
        parts = message(1, signature)
        for node in self.needed([result.node for result in results]):
            parts += message(3, _node_def(node, [self._reference(e) for e in node.inputs]))
        for place, result in enumerate(results):
            named: Parts = [text(1, f"result_{place}"), text(2, self._reference(result))]
            parts += message(4, named)
        return parts

    def _reference(self, edge: Edge) -> str:
        """An edge as functions write it."""
        if edge.node not in self.nodes:
            return edge.node
        outputs = _OUTPUTS.get(self.nodes[edge.node].kind, ("output",))
        if len(outputs) > 1:
            return f"{edge.node}:{outputs[edge.place]}:0"
        return f"{edge.node}:{outputs[0]}:{edge.place}"


def _argument(name: str, dtype: str) -> Parts:
    return [text(1, name), integer(3, DATA_TYPES[dtype])]


def _node_def(node: NodeDef, inputs: Sequence[str]) -> Parts:
    parts: Parts = [text(1, node.name), text(2, node.kind)]
    parts += [text(3, item) for item in (*inputs, *(f"^{name}" for name in node.control))]
    attributes = dict(node.attributes)
    if node.kind == "Const":
        value = attributes["value"]
        attributes["dtype"] = Type(_dtype(value))  # type: ignore[arg-type] # an array
    for name in sorted(attributes):
        parts += message(5, [text(1, name), *message(2, _value(attributes[name]))])
    return parts


def _dtype(array: NDArray[np.generic]) -> str:
    return "str" if array.dtype.kind in "OUT" else array.dtype.name


def _value(value: object) -> Parts:
    """AttrValue; the Python type decides the kind."""
    match value:
        case list() | tuple() if type(value) in (list, tuple):
            return message(1, [part for item in value for part in _listed(item)])
        case np.ndarray():
            return message(8, tensor(value))
        case Called():
            return message(10, [text(1, value.name)])
        case bool():
            return [integer(5, int(value))]
    return _listed(value)


def _listed(value: object) -> Parts:
    """What AttrValue and its lists have the same field for."""
    match value:
        case Type():
            return [integer(6, DATA_TYPES[value])]
        case str() | bytes():
            return [text(2, value)]
        case int():
            return [integer(3, value)]
        case float():
            return [varint(4 << 3 | _FIXED_32) + struct.pack("<f", value)]
        case Shape():
            return message(7, shape(value.sizes))
    raise TypeError(f"no attribute of TensorFlow is a {type(value).__name__}")


def shape(sizes: Sequence[int | None] | None) -> Parts:
    """TensorShapeProto; a size of None is free, and without sizes the number of axes is."""
    if sizes is None:
        return [integer(3, 1)]
    parts: Parts = []
    for size in sizes:
        parts += message(2, [integer(1, -1 if size is None else size)])
    return parts


def tensor(array: NDArray[np.generic]) -> Parts:
    """TensorProto of an array: raw little-endian bytes, or one field a string."""
    parts: Parts = [integer(1, DATA_TYPES[_dtype(array)]), *message(2, shape(array.shape))]
    if array.dtype.kind in "OUT":
        return [*parts, *(text(8, _octets(cell)) for cell in array.ravel())]
    raw = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return parts + message(4, [raw.reshape(-1).view("uint8").data] if raw.size else [])


def _octets(cell: object) -> bytes:
    return cell if isinstance(cell, bytes) else str(cell).encode()
