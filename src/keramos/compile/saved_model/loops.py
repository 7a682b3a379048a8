"""The row for ONNX' Scan: a loop over steps whose results are collected in a list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.compile.onnx.tensor_types import ints
from keramos.compile.recorded import RecordedBody, captured
from keramos.compile.saved_model.graph_def import Called, Nodes, Shape, Type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.compile.keras_writer import Node
    from keramos.compile.saved_model.graph_def import Edge
    from keramos.compile.saved_model.writer import Writer

_LIST = "variant"


def scan(w: Writer, n: Node) -> Sequence[Edge]:
    """A StatelessWhile over counter, number of steps, lists, states and what the body uses."""
    body = n.attributes["body"]
    if not isinstance(body, RecordedBody):
        raise n.refused("with a body that is not recorded")
    count = n.number("num_scan_inputs")
    states = len(n.inputs) - count
    fed = w.inputs(n)
    axes = ints(n.attributes["scan_input_axes"]) if "scan_input_axes" in n.attributes else []
    moved = [
        _moved(w, edge, n.value(states + place).rank, axes[place] if axes else 0)
        for place, edge in enumerate(fed[states:])
    ]
    steps = w.reshape(w.size(moved[0], 0), w.g.ints(1))
    total = w.squeeze(steps, [0])
    lists = [_list(w, edge) for edge in moved]
    made = [value.dtype for value in body.outputs[states:]]
    outputs = [_empty(w, total, dtype) for dtype in made]
    outside = [w.edge(value) for value in captured(n)]
    start = [w.g.scalar(0, "int32"), total, *lists, *outputs, *fed[:states], *outside]
    name = f"loop_{len(w.functions) // 2}"
    w.functions += [_condition(name, start), _body(w, n, body, name, start)]
    types = [Type(edge.dtype) for edge in start]
    attributes = {
        "T": types,
        "cond": Called(f"{name}_condition"),
        "body": Called(f"{name}_body"),
        "output_shapes": [Shape(None)] * len(start),
        "parallel_iterations": 10,
    }
    ends = w.g.ops("StatelessWhile", start, [edge.dtype for edge in start], attributes)
    first = 2 + count
    collected = ends[first : first + len(made)]
    states_at = first + len(made)
    out = [_stack(w, edge, dtype) for edge, dtype in zip(collected, made, strict=True)]
    return [*ends[states_at : states_at + states], *_placed(w, n, out, states)]


def _moved(w: Writer, x: Edge, rank: int, axis: int) -> Edge:
    """The steps first."""
    return w.g.transpose(x, [axis, *range(axis), *range(axis + 1, rank)])


def _placed(w: Writer, n: Node, made: Sequence[Edge], states: int) -> list[Edge]:
    """Collected results with the steps at their axis."""
    axes = ints(n.attributes.get("scan_output_axes") or [0] * len(made))
    placed = []
    for edge, axis, value in zip(made, axes, n.outputs[states:], strict=True):
        placed.append(w.g.transpose(edge, [*range(1, axis + 1), 0, *range(axis + 1, value.rank)]))
    return placed


def _list(w: Writer, x: Edge) -> Edge:
    types = {"element_dtype": Type(x.dtype), "shape_type": Type("int32")}
    sizes = w.part(w.shape(x, "int32"), 1, None)
    return w.g.op("TensorListFromTensor", x, sizes, dtype=_LIST, **types)


def _empty(w: Writer, total: Edge, dtype: str) -> Edge:
    types = {"element_dtype": Type(dtype), "shape_type": Type("int32")}
    return w.g.op("TensorListReserve", w.g.scalar(-1, "int32"), total, dtype=_LIST, **types)


def _stack(w: Writer, x: Edge, dtype: str) -> Edge:
    anything = w.g.scalar(-1, "int32")
    more = {"element_dtype": Type(dtype), "num_elements": -1}
    return w.g.op("TensorListStack", x, anything, dtype=dtype, **more)


def _arguments(nodes: Nodes, start: Sequence[Edge]) -> list[Edge]:
    return [nodes.argument(f"argument_{place}", e.dtype) for place, e in enumerate(start)]


def _condition(name: str, start: Sequence[Edge]) -> list[bytes | memoryview]:
    nodes = Nodes()
    counter, total, *_ = _arguments(nodes, start)
    less = nodes.op("Less", counter, total, dtype="bool", T=Type("int32"))
    return nodes.function(f"{name}_condition", [less])


def _body(
    outer: Writer, n: Node, body: RecordedBody, name: str, start: Sequence[Edge]
) -> list[bytes | memoryview]:
    w = outer.inner()
    counter, total, *others = _arguments(w.g, start)
    count = n.number("num_scan_inputs")
    states = len(n.inputs) - count
    made = body.outputs[states:]
    lists, outputs = others[:count], others[count : count + len(made)]
    old = others[count + len(made) :]
    w.known |= {v.name: e for v, e in zip(body.inputs, old[:states], strict=False)}
    for value, edge in zip(body.inputs[states:], lists, strict=True):
        anything = w.g.scalar(-1, "int32")
        inputs, types = (edge, counter, anything), {"element_dtype": Type(value.dtype)}
        w.known[value.name] = w.g.op("TensorListGetItem", *inputs, dtype=value.dtype, **types)
    w.known |= {v.name: e for v, e in zip(captured(n), old[states:], strict=True)}
    w.write(body.nodes)
    kept = []
    for value, edge in zip(made, outputs, strict=True):
        types = {"element_dtype": Type(value.dtype)}
        inputs = (edge, counter, w.edge(value))
        kept.append(w.g.op("TensorListSetItem", *inputs, dtype=_LIST, **types))
    following = w.binary("AddV2", counter, w.g.scalar(1, "int32"))
    new = [w.edge(value) for value in body.outputs[:states]]
    results = [following, total, *lists, *kept, *new, *old[states:]]
    return w.g.function(f"{name}_body", results)
