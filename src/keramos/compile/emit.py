"""Walk a Network in call order and let each layer function append its nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

from keramos.compile.faults import check
from keramos.compile.inputs import input_specs, stated_specs
from keramos.compile.layers import row_of
from keramos.compile.lowering.layer_call import LayerCall
from keramos.compile.lowering.options import check_options
from keramos.compile.lowering.record import Lowering, Operation
from keramos.compile.onnx.graph import Graph, Value
from keramos.compile.structures import called_with, output_names
from keramos.errors import (
    CorruptModelError,
    KeramosError,
    MismatchError,
    UnsupportedModelError,
    quoted,
)
from keramos.types.limits import LIMITS
from keramos.types.network import Compiled, TensorRef, TensorSpec, refs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from keramos.compile.forests import Forest
    from keramos.keras_layers.spec import LayerSpec
    from keramos.types.limits import Limits
    from keramos.types.network import Call, Layer, Network

_SHOWN = 80
_HALF = {"float16": "float32"}
_FLOATS = {"float16": "float32", "float64": "float32"}
_TO_FLOAT = dict.fromkeys(
    (
        "float16",
        "float64",
        "bool",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
    ),
    "float32",
)

Built = TypeVar("Built")

Masked = tuple[Value, Value | None]
"""A tensor with its Keras mask."""


def compile_network(
    network: Network, *, runtime_checks: bool = True, limits: Limits = LIMITS
) -> Compiled:
    """The network as an ONNX model. Without ``runtime_checks`` it has no outputs but the network's.

    ``limits``: how large a row of any tensor, the constants and the graph may be.

    Raises:
        UnsupportedModelError: it holds something that cannot be compiled; the message names every
            such thing.
        MismatchError: weights or shapes do not fit the config.
        LimitExceededError: one of these would be larger.
    """
    check(network)
    return with_inputs(
        network,
        limits,
        lambda inputs: _compiled(network, inputs, limits, runtime_checks=runtime_checks),
    )


def with_inputs(
    network: Network, limits: Limits, build: Callable[[Sequence[TensorSpec]], Built]
) -> Built:
    """What is built on the inputs of a network: for any number of rows, or where a function over
    the axis of rows forbids that, for the batch size with which the model was built.
    """
    inputs, stated = input_specs(network, limits), stated_specs(network, limits)
    try:
        return build(inputs)
    except UnsupportedModelError:
        if inputs == stated:
            raise
        return build(stated)


def _compiled(
    network: Network, inputs: Sequence[TensorSpec], limits: Limits, *, runtime_checks: bool
) -> Compiled:
    g = Graph(limits=limits, weights=weight_values(network))
    feeds = tuple(g.input(spec.name, spec.dtype, spec.shape) for spec in inputs)
    results = run_network(g, network, tuple((value, None) for value in feeds))
    outputs = tuple(g.op("Identity", value) for value, _ in results)
    checks = g.runtime_checks if runtime_checks else []
    names = output_names(network)
    return Compiled(
        onnx=g.model((*outputs, *(holds for holds, _ in checks))),
        inputs=tuple(inputs),
        outputs=tuple(
            TensorSpec(name, v.dtype, v.shape) for name, v in zip(names, outputs, strict=True)
        ),
        feed_names=tuple(value.name for value in feeds),
        fetch_names=tuple(value.name for value in outputs),
        steps=tuple(g.steps),
        runtime_checks=tuple((holds.name, message) for holds, message in checks),
    )


def weight_values(network: Network) -> int:
    """How many numbers the weights of a network hold, nested and wrapped layers included."""
    return sum(map(_layer_values, network.layers.values()))


def _layer_values(layer: Layer) -> int:
    below = weight_values(layer.network) if layer.network is not None else 0
    return (
        below
        + sum(np.size(weight) for weight in layer.weights)
        + sum(map(_layer_values, layer.inner))
    )


def output_shapes(network: Network, limits: Limits = LIMITS) -> dict[str, tuple[int | None, ...]]:
    """The shape of what each layer of a network gives (the first output of its first call).

    Raises:
        ModelError: the network cannot be compiled.
    """
    check(network)
    return with_inputs(network, limits, lambda inputs: _output_shapes(network, inputs, limits))


def _output_shapes(
    network: Network, inputs: Sequence[TensorSpec], limits: Limits
) -> dict[str, tuple[int | None, ...]]:
    g = Graph(limits=limits, weights=weight_values(network))
    feeds = tuple(g.input(spec.name, spec.dtype, spec.shape) for spec in inputs)
    values = _run(g, network, tuple((value, None) for value in feeds), {})
    return {
        ref.layer: value.shape for ref, (value, _) in values.items() if ref.node == ref.tensor == 0
    }


def run_network(g: Graph, network: Network, feeds: tuple[Masked, ...]) -> list[Masked]:
    """Append a network's nodes; gives its outputs with their masks."""
    values = _run(g, network, feeds, _trees(network) if g.composite_operators else {})
    return [_made(values, ref, f"model {quoted(network.name)}") for ref in network.outputs]


