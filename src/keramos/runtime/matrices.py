"""Steps on matrices in the last two axes that ONNX has no operators for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.generic]
    Floats = NDArray[np.float64]


def _adjoint(matrices: Array, config: Mapping[str, object]) -> Floats:
    """Real matrices in double precision, transposed where the step says so."""
    wide = matrices.astype("float64")
    return wide.swapaxes(-1, -2) if config.get("adjoint") else wide


def _inverse(config: Mapping[str, object]) -> Callable[..., Array]:
    return lambda a: np.linalg.inv(_adjoint(a, config)).astype(a.dtype)


def _solution(config: Mapping[str, object]) -> Callable[..., Array]:
    """Of ``a x = b``; only a triangle of ``a`` counts where the step names one."""

    def run(a: Array, b: Array) -> Array:
        part = {"lower": np.tril, "upper": np.triu}.get(str(config.get("triangle")))
        square = a if part is None else part(a)
        return np.linalg.solve(_adjoint(square, config), b.astype("float64")).astype(a.dtype)

    return run


def _root(_: Mapping[str, object]) -> Callable[..., Array]:
    """The lower triangle whose product with its transpose is a matrix (Cholesky)."""
    return lambda a: np.linalg.cholesky(a.astype("float64")).astype(a.dtype)


STEPS: Mapping[str, Callable[[Mapping[str, object]], Callable[..., Array]]] = {
    "matrix_inverse": _inverse,
    "matrix_root": _root,
    "matrix_solution": _solution,
}
"""Kind of a step -> what makes it of its config."""
