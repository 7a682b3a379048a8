"""A network -> a TensorFlow Lite file in float32."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.recorded import needed, record
from keramos.compile.saved_model.graph_def import Edge, Shape, Type
from keramos.compile.saved_model.meta_graph import distinct
from keramos.compile.saved_model.writer import Writer
from keramos.compile.tflite.flatbuffer import Data, Numbers, Scalar, Table, flatbuffer
from keramos.compile.tflite.operators import ROWS as OPERATORS
from keramos.compile.tflite.operators import TENSOR_TYPES, Source
from keramos.compile.tflite.rows import ROWS
from keramos.errors import UnsupportedModelError
from keramos.types.limits import LIMITS
from keramos.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from keramos.compile.recorded import Recorded
    from keramos.compile.saved_model.graph_def import NodeDef
    from keramos.compile.tflite.operators import Operator
    from keramos.types.limits import Limits
    from keramos.types.network import Network

FORM = "TensorFlow Lite"
_IDENTIFIER, _VERSION = b"TFL3", 3
_SIGNATURE = "serving_default"
_MOST = 2**31 - 1
_VERSIONS = {130: 2}
"""The first version of an operator, where that is not 1: BROADCAST_TO."""

_OLD_CODES = 127
"""The largest code that the field of older readers holds."""


def tflite(network: Network, limits: Limits = LIMITS) -> bytes:
    """The bytes of a ``.tflite`` file: signature ``serving_default``, names as in Keras. A free
    number of rows is 1 until the inputs are resized.

    Raises:
        UnsupportedModelError: TensorFlow Lite has no operator for something in it; names it.
        ModelError: the network cannot be compiled.
    """
    made = record(network, FORM, limits)
    if made.checks:
        raise UnsupportedModelError(
            f"{FORM} cannot check its inputs, as the model does", received=made.checks[0][1]
        )
    w = Writer(ROWS)
    for spec, value in zip(made.inputs, made.feeds, strict=True):
        attributes = {"dtype": Type(spec.dtype), "shape": Shape(spec.shape)}
        (w.known[value.name],) = w.g.ops("Placeholder", (), [spec.dtype], attributes, spec.name)
    w.write(needed(made.nodes, made.outputs))
    data = _Model(w, made).flatbuffer()
    if len(data) > _MOST:
        raise UnsupportedModelError(
            f"the file would have more than {_MOST:,} bytes, the most that its offsets reach",
            received=f"{len(data):,}",
            remedy="Write a .keras file",
        )
    return data


class _Model:
    """Tensors, buffers and operators under construction."""

    def __init__(self, w: Writer, made: Recorded) -> None:
        self._w = w
        self._made = made
        self._tensors: list[Table] = []
        self._buffers: list[Table] = [Table({})]
        self._operators: list[Table] = []
        self._codes: list[int] = []
        self._places: dict[tuple[str, int], int] = {}

    def flatbuffer(self) -> bytes:
        """The whole file."""
        feeds = [self._w.known[value.name] for value in self._made.feeds]
        results = [self._w.edge(value) for value in self._made.outputs]
        inputs = [self._input(edge) for edge in feeds]
        for node in self._w.g.needed([edge.node for edge in results]):
            if node.kind not in ("Const", "Placeholder"):
                self._append(node)
        outputs = [self._place(edge) for edge in results]
        graph = Table(
            {
                0: self._tensors,
                1: Numbers("i", inputs),
                2: Numbers("i", outputs),
                3: self._operators,
                4: "main",
            }
        )
        signature = Table(
            {
                0: _named([spec.name for spec in self._made.inputs], inputs),
                1: _named(distinct(self._made.output_names), outputs),
                2: _SIGNATURE,
                4: Scalar("I", 0),
            }
        )
        root: Table = Table(
            {
                0: Scalar("I", _VERSION),
                1: [_code(code) for code in self._codes],
                2: [graph],
                3: f"keramos {__version__}",
                4: self._buffers,
                7: [signature],
            }
        )
        return flatbuffer(root, _IDENTIFIER)

    def _input(self, edge: Edge) -> int:
        shape = self._w.g.nodes[edge.node].attributes["shape"]
        sizes = shape.sizes or () if isinstance(shape, Shape) else ()
        free = [-1 if size is None else size for size in sizes]
        first = [1 if size is None else size for size in sizes]
        more = {7: Numbers("i", free)} if -1 in free else {}
        self._places[(edge.node, 0)] = len(self._tensors)
        self._tensors.append(_tensor(first, edge.dtype, 0, edge.node, more))
        return len(self._tensors) - 1

    def _constant(self, edge: Edge) -> NDArray[np.generic] | None:
        node = self._w.g.nodes[edge.node]
        value = node.attributes.get("value")
        return value if node.kind == "Const" and isinstance(value, np.ndarray) else None

    def _place(self, item: Edge | NDArray[np.generic] | None) -> int:
        """The number of a tensor; -1 for none."""
        if item is None:
            return -1
        if isinstance(item, np.ndarray):
            return self._stored(item, f"constant_{len(self._tensors)}")
        key = (item.node, item.place)
        if key not in self._places:
            array = self._constant(item)
            if array is None:
                self._tensors.append(_tensor([], item.dtype, 0, f"{item.node}_{item.place}", {}))
                self._places[key] = len(self._tensors) - 1
            else:
                self._places[key] = self._stored(array, item.node)
        return self._places[key]

    def _stored(self, array: NDArray[np.generic], name: str) -> int:
        raw = np.ascontiguousarray(array).reshape(-1).view("uint8").data
        self._buffers.append(Table({0: Data(raw) if array.size else Data(b"")}))
        table = _tensor(list(array.shape), array.dtype.name, len(self._buffers) - 1, name, {})
        self._tensors.append(table)
        return len(self._tensors) - 1

    def _append(self, node: NodeDef) -> None:
        if node.kind not in OPERATORS:
            raise UnsupportedModelError(
                f"{FORM} has no operator for this computation: {node.kind}",
                remedy="Write a SavedModel or an .onnx file",
            )
        try:
            found = OPERATORS[node.kind](Source(node, self._constant))
        except KeyError as error:
            raise UnsupportedModelError(
                f"{FORM} cannot express this computation: {error.args[0]}",
                remedy="Write a SavedModel or an .onnx file",
            ) from None
        inputs = [self._place(item) for item in found.inputs]
        outputs = [self._place(Edge(node.name, i, dtype)) for i, dtype in enumerate(node.dtypes)]
        self._operators.append(self._operator(found, inputs, outputs))

    def _operator(self, found: Operator, inputs: Sequence[int], outputs: Sequence[int]) -> Table:
        if found.code not in self._codes:
            self._codes.append(found.code)
        options = None if found.fields is None else Table(found.fields)
        return Table(
            {
                0: Scalar("I", self._codes.index(found.code)),
                1: Numbers("i", inputs),
                2: Numbers("i", outputs),
                3: Scalar("B", found.options) if options else None,
                4: options,
            }
        )


def _code(code: int) -> Table:
    old, version = min(code, _OLD_CODES), _VERSIONS.get(code, 1)
    return Table({0: Scalar("b", old), 2: Scalar("i", version), 3: Scalar("i", code)})


def _tensor(
    shape: Sequence[int], dtype: str, buffer: int, name: str, more: dict[int, Numbers]
) -> Table:
    if dtype not in TENSOR_TYPES:
        raise UnsupportedModelError(
            f"{FORM} files hold no {'texts' if dtype == 'str' else dtype}", received=name
        )
    kind = Scalar("b", TENSOR_TYPES[dtype])
    return Table({0: Numbers("i", shape), 1: kind, 2: Scalar("I", buffer), 3: name, **more})


def _named(names: Sequence[str], places: Sequence[int]) -> list[Table]:
    """Names of a signature and the tensors that they mean."""
    return [
        Table({0: name, 1: Scalar("I", place)}) for name, place in zip(names, places, strict=True)
    ]
