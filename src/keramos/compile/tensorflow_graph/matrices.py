"""Operations of square matrices in the last two axes.

Source: tensorflow/core/ops/linalg_ops.cc.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.compile.operations.values import as_float
from keramos.errors import UnsupportedModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from keramos.compile.onnx.graph import Value
    from keramos.compile.tensorflow_graph.operands import NodeCall, Operand

    Row = Callable[[NodeCall], tuple[Operand, ...]]


def _real(n: NodeCall, index: int) -> Value:
    x = n.value(index)
    if x.dtype not in ("float32", "float64"):
        raise UnsupportedModelError("only real matrices are supported", received=x.dtype)
    return x


def _inverse(n: NodeCall) -> tuple[Operand, ...]:
    x = _real(n, 0)
    config = {"adjoint": bool(n.attribute("adjoint", default=False))}
    return (n.g.host("matrix_inverse", config, [x], (x.dtype, x.shape)),)


def _solution(n: NodeCall) -> tuple[Operand, ...]:
    a, b = _real(n, 0), _real(n, 1)
    if a.rank != b.rank:
        raise UnsupportedModelError("both must have the same number of axes")
    config: dict[str, object] = {"adjoint": bool(n.attribute("adjoint", default=False))}
    if n.op == "MatrixTriangularSolve":
        config["triangle"] = "lower" if n.attribute("lower", default=True) else "upper"
    return (n.g.host("matrix_solution", config, [a, b], (b.dtype, b.shape)),)


def _root(n: NodeCall) -> tuple[Operand, ...]:
    x = _real(n, 0)
    return (n.g.host("matrix_root", {}, [x], (x.dtype, x.shape)),)


def _determinant(n: NodeCall) -> tuple[Operand, ...]:
    x = as_float(n.s, n.value(0))
    return n.g.ops("Det", x, outputs=1, like=[(x.dtype, x.shape[:-2])])


ROWS: Mapping[str, Row] = {
    "Cholesky": _root,
    "MatrixDeterminant": _determinant,
    "MatrixInverse": _inverse,
    "MatrixSolve": _solution,
    "MatrixTriangularSolve": _solution,
}
"""Operation -> what compiles it."""
