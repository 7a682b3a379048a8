"""The shape of an input that its file does not state: what the first kernel behind it shows.

Keras builds a Sequential model without an input shape from the first rows that it meets, and some
versions do not write down what these were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from keramos.errors import UnsupportedModelError, quoted
from keramos.keras_layers.registry import FAMILY_OF, spec_of
from keramos.types.network import TensorRef, states_shape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from keramos.keras_layers.spec import LayerSpec
    from keramos.types.network import Config, Layer, Network

_ROWS = 2  # axes of a table: rows and columns
_SEQUENCE = 3  # rows, steps, features
_SPATIAL = frozenset({"pooling", "reshaping"})
"""Families whose classes over axes of space keep the number of axes and the channels."""


class _Seen(NamedTuple):
    """What a layer shows of its input: sizes by axis (from the end where negative) and the number
    of axes, each None where it shows none.
    """

    sizes: Mapping[int, int] | None
    rank: int | None


_NOTHING = _Seen(None, None)


def with_input_shapes(network: Network) -> tuple[Network, tuple[str, ...]]:
    """The network with a shape for every input, and a note for each that was inferred.

    Raises:
        UnsupportedModelError: no kernel shows the shape of an input.
    """
    layers, notes = dict(network.layers), []
    for ref in network.inputs:
        source = layers[ref.layer]
        if states_shape(source.config):
            continue
        shape = _shape(_chain(network, ref))
        if shape is None:
            raise UnsupportedModelError(
                f"{'Sequential' if network.sequential else 'model'} {quoted(network.name)} does "
                "not say the shape of its input, and no kernel shows it",
                layer=source.name,
                remedy="Build the model before saving it: give its first layer an input shape",
            )
        layers[ref.layer] = replace(source, config={**source.config, "batch_shape": shape})
        notes.append(
            f"the file does not state the shape of input {quoted(source.name)}; its first kernel "
            f"shows {tuple(shape)}"
        )
    return (replace(network, layers=layers), tuple(notes)) if notes else (network, ())


def _chain(network: Network, ref: TensorRef) -> Iterator[Layer]:
    """The layers that work on an input alone, one after the other."""
    alone = [call for call in reversed(network.calls) if len(call.args) == 1]
    calls = {call.args[0]: call for call in alone if isinstance(call.args[0], TensorRef)}
    count = dict.fromkeys(network.layers, 0)
    number = {}
    for call in network.calls:
        number[id(call)] = count[call.layer]
        count[call.layer] += 1
    while ref in calls:
        call = calls[ref]
        yield network.layers[call.layer]
        ref = replace(ref, layer=call.layer, node=number[id(call)], tensor=0)


def _shape(chain: Iterator[Layer]) -> list[int | None] | None:
    """The shape that the first layers of a chain show, the number of rows being free."""
    sizes, rank = _first(chain)
    if sizes is None:
        return None
    needed = max((axis + 1 if axis >= 0 else 1 - axis for axis in sizes), default=_ROWS)
    rank = max(rank or _ROWS, needed)
    shape: list[int | None] = [None] * rank
    for axis, size in sizes.items():
        shape[axis] = size
    return shape


def _first(chain: Iterator[Layer]) -> _Seen:
    """The first sizes and the first number of axes, up to a layer that changes either."""
    sizes, rank = _NOTHING
    for layer in chain:
        seen = _seen(layer)
        sizes, rank = seen.sizes if sizes is None else sizes, rank or seen.rank
        spec = spec_of(layer.kind)
        if (sizes is not None and rank) or spec is None:
            break
        if not _keeps_axes(layer.kind, spec):
            break
    return _Seen(sizes, rank)


def _keeps_axes(kind: str, spec: LayerSpec) -> bool:
    """Whether the result of a class has as many axes as its input, and as many channels or a kernel
    that shows them.
    """
    spatial = spec.space > 0 and FAMILY_OF.get(kind) in _SPATIAL
    return spec.mask == "keep" or spatial or kind == "Masking"


def _seen(layer: Layer) -> _Seen:
    spec = spec_of(layer.kind)
    if layer.network is not None:
        return _of_network(layer.network)
    if spec is None:
        return _NOTHING
    if (spec.inner or spec.inner_list) and layer.inner:
        return _of_wrapper(layer)
    if layer.kind in _OWN:
        return _OWN[layer.kind](layer)
    sequence = _SEQUENCE if "initial_state" in spec.calls else None
    return _Seen(_by_record(layer, spec), spec.rank or sequence)


def _of_network(network: Network) -> _Seen:
    ref = network.inputs[0]
    stated = network.layers[ref.layer].config.get("batch_shape")
    shape = stated if isinstance(stated, list) else _shape(_chain(network, ref))
    return _NOTHING if shape is None else _exactly(shape)


def _of_wrapper(layer: Layer) -> _Seen:
    """A wrapper sees what the wrapped layer sees, with an axis of steps where it adds one."""
    shape = _shape(iter(layer.inner[:1]))
    if shape is None:
        return _NOTHING
    if layer.kind in {"RNN", "TimeDistributed"}:
        shape.insert(1, None)
    return _exactly(shape)


def _exactly(shape: Sequence[int | None]) -> _Seen:
    known = {axis: size for axis, size in enumerate(shape) if axis and size is not None}
    return _Seen(known, len(shape))


def _by_record(layer: Layer, spec: LayerSpec) -> Mapping[int, int] | None:
    """The size of features or channels, by the words for the shapes of the layer's weights."""
    for weight, array in zip(spec.weights_of(layer.config), layer.weights, strict=False):
        words = [part for word in (weight.shape or "").split() for part in _axes(word, spec)]
        if words in (["*sizes"], ["size"]):
            return _by_axis(layer.config, array)
        if len(words) != array.ndim:
            continue
        for place, word in enumerate(words):
            if word == "features":
                return {-1: array.shape[place]}
            if word in {"channels", "channels/groups"}:
                groups = layer.config.get("groups") if "/" in word else 1
                first = layer.config.get("data_format") == "channels_first"
                return {1 if first else -1: array.shape[place] * _whole(groups)}
    return None