def _trees(network: Network) -> Mapping[str, Forest]:
    """Boosted trees among the layers, by the name of the first of them."""
    if not any(layer.kind == "Reshape" for layer in network.layers.values()):
        return {}
    from keramos.compile.forests import forests  # noqa: PLC0415 (start-up time)

    return forests(network)


def _made(values: Mapping[TensorRef, Masked], ref: TensorRef, taker: str) -> Masked:
    """A tensor by its place.

    Raises:
        CorruptModelError: no layer makes it.
    """
    if ref not in values:
        raise CorruptModelError(
            f"{taker} takes output {ref.tensor} of call {ref.node} of layer {quoted(ref.layer)}, "
            "which does not exist",
        )
    return values[ref]


def _run(
    g: Graph, network: Network, feeds: tuple[Masked, ...], trees: Mapping[str, Forest]
) -> dict[TensorRef, Masked]:
    """Every tensor of a network, but for those inside of ``trees``."""
    values: dict[TensorRef, Masked] = dict(zip(network.inputs, feeds, strict=True))
    calls: dict[str, int] = {}
    inside: set[str] = set()
    for call in network.calls:
        if call.layer in trees:
            inside |= _run_forest(g, network, trees[call.layer], values)
        if call.layer in inside:
            continue
        node = calls.get(call.layer, 0)
        calls[call.layer] = node + 1
        results = run_call(g, network.layers[call.layer], call, values)
        if network.layers[call.layer].replacement is not None:
            from keramos.compile.replacements import check_outputs  # noqa: PLC0415 (few models)

            check_outputs(network, call, len(results))
        for tensor, result in enumerate(results):
            values[TensorRef(call.layer, node, tensor)] = result
    return values


def _run_forest(
    g: Graph, network: Network, forest: Forest, values: dict[TensorRef, Masked]
) -> set[str]:
    """Append the trees; gives the layers that they stand for, none where they are not trees."""
    if forest.source not in values:
        return set()
    from keramos.compile.forests import lower, one_hot_cells  # noqa: PLC0415 (start-up time)

    row = values[forest.source][0]
    width = forest.conditions[0].shape[0]
    if row.dtype != "float32" or row.rank != 2 or row.shape[1] != width:
        return set()
    g.place = forest.layers[-1][:_SHOWN]
    scores = lower(g, forest, row, one_hot_cells(network, forest, width))
    if scores is None:
        return set()
    values[TensorRef(forest.layers[-1])] = (scores, None)
    return set(forest.layers)


def run_call(
    g: Graph, layer: Layer, call: Call, values: Mapping[TensorRef, Masked]
) -> list[Masked]:
    """Append the nodes of one call; gives its tensors with their masks."""
    given, named = refs(list(call.args)), refs(dict(call.kwargs))
    for ref in (*given, *named):
        _made(values, ref, f"layer '{layer.name}'")
    if layer.network is not None:
        if len(given) != len(layer.network.inputs):
            raise CorruptModelError(
                f"a model with {len(layer.network.inputs)} inputs is called with {len(given)}",
                layer=layer.name,
            )
        return run_network(
            g, layer.network, tuple(values[ref] for ref in called_with(call.args, layer.network))
        )
    dtypes = _wanted(layer)
    fed = {ref: (_cast(g, values[ref][0], dtypes), values[ref][1]) for ref in given}
    for ref in named:
        value, mask = values[ref]  # keywords carry masks too, which stay booleans
        fed.setdefault(ref, (value if value.dtype == "bool" else _cast(g, value, dtypes), mask))
    layer_call = LayerCall(
        g=g,
        layer=layer,
        args=tuple(_resolve(item, fed) for item in call.args),
        kwargs={key: _resolve(item, fed) for key, item in call.kwargs.items() if item is not None},
        inputs=tuple(fed[ref][0] for ref in given),
        masks=tuple(fed[ref][1] for ref in given),
        run=_apply,
        masked=tuple(fed.values()),
    )
    return _lower(layer_call)


