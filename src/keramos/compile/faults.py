"""What of a network has no lowering, named before any node is appended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.compile.inputs import input_faults
from keramos.compile.layers import row_of
from keramos.compile.lowering.activation import activation_faults
from keramos.compile.lowering.record import Lowering, Operation
from keramos.errors import ForeignCodeError, LayerProblem, UnsupportedModelError, quoted
from keramos.keras_layers.options import EVERY_LAYER, is_activation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from keramos.types.network import Call, Layer, Network
    from keramos.types.operation_graph import OperationGraph

_CALL_ARGUMENTS = frozenset({"training", "mask"})
"""Call arguments that every layer function may get; ``training`` is always False here."""

_SHOWN = 80


def check(network: Network) -> None:
    """Refuse a network that holds anything without a lowering, naming all of it at once."""
    found = list(faults(network))
    if found:
        from keramos.compile.gaps import holds_code, remedy  # noqa: PLC0415 (for a refusal only)

        kind = ForeignCodeError if holds_code(network) else UnsupportedModelError
        raise kind(
            f"model {quoted(network.name)} holds {len(found)} thing(s) that cannot run",
            problems=found,
            remedy=remedy(network),
        )


def faults(network: Network) -> Iterator[LayerProblem]:
    """Everything in a network that has no lowering."""
    for layer in network.layers.values():
        yield from _layer_faults(layer)
    for call in network.calls:
        yield from _call_faults(network.layers[call.layer], call)


def _layer_faults(layer: Layer) -> Iterator[LayerProblem]:
    if layer.network is not None:
        yield from faults(layer.network)
    elif layer.kind != "InputLayer":
        yield from _own_faults(layer)
    else:
        yield from input_faults(layer)
    for inner in layer.inner:
        yield from _layer_faults(inner)


def _own_faults(layer: Layer) -> Iterator[LayerProblem]:
    row = row_of(layer)
    if layer.graph is not None:
        yield from _graph_faults(layer.graph)
    if row is None:
        from keramos.compile.gaps import class_of, gap  # noqa: PLC0415 (for a refusal only)

        yield LayerProblem(layer.name, class_of(layer), gap(layer).reason)
        return
    for key in layer.config.keys() - _known(row, layer.config):
        received = repr(layer.config[key])[:_SHOWN]
        yield LayerProblem(layer.name, layer.kind, "unknown option", key, received)
    for key in _activations(row):
        for fault in activation_faults(layer.config.get(key)):
            yield LayerProblem(layer.name, layer.kind, fault, key)


def _graph_faults(graph: OperationGraph) -> Iterator[LayerProblem]:
    """One problem for each operation of TensorFlow without a lowering."""
    from keramos.compile.tensorflow_graph.table import (  # noqa: PLC0415 (few models are graphs)
        refusal,
    )

    first = {node.op: node.name for node in reversed([*graph.every_node()])}
    for op, name in sorted(first.items()):
        if (reason := refusal(op)) is not None:
            yield LayerProblem(name, op, reason)


def _known(row: Lowering | Operation, config: Mapping[str, object]) -> set[str]:
    """Options of a config that its class or operation has."""
    if isinstance(row, Lowering):
        return {key for key in config if row.spec.knows(key)}
    return {*row.options, *row.ignored, *EVERY_LAYER}


def _activations(row: Lowering | Operation) -> list[str]:
    """Options that name an activation."""
    if isinstance(row, Operation):
        return []
    return [name for name, option in row.spec.options.items() if is_activation(option)]


def _call_faults(layer: Layer, call: Call) -> Iterator[LayerProblem]:
    row = row_of(layer)
    if layer.network is not None or row is None:
        return
    known = {*_CALL_ARGUMENTS, *row.calls}
    for key, value in call.kwargs.items():
        if value is not None and key not in known:
            reason = "the call argument is not supported"
            yield LayerProblem(layer.name, layer.kind, reason, key, str(value)[:60])
