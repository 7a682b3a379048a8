"""Layers of keras.layers.pooling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.compile.lowering.spatial import (
    adaptive,
    as_before,
    channels_first,
    each,
    pads,
    trimmed,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.lowering.record import Build
    from keramos.compile.lowering.spatial import Sizes
    from keramos.compile.onnx.graph import Value


def _pool(
    kind: str,
    s: LayerCall,
    pool_size: Sizes,
    strides: Sizes | None,
    padding: str,
    data_format: str | None,
) -> Value:
    x, axes = channels_first(s.g, s.x, data_format), s.x.rank - 2
    sizes = each(pool_size, axes)
    steps = each(strides, axes) if strides is not None else sizes
    theano = padding == "same" and s.layer.legacy.theano_padding
    around = _theano_pads(sizes) if theano else pads(x, padding, sizes, steps)
    y = s.g.op(kind, x, kernel_shape=sizes, strides=steps, **around)
    return as_before(s.g, trimmed(s.g, y, x, steps) if theano else y, data_format)


def _theano_pads(sizes: list[int]) -> dict[str, list[int]]:
    """Theano pads a window of size n by n - 1 on both sides, by n - 2 where n is odd and above
    2.
    """
    return {"pads": [size - 2 if size > 2 and size % 2 else size - 1 for size in sizes] * 2}


def max_pooling(
    s: LayerCall,
    *,
    pool_size: Sizes = 2,
    strides: Sizes | None = None,
    padding: str = "valid",
    data_format: str | None = "channels_last",
) -> Value:
    """The largest value in each window."""
    return _pool("MaxPool", s, pool_size, strides, padding, data_format)


def average_pooling(
    s: LayerCall,
    *,
    pool_size: Sizes = 2,
    strides: Sizes | None = None,
    padding: str = "valid",
    data_format: str | None = "channels_last",
) -> Value:
    """The mean of each window; places beyond the edge do not count."""
    return _pool("AveragePool", s, pool_size, strides, padding, data_format)


def _axes(s: LayerCall, data_format: str | None) -> list[int]:
    return (
        list(range(2, s.x.rank))
        if data_format == "channels_first"
        else list(range(1, s.x.rank - 1))
    )


def global_max_pooling(
    s: LayerCall, *, data_format: str | None = "channels_last", keepdims: bool = False
) -> Value:
    """The largest value over all places."""
    return s.g.op("ReduceMax", s.x, _axes(s, data_format), keepdims=int(keepdims))


def global_average_pooling(
    s: LayerCall, *, data_format: str | None = "channels_last", keepdims: bool = False
) -> Value:
    """The mean over all places; masked steps do not count."""
    axes, g = _axes(s, data_format), s.g
    if s.mask is None or s.x.rank != 3:
        return g.op("ReduceMean", s.x, axes, keepdims=int(keepdims))
    steps = g.op(
        "Unsqueeze", g.cast(s.mask, "float32"), [1 if data_format == "channels_first" else 2]
    )
    total = g.op("ReduceSum", g.op("Mul", s.x, steps), axes, keepdims=int(keepdims))
    return g.op("Div", total, g.op("ReduceSum", steps, axes, keepdims=int(keepdims)))


def _adaptive(kind: str) -> Callable[..., Value]:
    """As many windows as wanted, of nearly equal size."""

    def build(
        s: LayerCall, *, output_size: Sizes, data_format: str | None = "channels_last"
    ) -> Value:
        return adaptive(s.g, s.x, kind, each(output_size, s.x.rank - 2), _axes(s, data_format)[0])

    return build


LAYERS: dict[str, Build] = {
    **{f"AdaptiveAveragePooling{n}D": _adaptive("ReduceMean") for n in (1, 2, 3)},
    **{f"AdaptiveMaxPooling{n}D": _adaptive("ReduceMax") for n in (1, 2, 3)},
    **{f"AveragePooling{n}D": average_pooling for n in (1, 2, 3)},
    **{f"GlobalAveragePooling{n}D": global_average_pooling for n in (1, 2, 3)},
    **{f"GlobalMaxPooling{n}D": global_max_pooling for n in (1, 2, 3)},
    **{f"MaxPooling{n}D": max_pooling for n in (1, 2, 3)},
}
