"""Layers of keras.layers.attention."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keramos.compile.onnx.graph import Value
from keramos.compile.onnx.sizes import reshape, size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.lowering.record import Build
    from keramos.compile.onnx.graph import Graph
    from keramos.keras_layers.spec import Size

_AXES = "bcdefgh"
"""Letters of the axes between rows and features in an Einsum equation; in keys and values they are
capital.
"""


def _positions(g: Graph, x: Value) -> Value:
    """0, 1, 2 ... for the second axis of x."""
    steps = size(x, 1)
    if isinstance(steps, int):
        g.reserve_constants("positions", steps)
        return g.const(np.arange(steps))
    stop = g.op("Squeeze", g.op("Shape", x, start=1, end=2), [0])
    return g.ops("Range", np.int64(0), stop, np.int64(1), outputs=1, like=[("int64", (None,))])[0]


def _both(g: Graph, masks: Sequence[Value | None]) -> Value | None:
    """Where all masks that are there allow it."""
    joined: Value | None = None
    for mask in masks:
        if mask is not None:
            joined = mask if joined is None else g.op("And", joined, mask)
    return joined


def _causal(g: Graph, query: Value, value: Value) -> Value:
    """(1, targets, sources): no target sees a later source."""
    rows = g.op("Unsqueeze", _positions(g, query), [0, 2])
    return g.op("GreaterOrEqual", rows, g.op("Unsqueeze", _positions(g, value), [0, 1]))


def _near(g: Graph, query: Value, value: Value, window: int) -> Value:
    """(1, targets, sources): fewer than ``window`` steps apart."""
    rows = g.op("Unsqueeze", _positions(g, query), [0, 2])
    distance = g.op("Abs", g.op("Sub", rows, g.op("Unsqueeze", _positions(g, value), [0, 1])))
    return g.op("Less", distance, window)


def _hidden(g: Graph, scores: Value, allowed: Value | None) -> Value:
    """Scores that after softmax are 0 where not allowed, and all alike where nothing is."""
    return scores if allowed is None else g.op("Where", allowed, scores, -1e9)


def _wanted(s: LayerCall, name: str) -> bool:
    given = s.kwargs.get(name, False)
    if isinstance(given, Value):
        raise s.unsupported(f"call argument {name}", "a tensor", "it must be known when compiling")
    return bool(given)


def _dot_scores(s: LayerCall, query: Value, key: Value) -> Value:
    # Without steps, tf.keras takes the rows of a batch for steps of one sequence.
    perm = [0, 2, 1] if key.rank > 2 else [1, 0]
    scores = s.g.op("MatMul", query, s.g.op("Transpose", key, perm=perm))
    return (
        s.g.op("Mul", scores, s.float_weight("scale"))
        if s.layer.config.get("use_scale")
        else scores
    )


def _sums(s: LayerCall, query: Value, key: Value) -> Value:
    """Every query plus every key: (rows, targets, sources, features)."""
    return s.g.op("Add", s.g.op("Unsqueeze", query, [2]), s.g.op("Unsqueeze", key, [1]))


def _concat_scores(s: LayerCall, query: Value, key: Value) -> Value:
    sums = _sums(s, query, key)
    if s.layer.config.get("use_scale"):
        sums = s.g.op("Mul", sums, s.float_weight("scale"))
    total = s.g.op("ReduceSum", s.g.op("Tanh", sums), [-1], keepdims=0)
    return s.g.op("Mul", total, s.float_weight("concat_score_weight"))


def _attend(s: LayerCall, scores: Value) -> tuple[Value, ...]:
    """Softmax of the scores over the values, with the masks and call arguments of both simple
    layers.
    """
    g, query, value = s.g, s.inputs[0], s.inputs[1]
    given = s.kwargs.get("mask")
    masks = list(given) if isinstance(given, list | tuple) and any(given) else list(s.masks)
    of_query, of_value = masks[0], masks[1]
    columns = None if of_value is None else g.op("Unsqueeze", of_value, [1])
    hides = s.layer.legacy.causal or _wanted(s, "use_causal_mask")
    causal = _causal(g, query, value) if hides else None
    weights = g.op("Softmax", _hidden(g, scores, _both(g, [columns, causal])), axis=-1)
    y = g.op("MatMul", weights, value)
    if of_query is not None:
        y = g.op("Where", g.op("Unsqueeze", of_query, [2]), y, 0.0)
    s.out_mask = of_query
    return (y, weights) if _wanted(s, "return_attention_scores") else (y,)


def attention(
    s: LayerCall, *, use_scale: bool = False, score_mode: str = "dot"
) -> tuple[Value, ...]:
    """Values weighted by how well keys fit queries; ``use_scale`` and concat have a weight each."""
    if score_mode not in {"dot", "concat"} or not isinstance(use_scale, bool):
        raise s.unsupported("score_mode", score_mode, "dot and concat are")
    scores = _dot_scores if score_mode == "dot" else _concat_scores
    return _attend(s, scores(s, s.inputs[0], s.inputs[-1] if len(s.inputs) > 2 else s.inputs[1]))


def additive_attention(s: LayerCall, *, use_scale: bool = True) -> tuple[Value, ...]:
    """Scores are a weighted sum of tanh(query + key)."""
    key = s.inputs[2] if len(s.inputs) > 2 else s.inputs[1]
    y = s.g.op("Tanh", _sums(s, s.inputs[0], key))
    if use_scale:
        y = s.g.op("Mul", y, s.float_weight("scale"))
    return _attend(s, s.g.op("ReduceSum", y, [-1], keepdims=0))


class _Streams(NamedTuple):
    """What attends to what, each with its mask."""

    query: Value
    value: Value
    key: Value
    masks: tuple[Value | None, Value | None, Value | None]


def _streams(s: LayerCall) -> _Streams:
    """Query, value and key from a call's positional and keyword arguments."""
    names = ("query", "value", "key")
    given = dict(zip(names, s.args, strict=False)) | {
        name: s.kwargs[name] for name in names if name in s.kwargs
    }
    query, value = given.get("query"), given.get("value")
    key = given.get("key", value)
    if not isinstance(query, Value) or not isinstance(value, Value) or not isinstance(key, Value):
        raise s.unsupported("call", "without query and value", "both are needed")
    masks = tuple(
        s.tensor(f"{name}_mask") or s.mask_of(x)
        for name, x in zip(names, (query, value, key), strict=True)
    )
    return _Streams(query, value, key, (masks[0], masks[1], masks[2] if "key" in given else None))


