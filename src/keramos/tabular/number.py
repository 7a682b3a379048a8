"""Numbers: finite, in the range of the model's float32 input."""

from __future__ import annotations

from decimal import Decimal
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from keramos.tabular.cell import NULL_TEXT, Refused
from keramos.tabular.float32 import in_own_unit, offset_in, offset_of, part_of
from keramos.tabular.kind import NUMBER_NULLS, Encoded, Kind, NotPlainError
from keramos.tabular.notation import PLAIN, is_plain, number_reader, shown
from keramos.types.schema import MISSING_NUMBER

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa
    from numpy.typing import NDArray

    from keramos.tabular.kind import Json
    from keramos.types.schema import ColumnPreparation, Notation
    from keramos.types.table import Column

LARGEST = -MISSING_NUMBER / 2
"""Numbers lie strictly between -2**126 and 2**126: float32 holds them, and the code for missing is
beyond.
"""

TOO_LARGE = "too large for the model's float32 input"

_EXACT_BITS = 32
"""Integers of up to so many bits are exact in float64."""
_LARGEST_BITS = 1023
"""Integers of more bits are beyond float64."""


class Number(Kind):
    """A column of numbers."""

    name = "number"
    noun = "numbers"
    refusal = "not a finite number (write it like 1234.5)"
    dtype = "float64"
    filler = np.nan
    input_dtype = "float32"
    array_dtype = np.float32
    in_matrix = True
    null_code = MISSING_NUMBER
    tensor_dtype = "float32"
    null_texts = NULL_TEXT | NUMBER_NULLS

    def __init__(self, notation: Notation = PLAIN) -> None:
        """Numbers whose text is written in ``notation``."""
        super().__init__(notation)
        self._written = number_reader(notation)
        if not is_plain(notation):
            example = shown(notation, date=False)
            self.refusal = f"not a finite number (write it like {example}, as in training)"

    def _value(self, cell: object) -> object:
        match cell:
            case bool():
                return self._refused(cell)
            case str():
                written = self._written(cell)
                value = np.inf if written is None else written
            case int():
                value = float(cell) if cell.bit_length() <= _LARGEST_BITS else np.inf
            case float() | Decimal():
                value = float(cell)
            case _:
                return self._refused(cell)
        return value if isfinite(value) else Refused(self.refusal)

    def _vector(
        self, values: NDArray[np.generic]
    ) -> tuple[NDArray[np.generic], NDArray[np.bool_]] | None:
        if values.dtype.kind == "i":
            return values.astype(float), np.ones(len(values), bool)
        if values.dtype.kind == "O" and set(map(type, values)) <= {int, float}:
            try:
                values = values.astype(float)
            except OverflowError:  # an integer beyond float64
                return None
        return (values, np.isfinite(values)) if values.dtype.kind == "f" else None

    def parts(self, values: NDArray[np.generic], missing: NDArray[np.bool_]) -> tuple[str, ...]:
        """One part; its name says which number is subtracted where float32 would merge values."""
        present = values[~missing].astype(float)
        return (part_of(offset_of(present[np.isfinite(present)])),)

    def numbers(
        self, values: NDArray[np.generic], missing: NDArray[np.bool_], part: str
    ) -> NDArray[np.float64]:
        """The numbers, less what their part says."""
        del missing
        return values.astype(float) - offset_in(part)

    def vector(self, array: pa.Array) -> NDArray[np.generic] | None:
        """The column as float32, if all cells are numbers of ordinary size."""
        values = plain_numbers(array)
        if values is None:
            return None
        with np.errstate(over="ignore", invalid="ignore"):
            vector = values.astype("float32", copy=False)
            # One pass shows whether all is finite and of ordinary size.
            size = float(np.dot(vector, vector))
        return vector if isfinite(size) else None

    def encode(self, column: Column, part: str) -> Encoded:
        """Numbers as float32, with the code for missing."""
        filled = np.where(
            column.missing, MISSING_NUMBER, self.numbers(column.values, column.missing, part)
        )
        large = (np.abs(filled) >= LARGEST) & ~column.missing
        # Refused cells are NaN here and have a problem of their own.
        filled = np.where(large | np.isnan(filled), 0.0, filled)
        return Encoded(
            filled.astype("float32").reshape(-1, 1), large if large.any() else None, TOO_LARGE
        )

    def row_encoder(self, column: ColumnPreparation) -> Callable[[object], object]:
        """Floats and ints within the bounds, as they are."""
        if column.steps:
            return super().row_encoder(column)
        nullable, offset = column.null_policy != "refuse", offset_in(column.part)

        low, high = -LARGEST, LARGEST

        def encode(cell: object) -> object:
            if (type(cell) is float or type(cell) is int) and low < cell < high:
                return cell - offset if offset else cell
            if cell is None and nullable:
                return MISSING_NUMBER
            raise NotPlainError

        return encode

    def json_type(self, column: ColumnPreparation) -> object:
        """A number within the bounds; where the host has no steps to do."""
        if column.steps:
            return None
        from typing import Annotated  # noqa: PLC0415 (only servers need it)

        import msgspec  # noqa: PLC0415 (only servers need it)

        return Annotated[float, msgspec.Meta(gt=-LARGEST, lt=LARGEST)]

    def json_schema(self, column: ColumnPreparation) -> Json:
        """A number within the bounds, with the range of the training rows."""
        column = in_own_unit(column)
        low, high = column.minimum, column.maximum
        digits = 6 if low == high or abs(high - low) > abs(high) / 1000 else 17
        written = (
            ""
            if is_plain(self.notation)
            else f" Text like {shown(self.notation, date=False)} is read too."
        )
        bounds: Json = {"exclusiveMinimum": -LARGEST, "exclusiveMaximum": LARGEST}
        if low == high == 0:  # the file does not record them
            return {"type": "number", **bounds}
        return {
            "type": "number",
            **bounds,
            "description": f"The training rows lie between {low:.{digits}g} and {high:.{digits}g}."
            + written,
            "x-training-range": [low, high],
        }

    def example(self, column: ColumnPreparation) -> object:
        """The training median."""
        return round(in_own_unit(column).median, 6)


def plain_numbers(array: pa.Array) -> NDArray[np.generic] | None:
    """The values of an Arrow column of numbers without nulls, in its own dtype (int64 as float64);
    None for any other column.
    """
    import pyarrow as pa  # noqa: PLC0415 (an extra; whoever has an Arrow column has it)

    kind = array.type
    if array.null_count or not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        return None
    values: NDArray[np.generic] = array.to_numpy(zero_copy_only=True)
    wide = kind.bit_width > _EXACT_BITS and values.dtype.kind in "iu"
    return values.astype(float) if wide else values
