"""Whole numbers as rows of zeros and ones or of counts: what Keras' categorical layers share as
``output_mode``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.onnx.graph import Value


def encode(
    s: LayerCall,
    index: Value,
    depth: int,
    output_mode: str,
    *,
    weights: Value | None = None,
    idf: Sequence[float] | None = None,
) -> Value:
    """Places 0 to depth - 1 as they are, one_hot, multi_hot, or counted; tf_idf weighs the counts.

    One-hot puts its axis in place of a last axis of size 1, the others in place of any.
    """
    if output_mode == "int":
        return index
    g = s.g
    narrow = index.rank > 1 and index.shape[-1] == 1 and not s.layer.legacy.keeps_last_axis
    if output_mode == "one_hot" and narrow:
        index = g.op("Squeeze", index, [-1])
    # ONNX counts negative places from the end.
    index = g.op("Where", g.op("Less", index, 0), depth, index)
    hot = g.op("OneHot", index, np.array([depth]), np.array([0, 1], "float32"), axis=-1)
    if weights is not None and output_mode != "count":
        raise s.unsupported("output_mode", output_mode, "with count_weights count is")
    if output_mode == "one_hot":
        return hot
    if output_mode not in ("multi_hot", "count", "tf_idf") or hot.rank < 3:
        raise s.unsupported(
            "output_mode", output_mode, f"for an input of {index.rank} axes int and one_hot are"
        )
    if output_mode == "multi_hot":
        return g.op("ReduceMax", hot, [1], keepdims=0)
    if weights is not None:
        hot = g.op("Mul", hot, g.op("Unsqueeze", g.cast(weights, "float32"), [-1]))
    counts = g.op("ReduceSum", hot, [1], keepdims=0)
    return counts if idf is None else g.op("Mul", counts, np.asarray(idf, "float32"))


def check_inside(s: LayerCall, index: Value, depth: int) -> None:
    """Let a run fail where a number is outside 0 to depth - 1, as Keras does."""
    g = s.g
    fits = g.op("And", g.op("GreaterOrEqual", index, 0), g.op("Less", index, depth))
    g.runtime_check(
        fits, f"layer '{s.layer.name}' ({s.layer.kind}): an input is outside 0 to {depth - 1}"
    )
