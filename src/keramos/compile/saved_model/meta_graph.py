"""A network -> ``saved_model.pb``: one frozen graph with the tag ``serve``.

Source: tensorflow/core/protobuf/saved_model.proto and meta_graph.proto.
"""

from __future__ import annotations

import re
from itertools import count
from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.onnx.protobuf import integer, message, text
from keramos.compile.recorded import needed, record
from keramos.compile.saved_model.graph_def import DATA_TYPES, Edge, Shape, Type, shape
from keramos.compile.saved_model.table import ROWS
from keramos.compile.saved_model.writer import Writer
from keramos.errors import UnsupportedModelError
from keramos.types.limits import LIMITS
from keramos.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.compile.onnx.graph import Value
    from keramos.compile.onnx.protobuf import Parts
    from keramos.compile.recorded import Recorded
    from keramos.types.limits import Limits
    from keramos.types.network import Network

FORM = "TensorFlow"
_METHOD = "tensorflow/serving/predict"
_SIGNATURE, _FILL = "serving_default", "__saved_model_init_op"
_ILLEGAL = re.compile(r"[^A-Za-z0-9_.\\/>-]")
_MOST = 2**31 - 1
"""Bytes of the largest message that protobuf reads."""

Named = tuple[str, Edge, "Sequence[int | None]"]
"""The name of an input or output in the signature, its tensor and its shape."""


def saved_model(network: Network, limits: Limits = LIMITS) -> bytes:
    """The bytes of ``saved_model.pb`` for a network: signature ``serving_default``, inputs and
    outputs under Keras' names.

    Raises:
        UnsupportedModelError: TensorFlow has no operation for something in it; names it.
        ModelError: the network cannot be compiled.
    """
    made = record(network, FORM, limits)
    w = Writer(ROWS)
    inputs = list(_inputs(w, made))
    checks = [value for value, _ in made.checks]
    w.write(needed(made.nodes, [*made.outputs, *checks]))
    control = [_assertion(w, value, words) for value, words in made.checks]
    outputs = list(_outputs(w, made, control))
    meta = _meta_graph(w, inputs, outputs)
    data = b"".join([integer(1, 1), *message(2, meta)])
    if len(data) > _MOST:
        raise UnsupportedModelError(
            f"the graph of the model has more than {_MOST:,} bytes, the most that TensorFlow reads",
            received=f"{len(data):,}",
            remedy="Write a .keras file",
        )
    return data


def _inputs(w: Writer, made: Recorded) -> list[Named]:
    found: list[Named] = []
    for spec, value in zip(made.inputs, made.feeds, strict=True):
        name = f"{_SIGNATURE}_{_ILLEGAL.sub('_', spec.name)}"
        attributes = {"dtype": Type(spec.dtype), "shape": Shape(spec.shape)}
        (edge,) = w.g.ops("Placeholder", (), [spec.dtype], attributes, name)
        w.known[value.name] = edge
        found.append((spec.name, edge, spec.shape))
    return found


def _outputs(w: Writer, made: Recorded, control: Sequence[str]) -> list[Named]:
    """Each output behind a node of its own, which the checks precede."""
    found: list[Named] = []
    for place, (name, value) in enumerate(
        zip(distinct(made.output_names), made.outputs, strict=True)
    ):
        edge, attributes = w.edge(value), {"T": Type(value.dtype)}
        node = f"{_SIGNATURE}_output_{place}"
        (last,) = w.g.ops("Identity", (edge,), [value.dtype], attributes, node, control)
        found.append((name, last, value.shape))
    return found


def distinct(names: Sequence[str]) -> list[str]:
    """Names of outputs as Keras numbers them: one layer may make several."""
    made: list[str] = []
    for name in names:
        free = (f"{name}_{number}" if number else name for number in count())
        made.append(next(one for one in free if one not in made))
    return made


def _assertion(w: Writer, value: Value, words: str) -> str:
    """A node that fails with a message unless all values of a condition hold."""
    holds = w.reduce("All", w.edge(value), list(range(value.rank)), keepdims=False)
    shown = w.g.const(np.array(words, object))
    types = {"T": [Type("str")], "summarize": 3}
    return w.g.ops("Assert", (holds, shown), ["bool"], types)[0].node


def _meta_graph(w: Writer, inputs: Sequence[Named], outputs: Sequence[Named]) -> Parts:
    names = [edge.node for _, edge, _ in (*inputs, *outputs)]
    signatures = [(_SIGNATURE, _signature(inputs, outputs))]
    if w.initialisers:
        w.g.ops("NoOp", (), ["bool"], {}, "init", w.initialisers)
        names.append("init")
        whole = [text(1, _FILL), *message(2, _tensor_info(Edge("init", 0, "")))]
        signatures.append((_FILL, message(2, whole)))
    parts = message(1, [text(1, f"keramos {__version__}"), text(4, "serve"), text(5, "2.17.0")])
    parts += message(2, w.g.graph(names, w.functions))
    for name, signature in signatures:
        parts += message(5, [text(1, name), *message(2, signature)])
    return parts


def _signature(inputs: Sequence[Named], outputs: Sequence[Named]) -> Parts:
    parts: Parts = []
    for field, named in ((1, inputs), (2, outputs)):
        for name, edge, sizes in named:
            parts += message(field, [text(1, name), *message(2, _tensor_info(edge, sizes))])
    return [*parts, text(3, _METHOD)]


def _tensor_info(edge: Edge, sizes: Sequence[int | None] | None = None) -> Parts:
    if not edge.dtype:  # an operation instead of a tensor
        return [text(1, edge.node), *message(3, [integer(3, 1)])]
    parts: Parts = [text(1, f"{edge.node}:{edge.place}"), integer(2, DATA_TYPES[edge.dtype])]
    return parts + message(3, shape(sizes))