def _wanted(layer: Layer) -> Mapping[str, str]:
    """Dtypes that a layer's inputs are converted from and to. Answers are computed in float32, as
    Keras would on the layer's float inputs: half precision only loses digits, and double gains some
    that the weights do not have.
    """
    row = row_of(layer)
    if isinstance(row, Lowering):
        return _TO_FLOAT if row.spec.floats else _FLOATS
    return _HALF


def _cast(g: Graph, x: Value, dtypes: Mapping[str, str]) -> Value:
    return g.cast(x, "float32") if x.dtype in dtypes else x


def _lower(call: LayerCall) -> list[Masked]:
    layer = call.layer
    row = row_of(layer)
    if row is None:
        from keramos.compile.gaps import class_of, gap  # noqa: PLC0415 (for a refusal only)

        raise UnsupportedModelError(gap(layer).reason, layer=layer.name, layer_kind=class_of(layer))
    if isinstance(row, Lowering):
        check_options(layer, row.spec)
        _check_inputs(call, row.spec)
    options = {key: value for key, value in layer.config.items() if key in row.options}
    call.g.place = layer.name[:_SHOWN]
    try:
        if isinstance(row, Operation):
            given = {key: value for key, value in call.kwargs.items() if key not in row.ignored}
            result = row.build(call, *call.args, **{**options, **given})
        else:
            result = row.build(call, **options)
    except KeramosError as error:
        error.at(layer=layer.name, layer_kind=layer.kind)
        raise
    except (TypeError, ValueError, LookupError, ArithmeticError) as error:
        # A value of the config, from the file, is not of the kind that the layer's options are.
        raise MismatchError(
            "the options and inputs of the layer do not fit together "
            f"({type(error).__name__}: {str(error)[:200]})",
            received=_given(call, options),
            layer=layer.name,
            layer_kind=layer.kind,
        ) from error
    call.assert_all_weights_used()
    outputs = result if isinstance(result, tuple) else (result,)
    return list(zip(outputs, _masks_after(call, row, len(outputs)), strict=True))


def _given(call: LayerCall, options: Mapping[str, object]) -> str:
    shapes = ", ".join(str(x.shape) for x in call.inputs) or "none"
    given = ", ".join(f"{key}={value!r}" for key, value in sorted(options.items()))
    return f"inputs {shapes}, options {given[:200]}"


def _check_inputs(call: LayerCall, spec: LayerSpec) -> None:
    """Most layers take one tensor; those over n axes of space, rows, these axes and channels."""
    if len(call.inputs) > 1 and not (spec.several or spec.calls):
        raise MismatchError(
            "the layer takes one tensor",
            received=str(len(call.inputs)),
            layer=call.layer.name,
            layer_kind=call.layer.kind,
        )
    wanted = spec.rank
    if wanted and call.inputs and call.x.rank != wanted:
        raise MismatchError(
            f"the input needs {wanted} axes",
            received=f"shape {call.x.shape}",
            layer=call.layer.name,
            layer_kind=call.layer.kind,
        )


def _masks_after(
    call: LayerCall, row: Lowering | Operation, outputs: int
) -> tuple[Value | None, ...]:
    if isinstance(row, Operation) or row.spec.mask == "stop":
        return (None,) * outputs
    if row.spec.mask == "keep":
        return (call.mask,) * outputs
    masks = call.out_mask if isinstance(call.out_mask, tuple) else (call.out_mask,)
    return (*masks, *[None] * outputs)[:outputs]


def _apply(
    g: Graph,
    layer: Layer,
    inputs: tuple[Value, ...],
    masks: tuple[Value | None, ...],
    **kwargs: object,
) -> list[Masked]:
    """Lower a wrapped layer."""
    if layer.network is not None:
        return run_network(g, layer.network, tuple(zip(inputs, masks, strict=True)))
    dtypes = _wanted(layer)
    inputs = tuple(_cast(g, x, dtypes) for x in inputs)
    return _lower(LayerCall(g, layer, inputs, kwargs, inputs, masks, _apply))


def _resolve(item: object, values: Mapping[TensorRef, Masked]) -> object:
    match item:
        case TensorRef():
            return values[item][0]
        case list() | tuple():
            return type(item)(_resolve(part, values) for part in item)
        case dict():
            return {key: _resolve(part, values) for key, part in item.items()}
    return item
