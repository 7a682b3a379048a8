"""Loops, branches and lists of tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from keramos.compile.tensorflow_graph.operands import NodeCall, Operand

    Row = Callable[[NodeCall], tuple[Operand, ...]]

ROWS: Mapping[str, Row] = {}
