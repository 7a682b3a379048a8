"""Operations of keras.ops that work value by value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.compile.lowering import Operation

if TYPE_CHECKING:
    from keramos.compile.graph import Operand, Value
    from keramos.compile.site import Site


def not_equal(s: Site, x1: Operand, x2: Operand) -> Value:
    """Whether two tensors, or a tensor and a number, differ; Keras 3 writes the mask of an Embedding this way."""
    return s.g.op("Not", s.g.op("Equal", x1, x2))


OPERATIONS = {"ops.NotEqual": Operation(not_equal)}
