"""A network whose TensorFlow functions and replacements are calls of keras.ops, for current Keras.

The network is compiled once into a graph that remembers its nodes; those of such a layer become
functions of keras.ops under its name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from keramos.compile.emit import run_call, weight_values, with_inputs
from keramos.compile.keras_functions import FUNCTIONS
from keramos.compile.keras_writer import Node, Writer
from keramos.compile.onnx.graph import Graph
from keramos.compile.structures import predicts_array
from keramos.errors import UnsupportedModelError, located
from keramos.types.limits import LIMITS
from keramos.types.network import Call, TensorRef

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keramos.compile.emit import Masked
    from keramos.compile.onnx.graph import Operand, Value
    from keramos.types.limits import Limits
    from keramos.types.network import Layer, Network, TensorSpec

_SIZED = frozenset({"Expand", "Reshape"})
"""Operators that take sizes beside a constant."""

_FOREIGN = ("tf.", "replaced.")
"""Kinds of layers that current Keras does not have."""


def as_keras_calls(network: Network, limits: Limits = LIMITS) -> Network:
    """The network with a call of keras.ops for everything that TensorFlow or a replacement
    computes.

    Raises:
        UnsupportedModelError: keras.ops cannot express one of them; names it.
        ModelError: the network cannot be compiled.
    """
    layers = {name: _with_inner(layer, limits) for name, layer in network.layers.items()}
    network = replace(network, layers=layers)
    if not any(_is_foreign(layer) for layer in layers.values()):
        return network
    return with_inputs(network, limits, lambda specs: _written(network, specs, limits))


def _with_inner(layer: Layer, limits: Limits) -> Layer:
    """The layer, with such calls in the models that it is or wraps."""
    network = layer.network and as_keras_calls(layer.network, limits)
    inner = tuple(_with_inner(part, limits) for part in layer.inner)
    return replace(layer, network=network, inner=inner)


def _is_foreign(layer: Layer) -> bool:
    """Whether current Keras lacks the layer, or one that it wraps."""
    return layer.kind.startswith(_FOREIGN) or any(map(_is_foreign, layer.inner))


class _Recorder(Graph):
    """A graph that remembers its nodes."""

    def __init__(self, limits: Limits, weights: int) -> None:
        super().__init__(limits=limits, weights=weights)
        self.recorded: list[Node] = []

    def ops(
        self, kind: str, *operands: Operand, outputs: int, domain: str = "", **attributes: object
    ) -> tuple[Value, ...]:
        """Append a node and remember it."""
        inputs = self._values(operands)
        known = {key: item for key, item in attributes.items() if key != "like"}
        made = super().ops(kind, *inputs, outputs=outputs, domain=domain, **attributes)
        self.recorded.append(Node(kind, inputs, made, known))
        return made


def _written(network: Network, specs: Sequence[TensorSpec], limits: Limits) -> Network:
    g = _Recorder(limits, weight_values(network))
    feeds = (g.input(spec.name, spec.dtype, spec.shape) for spec in specs)
    values: dict[TensorRef, Masked] = {
        ref: (value, None) for ref, value in zip(network.inputs, feeds, strict=True)
    }
    layers = {name: one for name, one in network.layers.items() if not _is_foreign(one)}
    calls: list[Call] = []
    moved: dict[TensorRef, object] = {}
    taken, count = set(network.layers), dict.fromkeys(network.layers, 0)
    for call in network.calls:
        layer, start = network.layers[call.layer], len(g.recorded)
        results = run_call(g, layer, call, values)
        made = [TensorRef(call.layer, count[call.layer], place) for place in range(len(results))]
        count[call.layer] += 1
        if _is_foreign(layer):
            if call.layer not in layers:
                taken.discard(call.layer)  # the first function bears the name of the layer
            writer = Writer(call.layer, taken)
            for ref, (value, _) in values.items():
                found_before = _moved(ref, moved)
                if isinstance(found_before, TensorRef):
                    writer.known[value.name] = found_before
            with located(layer=layer.name, layer_kind=layer.kind):
                found = _write(writer, g.recorded[start:], [value for value, _ in results])
            layers |= writer.layers
            calls += writer.calls
            moved |= dict(zip(made, found, strict=True))
        else:
            args, kwargs = (_moved(item, moved) for item in (list(call.args), dict(call.kwargs)))
            calls.append(Call(call.layer, tuple(args), kwargs))  # type: ignore[arg-type] # as before
        values |= dict(zip(made, results, strict=True))
    outputs = tuple(_output(_moved(ref, moved), ref) for ref in network.outputs)
    return replace(
        network,
        layers=layers,
        calls=tuple(calls),
        outputs=outputs,
        output_structure=None if predicts_array(network) else network.output_structure,
        sequential=False,  # such a model has no calls; one with functions in it is Functional
    )


def _write(writer: Writer, nodes: Sequence[Node], results: Sequence[Value]) -> list[object]:
    """Write the nodes that results need; gives the results as tensors or constants."""
    needed = {value.name for value in results}
    for node in reversed(nodes):
        if any(value.name in needed for value in node.outputs):
            needed |= {value.name for value in node.inputs if value is not None}
    folded: dict[str, Value] = {}
    for plain in nodes:
        node = plain.with_constants(folded)
        if not any(value.name in needed for value in node.outputs) or _is_size(node, writer):
            continue
        if node.is_constant:
            folded[node.outputs[0].name] = node.folded()
            continue
        if node.kind == "Identity":
            writer.known[node.outputs[0].name] = writer.item(node.value(0))  # type: ignore[assignment] # a tensor
            continue
        if node.kind not in FUNCTIONS:
            raise node.refused("has no function of keras.ops")
        found = FUNCTIONS[node.kind](writer, node)
        listed = [found] if isinstance(found, TensorRef) else list(found)
        writer.known |= {v.name: ref for v, ref in zip(node.outputs, listed, strict=False)}
    return [writer.item(folded.get(value.name, value)) for value in results]


def _is_size(node: Node, writer: Writer) -> bool:
    """Whether a node computes with sizes that only the rows tell: what uses them states the sizes
    that are known instead.
    """
    inputs = [value for value in node.inputs if value is not None]
    if node.kind == "Shape":
        writer.sized[node.outputs[0].name] = inputs[0]
        return True
    sizes = [value for value in inputs if value.name in writer.sized]
    if sizes and inputs[0].name not in writer.known and node.kind not in _SIZED:
        writer.sized |= {value.name: writer.sized[sizes[0].name] for value in node.outputs}
        return True
    return False


def _moved(item: object, moved: Mapping[TensorRef, object]) -> object:
    match item:
        case TensorRef():
            return moved.get(item, item)
        case list() | tuple():
            return [_moved(part, moved) for part in item]
        case dict():
            return {key: _moved(part, moved) for key, part in item.items()}
    return item


def _output(item: object, ref: TensorRef) -> TensorRef:
    if not isinstance(item, TensorRef):
        raise UnsupportedModelError(
            "an output of the model is a constant, which current Keras cannot express",
            layer=ref.layer,
        )
    return item
