"""The tables of functions: how each becomes ONNX, by the name it has in a model."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from keramos.compile.lowering.record import Operation
from keramos.compile.operations import (
    arrangements,
    conversions,
    convolution,
    elementwise,
    images,
    indexing,
    joins,
    linalg,
    nan,
    nn,
    reductions,
    shapes,
    sorting,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

KERAS: dict[str, Operation] = {
    **arrangements.OPERATIONS,
    **conversions.OPERATIONS,
    **convolution.OPERATIONS,
    **elementwise.OPERATIONS,
    **images.OPERATIONS,
    **indexing.OPERATIONS,
    **joins.OPERATIONS,
    **linalg.OPERATIONS,
    **nan.OPERATIONS,
    **nn.OPERATIONS,
    **reductions.OPERATIONS,
    **shapes.OPERATIONS,
    **sorting.OPERATIONS,
}
"""Class name of a keras.ops function -> how it becomes ONNX."""


_KERAS_NODES = {f"ops.{name}": operation for name, operation in KERAS.items()}


class _Operations(Mapping[str, Operation]):
    """Functions by the names of layers; TensorFlow's are read when one of them is looked up."""

    @cached_property
    def _tensorflow(self) -> dict[str, Operation]:
        # Few models hold TensorFlow's names.
        from keramos.compile.operations.tensorflow import operations  # noqa: PLC0415

        return operations(KERAS)

    def __getitem__(self, name: str) -> Operation:
        return (self._tensorflow if name.startswith("tf.") else _KERAS_NODES)[name]

    def __iter__(self) -> Iterator[str]:
        yield from _KERAS_NODES
        yield from self._tensorflow

    def __len__(self) -> int:
        return len(_KERAS_NODES) + len(self._tensorflow)


OPERATIONS: Mapping[str, Operation] = _Operations()
"""Name of a function as a layer: ``ops.<class name>`` or ``tf.<name>`` -> how it becomes ONNX."""
