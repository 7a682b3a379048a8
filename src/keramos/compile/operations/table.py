"""The tables of functions: how each becomes ONNX, by the name it has in a model."""

from keramos.compile.lowering.record import Operation
from keramos.compile.operations import (
    arrangements,
    convolution,
    elementwise,
    images,
    linalg,
    missing,
    nn,
    order,
    reductions,
    shapes,
    tensorflow,
)

KERAS: dict[str, Operation] = {
    **arrangements.OPERATIONS,
    **convolution.OPERATIONS,
    **elementwise.OPERATIONS,
    **images.OPERATIONS,
    **linalg.OPERATIONS,
    **missing.OPERATIONS,
    **nn.OPERATIONS,
    **order.OPERATIONS,
    **reductions.OPERATIONS,
    **shapes.OPERATIONS,
}
"""Class name of a keras.ops function -> how it becomes ONNX."""

OPERATIONS: dict[str, Operation] = {
    **{f"ops.{name}": operation for name, operation in KERAS.items()},
    **tensorflow.OPERATIONS,
}