def _allowed(s: LayerCall, streams: _Streams, window: int | None) -> Value | None:
    """(rows, targets, sources): which source each target may see; None where all."""
    g, (query, value, _, masks) = s.g, streams
    found: list[Value | None] = []
    if not s.layer.legacy.ignores_input_masks:
        found = [
            None if m is None else g.op("Unsqueeze", m, [axis])
            for m, axis in zip(masks, (2, 1, 1), strict=True)
        ]
    found.append(_causal(g, query, value) if _wanted(s, "use_causal_mask") else None)
    found.append(_near(g, query, value, window) if window else None)
    given = s.tensor("attention_mask")
    found.append(g.cast(given, "bool") if given is not None and given.dtype != "bool" else given)
    ranks = [mask.rank for mask in found if mask is not None]
    # Keras adds missing axes where the heads are, before targets and sources.
    wide = [
        None if m is None else g.op("Unsqueeze", m, list(range(1, 1 + max(ranks) - m.rank)))
        for m in found
    ]
    return _both(g, wide)


def _projected(
    s: LayerCall,
    x: Value,
    part: str,
    *,
    use_bias: bool,
    bound: int = 1,
    **sizes: Size,
) -> Value:
    """The last ``bound`` axes of x times the kernel of a part of the layer, plus its bias."""
    sizes = {"features": x.shape[-1], **sizes}
    kernel = s.float_weight(f"{part}_kernel", **sizes)
    inside = "zyxwv"[: kernel.ndim]
    front = "a" + _AXES[: x.rank - 1 - bound]
    equation = f"{front}{inside[:bound]},{inside}->{front}{inside[bound:]}"
    y = s.g.op("Einsum", x, kernel, equation=equation)
    return s.g.op("Add", y, s.float_weight(f"{part}_bias", **sizes)) if use_bias else y


def _softmax(g: Graph, scores: Value, axes: int) -> Value:
    """Softmax over the last ``axes`` axes together."""
    if axes == 1:
        return g.op("Softmax", scores, axis=-1)
    front = [size(scores, axis) for axis in range(scores.rank - axes)]
    flat = g.op("Softmax", reshape(g, scores, *front, -1), axis=-1)
    return reshape(g, flat, *front, *(size(scores, axis) for axis in range(-axes, 0)))


