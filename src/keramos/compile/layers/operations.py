"""Operations of keras.ops that stand in a model as nodes of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from keramos.compile.lowering import Lowering

if TYPE_CHECKING:
    from keramos.compile.graph import Operand, Value
    from keramos.compile.site import Site


def not_equal(s: Site) -> Value:
    """1 where two tensors, or a tensor and a number, differ; Keras 3 writes the mask of an Embedding this way."""
    a, b = (cast("Operand", item) for item in s.args)
    return s.g.op("Not", s.g.op("Equal", a, b))


LAYERS = {"ops.NotEqual": Lowering(not_equal)}
