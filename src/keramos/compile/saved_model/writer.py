"""What the rows of the tables share: a value of a network as an edge of TensorFlow's graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.saved_model.graph_def import DATA_TYPES, Edge, Nodes, Type

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keramos.compile.keras_writer import Node
    from keramos.compile.onnx.graph import Value
    from keramos.compile.onnx.protobuf import Parts


class Writer:
    """Nodes of TensorFlow under construction. ``known``: value -> its edge.

    ``rows`` write the nodes, by kind. ``functions`` and ``initialisers`` (nodes that fill tables
    before the first run) are those of the whole model.
    """

    def __init__(self, rows: Mapping[str, Row], outer: Writer | None = None) -> None:
        self._rows = rows
        self.g = Nodes()
        self.known: dict[str, Edge] = {}
        self.functions: list[Parts] = outer.functions if outer else []
        self.initialisers: list[str] = []

    def inner(self) -> Writer:
        """A writer for the body of a loop in this graph."""
        return Writer(self._rows, self)

    def edge(self, value: Value) -> Edge:
        """A value as an edge."""
        if value.const is not None and value.name not in self.known:
            self.known[value.name] = self.g.const(value.const)
        return self.known[value.name]

    def input(self, node: Node, place: int) -> Edge:
        """An input that must be there, as an edge."""
        return self.edge(node.value(place))

    def inputs(self, node: Node) -> list[Edge]:
        """All inputs as edges."""
        return [self.edge(value) for value in node.inputs if value is not None]

    def write(self, nodes: Sequence[Node]) -> None:
        """Append what computes the nodes.

        Raises:
            UnsupportedModelError: TensorFlow cannot express one of them; names it.
        """
        for node in nodes:
            if node.kind not in self._rows:
                raise node.refused("has no operation of TensorFlow")
            for value in node.outputs:
                if value.dtype not in DATA_TYPES:
                    raise node.refused(f"gives {value.dtype}")
            made = self._rows[node.kind](self, node)
            listed = [made] if isinstance(made, Edge) else made
            self.known |= {v.name: e for v, e in zip(node.outputs, listed, strict=False)}

    def binary(self, kind: str, x: Edge, y: Edge, dtype: str = "") -> Edge:
        """A function of two numbers, broadcast."""
        return self.g.op(kind, x, y, dtype=dtype or x.dtype, T=Type(x.dtype))

    def unary(self, kind: str, x: Edge, dtype: str = "") -> Edge:
        """A function of one number."""
        return self.g.op(kind, x, dtype=dtype or x.dtype, T=Type(x.dtype))

    def cast(self, x: Edge, dtype: str) -> Edge:
        """Numbers in another dtype."""
        if x.dtype == dtype:
            return x
        return self.g.op("Cast", x, dtype=dtype, SrcT=Type(x.dtype), DstT=Type(dtype))

    def number(self, x: Edge, value: float) -> Edge:
        """A constant of the dtype of ``x``."""
        return self.g.scalar(value, x.dtype)

    def select(self, condition: Edge, x: Edge, y: Edge) -> Edge:
        """``x`` where the condition holds, else ``y``."""
        return self.g.op("SelectV2", condition, x, y, dtype=x.dtype, T=Type(x.dtype))

    def reshape(self, x: Edge, sizes: Edge) -> Edge:
        """The same values in another shape."""
        return self.g.op("Reshape", x, sizes, T=Type(x.dtype), Tshape=Type(sizes.dtype))

    def shape(self, x: Edge, dtype: str = "int64") -> Edge:
        """The sizes of a tensor."""
        return self.g.op("Shape", x, dtype=dtype, T=Type(x.dtype), out_type=Type(dtype))

    def expand(self, x: Edge, axis: int) -> Edge:
        """A new axis of size 1."""
        place = self.g.scalar(axis, "int32")
        return self.g.op("ExpandDims", x, place, T=Type(x.dtype), Tdim=Type("int32"))

    def squeeze(self, x: Edge, axes: Sequence[int]) -> Edge:
        """Axes of size 1 removed."""
        return self.g.op("Squeeze", x, T=Type(x.dtype), squeeze_dims=list(axes))

    def concat(self, parts: Sequence[Edge], axis: int) -> Edge:
        """Tensors one behind the other along an axis."""
        if len(parts) == 1:
            return parts[0]
        place = self.g.scalar(axis, "int32")
        attributes = {"N": len(parts), "T": Type(parts[0].dtype), "Tidx": Type("int32")}
        return self.g.op("ConcatV2", *parts, place, **attributes)

    def gather(self, x: Edge, places: Edge, axis: int, batch: int = 0) -> Edge:
        """What lies at places along an axis."""
        types = {"Tparams": Type(x.dtype), "Tindices": Type(places.dtype), "Taxis": Type("int32")}
        where = self.g.scalar(axis, "int32")
        return self.g.op("GatherV2", x, places, where, batch_dims=batch, **types)

    def slice(
        self, x: Edge, begin: Edge, end: Edge, strides: Edge, begin_mask: int = 0, end_mask: int = 0
    ) -> Edge:
        """Part of a tensor; axes with a bit in a mask begin or end where they do."""
        types = {"T": Type(x.dtype), "Index": Type(begin.dtype)}
        masks = {"begin_mask": begin_mask, "end_mask": end_mask}
        more = dict.fromkeys(("ellipsis_mask", "new_axis_mask", "shrink_axis_mask"), 0)
        return self.g.op("StridedSlice", x, begin, end, strides, **types, **masks, **more)

    def part(self, x: Edge, start: int, stop: int | None) -> Edge:
        """Part of a vector."""
        begin, end, step = (self.g.ints(i) for i in (start, stop or 0, 1))
        return self.slice(x, begin, end, step, 0, int(stop is None))

    def size(self, x: Edge, axis: int) -> Edge:
        """The size of an axis as a vector of one int32."""
        return self.part(self.shape(x, "int32"), axis, axis + 1)

    def reduce(self, kind: str, x: Edge, axes: Sequence[int], *, keepdims: bool) -> Edge:
        """A reduction over axes."""
        types = {} if kind in ("All", "Any") else {"T": Type(x.dtype)}
        more = {"Tidx": Type("int32"), "keep_dims": keepdims}
        places = self.g.const(np.array(axes, "int32"))
        return self.g.op(kind, x, places, **types, **more)


Row = Callable[[Writer, "Node"], Edge | Sequence[Edge]]
"""Writes one node; gives its outputs."""