def _axes(word: str, spec: LayerSpec) -> list[str]:
    """A word for each axis: several words stand for all axes of space."""
    return [word] * spec.space if word in {"*kernel_size", "*ones"} else [word]


def _by_axis(config: Config, array: NDArray[np.generic]) -> Mapping[int, int] | None:
    """The sizes of the axes that are normalised by themselves."""
    stated = config.get("axis", -1)
    axes = stated if isinstance(stated, list) else [stated]
    if len(axes) != array.ndim or not all(isinstance(axis, int) for axis in axes):
        return None
    return dict(zip(axes, array.shape, strict=True))


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 1


def _embedding(_layer: Layer) -> _Seen:
    """Codes, as many a row as there are."""
    return _Seen({}, _ROWS)


def _prelu(layer: Layer) -> _Seen:
    """A slope for each number of a row, one where axes share it."""
    if not layer.weights:
        return _NOTHING
    shared = layer.config.get("shared_axes") or []
    sizes = layer.weights[0].shape
    known = {axis: size for axis, size in enumerate(sizes, 1) if axis not in _listed(shared)}
    return _Seen(known, len(sizes) + 1)


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _normalization(layer: Layer) -> _Seen:
    """A mean for each column, as a weight or in the config."""
    mean = layer.config.get("mean")
    if isinstance(mean, list) and mean and not isinstance(mean[0], list):
        return _Seen({-1: len(mean)}, None)
    return _Seen(_by_axis(layer.config, layer.weights[0]) if layer.weights else None, None)


_OWN = {
    "Embedding": _embedding,
    "Normalization": _normalization,
    "PReLU": _prelu,
    "ReversibleEmbedding": _embedding,
}
"""Classes whose record has no words for what they show."""
