"""Functions of keras.ops as ONNX, where they stand in a model as nodes; one small function each."""

from keramos.compile.lowering import Operation
from keramos.compile.operations import elementwise, linalg, nn, reductions, shapes, tensorflow

KERAS: dict[str, Operation] = {
    **elementwise.OPERATIONS,
    **linalg.OPERATIONS,
    **nn.OPERATIONS,
    **reductions.OPERATIONS,
    **shapes.OPERATIONS,
}
"""Class name of a keras.ops function -> how it becomes ONNX."""

OPERATIONS: dict[str, Operation] = {
    **{f"ops.{name}": operation for name, operation in KERAS.items()},
    **tensorflow.OPERATIONS,
}
