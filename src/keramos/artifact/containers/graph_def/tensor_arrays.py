"""Arrays of tensors of TensorFlow 1 (TensorArray) as the lists of TensorFlow 2 (TensorList).

An array is a handle and a flow that orders what is done with it. The list that stands for it takes
the place of both. Source: tensorflow/core/ops/data_flow_ops.cc.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.types.operation_graph import CONSTANT, GraphNode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from keramos.artifact.containers.graph_def.definitions import Node
    from keramos.types.operation_graph import Edge

    Emit = Callable[[GraphNode], Edge]

_LISTS: Mapping[str, tuple[str, Sequence[int]]] = {
    "TensorArrayGather": ("TensorListGather", (2, 1)),
    "TensorArrayRead": ("TensorListGetItem", (2, 1)),
    "TensorArrayScatter": ("TensorListScatterIntoExistingList", (3, 2, 1)),
    "TensorArraySize": ("TensorListLength", (1,)),
    "TensorArrayWrite": ("TensorListSetItem", (3, 1, 2)),
}
"""Operation without its version -> that on a list, and which of its inputs that takes."""

ARRAYS = frozenset(
    name + version for name in ("TensorArray", *_LISTS) for version in ("", "V2", "V3")
)


def on_lists(
    node: Node, edges: Sequence[Edge], attributes: Mapping[str, object], emit: Emit
) -> list[Edge] | Edge:
    """What stands for an operation on an array."""
    op = node.op.removesuffix("V2").removesuffix("V3")
    if op == "TensorArray":
        shape = attributes.get("element_shape")
        sizes = np.array(-1 if shape is None else shape, "int32")
        stated = emit(GraphNode(f"{node.name} shape", CONSTANT, (), {"value": sizes}))
        kind = {"element_dtype": attributes.get("dtype")}
        made = emit(GraphNode(node.name, "TensorListReserve", (stated, *edges), kind))
        return [made, made]
    to, order = _LISTS[op]
    inputs = tuple(edges[i] for i in order if i < len(edges))
    return emit(GraphNode(node.name, to, inputs, attributes))
