"""Operations of complex numbers, which are two tensors here: Fourier transforms and their sizes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.operations import arrangements
from keramos.compile.operations.values import as_float
from keramos.compile.tensorflow_graph.operands import Complex, Known, as_value
from keramos.errors import MismatchError, UnsupportedModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from keramos.compile.onnx.graph import Value
    from keramos.compile.tensorflow_graph.operands import NodeCall, Operand

    Row = Callable[[NodeCall], tuple[Operand, ...]]

_PARTWISE = frozenset(
    {
        *("AddV2", "ConcatV2", "ExpandDims", "GatherV2", "Neg", "Pack", "Pad", "Reshape", "Slice"),
        *("Squeeze", "StridedSlice", "Sub", "Sum", "Tile", "Transpose"),
    }
)
"""Operations that do the same to both parts."""


def _parts(n: NodeCall, index: int) -> Complex:
    """An operand as complex numbers."""
    found = n.operand(index)
    if isinstance(found, Complex):
        return found
    if isinstance(found, Known) and found.array.dtype.kind == "c":
        return Complex(*(n.g.const(one.astype("f4")) for one in _split(found.array)))
    raise MismatchError("complex numbers are needed")


def _split(array: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.real(array), np.imag(array)


def _transform(n: NodeCall) -> tuple[Operand, ...]:
    (length,) = n.ints(1, "the length of the transform")
    x = as_float(n.s, n.value(0))
    steps = x.shape[-1]
    if length < 1 or steps is None or steps < length:
        raise UnsupportedModelError(
            "the transform takes as many values as there are, or fewer",
            received=f"{length} of {steps}",
        )
    return (Complex(*arrangements.rfft(n.s, x, fft_length=length)),)


def _size(n: NodeCall) -> tuple[Operand, ...]:
    g, x = n.g, _parts(n, 0)
    squares = [g.op("Mul", one, one) for one in (x.real, x.imaginary)]
    return (g.op("Sqrt", g.op("Add", *squares)),)


def _made(n: NodeCall) -> tuple[Operand, ...]:
    return (Complex(n.value(0), n.value(1)),)


def _conjugate(n: NodeCall) -> tuple[Operand, ...]:
    x = _parts(n, 0)
    return (Complex(x.real, n.g.op("Neg", x.imaginary)),)


def _product(n: NodeCall) -> tuple[Operand, ...]:
    g, a, b = n.g, _parts(n, 0), _parts(n, 1)

    def summed(kind: str, *pairs: tuple[Value, Value]) -> Value:
        return g.op(kind, *(g.op("Mul", *pair) for pair in pairs))

    real = summed("Sub", (a.real, b.real), (a.imaginary, b.imaginary))
    return (Complex(real, summed("Add", (a.real, b.imaginary), (a.imaginary, b.real))),)


def _power(n: NodeCall) -> tuple[Operand, ...]:
    g, x = n.g, _parts(n, 0)
    size = g.op("Exp", x.real)
    turned = (g.op("Mul", size, g.op(kind, x.imaginary)) for kind in ("Cos", "Sin"))
    return (Complex(*turned),)


_ON_COMPLEX: Mapping[str, Row] = {"Exp": _power, "Mul": _product}
"""Operations of real numbers too -> what computes them on complex ones."""


def complex_row(n: NodeCall, row_of: Callable[[str], Row]) -> Row | None:
    """What computes an operation on complex numbers; None where it is given none."""
    given = [one for one in n.operands if _is_complex(one)]
    if not given or n.op in ROWS:
        return None
    if n.op in _ON_COMPLEX:
        return _ON_COMPLEX[n.op]
    if n.op not in _PARTWISE:
        raise UnsupportedModelError("the operation is not compiled for complex numbers")
    row = row_of(n.op)

    def build(n: NodeCall) -> tuple[Operand, ...]:
        real, imaginary = (_part(n, row, which) for which in (0, 1))
        return tuple(Complex(*pair) for pair in zip(real, imaginary, strict=True))

    return build


def _is_complex(item: Operand) -> bool:
    return isinstance(item, Complex) or (isinstance(item, Known) and item.array.dtype.kind == "c")


def _part(n: NodeCall, row: Row, which: int) -> list[Value]:
    """The outputs of an operation on the real or on the imaginary parts."""
    operands: list[Operand] = []
    for index, one in enumerate(n.operands):
        if _is_complex(one):
            parts = _parts(n, index)
            operands.append((parts.real, parts.imaginary)[which])
        else:
            operands.append(one)
    part = replace(n, operands=tuple(operands))
    return [as_value(n.g, one) for one in row(part)]


ROWS: Mapping[str, Row] = {
    "Complex": _made,
    "ComplexAbs": _size,
    "Conj": _conjugate,
    "Imag": lambda n: (_parts(n, 0).imaginary,),
    "RFFT": _transform,
    "Real": lambda n: (_parts(n, 0).real,),
}
"""Operation -> what compiles it."""
