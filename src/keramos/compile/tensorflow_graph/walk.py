"""Walk a graph of TensorFlow operations and let the row of each append its nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.lowering.layer_call import LayerCall
from keramos.compile.lowering.record import Operation
from keramos.compile.tensorflow_graph.complex_numbers import complex_row
from keramos.compile.tensorflow_graph.folding import folded
from keramos.compile.tensorflow_graph.operands import Complex, Known, NodeCall, Table, as_value
from keramos.compile.tensorflow_graph.table import row_of
from keramos.errors import CorruptModelError, KeramosError, MismatchError, UnsupportedModelError
from keramos.types.attributes import integer
from keramos.types.network import Layer
from keramos.types.operation_graph import ARGUMENT, CONSTANT, TABLE, WEIGHT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.compile.onnx.graph import Graph, Value
    from keramos.compile.tensorflow_graph.operands import Array, Operand
    from keramos.types.operation_graph import GraphNode, OperationGraph

_SHOWN = 80


def lower_graph(s: LayerCall, *inputs: Value) -> tuple[Value, ...]:
    """The outputs of the graph of a layer."""
    graph = s.layer.graph
    if graph is None:
        raise CorruptModelError("the layer holds no graph", layer=s.layer.name)
    weights = [Known.of(_wide(s.weight(f"weight {i}"))) for i in range(len(s.layer.weights))]
    walk = Walk(s.g, weights)
    return tuple(as_value(s.g, one) for one in walk.run(graph, inputs))


def _wide(array: Array) -> Array:
    return array.astype("f4") if array.dtype == "f2" else array


class Walk:
    """One pass over a graph, in the graph of ONNX under construction or in the body of a loop."""

    def __init__(self, g: Graph, weights: Sequence[Known]) -> None:
        """``weights`` are those of the layer."""
        self.g = g
        self.weights = weights

    def inside(
        self, g: Graph, graph: OperationGraph, arguments: Sequence[Operand]
    ) -> list[Operand]:
        """The outputs of a graph in the body of a loop or branch."""
        return Walk(g, self.weights).run(graph, arguments)

    def run(self, graph: OperationGraph, arguments: Sequence[Operand]) -> list[Operand]:
        """The outputs of a graph for its arguments.

        Raises:
            ModelError: an operation cannot be compiled; names the node and the operation.
        """
        made: list[tuple[Operand, ...]] = []
        for node in graph.nodes:
            given = tuple(_taken(made, edge.node, edge.output, node) for edge in node.inputs)
            made.append(self._made(node, given, arguments))
        ends = graph.outputs
        return [made[edge.node][edge.output] for edge in ends]

    def _made(
        self, node: GraphNode, inputs: tuple[Operand, ...], arguments: Sequence[Operand]
    ) -> tuple[Operand, ...]:
        attributes = node.attributes
        if node.op == ARGUMENT:
            given = arguments[integer(attributes["index"], "index")]
            if attributes.get("scalar"):
                given = self.g.op("Squeeze", as_value(self.g, given), [0])
            return (given,)
        if node.op == WEIGHT:
            return (self.weights[integer(attributes["index"], "index")],)
        if node.op == CONSTANT:
            return (Known.of(_wide(np.asarray(attributes["value"]))),)
        if node.op == TABLE:
            keys, values = (np.asarray(attributes[name]) for name in ("keys", "values"))
            return (Table(keys, values),)
        return self._operation(node, inputs)

    def _operation(self, node: GraphNode, given: tuple[Operand, ...]) -> tuple[Operand, ...]:
        self.g.place = node.name[:_SHOWN]
        layer = Layer(node.name, node.op)
        values = tuple(one for one in given if not isinstance(one, (Complex, Known, Table)))
        call = LayerCall(self.g, layer, given, {}, values, (), _no_layers)  # type: ignore[arg-type]
        n = NodeCall(call, node.op, given, node.attributes, self.inside)
        try:
            constant = folded(n)
            if constant is not None:
                return (constant,)
            return (complex_row(n, row_of) or row_of(node.op))(n)
        except KeramosError as error:
            error.at(layer=node.name, layer_kind=node.op)
            raise
        except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError) as error:
            raise MismatchError(
                "the attributes and inputs of the operation do not fit together "
                f"({type(error).__name__}: {str(error)[:200]})",
                layer=node.name,
                layer_kind=node.op,
            ) from error


def _taken(made: list[tuple[Operand, ...]], node: int, output: int, taker: GraphNode) -> Operand:
    outputs = made[node]
    if output >= len(outputs):
        raise UnsupportedModelError(
            f"output {output} of the operation before it is not computed",
            layer=taker.name,
            layer_kind=taker.op,
        )
    return outputs[output]


def _no_layers(*_: object, **__: object) -> list[tuple[Value, Value | None]]:
    raise CorruptModelError("an operation of a graph wraps no layers")


OPERATION = Operation(lower_graph)
