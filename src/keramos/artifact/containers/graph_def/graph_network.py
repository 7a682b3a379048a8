"""A flat graph with named inputs and outputs -> Network: one layer computes it all."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from keramos.errors import UnsupportedModelError
from keramos.types.network import Call, Layer, Network, TensorRef
from keramos.types.operation_graph import ARGUMENT, OperationGraph

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from keramos.types.operation_graph import GraphNode

KIND = "tf.graph"


class GraphInput(NamedTuple):
    """An input of a graph; None stands for a free size, and for the shape if its rank is free."""

    name: str
    dtype: str
    shape: tuple[int | None, ...] | None


def graph_network(
    name: str,
    graph: OperationGraph,
    weights: Sequence[NDArray[np.generic]],
    inputs: Sequence[GraphInput],
    outputs: Sequence[str],
) -> Network:
    """The network that computes a graph. ``name`` is that of its signature.

    Raises:
        UnsupportedModelError: the rank of an input is free.
    """
    ends = {f"input {one.name}": _input(one) for one in inputs}
    layers = {key: Layer(key, "InputLayer", config) for key, config in ends.items()}
    layers[name] = Layer(name, KIND, weights=tuple(weights), graph=_scalars(graph, inputs))
    refs = tuple(TensorRef(key) for key in ends)
    return Network(
        name=name,
        layers=layers,
        calls=(Call(name, refs),),
        inputs=refs,
        outputs=tuple(TensorRef(name, 0, i) for i in range(len(outputs))),
        input_structure={one.name: i for i, one in enumerate(inputs)},
        output_structure={one: i for i, one in enumerate(outputs)},
    )


def _input(one: GraphInput) -> dict[str, object]:
    if one.shape is None:
        raise UnsupportedModelError("the number of axes of the input is free", layer=one.name)
    return {"batch_shape": list(one.shape) or [1], "dtype": one.dtype}


def _scalars(graph: OperationGraph, inputs: Sequence[GraphInput]) -> OperationGraph:
    """The graph that takes a row of one value for each input without axes."""
    flags = {i: {"index": i, "scalar": True} for i, one in enumerate(inputs) if one.shape == ()}
    if not flags:
        return graph

    def marked(node: GraphNode) -> GraphNode:
        index = node.attributes.get("index")
        found = flags.get(index) if node.op == ARGUMENT and isinstance(index, int) else None
        return node if found is None else replace(node, attributes=found)

    return OperationGraph(tuple(map(marked, graph.nodes)), graph.outputs)
