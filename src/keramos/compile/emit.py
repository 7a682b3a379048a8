"""Walk a Network in call order and let each layer function append its nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from keramos.compile.gaps import GAPS, UNKNOWN
from keramos.compile.graph import Graph, Value
from keramos.compile.layers import LAYERS
from keramos.compile.lowering import TRAINING_ONLY
from keramos.compile.site import Site
from keramos.errors import KeramosError, MismatchError, UnsupportedModelError
from keramos.types.network import Compiled, TensorRef, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from keramos.types.network import Call, Layer, Network

_CALL_ARGUMENTS = frozenset({"training", "mask"})
"""Call arguments that every layer function may get; ``training`` is always False here."""

_OTHER_PRECISIONS = frozenset({"float16", "bfloat16", "float64", "mixed_float16", "mixed_bfloat16"})

Masked = tuple[Value, Value | None]
"""A tensor with its Keras mask."""


def compile_network(network: Network) -> Compiled:
    """The network as an ONNX model.

    Raises:
        UnsupportedModelError: it holds something that cannot be compiled; the message names every such thing.
        MismatchError: weights or shapes do not fit the config.
        LimitExceededError: one row of an intermediate tensor would be too large.
    """
    check(network)
    g = Graph()
    inputs = tuple(_spec(network.layers[ref.layer]) for ref in network.inputs)
    feeds = tuple(g.input(spec.name, spec.dtype, spec.shape) for spec in inputs)
    results = run_network(g, network, tuple((value, None) for value in feeds))
    outputs = tuple(g.op("Identity", value) for value, _ in results)
    names = network.output_names or tuple(ref.layer for ref in network.outputs)
    return Compiled(
        onnx=g.model(outputs),
        inputs=inputs,
        outputs=tuple(TensorSpec(name, v.dtype, v.shape) for name, v in zip(names, outputs, strict=True)),
        feed_names=tuple(value.name for value in feeds),
        fetch_names=tuple(value.name for value in outputs),
    )


def check(network: Network) -> None:
    """Refuse a network that holds anything without a lowering, naming all of it at once."""
    found = list(faults(network))
    if found:
        listed = "\n".join(f"  - {fault}" for fault in found)
        raise UnsupportedModelError(f"model '{network.name}' holds {len(found)} thing(s) that cannot run:\n{listed}")


def faults(network: Network) -> Iterator[str]:
    """Everything in a network that has no lowering, one sentence each."""
    for layer in network.layers.values():
        yield from _layer_faults(layer)


def _layer_faults(layer: Layer) -> Iterator[str]:
    if layer.network is not None:
        yield from faults(layer.network)
    elif layer.kind != "InputLayer":
        yield from _own_faults(layer)
    for inner in layer.inner:
        yield from _layer_faults(inner)


def _own_faults(layer: Layer) -> Iterator[str]:
    row = LAYERS.get(layer.kind)
    if row is None:
        yield f"layer '{layer.name}' ({layer.kind}): {GAPS.get(layer.kind, UNKNOWN).reason}"
        return
    if layer.config.get("dtype") in _OTHER_PRECISIONS:
        yield f"layer '{layer.name}' ({layer.kind}): computes in {layer.config['dtype']}; float32 runs so far"
    known = row.options | TRAINING_ONLY | set(row.ignored)
    for key in layer.config.keys() - known:
        yield f"layer '{layer.name}' ({layer.kind}): unknown option {key}={layer.config[key]!r}"


def _spec(layer: Layer) -> TensorSpec:
    shape = tuple(cast("list[int | None]", layer.config["batch_shape"]))
    dtype = str(layer.config.get("dtype", "float32"))
    return TensorSpec(layer.name, "str" if dtype == "string" else dtype, shape)


def run_network(g: Graph, network: Network, feeds: tuple[Masked, ...]) -> list[Masked]:
    """Append a network's nodes; gives its outputs with their masks."""
    values: dict[TensorRef, Masked] = dict(zip(network.inputs, feeds, strict=True))
    calls: dict[str, int] = {}
    for call in network.calls:
        node = calls.get(call.layer, 0)
        calls[call.layer] = node + 1
        for tensor, result in enumerate(_run_call(g, network.layers[call.layer], call, values)):
            values[TensorRef(call.layer, node, tensor)] = result
    return [values[ref] for ref in network.outputs]


def _run_call(g: Graph, layer: Layer, call: Call, values: Mapping[TensorRef, Masked]) -> list[Masked]:
    tensors = [values[ref] for ref in _refs(call.args)]
    if layer.network is not None:
        return run_network(g, layer.network, tuple(tensors))
    site = Site(
        g=g,
        layer=layer,
        args=tuple(_resolve(item, values) for item in call.args),
        kwargs={key: _resolve(item, values) for key, item in call.kwargs.items()},
        inputs=tuple(value for value, _ in tensors),
        masks=tuple(mask for _, mask in tensors),
        apply=_apply,
    )
    outputs = _lower(site)
    return [(value, _mask_after(site)) for value in outputs]


def _lower(site: Site) -> tuple[Value, ...]:
    layer = site.layer
    row = LAYERS[layer.kind]
    options = {key: value for key, value in layer.config.items() if key in row.options}
    odd = [key for key, value in site.kwargs.items() if value is not None and key not in _CALL_ARGUMENTS]
    if odd:
        raise site.unsupported("call argument", odd[0], "this layer runs without it so far")
    if row.mask == "refuse" and any(mask is not None for mask in site.masks):
        raise site.unsupported("mask", "given", "this layer would combine masks, which is not supported yet")
    try:
        result = row.build(site, **options)
    except KeramosError as error:
        if f"'{layer.name}'" in str(error):
            raise
        raise type(error)(f"layer '{layer.name}' ({layer.kind}): {error}") from error
    if site.left_over:
        raise MismatchError(
            f"layer '{layer.name}' ({layer.kind}): the file holds {len(layer.weights)} weights, "
            f"the config has a place for {len(layer.weights) - site.left_over}"
        )
    return result if isinstance(result, tuple) else (result,)


def _mask_after(site: Site) -> Value | None:
    if isinstance(site.out_mask, str):
        return site.mask if LAYERS[site.layer.kind].mask == "keep" else None
    return site.out_mask


def _apply(site: Site, layer: Layer, inputs: tuple[Value, ...]) -> tuple[Value, ...]:
    """Lower a wrapped layer with the given inputs, at the place of its wrapper."""
    if layer.network is not None:
        return tuple(value for value, _ in run_network(site.g, layer.network, tuple((x, None) for x in inputs)))
    inner = Site(site.g, layer, inputs, {}, inputs, (None,) * len(inputs), _apply)
    return _lower(inner)


def _refs(item: object) -> Iterator[TensorRef]:
    match item:
        case TensorRef():
            yield item
        case list() | tuple():
            for part in item:
                yield from _refs(part)
        case dict():
            for part in item.values():
                yield from _refs(part)


def _resolve(item: object, values: Mapping[TensorRef, Masked]) -> object:
    match item:
        case TensorRef():
            return values[item][0]
        case list() | tuple():
            return type(item)(_resolve(part, values) for part in item)
        case dict():
            return {key: _resolve(part, values) for key, part in item.items()}
    return item