def _heads(
    s: LayerCall,
    query: Value,
    key: Value,
    value: Value,
    allowed: Value | None,
    axes: Sequence[int],
) -> tuple[Value, Value]:
    """Every head by itself: (rows, axes..., heads, size) of three -> the same of values, and the
    weights.

    A target that sees nothing gets zeros from Keras' softmax layer, an even mean of all values in
    older files and where nothing needs the weights, because then Keras does not use that layer.
    """
    g, between = s.g, query.rank - 3
    targets = _AXES[:between]
    sources = "".join(
        letter.upper() if i + 1 in axes else letter for i, letter in enumerate(targets)
    )
    seen = [letter for i, letter in enumerate(targets) if i + 1 in axes]
    batch = "a" + "".join(letter for letter in targets if letter not in seen) + "y"
    scored = batch + "".join(seen) + "".join(letter.upper() for letter in seen)
    query = g.op("Mul", query, 1.0 / sqrt(query.shape[-1] or 1))
    scores = g.op("Einsum", query, key, equation=f"a{targets}yx,a{sources}yx->{scored}")
    if allowed is not None and allowed.rank < scores.rank:
        place = allowed.rank - 2 * len(seen)
        allowed = g.op("Unsqueeze", allowed, list(range(place, place + scores.rank - allowed.rank)))
    weights = _softmax(g, _hidden(g, scores, allowed), len(seen))
    by_layer = (
        s.layer.config.get("dropout") or _wanted(s, "return_attention_scores") or between != 1
    )
    if allowed is not None and by_layer and not s.layer.legacy.all_masked_is_even:
        weights = g.op("Where", allowed, weights, 0.0)
    return g.op("Einsum", weights, value, equation=f"{scored},a{sources}yx->a{targets}yx"), weights


def _finished(s: LayerCall, streams: _Streams, y: Value, weights: Value) -> tuple[Value, ...]:
    s.out_mask = streams.masks[0]
    return (y, weights) if _wanted(s, "return_attention_scores") else (y,)


def multi_head_attention(
    s: LayerCall,
    *,
    num_heads: int,
    key_dim: int,
    value_dim: int | None = None,
    use_bias: bool = True,
    output_shape: int | list[int] | None = None,
    attention_axes: list[int] | int | None = None,
    sliding_window: int | None = None,
    use_gate: bool = False,
) -> tuple[Value, ...]:
    """Attention in several heads, projected in and out."""
    streams, width = _streams(s), value_dim or key_dim
    query, key = (
        _projected(s, x, part, use_bias=use_bias)
        for x, part in ((streams.query, "query"), (streams.key, "key"))
    )
    gate = None
    if use_gate:
        gate = _projected(s, streams.query, "gate", use_bias=use_bias, width=width)
    value = _projected(s, streams.value, "value", use_bias=use_bias, width=width)
    axes = _axes_of(s, attention_axes, streams.query.rank)
    allowed = _allowed(s, streams, sliding_window)
    y, weights = _heads(s, query, key, value, allowed, axes)
    if gate is not None:
        y = s.g.op("Mul", y, s.g.op("Sigmoid", gate))
    ends: list[int | None] = [streams.query.shape[-1]]
    if output_shape:
        ends = [output_shape] if isinstance(output_shape, int) else [*output_shape]
    y = _projected(s, y, "output", use_bias=use_bias, bound=2, width=width, outputs=ends)
    return _finished(s, streams, y, weights)


def _axes_of(s: LayerCall, attention_axes: list[int] | int | None, rank: int) -> list[int]:
    """The axes that attention runs over, counted from the rows.

    Raises:
        UnsupportedModelError: the rows or the features are among them, over which Keras 2 and 3
            normalise differently.
    """
    if attention_axes is None:
        return list(range(1, rank - 1))
    listed = [attention_axes] if isinstance(attention_axes, int) else attention_axes
    axes = [axis if axis >= 0 else rank + axis for axis in listed]
    if not set(axes) <= set(range(1, rank - 1)):
        raise s.unsupported(
            "attention_axes", attention_axes, "axes between the rows and the features are"
        )
    return axes


def group_query_attention(
    s: LayerCall,
    *,
    head_dim: int,
    num_query_heads: int,
    num_key_value_heads: int,
    use_bias: bool = True,
    sliding_window: int | None = None,
    use_gate: bool = False,
) -> tuple[Value, ...]:
    """Multi-head attention in which several query heads share a key and value head."""
    streams, g = _streams(s), s.g
    features = streams.query.shape[-1]
    query = _projected(s, streams.query, "query", use_bias=use_bias)
    key = _projected(s, streams.key, "key", use_bias=use_bias)
    gate = _projected(s, streams.query, "gate", use_bias=use_bias) if use_gate else None
    value = _projected(s, streams.value, "value", use_bias=use_bias)
    repeated = np.repeat(np.arange(num_key_value_heads), num_query_heads // num_key_value_heads)
    key, value = (g.op("Gather", x, repeated, axis=2) for x in (key, value))
    allowed = _allowed(s, streams, sliding_window)
    y, weights = _heads(s, query, key, value, allowed, [1])
    if gate is not None:
        y = g.op("Mul", y, g.op("Sigmoid", gate))
    y = _projected(s, y, "output", use_bias=use_bias, bound=2, features=features)
    return _finished(s, streams, y, weights)


LAYERS: dict[str, Build] = {
    "AdditiveAttention": additive_attention,
    "Attention": attention,
    "GroupQueryAttention": group_query_attention,
    "MultiHeadAttention": multi_head_attention,
}
