"""Arrow record batches: their columns read, and answers beside the columns that are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from keramos.inference.scored import Labels
from keramos.tabular.arrow import as_text, cells, odd_type
from keramos.tabular.kinds import KINDS
from keramos.tabular.number import plain_numbers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from keramos.tabular.distinct_cells import DistinctCells
    from keramos.types.schema import ColumnSchema

_FEW = 127
"""Up to so many labels one byte says which."""


class ArrowBatches:
    """Batches as Arrow stores them."""

    def vector(self, array: pa.Array, column: ColumnSchema) -> NDArray[np.generic] | None:
        """The model input of a column at once, or None."""
        return KINDS[column.kind].vector(array)

    def numbers(self, array: pa.Array) -> NDArray[np.generic] | None:
        """The values of a column of numbers without nulls, or None."""
        return plain_numbers(array)

    def cells(self, array: pa.Array, column: ColumnSchema) -> DistinctCells:
        """A column parsed as the schema has it."""
        return cells(array, column)

    def odd(self, array: pa.Array) -> tuple[str, str]:
        """The type, and why no cell can be read; a column without cells is missing values."""
        reason = odd_type(array.type) if array.null_count < len(array) else ""
        return str(array.type), reason

    def shown(self, array: pa.Array, rows: NDArray[np.int64]) -> list[str]:
        """Some cells of a column, for messages."""
        return [str(cell) for cell in array.take(pa.array(rows)).to_pylist()]

    def of_numbers(self, given: pa.Schema, names: Sequence[str]) -> list[str]:
        """Which of the columns hold numbers; all of them where each holds text."""
        texts = all(pa.types.is_string(given.field(name).type) for name in names)
        return [name for name in names if texts or _is_number(given.field(name).type)]

    def empty(self, given: pa.Schema) -> pa.RecordBatch:
        """A batch without rows."""
        return pa.RecordBatch.from_pylist([], given)

    def decided(
        self,
        batch: pa.RecordBatch,
        keep: Sequence[str],
        places: NDArray[np.int64] | None,
        answers: Mapping[str, NDArray[np.generic] | Labels],
    ) -> pa.RecordBatch:
        """The kept columns of some rows, and the answers beside them."""
        found = _kept(batch, keep)
        if places is not None:
            good = np.zeros(batch.num_rows, bool)
            good[places] = True
            found = found.filter(pa.array(good))
        for name, answer in answers.items():
            found = found.append_column(name, _array(answer))
        return found


def _kept(batch: pa.RecordBatch, names: Sequence[str]) -> pa.RecordBatch:
    arrays = [as_text(batch.column(name)) for name in names]
    if not arrays:
        return batch.select([])
    fields = [
        batch.schema.field(name).with_type(array.type)
        for name, array in zip(names, arrays, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


def _array(answer: NDArray[np.generic] | Labels) -> pa.Array:
    """Answers as a column: labels of text as a dictionary, numbers and booleans as they are."""
    if not isinstance(answer, Labels):
        return pa.array(answer, pa.string() if answer.dtype == object else None)
    chosen, labels = answer
    if {type(label) for label in labels} in ({int}, {bool}):
        return pa.array(labels).take(pa.array(chosen))
    places = chosen.astype("int8" if len(labels) <= _FEW else "int32")
    texts = pa.array([str(label) for label in labels])
    return pa.DictionaryArray.from_arrays(pa.array(places), texts)


def _is_number(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)
    )
