"""Functions of keras.ops that multiply tensors and measure vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.compile.lowering.record import Operation
from keramos.compile.onnx.sizes import reshape
from keramos.compile.operations.values import as_float, axes_of, cast_to, tensor, together, widely

if TYPE_CHECKING:
    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.onnx.graph import Value
    from keramos.compile.operations.values import Operand

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _summed(s: LayerCall, *operands: Operand) -> list[Value]:
    """Operands of one dtype; products of int8 add up as int32."""
    values = together(s, *operands)
    return [cast_to(s.g, x, "int32") for x in values] if values[0].dtype == "int8" else values


def matmul(s: LayerCall, x1: Operand, x2: Operand) -> Value:
    """Matrix product over the last two axes; a vector counts as a row on the left, a column on the
    right.
    """
    a, b = _summed(s, x1, x2)
    row, column = a.rank == 1, b.rank == 1
    a = s.g.op("Unsqueeze", a, [0]) if row else a
    b = s.g.op("Unsqueeze", b, [1]) if column else b
    y = widely(s.g, lambda v, w: s.g.op("MatMul", v, w), a, b)
    dropped = [*([y.rank - 2] if row else []), *([y.rank - 1] if column else [])]
    return s.g.op("Squeeze", y, dropped) if dropped else y


def dot(s: LayerCall, x1: Operand, x2: Operand) -> Value:
    """Sum products over the last axis of x1 and the second to last of x2."""
    a, b = together(s, x1, x2)
    if a.rank == 0 or b.rank == 0:
        return s.g.op("Mul", a, b)
    return tensordot(s, a, b, axes=[[a.rank - 1], [max(b.rank - 2, 0)]])


def tensordot(
    s: LayerCall, x1: Operand, x2: Operand, *, axes: int | list[int] | list[list[int]] = 2
) -> Value:
    """Sum products over pairs of axes."""
    a, b = together(s, x1, x2)
    if isinstance(axes, int):
        pairs: list[tuple[int, int]] = [(a.rank - axes + i, i) for i in range(axes)]
    else:
        left, right = (axes_of(axis, x.rank) for axis, x in zip(axes, (a, b), strict=True))
        pairs = list(zip(left, right, strict=True))
    first, second = list(_LETTERS[: a.rank]), list(_LETTERS[a.rank : a.rank + b.rank])
    for i, j in pairs:
        second[j] = first[i]
    summed = {first[i] for i, _ in pairs}
    out = [letter for letter in (*first, *second) if letter not in summed]
    equation = f"{''.join(first)},{''.join(second)}->{''.join(out)}"
    return widely(s.g, lambda v, w: s.g.op("Einsum", v, w, equation=equation), a, b)


def einsum(s: LayerCall, *operands: Operand, subscripts: str) -> Value:
    """A sum of products in Einstein notation."""
    values = _summed(s, *operands)
    equation = explicit(subscripts, [value.rank for value in values])
    return widely(s.g, lambda *xs: s.g.op("Einsum", *xs, equation=equation), *values)


def explicit(subscripts: str, ranks: list[int]) -> str:
    """An equation with its right side and without ellipses, which stand for leading axes."""
    left, _, right = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    wide = max(
        (
            rank - len(term.replace("...", ""))
            for term, rank in zip(terms, ranks, strict=True)
            if "..." in term
        ),
        default=0,
    )
    free = [letter for letter in _LETTERS if letter not in subscripts][:wide]
    if "->" not in subscripts:
        seen = left.replace(",", "").replace("...", "")
        right = ("..." if "..." in left else "") + "".join(
            sorted(c for c in set(seen) if seen.count(c) == 1)
        )
    filled = [
        term.replace("...", "".join(free[wide - (rank - len(term) + 3) :]))
        if "..." in term
        else term
        for term, rank in zip(terms, ranks, strict=True)
    ]
    return f"{','.join(filled)}->{right.replace('...', ''.join(free))}"


def inner(s: LayerCall, x1: Operand, x2: Operand) -> Value:
    """Sum products over the last axes."""
    a, b = together(s, x1, x2)
    return tensordot(s, a, b, axes=[[a.rank - 1], [b.rank - 1]])


def outer(s: LayerCall, x1: Operand, x2: Operand) -> Value:
    """The product of every value of x1 and every value of x2."""
    a, b = together(s, x1, x2)
    return s.g.op("Mul", reshape(s.g, a, -1, 1), reshape(s.g, b, 1, -1))


def vdot(s: LayerCall, x1: Operand, x2: Operand) -> Value:
    """The sum of all products."""
    a, b = together(s, x1, x2)
    return s.g.op(
        "ReduceSum", s.g.op("Mul", reshape(s.g, a, -1), reshape(s.g, b, -1)), [0], keepdims=0
    )


def normalize(
    s: LayerCall,
    x: Operand,
    *,
    axis: int | list[int] = -1,
    order: float = 2,
    epsilon: float | None = None,
) -> Value:
    """X divided by its norm of some order, at least epsilon."""
    g, value = s.g, as_float(s, x)
    least, axes = 1e-7 if epsilon is None else float(epsilon), axes_of(axis, value.rank)
    if order == 2:
        squares = g.op("ReduceSum", g.op("Mul", value, value), axes)
        return g.op("Mul", value, g.op("Reciprocal", g.op("Sqrt", g.op("Max", squares, least**2))))
    if order != 1:
        raise s.unsupported("order", order, "1 and 2 are")
    return g.op("Div", value, g.op("Max", g.op("ReduceL1", value, axes), least))


def diagonal(s: LayerCall, x: Operand, *, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Value:
    """The main diagonal of two axes, as the last axis."""
    value = tensor(s, x)
    first, second = axis1 % value.rank, axis2 % value.rank
    if offset or value.shape[first] != value.shape[second] or value.shape[first] is None:
        raise s.unsupported("offset", offset, "the main diagonal of a square is")
    term = list(_LETTERS[: value.rank])
    term[second] = term[first]
    out = [letter for i, letter in enumerate(term) if i not in (first, second)] + [term[first]]
    return s.g.op("Einsum", value, equation=f"{''.join(term)}->{''.join(out)}")


def trace(s: LayerCall, x: Operand, *, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Value:
    """The sum of a diagonal."""
    return s.g.op(
        "ReduceSum", diagonal(s, x, offset=offset, axis1=axis1, axis2=axis2), [-1], keepdims=0
    )


OPERATIONS = {
    "Diagonal": Operation(diagonal),
    "Dot": Operation(dot),
    "Einsum": Operation(einsum),
    "Inner": Operation(inner),
    "Matmul": Operation(matmul),
    "Normalize": Operation(normalize),
    "Outer": Operation(outer),
    "Tensordot": Operation(tensordot),
    "Trace": Operation(trace),
    "Vdot": Operation(vdot),
}
