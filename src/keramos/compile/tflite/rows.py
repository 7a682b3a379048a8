"""ONNX operators whose rows for SavedModels use what TensorFlow Lite lacks: other rows for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.compile.onnx.tensor_types import ints
from keramos.compile.recorded import RecordedBody
from keramos.compile.saved_model.table import ROWS as TENSORFLOW

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.compile.keras_writer import Node
    from keramos.compile.saved_model.graph_def import Edge
    from keramos.compile.saved_model.writer import Row, Writer

_MOST_STEPS = 256


def _log_1p_exp(w: Writer, x: Edge) -> Edge:
    """max(x, 0) + log(1 + exp(-|x|))."""
    small = w.unary("Exp", w.unary("Neg", w.unary("Abs", x)))
    tail = w.unary("Log", w.binary("AddV2", small, w.number(x, 1.0)))
    return w.binary("AddV2", w.unary("Relu", x), tail)


def _softplus(w: Writer, n: Node) -> Edge:
    return _log_1p_exp(w, w.input(n, 0))


def _mish(w: Writer, n: Node) -> Edge:
    x = w.input(n, 0)
    return w.binary("Mul", x, w.unary("Tanh", _log_1p_exp(w, x)))


def _softsign(w: Writer, n: Node) -> Edge:
    x = w.input(n, 0)
    return w.binary("RealDiv", x, w.binary("AddV2", w.unary("Abs", x), w.number(x, 1.0)))


def _reciprocal(w: Writer, n: Node) -> Edge:
    x = w.input(n, 0)
    return w.binary("RealDiv", w.number(x, 1.0), x)


def _selu(w: Writer, n: Node) -> Edge:
    x = w.input(n, 0)
    positive = w.binary("Greater", x, w.number(x, 0.0), "bool")
    below = w.binary("Mul", w.unary("Elu", x), w.number(x, 1.6732632423543772))
    return w.binary("Mul", w.select(positive, x, below), w.number(x, 1.0507009873554805))


def _identity(w: Writer, n: Node) -> Edge:
    return w.input(n, 0)


def _unrolled(w: Writer, n: Node) -> Sequence[Edge]:
    """A loop over a known number of steps, one after the other."""
    body = n.attributes["body"]
    if not isinstance(body, RecordedBody):
        raise n.refused("with a body that is not recorded")
    count = n.number("num_scan_inputs")
    states = len(n.inputs) - count
    axes = ints(n.attributes.get("scan_input_axes") or [0] * count)
    steps = n.value(states).shape[axes[0]]
    if steps is None or steps > _MOST_STEPS:
        raise n.refused(f"over sequences that have not a fixed length of up to {_MOST_STEPS} steps")
    fed = w.inputs(n)
    old, made = fed[:states], []
    for step in range(steps):
        w.known |= {v.name: e for v, e in zip(body.inputs, old, strict=False)}
        for place, value in enumerate(body.inputs[states:]):
            index = w.g.scalar(step, "int32")
            w.known[value.name] = w.gather(fed[states + place], index, axes[place])
        w.write(body.nodes)
        old = [w.edge(value) for value in body.outputs[:states]]
        made.append([w.edge(value) for value in body.outputs[states:]])
    places = ints(n.attributes.get("scan_output_axes") or [0] * len(made[0]))
    collected = [
        w.concat([w.expand(edge, axis) for edge in column], axis)
        for axis, column in zip(places, zip(*made, strict=True), strict=True)
    ]
    return [*old, *collected]


ROWS: dict[str, Row] = {
    **TENSORFLOW,
    "Identity": _identity,
    "Mish": _mish,
    "Reciprocal": _reciprocal,
    "Scan": _unrolled,
    "Selu": _selu,
    "Softplus": _softplus,
    "Softsign": _softsign,
}
