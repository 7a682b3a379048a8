"""A network compiled into nodes as data, for writers of other forms than ONNX."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keramos.compile.emit import run_network, weight_values, with_inputs
from keramos.compile.faults import check
from keramos.compile.keras_writer import Node
from keramos.compile.onnx.graph import Graph
from keramos.compile.onnx.protobuf import Subgraph
from keramos.compile.structures import output_names
from keramos.types.limits import LIMITS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keramos.compile.onnx.graph import Operand, Shape, Value
    from keramos.compile.onnx.tensor_types import Kind
    from keramos.types.limits import Limits
    from keramos.types.network import Network, TensorSpec

HOST = "host."
"""What the kinds of nodes begin with that stand for a step outside ONNX."""


class RecordedBody(Subgraph):
    """The body of a loop as nodes."""

    def __init__(self, graph: RecordedGraph, outputs: Sequence[Value]) -> None:
        super().__init__([])
        self.nodes, self.inputs, self.outputs = graph.recorded, graph.fed, outputs


class RecordedGraph(Graph):
    """A graph that remembers its nodes. Recurrent cells become loops, and steps outside ONNX nodes.

    ``form`` names what is written of it.
    """

    def __init__(
        self, form: str, parent: Graph | None = None, limits: Limits = LIMITS, weights: int = 0
    ) -> None:
        super().__init__(parent, limits, weights)
        self.form = form
        self.composite_operators = False
        self.recorded: list[Node] = []
        self.fed: list[Value] = []

    def inner(self) -> Graph:
        """A graph for the body of a loop, which remembers its nodes too."""
        return RecordedGraph(self.form, self)

    def input(self, name: str, dtype: str, shape: Shape) -> Value:
        """A graph input."""
        self.fed.append(super().input(name, dtype, shape))
        return self.fed[-1]

    def ops(
        self, kind: str, *operands: Operand, outputs: int, domain: str = "", **attributes: object
    ) -> tuple[Value, ...]:
        """Append a node and remember it."""
        inputs = self._values(operands)
        known = {key: item for key, item in attributes.items() if key != "like"}
        made = super().ops(kind, *inputs, outputs=outputs, domain=domain, **attributes)
        self.recorded.append(Node(kind, inputs, made, known, self.place, self.form))
        return made

    def host(
        self, kind: str, config: Mapping[str, object], operands: Sequence[Value], like: Kind
    ) -> Value:
        """The result of a step that runs outside ONNX."""
        made = super().host(kind, config, operands, like)
        self.fed.remove(made)
        self.recorded.append(
            Node(f"{HOST}{kind}", operands, (made,), dict(config), self.place, self.form)
        )
        return made

    def body(self, outputs: Sequence[Value]) -> Subgraph:
        """This graph as the body of a loop."""
        return RecordedBody(self, outputs)


class Recorded(NamedTuple):
    """A compiled network: its nodes in order, inputs and outputs in Keras' order.

    ``checks`` are conditions whose values must all be true, each with the message for a run where
    one is not.
    """

    inputs: Sequence[TensorSpec]
    feeds: Sequence[Value]
    nodes: Sequence[Node]
    outputs: Sequence[Value]
    output_names: Sequence[str]
    checks: Sequence[tuple[Value, str]]


def record(network: Network, form: str, limits: Limits = LIMITS) -> Recorded:
    """The nodes of a network; ``form`` names in errors what is written of them.

    Raises:
        ModelError: the network cannot be compiled.
    """
    check(network)
    return with_inputs(network, limits, lambda specs: _recorded(network, form, specs, limits))


def _recorded(network: Network, form: str, specs: Sequence[TensorSpec], limits: Limits) -> Recorded:
    g = RecordedGraph(form, limits=limits, weights=weight_values(network))
    feeds = tuple(g.input(spec.name, spec.dtype, spec.shape) for spec in specs)
    results = run_network(g, network, tuple((value, None) for value in feeds))
    outputs = [value for value, _ in results]
    return Recorded(specs, feeds, g.recorded, outputs, output_names(network), g.runtime_checks)


def needed(nodes: Sequence[Node], results: Sequence[Value]) -> list[Node]:
    """The nodes that results need, in order."""
    names = {value.name for value in results}
    kept = []
    for node in reversed(nodes):
        if any(value.name in names for value in node.outputs):
            kept.append(node)
            names |= {value.name for value in node.inputs if value is not None}
            names |= {value.name for value in captured(node)}
    return kept[::-1]


def captured(node: Node) -> list[Value]:
    """What the body of a loop uses from outside, without constants and each once."""
    body = node.attributes.get("body")
    if not isinstance(body, RecordedBody):
        return []
    made = {value.name for value in body.inputs}
    found: dict[str, Value] = {}
    for inner in body.nodes:
        for value in (*inner.inputs, *captured(inner)):
            if value is not None and value.const is None and value.name not in made:
                found[value.name] = value
        made |= {value.name for value in inner.outputs}
    return list(found.values())
