"""Boosted oblivious trees, written as Dense layers, become one TreeEnsembleRegressor.

Six layers in a row: Dense -> ReLU(max_value=1) asks all conditions, Reshape groups them by tree, a
Dense with ReLU tells the leaf that holds, Flatten and a Dense add the leaves' values. As layers a
row takes trees * 2 ** depth numbers; as trees it takes none, and a tenth of the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from keramos.compile.onnx.protobuf import Repeated
from keramos.frozen import Frozen
from keramos.types.network import TensorRef, quantization_mode, refs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from keramos.compile.onnx.graph import Graph, Value
    from keramos.types.network import Call, Layer, Network

    Array = NDArray[np.float32]

_CHAIN = ("Dense", "ReLU", "Reshape", "Dense", "Flatten", "Dense")
_STEEPEST = np.float32(2.0**100)
"""Steps of this slope are taken for steps though their width, 2 ** -100, is not 0."""
_MOST_DEPTH, _MOST_LEAVES = 12, 1 << 20


class Forest(Frozen, frozen=True, eq=False):
    """``layers``: the names of the six. ``source``: the row (n, cells) that the conditions ask."""

    layers: tuple[str, ...]
    source: TensorRef
    conditions: tuple[Array, Array]
    values: tuple[Array, Array]
    depth: int


def forests(network: Network) -> dict[str, Forest]:
    """The forests of a network whose tensors nothing else takes, by the name of the first layer."""
    takers: dict[TensorRef, list[Call]] = {}
    calls: dict[str, int] = {}
    for call in network.calls:
        calls[call.layer] = calls.get(call.layer, 0) + 1
        for ref in refs([call.args, call.kwargs]):
            takers.setdefault(ref, []).append(call)
    found = {}
    for call in network.calls:
        chain = _chain(network, call, takers)
        if chain and all(calls[one.layer] == 1 for one in chain):
            forest = _forest([network.layers[one.layer] for one in chain], call)
            if forest is not None:
                found[chain[0].layer] = forest
    return found


def _chain(
    network: Network, first: Call, takers: Mapping[TensorRef, list[Call]]
) -> list[Call] | None:
    """The six calls that begin with this one, if each is all that takes the one before it."""
    chain = [first]
    for kind in _CHAIN[1:]:
        ref = TensorRef(chain[-1].layer)
        after = takers.get(ref, [])
        if len(after) != 1 or ref in network.outputs or network.layers[after[0].layer].kind != kind:
            return None
        chain.append(after[0])
    plain = all(len(one.args) == 1 and not one.kwargs for one in chain)
    return chain if plain and network.layers[first.layer].kind == _CHAIN[0] else None


def _forest(layers: list[Layer], first: Call) -> Forest | None:
    asking, clip, groups, leaves, _, adding = layers
    shape = groups.config.get("target_shape")
    if (
        not isinstance(shape, (list, tuple))
        or len(shape) != 2
        or not isinstance(first.args[0], TensorRef)
    ):
        return None
    depth = shape[1]
    if not isinstance(depth, int) or not 1 <= depth <= _MOST_DEPTH or not _is_step(clip):
        return None
    if not (
        _is_dense(asking, "linear") and _is_dense(leaves, "relu") and _is_dense(adding, "linear")
    ):
        return None
    trees = asking.weights[0].shape[1] // depth
    wanted = _leaf_weights(depth)
    if (
        not all(np.array_equal(a, b) for a, b in zip(leaves.weights, wanted, strict=True))
        or trees * depth != asking.weights[0].shape[1]
        or adding.weights[0].shape[0] != trees << depth
        or trees << depth > _MOST_LEAVES
    ):
        return None
    names = tuple(layer.name for layer in layers)
    return Forest(names, first.args[0], _pair(asking), _pair(adding), depth)


def _pair(layer: Layer) -> tuple[Array, Array]:
    kernel, bias = (weight.astype("float32", copy=False) for weight in layer.weights)
    return kernel, bias


def _is_dense(layer: Layer, activation: str) -> bool:
    plain = not layer.config.get("lora_rank") and quantization_mode(layer.config) is None
    return (
        plain
        and layer.config.get("activation") == activation
        and len(layer.weights) == 2
        and layer.weights[0].ndim == 2
        and layer.weights[1].shape == (layer.config.get("units"),) == layer.weights[0].shape[1:]
    )


def _is_step(layer: Layer) -> bool:
    config = layer.config
    return (
        config.get("max_value") == 1
        and not config.get("negative_slope")
        and not config.get("threshold")
    )


def _leaf_weights(depth: int) -> tuple[Array, Array]:
    """Kernel and bias of the layer that tells the leaf: 1 where it wants a condition, else -1."""
    numbers = np.arange(1 << depth)
    wanted = (numbers[None, :] >> np.arange(depth)[::-1, None]) & 1
    return (2 * wanted - 1).astype("float32"), (1 - wanted.sum(axis=0)).astype("float32")


def one_hot_cells(network: Network, forest: Forest, width: int) -> NDArray[np.bool_]:
    """Which cells of a forest's row are 0 or 1, since lookups of categories give them."""
    by_layer = {call.layer: call for call in network.calls}
    cells = np.zeros(width, bool)
    sizes = list(_parts(network, by_layer, forest.source))
    unknown = [size for size in sizes if size is None]
    if len(unknown) > 1:
        return cells
    rest = width - sum(size for size in sizes if size is not None)
    at = 0
    for size in sizes:
        end = at + (rest if size is None else size)
        cells[at:end] = size is not None
        at = end
    return cells


