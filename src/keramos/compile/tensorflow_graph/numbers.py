"""Operations of numbers that no function of keras.ops computes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.compile.operations import linalg

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from keramos.compile.tensorflow_graph.operands import NodeCall, Operand

    Row = Callable[[NodeCall], tuple[Operand, ...]]


def _einsum(n: NodeCall) -> tuple[Operand, ...]:
    parts = [n.value(i) for i in range(len(n.operands))]
    return (linalg.einsum(n.s, *parts, subscripts=str(n.attributes["equation"])),)


ROWS: Mapping[str, Row] = {
    "Einsum": _einsum,
}
"""Operation -> what compiles it."""
