"""Functions of keras.ops as ONNX, where they stand in a model as nodes; one small function each."""

from keramos.compile.lowering import Operation
from keramos.compile.operations import elementwise

OPERATIONS: dict[str, Operation] = {**elementwise.OPERATIONS}