def _parts(network: Network, calls: Mapping[str, Call], source: TensorRef) -> Iterator[int | None]:
    """The levels of each lookup whose cells are joined to a row; None for other tensors."""
    layer = network.layers[source.layer]
    if layer.kind == "Concatenate" and source.layer in calls:
        for ref in cast("list[TensorRef]", calls[source.layer].args[0]):
            yield _levels(network.layers[ref.layer])
    else:
        yield _levels(layer)


def _levels(layer: Layer) -> int | None:
    vocabulary, others = layer.config.get("vocabulary"), layer.config.get("num_oov_indices")
    one_hot = layer.config.get("output_mode") == "one_hot" and not layer.config.get("mask_token")
    if layer.kind not in {"StringLookup", "IntegerLookup"} or not one_hot:
        return None
    if not isinstance(vocabulary, (list, tuple)) or not isinstance(others, int):
        return None
    return len(vocabulary) + others


def lower(g: Graph, forest: Forest, row: Value, one_hot: NDArray[np.bool_]) -> Value | None:
    """The scores (n, outputs); None where a condition is not a step."""
    with np.errstate(all="ignore"):  # weights of a file may be anything
        asked = _asked(forest, one_hot)
    if asked is None:
        return None
    features, thresholds, sets = asked
    if sets.shape[1]:
        row = g.op("Concat", row, g.op("MatMul", row, sets), axis=1)
    outputs = forest.values[1].size
    return g.op(
        "TreeEnsembleRegressor",
        row,
        domain="ai.onnx.ml",
        n_targets=outputs,
        base_values=Repeated.floats(forest.values[1]),
        like=[("float32", (row.shape[0], outputs))],
        **_nodes(features, thresholds, forest.depth),
        **_targets(forest, len(features) // forest.depth),
    )


def _asked(
    forest: Forest, one_hot: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], Array, Array] | None:
    """Of each condition the cell and the threshold that it must exceed. A set of levels is a cell
    of its own behind the row: the sum of the levels, a column of the third array.
    """
    kernel, bias = forest.conditions
    numbers = np.where(one_hot[:, None], 0, kernel)
    is_set = ~numbers.any(axis=0)
    ones = (kernel == 0) | (kernel == 1)
    if not (ones[:, is_set].all() and not bias[is_set].any()):
        return None
    cells = np.abs(numbers).argmax(axis=0)
    if (np.count_nonzero(kernel, axis=0)[~is_set] != 1).any():
        return None
    slopes = kernel[cells, np.arange(len(bias))]
    thresholds = np.full(len(bias), np.float32(0.5))
    thresholds[~is_set] = -bias[~is_set] / slopes[~is_set]
    if not _are_steps(slopes[~is_set], thresholds[~is_set]):
        return None
    sets, place = np.unique(kernel[:, is_set], axis=1, return_inverse=True)
    cells[is_set] = len(kernel) + place.reshape(-1)
    return cells, thresholds, np.ascontiguousarray(sets)


def _are_steps(slopes: Array, thresholds: Array) -> bool:
    """Whether each condition is at least 1 for the next float32 above its threshold."""
    above = np.nextafter(thresholds, np.float32(np.inf))
    steep = (slopes * (above - thresholds) >= 1) | (slopes >= _STEEPEST)
    return bool((steep & (slopes > 0) & (np.frexp(slopes)[0] == 0.5)).all())


def _nodes(features: NDArray[np.int64], thresholds: Array, depth: int) -> dict[str, Repeated]:
    """Complete binary trees: node i has the children 2 i + 1 (false) and 2 i + 2 (true)."""
    trees, size = len(features) // depth, (2 << depth) - 1
    number = np.arange(size)
    inner = number < (1 << depth) - 1
    level = np.where(inner, np.floor(np.log2(number + 1)).astype(int), 0)

    def each(values: NDArray[np.generic]) -> NDArray[np.generic]:
        return np.where(inner, values.reshape(trees, depth)[:, level], 0).reshape(-1)

    def same(values: NDArray[np.generic]) -> NDArray[np.generic]:
        return np.tile(values, trees)

    return {
        "nodes_treeids": Repeated.ints(np.repeat(np.arange(trees), size)),
        "nodes_nodeids": Repeated.ints(same(number)),
        "nodes_featureids": Repeated.ints(each(features)),
        "nodes_values": Repeated.floats(each(thresholds)),
        "nodes_modes": Repeated.texts(
            ["BRANCH_GT" if one else "LEAF" for one in same(inner).tolist()]
        ),
        "nodes_truenodeids": Repeated.ints(same(np.where(inner, 2 * number + 2, 0))),
        "nodes_falsenodeids": Repeated.ints(same(np.where(inner, 2 * number + 1, 0))),
    }


def _targets(forest: Forest, trees: int) -> dict[str, Repeated]:
    """The values of each leaf, one for each output."""
    leaves, outputs = 1 << forest.depth, forest.values[1].size
    tree, leaf, output = np.indices((trees, leaves, outputs)).reshape(3, -1)
    return {
        "target_treeids": Repeated.ints(tree),
        "target_nodeids": Repeated.ints(leaf + leaves - 1),
        "target_ids": Repeated.ints(output),
        "target_weights": Repeated.floats(forest.values[0].reshape(-1)),
    }
