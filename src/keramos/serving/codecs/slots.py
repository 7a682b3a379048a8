"""The inputs and outputs of a served version: the table's columns for a keramos file, else
tensors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.frozen import Frozen
from keramos.tabular.kinds import KINDS

if TYPE_CHECKING:
    from keramos.serving.core.served import Served
    from keramos.types.network import TensorSpec


class Slot(Frozen, frozen=True):
    """One input or output: numpy dtype name (``str`` for text), shape with -1 where the size is
    free.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    nullable: bool = False


def input_slots(served: Served) -> tuple[Slot, ...]:
    """The columns of a keramos file, each of shape (rows,), series (rows, any, columns); the inputs
    of any other.
    """
    content = served.model.content
    if content is None:
        return tuple(_slot(spec) for spec in served.model.inputs)
    prepared = {column.column: column for column in reversed(content.preparation.inputs)}
    return tuple(
        Slot(
            column.name,
            KINDS[column.kind].tensor_dtype,
            (-1, *KINDS[column.kind].tensor_shape(prepared[column.name])),
            prepared[column.name].null_policy != "refuse",
        )
        for column in content.schema.columns
    )


def output_slots(served: Served) -> tuple[Slot, ...]:
    """The model's outputs."""
    return tuple(_slot(spec) for spec in served.model.outputs)


def _slot(spec: TensorSpec) -> Slot:
    return Slot(spec.name, spec.dtype, tuple(-1 if size is None else size for size in spec.shape))
